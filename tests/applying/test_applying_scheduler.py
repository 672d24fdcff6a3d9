"""The scheduler as tables: what it decides, given what was reported and what time it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from weakref import WeakSet

import pytest

from asr_netmap.applying.comparison import Standing, Verdict
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.observer import Finished
from asr_netmap.applying.outcome import Outcome, Status
from asr_netmap.applying.scheduler import Decision, Scheduler
from asr_netmap.applying.tasks import (
    AddressTaken,
    Ask,
    Asked,
    Compared,
    Failure,
    Look,
    Looked,
    OwnTask,
    Prepare,
    Prepared,
    ReadBack,
    Recover,
    Recovered,
    Report,
    Send,
    Sent,
    SubjectBusy,
)
from asr_netmap.errors import (
    AzureError,
    Busy,
    CredentialsMissing,
    FileError,
    Forbidden,
    Locked,
    OutcomeUnknown,
    PlanningError,
    PolicyDenied,
    Throttled,
    UnexpectedAnswer,
    Unreachable,
    UsageError,
)
from asr_netmap.planning.change import Change, Kind
from asr_netmap.planning.gateway import Operation, Phase, Progress, Reading, Sight

from .estate import create_mapping, create_network, set_nics
from .fake_azure import TooMany

READY = Prepared(Verdict(Standing.READY), Reading(None))
DONE = Prepared(Verdict(Standing.DONE, "was so"), Reading(None))
STALE = Prepared(Verdict(Standing.STALE, "moved"), Reading(None))
NOT_READY = Prepared(Verdict(Standing.NOT_READY, "replicating"), Reading(None))
RUNNING = Asked(Progress(Phase.RUNNING, "InProgress"))
SUCCEEDED = Asked(Progress(Phase.SUCCEEDED, "Succeeded"))


def sent(change: Change) -> Sent:
    return Sent(Operation("job-1", "https://signed", "r", change.subject, 30.0))


class Told:
    """Stands for what a listing of jobs told."""


class Table:
    """A scheduler with a hand on its clock.

    The vault's jobs are listed at once whenever it asks for them, and show nothing: so operations
    are asked for one by one.

    told -- what of the listings anybody still holds.
    """

    def __init__(self, *changes: Change, limits: Limits | None = None, seed: str = "seed") -> None:
        limits = replace(limits or Limits(), closest_looks=0.0)
        self.scheduler = Scheduler(changes, limits, seed)
        self.now = 100.0
        self.open: list[OwnTask] = []
        self.looks = 0
        self.told: WeakSet[Told] = WeakSet()

    def settle(self) -> Decision:
        """Decide, with all looks answered; their tasks are left out of what starts."""
        started: list[OwnTask] = []
        while True:
            decision = self.scheduler.decide(self.now)
            looks = [task for task in decision.start if isinstance(task, Look)]
            started += [task for task in decision.start if isinstance(task, OwnTask)]
            for task in looks:
                self.looks += 1
                told = Told()
                self.told.add(told)
                self.scheduler.report(task, Looked(Sight(self.looks, jobs=told)), self.now)
                del told
            if not looks:
                return replace(decision, start=tuple(started))

    def decide(self, at: float | None = None) -> tuple[OwnTask, ...]:
        """The tasks that start now, or at a later moment."""
        self.now = at if at is not None else self.now
        start = tuple(task for task in self.settle().start if isinstance(task, OwnTask))
        self.open += start
        return start

    def one(self, at: float | None = None) -> OwnTask:
        """The only task that starts."""
        (task,) = self.decide(at)
        return task

    def wake(self) -> OwnTask:
        """The only task that starts at the next moment that matters."""
        return self.one(self.wake_at())

    def wake_at(self) -> float:
        """The next moment that matters; asked when nothing is to be started."""
        decision = self.settle()
        assert decision.start == ()
        assert decision.wake_at is not None
        return decision.wake_at

    @property
    def finished(self) -> bool:
        """Whether every change has ended; asked when nothing is to be started."""
        decision = self.settle()
        assert decision.start == ()
        return decision.finished

    def say(self, task: OwnTask, report: Report) -> Table:
        self.scheduler.report(task, report, self.now)
        self.open.remove(task)
        return self

    def to_sent(self, change: Change) -> Table:
        """Bring the only change to where its operation runs."""
        self.say(self.one(), READY)
        return self.say(self.one(), sent(change))

    def outcome(self) -> Outcome:
        """The only change's outcome, with the run finished."""
        assert self.finished
        (outcome,) = self.scheduler.outcomes()
        return outcome

    def ends(self) -> tuple[Status, str]:
        outcome = self.outcome()
        return outcome.status, outcome.code

    def codes(self) -> list[str]:
        self.settle()
        return [outcome.code for outcome in self.scheduler.outcomes()]


