"""A page as lines: plain ones for pipes and files, drawn ones for a terminal.

Plain lines are as long as they need to be, so that ids can be copied and lines can be searched;
they never go through rich, which would take a second for ten thousand of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asr_netmap.report.inert import clean, clean_line
from asr_netmap.report.page import Block, Card, Cards, Page, Table, Tone

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


@dataclass(frozen=True, slots=True)
class Line:
    """A finished line.

    styled -- how many characters from its start have the style; None: all.
    """

    text: str
    style: str = ""
    styled: int | None = None


def line_of(text: str, tone: Tone = Tone.PLAIN) -> Line:
    """A text of any origin as a line; blanks at its start stay."""
    indent = text[: len(text) - len(text.lstrip(" "))]
    return Line(indent + clean(text), _STYLES[tone])


def plain_text(page: Page) -> str:
    """The page for a pipe or a file."""
    return "".join(
        f"{line.text}\n"
        for piece in _pieces(page)
        for line in (_aligned(piece) if isinstance(piece, Table) else (piece,))
    )


def draw_page(console: Console, page: Page) -> None:
    """The page for a terminal: colours, and tables that fold into its width."""
    for piece in _pieces(page):
        if isinstance(piece, Table):
            _draw_table(console, piece)
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
            yield line_of(text, block.tone)


def _card(card: Card) -> Iterator[Line]:
    mark = f"  {clean(card.mark):<8}" if card.mark else "  "
    yield Line(clean_line(mark + clean(card.heading)), _STYLES[card.tone], len(mark))
    indent = " " * len(mark)
    for text in card.lines:
        yield Line(clean_line(indent + clean(text)))


def _aligned(table: Table) -> Iterator[Line]:
    """Columns one below the other, nothing cut."""
    from rich.cells import cell_len  # noqa: PLC0415 -- help needs no rich

    rows = [[clean(cell) for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (c + " " * (w - cell_len(c)) for c, w in zip(row, widths, strict=True))
        yield Line(clean_line(f"  {'  '.join(cells)}".rstrip()))


def _draw_table(console: Console, table: Table) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 -- help needs no rich
    from rich.table import Table as RichTable  # noqa: PLC0415 -- the same

    drawn = RichTable(box=SIMPLE_HEAD, header_style="bold")
    for column in table.columns:
        drawn.add_column(_text(clean(column)), overflow="fold")
    tones = table.tones or (Tone.PLAIN,) * len(table.rows)
    for row, tone in zip(table.rows, tones, strict=True):
        drawn.add_row(*(_text(clean(cell), _STYLES[tone]) for cell in row))
    console.print(drawn)


def _text(text: str, style: str = "") -> Text:
    from rich.text import Text  # noqa: PLC0415 -- help needs no rich

    return Text(text, style=style)
