"""What somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 5


def near(name: str, known: Iterable[str]) -> str:
    """A sentence with the known names that resemble `name`, or the first ones; "" if none."""
    by_key = {each.lower(): each for each in known if each}
    close = get_close_matches(name.lower(), list(by_key), n=_SHOWN, cutoff=0.6)
    if close:
        return " Near: " + ", ".join(by_key[key] for key in close) + "."
    if not by_key:
        return ""
    shown = sorted(by_key.values())[:_SHOWN]
    more = f", and {len(by_key) - len(shown)} more" if len(by_key) > len(shown) else ""
    return " There: " + ", ".join(shown) + more + "."
