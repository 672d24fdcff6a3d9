"""Threads that take turns, on a time of their own: what a seed did once, it does again.

Only one thread of a simulated program runs at any moment. It gives way at every request, at a lock
that is held, at an empty queue, at a pool without work, and when it sleeps; who goes on is drawn
from the seed. Time stands still while anybody can go on, and then jumps to the next moment that
somebody waits for. So the threads of `asr_netmap.applying.driver` and `asr_netmap.gateway` run as
they are, and nothing depends on the machine.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any, Generic, TypeVar
from unittest.mock import patch

from asr_netmap.clock import SystemClock

T = TypeVar("T")
START = datetime(2026, 3, 3, 12, 0, tzinfo=timezone.utc)
# More turns than any run takes: a program that waits for nothing for ever is a failure, too.
MOST_TURNS = 200_000

_LOCKED = tuple(
    f"asr_netmap.{name}"
    for name in (
        *("applying.driver", "applying.journal", "budgets"),
        *("gateway.connection", "gateway.following", "gateway.jobs"),
        *("gateway.pacing", "gateway.pipeline", "gateway.tokens"),
    )
)
_POOLED = (
    "asr_netmap.applying.driver",
    "asr_netmap.gateway.reading",
    "asr_netmap.gateway.snapshot",
)


class Died(BaseException):
    """The simulated process was killed; no code of the program may catch it."""


class Stuck(AssertionError):
    """Every thread waits, and nothing will ever happen."""


def _always() -> bool:
    return True


def _never() -> bool:
    return False


class _Actor:
    """A thread with what it waits for: a condition, or a moment."""

    def __init__(self) -> None:
        self.turn = threading.Semaphore(0)
        self.ready: Callable[[], bool] = _always
        self.due: float | None = None


class Stage:
    """Where the threads of one simulated program take turns.

    start -- seconds since `START`.
    """

    def __init__(self, rng: Random, start: float = 0.0) -> None:
        self.elapsed = start
        self.dead = False
        self.turns = 0
        self._rng = rng
        self._now = _Actor()
        self._actors = [self._now]
        self._stuck = False

    # what threads do

    def give_way(self) -> None:
        """Let others go on first, perhaps."""
        self.wait(_always)

    def sleep(self, seconds: float) -> None:
        """Go on `seconds` later."""
        self.wait(_never, self.elapsed + max(0.0, seconds))

    def wait(self, ready: Callable[[], bool], due: float | None = None) -> bool:
        """Go on when `ready` or at the moment `due`; whether it is ready.

        Raises Died in a killed program, and Stuck if nothing can ever go on.
        """
        self._check()
        me = self._now
        me.ready, me.due = ready, due
        self._pass_on()
        self._check()
        return ready()

    def kill(self) -> None:
        """End the program: no thread gets beyond the place where it is."""
        self.dead = True
        raise Died

    def start(self, work: Callable[[], object]) -> _Actor:
        """A new thread."""
        actor = _Actor()

        def run() -> None:
            actor.turn.acquire()
            try:
                self._check()
                work()
            except (Died, Stuck):
                pass
            finally:
                self._actors.remove(actor)
                self._pass_on(ended=True)

        self._actors.append(actor)
        threading.Thread(target=run, daemon=True).start()
        return actor

    def runs(self, actor: _Actor) -> bool:
        """Whether a thread has not ended yet."""
        return actor in self._actors

    def clear(self) -> None:
        """End all threads but this one."""
        self.dead = True
        while len(self._actors) > 1:
            self._now.ready, self._now.due = lambda: len(self._actors) == 1, None
            self._pass_on()

    # whose turn it is

    def _check(self) -> None:
        if self._stuck:
            raise Stuck("every thread waits, and nothing will ever happen")
        if self.dead:
            raise Died

    def _pass_on(self, *, ended: bool = False) -> None:
        me = self._now
        chosen = self._choose()
        if chosen is me and not ended:
            return
        self._now = chosen
        chosen.turn.release()
        if not ended:
            me.turn.acquire()

    def _choose(self) -> _Actor:
        self.turns += 1
        if self.turns > MOST_TURNS:
            self._stuck = True
        if self.dead or self._stuck:
            # Each ends at its next step; the one that clears up comes last.
            others = [a for a in self._actors if a is not self._actors[0]]
            return others[0] if others else self._actors[0]
        able = [a for a in self._actors if a.ready()]
        if not able:
            able = self._later()
        return able[0] if len(able) == 1 else self._rng.choice(able)

    def _later(self) -> list[_Actor]:
        dues = [a.due for a in self._actors if a.due is not None]
        if not dues:
            self._stuck = True
            return [self._actors[0]]
        self.elapsed = max(self.elapsed, min(dues))
        return [a for a in self._actors if a.due is not None and a.due <= self.elapsed]

    # in place of the standard library

    @contextmanager
    def played(self) -> Iterator[SimulatedClock]:
        """Let the program's threads take turns here; gives the clock to run it with."""
        modules = _Threading(self), _Queue(self)
        with _patched(modules, lambda workers, *_a, **_k: Pool(self, workers)):
            try:
                yield SimulatedClock(self)
            finally:
                self.clear()


