"""From the rows of a NIC table to exceptions of the settings, which the planner knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from ipaddress import IPv6Address
from typing import Any

from asr_netmap.errors import AsrNetmapError
from asr_netmap.models import Direction, Inventory, Network, RegionPair
from asr_netmap.planning.nic_setting import FIELDS, Level
from asr_netmap.planning.nic_table.cells import CellValue
from asr_netmap.planning.nic_table.checks import Finder, Spot, all_mistakes
from asr_netmap.planning.nic_table.mistakes import raise_mistakes
from asr_netmap.planning.nic_table.rows import Row, nic_key
from asr_netmap.settings import NicException, checked

_SUBNETS = {"subnet": "target_network", "test_subnet": "test_network"}


def table_to_exceptions(
    rows: Sequence[Row], inventory: Inventory, regions: RegionPair, where: str = "NIC table"
) -> tuple[NicException, ...]:
    """What the rows give, one exception per row that gives something, in the rows' order.

    An exception names the VM's ARM id, NIC, IP config, and the direction that the VM replicates
    in now: a table speaks of the state that it was made in.
    A value that is there already and that nobody could set, such as an IPv6 address or a network
    that is gone, asks for nothing; nor does a secondary IP config that is not selected now.
    Raises SettingsError that lists every row which fits nothing in the inventory.
    """
    raise_mistakes(where, all_mistakes(rows, inventory))
    finder = Finder(inventory)
    return tuple(_exceptions(rows, finder, regions, where))


def _exceptions(
    rows: Sequence[Row], finder: Finder, regions: RegionPair, where: str
) -> Iterator[NicException]:
    for row in rows:
        spot = finder.spot(row)
        assert isinstance(spot, Spot), "anything else is a mistake"
        item = spot.item
        direction = regions.direction_of(item.source_region, item.target_region)
        values = dict(_values(row, spot, finder))
        if values and direction is not None:
            values |= _keys(spot, direction)
            yield checked(NicException, values, f"{where}, line {row.line}")


def _keys(spot: Spot, direction: Direction) -> dict[str, Any]:
    vm = spot.item.vm
    return {
        "vm": str(vm) if vm is not None else spot.item.vm_name,
        "nic": nic_key(spot.item, spot.nic),
        "ip_config": spot.config.name,
        "direction": direction.value,
    }


def _values(row: Row, spot: Spot, finder: Finder) -> Iterator[tuple[str, Any]]:
    for name, value in row.given.items():
        if spot.has(name, value) and (
            value is False or _impossible(row, spot, finder, name, value)
        ):
            continue
        yield name, value.value if isinstance(value, Enum) else value


def _impossible(row: Row, spot: Spot, finder: Finder, name: str, value: CellValue) -> bool:
    """Whether a value that is there already could not be set again."""
    if isinstance(value, IPv6Address):
        return True
    if FIELDS[name].level is Level.ITEM:
        return _network(spot, finder, name, str(value)) is None
    if name in _SUBNETS:
        field = _SUBNETS[name]
        network = _network(spot, finder, field, str(row.given.get(field, "")))
        return network is not None and network.subnet(str(value)) is None
    return False


def _network(spot: Spot, finder: Finder, field: str, text: str) -> Network | None:
    """The network that a row gives the item, or else that it has; None: it is not there."""
    own = getattr(spot.item, field)
    if not text:
        return finder.inventory.network(own) if own else None
    try:
        return finder.network(spot.item, text, field.replace("_", " "))
    except AsrNetmapError:
        return None
