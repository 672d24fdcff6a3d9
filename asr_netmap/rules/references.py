"""What an item's settings refer to: whether it exists, and whether Azure can use it there.

Rules: every referenced resource must exist beforehand; NSG, public IP and internal load balancer
in the target's subscription and region, the load balancer in the target network, with a frontend,
a pool and the SKU of the public IP (Microsoft Learn, azure-to-azure-customize-networking, 2021).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import InvalidArmId
from asr_netmap.models import (
    Inventory,
    LoadBalancer,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
)


class Problem(Enum):
    """What can be wrong with a reference."""

    GONE = "does not exist"
    UNSEEN = "could not be looked at"
    REGION = "wrong region"
    NETWORK = "wrong network"
    SUBSCRIPTION = "wrong subscription"
    SKU = "SKUs differ"
    NO_NIC = "no NIC to reuse"
    IN_USE = "NIC in use"


@dataclass(frozen=True, slots=True)
class Reference:
    """A setting that names a resource.

    setting -- its name, such as ``public_ip`` or ``test_lb_pools``.
    nic, ip_config -- where it is set; None for what belongs to the whole item or NIC.
    """

    setting: str
    target: ArmId
    nic: ArmId | None = None
    ip_config: str | None = None

    @property
    def test(self) -> bool:
        """Whether it is for test failover."""
        return self.setting.startswith("test_")

    def __str__(self) -> str:
        place = "/".join(part for part in (self.nic and self.nic.name, self.ip_config) if part)
        return f"{place}: {self.setting}" if place else self.setting


@dataclass(frozen=True, slots=True)
class ReferenceProblem:
    """What is wrong with one reference; `text` is the reason as the end of a sentence."""

    reference: Reference
    problem: Problem
    text: str

    @property
    def blocks(self) -> bool:
        """Whether nothing should be sent for the item until it is cleared or put right.

        A NIC to reuse that isn't there doesn't: reuse is "subject to availability" (Site Recovery
        API reference, reuseExistingNic).
        """
        return self.problem is Problem.GONE


def references_of(item: ReplicatedItem) -> Iterator[Reference]:
    """Everything that the item's settings name, in a fixed order."""
    yield from _named("target_network", item.target_network)
    yield from _named("test_network", item.test_network)
    for nic in item.nics:
        for setting, value in (("nsg", nic.nsg), ("test_nsg", nic.test_nsg)):
            yield from _named(setting, value, nic.id)
        yield from _reused(item, nic)
        for config in nic.ip_configs:
            for setting, value in (
                ("public_ip", config.public_ip),
                ("test_public_ip", config.test_public_ip),
            ):
                yield from _named(setting, value, nic.id, config.name)
            for setting, pools in (
                ("lb_pools", config.lb_pools),
                ("test_lb_pools", config.test_lb_pools),
            ):
                for pool in pools:
                    yield Reference(setting, pool, nic.id, config.name)


