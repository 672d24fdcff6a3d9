"""The NICs of replicated items: a row for each IP config, with what is set and what will be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from asr_netmap.models import (
    Inventory,
    RegionPair,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
)
from asr_netmap.planning.nic_setting import FIELDS, Level, SettingValue
from asr_netmap.report.inventory_pages import NotReady, inventory_title, not_looked_at_blocks
from asr_netmap.report.page import Later, Page, Table

if TYPE_CHECKING:
    from asr_netmap.planning.nic_table.rows import Effective  # loads all that tables need

NIC_KEYS = ("vm_id", "nic", "ip_config", "vm", "state")
NIC_SOURCE = ("source_network", "source_subnet", "source_address", "source_static")
NIC_EFFECTIVE = (
    "effective_subnet",
    "effective_address",
    "effective_test_subnet",
    "effective_test_address",
)


def nics_page(
    inventory: Inventory,
    regions: RegionPair,
    not_ready: NotReady,
    effective: Effective,
    *,
    sandbox: bool,
) -> Page:
    """Every IP config of every replicated NIC: a short table to read, all columns in CSV.

    effective -- where each will be, from the whole inventory; `inventory` may be a part of it.
    """
    count = sum(1 for item in inventory.items for _ in item.ip_configs())

    def rows() -> Iterator[dict[str, str]]:
        return nic_rows(inventory.items, not_ready, effective)

    short = Later(lambda: map(_short, rows()), count)
    columns = ("VM", "NIC", "IP config", "source", "failover", "test failover", "state")
    every = tuple(nic_columns())
    whole = Later(lambda: (tuple(row[name] for name in every) for row in rows()), count)
    table = Table("", every, whole)
    blocks = (Table("NICs", columns, short), *not_looked_at_blocks(inventory.not_looked_at))
    return Page(inventory_title(inventory, regions), blocks, sandbox, table)


def _short(row: Mapping[str, str]) -> tuple[str, ...]:
    """The cells that people read."""
    return (
        row["vm"],
        row["nic"] or "-",
        row["ip_config"] or "-",
        _ways(row["source_subnet"], row["source_address"], row["source_static"]),
        _expected(row["effective_subnet"], row["effective_address"]),
        _expected(row["effective_test_subnet"], row["effective_test_address"]),
        row["state"],
    )


def nic_columns() -> Iterator[str]:
    """The NIC table's columns: keys, what can only be read, what can be set."""
    yield from NIC_KEYS
    yield from NIC_SOURCE
    yield from NIC_EFFECTIVE
    yield from FIELDS


def nic_rows(
    items: Iterable[ReplicatedItem], not_ready: NotReady, effective: Effective
) -> Iterator[dict[str, str]]:
    """A row of texts per IP config; an item without NICs yet has one row that says why."""
    for item in items:
        state = not_ready(item) or "ready"
        for nic, config in item.ip_configs():
            row = {name: _text(_value(item, nic, config, name)) for name in FIELDS}
            row |= {"vm_id": str(item.vm or ""), "vm": item.vm_name, "state": state}
            row |= {"nic": nic.name if nic else "", "ip_config": config.name if config else ""}
            row |= _source(nic, config)
            row |= dict(_effective(item, nic, config, effective))
            yield row


def _source(nic: ReplicatedNic | None, config: ReplicatedIpConfig | None) -> dict[str, str]:
    return {
        "source_network": nic.source_network.name if nic and nic.source_network else "",
        "source_subnet": (config.source_subnet or "") if config else "",
        "source_address": _text(config.source_address) if config else "",
        "source_static": _text(config.source_static) if config else "",
    }


def _effective(
    item: ReplicatedItem,
    nic: ReplicatedNic | None,
    config: ReplicatedIpConfig | None,
    effective: Effective,
) -> Iterator[tuple[str, str]]:
    for test, prefix in ((False, "effective_"), (True, "effective_test_")):
        subnet, address = None, None
        if nic is not None and config is not None:
            subnet, address = effective(item, nic, config, test)
        yield f"{prefix}subnet", subnet or ""
        yield f"{prefix}address", address or ""


def _value(
    item: ReplicatedItem,
    nic: ReplicatedNic | None,
    config: ReplicatedIpConfig | None,
    name: str,
) -> SettingValue:
    owners = {Level.ITEM: item, Level.NIC: nic, Level.IP_CONFIG: config}
    value: SettingValue = getattr(owners[FIELDS[name].level], name, None)
    return value


def _text(value: SettingValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ";".join(str(each) for each in value)
    return "" if value is None else str(value)


def _ways(subnet: str, address: str, static: str) -> str:
    kind = {"true": " static", "false": " dynamic"}.get(static, "")
    if not subnet and not address:
        return "-"
    return f"{subnet or '(any subnet)'} {address or 'dynamic'}{kind if address else ''}"


def _expected(subnet: str, address: str) -> str:
    return " ".join(text for text in (subnet, address) if text) or "-"
