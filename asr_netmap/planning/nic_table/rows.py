"""The columns of the NIC table, its rows, and the rows of an estate."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from asr_netmap.arm_id import ArmId, check_name
from asr_netmap.errors import InvalidArmId
from asr_netmap.models import (
    Inventory,
    IpAddress,
    RegionPair,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
)
from asr_netmap.planning.nic_setting import FIELDS, Level
from asr_netmap.planning.nic_table.cells import CellValue, Clear, value_of
from asr_netmap.rules.readiness import not_ready

KEYS = ("vm_id", "nic", "ip_config")
"""What a row is about; a table can't do without them."""

SEEN = (
    "vm",
    "state",
    "source_network",
    "source_subnet",
    "source_address",
    "source_static",
    "effective_subnet",
    "effective_address",
    "effective_test_subnet",
    "effective_test_address",
)
"""What is, to read beside the rest; never taken from a table."""

_OF_A_NIC = ("nsg", "accelerated", "nic_name", "nic_group", "reuse_nic")
_OF_A_CONFIG = ("subnet", "address", "public_ip", "lb_pools")

EDITABLE = (
    "target_network",
    *_OF_A_CONFIG,
    *_OF_A_NIC,
    "selected",
    "primary",
    "test_network",
    *(f"test_{name}" for name in (*_OF_A_CONFIG, *_OF_A_NIC)),
)
"""What should be: the names of the settings, as `nics.settings` spells them, too."""

COLUMNS = (*KEYS, *SEEN, *EDITABLE)
"""All columns in the order in which they are written; a table may have them in any order."""


@dataclass(frozen=True, slots=True)
class Row:
    """One IP config of a replicated NIC: which one it is, what was seen, and what is given.

    vm_id -- of the source VM; of the replicated item where Site Recovery does not name the VM.
    nic -- the source NIC's name; its ARM id where the VM has two NICs of that name.
    seen -- read-only columns as text, without the empty ones.
    given -- editable columns without the empty ones: an empty cell leaves a setting as it is.
    line -- where it stands in the file that it was read from; 0: in none.
    """

    vm_id: ArmId
    nic: str
    ip_config: str
    seen: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, CellValue] = field(default_factory=dict)
    line: int = field(default=0, compare=False)

    @property
    def vm(self) -> str:
        """The VM's name, for messages."""
        return self.seen.get("vm") or self.vm_id.name


# Azure Pipelines takes these for commands, wherever in a line of a log they stand.
_PIPELINE_COMMAND = re.compile(r"#(?=#(?:vso)?\[)", re.IGNORECASE)

Effective = Callable[
    [ReplicatedItem, ReplicatedNic, ReplicatedIpConfig, bool], tuple[str | None, str | None]
]
"""Subnet and address that an IP config will have at failover, or (True) at test failover.

Texts for people; a prediction says that it is one.
"""


def what_is_set(
    _item: ReplicatedItem, _nic: ReplicatedNic, config: ReplicatedIpConfig, test: bool
) -> tuple[str | None, str | None]:
    """Effective without predictions: what is set, and nothing where Site Recovery decides."""
    subnet = config.test_subnet if test else config.subnet
    address = config.test_address if test else config.address
    return subnet, str(address) if address else None


def nic_rows(
    inventory: Inventory, regions: RegionPair, effective: Effective = what_is_set
) -> tuple[Row, ...]:
    """One row for every IP config of the items between the two regions, whichever way they go.

    Items that can't be written now have rows, too, and their state says why they wait. Those for
    which Site Recovery lists no NIC have none: `items_without_rows` names them. Nor has an IP
    config with a name that no Azure name can be: no cell of a table could name it.
    """
    return tuple(
        _row(item, nic, config, effective)
        for item in _items(inventory, regions)
        for nic in sorted(item.nics, key=lambda n: n.id)
        for config in sorted(nic.ip_configs, key=lambda c: (not c.primary, c.name.lower()))
        if _can_be_named(config)
    )


