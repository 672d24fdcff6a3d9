"""The demo estate: East Asia protected into Southeast Asia, with one of everything to see.

`vnet-app` has no target yet; `vnet-data` is mapped one way to a network of another address
space; `vnet-web` has its `-asr` copy, unmapped, with one address already taken there;
`vnet-mgmt` is used by no item. Around `vnet-data-dr` there is a security group with
the rules of the wrong region, a private subnet without a way out, and a DNS zone that is not linked
to it.
Eight replicated items cover static and dynamic addresses, a
second NIC, a secondary IP configuration, a value set by hand, and one that is not ready; two
machines are not replicated yet, and a storage account for their cache is there.
The same on every call.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import NamedTuple

from asr_netmap.sandbox import ids, implied, item_body, items, moments, regions
from asr_netmap.sandbox.estate import Estate, Json
from asr_netmap.sandbox.recovery import (
    CONTAINER_MAPPING_TYPE,
    MAPPING_TYPE,
    POLICY_TYPE,
)

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
SOURCE, TARGET = "eastasia", "southeastasia"
VAULT_GROUP, VAULT_NAME = "rg-vault", "vault-dr"

_ROOT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"
_VAULT = (
    f"/Subscriptions/{SUBSCRIPTION}/resourceGroups/{VAULT_GROUP}/providers"
    f"/Microsoft.RecoveryServices/vaults/{VAULT_NAME}"
)
_POLICY = f"{_VAULT}/replicationPolicies/24-hour-retention-policy"
_ZONE = "privatelink.database.windows.net"
_SEEN = datetime(2026, 3, 2, 6, 30, tzinfo=timezone.utc)
_CREATED = moments.trimmed(_SEEN)


class _Address(NamedTuple):
    """One IP configuration: at the source, and what is set for the target."""

    subnet: str
    address: str
    static: bool = True
    name: str = "ipconfig1"
    primary: bool = True
    recovery_subnet: str | None = None
    recovery_address: str = ""


class _Card(NamedTuple):
    """One NIC with its IP configurations."""

    name: str
    addresses: tuple[_Address, ...]


class _Machine(NamedTuple):
    """One virtual machine, replicated unless `ready` says otherwise."""

    name: str
    group: str
    network: str
    cards: tuple[_Card, ...]
    target_network: str | None = None
    target_group: str = ""
    selection: str = "SelectedByDefault"
    ready: bool = True
    linux: bool = True


def demo_estate() -> Estate:
    """Return a new copy of the demo estate."""
    rows: list[Json] = [*_groups(), *_networks(), *_name_resolution(), *_recovery()]
    for machine in _MACHINES:
        rows += [_nic(machine, card) for card in machine.cards]
        rows += [_virtual_machine(machine), _item(machine)]
    for machine in _UNPROTECTED:
        rows += [_nic(machine, card) for card in machine.cards]
        rows.append(_virtual_machine(machine))
    rows += [*_squatter(), _cache_storage()]
    return Estate(rows)


# -- what there is ---------------------------------------------------------------------------


def _card(name: str, subnet: str, address: str, *, static: bool = True) -> _Card:
    return _Card(name, (_Address(subnet, address, static),))


_MACHINES = (
    _Machine(
        "app1",
        "rg-app",
        "vnet-app",
        (
            _Card(
                "app1-nic",
                (
                    _Address("web", "10.1.1.10"),
                    _Address("web", "10.1.1.11", name="ipconfig2", primary=False),
                ),
            ),
        ),
    ),
    _Machine("app2", "rg-app", "vnet-app", (_card("app2-nic", "app", "10.1.2.5", static=False),)),
    _Machine(
        "app3",
        "rg-app",
        "vnet-app",
        (_card("app3-nic", "web", "10.1.1.20"), _card("app3-nic2", "app", "10.1.2.20")),
    ),
    _Machine(
        "sql1",
        "rg-data",
        "vnet-data",
        (_Card("sql1-nic", (_Address("sql", "10.2.1.10", recovery_subnet="alpha"),)),),
        target_network="vnet-data-dr",
        target_group="rg-data-dr",
        linux=False,
    ),
    _Machine(
        "sql2",
        "rg-data",
        "vnet-data",
        (
            _Card(
                "sql2-nic",
                (
                    _Address(
                        "sql",
                        "10.2.1.11",
                        recovery_subnet="zeta",
                        recovery_address="10.20.2.77",
                    ),
                ),
            ),
        ),
        target_network="vnet-data-dr",
        target_group="rg-data-dr",
        selection="SelectedByUser",
        linux=False,
    ),
    _Machine(
        "web1",
        "rg-web",
        "vnet-web",
        (_Card("web1-nic", (_Address("front", "10.3.1.10", recovery_subnet="front"),)),),
        target_network="vnet-web-asr",
        target_group="rg-web-asr",
        selection="SelectedByUserOverride",
    ),
    _Machine(
        "web2",
        "rg-web",
        "vnet-web",
        (_Card("web2-nic", (_Address("front", "10.3.1.11", recovery_subnet="front"),)),),
        target_network="vnet-web-asr",
        target_group="rg-web-asr",
        selection="SelectedByUserOverride",
    ),
    _Machine("new1", "rg-app", "vnet-app", (_card("new1-nic", "app", "10.1.2.30"),), ready=False),
)

_UNPROTECTED = (
    _Machine("mgmt1", "rg-mgmt", "vnet-mgmt", (_card("mgmt1-nic", "admin", "10.9.1.10"),)),
    _Machine(
        "sql3",
        "rg-data",
        "vnet-data",
        (_card("sql3-nic", "sql", "10.2.1.12", static=False),),
        linux=False,
    ),
)
"""Machines of the source region that are not replicated yet."""

_GROUPS = (
    ("rg-app", SOURCE),
    ("rg-data", SOURCE),
    ("rg-web", SOURCE),
    ("rg-mgmt", SOURCE),
    ("rg-vault", TARGET),
    ("rg-dr", TARGET),
    ("rg-data-dr", TARGET),
    ("rg-web-asr", TARGET),
)


def _groups() -> list[Json]:
    return [implied.resource_group(SUBSCRIPTION, name, region) for name, region in _GROUPS]


def _networks() -> list[Json]:
    security = f"{_ROOT}/rg-app/providers/Microsoft.Network/networkSecurityGroups/nsg-web"
    endpoint = {
        "provisioningState": "Succeeded",
        "service": "Microsoft.Storage",
        "locations": [SOURCE, TARGET],
    }
    copied = f"{_ROOT}/rg-data-dr/providers/Microsoft.Network/networkSecurityGroups/nsg-data-dr"
    app: dict[str, tuple[str, Json]] = {
        "web": ("10.1.1.0/24", {"networkSecurityGroup": {"id": security}}),
        "app": ("10.1.2.0/24", {"serviceEndpoints": [endpoint]}),
    }
    return [
        _security_group("rg-app", "nsg-web", SOURCE),
        _security_group("rg-data-dr", "nsg-data-dr", TARGET, _COPIED_RULES),
        _network("rg-app", "vnet-app", SOURCE, "10.1.0.0/16", app),
        _network(
            "rg-data",
            "vnet-data",
            SOURCE,
            "10.2.0.0/16",
            {"sql": ("10.2.1.0/24", {}), "cache": ("10.2.2.0/24", {})},
        ),
        _network(
            "rg-data-dr",
            "vnet-data-dr",
            TARGET,
            "10.20.0.0/16",
            {
                "zeta": ("10.20.2.0/24", {}),
                "alpha": (
                    "10.20.1.0/24",
                    {"networkSecurityGroup": {"id": copied}, "defaultOutboundAccess": False},
                ),
            },
        ),
        _network("rg-web", "vnet-web", SOURCE, "10.3.0.0/16", {"front": ("10.3.1.0/24", {})}),
        _network(
            "rg-web-asr",
            "vnet-web-asr",
            TARGET,
            "10.3.0.0/16",
            {"front": ("10.3.1.0/24", {})},
        ),
        _network("rg-mgmt", "vnet-mgmt", SOURCE, "10.9.0.0/16", {"admin": ("10.9.1.0/24", {})}),
    ]


def _squatter() -> list[Json]:
    """A machine of the target region, not replicated, that holds web1's address already."""
    machine = _Machine(
        "probe1", "rg-web-asr", "vnet-web-asr", (_card("probe1-nic", "front", "10.3.1.10"),)
    )
    return [_nic(machine, machine.cards[0], TARGET), _virtual_machine(machine, TARGET)]


