"""Connections: to a sandbox in this process, to a served one, and what they never do."""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path
from random import Random

import pytest
from azure.core.pipeline.transport import RequestsTransport
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from asr_netmap.clock import VirtualClock
from asr_netmap.errors import (
    InvalidArmId,
    NotFound,
    UnexpectedAnswer,
    Unreachable,
    UsageError,
)
from asr_netmap.gateway.changing import AzureGateway
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.connection import connect_azure, connect_endpoint, connect_sandbox
from asr_netmap.gateway.credentials import Auth
from asr_netmap.gateway.foreign_text import RedactingFilter
from asr_netmap.gateway.reading import read_inventory
from asr_netmap.models import RegionPair
from asr_netmap.sandbox.demo_estate import demo_estate
from asr_netmap.sandbox.http import Request, Response
from asr_netmap.sandbox.server import running_server
from asr_netmap.sandbox.session import MemorySandbox

from .scripted import SUBSCRIPTION, TOKEN, VAULT, FakeCredential, answer, arm_error, scripted, world
from .test_changing import applied, set_address

TWO = [
    {"subscriptionId": "s-1", "displayName": "Production", "tenantId": "t-1"},
    {"id": "/subscriptions/s-2", "displayName": "Test", "tenantId": "t-2", "state": "Disabled"},
    {"subscriptionId": "s-3", "displayName": "Twice", "tenantId": "t-1"},
    {"subscriptionId": "s-4", "displayName": "twice", "tenantId": "t-1"},
]


# Subscriptions.


@pytest.mark.parametrize(("text", "found"), [("s-1", "s-1"), ("S-2", "s-2"), ("production", "s-1")])
def test_a_subscription_is_found_by_id_or_name(text: str, found: str) -> None:
    connection = scripted([answer(200, {"value": TWO})]).connection
    assert connection.resolve_subscription(text).id == found


def test_an_unknown_subscription_is_answered_with_near_names() -> None:
    connection = scripted([answer(200, {"value": TWO})]).connection
    with pytest.raises(NotFound, match="Near: Production"):
        connection.resolve_subscription("Prodction")


def test_a_name_that_fits_two_subscriptions_is_not_guessed() -> None:
    connection = scripted([answer(200, {"value": TWO})]).connection
    with pytest.raises(UsageError, match=r"s-3.*s-4"):
        connection.resolve_subscription("Twice")


def test_without_a_name_the_only_visible_subscription_is_taken() -> None:
    assert world().connection.resolve_subscription(None).id == SUBSCRIPTION
    connection = scripted([answer(200, {"value": TWO})]).connection
    with pytest.raises(UsageError, match=r"4 subscriptions.*Production \(s-1\)"):
        connection.resolve_subscription(None)
    nothing = scripted([answer(200, {"value": []})]).connection
    with pytest.raises(UsageError, match="0 subscriptions"):
        nothing.resolve_subscription(None)


def test_subscriptions_are_read_once_and_the_tenant_when_asked() -> None:
    azure = scripted([answer(200, {"value": TWO}), answer(200, {"tenantId": "t-9"})])
    assert len(azure.connection.subscriptions()) == len(azure.connection.subscriptions()) == 4
    assert azure.connection.tenant("s-1") == "t-9"
    assert len(azure.transport.requests) == 2
    with pytest.raises(InvalidArmId):
        azure.connection.tenant("../x")
    with pytest.raises(InvalidArmId):
        azure.connection.network("..")


# Which side it is.


def test_a_connection_knows_whether_it_is_a_sandbox() -> None:
    here = world().connection
    assert (here.sandbox, here.cloud) == (True, "sandbox")
    azure = connect_azure(Cloud.CHINA, Auth.CLI, token_source=FakeCredential())
    assert (azure.sandbox, azure.cloud) == (False, "AzureChinaCloud")


