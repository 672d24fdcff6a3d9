"""Whose rights a job has, and what it says when it has none."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from random import Random

import pytest

from asr_netmap import api
from asr_netmap.cli.options import Access
from asr_netmap.runbook.job import Surroundings, run
from asr_netmap.sandbox.http import Request, Response
from asr_netmap.sandbox.server import running_server
from asr_netmap.sandbox.session import MemorySandbox
from tests.demo_parts import part

from .jobs import NETMAP, Ran, Service

# As a host answers that has no such identity (invented).
_REFUSAL = b'{"error": "invalid_request", "error_description": "Identity not found"}'
CLIENT = "99999999-8888-7777-6666-555555555555"


class Heard:
    """A sandbox that remembers who asked for tokens, and how."""

    def __init__(self, refusing: bool = False) -> None:
        self.refusing = refusing
        self.sandbox = MemorySandbox(part("web1", networks=["vnet-web", "vnet-web-asr"]))
        self.tokens: list[Request] = []

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        if "/token" in request.url:
            self.tokens.append(request)
            if self.refusing:
                length = ("Content-Length", str(len(_REFUSAL)))
                return Response(400, (("Content-Type", "application/json"), length), _REFUSAL)
        return self.sandbox.handle(request, now, rng)


@contextmanager
def served(*, refusing: bool = False) -> Iterator[tuple[Heard, str]]:
    heard = Heard(refusing)
    with running_server(heard) as url:
        yield heard, url


def job(text: str) -> Ran:
    out = io.StringIO()
    around = Surroundings(out, os.environ, lambda name: NETMAP)
    return Ran(run([f"{text} --config netmap --workers 1"], around), out.getvalue())


def test_the_managed_identity_of_the_host_is_used_as_it_is_on_azure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with served() as (heard, url):
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "secret-of-the-host")
        ended = job(f"verify --endpoint {url}")
    assert ended.code == 0
    (asked,) = heard.tokens
    assert "resource=https" in asked.url
    assert asked.header("X-IDENTITY-HEADER") == "secret-of-the-host"
    assert asked.header("Metadata") == "true"  # Automation's endpoint wants that one, too
    assert "secret-of-the-host" not in ended.text


def test_a_user_assigned_identity_is_asked_for_by_its_client_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with served() as (heard, url):
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "x")
        assert job(f"verify --endpoint {url} --client-id {CLIENT}").code == 0
    assert f"client_id={CLIENT}" in heard.tokens[0].url


def test_no_identity_but_the_sandbox_s_own_is_asked_for_a_sandbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with served() as (other, elsewhere), served() as (heard, url):
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{elsewhere}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "x")
        assert job(f"verify --endpoint {url}").code == 0
    assert other.tokens == []
    assert heard.tokens[0].header("X-IDENTITY-HEADER") == "sandbox"


@pytest.mark.parametrize(
    ("option", "words"),
    [("", "switch System assigned on"), (f"--client-id {CLIENT}", f"client id {CLIENT}")],
)
def test_an_identity_that_the_host_refuses_is_explained(
    monkeypatch: pytest.MonkeyPatch, option: str, words: str
) -> None:
    with served(refusing=True) as (_, url):
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "x")
        ended = job(f"apply --endpoint {url} {option}")
    assert ended.code == 1
    assert any(words in line for line in ended.starting("ERROR:"))


def test_a_host_without_an_identity_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    # Where a VM's identity would answer: nobody does.
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9")
    ended = job("verify")
    assert ended.code == 1
    assert any("IDENTITY_ENDPOINT is not set" in line for line in ended.starting("ERROR:"))


def test_the_identity_of_a_machine_is_used_where_no_host_offers_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hybrid worker on a VM; opening a connection sends nothing but the token's request."""
    with served() as (heard, url):
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", url)
        with api.connect_azure(auth=Access().auth.value, attended=False):
            pass
    assert any("/metadata/identity/oauth2/token" in request.url for request in heard.tokens)


@pytest.mark.parametrize(
    ("action", "role"),
    [
        ("Microsoft.RecoveryServices/vaults/replicationNetworkMappings/read", "reader"),
        ("Microsoft.Network/virtualNetworks/write", "operator"),
    ],
)
def test_a_missing_right_is_named_with_action_scope_and_role_file(action: str, role: str) -> None:
    condition = {"kind": "forbidden", "path": "/subscriptions/*", "action": action}
    nothing = part("web1", networks=["vnet-web", "vnet-web-asr"], conditions=[condition])
    ended = Service(nothing).job("verify --config netmap")
    said = "\n".join(ended.starting("ERROR:"))
    assert ended.code == 1
    assert f"a role that holds '{action}' at scope '/subscriptions/" in said
    assert f"(roles/{role}.json in a runbook's bundle)" in said
