"""Planning: `plan(inventory, settings, …) -> Plan`, pure, the same for the same input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, NotLookedAt, ReplicatedItem
from asr_netmap.planning.afterwards import inventory_after
from asr_netmap.planning.change import Change
from asr_netmap.planning.exceptions import fitting_nothing, unmatched
from asr_netmap.planning.item_tasks import ItemTasks
from asr_netmap.planning.network_planner import PlannedPair, mapping_change, plan_networks
from asr_netmap.planning.nic_findings import nic_findings
from asr_netmap.planning.nic_planner import FREEZE_TAG, ItemTask, existing_settings, plan_items
from asr_netmap.planning.plan import Finding, Pending, Plan, Scope, Severity
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.sources import Source, find_sources, uses
from asr_netmap.rules.lookup import did_you_mean
from asr_netmap.rules.mapping_pair import NetworkPair, removal_steps
from asr_netmap.rules.readiness import failover_under_way
from asr_netmap.rules.target_network import choose_target
from asr_netmap.settings import Settings, to_document


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
    selection = selection or Selection()
    sources, findings = find_sources(inventory, settings)
    sources = tuple(_wanted_sources(sources, inventory, settings, selection))
    networks = plan_networks(sources, scope.vault, inventory, settings)
    items = ItemTasks(inventory, settings, networks, selection, retarget=retarget_items)
    tasks = list(items.tasks())
    planned = plan_items(
        tasks,
        inventory,
        settings,
        beside=_beside(
            tasks, ItemTasks(inventory, settings, networks, Selection(), retarget=retarget_items)
        ),
        created=networks.changes.values(),
    )
    changes = (*networks.changes.values(), *planned.changes)
    coming = inventory_after(inventory, changes)
    in_scope = {item.id for item in items.in_scope}
    concerned = [item for item in coming.items if item.id in in_scope]
    known = (*items.findings, *planned.findings)
    return Plan(
        scope=scope,
        settings=to_document(settings),
        changes=changes,
        pending=tuple(sorted((*items.pending, *planned.pending), key=_by_subject)),
        findings=_sorted(
            *findings,
            *networks.findings,
            *known,
            *nic_findings(coming, concerned, known),
            *_nothing_selected(selection, items.in_scope, networks.pairs, inventory, scope.vault),
            *_general(inventory, settings, scope.vault),
        ),
        not_looked_at=_gaps(inventory),
        existing_settings=existing_settings(items.in_scope),
    )


def _beside(tasks: Sequence[ItemTask], everybody: ItemTasks) -> Iterator[ItemTask]:
    """The items of the same networks that the selection leaves out: they get addresses, too.

    So what is planned for a few is what would be planned for them among all.
    """
    picked = {task.item.id for task in tasks}
    return (task for task in everybody.tasks() if task.item.id not in picked)


def plan_removal(inventory: Inventory, settings: Settings, scope: Scope) -> Plan:
    """What removes the mappings of the declared pairs, both directions; NICs stay as they are."""
    sources, findings = find_sources(inventory, settings)
    changes: dict[str, Change] = {}
    for source in sources:
        choice = choose_target(source.network, source.wanted, settings, inventory)
        before: tuple[str, ...] = ()
        pair = NetworkPair(choice.source.id, choice.target)
        for step in removal_steps(pair, settings.regions, inventory):
            change = mapping_change(step, before, scope.vault, inventory, settings)
            before = (change.id,)
            changes[change.id] = change
    return Plan(
        scope=scope,
        settings=to_document(settings),
        changes=tuple(changes.values()),
        findings=_sorted(*findings, *_general(inventory, settings, scope.vault)),
        not_looked_at=_gaps(inventory),
    )


def _gaps(inventory: Inventory) -> tuple[NotLookedAt, ...]:
    return tuple(sorted(inventory.not_looked_at, key=lambda gap: (gap.what, gap.reason)))


def _wanted_sources(
    sources: Iterable[Source], inventory: Inventory, settings: Settings, selection: Selection
) -> Iterator[Source]:
    """The sources that the selection takes: named, or used by an item that is."""
    by_items = selection.vms or selection.groups or selection.tags
    for source in sources:
        if not selection.takes_network(source.network.id):
            continue
        if not by_items or any(
            selection.takes_vm(item, inventory) and uses(item, source, inventory, settings)
            for item in inventory.items
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
    by_items = selection.vms or selection.groups or selection.tags
    if selection.everything or items or (pairs and not by_items):
        return
    names = [item.vm_name for item in inventory.items]
    yield Finding(
        "selection-empty",
        Severity.WARNING,
        vault,
        vault.name,
        "what --only picks is not among the replicated items and networks of this vault",
        did_you_mean(next(iter(selection.vms), ""), names, "The vault has no replicated item."),
    )


def _general(inventory: Inventory, settings: Settings, vault_id: ArmId) -> Iterator[Finding]:
    """What concerns the whole pair of regions, whatever part of it the run is about."""
    vault = inventory.vault
    if vault is not None and vault.region == settings.source_region:
        yield Finding(
            "vault-in-source-region",
            Severity.WARNING,
            vault.id,
            vault.id.name,
            f"the vault is in the source region {vault.region}: when that region is down, "
            "failover can't be started",
            "Use a vault in the target region or in a third one.",
        )
    tagged = vault is not None and any(name.lower() == FREEZE_TAG for name in vault.tags)
    if settings.freeze or tagged:
        source = f"the tag {FREEZE_TAG} on the vault" if tagged else "`freeze: true`"
        yield Finding(
            "frozen", Severity.INFO, vault_id, vault_id.name, f"{source} stops every write"
        )
    for item in inventory.items:
        state = failover_under_way(item)
        if state and settings.regions.direction_of(item.source_region, item.target_region):
            yield Finding(
                "failover-in-progress",
                Severity.WARNING,
                item.id,
                item.vm_name,
                f"{item.vm_name}: {state}",
                "Clean up, commit or reprotect first; or apply with --during-failover.",
            )
    yield from _rows_in_vain(inventory, settings, vault_id)


def _rows_in_vain(inventory: Inventory, settings: Settings, vault_id: ArmId) -> Iterator[Finding]:
    for row in unmatched(settings, inventory.items):
        yield Finding(
            "exception-without-item",
            Severity.WARNING,
            vault_id,
            row.vm,
            f"nics.settings names the VM {row.vm!r}, and no replicated item is it",
            "Correct the name, or remove the row.",
        )
    for row in fitting_nothing(settings, inventory.items):
        part = "/".join(name for name in (row.nic, row.ip_config) if name)
        yield Finding(
            "exception-without-nic",
            Severity.WARNING,
            vault_id,
            row.vm,
            f"nics.settings names {part!r} of the VM {row.vm!r}, which it does not have",
            "Correct the names of NIC and IP config, or remove the row.",
        )


def _by_subject(pending: Pending) -> tuple[str, str]:
    return (pending.title.lower(), pending.subject.key)


def _sorted(*findings: Finding) -> tuple[Finding, ...]:
    """The worst first, then by code and subject; each once."""
    unique = dict.fromkeys(findings)
    return tuple(
        sorted(
            unique, key=lambda f: (f.severity.rank, f.code, f.title.lower(), f.subject, f.message)
        )
    )
