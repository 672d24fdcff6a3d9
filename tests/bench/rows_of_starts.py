"""How long the program takes to start: ``--help`` and ``discover`` on the demo estate."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.processes import Starter, program

RUNS, QUICK_RUNS = 21, 9
_IMPORTS = "from importlib import import_module\n\nfor name in (\n{}):\n    import_module(name)\n"
DEMO = (
    *("--sandbox", "demo", "-g", "rg-vault", "--vault-name", "vault-dr"),
    *("--source-region", "eastasia", "--target-region", "southeastasia"),
)


def help_page(starts: Starter, quick: bool) -> Iterator[Figure]:
    """``--help`` beside the same Typer app with empty commands."""
    with tempfile.TemporaryDirectory() as folder:
        starts.run("-m", "tests.bench.starting", "empty", f"{folder}/emptyapp.py").expect(0)
        empty, ours = ("-m", "emptyapp", "--help"), program("--help")
        shown = [starts.run(*each, cwd=Path(folder)).expect(0).out for each in (empty, ours)]
        if _commands(shown[0]) != _commands(shown[1]):
            raise SystemExit("the app with empty commands lists other commands")
        runs, others = _in_turn(starts, ours, empty, quick, Path(folder))
    yield Figure("help", "--help, wall time", "s", runs, "the same Typer app, empty", others, 1.2)
    loaded = _loaded(starts, "--help")
    azure = sum(1 for name in loaded if name.partition(".")[0] == "azure")
    yield Figure(
        "help", "azure modules that --help loads", "", (float(azure),), "none", (1.0,), 0.0
    )


def discover(starts: Starter, quick: bool) -> Iterator[Figure]:
    """``discover`` beside an interpreter that loads the same third-party modules."""
    command = ("discover", *DEMO)
    with tempfile.TemporaryDirectory() as folder:
        names = "".join(f"    {name!r},\n" for name in _loaded(starts, *command))
        Path(folder, "sameimports.py").write_text(_IMPORTS.format(names), encoding="utf-8")
        ours, imports = program(*command), ("-m", "sameimports")
        runs, others = _in_turn(starts, ours, imports, quick, Path(folder))
    yield Figure(
        "discover",
        "discover, demo estate, wall time",
        "s",
        runs,
        "importing the same third-party modules",
        others,
        1.3,
    )


def _commands(page: str) -> list[str]:
    """The names below ``Commands:``; the pages may differ in their form."""
    return [line.split()[0] for line in page.partition("Commands:")[2].splitlines() if line.strip()]


def _loaded(starts: Starter, *command: str) -> list[str]:
    ran = starts.run("-m", "tests.bench.starting", "modules", *command).expect(0)
    names: list[str] = json.loads(ran.out)
    return names


def _in_turn(
    starts: Starter, ours: Sequence[str], other: Sequence[str], quick: bool, folder: Path
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Wall times of both, taken in turn; one of each before, so that all is compiled."""
    times: list[tuple[float, float]] = []
    for _ in range(1 + (QUICK_RUNS if quick else RUNS)):
        one = starts.run(*ours, cwd=folder).expect(0).wall
        times.append((one, starts.run(*other, cwd=folder).expect(0).wall))
    mine, others = zip(*times[1:], strict=True)
    return mine, others
