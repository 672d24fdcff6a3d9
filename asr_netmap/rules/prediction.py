"""What Site Recovery will do by itself where nothing is set: predictions, never promises.

Its documents were rewritten several times, and they contradict themselves in places. So what they
say stands in two tables, one row for each case, with the document's date and whether all of them
agree; where they don't, the prediction is not certain and its text says both.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Network, ReplicatedIpConfig, Subnet
from asr_netmap.rules.addresses import same_address_space
from asr_netmap.rules.allocation import (
    RESERVED_FIRST,
    RESERVED_LAST,
    AddressBook,
    Claimant,
    Holder,
    capacity,
    is_reserved,
)
from asr_netmap.rules.subnets import alphabetically_first, unusable

MAPPING_2017 = "azure-to-azure-network-mapping, 2017-11-21"
MAPPING_2026 = "azure-to-azure-network-mapping, 2026-02-12"
MATRIX_2026 = "azure-to-azure-support-matrix, 2023 and later"
CUSTOMIZE_2021 = "azure-to-azure-customize-networking, 2021"


class Who(NamedTuple):
    """The IP config that a prediction is about."""

    item: ArmId
    claimant: Claimant


@dataclass(frozen=True, slots=True)
class Prediction:
    """What Site Recovery is expected to do with one IP config.

    subnet -- its name; None: it can't be told.
    address -- None: any address, or one that can't be told.
    static -- whether the address is expected to be a static one.
    text -- the same in words.
    rule -- the document that says so, with its date.
    certain -- the documents agree, and everything that they make it depend on is known.
    shortage -- why it may get no address at all; None: there is room.
    """

    subnet: str | None
    address: IPv4Address | None
    static: bool
    text: str
    rule: str
    certain: bool
    shortage: Shortage | None = None


@dataclass(frozen=True, slots=True)
class Shortage:
    """A subnet that has fewer free addresses than IP configs will need."""

    subnet: str
    free: int
    needed: int

    def __str__(self) -> str:
        need = "needs" if self.needed == 1 else "need"
        return f"{self.subnet} has {self.free} free and {self.needed} {need} one"


@dataclass
class Occupancy:
    """Who has which address of one network, asked so often that answers are remembered.

    needed -- by lower-case subnet name: how many IP configs without an address will need one.
    """

    book: AddressBook
    needed: Mapping[str, int] = field(default_factory=dict)
    _last: dict[str, IPv4Address | None] = field(default_factory=dict)
    _short: dict[str, Shortage | None] = field(default_factory=dict)

    def holder(self, address: IPv4Address, who: Who) -> Holder | None:
        """Who else has the address; None: nobody, or the item itself."""
        return self.book.other_holder(address, who.item, who.claimant)

    def last_free(self, subnet: Subnet) -> IPv4Address | None:
        """The free address nearest to the end of the subnet; None: it is full."""
        if subnet.name not in self._last:
            self._last[subnet.name] = _last_free(subnet, self.book)
        return self._last[subnet.name]

    def shortage(self, subnet: Subnet) -> Shortage | None:
        """Whether fewer addresses are free than needed; None: there is room for all.

        A left-over NIC of an item counts as free: its item is one of those that need an address.
        """
        key = subnet.name.lower()
        if key not in self._short:
            needed = self.needed.get(key, 1)
            free = 0 if self.last_free(subnet) is None else self._free(subnet)
            short = Shortage(subnet.name, free, needed)
            self._short[key] = short if free < needed else None
        return self._short[key]

    def _free(self, subnet: Subnet) -> int:
        held = self._held
        used = sum(
            bisect_right(held, int(prefix.broadcast_address) - RESERVED_LAST)
            - bisect_left(held, int(prefix.network_address) + RESERVED_FIRST)
            for prefix in subnet.ipv4
        )
        return capacity(subnet) - used

    @cached_property
    def _held(self) -> list[int]:
        """The addresses of all but items' left-over NICs, as numbers in their order."""
        return sorted(
            int(address)
            for address, holder in self.book.holders.items()
            if holder.item is None or holder.claimant is not None
            if isinstance(address, IPv4Address)
        )


class Case(Enum):
    """What the documents tell apart. The first nine are about failover, the rest about tests."""

    STATIC_FREE = "static, same address space, address free"
    STATIC_TAKEN = "static, same address space, address taken"
    STATIC_ELSEWHERE = "static, different address space"
    DYNAMIC_FREE = "dynamic, same address space, address free"
    DYNAMIC_TAKEN = "dynamic, same address space, address taken"
    DYNAMIC_ELSEWHERE = "dynamic, different address space"
    UNKNOWN_SOURCE = "the source's kind or subnet is not known"
    IPV6 = "IPv6"
    FULL = "the subnet is full"
    IN_FAILOVER_NETWORK = "test in the failover network, address free"
    IN_FAILOVER_NETWORK_TAKEN = "test in the failover network, address taken"
    APART = "test in another network, address free there"
    APART_TAKEN = "test in another network, address taken there"
    APART_OUTSIDE = "test in another network, address outside the subnet"


