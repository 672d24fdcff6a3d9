"""``nics``: the network interfaces of the replicated items."""

from __future__ import annotations

import typer

from asr_netmap.cli import nic_setting, nic_story, nic_tables
from asr_netmap.cli.choosing import chosen, refuse_empty_choice
from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared, selection_of
from asr_netmap.cli.emitting import emit
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.cli.options import Config, Only, Out, Shape, Where
from asr_netmap.cli.program import group
from asr_netmap.cli.tables import inventories


def add_to(app: typer.Typer) -> None:
    """Add the group with its commands."""
    nics = group(
        "Show and set the NICs of replicated items.",
        "asr-netmap nics list --config netmap.yaml",
        "asr-netmap nics explain --config netmap.yaml --vm app1",
        "asr-netmap nics export --config netmap.yaml --out nics.csv",
    )
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
    from asr_netmap.json_pieces import rows_of  # noqa: PLC0415 -- only where there is output
    from asr_netmap.planning.effective_text import effective_texts  # noqa: PLC0415 -- the same
    from asr_netmap.report.documents import nics_document  # noqa: PLC0415 -- loads pydantic
    from asr_netmap.report.nics_page import nics_page  # noqa: PLC0415 -- the same
    from asr_netmap.report.page import joined  # noqa: PLC0415 -- only where there is output
    from asr_netmap.rules.effective import Outlook  # noqa: PLC0415 -- loads pydantic
    from asr_netmap.rules.readiness import not_ready  # noqa: PLC0415 -- loads pydantic

    selection = selection_of(only.only)
    wanted = declared(config, where.vault)
    with connect(console, where.access) as azure:
        several = inventories(console, azure, wanted.resolved(azure))
        sandbox = azure.sandbox
    refuse_empty_choice([(each, one.regions) for one, each in several.found], selection)
    found = [
        # Others' addresses count, too, whatever part is shown.
        (chosen(each, selection, one.regions), one.regions, effective_texts(Outlook(each)))
        for one, each in several.found
    ]
    pages = [nics_page(*each[:2], not_ready, each[2], sandbox=sandbox) for each in found]
    emit(
        console,
        shape.format,
        joined(tuple(pages)),
        lambda: nics_document(
            found,
            not_ready,
            sandbox=sandbox,
            not_looked_at=several.not_looked_at,
            listed=rows_of,
        ),
        out.out,
    )
    return several.code
