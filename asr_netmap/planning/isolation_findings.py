"""Findings about networks that should be apart from each other, and aren't."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, Network, ReplicatedItem
from asr_netmap.planning.commands import az
from asr_netmap.planning.item_findings import item_finding, settings_row
from asr_netmap.planning.plan import Finding, Severity

Peers = Mapping[ArmId, frozenset[ArmId]]


def peers_of_all(inventory: Inventory) -> Peers:
    """Which networks are peered with which, whichever side says so; ended peerings left out."""
    found: dict[ArmId, set[ArmId]] = {}
    for network in inventory.networks:
        for peering in network.peerings:
            if peering.state.lower() != "disconnected":
                found.setdefault(network.id, set()).add(peering.remote)
                found.setdefault(peering.remote, set()).add(network.id)
    return {network: frozenset(remotes) for network, remotes in found.items()}


def production_networks(inventory: Inventory) -> frozenset[ArmId]:
    """The networks that replicated VMs run in."""
    return frozenset(network for item in inventory.items for network in item.source_networks)


def isolation_findings(
    item: ReplicatedItem, peers: Peers, production: frozenset[ArmId]
) -> Iterator[Finding]:
    """A test network should not be production's (Microsoft Learn, test failover to Azure)."""
    test = item.test_network
    if test is None:
        return
    fix = "Name a test network that is connected to nothing, with the same subnets: "
    fix += f"`test: {{network: …}}`, or {settings_row(item, test_network='…')}"
    if test == item.target_network:
        yield item_finding(
            item,
            "test-network-is-failover-network",
            Severity.WARNING,
            f"{item.vm_name}: test failovers go into {test.name}, which is the failover network, "
            "too: a test VM would be among the real ones",
            fix,
        )
        return
    if test in production:
        yield item_finding(
            item,
            "test-network-is-production",
            Severity.WARNING,
            f"{item.vm_name}: test failovers go into {test.name}, in which replicated VMs run",
            fix,
        )
    near = peers.get(test, frozenset())
    targets = frozenset({item.target_network} if item.target_network is not None else ())
    for other in sorted(near & (production | targets)):
        what = "the failover network" if other in targets else "in which replicated VMs run"
        yield item_finding(
            item,
            "test-network-peered",
            Severity.WARNING,
            f"{item.vm_name}: the test network {test.name} is peered with {other.name}, {what}: "
            "a test VM could reach production",
            fix,
        )


def overlap_findings(
    inventory: Inventory, targets: Iterable[ArmId], peers: Peers
) -> Iterator[Finding]:
    """Target networks whose address space is near another one of the same addresses.

    Near is what the network is peered with, and what that is peered with. A network that keeps
    the source's addresses must not be connected to anything before the failover (Microsoft Learn,
    site-recovery-retain-ip-azure-vm-failover, 2021-07).
    """
    for target in sorted(set(targets)):
        network = inventory.network(target)
        if network is None:
            continue
        direct = peers.get(target, frozenset())
        for other in sorted(direct):
            yield from _overlap(inventory, network, other)
        for hub in sorted(direct):
            for other in sorted(peers.get(hub, frozenset()) - direct - {target}):
                yield from _overlap(inventory, network, other, hub)


def _overlap(
    inventory: Inventory, network: Network, other: ArmId, hub: ArmId | None = None
) -> Iterator[Finding]:
    there = inventory.network(other)
    shared = [
        f"{own} and {theirs}"
        for own in network.address_space
        for theirs in (there.address_space if there is not None else ())
        if isinstance(own, IPv4Network) and isinstance(theirs, IPv4Network) and own.overlaps(theirs)
    ]
    if shared:
        how = f" through {hub.name}" if hub is not None else ""
        yield Finding(
            "target-overlaps-peer",
            Severity.WARNING,
            network.id,
            network.name,
            f"{network.name} is peered{how} with {other.name}, and their address spaces overlap "
            f"({', '.join(shared)}): addresses that VMs keep at a failover would be there twice",
            "Remove the peering until the failover.",
            _peering_command(network, hub or other),
        )


def _peering_command(network: Network, remote: ArmId) -> str:
    """What deletes the peering, or shows it where only the other side has told its name."""
    name = next((p.name for p in network.peerings if p.remote == remote), None)
    place = ("--subscription", network.id.subscription, "-g", network.id.group)
    where = (*place, "--vnet-name", network.name)
    if name is None:
        return az("network vnet peering list", *where, "--output", "table")
    return az("network vnet peering delete", *where, "-n", name)
