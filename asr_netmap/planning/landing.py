"""Where machines would fail over to, and who can't go there: decided before networks are."""

from __future__ import annotations

from collections.abc import Iterator

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AmbiguousName, NotFound
from asr_netmap.models import Direction, Inventory, Network
from asr_netmap.planning.commands import ours
from asr_netmap.planning.machines import Machine, Machines, is_mapped, wanted_of
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.rules.lookup import find_network, matches, maybe_unseen
from asr_netmap.rules.target_network import SUFFIX, choose_target
from asr_netmap.settings import Protect, ProtectException, Settings

_MACHINE = ("Microsoft.Compute", "virtualMachines")


def refuse_other_networks(machines: Machines, inventory: Inventory, settings: Settings) -> None:
    """Refuse those that are to go into another network than theirs is, or will be, mapped to.

    In 2017 none could; today each may (Microsoft Learn, network mapping, 2026-02-12), and here on
    request.
    """
    protect = settings.protect
    if protect is None or protect.allow_other_network:
        return
    for machine in tuple(machines.ready):
        text, source = asked_network(machine.said, protect), machine.network
        wanted = wanted_of(source, settings, inventory)
        try:
            mapped = choose_target(source, wanted, settings, inventory).target
        except NotFound:
            continue  # planning networks says so, or waits
        other = None
        if text is not None and not matches(text, mapped):
            other = other_network(text, inventory, settings)
        if other is None:
            continue
        machines.ready.remove(machine)
        is_so = "is" if is_mapped(source, settings, inventory) else "is to be"
        start, end = (f"{net.id.group}/{net.name}" for net in (source, other))
        change = ours("map", "--source-vnet", start, "--target-vnet", end, "--allow-retarget")
        machines.refuse(
            machine.vm,
            "other-network-refused",
            f"{machine.vm.name}: {source.name} {is_so} mapped to {mapped.name}, and {other.name} "
            "is asked for",
            "Change the mapping for all VMs, or send this one elsewhere with "
            "--allow-other-network.",
            change,
        )


def asked_network(said: ProtectException | None, protect: Protect) -> str | None:
    """The target network that is asked for in words; None: its network's own.

    said -- what is said of just this machine.
    """
    return (said.target_network if said else None) or protect.target_network


def other_network(text: str, inventory: Inventory, settings: Settings) -> Network | None:
    """The target network that `text` means; None: it may be unseen."""
    try:
        return find_network(text, inventory, settings.target_region, "target network")
    except NotFound:
        if not maybe_unseen(text, inventory):
            raise
    return None


def going_elsewhere(machines: Machines, coming: Inventory, settings: Settings) -> Iterator[Finding]:
    """That machines replicate already, where another network is asked for than they will go to.

    coming -- what there will be once the plan is carried out.
    """
    protect = settings.protect
    if protect is None:
        return
    for vm, said in machines.replicated:
        asked = asked_network(said, protect)
        item = coming.item_of(vm.id)
        if asked is None or item is None or item.target_network is None:
            continue
        goes = settings.regions.direction_of(item.source_region, item.target_region)
        if goes is Direction.FORWARD and not _means(asked, item.target_network, coming, settings):
            yield Finding(
                "replicates-already",
                Severity.WARNING,
                vm.id,
                vm.name,
                f"{vm.name} replicates already and fails over into {item.target_network.name}, not "
                f"into {asked} as `protect` asks, which only enables replication",
                "Ask for the network that it goes to. Or name the other one in nics.settings: "
                f"- {{vm: {vm.id.group}/{vm.name}, target_network: {asked}}}",
            )


def _means(text: str, network: ArmId, inventory: Inventory, settings: Settings) -> bool:
    """Whether that network is, or may be, the one that is asked for in words."""
    try:
        found = other_network(text, inventory, settings)
    except (NotFound, AmbiguousName):
        return matches(text, network)
    return found is None or found.id == network


def target_group(machine: Machine, settings: Settings) -> ArmId:
    """The resource group that a machine fails over into."""
    protect, said, vm = settings.protect, machine.said, machine.vm
    name = (
        (said.target_resource_group if said else None)
        or (protect.target_resource_group if protect else None)
        or settings.target_resource_group
        or vm.id.group + SUFFIX
    )
    return ArmId.of_group(settings.target_subscription or vm.id.subscription, name)


def refuse_taken_names(machines: Machines, inventory: Inventory, settings: Settings) -> None:
    """Refuse machines that would fail over into a resource group under one name with another.

    A machine keeps its name, and a resource group holds one machine of a name (Microsoft Learn,
    naming rules and restrictions).
    """
    taken: dict[ArmId, list[str]] = {}
    for item in inventory.items:
        if item.target_group is not None:
            own = item.target_group.provider_child(*_MACHINE, item.target_vm_name or item.vm_name)
            taken.setdefault(own, []).append(str(item.vm or item.vm_name))
    for machine in machines.ready:
        taken.setdefault(_future(machine, settings), []).append(str(machine.vm.id))
    for machine in tuple(machines.ready):
        vm, future = machine.vm, _future(machine, settings)
        others = [each for each in taken[future] if each != str(vm.id)]
        if others:
            machines.ready.remove(machine)
            machines.refuse(
                vm,
                "vm-name-taken",
                f"{vm.name} would fail over into the resource group {future.group}, and so would "
                f"{', '.join(others)}, which has the same name",
                "Name another one with --target-resource-group, or for one of them in "
                "`protect: {settings: …}`.",
            )


def names_in_use(machine: Machine, inventory: Inventory, settings: Settings) -> Iterator[Finding]:
    """A machine of that name that is in the target group now: a failover can't make another."""
    vm, future = machine.vm, _future(machine, settings)
    if inventory.vm(future) is not None:
        yield Finding(
            "vm-name-taken",
            Severity.WARNING,
            vm.id,
            vm.name,
            f"the resource group {future.group}, which {vm.name} fails over into, has a VM of that "
            "name now",
            "Delete that one before a failover, or name another group with "
            "--target-resource-group.",
        )


def _future(machine: Machine, settings: Settings) -> ArmId:
    """The machine that a failover would make."""
    return target_group(machine, settings).provider_child(*_MACHINE, machine.vm.name)
