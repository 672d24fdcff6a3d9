"""The token never follows an answer to another host."""

from __future__ import annotations

import pytest
from azure.core.rest import HttpRequest

from asr_netmap.errors import AzureError, BlockedRequest, UnexpectedAnswer
from asr_netmap.gateway.changing import AzureGateway
from asr_netmap.planning.gateway import Operation

from .scripted import ITEM, VAULT, Answer, answer, scripted

EVIL = "https://evil.example/subscriptions/s1/providers/Microsoft.Network/x/y"


def hosts(urls: list[str]) -> set[str]:
    return {url.split("/")[2] for url in urls}


def test_a_next_page_elsewhere_is_not_fetched() -> None:
    def script(request: HttpRequest) -> Answer:
        return answer(200, {"value": [{"id": "1"}], "nextLink": f"{EVIL}?api-version=1"})

    azure = scripted(script)
    rows = azure.connection.rows(f"{VAULT}/replicationFabrics", "1")
    with pytest.raises(BlockedRequest, match=r"evil\.example"):
        list(rows)
    assert hosts(azure.transport.urls) == {"management.azure.com"}


def test_a_next_page_elsewhere_is_not_fetched_by_the_sdk_either() -> None:
    azure = scripted([answer(200, {"value": [], "nextLink": EVIL})])
    client = azure.connection.site_recovery("s1")
    with pytest.raises(BlockedRequest):
        list(client.replication_fabrics.list("g", "v"))
    assert hosts(azure.transport.urls) == {"management.azure.com"}


def test_an_operation_url_elsewhere_is_not_asked() -> None:
    azure = scripted([answer(200, {"status": "Succeeded"})])
    gateway = AzureGateway(azure.connection)
    with pytest.raises(BlockedRequest, match="token does not go there"):
        gateway.ask(Operation("j", EVIL, "r", ITEM))
    assert azure.transport.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_error_and_not_followed(status: int) -> None:
    azure = scripted([answer(status, None, {"Location": EVIL})])
    with pytest.raises(UnexpectedAnswer, match=f"HTTP {status}"):
        azure.connection.get("/subscriptions/s1", "1")
    assert len(azure.transport.requests) == 1


def test_a_redirect_of_a_typed_call_is_not_followed() -> None:
    azure = scripted([answer(307, None, {"Location": EVIL})])
    client = azure.connection.network("s1")
    with pytest.raises(Exception, match=r"307|Temporary Redirect|invalid status"):
        client.virtual_networks.get("g", "v")
    assert hosts(azure.transport.urls) == {"management.azure.com"}


def test_a_provider_is_never_registered() -> None:
    """The SDKs' default pipeline answers this 409 with a POST, even to a GET, and loops."""
    body = {
        "error": {
            "code": "MissingSubscriptionRegistration",
            "message": "The subscription is not registered to use namespace 'Microsoft.Network'.",
        }
    }
    azure = scripted([answer(409, body)])
    for call in (
        lambda: azure.connection.get("/subscriptions/s1", "1"),
        lambda: list(azure.connection.network("s1").virtual_networks.list_all()),
        lambda: azure.connection.site_recovery("s1").replication_fabrics.get("g", "v", "f"),
    ):
        with pytest.raises((AzureError, Exception), match="registered"):
            call()
    assert azure.transport.methods == ["GET", "GET", "GET"]
    assert azure.clock.slept == []
