"""What may be sent, and where to."""

from __future__ import annotations

import pytest
from azure.core.rest import HttpRequest

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import BlockedRequest
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.guard import Place, WritePermits, check_place, check_scope

from .scripted import FABRIC, ITEM, MAPPING, VAULT, answer, scripted

BASE = "https://management.azure.com"
GROUP = "/subscriptions/s1/resourceGroups/g1"
CONTAINER = str(ITEM).rsplit("/", 2)[0]
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v1"

BAD_CALLS = [
    ("POST", f"{BASE}/subscriptions/s1/providers/Microsoft.Network/register"),
    ("POST", f"{BASE}{ITEM}/unplannedFailover"),
    ("POST", f"{BASE}{ITEM}/reProtect"),
    ("POST", f"{BASE}{ITEM}/testFailoverCleanup"),
    ("DELETE", f"{BASE}{ITEM}"),
    ("PUT", f"{BASE}{ITEM}/x"),
    ("DELETE", f"{BASE}{VAULT}/replicationPolicies/p"),
    ("PATCH", f"{BASE}{VAULT}/replicationPolicies/p"),
    ("DELETE", f"{BASE}{CONTAINER}"),
    ("DELETE", f"{BASE}{CONTAINER}/replicationProtectionContainerMappings/m"),
    ("POST", f"{BASE}{CONTAINER}/switchprotection"),
    ("DELETE", f"{BASE}{NETWORK}"),
    ("PATCH", f"{BASE}{NETWORK}"),
    ("PUT", f"{BASE}{NETWORK}/subnets/web"),
    ("PUT", f"{BASE}{NETWORK}/usages"),
    ("DELETE", f"{BASE}{GROUP}"),
    ("DELETE", f"{BASE}{FABRIC}"),
    ("PUT", f"{BASE}{VAULT}"),
    ("PUT", f"{BASE}{FABRIC}/replicationNetworks/azureNetwork/replicationNetworkMappings/.."),
    ("PUT", f"{BASE}{FABRIC}/replicationNetworks/azureNetwork/replicationNetworkMappings/%2e%2e"),
    ("PUT", f"{BASE}{FABRIC}/replicationNetworks/azureNetwork/replicationNetworkMappings/."),
    ("PUT", f"{BASE}{FABRIC}/replicationNetworks/azureNetwork/replicationNetworkMappings/"),
    ("GET", f"{BASE}{VAULT}/replicationFabrics/%252e%252e"),
    ("GET", f"{BASE}{VAULT}//replicationFabrics"),
    ("GET", f"{BASE}{VAULT}/replicationFabrics/a%2fb"),
    ("GET", f"{BASE}{VAULT}/replicationFabrics/a\\b"),
    ("GET", f"{BASE}{VAULT}/replicationFabrics/a%3fb"),
    ("GET", f"{BASE}{VAULT}#fragment"),
    ("HEAD", f"{BASE}{GROUP}"),
    ("PUT", f"{BASE}{MAPPING}\nX-Header: 1"),
]
BAD_PLACES = [
    "https://evil.example/subscriptions/s1",
    "https://management.azure.com.evil.example/subscriptions/s1",
    "https://evil-management.azure.com/subscriptions/s1",
    "https://management.azure.com@evil.example/subscriptions/s1",
    "https://evil.example\\@management.azure.com/subscriptions/s1",
    "http://management.azure.com/subscriptions/s1",
    "https://management.azure.com:8443/subscriptions/s1",
    "https://management.usgovcloudapi.net/subscriptions/s1",
    "https://127.0.0.1/subscriptions/s1",
    "//evil.example/subscriptions/s1",
]


@pytest.mark.parametrize(("method", "url"), BAD_CALLS)
def test_a_call_that_the_tool_never_makes_is_not_sent(method: str, url: str) -> None:
    azure = scripted([answer(200, {})])
    with pytest.raises(BlockedRequest, match="Not sent"):
        azure.connection._pipeline.run(HttpRequest(method, url))
    assert azure.transport.requests == []
    assert azure.credential.given == []


def test_at_least_twenty_bad_calls_are_planted() -> None:
    assert len(BAD_CALLS) >= 20


@pytest.mark.parametrize("url", BAD_PLACES)
def test_a_request_to_another_host_is_not_sent_and_takes_no_token(url: str) -> None:
    azure = scripted([answer(200, {})])
    with pytest.raises(BlockedRequest, match="Not sent"):
        azure.connection._pipeline.run(HttpRequest("GET", url))
    assert azure.transport.requests == []
    assert azure.credential.given == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{VAULT}/replicationJobs"),
        ("GET", "/subscriptions"),
        ("GET", f"{NETWORK}/usages"),
        ("GET", f"{VAULT}/replicationFabrics/my%20fabric%20%28old%29"),
        ("GET", f"{VAULT}/replicationFabrics/%E6%9D%B1"),
        ("PUT", GROUP),
        ("PUT", GROUP.lower()),
        ("PUT", NETWORK),
        ("PUT", str(FABRIC)),
        ("PUT", str(MAPPING)),
        ("PATCH", str(MAPPING)),
        ("DELETE", str(MAPPING)),
        ("PATCH", str(ITEM)),
        ("PUT", str(ITEM)),
        ("PUT", f"{VAULT}/replicationPolicies/p"),
        ("PUT", CONTAINER),
        ("PUT", f"{CONTAINER}/replicationProtectionContainerMappings/m"),
    ],
)
def test_the_calls_that_the_tool_makes_pass(method: str, path: str) -> None:
    check_scope(method, f"{BASE}{path}?api-version=1")


