"""``protect``: enable replication of machines, and map their networks in the same step."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect, read_progress
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.cli.options import Config, Shape, Where, as_typed
from asr_netmap.cli.run_options import PlanRules, Writing
from asr_netmap.cli.several import Several, each_vault, with_vaults_that_failed
from asr_netmap.cli.waiting import Waiting
from asr_netmap.cli.writing import Run, carry_out_fresh, consent_of
from asr_netmap.errors import NotFound, UsageError

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.planning.plan import Plan
    from asr_netmap.settings import Settings

_REFERENCE = "name, group/name or ARM id"


@dataclass(frozen=True, slots=True)
class Machines:
    """Which machines, and where they go."""

    vm: Annotated[
        list[str] | None,
        typer.Option("--vm", metavar="VM", help=f"A VM: {_REFERENCE}; several times for several."),
    ] = None
    from_network: Annotated[
        list[str] | None,
        typer.Option(
            "--from-network",
            metavar="NETWORK",
            help=f"All VMs of a source network ({_REFERENCE}), instead of --vm.",
        ),
    ] = None
    cache_storage: Annotated[
        str | None,
        typer.Option(
            "--cache-storage",
            metavar="ACCOUNT",
            help=f"Storage account of the source region for what VMs write: {_REFERENCE}.",
        ),
    ] = None
    target_vnet: Annotated[
        str | None,
        typer.Option(
            "--target-vnet",
            metavar="NETWORK",
            help=f"Target network: {_REFERENCE}; left out: the one that theirs is mapped to, else "
            "<source>-asr, which is created.",
        ),
    ] = None
    policy: Annotated[
        str | None,
        typer.Option(
            "--policy",
            metavar="NAME",
            help="Replication policy; left out: the one in use between the regions.",
        ),
    ] = None
    create_missing: Annotated[
        bool,
        typer.Option(
            "--create-missing",
            help="Create fabrics, protection containers, policy and protection container mappings "
            "that are missing.",
        ),
    ] = False
    allow_other_network: Annotated[
        bool,
        typer.Option(
            "--allow-other-network",
            help="Let these VMs fail over into another network than theirs is mapped to.",
        ),
    ] = False

    def __post_init__(self) -> None:
        """Refuse two ways of saying which machines are meant."""
        if self.vm and self.from_network:
            raise UsageError(
                "--vm and --from-network both say which VMs are meant.", "Give only one of them."
            )

    @property
    def named(self) -> bool:
        """Whether any machine is."""
        return bool(self.vm or self.from_network)

    @property
    def typed(self) -> str:
        """As it would be typed."""
        words: list[str] = []
        for option, texts in (
            ("--vm", self.vm or []),
            ("--from-network", self.from_network or []),
            ("--cache-storage", [self.cache_storage] if self.cache_storage else []),
            ("--target-vnet", [self.target_vnet] if self.target_vnet else []),
            ("--policy", [self.policy] if self.policy else []),
        ):
            for text in texts:
                words += [option, shlex.quote(text)]
        words += ["--create-missing"] if self.create_missing else []
        words += ["--allow-other-network"] if self.allow_other_network else []
        return " ".join(words)

    @property
    def settings(self) -> dict[str, object]:
        """As the keys of ``protect`` in a file; only what was given."""
        given: dict[str, object] = {
            "vms": self.vm,
            "networks": self.from_network,
            "cache_storage": self.cache_storage,
            "target_network": self.target_vnet,
            "policy": self.policy,
            "create_missing": self.create_missing or None,
            "allow_other_network": self.allow_other_network or None,
        }
        return {key: value for key, value in given.items() if value is not None}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "protect", protect)


def protect(
    console: Console,
    machines: Machines,
    config: Config,
    waiting: Waiting,
    rules: PlanRules,
    shape: Shape,
    writing: Writing,
    where: Where,
) -> ExitCode:
    """Enable replication of VMs, and map their networks in the same step.

    Finds or creates the target network, maps both networks in both directions, enables replication
    into the network and subnet that the rules choose, and sets the NICs when the first replication
    has ended: until then they are pending, and the next run, or --wait, finishes them. VMs that
    replicate already only get their NICs set. Shows the plan and asks before anything is written;
    nothing is ever disabled, removed or failed over.

    \b
    Examples:
      asr-netmap protect --vm app9 --vm rg-app/app10 --cache-storage asrcache \\
          -g rg-vault --vault-name vault-dr \\
          --source-region eastasia --target-region southeastasia
      asr-netmap protect --from-network vnet-app --cache-storage asrcache \\
          --vault-id /subscriptions/... --source-region eastasia \\
          --target-region southeastasia --create-missing --wait --yes
      asr-netmap protect --config netmap.yaml --wait --deadline 90m
    """
    console.need_somebody_to_ask(writing.consent.yes)
    found = declared(config, where.vault, rules)
    options = as_typed(config, rules, where.vault, where.access)
    vault = as_typed(config, where.vault, where.access)
    run = Run(
        consent_of(writing.consent),
        writing,
        where.access,
        shape.format,
        again=f"asr-netmap protect {machines.typed} {options}".replace("  ", " "),
        check=f"asr-netmap nics list {vault}",
        options=vault,
        wait=waiting.wait,
    )
    with connect(console, where.access) as azure:
        settings = _protecting(machines, found.resolved(azure))
        several = _plans(console, azure, settings, rules)
        code = carry_out_fresh(console, azure, several.found, run, several.not_looked_at)
    return with_vaults_that_failed(code, several.code)


def _protecting(machines: Machines, settings: Sequence[Settings]) -> list[Settings]:
    """The vaults that machines are declared for, with what was typed. Raises UsageError."""
    if machines.named and len(settings) > 1:
        raise UsageError(
            f"--{'vm' if machines.vm else 'from-network'} with {len(settings)} vaults: a VM is "
            "replicated by one of them.",
            "Name the vault with --vault-id instead of --config, or the VMs in its `protect:`.",
        )
    meant = [one for one in settings if machines.named or one.protect is not None]
    if not meant:
        raise UsageError(
            "Which VMs are to be protected?",
            "Name them with --vm or --from-network, or in `protect:` of a netmap.yaml.",
        )
    return [_with(machines, one) for one in meant]


def _with(machines: Machines, settings: Settings) -> Settings:
    """The settings with what was typed over what the file says. Raises UsageError."""
    from asr_netmap.settings import Protect, checked  # noqa: PLC0415 -- pydantic

    said = settings.protect
    before = said.model_dump(mode="json", by_alias=True, exclude_none=True) if said else {}
    if machines.named:
        before = {k: v for k, v in before.items() if k not in ("vms", "networks")}
    merged = checked(Protect, {**before, **machines.settings}, "options")
    return settings.model_copy(update={"protect": merged})


def _plans(
    console: Console, azure: Connection, settings: Sequence[Settings], rules: PlanRules
) -> Several[Plan]:
    """A plan for each vault, of the machines and networks that are meant there and no others."""
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it
    from asr_netmap.planning.machines import selection_of  # noqa: PLC0415 -- the same

    say = read_progress(console)

    def work(one: Settings) -> Plan:
        inventory = api.read(azure, one, progress=say)
        return api.plan(
            azure,
            one,
            selection=selection_of(inventory, one),
            retarget_items=rules.retarget_items,
            inventory=inventory,
        )

    several = each_vault(console, settings, work)
    codes = [{finding.code for finding in plan.findings} for plan in several.found]
    if codes and all("selection-empty" in each for each in codes):
        raise NotFound(
            "There is nothing to protect: no VM between these regions is meant by what is named.",
            "Look at `asr-netmap discover` and `asr-netmap nics list`.",
        )
    return several