CHANGE = set_nics("app1")


def test_a_change_is_prepared_sent_asked_for_and_read_back() -> None:
    table = Table(CHANGE)
    table.say(table.one(), READY)
    send = table.one()
    assert isinstance(send, Send)
    assert send.reading is READY.reading
    table.say(send, sent(CHANGE))
    assert table.decide() == ()
    ask = table.wake()
    assert isinstance(ask, Ask)
    table.say(ask, SUCCEEDED)
    back = table.one()
    assert isinstance(back, ReadBack)
    table.say(back, Compared())
    outcome = table.outcome()
    assert (outcome.status, outcome.code, outcome.job) == (Status.APPLIED, "", "job-1")
    assert outcome.request_id == send.request_id
    assert outcome.seconds == pytest.approx(2.8)


def test_a_write_that_is_answered_as_done_is_read_back_at_once() -> None:
    table = Table(create_network())
    table.say(table.one(), READY).say(table.one(), Sent(None))
    assert isinstance(table.one(), ReadBack)


def test_listings_are_not_held_for_changes_that_have_ended() -> None:
    first, second = set_nics("app1"), set_nics("app2")
    table = Table(first, second)
    refused, ready = sorted(table.decide(), key=lambda task: task.change is second)
    table.say(refused, STALE).say(ready, READY)
    assert len(table.told) == 1, "a write that goes wrong needs it"
    table.say(table.one(), Failure(Forbidden("no")))
    assert table.codes() == ["stale", "forbidden"]
    del refused, ready
    assert len(table.told) == 0


@pytest.mark.parametrize(
    ("report", "status", "code"),
    [
        (DONE, Status.APPLIED, "already"),
        (STALE, Status.FAILED, "stale"),
        (NOT_READY, Status.PENDING, "not-ready"),
        (AddressTaken("10.1.1.7 is in use"), Status.FAILED, "address-taken"),
        (Failure(Unreachable("down")), Status.FAILED, "unreachable"),
        (Failure(Forbidden("no")), Status.FAILED, "forbidden"),
        (Failure(KeyError("bug")), Status.FAILED, "error"),
    ],
)
def test_what_ends_a_change_before_its_write(report: Report, status: Status, code: str) -> None:
    table = Table(CHANGE)
    table.say(table.one(), report)
    assert table.ends() == (status, code)
    assert table.outcome().request_id == ""


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Forbidden("no"), Status.FAILED, "forbidden"),
        (Locked("no"), Status.FAILED, "locked"),
        (PolicyDenied("no"), Status.FAILED, "policy"),
        (Unreachable("refused"), Status.FAILED, "unreachable"),
        (FileError("disk full"), Status.FAILED, "journal"),
        (AzureError("odd"), Status.FAILED, "azure"),
        (ValueError("bug"), Status.UNKNOWN, "error"),
    ],
)
def test_what_ends_a_change_at_its_write(error: Exception, status: Status, code: str) -> None:
    table = Table(CHANGE)
    table.say(table.one(), READY).say(table.one(), Failure(error))
    assert table.ends() == (status, code)


def test_an_operation_that_fails_fails_the_change_with_azures_words() -> None:
    table = Table(CHANGE).to_sent(CHANGE)
    failed = Asked(Progress(Phase.FAILED, "Cancelled", "(28020) The requested operation failed."))
    table.say(table.wake(), failed)
    assert table.ends() == (Status.FAILED, "operation-failed")
    assert "28020" in table.outcome().message


def test_an_operation_that_ends_without_words_is_named_by_its_state() -> None:
    table = Table(CHANGE).to_sent(CHANGE)
    table.say(table.wake(), Asked(Progress(Phase.FAILED, "Cancelled")))
    assert "Cancelled" in table.outcome().message


