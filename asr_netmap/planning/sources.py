"""Which source networks a run is about: the declared ones, or all that replicated items use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import NotFound, UsageError
from asr_netmap.models import Direction, Inventory, Network, RegionPair, ReplicatedItem
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.rules.lookup import find_network, matches, maybe_unseen
from asr_netmap.rules.mapping_pair import mapping_from, mappings_of
from asr_netmap.rules.target_network import SUFFIX
from asr_netmap.settings import NetworkSettings, Settings


@dataclass(frozen=True, slots=True)
class Source:
    """A source network, with what the configuration says of it."""

    network: Network
    wanted: NetworkSettings | None = None

    @property
    def named_target(self) -> str | None:
        """What the configuration names as its target; None: nothing."""
        return self.wanted.target if self.wanted else None


def networks_of(item: ReplicatedItem, inventory: Inventory) -> tuple[ArmId, ...]:
    """The networks that the item's VM is in now, its primary NIC's first.

    Site Recovery lists no NICs before the first replication is done; then the VM's own NICs tell.
    """
    listed = [n.source_network for n in item.nics if n.source_network is not None]
    if not listed and item.vm is not None:
        own = [a for nic in inventory.nics_of(item.vm) for a in nic.addresses]
        listed = [address.subnet.parent for address in own if address.subnet is not None]
    return tuple(dict.fromkeys(listed))


def find_sources(
    inventory: Inventory, settings: Settings
) -> tuple[tuple[Source, ...], tuple[Finding, ...]]:
    """The source networks of the run, sorted as declared, else by id; and what is in the way.

    Raises NotFound, AmbiguousName or UsageError for a declared source that can't be meant.
    """
    if settings.networks is not None:
        return _declared(settings.networks, inventory, settings)
    sources: dict[ArmId, Source] = {}
    findings: list[Finding] = []
    for item in inventory.items:
        direction = settings.regions.direction_of(item.source_region, item.target_region)
        if direction is None:
            continue
        for network_id in networks_of(item, inventory):
            home = network_id
            if direction is Direction.REVERSE:
                partner = partner_of(network_id, settings.regions, inventory)
                if partner is None:
                    findings.append(_no_partner(item, network_id))
                    continue
                home = partner
            network = inventory.network(home)
            if network is None:
                findings.append(_unseen(item, home, inventory))
            elif network.region == settings.source_region:
                sources[home] = Source(network)
    return tuple(sources[key] for key in sorted(sources)), tuple(findings)


def _declared(
    networks: Iterable[NetworkSettings], inventory: Inventory, settings: Settings
) -> tuple[tuple[Source, ...], tuple[Finding, ...]]:
    """The declared sources, but for those that lie in what could not be read."""
    found = [_declared_source(wanted, inventory, settings) for wanted in networks]
    declared = tuple(each for each in found if isinstance(each, Source))
    _refuse_twice(declared)
    return declared, tuple(each for each in found if isinstance(each, Finding))


def _declared_source(
    wanted: NetworkSettings, inventory: Inventory, settings: Settings
) -> Source | Finding:
    text = wanted.source
    try:
        network = find_network(text, inventory, settings.source_region, "source network")
    except NotFound as error:
        if not maybe_unseen(text, inventory):
            raise
        return Finding(
            "network-not-looked-at",
            Severity.WARNING,
            ArmId(text) if text.startswith("/") else settings.vault.id,
            text,
            f"the source network {text!r} could not be looked at",
            error.hint,
        )
    return Source(network, wanted)


def _refuse_twice(declared: tuple[Source, ...]) -> None:
    seen: dict[ArmId, str] = {}
    for source in declared:
        text = source.wanted.source if source.wanted else ""
        if source.network.id in seen:
            raise UsageError(
                f"networks: {seen[source.network.id]!r} and {text!r} are one network, "
                f"{source.network.id}.",
                "Declare it once.",
            )
        seen[source.network.id] = text


def partner_of(network: ArmId, regions: RegionPair, inventory: Inventory) -> ArmId | None:
    """The source-region network whose other side `network` (in the target region) is."""
    back = mapping_from(network, Direction.REVERSE, regions, inventory)
    if back is not None:
        return back.target_network
    for mapping in mappings_of(Direction.FORWARD, regions, inventory):
        if mapping.target_network == network:
            return mapping.source_network
    named_alike = tuple(_by_suffix(network, regions, inventory))
    return named_alike[0] if len(named_alike) == 1 else None


def uses(item: ReplicatedItem, source: Source, inventory: Inventory, settings: Settings) -> bool:
    """Whether the item's VM is in the source network now, or in the other side of its pair."""
    networks = networks_of(item, inventory)
    direction = settings.regions.direction_of(item.source_region, item.target_region)
    if direction is Direction.FORWARD:
        return source.network.id in networks
    if direction is None:
        return False
    target = source.named_target
    return any(
        partner_of(network, settings.regions, inventory) == source.network.id
        or (target is not None and matches(target, network))
        for network in networks
    )


def _by_suffix(network: ArmId, regions: RegionPair, inventory: Inventory) -> Iterator[ArmId]:
    if network.name.lower().endswith(SUFFIX):
        plain = network.name[: -len(SUFFIX)].lower()
        for candidate in inventory.networks_in(regions.source):
            if candidate.name.lower() == plain:
                yield candidate.id


def _no_partner(item: ReplicatedItem, network: ArmId) -> Finding:
    return Finding(
        "network-without-partner",
        Severity.ERROR,
        item.id,
        item.vm_name,
        f"{item.vm_name} runs in the target region, in {network.name}, and nothing says which "
        "network of the source region that is the other side of",
        f"Name the pair in the configuration: a source network with target {network.name}.",
    )


def _unseen(item: ReplicatedItem, network: ArmId, inventory: Inventory) -> Finding:
    seen = inventory.looked_at(network)
    return Finding(
        "source-network-gone" if seen else "network-not-looked-at",
        Severity.WARNING,
        item.id,
        item.vm_name,
        f"{item.vm_name} has a NIC in {network.name} ({network}), which "
        + ("does not exist any more" if seen else "could not be read"),
        "" if seen else "Give read access to it, or run where it can be read.",
    )
