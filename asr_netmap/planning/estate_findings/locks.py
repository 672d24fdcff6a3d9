"""Management locks that would stop a failover, its clean-up or the way back.

A ReadOnly lock stops every change below its scope, a CanNotDelete lock every deletion (Microsoft
Learn, lock resources). A failover makes VM, disks and NICs in the target resource group, the
clean-up of a test deletes them, and the first re-protect deletes the source VM and its NICs
(Microsoft Learn, azure-to-azure-how-to-reprotect, 2023-07).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from asr_netmap.arm_id import ArmId
from asr_netmap.models import ManagementLock
from asr_netmap.planning.commands import az
from asr_netmap.planning.estate_findings.uses import Uses, some_of
from asr_netmap.planning.plan import Finding, Severity

_FIX = "Ask whoever set the lock to lift it, or to move it elsewhere."


@dataclass(frozen=True)
class _Places:
    """Where VMs come to and where they are, with their names."""

    targets: Mapping[ArmId, set[str]]
    sources: Mapping[ArmId, str]


def estate_lock_findings(
    uses: Uses, locks: Iterable[ManagementLock], vault: ArmId
) -> Iterator[Finding]:
    """One finding for each lock and each thing that it would stop."""
    places = _places(uses)
    for lock in sorted(locks, key=lambda each: (each.scope, each.name)):
        yield from _on_vault(lock, vault)
        yield from _on_targets(lock, places)
        yield from _on_sources(lock, places)


def _places(uses: Uses) -> _Places:
    targets: dict[ArmId, set[str]] = {}
    for item in uses.items:
        for place in (item.target_group, item.target_network):
            if place is not None:
                targets.setdefault(place, set()).add(item.vm_name)
    sources = {item.vm: item.vm_name for item in uses.items if item.vm is not None}
    return _Places(targets, sources)


def _on_vault(lock: ManagementLock, vault: ArmId) -> Iterator[Finding]:
    if lock.forbids(vault, deleting=False):
        yield Finding(
            "vault-locked",
            Severity.ERROR,
            vault,
            vault.name,
            f"{_named(lock)} stops every change of the vault {vault.name}: no setting can be "
            "written and no failover started",
            _FIX,
            _lifting(lock),
        )


def _on_targets(lock: ManagementLock, places: _Places) -> Iterator[Finding]:
    lifting = _lifting(lock)
    for place, names in sorted(places.targets.items()):
        if lock.forbids(place, deleting=False):
            told = f"{_named(lock)} stops every change in {place.name}"
            message = f"{told}: {some_of(names)} can't fail over into it"
            yield Finding(
                "target-locked", Severity.ERROR, place, place.name, message, _FIX, lifting
            )
        elif lock.forbids(place, deleting=True):
            told = f"{_named(lock)} stops every deletion in {place.name}"
            message = f"{told}: a test failover of {some_of(names)} can't be cleaned up"
            yield Finding(
                "cleanup-locked", Severity.WARNING, place, place.name, message, _FIX, lifting
            )


def _on_sources(lock: ManagementLock, places: _Places) -> Iterator[Finding]:
    held = [name for vm, name in places.sources.items() if lock.forbids(vm, deleting=True)]
    if held:
        yield Finding(
            "reprotect-locked",
            Severity.WARNING,
            lock.scope,
            lock.scope.name,
            f"{_named(lock)} stops the deletion of {some_of(held)}, which the first re-protect "
            "after a failover does",
            _FIX,
            _lifting(lock),
        )


def _lifting(lock: ManagementLock) -> str:
    return az(
        "lock delete", "--ids", f"{lock.scope}/providers/Microsoft.Authorization/locks/{lock.name}"
    )


def _named(lock: ManagementLock) -> str:
    return f"the {lock.level} lock {lock.name!r} on {lock.scope}"
