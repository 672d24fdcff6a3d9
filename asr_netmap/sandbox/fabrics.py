"""Writing fabrics: Site Recovery's object for a region."""

from __future__ import annotations

from asr_netmap.sandbox import ids, implied, jobs, regions, vaults
from asr_netmap.sandbox.call import Answer, Call
from asr_netmap.sandbox.errors import Fault
from asr_netmap.sandbox.estate import Estate
from asr_netmap.sandbox.operations import Operation
from asr_netmap.sandbox.routing import Route

PUT_KIND = "fabric-put"


def _put(call: Call) -> Answer:
    vault = vaults.vault_id(call)
    details = call.properties().get("customDetails")
    details = details if isinstance(details, dict) else {}
    location = details.get("location")
    if details.get("instanceType") != "Azure" or not isinstance(location, str) or not location:
        # invented: fabric-input
        fault = Fault(
            "InvalidFabricInput",
            "SANDBOX: only fabrics of instanceType 'Azure' with a location are played.",
        )
        raise vaults.refusal(call, 400, "BadRequest", fault)
    identifier = f"{vault}/replicationFabrics/{call.params['fabric']}"
    existing = call.estate.get(identifier)
    target = existing["id"] if existing else identifier
    fault_now = _conflict(call.estate, target, location)
    if fault_now is not None:
        raise vaults.refusal(call, 409, "Conflict", fault_now)
    # ARM: scenario CreateSite, target type Server (Azure PowerShell recording, 2022).
    job = jobs.template(
        "CreateSite",
        "Create a site",
        (ids.stable_guid(target), call.params["fabric"], "Server"),
        {},
        [jobs.task(call.guid(), "CreateFabricTask", "Create a site")],  # invented: fabric-job-task
    )
    return vaults.accept(call, PUT_KIND, target, job, {"location": location})


def settle_put(estate: Estate, operation: Operation) -> Fault | None:
    """Complete a fabric's PUT; an existing fabric of the same region stays as it is."""
    location = str(operation.request["location"])
    fault = _conflict(estate, operation.target, location)
    if fault is None and estate.get(operation.target) is None:
        estate.put(implied.fabric(operation.target, regions.short_name(location)))
    return fault


def _conflict(estate: Estate, identifier: str, location: str) -> Fault | None:
    existing = estate.get(identifier)
    region = implied.fabric_region(existing) if existing else None
    if region is None or region == regions.short_name(location):
        return None
    # invented: fabric-region-change
    return Fault(
        "FabricLocationConflict",
        f"SANDBOX: fabric '{ids.last_name(identifier)}' is in '{region}' and cannot move to "
        f"'{location}'.",
    )


ROUTES = (Route("PUT", vaults.FABRIC, _put),)
