"""The recorded requests that enabled replication, beside those of our own plan for the same VM.

The estate is made of what the recording shows before the request; what nothing shows before it
(the VM's NIC, or all of it) is taken from the replicated item that came of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from asr_netmap import api
from asr_netmap.clock import VirtualClock
from asr_netmap.gateway.connection import connect_sandbox
from asr_netmap.planning.change import Kind
from asr_netmap.sandbox import Estate, MemorySandbox, ids, implied
from asr_netmap.settings import from_document

from .recordings import Exchange, Json, Recording
from .same_state import bare, derived_machine, derived_nic, details_of

_ITEMS = "/replicationprotecteditems/"
_OF_CONTAINERS = "replicationProtectionContainerMappings"


@dataclass(frozen=True)
class Enabled:
    """A recorded request that enabled replication, and the item that came of it."""

    recording: Recording
    exchange: Exchange
    item: Json

    @property
    def sent(self) -> Json:
        """The whole recorded body."""
        body: Json = self.exchange.sent
        return body

    @property
    def details(self) -> Json:
        """What of it is about Azure to Azure."""
        details: Json = self.sent["properties"]["providerSpecificDetails"]
        return details


def enabled_in(recording: Recording) -> Iterator[Enabled]:
    """The requests that enabled replication in a recording."""
    for number, exchange in enumerate(recording.exchanges):
        if exchange.method == "PUT" and _ITEMS in exchange.key:
            later = (r for e in recording.exchanges[number:] if e.read for r in e.resources())
            same = [r for r in later if ids.key(r["id"]) == exchange.key and nics_of(r)]
            yield Enabled(recording, exchange, same[0])


def nics_of(item: Json) -> list[Json]:
    """The NICs of a recorded item."""
    return list(details_of(item).get("vmNics") or ())


def estate_before(enabled: Enabled) -> Estate:
    """What there was when the request was sent."""
    exchanges = enabled.recording.exchanges
    before = exchanges[: exchanges.index(enabled.exchange)]
    shown = [r for e in before if e.read and e.status == 200 for r in e.resources()]
    estate = Estate()
    for resource in (*derived(enabled), *shown):
        # A list's row says less than the object, and jobs and operations are none of its objects.
        if "id" in resource and "/replicationjobs/" not in ids.key(resource["id"]):
            estate.put(resource)
    return estate


def derived(enabled: Enabled) -> Iterator[Json]:
    """What nothing shows before the request, as the item tells it."""
    details, item = enabled.details, details_of(enabled.item)
    source, target = item["primaryFabricLocation"], item["recoveryFabricLocation"]
    container = enabled.exchange.path.split("/replicationProtectedItems/")[0]
    container = "/Subscriptions/" + container.split("/", 2)[2]
    other = details["recoveryContainerId"]
    for each, region in ((container, source), (other, target)):
        fabric = each.split("/replicationProtectionContainers/")[0]
        yield implied.fabric(fabric, region)
        yield implied.container(each, region)
    policy = enabled.sent["properties"]["policyId"]
    yield bare(policy, properties={"providerSpecificDetails": {"instanceType": "A2A"}})
    for start, end in ((container, other), (other, container)):
        yield bare(
            f"{start}/{_OF_CONTAINERS}/derived",
            properties={
                "targetProtectionContainerId": end,
                "policyId": policy,
                "providerSpecificDetails": {"instanceType": "A2A"},
            },
        )
    vault = container.split("/replicationFabrics/")[0]
    yield bare(f"/subscriptions/{vault.split('/', 2)[2]}", location=target)
    yield derived_machine(details, item, source)
    (nic,) = nics_of(enabled.item)
    yield derived_nic(nic, source)
    (config,) = nic["ipConfigs"]
    yield network(nic["vMNetworkName"], source, config["subnetName"])
    yield network(nic["recoveryVMNetworkId"], target, config["recoverySubnetName"])
    cache = details["vmManagedDisks"][0]["primaryStagingAzureStorageAccountId"]
    yield bare(cache, location=source)
    group = details["recoveryResourceGroupId"].split("/")
    yield implied.resource_group(group[2], group[4], target)


def network(identifier: str, region: str, subnet: str) -> Json:
    """A network with one subnet."""
    subnets = [{"name": subnet, "properties": {"addressPrefix": "10.0.0.0/24"}}]
    space = {"addressPrefixes": ["10.0.0.0/16"]}
    properties = {"addressSpace": space, "subnets": subnets}
    return bare(identifier, location=region, properties=properties)


def our_request(enabled: Enabled) -> Json:
    """The body that our own plan for the same VM sends."""
    details, item = enabled.details, details_of(enabled.item)
    vault = enabled.exchange.path.split("/replicationFabrics/")[0].split("/")
    disk = details["vmManagedDisks"][0]
    settings = from_document(
        {
            "version": 1,
            "vault": {"subscription": vault[2], "resource_group": vault[4], "name": vault[8]},
            "source_region": item["primaryFabricLocation"],
            "target_region": item["recoveryFabricLocation"],
            "protect": {
                "vms": [details["fabricObjectId"]],
                "cache_storage": disk["primaryStagingAzureStorageAccountId"],
                "target_network": nics_of(enabled.item)[0]["recoveryVMNetworkId"],
                "target_resource_group": ids.last_name(details["recoveryResourceGroupId"]),
            },
        }
    )
    sandbox = MemorySandbox(estate_before(enabled))
    with connect_sandbox(sandbox.handle, clock=VirtualClock(), workers=1) as azure:
        plan = api.plan(azure, settings)
        assert not plan.errors, plan.errors
        assert [c.kind for c in plan.changes].count(Kind.REPLICATION) == 1
        result = api.apply(azure, plan)
    assert result.applied == len(plan.changes), result.outcomes
    writes = [w for w in sandbox.engine.accepted_writes if _ITEMS in w.path.lower()]
    assert [write.method for write in writes] == ["PUT"], "enabled once"
    body: Json = writes[0].json()
    return body


def fields_of(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of a body with its place; an empty list or object is one, too."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from fields_of(inner, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from fields_of(inner, f"{place}[{number}]")
    else:
        yield place, value


_P, _D = "properties.providerSpecificDetails", "properties.providerSpecificDetails.vmManagedDisks"

# Fields that only one side sends, and why. A field that both send has to be equal, and an id is
# equal in another casing.
ONLY_RECORDED = {
    f"{_P}.vmDisks": "unmanaged disks, of which there are none; az CLI leaves it out, too",
    f"{_D}[0].recoveryReplicaDiskAccountType": "the source's own, which is taken without it (az)",
    f"{_D}[0].recoveryTargetDiskAccountType": "the source's own, which is taken without it (az)",
}
ONLY_OURS = {
    f"{_P}.recoveryAzureNetworkId": "PowerShell left it to the network mapping, as az CLI did not",
    f"{_P}.recoverySubnetName": "the same: it goes with the network",
}


@pytest.fixture
def every(recorded: tuple[Recording, ...]) -> list[Enabled]:
    return [each for recording in recorded for each in enabled_in(recording)]


def by_name(every: list[Enabled], name: str) -> Enabled:
    found = [each for each in every if each.recording.name == name]
    if not found:
        pytest.skip(f"{name} is not among the recordings")
    return found[0]


def test_az_clis_request_is_ours_field_by_field(every: list[Enabled]) -> None:
    enabled = by_name(every, "A2A.yaml")
    assert dict(fields_of(our_request(enabled))) == dict(fields_of(enabled.sent))


def test_powershells_request_differs_in_what_is_listed_alone(every: list[Enabled]) -> None:
    enabled = by_name(every, "powershell_nic_config.json")
    ours, theirs = dict(fields_of(our_request(enabled))), dict(fields_of(enabled.sent))
    assert set(theirs) - set(ours) == set(ONLY_RECORDED)
    assert set(ours) - set(theirs) == set(ONLY_OURS)
    shared = set(ours) & set(theirs)
    assert {place: ours[place] for place in shared} == {place: theirs[place] for place in shared}


def test_what_it_stands_on_is_made_by_the_recorded_requests(every: list[Enabled]) -> None:
    """Protection containers, their mappings and the fabrics, from a vault that has none."""
    enabled = by_name(every, "A2A.yaml")
    wanted = {
        kind: exchange.sent
        for exchange in enabled.recording.exchanges
        for kind in (
            "replicationfabrics",
            "replicationprotectioncontainers",
            _OF_CONTAINERS.lower(),
        )
        if exchange.method == "PUT" and exchange.key.split("/")[-2] == kind
    }
    sent = made_from_nothing(enabled)
    assert shape(sent["replicationfabrics"]) == shape(wanted["replicationfabrics"])
    containers = "replicationprotectioncontainers"
    assert sent[containers] == wanted[containers]
    pairing = _OF_CONTAINERS.lower()
    assert shape(sent[pairing]) == shape(wanted[pairing])
    policy = sent["replicationpolicies"]["properties"]["providerSpecificInput"]
    assert (policy["instanceType"], policy["multiVmSyncStatus"]) == ("A2A", "Enable")


def shape(body: Json) -> dict[str, Any]:
    """A body's fields, with ids cut to their types."""
    return {
        place: value.lower().split("/")[1::2] if str(value).startswith("/") else place
        for place, value in fields_of(body)
    }


