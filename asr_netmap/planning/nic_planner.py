"""The NIC settings of replicated items: from rules and exceptions to changes.

Two passes. The first decides subnets and what addresses are wished for, item by item; then all
wishes are met together, so that no address is promised twice; the second pass turns what came
out into changes, pending items and findings.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.models import (
    Direction,
    Inventory,
    IpAddress,
    Network,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
    Subnet,
)
from asr_netmap.planning.afterwards import inventory_after, item_with
from asr_netmap.planning.change import Action, AddressClaim, Change, ItemState, Kind
from asr_netmap.planning.clearing import (
    cleared_without_network,
    given_without_network,
    network_cleared,
    subnet_cleared,
)
from asr_netmap.planning.commands import apply_to
from asr_netmap.planning.enabled import as_enabled, named_for_enabling, subnet_asked_for
from asr_netmap.planning.exceptions import Exceptions
from asr_netmap.planning.item_findings import Place, item_finding
from asr_netmap.planning.nic_setting import (
    FIELDS,
    Level,
    Setting,
    current_value,
    same_value,
)
from asr_netmap.planning.plan import Finding, Pending, Severity
from asr_netmap.planning.primary import nic_as_named, primary_settings
from asr_netmap.planning.spot import (
    AddressDecision,
    Decision,
    Side,
    Spot,
    SubnetDecision,
    comes_along,
    decide_address,
    decide_subnet,
    home_subnet,
    wish_of,
)
from asr_netmap.rules.addresses import Demand
from asr_netmap.rules.allocation import (
    Claimant,
    Grant,
    Holder,
    Trouble,
    address_books_of_both,
    allocate,
    capacity,
    is_reserved,
)
from asr_netmap.rules.readiness import not_ready
from asr_netmap.rules.references import References, blocked_by
from asr_netmap.rules.subnets import SubnetChoice, SubnetRule
from asr_netmap.settings import AddressMode, Settings

FREEZE_TAG = "asr-netmap:freeze"


@dataclass(frozen=True, slots=True)
class ItemTask:
    """One item with everything that was decided about where it goes."""

    item: ReplicatedItem
    direction: Direction
    exceptions: Exceptions
    sides: tuple[Side, ...]
    item_settings: tuple[Setting, ...]
    depends_on: tuple[str, ...]


@dataclass
class ItemsPlan:
    """What came out for all items.

    coming -- the inventory as it will be once these changes are made, and those before them.
    decisions -- what the rules came to, with the addresses that were given out.
    intended -- each item as it will be when all that was decided for it is written, be it that
        it has to wait now.
    """

    coming: Inventory
    decisions: Decisions
    intended: dict[ArmId, ReplicatedItem] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def plan_items(
    tasks: Sequence[ItemTask],
    inventory: Inventory,
    settings: Settings,
    *,
    beside: Iterable[ItemTask] = (),
    created: Iterable[Change] = (),
) -> ItemsPlan:
    """Changes, pending items and findings for `tasks`; pure.

    beside -- other items that want addresses of the same networks; nothing is planned for them.
    created -- the changes that make networks, which items may refer to.
    """
    with_networks = inventory_after(inventory, created)
    references = References(with_networks)
    decisions = decide_items((*tasks, *beside), inventory, settings)
    out = ItemsPlan(with_networks, decisions)
    finished = {
        draft.task.item.id: _finish(draft, decisions, inventory, references, out)
        for draft in decisions.drafts[: len(tasks)]
    }
    items = tuple(finished.get(item.id, item) for item in out.coming.items)
    out.coming = replace(out.coming, items=items)
    return out


def decide_items(tasks: Sequence[ItemTask], inventory: Inventory, settings: Settings) -> Decisions:
    """What the rules come to for each of `tasks`, and the addresses that are given out."""
    drafting = _Drafting(tasks, inventory, settings)
    drafts = [drafting.draft(task) for task in tasks]
    grants: dict[_Key, Grant] = {}
    for test in (False, True):
        wishes = [
            decision.wish
            for draft in drafts
            for decision in draft.decisions
            if decision.wish is not None and decision.spot.side.test is test
        ]
        granted = allocate(wishes, drafting.books[test])
        grants.update({(test, who): grant for who, grant in granted.items()})
    return Decisions(tuple(drafts), grants, drafting.held_before)


_Key = tuple[bool, Claimant]


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the rules come to for items, with the addresses that were given out.

    drafts -- one for each task, in their order.
    held_before -- addresses that somebody holds while the plan is made, by network.
    """

    drafts: tuple[Draft, ...]
    grants: Mapping[_Key, Grant]
    held_before: set[tuple[ArmId, IpAddress]]

    def grant(self, decision: Decision) -> Grant | None:
        """What the wish of a decision got; None: it has none."""
        if decision.wish is None:
            return None
        return self.grants[decision.spot.side.test, decision.wish.claimant]

    def draft_of(self, item: ReplicatedItem) -> Draft | None:
        """What was decided for an item; None: it is no task."""
        return next((draft for draft in self.drafts if draft.task.item.id == item.id), None)


