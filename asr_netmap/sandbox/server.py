"""The loopback server: the sandbox for clients that speak HTTP, curl and az CLI included.

It listens on loopback only, answers only requests whose Host header names loopback and its own
port (a web page that rebinds its name to 127.0.0.1 gets 421), sends no CORS headers, and takes
no credential but the sandbox's own. A handler that crashes answers 500 and leaves a line on
stderr; the server goes on.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from email.message import Message
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random, SystemRandom
from typing import Any, TextIO

from asr_netmap.sandbox.http import Request, Response
from asr_netmap.sandbox.session import FileSandbox, Sandbox

MAX_BODY = 8 * 1024 * 1024
IDLE_SECONDS = 120.0
_CHUNK_LINE = 1024
_LINGER_SECONDS, _LINGER_READS = 1.0, 256


class _Refused(Exception):
    """A request that never reaches the sandbox."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class SandboxServer(ThreadingHTTPServer):
    """A bound server; `url` is its base URL, `serve_forever` runs it, `server_close` ends it."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = sys.platform != "win32"
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        sandbox: Sandbox,
        context: ssl.SSLContext | None,
        timing: tuple[Callable[[], datetime], Callable[[float], None], float],
        rng: Random,
        log: TextIO | None,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        # Before the base class: where it can't bind, it closes what it has not opened.
        self._open: set[Any] = set()
        self._open_lock = threading.Lock()
        self.sandbox = sandbox
        super().__init__(address, _Handler)
        self.clock, self.sleep, self.latency = timing
        self.rng = rng
        self.log = log
        self._context = context
        if context is not None:
            # The handshake is left to the handler's thread: a client that stalls stops nobody.
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def scheme(self) -> str:
        """`https` with a certificate, else `http`."""
        return "http" if self._context is None else "https"

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        host = str(self.server_address[0])
        shown = f"[{host}]" if ":" in host else host
        return f"{self.scheme}://{shown}:{self.port}"

    @cached_property
    def allowed_hosts(self) -> frozenset[str]:
        """The Host headers that are answered."""
        names = ("localhost", "127.0.0.1", "[::1]")
        hosts = {f"{name}:{self.port}" for name in names}
        if self.port == (443 if self.scheme == "https" else 80):
            hosts.update(names)
        return frozenset(hosts)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own, and remember it until it ends."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening and end the connections that clients keep open."""
        super().server_close()
        with self._open_lock:
            left = list(self._open)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if isinstance(self.sandbox, FileSandbox):
            self.sandbox.close()

    def note(self, line: str) -> None:
        """Write one line about a crash to the log."""
        with contextlib.suppress(OSError, ValueError):
            print(line, file=self.log or sys.stderr, flush=True)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say in one line what ended a connection; a client that went away is no news."""
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError, ssl.SSLError)):
            self.note(f"sandbox: connection ended by {type(error).__name__}: {error}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: SandboxServer
    headers: Message[str, str]

    def _answer(self) -> None:
        try:
            request = self._request()
        except _Refused as refusal:
            self.close_connection = True
            self._send(_plain(refusal.status, str(refusal)))
            self._drain()
            return
        if self.server.latency > 0:
            self.server.sleep(self.server.latency)
        try:
            response = self.server.sandbox.handle(request, self.server.clock(), self.server.rng)
        except Exception as error:  # the border: no crash may end the server
            path = self.path.partition("?")[0]
            self.server.note(
                f"sandbox: {self.command} {path} crashed: {type(error).__name__}: {error}"
            )
            response = _plain(500, f"{type(error).__name__}: {error}")
        self._send(response)

    do_GET = _answer  # noqa: N815 -- the base looks its methods up by these names
    do_HEAD = _answer  # noqa: N815 -- the base looks its methods up by these names
    do_PUT = _answer  # noqa: N815 -- the base looks its methods up by these names
    do_PATCH = _answer  # noqa: N815 -- the base looks its methods up by these names
    do_POST = _answer  # noqa: N815 -- the base looks its methods up by these names
    do_DELETE = _answer  # noqa: N815 -- the base looks its methods up by these names
    do_OPTIONS = _answer  # noqa: N815 -- the base looks its methods up by these names

    def _request(self) -> Request:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0].strip().lower() not in self.server.allowed_hosts:
            raise _Refused(421, "this server answers for loopback names and its own port only")
        if not self.path.startswith("/"):
            raise _Refused(400, "the request target must be a path")
        body = self._body()
        url = f"{self.server.scheme}://{hosts[0].strip()}{self.path}"
        return Request(self.command, url, dict(self.headers.items()), body)

    def _body(self) -> bytes:
        lengths = self.headers.get_all("Content-Length") or []
        encoding = self.headers.get("Transfer-Encoding")
        if encoding is not None:
            if lengths or encoding.strip().lower() != "chunked":
                raise _Refused(400, "Transfer-Encoding must be 'chunked', without Content-Length")
            return self._chunked_body()
        if not lengths:
            return b""
        if len(set(lengths)) != 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
            raise _Refused(400, "Content-Length is not a number")
        length = int(lengths[0])
        if length > MAX_BODY:
            raise _Refused(413, f"the body is larger than {MAX_BODY} bytes")
        return self._exactly(length)

    def _chunked_body(self) -> bytes:
        body = bytearray()
        while True:
            size = self._chunk_size()
            if len(body) + size > MAX_BODY:
                raise _Refused(413, f"the body is larger than {MAX_BODY} bytes")
            if size == 0:
                break
            body += self._exactly(size)
            if self._exactly(2) != b"\r\n":
                raise _Refused(400, "a chunk does not end where it says")
        for _ in range(64):
            if self.rfile.readline(_CHUNK_LINE) in (b"\r\n", b"\n", b""):
                return bytes(body)
        raise _Refused(400, "too many trailers")

    def _chunk_size(self) -> int:
        text = self.rfile.readline(_CHUNK_LINE).partition(b";")[0].strip()
        if not text or len(text) > 8 or not set(text.lower()) <= set(b"0123456789abcdef"):
            raise _Refused(400, "a chunk's size is not a hexadecimal number")
        return int(text, 16)

    def _exactly(self, length: int) -> bytes:
        data = self.rfile.read(length)
        if len(data) != length:
            raise _Refused(400, "the body is shorter than announced")
        return data

    def _drain(self) -> None:
        """Read what the client still sends: closing on unread bytes would take the answer back."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER_SECONDS)
            for _ in range(_LINGER_READS):
                if not self.connection.recv(65536):
                    return

    def _send(self, response: Response) -> None:
        phrase = _phrase(response.status)
        lines = [f"HTTP/1.1 {response.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in response.headers]
        lines.append(f"Connection: {'close' if self.close_connection else 'keep-alive'}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        # One write: a small answer leaves in one packet.
        self.wfile.write(head if self.command == "HEAD" else head + response.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        """Stay silent: stdout is the caller's, stderr is for crashes."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _plain(status: int, message: str) -> Response:
    codes = {400: "BadRequest", 413: "RequestEntityTooLarge", 421: "MisdirectedRequest"}
    error = {"code": codes.get(status, "InternalServerError"), "message": f"SANDBOX: {message}"}
    body = json.dumps({"error": error}).encode()
    headers = (
        ("Content-Type", "application/json; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-cache"),
        ("x-asr-netmap-sandbox", "true"),
    )
    return Response(status, headers, body)


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


def serve(  # noqa: PLR0913 -- each has a default and a name of its own
    sandbox: Sandbox,
    host: str = "127.0.0.1",
    port: int = 0,
    latency: float = 0.0,
    tls_certificate: Path | None = None,
    tls_key: Path | None = None,
    *,
    clock: Callable[[], datetime] = _utc_now,
    sleep: Callable[[float], None] = time.sleep,
    rng: Random | None = None,
    log: TextIO | None = None,
) -> SandboxServer:
    """Bind a server for `sandbox` and return it; the caller runs `serve_forever()`.

    host: 127.0.0.1 or ::1 (`localhost` is 127.0.0.1). port: 0 picks a free one. latency:
    seconds added to each answer. tls_certificate, tls_key: PEM files; the key may be in the
    certificate's file. Raises ValueError for any other host, OSError when the port is taken or a
    PEM file cannot be used.
    """
    address = "127.0.0.1" if host == "localhost" else host.strip("[]")
    if address not in ("127.0.0.1", "::1"):
        raise ValueError(
            f"the sandbox listens on loopback only (127.0.0.1 or ::1), not on {host!r}"
        )
    assert ipaddress.ip_address(address).is_loopback
    context: ssl.SSLContext | None = None
    if tls_certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(tls_certificate, tls_key)
    elif tls_key is not None:
        raise ValueError("a TLS key was given without a certificate")
    timing = (clock, sleep, latency)
    return SandboxServer((address, port), sandbox, context, timing, rng or SystemRandom(), log)


@contextlib.contextmanager
def running_server(sandbox: Sandbox, **options: Any) -> Iterator[str]:
    """Serve `sandbox` from a thread and yield the base URL; options are those of `serve`."""
    server = serve(sandbox, **options)
    # A short poll interval: `shutdown` waits for the loop to look.
    thread = threading.Thread(
        target=server.serve_forever, args=(0.02,), name="sandbox-server", daemon=True
    )
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
