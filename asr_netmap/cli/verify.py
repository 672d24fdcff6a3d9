"""``verify``: read back, and say what is not as declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect, read_progress
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared, selection_of
from asr_netmap.cli.emitting import emit, emit_text
from asr_netmap.cli.exit_codes import ExitCode, of_findings, worst
from asr_netmap.cli.options import Config, Format, Only, Out, Where, as_typed
from asr_netmap.cli.run_options import FailOn, VerifyFormat, VerifyShape
from asr_netmap.cli.several import Several, each_vault, refuse_empty_selection

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.planning.plan import Severity
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
    shape: VerifyShape,
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
    drill: Annotated[
        bool,
        typer.Option(
            "--drill",
            help="Compare the NICs of running test failovers with what was predicted; exit with 3 "
            "if one differs.",
        ),
    ] = False,
) -> ExitCode:
    """Read back and report what is not as declared.

    Every finding comes with its fix: drift, a missing reverse mapping, address conflicts, what is
    missing around the target networks, failovers that are not finished. For every VM it says
    whether it can fail over to the right place now.

    \b
    Examples:
      asr-netmap verify --config netmap.yaml
      asr-netmap verify --config netmap.yaml --fail-on error --format markdown
      asr-netmap verify --config netmap.yaml --format junit --out verify.xml
      asr-netmap verify --config netmap.yaml --drill --format json
    """
    selection = selection_of(only.only)
    wanted = declared(config, where.vault)
    with connect(console, where.access) as azure:
        several = verifications_of(console, azure, wanted.resolved(azure), selection, drill=drill)
        options = as_typed(config, only, where.vault, where.access)
        found = tuple(each.runnable(options) for each in several.found)
        several = replace(several, found=found)
        if shape.format is VerifyFormat.JUNIT:
            text = _junit(console, several, fail_on, azure.sandbox)
            emit_text(console, text, azure.sandbox, out.out)
        else:
            form = Format(shape.format.value)
            show_verifications(console, several, form, out, azure.sandbox)
    if drill and not any(each.drill for each in several.found):
        console.say("No item is in a test failover: there was nothing to compare.")
    return code_of(several, fail_on)


def verifications_of(
    console: Console,
    azure: Connection,
    settings: Sequence[Settings],
    selection: Selection,
    *,
    drill: bool = False,
) -> Several[Verification]:
    """What is found in each vault and pair of regions. Raises NotFound for an empty selection."""
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    say = read_progress(console)
    several = each_vault(
        console,
        settings,
        lambda one: api.verify(azure, one, selection=selection, drill=drill, progress=say),
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


def _junit(console: Console, several: Several[Verification], fail_on: FailOn, sandbox: bool) -> str:
    from asr_netmap.report.junit import junit_xml  # noqa: PLC0415 -- only where it is asked for

    least = _least(fail_on)
    return junit_xml(
        several.found,
        lambda finding: least is not None and finding.severity.rank <= least.rank,
        sandbox=sandbox,
        cassette=console.cassette.name if console.cassette else "",
        not_looked_at=several.not_looked_at,
    )


def _least(fail_on: FailOn) -> Severity | None:
    from asr_netmap.planning.plan import Severity  # noqa: PLC0415 -- loads pydantic

    return None if fail_on is FailOn.NEVER else Severity(fail_on.value)


def _code(verification: Verification, fail_on: FailOn) -> ExitCode:
    """Findings by `--fail-on`; a test failover that differs fails whatever that says."""
    code = of_findings(verification.findings, verification.not_looked_at, _least(fail_on))
    differs = any(not check.passed for check in verification.drill)
    return worst([code, ExitCode.CHANGES]) if differs else code
