"""Site Recovery's reads: fabrics, protection containers, policies, mappings, items, jobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from asr_netmap.sandbox import ids, implied, jobs, moments, odata, vaults
from asr_netmap.sandbox.call import Answer, Call, Handler
from asr_netmap.sandbox.errors import ArmError
from asr_netmap.sandbox.estate import Json, properties_of
from asr_netmap.sandbox.item_body import ITEM_TYPE
from asr_netmap.sandbox.operations import FAILED, RUNNING, status_body
from asr_netmap.sandbox.routing import Route
from asr_netmap.sandbox.vaults import CONTAINER, FABRIC, VAULT

CONTAINER_MAPPING_TYPE = f"{implied.CONTAINER_TYPE}/replicationProtectionContainerMappings"
MAPPING_TYPE = f"{implied.FABRIC_TYPE}/replicationNetworks/replicationNetworkMappings"
POLICY_TYPE = f"{implied.VAULT_TYPE}/replicationPolicies"

# ARM: lists of a vault that has none of these (az CLI traffic, 2023). invented: empty-lists
_ALWAYS_EMPTY = (
    "replicationAppliances",
    "replicationMigrationItems",
    "replicationNetworks",
    "replicationRecoveryServicesProviders",
    "replicationStorageClassifications",
    "replicationStorageClassificationMappings",
    "replicationvCenters",
    "replicationRecoveryPlans",
)


def _dumps(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"))


# -- fabrics and protection containers -------------------------------------------------------


def _fabric_row(fabric: Json) -> str:
    # ARM: a list row has containerIds null and no zones (az CLI traffic, 2023).
    properties = fabric.get("properties") or {}
    details = {k: v for k, v in (properties.get("customDetails") or {}).items() if k != "zones"}
    if "containerIds" in details:
        details["containerIds"] = None
    return _dumps({**fabric, "properties": {**properties, "customDetails": details}})


def _fabrics(call: Call) -> Answer:
    rows = call.estate.under(vaults.vault_id(call), implied.FABRIC_TYPE)
    return vaults.listing(call, rows, _fabric_row)


def _fabric(call: Call) -> Answer:
    return _shown(call, vaults.fabric(call))


def _container_id(call: Call) -> str:
    return (
        f"replicationFabrics/{call.params['fabric']}"
        f"/replicationProtectionContainers/{call.params['container']}"
    )


def _shown(call: Call, resource: Json) -> Answer:
    return Answer(text=call.estate.text(resource["id"]), request_ids=vaults.object_request_id(call))


def _vault_list(resource_type: str) -> Handler:
    def handler(call: Call) -> Answer:
        return vaults.listing(call, call.estate.under(vaults.vault_id(call), resource_type))

    return handler


def _fabric_list(resource_type: str) -> Handler:
    def handler(call: Call) -> Answer:
        return vaults.listing(call, call.estate.under(vaults.fabric(call)["id"], resource_type))

    return handler


def _container_list(resource_type: str) -> Handler:
    def handler(call: Call) -> Answer:
        container = vaults.found(call, _container_id(call))
        return vaults.listing(call, call.estate.under(container["id"], resource_type))

    return handler


def _container_mappings(call: Call) -> Answer:
    # ARM: this list also has mappings under other containers (az CLI traffic, 2023), those that
    # lead here; which other ones is not known. invented: container-mapping-scope
    container = vaults.found(call, _container_id(call))
    rows = [
        row
        for row in call.estate.under(vaults.vault_id(call), CONTAINER_MAPPING_TYPE)
        if ids.key(row["id"]).startswith(ids.key(container["id"]) + "/")
        or ids.same(
            (row.get("properties") or {}).get("targetProtectionContainerId"), container["id"]
        )
    ]
    return vaults.listing(call, rows)


def _object(path: str) -> Handler:
    def handler(call: Call) -> Answer:
        return _shown(call, vaults.found(call, path.format(**call.params)))

    return handler


def _empty_list(call: Call) -> Answer:
    vaults.vault_id(call)
    return vaults.listing(call, ())


# -- network mappings and replicated items ---------------------------------------------------


def _network_mappings(call: Call) -> Answer:
    # ARM: unlike protection container mappings, this list keeps to its path (az CLI, 2023).
    scope = f"{vaults.fabric(call)['id']}/replicationNetworks/{call.params['network']}"
    return vaults.listing(call, call.estate.under(scope, MAPPING_TYPE))


def item_text(call: Call, item: Json) -> str:
    """Return a replicated item as GET and list show it: with the job that runs on it, if any."""
    operation = call.estate.running_on(item["id"])
    if operation is None:
        return call.estate.text(item["id"])
    # invented: current-scenario
    scenario = {
        "scenarioName": operation.job["scenarioName"],
        "jobId": jobs.job_id(operation),
        "startTime": moments.trimmed(operation.started),
    }
    return _dumps({**item, "properties": {**properties_of(item), "currentScenario": scenario}})


def provider_details(item: Json) -> Json:
    """Return the part of a replicated item that only Azure-to-Azure replication has."""
    found = properties_of(item).get("providerSpecificDetails")
    return found if isinstance(found, dict) else {}


_ITEM_FILTERS: dict[str, Callable[[Json], object]] = {
    "sourcefabricname": lambda item: item["id"].split("/")[10],
    "sourcefabriclocation": lambda item: properties_of(item).get("primaryFabricFriendlyName"),
    "instancetype": lambda item: provider_details(item).get("instanceType"),
}


def _items(call: Call, rows: Sequence[Json]) -> Answer:
    for term in odata.terms(call.query.get("$filter", ""), set(_ITEM_FILTERS)):
        rows = [row for row in rows if term.fits(str(_ITEM_FILTERS[term.name](row)))]
    return vaults.listing(call, rows, lambda row: item_text(call, row))


def _vault_items(call: Call) -> Answer:
    return _items(call, call.estate.under(vaults.vault_id(call), ITEM_TYPE))


def _container_items(call: Call) -> Answer:
    container = vaults.found(call, _container_id(call))
    return _items(call, call.estate.under(container["id"], ITEM_TYPE))


def find_item(call: Call) -> Json:
    """Return the replicated item that the route names; raises ArmError 404."""
    path = f"{_container_id(call)}/replicationProtectedItems/{call.params['item']}"
    return vaults.found(call, path)


def _item(call: Call) -> Answer:
    text = item_text(call, find_item(call))
    return Answer(text=text, request_ids=vaults.object_request_id(call))


def _not_played(call: Call) -> Answer:
    raise ArmError(
        405,
        "MethodNotAllowed",
        f"SANDBOX: {call.method} .../{ids.last_name(call.path)} is not played. The sandbox plays "
        "enabling replication, network mappings and the network settings of replicated items; no "
        "failover, reprotect or disable.",
    )


# -- jobs and operations ---------------------------------------------------------------------


def _jobs(call: Call) -> Answer:
    return jobs.listing(call, vaults.vault_id(call))


def _job(call: Call) -> Answer:
    job = jobs.find(call, vaults.vault_id(call), call.params["job"])
    if job is None:
        raise vaults.missing(call, call.params["job"])
    # ARM: x-ms-request-id is the job's id (Azure PowerShell recording, 2022).
    return Answer(body=job, request_ids=(job["id"],))


def _status(call: Call) -> Answer:
    operation = vaults.followed(call)
    # invented: status-without-retry-after
    return Answer(body=status_body(operation), request_ids=(jobs.job_id(operation),))


def _result(call: Call) -> Answer:
    # invented: operation-results
    operation = vaults.followed(call)
    if operation.state == RUNNING:
        return Answer(
            status=202,
            text="",
            headers=(
                ("Location", call.request.url),
                ("Retry-After", str(call.options.retry_after)),
            ),
        )
    if operation.state == FAILED and operation.fault is not None:
        raise vaults.refusal(call, 400, "BadRequest", operation.fault)
    resource = call.estate.get(operation.target)
    if resource is None:
        return Answer(status=204, text="")
    return Answer(text=call.estate.text(resource["id"]))


_CONTAINER_PATH = "replicationFabrics/{fabric}/replicationProtectionContainers/{container}"
_NETWORK = FABRIC + "/replicationnetworks/{network}/replicationnetworkmappings"
_NETWORK_PATH = (
    "replicationFabrics/{fabric}/replicationNetworks/{network}/replicationNetworkMappings"
)
_ITEM = CONTAINER + "/replicationprotecteditems/{item}"

ROUTES = (
    Route("GET", VAULT + "/replicationfabrics", _fabrics),
    Route("GET", FABRIC, _fabric),
    Route("GET", VAULT + "/replicationprotectioncontainers", _vault_list(implied.CONTAINER_TYPE)),
    Route("GET", FABRIC + "/replicationprotectioncontainers", _fabric_list(implied.CONTAINER_TYPE)),
    Route("GET", CONTAINER, _object(_CONTAINER_PATH)),
    Route(
        "GET",
        VAULT + "/replicationprotectioncontainermappings",
        _vault_list(CONTAINER_MAPPING_TYPE),
    ),
    Route("GET", CONTAINER + "/replicationprotectioncontainermappings", _container_mappings),
    Route(
        "GET",
        CONTAINER + "/replicationprotectioncontainermappings/{mapping}",
        _object(_CONTAINER_PATH + "/replicationProtectionContainerMappings/{mapping}"),
    ),
    Route("GET", VAULT + "/replicationpolicies", _vault_list(POLICY_TYPE)),
    Route("GET", VAULT + "/replicationpolicies/{policy}", _object("replicationPolicies/{policy}")),
    Route("GET", VAULT + "/replicationnetworkmappings", _vault_list(MAPPING_TYPE)),
    Route("GET", _NETWORK, _network_mappings),
    Route("GET", _NETWORK + "/{mapping}", _object(_NETWORK_PATH + "/{mapping}")),
    Route("GET", VAULT + "/replicationprotecteditems", _vault_items),
    Route("GET", CONTAINER + "/replicationprotecteditems", _container_items),
    Route("GET", _ITEM, _item),
    Route("POST", _ITEM + "/{action}", _not_played),
    Route("GET", VAULT + "/replicationjobs", _jobs),
    Route("GET", VAULT + "/replicationjobs/{job}", _job),
    Route("GET", VAULT + "/replicationoperationstatus/{operation}", _status),
    Route("GET", FABRIC + "/operationresults/{operation}", _result),
    Route("GET", _NETWORK + "/{mapping}/operationresults/{operation}", _result),
    Route("GET", _ITEM + "/operationresults/{operation}", _result),
    Route("GET", CONTAINER + "/operationresults/{operation}", _result),
    Route(
        "GET",
        CONTAINER
        + "/replicationprotectioncontainermappings/{mapping}/operationresults/{operation}",
        _result,
    ),
    Route("GET", VAULT + "/replicationpolicies/{policy}/operationresults/{operation}", _result),
    *(Route("GET", f"{VAULT}/{name.lower()}", _empty_list) for name in _ALWAYS_EMPTY),
)
