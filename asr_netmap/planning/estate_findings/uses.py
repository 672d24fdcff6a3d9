"""Which subnets the items come from and go into: what the families of findings look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from asr_netmap.arm_id import ArmId
from asr_netmap.models import (
    Inventory,
    Network,
    RegionalResource,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
    Subnet,
)
from asr_netmap.planning.plan import Placement
from asr_netmap.rules.effective import Effective

_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Use:
    """One IP config, with the subnet that it is in and the one that a failover puts it into.

    source, source_subnet -- None where they are not known or could not be seen.
    """

    item: ReplicatedItem
    nic: ReplicatedNic
    config: ReplicatedIpConfig
    source: Network | None
    source_subnet: Subnet | None
    target: Network
    subnet: Subnet


@dataclass(frozen=True)
class Uses:
    """All of them, in the items' order.

    items -- those that the verification is about, with the settings that they will have.
    """

    inventory: Inventory
    items: tuple[ReplicatedItem, ...]
    all: tuple[Use, ...]

    @staticmethod
    def of(
        inventory: Inventory, items: Iterable[ReplicatedItem], placements: Iterable[Placement]
    ) -> Uses:
        """The uses of `items`; what has no network yet, or will not exist, has none."""
        where = {(p.item, p.nic, p.ip_config): p.failover for p in placements}
        listed = tuple(items)
        found = (
            _use(inventory, item, nic, config, where.get((item.id, nic.name, config.name)))
            for item in listed
            for nic in item.nics
            for config in nic.ip_configs
        )
        return Uses(inventory, listed, tuple(use for use in found if use is not None))

    def by_target_subnet(self) -> Iterator[tuple[Network, Subnet, tuple[Use, ...]]]:
        """Every subnet that a failover would fill, with who goes there."""
        groups: dict[tuple[ArmId, str], list[Use]] = {}
        for use in self.all:
            groups.setdefault((use.target.id, use.subnet.name.lower()), []).append(use)
        for key in sorted(groups):
            yield groups[key][0].target, groups[key][0].subnet, tuple(groups[key])

    def by_networks(self) -> Iterator[tuple[Network, Network, tuple[Use, ...]]]:
        """Every pair of source and target network, with who goes that way."""
        groups: dict[tuple[ArmId, ArmId], list[Use]] = {}
        for use in self.all:
            if use.source is not None:
                groups.setdefault((use.source.id, use.target.id), []).append(use)
        for key in sorted(groups):
            source = groups[key][0].source
            assert source is not None
            yield source, groups[key][0].target, tuple(groups[key])

    def regional(self, resource: ArmId | None) -> RegionalResource | None:
        """The security group or route table of that id; None: none, or it could not be seen."""
        if resource is None:
            return None
        return next((r for r in self.inventory.regional if r.id == resource), None)


def _use(
    inventory: Inventory,
    item: ReplicatedItem,
    nic: ReplicatedNic,
    config: ReplicatedIpConfig,
    future: Effective | None,
) -> Use | None:
    if future is None or not future.exists or future.network is None or not future.subnet:
        return None
    target = inventory.network(future.network)
    subnet = target.subnet(future.subnet) if target is not None else None
    if target is None or subnet is None:
        return None
    source = inventory.network(nic.source_network) if nic.source_network else None
    home = source.subnet(config.source_subnet) if source and config.source_subnet else None
    return Use(item, nic, config, source, home, target, subnet)


def vms_of(uses: Iterable[Use]) -> str:
    """The names of the VMs, a few of them: ``app1, app2 and 3 more``."""
    return some_of({use.item.vm_name for use in uses})


def some_of(names: Iterable[str]) -> str:
    """A few of the names, sorted, and how many more there are."""
    listed = sorted(set(names), key=str.lower)
    more = len(listed) - _MOST_NAMES
    shown = ", ".join(listed[:_MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown
