"""How two answers differ in shape: status, header names, and the form of the JSON.

The form is more than keys and types: null or not, the casing of ids and words, how a time is
written. Of values that each side makes up (GUIDs, times) only the writing counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
# Years 1, 1753 and 9999 stand for "never": they are words, not times.
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?")

FREE_KEYS = ("tags", "userAssignedIdentities")
"""Objects whose keys are data."""


@dataclass(frozen=True, order=True)
class Difference:
    """One place where an answer of ours is not shaped like the recorded one.

    place -- ``status``, ``header <name>`` or a path such as ``$.properties.tasks[].state``.
    what -- missing, extra, order, type, null, length, spelling, value or count.
    """

    place: str
    what: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.what} {self.detail}".rstrip()


def body_differences(ours: Any, theirs: Any, place: str = "$") -> Iterator[Difference]:
    """Where two JSON values differ in form."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        yield from _object_differences(ours, theirs, place)
    elif isinstance(theirs, list) and isinstance(ours, list):
        if len(ours) != len(theirs):
            yield Difference(place, "length", f"{len(ours)} beside {len(theirs)}")
        for mine, yours in zip(ours, theirs, strict=False):
            yield from body_differences(mine, yours, f"{place}[]")
    elif (ours is None) != (theirs is None):
        yield Difference(place, "null", f"{_short(ours)} beside {_short(theirs)}")
    elif _kind(ours) != _kind(theirs):
        yield Difference(place, "type", f"{_short(ours)} beside {_short(theirs)}")
    else:
        yield from _value_difference(ours, theirs, place)


def _object_differences(
    ours: dict[str, Any], theirs: dict[str, Any], place: str
) -> Iterator[Difference]:
    for key in theirs.keys() - ours.keys():
        yield Difference(f"{place}.{key}", "missing")
    for key in ours.keys() - theirs.keys():
        yield Difference(f"{place}.{key}", "extra", _short(ours[key]))
    shared = [key for key in theirs if key in ours]
    if shared != [key for key in ours if key in theirs]:
        yield Difference(place, "order", ", ".join(ours))
    for key in shared:
        yield from body_differences(ours[key], theirs[key], f"{place}.{key}")


def _value_difference(ours: Any, theirs: Any, place: str) -> Iterator[Difference]:
    mine, yours = _written(ours), _written(theirs)
    if mine != yours:
        spelling = isinstance(mine, str) and mine.lower() == str(yours).lower()
        what = "spelling" if spelling else "value"
        yield Difference(place, what, f"{_short(ours)} beside {_short(theirs)}")


def _written(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = _TIME.sub(lambda m: "<time>" if m[1] is None else "<time.f>", value)
    return _GUID.sub("<guid>", value)


def _kind(value: Any) -> str:
    # JSON has one kind of number; true and false are a kind of their own.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return type(value).__name__
    return "number"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
