"""One IP config on one side, and what the rules come to for it; pure.

The planner makes changes and findings of it, the explanation tells it. Both ask here, so that
they can't disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from asr_netmap.models import (
    Inventory,
    IpAddress,
    Network,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
    Subnet,
)
from asr_netmap.planning.nic_setting import Setting, SettingValue
from asr_netmap.rules.addresses import AddressSearch, Demand
from asr_netmap.rules.allocation import (
    AddressBook,
    Grant,
    Trouble,
    Wish,
    address_trouble,
    claimant,
    is_reserved,
    misplaced,
)
from asr_netmap.rules.branches import (
    Answer,
    Branch,
    Considered,
    consider,
    decide,
    decider,
    decides,
    passes,
    with_branch,
)
from asr_netmap.rules.subnets import SubnetChoice, SubnetSearch
from asr_netmap.settings import AddressMode, AddressRule

WHAT_IS_SET = "what is set"
_AFTER_EXPLICIT = 1
"""The place of what is set among the branches of either rule: only an explicit word is stronger."""


@dataclass(frozen=True, slots=True)
class Side:
    """Failover or test failover of one item: its network and what the configuration says of it.

    explicit_only -- nothing is set but what is given for single IP configs.
    """

    test: bool
    network: Network
    subnets: Mapping[str, str]
    addresses: tuple[AddressRule, ...]
    mode: AddressMode
    explicit_only: bool = False

    def name(self, setting: str) -> str:
        """The setting's name on this side."""
        return f"test_{setting}" if self.test else setting


@dataclass(frozen=True, slots=True)
class Spot:
    """One IP config on one side, with what is said of it explicitly.

    home -- the subnet that it is in at the source, if it is known.
    subnet_by_user, address_by_user -- whether somebody set what is set now.
    """

    side: Side
    nic: ReplicatedNic
    config: ReplicatedIpConfig
    given: Mapping[str, Any]
    home: Subnet | None = None
    subnet_by_user: bool = False
    address_by_user: bool = True

    def current(self, setting: str) -> Any:
        """What is set now."""
        return getattr(self.config, self.side.name(setting))

    def explicit(self, setting: str) -> Any:
        """What the configuration says of just this one; None: nothing."""
        return self.given.get(self.side.name(setting))

    @property
    def existing_subnet(self) -> Subnet | None:
        """The subnet that is set, if the side's network has it."""
        name = self.current("subnet")
        return self.side.network.subnet(name) if name else None

    @property
    def subnet_question(self) -> Hashable:
        """All that `decide_subnet` looks at: the same question has the same answer."""
        side = self.side
        return (
            side.test,
            side.network.id.key,
            tuple(side.subnets.items()),
            self.config.source_subnet,
            self.explicit("subnet"),
            self.current("subnet"),
            self.subnet_by_user,
        )

    @property
    def left_alone(self) -> str:
        """Why no rule is asked; empty: they are."""
        if self.explicit("subnet") is not None or self.explicit("address") is not None:
            return ""
        if self.side.explicit_only:
            return "left as it is: nothing is said of it"
        if not comes_along(self.config):
            return "no rule is asked: a secondary IP config that is not selected"
        return ""

    def setting(self, name: str, value: SettingValue, reason: str) -> Setting:
        """That setting with a value."""
        return Setting(self.side.name(name), value, self.nic.id, self.config.name, reason)

    def __str__(self) -> str:
        where = "test failover of " if self.side.test else ""
        return f"{where}{self.nic.name}/{self.config.name}"


def comes_along(config: ReplicatedIpConfig) -> bool:
    """Whether an IP config will exist after a failover: it is the primary one, or selected."""
    return config.primary or config.selected


def keeps_address(config: ReplicatedIpConfig, given: Mapping[str, Any], *, test: bool) -> bool:
    """Whether an address is set that rows do not clear: then its subnet can't be cleared either.

    No recording and no document shows what Site Recovery does with an address without a subnet.
    """
    current = config.test_address if test else config.address
    word = given.get("test_address" if test else "address")
    return current is not None and word is not AddressMode.DYNAMIC


def home_subnet(
    nic: ReplicatedNic, config: ReplicatedIpConfig, inventory: Inventory
) -> Subnet | None:
    """The subnet that the IP config is in at the source, if it was seen."""
    network = inventory.network(nic.source_network) if nic.source_network else None
    return network.subnet(config.source_subnet or "") if network else None


