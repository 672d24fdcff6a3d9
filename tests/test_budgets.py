"""Request limits as token buckets: what may go out when."""

from __future__ import annotations

import pytest

from asr_netmap.budgets import Budgets, Operations, kind_of

READS, WRITES, DELETES = Operations.READS, Operations.WRITES, Operations.DELETES
SUB = "11111111-2222-3333-4444-555555555555"


def spend(budgets: Budgets, count: int, now: float = 0.0, kind: Operations = WRITES) -> int:
    """Take so many; how many could be taken."""
    return sum(budgets.take(SUB, kind, now) == 0.0 for _ in range(count))


@pytest.mark.parametrize(
    ("kind", "capacity", "refill"), [(READS, 250, 25), (WRITES, 200, 10), (DELETES, 200, 10)]
)
def test_a_bucket_starts_full_and_refills_as_arm_says(
    kind: Operations, capacity: int, refill: int
) -> None:
    budgets = Budgets()
    assert spend(budgets, capacity + 50, kind=kind) == capacity
    assert budgets.wait(SUB, kind, 0.0) == pytest.approx(1 / refill)
    assert spend(budgets, 1000, 3.0, kind) == 3 * refill
    assert spend(budgets, 1000, 10_000.0, kind) == capacity


def test_subscriptions_and_kinds_of_operation_have_buckets_of_their_own() -> None:
    budgets = Budgets()
    spend(budgets, 200)
    assert budgets.take(SUB, WRITES, 0.0) > 0
    assert budgets.take(SUB.upper(), WRITES, 0.0) > 0
    assert budgets.take(SUB, READS, 0.0) == 0
    assert budgets.take("another", WRITES, 0.0) == 0


def test_what_is_given_back_can_be_taken_again() -> None:
    budgets = Budgets()
    spend(budgets, 200)
    budgets.give_back(SUB, WRITES, 0.0)
    assert spend(budgets, 5) == 1


def test_a_low_remaining_count_wins_over_the_model() -> None:
    budgets = Budgets()
    spend(budgets, 1)
    budgets.answered(SUB, WRITES, 0.0, 3)
    assert spend(budgets, 10) == 3


def test_what_is_on_its_way_is_not_counted_as_left() -> None:
    budgets = Budgets()
    spend(budgets, 10)
    budgets.answered(SUB, WRITES, 0.0, 12)
    assert spend(budgets, 50) == 12 - 9


def test_the_hourly_numbers_of_before_allow_more_and_are_no_ceiling() -> None:
    budgets = Budgets()
    spend(budgets, 1)
    budgets.answered(SUB, WRITES, 0.0, 1199)
    assert spend(budgets, 2000) == 1199
    assert spend(budgets, 1000, 60.0) == 200


def test_an_older_answer_that_comes_late_gives_nothing_back() -> None:
    budgets = Budgets()
    spend(budgets, 3)
    budgets.answered(SUB, WRITES, 0.0, 1)
    budgets.answered(SUB, WRITES, 0.0, 3)
    budgets.answered(SUB, WRITES, 0.0, 2)
    assert spend(budgets, 10) <= 1


def test_an_answer_without_a_count_leaves_the_model() -> None:
    budgets = Budgets()
    spend(budgets, 100)
    budgets.answered(SUB, WRITES, 0.0, None)
    assert spend(budgets, 500) == 100


def test_after_a_refusal_nothing_goes_before_the_time_that_it_names() -> None:
    budgets = Budgets()
    spend(budgets, 1)
    budgets.answered(SUB, WRITES, 0.0, None)
    budgets.refused(SUB, WRITES, 0.0, 17.0)
    assert budgets.take(SUB, WRITES, 16.9) > 0
    assert budgets.take(SUB, WRITES, 17.01) == 0
    assert budgets.take(SUB, WRITES, 17.01) > 0


def test_microsoft_network_has_a_window_of_five_minutes_beside() -> None:
    budgets = Budgets()
    now, sent = 0.0, 0
    while sent < 1000:
        wait = budgets.take(SUB, WRITES, now, network=True)
        sent += not wait
        now += wait
    assert budgets.take(SUB, WRITES, now + 60, network=True) == pytest.approx(240 - now, abs=1)
    assert budgets.take(SUB, WRITES, now + 60) == 0
    assert budgets.take(SUB, WRITES, 301.0, network=True) == 0


def test_time_that_seems_to_go_back_refills_nothing() -> None:
    budgets = Budgets()
    spend(budgets, 200, 10.0)
    assert budgets.take(SUB, WRITES, 5.0) > 0
    assert budgets.take(SUB, WRITES, 10.0) > 0
    assert spend(budgets, 10, 10.15) == 1


@pytest.mark.parametrize(
    ("method", "kind"),
    [("GET", READS), ("HEAD", READS), ("PUT", WRITES), ("PATCH", WRITES), ("DELETE", DELETES)],
)
def test_each_method_counts_as_its_kind(method: str, kind: Operations) -> None:
    assert kind_of(method) is kind
