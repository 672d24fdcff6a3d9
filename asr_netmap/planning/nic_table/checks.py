"""Mistakes that show only when rows are seen together, or beside the estate that they are for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv6Address

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AmbiguousName, InvalidArmId, NotFound, UsageError
from asr_netmap.models import (
    Inventory,
    Network,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
)
from asr_netmap.near_names import near_names
from asr_netmap.planning.nic_setting import FIELDS, Level, SettingValue, same_value
from asr_netmap.planning.nic_table.cells import CellValue, Clear, text_of
from asr_netmap.planning.nic_table.mistakes import TableMistake
from asr_netmap.planning.nic_table.rows import EDITABLE, Row, current_cell, source_of
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.rules.lookup import find_network, maybe_unseen
from asr_netmap.settings.checks import shown

Known = Inventory | Sequence[Inventory] | None
"""What rows are checked beside: what one vault holds, or each of several; None: nothing."""

Key = tuple[str, str, str]
"""VM, NIC and IP config of a row, comparable whatever the letter case."""

# Looking for names that are near costs time, and nobody corrects a hundred misspelt rows by hand.
_MOST_NEAR_NAMES = 50


@dataclass(frozen=True, slots=True)
class Spot:
    """What a row is about."""

    item: ReplicatedItem
    nic: ReplicatedNic
    config: ReplicatedIpConfig

    @property
    def key(self) -> Key:
        """The one name of it, however a row spells it."""
        return (self.item.id.key, self.nic.id.key, self.config.name.lower())

    def has(self, name: str, value: CellValue) -> bool:
        """Whether a column's value is what the IP config has already."""
        current = current_cell(self.item, self.nic, self.config, name)
        if current is None or isinstance(value, Clear):
            return False
        if FIELDS[name].level is Level.ITEM:
            return str(current).lower() == str(value).lower()
        return same_value(_setting(current), _setting(value))


def _setting(value: CellValue) -> SettingValue:
    return value if not isinstance(value, Clear) else None


@dataclass(frozen=True)
class Finder:
    """Finds in an inventory what rows are about.

    others -- of other vaults, of which each row's item may be, too.
    """

    inventory: Inventory
    others: tuple[Inventory, ...] = ()
    _near: list[str] = field(default_factory=list, init=False)
    _networks: dict[tuple[int, str, str], Network] = field(default_factory=dict, init=False)

    @cached_property
    def _homes(self) -> Mapping[ArmId, Inventory]:
        """The inventory of each item: the first that has it."""
        every = (self.inventory, *self.others)
        return {item.id: each for each in reversed(every) for item in each.items}

    @cached_property
    def _items(self) -> Mapping[ArmId, ReplicatedItem]:
        every = (item for each in (self.inventory, *self.others) for item in each.items)
        items = sorted(every, key=lambda item: item.id, reverse=True)
        by_item = {item.id: item for item in items}
        return {**by_item, **{item.vm: item for item in items if item.vm is not None}}

    @cached_property
    def _vms_of_several(self) -> Mapping[ArmId, Sequence[ArmId]]:
        """The VMs that more than one vault replicates, each with the items."""
        found: dict[ArmId, dict[str, ArmId]] = {}
        for each in (self.inventory, *self.others) if self.others else ():
            for item in each.items:
                if item.vm is not None:
                    found.setdefault(item.vm, {})[_vault_key(item.id)] = item.id
        return {vm: sorted(items.values()) for vm, items in found.items() if len(items) > 1}

    def home(self, item: ReplicatedItem) -> Inventory:
        """The inventory that has the item."""
        return self._homes.get(item.id, self.inventory)

    def spot(self, row: Row) -> Spot | TableMistake:
        """What the row is about, or why there is no such thing."""
        item = self._items.get(row.vm_id)
        if item is None:
            return TableMistake(row.line, "vm_id", self._no_item(row))
        if row.vm_id in self._vms_of_several:
            ids = ", ".join(map(str, self._vms_of_several[row.vm_id]))
            text = f"is replicated by several vaults; give the replicated item's id: {ids}"
            return TableMistake(row.line, "vm_id", text)
        named = [nic for nic in item.nics if _names(row.nic, nic)]
        if len(named) != 1:
            return TableMistake(row.line, "nic", self._no_nic(row, item, named))
        config = named[0].ip_config(row.ip_config)
        if config is None:
            names = [each.name for each in named[0].ip_configs]
            text = f"{named[0].name} has no IP config {shown(row.ip_config)}"
            return TableMistake(row.line, "ip_config", text + self._instead(row.ip_config, names))
        return Spot(item, named[0], config)

    def network(self, item: ReplicatedItem, text: str, role: str) -> Network:
        """The network of the item's target region that a cell names. Raises UsageError and such."""
        home = self.home(item)
        key = (id(home), item.target_region, text.lower())
        if key not in self._networks:
            self._networks[key] = find_network(text, home, item.target_region, role)
        return self._networks[key]

    def _no_item(self, row: Row) -> str:
        name = row.vm_id.name
        said = f"no replicated item has the VM {shown(str(row.vm_id))}"
        items = {item.id: item for item in self._items.values()}.values()
        alike = [i.vm for i in items if i.vm_name.lower() == name.lower() and i.vm]
        if alike:
            return f"{said}; there is {', '.join(map(str, sorted(alike)))}"
        return said + self._instead(name, [item.vm_name for item in items])

    def _no_nic(self, row: Row, item: ReplicatedItem, named: Sequence[ReplicatedNic]) -> str:
        if named:
            ids = ", ".join(str(nic.id) for nic in named)
            return f"{item.vm_name} has {len(named)} NICs of that name; give the id: {ids}"
        if not item.nics:
            return f"Site Recovery lists no NIC of {item.vm_name} now"
        names = [nic.name for nic in item.nics]
        return f"{item.vm_name} has no NIC {shown(row.nic)}{self._instead(row.nic, names)}"

    def _instead(self, wanted: str, names: Iterable[str]) -> str:
        if len(self._near) >= _MOST_NEAR_NAMES:
            return ""
        self._near.append(wanted)
        near = near_names(wanted[:80], names)
        return f"; there is {', '.join(near)}" if near else ""


