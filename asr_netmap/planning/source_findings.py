"""Findings about VMs that are no longer what they were when replication was enabled.

The number of NICs is fixed at that moment: NICs that are added or removed later have no effect on
replication (Microsoft Learn, azure-to-azure-support-matrix, 2023 and later).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address

from asr_netmap.arm_id import ArmId
from asr_netmap.models import (
    Inventory,
    Nic,
    NicAddress,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
)
from asr_netmap.planning.commands import az, in_turn
from asr_netmap.planning.item_findings import Place, item_finding, nic_after
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.rules.readiness import failover_under_way

_ENABLE_AGAIN = (
    "Disable replication of the VM and enable it again: Site Recovery keeps the NICs that the VM "
    "had when replication was enabled."
)


def source_findings(inventory: Inventory, item: ReplicatedItem) -> Iterator[Finding]:
    """What differs between the VM as Site Recovery recorded it and the VM as it is."""
    vm = item.vm
    if vm is None or not item.nics or failover_under_way(item):
        return
    yield from _nic_set(inventory, item)
    for nic in item.nics:
        live = inventory.nic(nic.id)
        if live is not None and live.vm == vm:
            yield from _ip_configs(item, nic, live)
            yield from _security_groups(item, nic, live)


def _nic_set(inventory: Inventory, item: ReplicatedItem) -> Iterator[Finding]:
    assert item.vm is not None
    there = inventory.nics_of(item.vm)
    if not there and not any(inventory.nic(nic.id) for nic in item.nics):
        return  # the whole VM is out of sight: nothing can be said of its parts
    recorded = {nic.id for nic in item.nics}
    added = sorted(nic.id.name for nic in there if nic.id not in recorded)
    if added:
        yield item_finding(
            item,
            "nic-added",
            Severity.WARNING,
            f"{item.vm_name} has {len(there)} NICs and {len(recorded)} are replicated: "
            f"{', '.join(added)} will not exist after a failover",
            _ENABLE_AGAIN,
        )
    for nic in item.nics:
        live = inventory.nic(nic.id)
        if live is None and inventory.looked_at(nic.id):
            yield _nic_lost(item, nic, "does not exist any more")
        elif live is not None and live.vm != item.vm:
            owner = f"belongs to the VM {live.vm.name} now" if live.vm else "belongs to no VM now"
            yield _nic_lost(item, nic, owner)


def _nic_lost(item: ReplicatedItem, nic: ReplicatedNic, how: str) -> Finding:
    return item_finding(
        item,
        "nic-removed",
        Severity.WARNING,
        f"{nic.name}, which is replicated with {item.vm_name}, {how}",
        _ENABLE_AGAIN,
    )


def _ip_configs(item: ReplicatedItem, nic: ReplicatedNic, live: Nic) -> Iterator[Finding]:
    by_name = {use.name.lower(): use for use in live.addresses}
    named = [config for config in nic.ip_configs if config.name]
    for config in named:
        use = by_name.pop(config.name.lower(), None)
        place = Place(item, nic, config)
        if use is None:
            yield _set_changed(item, f"{place} is replicated, and the NIC has it no more")
        else:
            yield from _moved(place, config, use)
    if len(named) == len(nic.ip_configs):
        for use in by_name.values():
            yield _not_recorded(item, nic, use)


def _moved(place: Place, config: ReplicatedIpConfig, use: NicAddress) -> Iterator[Finding]:
    """What the settings were derived from, against what the NIC has."""
    item, home = place.item, place.nic.source_network
    old, new = config.source_address, use.address
    is_set = f"; {config.address} is set for failover" if config.address else ""
    if old is not None and new is not None and old != new:
        severity = Severity.INFO if config.source_static is False else Severity.WARNING
        message = f"{place}: the source address was {old} and is {new} now{is_set}"
        yield item_finding(item, "source-address-moved", severity, message, _look(place, use))
    if use.subnet is not None and config.source_subnet is not None:
        was = f"{home.name if home else '?'}/{config.source_subnet}"
        network_moved = home is not None and home != use.subnet.parent
        if network_moved or use.subnet.name.lower() != config.source_subnet.lower():
            now = f"{use.subnet.parent.name}/{use.subnet.name}"
            message = f"{place}: the source subnet was {was} and is {now} now{is_set}"
            code = "source-subnet-moved"
            yield item_finding(item, code, Severity.WARNING, message, _look(place, use))
    if config.source_static is not None and config.source_static != use.static:
        was, now = ("static", "dynamic") if config.source_static else ("dynamic", "static")
        message = f"{place}: the source address was {was} and is {now} now{is_set}"
        code = "source-allocation-changed"
        yield item_finding(item, code, Severity.WARNING, message, _look(place, use))


def _look(place: Place, use: NicAddress) -> str:
    vm = place.item.vm_name
    look = f"Look at `asr-netmap plan --only vm={vm}` when Site Recovery has taken it over"
    return f"{look}, or set an address: {place.row(address=use.address)}"


def _not_recorded(item: ReplicatedItem, nic: ReplicatedNic, use: NicAddress) -> Finding:
    where = f"{nic.name}/{use.name}"
    if isinstance(use.address, IPv6Address):
        message = f"{where} has {use.address}: Site Recovery does not keep IPv6"
        return item_finding(item, "ipv6", Severity.INFO, message)
    text = (
        f"{where} ({use.address or 'dynamic'}) is at the VM and not replicated: it will not exist"
    )
    return _set_changed(item, f"{text} after a failover")


def _set_changed(item: ReplicatedItem, message: str) -> Finding:
    return item_finding(item, "ip-configs-changed", Severity.WARNING, message, _ENABLE_AGAIN)


def _security_groups(item: ReplicatedItem, nic: ReplicatedNic, live: Nic) -> Iterator[Finding]:
    groups = live.application_security_groups
    if groups:
        yield item_finding(
            item,
            "asg-lost",
            Severity.WARNING,
            f"{nic.name} belongs to application security groups "
            f"({', '.join(g.name for g in groups)}), which a failover does not keep",
            f"Create such groups in {item.target_region}, and add them after a failover, for "
            "instance from the recovery plan.",
            _join_groups(item, nic, groups),
        )


def _join_groups(item: ReplicatedItem, nic: ReplicatedNic, groups: Iterable[ArmId]) -> str:
    """What makes groups of the same names and puts the NIC into them, once it is there."""
    to_be = nic_after(item, nic, name="--nic-name")
    if not to_be or not nic.ip_configs:
        return ""
    names = [group.name for group in groups]
    place = (*to_be[:4], "-l", item.target_region)
    made = (az("network asg create", *place, "-n", name) for name in names)
    config = ("-n", nic.ip_configs[0].name, "--application-security-groups", *names)
    return in_turn(*made, az("network nic ip-config update", *to_be, *config))
