"""Tables as lines of a given width: columns if they fit, else a small list per row.

Words are never broken where they fit: names and addresses are there to be copied. The steps are
columns as wide as their texts, columns that wrap between words, columns that also wrap inside
compound words (after ``-`` or ``/``, before a capital letter), the long ones first, and a list of
``column  value`` lines for each row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial

INDENT = 2
GAP = 2
_LONG = 15

Cells = Sequence[Sequence[str]]
Split = Callable[[str], list[str]]

_COMPOUND = re.compile(r".+?(?:[-/,](?=.)|(?<=[a-z])(?=[A-Z])|$)")


def table_lines(
    columns: Sequence[str], rows: Cells, width: int | None
) -> Iterator[tuple[int | None, str]]:
    """The table's lines, each with the number of its row; None: the headings.

    width -- in character cells; None: as wide as it needs to be.
    """
    cells = [columns, *rows]
    for split in (None, _words, partial(_parts, _LONG), partial(_parts, 1)):
        widths = _widths(cells, width, split)
        if widths is not None:
            yield from _in_columns(cells, widths, split)
            return
    yield from _in_lists(columns, rows, width or 0)


def wrapped(text: str, width: int, split: Split | None = None) -> list[str]:
    """`text` in lines of at most `width` cells, broken between words where that is possible."""
    lines = [""]
    for piece in (split or _words)(text):
        if lines[-1] and cells_of((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece
        while cells_of(lines[-1].rstrip()) > width:
            head = _head(lines[-1], width)
            lines[-1:] = [head, lines[-1][len(head) :]]
    return [line.rstrip() for line in lines]


@lru_cache(maxsize=4096)
def cells_of(text: str) -> int:
    """How many character cells a terminal takes for `text`; wide characters take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415 -- help needs no rich

    return cell_len(text)


def _widths(cells: Cells, width: int | None, split: Split | None) -> list[int] | None:
    """The width of each column, or None if they don't fit in that way."""
    natural = [max(map(cells_of, column)) for column in zip(*cells, strict=True)]
    if width is None:
        return natural
    room = width - INDENT - GAP * (len(natural) - 1)
    if sum(natural) <= room:
        return natural
    if split is None:
        return None
    least = [
        max(cells_of(piece.rstrip()) for cell in column for piece in split(cell) or [""])
        for column in zip(*cells, strict=True)
    ]
    return _shared(least, natural, room) if sum(least) <= room else None


def _shared(least: list[int], natural: list[int], room: int) -> list[int]:
    """Columns between their least and their natural widths that take all the room."""
    widths = list(least)
    for _ in range(room - sum(least)):
        # A column of many lines gets the next cell: that is where height is lost.
        lines = [n / w if n > w else 0.0 for n, w in zip(natural, widths, strict=True)]
        widths[lines.index(max(lines))] += 1
    return widths


def _in_columns(
    cells: Cells, widths: list[int], split: Split | None
) -> Iterator[tuple[int | None, str]]:
    for place, row in enumerate(cells):
        number = place - 1 if place else None
        if split is None:
            yield number, _joined(row, widths)
            continue
        parts = [wrapped(cell, w, split) for cell, w in zip(row, widths, strict=True)]
        for line in range(max(map(len, parts))):
            texts = [part[line] if line < len(part) else "" for part in parts]
            yield number, _joined(texts, widths)


def _joined(texts: Sequence[str], widths: list[int]) -> str:
    padded = (t + " " * (w - cells_of(t)) for t, w in zip(texts, widths, strict=True))
    return " " * INDENT + (" " * GAP).join(padded).rstrip()


def _in_lists(columns: Sequence[str], rows: Cells, width: int) -> Iterator[tuple[int | None, str]]:
    label = max(map(cells_of, columns))
    room = max(width - INDENT - GAP - label, 8)
    for number, row in enumerate(rows):
        if number:
            yield number, ""
        for name, cell in zip(columns, row, strict=True):
            first, *more = wrapped(cell, room)
            head = name + " " * (label - cells_of(name))
            yield number, f"{' ' * INDENT}{head}{' ' * GAP}{first}".rstrip()
            for line in more:
                yield number, " " * (INDENT + label + GAP) + line


def _words(text: str) -> list[str]:
    """Words with the blanks after them."""
    return re.findall(r"\S+\s*|\s+", text)


def _parts(least: int, text: str) -> list[str]:
    """Words, compound ones of at least that length in parts; addresses stay whole."""
    found: list[str] = []
    for word in _words(text):
        whole = len(word) < least or word[0].isdigit()
        found += [word] if whole else _COMPOUND.findall(word)
    return [part for part in found if part]


def _head(text: str, width: int) -> str:
    """As much of the start of `text` as fits; at least one character."""
    length = 1
    while length < len(text) and cells_of(text[: length + 1]) <= width:
        length += 1
    return text[:length]