def _cache_storage() -> Json:
    identifier = f"{_ROOT}/rg-app/providers/Microsoft.Storage/storageAccounts/asrcachedemo"
    return {
        "sku": {"name": "Standard_LRS", "tier": "Standard"},
        "kind": "StorageV2",
        "id": identifier,
        "name": ids.last_name(identifier),
        "type": "Microsoft.Storage/storageAccounts",
        "location": SOURCE,
        "tags": {},
        "properties": {"provisioningState": "Succeeded", "statusOfPrimary": "available"},
    }


# -- Microsoft.Network and Microsoft.Compute -------------------------------------------------


def _network_id(group: str, name: str) -> str:
    return f"{_ROOT}/{group}/providers/Microsoft.Network/virtualNetworks/{name}"


def _etag(identifier: str) -> str:
    return f'W/"{ids.stable_guid("etag", identifier)}"'


def _network(
    group: str, name: str, region: str, space: str, subnets: dict[str, tuple[str, Json]]
) -> Json:
    identifier = _network_id(group, name)
    return {
        "name": name,
        "id": identifier,
        "etag": _etag(identifier),
        "type": "Microsoft.Network/virtualNetworks",
        "location": region,
        "tags": {"estate": "demo"},
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": ids.stable_guid(identifier),
            "addressSpace": {"addressPrefixes": [space]},
            "subnets": [_subnet(identifier, key, *value) for key, value in subnets.items()],
            "virtualNetworkPeerings": [],
            "enableDdosProtection": False,
        },
    }


