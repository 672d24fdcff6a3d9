"""Promise: what only looks sends nothing but GET, whatever Azure answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.test_cli_surface import COMMANDS
from tests.safety.program import READING, WRITING, Watched, watched

# They reach no Azure at all.
LOCAL = {"demo", "roles", "runbook bundle", "sandbox new", "sandbox serve"}

UNREGISTERED: tuple[dict[str, Any], ...] = (
    {"kind": "missing-registration", "namespace": "Microsoft.Network"},
    {"kind": "missing-registration", "namespace": "Microsoft.RecoveryServices"},
    {"kind": "missing-registration"},
)
TROUBLE: tuple[dict[str, Any], ...] = (
    *UNREGISTERED,
    {"kind": "never-used", "vault": "vault-dr"},
    {"kind": "throttled", "times": 3},
    {"kind": "region-down", "region": "southeastasia"},
    {"kind": "forbidden", "path": "*/virtualNetworks"},
)


def name_of(arguments: tuple[str, ...]) -> str:
    return " ".join(arguments[:2]) if arguments[0] in {"nics", "sandbox"} else arguments[0]


def test_every_command_is_known_here_as_reading_writing_or_local() -> None:
    """A new command belongs to one of them, with the promise that comes with it."""
    reading = {name_of(arguments) for arguments in READING.values()}
    writing = {name_of(arguments) for arguments in WRITING.values()}
    assert reading | writing | LOCAL == {" ".join(path) for path in COMMANDS}
    assert not reading & writing


@pytest.mark.parametrize("command", READING)
def test_a_reading_command_sends_only_gets(azure: Watched, run: Run, command: str) -> None:
    azure.only_get = True
    done = run(*READING[command])
    assert done.code in {0, 3}, done.err
    assert azure.methods == {"GET"}
    # How full networks are is asked once of each, and only where the surroundings are read.
    asked = [path.lower() for _, path in azure.seen if path.lower().endswith("/usages")]
    assert len(asked) == len(set(asked))
    assert bool(asked) is command.startswith(("verify", "report"))


@pytest.mark.parametrize("condition", TROUBLE, ids=lambda c: "-".join(map(str, c.values())))
@pytest.mark.parametrize("command", READING)
def test_trouble_makes_no_reading_command_write(
    run: Run,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    condition: dict[str, Any],
) -> None:
    """The SDKs answer an unregistered provider with a POST that registers it."""
    azure = watched([condition])
    azure.only_get = True
    azure.install(monkeypatch)
    done = run(*READING[command])
    assert azure.methods == {"GET"}
    if command == "plan" and condition in UNREGISTERED:
        assert "not registered" in done.err + done.out


def test_the_way_back_and_a_table_are_planned_with_only_gets(azure: Watched, run: Run) -> None:
    assert run("apply", "--config", "netmap.yaml", "--yes", "--journal", "run.jsonl").code == 5
    assert azure.writes
    assert not [path for _, path in azure.seen if path.endswith("/usages")]
    assert run("nics", "export", "--config", "netmap.yaml", "--out", "nics.csv").code == 0
    azure.only_get = True
    azure.seen.clear()
    for more in (("--undo", "run.jsonl"), ("--nics", "nics.csv")):
        assert run("plan", "--config", "netmap.yaml", *more).code == 0
    assert azure.methods == {"GET"}


@pytest.mark.parametrize("command", ["apply", "map", "nics set"])
def test_what_writes_is_caught_by_the_gate(azure: Watched, run: Run, command: str) -> None:
    """The gate of these tests does see writes: it is not for lack of sight that it sees none."""
    azure.only_get = True
    done = run(*WRITING[command])
    assert done.code != 0
    assert azure.writes
    assert azure.sandbox.engine.accepted_count == 0


@pytest.mark.parametrize("command", ["apply", "map", "unmap mapped", "nics set"])
def test_a_writing_command_that_was_not_consented_to_sends_only_gets(
    azure: Watched, run: Run, command: str
) -> None:
    without = [each for each in WRITING[command] if each != "--yes"]
    assert run(*without).code == 2
    assert azure.writes == []
