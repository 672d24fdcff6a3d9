"""The program's own class: typer's group, made to start without loading what is not asked for."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperGroup

from asr_netmap.cli.help_page import Helpful


class Listed(NamedTuple):
    """A command that is imported when it is run, or asked for its own help.

    module -- the module of this package whose ``add_to`` adds it.
    help -- what the program's help says of it: the first line of the command's own (a test
        compares).
    """

    name: str
    module: str
    help: str


class Program(Helpful, TyperGroup):
    """A group of commands whose ``--help`` is off unless given.

    Typer leaves it undecided and then loads pydantic, which takes longer than all the rest of a
    help page, to make nothing of nothing.

    listed -- commands of the group that are not imported before they are needed.
    """

    listed: ClassVar[tuple[Listed, ...]] = ()

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        if self.listed:
            self.commands = _Imported(self.listed)

    def get_help_option(self, ctx: Any) -> Any:
        """The help option, with a default that is a plain false."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands; those that are only listed are not imported for it."""
        rows = [(each.name, each.help) for each in self.listed] or [
            (name, (command.help or "").partition("\n")[0])
            for name, command in self.commands.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class _Imported(MutableMapping[str, Any]):
    """The commands by name; each is imported when it is taken."""

    def __init__(self, listed: tuple[Listed, ...]) -> None:
        self._modules = {each.name: each.module for each in listed}
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made |= _commands_of(self._modules[name])
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._modules or name in self._made

    def __setitem__(self, name: str, command: Any) -> None:
        self._modules.setdefault(name, "")
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._modules[name]
        self._made.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


def _commands_of(module: str) -> dict[str, Any]:
    """What a module adds, by name."""
    app = plain_app()
    import_module(f"asr_netmap.cli.{module}").add_to(app)
    app.callback()(_nothing)  # makes it a group, even of one
    return dict(typer.main.get_group(app).commands)


def _nothing() -> None:
    """A group needs something to call."""


def plain_app(**more: Any) -> typer.Typer:
    """An app with plain help, the same everywhere, which needs no rich."""
    return typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
        **more,
    )


def group(text: str, *examples: str) -> typer.Typer:
    """A group of commands below the program; `text` and `examples` are its help."""
    lines = "\n".join(f"  {example}" for example in examples)
    shown = f"{text}\n\n\b\nExamples:\n{lines}"
    return typer.Typer(help=shown, no_args_is_help=True, cls=Program)
