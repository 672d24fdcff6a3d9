"""The map: the networks of both regions, and the mappings between them in both directions.

A mapping that should be there and is not is a line, too: it is what people look for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Direction, Inventory, Network, NetworkMapping, RegionPair
from asr_netmap.planning.change import Change, MappingState, NetworkState
from asr_netmap.planning.picture.subnet_use import HeldAddresses, SubnetUse
from asr_netmap.planning.sources import networks_of
from asr_netmap.rules.mapping_pair import mappings_of


class Presence(Enum):
    """Whether a network of the map exists."""

    THERE = "there"
    PLANNED = "planned"
    """The plan creates it."""
    UNSEEN = "unseen"
    """It could not be looked at: it may be there."""
    ABSENT = "absent"
    """Something names it, and it does not exist."""


@dataclass(frozen=True, slots=True)
class MapSubnet:
    """A subnet of the map. use -- None: the network does not exist yet."""

    name: str
    prefixes: tuple[str, ...]
    use: SubnetUse | None = None


@dataclass(frozen=True, slots=True)
class MapNetwork:
    """A network of the map.

    items -- how many replicated items are in it now.
    """

    id: ArmId
    region: str
    presence: Presence
    address_space: tuple[str, ...] = ()
    subnets: tuple[MapSubnet, ...] = ()
    items: int = 0

    @property
    def name(self) -> str:
        """The network's own name."""
        return self.id.name


class LineState(Enum):
    """What became of one direction of a pair."""

    PAIRED = "paired"
    MISSING = "missing"
    UNSETTLED = "unsettled"
    """It exists, and Site Recovery does not call it Paired."""
    UNSEEN = "unseen"
    """The mappings could not be looked at."""


@dataclass(frozen=True, slots=True)
class MapLine:
    """One direction between two networks.

    tail, head -- from which network VMs fail over, and into which.
    word -- Azure's word for the state; empty where there is no mapping.
    coming -- what the plan does about it; empty: nothing.
    """

    direction: Direction
    tail: ArmId
    head: ArmId
    state: LineState
    word: str = ""
    coming: str = ""

    @property
    def pair(self) -> tuple[ArmId, ArmId]:
        """The network in the source region and the one in the target region."""
        forward = self.direction is Direction.FORWARD
        return (self.tail, self.head) if forward else (self.head, self.tail)


@dataclass(frozen=True, slots=True)
class NetworkMap:
    """The networks of a pair of regions and the lines between them.

    sources, targets -- networks that take part, in the order of their ids.
    aside -- networks that no mapping, item or change concerns.
    """

    regions: RegionPair
    sources: tuple[MapNetwork, ...]
    targets: tuple[MapNetwork, ...]
    lines: tuple[MapLine, ...]
    aside: tuple[MapNetwork, ...] = ()

    @property
    def pairs(self) -> tuple[tuple[ArmId, ArmId], ...]:
        """Source and target network of every pair that has a line, each once."""
        ends = (
            (line.tail, line.head)
            if line.direction is Direction.FORWARD
            else (line.head, line.tail)
            for line in self.lines
        )
        return tuple(dict.fromkeys(ends))

    @property
    def troubled(self) -> tuple[tuple[ArmId, ArmId], ...]:
        """The pairs of which a direction is not in effect."""
        sound = Counter(line.pair for line in self.lines if line.state is LineState.PAIRED)
        return tuple(pair for pair in self.pairs if sound[pair] < len(Direction))

    def parted(self) -> tuple[NetworkMap, NetworkMap]:
        """The map in two: what has to do with a troubled pair, or with none, and all else.

        Networks that are linked with each other stay together.
        """
        linked: defaultdict[ArmId, set[ArmId]] = defaultdict(set)
        for line in self.lines:
            linked[line.tail].add(line.head)
            linked[line.head].add(line.tail)
        reached = [end for pair in self.troubled for end in pair]
        reached += [n.id for n in (*self.sources, *self.targets) if n.id not in linked]
        first: set[ArmId] = set()
        while reached:
            network = reached.pop()
            if network not in first:
                first.add(network)
                reached += linked[network]
        return self._part(lambda each: each in first), self._part(lambda each: each not in first)

    def _part(self, takes: Callable[[ArmId], bool]) -> NetworkMap:
        return replace(
            self,
            sources=tuple(each for each in self.sources if takes(each.id)),
            targets=tuple(each for each in self.targets if takes(each.id)),
            lines=tuple(each for each in self.lines if takes(each.tail)),
        )


