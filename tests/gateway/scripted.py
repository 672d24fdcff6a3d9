"""An Azure that answers from a function, with every request kept; and small estates."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest, HttpResponse

from asr_netmap.arm_id import ArmId
from asr_netmap.clock import VirtualClock
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.connection import Connection, connect_sandbox
from asr_netmap.gateway.guard import Place
from asr_netmap.gateway.sandbox_transport import SandboxResponse
from asr_netmap.gateway.tokens import TokenCache
from asr_netmap.sandbox.demo_estate import demo_estate
from asr_netmap.sandbox.estate import Estate
from asr_netmap.sandbox.http import Response
from asr_netmap.sandbox.options import Options
from asr_netmap.sandbox.session import MemorySandbox

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
VAULT = ArmId.of_vault(SUBSCRIPTION, "rg-vault", "vault-dr")
FABRIC = VAULT.child("replicationFabrics", "asr-a2a-default-eastasia")
MAPPING = FABRIC.child("replicationNetworks", "azureNetwork").child(
    "replicationNetworkMappings", "m1"
)
ITEM = FABRIC.child("replicationProtectionContainers", "c1").child(
    "replicationProtectedItems", "app1"
)
TOKEN = "eyJhbGciOiJub25lIn0.CANARY.CANARY"

Answer = Response | Exception
Script = Callable[[HttpRequest], Answer]


def answer(
    status: int = 200, body: object = None, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer; `body` may be bytes for what is no JSON."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    pairs = {"Content-Type": "application/json", **(headers or {})}
    return Response(status, tuple(pairs.items()), raw)


def arm_error(code: str, message: str = "text", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


@dataclass
class FakeCredential:
    """Hands out numbered tokens and counts."""

    lifetime: float = 3600.0
    now: Callable[[], float] = lambda: 0.0
    given: list[str] = field(default_factory=list)
    options: list[Mapping[str, object]] = field(default_factory=list)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.given.append(f"{TOKEN}{len(self.given)}")
        self.options.append(options)
        return AccessToken(self.given[-1], int(self.now() + self.lifetime))


class ScriptedTransport(HttpTransport[HttpRequest, HttpResponse]):
    """Answers each request by a function, or raises what it returns."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []

    def send(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        content = request.content
        body = content.encode() if isinstance(content, str) else bytes(content or b"")
        self.requests.append((request.method, request.url, dict(request.headers), body))
        result = self._script(request)
        if isinstance(result, Exception):
            raise result
        return SandboxResponse(request, result)

    @property
    def methods(self) -> list[str]:
        return [method for method, *_ in self.requests]

    @property
    def urls(self) -> list[str]:
        return [url for _, url, *_ in self.requests]

    def open(self) -> None: ...

    def close(self) -> None: ...

    def __enter__(self) -> ScriptedTransport:
        return self

    def __exit__(self, *args: object) -> None: ...


@dataclass
class Scripted:
    """A connection to a scripted Azure, and what is needed to look behind it."""

    connection: Connection
    transport: ScriptedTransport
    clock: VirtualClock
    credential: FakeCredential


def scripted(script: Script | list[Answer], workers: int = 1) -> Scripted:
    """A list is answered in order, its last entry for ever."""
    transport = ScriptedTransport(script if callable(script) else in_order(script))
    clock = VirtualClock()
    credential = FakeCredential(now=lambda: clock.now().timestamp())
    connection = Connection(
        transport,
        TokenCache(credential, Cloud.PUBLIC.scope, "Log in.", clock),
        Cloud.PUBLIC.endpoint,
        Place.of_cloud(Cloud.PUBLIC),
        cloud=Cloud.PUBLIC.value,
        workers=workers,
        clock=clock,
        rng=Random(7),
    )
    return Scripted(connection, transport, clock, credential)


def in_order(answers: list[Answer]) -> Script:
    left = list(answers)

    def script(_request: HttpRequest) -> Answer:
        return left.pop(0) if len(left) > 1 else left[0]

    return script


@dataclass
class World:
    """A sandbox with its connection."""

    sandbox: MemorySandbox
    connection: Connection
    clock: VirtualClock

    @property
    def written(self) -> list[tuple[str, str]]:
        return [(w.method, w.path) for w in self.sandbox.engine.accepted_writes]


def world(
    estate: Estate | None = None,
    options: Options | None = None,
    conditions: tuple[dict[str, Any], ...] = (),
    workers: int = 4,
) -> World:
    """A sandbox of the demo estate with failures that are to be rehearsed."""
    document = (estate or demo_estate()).to_document()
    document["conditions"] = list(conditions)
    clock = VirtualClock()
    sandbox = MemorySandbox(Estate.from_document(document), options)
    return World(sandbox, connect_sandbox(sandbox.handle, clock=clock, workers=workers), clock)