@dataclass(frozen=True, slots=True)
class Statement:
    """What the documents say of one case.

    says -- may hold {source} and {subnet}, {end} where the address comes from the end, and
        {shortage} where there is no room.
    keeps -- the source's address is used.
    from_end -- the last free address of the subnet is used.
    agreed -- all dates say the same, and say it of this case.
    """

    rule: str
    says: str
    static: bool
    agreed: bool = True
    keeps: bool = False
    from_end: bool = False


STATEMENTS: Mapping[Case, Statement] = {
    Case.STATIC_FREE: Statement(
        MAPPING_2026, "the same address as at the source, {source}, static", True, keeps=True
    ),
    Case.STATIC_TAKEN: Statement(
        MAPPING_2026, "{source} is taken, so the next available address of {subnet}, static", True
    ),
    Case.STATIC_ELSEWHERE: Statement(
        MAPPING_2026,
        "the subnets' address spaces differ, so the next available address of {subnet}, static",
        True,
    ),
    Case.DYNAMIC_FREE: Statement(
        f"{MAPPING_2017}; {MAPPING_2026}",
        "dynamic by the text of 2017; the text of 2026 says both that dynamic stays dynamic and "
        "that {source} is used whatever the NIC's setting",
        static=False,
        agreed=False,
    ),
    Case.DYNAMIC_TAKEN: Statement(
        MAPPING_2026, "{source} is taken, so another address of {subnet}, dynamic", static=False
    ),
    Case.DYNAMIC_ELSEWHERE: Statement(
        MAPPING_2026,
        "the subnets' address spaces differ, so any address of {subnet}, dynamic",
        static=False,
    ),
    Case.UNKNOWN_SOURCE: Statement(
        MAPPING_2026,
        "the rule depends on the source's subnet and allocation, and they are not known",
        static=False,
        agreed=False,
    ),
    Case.IPV6: Statement(
        MATRIX_2026,
        "IPv6 is not kept; newer texts give any free IPv4 address instead, older ones do not "
        "support it at all",
        static=False,
        agreed=False,
    ),
    Case.FULL: Statement(
        MAPPING_2026,
        "no free address: {shortage}, and no document says what happens then",
        static=False,
        agreed=False,
    ),
    Case.IN_FAILOVER_NETWORK: Statement(
        f"{MAPPING_2026}; the text of 2018",
        "{source}, static; the text of 2018 avoided, in the failover network, the very address "
        "that is meant for failover",
        True,
        agreed=False,
        keeps=True,
    ),
    Case.IN_FAILOVER_NETWORK_TAKEN: Statement(
        MAPPING_2026,
        "{source} is taken, so the last free address of {subnet}, {end} as things are now, static",
        True,
        from_end=True,
    ),
    Case.APART: Statement(
        MAPPING_2026, "{source}, static, since it is free in the test network", True, keeps=True
    ),
    Case.APART_TAKEN: Statement(
        MAPPING_2026,
        "{source} is taken in the test network, so the last free address of {subnet}, {end} as "
        "things are now, static",
        True,
        from_end=True,
    ),
    Case.APART_OUTSIDE: Statement(
        MAPPING_2026,
        "{source} is outside {subnet}, which the documents do not speak of; most likely its last "
        "free address, {end} as things are now",
        True,
        agreed=False,
        from_end=True,
    ),
}


@dataclass(frozen=True, slots=True)
class SubnetPrediction:
    """The subnet that a NIC is expected in, why, and whether that is certain."""

    subnet: Subnet | None
    text: str
    certain: bool


def expected_subnet(chosen: str | None, source: str | None, target: Network) -> Subnet | None:
    """The subnet of `predict_subnet` alone; None: the network has none.

    chosen -- the subnet that is set. source -- the one at the source.
    """
    there = target.subnet(chosen) if chosen is not None else None
    same = target.subnet(source) if source else None
    return there or same or alphabetically_first(target.subnets)


def predict_subnet(
    config: ReplicatedIpConfig, target: Network, *, test: bool = False
) -> SubnetPrediction:
    """The subnet that is set, else the same name, else the alphabetically first (2017, 2026).

    No document says whether Site Recovery passes over subnets that no VM's NIC can be in.
    """
    chosen = config.test_subnet if test else config.subnet
    if chosen is not None:
        subnet = target.subnet(chosen)
        if subnet is not None:
            return SubnetPrediction(subnet, f"subnet {subnet.name} is set", True)
    lost = f"{chosen}, which is set, is not in {target.name}; " if chosen is not None else ""
    same = target.subnet(config.source_subnet) if config.source_subnet else None
    subnet = same or alphabetically_first(target.subnets)
    if subnet is None:
        return SubnetPrediction(None, f"{lost}{target.name} has no subnet", False)
    how = "has the same name" if same is not None else "is alphabetically first"
    trouble = unusable(subnet)
    text = f"{lost}subnet {subnet.name} {how}" + (f", but {trouble}" if trouble else "")
    known = config.source_subnet is not None
    return SubnetPrediction(subnet, text, known and not lost and trouble is None)


