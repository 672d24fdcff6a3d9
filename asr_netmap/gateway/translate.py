"""Azure's bodies -> models. Here Azure's spelling ends.

Every function takes one body as ARM returns it. None means: not ours (another scenario of Site
Recovery). What can't be understood raises Untranslatable, and `translated_rows` turns that into
a gap, so that one odd row doesn't hide the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from sys import intern
from typing import Any, TypeVar

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import InvalidArmId
from asr_netmap.gateway.foreign_text import one_line
from asr_netmap.gateway.moments import moment_of
from asr_netmap.gateway.nic_wire import IP_CONFIG_FIELDS, ITEM_NETWORKS, NIC_FIELDS, WireName
from asr_netmap.models import (
    ContainerMapping,
    Fabric,
    IpAddress,
    IpNetwork,
    LoadBalancer,
    Network,
    NetworkMapping,
    Nic,
    NicAddress,
    NotLookedAt,
    Peering,
    PowerState,
    ProtectionContainer,
    RegionalResource,
    ReplicatedElsewhere,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
    ReplicationPolicy,
    ResourceGroup,
    StorageAccount,
    Subnet,
    Vault,
    VirtualMachine,
    VmDisk,
    region_key,
)
from asr_netmap.planning.nic_setting import FIELDS, SettingValue, ValueType

Body = Mapping[str, Any]
T = TypeVar("T")

# ARM: how a NIC's settings came about (A2A recordings, 2022 and 2023): SelectedByDefault from the
# mapping, SelectedByUserOverride at enabling, SelectedByUser by an update, NotSelected.
_AT_ENABLING = "selectedbyuseroverride"
_CHOSEN = frozenset({"selectedbyuser", _AT_ENABLING})


class Untranslatable(ValueError):
    """A body that isn't what its type should be."""


def translated_rows(
    rows: Iterable[Body], translate: Callable[[Body], T | None], what: str
) -> tuple[list[T], list[NotLookedAt]]:
    """The rows as models, and a gap for each that can't be understood.

    what -- one row in the user's words, such as "replicated item".
    """
    results = [_translated(row, translate, what) for row in rows]
    gaps = [each for each in results if isinstance(each, NotLookedAt)]
    return [r for r in results if r is not None and not isinstance(r, NotLookedAt)], gaps


def _translated(
    row: Body, translate: Callable[[Body], T | None], what: str
) -> T | NotLookedAt | None:
    try:
        return translate(row)
    except (ValueError, TypeError, KeyError, AttributeError, InvalidArmId) as error:
        return _gap(row, what, error)


def network(body: Body) -> Network:
    """A virtual network."""
    properties = _part(body, "properties")
    return Network(
        id=ArmId(body["id"]),
        region=_region(body),
        address_space=_prefixes(_part(properties, "addressSpace").get("addressPrefixes")),
        subnets=tuple(_subnet(each) for each in properties.get("subnets") or ()),
        dns_servers=tuple(_part(properties, "dhcpOptions").get("dnsServers") or ()),
        tags=_tags(body),
        ddos_plan=_sub_id(properties, "ddosProtectionPlan"),
        peerings=tuple(_peering(p) for p in properties.get("virtualNetworkPeerings") or ()),
    )


def nic(body: Body) -> Nic:
    """A network interface."""
    properties = _part(body, "properties")
    configs = properties.get("ipConfigurations") or ()
    return Nic(
        id=ArmId(body["id"]),
        region=_region(body),
        vm=_sub_id(properties, "virtualMachine"),
        addresses=tuple(_nic_address(each) for each in configs),
        network_security_group=_sub_id(properties, "networkSecurityGroup"),
        application_security_groups=_security_groups(configs),
        ip_forwarding=bool(properties.get("enableIPForwarding")),
        dns_servers=tuple(_part(properties, "dnsSettings").get("dnsServers") or ()),
    )


def vm(body: Body) -> VirtualMachine:
    """A virtual machine."""
    properties = _part(body, "properties")
    storage = _part(properties, "storageProfile")
    disks = [_part(storage, "osDisk"), *(storage.get("dataDisks") or ())]
    return VirtualMachine(
        id=ArmId(body["id"]),
        region=_region(body),
        tags=_tags(body),
        disks=tuple(_vm_disk(each) for each in disks if each),
        nics=_vm_nics(_part(properties, "networkProfile")),
        # ARM: encryption inside the machine shows on its system disk (Microsoft Learn, Virtual
        # Machines REST reference, encryptionSettings).
        encrypted=bool(_part(_part(storage, "osDisk"), "encryptionSettings").get("enabled")),
        spot=str(properties.get("priority")).lower() == "spot",
        size=str(_part(properties, "hardwareProfile").get("vmSize") or ""),
    )


