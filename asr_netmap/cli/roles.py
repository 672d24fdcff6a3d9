"""``roles``: what an identity may do, as Azure custom roles."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

import typer

from asr_netmap.arm_id import ArmId
from asr_netmap.cli.command import command
from asr_netmap.cli.console import Console
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.report.inert import json_text


class Role(str, Enum):
    """For what."""

    READER = "reader"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Assignable:
    """Where the role can be assigned."""

    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="ID",
            help="Where it can be assigned: a subscription's or resource group's ARM id; "
            "several times for several.",
        ),
    ] = None


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "roles", roles)


def roles(
    console: Console,
    role: Annotated[
        Role, typer.Argument(help="reader looks: plan, verify, …; operator applies, too.")
    ] = Role.READER,
    assignable: Assignable = Assignable(),
) -> ExitCode:
    """Print a custom role with what an identity needs, and no more.

    For looking and for applying there is one each. Azure's own roles hold far more. Assign it on
    the vault, and on the subscriptions of the networks and VMs. Nothing is sent to Azure.

    \b
    Examples:
      asr-netmap roles reader --scope /subscriptions/... > reader.json
      asr-netmap roles operator --scope /subscriptions/... > operator.json
    """
    from asr_netmap.roles import definition  # noqa: PLC0415 -- help needs none of it

    scopes = [str(ArmId(each)) for each in assignable.scope or ()]
    console.data(json_text(definition(role.value, scopes)))
    console.say(f"Next: az role definition create --role-definition @{role.value}.json")
    return ExitCode.DONE
