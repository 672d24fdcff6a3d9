"""One VM's story: every rule that was considered, in its order, and what came of it.

Nothing is decided here. What the planner asks is asked again, of the same functions, and this
time also those branches are told that passed or were not reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import NotFound
from asr_netmap.models import (
    Direction,
    Inventory,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
)
from asr_netmap.planning.afterwards import inventory_after
from asr_netmap.planning.basis import FromRules
from asr_netmap.planning.change import Change
from asr_netmap.planning.exceptions import Exceptions
from asr_netmap.planning.item_tasks import ItemTasks
from asr_netmap.planning.naming import find_item
from asr_netmap.planning.network_planner import PlannedPair, plan_networks
from asr_netmap.planning.nic_planner import Decisions, decide_items
from asr_netmap.planning.nic_setting import Setting, SettingValue
from asr_netmap.planning.plan import Finding, Plan
from asr_netmap.planning.primary import nic_as_named
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.sources import find_sources
from asr_netmap.planning.spot import Decision, Spot, comes_along
from asr_netmap.rules.allocation import Grant
from asr_netmap.rules.branches import Branch, Considered, consider
from asr_netmap.rules.effective import Effective, Outlook
from asr_netmap.rules.readiness import not_ready
from asr_netmap.rules.target_network import target_branches
from asr_netmap.settings import Settings, from_document

GIVEN_OUT = "given out"
AS_IT_IS = "as it is set"


class Verdict(Enum):
    """What a rule came to."""

    DECIDES = "decides"
    PASSES = "passes"
    NOT_REACHED = "not reached"
    COMES_TO = "comes to"
    NOT_ASKED = "not asked"


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
    ruled_subnet, ruled_address -- what the rules come to, which is planned as soon as the item
        can be written.
    now, then -- where it will be as things are, and once the plan is applied.
    """

    test: bool
    subnet_steps: tuple[Step, ...]
    address_steps: tuple[Step, ...]
    nothing: str
    subnet: str | None
    address: str | None
    ruled_subnet: str | None
    ruled_address: str | None
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
class NetworksStory:
    """How the networks of the item came about.

    pair -- its source network and the one that this is mapped to, in words; empty: it has none.
    pair_steps -- the rule for the target of its source network; target_steps -- whose word counts
        for the item itself; test_steps -- the same for its test network.
    """

    pair: str
    pair_steps: tuple[Step, ...]
    target_steps: tuple[Step, ...]
    test_steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """All that is to be told of one VM.

    direction_reason, state -- in words. target_network, test_network -- after the plan.
    """

    item: ReplicatedItem
    direction: Direction
    direction_reason: str
    state: str
    networks: NetworksStory
    target_network: str
    test_network: str
    configs: tuple[ConfigStory, ...]
    change: Change | None
    pending: tuple[str, ...]
    findings: tuple[Finding, ...]
    plan: Plan

    @property
    def target_rule(self) -> str:
        """The branch of the rule that gave its source network a target; empty: there is none."""
        return decided_by(self.networks.pair_steps)

    @property
    def target_reason(self) -> str:
        """Why it goes where it goes, and why its source network does."""
        why = [_last_word(self.networks.target_steps)]
        if self.networks.pair:
            why.append(f"{self.networks.pair}: {_last_word(self.networks.pair_steps)}")
        return "; ".join(text for text in why if text)


def explain(inventory: Inventory, plan: Plan, vm: str) -> Story:
    """The story of one VM in a plan; pure.

    plan -- of the whole vault, by rules, made from the same inventory.
    Raises NotFound or AmbiguousName for the VM.
    """
    settings = from_document(plan.settings)
    item = find_item(vm, inventory, settings.regions)
    direction = settings.regions.direction_of(item.source_region, item.target_region)
    assert direction is not None, "an item of these regions has one"
    sources, _ = find_sources(inventory, settings)
    networks = plan_networks(sources, plan.scope.vault, inventory, settings)
    retarget = isinstance(plan.basis, FromRules) and plan.basis.retarget_items
    tasks = ItemTasks(inventory, settings, networks, Selection(), retarget=retarget)
    decisions = decide_items(list(tasks.tasks()), inventory, settings)
    telling = _Telling(inventory, plan, item, tasks.exceptions_of(item, direction), decisions)
    return Story(
        item,
        direction,
        _direction_reason(item, direction),
        not_ready(item) or "ready",
        _networks(item, direction, tasks, inventory, settings),
        str(telling.after.target_network or ""),
        str(telling.after.test_network or ""),
        tuple(telling.configs()),
        next((c for c in plan.changes if c.subject == item.id), None),
        tuple(p.reason for p in plan.pending if p.subject == item.id),
        tuple(f for f in plan.findings if f.subject == item.id),
        plan,
    )


