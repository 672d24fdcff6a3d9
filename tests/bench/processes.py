"""Child processes, measured one by one: wall time, CPU time, and the most memory they held.

The program that starts them holds little itself: on Linux the most memory of a child counts from
its parent's at the moment of the start.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent.parent
_FOREIGN = ("AZURE_", "ASR_NETMAP_", "ARM_", "IDENTITY_", "MSI_", "HTTP_PROXY", "HTTPS_PROXY")
_KILOBYTES = 1024 if sys.platform == "darwin" else 1  # what ru_maxrss counts in


@dataclass(frozen=True, slots=True)
class Ran:
    """A process that ended: seconds of wall and CPU time, the most memory in kB, what it said."""

    code: int
    wall: float
    cpu: float
    memory: int
    out: str
    err: str

    def expect(self, *codes: int) -> Ran:
        """Itself, if it ended with one of these codes; else the end of the measurement."""
        if self.code not in codes:
            raise SystemExit(f"a measured process ended with {self.code}:\n{self.err[-3000:]}")
        return self


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts processes of this interpreter in one environment.

    bytecode -- where compiled modules are kept, so that each process finds them compiled, as an
        installed package is.
    """

    bytecode: Path

    def environment(self) -> dict[str, str]:
        """The caller's variables without those that would change what is measured."""
        kept = {k: v for k, v in os.environ.items() if not k.upper().startswith(_FOREIGN)}
        for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONDEVMODE"):
            kept.pop(name, None)
        return {**kept, "PYTHONPYCACHEPREFIX": str(self.bytecode), "PYTHONPATH": str(ROOT)}

    def run(self, *arguments: str, cwd: Path = ROOT, keep_out: bool = True) -> Ran:
        """Run ``python ARGUMENTS`` to its end.

        keep_out -- False: `out` is left empty, since a long one would stay in this process, and
            the next child's memory would count from there.
        """
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            started = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self.environment(),
                cwd=cwd,
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            texts = [_read(out) if keep_out else "", _read(err)]
        cpu = usage.ru_utime + usage.ru_stime
        return Ran(process.returncode, wall, cpu, usage.ru_maxrss // _KILOBYTES, *texts)

    @contextlib.contextmanager
    def running(self, *arguments: str) -> Iterator[str]:
        """A process that serves; gives the first line of its output."""
        with subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=self.environment(),
            cwd=ROOT,
            text=True,
        ) as process:
            assert process.stdout is not None
            try:
                yield process.stdout.readline().strip()
            finally:
                process.terminate()
                process.wait()


@contextlib.contextmanager
def starter() -> Iterator[Starter]:
    """A starter whose compiled modules are thrown away at the end."""
    with tempfile.TemporaryDirectory(prefix="asr-netmap-bench-") as folder:
        yield Starter(Path(folder))


def _read(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def program(*arguments: str) -> Sequence[str]:
    """The arguments that start the program itself."""
    return ("-m", "asr_netmap", *arguments)
