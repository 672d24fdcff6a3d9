"""Enabling replication: from machines, and where their networks go, to changes.

It only ever adds: nothing here ends a replication, fails anything over, or touches an item that
is there.
"""

from __future__ import annotations

import hashlib
import shlex
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
from asr_netmap.planning.footing import (
    Footing,
    described,
    find_footing,
    mapping_change_id,
    policies_in_use,
)
from asr_netmap.planning.machines import Machine, Machines
from asr_netmap.planning.network_planner import NetworksPlan, PlannedPair
from asr_netmap.planning.plan import Finding, Pending, Severity
from asr_netmap.rules.allocation import capacity
from asr_netmap.rules.lookup import find_network, matches
from asr_netmap.rules.subnets import choose_subnet
from asr_netmap.rules.target_network import SUFFIX
from asr_netmap.settings import Settings

NOT_REPLICATED_YET = "it does not replicate yet; its NIC settings follow its first replication"
MOST_DISKS = 3000
"""Protected disks of a subscription (Microsoft Learn, support matrix)."""

_LONGEST_NAME = 40


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
    if not machines.ready:
        return out
    unread = _unread(vault, inventory)
    if unread:
        for machine in machines.ready:
            machines.wait(machine.vm, f"{unread} could not be read")
        machines.ready.clear()
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
    if text is None:
        listed = did_you_mean("", names, f"There is none in {region}: create one first.")
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
    command = create_command(machines.ready, vault, settings)
    code, severity, so = "no-way-back", Severity.WARNING, "after a failover nothing replicates back"
    if footing.needed:
        code, severity = "replication-footing-missing", Severity.ERROR
        so = "replication can't be enabled"
    listed = ", ".join(described(change) for change in footing.missing)
    fix = "Create it, or have it created."
    message = f"{so}: the vault has no {listed}"
    return Finding(code, severity, vault, vault.name, message, fix, command)


def _without_missing(footing: Footing) -> Footing:
    return Footing(footing.source, footing.target, footing.policy, (), frozenset())


def create_command(machines: Iterable[Machine], vault: ArmId, settings: Settings) -> str:
    """The command that enables replication of these machines and creates what is missing."""
    protect = settings.protect
    words = ["asr-netmap", "protect"]
    for machine in machines:
        words += ["--vm", f"{machine.vm.id.group}/{machine.vm.name}"]
    for option, text in (
        ("--cache-storage", protect.cache_storage if protect else None),
        ("--policy", protect.policy if protect else None),
        ("--vault-id", str(vault)),
        ("--source-region", settings.source_region),
        ("--target-region", settings.target_region),
    ):
        words += [option, text] if text else []
    return " ".join(shlex.quote(word) for word in (*words, "--create-missing"))


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
    enabled: list[tuple[Machine, Network, str | None]] = []
    for machine in machines.ready:
        planner = _Enabling(machine, pairs, networks, footing, cache, inventory, settings, out)
        went = planner.plan()
        if went is not None:
            enabled.append((machine, *went))
    if not enabled:
        out.changes.clear()
        return out
    out.findings += _room(enabled, inventory)
    out.findings += _counts([machine for machine, *_ in enabled], footing.policy, inventory)
    return out


