"""The copy contract: what an -asr network takes over, and what is said of the rest."""

from __future__ import annotations

from dataclasses import fields, replace
from ipaddress import ip_network
from typing import Any

import pytest

from asr_netmap.models import Inventory, Network, Peering, RegionalResource, Subnet
from asr_netmap.planning.change import NetworkState
from asr_netmap.rules.network_copy import NetworkCopy, copy_network, lacks
from asr_netmap.settings import Attach, Settings
from tests.builders import SOURCE, TARGET, network_id, resource, settings

NSG = resource("Microsoft.Network/networkSecurityGroups", "nsg-web")
ROUTES = resource("Microsoft.Network/routeTables", "rt-web")
NAT = resource("Microsoft.Network/natGateways", "nat-web")
DDOS = resource("Microsoft.Network/ddosProtectionPlans", "ddos")

WEB = Subnet(
    "web",
    (ip_network("10.1.1.0/24"), ip_network("fd00:1::/64")),
    network_security_group=NSG,
    route_table=ROUTES,
    nat_gateway=NAT,
    delegations=("Microsoft.Web/serverFarms",),
    service_endpoints=("Microsoft.Storage",),
    private_endpoint_policies="Disabled",
    private_link_policies="Enabled",
)
FULL = Network(
    network_id("vnet-app"),
    SOURCE,
    (ip_network("10.1.0.0/16"), ip_network("fd00:1::/48")),
    (WEB, Subnet("GatewaySubnet", (ip_network("10.1.255.0/27"),), default_outbound_access=False)),
    dns_servers=("10.1.1.4",),
    tags={"env": "prod"},
    ddos_plan=DDOS,
    peerings=(Peering("to-hub", network_id("vnet-hub"), "Connected"),),
)
COPY = network_id("vnet-app-asr", "rg-app-asr")


def copied(
    declared: Settings | None = None,
    attach: dict[str, Attach] | None = None,
    *resources: RegionalResource,
    source: Network = FULL,
) -> NetworkCopy:
    where = Inventory(regional=resources)
    return copy_network(source, COPY, declared or settings(), attach or {}, where)


def test_address_space_and_subnets_are_taken_over_with_all_prefixes() -> None:
    copy = copied().network
    assert (copy.id, copy.region) == (COPY, TARGET)
    assert copy.address_space == FULL.address_space
    assert [(s.name, s.prefixes) for s in copy.subnets] == [
        (s.name, s.prefixes) for s in FULL.subnets
    ]


def test_what_has_no_region_is_taken_over_by_default() -> None:
    copy = copied().network
    web = copy.subnets[0]
    assert copy.dns_servers == ("10.1.1.4",)
    assert web.delegations == WEB.delegations
    assert web.service_endpoints == WEB.service_endpoints
    assert (web.private_endpoint_policies, web.private_link_policies) == ("Disabled", "Enabled")


def test_tags_and_ddos_plan_are_not_taken_over_by_default() -> None:
    copy = copied().network
    assert copy.tags == {}
    assert copy.ddos_plan is None


def facts(copy: Network) -> dict[str, Any]:
    web = copy.subnets[0]
    return {
        "dns": copy.dns_servers,
        "service_endpoints": web.service_endpoints,
        "policies": (web.private_endpoint_policies, web.private_link_policies),
        "delegations": web.delegations,
        "tags": dict(copy.tags),
        "ddos": copy.ddos_plan,
    }


SWITCHES: list[tuple[str, bool, Any]] = [
    ("dns", False, ()),
    ("service_endpoints", False, ()),
    ("policies", False, (None, None)),
    ("delegations", False, ()),
    ("tags", True, {"env": "prod"}),
    ("ddos", True, DDOS),
]


@pytest.mark.parametrize(("switch", "state", "expected"), SWITCHES)
def test_a_switch_changes_its_own_part_and_no_other(
    switch: str, state: bool, expected: object
) -> None:
    usual = facts(copied().network)
    switched = facts(copied(settings(copy={switch: state})).network)
    assert switched == {**usual, switch: expected}
    assert switched != usual


