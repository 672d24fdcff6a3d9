"""Whether each item can fail over to the right place now, and if not, what is missing.

The right place is what is declared: network, subnet and address. What is missing is the item's own
state and the findings that hinder, which `finding_codes` marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, NotLookedAt, ReplicatedItem
from asr_netmap.planning.commands import completed
from asr_netmap.planning.finding_codes import kind_of
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.rules.readiness import not_ready

# The codes of what is missing that is no finding.
STATE = "item-state"
NO_TARGET = "no-target-network"

# Without these nobody knows who holds which address of a network, or whether it exists.
_DECIDING = frozenset(
    {"", "microsoft.network/networkinterfaces", "microsoft.network/loadbalancers"}
)


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that keeps an item from its place.

    code -- a finding's, or ``item-state`` or ``no-target-network``.
    """

    code: str
    message: str
    fix: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What can be said of one item.

    ready -- None: unknown, since something that decides could not be read.
    missing -- empty if it is ready.
    unseen -- what could not be read.
    """

    item: ArmId
    vm: str
    ready: bool | None
    missing: tuple[Missing, ...] = ()
    unseen: tuple[str, ...] = ()

    def runnable(self, options: str) -> Readiness:
        """The same, with commands of ours as the user can run them."""
        commands = ((each, completed(each.command, options)) for each in self.missing)
        return replace(self, missing=tuple(replace(each, command=c) for each, c in commands))


def readiness(
    inventory: Inventory,
    items: Iterable[ArmId],
    findings: Iterable[Finding],
    not_looked_at: Sequence[NotLookedAt],
) -> tuple[Readiness, ...]:
    """The readiness of `items` as they are in `inventory`, by VM name; pure.

    findings -- of the whole verification.
    """
    by_subject = _hindering(findings)
    listed = [item for item in map(inventory.item, dict.fromkeys(items)) if item is not None]
    return tuple(
        _of_item(item, inventory, by_subject, not_looked_at)
        for item in sorted(listed, key=lambda each: (each.vm_name.lower(), each.id))
    )


def _hindering(findings: Iterable[Finding]) -> Mapping[ArmId, list[Missing]]:
    found: dict[ArmId, list[Missing]] = {}
    for finding in findings:
        kind = kind_of(finding.code)
        if kind is not None and kind.hinders and finding.severity is not Severity.INFO:
            missing = Missing(finding.code, finding.message, finding.fix, finding.command)
            found.setdefault(finding.subject, []).append(missing)
    return found


def _of_item(
    item: ReplicatedItem,
    inventory: Inventory,
    by_subject: Mapping[ArmId, list[Missing]],
    not_looked_at: Sequence[NotLookedAt],
) -> Readiness:
    missing: list[Missing] = []
    state = not_ready(item)
    if state:
        missing.append(Missing(STATE, state))
    vault = inventory.vault.id if inventory.vault else None
    for subject in (item.id, item.target_network, item.target_group, vault):
        missing += by_subject.get(subject, ()) if subject is not None else ()
    if item.target_network is None and not missing:
        text = "no target network is set: it can't fail over"
        missing.append(
            Missing(NO_TARGET, text, "Name one, or let a mapping give it one.", "asr-netmap apply")
        )
    unseen = _unseen(item, not_looked_at)
    ready = False if missing else (None if unseen else True)
    return Readiness(item.id, item.vm_name, ready, tuple(missing), unseen)


def _unseen(item: ReplicatedItem, gaps: Sequence[NotLookedAt]) -> tuple[str, ...]:
    target = item.target_network
    if target is None:
        return ()
    return tuple(
        gap.what
        for gap in gaps
        if gap.scope is not None
        and (gap.covers(target) or (target.is_under(gap.scope) and gap.kind in _DECIDING))
    )
