"""Giving out addresses of the target subnets, so that all wishes that can be met are met.

It is deterministic, promises no address twice, never takes one of the five that Azure
keeps in each subnet, and explains itself. It never lists a subnet's addresses: large ones cost
no more than small ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network

from asr_netmap.arm_id import ArmId
from asr_netmap.models import (
    Inventory,
    IpAddress,
    Nic,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
    Subnet,
)
from asr_netmap.rules.frontends import frontend_holders

# Azure keeps the first four and the last address of every subnet (Microsoft Learn, virtual
# networks FAQ).
RESERVED_FIRST = 4
RESERVED_LAST = 1


def is_reserved(address: IpAddress, subnet: Subnet) -> bool:
    """Whether Azure keeps `address` for itself in that subnet."""
    return any(
        address in prefix and not _first(prefix) <= int(address) <= _last(prefix)
        for prefix in subnet.ipv4
    )


def capacity(subnet: Subnet) -> int:
    """How many addresses NICs can have in the subnet's IPv4 prefixes."""
    return sum(max(0, _last(p) - _first(p) + 1) for p in subnet.ipv4)


def misplaced(address: IpAddress, subnet: Subnet) -> Trouble | None:
    """Why nobody can have `address` in that subnet, as the end of a sentence; None: one can."""
    if not subnet.holds(address):
        prefixes = ", ".join(str(p) for p in subnet.ipv4)
        return Trouble(f"is outside {subnet.name} ({prefixes})", "address-outside-subnet")
    if is_reserved(address, subnet):
        return Trouble("is one of the five that Azure reserves", "address-reserved")
    return None


Claimant = tuple[str, str, str]
"""VM, NIC and IP config: what an address is given to, and the order in which wishes are met."""


def claimant(item: ReplicatedItem, nic: ReplicatedNic, config: ReplicatedIpConfig) -> Claimant:
    """The one name of an IP config among all that want addresses."""
    return (item.vm_name.lower(), nic.id.key, config.name.lower())


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has an address.

    who -- in words.
    item -- the replicated item that it belongs to, if to one.
    claimant -- the IP config of the item, where it is known.
    """

    who: str
    item: ArmId | None = None
    claimant: Claimant | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What one IP config wants.

    claimant -- sorts the wishes: the same wishes in any order give the same addresses.
    preferred -- the address to take if it is free; None: any.
    firm -- this address or none.
    reason -- why it is preferred; otherwise -- what is said when another one is taken.
    """

    claimant: Claimant
    item: ArmId
    network: ArmId
    subnet: Subnet
    preferred: IPv4Address | None
    firm: bool
    reason: str
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an address can't be had: words, and the finding's code."""

    text: str
    code: str

    @property
    def no_room(self) -> bool:
        """Whether the subnet is too small for all who want any address of it."""
        return self.code == "subnet-full"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a wish gets: an address, or the trouble that keeps it from one."""

    address: IPv4Address | None
    reason: str
    trouble: Trouble | None = None


@dataclass
class AddressBook:
    """Who holds which address of one network; filled while allocating.

    existing -- those of them that something holds which is there now, as it was read.
    """

    holders: dict[IpAddress, Holder] = field(default_factory=dict)
    existing: Mapping[IpAddress, Holder] = field(default_factory=dict)

    def other_holder(
        self, address: IpAddress, item: ArmId, claimant: Claimant | None
    ) -> Holder | None:
        """Who holds the address, unless it is that IP config, or a NIC of the item itself."""
        holder = self.holders.get(address)
        if holder is None:
            return None
        if holder.claimant is None:
            return None if holder.item == item else holder
        return None if holder.claimant == claimant else holder

    def used_in(self, subnet: Subnet) -> int:
        """How many addresses of the subnet somebody holds."""
        return sum(
            1
            for address in self.holders
            if any(address in prefix for prefix in subnet.ipv4) and not is_reserved(address, subnet)
        )


def address_books(
    inventory: Inventory, networks: Iterable[ArmId], *, test: bool = False
) -> dict[ArmId, AddressBook]:
    """The addresses held in each network: by NICs that exist, and by settings of items.

    A NIC of an item's own failed-over, left-over or test VM counts as the item's own; Site
    Recovery's `replicaNicId` is null in practice, so it is found by names and resource group.
    Settings for failover and for test failover are apart. Where two items claim one address, the
    first by name has it, whatever the order in which they were listed.
    """
    return address_books_of_both(inventory, {test: networks})[test]