@dataclass
class Draft:
    """One item: what is given for it, what the rules come to, and what is to be said of that."""

    task: ItemTask
    settings: list[Setting] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def find(
        self, code: str, severity: Severity, message: str, fix: str = "", command: str = ""
    ) -> None:
        """Take a finding about the item in."""
        self.findings.append(item_finding(self.task.item, code, severity, message, fix, command))


class _Drafting:
    """Decides, item by item, on subnets and wishes."""

    def __init__(self, tasks: Sequence[ItemTask], inventory: Inventory, settings: Settings) -> None:
        self._inventory = inventory
        self._enforce = settings.nics.existing == "enforce"
        self._protect = settings.protect
        self._refuse_fallback = settings.nics.subnet_fallback == "refuse"
        networks: dict[bool, set[ArmId]] = {False: set(), True: set()}
        for task in tasks:
            for side in task.sides:
                networks[side.test].add(side.network.id)
        self.books = address_books_of_both(inventory, networks)
        # Addresses that somebody holds while the plan is made need no second look at Azure.
        self.held_before = {
            (network, address)
            for books in self.books.values()
            for network, book in books.items()
            for address in book.holders
        }
        self._room: dict[tuple[bool, ArmId, str], int] = {}
        self._subnets: dict[Hashable, SubnetDecision] = {}

    def draft(self, task: ItemTask) -> Draft:
        draft = Draft(task)
        draft.settings.extend(task.item_settings)
        draft.findings.extend(network_cleared(task.item, task.item_settings))
        tests = [side.test for side in task.sides]
        for nic in task.item.nics:
            draft.settings.extend(task.exceptions.direct_settings(nic))
            draft.settings.extend(primary_settings(nic, task.exceptions))
            for config in nic_as_named(nic, task.exceptions).ip_configs:
                given = task.exceptions.for_ip_config(nic, config)
                if not comes_along(config) and "selected" not in given:
                    _not_selected(draft, nic, config)
                draft.settings.extend(cleared_without_network(nic, config, given, tests))
                draft.findings.extend(
                    given_without_network(task.item, nic, config, given, task.item_settings)
                )
                home = home_subnet(nic, config, self._inventory)
                for side in task.sides:
                    spot = self._spot(task.item, side, nic, config, given, home)
                    if not spot.left_alone:
                        draft.decisions.append(self._decide(draft, spot))
        return draft

    def _spot(
        self,
        item: ReplicatedItem,
        side: Side,
        nic: ReplicatedNic,
        config: ReplicatedIpConfig,
        given: Mapping[str, Any],
        home: Subnet | None,
    ) -> Spot:
        """Who set what is there now: after enabling by this tool, Site Recovery did."""
        fresh = not side.test and as_enabled(item, nic)
        asked = fresh and subnet_asked_for(item, nic, config, self._inventory)
        by_user = nic.chosen_by_user and (asked or not fresh)
        return Spot(side, nic, config, given, home, by_user, address_by_user=not fresh)

    def _decide(self, draft: Draft, spot: Spot) -> Decision:
        existing = spot.existing_subnet
        found = self._decide_subnet(spot, existing)
        if not found.kept and found.chosen.problem:
            _subnet_problem(draft, spot, found.chosen)
        elif found.kept and existing is not None and found.ruled.subnet is not None:
            wanted = found.ruled.subnet.name
            named = named_for_enabling(draft.task.item, existing, self._protect)
            if spot.side.test or not named:
                _kept(draft, spot, "subnet", existing.name, wanted, found.ruled.reason)
        if found.chosen.cleared:
            draft.findings.extend(subnet_cleared(draft.task.item, spot))
        subnet = found.chosen.subnet
        if subnet is None:
            return Decision(spot, found, no_address="no subnet, so no address")
        return self._with_address(draft, Decision(spot, found), subnet)

    def _decide_subnet(self, spot: Spot, existing: Subnet | None) -> SubnetDecision:
        """Decide once for all that ask the same: most IP configs do."""
        question = spot.subnet_question
        if question not in self._subnets:
            self._subnets[question] = decide_subnet(
                spot,
                enforce=self._enforce,
                refuse_fallback=self._refuse_fallback,
                full=self._full(spot.side, existing),
            )
        return self._subnets[question]

    def _full(self, side: Side, existing: Subnet | None) -> Callable[[Subnet], bool]:
        """Whether a subnet has no room for one more; who is in it already needs none."""

        def full(subnet: Subnet) -> bool:
            if subnet == existing:
                return False
            key = (side.test, side.network.id, subnet.name)
            if key not in self._room:
                book = self.books[side.test][side.network.id]
                self._room[key] = capacity(subnet) - book.used_in(subnet)
            return self._room[key] <= 0

        return full

    def _with_address(self, draft: Draft, decision: Decision, subnet: Subnet) -> Decision:
        spot, item = decision.spot, draft.task.item
        source = spot.config.source_address
        if isinstance(source, IPv6Address):
            message = f"{spot} has {source}: Site Recovery does not keep IPv6"
            given = spot.explicit("address")
            if isinstance(given, IPv4Address) and given != spot.current("address"):
                draft.find("ipv6", Severity.ERROR, f"{message}, so {given} is not set")
            else:
                draft.find("ipv6", Severity.INFO, message)
            return replace(decision, no_address=f"{source} is IPv6: Site Recovery does not keep it")
        book = self.books[spot.side.test][spot.side.network.id]
        found = decide_address(spot, item, subnet, book, enforce=self._enforce)
        wish = None
        if found.demand is None:
            if spot.explicit("address") is AddressMode.SAME:
                draft.find("same-impossible", Severity.ERROR, f"{spot}: {_SOURCE_UNKNOWN}")
            self._check_unmanaged(draft, spot, subnet)
        else:
            asked = wish_of(spot, item, subnet, found.demand)
            wish = asked if found.asks else None
            if found.stays:
                holder = book.other_holder(spot.current("address"), asked.item, asked.claimant)
                _say_of_kept(draft, found, found.demand, holder)
        return Decision(spot, decision.subnet, found, wish=wish)

    def _check_unmanaged(self, draft: Draft, spot: Spot, subnet: Subnet) -> None:
        """Say of an address that is left as it is if Azure can't give it."""
        current = spot.current("address")
        if current is None or (subnet.holds(current) and not is_reserved(current, subnet)):
            return
        code = "address-reserved" if subnet.holds(current) else "address-outside-subnet"
        draft.find(
            code,
            Severity.WARNING,
            f"{spot}: address {current} is set and left as it is, but "
            + (
                f"Azure reserves it in {subnet.name}"
                if subnet.holds(current)
                else f"it is outside {subnet.name} ({', '.join(map(str, subnet.ipv4))})"
            ),
            "Set another address in nics.settings.",
        )


