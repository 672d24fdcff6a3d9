"""Who gets the next place for a write: those who come back first, then those who have not begun."""

from __future__ import annotations

from collections.abc import Iterable

from asr_netmap.applying.agenda import Queue
from asr_netmap.applying.course import Course
from asr_netmap.budgets import Budgets, Operations
from asr_netmap.planning.change import Action, Kind

_Sort = tuple[Kind, Action]


class Admission:
    """The line for places. One change of a subject is let in at a time.

    budgets -- of which each place takes one write; None: writes are not limited.
    """

    def __init__(self, budgets: Budgets | None) -> None:
        self._budgets = budgets
        self._back = Queue()
        self._new: dict[str, Course] = {}
        self._by_sort: dict[_Sort, dict[str, Course]] = {}
        self._blocked: dict[str, dict[str, Course]] = {}
        self._inside: dict[str, str] = {}

    # the line

    def put_new(self, course: Course) -> None:
        """A course that has not begun may begin, unless another of its subject is let in."""
        self._by_sort.setdefault(_sort(course), {})[course.name] = course
        key = course.change.subject.key
        if key in self._inside:
            self._blocked.setdefault(key, {})[course.name] = course
        else:
            self._new[course.name] = course

    def put_back(self, course: Course) -> None:
        """A course that was let in before waits for a place again, from when it is due."""
        self._back.put(course.due, course)

    def forget(self, course: Course) -> None:
        """A course has ended; who waited for its subject may come."""
        self._take_out(course)
        key = course.change.subject.key
        if self._inside.get(key) == course.name:
            del self._inside[key]
            self._new.update(self._blocked.pop(key, {}))
        elif key in self._blocked:
            self._blocked[key].pop(course.name, None)

    @property
    def has_new(self) -> bool:
        """Whether any that has not begun may begin, now or after others of its subject."""
        return any(self._by_sort.values())

    def new_of_each_kind(self) -> list[Course]:
        """One of each sort that has not begun: what is too late for one is so for all."""
        return [next(iter(alike.values())) for alike in self._by_sort.values() if alike]

    def new_like(self, course: Course) -> list[Course]:
        """All of its sort that have not begun."""
        return list(self._by_sort.get(_sort(course), {}).values())

    # letting in

    def next(self, now: float) -> Course | None:
        """Let the next one in and take its write from the budget; None: nobody may come now."""
        moment = self._back.first()
        if moment is not None and moment <= now:
            course = self._back.peek()
            assert course is not None
            if self._take_write(course, now):
                return None
            return self._back.take()
        for course in self._candidates():
            if self._take_write(course, now):
                return None
            self._take_out(course)
            self._inside[course.change.subject.key] = course.name
            return course
        return None

    def next_moment(self, now: float) -> float | None:
        """When somebody may come, if there is a place; None: only after others have ended."""
        moments = []
        back = self._back.peek()
        if back is not None:
            moments.append(max(back.due, now + self._wait(back, now)))
        for course in self._candidates():
            moments.append(now + self._wait(course, now))
            break
        return min(moments, default=None)

    def give_back(self, course: Course, now: float) -> None:
        """A course gave up its place; a write that it did not send goes back to the budget."""
        if not course.budgeted:
            return
        course.budgeted = False
        if self._budgets is not None:
            subscription, kind, network = _budget_of(course)
            self._budgets.give_back(subscription, kind, now, network=network)

    def _candidates(self) -> Iterable[Course]:
        """Those who may begin; whose subject is taken by now are set aside on the way."""
        while self._new:
            name, course = next(iter(self._new.items()))
            key = course.change.subject.key
            if key not in self._inside:
                yield course
                return
            del self._new[name]
            self._blocked.setdefault(key, {})[name] = course

    def _take_out(self, course: Course) -> None:
        self._new.pop(course.name, None)
        self._by_sort.get(_sort(course), {}).pop(course.name, None)

    def _take_write(self, course: Course, now: float) -> float:
        """Take a write from the budget; else the seconds to wait."""
        if self._budgets is None:
            return 0.0
        subscription, kind, network = _budget_of(course)
        return self._budgets.take(subscription, kind, now, network=network)

    def _wait(self, course: Course, now: float) -> float:
        if self._budgets is None:
            return 0.0
        subscription, kind, network = _budget_of(course)
        return self._budgets.wait(subscription, kind, now, network=network)


def _sort(course: Course) -> _Sort:
    return course.change.kind, course.change.action


def _budget_of(course: Course) -> tuple[str, Operations, bool]:
    change = course.change
    kind = Operations.DELETES if change.action is Action.DELETE else Operations.WRITES
    return change.subject.subscription, kind, change.kind is Kind.NETWORK
