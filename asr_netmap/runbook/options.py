"""The options that only a job has; all others are the command line's."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Annotated, Any, get_args, get_type_hints

import typer

from asr_netmap.cli.options import Access, Config, Only, Out, Shape, Talk, Vault
from asr_netmap.cli.run_options import ConsentGiven, FailOn, Pace, PlanRules


class Mode(str, Enum):
    """What a job may do."""

    VERIFY = "verify"
    FINISH = "finish"
    APPLY = "apply"


@dataclass(frozen=True, slots=True)
class Pinned:
    """An approved plan."""

    plan: Annotated[
        str | None,
        typer.Option(
            "--plan",
            metavar="NAME",
            help="finish: carry out this saved plan, too; a file or an Automation variable.",
        ),
    ] = None
    expect_sha256: Annotated[
        str | None,
        typer.Option(
            "--expect-sha256", metavar="HEX", help="The SHA-256 of the plan that was approved."
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Unattended:
    """What a job may do beyond setting what is declared, and when."""

    create_networks: Annotated[
        bool,
        typer.Option(
            "--create-networks", help="apply: create missing target networks, as a person's would."
        ),
    ] = False
    window: Annotated[
        list[str] | None,
        typer.Option(
            "--window",
            metavar="DAYS FROM-TO",
            help='Write only then: "Sat,Sun 22:00-04:00", UTC; several times for several.',
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Judging:
    """What fails a job."""

    fail_on_drift: Annotated[
        bool,
        typer.Option(
            "--fail-on-drift",
            help="Exit with 3 if something is not as declared: findings of severity warning or "
            "worse, or what finish and apply leave to people.",
        ),
    ] = False
    fail_on: Annotated[
        FailOn,
        typer.Option("--fail-on", help="The same for verify, with another least severity."),
    ] = FailOn.NEVER
    fail_on_pending: Annotated[
        bool, typer.Option("--fail-on-pending", help="Exit with 5 if something is pending.")
    ] = False


GROUPS = (
    *(Talk, Shape, Out, Vault, Config, Only, Access, PlanRules, ConsentGiven, Pace),
    *(Pinned, Unattended, Judging),
)


def flags() -> frozenset[str]:
    """The options that take no value."""
    found = {option for group in GROUPS for option in _flags_of(group)}
    return frozenset({*found, "-h", "--help"})


def _flags_of(group: Any) -> list[str]:
    assert is_dataclass(group)
    hints = get_type_hints(group, include_extras=True)
    found: list[str] = []
    for each in fields(group):
        kind, option = get_args(hints[each.name])[:2]
        if kind is bool:
            # Inside Annotated, typer keeps the first name where a default would be.
            names = (option.default, *option.param_decls)
            found += [name for name in names if isinstance(name, str)]
    return found
