"""A vault's picture: what it is like now, what is wrong, and what a plan or a run made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asr_netmap.models import Inventory, NotLookedAt, RegionPair, ReplicatedItem
from asr_netmap.planning.address_findings import Futures
from asr_netmap.planning.part import part_of
from asr_netmap.planning.picture.network_map import NetworkMap, network_map
from asr_netmap.planning.picture.past_run import PastRun
from asr_netmap.planning.picture.prospects import Prospect, prospects
from asr_netmap.planning.picture.subnet_use import HeldAddresses
from asr_netmap.planning.placement import placements, placements_after
from asr_netmap.planning.plan import Finding, Pending, Plan, Scope
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.verification import Verification


@dataclass(frozen=True, slots=True)
class Picture:
    """All that the report says of one vault and pair of regions.

    seen -- when it was read, in UTC.
    plan -- what would be done: the one that was given, else the one that verifying made.
    plan_file -- where the plan came from; empty: it was made for this picture.
    run -- an earlier run that is told, too.
    """

    scope: Scope
    seen: datetime
    verification: Verification
    network_map: NetworkMap
    prospects: tuple[Prospect, ...]
    plan: Plan
    plan_file: str = ""
    run: PastRun | None = None

    @property
    def regions(self) -> RegionPair:
        """The pair of regions."""
        return self.scope.regions

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is not as declared, the worst first."""
        return self.verification.findings

    @property
    def pending(self) -> tuple[Pending, ...]:
        """Items that can't be set yet."""
        return self.verification.pending

    @property
    def not_looked_at(self) -> tuple[NotLookedAt, ...]:
        """What could not be read."""
        return self.verification.not_looked_at


def picture_of(
    inventory: Inventory,
    verification: Verification,
    seen: datetime,
    *,
    selection: Selection | None = None,
    plan: Plan | None = None,
    plan_file: str = "",
    run: PastRun | None = None,
) -> Picture:
    """The picture of what was read and verified.

    inventory -- all of it; `selection` picks the part that is shown.
    plan -- a plan to show; None: the verification's own.
    """
    scope = verification.plan.scope
    shown = part_of(inventory, selection or Selection(), scope.regions)
    items = _items_of(shown, scope.regions)
    proposed = plan if plan is not None else verification.plan
    now = placements(Futures.of(inventory), items)
    later = placements_after(inventory, proposed.changes, items) if proposed.changes else ()
    found = prospects(items, now, later, verification.findings, verification.readiness)
    held = HeldAddresses.of(inventory, verification.usages)
    return Picture(
        scope,
        seen,
        verification,
        network_map(shown, scope.regions, proposed.changes, held=held),
        tuple(found),
        proposed,
        plan_file,
        run,
    )


def _items_of(inventory: Inventory, regions: RegionPair) -> Sequence[ReplicatedItem]:
    """The items that go between the two regions, by name."""
    own = (i for i in inventory.items if regions.direction_of(i.source_region, i.target_region))
    return sorted(own, key=lambda item: (item.vm_name.lower(), item.id))
