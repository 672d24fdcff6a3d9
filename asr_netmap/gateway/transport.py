"""How requests reach the network: one session, our time-outs, and answers that are read whole."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy

import requests
from azure.core.pipeline.transport import HttpTransport, RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

from asr_netmap.clock import Clock, SystemClock

Transport = HttpTransport[HttpRequest, HttpResponse]
_PIECE = 65536


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one exchange may take, in seconds; the SDKs' own limits are 300 and no end.

    connect -- until there is a connection. read -- until the next byte of the answer.
    body -- until the end of the answer's body, from when its headers are there.
    """

    connect: float = 10
    read: float = 60
    body: float = 120


PATIENCE = Patience()


class WholeAnswers(HTTPAdapter):
    """Reads the body of every answer before it hands it over.

    A read time-out begins anew with each byte, so a body that drips in would hold its worker for
    ever; here it ends as a time-out. And whatever breaks a body off is the same to whoever asked:
    no answer came. requests and the SDK tell an RST in a body from one before it, and would not
    read again after the first.
    """

    def __init__(self, workers: int, patience: Patience, clock: Clock) -> None:
        # requests' default of 10 connections throws some of those away that workers give back.
        super().__init__(pool_connections=4, pool_maxsize=max(workers, 1), max_retries=0)
        self._patience = patience
        self._clock = clock

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send, and read the answer to its end."""
        response = super().send(request, True, timeout, verify, cert, proxies)
        try:
            response.raw = io.BytesIO(self._body(response))
        except ReadTimeoutError as error:
            raise requests.ReadTimeout(error, request=request) from error
        except HTTPError as error:
            raise requests.RequestException(error, request=request) from error
        return response

    def _body(self, response: requests.Response) -> bytes:
        raw, latest = response.raw, self._clock.monotonic() + self._patience.body
        body = bytearray()
        raw.decode_content = True  # vcrpy's stand-in takes it as an attribute alone
        try:
            while piece := raw.read1(_PIECE):
                body += piece
                if self._clock.monotonic() > latest:
                    words = f"The answer did not end within {self._patience.body:g} s."
                    raise requests.ReadTimeout(words, request=response.request)
        except BaseException:
            raw.close()
            raise
        return bytes(body)


def requests_transport(
    workers: int,
    *,
    environment: bool,
    verify: bool | str,
    patience: Patience = PATIENCE,
    clock: Clock | None = None,
) -> Transport:
    """One session with a connection for each worker.

    environment -- whether proxy and CA variables count; never on loopback.
    """
    session = requests.Session()
    session.trust_env = environment
    # A netrc entry for the host would replace our Authorization header; an auth that does
    # nothing prevents that.
    session.auth = _leave_headers_alone
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    answers = WholeAnswers(workers, patience, clock or SystemClock())
    session.mount("https://", answers)
    session.mount("http://", answers)
    transport: Transport = RequestsTransport(
        session=session,
        connection_timeout=patience.connect,
        read_timeout=patience.read,
        connection_verify=verify,
        use_env_settings=environment,
    )
    return transport


def _leave_headers_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
