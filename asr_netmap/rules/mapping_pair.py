"""Network mappings come in pairs: both directions between the same two networks."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from asr_netmap.arm_id import AZURE_NETWORK, ArmId
from asr_netmap.errors import SharedTarget
from asr_netmap.models import Direction, Inventory, NetworkMapping, RegionPair

FABRIC_PREFIX = "asr-a2a-default-"
_LONGEST_PART = 40


class StepAction(Enum):
    """What is done to one mapping."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class NetworkPair:
    """A source network (in the source region) and its target network."""

    source: ArmId
    target: ArmId

    def ends(self, direction: Direction) -> tuple[ArmId, ArmId]:
        """The network that a mapping of that direction maps, and the one it maps to."""
        if direction is Direction.FORWARD:
            return self.source, self.target
        return self.target, self.source


@dataclass(frozen=True, slots=True)
class MappingStep:
    """One mapping to create, re-point or delete; steps of a pair are done in their order.

    mapping -- the id that is written.
    maps, onto -- the networks that it maps after the step; for a deletion, those it mapped.
    onto_before -- what it mapped onto before; None for a creation.
    """

    action: StepAction
    direction: Direction
    mapping: ArmId
    maps: ArmId
    onto: ArmId
    onto_before: ArmId | None
    reason: str


def fabric_id(vault: ArmId, region: str, inventory: Inventory) -> ArmId:
    """The vault's fabric of a region, or the id of the one to create.

    The name is the one that the portal gives (Microsoft Learn, azure-to-azure-powershell).
    """
    fabrics = sorted(f.id for f in inventory.fabrics if f.region == region)
    return fabrics[0] if fabrics else vault.child("replicationFabrics", FABRIC_PREFIX + region)


def mapped_beside(
    pairs: Sequence[NetworkPair], regions: RegionPair, inventory: Inventory
) -> tuple[NetworkPair, ...]:
    """The forward mappings of networks that are not in `pairs` onto a target that is."""
    sources, targets = {p.source for p in pairs}, {p.target for p in pairs}
    return tuple(
        NetworkPair(mapping.source_network, mapping.target_network)
        for mapping in mappings_of(Direction.FORWARD, regions, inventory)
        if mapping.target_network in targets and mapping.source_network not in sources
    )


def refuse_shared_targets(pairs: Sequence[NetworkPair], *, allowed: bool) -> None:
    """Raise SharedTarget if two sources have one target: only one of them could have a reverse."""
    first: dict[ArmId, ArmId] = {}
    for pair in pairs:
        other = first.setdefault(pair.target, pair.source)
        if other != pair.source and not allowed:
            raise SharedTarget(
                f"{_place(other)} and {_place(pair.source)} would both fail over into "
                f"{pair.target.name} ({pair.target}).",
                "A network can be mapped back to one network only, so one of them would have no "
                "way back. Give each source its own target, or allow it with "
                "--allow-shared-target or `safety: {allow_shared_target: true}`.",
            )


def _place(network: ArmId) -> str:
    """Group and name: two networks of one name are what this is about most often."""
    return f"{network.group}/{network.name}"


def outdated_reverse(
    pair: NetworkPair, regions: RegionPair, inventory: Inventory
) -> NetworkMapping | None:
    """The reverse mapping from the target that the source leaves; it is in the way (2026)."""
    forward = mapping_from(pair.source, Direction.FORWARD, regions, inventory, onto=pair.target)
    if forward is None or forward.target_network == pair.target:
        return None
    back = mapping_from(
        forward.target_network, Direction.REVERSE, regions, inventory, onto=pair.source
    )
    return back if back is not None and back.target_network == pair.source else None


def pair_steps(
    pair: NetworkPair,
    vault: ArmId,
    regions: RegionPair,
    inventory: Inventory,
    *,
    reverse: bool,
    going: Collection[ArmId] = (),
) -> tuple[MappingStep, ...]:
    """What makes both mappings of `pair` as they should be; empty if they are.

    Order of a change of target (2026): first delete the reverse mapping, then point the forward
    mapping elsewhere, then create the new reverse.

    reverse -- False for a source that shares its target and isn't the one mapped back.
    going -- mappings that other pairs of the same plan delete before: as if they weren't there.
    """
    staying = replace(inventory, mappings=tuple(m for m in inventory.mappings if m.id not in going))
    fabrics = {
        Direction.FORWARD: fabric_id(vault, regions.source, inventory),
        Direction.REVERSE: fabric_id(vault, regions.target, inventory),
    }
    steps: list[MappingStep] = []
    old_reverse = outdated_reverse(pair, regions, inventory)
    if old_reverse is not None:
        steps.append(_delete(old_reverse, Direction.REVERSE))
    for direction in (Direction.FORWARD, Direction.REVERSE) if reverse else (Direction.FORWARD,):
        steps.extend(_one_direction(pair, direction, fabrics[direction], regions, staying))
    return tuple(steps)


