"""Estates to measure on: one source network, its target, and so many replicated VMs in it.

Built with the demo estate's own builders, so every body is as long as the recorded ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from typing import Any

from asr_netmap.sandbox import Estate, implied
from asr_netmap.sandbox.demo_estate import (
    SOURCE,
    SUBSCRIPTION,
    TARGET,
    VAULT_GROUP,
    VAULT_NAME,
    _Address,
    _Card,
    _item,
    _Machine,
    _network,
    _network_id,
    _nic,
    _recovery,
    _virtual_machine,
)
from asr_netmap.sandbox.recovery import MAPPING_TYPE

Json = dict[str, Any]

GROUP, NETWORK = "rg-bench", "vnet-bench"
TARGET_GROUP, TARGET_NETWORK = "rg-bench-dr", "vnet-bench-dr"
SOURCE_NETWORK_ID = _network_id(GROUP, NETWORK)
TARGET_NETWORK_ID = _network_id(TARGET_GROUP, TARGET_NETWORK)
SUBNETS: Mapping[str, str] = {"web": "10.1.0.0/17", "app": "10.1.128.0/17"}
VAULT = f"{SUBSCRIPTION}/{VAULT_GROUP}/{VAULT_NAME}"


def estate(items: int, *, nics: int = 1) -> Estate:
    """So many items with so many NICs (1 or 2), every address static; nothing is mapped yet."""
    rows = [*_groups(), *_networks()]
    rows += [row for row in _recovery() if row["type"] != MAPPING_TYPE]
    for number in range(items):
        rows += _machine_rows(number, nics)
    return Estate(rows)


def settings() -> str:
    """The configuration that declares what the estate should become."""
    document = {
        "version": 1,
        "vault": {"subscription": SUBSCRIPTION, "resource_group": VAULT_GROUP, "name": VAULT_NAME},
        "source_region": SOURCE,
        "target_region": TARGET,
        "networks": [{"source": NETWORK, "target": TARGET_NETWORK}],
    }
    return json.dumps(document) + "\n"


def address_of(number: int, nic: int = 0) -> tuple[str, str]:
    """Subnet and address of a NIC: the same at the source and, once it is set, at the target."""
    subnet = tuple(SUBNETS)[nic]
    first = IPv4Address(SUBNETS[subnet].partition("/")[0])
    return subnet, str(first + 10 + number)


def unfinished(estate: Estate, *, nics: int = 1) -> list[str]:
    """What of the work is not done, in words; empty when all of it is."""
    rows = list(estate.to_document()["resources"])
    mappings = [row for row in rows if row["type"] == MAPPING_TYPE]
    paired = sum(1 for row in mappings if row["properties"]["state"] == "Paired")
    wrong = [] if paired == 2 else [f"{paired} paired mappings instead of 2"]
    found = [row for row in rows if row["type"].endswith("/replicationProtectedItems")]
    wrong += [row["id"] for row in found if not _is_set(row, nics)]
    return wrong


def _is_set(row: Json, nics: int) -> bool:
    details = row["properties"]["providerSpecificDetails"]
    number = int(row["properties"]["friendlyName"][2:])
    network = (details["selectedRecoveryAzureNetworkId"] or "").lower()
    found = [
        (config["recoverySubnetName"], config["recoveryStaticIPAddress"])
        for nic in details["vmNics"]
        for config in nic["ipConfigs"]
    ]
    wanted = [address_of(number, nic) for nic in range(nics)]
    return network == TARGET_NETWORK_ID.lower() and found == wanted


def _groups() -> list[Json]:
    places = {GROUP: SOURCE, TARGET_GROUP: TARGET, VAULT_GROUP: TARGET, "rg-dr": TARGET}
    return [implied.resource_group(SUBSCRIPTION, name, region) for name, region in places.items()]


def _networks() -> list[Json]:
    subnets: dict[str, tuple[str, Json]] = {name: (prefix, {}) for name, prefix in SUBNETS.items()}
    return [
        _network(GROUP, NETWORK, SOURCE, "10.1.0.0/16", subnets),
        _network(TARGET_GROUP, TARGET_NETWORK, TARGET, "10.1.0.0/16", subnets),
    ]


def _machine_rows(number: int, nics: int) -> Iterator[Json]:
    name = f"vm{number:05}"
    cards = tuple(
        _Card(f"{name}-nic{nic}", (_Address(*address_of(number, nic)),)) for nic in range(nics)
    )
    machine = _Machine(name, GROUP, NETWORK, cards)
    for card in cards:
        yield _nic(machine, card)
    yield _virtual_machine(machine)
    yield _item(machine)