def test_words_that_nobody_knows_are_followed_until_the_time_is_up_and_then_unknown() -> None:
    table = Table(CHANGE, limits=Limits(max_wait_for_operation=60)).to_sent(CHANGE)
    start = table.now
    while not table.finished:
        for task in table.decide(table.wake_at()):
            table.say(task, Asked(Progress(Phase.RUNNING, "Suspended")))
    assert table.ends() == (Status.UNKNOWN, "operation-timeout")
    assert table.now - start == pytest.approx(60)


@pytest.mark.parametrize(("change", "second"), [(CHANGE, 0.25), (create_network(), 0.7)])
def test_looks_grow_gently_from_under_a_second_to_five(change: Change, second: float) -> None:
    """Those that one listing of jobs answers for all are denser."""
    table = Table(change).to_sent(change)
    moments = [table.now]
    for _ in range(14):
        table.say(table.wake(), RUNNING)
        moments.append(table.now)
    waits = [later - earlier for earlier, later in pairwise(moments)]
    assert waits[0] == pytest.approx(2.8)
    assert waits[1] == pytest.approx(second)
    assert waits[1:] == sorted(waits[1:])
    assert waits[-1] == pytest.approx(5.0)


@pytest.mark.parametrize(("told", "wait"), [(0.0, 0.25), (4.0, 4.0), (30.0, 10.0)])
def test_a_retry_after_on_still_running_is_followed_up_to_a_limit(told: float, wait: float) -> None:
    table = Table(CHANGE).to_sent(CHANGE)
    table.say(table.wake(), Asked(Progress(Phase.RUNNING, "InProgress", retry_after=told)))
    assert table.wake_at() - table.now == pytest.approx(wait)


def test_a_look_that_fails_is_repeated_and_the_write_is_not() -> None:
    """The status endpoint may be away for minutes while the operation runs fine."""
    table = Table(CHANGE).to_sent(CHANGE)
    for _ in range(40):
        task = table.wake()
        assert isinstance(task, Ask)
        table.say(task, Failure(Unreachable("HTTP 503")))
    table.say(table.wake(), SUCCEEDED).say(table.one(), Compared())
    assert table.ends() == (Status.APPLIED, "")


def test_a_look_that_is_forbidden_ends_as_unknown() -> None:
    table = Table(CHANGE).to_sent(CHANGE)
    for _ in range(3):
        table.say(table.wake(), Failure(Forbidden("no read on jobs")))
    assert table.ends() == (Status.UNKNOWN, "forbidden")
    assert "Run again" in table.outcome().message


def test_a_read_back_that_differs_is_read_once_more_and_then_failed() -> None:
    table = Table(CHANGE).to_sent(CHANGE)
    wrong = Compared(("subnet: expected web, found db",), "It overlaps with somebody's work.")
    table.say(table.wake(), SUCCEEDED).say(table.one(), wrong)
    assert table.decide() == ()
    table.say(table.wake(), wrong)
    assert table.ends() == (Status.FAILED, "read-back")
    assert "found db" in table.outcome().message
    assert "overlaps" in table.outcome().message


def test_a_list_that_lags_at_the_first_read_back_does_no_harm() -> None:
    table = Table(CHANGE).to_sent(CHANGE)
    table.say(table.wake(), SUCCEEDED).say(table.one(), Compared(("lags",)))
    table.say(table.wake(), Compared())
    assert table.ends() == (Status.APPLIED, "")


def test_an_overlap_on_an_applied_change_is_told() -> None:
    table = Table(CHANGE).to_sent(CHANGE)
    table.say(table.wake(), SUCCEEDED).say(table.one(), Compared((), "somebody else"))
    assert table.ends() == (Status.APPLIED, "overlap")


def test_a_read_back_that_never_works_is_unknown() -> None:
    table = Table(CHANGE).to_sent(CHANGE)
    table.say(table.wake(), SUCCEEDED)
    table.say(table.one(), Failure(Unreachable("down")))
    while not table.finished:
        table.say(table.wake(), Failure(Unreachable("down")))
    assert table.ends() == (Status.UNKNOWN, "unreachable")


def lose_answer(table: Table, error: Exception | None = None) -> str:
    """Send and lose the answer; returns the request id."""
    send = table.one()
    assert isinstance(send, Send)
    table.say(send, Failure(error or OutcomeUnknown("reset")))
    return send.request_id


