"""Records the scenarios, on the sandbox in this process or on a real vault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from random import Random

from asr_netmap import __version__
from asr_netmap.cli.connecting import instead_of_azure
from asr_netmap.clock import VirtualClock
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.connection import Connection, Replayed, connect_over
from asr_netmap.gateway.sandbox_transport import SandboxTransport
from asr_netmap.gateway.tapping import TappedTransport
from asr_netmap.gateway.tokens import SandboxCredential
from asr_netmap.sandbox import MemorySandbox
from asr_netmap.testing import CliResult, run_cli
from asr_netmap.testing.cassette import Cassette, Recorded, dumps
from asr_netmap.testing.recording import Recorder, versions
from asr_netmap.testing.scrubbing import Scrubber
from tests.cassettes.scenarios import Scenario

FOLDER = Path(__file__).resolve().parent.parent.parent / "cassettes"
# All committed cassettes are from the same moment of the sandbox's clock.
MOMENT = datetime(2026, 3, 3, 12, 0, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Recording:
    """A cassette, and what its command left behind while it was recorded."""

    cassette: Cassette
    result: CliResult


def path_of(scenario: Scenario) -> Path:
    """Where a scenario's cassette lies."""
    return FOLDER / f"{scenario.name}.yaml"


def recorded(scenario: Scenario, folder: Path) -> Recording:
    """Run a scenario in `folder`, on a sandbox with a clock of its own, and keep the exchanges."""
    clock = VirtualClock(MOMENT)
    rng = Random(0)
    name = path_of(scenario).name
    about = Recorded(
        "sandbox", scenario.cloud.value, MOMENT, f"asr-netmap {__version__}", versions()
    )
    sandbox = SandboxTransport(
        MemorySandbox(scenario.estate(), scenario.options).handle, clock, rng
    )
    recorder = Recorder(Scrubber(scenario.cloud.host), clock)

    def connect(cloud: Cloud) -> Connection:
        return connect_over(
            TappedTransport(sandbox, recorder.take),
            cloud,
            clock=clock,
            rng=Random(0),
            token_source=SandboxCredential(sandbox, cloud.endpoint, clock.now),
            cassette=Replayed(name, MOMENT, "sandbox"),
        )

    with working_in(scenario, folder), instead_of_azure(connect):
        result = run_cli(scenario.command)
    return Recording(Cassette(recorder.interactions(), about, name), result)


@contextmanager
def working_in(scenario: Scenario, folder: Path) -> Iterator[None]:
    """The current folder with the scenario's files, and a state folder of its own."""
    for name, text in scenario.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    before, state = Path.cwd(), os.environ.get("XDG_STATE_HOME")
    os.chdir(folder)
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    try:
        yield
    finally:
        os.chdir(before)
        if state is None:
            del os.environ["XDG_STATE_HOME"]
        else:
            os.environ["XDG_STATE_HOME"] = state


def same(one: Cassette, other: Cassette) -> bool:
    """Whether two cassettes hold the same; the versions that recorded them may differ."""
    one, other = _plain(one), _plain(other)
    return repr(one) == repr(other) or dumps(one) == dumps(other)


def _plain(cassette: Cassette) -> Cassette:
    """Without the versions."""
    about = cassette.recorded
    plain = replace(about, tool="", packages={}) if about is not None else None
    return replace(cassette, recorded=plain)