def items_without_rows(
    inventory: Inventory, regions: RegionPair
) -> tuple[tuple[ReplicatedItem, str], ...]:
    """The items between the two regions that have no row, each with the reason."""
    return tuple(
        (item, not_ready(item) or "Site Recovery lists no IP config of it that a row can name")
        for item in _items(inventory, regions)
        if not any(_can_be_named(config) for nic in item.nics for config in nic.ip_configs)
    )


def nic_key(item: ReplicatedItem, nic: ReplicatedNic) -> str:
    """What the column `nic` says: the name, or the whole id where the name is not enough."""
    alike = Counter(each.name.lower() for each in item.nics)
    return nic.name if alike[nic.name.lower()] == 1 else str(nic.id)


def _items(inventory: Inventory, regions: RegionPair) -> Iterator[ReplicatedItem]:
    for item in sorted(inventory.items, key=lambda i: (i.vm_name.lower(), i.id)):
        if regions.direction_of(item.source_region, item.target_region) is not None:
            yield item


def _row(
    item: ReplicatedItem, nic: ReplicatedNic, config: ReplicatedIpConfig, effective: Effective
) -> Row:
    seen = dict(_seen(item, nic, config, effective))
    return Row(
        item.vm or item.id,
        nic_key(item, nic),
        config.name,
        {name: text for name, text in seen.items() if text},
        dict(_given(item, nic, config)),
    )


def _seen(
    item: ReplicatedItem, nic: ReplicatedNic, config: ReplicatedIpConfig, effective: Effective
) -> Iterator[tuple[str, str]]:
    yield "vm", _one_line(item.vm_name)
    yield "state", _one_line(not_ready(item) or "ready")
    yield from source_of(nic, config).items()
    static = config.source_static
    yield "source_static", "" if static is None else str(static).upper()
    for test, prefix in ((False, "effective_"), (True, "effective_test_")):
        subnet, address = effective(item, nic, config, test)
        yield f"{prefix}subnet", _one_line(subnet or "")
        yield f"{prefix}address", _one_line(address or "")


def source_of(nic: ReplicatedNic, config: ReplicatedIpConfig) -> Mapping[str, str]:
    """The read-only columns that tell for which source a row was made."""
    return {
        "source_network": str(nic.source_network or ""),
        "source_subnet": _one_line(config.source_subnet or ""),
        "source_address": str(config.source_address or ""),
    }


def _can_be_named(config: ReplicatedIpConfig) -> bool:
    try:
        check_name(config.name)
    except InvalidArmId:
        return False
    return config.name.isprintable()


def _one_line(text: str) -> str:
    # A spreadsheet that separates cells by semicolons would split the text there.
    plain = " ".join(text.replace(";", ",").split())
    return _PIPELINE_COMMAND.sub("# ", "".join(filter(str.isprintable, plain)))


def _given(
    item: ReplicatedItem, nic: ReplicatedNic, config: ReplicatedIpConfig
) -> Iterator[tuple[str, CellValue]]:
    for name in EDITABLE:
        value = current_cell(item, nic, config, name)
        if value is not None and _reads_back(name, value):
            yield name, value


def _reads_back(name: str, value: CellValue) -> bool:
    """Whether the cell would be taken; left empty, what is odd stays as it is."""
    try:
        return not isinstance(value, str) or not isinstance(value_of(name, value), Clear)
    except ValueError:
        return False


def current_cell(
    item: ReplicatedItem, nic: ReplicatedNic, config: ReplicatedIpConfig, name: str
) -> CellValue | None:
    """What an editable column says of an IP config as it is; None: unset, so an empty cell."""
    owner = {Level.ITEM: item, Level.NIC: nic, Level.IP_CONFIG: config}[FIELDS[name].level]
    value: Any = getattr(owner, name)
    if name == "selected" and not config.primary:
        return bool(value)  # that it stays behind is worth a word
    if not value:
        return None
    cell: str | bool | ArmId | IpAddress | tuple[ArmId, ...] = value
    return str(cell) if FIELDS[name].level is Level.ITEM else cell