@pytest.mark.parametrize("error", [OutcomeUnknown("reset"), UnexpectedAnswer("HTML")])
def test_a_lost_answer_looks_for_the_job_by_its_request_id_and_follows_it(
    error: Exception,
) -> None:
    table = Table(CHANGE)
    table.say(table.one(), READY)
    request_id = lose_answer(table, error)
    recover = table.one()
    assert recover == Recover(CHANGE, request_id)
    table.say(recover, Recovered(Operation("job-7", "u", request_id, CHANGE.subject)))
    table.say(table.one(), SUCCEEDED).say(table.one(), Compared())
    assert table.outcome().job == "job-7"
    assert table.ends() == (Status.APPLIED, "")


def test_a_lost_write_is_sent_again_only_after_two_looks_ten_seconds_apart_and_a_reading() -> None:
    table = Table(CHANGE)
    table.say(table.one(), READY)
    first = lose_answer(table)
    lost_at = table.now
    table.say(table.one(), Recovered(None))
    assert table.decide() == ()
    table.say(table.wake(), Recovered(None))
    assert table.now - lost_at >= 10
    prepare = table.one()
    assert isinstance(prepare, Prepare)
    table.say(prepare, READY)
    second = table.one()
    assert isinstance(second, Send)
    assert second.request_id != first


def test_a_lost_write_that_reads_back_as_planned_is_applied_and_not_called_already() -> None:
    table = Table(CHANGE)
    table.say(table.one(), READY)
    lose_answer(table)
    table.say(table.one(), Recovered(None)).say(table.wake(), Recovered(None))
    table.say(table.one(), DONE)
    assert table.ends() == (Status.APPLIED, "")


def test_a_write_whose_answers_all_get_lost_is_sent_three_times_at_most() -> None:
    table = Table(CHANGE)
    ids = set()
    for _ in range(3):
        table.say(table.one(), READY)
        ids.add(lose_answer(table))
        table.say(table.one(), Recovered(None)).say(table.wake(), Recovered(None))
    table.say(table.one(), READY)
    assert table.ends() == (Status.FAILED, "no-answer")
    assert len(ids) == 3


def test_a_lost_write_that_can_not_be_looked_for_is_unknown() -> None:
    table = Table(CHANGE)
    table.say(table.one(), READY)
    lose_answer(table)
    table.say(table.one(), Failure(Unreachable("down")))
    while not table.finished:
        table.say(table.wake(), Failure(Unreachable("down")))
    assert table.ends() == (Status.UNKNOWN, "unreachable")


def test_a_lost_write_whose_subject_can_not_be_read_is_unknown_not_failed() -> None:
    table = Table(CHANGE)
    table.say(table.one(), READY)
    lose_answer(table)
    table.say(table.one(), Recovered(None)).say(table.wake(), Recovered(None))
    table.say(table.one(), Failure(Forbidden("no")))
    assert table.ends() == (Status.UNKNOWN, "forbidden")


def test_a_throttled_write_waits_as_told_and_checks_again_before_it_is_sent_again() -> None:
    table = Table(CHANGE, set_nics("app2"), limits=Limits(workers=1))
    table.say(table.one(), READY)
    send = table.one()
    table.say(send, Failure(TooMany(17)))
    assert table.decide() == (), "the other change waits, too"
    assert table.wake_at() == table.now + 17
    first = table.one(table.wake_at())
    assert isinstance(first, Prepare)


def test_a_write_that_was_ready_when_another_was_throttled_is_read_again_first() -> None:
    table = Table(CHANGE, set_nics("app2"), limits=Limits(workers=2))
    one, two = table.decide()
    table.say(one, READY)
    table.say(table.one(), Failure(TooMany(17)))
    table.say(two, READY)
    assert table.decide() == ()
    again = table.decide(table.wake_at())
    assert {type(task) for task in again} == {Prepare}


def test_a_throttling_that_does_not_end_leaves_the_change_pending() -> None:
    table = Table(CHANGE, limits=Limits(max_throttles=3))
    for _ in range(3):
        table.say(table.one(), READY)
        table.say(table.one(), Failure(Throttled("429")))
        table.now = table.wake_at()
    table.say(table.one(), READY).say(table.one(), Failure(Throttled("429")))
    table.now = table.wake_at()
    table.say(table.one(), READY)
    assert table.ends() == (Status.PENDING, "throttled")