def power_state(body: Body) -> PowerState | None:
    """Whether a virtual machine runs; None where the answer does not say.

    ARM: the instance view's statuses hold the code ``PowerState/<state>`` (Microsoft Learn, states
    and billing of Azure Virtual Machines).
    """
    view = _part(_part(body, "properties"), "instanceView")
    for status in view.get("statuses") or ():
        kind, _, state = str(status.get("code") or "").partition("/")
        if kind.lower() == "powerstate":
            return PowerState(ArmId(body["id"]), state)
    return None


def storage_account(body: Body) -> StorageAccount:
    """A storage account."""
    return StorageAccount(ArmId(body["id"]), _region(body), _sku(body))


def regional(body: Body) -> RegionalResource:
    """A NAT gateway or public IP."""
    return RegionalResource(ArmId(body["id"]), _region(body), _sku(body))


def load_balancer(body: Body) -> LoadBalancer:
    """A load balancer; public frontends hold no address of a network, so they are left out."""
    properties = _part(body, "properties")
    frontends = (_nic_address(f) for f in properties.get("frontendIPConfigurations") or ())
    return LoadBalancer(
        ArmId(body["id"]),
        _region(body),
        _sku(body),
        tuple(ArmId(pool["id"]) for pool in properties.get("backendAddressPools") or ()),
        tuple(f for f in frontends if f.subnet is not None),
        tuple(_outbound_pools(properties)),
    )


def group(body: Body) -> ResourceGroup:
    """A resource group."""
    return ResourceGroup(ArmId(body["id"]), _region(body))


def vault(body: Body) -> Vault:
    """A Recovery Services vault."""
    endpoints = _part(body, "properties").get("privateEndpointStateForSiteRecovery")
    identity = str(_part(body, "identity").get("type") or "None").lower() != "none"
    private = str(endpoints).lower() == "enabled"
    return Vault(ArmId(body["id"]), _region(body), _tags(body), private, identity)


def fabric(body: Body) -> Fabric | None:
    """A fabric that stands for an Azure region; None for the other kinds."""
    properties = _part(body, "properties")
    details = _part(properties, "customDetails")
    if str(details.get("instanceType")).lower() != "azure":
        return None
    location = details.get("location") or properties.get("friendlyName") or ""
    return Fabric(ArmId(body["id"]), region_key(location))


def container(body: Body) -> ProtectionContainer:
    """A protection container."""
    return ProtectionContainer(ArmId(body["id"]))


def policy(body: Body) -> ReplicationPolicy | None:
    """A replication policy of the Azure-to-Azure scenario; None for the others."""
    details = _part(_part(body, "properties"), "providerSpecificDetails")
    return ReplicationPolicy(ArmId(body["id"])) if details.get("instanceType") == "A2A" else None


def container_mapping(body: Body) -> ContainerMapping | None:
    """A protection container mapping between Azure regions; None for the on-premises kinds."""
    properties = _part(body, "properties")
    if _part(properties, "providerSpecificDetails").get("instanceType") != "A2A":
        return None
    target, policy_id = properties["targetProtectionContainerId"], properties["policyId"]
    return ContainerMapping(ArmId(body["id"]), ArmId(target), ArmId(policy_id))


def elsewhere(body: Body) -> ReplicatedElsewhere | None:
    """Which machine an item of another vault replicates; None for other scenarios."""
    found = item(body)
    return ReplicatedElsewhere(found.vm, found.id) if found and found.vm else None


def mapping(body: Body) -> NetworkMapping | None:
    """A network mapping between Azure regions; None for the on-premises kinds."""
    properties = _part(body, "properties")
    settings = _part(properties, "fabricSpecificSettings")
    if str(settings.get("instanceType")).lower() != "azuretoazure":
        return None
    source = settings.get("primaryFabricLocation") or properties.get("primaryFabricFriendlyName")
    target = settings.get("recoveryFabricLocation") or properties.get("recoveryFabricFriendlyName")
    return NetworkMapping(
        id=ArmId(body["id"]),
        source_network=ArmId(properties["primaryNetworkId"]),
        target_network=ArmId(properties["recoveryNetworkId"]),
        source_region=region_key(source or ""),
        target_region=region_key(target or ""),
        target_fabric=_id(properties.get("recoveryFabricArmId")),
        state=str(properties.get("state") or ""),
    )


