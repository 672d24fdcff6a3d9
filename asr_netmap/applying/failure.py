"""What a raised error means for a change."""

from __future__ import annotations

from asr_netmap import errors
from asr_netmap.redaction import redacted

_CODES: dict[type[BaseException], str] = {
    errors.CredentialsMissing: "credentials",
    errors.Forbidden: "forbidden",
    errors.PolicyDenied: "policy",
    errors.Locked: "locked",
    errors.ProviderNotRegistered: "provider",
    errors.Missing: "missing",
    errors.Busy: "busy",
    errors.Throttled: "throttled",
    errors.Unreachable: "unreachable",
    errors.BlockedRequest: "blocked",
    errors.UnexpectedAnswer: "unexpected-answer",
    errors.OperationFailed: "operation-failed",
    errors.OutcomeUnknown: "no-answer",
    errors.FileError: "journal",
    errors.AzureError: "azure",
}

# Asking again does not help against these.
HOPELESS = (errors.Forbidden, errors.CredentialsMissing, errors.BlockedRequest)

# After a write these say nothing about whether Azure took it.
IN_DOUBT = (errors.OutcomeUnknown, errors.UnexpectedAnswer)


def code_of(error: BaseException) -> str:
    """The stable word for an error, by its class or the nearest class above it."""
    return next((_CODES[kind] for kind in type(error).__mro__ if kind in _CODES), "error")


def message_of(error: BaseException) -> str:
    """What to tell people; an error that is not ours is named with its class."""
    if isinstance(error, errors.AsrNetmapError):
        return str(error)
    return redacted(f"{type(error).__name__}: {error}")


def told_wait(error: BaseException) -> float | None:
    """The seconds that Azure asked to wait, where the error carries them."""
    seconds = getattr(error, "retry_after", None)
    return float(seconds) if isinstance(seconds, (int, float)) and seconds > 0 else None