def test_a_refusal_after_a_throttled_write_is_unknown_since_lists_of_jobs_may_lag() -> None:
    table = Table(CHANGE)
    table.say(table.one(), READY).say(table.one(), Failure(Throttled("429")))
    table.now = table.wake_at()
    table.say(table.one(), READY).say(table.one(), Failure(CredentialsMissing("401")))
    assert table.ends() == (Status.UNKNOWN, "credentials")


def test_a_write_that_finds_its_subject_busy_after_a_throttled_one_is_in_doubt() -> None:
    """What is at work there may be the throttled write itself."""
    table = Table(CHANGE, limits=Limits(deadline=30.0, grace=1.0))
    table.say(table.one(), READY).say(table.one(), Failure(Throttled("429")))
    table.now = table.wake_at()
    table.say(table.one(), READY).say(table.one(), Failure(Busy("409")))
    table.now = 1000.0
    table.decide()
    assert table.ends()[0] is Status.UNKNOWN


def test_a_throttling_that_names_no_time_waits_longer_each_time() -> None:
    table = Table(CHANGE)
    waits = []
    for _ in range(4):
        table.say(table.one(), Failure(Throttled("429")))
        waits.append(table.wake_at() - table.now)
        table.now += waits[-1]
    assert waits == [2, 4, 8, 16]


def test_a_huge_retry_after_is_cut() -> None:
    table = Table(CHANGE)
    table.say(table.one(), Failure(TooMany(86400)))
    assert table.wake_at() - table.now == 300


@pytest.mark.parametrize("report", [SubjectBusy("job x"), Failure(Busy("409"))])
def test_a_busy_subject_is_waited_for_and_then_left_pending(report: Report) -> None:
    table = Table(CHANGE, limits=Limits(max_wait_for_busy=30))
    began = table.now
    table.say(table.one(), report)
    while not table.finished:
        table.say(table.wake(), report)
    assert table.ends() == (Status.PENDING, "busy")
    assert 30 <= table.now - began < 50


def test_a_service_that_refuses_each_write_as_busy_is_not_asked_for_ever() -> None:
    table = Table(CHANGE, limits=Limits(max_wait_for_busy=30))
    sends = 0
    table.decide()
    while table.open:
        (task,) = table.open
        sends += isinstance(task, Send)
        table.say(task, Failure(Busy("409")) if isinstance(task, Send) else READY)
        if not table.decide() and not table.finished:
            table.decide(table.wake_at())
    assert table.ends() == (Status.PENDING, "busy")
    assert 2 < sends < 15


def test_a_change_starts_when_all_it_depends_on_is_applied() -> None:
    mapping = create_mapping()
    table = Table(mapping, set_nics("app1", depends_on=(mapping.id,)))
    first = table.one()
    assert first.change == mapping
    table.say(first, DONE)
    assert table.one().change.title == "app1"


@pytest.mark.parametrize("report", [STALE, NOT_READY, Failure(ValueError("bug"))])
def test_what_depends_on_a_change_that_was_not_applied_is_pending_and_names_it(
    report: Report,
) -> None:
    mapping = create_mapping()
    nics = set_nics("app1", depends_on=(mapping.id,))
    further = replace(set_nics("app2"), depends_on=(nics.id,))
    table = Table(mapping, nics, further)
    table.say(table.one(), report)
    assert table.codes()[1:] == ["dependency", "dependency"]
    assert mapping.title in table.scheduler.outcomes()[1].message
    assert table.scheduler.outcomes()[2].status is Status.PENDING


def test_a_dependency_that_is_not_in_the_run_counts_as_met() -> None:
    assert isinstance(Table(set_nics("app1", depends_on=("mapping-create-1",))).one(), Prepare)


def test_changes_that_wait_for_each_other_end_as_pending() -> None:
    one, two = set_nics("app1"), set_nics("app2")
    table = Table(replace(one, depends_on=(two.id,)), replace(two, depends_on=(one.id,)))
    table.decide()
    assert table.codes() == ["dependency", "dependency"]


def test_two_changes_of_one_subject_run_one_after_the_other() -> None:
    create = create_mapping()
    delete = replace(create, action=type(create.action).DELETE, before=create.after, after=None)
    table = Table(delete, create)
    first = table.one()
    assert table.decide() == ()
    table.say(first, DONE)
    assert table.one().change.action == create.action


