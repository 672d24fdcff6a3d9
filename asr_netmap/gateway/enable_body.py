"""The bodies that make what replication stands on, and that enable it.

ARM: each is what az CLI sent in January 2023, field for field; a test compares them.
"""

from __future__ import annotations

from typing import Any

from asr_netmap.planning.change import (
    ContainerMappingState,
    DiskCopy,
    PolicyState,
    ReplicationState,
)

CONTAINER_BODY: dict[str, Any] = {
    "properties": {"providerSpecificInput": [{"instanceType": "A2A"}]}
}


def policy_body(state: PolicyState) -> dict[str, Any]:
    """What creates a policy."""
    return {
        "properties": {
            "providerSpecificInput": {
                "instanceType": "A2A",
                "recoveryPointHistory": state.retention,
                "crashConsistentFrequencyInMinutes": state.crash_consistent,
                "appConsistentFrequencyInMinutes": state.app_consistent,
                "multiVmSyncStatus": "Enable" if state.multi_vm else "Disable",
            }
        }
    }


def container_mapping_body(state: ContainerMappingState) -> dict[str, Any]:
    """What pairs two protection containers; updates of the agent stay with people."""
    return {
        "properties": {
            "targetProtectionContainerId": str(state.target),
            "policyId": str(state.policy),
            "providerSpecificInput": {
                "instanceType": "A2A",
                "agentAutoUpdateStatus": "Disabled",
            },
        }
    }


def enable_body(state: ReplicationState) -> dict[str, Any]:
    """What enables replication of a virtual machine.

    Left out are the account types of the disks: Site Recovery takes those of the source (az CLI
    recording, 2023).
    """
    details: dict[str, Any] = {
        "instanceType": "A2A",
        "fabricObjectId": str(state.vm),
        "recoveryContainerId": str(state.target_container),
        "recoveryResourceGroupId": str(state.target_group),
        "vmManagedDisks": [_disk(copy, state) for copy in state.disks],
    }
    if state.network is not None:
        details["recoveryAzureNetworkId"] = str(state.network)
        if state.subnet is not None:
            # ARM: a subnet's whole id was sent, and its name came back (az CLI recording, 2023).
            details["recoverySubnetName"] = str(state.network.child("subnets", state.subnet))
    if state.availability_set is not None:
        details["recoveryAvailabilitySetId"] = str(state.availability_set)
    if state.zone is not None:
        details["recoveryAvailabilityZone"] = state.zone
    return {"properties": {"policyId": str(state.policy), "providerSpecificDetails": details}}


def _disk(copy: DiskCopy, state: ReplicationState) -> dict[str, Any]:
    return {
        "diskId": str(copy.disk),
        "primaryStagingAzureStorageAccountId": str(copy.cache),
        "recoveryResourceGroupId": str(state.target_group),
    }
