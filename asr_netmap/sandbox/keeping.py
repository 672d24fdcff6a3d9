"""How an estate file is kept: rewritten whole while it is small, appended to once it is large.

A large estate has a journal beside it, `<file>.journal`: a line of JSON with what each request
changed, on disk before the answer goes out. It belongs to exactly one text of the estate file,
whose hash is in its first line; beside any other text it means nothing. When it has grown as large
as the file, and when the sandbox is closed, the file is written anew and the journal goes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from asr_netmap.sandbox.estate import Estate, EstateError, Json

SCHEMA = "asr-netmap/estate-journal/1"
# Up to this size, in bytes, a whole file costs no more than a few milliseconds.
SMALL = 1_000_000

_Mark = tuple[int, int, int] | None


class EstateFile:
    """An estate file and its journal; whoever uses it holds the lock beside it.

    small -- the size in bytes up to which the file is always written whole.
    """

    def __init__(self, path: Path, small: int = SMALL) -> None:
        self.path = path
        self.journal = path.with_name(path.name + ".journal")
        self._small = small
        self._base: _Mark = None
        self._base_hash = ""
        self._journal_mark: _Mark = None
        self._read_to = 0

    def load(self) -> Estate:
        """Read the file and what its journal adds. Raises EstateError."""
        self._base, base = None, self._mark_of_file()
        data = self._bytes()
        estate = Estate.from_text(data, str(self.path))
        self._base_hash = hashlib.sha256(data).hexdigest()
        self._read_to = 0
        self._follow_journal(estate)
        self._base = base
        return estate

    def must_exist(self) -> None:
        """Raise EstateError if the file can't be seen."""
        self._mark_of_file()

    def refreshed(self, estate: Estate | None) -> Estate:
        """The estate as it is on disk: the same one if nobody else wrote, or added to.

        None: what is in memory may not be what is on disk. Raises EstateError.
        """
        if estate is None or self._mark_of_file() != self._base:
            return self.load()
        if _mark(self.journal) != self._journal_mark:
            self._follow_journal(estate)
        return estate

    def save(self, estate: Estate) -> None:
        """Put what changed on disk. Raises OSError; the old state is kept then."""
        if self._base is None or self._base[1] <= self._small:
            self.rewrite(estate)
            return
        self._append(estate)
        if self._journal_mark is not None and self._journal_mark[1] > self._base[1]:
            self.rewrite(estate)

    def rewrite(self, estate: Estate) -> None:
        """Write the whole file, and drop the journal. Raises OSError."""
        data = estate.save(self.path)
        # A journal that a crash leaves behind here names another text: it means nothing.
        self.journal.unlink(missing_ok=True)
        estate.forget_changes()
        self._base, self._base_hash = self._mark_of_file(), hashlib.sha256(data).hexdigest()
        self._journal_mark, self._read_to = None, 0

    @property
    def has_journal(self) -> bool:
        """Whether the file alone does not tell all."""
        return self._journal_mark is not None and self._read_to > 0

    # the journal

    def _append(self, estate: Estate) -> None:
        line = json.dumps(estate.changes(), separators=(",", ":")).encode() + b"\n"
        if self._read_to == 0:
            first = {"schema": SCHEMA, "of": self._base_hash}
            line = json.dumps(first).encode() + b"\n" + line
        handle = open_beside(self.journal)
        try:
            os.ftruncate(handle, self._read_to)  # what a crash cut off goes
            os.lseek(handle, 0, os.SEEK_END)
            try:
                _write_all(handle, line)
                os.fsync(handle)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(handle, self._read_to)
                raise
        finally:
            os.close(handle)
        self._read_to += len(line)
        self._journal_mark = _mark(self.journal)
        estate.forget_changes()

    def _follow_journal(self, estate: Estate) -> None:
        """Take in what the journal says beyond what was read of it."""
        self._journal_mark = _mark(self.journal)
        if self._journal_mark is None:
            return
        with self.journal.open("rb") as stream:
            if self._read_to == 0:
                first = stream.readline()
                if not self._is_ours(first):
                    return
                self._read_to = len(first)
            stream.seek(self._read_to)
            for line in _whole_lines(stream.read()):
                self._take_in(estate, line)
                self._read_to += len(line)
        estate.forget_changes()

    def _is_ours(self, first: bytes) -> bool:
        try:
            header = json.loads(first)
        except ValueError:
            return False
        return bool(header == {"schema": SCHEMA, "of": self._base_hash})

    def _take_in(self, estate: Estate, line: bytes) -> None:
        try:
            changes: Json = json.loads(line)
            estate.apply_changes(changes)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EstateError(
                f"{self.journal}: a line is broken: {error}; without this file the estate is what "
                f"it was when {self.path.name} was last written"
            ) from None

    # the file

    def _bytes(self) -> bytes:
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise EstateError(f"{self.path}: cannot be read: {error}") from None

    def _mark_of_file(self) -> _Mark:
        try:
            found = self.path.stat()
        except OSError as error:
            raise EstateError(f"{self.path}: cannot be read: {error}") from None
        # Every rewrite makes a new file, so that the inode tells even two of one instant apart.
        return found.st_mtime_ns, found.st_size, found.st_ino


def open_beside(path: Path) -> int:
    """A descriptor of a private file that lies beside an estate file, made if need be.

    Never through a link, for somebody else may have put it there. Raises OSError.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)


def _mark(path: Path) -> _Mark:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _whole_lines(data: bytes) -> Iterator[bytes]:
    """The lines that end; a last one that doesn't was cut off by a crash."""
    return (line for line in data.splitlines(keepends=True) if line.endswith(b"\n"))


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
