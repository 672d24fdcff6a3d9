"""The pure parts of the measurements, so that they can't rot: ratios, bars, tables, options."""

from __future__ import annotations

import json

import pytest
import typer

from asr_netmap.cli import app
from tests.bench import bench, estates, figures, rows_served, starting
from tests.bench.figures import Figure, Sense

SLOW = Figure("twenty", "20 items", "s", (8.0, 7.0, 30.0), "limit", (7.0, 8.0, 6.0), 1.15)
FAST = Figure("twenty", "20 items", "s", (8.0,), "one by one", (80.0,), 8.0, Sense.AT_LEAST)
NONE = Figure("help", "azure modules", "", (0.0,), "none", (1.0,), 0.0)


def test_a_figure_is_the_median_of_its_runs_and_its_ratio_that_of_the_medians() -> None:
    assert (SLOW.measured, SLOW.reference) == (8.0, 7.0)
    assert SLOW.ratio == pytest.approx(8 / 7)


def test_at_least_turns_the_ratio_round() -> None:
    assert FAST.ratio == 10.0


@pytest.mark.parametrize(
    ("figure", "ok"),
    [
        (SLOW, True),
        (Figure("r", "w", "s", (1.16,), "b", (1.0,), 1.15), False),
        (Figure("r", "w", "s", (1.15,), "b", (1.0,), 1.15), True),
        (FAST, True),
        (Figure("r", "w", "s", (1.0,), "b", (7.9,), 8.0, Sense.AT_LEAST), False),
        (NONE, True),
        (Figure("r", "w", "", (1.0,), "b", (1.0,), 0.0), False),
    ],
)
def test_a_bar_is_held_or_missed(figure: Figure, ok: bool) -> None:
    assert figure.ok is ok


def test_a_missed_bar_says_so_in_every_form() -> None:
    missed = Figure("r", "too slow", "s", (3.0,), "limit", (1.0,), 1.15)
    assert "MISSED" in figures.table([SLOW, missed])
    assert "**missed**" in figures.markdown([missed])
    assert figures.document([SLOW, missed], {}, quick=False)["missed"] == ["too slow"]


def test_a_document_gives_its_figures_back() -> None:
    document = json.loads(json.dumps(figures.document([SLOW, FAST, NONE], {}, quick=True)))
    again = figures.figures_of(document)
    assert again == [SLOW, FAST, NONE]
    assert figures.table(again) == figures.table([SLOW, FAST, NONE])


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.2347, "s", "0.235 s"), (75.04, "s", "75.0 s"), (1234.5, "MB", "1,234 MB"), (0.0, "", "0")],
)
def test_numbers_have_as_many_digits_as_mean_something(value: float, unit: str, text: str) -> None:
    assert figures.amount(value, unit) == text


def test_the_least_time_is_that_of_the_write_bucket_or_of_two_operations() -> None:
    assert rows_served.least_seconds(20) == 2 * rows_served.OPERATION
    assert rows_served.least_seconds(1_000) == pytest.approx(80.2)


def test_the_options_are_understood() -> None:
    given = bench.parsed(["--quick", "--only", "help", "--only", "twenty", "--json", "x.json"])
    assert given.quick
    assert given.only == ["help", "twenty"]
    assert given.json == "x.json"
    with pytest.raises(SystemExit):
        bench.parsed(["--only", "nothing"])


def test_every_row_of_the_short_version_is_a_row() -> None:
    assert set(bench.QUICK) <= set(bench.ROWS)


def test_an_estate_is_unfinished_until_everything_is_mapped_and_set() -> None:
    estate = estates.estate(2, nics=2)
    left = estates.unfinished(estate, nics=2)
    assert left[0] == "0 paired mappings instead of 2"
    assert len(left) == 3


def test_the_empty_app_has_every_command_and_option_and_is_python() -> None:
    source = starting.empty_program(typer.main.get_command(app), "asr-netmap")
    compile(source, "emptyapp.py", "exec")
    for text in ("'discover'", "'--source-region'", "'nics'", "'explain'", "'--quiet'"):
        assert text in source
