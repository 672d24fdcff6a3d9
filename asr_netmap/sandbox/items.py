"""Writing replicated items: the PATCH of failover and test failover settings.

ARM: read off the one recorded A2A NIC PATCH (Azure PowerShell recording, 2022). Within a NIC
that is sent and an IP config that is sent, fields left out are overwritten with `""`, `[]` or
false; at item level, fields left out are kept.
"""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from asr_netmap.sandbox import addresses, ids, jobs, moments, recovery, regions, vaults
from asr_netmap.sandbox.call import Answer, Call
from asr_netmap.sandbox.errors import ArmError, Fault
from asr_netmap.sandbox.estate import Estate, Json, properties_of
from asr_netmap.sandbox.operations import Operation
from asr_netmap.sandbox.routing import Route

PATCH_KIND = "item-patch"

_NETWORKS = {
    "selectedRecoveryAzureNetworkId": "recoveryVMNetworkId",
    "selectedTfoAzureNetworkId": "tfoVMNetworkId",
}
"""The item's networks, and where each of its NICs repeats them."""
_ITEM_FIELDS = {
    "recoveryAzureVMName": "recoveryAzureVMName",
    "recoveryAzureVMSize": "recoveryAzureVMSize",
    "recoveryAvailabilitySetId": "recoveryAvailabilitySet",
}
_PROVIDER_FIELDS = {
    "recoveryCloudServiceId": "recoveryCloudService",
    "recoveryResourceGroupId": "recoveryAzureResourceGroupId",
    "recoveryBootDiagStorageAccountId": "recoveryBootDiagStorageAccountId",
    "tfoAzureVMName": "tfoAzureVMName",
    "recoveryProximityPlacementGroupId": "recoveryProximityPlacementGroupId",
    "recoveryVirtualMachineScaleSetId": "recoveryVirtualMachineScaleSetId",
    "recoveryCapacityReservationGroupId": "recoveryCapacityReservationGroupId",
    "recoveryAvailabilityZone": "recoveryAvailabilityZone",
}
_NIC_FIELDS: tuple[tuple[str, str, Any], ...] = (
    ("recoveryNetworkSecurityGroupId", "recoveryNetworkSecurityGroupId", ""),
    ("enableAcceleratedNetworkingOnRecovery", "enableAcceleratedNetworkingOnRecovery", False),
    ("tfoNetworkSecurityGroupId", "tfoNetworkSecurityGroupId", ""),
    ("enableAcceleratedNetworkingOnTfo", "enableAcceleratedNetworkingOnTfo", False),
    ("recoveryNicName", "recoveryNicName", None),
    ("recoveryNicResourceGroupName", "recoveryNicResourceGroupName", None),
    ("reuseExistingNic", "reuseExistingNic", False),
    ("tfoNicName", "tfoRecoveryNicName", None),
    ("tfoNicResourceGroupName", "tfoRecoveryNicResourceGroupName", None),
    ("tfoReuseExistingNic", "tfoReuseExistingNic", False),
    ("targetNicName", "targetNicName", None),
)
"""Written name, read name, and what an omitted one becomes. ARM: names of a NIC stayed null where
they were left out, everything else became empty (Azure PowerShell recording, 2022)."""
_IP_FIELDS: tuple[tuple[str, Any], ...] = (
    ("recoverySubnetName", ""),
    ("recoveryStaticIPAddress", ""),
    ("recoveryPublicIPAddressId", ""),
    ("recoveryLBBackendAddressPoolIds", []),
    ("tfoSubnetName", ""),
    ("tfoStaticIPAddress", ""),
    ("tfoPublicIPAddressId", ""),
    ("tfoLBBackendAddressPoolIds", []),
)


# -- request ---------------------------------------------------------------------------------


