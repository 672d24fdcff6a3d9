"""A replicated item as Site Recovery shows it, from the end of enabling on until it is protected.

ARM: all fields, and what each stage of the first replication changes in them, are those of the
five looks at one item in az CLI traffic of January 2023.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asr_netmap.sandbox import ids, moments, regions
from asr_netmap.sandbox.estate import Json, properties_of
from asr_netmap.sandbox.implied import CONTAINER_TYPE

ITEM_TYPE = f"{CONTAINER_TYPE}/replicationProtectedItems"

_AGENT = "9.63.7187.1"


@dataclass(frozen=True, slots=True)
class Replication:
    """What is replicated, from where and to where; ids as they were given.

    identifier: the item's id. machine: the virtual machine's id. group: the target resource group.
    containers: source and target protection container. regions: source and target.
    """

    identifier: str
    machine: str
    machine_name: str
    containers: tuple[str, str]
    regions: tuple[str, str]
    policy: str
    group: str
    disks: Sequence[Json]
    size: str
    linux: bool
    availability_set: str | None = None
    zones: tuple[str | None, str | None] = (None, None)


def begun(what: Replication, seen: str) -> Json:
    """Return the item as it is when enabling has ended: no NIC and no network yet."""
    source, target = what.containers
    fabrics = tuple(_fabric_of(each) for each in what.containers)
    providers = f"{fabrics[0]}/replicationRecoveryServicesProviders"
    vault = fabrics[0].rsplit("/", 2)[0]
    return {
        "id": what.identifier,
        "name": ids.last_name(what.identifier),
        "type": ITEM_TYPE,
        "properties": {
            "friendlyName": what.machine_name,
            "protectedItemType": "",
            "protectableItemId": None,
            "recoveryServicesProviderId": f"{providers}/{ids.stable_guid(providers)}",
            "primaryFabricFriendlyName": regions.display_name(what.regions[0]),
            "primaryFabricProvider": "AzureFabric",
            "recoveryFabricFriendlyName": regions.display_name(what.regions[1]),
            "recoveryFabricId": fabrics[1],
            "primaryProtectionContainerFriendlyName": ids.last_name(source),
            "recoveryProtectionContainerFriendlyName": ids.last_name(target),
            "protectionState": "InitialReplicationInProgress",
            "protectionStateDescription": "Initial replication is in progress",
            "activeLocation": "Primary",
            "testFailoverState": "None",
            "testFailoverStateDescription": "None",
            "switchProviderState": "None",
            "switchProviderStateDescription": None,
            "allowedOperations": ["DisableProtection"],
            "replicationHealth": "Normal",
            "failoverHealth": "Normal",
            "healthErrors": [],
            "policyId": what.policy,
            "policyFriendlyName": ids.last_name(what.policy),
            "currentScenario": {
                "scenarioName": "None",
                "jobId": f"{vault}/replicationJobs/None",
                "startTime": moments.NO_SCENARIO,
            },
            "failoverRecoveryPointId": None,
            "providerSpecificDetails": _details(what, seen),
            "recoveryContainerId": target,
            "eventCorrelationId": ids.stable_guid("events", what.machine_name),
        },
    }


def copying(item: Mapping[str, Any]) -> Json:
    """Return the item once data flows: the first replication shows as what is monitored."""
    details = {"monitoringPercentageCompletion": 0, "monitoringJobType": "InitialReplication"}
    return _with(item, {}, details, {"monitoringJobType": "InitialReplication"})


def awaiting_recovery_point(item: Mapping[str, Any]) -> Json:
    """Return the item once everything is copied."""
    properties = {
        "protectionState": "InitialReplicationRecoveryCompletionPending",
        "protectionStateDescription": "Waiting for first recovery point",
    }
    return _with(item, properties, {}, {})


def protected(
    item: Mapping[str, Any],
    *,
    network: str | None,
    nics: Sequence[Json],
    errors: Sequence[Json],
    seen: str,
    tags: Mapping[str, str] | None = None,
) -> Json:
    """Return the item as it is from then on: only now it has NICs and a network."""
    levels = {error["errorLevel"] for error in errors}
    properties = {
        "protectionState": "Protected",
        "protectionStateDescription": "Protected",
        "allowedOperations": ["UnplannedFailover", "DisableProtection", "TestFailover"],
        "failoverHealth": "Critical" if "Error" in levels else "Warning" if levels else "Normal",
        "healthErrors": list(errors),
    }
    name = properties_of(item)["friendlyName"]
    details = {
        "selectedRecoveryAzureNetworkId": network,
        "vmNics": list(nics),
        "vmSyncedConfigDetails": {"tags": dict(tags or {}), "inputEndpoints": []},
        "monitoringPercentageCompletion": 0,
        "monitoringJobType": "InitialReplication",
        "lastHeartbeat": seen,
        "agentCertificateExpiryDate": "2029-02-02T02:02:02Z",
        "vmProtectionState": "Protected",
        "vmProtectionStateDescription": "Protected",
        "lifecycleId": ids.stable_guid("lifecycle", name),
        "rpoInSeconds": 120,
        "lastRpoCalculatedTime": seen,
    }
    disks = {"monitoringJobType": None, "diskState": "Protected"}
    return _with(item, properties, details, disks)


def disk(
    identifier: str, kind: str, capacity: int, group: str, cache: str, types: tuple[str, str]
) -> Json:
    """Return a disk of an item. `kind` is OperatingSystem or Data; `types` replica and target."""
    name = ids.last_name(identifier)
    return {
        "diskId": identifier.lower(),
        "recoveryResourceGroupId": group,
        "recoveryTargetDiskId": None,
        "recoveryReplicaDiskId": f"{group}/providers/Microsoft.Compute/disks/{name}-ASRReplica",
        "recoveryOrignalTargetDiskId": None,
        "recoveryReplicaDiskAccountType": types[0],
        "recoveryTargetDiskAccountType": types[1],
        "recoveryDiskEncryptionSetId": None,
        "primaryDiskEncryptionSetId": None,
        "diskName": name,
        "diskCapacityInBytes": capacity,
        "primaryStagingAzureStorageAccountId": cache,
        "diskType": kind,
        "resyncRequired": False,
        "monitoringPercentageCompletion": None,
        "monitoringJobType": None,
        "dataPendingInStagingStorageAccountInMB": 0.0,
        "dataPendingAtSourceAgentInMB": 0.5,
        "diskState": "InitialReplicationPending",
        "allowedDiskLevelOperation": [],
        "isDiskEncrypted": False,
        "secretIdentifier": None,
        "dekKeyVaultArmId": None,
        "isDiskKeyEncrypted": False,
        "keyIdentifier": None,
        "kekKeyVaultArmId": None,
        "failoverDiskName": name,
        "tfoDiskName": f"{name}-ASRtest",
    }


def nic(
    identifier: str, source: str, network: str | None, selection: str, configs: Sequence[Json]
) -> Json:
    """Return a NIC of an item as Site Recovery made it; ids of NIC, source and target network."""
    return {
        "nicId": ids.stable_guid("nic", identifier),
        "replicaNicId": None,
        "sourceNicArmId": identifier,
        "vMNetworkName": source,
        "recoveryVMNetworkId": network,
        "ipConfigs": list(configs),
        "selectionType": selection,
        "recoveryNetworkSecurityGroupId": None,
        "enableAcceleratedNetworkingOnRecovery": False,
        "tfoVMNetworkId": None,
        "tfoNetworkSecurityGroupId": None,
        "enableAcceleratedNetworkingOnTfo": None,
        "recoveryNicName": None,
        "recoveryNicResourceGroupName": None,
        "reuseExistingNic": False,
        "tfoRecoveryNicName": None,
        "tfoRecoveryNicResourceGroupName": None,
        "tfoReuseExistingNic": False,
        "targetNicName": None,
    }


def ip_config(
    name: str,
    subnet: str,
    address: str,
    *,
    static: bool,
    primary: bool,
    onto: tuple[str | None, str],
) -> Json:
    """Return an IP configuration of an item; `onto` is the target subnet and address, '' for any.

    ARM: staticIPAddress holds a dynamic source's address, too (az CLI traffic, 2023). Only the
    primary one is set up by itself (Microsoft Learn, multiple IP addresses and failover).
    """
    return {
        "name": name,
        "isPrimary": primary,
        "subnetName": subnet,
        "staticIPAddress": address,
        "ipAddressType": "Static" if static else "Dynamic",
        "isSeletedForFailover": primary,
        "recoverySubnetName": onto[0],
        "recoveryStaticIPAddress": onto[1],
        "recoveryIPAddressType": "Static" if onto[1] else "Dynamic",
        "recoveryPublicIPAddressId": None,
        "recoveryLBBackendAddressPoolIds": None,
        "tfoSubnetName": None,
        "tfoStaticIPAddress": None,
        "tfoPublicIPAddressId": None,
        "tfoLBBackendAddressPoolIds": None,
    }


def _fabric_of(container: str) -> str:
    return container[: container.lower().index("/replicationprotectioncontainers/")]


def _details(what: Replication, seen: str) -> Json:
    name = what.machine_name
    return {
        "instanceType": "A2A",
        "fabricObjectId": what.machine.lower(),
        "initialPrimaryZone": what.zones[0] or "",
        "initialPrimaryFabricLocation": what.regions[0],
        "initialRecoveryZone": what.zones[1] or "",
        "initialPrimaryExtendedLocation": None,
        "initialRecoveryExtendedLocation": None,
        "initialRecoveryFabricLocation": what.regions[1],
        "multiVmGroupId": ids.stable_guid("group", name),
        "multiVmGroupName": "",
        "multiVmGroupCreateOption": "AutoCreated",
        "managementId": ids.stable_guid("management", name),
        "protectedDisks": None,
        "unprotectedDisks": None,
        "protectedManagedDisks": list(what.disks),
        "recoveryBootDiagStorageAccountId": None,
        "primaryFabricLocation": what.regions[0],
        "recoveryFabricLocation": what.regions[1],
        "osType": "Linux" if what.linux else "Windows",
        "recoveryAzureVMSize": what.size,
        "recoveryAzureVMName": name,
        "recoveryAzureResourceGroupId": what.group,
        "recoveryCloudService": None,
        "recoveryAvailabilitySet": what.availability_set,
        "selectedRecoveryAzureNetworkId": None,
        "selectedTfoAzureNetworkId": None,
        "vmNics": [],
        "vmSyncedConfigDetails": {"tags": {}, "inputEndpoints": []},
        "monitoringPercentageCompletion": None,
        "monitoringJobType": None,
        "lastHeartbeat": seen,
        "agentVersion": _AGENT,
        "agentExpiryDate": "9999-12-31T23:59:59.9999999",
        "isReplicationAgentUpdateRequired": False,
        "isReplicationAgentCertificateUpdateRequired": False,
        "recoveryFabricObjectId": None,
        "vmProtectionState": "UnprotectedStatesBegin",
        "vmProtectionStateDescription": "Enabling protection",
        "lifecycleId": None,
        "testFailoverRecoveryFabricObjectId": None,
        "rpoInSeconds": None,
        "lastRpoCalculatedTime": None,
        "primaryAvailabilityZone": what.zones[0],
        "recoveryAvailabilityZone": what.zones[1],
        "primaryExtendedLocation": None,
        "recoveryExtendedLocation": None,
        "vmEncryptionType": "NotEncrypted",
        "tfoAzureVMName": f"{name}-test",
        "recoveryAzureGeneration": "V1",
        "recoveryProximityPlacementGroupId": None,
        "autoProtectionOfDataDisk": "Disabled",
        "recoveryVirtualMachineScaleSetId": None,
        "recoveryCapacityReservationGroupId": None,
    }


_BEFORE_CERTIFICATE = "isReplicationAgentUpdateRequired"


def _with(
    item: Mapping[str, Any],
    properties: Mapping[str, Any],
    details: Mapping[str, Any],
    disks: Mapping[str, Any],
) -> Json:
    """A copy with these fields; a field that is new stands where the service puts it."""
    held = properties_of(item)
    old: Json = held["providerSpecificDetails"]
    new: Json = {}
    for key, value in old.items():
        new[key] = details.get(key, value)
        if key == _BEFORE_CERTIFICATE:
            # ARM: the certificate's end shows up with protection only (az CLI traffic, 2023).
            new.update({k: v for k, v in details.items() if k not in old})
    new["protectedManagedDisks"] = [{**d, **disks} for d in old["protectedManagedDisks"]]
    return {
        **item,
        "properties": {**held, **properties, "providerSpecificDetails": new},
    }
