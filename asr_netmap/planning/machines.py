"""Which virtual machines are to be replicated for the first time, and where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AmbiguousName, NotFound
from asr_netmap.models import Inventory, Network, NicAddress, VirtualMachine
from asr_netmap.near_names import did_you_mean
from asr_netmap.planning.commands import az
from asr_netmap.planning.nic_planner import FREEZE_TAG
from asr_netmap.planning.plan import Finding, Pending, Severity
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.sources import Source
from asr_netmap.rules.lookup import find_network, matches
from asr_netmap.rules.protectable import Obstacle, obstacles
from asr_netmap.settings import NetworkSettings, Protect, ProtectException, Settings


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
    """The machines that nothing keeps from being replicated, and what is in the way of others."""

    ready: list[Machine] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def refuse(self, vm: VirtualMachine, obstacle: Obstacle) -> None:
        """One of them can't be replicated."""
        command = az("vm start", "--ids", vm.id) if obstacle.code == "vm-not-running" else ""
        said = (obstacle.text, obstacle.fix, command)
        self.findings.append(Finding(obstacle.code, Severity.ERROR, vm.id, vm.name, *said))

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
    rows = _rows(protect, inventory)
    for vm in _declared(protect, inventory, settings):
        if inventory.item_of(vm.id) is None and _picked(selection, vm, inventory):
            _sort(found, vm, rows.get(vm.id), inventory, settings)
    return found


def with_machines(
    sources: tuple[Source, ...], machines: Machines, settings: Settings, inventory: Inventory
) -> tuple[Source, ...]:
    """The source networks of a run, with those that machines are in.

    A target that `protect` names is that of a network which is mapped to none yet.
    """
    known = {source.network.id for source in sources}
    added: dict[ArmId, Source] = {}
    for machine in machines.ready:
        if machine.network.id not in known:
            wanted = _wanted(machine.network, settings, inventory)
            added[machine.network.id] = Source(machine.network, wanted)
    target = settings.protect.target_network if settings.protect else None
    uses = {machine.network.id for machine in machines.ready}
    named = tuple(
        replace(source, wanted=_wanted(source.network, settings, inventory))
        if target and source.wanted is None and source.network.id in uses
        else source
        for source in sources
    )
    return (*named, *added.values())


def _wanted(network: Network, settings: Settings, inventory: Inventory) -> NetworkSettings | None:
    for each in settings.networks or ():
        if matches(each.source, network.id):
            return each
    target = settings.protect.target_network if settings.protect else None
    if target is None or _mapped(network, settings, inventory):
        return None
    return NetworkSettings(source=str(network.id), target=target)


def _mapped(network: Network, settings: Settings, inventory: Inventory) -> bool:
    regions = settings.regions
    return any(
        mapping.source_network == network.id
        and (mapping.source_region, mapping.target_region) == (regions.source, regions.target)
        for mapping in inventory.mappings
    )


def _declared(
    protect: Protect, inventory: Inventory, settings: Settings
) -> Iterator[VirtualMachine]:
    """The named machines and those of the named networks, each once, in the order of their ids."""
    found = {vm.id: vm for vm in (find_machine(text, inventory) for text in protect.vms)}
    networks = {
        find_network(text, inventory, settings.source_region, "source network").id
        for text in protect.networks
    }
    for vm in inventory.vms:
        placed = (a for nic in inventory.nics_of(vm.id) for a in nic.addresses)
        if any(a.subnet is not None and a.subnet.parent in networks for a in placed):
            found[vm.id] = vm
    return iter(sorted(found.values(), key=lambda vm: vm.id))


def find_machine(text: str, inventory: Inventory) -> VirtualMachine:
    """The virtual machine that `text` (name, group/name or ARM id) means, in whatever region.

    Raises NotFound with near names, or AmbiguousName.
    """
    found = [vm for vm in inventory.vms if matches(text, vm.id)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(sorted(str(vm.id) for vm in found))
        raise AmbiguousName(
            f"The VM {text!r} fits {len(found)} machines: {ids}.",
            "Give group/name or the whole ARM id.",
        )
    names = [vm.name for vm in inventory.vms]
    hint = did_you_mean(text.rpartition("/")[2], names, "There is none.")
    unread = "; ".join(gap.what for gap in inventory.not_looked_at)
    raise NotFound(
        f"There is no VM {text!r}.", f"{hint} Not looked at: {unread}." if unread else hint
    )


def _rows(protect: Protect, inventory: Inventory) -> Mapping[ArmId, ProtectException]:
    return {find_machine(row.vm, inventory).id: row for row in protect.settings}


def _picked(selection: Selection, vm: VirtualMachine, inventory: Inventory) -> bool:
    if not selection.takes_machine(vm):
        return False
    placed = (a.subnet for nic in inventory.nics_of(vm.id) for a in nic.addresses)
    networks = {subnet.parent for subnet in placed if subnet is not None}
    return not selection.networks or any(selection.takes_network(each) for each in networks)


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
            found.refuse(vm, obstacle)
    if known:
        return
    if any(name.lower() == FREEZE_TAG for name in vm.tags):
        found.wait(vm, f"the tag {FREEZE_TAG} on the VM stops every write to it")
        return
    home = _home(vm, inventory)
    network = inventory.network(home.parent) if home is not None else None
    if network is None:
        found.wait(vm, "the network of its primary NIC could not be looked at")
    else:
        found.ready.append(Machine(vm, network, home.name if home else None, said))


def _home(vm: VirtualMachine, inventory: Inventory) -> ArmId | None:
    """The subnet of its primary IP config."""
    nic = inventory.nic(vm.nics[0])
    addresses: tuple[NicAddress, ...] = nic.addresses if nic else ()
    ordered = sorted(addresses, key=lambda address: not address.primary)
    return next((a.subnet for a in ordered if a.subnet is not None), None)
