"""Doing one task: the only place of applying that calls Azure."""

from __future__ import annotations

import threading
from collections.abc import Callable

from asr_netmap.applying.comparison import (
    NotReady,
    Standing,
    busy_only,
    claims_to_ask,
    differences,
    disturbances,
    judge,
)
from asr_netmap.applying.journal import Journal
from asr_netmap.applying.tasks import (
    AddressTaken,
    Ask,
    Asked,
    Compared,
    Failure,
    Prepare,
    Prepared,
    ReadBack,
    Recover,
    Recovered,
    Report,
    Send,
    Sent,
    SubjectBusy,
    Task,
)
from asr_netmap.errors import AzureError, CassetteMismatch, FileError
from asr_netmap.planning.change import Change, Kind
from asr_netmap.planning.gateway import Gateway, Operation, Reading


class OwnJobs:
    """The names of the jobs that this run started: they never count as somebody else's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: frozenset[str] = frozenset()

    def add(self, name: str) -> None:
        """Take in a job's name."""
        with self._lock:
            self._names |= {name}

    @property
    def names(self) -> frozenset[str]:
        """All names so far."""
        return self._names


class Worker:
    """Does tasks, in any thread, one call after the other.

    note -- called with what went wrong beside a change, such as a journal that can't be written.
    """

    def __init__(
        self,
        gateway: Gateway,
        not_ready: NotReady,
        journal: Journal,
        note: Callable[[str], None],
    ) -> None:
        self._gateway = gateway
        self._not_ready = not_ready
        self._journal = journal
        self._note = note
        self._own = OwnJobs()

    def perform(self, task: Task) -> Report:
        """Do a task. Whatever it raises is a report, too, so one change never ends another.

        What is no `Exception` (an exit, an interrupt) is raised, and so is a request that a
        cassette doesn't hold: it says something of a test, and nothing of the change.
        """
        try:
            return self._perform(task)
        except CassetteMismatch:
            raise
        except Exception as error:
            return Failure(error)

    def _perform(self, task: Task) -> Report:
        match task:
            case Prepare(change):
                report = self._prepare(change)
            case Send():
                report = self._send(task)
            case Ask(_, operation):
                report = Asked(self._gateway.ask(operation))
            case Recover(change, request_id):
                report = self._recover(change, request_id)
            case ReadBack(change, reading):
                report = self._read_back(change, reading)
        return report

    def _prepare(self, change: Change) -> Report:
        """The idle check comes first: a job that ends between two calls shows in the reading."""
        what = self._gateway.running_job(change, self._own.names)
        if what is not None:
            return self._busy(change, what)
        reading = self._gateway.read(change)
        verdict = judge(change, reading, self._not_ready)
        item = reading.item
        if verdict.standing is Standing.NOT_READY and item and busy_only(item, self._not_ready):
            return SubjectBusy(verdict.message)
        if verdict.standing is Standing.READY:
            for claim in claims_to_ask(change, verdict):
                if not self._gateway.address_free(claim.network, claim.address):
                    return AddressTaken(
                        f"{claim.address} is in use in {claim.network.name} by now. "
                        "Plan again for another one, or free it."
                    )
        return Prepared(verdict, reading)

    def _busy(self, change: Change, what: str) -> Report:
        """Waiting helps, unless it is an item that would not be ready anyhow."""
        if change.kind is not Kind.NIC_SETTINGS:
            return SubjectBusy(what)
        reading = self._gateway.read(change)
        verdict = judge(change, reading, self._not_ready)
        item = reading.item
        if verdict.standing is Standing.NOT_READY and item and not busy_only(item, self._not_ready):
            return Prepared(verdict, reading, idle=False)
        return SubjectBusy(what)

    def _send(self, task: Send) -> Report:
        self._journal.intent(task.change, task.request_id)
        operation = self._gateway.send(task.change, task.reading, task.request_id)
        return Sent(self._accepted(task.change, task.request_id, operation))

    def _recover(self, change: Change, request_id: str) -> Report:
        operation = self._gateway.find_operation(change, request_id)
        if operation is not None:
            self._accepted(change, request_id, operation)
        return Recovered(operation)

    def _accepted(
        self, change: Change, request_id: str, operation: Operation | None
    ) -> Operation | None:
        if operation is not None:
            self._own.add(operation.name)
        try:
            self._journal.accepted(change.id, request_id, operation.name if operation else "")
        except FileError as error:
            # The write is Azure's now: losing sight of it would be worse than a gap in a file.
            self._note(str(error))
        return operation

    def _read_back(self, change: Change, before: Reading | None) -> Report:
        reading = self._gateway.read(change)
        wrong = differences(change, reading)
        return Compared(wrong, self._overlap(change, before, reading))

    def _overlap(self, change: Change, before: Reading | None, after: Reading) -> str:
        """What points to another writer on the subject between the two readings.

        # ARM: Site Recovery has no ETags (none in any recorded answer), so an overlap can't be
        # excluded, only noticed. A write that came between our reading and ours is undone by ours
        # and shows in no reading: only its job tells.
        """
        changed = disturbances(change, before, after) if before else ()
        if changed:
            return (
                "An overlap with another writer is likely, since settings changed that this "
                f"change does not touch: {'; '.join(changed)}."
            )
        what = self._foreign_scenario(after)
        if what is None:
            try:
                what = self._gateway.other_work(change, self._own.names)
            except AzureError as error:
                return (
                    f"Whether it overlaps with somebody else's work is not known: {error.message}"
                )
        return f"It overlaps with somebody else's work: {what}." if what else ""

    def _foreign_scenario(self, reading: Reading) -> str | None:
        item = reading.item
        if item is None or item.scenario is None or item.scenario_job is None:
            return None
        mine = {name.lower() for name in self._own.names}
        return None if item.scenario_job.name.lower() in mine else item.scenario
