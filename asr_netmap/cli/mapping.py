"""``map`` and ``unmap``: one pair of networks, without a configuration file."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect, read_progress
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared, selection_of
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.cli.options import Config, Only, Shape, Where, as_typed
from asr_netmap.cli.plan import plans_of
from asr_netmap.cli.run_options import PlanRules, Removing, Writing
from asr_netmap.cli.several import refuse_empty_selection
from asr_netmap.cli.writing import Run, carry_out_fresh, consent_of
from asr_netmap.errors import UsageError

if TYPE_CHECKING:
    from asr_netmap.planning.selection import Selection

_NETWORK = "name, group/name or ARM id"


@dataclass(frozen=True, slots=True)
class Pair:
    """The two networks."""

    source_vnet: Annotated[
        str,
        typer.Option(
            "--source-vnet",
            metavar="NETWORK",
            help=f"Source network: {_NETWORK}.",
            show_default=False,
        ),
    ]
    target_vnet: Annotated[
        str | None,
        typer.Option(
            "--target-vnet",
            metavar="NETWORK",
            help=f"Target network: {_NETWORK}; left out: the one in use, else <source>-asr, "
            "which is created.",
            show_default=False,
        ),
    ] = None

    @property
    def settings(self) -> dict[str, object]:
        """As an entry of ``networks`` in a file."""
        given = {"source": self.source_vnet, "target": self.target_vnet}
        return {key: text for key, text in given.items() if text is not None}

    @property
    def spelled(self) -> dict[tuple[str | int, ...], str]:
        """The options' names, by their places in settings with this entry."""
        return {
            ("networks", 0, "source"): "--source-vnet",
            ("networks", 0, "target"): "--target-vnet",
        }

    @property
    def typed(self) -> str:
        """As it would be typed."""
        texts = {"--source-vnet": self.source_vnet, "--target-vnet": self.target_vnet}
        return " ".join(f"{name} {shlex.quote(text)}" for name, text in texts.items() if text)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "map", map_networks)
    command(app, "unmap", unmap_networks)


def map_networks(
    console: Console,
    pair: Pair,
    only: Only,
    shape: Shape,
    rules: PlanRules,
    writing: Writing,
    where: Where,
) -> ExitCode:
    """Map two networks in both directions, without a file.

    Sets the NICs of the items in them, too; with --only, of the VMs that it picks. Shows the plan
    and asks before anything is written.

    \b
    Examples:
      asr-netmap map --source-vnet vnet-app --target-vnet vnet-app-dr \\
          -g rg-vault --vault-name vault-dr \\
          --source-region eastasia --target-region southeastasia
      asr-netmap map --source-vnet rg-app/vnet-app --vault-id /subscriptions/... \\
          --source-region eastasia --target-region southeastasia --yes
    """
    selection = replace(_vms_of(only), networks=(pair.source_vnet,))
    wanted = declared(Config(), where.vault, rules, [pair.settings], spelled=pair.spelled)
    run = _run("map", pair, only, shape, writing, where)
    with connect(console, where.access, writes=True) as azure:
        several = plans_of(console, azure, wanted.resolved(azure), selection, rules)
        return carry_out_fresh(console, azure, several.found, run)


def unmap_networks(
    console: Console,
    pair: Pair,
    only: Only,
    shape: Shape,
    removing: Removing,
    where: Where,
) -> ExitCode:
    """Remove both mappings between two networks.

    Networks and NIC settings stay as they are, and the items that use them are listed: with
    --only, those that it picks. The mappings are of the whole networks, so they go for all. Shows
    the plan and asks before anything is written.

    \b
    Examples:
      asr-netmap unmap --source-vnet vnet-app --vault-id /subscriptions/... \\
          --source-region eastasia --target-region southeastasia
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    selection = _vms_of(only)
    wanted = declared(Config(), where.vault, None, [pair.settings], spelled=pair.spelled)
    run = _run("unmap", pair, only, shape, removing.writing, where)
    with connect(console, where.access, writes=True) as azure:
        (settings,) = wanted.resolved(azure)
        inventory = api.read(azure, settings, progress=read_progress(console))
        plan = api.plan_removal(azure, settings, selection=selection, inventory=inventory)
        refuse_empty_selection((plan,))
        return carry_out_fresh(console, azure, (plan,), run)


def _vms_of(only: Only) -> Selection:
    """The VMs that are picked. Raises UsageError for networks, which the pair names."""
    picked = selection_of(only.only)
    if picked.networks:
        raise UsageError(
            "--only network=… has no meaning here: --source-vnet says which network it is.",
            "Pick VMs: vm=…, group=… or tag=….",
        )
    return picked


def _run(name: str, pair: Pair, only: Only, shape: Shape, writing: Writing, where: Where) -> Run:
    options = as_typed(only, where.vault, where.access)
    return Run(
        consent_of(writing.consent, unmap=name == "unmap"),
        writing,
        where.access,
        shape.format,
        again=f"asr-netmap {name} {pair.typed} {options}",
        check=f"asr-netmap discover {as_typed(where.vault, where.access)}",
        options=as_typed(where.vault, where.access),
    )
