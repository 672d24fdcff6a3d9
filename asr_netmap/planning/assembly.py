"""From what planning found to a plan: sorted, with the findings that concern the whole run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, NotLookedAt, ReplicatedItem
from asr_netmap.planning.change import Change
from asr_netmap.planning.exceptions import fitting_nothing, unmatched
from asr_netmap.planning.nic_planner import FREEZE_TAG, existing_settings
from asr_netmap.planning.plan import Finding, Pending, Placement, Plan, Scope, Severity
from asr_netmap.rules.lookup import matches
from asr_netmap.rules.readiness import failover_under_way
from asr_netmap.settings import Settings, to_document


def assembled(
    inventory: Inventory,
    settings: Settings,
    scope: Scope,
    *,
    changes: Iterable[Change],
    pending: Iterable[Pending] = (),
    findings: Iterable[Finding] = (),
    items: Iterable[ReplicatedItem] = (),
    placements: Iterable[Placement] = (),
) -> Plan:
    """A plan of all that, the same for the same input in whatever order it was found.

    items -- those that the run is about: their settings are what the safety limit counts against.
    """
    listed = tuple(items)
    return Plan(
        scope=scope,
        settings=to_document(settings),
        changes=tuple(changes),
        pending=tuple(sorted(pending, key=lambda p: (p.title.lower(), p.subject.key))),
        findings=_sorted(
            *findings,
            *_of_the_whole(inventory, settings, scope.vault),
        ),
        not_looked_at=_gaps(inventory),
        existing_settings=existing_settings(listed),
        placements=tuple(placements),
        items=tuple(item.id for item in listed),
    )


def _gaps(inventory: Inventory) -> tuple[NotLookedAt, ...]:
    return tuple(sorted(inventory.not_looked_at, key=lambda gap: (gap.what, gap.reason)))


def _sorted(*findings: Finding) -> tuple[Finding, ...]:
    """The worst first, then by code and subject; each once."""
    unique = dict.fromkeys(findings)
    return tuple(
        sorted(
            unique, key=lambda f: (f.severity.rank, f.code, f.title.lower(), f.subject, f.message)
        )
    )


def _of_the_whole(inventory: Inventory, settings: Settings, vault_id: ArmId) -> Iterator[Finding]:
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
        if settings.protect is not None and any(matches(row.vm, vm.id) for vm in inventory.vms):
            continue  # it may be about to be replicated
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
