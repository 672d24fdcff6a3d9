"""Progress where nothing can be drawn over: pipes, files and CI logs."""

from __future__ import annotations

import threading
from collections.abc import Callable

from asr_netmap.applying.observer import Event, Finished, Interrupted, Stage, Throttled
from asr_netmap.cli.console import Console
from asr_netmap.cli.tally import Tally
from asr_netmap.cli.telling import WRONG, standing, told
from asr_netmap.report.inert import clean
from asr_netmap.report.page import Tone

# A line for each end is read up to here; of more changes, only what went wrong, and how far it is.
MOST_LINES = 50
# A long run says how far it is at most that often, in seconds.
SAID_EVERY = 10.0


class Lines:
    """A timed line for each end; of a long run, for each stage and at intervals.

    What went wrong is always said at once.
    """

    def __init__(self, console: Console, tally: Tally, now: Callable[[], float]) -> None:
        self._console = console
        self._tally = tally
        self._now = now
        self._said_at = tally.began
        self._lock = threading.Lock()

    def on(self, event: Event) -> None:
        """Count it, and say what matters; the rest only with ``--verbose``."""
        with self._lock:
            self._tally.take(event, self._now())
            if self._matters(event):
                text, tone = told(event)
                ended = isinstance(event, Finished)
                count = f"{self._tally.ended}/{self._tally.total} " if ended else ""
                self._say(f"{count}{clean(text)}", tone)
            elif isinstance(event, Finished) and self._now() - self._said_at >= SAID_EVERY:
                self._say(standing(self._tally, self._now()))

    def look(self) -> None:
        """Say how far it is, although nothing happened."""
        with self._lock:
            self._say(standing(self._tally, self._now()))

    def _matters(self, event: Event) -> bool:
        short = self._tally.total <= MOST_LINES
        if self._console.verbose or isinstance(event, Throttled | Interrupted):
            return True
        if isinstance(event, Finished):
            wrong = event.outcome.status in WRONG
            return short or wrong or self._tally.ended == self._tally.total
        return isinstance(event, Stage) and not short

    def _say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        now = self._now()
        self._said_at = now
        self._console.say(f"{now - self._tally.began:7.1f} s  {text}", tone)
