"""The spellings of time that the services use, each its own."""

from __future__ import annotations

from datetime import datetime, timezone

UNSTARTED = "0001-01-01T00:00:00"
"""A task's start or end before it has one. ARM: without a zone (az CLI traffic, 2023)."""

NO_SCENARIO = "1753-01-01T01:01:01Z"
"""The start of a replicated item's scenario when none runs (az CLI traffic, 2023)."""


def utc(moment: datetime) -> datetime:
    """Return the moment in UTC; one without a zone is taken as UTC already."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(timezone.utc)


def ticks(moment: datetime) -> str:
    """`2023-01-16T08:48:29.5577360Z`: seven decimals, as in a status body's startTime."""
    return utc(moment).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def trimmed(moment: datetime) -> str:
    """`2022-10-11T18:11:42.71187Z`: decimals without trailing zeros, as in a job's times."""
    text = utc(moment).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def whole(moment: datetime) -> str:
    """`2022-10-11T18:11:45Z`: cut to seconds, as in a job's endTime."""
    return utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def whole_ticks(moment: datetime) -> str:
    """`2023-01-16T08:49:39.0000000Z`: cut to seconds, as in a status body's endTime."""
    return utc(moment).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")


def http_date(moment: datetime) -> str:
    """`Mon, 16 Jan 2023 08:48:29 GMT`, whatever the process's locale is."""
    at = utc(moment)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[at.weekday()]
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{day}, {at.day:02d} {names[at.month - 1]} {at:%Y %H:%M:%S} GMT"


def american(moment: datetime) -> str:
    """`10/11/2022 5:37:47 PM`, as in Site Recovery's x-ms-request-id."""
    at = utc(moment)
    half = "AM" if at.hour < 12 else "PM"
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M:%S} {half}"


def routing(moment: datetime) -> str:
    """`20221011T173747Z`, as in x-ms-routing-request-id."""
    return utc(moment).strftime("%Y%m%dT%H%M%SZ")


def parse(text: str) -> datetime:
    """Read back what `store` wrote; raises ValueError for anything else."""
    return utc(datetime.fromisoformat(text))


def store(moment: datetime) -> str:
    """Write a moment into the estate document, to the microsecond."""
    return utc(moment).isoformat(timespec="microseconds")
