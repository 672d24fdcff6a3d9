"""The program beside the limit and beside its peers, in one table:

    ./scripts/bench [--quick] [--only ROW] [--json FILE [--add]]

README shows what ``--json tests/bench/figures.json`` kept last (scripts/readme writes it there).

Every ratio is of things measured in this run, one after another and in turn, each in a process of
its own; a figure is the median of its runs. The service is the sandbox on loopback, 50 ms per
answer, 2.8 s per operation, ``Retry-After: 30`` and ARM's limits on, or the same engine in
process on a virtual clock. Exit code 1: a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure, document, figures_of, table
from tests.bench.machine import described, machine
from tests.bench.processes import Starter, starter
from tests.bench.rows_in_process import reading, virtual
from tests.bench.rows_of_memory import memory
from tests.bench.rows_of_starts import discover, help_page
from tests.bench.rows_served import thousands, twenty

Row = Callable[[Starter, bool], Iterator[Figure]]
ROWS: dict[str, Row] = {
    "help": help_page,
    "discover": discover,
    "twenty": twenty,
    "reading": reading,
    "memory": memory,
    "virtual": virtual,
    "thousands": thousands,
}
QUICK = ("help", "discover", "twenty", "virtual")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; 0 if no bar is missed."""
    given = parsed(arguments)
    names = given.only or (QUICK if given.quick else tuple(ROWS))
    found_machine = machine()
    print(described(found_machine), flush=True)
    started = time.monotonic()
    figures: list[Figure] = []
    with starter() as starts:
        for name in names:
            figures += ROWS[name](starts, given.quick)
            print(f"  {name}: measured ({time.monotonic() - started:.0f} s)", file=sys.stderr)
            if given.json:
                _keep(Path(given.json), figures, found_machine, given)
    print(f"\n{table(figures)}", end="")
    return 0 if all(figure.ok for figure in figures) else 1


def _keep(path: Path, figures: list[Figure], found_machine: dict[str, Any], given: Any) -> None:
    """Write the figures so far, after each row: a whole run is long."""
    known: list[Figure] = []
    if given.add and path.exists():
        known = figures_of(json.loads(path.read_text(encoding="utf-8")))
    measured = {figure.row for figure in figures}
    kept = [*(figure for figure in known if figure.row not in measured), *figures]
    kept.sort(key=lambda figure: tuple(ROWS).index(figure.row))
    when = time.strftime("%B %Y")
    found = document(kept, found_machine, quick=given.quick, measured=when)
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def parsed(arguments: Sequence[str] | None) -> Any:
    """The options."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"{', '.join(QUICK)}, and less of it")
    parser.add_argument(
        "--only", action="append", choices=ROWS, metavar="ROW", help=", ".join(ROWS)
    )
    parser.add_argument("--json", metavar="FILE", help="the figures with all runs, for machines")
    parser.add_argument("--add", action="store_true", help="keep FILE's rows that are not measured")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