_SOURCE_UNKNOWN = (
    "the same address as at the source is asked for, and the source's address is not known; it is "
    "left as it is"
)


def _not_selected(draft: Draft, nic: ReplicatedNic, config: ReplicatedIpConfig) -> None:
    draft.find(
        "secondary-not-selected",
        Severity.WARNING,
        f"{nic.name}/{config.name} ({config.source_address}) is a secondary IP config that is not "
        "selected: it will not exist after a failover",
        "Name it in nics.settings, or with `selected: false` on purpose: "
        + Place(draft.task.item, nic, config).row(selected="true"),
    )


def _kept(draft: Draft, spot: Spot, what: str, value: str, wanted: str, reason: str) -> None:
    place = Place(draft.task.item, spot.nic, spot.config, spot.side.test)
    draft.find(
        "set-by-hand",
        Severity.WARNING,
        f"{spot}: {what} {value} was set by somebody and is kept; the rule gives {wanted} "
        f"({reason})",
        "Name it in nics.settings to make it the declared value: "
        f"{place.row(**{what: value})}. Or let the rule replace it.",
        apply_to(draft.task.item, "--enforce"),
    )


def _say_of_kept(
    draft: Draft, found: AddressDecision, demand: Demand, holder: Holder | None
) -> None:
    """What people should know of a valid address that is set and stays.

    demand -- what the rules alone give. holder -- who else has it.
    """
    spot, trouble = found.spot, found.trouble
    current = spot.current("address")
    if trouble is not None and demand.firm:
        draft.find(
            trouble.code,
            Severity.ERROR,
            f"{spot}: {trouble.text}, so {current} stays ({demand.reason})",
        )
    if holder is not None:
        draft.find(
            "address-taken" if holder.claimant is None else "address-claimed-twice",
            Severity.WARNING,
            f"{spot}: address {current} is set, and {holder.who} has it; "
            "at failover another address would be used",
            "Free the address, or set another one in nics.settings.",
        )
    elif found.differs and trouble is None:
        wanted = "a dynamic one" if demand.dynamic else str(demand.preferred)
        _kept(draft, spot, "address", str(current), wanted, demand.reason)


