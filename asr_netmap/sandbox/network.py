"""Microsoft.Network: virtual networks, their subnets, and address availability."""

from __future__ import annotations

import copy
import ipaddress
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from asr_netmap.sandbox import addresses, conditions, ids, regions, resources
from asr_netmap.sandbox.call import Answer, Call
from asr_netmap.sandbox.errors import ArmError
from asr_netmap.sandbox.estate import Estate, Json
from asr_netmap.sandbox.operations import FAILED, RUNNING, SUCCEEDED, Operation
from asr_netmap.sandbox.routing import Route

NETWORK_TYPE = "Microsoft.Network/virtualNetworks"
SUBNET_TYPE = f"{NETWORK_TYPE}/subnets"
PUT_KIND = "network-put"
PRIVATE_SUBNETS_SINCE = "2025-07-01"
"""Since this api-version a new subnet without `defaultOutboundAccess` is private."""

_ROOT = (
    "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.network"
    "/virtualnetworks/{name}"
)


# -- reading ---------------------------------------------------------------------------------


def network_text(call: Call, network: Json) -> str:
    """Return a virtual network as its GET shows it."""
    return json.dumps(_with_ip_configurations(call.estate, network))


def _with_ip_configurations(estate: Estate, network: Json) -> Json:
    occupied = addresses.occupancy(estate).ip_configs
    rows = addresses.subnets(network)
    missing = [s for s in rows if not (s.get("properties") or {}).get("ipConfigurations")]
    if not any(ids.key(addresses.subnet_id(network, s)) in occupied for s in missing):
        return network
    shown = [_subnet_with_ip_configurations(occupied, network, subnet) for subnet in rows]
    return {**network, "properties": {**network["properties"], "subnets": shown}}


def _subnet_with_ip_configurations(
    occupied: dict[str, list[str]], network: Json, subnet: Json
) -> Json:
    properties = subnet.get("properties") or {}
    found = occupied.get(ids.key(addresses.subnet_id(network, subnet)), [])
    if not found or properties.get("ipConfigurations"):
        return subnet
    rows = [{"id": _shouted(identifier)} for identifier in found]
    return {**subnet, "properties": {**properties, "ipConfigurations": rows}}


def _shouted(identifier: str) -> str:
    """ARM: group, NIC and IP configuration names come upper-cased here (az CLI traffic, 2023)."""
    parts = identifier.split("/")
    for position in (4, 8, 10):
        if len(parts) > position:
            parts[position] = parts[position].upper()
    return "/".join(parts)


def _list_subnets(call: Call) -> Answer:
    network = _with_ip_configurations(call.estate, resources.find(call, NETWORK_TYPE))
    return Answer(body={"value": addresses.subnets(network)})


def _get_subnet(call: Call) -> Answer:
    network = _with_ip_configurations(call.estate, resources.find(call, NETWORK_TYPE))
    subnet = addresses.subnet_named(network, call.params["subnet"])
    if subnet is None:
        # ARM: a subnet's 404 comes from the network provider itself (Microsoft Learn, subnets).
        raise ArmError(
            404,
            "NotFound",
            f"Resource {network['id']}/subnets/{call.params['subnet']} not found.",
            extra={"details": []},
        )
    return Answer(body=subnet)


def _usages(call: Call) -> Answer:
    network = resources.find(call, NETWORK_TYPE)
    occupied = addresses.occupancy(call.estate).ip_configs
    rows = []
    for subnet in addresses.subnets(network):
        identifier = addresses.subnet_id(network, subnet)
        used, limit = _usage(subnet, occupied.get(ids.key(identifier), ()))
        rows.append(
            {
                "currentValue": float(used),
                "id": identifier,
                "limit": float(limit),
                "name": {"localizedValue": "Subnet size and usage", "value": "SubnetSpace"},
                "unit": "Count",
            }
        )
    return Answer(body={"value": rows})


def _usage(subnet: Json, occupied: Iterable[str]) -> tuple[int, int]:
    """How many addresses of a subnet are used, and how many it has.

    occupied -- ids of the IP configurations of NICs and load balancers in it. Those that the
        subnet itself names count, too: a snapshot of a real network has there what no list shows.
    """
    if str(subnet.get("name", "")).lower() == "gatewaysubnet":
        # ARM: a gateway subnet is not counted (Microsoft Learn, Virtual Networks - List Usage).
        return -1, -1
    properties = subnet.get("properties") or {}
    listed = (str(each.get("id")) for each in properties.get("ipConfigurations") or ())
    # invented: usage-count
    used = len({ids.key(each) for each in (*occupied, *listed)})
    # ARM: 251 of a /24, 65531 of a /16 (Microsoft Learn, Get-AzVirtualNetworkUsageList).
    return used, sum(p.num_addresses - 5 for p in addresses.prefixes(properties))


