"""One VM's story: every rule that was considered, in its order, and what came of it.

Nothing is decided here. The same rules are asked as by the planner, one after the other, and the
plan says what they come to; a rule says of itself whether it decided, and if not, why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from asr_netmap.models import (
    Direction,
    Inventory,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
    Subnet,
)
from asr_netmap.planning.afterwards import inventory_after
from asr_netmap.planning.change import Change, ItemState
from asr_netmap.planning.item_tasks import ItemTasks
from asr_netmap.planning.naming import find_item
from asr_netmap.planning.network_planner import NetworksPlan, plan_networks
from asr_netmap.planning.nic_planner import ItemTask, Side
from asr_netmap.planning.nic_setting import Setting
from asr_netmap.planning.plan import Finding, Plan
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.sources import find_sources, networks_of
from asr_netmap.rules.addresses import demand_address
from asr_netmap.rules.allocation import address_books, capacity
from asr_netmap.rules.effective import Effective, Outlook
from asr_netmap.rules.readiness import not_ready
from asr_netmap.rules.subnets import SubnetChoice, SubnetRule, choose_subnet, unusable
from asr_netmap.rules.target_network import choose_target
from asr_netmap.settings import AddressMode, Settings


class Verdict(Enum):
    """What a rule came to."""

    DECIDES = "decides"
    PASSES = "passes"
    NOT_REACHED = "not reached"
    COMES_TO = "comes to"


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was considered, and why it decided or did not."""

    rule: str
    verdict: Verdict
    why: str = ""


@dataclass(frozen=True, slots=True)
class SideStory:
    """Failover or test failover of one IP config.

    subnet_steps, address_steps -- in the order in which the rules are asked; empty: none is, and
        `nothing` says why.
    subnet, address -- what is set now; planned_subnet, planned_address -- after the plan.
    now, then -- where it will be as things are, and once the plan is applied.
    """

    test: bool
    subnet_steps: tuple[Step, ...]
    address_steps: tuple[Step, ...]
    nothing: str
    subnet: str | None
    address: str | None
    planned_subnet: str | None
    planned_address: str | None
    now: Effective
    then: Effective


