"""An accepted write that takes time: its record, its polling URLs and its status body."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from asr_netmap.sandbox import moments
from asr_netmap.sandbox.errors import Fault

RUNNING, SUCCEEDED, FAILED = "running", "succeeded", "failed"


@dataclass(frozen=True, slots=True)
class Operation:
    """One accepted write; `name` is the operation's GUID and, for Site Recovery, its job's name.

    kind: what it does when it completes (`mapping-put`, `item-patch`, ...).
    scope: the vault's id, or '' for Microsoft.Network.
    target: the id of the resource written, as sent.
    request: the parsed body; its effect is computed on completion, from what is there by then.
    job: the fixed part of the job's body. skip: report success without any effect.
    forced: a failure decided at acceptance. fault: why it failed, once it has.
    """

    name: str
    kind: str
    scope: str
    target: str
    started: datetime
    ends: datetime
    activity: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    job: Mapping[str, Any] = field(default_factory=dict)
    state: str = RUNNING
    skip: bool = False
    forced: Fault | None = None
    fault: Fault | None = None

    def done(self, fault: Fault | None) -> Operation:
        """Return the completed operation."""
        return replace(self, state=FAILED if fault else SUCCEEDED, fault=fault)

    def nascent(self, now: datetime) -> bool:
        """Tell whether the job is still the empty shell of its first second.

        ARM: a job half a second old had neither scenario nor target (Azure PowerShell
        recording, 2022). Half of a shorter operation, so that each state can be seen.
        """
        if self.state != RUNNING:
            return False
        # invented: job-shell
        shell = min(timedelta(seconds=1), (self.ends - self.started) / 2)
        return moments.utc(now) - self.started < shell

    def to_document(self) -> dict[str, Any]:
        """Return the JSON form kept in the estate."""
        document: dict[str, Any] = {
            "name": self.name,
            "kind": self.kind,
            "scope": self.scope,
            "target": self.target,
            "started": moments.store(self.started),
            "ends": moments.store(self.ends),
            "activity": self.activity,
            "request": dict(self.request),
            "job": dict(self.job),
            "state": self.state,
        }
        if self.skip:
            document["skip"] = True
        for name, fault in (("forced", self.forced), ("fault", self.fault)):
            if fault is not None:
                document[name] = _fault_document(fault)
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Operation:
        """Read the JSON form; raises ValueError when something is missing or malformed."""
        try:
            return cls(
                name=str(document["name"]),
                kind=str(document["kind"]),
                scope=str(document["scope"]),
                target=str(document["target"]),
                started=moments.parse(document["started"]),
                ends=moments.parse(document["ends"]),
                activity=str(document.get("activity", "")),
                request=dict(document.get("request", {})),
                job=dict(document.get("job", {})),
                state=_state(document.get("state", RUNNING)),
                skip=bool(document.get("skip", False)),
                forced=_fault(document.get("forced")),
                fault=_fault(document.get("fault")),
            )
        except KeyError as error:
            raise ValueError(f"operation without {error.args[0]!r}") from None
        except (TypeError, AttributeError):
            raise ValueError("operation with a value of the wrong type") from None


def _state(text: str) -> str:
    if text not in (RUNNING, SUCCEEDED, FAILED):
        raise ValueError(f"operation in an unknown state {text!r}")
    return text


def _fault_document(fault: Fault) -> dict[str, str]:
    return {
        "code": fault.code,
        "message": fault.message,
        "causes": fault.causes,
        "action": fault.action,
    }


def _fault(document: Mapping[str, str] | None) -> Fault | None:
    return None if document is None else Fault(**document)


def status_body(operation: Operation) -> dict[str, Any]:
    """Return Site Recovery's status body: always these eight keys.

    ARM: startTime has seven decimals, endTime is cut to seconds and can lie before it
    (az CLI traffic, 2023). Never contains the resource.
    """
    failed = operation.fault
    # invented: failed-status
    error = None if failed is None else {"code": failed.code, "message": failed.message}
    running = operation.state == RUNNING
    return {
        "error": error,
        "id": None,
        "name": operation.name,
        "properties": None,
        "status": {RUNNING: "InProgress", SUCCEEDED: "Succeeded", FAILED: "Failed"}[
            operation.state
        ],
        "startTime": moments.ticks(operation.started),
        "endTime": None if running else moments.whole_ticks(operation.ends),
        "percentComplete": None,
    }


def polling_url(base: str, path: str, api_version: str, operation: Operation, signed: bool) -> str:
    """Return a URL to follow the operation by.

    ARM: since 2023 such URLs carry a signature, t, c, s, h, and are about 3,200 characters long
    (az CLI traffic, August 2023).
    """
    url = f"{base}{quote(path)}?api-version={quote(api_version)}"
    if not signed:
        return url
    stamp = operation.started.strftime("%Y-%m-%dT%H:%M:%S")
    parts = _signature(operation.name, stamp)
    return url + f"&t={stamp.replace(':', '%3a')}&" + "&".join(f"{k}={v}" for k, v in parts.items())


def signature_fits(operation: Operation, query: Mapping[str, str]) -> bool:
    """Tell whether a polling URL came with the signature it was given out with."""
    expected = _signature(operation.name, query.get("t", ""))
    return all(query.get(name) == value for name, value in expected.items())


@lru_cache(maxsize=256)
def _signature(name: str, stamp: str) -> dict[str, str]:
    return {
        "c": _filler("asr-netmap sandbox, not a certificate", 2000),
        "s": _filler(f"s {name} {stamp}", 342),
        "h": _filler(f"h {name} {stamp}", 43),
    }


@lru_cache(maxsize=256)
def _filler(seed: str, length: int) -> str:
    blocks = (hashlib.sha256(f"{seed} {n}".encode()).digest() for n in range(length // 43 + 1))
    return base64.urlsafe_b64encode(b"".join(blocks)).decode().rstrip("=")[:length]