def _subnet(network: str, name: str, prefix: str, more: Json) -> Json:
    return {
        "name": name,
        "id": f"{network}/subnets/{name}",
        "etag": _etag(network),
        "properties": {
            "provisioningState": "Succeeded",
            "addressPrefix": prefix,
            **more,
            "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
        },
        "type": "Microsoft.Network/virtualNetworks/subnets",
    }


# Made for the source region and copied as they were: after a failover they stop replication back.
_COPIED_RULES = (
    ("allow-storage", 100, "Allow", "Storage.EastAsia"),
    ("allow-event-hub", 110, "Allow", "EventHub.SoutheastAsia"),
    ("allow-entra-id", 120, "Allow", "AzureActiveDirectory"),
    ("allow-site-recovery", 130, "Allow", "AzureSiteRecovery"),
    ("deny-internet", 4000, "Deny", "Internet"),
)


def _security_group(
    group: str, name: str, region: str, rules: tuple[tuple[str, int, str, str], ...] = ()
) -> Json:
    identifier = f"{_ROOT}/{group}/providers/Microsoft.Network/networkSecurityGroups/{name}"
    return {
        "name": name,
        "id": identifier,
        "etag": _etag(identifier),
        "type": "Microsoft.Network/networkSecurityGroups",
        "location": region,
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": ids.stable_guid(identifier),
            "securityRules": [_outbound_rule(identifier, *rule) for rule in rules],
            "defaultSecurityRules": [],
        },
    }


def _outbound_rule(security_group: str, name: str, priority: int, access: str, tag: str) -> Json:
    """ARM: the shape of a rule (Microsoft Learn, REST, Security Rules - Get, 2024-05-01)."""
    return {
        "name": name,
        "id": f"{security_group}/securityRules/{name}",
        "etag": _etag(security_group),
        "type": "Microsoft.Network/networkSecurityGroups/securityRules",
        "properties": {
            "provisioningState": "Succeeded",
            "protocol": "*" if access == "Deny" else "Tcp",
            "sourcePortRange": "*",
            "destinationPortRange": "*" if access == "Deny" else "443",
            "sourceAddressPrefix": "*",
            "destinationAddressPrefix": tag,
            "access": access,
            "priority": priority,
            "direction": "Outbound",
            "sourcePortRanges": [],
            "destinationPortRanges": [],
            "sourceAddressPrefixes": [],
            "destinationAddressPrefixes": [],
        },
    }


