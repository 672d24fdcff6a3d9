from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.network import models as net

from asr_netmap.sandbox import Estate, Options

from .world import DATA, SUB, WEB, WEB_ASR, World, error_of, network_id

NEW = network_id("rg-dr", "vnet-new")
NSG = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Network/networkSecurityGroups/nsg-web"


def body(
    *subnets: tuple[str, str], space: str = "10.50.0.0/16", location: str = "southeastasia"
) -> dict[str, Any]:
    rows = [{"name": name, "properties": {"addressPrefix": prefix}} for name, prefix in subnets]
    properties = {"addressSpace": {"addressPrefixes": [space]}, "subnets": rows}
    return {"location": location, "properties": properties}


def test_the_sdk_creates_a_network_and_gets_it_settled(world: World) -> None:
    network = net.VirtualNetwork(
        location="southeastasia",
        properties=net.VirtualNetworkPropertiesFormat(
            address_space=net.AddressSpace(address_prefixes=["10.50.0.0/16"]),
            subnets=[
                net.Subnet(
                    name="web",
                    properties=net.SubnetPropertiesFormat(address_prefix="10.50.1.0/24"),
                )
            ],
        ),
    )
    client = world.network().virtual_networks
    created: Any = client.begin_create_or_update("rg-dr", "vnet-new", network).result()
    assert created.properties.provisioning_state == "Succeeded"
    assert created.properties.subnets[0].properties.default_outbound_access is False
    assert client.get("rg-dr", "vnet-new").etag == created.etag


def test_the_sdk_lists_networks_per_subscription_and_per_group(world: World) -> None:
    client = world.network()
    names = [network.name for network in client.virtual_networks.list_all()]
    assert names == [
        "vnet-app",
        "vnet-data",
        "vnet-data-dr",
        "vnet-web",
        "vnet-web-asr",
        "vnet-mgmt",
    ]
    assert [n.name for n in client.virtual_networks.list("rg-app")] == ["vnet-app"]
    assert len(list(client.network_interfaces.list_all())) == 12
    assert [n.name for n in client.network_security_groups.list_all()] == [
        "nsg-web",
        "nsg-data-dr",
    ]
    assert list(client.route_tables.list_all()) == []
    assert [s.name for s in client.subnets.list("rg-app", "vnet-app")] == ["web", "app"]


def test_a_new_network_is_updating_until_its_operation_completes() -> None:
    world = World(options=Options(operation_seconds=10))
    response = world.send("PUT", NEW, body(("web", "10.50.1.0/24")))
    assert response.status == 201
    shown = json.loads(response.body)
    assert list(shown) == ["name", "id", "etag", "type", "location", "properties"]
    assert shown["properties"]["provisioningState"] == "Updating"
    assert response.header("azure-asyncnotification") == "Enabled"
    url = response.header("Azure-AsyncOperation") or ""
    assert "/providers/Microsoft.Network/locations/southeastasia/operations/" in url
    running = world.send("GET", url)
    assert json.loads(running.body) == {"status": "InProgress"}
    assert running.header("Retry-After") == "10"
    world.clock.advance(10)
    done = world.send("GET", url)
    assert (json.loads(done.body), done.header("Retry-After")) == ({"status": "Succeeded"}, None)
    subnet = world.get(NEW)["properties"]["subnets"][0]
    assert subnet["properties"]["provisioningState"] == "Succeeded"


def test_a_second_put_answers_200_and_replaces_the_subnets(world: World) -> None:
    """The trap behind 'an existing network is never PUT': subnets not named are gone."""
    world.send("PUT", NEW, body(("web", "10.50.1.0/24"), ("app", "10.50.2.0/24")))
    first = world.get(NEW)
    assert world.send("PUT", NEW, body(("app", "10.50.2.0/24"))).status == 200
    second = world.get(NEW)
    assert [subnet["name"] for subnet in second["properties"]["subnets"]] == ["app"]
    assert second["etag"] != first["etag"]
    assert second["properties"]["resourceGuid"] == first["properties"]["resourceGuid"]


def test_a_subnet_that_is_in_use_cannot_be_left_out(world: World) -> None:
    data = body(("cache", "10.2.2.0/24"), space="10.2.0.0/16", location="eastasia")
    response = world.send("PUT", DATA, data)
    assert error_of(response)["code"] == "InUseSubnetCannotBeDeleted"
    assert "sql1-nic" in error_of(response)["message"]


