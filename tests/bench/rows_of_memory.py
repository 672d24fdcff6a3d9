"""The most memory that the client holds, as the operating system counts it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.estates import settings
from tests.bench.figures import Figure, one
from tests.bench.processes import Ran, Starter, program

ITEMS, FEW = 5_000, 20
MOST_MEGABYTES, MOST_KILOBYTES_AN_ITEM = 300.0, 20.0
COMMANDS = {
    "plan --out": ("plan", "--out", "plan.json"),
    "plan --format json": ("plan", "--format", "json"),
    "apply": ("apply", "--yes"),
}


def memory(starts: Starter, _quick: bool) -> Iterator[Figure]:
    """5,000 items with 2 NICs each in pages of 100, beside 20 items."""
    for name, command in COMMANDS.items():
        _measured(starts, FEW, command)  # compiles its modules, which takes more than running them
        base, large = (_measured(starts, items, command).memory for items in (FEW, ITEMS))
        per_item = (large - base) / (ITEMS - FEW)
        what = f"{name}, {ITEMS:,} items: most memory"
        yield one("memory", what, "MB", large / 1024, "at most", MOST_MEGABYTES, 1.0)
        what = f"{name}, per item over {base / 1024:.0f} MB"
        yield one("memory", what, "kB", per_item, "at most", MOST_KILOBYTES_AN_ITEM, 1.0)


def _measured(starts: Starter, items: int, command: tuple[str, ...]) -> Ran:
    serving = ("-m", "tests.bench.server", "--items", str(items), "--nics", "2")
    with starts.running(*serving) as url, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "netmap.yaml").write_text(settings(), encoding="utf-8")
        where = ("--config", "netmap.yaml", "--endpoint", url)
        ran = starts.run(*program(*command, *where), cwd=Path(folder), keep_out=False)
        return ran.expect(0)
