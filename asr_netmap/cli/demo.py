"""``demo``: the whole story on a copy of the built-in estate, without Azure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.console import Console
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.cli.progress import observing
from asr_netmap.report.page import Block, Note, Page, Table, Tone

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.models import Inventory
    from asr_netmap.planning.plan import Plan
    from asr_netmap.settings import Settings

_TO_TRY = (
    "asr-netmap sandbox new estate.json",
    "asr-netmap init --sandbox estate.json -g rg-vault --vault-name vault-dr "
    "--source-region eastasia --target-region southeastasia",
    "asr-netmap plan --sandbox estate.json --config netmap.yaml",
    "asr-netmap apply --sandbox estate.json --config netmap.yaml",
    "asr-netmap verify --sandbox estate.json --config netmap.yaml",
)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "demo", demo)


def demo(console: Console) -> ExitCode:
    """Tell the whole story in five acts, no Azure needed.

    It works on a built-in estate in this process, which is kept nowhere.

    \b
    Example:
      asr-netmap demo
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    with api.open_sandbox("demo") as azure:
        settings = _settings()
        inventory = api.read(azure, settings)
        _what_is_there(console, inventory, settings)
        _what_is_missing(console, azure, settings, inventory)
        proposal = api.plan(azure, settings, inventory=inventory)
        _the_plan(console, proposal)
        _the_apply(console, azure, proposal)
        _the_second_plan(console, azure, settings)
    _ending(console)
    return ExitCode.DONE


def _settings() -> Settings:
    from asr_netmap.sandbox.demo_estate import (  # noqa: PLC0415 -- only here
        SOURCE,
        SUBSCRIPTION,
        TARGET,
        VAULT_GROUP,
        VAULT_NAME,
    )
    from asr_netmap.settings import Overrides, settings_from_options  # noqa: PLC0415 -- pydantic

    return settings_from_options(
        Overrides(
            subscription=SUBSCRIPTION,
            resource_group=VAULT_GROUP,
            vault_name=VAULT_NAME,
            source_region=SOURCE,
            target_region=TARGET,
        )
    )


def _what_is_there(console: Console, inventory: Inventory, settings: Settings) -> None:
    from asr_netmap.report.inventory_pages import (  # noqa: PLC0415 -- loads pydantic
        items_table,
        mappings_table,
        networks_table,
    )
    from asr_netmap.rules.readiness import not_ready  # noqa: PLC0415 -- the same

    pair = settings.regions
    _act(
        console,
        "Act 1: what is there",
        (
            f"A vault protects VMs of {pair.source} into {pair.target}.",
            networks_table(inventory, pair),
            mappings_table(inventory, pair),
            items_table(inventory.items, pair, not_ready),
        ),
        sandbox=True,
    )


def _what_is_missing(
    console: Console, azure: Connection, settings: Settings, inventory: Inventory
) -> None:
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it
    from asr_netmap.report.plan_pages import verify_summary  # noqa: PLC0415 -- loads pydantic

    verification = api.verify(azure, settings, inventory=inventory)
    summary = verify_summary(verification)
    rows = tuple((f.severity.value, f.code, f.title) for f in verification.findings)
    table = Table("", ("severity", "finding", "where"), rows)
    _act(console, "Act 2: what is missing, as `verify` finds it", (table, summary))


def _the_plan(console: Console, proposal: Plan) -> None:
    from asr_netmap.report.plan_pages import (  # noqa: PLC0415 -- loads pydantic
        changes_blocks,
        pending_blocks,
        plan_summary,
    )

    changes, waiting = changes_blocks(proposal.changes), pending_blocks(proposal.pending)
    summary = plan_summary(proposal)
    _act(console, "Act 3: the plan, with its reasons", (*changes, *waiting, summary))


def _the_apply(console: Console, azure: Connection, proposal: Plan) -> None:
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it
    from asr_netmap.report.plan_pages import outcomes_table, result_summary  # noqa: PLC0415 -- same

    before = azure.requests_sent
    with observing(console, ()) as observer:
        result = api.apply(azure, proposal, observer=observer)
    table = outcomes_table(proposal, result)
    rows = tuple((row[1], row[2], row[3], row[4], row[6]) for row in table.rows)
    outcomes = Table("", ("status", "kind", "action", "what", "code"), rows, table.tones)
    sent = f"{azure.requests_sent - before} requests; every change was read back."
    _act(console, "Act 4: the apply", (outcomes, result_summary([(proposal, result)]), sent))


def _the_second_plan(console: Console, azure: Connection, settings: Settings) -> None:
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it
    from asr_netmap.report.plan_pages import (  # noqa: PLC0415 -- loads pydantic
        changes_blocks,
        pending_blocks,
        plan_summary,
    )

    again = api.plan(azure, settings)
    blocks = (*changes_blocks(again.changes), *pending_blocks(again.pending))
    said = "Nothing is left to do but what Site Recovery is not ready for." if again.empty else ""
    _act(
        console,
        "Act 5: the second plan",
        (*blocks, plan_summary(again), *((said,) if said else ())),
    )


def _ending(console: Console) -> None:
    lines = ("Try it yourself; the estate is kept in a file:", *(f"  {line}" for line in _TO_TRY))
    console.show(Page("", (Note(lines, Tone.CHANGE),)))


def _act(
    console: Console, title: str, told: tuple[Block | str, ...], *, sandbox: bool = False
) -> None:
    blocks = tuple(Note((each,)) if isinstance(each, str) else each for each in told)
    console.show(Page(title, blocks, sandbox))
    console.data("\n")
