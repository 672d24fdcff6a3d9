"""What ``--only`` leaves of an inventory, for commands that only show it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from asr_netmap.models import Inventory, ReplicatedItem

if TYPE_CHECKING:
    from asr_netmap.planning.selection import Selection


def chosen(inventory: Inventory, selection: Selection) -> Inventory:
    """The inventory with the chosen networks and items only.

    The networks of the other region that a chosen one is mapped to stay, too.
    """
    if selection.everything:
        return inventory
    items = tuple(i for i in inventory.items if _takes(selection, i, inventory))
    if not selection.networks:
        return replace(inventory, items=items)
    taken = {n.id for n in inventory.networks if selection.takes_network(n.id)}
    mapped = {m.target_network for m in inventory.mappings if m.source_network in taken}
    networks = tuple(n for n in inventory.networks if n.id in taken | mapped)
    return replace(inventory, items=items, networks=networks)


def _takes(selection: Selection, item: ReplicatedItem, inventory: Inventory) -> bool:
    networks = item.source_networks or {item.id}  # an item without NICs yet is in no network
    return any(selection.takes_item(item, network, inventory) for network in networks)
