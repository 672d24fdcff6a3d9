"""Doing one task: the only place of applying that calls Azure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

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
    ListRead,
    Look,
    Looked,
    Prepare,
    Prepared,
    ReadBack,
    ReadList,
    Recover,
    Recovered,
    Report,
    Send,
    Sent,
    SubjectBusy,
    Task,
)
from asr_netmap.arm_id import ArmId
from asr_netmap.errors import CassetteMismatch, FileError
from asr_netmap.planning.change import Change, Kind
from asr_netmap.planning.gateway import Gateway, Operation, Reading, Sight


class OwnJobs:
    """The names of the jobs that this run started: they never count as somebody else's.

    `in` asks for a name in lower case. Safe for threads: names only come, one at a time.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()

    def add(self, name: str) -> None:
        """Take in a job's name."""
        self._names.add(name.lower())

    def __contains__(self, name: object) -> bool:
        return name in self._names


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
            case Prepare(change, sight):
                report = self._prepare(change, sight)
            case Send():
                report = self._send(task)
            case Ask(_, operation):
                report = Asked(self._gateway.ask(operation))
            case Recover(change, request_id, sight):
                report = self._recover(change, request_id, sight)
            case ReadBack(change, reading):
                report = self._read_back(change, reading)
            case Look():
                report = self._look(task)
            case ReadList():
                report = self._read_list(task)
        return report

    def _prepare(self, change: Change, sight: Sight | None) -> Report:
        """The sight came first: a job that ends between it and the reading shows in the reading.

        A job that begins between them shows in an item's own scenario; on a mapping it is an
        overlap, which is looked for after the write.
        """
        if change.kind is not Kind.NIC_SETTINGS and (what := self._running(change, sight)):
            return SubjectBusy(what)
        reading = self._gateway.read(change)
        verdict = judge(change, reading, self._not_ready)
        item = reading.item
        if verdict.standing is Standing.NOT_READY and item and busy_only(item, self._not_ready):
            return SubjectBusy(verdict.message)
        if item is not None and (what := self._running(change, sight)):
            # Waiting helps, unless it is an item that would not be ready anyhow.
            hopeless = verdict.standing is Standing.NOT_READY
            return Prepared(verdict, reading, idle=False) if hopeless else SubjectBusy(what)
        if verdict.standing is Standing.READY:
            for claim in claims_to_ask(change, verdict):
                if not self._gateway.address_free(claim.network, claim.address):
                    return AddressTaken(
                        f"{claim.address} is in use in {claim.network.name} by now. "
                        "Plan again for another one, or free it."
                    )
        return Prepared(verdict, reading)

    def _running(self, change: Change, sight: Sight | None) -> str | None:
        """What ran on the subject at that sight; of an item it is known only after its reading."""
        return None if sight is None else self._gateway.running_job(change, self._own, sight)

    def _send(self, task: Send) -> Report:
        self._journal.intent(task.change, task.request_id)
        operation = self._gateway.send(task.change, task.reading, task.request_id)
        return Sent(self._accepted(task.change, task.request_id, operation))

    def _recover(self, change: Change, request_id: str, sight: Sight | None) -> Report:
        operation = self._gateway.find_operation(change, request_id, sight)
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
        return self._compared(change, before, self._gateway.read(change))

    def _compared(self, change: Change, before: Reading | None, reading: Reading) -> Compared:
        return Compared(differences(change, reading), self._overlap(change, before, reading))

    def _overlap(self, change: Change, before: Reading | None, after: Reading) -> str:
        """What in the readings points to another writer on the subject between them.

        # ARM: Site Recovery has no ETags (none in any recorded answer), so an overlap can't be
        # excluded, only noticed. A write that came between our reading and ours is undone by ours
        # and shows in no reading: only its job tells, which is looked for after this.
        """
        changed = disturbances(change, before, after) if before else ()
        if changed:
            return (
                "An overlap with another writer is likely, since settings changed that this "
                f"change does not touch: {'; '.join(changed)}."
            )
        what = self._foreign_scenario(after)
        return f"It overlaps with somebody else's work: {what}." if what else ""

    def _foreign_scenario(self, reading: Reading) -> str | None:
        item = reading.item
        if item is None or item.scenario is None or item.scenario_job is None:
            return None
        return None if item.scenario_job.name.lower() in self._own else item.scenario

    # for many changes

    def _look(self, task: Look) -> Report:
        """A sight, and for those that were read back before it what others did meanwhile."""
        sight = self._gateway.look(task.vault, task.following)
        others = {
            change.subject.key: self._gateway.other_work(change, self._own, before, sight)
            for change, before in task.closing
        }
        return Looked(sight, others)

    def _read_list(self, task: ReadList) -> Report:
        readings = self._gateway.read_listed(task.kind, task.vault, task.wanted)
        return ListRead(dict(self._as_wanted(task, readings)))

    def _as_wanted(
        self, task: ReadList, readings: Mapping[ArmId, Reading]
    ) -> Iterator[tuple[str, Compared]]:
        """Those that the list shows as they were wanted, and untouched by others."""
        for change, before in task.wanted:
            reading = readings.get(change.subject)
            if reading is None:
                continue
            compared = self._compared(change, before, reading)
            if compared == Compared():
                yield change.subject.key, compared
