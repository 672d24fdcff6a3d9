"""Which address an IP config should have: the documented rule, and the modes beside it.

What is decided here is a demand; whether it can be met is the matter of the allocation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from asr_netmap.models import ReplicatedIpConfig, Subnet
from asr_netmap.rules.allocation import is_reserved
from asr_netmap.settings import AddressMode, AddressRule


@dataclass(frozen=True, slots=True)
class Demand:
    """What an IP config should have.

    preferred -- the address; None: any free one, or with `strict` none at all (dynamic).
    strict -- another address that is set already is wrong, however valid.
    firm -- if it can't be had, no other one is taken.
    reason -- why; otherwise -- the start of the sentence when another one has to be taken.
    """

    preferred: IPv4Address | None
    strict: bool
    firm: bool
    reason: str
    otherwise: str = ""

    @property
    def dynamic(self) -> bool:
        """Whether no static address should be set."""
        return self.preferred is None and self.strict


def demand_address(
    config: ReplicatedIpConfig,
    explicit: AddressMode | IPv4Address | None,
    prefix_rules: Sequence[AddressRule],
    mode: AddressMode,
    home: Subnet | None,
    target: Subnet,
) -> Demand | None:
    """The strongest word on the address of `config`; None: it is left as it is.

    Strength: an explicit address or mode, then the first prefix rule that holds the source
    address, then the mode of the network or of all.

    home, target -- the source subnet, if it is known, and the chosen target subnet.
    """
    if isinstance(explicit, IPv4Address):
        return Demand(explicit, True, True, "set explicitly in the configuration")
    source = config.source_address
    if explicit is None and isinstance(source, IPv4Address):
        for rule in prefix_rules:
            moved = rule.translate(source)
            if moved is not None:
                reason = f"{source} moves from {rule.from_} to {rule.to}, host part kept"
                return Demand(moved, True, True, reason)
    return _by_mode(explicit or mode, config, home, target)


def _by_mode(
    mode: AddressMode, config: ReplicatedIpConfig, home: Subnet | None, target: Subnet
) -> Demand | None:
    source = config.source_address
    if mode is AddressMode.DYNAMIC:
        return Demand(None, True, False, "dynamic, as configured")
    if mode is AddressMode.NEXT_FREE:
        return Demand(None, False, False, "the next free address, as configured")
    if mode is AddressMode.UNMANAGED or not isinstance(source, IPv4Address):
        return None
    if mode is AddressMode.SAME:
        return Demand(source, True, True, "the same address as at the source, as configured")
    return _documented(source, config.source_static, home, target)


def _documented(
    source: IPv4Address, static: bool | None, home: Subnet | None, target: Subnet
) -> Demand | None:
    """The rule of Site Recovery's documentation (2017, 2026).

    Dynamic stays dynamic. Static: the same address where the subnets have the same address space
    and it is free, else another free one. Of the free ones we prefer the one at the same place
    in the subnet, so that adding a VM moves nobody else.
    """
    if static is None:
        return None
    if not static:
        return Demand(None, True, False, "dynamic at the source, so dynamic at the target")
    if same_address_space(home, target):
        alike = "static, and both subnets have the same address space"
        return Demand(source, True, False, f"{alike}: the same address", f"{alike}, but")
    different = "static, and the subnets' address spaces differ: any free address"
    kept = keep_host_part(source, home, target)
    if kept is None or is_reserved(kept, target):
        return Demand(None, False, False, different)
    reason = f"{different}; {kept} has the same place in it as {source}"
    return Demand(kept, False, False, reason, f"{different};")


def same_address_space(source: Subnet | None, target: Subnet) -> bool:
    """Whether both subnets have the same IPv4 prefixes: the condition of 2017 and 2026."""
    return source is not None and set(source.ipv4) == set(target.ipv4) and bool(source.ipv4)


def keep_host_part(
    address: IPv4Address, source: Subnet | None, target: Subnet
) -> IPv4Address | None:
    """The address with the same place in the target subnet as `address` has in its own.

    None if the source prefix is unknown, or the place lies outside the target prefixes.
    """
    for source_prefix in source.ipv4 if source else ():
        if address in source_prefix:
            place = int(address) - int(source_prefix.network_address)
            for target_prefix in target.ipv4:
                if place < target_prefix.num_addresses:
                    return target_prefix.network_address + place
    return None
