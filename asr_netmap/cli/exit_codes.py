"""Every exit code and what it means; one table from exceptions, one function from outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

from asr_netmap.errors import (
    AmbiguousName,
    AsrNetmapError,
    AzureError,
    FileError,
    NotFound,
    OutcomeUnknown,
    PlanningError,
    Refused,
    UsageError,
)

if TYPE_CHECKING:
    from asr_netmap.applying.outcome import Result
    from asr_netmap.models import NotLookedAt
    from asr_netmap.planning.plan import Finding, Pending, Plan, Severity


class ExitCode(IntEnum):
    """What the exit code tells a script."""

    DONE = 0
    """Done, or nothing to do."""
    ERROR = 1
    """An error; nothing was written."""
    USAGE = 2
    """What was typed can't be right; also: nobody there to ask, and no ``--yes``."""
    CHANGES = 3
    """``plan --detailed-exitcode``: changes that can be applied now; ``verify``: findings."""
    REFUSED = 4
    """Understood, possible and not done; nothing was written."""
    INCOMPLETE = 5
    """Some changes failed or are pending, something could not be looked at, or a plan has findings
    of severity error: what is declared can't be planned."""
    UNKNOWN = 6
    """For at least one change nobody can say whether it took effect."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C."""


EXIT_CODES: dict[type[AsrNetmapError], ExitCode] = {
    UsageError: ExitCode.USAGE,
    NotFound: ExitCode.ERROR,
    AmbiguousName: ExitCode.ERROR,
    PlanningError: ExitCode.ERROR,
    FileError: ExitCode.ERROR,
    Refused: ExitCode.REFUSED,
    AzureError: ExitCode.ERROR,
    OutcomeUnknown: ExitCode.UNKNOWN,
}
"""The exit code of an exception is that of its nearest base class in here."""

_WORST_FIRST = (
    ExitCode.UNKNOWN,
    ExitCode.INTERRUPTED,
    ExitCode.INCOMPLETE,
    ExitCode.ERROR,
    ExitCode.USAGE,
    ExitCode.REFUSED,
    ExitCode.CHANGES,
    ExitCode.DONE,
)


def of_error(error: AsrNetmapError) -> ExitCode:
    """The exit code of an exception that ended a run before anything was written."""
    for base in type(error).__mro__:
        if base in EXIT_CODES:
            return EXIT_CODES[base]
    return ExitCode.ERROR


def of_result(
    result: Result,
    pending: Iterable[Pending] = (),
    *,
    incomplete: bool = False,
    pending_ok: bool = False,
) -> ExitCode:
    """The exit code of an apply.

    pending -- items that could not even be tried.
    incomplete -- the plan itself is: see `incomplete_plan`.
    pending_ok -- what is only pending counts as done.
    """
    if result.unknown:
        return ExitCode.UNKNOWN
    if result.interrupted:
        return ExitCode.INTERRUPTED
    if result.failed or incomplete:
        return ExitCode.INCOMPLETE
    waiting = result.pending or any(True for _ in pending)
    return ExitCode.INCOMPLETE if waiting and not pending_ok else ExitCode.DONE


def incomplete_plan(plan: Plan) -> bool:
    """Whether something was not looked at, or something declared is impossible: never green."""
    return bool(plan.not_looked_at or plan.errors)


def of_plans(plans: Iterable[Plan]) -> ExitCode:
    """The exit code of ``plan --detailed-exitcode``."""
    listed = tuple(plans)
    if any(plan.changes for plan in listed):
        return ExitCode.CHANGES
    return ExitCode.INCOMPLETE if any(map(incomplete_plan, listed)) else ExitCode.DONE


def of_findings(
    findings: Iterable[Finding], not_looked_at: Iterable[NotLookedAt], fail_on: Severity | None
) -> ExitCode:
    """The exit code of a verification; None: findings never fail it."""
    if fail_on is not None and any(f.severity.rank <= fail_on.rank for f in findings):
        return ExitCode.CHANGES
    # Green only when everything was looked at.
    return ExitCode.INCOMPLETE if any(True for _ in not_looked_at) else ExitCode.DONE


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The one exit code of several runs."""
    return min(codes, key=_WORST_FIRST.index, default=ExitCode.DONE)
