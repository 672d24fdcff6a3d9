"""Verifying is planning again: what a plan would still change is drift."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from asr_netmap.arm_id import ArmId
from asr_netmap.models import NotLookedAt
from asr_netmap.planning.change import Action, Change, ItemState, Kind, MappingState
from asr_netmap.planning.nic_setting import Setting, SettingValue
from asr_netmap.planning.plan import Finding, Pending, Plan, Severity

_FIX = "Run `asr-netmap apply`."


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found when everything was read again."""

    plan: Plan
    findings: tuple[Finding, ...]

    @property
    def pending(self) -> tuple[Pending, ...]:
        """Items that can't be set yet."""
        return self.plan.pending

    @property
    def not_looked_at(self) -> tuple[NotLookedAt, ...]:
        """What could not be read; while there is something, nobody may say that all is well."""
        return self.plan.not_looked_at

    def at_least(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of that severity and worse."""
        return tuple(f for f in self.findings if f.severity.rank <= severity.rank)


def verify(plan: Plan) -> Verification:
    """The findings of a fresh plan, and every change that it still holds as a finding."""
    findings = [*plan.findings, *(f for c in plan.changes for f in _drift(c, plan))]
    findings.extend(_unread(gap, plan) for gap in plan.not_looked_at)
    return Verification(
        plan, tuple(sorted(findings, key=lambda f: (f.severity.rank, f.code, f.title.lower())))
    )


def _drift(change: Change, plan: Plan) -> Iterator[Finding]:
    if change.kind is Kind.RESOURCE_GROUP:
        return  # said by the network that it is for
    code, severity, message = _described(change, plan)
    yield Finding(code, severity, change.subject, change.title, message, _FIX)


def _described(change: Change, plan: Plan) -> tuple[str, Severity, str]:
    if change.kind is Kind.NETWORK:
        return "target-network-missing", Severity.ERROR, change.reason
    if change.kind is Kind.FABRIC:
        return "fabric-missing", Severity.ERROR, change.reason
    if change.kind is Kind.MAPPING:
        return _mapping(change, plan)
    assert isinstance(change.before, ItemState)
    assert isinstance(change.after, ItemState)
    first_time = not any(s.value for s in change.before.settings)
    code = "nic-settings-missing" if first_time else "nic-settings-differ"
    parts = [
        f"{_where(s) or change.title}: {s.name} is {_shown(old.value)}, should be {_shown(s.value)}"
        for old, s in zip(change.before.settings, change.after.settings, strict=True)
    ]
    return code, Severity.WARNING, "; ".join(parts)


def _where(setting: Setting) -> str:
    """NIC and IP config by name; empty for what belongs to the whole VM."""
    return "/".join(part for part in (setting.nic and setting.nic.name, setting.ip_config) if part)


def _mapping(change: Change, plan: Plan) -> tuple[str, Severity, str]:
    if change.action is Action.DELETE:
        return "mapping-in-the-way", Severity.ERROR, change.reason
    if change.action is Action.UPDATE:
        return "mapping-wrong-target", Severity.ERROR, change.reason
    after = change.after
    assert isinstance(after, MappingState)
    both_missing = any(
        isinstance(other.after, MappingState)
        and other.before is None
        and other.after.source_network == after.target_network
        for other in plan.changes
    )
    if both_missing:
        return "mapping-missing", Severity.ERROR, change.reason
    return "mapping-one-way", Severity.ERROR, change.reason


def _shown(value: SettingValue) -> str:
    if isinstance(value, ArmId):
        return value.name
    if isinstance(value, tuple):
        return ", ".join(each.name for each in value) or "not set"
    return str(value) if value else "not set"


def _unread(gap: NotLookedAt, plan: Plan) -> Finding:
    return Finding(
        "not-looked-at",
        Severity.WARNING,
        gap.scope or plan.scope.vault,
        gap.what,
        f"{gap.what} could not be read: {gap.reason}",
        gap.hint,
    )
