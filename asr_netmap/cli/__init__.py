"""The command line: parse, call `asr_netmap.api`, render, exit.

Importing this package loads typer and the command modules, but no `azure`, pydantic, yaml, requests
or rich: help and shell completion answer at once. What a command needs, it imports when it runs.
"""

from __future__ import annotations

from typing import Annotated

import typer

from asr_netmap import __version__
from asr_netmap.cli import (
    apply,
    completion,
    demo,
    discover,
    init,
    mapping,
    nics,
    plan,
    report,
    roles,
    runbook,
    sandbox,
    snapshot,
    verify,
)
from asr_netmap.cli.leaving import leaving_at_once
from asr_netmap.cli.program import Program

PROGRAM = "asr-netmap"

_EXIT_CODES = """\
Keep the network side of Azure-to-Azure disaster recovery as declared.

Plans first, shows what and why, applies safely, reads everything back.

\b
Try it without Azure:
  asr-netmap demo

\b
Exit codes:
  0    done, or nothing to do
  1    error, nothing written
  2    usage; also no terminal and no --yes
  3    changes that can be applied (plan --detailed-exitcode), findings (verify)
  4    refused, nothing written
  5    incomplete: some changes failed or are pending
  6    outcome unknown for at least one change
  130  interrupted
"""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


def _program(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    install_completion: completion.Install = False,
    show_completion: completion.Show = False,
) -> None:
    """The options of the program itself; their callbacks do the work."""


def build() -> typer.Typer:
    """The program with all its commands."""
    completion.prepare()
    app = typer.Typer(
        name=PROGRAM,
        cls=Program,
        help=_EXIT_CODES,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # plain help: the same everywhere, and it needs no rich
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_program)
    for module in (
        init,
        discover,
        plan,
        apply,
        verify,
        mapping,
        nics,
        report,
        snapshot,
        roles,
        runbook,
        sandbox,
        demo,
    ):
        module.add_to(app)
    return app


app = build()


def main() -> None:
    """The entry point of ``asr-netmap`` and of ``python -m asr_netmap``."""
    with leaving_at_once():
        app(prog_name=PROGRAM)
