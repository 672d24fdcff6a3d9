"""A connection to Azure, to a served sandbox, or to a sandbox in this process.

All are the same clients over the same policies; they differ in transport, in the one place that
requests may go to, and in the credential. A sandbox never gets a real one. Recorded answers come
over a transport, too.
"""

from __future__ import annotations

import ipaddress
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from azure.core.credentials import TokenCredential
from azure.core.pipeline import Pipeline
from azure.core.rest import HttpRequest, HttpResponse

from asr_netmap.arm_id import ArmId, check_name
from asr_netmap.budgets import DEFAULT_WORKERS, Budgets
from asr_netmap.clock import Clock, SystemClock
from asr_netmap.errors import NotFound, UnexpectedAnswer, UsageError
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.credentials import Auth, credential
from asr_netmap.gateway.failure import Asked, from_response, translated
from asr_netmap.gateway.guard import Place, WritePermits
from asr_netmap.gateway.pacing import Gates
from asr_netmap.gateway.pipeline import REQUEST_ID, Tally, policies, quiet_http_logs
from asr_netmap.gateway.sandbox_transport import Handle, SandboxTransport
from asr_netmap.gateway.tokens import PlaceholderCredential, SandboxCredential, TokenCache
from asr_netmap.gateway.transport import Transport, requests_transport
from asr_netmap.near_names import did_you_mean

if TYPE_CHECKING:
    from azure.mgmt.network import NetworkManagementClient
    from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient

# Versions of the plain calls: published, in all three clouds, and later than what we read of them.
SUBSCRIPTIONS_API = "2022-12-01"
GROUPS_API = "2021-04-01"

