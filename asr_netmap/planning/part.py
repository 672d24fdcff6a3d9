"""The part of an estate that a selection takes: the same for all that shows or writes."""

from __future__ import annotations

from dataclasses import replace

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, RegionPair, ReplicatedItem
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.sources import networks_of, partner_of


def takes(
    selection: Selection, item: ReplicatedItem, inventory: Inventory, regions: RegionPair | None
) -> bool:
    """Whether a replicated item is meant.

    By its networks it is if one that its VM is in, or the source-region network which that is the
    other side of, was picked: an item that replicates back still belongs to its pair.
    regions -- None: no pair is known, so no network is the other side of one.
    """
    if not selection.takes_vm(item, inventory):
        return False
    if not selection.networks:
        return True
    own = networks_of(item, inventory)
    partners = (partner_of(n, regions, inventory) for n in own) if regions else ()
    concerned = {*own, *(partner for partner in partners if partner is not None)}
    return any(selection.takes_network(network) for network in concerned)


def part_of(inventory: Inventory, selection: Selection, regions: RegionPair | None) -> Inventory:
    """The inventory with the items that are meant, and the networks and mappings around them.

    A network is there if it was picked, if an item that is there uses it (at the source, at
    failover or at test failover), or if it is mapped with one of those; a mapping, if one of those
    is an end of it. Where VMs were picked, too, a picked network counts only if they use it.
    """
    if selection.everything:
        return inventory
    items = tuple(i for i in inventory.items if takes(selection, i, inventory, regions))
    shown = {network for item in items for network in _used(item, inventory)}
    if selection.networks and not selection.by_items:
        shown |= {n.id for n in inventory.networks if selection.takes_network(n.id)}
    mappings = tuple(
        m for m in inventory.mappings if m.source_network in shown or m.target_network in shown
    )
    ends = {end for m in mappings for end in (m.source_network, m.target_network)}
    networks = tuple(n for n in inventory.networks if n.id in shown | ends)
    return replace(inventory, items=items, networks=networks, mappings=mappings)


def nothing_selected(selection: Selection, inventory: Inventory, vault: ArmId) -> Finding:
    """What is said of a selection that takes nothing: it is most likely misspelt."""
    return Finding(
        "selection-empty",
        Severity.WARNING,
        vault,
        vault.name,
        "what --only picks is not among the replicated items and networks of this vault",
        selection.why_nothing(inventory),
    )


def _used(item: ReplicatedItem, inventory: Inventory) -> set[ArmId]:
    chosen = (item.target_network, item.test_network)
    return {*networks_of(item, inventory), *(network for network in chosen if network is not None)}
