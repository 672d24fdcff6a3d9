from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.recoveryservicessiterecovery import models as asr

from asr_netmap.sandbox import Options

from .world import (
    DATA_DR,
    SOURCE_CONTAINER,
    SOURCE_FABRIC,
    VAULT,
    WEB,
    WEB_ASR,
    World,
    error_of,
    item_path,
    network_id,
)

APP_COPY = network_id("rg-dr", "vnet-app-asr")


def details_of(item: Any) -> Any:
    return item["properties"]["providerSpecificDetails"]


def first_nic(world: World, name: str) -> Any:
    return details_of(world.get(item_path(name)))["vmNics"][0]


def patch_nic(nic_id: str, config: dict[str, Any], **nic: Any) -> dict[str, Any]:
    sent = {"ipConfigName": "ipconfig1", "isPrimary": True, **config}
    row = {"nicId": nic_id, "ipConfigs": [sent], **nic}
    return {"properties": {"vmNics": [row], "providerSpecificDetails": {"instanceType": "A2A"}}}


def fail_code(world: World, name: str, body: dict[str, Any]) -> str:
    """Send a PATCH whose job must fail and change nothing; return the code."""
    before = world.get(item_path(name))
    job = world.job_of(world.send("PATCH", item_path(name), body))
    assert job["properties"]["state"] == "Failed"
    assert job["properties"]["tasks"][0]["state"] == "Failed"
    assert world.get(item_path(name)) == before
    return str(job["properties"]["errors"][0]["serviceErrorDetails"]["code"])


def test_the_sdk_sets_a_static_failover_address(world: World) -> None:
    items: Any = world.recovery().replication_protected_items
    where = ("rg-vault", "vault-dr", SOURCE_FABRIC, SOURCE_CONTAINER, "web2")
    nic = items.get(*where).properties.provider_specific_details.vm_nics[0]
    update = asr.UpdateReplicationProtectedItemInput(
        properties=asr.UpdateReplicationProtectedItemInputProperties(
            vm_nics=[
                asr.VMNicInputDetails(
                    nic_id=nic.nic_id,
                    selection_type="SelectedByUser",
                    ip_configs=[
                        asr.IPConfigInputDetails(
                            ip_config_name="ipconfig1",
                            is_primary=True,
                            recovery_subnet_name="front",
                            recovery_static_ip_address="10.3.1.11",
                        )
                    ],
                )
            ],
            provider_specific_details=asr.A2AUpdateReplicationProtectedItemInput(),
        )
    )
    result = items.begin_update(*where, update).result()
    config = result.properties.provider_specific_details.vm_nics[0].ip_configs[0]
    assert config.recovery_static_ip_address == "10.3.1.11"
    assert config.recovery_ip_address_type == "Static"


def test_fields_left_out_of_a_sent_nic_are_wiped(world: World) -> None:
    """The before and after of the recorded PATCH, field by field."""
    nic = first_nic(world, "web2")
    body = patch_nic(
        nic["nicId"],
        {
            "isPrimary": True,
            "isSeletedForFailover": False,
            "recoverySubnetName": "front",
            "recoveryStaticIPAddress": "",
        },
        selectionType="SelectedByUser",
        enableAcceleratedNetworkingOnRecovery=False,
        enableAcceleratedNetworkingOnTfo=False,
        recoveryNicName="dr-nic",
        recoveryNicResourceGroupName="rg-dr",
        reuseExistingNic=True,
        tfoReuseExistingNic=False,
    )
    world.send("PATCH", item_path("web2"), body)
    after = first_nic(world, "web2")
    assert after == {
        **nic,
        "selectionType": "SelectedByUser",
        "recoveryNetworkSecurityGroupId": "",
        "tfoNetworkSecurityGroupId": "",
        "enableAcceleratedNetworkingOnTfo": False,
        "recoveryNicName": "dr-nic",
        "recoveryNicResourceGroupName": "rg-dr",
        "reuseExistingNic": True,
        "ipConfigs": [
            {
                **nic["ipConfigs"][0],
                "isSeletedForFailover": True,
                "recoveryPublicIPAddressId": "",
                "recoveryLBBackendAddressPoolIds": [],
                "tfoSubnetName": "",
                "tfoStaticIPAddress": "",
                "tfoPublicIPAddressId": "",
                "tfoLBBackendAddressPoolIds": [],
            }
        ],
    }


