"""Reading what stands around the networks: locks, DNS zone links, security rules, routes."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import CredentialsMissing
from asr_netmap.gateway import translate
from asr_netmap.gateway.moments import moment_of
from asr_netmap.gateway.reading import read_inventory
from asr_netmap.gateway.surroundings import read_surroundings, subscriptions_of
from asr_netmap.gateway.translate_surroundings import route_table, security_group
from asr_netmap.models import Inventory, RegionPair
from asr_netmap.sandbox.demo_estate import demo_estate
from asr_netmap.sandbox.estate import Estate
from asr_netmap.sandbox.options import Options
from asr_netmap.surroundings import (
    DnsZoneLink,
    NetworkSecurityGroup,
    Route,
    SecurityRule,
    Surroundings,
)

from .scripted import SUBSCRIPTION, VAULT, World, answer, arm_error, scripted, world

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-data"
ZONES = f"{GROUP}/providers/Microsoft.Network/privateDnsZones"
NETWORKS = f"{GROUP}/providers/Microsoft.Network/virtualNetworks"


def around(here: World) -> Surroundings:
    return read_surroundings(here.connection, inventory_of(here))


def inventory_of(here: World) -> Inventory:
    regions = RegionPair("eastasia", "southeastasia")
    return read_inventory(here.connection, vault=VAULT, regions=regions)


def zone(name: str, count: int | None, *networks: str) -> list[dict[str, Any]]:
    """A private DNS zone with its links."""
    properties = {} if count is None else {"numberOfVirtualNetworkLinks": count}
    kind = "Microsoft.Network/privateDnsZones"
    rows: list[dict[str, Any]] = [
        {"id": f"{ZONES}/{name}", "name": name, "type": kind, "properties": properties}
    ]
    for network in networks:
        link = f"{ZONES}/{name}/virtualNetworkLinks/{network}"
        target = {"virtualNetwork": {"id": f"{NETWORKS}/{network}"}}
        rows.append(
            {
                "id": link,
                "name": network,
                "type": f"{kind}/virtualNetworkLinks",
                "properties": target,
            }
        )
    return rows


def with_rows(*rows: dict[str, Any], **more: Any) -> World:
    document = demo_estate().to_document()
    document["resources"] += rows
    return world(Estate.from_document(document), **more)


def test_the_links_of_zones_and_the_locks_are_read() -> None:
    lock = {
        "id": f"{GROUP}/providers/Microsoft.Authorization/locks/keep",
        "name": "keep",
        "type": "Microsoft.Authorization/locks",
        "properties": {"level": "CanNotDelete"},
    }
    found = around(with_rows(lock, *zone("a.internal", 2, "vnet-data", "vnet-web")))
    assert {(link.zone.name, link.network.name) for link in found.dns_links} == {
        ("privatelink.database.windows.net", "vnet-data"),
        ("a.internal", "vnet-data"),
        ("a.internal", "vnet-web"),
    }
    assert [(each.scope, each.name, each.level) for each in found.locks] == [
        (ArmId(GROUP), "keep", "CanNotDelete")
    ]
    assert found.subscriptions == (SUBSCRIPTION,)
    assert found.not_looked_at == ()


def test_only_zones_with_links_are_asked_for_them() -> None:
    here = with_rows(*zone("bare.internal", 0), *zone("silent.internal", None, "vnet-data"))
    what = inventory_of(here)
    before = here.connection.requests_sent
    found = read_surroundings(here.connection, what)
    # One list of locks, one of zones, and the links of the demo's zone and of the silent one.
    assert here.connection.requests_sent - before == 4
    assert "silent.internal" in {link.zone.name for link in found.dns_links}


def test_long_lists_come_in_pages() -> None:
    rows = zone("a.internal", 5, *(f"vnet-{n}" for n in range(5)))
    found = around(with_rows(*rows, options=Options(page_size=2)))
    assert len([each for each in found.dns_links if each.zone.name == "a.internal"]) == 5


def test_what_was_read_is_said() -> None:
    here, said = world(), list[str]()
    read_surroundings(here.connection, inventory_of(here), progress=said.append)
    assert said == [
        "locks: 0",
        "links of private DNS zones: 1",
        "networks whose usage was read: 0",
    ]


def test_azures_own_count_is_asked_for_once_in_each_network_that_is_named() -> None:
    here = world()
    what = inventory_of(here)
    sent = [here.connection.requests_sent]
    networks = [ArmId(f"{NETWORKS}/{name}") for name in ("vnet-data", "VNET-DATA", "vnet-gone")]
    for asked in ((), networks):
        found = read_surroundings(here.connection, what, networks=asked)
        sent.append(here.connection.requests_sent)
    assert (sent[2] - sent[1]) - (sent[1] - sent[0]) == 1
    assert [(each.subnet.name, each.used, each.limit) for each in found.usages] == [
        ("sql", 3, 251),
        ("cache", 0, 251),
    ]
    assert found.not_looked_at == ()


def usages_of(*answers: Any) -> Surroundings:
    """What is read of one network whose usage is answered like that."""

    def script(request: Any) -> Any:
        return answers[0] if "/usages" in request.url else answer(body={"value": []})

    connection = scripted(script).connection
    what = Inventory(vault=None, networks=_one_network())
    return read_surroundings(connection, what, networks=[what.networks[0].id])


def usage(subnet: str, used: Any, limit: Any, name: str = "SubnetSpace") -> dict[str, Any]:
    """A row in the shape of Microsoft Learn's example."""
    return {
        "currentValue": used,
        "id": f"{NETWORKS}/vnet-data/subnets/{subnet}",
        "limit": limit,
        "name": {"localizedValue": "Subnet size and usage", "value": name},
        "unit": "Count",
    }