def _patch(call: Call) -> Answer:
    item = recovery.find_item(call)
    request = call.properties()
    _check_shape(call, request)
    _check_primaries(call, request)
    running = call.estate.running_on(item["id"])
    if running is not None and call.options.conflicts:
        # invented: item-busy
        fault = Fault(
            "AnotherOperationInProgress",
            f"SANDBOX: job '{running.name}' is running on '{item['name']}'.",
            "A job runs on this replicated item.",
            "Wait for the job to finish.",
        )
        raise vaults.refusal(call, 409, "Conflict", fault)
    return vaults.accept(call, PATCH_KIND, item["id"], _job(call, item), request, names_job=True)


def _check_shape(call: Call, request: Json) -> None:
    details = request.get("providerSpecificDetails") or {}
    if not isinstance(details, dict):
        raise _malformed("providerSpecificDetails")
    if details.get("instanceType", "A2A") != "A2A":
        # invented: item-instance-type
        fault = Fault("InvalidInstanceType", "SANDBOX: only instanceType 'A2A' is played.")
        raise vaults.refusal(call, 400, "BadRequest", fault)
    _check_fields(request, (*_ITEM_FIELDS, *_NETWORKS), "")
    _check_fields(details, _PROVIDER_FIELDS, "providerSpecificDetails.")
    for nic in _objects(request.get("vmNics"), "vmNics"):
        if not isinstance(nic.get("nicId"), str):
            raise _malformed("vmNics[].nicId")
        for written, _, empty in _NIC_FIELDS:
            _check_field(nic, written, bool if empty is False else str, "vmNics[].")
        for config in _objects(nic.get("ipConfigs"), "vmNics[].ipConfigs"):
            _check_field(config, "ipConfigName", str, "vmNics[].ipConfigs[].")
            _check_field(config, "isPrimary", bool, "vmNics[].ipConfigs[].")
            for name, empty in _IP_FIELDS:
                _check_field(config, name, type(empty), "vmNics[].ipConfigs[].")


def _check_primaries(call: Call, request: Json) -> None:
    for nic in request.get("vmNics") or []:
        configs = nic.get("ipConfigs") or []
        # invented: item-primary
        if configs and sum(config.get("isPrimary") is True for config in configs) != 1:
            fault = Fault(
                "InvalidPrimaryIPConfig",
                f"SANDBOX: not exactly one IP configuration of the NIC '{nic['nicId']}' is sent as "
                "primary.",
            )
            raise vaults.refusal(call, 400, "BadRequest", fault)


def _check_fields(holder: Json, names: Iterable[str], where: str) -> None:
    for name in names:
        _check_field(holder, name, str, where)


def _check_field(holder: Json, name: str, kind: type, where: str) -> None:
    value = holder.get(name)
    if value is not None and not isinstance(value, kind):
        raise _malformed(where + name)


def _objects(value: Any, where: str) -> list[Json]:
    rows = value or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _malformed(where)
    return rows


def _malformed(where: str) -> ArmError:
    return ArmError(
        400, "InvalidRequestContent", f"The request content is invalid: '{where}' has a wrong type."
    )


def _job(call: Call, item: Json) -> Json:
    properties = properties_of(item)
    details = recovery.provider_details(item)
    machine = str(details.get("fabricObjectId") or item["id"])
    container = item["id"][: item["id"].lower().index("/replicationprotecteditems/")]
    target = ids.stable_guid(machine)
    affected = {
        "primaryVmId": target,
        "primaryVmName": ids.last_name(machine).lower(),
        "recoveryVmId": "",
        "recoveryVmName": str(details.get("recoveryAzureVMName") or "").lower(),
        "protectionProfileId": ids.stable_guid(str(properties.get("policyId"))),
        "primaryCloudId": ids.stable_guid(container),
        "primaryCloudName": str(properties.get("primaryProtectionContainerFriendlyName") or ""),
        "recoveryCloudId": ids.stable_guid(str(properties.get("recoveryContainerId"))),
        "recoveryCloudName": str(properties.get("recoveryProtectionContainerFriendlyName") or ""),
        "primaryVmmId": _fabric_guid(call, container.rsplit("/", 2)[0]),
        "primaryVmmName": str(properties.get("primaryFabricFriendlyName") or ""),
        "recoveryVmmId": _fabric_guid(call, str(properties.get("recoveryFabricId") or "")),
        "recoveryVmmName": str(properties.get("recoveryFabricFriendlyName") or ""),
        "primaryFabricProviderId": "Azure",
        "recoveryFabricProviderId": "Azure",
    }
    friendly = "Update the virtual machine properties"
    return jobs.template(
        "UpdateVmProperties",
        "Update the virtual machine",
        (target, str(properties.get("friendlyName") or item["name"]), "ProtectionEntity"),
        affected,
        [jobs.task(call.guid(), "UpdateVmPropertiesTask", friendly)],
    )


