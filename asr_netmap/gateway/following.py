"""What became of a write, and what else runs: operation statuses and Site Recovery's jobs."""

from __future__ import annotations

import threading
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from azure.core.rest import HttpResponse

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AzureError, Missing, UnexpectedAnswer
from asr_netmap.gateway import jobs
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.error_body import error_value
from asr_netmap.gateway.failure import Asked, from_response, retry_after_header
from asr_netmap.gateway.operations import is_familiar, phase_of, status_word
from asr_netmap.gateway.subjects import Body, item_body
from asr_netmap.planning.change import (
    Change,
    ContainerMappingState,
    Kind,
    MappingState,
    ReplicationState,
)
from asr_netmap.planning.gateway import Operation, Phase, Progress, Sight


class Following:
    """Asks about operations and jobs; safe for threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._boards: dict[ArmId, jobs.JobBoard] = {}
        self._item_names: dict[ArmId, tuple[str, ...]] = {}

    def look(self, vault: ArmId, following: Sequence[tuple[Operation, Sight | None]]) -> Sight:
        """List the vault's jobs, once for all who want to know of some."""
        wanted = {op.name.lower(): sight.number if sight else 0 for op, sight in following}
        listing = self._board(vault).look(wanted)
        seen = ((name, listing.rows.get(name)) for name in wanted)
        progress = {name: _progress(row) for name, row in seen if row is not None}
        return Sight(listing.number, progress, listing)

    def running_job(self, change: Change, own: Container[str], sight: Sight) -> str | None:
        """What Site Recovery was doing with the subject at that sight.

        What an item itself says about that comes with reading it (`ReplicatedItem.scenario`).
        """
        if not change.kind.in_vault:
            return None
        listing: jobs.Listing = sight.jobs
        foreign = _foreign(listing.running, own)
        if not foreign:
            return None
        names = self._names_of(change)
        for row in foreign:
            name = str(row["name"])
            if not jobs.works_on(row, names):
                continue
            fresh = name.lower() in listing.rows
            now = row if fresh else self._board(change.subject).still_running(name)
            if now is not None:
                return jobs.described(now)
        return None

    def other_work(
        self, change: Change, own: Container[str], before: Sight, after: Sight
    ) -> str | None:
        """What somebody else had done with the subject between two sights; None: nothing.

        A job that doesn't say yet what it works on began a second ago: it did nothing between the
        reading before our write and our write. One that didn't when it was listed last, and that
        no listing came back to, is asked.
        """
        if not change.kind.in_vault:
            return None
        board = self._board(change.subject)
        try:
            new = board.since(before.number, after.number, own)
            told = [board.told(row, after.jobs) for row in new]
        except AzureError as error:
            return f"perhaps, for a job could not be asked what it works on: {error}"
        foreign = [row for row in told if row is not None and jobs.target_of(row)]
        if not foreign:
            return None
        names = self._names_of(change)
        other = next((row for row in foreign if jobs.works_on(row, names)), None)
        return None if other is None else jobs.described(other)

    def ask(self, operation: Operation) -> Progress:
        """Look once at an operation. Raises AzureError if the look failed: ask again."""
        if not operation.url:
            return self._ask_job(operation)
        asked = Asked("GET", f"the operation {operation.name}")
        response = self._connection.follow(operation.url)
        if response.status_code != 200:
            error = from_response(response, asked)
            if isinstance(error, Missing) and _in_vault(operation):
                return self._ask_job(operation)
            raise error
        body = _json_or_none(response)
        word = status_word(body)
        if word is not None:
            phase = phase_of(word)
            why = self._why(operation, body) if phase is Phase.FAILED else ""
            wait = retry_after_header(response)
            return Progress(phase, word, why, wait, is_familiar(word))
        if _in_vault(operation):
            return self._ask_job(operation)
        raise UnexpectedAnswer(f"{asked}: the answer is no status.", "")

    def find_operation(
        self, change: Change, request_id: str, sight: Sight | None
    ) -> Operation | None:
        """The job of a write whose answer was lost, by the request id that it carries.

        sight -- one from before the write: what it shows is no job of it. None: there is none.
        """
        if not change.kind.in_vault:
            return None
        before = sight.number if sight else 0
        for job in self._board(change.subject).candidates(self._names_of(change), before):
            if jobs.belongs_to(job, request_id):
                return Operation(str(job["name"]), "", request_id, change.subject)
        return None

    def learn(self, subject: ArmId, raw: Body) -> None:
        """Take from an item's body what jobs call it."""
        self._item_names[subject] = _names_of_item(subject, raw)

    def _board(self, subject: ArmId) -> jobs.JobBoard:
        vault = jobs.vault_of(subject)
        with self._lock:
            return self._boards.setdefault(vault, jobs.JobBoard(self._connection, vault))

    def _names_of(self, change: Change) -> frozenset[str]:
        """What Site Recovery's jobs may call the subject, in lower case."""
        subject = change.subject
        if change.kind is Kind.NIC_SETTINGS:
            if subject not in self._item_names:
                self.learn(subject, item_body(self._connection, subject))
            return frozenset({subject.key, *self._item_names[subject]})
        states = (change.before, change.after)
        networks = [s.source_network.name.lower() for s in states if isinstance(s, MappingState)]
        # ARM: a job of enabling has the VM's name, one of pairing the policy's (Azure PowerShell
        # recording 2022).
        vms = [s.vm.name.lower() for s in states if isinstance(s, ReplicationState)]
        policies = [s.policy.name.lower() for s in states if isinstance(s, ContainerMappingState)]
        return frozenset({subject.key, subject.name.lower(), *networks, *vms, *policies})

    def _ask_job(self, operation: Operation) -> Progress:
        """Ask Site Recovery's own record, which needs no signed URL."""
        job = self._board(operation.subject).job(operation.name)
        progress = _progress(job)
        if progress.phase is Phase.FAILED:
            return replace(progress, error=jobs.errors_of(job))
        return progress

    def _why(self, operation: Operation, body: Any) -> str:
        """What went wrong: the job knows causes and advice, the status at least code and text."""
        error = error_value(body.get("error"))
        text = f"{error.code}: {error.message}" if error.code else error.message
        if not _in_vault(operation):
            return text
        try:
            known = jobs.errors_of(self._board(operation.subject).job(operation.name))
        except AzureError:
            # It would only have made the message better.
            known = ""
        return known or text


def _foreign(rows: Iterable[Body], own: Container[str]) -> list[Body]:
    """The jobs that this run did not start."""
    return [row for row in rows if str(row.get("name")).lower() not in own]


def _progress(job: Body) -> Progress:
    """Where an operation stands by its job, which says no causes in a list."""
    word = jobs.state(job)
    return Progress(phase_of(word), word, familiar=is_familiar(word))


def _in_vault(operation: Operation) -> bool:
    return operation.subject.named("vaults") is not None


def _names_of_item(subject: ArmId, raw: Body) -> tuple[str, ...]:
    """Name, VM name, and the id that Site Recovery's health errors and jobs give it.

    ARM: a job's targetObjectId equals the entityId of the item's health errors (Azure PowerShell
    recording 2022); nothing else in an item's body shows it.
    """
    properties = raw.get("properties") or {}
    details = properties.get("providerSpecificDetails") or {}
    names = [subject.name, properties.get("friendlyName")]
    names.append(details.get("recoveryAzureVMName"))
    names += [each.get("entityId") for each in properties.get("healthErrors") or ()]
    return tuple({str(name).lower() for name in names if name})


def _json_or_none(response: HttpResponse) -> Any:
    """The body, if it is JSON; an operation's status was seen empty and as HTML."""
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, Mapping) else None
