"""What somebody may have meant who gave a name that there is not."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_MOST_NEAR = 5
_MOST_NAMES = 12
_LIKENESS = 0.5


def near_names(wanted: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names that `wanted` may have been meant for, nearest first."""
    by_lower = {name.lower(): name for name in sorted(set(names), key=str.lower)}
    close = get_close_matches(wanted.lower(), list(by_lower), n=_MOST_NEAR, cutoff=_LIKENESS)
    return tuple(by_lower[name] for name in close)


def did_you_mean(wanted: str, names: Iterable[str], nothing: str = "") -> str:
    """The hint for a name that doesn't exist: names near to it, else those that there are.

    nothing -- what is said where there is no name at all.
    """
    known = sorted({name for name in names if name}, key=str.lower)
    near = near_names(wanted, known)
    if near:
        return f"Near: {', '.join(near)}."
    more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
    return f"There is: {', '.join(known[:_MOST_NAMES])}{more}." if known else nothing
