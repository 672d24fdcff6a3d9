"""Which virtual machines are to be replicated for the first time, and where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AmbiguousName, NotFound, UsageError
from asr_netmap.models import (
    Direction,
    Inventory,
    Network,
    NicAddress,
    RegionPair,
    ReplicatedItem,
    VirtualMachine,
)
from asr_netmap.near_names import did_you_mean
from asr_netmap.planning.commands import az
from asr_netmap.planning.nic_planner import FREEZE_TAG
from asr_netmap.planning.plan import Finding, Pending, Severity
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.sources import Source
from asr_netmap.rules.lookup import find_network, matches, maybe_unseen
from asr_netmap.rules.protectable import Obstacle, obstacles
from asr_netmap.settings import NetworkSettings, Protect, ProtectException, Settings

_KIND = "microsoft.compute/virtualmachines"


@dataclass(frozen=True, slots=True)
class Machine:
    """A virtual machine that is to be replicated.

    network -- the source network that its NICs are in; subnet -- of its primary IP config.
    said -- what is said of just this one.
    """

    vm: VirtualMachine
    network: Network
    subnet: str | None
    said: ProtectException | None = None


@dataclass
class Machines:
    """The machines that nothing keeps from being replicated, and what is in the way of others.

    networks -- those that declared machines are in, whether they replicate already or not.
    replicated -- those that do, with what is said of just this one.
    """

    ready: list[Machine] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    networks: set[ArmId] = field(default_factory=set)
    replicated: list[tuple[VirtualMachine, ProtectException | None]] = field(default_factory=list)

    def refuse(
        self, vm: VirtualMachine, code: str, message: str, fix: str, command: str = ""
    ) -> None:
        """One of them can't be replicated."""
        self.findings.append(Finding(code, Severity.ERROR, vm.id, vm.name, message, fix, command))

    def stop(self, vm: VirtualMachine, obstacle: Obstacle) -> None:
        """Something about one of them keeps it from being replicated."""
        command = az("vm start", "--ids", vm.id) if obstacle.code == "vm-not-running" else ""
        self.refuse(vm, obstacle.code, obstacle.text, obstacle.fix, command)

    def wait(self, vm: VirtualMachine, reason: str) -> None:
        """Whether one of them can be replicated is not known now."""
        self.pending.append(Pending(vm.id, vm.name, reason))


def find_machines(inventory: Inventory, settings: Settings, selection: Selection) -> Machines:
    """The declared machines that no item of this vault replicates yet.

    Raises NotFound or AmbiguousName for a name that can't be meant.
    """
    found = Machines()
    protect = settings.protect
    if protect is None:
        return found
    search = _Search.of(inventory, settings)
    rows = search.rows(protect)
    declared = {vm.id: vm for vm in search.declared(protect)}
    for vm in declared.values():
        if not _picked(selection, vm, inventory):
            continue
        found.networks |= _networks(vm, inventory)
        if search.replicated(vm):
            found.replicated.append((vm, rows.get(vm.id)))
        else:
            _sort(found, vm, rows.get(vm.id), inventory, settings)
    # What could not be read may be what makes one of them a declared one.
    if not inventory.not_looked_at:
        unused = (inventory.vm(each) for each in rows if each not in declared)
        found.findings += [_unused(vm) for vm in unused if vm and _picked(selection, vm, inventory)]
    unseen = (each for each in search.unseen(protect) if _asked_for(selection, each.title))
    found.pending += unseen
    return found


def any_to_protect(inventory: Inventory, settings: Settings) -> bool:
    """Whether a declared machine is, or may be, one that no item of this vault replicates yet.

    What cannot be meant is said when it is planned, and counts as one.
    """
    protect = settings.protect
    if protect is None:
        return False
    search = _Search.of(inventory, settings)
    try:
        missing = any(not search.replicated(vm) for vm in search.declared(protect))
        return missing or any(True for _ in search.unseen(protect))
    except (NotFound, AmbiguousName, UsageError):
        return True


def selection_of(inventory: Inventory, settings: Settings) -> Selection:
    """The machines and networks that `protect` declares, and nothing else of the estate.

    Networks alone stay networks, so that their mappings are planned whoever is in them; beside
    named machines they stand for the machines in them.
    Raises NotFound or AmbiguousName for a name that can't be meant.
    """
    protect = settings.protect
    if protect is None or not protect.vms:
        return Selection(networks=protect.networks if protect else ())
    declared = _Search.of(inventory, settings).declared(protect) if protect.networks else ()
    return Selection(vms=(*protect.vms, *(str(vm.id) for vm in declared)))


