from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from asr_netmap.sandbox import Estate, demo_estate

from .world import (
    DATA,
    SUB,
    VAULT,
    WEB,
    WEB_ASR,
    World,
    error_of,
    item_path,
    mapping_body,
    mapping_path,
    network_id,
)


def under(*conditions: dict[str, Any]) -> World:
    document = {**demo_estate().to_document(), "conditions": list(conditions)}
    return World(Estate.from_document(json.loads(json.dumps(document))))


def test_forbidden_says_who_may_not_do_what_where() -> None:
    world = under({"kind": "forbidden", "method": "PATCH", "path": "*/replicationProtectedItems/*"})
    assert world.send("GET", item_path("web2")).status == 200
    response = world.send("PATCH", item_path("web2"), {"properties": {}})
    assert response.status == 403
    error = error_of(response)
    assert error["code"] == "AuthorizationFailed"
    assert error["message"].startswith("The client '00000000-0000-0000-0000-00000000a5a1' with ")
    assert (
        "perform action 'Microsoft.RecoveryServices/vaults/replicationFabrics"
        "/replicationProtectionContainers/replicationProtectedItems/write' over scope "
        f"'{item_path('web2')}' or the scope is invalid. If access was recently granted, please "
        "refresh your credentials." in error["message"]
    )
    assert world.engine.accepted_count == 0


def test_forbidden_may_name_its_own_action_and_scope() -> None:
    world = under({"kind": "forbidden", "path": "*", "action": "A/b/read", "scope": "/here"})
    message = error_of(world.send("GET", SUB))["message"]
    assert "perform action 'A/b/read' over scope '/here'" in message


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", SUB, "Microsoft.Resources/subscriptions/read"),
        ("GET", f"{SUB}/resourcegroups", "Microsoft.Resources/subscriptions/resourceGroups/read"),
        ("GET", WEB, "Microsoft.Network/virtualNetworks/read"),
        ("GET", f"{WEB}/subnets/front", "Microsoft.Network/virtualNetworks/subnets/read"),
        (
            "DELETE",
            mapping_path("x"),
            "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationNetworks"
            "/replicationNetworkMappings/delete",
        ),
    ],
)
def test_the_action_follows_from_the_request(method: str, path: str, action: str) -> None:
    world = under({"kind": "forbidden", "path": "*"})
    assert f"'{action}'" in error_of(world.send(method, path))["message"]


def test_a_policy_denies_a_put_and_names_itself() -> None:
    world = under({"kind": "policy-denies", "path": "*/virtualNetworks/*", "policy": "no-naked"})
    path = network_id("rg-dr", "vnet-new")
    response = world.send("PUT", path, {"location": "southeastasia"})
    assert response.status == 403
    error = error_of(response)
    assert (error["code"], error["target"]) == ("RequestDisallowedByPolicy", "vnet-new")
    (violation,) = error["additionalInfo"]
    assert violation["type"] == "PolicyViolation"
    assert violation["info"]["policyDefinitionName"] == "no-naked"
    assert violation["info"]["policyAssignmentScope"] == SUB
    assert world.send("GET", WEB).status == 200


def test_a_region_that_is_down_takes_its_resources_and_the_wide_lists_with_it() -> None:
    world = under({"kind": "region-down", "region": "East Asia"})
    providers = "providers/Microsoft.Network/virtualNetworks"
    for path in (
        WEB,
        f"{WEB}/subnets",
        f"{SUB}/{providers}",
        f"{SUB}/resourceGroups/rg-web/{providers}",
        f"{SUB}/providers/Microsoft.Compute/virtualMachines",
    ):
        assert world.send("GET", path).status == 503, path
    for path in (
        WEB_ASR,
        f"{SUB}/resourceGroups/rg-web-asr/{providers}",
        f"{SUB}/resourcegroups/rg-web",
        f"{VAULT}/replicationProtectedItems",
        item_path("web2"),
    ):
        assert world.send("GET", path).status == 200, path
    new = network_id("rg-web", "vnet-new")
    assert world.send("PUT", new, {"location": "eastasia"}).status == 503


def test_a_vault_in_a_region_that_is_down_is_down_too() -> None:
    world = under({"kind": "region-down", "region": "southeastasia"})
    assert world.send("GET", f"{VAULT}/replicationProtectedItems").status == 503
    assert world.send("GET", DATA).status == 200


def test_throttling_ends_after_its_count() -> None:
    world = under({"kind": "throttled", "path": "*/replicationJobs*", "times": 2, "retry_after": 7})
    assert world.send("GET", WEB).status == 200
    answers = [world.send("GET", f"{VAULT}/replicationJobs") for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 200]
    assert answers[0].header("Retry-After") == "7"


def test_throttling_can_be_for_one_method_only() -> None:
    world = under({"kind": "throttled", "times": 1, "method": "PATCH"})
    assert world.send("GET", item_path("web2")).status == 200
    body = {"properties": {"recoveryAzureVMName": "x"}}
    answers = [world.send("PATCH", item_path("web2"), body) for _ in range(2)]
    assert [answer.status for answer in answers] == [429, 202]


