"""Progress of applying, on standard error: a live line at a terminal, timed lines elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from asr_netmap.cli.console import Console
from asr_netmap.report.inert import clean
from asr_netmap.report.page import Tone

if TYPE_CHECKING:
    from rich.progress import Progress

    from asr_netmap.applying.observer import Event, Finished

Now = Callable[[], float]


class _Observer(Protocol):
    def on(self, event: Event) -> None: ...


@contextlib.contextmanager
def observing(console: Console, changes: int) -> Iterator[_Observer]:
    """The observer that fits the console."""
    if not changes or console.quiet:
        yield Silent()
    elif console.live:
        with _live(console) as progress:
            yield Live(progress, changes)
    elif console.progress_every is not None:
        yield Counts(console, changes, console.progress_every)
    else:
        yield Lines(console, changes)


class Silent:
    """Shows nothing."""

    def on(self, event: Event) -> None:
        """Ignore it."""


class Lines:
    """A line for each change that ends, with the time since the start."""

    def __init__(self, console: Console, changes: int, now: Now = time.monotonic) -> None:
        self._console = console
        self._changes = changes
        self._now = now
        self._started = now()
        self._ended = 0

    def on(self, event: Event) -> None:
        """Say what matters; the rest only with ``--verbose``."""
        text, tone = told(event)
        ended = type(event).__name__ == "Finished"
        self._ended += ended
        if not (ended or tone is Tone.WARNING or self._console.verbose):
            return
        count = f"{self._ended}/{self._changes} " if ended else ""
        self._console.say(f"{self._now() - self._started:7.1f} s  {count}{clean(text)}", tone)


class Counts:
    """How many changes have ended, at intervals; at once only what was not applied.

    every -- seconds between two lines.
    """

    def __init__(
        self, console: Console, changes: int, every: float, now: Now = time.monotonic
    ) -> None:
        self._console = console
        self._changes = changes
        self._every = every
        self._now = now
        self._started = self._said = now()
        self._ended: Counter[str] = Counter()

    def on(self, event: Event) -> None:
        """Count, and say what matters or what has come together since the last line."""
        text, tone = told(event)
        if type(event).__name__ == "Finished":
            self._ended[event.outcome.status.value] += 1  # type: ignore[union-attr]  # -- only Finished has that name
        if tone is Tone.WARNING or self._console.verbose:
            self._say(clean(text), tone)
        if self._now() - self._said >= self._every or self._ended.total() == self._changes:
            counts = ", ".join(f"{count} {status}" for status, count in self._ended.items())
            self._say(f"{self._ended.total()}/{self._changes} ended: {counts or 'none yet'}")
            self._said = self._now()

    def _say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        self._console.say(f"{self._now() - self._started:7.1f} s  {text}", tone)


class Live:
    """One bar with what happened last."""

    def __init__(self, progress: Progress, changes: int) -> None:
        self._progress = progress
        self._task = progress.add_task("starting", total=changes)

    def on(self, event: Event) -> None:
        """Draw it."""
        text, _ = told(event)
        ended = type(event).__name__ == "Finished"
        self._progress.update(self._task, description=clean(text)[:60])
        if ended:
            self._progress.advance(self._task)


def told(event: Event) -> tuple[str, Tone]:
    """An event in words."""
    from asr_netmap.applying.observer import (  # noqa: PLC0415 -- only what writes needs it
        Accepted,
        Finished,
        Stage,
        Started,
        Throttled,
        Waiting,
    )

    if isinstance(event, Finished):
        return _ended(event)
    tone = Tone.FAINT
    if isinstance(event, Stage):
        text = f"{event.kind.value}: {event.total}"
    elif isinstance(event, Started):
        text = f"looking at {event.change.title}"
    elif isinstance(event, Accepted):
        text = f"{event.change.title}: accepted, job {event.job}"
    elif isinstance(event, Waiting):
        text = f"{event.change.title}: waiting, {event.reason}"
    elif isinstance(event, Throttled):
        text = f"Azure asks to slow down: nothing new for {event.seconds:.0f} s"
        tone = Tone.WARNING
    else:
        left = "left as it is" if event.again else "waiting for it; Ctrl-C again leaves it"
        text = f"interrupted with {event.in_flight} in flight: {left}"
        tone = Tone.WARNING
    return text, tone


def _ended(event: Finished) -> tuple[str, Tone]:
    outcome = event.outcome
    said = f": {outcome.message}" if outcome.message else ""
    text = f"{outcome.status.value:<8} {event.change.action.value} {event.change.title}{said}"
    return text, Tone.GOOD if outcome.status.value == "applied" else Tone.WARNING


def _live(console: Console) -> Progress:
    from rich.progress import (  # noqa: PLC0415 -- help needs no rich
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=console.talk,
        transient=True,
    )
