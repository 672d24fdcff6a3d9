"""Names that VMs could not resolve after a failover.

A network answers names by its own DNS servers, else by Azure's resolver and the private DNS zones
that are linked to it (Microsoft Learn, name resolution for resources in Azure virtual networks).
Site Recovery copies neither servers nor links (its documents are silent on both).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, ip_address

from asr_netmap.arm_id import ArmId
from asr_netmap.models import IpNetwork, Network
from asr_netmap.planning.commands import az, in_turn
from asr_netmap.planning.estate_findings.uses import Uses, some_of
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.surroundings import Surroundings

# Azure's own resolver, the same address everywhere (Microsoft Learn, what is 168.63.129.16).
_AZURE_DNS = "168.63.129.16"
_GATEWAY = "gatewaysubnet"


def dns_findings(uses: Uses, surroundings: Surroundings) -> Iterator[Finding]:
    """DNS servers that are missing or out of reach, and zones that are not linked."""
    zones = _zones_by_network(surroundings)
    seen: set[ArmId] = set()
    for source, target, _ in uses.by_networks():
        if source.dns_servers and not target.dns_servers:
            yield _no_servers(source, target)
        there = zones.get(target.id, {})
        lacking = {name: z for name, z in zones.get(source.id, {}).items() if name not in there}
        if lacking:
            yield _not_linked(source, target, lacking)
        if target.id not in seen:
            seen.add(target.id)
            yield from _out_of_reach(target, uses)
    yield from _unseen_zones(uses, surroundings)


def _zones_by_network(surroundings: Surroundings) -> Mapping[ArmId, Mapping[str, ArmId]]:
    """For each network the zones that are linked to it, by their names in lower case."""
    found: dict[ArmId, dict[str, ArmId]] = {}
    for link in surroundings.dns_links:
        found.setdefault(link.network, {}).setdefault(link.zone.name.lower(), link.zone)
    return found


def _no_servers(source: Network, target: Network) -> Finding:
    servers = " ".join(source.dns_servers)
    return Finding(
        "dns-servers-missing",
        Severity.WARNING,
        target.id,
        target.name,
        f"{source.name} uses the DNS servers {servers}, and {target.name} none of its own: names "
        "that only those know can't be resolved after a failover",
        f"Give {target.name} the same DNS servers, or those of {target.region}.",
        az("network vnet update", "--ids", target.id, "--dns-servers", *source.dns_servers),
    )


def _not_linked(source: Network, target: Network, lacking: Mapping[str, ArmId]) -> Finding:
    """A network with DNS servers of its own may resolve the zones through them."""
    by_servers = bool(target.dns_servers)
    doubt = ", unless its own DNS servers do" if by_servers else ""
    one = min(lacking)
    return Finding(
        "dns-zone-not-linked",
        Severity.INFO if by_servers else Severity.WARNING,
        target.id,
        target.name,
        f"{len(lacking)} private DNS zones are linked to {source.name} and not to {target.name}, "
        f"which will not resolve their names{doubt}: {some_of(lacking)}"
        if len(lacking) > 1
        else f"the private DNS zone {one} is linked to {source.name} and not to {target.name}, "
        f"which will not resolve its names{doubt}",
        f"Link {'it' if len(lacking) == 1 else 'them'} to {target.name}, too.",
        in_turn(*(_link(lacking[name], target) for name in sorted(lacking))),
    )


def _link(zone: ArmId, target: Network) -> str:
    place = ("--subscription", zone.subscription, "-g", zone.group, "-z", zone.name)
    link = ("-n", target.name, "-v", target.id, "-e", "false")
    return az("network private-dns link vnet create", *place, *link)


def _out_of_reach(target: Network, uses: Uses) -> Iterator[Finding]:
    """DNS servers at private addresses that are in no network near the target.

    Behind a gateway anything may be, so nothing is said of a network that has or uses one.
    """
    gateway = target.subnet(_GATEWAY) is not None
    if gateway or any(p.remote_gateway for p in target.peerings):
        return
    near = [*target.address_space, *_peer_spaces(target, uses)]
    lost = [server for server in target.dns_servers if not _reachable(server, near)]
    if lost:
        yield Finding(
            "dns-server-unreachable",
            Severity.WARNING,
            target.id,
            target.name,
            f"{target.name} uses the DNS servers {', '.join(lost)}, which are neither in it nor in "
            "a network that it is peered with",
            f"Peer {target.name} with the network of those servers, or name others with "
            "`az network vnet update --dns-servers`.",
        )


def _peer_spaces(target: Network, uses: Uses) -> Iterator[IpNetwork]:
    for peering in target.peerings:
        if peering.state.lower() == "connected":
            remote = uses.inventory.network(peering.remote)
            yield from remote.address_space if remote is not None else peering.remote_space


def _reachable(server: str, near: list[IpNetwork]) -> bool:
    """Public ones are not judged here; a text that is no address is Azure's matter."""
    try:
        address = ip_address(server)
    except ValueError:
        return True
    if server == _AZURE_DNS or not isinstance(address, IPv4Address) or not address.is_private:
        return True
    return any(address in prefix for prefix in near)


def _unseen_zones(uses: Uses, surroundings: Surroundings) -> Iterator[Finding]:
    """Subscriptions of peers, where the zones of a hub often are, that were not looked into."""
    seen: set[ArmId] = set()
    for source, _, _ in uses.by_networks():
        away = {p.remote.subscription.lower() for p in source.peerings}
        unread = away - set(surroundings.subscriptions)
        if unread and source.id not in seen:
            seen.add(source.id)
            yield Finding(
                "dns-zones-unseen",
                Severity.INFO,
                source.id,
                source.name,
                f"{source.name} is peered into subscriptions that were not read "
                f"({some_of(unread)}): private DNS zones there were not looked at",
                "Look there with `az network private-dns link vnet list`.",
            )
