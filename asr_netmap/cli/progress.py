"""Progress of applying, on standard error: live lines at a terminal, timed lines elsewhere."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from asr_netmap.cli.console import Console

if TYPE_CHECKING:
    from asr_netmap.applying.observer import Event
    from asr_netmap.cli.tally import Tally
    from asr_netmap.planning.change import Change

Now = Callable[[], float]

# A run that says nothing for longer is taken for dead, by people and by CI systems.
LINE_EVERY = 30.0
REDRAWN_PER_SECOND = 4


class _Observer(Protocol):
    def on(self, event: Event) -> None: ...


@contextlib.contextmanager
def observing(
    console: Console, changes: Sequence[Change], now: Now = time.monotonic
) -> Iterator[_Observer]:
    """The observer that fits the console; `changes` are those of all plans of the run."""
    if not changes or console.quiet:
        yield Silent()
        return
    from asr_netmap.cli.tally import Tally  # noqa: PLC0415 -- only what writes needs it

    tally = Tally(changes, now())
    if console.live:
        with _live(console, tally, now) as live:
            yield live
    else:
        from asr_netmap.cli.timed_lines import Lines  # noqa: PLC0415 -- as above

        lines = Lines(console, tally, now)
        with _every(LINE_EVERY, lines.look):
            yield lines


class Silent:
    """Shows nothing."""

    def on(self, event: Event) -> None:
        """Ignore it."""


@contextlib.contextmanager
def _live(console: Console, tally: Tally, now: Now) -> Iterator[_Observer]:
    from rich.live import Live as RichLive  # noqa: PLC0415 -- help needs no rich

    from asr_netmap.cli.live import Live  # noqa: PLC0415 -- the same

    screen = console.talk
    live = Live(screen, tally, now)
    with RichLive(
        live,
        console=screen,
        refresh_per_second=REDRAWN_PER_SECOND,
        transient=True,
        redirect_stdout=False,
    ):
        yield live


@contextlib.contextmanager
def _every(seconds: float, call: Callable[[], None]) -> Iterator[None]:
    """Inside, `call` is called now and then, from a thread of its own."""
    over = threading.Event()

    def loop() -> None:
        while not over.wait(seconds):
            call()

    thread = threading.Thread(target=loop, name="asr-netmap-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