def removal_steps(
    pair: NetworkPair, regions: RegionPair, inventory: Inventory
) -> tuple[MappingStep, ...]:
    """What removes the mappings of `pair`, twice made ones too: those of the reverse first."""
    return tuple(
        _delete(mapping, direction)
        for direction in (Direction.REVERSE, Direction.FORWARD)
        for mapping in mappings_of(direction, regions, inventory)
        if (mapping.source_network, mapping.target_network) == pair.ends(direction)
    )


def mappings_of(
    direction: Direction, regions: RegionPair, inventory: Inventory
) -> Iterator[NetworkMapping]:
    """The mappings that go that way between the two regions, in the order of their ids."""
    for mapping in sorted(inventory.mappings, key=lambda m: m.id):
        if regions.direction_of(mapping.source_region, mapping.target_region) is direction:
            yield mapping


def mapping_from(
    network: ArmId,
    direction: Direction,
    regions: RegionPair,
    inventory: Inventory,
    *,
    onto: ArmId | None = None,
) -> NetworkMapping | None:
    """The mapping of that direction whose source is `network`, found by what it maps.

    Names and path segments tell nothing: portal, az CLI and PowerShell put ``azureNetwork`` into
    the path, Terraform the network's name (recorded az CLI traffic; Terraform's source). So there
    may be several.

    onto -- the target that is preferred among several; else the first by id.
    """
    found = [m for m in mappings_of(direction, regions, inventory) if m.source_network == network]
    right = [mapping for mapping in found if mapping.target_network == onto]
    return next(iter((*right, *found)), None)


def _one_direction(
    pair: NetworkPair,
    direction: Direction,
    fabric: ArmId,
    regions: RegionPair,
    inventory: Inventory,
) -> Iterator[MappingStep]:
    maps, onto = pair.ends(direction)
    existing = mapping_from(maps, direction, regions, inventory, onto=onto)
    if existing is None:
        yield MappingStep(
            StepAction.CREATE,
            direction,
            new_mapping_id(fabric, maps, onto, inventory),
            maps,
            onto,
            None,
            f"{maps.name} has no mapping in the {direction.value} direction; "
            "failover and failback need both",
        )
    elif existing.target_network != onto:
        yield MappingStep(
            StepAction.UPDATE,
            direction,
            existing.id,
            maps,
            onto,
            existing.target_network,
            f"{maps.name} is mapped to {existing.target_network.name}, not to {onto.name}",
        )


def _delete(mapping: NetworkMapping, direction: Direction) -> MappingStep:
    return MappingStep(
        StepAction.DELETE,
        direction,
        mapping.id,
        mapping.source_network,
        mapping.target_network,
        mapping.target_network,
        f"the {direction.value} mapping from {mapping.source_network.name} "
        f"to {mapping.target_network.name} goes",
    )


def new_mapping_id(fabric: ArmId, maps: ArmId, onto: ArmId, inventory: Inventory) -> ArmId:
    """The id of a mapping to create.

    A PUT replaces whatever has the name, without a guard; so the name carries a digest of both
    networks, and a name that is taken by other networks is refused.
    Raises SharedTarget if it is.
    """
    digest = hashlib.sha256(f"{maps.key}|{onto.key}".encode()).hexdigest()[:8]
    name = f"{maps.name[:_LONGEST_PART]}-to-{onto.name[:_LONGEST_PART]}-{digest}"
    new = fabric.child("replicationNetworks", AZURE_NETWORK).child(
        "replicationNetworkMappings", name
    )
    for mapping in inventory.mappings:
        same_place = mapping.id == new or (
            mapping.id.name.lower() == name.lower()
            and mapping.source_fabric_name.lower() == fabric.name.lower()
        )
        if same_place:
            raise SharedTarget(
                f"The vault has a mapping named {name} already, and it maps "
                f"{mapping.source_network.name} to {mapping.target_network.name}.",
                "Rename or remove that mapping first; writing over it would re-point it.",
            )
    return new