def decided_by(steps: Sequence[Step]) -> str:
    """The name of the rule that had the last word; empty: none had."""
    return next((s.rule for s in steps if s.verdict is Verdict.DECIDES), "")


def _last_word(steps: Sequence[Step]) -> str:
    wanted = (Verdict.DECIDES, Verdict.NOT_ASKED)
    return next((s.why for s in steps if s.verdict in wanted), "")


def _direction_reason(item: ReplicatedItem, direction: Direction) -> str:
    pair = f"it replicates from {item.source_region} to {item.target_region}"
    if direction is Direction.FORWARD:
        return f"{pair}, as configured"
    return f"{pair}: it failed over and was reprotected, so rules and exceptions are turned round"


def _networks(
    item: ReplicatedItem,
    direction: Direction,
    tasks: ItemTasks,
    inventory: Inventory,
    settings: Settings,
) -> NetworksStory:
    planned = tasks.pair_of(item, direction)
    if planned is None:
        none = Step("network pair", Verdict.NOT_ASKED, "no pair of networks is that of its NICs")
        return NetworksStory("", (none,), (none,), (none,))
    exceptions = tasks.exceptions_of(item, direction)
    given = (item, direction, planned, exceptions)
    return NetworksStory(
        _pair_text(planned, direction),
        _steps(target_branches(planned.source, planned.wanted, settings, inventory)),
        _as_far_as_seen(lambda: tasks.target_branches(*given)),
        _as_far_as_seen(lambda: tasks.test_branches(*given)),
    )


def _pair_text(planned: PlannedPair, direction: Direction) -> str:
    maps, onto = planned.pair.ends(direction)
    return f"{maps.name} -> {onto.name}"


def _as_far_as_seen(branches: Callable[[], Iterable[Branch[ArmId]]]) -> tuple[Step, ...]:
    """The steps, or what was named and isn't among what could be read: the item waits for it."""
    try:
        return _steps(branches())
    except NotFound as error:
        return (Step("network", Verdict.NOT_ASKED, error.message),)


def _steps(branches: Iterable[Branch[Any]]) -> tuple[Step, ...]:
    return _told(consider(branches))


def _told(considered: Iterable[Considered[Any]]) -> tuple[Step, ...]:
    return tuple(_step(each) for each in considered)


def _step(considered: Considered[Any]) -> Step:
    answer = considered.answer
    if answer is None:
        return Step(considered.name, Verdict.NOT_REACHED)
    verdict = Verdict.DECIDES if answer.decides else Verdict.PASSES
    return Step(considered.name, verdict, answer.why)


