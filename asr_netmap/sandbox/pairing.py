"""Writing what replication stands on: protection containers, policies, container mappings.

ARM: request and answer of each, and its job's scenario, name and target type, are those of az CLI
traffic of January 2023 and of the list of jobs in the Azure PowerShell recording of 2022.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asr_netmap.sandbox import ids, implied, jobs, vaults
from asr_netmap.sandbox.call import Answer, Call
from asr_netmap.sandbox.errors import Fault, no_such_object
from asr_netmap.sandbox.estate import Estate, Json, properties_of
from asr_netmap.sandbox.operations import Operation
from asr_netmap.sandbox.recovery import CONTAINER_MAPPING_TYPE, POLICY_TYPE
from asr_netmap.sandbox.routing import Route

CONTAINER_KIND, POLICY_KIND, MAPPING_KIND = "container-put", "policy-put", "container-mapping-put"

_MINUTES = (
    ("recoveryPointHistory", 0),
    ("appConsistentFrequencyInMinutes", 0),
    ("crashConsistentFrequencyInMinutes", 5),
)
"""What a policy holds, and what it gets where nothing was sent.

ARM: a policy that was made with multiVmSyncStatus alone had these (az CLI traffic, 2023)."""


# -- protection containers -------------------------------------------------------------------


def _put_container(call: Call) -> Answer:
    fabric = vaults.fabric(call)
    inputs = call.properties().get("providerSpecificInput")
    rows = inputs if isinstance(inputs, list) else []
    if not any(isinstance(row, dict) and row.get("instanceType") == "A2A" for row in rows):
        raise _wrong(call, "providerSpecificInput has no row with instanceType 'A2A'")
    name = call.params["container"]
    identifier = f"{fabric['id']}/replicationProtectionContainers/{name}"
    job = _job(
        call,
        ("CreateCloud", "Create protection container"),
        (ids.stable_guid(identifier), name, "ProtectionContainer"),
    )
    return vaults.accept(call, CONTAINER_KIND, _stored_id(call, identifier), job, {})


def settle_container(estate: Estate, operation: Operation) -> Fault | None:
    """Complete a protection container's PUT; an existing one stays as it is."""
    if estate.get(operation.target) is not None:
        return None
    fabric = estate.get(operation.target.rsplit("/", 2)[0])
    if fabric is None:
        return no_such_object(operation.target.split("/")[-3])
    shown = str(properties_of(fabric).get("friendlyName") or fabric["name"])
    estate.put(implied.container(operation.target, shown))
    estate.put(_listing(fabric, operation.target))
    return None


def _listing(fabric: Json, container: str) -> Json:
    """ARM: a fabric names its containers by GUID, not by name (az CLI traffic, 2023)."""
    properties = properties_of(fabric)
    details: Json = properties.get("customDetails") or {}
    guid = f"{fabric['id']}/replicationProtectionContainers/{ids.stable_guid(container)}"
    known = [each for each in details.get("containerIds") or () if each != guid]
    details = {**details, "containerIds": [*known, guid]}
    return {**fabric, "properties": {**properties, "customDetails": details}}


# -- policies --------------------------------------------------------------------------------


def _put_policy(call: Call) -> Answer:
    sent = call.properties().get("providerSpecificInput")
    request = sent if isinstance(sent, dict) else {}
    if request.get("instanceType") != "A2A":
        raise _wrong(call, "providerSpecificInput is not of instanceType 'A2A'")
    if request.get("multiVmSyncStatus") not in ("Enable", "Disable"):
        raise _wrong(call, "multiVmSyncStatus is neither 'Enable' nor 'Disable'")
    for field, _ in _MINUTES:
        value = request.get(field)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise _wrong(call, f"{field} is no whole number")
    name = call.params["policy"]
    identifier = f"{vaults.vault_id(call)}/replicationPolicies/{name}"
    if call.estate.get(identifier) is not None:
        # invented: policy-exists
        fault = Fault("PolicyAlreadyExists", f"SANDBOX: the policy '{name}' exists already.")
        raise vaults.refusal(call, 409, "Conflict", fault)
    job = _job(
        call,
        ("AddProtectionProfile", "Create replication policy"),
        (ids.stable_guid(identifier), name, "ProtectionProfile"),
    )
    return vaults.accept(call, POLICY_KIND, identifier, job, request)


def settle_policy(estate: Estate, operation: Operation) -> Fault | None:
    """Complete a policy's PUT."""
    name, request = ids.last_name(operation.target), operation.request
    history, app, crash = (request.get(field, least) for field, least in _MINUTES)
    estate.put(
        {
            "id": operation.target,
            "name": name,
            "type": POLICY_TYPE,
            "properties": {
                "friendlyName": name,
                "providerSpecificDetails": {
                    "instanceType": "A2A",
                    "recoveryPointThresholdInMinutes": 0,
                    "recoveryPointHistory": history,
                    "appConsistentFrequencyInMinutes": app,
                    "multiVmSyncStatus": f"{request['multiVmSyncStatus']}d",
                    "crashConsistentFrequencyInMinutes": crash,
                },
            },
        }
    )
    return None


