"""Whether subnets have the room for all that fails over into them, or is tested in them.

What is taken is counted by the lists of NICs and load balancers. A verification also knows Azure's
own count, which has what no list shows: gateways, bastions and other services.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from asr_netmap.arm_id import ArmId
from asr_netmap.models import ReplicatedItem
from asr_netmap.planning.address_findings import Futures
from asr_netmap.planning.plan import Finding, Severity, SubnetNeed
from asr_netmap.rules.allocation import capacity
from asr_netmap.rules.effective import Held
from asr_netmap.surroundings import SubnetUsage


def used_networks(items: Iterable[ReplicatedItem]) -> frozenset[ArmId]:
    """The networks that items fail over into, or are tested in."""
    return frozenset(
        network
        for item in items
        for network in (item.target_network, item.test_network)
        if network is not None
    )


def needs(futures: Futures, networks: Collection[ArmId]) -> Iterator[SubnetNeed]:
    """What is needed of each subnet of `networks` that something will be in, in their order."""
    held: dict[ArmId, Held] = {}
    for network_id, name in sorted(futures.needed):
        network = futures.inventory.network(network_id) if network_id in networks else None
        subnet = network.subnet(name) if network is not None else None
        if network is None or subnet is None:
            continue
        if network_id not in held:
            held[network_id] = futures.outlook.held(network)
        needed, there = futures.needed[network_id, name], held[network_id]
        yield SubnetNeed(
            network_id,
            subnet.name,
            capacity(subnet),
            failover=needed[False],
            test=needed[True],
            strangers=there.strangers[name],
            own=there.own[name],
        )


def room_findings(needed: Iterable[SubnetNeed]) -> Iterator[Finding]:
    """Subnets that can't hold all that would come into them, by the lists."""
    for need in needed:
        yield from _too_small(need, _by_lists(need))


def recounted(
    findings: Sequence[Finding], needed: Iterable[SubnetNeed], usages: Iterable[SubnetUsage]
) -> list[Finding]:
    """A plan's findings, with those about room as they are by Azure's own count.

    needed -- of that plan. A subnet that Azure was not asked for, or does not count, is left to
    the lists. What the plan found no need to say is not said here either.
    """
    by_subnet = {(each.subnet.parent, each.subnet.name.lower()): each for each in usages}
    others: dict[Finding, Finding] = {}
    more: list[Finding] = []
    for need in needed:
        usage = by_subnet.get((need.network, need.subnet.lower()))
        if usage is None:
            continue
        before = next(_too_small(need, _by_lists(need)), None)
        after = next(_too_small(need, _least(need, usage)), None)
        if after is not None and before is not None:
            others[before] = after
        elif after is not None:
            more.append(after)
    return [*(others.get(finding, finding) for finding in findings), *more]


@dataclass(frozen=True, slots=True)
class _Count:
    """How many addresses of a subnet are free.

    size -- of so many; others -- are held by others than the items; by -- who counted.
    """

    size: int
    others: int
    by: str

    @property
    def free(self) -> int:
        return max(0, self.size - self.others)


def _by_lists(need: SubnetNeed) -> _Count:
    return _Count(need.size, need.strangers, "the lists of NICs and load balancers")


def _least(need: SubnetNeed, usage: SubnetUsage) -> _Count:
    """Azure's count, unless the lists leave less: an address that they show is held for sure.

    Azure also counts what failovers of the items made, which is in what they need already.
    """
    azures = _Count(usage.limit, max(0, usage.used - need.own), "Azure's own count")
    return min(azures, _by_lists(need), key=lambda count: count.free)


def _too_small(need: SubnetNeed, count: _Count) -> Iterator[Finding]:
    failover, test = need.failover, need.test
    if failover > count.free:
        code, severity, what = "no-room-for-failover", Severity.ERROR, f"{failover} for failover"
    elif test > count.free:
        code, severity, what = "no-room-for-test", Severity.WARNING, f"{test} for test failover"
    elif failover + test > count.free:
        code, severity = "no-room-for-both", Severity.WARNING
        what = f"{failover} for failover and {test} for test failover at the same time"
    else:
        return
    name = need.network.name
    yield Finding(
        code,
        severity,
        need.network,
        name,
        f"subnet {need.subnet} of {name} has not the room: {what} are needed, static and dynamic "
        f"ones, and {count.free} are free of {count.size} ({count.others} held by others), by "
        f"{count.by}",
        "Make the subnet larger, send some NICs into another one, or test in another network.",
    )
