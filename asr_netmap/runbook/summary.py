"""The last line of a job: what became of it, for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from asr_netmap import __version__
from asr_netmap.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from asr_netmap.applying.outcome import Outcome, Result
    from asr_netmap.models import NotLookedAt
    from asr_netmap.planning.plan import Finding, Plan
    from asr_netmap.planning.verification import Verification

SCHEMA = "asr-netmap/runbook/1"

_MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.ERROR: "error",
    ExitCode.USAGE: "usage",
    ExitCode.CHANGES: "drift",
    ExitCode.REFUSED: "refused",
    ExitCode.INCOMPLETE: "incomplete",
    ExitCode.UNKNOWN: "unknown",
    ExitCode.INTERRUPTED: "interrupted",
}


@dataclass(slots=True)
class Summary:
    """What is counted while a job runs.

    left -- changes that the job leaves to people. because -- why changes are pending.
    deadline -- seconds that the job was given; None: it writes nothing.
    """

    mode: str = ""
    sandbox: bool = False
    deadline: float | None = None
    seconds: float = 0.0
    findings: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    because: Counter[str] = field(default_factory=Counter)
    left: int = 0
    not_looked_at: int = 0

    def found(self, verifications: Iterable[Verification]) -> None:
        """Count what a verification found."""
        for each in verifications:
            self._count(each.findings, each.not_looked_at)
            self.outcomes["pending"] += len(each.pending)
            self.because["not-ready"] += len(each.pending)

    def became(self, done: Sequence[tuple[Plan, Result]], left: int) -> None:
        """Count what became of plans, and what of them was left to people."""
        self.left += left
        for plan, result in done:
            self._count(plan.findings, plan.not_looked_at)
            self.outcomes["pending"] += len(plan.pending)
            self.because["not-ready"] += len(plan.pending)
            for outcome in result.outcomes:
                self._ended(outcome)

    def why(self, code: ExitCode) -> str:
        """Why a job fails that has looked and written; empty where an error said it already."""
        if code is ExitCode.CHANGES:
            found = [f"{self.findings[name]} {name}s" for name in ("error", "warning")]
            found += [f"{self.left} left to people"] if self.left else []
            return f"not as declared ({', '.join(found)}), and it was told to fail on that"
        if code is ExitCode.UNKNOWN:
            return f"for {self.outcomes['unknown']} of its changes the outcome is unknown"
        if code is not ExitCode.INCOMPLETE:
            return ""
        failed, errors = self.outcomes["failed"], self.findings["error"]
        parts = [f"{failed} change{'s' if failed > 1 else ''} failed"] if failed else []
        parts += [f"{self.not_looked_at} could not be looked at"] if self.not_looked_at else []
        parts += [f"{errors} findings of severity error"] if errors and not parts else []
        if not parts and self.outcomes["pending"]:
            return f"{self.outcomes['pending']} pending, and it was told to fail on that"
        return ", ".join(parts)

    def line(self, code: ExitCode) -> str:
        """The line. Every key is always there."""
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "version": __version__,
            "mode": self.mode,
            "sandbox": self.sandbox,
            "exit_code": int(code),
            "meaning": _MEANINGS[code],
            "changes": {
                name: self.outcomes[name] for name in ("applied", "failed", "pending", "unknown")
            },
            "pending_because": {name: n for name, n in sorted(self.because.items()) if n},
            "left_to_people": self.left,
            "findings": {name: self.findings[name] for name in ("error", "warning", "info")},
            "not_looked_at": self.not_looked_at,
            "seconds": round(self.seconds, 1),
            "deadline": {
                "seconds": self.deadline,
                "reached": bool(self.because["deadline"]),
            },
        }
        return json.dumps(document, ensure_ascii=True)

    def _count(self, findings: Iterable[Finding], gaps: Sequence[NotLookedAt]) -> None:
        self.findings.update(finding.severity.value for finding in findings)
        self.not_looked_at += len(gaps)

    def _ended(self, outcome: Outcome) -> None:
        self.outcomes[outcome.status.value] += 1
        if outcome.status.value == "pending":
            self.because[outcome.code or "pending"] += 1
