"""``apply --undo``: the way back from a journal, through the same path as every apply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from asr_netmap.cli.console import Console
from asr_netmap.cli.options import ConsentGiven
from asr_netmap.cli.writing import consent_of
from asr_netmap.errors import ForeignPlan

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.planning.plan import Plan
    from asr_netmap.planning.safety import Consent
    from asr_netmap.settings import Settings


def consent_to_undo(given: ConsentGiven) -> Consent:
    """What asking for the way back allows: mappings may go, and any share of settings change."""
    percent = 100 if given.max_changed_percent is None else given.max_changed_percent
    return replace(consent_of(given, unmap=True), max_changed_percent=percent)


def plans_back(
    console: Console, azure: Connection, settings: Sequence[Settings], journal: Path
) -> tuple[Plan, ...]:
    """The way back in every vault that the journal's run was on.

    Raises FileError for what is no journal, ForeignPlan if it is of none of these vaults.
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    plans: list[Plan] = []
    foreign: list[ForeignPlan] = []
    for one in settings:
        try:
            plans.append(api.plan_undo(azure, one, journal))
        except ForeignPlan as error:  # noqa: PERF203 -- a vault takes seconds, not nanoseconds
            foreign.append(error)
    if foreign and not plans:
        raise foreign[0]
    for other in foreign:
        console.detail(other.message)
    return tuple(plans)
