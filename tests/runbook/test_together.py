"""Two jobs at once, and a job that is killed and started from the beginning."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from .jobs import Ran, Service
from .test_modes import web


class Killed(BaseException):
    """The machine is gone."""


def clean_run() -> tuple[Service, Ran]:
    azure = web()
    return azure, azure.job("apply --config netmap")


REFERENCE, REFERENCE_JOB = clean_run()
REQUESTS = REFERENCE.requests
WRITTEN = Counter(REFERENCE.accepted)
# The first half only reads; there one moment is like another.
MOMENTS = [1, REQUESTS // 4, *range(REQUESTS // 2, REQUESTS + 1, 2)]


def settings_of(azure: Service) -> Any:
    """What the next plan says; empty when all is as declared."""
    job = azure.job("apply --config netmap --fail-on-drift --fail-on-pending")
    return job.code, job.changes


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_job_killed_at_any_request_is_finished_by_the_next_without_a_second_write(
    when: str,
) -> None:
    killed = 0
    for moment in MOMENTS:
        azure = web()

        def die(number: int, moment: int = moment) -> None:
            if number == moment:
                raise Killed

        setattr(azure, when, die)
        with pytest.raises(Killed):
            azure.job("apply --config netmap")
        killed += 1
        azure.before = azure.after = lambda number: None
        assert azure.job("apply --config netmap").code == 0
        assert Counter(azure.accepted) == WRITTEN, moment
        assert settings_of(azure) == (0, {})
    assert killed == len(MOMENTS) > 10


def test_a_second_job_at_any_moment_of_the_first_does_no_harm() -> None:
    for moment in MOMENTS:
        azure = web()
        seconds: list[Ran] = []

        def start_another(
            number: int, azure: Service = azure, moment: int = moment, seconds: Any = seconds
        ) -> None:
            if number == moment:
                azure.before = lambda number: None
                seconds.append(azure.job("apply --config netmap"))

        azure.before = start_another
        first = azure.job("apply --config netmap")
        (second,) = seconds
        assert first.last["changes"]["failed"] == second.last["changes"]["failed"] == 0, moment
        assert first.last["changes"]["unknown"] == second.last["changes"]["unknown"] == 0, moment
        assert (first.code, second.code) == (0, 0), moment
        # Nothing else than one job writes. The same mapping may be put twice: a PUT has no guard
        # against what another job began after the look before it.
        assert set(azure.accepted) == set(WRITTEN), moment
        assert all(count <= 2 for count in Counter(azure.accepted).values()), moment
        assert settings_of(azure) == (0, {}), moment
