"""One request on its way through the sandbox, and what a handler gives back."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from asr_netmap.sandbox.errors import ArmError
from asr_netmap.sandbox.estate import Estate, Json
from asr_netmap.sandbox.http import Request
from asr_netmap.sandbox.options import Options

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Call:
    """A request taken apart, with all that a handler may use.

    base: scheme and host that answers link back to. path: decoded, as sent.
    query: by lower-cased name. params: what the route's template names.
    """

    request: Request
    base: str
    path: str
    query: Mapping[str, str]
    params: Mapping[str, str]
    estate: Estate
    options: Options
    now: datetime
    rng: Random
    correlation: str
    client_request: str
    principal: str

    @property
    def method(self) -> str:
        """The HTTP method, in capitals."""
        return self.request.method.upper()

    @property
    def api_version(self) -> str:
        """The api-version the request named; '' on the few routes that need none."""
        return self.query.get("api-version", "")

    @property
    def group_scope(self) -> str:
        """The id of the resource group that the route names."""
        return self.subscription_scope + f"/resourceGroups/{self.params['group']}"

    @property
    def subscription_scope(self) -> str:
        """The id of the subscription that the route names."""
        return f"/subscriptions/{self.params['subscription']}"

    def guid(self) -> str:
        """Draw a GUID from the request's randomness."""
        return draw_guid(self.rng)

    def json(self) -> Json:
        """Return the body as a JSON object; raises ArmError 400 for anything else."""
        try:
            document = json.loads(self.request.body, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise ArmError(
                400,
                "InvalidRequestContent",
                "The request content was invalid and could not be deserialized: "
                "a JSON object is expected.",
            )
        return document

    def properties(self) -> Json:
        """Return the body's `properties`; raises ArmError 400 when that is not an object."""
        properties = self.json().get("properties") or {}
        if not isinstance(properties, dict):
            raise ArmError(400, "InvalidRequestContent", "'properties' must be an object.")
        return properties


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers, before the engine adds the headers that every answer has.

    body: a JSON value; text: ready JSON, for lists put together from kept rows.
    request_ids: what x-ms-request-id says; one GUID when empty, and repeated when several.
    """

    status: int = 200
    body: Any = None
    text: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    request_ids: tuple[str, ...] = ()
    accepted: bool = field(default=False)


Handler = Callable[[Call], Answer]


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def draw_guid(rng: Random) -> str:
    """Return a random GUID drawn from `rng`."""
    return str(UUID(int=rng.getrandbits(128), version=4))


def paged(call: Call, rows: Sequence[Row], name: Callable[[Row], str]) -> tuple[Sequence[Row], str]:
    """Return one page of rows and the link to the next one, '' on the last.

    The cursor holds the position and the last row's name: rows that come or go between two pages
    neither repeat nor hide others.
    """
    # invented: paging
    start = _cursor_position(call.query.get("$skiptoken", ""), rows, name)
    end = start + call.options.page_size
    page = rows[start:end]
    if end >= len(rows):
        return page, ""
    token = base64.urlsafe_b64encode(f"{end}:{name(page[-1])}".encode()).decode().rstrip("=")
    kept = "".join(
        f"&{quote(key, safe='$')}={quote(value)}"
        for key, value in call.query.items()
        if key not in ("api-version", "$skiptoken")
    )
    version = quote(call.api_version)
    return page, f"{call.base}{quote(call.path)}?api-version={version}{kept}&$skipToken={token}"


def _cursor_position(token: str, rows: Sequence[Row], name: Callable[[Row], str]) -> int:
    if not token:
        return 0
    try:
        padded = token + "=" * (-len(token) % 4)
        text, _, last = base64.urlsafe_b64decode(padded).decode().partition(":")
        position = int(text)
    except (ValueError, binascii.Error):
        raise ArmError(
            400, "InvalidSkipToken", f"$skipToken {token!r} is not one of ours."
        ) from None
    if 0 < position <= len(rows) and name(rows[position - 1]) == last:
        return position
    for index, row in enumerate(rows):
        if name(row) == last:
            return index + 1
    return max(0, min(position, len(rows)))
