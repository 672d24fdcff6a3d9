"""Starts the real program on a simulated service: the command line, in this process."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from typer.main import get_command

from asr_netmap import api, connecting
from asr_netmap.applying.outcome import Result
from asr_netmap.cli import PROGRAM, app
from asr_netmap.gateway.connection import Connection, connect_sandbox
from asr_netmap.plan_file import SavedPlan
from asr_netmap.planning.plan import Plan
from tests.simulation.azure import Azure
from tests.simulation.faults import FaultPlan, NoFaults
from tests.simulation.stage import Died, Stage


@dataclass
class Ended:
    """A start of the program, ended.

    code -- the exit code; None: it was killed.
    begun -- each plan that was to be carried out. applied -- those with their results.
    """

    process: int
    code: int | None
    out: str = ""
    err: str = ""
    begun: list[Plan] = field(default_factory=list)
    applied: list[tuple[Plan, Result]] = field(default_factory=list)
    crash: BaseException | None = None
    began: float = 0.0

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def start(
    azure: Azure,
    arguments: Sequence[str],
    config: str,
    rng: Random,
    *,
    plan: FaultPlan | None = None,
    workers: int = 1,
    after: float = 1.0,
    journal: Path | None = None,
    with_config: bool = True,
) -> Ended:
    """Run a command to its end, or until it is killed.

    after -- seconds since the last start ended.
    with_config -- a plan file brings its own.
    """
    begin = (azure._stage.elapsed if azure._stage else 0.0) + after
    stage = Stage(rng, begin)
    azure.begin(stage, plan or NoFaults())
    ended = Ended(azure.process, None, began=begin)

    with tempfile.TemporaryDirectory() as folder, stage.played() as clock:

        def connect(_estate: object, *, workers: int, **_more: object) -> Connection:
            return connect_sandbox(azure.handle, clock=clock, rng=rng, workers=workers)

        fresh, saved = api.apply, api.apply_saved

        def spied(connection: Connection, proposal: Plan, **more: Any) -> Result:
            ended.begun.append(proposal)
            result = fresh(connection, proposal, **more)
            ended.applied.append((proposal, result))
            return result

        def spied_saved(
            connection: Connection, file: SavedPlan, **more: Any
        ) -> tuple[api.Applied, ...]:
            ended.begun += file.plans
            done = saved(connection, file, **more)
            ended.applied += [(each.plan, each.result) for each in done]
            return done

        path = Path(folder) / "netmap.yaml"
        path.write_text(config, encoding="utf-8")
        given = [*arguments, "--workers", str(workers), "--sandbox", "demo"]
        given += _settings_of(arguments[0], path) if with_config else []
        given += ["--journal", str(journal)] if journal else []
        spies: dict[str, Any] = {"apply": spied, "apply_saved": spied_saved}
        with (
            patch.object(connecting, "open_sandbox", connect),
            patch.multiple(api, **spies),
        ):
            _run(given, ended)
    return ended


def _run(arguments: list[str], ended: Ended) -> None:
    out, err = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(err), patch("sys.stdin", io.StringIO()):
            _program().main(arguments, prog_name=PROGRAM)
    except Died:
        return
    except SystemExit as error:
        ended.code = int(error.code or 0)
    except Exception as error:
        ended.code, ended.crash = 1, error
    ended.out, ended.err = out.getvalue(), err.getvalue()


@cache
def _program() -> Any:
    """Made once: typer takes its time over it."""
    return get_command(app)


_OPTIONS = ("-g", "rg-vault", "--vault-name", "vault-dr")
_REGIONS = ("--source-region", "eastasia", "--target-region", "southeastasia")


def _settings_of(command: str, path: Path) -> list[str]:
    """`unmap` takes its settings from options, the others from the file."""
    return [*_OPTIONS, *_REGIONS] if command in ("map", "unmap") else ["--config", str(path)]
