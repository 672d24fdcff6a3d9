"""Change what decides, in a copy of the project, and print what the tests noticed.

mutmut makes the changes and says which tests see them; `forked` tries them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from tests.mutation.reasons import REASONS
from tests.mutation.survivors import (
    BAR,
    Mutant,
    percent_noticed,
    read_results,
    survivors,
    table,
    unexplained,
)

ROOT = Path(__file__).resolve().parents[2]
# What decides: the rules, the three parts of the planner, the comparison and the scope guard.
MUTATED = (
    "asr_netmap/rules/*.py",
    "asr_netmap/planning/planner.py",
    "asr_netmap/planning/network_planner.py",
    "asr_netmap/planning/nic_planner.py",
    "asr_netmap/applying/comparison.py",
    "asr_netmap/gateway/guard.py",
)
# The tests that look at the decisions themselves, and are quick enough to run thousands of times.
TESTS = (
    "tests/rules",
    "tests/planning",
    "tests/applying/test_applying_comparison.py",
    "tests/applying/test_comparison_words.py",
    "tests/gateway/test_guard.py",
    "tests/safety/test_scope_of_requests.py",
)
_QUICK = ("-p", "no:cacheprovider", "--hypothesis-profile=mutation")
# A traceback takes longer than the test that fails.
_PYTEST = (*_QUICK, "--tb=no", "-p", "tests.mutation.forked")
_BESIDE_THE_CODE = ("tests", "pyproject.toml", "README.md", "CHANGELOG.md")


def settings() -> str:
    """The file that mutmut reads."""
    lists = {
        "source_paths": ("asr_netmap",),
        "only_mutate": MUTATED,
        "pytest_add_cli_args_test_selection": TESTS,
        "pytest_add_cli_args": _QUICK,
        "also_copy": _BESIDE_THE_CODE,
    }
    parts = ("\n    ".join((f"{key}=", *values)) for key, values in lists.items())
    return "\n".join(("[mutmut]", *parts, ""))


def mutate(folder: Path, names: Sequence[str]) -> tuple[Mutant, ...]:
    """Try the mutants of the modules whose name holds one of `names`, or all; what came of each.

    folder -- empty; the project is copied there, and log.txt and tried.txt are written there.
    """
    tracked = _output(ROOT, "git", "ls-files", "asr_netmap", *_BESIDE_THE_CODE)
    for name in tracked.splitlines():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    (folder / "setup.cfg").write_text(settings(), encoding="utf-8")
    with (folder / "log.txt").open("wb") as log:
        # It makes all mutants and finds out which tests see them, and then finds none of that name.
        _run(folder, log, "mutmut", "run", "none-of-them")
        made = _output(folder, sys.executable, "-m", "mutmut", "results", "--all", "1")
        wanted = [
            m.name for m in read_results(made) if not names or any(n in m.name for n in names)
        ]
        (folder / "names.txt").write_text("\n".join(wanted), encoding="utf-8")
        tried = folder / "tried.txt"
        where = ("--mutants=../names.txt", "--seen=mutmut-stats.json", f"--tried=../{tried.name}")
        _run(folder / "mutants", log, "pytest", "-q", *_PYTEST, *where, *TESTS)
    return read_results(tried.read_text(encoding="utf-8"))


def report(mutants: tuple[Mutant, ...]) -> int:
    """Print the figures; 1 if too few were noticed."""
    noticed, unread = percent_noticed(mutants), unexplained(mutants, REASONS)
    print(table(mutants))
    print(f"\nNot noticed:\n{survivors(mutants, REASONS)}")
    print(f"\n{noticed:.1f} % of {len(mutants)} changes were noticed; the bar is {BAR:.0f} %.")
    print(f"Of the others, {unread} have no reason.")
    return 0 if noticed >= BAR else 1


def _run(folder: Path, log: IO[bytes], module: str, *arguments: str) -> None:
    """Its exit code says nothing; what it leaves behind does."""
    command = [sys.executable, "-m", module, *arguments]
    subprocess.run(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, check=False)


def _output(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def main(names: Sequence[str]) -> int:
    """Mutate in a folder that is gone afterwards, and report."""
    with tempfile.TemporaryDirectory(prefix="asr-netmap-mutation-") as name:
        print(f"Working in {name}; mutmut's progress is in its log.txt.", flush=True)
        return report(mutate(Path(name), names))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
