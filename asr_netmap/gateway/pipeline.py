"""What every request goes through, in this order:

    ScopeGuard     only calls that this tool and run make     (guard)
    Identify       user agent, client request id
    ReadableWait   Retry-After as a plain number
    OneExchange    the only layer that sends again; the 429 gate
    HostPin        only hosts of the cloud                    (guard)
    Bearer         the token; a fresh one once after a 401
    Record         counts, and one log line without query, headers and body

The SDKs' own policies are left out on purpose: their retry re-sends writes that were accepted,
their redirect and polling carry the token to any host, their logging can print it, and the ARM
one registers resource providers from a read (all measured on azure-core 1.41).
"""

from __future__ import annotations

import logging
import math
import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any
from urllib.parse import urlsplit

import tenacity
from azure.core import exceptions as sdk
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.rest import HttpRequest, HttpResponse

from asr_netmap import __version__
from asr_netmap.budgets import Operations, kind_of
from asr_netmap.clock import Clock
from asr_netmap.gateway.failure import Asked, from_response, never_sent, throttled
from asr_netmap.gateway.foreign_text import RedactingFilter
from asr_netmap.gateway.guard import HostPin, Place, ScopeGuard, WritePermits
from asr_netmap.gateway.pacing import Gates, backoff, retry_after
from asr_netmap.gateway.tokens import TokenCache

# A safe call is sent at most this often in all.
MOST_REQUESTS = 4
REQUEST_ID = "x-ms-client-request-id"

HTTP_LOG = logging.getLogger("asr_netmap.http")
# One line for each time that Azure asks for a pause in reading, at level INFO.
PAUSE_LOG = logging.getLogger("asr_netmap.pauses")
_REDACTING = RedactingFilter()
_TRANSIENT = (sdk.ServiceRequestError, sdk.ServiceResponseError, sdk.IncompleteReadError)
_CLAIMS = re.compile(r'claims="([^"]+)"')
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/?]+)", re.IGNORECASE)
_NETWORK = "/providers/microsoft.network/"
# A 429 without Retry-After: ARM's buckets refill within seconds (Microsoft Learn, throttling).
_UNNAMED_WAIT = 5.0

_Request = PipelineRequest[HttpRequest]
_Response = PipelineResponse[HttpRequest, HttpResponse]
_Policy = HTTPPolicy[HttpRequest, HttpResponse]


def quiet_http_logs() -> None:
    """Keep signed URLs out of the log of urllib3, and azure-identity's talk off the terminal.

    Without any handler Python prints warnings to stderr; what they say is in our own error.
    """
    logging.getLogger("azure").addHandler(logging.NullHandler())
    HTTP_LOG.addFilter(_REDACTING)
    logging.getLogger("urllib3.connectionpool").addFilter(_REDACTING)


class Identify(_Policy):
    """Says who asks, and gives each request an id unless the caller gave one.

    ARM: the job of a Site Recovery write carries that id (Azure PowerShell recordings, 2021 and
    2022), so a write's own is unique and never shared with a read.
    """

    def __init__(self, rng: Random) -> None:
        super().__init__()
        self._rng = rng

    def send(self, request: _Request) -> _Response:
        """Add the two headers."""
        headers = request.http_request.headers
        headers["User-Agent"] = f"asr-netmap/{__version__}"
        if not headers.get(REQUEST_ID):
            headers[REQUEST_ID] = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        return self.next.send(request)


class ReadableWait(_Policy):
    """Makes ``Retry-After`` a whole number of seconds, or takes it away.

    ARM: HTTP allows a date; the SDKs then raise ValueError after the write was accepted.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def send(self, request: _Request) -> _Response:
        """Pass on, then rewrite the header."""
        response = self.next.send(request)
        headers = response.http_response.headers
        given = headers.get("Retry-After")
        if given is not None:
            seconds = retry_after(given, self._clock.now())
            headers["Retry-After"] = str(math.ceil(seconds or 0))
        return response


class OneExchange(_Policy):
    """Sends again what may be sent again, and nothing else.

    A GET is sent at most MOST_REQUESTS times: after a reset, a time-out, half a body, 408, 429 and
    5xx; and no sooner than the budget of reads allows. A
    write is sent again only if the first never left this machine. A write's 429 is raised as
    Throttled at once, since whoever waits must look again before sending.
    """

    def __init__(self, clock: Clock, rng: Random, gates: Gates) -> None:
        super().__init__()
        self._clock = clock
        self._rng = rng
        self._gates = gates
        # One for all requests: each holds itself, and would wait for the garbage collection.
        self._reads = self._sending_again(_read_may_go_again)
        self._writes = self._sending_again(_write_may_go_again)

    def _sending_again(self, where: Callable[[tenacity.RetryCallState], bool]) -> tenacity.Retrying:
        return tenacity.Retrying(
            sleep=self._clock.sleep,
            stop=tenacity.stop_after_attempt(MOST_REQUESTS),
            wait=self._wait,
            retry=where,
            retry_error_callback=_last_outcome,
        )

    def send(self, request: _Request) -> _Response:
        """Send, and again where that is safe."""
        asked = asked_of(request.http_request)
        sending = self._writes if asked.write else self._reads
        response: _Response = sending(self._once, request, asked)
        return response

    def _once(self, request: _Request, asked: Asked) -> _Response:
        subscription, kind = _subscription(asked.path), kind_of(asked.method)
        self._pass_gate(subscription, asked)
        remaining: int | None = None
        try:
            response = self.next.send(request)
            remaining = _remaining(response.http_response, kind)
        finally:
            self._gates.answered(subscription, kind, remaining)
        if response.http_response.status_code == 429:
            seconds = self._named_wait(response)
            wait = _UNNAMED_WAIT if seconds is None else seconds
            self._gates.refused(subscription, kind, wait)
            if not asked.write:  # of a write the caller hears
                PAUSE_LOG.info("Azure asks to slow down: nothing is read for %.0f s (429).", wait)
            if asked.write:
                raise _with_wait(from_response(response.http_response, asked), wait)
        return response

    def _pass_gate(self, subscription: str, asked: Asked) -> None:
        if not asked.write:
            self._gates.pass_read(subscription, _NETWORK in asked.path.lower())
            return
        closed = self._gates.remaining(subscription, write=True)
        if closed:
            raise throttled(
                f"{asked}: not sent, Azure wants no writes for another {closed:.0f} s.", closed
            )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        jitter = backoff(state.attempt_number, self._rng)
        outcome = state.outcome
        if outcome is None or outcome.failed:
            return jitter
        return max(jitter, self._named_wait(outcome.result()) or 0.0)

    def _named_wait(self, response: _Response) -> float | None:
        header = response.http_response.headers.get("Retry-After")
        return retry_after(header, self._clock.now())


class Bearer(_Policy):
    """Adds the token. After a 401 it tries once more with a fresh one.

    That is safe for writes, too: a 401 proves that the request was not accepted.
    """

    def __init__(self, tokens: TokenCache) -> None:
        super().__init__()
        self._tokens = tokens

    def send(self, request: _Request) -> _Response:
        """Add the header and pass on."""
        token = self._tokens.token()
        request.http_request.headers["Authorization"] = f"Bearer {token}"
        response = self.next.send(request)
        if response.http_response.status_code != 401:
            return response
        claims = _claims(response.http_response.headers.get("WWW-Authenticate"))
        fresh = self._tokens.renew(token, claims)
        request.http_request.headers["Authorization"] = f"Bearer {fresh}"
        return self.next.send(request)


class Tally:
    """How many requests went out, by method; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, method: str) -> None:
        """Count one request."""
        with self._lock:
            self._counts[method] += 1

    def by_method(self) -> Mapping[str, int]:
        """A copy of the counts."""
        with self._lock:
            return dict(self._counts)