def test_a_non_empty_value_that_is_not_sent_again_is_lost(world: World) -> None:
    nic_id = first_nic(world, "web2")["nicId"]
    full = patch_nic(
        nic_id,
        {
            "recoverySubnetName": "front",
            "recoveryStaticIPAddress": "10.3.1.11",
            "recoveryPublicIPAddressId": "/some/ip",
            "recoveryLBBackendAddressPoolIds": ["/some/pool"],
        },
        recoveryNetworkSecurityGroupId="/some/nsg",
    )
    world.send("PATCH", item_path("web2"), full)
    world.send("PATCH", item_path("web2"), patch_nic(nic_id, {}))
    nic = first_nic(world, "web2")
    config = nic["ipConfigs"][0]
    assert nic["recoveryNetworkSecurityGroupId"] == ""
    assert config["recoverySubnetName"] == ""
    assert config["recoveryPublicIPAddressId"] == ""
    assert config["recoveryLBBackendAddressPoolIds"] == []
    assert (config["recoveryStaticIPAddress"], config["recoveryIPAddressType"]) == ("", "Dynamic")


def test_item_level_fields_left_out_are_kept(world: World) -> None:
    before = details_of(world.get(item_path("web2")))
    nic_id = before["vmNics"][0]["nicId"]
    world.send("PATCH", item_path("web2"), patch_nic(nic_id, {"recoverySubnetName": "front"}))
    after = details_of(world.get(item_path("web2")))
    assert {**after, "vmNics": []} == {**before, "vmNics": []}


def test_item_level_fields_that_are_sent_are_stored_under_their_read_names(world: World) -> None:
    body = {
        "properties": {
            "recoveryAzureVMName": "web2-dr",
            "recoveryAvailabilitySetId": "/some/set",
            "licenseType": "WindowsServer",
            "surprise": 1,
            "providerSpecificDetails": {
                "instanceType": "A2A",
                "recoveryResourceGroupId": "/subscriptions/s/resourceGroups/other",
                "tfoAzureVMName": "web2-tfo",
            },
        }
    }
    before = world.get(item_path("web2"))
    world.send("PATCH", item_path("web2"), body)
    wanted = copy.deepcopy(before)
    details_of(wanted).update(
        recoveryAzureVMName="web2-dr",
        recoveryAvailabilitySet="/some/set",
        recoveryAzureResourceGroupId="/subscriptions/s/resourceGroups/other",
        tfoAzureVMName="web2-tfo",
    )
    assert world.get(item_path("web2")) == wanted


def test_naming_the_same_network_in_another_casing_keeps_the_stored_casing(world: World) -> None:
    stored = details_of(world.get(item_path("sql1")))["selectedRecoveryAzureNetworkId"]
    assert stored == DATA_DR.lower()
    body = {"properties": {"selectedRecoveryAzureNetworkId": DATA_DR}}
    world.send("PATCH", item_path("sql1"), body)
    details = details_of(world.get(item_path("sql1")))
    assert details["selectedRecoveryAzureNetworkId"] == stored
    assert details["vmNics"][0]["recoveryVMNetworkId"] == stored


def test_every_nic_follows_the_items_networks(world: World) -> None:
    put_app_copy(world)
    body = {
        "properties": {
            "selectedRecoveryAzureNetworkId": APP_COPY,
            "selectedTfoAzureNetworkId": WEB_ASR,
        }
    }
    world.send("PATCH", item_path("app3"), body)
    nics = details_of(world.get(item_path("app3")))["vmNics"]
    assert len(nics) == 2
    assert {nic["recoveryVMNetworkId"] for nic in nics} == {APP_COPY}
    assert {nic["tfoVMNetworkId"] for nic in nics} == {WEB_ASR}


def put_app_copy(world: World) -> None:
    subnets = [
        {"name": "zz", "properties": {"addressPrefix": "10.1.9.0/24"}},
        {"name": "WEB", "properties": {"addressPrefix": "10.1.1.0/24"}},
    ]
    properties = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": subnets}
    body = {"location": "southeastasia", "properties": properties}
    assert world.send("PUT", APP_COPY, body).status == 201


