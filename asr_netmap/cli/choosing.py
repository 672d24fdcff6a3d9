"""What ``--only`` leaves of an inventory, for commands that only show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asr_netmap.errors import NotFound
from asr_netmap.models import Inventory, RegionPair

if TYPE_CHECKING:
    from asr_netmap.planning.selection import Selection


def chosen(inventory: Inventory, selection: Selection, regions: RegionPair | None) -> Inventory:
    """The chosen items, and the networks and mappings around them."""
    if selection.everything:
        return inventory
    from asr_netmap.planning.part import part_of  # noqa: PLC0415 -- loads pydantic

    return part_of(inventory, selection, regions)


def refuse_empty_choice(
    found: Sequence[tuple[Inventory, RegionPair | None]],
    selection: Selection,
    *,
    networks: bool = False,
) -> None:
    """Raise NotFound if ``--only`` takes nothing of any inventory: it is most likely misspelt.

    networks -- networks alone are something, too: that is what is shown.
    """
    if selection.everything or not found:
        return
    for inventory, regions in found:
        part = chosen(inventory, selection, regions)
        if part.items or (networks and part.networks):
            return
    what = "replicated items and networks" if networks else "replicated items"
    raise NotFound(
        f"What --only picks is not among the {what} that were read.",
        selection.why_nothing(found[0][0]),
    )
