"""What to do when: a pure state machine over all changes of a run.

No I/O, no clock, no thread: time comes in as a number of seconds, tasks go out, reports come in.
So threads, a virtual clock and a table test drive it alike. A decision costs what it decides, not
a look at all changes: who waits for a moment, a place, a sight or a list stands in a queue for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from asr_netmap.applying import observer
from asr_netmap.applying.admission import Admission
from asr_netmap.applying.agenda import Agenda, Queue
from asr_netmap.applying.course import Course, Signal, Step
from asr_netmap.applying.gathering import Gathering, Readers
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.lookout import Looking, Lookout
from asr_netmap.applying.outcome import Outcome, Status
from asr_netmap.applying.pace import Pace, Window, scarce, spacing
from asr_netmap.applying.tasks import (
    Failure,
    ListRead,
    Look,
    Looked,
    Report,
    Task,
)
from asr_netmap.arm_id import ArmId
from asr_netmap.budgets import Budgets, Operations
from asr_netmap.errors import PlanningError
from asr_netmap.planning.change import Change, Kind
from asr_netmap.planning.gateway import ListSize

# Somebody's change of mind about one VM is no reason to stop for all others.
_NO_FAILURE = frozenset({"stale"})
_AT_ONCE = 0.001
_LISTED = frozenset({Kind.MAPPING, Kind.NIC_SETTINGS})

Sizes = Callable[[Kind, ArmId], "ListSize | None"]


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
    budgets -- ARM's request limits, shared with whoever else sends; None: there are none.
    sizes -- what the list of a vault costs that shows the subjects of a kind; default: no list.
    Raises PlanningError if a change appears twice.
    """

    def __init__(
        self,
        changes: Sequence[Change],
        limits: Limits,
        seed: str = "",
        *,
        budgets: Budgets | None = None,
        sizes: Sizes | None = None,
    ) -> None:
        self._limits = limits
        self._pace = Pace(limits)
        self._budgets = budgets
        self._sizes = sizes
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
        self._failures = 0
        self._most_in_flight = 0
        self._in_flight: set[str] = set()
        self._active: dict[str, Course] = {}
        self._left = len(self._courses)
        self._totals = Counter(change.kind for change in changes)
        self._stages: set[Kind] = set()
        self._events: list[observer.Event] = []
        self._running: dict[int, tuple[Task, Course | Looking | Readers]] = {}
        self._agenda = Agenda()
        self._overdue = Queue()
        self._lookouts: dict[ArmId, Lookout] = {}
        self._gatherings: dict[tuple[Kind, ArmId], Gathering] = {}
        self._canaries = _canaries(changes, limits.canary)
        self._admission = Admission(budgets)
        self._tie()

    def _tie(self) -> None:
        """Who waits for whom; the rest of a kind waits for its canaries."""
        self._waits: dict[str, set[str]] = {}
        self._waited_for: dict[str, list[str]] = {}
        for name, course in self._courses.items():
            needed = {d for d in course.change.depends_on if d in self._courses}
            canaries = self._canaries.get(course.change.kind, frozenset())
            if name not in canaries:
                needed |= canaries
            self._waits[name] = needed
            for other in needed:
                self._waited_for.setdefault(other, []).append(name)
            if not needed:
                self._admission.put_new(course)

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
        self._end_what_is_too_late(now)
        self._break_cycles(now)
        self._admit(now)
        start = tuple(self._start_all(now))
        return Decision(start, self._wake_at(now), finished=self._left == 0)

    def report(self, task: Task, report: Report, now: float) -> None:
        """Take in how a started task ended. Reports of changes already given up are ignored."""
        _, whose = self._running.pop(id(task))
        if isinstance(whose, Course):
            self._take(whose, report, now)
        elif isinstance(whose, Looking):
            assert isinstance(task, Look)
            self._lookouts[task.vault].end()
            self._share_sight(whose, report, now)
        else:
            self._share_list(whose, report, now)

    def _take(self, course: Course, report: Report, now: float) -> None:
        if course.outcome is not None:
            course.running = None
            return
        sent_at = course.sent_at
        self._heed(course.take(report, now), sent_at, now)
        self._move(course, now)

    def _share_sight(self, looking: Looking, report: Report, now: float) -> None:
        """Hand a sight, or that there is none, to all that waited for it."""
        signal: Signal | None
        for course in looking.still_waiting():
            if isinstance(report, Looked):
                other = report.others.get(course.change.subject.key)
                signal = course.sighted(report.sight, other, now, looking.began)
            elif isinstance(report, Failure):
                signal = course.sight_failed(report.error, now)
            else:
                continue  # torn off: they go on waiting
            if signal is not None:
                self._heed(signal, course.sent_at, now)
                self._move(course, now)

    def _share_list(self, readers: Readers, report: Report, now: float) -> None:
        compared = report.compared if isinstance(report, ListRead) else {}
        for course, ticket in readers.waiting:
            if course.ticket == ticket and course.outcome is None:
                course.read_from_list(compared.get(course.change.subject.key), now)
                self._move(course, now)

    def _heed(self, signal: Signal, sent_at: float, now: float) -> None:
        if signal is Signal.SUCCEEDED:
            self._window.grow()
        elif signal is Signal.CROWDED:
            self._window.shrink(sent_at, now)

    def interrupt(self, now: float) -> None:
        """Stop starting; called again: give up what is in flight, too."""
        self._interrupts += 1
        written = sum(course.written for course in self._active.values())
        self._events.append(observer.Interrupted(written, again=self._interrupts > 1))
        if self._interrupts == 1:
            why = "The run was interrupted before this was written."
            self._halt(_Stop("interrupted", why), now)
            return
        for course in tuple(self._active.values()):
            self._abandon(course, "interrupted", "The run was interrupted", now)

    # moving courses

    def _move(self, course: Course, now: float) -> None:
        """Put a course where it waits for its next step; take over what it has to say."""
        course.ticket += 1
        self._account(course, now)
        if course.hold > self._hold:
            self._hold = course.hold
            seconds = course.hold - now
            self._events.append(observer.Throttled(course.change, seconds, self._window.size))
        self._events.extend(course.events)
        course.events.clear()
        if course.outcome is not None:
            self._settle(course, course.outcome, now)
        elif self._may_not_go_on(course, now) is None:
            self._queue(course, now)

    def _account(self, course: Course, now: float) -> None:
        """Keep count of the places and of the budget that a course takes."""
        if course.in_flight:
            self._in_flight.add(course.name)
            self._most_in_flight = max(self._most_in_flight, len(self._in_flight))
        else:
            self._in_flight.discard(course.name)
            self._admission.give_back(course, now)

    def _may_not_go_on(self, course: Course, now: float) -> _Stop | None:
        """End what is not written yet and may not be any more."""
        if course.written:
            return None
        stop = self._stop or self._too_late(course, now)
        if stop is not None:
            self._end(course, Status.PENDING, stop.code, stop.message, now)
        return stop

    def _queue(self, course: Course, now: float) -> None:
        gives_up_at = course.gives_up_at
        if gives_up_at is not None:
            self._overdue.put(gives_up_at, course)
        if course.step in (Step.IDLE, Step.PREPARE, Step.SEND) and not course.admitted:
            self._admission.put_back(course)
        elif course.step in (Step.IDLE, Step.FOLLOW, Step.CLOSE):
            self._lookout(course).put(course)
        elif course.step is Step.READ_BACK and not course.alone and self._sizes is not None:
            self._gather(course, now)
        else:
            self._agenda.put(course)

    def _lookout(self, course: Course) -> Lookout:
        assert course.vault is not None, "only what lies in a vault waits for its jobs"
        found = self._lookouts.get(course.vault)
        if found is None:
            found = self._lookouts[course.vault] = Lookout(course.vault)
        return found

    def _gather(self, course: Course, now: float) -> None:
        kind, vault = course.change.kind, course.vault
        if vault is None or kind not in _LISTED or self._sizes is None:
            self._agenda.put(course)
            return
        gathering = self._gatherings.get((kind, vault))
        if gathering is None:
            gathering = Gathering(kind, vault, self._sizes(kind, vault))
            self._gatherings[kind, vault] = gathering
        gathering.put(course, now, urgent=bool(self._waited_for.get(course.name)))

    # ending courses

    def _end(self, course: Course, status: Status, code: str, message: str, now: float) -> None:
        """End a course, unless the end of another one has ended it already."""
        if course.outcome is not None:
            return
        course.end(status, code, message, now)
        self._move(course, now)

    def _settle(self, course: Course, outcome: Outcome, now: float) -> None:
        name = course.name
        self._left -= 1
        self._active.pop(name, None)
        self._admission.forget(course)
        if outcome.status is Status.APPLIED:
            self._release(name)
            return
        self._count_failure(outcome, now)
        if name in self._canaries.get(course.change.kind, ()) and self._stop is None:
            message = f"The canary {course.change.title} was not applied."
            self._halt(_Stop("canary", message), now)
        for other in self._waited_for.get(name, ()):
            self._skip(self._courses[other], course, now)

    def _release(self, name: str) -> None:
        for other in self._waited_for.get(name, ()):
            waits = self._waits[other]
            waits.discard(name)
            course = self._courses[other]
            if not waits and course.outcome is None:
                self._admission.put_new(course)

    def _skip(self, course: Course, dependency: Course, now: float) -> None:
        depends = dependency.name in course.change.depends_on
        if course.outcome is None and depends:
            message = f"It depends on {dependency.change.title}, which was not applied."
            self._end(course, Status.PENDING, "dependency", message, now)

    def _count_failure(self, outcome: Outcome, now: float) -> None:
        if outcome.status is Status.PENDING or outcome.code in _NO_FAILURE:
            return
        self._failures += 1
        most = self._limits.max_failures
        if most is not None and self._failures >= most and self._stop is None:
            message = f"Stopped after {self._failures} failed changes."
            self._halt(_Stop("max-failures", message), now)

    def _halt(self, stop: _Stop, now: float) -> None:
        """From now on nothing is written that is not written yet."""
        self._stop = stop
        for course in tuple(self._courses.values()):
            if course.outcome is None and course.running is None and not course.written:
                self._end(course, Status.PENDING, stop.code, stop.message, now)

    def _abandon(self, course: Course, code: str, why: str, now: float) -> None:
        if course.written:
            message = f"{why} while Azure worked on it. Run again to see whether it took effect."
            self._end(course, Status.UNKNOWN, code, message, now)
        else:
            self._end(course, Status.PENDING, code, f"{why} before this was written.", now)

    # deadlines

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
        if last is not None and now >= last:
            for course in tuple(self._active.values()):
                self._abandon(course, "deadline", "The time was up", now)
        for course in self._overdue.take_due(now):
            assert course.accepted_at is not None, "only what was accepted can run for too long"
            message = f"Azure still works on it after {now - course.accepted_at:.0f} s."
            self._end(course, Status.UNKNOWN, "operation-timeout", message, now)

    def _end_what_is_too_late(self, now: float) -> None:
        """End what has not begun and can't be expected to finish in time."""
        if self._deadline is None:
            return
        for course in self._admission.new_of_each_kind():
            if self._too_late(course, now) is not None:
                for other in self._admission.new_like(course):
                    self._may_not_go_on(other, now)

    def _too_late(self, course: Course, now: float) -> _Stop | None:
        deadline = self._deadline
        if deadline is None:
            return None
        if max(now, course.due) + self._pace.expected(course.change) <= deadline:
            return None
        return _Stop("deadline", "There was not enough time left to finish it.")

    def _break_cycles(self, now: float) -> None:
        """End what waits for itself, so that every run ends."""
        if self._active or self._left == 0 or self._admission.has_new:
            return
        for course in tuple(self._courses.values()):
            if course.outcome is None:
                message = "It depends on itself through other changes."
                self._end(course, Status.PENDING, "dependency", message, now)

    # starting

    def _admit(self, now: float) -> None:
        """Give the free places to those who waited before, then to those who have not begun.

        Before a place is given the budget must hold its write: pacing comes before sending, so
        that Azure hardly ever has to refuse.
        """
        while len(self._in_flight) < self._window.size and now >= self._hold:
            course = self._admission.next(now)
            if course is None:
                return
            self._active[course.name] = course
            self._announce(course.change.kind)
            course.admit(now)
            self._move(course, now)

    def _start_all(self, now: float) -> Iterator[Task]:
        """Writes first, then what answers many, then the rest by its urgency."""
        self._agenda.advance(now)
        yield from self._start_own(now, only=Step.SEND)
        yield from self._start_looks(now)
        yield from self._start_lists(now)
        self._agenda.advance(now)
        yield from self._start_own(now)
        yield from self._start_looks(now)  # for those whose sight was too old

    def _start_own(self, now: float, only: Step | None = None) -> Iterator[Task]:
        while self._has_worker and (course := self._agenda.most_urgent()) is not None:
            if only is not None and course.step is not only:
                return
            if course.step is Step.PREPARE and self._wait_for_reads(course, now):
                return
            self._agenda.take(course)
            if self._starts_over(course, now):
                self._move(course, now)
            elif self._may_not_go_on(course, now) is None:
                task = course.start(now)
                self._running[id(task)] = task, course
                yield task

    def _starts_over(self, course: Course, now: float) -> bool:
        """Whether what a course knows is too old to write by."""
        if course.step not in (Step.PREPARE, Step.SEND):
            return False
        if now < self._hold:
            course.put_off(self._hold)
            return True
        old = course.sight is not None and now - course.sighted_at > self._limits.sight_lasts
        if old and course.step is Step.PREPARE:
            course.look_anew(now)
            return True
        return False

    def _start_looks(self, now: float) -> Iterator[Task]:
        for vault, lookout in self._lookouts.items():
            moment = lookout.next_moment(self._spacing(vault, now))
            if moment is not None and moment <= now and self._has_worker:
                look, looking = lookout.begin(now)
                self._running[id(look)] = look, looking
                yield look

    def _start_lists(self, now: float) -> Iterator[Task]:
        for (_, vault), gathering in self._gatherings.items():
            moment = self._gathered_at(gathering, vault, now)
            if moment is None or moment > now or not self._has_worker:
                continue
            task, readers = gathering.take(saving=self._saving(vault, now))
            if task is None:
                for course, _ in readers.waiting:
                    self._agenda.put(course)
            else:
                self._running[id(task)] = task, readers
                yield task

    @property
    def _has_worker(self) -> bool:
        return len(self._running) < self._limits.workers

    def _requests_left(self, vault: ArmId, kind: Operations, now: float) -> float:
        if self._budgets is None:
            return float("inf")
        return self._budgets.left(vault.subscription, kind, now)

    def _spacing(self, vault: ArmId, now: float) -> float:
        reads, writes = (
            self._requests_left(vault, kind, now) for kind in (Operations.READS, Operations.WRITES)
        )
        return spacing(reads, writes, self._left, self._limits.closest_looks)

    def _gathered_at(self, gathering: Gathering, vault: ArmId, now: float) -> float | None:
        saving = self._saving(vault, now)
        patience = self._limits.gather_scarce if saving else self._limits.gather
        return gathering.next_moment(patience, last=not self._in_flight, saving=saving)

    def _saving(self, vault: ArmId, now: float) -> bool:
        return scarce(self._requests_left(vault, Operations.READS, now))

    def _wait_for_reads(self, course: Course, now: float) -> float:
        """Seconds until the reads are there that a course's preparation takes."""
        if self._budgets is None:
            return 0.0
        count = 1 + len(course.change.claims)
        subscription = course.change.subject.subscription
        return self._budgets.wait(subscription, Operations.READS, now, count=count)

    def _announce(self, kind: Kind) -> None:
        if kind not in self._stages:
            self._stages.add(kind)
            self._events.append(observer.Stage(kind, self._totals[kind]))

    # waking up

    def _wake_at(self, now: float) -> float | None:
        """The next moment at which something may be decided without a report."""
        if self._left == 0:
            return None
        moment = min((m for m in self._moments(now) if m is not None), default=None)
        # What this decision itself brought about is decided on at once.
        return None if moment is None else max(moment, now + _AT_ONCE)

    def _moments(self, now: float) -> Iterator[float | None]:
        yield self._last_moment
        yield self._overdue.first()
        yield self._agenda.first_later()
        if len(self._in_flight) < self._window.size:
            wanted = self._admission.next_moment(now)
            yield None if wanted is None else max(wanted, self._hold)
        if not self._has_worker:
            return
        for vault, lookout in self._lookouts.items():
            yield lookout.next_moment(self._spacing(vault, now))
        for (_, vault), gathering in self._gatherings.items():
            yield self._gathered_at(gathering, vault, now)
        course = self._agenda.most_urgent()
        if course is not None and course.step is Step.PREPARE:
            yield now + self._wait_for_reads(course, now)


def _canaries(changes: Sequence[Change], count: int | None) -> Mapping[Kind, frozenset[str]]:
    """The first of each kind that is about a VM."""
    if count is None:
        return {}
    kinds = (Kind.REPLICATION, Kind.NIC_SETTINGS)
    return {kind: frozenset([c.id for c in changes if c.kind is kind][:count]) for kind in kinds}
