"""Programs that others are measured beside at their start.

python -m tests.bench.starting empty FILE     the same Typer app with empty commands, as a file
python -m tests.bench.starting modules ARGS   the third-party modules that a command loads
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_HEAD = '''\
"""The same commands, options and help texts; and nothing happens."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup


class Program(TyperGroup):
    """Keeps `--help` from loading pydantic, as the program does: the least that Typer takes."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option


OPTIONS = {"no_args_is_help": True, "cls": Program, "add_completion": False}
OPTIONS |= {"rich_markup_mode": None, "pretty_exceptions_enable": False}
'''


def empty_program(command: Any, name: str) -> str:
    """The source of a Typer program with the commands, options and helps of a built one."""
    lines = [_HEAD, *_group("app", command)]
    lines += [f"app(prog_name={name!r})", ""]
    return "\n".join(lines)


def _group(variable: str, group: Any, above: str = "") -> Iterator[str]:
    settings = ", context_settings={'help_option_names': ['-h', '--help']}"
    yield f"{variable} = typer.Typer(help={group.help!r}, **OPTIONS{settings})"
    if above:
        yield f"{above}.add_typer({variable}, name={group.name!r})"
    elif group.params:
        yield f"@{variable}.callback(help={group.help!r})"
        yield from _function("callback", group)
    for name, command in group.commands.items():
        own = f"{variable}_{name}".replace("-", "_")
        if hasattr(command, "commands"):
            yield from _group(own, command, variable)
        else:
            yield f"@{variable}.command({name!r}, help={command.help!r})"
            yield from _function(own, command)


def _function(name: str, command: Any) -> Iterator[str]:
    yield f"def {name}("
    named = [param for param in command.params if param.name != "help"]
    for param in sorted(named, key=lambda param: not param.required):
        yield f"    {_parameter(param)},"
    yield ") -> None: ..."


def _parameter(param: Any) -> str:
    flag = bool(getattr(param, "is_flag", False))
    kind = "bool" if flag else "list[str] | None" if param.multiple else "str | None"
    default = "" if param.required else " = False" if flag else " = None"
    if param.param_type_name == "argument":
        return f"{param.name}: Annotated[{kind}, typer.Argument()]{default}"
    names = [*param.opts, *param.secondary_opts]
    if flag and param.secondary_opts:
        names = [f"{param.opts[0]}/{param.secondary_opts[0]}"]
    told = f"help={getattr(param, 'help', None)!r}"
    if param.metavar and not flag:
        told += f", metavar={param.metavar!r}"
    option = f"typer.Option({', '.join(map(repr, names))}, {told})"
    return f"{param.name}: Annotated[{kind}, {option}]{default}"


def foreign_modules(arguments: list[str]) -> list[str]:
    """The third-party modules that a command loads, in the order of their loading."""
    from asr_netmap.cli import PROGRAM, app

    sys.argv = ["asr-netmap", *arguments]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        app(prog_name=PROGRAM)
    own = {*sys.stdlib_module_names, "asr_netmap", "tests", "__main__"}
    return [
        name
        for name, module in sys.modules.items()
        if name.partition(".")[0] not in own and _comes_from_a_file(name, module)
    ]


def _comes_from_a_file(name: str, module: Any) -> bool:
    """Not a second name of another module, nor one that a compiled one makes for itself."""
    spec = getattr(module, "__spec__", None)
    return spec is not None and spec.name == name and spec.origin is not None


def main() -> None:
    """Do what is asked for."""
    what, *rest = sys.argv[1:]
    if what == "modules":
        print(json.dumps(foreign_modules(rest)))
        return
    import typer

    from asr_netmap.cli import PROGRAM, app

    source = empty_program(typer.main.get_command(app), PROGRAM)
    Path(rest[0]).write_text(source, encoding="utf-8")


if __name__ == "__main__":
    main()