def test_new_subnets_are_private_in_newer_api_versions_only(world: World) -> None:
    world.send("PUT", NEW, body(("web", "10.50.1.0/24")), version="2024-05-01")
    assert "defaultOutboundAccess" not in world.get(NEW)["properties"]["subnets"][0]["properties"]
    world.send(
        "PUT", NEW, body(("web", "10.50.1.0/24"), ("app", "10.50.2.0/24")), version="2026-03-01"
    )
    old, new = world.get(NEW)["properties"]["subnets"]
    assert "defaultOutboundAccess" not in old["properties"]
    assert new["properties"]["defaultOutboundAccess"] is False


def test_what_a_subnet_says_about_outbound_access_is_kept(world: World) -> None:
    wanted = body(("web", "10.50.1.0/24"))
    wanted["properties"]["subnets"][0]["properties"]["defaultOutboundAccess"] = True
    world.send("PUT", NEW, wanted, version="2026-03-01")
    subnet = world.get(NEW)["properties"]["subnets"][0]
    assert subnet["properties"]["defaultOutboundAccess"] is True


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (body(("a", "10.51.1.0/24")), "NetcfgSubnetRangeOutsideVnet"),
        (body(("a", "10.50.1.0/24"), ("b", "10.50.1.128/25")), "NetcfgSubnetRangesOverlap"),
        (body(("a", "10.50.1.0/24"), ("A", "10.50.2.0/24")), "DuplicateResourceName"),
        (body(("a", "10.50.1.7/24")), "InvalidCIDRNotation"),
        (body(space="10.50.0.0"), "NetcfgSubnetRangeOutsideVnet"),
        (body(space="everything"), "InvalidCIDRNotation"),
        ({"properties": {}}, "LocationRequired"),
        ({"location": "southeastasia", "properties": {}}, "InvalidRequestFormat"),
        ({"location": "southeastasia", "properties": []}, "InvalidRequestFormat"),
    ],
)
def test_an_impossible_network_is_refused(world: World, wanted: Any, code: str) -> None:
    if wanted == body(space="10.50.0.0"):
        wanted = body(("a", "10.50.1.0/24"), space="10.50.0.0/32")
    response = world.send("PUT", NEW, wanted)
    assert response.status == 400
    assert error_of(response)["code"] == code
    assert world.send("GET", NEW).status == 404


def test_a_network_does_not_move_to_another_region(world: World) -> None:
    response = world.send("PUT", WEB, body(location="southeastasia"))
    assert response.status == 409
    assert error_of(response)["code"] == "InvalidResourceLocation"


def test_a_reference_must_exist_in_the_networks_region(world: World) -> None:
    wanted = body(("web", "10.50.1.0/24"))
    wanted["properties"]["subnets"][0]["properties"]["networkSecurityGroup"] = {"id": NSG}
    assert error_of(world.send("PUT", NEW, wanted))["code"] == "InvalidResourceReference"
    wanted["location"] = "eastasia"
    assert world.send("PUT", NEW, wanted).status == 201


def test_subnets_show_the_ip_configurations_in_them_with_the_services_casing(
    world: World,
) -> None:
    subnet = world.get(f"{DATA}/subnets/SQL")
    assert [row["id"] for row in subnet["properties"]["ipConfigurations"]] == [
        f"{SUB}/resourceGroups/RG-DATA/providers/Microsoft.Network/networkInterfaces"
        f"/{name}/ipConfigurations/IPCONFIG1"
        for name in ("SQL1-NIC", "SQL2-NIC", "SQL3-NIC")
    ]
    assert "ipConfigurations" not in world.get(f"{DATA}/subnets/cache")["properties"]


def test_the_estate_itself_does_not_change_by_being_read(world: World) -> None:
    before = world.estate.to_text()
    world.get(DATA)
    world.get(f"{SUB}/providers/Microsoft.Network/virtualNetworks")
    assert world.estate.to_text() == before