def predict_failover(
    config: ReplicatedIpConfig,
    home: Subnet | None,
    target: Network,
    occupancy: Occupancy,
    who: Who,
) -> Prediction:
    """What a failover makes of an IP config for which no address is set.

    home -- the subnet that it is in at the source, if it is known.
    occupancy -- of `target`, for failover.
    """
    chosen = predict_subnet(config, target)
    if chosen.subnet is None:
        return Prediction(None, None, False, chosen.text, MAPPING_2026, False)
    case = _failover_case(config, home, chosen.subnet, occupancy, who)
    return _predicted(case, config, chosen, occupancy)


def predict_test_failover(
    config: ReplicatedIpConfig,
    target: Network,
    occupancy: Occupancy,
    who: Who,
    *,
    in_failover_network: bool,
) -> Prediction:
    """What a test failover makes of an IP config for which no test address is set.

    target -- the item's test network; occupancy -- of it, for test failover.
    in_failover_network -- whether it is the network that the item fails over into, too.
    """
    chosen = predict_subnet(config, target, test=True)
    if chosen.subnet is None:
        return Prediction(None, None, False, chosen.text, MAPPING_2026, False)
    case = _test_case(config, chosen.subnet, occupancy, who, in_failover_network)
    return _predicted(case, config, chosen, occupancy, test=True)


def _failover_case(
    config: ReplicatedIpConfig,
    home: Subnet | None,
    subnet: Subnet,
    occupancy: Occupancy,
    who: Who,
) -> Case:
    source, static = config.source_address, config.source_static
    if isinstance(source, IPv6Address):
        return Case.IPV6
    if source is None or static is None or home is None:
        return Case.UNKNOWN_SOURCE
    alike = same_address_space(home, subnet)
    if alike and occupancy.holder(source, who) is None:
        return Case.STATIC_FREE if static else Case.DYNAMIC_FREE
    if occupancy.last_free(subnet) is None:
        return Case.FULL
    if alike:
        return Case.STATIC_TAKEN if static else Case.DYNAMIC_TAKEN
    return Case.STATIC_ELSEWHERE if static else Case.DYNAMIC_ELSEWHERE


def _test_case(
    config: ReplicatedIpConfig,
    subnet: Subnet,
    occupancy: Occupancy,
    who: Who,
    in_failover_network: bool,
) -> Case:
    source = config.source_address
    if isinstance(source, IPv6Address):
        return Case.IPV6
    if source is None:
        return Case.UNKNOWN_SOURCE
    fits = subnet.holds(source) and not is_reserved(source, subnet)
    if fits and occupancy.holder(source, who) is None:
        return Case.IN_FAILOVER_NETWORK if in_failover_network else Case.APART
    if occupancy.last_free(subnet) is None:
        return Case.FULL
    if not fits:
        return Case.APART_OUTSIDE
    return Case.IN_FAILOVER_NETWORK_TAKEN if in_failover_network else Case.APART_TAKEN


def _predicted(
    case: Case,
    config: ReplicatedIpConfig,
    chosen: SubnetPrediction,
    occupancy: Occupancy,
    *,
    test: bool = False,
) -> Prediction:
    subnet = chosen.subnet
    assert subnet is not None
    short = occupancy.shortage(subnet) if case is not Case.IPV6 else None
    if short is not None and not STATEMENTS[case].keeps:
        case = Case.FULL
    statement, source = STATEMENTS[case], config.source_address
    end = occupancy.last_free(subnet) if statement.from_end else None
    address = source if statement.keeps and isinstance(source, IPv4Address) else end
    says = statement.says.format(source=source, subnet=subnet.name, end=end, shortage=short)
    if short is not None and statement.keeps:
        says += f"; but {short}, and others may take it first"
    # What the test texts say, they say of static sources only.
    unsaid = test and config.source_static is not True and statement.agreed
    if unsaid:
        says += "; the documents say this of static sources only"
    certain = statement.agreed and chosen.certain and not unsaid and short is None
    # Others may take the last one before: which, depends on the order of the test failovers.
    certain = certain and not statement.from_end
    return Prediction(
        subnet.name,
        address,
        statement.static,
        f"{chosen.text}; {says}",
        statement.rule,
        certain,
        short if case is Case.FULL else None,
    )


def _last_free(subnet: Subnet, book: AddressBook) -> IPv4Address | None:
    for prefix in sorted(subnet.ipv4, reverse=True):
        first = int(prefix.network_address) + RESERVED_FIRST
        last = int(prefix.broadcast_address) - RESERVED_LAST
        for number in range(last, first - 1, -1):
            address = IPv4Address(number)
            if address not in book.holders:
                return address
    return None
