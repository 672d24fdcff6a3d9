"""Target networks, resource groups, fabrics and mappings: from source networks to changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import NotFound, UsageError
from asr_netmap.models import Direction, Inventory, Network, NetworkMapping
from asr_netmap.planning.change import (
    Action,
    Change,
    FabricState,
    GroupState,
    Kind,
    MappingState,
    NetworkState,
    change_id,
)
from asr_netmap.planning.commands import az, subnet_id
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.planning.sources import Source
from asr_netmap.rules.lookup import maybe_unseen
from asr_netmap.rules.mapping_pair import (
    MappingStep,
    NetworkPair,
    StepAction,
    fabric_id,
    mapped_beside,
    mappings_of,
    outdated_reverse,
    pair_steps,
    refuse_shared_targets,
)
from asr_netmap.rules.network_copy import ATTACHED, NotCopied, copy_network, lacks
from asr_netmap.rules.target_network import TargetChoice, TargetRule, choose_target
from asr_netmap.settings import NetworkSettings, Settings


@dataclass(frozen=True, slots=True)
class PlannedPair:
    """A pair of networks, and what has to be done before items can use it.

    target -- the network as it is or will be; None: it can't be there after this plan.
    blocked -- why the items of the pair have to wait; empty: they need not.
    mapped_back -- whether the target's reverse mapping goes to this source; only one can have it.
    """

    pair: NetworkPair
    source: Network
    target: Network | None
    wanted: NetworkSettings | None
    depends_on: tuple[str, ...]
    blocked: str = ""
    mapped_back: bool = True


@dataclass
class NetworksPlan:
    """Pairs, changes and findings of all networks.

    unseen -- source networks whose target could not be looked at, and why.
    """

    unseen: dict[ArmId, str] = field(default_factory=dict)
    pairs: list[PlannedPair] = field(default_factory=list)
    changes: dict[str, Change] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, change: Change) -> str:
        """Take a change in once, and return its id."""
        self.changes.setdefault(change.id, change)
        return change.id


def plan_networks(
    sources: Sequence[Source], vault: ArmId, inventory: Inventory, settings: Settings
) -> NetworksPlan:
    """What makes every source's pair of networks and mappings as it should be.

    Raises the errors of `choose_target`, and SharedTarget.
    """
    plan = NetworksPlan()
    chosen = list(_chosen(plan, sources, inventory, settings))
    pairs = [choice.pair for _, choice in chosen]
    beside = mapped_beside(pairs, settings.regions, inventory)
    refuse_shared_targets((*pairs, *beside), allowed=settings.safety.allow_shared_target)
    mapped_back = _mapped_back((*pairs, *beside), settings, inventory)
    unread = _unread(vault, inventory)
    plan.findings.extend(_selected_by_others(pairs, settings, inventory))
    drafts = []
    for source, choice in chosen:
        pair = choice.pair
        reverse = mapped_back[pair.target] == pair.source
        if not reverse:
            plan.findings.append(_no_way_back(pair, mapped_back[pair.target]))
        draft = PlannedPair(pair, source.network, None, source.wanted, (), unread, reverse)
        drafts.append(
            draft if unread else _with_target(plan, draft, source, choice, inventory, settings)
        )
    going = _going(drafts, settings, inventory)
    plan.pairs = [_with_mappings(plan, d, going, vault, inventory, settings) for d in drafts]
    return plan


def _selected_by_others(
    pairs: Sequence[NetworkPair], settings: Settings, inventory: Inventory
) -> Iterator[Finding]:
    """Items of other networks that fail over into a target of `pairs`, network by network."""
    sources = {pair.source for pair in pairs}
    targets = {pair.target for pair in pairs}
    others: dict[tuple[ArmId, ArmId], list[str]] = {}
    for item in inventory.items:
        goes = settings.regions.direction_of(item.source_region, item.target_region)
        target = item.target_network
        if goes is not Direction.FORWARD or target not in targets:
            continue
        for network in () if item.source_networks & sources else item.source_networks:
            others.setdefault((target, network), []).append(item.vm_name)
    for (target, network), names in sorted(others.items()):
        yield Finding(
            "target-selected-by-others",
            Severity.WARNING,
            target,
            target.name,
            f"{len(names)} item(s) of {network.name} fail over into {target.name}, too "
            f"({', '.join(sorted(names)[:5])}): the two networks share one target",
            f"Give {network.name} a target of its own, or these items another network.",
        )


def _chosen(
    plan: NetworksPlan, sources: Iterable[Source], inventory: Inventory, settings: Settings
) -> Iterator[tuple[Source, TargetChoice]]:
    """Every source with its target, but for those whose target could not be looked at."""
    for source in sources:
        choice = _choice(plan, source, inventory, settings)
        if choice is not None:
            yield source, choice


def _choice(
    plan: NetworksPlan, source: Source, inventory: Inventory, settings: Settings
) -> TargetChoice | None:
    try:
        return choose_target(source.network, source.wanted, settings, inventory)
    except NotFound as error:
        wanted = source.named_target
        if wanted is None or not maybe_unseen(wanted, inventory):
            raise
        plan.unseen[source.network.id] = f"its target network {wanted} could not be looked at"
        title = f"{source.network.name} -> {wanted}"
        plan.findings.append(
            Finding(
                "network-not-looked-at",
                Severity.WARNING,
                source.network.id,
                title,
                error.message,
                error.hint,
            )
        )
        return None


def _unread(vault: ArmId, inventory: Inventory) -> str:
    """What of the vault could not be read that pairs are decided by; empty: nothing.

    Mappings that nobody saw would be made a second time, and a freeze that nobody saw be broken.
    """
    for gap in inventory.not_looked_at:
        if gap.scope is not None and (
            gap.scope == vault or gap.scope.named("replicationNetworkMappings")
        ):
            return f"{gap.what} could not be read"
    return ""


def _with_target(
    plan: NetworksPlan,
    draft: PlannedPair,
    source: Source,
    choice: TargetChoice,
    inventory: Inventory,
    settings: Settings,
) -> PlannedPair:
    if choice.network is None:
        target, waits, blocked = _create_target(plan, source, choice, inventory, settings)
        return replace(draft, target=target, depends_on=waits, blocked=blocked)
    if choice.network.region != settings.target_region:
        raise UsageError(
            f"The target of {choice.source.name}, {choice.target}, is in "
            f"{choice.network.region}, not in {settings.target_region}.",
            "Name a network of the target region.",
        )
    lacking = lacks(source.network, choice.network, inventory)
    plan.findings.extend(_lack_findings(choice.network, lacking, source.network))
    return replace(draft, target=choice.network)


def _going(
    drafts: Iterable[PlannedPair], settings: Settings, inventory: Inventory
) -> dict[ArmId, ArmId]:
    """The reverse mappings that this plan deletes, by the network that they map."""
    found = (
        outdated_reverse(draft.pair, settings.regions, inventory)
        for draft in drafts
        if not draft.blocked
    )
    return {mapping.source_network: mapping.id for mapping in found if mapping is not None}


def _create_target(
    plan: NetworksPlan,
    source: Source,
    choice: TargetChoice,
    inventory: Inventory,
    settings: Settings,
) -> tuple[Network | None, tuple[str, ...], str]:
    """The network to come, what its users wait for, and what is in the way."""
    title = f"{source.network.name} -> {choice.target.name}"
    if not inventory.looked_at(choice.target):
        message = f"whether {choice.target} exists could not be looked at"
        plan.findings.append(
            Finding("network-not-looked-at", Severity.WARNING, choice.target, title, message)
        )
        return None, (), message
    if choice.rule is not TargetRule.CREATE:
        message = f"the target of {source.network.name}, {choice.target}, does not exist"
        plan.findings.append(
            Finding(
                "target-network-gone",
                Severity.ERROR,
                choice.target,
                title,
                message + f" ({choice.reason})",
                "Name another target in the configuration, or create the network again.",
            )
        )
        return None, (), message
    attach = source.wanted.attach if source.wanted else {}
    copy = copy_network(source.network, choice.target, settings, attach, inventory)
    plan.findings.extend(_copy_findings(copy.network, copy.not_copied, source.network))
    plan.findings.extend(_overlaps(copy.network, source.network, inventory))
    plan.findings.extend(_attached_nowhere(attach, copy.network))
    if not settings.safety.create_networks:
        plan.findings.append(_to_be_created_by_others(copy.network, title))
        return None, (), f"{choice.target.name} has to be created first"
    waits = _group_change(plan, choice.target.group_id, inventory, settings)
    network = copy.network
    state = NetworkState(
        network.region,
        network.address_space,
        network.subnets,
        network.dns_servers,
        network.tags,
        network.ddos_plan,
    )
    change = Change(
        Kind.NETWORK, Action.CREATE, network.id, title, None, state, choice.reason, waits
    )
    return network, (plan.add(change),), ""


def _group_change(
    plan: NetworksPlan, group: ArmId, inventory: Inventory, settings: Settings
) -> tuple[str, ...]:
    if any(known.id == group for known in inventory.groups):
        return ()
    reason = f"the resource group {group.group} for the new network does not exist"
    state = GroupState(settings.target_region, settings.tags)
    change = Change(Kind.RESOURCE_GROUP, Action.CREATE, group, group.group, None, state, reason)
    return (plan.add(change),)


def _with_mappings(
    plan: NetworksPlan,
    draft: PlannedPair,
    going: Mapping[ArmId, ArmId],
    vault: ArmId,
    inventory: Inventory,
    settings: Settings,
) -> PlannedPair:
    """Add the mapping changes of a pair; its items wait for them.

    going -- mappings that this plan deletes, by the network that they map.
    """
    if draft.blocked:
        return draft
    steps = pair_steps(
        draft.pair,
        vault,
        settings.regions,
        inventory,
        reverse=draft.mapped_back,
        going=going.values(),
    )
    plan.findings.extend(_unpaired(draft.pair, inventory))
    if not steps:
        return draft
    waits = (*draft.depends_on, *_fabric_changes(plan, vault, inventory, settings))
    in_order = any(step.action is not StepAction.CREATE for step in steps)
    done: list[str] = []
    for step in steps:
        before = done[-1:] if in_order else []
        if step.action is StepAction.CREATE and step.maps in going:
            before = [*before, change_id(Kind.MAPPING, Action.DELETE, going[step.maps])]
        change = mapping_change(step, (*waits, *before), vault, inventory, settings)
        done.append(plan.add(change))
    return replace(draft, depends_on=(*draft.depends_on, *done))


def mapping_change(
    step: MappingStep,
    depends_on: tuple[str, ...],
    vault: ArmId,
    inventory: Inventory,
    settings: Settings,
) -> Change:
    """The change that carries out one step of the mapping rule."""
    regions = settings.regions
    region = regions.target if step.direction is Direction.FORWARD else regions.source
    present = next((m.target_fabric for m in inventory.mappings if m.id == step.mapping), None)
    fabric = (present or fabric_id(vault, region, inventory)).name
    before = MappingState(step.maps, step.onto_before, fabric) if step.onto_before else None
    after = MappingState(step.maps, step.onto, fabric)
    return Change(
        Kind.MAPPING,
        Action(step.action.value),
        step.mapping,
        f"{step.maps.name} -> {step.onto.name} ({step.direction.value})",
        before,
        None if step.action is StepAction.DELETE else after,
        step.reason,
        depends_on,
    )


def _fabric_changes(
    plan: NetworksPlan, vault: ArmId, inventory: Inventory, settings: Settings
) -> Iterator[str]:
    for region in (settings.source_region, settings.target_region):
        if inventory.fabric_in(region) is None:
            fabric = fabric_id(vault, region, inventory)
            reason = f"the vault has no fabric of {region}; mappings need one of each region"
            change = Change(
                Kind.FABRIC,
                Action.CREATE,
                fabric,
                fabric.name,
                None,
                FabricState(region),
                reason,
            )
            yield plan.add(change)


def _mapped_back(
    pairs: Iterable[NetworkPair], settings: Settings, inventory: Inventory
) -> dict[ArmId, ArmId]:
    """For each target the one source that it is mapped back to: the present one, else the first."""
    sources: dict[ArmId, list[ArmId]] = {}
    for pair in pairs:
        sources.setdefault(pair.target, []).append(pair.source)
    back: dict[ArmId, ArmId] = {}
    for mapping in mappings_of(Direction.REVERSE, settings.regions, inventory):
        back.setdefault(mapping.source_network, mapping.target_network)
    return {
        target: back[target] if back.get(target) in candidates else candidates[0]
        for target, candidates in sources.items()
    }


def _no_way_back(pair: NetworkPair, other: ArmId) -> Finding:
    return Finding(
        "shared-target",
        Severity.WARNING,
        pair.source,
        f"{pair.source.name} -> {pair.target.name}",
        f"{pair.target.name} is mapped back to {other.group}/{other.name}, so "
        f"{pair.source.name} has no reverse mapping: its VMs "
        "would fail back into the wrong network",
        f"Give {pair.source.name} a target of its own.",
    )


def _unpaired(pair: NetworkPair, inventory: Inventory) -> Iterator[Finding]:
    for mapping in inventory.mappings:
        if not mapping.paired and _belongs(mapping, pair):
            yield Finding(
                "mapping-not-paired",
                Severity.ERROR,
                mapping.id,
                f"{mapping.source_network.name} -> {mapping.target_network.name}",
                f"the mapping exists, but its state is {mapping.state or 'unknown'}, not Paired",
                "Look at the vault's Site Recovery jobs; remove it with `asr-netmap unmap` and "
                "map again if it stays so.",
            )


def _belongs(mapping: NetworkMapping, pair: NetworkPair) -> bool:
    ends = (mapping.source_network, mapping.target_network)
    return ends in ((pair.source, pair.target), (pair.target, pair.source))


def _copy_findings(
    copy: Network, not_copied: Iterable[NotCopied], source: Network
) -> Iterator[Finding]:
    for lack in not_copied:
        where = f"subnet {lack.subnet}" if lack.subnet else "the network"
        loss = "; the way out of the subnet and reprotect may depend on it" if lack.egress else ""
        yield Finding(
            "not-copied",
            Severity.WARNING if lack.subnet else Severity.INFO,
            copy.id,
            copy.name,
            f"{where} of {source.name} has the {lack.what} {lack.resource.name}, which "
            f"{copy.name} will not have{loss}",
            _attaching(copy, lack) if lack.subnet else "",
        )


def _attaching(copy: Network, lack: NotCopied) -> str:
    """How a created network gets it: the line of netmap.yaml, where there is one to attach."""
    key, _ = ATTACHED[lack.what]
    if lack.offer is None:
        return f"Attach one of {copy.region}: `{key}` under `attach:` of the network."
    line = f"attach: {{{lack.subnet}: {{{key}: {lack.offer}}}}}"
    return f"{lack.offer.name} could take its place; write under the network: `{line}`."


def _lack_findings(
    target: Network, lacking: Iterable[NotCopied], source: Network
) -> Iterator[Finding]:
    for lack in lacking:
        loss = "; the way out of the subnet and reprotect may depend on it" if lack.egress else ""
        which = f"{lack.offer}" if lack.offer else f"one of {target.region}"
        _, option = ATTACHED[lack.what]
        at = ("--ids", subnet_id(target.id, lack.subnet))
        yield Finding(
            "subnet-lacks",
            Severity.WARNING,
            target.id,
            target.name,
            f"subnet {lack.subnet} of {source.name} has the {lack.what} {lack.resource.name}, and "
            f"that of {target.name} has none{loss}",
            f"Attach {which} to the subnet; this tool never writes a network that exists.",
            az("network vnet subnet update", *at, option, lack.offer) if lack.offer else "",
        )


def _attached_nowhere(attach: Iterable[str], copy: Network) -> Iterator[Finding]:
    names = ", ".join(s.name for s in copy.subnets)
    for subnet in attach:
        if copy.subnet(subnet) is None:
            yield Finding(
                "attach-without-subnet",
                Severity.WARNING,
                copy.id,
                copy.name,
                f"`attach:` names the subnet {subnet!r}, which {copy.name} will not have",
                f"Its subnets are: {names}.",
            )


def _overlaps(copy: Network, source: Network, inventory: Inventory) -> Iterator[Finding]:
    peers = {peering.remote for peering in source.peerings}
    for other in inventory.networks:
        near = other.region == copy.region or other.id in peers
        if other.id == source.id or not near:
            continue
        shared = [
            f"{a} and {b}" for a in copy.address_space for b in other.address_space if a.overlaps(b)
        ]
        if shared:
            yield Finding(
                "address-space-overlap",
                Severity.INFO,
                copy.id,
                copy.name,
                f"{copy.name} will overlap {other.name} ({', '.join(shared)}): the two can't be "
                "peered with each other",
            )


def _to_be_created_by_others(copy: Network, title: str) -> Finding:
    subnets = ", ".join(f"{s.name} {'+'.join(str(p) for p in s.prefixes)}" for s in copy.subnets)
    return Finding(
        "network-missing",
        Severity.ERROR,
        copy.id,
        title,
        f"{copy.id} does not exist, and `create_networks: false` leaves it to others",
        f"Have it created in {copy.region} with address space "
        f"{', '.join(map(str, copy.address_space))} and subnets {subnets}.",
    )
