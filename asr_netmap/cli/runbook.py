"""``runbook``: what Azure Automation needs to run this program unattended."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.console import Console
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.cli.program import group

Folder = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="The folder to make.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class Made:
    """For whom the bundle is made, and of what."""

    python: Annotated[
        str, typer.Option("--python", metavar="3.N", help="The CPython that runs it.")
    ] = "3.10"
    platform: Annotated[
        str, typer.Option("--platform", metavar="TAG", help="The platform, as wheels name it.")
    ] = "manylinux2014_x86_64"
    wheels: Annotated[
        Path | None,
        typer.Option(
            "--wheels",
            metavar="DIR",
            help="Take the locked wheels from this folder, without network.",
        ),
    ] = None


def add_to(app: typer.Typer) -> None:
    """Add the group with its commands."""
    runbook = group(
        "Run it unattended in Azure Automation.", "asr-netmap runbook bundle --out runbook"
    )
    command(runbook, "bundle", bundle)
    app.add_typer(runbook, name="runbook")


def bundle(console: Console, out: Folder, made: Made = Made()) -> ExitCode:
    """Make what Azure Automation needs: one wheel, a runbook, Bicep, steps.

    The wheel holds this program and all it needs at run time, from the lock, for CPython 3.10 on
    64-bit Linux unless you say otherwise. pip downloads it (its own configuration holds), and every
    hash is checked. Nothing is sent to Azure: the folder's README.md says how to deploy it.

    \b
    Examples:
      asr-netmap runbook bundle --out bundle
      asr-netmap runbook bundle --out bundle --wheels wheels
      asr-netmap runbook bundle --out worker --python 3.12 --platform manylinux_2_28_x86_64
    """
    from asr_netmap.runbook.bundle.building import build  # noqa: PLC0415 -- only here
    from asr_netmap.runbook.bundle.target import parse_target  # noqa: PLC0415 -- only here

    target = parse_target(made.python, made.platform)
    done = build(out, target, wheels_in=made.wheels, say=console.say)
    packages = len(done.manifest["packages"])
    console.say(f"Made {out}: {done.wheel}, {done.size / 1e6:.1f} MB, {packages} packages in one.")
    console.say(f"SHA-256: {done.sha256}")
    console.say(f"Next: read {shlex.quote(str(out / 'README.md'))}")
    return ExitCode.DONE
