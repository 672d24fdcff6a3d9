"""Every failure of a call to Azure, as one of our errors.

One table maps the exception classes of azure-core, one function the HTTP answers. Writes differ
from reads in one way: where no answer proves that a write was not accepted, it is OutcomeUnknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from azure.core import exceptions as sdk
from azure.core.rest import HttpResponse
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import (
    AsrNetmapError,
    AzureError,
    Busy,
    CredentialsMissing,
    Forbidden,
    InvalidArmId,
    Locked,
    Missing,
    OutcomeUnknown,
    PolicyDenied,
    ProviderNotRegistered,
    Throttled,
    UnexpectedAnswer,
    Unreachable,
)
from asr_netmap.gateway.error_body import ErrorBody, error_body
from asr_netmap.gateway.foreign_text import one_line
from asr_netmap.roles import role_holding

# ARM: Site Recovery answers 400 where nothing of the kind exists yet (terraform-provider-azurerm
# issue 6026, azure-rest-api-specs issue 12759).
MISSING_CODES = ("SubscriptionIdNotRegisteredWithSrs", "FabricArmEntityMissing")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of Azure, for messages and for the read/write difference.

    method -- GET, PUT, …; path -- of the URL, without its query.
    """

    method: str
    path: str

    @property
    def write(self) -> bool:
        """Whether it was to change something."""
        return self.method not in {"GET", "HEAD"}

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


# What reading an answer raises that is not what it should be; too deeply nested JSON, too.
_UNREADABLE = (sdk.AzureError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


@contextmanager
def translated(asked: Asked) -> Iterator[None]:
    """Turn whatever an SDK call raises into one of our errors."""
    try:
        yield
    except AsrNetmapError:
        raise
    except _UNREADABLE as error:
        raise from_exception(error, asked) from error


def from_exception(error: Exception, asked: Asked) -> AzureError:
    """Our error for an exception that an SDK call raised."""
    for kind in type(error).__mro__:
        if kind in TABLE:
            return TABLE[kind](error, asked)
    return _unreadable(error, asked)


def from_response(response: HttpResponse, asked: Asked) -> AzureError:
    """Our error for an HTTP answer that is no success."""
    status, body = response.status_code, error_body(_text_of(response))
    message = _message(status, body, asked, response)
    for applies, build in _BY_ANSWER:
        if applies(status, body):
            return build(message, body, asked)
    if asked.write and (status >= 500 or status == 408 or 200 <= status < 300):
        return OutcomeUnknown(message, "The next run reads the state and goes on from there.")
    if status >= 500 or status == 408:
        return Unreachable(message, "Azure has a problem there; try again later.")
    if status == 429:
        return throttled(message, retry_after_header(response))
    if status < 400:
        return UnexpectedAnswer(message, "Something between here and Azure answers in its place.")
    return AzureError(message, body.advice)


def throttled(message: str, retry_after: float | None) -> Throttled:
    """A Throttled that carries the seconds that Azure asked to wait."""
    return Throttled(message, "Use fewer --workers, or try again later.", retry_after)


def retry_after_of(error: BaseException) -> float | None:
    """The seconds that Azure asked to wait, if `error` carries them."""
    value = getattr(error, "retry_after", None)
    return float(value) if isinstance(value, (int, float)) else None


def retry_after_header(response: HttpResponse) -> float | None:
    """``Retry-After`` in seconds; the pipeline has turned dates into numbers already."""
    try:
        return max(0.0, float(response.headers.get("Retry-After") or "nan")) or None
    except ValueError:
        return None


def never_sent(error: BaseException) -> bool:
    """Whether the exception proves that no byte of the request reached a server."""
    if isinstance(error, sdk.ServiceRequestTimeoutError):
        return True
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, (NewConnectionError, ConnectTimeoutError)):
            return True
        if id(cause) in seen or not isinstance(cause, BaseException):
            continue
        seen.add(id(cause))
        waiting += [cause.__cause__, getattr(cause, "inner_exception", None)]
        waiting += [getattr(cause, "reason", None), *cause.args]
    return False


def _message(status: int, body: ErrorBody, asked: Asked, response: HttpResponse) -> str:
    code = "/".join(dict.fromkeys(body.codes))
    parts = [f"{asked}: HTTP {status}{f' {code}' if code else ''}: {body.message or 'no text'}"]
    if body.causes:
        parts.append(f"Possible causes: {body.causes}")
    if body.advice:
        parts.append(f"Recommended: {body.advice}")
    correlation = response.headers.get("x-ms-correlation-request-id")
    if correlation:
        parts.append(f"(correlation id {one_line(correlation, 60)})")
    return " ".join(parts)


def _text_of(response: HttpResponse) -> str:
    try:
        response.read()
        return response.text()
    except (sdk.AzureError, ValueError, LookupError):
        return ""


# The files are those of a runbook's bundle, which has the roles beside the runbook.
_ROLES = (
    "`asr-netmap roles reader` prints one that may look (roles/reader.json in a runbook's bundle), "
    "`asr-netmap roles operator` one that may write (roles/operator.json)."
)


