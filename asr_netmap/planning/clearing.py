"""What rows unset on purpose: networks and subnets about which nothing is said afterwards.

``none`` for a network or a subnet leaves it to Site Recovery where a VM goes. That is a wish like
any other, and one that people should see: so each is a finding, a warning while it is being done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any

from asr_netmap.models import ReplicatedIpConfig, ReplicatedItem, ReplicatedNic
from asr_netmap.planning.item_findings import item_finding
from asr_netmap.planning.nic_setting import Setting
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.planning.spot import Spot, keeps_address
from asr_netmap.settings import CLEAR, AddressMode

_REASON = "cleared explicitly: Site Recovery decides"


def network_cleared(item: ReplicatedItem, settings: Sequence[Setting]) -> Iterator[Finding]:
    """What is said of an item whose target network `settings` clear."""
    if any(s.name == "target_network" and s.value is None for s in settings):
        yield item_finding(
            item,
            "target-network-cleared",
            _severity(item.target_network),
            f"{item.vm_name}: the target network is cleared, so nothing says where the VM fails "
            "over to: Site Recovery decides",
            "Name a `target_network` in nics.settings, or leave the word `none` out.",
        )


def subnet_cleared(item: ReplicatedItem, spot: Spot) -> Iterator[Finding]:
    """What is said of an IP config whose subnet is cleared."""
    if keeps_address(spot.config, spot.given, test=spot.side.test):
        yield _address_in_the_way(item, str(spot), spot.current("address"))
        return
    yield item_finding(
        item,
        "subnet-cleared",
        _severity(spot.current("subnet")),
        f"{spot}: the subnet is cleared, so nothing says where it goes in "
        f"{spot.side.network.name}: Site Recovery decides",
        "Name a subnet in nics.settings, or leave the word `none` out.",
    )
    address = spot.explicit("address")
    if address not in (None, AddressMode.DYNAMIC, AddressMode.UNMANAGED):
        given = address.value if isinstance(address, AddressMode) else address
        yield item_finding(
            item,
            "address-without-subnet",
            Severity.ERROR,
            f"{spot}: address {given} is given and the subnet is cleared: without a subnet no "
            "address can be set",
            "Name the subnet of the address, or clear the address, too: `dynamic`.",
        )


def cleared_without_network(
    nic: ReplicatedNic,
    config: ReplicatedIpConfig,
    given: Mapping[str, Any],
    sides: Collection[bool],
) -> Iterator[Setting]:
    """The subnet and address that rows unset where there is no network to choose them in.

    given -- what rows say of the IP config. sides -- those with a network: True is test failover.
    """
    for test in {False, True}.difference(sides) if given else ():
        subnet, address = _names(test=test)
        if given.get(subnet) == CLEAR and not keeps_address(config, given, test=test):
            yield Setting(subnet, None, nic.id, config.name, _REASON)
        if given.get(address) is AddressMode.DYNAMIC:
            yield Setting(address, None, nic.id, config.name, "dynamic, as configured")


def given_without_network(
    item: ReplicatedItem,
    nic: ReplicatedNic,
    config: ReplicatedIpConfig,
    given: Mapping[str, Any],
    settings: Sequence[Setting],
) -> Iterator[Finding]:
    """Subnets and addresses that rows give in a network that they clear at the same time.

    settings -- those of the whole item.
    """
    for test in (False, True) if given else ():
        where = f"{'test failover of ' if test else ''}{nic.name}/{config.name}"
        network = "test_network" if test else "target_network"
        if not any(s.name == network and s.value is None for s in settings):
            continue
        subnet, address = _names(test=test)
        if given.get(subnet) == CLEAR and keeps_address(config, given, test=test):
            current = config.test_address if test else config.address
            yield _address_in_the_way(item, where, current)
        values = [given.get(subnet), given.get(address)]
        asked = [v for v in values if isinstance(v, str | IPv4Address) and v not in _UNSETTING]
        if asked:
            yield item_finding(
                item,
                "test-network-missing" if test else "target-network-missing",
                Severity.ERROR,
                f"{where}: {_words(asked)} can't be set, since "
                f"{network.replace('_', ' ')} is cleared",
                f"Name a `{network}`, or clear subnet and address, too.",
            )


def _address_in_the_way(item: ReplicatedItem, where: str, current: object) -> Finding:
    return item_finding(
        item,
        "address-without-subnet",
        Severity.ERROR,
        f"{where}: the subnet can't be cleared while address {current} is set: no document says "
        "what Site Recovery does with an address without a subnet",
        "Clear the address, too: `dynamic`.",
    )


_UNSETTING = (CLEAR, AddressMode.DYNAMIC, AddressMode.UNMANAGED)


def _names(*, test: bool) -> tuple[str, str]:
    return ("test_subnet", "test_address") if test else ("subnet", "address")


def _words(values: Sequence[Any]) -> str:
    return " and ".join(str(v.value if isinstance(v, AddressMode) else v) for v in values)


def _severity(current: object) -> Severity:
    return Severity.WARNING if current else Severity.INFO
