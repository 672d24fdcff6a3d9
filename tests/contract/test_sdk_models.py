"""The SDKs' models know every name that the sandbox answers with and that we send."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from azure.mgmt.network import models as network
from azure.mgmt.recoveryservicessiterecovery import models as recovery
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from asr_netmap.arm_id import ArmId
from asr_netmap.gateway.changing import WRITES, AzureGateway
from asr_netmap.gateway.nic_wire import (
    IP_CONFIG_FIELDS,
    ITEM_NETWORKS,
    NIC_FIELDS,
    WireName,
)
from asr_netmap.models import Inventory, ReplicatedItem, ReplicatedNic
from asr_netmap.planning.change import Action, Change, ItemState, Kind, MappingState, State
from asr_netmap.planning.gateway import Reading
from asr_netmap.planning.nic_setting import FIELDS, Level, Setting, value_to_json
from asr_netmap.sandbox import demo_estate, implied
from tests.builders import VAULT, network_id, plan_of, settings
from tests.gateway.scripted import Answer, Scripted, answer, scripted
from tests.planning.drawing import STATES as DRAWN
from tests.planning.drawing import VALUES, estates

from .conftest import Figure
from .recordings import Json, Recording
from .sdk_models import Loss, losses, write_faults
from .shapes import body_differences
from .states import MODELS, STATES, applied, bodies_in, place


@dataclass(frozen=True)
class Accepted:
    """A loss that is meant; `place` is a pattern."""

    model: str
    place: str
    what: str
    reason: str

    def covers(self, model: type[Any], loss: Loss) -> bool:
        """Whether a loss is the one that is meant."""
        place = self.place.replace("[]", "[[]]")
        return (
            fnmatchcase(model.__name__, self.model)
            and fnmatchcase(loss.place, place)
            and self.what == loss.what
        )


_NO_ZONE = "the service writes no zone where a time means never; the SDK makes it UTC"
ACCEPTED = (
    Accepted(
        *("*", "$.properties.*Time", "written anew"),
        "the service writes up to seven decimals, Python's times hold six",
    ),
    Accepted(*("ReplicationProtectedItem", "$.properties.*.agentExpiryDate", "changed"), _NO_ZONE),
    Accepted("Job", "$.properties.tasks[].startTime", "changed", _NO_ZONE),
    Accepted("Job", "$.properties.tasks[].endTime", "changed", _NO_ZONE),
)
OF_RECORDINGS_ALONE = (
    Accepted(
        *("ReplicationProtectedItem", "$.properties.*.lastHeartbeat", "written anew"),
        "as above; the demo estate's have no seventh decimal",
    ),
    Accepted(
        *("ReplicationProtectedItem", "$.properties.*.creationTimeUtc", "written anew"),
        "as above; the demo estate's have no seventh decimal",
    ),
    *(
        Accepted(
            *("Policy", f"$.properties.providerSpecificDetails.{name}", "unknown"),
            "of a scenario that is not played, in an api-version older than the model",
        )
        for name in ("status", "associatedItemsCount", "dataSourceType")
    ),
)


def unaccepted(
    model: type[Any], body: Json, used: set[Accepted], accepted: tuple[Accepted, ...] = ACCEPTED
) -> list[str]:
    """The losses that no row accepts; rows that accepted one are added to `used`."""
    found = []
    for loss in losses(model, body):
        covering = [each for each in accepted if each.covers(model, loss)]
        used.update(covering)
        if not covering:
            found.append(f"{model.__name__} {loss}")
    return found


def test_every_body_of_the_sandbox_goes_through_the_models_without_loss(
    figure: Figure,
) -> None:
    faults: Counter[str] = Counter()
    used: set[Accepted] = set()
    seen: set[tuple[str, str]] = set()
    checked = 0
    for name in STATES:
        for path, model, body in bodies_in(name):
            checked += 1
            same = (model.__name__, json.dumps(body))
            if same not in seen:
                seen.add(same)
                faults.update(f"{name}: {path}: {each}" for each in unaccepted(model, body, used))
    assert not faults, "\n".join(sorted(faults)[:60])
    assert checked > 800
    assert set(ACCEPTED) == used, "a loss that no longer occurs"
    figure(f"models: {checked} bodies of the sandbox in {len(STATES)} states, 0 names lost")


def test_each_state_of_the_estate_shows_what_it_is_for() -> None:
    """A state that nothing distinguishes would be checked in name only."""
    seen = {name: [(model.__name__, body) for _, model, body in bodies_in(name)] for name in STATES}

    def any_of(name: str, kind: str, holds: Callable[[Json], bool]) -> bool:
        return any(holds(body["properties"]) for model, body in seen[name] if model == kind)

    assert any_of("while jobs run", "Job", lambda p: p["state"] == "InProgress")
    assert any_of("after a failed job", "Job", lambda p: bool(p["errors"]))
    scenario = "UpdateVmProperties"
    assert any_of(
        *("while jobs run", "ReplicationProtectedItem"),
        lambda p: p["currentScenario"]["scenarioName"] == scenario,
    )
    for name, count in (("as it is", 1), ("after applying", 2)):
        found = {b["id"].lower() for model, b in seen[name] if model == "NetworkMapping"}
        assert len(found) >= count, name
    for name, field in (("test failover", "testFailoverState"), ("failed over", "activeLocation")):
        was = {b["properties"][field] for m, b in seen["as it is"] if m == _ITEM}
        now = {b["properties"][field] for m, b in seen[name] if m == _ITEM}
        assert was.isdisjoint(now), name
    nics = [
        n
        for m, b in seen["reversed"]
        if m == _ITEM
        for n in b["properties"]["providerSpecificDetails"]["vmNics"]
    ]
    assert {n["vMNetworkName"] for n in nics} == {None}


_ITEM = "ReplicationProtectedItem"


def test_the_reversed_state_is_shaped_like_the_recorded_one(
    recorded: tuple[Recording, ...],
) -> None:
    """Of the demo estate's items only: what a NIC has after a reprotect, and what is null."""
    looks = [r for recording in recorded for e in recording.exchanges for r in e.resources()]
    theirs = next(nics for nics in map(_reversing_nics, looks) if nics)[0]
    (ours, *_) = [n for _, m, b in bodies_in("reversed") for n in _reversing_nics(b)]
    # The recorded VM had a security group of its own.
    assert theirs.pop("recoveryNetworkSecurityGroupId")
    shape = {"missing", "extra", "order", "type", "null"}
    found = [each for each in body_differences(ours, theirs) if each.what in shape]
    assert [str(each) for each in found if "SecurityGroup" not in each.place] == []


