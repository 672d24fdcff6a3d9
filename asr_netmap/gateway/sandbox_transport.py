"""Carries the SDKs' requests into a sandbox in this process, without sockets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, MutableMapping
from datetime import datetime
from http.client import responses as reasons
from random import Random
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest, HttpResponse
from azure.core.utils import case_insensitive_dict

from asr_netmap.clock import Clock
from asr_netmap.gateway.tapping import body_of
from asr_netmap.sandbox.http import Request, Response

Handle = Callable[[Request, datetime, Random], Response]


class SandboxResponse(HttpResponse):
    """A sandbox's answer as the SDKs want one: complete from the start."""

    def __init__(self, request: HttpRequest, answer: Response) -> None:
        self._request = request
        self._answer = answer
        self._encoding: str | None = "utf-8"
        self._json: Any = None
        self._headers: MutableMapping[str, str] = case_insensitive_dict()
        for name, value in answer.headers:
            given = self._headers.get(name)
            self._headers[name] = value if given is None else f"{given}, {value}"

    @property
    def request(self) -> HttpRequest:
        """The request that this answers."""
        return self._request

    @property
    def status_code(self) -> int:
        """HTTP status."""
        return self._answer.status

    @property
    def headers(self) -> MutableMapping[str, str]:
        """Headers by name in any case; repeated ones joined by commas."""
        return self._headers

    @property
    def reason(self) -> str:
        """HTTP's word for the status."""
        return reasons.get(self.status_code, "")

    @property
    def content_type(self) -> str | None:
        """The media type."""
        return self._headers.get("Content-Type")

    @property
    def is_closed(self) -> bool:
        """There is nothing to close."""
        return True

    @property
    def is_stream_consumed(self) -> bool:
        """The body is there at once."""
        return True

    @property
    def encoding(self) -> str | None:
        """Of the text."""
        return self._encoding

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._encoding = value

    @property
    def url(self) -> str:
        """The URL that was asked."""
        return self._request.url

    @property
    def content(self) -> bytes:
        """The body."""
        return self._answer.body

    def text(self, encoding: str | None = None) -> str:
        """The body as text."""
        return self._answer.body.decode(encoding or self._encoding or "utf-8", errors="replace")

    def json(self) -> Any:
        """The body as JSON, parsed once. Raises ValueError."""
        if self._json is None:
            self._json = json.loads(self._answer.body)
        return self._json

    def raise_for_status(self) -> None:
        """Raises HttpResponseError for 4xx and 5xx."""
        if self.status_code >= 400:
            raise HttpResponseError(response=self)

    def close(self) -> None:
        """Nothing to do."""

    def __enter__(self) -> SandboxResponse:
        return self

    def __exit__(self, *args: object) -> None:
        return None

    def read(self) -> bytes:
        """The body."""
        return self._answer.body

    def iter_raw(self, **kwargs: Any) -> Iterator[bytes]:
        """The body in one piece."""
        yield self._answer.body

    def iter_bytes(self, **kwargs: Any) -> Iterator[bytes]:
        """The body in one piece."""
        yield self._answer.body


class SandboxTransport(HttpTransport[HttpRequest, HttpResponse]):
    """Gives each request to `handle` together with the time and randomness of this process.

    closing -- called when the transport is closed.
    """

    def __init__(
        self,
        handle: Handle,
        clock: Clock,
        rng: Random,
        closing: Callable[[], None] | None = None,
    ) -> None:
        self._closing = closing
        self._handle = handle
        self._clock = clock
        self._rng = rng

    def send(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """One exchange; what `handle` raises goes through."""
        asked = Request(request.method, request.url, dict(request.headers), body_of(request))
        return SandboxResponse(request, self._handle(asked, self._clock.now(), self._rng))

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Let the sandbox tidy up."""
        if self._closing is not None:
            self._closing()

    def __enter__(self) -> SandboxTransport:
        return self

    def __exit__(self, *args: object) -> None:
        return None
