"""A hand-written Azure behind the Gateway protocol: objects, jobs that take time, faults.

It is harsh on purpose: it never answers "busy", so only the caller's own checks keep two writes
from overlapping; its jobs are slow, and for a while they do not say what they work on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from asr_netmap.arm_id import ArmId
from asr_netmap.clock import VirtualClock
from asr_netmap.errors import OutcomeUnknown, Throttled, Unreachable
from asr_netmap.models import IpAddress, ReplicatedItem
from asr_netmap.planning.change import Action, Change, ItemState, Kind, State
from asr_netmap.planning.gateway import ListSize, Operation, Phase, Progress, Reading, Sight

from .estate import with_settings

T = TypeVar("T")


class Crash(BaseException):
    """The process dies here."""


class TooMany(Throttled):
    """A 429 that says how long to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__("Too many requests.")
        self.retry_after = seconds


@dataclass
class Job:
    """A job: it works on `change` from `began` on, and takes effect at `ends`."""

    name: str
    change: Change
    request_id: str
    began: float
    ends: float
    over: bool = False


@dataclass
class Fault:
    """What goes wrong at the call with that number, counted from 1."""

    at: int
    kind: str


@dataclass
class FakeAzure:
    """The service.

    seconds -- what a job takes. nameless -- how long a job does not say what it works on.
    latency -- what each call takes. sizes -- of the lists that read many at once.
    lists_own_jobs -- whether the list of jobs tells where the operations stand.
    """

    clock: VirtualClock
    items: dict[ArmId, ReplicatedItem] = field(default_factory=dict)
    others: dict[ArmId, State] = field(default_factory=dict)
    seconds: float = 6.0
    nameless: float = 1.0
    latency: float = 0.05
    fault: Fault | None = None
    taken: set[IpAddress] = field(default_factory=set)
    ignores: set[ArmId] = field(default_factory=set)
    words: dict[ArmId, tuple[Phase, str]] = field(default_factory=dict)
    told: float | None = None
    refuse: dict[ArmId, list[Exception]] = field(default_factory=dict)
    on_call: Callable[[str, int], None] | None = None
    jobs: list[Job] = field(default_factory=list)
    calls: list[tuple[str, ArmId, float]] = field(default_factory=list)
    dead: bool = False
    sizes: dict[Kind, ListSize] = field(default_factory=dict)
    lists_own_jobs: bool = True
    _looks: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.RLock()

    @property
    def accepted(self) -> list[str]:
        """The ids of the changes whose writes were accepted, in order."""
        return [job.change.id for job in self.jobs]

    def called(self, name: str) -> int:
        """How many calls of that name were made."""
        return sum(1 for call, _, _ in self.calls if call == name)

    # the protocol

    def read(self, change: Change) -> Reading:
        """Read."""
        return self._call("read", change.subject, lambda: self._read(change))

    def list_size(self, kind: Kind, vault: ArmId) -> ListSize | None:
        """What the list would cost."""
        return self.sizes.get(kind)

    def read_listed(
        self, kind: Kind, vault: ArmId, wanted: Sequence[tuple[Change, Reading | None]]
    ) -> Mapping[ArmId, Reading]:
        """Read many."""
        return self._call(
            "read_listed", vault, lambda: {c.subject: self._read(c) for c, _ in wanted}
        )

    def look(self, vault: ArmId, following: Sequence[tuple[Operation, Sight | None]]) -> Sight:
        """List the jobs."""
        return self._call("look", vault, lambda: self._look([op for op, _ in following]))

    def running_job(self, change: Change, own: Container[str], sight: Sight) -> str | None:
        """What the sight shows."""
        for job, nameless in sight.jobs:
            if job.name in own:
                continue
            if nameless or job.change.subject == change.subject:
                return f"job {job.name}"
        return None

    def other_work(
        self, change: Change, own: Container[str], before: Sight, after: Sight
    ) -> str | None:
        """Nobody else works here, unless a job of theirs still runs."""
        return self.running_job(change, own, after)

    def address_free(self, network: ArmId, address: IpAddress) -> bool:
        """Ask for an address."""
        return self._call("address_free", network, lambda: address not in self.taken)

    def send(self, change: Change, reading: Reading, request_id: str) -> Operation | None:
        """Accept a write."""
        return self._call("send", change.subject, lambda: self._accept(change, request_id))

    def ask(self, operation: Operation) -> Progress:
        """Look at a job."""
        return self._call("ask", operation.subject, lambda: self._progress(operation))

    def find_operation(
        self, change: Change, request_id: str, sight: Sight | None
    ) -> Operation | None:
        """Look for a job by the request id it was made with."""
        return self._call("find", change.subject, lambda: self._find(request_id))

    # what happens inside

    def _call(self, name: str, subject: ArmId, effect: Callable[[], T]) -> T:
        with self._lock:
            self.clock.sleep(self.latency)
            self._finish_jobs()
            if self.dead:
                raise Crash
            self.calls.append((name, subject, self.clock.monotonic()))
            number = len(self.calls)
            if self.on_call:
                self.on_call(name, number)
            queued = self.refuse.get(subject) if name == "send" else None
            if queued:
                raise queued.pop(0)
            if self.fault is not None and self.fault.at == number:
                return self._go_wrong(name, self.fault.kind, effect)
            return effect()

    def _go_wrong(self, name: str, kind: str, effect: Callable[[], T]) -> T:
        lost = OutcomeUnknown if name == "send" else Unreachable
        if kind == "dies before":
            self.dead = True
            raise Crash
        if kind == "lost before it arrives":
            raise lost("connection reset")
        if kind == "throttled and refused":
            raise TooMany(17)
        effect()
        if kind == "dies after":
            self.dead = True
            raise Crash
        if kind == "accepted, then no answer":
            raise lost("connection reset, time-out or HTTP 503")
        if kind == "accepted, then 429":
            raise TooMany(17)
        raise AssertionError(kind)

    def _finish_jobs(self) -> None:
        now = self.clock.monotonic()
        for job in self.jobs:
            if not job.over and job.ends <= now and job.change.subject not in self.words:
                job.over = True
                self._take_effect(job.change)

    def _take_effect(self, change: Change) -> None:
        if change.subject in self.ignores:
            return
        if isinstance(change.after, ItemState):
            item = self.items[change.subject]
            self.items[change.subject] = with_settings(item, change.after)
        elif change.after is None:
            self.others.pop(change.subject, None)
        else:
            self.others[change.subject] = change.after

    def _read(self, change: Change) -> Reading:
        if isinstance(change.after, ItemState):
            item = self.items.get(change.subject)
            return Reading(change.after if item else None, item)
        return Reading(self.others.get(change.subject))

    def _look(self, operations: Sequence[Operation]) -> Sight:
        self._looks += 1
        now = self.clock.monotonic()
        progress = {op.name: self._progress(op) for op in operations if self.lists_own_jobs}
        running = [(job, now < job.began + self.nameless) for job in self.jobs if not job.over]
        return Sight(self._looks, progress, running)

    def _accept(self, change: Change, request_id: str) -> Operation | None:
        assert change.action is not Action.DELETE or change.subject in self.others
        now = self.clock.monotonic()
        job = Job(f"job-{len(self.jobs)}", change, request_id, now, now + self.seconds)
        self.jobs.append(job)
        return self._operation(job)

    def _operation(self, job: Job) -> Operation:
        url = f"https://management.azure.com/operations/{job.name}?s=signed"
        return Operation(job.name, url, job.request_id, job.change.subject, 30.0)

    def _progress(self, operation: Operation) -> Progress:
        if operation.subject in self.words:
            phase, word = self.words[operation.subject]
            return Progress(phase, word, retry_after=self.told)
        job = next(j for j in self.jobs if j.name == operation.name)
        if job.over:
            return Progress(Phase.SUCCEEDED, "Succeeded")
        return Progress(Phase.RUNNING, "InProgress", retry_after=self.told)

    def _find(self, request_id: str) -> Operation | None:
        found = next((job for job in self.jobs if job.request_id == request_id), None)
        return self._operation(found) if found else None
