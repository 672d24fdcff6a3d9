"""When a job may write."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from asr_netmap.errors import UsageError
from asr_netmap.runbook.windows import open_for, parse_windows

MONDAY = datetime(2026, 1, 5, tzinfo=timezone.utc)


def at(day: int, clock: str) -> datetime:
    """A moment of that week; 0 is Monday."""
    hours, minutes = map(int, clock.split(":"))
    return MONDAY + timedelta(days=day, hours=hours, minutes=minutes)


@pytest.mark.parametrize(
    ("texts", "day", "clock", "minutes"),
    [
        (["01:00-05:00"], 0, "00:59", 0),
        (["01:00-05:00"], 0, "01:00", 240),
        (["01:00-05:00"], 3, "04:59", 1),
        (["01:00-05:00"], 3, "05:00", 0),
        (["Sat 22:00-04:00"], 5, "21:59", 0),
        (["Sat 22:00-04:00"], 5, "23:00", 300),
        (["Sat 22:00-04:00"], 6, "03:00", 60),
        (["Sat 22:00-04:00"], 6, "04:00", 0),
        (["Sat 22:00-04:00"], 5, "03:00", 0),  # that would be Friday's night
        (["Sun 22:00-04:00"], 0, "03:00", 60),  # over the end of the week
        (["sat,sun 10:00-12:00"], 6, "11:00", 60),
        (["sat; sun 10:00-12:00"], 5, "11:00", 60),
        (["Saturday Sunday 10:00 - 12:00 UTC"], 6, "11:00", 60),
        (["mon-fri 10:00-12:00"], 4, "11:00", 60),
        (["mon-fri 10:00-12:00"], 5, "11:00", 0),
        (["fri-mon 10:00-12:00"], 6, "11:00", 60),
        (["fri-mon 10:00-12:00"], 2, "11:00", 0),
        (["sat 00:00-24:00"], 5, "12:00", 720),
        (["sat 00:00-24:00"], 6, "00:00", 0),
        (["00:00-24:00"], 2, "23:59", 1),
        (["01:00-02:00", "03:00-04:00"], 0, "03:30", 30),
        (["01:00-02:00", "01:00-04:00"], 0, "01:30", 150),
    ],
)
def test_a_job_may_write_until_the_window_closes(
    texts: list[str], day: int, clock: str, minutes: int
) -> None:
    assert open_for(parse_windows(texts), at(day, clock)) == minutes * 60


def test_without_a_window_there_is_no_end() -> None:
    assert open_for((), MONDAY) is None


@pytest.mark.parametrize(
    "text",
    ["", "now", "22:00", "25:00-04:00", "22:60-23:00", "22:00-04:00 CET", "someday 01:00-02:00"],
)
def test_what_is_no_window_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_windows([text])
    assert "22:00-04:00" in caught.value.hint
