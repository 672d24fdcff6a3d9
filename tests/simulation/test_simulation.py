"""A small fixed slice of what ``scripts/prove`` runs, and the proofs of the proving itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from asr_netmap.applying.outcome import Status
from asr_netmap.clock import SystemClock
from asr_netmap.gateway.changing import AzureGateway
from asr_netmap.gateway.guard import check_scope
from asr_netmap.sandbox import Options
from tests.simulation import lifecycle
from tests.simulation.azure import Azure, make_azure
from tests.simulation.crash_points import TEARS, WRITES, boundaries, tear, writes
from tests.simulation.estates import fixed_setup
from tests.simulation.faults import AT, KINDS, Always, Asked, Scripted
from tests.simulation.kills import kill_at
from tests.simulation.oracle import accepted, judge_all, judge_run
from tests.simulation.program import Ended, start
from tests.simulation.retries import LASTING, table, words_for_ever
from tests.simulation.seeds import simulate
from tests.simulation.stage import Died, Stage, Stuck
from tests.simulation.two_runs import run_both

APPLY = ("apply", "--yes", "--format", "json", "--max-failures", "1000")

# Each showed something once, or holds a rare fault; the rest of the seeds is for scripts/prove.
SEEDS = (0, 1, 3, 5, 8, 21, 51, 84, 223, 469)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_keeps_every_promise(seed: int) -> None:
    verdict = simulate(seed)
    assert verdict.violations == [], f"./scripts/prove --seed {seed}"
    assert verdict.converged
    assert verdict.requests > 50


def test_a_seed_does_the_same_again() -> None:
    one, other = simulate(5), simulate(5)
    assert one.trace == other.trace
    assert sum(one.faults.values()) > 0


# By turns at a mapping and at an item; scripts/prove takes every request in every way.
@pytest.mark.parametrize(("kind", "place"), list(zip(TEARS, (0, 5, 5, 5, 0, 5, 0), strict=True)))
def test_a_run_torn_at_a_write_is_finished_by_the_next_one_without_a_second_write(
    kind: str, place: int
) -> None:
    workers = 4 if place else 1
    torn = tear(writes(workers)[place], kind, workers=workers, journal=True)
    assert torn.violations == []
    assert torn.writes == WRITES
    assert torn.killed == kind.startswith("dies")


@pytest.mark.parametrize(("before_the_end", "kind"), [(1, "dies with the answer"), (8, "5xx")])
def test_a_run_torn_at_a_read_is_finished_too(before_the_end: int, kind: str) -> None:
    torn = tear(boundaries(1) - before_the_end, kind)
    assert torn.violations == []
    assert torn.writes == WRITES


def test_processes_that_were_killed_for_real_are_finished_by_the_next_ones() -> None:
    with ThreadPoolExecutor(3) as pool:
        killed = list(pool.map(kill_at, (9, 25, 40), ["with no answer"] * 3))
    assert [each for each in killed if not each.sound] == []


def test_no_call_sends_more_than_its_share() -> None:
    measured = table()
    assert {each.fault for each in measured} == {*LASTING, "nothing"}
    assert [each for each in measured if not each.sound] == []


def test_an_operation_with_a_word_nobody_knows_ends_unknown() -> None:
    _, outcomes = words_for_ever()
    assert outcomes
    assert {word for word, _ in outcomes} == {"unknown operation-timeout"}


def test_the_tool_keeps_its_promises_over_weeks() -> None:
    before = lifecycle.EXAMPLES["steps"]
    assert lifecycle.explore(3, steps=8) == ""
    assert lifecycle.EXAMPLES["steps"] > before


def another_admin_comes_between(fault: str, number_of: Callable[[Asked], bool]) -> Ended:
    """A run in which somebody else writes right before our write of that kind."""
    azure = make_azure(
        fixed_setup().estate, Options(operation_seconds=3.0, conflicts=False), Random(1)
    )
    ended = start(
        azure, APPLY, fixed_setup().config, Random(1), plan=_Once(fault, number_of), workers=2
    )
    assert azure.injected[fault] == 1
    assert [str(each) for each in (*judge_run(azure, ended), *judge_all(azure, [ended]))] == []
    return ended


class _Once:
    """A fault at the first request that fits."""

    def __init__(self, fault: str, fits: Callable[[Asked], bool]) -> None:
        self._fault, self._fits, self._done = fault, fits, False

    def choose(self, number: int, asked: Asked) -> str | None:
        if self._done or not self._fits(asked):
            return None
        self._done = True
        return self._fault


@pytest.mark.parametrize("fault", [kind for kind in KINDS if "admin" in kind])
def test_a_write_that_undid_somebody_elses_finished_change_says_so(fault: str) -> None:
    """It shows in no reading: between our reading and our write it came, and ours took it back."""
    ended = another_admin_comes_between(fault, lambda asked: asked.kind in AT[fault])
    outcomes = [o for _, result in ended.applied for o in result.outcomes]
    (told,) = [o for o in outcomes if "overlap" in o.message]
    assert (told.status, told.code) == (Status.APPLIED, "overlap")
    assert "job" in told.message


OVERLAPPING = (4, 8, 9)


@pytest.mark.parametrize("seed", OVERLAPPING)
def test_of_two_runs_at_once_at_least_one_says_where_they_crossed(seed: int) -> None:
    both = run_both(seed)
    assert both.overlaps
    assert (both.silent, both.errors) == ([], [])


def test_two_runs_that_cross_in_silence_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AzureGateway, "other_work", lambda *_: None)
    assert any(run_both(seed).silent for seed in OVERLAPPING)


# The oracle and the stage can fail.


def applied_run(plan: object = None, **options: object) -> tuple[Azure, Ended]:
    azure = make_azure(
        fixed_setup(2).estate, Options(operation_seconds=3.0, conflicts=False), Random(1)
    )
    return azure, start(azure, APPLY, fixed_setup(2).config, Random(1), plan=plan)  # type: ignore[arg-type]  # -- any fault plan


def promises(azure: Azure, ended: Ended) -> set[str]:
    return {each.promise for each in (*judge_run(azure, ended), *judge_all(azure, [ended]))}


def test_the_oracle_sees_a_false_applied() -> None:
    azure, ended = applied_run()
    assert promises(azure, ended) == set()
    rows = azure.estate.to_document()["resources"]
    item = next(row for row in rows if row["id"].endswith("/replicationProtectedItems/vm1"))
    nic = item["properties"]["providerSpecificDetails"]["vmNics"][0]
    nic["ipConfigs"][0]["recoveryStaticIPAddress"] = "10.0.2.99"
    assert promises(azure, ended) == {"outcomes tell the truth"}


def test_the_oracle_sees_a_duplicate_and_an_overlap() -> None:
    azure, ended = applied_run()
    write = next(s for s in azure.sent if s.accepted)
    azure.sent.append(write)
    assert promises(azure, ended) == {"no duplicate write", "one write at a time"}


def test_the_oracle_sees_a_wrong_exit_code_and_a_wrong_document() -> None:
    azure, ended = applied_run()
    ended.code = 5
    assert promises(azure, ended) == {"exit code"}
    ended.code = 0
    document = json.loads(ended.out)
    document["outcomes"][0]["status"] = "pending"
    ended.out = json.dumps(document)
    assert promises(azure, ended) == {"JSON says the outcomes"}


def test_the_oracle_sees_a_write_beside_the_vault() -> None:
    azure, ended = applied_run()
    patch = next(s for s in azure.sent if s.asked.method == "PATCH")
    path = patch.asked.path.replace("vault-dr", "vault-other")
    patch.asked = Asked("PATCH", path, patch.asked.kind, patch.asked.request)
    assert "only allowed writes" in promises(azure, ended)
    check_scope("PATCH", f"https://management.azure.com{path}")  # what the guard alone lets pass


@pytest.mark.parametrize(
    ("old", "new", "promises_broken"),
    [
        ("vault-dr", "vault-other", {"only what is read"}),
        ("11111111-2222", "99999999-2222", {"only what is read"}),
        (
            "replicationProtectedItems",
            "replicationRecoveryPlans",
            {"only what is read", "the operator may do it"},
        ),
    ],
)
def test_the_oracle_sees_a_read_of_what_is_not_ours(
    old: str, new: str, promises_broken: set[str]
) -> None:
    azure, ended = applied_run()
    read = next(
        s for s in azure.sent if s.asked.path.endswith("vault-dr/replicationProtectedItems")
    )
    path = read.asked.path.replace(old, new)
    read.asked = Asked("GET", path, read.asked.kind, read.asked.request)
    assert promises(azure, ended) == promises_broken


def test_the_oracle_sees_what_a_killed_run_changed_beside_its_plan() -> None:
    azure, whole = applied_run()
    write = next(sent for sent in accepted(azure) if sent.asked.method == "PATCH")
    azure, ended = applied_run(Scripted(write.number, "dies with no answer"))
    assert ended.code is None
    azure.stage.elapsed += 60
    assert promises(azure, ended) == set()
    (effect,) = [e for e in azure.effects if e.operation.kind == "item-patch"]
    assert effect.after is not None
    details = effect.after["properties"]["providerSpecificDetails"]
    details["vmNics"][0]["recoveryNicName"] = "nobody-planned-this"
    assert promises(azure, ended) == {"nothing unowned changes"}
    assert whole.code == 0


def test_a_needless_unknown_is_seen() -> None:
    azure, ended = applied_run(Always("status of an unknown word", ("status", "jobs")))
    assert ended.code == 6
    assert promises(azure, ended) == set()
    azure.veiled.clear()
    for sent in azure.sent:
        sent.fault = None
    assert promises(azure, ended) == {"outcomes tell the truth"}


def test_the_sandbox_is_harsh_enough_to_tell_a_careless_client_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the idle check, the run after a kill writes again what is still being written."""
    azure, _ = applied_run()
    first_write = next(sent.number for sent in azure.sent if sent.accepted)
    assert tear(first_write, "dies with no answer").violations == []
    monkeypatch.setattr(AzureGateway, "running_job", lambda *_: None)
    torn = tear(first_write, "dies with no answer")
    assert "no duplicate write" in {each.promise for each in torn.violations}
    assert torn.writes > 10


def test_a_lost_update_that_nobody_tells_of_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AzureGateway, "other_work", lambda *_: None)
    with pytest.raises(AssertionError, match="nothing unowned changes"):
        another_admin_comes_between(
            "another admin, an unowned field", lambda asked: asked.kind == "item-write"
        )


def test_a_killed_program_sends_nothing_more() -> None:
    azure, ended = applied_run(Scripted(30, "dies with no answer"))
    assert ended.code is None
    assert azure.requests_of_process == 30


def test_threads_that_wait_for_nothing_are_noticed() -> None:
    stage = Stage(Random(0))
    with pytest.raises(Stuck):
        stage.wait(lambda: False)


def test_time_passes_only_when_everybody_waits() -> None:
    stage, order = Stage(Random(0)), []
    with stage.played() as clock:
        assert isinstance(clock, SystemClock)
        for seconds in (3.0, 1.0, 2.0):

            def work(seconds: float = seconds) -> None:
                clock.sleep(seconds)
                order.append((seconds, clock.monotonic()))

            stage.start(work)
        clock.sleep(10)
    assert order == [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]
    with pytest.raises(Died):
        stage.give_way()
