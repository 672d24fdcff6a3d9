"""A page as GitHub-flavoured Markdown, for pull requests and tickets."""

from __future__ import annotations

from collections.abc import Iterator

from asr_netmap.report.inert import code_span, markdown_text
from asr_netmap.report.page import RUN, Block, Card, Cards, Page, Table


def markdown(page: Page) -> str:
    """The page as Markdown text that ends with a line feed."""
    lines = [f"# {markdown_text(page.title)}", ""]
    if page.banner:
        lines += [f"> **{markdown_text(page.banner)}**", ""]
    for block in page.blocks:
        lines += [*block_lines(block), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def block_lines(block: Block) -> Iterator[str]:
    """The lines of one block."""
    if isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Cards):
        yield from _cards(block)
    else:
        for place, line in enumerate(block.lines):
            yield from ([""] if place else [])
            yield markdown_text(line)


def _table(table: Table) -> Iterator[str]:
    yield from _title(table.title)
    if not table.rows:
        yield markdown_text(table.nothing)
        return
    yield row_line(table.columns)
    yield row_line(tuple("---" for _ in table.columns), escape=False)
    for row in table.rows:
        yield row_line(row)


def row_line(cells: tuple[str, ...], escape: bool = True) -> str:
    """A row of a table; `escape`: the cells are texts, and no markup of ours."""
    shown = (markdown_text(cell) or " " for cell in cells) if escape else iter(cells)
    return f"| {' | '.join(shown)} |"


def _cards(cards: Cards) -> Iterator[str]:
    yield from _title(cards.title)
    if not cards.cards:
        yield markdown_text(cards.nothing)
    for card in cards.cards:
        yield from _card(card)


def _card(card: Card) -> Iterator[str]:
    mark = f"**{markdown_text(card.mark)}** " if card.mark else ""
    yield f"- {mark}{markdown_text(card.heading)}"
    for line in card.lines:
        yield f"  - {_line(line)}"


def _line(line: str) -> str:
    """A line of a card; a command is code, so that it is copied as it is."""
    if not line.startswith(RUN):
        return markdown_text(line)
    return f"{RUN}{code_span(line.removeprefix(RUN))}"


def _title(title: str) -> Iterator[str]:
    if title:
        yield f"## {markdown_text(title)}"
        yield ""
