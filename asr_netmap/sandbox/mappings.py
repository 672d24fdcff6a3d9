"""Writing network mappings: PUT is an upsert without a guard, PATCH needs one to exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from asr_netmap.sandbox import ids, implied, jobs, regions, vaults
from asr_netmap.sandbox.call import Answer, Call
from asr_netmap.sandbox.errors import Fault, no_such_object
from asr_netmap.sandbox.estate import Estate, Json, properties_of
from asr_netmap.sandbox.operations import Operation
from asr_netmap.sandbox.recovery import MAPPING_TYPE
from asr_netmap.sandbox.routing import Route

PUT_KIND, DELETE_KIND = "mapping-put", "mapping-delete"

_MAPPING = vaults.FABRIC + "/replicationnetworks/{network}/replicationnetworkmappings/{mapping}"


class Wish(NamedTuple):
    """What a mapping is to be: its id, its fabrics and its networks."""

    identifier: str
    fabric: Json
    recovery_fabric: Json
    source: str
    target: str


# -- requests --------------------------------------------------------------------------------


def _put(call: Call) -> Answer:
    fabric = vaults.fabric(call)
    return _accept_put(call, fabric, _existing(call, fabric), _request(call.properties()))


def _patch(call: Call) -> Answer:
    fabric = vaults.fabric(call)
    existing = _existing(call, fabric)
    if existing is None:
        raise vaults.missing(call, call.params["mapping"])
    sent = {k: v for k, v in _request(call.properties()).items() if v}
    return _accept_put(call, fabric, existing, {**_current(existing), **sent})


def _accept_put(call: Call, fabric: Json, existing: Json | None, request: Json) -> Answer:
    if not request["recoveryFabricName"]:
        raise _without_fabric_name(call)
    identifier = existing["id"] if existing else f"{fabric['id']}/{_suffix(call)}"
    wish = _wish(call.estate, identifier, request)
    if isinstance(wish, Fault):
        # invented: mapping-unknown-fabric
        raise vaults.refusal(call, 404, "NotFound", wish)
    if not wish.source or not wish.target or request["instanceType"] != "AzureToAzure":
        # invented: mapping-input
        fault = Fault(
            "InvalidNetworkMappingInput",
            "SANDBOX: recoveryNetworkId and fabricSpecificDetails with instanceType "
            "'AzureToAzure' and primaryNetworkId are required.",
        )
        raise vaults.refusal(call, 400, "BadRequest", fault)
    conflict = _conflict(call.estate, wish)
    if conflict is not None:
        raise vaults.refusal(call, 409, "Conflict", conflict)
    return vaults.accept(call, PUT_KIND, identifier, _job(call, wish, pairing=True), request)


def _delete(call: Call) -> Answer:
    existing = _existing(call, vaults.fabric(call))
    if existing is None:
        raise vaults.missing(call, call.params["mapping"])
    wish = _wish(call.estate, existing["id"], _current(existing))
    job = _bare_job(call) if isinstance(wish, Fault) else _job(call, wish, pairing=False)
    return vaults.accept(call, DELETE_KIND, existing["id"], job, {})


def _existing(call: Call, fabric: Json) -> Json | None:
    return call.estate.get(f"{fabric['id']}/{_suffix(call)}")


def _suffix(call: Call) -> str:
    # ARM: the network segment is not checked against the network (terraform-provider-azurerm
    # writes the network's name there, az CLI and PowerShell write azureNetwork).
    network, name = call.params["network"], call.params["mapping"]
    return f"replicationNetworks/{network}/replicationNetworkMappings/{name}"


def _request(properties: Mapping[str, Any]) -> Json:
    # ARM: unknown properties are ignored, read-only ones included (az CLI traffic, August 2023).
    details = properties.get("fabricSpecificDetails")
    details = details if isinstance(details, dict) else {}
    return {
        "recoveryFabricName": _text(properties.get("recoveryFabricName")),
        "recoveryNetworkId": _text(properties.get("recoveryNetworkId")),
        "primaryNetworkId": _text(details.get("primaryNetworkId")),
        "instanceType": _text(details.get("instanceType")),
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _current(mapping: Json) -> Json:
    properties = properties_of(mapping)
    return {
        "recoveryFabricName": ids.last_name(str(properties.get("recoveryFabricArmId") or "")),
        "recoveryNetworkId": properties.get("recoveryNetworkId"),
        "primaryNetworkId": properties.get("primaryNetworkId"),
        "instanceType": "AzureToAzure",
    }


def _without_fabric_name(call: Call) -> Exception:
    # ARM: Azure/bicep issue 12888; where the inner code sits is invented: unhandled-exception
    fault = Fault(
        "UnhandledException",
        "Primary key property ArmResourceName is null in entity LookupByArmResourceNameInVault.",
    )
    return vaults.refusal(call, 400, "BadRequest", fault)


# -- rules, held at acceptance and again on completion ---------------------------------------


def _wish(estate: Estate, identifier: str, request: Mapping[str, Any]) -> Wish | Fault:
    fabric_id = identifier[: identifier.lower().index("/replicationnetworks/")]
    vault = fabric_id[: fabric_id.lower().index("/replicationfabrics/")]
    name = str(request["recoveryFabricName"])
    fabric = estate.get(fabric_id)
    recovery = estate.get(f"{vault}/replicationFabrics/{name}")
    if fabric is None or recovery is None:
        return no_such_object(name if fabric else ids.last_name(fabric_id))
    source, target = request["primaryNetworkId"], request["recoveryNetworkId"]
    return Wish(identifier, fabric, recovery, str(source or ""), str(target or ""))


def _conflict(estate: Estate, wish: Wish) -> Fault | None:
    vault = wish.identifier[: wish.identifier.lower().index("/replicationfabrics/")]
    others = estate.under(vault, MAPPING_TYPE)
    existing = estate.get(wish.identifier)
    for other in others:
        properties = properties_of(other)
        if ids.same(other["id"], wish.identifier):
            continue
        if ids.same(properties.get("primaryNetworkId"), wish.source) and ids.same(
            properties.get("recoveryFabricArmId"), wish.recovery_fabric["id"]
        ):
            # invented: mapping-second
            return Fault(
                "NetworkAlreadyMapped",
                f"SANDBOX: network '{ids.last_name(wish.source)}' is already mapped to that "
                f"recovery fabric by '{other['name']}'.",
                "A source network has one target network per target region.",
                "Update or delete the existing mapping.",
            )
        if existing is not None and _is_reverse_in_use(existing, other, wish):
            # invented: mapping-reverse-first
            return Fault(
                "ReverseMappingExists",
                f"SANDBOX: mapping '{other['name']}' leads back from the target that "
                f"'{existing['name']}' is to leave.",
                "The reverse mapping is still there.",
                "Delete the reverse mapping first, then change this one, then create the "
                "reverse of the new pair.",
            )
    return None


def _is_reverse_in_use(existing: Json, other: Json, wish: Wish) -> bool:
    mine, theirs = properties_of(existing), properties_of(other)
    if ids.same(mine.get("recoveryNetworkId"), wish.target):
        return False
    return ids.same(theirs.get("primaryNetworkId"), mine.get("recoveryNetworkId")) and ids.same(
        theirs.get("recoveryNetworkId"), mine.get("primaryNetworkId")
    )


def _network_fault(estate: Estate, wish: Wish) -> Fault | None:
    for identifier, fabric in ((wish.source, wish.fabric), (wish.target, wish.recovery_fabric)):
        network = estate.get(identifier)
        if network is None:
            # invented: mapping-unknown-network
            return Fault(
                "900101",
                f"SANDBOX: the virtual network '{identifier}' was not found.",
                "It was deleted, or its id is wrong.",
                "Name an existing virtual network.",
            )
        region = implied.fabric_region(fabric)
        found = regions.short_name(str(network.get("location") or ""))
        if region is not None and found != region:
            # invented: mapping-region
            return Fault(
                "900102",
                f"SANDBOX: the virtual network '{identifier}' is in '{found}', but fabric "
                f"'{fabric['name']}' is for '{region}'.",
                "The network and its fabric are in different regions.",
                "Name a network in the fabric's region.",
            )
    return None


def _friendly(fabric: Json) -> str:
    return str(properties_of(fabric).get("friendlyName") or ids.last_name(fabric["id"]))


def settle_put(estate: Estate, operation: Operation) -> Fault | None:
    """Complete a mapping's PUT or PATCH, or return why it failed."""
    wish = _wish(estate, operation.target, operation.request)
    if isinstance(wish, Fault):
        return wish
    fault = _conflict(estate, wish) or _network_fault(estate, wish)
    if fault is None:
        estate.put(_mapping(wish))
    return fault