def _reversing_nics(resource: Json) -> list[Json]:
    """The NICs of an item that replicates back and has not finished."""
    properties = resource.get("properties") or {}
    details = properties.get("providerSpecificDetails") or {}
    if properties.get("protectionState") != "InitialReplicationInProgress":
        return []
    return copy.deepcopy(details.get("vmNics") or [])


def test_recorded_bodies_go_through_the_models_with_the_same_losses(
    recorded: tuple[Recording, ...],
) -> None:
    used: set[Accepted] = set()
    faults = []
    checked: Counter[str] = Counter()
    for exchange in (e for recording in recorded for e in recording.exchanges):
        for body in exchange.resources():
            model = MODELS.get(body["id"].lower().split("/")[-2])
            if model is not None:
                checked[model.__name__] += 1
                accepted = (*ACCEPTED, *OF_RECORDINGS_ALONE)
                found = unaccepted(model, body, used, accepted)
                faults += [f"{exchange.where}: {each}" for each in found]
    assert not faults, "\n".join(faults)
    assert set(OF_RECORDINGS_ALONE) <= used
    assert {"Fabric", "NetworkMapping", _ITEM, "Job", "VirtualNetwork"} <= set(checked)


# What is sent.


WRITE_MODELS: dict[tuple[str, str], type[Any]] = {
    ("PUT", "replicationfabrics"): recovery.FabricCreationInput,
    ("PUT", "replicationnetworkmappings"): recovery.CreateNetworkMappingInput,
    ("PATCH", "replicationnetworkmappings"): recovery.UpdateNetworkMappingInput,
    ("PATCH", "replicationprotecteditems"): recovery.UpdateReplicationProtectedItemInput,
    ("PUT", "replicationprotectioncontainers"): recovery.CreateProtectionContainerInput,
    ("PUT", "replicationpolicies"): recovery.CreatePolicyInput,
    ("PUT", "replicationprotectioncontainermappings"): (
        recovery.CreateProtectionContainerMappingInput
    ),
    ("PUT", "replicationprotecteditems"): recovery.EnableProtectionInput,
    ("PUT", "virtualnetworks"): network.VirtualNetwork,
}
GROUP_NAMES = frozenset({"location", "tags"})
"""No package of ours has a model of resource groups (Microsoft Learn, Resource Groups - Create Or
Update)."""


