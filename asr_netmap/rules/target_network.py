"""Which network a source network fails over into."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AmbiguousName, PlanningError
from asr_netmap.models import Direction, Inventory, Network, RegionPair
from asr_netmap.rules.lookup import find_network
from asr_netmap.rules.mapping_pair import mappings_of
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


def choose_target(
    source: Network, wanted: NetworkSettings | None, settings: Settings, inventory: Inventory
) -> TargetChoice:
    """The target of `source`: named, found, or to be created with the suffix ``-asr``.

    The suffix is the default of Site Recovery itself when replication is enabled (2017, 2026);
    the order in which existing networks are looked for is ours.
    Raises NotFound, AmbiguousName or UsageError for a named target that can't be meant.
    """
    if wanted is not None and wanted.target:
        network = find_network(wanted.target, inventory, settings.target_region, "target network")
        return TargetChoice(source, network.id, network, TargetRule.NAMED, "named as the target")
    found = _already_chosen(source, settings.regions, inventory)
    if found is not None:
        target, rule, reason = found
        return TargetChoice(source, target, inventory.network(target), rule, reason)
    twin = _asr_twin(source, settings, inventory)
    if twin is not None:
        reason = f"{settings.target_region} has a network named {twin.name}"
        return TargetChoice(source, twin.id, twin, TargetRule.ASR_NAME, reason)
    original = _original(source, settings.target_region, inventory)
    if original is not None:
        reason = f"{source.name} is its -asr network, so it is the other side of the pair"
        return TargetChoice(source, original.id, original, TargetRule.PLAIN_NAME, reason)
    target = asr_network_id(source, settings)
    reason = (
        f"no target is named or known, so {target.name} is created "
        f"with the address space and subnets of {source.name}"
    )
    return TargetChoice(source, target, inventory.network(target), TargetRule.CREATE, reason)


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


def _already_chosen(
    source: Network, regions: RegionPair, inventory: Inventory
) -> tuple[ArmId, TargetRule, str] | None:
    mapped = {
        mapping.target_network
        for mapping in mappings_of(Direction.FORWARD, regions, inventory)
        if mapping.source_network == source.id
    }
    if mapped:
        reason = f"{source.name} is mapped to it already"
        return _the_only(mapped, source, "is mapped to"), TargetRule.FORWARD_MAPPING, reason
    mapped_back = {
        mapping.source_network
        for mapping in mappings_of(Direction.REVERSE, regions, inventory)
        if mapping.target_network == source.id
    }
    if mapped_back:
        reason = f"it is mapped to {source.name} in the reverse direction"
        target = _the_only(mapped_back, source, "is what is mapped back from")
        return target, TargetRule.REVERSE_MAPPING, reason
    selected = {
        item.target_network
        for item in inventory.items
        if (item.source_region, item.target_region) == (regions.source, regions.target)
        and source.id in item.source_networks
        and item.target_network is not None
    }
    if len(selected) == 1:
        reason = f"every replicated item of {source.name} selects it"
        return selected.pop(), TargetRule.ITEMS, reason
    return None


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
    plain = source.name[: -len(SUFFIX)]
    if not plain or not source.name.lower().endswith(SUFFIX):
        return None
    return _only_named(plain, source, region, inventory)


def _only_named(name: str, source: Network, region: str, inventory: Inventory) -> Network | None:
    found = [n for n in inventory.networks_in(region) if n.name.lower() == name.lower()]
    if len(found) > 1:
        ids = ", ".join(str(n.id) for n in found)
        raise AmbiguousName(
            f"{len(found)} networks in {region} are named {found[0].name}: {ids}.",
            f"Name the target of {source.name} in the configuration.",
        )
    return found[0] if found else None
