"""What every ARM client asks first: tenants, subscriptions, regions, groups, providers; and the
plain reads of resource types that the sandbox keeps but does not interpret."""

from __future__ import annotations

import json
from collections.abc import Callable

from asr_netmap.sandbox import choosing, conditions, ids, implied, odata, regions
from asr_netmap.sandbox.call import Answer, Call, Handler, paged
from asr_netmap.sandbox.errors import ArmError, group_not_found, resource_not_found
from asr_netmap.sandbox.estate import Json
from asr_netmap.sandbox.routing import Route
from asr_netmap.sandbox.tokens import TENANT

GROUP_TYPE = "Microsoft.Resources/resourceGroups"
SUBSCRIPTION_TYPE = "Microsoft.Resources/subscriptions"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = _SUBSCRIPTION + "/resourcegroups/{group}"
_PROVIDERS = (
    "Microsoft.Authorization",
    "Microsoft.Compute",
    "Microsoft.Network",
    "Microsoft.RecoveryServices",
    "Microsoft.Resources",
    "Microsoft.Storage",
)


# -- tenants, subscriptions, regions, providers ----------------------------------------------


def _tenants(call: Call) -> Answer:
    row = {
        "id": f"/tenants/{TENANT}",
        "tenantId": TENANT,
        "displayName": "asr-netmap SANDBOX",
        "defaultDomain": "sandbox.asr-netmap.invalid",
        "tenantType": "AAD",
    }
    return Answer(body={"value": [row]})


