"""The whole work on a served sandbox: twenty items beside peers, thousands beside the limit."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.bench.estates import settings
from tests.bench.figures import Figure, Sense, one
from tests.bench.processes import Ran, Starter, program
from tests.bench.server import ASKED, UNFINISHED

ITEMS = 20
LATENCY, OPERATION, RETRY_AFTER = 0.05, 2.8, 30
SERVICE = (
    *("--latency", str(LATENCY), "--operation-seconds", str(OPERATION)),
    *("--retry-after", str(RETRY_AFTER), "--throttle"),
)
PEERS = {"at-once": "SDK, all at once, every 0.5 s", "threads": "SDK, 8 threads, every 1 s"}
ROUNDS, QUICK_ROUNDS = 5, 3
# ARM's buckets (Microsoft Learn, request limits and throttling).
WRITES, WRITES_A_SECOND = 200, 10.0
READS, READS_A_SECOND = 250, 25.0
PAGE = 100


@dataclass(frozen=True, slots=True)
class Served:
    """A process that worked on a served sandbox, and what that was asked."""

    ran: Ran
    asked: dict[str, int]


def twenty(starts: Starter, quick: bool) -> Iterator[Figure]:
    """20 items and both mappings, from the start of the process to all read back."""
    ours, limits = [], []
    peers: dict[str, list[float]] = {way: [] for way in PEERS}
    _served(starts, ITEMS, _peer("limit"), done=False)  # so that all is compiled
    for _ in range(QUICK_ROUNDS if quick else ROUNDS):
        ours.append(_served(starts, ITEMS, _program()))
        limits.append(_served(starts, ITEMS, _peer("limit"), done=False).ran.wall)
        for way, taken in peers.items():
            taken.append(_served(starts, ITEMS, _peer(way)).ran.wall)
    slow = (_served(starts, ITEMS, _peer("one-by-one")).ran.wall,)
    walls = tuple(each.ran.wall for each in ours)
    what = f"{ITEMS} items, both mappings, to read back"
    limit = "limit: SDK imports, 8 requests, 2 operations"
    yield Figure("twenty", what, "s", walls, limit, tuple(limits), 1.15)
    name = "SDK, one after another, every 1 s"
    yield Figure("twenty", what, "s", walls, name, slow, 8.0, Sense.AT_LEAST)
    for way, name in PEERS.items():
        yield Figure("twenty", what, "s", walls, name, tuple(peers[way]), 1.0, Sense.AT_LEAST)
    asked = tuple(float(each.asked["requests"]) for each in ours)
    allowed = (3.5 * ITEMS + 30,)
    yield Figure("twenty", "requests for it", "", asked, "3.5 per item + 30", allowed, 1.0)


def thousands(starts: Starter, _quick: bool) -> Iterator[Figure]:
    """1,000 and 3,000 items at the pace of the write bucket."""
    for items in (1_000, 3_000):
        served = _served(starts, items, _program())
        what = f"{items:,} items, throttled"
        limit = least_seconds(items)
        yield one(
            "thousands",
            what,
            "s",
            served.ran.wall,
            "write bucket, read bucket, operation",
            limit,
            1.15,
        )
        refused, asked = float(served.asked["429"]), float(served.asked["requests"])
        yield one(
            "thousands", f"429 of {asked:,.0f} requests", "", refused, "1 %", asked / 100, 1.0
        )


def least_seconds(items: int) -> float:
    """The time below which ARM's buckets let nobody do the work.

    Writes: one per item and two mappings. Reads: an item just before its write, and the list of
    items before and after.
    """
    writes, reads = items + 2, items + 2 * -(-items // PAGE)
    return max(
        (writes - WRITES) / WRITES_A_SECOND,
        (reads - READS) / READS_A_SECOND,
        2 * OPERATION,
    )


def _program() -> tuple[str, ...]:
    return (*program("apply", "--yes", "--quiet", "--config", "CONFIG", "--endpoint"), "URL")


def _peer(way: str) -> tuple[str, ...]:
    return ("-m", "tests.bench.peers", way, "URL", str(OPERATION))


def _served(starts: Starter, items: int, command: tuple[str, ...], *, done: bool = True) -> Served:
    """Run a command on a fresh sandbox; `done`: all of the work must be."""
    serving = ("-m", "tests.bench.server", "--items", str(items), *SERVICE)
    with starts.running(*serving) as url, tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "netmap.yaml"
        config.write_text(settings(), encoding="utf-8")
        named = {"URL": url, "CONFIG": str(config)}
        arguments = [named.get(each, each) for each in command]
        # Where it may leave files behind, such as a journal.
        ran = starts.run(*arguments, cwd=Path(folder)).expect(0)
        asked = _json(url + ASKED)
        if done and (left := _json(url + UNFINISHED)):
            raise SystemExit(f"{command[:3]} left undone: {left}")
    return Served(ran, asked)


def _json(url: str) -> Any:
    with urlopen(url) as answer:
        return json.load(answer)