def _availability(call: Call) -> Answer:
    network = resources.find(call, NETWORK_TYPE)
    text = call.query.get("ipaddress", "")
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        raise ArmError(
            400, "InvalidIPAddressFormat", f"The IP address '{text}' is not valid."
        ) from None
    for subnet in addresses.subnets(network):
        for prefix in addresses.prefixes(subnet.get("properties") or {}):
            if address in prefix:
                return Answer(
                    body=_availability_body(call.estate, network, subnet, prefix, address)
                )
    # ARM: an error rather than "not available"; code known from the Java and .NET network SDKs.
    raise ArmError(
        400,  # invented: availability-status
        "PrivateIPAddressNotInAnySubnet",
        f"Private static IP address {address} does not belong to the range of any subnet in "
        f"virtual network {network['id']}.",
        extra={"details": []},
    )


def _availability_body(
    estate: Estate,
    network: Json,
    subnet: Json,
    prefix: addresses.Network,
    address: addresses.IPv4,
) -> Json:
    identifier = ids.key(addresses.subnet_id(network, subnet))
    kept = addresses.reserved(prefix, address)
    taken = str(address) in addresses.occupancy(estate).addresses.get(identifier, ())
    free = not kept and not taken
    # invented: availability-proposals
    proposals = [] if free else addresses.free_addresses(estate, network, subnet, 5)
    return {"available": free, "availableIPAddresses": proposals, "isPlatformReserved": kept}


# -- writing ---------------------------------------------------------------------------------


def _put(call: Call) -> Answer:
    body = call.json()
    location = body.get("location")
    if not isinstance(location, str) or not location:
        raise resources.location_required()
    identifier = f"{call.group_scope}/providers/{NETWORK_TYPE}/{call.params['name']}"
    existing = call.estate.get(identifier)
    _check_location(call, existing, regions.short_name(location))
    network = _built(call, existing, existing["id"] if existing else identifier, body)
    _check_subnets(network)
    _check_removed(call.estate, existing, network)
    _check_references(call.estate, network)
    skip, forced = conditions.fate(call.estate, call.path)
    operation = Operation(
        name=call.guid(),
        kind=PUT_KIND,
        scope=network["location"],
        target=network["id"],
        started=call.now,
        ends=call.now + timedelta(seconds=call.options.operation_seconds),
        skip=skip,
        forced=forced,
    )
    call.estate.record(operation)
    if not skip and forced is None:
        call.estate.put(network)
    return Answer(
        status=200 if existing else 201,
        body=network,
        headers=(
            ("Azure-AsyncOperation", _status_url(call, operation)),
            ("azure-asyncnotification", "Enabled"),
            ("Retry-After", _pause(call)),
        ),
        accepted=True,
    )


def _pause(call: Call) -> str:
    # invented: network-pause
    return str(min(10, call.options.retry_after))


def _status_url(call: Call, operation: Operation) -> str:
    path = f"{call.subscription_scope}/providers/Microsoft.Network/locations/{operation.scope}"
    return f"{call.base}{path}/operations/{operation.name}?api-version={quote(call.api_version)}"


def settle_put(estate: Estate, operation: Operation) -> None:
    """Complete a virtual network's PUT: what was Updating has succeeded."""
    network = estate.get(operation.target)
    if network is None:
        return
    settled = copy.deepcopy(network)
    for holder in (settled, *addresses.subnets(settled)):
        holder["properties"]["provisioningState"] = "Succeeded"
    estate.put(settled)


def _operation_status(call: Call) -> Answer:
    operation = call.estate.operation(call.params["operation"])
    if operation is None or operation.kind != PUT_KIND:
        raise ArmError(
            404, "OperationNotFound", f"Operation {call.params['operation']} was not found."
        )
    # ARM: this body has a status and nothing else (az CLI traffic, 2023).
    words = {RUNNING: "InProgress", SUCCEEDED: "Succeeded", FAILED: "Failed"}
    body: Json = {"status": words[operation.state]}
    if operation.fault is not None:
        body["error"] = {
            "code": operation.fault.code,
            "message": operation.fault.message,
            "details": [],
        }
    headers = (("Retry-After", _pause(call)),) if operation.state == RUNNING else ()
    return Answer(body=body, headers=headers)


def _check_location(call: Call, existing: Json | None, region: str) -> None:
    if existing is None or regions.short_name(str(existing.get("location", region))) == region:
        return
    # ARM: Microsoft Learn, InvalidResourceLocation.
    name, group = call.params["name"], call.params["group"]
    raise ArmError(
        409,
        "InvalidResourceLocation",
        f"The resource '{name}' already exists in location '{existing['location']}' in resource "
        f"group '{group}'. A resource with the same name cannot be created in location "
        f"'{region}'. Please select a new resource name.",
    )


