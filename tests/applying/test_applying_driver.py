"""Whole runs over a fake Azure, in this thread and with several."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from random import Random

import pytest

from asr_netmap.applying.driver import run
from asr_netmap.applying.journal import Journal, NullJournal
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.observer import (
    Accepted,
    Event,
    Finished,
    Interrupted,
    Observer,
    Stage,
    Started,
)
from asr_netmap.applying.outcome import Outcome, Result, Status
from asr_netmap.arm_id import ArmId
from asr_netmap.clock import SystemClock, VirtualClock
from asr_netmap.errors import AzureError, Busy, CredentialsMissing, FileError, Forbidden
from asr_netmap.models import ReplicatedItem
from asr_netmap.planning.change import Action, AddressClaim, Change, ItemState, Kind
from asr_netmap.planning.gateway import Operation, Phase, Reading
from asr_netmap.planning.nic_setting import Setting
from asr_netmap.rules.readiness import not_ready

from .estate import (
    FORWARD,
    OTHER,
    REVERSE,
    TARGET,
    VAULT,
    create_group,
    create_mapping,
    create_network,
    nic_id,
    replicated_item,
    set_nics,
    with_settings,
)
from .fake_azure import Crash, FakeAzure, Fault, TooMany

WORKERS = pytest.mark.parametrize("workers", [1, 4])


def azure_with(*items: ReplicatedItem) -> FakeAzure:
    return FakeAzure(VirtualClock(), {item.id: item for item in items})


@dataclass
class Diary:
    """An observer that remembers."""

    events: list[Event] = field(default_factory=list)

    def on(self, event: Event) -> None:
        self.events.append(event)


def apply(
    changes: Sequence[Change],
    azure: FakeAzure,
    limits: Limits | None = None,
    journal: Journal | None = None,
    observer: Observer | None = None,
) -> Result:
    return run(
        changes,
        azure,
        limits=limits or Limits(workers=1),
        clock=azure.clock,
        not_ready=not_ready,
        rng=Random(7),
        journal=journal,
        observer=observer,
    )


def statuses(result: Result) -> list[tuple[str, str]]:
    return [(outcome.status.value, outcome.code) for outcome in result.outcomes]


def plan(vms: int = 6) -> tuple[Change, ...]:
    """A group, a network, both mappings and some VMs, in the order of their dependencies."""
    group = create_group()
    network = replace(create_network(), depends_on=(group.id,))
    mappings = [replace(create_mapping(s), depends_on=(network.id,)) for s in (FORWARD, REVERSE)]
    ids = tuple(mapping.id for mapping in mappings)
    nics = [set_nics(f"app{n}", f"10.1.1.{9 + n}", depends_on=ids) for n in range(vms)]
    return (group, network, *mappings, *nics)


def estate(vms: int = 6) -> FakeAzure:
    return azure_with(*(replicated_item(f"app{n}") for n in range(vms)))


@WORKERS
def test_a_whole_plan_is_applied_in_the_order_of_its_dependencies(workers: int) -> None:
    azure = estate()
    result = apply(plan(), azure, Limits(workers=workers))
    assert result.applied == 10
    assert azure.accepted[:2] == [change.id for change in plan()[:2]]
    assert set(azure.accepted[2:4]) == {change.id for change in plan()[2:4]}
    assert not result.notes
    assert not result.interrupted


@WORKERS
def test_a_second_run_writes_nothing_and_calls_everything_already_applied(workers: int) -> None:
    azure = estate()
    apply(plan(), azure, Limits(workers=workers))
    before = azure.called("send")
    again = apply(plan(), azure, Limits(workers=workers))
    assert statuses(again) == [("applied", "already")] * 10
    assert azure.called("send") == before


def test_one_worker_makes_the_same_calls_in_the_same_order_each_time() -> None:
    calls = []
    for _ in range(2):
        azure = estate()
        apply(plan(), azure)
        calls.append(azure.calls)
    assert calls[0] == calls[1]


def test_many_writes_are_in_flight_at_once_even_with_one_worker() -> None:
    azure = estate()
    result = apply(plan(), azure)
    assert result.most_in_flight >= 6
    assert result.seconds < 50


def test_every_write_has_an_idle_check_and_a_reading_just_before_it() -> None:
    azure = estate()
    apply(plan(), azure)
    for subject in {subject for _, subject, _ in azure.calls}:
        calls = [(name, of) for name, of, _ in azure.calls if of in (subject, VAULT)]
        names = [name for name, _ in calls]
        if "send" not in names:
            continue
        send = names.index("send")
        own = [name for name, of in calls[:send] if of == subject]
        assert own == ["read"], "one reading, for the write that follows"
        read = names.index("read")
        if subject.is_under(VAULT):
            assert "look" in names[:read], "an idle check before the reading"
            back = len(names) - names[::-1].index("read")
            assert "look" in names[back:], "a look for others after the read-back"


def test_no_two_writes_of_a_run_share_a_request_id() -> None:
    azure = estate()
    apply(plan(), azure)
    ids = [job.request_id for job in azure.jobs]
    assert len(set(ids)) == len(ids) == 10


def test_success_that_changed_nothing_is_a_failure_that_says_what_differs() -> None:
    azure = estate(1)
    change = set_nics("app0")
    azure.ignores.add(change.subject)
    (outcome,) = apply((change,), azure).outcomes
    assert (outcome.status, outcome.code) == (Status.FAILED, "read-back")
    assert "subnet: expected web, found unset" in outcome.message
    assert azure.called("send") == 1


def test_a_foreign_job_during_a_failed_read_back_is_named_as_overlap() -> None:
    azure = estate(1)
    change = set_nics("app0")
    azure.ignores.add(change.subject)
    foreign = VAULT.child("replicationJobs", "foreign-job")

    def somebody_starts(name: str, _: int) -> None:
        if name == "look" and azure.accepted:
            item = azure.items[change.subject]
            busy = replace(item, scenario="DisableProtection", scenario_job=foreign)
            azure.items[change.subject] = busy

    azure.on_call = somebody_starts
    (outcome,) = apply((change,), azure).outcomes
    assert outcome.code == "read-back"
    assert "overlap" in outcome.message
    assert "DisableProtection" in outcome.message


def test_a_write_that_was_throttled_and_never_looked_at_again_is_unknown() -> None:
    """A gateway in between may say 429 for what Azure took; only a look shows that it did not."""
    azure = estate(1)
    azure.fault = Fault(3, "accepted, then 429")

    def nothing_can_be_read(name: str, number: int) -> None:
        if number > 3:
            raise CredentialsMissing("the token ended")

    azure.on_call = nothing_can_be_read
    (outcome,) = apply((set_nics("app0"),), azure).outcomes
    assert azure.called("send") == 1
    assert len(azure.accepted) == 1
    assert (outcome.status, outcome.code) == (Status.UNKNOWN, "credentials")


def test_a_write_that_is_throttled_for_ever_is_looked_at_before_it_is_called_pending() -> None:
    azure = estate(1)
    change = set_nics("app0")
    azure.refuse[change.subject] = [TooMany(1) for _ in range(20)]
    (outcome,) = apply((change,), azure).outcomes
    assert (outcome.status, outcome.code) == (Status.PENDING, "throttled")
    names = [name for name, _, _ in azure.calls]
    assert names.count("send") == 7
    assert names[-2:] == ["look", "read"]


def test_where_nobody_can_say_whether_somebody_else_wrote_that_is_told() -> None:
    azure = estate(1)
    change = set_nics("app0")
    apply((change,), azure)
    names = [name for name, _, _ in azure.calls]
    again = estate(1)
    assert names[-1] == "look"
    again.fault = Fault(len(names), "lost before it arrives")
    (outcome,) = apply((change,), again).outcomes
    assert (outcome.status, outcome.code) == (Status.APPLIED, "overlap")
    assert "not known" in outcome.message


def test_a_setting_of_others_that_changed_meanwhile_is_told_though_ours_is_applied() -> None:
    azure = estate(1)
    change = set_nics("app0")

    def somebody_edits(name: str, _: int) -> None:
        if name == "look" and azure.accepted:
            item = azure.items[change.subject]
            azure.items[change.subject] = replace(item, test_network=OTHER)

    azure.on_call = somebody_edits
    (outcome,) = apply((change,), azure).outcomes
    assert (outcome.status, outcome.code) == (Status.APPLIED, "overlap")
    assert "test_network" in outcome.message


def test_stale_not_ready_and_ready_items_each_get_their_own_end() -> None:
    moved = replicated_item("app0", "somebody-elses")
    replicating = replace(
        replicated_item("app1"), nics=(), protection_state="InitialReplicationInProgress"
    )
    azure = azure_with(moved, replicating, replicated_item("app2"))
    changes = [set_nics(f"app{n}") for n in range(4)]
    assert statuses(apply(changes, azure)) == [
        ("failed", "stale"),
        ("pending", "not-ready"),
        ("applied", ""),
        ("failed", "stale"),
    ]
    assert azure.accepted == [changes[2].id]


def test_an_item_that_is_not_ready_anyhow_is_not_waited_for() -> None:
    """A job of an hour runs on it, the first replication: the run does not wait for that."""
    item = replace(
        replicated_item("app0"),
        nics=(),
        protection_state="InitialReplicationInProgress",
        scenario="EnableDr",
    )
    azure = azure_with(item)
    result = apply((set_nics("app0"),), azure)
    assert statuses(result) == [("pending", "not-ready")]
    assert result.seconds < 1


def test_a_short_job_of_somebody_else_is_waited_for() -> None:
    change = set_nics("app0")
    azure = azure_with(replace(replicated_item("app0"), scenario="UpdateVmProperties"))

    def ends(_: str, number: int) -> None:
        if number == 6:
            item = azure.items[change.subject]
            azure.items[change.subject] = replace(item, scenario=None)

    azure.on_call = ends
    assert statuses(apply((change,), azure)) == [("applied", "")]


def test_a_job_that_never_ends_leaves_the_change_pending() -> None:
    azure = azure_with(replace(replicated_item("app0"), scenario="UpdateVmProperties"))
    result = apply((set_nics("app0"),), azure)
    assert statuses(result) == [("pending", "busy")]
    assert "UpdateVmProperties" in result.outcomes[0].message
    assert not azure.accepted


def test_an_address_that_is_taken_by_now_is_not_written() -> None:
    address = ip_address("10.1.1.7")
    azure = estate(1)
    azure.taken.add(address)
    change = set_nics("app0", claims=(AddressClaim(TARGET, address),))
    result = apply((change,), azure)
    assert statuses(result) == [("failed", "address-taken")]
    assert "10.1.1.7" in result.outcomes[0].message
    assert not azure.accepted


@pytest.mark.parametrize(
    ("phase", "word", "status", "code"),
    [
        (Phase.FAILED, "Failed", "failed", "operation-failed"),
        (Phase.FAILED, "Cancelled", "failed", "operation-failed"),
        (Phase.RUNNING, "Suspended", "unknown", "operation-timeout"),
        (Phase.RUNNING, "CompletedWithErrors", "unknown", "operation-timeout"),
    ],
)
def test_no_word_but_succeeded_counts_as_success(
    phase: Phase, word: str, status: str, code: str
) -> None:
    azure = estate(2)
    first, second = set_nics("app0"), set_nics("app1")
    azure.words[first.subject] = (phase, word)
    result = apply((first, second), azure)
    assert statuses(result) == [(status, code), ("applied", "")]


def test_a_retry_after_of_thirty_on_each_look_costs_ten_seconds_not_thirty() -> None:
    azure = estate(1)
    azure.told = 30.0
    assert apply((set_nics("app0"),), azure).seconds < 15


def test_throttled_writes_are_all_written_once_in_the_end() -> None:
    azure = estate(8)
    changes = [set_nics(f"app{n}", f"10.1.1.{9 + n}") for n in range(8)]
    for change in changes[:4]:
        azure.refuse[change.subject] = [TooMany(17), TooMany(17)]
    result = apply(changes, azure)
    assert result.applied == 8
    assert len(azure.accepted) == 8
    assert 34 < result.seconds < 200


def test_a_busy_answer_waits_and_tries_again() -> None:
    azure = estate(1)
    change = set_nics("app0")
    azure.refuse[change.subject] = [Busy("409"), Busy("409")]
    assert statuses(apply((change,), azure)) == [("applied", "")]


@WORKERS
def test_an_error_of_one_change_leaves_the_others_alone(workers: int) -> None:
    azure = estate(6)
    changes = [set_nics(f"app{n}", f"10.1.1.{9 + n}") for n in range(6)]
    azure.refuse[changes[2].subject] = [Forbidden("lacks write on replicationProtectedItems")]
    azure.refuse[changes[4].subject] = [ValueError("bug")]
    result = apply(changes, azure, Limits(workers=workers))
    expected = [("applied", "")] * 6
    expected[2], expected[4] = ("failed", "forbidden"), ("unknown", "error")
    assert statuses(result) == expected
    assert "ValueError: bug" in result.outcomes[4].message


@WORKERS
def test_a_crash_in_a_worker_ends_the_run(workers: int) -> None:
    azure = estate(6)

    def die(name: str, _: int) -> None:
        if name == "ask":
            raise Crash

    azure.on_call = die
    with pytest.raises(Crash):
        apply(plan(6), azure, Limits(workers=workers))


@WORKERS
def test_max_failures_one_writes_nothing_more_after_the_first_failure(workers: int) -> None:
    azure = estate(20)
    changes = [set_nics(f"app{n}", f"10.1.1.{9 + n}") for n in range(20)]
    azure.refuse[changes[0].subject] = [Forbidden("no")]
    limits = Limits(workers=workers, max_failures=1, in_flight_at_start=2)
    result = apply(changes, azure, limits)
    assert result.failed == 1
    assert result.applied <= 4
    assert {outcome.code for outcome in result.of(Status.PENDING)} == {"max-failures"}
    assert result.applied == len(azure.accepted)


@WORKERS
def test_a_failing_canary_is_the_only_item_that_was_written(workers: int) -> None:
    azure = estate(6)
    azure.ignores.add(plan(6)[4].subject)
    result = apply(plan(6), azure, Limits(workers=workers, canary=1))
    codes = [code for _, code in statuses(result)]
    assert codes == [""] * 4 + ["read-back"] + ["canary"] * 5


@WORKERS
def test_a_good_canary_lets_the_others_follow(workers: int) -> None:
    azure = estate(6)
    result = apply(plan(6), azure, Limits(workers=workers, canary=2))
    assert result.applied == 10
    sends = [change_id for change_id in azure.accepted if change_id.startswith("nic")]
    assert set(sends[:2]) == {plan(6)[4].id, plan(6)[5].id}


@WORKERS
def test_at_the_deadline_what_is_done_is_applied_and_the_rest_is_pending(workers: int) -> None:
    azure = estate(40)
    changes = [set_nics(f"app{n}", f"10.1.1.{9 + n}") for n in range(40)]
    limits = Limits(workers=workers, deadline=20, in_flight_at_start=2, max_in_flight=2)
    result = apply(changes, azure, limits)
    assert result.applied == len(azure.accepted) > 0
    assert {o.code for o in result.outcomes} == {"", "deadline"}
    assert result.applied + result.pending == 40
    assert result.seconds < 40


def interrupting(azure: FakeAzure, at: dict[str, int]) -> None:
    """Press Ctrl-C at the n-th call of a name."""
    counts: dict[str, int] = {}

    def press(name: str, _: int) -> None:
        counts[name] = counts.get(name, 0) + 1
        if at.get(name) == counts[name]:
            raise KeyboardInterrupt

    azure.on_call = press


@pytest.mark.parametrize("call", ["look", "read", "send"])
def test_an_interrupt_in_any_call_ends_what_is_in_flight_and_starts_nothing_new(
    call: str,
) -> None:
    azure = estate(12)
    changes = [set_nics(f"app{n}", f"10.1.1.{9 + n}") for n in range(12)]
    interrupting(azure, {call: 2})
    result = apply(changes, azure, Limits(workers=1, in_flight_at_start=4))
    assert result.interrupted
    assert result.applied == len(azure.accepted) > 0
    assert {code for status, code in statuses(result) if status == "pending"} == {"interrupted"}
    assert result.applied + result.pending == 12


def test_a_second_interrupt_leaves_at_once_and_says_unknown() -> None:
    azure = estate(6)
    azure.seconds = 60
    changes = [set_nics(f"app{n}", f"10.1.1.{9 + n}") for n in range(6)]

    def press_twice(name: str, _: int) -> None:
        if name == "look" and azure.called("look") in {3, 5}:
            raise KeyboardInterrupt

    azure.on_call = press_twice
    diary = Diary()
    result = apply(changes, azure, observer=diary)
    assert result.interrupted
    assert result.unknown == len(azure.accepted) == 6
    assert {o.code for o in result.of(Status.UNKNOWN)} == {"interrupted"}
    assert result.seconds < 30
    presses = [event for event in diary.events if isinstance(event, Interrupted)]
    assert presses == [Interrupted(6, again=False), Interrupted(6, again=True)]


@pytest.mark.skipif(os.name == "nt", reason="sends itself SIGINT, which Windows has not")
def test_ctrl_c_reaches_a_threaded_run_in_the_main_thread_and_ends_it_in_order() -> None:
    azure = estate(30)
    changes = [set_nics(f"app{n}", f"10.1.1.{9 + n}") for n in range(30)]
    arrived = threading.Event()

    class Doorman:
        def on(self, event: Event) -> None:
            if isinstance(event, Interrupted):
                arrived.set()

    def press(name: str, _: int) -> None:
        if name == "send" and azure.called("send") == 3:
            os.kill(os.getpid(), signal.SIGINT)
            assert arrived.wait(10)

    azure.on_call = press
    limits = Limits(workers=4, in_flight_at_start=4, max_in_flight=4)
    result = apply(changes, azure, limits, observer=Doorman())
    assert result.interrupted
    assert 0 < result.applied == len(azure.accepted) < 30
    assert result.applied + result.pending == 30


def test_a_threaded_run_on_a_real_clock_waits_without_polling() -> None:
    """The coordinator sleeps until the next look is due or a worker reports."""
    azure = estate(4)
    azure.seconds, azure.nameless = 0.0, 0.0
    result = run(
        plan(4),
        azure,
        limits=Limits(workers=4, first_look=0.01),
        clock=SystemClock(),
        not_ready=not_ready,
        rng=Random(1),
    )
    assert result.applied == 8
    assert 0.03 < result.seconds < 5


def test_no_thread_of_a_run_survives_it() -> None:
    apply(plan(6), estate(6), Limits(workers=4))
    names = [thread.name for thread in threading.enumerate() if "asr-netmap" in thread.name]
    assert [name for name in names if "worker" in name] == []


def test_the_observer_sees_each_change_start_be_accepted_and_end() -> None:
    diary = Diary()
    apply(plan(2), estate(2), observer=diary)
    kinds = [event.kind for event in diary.events if isinstance(event, Stage)]
    assert kinds == [Kind.RESOURCE_GROUP, Kind.NETWORK, Kind.MAPPING, Kind.NIC_SETTINGS]
    for expected in (Started, Accepted, Finished):
        assert sum(isinstance(event, expected) for event in diary.events) == 6
    totals = {event.kind: event.total for event in diary.events if isinstance(event, Stage)}
    assert totals[Kind.MAPPING] == 2


def test_an_observer_that_fails_is_dropped_and_noted_and_the_run_goes_on() -> None:
    class Broken:
        calls = 0

        def on(self, event: Event) -> None:
            self.calls += 1
            raise RuntimeError("no terminal")

    broken = Broken()
    result = apply(plan(2), estate(2), observer=broken)
    assert result.applied == 6
    assert broken.calls == 1
    assert "no terminal" in result.notes[0]


@dataclass
class FullDisk(NullJournal):
    """A journal that can write down only some things."""

    fails_at: str

    def intent(self, change: Change, request_id: str) -> None:
        self._write("intent")

    def accepted(self, change_id: str, request_id: str, job: str) -> None:
        self._write("accepted")

    def outcome(self, outcome: Outcome) -> None:
        self._write("outcome")

    def end(self, result: Result) -> None:
        self._write("end")

    def _write(self, what: str) -> None:
        if what == self.fails_at:
            raise FileError(f"no room for {what}")


def test_a_write_whose_intent_can_not_be_written_down_is_not_sent() -> None:
    azure = estate(1)
    result = apply((set_nics("app0"),), azure, journal=FullDisk("intent"))
    assert statuses(result) == [("failed", "journal")]
    assert not azure.accepted


@pytest.mark.parametrize("what", ["accepted", "outcome", "end"])
def test_a_journal_that_fails_after_a_write_is_noted_and_the_write_followed(what: str) -> None:
    result = apply((set_nics("app0"),), estate(1), journal=FullDisk(what))
    assert statuses(result) == [("applied", "")]
    assert result.notes == (f"no room for {what}",)


def test_the_intent_is_written_down_before_the_write_is_sent() -> None:
    azure = estate(1)
    order: list[str] = []

    class Witness(NullJournal):
        def intent(self, change: Change, request_id: str) -> None:
            order.append(f"intent {request_id} after {azure.called('send')} sends")

    apply((set_nics("app0"),), azure, journal=Witness())
    assert order == [f"intent {azure.jobs[0].request_id} after 0 sends"]


def test_a_mapping_that_is_gone_already_counts_as_deleted() -> None:
    gone = replace(create_mapping(), action=Action.DELETE, before=FORWARD, after=None)
    azure = azure_with()
    assert statuses(apply((gone,), azure)) == [("applied", "already")]
    azure.others[gone.subject] = FORWARD
    assert statuses(apply((gone,), azure)) == [("applied", "")]
    assert gone.subject not in azure.others


def test_a_read_that_fails_fails_its_change_and_those_that_depend_on_it() -> None:
    azure = estate(2)

    def deny(name: str, _: int) -> None:
        if name == "read" and azure.calls[-1][1] == TARGET:
            raise Forbidden("lacks read on virtualNetworks")

    azure.on_call = deny
    codes = [code for _, code in statuses(apply(plan(2), azure))]
    assert codes == ["", "forbidden", "dependency", "dependency", "dependency", "dependency"]


def test_an_item_changed_by_an_earlier_run_in_part_is_finished() -> None:
    change = set_nics("app0")
    half = with_settings(
        replicated_item("app0"), ItemState((Setting("subnet", "web", nic_id("app0"), "ipconfig1"),))
    )
    azure = azure_with(half)
    assert statuses(apply((change,), azure)) == [("applied", "")]


def test_the_reading_that_is_sent_is_the_one_that_was_judged() -> None:
    azure = estate(1)
    sent: list[Reading] = []
    real = azure.send

    def spy(change: Change, reading: Reading, request_id: str) -> Operation | None:
        sent.append(reading)
        return real(change, reading, request_id)

    azure.send = spy  # type: ignore[method-assign]  # -- a spy in its place
    apply((set_nics("app0"),), azure)
    assert sent[0].item == replicated_item("app0")


def test_a_find_that_fails_once_is_repeated() -> None:
    azure = estate(1)
    change = set_nics("app0")
    seen: list[str] = []

    def unlucky(name: str, _: int) -> None:
        seen.append(name)
        if name == "find" and seen.count("find") == 1:
            raise AzureError("HTTP 503")

    azure.on_call = unlucky
    azure.fault = Fault(3, "accepted, then no answer")
    assert statuses(apply((change,), azure)) == [("applied", "")]
    assert seen.count("find") == 2
    assert len(azure.accepted) == 1


def test_ids_of_other_spelling_are_the_same_subject() -> None:
    change = set_nics("app0")
    shouted = replace(change, subject=ArmId(str(change.subject).upper()))
    assert statuses(apply((shouted,), estate(1))) == [("applied", "")]
