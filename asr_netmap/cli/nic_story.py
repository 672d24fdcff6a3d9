"""``nics explain``: why one VM's NICs will be where they will be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared
from asr_netmap.cli.emitting import emit
from asr_netmap.cli.exit_codes import ExitCode, worst
from asr_netmap.cli.nic_setting import vault_of
from asr_netmap.cli.options import Config, Out, Shape, Where
from asr_netmap.cli.run_options import NicTable, PlanRules
from asr_netmap.cli.tables import inventories, read_rows


@dataclass(frozen=True, slots=True)
class Vm:
    """Whose story it is."""

    vm: Annotated[
        str,
        typer.Option(
            "--vm", metavar="VM", help="The VM: name, group/name or ARM id.", show_default=False
        ),
    ]


def add_to(app: typer.Typer) -> None:
    """Add the command to the group."""
    command(app, "explain", explain)


def explain(
    console: Console,
    vm: Vm,
    config: Config,
    shape: Shape,
    out: Out,
    rules: PlanRules,
    table: NicTable,
    where: Where,
) -> ExitCode:
    """Tell one VM's story: every rule considered, in the order it was.

    How its networks came about and, for each IP config, at failover and at test failover: which
    rules were asked, which one decided and why those before it did not, what is set, what the
    plan would set, and where it will be, with the document that says so where it is a prediction.
    With the options of `plan`, it is the story of that plan. Nothing is written to Azure.

    \b
    Examples:
      asr-netmap nics explain --config netmap.yaml --vm sql1
      asr-netmap nics explain --config netmap.yaml --vm rg-app/app1 --format markdown
      asr-netmap nics explain --config netmap.yaml --vm sql2 --enforce
      asr-netmap nics explain --config netmap.yaml --vm app1 --nics nics.csv
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it
    from asr_netmap.report.story_pages import (  # noqa: PLC0415 -- loads pydantic
        story_document,
        story_page,
    )

    wanted = declared(config, where.vault, rules)
    with connect(console, where.access) as azure:
        several = inventories(console, azure, wanted.resolved(azure))
        rows = read_rows(table.nics, several) if table.nics is not None else ()
        settings, inventory = vault_of(vm.vm, several)
        story = api.explain(
            azure,
            settings,
            vm.vm,
            rows=rows,
            retarget_items=rules.retarget_items,
            inventory=inventory,
        )
        sandbox = azure.sandbox
    page = story_page(story, sandbox=sandbox)
    emit(console, shape.format, page, lambda: story_document(story, sandbox=sandbox), out.out)
    unread = bool(story.plan.not_looked_at)
    return worst([several.code, ExitCode.INCOMPLETE if unread else ExitCode.DONE])
