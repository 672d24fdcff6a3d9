"""The proofs in one table: ``./scripts/prove [--full] [--seed N] [--json FILE]``.

By default 500 fixed seeds, every boundary of the fixed run torn in every way, 60 pairs of runs at
once, 60 real kills, the state machine and the retry table. ``--full`` takes 2,500 fixed seeds and
500 fresh ones, tears the fixed run with one and with four workers, with a journal and without,
takes 500 pairs, and lets the state machine run longer.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.simulation.crash_points import TEARS, Torn, boundaries, tear
from tests.simulation.faults import KINDS
from tests.simulation.kills import Killed, kill_everywhere
from tests.simulation.retries import CALLS, Measured, table, words_for_ever
from tests.simulation.seeds import Verdict, simulate
from tests.simulation.two_runs import Both, run_both

T = TypeVar("T")
R = TypeVar("R")

FIXED, FIXED_FULL, FRESH_FULL = 500, 2500, 500
KILLS = 60
PAIRS, PAIRS_FULL = 60, 500
# Of the state machine, and steps in each.
EXAMPLES, EXAMPLES_FULL = (60, 20), (200, 50)
_FOREIGN = ("AZURE_", "ASR_NETMAP_", "ARM_", "IDENTITY_", "MSI_", "HTTP_PROXY", "HTTPS_PROXY")


def main() -> int:
    """Run what is asked for; 0 if every promise was kept."""
    given = _arguments()
    for variable in [name for name in os.environ if name.upper().startswith(_FOREIGN)]:
        del os.environ[variable]
    if given.seed is not None:
        return _show(simulate(given.seed))
    started = time.monotonic()
    figures = prove(given)
    figures["seconds"] = round(time.monotonic() - started, 1)
    _print(figures)
    if given.json:
        Path(given.json).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 1 if figures["violations"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/prove", description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true", help="many more seeds, and fresh ones")
    parser.add_argument("--seed", type=int, help="one seed with its trace, and nothing else")
    parser.add_argument("--seeds", type=int, help="so many fixed seeds")
    parser.add_argument("--kills", type=int, default=KILLS, help="so many SIGKILLs")
    parser.add_argument("--json", metavar="FILE", help="the figures, for machines")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _show(verdict: Verdict) -> int:
    """One seed, request by request."""
    print("\n".join(verdict.trace))
    print(f"seed {verdict.seed}: converged {verdict.converged}")
    for violation in verdict.violations:
        print(f"VIOLATION {violation}")
    return 1 if verdict.violations else 0


def prove(given: argparse.Namespace) -> dict[str, Any]:
    """All proofs; the figures of the table."""
    figures: dict[str, Any] = {"violations": []}
    with ProcessPoolExecutor(given.processes) as pool:
        _seeds(figures, list(_run_all(pool, simulate, _chosen(given), "seeds")))
        _tears(figures, list(_run_all(pool, _tear, _boundaries(given.full), "crash points")))
        pairs = list(range(PAIRS_FULL if given.full else PAIRS))
        _pairs(figures, list(_run_all(pool, run_both, pairs, "two runs at once")))
        machine = pool.submit(_lifecycle, *(EXAMPLES_FULL if given.full else EXAMPLES))
        _kills(figures, kill_everywhere(given.kills) if given.kills else [])
        _retries(figures)
        _machine(figures, machine.result())
    return figures


def _chosen(given: argparse.Namespace) -> list[int]:
    if given.seeds is not None:
        return list(range(given.seeds))
    if not given.full:
        return list(range(FIXED))
    fresh = [secrets.randbelow(2**48) for _ in range(FRESH_FULL)]
    return [*range(FIXED_FULL), *fresh]


def _run_all(
    pool: ProcessPoolExecutor, work: Callable[[T], R], over: list[T], what: str
) -> Iterator[R]:
    for done, result in enumerate(pool.map(work, over, chunksize=4), 1):
        if sys.stderr.isatty():
            print(f"\r{what}: {done} of {len(over)}", end="", file=sys.stderr)
        yield result
    if sys.stderr.isatty():
        print(file=sys.stderr)


# -- each proof's part of the table ----------------------------------------------------------


def _seeds(figures: dict[str, Any], verdicts: list[Verdict]) -> None:
    faults: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    codes: Counter[int] = Counter()
    for verdict in verdicts:
        faults += verdict.faults
        outcomes += verdict.outcomes
        codes += verdict.exit_codes
        figures["violations"] += [
            f"{each} (./scripts/prove --seed {verdict.seed})" for each in verdict.violations
        ]
    figures["seeds"] = {
        "run": len(verdicts),
        "converged": sum(v.converged for v in verdicts),
        "starts": sum(v.starts for v in verdicts),
        "requests checked for scope": sum(v.requests for v in verdicts),
        "accepted writes": sum(v.writes for v in verdicts),
        "duplicate writes": _count(verdicts, "no duplicate write"),
        "overlapping writes": _count(verdicts, "one write at a time"),
        "edits of other admins": sum(v.edits for v in verdicts),
        "lost updates, reported": sum(v.lost_updates for v in verdicts),
        "lost updates, killed or no witness": sum(v.untold for v in verdicts),
        "lost updates, silent": _count(verdicts, "nothing unowned changes"),
        "false outcomes": _count(verdicts, "outcomes tell the truth"),
        "wrong exit codes": _count(verdicts, "exit code"),
        "faults injected": sum(faults.values()),
    }
    figures["faults by kind"] = dict(faults.most_common())
    figures["faults never injected"] = sorted(set(KINDS) - set(faults))
    if len(verdicts) >= FIXED:  # of a few seeds, many faults are in none
        never = figures["faults never injected"]
        figures["violations"] += [f"no seed had the fault: {fault}" for fault in never]
    figures["outcomes"] = dict(outcomes.most_common())
    figures["exit codes"] = {"killed" if c == -9 else str(c): n for c, n in codes.most_common()}


def _count(verdicts: Iterable[Verdict], promise: str) -> int:
    return sum(each.promise == promise for v in verdicts for each in v.violations)


@dataclass(frozen=True, slots=True)
class _Boundary:
    at: int
    tear: str
    workers: int
    journal: bool


def _boundaries(full: bool) -> list[_Boundary]:
    """All boundaries in all ways; by default journals and four workers take turns with neither."""
    chosen = []
    for workers in (1, 4):
        for at in range(1, boundaries(workers) + 1):
            for number, kind in enumerate(TEARS):
                if full:
                    chosen += [_Boundary(at, kind, workers, j) for j in (False, True)]
                elif (at + number) % 2 == (workers == 1):
                    chosen.append(_Boundary(at, kind, workers, journal=at % 4 < 2))
    return chosen


def _tear(boundary: _Boundary) -> Torn:
    return tear(boundary.at, boundary.tear, workers=boundary.workers, journal=boundary.journal)


def _tears(figures: dict[str, Any], torn: list[Torn]) -> None:
    figures["crash points"] = {
        "boundaries": len({(each.workers, each.at) for each in torn}),
        "kinds": len({each.tear for each in torn}),
        "runs": len(torn),
        "killed": sum(each.killed for each in torn),
        "with a journal": sum(each.journal for each in torn),
        "converged": sum(each.converged for each in torn),
        "duplicate writes": sum(
            violation.promise == "no duplicate write"
            for each in torn
            for violation in each.violations
        ),
    }
    figures["violations"] += [
        f"{violation} (torn at request {each.at}: {each.tear}, {each.workers} workers)"
        for each in torn
        for violation in each.violations
    ]


def _pairs(figures: dict[str, Any], pairs: list[Both]) -> None:
    figures["two runs at once"] = {
        "pairs": len(pairs),
        "accepted writes": sum(each.writes for each in pairs),
        "overlaps, reported": sum(len(each.overlaps) - len(each.silent) for each in pairs),
        "overlaps, silent": sum(len(each.silent) for each in pairs),
    }
    figures["violations"] += [
        f"two runs at once, seed {each.seed}: {what}"
        for each in pairs
        for what in (*each.silent, *each.errors)
    ]


def _kills(figures: dict[str, Any], killed: list[Killed]) -> None:
    figures["SIGKILLs of real processes"] = {
        "kills": sum(each.killed for each in killed),
        "starts": sum(each.starts for each in killed),
        "converged": sum(each.last_code == 0 for each in killed),
        "duplicate writes": sum(each.duplicates for each in killed),
    }
    figures["violations"] += [f"a kill was not survived: {e}" for e in killed if not e.sound]


def _retries(figures: dict[str, Any]) -> None:
    measured = table()
    figures["requests per call"] = [asdict(each) for each in measured]
    figures["violations"] += [f"too many requests: {e}" for e in measured if not e.sound]
    _, outcomes = words_for_ever()
    figures["unknown words"] = [f"{word} after {seconds:.0f} s" for word, seconds in outcomes]
    figures["violations"] += [
        f"an unknown word ended as {word}" for word, _ in outcomes if not word.startswith("unknown")
    ]


def _lifecycle(examples: int, steps: int) -> dict[str, Any]:
    """In a process of its own: Hypothesis prints what it finds."""
    from tests.simulation import lifecycle

    began = time.monotonic()
    found = lifecycle.explore(examples, steps)
    return {
        "examples": lifecycle.EXAMPLES["examples"],
        "steps": lifecycle.EXAMPLES["steps"],
        "rules fired": dict(lifecycle.FIRED.most_common()),
        "rules never fired": lifecycle.never_fired(),
        "seconds": round(time.monotonic() - began, 1),
        "violation": found,
    }


def _machine(figures: dict[str, Any], found: dict[str, Any]) -> None:
    violation = found.pop("violation")
    figures["state machine"] = found
    figures["violations"] += [f"the state machine: {violation}"] if violation else []
    figures["violations"] += [
        f"the state machine: never {rule}" for rule in found["rules never fired"] if not violation
    ]


# -- the table -------------------------------------------------------------------------------


def _print(figures: dict[str, Any]) -> None:
    for title in ("seeds", "crash points", "two runs at once", "SIGKILLs of real processes"):
        _rows(title, figures[title])
    _rows("faults by kind", figures["faults by kind"])
    if figures["faults never injected"]:
        print(f"  never: {', '.join(figures['faults never injected'])}")
    _rows("outcomes of changes", figures["outcomes"])
    _rows("exit codes", figures["exit codes"])
    machine = figures["state machine"]
    _rows("state machine", {key: machine[key] for key in ("examples", "steps", "seconds")})
    _rows("  rules fired", machine["rules fired"])
    _print_retries([Measured(**row) for row in figures["requests per call"]])
    print(f"  operations with words nobody knows: {'; '.join(figures['unknown words'])}")
    print(f"\nviolations: {len(figures['violations'])}, time: {figures['seconds']} s")
    for violation in figures["violations"]:
        print(f"VIOLATION {violation}")


def _rows(title: str, rows: dict[str, Any]) -> None:
    print(f"\n{title}")
    for name, value in rows.items():
        print(f"  {name:34} {value:>9,}" if isinstance(value, int) else f"  {name:34} {value:>9}")


def _print_retries(measured: list[Measured]) -> None:
    """Fault by call: requests sent, and for writes how many of them were accepted."""
    print("\nrequests sent while a fault lasts (for writes: sent/accepted)")
    print("  " + " " * 28 + "".join(f"{call:>15}" for call in CALLS))
    for fault in dict.fromkeys(each.fault for each in measured):
        cells = []
        for call in CALLS:
            each = next((m for m in measured if (m.fault, m.call) == (fault, call)), None)
            text = "" if each is None else str(each.sent)
            if each is not None and call.endswith("write"):
                text += f"/{each.accepted}"
            cells.append(f"{text:>15}")
        print(f"  {fault:28}" + "".join(cells))


if __name__ == "__main__":
    sys.exit(main())
