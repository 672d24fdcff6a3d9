"""Long pages, cut to what people read at a terminal; how much was left out always stands there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from asr_netmap.report.page import Block, Cards, Note, Page, Table, Tone

MOST_ROWS = 200
MOST_CARDS = 50


def shortened(page: Page, most_rows: int = MOST_ROWS, most_cards: int = MOST_CARDS) -> Page:
    """The page with at most so many rows of each table and cards of each list.

    The rows for CSV stay as they are; they are for programs.
    """
    blocks = [short for block in page.blocks for short in _shortened(block, most_rows, most_cards)]
    return replace(page, blocks=tuple(blocks))


def _shortened(block: Block, most_rows: int, most_cards: int) -> Iterator[Block]:
    if isinstance(block, Table) and len(block.rows) > most_rows:
        left_out = len(block.rows) - most_rows
        tones = block.tones[:most_rows]
        yield replace(block, rows=block.rows[:most_rows], tones=tones)
        yield _more(left_out, "rows")
    elif isinstance(block, Cards) and len(block.cards) > most_cards:
        left_out = len(block.cards) - most_cards
        yield replace(block, cards=block.cards[:most_cards])
        yield _more(left_out, f"of {block.title}" if block.title else "of these")
    else:
        yield block


def _more(left_out: int, what: str) -> Note:
    text = (
        f"  ... and {left_out:,} more {what}, not shown: all of them with --all or "
        "--format json, some of them with --only"
    )
    return Note((text,), Tone.WARNING)
