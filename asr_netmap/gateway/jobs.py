"""Site Recovery's jobs: what runs on an object, and what became of a write.

ARM: list rows lack activityId, tasks and errors, which only a single GET gives; a new job says
nothing of its target for about a second (Azure PowerShell recording 2022).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.error_body import error_value
from asr_netmap.gateway.foreign_text import one_line
from asr_netmap.gateway.lists import SITE_RECOVERY_API
from asr_netmap.gateway.moments import moment_of

# Rows come newest first; nothing of interest here runs longer.
_LONGEST_RUN = timedelta(hours=24)
# A write whose answer was lost is asked for within minutes; clocks may differ, too.
_LOST_WITHIN = timedelta(hours=1)
_TERMINAL = frozenset(
    {"succeeded", "failed", "canceled", "cancelled"}
    | {"completedwitherrors", "completedwithinformation", "partiallysucceeded"}
)
_CANDIDATES = 50

Body = Mapping[str, Any]


def vault_of(subject: ArmId) -> ArmId:
    """The vault that an object of Site Recovery lies in."""
    return ArmId("/" + "/".join(subject.segments[:8]))


@dataclass(frozen=True, slots=True)
class Listing:
    """The jobs as they were at one time, newest first; a later listing has a higher number."""

    number: int
    rows: tuple[Body, ...]


class JobBoard:
    """The newest jobs of a vault, one listing shared by all workers that wait for it.

    A worker gets a listing that began after it asked, so it sees every job that was there then;
    of many that ask together one lists and the others take its result.
    """

    def __init__(self, connection: Connection, vault: ArmId) -> None:
        self._connection = connection
        self._vault = vault
        self._lock = threading.Lock()
        self._tickets: Iterator[int] = count(1)
        self._last = Listing(0, ())
        self._first_seen: dict[str, int] = {}

    def recent(self) -> Listing:
        """The rows of the last day. Raises AzureErrors."""
        asked = next(self._tickets)
        with self._lock:
            if self._last.number < asked:
                begun = next(self._tickets)
                self._last = Listing(begun, tuple(self._list()))
                for row in self._last.rows:
                    self._first_seen.setdefault(str(row.get("name")), begun)
            return self._last

    def since(self, number: int) -> list[Body]:
        """The rows that no listing up to that number had. Raises AzureErrors.

        Told by their names: clocks differ, and a new job says no time.
        """
        rows = self.recent().rows
        return [row for row in rows if self._first_seen[str(row.get("name"))] > number]

    def job(self, name: str) -> Body:
        """One job with all its fields. Raises AzureErrors."""
        job_id = self._vault.child("replicationJobs", name)
        return self._connection.get(str(job_id), SITE_RECOVERY_API)

    def _list(self) -> Iterator[Body]:
        horizon = self._connection.clock.now() - _LONGEST_RUN
        path = f"{self._vault}/replicationJobs"
        for row in self._connection.rows(path, SITE_RECOVERY_API):
            begun = started(row)
            if begun is not None and begun < horizon:
                return
            yield row

    def candidates(self, names: frozenset[str]) -> Iterator[Body]:
        """The jobs that a write sent just now may have become, the likeliest and newest first.

        names -- of the object that was written.
        """
        since = self._connection.clock.now() - _LOST_WITHIN
        rows = [r for r in self.recent().rows if (started(r) or since) >= since]
        likely = [r for r in rows if works_on(r, names)]
        others = [r for r in rows if not works_on(r, names)]
        for row in (likely + others)[:_CANDIDATES]:
            yield self.job(str(row["name"]))


def running(row: Body) -> bool:
    """Whether a job has not ended; a word that nobody knows counts as running.

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


def _properties(row: Body) -> Body:
    value = row.get("properties")
    return value if isinstance(value, Mapping) else {}
