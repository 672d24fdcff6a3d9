"""Promise: a served sandbox is reached from this machine alone, and by no real credential.

What the server does over sockets is tested beside it (tests/sandbox/test_server.py); here is what a
web page, a client with a real login and the network around could try.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import azure.identity
import pytest
from azure.core.credentials import AccessToken

from asr_netmap import connecting
from asr_netmap.clock import SystemClock, VirtualClock
from asr_netmap.sandbox import MemorySandbox, demo_estate
from asr_netmap.sandbox.server import running_server, serve
from tests.cli.conftest import Run
from tests.safety.listening import Heard, Reply, listening
from tests.safety.program import BY_FILE, CANARY, READING, WRITING

SUBSCRIPTIONS = "/subscriptions?api-version=2022-12-01"


def real_looking(claims: dict[str, Any]) -> str:
    """What Entra ID issues has this shape; the signature is made up."""
    parts = ({"typ": "JWT", "alg": "RS256", "kid": "k"}, claims)
    texts = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join((*texts, "c2lnbmF0dXJl"))


REAL = {
    "Entra ID": real_looking({"iss": "https://sts.windows.net/t/", "exp": 4_000_000_000}),
    "Entra ID, version 2": real_looking(
        {"iss": "https://login.microsoftonline.com/t/v2.0", "exp": 4_000_000_000}
    ),
    "no issuer": real_looking({"exp": 4_000_000_000}),
    "opaque": CANARY,
    "empty parts": "..",
}


@pytest.fixture
def url() -> Iterator[str]:
    with running_server(MemorySandbox(demo_estate())) as base:
        yield base


def ask(url: str, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.0.2.1", "example.invalid", "127.0.0.2", "localhost.evil"]
)
def test_it_binds_to_nothing_but_loopback(host: str) -> None:
    with pytest.raises(ValueError, match="loopback only"):
        serve(MemorySandbox(demo_estate()), host=host)


def test_it_is_not_heard_on_other_addresses_of_this_machine(url: str) -> None:
    port = int(url.rpartition(":")[2])
    with socket.socket() as other:
        other.settimeout(2)
        assert other.connect_ex(("127.0.0.2", port)) != 0


def test_no_option_of_the_command_takes_another_address(run: Run) -> None:
    assert "--host" not in run("sandbox", "serve", "--help").out
    assert run("sandbox", "serve", "--estate", "estate.json", "--host", "0.0.0.0").code == 2


@pytest.mark.parametrize("host", ["evil.invalid", "evil.invalid:80", "127.0.0.1", "127.0.0.1:1"])
def test_a_page_that_rebinds_its_name_gets_nothing(url: str, host: str) -> None:
    for path in (SUBSCRIPTIONS, "/msi/token?resource=x&api-version=2019-08-01"):
        status, _, body = ask(url, "GET", path, Host=host, **{"X-IDENTITY-HEADER": "x"})
        assert status == 421
        assert "access_token" not in body


def test_no_answer_lets_another_origin_read_it(url: str) -> None:
    for method in ("GET", "OPTIONS", "POST"):
        for path in (SUBSCRIPTIONS, "/msi/token?resource=x&api-version=2019-08-01", "/"):
            origin = {"Origin": "https://evil.invalid", "Access-Control-Request-Method": "PUT"}
            _, headers, _ = ask(url, method, path, **origin, **{"X-IDENTITY-HEADER": "x"})
            assert not [name for name in headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("token", REAL)
def test_a_real_looking_credential_is_refused_and_not_repeated(url: str, token: str) -> None:
    status, headers, body = ask(url, "GET", SUBSCRIPTIONS, Authorization=f"Bearer {REAL[token]}")
    assert status == 401
    assert REAL[token] not in body + str(headers) or token == "empty parts"


def test_a_password_in_a_basic_header_is_refused(url: str) -> None:
    assert ask(url, "GET", SUBSCRIPTIONS, Authorization="Basic dXNlcjpwYXNz")[0] == 401


# The client: somebody is logged in for real, and --endpoint names something on this machine.


@pytest.fixture
def logged_in(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every way to a real token gives the canary, and says that it was asked."""
    asked: list[str] = []

    def get_token(self: object, *scopes: str, **_options: object) -> AccessToken:
        asked.append(type(self).__name__)
        return AccessToken(CANARY, 4_000_000_000)

    names = [name for name in dir(azure.identity) if name.endswith("Credential")]
    assert {"AzureCliCredential", "ManagedIdentityCredential", "EnvironmentCredential"} <= set(
        names
    )
    for name in names:
        monkeypatch.setattr(getattr(azure.identity, name), "get_token", get_token, raising=False)
    for name, value in (
        ("AZURE_CLIENT_ID", "c"),
        ("AZURE_TENANT_ID", "t"),
        ("AZURE_CLIENT_SECRET", "s"),
    ):
        monkeypatch.setenv(name, value)
    return asked


