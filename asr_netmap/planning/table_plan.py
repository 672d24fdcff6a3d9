"""Plans in which a NIC table counts: beside the rules, or alone.

`with_table` lays the table over declared settings, for a plan with all rules. `plan_table` takes
nothing but the table: what its rows leave empty stays as it is, whatever any rule says, and no
network or mapping is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from asr_netmap.errors import NotFound
from asr_netmap.models import (
    Direction,
    Inventory,
    Network,
    ReplicatedIpConfig,
    ReplicatedItem,
)
from asr_netmap.planning.address_findings import Futures
from asr_netmap.planning.assembly import assembled
from asr_netmap.planning.basis import FromTable
from asr_netmap.planning.change import Change, ItemState
from asr_netmap.planning.exceptions import Exceptions
from asr_netmap.planning.nic_findings import nic_findings
from asr_netmap.planning.nic_planner import ItemTask, plan_items, summary
from asr_netmap.planning.nic_setting import Setting
from asr_netmap.planning.nic_table.mistakes import raise_mistakes
from asr_netmap.planning.nic_table.rows import Row, nic_key
from asr_netmap.planning.nic_table.wording import TABLE, Wording
from asr_netmap.planning.part import nothing_selected, takes
from asr_netmap.planning.placement import placements
from asr_netmap.planning.plan import Finding, Pending, Plan, Scope, Severity
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.spot import Side
from asr_netmap.planning.table_outcome import unmet_cells
from asr_netmap.rules.lookup import find_network, maybe_unseen
from asr_netmap.settings import CLEAR, AddressMode, NicException, NicRules, Settings

_ROLES = {False: "target network", True: "test network"}
_EXPLICIT = {"set explicitly", "set explicitly in the configuration"}
"""How the rules call what is given for a single IP config."""


def with_table(settings: Settings, exceptions: Sequence[NicException]) -> Settings:
    """The settings with a table's exceptions as their strongest word.

    What was given on the command line wins over the file, field by field, where both name the
    same VM, NIC, IP config and direction.
    """
    rows = {_place(row): row for row in settings.nics.settings}
    for row in exceptions:
        before = rows.pop(_place(row), None)
        rows[_place(row)] = row if before is None else _laid_over(before, row)
    return _with_rows(settings, settings.nics, tuple(rows.values()))


def only_table(settings: Settings, exceptions: Sequence[NicException]) -> Settings:
    """The settings without a word on any NIC but those of the table."""
    rules = NicRules(address=AddressMode.UNMANAGED, existing="keep")
    return _with_rows(settings, rules, tuple(exceptions))


def plan_table(
    inventory: Inventory,
    settings: Settings,
    scope: Scope,
    exceptions: Sequence[NicException],
    selection: Selection | None = None,
    *,
    rows: Sequence[Row] = (),
    wording: Wording = TABLE,
) -> Plan:
    """What a NIC table alone would change; an unedited one changes nothing.

    settings -- their vault, regions, safety limits and freeze count; their rules do not.
    rows -- those that the exceptions were made of: each cell must come out as it says. Without
        them, what can't be done is left undone, with a finding that says why.
    Its settings hold the rows of the items that the selection takes, so that they make it again.
    Raises AmbiguousName, NotFound or UsageError for a network that a row names wrongly, and
    TableError with all cells that can't be carried out.
    """
    declared = only_table(settings, exceptions)
    tasks = _TableTasks(inventory, declared, selection or Selection(), wording)
    planned = plan_items(list(tasks.tasks()), inventory, declared)
    known = (*tasks.findings, *planned.findings)
    raise_mistakes(str(wording), unmet_cells(rows, inventory, planned, known, wording))
    futures = Futures.of(planned.coming)
    concerned = [item for item in planned.coming.items if item.id in planned.intended]
    if selection is not None and not (selection.everything or tasks.in_scope):
        tasks.findings.append(nothing_selected(selection, inventory, scope.vault))
    taken = {_vm_key(item) for item in tasks.in_scope}
    declared = only_table(declared, [row for row in exceptions if row.vm.lower() in taken])
    made = assembled(
        inventory,
        declared,
        scope,
        changes=[_told(change, wording) for change in planned.changes],
        pending=(*tasks.pending, *planned.pending),
        findings=(*tasks.findings, *planned.findings, *nic_findings(futures, concerned, known)),
        items=tasks.in_scope,
        placements=placements(futures, concerned),
    )
    return replace(made, basis=FromTable())


def _told(change: Change, wording: Wording) -> Change:
    """The change with reasons that speak of the table, or of options: there are no other words."""
    if not isinstance(change.after, ItemState):
        return change
    settings = tuple(replace(each, reason=_reason(each, wording)) for each in change.after.settings)
    return replace(change, after=ItemState(settings), reason=summary(settings))


def _reason(setting: Setting, wording: Wording) -> str:
    given = wording.given(setting.name)
    if setting.reason in _EXPLICIT:
        return given if setting.value else wording.cleared(setting.name)
    return setting.reason.replace("as configured", given)


def _place(row: NicException) -> tuple[str, ...]:
    return tuple(
        str(part or "").lower()
        for part in (row.vm, row.nic, row.ip_config, row.direction and row.direction.value)
    )


def _laid_over(below: NicException, above: NicException) -> NicException:
    return below.model_copy(update={name: getattr(above, name) for name in above.model_fields_set})


def _with_rows(settings: Settings, rules: NicRules, rows: tuple[NicException, ...]) -> Settings:
    nics = rules.model_copy(update={"settings": rows})
    return settings.model_copy(update={"nics": nics})


@dataclass
class _TableTasks:
    """One task for every item that the table speaks of."""

    inventory: Inventory
    settings: Settings
    selection: Selection
    wording: Wording
    in_scope: list[ReplicatedItem] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def tasks(self) -> Iterator[ItemTask]:
        by_vm: dict[str, list[NicException]] = {}
        for row in self.settings.nics.settings:
            by_vm.setdefault(row.vm.lower(), []).append(row)
        regions = self.settings.regions
        for item in sorted(self.inventory.items, key=lambda i: (i.vm_name.lower(), i.id)):
            direction = regions.direction_of(item.source_region, item.target_region)
            if direction is None or not takes(self.selection, item, self.inventory, regions):
                continue
            self.in_scope.append(item)
            rows = by_vm.get(_vm_key(item), ())
            task = self._task(item, direction, rows) if rows else None
            if task is not None:
                yield task

    def _task(
        self, item: ReplicatedItem, direction: Direction, rows: Sequence[NicException]
    ) -> ItemTask | None:
        given = Exceptions(item, direction, rows).for_item()
        settings: list[Setting] = []
        sides: list[Side] = []
        for test, name in ((False, "target_network"), (True, "test_network")):
            text = given.get(name)
            if text == CLEAR:
                settings.append(Setting(name, None, reason=self.wording.cleared(name)))
                continue
            network = self._network(item, text, test=test)
            if text and network is None:
                return None  # said why already
            if text and network is not None:
                settings.append(Setting(name, network.id, reason=self.wording.given(name)))
            if network is not None:
                side = Side(test, network, {}, (), AddressMode.UNMANAGED, explicit_only=True)
                sides.append(side)
            elif any(_speaks_of(row, test=test) for row in rows):
                self._no_network(item, test=test)
        completed = tuple(_completed(row, item, sides) for row in rows)
        exceptions = Exceptions(item, direction, completed)
        return ItemTask(item, direction, exceptions, tuple(sides), tuple(settings), ())

    def _network(self, item: ReplicatedItem, text: str | None, *, test: bool) -> Network | None:
        """The network that the table gives the item, or else that it has."""
        own = item.test_network if test else item.target_network
        if text is None:
            return self.inventory.network(own) if own else None
        try:
            return find_network(text, self.inventory, item.target_region, _ROLES[test])
        except NotFound:
            if not maybe_unseen(text, self.inventory):
                raise
            reason = f"its {_ROLES[test]} {text} could not be looked at"
            self.pending.append(Pending(item.id, item.vm_name, reason))
            return None

    def _no_network(self, item: ReplicatedItem, *, test: bool) -> None:
        own = item.test_network if test else item.target_network
        column = "test_network" if test else "target_network"
        lack = f"no {_ROLES[test]}"
        if own is not None:
            seen = self.inventory.looked_at(own)
            lack = f"a {_ROLES[test]} that " + ("does not exist" if seen else "could not be read")
            lack += f" ({own})"
        self.findings.append(
            Finding(
                "test-network-missing" if test else "target-network-missing",
                Severity.ERROR,
                item.id,
                item.vm_name,
                f"{item.vm_name} has {lack}, so the subnets and addresses that it is to have "
                "there are not set",
                f"Name one: {self.wording.cell(column)}.",
            )
        )


def _vm_key(item: ReplicatedItem) -> str:
    """What the rows of an item call its VM, in lower case."""
    return item.vm.key if item.vm else item.vm_name.lower()


def _speaks_of(row: NicException, *, test: bool) -> bool:
    prefix = "test_" if test else ""
    return bool({f"{prefix}subnet", f"{prefix}address"} & row.model_fields_set)


def _completed(row: NicException, item: ReplicatedItem, sides: Iterable[Side]) -> NicException:
    """The row with the subnet that is set, where it gives an address and no subnet itself.

    So no rule chooses one. An address that is there already needs no subnet at all.
    """
    found: dict[str, str | None] = {}
    config = _config(row, item)
    for side in sides if config is not None else ():
        subnet, address = side.name("subnet"), side.name("address")
        wanted = getattr(row, address)
        if wanted is None or getattr(row, subnet) is not None:
            continue
        current = getattr(config, subnet)
        if current and side.network.subnet(current):
            found[subnet] = current
        elif getattr(config, address) == (None if wanted is AddressMode.DYNAMIC else wanted):
            found[address] = None
    return row.model_copy(update=found) if found else row


def _config(row: NicException, item: ReplicatedItem) -> ReplicatedIpConfig | None:
    named = (row.nic or "").lower()
    for nic in item.nics:
        if named in {nic.name.lower(), nic_key(item, nic).lower()}:
            return nic.ip_config(row.ip_config or "")
    return None
