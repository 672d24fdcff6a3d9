"""Reads what only a verification needs beside the inventory: DNS zone links, locks and usage.

A list of locks and one of private DNS zones for each subscription, and one of links for each zone
that has some: Azure has no list of the links of a network or of a subscription (Microsoft Learn,
REST, Private DNS, 2020-06-01). How full subnets are by Azure's own count is one list for each
network that something fails over into or is tested in. What can't be read is a gap, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from asr_netmap.arm_id import ArmId, check_name
from asr_netmap.errors import AzureError, CredentialsMissing, Missing
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.lists import NETWORK_API
from asr_netmap.gateway.locks import LOCKS_TYPE, read_locks
from asr_netmap.gateway.reading import Say, gap
from asr_netmap.gateway.translate import translated_rows
from asr_netmap.gateway.translate_surroundings import dns_zone_link, subnet_usage
from asr_netmap.models import Inventory, ManagementLock, NotLookedAt
from asr_netmap.surroundings import DnsZoneLink, SubnetUsage, Surroundings

DNS_API = "2020-06-01"
ZONES_TYPE = "Microsoft.Network/privateDnsZones"
USAGES_TYPE = "Microsoft.Network/virtualNetworks/usages"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Zone:
    id: ArmId
    links: int


@dataclass(frozen=True, slots=True)
class _Read:
    """What a list had, and what of it could not be read."""

    rows: tuple[Any, ...] = ()
    gaps: tuple[NotLookedAt, ...] = ()


def read_surroundings(
    connection: Connection,
    inventory: Inventory,
    *,
    networks: Iterable[ArmId] = (),
    progress: Say | None = None,
) -> Surroundings:
    """The locks and DNS zone links of the subscriptions of the inventory's networks and vault.

    networks -- those whose usage is asked for; one that the inventory does not have is not.
    progress -- told in words what was read; called from one thread at a time.
    Raises CredentialsMissing.
    """
    names = subscriptions_of(inventory)
    wanted = set(networks)
    targets = sorted(network.id for network in inventory.networks if network.id in wanted)
    with ThreadPoolExecutor(connection.workers, "asr-netmap-read") as pool:
        locks = list(pool.map(lambda s: _locks(connection, s), names))
        zones = list(pool.map(lambda s: _zones(connection, s), names))
        usages = list(pool.map(lambda network: _usages(connection, network), targets))
        found = [zone for read in zones for zone in read.rows if zone.links]
        links = list(pool.map(lambda zone: _links(connection, zone), found))
    if progress is not None:
        progress(f"locks: {sum(len(each.rows) for each in locks)}")
        progress(f"links of private DNS zones: {sum(len(each.rows) for each in links)}")
        progress(f"networks whose usage was read: {sum(not each.gaps for each in usages)}")
    return Surroundings(
        _rows(links, DnsZoneLink),
        _rows(locks, ManagementLock),
        names,
        _rows(usages, SubnetUsage),
        tuple(each for read in (*locks, *zones, *links, *usages) for each in read.gaps),
    )


def subscriptions_of(inventory: Inventory) -> tuple[str, ...]:
    """The subscriptions whose lists were read for the inventory, lower-case, in order."""
    ids = [*(n.id for n in inventory.networks), *(n.id for n in inventory.nics)]
    if inventory.vault is not None:
        ids.append(inventory.vault.id)
    return tuple(sorted({each.subscription.lower() for each in ids}))


def zones_path(subscription: str) -> str:
    """The list of all private DNS zones of a subscription."""
    check_name(subscription, "subscription id")
    return f"/subscriptions/{subscription}/providers/{ZONES_TYPE}"


def links_path(zone: ArmId) -> str:
    """The list of the networks that a private DNS zone is linked to."""
    return f"{zone}/virtualNetworkLinks"


def usages_path(network: ArmId) -> str:
    """The list that tells of each subnet of a network how full it is."""
    return f"{network}/usages"


def _rows(read: Iterable[_Read], kind: type[T]) -> tuple[T, ...]:
    return tuple(row for each in read for row in each.rows if isinstance(row, kind))


def _locks(connection: Connection, subscription: str) -> _Read:
    what = f"locks of subscription {subscription}"
    scope = ArmId(f"/subscriptions/{subscription}")
    return _read(
        lambda: (read_locks(connection, subscription), ()), what, scope, LOCKS_TYPE.lower()
    )


def _zones(connection: Connection, subscription: str) -> _Read:
    what = f"private DNS zones of subscription {subscription}"
    path = zones_path(subscription)
    return _read(
        lambda: translated_rows(connection.rows(path, DNS_API), _zone, "private DNS zone"),
        what,
        ArmId(f"/subscriptions/{subscription}"),
        ZONES_TYPE.lower(),
    )


def _links(connection: Connection, zone: _Zone) -> _Read:
    rows = links_path(zone.id)
    return _read(
        lambda: translated_rows(connection.rows(rows, DNS_API), dns_zone_link, "DNS zone link"),
        f"links of the private DNS zone {zone.id.name}",
        zone.id,
        f"{ZONES_TYPE}/virtualNetworkLinks".lower(),
    )


def _usages(connection: Connection, network: ArmId) -> _Read:
    """How full the subnets of a network are.

    The network was just listed, so not even an answer that there is no such thing means that
    nothing is in it.
    """
    what = f"usage of the network {network.name}"
    try:
        rows = connection.rows(usages_path(network), NETWORK_API)
        found, gaps = translated_rows(rows, subnet_usage, "usage of a subnet")
    except CredentialsMissing:
        raise
    except AzureError as error:
        return _Read((), (replace(gap(what, error, network), kind=USAGES_TYPE.lower()),))
    return _Read(tuple(found), tuple(gaps))


def _read(
    rows: Callable[[], tuple[Sequence[Any], Sequence[NotLookedAt]]],
    what: str,
    scope: ArmId,
    kind: str,
) -> _Read:
    try:
        found, gaps = rows()
    except CredentialsMissing:
        raise
    except Missing:
        return _Read()  # it went away between two lists
    except AzureError as error:
        return _Read((), (replace(gap(what, error, scope), kind=kind),))
    return _Read(tuple(found), tuple(gaps))


def _zone(body: Mapping[str, Any]) -> _Zone:
    zone = ArmId(body["id"])
    if zone.kind != ZONES_TYPE.lower():
        raise ValueError(f"{zone} is no private DNS zone")
    count = (body.get("properties") or {}).get("numberOfVirtualNetworkLinks")
    # A zone that doesn't say how many it has is asked.
    return _Zone(zone, 1 if count is None else int(count))