def test_a_subnet_that_azure_does_not_count_has_no_usage() -> None:
    rows = [usage("GatewaySubnet", -1, -1), usage("new", 2, 3), usage("new", 9, 9, "Other")]
    found = usages_of(answer(body={"value": rows}))
    assert [(each.subnet.name, each.used, each.limit) for each in found.usages] == [("new", 2, 3)]
    assert found.not_looked_at == ()


def test_an_odd_row_of_usage_is_a_gap_and_hides_no_other() -> None:
    odd = {**usage("x", 2, 3), "id": f"{NETWORKS}/vnet-data"}
    rows = [odd, usage("y", "many", 3), usage("new", 2.0, 3.0)]
    found = usages_of(answer(body={"value": rows}))
    assert [each.subnet.name for each in found.usages] == ["new"]
    assert len(found.not_looked_at) == 2


@pytest.mark.parametrize(
    ("status", "code"), [(403, "AuthorizationFailed"), (404, "ResourceNotFound")]
)
def test_usage_that_is_refused_or_not_there_was_not_looked_at(status: int, code: str) -> None:
    found = usages_of(answer(status, arm_error(code)))
    assert found.usages == ()
    (gap,) = found.not_looked_at
    assert gap.what == "usage of the network vnet-data"
    assert gap.kind == "microsoft.network/virtualnetworks/usages"
    assert not gap.covers(ArmId(f"{NETWORKS}/vnet-data")), "the network is in no doubt"


@pytest.mark.parametrize(
    ("path", "what", "kind"),
    [
        ("*/locks", "locks of subscription", "microsoft.authorization/locks"),
        ("*/privateDnsZones", "private DNS zones of", "microsoft.network/privatednszones"),
        (
            "*/virtualNetworkLinks",
            "links of the private DNS zone privatelink.database.windows.net",
            "microsoft.network/privatednszones/virtualnetworklinks",
        ),
    ],
)
def test_what_may_not_be_read_is_a_gap_of_its_kind(path: str, what: str, kind: str) -> None:
    hidden = {"kind": "forbidden", "path": path}
    (gap,) = around(world(conditions=(hidden,))).not_looked_at
    assert gap.what.startswith(what)
    assert gap.kind == kind
    assert "no permission" in gap.reason
    assert gap.scope is not None
    assert not gap.covers(ArmId(f"{NETWORKS}/vnet-data")), "networks are in no doubt"


def test_a_zone_that_is_gone_when_its_links_are_asked_for_has_none() -> None:
    there = zone("gone.internal", 1)[0]

    def script(request: Any) -> Any:
        if "virtualNetworkLinks" in request.url:
            return answer(404, arm_error("ResourceNotFound"))
        rows = [there] if "privateDnsZones" in request.url else []
        return answer(body={"value": rows})

    connection = scripted(script).connection
    found = read_surroundings(connection, Inventory(vault=None, networks=_one_network()))
    assert (found.dns_links, found.not_looked_at) == ((), ())


def test_an_odd_row_is_a_gap_and_hides_no_other() -> None:
    odd = {"id": f"{NETWORKS}/vnet-data", "name": "x", "properties": {}}

    def script(request: Any) -> Any:
        if "virtualNetworkLinks" in request.url:
            good = zone("a.internal", 1, "vnet-data")[1]
            return answer(body={"value": [{"id": f"{ZONES}/a.internal", "name": "l"}, good]})
        rows = [odd, zone("a.internal", 1)[0]] if "privateDnsZones" in request.url else []
        return answer(body={"value": rows})

    connection = scripted(script).connection
    found = read_surroundings(connection, Inventory(vault=None, networks=_one_network()))
    link = DnsZoneLink(ArmId(f"{ZONES}/a.internal"), ArmId(f"{NETWORKS}/vnet-data"))
    assert found.dns_links == (link,)
    assert len(found.not_looked_at) == 2


def test_without_a_login_nothing_is_read() -> None:
    connection = scripted([CredentialsMissing("no token", "")]).connection
    with pytest.raises(CredentialsMissing):
        read_surroundings(connection, Inventory(vault=None, networks=_one_network()))


def _one_network() -> tuple[Any, ...]:
    return (translate.network({"id": f"{NETWORKS}/vnet-data", "properties": {}}),)


