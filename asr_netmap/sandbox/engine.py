"""The sandbox engine: one request in, one response out, and nothing else.

`handle` is a state machine: what it answers depends on the estate, the request, the time and the
randomness it is given. It opens no file or socket, starts no thread, sleeps for nothing and looks
at no clock. A request goes through these stages; the first that has an answer ends it:

    settle       operations whose time has come take effect
    local        token and metadata endpoints, which need no token
    credentials  only tokens of the sandbox
    api-version  must be there
    limits       request limits, where they are on
    route        method and path; what is not played says SANDBOX
    scope        subscription and resource group exist
    conditions   failures that the estate asks for
    locks        management locks
    handler      the provider's own behaviour
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from asr_netmap.sandbox import (
    conditions,
    dns,
    enabling,
    fabrics,
    items,
    locks,
    mappings,
    moments,
    network,
    pairing,
    permissions,
    recovery,
    resources,
    throttle,
    tokens,
)
from asr_netmap.sandbox.call import Answer, Call, Handler, draw_guid
from asr_netmap.sandbox.errors import ArmError, group_not_found, subscription_not_found
from asr_netmap.sandbox.estate import Estate
from asr_netmap.sandbox.http import Request, Response
from asr_netmap.sandbox.options import Options
from asr_netmap.sandbox.routing import Router
from asr_netmap.sandbox.settling import settle

_ROUTER = Router(
    (
        *resources.ROUTES,
        *network.ROUTES,
        *dns.ROUTES,
        *locks.ROUTES,
        *permissions.ROUTES,
        *recovery.ROUTES,
        *fabrics.ROUTES,
        *mappings.ROUTES,
        *items.ROUTES,
        *pairing.ROUTES,
        *enabling.ROUTES,
    )
)


_NOT_IN_NAMES = frozenset('<>%&\\?#:"*|')


class SeenRequest(NamedTuple):
    """A request that reached the engine."""

    method: str
    path: str


class AcceptedWrite(NamedTuple):
    """A write that the engine accepted: answered 2xx, whatever became of its operation."""

    method: str
    path: str
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON, None when there was none."""
        return json.loads(self.body) if self.body else None


class Engine:
    """A fake Azure Resource Manager over an estate.

    `accepted_writes` and `requests` are the last `keep` of each, for tests; the counts beside
    them never forget. Not thread-safe: `MemorySandbox` and `FileSandbox` are.
    """

    def __init__(
        self, estate: Estate, options: Options | None = None, *, keep: int = 10_000
    ) -> None:
        self.estate = estate
        self.options = options or Options()
        self.accepted_writes: list[AcceptedWrite] = []
        self.requests: list[SeenRequest] = []
        self.accepted_count = 0
        self.request_count = 0
        self._keep = keep
        self._buckets = throttle.Buckets()

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        """Answer one request; never raises for what a client can send."""
        now = moments.utc(now)
        call = self._call(request, now, rng)
        self._note_request(call)
        settle(self.estate, now)
        remaining: list[int] = []
        try:
            answer = self._answer(call, remaining)
        except ArmError as error:
            answer = Answer(status=error.status, body=error.body, headers=error.headers)
        if answer.accepted:
            self._note_write(call)
        return _response(call, answer, remaining[0] if remaining else None)

    # -- stages ------------------------------------------------------------------------------

    def _answer(self, call: Call, remaining: list[int]) -> Answer:
        local = _local_answer(call)
        if local is not None:
            return local
        principal = tokens.authenticate(call.request.header("authorization"), call.now, call.base)
        call = replace(call, principal=principal)
        _require_sound_path(call)
        _require_api_version(call)
        subscription = _subscription_of(call.path)
        if self.options.throttle:
            remaining.append(0)
            remaining[0] = self._buckets.take(
                subscription, call.method, _is_network(call), call.now
            )
        if subscription and not self.estate.has_subscription(subscription):
            raise subscription_not_found(subscription)
        found = _ROUTER.find(call.method, call.path)
        if found is None:
            raise _not_played(call)
        route, params = found
        call = replace(call, params=params)
        conditions.refuse(self.estate, _subject(call))
        _require_group(call)
        locks.enforce(self.estate, call.method, call.path)
        return route.handler(call)

    # -- before and after --------------------------------------------------------------------

    def _call(self, request: Request, now: datetime, rng: Random) -> Call:
        parts = urlsplit(request.url)
        query = {k.lower(): v for k, v in parse_qsl(parts.query, keep_blank_values=True)}
        correlation = draw_guid(rng)
        return Call(
            request=request,
            base=f"{parts.scheme}://{parts.netloc}",
            path=unquote(parts.path),
            query=query,
            params={},
            estate=self.estate,
            options=self.options,
            now=now,
            rng=rng,
            correlation=correlation,
            client_request=request.header("x-ms-client-request-id") or correlation,
            principal="",
        )

    def _note_request(self, call: Call) -> None:
        self.request_count += 1
        self.requests.append(SeenRequest(call.method, call.path))
        _trim(self.requests, self._keep)

    def _note_write(self, call: Call) -> None:
        self.accepted_count += 1
        self.accepted_writes.append(AcceptedWrite(call.method, call.path, call.request.body))
        _trim(self.accepted_writes, self._keep)


