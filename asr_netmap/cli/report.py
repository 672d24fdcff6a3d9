"""``report``: one page with all of it: the map, findings, every address, and the plan."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap import __version__
from asr_netmap.cli.apply import refuse_another_vault
from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect, read_progress
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared, selection_of
from asr_netmap.cli.exit_codes import ExitCode, of_findings, worst
from asr_netmap.cli.options import Config, Only, Where, as_typed
from asr_netmap.cli.run_options import FailOn
from asr_netmap.cli.several import Several, each_vault, refuse_empty_selection
from asr_netmap.errors import ForeignPlan, UsageError
from asr_netmap.files import write_atomically

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.plan_file import SavedPlan
    from asr_netmap.planning.picture.picture import Picture
    from asr_netmap.planning.plan import Plan
    from asr_netmap.settings import Settings


class ReportFormat(str, Enum):
    """What the report is written as."""

    HTML = "html"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class ReportShape:
    """What form the report has, and where it goes."""

    # Without a variable: ASR_NETMAP_FORMAT means what all other commands write.
    format: Annotated[
        ReportFormat | None,
        typer.Option(
            "--format",
            show_default=False,
            help="A page for a browser, or Markdown; else as --out ends: .md is Markdown.",
        ),
    ] = None
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the report to this file instead."),
    ] = None

    @property
    def form(self) -> ReportFormat:
        """The format that is asked for, by its name or by the file's."""
        if self.format is not None:
            return self.format
        ends = self.out.suffix.lower() if self.out is not None else ""
        return ReportFormat.MARKDOWN if ends in {".md", ".markdown"} else ReportFormat.HTML


@dataclass(frozen=True, slots=True)
class Told:
    """What is told beside what is there now."""

    plan_file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PLAN.json]",
            show_default=False,
            help="A saved plan: what it would change is shown.",
        ),
    ] = None
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal",
            metavar="FILE",
            help="The journal of a run of apply: what became of it is shown.",
        ),
    ] = None


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "report", report)


def report(
    console: Console,
    told: Told,
    config: Config,
    only: Only,
    shape: ReportShape,
    where: Where,
    fail_on: Annotated[
        FailOn,
        typer.Option("--fail-on", help="Exit with 3 if there is a finding of that severity."),
    ] = FailOn.NEVER,
) -> ExitCode:
    """Write one page with the map, findings, and every address.

    It reads as `verify` does, and draws both regions with their networks, how full they are and
    which mappings are there or missing; below stand the findings with their fixes, where every
    IP config will be and why, what the plan would change, and what was not looked at. The page
    is one file that loads nothing: it can be mailed, printed, and read offline. Nothing is
    written to Azure.

    \b
    Examples:
      asr-netmap report --config netmap.yaml --out report.html
      asr-netmap report plan.json --out review.html
      asr-netmap report --config netmap.yaml --journal run.jsonl --out after.html
      asr-netmap report --config netmap.yaml --format markdown --fail-on error
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    if shape.out is None and shape.form is ReportFormat.HTML and sys.stdout.isatty():
        raise UsageError("A page is no sight on a terminal.", "Add --out report.html.")
    selection = selection_of(only.only)
    say = read_progress(console)
    saved = api.load_plan(told.plan_file) if told.plan_file is not None else None
    with connect(console, where.access) as azure:
        proposals = _proposals(azure, saved, config, where)

        def picture(settings: Settings, proposal: Plan | None) -> Picture:
            return api.picture(
                azure,
                settings,
                selection=selection,
                proposal=proposal,
                plan_file=told.plan_file.name if told.plan_file is not None else "",
                journal=told.journal,
                progress=say,
            )

        by_settings = {id(settings): proposal for settings, proposal in proposals}
        several = each_vault(
            console,
            [settings for settings, _ in proposals],
            lambda one: picture(one, by_settings[id(one)]),
        )
        refuse_empty_selection([each.verification.plan for each in several.found])
        options = as_typed(config, only, where.vault, where.access)
        _write(console, several, shape, options, sandbox=azure.sandbox)
    return worst([several.code, *(_code(each, fail_on) for each in several.found)])


def _proposals(
    azure: Connection, saved: SavedPlan | None, config: Config, where: Where
) -> Sequence[tuple[Settings, Plan | None]]:
    """The settings of each vault, with the plan of the file for it, if there is a file."""
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    if saved is None:
        return [(one, None) for one in declared(config, where.vault).resolved(azure)]
    refuse_another_vault(where.vault, saved.plans)
    if not config.config:
        return [(api.settings_of(plan), plan) for plan in saved.plans]
    given = declared(config, where.vault).resolved(azure)
    return [(_settings_for(plan, given), plan) for plan in saved.plans]


def _settings_for(plan: Plan, given: Sequence[Settings]) -> Settings:
    for one in given:
        if (one.vault.id, one.regions) == (plan.scope.vault, plan.scope.regions):
            return one
    raise ForeignPlan(
        f"The plan was made for {plan.scope.vault}, which --config does not declare.",
        "Leave --config out, or name the file that the plan was made from.",
    )


def _write(
    console: Console,
    several: Several[Picture],
    shape: ReportShape,
    options: str,
    *,
    sandbox: bool,
) -> None:
    text = _text(console, several, shape.form, options, sandbox=sandbox)
    console.banner(sandbox)
    if shape.out is None:
        console.data(text)
        return
    write_atomically(shape.out, text)
    how = ": open it in a browser" if shape.form is ReportFormat.HTML else ""
    console.say(f"Written to {shape.out}{how}.")


def _text(
    console: Console,
    several: Several[Picture],
    form: ReportFormat,
    options: str,
    *,
    sandbox: bool,
) -> str:
    from asr_netmap.report.html.page import Telling, report_html  # noqa: PLC0415 -- loads pydantic
    from asr_netmap.report.markdown import markdown  # noqa: PLC0415 -- only where it is asked for
    from asr_netmap.report.page import joined  # noqa: PLC0415 -- the same
    from asr_netmap.report.picture_pages import picture_page  # noqa: PLC0415 -- loads pydantic

    if form is ReportFormat.MARKDOWN:
        page = joined(tuple(picture_page(each, sandbox=sandbox) for each in several.found))
        return markdown(console.marked(page))
    cassette = console.cassette.banner if console.cassette else ""
    telling = Telling(__version__, options, sandbox, cassette, several.not_looked_at)
    return report_html(several.found, telling)


def _code(picture: Picture, fail_on: FailOn) -> ExitCode:
    from asr_netmap.planning.plan import Severity  # noqa: PLC0415 -- loads pydantic

    severity = None if fail_on is FailOn.NEVER else Severity(fail_on.value)
    return of_findings(picture.findings, picture.not_looked_at, severity)
