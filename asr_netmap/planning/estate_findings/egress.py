"""Subnets that VMs could not get out of after a failover, so that nothing protects them back.

A private subnet has no default outbound access: a VM in it needs a NAT gateway, a public IP, a
load balancer with an outbound rule, or a route over an appliance or a gateway (Microsoft Learn,
default outbound access, 2026-01-30). Site Recovery's agent has to get out for replication
(Microsoft Learn, azure-to-azure-about-networking, 2020-03-13).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Network, RegionalResource, Subnet
from asr_netmap.planning.commands import az, in_turn, subnet_id
from asr_netmap.planning.estate_findings.uses import Use, Uses, vms_of
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.surroundings import Route, RouteTable

_ANYWHERE = ip_network("0.0.0.0/0")
# Next hops that lead out without an address of the VM's own.
_LEADS_OUT = frozenset({"virtualappliance", "virtualnetworkgateway"})


def egress_findings(uses: Uses) -> Iterator[Finding]:
    """Subnets without any way out that could be seen, and those whose traffic is dropped.

    A default route that comes over a gateway or a virtual WAN can't be seen and is not known here;
    the finding says so.
    """
    pools = frozenset(p for b in uses.inventory.load_balancers for p in b.outbound_pools)
    for network, subnet, here in uses.by_target_subnet():
        table = uses.regional(subnet.route_table)
        if subnet.route_table is not None and table is None:
            continue  # it could not be seen: a gap of its own, or a finding about a dead reference
        route = _default_route(table)
        hop = route.next_hop.lower() if route is not None else ""
        if route is not None and hop == "none":
            yield _dropped(network, subnet, route, here)
        elif subnet.default_outbound_access is False and not _way_out(subnet, hop):
            stuck = tuple(use for use in here if not _own_way_out(use, pools))
            if stuck:
                yield _no_way_out(network, subnet, stuck)


def _default_route(table: RegionalResource | None) -> Route | None:
    """The route to anywhere, if there is one."""
    for route in table.routes if isinstance(table, RouteTable) else ():
        try:
            anywhere = ip_network(route.prefix) == _ANYWHERE
        except ValueError:
            continue  # a service tag
        if anywhere:
            return route
    return None


def _way_out(subnet: Subnet, hop: str) -> bool:
    return subnet.nat_gateway is not None or hop in _LEADS_OUT


def _own_way_out(use: Use, pools: frozenset[ArmId]) -> bool:
    """Whether any IP config of the VM will have a public IP, or be in a pool with a way out."""
    return any(
        config.public_ip is not None or not pools.isdisjoint(config.lb_pools)
        for nic in use.item.nics
        for config in nic.ip_configs
    )


def _no_way_out(network: Network, subnet: Subnet, stuck: tuple[Use, ...]) -> Finding:
    return Finding(
        "no-egress",
        Severity.WARNING,
        network.id,
        network.name,
        f"subnet {subnet.name} of {network.name} is private and has no NAT gateway and no default "
        f"route to an appliance or gateway, so {vms_of(stuck)} could not reach Site Recovery after "
        "a failover, and could not be protected back (a default route that a gateway learns can't "
        "be seen from here)",
        "Attach a NAT gateway, which costs money, or give another way out. This makes a new one; "
        "of one that is there, only the last of the three commands is needed.",
        _nat_gateway(network, subnet),
    )


def _nat_gateway(network: Network, subnet: Subnet) -> str:
    """What makes a NAT gateway with a public IP and attaches it."""
    name, public_ip = f"nat-{network.name}", f"pip-nat-{network.name}"
    place = ("--subscription", network.id.subscription, "-g", network.id.group)
    there = (*place, "-l", network.region)
    at = ("--ids", subnet_id(network.id, subnet.name))
    return in_turn(
        az("network public-ip create", *there, "-n", public_ip, "--sku", "Standard"),
        az("network nat gateway create", *there, "-n", name, "--public-ip-addresses", public_ip),
        az("network vnet subnet update", *at, "--nat-gateway", name),
    )


def _dropped(network: Network, subnet: Subnet, dropping: Route, here: tuple[Use, ...]) -> Finding:
    assert subnet.route_table is not None
    return Finding(
        "egress-dropped",
        Severity.WARNING,
        network.id,
        network.name,
        f"the route table {subnet.route_table.name} of subnet {subnet.name} of {network.name} "
        f"drops everything that goes out (0.0.0.0/0 to None), that of {vms_of(here)} too",
        f"Remove the route {dropping.name}, change where it leads, or attach another route table.",
        az(
            "network route-table route delete",
            "--ids",
            f"{subnet.route_table}/routes/{dropping.name}",
        ),
    )
