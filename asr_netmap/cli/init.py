"""``init``: a first netmap.yaml, from what exists."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect, read_progress
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.cli.options import Config, Where, as_typed
from asr_netmap.files import write_atomically, write_new
from asr_netmap.report.inert import json_text
from asr_netmap.report.page import Tone


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "init", init)


def init(
    console: Console,
    where: Where,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")] = Path(
        "netmap.yaml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
    schema: Annotated[
        bool,
        typer.Option("--schema", help="Print the JSON Schema of netmap.yaml for editors, and end."),
    ] = False,
) -> ExitCode:
    """Write a netmap.yaml that declares what exists.

    Its plan holds what is missing, and nothing else. Nothing is written to Azure.

    \b
    Examples:
      asr-netmap init -g rg-vault --vault-name vault-dr \\
          --source-region eastasia --target-region southeastasia
      asr-netmap init --schema > netmap.schema.json
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it
    from asr_netmap.settings import dump_yaml, settings_schema  # noqa: PLC0415 -- pydantic

    if schema:
        console.data(json_text(settings_schema()))
        return ExitCode.DONE
    wanted = declared(Config(), where.vault)
    with connect(console, where.access) as azure:
        (settings,) = wanted.resolved(azure)
        inventory = api.read(azure, settings, progress=read_progress(console))
        starter = api.starter_settings(inventory, settings.vault, settings.regions)
        console.banner(azure.sandbox)
    text = dump_yaml(starter)
    if force:
        write_atomically(out, text, private=False)
    else:
        write_new(out, text, private=False)
    networks = len(starter.networks or ())
    console.say(f"Written to {out}: {networks} network{'' if networks == 1 else 's'}.")
    for gap in inventory.not_looked_at:
        console.say(f"Not looked at: {gap.what}: {gap.reason}", Tone.WARNING)
    named = shlex.quote(str(out))
    console.next(f"asr-netmap plan --config {named} {as_typed(where.access)}")
    return ExitCode.INCOMPLETE if inventory.not_looked_at else ExitCode.DONE
