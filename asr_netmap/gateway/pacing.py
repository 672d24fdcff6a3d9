"""When to wait: the server's ``Retry-After``, our own back-off, budgets and gates for all workers.

A budget paces what goes out, so that Azure hardly ever has to refuse; a gate closes when it did.
"""

from __future__ import annotations

import math
import threading
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from random import Random

from asr_netmap.budgets import Budgets, Operations
from asr_netmap.clock import Clock

# No answer of a server makes us wait longer than this at once.
LONGEST_SERVER_WAIT = 300.0
_BACKOFF_BASE = 1.0
_BACKOFF_CAP = 60.0


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks for: a number or an HTTP date; None: neither.

    Never negative, at most LONGEST_SERVER_WAIT.
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        moment = _http_date(value)
        if moment is None:
            return None
        seconds = (moment - now).total_seconds()
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_SERVER_WAIT)


def backoff(attempt: int, rng: Random) -> float:
    """Full-jitter exponential back-off after the `attempt`-th try, in seconds.

    Source: Amazon Builders' Library, "Timeouts, retries, and backoff with jitter".
    """
    ceiling: float = min(_BACKOFF_CAP, _BACKOFF_BASE * 2.0 ** (attempt - 1))
    return rng.uniform(0.0, ceiling)


class Gates:
    """For each subscription and kind of call, the moment before which nobody may send.

    budgets -- what may go out without being refused. A read takes its own share, in `pass_read`;
        a write's is taken by whoever decides that it is sent.

    ARM: throttling counts per subscription, principal, region and kind of operation (Microsoft
    Learn, Azure Resource Manager throttling), so one worker's 429 concerns all workers.
    """

    def __init__(self, clock: Clock, budgets: Budgets | None = None) -> None:
        self._clock = clock
        self._budgets = budgets or Budgets()
        self._lock = threading.Lock()
        self._opens: dict[tuple[str, bool], float] = {}

    def close(self, subscription: str, write: bool, seconds: float) -> None:
        """Nobody sends for `seconds`; a longer wait that is already set stays."""
        until = self._clock.monotonic() + seconds
        with self._lock:
            key = (subscription, write)
            self._opens[key] = max(until, self._opens.get(key, until))

    def remaining(self, subscription: str, write: bool) -> float:
        """Seconds until sending is allowed; 0.0: now."""
        with self._lock:
            opens = self._opens.get((subscription, write))
        return 0.0 if opens is None else max(0.0, opens - self._clock.monotonic())

    def pass_read(self, subscription: str, network: bool) -> None:
        """Wait until the gate is open and the budget has a read left, and take it."""
        while seconds := self._wait_for_read(subscription, network):
            self._clock.sleep(seconds)

    def _wait_for_read(self, subscription: str, network: bool) -> float:
        closed = self.remaining(subscription, write=False)
        if closed:
            return closed
        now = self._clock.monotonic()
        return self._budgets.take(subscription, Operations.READS, now, network=network)

    def answered(self, subscription: str, kind: Operations, remaining: int | None) -> None:
        """Note what an answer says is left; None: it doesn't say, or there was no answer."""
        self._budgets.answered(subscription, kind, self._clock.monotonic(), remaining)

    def refused(self, subscription: str, kind: Operations, seconds: float) -> None:
        """A 429: close the gate, for as long as it says."""
        self.close(subscription, kind is not Operations.READS, seconds)
        self._budgets.refused(subscription, kind, self._clock.monotonic(), seconds)


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