def test_choosing_a_network_ends_the_health_error_that_asks_for_one(world: World) -> None:
    put_app_copy(world)
    before = world.get(item_path("app1"))["properties"]
    assert [error["errorCode"] for error in before["healthErrors"]] == ["161003", "161011"]
    assert before["failoverHealth"] == "Critical"
    body = {"properties": {"selectedRecoveryAzureNetworkId": APP_COPY}}
    world.send("PATCH", item_path("app1"), body)
    after = world.get(item_path("app1"))["properties"]
    assert [error["errorCode"] for error in after["healthErrors"]] == ["161011"]
    assert after["failoverHealth"] == "Warning"


def test_nics_that_are_not_sent_are_reset(world: World) -> None:
    """The harsh reading: no traffic tells what the service does, so a client must send all."""
    put_app_copy(world)
    nics = details_of(world.get(item_path("app3")))["vmNics"]
    rows = [
        {
            "nicId": nic["nicId"],
            "recoveryNicName": "kept",
            "ipConfigs": [
                {"ipConfigName": "ipconfig1", "isPrimary": True, "recoverySubnetName": "zz"}
            ],
        }
        for nic in nics
    ]
    both = {"properties": {"selectedRecoveryAzureNetworkId": APP_COPY, "vmNics": rows}}
    world.send("PATCH", item_path("app3"), both)
    world.send("PATCH", item_path("app3"), {"properties": {"vmNics": rows[:1]}})
    sent, unsent = details_of(world.get(item_path("app3")))["vmNics"]
    assert (sent["recoveryNicName"], sent["ipConfigs"][0]["recoverySubnetName"]) == ("kept", "zz")
    assert unsent["recoveryNicName"] is None
    assert unsent["selectionType"] == "SelectedByDefault"
    assert unsent["ipConfigs"][0]["recoverySubnetName"] == "WEB"


def test_ip_configs_that_are_not_sent_are_reset(world: World) -> None:
    put_app_copy(world)
    nic_id = first_nic(world, "app1")["nicId"]
    rows = [
        {
            "ipConfigName": name,
            "isPrimary": name == "ipconfig1",
            "recoverySubnetName": "zz",
            "isSeletedForFailover": True,
        }
        for name in ("ipconfig1", "ipconfig2")
    ]
    body: dict[str, Any] = {
        "properties": {
            "selectedRecoveryAzureNetworkId": APP_COPY,
            "vmNics": [{"nicId": nic_id.upper(), "ipConfigs": rows}],
        }
    }
    world.send("PATCH", item_path("app1"), body)
    chosen = [c["isSeletedForFailover"] for c in first_nic(world, "app1")["ipConfigs"]]
    assert chosen == [True, True]
    body["properties"]["vmNics"][0]["ipConfigs"] = rows[:1]
    world.send("PATCH", item_path("app1"), body)
    primary, secondary = first_nic(world, "app1")["ipConfigs"]
    assert primary["recoverySubnetName"] == "zz"
    assert (secondary["recoverySubnetName"], secondary["isSeletedForFailover"]) == ("WEB", False)


def primaries(nic_id: str, *primary: object) -> dict[str, Any]:
    rows = [
        {"ipConfigName": f"ipconfig{n}", "isPrimary": value, "isSeletedForFailover": False}
        for n, value in enumerate(primary, start=1)
    ]
    return {"properties": {"vmNics": [{"nicId": nic_id, "ipConfigs": rows}]}}


def test_the_primary_ip_config_is_the_one_that_is_sent_as_such(world: World) -> None:
    nic_id = first_nic(world, "app1")["nicId"]
    for wanted in ([False, True], [True, False]):
        world.send("PATCH", item_path("app1"), primaries(nic_id, *wanted))
        configs = first_nic(world, "app1")["ipConfigs"]
        assert [c["isPrimary"] for c in configs] == wanted
        assert [c["isSeletedForFailover"] for c in configs] == wanted


