"""Enabling replication: the PUT of a replicated item, and the first replication after it.

ARM: 202 and a job of scenario EnableDr; the item is there when that has ended, without NICs and
network; it is `Protected`, with both, some twenty minutes later (az CLI traffic of January 2023,
Azure PowerShell recording of 2022). Who asks again what is enabled already, and what is refused,
was never recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from asr_netmap.sandbox import (
    addresses,
    choosing,
    ids,
    implied,
    item_body,
    items,
    jobs,
    moments,
    recovery,
    regions,
    vaults,
)
from asr_netmap.sandbox.call import Answer, Call
from asr_netmap.sandbox.errors import ArmError, Fault
from asr_netmap.sandbox.estate import Estate, Json, properties_of
from asr_netmap.sandbox.operations import Operation
from asr_netmap.sandbox.recovery import CONTAINER_MAPPING_TYPE
from asr_netmap.sandbox.routing import Route

PUT_KIND, STAGE_KIND = "item-put", "replication-stage"

MACHINE_TYPE = "Microsoft.Compute/virtualMachines"
STORAGE_TYPE = "Microsoft.Storage/storageAccounts"

_STAGES = ((0.55, "copying"), (0.8, "awaiting-recovery-point"), (1.0, "protected"))
"""What becomes of an item, and after which part of its first replication.

