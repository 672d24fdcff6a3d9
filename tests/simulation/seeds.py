"""One seed: an estate, faults, a run, its restarts, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from asr_netmap.applying.outcome import Status
from asr_netmap.sandbox import Options
from tests.simulation.azure import Azure, make_azure
from tests.simulation.estates import Setup, draw_setup
from tests.simulation.faults import THEMES, Drawn
from tests.simulation.oracle import (
    Violation,
    accepted,
    could_tell,
    judge_all,
    judge_run,
    overwritten,
    told_of,
    uncovered,
    unwanted,
)
from tests.simulation.program import Ended, start

HOUR = 3600.0
_CLEAN_RUNS = 3


@dataclass
class Verdict:
    """What a seed showed.

    lost_updates -- writes that undid what another admin wrote, and were reported.
    untold -- those of which nobody could tell: the start was killed, or the list of jobs lagged.
    trace -- the requests and ends of all starts, for people who look into it.
    """

    seed: int
    violations: list[Violation]
    converged: bool
    starts: int
    requests: int
    writes: int
    faults: Counter[str]
    edits: int
    lost_updates: int
    untold: int
    outcomes: Counter[str]
    exit_codes: Counter[int]
    trace: list[str] = field(repr=False, default_factory=list)


def simulate(seed: int) -> Verdict:
    """Run a seed."""
    rng = Random(seed)
    setup = draw_setup(rng)
    options = Options(
        operation_seconds=rng.choice((0.0, 0.5, 3.0, 3.0, 20.0)),
        conflicts=rng.random() < 0.4,
        page_size=rng.choice((2, 5, 100)),
        signed_urls=rng.random() < 0.5,
    )
    azure = make_azure(setup.estate, options, rng, rng.choice((0.0, 0.05, 1.0)))
    runs, violations = _runs(azure, setup, rng)
    converged, more = _check_end(azure, setup, runs, rng)
    violations += [*more, *judge_all(azure, runs)]
    lost = list(_lost_updates(azure, runs))
    return Verdict(
        seed=seed,
        violations=violations,
        converged=converged,
        starts=len(runs),
        requests=len(azure.sent),
        writes=sum(1 for _ in accepted(azure)),
        faults=azure.injected,
        edits=len(azure.edits),
        lost_updates=sum(lost),
        untold=len(lost) - sum(lost),
        outcomes=Counter(
            f"{o.status.value} {o.code}".strip()
            for run in runs
            for _, result in run.applied
            for o in result.outcomes
        ),
        exit_codes=Counter(run.code if run.code is not None else -9 for run in runs),
        trace=list(_trace(azure, setup, runs)),
    )


def _lost_updates(azure: Azure, runs: list[Ended]) -> Iterator[bool]:
    """For each write of ours that undid what another admin wrote: whether its run said so.

    Those that it could have told of, and did not, are violations.
    """
    starts = {run.process: run for run in runs}
    for effect in azure.effects:
        if effect.process is None or overwritten(azure, effect) is None:
            continue
        ended = starts[effect.process]
        if unwanted(azure, effect, ended) and (
            told_of(ended, effect) or not could_tell(azure, ended, effect)
        ):
            yield told_of(ended, effect)


def _runs(azure: Azure, setup: Setup, rng: Random) -> tuple[list[Ended], list[Violation]]:
    """A start with faults, perhaps another one, then clean ones until it is done."""
    options = ["--yes", "--format", "json", *_consent(setup)]
    runs: list[Ended] = []
    violations: list[Violation] = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        plan = Drawn(
            rng,
            rate=rng.choice((0.02, 0.05, 0.1, 0.2)),
            most=rng.choice((2, 5, 12, 30)),
            kinds=rng.choice(THEMES),
            dies_at=rng.randrange(1, 120) if rng.random() < 0.3 else None,
        )
        given = [*setup.command, *options, *_pace(rng)]
        after = rng.choice((0.0, 1.0, 30.0))
        runs.append(
            start(
                azure,
                given,
                setup.config,
                rng,
                plan=plan,
                workers=rng.choice((1, 2, 4, 8)),
                after=after,
            )
        )
        violations += judge_run(azure, runs[-1])
    after = rng.choice((0.0, 1.0, 30.0, HOUR))
    for _ in range(_CLEAN_RUNS):
        given = [*setup.command, *options, "--max-failures", "1000"]
        runs.append(start(azure, given, setup.config, rng, workers=4, after=after))
        violations += judge_run(azure, runs[-1])
        if _is_done(runs[-1]):
            break
        after = HOUR
    return runs, violations


def _consent(setup: Setup) -> list[str]:
    if setup.command[0] == "unmap":
        return []
    return ["--allow-retarget", "--max-changed-percent", "100"]


def _pace(rng: Random) -> list[str]:
    given: list[str] = []
    if rng.random() < 0.7:
        given += ["--max-failures", "1000"]
    if rng.random() < 0.15:
        given += ["--canary", "2"]
    if rng.random() < 0.15:
        given += ["--deadline", rng.choice(("5s", "20s", "60s"))]
    return given


def _is_done(run: Ended) -> bool:
    """Whether all that it tried is applied; what is not ready can't be tried."""
    busy = any("busy" in each.reason for plan, _ in run.applied for each in plan.pending)
    outcomes = [o for _, result in run.applied for o in result.outcomes]
    return run.code in (0, 5) and not busy and all(o.status is Status.APPLIED for o in outcomes)


def _check_end(
    azure: Azure, setup: Setup, runs: list[Ended], rng: Random
) -> tuple[bool, list[Violation]]:
    """After the last clean start a plan is empty, but for what it says is pending."""
    if not _is_done(runs[-1]):
        last = [
            f"{o.status.value} {o.code} {o.message[:200]}"
            for _, result in runs[-1].applied
            for o in result.outcomes
            if o.status is not Status.APPLIED
        ]
        return False, [Violation("it converges", f"{runs[-1].code} {last} {runs[-1].err[-300:]}")]
    if setup.command[0] == "unmap":
        return True, []
    again, sent = ["plan", "--format", "json", "--detailed-exitcode"], len(azure.sent)
    ended = start(azure, again, setup.config, rng, workers=2)
    lacking = list(uncovered(azure, "reader", sent))
    if lacking:
        return False, lacking
    changes = ended.json["changes"] if ended.code in (0, 3, 5) and ended.out else None
    if changes == []:
        return True, []
    return False, [Violation("a plan after it is empty", f"{ended.code} {changes} {ended.err}")]


def _trace(azure: Azure, setup: Setup, runs: list[Ended]) -> Iterator[str]:
    yield f"networks: {', '.join(f'{net.name} {net.case}' for net in setup.nets)}"
    yield f"command: {' '.join(setup.command)}; options: {azure.sandbox.engine.options}"
    for edit in azure.edits:
        yield f"edit at {edit.at:.2f} s: {edit.path.rsplit('/', 1)[1]} {edit.what}"
    for run in runs:
        yield f"--- start {run.process} at {run.began:.2f} s"
        yield from (str(sent) for sent in azure.sent if sent.process == run.process)
        for plan, result in run.applied:
            for outcome in result.outcomes:
                change = plan.change(outcome.change_id)
                title = change.title if change else outcome.change_id
                yield f"    {title}: {outcome.status.value} {outcome.code} {outcome.message}"
        yield f"--- ended with {'a kill' if run.code is None else run.code}"
        # Progress tells real seconds, and the last line names a temporary file.
        said = [line for line in run.err.splitlines() if line[:1].strip()]
        yield from (line for line in said if not line.startswith("Next:"))
