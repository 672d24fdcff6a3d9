"""Tables in a terminal's width: words stay whole as long as they can."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_netmap.cli.columns import cells_of, table_lines, wrapped

COLUMNS = ("name", "what it is", "state")
ROWS = (
    ("vnet-app", "a network with a long description", "ready"),
    ("vnet-data-dr", "short", "waiting for InitialReplicationInProgress"),
)


def texts(width: int | None) -> list[str]:
    return [text for _, text in table_lines(COLUMNS, ROWS, width)]


def test_a_table_that_fits_is_one_line_a_row() -> None:
    assert len(texts(None)) == len(texts(200)) == 3
    assert texts(None) == texts(200)


def test_a_narrower_one_wraps_between_words() -> None:
    lines = texts(70)
    assert len(lines) > 3
    assert all(len(line) <= 70 for line in lines)
    words = set(" ".join(lines).split())
    assert {"vnet-data-dr", "InitialReplicationInProgress", "description"} <= words


def test_a_long_compound_is_broken_before_a_name_is() -> None:
    words = set(" ".join(texts(48)).split())
    assert {"vnet-app", "vnet-data-dr", "Initial"} <= words


def test_without_room_for_columns_each_row_is_a_list() -> None:
    lines = texts(24)
    assert lines[0] == "  name        vnet-app"
    assert "  state       ready" in lines
    assert lines.count("") == len(ROWS) - 1


def test_lines_know_their_rows() -> None:
    numbers = [row for row, _ in table_lines(COLUMNS, ROWS, 60)]
    assert numbers == sorted(numbers, key=lambda n: -1 if n is None else n)
    assert set(numbers) == {None, 0, 1}


def test_wide_characters_take_two_cells() -> None:
    lines = [
        text for _, text in table_lines(("name", "x"), (("\u540d\u524d", "1"), ("ab", "2")), 20)
    ]
    assert lines[1].index("1") + 2 == lines[2].index("2")


CELL = st.text(alphabet="ab-/ AZ\u540d1.", max_size=30)


def _one_line(cell: str) -> str:
    return " ".join(cell.split())


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=4), st.integers(30, 120))
def test_no_line_leaves_the_width_and_no_character_is_lost(
    rows: list[tuple[str, str, str]], width: int
) -> None:
    rows = [(_one_line(a), _one_line(b), _one_line(c)) for a, b, c in rows]
    lines = [text for _, text in table_lines(COLUMNS, rows, width)]
    assert all(cells_of(line) <= width for line in lines)
    shown = sorted("".join("".join(lines).split()))
    expected = "".join("".join(row) for row in rows)
    for character in set(expected) - {" "}:
        assert shown.count(character) >= expected.count(character)


@pytest.mark.parametrize("width", [1, 5, 12])
def test_a_word_that_is_too_long_is_cut_as_the_last_resort(width: int) -> None:
    lines = wrapped("one extraordinarily long word", width)
    assert all(cells_of(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == "oneextraordinarilylongword"
