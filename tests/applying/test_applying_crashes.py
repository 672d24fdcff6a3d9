"""Every boundary of a run, torn in every way; then a clean run. Nothing may be written twice."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from asr_netmap.applying.driver import run
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.outcome import Result
from asr_netmap.clock import VirtualClock
from asr_netmap.planning.change import Change
from asr_netmap.rules.readiness import not_ready

from .estate import FORWARD, REVERSE, create_mapping, replicated_item, set_nics
from .fake_azure import Crash, FakeAzure, Fault

VMS = tuple(f"app{number}" for number in range(8))
DEATHS = ("dies before", "dies after")
FAULTS = (
    "lost before it arrives",
    "accepted, then no answer",
    "accepted, then 429",
    "throttled and refused",
)


def scenario() -> tuple[Change, ...]:
    """Both mappings, then eight VMs that depend on them."""
    mappings = (create_mapping(FORWARD), create_mapping(REVERSE))
    ids = tuple(mapping.id for mapping in mappings)
    vms = (set_nics(vm, f"10.1.1.{10 + n}", depends_on=ids) for n, vm in enumerate(VMS))
    return (*mappings, *vms)


SCENARIO = scenario()
ITEMS = {item.id: item for item in map(replicated_item, VMS)}


def service() -> FakeAzure:
    return FakeAzure(VirtualClock(), dict(ITEMS), seconds=4.0)


def apply(azure: FakeAzure, seed: int, workers: int = 1) -> Result:
    """One run; the journal is lost each time, since none is kept."""
    return run(
        SCENARIO,
        azure,
        limits=Limits(workers=workers),
        clock=azure.clock,
        not_ready=not_ready,
        rng=Random(seed),
    )


def boundaries() -> int:
    azure = service()
    assert apply(azure, 0).applied == 10
    return len(azure.calls)


CALLS = boundaries()


def assert_converged_without_duplicates(azure: FakeAzure, result: Result) -> None:
    assert result.applied == 10, [o for o in result.outcomes if o.status.value != "applied"]
    assert Counter(azure.accepted) == Counter(change.id for change in SCENARIO)


@pytest.mark.parametrize("kind", DEATHS)
def test_a_run_that_died_at_any_call_is_finished_by_the_next_one_without_a_second_write(
    kind: str,
) -> None:
    died = 0
    for at in range(1, CALLS + 1):
        azure = service()
        azure.fault = Fault(at, kind)
        with pytest.raises(Crash):
            apply(azure, at)
        died += 1
        azure.dead, azure.fault = False, None
        assert_converged_without_duplicates(azure, apply(azure, at + 1000))
    assert died == CALLS > 60


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_at_any_call_is_survived_without_a_second_write(kind: str) -> None:
    """Where the run itself gave up (a read that failed), the next one finishes."""
    for at in range(1, CALLS + 1):
        azure = service()
        azure.fault = Fault(at, kind)
        first = apply(azure, at)
        name = azure.calls[at - 1][0]
        if name in {"send", "ask"} or "429" in kind:
            assert_converged_without_duplicates(azure, first)
        assert first.unknown == 0
        last = first if first.applied == 10 else apply(azure, at + 1000)
        assert_converged_without_duplicates(azure, last)


@pytest.mark.parametrize("kind", [*DEATHS, *FAULTS])
def test_the_same_holds_with_threads(kind: str) -> None:
    for at in range(3, CALLS, 11):
        azure = service()
        azure.fault = Fault(at, kind)
        with contextlib.suppress(Crash):
            apply(azure, at, workers=4)
        # The same service for another process. What died stays dead: its threads may live on for
        # a moment here, and must not send what no dead process could.
        azure = replace(azure, dead=False, fault=None)
        assert_converged_without_duplicates(azure, apply(azure, at + 1000, workers=4))


def test_the_fake_is_harsh_enough_to_tell_a_careless_client_apart() -> None:
    """Without the idle check, the run after a crash writes again what is still being written."""
    azure = service()
    azure.fault = Fault(4, "dies after")
    with pytest.raises(Crash):
        apply(azure, 1)
    assert len(azure.accepted) == 1
    azure.dead, azure.fault = False, None
    azure.running_job = lambda *_: None  # type: ignore[method-assign]  # -- the idle check is switched off
    apply(azure, 2)
    assert len(azure.accepted) == 11