@dataclass(frozen=True, slots=True)
class SubnetDecision:
    """Which subnet a spot is to have.

    considered -- the branches of the rule, with what is set at its place among them.
    ruled -- what the rules alone give; chosen -- what it comes to.
    """

    considered: tuple[Considered[SubnetChoice], ...]
    ruled: SubnetChoice
    chosen: SubnetChoice

    @property
    def kept(self) -> bool:
        """Whether what is set stays against the rules."""
        return decider(self.considered)[0] == WHAT_IS_SET


def decide_subnet(
    spot: Spot, *, enforce: bool, refuse_fallback: bool, full: Callable[[Subnet], bool]
) -> SubnetDecision:
    """The subnet to have: the rule's, or the one that is set and kept.

    The same for all spots whose `subnet_question` is the same.

    enforce -- what somebody set is replaced where the rules give another.
    refuse_fallback, full -- as for `choose_subnet`.
    """
    side = spot.side
    search = SubnetSearch(
        spot.config.source_subnet,
        side.network,
        spot.explicit("subnet"),
        side.subnets,
        refuse_fallback,
        full,
    )
    rule = tuple(consider(search.branches()))
    ruled = _choice(rule)
    held = Branch(WHAT_IS_SET, lambda: _held_subnet(spot, ruled, enforce=enforce))
    considered = with_branch(rule, _AFTER_EXPLICIT, held)
    chosen = _choice(considered)
    current = spot.current("subnet")
    if current and spot.existing_subnet is None and chosen.subnet is not None:
        reason = f"{current} is no subnet of {side.network.name}; {chosen.reason}"
        chosen = replace(chosen, reason=reason)
    return SubnetDecision(considered, ruled, chosen)


def _choice(considered: Sequence[Considered[SubnetChoice]]) -> SubnetChoice:
    chosen = decider(considered)[1].outcome
    assert chosen is not None, "every branch for a subnet has a choice"
    return chosen


def _held_subnet(spot: Spot, ruled: SubnetChoice, *, enforce: bool) -> Answer[SubnetChoice]:
    """Whether the subnet that is set has the last word: it stays against the rules."""
    current, existing = spot.current("subnet"), spot.existing_subnet
    if not current:
        return passes("no subnet is set")
    if existing is None:
        return passes(f"{current} is no subnet of {spot.side.network.name}")
    if existing == ruled.subnet:
        return passes(f"{existing.name} is set, and the rules give the same")
    stays = SubnetChoice(existing, ruled.rule, "as it is set")
    if ruled.subnet is None:
        why = f"{existing.name} is set and stays: the rules give none ({ruled.problem})"
        return decides(stays, why)
    if spot.subnet_by_user and not enforce:
        rules_give = f"the rules give {ruled.subnet.name} ({ruled.reason})"
        return decides(stays, f"{existing.name} was set by somebody and stays; {rules_give}")
    by_whom = "but not by a user"
    if spot.subnet_by_user:
        by_whom = "and `existing: enforce` replaces it"
    return passes(f"{existing.name} is set, {by_whom}")


@dataclass(frozen=True, slots=True)
class AddressDecision:
    """Which address a spot is to have.

    search -- what the rule was asked for.
    demand -- what the rules alone give; None: it is left as it is.
    stays -- whether the address that is set stays, though there is a demand.
    differs -- whether a valid one is set that is not what the rules demand.
    trouble -- what keeps the one that they demand from it, where they differ.
    """

    spot: Spot
    search: AddressSearch
    demand: Demand | None
    stays: bool = False
    differs: bool = False
    trouble: Trouble | None = None

    @property
    def considered(self) -> tuple[Considered[Demand], ...]:
        """As for a subnet; put together when it is asked for, which planning never does."""
        held = Branch(WHAT_IS_SET, lambda: _held_address(self))
        return with_branch(tuple(consider(self.search.branches())), _AFTER_EXPLICIT, held)

    @property
    def clears(self) -> bool:
        """Whether no static address is to be set any more."""
        return self.demand is not None and self.demand.dynamic and not self.stays

    @property
    def lost(self) -> Trouble | None:
        """Why the address that is set can't be given, where it is to be replaced."""
        current = self.spot.current("address")
        if current is None or self.demand is None or self.stays:
            return None
        return misplaced(current, self.search.target)

    @property
    def asks(self) -> bool:
        """Whether an address is to be given out."""
        return self.demand is not None and not self.demand.dynamic and not self.stays


