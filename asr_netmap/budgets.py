"""How many requests may still go out: ARM's limits as token buckets, shared by all that send.

Pure but for a lock: time is a parameter. The buckets start full, as they are for whoever did not
call lately; every answer's header corrects them, so the constants only matter until the first.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from enum import Enum


class Operations(str, Enum):
    """The kinds of operation that ARM counts apart."""

    READS = "reads"
    WRITES = "writes"
    DELETES = "deletes"


# Capacity, and refill in a second: per subscription, principal, region and kind of operation
# (Microsoft Learn, request limits and throttling, since 2024).
BUCKETS = {
    Operations.READS: (250.0, 25.0),
    Operations.WRITES: (200.0, 10.0),
    Operations.DELETES: (200.0, 10.0),
}
# Microsoft.Network counts in windows of five minutes (the same page, 2020).
NETWORK_WINDOW = 300.0
NETWORK_REQUESTS = {
    Operations.READS: 10_000,
    Operations.WRITES: 1_000,
    Operations.DELETES: 1_000,
}
# Calls at the same time where nobody says how many: they keep both of ARM's buckets busy at 0.28 s
# a call (25 reads and 10 writes a second).
DEFAULT_WORKERS = 10
# So short a wait costs nothing, and no rounding makes it endless.
_SHORTEST_WAIT = 0.001
_OVERTAKEN = 10


def kind_of(method: str) -> Operations:
    """What ARM counts a method as."""
    if method in {"GET", "HEAD"}:
        return Operations.READS
    return Operations.DELETES if method == "DELETE" else Operations.WRITES


@dataclass(slots=True)
class _Bucket:
    """One bucket.

    out -- requests that were taken from it and not answered yet.
    """

    capacity: float
    refill: float
    level: float
    at: float
    out: int = 0

    def advance(self, now: float) -> None:
        """Refill; what a header said beyond the capacity stays until it is spent."""
        passed, self.at = max(0.0, now - self.at), max(self.at, now)
        if self.level < self.capacity:
            self.level = min(self.capacity, self.level + passed * self.refill)

    def wait(self, count: float) -> float:
        """Seconds until `count` requests could go."""
        missing = min(count, self.capacity) - self.level
        return 0.0 if missing <= 0 else max(_SHORTEST_WAIT, missing / self.refill)


class Budgets:
    """The buckets of one principal, by subscription and kind of operation; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, Operations], _Bucket] = {}
        self._windows: dict[tuple[str, Operations], deque[float]] = {}

    def left(self, subscription: str, kind: Operations, now: float) -> float:
        """How many requests could go at once."""
        with self._lock:
            return self._bucket(subscription, kind, now).level

    def wait(
        self,
        subscription: str,
        kind: Operations,
        now: float,
        *,
        count: int = 1,
        network: bool = False,
    ) -> float:
        """Seconds until `count` requests could go; 0.0: now. Nothing is taken."""
        with self._lock:
            return self._wait(subscription, kind, now, count, network)

    def take(
        self, subscription: str, kind: Operations, now: float, *, network: bool = False
    ) -> float:
        """Take one request; 0.0: it may go. Otherwise the seconds to wait, and nothing is taken."""
        with self._lock:
            seconds = self._wait(subscription, kind, now, 1, network)
            if seconds:
                return seconds
            bucket = self._bucket(subscription, kind, now)
            bucket.level -= 1
            bucket.out += 1
            if network:
                self._window(subscription, kind, now).append(now)
            return 0.0

    def give_back(
        self, subscription: str, kind: Operations, now: float, *, network: bool = False
    ) -> None:
        """A request that was taken is not sent."""
        with self._lock:
            bucket = self._bucket(subscription, kind, now)
            bucket.level += 1
            bucket.out = max(0, bucket.out - 1)
            if network and (window := self._window(subscription, kind, now)):
                window.pop()

    def answered(
        self, subscription: str, kind: Operations, now: float, remaining: int | None
    ) -> None:
        """A request ended; `remaining` is what its answer says is left, None: it doesn't say.

        ARM: both the buckets' numbers (249) and those of the hourly limits before (11,999) occur
        (terraform-provider-azurerm issue 31927; Azure PowerShell recording, 2022). So the number
        counts as it is, and no ceiling is concluded from it. Answers overtake each other: a little
        more than is known of is an older answer, and no news.
        """
        with self._lock:
            bucket = self._bucket(subscription, kind, now)
            bucket.out = max(0, bucket.out - 1)
            if remaining is None:
                return
            told = float(remaining - bucket.out)
            if told < bucket.level or told > bucket.level + _OVERTAKEN:
                bucket.level = told

    def refused(self, subscription: str, kind: Operations, now: float, seconds: float) -> None:
        """A request was refused for the number of requests; the next may go in `seconds`."""
        with self._lock:
            bucket = self._bucket(subscription, kind, now)
            bucket.level = min(bucket.level, 1.0 - seconds * bucket.refill)

    def _bucket(self, subscription: str, kind: Operations, now: float) -> _Bucket:
        key = (subscription.lower(), kind)
        bucket = self._buckets.get(key)
        if bucket is None:
            capacity, refill = BUCKETS[kind]
            bucket = self._buckets[key] = _Bucket(capacity, refill, capacity, now)
        bucket.advance(now)
        return bucket

    def _wait(
        self, subscription: str, kind: Operations, now: float, count: int, network: bool
    ) -> float:
        seconds = self._bucket(subscription, kind, now).wait(count)
        if network:
            window = self._window(subscription, kind, now)
            if len(window) >= NETWORK_REQUESTS[kind]:
                seconds = max(seconds, window[0] + NETWORK_WINDOW - now, _SHORTEST_WAIT)
        return seconds

    def _window(self, subscription: str, kind: Operations, now: float) -> deque[float]:
        window = self._windows.setdefault((subscription.lower(), kind), deque())
        while window and window[0] <= now - NETWORK_WINDOW:
            window.popleft()
        return window
