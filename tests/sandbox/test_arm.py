"""What ARM itself does before any provider sees a request: tokens, versions, scopes, headers."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from asr_netmap.sandbox import Estate, Options, Request, Response, sandbox_token

from .world import BASE, START, SUB, SUBSCRIPTION, VAULT, WEB, World, error_of, item_path

VNETS = f"{SUB}/providers/Microsoft.Network/virtualNetworks?api-version=2026-03-01"


def bare(world: World, url: str, **headers: str) -> Response:
    return world.sandbox.handle(Request("GET", BASE + url, headers), world.clock(), world.rng)


def foreign_token(**claims: Any) -> str:
    parts = [{"alg": "RS256"}, {"iss": "https://sts.windows.net/x/", "exp": 2**33, **claims}]
    rows = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*rows, "c2lnbmF0dXJl"])


def test_a_request_without_a_token_is_401_with_a_challenge(world: World) -> None:
    response = bare(world, VNETS)
    assert response.status == 401
    assert error_of(response)["code"] == "AuthenticationFailed"
    assert (response.header("WWW-Authenticate") or "").startswith("Bearer authorization_uri=")
    assert error_of(bare(world, VNETS, Authorization="Basic eA=="))["code"] == (
        "AuthenticationFailed"
    )


@pytest.mark.parametrize("token", [foreign_token(), "CANARY", "a.b.c", foreign_token(iss=7)])
def test_any_other_token_is_refused_and_leaves_no_trace(world: World, token: str) -> None:
    response = bare(world, VNETS, Authorization=f"Bearer {token}")
    assert response.status == 401
    assert "refuses credentials that it did not issue" in error_of(response)["message"]
    kept = [response.body.decode(), str(response.headers), world.estate.to_text()]
    kept += [str(world.engine.requests), str(world.engine.accepted_writes)]
    assert all(token not in text for text in kept)


def test_a_token_of_the_sandbox_expires(world: World) -> None:
    token = sandbox_token(START - timedelta(hours=24), BASE)
    response = bare(world, VNETS, Authorization=f"Bearer {token}")
    assert error_of(response)["code"] == "ExpiredAuthenticationToken"


def test_a_token_has_the_shape_of_an_unsigned_jwt() -> None:
    header, payload, signature = sandbox_token(START, "https://management.azure.com/").split(".")
    padded = payload + "=" * (-len(payload) % 4)
    claims = json.loads(base64.urlsafe_b64decode(padded))
    assert signature == ""
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "none"
    assert claims["iss"] == "https://sandbox.asr-netmap.invalid/"
    assert claims["aud"] == "https://management.azure.com/"
    assert {"tid", "oid", "appid", "exp", "xms_mirid"} <= set(claims)


def test_the_app_service_endpoint_hands_out_a_token_that_opens_the_sandbox(world: World) -> None:
    url = "/msi/token?resource=https://management.azure.com/&api-version=2019-08-01"
    answer = json.loads(bare(world, url, **{"X-IDENTITY-HEADER": "any"}).body)
    assert list(answer) == ["access_token", "expires_on", "resource", "token_type", "client_id"]
    assert answer["expires_on"] == str(int(START.timestamp()) + 86_400)
    opened = bare(world, VNETS, Authorization=f"Bearer {answer['access_token']}")
    assert opened.status == 200


def test_the_identity_endpoints_want_their_headers(world: World) -> None:
    assert bare(world, "/msi/token?resource=x").status == 403
    assert bare(world, "/msi/token", **{"X-IDENTITY-HEADER": "any"}).status == 400
    assert bare(world, "/metadata/identity/oauth2/token?resource=x").status == 400
    found = bare(world, "/metadata/identity/oauth2/token?resource=x", Metadata="true")
    assert json.loads(found.body)["token_type"] == "Bearer"


def test_cloud_metadata_points_at_the_sandbox_itself(world: World) -> None:
    (cloud,) = json.loads(bare(world, "/metadata/endpoints?api-version=2022-09-01").body)
    assert cloud["resourceManager"] == BASE
    old = json.loads(bare(world, "/metadata/endpoints?api-version=2015-01-01").body)
    assert old["authentication"]["loginEndpoint"] == BASE


def test_a_request_without_an_api_version_is_refused(world: World) -> None:
    response = world.send("GET", WEB, version=None)
    assert (response.status, error_of(response)["code"]) == (400, "MissingApiVersionParameter")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subscriptions/99999999-0000-0000-0000-000000000000", 404, "SubscriptionNotFound"),
        (f"{SUB}/resourceGroups/rg-nothing", 404, "ResourceGroupNotFound"),
        (WEB.replace("rg-web", "rg-nothing"), 404, "ResourceGroupNotFound"),
        (WEB.replace("vnet-web", "vnet-nothing"), 404, "ResourceNotFound"),
        (f"{SUB}/providers/Microsoft.Nothing", 404, "InvalidResourceNamespace"),
        (f"{SUB}/providers/Microsoft.KeyVault/vaults", 404, "InvalidResourceType"),
        (f"{VAULT}/../other", 400, "InvalidResourceName"),
        (f"{VAULT}/replicationFabrics/a%00b", 400, "InvalidResourceName"),
        (f"{VAULT}//replicationFabrics", 400, "InvalidResourceName"),
    ],
)
def test_what_is_not_there_is_refused_by_its_kind(
    world: World, path: str, status: int, code: str
) -> None:
    response = world.send("GET", path)
    assert (response.status, error_of(response)["code"]) == (status, code)


def test_what_is_not_played_says_sandbox(world: World) -> None:
    for method, path, status in (
        ("GET", f"{SUB}/providers/Microsoft.KeyVault/vaults", 404),
        ("POST", WEB, 405),
        ("DELETE", f"{SUB}/resourceGroups/rg-web", 405),
    ):
        response = world.send(method, path)
        assert response.status == status
        assert "SANDBOX" in error_of(response)["message"]


def test_a_networks_etag_is_a_header_too_and_a_vaults_is_not(world: World) -> None:
    assert world.get(VAULT)["etag"]
    assert world.send("GET", VAULT).header("ETag") is None
    assert world.send("GET", WEB).header("ETag") == world.get(WEB)["etag"]


def test_every_answer_carries_the_services_headers_and_says_sandbox(world: World) -> None:
    response = world.send("GET", WEB, headers={"x-ms-client-request-id": "mine"})
    assert response.header("x-ms-client-request-id") == "mine"
    assert response.header("x-asr-netmap-sandbox") == "true"
    assert response.header("Cache-Control") == "no-cache"
    assert response.header("Date") == "Tue, 03 Mar 2026 12:00:00 GMT"
    assert response.header("ETag") == world.get(WEB)["etag"]
    correlation = response.header("x-ms-correlation-request-id")
    assert response.header("x-ms-request-id") == correlation
    assert response.header("x-ms-routing-request-id") == f"SANDBOX:20260303T120000Z:{correlation}"
    assert response.header("x-ms-ratelimit-remaining-subscription-reads") == "249"
    assert response.header("x-ms-ratelimit-remaining-subscription-global-reads") == "3749"
    writes = world.send("PATCH", item_path("web2"), {"properties": {}})
    assert writes.header("x-ms-ratelimit-remaining-subscription-writes") == "199"


def test_a_header_cannot_be_smuggled_through_a_client_request_id(world: World) -> None:
    response = world.send("GET", WEB, headers={"x-ms-client-request-id": "a\r\nSet-Cookie: b"})
    assert response.header("x-ms-client-request-id") == "a  Set-Cookie: b"


def test_subscriptions_are_those_of_the_estates_ids(world: World) -> None:
    rows = world.get("/subscriptions")["value"]
    assert [row["subscriptionId"] for row in rows] == [SUBSCRIPTION]
    assert "SANDBOX" in rows[0]["displayName"]
    assert world.get(SUB)["state"] == "Enabled"
    assert len(world.get("/tenants")["value"]) == 1


def test_regions_groups_and_providers_are_listed(world: World) -> None:
    regions = {row["name"]: row["displayName"] for row in world.get(f"{SUB}/locations")["value"]}
    assert regions["eastasia"] == "East Asia"
    groups = [row["name"] for row in world.get(f"{SUB}/resourcegroups")["value"]]
    assert {"rg-app", "rg-vault", "rg-web-asr"} <= set(groups)
    provider = world.get(f"{SUB}/providers/microsoft.network")
    assert provider["registrationState"] == "Registered"
    assert len(world.get(f"{SUB}/providers")["value"]) == 6


def test_a_resource_group_is_created_once_and_stays_in_its_region(world: World) -> None:
    path = f"{SUB}/resourcegroups/rg-new"
    assert world.send("HEAD", path).status == 404
    created = world.send("PUT", path, {"location": "Southeast Asia", "tags": {"a": "b"}})
    assert created.status == 201
    assert world.send("HEAD", path).status == 204
    assert world.send("PUT", path, {"location": "southeastasia"}).status == 200
    moved = world.send("PUT", path, {"location": "eastasia"})
    assert (moved.status, error_of(moved)["code"]) == (409, "InvalidResourceGroupLocation")
    assert world.get(path)["location"] == "southeastasia"
    assert error_of(world.send("PUT", path, {}))["code"] == "LocationRequired"


def test_resources_are_listed_across_types_and_filtered(world: World) -> None:
    rows = world.get(f"{SUB}/resources?$filter=resourceType eq 'Microsoft.Compute/virtualMachines'")
    assert len(rows["value"]) == 11
    assert len(world.get(f"{SUB}/resources")["value"]) == 11 + 12 + 6 + 2 + 1 + 1 + 1


def test_machines_are_read_per_subscription_and_per_group(world: World) -> None:
    machines = "providers/Microsoft.Compute/virtualMachines"
    assert len(world.get(f"{SUB}/{machines}")["value"]) == 11
    assert len(world.get(f"{SUB}/resourceGroups/rg-app/{machines}")["value"]) == 4
    assert world.get(f"{SUB}/resourceGroups/rg-app/{machines}/app1")["location"] == "eastasia"


def lock(scope: str, level: str) -> dict[str, Any]:
    identifier = f"{scope}/providers/Microsoft.Authorization/locks/{level.lower()}"
    return {"id": identifier, "name": level.lower(), "properties": {"level": level}}


@pytest.mark.parametrize("scope", [SUB, f"{SUB}/resourceGroups/rg-vault", VAULT])
def test_a_read_only_lock_stops_every_write_below_it(world: World, scope: str) -> None:
    world.estate.put(lock(scope, "ReadOnly"))
    for method, path in (
        ("PATCH", item_path("web2")),
        ("PUT", item_path("web2").rpartition("/")[0]),
    ):
        response = world.send(method, path, {"properties": {}})
        assert response.status in (405, 409)
    refused = world.send("PATCH", item_path("web2"), {"properties": {}})
    assert (refused.status, error_of(refused)["code"]) == (409, "ScopeLocked")
    assert f"'{scope}'" in error_of(refused)["message"]
    assert world.send("GET", item_path("web2")).status == 200


def test_a_delete_lock_stops_deletes_only(world: World) -> None:
    world.estate.put(lock(VAULT, "CanNotDelete"))
    mapping = world.get(f"{VAULT}/replicationNetworkMappings")["value"][0]["id"]
    refused = world.send("DELETE", mapping)
    assert "cannot perform delete operation" in error_of(refused)["message"]
    assert world.send("PATCH", item_path("web2"), {"properties": {}}).status == 202


def test_a_lock_reaches_neither_siblings_nor_names_that_only_begin_alike(world: World) -> None:
    world.estate.put(lock(f"{SUB}/resourceGroups/rg-vau", "ReadOnly"))
    world.estate.put(lock(f"{SUB}/resourceGroups/rg-web", "ReadOnly"))
    assert world.send("PATCH", item_path("web2"), {"properties": {}}).status == 202


def test_locks_are_listed_at_every_scope(world: World) -> None:
    world.estate.put(lock(f"{SUB}/resourceGroups/rg-vault", "ReadOnly"))
    path = "providers/Microsoft.Authorization/locks"
    for scope in (SUB, f"{SUB}/resourceGroups/rg-vault", VAULT):
        assert [row["name"] for row in world.get(f"{scope}/{path}")["value"]] == ["readonly"]
    assert world.get(f"{SUB}/resourceGroups/rg-web/{path}")["value"] == []
    assert world.get(f"{SUB}/{path}?$filter=atScope()")["value"] == []


# -- request limits --------------------------------------------------------------------------


def test_reads_beyond_the_bucket_are_throttled_and_refilled() -> None:
    world = World(options=Options(throttle=True))
    for left in range(249, -1, -1):
        response = world.send("GET", SUB)
        assert response.header("x-ms-ratelimit-remaining-subscription-reads") == str(left)
    refused = world.send("GET", SUB)
    assert (refused.status, refused.header("Retry-After")) == (429, "1")
    assert error_of(refused)["code"] == "SubscriptionRequestsThrottled"
    assert refused.header("x-ms-ratelimit-remaining-subscription-reads") == "0"
    world.clock.advance(1)
    answers = [world.send("GET", SUB).status for _ in range(26)]
    assert answers == [200] * 25 + [429]


def test_writes_have_a_bucket_of_their_own() -> None:
    world = World(options=Options(throttle=True))
    group = f"{SUB}/resourcegroups/rg-new"
    answers = [world.send("PUT", group, {"location": "eastasia"}).status for _ in range(201)]
    assert answers.count(429) == 1
    assert answers[-1] == 429
    assert world.send("GET", SUB).status == 200
    assert world.engine.accepted_count == 200


def test_the_network_provider_counts_its_own_writes_over_five_minutes() -> None:
    world = World(options=Options(throttle=True))
    answers = []
    for _ in range(1_001):
        answers.append(world.send("PUT", WEB, {}).status)
        world.clock.advance(0.1)
    assert (answers[:1_000], answers[-1]) == ([400] * 1_000, 429)
    refused = world.send("PUT", WEB, {})
    assert error_of(refused)["code"] == "TooManyRequests"
    wait = int(refused.header("Retry-After") or 0)
    assert 190 < wait <= 300
    world.clock.advance(wait)
    assert world.send("PUT", WEB, {}).status == 400


def test_nothing_is_throttled_unless_asked_for(world: World) -> None:
    assert {world.send("GET", SUB).status for _ in range(300)} == {200}


def test_the_ledger_is_bounded_and_the_counts_are_not() -> None:
    from asr_netmap.sandbox import MemorySandbox

    world = World(Estate([{"id": SUB + "/resourceGroups/rg"}]))
    world.sandbox = MemorySandbox(world.estate, keep=10)
    for _ in range(100):
        world.send("GET", SUB)
    assert 10 <= len(world.engine.requests) <= 15
    assert world.engine.request_count == 100
