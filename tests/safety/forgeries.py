"""Plan files as somebody might alter them: every value another, every key and row gone."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from asr_netmap.planning.document import digest_of

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Forgery:
    """An altered plan file whose own digest is right again.

    where -- the altered place; what -- in words.
    """

    where: Path
    what: str
    document: dict[str, Any]

    @property
    def text(self) -> str:
        return json.dumps(self.document, indent=1)

    @property
    def name(self) -> str:
        return f"{'/'.join(map(str, self.where))}: {self.what}"


def forgeries(document: dict[str, Any]) -> Iterator[Forgery]:
    """Every place of a plan file, altered; the digest is made anew, as a forger would."""
    for where, value in _places(document, ()):
        for what, other in _others(value):
            yield _forged(document, where, what, other)
        yield _forged(document, where, "gone", _GONE)


_GONE = object()


def _forged(document: dict[str, Any], where: Path, what: str, other: Any) -> Forgery:
    altered = copy.deepcopy(document)
    holder: Any = altered
    for step in where[:-1]:
        holder = holder[step]
    if other is _GONE:
        del holder[where[-1]]
    else:
        holder[where[-1]] = other
    if where[0] != "digest":
        body = {key: value for key, value in altered.items() if key != "digest"}
        altered["digest"] = digest_of(body)
    return Forgery(where, what, altered)


def _places(value: Any, where: Path) -> Iterator[tuple[Path, Any]]:
    if where:
        yield where, value
    if isinstance(value, dict):
        for key in value:
            yield from _places(value[key], (*where, key))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from _places(each, (*where, at))


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    """Values of the same kind, and one of another kind."""
    if isinstance(value, bool):
        yield "turned round", not value
    elif isinstance(value, int):
        yield "one more", value + 1
    elif isinstance(value, str):
        yield "another text", _another(value)
    elif isinstance(value, list) and value:
        yield "the first row twice", [*value, copy.deepcopy(value[0])]
    elif value is None:
        yield "no longer null", "something"
    yield "of another kind", {"a": 1} if not isinstance(value, dict) else [1]


def _another(text: str) -> str:
    """A text of the same form: another id, address, region, direction or word."""
    swaps = {
        "vnet-data-dr": "vnet-web-asr",
        "vnet-data": "vnet-web",
        "sql1": "web2",
        "10.20.1.": "10.20.1.1",
        "eastasia": "westus",
        "create": "delete",
        "update": "create",
        "keep": "enforce",
        "dynamic": "next-free",
    }
    for old, new in swaps.items():
        if old in text:
            return text.replace(old, new, 1)
    return text[:-1] + ("0" if text[-1:] != "0" else "1") if text else "x"
