"""From the answer to a write to an operation that can be followed, without a thread.

The SDKs' own polling starts a daemon thread for each write, waits 30 s between looks, polls
unknown states for ever and calls a time-out a result; so it is replaced by one that ends at once
and hands over the first answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineResponse
from azure.core.polling import PollingMethod
from azure.core.rest import HttpRequest, HttpResponse

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import OutcomeUnknown
from asr_netmap.gateway.failure import Asked, retry_after_header
from asr_netmap.planning.gateway import Operation, Phase

# Azure writes both Canceled (Resource Manager) and Cancelled (Site Recovery's jobs).
_FAILED = frozenset({"failed", "canceled", "cancelled"})
# NotStarted and InProgress are on recordings; Suspended is in Site Recovery's job model; the
# others are those of Resource Manager's asynchronous operations (Microsoft Learn).
_RUNNING = frozenset(
    {"notstarted", "inprogress", "suspended", "accepted", "running", "pending"}
    | {"creating", "updating", "deleting", "provisioning"}
)


class FirstAnswer(PollingMethod[None]):
    """Keeps the answer to a write; finished from the start, so that no thread is started."""

    def __init__(self) -> None:
        self._response: HttpResponse | None = None

    def initialize(
        self,
        client: Any,
        initial_response: PipelineResponse[HttpRequest, HttpResponse],
        deserialization_callback: Callable[[Any], Any],
    ) -> None:
        """Take the answer."""
        self._response = initial_response.http_response

    @property
    def response(self) -> HttpResponse:
        """The answer."""
        if self._response is None:
            raise AssertionError("asked for the answer before the write")
        return self._response

    def run(self) -> None:
        """Nothing to do."""

    def status(self) -> str:
        """Unknown here: `AzureGateway.ask` finds out."""
        return "Accepted"

    def finished(self) -> bool:
        """Always, or the SDK starts a thread."""
        return True

    def resource(self) -> None:
        """Nobody asks: the object is read back."""


def operation_of(response: HttpResponse, subject: ArmId, request_id: str) -> Operation | None:
    """The operation that a success answers with; None: it is done already.

    Raises OutcomeUnknown for a 202 that doesn't say where to ask.
    """
    url = response.headers.get("Azure-AsyncOperation")
    location = response.headers.get("Location")
    if not url and response.status_code != 202:
        return None
    if not url and not location:
        asked = Asked(response.request.method, urlsplit(response.request.url).path)
        raise OutcomeUnknown(f"{asked}: accepted (HTTP 202), without a place to ask.", "")
    return Operation(
        # ARM: the last segment of both URLs is the name of Site Recovery's job (Azure CLI and
        # PowerShell recordings); without the first URL the job is asked.
        name=urlsplit(url or location or "").path.rsplit("/", 1)[1],
        url=url or "",
        request_id=request_id,
        subject=subject,
        retry_after=retry_after_header(response),
    )


def is_familiar(word: str) -> bool:
    """Whether a status is one of those that are known."""
    return word.lower() in _RUNNING or phase_of(word) is not Phase.RUNNING


def phase_of(word: str) -> Phase:
    """Where an operation with that status stands; an unknown word is still running."""
    plain = word.lower()
    if plain == "succeeded":
        return Phase.SUCCEEDED
    return Phase.FAILED if plain in _FAILED else Phase.RUNNING


def status_word(body: Any) -> str | None:
    """The status in an operation's body; None: the body is no status."""
    word = body.get("status") if isinstance(body, Mapping) else None
    return word if isinstance(word, str) and word else None