def _built(call: Call, existing: Json | None, identifier: str, body: Json) -> Json:
    properties = call.properties()
    space = properties.get("addressSpace") or {}
    prefixes = space.get("addressPrefixes") if isinstance(space, dict) else None
    if not isinstance(prefixes, list) or not prefixes:
        raise ArmError(
            400,
            "InvalidRequestFormat",
            "Cannot parse the request: properties.addressSpace.addressPrefixes is required.",
        )
    for prefix in prefixes:
        _check_prefix(prefix, identifier)
    old = (existing or {}).get("properties") or {}
    etag = f'W/"{call.guid()}"'
    built: Json = {
        "name": ids.last_name(identifier),
        "id": identifier,
        "etag": etag,
        "type": NETWORK_TYPE,
        "location": regions.short_name(body["location"]),
    }
    if isinstance(body.get("tags"), dict):
        built["tags"] = body["tags"]
    rows = properties.get("subnets") or []
    if not isinstance(rows, list):
        raise ArmError(400, "InvalidRequestFormat", "Cannot parse the request: subnets.")
    built["properties"] = {
        "provisioningState": "Updating",
        "resourceGuid": old.get("resourceGuid") or ids.stable_guid(identifier),
        "addressSpace": {"addressPrefixes": list(prefixes)},
        **_passed_on(properties),
        "subnets": [_built_subnet(call, identifier, etag, existing, row) for row in rows],
        "virtualNetworkPeerings": properties.get("virtualNetworkPeerings") or [],
        "enableDdosProtection": bool(properties.get("enableDdosProtection", False)),
    }
    return built


def _passed_on(properties: Json) -> Json:
    # invented: network-unknown-properties
    names = ("dhcpOptions", "ddosProtectionPlan", "flowTimeoutInMinutes", "encryption")
    return {name: properties[name] for name in names if properties.get(name) is not None}


_SUBNET_DEFAULTS: tuple[tuple[str, Any], ...] = (
    ("delegations", []),
    ("privateEndpointNetworkPolicies", "Disabled"),
    ("privateLinkServiceNetworkPolicies", "Enabled"),
)
_SUBNET_FIELDS = (
    "addressPrefix",
    "addressPrefixes",
    "networkSecurityGroup",
    "routeTable",
    "natGateway",
    "serviceEndpoints",
    "serviceEndpointPolicies",
    "defaultOutboundAccess",
    "sharingScope",
)


def _built_subnet(call: Call, network_id: str, etag: str, existing: Json | None, row: Any) -> Json:
    row = row if isinstance(row, dict) else {}
    name = row.get("name")
    if not isinstance(name, str) or not name:
        raise ArmError(
            400, "InvalidRequestFormat", "Cannot parse the request: a subnet has no name."
        )
    given = _subnet_properties(row)
    for prefix in [*(given.get("addressPrefixes") or []), given.get("addressPrefix")]:
        if prefix is not None:
            _check_prefix(prefix, f"{network_id}/subnets/{name}")
    old = addresses.subnet_named(existing, name) if existing else None
    fields = {name: given[name] for name in _SUBNET_FIELDS if given.get(name) is not None}
    if "serviceEndpoints" in fields:
        fields["serviceEndpoints"] = [
            _service_endpoint(call, e) for e in fields["serviceEndpoints"]
        ]
    private = _outbound_default(call.api_version, given, old)
    identifier = str(old.get("id")) if old and old.get("id") else f"{network_id}/subnets/{name}"
    return {
        "name": old["name"] if old else name,
        "id": identifier,
        "etag": etag,
        "properties": {
            "provisioningState": "Updating",
            **fields,
            **{key: given.get(key) or default for key, default in _SUBNET_DEFAULTS},
            **private,
        },
        "type": SUBNET_TYPE,
    }


def _subnet_properties(row: Json) -> Json:
    given = row.get("properties") or {}
    lists = ("addressPrefixes", "serviceEndpoints", "delegations")
    if not isinstance(given, dict) or any(
        not isinstance(given.get(name) or [], list) for name in lists
    ):
        raise ArmError(
            400,
            "InvalidRequestFormat",
            f"Cannot parse the request: the properties of subnet '{row['name']}'.",
        )
    return given


def _outbound_default(api_version: str, given: Json, old: Json | None) -> Json:
    if given.get("defaultOutboundAccess") is not None:
        return {}
    if old is not None:
        kept = (old.get("properties") or {}).get("defaultOutboundAccess")
        return {} if kept is None else {"defaultOutboundAccess": kept}
    # ARM: newer api-versions make new subnets private when nothing is said (Microsoft Learn,
    # default outbound access). invented: outbound-version
    return {"defaultOutboundAccess": False} if api_version >= PRIVATE_SUBNETS_SINCE else {}


