"""Carrying the scheduler's tasks to workers and their reports back, until every change has ended.

With one worker everything happens in the caller's thread, always in the same order; so recorded
traffic replays. With more, one thread coordinates and the pool works, while the caller's thread
only waits: a Ctrl-C there reaches no code that holds state.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

from asr_netmap.applying.comparison import NotReady
from asr_netmap.applying.journal import Journal, NullJournal
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.observer import Finished, NullObserver, Observer
from asr_netmap.applying.outcome import Result
from asr_netmap.applying.scheduler import Decision, Scheduler
from asr_netmap.applying.tasks import Abandoned, Report, Task
from asr_netmap.applying.worker import Worker
from asr_netmap.clock import Clock, SystemClock
from asr_netmap.errors import FileError
from asr_netmap.planning.change import Change
from asr_netmap.planning.gateway import Gateway

# A signal may reach another thread first, and Windows never breaks a wait: the main thread sees
# Ctrl-C between two waits at the latest.
_LONGEST_WAIT = 0.5
_STARTS_WITHIN = 5.0


def run(
    changes: Sequence[Change],
    gateway: Gateway,
    *,
    limits: Limits,
    clock: Clock,
    not_ready: NotReady,
    rng: Random,
    journal: Journal | None = None,
    observer: Observer | None = None,
) -> Result:
    """Apply changes and say what became of each.

    What Azure refuses, and what goes wrong with one change, is a value in the result. A
    KeyboardInterrupt stops starting and waits for what is in flight; a second one leaves that
    with an unknown outcome. Raises what is no `Exception`, such as SystemExit in a worker.

    rng -- makes the request ids of this run its own.
    """
    shell = _Shell(changes, gateway, limits, clock, not_ready, rng, journal, observer)
    started = clock.monotonic()
    if limits.workers == 1:
        _run_inline(shell)
    else:
        _run_threaded(shell, limits.workers)
    return shell.result(clock.monotonic() - started)


class _Shell:
    """The scheduler with what surrounds it: clock, worker, journal and observer."""

    def __init__(
        self,
        changes: Sequence[Change],
        gateway: Gateway,
        limits: Limits,
        clock: Clock,
        not_ready: NotReady,
        rng: Random,
        journal: Journal | None,
        observer: Observer | None,
    ) -> None:
        self.clock = clock
        self._scheduler = Scheduler(changes, limits, f"{rng.getrandbits(128):032x}")
        self._journal = journal or NullJournal()
        self._observer = observer or NullObserver()
        self._notes: list[str] = []
        self.worker = Worker(gateway, not_ready, self._journal, self._note)

    def decide(self) -> Decision:
        """Ask the scheduler, and tell everybody what happened."""
        decision = self._scheduler.decide(self.clock.monotonic())
        self._tell()
        return decision

    def report(self, task: Task, report: Report) -> None:
        """Hand a worker's report to the scheduler."""
        self._scheduler.report(task, report, self.clock.monotonic())
        self._tell()

    def interrupt(self) -> None:
        """Somebody wants to stop."""
        self._scheduler.interrupt(self.clock.monotonic())
        self._tell()

    def result(self, seconds: float) -> Result:
        """The result, once every change has ended."""
        result = Result(
            self._scheduler.outcomes(),
            self._scheduler.interrupted,
            round(seconds, 3),
            most_in_flight=self._scheduler.most_in_flight,
        )
        try:
            self._journal.end(result)
        except FileError as error:
            self._note(str(error))
        return Result(
            result.outcomes,
            result.interrupted,
            result.seconds,
            tuple(self._notes),
            result.most_in_flight,
        )

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)

    def _tell(self) -> None:
        for event in self._scheduler.take_events():
            if isinstance(event, Finished):
                try:
                    self._journal.outcome(event.outcome)
                except FileError as error:
                    self._note(str(error))
            try:
                self._observer.on(event)
            except Exception as error:
                self._note(f"The progress display failed: {type(error).__name__}: {error}")
                self._observer = NullObserver()


def _run_inline(shell: _Shell) -> None:
    """Everything in this thread."""
    while True:
        decision = shell.decide()
        if decision.finished:
            return
        for task in decision.start:
            _perform_inline(shell, task)
        if not decision.start:
            _sleep_until(shell, decision.wake_at)