class Record(_Policy):
    """Counts each exchange and writes one line about it: method, path, status, milliseconds."""

    def __init__(self, tally: Tally, clock: Clock) -> None:
        super().__init__()
        self._tally = tally
        self._clock = clock

    def send(self, request: _Request) -> _Response:
        """Pass on, then record."""
        asked = asked_of(request.http_request)
        self._tally.add(asked.method)
        begun = self._clock.monotonic()
        try:
            response = self.next.send(request)
        except sdk.AzureError as error:
            self._line(asked, type(error).__name__, begun)
            raise
        self._line(asked, str(response.http_response.status_code), begun)
        return response

    def _line(self, asked: Asked, outcome: str, begun: float) -> None:
        milliseconds = (self._clock.monotonic() - begun) * 1000
        HTTP_LOG.debug("%s %s %s %.0f ms", asked.method, asked.path, outcome, milliseconds)


def policies(
    place: Place,
    permits: WritePermits,
    tokens: TokenCache,
    gates: Gates,
    tally: Tally,
    clock: Clock,
    rng: Random,
) -> list[HTTPPolicy[Any, Any]]:
    """A fresh chain; permits, tokens, gates and tally are what chains have in common."""
    return [
        ScopeGuard(permits),
        Identify(rng),
        ReadableWait(clock),
        OneExchange(clock, rng, gates),
        HostPin(place),
        Bearer(tokens),
        Record(tally, clock),
    ]


def asked_of(request: HttpRequest) -> Asked:
    """Method and path of a request; never its query."""
    return Asked(request.method, urlsplit(request.url).path)


def _with_wait(error: Exception, seconds: float) -> Exception:
    vars(error)["retry_after"] = seconds
    return error


def _subscription(path: str) -> str:
    match = _SUBSCRIPTION.match(path)
    return match.group(1).lower() if match else ""


def _claims(challenge: str | None) -> str | None:
    """The claims of a continuous access evaluation challenge, decoded; None: no such challenge."""
    match = _CLAIMS.search(challenge or "")
    if match is None or "insufficient_claims" not in (challenge or ""):
        return None
    import base64  # noqa: PLC0415 -- seen once in many runs

    text = match.group(1)
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return None


def _read_may_go_again(state: tenacity.RetryCallState) -> bool:
    outcome = state.outcome
    if outcome is None:
        return False
    if outcome.failed:
        return isinstance(outcome.exception(), _TRANSIENT)
    response = outcome.result().http_response
    status = response.status_code
    return status in {408, 429} or status >= 500 or _is_cut_off(response)


def _is_cut_off(response: HttpResponse) -> bool:
    """Whether a body begins as JSON and is none: a part of it got lost, as by a reset.

    The parsed body stays with the response, so that nobody parses it twice.
    """
    if response.status_code != 200 or response.content[:1] not in {b"{", b"["}:
        return False
    try:
        response.json()
    except ValueError:
        return True
    return False


def _remaining(response: HttpResponse, kind: Operations) -> int | None:
    """The number that ARM says is left of its bucket; None: it doesn't say."""
    text = response.headers.get(f"x-ms-ratelimit-remaining-subscription-{kind.value}") or ""
    return int(text) if text.isdecimal() else None


def _write_may_go_again(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome is not None else None
    return isinstance(error, sdk.ServiceRequestError) and never_sent(error)


def _last_outcome(state: tenacity.RetryCallState) -> Any:
    """After the last try: its answer or its exception, as if there had been no other."""
    if state.outcome is None:
        raise AssertionError("tenacity stopped before the first try")
    return state.outcome.result()
