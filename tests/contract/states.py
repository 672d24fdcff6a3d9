"""The demo estate in the states that a year of use brings about, and all that can be read of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from azure.mgmt.network import models as network
from azure.mgmt.recoveryservicessiterecovery import models as recovery

from asr_netmap import api
from asr_netmap.clock import VirtualClock
from asr_netmap.gateway.connection import connect_sandbox
from asr_netmap.sandbox import (
    Estate,
    MemorySandbox,
    Options,
    Request,
    demo_estate,
    sandbox_token,
)

from .recordings import Json

VAULT_NAME = "11111111-2222-3333-4444-555555555555/rg-vault/vault-dr"
_BASE = "https://management.azure.com"
_S = "/subscriptions/11111111-2222-3333-4444-555555555555"
_V = f"{_S}/resourceGroups/rg-vault/providers/Microsoft.RecoveryServices/vaults/vault-dr"
_VERSION = "2026-03-01"


@dataclass
class Place:
    """A sandbox with its clock, and the public API on it."""

    sandbox: MemorySandbox
    clock: VirtualClock

    def get(self, path: str) -> Any:
        """The JSON of a GET that must succeed."""
        mark = "&" if "?" in path else "?"
        url = f"{_BASE}{path}{mark}api-version={_VERSION}"
        now = self.clock.now()
        headers = {"Authorization": f"Bearer {sandbox_token(now, _BASE)}"}
        answer = self.sandbox.handle(Request("GET", url, headers), now, Random(0))
        assert answer.status == 200, (path, answer.body)
        return json.loads(answer.body)


def place(estate: Estate | None = None, **options: Any) -> Place:
    """A sandbox of the demo estate, unless another is given."""
    clock = VirtualClock()
    return Place(MemorySandbox(estate or demo_estate(), Options(**options)), clock)


def applied(here: Place) -> api.Result:
    """Plan and apply everything, as declared by default."""
    declared = api.settings_for_vault(VAULT_NAME, "eastasia", "southeastasia")
    with connect_sandbox(here.sandbox.handle, clock=here.clock, workers=1) as azure:
        return api.apply(azure, api.plan(azure, declared), limits=api.Limits(workers=1))


def _as_it_is() -> Place:
    return place()


def _after_applying() -> Place:
    here = place()
    applied(here)
    return here


def _while_jobs_run() -> Place:
    """A mapping's PUT and an item's PATCH, accepted, none of them done."""
    here = place(operation_seconds=60)
    item = _items(here.sandbox.engine.estate)[0]["id"]
    for method, path, body in (
        ("PUT", f"{_fabric(here)}/replicationNetworks/azureNetwork{_MAPPING}", _mapping_body(here)),
        ("PATCH", item, {"properties": {}}),
    ):
        _write(here, method, path, body)
    here.clock.sleep(5)
    return here


def _after_a_failed_job() -> Place:
    here = place()
    body = _mapping_body(here)
    body["properties"]["recoveryNetworkId"] += "-gone"
    path = f"{_fabric(here)}/replicationNetworks/azureNetwork{_MAPPING}"
    _write(here, "PUT", path, body)
    return here


def _with(change: Callable[[Json], None]) -> Callable[[], Place]:
    """The estate with its replicated items as the service shows them in another state."""

    def made() -> Place:
        estate = demo_estate()
        for item in _items(estate):
            other = copy.deepcopy(item)
            change(other["properties"])
            estate.put(other)
        return place(estate)

    return made


def _test_failover(properties: Json) -> None:
    properties["testFailoverState"] = "WaitingForUserAction"
    properties["testFailoverStateDescription"] = "Waiting for user action"
    properties["lastSuccessfulTestFailoverTime"] = "2026-01-16T09:12:34.1234567Z"
    properties["allowedOperations"] = ["TestFailoverCleanup"]


def _failed_over(properties: Json) -> None:
    properties["activeLocation"] = "Recovery"
    properties["protectionState"] = "UnplannedFailoverCompleted"
    properties["protectionStateDescription"] = "Unplanned failover completed"
    properties["allowedOperations"] = ["Commit", "DisableProtection", "ChangePit"]


def _reversed(properties: Json) -> None:
    """As recorded between a reprotect and Protected (az CLI traffic, 2023)."""
    properties["protectionState"] = "InitialReplicationInProgress"
    properties["protectionStateDescription"] = "Initial replication is in progress"
    properties["allowedOperations"] = ["DisableProtection"]
    details = properties["providerSpecificDetails"]
    regions = details["primaryFabricLocation"], details["recoveryFabricLocation"]
    details["recoveryFabricLocation"], details["primaryFabricLocation"] = regions
    details.update(selectedRecoveryAzureNetworkId=None, vmProtectionState="UnprotectedStatesBegin")
    for nic in details["vmNics"]:
        nic["sourceNicArmId"] = nic["sourceNicArmId"].lower()
        back = nic["vMNetworkName"]
        nic.update(vMNetworkName=None, recoveryVMNetworkId=back, selectionType="NotSelected")
        for config in nic["ipConfigs"]:
            config.update(recoverySubnetName=config["subnetName"], subnetName=None)
            config.update(name=None, staticIPAddress=None, recoveryLBBackendAddressPoolIds=[])


STATES: dict[str, Callable[[], Place]] = {
    "as it is": _as_it_is,
    "after applying": _after_applying,
    "while jobs run": _while_jobs_run,
    "after a failed job": _after_a_failed_job,
    "test failover": _with(_test_failover),
    "failed over": _with(_failed_over),
    "reversed": _with(_reversed),
}

_MAPPING = "/replicationNetworkMappings/contract"


def _write(here: Place, method: str, path: str, body: Json) -> None:
    now = here.clock.now()
    headers = {"Authorization": f"Bearer {sandbox_token(now, _BASE)}"}
    url = f"{_BASE}{path}?api-version={_VERSION}"
    request = Request(method, url, headers, json.dumps(body).encode())
    answer = here.sandbox.handle(request, now, Random(0))
    assert answer.status == 202, answer.body


def _fabric(here: Place) -> str:
    return str(here.get(f"{_V}/replicationFabrics")["value"][0]["id"])


def _mapping_body(here: Place) -> Json:
    fabrics = here.get(f"{_V}/replicationFabrics")["value"]
    networks = {n["name"]: n["id"] for n in here.get(_networks_path())["value"]}
    details = {"instanceType": "AzureToAzure", "primaryNetworkId": networks["vnet-web"]}
    properties = {
        "recoveryFabricName": fabrics[1]["name"],
        "recoveryNetworkId": networks["vnet-web-asr"],
        "fabricSpecificDetails": details,
    }
    return {"properties": properties}


def _networks_path() -> str:
    return f"{_S}/providers/Microsoft.Network/virtualNetworks"


def _items(estate: Estate) -> list[Json]:
    return [
        r for r in estate.to_document()["resources"] if "/replicationProtectedItems/" in r["id"]
    ]


# All that can be read, and the models of it.


_VAULT_LISTS: dict[str, type[Any]] = {
    "replicationFabrics": recovery.Fabric,
    "replicationProtectionContainers": recovery.ProtectionContainer,
    "replicationProtectionContainerMappings": recovery.ProtectionContainerMapping,
    "replicationPolicies": recovery.Policy,
    "replicationNetworkMappings": recovery.NetworkMapping,
    "replicationProtectedItems": recovery.ReplicationProtectedItem,
    "replicationJobs": recovery.Job,
}
_NETWORK_LISTS: dict[str, type[Any]] = {
    "virtualNetworks": network.VirtualNetwork,
    "networkInterfaces": network.NetworkInterface,
    "networkSecurityGroups": network.NetworkSecurityGroup,
    "routeTables": network.RouteTable,
    "natGateways": network.NatGateway,
    "publicIPAddresses": network.PublicIPAddress,
    "loadBalancers": network.LoadBalancer,
}
MODELS: dict[str, type[Any]] = {
    kind.lower(): model for kind, model in (*_VAULT_LISTS.items(), *_NETWORK_LISTS.items())
}
"""The last type of an id, in lower case -> the model of what it names."""


@cache
def bodies_in(state: str) -> tuple[tuple[str, type[Any], Json], ...]:
    """Every object of the estate in one of its states; made once, to be looked at only."""
    return tuple(bodies(STATES[state]()))


def bodies(here: Place) -> Iterator[tuple[str, type[Any], Json]]:
    """Every object the sandbox shows, in lists and by itself: path, model, body."""
    for kind, model in _VAULT_LISTS.items():
        yield from _list_and_each(here, f"{_V}/{kind}", model)
    for kind, model in _NETWORK_LISTS.items():
        yield from _list_and_each(here, f"{_S}/providers/Microsoft.Network/{kind}", model)
    for row in here.get(f"{_V}/replicationFabrics")["value"]:
        for below in ("replicationProtectionContainers", "replicationNetworks/azureNetwork"):
            yield from _below(here, row["id"], below)
    for row in here.get(f"{_V}/replicationProtectionContainers")["value"]:
        for below in ("replicationProtectionContainerMappings", "replicationProtectedItems"):
            yield from _list_and_each(here, f"{row['id']}/{below}", _VAULT_LISTS[below])
    for row in here.get(_networks_path())["value"]:
        yield from _of_network(here, row["id"])


def _below(here: Place, fabric: str, path: str) -> Iterator[tuple[str, type[Any], Json]]:
    if path.endswith("azureNetwork"):
        path += "/replicationNetworkMappings"
    yield from _list_and_each(here, f"{fabric}/{path}", _VAULT_LISTS[path.rsplit("/", 1)[-1]])


def _of_network(here: Place, identifier: str) -> Iterator[tuple[str, type[Any], Json]]:
    yield from _list_and_each(here, f"{identifier}/subnets", network.Subnet)
    for row in here.get(f"{identifier}/usages")["value"]:
        yield f"{identifier}/usages", network.VirtualNetworkUsage, row
    first = here.get(f"{identifier}/subnets")["value"][0]["properties"]["addressPrefix"]
    for last in ("1", "4", "200"):
        address = f"{first.rsplit('.', 1)[0]}.{last}"
        path = f"{identifier}/CheckIPAddressAvailability?ipAddress={address}"
        yield path, network.IPAddressAvailabilityResult, here.get(path)


def _list_and_each(
    here: Place, path: str, model: type[Any]
) -> Iterator[tuple[str, type[Any], Json]]:
    for row in here.get(path)["value"]:
        yield path, model, row
        yield row["id"], model, here.get(row["id"])