def with_machines(
    sources: tuple[Source, ...], machines: Machines, settings: Settings, inventory: Inventory
) -> tuple[Source, ...]:
    """The source networks of a run, with those that machines are in."""
    homes = {source.network.id: source.network for source in sources}
    declared = {source.network.id: source for source in sources}
    homes |= {machine.network.id: machine.network for machine in machines.ready}
    asked = machines.networks
    return tuple(
        Source(home, wanted_of(home, settings, inventory)) if key in asked else declared[key]
        for key, home in homes.items()
    )


def wanted_of(network: Network, settings: Settings, inventory: Inventory) -> NetworkSettings | None:
    """What is declared of a network that a machine is in.

    A target that `protect` names is that of a network which is mapped to none yet.
    """
    row = next((n for n in settings.networks or () if matches(n.source, network.id)), None)
    target = settings.protect.target_network if settings.protect else None
    if target is None or (row and row.target) or is_mapped(network, settings, inventory):
        return row
    if row is not None:
        return row.model_copy(update={"target": target})
    return NetworkSettings(source=str(network.id), target=target)


def is_mapped(network: Network, settings: Settings, inventory: Inventory) -> bool:
    """Whether a network is mapped in the direction of a failover."""
    regions = settings.regions
    return any(
        mapping.source_network == network.id
        and (mapping.source_region, mapping.target_region) == (regions.source, regions.target)
        for mapping in inventory.mappings
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """Which machines are meant by what is written.

    homes -- the machines at the source that items would bring back, since they were reprotected.
    """

    inventory: Inventory
    settings: Settings
    homes: frozenset[ArmId]

    @staticmethod
    def of(inventory: Inventory, settings: Settings) -> _Search:
        """In that inventory."""
        homes = (_home_of(item, settings.regions) for item in inventory.items)
        return _Search(inventory, settings, frozenset(each for each in homes if each is not None))

    def declared(self, protect: Protect) -> Iterator[VirtualMachine]:
        """The named machines and those of the named networks, each once, in order of their ids."""
        found = {vm.id: vm for text in protect.vms for vm in self.named(text)}
        networks = {network.id for text in protect.networks for network in self._network(text)}
        for vm in self.inventory.vms:
            if networks & _networks(vm, self.inventory):
                found[vm.id] = vm
        return iter(sorted(found.values(), key=lambda vm: vm.id))

    def named(self, text: str) -> tuple[VirtualMachine, ...]:
        """The machine that `text` (name, group/name or ARM id) means, in whatever region.

        One of the source region comes first: after a failover there is another of that name.
        None at all: an item replicates it, from wherever it is now, or it may be unseen.
        Raises NotFound with near names, or AmbiguousName.
        """
        fitting = [vm for vm in self.inventory.vms if matches(text, vm.id)]
        here = [vm for vm in fitting if vm.region == self.settings.source_region]
        if not here and self._names_item(text):
            return ()
        found = here or fitting
        if len(found) > 1:
            ids = ", ".join(sorted(str(vm.id) for vm in found))
            raise AmbiguousName(
                f"The VM {text!r} fits {len(found)} machines: {ids}.",
                "Give group/name or the whole ARM id.",
            )
        if not found and not self._unread:
            names = [vm.name for vm in self.inventory.vms]
            raise NotFound(
                f"There is no VM {text!r}.",
                did_you_mean(text.rpartition("/")[2], names, "There is none."),
            )
        return tuple(found)

    def rows(self, protect: Protect) -> Mapping[ArmId, ProtectException]:
        """What is said of single machines. Raises UsageError where two rows mean the same one."""
        found: dict[ArmId, ProtectException] = {}
        for row in protect.settings:
            for vm in self.named(row.vm):
                if vm.id in found:
                    texts = f"{found[vm.id].vm!r} and {row.vm!r}"
                    raise UsageError(
                        f"protect.settings: {texts} are one VM, {vm.id}.", "Make them one row."
                    )
                found[vm.id] = row
        return found

    def unseen(self, protect: Protect) -> Iterator[Pending]:
        """The named machines and networks that may be there unseen."""
        vault = self.settings.vault.id
        for text in protect.vms:
            if self._unread and not self.named(text) and not self._names_item(text):
                yield Pending(_subject(text, vault), text, f"{self._unread} could not be read")
        for text in protect.networks:
            if not self._network(text):
                reason = "the network could not be looked at"
                yield Pending(_subject(text, vault), text, reason)

    def replicated(self, vm: VirtualMachine) -> bool:
        """Whether an item of this vault replicates the machine, or would bring it back."""
        return self.inventory.item_of(vm.id) is not None or vm.id in self.homes

    @property
    def _unread(self) -> str:
        """What could not be read that may hold machines; empty: nothing."""
        gaps = self.inventory.not_looked_at
        return next((gap.what for gap in gaps if gap.kind == _KIND), "")

    def _network(self, text: str) -> tuple[Network, ...]:
        """The source network that `text` means; none: it may be unseen."""
        try:
            region = self.settings.source_region
            return (find_network(text, self.inventory, region, "source network"),)
        except NotFound:
            if not maybe_unseen(text, self.inventory):
                raise
        return ()

    def _names_item(self, text: str) -> bool:
        return any(matches(text, home) for home in self.homes) or any(
            text.lower() == item.vm_name.lower() or (item.vm and matches(text, item.vm))
            for item in self.inventory.items
        )


def _home_of(item: ReplicatedItem, regions: RegionPair) -> ArmId | None:
    """The machine at the source that an item would bring back; None: it was not reprotected."""
    direction = regions.direction_of(item.source_region, item.target_region)
    if direction is not Direction.REVERSE or item.target_group is None:
        return None
    name = item.target_vm_name or item.vm_name
    return item.target_group.provider_child("Microsoft.Compute", "virtualMachines", name)


def _subject(text: str, vault: ArmId) -> ArmId:
    """What is named, or the vault where a name does not say enough."""
    return ArmId(text) if text.startswith("/") else vault


def _asked_for(selection: Selection, text: str) -> bool:
    return selection.everything or text in (*selection.vms, *selection.networks)


def _picked(selection: Selection, vm: VirtualMachine, inventory: Inventory) -> bool:
    if not selection.takes_machine(vm):
        return False
    networks = _networks(vm, inventory)
    return not selection.networks or any(selection.takes_network(each) for each in networks)


def _networks(vm: VirtualMachine, inventory: Inventory) -> set[ArmId]:
    """The networks that its NICs are in."""
    known = (inventory.nic(each) for each in vm.nics)
    placed = (a.subnet for nic in known if nic is not None for a in nic.addresses)
    return {subnet.parent for subnet in placed if subnet is not None}


def _sort(
    found: Machines,
    vm: VirtualMachine,
    said: ProtectException | None,
    inventory: Inventory,
    settings: Settings,
) -> None:
    """Put a machine where it belongs: ready, refused or waiting."""
    known = list(obstacles(vm, settings.source_region, inventory))
    for obstacle in known:
        if obstacle.unseen:
            found.wait(vm, obstacle.text)
        else:
            found.stop(vm, obstacle)
    if known:
        return
    if any(name.lower() == FREEZE_TAG for name in vm.tags):
        found.wait(vm, f"the tag {FREEZE_TAG} on the VM stops every write to it")
        return
    home = _placed(vm, inventory)
    network = inventory.network(home.parent) if home is not None else None
    if network is None:
        found.wait(vm, "the network of its primary NIC could not be looked at")
    else:
        found.ready.append(Machine(vm, network, home.name if home else None, said))


def _unused(vm: VirtualMachine) -> Finding:
    """That what is said of one machine has no effect, since it is not among those declared."""
    return Finding(
        "protect-setting-unused",
        Severity.WARNING,
        vm.id,
        vm.name,
        f"protect.settings speaks of {vm.name}, which is neither in protect.vms nor in one of "
        "protect.networks, so the row has no effect",
        "Name it in protect.vms, or take the row away.",
    )


def _placed(vm: VirtualMachine, inventory: Inventory) -> ArmId | None:
    """The subnet of its primary IP config."""
    nic = inventory.nic(vm.nics[0])
    addresses: tuple[NicAddress, ...] = nic.addresses if nic else ()
    ordered = sorted(addresses, key=lambda address: not address.primary)
    return next((a.subnet for a in ordered if a.subnet is not None), None)