def test_a_signed_polling_url_passes_with_its_query_as_it_came() -> None:
    url = f"{BASE}{VAULT}/replicationOperationStatus/j?api-version=1&t=2023-08-29T01%3a12&c=a+b/=="
    check_scope("GET", url)
    check_place(Place.of_cloud(Cloud.PUBLIC), url)


@pytest.mark.parametrize("cloud", list(Cloud))
def test_regional_hosts_of_the_cloud_and_no_other_cloud_are_accepted(cloud: Cloud) -> None:
    place = Place.of_cloud(cloud)
    check_place(place, f"https://centraluseuap.{cloud.host}/subscriptions/s1")
    check_place(place, f"https://{cloud.host}:443/subscriptions/s1")
    for other in set(Cloud) - {cloud}:
        with pytest.raises(BlockedRequest):
            check_place(place, f"https://{other.host}/subscriptions/s1")


def test_a_sandbox_is_one_origin_with_its_port() -> None:
    place = Place.of_url("http://127.0.0.1:8480")
    check_place(place, "http://127.0.0.1:8480/subscriptions/s1")
    for other in ("http://127.0.0.1:8481", "https://127.0.0.1:8480", "http://x.127.0.0.1:8480"):
        with pytest.raises(BlockedRequest):
            check_place(place, f"{other}/subscriptions/s1")


LONG = "x" * 400


@pytest.mark.parametrize(
    ("method", "url", "message", "hint"),
    [
        (
            "POST",
            f"{BASE}{ITEM}/reProtect",
            f"Not sent: POST {ITEM}/reProtect is no call that this tool makes.",
            "Please report this as a bug.",
        ),
        (
            "POST",
            f"{BASE}/{LONG}",
            f"Not sent: POST /{LONG[:298]}… is no call that this tool makes.",
            "Please report this as a bug.",
        ),
        (
            "GET",
            f"{BASE}{VAULT}/..",
            f"Not sent: the path of GET {VAULT}/.. holds '..', which would lead to another "
            "resource.",
            "A name in the settings or in an id is wrong.",
        ),
        (
            "GET",
            f"{BASE}/{LONG}%2f",
            f"Not sent: the path of GET /{LONG[:298]}… holds '{LONG[:59]}…', which would lead to "
            "another resource.",
            "A name in the settings or in an id is wrong.",
        ),
        (
            "GET",
            f"https://{LONG}@evil.example/subscriptions",
            f"Not sent: the URL at '{LONG[:99]}…' is not a plain one.",
            "A name in the settings, or an answer from Azure, holds odd characters.",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_to_do_in_one_line(
    method: str, url: str, message: str, hint: str
) -> None:
    with pytest.raises(BlockedRequest) as refused:
        check_scope(method, url)
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_a_refused_host_is_named_and_cut_to_a_line() -> None:
    with pytest.raises(BlockedRequest) as refused:
        check_place(Place.of_cloud(Cloud.PUBLIC), f"https://{LONG}/subscriptions")
    assert refused.value.message == (
        f"Not sent: an answer leads to '{LONG[:99]}…', which is not 'management.azure.com'; "
        "the token does not go there."
    )
    assert refused.value.hint == "Check --cloud, and what stands between here and Azure."


def test_a_write_that_is_not_permitted_is_named_and_cut_to_a_line() -> None:
    permits = WritePermits()
    permits.check("PUT", f"{BASE}{NETWORK}")
    permits.withhold()
    permits.check("GET", f"{BASE}{NETWORK}")
    with pytest.raises(BlockedRequest) as refused:
        permits.check("PUT", f"{BASE}/{LONG}")
    assert refused.value.message == (
        f"Not sent: PUT /{LONG[:298]}… is no change of this run's plan."
    )
    assert refused.value.hint == "Please report this as a bug."
    with permits.given([ArmId(NETWORK)]):
        permits.check("PUT", f"{BASE}{NETWORK.upper()}?api-version=1")
    with pytest.raises(BlockedRequest):
        permits.check("PUT", f"{BASE}{NETWORK}")


@pytest.mark.parametrize("character", ["\\", "\n", "\x7f", "\x00"])
def test_a_control_character_is_refused_wherever_it_stands(character: str) -> None:
    with pytest.raises(BlockedRequest, match="not a plain one"):
        check_scope("GET", f"{BASE}{VAULT}{character}")


@pytest.mark.parametrize("character", ["\n", "\x7f", "\x00"])
def test_a_control_character_in_a_query_is_refused(character: str) -> None:
    with pytest.raises(BlockedRequest, match="not a plain one"):
        check_scope("GET", f"{BASE}{VAULT}?t={character}")


def test_odd_characters_of_a_signed_query_pass_behind_every_question_mark() -> None:
    check_scope("GET", f"{BASE}{VAULT}?t=a?c=\\b")
    check_scope("GET", f"{BASE}{VAULT}?c=\\b?t=a")
    check_scope("GET", f"{BASE}{VAULT}?who=a@b")


def test_the_usual_port_is_dropped_for_a_cloud_alone() -> None:
    """A sandbox is one origin, and there its port is part of what it is."""
    local = Place.of_url("https://127.0.0.1:443")
    check_place(local, "https://127.0.0.1:443/subscriptions")
    for url in ("https://127.0.0.1/subscriptions", "http://127.0.0.1:443/subscriptions"):
        with pytest.raises(BlockedRequest):
            check_place(local, url)
    with pytest.raises(BlockedRequest):
        check_place(Place("https", "127.0.0.1"), "https://127.0.0.1:443/subscriptions")