def decide_address(
    spot: Spot, item: ReplicatedItem, subnet: Subnet, book: AddressBook, *, enforce: bool
) -> AddressDecision:
    """The address to have, or to ask for; one that is set and valid is moved by words only.

    subnet -- the one to have. book -- who has what in the side's network, before this plan.
    """
    side, given = spot.side, spot.explicit("address")
    search = AddressSearch(spot.config, given, side.addresses, side.mode, spot.home, subnet)
    demand = decide(search.branches())[1].outcome
    current: IpAddress | None = spot.current("address")
    valid = current is not None and subnet.holds(current) and not is_reserved(current, subnet)
    differs = valid and demand is not None and demand.strict and demand.preferred != current
    trouble = None
    replaced = False
    if differs and demand is not None:
        trouble = address_trouble(wish_of(spot, item, subnet, demand), book)
        word = given is not None
        asked = word or enforce or not spot.address_by_user
        replaced = asked and (trouble is None or (word and demand.firm))
    stays = valid and demand is not None and not replaced
    return AddressDecision(spot, search, demand, stays, differs, trouble)


def _held_address(found: AddressDecision) -> Answer[Demand]:
    """Whether the address that is set has the last word: it stays against the rules."""
    spot, subnet = found.spot, found.search.target
    current: IpAddress | None = spot.current("address")
    if current is None:
        return passes("no address is set")
    if not subnet.holds(current):
        return passes(f"{current} is outside {subnet.name}")
    if is_reserved(current, subnet):
        return passes(f"{current} is one of the five that Azure reserves")
    if found.demand is None or not found.differs:
        return passes(f"{current} is set, and the rules ask for no other")
    if found.stays:
        return decides(None, _stays(current, found.demand, found.trouble))
    by = "`existing: enforce`" if spot.address_by_user else "the rule"
    if spot.explicit("address") is not None:
        by = "what is given for it"
    return passes(f"{current} is set, and {by} replaces it")


def _stays(current: IpAddress, demand: Demand, trouble: Trouble | None) -> str:
    if trouble is not None:
        return f"{current} is set and stays: {trouble.text} ({demand.reason})"
    wanted = "a dynamic one" if demand.dynamic else str(demand.preferred)
    rules_give = f"the rules give {wanted} ({demand.reason})"
    return f"{current} was set by somebody and stays; {rules_give}"


def wish_of(spot: Spot, item: ReplicatedItem, subnet: Subnet, demand: Demand) -> Wish:
    """What the spot asks of the allocation."""
    return Wish(
        claimant(item, spot.nic, spot.config),
        item.id,
        spot.side.network.id,
        subnet,
        demand.preferred,
        demand.firm,
        demand.reason,
        demand.otherwise,
    )


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules come to for one spot, before addresses are given out.

    address -- None: nothing is asked, and `no_address` says why.
    wish -- what is asked of the allocation; None: nothing.
    """

    spot: Spot
    subnet: SubnetDecision
    address: AddressDecision | None = None
    no_address: str = ""
    wish: Wish | None = None

    def settings(self, grant: Grant | None) -> Iterator[Setting]:
        """What is to be set; what is not among it stays as it is.

        grant -- what the wish got, if there is one. Who finds no room in a subnet isn't put
            into it.
        """
        trouble = grant.trouble if grant is not None else None
        chosen, spot = self.subnet.chosen, self.spot
        if chosen.cleared and not keeps_address(spot.config, spot.given, test=spot.side.test):
            yield spot.setting("subnet", None, chosen.reason)
            if spot.explicit("address") is AddressMode.DYNAMIC:
                yield spot.setting("address", None, "dynamic, as configured")
        if chosen.subnet is None or (trouble is not None and trouble.no_room):
            return
        yield spot.setting("subnet", chosen.subnet.name, chosen.reason)
        if grant is not None and trouble is None:
            yield spot.setting("address", grant.address, self._with_lost(grant.reason))
        if self.address is not None and self.address.clears:
            assert self.address.demand is not None, "what clears is a demand"
            reason = self._with_lost(self.address.demand.reason)
            yield spot.setting("address", None, reason)

    def _with_lost(self, reason: str) -> str:
        """The reason for an address, with what becomes of the one that was set."""
        lost = self.address.lost if self.address is not None else None
        if lost is None:
            return reason
        return f"{self.spot.current('address')}, which was set, {lost.text}; {reason}"