def network_map(
    inventory: Inventory,
    regions: RegionPair,
    changes: Sequence[Change] = (),
    *,
    held: HeldAddresses | None = None,
) -> NetworkMap:
    """The map of an inventory, and what `changes` would make of it.

    held -- of the whole inventory, where `inventory` is a part of it.
    """
    drawing = _Drawing(inventory, regions, changes, held or HeldAddresses.of(inventory))
    lines = tuple(drawing.lines())
    concerned = {end for line in lines for end in (line.tail, line.head)} | set(drawing.items)
    concerned |= {c.subject for c in changes if isinstance(c.after, NetworkState)}
    sides = {
        region: [drawing.network(each, region) for each in _there(inventory, region, concerned)]
        for region in (regions.source, regions.target)
    }
    for network, region in drawing.ghosts(lines):
        sides[region].append(drawing.network(network, region))
    found = {each.id for side in sides.values() for each in side}
    aside = (n for name in sides for n in inventory.networks_in(name) if n.id not in found)
    return NetworkMap(
        regions,
        tuple(sorted(sides[regions.source], key=lambda n: n.id)),
        tuple(sorted(sides[regions.target], key=lambda n: n.id)),
        lines,
        tuple(drawing.network(each.id, each.region) for each in aside),
    )


def _there(inventory: Inventory, region: str, concerned: set[ArmId]) -> Iterator[ArmId]:
    return (n.id for n in inventory.networks_in(region) if n.id in concerned)


