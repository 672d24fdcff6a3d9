"""Two hosts on loopback: one that plays Azure, and one that must never hear of a token."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Heard:
    """A request as it came over the socket."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Script = Callable[[Heard], Reply]


class Listener(ThreadingHTTPServer):
    """Answers by a function, and keeps what it heard."""

    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.heard: list[Heard] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def netloc(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Listener

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        heard = Heard(self.command, self.path, dict(self.headers.items()))
        self.server.heard.append(heard)
        reply = self.server.script(heard)
        body = b"" if reply.body is None else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in {**headers, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = _answer  # noqa: N815 -- the base looks its methods up by these names
    do_PUT = _answer  # noqa: N815 -- the same
    do_PATCH = _answer  # noqa: N815 -- the same
    do_DELETE = _answer  # noqa: N815 -- the same

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        """Stay silent."""


@contextmanager
def listening(script: Script) -> Iterator[Listener]:
    server = Listener(script)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
