"""The real program against a sandbox in Azure's place: every request is seen, secrets are known.

The program believes to be on Azure: `connect_azure` is the one thing that is replaced, by the same
connection over a transport into a sandbox. Its token is a canary of no known shape, which no
pattern could find by accident.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from azure.core.credentials import AccessToken

from asr_netmap import connecting
from asr_netmap.clock import VirtualClock
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.connection import Connection, connect_over
from asr_netmap.gateway.sandbox_transport import SandboxTransport
from asr_netmap.sandbox import MemorySandbox, Options, Request, Response, demo_estate, sandbox_token
from asr_netmap.sandbox.estate import Estate
from tests.cli.conftest import REGION_OPTIONS, VAULT_OPTIONS, Finished

CANARY = "CANARY-9f3c1e-token-of-no-shape"
SIGNING = ("c", "s", "h")  # ARM: `t` is a plain time
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"

BY_OPTIONS = ("--subscription", SUBSCRIPTION, *VAULT_OPTIONS, *REGION_OPTIONS)
BY_FILE = ("--config", "netmap.yaml")

# Every command that promises to change nothing, with arguments that make it do all it can.
READING: Mapping[str, tuple[str, ...]] = {
    "discover": ("discover", *BY_FILE),
    "discover a subscription": ("discover", "--subscription", SUBSCRIPTION),
    "plan": ("plan", *BY_FILE),
    "plan to a file": ("plan", *BY_FILE, "--out", "plan.json"),
    "verify": ("verify", *BY_FILE),
    "report": ("report", *BY_FILE, "--out", "report.html"),
    "report as Markdown": ("report", *BY_FILE, "--format", "markdown"),
    "nics list": ("nics", "list", *BY_FILE),
    "nics export": ("nics", "export", *BY_FILE),
    "nics explain": ("nics", "explain", "--vm", "app1", *BY_FILE),
    "snapshot": ("snapshot", *BY_FILE),
    "init": ("init", *BY_OPTIONS, "--out", "first.yaml", "--force"),
}
# Those that write, and go through every kind of write between them.
WRITING: Mapping[str, tuple[str, ...]] = {
    "apply": ("apply", *BY_FILE, "--yes", "--pending-ok"),
    "map": ("map", "--source-vnet", "vnet-web", *BY_OPTIONS, "--yes", "--pending-ok"),
    "map elsewhere": (
        *("map", "--source-vnet", "vnet-web", "--target-vnet", "vnet-data-dr", *BY_OPTIONS),
        *("--yes", "--allow-retarget", "--allow-shared-target"),
    ),
    "unmap": ("unmap", "--source-vnet", "vnet-web", *BY_OPTIONS, "--yes"),
    "unmap mapped": ("unmap", "--source-vnet", "vnet-data", *BY_OPTIONS, "--yes"),
    "protect": (
        *("protect", "--vm", "sql3", "--cache-storage", "asrcachedemo", *BY_FILE),
        *("--yes", "--pending-ok"),
    ),
    "nics set": ("nics", "set", "--vm", "sql2", "--address", "dynamic", *BY_FILE, "--yes"),
    "nics import": ("nics", "import", "nics.csv", *BY_FILE, "--yes"),
}


class CanaryCredential:
    """Hands out the one token whose text must never be seen again."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.asked = 0

    def get_token(self, *scopes: str, **_options: object) -> AccessToken:
        self.asked += 1
        return AccessToken(CANARY, int(self._now().timestamp()) + 86_400)


Meddle = Callable[[Request, Response], "Response | Exception"]


def as_it_is(_request: Request, response: Response) -> Response:
    return response


@dataclass
class Watched:
    """A sandbox that plays Azure, and what was seen of the program.

    seen -- method and path of every request that reached it. secrets -- texts that no output may
    hold: the token, and what signs a polling URL. only_get -- answer 403 to everything else.
    meddle -- changes answers on their way, or raises in their place.
    """

    sandbox: MemorySandbox
    clock: VirtualClock = field(default_factory=VirtualClock)
    only_get: bool = False
    meddle: Meddle = as_it_is
    seen: list[tuple[str, str]] = field(default_factory=list)
    secrets: set[str] = field(default_factory=lambda: {CANARY})
    connections: list[Connection] = field(default_factory=list)

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        parts = urlsplit(request.url)
        self.seen.append((request.method, parts.path))
        assert request.header("authorization") == f"Bearer {CANARY}"
        if self.only_get and request.method != "GET":
            return refusal(403, "AuthorizationFailed", "Nothing may be written here.")
        origin = f"{parts.scheme}://{parts.netloc}"
        headers = {k: v for k, v in request.headers.items() if k.lower() != "authorization"}
        headers["Authorization"] = f"Bearer {sandbox_token(now, origin)}"
        passed = Request(request.method, request.url, headers, request.body)
        response = self.sandbox.handle(passed, now, rng)
        for name, value in response.headers:
            if name.lower() in {"azure-asyncoperation", "location"}:
                signed = parse_qsl(urlsplit(value).query)
                self.secrets |= {text for key, text in signed if key in SIGNING and len(text) > 7}
        answer = self.meddle(request, response)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def connect(self, cloud: str = "AzureCloud", workers: int = 2, **_more: Any) -> Connection:
        made = connect_over(
            SandboxTransport(self.handle, self.clock, Random(7)),
            Cloud(cloud),
            token_source=CanaryCredential(self.clock.now),
            clock=self.clock,
            rng=Random(7),
            workers=workers,
        )
        self.connections.append(made)
        return made

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Stand in Azure's place for every command of this process."""
        patch.setattr(connecting, "connect_azure", self.connect)

    @property
    def methods(self) -> set[str]:
        return {method for method, _ in self.seen}

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.seen if method != "GET"]


def watched(
    conditions: Iterable[Mapping[str, Any]] = (),
    estate: Estate | None = None,
    options: Options | None = None,
) -> Watched:
    """The demo estate, or another, under conditions that are to be rehearsed."""
    document = (estate or demo_estate()).to_document()
    document["conditions"] = [dict(each) for each in conditions]
    return Watched(MemorySandbox(Estate.from_document(document), options or Options(retry_after=1)))


def refusal(status: int, code: str, message: str) -> Response:
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    return Response(status, (("Content-Type", "application/json"),), body)


def everything_said(finished: Finished) -> str:
    return finished.out + finished.err
