"""Azure's bodies -> security groups, route tables, DNS zone links and the usage of subnets.

The shapes are those of Microsoft Learn, REST, Network Security Groups, Route Tables and Virtual
Networks - List Usage (2024-05-01) and Virtual Network Links (Private DNS, 2020-06-01); none was
recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.models import region_key
from asr_netmap.surroundings import (
    DnsZoneLink,
    NetworkSecurityGroup,
    Route,
    RouteTable,
    SecurityRule,
    SubnetUsage,
)

Body = Mapping[str, Any]


def security_group(body: Body) -> NetworkSecurityGroup:
    """A network security group; its default rules are the same everywhere and left out."""
    rules = _properties(body).get("securityRules") or ()
    return NetworkSecurityGroup(
        ArmId(body["id"]), _region(body), rules=tuple(_rule(each) for each in rules)
    )


def route_table(body: Body) -> RouteTable:
    """A route table."""
    routes = _properties(body).get("routes") or ()
    return RouteTable(
        ArmId(body["id"]), _region(body), routes=tuple(_route(each) for each in routes)
    )


def dns_zone_link(body: Body) -> DnsZoneLink:
    """A link of a private DNS zone to a network."""
    network = _properties(body)["virtualNetwork"]["id"]
    return DnsZoneLink(ArmId(body["id"]).parent, ArmId(network))


def subnet_usage(body: Body) -> SubnetUsage | None:
    """How full Azure says that a subnet is; None: the row counts something else, or nothing.

    ARM: the limit leaves out the five addresses that Azure keeps: 251 of a /24, 65531 of a /16
    (Microsoft Learn, Get-AzVirtualNetworkUsageList). -1 stands where it does not count, as in a
    gateway subnet (Microsoft Learn, REST, Virtual Networks - List Usage, its example).
    """
    name = (body.get("name") or {}).get("value")
    used, limit = int(body["currentValue"]), int(body["limit"])
    if (name is not None and str(name).lower() != "subnetspace") or used < 0 or limit < 0:
        return None
    subnet = ArmId(body["id"])
    if subnet.kind != "microsoft.network/virtualnetworks/subnets":
        raise ValueError(f"{subnet} is no subnet")
    return SubnetUsage(subnet, used, limit)


def _rule(body: Body) -> SecurityRule:
    properties = _properties(body)
    return SecurityRule(
        name=str(body.get("name") or ""),
        priority=int(properties["priority"]),
        outbound=str(properties["direction"]).lower() == "outbound",
        allows=str(properties["access"]).lower() == "allow",
        protocol=str(properties.get("protocol") or "*"),
        sources=_one_or_many(properties, "sourceAddressPrefix", "sourceAddressPrefixes"),
        destinations=_one_or_many(
            properties, "destinationAddressPrefix", "destinationAddressPrefixes"
        ),
        ports=_one_or_many(properties, "destinationPortRange", "destinationPortRanges"),
    )


def _route(body: Body) -> Route:
    properties = _properties(body)
    return Route(
        str(body.get("name") or ""),
        str(properties.get("addressPrefix") or ""),
        str(properties.get("nextHopType") or ""),
    )


def _one_or_many(properties: Body, one: str, many: str) -> tuple[str, ...]:
    """ARM: a rule has one prefix or range, or a list; the other is absent, empty or null
    (Microsoft Learn, REST, Security Rules - Get)."""
    found = [properties.get(one), *(properties.get(many) or ())]
    return tuple(str(each) for each in found if each)


def _properties(body: Body) -> Body:
    found: Body = body.get("properties") or {}
    return found


def _region(body: Body) -> str:
    return region_key(str(body.get("location") or ""))