def _forbidden(message: str, body: ErrorBody, asked: Asked) -> AzureError:
    action, scope = body.denied_action, body.denied_scope
    hint = f"The identity lacks a role here. {_ROLES}"
    if action:
        role = role_holding(action)
        named = f"`asr-netmap roles {role}` prints one (roles/{role}.json in a runbook's bundle)."
        hint = (
            f"Give the identity a role that holds '{action}' at scope '{scope}' "
            f"(az role assignment create), wait some minutes, and run this again. "
            f"{named if role else ''}"
        ).rstrip()
    return Forbidden(message, hint, action, scope)


def _policy(message: str, body: ErrorBody, asked: Asked) -> AzureError:
    named = "; ".join(body.policies) or "the policy that the message names"
    return PolicyDenied(
        message, f"Azure Policy forbids it: {named}. Meet the policy or ask for an exemption."
    )


def _locked(message: str, body: ErrorBody, asked: Asked) -> AzureError:
    where = body.locked_scope or "the scope that the message names"
    return Locked(message, f"A management lock on {where} stops it; whoever set it can lift it.")


def _unregistered(message: str, body: ErrorBody, asked: Asked) -> AzureError:
    namespace = body.namespace or "<namespace>"
    subscription = _subscription_of(asked.path)
    return ProviderNotRegistered(
        message,
        "This tool registers nothing. Run: az provider register "
        f"--namespace {namespace}{f' --subscription {subscription}' if subscription else ''}",
    )


def _missing(message: str, body: ErrorBody, asked: Asked) -> AzureError:
    return Missing(message, body.advice)


def _busy(message: str, body: ErrorBody, asked: Asked) -> AzureError:
    return Busy(message, "Something else works on it; when that has ended, run this again.")


def _no_token(message: str, body: ErrorBody, asked: Asked) -> AzureError:
    return CredentialsMissing(
        message, "Azure did not take the token: check --cloud, the tenant, and log in again."
    )


_Applies = Callable[[int, ErrorBody], bool]
_Builds = Callable[[str, ErrorBody, Asked], AzureError]

# The first that applies wins. ARM: codes from Microsoft Learn, common Azure deployment errors.
_BY_ANSWER: tuple[tuple[_Applies, _Builds], ...] = (
    (lambda status, body: body.has("MissingSubscriptionRegistration"), _unregistered),
    (lambda status, body: body.has("RequestDisallowedByPolicy"), _policy),
    (lambda status, body: body.has("ScopeLocked"), _locked),
    (lambda status, body: status == 401, _no_token),
    (lambda status, body: status == 403, _forbidden),
    (lambda status, body: status == 404, _missing),
    (lambda status, body: status == 400 and body.has(*MISSING_CODES), _missing),
    (lambda status, body: status in {409, 412, 423}, _busy),
)


def _subscription_of(path: str) -> str:
    try:
        return ArmId(path).subscription
    except InvalidArmId:
        return ""


def _no_answer(error: Exception, asked: Asked) -> AzureError:
    reason = one_line(str(error), 300)
    if asked.write and not never_sent(error):
        return OutcomeUnknown(
            f"{asked}: sent, and no answer came back: {reason}",
            "The next run reads the state and goes on from there.",
        )
    return Unreachable(
        f"{asked}: no connection: {reason}", "Check the network, the proxy and --cloud."
    )


def _answer(error: Exception, asked: Asked) -> AzureError:
    response = getattr(error, "response", None)
    if isinstance(response, HttpResponse):
        if response.status_code < 300:
            return _unreadable(error, asked)
        return from_response(response, asked)
    return _no_answer(error, asked)


def _unreadable(error: Exception, asked: Asked) -> AzureError:
    reason = f"{type(error).__name__}: {one_line(str(error), 200)}"
    if asked.write:
        return OutcomeUnknown(
            f"{asked}: Azure answered, and the answer can't be read: {reason}",
            "The next run reads the state and goes on from there.",
        )
    return UnexpectedAnswer(
        f"{asked}: the answer can't be read: {reason}",
        "Try again; if it stays so, something between here and Azure changes the answers.",
    )


def _credentials(error: Exception, asked: Asked) -> AzureError:
    response = getattr(error, "response", None)
    if isinstance(response, HttpResponse):
        return from_response(response, asked)
    return CredentialsMissing(
        f"{asked}: no token: {one_line(str(error), 300)}", "Log in again, or choose with --auth."
    )


# Every exception class of azure.core.exceptions stands here by itself, so a new one is noticed.
TABLE: dict[type, Callable[[Exception, Asked], AzureError]] = {
    sdk.AzureError: _unreadable,
    sdk.ServiceRequestError: _no_answer,
    sdk.ServiceResponseError: _no_answer,
    sdk.ServiceRequestTimeoutError: _no_answer,
    sdk.ServiceResponseTimeoutError: _no_answer,
    sdk.HttpResponseError: _answer,
    sdk.DecodeError: _unreadable,
    sdk.IncompleteReadError: _no_answer,
    sdk.ResourceExistsError: _answer,
    sdk.ResourceNotFoundError: _answer,
    sdk.ClientAuthenticationError: _credentials,
    sdk.ResourceModifiedError: _answer,
    sdk.ResourceNotModifiedError: _answer,
    sdk.TooManyRedirectsError: _answer,
    sdk.ODataV4Error: _answer,
    sdk.StreamConsumedError: _unreadable,
    sdk.StreamClosedError: _unreadable,
    sdk.ResponseNotReadError: _unreadable,
    sdk.SerializationError: _unreadable,
    sdk.DeserializationError: _unreadable,
}
