"""A rule as its branches in their documented order: for deciding, and for telling how it was.

The order is written once, as the order of the branches. Whoever decides asks them until one
does; whoever explains asks in the same way and hears of the others that they were not reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Answer(Generic[Outcome]):
    """What a branch says when it is asked.

    why -- why it decides, or why it does not apply.
    outcome -- what it decides on, where it decides; None can be an outcome, too.
    """

    why: str
    decides: bool = False
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Branch(Generic[Outcome]):
    """One branch of a rule: its name, and how to ask it."""

    name: str
    ask: Callable[[], Answer[Outcome]]


@dataclass(frozen=True, slots=True)
class Considered(Generic[Outcome]):
    """A branch and its answer; None: it was not reached, since an earlier one decided."""

    name: str
    answer: Answer[Outcome] | None


def passes(why: str) -> Answer[Outcome]:
    """The answer of a branch that does not apply."""
    return Answer(why)


def decides(outcome: Outcome | None, why: str) -> Answer[Outcome]:
    """The answer of the branch that has the last word."""
    return Answer(why, True, outcome)


def consider(branches: Iterable[Branch[Outcome]]) -> Iterator[Considered[Outcome]]:
    """Every branch in its order; those after the one that decides are not asked."""
    rest = iter(branches)
    for branch in rest:
        answer = branch.ask()
        yield Considered(branch.name, answer)
        if answer.decides:
            break
    for branch in rest:
        yield Considered(branch.name, None)


def with_branch(
    considered: Sequence[Considered[Outcome]], at: int, branch: Branch[Outcome]
) -> tuple[Considered[Outcome], ...]:
    """What would have been considered with one more branch at a place; no other is asked again."""
    before, after = considered[:at], considered[at:]
    if any(_decided(each) for each in before):
        return (*before, Considered(branch.name, None), *after)
    answer = branch.ask()
    if answer.decides:
        after = [Considered(each.name, None) for each in after]
    return (*before, Considered(branch.name, answer), *after)


def decide(branches: Iterable[Branch[Outcome]]) -> tuple[str, Answer[Outcome]]:
    """The name and the answer of the first branch that decides; one has to."""
    for branch in branches:
        answer = branch.ask()
        if answer.decides:
            return branch.name, answer
    raise AssertionError("the last branch of a rule decides")


def outcome_of(branches: Iterable[Branch[Outcome]]) -> Outcome:
    """What the branch that decides comes to, in a rule that never leaves a thing as it is."""
    _, answer = decide(branches)
    assert answer.outcome is not None, "the branch that decides comes to something"
    return answer.outcome


def decider(considered: Iterable[Considered[Outcome]]) -> tuple[str, Answer[Outcome]]:
    """Of branches that were considered, the name and the answer of the one that decided."""
    for each in considered:
        if each.answer is not None and each.answer.decides:
            return each.name, each.answer
    raise AssertionError("the last branch of a rule decides")


def _decided(considered: Considered[Outcome]) -> bool:
    return considered.answer is not None and considered.answer.decides
