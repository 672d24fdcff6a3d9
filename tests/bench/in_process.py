"""The SDKs' own clients over a sandbox in this process, to measure the program beside."""

from __future__ import annotations

from datetime import datetime, timezone
from random import Random
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient

from asr_netmap.clock import VirtualClock
from asr_netmap.gateway.sandbox_transport import Handle, SandboxTransport
from asr_netmap.sandbox import Request, Response, sandbox_token
from asr_netmap.sandbox.demo_estate import SUBSCRIPTION, VAULT_GROUP, VAULT_NAME

URL = "https://sandbox.asr-netmap.invalid"
VAULT = {"resource_group_name": VAULT_GROUP, "resource_name": VAULT_NAME}
START = datetime(2026, 1, 1, tzinfo=timezone.utc)


class _Bearer(SansIOHTTPPolicy[Any, Any]):
    """A sandbox's token that outlives the virtual run."""

    def on_request(self, request: Any) -> None:
        """Add the header."""
        request.http_request.headers["Authorization"] = f"Bearer {_TOKEN}"


class _Credential:
    """For the constructors, which insist on one."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """Never called."""
        raise AssertionError("the policy has the token")


_TOKEN = sandbox_token(START, URL)


def sdk_clients(
    handle: Handle, clock: VirtualClock
) -> tuple[SiteRecoveryManagementClient, NetworkManagementClient]:
    """Both clients with the SDKs' own policies over the same transport that the program has."""
    options: dict[str, Any] = {
        "credential": _Credential(),
        "subscription_id": SUBSCRIPTION,
        "base_url": URL,
        "authentication_policy": _Bearer(),
        "transport": SandboxTransport(handle, clock, Random(0)),
    }
    return SiteRecoveryManagementClient(**options), NetworkManagementClient(**options)


class Replaying:
    """Answers every request a second time as it did the first, so that the engine costs nothing."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._answers: dict[str, Response] = {}

    def __call__(self, request: Request, now: datetime, rng: Random) -> Response:
        """The kept answer, or the engine's, which is kept."""
        found = self._answers.get(request.url)
        if found is None:
            found = self._answers[request.url] = self._handle(request, now, rng)
        return found
