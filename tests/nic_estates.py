"""Small estates around one VM, for the tests of predictions, references and NIC findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.models import (
    Inventory,
    LoadBalancer,
    Nic,
    NicAddress,
    Peering,
    RegionalResource,
    ReplicatedItem,
    VirtualMachine,
)
from asr_netmap.planning.address_findings import Futures
from asr_netmap.planning.nic_findings import nic_findings
from asr_netmap.planning.plan import Finding
from tests.builders import (
    APP,
    APP_ASR,
    SOURCE,
    SUBSCRIPTION,
    TARGET,
    existing_nic,
    inventory,
    ip_config,
    network,
    network_id,
    nic_id,
    replicated_nic,
    resource,
    vm_id,
)
from tests.builders import item as plain_item

DR = network("vnet-dr", TARGET, "10.20.0.0/16", {"web": "10.20.1.0/24"})
TEST = network("vnet-test", TARGET, "10.1.0.0/16", {"web": "10.1.1.0/24", "app": "10.1.2.0/24"})
NETWORKS = (APP, APP_ASR, DR, TEST)


def vm(name: str = "app1", address: str = "10.1.1.10", **more: Any) -> ReplicatedItem:
    """A VM in vnet-app that fails over into its copy, settled: subnet and address are set."""
    config = {"subnet": "web", "to": address, **more.pop("config", {})}
    nic = replicated_nic(f"{name}-nic", ip_config(address, **config), **more.pop("nic", {}))
    values = {"target": "vnet-app-asr", "nics": (nic,), **more}
    return plain_item(name, **values)


def live_nic(
    name: str = "app1-nic",
    address: str = "10.1.1.10",
    *,
    of_vm: str | None = "app1",
    subnet: str = "web",
    network_name: str = "vnet-app",
    static: bool = True,
    config: str = "ipconfig1",
    **more: Any,
) -> Nic:
    """The NIC as it is at the source."""
    base = existing_nic(name, address, of=network_name, group="rg-app", region=SOURCE)
    use = replace(
        base.addresses[0],
        name=config,
        static=static,
        subnet=network_id(network_name).child("subnets", subnet),
    )
    return replace(base, vm=vm_id(of_vm) if of_vm else None, addresses=(use,), **more)


def estate(*items: ReplicatedItem, nics: Iterable[Nic] | None = None, **more: Any) -> Inventory:
    """All the networks above; the source NICs as recorded, unless others are given."""
    if nics is None:
        nics = [as_recorded(item, n) for item in items for n in range(len(item.nics))]
    return inventory(*items, **{"networks": NETWORKS, "nics": tuple(nics), **more})


def as_recorded(item: ReplicatedItem, place: int = 0) -> Nic:
    """A NIC that is exactly as Site Recovery has it."""
    nic = item.nics[place]
    uses = tuple(
        NicAddress(
            c.name,
            nic.source_network.child("subnets", c.source_subnet or "web")
            if nic.source_network
            else None,
            c.source_address,
            bool(c.source_static),
            c.primary,
        )
        for c in nic.ip_configs
    )
    return Nic(nic.id, item.source_region, item.vm, uses)


def found(where: Inventory, *known: Finding) -> list[Finding]:
    """The findings about every item of an estate."""
    return list(nic_findings(Futures.of(where), where.items, known))


def codes_in(where: Inventory, *known: Finding) -> list[str]:
    return [finding.code for finding in found(where, *known)]


def only(where: Inventory, code: str) -> Finding:
    """The one finding of that code."""
    (one,) = [finding for finding in found(where) if finding.code == code]
    return one


def peered(one: Any, *others: Any, state: str = "Connected") -> Any:
    """The network, peered with others."""
    peerings = tuple(Peering(f"to-{o.name}", o.id, state) for o in others)
    return replace(one, peerings=(*one.peerings, *peerings))


def regional(kind: str, name: str, region: str = TARGET, sku: str = "") -> RegionalResource:
    return RegionalResource(resource(f"Microsoft.Network/{kind}", name, "rg-dr"), region, sku)


def public_ip(name: str = "pip", **more: Any) -> RegionalResource:
    return regional("publicIPAddresses", name, **more)


def nsg(name: str = "nsg", **more: Any) -> RegionalResource:
    return regional("networkSecurityGroups", name, **more)


def balancer(
    name: str = "lb",
    *,
    of: str | None = "vnet-app-asr",
    address: str = "10.1.1.200",
    region: str = TARGET,
    sku: str = "",
) -> LoadBalancer:
    """A load balancer with the pool ``pool``; `of` None: without a private frontend."""
    own = resource("Microsoft.Network/loadBalancers", name, "rg-dr")
    frontends: tuple[NicAddress, ...] = ()
    if of is not None:
        frontends = existing_nic("x", address, of=of).addresses
        frontends = (replace(frontends[0], name="front"),)
    return LoadBalancer(own, region, sku, (own.child("backendAddressPools", "pool"),), frontends)


def elsewhere(kind: str, name: str, subscription: str) -> ArmId:
    """The id of a network resource in another subscription."""
    group = ArmId.of_group(subscription, "rg-dr")
    return group.provider_child("Microsoft.Network", kind, name)


def vms(*names: str) -> tuple[VirtualMachine, ...]:
    return tuple(VirtualMachine(vm_id(name), SOURCE) for name in names)


__all__ = [
    "APP",
    "APP_ASR",
    "DR",
    "NETWORKS",
    "SUBSCRIPTION",
    "TEST",
    "as_recorded",
    "balancer",
    "codes_in",
    "elsewhere",
    "estate",
    "found",
    "live_nic",
    "nic_id",
    "nsg",
    "only",
    "peered",
    "public_ip",
    "vm",
    "vms",
]
