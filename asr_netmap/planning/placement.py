"""Where each IP config will be after a failover and a test failover, once a plan is applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from asr_netmap.models import Inventory, ReplicatedItem
from asr_netmap.planning.address_findings import Futures
from asr_netmap.planning.afterwards import inventory_after
from asr_netmap.planning.change import Change
from asr_netmap.planning.plan import Placement


def placements(futures: Futures, items: Iterable[ReplicatedItem]) -> Iterator[Placement]:
    """The placements of `items`, in their order; an item without NICs yet has none.

    futures -- of the inventory with the plan's changes made.
    """
    for item in items:
        found = futures.by_item.get(item.id, ())
        tests = {(p.nic.id, p.config.name): future for p, future in found if p.test}
        for place, future in found:
            if not place.test:
                yield Placement(
                    item.id,
                    item.vm_name,
                    place.nic.name,
                    place.config.name,
                    future,
                    tests[place.nic.id, place.config.name],
                    place.nic.source_network,
                )


def placements_after(
    inventory: Inventory, changes: Sequence[Change], items: Iterable[ReplicatedItem]
) -> Iterator[Placement]:
    """The placements of `items` once `changes` are made; items as they are in `inventory`."""
    wanted = {item.id for item in items}
    coming = inventory_after(inventory, changes)
    after = [item for item in coming.items if item.id in wanted]
    return placements(Futures.of(coming), after)
