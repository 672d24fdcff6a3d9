"""Jobs in this process, over a sandbox whose time is virtual."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from random import Random
from typing import Any

from asr_netmap.cli.options import Access
from asr_netmap.clock import VirtualClock
from asr_netmap.errors import NotFound
from asr_netmap.gateway.connection import Connection, connect_sandbox
from asr_netmap.runbook.job import Surroundings, run
from asr_netmap.sandbox import Estate
from asr_netmap.sandbox.http import Request, Response
from asr_netmap.sandbox.options import Options
from asr_netmap.sandbox.session import MemorySandbox

NETMAP = """\
version: 1
vault:
  subscription: 11111111-2222-3333-4444-555555555555
  resource_group: rg-vault
  name: vault-dr
source_region: eastasia
target_region: southeastasia
"""
SATURDAY_NIGHT = datetime(2026, 1, 3, 23, 0, tzinfo=timezone.utc)
WRITES = {"PUT", "PATCH", "DELETE", "POST"}


@dataclass(frozen=True)
class Ran:
    """A job that ended."""

    code: int
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def last(self) -> Any:
        """The machine-readable line."""
        return json.loads(self.lines[-1])

    @property
    def changes(self) -> dict[str, int]:
        """How many changes ended how; nothing where none did."""
        return {name: count for name, count in self.last["changes"].items() if count}

    def starting(self, prefix: str) -> list[str]:
        return [line for line in self.lines if line.startswith(prefix)]


@dataclass
class Service:
    """A sandbox with jobs on it.

    before -- called with the number of each request, from 1, before it is answered; after -- then.
    accepted -- method and path of every write that was taken.
    """

    estate: Estate
    options: Options = field(default_factory=Options)
    start: datetime = SATURDAY_NIGHT
    variables: dict[str, str] = field(default_factory=lambda: {"netmap": NETMAP})
    environment: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[int], None] = lambda number: None
    after: Callable[[int], None] = lambda number: None
    accepted: list[tuple[str, str]] = field(default_factory=list)
    requests: int = 0

    def __post_init__(self) -> None:
        self.sandbox = MemorySandbox(self.estate, self.options)
        self.clock = VirtualClock(self.start)

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        self.requests += 1
        number = self.requests
        self.before(number)
        response = self.sandbox.handle(request, now, rng)
        if request.method in WRITES and response.status < 300:
            path = request.url.partition("?")[0].partition("/subscriptions/")[2]
            self.accepted.append((request.method, path.lower()))
        self.after(number)
        return response

    def variable(self, name: str) -> str:
        if name not in self.variables:
            raise NotFound(f"no variable {name}")
        return self.variables[name]

    def connection(self, access: Access) -> Connection:
        return connect_sandbox(self.handle, clock=self.clock, workers=access.workers)

    def job(self, *argv: str) -> Ran:
        """Run a job on one worker, so that every run is the same."""
        out = io.StringIO()
        around = Surroundings(
            out, self.environment, self.variable, self.clock.monotonic, self.connection
        )
        if len(argv) == 1 and not argv[0].startswith("{"):
            argv = (f"{argv[0]} --workers 1",)
        return Ran(run(argv, around), out.getvalue())
