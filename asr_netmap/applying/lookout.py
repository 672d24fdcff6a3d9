"""Who waits for a sight of a vault's jobs, and when the next listing is worth its request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from asr_netmap.applying.agenda import Queue
from asr_netmap.applying.course import Course, Step
from asr_netmap.applying.tasks import Look
from asr_netmap.arm_id import ArmId


@dataclass(frozen=True, slots=True)
class Looking:
    """A listing on its way: for whom it was begun, with their tickets, and when."""

    began: float
    waiting: tuple[tuple[Course, int], ...]

    def still_waiting(self) -> Iterable[Course]:
        """Those that have not moved on meanwhile."""
        return (c for c, ticket in self.waiting if c.ticket == ticket and c.outcome is None)


class Lookout:
    """The courses of one vault that wait for a sight.

    A sight is only given to those that asked before its listing began. One listing is on its way
    at a time; who comes later waits for the next.
    """

    def __init__(self, vault: ArmId) -> None:
        self._vault = vault
        self._waiting: dict[str, Course] = {}
        self._wanted = Queue()
        self._running = False
        self._last_began = float("-inf")

    def put(self, course: Course) -> None:
        """A course waits, and wants a sight from when it is due; it can use an earlier one."""
        self._waiting[course.name] = course
        self._wanted.put(course.due, course)

    def next_moment(self, spacing: float) -> float | None:
        """When the next listing should begin; None: nobody waits, or one is on its way."""
        wanted = None if self._running else self._wanted.first()
        return None if wanted is None else max(wanted, self._last_began + spacing)

    def begin(self, now: float) -> tuple[Look, Looking]:
        """Begin a listing for all that wait."""
        courses = [c for c in self._waiting.values() if _waits(c)]
        self._waiting = {c.name: c for c in courses}
        self._running, self._last_began = True, now
        following = ((c.operation, c.sight) for c in courses if c.step is Step.FOLLOW)
        closing = (
            (c.change, c.sight) for c in courses if c.step is Step.CLOSE and c.sight is not None
        )
        looking = Looking(now, tuple((c, c.ticket) for c in courses))
        return Look(self._vault, tuple(following), tuple(closing)), looking

    def end(self) -> None:
        """The listing is done, however it went."""
        self._running = False


def _waits(course: Course) -> bool:
    return course.outcome is None and course.step in (Step.IDLE, Step.FOLLOW, Step.CLOSE)