def key_of(texts: Mapping[str, str]) -> tuple[ArmId, str, str] | None:
    """The keys of a row as `Row` takes them; None if they are none."""
    if any(key_mistakes(0, {name: texts.get(name, "") for name in ("vm_id", "nic", "ip_config")})):
        return None
    return ArmId(texts["vm_id"]), texts["nic"], texts["ip_config"]


def key_mistakes(line: int, texts: Mapping[str, str]) -> Iterator[TableMistake]:
    """What is wrong with the key columns of a row, as far as that shows without an estate."""
    for name, text in texts.items():
        if not text:
            yield TableMistake(line, name, "is empty; it says what the row is about")
        elif name == "vm_id":
            try:
                ArmId(text)
            except InvalidArmId as error:
                yield TableMistake(line, name, error.message)


def all_mistakes(rows: Sequence[Row], known: Known) -> Iterator[TableMistake]:
    """Every mistake that single cells don't show; without an inventory those of the table alone."""
    inventories = [known] if isinstance(known, Inventory) else known
    if not inventories:
        yield from _beside_each_other(rows, _own_key)
        return
    finder = Finder(inventories[0], tuple(inventories[1:]))
    spots: dict[int, Spot] = {}
    for place, row in enumerate(rows):
        spot = finder.spot(row)
        if isinstance(spot, Spot):
            spots[place] = spot
        else:
            yield spot
    named = {s.key[:2]: s.key for place, s in spots.items() if "primary" in rows[place].given}
    for place, spot in spots.items():
        primary = spot.config.primary
        if spot.key[:2] in named:
            primary = named[spot.key[:2]] == spot.key
        yield from _cell_mistakes(rows[place], spot, finder, primary=primary)
    found = {id(rows[place]): spot.key for place, spot in spots.items()}
    yield from _beside_each_other(rows, lambda row: found.get(id(row)) or _own_key(row))


def _vault_key(item: ArmId) -> str:
    """What the ids of all items of a vault start with, in lower case."""
    return item.key.partition("/replicationfabrics/")[0]


def _own_key(row: Row) -> Key:
    return row.vm_id.key, row.nic.lower(), row.ip_config.lower()


