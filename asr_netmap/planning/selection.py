"""Which part of an estate a run is about (``--only vm=…,network=…,group=…,tag=…``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import UsageError
from asr_netmap.models import Inventory, ReplicatedItem, VirtualMachine
from asr_netmap.near_names import did_you_mean
from asr_netmap.rules.lookup import matches

_KEYS = {"vm": "vms", "network": "networks", "group": "groups", "tag": "tags"}


@dataclass(frozen=True, slots=True)
class Selection:
    """What was picked; an empty selection picks everything.

    Values of one kind are alternatives; different kinds must all fit.

    vms, networks -- name, ``group/name`` or ARM id.
    groups -- names of the VMs' resource groups.
    tags -- ``name`` or ``name:value`` of the VMs' tags.
    """

    vms: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @staticmethod
    def parse(texts: Iterable[str]) -> Selection:
        """From texts such as ``vm=app1,vm=app2`` or ``network=vnet-app``.

        A value without a key belongs to the key before it: ``vm=a,b``. Raises UsageError.
        """
        found: dict[str, list[str]] = {name: [] for name in _KEYS.values()}
        for text in texts:
            key = ""
            for part in text.split(","):
                head, equals, tail = part.partition("=")
                if equals:
                    key = head.strip().lower()
                value = (tail if equals else part).strip()
                if key not in _KEYS or not value:
                    raise UsageError(
                        f"--only {text!r}: {part!r} is not understood.",
                        "Write vm=NAME, network=NAME, group=NAME or tag=NAME[:VALUE], "
                        "several with commas.",
                    )
                found[_KEYS[key]].append(value)
        return Selection(**{name: tuple(values) for name, values in found.items()})

    @property
    def everything(self) -> bool:
        """Whether nothing was picked, so all is meant."""
        return not (self.vms or self.networks or self.groups or self.tags)

    @property
    def by_items(self) -> bool:
        """Whether VMs were picked, by whatever they are known by."""
        return bool(self.vms or self.groups or self.tags)

    def takes_network(self, network: ArmId) -> bool:
        """Whether a source network is meant."""
        return not self.networks or any(matches(text, network) for text in self.networks)

    def takes_item(self, item: ReplicatedItem, network: ArmId, inventory: Inventory) -> bool:
        """Whether an item is meant; `network` is the one that the pair has on the source side."""
        return self.takes_vm(item, inventory) and self.takes_network(network)

    def takes_vm(self, item: ReplicatedItem, inventory: Inventory) -> bool:
        """Whether an item is meant by what was picked of VMs, wherever it is."""
        vm = item.vm
        if self.vms and not _named(item, self.vms):
            return False
        if self.groups and (vm is None or vm.group.lower() not in map(str.lower, self.groups)):
            return False
        return not self.tags or self._tagged(item, inventory)

    def takes_machine(self, vm: VirtualMachine) -> bool:
        """Whether a virtual machine that no item replicates is meant by what was picked of VMs."""
        if self.vms and not any(matches(text, vm.id) for text in self.vms):
            return False
        if self.groups and vm.id.group.lower() not in map(str.lower, self.groups):
            return False
        return not self.tags or self._has_tag(vm.tags)

    def why_nothing(self, inventory: Inventory) -> str:
        """The hint for a selection that takes nothing: what is near to what was picked in vain."""
        items, networks = inventory.items, inventory.networks
        if self.vms and not any(_named(item, self.vms) for item in items):
            wanted, names = self.vms[0], [item.vm_name for item in items]
        elif self.networks and not any(self.takes_network(n.id) for n in networks):
            wanted, names = self.networks[0], [network.name for network in networks]
        elif self.groups and not any(
            Selection(groups=self.groups).takes_vm(i, inventory) for i in items
        ):
            wanted, names = self.groups[0], [item.vm.group for item in items if item.vm]
        elif self.tags and not any(self._tagged(item, inventory) for item in items):
            tags = [name for item in items for name in _tags_of(item, inventory)]
            wanted, names = self.tags[0].partition(":")[0], tags
        else:
            return "What is picked is there, but no replicated item fits all of it."
        nothing = "Nothing of that kind is there; replicated items are known with a vault only."
        return did_you_mean(wanted.rpartition("/")[2], names, nothing)

    def _tagged(self, item: ReplicatedItem, inventory: Inventory) -> bool:
        return self._has_tag(_tags_of(item, inventory))

    def _has_tag(self, of: Mapping[str, str]) -> bool:
        tags = {name.lower(): value for name, value in of.items()}
        for wanted in self.tags:
            name, colon, value = wanted.partition(":")
            if name.lower() in tags and (not colon or tags[name.lower()] == value):
                return True
        return False


def _tags_of(item: ReplicatedItem, inventory: Inventory) -> Mapping[str, str]:
    vm = inventory.vm_of(item)
    return vm.tags if vm is not None else {}


def _named(item: ReplicatedItem, texts: Iterable[str]) -> bool:
    for text in texts:
        if item.vm is not None and matches(text, item.vm):
            return True
        if text.lower() == item.vm_name.lower():
            return True
    return False
