"""Items that stand in the middle of something: failed over, or tested and not cleaned up.

Replication back is possible once a failover is committed (Microsoft Learn,
azure-to-azure-how-to-reprotect, 2023-07); a test VM costs money and holds addresses until it is
cleaned up (Microsoft Learn, azure-to-azure-tutorial-dr-drill).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import Enum

from asr_netmap.models import ReplicatedItem
from asr_netmap.planning.commands import az
from asr_netmap.planning.estate_findings.uses import Uses
from asr_netmap.planning.item_findings import item_finding
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.rules.readiness import in_test_failover

STAGE_CODES = frozenset({"drill-not-cleaned-up", "failover-not-committed", "not-reprotected"})
_DAY = 24 * 60 * 60


class Stage(Enum):
    """Where an item stands between two failovers."""

    AT_HOME = "protected, or on its way to something"
    TESTED = "in a test failover"
    FAILED_OVER = "failed over, not committed"
    COMMITTED = "failed over and committed, not replicated back"


# ARM: what is offered after a failover holds Commit until it is committed (recorded V2A traffic
# of the az CLI, 2023: Commit among them; no A2A item was recorded after its failover).
_COMMIT = "commit"


def stage_of(item: ReplicatedItem) -> Stage:
    """The stage that an item is in, by its states and by what Site Recovery offers next."""
    if in_test_failover(item):
        return Stage.TESTED
    away = item.active_location and item.active_location.lower() != "primary"
    state = item.protection_state.lower()
    if item.scenario or "inprogress" in state or (not away and "failover" not in state):
        return Stage.AT_HOME
    offered = {operation.lower() for operation in item.allowed_operations}
    if _COMMIT in offered or ("committed" not in state and not offered):
        return Stage.FAILED_OVER
    return Stage.COMMITTED


def stage_findings(uses: Uses, now: datetime) -> Iterator[Finding]:
    """What is to be finished, with its age where the item tells it."""
    for item in uses.items:
        stage = stage_of(item)
        if stage is Stage.TESTED:
            yield item_finding(
                item,
                "drill-not-cleaned-up",
                Severity.WARNING,
                f"{item.vm_name} is in a test failover ({item.test_failover_state}) that is not "
                f"cleaned up; {age_text(item.tested_at, now, 'the last test failover')}",
                "Look at it with `asr-netmap verify --drill` first, which compares its NICs with "
                "what was predicted; then clean the test failover up, in the portal or so.",
                _operation(item, "testFailoverCleanup", '{"properties": {"comments": ""}}'),
            )
        elif stage is Stage.FAILED_OVER:
            yield item_finding(
                item,
                "failover-not-committed",
                Severity.WARNING,
                f"{item.vm_name} has failed over ({item.protection_state or 'state unknown'}) and "
                f"is not committed; {age_text(item.failed_over_at, now, 'the failover')}",
                "Commit the failover, in the portal or so, unless another recovery point is to be "
                "chosen: a commit ends that choice.",
                _operation(item, "failoverCommit"),
            )
        elif stage is Stage.COMMITTED:
            yield item_finding(
                item,
                "not-reprotected",
                Severity.WARNING,
                f"{item.vm_name} has failed over and runs in {item.target_region} without "
                f"replication; {age_text(item.failed_over_at, now, 'the failover')}",
                "Re-protect it in the portal; `asr-netmap verify` says whether the mapping back "
                "is there.",
            )


def _operation(item: ReplicatedItem, name: str, body: str = "") -> str:
    """What starts an operation of an item, which this tool never does.

    Source: Microsoft Learn, REST, Replication Protected Items, 2025-08-01.
    """
    url = f"{item.id}/{name}?api-version=2025-08-01"
    return az("rest", "--method", "post", "--url", url, *(("--body", body) if body else ()))


def age_text(moment: datetime | None, now: datetime, what: str) -> str:
    """How long ago something was, in words; the truth where nobody says when."""
    if moment is None:
        return f"its age is unknown: the item does not say when {what} was"
    seconds = (now - moment).total_seconds()
    when = f"{what} was on {moment:%Y-%m-%d %H:%M} UTC"
    if seconds < 0:
        return when
    days = int(seconds // _DAY)
    return f"{when}, {days} days ago" if days != 1 else f"{when}, 1 day ago"