def test_a_change_that_appears_twice_is_an_error() -> None:
    with pytest.raises(PlanningError):
        Scheduler((CHANGE, CHANGE), Limits())


def many(count: int) -> tuple[Change, ...]:
    return tuple(set_nics(f"app{n}") for n in range(count))


def test_no_more_tasks_run_than_there_are_workers() -> None:
    assert len(Table(*many(10), limits=Limits(workers=3)).decide()) == 3


def test_writes_in_flight_start_low_grow_with_success_and_halve_when_refused() -> None:
    limits = Limits(workers=50, in_flight_at_start=4, max_in_flight=6)
    table = Table(*many(30), limits=limits)
    first = table.decide()
    assert len(first) == 4
    for task in first:
        table.say(task, READY)
    sends = table.decide()
    for task in sends[:3]:
        table.say(task, Sent(None))
    assert len([task for task in table.decide() if isinstance(task, Prepare)]) == 5
    table.say(sends[3], Failure(TooMany(5)))
    assert table.scheduler.take_events()[-1].in_flight == 3  # type: ignore[union-attr]  # -- the event is a Waiting or Started


def test_a_crowd_that_is_refused_together_halves_only_once() -> None:
    table = Table(*many(8), limits=Limits(workers=50, in_flight_at_start=8))
    for task in table.decide():
        table.say(task, READY)
    for task in table.decide():
        table.say(task, Failure(TooMany(5)))
    assert len(table.decide(table.wake_at())) == 4


def test_the_most_urgent_goes_first_a_write_before_looks_before_what_is_new() -> None:
    table = Table(*many(3), limits=Limits(workers=1))
    table.say(table.one(), READY).say(table.one(), sent(CHANGE))
    second = table.one()
    table.now += 60
    table.say(second, READY)
    write = table.one()
    assert isinstance(write, Send)
    table.say(write, Sent(None))
    assert isinstance(table.one(), Ask)


def test_canaries_go_first_and_the_others_follow_when_they_are_applied() -> None:
    table = Table(*many(3), limits=Limits(canary=1))
    task = table.one()
    table.say(task, READY).say(table.one(), Sent(None))
    back = table.one()
    assert isinstance(back, ReadBack)
    table.say(back, Compared())
    assert len(table.decide()) == 2


@pytest.mark.parametrize("report", [STALE, NOT_READY, Failure(Forbidden("no"))])
def test_nothing_starts_after_a_canary_that_was_not_applied(report: Report) -> None:
    table = Table(*many(3), limits=Limits(canary=1))
    table.say(table.one(), report)
    assert table.decide() == ()
    assert table.codes()[1:] == ["canary", "canary"]


def test_a_canary_does_not_hold_up_what_it_depends_on() -> None:
    mapping = create_mapping()
    nics = [set_nics(f"app{n}", depends_on=(mapping.id,)) for n in range(2)]
    table = Table(mapping, *nics, limits=Limits(canary=1))
    assert table.one().change == mapping


def test_canaries_of_enabling_and_of_nic_settings_go_first_each_among_their_own() -> None:
    enabled = [replace(set_nics(f"new{n}"), kind=Kind.REPLICATION) for n in range(3)]
    table = Table(*many(3), *enabled, limits=Limits(canary=1))
    first = table.decide()
    assert [task.change.title for task in first] == ["app0", "new0"]
    table.say(first[1], Failure(Forbidden("no")))
    assert table.codes()[-2:] == ["canary", "canary"]


def test_max_failures_stops_starting_and_follows_what_is_in_flight() -> None:
    table = Table(*many(4), limits=Limits(workers=2, max_failures=1))
    one, two = table.decide()
    table.say(one, READY)
    table.say(table.one(), sent(one.change))
    table.say(two, Failure(Forbidden("no")))
    assert table.decide() == ()
    table.say(table.wake(), SUCCEEDED).say(table.one(), Compared())
    assert table.codes() == ["", "forbidden", "max-failures", "max-failures"]


def test_a_stale_change_is_no_failure_that_stops_the_others() -> None:
    table = Table(*many(2), limits=Limits(workers=1, max_failures=1))
    table.say(table.one(), STALE)
    assert isinstance(table.one(), Prepare)


def test_a_change_read_but_not_written_when_the_run_stops_is_pending() -> None:
    table = Table(*many(2), limits=Limits(workers=2, max_failures=1))
    one, two = table.decide()
    table.say(one, Failure(Forbidden("no"))).say(two, READY)
    assert table.decide() == ()
    assert table.codes() == ["forbidden", "max-failures"]


