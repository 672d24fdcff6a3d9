"""``nics export`` and ``nics import``: every NIC setting as a table that people can edit."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap.cli.choosing import chosen, refuse_empty_choice
from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared, selection_of
from asr_netmap.cli.emitting import marked_document
from asr_netmap.cli.exit_codes import ExitCode, worst
from asr_netmap.cli.options import Config, Format, Only, Out, Shape, Where, as_typed
from asr_netmap.cli.run_options import Writing
from asr_netmap.cli.saving import PlanOut, save, show
from asr_netmap.cli.several import with_vaults_that_failed
from asr_netmap.cli.tables import inventories, plans_of_table
from asr_netmap.cli.writing import Run, carry_out_fresh, consent_of
from asr_netmap.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asr_netmap.models import Inventory
    from asr_netmap.planning.nic_table import Row
    from asr_netmap.planning.selection import Selection
    from asr_netmap.settings import Settings

_VARIABLE = "ASR_NETMAP_FORMAT"


@dataclass(frozen=True, slots=True)
class TableShape:
    """What form the table has."""

    format: Annotated[
        Format,
        typer.Option("--format", envvar=_VARIABLE, help="What the table is: csv or json."),
    ] = Format.CSV

    @property
    def chosen(self) -> Format:
        """CSV or JSON. Raises UsageError for another one that was typed."""
        if self.format in {Format.CSV, Format.JSON}:
            return self.format
        if os.environ.get(_VARIABLE) == self.format.value:
            return Format.CSV  # a variable speaks of other commands
        raise UsageError(
            f"A NIC table is csv or json, not {self.format.value}.",
            "To read it here: asr-netmap nics list",
        )


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table that was edited."""

    table: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A table that `nics export` wrote, in CSV or JSON."),
    ]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group."""
    command(app, "export", export_table)
    command(app, "import", import_table)


def export_table(
    console: Console,
    config: Config,
    only: Only,
    shape: TableShape,
    out: Out,
    where: Where,
) -> ExitCode:
    """Write the NIC table: one row per IP config, to edit and import.

    Edit the columns from target_network on: an empty cell leaves a setting as it is, `dynamic`
    or `none` clears it. The columns before say what is, and where each IP config will be. An
    untouched table changes nothing. Nothing is written to Azure.

    \b
    Examples:
      asr-netmap nics export --config netmap.yaml --out nics.csv
      asr-netmap nics export --config netmap.yaml --only vm=app1,app2 --format json
    """
    from asr_netmap.files import write_atomically  # noqa: PLC0415 -- only where there is output
    from asr_netmap.planning.nic_table import to_csv  # noqa: PLC0415 -- loads pydantic

    form, selection = shape.chosen, selection_of(only.only)
    wanted = declared(config, where.vault)
    with connect(console, where.access) as azure:
        several = inventories(console, azure, wanted.resolved(azure))
        sandbox = azure.sandbox
    refuse_empty_choice([(each, one.regions) for one, each in several.found], selection)
    rows = [row for each in several.found for row in _rows(*each, selection)]
    text = to_csv(rows) if form is Format.CSV else _json(console, rows, sandbox)
    if out.out is not None:
        write_atomically(out.out, text)
        console.say(f"Written to {out.out}: {len(rows)} rows.")
    else:
        console.banner(sandbox)
        # The mark is for spreadsheets that open files; a pipe wants none.
        console.data(text.removeprefix("\ufeff"))
    gaps = [_say_what_has_none(console, *each, selection) for each in several.found]
    if out.out is not None:
        again = as_typed(config, only, where.vault, where.access)
        console.next(f"edit it, then asr-netmap plan --nics {shlex.quote(str(out.out))} {again}")
    return worst([several.code, *gaps])


def import_table(
    console: Console,
    table: TableFile,
    config: Config,
    only: Only,
    shape: Shape,
    out: PlanOut,
    writing: Writing,
    where: Where,
) -> ExitCode:
    """Apply what a NIC table asks for, and nothing else.

    What its cells leave empty stays as it is, whatever any rule says; networks and mappings are
    not touched. A table is carried out as it is written, or not at all: all mistakes are reported
    at once, cells that can't be done among them, and with one nothing is applied.
    Shows the plan and asks before anything is written; with --out it is saved instead. To see
    the table together with the rules: `asr-netmap plan --nics FILE`.

    \b
    Examples:
      asr-netmap nics import nics.csv --config netmap.yaml
      asr-netmap nics import nics.csv --config netmap.yaml --only group=rg-app --yes
      asr-netmap nics import nics.csv --config netmap.yaml --out plan.json
    """
    console.need_somebody_to_ask(writing.consent.yes or out.out is not None)
    selection = selection_of(only.only)
    wanted = declared(config, where.vault)
    name, options = (
        shlex.quote(str(table.table)),
        as_typed(config, only, where.vault, where.access),
    )
    run = Run(
        consent_of(writing.consent),
        writing,
        where.access,
        shape.format,
        again=f"asr-netmap nics import {name} {options}",
        check=f"asr-netmap nics list {options}",
        options=as_typed(config, where.vault, where.access),
    )
    with connect(console, where.access, writes=True) as azure:
        settings = wanted.resolved(azure)
        several = plans_of_table(console, azure, settings, selection, table.table)
        if out.out is not None:
            show(console, several, shape.format, azure.sandbox, run.options)
            save(console, azure, several.found, out.out, where.access)
            return several.code
        code = carry_out_fresh(console, azure, several.found, run, several.not_looked_at)
    return with_vaults_that_failed(code, several.code)


def _rows(settings: Settings, inventory: Inventory, selection: Selection) -> tuple[Row, ...]:
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    taken = {item.vm or item.id for item in chosen(inventory, selection, settings.regions).items}
    rows = api.nic_table(inventory, settings.regions)
    return tuple(row for row in rows if row.vm_id in taken)


def _json(console: Console, rows: Sequence[Row], sandbox: bool) -> str:
    from asr_netmap.planning.nic_table.json_text import (  # noqa: PLC0415 -- loads pydantic
        TABLE_SCHEMA,
        row_document,
        table_text,
    )

    listed = [row_document(row) for row in rows]
    document = marked_document(
        console, {"schema": TABLE_SCHEMA, "sandbox": sandbox, "rows": listed}
    )
    return table_text(document)


def _say_what_has_none(
    console: Console, settings: Settings, inventory: Inventory, selection: Selection
) -> ExitCode:
    """Name the items without rows, and what could not be read."""
    from asr_netmap.planning.nic_table import items_without_rows  # noqa: PLC0415 -- pydantic

    part = chosen(inventory, selection, settings.regions)
    for item, reason in items_without_rows(part, settings.regions):
        console.warn(f"No row for {item.vm_name} yet: {reason}")
    for gap in inventory.not_looked_at:
        console.warn(f"Not looked at: {gap.what}: {gap.reason}")
    return ExitCode.INCOMPLETE if inventory.not_looked_at else ExitCode.DONE
