"""A NIC table over one vault or several: read them all, read the table, then plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from asr_netmap.cli.connecting import read_progress
from asr_netmap.cli.console import Console
from asr_netmap.cli.options import PlanRules
from asr_netmap.cli.several import Several, each_vault

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.models import Inventory
    from asr_netmap.planning.nic_table import Row
    from asr_netmap.planning.plan import Plan
    from asr_netmap.planning.selection import Selection
    from asr_netmap.settings import Settings

_Made = Callable[["Settings", "Inventory", "tuple[Row, ...]"], "Plan"]


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

    def made(one: Settings, inventory: Inventory, rows: tuple[Row, ...]) -> Plan:
        return api.plan_with_table(
            azure,
            one,
            rows,
            selection=selection,
            retarget_items=rules.retarget_items,
            inventory=inventory,
        )

    return _plans(console, azure, settings, path, made)


def plans_of_table(
    console: Console,
    azure: Connection,
    settings: Sequence[Settings],
    selection: Selection,
    path: Path,
) -> Several[Plan]:
    """A plan for each vault that holds what the table asks for, and nothing else.

    Raises FileError, or SettingsError with all mistakes of the table.
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    def made(one: Settings, inventory: Inventory, rows: tuple[Row, ...]) -> Plan:
        return api.plan_nic_table(azure, one, rows, selection=selection, inventory=inventory)

    return _plans(console, azure, settings, path, made)


def inventories(
    console: Console, azure: Connection, settings: Sequence[Settings]
) -> Several[tuple[Settings, Inventory]]:
    """What each vault holds, with its settings."""
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    say = read_progress(console)
    return each_vault(console, settings, lambda one: (one, api.read(azure, one, progress=say)))


def _plans(
    console: Console, azure: Connection, settings: Sequence[Settings], path: Path, made: _Made
) -> Several[Plan]:
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    seen = inventories(console, azure, settings)
    # Every vault is read before the table is: a row may be about an item of any of them.
    rows = api.read_nic_table(path, [inventory for _, inventory in seen.found])
    plans = tuple(made(one, inventory, rows) for one, inventory in seen.found)
    return Several(plans, seen.not_looked_at, seen.code)