ARM: in 1,124 s from the end of enabling to the time on the first health error, it was seen copying
at 619 and waiting for its first recovery point at 926 (az CLI traffic, January 2023).
"""


# -- request ---------------------------------------------------------------------------------


def _put(call: Call) -> Answer:
    fabric, name = call.params["fabric"], call.params["container"]
    container = vaults.found(
        call, f"replicationFabrics/{fabric}/replicationProtectionContainers/{name}"
    )
    request = _request(call)
    identifier = f"{container['id']}/replicationProtectedItems/{call.params['item']}"
    machine = request["fabricObjectId"]
    fault = _in_the_way(call, identifier, machine)
    if fault is not None:
        raise vaults.refusal(call, 409, "Conflict", fault)
    request["replicationSeconds"] = _seconds(call)
    job = _job(call, container["id"], request)
    return vaults.accept(call, PUT_KIND, identifier, job, request, names_job=True)


def _seconds(call: Call) -> float:
    """How long the first replication takes: as a condition of the estate says, else the options."""
    for condition in call.estate.conditions:
        if condition["kind"] == "first-replication":
            return float(condition["seconds"])
    return call.options.replication_seconds


def _request(call: Call) -> Json:
    properties = call.properties()
    details = properties.get("providerSpecificDetails")
    details = details if isinstance(details, dict) else {}
    if details.get("instanceType") != "A2A":
        raise _malformed(call, "only instanceType 'A2A' is played")
    request: Json = {"policyId": properties.get("policyId")}
    request.update({name: details.get(name) for name in _TEXTS})
    for name in ("policyId", *_REQUIRED):
        if not isinstance(request[name], str) or not request[name]:
            raise _malformed(call, f"{name} is required")
    for name in _TEXTS:
        if request[name] is not None and not isinstance(request[name], str):
            raise _malformed(call, f"{name} is no text")
    request["disks"] = list(_disks_sent(call, details.get("vmManagedDisks") or []))
    return request


_REQUIRED = ("fabricObjectId", "recoveryContainerId", "recoveryResourceGroupId")
_TEXTS = (
    *_REQUIRED,
    "recoveryAzureNetworkId",
    "recoverySubnetName",
    "recoveryAvailabilitySetId",
    "recoveryAvailabilityZone",
)
_DISK_TEXTS = ("diskId", "primaryStagingAzureStorageAccountId", "recoveryResourceGroupId")
_DISK_TYPES = ("recoveryReplicaDiskAccountType", "recoveryTargetDiskAccountType")


def _disks_sent(call: Call, rows: Any) -> Iterator[Json]:
    if not isinstance(rows, list):
        raise _malformed(call, "vmManagedDisks is no list")
    for row in rows:
        if not isinstance(row, dict) or not all(isinstance(row.get(n), str) for n in _DISK_TEXTS):
            raise _malformed(call, f"a disk needs {', '.join(_DISK_TEXTS)}")
        yield {name: row.get(name) for name in (*_DISK_TEXTS, *_DISK_TYPES)}


def _malformed(call: Call, what: str) -> ArmError:
    # invented: enable-input
    fault = Fault("InvalidEnableProtectionInput", f"SANDBOX: {what}.")
    return vaults.refusal(call, 400, "BadRequest", fault)


def _in_the_way(call: Call, identifier: str, machine: str) -> Fault | None:
    # invented: enable-twice
    estate = call.estate
    item = _item_of(estate, machine)
    if item is not None:
        return _protected_already(machine, item["id"])
    if estate.get(identifier) is not None:
        return Fault(
            "ProtectedItemNameInUse",
            f"SANDBOX: '{ids.last_name(identifier)}' is the item of another virtual machine.",
        )
    running = (o for o in estate.running() if o.kind == PUT_KIND)
    busy = any(ids.same(o.request["fabricObjectId"], machine) for o in running)
    if busy and call.options.conflicts:
        return Fault(
            "AnotherOperationInProgress",
            f"SANDBOX: replication of '{ids.last_name(machine)}' is being enabled.",
            "A job runs on this virtual machine.",
            "Wait for the job to finish.",
        )
    return None


def _item_of(estate: Estate, machine: str) -> Json | None:
    for item in estate.of_type(item_body.ITEM_TYPE):
        if ids.same(recovery.provider_details(item).get("fabricObjectId"), machine):
            return item
    return None


def _protected_already(machine: str, item: str) -> Fault:
    return Fault(
        "VirtualMachineAlreadyProtected",
        f"SANDBOX: '{ids.last_name(machine)}' is replicated already, as '{item}'.",
        "A virtual machine is replicated by one item of one vault.",
        "Use the existing item.",
    )


def _job(call: Call, container: str, request: Json) -> Json:
    """ARM: a job of enabling has the lower-cased VM name as its target (PowerShell, 2022)."""
    machine = request["fabricObjectId"]
    affected = {
        "primaryVmId": ids.stable_guid(machine),
        "primaryVmName": ids.last_name(machine).lower(),
        "primaryCloudName": ids.last_name(container),
        "recoveryCloudName": ids.last_name(request["recoveryContainerId"]),
    }
    # invented: enable-job-tasks
    task = jobs.task(call.guid(), "EnableProtectionTask", "Enable protection")
    return jobs.template(
        "EnableDr",
        "Enable replication",
        (ids.stable_guid(machine), ids.last_name(machine).lower(), "ProtectionEntity"),
        affected,
        [task],
    )


# -- effect: enabling ends -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """What the request names, as far as the estate has it."""

    machine: Json | None
    policy: Json | None
    group: Json | None
    source: str
    target: str
    regions: tuple[str | None, str | None]


def settle_put(estate: Estate, operation: Operation) -> Fault | None:
    """End enabling: the item is there and replicates from then on; or return why it failed."""
    request = operation.request
    found = _found(estate, operation)
    fault = next(_faults(estate, operation, found), None)
    if fault is not None:
        return fault
    assert found.machine is not None
    estate.put(_item(operation, found, found.machine))
    for stage in _stages(operation, float(request["replicationSeconds"])):
        estate.record(stage)
    return None


def _found(estate: Estate, operation: Operation) -> _Found:
    request = operation.request
    source = operation.target.rsplit("/", 2)[0]
    target = str(request["recoveryContainerId"])
    fabrics = (estate.get(each.rsplit("/", 2)[0]) for each in (source, target))
    places = tuple(implied.fabric_region(each) if each else None for each in fabrics)
    return _Found(
        estate.get(request["fabricObjectId"]),
        estate.get(request["policyId"]),
        estate.get(request["recoveryResourceGroupId"]),
        source,
        target,
        (places[0], places[1]),
    )


def _faults(estate: Estate, operation: Operation, found: _Found) -> Iterator[Fault]:
    """What keeps it from being enabled; the first counts. No failed one was recorded."""
    request = operation.request
    item = _item_of(estate, request["fabricObjectId"])
    if item is not None:
        yield _protected_already(request["fabricObjectId"], item["id"])
    # invented: enable-faults
    yield from _machine_faults(estate, request, found)
    if found.policy is None:
        yield Fault("900305", "SANDBOX: the replication policy does not exist.")
    if not _paired(estate, found, request["policyId"]):
        yield Fault(
            "900306",
            "SANDBOX: no mapping between these protection containers has that policy.",
            "The containers are not paired, or with another policy.",
            "Create the protection container mapping first.",
        )
    if found.group is None:
        yield Fault("900307", "SANDBOX: the target resource group does not exist.")
    elif _region(found.group) == found.regions[0]:
        yield Fault("900308", "SANDBOX: the target resource group is in the source region.")
    yield from _network_faults(estate, request, found)


def _machine_faults(estate: Estate, request: Any, found: _Found) -> Iterator[Fault]:
    machine = found.machine
    if machine is None:
        yield Fault("900301", "SANDBOX: the virtual machine does not exist.")
        return
    if found.regions[0] is not None and _region(machine) != found.regions[0]:
        yield Fault("900302", "SANDBOX: the virtual machine is not in the fabric's region.")
    if not running(machine):
        yield Fault("900303", "SANDBOX: the virtual machine does not run.")
    own = {ids.key(row["id"]) for row in disks_of(machine)}
    if not request["disks"] or any(ids.key(d["diskId"]) not in own for d in request["disks"]):
        yield Fault("900304", "SANDBOX: no managed disk, or one that the machine does not have.")
    for row in request["disks"]:
        cache = estate.get(row["primaryStagingAzureStorageAccountId"])
        if cache is None or _region(cache) != found.regions[0]:
            yield Fault(
                "900309",
                "SANDBOX: the cache storage account does not exist in the source region.",
            )


def _network_faults(estate: Estate, request: Any, found: _Found) -> Iterator[Fault]:
    identifier = request["recoveryAzureNetworkId"]
    if not identifier:
        return
    network = estate.get(identifier)
    if network is None or _region(network) != found.regions[1]:
        yield Fault("900310", "SANDBOX: the target network does not exist in the target region.")
        return
    subnet = request["recoverySubnetName"]
    if subnet and addresses.subnet_named(network, ids.last_name(subnet)) is None:
        yield Fault("900311", "SANDBOX: the target network does not have that subnet.")


def _region(resource: Json) -> str:
    return regions.short_name(str(resource.get("location") or ""))


def _paired(estate: Estate, found: _Found, policy: str) -> bool:
    rows = estate.under(found.source, CONTAINER_MAPPING_TYPE)
    return any(
        ids.same(properties_of(row).get("targetProtectionContainerId"), found.target)
        and ids.same(properties_of(row).get("policyId"), policy)
        for row in rows
    )


def running(machine: Json) -> bool:
    """Tell whether a virtual machine runs; one of which the estate keeps no state does."""
    return choosing.power_state(machine) == "running"


def disks_of(machine: Json) -> list[Json]:
    """Return the managed disks of a virtual machine: id, kind and size of each."""
    storage = properties_of(machine).get("storageProfile") or {}
    rows = [(storage.get("osDisk") or {}, "OperatingSystem")]
    rows += [(row, "Data") for row in storage.get("dataDisks") or ()]
    return [
        {"id": row["managedDisk"]["id"], "kind": kind, "row": row}
        for row, kind in rows
        if (row.get("managedDisk") or {}).get("id")
    ]


def _item(operation: Operation, found: _Found, machine: Json) -> Json:
    request = operation.request
    storage = properties_of(machine).get("storageProfile") or {}
    what = item_body.Replication(
        identifier=operation.target,
        machine=str(machine["id"]),
        machine_name=str(machine["name"]),
        containers=(found.source, found.target),
        regions=(found.regions[0] or "", found.regions[1] or ""),
        policy=request["policyId"],
        group=request["recoveryResourceGroupId"],
        disks=list(_disk_rows(request["disks"], disks_of(machine))),
        size=str((properties_of(machine).get("hardwareProfile") or {}).get("vmSize") or ""),
        linux=str((storage.get("osDisk") or {}).get("osType")).lower() == "linux",
        availability_set=request["recoveryAvailabilitySetId"],
        zones=(next(iter(machine.get("zones") or ()), None), request["recoveryAvailabilityZone"]),
    )
    return item_body.begun(what, moments.trimmed(operation.ends))


def _disk_rows(sent: Iterable[Json], own: Iterable[Json]) -> Iterator[Json]:
    known = {ids.key(row["id"]): row for row in own}
    for row in sent:
        mine = known[ids.key(row["diskId"])]
        kept = str((mine["row"].get("managedDisk") or {}).get("storageAccountType") or "")
        # invented: enable-disk-types
        types = tuple(str(row[name] or kept) for name in _DISK_TYPES)
        yield item_body.disk(
            mine["id"],
            mine["kind"],
            int(mine["row"].get("diskSizeGB") or 0) * 1024**3,
            row["recoveryResourceGroupId"],
            row["primaryStagingAzureStorageAccountId"],
            (types[0], types[1]),
        )


# -- effect: the first replication -----------------------------------------------------------


def _stages(operation: Operation, seconds: float) -> Iterator[Operation]:
    """What is still to come, as operations that are no jobs: they belong to no vault."""
    for part, stage in _STAGES:
        yield replace(
            operation,
            name=ids.stable_guid(operation.name, stage),
            kind=STAGE_KIND,
            scope="",
            # Not the item itself: nothing runs on it that a client would have to wait for.
            target=f"{operation.target}/firstReplication/{stage}",
            started=operation.ends,
            ends=operation.ends + timedelta(seconds=seconds * part),
            request={**operation.request, "stage": stage, "item": operation.target},
            job={},
        )


def settle_stage(estate: Estate, operation: Operation) -> Fault | None:
    """Bring an item one stage further, if it is still there."""
    item = estate.get(operation.request["item"])
    if item is None:
        return None
    stage = operation.request["stage"]
    if stage == "copying":
        estate.put(item_body.copying(item))
    elif stage == "awaiting-recovery-point":
        estate.put(item_body.awaiting_recovery_point(item))
    else:
        estate.put(_protected(estate, item, operation))
    return None


def _protected(estate: Estate, item: Json, operation: Operation) -> Json:
    seen = moments.trimmed(operation.ends)
    machine = estate.get(operation.request["fabricObjectId"]) or {}
    name = str(properties_of(item)["friendlyName"])
    chosen = choosing.target_of(estate, item, machine, operation.request)
    errors = [items.no_test_failover(name, seen)]
    if chosen.network is None:
        errors.insert(0, items.no_target_network(name, seen))
    return item_body.protected(
        item,
        network=chosen.network,
        nics=chosen.nics,
        errors=errors,
        seen=seen,
        tags=machine.get("tags"),
    )


EFFECTS: dict[str, Callable[[Estate, Operation], Fault | None]] = {
    PUT_KIND: settle_put,
    STAGE_KIND: settle_stage,
}

ROUTES = (Route("PUT", vaults.CONTAINER + "/replicationprotecteditems/{item}", _put),)
