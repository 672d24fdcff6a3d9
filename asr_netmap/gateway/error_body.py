"""What an error body of ARM, a resource provider or Site Recovery says, as one value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from asr_netmap.gateway.foreign_text import one_line

# ARM: the sentences of AuthorizationFailed and LinkedAuthorizationFailed (Microsoft Learn,
# troubleshoot Azure RBAC).
_ACTION = re.compile(r"perform action\(s\) '([^']+)'|perform action '([^']+)'")
_SCOPE = re.compile(r"linked scope\(s\) '([^']+)'|over scope '([^']+)'|on scope '([^']+)'")
_LOCKED = re.compile(r"locked:\s*'([^']+)'")
_NAMESPACE = re.compile(r"namespace '([\w.]+)'")  # goes into a command that is suggested


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The parts of an error body that a user can act on; texts are on one line each.

    codes -- the outer code and those of `details`, in order.
    causes, advice -- Site Recovery's possibleCauses and recommendedAction.
    """

    codes: tuple[str, ...] = ()
    message: str = ""
    causes: str = ""
    advice: str = ""
    policies: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The most telling code: the innermost one that is a name or number of the service."""
        return self.codes[-1] if self.codes else ""

    def has(self, *codes: str) -> bool:
        """Whether one of `codes` occurs, in any case."""
        wanted = {code.lower() for code in codes}
        return any(code.lower() in wanted for code in self.codes)

    @property
    def denied_action(self) -> str:
        """The action that a 403 says is missing; empty if it doesn't say."""
        return _last_group(_ACTION, self.message)

    @property
    def denied_scope(self) -> str:
        """The scope that it is missing on."""
        return _last_group(_SCOPE, self.message)

    @property
    def locked_scope(self) -> str:
        """The scope that a management lock is on."""
        return _last_group(_LOCKED, self.message)

    @property
    def namespace(self) -> str:
        """The resource provider that the subscription isn't registered for."""
        return _last_group(_NAMESPACE, self.message)


def error_body(text: str) -> ErrorBody:
    """Parse the body of an answer; what isn't JSON becomes the message."""
    try:
        return error_value(json.loads(text))
    except (ValueError, RecursionError):
        return ErrorBody(message=one_line(text, 200))


def error_value(document: Any) -> ErrorBody:
    """The same from a JSON value: a body, or the ``error`` of an operation status."""
    if not isinstance(document, Mapping):
        return ErrorBody()
    inner = document.get("error", document)
    if not isinstance(inner, Mapping):
        return ErrorBody(message=one_line(str(inner)))
    nodes = list(_nodes(inner))
    return ErrorBody(
        codes=tuple(_text(n, "code") for n in nodes if _text(n, "code")),
        message=_joined(nodes, "message"),
        causes=_joined(nodes, "possibleCauses"),
        advice=_joined(nodes, "recommendedAction"),
        policies=tuple(_policies(nodes)),
    )


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The error itself and its details, outer first."""
    yield node
    details = node.get("details")
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, Mapping):
            yield from _nodes(detail)


def _joined(nodes: list[Mapping[str, Any]], key: str) -> str:
    """The distinct texts under `key`, in order: details often repeat the outer message."""
    texts = dict.fromkeys(_text(node, key) for node in nodes)
    return " ".join(text for text in texts if text)


def _text(node: Mapping[str, Any], key: str) -> str:
    value = node.get(key)
    return one_line(value) if isinstance(value, str) else ""


def _policies(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    """ARM: additionalInfo of RequestDisallowedByPolicy (Microsoft Learn, policy errors)."""
    for node in nodes:
        extra = node.get("additionalInfo")
        for each in extra if isinstance(extra, list) else []:
            info = each.get("info") if isinstance(each, Mapping) else None
            if isinstance(info, Mapping):
                definition = _text(info, "policyDefinitionDisplayName")
                assignment = _text(info, "policyAssignmentDisplayName")
                name = definition or _text(info, "policyDefinitionName")
                by = assignment or _text(info, "policyAssignmentName")
                scope = _text(info, "policyAssignmentScope")
                yield f"policy '{name}', assignment '{by}'" + (f" at {scope}" if scope else "")


def _last_group(pattern: re.Pattern[str], text: str) -> str:
    """The last match's group: in a linked check the first action is the one that is held."""
    found = [next((g for g in match.groups() if g), "") for match in pattern.finditer(text)]
    return found[-1] if found else ""