Books = dict[ArmId, AddressBook]


def address_books_of_both(
    inventory: Inventory, networks: Mapping[bool, Iterable[ArmId]]
) -> dict[bool, Books]:
    """The same for failover (False) and test failover (True); what exists is read once for both."""
    wanted = {test: dict.fromkeys(each) for test, each in networks.items()}
    existing = _existing(inventory, {network for each in wanted.values() for network in each})
    items = _in_order(inventory.items)
    books: dict[bool, Books] = {}
    for test, each in wanted.items():
        books[test] = {
            network: AddressBook(dict(existing[network]), existing[network]) for network in each
        }
        _enter_promised(items, books[test], test=test)
    return books


def _existing(
    inventory: Inventory, networks: Iterable[ArmId]
) -> dict[ArmId, dict[IpAddress, Holder]]:
    """The addresses that NICs and load balancers hold in each of the networks."""
    found: dict[ArmId, dict[IpAddress, Holder]] = {network: {} for network in networks}
    there = [
        (nic, use.address, holders)
        for nic in inventory.nics
        for use in nic.addresses
        if use.address is not None
        and use.subnet is not None
        and (holders := found.get(use.subnet.parent)) is not None
    ]
    owners = _owners(inventory.items, [nic for nic, _, _ in there])
    for nic, address, holders in sorted(there, key=lambda use: use[0].id.key):
        holders[address] = Holder(f"NIC {nic.id.name}", owners.get((nic.vm or nic.id).key))
    for frontend in frontend_holders(inventory):
        if frontend.network in found:
            found[frontend.network].setdefault(frontend.address, Holder(frontend.who))
    return found


def _enter_promised(items: Iterable[ReplicatedItem], books: Books, *, test: bool) -> None:
    for item in items:
        network = item.test_network if test else item.target_network
        if network not in books:
            continue
        holders = books[network].holders
        for nic, config, address in _promised(item, test=test):
            there = holders.get(address)
            # Its own left-over NIC is no one else, so the IP config that wants it back has it.
            if there is None or (there.claimant is None and there.item == item.id):
                who = f"{item.vm_name} ({nic.name}/{config.name})"
                holders[address] = Holder(who, item.id, claimant(item, nic, config))


def _in_order(items: Iterable[ReplicatedItem]) -> list[ReplicatedItem]:
    return sorted(items, key=lambda item: (item.vm_name.lower(), item.id.key))


def allocate(wishes: Sequence[Wish], books: Mapping[ArmId, AddressBook]) -> dict[Claimant, Grant]:
    """Give every wish an address, or say why not.

    First all who ask for a certain address and can have it, then the others: so nobody who only
    wants *some* address takes the one that another needs. `books` are filled on the way.
    """
    grants: dict[Claimant, Grant] = {}
    waiting: list[Wish] = []
    for wish in sorted(wishes, key=lambda w: (not w.firm, w.claimant)):
        book = books[wish.network]
        trouble = address_trouble(wish, book)
        if wish.preferred is not None and trouble is None:
            grants[wish.claimant] = _take(wish, wish.preferred, wish.reason, book)
        elif wish.firm:
            grants[wish.claimant] = Grant(None, wish.reason, trouble)
        else:
            waiting.append(wish)
    for subnet_wishes in _by_subnet(waiting):
        grants.update(_grant_any(subnet_wishes, books[subnet_wishes[0].network]))
    return grants


def address_trouble(wish: Wish, book: AddressBook) -> Trouble | None:
    """What keeps the wish from its preferred address; None: nothing, or it prefers none."""
    address = wish.preferred
    if address is None:
        return None
    nobodys = misplaced(address, wish.subnet)
    if nobodys is not None:
        return replace(nobodys, text=f"{address} {nobodys.text}")
    holder = book.other_holder(address, wish.item, wish.claimant)
    if holder is not None:
        return Trouble(f"{address} is taken by {holder.who}", "address-taken")
    return None