@dataclass(frozen=True, slots=True)
class _Enabling:
    """One machine on its way to a change."""

    machine: Machine
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
        state = self._state(network, subnet, group[0])
        reason = f"{vm.name} does not replicate yet; {network.name} is where it fails over to"
        self.out.changes.append(
            Change(Kind.REPLICATION, Action.CREATE, item, vm.name, None, state, reason, waits)
        )
        self.out.pending.append(Pending(item, vm.name, NOT_REPLICATED_YET))
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
        """The target network, and what has to be done before: the pair's own, or another one.

        Today a machine may go into another network than its own is mapped to (Microsoft Learn,
        network mapping, 2026-02-12; not so in 2017), and here on request.
        """
        protect, said = self.settings.protect, self.machine.said
        assert protect is not None
        text = (said.target_network if said else None) or protect.target_network
        own = pair.target
        if text is None or matches(text, pair.pair.target):
            return own, pair.depends_on
        other = find_network(text, self.inventory, self.settings.target_region, "target network")
        source = self.machine.network
        mapped = pair.pair.target
        message = f"{source.name} is mapped to {mapped.name}, and {other.name} is asked for"
        if protect.allow_other_network:
            self._find(
                "vm-in-other-network",
                Severity.WARNING,
                f"{self.machine.vm.name} goes into {other.name}, although its network is mapped "
                f"to {mapped.name}: new VMs of that network go there",
                "Change the mapping if all VMs are to go there.",
            )
            return other, pair.depends_on
        change = (
            f"asr-netmap map --source-vnet {source.id.group}/{source.name} --target-vnet "
            f"{other.id.group}/{other.name} --allow-retarget"
        )
        self._find(
            "other-network-refused",
            Severity.ERROR,
            f"{self.machine.vm.name}: {message}",
            f"Change the mapping for all VMs ({change}), or send this one elsewhere with "
            "--allow-other-network.",
        )
        return None, ()

    def _too_late_for_endpoints(self, network: Network) -> bool:
        """Whether private endpoints would have to be in a network that is not there yet.

        One is needed in the target network before replication is enabled (Microsoft Learn, enable
        replication for private endpoints).
        """
        vault = self.inventory.vault
        if vault is None or not vault.private_endpoints:
            return False
        if self.inventory.network(network.id) is not None:
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
        protect, said, vm = self.settings.protect, self.machine.said, self.machine.vm
        assert protect is not None
        name = (
            (said.target_resource_group if said else None)
            or protect.target_resource_group
            or self.settings.target_resource_group
            or vm.id.group + SUFFIX
        )
        subscription = self.settings.target_subscription or vm.id.subscription
        group = ArmId.of_group(subscription, name)
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
        vm = self.machine.vm
        self.out.pending.append(Pending(vm.id, vm.name, reason))

    def _find(self, code: str, severity: Severity, message: str, fix: str) -> None:
        vm = self.machine.vm
        self.out.findings.append(Finding(code, severity, vm.id, vm.name, message, fix))


def item_id(container: ArmId, vm: ArmId) -> ArmId:
    """The replicated item of a machine that is to be replicated.

    Two machines of one name can be in a vault, so the name carries a digest of the machine's id;
    it is the same in every run, so that a run which was cut off is taken up by the next.
    """
    digest = hashlib.sha256(vm.key.encode()).hexdigest()[:8]
    return container.child("replicationProtectedItems", f"{vm.name[:_LONGEST_NAME]}-{digest}")


def _room(
    enabled: Iterable[tuple[Machine, Network, str | None]], inventory: Inventory
) -> Iterator[Finding]:
    """Subnets that are too small for the machines that go into them."""
    by_network: dict[ArmId, Network] = {}
    counts: dict[tuple[ArmId, str], int] = {}
    for machine, network, subnet in enabled:
        if subnet is None:
            continue
        by_network[network.id] = network
        nics = inventory.nics_of(machine.vm.id)
        key = (network.id, subnet)
        counts[key] = counts.get(key, 0) + max(1, sum(len(nic.addresses) for nic in nics))
    for (network_id, name), need in sorted(counts.items()):
        subnet_there = by_network[network_id].subnet(name)
        if subnet_there is None:
            continue
        used = sum(
            1
            for nic in inventory.nics
            for address in nic.addresses
            if address.subnet is not None
            and address.subnet.parent == network_id
            and address.subnet.name.lower() == name.lower()
        )
        room = capacity(subnet_there) - used
        if need > room:
            yield Finding(
                "subnet-too-small",
                Severity.WARNING,
                network_id,
                by_network[network_id].name,
                f"{need} addresses are needed in {name} by VMs that are to replicate, and "
                f"{max(room, 0)} are free",
                "Make the subnet larger, or send some VMs into another one.",
            )


def _counts(machines: Iterable[Machine], policy: ArmId, inventory: Inventory) -> Iterator[Finding]:
    """What counts against Site Recovery's limits, subscription by subscription."""
    new: dict[str, list[int]] = {}
    for machine in machines:
        subscription = machine.vm.id.subscription.lower()
        new.setdefault(subscription, []).append(len(machine.vm.disks))
    for subscription, disks in sorted(new.items()):
        own = [i.vm for i in inventory.items if i.vm and i.vm.subscription.lower() == subscription]
        known = [vm for vm in (inventory.vm(each) for each in own) if vm is not None]
        there, coming = sum(len(vm.disks) for vm in known), sum(disks)
        over = there + coming > MOST_DISKS
        yield Finding(
            "protect-counts",
            Severity.WARNING if over else Severity.INFO,
            policy,
            f"subscription {subscription}",
            f"{len(disks)} VM(s) with {coming} disk(s) are to replicate, beside {len(own)} with "
            f"{there}; documented are {MOST_DISKS} protected disks a subscription. Cores of the "
            "target region are taken at failover only, and are not counted here",
            "Ask for a higher quota before." if over else "",
        )
