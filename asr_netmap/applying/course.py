"""One change on its way: a pure state machine from the first look to the outcome.

    IDLE ──► PREPARE ──► SEND ──► FOLLOW ──► READ_BACK ──► CLOSE ──► outcome
      ▲                    │        ▲ │
      │                    ▼        │ ▼
      └──────────────── RECOVER ────┘ ASK     the list of jobs can't say where it stands

In IDLE, FOLLOW and CLOSE it waits for a sight of the vault's jobs, which it shares with all others
that wait for one: nothing runs on the subject; where the operation stands; nobody else worked on
it. What lies in no vault has no jobs: it starts with PREPARE, is asked for by ASK and ends with
READ_BACK. It knows nothing of other changes; who may start when is the scheduler's part.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import IntEnum

from asr_netmap import errors
from asr_netmap.applying import failure, observer
from asr_netmap.applying.comparison import Standing
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.outcome import Outcome, Status
from asr_netmap.applying.pace import Pace
from asr_netmap.applying.tasks import (
    Abandoned,
    AddressTaken,
    Ask,
    Asked,
    Compared,
    Failure,
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
from asr_netmap.arm_id import ArmId
from asr_netmap.planning.change import Change
from asr_netmap.planning.gateway import Operation, Phase, Progress, Reading, Sight

_REQUEST_IDS = uuid.UUID("5e9a9e0b-3f0c-4b7e-9d35-6f1f6c1f0a52")
_FAILED_LOOKS = 6
_HOPELESS_LOOKS = 3
_FAILED_IDLE_LOOKS = 3


class Step(IntEnum):
    """What a change needs next; the lower, the more urgent.

    A write comes first: its reading is fresh now. What is in flight comes before what is new.
    The last three wait for a sight of the vault's jobs.
    """

    SEND = 0
    ASK = 1
    RECOVER = 2
    READ_BACK = 3
    PREPARE = 4
    IDLE = 5
    FOLLOW = 6
    CLOSE = 7


class Signal(IntEnum):
    """What a report means for the run as a whole."""

    NONE = 0
    SUCCEEDED = 1
    CROWDED = 2


@dataclass(slots=True)
class Course:
    """The state of one change.

    name -- the change's id, which costs a digest each time it is asked for.
    vault -- that the subject lies in; None: in none.
    due -- when the next step may start.
    hold -- until when Azure asked everybody not to write; 0: it did not.
    in_doubt -- a write was sent and nobody knows whether Azure took it.
    admitted -- it has one of the places for writes.
    budgeted -- a write was taken from the budget for it and is not sent yet.
    ticket -- tells its newest entry in a queue from those before.
    sight -- of the vault's jobs, from before the reading that its write is made from.
    sighted_at -- when that sight was asked for.
    """

    change: Change
    name: str
    limits: Limits
    pace: Pace
    seed: str
    order: int
    vault: ArmId | None = None
    step: Step = Step.PREPARE
    due: float = 0.0
    running: OwnTask | None = None
    outcome: Outcome | None = None
    hold: float = 0.0
    in_doubt: bool = False
    events: list[observer.Event] = field(default_factory=list)
    began: float | None = None
    sent_at: float = 0.0
    admitted: bool = False
    budgeted: bool = False
    ticket: int = 0
    sight: Sight | None = None
    sighted_at: float = 0.0
    alone: bool = False
    _accepted_at: float | None = None
    _reading: Reading | None = None
    _operation: Operation | None = None
    _request_id: str = ""
    _attempts: int = 0
    _lost_answers: int = 0
    _throttles: int = 0
    _throttled_message: str = ""
    _was_in_doubt: bool = False
    _busy_looks: int = 0
    _busy_waited: float = 0.0
    _looks: int = 0
    _failed_looks: int = 0
    _lost_looks: int = 0
    _read_backs: int = 0
    _odd_since: float | None = None
    _found: Compared = field(default_factory=Compared)

    def __post_init__(self) -> None:
        """Find the vault, and with it the first step."""
        if self.change.kind.in_vault:
            self.vault = ArmId("/" + "/".join(self.change.subject.segments[:8]))
        self.step = self._first_step

    @property
    def _first_step(self) -> Step:
        return Step.PREPARE if self.vault is None else Step.IDLE

    @property
    def in_flight(self) -> bool:
        """Whether it takes one of the places for writes."""
        return self.outcome is None and self.admitted

    @property
    def written(self) -> bool:
        """Whether a write of it is, or may be, on its way or done."""
        return (
            self.in_doubt
            or isinstance(self.running, Send)
            or self.step not in (Step.IDLE, Step.PREPARE, Step.SEND)
        )

    @property
    def operation(self) -> Operation:
        """What Azure made of its write."""
        assert self._operation is not None, "nothing was accepted yet"
        return self._operation

    @property
    def accepted_at(self) -> float | None:
        """When Azure took its write; None: it did not yet."""
        return self._accepted_at

    @property
    def reading(self) -> Reading | None:
        """The subject just before its write; None: it was not read."""
        return self._reading

    def admit(self, now: float) -> None:
        """It gets a place for its write, and is looked at from now on."""
        self.admitted = self.budgeted = True
        self.due = now
        if self.began is None:
            self.began = now
            self.events.append(observer.Started(self.change))

    def put_off(self, until: float) -> None:
        """Its place goes to others; later it starts over, since what it knows is too old then."""
        self.admitted = False
        self._next(self._first_step, until)

    def look_anew(self, now: float) -> None:
        """It keeps its place, but its sight has grown too old to write by."""
        self._next(self._first_step, now)

    # starting

    def start(self, now: float) -> OwnTask:
        """Begin the next step, one of its own, and return its task."""
        self.running = self._task(now)
        return self.running

    def _task(self, now: float) -> OwnTask:
        if self.step is Step.PREPARE:
            return Prepare(self.change, self.sight)
        if self.step is Step.READ_BACK:
            return ReadBack(self.change, self._reading)
        if self.step is Step.RECOVER:
            return Recover(self.change, self._request_id, self.sight)
        if self.step is Step.ASK:
            assert self._operation is not None
            return Ask(self.change, self._operation)
        assert self._reading is not None
        self.budgeted = False
        # A fresh id for each write: Site Recovery's job carries it, and a job must name one write.
        self._attempts += 1
        self._request_id = str(
            uuid.uuid5(_REQUEST_IDS, f"{self.seed}|{self.name}|{self._attempts}")
        )
        self.sent_at = now
        return Send(self.change, self._reading, self._request_id)

    # reports

    def take(self, report: Report, now: float) -> Signal:
        """Move on by what a worker reported of the running task."""
        task, self.running = self.running, None
        if self.outcome is not None or task is None:
            return Signal.NONE
        signal = Signal.NONE
        match report:
            case Prepared():
                signal = self._prepared(report, now)
            case SubjectBusy(what):
                signal = self._busy(what, now)
            case AddressTaken(message):
                signal = self.end(Status.FAILED, "address-taken", message, now)
            case Sent(operation):
                signal = self._accepted(operation, now)
            case Asked(progress):
                signal = self._asked(progress, now)
            case Recovered(operation):
                signal = self._recovered(operation, now)
            case Compared():
                signal = self._compared(report, now)
            case Failure(error):
                signal = self._failed(task, error, now)
            case Abandoned():
                signal = self._torn_off(task, now)
        return signal

    # sights, which come to all that wait for one

    def sighted(self, sight: Sight, other: str | None, now: float, began: float) -> Signal | None:
        """Move on by a sight that was asked for at `began`, later than this course asked.

        None: it tells nothing new, and the course goes on waiting as before.

        other -- what somebody else did to the subject since the sight before its write.
        """
        if self.step is Step.IDLE:
            self.sight, self.sighted_at = sight, began
            return self._next(Step.PREPARE, now)
        if self.step is Step.CLOSE:
            overlap = f"It overlaps with somebody else's work: {other}." if other else ""
            return self._closed(overlap, now)
        progress = sight.progress.get(self.operation.name.lower())
        if progress is None:
            return self._next(Step.ASK, now) if self.due <= began else None
        if progress.phase is Phase.FAILED:
            # Only the job itself says why.
            return self._next(Step.ASK, now)
        if progress.phase is Phase.RUNNING and began < self.due:
            return None
        return self._asked(progress, now)

    def sight_failed(self, error: Exception, now: float) -> Signal:
        """Nobody could see the vault's jobs."""
        if self.step is Step.IDLE:
            self._failed_looks += 1
            hopeless = not isinstance(error, errors.AzureError) or isinstance(
                error, (*failure.HOPELESS, errors.Throttled)
            )
            if hopeless or self._failed_looks >= _FAILED_IDLE_LOOKS:
                return self._prepare_failed(error, now)
            wait = self.pace.next_look(self._failed_looks, failure.told_wait(error))
            return self._wait(Step.IDLE, wait, failure.message_of(error), now)
        if self.step is Step.CLOSE:
            why = failure.message_of(error)
            doubt = f"Whether it overlaps with somebody else's work is not known: {why}"
            return self._closed(doubt, now)
        return self._next(Step.ASK, now)

    def read_from_list(self, compared: Compared | None, now: float) -> Signal:
        """Move on by what a list said; None: it could not say."""
        if compared is not None:
            return self._compared(compared, now)
        self.alone = True
        return self._next(Step.READ_BACK, now)

    def _prepared(self, report: Prepared, now: float) -> Signal:
        verdict = report.verdict
        if report.idle:
            # Nothing runs on the subject and it was read after that: what is there is known.
            self.in_doubt = False
        if verdict.standing is Standing.DONE:
            if self._attempts:
                return self.end(Status.APPLIED, "", "", now)
            return self.end(Status.APPLIED, "already", verdict.message, now)
        if verdict.standing is Standing.STALE:
            return self.end(Status.FAILED, "stale", verdict.message, now)
        if verdict.standing is Standing.NOT_READY:
            return self.end(Status.PENDING, "not-ready", verdict.message, now)
        return self._ready(report.reading, now)

    def _ready(self, reading: Reading, now: float) -> Signal:
        """It can be written, unless that was tried often enough."""
        if self._lost_answers >= self.limits.max_attempts:
            message = (
                f"Sent {self._lost_answers} times without an answer, and it did not take effect."
            )
            return self.end(Status.FAILED, "no-answer", message, now)
        if self._throttles > self.limits.max_throttles:
            return self.end(Status.PENDING, "throttled", self._throttled_message, now)
        self._reading = reading
        return self._next(Step.SEND, now)

    def _accepted(self, operation: Operation | None, now: float) -> Signal:
        if self._reading is not None:
            self._reading = self._reading.written()
        if operation is None:
            self._done(now)
            return Signal.SUCCEEDED
        self._accepted_at = now
        self._follow(operation, now + self.pace.first_look(self.change))
        return Signal.NONE

    def _asked(self, progress: Progress, now: float) -> Signal:
        self._looks += 1
        self._failed_looks = 0
        if progress.phase is Phase.SUCCEEDED:
            if self._accepted_at is not None and not self._lost_answers:
                self.pace.learn(self.change, now - self._accepted_at, self._looks)
            self._done(now)
            return Signal.SUCCEEDED
        if progress.phase is Phase.FAILED:
            message = progress.error or f"Azure accepted the write and ended it as {progress.word}."
            return self.end(Status.FAILED, "operation-failed", message, now)
        if progress.familiar:
            self._odd_since = None
        elif self._odd_since is None:
            self._odd_since = now
        wait = self.pace.next_look(self._looks, progress.retry_after, shared=self.vault is not None)
        return self._next(self._following_step, now + wait)

    def _done(self, now: float) -> Signal:
        """Azure has done it: the place is free for another write."""
        self.admitted = False
        return self._next(Step.READ_BACK, now)

    @property
    def _following_step(self) -> Step:
        return Step.ASK if self.vault is None else Step.FOLLOW

    def _recovered(self, operation: Operation | None, now: float) -> Signal:
        if operation is not None:
            self.in_doubt = False
            self._accepted_at = now
            return self._follow(operation, now)
        self._lost_looks += 1
        if self._lost_looks < self.limits.lost_looks:
            return self._wait(Step.RECOVER, self.limits.lost_look_every, "its answer got lost", now)
        self.put_off(now)
        return Signal.NONE

    def _compared(self, report: Compared, now: float) -> Signal:
        if report.differences:
            self._read_backs += 1
            self.alone = True
            if self._read_backs == 1:
                return self._next(Step.READ_BACK, now + self.limits.read_back_again)
        self._found = report
        if report.overlap or self.vault is None or self.sight is None:
            return self._closed(report.overlap, now)
        return self._next(Step.CLOSE, now)

    def _closed(self, overlap: str, now: float) -> Signal:
        """All is known; `overlap` is what points to another writer, empty: nothing does."""
        if not self._found.differences:
            return self.end(Status.APPLIED, "overlap" if overlap else "", overlap, now)
        message = f"Azure reported success, but reads back {'; '.join(self._found.differences)}."
        return self.end(Status.FAILED, "read-back", f"{message} {overlap}".strip(), now)

    # errors

    def _failed(self, task: OwnTask, error: Exception, now: float) -> Signal:
        match task:
            case Prepare():
                return self._prepare_failed(error, now)
            case Send():
                return self._send_failed(error, now)
            case Ask():
                return self._look_failed(Step.ASK, error, now)
            case Recover():
                return self._look_failed(Step.RECOVER, error, now)
            case ReadBack():
                return self._look_failed(Step.READ_BACK, error, now)

    def _prepare_failed(self, error: Exception, now: float) -> Signal:
        if isinstance(error, errors.Throttled):
            return self._throttled(error, now)
        if isinstance(error, errors.Busy):
            return self._busy(str(error), now)
        return self.end(Status.FAILED, failure.code_of(error), failure.message_of(error), now)

    def _send_failed(self, error: Exception, now: float) -> Signal:
        if isinstance(error, failure.IN_DOUBT):
            self.in_doubt = self._was_in_doubt = True
            self._lost_answers += 1
            self._lost_looks = 0
            return self._next(Step.RECOVER, now)
        if isinstance(error, errors.Throttled):
            # Refused, as far as the answer goes. What stands between here and Azure may have
            # given it, so nothing is said of this write before its subject was looked at.
            self.in_doubt = self._was_in_doubt = True
            return self._throttled(error, now)
        # This one was refused. An earlier one may still have been taken, for the look between them
        # may have been at a list of jobs that lags; the next look says.
        self.in_doubt = self._was_in_doubt
        if isinstance(error, errors.Busy):
            self._busy(str(error), now)
            return Signal.CROWDED
        known = isinstance(error, errors.AsrNetmapError)
        status = Status.FAILED if known else Status.UNKNOWN
        return self.end(status, failure.code_of(error), failure.message_of(error), now)

    def _look_failed(self, step: Step, error: Exception, now: float) -> Signal:
        """A look that failed says nothing about the write: look again, or say so at the end."""
        self._failed_looks += 1
        if not isinstance(error, errors.AzureError):
            allowed = 1
        elif isinstance(error, failure.HOPELESS):
            allowed = _HOPELESS_LOOKS
        else:
            allowed = _FAILED_LOOKS
        # An operation is asked for as long as it may run: the status endpoint can be away.
        patient = step is Step.ASK and allowed == _FAILED_LOOKS
        if self._failed_looks >= allowed and not patient:
            message = (
                f"The write was sent; looking at it failed: {failure.message_of(error)} "
                "Run again to see whether it took effect."
            )
            return self.end(Status.UNKNOWN, failure.code_of(error), message, now)
        wait = self._wait_after_failed_look(step, error)
        return self._wait(step, wait, failure.message_of(error), now)

    def _wait_after_failed_look(self, step: Step, error: Exception) -> float:
        told = min(failure.told_wait(error) or 0.0, self.limits.longest_throttle_wait)
        if step is Step.RECOVER:
            return max(told, self.limits.lost_look_every)
        if step is Step.READ_BACK:
            return max(told, self.limits.read_back_again)
        return max(told, self.pace.next_look(self._looks + self._failed_looks, None))

    def _throttled(self, error: errors.Throttled, now: float) -> Signal:
        """Refused for the number of requests: wait, and then check and read again first.

        After the last try that look is the last thing, unless it is refused, too.
        """
        self._throttles += 1
        if self._throttles > self.limits.max_throttles:
            message = f"{failure.message_of(error)} Given up after {self._throttles} tries."
            self._throttled_message = message
            if not self.in_doubt or self._throttles > self.limits.max_throttles + 1:
                self.end(Status.PENDING, "throttled", message, now)
                return Signal.CROWDED
        own = self.limits.throttle_wait * 2 ** (self._throttles - 1)
        wait = min(failure.told_wait(error) or own, self.limits.longest_throttle_wait)
        self.hold = now + wait
        self.put_off(self.hold)
        return Signal.CROWDED

    def _busy(self, what: str, now: float) -> Signal:
        if self._busy_waited >= self.limits.max_wait_for_busy:
            message = f"Still busy after {self._busy_waited:.0f} s: {what}"
            return self.end(Status.PENDING, "busy", message, now)
        wait = self.limits.busy_look_every * self.limits.look_growth**self._busy_looks
        wait = min(wait, self.limits.busy_longest)
        self._busy_looks += 1
        self._busy_waited += wait
        self.admitted = False
        return self._wait(self._first_step, wait, what, now)

    def _torn_off(self, task: OwnTask, now: float) -> Signal:
        if isinstance(task, Send):
            return self._send_failed(errors.OutcomeUnknown("The run was interrupted."), now)
        if isinstance(task, Prepare):
            self.put_off(now)
            return Signal.NONE
        return self._next(self.step, now)

    # moving

    def _follow(self, operation: Operation, due: float) -> Signal:
        self._operation = operation
        self._looks = self._failed_looks = 0
        self.events.append(observer.Accepted(self.change, operation.name))
        return self._next(self._following_step, due)

    def _wait(self, step: Step, seconds: float, reason: str, now: float) -> Signal:
        self.events.append(observer.Waiting(self.change, reason, seconds))
        return self._next(step, now + seconds)

    def _next(self, step: Step, due: float) -> Signal:
        if step is not self.step:
            self._failed_looks = 0
        self.step = step
        self.due = due
        return Signal.NONE

    # ending

    @property
    def gives_up_at(self) -> float | None:
        """When its operation has run for too long; None: none is running."""
        if self.step not in (Step.ASK, Step.FOLLOW) or self._accepted_at is None:
            return None
        latest = self._accepted_at + self.limits.max_wait_for_operation
        if self._odd_since is None:
            return latest
        return min(latest, self._odd_since + self.limits.max_wait_for_odd_word)

    def end(self, status: Status, code: str, message: str, now: float) -> Signal:
        """Set the outcome. What may have been written is never called failed or pending."""
        if self.in_doubt and status in (Status.FAILED, Status.PENDING):
            status = Status.UNKNOWN
        self.outcome = Outcome(
            change_id=self.name,
            status=status,
            code=code,
            message=message,
            seconds=0.0 if self.began is None else round(now - self.began, 3),
            request_id=self._request_id,
            job=self._operation.name if self._operation else "",
        )
        # Nothing reads them any more, and a run of thousands would hold thousands.
        self._reading = self._operation = self.sight = None
        self.events.append(observer.Finished(self.change, self.outcome))
        return Signal.NONE
