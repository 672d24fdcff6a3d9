"""Courses in the order in which their next step is due, and then of its urgency.

Each call costs the logarithm of what waits, never a look at all of it. A course that is put in
again, or that ended, leaves its older entries behind; they are dropped when they come up.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from asr_netmap.applying.course import Course

_Entry = tuple[float, int, int, Course]


class Queue:
    """Courses by a moment, and where that is the same, by their order in the plan."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    def put(self, moment: float, course: Course) -> None:
        """Put a course in; its `ticket` must be new."""
        heapq.heappush(self._entries, (moment, course.order, course.ticket, course))

    def first(self) -> float | None:
        """The first moment of all; None: it is empty."""
        while self._entries and _is_old(self._entries[0]):
            heapq.heappop(self._entries)
        return self._entries[0][0] if self._entries else None

    def peek(self) -> Course | None:
        """The first course, which stays in."""
        return None if self.first() is None else self._entries[0][3]

    def take(self) -> Course | None:
        """The first course, taken out."""
        return None if self.first() is None else heapq.heappop(self._entries)[3]

    def take_due(self, now: float) -> Iterator[Course]:
        """Take out all whose moment has come, the earliest first."""
        while (moment := self.first()) is not None and moment <= now:
            yield heapq.heappop(self._entries)[3]


def _is_old(entry: _Entry) -> bool:
    _, _, ticket, course = entry
    return ticket != course.ticket or course.outcome is not None


class Agenda:
    """Steps that a course does by itself: those due later, and those due now by their urgency."""

    def __init__(self) -> None:
        self._later = Queue()
        self._now: dict[int, Queue] = {}

    def put(self, course: Course) -> None:
        """Note that a course wants its next step when it is due."""
        self._later.put(course.due, course)

    def first_later(self) -> float | None:
        """When the next step is due of those that are not yet."""
        return self._later.first()

    def advance(self, now: float) -> None:
        """Sort what has become due by its urgency."""
        for course in self._later.take_due(now):
            self._now.setdefault(course.step, Queue()).put(course.due, course)

    def most_urgent(self) -> Course | None:
        """The course whose step is due and most urgent; it stays in."""
        for step in sorted(self._now):
            course = self._now[step].peek()
            if course is not None:
                return course
        return None

    def take(self, course: Course) -> None:
        """Take out what `most_urgent` gave."""
        self._now[course.step].take()
