"""What is measured without a network: reading and planning, and whole runs on a virtual clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.bench.figures import Figure, one
from tests.bench.processes import Starter
from tests.bench.rows_served import least_seconds

READ_ITEMS, READ_RUNS = 10_000, 3
# Of the smallest one: it is over soon, and all others are compared with it.
VIRTUAL_RUNS = 5
SIZES, QUICK_SIZES = (1_000, 5_000, 10_000), (1_000,)


def reading(starts: Starter, _quick: bool) -> Iterator[Figure]:
    """10,000 items with 2 NICs each are read and planned, beside the SDKs' models of the lists."""
    module = "tests.bench.reading"
    runs = [
        [_json(starts, module, way, str(READ_ITEMS))["cpu"] for way in ("program", "sdk")]
        for _ in range(READ_RUNS)
    ]
    ours, sdk = zip(*runs, strict=True)
    yield Figure(
        "reading",
        f"{READ_ITEMS:,} items, 2 NICs each, read and planned, CPU",
        "s",
        ours,
        "SDK, models of the same lists",
        sdk,
        2.0,
    )


def virtual(starts: Starter, quick: bool) -> Iterator[Figure]:
    """Whole runs on a virtual clock: the time per item, and CPU beside the SDKs' same calls."""
    found: dict[int, dict[str, Any]] = {}
    for items in QUICK_SIZES if quick else SIZES:
        runs = [
            _json(starts, "tests.bench.virtual", "program", str(items))
            for _ in range(VIRTUAL_RUNS if items == SIZES[0] else 1)
        ]
        ours = found[items] = sorted(runs, key=lambda run: run["cpu"])[len(runs) // 2]
        calls = json.dumps(ours["calls"])
        sdk = _json(starts, "tests.bench.virtual", "sdk", str(items), calls)
        yield one(
            "virtual",
            f"{items:,} items, virtual clock, CPU per item",
            "ms",
            1000 * ours["cpu"] / items,
            "SDK, the same calls",
            1000 * sdk["cpu"] / items,
            2.0,
        )
        yield one(
            "virtual",
            f"{items:,} items, virtual clock, virtual time",
            "s",
            ours["seconds"],
            "write bucket, read bucket, operation",
            least_seconds(items),
            1.15,
        )
    yield from _flat(found)


def _flat(found: dict[int, dict[str, Any]]) -> Iterator[Figure]:
    """That the largest estate takes no more per item than the smallest.

    The bucket is full at the start, so the first 200 writes wait for nothing: what is compared is
    the virtual time in terms of the least that the buckets allow.
    """
    small, large = min(found), max(found)
    if small == large:
        return
    over = {n: found[n]["seconds"] / least_seconds(n) for n in (small, large)}
    cpu = {n: 1000 * found[n]["cpu"] / n for n in (small, large)}
    beside = f"at {small:,} items"
    yield one(
        "virtual",
        f"{large:,} items, time over the limit",
        "x",
        over[large],
        beside,
        over[small],
        1.1,
    )
    yield one(
        "virtual", f"{large:,} items, CPU per item", "ms", cpu[large], beside, cpu[small], 1.1
    )


def _json(starts: Starter, module: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(starts.run("-m", module, *arguments).expect(0).out)
    return found