def _fabric_guid(call: Call, identifier: str) -> str:
    fabric = call.estate.get(identifier) if identifier else None
    return str(properties_of(fabric).get("internalIdentifier") or ids.stable_guid(identifier))


# -- effect ----------------------------------------------------------------------------------


def settle_patch(estate: Estate, operation: Operation) -> Fault | None:
    """Complete an item's PATCH, or return why it failed; a failed one changes nothing."""
    item = estate.get(operation.target)
    if item is None:
        return Fault("900200", "SANDBOX: the replicated item is gone.")
    machine_state = recovery.provider_details(item).get("vmProtectionState")
    protected = properties_of(item).get("protectionState") == "Protected"
    if not protected or machine_state not in (None, "Protected"):
        # ARM: the text is the portal's (terraform-provider-azurerm issue 7039); that the job
        # fails, and the code, are ours. invented: item-not-protected
        return Fault(
            "900201",
            "The properties of the virtual machine can't be configured. Ensure that the virtual "
            "machine is configured for protection successfully.",
        )
    changed = copy.deepcopy(item)
    fault = _apply(recovery.provider_details(changed), operation.request, estate)
    if fault is None:
        _refresh_health(changed, operation)
        estate.put(changed)
    return fault


def _apply(details: Json, request: Mapping[str, Any], estate: Estate) -> Fault | None:
    _store_fields(details, request, _ITEM_FIELDS)
    _store_fields(details, request.get("providerSpecificDetails") or {}, _PROVIDER_FIELDS)
    for written in _NETWORKS:
        sent = request.get(written)
        # ARM: the same network in another casing leaves the stored spelling (PowerShell, 2022).
        if sent is None or ids.same(sent, details.get(written)):
            continue
        fault = _network_fault(estate, details, sent) if sent else None
        if fault is not None:
            return fault
        details[written] = sent or None
    fault = None
    if request.get("vmNics") is not None:
        fault = _apply_nics(estate, details, request["vmNics"])
    for nic in details.get("vmNics") or []:
        for written, read in _NETWORKS.items():
            nic[read] = details.get(written)
    return fault


def _store_fields(details: Json, request: Mapping[str, Any], fields: Mapping[str, str]) -> None:
    for written, read in fields.items():
        if request.get(written) is not None:
            # invented: clearing
            details[read] = request[written] or None


def _network_fault(estate: Estate, details: Json, identifier: str) -> Fault | None:
    found = estate.get(identifier)
    if found is None:
        # invented: item-unknown-network
        return Fault("900202", f"SANDBOX: the virtual network '{identifier}' was not found.")
    region = regions.short_name(str(details.get("recoveryFabricLocation") or ""))
    if region and regions.short_name(str(found.get("location") or "")) != region:
        # invented: item-network-region
        return Fault("900203", f"SANDBOX: the virtual network '{identifier}' is not in '{region}'.")
    return None


