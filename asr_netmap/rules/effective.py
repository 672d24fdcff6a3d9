"""The address that each IP config will have: what is set, else what is predicted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address

from asr_netmap.arm_id import ArmId
from asr_netmap.models import (
    Inventory,
    IpAddress,
    Network,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
    Subnet,
)
from asr_netmap.rules.allocation import (
    AddressBook,
    Holder,
    address_books_of_both,
    claimant,
    is_reserved,
    misplaced,
)
from asr_netmap.rules.prediction import (
    CUSTOMIZE_2021,
    Occupancy,
    Prediction,
    Shortage,
    Who,
    expected_subnet,
    predict_failover,
    predict_subnet,
    predict_test_failover,
)


@dataclass(frozen=True, slots=True)
class Effective:
    """Where an IP config will be after a failover or a test failover.

    exists -- False for a secondary IP config that is not selected: it will not be there.
    subnet, address -- None: it can't be told; the text says why.
    predicted -- the address is not set but expected.
    trouble -- why a set address can't be given: ``outside``, ``reserved`` or ``taken``; of a
        predicted one, ``no-room``: `shortage` says how much. Empty: no reason is known.
    holder -- who has it, if it is taken.
    text, rule, certain -- as in a prediction.
    """

    network: ArmId | None
    subnet: str | None
    address: IpAddress | None
    static: bool
    text: str
    rule: str = ""
    exists: bool = True
    predicted: bool = True
    certain: bool = False
    trouble: str = ""
    holder: Holder | None = None
    shortage: Shortage | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """How many addresses are held, by lower-case subnet name.

    strangers -- by what belongs to no item.
    own -- by what failovers and test failovers of items made.
    """

    strangers: Counter[str] = field(default_factory=Counter)
    own: Counter[str] = field(default_factory=Counter)


class Outlook:
    """Answers for every IP config of one inventory where it will be; reads it once."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._occupied = _occupancies(inventory)

    def of(
        self,
        item: ReplicatedItem,
        nic: ReplicatedNic,
        config: ReplicatedIpConfig,
        *,
        test: bool = False,
    ) -> Effective:
        """Where the IP config will be at failover, or at test failover."""
        wanted = item.test_network if test else item.target_network
        network = self._inventory.network(wanted) if wanted is not None else None
        home = self._home(nic, config)
        occupancy = self._occupied[test].get(wanted) if wanted is not None else None
        return effective_address(item, nic, config, network, home, occupancy, test=test)

    def can_have(
        self, item: ReplicatedItem, found: Effective, address: IpAddress, *, test: bool
    ) -> bool:
        """Whether an IP config could be given that address where it is expected to be.

        found -- where the IP config, one of the item's, will be.
        """
        network = self._inventory.network(found.network) if found.network is not None else None
        subnet = network.subnet(found.subnet) if network and found.subnet else None
        if network is None or subnet is None or misplaced(address, subnet) is not None:
            return False
        occupancy = self._occupied[test].get(network.id)
        return occupancy is None or occupancy.book.other_holder(address, item.id, None) is None

    def held(self, network: Network) -> Held:
        """How many addresses NICs and load balancers that are there now hold in a network."""
        occupancy = self._occupied[False].get(network.id) or self._occupied[True].get(network.id)
        book = occupancy.book if occupancy else AddressBook()
        found = Held()
        for address, holder in book.existing.items():
            subnet = next((s for s in network.subnets if s.holds(address)), None)
            if subnet is not None:
                whose = found.strangers if holder.item is None else found.own
                whose[subnet.name.lower()] += 1
        return found

    def _home(self, nic: ReplicatedNic, config: ReplicatedIpConfig) -> Subnet | None:
        network = self._inventory.network(nic.source_network) if nic.source_network else None
        return network.subnet(config.source_subnet) if network and config.source_subnet else None


def effective_address(
    item: ReplicatedItem,
    nic: ReplicatedNic,
    config: ReplicatedIpConfig,
    network: Network | None,
    home: Subnet | None,
    occupancy: Occupancy | None,
    *,
    test: bool,
) -> Effective:
    """Where an IP config will be: what is set, else the prediction, marked as one.

    network -- the one that the item selects for that kind of failover; None: none, or unseen.
    home -- the subnet at the source, if it is known.
    occupancy -- of `network`.
    """
    wanted = item.test_network if test else item.target_network
    if not (config.primary or config.selected):
        text = "a secondary IP config that is not selected: it will not exist"
        return Effective(wanted, None, None, False, text, exists=False, certain=True)
    address = config.test_address if test else config.address
    if network is None:
        subnet = config.test_subnet if test else config.subnet
        text = _no_network(wanted, test=test)
        return Effective(wanted, subnet, address, address is not None, text, predicted=not address)
    occupancy = occupancy or Occupancy(AddressBook())
    who = Who(item.id, claimant(item, nic, config))
    if address is not None:
        return _as_set(config, address, network, occupancy, who, test=test)
    if test:
        together = item.target_network == item.test_network
        found = predict_test_failover(config, network, occupancy, who, in_failover_network=together)
    else:
        found = predict_failover(config, home, network, occupancy, who)
    return _expected(network, _doubted(found, nic))