class _Telling:
    """Tells IP config by IP config, with the plan at hand."""

    def __init__(
        self,
        inventory: Inventory,
        plan: Plan,
        item: ReplicatedItem,
        exceptions: Exceptions,
        decisions: Decisions,
    ) -> None:
        self._item, self._exceptions, self._decisions = item, exceptions, decisions
        self._draft = decisions.draft_of(item)
        coming = inventory_after(inventory, plan.changes)
        self.after = coming.item(item.id) or item
        self._now, self._then = Outlook(inventory), Outlook(coming)

    def configs(self) -> Iterator[ConfigStory]:
        """The stories of the item's IP configs, in its order."""
        for nic in self._item.nics:
            for config in nic_as_named(nic, self._exceptions).ip_configs:
                source = f"{config.source_subnet or '(subnet unknown)'} {config.source_address}"
                kind = {True: "static", False: "dynamic", None: "kind unknown"}
                yield ConfigStory(
                    nic.name,
                    config.name,
                    config.primary,
                    comes_along(config),
                    f"{source} {kind[config.source_static]}",
                    tuple(self._side(nic, config, test=test) for test in (False, True)),
                )

    def _side(self, nic: ReplicatedNic, config: ReplicatedIpConfig, *, test: bool) -> SideStory:
        decision = self._decision(nic, config, test=test)
        grant = self._decisions.grant(decision) if decision is not None else None
        old = nic.ip_config(config.name) or config
        new_nic = self.after.nic(nic.id) or nic
        new = new_nic.ip_config(config.name) or config
        ruled = {s.name: s.value for s in self._ruled(nic, config, decision, grant)}
        subnet, address = ("test_subnet", "test_address") if test else ("subnet", "address")
        return SideStory(
            test,
            tuple(_subnet_steps(decision, grant)) if decision else (),
            tuple(_address_steps(decision, grant)) if decision else (),
            "" if decision else self._nothing(nic, config, test=test),
            subnet=_text(getattr(old, subnet)),
            address=_text(getattr(old, address)),
            ruled_subnet=_text(ruled.get(subnet, getattr(old, subnet))),
            ruled_address=_text(ruled.get(address, getattr(old, address))),
            planned_subnet=_text(getattr(new, subnet)),
            planned_address=_text(getattr(new, address)),
            now=self._now.of(self._item, nic, old, test=test),
            then=self._then.of(self.after, new_nic, new, test=test),
        )

    def _decision(
        self, nic: ReplicatedNic, config: ReplicatedIpConfig, *, test: bool
    ) -> Decision | None:
        for decision in self._draft.decisions if self._draft else ():
            spot = decision.spot
            if (spot.nic.id, spot.config.name, spot.side.test) == (nic.id, config.name, test):
                return decision
        return None

    def _ruled(
        self,
        nic: ReplicatedNic,
        config: ReplicatedIpConfig,
        decision: Decision | None,
        grant: Grant | None,
    ) -> Iterator[Setting]:
        """What is to be set for one IP config, by rules or because rows clear it."""
        for setting in self._draft.settings if self._draft else ():
            if (setting.nic, setting.ip_config) == (nic.id, config.name):
                yield setting
        if decision is not None:
            yield from decision.settings(grant)

    def _nothing(self, nic: ReplicatedNic, config: ReplicatedIpConfig, *, test: bool) -> str:
        """Why no rule is asked."""
        if self._draft is None:
            return "no rule is asked: the item can't be planned now"
        side = next((s for s in self._draft.task.sides if s.test is test), None)
        if side is None and test and self.after.test_network is not None:
            return "no rule is asked: nothing is said of it in test failovers"
        if side is None:
            lack = f"no rule is asked: no {'test' if test else 'target'} network is set for it"
            mine = self._ruled(nic, config, None, None)
            cleared = [s for s in mine if s.place.test is test and not s.value]
            return f"{lack}; what rows clear of it is cleared" if cleared else lack
        given = self._exceptions.for_ip_config(nic, config)
        return Spot(side, nic, config, given).left_alone


def _subnet_steps(decision: Decision, grant: Grant | None) -> Iterator[Step]:
    yield from _told(decision.subnet.considered)
    if grant is not None and grant.trouble is not None and grant.trouble.no_room:
        yield Step(GIVEN_OUT, Verdict.COMES_TO, "not set: there is no room for its address")


def _address_steps(decision: Decision, grant: Grant | None) -> Iterator[Step]:
    """The rules for the address, in their order, and what came of the one that decided."""
    asked = decision.address
    if asked is None:
        yield Step("address", Verdict.NOT_ASKED, decision.no_address)
        return
    yield from _told(asked.considered)
    current = decision.spot.current("address")
    stays = current or "no address"
    if asked.demand is None:
        yield Step(AS_IT_IS, Verdict.COMES_TO, str(stays))
    elif asked.clears:
        yield Step(GIVEN_OUT, Verdict.COMES_TO, f"dynamic: {asked.demand.reason}")
    elif asked.stays and not asked.differs:
        yield Step(AS_IT_IS, Verdict.COMES_TO, f"{current}: it is set, and valid")
    elif grant is not None and grant.trouble is not None:
        text = f"{grant.trouble.text}, so it stays as it is: {stays}"
        yield Step(GIVEN_OUT, Verdict.COMES_TO, text)
    elif grant is not None:
        yield Step(GIVEN_OUT, Verdict.COMES_TO, f"{grant.address}: {grant.reason}")


def _text(value: SettingValue) -> str | None:
    return None if value is None else str(value)
