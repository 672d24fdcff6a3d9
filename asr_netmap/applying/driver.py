"""Carrying the scheduler's tasks to workers and their reports back, until every change has ended.

With one worker everything happens in the caller's thread, always in the same order; so recorded
traffic replays. With more, one thread coordinates and the pool works, while the caller's thread
only waits: a Ctrl-C there reaches no code that holds state.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from random import Random

from asr_netmap.applying.comparison import NotReady
from asr_netmap.applying.journal import Journal, NullJournal
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.observer import Event, Finished, NullObserver, Observer
from asr_netmap.applying.outcome import Result
from asr_netmap.applying.scheduler import Decision, Scheduler
from asr_netmap.applying.tasks import Abandoned, Report, Task
from asr_netmap.applying.worker import Worker
from asr_netmap.budgets import Budgets
from asr_netmap.clock import Clock, SystemClock
from asr_netmap.errors import FileError
from asr_netmap.planning.change import Change
from asr_netmap.planning.gateway import Gateway

# A signal may reach another thread first, and Windows never breaks a wait: the main thread sees
# Ctrl-C between two waits at the latest.
_LONGEST_WAIT = 0.5
_STARTS_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What runs have in common, and what they are told to.

    rng -- makes the request ids of a run its own.
    budgets -- ARM's request limits as the gateways know them; None: nothing is paced.
    """

    limits: Limits
    clock: Clock
    not_ready: NotReady
    rng: Random
    journal: Journal | None = None
    observer: Observer | None = None
    budgets: Budgets | None = None


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
    """Apply changes and say what became of each; nothing is paced by ARM's request limits.

    What Azure refuses, and what goes wrong with one change, is a value in the result. A
    KeyboardInterrupt stops starting and waits for what is in flight; a second one leaves that
    with an unknown outcome. Raises what is no `Exception`, such as SystemExit in a worker.

    rng -- makes the request ids of this run its own.
    """
    terms = Terms(limits, clock, not_ready, rng, journal, observer)
    (result,) = run_at_once([(changes, gateway)], terms)
    return result


def run_at_once(
    works: Sequence[tuple[Sequence[Change], Gateway]], terms: Terms
) -> tuple[Result, ...]:
    """Apply the changes of several vaults, each at its own pace; one result for each, in order.

    All share the workers, the budgets and an interrupt. With one worker they run one after the
    other, and after an interrupt the later ones only say that they were interrupted.
    """
    terms = _watched_by_all(terms) if len(works) > 1 else terms
    started = terms.clock.monotonic()
    shells = [_Shell(changes, gateway, terms) for changes, gateway in works]
    if terms.limits.workers == 1:
        for shell in shells:
            _run_inline(shell)
            if shell.interrupted:
                _interrupt_all(shells)
    else:
        _run_threaded(shells, terms.limits.workers)
    return tuple(shell.result(started) for shell in shells)


def _interrupt_all(shells: Sequence[_Shell]) -> None:
    for shell in shells:
        if not shell.interrupted:
            shell.interrupt()


class _OneAtATime:
    """An observer that several runs tell of what happens, one at a time."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._lock = threading.Lock()

    def on(self, event: Event) -> None:
        """Pass it on."""
        with self._lock:
            self._observer.on(event)


def _watched_by_all(terms: Terms) -> Terms:
    return replace(terms, observer=_OneAtATime(terms.observer or NullObserver()))


class _Shell:
    """The scheduler with what surrounds it: clock, worker, journal and observer."""

    def __init__(self, changes: Sequence[Change], gateway: Gateway, terms: Terms) -> None:
        self.clock = terms.clock
        self._scheduler = Scheduler(
            changes,
            terms.limits,
            f"{terms.rng.getrandbits(128):032x}",
            budgets=terms.budgets,
            sizes=gateway.list_size,
        )
        self._journal = terms.journal or NullJournal()
        self._observer = terms.observer or NullObserver()
        self._notes: list[str] = []
        self._ended_at: float | None = None
        self.worker = Worker(gateway, terms.not_ready, self._journal, self._note)

    @property
    def interrupted(self) -> bool:
        """Whether somebody wanted to stop."""
        return self._scheduler.interrupted

    def decide(self) -> Decision:
        """Ask the scheduler, and tell everybody what happened."""
        now = self.clock.monotonic()
        decision = self._scheduler.decide(now)
        if decision.finished:
            self._ended_at = now
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

    def result(self, started: float) -> Result:
        """The result, once every change has ended; `started` is when the run did."""
        ended = self.clock.monotonic() if self._ended_at is None else self._ended_at
        seconds = ended - started
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


def _run_threaded(shells: Sequence[_Shell], workers: int) -> None:
    """A coordinator for each run, one crew of workers, and this thread to wait for them."""
    crew = _Crew(workers, len(shells))
    coordinators = [_Coordinator(shell, crew) for shell in shells]
    try:
        for coordinator in coordinators:
            coordinator.start()
        for coordinator in coordinators:
            while not _is_over(coordinator):
                for each in coordinators:
                    each.post(_Interrupt())
    finally:
        for coordinator in coordinators:
            coordinator.post(_Leave())
    errors = [each.error for each in coordinators if each.error is not None]
    if errors:
        raise errors[0]


def _is_over(coordinator: _Coordinator) -> bool:
    """Wait for the end of a run in the caller's thread; False: an interrupt came first."""
    try:
        while not coordinator.over.wait(_LONGEST_WAIT):
            pass
    except KeyboardInterrupt:
        return False
    return True


class _Crew:
    """The workers of all runs; they go home with the last of these."""

    def __init__(self, workers: int, runs: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="asr-netmap-worker")
        self._lock = threading.Lock()
        self._runs = runs
        self._given_up = False

    def submit(self, work: Callable[[Task], None], task: Task) -> None:
        """Have a task done when a worker is free."""
        self._pool.submit(work, task)

    def leave(self, running: int) -> None:
        """A run has ended, with so many tasks that it does not wait for."""
        with self._lock:
            self._runs -= 1
            self._given_up = self._given_up or running > 0
            last = self._runs == 0
        if last:
            # Workers that are given up end by their own time-outs; nobody waits for them.
            self._pool.shutdown(wait=not self._given_up, cancel_futures=True)


class _Coordinator:
    """Owns a scheduler; everybody else talks to it through its messages."""

    def __init__(self, shell: _Shell, crew: _Crew) -> None:
        self._shell = shell
        self._crew = crew
        self._messages: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._begun = threading.Event()
        self._running = 0
        self.over = threading.Event()
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self.run, name="asr-netmap-coordinator", daemon=True)

    def post(self, message: _Message) -> None:
        """Say something to it, from any thread."""
        self._messages.put(message)

    def start(self) -> None:
        """Begin in a thread of its own."""
        try:
            self.thread.start()
        except KeyboardInterrupt:
            self.interrupted_at_start()

    def interrupted_at_start(self) -> None:
        """Pass the interrupt on, unless it came before there was a thread: then raise it."""
        if not self._begun.wait(_STARTS_WITHIN):
            raise KeyboardInterrupt
        self.post(_Interrupt())

    def run(self) -> None:
        """Coordinate until every change has ended."""
        self._begun.set()
        try:
            self._loop()
        except BaseException as error:
            self.error = error
        finally:
            self._crew.leave(self._running)
            self.over.set()

    def _loop(self) -> None:
        while True:
            decision = self._shell.decide()
            if decision.finished:
                return
            for task in decision.start:
                self._running += 1
                self._crew.submit(self._work, task)
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
