"""An Azure that answers from a recording, each exchange once, and a connection to it.

No network and no waiting: whoever asks for what was not recorded fails, and time is virtual. The
clients speak the api-versions of the recording.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest, HttpResponse

from asr_netmap.clock import VirtualClock
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.guard import Place
from asr_netmap.gateway.sandbox_transport import SandboxResponse
from asr_netmap.gateway.tokens import TokenCache
from asr_netmap.sandbox.errors import no_such_object, site_recovery_error
from asr_netmap.sandbox.http import Response

from .recordings import Exchange, Recording


class NotRecorded(AssertionError):
    """A request that the recording does not hold, or not any more."""


class Replay(HttpTransport[HttpRequest, HttpResponse]):
    """Plays the exchanges of a recording."""

    def __init__(self, recording: Recording) -> None:
        self._left = list(recording.exchanges)
        self.played: list[Exchange] = []

    def left(self, exchange: Exchange) -> bool:
        """Whether an exchange was neither played nor passed over."""
        return any(each is exchange for each in self._left)

    def pass_over(self, exchange: Exchange) -> None:
        """An exchange that nobody will ask for."""
        self._left = [each for each in self._left if each is not exchange]

    def still_shows(self, key: str) -> bool:
        """Whether a GET of that path is left."""
        return any(each.read and each.key == key for each in self._left)

    def send(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The first exchange left that the request asks for."""
        for exchange in self._left:
            if _asks_for(request, exchange):
                break
            if _is_write_of(exchange, request):
                return SandboxResponse(request, _not_there(exchange))
        else:
            raise NotRecorded(f"{request.method} {request.url} {request.content!r}"[:2000])
        self.pass_over(exchange)
        self.played.append(exchange)
        return SandboxResponse(request, _answer(exchange))

    def open(self) -> None: ...

    def close(self) -> None: ...

    def __enter__(self) -> Replay:
        return self

    def __exit__(self, *args: object) -> None: ...


def _asks_for(request: HttpRequest, exchange: Exchange) -> bool:
    parts = urlsplit(request.url)
    version = dict(parse_qsl(parts.query)).get("api-version")
    return (
        request.method == exchange.method
        and parts.netloc == urlsplit(exchange.url).netloc
        and unquote(parts.path).rstrip("/").lower() == exchange.key
        and version == exchange.version
        and _says(request, exchange)
    )


def _says(request: HttpRequest, exchange: Exchange) -> bool:
    """A PUT says what was recorded; a client that sent read-only properties back said more.

    A PATCH of ours sends all that an item has, other clients' do not.
    """
    if request.method != "PUT":
        return True
    ours = json.loads(request.content or "null")
    return isinstance(exchange.sent, dict) and _within(ours, exchange.sent)


def _within(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return all(key in theirs and _within(ours[key], theirs[key]) for key in ours)
    return bool(ours == theirs)


def _is_write_of(exchange: Exchange, request: HttpRequest) -> bool:
    """Whether an object that is asked for is made later only: then it isn't there yet."""
    path = unquote(urlsplit(request.url).path).rstrip("/").lower()
    makes = exchange.method == "PUT" and exchange.status in {201, 202}
    return makes and request.method == "GET" and path == exchange.key


def _not_there(exchange: Exchange) -> Response:
    """No recording holds a look before the write; this is the recorded 404 of another object."""
    error = site_recovery_error(404, "NotFound", no_such_object(exchange.key), "id", "id")
    headers = (("Content-Type", "application/json"),)
    return Response(404, headers, json.dumps(error.body).encode())


def _answer(exchange: Exchange) -> Response:
    headers = tuple((n, v) for n, values in exchange.headers.items() for v in values)
    body = b"" if exchange.body is None else json.dumps(exchange.body).encode()
    return Response(exchange.status, headers, body)


class RecordedConnection(Connection):
    """A connection whose calls carry the recorded api-versions."""

    versions: Mapping[str, str]

    def get(self, path: str, api_version: str, **query: str) -> Mapping[str, Any]:
        """As the connection's, with the recorded version."""
        return super().get(path, self.versions.get(provider(path), api_version), **query)

    def _client_options(self, subscription: str) -> dict[str, Any]:
        # The network client has no such argument; its calls are given the version one by one.
        version = self.versions.get("microsoft.recoveryservices")
        given = {"api_version": version} if version else {}
        return {**super()._client_options(subscription), **given}


class _Token:
    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken("no-secret", 2**40)


def connected(recording: Recording) -> tuple[RecordedConnection, Replay, VirtualClock]:
    """A connection to what was recorded, at the time when it was."""
    replay, clock = Replay(recording), VirtualClock(recording.began)
    connection = RecordedConnection(
        replay,
        TokenCache(_Token(), Cloud.PUBLIC.scope, "", clock),
        Cloud.PUBLIC.endpoint,
        Place.of_cloud(Cloud.PUBLIC),
        cloud=Cloud.PUBLIC.value,
        workers=1,
        clock=clock,
        rng=Random(1),
    )
    connection.versions = _versions(recording)
    return connection, replay, clock


def _versions(recording: Recording) -> dict[str, str]:
    """Provider -> api-version; below a vault Site Recovery's, of a vault itself the vault's."""
    return {provider(e.path): e.version for e in recording.exchanges}


def provider(path: str) -> str:
    """The provider of a path, in lower case, a vault itself apart; '' for a resource group."""
    parts = path.strip("/").lower().split("/")
    if "providers" not in parts:
        return ""
    tail = parts[parts.index("providers") + 1 :]
    alone = tail[:2] == ["microsoft.recoveryservices", "vaults"] and len(tail) == 3
    return "a vault itself" if alone else tail[0]
