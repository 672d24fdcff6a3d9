"""``nics explain``: why one VM's NICs will be where they will be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect, read_progress
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared
from asr_netmap.cli.emitting import emit
from asr_netmap.cli.exit_codes import ExitCode, worst
from asr_netmap.cli.options import Config, Out, Shape, Where
from asr_netmap.cli.several import each_vault
from asr_netmap.errors import NotFound

if TYPE_CHECKING:
    from asr_netmap.planning.explanation import Story
    from asr_netmap.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the command to the group."""
    command(app, "explain", explain)


def explain(
    console: Console,
    vm: Annotated[
        str,
        typer.Option(
            "--vm", metavar="VM", help="The VM: name, group/name or ARM id.", show_default=False
        ),
    ],
    config: Config,
    shape: Shape,
    out: Out,
    where: Where,
) -> ExitCode:
    """Tell one VM's story: every rule considered, in the order it was.

    For each IP config, at failover and at test failover: which rules were asked, which one
    decided and why those before it did not, what is set, what the plan would set, and where it
    will be, with the document that says so where it is a prediction. Nothing is written to Azure.

    \b
    Examples:
      asr-netmap nics explain --config netmap.yaml --vm sql1
      asr-netmap nics explain --config netmap.yaml --vm rg-app/app1 --format markdown
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it
    from asr_netmap.report.story_pages import (  # noqa: PLC0415 -- loads pydantic
        story_document,
        story_page,
    )

    wanted = declared(config, where.vault)
    say = read_progress(console)
    with connect(console, where.access) as azure:

        def told(one: Settings) -> Story | NotFound:
            inventory = api.read(azure, one, progress=say)
            try:
                return api.explain(azure, one, vm, inventory=inventory)
            except NotFound as error:
                return error  # another vault may have it

        several = each_vault(console, wanted.resolved(azure), told)
        sandbox = azure.sandbox
    stories = [found for found in several.found if not isinstance(found, NotFound)]
    if not stories:
        raise next(found for found in several.found if isinstance(found, NotFound))
    story = stories[0]
    page = story_page(story, sandbox=sandbox)
    emit(console, shape.format, page, lambda: story_document(story, sandbox=sandbox), out.out)
    unread = bool(story.plan.not_looked_at)
    return worst([several.code, ExitCode.INCOMPLETE if unread else ExitCode.DONE])