def test_nothing_starts_that_can_not_be_expected_to_finish_before_the_deadline() -> None:
    table = Table(*many(2), limits=Limits(workers=1, deadline=6))
    task = table.one()
    table.now += 3
    table.say(task, READY)
    assert table.decide() == ()
    assert table.codes() == ["deadline", "deadline"]


def test_canaries_that_come_too_late_end_each_of_the_others_once() -> None:
    mapping = create_mapping()
    nics = [set_nics(f"app{n}", depends_on=(mapping.id,)) for n in range(4)]
    table = Table(mapping, *nics, limits=Limits(canary=2, deadline=7)).to_sent(mapping)
    table.say(table.wake(), SUCCEEDED).say(table.one(), Compared())
    assert table.finished
    assert table.codes() == ["", "deadline", "canary", "canary", "canary"]
    ends = [e for e in table.scheduler.take_events() if isinstance(e, Finished)]
    assert len(ends) == 5


def test_what_is_written_at_the_deadline_is_followed_and_then_unknown() -> None:
    table = Table(CHANGE, limits=Limits(deadline=10, grace=5)).to_sent(CHANGE)
    while not table.finished:
        for task in table.decide(table.wake_at()):
            table.say(task, RUNNING)
    assert table.ends() == (Status.UNKNOWN, "deadline")
    assert table.now == 115


def test_a_call_that_hangs_past_the_deadline_does_not_hold_up_the_end() -> None:
    table = Table(CHANGE, limits=Limits(deadline=10, grace=5))
    task = table.one()
    table.decide(table.wake_at())
    assert table.ends() == (Status.PENDING, "deadline")
    table.say(task, READY)
    assert table.ends() == (Status.PENDING, "deadline")


def test_a_wait_that_reaches_past_the_deadline_is_not_waited() -> None:
    table = Table(CHANGE, limits=Limits(deadline=60))
    table.say(table.one(), Failure(TooMany(120)))
    assert table.ends() == (Status.PENDING, "deadline")
    assert table.now == 100


def test_an_interrupt_stops_starting_and_follows_what_is_in_flight() -> None:
    table = Table(*many(3), limits=Limits(workers=2))
    one, two = table.decide()
    table.say(one, READY)
    table.say(table.one(), sent(one.change))
    table.scheduler.interrupt(table.now)
    table.say(two, READY)
    assert table.decide() == ()
    table.say(table.wake(), SUCCEEDED).say(table.one(), Compared())
    assert table.codes() == ["", "interrupted", "interrupted"]
    assert table.scheduler.interrupted


def test_a_second_interrupt_leaves_what_is_in_flight_as_unknown() -> None:
    table = Table(CHANGE, set_nics("app2"), limits=Limits(workers=2))
    one, _two = table.decide()
    table.say(one, READY)
    table.say(table.one(), sent(CHANGE))
    table.scheduler.interrupt(table.now)
    table.scheduler.interrupt(table.now)
    table.decide()
    statuses = [outcome.status for outcome in table.scheduler.outcomes()]
    assert statuses == [Status.UNKNOWN, Status.PENDING]


def test_after_an_interrupt_a_lost_write_is_still_cleared_up_but_not_sent_again() -> None:
    table = Table(CHANGE)
    table.say(table.one(), READY)
    lose_answer(table)
    table.scheduler.interrupt(table.now)
    table.say(table.one(), Recovered(None)).say(table.wake(), Recovered(None))
    table.say(table.one(), READY)
    assert table.decide() == ()
    assert table.ends() == (Status.PENDING, "interrupted")


def test_request_ids_differ_between_changes_attempts_and_runs() -> None:
    ids = []
    for seed in ("one", "two"):
        table = Table(*many(2), seed=seed)
        for task in table.decide():
            table.say(task, READY)
        ids += [t.request_id for t in table.decide() if isinstance(t, Send)]
    assert len(set(ids)) == len(ids) == 4


def test_a_run_without_changes_is_finished_at_once() -> None:
    assert Scheduler((), Limits()).decide(0).finished


@pytest.mark.parametrize("name", ["workers", "canary", "max_failures", "deadline"])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=name.replace("_", " ")):
        Limits(**{name: 0})