def _service_endpoint(call: Call, endpoint: Any) -> Json:
    service = str(endpoint.get("service", "")) if isinstance(endpoint, dict) else ""
    locations = endpoint.get("locations") if isinstance(endpoint, dict) else None
    # invented: endpoint-locations
    return {
        "provisioningState": "Succeeded",
        "service": service,
        "locations": locations or [regions.short_name(str(call.json().get("location")))],
    }


def _check_prefix(prefix: Any, identifier: str) -> None:
    try:
        ipaddress.ip_network(prefix)
    except (ValueError, TypeError):
        loose = _loose(prefix)
        hint = (
            f" For the given prefix length, the address prefix should be {loose}." if loose else ""
        )
        # ARM: Microsoft.Network error text, seen in public issues.
        raise ArmError(
            400,
            "InvalidCIDRNotation",
            f"The address prefix {prefix} in resource {identifier} has an invalid CIDR "
            f"notation.{hint}",
            extra={"details": []},
        ) from None


def _loose(prefix: Any) -> str:
    try:
        return str(ipaddress.ip_network(prefix, strict=False))
    except (ValueError, TypeError):
        return ""


def _check_subnets(network: Json) -> None:
    space = addresses.prefixes(network["properties"]["addressSpace"])
    seen: list[tuple[str, addresses.Network]] = []
    names: set[str] = set()
    for subnet in addresses.subnets(network):
        name = subnet["name"]
        if name.lower() in names:
            raise ArmError(
                400,
                "DuplicateResourceName",
                f"Resource {network['id']}/subnets/ has two child resources with the same name "
                f"({name}).",
                extra={"details": []},
            )
        names.add(name.lower())
        for prefix in addresses.prefixes(subnet["properties"]):
            _check_subnet_prefix(network, name, prefix, space, seen)
            seen.append((name, prefix))


def _check_subnet_prefix(
    network: Json,
    name: str,
    prefix: addresses.Network,
    space: tuple[addresses.Network, ...],
    seen: list[tuple[str, addresses.Network]],
) -> None:
    # ARM: codes of both, Microsoft.Network error texts in public issues.
    if not any(prefix.subnet_of(outer) for outer in space):
        raise ArmError(
            400,
            "NetcfgSubnetRangeOutsideVnet",
            f"Subnet '{name}' is not valid in virtual network '{network['name']}'.",
            extra={"details": []},
        )
    if any(prefix.overlaps(other) for _, other in seen):
        raise ArmError(
            400,
            "NetcfgSubnetRangesOverlap",
            f"Subnet '{name}' is not valid because its IP address range overlaps with that of "
            f"an existing subnet in virtual network '{network['name']}'.",
            extra={"details": []},
        )


def _check_removed(estate: Estate, existing: Json | None, network: Json) -> None:
    # ARM: a PUT replaces the subnets, and one that is in use cannot go (Microsoft.Network error
    # text, public issues).
    if existing is None:
        return
    occupied = addresses.occupancy(estate).ip_configs
    for subnet in addresses.subnets(existing):
        users = occupied.get(ids.key(addresses.subnet_id(existing, subnet)))
        if users and addresses.subnet_named(network, subnet["name"]) is None:
            raise ArmError(
                400,
                "InUseSubnetCannotBeDeleted",
                f"Subnet {subnet['name']} is in use by {users[0]} and cannot be deleted. In "
                "order to delete the subnet, delete all the resources within the subnet. See "
                "aka.ms/deletesubnet.",
                extra={"details": []},
            )


def _check_references(estate: Estate, network: Json) -> None:
    for subnet in addresses.subnets(network):
        for name in ("networkSecurityGroup", "routeTable", "natGateway"):
            reference = subnet["properties"].get(name)
            identifier = reference.get("id") if isinstance(reference, dict) else None
            if identifier is None:
                continue
            found = estate.get(identifier)
            if found is None or found.get("location") != network["location"]:
                # ARM: Microsoft.Network error text, public issues.
                raise ArmError(
                    400,
                    "InvalidResourceReference",
                    f"Resource {identifier} referenced by resource {network['id']} was not "
                    "found. Please make sure that the referenced resource exists, and that both "
                    "resources are in the same region.",
                    extra={"details": []},
                )


ROUTES = (
    *resources.reads(NETWORK_TYPE, network_text),
    Route("PUT", _ROOT, _put),
    Route("GET", _ROOT + "/subnets", _list_subnets),
    Route("GET", _ROOT + "/subnets/{subnet}", _get_subnet),
    Route("GET", _ROOT + "/usages", _usages),
    Route("GET", _ROOT + "/checkipaddressavailability", _availability),
    Route(
        "GET",
        "/subscriptions/{subscription}/providers/microsoft.network/locations/{location}"
        "/operations/{operation}",
        _operation_status,
    ),
)
