"""Counting what happens while plans are applied: per stage, at what rate, and how long it takes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from asr_netmap.applying.observer import (
    Accepted,
    Event,
    Finished,
    Interrupted,
    Stage,
    Started,
    Throttled,
)
from asr_netmap.applying.outcome import Status
from asr_netmap.planning.change import Change, Kind

# A rate is measured over what ended lately, so that it follows a throttle or a faster stage.
WINDOW_SECONDS = 120.0
# Fewer ends say too little about those that are still to come.
LEAST_ENDS = 3


@dataclass(frozen=True, slots=True)
class StageCount:
    """How far the changes of one kind are.

    done -- written, or tried: all that ended but what waits for another run.
    pending -- left for another run.
    checking -- looked at, and not written yet.
    in_flight -- accepted by Azure, and not read back yet.
    """

    kind: Kind
    total: int
    done: int
    pending: int
    checking: int
    in_flight: int


class Tally:
    """Counts the events of a run over one plan or several.

    Times are seconds of one monotonic clock.
    """

    def __init__(self, changes: Iterable[Change], now: float) -> None:
        self._totals = Counter(change.kind for change in changes)
        self._ended: Counter[Kind] = Counter()
        self._left: Counter[Kind] = Counter()
        self._checking: dict[str, Kind] = {}
        self._in_flight: dict[str, Kind] = {}
        self._statuses: Counter[Status] = Counter()
        self._ends: deque[float] = deque()
        self._held_until = 0.0
        self.began = now
        self.interrupted: Interrupted | None = None

    def take(self, event: Event, now: float) -> None:
        """Count an event."""
        if isinstance(event, Stage):
            # What was waited for is planned later, and comes on top.
            least = self._ended[event.kind] + event.total
            self._totals[event.kind] = max(self._totals[event.kind], least)
        elif isinstance(event, Started):
            self._checking[event.change.id] = event.change.kind
        elif isinstance(event, Accepted):
            self._checking.pop(event.change.id, None)
            self._in_flight[event.change.id] = event.change.kind
        elif isinstance(event, Throttled):
            self._held_until = max(self._held_until, now + event.seconds)
        elif isinstance(event, Interrupted):
            self.interrupted = event
        elif isinstance(event, Finished):
            self._checking.pop(event.change.id, None)
            self._in_flight.pop(event.change.id, None)
            self._ended[event.change.kind] += 1
            self._statuses[event.outcome.status] += 1
            if event.outcome.status is Status.PENDING:
                self._left[event.change.kind] += 1
            else:  # a pending one took no time
                self._ends.append(now)

    @property
    def total(self) -> int:
        """How many changes there are."""
        return self._totals.total()

    @property
    def ended(self) -> int:
        """How many changes ended, one way or the other."""
        return self._ended.total()

    @property
    def in_flight(self) -> int:
        """How many changes Azure works on, or are being read back."""
        return len(self._in_flight)

    @property
    def stages(self) -> tuple[StageCount, ...]:
        """The kinds of changes that there are, in the order in which they are applied."""
        checking, flying = Counter(self._checking.values()), Counter(self._in_flight.values())
        ended, left = self._ended, self._left
        return tuple(
            StageCount(k, self._totals[k], ended[k] - left[k], left[k], checking[k], flying[k])
            for k in Kind
            if self._totals[k]
        )

    def count(self, status: Status) -> int:
        """How many changes ended so."""
        return self._statuses[status]

    def rate(self, now: float) -> float | None:
        """Changes per second, as measured lately; None: too few to say."""
        while self._ends and self._ends[0] < now - WINDOW_SECONDS:
            self._ends.popleft()
        seconds = min(now - self.began, WINDOW_SECONDS)
        if len(self._ends) < LEAST_ENDS or seconds <= 0:
            return None
        return len(self._ends) / seconds

    def seconds_left(self, now: float) -> float | None:
        """How long the rest takes at that rate; None: nobody can say.

        After an interrupt nothing more is started, so the rate says nothing.
        """
        rate = self.rate(now)
        if rate is None or self.interrupted is not None:
            return None
        return (self.total - self.ended) / rate

    def held_for(self, now: float) -> float:
        """For how many seconds more Azure wants no new write; 0: it does not say so."""
        return max(0.0, self._held_until - now)