class References:
    """Checks references against one inventory; reads it once, so that many items cost little."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._regional = {r.id: r for r in inventory.regional}
        self._balancers = {b.id: b for b in inventory.load_balancers}
        self._subscriptions = _read_subscriptions(inventory)

    def problems(self, item: ReplicatedItem) -> Iterator[ReferenceProblem]:
        """What is wrong with what the item refers to; nothing is said of what is right."""
        for reference in references_of(item):
            for problem, text in self._check(item, reference):
                yield ReferenceProblem(reference, problem, text)
        for nic in item.nics:
            for config in nic.ip_configs:
                yield from self._skus(nic, config)

    def gone(self, item: ReplicatedItem) -> tuple[Reference, ...]:
        """The references to what is certainly not there any more."""
        return tuple(p.reference for p in self.problems(item) if p.blocks)

    def _check(self, item: ReplicatedItem, ref: Reference) -> Iterator[tuple[Problem, str]]:
        setting = ref.setting.removeprefix("test_")
        if setting in {"target_network", "network"}:
            yield from self._network(item, ref)
        elif setting == "lb_pools":
            yield from self._pool(item, ref)
        elif setting == "nic_name":
            yield from self._nic(item, ref)
        else:
            yield from self._resource(item, ref)

    def _network(self, item: ReplicatedItem, ref: Reference) -> Iterator[tuple[Problem, str]]:
        network = self._inventory.network(ref.target)
        if network is None:
            yield self._absent(ref.target, f"the network {ref.target}")
        else:
            yield from _elsewhere(item, network.region)

    def _resource(self, item: ReplicatedItem, ref: Reference) -> Iterator[tuple[Problem, str]]:
        found = self._regional.get(ref.target)
        if found is None:
            yield self._absent(ref.target, str(ref.target))
            return
        yield from _elsewhere(item, found.region)
        yield from _subscription(item, ref.target)

    def _pool(self, item: ReplicatedItem, ref: Reference) -> Iterator[tuple[Problem, str]]:
        balancer = self._balancers.get(ref.target.parent)
        if balancer is None:
            yield self._absent(ref.target, f"the load balancer {ref.target.parent}")
            return
        if ref.target not in balancer.pools:
            yield self._absent(ref.target, f"the pool {ref.target.name} of {balancer.id.name}")
        yield from _elsewhere(item, balancer.region)
        yield from _subscription(item, ref.target)
        network = item.test_network if ref.test else item.target_network
        if network is not None:
            yield from _frontend(balancer, network)

    def _nic(self, item: ReplicatedItem, ref: Reference) -> Iterator[tuple[Problem, str]]:
        """A NIC that a failover may use again; its absence only means that one is made."""
        nic = self._inventory.nic(ref.target)
        if nic is None:
            problem = self._missing(ref.target)
            if problem is Problem.GONE:
                yield Problem.NO_NIC, f"there is no NIC {ref.target} to reuse"
            else:
                yield problem, f"the NIC {ref.target} could not be looked at"
            return
        yield from _elsewhere(item, nic.region)
        own = {n.lower() for n in (item.target_vm_name, item.test_vm_name, item.vm_name) if n}
        if nic.vm is not None and nic.vm.name.lower() not in own:
            yield Problem.IN_USE, f"the NIC {nic.id.name} belongs to the VM {nic.vm.name}"
        network = item.test_network if ref.test else item.target_network
        homes = {a.subnet.parent for a in nic.addresses if a.subnet is not None}
        if network is not None and homes and network not in homes:
            there = ", ".join(sorted(home.name for home in homes))
            yield Problem.NETWORK, f"the NIC {nic.id.name} is in {there}, not in {network.name}"

    def _skus(self, nic: ReplicatedNic, config: ReplicatedIpConfig) -> Iterator[ReferenceProblem]:
        for prefix, public_ip, pools in (
            ("", config.public_ip, config.lb_pools),
            ("test_", config.test_public_ip, config.test_lb_pools),
        ):
            if public_ip not in self._regional:
                continue
            found = self._regional[public_ip]
            for balancer in self._behind(pools):
                if found.sku and balancer.sku and balancer.sku.lower() != found.sku.lower():
                    yield ReferenceProblem(
                        Reference(f"{prefix}public_ip", found.id, nic.id, config.name),
                        Problem.SKU,
                        f"the public IP {found.id.name} is {found.sku} and the load balancer "
                        f"{balancer.id.name} is {balancer.sku}: both need one SKU",
                    )

    def _behind(self, pools: Iterable[ArmId]) -> Iterator[LoadBalancer]:
        for balancer_id in dict.fromkeys(pool.parent for pool in pools):
            balancer = self._balancers.get(balancer_id)
            if balancer is not None:
                yield balancer

    def _absent(self, target: ArmId, what: str) -> tuple[Problem, str]:
        problem = self._missing(target)
        return problem, f"{what} {problem.value}"

    def _missing(self, target: ArmId) -> Problem:
        """Gone only if all that could hold it was read: absent must mean absent."""
        read = target.subscription.lower() in self._subscriptions
        return Problem.GONE if read and self._inventory.looked_at(target) else Problem.UNSEEN


def blocked_by(gone: Collection[Reference]) -> str:
    """The reason of a blocked item, in words."""
    names = ", ".join(f"{ref.target.name} ({ref})" for ref in gone)
    return f"its settings refer to what does not exist: {names}; clear that first"


def _named(
    setting: str, target: ArmId | None, nic: ArmId | None = None, ip_config: str | None = None
) -> Iterator[Reference]:
    if target is not None:
        yield Reference(setting, target, nic, ip_config)


def _reused(item: ReplicatedItem, nic: ReplicatedNic) -> Iterator[Reference]:
    for setting, reuse, name, group in (
        ("nic_name", nic.reuse_nic, nic.nic_name, nic.nic_group),
        ("test_nic_name", nic.test_reuse_nic, nic.test_nic_name, nic.test_nic_group),
    ):
        if reuse and name and item.target_group is not None:
            where = item.target_group
            try:
                home = ArmId.of_group(where.subscription, group or where.group)
                target = home.provider_child("Microsoft.Network", "networkInterfaces", name)
            except InvalidArmId:
                continue  # Azure would not take such a name either, so there is nothing to find
            yield Reference(setting, target, nic.id)


def _elsewhere(item: ReplicatedItem, region: str) -> Iterator[tuple[Problem, str]]:
    if region != item.target_region:
        yield Problem.REGION, f"it is in {region}, and {item.vm_name} goes to {item.target_region}"


def _subscription(item: ReplicatedItem, target: ArmId) -> Iterator[tuple[Problem, str]]:
    group = item.target_group
    if group is not None and group.subscription.lower() != target.subscription.lower():
        yield (
            Problem.SUBSCRIPTION,
            f"it is in subscription {target.subscription}, and {item.vm_name} goes to "
            f"{group.subscription}",
        )


def _frontend(balancer: LoadBalancer, network: ArmId) -> Iterator[tuple[Problem, str]]:
    homes = {f.subnet.parent for f in balancer.frontends if f.subnet is not None}
    if network in homes:
        return
    if homes:
        there = ", ".join(sorted(home.name for home in homes))
        text = f"the load balancer {balancer.id.name} has its frontend in {there}"
    else:
        text = f"the load balancer {balancer.id.name} has no private frontend"
    yield Problem.NETWORK, f"{text}, and one in {network.name} is needed"


def _read_subscriptions(inventory: Inventory) -> frozenset[str]:
    """The subscriptions of which something was read; of others nothing can be concluded."""
    read: list[ArmId] = [group.id for group in inventory.groups]
    read += [network.id for network in inventory.networks]
    read += [nic.id for nic in inventory.nics]
    return frozenset(each.subscription.lower() for each in read)