@dataclass(frozen=True, slots=True)
class ConfigStory:
    """One IP config: its source, and both sides."""

    nic: str
    ip_config: str
    primary: bool
    selected: bool
    source: str
    sides: tuple[SideStory, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """All that is to be told of one VM.

    direction_reason, state -- in words. target_rule, target_reason -- the branch of the rule for
    its network, and why; both are empty where no pair of networks is its own.
    """

    item: ReplicatedItem
    direction: Direction
    direction_reason: str
    state: str
    target_network: str
    target_rule: str
    target_reason: str
    test_network: str
    configs: tuple[ConfigStory, ...]
    change: Change | None
    pending: tuple[str, ...]
    findings: tuple[Finding, ...]
    plan: Plan


def explain(inventory: Inventory, settings: Settings, plan: Plan, vm: str) -> Story:
    """The story of one VM in a plan; pure.

    plan -- of the whole vault, made from the same inventory and settings.
    Raises NotFound or AmbiguousName for the VM.
    """
    item = find_item(vm, inventory, settings.regions)
    direction = settings.regions.direction_of(item.source_region, item.target_region)
    assert direction is not None, "an item of these regions has one"
    sources, _ = find_sources(inventory, settings)
    networks = plan_networks(sources, plan.scope.vault, inventory, settings)
    tasks = ItemTasks(inventory, settings, networks, Selection(), retarget=False)
    task = next((task for task in tasks.tasks() if task.item.id == item.id), None)
    telling = _Telling(inventory, settings, plan, item, task)
    rule, reason = _target(item, direction, networks, inventory, settings)
    change = next((c for c in plan.changes if c.subject == item.id), None)
    after = telling.after
    return Story(
        item,
        direction,
        _direction_reason(item, direction),
        not_ready(item) or "ready",
        str(after.target_network or ""),
        rule,
        _chosen_reason(task, item, reason),
        str(after.test_network or ""),
        tuple(telling.configs()),
        change,
        tuple(p.reason for p in plan.pending if p.subject == item.id),
        tuple(f for f in plan.findings if f.subject == item.id),
        plan,
    )


def _direction_reason(item: ReplicatedItem, direction: Direction) -> str:
    pair = f"it replicates from {item.source_region} to {item.target_region}"
    if direction is Direction.FORWARD:
        return f"{pair}, as configured"
    return f"{pair}: it failed over and was reprotected, so rules and exceptions are turned round"


def _target(
    item: ReplicatedItem,
    direction: Direction,
    networks: NetworksPlan,
    inventory: Inventory,
    settings: Settings,
) -> tuple[str, str]:
    own = networks_of(item, inventory)
    for planned in networks.pairs:
        maps, onto = planned.pair.ends(direction)
        if maps in own:
            choice = choose_target(planned.source, planned.wanted, settings, inventory)
            pair = f"{maps.name} -> {onto.name}"
            return choice.rule.value, f"{pair}: {choice.reason}"
    return "", "no pair of networks is that of its NICs"


def _chosen_reason(task: ItemTask | None, item: ReplicatedItem, reason: str) -> str:
    given = task.item_settings[0].reason if task is not None and task.item_settings else ""
    if given:
        return f"{given}; {reason}"
    kept = "the item selects its own network, and that is kept"
    return f"{kept}; {reason}" if task is not None and item.target_network else reason


class _Telling:
    """Tells IP config by IP config, with the plan at hand."""

    def __init__(
        self,
        inventory: Inventory,
        settings: Settings,
        plan: Plan,
        item: ReplicatedItem,
        task: ItemTask | None,
    ) -> None:
        self._inventory, self._settings = inventory, settings
        self._item, self._task = item, task
        coming = inventory_after(inventory, plan.changes)
        self.after = coming.item(item.id) or item
        self._now, self._then = Outlook(inventory), Outlook(coming)
        self._settings_planned = tuple(_planned(plan, item))

    def configs(self) -> Iterator[ConfigStory]:
        for nic in self._item.nics:
            for config in nic.ip_configs:
                given: Mapping[str, Any] = {}
                if self._task is not None:
                    given = self._task.exceptions.for_ip_config(nic, config)
                source = f"{config.source_subnet or '(subnet unknown)'} {config.source_address}"
                kind = {True: "static", False: "dynamic", None: "kind unknown"}
                yield ConfigStory(
                    nic.name,
                    config.name,
                    config.primary,
                    bool(config.primary or given.get("selected", config.selected)),
                    f"{source} {kind[config.source_static]}",
                    tuple(self._side(nic, config, given, test=test) for test in (False, True)),
                )

    def _side(
        self,
        nic: ReplicatedNic,
        config: ReplicatedIpConfig,
        given: Mapping[str, Any],
        *,
        test: bool,
    ) -> SideStory:
        side = next((s for s in self._task.sides if s.test is test), None) if self._task else None
        new_nic = self.after.nic(nic.id) or nic
        new = new_nic.ip_config(config.name) or config
        nothing = self._nothing(side, config, given, test=test)
        subnet_steps: tuple[Step, ...] = ()
        address_steps: tuple[Step, ...] = ()
        if side is not None and not nothing:
            spot = _Spot(self._inventory, self._settings, self._item, side, nic, config, given)
            subnet_steps = tuple(spot.subnet_steps())
            setting = self._planned_address(spot)
            address_steps = tuple(spot.address_steps(_value(new, "address", test), setting))
        return SideStory(
            test,
            subnet_steps,
            address_steps,
            nothing,
            _value(config, "subnet", test),
            _value(config, "address", test),
            _value(new, "subnet", test),
            _value(new, "address", test),
            self._now.of(self._item, nic, config, test=test),
            self._then.of(self.after, new_nic, new, test=test),
        )

    def _nothing(
        self, side: Side | None, config: ReplicatedIpConfig, given: Mapping[str, Any], *, test: bool
    ) -> str:
        """Why no rule is asked; empty: they are."""
        if self._task is None:
            return "no rule is asked: the item can't be planned now"
        if side is None:
            what = "test network" if test else "target network"
            return f"no rule is asked: no {what} is configured for it"
        spoken = any(given.get(side.name(name)) is not None for name in ("subnet", "address"))
        if side.explicit_only and not spoken:
            return "left as it is: nothing is said of it"
        if not spoken and not (config.primary or given.get("selected", config.selected)):
            return "no rule is asked: a secondary IP config that is not selected"
        return ""

    def _planned_address(self, spot: _Spot) -> Setting | None:
        name = spot.side.name("address")
        key = Setting(name, None, spot.nic.id, spot.config.name).key
        return next((s for s in self._settings_planned if s.key == key), None)


@dataclass(frozen=True, slots=True)
class _Spot:
    """One IP config on one side, with all that the rules ask for."""

    inventory: Inventory
    settings: Settings
    item: ReplicatedItem
    side: Side
    nic: ReplicatedNic
    config: ReplicatedIpConfig
    given: Mapping[str, Any]

    def explicit(self, name: str) -> Any:
        """What the configuration says of just this one."""
        return self.given.get(self.side.name(name))

    @property
    def existing(self) -> Subnet | None:
        """The subnet that is set, if the network has it."""
        name = getattr(self.config, self.side.name("subnet"))
        return self.side.network.subnet(name) if name else None

    def choice(self) -> SubnetChoice:
        """The rule's choice."""
        return choose_subnet(
            self.config.source_subnet,
            self.side.network,
            explicit=self.explicit("subnet"),
            mapped=self.side.subnets,
            refuse_fallback=self.settings.nics.subnet_fallback == "refuse",
            full=self._full(),
        )

    def kept(self, choice: SubnetChoice) -> bool:
        """Whether the subnet that is set stays against the rule's choice."""
        existing = self.existing
        if existing is None or self.explicit("subnet") is not None or existing == choice.subnet:
            return False
        enforce = self.settings.nics.existing == "enforce"
        return choice.subnet is None or (self.nic.chosen_by_user and not enforce)

    def subnet(self) -> Subnet | None:
        """The subnet that it comes to."""
        choice = self.choice()
        return self.existing if self.kept(choice) else choice.subnet

    def subnet_steps(self) -> Iterator[Step]:
        """The rules for the subnet, in their order."""
        choice = self.choice()
        kept = self.kept(choice)
        decided = False
        for rule, why in self._subnet_rules():
            if decided:
                yield Step(rule.value, Verdict.NOT_REACHED)
            elif rule is choice.rule:
                decided = True
                yield Step(rule.value, Verdict.DECIDES, choice.problem or choice.reason)
            else:
                yield Step(rule.value, Verdict.PASSES, why)
        if not decided:
            yield Step(choice.rule.value, Verdict.DECIDES, choice.problem or choice.reason)
        if kept and self.existing is not None:
            why = f"{self.existing.name} was set by somebody and stays against the rule"
            yield Step("what is set", Verdict.DECIDES, why)

    def _subnet_rules(self) -> Iterator[tuple[SubnetRule, str]]:
        source, network = self.config.source_subnet, self.side.network
        yield SubnetRule.EXPLICIT, "no subnet is named for it"
        yield SubnetRule.MAPPED, f"the configuration maps {source or 'an unknown subnet'} to none"
        same = network.subnet(source) if source else None
        trouble = unusable(same, self._full()) if same else ""
        why = f"{same.name} {trouble}" if same else f"{network.name} has no subnet {source}"
        yield SubnetRule.SAME_NAME, why
        first = min(network.subnets, key=lambda s: s.name.lower(), default=None)
        trouble = unusable(first, self._full()) if first else ""
        why = f"{first.name} {trouble}" if first and trouble else "not taken"
        yield SubnetRule.FIRST, why if first else f"{network.name} has no subnet"

    def _full(self) -> Callable[[Subnet], bool]:
        network, existing = self.side.network.id, self.existing
        book = address_books(self.inventory, [network], test=self.side.test)[network]
        return lambda s: s != existing and capacity(s) - book.used_in(s) <= 0

    def address_steps(self, planned: str | None, setting: Setting | None) -> Iterator[Step]:
        """The rules for the address, in their order, and what came of the one that decided.

        planned -- the address after the plan; setting -- what the plan writes, if it does.
        """
        subnet = self.subnet()
        if subnet is None:
            yield Step("address", Verdict.PASSES, "no subnet, so no address")
            return
        if isinstance(self.config.source_address, IPv6Address):
            why = f"{self.config.source_address} is IPv6, which Site Recovery does not keep"
            yield Step("address", Verdict.PASSES, why)
            return
        yield from self._deciding(subnet)
        demand = self._demand(subnet)
        if setting is not None:
            yield Step("given out", Verdict.COMES_TO, f"{planned or 'dynamic'}: {setting.reason}")
        elif demand is not None and planned is not None:
            wanted = "none" if demand.dynamic else str(demand.preferred or "any free one")
            why = f"{planned} is set and valid"
            if demand.strict and wanted != planned:
                why += f", and stays against the rule, which gives {wanted}; see the findings"
            yield Step("what is set", Verdict.DECIDES, why)

    def _demand(self, subnet: Subnet) -> Any:
        return demand_address(
            self.config,
            self.explicit("address"),
            self.side.addresses,
            self.side.mode,
            self._home(),
            subnet,
        )

    def _deciding(self, subnet: Subnet) -> Iterator[Step]:
        demand, explicit = self._demand(subnet), self.explicit("address")
        outcome = demand.reason if demand is not None else "it is left as it is"
        decided = explicit is not None
        why = outcome if decided else "no address or mode is given for it"
        yield Step("explicit", Verdict.DECIDES if decided else Verdict.PASSES, why)
        for step, decides in self._prefix_rules(outcome, decided=decided):
            decided = decided or decides
            yield step
        mode = self.side.mode
        if decided:
            yield Step(f"mode {mode.value}", Verdict.NOT_REACHED)
        elif mode is not AddressMode.ASR_DEFAULT:
            yield Step(f"mode {mode.value}", Verdict.DECIDES, outcome)
        else:
            yield Step(f"mode {mode.value}", Verdict.PASSES, "asks for the documented rule")
        documented = "documented rule (2017, 2026)"
        asked = mode if explicit is None else explicit
        if asked is not AddressMode.ASR_DEFAULT or (decided and explicit is None):
            yield Step(documented, Verdict.NOT_REACHED)
        else:
            unknown = "the source's address or its kind is not known, so it is left as it is"
            yield Step(documented, Verdict.DECIDES, outcome if demand is not None else unknown)

    def _prefix_rules(self, outcome: str, *, decided: bool) -> Iterator[tuple[Step, bool]]:
        source = self.config.source_address
        if not self.side.addresses:
            verdict = Verdict.NOT_REACHED if decided else Verdict.PASSES
            why = "" if decided else "none is configured for this network"
            yield Step("prefix rules", verdict, why), False
        for rule in self.side.addresses:
            name = f"prefix rule {rule.from_} -> {rule.to}"
            fits = isinstance(source, IPv4Address) and rule.translate(source) is not None
            if decided:
                yield Step(name, Verdict.NOT_REACHED), False
            elif fits:
                decided = True
                yield Step(name, Verdict.DECIDES, outcome), True
            else:
                yield Step(name, Verdict.PASSES, f"does not hold {source}"), False

    def _home(self) -> Subnet | None:
        home = self.nic.source_network
        network = self.inventory.network(home) if home else None
        return network.subnet(self.config.source_subnet or "") if network else None


def decided_by(steps: Sequence[Step]) -> str:
    """The name of the rule that had the last word; empty: none had."""
    return next((s.rule for s in reversed(steps) if s.verdict is Verdict.DECIDES), "")


def _planned(plan: Plan, item: ReplicatedItem) -> Iterator[Setting]:
    for change in plan.changes:
        if change.subject == item.id and isinstance(change.after, ItemState):
            yield from change.after.settings


def _value(config: ReplicatedIpConfig, name: str, test: bool) -> str | None:
    value = getattr(config, f"test_{name}" if test else name)
    return None if value is None else str(value)
