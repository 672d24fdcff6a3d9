"""Whether a virtual machine can be replicated to another region: one check after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from asr_netmap.models import Inventory, VirtualMachine

_UNLOCKING = "Its keys would have to be named, too, which this tool does not do: use the portal."


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps a machine from being replicated.

    code -- stable. unseen -- it could not be looked at, so it may be none.
    """

    code: str
    text: str
    fix: str
    unseen: bool = False


def obstacles(vm: VirtualMachine, region: str, inventory: Inventory) -> Iterator[Obstacle]:
    """All that keeps `vm` from being replicated out of `region`.

    Source of the checks on disks, Spot and encryption: Microsoft Learn, support matrix for Azure VM
    disaster recovery between Azure regions.
    """
    if vm.region != region:
        yield Obstacle(
            "vm-other-region",
            f"{vm.name} is in {vm.region}, not in the source region {region}",
            "Protect it where its region is the source.",
        )
    yield from _elsewhere(vm, inventory)
    yield from _power(vm, inventory)
    yield from _disks(vm)
    yield from _nics(vm, inventory)
    if vm.spot:
        yield Obstacle(
            "vm-spot",
            f"{vm.name} is a Spot VM, which Site Recovery does not replicate",
            "Make it a regular VM.",
        )


def _elsewhere(vm: VirtualMachine, inventory: Inventory) -> Iterator[Obstacle]:
    for other in inventory.elsewhere:
        if other.vm == vm.id:
            vault = other.item.named("vaults")
            yield Obstacle(
                "vm-replicated-elsewhere",
                f"{vm.name} is replicated by the vault {other.item.group}/{vault} already",
                "A VM is replicated by one vault: leave it there, or end that replication first.",
            )


def _power(vm: VirtualMachine, inventory: Inventory) -> Iterator[Obstacle]:
    power = inventory.power_of(vm.id)
    if power is None:
        yield Obstacle(
            "vm-power-unknown",
            f"whether {vm.name} runs could not be looked at",
            "Give read access to the VM.",
            unseen=True,
        )
    elif not power.running:
        yield Obstacle(
            "vm-not-running",
            f"{vm.name} is {power.state}, and replication can be enabled only while it runs",
            "Start it.",
        )


def _disks(vm: VirtualMachine) -> Iterator[Obstacle]:
    unmanaged = [disk.name for disk in vm.disks if disk.id is None and not disk.ephemeral]
    if unmanaged or not vm.disks:
        which = ", ".join(unmanaged) or "none is known"
        yield Obstacle(
            "vm-unmanaged-disk",
            f"{vm.name} has disks that are no managed disks ({which})",
            "Convert them to managed disks first.",
        )
    ephemeral = [disk.name for disk in vm.disks if disk.ephemeral]
    if ephemeral:
        yield Obstacle(
            "vm-ephemeral-disk",
            f"{vm.name} has an ephemeral disk ({', '.join(ephemeral)}), which can't be replicated",
            "Give it a managed system disk.",
        )
    keyed = [disk.name for disk in vm.disks if disk.customer_key]
    if keyed or vm.encrypted:
        how = f"a disk encryption set ({', '.join(keyed)})" if keyed else "Azure Disk Encryption"
        yield Obstacle("vm-encrypted", f"{vm.name} is encrypted with {how}", _UNLOCKING)


def _nics(vm: VirtualMachine, inventory: Inventory) -> Iterator[Obstacle]:
    """ARM: one target network serves all NICs of a VM (Azure PowerShell,
    SetAzureRmRecoveryServicesAsrReplicationProtectedItem)."""
    known = [inventory.nic(nic) for nic in vm.nics]
    if not vm.nics:
        yield Obstacle("vm-without-nic", f"{vm.name} has no NIC", "Give it one.")
    if None in known:
        yield Obstacle(
            "vm-nic-unknown",
            f"not all NICs of {vm.name} could be looked at",
            "Give read access to its NICs.",
            unseen=True,
        )
    networks = {a.subnet.parent for nic in known if nic for a in nic.addresses if a.subnet}
    if len(networks) > 1:
        names = ", ".join(sorted(network.name for network in networks))
        yield Obstacle(
            "vm-several-networks",
            f"the NICs of {vm.name} are in several networks ({names}), and a VM fails over into "
            "one",
            "Move its NICs into one network.",
        )