def faults_of_write(method: str, path: str, body: Any) -> list[str]:
    """Names in a body that its write model doesn't know."""
    kind = path.lower().split("/")[-2]
    if (method, kind) == ("PUT", "resourcegroups"):
        return [f"{path}: unknown {name}" for name in body.keys() - GROUP_NAMES]
    if method == "DELETE":
        return [] if body is None else [f"{path}: a DELETE with a body"]
    model = WRITE_MODELS[method, kind]
    return [f"{path}: {model.__name__} {each}" for each in write_faults(model, body)]


def test_all_that_applying_the_demo_estate_sends_is_known_to_the_write_models() -> None:
    here = place()
    result = applied(here)
    assert result.failed == result.unknown == 0
    sent = here.sandbox.engine.accepted_writes
    assert [f for w in sent for f in faults_of_write(w.method, w.path, w.json())] == []
    kinds = {(w.method, w.path.lower().split("/")[-2]) for w in sent}
    assert kinds >= {
        ("PUT", "resourcegroups"),
        ("PUT", "virtualnetworks"),
        ("PUT", "replicationnetworkmappings"),
        ("PATCH", "replicationprotecteditems"),
    }


_FABRIC = VAULT.child("replicationFabrics", "f1")
_CONTAINER = _FABRIC.child("replicationProtectionContainers", "c1")
_SUBJECTS = {
    Kind.RESOURCE_GROUP: ArmId.of_group(VAULT.subscription, "rg-new"),
    Kind.NETWORK: network_id("vnet-new"),
    Kind.FABRIC: _FABRIC,
    Kind.PROTECTION_CONTAINER: _CONTAINER,
    Kind.POLICY: VAULT.child("replicationPolicies", "p1"),
    Kind.CONTAINER_MAPPING: _CONTAINER.child("replicationProtectionContainerMappings", "m1"),
    Kind.REPLICATION: _CONTAINER.child("replicationProtectedItems", "i1"),
    Kind.MAPPING: _FABRIC.child("replicationNetworks", "azureNetwork").child(
        "replicationNetworkMappings", "m1"
    ),
}


def sent_for(change: Change, raw: Json | None = None) -> tuple[str, str, Any]:
    """Method, path and body of what the gateway sends for a change, through the SDKs."""

    here = _azure()
    AzureGateway(here.connection).send(change, Reading(None, raw=raw), "r-1")
    method, url, _, content = here.transport.requests[-1]
    assert method != "GET"
    return method, url.split("?")[0].partition("azure.com")[2], _json(content)


