"""A pytest plugin that tries mutants: tests are collected once, then a child for each mutant.

    python -m pytest -p tests.mutation.forked --mutants STATS --tried FILE NAMES_OF_TESTS...

mutmut makes the mutants and finds out which tests see which function. It would collect the tests
anew for each mutant, which takes far longer than to run them; that is all that is done otherwise
here. The one mutant of a child is switched on by mutmut's own variable.
"""

from __future__ import annotations

import gc
import json
import os
import resource
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

_VARIABLE = "MUTANT_UNDER_TEST"
# Seconds of CPU: what the tests took without a mutant, so many times, and so many more.
_PATIENCE, _AT_LEAST = 10, 10
_LONGEST = 6.0
# What looks at every word that is said comes first: quicker tests see less, and are many.
_FIRST = "tests/planning/test_sayings.py::"
_SURVIVED, _NOTICED = 0, 1


@dataclass(frozen=True, slots=True)
class Seen:
    """Which tests see a function, and how long each took, in seconds."""

    tests: Mapping[str, tuple[str, ...]]
    seconds: Mapping[str, float]

    @staticmethod
    def read(path: Path) -> Seen:
        """What mutmut found. Raises KeyError for a file of another form."""
        found = json.loads(path.read_text(encoding="utf-8"))
        tests = found["tests_by_mangled_function_name"]
        return Seen({name: tuple(of) for name, of in tests.items()}, found["duration_by_test"])

    def by(self, mutant: str, noticed: Mapping[str, int]) -> list[str]:
        """The tests that see what a mutant changes, the likeliest to notice it first.

        noticed -- how many mutants a test has noticed so far; among equals `_FIRST`, then the
            quickest is first.
        Those that would come after `_LONGEST` seconds are left out: a mutant that only they would
        notice counts as one that was not.
        """
        tests = self.tests.get(mutant.rpartition("__mutmut_")[0], ())

        def unlikely(test: str) -> tuple[int, bool, float, str]:
            return -noticed.get(test, 0), not test.startswith(_FIRST), self.seconds[test], test

        ordered = sorted(tests, key=unlikely)
        so_far = accumulate(self.seconds[test] for test in ordered)
        return [test for test, spent in zip(ordered, so_far, strict=True) if spent <= _LONGEST]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where mutmut's findings are, which mutants to try, and where what came of them goes."""
    parser.addoption("--mutants", help="a file with a name of a mutant in each line")
    parser.addoption("--seen", help="mutmut-stats.json")
    parser.addoption("--tried", help="a line is added for each mutant: name and status")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """In place of running the tests once."""
    option = session.config.getoption
    names = Path(option("--mutants")).read_text(encoding="utf-8").split()
    seen = Seen.read(Path(option("--seen")))
    items = {item.nodeid: item for item in session.items}
    # What is set up once for all tests is set up here, and not in each child.
    after: Any = session  # is needed on, and nothing below it
    runtestprotocol(session.items[0], log=False, nextitem=after)
    with Path(option("--tried")).open("a", encoding="utf-8", buffering=1) as tried:
        for name, status in _try_all(names, items, seen):
            tried.write(f"{name}: {status}\n")
    return True


@dataclass(frozen=True, slots=True)
class _Child:
    """A process that tries a mutant. noticed -- where it writes the test that failed."""

    mutant: str
    noticed: int


def _try_all(
    names: Sequence[str], items: Mapping[str, pytest.Item], seen: Seen
) -> Iterator[tuple[str, str]]:
    """As many children at a time as there are cores."""
    gc.collect()
    gc.freeze()  # children share the memory of what was collected
    running: dict[int, _Child] = {}
    noticed: Counter[str] = Counter()
    # Without a mutant all tests pass in a child, or else a failure would say nothing.
    _start(running, "", tuple(items.values()), seen)
    if (control := _ended(running, noticed)) != ("", "survived"):
        pytest.exit(f"Without any mutant: {control}, {noticed}.", returncode=1)
    for name in names:
        tests = [items[test] for test in seen.by(name, noticed) if test in items]
        if not tests:
            yield name, "no tests"
            continue
        if len(running) >= (os.cpu_count() or 1):
            yield _ended(running, noticed)
        _start(running, name, tests, seen)
    while running:
        yield _ended(running, noticed)


def _start(
    running: dict[int, _Child], mutant: str, tests: Sequence[pytest.Item], seen: Seen
) -> None:
    """Run the tests in a child until one fails."""
    reads, writes = os.pipe()
    child = os.fork()
    if child:
        os.close(writes)
        running[child] = _Child(mutant, reads)
        return
    status = _NOTICED  # whatever breaks the child is a change that was noticed
    try:
        seconds = sum(seen.seconds[item.nodeid] for item in tests)
        limit = int(_AT_LEAST + _PATIENCE * seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        os.environ[_VARIABLE] = mutant
        following = [*tests[1:], None]
        failed = (i for i, after in zip(tests, following, strict=True) if _fails(i, after))
        first = next(failed, None)
        if first is None:
            status = _SURVIVED
        else:
            os.write(writes, first.nodeid.encode())
    finally:
        os._exit(status)


def _fails(item: pytest.Item, following: pytest.Item | None) -> bool:
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


def _ended(running: dict[int, _Child], noticed: Counter[str]) -> tuple[str, str]:
    """The mutant of the next child that ends, and what became of it."""
    pid, status = os.wait()
    child = running.pop(pid)
    with open(child.noticed, "rb") as told:  # noqa: PTH123 -- a file descriptor
        if test := told.read().decode():
            noticed[test] += 1
    if os.WIFSIGNALED(status):
        return child.mutant, "timeout"
    return child.mutant, "survived" if os.WEXITSTATUS(status) == _SURVIVED else "killed"
