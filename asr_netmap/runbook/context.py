"""What comes along with a job: a webhook's data, or a recovery plan's context.

Neither is needed, and neither is trusted. A webhook's address opens it to whoever knows it, so
its body may only take away from what the runbook's own parameter allows: pick fewer VMs, look
instead of write, stop earlier. Everything else in it is named and left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asr_netmap.errors import UsageError
from asr_netmap.runbook import loose_json

# ARM: the fields of a webhook's data and of a recovery plan's context (Microsoft Learn, start a
# runbook from a webhook; add Azure Automation runbooks to Site Recovery recovery plans).
_MARKS = re.compile(
    r"(?<![\w-])(webhookname|requestbody|webhookdata|recoveryplanname|recoveryplancontext)"
    r"""(?:\\+|`)?["']*\s*:""",
    re.IGNORECASE,
)
_QUOTES = "\"'`\\"
_WRAPPERS = ("webhookdata", "recoveryplancontext")


@dataclass(frozen=True, slots=True)
class Context:
    """What came along.

    body -- what a webhook's caller asks for; None: the job was not started by a webhook.
    notes -- lines that say it.
    """

    body: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = field(default=())


NO_CONTEXT = Context()


def taken_out(text: str) -> tuple[str, Context]:
    """The text without the context in it, and the context.

    What looks like one and can't be read is left out with a note: it is not needed.
    """
    plain = loose_json.straight(text)
    mark = _MARKS.search(plain)
    if mark is None:
        return text, NO_CONTEXT
    start = plain.rfind("{", 0, mark.start())
    if start < 0:
        return plain[: mark.start()], Context({}, (_UNREADABLE,))
    try:
        found, end = loose_json.read_object(plain, start)
    except UsageError:
        return _without_quotes(plain[:start]), Context({}, (_UNREADABLE,))
    behind = plain[end:].lstrip(_QUOTES + " ")
    return f"{_without_quotes(plain[:start])} {behind}".strip(), _of(found)


_UNREADABLE = "What came along with the start of this job can't be read, and is left out."


def _without_quotes(text: str) -> str:
    return text.rstrip(_QUOTES + " \t\r\n")


def _of(found: Mapping[str, Any]) -> Context:
    fields = {key.lower(): value for key, value in found.items()}
    for wrapper in _WRAPPERS:
        inner = fields.get(wrapper)
        if isinstance(inner, str):
            inner = _object_in(inner)
        if isinstance(inner, Mapping):
            return _of(inner)
    if "recoveryplanname" in fields:
        plan = fields["recoveryplanname"]
        kind = fields.get("failovertype") or "unknown"
        way = fields.get("failoverdirection") or "unknown"
        note = f"Started by recovery plan {plan!s}: failover type {kind!s}, direction {way!s}."
        return Context(None, (note,))
    body = fields.get("requestbody")
    if isinstance(body, str):
        body = _object_in(body)
    name = fields.get("webhookname")
    note = f"Started by webhook {name!s}." if name else "Started by a webhook."
    return Context(body if isinstance(body, Mapping) else {}, (note,))


def _object_in(text: str) -> Any:
    if not text.strip().startswith("{"):
        return None
    try:
        return loose_json.parse(text)
    except UsageError:
        return None
