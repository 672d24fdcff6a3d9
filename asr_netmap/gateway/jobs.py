"""Site Recovery's jobs: what runs on an object, and what became of a write.

ARM: list rows lack activityId, tasks and errors, which only a single GET gives; a new job says
nothing of its target for about a second (Azure PowerShell recording 2022).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import Missing
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.error_body import error_value
from asr_netmap.gateway.foreign_text import one_line
from asr_netmap.gateway.lists import SITE_RECOVERY_API
from asr_netmap.gateway.moments import moment_of

# Rows come newest first; nothing of interest here runs longer.
_LONGEST_RUN = timedelta(hours=24)
_TERMINAL = frozenset({"succeeded", "failed", "canceled", "cancelled"})
_CANDIDATES = 50
_KEPT = (
    *("state", "startTime", "endTime", "scenarioName", "friendlyName"),
    *("targetObjectId", "targetObjectName"),
)

Body = Mapping[str, Any]


def vault_of(subject: ArmId) -> ArmId:
    """The vault that an object of Site Recovery lies in."""
    return ArmId("/" + "/".join(subject.segments[:8]))


@dataclass(frozen=True, slots=True)
class Listing:
    """What one listing of the jobs told.

    number -- a later listing has a higher one.
    rows -- what was read of the list this time, by name in lower case.
    running -- the jobs that had not ended by then; also those that were not read again, since
        they began long ago.
    """

    number: int
    rows: Mapping[str, Body]
    running: tuple[Body, ...]


@dataclass(slots=True)
class _Known:
    """A job as it was last read, and the number of the listing that had it first.

    asked -- whether it was asked for by its name.
    """

    row: Body
    first: int
    asked: bool = False


class JobBoard:
    """The newest jobs of a vault, one listing at a time; safe for threads.

    ARM: rows come newest first (az CLI traffic, 2023). So a listing ends with the page that leads
    back to what is known: what began earlier is older than all that is asked for.
    """

    def __init__(self, connection: Connection, vault: ArmId) -> None:
        self._connection = connection
        self._vault = vault
        self._lock = threading.Lock()
        self._number = 0
        self._known: dict[str, _Known] = {}
        self._new: deque[str] = deque()
        self._running: dict[str, Body] = {}

    def look(self, wanted: Mapping[str, int] | None = None) -> Listing:
        """List the jobs, as far back as is of interest. Raises AzureErrors.

        wanted -- names in lower case of jobs that should be among the rows, each with the number
            of a listing from before it began.
        """
        with self._lock:
            before = self._number
            rows: dict[str, Body] = {}
            for page in self._connection.pages(f"{self._vault}/replicationJobs", SITE_RECOVERY_API):
                rows.update((str(row.get("name")).lower(), _slim(row)) for row in page)
                if page and self._leads_back(page[-1], rows, wanted or {}, before):
                    break
            self._number = before + 1
            self._remember(rows)
            return Listing(self._number, rows, tuple(self._running.values()))

    def _leads_back(
        self, last: Body, rows: Mapping[str, Body], wanted: Mapping[str, int], before: int
    ) -> bool:
        """Whether everything after a row is too old to be of interest."""
        begun = started(last)
        if begun is not None and begun < self._connection.clock.now() - _LONGEST_RUN:
            return True
        known = self._known.get(str(last.get("name")).lower())
        floor = min((n for name, n in wanted.items() if name not in rows), default=before)
        return known is not None and known.first <= floor

    def _remember(self, rows: Mapping[str, Body]) -> None:
        horizon = self._connection.clock.now() - _LONGEST_RUN
        for name, row in rows.items():
            known = self._known.get(name)
            if known is None:
                self._known[name] = _Known(row, self._number)
                self._new.append(name)
            else:
                known.row = row
            self._running.pop(name, None)
            if running(row):
                self._running[name] = row
        for name, row in tuple(self._running.items()):
            begun = started(row)
            if begun is not None and begun < horizon:
                del self._running[name]

    def still_running(self, name: str) -> Body | None:
        """A job that was remembered as running, read anew; None: it has ended since.

        Raises AzureErrors.
        """
        row = self.read_again(name)
        return row if row is not None and running(row) else None

    def told(self, row: Body, listing: Listing) -> Body | None:
        """A job that tells what it works on, or that a listing came back to, or that was asked.

        It is asked once where it told nothing when it was listed last; None: it is gone. Raises
        AzureErrors.
        """
        name = str(row["name"])
        with self._lock:
            known = self._known.get(name.lower())
        if target_of(row) or name.lower() in listing.rows or (known and known.asked):
            return row
        return self.read_again(name)

    def read_again(self, name: str) -> Body | None:
        """A job that was listed, as it is now; None: it is gone. Raises AzureErrors."""
        try:
            row = _slim(self.job(name))
        except Missing:
            row = None
        with self._lock:
            known = self._known.get(name.lower())
            if known is not None:
                known.row, known.asked = row or known.row, True
            if row is None or not running(row):
                self._running.pop(name.lower(), None)
        return row

    def since(self, before: int, until: int, own: Container[str] = frozenset()) -> list[Body]:
        """The jobs, but for own ones, that no listing up to `before` had, but one up to `until`.

        Told by their names: clocks differ, and a new job says no time.
        """
        with self._lock:
            found = []
            for name in reversed(self._new):
                known = self._known[name]
                if known.first <= before:
                    break
                if known.first <= until and name not in own:
                    found.append(known.row)
            return found

    def job(self, name: str) -> Body:
        """One job with all its fields. Raises AzureErrors."""
        job_id = self._vault.child("replicationJobs", name)
        return self._connection.get(str(job_id), SITE_RECOVERY_API)

    def candidates(self, names: frozenset[str], before: int) -> Iterator[Body]:
        """The jobs that a write sent just now may have become, the likeliest and newest first.

        names -- of the object that was written. before -- a listing from before the write.
        """
        rows = self.since(before, self.look().number)
        likely = [r for r in rows if works_on(r, names)]
        others = [r for r in rows if not works_on(r, names)]
        for row in (likely + others)[:_CANDIDATES]:
            yield self.job(str(row["name"]))


def running(row: Body) -> bool:
    """Whether a job has not ended; a word that is none of a plain end counts as running.

    "PartiallySucceeded" and its kind may be passing ones, so they need an end time, too: a write
    beside a job that still runs would be one too many.
    ARM: endTime is absent while a job runs (Azure CLI and PowerShell recordings).
    """
    return state(row).lower() not in _TERMINAL and not _properties(row).get("endTime")


def target_of(row: Body) -> frozenset[str]:
    """What a job says it works on, in lower case; empty: it doesn't say yet.

    ARM: not the ARM id. For an item the id is Site Recovery's own and the name is the VM's; for a
    mapping both are the source network's name (Azure PowerShell recording 2022).
    """
    properties = _properties(row)
    values = (properties.get("targetObjectId"), properties.get("targetObjectName"))
    return frozenset(str(each).lower() for each in values if each)


def works_on(row: Body, names: frozenset[str]) -> bool:
    """Whether a job may be about the object of these names: one matches, or it doesn't say yet."""
    target = target_of(row)
    return not target or bool(target & names)


