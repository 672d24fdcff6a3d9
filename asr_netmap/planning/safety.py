"""What stops a plan from wrecking a vault: limits, and the flags that lift them.

`raise_if_unsafe` is asked right before anything is written, whoever writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import FailoverInProgress, Frozen, UnsafePlan
from asr_netmap.planning.basis import FromJournal
from asr_netmap.planning.change import ItemState, ReplicationState
from asr_netmap.planning.lock_findings import LOCKED, retargets
from asr_netmap.planning.plan import Plan
from asr_netmap.settings import from_document

MIN_EXISTING_SETTINGS = 10
"""Below so many settings that have a value, their share that changes says nothing."""

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Consent:
    """What the user allows for one run; the settings may allow it for all.

    max_changed_percent -- None: as the settings say.
    max_changes -- refuse a plan with more changes; None: as the settings say, else no limit.
    unmap -- the removal of mappings is what was asked for.
    """

    allow_retarget: bool = False
    max_changed_percent: int | None = None
    max_changes: int | None = None
    during_failover: bool = False
    unmap: bool = False


def raise_if_unsafe(plan: Plan, consent: Consent) -> None:
    """Refuse a plan that goes over a limit which nobody lifted.

    Raises Frozen, FailoverInProgress or UnsafePlan; then nothing may be written.
    """
    if plan.empty:
        return
    consent = consent_to(plan, consent)
    frozen = next((f for f in plan.findings if f.code == "frozen"), None)
    if frozen is not None:
        raise Frozen(f"Nothing is written: {frozen.message}.", "Lift the freeze first.")
    under_way = [f for f in plan.findings if f.code == "failover-in-progress"]
    if under_way and not consent.during_failover:
        raise FailoverInProgress(
            f"{len(under_way)} replicated item(s) are in a failover: "
            + "; ".join(f.message for f in under_way[:_SHOWN]),
            "Clean up, commit or reprotect first, or allow it with --during-failover.",
        )
    locked = [f for f in plan.findings if f.code == LOCKED]
    if locked:
        raise UnsafePlan(
            "A change of mappings would stop in the middle: "
            + "; ".join(f"{f.title}: {f.message}" for f in locked[:_SHOWN])
            + ".",
            locked[0].fix,
        )
    problems = list(_problems(plan, consent))
    if problems:
        raise UnsafePlan(
            "The plan goes over a safety limit: " + "; ".join(text for text, _ in problems) + ".",
            " ".join(hint for _, hint in problems),
        )


def raise_if_unsafe_together(plans: Sequence[Plan], consent: Consent) -> None:
    """Refuse plans that are to be applied in one run if one of them is unsafe, or their sum is.

    Raises what `raise_if_unsafe` does.
    """
    for plan in plans:
        raise_if_unsafe(plan, consent)
    raise_if_replicated_twice(plans)


def raise_if_replicated_twice(plans: Iterable[Plan]) -> None:
    """Refuse plans that would have one machine replicated by two vaults. Raises UnsafePlan.

    Neither vault knows of it yet, so that only the plans together tell.
    """
    vaults: dict[ArmId, str] = {}
    for plan in plans:
        for change in plan.changes:
            if not isinstance(change.after, ReplicationState):
                continue
            vm, vault = change.after.vm, f"{plan.scope.vault.group}/{plan.scope.vault.name}"
            if vm in vaults:
                raise UnsafePlan(
                    f"{vm.group}/{vm.name} would be replicated by two vaults, {vaults[vm]} and "
                    f"{vault}, and a VM is replicated by one.",
                    "Take it out of `protect:` of one of them.",
                )
            vaults[vm] = vault


def consent_to(plan: Plan, given: Consent) -> Consent:
    """What was allowed, with what asking for the plan itself allows.

    To take a run back is to remove the mappings that it made, and to change any share of settings.
    """
    if not isinstance(plan.basis, FromJournal):
        return given
    percent = 100 if given.max_changed_percent is None else given.max_changed_percent
    return replace(given, unmap=True, max_changed_percent=percent)


def changed_settings(plan: Plan) -> int:
    """How many NIC settings that have a value would get another one."""
    return sum(
        1
        for change in plan.changes
        if isinstance(change.before, ItemState)
        for setting in change.before.settings
        if setting.value
    )


def _problems(plan: Plan, consent: Consent) -> Iterator[tuple[str, str]]:
    safety = from_document(plan.settings).safety
    moved = [change for change in plan.changes if retargets(change)]
    if moved and not (consent.allow_retarget or consent.unmap or safety.allow_retarget):
        titles = ", ".join(f"{c.action.value} {c.title}" for c in moved[:_SHOWN])
        yield (
            f"{len(moved)} existing mapping(s) would be deleted or pointed elsewhere ({titles})",
            "Allow that with --allow-retarget.",
        )
    percent = consent.max_changed_percent
    percent = safety.max_changed_percent if percent is None else percent
    changed, existing = changed_settings(plan), plan.existing_settings
    if existing >= MIN_EXISTING_SETTINGS and changed * 100 > percent * existing:
        yield (
            f"{changed} of {existing} NIC settings that have a value would change, "
            f"more than {percent} %",
            "Review them with `asr-netmap plan`, then allow more with --max-changed-percent.",
        )
    most = consent.max_changes if consent.max_changes is not None else safety.max_changes
    if most is not None and len(plan.changes) > most:
        yield (
            f"{len(plan.changes)} changes are planned, and at most {most} are allowed",
            "Take fewer with --only, or allow more with --max-changes.",
        )
