from __future__ import annotations

from typing import Any

from asr_netmap.sandbox import Estate, demo_estate

from .world import DATA, DATA_DR, SUB, VAULT, WEB, WEB_ASR, World, item_path


def details(world: World, name: str) -> Any:
    return world.get(item_path(name))["properties"]["providerSpecificDetails"]


def test_every_call_gives_the_same_estate_of_its_own() -> None:
    first, second = demo_estate(), demo_estate()
    assert first.to_text() == second.to_text()
    first.remove(item_path("app1"))
    assert second.get(item_path("app1")) is not None
    assert Estate.from_document(first.to_document()).to_text() == first.to_text()


def test_networks_tell_the_story_of_three_kinds_of_target(world: World) -> None:
    rows = world.get(f"{SUB}/providers/Microsoft.Network/virtualNetworks")["value"]
    spaces = {
        row["name"]: (row["location"], *row["properties"]["addressSpace"]["addressPrefixes"])
        for row in rows
    }
    assert spaces == {
        "vnet-app": ("eastasia", "10.1.0.0/16"),
        "vnet-data": ("eastasia", "10.2.0.0/16"),
        "vnet-data-dr": ("southeastasia", "10.20.0.0/16"),
        "vnet-web": ("eastasia", "10.3.0.0/16"),
        "vnet-web-asr": ("southeastasia", "10.3.0.0/16"),
        "vnet-mgmt": ("eastasia", "10.9.0.0/16"),
    }


def test_one_network_is_mapped_and_only_forward(world: World) -> None:
    (mapping,) = world.get(f"{VAULT}/replicationNetworkMappings")["value"]
    properties = mapping["properties"]
    assert properties["primaryNetworkId"] == DATA.lower()
    assert properties["recoveryNetworkId"] == DATA_DR.lower()


def test_the_application_tier_has_no_target_and_says_so(world: World) -> None:
    for name in ("app1", "app2", "app3"):
        assert details(world, name)["selectedRecoveryAzureNetworkId"] is None
        properties = world.get(item_path(name))["properties"]
        assert properties["healthErrors"][0]["errorCode"] == "161003"
        assert properties["failoverHealth"] == "Critical"
    assert len(details(world, "app1")["vmNics"][0]["ipConfigs"]) == 2
    assert details(world, "app2")["vmNics"][0]["ipConfigs"][0]["ipAddressType"] == "Dynamic"
    assert len(details(world, "app3")["vmNics"]) == 2


def test_web1s_address_is_taken_in_the_target_and_web2s_is_free(world: World) -> None:
    for name, free in (("web1", False), ("web2", True)):
        address = details(world, name)["vmNics"][0]["ipConfigs"][0]["staticIPAddress"]
        path = f"{WEB_ASR}/checkIPAddressAvailability?ipAddress={address}"
        assert world.get(path)["available"] is free
        assert details(world, name)["selectedRecoveryAzureNetworkId"] == WEB_ASR


def test_sql2_was_set_by_hand_and_new1_is_not_ready(world: World) -> None:
    nic = details(world, "sql2")["vmNics"][0]
    assert nic["selectionType"] == "SelectedByUser"
    assert nic["ipConfigs"][0]["recoveryStaticIPAddress"] == "10.20.2.77"
    assert details(world, "new1")["vmNics"] == []
    assert world.get(item_path("new1"))["properties"]["protectionState"] == (
        "InitialReplicationInProgress"
    )


def test_every_id_that_something_names_exists_in_the_estate() -> None:
    estate = demo_estate()
    for item in estate.of_type(
        "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationProtectionContainers"
        "/replicationProtectedItems"
    ):
        properties = item["properties"]
        found = properties["providerSpecificDetails"]
        named = [found["fabricObjectId"], properties["policyId"], properties["recoveryFabricId"]]
        named += [properties["recoveryContainerId"], found["recoveryAzureResourceGroupId"]]
        for nic in found["vmNics"]:
            named += [nic["sourceNicArmId"], nic["vMNetworkName"], nic["recoveryVMNetworkId"]]
        missing = [identifier for identifier in named if identifier and not estate.get(identifier)]
        assert missing == [], item["name"]
    assert estate.get(WEB) is not None
