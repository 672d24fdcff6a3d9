"""``nics``: the network interfaces of the replicated items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from asr_netmap.cli import nic_setting, nic_story, nic_tables
from asr_netmap.cli.choosing import chosen
from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect, read_progress
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared, selection_of
from asr_netmap.cli.emitting import emit
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.cli.options import Config, Only, Out, Shape, Where
from asr_netmap.cli.program import group
from asr_netmap.cli.several import each_vault

if TYPE_CHECKING:
    from asr_netmap.models import Inventory, RegionPair
    from asr_netmap.planning.nic_table.rows import Effective
    from asr_netmap.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the group with its commands."""
    nics = group("Show and set the NICs of replicated items.")
    command(nics, "list", list_nics)
    for module in (nic_tables, nic_setting, nic_story):
        module.add_to(nics)
    app.add_typer(nics, name="nics")


def list_nics(
    console: Console,
    config: Config,
    only: Only,
    shape: Shape,
    out: Out,
    where: Where,
) -> ExitCode:
    """List every replicated NIC with where it will be after a failover.

    One row per IP config, with its source address, and where it will be at failover and at test
    failover: by what is set, else by the documented rules, and then it says "predicted". The
    table is short; JSON and CSV have every column, what is set apart from what is expected.
    Nothing is written to Azure.

    \b
    Examples:
      asr-netmap nics list --config netmap.yaml
      asr-netmap nics list --config netmap.yaml --only vm=app1,app2 --format csv --out nics.csv
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it
    from asr_netmap.planning.effective_text import effective_texts  # noqa: PLC0415 -- the same
    from asr_netmap.report.documents import nics_document  # noqa: PLC0415 -- loads pydantic
    from asr_netmap.report.inventory_pages import nics_page  # noqa: PLC0415 -- the same
    from asr_netmap.report.page import joined  # noqa: PLC0415 -- only where there is output
    from asr_netmap.rules.effective import Outlook  # noqa: PLC0415 -- loads pydantic
    from asr_netmap.rules.readiness import not_ready  # noqa: PLC0415 -- loads pydantic

    selection = selection_of(only.only)
    wanted = declared(config, where.vault)
    say = read_progress(console)
    with connect(console, where.access) as azure:

        def looked_at(one: Settings) -> tuple[Inventory, RegionPair, Effective]:
            inventory = api.read(azure, one, progress=say)
            # Others' addresses count, too, whatever part is shown.
            return chosen(inventory, selection), one.regions, effective_texts(Outlook(inventory))

        several = each_vault(console, wanted.resolved(azure), looked_at)
        sandbox = azure.sandbox
    pages = [nics_page(*each[:2], not_ready, each[2], sandbox=sandbox) for each in several.found]
    emit(
        console,
        shape.format,
        joined(tuple(pages)),
        lambda: nics_document(
            several.found, not_ready, sandbox=sandbox, not_looked_at=several.not_looked_at
        ),
        out.out,
    )
    return several.code
