"""Parents that an estate leaves out but its resources prove to exist.

A virtual network has a resource group, a mapping has a vault and two fabrics, an item has
protection containers. A fabric's region is taken from its own `customDetails`; where the fabric
itself is missing, from the locations that mappings and items state. Never from a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from asr_netmap.sandbox import ids, regions

VAULT_TYPE = "Microsoft.RecoveryServices/vaults"
FABRIC_TYPE = f"{VAULT_TYPE}/replicationFabrics"
CONTAINER_TYPE = f"{FABRIC_TYPE}/replicationProtectionContainers"


def implied_parents(resource: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parents that this resource proves, outermost first."""
    parts = str(resource["id"])[1:].split("/")
    if len(parts) >= 4 and parts[2].lower() == "resourcegroups":
        region = resource.get("location")
        yield resource_group(parts[1], parts[3], region if isinstance(region, str) else None)
    if len(parts) > 8 and "/".join((parts[5], parts[6])).lower() == VAULT_TYPE.lower():
        yield _vault(parts)
        yield from _recovery_parents(resource, parts)


def resource_group(subscription: str, name: str, region: str | None) -> dict[str, Any]:
    """Return a resource group as ARM shows it."""
    return {
        "id": f"/subscriptions/{subscription}/resourceGroups/{name}",
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": regions.short_name(region) if region else "",
        "properties": {"provisioningState": "Succeeded"},
    }


def fabric(identifier: str, region: str | None) -> dict[str, Any]:
    """Return an Azure fabric as Site Recovery shows it.

    ARM: key order name, type, id; the friendly name is the region's (az CLI traffic, 2023).
    """
    keys = {"kekState": "None", "kekCertThumbprint": None}
    name = ids.last_name(identifier)
    return {
        "name": name,
        "type": FABRIC_TYPE,
        "id": identifier,
        "properties": {
            "friendlyName": regions.display_name(region) if region else name,
            "encryptionDetails": dict(keys),
            "rolloverEncryptionDetails": dict(keys),
            "internalIdentifier": ids.stable_guid(identifier),
            "bcdrState": "Valid",
            "customDetails": {
                "instanceType": "Azure",
                "location": region,
                "containerIds": [],
                "zones": [],
            },
            "healthErrorDetails": [],
            "health": "Normal",
        },
    }


def container(identifier: str, fabric_name: str) -> dict[str, Any]:
    """Return a protection container as Site Recovery shows it (az CLI traffic, 2023)."""
    name = ids.last_name(identifier)
    return {
        "id": identifier,
        "name": name,
        "type": CONTAINER_TYPE,
        "properties": {
            "fabricFriendlyName": fabric_name,
            "friendlyName": name,
            "fabricType": "Azure",
            "protectedItemCount": 0,
            "pairingStatus": "NotPaired",
            "role": "",
            "fabricSpecificDetails": None,
        },
    }


def fabric_region(resource: Mapping[str, Any]) -> str | None:
    """Return the short region name of a fabric, or None when the estate does not tell."""
    details = (resource.get("properties") or {}).get("customDetails") or {}
    location = details.get("location")
    return regions.short_name(location) if isinstance(location, str) and location else None


def _vault(parts: list[str]) -> dict[str, Any]:
    # invented: implied-vault
    return {
        "location": "",
        "name": parts[7],
        "etag": f'W/"{ids.stable_guid(*parts[:8])}"',
        "properties": {"provisioningState": "Succeeded"},
        "id": "/" + "/".join(("subscriptions", *parts[1:8])),
        "type": VAULT_TYPE,
        "sku": {"name": "Standard"},
    }


def _recovery_parents(resource: Mapping[str, Any], parts: list[str]) -> Iterator[dict[str, Any]]:
    if len(parts) < 11 or parts[8].lower() != "replicationfabrics":
        return
    own, other = _locations(resource)
    vault = "/" + "/".join(("Subscriptions", *parts[1:8]))
    yield fabric(f"{vault}/{parts[8]}/{parts[9]}", own)
    properties = resource.get("properties") or {}
    recovery = properties.get("recoveryFabricArmId") or properties.get("recoveryFabricId")
    if isinstance(recovery, str) and recovery.startswith("/"):
        yield fabric(recovery, other)
    if len(parts) >= 13 and parts[10].lower() == "replicationprotectioncontainers":
        shown = properties.get("primaryFabricFriendlyName") or parts[9]
        yield container(f"{vault}/{'/'.join(parts[8:12])}", str(shown))


def _locations(resource: Mapping[str, Any]) -> tuple[str | None, str | None]:
    properties = resource.get("properties") or {}
    for name in ("fabricSpecificSettings", "providerSpecificDetails"):
        details = properties.get(name) or {}
        if details.get("primaryFabricLocation"):
            return details["primaryFabricLocation"], details.get("recoveryFabricLocation")
    return None, None
