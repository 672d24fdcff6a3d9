"""Two runs of the program at once, on the same vault and with different wishes.

Nothing locks one out while the other works, for Site Recovery has no ETags. What must hold is
that wherever one wrote over what the other had written, and could not have known of it, at least
one of them says so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from asr_netmap import api
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.outcome import Outcome, Status
from asr_netmap.gateway.connection import connect_sandbox
from asr_netmap.planning.plan import Plan
from asr_netmap.planning.safety import Consent
from asr_netmap.sandbox import Options, Request, Response
from asr_netmap.settings import parse_settings
from tests.simulation.azure import Azure, Effect, Sent, make_azure
from tests.simulation.estates import fixed_setup
from tests.simulation.faults import NoFaults
from tests.simulation.stage import Stage

MACHINES = 4
_WISHES = ("asr-default", "next-free", "dynamic")


@dataclass
class Run:
    """One of the two; what it planned, and what became of it."""

    wish: str
    plan: Plan | None = None
    outcomes: tuple[Outcome, ...] = ()
    error: BaseException | None = None
    requests: set[str] = field(default_factory=set)

    def told(self, path: str) -> bool:
        """Whether it says of an object that it was not alone there, or did not get its way."""
        assert self.plan is not None
        for outcome in self.outcomes:
            change = self.plan.change(outcome.change_id)
            if change is not None and change.subject.key == path:
                return outcome.status is not Status.APPLIED or outcome.code == "overlap"
        return False


@dataclass
class Both:
    """What came of two runs at once.

    overlaps -- objects that one wrote without knowing of what the other had begun to write there.
    silent -- those of which neither run says so.
    """

    seed: int
    writes: int
    overlaps: list[str]
    silent: list[str]
    errors: list[str]
    outcomes: Counter[str]


def run_both(seed: int) -> Both:
    """Two runs, with the turns of their threads drawn from a seed."""
    rng = Random(seed)
    setup = fixed_setup(MACHINES)
    options = Options(operation_seconds=rng.choice((0.0, 0.5, 3.0)), conflicts=False)
    azure = make_azure(setup.estate, options, rng, rng.choice((0.0, 0.3)))
    stage = Stage(rng)
    azure.begin(stage, NoFaults())
    runs = [Run(wish) for wish in rng.sample(_WISHES, 2)]
    with stage.played() as clock:

        def carry_out(run: Run, workers: int, head_start: float) -> None:
            def handle(request: Request, now: datetime, turns: Random) -> Response:
                run.requests.add(request.header("x-ms-client-request-id") or "")
                return azure.handle(request, now, turns)

            clock.sleep(head_start)
            try:
                with connect_sandbox(handle, clock=clock, rng=rng, workers=workers) as connection:
                    (declared,) = parse_settings(_with_wish(setup.config, run.wish), "x")
                    run.plan = api.plan(connection, declared)
                    consent = Consent(max_changed_percent=100)
                    limits = Limits(workers=workers)
                    run.outcomes = api.apply(
                        connection, run.plan, consent=consent, limits=limits
                    ).outcomes
            except Exception as error:
                run.error = error

        actors = [
            stage.start(_bound(carry_out, run, rng.choice((1, 3)), rng.uniform(0.0, 4.0)))
            for run in runs
        ]
        stage.wait(lambda: not any(map(stage.runs, actors)))
        clock.sleep(60)
        azure.settle()
    return _judged(seed, azure, runs)


def _bound(work: Callable[[Run, int, float], None], *given: Any) -> Callable[[], None]:
    return lambda: work(*given)


def _with_wish(config: str, wish: str) -> str:
    document = json.loads(config)
    document["nics"] = {"address": wish, "existing": "enforce"}
    return json.dumps(document)


def _judged(seed: int, azure: Azure, runs: list[Run]) -> Both:
    overlaps = sorted(set(_overlaps(azure, runs)))
    return Both(
        seed=seed,
        writes=sum(sent.accepted for sent in azure.sent),
        overlaps=overlaps,
        silent=[path for path in overlaps if not any(run.told(path) for run in runs)],
        errors=[repr(run.error) for run in runs if run.error is not None],
        outcomes=Counter(f"{o.status.value} {o.code}".strip() for r in runs for o in r.outcomes),
    )


def _overlaps(azure: Azure, runs: list[Run]) -> Iterator[str]:
    """Objects at which a write was accepted that was made from a reading from before another's."""
    writes = [(place, sent) for place, sent in enumerate(azure.sent) if sent.accepted]
    for place, sent in writes:
        run = _owner(sent, runs)
        path = sent.asked.path.lower()
        read = max(
            (
                p
                for p, s in enumerate(azure.sent[:place])
                if s.asked.path.lower() == path
                and s.asked.method == "GET"
                and _owner(s, runs) is run
            ),
            default=0,
        )
        read_at = azure.sent[read].at
        for other_place, other in writes:
            if (
                other.asked.path.lower() != path
                or _owner(other, runs) is run
                or other_place > place
            ):
                continue
            effect = _effect(azure, other)
            if effect is None or effect.at >= read_at:
                yield path


def _owner(sent: Sent, runs: list[Run]) -> Run:
    return next(run for run in runs if sent.request_id in run.requests)


def _effect(azure: Azure, sent: Sent) -> Effect | None:
    return next((e for e in azure.effects if e.operation.name == sent.operation), None)
