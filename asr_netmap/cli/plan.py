"""``plan``: what would change, and why."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap.cli import tables
from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect, read_progress
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared, selection_of
from asr_netmap.cli.exit_codes import ExitCode, of_plans, worst
from asr_netmap.cli.options import Config, Only, Shape, Where, as_typed
from asr_netmap.cli.run_options import NicTable, PlanRules
from asr_netmap.cli.saving import save, show
from asr_netmap.cli.several import Several, each_vault, refuse_empty_selection
from asr_netmap.cli.undoing import WayBack, plans_back, refuse_beside_undo

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.planning.plan import Plan
    from asr_netmap.planning.selection import Selection
    from asr_netmap.settings import Settings


@dataclass(frozen=True, slots=True)
class Saving:
    """What is done with the plan beside showing it."""

    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PLAN.json", help="Save the plan, for review and apply."),
    ] = None
    detailed_exitcode: Annotated[
        bool,
        typer.Option(
            "--detailed-exitcode",
            help="Exit with 3 if there are changes that can be applied now; with 5 if there are "
            "none and something declared can't be planned or could not be looked at.",
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """What a plan is made from, beside the configuration or instead of its rules."""

    table: NicTable
    back: WayBack


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "plan", plan)


def plan(
    console: Console,
    config: Config,
    only: Only,
    shape: Shape,
    rules: PlanRules,
    made_from: MadeFrom,
    where: Where,
    saving: Saving,
) -> ExitCode:
    """Show what would change and why. Nothing is written to Azure.

    \b
    Examples:
      asr-netmap plan --config netmap.yaml
      asr-netmap plan --config netmap.yaml --out plan.json
      asr-netmap plan --config netmap.yaml --nics nics.csv
      asr-netmap plan --config netmap.yaml --detailed-exitcode --quiet
      asr-netmap plan --config netmap.yaml --undo run.jsonl --out back.json
    """
    table, back = made_from.table, made_from.back
    if back.undo is not None:
        refuse_beside_undo(as_typed(only, rules, table))
    selection = selection_of(only.only)
    wanted = declared(config, where.vault, rules)
    with connect(console, where.access) as azure:
        settings = wanted.resolved(azure)
        if back.undo is not None:
            several = plans_back(console, azure, settings, back.undo)
        else:
            several = plans_of(console, azure, settings, selection, rules, table)
        options = as_typed(config, only, rules, table, where.vault, where.access)
        show(console, several, shape.format, azure.sandbox, options)
        if saving.out is not None:
            save(console, azure, several.found, saving.out, where.access)
        elif any(each.changes for each in several.found):
            undo = f"--undo {shlex.quote(str(back.undo))} " if back.undo is not None else ""
            console.next(f"asr-netmap apply {undo}{options}")
    return worst([several.code, _detailed(several) if saving.detailed_exitcode else ExitCode.DONE])


def plans_of(
    console: Console,
    azure: Connection,
    settings: Sequence[Settings],
    selection: Selection,
    rules: PlanRules,
    table: NicTable = NicTable(),  # noqa: B008 -- frozen
) -> Several[Plan]:
    """A plan for each vault and pair of regions, with a NIC table if one is given."""
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    if table.nics is not None:
        return tables.plans_with_table(console, azure, settings, selection, rules, table.nics)
    say = read_progress(console)
    several = each_vault(
        console,
        settings,
        lambda one: api.plan(
            azure,
            one,
            selection=selection,
            retarget_items=rules.retarget_items,
            inventory=api.read(azure, one, progress=say),
        ),
    )
    refuse_empty_selection(several.found)
    return several


def _detailed(several: Several[Plan]) -> ExitCode:
    found = of_plans(several.found)
    if found is ExitCode.DONE and several.not_looked_at:
        return ExitCode.INCOMPLETE
    return found
