"""Under which names a replicated item's settings are read and written.

One table for both ways, since the names differ (``name`` is written as ``ipConfigName``,
``tfoRecoveryNicName`` as ``tfoNicName``) and Site Recovery empties what a write leaves out.
Sources: azure-mgmt-recoveryservicessiterecovery 2.0.0 models, Azure PowerShell recording 2022.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from asr_netmap.planning.nic_setting import FIELDS, Level, ValueType


@dataclass(frozen=True, slots=True)
class WireName:
    """One field: its name in an answer and in a write; `setting` is ours, None if not settable."""

    read: str
    write: str
    setting: str | None = None


# ARM: isSeletedForFailover is spelt so on the wire.
IP_CONFIG_FIELDS = (
    WireName("name", "ipConfigName"),
    WireName("isPrimary", "isPrimary", "primary"),
    WireName("isSeletedForFailover", "isSeletedForFailover", "selected"),
    WireName("recoverySubnetName", "recoverySubnetName", "subnet"),
    WireName("recoveryStaticIPAddress", "recoveryStaticIPAddress", "address"),
    WireName("recoveryPublicIPAddressId", "recoveryPublicIPAddressId", "public_ip"),
    WireName("recoveryLBBackendAddressPoolIds", "recoveryLBBackendAddressPoolIds", "lb_pools"),
    WireName("tfoSubnetName", "tfoSubnetName", "test_subnet"),
    WireName("tfoStaticIPAddress", "tfoStaticIPAddress", "test_address"),
    WireName("tfoPublicIPAddressId", "tfoPublicIPAddressId", "test_public_ip"),
    WireName("tfoLBBackendAddressPoolIds", "tfoLBBackendAddressPoolIds", "test_lb_pools"),
)
NIC_FIELDS = (
    WireName("nicId", "nicId"),
    WireName("selectionType", "selectionType"),
    WireName("recoveryNetworkSecurityGroupId", "recoveryNetworkSecurityGroupId", "nsg"),
    WireName(
        "enableAcceleratedNetworkingOnRecovery",
        "enableAcceleratedNetworkingOnRecovery",
        "accelerated",
    ),
    WireName("recoveryNicName", "recoveryNicName", "nic_name"),
    WireName("recoveryNicResourceGroupName", "recoveryNicResourceGroupName", "nic_group"),
    WireName("reuseExistingNic", "reuseExistingNic", "reuse_nic"),
    WireName("tfoNetworkSecurityGroupId", "tfoNetworkSecurityGroupId", "test_nsg"),
    WireName(
        "enableAcceleratedNetworkingOnTfo", "enableAcceleratedNetworkingOnTfo", "test_accelerated"
    ),
    WireName("tfoRecoveryNicName", "tfoNicName", "test_nic_name"),
    WireName("tfoRecoveryNicResourceGroupName", "tfoNicResourceGroupName", "test_nic_group"),
    WireName("tfoReuseExistingNic", "tfoReuseExistingNic", "test_reuse_nic"),
    WireName("targetNicName", "targetNicName"),
)

# ARM: one network for all NICs of an item; the write has no place for a NIC's own.
ITEM_NETWORKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "target_network": ("selectedRecoveryAzureNetworkId", "recoveryVMNetworkId"),
        "test_network": ("selectedTfoAzureNetworkId", "tfoVMNetworkId"),
    }
)
# Read from providerSpecificDetails; written at properties level and in the provider's input.
ITEM_PROPERTIES = (
    WireName("recoveryAzureVMName", "recoveryAzureVMName"),
    WireName("recoveryAvailabilitySet", "recoveryAvailabilitySetId"),
)
PROVIDER_PROPERTIES = (
    WireName("tfoAzureVMName", "tfoAzureVMName"),
    WireName("recoveryProximityPlacementGroupId", "recoveryProximityPlacementGroupId"),
    WireName("recoveryVirtualMachineScaleSetId", "recoveryVirtualMachineScaleSetId"),
    WireName("recoveryCapacityReservationGroupId", "recoveryCapacityReservationGroupId"),
)
# What the write models also know and what is never sent: it isn't network, and leaving it out
# keeps it (Azure PowerShell recording 2022: size, group and disks survive a write without them).
NEVER_SENT = frozenset(
    {
        "recoveryAzureVMSize",
        "selectedSourceNicId",
        "enableRdpOnTargetOption",
        "licenseType",
        "recoveryCloudServiceId",
        "recoveryResourceGroupId",
        "managedDiskUpdateDetails",
        "recoveryBootDiagStorageAccountId",
        "diskEncryptionInfo",
        "recoveryAvailabilityZone",
        "platformFaultDomain",
    }
)


def unset_on_wire(setting: str) -> str | bool | list[str]:
    """What is sent to clear a setting: null would be dropped on the way."""
    kind = FIELDS[setting].type
    if kind is ValueType.FLAG:
        return False
    return [] if kind is ValueType.IDS else ""


def _complete() -> bool:
    settable = {f.setting for f in (*IP_CONFIG_FIELDS, *NIC_FIELDS) if f.setting}
    return settable == {f.name for f in FIELDS.values() if f.level is not Level.ITEM}


if not _complete():
    raise AssertionError("a NIC setting has no name on the wire")
