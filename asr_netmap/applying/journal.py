"""The journal: what a run meant to write, what Azure accepted, and how it ended.

JSON Lines, one fact a line, each on disk before the run goes on. It is evidence for people and
for support cases; no later run needs it, since Azure itself is asked. It holds names, ids and the
settings before and after; never a token and never a signed polling URL.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from asr_netmap.applying.outcome import Outcome, Result
from asr_netmap.errors import FileError
from asr_netmap.planning.change import Change, State

SCHEMA = "asr-netmap/journal/1"

StateToJson = Callable[[State | None], Any]
"""Turns a change's before or after into what `json.dumps` takes."""


class Journal(Protocol):
    """Where a run writes down what it does. Every method may raise FileError."""

    def intent(self, change: Change, request_id: str) -> None:
        """A write is about to be sent; returns when that is on disk."""
        ...

    def accepted(self, change_id: str, request_id: str, job: str) -> None:
        """Azure accepted the write and works on it under that job name, or `""`: it is done."""
        ...

    def outcome(self, outcome: Outcome) -> None:
        """A change ended."""
        ...

    def end(self, result: Result) -> None:
        """The run ended."""
        ...


class NullJournal:
    """Keeps nothing: for the sandbox and for tests."""

    def intent(self, change: Change, request_id: str) -> None:
        """Forget it."""

    def accepted(self, change_id: str, request_id: str, job: str) -> None:
        """Forget it."""

    def outcome(self, outcome: Outcome) -> None:
        """Forget it."""

    def end(self, result: Result) -> None:
        """Forget it."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: what run this is.

    run -- an id of this run.
    scope -- what the run is bound to: ``plans``, a list with the cloud, tenant, vault and regions
        of each plan.
    started -- in UTC.
    """

    run: str
    scope: Mapping[str, Any]
    plan_fingerprint: str
    tool_version: str
    started: datetime


class FileJournal:
    """A journal in a file of its own that only its owner can read."""

    def __init__(self, path: Path, descriptor: int, to_json: StateToJson) -> None:
        self.path = path
        self._descriptor = descriptor
        self._to_json = to_json
        self._lock = threading.Lock()

    @staticmethod
    def create(path: Path, header: Header, to_json: StateToJson) -> FileJournal:
        """Make a new journal; its directory is made, too.

        Raises FileError: the file exists, or can't be made.
        """
        # Never through a link, never into a file that is there: somebody else may have put it.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise FileError(
                f"Can't make the journal {path}: {error.strerror or error}.",
                "Choose a new file in a directory that you can write to.",
            ) from error
        journal = FileJournal(path, descriptor, to_json)
        journal._write(
            schema=SCHEMA,
            run=header.run,
            scope=dict(header.scope),
            plan_fingerprint=header.plan_fingerprint,
            tool_version=header.tool_version,
            started=header.started.isoformat(),
        )
        _sync_directory(path.parent)
        return journal

    def intent(self, change: Change, request_id: str) -> None:
        """A write is about to be sent; returns when that is on disk."""
        self._write(
            event="intent",
            change=change.id,
            kind=change.kind.value,
            action=change.action.value,
            subject=str(change.subject),
            request_id=request_id,
            before=self._to_json(change.before),
            after=self._to_json(change.after),
        )

    def accepted(self, change_id: str, request_id: str, job: str) -> None:
        """Azure accepted the write."""
        self._write(event="accepted", change=change_id, request_id=request_id, job=job)

    def outcome(self, outcome: Outcome) -> None:
        """A change ended."""
        self._write(
            event="outcome",
            change=outcome.change_id,
            status=outcome.status.value,
            code=outcome.code,
            message=outcome.message,
            seconds=outcome.seconds,
            request_id=outcome.request_id,
            job=outcome.job,
        )

    def end(self, result: Result) -> None:
        """The run ended."""
        self._write(
            event="end",
            applied=result.applied,
            failed=result.failed,
            pending=result.pending,
            unknown=result.unknown,
            interrupted=result.interrupted,
            seconds=result.seconds,
        )

    def close(self) -> None:
        """Close the file; more than once is fine."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def __enter__(self) -> FileJournal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, **line: Any) -> None:
        # ASCII, and no "##": shown in a CI system's log, no name in it does anything.
        text = json.dumps(line, ensure_ascii=True, separators=(",", ":"))
        data = (text.replace("##", "\\u0023#") + "\n").encode()
        with self._lock:
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
                os.fsync(self._descriptor)
            except OSError as error:
                raise FileError(
                    f"Can't write the journal {self.path}: {error.strerror or error}.",
                    "Free some room or name another journal file, then run again.",
                ) from error


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """What a journal file says.

    header -- its first line.
    events -- all other lines, in order.
    torn -- the last line was cut off, as by a crash while it was written; it is left out.
    """

    header: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]
    torn: bool

    def of(self, event: str) -> Iterator[Mapping[str, Any]]:
        """The lines of one event: ``intent``, ``accepted``, ``outcome`` or ``end``."""
        return (line for line in self.events if line.get("event") == event)

    @property
    def ended(self) -> bool:
        """Whether the run came to its end."""
        return any(True for _ in self.of("end"))

    @property
    def unfinished(self) -> tuple[Mapping[str, Any], ...]:
        """The intents of changes without an outcome: the writes nobody saw the end of."""
        ended = {line.get("change") for line in self.of("outcome")}
        return tuple(line for line in self.of("intent") if line.get("change") not in ended)


def read_journal(path: Path) -> JournalRecord:
    """Read a journal; a torn last line is no error.

    Raises FileError: the file can't be read, is no journal, or is broken before its last line.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise FileError(
            f"Can't read the journal {path}: {error.strerror or error}.",
            "Name a journal that a run of apply has written.",
        ) from error
    complete, rest = lines[:-1], lines[-1]
    header = _object(complete[0]) if complete else None
    if header is None or header.get("schema") != SCHEMA:
        raise FileError(
            f"{path} is no journal: its first line does not say {SCHEMA}.",
            "Name a journal that a run of apply has written.",
        )
    parsed = [_parse(path, number, line) for number, line in enumerate(complete, start=1)]
    return JournalRecord(parsed[0], tuple(parsed[1:]), torn=bool(rest))


def _parse(path: Path, number: int, line: bytes) -> Mapping[str, Any]:
    value = _object(line)
    if value is None:
        raise FileError(
            f"{path}, line {number}: not a line of a journal.",
            "The file was changed after it was written; use another copy.",
        )
    return value


def _object(line: bytes) -> Mapping[str, Any] | None:
    """The JSON object of a line; None: it is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def default_journal_path(
    now: datetime, fingerprint: str, env: Mapping[str, str], run: str = ""
) -> Path:
    """Where a journal goes if nobody says: the user's state directory (XDG base directories).

    now -- in UTC, from the caller's clock.
    run -- makes the name unique where two runs may start at the same moment.
    """
    state = Path(env.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():
        state = Path(env.get("HOME") or Path.home()) / ".local" / "state"
    parts = (f"{now:%Y%m%dT%H%M%S.%fZ}", fingerprint[:12], run[:12])
    return state / "asr-netmap" / ("-".join(part for part in parts if part) + ".jsonl")


def _sync_directory(directory: Path) -> None:
    """Put the new name on disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
