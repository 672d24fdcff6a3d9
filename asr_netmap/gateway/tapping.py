"""Lets somebody watch the exchanges of a connection: what recording is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, complete, as they went over the wire."""

    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class TappedTransport(HttpTransport[HttpRequest, HttpResponse]):
    """Passes requests on, and each finished exchange to `seen`.

    A request without an answer is not reported; what the inner transport raises goes through.
    """

    def __init__(
        self, inner: HttpTransport[HttpRequest, HttpResponse], seen: Callable[[Exchange], None]
    ) -> None:
        self._inner = inner
        self._seen = seen

    def send(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """One exchange. The answer is read whole, also where the caller meant to stream it."""
        response = self._inner.send(request, **kwargs)
        body = response.read()
        self._seen(
            Exchange(
                request.method,
                request.url,
                tuple(request.headers.items()),
                body_of(request),
                response.status_code,
                response.reason or "",
                tuple(response.headers.items()),
                body,
            )
        )
        return response

    def open(self) -> None:
        """Open the inner transport."""
        self._inner.open()

    def close(self) -> None:
        """Close the inner transport."""
        self._inner.close()

    def __enter__(self) -> TappedTransport:
        self._inner.__enter__()
        return self

    def __exit__(self, *args: Any) -> None:
        self._inner.__exit__(*args)


def body_of(request: HttpRequest) -> bytes:
    """The body of a request as bytes; empty where there is none."""
    content = request.content
    if content is None:
        return b""
    return content.encode() if isinstance(content, str) else bytes(content)