def described(row: Body) -> str:
    """A job in words."""
    properties = _properties(row)
    what = properties.get("friendlyName") or properties.get("scenarioName") or "a new job"
    on = properties.get("targetObjectName")
    about = f" on {one_line(str(on), 100)}" if on else ""
    return f"{one_line(str(what), 100)}{about} ({state(row) or 'state unknown'}, job {row['name']})"


def state(row: Body) -> str:
    """Azure's word for where a job stands."""
    return str(_properties(row).get("state") or "")


def belongs_to(row: Body, request_id: str) -> bool:
    """Whether a job is what the write with that client request id became.

    ARM: activityId reads "<client request id> ActivityId: <correlation id>" (Azure PowerShell
    recordings, 2021 and 2022).
    """
    activity = str(_properties(row).get("activityId") or "")
    return activity.lower().split(" ")[0] == request_id.lower()


def errors_of(row: Body) -> str:
    """What a failed job says went wrong: code, message, causes, recommendation."""
    texts = []
    for each in _properties(row).get("errors") or ():
        service = error_value(each.get("serviceErrorDetails"))
        provider = each.get("providerErrorDetails") or {}
        parts = [f"{service.code}: {service.message}" if service.code else service.message]
        parts += [f"Possible causes: {service.causes}"] if service.causes else []
        parts += [f"Recommended: {service.advice}"] if service.advice else []
        if provider.get("errorMessage"):
            shown = one_line(str(provider["errorMessage"]))
            parts.append(f"Provider {provider.get('errorCode')}: {shown}")
        texts.append(" ".join(part for part in parts if part))
    return " ".join(texts)


def started(row: Body) -> datetime | None:
    """When a job began; None while it doesn't say (it is new) or for year 1."""
    return moment_of(_properties(row).get("startTime"))


def _slim(row: Body) -> Body:
    """What is kept of a job: a run of thousands remembers thousands."""
    properties = _properties(row)
    kept = {name: properties[name] for name in _KEPT if properties.get(name) is not None}
    return {"name": row.get("name"), "properties": kept}


def _properties(row: Body) -> Body:
    value = row.get("properties")
    return value if isinstance(value, Mapping) else {}