def _as_set(
    config: ReplicatedIpConfig,
    address: IpAddress,
    network: Network,
    occupancy: Occupancy,
    who: Who,
    *,
    test: bool,
) -> Effective:
    chosen = predict_subnet(config, network, test=test)
    subnet = chosen.subnet
    holder = occupancy.book.other_holder(address, who.item, who.claimant)
    trouble = why = ""
    if subnet is not None and not subnet.holds(address):
        trouble = "outside"
        why = f", but it is outside {subnet.name} ({', '.join(map(str, subnet.ipv4))})"
    elif subnet is not None and is_reserved(address, subnet):
        trouble, why = "reserved", f", but Azure reserves it in {subnet.name}"
    elif holder is not None:
        # ARM: what happens to a set address that is taken is not documented; the support matrix's
        # wording suggests that another one is used (Microsoft Learn, 2023 and later).
        trouble, why = "taken", f", but {holder.who} has it: another one may be used"
    return Effective(
        network.id,
        subnet.name if subnet else None,
        address,
        True,
        f"{address} is set{why}",
        CUSTOMIZE_2021,
        predicted=False,
        certain=not trouble and chosen.certain,
        trouble=trouble,
        holder=holder if trouble == "taken" else None,
    )


def _expected(network: Network, found: Prediction) -> Effective:
    return Effective(
        network.id,
        found.subnet,
        found.address,
        found.static,
        found.text,
        found.rule,
        certain=found.certain,
        trouble="no-room" if found.shortage is not None else "",
        shortage=found.shortage,
    )


def _doubted(found: Prediction, nic: ReplicatedNic) -> Prediction:
    """Less sure of a static address where somebody set the NIC and left the address empty."""
    if not (nic.chosen_by_user and found.static):
        return found
    # ARM: an empty recovery address reads back as dynamic (Azure PowerShell recording, 2022), and
    # no document says how that fits the rule that static stays static.
    text = f"{found.text}; somebody set this NIC without an address, which may mean dynamic"
    return replace(found, text=text, certain=False)


def _no_network(wanted: ArmId | None, *, test: bool) -> str:
    if wanted is not None:
        return f"{wanted.name} does not exist, or could not be looked at"
    if test:
        return "no test network is set: whoever starts a test failover chooses one"
    return "no target network is set: it can't fail over"


def _occupancies(inventory: Inventory) -> dict[bool, dict[ArmId, Occupancy]]:
    """Who has what in the networks that items select, for failover and for test failover."""
    failover = {i.target_network for i in inventory.items if i.target_network is not None}
    tests = {i.test_network for i in inventory.items if i.test_network is not None}
    both = address_books_of_both(inventory, {False: failover, True: tests})
    needed = _needed(inventory)
    return {
        test: {network: Occupancy(book, needed[test, network]) for network, book in books.items()}
        for test, books in both.items()
    }


def _needed(inventory: Inventory) -> Mapping[tuple[bool, ArmId], Counter[str]]:
    """How many IP configs have no address yet and will need one, by lower-case subnet name."""
    needed: defaultdict[tuple[bool, ArmId], Counter[str]] = defaultdict(Counter)
    names: dict[tuple[ArmId, str | None, str | None], str | None] = {}
    for item in inventory.items:
        for test, wanted in ((False, item.target_network), (True, item.test_network)):
            network = inventory.network(wanted) if wanted is not None else None
            if network is None:
                continue
            count = needed[test, network.id]
            for config in _without_address(item, test=test):
                chosen = config.test_subnet if test else config.subnet
                question = (network.id, chosen, config.source_subnet)
                if question not in names:
                    subnet = expected_subnet(chosen, config.source_subnet, network)
                    names[question] = subnet.name.lower() if subnet else None
                name = names[question]
                if name is not None:
                    count[name] += 1
    return needed


def _without_address(item: ReplicatedItem, *, test: bool) -> Iterator[ReplicatedIpConfig]:
    for nic in item.nics:
        for config in nic.ip_configs:
            address = config.test_address if test else config.address
            comes_along = config.primary or config.selected
            # IPv6 is not kept, and what is given instead is not documented.
            if address is None and comes_along and type(config.source_address) is not IPv6Address:
                yield config