def test_a_busy_object_refuses_writes_and_can_be_read() -> None:
    world = under({"kind": "busy", "path": "*/web2", "times": 1})
    body = {"properties": {"recoveryAzureVMName": "x"}}
    assert world.send("GET", item_path("web2")).status == 200
    answers = [world.send("PATCH", item_path("web2"), body) for _ in range(2)]
    assert [answer.status for answer in answers] == [409, 202]
    assert error_of(answers[0])["details"][0]["code"] == "AnotherOperationInProgress"


def test_counts_are_kept_with_the_estate() -> None:
    world = under({"kind": "throttled", "times": 2})
    world.send("GET", SUB)
    again = World(Estate.from_document(json.loads(world.estate.to_text())))
    assert [again.send("GET", SUB).status for _ in range(2)] == [429, 200]


def test_an_operation_fails_after_it_was_accepted() -> None:
    world = under(
        {
            "kind": "operation-fails",
            "path": "*/replicationProtectedItems/web2",
            "code": "28020",
            "message": "The requested operation failed.",
            "times": 1,
        }
    )
    before = world.get(item_path("web2"))
    body = {"properties": {"recoveryAzureVMName": "x"}}
    response = world.send("PATCH", item_path("web2"), body)
    job = world.job_of(response)["properties"]
    assert (job["state"], job["errors"][0]["serviceErrorDetails"]["code"]) == ("Failed", "28020")
    assert world.get(item_path("web2")) == before
    assert world.engine.accepted_count == 1
    world.send("PATCH", item_path("web2"), body)
    assert world.get(item_path("web2")) != before


def test_a_network_that_fails_later_is_never_there() -> None:
    path = network_id("rg-dr", "vnet-new")
    world = under({"kind": "operation-fails", "path": "*/vnet-new", "code": "X", "message": "m"})
    space = {"addressSpace": {"addressPrefixes": ["10.50.0.0/16"]}}
    body = {"location": "southeastasia", "properties": space}
    response = world.send("PUT", path, body)
    assert response.status == 201
    status = json.loads(world.send("GET", response.header("Azure-AsyncOperation") or "").body)
    assert (status["status"], status["error"]["code"]) == ("Failed", "X")
    assert world.send("GET", path).status == 404


def test_a_write_that_is_not_applied_succeeds_and_changes_nothing() -> None:
    world = under({"kind": "not-applied", "path": "*"})
    before = world.get(item_path("web2"))
    body = {"properties": {"recoveryAzureVMName": "x"}}
    for method, path, sent in (
        ("PATCH", item_path("web2"), body),
        ("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR)),
    ):
        assert world.job_of(world.send(method, path, sent))["properties"]["state"] == "Succeeded"
    assert world.get(item_path("web2")) == before
    assert world.send("GET", mapping_path("web")).status == 404


def test_objects_of_a_vault_never_used_answer_400_and_its_lists_are_empty() -> None:
    vault = VAULT.replace("vault-dr", "fresh")
    world = under({"kind": "never-used", "vault": "fresh"})
    world.estate.put({"id": vault, "name": "fresh", "location": "southeastasia", "properties": {}})
    for path in (
        f"{vault}/replicationFabrics/f",
        f"{vault}/replicationPolicies/p",
        mapping_path("m").replace("vault-dr", "fresh"),
        item_path("i").replace("vault-dr", "fresh"),
    ):
        response = world.send("GET", path)
        assert response.status == 400
        code = error_of(response)["details"][0]["code"]
        assert code == "SubscriptionIdNotRegisteredWithSrs"
    assert world.get(f"{vault}/replicationFabrics")["value"] == []
    assert world.get(vault)["name"] == "fresh"
    body = {"properties": {"customDetails": {"instanceType": "Azure", "location": "eastasia"}}}
    assert world.send("PUT", f"{vault}/replicationFabrics/f", body).status == 202
    assert world.send("GET", f"{vault}/replicationFabrics/other").status == 404


def test_a_missing_registration_stops_requests_until_somebody_registers() -> None:
    world = under({"kind": "missing-registration", "namespace": "Microsoft.Network"})
    response = world.send("GET", WEB)
    assert response.status == 409
    assert error_of(response)["code"] == "MissingSubscriptionRegistration"
    assert error_of(response)["details"][0]["target"].lower() == "microsoft.network"
    assert world.get(f"{SUB}/providers/Microsoft.Network")["registrationState"] == "NotRegistered"
    assert world.send("GET", item_path("web2")).status == 200
    assert world.send("POST", f"{SUB}/providers/Microsoft.Network/register").status == 200
    assert world.send("GET", WEB).status == 200


def test_the_sdk_shows_a_condition_as_its_own_exception() -> None:
    world = under({"kind": "forbidden", "path": "*/virtualNetworks"})
    with pytest.raises(HttpResponseError) as raised:
        list(world.network().virtual_networks.list_all())
    assert raised.value.status_code == 403


def test_conditions_do_not_reach_the_token_endpoints() -> None:
    world = under({"kind": "forbidden", "path": "*"}, {"kind": "throttled", "times": 99})
    headers = {"X-IDENTITY-HEADER": "x"}
    assert world.send("GET", "/msi/token?resource=r", headers=headers).status == 200
