"""What replication stands on in a vault: fabrics, protection containers, policy, their mappings.

What exists is found, whoever made it. What is missing is created only on request; its names are
those that the portal gives (Microsoft Learn, azure-to-azure-powershell and its samples).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from asr_netmap.arm_id import ArmId
from asr_netmap.models import ContainerMapping, Direction, Inventory
from asr_netmap.planning.change import (
    Action,
    Change,
    ContainerMappingState,
    FabricState,
    Kind,
    PolicyState,
    ProtectionContainerState,
    State,
)
from asr_netmap.rules.mapping_pair import fabric_id
from asr_netmap.settings import Settings

DEFAULT_POLICY = "24-hour-retention-policy"
# Microsoft Learn, how to enable replication: recovery points are kept for a day; application
# consistent ones are off. Crash consistent ones come every five minutes, which can't be changed.
_DEFAULT_POLICY_STATE = PolicyState(retention=1440, crash_consistent=5, app_consistent=0)

_WORDS = {
    Kind.FABRIC: "fabric",
    Kind.PROTECTION_CONTAINER: "protection container",
    Kind.POLICY: "replication policy",
    Kind.CONTAINER_MAPPING: "protection container mapping",
}


@dataclass(frozen=True, slots=True)
class Footing:
    """Where items are put, under which policy, and what has to be made for that.

    missing -- the changes that make what is not there, in the order in which they depend on each
        other; needed -- the ids of those without which nothing can be replicated. The mapping back
        is none of them: it is for the day after a failover.
    """

    source: ArmId
    target: ArmId
    policy: ArmId
    missing: tuple[Change, ...]
    needed: frozenset[str]


def find_footing(vault: ArmId, inventory: Inventory, settings: Settings) -> Footing | None:
    """What replication between the two regions stands on; None: several policies are in use.

    Without a name, the policy is the one that is in use between the regions, else the only one of
    the vault, else the portal's own.
    """
    search = _Search(vault, inventory, settings)
    there = search.pairs(Direction.FORWARD)
    if len({pair.policy for pair in there}) > 1:
        return None
    if there:
        pair = there[0]
        source, target, policy = pair.source, pair.target, pair.policy
    else:
        source, target = (search.container(Direction.FORWARD, end) for end in (0, 1))
        policy = search.policy()
    missing = tuple(search.missing(source, target, policy))
    back = search.mapping_id(target, source, policy)
    needed = frozenset(change.id for change in missing if change.subject != back)
    return Footing(source, target, policy, missing, needed)


def policies_in_use(vault: ArmId, inventory: Inventory, settings: Settings) -> tuple[str, ...]:
    """The names of the policies under which the two regions are paired."""
    pairs = _Search(vault, inventory, settings).pairs(Direction.FORWARD)
    return tuple(sorted({pair.policy.name for pair in pairs}))


@dataclass(frozen=True, slots=True)
class _Search:
    vault: ArmId
    inventory: Inventory
    settings: Settings

    @property
    def _named_policy(self) -> str | None:
        return self.settings.protect.policy if self.settings.protect else None

    def regions(self, direction: Direction) -> tuple[str, str]:
        """From and to, that way."""
        pair = self.settings.regions
        ends = (pair.source, pair.target)
        return ends if direction is Direction.FORWARD else (ends[1], ends[0])

    def fabric(self, region: str) -> ArmId:
        """The fabric of a region, or the one to create."""
        return fabric_id(self.vault, region, self.inventory)

    def pairs(self, direction: Direction) -> list[ContainerMapping]:
        """The protection container mappings that way, in the order of their ids.

        # ARM: the list of one container has mappings of others, too, so the ids decide (az CLI
        # recording, August 2023). Zone to zone both ends are of one fabric.
        """
        fabrics = [self.fabric(region) for region in self.regions(direction)]
        wanted = self._named_policy
        return sorted(
            (
                mapping
                for mapping in self.inventory.container_mappings
                if [mapping.source.parent, mapping.target.parent] == fabrics
                and (wanted is None or mapping.policy.name.lower() == wanted.lower())
            ),
            key=lambda mapping: mapping.id,
        )

    def container(self, direction: Direction, end: int) -> ArmId:
        """A protection container of the fabric at that end, or the one to create."""
        region = self.regions(direction)[end]
        fabric = self.fabric(region)
        usual = fabric.child("replicationProtectionContainers", f"{fabric.name}-container")
        there = sorted(c.id for c in self.inventory.containers if c.fabric == fabric)
        return usual if usual in there or not there else there[0]

    def policy(self) -> ArmId:
        """The policy that is named, else the only one, else the portal's own."""
        name = self._named_policy
        if name is None and len(self.inventory.policies) == 1:
            return self.inventory.policies[0].id
        return self.vault.child("replicationPolicies", name or DEFAULT_POLICY)

    def mapping_id(self, source: ArmId, target: ArmId, policy: ArmId) -> ArmId:
        """The name that the portal gives: both regions and the policy."""
        regions = self.settings.regions
        names = {self.fabric(r): r for r in (regions.source, regions.target)}
        name = f"{names[source.parent]}-{names[target.parent]}-{policy.name}"
        return source.child("replicationProtectionContainerMappings", name)

    def missing(self, source: ArmId, target: ArmId, policy: ArmId) -> Iterator[Change]:
        """The changes that make what is not there."""
        made: dict[ArmId, str] = {}
        regions = self.settings.regions
        fabrics = {fabric.id for fabric in self.inventory.fabrics}
        for region, container in ((regions.source, source), (regions.target, target)):
            if container.parent not in fabrics:
                reason = f"the vault has no fabric of {region}"
                change = _create(Kind.FABRIC, container.parent, FabricState(region), reason)
                made[container.parent] = change.id
                yield change
        known = {container.id for container in self.inventory.containers}
        for region, container in ((regions.source, source), (regions.target, target)):
            if container not in known:
                change = _create(
                    Kind.PROTECTION_CONTAINER,
                    container,
                    ProtectionContainerState(region),
                    f"the fabric of {region} has no protection container",
                    _waits(made, container.parent),
                )
                made[container] = change.id
                yield change
        in_use = (pairing.policy for pairing in self.inventory.container_mappings)
        if policy not in {*(each.id for each in self.inventory.policies), *in_use}:
            reason = f"the vault has no replication policy {policy.name}"
            change = _create(Kind.POLICY, policy, _DEFAULT_POLICY_STATE, reason)
            made[policy] = change.id
            yield change
        yield from self._missing_mappings(source, target, policy, made)

    def _missing_mappings(
        self, source: ArmId, target: ArmId, policy: ArmId, made: dict[ArmId, str]
    ) -> Iterator[Change]:
        there = {(m.source, m.target) for m in self.inventory.container_mappings}
        for direction, start, end in (
            (Direction.FORWARD, source, target),
            (Direction.REVERSE, target, source),
        ):
            if (start, end) in there if direction is Direction.REVERSE else self.pairs(direction):
                continue
            yield _create(
                Kind.CONTAINER_MAPPING,
                self.mapping_id(start, end, policy),
                ContainerMappingState(end, policy),
                f"{start.name} is not paired with {end.name} ({direction.value})",
                _waits(made, start, end, policy),
            )


def described(change: Change) -> str:
    """What is missing, in words: ``protection container asr-a2a-default-eastasia-container``."""
    return f"{_WORDS[change.kind]} {change.subject.name}"


def mapping_change_id(footing: Footing) -> str | None:
    """The id of the change that pairs the containers forward; None: they are paired."""
    for change in footing.missing:
        if change.kind is Kind.CONTAINER_MAPPING and change.subject.parent == footing.source:
            return change.id
    return None


def _create(
    kind: Kind, subject: ArmId, after: State, reason: str, waits: tuple[str, ...] = ()
) -> Change:
    return Change(kind, Action.CREATE, subject, subject.name, None, after, reason, waits)


def _waits(made: dict[ArmId, str], *needs: ArmId) -> tuple[str, ...]:
    return tuple(made[each] for each in needs if each in made)
