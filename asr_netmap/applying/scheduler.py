"""What to do when: a pure state machine over all changes of a run.

No I/O, no clock, no thread: time comes in as a number of seconds, tasks go out, reports come in.
So threads, a virtual clock and a table test drive it alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asr_netmap.applying import observer
from asr_netmap.applying.course import Course, Signal, Step
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.outcome import Outcome, Status
from asr_netmap.applying.pace import Pace, Window
from asr_netmap.applying.tasks import Report, Task
from asr_netmap.errors import PlanningError
from asr_netmap.planning.change import Change, Kind

# Somebody's change of mind about one VM is no reason to stop for all others.
_NO_FAILURE = frozenset({"stale"})


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now.

    start -- tasks to start at once, most urgent first.
    wake_at -- when to ask again if nothing is reported before; None: only a report can change
        anything.
    finished -- every change has its outcome.
    """

    start: tuple[Task, ...]
    wake_at: float | None
    finished: bool


@dataclass(frozen=True, slots=True)
class _Stop:
    """Why nothing more is started."""

    code: str
    message: str


class Scheduler:
    """Decides for all changes of a run.

    A change starts when all it depends on is applied; a dependency that is not among the changes
    counts as met, since a plan names only what is still to be done. Changes to one subject run
    one after the other.

    seed -- makes the request ids of this run its own.
    Raises PlanningError if a change appears twice.
    """

    def __init__(self, changes: Sequence[Change], limits: Limits, seed: str = "") -> None:
        self._limits = limits
        self._pace = Pace(limits)
        start = min(limits.in_flight_at_start, limits.max_in_flight)
        self._window = Window(max(1, start), limits.max_in_flight)
        courses = (
            Course(change, change.id, limits, self._pace, seed, order)
            for order, change in enumerate(changes)
        )
        self._courses = {course.name: course for course in courses}
        if len(self._courses) != len(changes):
            raise PlanningError("A change appears twice in what is to be applied.")
        self._began: float | None = None
        self._stop: _Stop | None = None
        self._interrupts = 0
        self._hold = 0.0
        self._running = 0
        self._places = 0
        self._failures = 0
        self._most_in_flight = 0
        self._active: dict[str, Course] = {}
        self._subjects: set[str] = set()
        self._not_begun = dict(self._courses)
        self._left = len(self._courses)
        self._totals = Counter(change.kind for change in changes)
        self._stages: set[Kind] = set()
        self._events: list[observer.Event] = []
        self._canaries = _canaries(changes, limits.canary)
        self._tie()

    def _tie(self) -> None:
        """Who waits for whom; the rest of the NIC changes waits for the canaries."""
        self._waits: dict[str, set[str]] = {}
        self._waited_for: dict[str, list[str]] = {}
        self._startable: dict[str, Course] = {}
        for name, course in self._courses.items():
            needed = {d for d in course.change.depends_on if d in self._courses}
            if course.change.kind is Kind.NIC_SETTINGS and name not in self._canaries:
                needed |= self._canaries
            self._waits[name] = needed
            for other in needed:
                self._waited_for.setdefault(other, []).append(name)
            if not needed:
                self._startable[name] = course

    # what others ask

    @property
    def interrupted(self) -> bool:
        """Whether somebody asked to stop."""
        return self._interrupts > 0

    @property
    def most_in_flight(self) -> int:
        """The most writes that were in flight at once so far."""
        return self._most_in_flight

    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes so far, in the order of the changes."""
        found = (course.outcome for course in self._courses.values())
        return tuple(outcome for outcome in found if outcome is not None)

    def take_events(self) -> tuple[observer.Event, ...]:
        """What happened since the last call."""
        events, self._events = tuple(self._events), []
        return events

    # what happens

    def decide(self, now: float) -> Decision:
        """What to start at `now`, a number of seconds that never goes back."""
        if self._began is None:
            self._began = now
        self._give_up(now)
        self._end_what_may_not_start(now)
        self._break_cycles(now)
        in_flight = sum(course.in_flight for course in self._active.values())
        self._places = self._window.size - in_flight
        free = self._places
        start = (*self._continue(now), *self._begin(now))
        self._most_in_flight = max(self._most_in_flight, in_flight + free - self._places)
        return Decision(start, self._wake_at(now), finished=self._left == 0)

    def report(self, task: Task, report: Report, now: float) -> None:
        """Take in how a started task ended. Reports of changes already given up are ignored."""
        self._running -= 1
        course = self._courses[task.change.id]
        if course.outcome is not None:
            course.running = None
            return
        sent_at = course.sent_at
        signal = course.take(report, now)
        if signal is Signal.SUCCEEDED:
            self._window.grow()
        elif signal is Signal.CROWDED:
            self._window.shrink(sent_at, now)
        self._collect(course, now)

    def interrupt(self, now: float) -> None:
        """Stop starting; called again: give up what is in flight, too."""
        self._interrupts += 1
        written = sum(course.written for course in self._active.values())
        self._events.append(observer.Interrupted(written, again=self._interrupts > 1))
        if self._interrupts == 1:
            self._stop = _Stop("interrupted", "The run was interrupted before this was written.")
            return
        for course in tuple(self._active.values()):
            self._abandon(course, "interrupted", "The run was interrupted", now)

    # ending courses

    def _collect(self, course: Course, now: float) -> None:
        """Take over what a course has to say, and its end."""
        if course.hold > self._hold:
            self._hold = course.hold
            seconds = course.hold - now
            self._events.append(observer.Throttled(course.change, seconds, self._window.size))
        self._events.extend(course.events)
        course.events.clear()
        if course.outcome is not None:
            self._settle(course, course.outcome, now)

    def _end(self, course: Course, status: Status, code: str, message: str, now: float) -> None:
        course.end(status, code, message, now)
        self._collect(course, now)

    def _settle(self, course: Course, outcome: Outcome, now: float) -> None:
        name = course.name
        self._left -= 1
        self._startable.pop(name, None)
        self._not_begun.pop(name, None)
        if self._active.pop(name, None) is not None:
            self._subjects.discard(course.change.subject.key)
        if outcome.status is Status.APPLIED:
            self._release(name)
            return
        self._count_failure(outcome)
        if name in self._canaries and self._stop is None:
            self._stop = _Stop("canary", f"The canary {course.change.title} was not applied.")
        for other in self._waited_for.get(name, ()):
            self._skip(self._courses[other], course, now)

    def _release(self, name: str) -> None:
        for other in self._waited_for.get(name, ()):
            waits = self._waits[other]
            waits.discard(name)
            course = self._courses[other]
            if not waits and course.outcome is None:
                self._startable[other] = course

    def _skip(self, course: Course, dependency: Course, now: float) -> None:
        depends = dependency.name in course.change.depends_on
        if course.outcome is None and depends:
            message = f"It depends on {dependency.change.title}, which was not applied."
            self._end(course, Status.PENDING, "dependency", message, now)

    def _count_failure(self, outcome: Outcome) -> None:
        if outcome.status is Status.PENDING or outcome.code in _NO_FAILURE:
            return
        self._failures += 1
        most = self._limits.max_failures
        if most is not None and self._failures >= most and self._stop is None:
            self._stop = _Stop("max-failures", f"Stopped after {self._failures} failed changes.")

    def _abandon(self, course: Course, code: str, why: str, now: float) -> None:
        if course.written:
            message = f"{why} while Azure worked on it. Run again to see whether it took effect."
            self._end(course, Status.UNKNOWN, code, message, now)
        else:
            self._end(course, Status.PENDING, code, f"{why} before this was written.", now)

    # deadlines and stops

    @property
    def _deadline(self) -> float | None:
        if self._limits.deadline is None or self._began is None:
            return None
        return self._began + self._limits.deadline

    @property
    def _last_moment(self) -> float | None:
        return None if self._deadline is None else self._deadline + self._limits.grace

    def _give_up(self, now: float) -> None:
        """End what runs past every limit."""
        last = self._last_moment
        for course in tuple(self._active.values()):
            gives_up_at = course.gives_up_at
            if last is not None and now >= last:
                self._abandon(course, "deadline", "The time was up", now)
            elif gives_up_at is not None and now >= gives_up_at:
                message = (
                    f"Azure still works on it after {self._limits.max_wait_for_operation:.0f} s."
                )
                self._end(course, Status.UNKNOWN, "operation-timeout", message, now)

    def _end_what_may_not_start(self, now: float) -> None:
        """End what is not written yet and may not be any more."""
        if self._stop is None and self._deadline is None:
            return
        not_begun = self._startable if self._stop is None else self._not_begun
        for course in (*self._active.values(), *not_begun.values()):
            if course.outcome is not None or course.written or course.running is not None:
                continue
            stop = self._stop or self._too_late(course, now)
            if stop is not None:
                self._end(course, Status.PENDING, stop.code, stop.message, now)

    def _too_late(self, course: Course, now: float) -> _Stop | None:
        deadline = self._deadline
        if deadline is None:
            return None
        if max(now, course.due) + self._pace.expected(course.change) <= deadline:
            return None
        return _Stop("deadline", "There was not enough time left to finish it.")

    def _break_cycles(self, now: float) -> None:
        """End what waits for itself, so that every run ends."""
        if self._active or self._startable or self._left == 0:
            return
        for course in tuple(self._not_begun.values()):
            if course.outcome is None:
                message = "It depends on itself through other changes."
                self._end(course, Status.PENDING, "dependency", message, now)

    # starting

    def _has_room(self) -> bool:
        """Whether there is a place for another write and a worker to prepare it."""
        return self._places > 0 and self._running < self._limits.workers

    def _continue(self, now: float) -> list[Task]:
        """The next steps of what has begun."""
        tasks: list[Task] = []
        waiting = (c for c in self._active.values() if c.running is None and c.due <= now)
        for course in sorted(waiting, key=lambda c: (c.step, c.due, c.order)):
            if self._running >= self._limits.workers:
                break
            if course.step is Step.SEND and now < self._hold:
                # Its reading is too old when the wait is over.
                course.step, course.due = Step.PREPARE, self._hold
            elif course.step is Step.PREPARE:
                if self._places > 0 and now >= self._hold:
                    self._places -= 1
                    tasks.append(self._start(course, now))
            else:
                tasks.append(self._start(course, now))
        return tasks

    def _begin(self, now: float) -> list[Task]:
        """The first steps of what has not begun."""
        tasks: list[Task] = []
        if self._stop is not None or now < self._hold or not self._has_room():
            return tasks
        for name, course in tuple(self._startable.items()):
            if not self._has_room():
                break
            subject = course.change.subject.key
            if subject in self._subjects:
                continue
            del self._startable[name]
            del self._not_begun[name]
            self._subjects.add(subject)
            self._active[name] = course
            self._places -= 1
            self._announce(course.change.kind)
            tasks.append(self._start(course, now))
        return tasks

    def _start(self, course: Course, now: float) -> Task:
        self._running += 1
        task = course.start(now)
        self._events.extend(course.events)
        course.events.clear()
        return task

    def _announce(self, kind: Kind) -> None:
        if kind not in self._stages:
            self._stages.add(kind)
            self._events.append(observer.Stage(kind, self._totals[kind]))

    def _wake_at(self, now: float) -> float | None:
        """The next moment at which something may be decided without a report."""
        if self._left == 0:
            return None
        moments = [m for m in self._moments() if m > now]
        return min(moments, default=None)

    def _moments(self) -> Iterable[float]:
        if self._last_moment is not None:
            yield self._last_moment
        if self._startable:
            yield self._hold
        for course in self._active.values():
            if course.gives_up_at is not None:
                yield course.gives_up_at
            if course.running is None:
                held = course.step in (Step.PREPARE, Step.SEND)
                yield max(course.due, self._hold) if held else course.due


def _canaries(changes: Sequence[Change], count: int | None) -> frozenset[str]:
    nics = [change.id for change in changes if change.kind is Kind.NIC_SETTINGS]
    return frozenset(nics[:count] if count is not None else ())
