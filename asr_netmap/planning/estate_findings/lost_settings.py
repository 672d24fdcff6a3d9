"""Settings of a NIC that a failover does not keep, since a replicated item has no place for them.

The NICs of a replicated item have fields for address, NSG, public IP, load balancer pools and
accelerated networking, and none for these (Microsoft Learn, REST, Replication Protected Items,
2025-08-01); the support matrix is silent on them.
"""

from __future__ import annotations

from collections.abc import Iterator

from asr_netmap.models import Inventory, ReplicatedItem, ReplicatedNic
from asr_netmap.planning.commands import az
from asr_netmap.planning.estate_findings.uses import Uses
from asr_netmap.planning.item_findings import item_finding, nic_after
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.rules.readiness import failover_under_way


def lost_settings_findings(uses: Uses) -> Iterator[Finding]:
    """IP forwarding and DNS servers of the NICs as they are at the source."""
    for item in uses.items:
        if failover_under_way(item):
            continue  # the source NICs are not those in use
        for nic in item.nics:
            yield from _of_nic(uses.inventory, item, nic)


def _of_nic(inventory: Inventory, item: ReplicatedItem, nic: ReplicatedNic) -> Iterator[Finding]:
    live = inventory.nic(nic.id)
    if live is None or live.vm != item.vm:
        return
    to_be = nic_after(item, nic)
    if live.ip_forwarding:
        yield item_finding(
            item,
            "ip-forwarding-lost",
            Severity.WARNING,
            f"{nic.name} forwards IP traffic, which a failover does not keep: what is routed "
            f"through {item.vm_name} would be dropped",
            "Switch it on after a failover, for instance from the recovery plan.",
            az("network nic update", *to_be, "--ip-forwarding", "true") if to_be else "",
        )
    if live.dns_servers:
        servers = " ".join(live.dns_servers)
        yield item_finding(
            item,
            "nic-dns-lost",
            Severity.WARNING,
            f"{nic.name} has DNS servers of its own ({servers}), which a failover does not keep",
            "Set them on the target network, or after a failover, for instance from the recovery "
            "plan.",
            az("network nic update", *to_be, "--dns-servers", *live.dns_servers) if to_be else "",
        )
