"""The command line: parse, call `asr_netmap.api`, render, exit.

Importing this package loads typer and no command, no `azure`, pydantic, yaml, requests or rich:
help and shell completion answer at once. A command's module is imported when the command is run,
and what that needs beyond, it imports when it does it.
"""

from __future__ import annotations

from typing import Annotated

import typer

from asr_netmap import __version__
from asr_netmap.cli import completion
from asr_netmap.cli.program import Listed, Program, plain_app

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


class Commands(Program):
    """The program with all its commands."""

    listed = (
        Listed("init", "init", "Write a netmap.yaml that declares what exists."),
        Listed("discover", "discover", "Show networks, subnets, mappings and replicated items."),
        Listed("plan", "plan", "Show what would change and why. Nothing is written to Azure."),
        Listed("apply", "apply", "Apply a plan, read it back, and say what remains."),
        Listed("verify", "verify", "Read back and report what is not as declared."),
        Listed("map", "mapping", "Map two networks in both directions, without a file."),
        Listed("unmap", "mapping", "Remove both mappings between two networks."),
        Listed(
            "protect",
            "protect",
            "Enable replication of VMs, and map their networks in the same step.",
        ),
        Listed("report", "report", "Write one page with the map, findings, and every address."),
        Listed("snapshot", "snapshot", "Copy the estate into a file, to rehearse on."),
        Listed("roles", "roles", "Print a custom role with what an identity needs, and no more."),
        Listed("demo", "demo", "Tell the whole story in five acts, no Azure needed."),
        Listed("nics", "nics", "Show and set the NICs of replicated items."),
        Listed("runbook", "runbook", "Run it unattended in Azure Automation."),
        Listed("sandbox", "sandbox", "Rehearse on an embedded fake ARM."),
    )


def build() -> typer.Typer:
    """The program with all its commands."""
    completion.prepare()
    app = plain_app(
        name=PROGRAM,
        cls=Commands,
        help=_EXIT_CODES,
        no_args_is_help=True,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_program)
    return app


app = build()