class _Drawing:
    """What the map is made from, looked up once."""

    def __init__(
        self,
        inventory: Inventory,
        regions: RegionPair,
        changes: Sequence[Change],
        held: HeldAddresses,
    ) -> None:
        self.inventory = inventory
        self.regions = regions
        self.held = held
        self.items = _items_in(inventory, regions)
        self.created = {
            change.subject: change.after
            for change in changes
            if isinstance(change.after, NetworkState)
        }
        self._coming = [c for c in changes if _touches_mapping(c)]
        self._mappings = {
            (direction, mapping.source_network, mapping.target_network): mapping
            for direction in Direction
            for mapping in mappings_of(direction, regions, inventory)
        }

    def lines(self) -> Iterator[MapLine]:
        """Both directions of every pair, the forward one first."""
        for pair in self._pairs():
            ends = {Direction.FORWARD: pair, Direction.REVERSE: (pair[1], pair[0])}
            leaving = any(self._leaves(ends[d], d) for d in Direction)
            for direction, (tail, head) in ends.items():
                line = self._line(direction, tail, head)
                # One that goes together with its partner is not missed.
                if line.state not in (LineState.MISSING, LineState.UNSEEN) or not leaving:
                    yield line

    def _pairs(self) -> list[tuple[ArmId, ArmId]]:
        pairs = [
            (tail, head) if direction is Direction.FORWARD else (head, tail)
            for direction, tail, head in (*self._mappings, *self._planned())
        ]
        mapped = {source for source, _ in pairs}
        for item in self.inventory.items:
            way = self.regions.direction_of(item.source_region, item.target_region)
            if way is not Direction.FORWARD or item.target_network is None:
                continue
            pairs += [
                (source, item.target_network)
                for source in networks_of(item, self.inventory)
                if source not in mapped
            ]
        return sorted(dict.fromkeys(pairs))

    def _planned(self) -> Iterator[tuple[Direction, ArmId, ArmId]]:
        for change in self._coming:
            after = change.after
            if isinstance(after, MappingState):
                yield self._direction_of(after), after.source_network, after.target_network

    def _direction_of(self, state: MappingState) -> Direction:
        forward = self.region_of(state.source_network) == self.regions.source
        return Direction.FORWARD if forward else Direction.REVERSE

    def region_of(self, network: ArmId) -> str:
        """Where a network is; for one that is not there, what names it tells."""
        there = self.inventory.network(network)
        if there is not None:
            return there.region
        if network in self.created:
            return self.created[network].region
        for direction, tail, head in self._mappings:
            if network in (tail, head):
                forward = (direction is Direction.FORWARD) == (network == tail)
                return self.regions.source if forward else self.regions.target
        return self.regions.target

    def _line(self, direction: Direction, tail: ArmId, head: ArmId) -> MapLine:
        mapping = self._mappings.get((direction, tail, head))
        coming = self._what_comes(tail, head)
        if mapping is None:
            seen = self._mappings_seen()
            return MapLine(
                direction, tail, head, LineState.MISSING if seen else LineState.UNSEEN, "", coming
            )
        state = LineState.PAIRED if mapping.paired else LineState.UNSETTLED
        return MapLine(direction, tail, head, state, mapping.state or "state unknown", coming)

    def _mappings_seen(self) -> bool:
        vault = self.inventory.vault
        if vault is None:
            return False
        return self.inventory.looked_at(vault.id.child("replicationNetworkMappings", "any"))

    def _what_comes(self, tail: ArmId, head: ArmId) -> str:
        for change in self._coming:
            before, after = change.before, change.after
            if isinstance(after, MappingState) and _maps(after, tail, head):
                return "the plan creates it" if before is None else "the plan points it here"
            if isinstance(before, MappingState) and _maps(before, tail, head):
                if isinstance(after, MappingState):
                    return f"the plan points it to {after.target_network.name}"
                return "the plan removes it"
        return ""

    def _leaves(self, ends: tuple[ArmId, ArmId], direction: Direction) -> bool:
        return (direction, *ends) in self._mappings and any(
            isinstance(c.before, MappingState)
            and _maps(c.before, *ends)
            and not (isinstance(c.after, MappingState) and _maps(c.after, *ends))
            for c in self._coming
        )

    def ghosts(self, lines: Iterable[MapLine]) -> Iterator[tuple[ArmId, str]]:
        """Networks that a line or a change names and that were not seen, with their regions."""
        ends = [end for line in lines for end in (line.tail, line.head)]
        for network in dict.fromkeys([*ends, *self.created]):
            region = self.region_of(network)
            if self.inventory.network(network) is None and region in (
                self.regions.source,
                self.regions.target,
            ):
                yield network, region

    def network(self, network_id: ArmId, region: str) -> MapNetwork:
        """One network as the map shows it."""
        network, items = self.inventory.network(network_id), self.items[network_id]
        if network is not None:
            subnets = tuple(self._subnets(network))
            space = tuple(map(str, network.address_space))
            return MapNetwork(network_id, region, Presence.THERE, space, subnets, items)
        planned = self.created.get(network_id)
        if planned is not None:
            subnets = tuple(MapSubnet(s.name, tuple(map(str, s.prefixes))) for s in planned.subnets)
            space = tuple(map(str, planned.address_space))
            return MapNetwork(network_id, region, Presence.PLANNED, space, subnets, items)
        absent = self.inventory.looked_at(network_id)
        presence = Presence.ABSENT if absent else Presence.UNSEEN
        return MapNetwork(network_id, region, presence, items=items)

    def _subnets(self, network: Network) -> Iterator[MapSubnet]:
        for subnet in network.subnets:
            prefixes = tuple(map(str, subnet.prefixes))
            yield MapSubnet(subnet.name, prefixes, self.held.use_of(network, subnet))


def _items_in(inventory: Inventory, regions: RegionPair) -> Mapping[ArmId, int]:
    """How many items of the pair of regions are in each network."""
    return Counter(
        network
        for item in inventory.items
        if regions.direction_of(item.source_region, item.target_region)
        for network in networks_of(item, inventory)
    )


def _touches_mapping(change: Change) -> bool:
    return isinstance(change.before, MappingState) or isinstance(change.after, MappingState)


def _maps(state: MappingState | NetworkMapping, tail: ArmId, head: ArmId) -> bool:
    return (state.source_network, state.target_network) == (tail, head)