def _grant_any(wishes: Sequence[Wish], book: AddressBook) -> Iterator[tuple[Claimant, Grant]]:
    """Any free address of one subnet for each, or the same error for all if it is too small."""
    subnet = wishes[0].subnet
    room = max(0, capacity(subnet) - book.used_in(subnet))
    if room < len(wishes):
        text = (
            f"subnet {subnet.name} of {wishes[0].network.name} is too small: "
            f"{len(wishes)} more addresses are needed and {room} are free (of {capacity(subnet)})"
        )
        for wish in wishes:
            yield wish.claimant, Grant(None, wish.reason, Trouble(text, "subnet-full"))
        return
    lowest = 0  # nothing below it is free, so that many wishes don't search from the start
    for wish in wishes:
        start = lowest if wish.preferred is None else int(wish.preferred)
        address = next(_free_from(start, wish, book))
        if wish.preferred is None:
            lowest = int(address)
        trouble = address_trouble(wish, book)
        why = f"{wish.otherwise} {trouble.text}" if trouble else wish.reason
        yield wish.claimant, _take(wish, address, f"{why}; {address} is the next free one", book)


def _take(wish: Wish, address: IPv4Address, reason: str, book: AddressBook) -> Grant:
    holder = Holder(f"{wish.claimant[0]} (in this plan)", wish.item, wish.claimant)
    book.holders[address] = holder
    return Grant(address, reason)


def _free_from(start: int, wish: Wish, book: AddressBook) -> Iterator[IPv4Address]:
    """Free addresses upwards from `start`, then from the subnet's own start."""
    ranges = [(_first(p), _last(p)) for p in sorted(wish.subnet.ipv4)]
    above = [(max(low, start), high) for low, high in ranges if high >= start]
    for low, high in (*above, *ranges):
        for number in range(low, high + 1):
            address = IPv4Address(number)
            if book.other_holder(address, wish.item, wish.claimant) is None:
                yield address


def _by_subnet(wishes: Iterable[Wish]) -> Iterator[list[Wish]]:
    groups: dict[tuple[ArmId, str], list[Wish]] = {}
    for wish in sorted(wishes, key=lambda w: w.claimant):
        groups.setdefault((wish.network, wish.subnet.name), []).append(wish)
    yield from groups.values()


def _promised(
    item: ReplicatedItem, *, test: bool
) -> Iterator[tuple[ReplicatedNic, ReplicatedIpConfig, IpAddress]]:
    for nic in item.nics:
        for config in nic.ip_configs:
            address = config.test_address if test else config.address
            if address is not None:
                yield nic, config, address


def _owners(items: Iterable[ReplicatedItem], nics: Collection[Nic]) -> dict[str, ArmId]:
    """From the id of a NIC's VM (or of a NIC without one) to the item it belongs to."""
    if not nics:
        return {}
    by_place: dict[tuple[str, bool, str], ArmId] = {}
    for item in _in_order(items):
        for group, is_vm, name in _places(item):
            by_place.setdefault((group.key, is_vm, name.lower()), item.id)
    owners = {}
    for nic in nics:
        place = nic.vm or nic.id
        owner = by_place.get((place.group_id.key, nic.vm is not None, place.name.lower()))
        if owner is not None:
            owners[place.key] = owner
    return owners


def _places(item: ReplicatedItem) -> Iterator[tuple[ArmId, bool, str]]:
    """Resource group, whether it is a VM, and name of what failovers of the item make."""
    for made in (item.failed_over_vm, item.test_vm):
        if made is not None:
            yield made.group_id, True, made.name
    group = item.target_group
    if group is None:
        return
    for vm in (item.target_vm_name, item.test_vm_name):
        if vm:
            yield group, True, vm
    for nic in item.nics:
        for name, own_group in (
            (nic.nic_name or nic.name, nic.nic_group),
            (nic.test_nic_name, nic.test_nic_group),
        ):
            if name and own_group:
                yield ArmId.of_group(group.subscription, own_group), False, name
            elif name:
                yield group.group_id, False, name


def _first(prefix: IPv4Network) -> int:
    return int(prefix.network_address) + RESERVED_FIRST


def _last(prefix: IPv4Network) -> int:
    return int(prefix.broadcast_address) - RESERVED_LAST
