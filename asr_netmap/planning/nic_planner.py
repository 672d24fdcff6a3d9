"""The NIC settings of replicated items: from rules and exceptions to changes.

Two passes. The first decides subnets and what addresses are wished for, item by item; then all
wishes are met together, so that no address is promised twice; the second pass turns what came
out into changes, pending items and findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from asr_netmap.planning.exceptions import Exceptions
from asr_netmap.planning.nic_setting import (
    FIELDS,
    Level,
    Setting,
    SettingValue,
    current_value,
    same_value,
)
from asr_netmap.planning.plan import Finding, Pending, Severity
from asr_netmap.rules.addresses import Demand, demand_address
from asr_netmap.rules.allocation import (
    Claimant,
    Grant,
    Trouble,
    Wish,
    address_books,
    address_trouble,
    allocate,
    capacity,
    claimant,
    is_reserved,
)
from asr_netmap.rules.readiness import not_ready
from asr_netmap.rules.references import References, blocked_by
from asr_netmap.rules.subnets import SubnetChoice, SubnetRule, choose_subnet
from asr_netmap.settings import AddressMode, AddressRule, Settings

FREEZE_TAG = "asr-netmap:freeze"


@dataclass(frozen=True, slots=True)
class Side:
    """Failover or test failover of one item: its network and what the configuration says of it.

    explicit_only -- nothing is set but what is given for single IP configs.
    """

    test: bool
    network: Network
    subnets: Mapping[str, str]
    addresses: tuple[AddressRule, ...]
    mode: AddressMode
    explicit_only: bool = False

    def name(self, setting: str) -> str:
        """The setting's name on this side."""
        return f"test_{setting}" if self.test else setting


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
    """What came out for all items."""

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
    references = References(inventory_after(inventory, created))
    everybody = (*tasks, *beside)
    drafting = _Drafting(everybody, inventory, settings)
    drafts = [drafting.draft(task) for task in everybody]
    grants: dict[tuple[bool, Claimant], Grant] = {}
    for test in (False, True):
        wishes = [wish for draft in drafts for wish in draft.wishes[test]]
        granted = allocate(wishes, drafting.books[test])
        grants.update({(test, who): grant for who, grant in granted.items()})
    out = ItemsPlan()
    for draft in drafts[: len(tasks)]:
        _finish(draft, grants, inventory, references, drafting.held_before, out)
    return out


@dataclass
class _Draft:
    task: ItemTask
    settings: list[Setting] = field(default_factory=list)
    wishes: dict[bool, list[Wish]] = field(default_factory=lambda: {False: [], True: []})
    asked: dict[tuple[bool, Claimant], _Spot] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def find(self, code: str, severity: Severity, message: str, fix: str = "") -> None:
        item = self.task.item
        self.findings.append(Finding(code, severity, item.id, item.vm_name, message, fix))


@dataclass(frozen=True, slots=True)
class _Spot:
    """One IP config on one side, with what is said of it explicitly."""

    side: Side
    nic: ReplicatedNic
    config: ReplicatedIpConfig
    given: Mapping[str, Any]

    def current(self, setting: str) -> Any:
        """What is set now."""
        return getattr(self.config, self.side.name(setting))

    def explicit(self, setting: str) -> Any:
        """What the configuration says of just this one; None: nothing."""
        return self.given.get(self.side.name(setting))

    @property
    def spoken_of(self) -> bool:
        """Whether the configuration gives a subnet or an address for just this one."""
        return self.explicit("subnet") is not None or self.explicit("address") is not None

    def setting(self, name: str, value: SettingValue, reason: str) -> Setting:
        """That setting with a value."""
        return Setting(self.side.name(name), value, self.nic.id, self.config.name, reason)

    def is_subnet(self, setting: Setting) -> bool:
        """Whether a setting is the subnet of this one."""
        return setting.key == self.setting("subnet", None, "").key

    def __str__(self) -> str:
        where = "test failover of " if self.side.test else ""
        return f"{where}{self.nic.name}/{self.config.name}"


