"""``snapshot``: a copy of the estate, to rehearse on."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared
from asr_netmap.cli.exit_codes import ExitCode, worst
from asr_netmap.cli.options import Config, Out, Where, as_typed
from asr_netmap.cli.several import each_vault
from asr_netmap.files import write_new
from asr_netmap.report.inert import json_lines
from asr_netmap.report.page import Tone


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "snapshot", snapshot)


def snapshot(console: Console, config: Config, out: Out, where: Where) -> ExitCode:
    """Copy the estate into a file, to rehearse on.

    Reads only. It is always the whole vault with all around it, so there is no --only: a part could
    not be rehearsed on, since addresses and mappings of the others count, too. The file holds ids,
    addresses and tags of your resources, and only its owner can read it.

    \b
    Examples:
      asr-netmap snapshot --config netmap.yaml --out estate.json
      asr-netmap apply --config netmap.yaml --sandbox estate.json
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    wanted = declared(config, where.vault)
    with connect(console, where.access) as azure:
        console.banner(azure.sandbox)
        several = each_vault(console, wanted.resolved(azure), lambda one: api.snapshot(azure, one))
    document = merged(document for document, _ in several.found)
    if out.out is None:
        console.data(json_lines(document))
    else:
        write_new(out.out, json_lines(document))
        console.say(f"{len(document['resources'])} resources copied to {out.out}.")
        options = as_typed(config, where.vault)
        console.say(f"Next: asr-netmap plan {options} --sandbox {shlex.quote(str(out.out))}")
    gaps = [gap for _, inventory in several.found for gap in inventory.not_looked_at]
    for gap in gaps:
        console.say(f"Not in the copy: {gap.what}: {gap.reason}", Tone.WARNING)
    return worst([several.code, ExitCode.INCOMPLETE if gaps else ExitCode.DONE])


def merged(documents: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Several estates as one; a resource that is in more than one comes once."""
    result: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    for document in documents:
        result = {**document, **result}
        for resource in document["resources"]:
            resources.setdefault(str(resource["id"]).lower(), resource)
    return {**result, "resources": list(resources.values())}
