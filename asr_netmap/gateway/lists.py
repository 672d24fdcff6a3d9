"""The lists that an inventory is made of: path, API version, and what a row becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from asr_netmap.arm_id import ArmId, check_name
from asr_netmap.gateway import translate
from asr_netmap.gateway.connection import GROUPS_API, SUBSCRIPTIONS_API

# The SDK's own version, so that lists and typed calls show the same fields (a test compares).
SITE_RECOVERY_API = "2025-08-01"
# Published in all clouds; it returns defaultOutboundAccess.
NETWORK_API = "2024-05-01"
COMPUTE_API = "2024-07-01"
VAULT_API = "2024-04-01"
STORAGE_API = "2023-05-01"


@dataclass(frozen=True, slots=True)
class Listing:
    """One list.

    field -- the Inventory's attribute that its rows fill.
    what -- in the user's words; one -- a single row in these words.
    scope -- where absent means nothing if it can't be read; None where nobody concludes from
        absence.
    in_vault -- of Site Recovery, which says "bad request" where a vault was never used.
    kind -- the one resource type that is in doubt if it can't be read; empty: all in the scope.
    query -- what the list is asked for beside its version.
    """

    field: str
    what: str
    one: str
    path: str
    api_version: str
    scope: ArmId | None
    translate: Callable[[Mapping[str, Any]], object | None]
    in_vault: bool = False
    kind: str = ""
    query: str = ""


def of_vault(vault: ArmId) -> tuple[Listing, ...]:
    """What Site Recovery keeps in a vault; vault-wide lists, so pages and not VMs are counted."""

    return (
        _in_vault(vault, "fabrics", ("fabrics", "fabric"), "replicationFabrics", translate.fabric),
        _in_vault(
            vault,
            "containers",
            ("protection containers", "protection container"),
            "replicationProtectionContainers",
            translate.container,
        ),
        _in_vault(
            vault,
            "mappings",
            ("network mappings", "network mapping"),
            "replicationNetworkMappings",
            translate.mapping,
        ),
        items_of(vault),
    )


def items_of(vault: ArmId) -> Listing:
    """The replicated items of a vault."""
    words = ("replicated items", "replicated item")
    return _in_vault(vault, "items", words, "replicationProtectedItems", translate.item)


def to_protect_in_vault(vault: ArmId) -> tuple[Listing, ...]:
    """What replication stands on in a vault, beside fabrics and protection containers."""
    mappings = "protection container mapping"
    return (
        _in_vault(
            vault,
            "policies",
            ("replication policies", "replication policy"),
            "replicationPolicies",
            translate.policy,
        ),
        _in_vault(
            vault,
            "container_mappings",
            (f"{mappings}s", mappings),
            "replicationProtectionContainerMappings",
            translate.container_mapping,
        ),
    )


def to_protect_in(subscription: str) -> tuple[Listing, ...]:
    """What a machine that is to be replicated has to have, beside what is read anyhow."""
    running = _provider_list(
        subscription,
        ("power_states", "power states of virtual machines", "power state"),
        "Microsoft.Compute/virtualMachines",
        COMPUTE_API,
        translate.power_state,
    )
    return (
        # ARM: the run time status of all machines in one list (Microsoft Learn, Virtual Machines -
        # List All, statusOnly).
        replace(running, query="statusOnly=true", scope=None, kind=""),
        _provider_list(
            subscription,
            ("storage_accounts", "storage accounts", "storage account"),
            "Microsoft.Storage/storageAccounts",
            STORAGE_API,
            translate.storage_account,
        ),
    )


def elsewhere(vault: ArmId) -> Listing:
    """The machines that another vault replicates."""
    found = _in_vault(
        vault,
        "elsewhere",
        ("replicated items", "replicated item"),
        "replicationProtectedItems",
        translate.elsewhere,
    )
    return replace(found, scope=None)


def networks_of(subscription: str) -> Listing:
    """The virtual networks of a subscription."""
    return _provider_list(
        subscription,
        ("networks", "networks", "network"),
        "Microsoft.Network/virtualNetworks",
        NETWORK_API,
        translate.network,
    )


def of_subscription(subscription: str) -> tuple[Listing, ...]:
    """What a subscription has of networks, and of what NICs and subnets refer to."""
    from asr_netmap.gateway import (  # noqa: PLC0415 -- what only shows networks needs none of it
        translate_surroundings as around,
    )

    return (
        networks_of(subscription),
        _provider_list(
            subscription,
            ("nics", "NICs", "NIC"),
            "Microsoft.Network/networkInterfaces",
            NETWORK_API,
            translate.nic,
        ),
        _provider_list(
            subscription,
            ("vms", "virtual machines", "virtual machine"),
            "Microsoft.Compute/virtualMachines",
            COMPUTE_API,
            translate.vm,
        ),
        groups_of(subscription),
        _provider_list(
            subscription,
            ("load_balancers", "load balancers", "load balancer"),
            "Microsoft.Network/loadBalancers",
            NETWORK_API,
            translate.load_balancer,
        ),
        *(
            _provider_list(
                subscription,
                ("regional", words, one),
                f"Microsoft.Network/{kind}",
                NETWORK_API,
                translated,
            )
            for kind, words, one, translated in (
                (
                    *("networkSecurityGroups", "network security groups", "network security group"),
                    around.security_group,
                ),
                ("routeTables", "route tables", "route table", around.route_table),
                ("natGateways", "NAT gateways", "NAT gateway", translate.regional),
                ("publicIPAddresses", "public IPs", "public IP", translate.regional),
            )
        ),
    )


def groups_of(subscription: str) -> Listing:
    """The resource groups of a subscription."""
    scope = _subscription_id(subscription)
    return Listing(
        field="groups",
        what=f"resource groups of subscription {subscription}",
        one="resource group",
        path=f"{scope}/resourcegroups",
        api_version=GROUPS_API,
        scope=scope,
        translate=translate.group,
    )


def vaults_of(subscription: str) -> Listing:
    """The Recovery Services vaults of a subscription."""
    return _provider_list(
        subscription,
        ("vaults", "vaults", "vault"),
        "Microsoft.RecoveryServices/vaults",
        VAULT_API,
        translate.vault,
    )


def regions_of(subscription: str) -> Listing:
    """The regions that a subscription can use."""
    scope = _subscription_id(subscription)
    return Listing(
        field="regions",
        what=f"regions of subscription {subscription}",
        one="region",
        path=f"{scope}/locations",
        api_version=SUBSCRIPTIONS_API,
        scope=None,
        translate=translate.region_name,
    )


def _in_vault(
    vault: ArmId,
    field: str,
    words: tuple[str, str],
    kind: str,
    translated: Callable[[Mapping[str, Any]], object | None],
) -> Listing:
    return Listing(
        field=field,
        what=f"{words[0]} of vault {vault.name}",
        one=words[1],
        path=f"{vault}/{kind}",
        api_version=SITE_RECOVERY_API,
        scope=vault,
        translate=translated,
        in_vault=True,
    )


def _provider_list(
    subscription: str,
    words: tuple[str, str, str],
    kind: str,
    api_version: str,
    translated: Callable[[Mapping[str, Any]], object | None],
) -> Listing:
    scope = _subscription_id(subscription)
    # Without networks nobody knows what there is. The others only tell of themselves; of VMs only
    # tags are wanted, so their absence says nothing.
    return Listing(
        field=words[0],
        what=f"{words[1]} of subscription {subscription}",
        one=words[2],
        path=f"{scope}/providers/{kind}",
        api_version=api_version,
        scope=None if words[0] == "vms" else scope,
        translate=translated,
        kind="" if words[0] == "networks" else kind.lower(),
    )


def _subscription_id(subscription: str) -> ArmId:
    return ArmId(f"/subscriptions/{check_name(subscription, 'subscription id')}")
