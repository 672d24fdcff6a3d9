"""``--undo``: the way back from a journal, for `plan` and `apply`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap.cli.console import Console
from asr_netmap.cli.several import Several, each_vault
from asr_netmap.errors import UsageError

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.planning.plan import Finding, Plan
    from asr_netmap.settings import Settings


@dataclass(frozen=True, slots=True)
class WayBack:
    """An earlier run to take back."""

    undo: Annotated[
        Path | None,
        typer.Option(
            "--undo",
            metavar="JOURNAL",
            help="Take back what an earlier run wrote, by its journal; mappings that it made are "
            "deleted. What somebody changed since stays.",
        ),
    ] = None


def refuse_beside_undo(given: str) -> None:
    """Raise UsageError for what else was asked for."""
    if given:
        raise UsageError(
            f"--undo takes back what the journal says; {given} has no say in it.",
            "Leave one of them out.",
        )


def plans_back(
    console: Console, azure: Connection, settings: Sequence[Settings], journal: Path
) -> Several[Plan]:
    """The way back in every vault that the journal's run was on.

    Raises FileError for what is no journal; ForeignPlan if the run was on a vault that is none of
    these, or in another tenant or cloud.
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    own = api.settings_to_undo(azure, settings, journal)
    several = each_vault(console, own, lambda one: api.plan_undo(azure, one, journal))
    return replace(several, found=_said_once(several.found))


def _said_once(plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """What a run left behind outside of its vaults is no finding of each of them."""
    said: set[Finding] = set()
    found: list[Plan] = []
    for plan in plans:
        new = tuple(finding for finding in plan.findings if finding not in said)
        said.update(new)
        found.append(replace(plan, findings=new))
    return tuple(found)