@cache
def _azure() -> Scripted:
    """One for all: it keeps no state, and the SDKs' clients take a while to make."""

    def script(request: HttpRequest) -> Answer:
        if request.method == "GET":
            return answer(404, {"error": {"code": "NotFound", "message": "not there"}})
        return answer(204 if request.method == "DELETE" else 200, {"id": "/x"})

    return scripted(script)


def _json(content: bytes) -> Any:
    return json.loads(content) if content else None


def _draw_change(kind: Kind, action: Action) -> st.SearchStrategy[Change]:
    def made(state: State) -> Change:
        before = state if action is not Action.CREATE else None
        after = state if action is not Action.DELETE else None
        return Change(kind, action, _SUBJECTS[kind], "title", before, after, "why")

    return DRAWN[kind].map(made)


PLAIN_WRITES = [key for key in WRITES if key[0] is not Kind.NIC_SETTINGS]


@pytest.mark.parametrize(("kind", "action"), PLAIN_WRITES)
@budget(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_any_change_sends_is_known_to_the_write_model(
    kind: Kind, action: Action, data: st.DataObject
) -> None:
    assert faults_of_write(*sent_for(data.draw(_draw_change(kind, action)))) == []


@budget(max_examples=12)
@given(where=estates())
def test_what_a_plan_of_any_estate_sends_is_known_to_the_write_models(where: Inventory) -> None:
    items = {item.id: item for item in where.items}
    for made in (plan_of(where), plan_of(where, settings(nics={"existing": "enforce"}))):
        for change in made.changes:
            item = items.get(change.subject)
            raw = raw_item(item) if item else None
            assert faults_of_write(*sent_for(change, raw)) == []


@st.composite
def item_changes(draw: st.DrawFn) -> tuple[Change, Json]:
    """Any settings of any of the demo estate's items, and the item as read."""
    raw = draw(st.sampled_from(_demo_items()))
    nics = raw["properties"]["providerSpecificDetails"]["vmNics"]
    settings = []
    for name in draw(st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, unique=True)):
        field = FIELDS[name]
        if name == "primary" or (field.level is not Level.ITEM and not nics):
            continue  # which one is primary can only move, which is a matter of several settings
        nic = draw(st.sampled_from(nics)) if nics else {}
        value = draw(VALUES[field.type])
        place_of: dict[str, Any] = {}
        if field.level is not Level.ITEM:
            place_of["nic"] = ArmId(nic["sourceNicArmId"])
        if field.level is Level.IP_CONFIG:
            place_of["ip_config"] = draw(st.sampled_from(nic["ipConfigs"]))["name"]
        settings.append(Setting(name, value, **place_of))
    after = ItemState(tuple(settings))
    subject = ArmId(raw["id"])
    change = Change(Kind.NIC_SETTINGS, Action.UPDATE, subject, "vm", ItemState(()), after, "why")
    return change, raw


def _demo_items() -> list[Json]:
    resources = demo_estate().to_document()["resources"]
    return [r for r in resources if "/replicationProtectedItems/" in r["id"]]


@budget(max_examples=40)
@given(drawn=item_changes())
def test_what_any_settings_of_an_item_send_is_known_to_the_write_model(
    drawn: tuple[Change, Json],
) -> None:
    assert faults_of_write(*sent_for(*drawn)) == []


def raw_item(item: ReplicatedItem) -> Json:
    """An item as Azure would give it, with all that our model holds of its NICs."""
    nics = [_raw_nic(number, nic) for number, nic in enumerate(item.nics)]
    details: Json = {"instanceType": "A2A", "vmNics": nics, "recoveryAzureVMName": item.vm_name}
    for name, (of_item, _) in ITEM_NETWORKS.items():
        details[of_item] = value_to_json(getattr(item, name))
    return {"id": str(item.id), "properties": {"providerSpecificDetails": details}}