class _Drafting:
    """Decides, item by item, on subnets and wishes."""

    def __init__(self, tasks: Sequence[ItemTask], inventory: Inventory, settings: Settings) -> None:
        self._inventory = inventory
        self._enforce = settings.nics.existing == "enforce"
        self._refuse_fallback = settings.nics.subnet_fallback == "refuse"
        self.books = {
            test: address_books(
                inventory,
                {side.network.id for task in tasks for side in task.sides if side.test is test},
                test=test,
            )
            for test in (False, True)
        }
        # Addresses that somebody holds while the plan is made need no second look at Azure.
        self.held_before = {
            (network, address)
            for books in self.books.values()
            for network, book in books.items()
            for address in book.holders
        }
        self._room: dict[tuple[bool, ArmId, str], int] = {}

    def draft(self, task: ItemTask) -> _Draft:
        draft = _Draft(task)
        draft.settings.extend(task.item_settings)
        for nic in task.item.nics:
            draft.settings.extend(task.exceptions.direct_settings(nic))
            for config in nic.ip_configs:
                given = task.exceptions.for_ip_config(nic, config)
                chosen = config.primary or given.get("selected", config.selected)
                if not chosen and "selected" not in given:
                    _not_selected(draft, nic, config)
                for side in task.sides:
                    spot = _Spot(side, nic, config, given)
                    if spot.spoken_of or (chosen and not side.explicit_only):
                        self._spot(draft, spot)
        return draft

    def _spot(self, draft: _Draft, spot: _Spot) -> None:
        choice = self._subnet(draft, spot)
        if choice.subnet is not None:
            draft.settings.append(spot.setting("subnet", choice.subnet.name, choice.reason))
            self._address(draft, spot, choice.subnet)

    def _subnet(self, draft: _Draft, spot: _Spot) -> SubnetChoice:
        """The subnet to have: the rule's, or the one that is set and kept."""
        current, explicit = spot.current("subnet"), spot.explicit("subnet")
        existing = spot.side.network.subnet(current) if current else None
        choice = choose_subnet(
            spot.config.source_subnet,
            spot.side.network,
            explicit=explicit,
            mapped=spot.side.subnets,
            refuse_fallback=self._refuse_fallback,
            full=self._full(spot.side, existing),
        )
        if existing is not None and explicit is None and existing != choice.subnet:
            if choice.subnet is None:
                return SubnetChoice(existing, choice.rule, "as it is set")
            if spot.nic.chosen_by_user and not self._enforce:
                _kept(draft, spot, "subnet", existing.name, choice.subnet.name, choice.reason)
                return SubnetChoice(existing, choice.rule, "as it is set")
        if choice.problem:
            _subnet_problem(draft, spot, choice)
        if current and existing is None and choice.subnet is not None:
            reason = f"{current} is no subnet of {spot.side.network.name}; {choice.reason}"
            return SubnetChoice(choice.subnet, choice.rule, reason)
        return choice

    def _full(self, side: Side, existing: Subnet | None) -> Callable[[Subnet], bool]:
        """Whether a subnet has no room for one more; who is in it already needs none."""

        def full(subnet: Subnet) -> bool:
            if subnet == existing:
                return False
            key = (side.test, side.network.id, subnet.name.lower())
            if key not in self._room:
                book = self.books[side.test][side.network.id]
                self._room[key] = capacity(subnet) - book.used_in(subnet)
            return self._room[key] <= 0

        return full

    def _address(self, draft: _Draft, spot: _Spot, subnet: Subnet) -> None:
        config, explicit = spot.config, spot.explicit("address")
        if isinstance(config.source_address, IPv6Address):
            message = f"{spot} has {config.source_address}: Site Recovery does not keep IPv6"
            draft.find("ipv6", Severity.INFO, message)
            return
        demand = demand_address(
            config,
            explicit,
            spot.side.addresses,
            spot.side.mode,
            self._home(spot),
            subnet,
        )
        if demand is None:
            self._check_unmanaged(draft, spot, subnet)
            return
        who = claimant(draft.task.item, spot.nic, config)
        wish = Wish(
            who,
            draft.task.item.id,
            spot.side.network.id,
            subnet,
            demand.preferred,
            demand.firm,
            demand.reason,
            demand.otherwise,
        )
        current = spot.current("address")
        valid = current is not None and subnet.holds(current) and not is_reserved(current, subnet)
        if valid and self._keeps(draft, spot, wish, demand):
            return
        if demand.dynamic:
            draft.settings.append(spot.setting("address", None, demand.reason))
        else:
            draft.wishes[spot.side.test].append(wish)
            draft.asked[(spot.side.test, who)] = spot

    def _keeps(self, draft: _Draft, spot: _Spot, wish: Wish, demand: Demand) -> bool:
        """Whether the valid address that is set stays; says what people should know about it.

        Only another word can move it, never that somebody else has it, too.
        """
        current: IpAddress = spot.current("address")
        book = self.books[spot.side.test][spot.side.network.id]
        differs = demand.strict and demand.preferred != current
        trouble = address_trouble(wish, book) if differs else None
        given = spot.explicit("address") is not None
        if differs and (given or self._enforce) and (trouble is None or (given and demand.firm)):
            return False
        holder = book.other_holder(current, wish.item, wish.claimant)
        if holder is not None:
            draft.find(
                "address-taken",
                Severity.WARNING,
                f"{spot}: address {current} is set, and {holder.who} has it; "
                "at failover another address would be used",
                "Free the address, or set another one in nics.settings.",
            )
        elif trouble is not None and demand.firm:
            draft.find(
                trouble.code,
                Severity.ERROR,
                f"{spot}: {trouble.text}, so {current} stays ({demand.reason})",
            )
        elif differs and trouble is None:
            wanted = "a dynamic one" if demand.dynamic else str(demand.preferred)
            _kept(draft, spot, "address", str(current), wanted, demand.reason)
        return True

    def _check_unmanaged(self, draft: _Draft, spot: _Spot, subnet: Subnet) -> None:
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

    def _home(self, spot: _Spot) -> Subnet | None:
        """The subnet that the IP config is in at the source."""
        home = spot.nic.source_network
        network = self._inventory.network(home) if home else None
        return network.subnet(spot.config.source_subnet or "") if network else None