@pytest.mark.parametrize(
    ("address", "available", "platform"),
    [
        ("10.3.1.11", True, False),
        ("10.3.1.10", False, False),
        ("10.3.1.0", False, True),
        ("10.3.1.3", False, True),
        ("10.3.1.4", True, False),
        ("10.3.1.254", True, False),
        ("10.3.1.255", False, True),
    ],
)
def test_the_sdk_asks_whether_an_address_is_free(
    world: World, address: str, available: bool, platform: bool
) -> None:
    result = world.network().virtual_networks.check_ip_address_availability(
        "rg-web-asr", "vnet-web-asr", ip_address=address
    )
    assert result.available is available
    assert result.is_platform_reserved is platform
    assert bool(result.available_ip_addresses) is not available


def test_the_casing_of_the_availability_call_does_not_matter(world: World) -> None:
    for name in ("CheckIPAddressAvailability", "checkIPAddressAvailability"):
        shown = world.get(f"{WEB_ASR}/{name}?ipAddress=10.3.1.10")
        assert shown == {
            "available": False,
            "availableIPAddresses": [f"10.3.1.{n}" for n in (4, 5, 6, 7, 8)],
            "isPlatformReserved": False,
        }


def test_an_address_in_no_subnet_is_an_error(world: World) -> None:
    with pytest.raises(HttpResponseError) as raised:
        world.network().virtual_networks.check_ip_address_availability(
            "rg-web-asr", "vnet-web-asr", ip_address="10.3.2.9"
        )
    assert raised.value.error is not None
    assert raised.value.error.code == "PrivateIPAddressNotInAnySubnet"
    assert world.send("GET", f"{WEB_ASR}/checkIPAddressAvailability?ipAddress=x").status == 400


def test_usages_count_what_is_in_each_subnet(world: World) -> None:
    usages = list(world.network().virtual_networks.list_usage("rg-data", "vnet-data"))
    assert [(usage.current_value, usage.limit) for usage in usages] == [(3.0, 251.0), (0.0, 251.0)]


def test_usages_count_what_only_the_subnet_itself_names() -> None:
    there = f"{SUB}/resourceGroups/rg-x/providers/Microsoft.Network/bastionHosts/b"
    named = [{"id": f"{there}/bastionHostIpConfigurations/c"}] * 2
    subnets = [
        {"name": "a", "properties": {"addressPrefix": "10.1.0.0/24", "ipConfigurations": named}},
        {"name": "GatewaySubnet", "properties": {"addressPrefix": "10.1.1.0/24"}},
    ]
    network = {
        "id": network_id("rg-x", "v"),
        "name": "v",
        "location": "eastasia",
        "properties": {"subnets": subnets},
    }
    rows = World(Estate([network])).get(f"{network['id']}/usages")["value"]
    assert [(row["currentValue"], row["limit"]) for row in rows] == [(1.0, 251.0), (-1.0, -1.0)]


def test_a_missing_network_raises_what_the_sdk_calls_not_found(world: World) -> None:
    with pytest.raises(ResourceNotFoundError) as raised:
        world.network().virtual_networks.get("rg-app", "nothing")
    assert raised.value.error is not None
    assert raised.value.error.code == "ResourceNotFound"


def test_an_empty_list_has_no_next_link_key(world: World) -> None:
    path = f"{SUB}/resourceGroups/rg-vault/providers/Microsoft.Network/virtualNetworks"
    assert world.send("GET", path).body == b'{"value": []}'


def test_network_lists_page_like_the_others() -> None:
    world = World(options=Options(page_size=4))
    nics = list(world.network().network_interfaces.list_all())
    assert len({nic.id for nic in nics}) == 12


def test_a_subnet_with_several_prefixes_counts_all_of_them() -> None:
    subnet = {"name": "two", "properties": {"addressPrefixes": ["10.1.0.0/29", "10.1.1.0/29"]}}
    network = {
        "id": network_id("rg-x", "v"),
        "name": "v",
        "location": "eastasia",
        "properties": {"subnets": [subnet]},
    }
    world = World(Estate([network]))
    assert world.get(f"{network['id']}/usages")["value"][0]["limit"] == 6.0
    assert world.get(f"{network['id']}/checkIPAddressAvailability?ipAddress=10.1.1.4")["available"]


def test_deleting_a_network_is_not_played(world: World) -> None:
    assert world.send("DELETE", WEB).status == 405
