"""What a change does, in words: setting by setting, before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from asr_netmap.models import Subnet
from asr_netmap.planning.change import (
    Change,
    ContainerMappingState,
    FabricState,
    GroupState,
    ItemState,
    Kind,
    MappingState,
    NetworkState,
    PolicyState,
    ProtectionContainerState,
    ReplicationState,
    State,
)
from asr_netmap.planning.nic_setting import Setting, SettingValue

NOT_SET = "(not set)"

KIND_TITLES = {
    Kind.RESOURCE_GROUP: "Resource groups",
    Kind.NETWORK: "Virtual networks",
    Kind.FABRIC: "Fabrics",
    Kind.PROTECTION_CONTAINER: "Protection containers",
    Kind.POLICY: "Replication policies",
    Kind.CONTAINER_MAPPING: "Protection container mappings",
    Kind.MAPPING: "Network mappings",
    Kind.REPLICATION: "Replication",
    Kind.NIC_SETTINGS: "NIC settings",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that a change sets.

    where -- NIC and IP config; empty for what belongs to the object itself.
    before, after -- empty: the object has no such value then.
    reason -- why this value; empty where the change's own reason says it.
    """

    where: str
    what: str
    before: str
    after: str
    reason: str = ""

    @property
    def line(self) -> str:
        """As people read it: ``app1-nic ipconfig1: address 10.1.1.4 -> 10.20.1.4``."""
        where = f"{self.where}: " if self.where else ""
        value = f"{self.before} -> {self.after or NOT_SET}" if self.before else self.after
        why = f" ({self.reason})" if self.reason else ""
        return f"{where}{self.what} {value}{why}"


def differences(change: Change) -> tuple[Difference, ...]:
    """What the change sets or takes away, in a stable order."""
    if isinstance(change.after, ItemState) or isinstance(change.before, ItemState):
        return tuple(_settings(_of(change.before), _of(change.after)))
    before, after = dict(_values(change.before)), dict(_values(change.after))
    return tuple(
        Difference("", name, before.get(name, ""), after.get(name, ""))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    )


def value_text(value: SettingValue) -> str:
    """A setting's value as people read it; ids by their names."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value_text(each) for each in value) or NOT_SET
    if value is None or value == "":
        return NOT_SET
    return str(getattr(value, "name", value))


def _of(state: State | None) -> tuple[Setting, ...]:
    return state.settings if isinstance(state, ItemState) else ()


def _settings(before: Sequence[Setting], after: Sequence[Setting]) -> Iterator[Difference]:
    had = {setting.key: setting for setting in before}
    for setting in after:
        old = had.get(setting.key)
        old_text = value_text(old.value) if old else NOT_SET
        what, new_text = setting.name.replace("_", " "), value_text(setting.value)
        yield Difference(_where(setting), what, old_text, new_text, setting.reason)


def _where(setting: Setting) -> str:
    parts = (setting.nic.name if setting.nic else "", setting.ip_config or "")
    return " ".join(part for part in parts if part)


def _values(state: State | None) -> Iterator[tuple[str, str]]:
    if isinstance(state, MappingState):
        yield "maps", state.source_network.name
        yield "onto", state.target_network.name
    elif isinstance(state, NetworkState):
        yield "region", state.region
        yield "address space", _list(state.address_space)
        for subnet in state.subnets:
            yield f"subnet {subnet.name}", _subnet(subnet)
        yield from (("DNS servers", _list(state.dns_servers)),) if state.dns_servers else ()
        yield from (("DDoS plan", state.ddos_plan.name),) if state.ddos_plan else ()
        yield from _tags(state.tags)
    elif isinstance(state, GroupState):
        yield "region", state.region
        yield from _tags(state.tags)
    elif isinstance(state, (FabricState, ProtectionContainerState)):
        yield "region", state.region
    elif isinstance(state, PolicyState):
        yield "recovery points", f"kept for {state.retention} min"
        yield "crash consistent", _every(state.crash_consistent)
        yield "application consistent", _every(state.app_consistent)
    elif isinstance(state, ContainerMappingState):
        yield "paired with", state.target.name
        yield "policy", state.policy.name
    elif isinstance(state, ReplicationState):
        yield from _replication(state)


def _every(minutes: int) -> str:
    return f"every {minutes} min" if minutes else "none"


def _replication(state: ReplicationState) -> Iterator[tuple[str, str]]:
    yield "policy", state.policy.name
    yield "target resource group", state.target_group.name
    if state.network is not None:
        yield "target network", state.network.name
    if state.subnet is not None:
        yield "target subnet", state.subnet
    if state.availability_set is not None:
        yield "availability set", state.availability_set.name
    if state.zone is not None:
        yield "zone", state.zone
    for copy in state.disks:
        yield f"disk {copy.disk.name}", f"through {copy.cache.name}"


def _subnet(subnet: Subnet) -> str:
    extras = [
        *(f"NSG {each.name}" for each in (subnet.network_security_group,) if each),
        *(f"route table {each.name}" for each in (subnet.route_table,) if each),
        *(f"NAT gateway {each.name}" for each in (subnet.nat_gateway,) if each),
        *(f"service endpoint {each}" for each in subnet.service_endpoints),
        *(f"delegated to {each}" for each in subnet.delegations),
    ]
    return "; ".join((_list(subnet.prefixes), *extras))


def _tags(tags: Any) -> Iterator[tuple[str, str]]:
    for name, value in tags.items():
        yield f"tag {name}", value


def _list(values: Sequence[object]) -> str:
    return ", ".join(str(value) for value in values)
