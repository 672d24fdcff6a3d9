"""The body of a new virtual network, and what of a read one is compared with it."""

from __future__ import annotations

from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Network, Subnet
from asr_netmap.planning.change import NetworkState


def network_body(state: NetworkState) -> dict[str, Any]:
    """What is PUT to create `state`."""
    properties: dict[str, Any] = {
        "addressSpace": {"addressPrefixes": [str(p) for p in state.address_space]},
        "subnets": [_subnet_body(each) for each in state.subnets],
    }
    if state.dns_servers:
        properties["dhcpOptions"] = {"dnsServers": list(state.dns_servers)}
    if state.ddos_plan is not None:
        properties["enableDdosProtection"] = True
        properties["ddosProtectionPlan"] = _reference(state.ddos_plan)
    body: dict[str, Any] = {"location": state.region, "properties": properties}
    if state.tags:
        body["tags"] = dict(state.tags)
    return body


def network_state(network: Network) -> NetworkState:
    """An existing network as a state."""
    return NetworkState(
        region=network.region,
        address_space=network.address_space,
        subnets=network.subnets,
        dns_servers=network.dns_servers,
        tags=network.tags,
        ddos_plan=network.ddos_plan,
    )


def _subnet_body(subnet: Subnet) -> dict[str, Any]:
    prefixes = [str(p) for p in subnet.prefixes]
    properties: dict[str, Any] = (
        {"addressPrefix": prefixes[0]} if len(prefixes) == 1 else {"addressPrefixes": prefixes}
    )
    # ARM: newer API versions make a subnet private where this is left out; absent at the source
    # means true (Microsoft Learn, default outbound access).
    properties["defaultOutboundAccess"] = subnet.default_outbound_access is not False
    if subnet.service_endpoints:
        # Without locations: those of the source are its own region and its pair.
        properties["serviceEndpoints"] = [{"service": each} for each in subnet.service_endpoints]
    if subnet.delegations:
        properties["delegations"] = [_delegation(each) for each in subnet.delegations]
    for key, value in (
        ("networkSecurityGroup", subnet.network_security_group),
        ("routeTable", subnet.route_table),
        ("natGateway", subnet.nat_gateway),
    ):
        if value is not None:
            properties[key] = _reference(value)
    policies = {
        "privateEndpointNetworkPolicies": subnet.private_endpoint_policies,
        "privateLinkServiceNetworkPolicies": subnet.private_link_policies,
    }
    properties.update({key: policy for key, policy in policies.items() if policy is not None})
    return {"name": subnet.name, "properties": properties}


def _delegation(service: str) -> dict[str, Any]:
    """A delegation is named after its service, as the portal does."""
    return {"name": service.replace("/", "."), "properties": {"serviceName": service}}


def _reference(resource: ArmId) -> dict[str, str]:
    return {"id": str(resource)}