def _name_resolution() -> list[Json]:
    """A private DNS zone that the source's data network knows, and its target does not.

    ARM: the shapes are those of Microsoft Learn, REST, Private Zones and Virtual Network Links,
    2020-06-01.
    """
    zone_id = f"{_ROOT}/rg-data/providers/Microsoft.Network/privateDnsZones/{_ZONE}"
    link_id = f"{zone_id}/virtualNetworkLinks/vnet-data"
    zone: Json = {
        "id": zone_id,
        "name": _ZONE,
        "type": "Microsoft.Network/privateDnsZones",
        "etag": ids.stable_guid("etag", zone_id),
        "location": "global",
        "properties": {
            "provisioningState": "Succeeded",
            "maxNumberOfRecordSets": 25000,
            "maxNumberOfVirtualNetworkLinks": 1000,
            "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
            "numberOfRecordSets": 2,
            "numberOfVirtualNetworkLinks": 1,
            "numberOfVirtualNetworkLinksWithRegistration": 0,
        },
    }
    link: Json = {
        "id": link_id,
        "name": "vnet-data",
        "type": "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        "etag": ids.stable_guid("etag", link_id),
        "location": "global",
        "properties": {
            "provisioningState": "Succeeded",
            "registrationEnabled": False,
            "virtualNetwork": {"id": _network_id("rg-data", "vnet-data")},
            "virtualNetworkLinkState": "Completed",
        },
    }
    return [zone, link]


def _nic_id(machine: _Machine, card: _Card) -> str:
    return f"{_ROOT}/{machine.group}/providers/Microsoft.Network/networkInterfaces/{card.name}"


def _machine_id(machine: _Machine) -> str:
    return f"{_ROOT}/{machine.group}/providers/Microsoft.Compute/virtualMachines/{machine.name}"


def _nic(machine: _Machine, card: _Card, region: str = SOURCE) -> Json:
    identifier = _nic_id(machine, card)
    network = _network_id(machine.group, machine.network)
    return {
        "name": card.name,
        "id": identifier,
        "etag": _etag(identifier),
        "location": region,
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": ids.stable_guid(identifier),
            "ipConfigurations": [
                _ip_configuration(identifier, network, address) for address in card.addresses
            ],
            "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
            "enableAcceleratedNetworking": False,
            "enableIPForwarding": False,
            "primary": card is machine.cards[0],
            "virtualMachine": {"id": _machine_id(machine)},
            "nicType": "Standard",
        },
        "type": "Microsoft.Network/networkInterfaces",
    }


def _ip_configuration(nic: str, network: str, address: _Address) -> Json:
    return {
        "name": address.name,
        "id": f"{nic}/ipConfigurations/{address.name}",
        "etag": _etag(nic),
        "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
        "properties": {
            "provisioningState": "Succeeded",
            "privateIPAddress": address.address,
            "privateIPAllocationMethod": "Static" if address.static else "Dynamic",
            "subnet": {"id": f"{network}/subnets/{address.subnet}"},
            "primary": address.primary,
            "privateIPAddressVersion": "IPv4",
        },
    }


def _disk_name(machine: _Machine) -> str:
    return f"{machine.name}_OsDisk_1_{ids.stable_guid('disk', machine.name).replace('-', '')}"


def _virtual_machine(machine: _Machine, region: str = SOURCE) -> Json:
    identifier = _machine_id(machine)
    disk = _disk_name(machine)
    return {
        "name": machine.name,
        "id": identifier,
        "type": "Microsoft.Compute/virtualMachines",
        "location": region,
        "properties": {
            "vmId": ids.stable_guid("vm", identifier),
            "hardwareProfile": {"vmSize": "Standard_D2s_v3"},
            "storageProfile": {
                "osDisk": {
                    "osType": "Linux" if machine.linux else "Windows",
                    "name": disk,
                    "createOption": "FromImage",
                    "caching": "ReadWrite",
                    "managedDisk": {
                        "storageAccountType": "Premium_LRS",
                        "id": f"{_ROOT}/{machine.group}/providers/Microsoft.Compute/disks/{disk}",
                    },
                    "diskSizeGB": 32,
                },
                "dataDisks": [],
            },
            "networkProfile": {
                "networkInterfaces": [
                    {
                        "id": _nic_id(machine, card),
                        "properties": {"primary": card is machine.cards[0]},
                    }
                    for card in machine.cards
                ]
            },
            "provisioningState": "Succeeded",
            "timeCreated": "2026-02-02T02:02:02.0000000+00:00",
        },
    }