def _say_of_replaced(draft: Draft, decision: Decision, grant: Grant | None) -> None:
    """What people should know of an address that was set and that Azure could never give.

    One that the plan moves to another network or subnet was good where it was, and one that a row
    replaces by another is replaced by a word of theirs.
    """
    spot, asked = decision.spot, decision.address
    lost = asked.lost if asked is not None else None
    if lost is None or isinstance(spot.explicit("address"), IPv4Address):
        return
    item, test = draft.task.item, spot.side.test
    own = item.test_network if test else item.target_network
    there, chosen = spot.existing_subnet, decision.subnet.chosen.subnet
    if own not in (None, spot.side.network.id) or there not in (None, chosen):
        return
    instead = str(grant.address) if grant is not None else "a dynamic one"
    draft.find(
        lost.code,
        Severity.WARNING,
        f"{spot}: address {spot.current('address')} was set, and it {lost.text}; it is replaced by "
        f"{instead}",
        "Name another one in nics.settings if that is not what is meant.",
    )


def _subnet_problem(draft: Draft, spot: Spot, choice: SubnetChoice) -> None:
    codes = {
        SubnetRule.REFUSED: ("subnet-missing", Severity.WARNING),
        SubnetRule.NONE: ("subnet-none", Severity.ERROR),
    }
    named = choice.rule is SubnetRule.EXPLICIT
    other = ("subnet-unusable", Severity.ERROR if named else Severity.WARNING)
    if choice.subnet is None:
        other = ("subnet-missing", Severity.ERROR)
    code, severity = codes.get(choice.rule, other)
    draft.find(
        code,
        severity,
        f"{spot}: {choice.problem}",
        f"Name a subnet of {spot.side.network.name} in `subnets:` or nics.settings, or create it.",
    )


