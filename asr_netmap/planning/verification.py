"""Verifying is planning again: what a plan would still change is drift."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, NotLookedAt
from asr_netmap.planning.afterwards import inventory_after
from asr_netmap.planning.change import Action, Change, ItemState, Kind, MappingState
from asr_netmap.planning.commands import ours, runnable
from asr_netmap.planning.drill import DrillCheck
from asr_netmap.planning.estate_findings.findings import estate_findings
from asr_netmap.planning.estate_findings.stages import STAGE_CODES
from asr_netmap.planning.estate_findings.uses import Uses
from asr_netmap.planning.nic_setting import Setting, SettingValue
from asr_netmap.planning.plan import Finding, Pending, Plan, Severity
from asr_netmap.planning.readiness import Readiness, readiness
from asr_netmap.planning.room import recounted
from asr_netmap.surroundings import SubnetUsage, Surroundings

_FIX = "Apply what is declared."
_RETARGETED = frozenset({"mapping-in-the-way", "mapping-wrong-target"})

_MISSING = {
    Kind.NETWORK: "target-network-missing",
    Kind.FABRIC: "fabric-missing",
    Kind.PROTECTION_CONTAINER: "protection-container-missing",
    Kind.POLICY: "replication-policy-missing",
    Kind.CONTAINER_MAPPING: "protection-container-mapping-missing",
    Kind.REPLICATION: "vm-not-replicated",
}


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found when everything was read again.

    readiness -- of every item that the plan is about; empty where only the plan was looked at.
    beside -- what could not be read besides what the plan needs.
    drill -- what became of the items' test failovers, if that was asked for.
    usages -- how full subnets are by Azure's own count, where it was asked.
    """

    plan: Plan
    findings: tuple[Finding, ...]
    readiness: tuple[Readiness, ...] = ()
    beside: tuple[NotLookedAt, ...] = ()
    drill: tuple[DrillCheck, ...] = ()
    usages: tuple[SubnetUsage, ...] = ()

    @property
    def pending(self) -> tuple[Pending, ...]:
        """Items that can't be set yet."""
        return self.plan.pending

    @property
    def not_looked_at(self) -> tuple[NotLookedAt, ...]:
        """What could not be read; while there is something, nobody may say that all is well."""
        return (*self.plan.not_looked_at, *self.beside)

    def runnable(self, options: str) -> Verification:
        """The same, with commands of ours as the user can run them.

        options -- that the user's own command had, such as ``--config netmap.yaml``.
        """
        ready = tuple(each.runnable(options) for each in self.readiness)
        return replace(self, findings=runnable(self.findings, options), readiness=ready)

    def at_least(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of that severity and worse."""
        return tuple(f for f in self.findings if f.severity.rank <= severity.rank)


def verify(plan: Plan) -> Verification:
    """The findings of a fresh plan, and every change that it still holds as a finding."""
    return Verification(plan, _sorted(_of_plan(plan)))


def verify_estate(
    plan: Plan, inventory: Inventory, surroundings: Surroundings, now: datetime
) -> Verification:
    """What `verify` finds, what would go wrong around it, and whether each item is ready; pure.

    inventory -- the one that the plan was made from.
    now -- the time of day, in UTC.
    """
    about = {*plan.items, *(pending.subject for pending in plan.pending)}
    coming = inventory_after(inventory, plan.changes)
    items = tuple(item for item in coming.items if item.id in about)
    uses = Uses.of(inventory, items, plan.placements)
    around = estate_findings(uses, surroundings, plan.scope.vault, now)
    gaps = (_unread(gap, plan) for gap in surroundings.not_looked_at)
    own = _of_plan(plan, surroundings.usages)
    findings = _sorted([*_without_repeats([*own, *around]), *gaps])
    unseen = (*plan.not_looked_at, *surroundings.not_looked_at)
    ready = readiness(inventory, about, findings, unseen)
    return Verification(
        plan, findings, ready, surroundings.not_looked_at, usages=surroundings.usages
    )


def with_drill(verification: Verification, checks: Sequence[DrillCheck]) -> Verification:
    """The verification with what became of the test failovers; what differs is a finding."""
    differing = (check.finding() for check in checks if not check.passed)
    findings = _sorted([*verification.findings, *differing])
    return replace(verification, findings=findings, drill=tuple(checks))


def _of_plan(plan: Plan, usages: Sequence[SubnetUsage] = ()) -> list[Finding]:
    findings = recounted(plan.findings, plan.needs, usages)
    findings = [*findings, *(f for c in plan.changes for f in _drift(c, plan))]
    return [*findings, *(_unread(gap, plan) for gap in plan.not_looked_at)]


def _without_repeats(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Without what is said of the same item more exactly."""
    staged = {f.subject for f in findings if f.code in STAGE_CODES}
    for finding in dict.fromkeys(findings):
        if finding.code != "failover-in-progress" or finding.subject not in staged:
            yield finding


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (f.severity.rank, f.code, f.title.lower())))


def _drift(change: Change, plan: Plan) -> Iterator[Finding]:
    if change.kind is Kind.RESOURCE_GROUP:
        return  # said by the network that it is for
    code, severity, message = _described(change, plan)
    command = ours("apply", *(("--allow-retarget",) if code in _RETARGETED else ()))
    yield Finding(code, severity, change.subject, change.title, message, _FIX, command)


def _described(change: Change, plan: Plan) -> tuple[str, Severity, str]:
    if change.kind in _MISSING:
        return _MISSING[change.kind], Severity.ERROR, change.reason
    if change.kind is Kind.MAPPING:
        return _mapping(change, plan)
    assert isinstance(change.before, ItemState)
    assert isinstance(change.after, ItemState)
    first_time = not any(s.value for s in change.before.settings)
    code = "nic-settings-missing" if first_time else "nic-settings-differ"
    parts = [
        f"{_where(s) or change.title}: {s.name.replace('_', ' ')} is {_shown(old.value)}, "
        f"should be {_shown(s.value)}"
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
