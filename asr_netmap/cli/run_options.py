"""The options of commands that plan, verify or write, beside those of `asr_netmap.cli.options`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class VerifyFormat(str, Enum):
    """What standard output of a verification gets."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    CSV = "csv"
    JUNIT = "junit"


class FailOn(str, Enum):
    """The least severity of a finding that fails a verification."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class VerifyShape:
    """What form the output of a verification has."""

    format: Annotated[
        VerifyFormat,
        typer.Option(
            "--format",
            envvar="ASR_NETMAP_FORMAT",
            help="What standard output gets; junit is XML that CI systems show.",
        ),
    ] = VerifyFormat.TABLE


@dataclass(frozen=True, slots=True)
class PlanRules:
    """What a plan may hold."""

    enforce: Annotated[
        bool,
        typer.Option("--enforce", help="Replace what somebody set and a rule would change."),
    ] = False
    retarget_items: Annotated[
        bool,
        typer.Option(
            "--retarget-items", help="Move items that select another network than their pair's."
        ),
    ] = False
    allow_shared_target: Annotated[
        bool,
        typer.Option(
            "--allow-shared-target",
            help="Let two source networks share a target; one of them has no way back.",
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class NicTable:
    """A NIC table beside the rules."""

    nics: Annotated[
        Path | None,
        typer.Option(
            "--nics",
            metavar="FILE",
            help="A NIC table (`nics export`) whose cells beat every rule.",
        ),
    ] = None


Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask before writing.")]


MaxChanges = Annotated[
    int | None,
    typer.Option("--max-changes", min=0, metavar="N", help="Refuse more changes than that."),
]


DuringFailover = Annotated[
    bool, typer.Option("--during-failover", help="Write although an item is in a failover.")
]


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """What the user allows for this run."""

    yes: Yes = False
    allow_retarget: Annotated[
        bool,
        typer.Option("--allow-retarget", help="Existing mappings may get another target."),
    ] = False
    max_changed_percent: Annotated[
        int | None,
        typer.Option(
            "--max-changed-percent",
            min=0,
            max=100,
            metavar="N",
            help="Refuse to change more of the NIC settings that have a value.  [default: 30]",
        ),
    ] = None
    max_changes: MaxChanges = None
    during_failover: DuringFailover = False


@dataclass(frozen=True, slots=True)
class RemovalAllowed:
    """What the user allows for this removal; to ask for one is consent to take mappings away."""

    yes: Yes = False
    max_changes: MaxChanges = None
    during_failover: DuringFailover = False

    @property
    def consent(self) -> ConsentGiven:
        """As for any run that writes."""
        return ConsentGiven(
            yes=self.yes, max_changes=self.max_changes, during_failover=self.during_failover
        )


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a run goes."""

    deadline: Annotated[
        str | None,
        typer.Option(
            "--deadline",
            envvar="ASR_NETMAP_DEADLINE",
            metavar="TIME",
            help="Start nothing that can't be expected to end by then: 90s, 30m, 2h.",
        ),
    ] = None
    canary: Annotated[
        int | None,
        typer.Option(
            "--canary", min=1, metavar="N", help="Apply N items, read back, then the others."
        ),
    ] = None
    max_failures: Annotated[
        int | None,
        typer.Option(
            "--max-failures",
            min=1,
            metavar="N",
            help="Start nothing more after N failures.  [default: no limit; 1 without a terminal]",
        ),
    ] = None
    pending_ok: Annotated[
        bool,
        typer.Option(
            "--pending-ok",
            help="What is only pending counts as done: exit code 0. Errors still count.",
        ),
    ] = False
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal",
            metavar="FILE",
            help="Where the journal goes; else a new file below XDG_STATE_HOME.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Writing:
    """What every command that writes needs to know."""

    consent: ConsentGiven
    pace: Pace


@dataclass(frozen=True, slots=True)
class Removing:
    """What a command that only takes mappings away needs to know."""

    allowed: RemovalAllowed
    pace: Pace

    @property
    def writing(self) -> Writing:
        """As for any run that writes."""
        return Writing(self.allowed.consent, self.pace)
