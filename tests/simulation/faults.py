"""What can go wrong with a request, and which faults a seed chooses.

Each kind of fault is a word; `AT` says at which requests it can happen. What the words do is in
`tests.simulation.azure`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol
from urllib.parse import unquote, urlsplit

from asr_netmap.sandbox.http import Request

TOKEN, STATUS, JOBS, LIST, GET, MAPPING, ITEM, NETWORK = (
    *("token", "status", "jobs", "list", "get"),
    *("mapping-write", "item-write", "network-write"),
)
READS = (STATUS, JOBS, LIST, GET)
VAULT_WRITES = (MAPPING, ITEM)
WRITES = (*VAULT_WRITES, NETWORK)

# Fault -> the kinds of requests that it can hit.
AT: Mapping[str, tuple[str, ...]] = {
    "refused before it was sent": (*READS, *WRITES),
    "lost on the way": (*READS, *WRITES),
    "no answer, reset": (*READS, *WRITES),
    "no answer, timed out": (*READS, *WRITES),
    "5xx": (*READS, *WRITES),
    "408": (*READS, *WRITES),
    "429 before": (*READS, *WRITES),
    "429 after acceptance": WRITES,
    "409 busy": WRITES,
    "401": (*READS, *WRITES),
    "401 with claims": (*READS, *WRITES),
    "token ends soon": (TOKEN,),
    "token ends early": (TOKEN,),
    "cut off": (*READS, NETWORK),
    "HTML": READS,
    "empty": READS,
    "accepted, no place to ask": VAULT_WRITES,
    "list lags": (LIST, JOBS),
    "list in another order": (JOBS,),
    "status 404": (STATUS,),
    "status Canceled": (STATUS, JOBS),
    "status Cancelled": (STATUS, JOBS),
    "status Suspended": (STATUS, JOBS),
    "status of an unknown word": (STATUS, JOBS),
    "operation fails": VAULT_WRITES,
    "operation is slow": VAULT_WRITES,
    "succeeded, not applied": VAULT_WRITES,
    "another admin, an owned field": (ITEM,),
    "another admin, an unowned field": (ITEM,),
    "another admin, a mapping": (MAPPING,),
}
KINDS = tuple(AT)

# A seed draws from one of these: all at once, or much of one sort.
THEMES = (
    KINDS,
    KINDS,
    tuple(kind for kind, at in AT.items() if set(at) & set(WRITES)),
    tuple(kind for kind in KINDS if "after" in kind or "answer" in kind or "5xx" in kind),
    tuple(kind for kind in KINDS if "status" in kind or "operation" in kind or "succ" in kind),
    tuple(kind for kind in KINDS if "admin" in kind or "409" in kind or "list" in kind),
    tuple(kind for kind in KINDS if "429" in kind or "list" in kind or "40" in kind),
    tuple(kind for kind in KINDS if "token" in kind or "401" in kind or "cut" in kind),
)

DEATHS = ("dies before it is sent", "dies with no answer", "dies with the answer")
AFTER_ACCEPTANCE = ("no answer, reset", "5xx", "429 after acceptance")

# Retry-After as services, proxies and gateways write it; {date} is in 20 s.
WAITS = (None, "0", "3", "30", "100000", "{date}", "soon", "-1", "1.5")
SERVER_ERRORS = (500, 502, 503, 504)

_WRITE_KINDS = (
    ("/replicationnetworkmappings/", MAPPING),
    ("/replicationprotecteditems/", ITEM),
)
_STATUS = re.compile(r"/(replicationoperationstatus|operations)/[^/]+\Z")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came in: what kind it is, and where it leads."""

    method: str
    path: str
    kind: str
    request: Request = field(repr=False)

    @property
    def write(self) -> bool:
        return self.kind in WRITES


def asked(request: Request) -> Asked:
    """Sort a request."""
    path = unquote(urlsplit(request.url).path)
    return Asked(request.method.upper(), path, _kind(request.method.upper(), path), request)


def _kind(method: str, path: str) -> str:
    lowered = path.lower()
    if lowered == "/msi/token":
        return TOKEN
    if method != "GET":
        return next((kind for part, kind in _WRITE_KINDS if part in lowered), NETWORK)
    if _STATUS.search(lowered):
        return STATUS
    if lowered.endswith("/replicationjobs"):
        return JOBS
    if lowered.endswith("/checkipaddressavailability"):
        return GET
    # /subscriptions/{s}/resourcegroups and every other path that ends with a type.
    tail = lowered.strip("/").split("/")
    after = tail[len(tail) - tail[::-1].index("providers") :] if "providers" in tail else tail
    return LIST if len(after) % 2 == (0 if "providers" in tail else 1) else GET


class FaultPlan(Protocol):
    """Chooses the faults of one run."""

    def choose(self, number: int, asked: Asked) -> str | None:
        """The fault that hits the request of that number, the first being 1; None: none."""
        ...


class NoFaults:
    """Nothing goes wrong."""

    def choose(self, number: int, asked: Asked) -> str | None:
        return None


class Drawn:
    """Faults drawn from a seed: each request may be hit, up to a number of faults.

    kinds -- only these; None: all.
    dies_at -- the request at which the process is killed; None: it isn't.
    """

    def __init__(
        self,
        rng: Random,
        *,
        rate: float,
        most: int,
        kinds: tuple[str, ...] = KINDS,
        dies_at: int | None = None,
    ) -> None:
        self._rng, self._rate, self._left, self._dies_at = rng, rate, most, dies_at
        self._kinds = kinds

    def choose(self, number: int, asked: Asked) -> str | None:
        if self._dies_at is not None and number >= self._dies_at:
            self._dies_at = None
            return self._rng.choice(DEATHS)
        # Writes are few, and what matters most happens at them.
        rate = self._rate * (4 if asked.write or asked.kind == STATUS else 1)
        if not self._left or self._rng.random() >= rate:
            return None
        fitting = [kind for kind in self._kinds if asked.kind in AT[kind]]
        if not fitting:
            return None
        self._left -= 1
        return self._rng.choice(fitting)


class Always:
    """The same fault at every request of some kinds."""

    def __init__(self, fault: str, kinds: tuple[str, ...]) -> None:
        self._fault, self._kinds = fault, kinds

    def choose(self, number: int, asked: Asked) -> str | None:
        return self._fault if asked.kind in self._kinds else None


class Scripted:
    """One fault, at one request."""

    def __init__(self, number: int, fault: str) -> None:
        self._number, self._fault = number, fault
        self.struck: Asked | None = None

    def choose(self, number: int, asked: Asked) -> str | None:
        if number != self._number:
            return None
        self.struck = asked
        return self._fault
