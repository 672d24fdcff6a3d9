"""A folder of one's own with an estate file, and the program to run in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from asr_netmap.cli import PROGRAM, app
from asr_netmap.sandbox import demo_estate

VAULT_OPTIONS = ("-g", "rg-vault", "--vault-name", "vault-dr")
REGION_OPTIONS = ("--source-region", "eastasia", "--target-region", "southeastasia")

NETMAP = """\
version: 1
vault:
  subscription: 11111111-2222-3333-4444-555555555555
  resource_group: rg-vault
  name: vault-dr
source_region: eastasia
target_region: southeastasia
"""


@dataclass(frozen=True)
class Finished:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON document."""
        return json.loads(self.out)


Run = Callable[..., Finished]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the demo estate and a configuration for it."""
    monkeypatch.chdir(tmp_path)
    demo_estate().save(tmp_path / "estate.json")
    (tmp_path / "netmap.yaml").write_text(NETMAP)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """Runs a command in this process, without a terminal."""

    def run_command(*arguments: str, answer: str = "", **variables: str) -> Finished:
        result = CliRunner().invoke(
            app, list(arguments), input=answer, env=variables, prog_name=PROGRAM
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Finished(result.exit_code, result.stdout, result.stderr)

    return run_command


@pytest.fixture
def here(run: Run) -> Run:
    """Runs a command on the estate file with the configuration."""

    def run_here(*arguments: str, answer: str = "", **variables: str) -> Finished:
        options = ("--sandbox", "estate.json", "--config", "netmap.yaml", "--workers", "2")
        return run(*arguments, *options, answer=answer, **variables)

    return run_here


def resources_of(folder: Path) -> Any:
    """What the estate file holds, without what a mere look may settle."""
    return json.loads((folder / "estate.json").read_text())["resources"]


def change_estate(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the estate file from outside."""
    path = folder / "estate.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def add_condition(folder: Path, condition: dict[str, Any]) -> None:
    """Let the sandbox misbehave."""
    change_estate(folder, lambda document: document.setdefault("conditions", []).append(condition))
