"""Time windows: when a job may start to write. Outside of them it plans, reports and leaves.

    --window "Sat,Sun 22:00-04:00"     begins on these days; ends the next morning
    --window 01:00-05:00               every day
    "window": {"days": ["sat", "sun"], "from": "22:00", "to": "04:00"}     the same in JSON

All times are UTC, as in Automation's jobs (Microsoft Learn, runbook execution).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from asr_netmap.errors import UsageError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_FORM = re.compile(
    r"(?:(?P<days>[a-z][a-z,;\s-]*?)\s*)?"
    r"(?P<opens>\d{1,2}:\d{2})\s*(?:-|\u2013|to)\s*(?P<closes>\d{1,2}:\d{2})\s*(?:utc|z)?",
    re.IGNORECASE,
)
_HINT = 'Write "Sat,Sun 22:00-04:00" (UTC), or without days for every day.'


@dataclass(frozen=True, slots=True)
class Window:
    """From `opens` on each of `days` (Monday is 0) to the next `closes`; equal: a whole day."""

    days: frozenset[int]
    opens: time
    closes: time

    def closes_after(self, now: datetime) -> datetime | None:
        """When it closes, if it is open at `now` (UTC); else None."""
        for back in (0, 1):
            day = now.date() - timedelta(days=back)
            begins = datetime.combine(day, self.opens, now.tzinfo)
            ends = datetime.combine(day, self.closes, now.tzinfo)
            if ends <= begins:
                ends += timedelta(days=1)
            if day.weekday() in self.days and begins <= now < ends:
                return ends
        return None


def parse_windows(texts: Iterable[str]) -> tuple[Window, ...]:
    """The windows that options name. Raises UsageError."""
    return tuple(_parsed(text) for text in texts)


def open_for(windows: Sequence[Window], now: datetime) -> float | None:
    """For how many seconds from `now` a job may write; 0: not now; None: without an end."""
    if not windows:
        return None
    ends = [end for window in windows if (end := window.closes_after(now)) is not None]
    return (max(ends) - now).total_seconds() if ends else 0.0


def window_text(value: Any) -> str:
    """A window as JSON has it, in the words of the option. Raises UsageError."""
    if not isinstance(value, Mapping):
        return str(value)
    given = {str(key).lower(): each for key, each in value.items()}
    zone = str(given.pop("timezone", "UTC"))
    days = given.pop("days", "")
    opens, closes = given.pop("from", None), given.pop("to", None)
    if given or zone.upper() not in {"UTC", "Z"} or opens is None or closes is None:
        raise UsageError(
            f"The window {dict(value)!r} is not understood.",
            'Write {"days": ["sat", "sun"], "from": "22:00", "to": "04:00"}; times are UTC.',
        )
    listed = ",".join(map(str, days)) if isinstance(days, list) else str(days)
    return f"{listed} {opens}-{closes}".strip()


def _parsed(text: str) -> Window:
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"--window {text!r} is no time window.", _HINT)
    words = re.split(r"[,;\s]+", re.sub(r"\s*-\s*", "-", (found["days"] or "").lower()))
    days = frozenset(day for word in words if word for day in _days(text, word))
    return Window(
        days or frozenset(range(len(DAYS))),
        _time(text, found["opens"]),
        _time(text, found["closes"]),
    )


def _days(text: str, word: str) -> Iterator[int]:
    """One day, or those from the first to the last of ``mon-fri``."""
    first, _, last = word.partition("-")
    for name in (first, last or first):
        if name[:3] not in DAYS:
            raise UsageError(f"--window {text!r}: {name!r} is no day of the week.", _HINT)
    begin, end = DAYS.index(first[:3]), DAYS.index((last or first)[:3])
    for step in range((end - begin) % len(DAYS) + 1):
        yield (begin + step) % len(DAYS)


def _time(text: str, said: str) -> time:
    hours, minutes = map(int, said.split(":"))
    try:
        return time(0 if (hours, minutes) == (24, 0) else hours, minutes)
    except ValueError:
        raise UsageError(f"--window {text!r}: {said} is no time.", _HINT) from None
