"""The options that most commands share, as values; `asr_netmap.cli.command` makes options of them.

Names are az CLI's where az has one. What picks the sandbox or gives consent has no environment
variable: a stray variable must not fake a green run.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from asr_netmap.budgets import DEFAULT_WORKERS
from asr_netmap.gateway.cloud import Cloud

if TYPE_CHECKING:
    from asr_netmap.cli.run_options import NicTable, PlanRules


class Format(str, Enum):
    """What standard output gets."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    CSV = "csv"


class Auth(str, Enum):
    """Where a token comes from."""

    DEFAULT = "default"
    CLI = "cli"
    MANAGED_IDENTITY = "managed-identity"
    ENVIRONMENT = "environment"


# Marks a field that says something of this run alone, and nothing of the next command.
ONCE = {"once": True}


@dataclass(frozen=True, slots=True)
class Talk:
    """How much is said, and how. Every command has it."""

    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but data and errors.")
    ] = False
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say more about what is going on.")
    ] = False
    everything: Annotated[
        bool,
        typer.Option("--all", help="Show every row of long tables, not only the first ones."),
    ] = False
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks and a line per HTTP exchange.")
    ] = False
    no_color: Annotated[
        bool,
        typer.Option("--no-color", help="No colours; the variable NO_COLOR says so, too."),
    ] = False


@dataclass(frozen=True, slots=True)
class Shape:
    """What form the output has."""

    format: Annotated[
        Format,
        typer.Option("--format", envvar="ASR_NETMAP_FORMAT", help="What standard output gets."),
    ] = Format.TABLE


@dataclass(frozen=True, slots=True)
class Out:
    """Where the output goes."""

    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the output to this file instead."),
    ] = None


@dataclass(frozen=True, slots=True)
class Vault:
    """Which vault and which pair of regions."""

    subscription: Annotated[
        str | None,
        typer.Option(
            "--subscription",
            metavar="ID",
            envvar="ASR_NETMAP_SUBSCRIPTION",
            help="The vault's subscription, id or name; else AZURE_SUBSCRIPTION_ID, "
            "else the only one visible.",
        ),
    ] = None
    resource_group: Annotated[
        str | None,
        typer.Option(
            "--resource-group",
            "-g",
            metavar="NAME",
            envvar="ASR_NETMAP_RESOURCE_GROUP",
            help="The vault's resource group.",
        ),
    ] = None
    vault_name: Annotated[
        str | None,
        typer.Option(
            "--vault-name", metavar="NAME", envvar="ASR_NETMAP_VAULT_NAME", help="The vault's name."
        ),
    ] = None
    vault_id: Annotated[
        str | None,
        typer.Option(
            "--vault-id",
            metavar="ID",
            envvar="ASR_NETMAP_VAULT_ID",
            help="The vault's ARM id, instead of the three above.",
        ),
    ] = None
    source_region: Annotated[
        str | None,
        typer.Option(
            "--source-region",
            metavar="REGION",
            envvar="ASR_NETMAP_SOURCE_REGION",
            help='Region that is protected: eastasia or "East Asia".',
        ),
    ] = None
    target_region: Annotated[
        str | None,
        typer.Option(
            "--target-region",
            metavar="REGION",
            envvar="ASR_NETMAP_TARGET_REGION",
            help="Region that VMs fail over to.",
        ),
    ] = None
    target_resource_group: Annotated[
        str | None,
        typer.Option(
            "--target-resource-group",
            metavar="NAME",
            envvar="ASR_NETMAP_TARGET_RESOURCE_GROUP",
            help="Where created networks and protected VMs go; else <source resource group>-asr.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Config:
    """What is declared in files."""

    config: Annotated[
        list[Path] | None,
        typer.Option(
            "--config",
            envvar="ASR_NETMAP_CONFIG",
            metavar="FILE",
            help="A netmap.yaml; several times for several files.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Only:
    """A part of it all."""

    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="vm=…,network=…,group=…,tag=…",
            help="Only these; several times or with commas.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Access:
    """How Azure, or a sandbox, is reached."""

    cloud: Annotated[
        Cloud, typer.Option("--cloud", envvar="ASR_NETMAP_CLOUD", help="The Azure cloud.")
    ] = Cloud.PUBLIC
    auth: Annotated[
        Auth,
        typer.Option("--auth", envvar="ASR_NETMAP_AUTH", help="Where a token comes from."),
    ] = Auth.DEFAULT
    client_id: Annotated[
        str | None,
        typer.Option(
            "--client-id",
            metavar="ID",
            help="Client id of a user-assigned managed identity; else AZURE_CLIENT_ID.",
        ),
    ] = None
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            metavar="N",
            envvar="ASR_NETMAP_WORKERS",
            min=1,
            max=64,
            help="Calls at one time.",
        ),
    ] = DEFAULT_WORKERS
    sandbox: Annotated[
        str | None,
        typer.Option(
            "--sandbox",
            metavar="FILE",
            help="Work on this estate file and not on Azure; `demo` is a built-in one, "
            "kept nowhere.",
        ),
    ] = None
    endpoint: Annotated[
        str | None,
        typer.Option(
            "--endpoint",
            metavar="URL",
            help="Work on a sandbox that `asr-netmap sandbox serve` serves on this machine.",
        ),
    ] = None
    ca: Annotated[
        Path | None,
        typer.Option(
            "--ca", metavar="FILE", help="Certificate of an --endpoint that speaks https."
        ),
    ] = None
    cassette: Annotated[
        Path | None,
        typer.Option(
            "--cassette",
            metavar="FILE",
            help="Answer from this recording and from nothing else; no network.",
        ),
    ] = field(default=None, metadata=ONCE)
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            metavar="FILE",
            help="Record this run into a cassette, without secrets and real ids; one worker.",
        ),
    ] = field(default=None, metadata=ONCE)


@dataclass(frozen=True, slots=True)
class Where:
    """What every command that reads a vault needs to know."""

    vault: Vault
    access: Access


Group: TypeAlias = "Vault | Config | Only | Access | PlanRules | NicTable"


def as_typed(*groups: Group) -> str:
    """The options that make these groups, as they would be typed, for the next command.

    What came from the environment is named, too: it does no harm.
    """
    words: list[str] = []
    for group in groups:
        for each in fields(group):
            value = getattr(group, each.name)
            if value == each.default or each.metadata == ONCE:
                continue
            option = "--" + each.name.replace("_", "-")
            for one in value if isinstance(value, list) else [value]:
                plain = str(one.value) if isinstance(one, Enum) else str(one)
                words += [option] if one is True else [option, shlex.quote(plain)]
    return " ".join(words)