def _finish(
    draft: Draft,
    decisions: Decisions,
    inventory: Inventory,
    references: References,
    out: ItemsPlan,
) -> ReplicatedItem:
    """Turn a draft, and what its wishes got, into a change or a pending item.

    Returns the item as it will be.
    """
    task, item = draft.task, draft.task.item
    settings = list(draft.settings)
    for decision in draft.decisions:
        grant, spot = decisions.grant(decision), decision.spot
        settings.extend(decision.settings(grant))
        trouble = grant.trouble if grant is not None else None
        if trouble is not None and trouble.no_room:
            out.findings.append(_subnet_full(spot.side.network, trouble))
        elif trouble is not None:
            draft.find(trouble.code, Severity.ERROR, f"{spot}: {trouble.text}")
        else:
            _say_of_replaced(draft, decision, grant)
    settings.sort(key=_place_of(item))
    after = tuple(s for s in settings if not same_value(current_value(item, s), s.value))
    out.findings.extend(draft.findings)
    then = item_with(item, after) if after else item
    out.intended[item.id] = then
    gone = references.gone(then)
    blocked = blocked_by(gone) if gone else None
    reason = not_ready(item) or frozen_by_tag(item, inventory) or blocked
    if reason and (after or not item.nics):
        out.pending.append(Pending(item.id, item.vm_name, reason))
    elif after:
        out.changes.append(_change(task, after, decisions.held_before))
        return then
    return item


def _place_of(item: ReplicatedItem) -> Callable[[Setting], tuple[int, bool]]:
    """The order in which people read settings: the item's, then those of each NIC and IP config."""
    owners = [("", "")]
    for nic in item.nics:
        names = (config.name.lower() for config in nic.ip_configs)
        owners += [(nic.id.key, name) for name in ("", *names)]
    places = {owner: place for place, owner in enumerate(owners)}

    def place(setting: Setting) -> tuple[int, bool]:
        nic, config, _ = setting.key
        return (places[nic, config], setting.place.test)

    return place


def _subnet_full(network: Network, trouble: Trouble) -> Finding:
    """One and the same finding for all who find no room, so that it is said once."""
    return Finding(
        "subnet-full",
        Severity.ERROR,
        network.id,
        network.name,
        f"{trouble.text}; nothing is set for those who would need one",
        "Make the subnet larger, free addresses in it, or send some NICs into another one.",
    )


def _change(
    task: ItemTask, after: tuple[Setting, ...], held_before: set[tuple[ArmId, IpAddress]]
) -> Change:
    item = task.item
    before = tuple(Setting(s.name, current_value(item, s), s.nic, s.ip_config) for s in after)
    networks = {side.test: side.network.id for side in task.sides}
    claims = tuple(
        AddressClaim(networks[s.place.test], s.value)
        for s in after
        if s.name in {"address", "test_address"}
        and isinstance(s.value, IPv4Address)
        and (networks[s.place.test], s.value) not in held_before
    )
    return Change(
        Kind.NIC_SETTINGS,
        Action.UPDATE,
        item.id,
        item.vm_name,
        ItemState(before),
        ItemState(after),
        summary(after),
        task.depends_on,
        claims,
    )


def summary(after: Iterable[Setting]) -> str:
    """One reason for the change, from those of its settings: each said once."""
    return "; ".join(dict.fromkeys(s.reason for s in after if s.reason))


def frozen_by_tag(item: ReplicatedItem, inventory: Inventory) -> str | None:
    """Why nothing may be written for the item, if its VM has the tag that stops it."""
    vm = inventory.vm_of(item)
    if vm is not None and any(name.lower() == FREEZE_TAG for name in vm.tags):
        return f"the tag {FREEZE_TAG} on the VM stops every write to it"
    return None


def existing_settings(items: Iterable[ReplicatedItem]) -> int:
    """How many NIC settings of the items have a value: what the safety limit is a share of.

    Whether an IP config is primary, or selected, is none of them: on every NIC one is both.
    """
    return sum(
        _set_on(item, Level.ITEM)
        + sum(_set_on(nic, Level.NIC) for nic in item.nics)
        + sum(_set_on(config, Level.IP_CONFIG) for nic in item.nics for config in nic.ip_configs)
        for item in items
    )


_COUNTED = {
    level: [
        name
        for name, place in FIELDS.items()
        if place.level is level and name not in {"primary", "selected"}
    ]
    for level in Level
}


def _set_on(owner: object, level: Level) -> int:
    return sum(1 for name in _COUNTED[level] if getattr(owner, name))
