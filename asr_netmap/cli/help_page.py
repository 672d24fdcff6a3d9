"""Help pages that read well at any width: no word broken, options by what they are about.

`HelpPage` takes what typer writes to its own formatter; `Helpful` makes commands use it.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand

from asr_netmap.cli.columns import cells_of, wrapped
from asr_netmap.cli.near_words import did_you_mean

if TYPE_CHECKING:
    # At run time any class that typer's groups and commands share will do.
    _Base = TyperCommand
else:
    _Base = object

# Longer lines are hard to follow, however wide the terminal is.
_WIDEST = 110
_NARROWEST = 30
_FIRST_COLUMN = 30
_GAP = 2
_STEP = 2
# Below this an option's help stands below the option.
_TWO_COLUMNS_FROM = 64
_LONGEST_HINT = 60
_CONTINUED = " \\"
_ALTERNATIVES = re.compile(r".+?(?:[|,](?=.)|$)")


class HelpPage:
    """A page that is written from top to bottom."""

    def __init__(self, width: int | None = None) -> None:
        columns = width or shutil.get_terminal_size().columns
        self.width = max(min(columns, _WIDEST), _NARROWEST)
        self._lines: list[str] = []
        self._indent = 0

    def getvalue(self) -> str:
        """The page so far."""
        return "\n".join([*self._lines, ""]) if self._lines else ""

    def write(self, text: str) -> None:
        """Add lines as they are."""
        self._lines += text.rstrip("\n").split("\n")

    def write_usage(self, program: str, arguments: str = "", prefix: str | None = None) -> None:
        """Add how the command is called."""
        head = f"{prefix or 'Usage: '}{program} "
        hang = len(head) if len(head) <= self.width // 2 else 2 * _STEP
        self._hanging(f"{head}{arguments}", hang)

    def write_heading(self, heading: str) -> None:
        """Add a heading."""
        self._hanging(f"{heading}:", 0)

    def write_paragraph(self) -> None:
        """Add an empty line, unless it would be the first."""
        if self._lines:
            self._lines.append("")

    def write_text(self, text: str) -> None:
        """Add paragraphs; one that starts with ``\\b`` keeps its lines."""
        for number, paragraph in enumerate(re.split(r"\n\s*\n", text.strip("\n"))):
            if number:
                self.write_paragraph()
            lines = paragraph.split("\n")
            if lines[0].strip() == "\b":
                for line in lines[1:]:
                    self._kept(line.rstrip())
            else:
                self._hanging(" ".join(paragraph.split()), 0)

    def write_dl(self, rows: Sequence[tuple[str, str]], *_: int) -> None:
        """Add terms with what they mean, in two columns where there is room."""
        if self.width < _TWO_COLUMNS_FROM and max(map(_term_width, rows)) > _FIRST_COLUMN // 2:
            self._stacked(rows)
            return
        first = min(max(map(_term_width, rows)), _FIRST_COLUMN) + _GAP
        room = self.width - self._indent - first
        lead = " " * self._indent
        for term, meaning in rows:
            lines = wrapped(meaning, room) if meaning else [""]
            if cells_of(term) > first - _GAP:
                self._term(term)
                term = ""  # noqa: PLW2901 -- its line is written
            for line in lines:
                self._lines.append(f"{lead}{term:<{first}}{line}".rstrip())
                term = ""  # noqa: PLW2901 -- the other lines have none

    @contextlib.contextmanager
    def section(self, name: str) -> Iterator[None]:
        """A heading with what is below it."""
        self.write_paragraph()
        self.write_heading(name)
        with self.indentation():
            yield

    @contextlib.contextmanager
    def indentation(self) -> Iterator[None]:
        """What is written inside stands further to the right."""
        self._indent += _STEP
        try:
            yield
        finally:
            self._indent -= _STEP

    def _stacked(self, rows: Sequence[tuple[str, str]]) -> None:
        for term, meaning in rows:
            self._term(term)
            lead = " " * (self._indent + 2 * _STEP)
            self._lines += [lead + line for line in wrapped(meaning, self.width - len(lead))]

    def _term(self, term: str) -> None:
        """A term on lines of its own, broken between alternatives."""
        room = self.width - self._indent
        for place, line in enumerate(wrapped(term, room, _alternatives)):
            self._lines.append(" " * (self._indent + (_STEP if place else 0)) + line)

    def _kept(self, line: str) -> None:
        """A line that stays one: a command is continued as a shell would take it."""
        words = line.lstrip(" ")
        indent = len(line) - len(words)
        if self._indent + cells_of(line) <= self.width or not words:
            self._lines.append((" " * self._indent + line).rstrip())
        elif words.startswith("asr-netmap"):
            self._continued(words, self._indent + indent)
        else:
            head = re.match(r"\S+\s{2,}", words)
            self._hanging(line, indent + (head.end() if head else _STEP))

    def _continued(self, command: str, indent: int) -> None:
        room = self.width - indent - 2 * _STEP - len(_CONTINUED)
        lines = wrapped(command, room, partial(_arguments, room))
        for place, line in enumerate(lines):
            lead = " " * (indent + (2 * _STEP if place else 0))
            self._lines.append(lead + line + (_CONTINUED if place < len(lines) - 1 else ""))

    def _hanging(self, text: str, hang: int) -> None:
        lead = " " * self._indent
        head, rest = text[:hang], text[hang:]
        first, *more = wrapped(rest, self.width - self._indent - hang) or [""]
        self._lines.append((lead + head + first).rstrip())
        self._lines += [lead + " " * hang + line for line in more]


class Helpful(_Base):
    """A command whose help is a `HelpPage`, and whose refusals say what may have been meant."""

    def get_help(self, ctx: Any) -> str:
        """The help as text."""
        page: Any = HelpPage()
        self.format_help(ctx, page)
        return str(page.getvalue()).rstrip("\n")

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """What may come next, each with a help that shells can show."""
        items = super().shell_complete(ctx, incomplete)
        for item in items:
            if item.help:
                item.help = in_a_few_words(item.help)
        return items

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse; what is refused says what is near to it."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            did_you_mean(error)
            raise


class Command(Helpful, TyperCommand):
    """A command that lists its options by what they are about."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, the options of no section, and then the others' section by section."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            argument = parameter.param_type_name == "argument"
            panel = getattr(parameter, "rich_help_panel", None) or "Options"
            sections.setdefault("Arguments" if argument else panel, []).append(record)
        for title, rows in sections.items():
            if not rows:
                continue
            with formatter.section(title):
                formatter.write_dl(rows)


def in_a_few_words(text: str) -> str:
    """The first sentence or part of it: one short line for a shell's list.

    Typer takes brackets for markup, and breaks lines that are longer than 80 characters; the
    scripts for zsh, fish and PowerShell take each line for a candidate.
    """
    words = " ".join(text.partition("  [")[0].split()).replace("[", "(").replace("]", ")")
    sentence = re.split(r"(?<=[a-z)`])[.;](?: |$)", words, maxsplit=1)[0]
    if len(sentence) <= _LONGEST_HINT:
        return sentence
    return f"{sentence[:_LONGEST_HINT].rpartition(' ')[0].rstrip(',:')} ..."


def _term_width(row: tuple[str, str]) -> int:
    return cells_of(row[0])


def _alternatives(text: str) -> list[str]:
    return [part for word in re.findall(r"\S+\s*", text) for part in _ALTERNATIVES.findall(word)]


def _arguments(room: int, text: str) -> list[str]:
    """Options together with their values, where both fit in a line."""
    found: list[str] = []
    for pair in re.findall(r"-\S+ +[^-\s]\S*\s*|\S+\s*", text):
        found += [pair] if cells_of(pair.rstrip()) <= room else re.findall(r"\S+\s*", pair)
    return found
