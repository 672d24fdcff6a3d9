"""The loopback server over real sockets."""

from __future__ import annotations

import http.client
import io
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.identity import ManagedIdentityCredential
from azure.mgmt.network import NetworkManagementClient

from asr_netmap.sandbox import MemorySandbox, Options, Request, Response, demo_estate, sandbox_token
from asr_netmap.sandbox.server import MAX_BODY, running_server, serve

from .world import (
    BASE,
    START,
    SUB,
    SUBSCRIPTION,
    WEB,
    WEB_ASR,
    Clock,
    item_path,
    mapping_body,
    mapping_path,
)

VERSION = "?api-version=2025-08-01"


def auth() -> dict[str, str]:
    return {"Authorization": f"Bearer {sandbox_token(START, BASE)}"}


@pytest.fixture
def url() -> Iterator[str]:
    with running_server(MemorySandbox(demo_estate()), clock=Clock()) as base:
        yield base


OPENED: list[http.client.HTTPConnection] = []


@pytest.fixture(autouse=True)
def closed_afterwards() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    OPENED.append(connection)
    return connection


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, **options: Any
) -> tuple[int, dict[str, str], Any]:
    headers = {**auth(), **options.pop("headers", {})}
    connection.request(method, path, headers=headers, **options)
    response = connection.getresponse()
    body = response.read()
    return response.status, dict(response.getheaders()), json.loads(body) if body else None


