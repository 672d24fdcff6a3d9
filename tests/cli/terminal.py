"""The program at a pseudo terminal: what it shows is waited for, and keys are pressed.

Nothing depends on how fast anything is: a wait ends when the words are there, or fails.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "asr_netmap")
# For a busy machine; a wait that succeeds takes as long as what is waited for.
PATIENCE_SECONDS = 90
CTRL_C = "\x03"

_DRAWING = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[=>]")


class Screen:
    """A program that runs at a terminal, and all that it has shown so far."""

    def __init__(self, process: subprocess.Popen[bytes], ours: int) -> None:
        self._process = process
        self._ours = ours
        self._shown = b""

    @property
    def raw(self) -> str:
        """All that came, escape sequences included."""
        return self._shown.decode(errors="replace")

    @property
    def text(self) -> str:
        """All that came, as text: lines that were drawn over are still there."""
        return _DRAWING.sub("", self.raw).replace("\r\n", "\n").replace("\r", "\n")

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def wait_for(self, pattern: str, times: int = 1) -> None:
        """Wait until the text has something that matches, that many times."""
        until = time.monotonic() + PATIENCE_SECONDS
        while len(re.findall(pattern, self.text)) < times:
            if not self._read(until):
                raise AssertionError(f"{pattern!r} never came; shown was:\n{self.text}")

    def end(self, within: float = PATIENCE_SECONDS) -> int:
        """Wait until the program ends; its exit code."""
        until = time.monotonic() + within
        while self._read(until):
            pass
        return self._process.wait(PATIENCE_SECONDS)

    def _read(self, until: float) -> bool:
        """Take what comes next; False at the end of it all."""
        left = until - time.monotonic()
        if left <= 0 or not select.select([self._ours], [], [], left)[0]:
            raise AssertionError(f"waited in vain; shown was:\n{self.text[-20_000:]}")
        with contextlib.suppress(OSError):  # Linux: the other side was closed
            if chunk := os.read(self._ours, 65536):
                self._shown += chunk
                return True
        return False


def environment(**variables: str) -> dict[str, str]:
    """What a child process needs to find the package and to know its terminal."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **variables}


@contextlib.contextmanager
def at_a_terminal(
    *arguments: str,
    cwd: Path,
    columns: int = 100,
    program: tuple[str, ...] = PROGRAM,
    **variables: str,
) -> Iterator[Screen]:
    """Run the program at a terminal of its own, where Ctrl-C interrupts it."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [*program, *arguments],
        cwd=cwd,
        env=environment(**variables),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_take_the_terminal,  # noqa: PLW1509 -- it takes no lock
    )
    os.close(theirs)
    try:
        yield Screen(process, ours)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(ours)


def _take_the_terminal() -> None:
    """Make standard input the terminal whose keys send signals."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
