"""What Site Recovery chooses for a machine by itself when its first replication has ended.

Network: the one given at enabling, else the mapping's target. Subnet: the one given, else the same
name, else the first by name. Address: a dynamic source stays dynamic; a static one keeps its
address where source and target subnet are alike and it is free, else it gets the next free one
(Microsoft Learn, network mapping, 2017-11-21 and 2026-02-12).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from asr_netmap.sandbox import addresses, ids, item_body
from asr_netmap.sandbox.estate import Estate, Json, properties_of
from asr_netmap.sandbox.recovery import MAPPING_TYPE


@dataclass(frozen=True, slots=True)
class Chosen:
    """The target network's id, None where nothing tells one, and the NICs as they are listed."""

    network: str | None
    nics: tuple[Json, ...] = ()


@dataclass(slots=True)
class _Onto:
    """Where NICs go, and what was promised there already."""

    estate: Estate
    network: Json | None
    named_subnet: str
    promised: set[str] = field(default_factory=set)


def power_state(machine: Mapping[str, Any]) -> str:
    """Return `running`, `deallocated` and so on.

    ARM: it stands in the instance view as the code `PowerState/<state>` (Microsoft Learn, virtual
    machine states). A machine of which the estate keeps no view runs.
    """
    # invented: power-state
    view = properties_of(machine).get("instanceView") or {}
    for status in view.get("statuses") or ():
        kind, _, state = str(status.get("code") or "").partition("/")
        if kind == "PowerState":
            return state
    return "running"


def target_of(estate: Estate, item: Json, machine: Json, request: Mapping[str, Any]) -> Chosen:
    """Return what becomes of the machine's NICs."""
    cards = list(_cards(estate, machine))
    given = request.get("recoveryAzureNetworkId")
    # ARM: a network given at enabling keeps its spelling, and the NIC says SelectedByUserOverride;
    # one from the mapping is lower-cased, SelectedByDefault (az CLI, 2023; PowerShell, 2022).
    identifier = given or _mapped(estate, item, cards)
    selection = "SelectedByUserOverride" if given else "SelectedByDefault"
    subnet = ids.last_name(str(request.get("recoverySubnetName") or ""))
    onto = _Onto(estate, estate.get(identifier) if identifier else None, subnet)
    nics = tuple(
        item_body.nic(
            str(card["id"]),
            _network_of(card) or "",
            identifier,
            selection,
            [_ip_config(config, onto) for config in _configs(card)],
        )
        for card in cards
    )
    return Chosen(identifier, nics)


def _cards(estate: Estate, machine: Json) -> Iterator[Json]:
    profile = properties_of(machine).get("networkProfile") or {}
    for row in profile.get("networkInterfaces") or ():
        card = estate.get(str(row.get("id") or ""))
        if card is not None:
            yield card


def _configs(card: Json) -> list[Json]:
    return list(properties_of(card).get("ipConfigurations") or ())


def _subnet_id(config: Json) -> str:
    return str((properties_of(config).get("subnet") or {}).get("id") or "")


def _network_of(card: Json) -> str | None:
    ids_of = [_subnet_id(config) for config in _configs(card)]
    return next((each.rsplit("/", 2)[0] for each in ids_of if each), None)


def _mapped(estate: Estate, item: Json, cards: list[Json]) -> str | None:
    fabric = properties_of(item).get("recoveryFabricId")
    sources = [network for network in map(_network_of, cards) if network]
    for mapping in estate.of_type(MAPPING_TYPE):
        properties = properties_of(mapping)
        if (
            sources
            and ids.same(properties.get("primaryNetworkId"), sources[0])
            and ids.same(properties.get("recoveryFabricArmId"), fabric)
        ):
            return ids.key(str(properties["recoveryNetworkId"]))
    return None


def _ip_config(config: Json, onto: _Onto) -> Json:
    properties = properties_of(config)
    subnet_id = _subnet_id(config)
    static = str(properties.get("privateIPAllocationMethod")) == "Static"
    address = str(properties.get("privateIPAddress") or "")
    primary = bool(properties.get("primary"))
    subnet = _subnet(onto, ids.last_name(subnet_id)) if primary else None
    chosen = _address(onto, subnet, subnet_id, address) if static and subnet else ""
    return item_body.ip_config(
        str(config.get("name") or ""),
        ids.last_name(subnet_id),
        address,
        static=static,
        primary=primary,
        onto=(str(subnet["name"]) if subnet else None, chosen),
    )


def _subnet(onto: _Onto, source: str) -> Json | None:
    if onto.network is None:
        return None
    names = sorted(str(row["name"]) for row in addresses.subnets(onto.network))
    for wanted in (onto.named_subnet, source, *names[:1]):
        found = addresses.subnet_named(onto.network, wanted) if wanted else None
        if found is not None:
            return found
    return None


def _address(onto: _Onto, subnet: Json, source_subnet: str, address: str) -> str:
    assert onto.network is not None
    source_network = onto.estate.get(source_subnet.rsplit("/", 2)[0]) or {}
    source = addresses.subnet_named(source_network, ids.last_name(source_subnet)) or {}
    alike = addresses.prefixes(properties_of(source)) == addresses.prefixes(properties_of(subnet))
    room = len(onto.promised) + 256
    free = addresses.free_addresses(onto.estate, onto.network, subnet, room)
    left = [each for each in free if each not in onto.promised]
    wanted = address if alike and address in left else ""
    if not wanted and address:
        # invented: next-free-address
        later = [each for each in left if _number(each) > _number(address)] if alike else left
        wanted = next(iter(later or left), "")
    onto.promised.add(wanted)
    return wanted


def _number(address: str) -> int:
    return int(ipaddress.IPv4Address(address))
