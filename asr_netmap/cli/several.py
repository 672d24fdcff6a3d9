"""One command over several vaults: one run each, one summary, one exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from asr_netmap.cli.console import Console
from asr_netmap.cli.exit_codes import ExitCode, of_error, worst
from asr_netmap.errors import AsrNetmapError, NotFound
from asr_netmap.models import NotLookedAt

if TYPE_CHECKING:
    from asr_netmap.planning.plan import Plan
    from asr_netmap.settings import Settings

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Several(Generic[Found]):
    """What came of the vaults, and which of them could not be looked at."""

    found: tuple[Found, ...]
    not_looked_at: tuple[NotLookedAt, ...]
    code: ExitCode


def each_vault(
    console: Console, settings: Sequence[Settings], work: Callable[[Settings], Found]
) -> Several[Found]:
    """Do `work` for each; a vault that fails does not keep the others from being looked at.

    Raises what `work` raises if nothing is left.
    """
    found: list[Found] = []
    failed: list[tuple[Settings, AsrNetmapError]] = []
    for one in settings:
        try:
            found.append(work(one))
        except AsrNetmapError as error:  # noqa: PERF203 -- a vault takes seconds, not nanoseconds
            failed.append((one, error))
    errors = [error for _, error in failed]
    if errors and not found:
        for each in errors[:-1]:
            console.error(each)
        raise errors[-1]
    for each in errors:
        console.error(each)
    gaps = tuple(_gap(one, error) for one, error in failed)
    return Several(tuple(found), gaps, worst(map(of_error, errors)))


def refuse_empty_selection(plans: Sequence[Plan]) -> None:
    """Raise NotFound if ``--only`` takes nothing of any vault: it is most likely misspelt."""
    empty = [f for plan in plans for f in plan.findings if f.code == "selection-empty"]
    if plans and len(empty) == len(plans):
        message = empty[0].message
        raise NotFound(f"{message[0].upper()}{message[1:]}.", empty[0].fix)


def with_vaults_that_failed(code: ExitCode, failed: ExitCode) -> ExitCode:
    """The exit code of a run that wrote: a vault that could not be planned leaves it incomplete."""
    return code if failed is ExitCode.DONE else worst([code, ExitCode.INCOMPLETE])


def _gap(settings: Settings, error: AsrNetmapError) -> NotLookedAt:
    what = f"vault {settings.vault.name}, {settings.source_region} -> {settings.target_region}"
    return NotLookedAt(what, error.message, settings.vault.id, error.hint)
