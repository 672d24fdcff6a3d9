"""Progress at a terminal: a few lines that are drawn over while plans are applied."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, Group, RenderableType, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from asr_netmap.applying.observer import Event, Finished, Interrupted, Throttled
from asr_netmap.cli.drawing import draw_line, line_of
from asr_netmap.cli.tally import StageCount, Tally
from asr_netmap.cli.telling import WRONG, duration, pace, told
from asr_netmap.report.changes import KIND_TITLES
from asr_netmap.report.inert import clean

_WIDEST_BAR = 30
# Title, counts and what is in flight take the rest of a line.
_BESIDE_THE_BAR = 44
_LEAST_BAR = 6


class Live:
    """A row per stage with its counts, the pace of the whole, and what happened last.

    What people must not miss stays above it: failures, throttling, interrupts.
    It renders itself, so it is drawn anew whenever the terminal is.
    """

    def __init__(self, console: RichConsole, tally: Tally, now: Callable[[], float]) -> None:
        self._console = console
        self._tally = tally
        self._now = now
        self._last = "starting"
        self._lock = threading.Lock()

    def on(self, event: Event) -> None:
        """Count it, and keep what must not be missed."""
        text, tone = told(event)
        with self._lock:
            self._tally.take(event, self._now())
            self._last = clean(text)
        wrong = isinstance(event, Finished) and event.outcome.status in WRONG
        if wrong or isinstance(event, Throttled | Interrupted):
            draw_line(self._console, line_of(text, tone))

    def __rich_console__(self, console: RichConsole, options: ConsoleOptions) -> RenderResult:
        """Draw it as it stands now."""
        with self._lock:
            yield Group(*self._lines(options.max_width))

    def _lines(self, width: int) -> list[RenderableType]:
        now = self._now()
        since = [f"{duration(now - self._tally.began)} so far"]
        paced = " · ".join([*since, *pace(self._tally, now)])
        return [
            _stages(self._tally.stages, width),
            _one_line(f"  {paced}"),
            _one_line(f"  {self._last}", "dim"),
        ]


def _stages(stages: tuple[StageCount, ...], width: int) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    bar = min(width - _BESIDE_THE_BAR, _WIDEST_BAR)
    for each in stages:
        counts = {
            "in flight": each.in_flight,
            "checking": each.checking,
            "pending": each.pending,
        }
        doing = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        row: list[RenderableType] = [_one_line(f"  {KIND_TITLES[each.kind]}")]
        if bar >= _LEAST_BAR:
            row.append(ProgressBar(each.total, each.done, width=bar))
        grid.add_row(*row, _one_line(f"{each.done}/{each.total}"), _one_line(doing))
    return grid


def _one_line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