def _apply_nics(estate: Estate, details: Json, sent: list[Json]) -> Fault | None:
    nics = {str(nic["nicId"]).lower(): nic for nic in details.get("vmNics") or []}
    wanted: dict[str, Json] = {}
    for row in sent:
        key = str(row["nicId"]).lower()
        if key not in nics:
            # invented: item-unknown-nic
            return Fault("900204", f"SANDBOX: the item has no NIC with nicId '{row['nicId']}'.")
        wanted[key] = row
    places = tuple(_Place(estate, details.get(name)) for name in _NETWORKS)
    for key, nic in nics.items():
        if key not in wanted:
            # invented: unsent-nics
            _reset_nic(nic, places[0].network)
            continue
        fault = _apply_nic(nic, wanted[key], places[0].network) or _nic_fault(nic, places)
        if fault is not None:
            return fault
    return None


def _apply_nic(nic: Json, sent: Json, network: Json | None) -> Fault | None:
    for written, read, empty in _NIC_FIELDS:
        value = sent.get(written)
        nic[read] = empty if value is None else value
    # invented: selection-type-omitted
    nic["selectionType"] = sent.get("selectionType") or "SelectedByUser"
    configs = {str(row.get("ipConfigName", "")).lower(): row for row in sent.get("ipConfigs") or []}
    stored = nic.get("ipConfigs") or []
    known = {str(config.get("name") or "").lower() for config in stored}
    if unknown := sorted(set(configs) - known):
        # invented: item-unknown-ip-config
        return Fault("900205", f"SANDBOX: the NIC has no IP configuration '{unknown[0]}'.")
    for config in stored:
        row = configs.get(str(config.get("name") or "").lower())
        if configs:
            # invented: item-primary
            config["isPrimary"] = row is not None and row.get("isPrimary") is True
        if row is None:
            # invented: unsent-nics
            _reset_ip_config(config, network)
        else:
            _apply_ip_config(config, row)
    return None


def _apply_ip_config(config: Json, sent: Json) -> None:
    for name, empty in _IP_FIELDS:
        value = sent.get(name)
        config[name] = copy.copy(empty) if value is None else value
    # ARM: the primary one is always selected, whatever is sent (Azure PowerShell recording, 2022).
    config["isSeletedForFailover"] = bool(config.get("isPrimary")) or bool(
        sent.get("isSeletedForFailover")
    )
    _derive_type(config)


def _derive_type(config: Json) -> None:
    config["recoveryIPAddressType"] = "Static" if config["recoveryStaticIPAddress"] else "Dynamic"


def _reset_nic(nic: Json, network: Json | None) -> None:
    for _, read, empty in _NIC_FIELDS:
        nic[read] = False if empty is False else None
    nic["enableAcceleratedNetworkingOnTfo"] = None
    nic["selectionType"] = "SelectedByDefault"
    for config in nic.get("ipConfigs") or []:
        _reset_ip_config(config, network)


def _reset_ip_config(config: Json, network: Json | None) -> None:
    for name, _ in _IP_FIELDS:
        config[name] = None
    config["recoverySubnetName"] = _default_subnet(network, str(config.get("subnetName") or ""))
    config["recoveryStaticIPAddress"] = ""
    config["isSeletedForFailover"] = bool(config.get("isPrimary"))
    _derive_type(config)


def _default_subnet(network: Json | None, source: str) -> str | None:
    """Same name, else first by name (Microsoft Learn, network mapping, 2026-02-12)."""
    if network is None:
        return None
    names = sorted(str(subnet["name"]) for subnet in addresses.subnets(network))
    same = [name for name in names if name.lower() == source.lower()]
    return next(iter(same or names), None)


# -- checks ----------------------------------------------------------------------------------


class _Place:
    """A network that the item selects: chosen or not, and known to the estate or not."""

    def __init__(self, estate: Estate, identifier: str | None) -> None:
        self.chosen = bool(identifier)
        self.network = estate.get(identifier) if identifier else None


def _nic_fault(nic: Json, places: tuple[_Place, ...]) -> Fault | None:
    for config in nic.get("ipConfigs") or []:
        for place, prefix in zip(places, ("recovery", "tfo"), strict=True):
            subnet = config.get(f"{prefix}SubnetName") or ""
            address = config.get(f"{prefix}StaticIPAddress") or ""
            fault = _placement_fault(place, subnet, address)
            if fault is not None:
                return fault
    return None