def _not_selected(draft: _Draft, nic: ReplicatedNic, config: ReplicatedIpConfig) -> None:
    draft.find(
        "secondary-not-selected",
        Severity.WARNING,
        f"{nic.name}/{config.name} ({config.source_address}) is a secondary IP config that is not "
        "selected: it will not exist after a failover",
        "Add it to nics.settings with `selected: true`, or with `selected: false` on purpose.",
    )


def _kept(draft: _Draft, spot: _Spot, what: str, value: str, wanted: str, reason: str) -> None:
    draft.find(
        "set-by-hand",
        Severity.WARNING,
        f"{spot}: {what} {value} was set by somebody and is kept; the rule gives {wanted} "
        f"({reason})",
        "Name it in nics.settings to make it the declared value, or use --enforce.",
    )


def _subnet_problem(draft: _Draft, spot: _Spot, choice: SubnetChoice) -> None:
    codes = {
        SubnetRule.REFUSED: ("subnet-missing", Severity.WARNING),
        SubnetRule.NONE: ("subnet-none", Severity.ERROR),
    }
    other = ("subnet-unusable", Severity.WARNING)
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
    draft: _Draft,
    grants: Mapping[tuple[bool, Claimant], Grant],
    inventory: Inventory,
    references: References,
    held_before: set[tuple[ArmId, IpAddress]],
    out: ItemsPlan,
) -> None:
    """Turn a draft, and what its wishes got, into a change or a pending item."""
    task, item = draft.task, draft.task.item
    settings = list(draft.settings)
    for key, spot in draft.asked.items():
        grant = grants[key]
        if grant.trouble is None:
            assert grant.address is not None
            settings.append(spot.setting("address", grant.address, grant.reason))
        elif grant.trouble.code == "subnet-full":
            settings = [s for s in settings if not spot.is_subnet(s)]
            out.findings.append(_subnet_full(spot.side.network, grant.trouble))
        else:
            draft.find(grant.trouble.code, Severity.ERROR, f"{spot}: {grant.trouble.text}")
    settings.sort(key=_place_of(item))
    after = tuple(s for s in settings if not same_value(s.name, current_value(item, s), s.value))
    out.findings.extend(draft.findings)
    gone = references.gone(item_with(item, after))
    blocked = blocked_by(gone) if gone else None
    reason = not_ready(item) or _frozen(item, inventory) or blocked
    if reason and (after or not item.nics):
        out.pending.append(Pending(item.id, item.vm_name, reason))
    elif after:
        out.changes.append(_change(task, after, held_before))


def _place_of(item: ReplicatedItem) -> Callable[[Setting], tuple[int, int, bool]]:
    """The order in which people read settings: the item's, then those of each NIC and IP config."""
    nics = {nic.id: place for place, nic in enumerate(item.nics)}
    configs = {
        (nic.id, config.name.lower()): place
        for nic in item.nics
        for place, config in enumerate(nic.ip_configs)
    }

    def place(setting: Setting) -> tuple[int, int, bool]:
        if setting.nic is None:
            return (-1, -1, setting.place.test)
        config = configs.get((setting.nic, (setting.ip_config or "").lower()), -1)
        return (nics[setting.nic], config, setting.place.test)

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
        _summary(after),
        task.depends_on,
        claims,
    )


def _summary(after: Iterable[Setting]) -> str:
    """One reason for the change, from those of its settings: each said once."""
    return "; ".join(dict.fromkeys(s.reason for s in after if s.reason))


def _frozen(item: ReplicatedItem, inventory: Inventory) -> str | None:
    vm = inventory.vm(item.vm) if item.vm else None
    if vm is not None and any(name.lower() == FREEZE_TAG for name in vm.tags):
        return f"the tag {FREEZE_TAG} on the VM stops every write to it"
    return None


def existing_settings(items: Iterable[ReplicatedItem]) -> int:
    """How many NIC settings of the items have a value: what the safety limit is a share of.

    Whether an IP config is selected is none of them: Site Recovery sets that on every primary.
    """
    return sum(
        1
        for item in items
        for setting in _places(item)
        if setting.name != "selected" and current_value(item, setting)
    )


def _places(item: ReplicatedItem) -> Iterator[Setting]:
    for name, place in FIELDS.items():
        if place.level is Level.ITEM:
            yield Setting(name, None)
        for nic in item.nics if place.level is not Level.ITEM else ():
            if place.level is Level.NIC:
                yield Setting(name, None, nic.id)
            else:
                yield from (Setting(name, None, nic.id, c.name) for c in nic.ip_configs)
