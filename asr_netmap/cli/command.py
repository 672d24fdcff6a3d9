"""How a function becomes a command: option groups in, exit code out, errors as messages.

    def plan(console: Console, config: Config, shape: Shape, where: Where) -> ExitCode: ...

    command(app, "plan", plan)

A parameter whose type is a dataclass, such as those of `asr_netmap.cli.options`, becomes the
options that its fields declare; `Console`, or a class of its kind, is made from `Talk`, which every
command has; everything else is for typer.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from asr_netmap.cli.console import Console
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.cli.help_page import Command as HelpfulCommand
from asr_netmap.cli.options import Talk

Command = Callable[..., ExitCode]

_LEAST_IN_A_SECTION = 3


def command(app: typer.Typer, name: str, function: Command) -> None:
    """Make `function` a command of `app`; its docstring is the help."""
    app.command(name, cls=HelpfulCommand)(_with_options(function))


def _with_options(function: Command) -> Callable[..., None]:
    types = get_type_hints(function, include_extras=True)
    types.pop("return", None)
    console_kind = next((kind for kind in types.values() if _is_console(kind)), Console)
    own = inspect.signature(function).parameters
    options = [
        option for name, kind in types.items() for option in _options(name, kind, own[name].default)
    ]
    options += _options("", Talk, None)

    def run(**given: Any) -> None:
        talk: Talk = _value("", Talk, given)
        console = console_kind(
            quiet=talk.quiet,
            verbose=talk.verbose,
            debug=talk.debug,
            color=not talk.no_color,
            everything=talk.everything,
            given=_texts(given.values()),
        )
        with console.guard():
            code = function(
                **{
                    name: console if _is_console(kind) else _value(name, kind, given)
                    for name, kind in types.items()
                }
            )
        raise typer.Exit(code)

    run.__name__ = function.__name__
    run.__doc__ = function.__doc__
    run.__annotations__ = {option.name: option.annotation for option in options}
    vars(run)["__signature__"] = inspect.Signature(options)  # what typer reads
    return run


def _is_group(kind: Any) -> bool:
    return is_dataclass(kind)


def _is_console(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Console)


def _options(name: str, kind: Any, default: Any) -> Iterator[inspect.Parameter]:
    """The options of one parameter; a group may hold groups."""
    if _is_console(kind):
        return
    if not _is_group(kind):
        yield inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=kind,
        )
        return
    types = _types(kind)
    section = _section(kind, types)
    for field in fields(kind):
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        yield from _options(field.name, _in_section(types[field.name], section), default)


@cache
def _types(kind: type) -> Mapping[str, Any]:
    """The types of a group's fields; looked at for its options, and again for its value."""
    return get_type_hints(kind, include_extras=True)


def _section(kind: Any, types: Mapping[str, Any]) -> str:
    """The heading of a group's options in the help: its docstring's first sentence.

    A few options are no section of their own.
    """
    own = sum(not _is_group(each) for each in types.values())
    if own < _LEAST_IN_A_SECTION:
        return ""
    return " ".join((kind.__doc__ or "").split()).partition(".")[0]


def _in_section(annotation: Any, section: str) -> Any:
    """The annotation with its option in that section; the option is shared, so it is copied."""
    infos = getattr(annotation, "__metadata__", ())
    if not section or not infos:
        return annotation
    moved = [copy(info) for info in infos]
    for info in moved:
        info.rich_help_panel = section
    parts = (annotation.__origin__, *moved)
    return Annotated[parts]


def _texts(values: Iterable[Any]) -> tuple[str | Path, ...]:
    """The texts and paths among what was given, those in lists, too."""
    flat = [each for value in values for each in (value if isinstance(value, list) else [value])]
    return tuple(each for each in flat if isinstance(each, (str, Path)))


def _value(name: str, kind: Any, given: Mapping[str, Any]) -> Any:
    if not _is_group(kind):
        return given[name]
    types = _types(kind)
    make: Any = kind
    return make(**{f.name: _value(f.name, types[f.name], given) for f in fields(kind)})