def settle_delete(estate: Estate, operation: Operation) -> Fault | None:
    """Complete a mapping's DELETE; deleting what is gone already succeeds."""
    # invented: mapping-delete-gone
    if estate.get(operation.target) is not None:
        estate.remove(operation.target)
    return None


def _mapping(wish: Wish) -> Json:
    """ARM: network ids and names come back lower-cased, ids of the vault keep their casing;
    `fabricSpecificDetails` comes back as `fabricSpecificSettings` (az CLI traffic, 2023)."""
    source, target = ids.key(wish.source), ids.key(wish.target)
    return {
        "type": MAPPING_TYPE,
        "id": wish.identifier,
        "name": ids.last_name(wish.identifier),
        "properties": {
            "state": "Paired",
            "primaryNetworkFriendlyName": ids.last_name(source),
            "primaryNetworkId": source,
            "primaryFabricFriendlyName": _friendly(wish.fabric),
            "recoveryNetworkFriendlyName": ids.last_name(target),
            "recoveryNetworkId": target,
            "recoveryFabricArmId": wish.recovery_fabric["id"],
            "recoveryFabricFriendlyName": _friendly(wish.recovery_fabric),
            "fabricSpecificSettings": {
                "instanceType": "AzureToAzure",
                "primaryFabricLocation": implied.fabric_region(wish.fabric),
                "recoveryFabricLocation": implied.fabric_region(wish.recovery_fabric),
            },
        },
    }


