"""How full subnets are: how many of their addresses somebody holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, Network, Subnet
from asr_netmap.rules.allocation import capacity
from asr_netmap.surroundings import SubnetUsage

NEARLY_FULL = 0.8
"""From this share on a subnet is called nearly full; chosen here, no document has such a limit."""


@dataclass(frozen=True, slots=True)
class SubnetUse:
    """How many IPv4 addresses are held in a subnet.

    used -- by Azure's own count where it was asked, and otherwise, or where they are more, by NICs
        and load balancers; None: what holds addresses there could not be looked at.
    size -- how many they can hold: without the five that Azure reserves in each prefix.
    """

    used: int | None
    size: int

    def __str__(self) -> str:
        return f"{'?' if self.used is None else self.used}/{self.size}"

    @property
    def share(self) -> float:
        """From 0 to 1; 0 where it is not known."""
        if not self.used:
            return 0.0
        return min(1.0, self.used / self.size) if self.size else 1.0

    @property
    def nearly_full(self) -> bool:
        """Whether little room is left."""
        return self.share >= NEARLY_FULL


@dataclass(frozen=True, slots=True)
class HeldAddresses:
    """Which addresses NICs and load balancers hold, of a whole inventory, and what Azure counts.

    azures -- its own count, of the subnets that it was asked for.
    """

    inventory: Inventory
    count: Mapping[tuple[ArmId, str], int]
    azures: Mapping[tuple[ArmId, str], int] = field(default_factory=dict)

    @staticmethod
    def of(inventory: Inventory, usages: Iterable[SubnetUsage] = ()) -> HeldAddresses:
        """Count every IPv4 address once, by network and lower-case subnet name."""
        uses = [
            *(use for nic in inventory.nics for use in nic.addresses),
            *(use for balancer in inventory.load_balancers for use in balancer.frontends),
        ]
        held = {
            (use.subnet.parent, use.subnet.name.lower(), use.address)
            for use in uses
            if use.subnet is not None and isinstance(use.address, IPv4Address)
        }
        return HeldAddresses(
            inventory,
            Counter((network, subnet) for network, subnet, _ in held),
            {(each.subnet.parent, each.subnet.name.lower()): each.used for each in usages},
        )

    def use_of(self, network: Network, subnet: Subnet) -> SubnetUse:
        """How full one subnet is."""
        group = network.id.group_id
        any_nic = group.provider_child("Microsoft.Network", "networkInterfaces", "any")
        seen = self.inventory.looked_at(any_nic)
        key = (network.id, subnet.name.lower())
        listed = self.count.get(key, 0) if seen else None
        counts = [each for each in (listed, self.azures.get(key)) if each is not None]
        return SubnetUse(max(counts, default=None), capacity(subnet))
