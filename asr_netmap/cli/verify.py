"""``verify``: read back, and say what is not as declared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect, read_progress
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared, selection_of
from asr_netmap.cli.emitting import emit
from asr_netmap.cli.exit_codes import ExitCode, of_findings, worst
from asr_netmap.cli.options import Config, FailOn, Format, Only, Out, Shape, Where
from asr_netmap.cli.several import Several, each_vault, refuse_empty_selection

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.planning.selection import Selection
    from asr_netmap.planning.verification import Verification
    from asr_netmap.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "verify", verify)


def verify(
    console: Console,
    config: Config,
    only: Only,
    shape: Shape,
    out: Out,
    where: Where,
    fail_on: Annotated[
        FailOn,
        typer.Option(
            "--fail-on",
            envvar="ASR_NETMAP_FAIL_ON",
            help="Exit with 3 if there is a finding of that severity or worse.",
        ),
    ] = FailOn.WARNING,
) -> ExitCode:
    """Read back and report what is not as declared.

    Every finding comes with its fix: drift, a missing reverse mapping, address conflicts, VMs
    that are not ready.

    \b
    Examples:
      asr-netmap verify --config netmap.yaml
      asr-netmap verify --config netmap.yaml --fail-on error --format markdown
    """
    selection = selection_of(only.only)
    wanted = declared(config, where.vault)
    with connect(console, where.access) as azure:
        several = verifications_of(console, azure, wanted.resolved(azure), selection)
        show_verifications(console, several, shape.format, out, azure.sandbox)
    return code_of(several, fail_on)


def verifications_of(
    console: Console, azure: Connection, settings: Sequence[Settings], selection: Selection
) -> Several[Verification]:
    """What is found in each vault and pair of regions. Raises NotFound for an empty selection."""
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    say = read_progress(console)
    several = each_vault(
        console,
        settings,
        lambda one: api.verify(
            azure, one, selection=selection, inventory=api.read(azure, one, progress=say)
        ),
    )
    refuse_empty_selection([each.plan for each in several.found])
    return several


def show_verifications(
    console: Console, several: Several[Verification], form: Format, out: Out, sandbox: bool
) -> None:
    """The findings are the output."""
    from asr_netmap.report.documents import verify_document  # noqa: PLC0415 -- loads pydantic
    from asr_netmap.report.page import joined  # noqa: PLC0415 -- only where there is output
    from asr_netmap.report.plan_pages import verify_page  # noqa: PLC0415 -- loads pydantic

    page = joined(tuple(verify_page(each, sandbox=sandbox) for each in several.found))
    gaps = several.not_looked_at
    emit(
        console,
        form,
        page,
        lambda: verify_document(several.found, sandbox=sandbox, not_looked_at=gaps),
        out.out,
    )


def code_of(several: Several[Verification], fail_on: FailOn) -> ExitCode:
    """The exit code of what was found in all vaults together."""
    return worst([several.code, *(_code(each, fail_on) for each in several.found)])


def _code(verification: Verification, fail_on: FailOn) -> ExitCode:
    from asr_netmap.planning.plan import Severity  # noqa: PLC0415 -- loads pydantic

    severity = None if fail_on is FailOn.NEVER else Severity(fail_on.value)
    return of_findings(verification.findings, verification.not_looked_at, severity)
