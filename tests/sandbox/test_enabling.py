"""Enabling replication in the sandbox: what it stands on, the job, the stages, what is chosen."""

from __future__ import annotations

from typing import Any

import pytest
from azure.mgmt.recoveryservicessiterecovery import models as asr

from asr_netmap.sandbox import Estate, Options, demo_estate

from .world import (
    DATA_DR,
    SOURCE_CONTAINER,
    SOURCE_FABRIC,
    SUB,
    TARGET_FABRIC,
    VAULT,
    World,
    error_of,
    item_path,
)

_CONTAINERS = "replicationProtectionContainers"
_TARGET = f"{VAULT}/replicationFabrics/{TARGET_FABRIC}/{_CONTAINERS}/{TARGET_FABRIC}-container"
_CACHE = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/asrcachedemo"
_POLICY = f"{VAULT}/replicationPolicies/24-hour-retention-policy"


def machine(name: str = "sql3", group: str = "rg-data") -> str:
    return f"{SUB}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}"


def enabling(world: World, vm: str | None = None, **fields: Any) -> dict[str, Any]:
    """A request like the recorded ones."""
    identifier = vm or machine()
    disk = world.get(identifier)["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
    group = f"{SUB}/resourceGroups/rg-data-dr"
    details = {
        "instanceType": "A2A",
        "fabricObjectId": identifier,
        "recoveryContainerId": _TARGET,
        "recoveryResourceGroupId": group,
        "vmManagedDisks": [
            {
                "diskId": disk,
                "primaryStagingAzureStorageAccountId": _CACHE,
                "recoveryResourceGroupId": group,
            }
        ],
        **fields,
    }
    return {"properties": {"policyId": _POLICY, "providerSpecificDetails": details}}


def details_of(world: World, name: str = "sql3") -> Any:
    return world.get(item_path(name))["properties"]["providerSpecificDetails"]


@pytest.fixture
def slow() -> World:
    return World(options=Options(operation_seconds=300, replication_seconds=1000))


def test_the_sdk_enables_replication(world: World) -> None:
    items: Any = world.recovery().replication_protected_items
    sent = enabling(world)["properties"]["providerSpecificDetails"]
    (disk,) = sent["vmManagedDisks"]
    body = asr.EnableProtectionInput(
        properties=asr.EnableProtectionInputProperties(
            policy_id=_POLICY,
            provider_specific_details=asr.A2AEnableProtectionInput(
                fabric_object_id=sent["fabricObjectId"],
                recovery_container_id=sent["recoveryContainerId"],
                recovery_resource_group_id=sent["recoveryResourceGroupId"],
                recovery_azure_network_id=DATA_DR,
                recovery_subnet_name="zeta",
                vm_managed_disks=[
                    asr.A2AVmManagedDiskInputDetails(
                        disk_id=disk["diskId"],
                        primary_staging_azure_storage_account_id=_CACHE,
                        recovery_resource_group_id=disk["recoveryResourceGroupId"],
                    )
                ],
            ),
        )
    )
    where = ("rg-vault", "vault-dr", SOURCE_FABRIC, SOURCE_CONTAINER, "sql3")
    begun = items.begin_create(*where, body).result()
    assert begun.properties.protection_state == "InitialReplicationInProgress"
    assert begun.properties.provider_specific_details.vm_nics == []


def test_the_item_is_there_when_the_job_has_ended_and_not_before(slow: World) -> None:
    answer = slow.send("PUT", item_path("sql3"), enabling(slow))
    assert (answer.status, answer.body, answer.header("Retry-After")) == (202, b"", "30")
    job_id = answer.header_values("x-ms-request-id")
    assert len(job_id) == 2
    slow.clock.advance(10)
    job = slow.job_of(answer)["properties"]
    assert (job["scenarioName"], job["targetObjectName"]) == ("EnableDr", "sql3")
    assert job["targetInstanceType"] == "ProtectionEntity"
    assert slow.send("GET", item_path("sql3")).status == 404
    slow.clock.advance(290)
    assert slow.job_of(answer)["properties"]["state"] == "Succeeded"
    assert details_of(slow)["selectedRecoveryAzureNetworkId"] is None


def test_the_first_replication_goes_through_the_recorded_states(slow: World) -> None:
    slow.send("PUT", item_path("sql3"), enabling(slow))
    slow.clock.advance(300)
    seen = []
    for seconds in (0, 500, 200, 150, 150):
        slow.clock.advance(seconds)
        item = slow.get(item_path("sql3"))["properties"]
        details = item["providerSpecificDetails"]
        seen.append(
            (
                item["protectionState"],
                details["vmProtectionState"],
                details["monitoringJobType"],
                len(details["vmNics"]),
                item["currentScenario"]["scenarioName"],
            )
        )
    busy = "InitialReplicationInProgress"
    assert seen == [
        (busy, "UnprotectedStatesBegin", None, 0, "None"),
        (busy, "UnprotectedStatesBegin", None, 0, "None"),
        (busy, "UnprotectedStatesBegin", "InitialReplication", 0, "None"),
        (
            "InitialReplicationRecoveryCompletionPending",
            "UnprotectedStatesBegin",
            "InitialReplication",
            0,
            "None",
        ),
        ("Protected", "Protected", "InitialReplication", 1, "None"),
    ]


def test_the_stages_are_no_jobs(slow: World) -> None:
    slow.send("PUT", item_path("sql3"), enabling(slow))
    slow.clock.advance(300)
    slow.get(item_path("sql3"))
    assert len(slow.get(f"{VAULT}/replicationJobs")["value"]) == 1


def test_an_estate_kept_on_the_way_goes_on_where_it_stopped(slow: World) -> None:
    slow.send("PUT", item_path("sql3"), enabling(slow))
    slow.clock.advance(700)
    slow.get(item_path("sql3"))
    again = World(Estate.from_document(slow.estate.to_document()))
    again.clock.now = slow.clock.now
    assert again.get(item_path("sql3"))["properties"]["protectionState"] != "Protected"
    again.clock.advance(1000)
    assert again.get(item_path("sql3"))["properties"]["protectionState"] == "Protected"


def protected(world: World, **fields: Any) -> Any:
    """The item once it is protected."""
    world.send("PUT", item_path("sql3"), enabling(world, **fields))
    world.clock.advance(world.engine.options.replication_seconds)
    return world.get(item_path("sql3"))["properties"]


def test_without_a_network_the_mapping_gives_one(world: World) -> None:
    item = protected(world)
    details = item["providerSpecificDetails"]
    (nic,) = details["vmNics"]
    assert details["selectedRecoveryAzureNetworkId"] == DATA_DR.lower()
    assert nic["selectionType"] == "SelectedByDefault"
    assert nic["ipConfigs"][0]["recoverySubnetName"] == "alpha", "no sql there: the first by name"
    assert [error["errorCode"] for error in item["healthErrors"]] == ["161011"]
    assert item["failoverHealth"] == "Warning"


def test_a_network_and_a_subnet_that_were_given_keep_their_spelling(world: World) -> None:
    subnet = f"{DATA_DR}/subnets/zeta"
    details = protected(world, recoveryAzureNetworkId=DATA_DR, recoverySubnetName=subnet)[
        "providerSpecificDetails"
    ]
    (nic,) = details["vmNics"]
    assert details["selectedRecoveryAzureNetworkId"] == nic["recoveryVMNetworkId"] == DATA_DR
    assert nic["selectionType"] == "SelectedByUserOverride"
    (config,) = nic["ipConfigs"]
    assert (config["recoverySubnetName"], config["recoveryStaticIPAddress"]) == ("zeta", "")
    assert config["isSeletedForFailover"] is True


def test_without_mapping_and_network_the_item_says_so(world: World) -> None:
    mapping = f"{VAULT}/replicationNetworkMappings"
    (row,) = world.get(mapping)["value"]
    world.send("DELETE", row["id"])
    item = protected(world)
    assert [error["errorCode"] for error in item["healthErrors"]] == ["161003", "161011"]
    assert item["failoverHealth"] == "Critical"
    assert item["providerSpecificDetails"]["selectedRecoveryAzureNetworkId"] is None


@pytest.mark.parametrize(
    ("taken", "address"), [(False, "10.3.1.77"), (True, "10.3.1.78")], ids=["free", "taken"]
)
def test_a_static_address_is_kept_where_subnets_are_alike_and_it_is_free(
    taken: bool, address: str
) -> None:
    document = demo_estate().to_document()
    for row in document["resources"]:
        if row["name"] == "probe1-nic" and taken:
            config = row["properties"]["ipConfigurations"][0]
            config["properties"]["privateIPAddress"] = "10.3.1.77"
        if row["name"] == "mgmt1-nic":
            config = row["properties"]["ipConfigurations"][0]["properties"]
            config["privateIPAddress"] = "10.3.1.77"
            config["subnet"]["id"] = config["subnet"]["id"].replace("mgmt", "web")
            config["subnet"]["id"] = config["subnet"]["id"].replace("admin", "front")
    world = World(Estate.from_document(document))
    web_asr = f"{SUB}/resourceGroups/rg-web-asr/providers/Microsoft.Network"
    body = enabling(
        world,
        machine("mgmt1", "rg-mgmt"),
        recoveryAzureNetworkId=f"{web_asr}/virtualNetworks/vnet-web-asr",
    )
    world.send("PUT", item_path("mgmt1"), body)
    world.clock.advance(2000)
    (nic,) = details_of(world, "mgmt1")["vmNics"]
    (config,) = nic["ipConfigs"]
    assert (config["recoverySubnetName"], config["recoveryStaticIPAddress"]) == ("front", address)
    assert config["recoveryIPAddressType"] == "Static"


@pytest.mark.parametrize("name", ["sql3", "another-name"])
def test_a_machine_is_enabled_once(slow: World, name: str) -> None:
    assert slow.send("PUT", item_path("sql3"), enabling(slow)).status == 202
    slow.clock.advance(5)
    again = slow.send("PUT", item_path(name), enabling(slow))
    assert (again.status, error_of(again)["details"][0]["code"]) == (
        409,
        "AnotherOperationInProgress",
    )
    slow.clock.advance(2000)
    later = slow.send("PUT", item_path(name), enabling(slow))
    assert (later.status, error_of(later)["details"][0]["code"]) == (
        409,
        "VirtualMachineAlreadyProtected",
    )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"fabricObjectId": machine("nobody")}, "900301"),
        ({"fabricObjectId": machine("probe1", "rg-web-asr")}, "900302"),
        ({"vmManagedDisks": []}, "900304"),
        ({"recoveryResourceGroupId": f"{SUB}/resourceGroups/rg-none"}, "900307"),
        ({"recoveryResourceGroupId": f"{SUB}/resourceGroups/rg-app"}, "900308"),
        ({"recoveryAzureNetworkId": DATA_DR.replace("-dr", "-xx")}, "900310"),
        ({"recoveryAzureNetworkId": DATA_DR, "recoverySubnetName": "none"}, "900311"),
    ],
)
def test_what_cannot_be_enabled_fails_the_job_and_leaves_no_item(
    world: World, fields: dict[str, Any], code: str
) -> None:
    body = enabling(world)
    body["properties"]["providerSpecificDetails"].update(fields)
    job = world.job_of(world.send("PUT", item_path("sql3"), body))
    assert job["properties"]["state"] == "Failed"
    assert job["properties"]["errors"][0]["serviceErrorDetails"]["code"] == code
    assert world.send("GET", item_path("sql3")).status == 404