def _names(text: str, nic: ReplicatedNic) -> bool:
    if not text.startswith("/"):
        return text.lower() == nic.name.lower()
    return text.lower() == nic.id.key


def _beside_each_other(rows: Sequence[Row], key: Callable[[Row], Key]) -> Iterator[TableMistake]:
    """Rows given twice, and rows of one VM or NIC that contradict each other."""
    rows_seen: dict[Key, Row] = {}
    values_seen: dict[tuple[str, ...], tuple[Row, CellValue]] = {}
    for row in rows:
        own = key(row)
        first = rows_seen.setdefault(own, row)
        if first is not row:
            text = f"is about the same IP config as {_line(first)}: {row.vm}, {row.nic}"
            yield TableMistake(row.line, "", text)
            continue
        for name, value in row.given.items():
            level = FIELDS[name].level
            if level is Level.IP_CONFIG and name != "primary":
                continue
            place = (own[0],) if level is Level.ITEM else own[:2]
            other, said = values_seen.setdefault((*place, name), (row, value))
            if name == "primary" and other is not row:
                yield TableMistake(row.line, name, _second_primary(row, other))
            elif text_of(said).lower() != text_of(value).lower():
                whole = "VM" if level is Level.ITEM else "NIC"
                text = (
                    f"{shown(text_of(value))} contradicts {shown(text_of(said))} in "
                    f"{_line(other)}: it is one setting of the whole {whole}"
                )
                yield TableMistake(row.line, name, text)


def _second_primary(row: Row, other: Row) -> str:
    return (
        f"{shown(row.ip_config)} contradicts {shown(other.ip_config)} in {_line(other)}: a NIC has "
        f"exactly one primary IP config; empty one of the two cells ({row.vm}, {row.nic})"
    )


def _line(row: Row) -> str:
    return f"line {row.line}" if row.line else "another row"


def _cell_mistakes(
    row: Row, spot: Spot, finder: Finder, *, primary: bool
) -> Iterator[TableMistake]:
    """What can't be given to just this IP config. What it has already is never a mistake.

    primary -- whether it will be the primary one of its NIC, if the table is applied.
    """
    for name in EDITABLE:
        value = row.given.get(name)
        if value is None or spot.has(name, value):
            continue
        if isinstance(value, IPv6Address):
            text = f"{value}: Site Recovery handles IPv4 only"
            yield TableMistake(row.line, name, text)
        elif name == "selected" and value is False and primary:
            text = "the primary IP config is always selected; leave the cell empty"
            yield TableMistake(row.line, name, text)
        elif FIELDS[name].level is Level.ITEM and isinstance(value, str):
            yield from _network_mistakes(row, spot, finder, name, value)


def _network_mistakes(
    row: Row, spot: Spot, finder: Finder, name: str, text: str
) -> Iterator[TableMistake]:
    try:
        finder.network(spot.item, text, name.replace("_", " "))
    except NotFound as error:
        if not maybe_unseen(text, finder.home(spot.item)):
            yield TableMistake(row.line, name, f"{error.message} {error.hint}")
    except (AmbiguousName, UsageError) as error:
        yield TableMistake(row.line, name, f"{error.message} {error.hint}")


def stale_rows(rows: Iterable[Row], inventory: Inventory) -> tuple[Finding, ...]:
    """A finding for every row whose source moved since the table was exported."""
    finder = Finder(inventory)
    return tuple(
        finding
        for row in rows
        if isinstance(spot := finder.spot(row), Spot)
        for finding in _moved(row, spot)
    )


def _moved(row: Row, spot: Spot) -> Iterator[Finding]:
    now = source_of(spot.nic, spot.config)
    moved = [
        f"{name.replace('_', ' ')} was {row.seen[name]} and is {now[name] or 'not known'}"
        for name in now
        if name in row.seen and row.seen[name].lower() != now[name].lower()
    ]
    if moved and row.given:
        yield Finding(
            "table-row-stale",
            Severity.WARNING,
            spot.item.id,
            spot.item.vm_name,
            f"{spot.nic.name}/{spot.config.name}: the row of the NIC table was made for another "
            f"state: {'; '.join(moved)}",
            "Export the table again and compare, or see that the row is still meant.",
        )
