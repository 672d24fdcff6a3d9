"""Which private addresses a virtual network has in use, and which Azure keeps for itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from asr_netmap.sandbox import ids
from asr_netmap.sandbox.estate import Estate, Json

NIC_TYPE = "Microsoft.Network/networkInterfaces"
BALANCER_TYPE = "Microsoft.Network/loadBalancers"

IPv4 = ipaddress.IPv4Address
Network = ipaddress.IPv4Network


@dataclass(slots=True)
class Occupancy:
    """What sits in the subnets of an estate, by lower-cased subnet id."""

    revision: tuple[int, int]
    ip_configs: dict[str, list[str]] = field(default_factory=dict)
    addresses: dict[str, set[str]] = field(default_factory=dict)


_CACHE: WeakKeyDictionary[Estate, Occupancy] = WeakKeyDictionary()


def occupancy(estate: Estate) -> Occupancy:
    """Return what NICs and internal load balancers occupy; kept until one of them changes."""
    revision = (estate.revision_of(NIC_TYPE), estate.revision_of(BALANCER_TYPE))
    known = _CACHE.get(estate)
    if known is not None and known.revision == revision:
        return known
    found = Occupancy(revision)
    for subnet, identifier, address in _attachments(estate):
        found.ip_configs.setdefault(subnet, []).append(identifier)
        if address:
            found.addresses.setdefault(subnet, set()).add(address)
    _CACHE[estate] = found
    return found


def _attachments(estate: Estate) -> Iterator[tuple[str, str, str]]:
    for kind, part in ((NIC_TYPE, "ipConfigurations"), (BALANCER_TYPE, "frontendIPConfigurations")):
        for resource in estate.of_type(kind):
            for config in (resource.get("properties") or {}).get(part) or []:
                properties = config.get("properties") or {}
                subnet = (properties.get("subnet") or {}).get("id")
                if subnet:
                    identifier = f"{resource['id']}/{part}/{config.get('name', '')}"
                    address = str(properties.get("privateIPAddress") or "")
                    yield ids.key(subnet), identifier, address


def prefixes(holder: Json) -> tuple[Network, ...]:
    """Return the IPv4 prefixes of a subnet or an address space; malformed ones are left out.

    ARM: a subnet has `addressPrefix` or, newer, `addressPrefixes` (Microsoft Learn, subnets).
    """
    texts = list(holder.get("addressPrefixes") or [])
    if holder.get("addressPrefix"):
        texts.append(holder["addressPrefix"])
    found: list[Network] = []
    for text in texts:
        network = _network(str(text))
        if network is not None and network not in found:
            found.append(network)
    return tuple(found)


@lru_cache(maxsize=4096)
def _network(text: str) -> Network | None:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        return None


def reserved(network: Network, address: IPv4) -> bool:
    """Tell whether Azure keeps this address of a subnet.

    ARM: the first four and the last one (Microsoft Learn, virtual network FAQ).
    """
    offset = int(address) - int(network.network_address)
    return offset < 4 or address == network.broadcast_address


def subnets(network: Json) -> list[Json]:
    """Return the subnets of a virtual network."""
    rows: Any = (network.get("properties") or {}).get("subnets") or []
    return list(rows)


def subnet_named(network: Json, name: str) -> Json | None:
    """Return a subnet by its name, without regard to case, or None."""
    return next(
        (s for s in subnets(network) if str(s.get("name", "")).lower() == name.lower()), None
    )


def subnet_id(network: Json, subnet: Json) -> str:
    """Return the id of a subnet, whether its JSON carries one or not."""
    return str(subnet.get("id") or f"{network['id']}/subnets/{subnet.get('name')}")


def free_addresses(estate: Estate, network: Json, subnet: Json, count: int) -> list[str]:
    """Return the lowest usable addresses of a subnet that nothing occupies."""
    taken = occupancy(estate).addresses.get(ids.key(subnet_id(network, subnet)), set())
    found: list[str] = []
    for prefix in prefixes(subnet.get("properties") or {}):
        for offset in range(4, prefix.num_addresses - 1):
            address = str(prefix.network_address + offset)
            if address not in taken:
                found.append(address)
                if len(found) == count:
                    return found
    return found
