"""Hand-made surroundings for the sandbox's tests: a clock, a credential, a transport, clients."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any
from urllib.parse import urlsplit

import requests
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import RequestsTransport
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient
from requests.adapters import BaseAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from asr_netmap.sandbox import (
    Engine,
    Estate,
    MemorySandbox,
    Options,
    Request,
    Response,
    Sandbox,
    demo_estate,
    sandbox_token,
)

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
SUB = f"/subscriptions/{SUBSCRIPTION}"
VAULT = f"{SUB}/resourceGroups/rg-vault/providers/Microsoft.RecoveryServices/vaults/vault-dr"
SOURCE_FABRIC = "asr-a2a-default-eastasia"
TARGET_FABRIC = "asr-a2a-default-southeastasia"
SOURCE_CONTAINER = f"{SOURCE_FABRIC}-container"
BASE = "https://management.azure.com"
START = datetime(2026, 3, 3, 12, 0, tzinfo=timezone.utc)


def network_id(group: str, name: str) -> str:
    return f"{SUB}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}"


def mapping_path(name: str, fabric: str = SOURCE_FABRIC) -> str:
    return (
        f"{VAULT}/replicationFabrics/{fabric}/replicationNetworks/azureNetwork"
        f"/replicationNetworkMappings/{name}"
    )


def mapping_body(source: str, target: str, recovery_fabric: str | None = TARGET_FABRIC) -> Any:
    properties: dict[str, Any] = {
        "recoveryNetworkId": target,
        "fabricSpecificDetails": {"instanceType": "AzureToAzure", "primaryNetworkId": source},
    }
    if recovery_fabric is not None:
        properties["recoveryFabricName"] = recovery_fabric
    return {"properties": properties}


def item_path(name: str) -> str:
    return (
        f"{VAULT}/replicationFabrics/{SOURCE_FABRIC}/replicationProtectionContainers"
        f"/{SOURCE_CONTAINER}/replicationProtectedItems/{name}"
    )


WEB = network_id("rg-web", "vnet-web")
WEB_ASR = network_id("rg-web-asr", "vnet-web-asr")
DATA = network_id("rg-data", "vnet-data")
DATA_DR = network_id("rg-data-dr", "vnet-data-dr")


class Clock:
    """A clock that only moves when told to."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class SandboxCredential:
    """An Azure credential that knows only the sandbox."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        expires = int((self._clock() + timedelta(hours=24)).timestamp())
        return AccessToken(sandbox_token(self._clock(), BASE), expires)


class SandboxAdapter(BaseAdapter):
    """Carries what `requests` would send into a sandbox."""

    def __init__(self, sandbox: Sandbox, clock: Clock, rng: Random) -> None:
        super().__init__()
        self._sandbox, self._clock, self._rng = sandbox, clock, rng

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        body = request.body or b""
        answer = self._sandbox.handle(
            Request(
                str(request.method),
                str(request.url),
                dict(request.headers),
                body if isinstance(body, bytes) else body.encode(),
            ),
            self._clock(),
            self._rng,
        )
        response = requests.Response()
        response.status_code = answer.status
        response.request = request
        response.url = str(request.url)
        response.headers.update(dict(answer.headers))
        response.raw = HTTPResponse(
            io.BytesIO(answer.body),
            HTTPHeaderDict(list(answer.headers)),
            status=answer.status,
            preload_content=False,
        )
        return response

    def close(self) -> None:
        """Nothing is open."""


class VirtualTransport(RequestsTransport):  # type: ignore[misc]  # -- azure-core leaves it Any
    """The SDK's own transport, with a session that ends in a sandbox and a clock of ours."""

    def __init__(self, sandbox: Sandbox, clock: Clock, rng: Random) -> None:
        session = requests.Session()
        session.mount("https://", SandboxAdapter(sandbox, clock, rng))
        super().__init__(session=session, session_owner=False)
        self._clock = clock

    def sleep(self, duration: float) -> None:
        self._clock.advance(duration)


class World:
    """A sandbox in memory, with a clock and both SDK clients on it."""

    def __init__(self, estate: Estate | None = None, options: Options | None = None) -> None:
        self.clock = Clock()
        self.rng = Random(20260303)
        self.sandbox = MemorySandbox(estate or demo_estate(), options)

    @property
    def engine(self) -> Engine:
        return self.sandbox.engine

    @property
    def estate(self) -> Estate:
        return self.engine.estate

    def network(self, subscription: str = SUBSCRIPTION, **options: Any) -> NetworkManagementClient:
        return NetworkManagementClient(
            SandboxCredential(self.clock), subscription, **self._client_options(options)
        )

    def recovery(self, subscription: str = SUBSCRIPTION) -> SiteRecoveryManagementClient:
        return SiteRecoveryManagementClient(
            SandboxCredential(self.clock), subscription, **self._client_options({})
        )

    def _client_options(self, options: dict[str, Any]) -> dict[str, Any]:
        transport = VirtualTransport(self.sandbox, self.clock, self.rng)
        return {"transport": transport, "base_url": BASE, "retry_total": 0, **options}

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        version: str | None = "2025-08-01",
    ) -> Response:
        """Send one plain request; `path` may carry a query or be a whole URL."""
        url = path if path.startswith("https://") else BASE + path
        if version is not None and "api-version=" not in url:
            url += ("&" if urlsplit(url).query else "?") + f"api-version={version}"
        token = sandbox_token(self.clock(), BASE)
        merged = {"Authorization": f"Bearer {token}", **(headers or {})}
        data = b"" if body is None else json.dumps(body).encode()
        return self.sandbox.handle(Request(method, url, merged, data), self.clock(), self.rng)

    def get(self, path: str) -> Any:
        """GET a path that must answer 200, and return its JSON."""
        response = self.send("GET", path)
        assert response.status == 200, response.body
        return json.loads(response.body)

    def job_of(self, response: Response) -> Any:
        """Return the job of an accepted write."""
        assert response.status == 202, response.body
        url = response.header("Azure-AsyncOperation") or ""
        return self.get(f"{VAULT}/replicationJobs/{urlsplit(url).path.rsplit('/', 1)[-1]}")


def error_of(response: Response) -> Any:
    """Return the `error` of an answer that is one."""
    assert response.status >= 400
    return json.loads(response.body)["error"]
