"""What holds for the scheduler whatever is reported, and in whatever order."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from asr_netmap.applying.comparison import Standing, Verdict
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.outcome import Status
from asr_netmap.applying.scheduler import Scheduler
from asr_netmap.applying.tasks import (
    Abandoned,
    Ask,
    Asked,
    Compared,
    Failure,
    ListRead,
    Look,
    Looked,
    OwnTask,
    Prepare,
    Prepared,
    ReadBack,
    ReadList,
    Recover,
    Recovered,
    Report,
    Send,
    Sent,
    SharedTask,
    SubjectBusy,
    Task,
)
from asr_netmap.budgets import Budgets
from asr_netmap.errors import Busy, Forbidden, OutcomeUnknown, Throttled, Unreachable
from asr_netmap.planning.change import Action, Change
from asr_netmap.planning.gateway import ListSize, Operation, Phase, Progress, Reading, Sight

from .estate import create_mapping, set_nics

LOOKS = (
    Progress(Phase.SUCCEEDED, "Succeeded"),
    Progress(Phase.SUCCEEDED, "Succeeded"),
    Progress(Phase.RUNNING, "InProgress"),
    Progress(Phase.RUNNING, "Odd", familiar=False),
    Progress(Phase.FAILED, "Failed"),
    None,
)
NO_ANSWER = (Failure(Unreachable("x")), Failure(Throttled("x")), Abandoned())


def shared_report(task: SharedTask, number: int, random: Random) -> Report:
    """What may be reported of a task that is done for many."""
    if random.random() < 0.15:
        return random.choice(NO_ANSWER)
    if isinstance(task, ReadList):
        keys = (change.subject.key for change, _ in task.wanted)
        return ListRead({key: Compared() for key in keys if random.random() < 0.8})
    drawn = {op.name: random.choice(LOOKS) for op, _ in task.following}
    progress = {name: each for name, each in drawn.items() if each is not None}
    others = {c.subject.key: "somebody's job" for c, _ in task.closing if random.random() < 0.2}
    return Looked(Sight(number, progress), others)


def prepared(standing: Standing) -> Report:
    return Prepared(Verdict(standing), Reading(None))


def reports(task: OwnTask) -> tuple[Report, ...]:
    """All that may be reported of a task; what goes well comes more often."""
    operation = Operation(f"job-{task.change.title}", "url", "r", task.change.subject)
    look: tuple[Report, ...] = (Failure(Unreachable("x")), Failure(Throttled("x")), Abandoned())
    if isinstance(task, Prepare):
        good = prepared(Standing.READY)
        bad = (prepared(Standing.STALE), prepared(Standing.NOT_READY), SubjectBusy("job"))
        return (good,) * 6 + (prepared(Standing.DONE), *bad, Failure(Forbidden("x")), *look)
    if isinstance(task, Send):
        bad_write = (Failure(OutcomeUnknown("x")), Failure(Busy("x")), Failure(ValueError("x")))
        return (Sent(operation),) * 6 + (Sent(None), *bad_write, *look)
    if isinstance(task, Ask):
        failed = Asked(Progress(Phase.FAILED, "Failed"))
        running = Asked(Progress(Phase.RUNNING, "Odd", retry_after=30))
        return (
            (Asked(Progress(Phase.SUCCEEDED, "Succeeded")),) * 3 + (running,) * 3 + (failed, *look)
        )
    if isinstance(task, Recover):
        return (Recovered(operation), Recovered(None), *look)
    assert isinstance(task, ReadBack)
    return (Compared(),) * 3 + (Compared(("x",)), *look)


@st.composite
def estates(draw: st.DrawFn) -> tuple[Change, ...]:
    """Mappings (some subjects twice, to be deleted and created again) and NIC settings."""
    changes: list[Change] = []
    for number in range(draw(st.integers(0, 4))):
        mapping = create_mapping(name=f"m{number}")
        if draw(st.booleans()):
            gone = replace(mapping, action=Action.DELETE, before=mapping.after, after=None)
            changes.append(gone)
        changes.append(mapping)
    for number in range(draw(st.integers(0, 12))):
        ids = [change.id for change in changes]
        needs = draw(st.lists(st.sampled_from(ids), max_size=3)) if ids else []
        changes.append(set_nics(f"app{number}", depends_on=tuple(needs)))
    return tuple(draw(st.permutations(changes)))


LIMITS = st.builds(
    Limits,
    workers=st.integers(1, 6),
    in_flight_at_start=st.integers(1, 8),
    max_in_flight=st.integers(1, 8),
    deadline=st.none() | st.floats(1, 300),
    grace=st.sampled_from([0.0, 30.0]),
    max_failures=st.none() | st.integers(1, 3),
    canary=st.none() | st.integers(1, 3),
    max_wait_for_operation=st.sampled_from([20.0, 120.0]),
    max_wait_for_busy=st.sampled_from([5.0, 60.0]),
)


class Watched:
    """A scheduler under random reports, watched from outside with books of its own."""

    def __init__(self, changes: tuple[Change, ...], limits: Limits, random: Random) -> None:
        size = random.choice((None, ListSize(1, 10), ListSize(30, 3000)))
        budgets = random.choice((None, Budgets()))
        self.scheduler = Scheduler(changes, limits, "seed", budgets=budgets, sizes=lambda *_: size)
        self.steps = 0
        self.looks = 0
        self.began: dict[int, int] = {}  # sight -> the step in which its listing began
        self.looking: dict[int, int] = {}  # id of the task -> the same
        self.asked: dict[str, int] = {}  # subject -> the step since which it needs a new sight
        self.limits = limits
        self.random = random
        self.now = 0.0
        self.open: list[Task] = []
        self.flying: dict[str, str] = {}  # subject -> change, from its send to its end
        self.applied: set[str] = set()
        self.known = {change.id for change in changes}
        self.stopped = False

    def step(self) -> bool:
        """Decide, then let one thing happen; False: finished."""
        self.steps += 1
        decision = self.scheduler.decide(self.now)
        self.note_outcomes()
        for task in decision.start:
            self.check_start(task)
            self.open.append(task)
        assert len(self.open) <= self.limits.workers
        assert len(self.flying) <= self.limits.max_in_flight
        if decision.finished:
            return False
        if self.random.random() < 0.01:
            self.scheduler.interrupt(self.now)
            self.stopped = True
        elif self.open and (decision.wake_at is None or self.random.random() < 0.8):
            self.finish(self.open.pop(self.random.randrange(len(self.open))))
        else:
            assert decision.wake_at is not None, "nothing runs and nothing will ever happen"
            assert decision.wake_at > self.now
            self.now = decision.wake_at
        return True

    def check_start(self, task: Task) -> None:
        if isinstance(task, SharedTask):
            self.looking[id(task)] = self.steps
            return
        change = task.change
        if isinstance(task, Prepare):
            assert task.sight is not None, "no idle check came before the reading"
            began = self.began[task.sight.number]
            assert began > self.asked.get(change.subject.key, 0), "an idle check too old"
        needed = set(change.depends_on) & self.known
        assert needed <= self.applied, "started before its dependencies"
        own = [other for other in self.open if isinstance(other, OwnTask)]
        assert all(other.change.subject != change.subject for other in own)
        assert self.flying.get(change.subject.key, change.id) == change.id
        if isinstance(task, Send):
            assert not self.stopped, "a write was started after the interrupt"
            assert change.subject.key not in self.flying, "two writes on one subject at once"
            self.flying[change.subject.key] = change.id

    def finish(self, task: Task) -> None:
        if isinstance(task, SharedTask):
            self.finish_shared(task)
            return
        report = self.random.choice(reports(task))
        if not isinstance(report, Prepared):
            self.asked[task.change.subject.key] = self.steps
        refused = isinstance(report, Failure) and not isinstance(report.error, OutcomeUnknown)
        over = isinstance(report, Sent) and report.operation is None
        ended = isinstance(report, Asked) and report.progress.phase is not Phase.RUNNING
        looked = isinstance(task, Recover) and report == Recovered(None)
        prepared_again = isinstance(task, Prepare)
        if (isinstance(task, Send) and (refused or over)) or ended or looked or prepared_again:
            self.flying.pop(task.change.subject.key, None)
        self.scheduler.report(task, report, self.now)
        self.note_outcomes()

    def finish_shared(self, task: SharedTask) -> None:
        self.looks += 1
        self.began[self.looks] = self.looking[id(task)]
        report = shared_report(task, self.looks, self.random)
        if isinstance(task, Look) and isinstance(report, Looked):
            for operation, _ in task.following:
                progress = report.sight.progress.get(operation.name)
                if progress is not None and progress.phase is Phase.SUCCEEDED:
                    self.flying.pop(operation.subject.key, None)
        self.scheduler.report(task, report, self.now)
        self.note_outcomes()

    def note_outcomes(self) -> None:
        for outcome in self.scheduler.outcomes():
            if outcome.status is Status.APPLIED:
                self.applied.add(outcome.change_id)
            for subject, change in tuple(self.flying.items()):
                if change == outcome.change_id:
                    del self.flying[subject]


@given(estates(), LIMITS, st.randoms(use_true_random=False))
def test_every_run_ends_and_no_rule_is_broken_on_the_way(
    changes: tuple[Change, ...], limits: Limits, random: Random
) -> None:
    """One write on a subject at once, dependencies first, limits kept, every change an outcome."""
    watched = Watched(changes, limits, random)
    for _ in range(400 * (len(changes) + 1)):
        if not watched.step():
            break
    else:
        raise AssertionError("it does not end")
    outcomes = watched.scheduler.outcomes()
    assert [outcome.change_id for outcome in outcomes] == [change.id for change in changes]


@given(estates(), LIMITS, st.randoms(use_true_random=False))
def test_what_may_have_been_written_is_never_called_pending(
    changes: tuple[Change, ...], limits: Limits, random: Random
) -> None:
    """A pending change has no accepted write whose end was not seen."""
    watched = Watched(changes, limits, random)
    accepted: set[str] = set()
    finish = watched.finish

    def spy(task: Task) -> None:
        finish(task)
        events = watched.scheduler.take_events()
        for event in events:
            if type(event).__name__ == "Accepted":
                accepted.add(event.change.id)  # type: ignore[union-attr]  # -- only these events hold a change

    watched.finish = spy  # type: ignore[method-assign]  # -- a spy in its place
    while watched.step():
        pass
    pending = {o.change_id for o in watched.scheduler.outcomes() if o.status is Status.PENDING}
    assert not pending & accepted
