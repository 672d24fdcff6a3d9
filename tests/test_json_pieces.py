"""JSON in pieces is the JSON of the standard library, whatever the document."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_netmap.json_pieces import Rows, canonical_pieces, indented_pieces, list_of, rows_of

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=30,
)


@given(documents)
def test_canonical_pieces_are_what_json_dumps_gives(document: object) -> None:
    whole = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert "".join(canonical_pieces(document)) == whole


@given(documents, st.sampled_from((1, 2)), st.booleans())
def test_indented_pieces_are_what_json_dumps_gives(
    document: object, indent: int, ascii_only: bool
) -> None:
    whole = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    assert "".join(indented_pieces(document, indent, ascii_only=ascii_only)) == whole


@pytest.mark.parametrize("values", [[], [1], [1, 2, 3]])
def test_rows_are_written_like_the_list_that_they_stand_for(values: list[int]) -> None:
    def lazily(value: int) -> dict[str, object]:
        return {"b": [value, {}], "a": None}

    rows = {"plans": [{"changes": rows_of(lazily, values)}], "x": rows_of(lazily, values)}
    lists = {"plans": [{"changes": list_of(lazily, values)}], "x": list_of(lazily, values)}
    for written in (canonical_pieces, lambda document: indented_pieces(document, 1)):
        assert "".join(written(rows)) == "".join(written(lists))


def test_rows_are_made_one_by_one_while_they_are_written() -> None:
    made: list[int] = []

    def row(value: int) -> int:
        made.append(value)
        return value

    pieces = canonical_pieces({"rows": Rows(lambda: map(row, range(1000)))})
    assert "5" in pieces
    assert made == [0, 1, 2, 3, 4, 5]
