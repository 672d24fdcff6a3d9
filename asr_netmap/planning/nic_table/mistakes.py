"""Mistakes in a NIC table: where each stands, and the one error that lists them all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from asr_netmap.errors import SettingsError

MAX_SHOWN = 200

_HINT = (
    "Nothing was taken from the table. Correct it, or start from a fresh one: "
    "`asr-netmap nics export --out FILE`."
)


@dataclass(frozen=True, slots=True)
class TableMistake:
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


def raise_mistakes(where: str, mistakes: Iterable[TableMistake]) -> None:
    """Raise SettingsError with every mistake, each once, in the order of the lines."""
    ordered = sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.line)
    if not ordered:
        return
    lines = [str(mistake) for mistake in ordered[:MAX_SHOWN]]
    if len(ordered) > MAX_SHOWN:
        lines.append(f"… and {len(ordered) - MAX_SHOWN} more")
    raise SettingsError(where, lines, _HINT)
