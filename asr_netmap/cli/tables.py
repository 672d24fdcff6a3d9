"""A NIC table over one vault or several: read them all, read the table, then plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from asr_netmap.cli.connecting import read_progress
from asr_netmap.cli.console import Console
from asr_netmap.cli.exit_codes import worst
from asr_netmap.cli.run_options import PlanRules
from asr_netmap.cli.several import Several, each_vault, refuse_empty_selection
from asr_netmap.errors import AsrNetmapError, TableError

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

    Raises FileError, or TableError with all mistakes of the table: with one, nothing is planned
    for any vault.
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    seen = inventories(console, azure, settings)
    table = _Table.read(path, seen)
    shared = Counter(_whose(one) for one in settings)
    inventory_of = {id(one): inventory for one, inventory in seen.found}

    def plan(one: Settings) -> tuple[Plan, ...]:
        return table.planned(
            lambda rows: api.plan_with_table(
                azure,
                one,
                rows,
                selection=selection,
                retarget_items=rules.retarget_items,
                inventory=inventory_of[id(one)],
                every_row=shared[_whose(one)] == 1,
            )
        )

    made = each_vault(console, [one for one, _ in seen.found], plan)
    table.raise_mistakes()
    plans = tuple(plan for each in made.found for plan in each)
    refuse_empty_selection(plans)
    gaps = (*seen.not_looked_at, *made.not_looked_at)
    return Several(plans, gaps, worst([seen.code, made.code]))


def plans_of_table(
    console: Console,
    azure: Connection,
    settings: Sequence[Settings],
    selection: Selection,
    path: Path,
) -> Several[Plan]:
    """A plan for each vault that holds what the table asks for, and nothing else.

    Raises FileError, or TableError with all mistakes of the table: with one, nothing of it is
    planned for any vault.
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    seen = inventories(console, azure, _each_once(settings))
    table = _Table.read(path, seen)

    def plan(one: Settings, inventory: Inventory) -> tuple[Plan, ...]:
        return table.planned(
            lambda rows: api.plan_nic_table(
                azure, one, rows, selection=selection, inventory=inventory
            )
        )

    plans = tuple(each for one, inventory in seen.found for each in plan(one, inventory))
    table.raise_mistakes()
    refuse_empty_selection(plans)
    return Several(plans, seen.not_looked_at, seen.code)


def inventories(
    console: Console, azure: Connection, settings: Sequence[Settings]
) -> Several[tuple[Settings, Inventory]]:
    """What each vault holds, with its settings."""
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    say = read_progress(console)
    return each_vault(console, settings, lambda one: (one, api.read(azure, one, progress=say)))


@dataclass
class _Table:
    """A table's rows, and what is wrong with it: said together, whatever finds it.

    A row that can't be read is one mistake, a cell that no plan can meet another one.
    """

    path: Path
    rows: tuple[Row, ...]
    wrong: list[TableError] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path, seen: Several[tuple[Settings, Inventory]]) -> _Table:
        """The table, with its mistakes so far. Raises FileError."""
        try:
            return cls(path, read_rows(path, seen))
        except TableError as error:
            return cls(path, error.sound, [error])

    def planned(self, plan: Callable[[tuple[Row, ...]], Plan]) -> tuple[Plan, ...]:
        """The plan that the rows make for one vault; none if they can't be carried out."""
        try:
            return (plan(self.rows),)
        except TableError as error:
            self.wrong.append(error)
        except AsrNetmapError:
            if not self.wrong:
                raise
        return ()

    def raise_mistakes(self) -> None:
        """Raise TableError if there is any mistake."""
        from asr_netmap.planning.nic_table.mistakes import (  # noqa: PLC0415 -- loads pydantic
            TableMistake,
            raise_mistakes,
        )

        found = [TableMistake(*each) for error in self.wrong for each in error.mistakes]
        try:
            raise_mistakes(str(self.path), found)
        except TableError as error:
            # The one that was there first may know of vaults that could not be looked at.
            error.hint = self.wrong[0].hint or error.hint
            raise


def read_rows(path: Path, seen: Several[tuple[Settings, Inventory]]) -> tuple[Row, ...]:
    """The table's rows, each about an item of one of the vaults.

    Every vault is read before the table is. One that could not be read may have the items of rows
    that seem to have none, so the error says so.
    """
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    found = [inventory for _, inventory in seen.found]
    try:
        return api.read_nic_table(path, found, [one.regions for one, _ in seen.found])
    except TableError as error:
        unread = "; ".join(gap.what for gap in seen.not_looked_at)
        if unread:
            error.hint = f"Rows of what could not be looked at fit nothing: {unread}. {error.hint}"
        raise


def _whose(one: Settings) -> tuple[ArmId, frozenset[str]]:
    """The vault and the two regions, whichever way round."""
    return one.vault.id, frozenset((one.source_region, one.target_region))


def _each_once(settings: Sequence[Settings]) -> tuple[Settings, ...]:
    """One of each vault and two regions: a table has no word on what else is declared of them.

    The first one's limits count, and a freeze of any.
    """
    found: dict[tuple[ArmId, frozenset[str]], Settings] = {}
    for one in settings:
        first = found.setdefault(_whose(one), one)
        if one.freeze and not first.freeze:
            found[_whose(one)] = first.model_copy(update={"freeze": True})
    return tuple(found.values())
