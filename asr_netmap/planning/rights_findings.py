"""Rights that Site Recovery asks for on others' resources when replication is enabled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from asr_netmap.arm_id import ArmId
from asr_netmap.planning.change import Action, Change, Kind, ReplicationState
from asr_netmap.planning.plan import Finding, Severity

# Microsoft Learn, permissions required to enable replication for new virtual machines: to create a
# VM in the target group and network, and to write to the storage account. Of its list only what
# tells these three apart.
_ITEM = (
    "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationProtectionContainers"
    "/replicationProtectedItems/write"
)
_MACHINE = "Microsoft.Compute/virtualMachines/write"
_NETWORK = "Microsoft.Network/virtualNetworks/subnets/join/action"
_STORAGE = "Microsoft.Storage/storageAccounts/listKeys/action"


@dataclass(frozen=True, slots=True)
class Permission:
    """What one role assignment gives: patterns of actions, less other patterns."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def holds(self, action: str) -> bool:
        """Whether the action is among them; ``*`` stands for anything, slashes, too."""
        return _fits(action, self.actions) and not _fits(action, self.not_actions)


def _fits(action: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def needed_rights(changes: Iterable[Change]) -> Mapping[ArmId, tuple[str, ...]]:
    """The actions that enabling asks for, by resource group; groups to come are left out."""
    listed = tuple(changes)
    coming = {
        change.subject
        for change in listed
        if change.kind is Kind.RESOURCE_GROUP and change.action is Action.CREATE
    }
    found: dict[ArmId, dict[str, None]] = {}
    for change in listed:
        for group, action in _asked(change):
            if group not in coming:
                found.setdefault(group, {})[action] = None
    return {group: tuple(actions) for group, actions in found.items()}


def _asked(change: Change) -> Iterator[tuple[ArmId, str]]:
    state = change.after
    if not isinstance(state, ReplicationState):
        return
    yield change.subject.group_id, _ITEM
    yield state.vm.group_id, _MACHINE
    yield state.target_group, _MACHINE
    if state.network is not None:
        yield state.network.group_id, _NETWORK
    for copy in state.disks:
        yield copy.cache.group_id, _STORAGE


def rights_findings(
    needed: Mapping[ArmId, tuple[str, ...]], held: Mapping[ArmId, tuple[Permission, ...]]
) -> Iterator[Finding]:
    """What the identity lacks, as far as its rights in each group could be read.

    A warning and no error: a right given on the resource alone does not show at its group.
    """
    for group, actions in needed.items():
        permissions = held.get(group)
        if permissions is None:
            continue
        lacking = [each for each in actions if not any(p.holds(each) for p in permissions)]
        if lacking:
            yield Finding(
                "rights-missing",
                Severity.WARNING,
                group,
                group.group,
                f"in the resource group {group.group} the identity does not hold "
                f"{', '.join(lacking)}, which enabling replication asks for",
                "Give it a role that holds them, such as Virtual Machine Contributor; or on the "
                "resources alone, which does not show here.",
            )
