"""Real processes, killed for real: SIGKILL at a request, then run again until it is done.

The sandbox is served over loopback from this process, by the server that ``sandbox serve`` runs;
it kills the client, which it was told of by the handle of the process, at the request in question.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

from asr_netmap.sandbox import MemorySandbox, Options, Request, Response
from asr_netmap.sandbox.server import running_server
from tests.simulation.estates import Setup, fixed_setup

ROOT = Path(__file__).parents[2]
MACHINES = 3
WRITES = 2 + MACHINES
OPTIONS = Options(operation_seconds=1.0, conflicts=False)
_MOMENTS = ("before it arrives", "with no answer")
_RUNS = 5
_SAID = "stderr.txt"
_LONGEST = 120.0  # seconds for one start; a hang is a failure


@dataclass(frozen=True, slots=True)
class Killed:
    """One kill and what followed.

    killed -- whether the signal ended the process. said -- the end of what the last start said.
    """

    at: int
    moment: str
    killed: bool
    starts: int
    last_code: int
    writes: int
    duplicates: int
    said: str

    @property
    def sound(self) -> bool:
        return (
            self.killed and self.last_code == 0 and self.duplicates == 0 and self.writes == WRITES
        )


class _KillingSandbox:
    """A sandbox that ends its client at a request."""

    def __init__(self, sandbox: MemorySandbox, at: int, moment: str) -> None:
        self._sandbox, self._at, self._moment = sandbox, at, moment
        self._lock = threading.Lock()
        self._count = 0
        self._started = threading.Event()
        self._client: subprocess.Popen[bytes] | None = None

    def watch(self, client: subprocess.Popen[bytes]) -> None:
        self._client = client
        self._started.set()

    @property
    def requests(self) -> int:
        return self._count

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        with self._lock:
            self._count += 1
            due = self._count == self._at
        if due and self._moment == "before it arrives":
            self._kill()
            # What the dead process had already sent on other connections arrives all the same;
            # this one is lost.
            return Response(503, (), b"")
        answer = self._sandbox.handle(request, now, rng)
        if due:
            self._kill()
        return answer

    def _kill(self) -> None:
        self._started.wait(10)
        if self._client is not None:
            self._client.send_signal(signal.SIGKILL)
            self._client.wait(10)


def requests_of_a_run() -> int:
    """How many requests the program sends when nobody kills it."""
    sandbox = _KillingSandbox(MemorySandbox(_setup().estate, OPTIONS), 0, "")
    with tempfile.TemporaryDirectory() as folder, running_server(sandbox) as url:
        assert _start(sandbox, url, Path(folder)) == 0
    return sandbox.requests


def kill_at(at: int, moment: str) -> Killed:
    """Kill the program at a request, then run it again until it is done."""
    memory = MemorySandbox(_setup().estate, OPTIONS)
    killing = _KillingSandbox(memory, at, moment)
    with tempfile.TemporaryDirectory() as folder, running_server(killing) as url:
        first = _start(killing, url, Path(folder))
        code, starts, said = first, 1, ""
        while starts < _RUNS:
            starts += 1
            code = _start(killing, url, Path(folder))
            if code == 0:
                break
            said = (Path(folder) / _SAID).read_text(encoding="utf-8")[-300:]
            time.sleep(OPTIONS.operation_seconds)
    paths = Counter(write.path.lower() for write in memory.engine.accepted_writes)
    return Killed(
        at=at,
        moment=moment,
        killed=first == -signal.SIGKILL,
        starts=starts,
        last_code=code,
        writes=sum(paths.values()),
        duplicates=sum(count - 1 for count in paths.values()),
        said="" if code == 0 else said,
    )


def kill_everywhere(count: int, *, at_once: int = 6) -> list[Killed]:
    """`count` kills, spread over all requests of a run."""
    requests = requests_of_a_run()
    # The last requests may be missing in a run that found less to look at.
    places = [2 + number * (requests - 6) // max(count - 1, 1) for number in range(count)]
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(kill_at, places, [_MOMENTS[n % 2] for n in range(count)]))


def _setup() -> Setup:
    return fixed_setup(MACHINES)


def _start(sandbox: _KillingSandbox, url: str, folder: Path) -> int:
    config = folder / "netmap.yaml"
    config.write_text(_setup().config, encoding="utf-8")
    command = [sys.executable, "-m", "asr_netmap", "apply", "--config", str(config)]
    command += ["--endpoint", url, "--yes", "--quiet", "--format", "json", "--workers", "4"]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "SYSTEMROOT": os.environ.get("SYSTEMROOT", ""),
    }
    with (
        (folder / _SAID).open("wb") as said,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        ) as client,
    ):
        sandbox.watch(client)
        try:
            return client.wait(_LONGEST)
        except subprocess.TimeoutExpired:
            client.kill()
            raise
