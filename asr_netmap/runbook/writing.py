"""``finish`` and ``apply``: plans are made, reduced to what a job may do, and carried out."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from asr_netmap import api
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.outcome import Outcome, Result, Status
from asr_netmap.cli.connecting import connect, read_progress
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.cli.several import (
    Several,
    each_vault,
    refuse_empty_selection,
    with_vaults_that_failed,
)
from asr_netmap.cli.writing import Carry, Run, carry_out, consent_of, fresh_carry, show_plans
from asr_netmap.planning.change import Kind
from asr_netmap.planning.safety import raise_if_unsafe_together
from asr_netmap.runbook.memory import made_ready_for_networks
from asr_netmap.runbook.options import Mode
from asr_netmap.runbook.unattended import (
    first_time_only,
    left_of,
    nobodys_values,
    with_missing_networks_left,
)
from asr_netmap.runbook.variables import plan_file
from asr_netmap.runbook.windows import open_for

if TYPE_CHECKING:
    from asr_netmap.applying.journal import Journal
    from asr_netmap.applying.observer import Observer
    from asr_netmap.arm_id import ArmId
    from asr_netmap.cli.declared import Declared
    from asr_netmap.cli.options import Access, Format
    from asr_netmap.cli.run_options import PlanRules, Writing
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.plan_file import SavedPlan
    from asr_netmap.planning.plan import Finding, Plan
    from asr_netmap.planning.selection import Selection
    from asr_netmap.runbook.console import JobConsole
    from asr_netmap.runbook.options import Pinned
    from asr_netmap.runbook.windows import Window
    from asr_netmap.settings import Settings

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Order:
    """What a writing job is to do."""

    mode: Mode
    wanted: Declared
    selection: Selection
    rules: PlanRules
    pinned: Pinned
    windows: tuple[Window, ...]
    writing: Writing
    access: Access
    form: Format


def carry_out_order(console: JobConsole, order: Order) -> tuple[ExitCode, tuple[Finding, ...]]:
    """The exit code, and what is left to people."""
    with connect(console, order.access) as azure:
        console.job.summary.sandbox = azure.sandbox
        began = azure.clock.monotonic()
        saved = _saved(console, order.pinned)
        if _may_create_networks(order, saved):
            made_ready_for_networks(azure)
        several = _plans(console, azure, order, saved)
        left = tuple(finding for plan in several.found for finding in left_of(plan))
        plans = (*(saved.plans if saved else ()), *several.found)
        show_plans(console, plans, order.form, azure.sandbox)
        _tell_what_is_left(console, left)
        run = _run(console, azure, order, len(left))
        carry = _carry(console, azure, order, run, saved, several.found, began)
        code = carry_out(console, azure, plans, run, carry, several.not_looked_at)
    return with_vaults_that_failed(code, several.code), left


def _may_create_networks(order: Order, saved: SavedPlan | None) -> bool:
    if any(change.kind is Kind.NETWORK for plan in _plans_of(saved) for change in plan.changes):
        return True
    declared = any(one.safety.create_networks for one in order.wanted.settings)
    return declared and order.mode is Mode.APPLY


def _saved(console: JobConsole, pinned: Pinned) -> SavedPlan | None:
    if pinned.plan is None or pinned.expect_sha256 is None:
        return None
    variables = console.job.around.variables
    with tempfile.TemporaryDirectory() as folder:
        path = plan_file(pinned.plan, pinned.expect_sha256, Path(folder), variables)
        return api.load_plan(path, expect_sha256=pinned.expect_sha256)


def _plans(
    console: JobConsole, azure: Connection, order: Order, saved: SavedPlan | None
) -> Several[Plan]:
    """What a job may do of the plan of each vault, without what the approved plan does anyway."""
    settings = order.wanted.resolved(azure) if order.wanted.settings else ()
    say = read_progress(console)

    def plan(one: Settings) -> Plan:
        inventory = api.read(azure, one, progress=say)
        made = api.plan(
            azure,
            one,
            selection=order.selection,
            retarget_items=order.rules.retarget_items,
            inventory=inventory,
        )
        made = with_missing_networks_left(_without(made, saved))
        if order.mode is Mode.FINISH:
            return first_time_only(made, inventory)
        return nobodys_values(made, one, inventory)

    several = each_vault(console, settings, plan)
    refuse_empty_selection(several.found)
    return several


def _without(plan: Plan, saved: SavedPlan | None) -> Plan:
    if saved is None:
        return plan
    done = {subject for each in saved.plans for subject in _subjects(each)}
    return replace(
        plan,
        changes=tuple(change for change in plan.changes if change.subject not in done),
        pending=tuple(each for each in plan.pending if each.subject not in done),
    )


def _subjects(plan: Plan) -> set[ArmId]:
    return {*(each.subject for each in plan.changes), *(each.subject for each in plan.pending)}


def _tell_what_is_left(console: JobConsole, left: Sequence[Finding]) -> None:
    for finding in left[:_SHOWN]:
        console.warn(f"{finding.title}: {finding.message}")
    if len(left) > _SHOWN:
        console.warn(f"… and {len(left) - _SHOWN} more left to people.")


def _run(console: JobConsole, azure: Connection, order: Order, left: int) -> Run:
    writing, summary = order.writing, console.job.summary
    if writing.pace.journal is None and not azure.sandbox:
        # A job's disk goes with the job, and its home may be read-only; whoever wants to keep the
        # journal, on a hybrid worker, names a file.
        place = Path(tempfile.gettempdir()) / f"asr-netmap-{azure.rng.getrandbits(64):016x}.jsonl"
        writing = replace(writing, pace=replace(writing.pace, journal=place))
    return Run(
        consent_of(writing.consent),
        writing,
        order.access,
        order.form,
        again="",
        check="",
        told=lambda done: summary.became(done, left),
    )


def _carry(
    console: JobConsole,
    azure: Connection,
    order: Order,
    run: Run,
    saved: SavedPlan | None,
    fresh: Sequence[Plan],
    began: float,
) -> Carry:
    """Applies the approved plan, then the fresh ones, inside the window and before the deadline.

    Raises what `raise_if_unsafe_together` does: nothing is written then.
    """
    changes = sum(len(plan.changes) for plan in fresh) + (len(saved.plans) if saved else 0)
    open_seconds = open_for(order.windows, azure.clock.now())
    if open_seconds == 0 and changes:
        console.warn("The time window is closed, so nothing is started; a later job goes on.")
        return lambda *_: [(plan, _waiting(plan)) for plan in (*_plans_of(saved), *fresh)]
    raise_if_unsafe_together(fresh, run.consent)
    if open_seconds:
        closes = azure.clock.now() + timedelta(seconds=open_seconds)
        console.say(f"The time window is open until {closes:%a %H:%M} UTC.")
    apply_fresh = fresh_carry(azure, fresh, run.consent)

    def carry(
        limits: Limits, observer: Observer, journal: Journal | None
    ) -> list[tuple[Plan, Result]]:
        def left() -> Limits:
            within = _within(limits, open_seconds)
            return api.remaining(within, azure.clock.monotonic() - began)

        done: list[tuple[Plan, Result]] = []
        if saved is not None:
            applied = api.apply_saved(
                azure, saved, consent=run.consent, limits=left(), observer=observer, journal=journal
            )
            done = [(each.plan, each.result) for each in applied]
        if not any(result.interrupted for _, result in done):
            done += apply_fresh(left(), observer, journal)
        return done

    return carry


def _plans_of(saved: SavedPlan | None) -> tuple[Plan, ...]:
    return saved.plans if saved else ()


def _within(limits: Limits, open_seconds: float | None) -> Limits:
    """The limits with a deadline by which also what is still running then is given up."""
    if limits.deadline is None:
        return limits
    deadline = limits.deadline if open_seconds is None else min(limits.deadline, open_seconds)
    grace = min(limits.grace, deadline / 10)
    return replace(limits, deadline=deadline - grace, grace=grace)


def _waiting(plan: Plan) -> Result:
    """What became of a plan outside of its time window."""
    message = "the time window is closed"
    return Result(tuple(Outcome(c.id, Status.PENDING, "window", message) for c in plan.changes))
