"""A NIC table over one vault or several: read them all, read the table, then plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from asr_netmap.cli.connecting import read_progress
from asr_netmap.cli.console import Console
from asr_netmap.cli.exit_codes import worst
from asr_netmap.cli.options import PlanRules
from asr_netmap.cli.several import Several, each_vault, refuse_empty_selection
from asr_netmap.errors import SettingsError

if TYPE_CHECKING:
    from asr_netmap.arm_id import ArmId
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.models import Inventory
    from asr_netmap.planning.nic_table import Row
    from asr_netmap.planning.plan import Plan
    from asr_netmap.planning.selection import Selection
    from asr_netmap.settings import Settings


def plans_with_table(
    console: Console,
    azure: Connection,
    settings: Sequence[Settings],
    selection: Selection,
    rules: PlanRules,
    path: Path,
) -> Several[Plan]:
    """A plan for each vault in which the table's cells beat the rules.

    Raises FileError, or SettingsError with all mistakes of the table.
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    seen = inventories(console, azure, settings)
    rows = read_rows(path, seen)
    inventory_of = {id(one): inventory for one, inventory in seen.found}
    made = each_vault(
        console,
        [one for one, _ in seen.found],
        lambda one: api.plan_with_table(
            azure,
            one,
            rows,
            selection=selection,
            retarget_items=rules.retarget_items,
            inventory=inventory_of[id(one)],
        ),
    )
    refuse_empty_selection(made.found)
    gaps = (*seen.not_looked_at, *made.not_looked_at)
    return Several(made.found, gaps, worst([seen.code, made.code]))


def plans_of_table(
    console: Console,
    azure: Connection,
    settings: Sequence[Settings],
    selection: Selection,
    path: Path,
) -> Several[Plan]:
    """A plan for each vault that holds what the table asks for, and nothing else.

    Raises FileError, or SettingsError with all mistakes of the table: with one, nothing of it is
    planned for any vault.
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    seen = inventories(console, azure, _each_once(settings))
    rows = read_rows(path, seen)
    plans = tuple(
        api.plan_nic_table(azure, one, rows, selection=selection, inventory=inventory)
        for one, inventory in seen.found
    )
    refuse_empty_selection(plans)
    return Several(plans, seen.not_looked_at, seen.code)


def inventories(
    console: Console, azure: Connection, settings: Sequence[Settings]
) -> Several[tuple[Settings, Inventory]]:
    """What each vault holds, with its settings."""
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    say = read_progress(console)
    return each_vault(console, settings, lambda one: (one, api.read(azure, one, progress=say)))


def read_rows(path: Path, seen: Several[tuple[Settings, Inventory]]) -> tuple[Row, ...]:
    """The table's rows, each about an item of one of the vaults.

    Every vault is read before the table is. One that could not be read may have the items of rows
    that seem to have none, so the error says so.
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    found = [inventory for _, inventory in seen.found]
    try:
        return api.read_nic_table(path, found, [one.regions for one, _ in seen.found])
    except SettingsError as error:
        unread = "; ".join(gap.what for gap in seen.not_looked_at)
        if not unread:
            raise
        hint = f"Rows of what could not be looked at fit nothing: {unread}. {error.hint}"
        raise SettingsError(str(path), error.problems, hint) from None


def _each_once(settings: Sequence[Settings]) -> tuple[Settings, ...]:
    """One of each vault and two regions: a table has no word on what else is declared of them.

    The first one's limits count, and a freeze of any.
    """
    found: dict[tuple[ArmId, frozenset[str]], Settings] = {}
    for one in settings:
        key = (one.vault.id, frozenset((one.source_region, one.target_region)))
        first = found.setdefault(key, one)
        if one.freeze and not first.freeze:
            found[key] = first.model_copy(update={"freeze": True})
    return tuple(found.values())
