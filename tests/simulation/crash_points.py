"""Every request boundary of a fixed run, torn in every way; then the next run finishes.

Two mappings and eight VMs, on the harshest sandbox: nothing is refused for being busy, operations
take long, a new job does not say what it works on, and the next run starts at once.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from asr_netmap.applying.journal import read_journal
from asr_netmap.applying.outcome import Status
from asr_netmap.sandbox import Options
from tests.simulation.azure import Azure, make_azure
from tests.simulation.estates import fixed_setup
from tests.simulation.faults import AFTER_ACCEPTANCE, DEATHS, Scripted
from tests.simulation.oracle import Violation, accepted, judge_all, judge_run
from tests.simulation.program import Ended, start

TEARS = (*DEATHS, "lost on the way", *AFTER_ACCEPTANCE)
HARSH = Options(operation_seconds=4.0, conflicts=False)
WRITES = 10
_COMMAND = ("apply", "--yes", "--format", "json", "--max-failures", "1000")
_RESTARTS = 3


@dataclass
class Torn:
    """What became of a run that was torn at one request, and of the runs after it."""

    at: int
    tear: str
    workers: int
    journal: bool
    killed: bool
    starts: int
    writes: int
    violations: list[Violation] = field(default_factory=list)

    @property
    def converged(self) -> bool:
        return not self.violations and self.writes == WRITES


def boundaries(workers: int) -> int:
    """The number of requests of the run when nothing goes wrong."""
    return _undisturbed(workers).requests_of_process


def writes(workers: int) -> list[int]:
    """Which of those requests are writes."""
    return [sent.number for sent in accepted(_undisturbed(workers))]


@cache
def _undisturbed(workers: int) -> Azure:
    azure = make_azure(fixed_setup().estate, HARSH, Random(workers), 0.05)
    ended = start(azure, _COMMAND, fixed_setup().config, Random(workers), workers=workers)
    assert ended.code == 0, ended.err
    assert sum(1 for _ in accepted(azure)) == WRITES
    return azure


def tear(at: int, kind: str, *, workers: int = 1, journal: bool = False) -> Torn:
    """Tear the run at a request, then run it again until it is done."""
    setup, rng = fixed_setup(), Random(workers)
    azure = make_azure(setup.estate, HARSH, rng, 0.05)
    runs: list[Ended] = []
    violations: list[Violation] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1 + _RESTARTS):
            path = Path(folder) / f"journal-{number}.jsonl" if journal else None
            plan = Scripted(at, kind) if number == 0 else None
            runs.append(
                start(
                    azure,
                    _COMMAND,
                    setup.config,
                    Random(workers) if number == 0 else rng,
                    plan=plan,
                    workers=workers,
                    after=0.0 if number == 1 else 10.0,
                    journal=path,
                )
            )
            violations += judge_run(azure, runs[-1])
            violations += _journal_first(azure, runs[-1], path)
            if number and _done(runs[-1]):
                break
        else:
            violations.append(Violation("it converges", f"not after {_RESTARTS} more runs"))
    violations += judge_all(azure, runs)
    paths = Counter(sent.asked.path.lower() for sent in accepted(azure))
    twice = [path for path, count in paths.items() if count > 1]
    violations += [Violation("no duplicate write", path) for path in twice]
    return Torn(
        at=at,
        tear=kind,
        workers=workers,
        journal=journal,
        killed=runs[0].code is None,
        starts=len(runs),
        writes=sum(paths.values()),
        violations=violations,
    )


def _done(run: Ended) -> bool:
    return run.code == 0 and all(
        o.status is Status.APPLIED for _, result in run.applied for o in result.outcomes
    )


def _journal_first(azure: Azure, run: Ended, path: Path | None) -> Iterator[Violation]:
    """A write that Azure took stands in the journal, whenever the run died."""
    if path is None:
        return
    intents: set[str] = set()
    if path.exists():
        events = read_journal(path).events
        intents = {str(event.get("request_id")) for event in events}
    for sent in accepted(azure):
        if sent.process == run.process and sent.request_id not in intents:
            yield Violation("the journal knows first", str(sent))