def test_a_machine_that_is_off_cannot_be_enabled() -> None:
    document = demo_estate().to_document()
    for row in document["resources"]:
        if row["id"].endswith("/virtualMachines/sql3"):
            row["properties"]["instanceView"] = {"statuses": [{"code": "PowerState/deallocated"}]}
    world = World(Estate.from_document(document))
    assert "instanceView" not in world.get(machine())["properties"]
    job = world.job_of(world.send("PUT", item_path("sql3"), enabling(world)))
    assert job["properties"]["errors"][0]["serviceErrorDetails"]["code"] == "900303"
    rows = world.get(f"{SUB}/providers/Microsoft.Compute/virtualMachines?statusOnly=true")["value"]
    states = {row["name"]: row["properties"]["instanceView"]["statuses"][0]["code"] for row in rows}
    assert (states["sql3"], states["app1"]) == ("PowerState/deallocated", "PowerState/running")


def test_containers_policy_and_mapping_are_made_in_a_vault_that_has_none(world: World) -> None:
    fabric = f"{VAULT}/replicationFabrics"
    paths = [f"{fabric}/{name}/{_CONTAINERS}/new" for name in (SOURCE_FABRIC, TARGET_FABRIC)]
    for path in paths:
        body = {"properties": {"providerSpecificInput": [{"instanceType": "A2A"}]}}
        assert world.job_of(world.send("PUT", path, body))["properties"]["state"] == "Succeeded"
        assert world.get(path)["properties"]["pairingStatus"] == "NotPaired"
    policy = f"{VAULT}/replicationPolicies/new"
    sent = {"instanceType": "A2A", "multiVmSyncStatus": "Enable"}
    world.send("PUT", policy, {"properties": {"providerSpecificInput": sent}})
    made = world.get(policy)["properties"]["providerSpecificDetails"]
    assert (made["multiVmSyncStatus"], made["crashConsistentFrequencyInMinutes"]) == ("Enabled", 5)
    mapping = f"{paths[0]}/replicationProtectionContainerMappings/new"
    pair: dict[str, Any] = {
        "properties": {
            "policyId": policy,
            "targetProtectionContainerId": paths[1],
            "providerSpecificInput": {"instanceType": "A2A", "agentAutoUpdateStatus": "Disabled"},
        }
    }
    job = world.job_of(world.send("PUT", mapping, pair))["properties"]
    assert (job["scenarioName"], job["state"]) == ("AssociateProtectionProfile", "Succeeded")
    assert world.get(mapping)["properties"]["state"] == "Paired"
    assert world.get(paths[1])["properties"]["pairingStatus"] == "Paired"
    again = world.send("PUT", policy, {"properties": {"providerSpecificInput": sent}})
    assert again.status == 409


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (item_path("x"), {"providerSpecificDetails": {"instanceType": "HyperVReplicaAzure"}}),
        (item_path("x"), {"providerSpecificDetails": {"instanceType": "A2A"}}),
        (f"{VAULT}/replicationPolicies/x", {"providerSpecificInput": {"instanceType": "InMage"}}),
        (f"{VAULT}/replicationPolicies/x", {"providerSpecificInput": {"instanceType": "A2A"}}),
        (f"{_TARGET}x", {"providerSpecificInput": [{"instanceType": "VMM"}]}),
        (f"{_TARGET}/replicationProtectionContainerMappings/x", {"policyId": 1}),
    ],
)
def test_what_is_no_azure_to_azure_input_is_refused(
    world: World, path: str, body: dict[str, Any]
) -> None:
    answer = world.send("PUT", path, {"properties": body})
    assert answer.status == 400
    assert "SANDBOX" in error_of(answer)["message"]
    assert world.engine.accepted_writes == []


def test_the_pace_can_be_a_condition_of_the_estate(world: World) -> None:
    world.estate.conditions.append({"kind": "first-replication", "seconds": 60})
    world.send("PUT", item_path("sql3"), enabling(world))
    world.get(item_path("sql3"))
    world.clock.advance(61)
    assert world.get(item_path("sql3"))["properties"]["protectionState"] == "Protected"