def item(body: Body) -> ReplicatedItem | None:
    """A replicated item of the Azure-to-Azure scenario; None for the others."""
    properties = _part(body, "properties")
    details = _part(properties, "providerSpecificDetails")
    if details.get("instanceType") != "A2A":
        return None
    nics = details.get("vmNics") or ()
    scenario, job = _scenario(properties)
    source = details.get("primaryFabricLocation") or properties.get("primaryFabricFriendlyName")
    target = details.get("recoveryFabricLocation") or properties.get("recoveryFabricFriendlyName")
    return ReplicatedItem(
        id=ArmId(body["id"]),
        vm_name=_text(properties.get("friendlyName")) or ArmId(body["id"]).name,
        vm=_id(details.get("fabricObjectId")),
        source_region=region_key(source or ""),
        target_region=region_key(target or ""),
        protection_state=_text(properties.get("protectionState")) or "",
        vm_protection_state=_text(details.get("vmProtectionState")) or "",
        active_location=_text(properties.get("activeLocation")) or "",
        test_failover_state=_text(properties.get("testFailoverState")) or "",
        scenario=scenario,
        scenario_job=job,
        health_codes=_health_codes(properties),
        target_network=_item_network(details, nics, "target_network"),
        test_network=_item_network(details, nics, "test_network"),
        target_vm_name=_text(details.get("recoveryAzureVMName")),
        target_group=_id(details.get("recoveryAzureResourceGroupId")),
        test_vm_name=_text(details.get("tfoAzureVMName")),
        nics=tuple(_replicated_nic(each) for each in nics),
        allowed_operations=tuple(str(each) for each in properties.get("allowedOperations") or ()),
        failed_over_at=moment_of(properties.get("lastSuccessfulFailoverTime")),
        tested_at=moment_of(properties.get("lastSuccessfulTestFailoverTime")),
        failed_over_vm=_id(details.get("recoveryFabricObjectId")),
        test_vm=_id(details.get("testFailoverRecoveryFabricObjectId")),
    )


def region_name(body: Body) -> str:
    """The short name of a row of the subscription's locations."""
    return region_key(body["name"])


def _vm_disk(body: Body) -> VmDisk:
    managed = _part(body, "managedDisk")
    return VmDisk(
        name=str(body.get("name") or ""),
        id=_sub_id(body, "managedDisk"),
        customer_key=bool(_part(managed, "diskEncryptionSet").get("id")),
        ephemeral=bool(_part(body, "diffDiskSettings").get("option")),
    )


def _vm_nics(profile: Body) -> tuple[ArmId, ...]:
    rows = list(profile.get("networkInterfaces") or ())
    rows.sort(key=lambda row: not _part(row, "properties").get("primary", len(rows) == 1))
    return tuple(ArmId(row["id"]) for row in rows)


def _subnet(body: Body) -> Subnet:
    properties = _part(body, "properties")
    # ARM: one prefix comes as addressPrefix, several as addressPrefixes; newer networks use the
    # list for one, too.
    prefixes = properties.get("addressPrefixes") or [properties.get("addressPrefix")]
    return Subnet(
        name=body["name"],
        prefixes=_prefixes(prefixes),
        network_security_group=_sub_id(properties, "networkSecurityGroup"),
        route_table=_sub_id(properties, "routeTable"),
        nat_gateway=_sub_id(properties, "natGateway"),
        delegations=tuple(
            _part(each, "properties")["serviceName"] for each in properties.get("delegations") or ()
        ),
        service_endpoints=tuple(
            each["service"] for each in properties.get("serviceEndpoints") or ()
        ),
        private_endpoint_policies=_text(properties.get("privateEndpointNetworkPolicies")),
        private_link_policies=_text(properties.get("privateLinkServiceNetworkPolicies")),
        default_outbound_access=properties.get("defaultOutboundAccess"),
    )


def _peering(body: Body) -> Peering:
    properties = _part(body, "properties")
    remote = _sub_id(properties, "remoteVirtualNetwork")
    if remote is None:
        raise Untranslatable(f"peering {body.get('name')!r} has no remote network")
    # ARM: older versions call it remoteAddressSpace, newer ones give both (Microsoft Learn, REST,
    # Virtual Network Peerings - Get, 2024-05-01).
    space = _part(properties, "remoteVirtualNetworkAddressSpace") or _part(
        properties, "remoteAddressSpace"
    )
    return Peering(
        body["name"],
        remote,
        _text(properties.get("peeringState")) or "",
        _prefixes(space.get("addressPrefixes")),
        bool(properties.get("useRemoteGateways")),
    )


def _nic_address(body: Body) -> NicAddress:
    properties = _part(body, "properties")
    return NicAddress(
        name=body["name"],
        subnet=_sub_id(properties, "subnet"),
        address=_address(properties.get("privateIPAddress")),
        static=str(properties.get("privateIPAllocationMethod")).lower() == "static",
        primary=bool(properties.get("primary")),
    )


def _outbound_pools(properties: Body) -> Iterator[ArmId]:
    """The pools that an outbound rule names."""
    for rule in properties.get("outboundRules") or ():
        pool = _sub_id(_part(rule, "properties"), "backendAddressPool")
        if pool is not None:
            yield pool


