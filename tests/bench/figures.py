"""What was measured, beside what, and whether that holds: the table and its JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import Any


class Sense(Enum):
    """Which side of its bar a ratio must be on."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table.

    row -- the name that ``--only`` takes; several figures may share one.
    beside -- what `reference` is: a limit, or another way to do the same.
    runs, reference_runs -- each run's own value; the figures are their medians.
    For AT_MOST the ratio is measured to reference, for AT_LEAST the other way round: how many
    times faster.
    """

    row: str
    what: str
    unit: str
    runs: tuple[float, ...]
    beside: str
    reference_runs: tuple[float, ...]
    bar: float
    sense: Sense = Sense.AT_MOST
    note: str = ""

    @property
    def measured(self) -> float:
        """The median of the runs."""
        return median(self.runs)

    @property
    def reference(self) -> float:
        """The median of the runs of what stands beside it."""
        return median(self.reference_runs)

    @property
    def ratio(self) -> float:
        """What the bar is about."""
        if self.sense is Sense.AT_LEAST:
            return self.reference / self.measured if self.measured else float("inf")
        return self.measured / self.reference if self.reference else float("inf")

    @property
    def ok(self) -> bool:
        """Whether the ratio is on the right side of its bar."""
        if self.sense is Sense.AT_LEAST:
            return self.ratio >= self.bar
        return self.ratio <= self.bar

    def document(self) -> dict[str, Any]:
        """The figure as JSON."""
        return {
            "row": self.row,
            "what": self.what,
            "unit": self.unit,
            "measured": round(self.measured, 4),
            "runs": [round(run, 4) for run in self.runs],
            "beside": self.beside,
            "reference": round(self.reference, 4),
            "reference_runs": [round(run, 4) for run in self.reference_runs],
            "ratio": round(self.ratio, 4),
            "bar": f"{self.sense.value} {self.bar:g}",
            "ok": self.ok,
            "note": self.note,
        }


def one(
    row: str, what: str, unit: str, measured: float, beside: str, reference: float, bar: float
) -> Figure:
    """A figure of a single run that must stay at or below `bar` times the reference."""
    return Figure(row, what, unit, (measured,), beside, (reference,), bar)


HEADINGS = ("what", "measured", "beside", "", "ratio", "bar", "")


def cells(figure: Figure) -> tuple[str, ...]:
    """A figure as the texts of a row of the table."""
    times = "x faster" if figure.sense is Sense.AT_LEAST else ""
    return (
        figure.what,
        amount(figure.measured, figure.unit),
        figure.beside,
        amount(figure.reference, figure.unit),
        f"{figure.ratio:.2f}{times}",
        f"{figure.sense.value} {figure.bar:g}",
        "ok" if figure.ok else "MISSED",
    )


def amount(value: float, unit: str) -> str:
    """A number with its unit, in as many digits as mean something."""
    if unit == "s" and value < 10:
        return f"{value:.3g} s"
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()


def table(figures: Iterable[Figure]) -> str:
    """The figures in columns, for a terminal."""
    rows = [HEADINGS, *(cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def markdown(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table, as README shows them."""
    lines = [
        "| what | measured | beside it | ratio | bar |",
        "|---|---|---|---|---|",
    ]
    for figure in figures:
        what, measured, beside, reference, ratio, bar, verdict = cells(figure)
        missed = "" if figure.ok else f" **{verdict.lower()}**"
        lines.append(f"| {what} | {measured} | {beside}: {reference} | {ratio} | {bar}{missed} |")
    return "\n".join(lines) + "\n"


def document(
    figures: Sequence[Figure], machine: dict[str, Any], *, quick: bool, measured: str = ""
) -> dict[str, Any]:
    """Everything as JSON. `measured` is when, such as ``November 2026``."""
    return {
        "schema": "asr-netmap/bench/1",
        "quick": quick,
        "measured": measured,
        "machine": machine,
        "figures": [figure.document() for figure in figures],
        "missed": [figure.what for figure in figures if not figure.ok],
    }


def figures_of(document: dict[str, Any]) -> list[Figure]:
    """The figures that a document holds. Raises KeyError or ValueError for another one."""
    return [_figure(each) for each in document["figures"]]


def _figure(each: dict[str, Any]) -> Figure:
    sense, _, bar = str(each["bar"]).rpartition(" ")
    return Figure(
        each["row"],
        each["what"],
        each["unit"],
        tuple(each["runs"]),
        each["beside"],
        tuple(each["reference_runs"]),
        float(bar),
        Sense(sense),
        each["note"],
    )