def _trim(rows: list[Any], keep: int) -> None:
    if len(rows) >= keep + max(keep // 2, 1):
        del rows[: len(rows) - keep]


def _subscription_of(path: str) -> str:
    parts = path.strip("/").lower().split("/")
    return parts[1] if len(parts) > 1 and parts[0] == "subscriptions" else ""


def _is_network(call: Call) -> bool:
    return "/providers/microsoft.network/" in call.path.lower()


def _require_sound_path(call: Call) -> None:
    parts = call.path.strip("/").split("/")
    unsound = any(
        part in ("", ".", "..") or not part.isprintable() or _NOT_IN_NAMES & set(part)
        for part in parts
    )
    if unsound and call.path != "/":
        # ARM: characters that no resource name may have (Microsoft Learn, naming rules).
        raise ArmError(
            400,
            "InvalidResourceName",
            "A name in the path is empty, '.', '..', or has a character that names cannot have.",
        )


def _require_api_version(call: Call) -> None:
    if not call.api_version:
        # ARM: Microsoft Learn, common deployment errors.
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )


def _require_group(call: Call) -> None:
    group = call.params.get("group")
    creates = call.method in ("PUT", "HEAD") and call.path.strip("/").count("/") == 3
    if group is not None and not creates and call.estate.get(call.group_scope) is None:
        raise group_not_found(group)


def _not_played(call: Call) -> ArmError:
    # invented: not-played
    played = _ROUTER.methods(call.path)
    if played:
        return ArmError(
            405,
            "MethodNotAllowed",
            f"SANDBOX: {call.method} is not played on {call.path}; played here: "
            f"{', '.join(played)}.",
            headers=(("Allow", ", ".join(played)),),
        )
    return ArmError(
        404,
        "InvalidResourceType",
        f"SANDBOX: the asr-netmap sandbox does not play {call.method} {call.path}.",
    )


def _subject(call: Call) -> conditions.Subject:
    location = ""
    if call.method == "PUT" and call.request.body:
        value = call.json().get("location")
        location = value if isinstance(value, str) else ""
    return conditions.Subject(
        method=call.method,
        path=call.path,
        location=location,
        principal=call.principal,
        client_request=call.client_request,
        activity=call.correlation,
    )


# -- endpoints without a token ---------------------------------------------------------------


def _local_answer(call: Call) -> Answer | None:
    handler = _LOCAL.get(call.path) if call.method == "GET" else None
    return None if handler is None else handler(call)


def _app_service_token(call: Call) -> Answer:
    if not call.request.header("x-identity-header"):
        return _identity_refusal(403, "The header X-IDENTITY-HEADER is missing.")
    return _token(call, tokens.managed_identity)


def _machine_token(call: Call) -> Answer:
    if (call.request.header("metadata") or "").lower() != "true":
        return _identity_refusal(400, "The header 'Metadata: true' is missing.")
    return _token(call, tokens.instance_metadata)


def _token(call: Call, issue: Callable[[str, str | None, datetime], dict[str, str]]) -> Answer:
    resource = call.query.get("resource")
    if not resource:
        return _identity_refusal(400, "The query parameter 'resource' is missing.")
    return Answer(body=issue(resource, call.query.get("client_id"), call.now))


def _cloud(call: Call) -> Answer:
    return Answer(body=resources.cloud_metadata(call.base, call.api_version))


_LOCAL: dict[str, Handler] = {
    "/msi/token": _app_service_token,
    "/metadata/identity/oauth2/token": _machine_token,
    "/metadata/endpoints": _cloud,
}


def _identity_refusal(status: int, message: str) -> Answer:
    # invented: identity-refusals
    body = {"error": "invalid_request", "error_description": f"SANDBOX: {message}"}
    return Answer(status=status, body=body)


# -- headers ---------------------------------------------------------------------------------


def _response(call: Call, answer: Answer, remaining: int | None) -> Response:
    body = _body_bytes(answer)
    request_ids = answer.request_ids or (call.correlation,)
    headers: list[tuple[str, str]] = [
        # ARM: the set of the recordings of 2022 and 2023, less Strict-Transport-Security, which
        # would make a browser insist on https for everything else on this host.
        ("Cache-Control", "no-cache"),
        ("Pragma", "no-cache"),
        ("Expires", "-1"),
        ("Date", moments.http_date(call.now)),
        ("Server", "asr-netmap-sandbox"),
        ("X-Content-Type-Options", "nosniff"),
        *(("x-ms-request-id", value) for value in request_ids),
        ("x-ms-client-request-id", call.client_request),
        ("x-ms-correlation-request-id", call.correlation),
        ("x-ms-routing-request-id", f"SANDBOX:{moments.routing(call.now)}:{call.correlation}"),
        ("x-asr-netmap-sandbox", "true"),
        *throttle.remaining_headers(call.method, remaining),
        *answer.headers,
    ]
    if _is_network(call):
        headers.append(("x-ms-arm-service-request-id", call.correlation))
    if body:
        headers.append(("Content-Type", "application/json; charset=utf-8"))
    if answer.status != 204:
        headers.append(("Content-Length", str(len(body))))
    return Response(answer.status, tuple(_single_line(headers)), body)


def _single_line(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Names come from requests and estates: no line break may start a header of its own."""
    return [(name, value.replace("\r", " ").replace("\n", " ")) for name, value in headers]


def _body_bytes(answer: Answer) -> bytes:
    if answer.text is not None:
        return answer.text.encode("utf-8")
    if answer.body is None:
        return b""
    return json.dumps(answer.body, separators=(",", ":")).encode("utf-8")