@pytest.mark.parametrize(("said", "expected"), [(None, True), (True, True), (False, False)])
def test_outbound_access_is_always_said(said: bool | None, expected: bool) -> None:
    """Newer API versions make a subnet private that does not say so."""
    subnet = Subnet("web", (ip_network("10.1.1.0/24"),), default_outbound_access=said)
    source = Network(network_id("v"), SOURCE, FULL.address_space, (subnet,))
    assert copied(source=source).network.subnets[0].default_outbound_access is expected


def test_the_tags_of_the_configuration_are_put_on_the_copy_and_win() -> None:
    declared = settings(copy={"tags": True}, tags={"env": "dr", "owner": "us"})
    assert copied(declared).network.tags == {"env": "dr", "owner": "us"}
    assert copied(settings(tags={"owner": "us"})).network.tags == {"owner": "us"}


def test_what_belongs_to_a_region_is_left_out_and_listed() -> None:
    copy = copied()
    web = copy.network.subnets[0]
    assert (web.network_security_group, web.route_table, web.nat_gateway) == (None, None, None)
    said = {(n.subnet, n.what): (n.resource, n.egress, n.offer) for n in copy.not_copied}
    assert said == {
        ("web", "network security group"): (NSG, False, None),
        ("web", "route table"): (ROUTES, True, None),
        ("web", "NAT gateway"): (NAT, True, None),
        ("", "peering"): (network_id("vnet-hub"), False, None),
    }


def test_a_subnet_that_the_target_does_not_have_keeps_no_other_from_being_looked_at() -> None:
    bare = Network(COPY, TARGET, FULL.address_space, (Subnet("web", WEB.prefixes),))
    source = replace(FULL, subnets=(Subnet("app", ()), WEB))
    found = [(n.subnet, n.what) for n in lacks(source, bare, Inventory())]
    assert found == [
        ("web", "network security group"),
        ("web", "route table"),
        ("web", "NAT gateway"),
    ]


def test_a_copy_is_never_peered() -> None:
    assert copied().network.peerings == ()
    assert "peerings" not in {field.name for field in fields(NetworkState)}


def test_what_is_attached_goes_into_the_copy_and_is_no_longer_missed() -> None:
    ours = resource("Microsoft.Network/networkSecurityGroups", "nsg-dr", "rg-dr")
    copy = copied(None, {"WEB": Attach(nsg=ours)})
    assert copy.network.subnets[0].network_security_group == ours
    assert {n.what for n in copy.not_copied} == {"route table", "NAT gateway", "peering"}


def test_everything_that_is_attached_goes_into_its_own_subnet_alone() -> None:
    nsg, routes, nat = (
        resource(f"Microsoft.Network/{kind}", "dr", "rg-dr")
        for kind in ("networkSecurityGroups", "routeTables", "natGateways")
    )
    copy = copied(None, {"web": Attach(nsg=nsg, route_table=routes, nat_gateway=nat)})
    assert [
        (s.network_security_group, s.route_table, s.nat_gateway) for s in copy.network.subnets
    ] == [(nsg, routes, nat), (None, None, None)]
    assert {n.what for n in copy.not_copied} == {"peering"}


@pytest.mark.parametrize("name", ["nsg-web", "NSG-web-asr"])
def test_a_resource_of_the_same_name_at_the_target_is_offered(name: str) -> None:
    twin = resource("Microsoft.Network/networkSecurityGroups", name, "rg-app-asr")
    copy = copied(None, None, RegionalResource(twin, TARGET))
    assert [n.offer for n in copy.not_copied if n.what == "network security group"] == [twin]


@pytest.mark.parametrize(
    "other",
    [
        RegionalResource(NSG, SOURCE),
        RegionalResource(
            resource("Microsoft.Network/networkSecurityGroups", "nsg-web", "rg-elsewhere"), TARGET
        ),
        RegionalResource(
            resource("Microsoft.Network/networkSecurityGroups", "nsg-db", "rg-app-asr"), TARGET
        ),
        RegionalResource(
            resource("Microsoft.Network/routeTables", "nsg-web", "rg-app-asr"), TARGET
        ),
    ],
)
def test_a_resource_that_could_not_take_the_place_is_not_offered(other: RegionalResource) -> None:
    copy = copied(None, None, other)
    assert [n.offer for n in copy.not_copied if n.what == "network security group"] == [None]
