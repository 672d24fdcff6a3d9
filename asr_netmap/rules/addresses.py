"""Which address an IP config should have: the documented rule, and the modes beside it.

What is decided here is a demand; whether it can be met is the matter of the allocation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address

from asr_netmap.models import ReplicatedIpConfig, Subnet
from asr_netmap.rules.allocation import is_reserved
from asr_netmap.rules.branches import Answer, Branch, decides, passes
from asr_netmap.settings import AddressMode, AddressRule

# Names of branches of the rule; each prefix rule and each mode has its own.
EXPLICIT = "explicit"
PREFIX_RULES = "prefix rules"
DOCUMENTED = "documented rule (2017, 2026)"

_AS_IT_IS = "it is left as it is"
# What is said of nearly every IP config, made once.
_NOTHING_GIVEN: Answer[Demand] = passes("no address or mode is given for it")
_NO_PREFIX_RULES: Branch[Demand] = Branch(
    PREFIX_RULES, lambda: passes("none is configured for this network")
)
_ASKS_FOR_DOCUMENTED: Answer[Demand] = passes("asks for the documented rule")
_MODE_NAMES = {mode: f"mode {mode.value}" for mode in AddressMode}


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


@dataclass(frozen=True, slots=True)
class AddressSearch:
    """What is asked for one IP config, and a method for each branch of the rule.

    Strength: an explicit address or mode, then the first prefix rule that holds the source
    address, then the mode of the network or of all; the mode `asr-default`, wherever it is given,
    asks for the documented rule. An outcome of None: the address is left as it is.

    home, target -- the source subnet, if it is known, and the chosen target subnet.
    """

    config: ReplicatedIpConfig
    explicit: AddressMode | IPv4Address | None
    prefix_rules: Sequence[AddressRule]
    mode: AddressMode
    home: Subnet | None
    target: Subnet

    def branches(self) -> tuple[Branch[Demand], ...]:
        """The branches, in the order in which they are asked."""
        return (
            Branch(EXPLICIT, self._explicit),
            *self._prefix_branches(),
            Branch(_MODE_NAMES[self.mode], self._mode),
            Branch(DOCUMENTED, self._documented),
        )

    def _explicit(self) -> Answer[Demand]:
        if self.explicit is None:
            return _NOTHING_GIVEN
        if isinstance(self.explicit, IPv4Address):
            return _demands(
                Demand(self.explicit, True, True, "set explicitly in the configuration")
            )
        if self.explicit is AddressMode.ASR_DEFAULT:
            return passes(f"{self.explicit.value} is given for it: asks for the documented rule")
        return self._by_mode(self.explicit)

    def _prefix_branches(self) -> Iterator[Branch[Demand]]:
        if not self.prefix_rules:
            yield _NO_PREFIX_RULES
        for rule in self.prefix_rules:
            yield Branch(f"prefix rule {rule.from_} -> {rule.to}", partial(self._prefix_rule, rule))

    def _prefix_rule(self, rule: AddressRule) -> Answer[Demand]:
        if self.explicit is not None:
            return passes(f"{self._given} is given for it")
        source = self.config.source_address
        moved = rule.translate(source) if isinstance(source, IPv4Address) else None
        if moved is None:
            return passes(f"does not hold {source or 'an unknown address'}")
        reason = f"{source} moves from {rule.from_} to {rule.to}, host part kept"
        return _demands(Demand(moved, True, True, reason))

    def _mode(self) -> Answer[Demand]:
        if self.explicit is not None:
            return passes(f"{self._given} is given for it")
        if self.mode is AddressMode.ASR_DEFAULT:
            return _ASKS_FOR_DOCUMENTED
        return self._by_mode(self.mode)

    def _by_mode(self, mode: AddressMode) -> Answer[Demand]:
        source = self.config.source_address
        if mode is AddressMode.DYNAMIC:
            return _demands(Demand(None, True, False, "dynamic, as configured"))
        if mode is AddressMode.NEXT_FREE:
            return _demands(Demand(None, False, False, "the next free address, as configured"))
        if mode is AddressMode.UNMANAGED:
            return decides(None, _AS_IT_IS)
        if not isinstance(source, IPv4Address):
            return decides(None, f"the source address is not known, so {_AS_IT_IS}")
        reason = "the same address as at the source, as configured"
        return _demands(Demand(source, True, True, reason))

    def _documented(self) -> Answer[Demand]:
        source, static = self.config.source_address, self.config.source_static
        if not isinstance(source, IPv4Address) or static is None:
            unknown = "the source's address or its kind is not known"
            return decides(None, f"{unknown}, so {_AS_IT_IS}")
        return _demands(_documented(source, static, self.home, self.target))

    @property
    def _given(self) -> str:
        value = self.explicit
        return value.value if isinstance(value, AddressMode) else str(value)


def _demands(demand: Demand) -> Answer[Demand]:
    return decides(demand, demand.reason)


def _documented(source: IPv4Address, static: bool, home: Subnet | None, target: Subnet) -> Demand:
    """The rule of Site Recovery's documentation (2017, 2026).

    Dynamic stays dynamic. Static: the same address where the subnets have the same address space
    and it is free, else another free one. Of the free ones we prefer the one at the same place
    in the subnet, so that adding a VM moves nobody else.
    """
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
    if source is None or not source.ipv4:
        return False
    return source.ipv4 == target.ipv4 or set(source.ipv4) == set(target.ipv4)


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