def test_a_primary_ip_config_that_is_not_sent_gives_way(world: World) -> None:
    body = primaries(first_nic(world, "app1")["nicId"], False, True)
    del body["properties"]["vmNics"][0]["ipConfigs"][0]
    world.send("PATCH", item_path("app1"), body)
    assert [c["isPrimary"] for c in first_nic(world, "app1")["ipConfigs"]] == [False, True]


@pytest.mark.parametrize("wanted", [[True, True], [False, False], [None, None], [None]])
def test_a_nic_without_exactly_one_primary_ip_config_is_refused_at_once(
    world: World, wanted: list[Any]
) -> None:
    body = primaries(first_nic(world, "app1")["nicId"], *wanted)
    response = world.send("PATCH", item_path("app1"), body)
    assert response.status == 400
    assert "SANDBOX" in json.dumps(error_of(response))
    assert world.engine.accepted_count == 0


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"recoverySubnetName": "nothing"}, "900208"),
        ({"recoverySubnetName": "front", "recoveryStaticIPAddress": "10.3.2.9"}, "900210"),
        ({"recoverySubnetName": "front", "recoveryStaticIPAddress": "10.3.1.3"}, "900211"),
        ({"recoverySubnetName": "front", "recoveryStaticIPAddress": "10.3.1.255"}, "900211"),
        ({"recoverySubnetName": "front", "recoveryStaticIPAddress": "soon"}, "900209"),
        ({"recoveryStaticIPAddress": "10.3.1.9"}, "900206"),
        ({"recoverySubnetName": "front", "tfoSubnetName": "front"}, "900207"),
        ({"ipConfigName": "other"}, "900205"),
    ],
)
def test_an_impossible_placement_fails_the_job(
    world: World, config: dict[str, Any], code: str
) -> None:
    nic_id = first_nic(world, "web2")["nicId"]
    assert fail_code(world, "web2", patch_nic(nic_id, config)) == code


def test_an_unknown_nic_fails_the_job(world: World) -> None:
    assert fail_code(world, "web2", patch_nic("00000000-0000", {})) == "900204"


@pytest.mark.parametrize(
    ("network", "code"), [(network_id("rg-web", "nothing"), "900202"), (WEB, "900203")]
)
def test_a_network_that_cannot_be_the_target_fails_the_job(
    world: World, network: str, code: str
) -> None:
    body = {"properties": {"selectedRecoveryAzureNetworkId": network}}
    assert fail_code(world, "web2", body) == code


def test_an_item_that_is_not_protected_yet_cannot_be_configured(world: World) -> None:
    assert details_of(world.get(item_path("new1")))["vmNics"] == []
    body = {"properties": {"recoveryAzureVMName": "other"}}
    assert fail_code(world, "new1", body) == "900201"


def test_the_sdk_raises_when_an_items_operation_fails(world: World) -> None:
    update = asr.UpdateReplicationProtectedItemInput(
        properties=asr.UpdateReplicationProtectedItemInputProperties(recovery_azure_vm_name="x")
    )
    poller = world.recovery().replication_protected_items.begin_update(
        "rg-vault", "vault-dr", SOURCE_FABRIC, SOURCE_CONTAINER, "new1", update
    )
    with pytest.raises(HttpResponseError, match="can't be configured"):
        poller.result()


def test_the_answer_to_a_patch_names_the_job_twice(world: World) -> None:
    response = world.send("PATCH", item_path("web2"), {"properties": {}})
    first, second = response.header_values("x-ms-request-id")
    assert first == second
    assert first.startswith("/Subscriptions/")
    assert world.get(first)["id"] == first


def test_an_items_job_says_which_machine_it_updates(world: World) -> None:
    job = world.job_of(world.send("PATCH", item_path("web2"), {"properties": {}}))["properties"]
    assert (job["scenarioName"], job["targetObjectName"]) == ("UpdateVmProperties", "web2")
    assert job["tasks"][0]["name"] == "UpdateVmPropertiesTask"
    affected = job["customDetails"]["affectedObjectDetails"]
    assert (affected["primaryVmName"], affected["primaryVmmName"]) == ("web2", "East Asia")