# -- protection container mappings -----------------------------------------------------------


def _put_mapping(call: Call) -> Answer:
    properties = call.properties()
    details = properties.get("providerSpecificInput")
    details = details if isinstance(details, dict) else {}
    target, policy = properties.get("targetProtectionContainerId"), properties.get("policyId")
    if details.get("instanceType") != "A2A":
        raise _wrong(call, "providerSpecificInput is not of instanceType 'A2A'")
    if not isinstance(target, str) or not isinstance(policy, str):
        raise _wrong(call, "targetProtectionContainerId and policyId are required")
    fabric, name = call.params["fabric"], call.params["container"]
    source = vaults.found(
        call, f"replicationFabrics/{fabric}/replicationProtectionContainers/{name}"
    )
    identifier = f"{source['id']}/replicationProtectionContainerMappings/{call.params['mapping']}"
    job = _job(
        call,
        ("AssociateProtectionProfile", "Associate replication policy"),
        (ids.stable_guid(policy), ids.last_name(policy), "ProtectionProfile"),
    )
    request = {
        "target": target,
        "policy": policy,
        "agentAutoUpdateStatus": details.get("agentAutoUpdateStatus") or "Disabled",
    }
    return vaults.accept(call, MAPPING_KIND, _stored_id(call, identifier), job, request)


def settle_mapping(estate: Estate, operation: Operation) -> Fault | None:
    """Complete a protection container mapping's PUT, or return why it failed."""
    request = operation.request
    source = estate.get(operation.target.rsplit("/", 2)[0])
    target, policy = estate.get(request["target"]), estate.get(request["policy"])
    for found, name in (
        (source, operation.target.split("/")[-3]),
        (target, ids.last_name(request["target"])),
        (policy, ids.last_name(request["policy"])),
    ):
        if found is None:
            return no_such_object(name)
    assert source is not None
    assert target is not None
    estate.put(_mapping(operation.target, source, target, request))
    for container in (source, target):
        estate.put(_paired(container))
    return None


def _mapping(identifier: str, source: Json, target: Json, request: Any) -> Json:
    return {
        "id": identifier,
        "name": ids.last_name(identifier),
        "type": CONTAINER_MAPPING_TYPE,
        "properties": {
            "targetProtectionContainerId": request["target"],
            "targetProtectionContainerFriendlyName": target["name"],
            "providerSpecificDetails": {
                "instanceType": "A2A",
                "agentAutoUpdateStatus": request["agentAutoUpdateStatus"],
                "automationAccountAuthenticationType": "RunAsAccount",
                "automationAccountArmId": None,
                "scheduleName": None,
                "jobScheduleName": None,
            },
            "health": "Normal",
            "healthErrorDetails": [],
            "policyId": request["policy"],
            "state": "Paired",
            "sourceProtectionContainerFriendlyName": source["name"],
            "sourceFabricFriendlyName": properties_of(source).get("fabricFriendlyName"),
            "targetFabricFriendlyName": properties_of(target).get("fabricFriendlyName"),
            "policyFriendlyName": ids.last_name(request["policy"]),
        },
    }


def _paired(container: Json) -> Json:
    # invented: container-pairing-status
    return {**container, "properties": {**properties_of(container), "pairingStatus": "Paired"}}


# -- shared ----------------------------------------------------------------------------------


def _stored_id(call: Call, identifier: str) -> str:
    existing = call.estate.get(identifier)
    return str(existing["id"]) if existing else identifier


def _job(call: Call, scenario: tuple[str, str], target: tuple[str, str, str]) -> Json:
    # invented: pairing-job-tasks
    task = jobs.task(call.guid(), f"{scenario[0]}Task", scenario[1])
    return jobs.template(*scenario, target, {}, [task])


def _wrong(call: Call, what: str) -> Exception:
    # invented: pairing-input
    return vaults.refusal(call, 400, "BadRequest", Fault("InvalidInput", f"SANDBOX: {what}."))


EFFECTS: dict[str, Callable[[Estate, Operation], Fault | None]] = {
    CONTAINER_KIND: settle_container,
    POLICY_KIND: settle_policy,
    MAPPING_KIND: settle_mapping,
}

ROUTES = (
    Route("PUT", vaults.CONTAINER, _put_container),
    Route("PUT", vaults.VAULT + "/replicationpolicies/{policy}", _put_policy),
    Route(
        "PUT", vaults.CONTAINER + "/replicationprotectioncontainermappings/{mapping}", _put_mapping
    ),
)
