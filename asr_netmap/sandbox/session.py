"""A sandbox to talk to: an engine behind a lock, over memory or over an estate file.

`FileSandbox` keeps the file true: whatever changed the estate is on disk before the answer goes
out (of a large estate in a journal beside it: `keeping`), and what another process wrote is read
before the next request is answered. Both happen under an advisory lock on `<file>.lock`, so
several processes may share one estate.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Protocol

from asr_netmap.sandbox.engine import Engine
from asr_netmap.sandbox.estate import Estate, EstateError
from asr_netmap.sandbox.http import Request, Response
from asr_netmap.sandbox.keeping import SMALL, EstateFile, open_beside
from asr_netmap.sandbox.options import Options

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class Sandbox(Protocol):
    """What a transport or the server needs of a sandbox."""

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        """Answer one request; safe to call from several threads."""
        ...


class MemorySandbox:
    """A sandbox whose estate lives and dies with it."""

    def __init__(
        self, estate: Estate, options: Options | None = None, *, keep: int = 10_000
    ) -> None:
        self.engine = Engine(estate, options, keep=keep)
        self._lock = threading.Lock()

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        """Answer one request; safe to call from several threads."""
        with self._lock:
            return self.engine.handle(request, now, rng)

    def close(self) -> None:
        """Nothing is kept."""


class FileSandbox:
    """A sandbox whose estate is a file, shared with whoever else opens it.

    Raises EstateError when the file is missing or is not an estate, at once and on any later
    request that finds it so. A write that cannot be saved raises OSError and leaves no trace.

    small -- up to this size in bytes the file is written whole; beyond it a journal beside it
        takes what changes, until `close`.
    """

    def __init__(
        self,
        path: str | Path,
        options: Options | None = None,
        *,
        keep: int = 10_000,
        small: int = SMALL,
    ) -> None:
        self.path = Path(path).resolve()
        self._lock = threading.Lock()
        self._file = EstateFile(self.path, small)
        self._file.must_exist()
        with self._file_lock():
            self.engine = Engine(self._file.load(), options, keep=keep)
        self._saved_revision = self.engine.estate.revision
        self._trusted = True

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        """Answer one request; safe to call from several threads and processes."""
        with self._lock, self._file_lock():
            self._refresh()
            try:
                response = self.engine.handle(request, now, rng)
                self._save_if_changed()
            except BaseException:
                # What is in memory may not be what is on disk: read it again next time.
                self._trusted = False
                raise
            return response

    def close(self) -> None:
        """Leave the estate in its one file; raises OSError when it cannot be written."""
        with self._lock, self._file_lock():
            self._refresh()
            if self._file.has_journal:
                self._file.rewrite(self.engine.estate)

    def _file_lock(self) -> contextlib.AbstractContextManager[None]:
        return _file_lock(self.path.with_name(self.path.name + ".lock"))

    def _refresh(self) -> None:
        estate = self._file.refreshed(self.engine.estate if self._trusted else None)
        self.engine.estate, self._trusted = estate, True
        self._saved_revision = estate.revision

    def _save_if_changed(self) -> None:
        estate = self.engine.estate
        if estate.revision != self._saved_revision:
            self._file.save(estate)
            self._saved_revision = estate.revision


@contextlib.contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    try:
        handle = open_beside(path)
    except OSError as error:
        raise EstateError(f"{path}: cannot be locked: {error}") from None
    try:
        _acquire(handle)
        try:
            yield
        finally:
            _release(handle)
    finally:
        os.close(handle)


if sys.platform == "win32":

    def _acquire(handle: int) -> None:
        while True:
            # LK_LOCK gives up after ten seconds; another process may hold the lock for longer.
            with contextlib.suppress(OSError):
                msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
                return

    def _release(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:

    def _acquire(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)

    def _release(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