_SANDBOX_URL = "https://sandbox.asr-netmap.invalid"
_SANDBOX_SCOPE = "sandbox/.default"
_NO_SANDBOX = "Is the sandbox running? Start it with `asr-netmap sandbox serve`."


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription that the identity can see; `tenant` is the Entra tenant's id."""

    id: str
    name: str
    tenant: str
    state: str = "Enabled"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a connection is that answers from a recording.

    name -- of the file. time -- when it was recorded, None: it doesn't say.
    origin -- what was recorded: ``azure``, ``sandbox``, or empty if the file doesn't say.
    """

    name: str
    time: datetime | None
    origin: str

    @property
    def banner(self) -> str:
        """What every output says of it."""
        when = self.time.strftime("%Y-%m-%d %H:%M UTC") if self.time else "at an unknown time"
        where = {"azure": "Azure", "sandbox": "the sandbox"}.get(self.origin, "an unknown origin")
        return f"CASSETTE {self.name}: recorded {when} on {where}, nothing here is live"


class Connection:
    """Clients over one transport, one token and one set of gates; safe for threads.

    sandbox -- whether the data is a sandbox's.
    cloud -- az CLI's name of the cloud, or ``sandbox``; a plan is bound to it.
    workers -- how many threads are meant to use it at once.
    cassette -- where the answers are recorded ones; None: they are live.
    permits -- what may be changed through it.
    """

    def __init__(  # noqa: PLR0913 -- made in one place for each kind, and never by hand
        self,
        transport: Transport,
        tokens: TokenCache,
        base_url: str,
        place: Place,
        *,
        cloud: str,
        workers: int,
        clock: Clock,
        rng: Random,
        cassette: Replayed | None = None,
        permits: WritePermits | None = None,
    ) -> None:
        quiet_http_logs()
        self.cloud = cloud
        self.cassette = cassette
        self.sandbox = cloud == "sandbox"
        self.workers = workers
        self.clock = clock
        self.rng = rng
        self._transport = transport
        self._tokens = tokens
        self._base_url = base_url
        self._tally = Tally()
        self.budgets = Budgets()
        self._gates = Gates(clock, self.budgets)
        self._place = place
        self.permits = permits or WritePermits()
        self._pipeline = Pipeline(transport, self._policies())
        self._lock = threading.Lock()
        self._network: dict[str, NetworkManagementClient] = {}
        self._site_recovery: dict[str, SiteRecoveryManagementClient] = {}
        self._subscriptions: tuple[Subscription, ...] | None = None
        self._list_sizes: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> Connection:
        self.open()
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def open(self) -> None:
        """Fetch the token, so that the workers start with it. Raises CredentialsMissing."""
        with translated(Asked("GET", "token")):
            self._tokens.token()

    def expect_writes(self) -> None:
        """Load what the first write needs, 0.2 s of it, while lists are waited for."""
        name = "azure.mgmt.recoveryservicessiterecovery"
        threading.Thread(target=partial(import_module, name), name="asr-netmap-import").start()

    def expect_networks(self) -> None:
        """Load what creating a network needs: 0.4 s, or 4 s where it has to be compiled."""
        import_module("azure.mgmt.network")

    def close(self) -> None:
        """Close what is open to the other side."""
        self._transport.close()

    def through(
        self, wrap: Callable[[Transport], Transport], *, workers: int | None = None
    ) -> Connection:
        """The same other side, reached through what `wrap` makes of the transport.

        Token requests don't go through it, so whoever watches there sees no credential.
        """
        return Connection(
            wrap(self._transport),
            self._tokens,
            self._base_url,
            self._place,
            cloud=self.cloud,
            workers=workers or self.workers,
            clock=self.clock,
            rng=self.rng,
            cassette=self.cassette,
            permits=self.permits,
        )

    @property
    def requests_sent(self) -> int:
        """How many requests went out, each try counted; token requests are not."""
        return sum(self._tally.by_method().values())

    @property
    def requests_by_method(self) -> Mapping[str, int]:
        """The same for each HTTP method."""
        return self._tally.by_method()

    # Plain Resource Manager calls.

    def get(self, path: str, api_version: str, **query: str) -> Mapping[str, Any]:
        """The body of one GET. `path` starts with a slash. Raises AzureErrors."""
        asked = urlencode({**query, "api-version": api_version})
        return self._json(f"{self._base_url}{quote(path)}?{asked}", path)

    def rows(self, path: str, api_version: str, query: str = "") -> Iterator[Mapping[str, Any]]:
        """The rows of a list, page by page as they are consumed. Raises AzureErrors.

        query -- more of it, such as ``statusOnly=true``.
        """
        for page in self.pages(path, api_version, query):
            yield from page

    def pages(
        self, path: str, api_version: str, query: str = ""
    ) -> Iterator[list[Mapping[str, Any]]]:
        """The pages of a list as they are consumed. Raises AzureErrors.

        Plain JSON, not the SDKs' models, through the same policies: 1,000 replicated items with 2
        NICs in 10 pages, translated, took 0.35 s of CPU against 2.4 s through the typed list
        (medians of 5 runs, 2 cores, Python 3.11, no network). Single reads and writes are typed.
        """
        more = f"{query}&" if query else ""
        url: str | None = f"{self._base_url}{quote(path)}?{more}{_version(api_version)}"
        seen: set[str | None] = {url}
        pages = rows = 0
        while url:
            page = self._json(url, path)
            value = page.get("value")
            if not isinstance(value, list):
                raise UnexpectedAnswer(f"GET {path}: the answer is no list.", "Try again.")
            pages, rows = pages + 1, rows + len(value)
            yield value
            # ARM: pages can be empty and still name a next one (Azure PowerShell recording,
            # 2021); null and a missing nextLink both end the list.
            following = page.get("nextLink") or None
            if following in seen:
                raise UnexpectedAnswer(f"GET {path}: the pages go round in circles.", "Try again.")
            seen.add(following)
            url = following
        self._list_sizes[path.lower()] = (pages, rows)

    def list_size(self, path: str) -> tuple[int, int] | None:
        """How many pages and rows a list had when it was last read to its end; None: never."""
        return self._list_sizes.get(path.lower())

    def follow(self, url: str) -> HttpResponse:
        """GET a URL that Azure gave, byte for byte; any status. Raises AzureErrors if no answer."""
        with translated(Asked("GET", urlsplit(url).path)):
            return self._send(HttpRequest("GET", url))

    def put(
        self, path: str, api_version: str, body: Mapping[str, Any], request_id: str
    ) -> HttpResponse:
        """PUT and the answer if it is a success. Raises AzureErrors."""
        url = f"{self._base_url}{quote(path)}?{_version(api_version)}"
        request = HttpRequest("PUT", url, json=dict(body), headers={REQUEST_ID: request_id})
        asked = Asked("PUT", path)
        with translated(asked):
            response = self._send(request)
        if response.status_code not in {200, 201, 202}:
            raise from_response(response, asked)
        return response

    # Typed clients, one for each subscription, made when first needed.

    def network(self, subscription: str) -> NetworkManagementClient:
        """The network client of a subscription."""
        with self._lock:
            client = self._network.get(subscription.lower())
            if client is None:
                from azure.mgmt.network import (  # noqa: PLC0415 -- 0.4 s that reading never needs
                    NetworkManagementClient,
                )

                client = NetworkManagementClient(**self._client_options(subscription))
                self._network[subscription.lower()] = client
        return client

    def site_recovery(self, subscription: str) -> SiteRecoveryManagementClient:
        """The Site Recovery client of a subscription."""
        with self._lock:
            client = self._site_recovery.get(subscription.lower())
            if client is None:
                from azure.mgmt.recoveryservicessiterecovery import (  # noqa: PLC0415 -- as above
                    SiteRecoveryManagementClient,
                )

                client = SiteRecoveryManagementClient(**self._client_options(subscription))
                self._site_recovery[subscription.lower()] = client
        return client

    # Subscriptions.

    def subscriptions(self) -> tuple[Subscription, ...]:
        """All that the identity can see, read once."""
        if self._subscriptions is None:
            rows = self.rows("/subscriptions", SUBSCRIPTIONS_API)
            self._subscriptions = tuple(_subscription(row) for row in rows)
        return self._subscriptions

    def resolve_subscription(self, text: str | None) -> Subscription:
        """The subscription of that id or name; None: the only visible one.

        Raises NotFound with what there is, and UsageError if None doesn't decide.
        """
        visible = self.subscriptions()
        if text is None:
            if len(visible) == 1:
                return visible[0]
            raise UsageError(
                f"{len(visible)} subscriptions are visible and none is named{_listed(visible)}.",
                "Name one with --subscription, or set AZURE_SUBSCRIPTION_ID.",
            )
        wanted = text.strip().lower()
        found = [s for s in visible if wanted == s.id.lower()]
        found = found or [s for s in visible if wanted == s.name.lower()]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(
                f"{len(found)} subscriptions are called '{text}'{_listed(found)}.",
                "Name it by its id.",
            )
        names = [s.name for s in visible] + [s.id for s in visible]
        near = did_you_mean(text, names, "None is.")
        raise NotFound(
            f"No subscription '{text}' is visible to this identity. {near}",
            "Check --subscription, --auth and the tenant of the login.",
        )

    def tenant(self, subscription: str) -> str:
        """The tenant that a subscription trusts. Raises AzureErrors."""
        check_name(subscription, "subscription id")
        row = self.get(f"/subscriptions/{subscription}", SUBSCRIPTIONS_API)
        return str(row.get("tenantId") or "")

    def _policies(self) -> list[Any]:
        place, permits = self._place, self.permits
        return policies(
            place, permits, self._tokens, self._gates, self._tally, self.clock, self.rng
        )

    def _client_options(self, subscription: str) -> dict[str, Any]:
        check_name(subscription, "subscription id")
        return {
            "credential": _NoCredential(),
            "subscription_id": subscription,
            "base_url": self._base_url,
            "policies": self._policies(),
            "transport": self._transport,
        }

    def _send(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self._pipeline.run(request).http_response
        return response

    def _json(self, url: str, path: str) -> Mapping[str, Any]:
        asked = Asked("GET", path)
        with translated(asked):
            response = self._send(HttpRequest("GET", url))
        if response.status_code != 200:
            raise from_response(response, asked)
        with translated(asked):
            body = response.json()
        if not isinstance(body, Mapping):
            raise UnexpectedAnswer(f"GET {path}: the answer is no JSON object.", "Try again.")
        return body


class _NoCredential:
    """For the SDKs' constructors, which insist on one; the token comes from our own policy."""

    def get_token(self, *scopes: str, **_options: object) -> Any:
        """Never called."""
        raise AssertionError("a client asked for a token beside the pipeline")


