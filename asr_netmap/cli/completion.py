"""Shell completion: typer's own, under options that load nothing more.

Typer's ready-made options make every start load pydantic, since their default is neither true nor
false; these are the same with false.
"""

from __future__ import annotations

from typing import Annotated

import typer
from typer.completion import (
    get_completion_inspect_parameters,
    install_callback,
    show_callback,
)


def prepare() -> None:
    """Make the shells known that completion scripts exist for."""
    get_completion_inspect_parameters()  # this is what registers them


def _install(context: typer.Context, parameter: typer.CallbackParam, wanted: bool) -> None:
    if wanted:
        install_callback(context, parameter, wanted)


def _show(context: typer.Context, parameter: typer.CallbackParam, wanted: bool) -> None:
    if wanted:
        show_callback(context, parameter, wanted)


Install = Annotated[
    bool,
    typer.Option(
        "--install-completion",
        callback=_install,
        is_eager=True,
        help="Install completion for this shell.",
    ),
]
Show = Annotated[
    bool,
    typer.Option(
        "--show-completion", callback=_show, is_eager=True, help="Print the completion script."
    ),
]
