"""What an ``-asr`` network gets from its source, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, Network, RegionalResource, Subnet
from asr_netmap.settings import Attach, Settings

_NSG, _ROUTES, _NAT = "network security group", "route table", "NAT gateway"
ATTACHED = {
    _NSG: ("nsg", "--network-security-group"),
    _ROUTES: ("route_table", "--route-table"),
    _NAT: ("nat_gateway", "--nat-gateway"),
}
"""What each is called under `attach:`, and what az calls the option that attaches it."""


@dataclass(frozen=True, slots=True)
class NotCopied:
    """Something the source has that its copy won't have.

    offer -- a resource of the target region that could take its place.
    egress -- whether the way out of the subnet, and so reprotect, may depend on it.
    """

    subnet: str
    what: str
    resource: ArmId
    offer: ArmId | None
    egress: bool


@dataclass(frozen=True, slots=True)
class NetworkCopy:
    """The network to create, and what it lacks."""

    network: Network
    not_copied: tuple[NotCopied, ...]


def copy_network(
    source: Network,
    target: ArmId,
    settings: Settings,
    attach: Mapping[str, Attach],
    inventory: Inventory,
) -> NetworkCopy:
    """The copy of `source` at `target`: the copy contract.

    Address space and subnets always; what has no region of its own (DNS servers, service
    endpoints, policies, delegations) unless switched off; tags and DDoS plan only if switched on.
    What belongs to one region (NSG, route table, NAT gateway) can't be referenced from another
    one, and a peering would bring the same address space together twice; so these are never
    copied. The documents say "identical" and leave open what that means (2017, 2026).
    """
    switches = settings.copy_
    wanted = {name.lower(): given for name, given in attach.items()}
    subnets = tuple(_copy_subnet(s, settings, wanted.get(s.name.lower())) for s in source.subnets)
    network = Network(
        id=target,
        region=settings.target_region,
        address_space=source.address_space,
        subnets=subnets,
        dns_servers=source.dns_servers if switches.dns else (),
        tags={**(source.tags if switches.tags else {}), **settings.tags},
        ddos_plan=source.ddos_plan if switches.ddos else None,
    )
    peerings = (NotCopied("", "peering", p.remote, None, egress=False) for p in source.peerings)
    return NetworkCopy(network, (*lacks(source, network, inventory), *peerings))


def _copy_subnet(source: Subnet, settings: Settings, attach: Attach | None) -> Subnet:
    switches = settings.copy_
    # ARM: a subnet that does not say so is open at the source (true), but newer API versions make
    # one without the property private, so the copy always says it (Microsoft Learn, default
    # outbound access).
    outbound = True if source.default_outbound_access is None else source.default_outbound_access
    copy = replace(
        source,
        network_security_group=attach.nsg if attach else None,
        route_table=attach.route_table if attach else None,
        nat_gateway=attach.nat_gateway if attach else None,
        default_outbound_access=outbound,
    )
    if not switches.service_endpoints:
        copy = replace(copy, service_endpoints=())
    if not switches.policies:
        copy = replace(copy, private_endpoint_policies=None, private_link_policies=None)
    if not switches.delegations:
        copy = replace(copy, delegations=())
    return copy


def lacks(source: Network, target: Network, inventory: Inventory) -> Iterator[NotCopied]:
    """What subnets of `source` have and those of the same name in `target` have none of."""
    for subnet in source.subnets:
        twin = target.subnet(subnet.name)
        if twin is None:
            continue
        for what, resource, given in (
            (_NSG, subnet.network_security_group, twin.network_security_group),
            (_ROUTES, subnet.route_table, twin.route_table),
            (_NAT, subnet.nat_gateway, twin.nat_gateway),
        ):
            if resource is not None and given is None:
                offer = _replacement(resource, target, inventory.regional)
                yield NotCopied(subnet.name, what, resource, offer, egress=what != _NSG)


def _replacement(
    resource: ArmId, copy: Network, candidates: tuple[RegionalResource, ...]
) -> ArmId | None:
    names = {resource.name.lower(), resource.name.lower() + "-asr"}
    for candidate in sorted(candidates, key=lambda c: c.id):
        if (
            candidate.region == copy.region
            and candidate.id.kind == resource.kind
            and candidate.id.name.lower() in names
            and candidate.id.group.lower() == copy.id.group.lower()
        ):
            return candidate.id
    return None
