"""Which network a source network fails over into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AmbiguousName, PlanningError
from asr_netmap.models import Direction, Inventory, Network, NetworkMapping
from asr_netmap.rules.branches import Answer, Branch, decides, outcome_of, passes
from asr_netmap.rules.lookup import find_network
from asr_netmap.rules.mapping_pair import NetworkPair, mappings_of
from asr_netmap.settings import NetworkSettings, Settings

SUFFIX = "-asr"
LONGEST_NETWORK_NAME = 64  # Microsoft Learn, naming rules and restrictions
LONGEST_GROUP_NAME = 90


class TargetRule(Enum):
    """The branches of the rule, in the order in which they are tried."""

    NAMED = "named"
    FORWARD_MAPPING = "forward mapping"
    REVERSE_MAPPING = "reverse mapping"
    ITEMS = "selected by the items"
    ASR_NAME = "existing -asr network"
    PLAIN_NAME = "existing network without -asr"
    CREATE = "created"


@dataclass(frozen=True, slots=True)
class TargetChoice:
    """The target network of one source network; `network` is None if it is to be created."""

    source: Network
    target: ArmId
    network: Network | None
    rule: TargetRule
    reason: str

    @property
    def pair(self) -> NetworkPair:
        """The two networks."""
        return NetworkPair(self.source.id, self.target)


def choose_target(
    source: Network, wanted: NetworkSettings | None, settings: Settings, inventory: Inventory
) -> TargetChoice:
    """The target of `source`: named, found, or to be created with the suffix ``-asr``.

    Raises NotFound, AmbiguousName or UsageError for a named target that can't be meant.
    """
    return outcome_of(target_branches(source, wanted, settings, inventory))


def target_branches(
    source: Network, wanted: NetworkSettings | None, settings: Settings, inventory: Inventory
) -> tuple[Branch[TargetChoice], ...]:
    """The branches of the rule, in the order in which they are tried.

    The suffix is the default of Site Recovery itself when replication is enabled (2017, 2026);
    the order in which existing networks are looked for is ours.
    Asking one raises NotFound, AmbiguousName or UsageError, as `choose_target` does.
    """
    search = _Search(source, wanted, settings, inventory)
    return (
        Branch(TargetRule.NAMED.value, search.named),
        Branch(TargetRule.FORWARD_MAPPING.value, search.forward_mapping),
        Branch(TargetRule.REVERSE_MAPPING.value, search.reverse_mapping),
        Branch(TargetRule.ITEMS.value, search.selected_by_items),
        Branch(TargetRule.ASR_NAME.value, search.asr_twin),
        Branch(TargetRule.PLAIN_NAME.value, search.original),
        Branch(TargetRule.CREATE.value, search.created),
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """What the branches look at; a method for each."""

    source: Network
    wanted: NetworkSettings | None
    settings: Settings
    inventory: Inventory

    def named(self) -> Answer[TargetChoice]:
        if self.wanted is None or not self.wanted.target:
            return passes(f"the configuration names no target of {self.source.name}")
        network = find_network(
            self.wanted.target, self.inventory, self.settings.target_region, "target network"
        )
        return self._found(network.id, TargetRule.NAMED, "named as the target")

    def forward_mapping(self) -> Answer[TargetChoice]:
        mapped = {m.target_network for m in self._mappings(Direction.FORWARD)}
        if not mapped:
            return passes(f"{self.source.name} is mapped to no network of {self._region}")
        target = _the_only(mapped, self.source, "is mapped to")
        reason = f"{self.source.name} is mapped to it already"
        return self._found(target, TargetRule.FORWARD_MAPPING, reason)

    def reverse_mapping(self) -> Answer[TargetChoice]:
        mapped = {m.source_network for m in self._mappings(Direction.REVERSE)}
        if not mapped:
            return passes(f"no network of {self._region} is mapped to {self.source.name}")
        target = _the_only(mapped, self.source, "is what is mapped back from")
        reason = f"it is mapped to {self.source.name} in the reverse direction"
        return self._found(target, TargetRule.REVERSE_MAPPING, reason)

    def selected_by_items(self) -> Answer[TargetChoice]:
        regions = self.settings.regions
        selected = {
            item.target_network
            for item in self.inventory.items
            if (item.source_region, item.target_region) == (regions.source, regions.target)
            and self.source.id in item.source_networks
            and item.target_network is not None
        }
        if not selected:
            return passes(f"no replicated item of {self.source.name} selects a network")
        if len(selected) > 1:
            names = ", ".join(network.name for network in sorted(selected))
            return passes(f"the replicated items of {self.source.name} do not agree: {names}")
        reason = f"every replicated item of {self.source.name} selects it"
        return self._found(selected.pop(), TargetRule.ITEMS, reason)

    def asr_twin(self) -> Answer[TargetChoice]:
        twin = _asr_twin(self.source, self.settings, self.inventory)
        if twin is None:
            return passes(f"{self._region} has no network named {self.source.name}{SUFFIX}")
        reason = f"{self._region} has a network named {twin.name}"
        return self._found(twin.id, TargetRule.ASR_NAME, reason)

    def original(self) -> Answer[TargetChoice]:
        original = _original(self.source, self._region, self.inventory)
        if original is None:
            why = f"{self.source.name} is not the {SUFFIX} network of one of {self._region}"
            return passes(why)
        reason = f"{self.source.name} is its {SUFFIX} network, so it is the other side of the pair"
        return self._found(original.id, TargetRule.PLAIN_NAME, reason)

    def created(self) -> Answer[TargetChoice]:
        target = asr_network_id(self.source, self.settings)
        reason = (
            f"no target is named or known, so {target.name} is created "
            f"with the address space and subnets of {self.source.name}"
        )
        return self._found(target, TargetRule.CREATE, reason)

    @property
    def _region(self) -> str:
        return self.settings.target_region

    def _mappings(self, direction: Direction) -> Iterator[NetworkMapping]:
        """Those in that direction of which the source network is its own end."""
        for mapping in mappings_of(direction, self.settings.regions, self.inventory):
            forward = direction is Direction.FORWARD
            own = mapping.source_network if forward else mapping.target_network
            if own == self.source.id:
                yield mapping

    def _found(self, target: ArmId, rule: TargetRule, reason: str) -> Answer[TargetChoice]:
        network = self.inventory.network(target)
        return decides(TargetChoice(self.source, target, network, rule, reason), reason)


def asr_network_id(source: Network, settings: Settings) -> ArmId:
    """Where the copy of `source` goes: name, resource group and subscription."""
    group = settings.target_resource_group or source.id.group + SUFFIX
    subscription = settings.target_subscription or source.id.subscription
    for what, name, longest in (
        ("network", source.name + SUFFIX, LONGEST_NETWORK_NAME),
        ("resource group", group, LONGEST_GROUP_NAME),
    ):
        if len(name) > longest:
            raise PlanningError(
                f"The {what} for the copy of {source.name} would be named {name}, which is longer "
                f"than the {longest} characters that Azure allows.",
                "Name a target network, or a target_resource_group, in the configuration.",
            )
    return ArmId.of_network(subscription, group, source.name + SUFFIX)


def _the_only(found: set[ArmId], source: Network, how: str) -> ArmId:
    if len(found) > 1:
        ids = ", ".join(map(str, sorted(found)))
        raise AmbiguousName(
            f"{source.name} {how} {len(found)} networks: {ids}.",
            f"Name the target of {source.name} in the configuration.",
        )
    return next(iter(found))


def _asr_twin(source: Network, settings: Settings, inventory: Inventory) -> Network | None:
    """The only network that is named like the source with the suffix, or the one of several
    that an earlier run would have created."""
    name = source.name + SUFFIX
    own = inventory.network(asr_network_id(source, settings))
    if own is not None and own.region == settings.target_region:
        return own
    return _only_named(name, source, settings.target_region, inventory)


def _original(source: Network, region: str, inventory: Inventory) -> Network | None:
    """The network whose -asr network the source is: a second suffix would make a third one."""
    if not source.name.lower().endswith(SUFFIX):
        return None
    return _only_named(source.name[: -len(SUFFIX)], source, region, inventory)


def _only_named(name: str, source: Network, region: str, inventory: Inventory) -> Network | None:
    found = [n for n in inventory.networks_in(region) if n.name.lower() == name.lower()]
    if len(found) > 1:
        ids = ", ".join(str(n.id) for n in found)
        raise AmbiguousName(
            f"{len(found)} networks in {region} are named {found[0].name}: {ids}.",
            f"Name the target of {source.name} in the configuration.",
        )
    return found[0] if found else None