# -- Site Recovery ---------------------------------------------------------------------------


def _fabric_id(region: str) -> str:
    return f"{_VAULT}/replicationFabrics/asr-a2a-default-{region}"


def _container_id(region: str) -> str:
    name = f"asr-a2a-default-{region}-container"
    return f"{_fabric_id(region)}/replicationProtectionContainers/{name}"


def _recovery() -> list[Json]:
    rows: list[Json] = [_vault()]
    for region in (SOURCE, TARGET):
        fabric = implied.fabric(_fabric_id(region), region)
        guid = ids.stable_guid(_container_id(region))
        # ARM: the fabric names its containers by GUID, not by name (az CLI traffic, 2023).
        fabric["properties"]["customDetails"]["containerIds"] = [
            f"{_fabric_id(region)}/replicationProtectionContainers/{guid}"
        ]
        container = implied.container(_container_id(region), regions.display_name(region))
        container["properties"]["pairingStatus"] = "Paired"
        if region == SOURCE:
            container["properties"]["protectedItemCount"] = len(_MACHINES)
        rows += [fabric, container]
    rows += [_policy(), _container_mapping(SOURCE, TARGET), _container_mapping(TARGET, SOURCE)]
    rows.append(_network_mapping())
    return rows


def _vault() -> Json:
    return {
        "location": TARGET,
        "name": VAULT_NAME,
        "etag": "W/\"datetime'2026-02-01T01%3A01%3A01.0000000Z'\"",
        "properties": {
            "provisioningState": "Succeeded",
            "privateEndpointStateForBackup": "None",
            "privateEndpointStateForSiteRecovery": "None",
            "publicNetworkAccess": "Enabled",
        },
        "id": "/subscriptions/" + _VAULT.split("/", 2)[2],
        "type": implied.VAULT_TYPE,
        "sku": {"name": "Standard"},
    }


def _policy() -> Json:
    return {
        "id": _POLICY,
        "name": ids.last_name(_POLICY),
        "type": POLICY_TYPE,
        "properties": {
            "friendlyName": ids.last_name(_POLICY),
            "providerSpecificDetails": {
                "instanceType": "A2A",
                "recoveryPointThresholdInMinutes": 180,
                "recoveryPointHistory": 1440,
                "appConsistentFrequencyInMinutes": 240,
                "multiVmSyncStatus": "Enabled",
                "crashConsistentFrequencyInMinutes": 5,
            },
        },
    }


def _container_mapping(source: str, target: str) -> Json:
    name = f"{source}-{target}-24-hour-retention-policy"
    container = _container_id(target)
    return {
        "id": f"{_container_id(source)}/replicationProtectionContainerMappings/{name}",
        "name": name,
        "type": CONTAINER_MAPPING_TYPE,
        "properties": {
            "targetProtectionContainerId": container,
            "targetProtectionContainerFriendlyName": ids.last_name(container),
            "providerSpecificDetails": {
                "instanceType": "A2A",
                "agentAutoUpdateStatus": "Disabled",
                "automationAccountAuthenticationType": "RunAsAccount",
                "automationAccountArmId": None,
                "scheduleName": None,
                "jobScheduleName": None,
            },
            "health": "Normal",
            "healthErrorDetails": [],
            "policyId": _POLICY,
            "state": "Paired",
            "sourceProtectionContainerFriendlyName": ids.last_name(_container_id(source)),
            "sourceFabricFriendlyName": regions.display_name(source),
            "targetFabricFriendlyName": regions.display_name(target),
            "policyFriendlyName": ids.last_name(_POLICY),
        },
    }


