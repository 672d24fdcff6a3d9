"""Findings about subnets and addresses: conflicts, and what is left to Site Recovery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, IpAddress, ReplicatedItem, Subnet
from asr_netmap.planning.item_findings import Place, item_finding, places
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.rules.effective import Effective, Outlook
from asr_netmap.rules.subnets import unusable

_NOT_GIVEN = {"outside": "address-outside-subnet", "reserved": "address-reserved"}


@dataclass
class Futures:
    """Where every IP config of every item will be, asked for once.

    expected -- who is certain to get an address that nobody has set, by network.
    needed -- how many will be in each subnet, by network and lower-case name, for failover (False)
        and for test failover (True).
    """

    inventory: Inventory
    outlook: Outlook
    by_item: dict[ArmId, list[tuple[Place, Effective]]] = field(default_factory=dict)
    expected: dict[tuple[bool, ArmId, IpAddress], list[Place]] = field(default_factory=dict)
    needed: dict[tuple[ArmId, str], Counter[bool]] = field(default_factory=dict)

    @staticmethod
    def of(inventory: Inventory) -> Futures:
        """Ask for every IP config of `inventory` where it will be."""
        outlook = Outlook(inventory)
        futures = Futures(inventory, outlook)
        for item in inventory.items:
            mine = futures.by_item.setdefault(item.id, [])
            for test in (False, True):
                for place in places(item, test=test):
                    found = outlook.of(item, place.nic, place.config, test=test)
                    mine.append((place, found))
                    futures._count(place, found)
        return futures

    def can_have(self, place: Place, found: Effective, address: IpAddress) -> bool:
        """Whether an IP config could be given that address: nobody has it, or will keep it."""
        mine = (place.item.id, place.nic.id, place.config.name)
        claims = (
            self.expected.get((place.test, found.network, address), ()) if found.network else ()
        )
        if any((other.item.id, other.nic.id, other.config.name) != mine for other in claims):
            return False
        return self.outlook.can_have(place.item, found, address, test=place.test)

    def _count(self, place: Place, found: Effective) -> None:
        if found.network is None or found.subnet is None:
            return
        if isinstance(place.config.source_address, IPv6Address):
            return
        key = (found.network, found.subnet.lower())
        self.needed.setdefault(key, Counter())[place.test] += 1
        if found.predicted and found.certain and found.address is not None:
            whose = (place.test, found.network, found.address)
            self.expected.setdefault(whose, []).append(place)


def address_findings(futures: Futures, item: ReplicatedItem) -> Iterator[Finding]:
    """Conflicts of the addresses that one item has, or is certain to get."""
    for place, found in futures.by_item.get(item.id, ()):
        source = place.config.source_address
        if isinstance(source, IPv6Address) and not place.test:
            message = f"{place} has {source}: Site Recovery does not keep IPv6"
            yield item_finding(item, "ipv6", Severity.INFO, message)
        if found.trouble and not found.predicted:
            yield _conflict(place, found)
        elif found.predicted and found.certain and found.address is not None:
            yield from _expected_twice(futures, place, found)


def _conflict(place: Place, found: Effective) -> Finding:
    name = place.setting("address")
    fix = f"Free {found.address}, or set another one in nics.settings: {place.row(address='…')}"
    message = f"{place}: {name} {found.text}"
    if found.trouble != "taken":
        code = _NOT_GIVEN[found.trouble]
        fix = f"Set another address in nics.settings: {place.row(address='…')}"
    elif found.holder is not None and found.holder.claimant is not None:
        code = "address-claimed-twice"
    else:
        code = "address-taken"
    return item_finding(place.item, code, Severity.WARNING, message, fix)


def _expected_twice(futures: Futures, place: Place, found: Effective) -> Iterator[Finding]:
    """Two that would both keep their source's address, which only one of them can get."""
    assert found.network is not None
    assert found.address is not None
    others = [
        other
        for other in futures.expected[place.test, found.network, found.address]
        if (other.item.id, other.nic.id, other.config.name)
        != (place.item.id, place.nic.id, place.config.name)
    ]
    if others:
        names = ", ".join(f"{other.item.vm_name} ({other})" for other in others[:3])
        yield item_finding(
            place.item,
            "address-claimed-twice",
            Severity.WARNING,
            f"{place}: by default it gets {found.address} in {found.network.name}, and so does "
            f"{names}: whichever fails over first has it",
            f"Set an address for one of them in nics.settings: {place.row(address='…')}",
        )


def special_subnets(futures: Futures, item: ReplicatedItem) -> Iterator[Finding]:
    """NICs that are, or will be, in a subnet that belongs to a service."""
    for place, found in futures.by_item.get(item.id, ()):
        network = futures.inventory.network(found.network) if found.network else None
        subnet = network.subnet(found.subnet) if network and found.subnet else None
        trouble = unusable(subnet) if subnet is not None and found.exists else None
        if network is None or subnet is None or trouble is None:
            continue
        chosen = place.config.test_subnet if place.test else place.config.subnet
        if chosen is not None and place.nic.chosen_by_user:
            how = "was set"
        elif _same_name(place, subnet):
            how = "has the same name as the source subnet"
        else:
            how = "was set by Site Recovery itself" if chosen else "is what Site Recovery may take"
            how += ", as the alphabetically first"
        usable = [s.name for s in network.subnets if unusable(s) is None]
        fix = f"Create a subnet for VMs in {network.name}."
        if usable:
            row = place.row(subnet=min(usable, key=str.lower))
            fix = f"Name another subnet in nics.settings: {row}"
        yield item_finding(
            item,
            "special-subnet",
            Severity.ERROR,
            f"{place}: {subnet.name} of {network.name} {how}, and it {trouble}",
            fix,
        )


def _same_name(place: Place, subnet: Subnet) -> bool:
    return (place.config.source_subnet or "").lower() == subnet.name.lower()


def relied_on_defaults(futures: Futures, item: ReplicatedItem) -> Iterator[Finding]:
    """One finding for all IP configs whose future the documents leave open."""
    open_ones = [
        (place, found)
        for place, found in futures.by_item.get(item.id, ())
        if found.exists
        and found.predicted
        and not found.certain
        and found.rule
        and not isinstance(place.config.source_address, IPv6Address)
    ]
    if open_ones:
        place, found = open_ones[0]
        count = len(open_ones)
        many = "1 IP config relies" if count == 1 else f"{count} IP configs rely"
        yield item_finding(
            item,
            "default-uncertain",
            Severity.INFO,
            f"{many} on what Site Recovery does by itself, where its documents changed over time "
            f"or are silent: {place}: {found.text} ({found.rule})",
            _sure(futures, place, found),
        )


def _sure(futures: Futures, place: Place, found: Effective) -> str:
    """How to be sure of an address; none is named that could not be given."""
    source = place.config.source_address
    if isinstance(source, IPv4Address) and futures.can_have(place, found, source):
        return f"Set an address in nics.settings to be sure: {place.row(address=source)}"
    where = f"free in {found.subnet}" if found.subnet else "free"
    if found.shortage is not None:
        where = f"free in another subnet, since {found.shortage}"
    return (
        f"Choose an address that is {where}, and set it in nics.settings: {place.row(address='…')}"
    )