@pytest.mark.parametrize(
    "url",
    [
        "https://management.azure.com",
        "http://10.0.0.4:8480",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example:80",
        "http://127.0.0.1@evil.example",
        "http://evil@127.0.0.1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1/path",
        "http://127.0.0.1?x=1",
        "ftp://127.0.0.1",
        "127.0.0.1:8480",
        "",
    ],
)
def test_an_endpoint_that_is_not_this_machine_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no sandbox on this machine"):
        connect_endpoint(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1/", "https://[::1]:1"])
def test_loopback_endpoints_are_taken_by_any_name(url: str) -> None:
    assert connect_endpoint(url).sandbox


def test_a_served_sandbox_is_read_and_changed_over_real_sockets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Proxy variables would lead loopback traffic away; they must not count."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    sandbox = MemorySandbox(demo_estate())
    with running_server(sandbox) as url, connect_endpoint(url) as connection:
        pair = RegionPair("eastasia", "southeastasia")
        found = read_inventory(connection, vault=VAULT, regions=pair)
        assert found == read_inventory(world().connection, vault=VAULT, regions=pair)
        here = world()
        one = set_address(here)
        gateway = AzureGateway(connection)
        operation = gateway.send(one, gateway.read(one), "r-1")
        assert operation is not None
        assert operation.url.startswith(url)
        assert gateway.read(one).state == one.after
    assert len(sandbox.engine.accepted_writes) == 1


def test_a_sandbox_with_a_certificate_is_checked_against_it(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    options = {"tls_certificate": certificate, "tls_key": key}
    with running_server(MemorySandbox(demo_estate()), **options) as url:
        with connect_endpoint(url, ca=certificate) as connection:
            assert connection.resolve_subscription(None).id == SUBSCRIPTION
        stranger = connect_endpoint(url, clock=VirtualClock(datetime.now(timezone.utc)))
        with pytest.raises(Unreachable, match=r"(?i)certificate"):
            stranger.open()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def test_what_is_no_sandbox_is_told_so() -> None:
    connection = connect_sandbox(
        lambda _request, _now, _rng: answer(200, b"<html>"), clock=VirtualClock()
    )
    with pytest.raises(UnexpectedAnswer, match="not what a sandbox answers"):
        connection.open()


def test_no_real_credential_reaches_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.setenv(name, "CANARY")
    seen: list[str] = []
    sandbox = MemorySandbox(demo_estate())

    def handle(request: Request, now: datetime, rng: Random) -> Response:
        seen.append(f"{request.url} {dict(request.headers)} {request.body!r}")
        return sandbox.handle(request, now, rng)

    connection = connect_sandbox(handle, clock=VirtualClock())
    assert connection.resolve_subscription(None).id == SUBSCRIPTION
    assert seen
    assert not any("CANARY" in each for each in seen)


# The pipeline's make-up.


def test_the_sdks_own_policies_are_not_in_any_client() -> None:
    connection = world().connection
    ours = [type(policy).__name__ for policy in connection._policies()]
    for client in (connection.network("s1"), connection.site_recovery("s1")):
        inside = client._client._pipeline._impl_policies
        names = [type(policy).__name__ for policy in inside if hasattr(policy, "next")]
        assert names[: len(ours)] == ours
        assert not {name for name in names if "Retry" in name or "Redirect" in name}
        assert not {name for name in names if "Registration" in name or "Logging" in name}


def test_a_client_is_made_once_for_each_subscription() -> None:
    connection = world().connection
    assert connection.network("A") is connection.network("a")
    assert connection.network("a") is not connection.network("b")
    assert connection.site_recovery("A") is connection.site_recovery("a")


def test_time_outs_and_pool_are_ours() -> None:
    transport = connect_azure(
        Cloud.PUBLIC, Auth.CLI, token_source=FakeCredential(), workers=13
    )._transport
    assert isinstance(transport, RequestsTransport)
    config = transport.connection_config
    assert (config.timeout, config.read_timeout) == (10, 60)
    session = transport.session
    assert session.get_adapter("https://x")._pool_maxsize == 13
    assert session.trust_env is True
    loopback = connect_endpoint("http://127.0.0.1:1")._transport
    assert isinstance(loopback, RequestsTransport)
    assert loopback.session.trust_env is False


# What is written down about it.


def test_the_log_has_one_line_for_each_exchange_without_query_and_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    here = world()
    with caplog.at_level(logging.DEBUG):
        applied(here, set_address(here))
    lines = [r.getMessage() for r in caplog.records if r.name == "asr_netmap.http"]
    assert len(lines) == here.connection.requests_sent
    patches = [line for line in lines if line.startswith("PATCH /")]
    assert len(patches) == 1
    assert " 202 " in patches[0]
    text = caplog.text
    assert "?" not in "".join(lines)
    for secret in ("Bearer", "eyJ", "api-version", "&s="):
        assert secret not in text


def test_a_failed_exchange_has_a_line_too(caplog: pytest.LogCaptureFixture) -> None:
    azure = scripted([answer(409, arm_error("Conflict", f"{TOKEN}"))])
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception, match="Conflict"):
        azure.connection.get("/subscriptions/s1", "1")
    assert "GET /subscriptions/s1 409" in caplog.text
    assert "CANARY" not in caplog.text


def test_over_real_sockets_no_logger_at_any_level_shows_a_token_or_signature(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sandbox = MemorySandbox(demo_estate())
    with caplog.at_level(logging.DEBUG), running_server(sandbox) as url:
        with connect_endpoint(url) as connection:
            gateway = AzureGateway(connection)
            one = set_address(world())
            operation = gateway.send(one, gateway.read(one), "r-1")
            assert operation is not None
            assert "&s=" in operation.url
            gateway.ask(operation)
        signature = operation.url.split("&s=")[1].split("&")[0]
    assert "replicationOperationStatus" in caplog.text
    for secret in (signature, "Bearer", "eyJ"):
        assert secret not in caplog.text


def test_the_filter_takes_secrets_out_of_arguments_too() -> None:
    record = logging.LogRecord(
        "x",
        logging.INFO,
        "x.py",
        1,
        "asked %s with %s",
        ("https://h/p?a=1&sig=S&s=T", TOKEN),
        None,
    )
    assert RedactingFilter().filter(record)
    assert record.getMessage() == "asked https://h/p?a=1&sig=<redacted>&s=<redacted> with <token>"


def test_importing_the_package_imports_no_azure() -> None:
    code = (
        "import sys, asr_netmap.gateway, asr_netmap.gateway.cloud; "
        "print([m for m in sys.modules if m.split('.')[0] in ('azure', 'requests')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_reading_loads_neither_of_the_management_sdks() -> None:
    """The network SDK alone costs 0.4 s; the lists do without it."""
    code = (
        "import sys\n"
        "from asr_netmap.gateway.changing import AzureGateway\n"
        "from asr_netmap.gateway.reading import read_inventory\n"
        "print([m for m in sys.modules if m.startswith('azure.mgmt')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
