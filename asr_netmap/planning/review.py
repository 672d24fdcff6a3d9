"""What of a reviewed plan is still right: its changes against a plan made just now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from asr_netmap.planning.change import Change, ItemState, Kind, NetworkState
from asr_netmap.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Review:
    """The reviewed changes, sorted by what may happen to them.

    agreed -- the fresh plan holds them, too, so they go ahead.
    disputed -- the fresh plan holds them no more, or otherwise: they are done already, or stale.
    """

    agreed: tuple[Change, ...]
    disputed: tuple[Change, ...]


def review(approved: Plan, fresh: Plan) -> Review:
    """Sort the changes of `approved` by whether `fresh`, made from the same basis, agrees.

    So a forged plan can leave something out, but make nothing happen that its settings and basis
    do not ask for. Items that were pending when the plan was made go ahead as the fresh plan has
    them: they were approved with the settings.
    """
    agreed: list[Change] = []
    disputed: list[Change] = []
    for change in approved.changes:
        other = fresh.change(change.id)
        if other is not None and _same(change, other):
            agreed.append(other)
        else:
            disputed.append(change)
    waited = {pending.subject for pending in approved.pending}
    agreed.extend(
        change
        for change in fresh.changes
        if change.kind is Kind.NIC_SETTINGS
        and change.subject in waited
        and approved.change(change.id) is None
    )
    return Review(tuple(agreed), tuple(disputed))


def without_missing(changes: Sequence[Change], done: frozenset[str]) -> tuple[Change, ...]:
    """The changes, waiting no more for those that are done."""
    return tuple(
        replace(c, depends_on=tuple(d for d in c.depends_on if d not in done)) for c in changes
    )


def _same(approved: Change, fresh: Change) -> bool:
    if isinstance(approved.after, ItemState) and isinstance(fresh.after, ItemState):
        return _values(approved) == _values(fresh)
    if isinstance(approved.after, NetworkState) and isinstance(fresh.after, NetworkState):
        return approved.before == fresh.before and _plain(approved.after) == _plain(fresh.after)
    return approved.before == fresh.before and approved.after == fresh.after


def _values(change: Change) -> dict[tuple[str, str, str], tuple[object, object]]:
    assert isinstance(change.before, ItemState)
    assert isinstance(change.after, ItemState)
    return {
        after.key: (before.value, after.value)
        for before, after in zip(change.before.settings, change.after.settings, strict=True)
    }


def _plain(state: NetworkState) -> NetworkState:
    return replace(state, tags=dict(state.tags))
