"""Request limits: ARM's token buckets and Microsoft.Network's five-minute windows.

ARM: reads 250 refilled with 25 a second, writes and deletes 200 with 10 a second, per
subscription, and fifteen times that over all principals (Microsoft Learn, request limits and
throttling). Microsoft.Network: 1,000 writes and 10,000 reads in five minutes (same page, 2020).
"""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime

from asr_netmap.sandbox import moments
from asr_netmap.sandbox.errors import ArmError

LIMITS = {"reads": (250, 25.0), "writes": (200, 10.0), "deletes": (200, 10.0)}
GLOBAL_FACTOR = 15
NETWORK_LIMITS = {"reads": 10_000, "writes": 1_000}
NETWORK_WINDOW = 300.0


class Buckets:
    """What is left of the limits; the only state of an engine that no estate keeps."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}
        self._windows: dict[tuple[str, str], deque[float]] = {}

    def take(self, subscription: str, method: str, network: bool, now: datetime) -> int:
        """Spend one request and return what remains of ARM's bucket; raises ArmError 429."""
        kind = kind_of(method)
        at = moments.utc(now).timestamp()
        if network:
            self._take_window(subscription, "reads" if kind == "reads" else "writes", at)
        capacity, refill = LIMITS[kind]
        level, since = self._levels.get((subscription, kind), (float(capacity), at))
        level = min(float(capacity), level + max(0.0, at - since) * refill)
        if level < 1:
            self._levels[subscription, kind] = (level, at)
            raise _refusal(
                "SubscriptionRequestsThrottled", kind, subscription, (1 - level) / refill
            )
        self._levels[subscription, kind] = (level - 1, at)
        return int(level - 1)

    def _take_window(self, subscription: str, kind: str, at: float) -> None:
        window = self._windows.setdefault((subscription, kind), deque())
        while window and window[0] <= at - NETWORK_WINDOW:
            window.popleft()
        if len(window) >= NETWORK_LIMITS[kind]:
            raise _refusal("TooManyRequests", kind, subscription, window[0] + NETWORK_WINDOW - at)
        window.append(at)


def kind_of(method: str) -> str:
    """Return the bucket of a method: reads, deletes or writes."""
    if method in ("GET", "HEAD"):
        return "reads"
    return "deletes" if method == "DELETE" else "writes"


def remaining_headers(method: str, remaining: int | None) -> tuple[tuple[str, str], ...]:
    """Return the headers that tell how many requests are left.

    ARM: both names are on Site Recovery answers of 2026, 249 of 250 reads and 3,749 of 3,750
    (terraform-provider-azurerm issue 31927).
    """
    kind = kind_of(method)
    capacity = LIMITS[kind][0]
    left = capacity - 1 if remaining is None else remaining
    overall = capacity * GLOBAL_FACTOR - (capacity - left)
    return (
        (f"x-ms-ratelimit-remaining-subscription-{kind}", str(left)),
        (f"x-ms-ratelimit-remaining-subscription-global-{kind}", str(overall)),
    )


def _refusal(code: str, kind: str, subscription: str, wait: float) -> ArmError:
    # invented: throttle-sentence
    seconds = max(1, math.ceil(wait))
    return ArmError(
        429,
        code,
        f"Number of '{kind}' requests for subscription '{subscription}' exceeded. Please try "
        f"again after '{seconds}' seconds.",
        headers=(("Retry-After", str(seconds)),),
    )