def _perform_inline(shell: _Shell, task: Task) -> None:
    try:
        report = shell.worker.perform(task)
    except KeyboardInterrupt:
        shell.interrupt()
        report = Abandoned()
    shell.report(task, report)


def _sleep_until(shell: _Shell, moment: float | None) -> None:
    assert moment is not None, "with nothing running there is always a moment to wait for"
    try:
        shell.clock.sleep(moment - shell.clock.monotonic())
    except KeyboardInterrupt:
        shell.interrupt()


@dataclass(frozen=True, slots=True)
class _Done:
    """A worker finished a task."""

    task: Task
    report: Report


@dataclass(frozen=True, slots=True)
class _Crashed:
    """A worker raised what is no `Exception`."""

    error: BaseException


class _Interrupt:
    """The caller's thread was interrupted."""


class _Leave:
    """The caller's thread is gone."""


_Message = _Done | _Crashed | _Interrupt | _Leave


def _run_threaded(shell: _Shell, workers: int) -> None:
    """A coordinator, a pool of workers, and this thread to wait for them."""
    coordinator = _Coordinator(shell, workers)
    thread = threading.Thread(target=coordinator.run, name="asr-netmap-coordinator", daemon=True)
    try:
        try:
            thread.start()
        except KeyboardInterrupt:
            coordinator.interrupted_at_start()
        coordinator.wait()
    finally:
        coordinator.post(_Leave())
    if coordinator.error is not None:
        raise coordinator.error


class _Coordinator:
    """Owns the scheduler; everybody else talks to it through its messages."""

    def __init__(self, shell: _Shell, workers: int) -> None:
        self._shell = shell
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="asr-netmap-worker")
        self._messages: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._begun = threading.Event()
        self._over = threading.Event()
        self._running = 0
        self.error: BaseException | None = None

    def post(self, message: _Message) -> None:
        """Say something to it, from any thread."""
        self._messages.put(message)

    def interrupted_at_start(self) -> None:
        """Pass the interrupt on, unless it came before there was a thread: then raise it."""
        if not self._begun.wait(_STARTS_WITHIN):
            raise KeyboardInterrupt
        self.post(_Interrupt())

    def wait(self) -> None:
        """Wait for the end in the caller's thread; an interrupt becomes a message."""
        while not self._is_over():
            pass

    def _is_over(self) -> bool:
        try:
            return self._over.wait(_LONGEST_WAIT)
        except KeyboardInterrupt:
            self.post(_Interrupt())
            return False

    def run(self) -> None:
        """Coordinate until every change has ended."""
        self._begun.set()
        try:
            self._loop()
        except BaseException as error:
            self.error = error
        finally:
            # Workers that are given up end by their own time-outs; nobody waits for them.
            self._pool.shutdown(wait=self._running == 0, cancel_futures=True)
            self._over.set()

    def _loop(self) -> None:
        while True:
            decision = self._shell.decide()
            if decision.finished:
                return
            for task in decision.start:
                self._running += 1
                self._pool.submit(self._work, task)
            message = self._next_message(decision.wake_at)
            while message is not None:
                if isinstance(message, _Leave):
                    return
                self._handle(message)
                message = self._waiting_message()

    def _work(self, task: Task) -> None:
        try:
            self.post(_Done(task, self._shell.worker.perform(task)))
        except KeyboardInterrupt:
            self.post(_Interrupt())
            self.post(_Done(task, Abandoned()))
        except BaseException as error:
            self.post(_Crashed(error))

    def _handle(self, message: _Done | _Crashed | _Interrupt) -> None:
        if isinstance(message, _Crashed):
            raise message.error
        if isinstance(message, _Interrupt):
            self._shell.interrupt()
            return
        self._running -= 1
        self._shell.report(message.task, message.report)

    def _next_message(self, wake_at: float | None) -> _Message | None:
        """The next message, or None when it is time to wake up.

        A virtual clock stands still while workers work, and jumps when none does.
        """
        clock = self._shell.clock
        seconds = None if wake_at is None else max(0.0, wake_at - clock.monotonic())
        if isinstance(clock, SystemClock):
            try:
                return self._messages.get(timeout=seconds)
            except queue.Empty:
                return None
        if self._running or seconds is None:
            return self._messages.get()
        clock.sleep(seconds)
        return self._waiting_message()

    def _waiting_message(self) -> _Message | None:
        try:
            return self._messages.get_nowait()
        except queue.Empty:
            return None