def _subscription_row(call: Call, subscription: str) -> Json:
    # invented: subscription-names
    known = call.estate.get(f"/subscriptions/{subscription}") or {}
    return {
        "id": f"/subscriptions/{subscription}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription,
        "tenantId": TENANT,
        "displayName": known.get("displayName", f"SANDBOX {subscription}"),
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def _subscriptions(call: Call) -> Answer:
    rows = [_subscription_row(call, subscription) for subscription in call.estate.subscriptions()]
    return Answer(body={"value": rows, "count": {"type": "Total", "value": len(rows)}})


def _subscription(call: Call) -> Answer:
    return Answer(body=_subscription_row(call, call.params["subscription"].lower()))


def _locations(call: Call) -> Answer:
    rows = [
        {
            "id": f"{call.subscription_scope}/locations/{name}",
            "name": name,
            "type": "Region",
            "displayName": shown,
            "regionalDisplayName": shown,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        }
        for name, shown in regions.DISPLAY_NAMES.items()
    ]
    return Answer(body={"value": rows})


def _provider_row(call: Call, namespace: str) -> Json:
    missing = conditions.unregistered(call.estate, namespace)
    return {
        "id": f"{call.subscription_scope}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "NotRegistered" if missing else "Registered",
        "resourceTypes": [],
    }


def _providers(call: Call) -> Answer:
    return Answer(body={"value": [_provider_row(call, name) for name in _PROVIDERS]})


def _known_provider(call: Call) -> str:
    wanted = call.params["namespace"].lower()
    for name in _PROVIDERS:
        if name.lower() == wanted:
            return name
    raise ArmError(
        404,
        "InvalidResourceNamespace",
        f"The resource namespace '{call.params['namespace']}' is invalid.",
    )


def _provider(call: Call) -> Answer:
    return Answer(body=_provider_row(call, _known_provider(call)))


def _register(call: Call) -> Answer:
    # invented: registration-at-once
    namespace = _known_provider(call)
    conditions.register(call.estate, namespace)
    return Answer(body=_provider_row(call, namespace), accepted=True)


# -- resource groups -------------------------------------------------------------------------


def _groups(call: Call) -> Answer:
    rows = call.estate.under(call.subscription_scope, GROUP_TYPE)
    page, link = paged(call, rows, lambda row: ids.key(row["id"]))
    body: Json = {"value": list(page)}
    if link:
        body["nextLink"] = link
    return Answer(body=body)


def _group(call: Call) -> Answer:
    found = call.estate.get(call.group_scope)
    if found is None:
        raise group_not_found(call.params["group"])
    return Answer(body=found)


def _group_exists(call: Call) -> Answer:
    # ARM: 204 or 404, without a body (Microsoft Learn, Resource Groups - Check Existence).
    return Answer(status=204 if call.estate.get(call.group_scope) else 404)


def _put_group(call: Call) -> Answer:
    body = call.json()
    location = body.get("location")
    if not isinstance(location, str) or not location:
        raise location_required()
    existing = call.estate.get(call.group_scope)
    region = regions.short_name(location)
    if existing is not None and regions.short_name(existing.get("location") or region) != region:
        raise ArmError(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{region}'. The Resource group already exists in "
            f"location '{existing['location']}'.",
        )
    name = existing["name"] if existing and "name" in existing else call.params["group"]
    group = implied.resource_group(call.params["subscription"], name, region)
    if isinstance(body.get("tags"), dict):
        group["tags"] = body["tags"]
    call.estate.put(group)
    return Answer(status=200 if existing else 201, body=group, accepted=True)


def location_required() -> ArmError:
    """ARM: 400 of a PUT without a location (Microsoft Learn, common deployment errors)."""
    return ArmError(
        400, "LocationRequired", "The location property is required for this definition."
    )


# -- resources kept as they are --------------------------------------------------------------


def _resources(call: Call) -> Answer:
    terms = odata.terms(call.query.get("$filter", ""), {"resourcetype", "name", "location"})
    rows: list[Json] = [
        {key: row[key] for key in ("id", "name", "type", "location", "tags") if key in row}
        for kind in _TOP_LEVEL_TYPES
        for row in call.estate.under(call.subscription_scope, kind)
    ]
    fields = {"resourcetype": "type", "name": "name", "location": "location"}
    for term in terms:
        rows = [row for row in rows if term.fits(str(row.get(fields[term.name], "")))]
    page, link = paged(call, rows, lambda row: ids.key(row["id"]))
    return Answer(body={"value": list(page), **({"nextLink": link} if link else {})})


NETWORK_TYPES = (
    "virtualNetworks",
    "networkInterfaces",
    "networkSecurityGroups",
    "routeTables",
    "natGateways",
    "publicIPAddresses",
    "loadBalancers",
    "privateDnsZones",
)
MACHINE_TYPE = "Microsoft.Compute/virtualMachines"
_TOP_LEVEL_TYPES = (
    MACHINE_TYPE,
    *(f"Microsoft.Network/{name}" for name in NETWORK_TYPES),
    "Microsoft.RecoveryServices/vaults",
    "Microsoft.Storage/storageAccounts",
)


def reads(
    resource_type: str, text_of: Callable[[Call, Json], str] | None = None
) -> tuple[Route, ...]:
    """Return the routes of a top-level type: list by subscription, list by group, get.

    ARM: lists of Microsoft.Network and Microsoft.Compute have no nextLink key on the last page
    (az CLI traffic, 2023).
    """
    shown = text_of or _kept_text
    suffix = f"/providers/{resource_type.lower()}"
    return (
        Route("GET", _SUBSCRIPTION + suffix, _lister(resource_type, shown, in_group=False)),
        Route("GET", _GROUP + suffix, _lister(resource_type, shown, in_group=True)),
        Route("GET", _GROUP + suffix + "/{name}", _getter(resource_type, shown)),
    )


def find(call: Call, resource_type: str) -> Json:
    """Return the top-level resource that the route names; raises ArmError 404."""
    name = call.params["name"]
    found = call.estate.get(f"{call.group_scope}/providers/{resource_type}/{name}")
    if found is None:
        raise resource_not_found(resource_type, (name,), call.params["group"])
    return found


def _kept_text(call: Call, resource: Json) -> str:
    return call.estate.text(resource["id"])


def _machine_text(call: Call, machine: Json) -> str:
    """With its instance view where `statusOnly=true` or `$expand=instanceView` asks for it.

    ARM: a list with `statusOnly=true` has the run time status of the machines (Microsoft Learn,
    Virtual Machines - List All).
    """
    properties = dict(machine.get("properties") or {})
    view = properties.pop("instanceView", None)
    status = call.query.get("statusonly", "").lower() == "true"
    if not status and call.query.get("$expand", "").lower() != "instanceview":
        return _kept_text(call, machine) if view is None else _dumps(machine, properties)
    state = choosing.power_state(machine)
    view = view or {
        "statuses": [
            {
                "code": f"PowerState/{state}",
                "level": "Info",
                "displayStatus": f"VM {state}",
            }
        ]
    }
    if status:
        # invented: status-only-fields
        properties = {"provisioningState": properties.get("provisioningState", "Succeeded")}
    return _dumps(machine, {**properties, "instanceView": view})


def _dumps(machine: Json, properties: Json) -> str:
    return json.dumps({**machine, "properties": properties}, separators=(",", ":"))


def _lister(resource_type: str, shown: Callable[[Call, Json], str], *, in_group: bool) -> Handler:
    def handler(call: Call) -> Answer:
        scope = call.group_scope if in_group else call.subscription_scope
        rows = call.estate.under(scope, resource_type)
        page, link = paged(call, rows, lambda row: ids.key(row["id"]))
        text = '{"value": [' + ", ".join(shown(call, row) for row in page) + "]"
        if link:
            text += f', "nextLink": "{link}"'
        return Answer(text=text + "}")

    return handler


def _getter(resource_type: str, shown: Callable[[Call, Json], str]) -> Handler:
    def handler(call: Call) -> Answer:
        resource = find(call, resource_type)
        # ARM: Microsoft.Network repeats a body's etag as a header, a vault's answer does not
        # (az CLI traffic, January and August 2023).
        etag = resource.get("etag") if resource_type.startswith("Microsoft.Network/") else None
        headers = (("ETag", str(etag)),) if etag else ()
        return Answer(text=shown(call, resource), headers=headers)

    return handler


# -- cloud metadata --------------------------------------------------------------------------


def cloud_metadata(base: str, api_version: str) -> object:
    """Return the description of a cloud that consists of this sandbox alone.

    ARM: a list of clouds since api-version 2019-05-01, one object before (Microsoft Learn,
    metadata endpoints).
    """
    authentication = {
        "loginEndpoint": base,
        "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
        "tenant": "common",
        "identityProvider": "AAD",
    }
    if api_version < "2019-05-01":
        return {
            "portalEndpoint": base,
            "galleryEndpoint": base,
            "graphEndpoint": base,
            "authentication": authentication,
        }
    return [
        {
            "name": "AsrNetmapSandbox",
            "portal": base,
            "authentication": authentication,
            "resourceManager": base,
            "graph": base,
            "graphAudience": base,
            "suffixes": {},
        }
    ]


ROUTES = (
    Route("GET", "/tenants", _tenants),
    Route("GET", "/subscriptions", _subscriptions),
    Route("GET", _SUBSCRIPTION, _subscription),
    Route("GET", _SUBSCRIPTION + "/locations", _locations),
    Route("GET", _SUBSCRIPTION + "/providers", _providers),
    Route("GET", _SUBSCRIPTION + "/providers/{namespace}", _provider),
    Route("POST", _SUBSCRIPTION + "/providers/{namespace}/register", _register),
    Route("GET", _SUBSCRIPTION + "/resources", _resources),
    Route("GET", _SUBSCRIPTION + "/resourcegroups", _groups),
    Route("GET", _GROUP, _group),
    Route("HEAD", _GROUP, _group_exists),
    Route("PUT", _GROUP, _put_group),
    *reads(MACHINE_TYPE, _machine_text),
    *reads("Microsoft.Storage/storageAccounts"),
    *(route for name in NETWORK_TYPES[1:] for route in reads(f"Microsoft.Network/{name}")),
    *reads("Microsoft.RecoveryServices/vaults"),
)
