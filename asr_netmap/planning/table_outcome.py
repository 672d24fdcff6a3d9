"""Whether a plan does what the cells of a NIC table ask for, and why not where it doesn't.

A table is carried out as it is written, or not at all: a cell that a plan can't meet is a mistake
of the table, like one that can't be read. A cell that says what is set already is no wish, so an
untouched export has none, whatever is wrong with what is set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AsrNetmapError
from asr_netmap.models import Inventory, ReplicatedIpConfig, ReplicatedItem, ReplicatedNic
from asr_netmap.planning.nic_findings import is_error
from asr_netmap.planning.nic_planner import ItemsPlan
from asr_netmap.planning.nic_setting import FIELDS, Level, SettingValue, same_value
from asr_netmap.planning.nic_table.cells import CellValue, Clear
from asr_netmap.planning.nic_table.checks import Finder, Spot
from asr_netmap.planning.nic_table.mistakes import TableMistake
from asr_netmap.planning.nic_table.rows import EDITABLE, Row
from asr_netmap.planning.nic_table.wording import TABLE, Wording
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.planning.spot import Decision
from asr_netmap.rules.allocation import Grant, Trouble
from asr_netmap.rules.references import Problem, ReferenceProblem, References
from asr_netmap.rules.subnets import unusable
from asr_netmap.settings import AddressMode

_Place = tuple[str, str, str, bool]
"""Item, NIC and IP config, and whether it is about test failover."""


def unmet_cells(
    rows: Iterable[Row],
    inventory: Inventory,
    planned: ItemsPlan,
    findings: Iterable[Finding],
    wording: Wording = TABLE,
    *,
    expected: Callable[[ReplicatedItem], bool] = lambda _: False,
) -> Iterator[TableMistake]:
    """A mistake for every cell that asks for what the plan does not come to; pure.

    An item that only has to wait is no mistake: it will be as its row says.

    rows -- as checked beside `inventory`.
    planned, findings -- what came out for the items, and what was found about them on the way.
    expected -- whether an item that nothing was planned for should be among them: then its rows
        are mistakes, and else they are left out.
    """
    listed = tuple(rows)
    if not listed:
        return
    check = _Check(Finder(inventory), planned, _errors(findings), wording, expected)
    for row in listed:
        spot = check.finder.spot(row)
        if isinstance(spot, Spot):
            yield from check.row(row, spot)


def _errors(findings: Iterable[Finding]) -> Mapping[ArmId, Finding]:
    """The first error about each subject."""
    found: dict[ArmId, Finding] = {}
    for finding in findings:
        if finding.severity is Severity.ERROR:
            found.setdefault(finding.subject, finding)
    return found


@dataclass(frozen=True, slots=True)
class _Wish:
    """A cell that asks for another value than the one that is set.

    then, nic, config -- the item, its NIC and its IP config as they will be.
    wishes -- all cells of the row that ask for something.
    """

    row: Row
    spot: Spot
    name: str
    value: CellValue
    then: ReplicatedItem
    nic: ReplicatedNic
    config: ReplicatedIpConfig
    wishes: frozenset[str]

    @property
    def outcome(self) -> SettingValue:
        """What the setting will be."""
        level = FIELDS[self.name].level
        owner = {Level.ITEM: self.then, Level.NIC: self.nic, Level.IP_CONFIG: self.config}[level]
        value: SettingValue = getattr(owner, self.name)
        return value

    @property
    def place(self) -> _Place:
        """Where it is decided on."""
        test = FIELDS[self.name].test
        return (self.then.id.key, self.nic.id.key, self.config.name.lower(), test)

    def sibling(self, name: str) -> str:
        """The column of that kind for the same kind of failover."""
        if name == "network":
            return "test_network" if FIELDS[self.name].test else "target_network"
        return f"test_{name}" if FIELDS[self.name].test else name


class _Check:
    """Compares cells with what a plan comes to."""

    def __init__(
        self,
        finder: Finder,
        planned: ItemsPlan,
        errors: Mapping[ArmId, Finding],
        wording: Wording,
        expected: Callable[[ReplicatedItem], bool],
    ) -> None:
        self.finder = finder
        self._expected = expected
        self._planned = planned
        self._errors = errors
        self._wording = wording
        self._references = References(planned.coming)
        self._problems: dict[ArmId, tuple[ReferenceProblem, ...]] = {}
        self._decisions: dict[_Place, Decision] = {
            (
                draft.task.item.id.key,
                decision.spot.nic.id.key,
                decision.spot.config.name.lower(),
                decision.spot.side.test,
            ): decision
            for draft in planned.decisions.drafts
            for decision in draft.decisions
        }

    def row(self, row: Row, spot: Spot) -> Iterator[TableMistake]:
        """The mistakes of one row."""
        wishes = {
            name: row.given[name]
            for name in EDITABLE
            if name in row.given and not spot.has(name, row.given[name])
        }
        then = self._planned.intended.get(spot.item.id)
        if not wishes:
            return
        if then is None:
            yield from self._nothing_planned(row, spot.item)
            return
        nic = then.nic(spot.nic.id)
        config = nic.ip_config(spot.config.name) if nic is not None else None
        assert nic is not None, "no plan takes a NIC away"
        assert config is not None, "no plan takes an IP config away"
        for name, value in wishes.items():
            wish = _Wish(row, spot, name, value, then, nic, config, frozenset(wishes))
            for text in self._wrong(wish):
                yield TableMistake(row.line, name, text)

    def _nothing_planned(self, row: Row, item: ReplicatedItem) -> Iterator[TableMistake]:
        error = self._errors.get(item.id)
        if error is not None:
            yield TableMistake(row.line, "", error.message)
        elif self._expected(item):
            text = (
                f"{item.vm_name} is in none of the declared networks, so the rules are not asked "
                "about it; `asr-netmap nics import` needs no rules"
            )
            yield TableMistake(row.line, "", text)

    def _wrong(self, wish: _Wish) -> Iterator[str]:
        if self._met(wish):
            yield from self._bad_references(wish)
            yield from self._no_subnet_for_vms(wish)
        elif not self._said_of_another_cell(wish):
            yield self._why_not(wish)

    def _met(self, wish: _Wish) -> bool:
        """Whether the setting will be what the cell asks for."""
        outcome, value = wish.outcome, wish.value
        if isinstance(value, Clear) or value is AddressMode.DYNAMIC:
            return not outcome
        if value is AddressMode.SAME:
            source = wish.config.source_address
            return isinstance(source, IPv4Address) and outcome == source
        if value is AddressMode.NEXT_FREE:
            return isinstance(outcome, IPv4Address)
        if isinstance(value, AddressMode):
            return self._trouble(wish) is None
        if FIELDS[wish.name].level is Level.ITEM:
            return outcome == self._network(wish, str(value))
        return same_value(outcome, value)

    def _network(self, wish: _Wish, text: str) -> ArmId | None:
        role = wish.name.replace("_", " ")
        try:
            return self.finder.network(wish.spot.item, text, role).id
        except AsrNetmapError:
            return None  # cleared, or no such network: the plan said so already

    def _said_of_another_cell(self, wish: _Wish) -> bool:
        """Whether an address has no subnet because its row names an impossible one."""
        decision = self._decisions.get(wish.place)
        return (
            wish.name == wish.sibling("address")
            and wish.sibling("subnet") in wish.wishes
            and decision is not None
            and decision.subnet.chosen.subnet is None
        )

    def _why_not(self, wish: _Wish) -> str:
        if wish.name not in {wish.sibling("subnet"), wish.sibling("address")}:
            return self._left_out(wish)
        decision = self._decisions.get(wish.place)
        if decision is None:
            return self._no_network(wish)
        return self._undecided(wish, decision) or self._left_out(wish)

    def _undecided(self, wish: _Wish, decision: Decision) -> str:
        """What kept the rules from giving what is asked for; empty: nothing that they know of."""
        if decision.subnet.chosen.subnet is None:
            return decision.subnet.chosen.problem
        trouble = self._trouble(wish)
        if trouble is not None:
            return trouble.text + self._right_subnet(wish, decision, trouble)
        unknown = "the source address is not known" if wish.value is AddressMode.SAME else ""
        return decision.no_address or unknown

    def _trouble(self, wish: _Wish) -> Trouble | None:
        decision = self._decisions.get(wish.place)
        if decision is None:
            return None
        grant: Grant | None = self._planned.decisions.grant(decision)
        if grant is not None and grant.trouble is not None:
            return grant.trouble
        return decision.address.trouble if decision.address is not None else None

    def _right_subnet(self, wish: _Wish, decision: Decision, trouble: Trouble) -> str:
        """The subnet that the address lies in, where the row does not choose one."""
        name = wish.sibling("subnet")
        if trouble.code != "address-outside-subnet" or name in wish.wishes:
            return ""
        side, address = decision.spot.side, wish.value
        if wish.value is AddressMode.SAME:
            address = wish.config.source_address or ""
        if not isinstance(address, IPv4Address):
            return ""
        for subnet in side.network.subnets:
            if subnet.holds(address):
                return f"; it lies in {subnet.name}: {self._wording.advice(name, subnet.name)}"
        return f"; no subnet of {side.network.name} holds it"

    def _no_network(self, wish: _Wish) -> str:
        """Why there is nowhere that the subnet or address could be in."""
        vm, column = wish.then.vm_name, wish.sibling("network")
        own: ArmId | None = getattr(wish.then, column)
        role = column.replace("_", " ")
        if own is None:
            return f"{vm} has no {role}: {self._wording.advice(column)}"
        if self._planned.coming.network(own) is None:
            seen = self._planned.coming.looked_at(own)
            what = "does not exist" if seen else "could not be read"
            return f"the {role} of {vm}, {own}, {what}: {self._wording.advice(column)}"
        return self._left_out(wish)

    def _left_out(self, wish: _Wish) -> str:
        """When the plan has another value, and no rule a word about it."""
        error = self._errors.get(wish.then.id)
        if error is not None:
            return error.message
        stays = wish.outcome if wish.outcome else "unset"
        return f"can't be set here; it would be {stays}"

    def _bad_references(self, wish: _Wish) -> Iterator[str]:
        """What is wrong with the resources that the cell names."""
        if not wish.outcome:
            return
        if wish.then.id not in self._problems:
            self._problems[wish.then.id] = tuple(self._references.problems(wish.then))
        for problem in self._problems[wish.then.id]:
            if is_error(problem) and self._names(wish, problem):
                yield problem.text

    def _names(self, wish: _Wish, found: ReferenceProblem) -> bool:
        ref, level = found.reference, FIELDS[wish.name].level
        here = (ref.nic, (ref.ip_config or "").lower())
        if level is Level.ITEM:
            return ref.setting == wish.name
        if level is Level.NIC:
            return ref.setting == wish.name and ref.nic == wish.nic.id
        if here != (wish.nic.id, wish.config.name.lower()):
            return False
        if found.problem is Problem.SKU and ref.setting not in wish.wishes:
            return wish.name == wish.sibling("lb_pools")
        return ref.setting == wish.name

    def _no_subnet_for_vms(self, wish: _Wish) -> Iterator[str]:
        """A subnet that exists and that no VM's NIC can live in."""
        decision = self._decisions.get(wish.place)
        if wish.name == wish.sibling("subnet") and decision is not None:
            subnet = decision.subnet.chosen.subnet
            trouble = unusable(subnet) if subnet is not None else None
            if subnet is not None and trouble is not None:
                yield f"{subnet.name} {trouble}"