@pytest.mark.parametrize("auth", ["default", "cli", "managed-identity", "environment"])
def test_a_served_sandbox_gets_its_own_token_and_no_other(
    run: Run,
    folder: Path,
    logged_in: list[str],
    monkeypatch: pytest.MonkeyPatch,
    auth: str,
) -> None:
    # Before its first look at a write the program lets some seconds pass: on this clock, none.
    timeless = partial(connecting.connect_endpoint, clock=VirtualClock(SystemClock().now()))
    monkeypatch.setattr(connecting, "connect_endpoint", timeless)
    sandbox = MemorySandbox(demo_estate())
    with running_server(sandbox) as base:
        for arguments in (READING["plan"], WRITING["unmap mapped"]):
            done = run(*arguments, "--endpoint", base, "--auth", auth)
            assert done.code == 0, done.err
    assert logged_in == []
    assert sandbox.engine.accepted_count > 0


@pytest.mark.parametrize("trick", ["a 401", "a redirect to a login", "no sandbox at all"])
def test_what_only_looks_like_a_sandbox_gets_no_real_token(
    run: Run, folder: Path, logged_in: list[str], trick: str
) -> None:
    def thief(heard: Heard) -> Reply:
        if trick == "a redirect to a login":
            return Reply(302, None, {"Location": "/subscriptions"})
        if heard.path.startswith("/msi/token") and trick == "a 401":
            return Reply(200, {"access_token": "theirs", "expires_on": "4000000000"})
        return Reply(401, {"error": {"code": "x"}}, {"WWW-Authenticate": "Bearer"})

    with listening(thief) as server:
        done = run(*READING["plan"], "--endpoint", server.url)
        assert done.code == 1
        assert server.heard
        assert not [h for h in server.heard if CANARY in str(h.headers)]
    assert logged_in == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://192.0.2.1:8480",
        "https://management.azure.com",
        "http://127.0.0.1.evil.invalid:80",
        "http://localhost.evil.invalid",
        "http://127.0.0.1@evil.invalid",
        "http://evil.invalid#127.0.0.1",
        "http://0.0.0.0:8480",
        "http://2130706433:8480",
        "ftp://127.0.0.1",
        "127.0.0.1:8480",
    ],
)
def test_an_endpoint_that_is_not_on_this_machine_is_refused(
    run: Run, folder: Path, logged_in: list[str], endpoint: str
) -> None:
    done = run(*READING["plan"], "--endpoint", endpoint)
    assert done.code == 2
    assert "no sandbox on this machine" in done.err
    assert logged_in == []


def test_a_proxy_of_the_environment_does_not_come_between(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        running_server(MemorySandbox(demo_estate())) as base,
        listening(lambda _: Reply(502)) as proxy,
    ):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert run("plan", *BY_FILE, "--endpoint", base).code == 0
        assert proxy.heard == []


def test_everything_from_a_sandbox_says_so(run: Run, folder: Path) -> None:
    with running_server(MemorySandbox(demo_estate())) as base:
        for name, arguments in READING.items():
            done = run(*arguments, "--endpoint", base)
            assert "SANDBOX" in done.out + done.err, name
