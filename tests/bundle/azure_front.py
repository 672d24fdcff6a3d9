"""A sandbox that answers as Azure's own host does, for a process that is told nothing of it.

The process finds what a job in Azure Automation finds: an identity endpoint on loopback in its
environment, and `management.azure.com`, to which it gets through a proxy as companies have them.
The proxy ends on loopback, where the sandbox answers with a certificate for that name. So nothing
in the program differs from a run in Azure: neither credential nor host, pipeline or guard.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from asr_netmap.sandbox import Request, Response, Sandbox
from asr_netmap.sandbox.server import SandboxServer, running_server

HOST = "management.azure.com"


@dataclass(frozen=True)
class Front:
    """What a process needs in its environment, and what it then did."""

    environment: Mapping[str, str]
    requests: list[tuple[str, str]]
    tunnels: list[str]

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Method and URL of what was not merely read."""
        return [each for each in self.requests if each[0] != "GET"]


class _Watched:
    """A sandbox whose requests are written down."""

    def __init__(self, sandbox: Sandbox, requests: list[tuple[str, str]]) -> None:
        self._sandbox = sandbox
        self._requests = requests

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        self._requests.append((request.method, request.url))
        return self._sandbox.handle(request, now, rng)


class _AzureServer(SandboxServer):
    """The sandbox's server under the name of Azure's host."""

    @cached_property
    def allowed_hosts(self) -> frozenset[str]:
        return frozenset({HOST})


class _Proxy(ThreadingHTTPServer):
    """Tunnels to one host, which it takes for a port on this machine, and to nowhere else."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, tunnels: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.port = port
        self.tunnels = tunnels


class _Tunnel(BaseHTTPRequestHandler):
    server: _Proxy

    def do_CONNECT(self) -> None:
        self.server.tunnels.append(self.path)
        if self.path != f"{HOST}:443":
            self.send_error(403)
            return
        with socket.create_connection(("127.0.0.1", self.server.port)) as inner:
            self.send_response(200)
            self.end_headers()
            self._carry(inner)
        self.close_connection = True

    def _carry(self, inner: socket.socket) -> None:
        other = {self.connection: inner, inner: self.connection}
        while True:
            for ready in select.select(list(other), [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                other[ready].sendall(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        """Say nothing."""


@contextmanager
def azure_front(sandbox: Sandbox, folder: Path) -> Iterator[Front]:
    """Serve a sandbox as Azure, with certificates in `folder`."""
    requests: list[tuple[str, str]] = []
    tunnels: list[str] = []
    watched = _Watched(sandbox, requests)
    with ExitStack() as open_servers:
        identity = open_servers.enter_context(running_server(sandbox))
        certificate, key = _certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        timing = (_now, lambda _seconds: None, 0.0)
        azure = _AzureServer(("127.0.0.1", 0), watched, context, timing, Random(1), None)
        open_servers.enter_context(_serving(azure))
        proxy = _Proxy(azure.port, tunnels)
        open_servers.enter_context(_serving(proxy))
        environment = {
            "IDENTITY_ENDPOINT": f"{identity}/msi/token",
            "IDENTITY_HEADER": "sandbox",
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_address[1]}",
            "NO_PROXY": "127.0.0.1",
            "REQUESTS_CA_BUNDLE": str(certificate),
        }
        yield Front(environment, requests, tunnels)


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of its own for Azure's host, good for a day around now, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox test")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - timedelta(hours=12))
        .not_valid_after(_now() + timedelta(hours=12))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, secret
