"""Small estates to record: parts of the demo estate, so that a cassette stays readable."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from asr_netmap.sandbox import Estate, demo_estate
from asr_netmap.sandbox.demo_estate import SUBSCRIPTION

SUB = f"/subscriptions/{SUBSCRIPTION}"
VAULT = f"{SUB}/resourceGroups/rg-vault/providers/Microsoft.RecoveryServices/vaults/vault-dr"

_MACHINES = ("app1", "app2", "app3", "sql1", "sql2", "web1", "web2", "new1", "probe1")
_NETWORKS = ("vnet-app", "vnet-data", "vnet-data-dr", "vnet-web", "vnet-web-asr", "vnet-mgmt")


def part(
    *machines: str,
    networks: Collection[str],
    conditions: Iterable[Mapping[str, Any]] = (),
    mapped: bool = True,
    locks: Iterable[Mapping[str, Any]] = (),
) -> Estate:
    """The demo estate with only these machines and networks.

    conditions -- failures to rehearse, see `asr_netmap.sandbox.conditions`.
    mapped -- whether the demo's one mapping, vnet-data -> vnet-data-dr, is there.
    """
    document = json.loads(demo_estate().to_text())
    dropped = {*_MACHINES} - {*machines} | {*_NETWORKS} - {*networks}
    document["resources"] = [
        resource
        for resource in document["resources"]
        if not _belongs(resource, dropped)
        and (mapped or "/replicationnetworkmappings/" not in resource["id"].lower())
        and (("web" in str(networks)) or "/networksecuritygroups/" not in resource["id"].lower())
    ]
    document["resources"] += list(locks)
    document["conditions"] = [dict(condition) for condition in conditions]
    return Estate.from_document(document)


def _belongs(resource: Mapping[str, Any], dropped: Collection[str]) -> bool:
    """Whether it is one of the dropped machines and networks, or a part of one."""
    names = {segment.lower() for segment in resource["id"].split("/")}
    return any(
        name in names or f"{name}-nic" in names or f"{name}-nic2" in names for name in dropped
    )


def lock(scope: str, name: str) -> dict[str, Any]:
    """A management lock that lets a scope be read only."""
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/locks/{name}",
        "name": name,
        "type": "Microsoft.Authorization/locks",
        "properties": {"level": "ReadOnly", "notes": "by the network team"},
    }
