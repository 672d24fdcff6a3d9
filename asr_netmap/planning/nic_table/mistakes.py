"""Mistakes in a NIC table: where each stands, and the one error that lists them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from asr_netmap.errors import TableError

MAX_SHOWN = 200

_HINT = (
    "Nothing was taken from the table. Correct it, or start from a fresh one: "
    "`asr-netmap nics export --out FILE`."
)


class TableMistake(NamedTuple):
    """One mistake.

    line -- of the file, from 1; 0: of the table as a whole.
    column -- the column's name; empty: of the row as a whole.
    """

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        places = (
            f"line {self.line}" if self.line else "",
            f"column {self.column}" if self.column else "",
        )
        where = ", ".join(place for place in places if place)
        return f"{where}: {self.text}" if where else self.text


def raise_mistakes(where: str, mistakes: Iterable[TableMistake], rows: Sequence[Any] = ()) -> None:
    """Raise TableError with every mistake, each once, in the order of the lines.

    rows -- all that were read; those that no mistake is in go along.
    """
    ordered = sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.line)
    if not ordered:
        return
    lines = [str(mistake) for mistake in ordered[:MAX_SHOWN]]
    if len(ordered) > MAX_SHOWN:
        lines.append(f"… and {len(ordered) - MAX_SHOWN} more")
    wrong = {mistake.line for mistake in ordered}
    # Where the heading is wrong, what stands below it may not be what it seems.
    sound = [row for row in rows if row.line not in wrong] if ordered[0].line > 1 else []
    raise TableError(where, lines, _HINT, mistakes=ordered, sound=sound)
