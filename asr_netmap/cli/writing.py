"""What every writing command does: show the plans, ask, apply, say what became of it.

The order is fixed: limits and consent are checked before anything is asked, and nothing is
written before the answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asr_netmap.cli.console import Console
from asr_netmap.cli.emitting import emit
from asr_netmap.cli.exit_codes import ExitCode, incomplete_plan, of_result, worst
from asr_netmap.cli.journals import open_journal
from asr_netmap.cli.options import Access, Format
from asr_netmap.cli.progress import observing
from asr_netmap.cli.run_options import ConsentGiven, Writing
from asr_netmap.errors import UsageError
from asr_netmap.report.page import Tone

if TYPE_CHECKING:
    from asr_netmap.applying.journal import Journal
    from asr_netmap.applying.limits import Limits
    from asr_netmap.applying.observer import Observer
    from asr_netmap.applying.outcome import Result
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.models import NotLookedAt
    from asr_netmap.planning.plan import Plan
    from asr_netmap.planning.safety import Consent

_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h)?", re.IGNORECASE)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Run:
    """How the plans are carried out.

    again -- the command that goes on where this one stopped.
    check -- the command that reads back.
    told -- gets each plan with its result, before they are reported.
    wait -- stay until what waits for a first replication can be finished, too.
    options -- what a command that a finding suggests needs to be run as it stands.
    """

    consent: Consent
    given: Writing
    access: Access
    form: Format
    again: str
    check: str
    told: Callable[[Sequence[tuple[Plan, Result]]], None] = lambda done: None
    wait: bool = False
    options: str = ""

    def __post_init__(self) -> None:
        """Refuse a deadline that is no time before anything is read."""
        if self.given.pace.deadline:
            seconds(self.given.pace.deadline)


Carry = Callable[["Limits", "Observer", "Journal | None"], "list[tuple[Plan, Result]]"]
"""Applies, and gives each plan with its result; called at most once, after all questions."""


def consent_of(given: ConsentGiven, *, unmap: bool = False) -> Consent:
    """What the flags allow."""
    from asr_netmap.planning.safety import Consent  # noqa: PLC0415 -- loads pydantic

    return Consent(
        allow_retarget=given.allow_retarget,
        max_changed_percent=given.max_changed_percent,
        max_changes=given.max_changes,
        during_failover=given.during_failover,
        unmap=unmap,
    )


def carry_out_fresh(
    console: Console,
    azure: Connection,
    plans: Sequence[Plan],
    run: Run,
    not_looked_at: Sequence[NotLookedAt] = (),
) -> ExitCode:
    """Show, ask and apply plans that were made just now."""
    from asr_netmap.planning.safety import raise_if_unsafe_together  # noqa: PLC0415 -- loads pydantic

    show_plans(console, plans, run.form, azure.sandbox, run.options)
    raise_if_unsafe_together(plans, run.consent)
    carry = fresh_carry(azure, plans, run.consent)
    if run.wait:
        carry = staying(console, azure, carry, run.consent)
    return carry_out(console, azure, plans, run, carry, not_looked_at)


def fresh_carry(azure: Connection, plans: Sequence[Plan], consent: Consent) -> Carry:
    """Applies plans that were made just now, those of different vaults at once."""

    def carry(
        limits: Limits, observer: Observer, journal: Journal | None
    ) -> list[tuple[Plan, Result]]:
        results = _apply(azure, plans, consent, limits, observer, journal)
        # After an interrupt the last plans may have no result.
        return list(zip(plans, results, strict=False))

    return carry


def staying(console: Console, azure: Connection, carry: Carry, consent: Consent) -> Carry:
    """The same, and then what was pending only because a first replication had not ended."""
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it
    from asr_netmap.cli.waiting import finish_pending  # noqa: PLC0415 -- only what waits needs it

    def carry_and_wait(
        limits: Limits, observer: Observer, journal: Journal | None
    ) -> list[tuple[Plan, Result]]:
        started = azure.clock.monotonic()
        done = carry(limits, observer, journal)
        rest = api.remaining(limits, azure.clock.monotonic() - started)
        return finish_pending(console, azure, done, consent, rest, observer, journal)

    return carry_and_wait


def _apply(
    azure: Connection,
    plans: Sequence[Plan],
    consent: Consent,
    limits: Limits,
    observer: Observer,
    journal: Journal | None,
) -> tuple[Result, ...]:
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    if len(plans) == 1:
        result = api.apply(
            azure, plans[0], consent=consent, limits=limits, observer=observer, journal=journal
        )
        return (result,)
    return api.apply_several(
        azure, plans, consent=consent, limits=limits, observer=observer, journal=journal
    )


def carry_out(
    console: Console,
    azure: Connection,
    plans: Sequence[Plan],
    run: Run,
    carry: Carry,
    not_looked_at: Sequence[NotLookedAt] = (),
) -> ExitCode:
    """Ask, apply, and report; plans without changes are applied without a question."""
    limits = limits_of(console, run, plans, azure.workers)
    planned = [change for plan in plans for change in plan.changes]
    changes = len(planned)
    if changes and not run.given.consent.yes:
        console.need_somebody_to_ask(yes=False)
        where = "the sandbox" if azure.sandbox else ", ".join(_vaults(plans))
        where = "the cassette" if azure.cassette else where
        console.confirm(f"Apply {changes} change{'s' if changes > 1 else ''} to {where}?")
    writes = changes or (run.wait and any(plan.pending for plan in plans))
    journal = open_journal(azure, plans, run.given.pace.journal) if writes else None
    if journal is not None:
        console.say(f"Journal: {journal.path}", Tone.FAINT)
    with observing(console, planned) as observer:
        done = carry(limits, observer, journal)
    run.told(done)
    return report(console, azure.sandbox, done, run, not_looked_at)


def show_plans(
    console: Console, plans: Sequence[Plan], form: Format, sandbox: bool, options: str = ""
) -> None:
    """The plans, for people; beside the output where that has another format.

    options -- what a command of ours that a finding suggests needs to be run as it stands.
    """
    from asr_netmap.planning.commands import runnable_plan  # noqa: PLC0415 -- loads pydantic
    from asr_netmap.report.page import joined  # noqa: PLC0415 -- only where there is output
    from asr_netmap.report.plan_pages import plan_page  # noqa: PLC0415 -- loads pydantic

    shown = (runnable_plan(each, options) for each in plans)
    page = joined(tuple(plan_page(each, sandbox=sandbox) for each in shown))
    console.show(page, aside=form is not Format.TABLE)


def report(
    console: Console,
    sandbox: bool,
    done: Sequence[tuple[Plan, Result]],
    run: Run,
    not_looked_at: Sequence[NotLookedAt] = (),
) -> ExitCode:
    """What became of it, what remains, and the next command."""
    from asr_netmap.json_pieces import rows_of  # noqa: PLC0415 -- only where there is output
    from asr_netmap.planning.commands import runnable_plan  # noqa: PLC0415 -- loads pydantic
    from asr_netmap.report.documents import result_document  # noqa: PLC0415 -- loads pydantic
    from asr_netmap.report.page import joined  # noqa: PLC0415 -- only where there is output
    from asr_netmap.report.plan_pages import result_page, result_summary  # noqa: PLC0415 -- same

    plans = [runnable_plan(plan, run.options) for plan, _ in done]
    results = [result for _, result in done]
    pages = tuple(result_page(plan, result, sandbox=sandbox) for plan, result in done)
    nothing = not any(result.outcomes or result.notes for result in results)
    if not (nothing and run.form is Format.TABLE):
        emit(
            console,
            run.form,
            joined(pages),
            lambda: result_document(
                plans, results, sandbox=sandbox, not_looked_at=not_looked_at, listed=rows_of
            ),
        )
    pending_ok = run.given.pace.pending_ok
    code = worst(
        of_result(result, plan.pending, incomplete=incomplete_plan(plan), pending_ok=pending_ok)
        for plan, result in done
    )
    console.say(result_summary(done), Tone.GOOD if code is ExitCode.DONE else Tone.WARNING)
    finished = code is ExitCode.DONE
    console.next(run.check if finished else run.again)
    return code


def limits_of(console: Console, run: Run, plans: Sequence[Plan], workers: int) -> Limits:
    """The limits of the run: options, then settings, then one failure where nobody watches.

    Raises UsageError for a deadline that is no time.
    """
    from asr_netmap.applying.limits import Limits  # noqa: PLC0415 -- only what writes needs it

    pace = run.given.pace
    declared = [plan.settings.get("safety", {}).get("max_failures") for plan in plans]
    failures = [n for n in ([pace.max_failures] if pace.max_failures else declared) if n]
    unattended = None if console.attended else 1
    return Limits(
        workers=workers,
        deadline=seconds(pace.deadline) if pace.deadline else None,
        canary=pace.canary,
        max_failures=min(failures, default=unattended),
    )


def seconds(text: str) -> float:
    """``90``, ``90s``, ``30m``, ``2h`` as seconds. Raises UsageError."""
    match = _TIME.fullmatch(text.strip())
    value = float(match[1]) * _SECONDS[(match[2] or "s").lower()] if match else 0.0
    if not 0 < value < math.inf:
        raise UsageError(f"--deadline {text!r} is no time.", "Write 90s, 30m or 2h.")
    return value


def _vaults(plans: Sequence[Plan]) -> list[str]:
    return sorted({f"vault {plan.scope.vault.name}" for plan in plans if plan.changes})
