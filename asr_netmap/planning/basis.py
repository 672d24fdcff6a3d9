"""What a plan is derived from, beside its settings: enough to derive it again.

A plan file holds it, since `apply` carries out only what a plan made right then, from the same
basis, holds as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from asr_netmap.planning.change import Change


@dataclass(frozen=True, slots=True)
class FromRules:
    """All rules, over the plan's settings.

    retarget_items -- items that select another network than their pair's are moved.
    """

    retarget_items: bool = False


@dataclass(frozen=True, slots=True)
class FromTable:
    """A NIC table alone; the plan's settings hold its rows, and rules have no say."""


@dataclass(frozen=True, slots=True)
class FromJournal:
    """The way back of an earlier run.

    written -- what that run meant to write in the plan's vault and regions, and what it created
        elsewhere: each object before and after.
    """

    written: tuple[Change, ...]


ALL_RULES = FromRules()

Basis = FromRules | FromTable | FromJournal
