"""The one command of a job, and its three modes, made of the command line's own pieces."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect, instead_of_azure
from asr_netmap.cli.declared import Declared, declared, selection_of, vault_named
from asr_netmap.cli.exit_codes import ExitCode, worst
from asr_netmap.cli.options import Config, Only, Out, Shape, Where
from asr_netmap.cli.run_options import FailOn, PlanRules, Writing
from asr_netmap.cli.verify import code_of, show_verifications, verifications_of
from asr_netmap.cli.writing import seconds
from asr_netmap.errors import UsageError
from asr_netmap.runbook.console import JobConsole
from asr_netmap.runbook.identity import explained, with_identity
from asr_netmap.runbook.options import Judging, Mode, Pinned, Unattended
from asr_netmap.runbook.unattended import creating_only_if_told
from asr_netmap.runbook.variables import settings_from
from asr_netmap.runbook.windows import parse_windows
from asr_netmap.runbook.writing import Order, carry_out_order

if TYPE_CHECKING:
    from asr_netmap.settings import Overrides, Settings

DEADLINE = "165m"
"""2 h 45 min: Automation stops a Python job after three hours, and does not restart it
(Microsoft Learn, runbook execution: fair share)."""


@dataclass(frozen=True, slots=True)
class What:
    """What is looked at."""

    config: Config
    only: Only
    where: Where


@dataclass(frozen=True, slots=True)
class How:
    """How it is done and judged."""

    writing: Writing
    rules: PlanRules
    pinned: Pinned
    unattended: Unattended
    judging: Judging


def program() -> typer.Typer:
    """The job's command."""
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,  # plain help: a job has no terminal
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    command(app, "runbook", job)
    return app


def job(
    console: JobConsole,
    mode: Annotated[Mode, typer.Argument(help="What the job may do.")],
    what: What,
    shape: Shape,
    out: Out,
    how: How,
) -> ExitCode:
    """Look, or look and write, without anybody there.

    \b
    Examples:
      verify --config netmap --fail-on-drift
      finish --config netmap --window 01:00-05:00
      apply --config netmap --max-changes 20
    """
    around = console.job.around
    access = with_identity(what.where.access, around.environment)
    what = replace(what, where=replace(what.where, access=access))
    with ExitStack() as stack:
        stack.enter_context(explained(access, around.environment))
        if around.azure is not None:
            make = partial(around.azure, access)
            stack.enter_context(instead_of_azure(lambda _cloud: make()))
        if mode is Mode.VERIFY:
            return _verify(console, what, shape, out, how.judging)
        return _write(console, mode, what, shape, how)


def _verify(console: JobConsole, what: What, shape: Shape, out: Out, judging: Judging) -> ExitCode:
    selection = selection_of(what.only.only)
    wanted = _declared(console, what, PlanRules())
    summary = console.job.summary
    with connect(console, what.where.access) as azure:
        summary.sandbox = azure.sandbox
        several = verifications_of(console, azure, wanted.resolved(azure), selection)
        summary.found(several.found)
        summary.not_looked_at += len(several.not_looked_at)
        show_verifications(console, several, shape.format, out, azure.sandbox)
    default = FailOn.WARNING if judging.fail_on_drift else FailOn.NEVER
    return code_of(several, default if judging.fail_on is FailOn.NEVER else judging.fail_on)


def _write(console: JobConsole, mode: Mode, what: What, shape: Shape, how: How) -> ExitCode:
    pinned, pace = how.pinned, how.writing.pace
    _refuse_unpinned(mode, pinned)
    pace = replace(
        pace, deadline=pace.deadline or DEADLINE, pending_ok=not how.judging.fail_on_pending
    )
    console.job.summary.deadline = seconds(pace.deadline or DEADLINE)
    alone = pinned.plan is not None and not (what.config.config or vault_named(what.where.vault))
    wanted = Declared(()) if alone else _declared(console, what, how.rules)
    order = Order(
        mode,
        _held_back(wanted, how.unattended),
        selection_of(what.only.only),
        how.rules,
        pinned,
        parse_windows(how.unattended.window or ()),
        replace(how.writing, pace=pace),
        what.where.access,
        shape.format,
    )
    code, left = carry_out_order(console, order)
    return worst([code, ExitCode.CHANGES]) if left and how.judging.fail_on_drift else code


def _declared(console: JobConsole, what: What, rules: PlanRules) -> Declared:
    around, inline = console.job.around, console.job.settings

    def load(path: Path, overrides: Overrides) -> tuple[Settings, ...]:
        return settings_from(str(path), overrides, inline, around.variables)

    return declared(what.config, what.where.vault, rules, load=load)


def _held_back(wanted: Declared, unattended: Unattended) -> Declared:
    told = unattended.create_networks
    return replace(
        wanted,
        settings=tuple(creating_only_if_told(one, told=told) for one in wanted.settings),
    )


def _refuse_unpinned(mode: Mode, pinned: Pinned) -> None:
    if pinned.plan is None and pinned.expect_sha256 is None:
        return
    if mode is not Mode.FINISH:
        raise UsageError(
            f"An approved plan is carried out by finish, not by {mode.value}.",
            "Write finish --plan NAME --expect-sha256 HEX.",
        )
    if pinned.plan is None or pinned.expect_sha256 is None:
        raise UsageError(
            "--plan and --expect-sha256 belong together: without its digest nobody knows whether "
            "a plan is the one that was approved.",
            "`asr-netmap plan --out` says the digest; the reviewer passes it on.",
        )
