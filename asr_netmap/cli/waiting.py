"""``--wait``: go on with what was only pending because a first replication had not ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap.cli.console import Console
from asr_netmap.errors import AsrNetmapError
from asr_netmap.models import NotLookedAt

if TYPE_CHECKING:
    from asr_netmap.applying.journal import Journal
    from asr_netmap.applying.limits import Limits
    from asr_netmap.applying.observer import Observer
    from asr_netmap.applying.outcome import Result
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.planning.plan import Plan
    from asr_netmap.planning.safety import Consent

LONGEST = 2 * 3600.0
"""Seconds that are waited without ``--deadline``."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether a run stays until first replications have ended."""

    wait: Annotated[
        bool,
        typer.Option(
            "--wait",
            help="Stay until VMs whose replication was just enabled are protected, then set their "
            "NICs: at most until --deadline, else 2 hours.",
        ),
    ] = False


def finish_pending(
    console: Console,
    azure: Connection,
    done: Sequence[tuple[Plan, Result]],
    consent: Consent,
    limits: Limits,
    observer: Observer,
    journal: Journal | None,
) -> list[tuple[Plan, Result]]:
    """Wait for what each plan left pending, plan again for just that, and apply it.

    Returns the runs as they are reported then: what was finished is a change, and pending no more.
    What was written before is reported, too, when the waiting fails or is interrupted.
    """
    found: list[tuple[Plan, Result]] = []
    until = azure.clock.monotonic() + (limits.deadline or LONGEST)
    stopped = any(result.interrupted for _, result in done)
    for plan, result in done:
        left = until - azure.clock.monotonic()
        if stopped or not plan.pending or left <= 0:
            found.append((plan, result))
            continue
        try:
            again = _planned_again(console, azure, plan, left)
            ended = _applied(azure, again, until, consent, limits, observer, journal)
        except AsrNetmapError as error:
            console.error(error)
            found.append((_unfinished(plan, error), result))
        except KeyboardInterrupt:
            console.warn("asr-netmap: interrupted; what is pending is done by the next run")
            stopped = True
            found.append((plan, replace(result, interrupted=True)))
        else:
            stopped = ended.interrupted
            found.append(_as_one(plan, result, again, ended))
    return found


def _unfinished(plan: Plan, error: AsrNetmapError) -> Plan:
    """The plan of a run that could not go on: nobody may call it done."""
    what = f"pending items of vault {plan.scope.vault.name}"
    gap = NotLookedAt(what, error.message, None, error.hint)
    return replace(plan, not_looked_at=(*plan.not_looked_at, gap))


def _as_one(plan: Plan, result: Result, again: Plan, ended: Result) -> tuple[Plan, Result]:
    """Both parts of one run: what was planned later stands after what was planned first."""
    known = {(finding.code, finding.subject) for finding in plan.findings}
    new = tuple(each for each in again.findings if (each.code, each.subject) not in known)
    whole = replace(
        plan,
        changes=(*plan.changes, *again.changes),
        pending=again.pending,
        findings=(*plan.findings, *new),
        not_looked_at=again.not_looked_at,
    )
    both = replace(
        result,
        outcomes=(*result.outcomes, *ended.outcomes),
        interrupted=ended.interrupted,
        seconds=result.seconds + ended.seconds,
        notes=(*result.notes, *ended.notes),
        most_in_flight=max(result.most_in_flight, ended.most_in_flight),
    )
    return whole, both


def _planned_again(console: Console, azure: Connection, plan: Plan, seconds: float) -> Plan:
    """What a fresh plan says of the pending items of `plan`, and of nothing else."""
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it
    from asr_netmap.planning.basis import FromRules  # noqa: PLC0415 -- the same
    from asr_netmap.planning.change import Kind  # noqa: PLC0415 -- the same
    from asr_netmap.settings import from_document  # noqa: PLC0415 -- the same

    api.wait_for_replication(azure, plan, seconds=seconds, progress=console.say)
    retarget = isinstance(plan.basis, FromRules) and plan.basis.retarget_items
    fresh = api.plan(azure, from_document(plan.settings), retarget_items=retarget)
    waited = {pending.subject for pending in plan.pending}
    return replace(
        fresh,
        changes=tuple(
            replace(change, depends_on=())
            for change in fresh.changes
            if change.kind is Kind.NIC_SETTINGS and change.subject in waited
        ),
        pending=tuple(each for each in fresh.pending if each.subject in waited),
        findings=tuple(each for each in fresh.findings if each.subject in waited),
    )


def _applied(
    azure: Connection,
    plan: Plan,
    until: float,
    consent: Consent,
    limits: Limits,
    observer: Observer,
    journal: Journal | None,
) -> Result:
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    left = limits
    # What these NICs have now is Site Recovery's first choice, so its share is no danger.
    consent = replace(consent, max_changed_percent=100)
    if limits.deadline is not None:
        left = replace(limits, deadline=max(until - azure.clock.monotonic(), 0.001))
    return api.apply(azure, plan, consent=consent, limits=left, observer=observer, journal=journal)
