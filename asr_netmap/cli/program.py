"""The program's own class: typer's group, made to start without loading pydantic."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from asr_netmap.cli.help_page import Helpful


class Program(Helpful, TyperGroup):
    """A group of commands whose ``--help`` is off unless given.

    Typer leaves it undecided and then loads pydantic, which takes longer than all the rest of a
    help page, to make nothing of nothing.
    """

    def get_help_option(self, ctx: Any) -> Any:
        """The help option, with a default that is a plain false."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option


def group(text: str) -> typer.Typer:
    """A group of commands below the program; `text` is its help."""
    return typer.Typer(help=text, no_args_is_help=True, cls=Program)
