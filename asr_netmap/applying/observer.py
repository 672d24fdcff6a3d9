"""What happens while a plan is applied, for progress displays and logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from asr_netmap.applying.outcome import Outcome
from asr_netmap.planning.change import Change, Kind


@dataclass(frozen=True, slots=True)
class Stage:
    """The first change of a kind starts; `total` of that kind are in the plan."""

    kind: Kind
    total: int


@dataclass(frozen=True, slots=True)
class Started:
    """A change is looked at for the first time."""

    change: Change


@dataclass(frozen=True, slots=True)
class Accepted:
    """Azure took the write and works on it under that job name."""

    change: Change
    job: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change waits, for that many seconds at most until it is looked at again."""

    change: Change
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Throttled:
    """Azure asked to slow down; nothing new is written for that many seconds.

    in_flight -- how many writes are allowed at once from now on.
    """

    change: Change
    seconds: float
    in_flight: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A change ended."""

    change: Change
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Somebody asked to stop.

    in_flight -- how many writes Azure still works on; they are followed to their end.
    again -- it was asked for once more: they are left, and their outcomes are unknown.
    """

    in_flight: int
    again: bool


Event = Stage | Started | Accepted | Waiting | Throttled | Finished | Interrupted


class Observer(Protocol):
    """Somebody who wants to know. Called by one thread at a time, and not for long."""

    def on(self, event: Event) -> None:
        """Take notice."""
        ...


class NullObserver:
    """Nobody."""

    def on(self, event: Event) -> None:
        """Ignore it."""