def made_from_nothing(enabled: Enabled) -> dict[str, Json]:
    """What is sent, by kind of object, where the vault has no fabric yet."""
    estate = estate_before(enabled)
    document = estate.to_document()
    document["resources"] = [
        row for row in document["resources"] if "/replication" not in ids.key(row["id"])
    ]
    details, item = enabled.details, details_of(enabled.item)
    vault = enabled.exchange.path.split("/replicationFabrics/")[0].split("/")
    settings = from_document(
        {
            "version": 1,
            "vault": {"subscription": vault[2], "resource_group": vault[4], "name": vault[8]},
            "source_region": item["primaryFabricLocation"],
            "target_region": item["recoveryFabricLocation"],
            "protect": {
                "vms": [ids.last_name(details["fabricObjectId"])],
                "cache_storage": details["vmManagedDisks"][0][
                    "primaryStagingAzureStorageAccountId"
                ],
                "create_missing": True,
                "target_network": nics_of(enabled.item)[0]["recoveryVMNetworkId"],
            },
        }
    )
    sandbox = MemorySandbox(Estate.from_document(document))
    with connect_sandbox(sandbox.handle, clock=VirtualClock(), workers=1) as azure:
        plan = api.plan(azure, settings)
        result = api.apply(azure, plan)
    assert result.applied == len(plan.changes), result.outcomes
    return {
        write.path.lower().split("/")[-2]: write.json()
        for write in sandbox.engine.accepted_writes
        if write.method == "PUT"
    }
