"""How fast: when to look at an operation, and how many writes may run at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from asr_netmap.applying.limits import Limits
from asr_netmap.budgets import BUCKETS, Operations
from asr_netmap.planning.change import Action, Change, Kind

# Two reads before the write, one after it and what lies between them.
_AROUND_AN_OPERATION = 2.0
_SOONEST_FIRST_LOOK = 0.2
# Of ARM's bucket of 250 reads (Microsoft Learn, request limits and throttling).
_PLENTY = 125.0
_SCARCE = 40.0
# What ARM's bucket of writes refills in a second: less is no bucket to draw on.
_ALL_WRITTEN = BUCKETS[Operations.WRITES][1]
_SMALL_RUN, _LARGE_RUN = 50, 1000
# Eight steps down make up for one up: about eight in nine first looks come late enough.
_STEP_DOWN = 0.99
_STEP_UP = 1.08
# Recorded: fabrics 64 to 84 s, a new network less than 10 s, protection container mappings 64 to
# 166 s, enabling replication 310 to 425 s (az CLI recordings, 2023).
_USUAL = {
    Kind.FABRIC: 84.0,
    Kind.NETWORK: 10.0,
    Kind.CONTAINER_MAPPING: 166.0,
    Kind.REPLICATION: 425.0,
}


@dataclass(slots=True)
class Pace:
    """When to look at an operation; learned from the operations of this run, by kind of change.

    A first look that finds the operation finished may have come too late, so the next one comes a
    little earlier; one that came too early puts the next one off. So the first look settles above
    the usual duration, and most operations cost one look: ARM's bucket refills with 25 reads a
    second for 10 writes (Microsoft Learn, request limits and throttling).
    """

    limits: Limits
    _first: dict[tuple[Kind, Action], float] = field(default_factory=dict)
    _took: dict[tuple[Kind, Action], float] = field(default_factory=dict)

    def first_look(self, change: Change) -> float:
        """Seconds from acceptance to the first look."""
        return self._first.get((change.kind, change.action), self.limits.first_look)

    def learn(self, change: Change, seconds: float, looks: int) -> None:
        """Take in that an operation was seen finished `seconds` after it was accepted."""
        first = self.first_look(change)
        if looks <= 1:
            learned = first * _STEP_DOWN
        elif seconds > 2 * first:
            learned = (first + seconds) / 2
        else:
            # Many looks may report at once, all of them set off by an earlier, shorter estimate.
            learned = min(first * _STEP_UP, max(first, seconds))
        what = (change.kind, change.action)
        self._first[what] = max(_SOONEST_FIRST_LOOK, learned)
        self._took[what] = (self._took.get(what, seconds) + seconds) / 2

    def expected(self, change: Change) -> float:
        """Seconds that a change of this kind takes from its first look to its read-back.

        A kind that this run has not seen yet is expected to take no less than the slowest one
        that it has: where the service is slow, it is slow for all.
        """
        took = self._took.get((change.kind, change.action))
        if took is None:
            usual = _USUAL.get(change.kind, self.limits.first_look)
            took = max(usual, *self._took.values()) if self._took else usual
        return took + _AROUND_AN_OPERATION

    def next_look(self, looks: int, told: float | None, *, shared: bool = False) -> float:
        """Seconds until the look after `looks` looks; `told` is Azure's own wish.

        shared -- one listing of jobs looks at all operations; then looks may be denser, and how
            dense they really are is `spacing`'s part.

        # ARM: every 202 says Retry-After: 30, though operations on mappings and items took 2.2 to
        # 3.8 s (Azure PowerShell recordings, 2021 and 2022). It suits clients that look once, so
        # the 202's own is not followed; one on an answer that says "still running" is, up to
        # `longest_told_wait`: a single GET every 10 s is far below any published limit.
        """
        every = self.limits.shared_look_every if shared else self.limits.look_every
        own = every * self.limits.look_growth ** max(0, looks - 1)
        own = min(own, self.limits.look_longest)
        return max(own, min(told or 0.0, self.limits.longest_told_wait))


def spacing(reads_left: float, writes_left: float, changes_left: int, closest: float) -> float:
    """Seconds between two listings of a vault's jobs.

    One listing answers for everybody, so only their number counts: of ARM's 25 reads a second
    (Microsoft Learn, request limits and throttling) they take one where reads are scarce, four
    where they are not. Where writes wait for their bucket, little waits for a look, and two do; one
    where a large run is far from its end. A small run, and the end of a large one, is over before
    its looks matter: `closest` is for those.
    """
    if reads_left < _SCARCE:
        return 1.0
    if changes_left <= _SMALL_RUN and reads_left >= _PLENTY:
        return closest
    if writes_left < _ALL_WRITTEN:
        return 1.0 if changes_left > _LARGE_RUN else 0.5
    return 0.5 if reads_left < _PLENTY else 0.25


def scarce(reads_left: float) -> bool:
    """Whether reads have to be saved."""
    return reads_left < _PLENTY


@dataclass(slots=True)
class Window:
    """How many writes may be in flight: one more after each success, half after a refusal.

    Refusals of writes that were sent no later than the last halving don't halve again: they come
    from the same crowd.
    """

    size: int
    ceiling: int
    _shrunk_at: float = float("-inf")

    def grow(self) -> None:
        """A write succeeded."""
        self.size = min(self.ceiling, self.size + 1)

    def shrink(self, sent_at: float, now: float) -> None:
        """A write that was sent at `sent_at` was refused for its number."""
        if sent_at > self._shrunk_at:
            self.size = max(1, self.size // 2)
            self._shrunk_at = now
