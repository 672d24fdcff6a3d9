"""Management locks that would stop a change of mappings in the middle, leaving half of it done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from asr_netmap.models import ManagementLock
from asr_netmap.planning.change import Action, Change, Kind
from asr_netmap.planning.plan import Finding, Severity

LOCKED = "mapping-locked"


def needs_locks(changes: Iterable[Change]) -> bool:
    """Whether mappings are deleted or pointed elsewhere: then locks are looked for first."""
    return any(retargets(change) for change in changes)


def retargets(change: Change) -> bool:
    """Whether the change deletes a mapping or points it elsewhere."""
    return change.kind is Kind.MAPPING and change.action is not Action.CREATE


def lock_findings(changes: Iterable[Change], locks: Iterable[ManagementLock]) -> Iterator[Finding]:
    """A finding for each change of a mapping that a lock forbids; nothing is begun then.

    Removing the way back, pointing the mapping elsewhere and making the new way back are three
    writes; a lock that stops the second leaves items without any.
    """
    known = tuple(locks)
    for change in changes:
        if change.kind is not Kind.MAPPING:
            continue
        for lock in known:
            if lock.forbids(change.subject, deleting=change.action is Action.DELETE):
                yield Finding(
                    LOCKED,
                    Severity.ERROR,
                    change.subject,
                    change.title,
                    f"the {lock.level} lock {lock.name!r} on {lock.scope} forbids to "
                    f"{change.action.value} this mapping; so no mapping is changed at all",
                    "Ask whoever set the lock to lift it for the time of the change.",
                )