def test_the_subscriptions_are_those_of_networks_and_vault() -> None:
    assert subscriptions_of(inventory_of(world())) == (SUBSCRIPTION,)
    assert subscriptions_of(Inventory()) == ()


# -- bodies ---------------------------------------------------------------------------------------


def test_security_rules_keep_what_decides() -> None:
    groups = {
        each.id.name: each
        for each in inventory_of(world()).regional
        if isinstance(each, NetworkSecurityGroup)
    }
    assert groups["nsg-web"].rules == ()
    assert groups["nsg-data-dr"].rules[0] == SecurityRule(
        "allow-storage", 100, True, True, "Tcp", ("*",), ("Storage.EastAsia",), ("443",)
    )


def test_a_rule_with_lists_and_one_about_security_groups_are_understood() -> None:
    def rule(**properties: Any) -> dict[str, Any]:
        values = {"priority": 100, "direction": "Inbound", "access": "Deny", **properties}
        return {"name": "r", "properties": values}

    body = {
        "id": f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg",
        "location": "East Asia",
        "properties": {
            "securityRules": [
                rule(
                    sourceAddressPrefixes=["10.0.0.0/8", "VirtualNetwork"],
                    destinationAddressPrefix="",
                    destinationPortRanges=["80", "443"],
                ),
                rule(destinationApplicationSecurityGroups=[{"id": "x"}], protocol="*"),
            ]
        },
    }
    group = security_group(body)
    assert group.region == "eastasia"
    assert group.rules == (
        SecurityRule(
            "r", 100, False, False, "*", ("10.0.0.0/8", "VirtualNetwork"), (), ("80", "443")
        ),
        SecurityRule("r", 100, False, False, "*"),
    )


def test_routes_are_read() -> None:
    hop = {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance"}
    body = {
        "id": f"{GROUP}/providers/Microsoft.Network/routeTables/routes",
        "location": "eastasia",
        "properties": {"routes": [{"name": "all", "properties": hop}]},
    }
    assert route_table(body).routes == (Route("all", "0.0.0.0/0", "VirtualAppliance"),)
    assert route_table({**body, "properties": {}}).routes == ()


def test_a_nic_keeps_forwarding_and_its_own_dns_servers() -> None:
    body = {
        "id": f"{GROUP}/providers/Microsoft.Network/networkInterfaces/nic",
        "properties": {
            "enableIPForwarding": True,
            "dnsSettings": {"dnsServers": ["10.0.0.4"], "appliedDnsServers": ["10.0.0.5"]},
        },
    }
    nic = translate.nic(body)
    assert (nic.ip_forwarding, nic.dns_servers) == (True, ("10.0.0.4",))


@pytest.mark.parametrize("key", ["remoteAddressSpace", "remoteVirtualNetworkAddressSpace"])
def test_a_peering_tells_the_other_networks_space_and_gateway(key: str) -> None:
    peering = {
        "name": "to-hub",
        "properties": {
            "remoteVirtualNetwork": {"id": f"{NETWORKS}/hub"},
            "peeringState": "Connected",
            "useRemoteGateways": True,
            key: {"addressPrefixes": ["10.200.0.0/16"]},
        },
    }
    body = {"id": f"{NETWORKS}/a", "properties": {"virtualNetworkPeerings": [peering]}}
    (found,) = translate.network(body).peerings
    assert [str(prefix) for prefix in found.remote_space] == ["10.200.0.0/16"]
    assert found.remote_gateway


def test_the_pools_of_outbound_rules_are_known() -> None:
    balancer = f"{GROUP}/providers/Microsoft.Network/loadBalancers/lb"
    pool = f"{balancer}/backendAddressPools/pool"
    rule = {"name": "out", "properties": {"backendAddressPool": {"id": pool}}}
    body = {"id": balancer, "properties": {"outboundRules": [rule, {"name": "odd"}]}}
    assert translate.load_balancer(body).outbound_pools == (ArmId(pool),)


def test_an_item_tells_its_times_and_the_vms_that_failovers_made() -> None:
    row = next(
        each
        for each in demo_estate().to_document()["resources"]
        if str(each["id"]).endswith("/replicationProtectedItems/app1")
    )
    row["properties"]["lastSuccessfulTestFailoverTime"] = "2026-03-02T06:30:00.1234567Z"
    row["properties"]["lastSuccessfulFailoverTime"] = "1753-01-01T01:01:01"
    vm = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/app1-test"
    row["properties"]["providerSpecificDetails"]["testFailoverRecoveryFabricObjectId"] = vm
    found = translate.item(row)
    assert found is not None
    assert found.tested_at == datetime(2026, 3, 2, 6, 30, 0, 123456, tzinfo=timezone.utc)
    assert (found.failed_over_at, found.test_vm, found.failed_over_vm) == (None, ArmId(vm), None)
    assert "TestFailover" in found.allowed_operations


@pytest.mark.parametrize("value", [None, "", "0001-01-01T00:00:00", "yesterday", 5, "2026-13-45"])
def test_what_is_no_time_is_none(value: Any) -> None:
    assert moment_of(value) is None
