"""Replicated items that this tool enabled, and what of their NICs nobody set."""

from __future__ import annotations

import hashlib

from asr_netmap.arm_id import ArmId
from asr_netmap.models import (
    Inventory,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
    Subnet,
)
from asr_netmap.rules.lookup import matches
from asr_netmap.settings import Protect

_LONGEST_NAME = 40


def item_id(container: ArmId, vm: ArmId) -> ArmId:
    """The replicated item of a machine that is to be replicated.

    Two machines of one name can be in a vault, so the name carries a digest of the machine's id;
    it is the same in every run, so that a run which was cut off is taken up by the next.
    """
    digest = hashlib.sha256(vm.key.encode()).hexdigest()[:8]
    return container.child("replicationProtectedItems", f"{vm.name[:_LONGEST_NAME]}-{digest}")


def as_enabled(item: ReplicatedItem, nic: ReplicatedNic) -> bool:
    """Whether a NIC is as enabling by this tool left it: nobody set its values.

    ARM: a NIC says SelectedByUserOverride where a network was given at enabling, and SelectedByUser
    after an update (A2A recordings, 2023 and 2022).
    """
    if not nic.chosen_at_enabling or item.vm is None:
        return False
    return item.id == item_id(item.id.parent, item.vm)


def subnet_asked_for(
    item: ReplicatedItem, nic: ReplicatedNic, config: ReplicatedIpConfig, inventory: Inventory
) -> bool:
    """Whether enabling by this tool asked for the subnet: it does for the primary IP config.

    Which subnets Site Recovery gives to the others then is its own choice, and was never recorded.
    """
    vm = inventory.vm_of(item)
    return config.primary and (vm is None or vm.nics[:1] == (nic.id,))


def named_for_enabling(item: ReplicatedItem, subnet: Subnet, protect: Protect | None) -> bool:
    """Whether a row of ``protect.settings`` names the subnet for the machine: it is declared."""
    return item.vm is not None and any(
        row.subnet is not None
        and row.subnet.lower() == subnet.name.lower()
        and matches(row.vm, item.vm)
        for row in (protect.settings if protect is not None else ())
    )