def test_an_item_shows_the_job_that_runs_on_it() -> None:
    world = World(options=Options(operation_seconds=10))
    idle = world.get(item_path("web2"))["properties"]["currentScenario"]
    assert idle["scenarioName"] == "None"
    assert idle["jobId"].endswith("/replicationJobs/None")
    response = world.send("PATCH", item_path("web2"), {"properties": {}})
    world.clock.advance(5)
    busy = world.get(item_path("web2"))["properties"]["currentScenario"]
    assert busy["scenarioName"] == "UpdateVmProperties"
    assert busy["jobId"] == world.job_of(response)["id"]
    rows = world.get(f"{VAULT}/replicationProtectedItems")["value"]
    listed = {row["name"]: row["properties"]["currentScenario"] for row in rows}
    assert listed["web2"] == busy
    assert listed["web1"] == idle
    world.clock.advance(5)
    assert world.get(item_path("web2"))["properties"]["currentScenario"] == idle


def test_a_second_patch_while_a_job_runs_is_a_conflict() -> None:
    world = World(options=Options(operation_seconds=10))
    first = world.job_of(world.send("PATCH", item_path("web2"), {"properties": {}}))
    second = world.send("PATCH", item_path("web2"), {"properties": {}})
    assert second.status == 409
    assert first["name"] in error_of(second)["message"]
    assert world.send("PATCH", item_path("web1"), {"properties": {}}).status == 202
    world.clock.advance(10)
    assert world.send("PATCH", item_path("web2"), {"properties": {}}).status == 202


def test_without_conflicts_overlapping_patches_take_effect_in_order() -> None:
    world = World(options=Options(operation_seconds=10, conflicts=False))
    world.send("PATCH", item_path("web2"), {"properties": {"recoveryAzureVMName": "a"}})
    world.clock.advance(1)
    world.send("PATCH", item_path("web2"), {"properties": {"recoveryAzureVMName": "b"}})
    world.clock.advance(9)
    assert details_of(world.get(item_path("web2")))["recoveryAzureVMName"] == "a"
    world.clock.advance(1)
    assert details_of(world.get(item_path("web2")))["recoveryAzureVMName"] == "b"
    assert world.engine.accepted_count == 2


@pytest.mark.parametrize(
    "properties",
    [
        {"vmNics": "all"},
        {"vmNics": [{}]},
        {"vmNics": [{"nicId": "x", "ipConfigs": [7]}]},
        {"vmNics": [{"nicId": "x", "reuseExistingNic": "yes"}]},
        {"vmNics": [{"nicId": "x", "ipConfigs": [{"recoverySubnetName": 7}]}]},
        {"vmNics": [{"nicId": "x", "ipConfigs": [{"isPrimary": "yes"}]}]},
        {"selectedRecoveryAzureNetworkId": {}},
        {"providerSpecificDetails": ["A2A"]},
        {"providerSpecificDetails": {"instanceType": "InMageRcm"}},
    ],
)
def test_a_malformed_patch_is_refused_at_once(world: World, properties: Any) -> None:
    response = world.send("PATCH", item_path("web2"), {"properties": properties})
    assert response.status == 400
    assert world.engine.accepted_count == 0


@pytest.mark.parametrize(
    ("method", "suffix"),
    [
        ("POST", "/plannedFailover"),
        ("POST", "/unplannedFailover"),
        ("POST", "/testFailover"),
        ("POST", "/testFailoverCleanup"),
        ("POST", "/reProtect"),
        ("POST", "/failoverCommit"),
        ("DELETE", ""),
    ],
)
def test_no_failover_or_disable_is_played(world: World, method: str, suffix: str) -> None:
    response = world.send(method, item_path("web2") + suffix, {"properties": {}})
    assert response.status == 405
    assert "SANDBOX" in error_of(response)["message"]
    assert world.engine.accepted_writes == []


def test_the_ledger_keeps_what_was_accepted_with_its_body(world: World) -> None:
    body = {"properties": {"recoveryAzureVMName": "n"}}
    world.send("PATCH", item_path("web2"), body)
    world.send("PATCH", item_path("nothing"), body)
    (write,) = world.engine.accepted_writes
    assert (write.method, write.path, write.json()) == ("PATCH", item_path("web2"), body)
    assert json.loads(write.body) == body
    assert [request.method for request in world.engine.requests] == ["PATCH", "PATCH"]
