"""What happens while plans are applied, in words."""

from __future__ import annotations

import math

from asr_netmap.applying.observer import (
    Accepted,
    Event,
    Finished,
    Interrupted,
    Stage,
    Started,
    Throttled,
    Waiting,
)
from asr_netmap.applying.outcome import Status
from asr_netmap.cli.tally import Tally
from asr_netmap.report.changes import KIND_TITLES
from asr_netmap.report.page import Tone

# What needs somebody; what is only pending is done by the next run, and counted at the end.
WRONG = frozenset({Status.FAILED, Status.UNKNOWN})


def told(event: Event) -> tuple[str, Tone]:
    """An event as one line; what needs no action is faint."""
    if isinstance(event, Finished):
        return _ended(event)
    if isinstance(event, Throttled):
        return f"Azure asks to slow down: nothing new for {duration(event.seconds)}", Tone.WARNING
    if isinstance(event, Interrupted):
        return _interrupted(event), Tone.WARNING
    return _step(event), Tone.FAINT


def _step(event: Stage | Started | Accepted | Waiting) -> str:
    if isinstance(event, Stage):
        return f"{KIND_TITLES[event.kind]}: {event.total}"
    if isinstance(event, Started):
        return f"looking at {event.change.title}"
    if isinstance(event, Accepted):
        return f"{event.change.title}: accepted, job {event.job}"
    return f"{event.change.title}: waiting, {event.reason}"


def _ended(event: Finished) -> tuple[str, Tone]:
    outcome = event.outcome
    said = f": {outcome.message}" if outcome.message else ""
    text = f"{outcome.status.value:<8} {event.change.action.value} {event.change.title}{said}"
    if outcome.status in WRONG:
        return text, Tone.BAD
    return text, Tone.GOOD if outcome.status is Status.APPLIED else Tone.WARNING


def _interrupted(event: Interrupted) -> str:
    count = event.in_flight
    writes = f"{count} write{'' if count == 1 else 's'}"
    if event.again:
        left = f"{writes} left in flight, outcome unknown" if count else "nothing was in flight"
        return f"interrupted again: leaving now, {left}"
    if not count:
        return "interrupted: nothing new is started, and nothing is in flight"
    return (
        f"interrupted: nothing new is started; waiting for {writes} in flight. "
        "Ctrl-C again leaves at once, and nobody knows then whether they took effect"
    )


def standing(tally: Tally, now: float) -> str:
    """How far a run is, as one line."""
    parts = [f"{tally.ended} of {tally.total}"]
    failed = sum(map(tally.count, WRONG))
    parts += [f"{failed} went wrong"] if failed else []
    pending = tally.count(Status.PENDING)
    parts += [f"{pending} pending"] if pending else []
    parts += [f"{tally.in_flight} in flight"] if tally.in_flight else []
    return ", ".join([*parts, *pace(tally, now)])


def pace(tally: Tally, now: float) -> list[str]:
    """The rate, the time left by that rate, and what holds a run up; each only where known."""
    rate, left, held = tally.rate(now), tally.seconds_left(now), tally.held_for(now)
    parts = [] if rate is None else [f"{_figure(rate * 60)}/min"]
    parts += [f"about {duration(left)} left"] if left and tally.ended < tally.total else []
    parts += [f"throttled: nothing new for {duration(held)}"] if held else []
    parts += ["stopping"] if tally.interrupted else []
    return parts


def duration(seconds: float) -> str:
    """``7 s``, ``3 min``, ``2 h 05 min``; rounded up, so that it is never zero."""
    whole = math.ceil(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