# -- jobs ------------------------------------------------------------------------------------


def _job(call: Call, wish: Wish, *, pairing: bool) -> Json:
    """ARM: a mapping's job is named after the lower-cased source network (PowerShell, 2022)."""
    source, target = ids.key(wish.source), ids.key(wish.target)
    name = ids.last_name(source)
    affected = {
        "primaryNetworkId": source,
        "primaryNetworkName": name,
        "recoveryNetworkId": target,
        "recoveryNetworkName": ids.last_name(target),
        "primaryVmmId": properties_of(wish.fabric).get("internalIdentifier") or "",
        "primaryVmmName": _friendly(wish.fabric),
        "recoveryVmmId": properties_of(wish.recovery_fabric).get("internalIdentifier") or "",
        "recoveryVmmName": _friendly(wish.recovery_fabric),
        "primaryFabricProviderId": "Azure",
        "recoveryFabricProviderId": "Azure",
    }
    if not pairing:
        return _unmap_job(call, (name, name, "Network"), affected)
    tasks = [
        jobs.task(call.guid(), "ModifyVMNetworksPairingStatusTask", "Map network"),
        jobs.skipped_group(call.guid(), "VMNetworksUpdateVMNicsTask", "Attach network (0)"),
    ]
    return jobs.template(
        "NetworkPairing",
        "Map Networks",
        (name, name, "Network"),
        affected,
        tasks,
        cancelable=True,
    )


def _bare_job(call: Call) -> Json:
    name = call.params["mapping"].lower()
    return _unmap_job(call, (name, name, "Network"), {})


def _unmap_job(call: Call, target: tuple[str, str, str], affected: dict[str, str]) -> Json:
    # invented: unmap-job
    tasks = [jobs.task(call.guid(), "ModifyVMNetworksPairingStatusTask", "Unmap network")]
    return jobs.template("NetworkUnpairing", "Unmap Networks", target, affected, tasks)


ROUTES = (
    Route("PUT", _MAPPING, _put),
    Route("PATCH", _MAPPING, _patch),
    Route("DELETE", _MAPPING, _delete),
)
