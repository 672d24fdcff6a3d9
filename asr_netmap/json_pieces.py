"""JSON in pieces, so that a document of thousands of rows is never in memory as a whole text.

The pieces together are, byte for byte, what `json.dumps` gives for the same document. A list whose
rows are made only while they are written is a `Rows`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

# Below so many levels a value is written at once: deeper than plans -> plan -> changes -> change.
_DEPTH = 4

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of a document, made anew each time that it is written."""

    make: Callable[[], Iterable[object]]


def rows_of(one: Callable[[T], object], values: Iterable[T]) -> Rows:
    """The rows that `one` makes of values, which have to stay as they are until then."""
    return Rows(lambda: map(one, values))


def list_of(one: Callable[[T], object], values: Iterable[T]) -> list[Any]:
    """The same as a list that is made at once."""
    return [one(value) for value in values]


@dataclass(frozen=True, slots=True)
class _Form:
    """How JSON is spelt: canonical, without blanks and with sorted keys, or indented.

    What is not JSON, such as NaN, was read from a file or is a mistake: only the canonical form,
    which digests what was read, spells it.
    """

    indent: int | None
    ascii: bool

    def whole(self, value: object, level: int) -> str:
        """A value at once; its lines are those of a place `level` levels down."""
        text = json.dumps(
            value,
            indent=self.indent,
            sort_keys=self.indent is None,
            separators=(",", ":") if self.indent is None else None,
            ensure_ascii=self.ascii,
            allow_nan=self.indent is None,
        )
        return text if self.indent is None else text.replace("\n", self.line(level))

    def line(self, level: int) -> str:
        """What stands between two entries `level` levels down, beside the comma."""
        return "" if self.indent is None else "\n" + " " * (self.indent * level)

    def key(self, name: object) -> str:
        """The key of an entry, with its colon."""
        return json.dumps(name, ensure_ascii=self.ascii) + (":" if self.indent is None else ": ")


def canonical_pieces(document: object) -> Iterator[str]:
    """The one spelling of a document: sorted keys, no blanks, every character as it is."""
    return _pieces(document, _Form(None, ascii=False), 0)


def indented_pieces(document: object, indent: int, *, ascii_only: bool = True) -> Iterator[str]:
    """A document for people, with so many blanks for each level."""
    return _pieces(document, _Form(indent, ascii_only), 0)


def _pieces(value: object, form: _Form, level: int) -> Iterator[str]:
    # Not `Mapping`: to say no, that asks each of the thousands of models of a loaded SDK.
    if level < _DEPTH and isinstance(value, dict) and value:
        names = sorted(value) if form.indent is None else value
        entries = ((form.key(name), value[name]) for name in names)
        yield from _entries("{}", entries, form, level)
    elif isinstance(value, Rows):
        yield from _entries("[]", (("", each) for each in value.make()), form, level)
    elif level < _DEPTH and isinstance(value, (list, tuple)):
        yield from _entries("[]", (("", each) for each in value), form, level)
    else:
        yield form.whole(value, level)


def _entries(
    ends: str, entries: Iterable[tuple[str, object]], form: _Form, level: int
) -> Iterator[str]:
    before = ends[0] + form.line(level + 1)
    some = False
    for name, value in entries:
        yield before + name
        yield from _pieces(value, form, level + 1)
        before, some = "," + form.line(level + 1), True
    yield form.line(level) + ends[1] if some else ends