def connect_azure(
    cloud: Cloud,
    auth: Auth,
    *,
    client_id: str | None = None,
    attended: bool | None = None,
    clock: Clock | None = None,
    rng: Random | None = None,
    workers: int = DEFAULT_WORKERS,
    token_source: TokenCredential | None = None,
) -> Connection:
    """A connection to Azure; nothing is sent before it is used.

    token_source -- a credential in place of the one that `auth` names, for programs that have one.
    """
    clock = clock or SystemClock()
    who = token_source or credential(auth, cloud, client_id=client_id, attended=attended)
    return Connection(
        requests_transport(workers, environment=True, verify=True),
        TokenCache(who, cloud.scope, auth.advice, clock),
        cloud.endpoint,
        Place.of_cloud(cloud),
        cloud=cloud.value,
        workers=workers,
        clock=clock,
        rng=rng or Random(),  # noqa: S311 -- jitter and request ids, no secrets
    )


def connect_endpoint(
    url: str,
    *,
    ca: Path | None = None,
    auth: Auth = Auth.DEFAULT,
    client_id: str | None = None,
    clock: Clock | None = None,
    rng: Random | None = None,
    workers: int = DEFAULT_WORKERS,
) -> Connection:
    """A connection to a served sandbox on this machine.

    ca -- certificate that an https sandbox is checked against.
    auth, client_id -- a managed identity is used as it is on Azure where its endpoint is the
        sandbox's own: then a token goes back only to where it came from.
    Raises UsageError for any other host: its own kind of token is all that ever goes there.
    """
    base = _loopback_base(url)
    clock = clock or SystemClock()
    transport = requests_transport(workers, environment=False, verify=str(ca) if ca else True)
    who: TokenCredential = SandboxCredential(transport, base, clock.now)
    tokens = TokenCache(who, _SANDBOX_SCOPE, _NO_SANDBOX, clock)
    if auth is Auth.MANAGED_IDENTITY and _gives_identities(base, os.environ):
        who = credential(auth, Cloud.PUBLIC, client_id=client_id)
        tokens = TokenCache(who, Cloud.PUBLIC.scope, auth.advice, clock)
    return _sandbox(transport, base, clock, rng, workers, tokens)


