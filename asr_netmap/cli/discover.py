"""``discover``: what is there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import typer

from asr_netmap.cli.choosing import chosen, refuse_empty_choice
from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect, read_progress
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared, selection_of, vault_named
from asr_netmap.cli.emitting import emit
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.cli.options import Config, Only, Out, Shape, Vault, Where
from asr_netmap.cli.several import Several, each_vault
from asr_netmap.errors import UsageError
from asr_netmap.models import Inventory, RegionPair, region_key

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.planning.selection import Selection
    from asr_netmap.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "discover", discover)


def discover(
    console: Console,
    config: Config,
    only: Only,
    shape: Shape,
    out: Out,
    where: Where,
) -> ExitCode:
    """Show networks, subnets, mappings and replicated items.

    Without a vault: the networks of a subscription. Nothing is written to Azure.

    \b
    Examples:
      asr-netmap discover --sandbox demo --config netmap.yaml
      asr-netmap discover -g rg-vault --vault-name vault-dr \\
          --source-region eastasia --target-region "Southeast Asia"
      asr-netmap discover --subscription production --format json
    """
    from asr_netmap.report.inventory_pages import discover_page  # noqa: PLC0415 -- help needs none
    from asr_netmap.report.page import joined  # noqa: PLC0415 -- only where there is output
    from asr_netmap.rules.readiness import not_ready  # noqa: PLC0415 -- loads pydantic

    selection = selection_of(only.only)
    with connect(console, where.access) as azure:
        several = _read(console, azure, config, where.vault, selection)
        sandbox = azure.sandbox
    refuse_empty_choice(several.found, selection, networks=True)
    found = [
        (chosen(inventory, selection, regions), regions) for inventory, regions in several.found
    ]
    pages = [discover_page(each, regions, not_ready, sandbox=sandbox) for each, regions in found]

    def document() -> dict[str, Any]:
        from asr_netmap.report.documents import (  # noqa: PLC0415 -- loads what plans are made of
            discover_document,
        )

        gaps = several.not_looked_at
        return discover_document(found, not_ready, sandbox=sandbox, not_looked_at=gaps)

    emit(console, shape.format, joined(tuple(pages)), document, out.out)
    return several.code


def _read(
    console: Console, azure: Connection, config: Config, vault: Vault, selection: Selection
) -> Several[tuple[Inventory, RegionPair | None]]:
    from asr_netmap import reading  # noqa: PLC0415 -- help needs none of it

    say = read_progress(console)
    if config.config or vault_named(vault):
        settings = declared(config, vault).resolved(azure)

        # Which part belongs together is found by machines and their NICs, too.
        look = reading.read_to_show if selection.everything else reading.read

        def shown(one: Settings) -> tuple[Inventory, RegionPair]:
            return look(azure, one, progress=say), one.regions

        return each_vault(console, settings, shown)
    named = vault.subscription or os.environ.get("AZURE_SUBSCRIPTION_ID")
    subscription = azure.resolve_subscription(named or None).id
    regions = _regions(vault)
    inventory = reading.read_networks(azure, [subscription], regions, progress=say)
    return Several(((inventory, regions),), (), ExitCode.DONE)


def _regions(vault: Vault) -> RegionPair | None:
    if not vault.source_region and not vault.target_region:
        return None
    if not vault.source_region or not vault.target_region:
        raise UsageError(
            "One region is given, and a pair is needed.",
            "Give both --source-region and --target-region, or neither for all regions.",
        )
    return RegionPair(region_key(vault.source_region), region_key(vault.target_region))
