"""Enabling replication: from machines, and where their networks go, to changes.

It only ever adds: nothing here ends a replication, fails anything over, or touches an item that
is there.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AmbiguousName, NotFound, UsageError
from asr_netmap.models import Inventory, Network, StorageAccount
from asr_netmap.near_names import did_you_mean
from asr_netmap.planning.change import (
    Action,
    Change,
    DiskCopy,
    GroupState,
    Kind,
    ReplicationState,
)
from asr_netmap.planning.enabled import item_id
from asr_netmap.planning.footing import (
    Footing,
    described,
    find_footing,
    mapping_change_id,
    policies_in_use,
)
from asr_netmap.planning.landing import (
    asked_network,
    names_in_use,
    other_network,
    refuse_other_networks,
    refuse_taken_names,
    target_group,
)
from asr_netmap.planning.machines import Machine, Machines, is_mapped
from asr_netmap.planning.network_planner import NetworksPlan, PlannedPair
from asr_netmap.planning.plan import Finding, Pending, Severity
from asr_netmap.planning.protection_counts import counts, room
from asr_netmap.rules.lookup import matches
from asr_netmap.rules.subnets import choose_subnet
from asr_netmap.settings import Settings

_NOT_REPLICATED_YET = "it does not replicate yet; its NIC settings follow its first replication"

_STORAGE = "microsoft.storage/storageaccounts"


@dataclass
class ProtectionPlan:
    """Changes, findings, and the NIC settings that have to wait."""

    changes: list[Change] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass
class Protecting:
    """What is decided before networks are planned: which machines can be replicated at all.

    cache -- the storage account for what they write. footing -- what they stand on.
    """

    machines: Machines
    footing: Footing | None = None
    cache: StorageAccount | None = None
    findings: list[Finding] = field(default_factory=list)


def prepare(
    machines: Machines, vault: ArmId, inventory: Inventory, settings: Settings
) -> Protecting:
    """Find what replication needs of the vault; without it no machine is ready.

    Raises NotFound, AmbiguousName or UsageError for a cache storage account that can't be meant.
    """
    out = Protecting(machines)
    refuse_other_networks(machines, inventory, settings)
    refuse_taken_names(machines, inventory, settings)
    if not machines.ready:
        return out
    unread = _unread(vault, inventory)
    if unread:
        _all_wait(machines, unread)
        return out
    out.findings += _without_identity(inventory)
    out.cache = _cache(vault, inventory, settings, out)
    out.footing = _footing(vault, inventory, settings, machines, out)
    if out.cache is None or out.footing is None or any(f.is_error for f in out.findings):
        machines.ready.clear()
    return out


def _unread(vault: ArmId, inventory: Inventory) -> str:
    """What of the vault could not be read that would be made a second time; empty: nothing."""
    return next((g.what for g in inventory.not_looked_at if g.scope == vault), "")


def _all_wait(machines: Machines, unread: str) -> None:
    for machine in machines.ready:
        machines.wait(machine.vm, f"{unread} could not be read")
    machines.ready.clear()


def _without_identity(inventory: Inventory) -> Iterator[Finding]:
    """A vault with private endpoints reaches the cache by its own identity, which needs rights
    there (Microsoft Learn, enable replication for private endpoints)."""
    vault = inventory.vault
    if vault is not None and vault.private_endpoints and not vault.identity:
        yield Finding(
            "vault-without-identity",
            Severity.ERROR,
            vault.id,
            vault.id.name,
            f"the vault {vault.id.name} is reached through private endpoints and has no managed "
            "identity, which it needs for the cache storage account",
            "Turn on its identity, and give that the roles Contributor and Storage Blob Data "
            "Contributor on the cache storage account.",
        )


def _cache(
    vault: ArmId, inventory: Inventory, settings: Settings, out: Protecting
) -> StorageAccount | None:
    assert settings.protect is not None
    text = settings.protect.cache_storage
    region = settings.source_region
    here = [each for each in inventory.storage_accounts if each.region == region]
    names = [each.id.name for each in here]
    gaps = inventory.not_looked_at
    unread = next((gap.what for gap in gaps if gap.kind == _STORAGE), "")
    if text is None:
        nothing = f"There is none in {region}: create one first."
        listed = did_you_mean("", names, f"Not looked at: {unread}." if unread else nothing)
        out.findings.append(
            Finding(
                "cache-storage-not-named",
                Severity.ERROR,
                vault,
                vault.name,
                "replication needs a storage account of the source region for what VMs write",
                f"Name one with --cache-storage (`protect: {{cache_storage: …}}`). {listed}",
            )
        )
        return None
    found = [each for each in inventory.storage_accounts if matches(text, each.id)]
    if len(found) > 1:
        ids = ", ".join(sorted(str(each.id) for each in found))
        raise AmbiguousName(
            f"The storage account {text!r} fits {len(found)}: {ids}.", "Give the whole ARM id."
        )
    if not found and unread:
        _all_wait(out.machines, unread)
        return None
    if not found:
        raise NotFound(
            f"No storage account {text!r}.",
            did_you_mean(text.rpartition("/")[2], names, f"There is none in {region}."),
        )
    if found[0].region != region:
        raise UsageError(
            f"The cache storage account {found[0].id.name} is in {found[0].region}, not in the "
            f"source region {region}.",
            did_you_mean("", names, f"Create one in {region}."),
        )
    return found[0]


def _footing(
    vault: ArmId, inventory: Inventory, settings: Settings, machines: Machines, out: Protecting
) -> Footing | None:
    assert settings.protect is not None
    footing = find_footing(vault, inventory, settings)
    if footing is None:
        names = ", ".join(policies_in_use(vault, inventory, settings))
        fix = "Name one of them with --policy (`protect: {policy: …}`)."
        text = f"the regions are paired under several replication policies: {names}"
        out.findings.append(
            Finding("policy-not-named", Severity.ERROR, vault, vault.name, text, fix)
        )
        return None
    if settings.protect.create_missing:
        return footing
    if footing.missing:
        out.findings.append(_missing(footing, machines, vault, settings))
    return None if footing.needed else _without_missing(footing)


def _missing(footing: Footing, machines: Machines, vault: ArmId, settings: Settings) -> Finding:
    """What of the footing is missing, with the one command that creates all of it."""
    code, severity, so = "no-way-back", Severity.WARNING, "after a failover nothing replicates back"
    if footing.needed:
        code, severity = "replication-footing-missing", Severity.ERROR
        so = "replication can't be enabled"
    listed = ", ".join(described(change) for change in footing.missing)
    command = _create_command(machines.ready, vault, settings)
    how = (
        "" if command else ": `protect: {create_missing: true}`, or --create-missing with --config"
    )
    fix = f"Create it, or have it created{how}."
    message = f"{so}: the vault has no {listed}"
    return Finding(code, severity, vault, vault.name, message, fix, command)


def _without_missing(footing: Footing) -> Footing:
    return Footing(footing.source, footing.target, footing.policy, (), frozenset())


def _create_command(machines: Iterable[Machine], vault: ArmId, settings: Settings) -> str:
    """The command that enables replication of these machines and creates what is missing.

    Empty where a file says more than options can: without it, they would go elsewhere.
    """
    protect = settings.protect
    if protect is None or protect.settings or settings.networks is not None:
        return ""
    words = ["asr-netmap", "protect"]
    for machine in machines:
        words += ["--vm", f"{machine.vm.id.group}/{machine.vm.name}"]
    for option, text in (
        ("--cache-storage", protect.cache_storage),
        ("--target-vnet", protect.target_network),
        ("--policy", protect.policy),
        ("--vault-id", str(vault)),
        ("--source-region", settings.source_region),
        ("--target-region", settings.target_region),
        (
            "--target-resource-group",
            protect.target_resource_group or settings.target_resource_group,
        ),
    ):
        words += [option, text] if text else []
    words += ["--allow-other-network"] if protect.allow_other_network else []
    return shlex.join([*words, "--create-missing"])


def plan_protection(
    protecting: Protecting, networks: NetworksPlan, inventory: Inventory, settings: Settings
) -> ProtectionPlan:
    """The changes that enable replication of the machines that are ready."""
    machines, footing, cache = protecting.machines, protecting.footing, protecting.cache
    out = ProtectionPlan([], [*machines.pending], [*machines.findings, *protecting.findings])
    machines.pending, machines.findings = [], []
    if footing is None or cache is None or not machines.ready:
        return out
    made = {change.id for change in networks.changes.values()}
    out.changes += [change for change in footing.missing if change.id not in made]
    pairs = {planned.source.id: planned for planned in networks.pairs}
    names = Counter(machine.vm.name.lower() for machine in machines.ready)
    enabled: list[tuple[Machine, Network, str | None]] = []
    for machine in machines.ready:
        vm = machine.vm
        title = vm.name if names[vm.name.lower()] == 1 else f"{vm.id.group}/{vm.name}"
        planner = _Enabling(
            machine, title, pairs, networks, footing, cache, inventory, settings, out
        )
        went = planner.plan()
        if went is not None:
            enabled.append((machine, *went))
    if not enabled:
        out.changes.clear()
        return out
    out.findings += room(enabled, inventory)
    vms = [machine for machine, *_ in enabled]
    out.findings += counts(vms, footing.policy, settings.target_region, inventory)
    return out


@dataclass(frozen=True, slots=True)
class _Enabling:
    """One machine on its way to a change.

    title -- what it is called in the plan: its name, with its group where two have that name.
    """

    machine: Machine
    title: str
    pairs: Mapping[ArmId, PlannedPair]
    networks: NetworksPlan
    footing: Footing
    cache: StorageAccount
    inventory: Inventory
    settings: Settings
    out: ProtectionPlan

    def plan(self) -> tuple[Network, str | None] | None:
        """Add the change; returns the network and subnet that the machine goes into."""
        vm, pair = self.machine.vm, self.pairs.get(self.machine.network.id)
        if pair is None or pair.blocked:
            reason = pair.blocked if pair else self.networks.unseen.get(self.machine.network.id)
            self._wait(reason or "its network has no target")
            return None
        network, waits = self._network(pair)
        if network is None:
            return None
        if self._too_late_for_endpoints(network):
            return None
        subnet = self._subnet(network, pair)
        group = self._group()
        if subnet is None or group is None:
            return None
        item = item_id(self.footing.source, vm.id)
        waits = (*waits, *self._footing_waits(), *group[1])
        self.out.findings += names_in_use(self.machine, self.inventory, self.settings)
        state = self._state(network, subnet, group[0])
        reason = f"{vm.name} does not replicate yet; {network.name} is where it fails over to"
        self.out.changes.append(
            Change(Kind.REPLICATION, Action.CREATE, item, self.title, None, state, reason, waits)
        )
        self.out.pending.append(Pending(item, self.title, _NOT_REPLICATED_YET))
        return network, subnet

    def _state(self, network: Network, subnet: str, group: ArmId) -> ReplicationState:
        vm, said, cache = self.machine.vm, self.machine.said, self.cache.id
        return ReplicationState(
            vm=vm.id,
            policy=self.footing.policy,
            target_container=self.footing.target,
            target_group=group,
            network=network.id,
            subnet=subnet,
            disks=tuple(DiskCopy(disk.id, cache) for disk in vm.disks if disk.id is not None),
            availability_set=said.availability_set if said else None,
            zone=said.zone if said else None,
        )

    def _footing_waits(self) -> tuple[str, ...]:
        pairing = mapping_change_id(self.footing)
        return (pairing,) if pairing is not None else ()

    def _network(self, pair: PlannedPair) -> tuple[Network | None, tuple[str, ...]]:
        """The target network, and what has to be done before: the pair's own, or another one."""
        assert self.settings.protect is not None
        text = asked_network(self.machine.said, self.settings.protect)
        mapped = pair.pair.target
        if text is None or matches(text, mapped):
            return pair.target, pair.depends_on
        other = other_network(text, self.inventory, self.settings)
        if other is None:
            self._wait(f"the target network {text!r} could not be looked at")
            return None, ()
        source = self.machine.network
        are = "are" if is_mapped(source, self.settings, self.inventory) else "are to be"
        self._find(
            "vm-in-other-network",
            Severity.WARNING,
            f"{self.machine.vm.name} goes into {other.name}, although VMs of {source.name} {are} "
            f"mapped to {mapped.name}",
            "Change the mapping if all VMs are to go there.",
        )
        return other, pair.depends_on

    def _too_late_for_endpoints(self, network: Network) -> bool:
        """Whether private endpoints would have to be in a network that is not there yet.

        One is needed in the target network before replication is enabled (Microsoft Learn, enable
        replication for private endpoints).
        """
        vault = self.inventory.vault
        if vault is None or not vault.private_endpoints:
            return False
        if self.inventory.network(network.id) is not None:
            self._find(
                "private-endpoint-not-looked-at",
                Severity.WARNING,
                f"whether the vault {vault.id.name} has a private endpoint that VMs in "
                f"{network.name} reach is not looked at; without one they can't be protected back",
                f"Look at it: az network private-endpoint-connection list --id {vault.id}",
            )
            return False
        self._find(
            "private-endpoint-network-missing",
            Severity.ERROR,
            f"the vault {vault.id.name} is reached through private endpoints, and one has to be "
            f"in {network.name} before replication is enabled; that network does not exist yet",
            f"Create it first (asr-netmap map --source-vnet {self.machine.network.name}), put a "
            "private endpoint of the vault into it, and run this again.",
        )
        return True

    def _subnet(self, network: Network, pair: PlannedPair) -> str | None:
        said = self.machine.said
        own = pair.target is not None and network.id == pair.target.id
        choice = choose_subnet(
            self.machine.subnet,
            network,
            explicit=said.subnet if said else None,
            mapped=pair.wanted.subnets if own and pair.wanted else None,
            refuse_fallback=self.settings.nics.subnet_fallback == "refuse",
        )
        if choice.problem:
            severity = Severity.ERROR if choice.subnet is None else Severity.WARNING
            text = f"{self.machine.vm.name}: {choice.problem}"
            self._find("subnet-missing", severity, text, "Name one in `protect: {settings: …}`.")
        return choice.subnet.name if choice.subnet is not None else None

    def _group(self) -> tuple[ArmId, tuple[str, ...]] | None:
        """The target resource group, and the change that creates it where it is missing."""
        vm, group = self.machine.vm, target_group(self.machine, self.settings)
        name = group.group
        known = next((each for each in self.inventory.groups if each.id == group), None)
        if known is None and not self.inventory.looked_at(group):
            self._wait(f"whether the resource group {name} exists could not be looked at")
            return None
        if known is not None and known.region == self.settings.source_region:
            self._find(
                "target-group-in-source-region",
                Severity.ERROR,
                f"{vm.name} would fail over into the resource group {name}, which is in the "
                "source region",
                "Name another one with --target-resource-group.",
            )
            return None
        if known is not None:
            return known.id, ()
        reason = f"the resource group {name} for VMs that fail over does not exist"
        state = GroupState(self.settings.target_region, self.settings.tags)
        change = Change(Kind.RESOURCE_GROUP, Action.CREATE, group, name, None, state, reason)
        planned = {each.id for each in (*self.networks.changes.values(), *self.out.changes)}
        if change.id not in planned:
            self.out.changes.append(change)
        return group, (change.id,)

    def _wait(self, reason: str) -> None:
        self.out.pending.append(Pending(self.machine.vm.id, self.title, reason))

    def _find(self, code: str, severity: Severity, message: str, fix: str) -> None:
        vm = self.machine.vm.id
        self.out.findings.append(Finding(code, severity, vm, self.title, message, fix))
