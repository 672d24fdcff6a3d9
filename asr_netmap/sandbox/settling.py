"""Completing operations: what an accepted write does when its time has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from asr_netmap.sandbox import enabling, fabrics, items, mappings, moments, network, pairing
from asr_netmap.sandbox.errors import Fault
from asr_netmap.sandbox.estate import Estate
from asr_netmap.sandbox.operations import Operation


def _network_put(estate: Estate, operation: Operation) -> Fault | None:
    network.settle_put(estate, operation)
    return None


_EFFECTS: dict[str, Callable[[Estate, Operation], Fault | None]] = {
    fabrics.PUT_KIND: fabrics.settle_put,
    mappings.PUT_KIND: mappings.settle_put,
    mappings.DELETE_KIND: mappings.settle_delete,
    items.PATCH_KIND: items.settle_patch,
    network.PUT_KIND: _network_put,
    **pairing.EFFECTS,
    **enabling.EFFECTS,
}


def settle(estate: Estate, now: datetime) -> None:
    """Complete every operation whose end has been reached, in the order they end.

    One may start others, whose end may have been reached, too.
    """
    at = moments.utc(now)
    while due := [operation for operation in estate.running() if operation.ends <= at]:
        _complete(estate, sorted(due, key=lambda operation: operation.ends))


def _complete(estate: Estate, due: Iterable[Operation]) -> None:
    for operation in due:
        if operation.forced is not None or operation.skip:
            fault = operation.forced
        else:
            fault = _EFFECTS[operation.kind](estate, operation)
        estate.record(operation.done(fault))