def _raw_nic(number: int, nic: ReplicatedNic) -> Json:
    configs = [
        {**_as_read(IP_CONFIG_FIELDS, c), "name": c.name, "isPrimary": c.primary}
        for c in nic.ip_configs
    ]
    known = {"nicId": f"nic-{number}", "sourceNicArmId": str(nic.id), "ipConfigs": configs}
    return {**_as_read(NIC_FIELDS, nic), **known}


def _as_read(fields: tuple[WireName, ...], model: object) -> Json:
    return {f.read: value_to_json(getattr(model, f.setting)) for f in fields if f.setting}


# Planted faults: the comparison has to find each of them.


def test_a_name_that_the_model_does_not_know_is_found_at_any_depth() -> None:
    body = _item_body()
    body["properties"]["providerSpecificDetails"]["vmNics"][0]["ipConfigs"][0]["recoverySubnet"] = 1
    (found,) = unaccepted(recovery.ReplicationProtectedItem, body, set())
    place_of = "$.properties.providerSpecificDetails.vmNics[].ipConfigs[].recoverySubnet"
    assert found == f"ReplicationProtectedItem {place_of}: unknown"


def test_a_scenario_that_the_model_does_not_know_is_found() -> None:
    body = _item_body()
    body["properties"]["providerSpecificDetails"]["instanceType"] = "A2a"
    found = unaccepted(recovery.ReplicationProtectedItem, body, set())
    assert any("vmNics: unknown" in each for each in found)


def test_a_value_of_another_type_and_another_moment_are_found() -> None:
    fabric = implied.fabric(str(_FABRIC), "eastasia")
    fabric["properties"]["friendlyName"] = 3
    assert losses(recovery.Fabric, fabric) == (
        Loss("$.properties.friendlyName", "changed", "'3' for 3"),
    )
    job = {"properties": {"startTime": "2026-01-01T00:00:00.1234567Z"}}
    assert [each.what for each in losses(recovery.Job, job)] == ["written anew"]
    local = {"properties": {"startTime": "2026-01-01T00:00:00+02:00"}}
    assert [each.what for each in losses(recovery.Job, local)] == ["changed"]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("PUT", "/x/resourceGroups/g", {"location": "l", "managed": 1}, "unknown managed"),
        ("PUT", "/x/replicationFabrics/f", {"properties": {"region": "l"}}, "region: unknown"),
        (
            *("PUT", "/x/replicationNetworkMappings/m"),
            {"properties": {"primaryNetworkId": "/x"}},
            "primaryNetworkId: unknown",
        ),
        (
            *("PATCH", "/x/replicationProtectedItems/i"),
            {"properties": {"vmNics": [{"ipConfigs": [{"name": "as it is read"}]}]}},
            "$.properties.vmNics[].ipConfigs[].name: unknown",
        ),
        (
            *("PUT", "/x/virtualNetworks/v"),
            {"properties": {"subnets": [{"properties": {"provisioningState": "Succeeded"}}]}},
            "provisioningState: read-only",
        ),
        ("DELETE", "/x/replicationNetworkMappings/m", {}, "a DELETE with a body"),
    ],
)
def test_a_name_that_is_none_of_the_write_models_is_found(
    method: str, path: str, body: Json, expected: str
) -> None:
    assert any(expected in each for each in faults_of_write(method, path, body))


def test_a_write_that_sends_more_than_the_model_knows_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from asr_netmap.gateway import changing

    real = changing._mapping_input
    monkeypatch.setattr(changing, "_mapping_input", lambda s: {**real(s), "location": "x"})
    state = MappingState(network_id("a"), network_id("b"), "f2")
    subject = _SUBJECTS[Kind.MAPPING]
    change = Change(Kind.MAPPING, Action.CREATE, subject, "m", None, state, "why")
    assert any("$.location: unknown" in each for each in faults_of_write(*sent_for(change)))


def _item_body() -> Json:
    items = (i for i in _demo_items() if i["properties"]["providerSpecificDetails"]["vmNics"])
    return copy.deepcopy(next(items))
