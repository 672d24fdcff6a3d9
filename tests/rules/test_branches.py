"""A rule as its branches: who decides, and what is told of the others."""

from __future__ import annotations

import pytest

from asr_netmap.rules.branches import (
    Answer,
    Branch,
    consider,
    decide,
    decider,
    decides,
    outcome_of,
    passes,
    with_branch,
)


def never() -> Answer[int]:
    raise AssertionError("asked after another one had decided")


RULE: tuple[Branch[int], ...] = (
    Branch("first", lambda: passes("not today")),
    Branch("second", lambda: decides(2, "always")),
    Branch("third", never),
)


def test_the_first_branch_that_decides_has_the_word_and_no_later_one_is_asked() -> None:
    assert decide(RULE) == ("second", Answer("always", True, 2))


def test_every_branch_is_told_in_its_order_and_the_later_ones_as_not_reached() -> None:
    told = [(each.name, each.answer) for each in consider(RULE)]
    assert told == [
        ("first", Answer("not today")),
        ("second", Answer("always", True, 2)),
        ("third", None),
    ]


def test_deciding_on_nothing_is_deciding() -> None:
    assert decide([Branch("only", lambda: decides(None, "left"))])[1].outcome is None


def test_a_rule_of_which_no_branch_decides_is_a_mistake_of_ours() -> None:
    told = r"^the last branch of a rule decides$"
    with pytest.raises(AssertionError, match=told):
        decide(RULE[:1])
    with pytest.raises(AssertionError, match=told):
        decider(consider(RULE[:1]))


def test_a_rule_that_has_to_come_to_something_and_does_not_is_a_mistake_of_ours() -> None:
    assert outcome_of(RULE) == 2
    nothing: Branch[int] = Branch("only", lambda: decides(None, "left"))
    with pytest.raises(AssertionError, match=r"^the branch that decides comes to something$"):
        outcome_of([nothing])


def test_of_branches_that_were_considered_the_one_that_decided_is_found() -> None:
    assert decider(consider(RULE)) == ("second", Answer("always", True, 2))


@pytest.mark.parametrize("at", [0, 1, 2, 3])
@pytest.mark.parametrize("last_word", [True, False])
def test_a_branch_put_in_later_comes_to_what_it_would_have_been_from_the_start(
    at: int, last_word: bool
) -> None:
    more: Branch[int] = Branch("more", lambda: Answer("so it is", last_word, 9))
    expected = tuple(consider((*RULE[:at], more, *RULE[at:])))
    assert with_branch(tuple(consider(RULE)), at, more) == expected


def test_no_branch_is_asked_again_for_one_that_is_put_in() -> None:
    once = iter([decides(1, "the first time")])
    considered = tuple(consider([Branch("once", lambda: next(once))]))
    assert [each.name for each in with_branch(considered, 0, RULE[0])] == ["first", "once"]
