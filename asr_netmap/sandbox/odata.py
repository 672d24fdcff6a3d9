"""The little of OData that lists are filtered by: `a eq 'x' and b ge 'y'`."""

from __future__ import annotations

import re
from typing import NamedTuple

from asr_netmap.sandbox.errors import ArmError

_TERM = re.compile(r"\s*(\w+)\s+(eq|ne|ge|le|gt|lt)\s+'?((?:[^']|'')*?)'?\s*", re.IGNORECASE)


class Term(NamedTuple):
    """One comparison; `name` and `operator` are lower-case."""

    name: str
    operator: str
    value: str

    def fits(self, found: str) -> bool:
        """Compare as texts, without case; times of one format compare right that way."""
        have, want = found.lower(), self.value.lower()
        return {
            "eq": have == want,
            "ne": have != want,
            "ge": have >= want,
            "le": have <= want,
            "gt": have > want,
            "lt": have < want,
        }[self.operator]


def terms(text: str, known: set[str]) -> tuple[Term, ...]:
    """Read a `$filter`; raises ArmError 400 for what the sandbox does not play."""
    # invented: filters
    if not text.strip():
        return ()
    found = []
    for part in re.split(r"\s+and\s+", text, flags=re.IGNORECASE):
        match = _TERM.fullmatch(part)
        if match is None or match[1].lower() not in known:
            raise ArmError(
                400,
                "InvalidFilterInQueryString",
                f"SANDBOX: $filter {part.strip()!r} is not played; known names: "
                f"{', '.join(sorted(known))}.",
            )
        found.append(Term(match[1].lower(), match[2].lower(), match[3].replace("''", "'")))
    return tuple(found)
