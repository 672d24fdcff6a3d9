"""Parts of the demo estate, for tests that need little of it, and settings for all of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

from asr_netmap.sandbox import Estate, demo_estate
from asr_netmap.sandbox.demo_estate import (
    SOURCE,
    SUBSCRIPTION,
    TARGET,
    VAULT_GROUP,
    VAULT_NAME,
)
from asr_netmap.settings import Overrides, Settings, settings_from_options

SUB = f"/subscriptions/{SUBSCRIPTION}"
VAULT = f"{SUB}/resourceGroups/rg-vault/providers/Microsoft.RecoveryServices/vaults/vault-dr"

_REPLICATED = ("app1", "app2", "app3", "sql1", "sql2", "web1", "web2", "new1")
_MACHINES = (*_REPLICATED, "probe1", "mgmt1", "sql3")
_NETWORKS = ("vnet-app", "vnet-data", "vnet-data-dr", "vnet-web", "vnet-web-asr", "vnet-mgmt")


def part(
    *machines: str,
    networks: Collection[str],
    conditions: Iterable[Mapping[str, Any]] = (),
    mapped: bool = True,
    locks: Iterable[Mapping[str, Any]] = (),
    footing: bool = True,
) -> Estate:
    """The demo estate with only these machines and networks.

    conditions -- failures to rehearse, see `asr_netmap.sandbox.conditions`.
    mapped -- whether the demo's one mapping, vnet-data -> vnet-data-dr, is there.
    footing -- whether there is what replication stands on: fabrics, containers, policy.
    """
    document = json.loads(demo_estate().to_text())
    dropped = {*_MACHINES} - {*machines} | {*_NETWORKS} - {*networks}
    if "vnet-app" in dropped:
        dropped.add("nsg-web")  # of a subnet there
    document["resources"] = [
        resource
        for resource in document["resources"]
        if not _belongs(resource, dropped)
        and (mapped or "/replicationnetworkmappings/" not in resource["id"].lower())
        and (footing or "/replication" not in resource["id"].lower())
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


def lock(scope: str, name: str, level: str = "ReadOnly") -> dict[str, Any]:
    """A management lock on a scope."""
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/locks/{name}",
        "name": name,
        "type": "Microsoft.Authorization/locks",
        "properties": {"level": level, "notes": "by the network team"},
    }


def demo_settings(existing: Literal["keep", "enforce"] | None = None) -> Settings:
    """Settings that name the demo estate's vault and regions."""
    return settings_from_options(
        Overrides(
            subscription=SUBSCRIPTION,
            resource_group=VAULT_GROUP,
            vault_name=VAULT_NAME,
            source_region=SOURCE,
            target_region=TARGET,
            existing=existing,
        )
    )