def raw(url: str, data: bytes) -> bytes:
    """Send bytes as they are and read until the server closes or pauses."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=10) as stream:
        stream.sendall(data)
        found = b""
        with suppress(OSError):  # a server that has heard enough hangs up
            stream.shutdown(socket.SHUT_WR)
            while chunk := stream.recv(65536):
                found += chunk
    return found


def test_one_connection_carries_many_requests(url: str) -> None:
    connection = connect(url)
    status, headers, body = ask(connection, "GET", WEB + VERSION)
    opened = connection.sock
    assert (status, body["name"], headers["Connection"]) == (200, "vnet-web", "keep-alive")
    for _ in range(3):
        assert ask(connection, "GET", SUB + VERSION)[0] == 200
    assert ask(connection, "HEAD", f"{SUB}/resourcegroups/rg-web{VERSION}")[0] == 204
    assert ask(connection, "GET", f"{WEB}x{VERSION}")[0] == 404
    assert connection.sock is opened
    connection.close()


def test_polling_urls_name_the_server_the_request_came_to(url: str) -> None:
    connection = connect(url)
    body = json.dumps(mapping_body(WEB, WEB_ASR))
    status, headers, _ = ask(connection, "PUT", mapping_path("web") + VERSION, body=body)
    assert status == 202
    polling = headers["Azure-AsyncOperation"]
    assert polling.startswith(f"{url}/Subscriptions/")
    found = ask(connection, "GET", polling.removeprefix(url))[2]
    assert found["status"] == "Succeeded"


def test_repeated_headers_arrive_repeated(url: str) -> None:
    connection = connect(url)
    connection.request("PATCH", item_path("web2") + VERSION, b'{"properties":{}}', auth())
    response = connection.getresponse()
    first, second = response.headers.get_all("x-ms-request-id") or []
    assert first == second
    assert response.read() == b""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST", "[::1]"])
def test_loopback_names_with_the_right_port_are_answered(url: str, host: str) -> None:
    port = urlsplit(url).port
    headers = {"Host": f"{host}:{port}"}
    assert ask(connect(url), "GET", SUB + VERSION, headers=headers)[0] == 200


@pytest.mark.parametrize(
    "host",
    ["management.azure.com", "evil.example:{port}", "127.0.0.1", "localhost:1", "127.0.0.2:{port}"],
)
def test_any_other_host_header_is_misdirected(url: str, host: str) -> None:
    headers = {"Host": host.format(port=urlsplit(url).port)}
    status, found, body = ask(connect(url), "GET", SUB + VERSION, headers=headers)
    assert (status, body["error"]["code"]) == (421, "MisdirectedRequest")
    assert found["Connection"] == "close"


def test_a_request_without_a_host_or_with_two_is_misdirected(url: str) -> None:
    good = f"Host: {urlsplit(url).netloc}\r\n".encode()
    line = b"GET /tenants?api-version=1 HTTP/1.1\r\n"
    assert raw(url, line + b"\r\n").startswith(b"HTTP/1.1 421 ")
    assert raw(url, line + good + b"Host: localhost\r\n\r\n").startswith(b"HTTP/1.1 421 ")
    assert raw(url, line + good + b"\r\n").startswith(b"HTTP/1.1 401 ")


def test_no_answer_has_cors_headers(url: str) -> None:
    origin = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
    for method in ("GET", "OPTIONS"):
        _, headers, _ = ask(connect(url), method, SUB + VERSION, headers=origin)
        assert not [name for name in headers if name.lower().startswith("access-control")]


def test_a_body_in_chunks_is_put_together(url: str) -> None:
    body = json.dumps(mapping_body(WEB, WEB_ASR)).encode()
    chunks = iter([body[:50], body[50:51], body[51:]])
    connection = connect(url)
    status, _, _ = ask(
        connection,
        "PUT",
        mapping_path("web") + VERSION,
        body=chunks,
        encode_chunked=True,
        headers={"Transfer-Encoding": "chunked"},
    )
    assert status == 202
    assert ask(connection, "GET", mapping_path("web") + VERSION)[0] == 200


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (f"Content-Length: {MAX_BODY + 1}", b"", 413),
        ("Content-Length: -1", b"", 400),
        ("Content-Length: 1\r\nContent-Length: 2", b"xx", 400),
        ("Content-Length: 9", b"short", 400),
        ("Transfer-Encoding: gzip", b"", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 3", b"0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked", b"zz\r\n", 400),
        ("Transfer-Encoding: chunked", b"7fffffff\r\n", 413),
        ("Transfer-Encoding: chunked", b"1\r\nxyz\r\n", 400),
    ],
)
def test_a_body_that_lies_about_its_size_is_refused(
    url: str, headers: str, body: bytes, status: int
) -> None:
    head = f"PUT {SUB}/resourcegroups/x HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n{headers}"
    answer = raw(url, head.encode() + b"\r\n\r\n" + body)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:80]


def test_an_absolute_request_target_is_refused(url: str) -> None:
    head = f"GET http://evil.example/ HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n\r\n"
    assert raw(url, head.encode()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.com", "127.0.0.2"])
def test_only_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(ValueError, match="loopback only"):
        serve(MemorySandbox(demo_estate()), host=host)


def test_ipv6_loopback_is_listened_on() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with running_server(MemorySandbox(demo_estate()), host="::1", clock=Clock()) as base:
        assert base.startswith("http://[::1]:")
        assert ask(connect(base), "GET", SUB + VERSION)[0] == 200


class Crashing:
    """A sandbox with a bug."""

    def __init__(self) -> None:
        self.calls = 0

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        self.calls += 1
        if self.calls == 1:
            raise RuntimeError("a bug")
        return Response(200, (("Content-Length", "2"),), b"{}")


def test_a_crash_is_a_500_a_line_on_stderr_and_nothing_more() -> None:
    log = io.StringIO()
    with running_server(Crashing(), log=log) as base:
        connection = connect(base)
        status, _, body = ask(connection, "GET", "/x?secret=1")
        assert status == 500
        assert body["error"]["message"] == "SANDBOX: RuntimeError: a bug"
        assert ask(connection, "GET", "/x")[0] == 200
    assert log.getvalue() == "sandbox: GET /x crashed: RuntimeError: a bug\n"


def test_latency_is_slept_once_for_each_request() -> None:
    naps: list[float] = []
    sandbox = MemorySandbox(demo_estate())
    with running_server(sandbox, latency=1.5, sleep=naps.append, clock=Clock()) as base:
        connection = connect(base)
        for _ in range(3):
            ask(connection, "GET", SUB + VERSION)
    assert naps == [1.5] * 3


def test_a_client_that_hangs_stops_nobody(url: str) -> None:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=10) as stalled:
        stalled.sendall(b"PUT /x HTTP/1.1\r\nHost")
        assert ask(connect(url), "GET", SUB + VERSION)[0] == 200


def test_many_clients_at_once_are_all_answered(url: str) -> None:
    answers: list[int] = []

    def work() -> None:
        connection = connect(url)
        answers.extend(ask(connection, "GET", WEB + VERSION)[0] for _ in range(5))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 60


# -- Azure's own clients ---------------------------------------------------------------------


def test_azure_identity_gets_a_token_from_the_managed_identity_endpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with running_server(MemorySandbox(demo_estate())) as base:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{base}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "sandbox")
        token = ManagedIdentityCredential().get_token("https://management.azure.com/.default")
        assert token.token.count(".") == 2
        client = NetworkManagementClient(
            ManagedIdentityCredential(),
            SUBSCRIPTION,
            base_url=base,
            credential_scopes=["https://management.azure.com/.default"],
            authentication_policy=PlainHttpBearer(token.token),
        )
        names = [network.name for network in client.virtual_networks.list_all()]
    assert "vnet-web" in names


class PlainHttpBearer(SansIOHTTPPolicy[Any, Any]):
    """The SDK sends tokens over https only; towards loopback a test may."""

    def __init__(self, token: str) -> None:
        self._text = token

    def on_request(self, request: Any) -> None:
        request.http_request.headers["Authorization"] = f"Bearer {self._text}"


@contextmanager
def certificate(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Make a certificate for 127.0.0.1, good for a day around now."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox test")])
    now = datetime.now(timezone.utc)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=12))
        .not_valid_after(now + timedelta(hours=12))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    where = folder / "certificate.pem", folder / "key.pem"
    where[0].write_bytes(built.public_bytes(serialization.Encoding.PEM))
    where[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    yield where


def test_tls_with_a_given_certificate(tmp_path: Path) -> None:
    sandbox = MemorySandbox(demo_estate(), Options(page_size=5))
    with (
        certificate(tmp_path) as (cert, key),
        running_server(sandbox, tls_certificate=cert, tls_key=key, clock=Clock()) as base,
    ):
        assert base.startswith("https://127.0.0.1:")
        trust = ssl.create_default_context(cafile=str(cert))
        parts = urlsplit(base)
        connection = http.client.HTTPSConnection(
            str(parts.hostname), parts.port, timeout=10, context=trust
        )
        path = f"{SUB}/providers/Microsoft.Network/networkInterfaces"
        status, _, body = ask(connection, "GET", path + VERSION)
        assert status == 200
        assert body["nextLink"].startswith(base + path)
        connection.close()
        assert raw(base, b"GET / HTTP/1.1\r\n\r\n") == b""
        assert ask(connection, "GET", SUB + VERSION)[0] == 200
        connection.close()


def test_a_key_without_a_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without a certificate"):
        serve(MemorySandbox(demo_estate()), tls_key=tmp_path / "key.pem")