def _placement_fault(place: _Place, subnet_name: str, address: str) -> Fault | None:
    # invented: item-placement
    if not subnet_name:
        if address:
            return Fault("900206", f"SANDBOX: address '{address}' is given without a subnet.")
        return None
    if not place.chosen:
        return Fault("900207", f"SANDBOX: subnet '{subnet_name}' is given without a network.")
    if place.network is None:
        return None  # an estate without that network cannot tell
    subnet = addresses.subnet_named(place.network, subnet_name)
    if subnet is None:
        name = place.network["name"]
        return Fault("900208", f"SANDBOX: network '{name}' has no subnet '{subnet_name}'.")
    return _address_fault(subnet, address) if address else None


def _address_fault(subnet: Json, text: str) -> Fault | None:
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return Fault("900209", f"SANDBOX: '{text}' is not an IPv4 address.")
    for prefix in addresses.prefixes(subnet.get("properties") or {}):
        if address in prefix:
            # invented: taken-address
            if addresses.reserved(prefix, address):
                return Fault("900211", f"SANDBOX: address '{text}' is reserved by Azure.")
            return None
    return Fault("900210", f"SANDBOX: address '{text}' is outside subnet '{subnet['name']}'.")


def _refresh_health(item: Json, operation: Operation) -> None:
    """A network chosen by hand ends the error that says none is configured."""
    # invented: health-after-patch
    properties = properties_of(item)
    errors = properties.get("healthErrors") or []
    if not recovery.provider_details(item).get("selectedRecoveryAzureNetworkId"):
        return
    kept = [error for error in errors if error.get("errorCode") != "161003"]
    if len(kept) != len(errors):
        name = str(properties.get("friendlyName") or item["name"])
        if not any(error.get("errorCode") == "161011" for error in kept):
            kept.append(no_test_failover(name, moments.trimmed(operation.ends)))
        properties["healthErrors"] = kept
        properties["failoverHealth"] = "Warning"


def no_test_failover(machine: str, created: str) -> Json:
    """ARM: health error 161011 of an item without a test failover (az CLI traffic, 2023)."""
    return _health_error(
        ("8010", "Warning", "TestFailover", "161011", "6:8010"),
        f"No successful test failover has been done on the virtual machine '{machine}'.",
        "No successful test failover has been done on the virtual machine after it was replicated.",
        "Do a test failover on the virtual machine.",
        ids.stable_guid(machine),
        created,
    )


def no_target_network(machine: str, created: str) -> Json:
    """ARM: health error 161003 of an item without a target network (PowerShell recording, 2021)."""
    return _health_error(
        ("8002", "Error", "Configuration", "161003", "6:8002"),
        f"Target network settings are not configured for virtual machine '{machine}'.",
        "Target network settings were either removed or are not configured.",
        "\n      Perform network mapping between the network in the source region and the target "
        "region.\n    ",
        ids.stable_guid(machine),
        created,
    )


def _health_error(
    codes: tuple[str, str, str, str, str],
    message: str,
    causes: str,
    action: str,
    entity: str,
    created: str,
) -> Json:
    kind, level, category, code, identifier = codes
    return {
        "innerHealthErrors": [],
        "errorSource": "ReplicationUnitFailoverValidatorError",
        "errorType": kind,
        "errorLevel": level,
        "errorCategory": category,
        "errorCode": code,
        "summaryMessage": "",
        "errorMessage": message,
        "possibleCauses": causes,
        "recommendedAction": action,
        "creationTimeUtc": created,
        "recoveryProviderErrorMessage": None,
        "entityId": entity,
        "errorId": identifier,
        "customerResolvability": "NotAllowed",
    }


ROUTES = (Route("PATCH", vaults.CONTAINER + "/replicationprotecteditems/{item}", _patch),)