def _network_mapping() -> Json:
    source = _network_id("rg-data", "vnet-data").lower()
    target = _network_id("rg-data-dr", "vnet-data-dr").lower()
    scope = f"{_fabric_id(SOURCE)}/replicationNetworks/azureNetwork/replicationNetworkMappings"
    name = "vnet-data-vnet-data-dr-mapping"
    return {
        "type": MAPPING_TYPE,
        "id": f"{scope}/{name}",
        "name": name,
        "properties": {
            "state": "Paired",
            "primaryNetworkFriendlyName": ids.last_name(source),
            "primaryNetworkId": source,
            "primaryFabricFriendlyName": regions.display_name(SOURCE),
            "recoveryNetworkFriendlyName": ids.last_name(target),
            "recoveryNetworkId": target,
            "recoveryFabricArmId": _fabric_id(TARGET),
            "recoveryFabricFriendlyName": regions.display_name(TARGET),
            "fabricSpecificSettings": {
                "instanceType": "AzureToAzure",
                "primaryFabricLocation": SOURCE,
                "recoveryFabricLocation": TARGET,
            },
        },
    }


# -- replicated items ------------------------------------------------------------------------


def _item(machine: _Machine) -> Json:
    linux = machine.linux
    what = item_body.Replication(
        identifier=f"{_container_id(SOURCE)}/replicationProtectedItems/{machine.name}",
        machine=_machine_id(machine),
        machine_name=machine.name,
        containers=(_container_id(SOURCE), _container_id(TARGET)),
        regions=(SOURCE, TARGET),
        policy=_POLICY,
        group=_recovery_group(machine),
        disks=[_disk(machine)],
        size="Standard_D2s_v3",
        linux=linux,
    )
    item = item_body.begun(what, _CREATED)
    if not machine.ready:
        return item
    return item_body.protected(
        item,
        network=_selected_network(machine),
        nics=[_item_nic(machine, card) for card in machine.cards],
        errors=_health_errors(machine),
        seen=_CREATED,
    )


def _health_errors(machine: _Machine) -> list[Json]:
    errors = [items.no_test_failover(machine.name, _CREATED)]
    if machine.target_network is None:
        errors.insert(0, items.no_target_network(machine.name, _CREATED))
    return errors


def _recovery_group(machine: _Machine) -> str:
    return f"{_ROOT}/{machine.target_group or 'rg-dr'}"


def _selected_network(machine: _Machine) -> str | None:
    if machine.target_network is None:
        return None
    identifier = _network_id(machine.target_group, machine.target_network)
    # ARM: a network taken from the mapping is stored lower-cased, one given by the caller as it
    # was given (az CLI traffic, 2023; Azure PowerShell recording, 2022).
    return identifier if machine.selection == "SelectedByUserOverride" else identifier.lower()


def _disk(machine: _Machine) -> Json:
    source = f"{_ROOT}/{machine.group}/providers"
    return item_body.disk(
        f"{source}/Microsoft.Compute/disks/{_disk_name(machine)}",
        "OperatingSystem",
        34359738368,
        _recovery_group(machine),
        f"{source}/Microsoft.Storage/storageAccounts/asrcachedemo",
        ("Premium_LRS", "Premium_LRS"),
    )


def _item_nic(machine: _Machine, card: _Card) -> Json:
    network = _network_id(machine.group, machine.network)
    configs = [_item_address(address) for address in card.addresses]
    selection, target = machine.selection, _selected_network(machine)
    nic = item_body.nic(_nic_id(machine, card), network, target, selection, configs)
    nic["nicId"] = ids.stable_guid("nic", machine.name, card.name)
    return _as_after_a_patch(nic) if selection == "SelectedByUser" else nic


def _item_address(address: _Address) -> Json:
    return item_body.ip_config(
        address.name,
        address.subnet,
        address.address,
        static=address.static,
        primary=address.primary,
        onto=(address.recovery_subnet, address.recovery_address),
    )


def _as_after_a_patch(nic: Json) -> Json:
    """ARM: a PATCH leaves `""`, [] and false where nothing was (PowerShell recording, 2022)."""
    nic["recoveryNetworkSecurityGroupId"] = nic["tfoNetworkSecurityGroupId"] = ""
    nic["enableAcceleratedNetworkingOnTfo"] = False
    for config in nic["ipConfigs"]:
        for name in ("recoveryPublicIPAddressId", *_TEST_FIELDS):
            config[name] = ""
        for side in ("recovery", "tfo"):
            config[f"{side}LBBackendAddressPoolIds"] = []
    return nic


_TEST_FIELDS = ("tfoSubnetName", "tfoStaticIPAddress", "tfoPublicIPAddressId")