def connect_sandbox(
    handle: Handle,
    *,
    clock: Clock,
    rng: Random | None = None,
    workers: int = DEFAULT_WORKERS,
    closing: Callable[[], None] | None = None,
) -> Connection:
    """A connection to a sandbox in this process: `handle` answers each request.

    closing -- called when the connection is closed.
    """
    rng = rng or Random(0)  # noqa: S311 -- a sandbox answers the same on every run
    transport = SandboxTransport(handle, clock, rng, closing)
    who = SandboxCredential(transport, _SANDBOX_URL, clock.now)
    tokens = TokenCache(who, _SANDBOX_SCOPE, _NO_SANDBOX, clock)
    return _sandbox(transport, _SANDBOX_URL, clock, rng, workers, tokens)


def connect_over(
    transport: Transport,
    cloud: Cloud,
    *,
    clock: Clock,
    rng: Random,
    workers: int = 1,
    token_source: TokenCredential | None = None,
    cassette: Replayed | None = None,
) -> Connection:
    """A connection that speaks to a cloud over a transport of the caller's; for recordings.

    token_source -- None: no token is needed, and none is fetched.
    cassette -- what the recording is. A sandbox's stays a sandbox's: its plans are bound to
        ``sandbox``, whatever hosts the recording names.
    """
    sandbox = cassette is not None and cassette.origin == "sandbox"
    return Connection(
        transport,
        TokenCache(token_source or PlaceholderCredential(clock.now), cloud.scope, "", clock),
        cloud.endpoint,
        Place.of_cloud(cloud),
        cloud="sandbox" if sandbox else cloud.value,
        workers=workers,
        clock=clock,
        rng=rng,
        cassette=cassette,
    )


def _sandbox(
    transport: Transport,
    base: str,
    clock: Clock,
    rng: Random | None,
    workers: int,
    tokens: TokenCache,
) -> Connection:
    return Connection(
        transport,
        tokens,
        base,
        Place.of_url(base),
        cloud="sandbox",
        workers=workers,
        clock=clock,
        rng=rng or Random(),  # noqa: S311 -- jitter and request ids, no secrets
    )


def _gives_identities(base: str, environment: Mapping[str, str]) -> bool:
    """Whether the environment's managed identity endpoint is at the same origin as a sandbox."""
    parts = urlsplit(environment.get("IDENTITY_ENDPOINT", ""))
    return f"{parts.scheme}://{parts.netloc}".lower() == base.lower()


def _loopback_base(url: str) -> str:
    """The origin of a loopback URL. Raises UsageError for anything else."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    plain = parts.path in {"", "/"} and not (parts.query or parts.fragment or parts.username)
    if parts.scheme not in {"http", "https"} or not plain or not _is_loopback(host):
        raise UsageError(
            f"--endpoint {url!r} is no sandbox on this machine.",
            "Give the URL that `asr-netmap sandbox serve` prints, such as http://127.0.0.1:8480. "
            "To reach Azure leave --endpoint out and choose with --cloud.",
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _version(api_version: str) -> str:
    return urlencode({"api-version": api_version})


def _subscription(row: Mapping[str, Any]) -> Subscription:
    return Subscription(
        id=str(row.get("subscriptionId") or ArmId(str(row.get("id"))).name),
        name=str(row.get("displayName") or ""),
        tenant=str(row.get("tenantId") or ""),
        state=str(row.get("state") or "Enabled"),
    )


def _listed(some: Iterable[Subscription]) -> str:
    names = [f"{s.name} ({s.id})" for s in some]
    shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
    return f": {shown}" if names else ""
