"""Target networks that could not take the source's place among its peers."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from asr_netmap.models import IpNetwork, Network, Peering
from asr_netmap.planning.estate_findings.uses import Uses
from asr_netmap.planning.plan import Finding, Severity


def peer_findings(uses: Uses) -> Iterator[Finding]:
    """Target networks that overlap what their source is peered with.

    Networks whose address spaces overlap can't be peered (Microsoft Learn, virtual network
    peering), and a target network takes over the source's peerings only after the failover.
    """
    for source, target, _ in uses.by_networks():
        for peering in source.peerings:
            if peering.remote in (target.id, source.id):
                continue
            space = _space_of(peering, uses)
            shared = [f"{a} and {b}" for a in target.address_space for b in space if _both(a, b)]
            if shared:
                yield _finding(source, target, peering, shared)


def _space_of(peering: Peering, uses: Uses) -> tuple[IpNetwork, ...]:
    """As the network itself has it, else as the peering says."""
    remote = uses.inventory.network(peering.remote)
    return remote.address_space if remote is not None else peering.remote_space


def _both(one: IpNetwork, other: IpNetwork) -> bool:
    return isinstance(one, IPv4Network) and isinstance(other, IPv4Network) and one.overlaps(other)


def _finding(source: Network, target: Network, peering: Peering, shared: list[str]) -> Finding:
    return Finding(
        "target-overlaps-source-peer",
        Severity.WARNING,
        target.id,
        target.name,
        f"{source.name} is peered with {peering.remote.name}, and {target.name} could not be: "
        f"their address spaces overlap ({', '.join(shared)})",
        f"Give {target.name} another address space, or plan another way to {peering.remote.name} "
        "after a failover.",
    )
