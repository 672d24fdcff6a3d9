"""A page as lines: plain ones for pipes and files, drawn ones for a terminal.

Plain lines are as long as they need to be, so that ids can be copied and lines can be searched;
they never go through rich, which would take a second for ten thousand of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asr_netmap.cli.columns import cells_of, table_lines, wrapped
from asr_netmap.report.inert import clean, clean_line
from asr_netmap.report.page import FIX, RUN, Block, Card, Cards, Page, Table, Tone

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STYLES = {
    Tone.PLAIN: "",
    Tone.GOOD: "green",
    Tone.CHANGE: "cyan",
    Tone.WARNING: "yellow",
    Tone.BAD: "bold red",
    Tone.FAINT: "dim",
}
_TITLE = "bold"
_FURTHER = 2
_LEAST_ROOM = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A finished line.

    styled -- how many characters from its start have the style; None: all.
    hangs -- where it may be wrapped, how far its further lines are indented; 0: it is never
        wrapped by us, so that what the terminal wraps is copied as one line.
    """

    text: str
    style: str = ""
    styled: int | None = None
    hangs: int = 0


def line_of(text: str, tone: Tone = Tone.PLAIN) -> Line:
    """A text of any origin as a line; blanks at its start stay."""
    indent = text[: len(text) - len(text.lstrip(" "))]
    return Line(indent + clean(text), _STYLES[tone])


def plain_text(page: Page) -> str:
    """The page for a pipe or a file."""
    return "".join(
        f"{line.text}\n"
        for piece in _pieces(page)
        for line in (_table(piece) if isinstance(piece, Table) else (piece,))
    )


def draw_page(console: Console, page: Page) -> None:
    """The page for a terminal: colours, and tables that fold into its width."""
    for piece in _pieces(page):
        if isinstance(piece, Table):
            for line in _table(piece, console.width):
                draw_line(console, line)
        elif piece.hangs:
            for line in _hanging(piece, console.width):
                draw_line(console, line)
        else:
            draw_line(console, piece)


def draw_line(console: Console, line: Line, end: str = "\n") -> None:
    """One line; the terminal wraps it, so that copying it gives one line again."""
    text = _text(line.text)
    text.stylize(line.style, 0, line.styled)
    console.print(text, soft_wrap=True, end=end)


def _pieces(page: Page) -> Iterator[Line | Table]:
    if page.banner:
        yield line_of(page.banner, Tone.WARNING)
    if clean(page.title):
        yield Line(clean(page.title), _TITLE)
    for block in page.blocks:
        yield Line("")
        yield from _block(block)


def _block(block: Block) -> Iterator[Line | Table]:
    if isinstance(block, Table | Cards) and clean(block.title):
        yield Line(clean(block.title), _TITLE)
    if isinstance(block, Table):
        yield block if block.rows else line_of(f"  {block.nothing}", Tone.FAINT)
    elif isinstance(block, Cards):
        for card in block.cards:
            yield from _card(card)
        if not block.cards:
            yield line_of(f"  {block.nothing}", Tone.FAINT)
    else:
        for text in block.lines:
            # What is indented in a note is a command: people copy it.
            hangs = 0 if text.startswith(" ") else _FURTHER
            yield replace(line_of(text, block.tone), hangs=hangs)


def _card(card: Card) -> Iterator[Line]:
    mark = f"  {clean(card.mark):<8}" if card.mark else "  "
    indent = " " * len(mark)
    heading = clean_line(mark + clean(card.heading))
    yield Line(heading, _STYLES[card.tone], len(mark), hangs=len(mark))
    for text in card.lines:
        hangs = 0 if _copied(text) else len(mark) + _FURTHER
        yield Line(clean_line(indent + clean(text)), hangs=hangs)


def _copied(text: str) -> bool:
    """Whether people copy it: a command, or a fix with a line for a file."""
    return text.startswith(RUN) or (text.startswith(FIX) and "{" in text)


def _hanging(line: Line, width: int) -> Iterator[Line]:
    """The line in several, the first as far indented as it is, the others hanging."""
    words = line.text.lstrip(" ")
    indent = len(line.text) - len(words)
    room = width - line.hangs
    if room < _LEAST_ROOM or cells_of(line.text) <= width:
        yield line
        return
    lead = line.text[:indent]
    first, *more = wrapped(words, width - indent)
    yield replace(line, text=lead + first)
    for text in wrapped(" ".join(more), room):
        styled = None if line.styled is None else 0
        yield replace(line, text=" " * line.hangs + text, styled=styled)


def _table(table: Table, width: int | None = None) -> Iterator[Line]:
    """The table in lines of that width at most; None: one line a row, nothing cut."""
    columns = [clean(cell) for cell in table.columns]
    rows = [[clean(cell) for cell in row] for row in table.rows]
    for row, text in table_lines(columns, rows, width):
        tone = table.tones[row] if table.tones and row is not None else Tone.PLAIN
        yield Line(clean_line(text), _TITLE if row is None else _STYLES[tone])


def _text(text: str, style: str = "") -> Text:
    from rich.text import Text  # noqa: PLC0415 -- help needs no rich

    return Text(text, style=style)
