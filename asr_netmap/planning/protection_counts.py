"""What machines that are to replicate take up: addresses of subnets, and Site Recovery's limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, Network, VirtualMachine
from asr_netmap.planning.machines import Machine
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.rules.allocation import capacity

MOST_DISKS = 3000
"""Protected disks of a subscription (Microsoft Learn, support matrix)."""


def room(
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
        left = capacity(subnet_there) - used
        if need > left:
            yield Finding(
                "subnet-too-small",
                Severity.WARNING,
                network_id,
                by_network[network_id].name,
                f"{need} addresses are needed in {name} by VMs that are to replicate, and "
                f"{max(left, 0)} are free",
                "Make the subnet larger, or send some VMs into another one.",
            )


def counts(
    machines: Iterable[Machine], policy: ArmId, target_region: str, inventory: Inventory
) -> Iterator[Finding]:
    """What counts against limits and quotas, subscription by subscription of the machines.

    Machines that other vaults replicate count, too, as far as those can be seen.
    """
    coming: dict[str, list[VirtualMachine]] = {}
    for machine in machines:
        coming.setdefault(machine.vm.id.subscription.lower(), []).append(machine.vm)
    replicated = {item.vm for item in inventory.items if item.vm is not None}
    replicated |= {other.vm for other in inventory.elsewhere}
    for subscription, new in sorted(coming.items()):
        there = [vm for vm in replicated if vm.subscription.lower() == subscription]
        known = [vm for vm in map(inventory.vm, there) if vm is not None]
        disks, disks_there = _disks(new), _disks(known)
        over = disks + disks_there > MOST_DISKS
        yield Finding(
            "protect-counts",
            Severity.WARNING if over else Severity.INFO,
            policy,
            f"subscription {subscription}",
            f"{len(new)} VM(s) with {disks} disk(s) are to replicate, beside {len(there)} with "
            f"{disks_there}; documented are {MOST_DISKS} protected disks a subscription. "
            f"{target_region} needs room for {_sizes(new)} when they fail over: that quota is "
            "not looked at",
            "Ask for a higher quota before." if over else "",
        )


def _disks(machines: Iterable[VirtualMachine]) -> int:
    return sum(len(vm.disks) for vm in machines)


def _sizes(machines: Iterable[VirtualMachine]) -> str:
    """``2 Standard_D2s_v3 and 1 of unknown size``: cores are a quota of a region and a family."""
    sizes = Counter(vm.size for vm in machines)
    known = [f"{count} {size}" for size, count in sorted(sizes.items()) if size]
    unknown = [f"{sizes['']} of unknown size"] if sizes[""] else []
    return " and ".join((*known, *unknown))
