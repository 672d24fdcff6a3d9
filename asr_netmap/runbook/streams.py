"""The streams of a job: lines on standard output, told apart by how they begin.

Azure Automation sorts what a Python runbook prints by the line's first word (``ERROR:``,
``WARNING:``, ``VERBOSE:``, ``DEBUG:``), supports no standard error (Microsoft Learn, create a
Python runbook), keeps 1 MiB of a job's stream, and shows about 200 KB of it in the portal
(Microsoft Learn, runbook execution). So everything here is a flushed line, and the whole stays
below that: the report is cut first, and says by how much.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import threading
from collections.abc import Callable, Iterator
from enum import Enum
from typing import TextIO

from asr_netmap.redaction import redacted
from asr_netmap.report.inert import clean

MOST_BYTES = 200 * 1024
"""What a job says at most."""

FOR_TALK = 24 * 1024
"""What the report leaves free for progress, warnings and errors."""

FOR_THE_END = 4 * 1024
"""What everything leaves free for the last lines."""

_PREFIX = re.compile(r"(error|warning|verbose|debug):", re.IGNORECASE)


_USAGE_ERROR = "Error: "  # how the parser of options begins one


class Kind(Enum):
    """Which stream a line belongs to, as the word that it begins with."""

    OUTPUT = ""
    WARNING = "WARNING: "
    ERROR = "ERROR: "
    VERBOSE = "VERBOSE: "
    DEBUG = "DEBUG: "


class JobStreams:
    """What a job says; safe for threads.

    out -- where it goes; None: nowhere, a job without standard output runs, too.
    most -- bytes that may be said.
    """

    def __init__(self, out: TextIO | None, most: int = MOST_BYTES) -> None:
        self._out = out
        self._left = most
        self._lock = threading.RLock()
        self._cut_lines = self._cut_bytes = 0
        reconfigure = getattr(out, "reconfigure", None)
        if reconfigure is not None:
            with contextlib.suppress(OSError, ValueError):
                # A name that the encoding does not know is shown escaped, whatever the locale.
                reconfigure(errors="backslashreplace")

    def report(self, text: str) -> None:
        """Lines of the report; what does not fit is left out, and `end_report` says so."""
        with self._lock:
            for line in text.splitlines():
                if not self._cut_lines and self._fits(line, FOR_TALK):
                    self._write(_harmless(line))
                else:
                    self._cut_lines += 1
                    self._cut_bytes += _size(line)

    def end_report(self) -> None:
        """Say how much of the report was left out, if any was."""
        with self._lock:
            lines, self._cut_lines = self._cut_lines, 0
            size, self._cut_bytes = self._cut_bytes, 0
            if lines:
                self.line(
                    f"… {lines} more lines ({size} bytes) of the report are left out here: --out "
                    "FILE writes the whole where files are kept, --only picks a part.",
                    Kind.WARNING,
                )

    def line(self, text: str, kind: Kind = Kind.OUTPUT) -> None:
        """One line of talk. Without room for it, it is left out."""
        line = f"{kind.value}{text}" if kind is not Kind.OUTPUT else _harmless(text)
        with self._lock:
            important = kind in (Kind.ERROR, Kind.WARNING)
            if self._fits(line, FOR_THE_END if important else 2 * FOR_THE_END):
                self._write(line)

    def last(self, text: str) -> None:
        """The last line, for machines; always written."""
        with self._lock:
            self._write(text)

    def _fits(self, line: str, left_free: int) -> bool:
        return _size(line) <= self._left - left_free

    def _write(self, line: str) -> None:
        self._left -= _size(line)
        if self._out is None:
            return
        try:
            self._out.write(f"{line}\n")
            self._out.flush()
        except (OSError, ValueError):  # nobody reads any more; that stops no run
            self._out = None


def _size(line: str) -> int:
    return len(line.encode("utf-8", "backslashreplace")) + 1


def _harmless(line: str) -> str:
    """A line of the output that no foreign name turns into one of another stream."""
    return f" {line}" if _PREFIX.match(line) else line


class _Caught(io.TextIOBase):
    """Takes what others print, line by line."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._rest = ""
        self._lock = threading.Lock()

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Pass complete lines on; the rest waits for its end."""
        with self._lock:
            *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._take(line)
        return len(text)

    def close(self) -> None:
        """Pass the last line on, if it never ended."""
        rest, self._rest = self._rest, ""
        if rest:
            self._take(rest)
        super().close()


def line_writer(streams: JobStreams, kind: Kind) -> TextIO:
    """A text stream whose lines go to one of the job's streams, made harmless."""

    def take(line: str) -> None:
        text = clean(redacted(line))
        is_error = text.startswith(_USAGE_ERROR)
        if text.strip():
            streams.line(text.removeprefix(_USAGE_ERROR), Kind.ERROR if is_error else kind)

    return _Caught(take)  # type: ignore[return-value]  # -- it has what writers use of a TextIO


@contextlib.contextmanager
def catching_prints(streams: JobStreams) -> Iterator[None]:
    """Inside, what libraries print or warn goes to the job's streams, too.

    Standard error may be closed, and is None then; Automation does not support it.
    """
    out, err = line_writer(streams, Kind.OUTPUT), line_writer(streams, Kind.WARNING)
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        out.close()
        err.close()
