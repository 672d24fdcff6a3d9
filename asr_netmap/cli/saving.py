"""Plans that are shown or saved, and not carried out."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap.cli.console import Console
from asr_netmap.cli.emitting import emit
from asr_netmap.cli.options import Access, Format, as_typed
from asr_netmap.cli.several import Several

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class PlanOut:
    """A plan that is to be reviewed first."""

    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="PLAN.json",
            help="Save the plan, for review and `apply PLAN.json`, and write nothing to Azure.",
        ),
    ] = None


def show(
    console: Console, several: Several[Plan], form: Format, sandbox: bool, options: str
) -> None:
    """The plans are the output.

    options -- what a command of ours that a finding suggests needs to be run as it stands.
    """
    from asr_netmap.json_pieces import rows_of  # noqa: PLC0415 -- only where there is output
    from asr_netmap.planning.commands import runnable_plan  # noqa: PLC0415 -- the same
    from asr_netmap.report.documents import plan_document  # noqa: PLC0415 -- loads pydantic
    from asr_netmap.report.page import joined  # noqa: PLC0415 -- only where there is output
    from asr_netmap.report.plan_markdown import plan_markdown  # noqa: PLC0415 -- loads pydantic
    from asr_netmap.report.plan_pages import plan_page  # noqa: PLC0415 -- the same

    plans = tuple(runnable_plan(each, options) for each in several.found)
    page = joined(tuple(plan_page(each, sandbox=sandbox) for each in plans))
    gaps = several.not_looked_at
    emit(
        console,
        form,
        page,
        lambda: plan_document(plans, sandbox=sandbox, not_looked_at=gaps, listed=rows_of),
        as_markdown=lambda page: plan_markdown(plans, banner=page.banner, not_looked_at=gaps),
    )


def save(
    console: Console, azure: Connection, plans: Sequence[Plan], path: Path, access: Access
) -> None:
    """Write the plan file, and say how it is applied. Raises FileError."""
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    digest = api.save_plan(plans, path, now=azure.clock.now())
    name, options = shlex.quote(str(path)), as_typed(access)
    console.say(f"Saved to {path}, valid for 7 days, SHA-256 {digest}")
    console.next(f"asr-netmap apply {name} --expect-sha256 {digest} {options}")