def _security_groups(configs: Iterable[Body]) -> tuple[ArmId, ...]:
    """ARM: application security groups hang on IP configs; all of a NIC's have the same ones."""
    found = (
        ArmId(each["id"])
        for config in configs
        for each in _part(config, "properties").get("applicationSecurityGroups") or ()
    )
    return tuple(dict.fromkeys(found))


def _replicated_nic(body: Body) -> ReplicatedNic:
    selection = str(body.get("selectionType")).lower()
    return ReplicatedNic(
        id=ArmId(body["sourceNicArmId"]),
        ip_configs=tuple(_replicated_ip_config(each) for each in body.get("ipConfigs") or ()),
        # ARM: vMNetworkName holds the network's whole id (A2A recordings, 2022 and 2023).
        source_network=_id(body.get("vMNetworkName")),
        chosen_by_user=selection in _CHOSEN,
        chosen_at_enabling=selection == _AT_ENABLING,
        **_settings(NIC_FIELDS, body),
    )


def _replicated_ip_config(body: Body) -> ReplicatedIpConfig:
    static = _text(body.get("ipAddressType"))
    return ReplicatedIpConfig(
        # ARM: null for a while after a reprotect (A2A recording, 2023).
        name=_text(body.get("name")) or "",
        source_subnet=_text(body.get("subnetName")),
        source_address=_address(body.get("staticIPAddress")),
        source_static=None if static is None else static.lower() == "static",
        **_settings(IP_CONFIG_FIELDS, body),
    )


def _settings(fields: Iterable[WireName], body: Body) -> dict[str, Any]:
    """The settings among `fields`, under our names."""
    return {f.setting: setting_value(f.setting, body.get(f.read)) for f in fields if f.setting}


def setting_value(name: str, value: Any) -> SettingValue:
    """Our value of the setting `name` for Azure's; null, "" and [] are one and the same."""
    kind = FIELDS[name].type
    if kind is ValueType.FLAG:
        return bool(value)
    if kind is ValueType.IDS:
        return tuple(ArmId(each) for each in value or ())
    if kind is ValueType.ADDRESS:
        return _address(value)
    return _id(value) if kind is ValueType.ID else _text(value)


def _item_network(details: Body, nics: Iterable[Body], name: str) -> ArmId | None:
    """The item's own selection, else the first that a NIC has: all NICs share one."""
    of_item, of_nic = ITEM_NETWORKS[name]
    chosen = [details.get(of_item), *(each.get(of_nic) for each in nics)]
    return next((_known(each) for each in chosen if each), None)


def _scenario(properties: Body) -> tuple[str | None, ArmId | None]:
    """ARM: an idle item says scenario "None" with a job of that name, begun in 1753."""
    current = _part(properties, "currentScenario")
    name = _text(current.get("scenarioName"))
    if name is None or name.lower() == "none":
        return None, None
    return name, _id(current.get("jobId"))


def _health_codes(properties: Body) -> tuple[str, ...]:
    errors = properties.get("healthErrors") or ()
    return tuple(str(each["errorCode"]) for each in errors if each.get("errorCode"))


def _gap(row: object, what: str, error: Exception) -> NotLookedAt:
    given = row.get("id") if isinstance(row, Mapping) else None
    name = one_line(str(given), 300) if given else "without id"
    try:
        scope = ArmId(str(given)) if given else None
    except InvalidArmId:
        scope = None
    reason = f"the body can't be read: {type(error).__name__}: {one_line(str(error), 200)}"
    return NotLookedAt(f"{what} {name}", reason, scope, "Please report this, with the body.")


def _part(body: Body, key: str) -> Body:
    """A nested object; null and absent are empty."""
    value = body.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Untranslatable(f"{key} is no object")
    return value


def _region(body: Body) -> str:
    return region_key(_text(body.get("location")) or "")


def _tags(body: Body) -> dict[str, str]:
    return {str(key): str(value) for key, value in (body.get("tags") or {}).items()}


def _sku(body: Body) -> str:
    return str(_part(body, "sku").get("name") or "")


def _text(value: Any) -> str | None:
    """A text; equal ones, such as names of subnets and states, are one in memory."""
    return None if value is None or value == "" else intern(str(value))


def _id(value: Any) -> ArmId | None:
    return _known(value) if value else None


@lru_cache(maxsize=4096)
def _known(text: str) -> ArmId:
    """An id that others refer to, made once: thousands of NICs lie in a few subnets."""
    return ArmId(text)


def _sub_id(properties: Body, key: str) -> ArmId | None:
    return _id(_part(properties, key).get("id"))


def _address(value: Any) -> IpAddress | None:
    return ip_address(value) if value else None


def _prefixes(values: Any) -> tuple[IpNetwork, ...]:
    return tuple(ip_network(each, strict=False) for each in values or () if each)
