"""A recording of a whole run on the demo estate, made once; and what every replay promises."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from asr_netmap import api
from asr_netmap.clock import VirtualClock
from asr_netmap.gateway.connection import Connection
from asr_netmap.settings import Settings
from asr_netmap.testing import record

SETTINGS = api.settings_for_vault(
    "11111111-2222-3333-4444-555555555555/rg-vault/vault-dr", "eastasia", "southeastasia"
)


def demo() -> Connection:
    """The demo estate, at the same time in every run."""
    return api.open_sandbox("demo", clock=VirtualClock(), workers=1)


def whole_run(azure: Connection, settings: Settings = SETTINGS) -> list[str]:
    """Plan, apply, verify; what came of it, in words."""
    proposal = api.plan(azure, settings)
    result = api.apply(azure, proposal)
    left = api.verify(azure, settings)
    told = [f"{o.change_id} {o.status.value} {o.seconds:.3f}" for o in result.outcomes]
    return told + [f"{f.code} {f.title}" for f in left.findings]


@pytest.fixture(autouse=True)
def no_poller_is_left() -> Iterator[None]:
    """The SDKs' own polling would go on asking after the cassette is closed."""
    yield
    assert [t.name for t in threading.enumerate() if t.name.startswith("LROPoller")] == []


@pytest.fixture(scope="session")
def recorded_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The cassette of a whole run, and what came of it live."""
    path = tmp_path_factory.mktemp("cassettes") / "run.yaml"
    with record(path, demo) as azure:
        told = whole_run(azure)
    return path, told