@contextmanager
def _patched(modules: tuple[_Threading, _Queue], pool: Callable[..., Any]) -> Iterator[None]:
    fakes: dict[str, Any] = {f"{name}.threading": modules[0] for name in _LOCKED}
    fakes["asr_netmap.applying.driver.queue"] = modules[1]
    fakes.update({f"{name}.ThreadPoolExecutor": pool for name in _POOLED})
    patches = [patch(target, fake) for target, fake in fakes.items()]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()


class SimulatedClock(SystemClock):
    """The stage's time. A `SystemClock` by kind, so the program takes the ways of real life."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def now(self) -> datetime:
        """The time of day, in UTC."""
        return START + timedelta(seconds=self._stage.elapsed)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._stage.elapsed

    def sleep(self, seconds: float) -> None:
        """Wait on the stage."""
        self._stage.sleep(seconds)


class Lock:
    """`threading.Lock`."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._held = False

    def __enter__(self) -> bool:
        if self._held:
            self._stage.wait(lambda: not self._held)
        self._held = True
        return True

    def __exit__(self, *args: object) -> None:
        self._held = False


class Event:
    """`threading.Event`, without time-outs: whoever uses one only looks for signals then."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._set = False

    def set(self) -> None:
        self._set = True

    def wait(self, timeout: float | None = None) -> bool:
        return self._stage.wait(lambda: self._set)


class Thread:
    """`threading.Thread`."""

    def __init__(self, stage: Stage, target: Callable[[], object], **_options: object) -> None:
        self._stage, self._target = stage, target

    def start(self) -> None:
        self._stage.start(self._target)


class SimpleQueue(Generic[T]):
    """`queue.SimpleQueue`."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._rows: deque[T] = deque()

    def put(self, row: T) -> None:
        self._rows.append(row)

    def get(self, timeout: float | None = None) -> T:
        due = None if timeout is None else self._stage.elapsed + timeout
        if not self._rows and not self._stage.wait(lambda: bool(self._rows), due):
            raise Empty
        return self._rows.popleft()

    def get_nowait(self) -> T:
        if not self._rows:
            raise Empty
        return self._rows.popleft()


class Empty(Exception):
    """`queue.Empty`."""


class Promise(Future[Any]):
    """A future whose waiters take turns."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    def result(self, timeout: float | None = None) -> Any:
        self._stage.wait(self.done)
        return super().result(0)


class Pool:
    """`ThreadPoolExecutor`: threads start as there is work, and end when it is shut down."""

    def __init__(self, stage: Stage, workers: int) -> None:
        self._stage, self._workers = stage, workers
        self._waiting: deque[tuple[Promise, Callable[[], Any]]] = deque()
        self._threads: list[_Actor] = []
        self._idle = 0
        self._closed = False

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *args: object) -> None:
        self.shutdown()

    def submit(self, work: Callable[..., Any], *args: Any) -> Promise:
        promise = Promise(self._stage)
        self._waiting.append((promise, lambda: work(*args)))
        if not self._idle and len(self._threads) < self._workers:
            self._threads.append(self._stage.start(self._run))
        return promise

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._closed = True
        if cancel_futures:
            self._waiting.clear()
        if wait and not self._stage.dead:
            self._stage.wait(lambda: not any(map(self._stage.runs, self._threads)))

    def _run(self) -> None:
        while True:
            self._idle += 1
            self._stage.wait(lambda: bool(self._waiting) or self._closed)
            self._idle -= 1
            if not self._waiting:
                return
            promise, work = self._waiting.popleft()
            if not promise.set_running_or_notify_cancel():
                continue
            try:
                result = work()
            except BaseException as error:
                promise.set_exception(error)
            else:
                promise.set_result(result)


class _Threading:
    """Stands for the module `threading`."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def Lock(self) -> Lock:  # noqa: N802 -- the standard library's name
        return Lock(self._stage)

    def Event(self) -> Event:  # noqa: N802 -- the standard library's name
        return Event(self._stage)

    def Thread(self, **options: Any) -> Thread:  # noqa: N802 -- the standard library's name
        return Thread(self._stage, **options)


class _Queue:
    """Stands for the module `queue`."""

    Empty = Empty

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def SimpleQueue(self) -> SimpleQueue[Any]:  # noqa: N802 -- the standard library's name
        return SimpleQueue(self._stage)
