"""The changes of a plan by the networks that they are about."""

from __future__ import annotations

from collections.abc import Iterator

from asr_netmap.arm_id import ArmId
from asr_netmap.planning.change import Change, ItemState, Kind, MappingState, ReplicationState
from asr_netmap.planning.plan import Plan

SHARED = "Resource groups and the vault"
OTHERS = "Other items"
_REVERSE = "(reverse)"
_SHARED = {
    Kind.RESOURCE_GROUP,
    Kind.FABRIC,
    Kind.PROTECTION_CONTAINER,
    Kind.POLICY,
    Kind.CONTAINER_MAPPING,
}


def by_network(plan: Plan) -> Iterator[tuple[str, tuple[Change, ...]]]:
    """Each title with its changes: what networks share first, then pair by pair in plan order.

    The two directions of a pair are one part, and the items of either network are in it.
    """
    pairs = _Pairs(plan)
    found: dict[str, list[Change]] = {}
    for change in plan.changes:
        found.setdefault(pairs.title_of(change), []).append(change)
    first = found.pop(SHARED, [])
    if first:
        yield SHARED, tuple(first)
    for title, changes in found.items():
        yield title, tuple(changes)


class _Pairs:
    """Which pair of networks a change is about."""

    def __init__(self, plan: Plan) -> None:
        self._titles: dict[str, str] = {}
        for change in plan.changes:
            if change.kind is Kind.MAPPING:
                self._take(change)
        for change in plan.changes:
            if change.kind is Kind.NETWORK:
                self._titles.setdefault(change.subject.key, change.title)
        self._networks = {
            placement.item.key: placement.source_network for placement in plan.placements
        }

    def _take(self, change: Change) -> None:
        for state in (change.after, change.before):
            if isinstance(state, MappingState):
                ends = [state.source_network, state.target_network]
                if change.title.endswith(_REVERSE):
                    ends.reverse()
                known = [self._titles[end.key] for end in ends if end.key in self._titles]
                title = known[0] if known else f"{ends[0].name} -> {ends[1].name}"
                for end in ends:
                    self._titles.setdefault(end.key, title)

    def title_of(self, change: Change) -> str:
        """The heading that a change stands under."""
        if change.kind in _SHARED:
            return SHARED
        if isinstance(change.after, ReplicationState):
            network = change.after.network
            return self._titles.get(network.key, network.name) if network else OTHERS
        if change.kind is Kind.NIC_SETTINGS:
            return self._title_of_item(change)
        state = change.after or change.before
        network = state.source_network if isinstance(state, MappingState) else change.subject
        return self._titles.get(network.key, change.title)

    def _title_of_item(self, change: Change) -> str:
        source = self._networks.get(change.subject.key)
        for network in (source, *_target_networks(change)):
            if network is not None and network.key in self._titles:
                return self._titles[network.key]
        return source.name if source is not None else OTHERS


def _target_networks(change: Change) -> Iterator[ArmId]:
    if isinstance(change.after, ItemState):
        for setting in change.after.settings:
            if setting.name == "target_network" and isinstance(setting.value, ArmId):
                yield setting.value
