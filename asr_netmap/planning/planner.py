"""Planning: `plan(inventory, settings, …) -> Plan`, pure, the same for the same input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, ReplicatedItem
from asr_netmap.planning.address_findings import Futures
from asr_netmap.planning.assembly import assembled
from asr_netmap.planning.basis import FromRules
from asr_netmap.planning.change import Change
from asr_netmap.planning.item_tasks import ItemTasks
from asr_netmap.planning.landing import going_elsewhere
from asr_netmap.planning.machines import Machines, find_machines, with_machines
from asr_netmap.planning.network_planner import PlannedPair, mapping_change, plan_networks
from asr_netmap.planning.nic_findings import nic_findings
from asr_netmap.planning.nic_planner import ItemsPlan, ItemTask, plan_items
from asr_netmap.planning.part import nothing_selected
from asr_netmap.planning.placement import placements
from asr_netmap.planning.plan import Finding, Plan, Scope, Severity
from asr_netmap.planning.protection import plan_protection, prepare
from asr_netmap.planning.room import needs, used_networks
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.sources import Source, find_sources, uses
from asr_netmap.rules.mapping_pair import removal_steps
from asr_netmap.rules.target_network import choose_target
from asr_netmap.settings import Settings


def plan(
    inventory: Inventory,
    settings: Settings,
    scope: Scope,
    selection: Selection | None = None,
    *,
    retarget_items: bool = False,
) -> Plan:
    """What would make the estate as declared, with everything that is in the way.

    retarget_items -- move items that select another network than their pair's.
    Raises NotFound, AmbiguousName, UsageError or SharedTarget where the declaration itself can't
    be meant; all else is a finding.
    """
    return plan_in_detail(inventory, settings, scope, selection, retarget_items=retarget_items)[0]


def plan_in_detail(
    inventory: Inventory,
    settings: Settings,
    scope: Scope,
    selection: Selection | None = None,
    *,
    retarget_items: bool = False,
) -> tuple[Plan, ItemsPlan]:
    """The plan, and how it came about for the items that it is about.

    The arguments are those of `plan`, and so is what it raises.
    """
    selection = selection or Selection()
    sources, findings = find_sources(inventory, settings)
    machines = find_machines(inventory, settings, selection)
    protecting = prepare(machines, scope.vault, inventory, settings)
    sources = tuple(_wanted_sources(sources, inventory, settings, selection, machines))
    sources = with_machines(sources, machines, settings, inventory)
    networks = plan_networks(sources, scope.vault, inventory, settings)
    items = ItemTasks(inventory, settings, networks, selection, retarget=retarget_items)
    tasks = list(items.tasks())
    everybody = ItemTasks(inventory, settings, networks, Selection(), retarget=retarget_items)
    planned = plan_items(
        tasks,
        inventory,
        settings,
        beside=() if selection.everything else _beside(tasks, everybody),
        created=networks.changes.values(),
    )
    protection = plan_protection(protecting, networks, inventory, settings)
    changes = (*networks.changes.values(), *protection.changes, *planned.changes)
    coming = planned.coming
    in_scope = {item.id for item in items.in_scope}
    concerned = [item for item in coming.items if item.id in in_scope]
    known = (*items.findings, *planned.findings)
    futures = Futures.of(coming)
    made = assembled(
        inventory,
        settings,
        scope,
        changes=changes,
        pending=(*items.pending, *protection.pending, *planned.pending),
        findings=(
            *findings,
            *networks.findings,
            *protection.findings,
            *going_elsewhere(machines, coming, settings),
            *known,
            *nic_findings(futures, concerned, known),
            *(
                ()
                if protection.changes or protection.pending or protection.findings
                else _nothing_selected(
                    selection, items.in_scope, networks.pairs, inventory, scope.vault
                )
            ),
        ),
        items=items.in_scope,
        placements=placements(futures, concerned),
    )
    needed = tuple(needs(futures, used_networks(concerned)))
    return replace(made, basis=FromRules(retarget_items), needs=needed), planned


def _beside(tasks: Sequence[ItemTask], everybody: ItemTasks) -> Iterator[ItemTask]:
    """The items of the same networks that the selection leaves out: they get addresses, too.

    So what is planned for a few is what would be planned for them among all.
    """
    picked = {task.item.id for task in tasks}
    return (task for task in everybody.tasks() if task.item.id not in picked)


def plan_removal(
    inventory: Inventory, settings: Settings, scope: Scope, selection: Selection | None = None
) -> Plan:
    """What removes the mappings of the declared pairs, both directions; NICs stay as they are.

    selection -- the items that are listed. A mapping is one of its whole networks, so which are
    removed does not depend on it; but one that takes no item is a finding, as in `plan`.
    """
    selection = selection or Selection()
    sources, about_sources = find_sources(inventory, settings)
    findings = [*about_sources]
    changes: dict[str, Change] = {}
    listed: list[ReplicatedItem] = []
    for source in sources:
        choice = choose_target(source.network, source.wanted, settings, inventory)
        before: tuple[str, ...] = ()
        for step in removal_steps(choice.pair, settings.regions, inventory):
            change = mapping_change(step, before, scope.vault, inventory, settings)
            before = (change.id,)
            changes[change.id] = change
        items = [i for i in inventory.items if uses(i, source, inventory, settings)]
        items = [i for i in items if selection.takes_vm(i, inventory)]
        listed += items
        if before and items:
            findings.append(_keep_their_settings(source, items))
    if selection.by_items and not listed:
        findings.append(nothing_selected(selection, inventory, scope.vault))
    return assembled(inventory, settings, scope, changes=changes.values(), findings=findings)


def _keep_their_settings(source: Source, items: Sequence[ReplicatedItem]) -> Finding:
    names = ", ".join(sorted({item.vm_name for item in items}, key=str.lower))
    one = len(items) == 1
    return Finding(
        "items-keep-settings",
        Severity.INFO,
        source.network.id,
        source.network.name,
        f"{len(items)} replicated item{'' if one else 's'} of {source.network.name} "
        f"{'keeps its' if one else 'keep their'} target network and NIC settings: {names}",
        "What they use is in `asr-netmap nics list`.",
    )


def _wanted_sources(
    sources: Iterable[Source],
    inventory: Inventory,
    settings: Settings,
    selection: Selection,
    machines: Machines,
) -> Iterator[Source]:
    """The sources that the selection takes: named, or used by an item or a machine that is."""
    used = {machine.network.id for machine in machines.ready}
    for source in sources:
        if not selection.takes_network(source.network.id):
            continue
        if (
            not selection.by_items
            or source.network.id in used
            or any(
                selection.takes_vm(item, inventory) and uses(item, source, inventory, settings)
                for item in inventory.items
            )
        ):
            yield source


def _nothing_selected(
    selection: Selection,
    items: Sequence[ReplicatedItem],
    pairs: Sequence[PlannedPair],
    inventory: Inventory,
    vault: ArmId,
) -> Iterator[Finding]:
    """A selection that takes nothing is most likely misspelt, and must not look like success."""
    if selection.everything or items or (pairs and not selection.by_items):
        return
    yield nothing_selected(selection, inventory, vault)
