"""An estate made of what az CLI really got from Azure (A2A.yaml, January 2023).

Recorded are fabrics, containers, container mappings, policy, two networks, resource groups, the
VM and its replicated item. Never recorded, so derived here and tagged ``derived``: the source
network and the VM's NIC, whose ids, subnet and address the item tells. Changed on purpose: the
mappings are left out, the target network gets a second subnet with the source subnet's name, and
the item's recovery subnet is cleared, so that there is something to plan.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

Resource = dict[str, Any]

_FIRST_FAILOVER = 84  # the interaction that starts the test failover
_KINDS = (
    "replicationfabrics",
    "replicationprotectioncontainers",
    "replicationprotectioncontainermappings",
    "replicationpolicies",
    "replicationprotecteditems",
    "virtualnetworks",
    "virtualmachines",
    "resourcegroups",
)
DERIVED = {"asr-netmap-test": "derived"}


def interactions(recordings: Path) -> list[Mapping[str, Any]]:
    """The recorded exchanges in their order."""
    text = (recordings / "A2A.yaml").read_text(encoding="utf-8")
    found: list[Mapping[str, Any]] = yaml.load(text, Loader=yaml.CSafeLoader)["interactions"]
    return found


def recorded_resources(recordings: Path) -> dict[str, Resource]:
    """The last body of each resource before the first failover, by kind/name."""
    resources: dict[str, Resource] = {}
    for interaction in interactions(recordings)[:_FIRST_FAILOVER]:
        if (
            interaction["request"]["method"] != "GET"
            or interaction["response"]["status"]["code"] != 200
        ):
            continue
        body = json.loads(interaction["response"]["body"]["string"] or "{}")
        if "id" not in body or not body["id"] or "type" not in body:
            continue
        kind, name = str(body["id"]).split("/")[-2:]
        if kind.lower() in _KINDS:
            resources[f"{kind.lower()}/{name.lower()}"] = body
    return resources


def recorded_estate(recordings: Path) -> dict[str, Any]:
    """The estate document, as described at the top of this module."""
    resources = recorded_resources(recordings)
    item = resources["replicationprotecteditems/cli-test-protected-item-a2a-1"]
    nic = item["properties"]["providerSpecificDetails"]["vmNics"][0]
    target = resources["virtualnetworks/cli-test-vnet-a2a-2"]
    config = nic["ipConfigs"][0]
    target["properties"]["subnets"].append(
        _subnet(target["id"], config["subnetName"], "10.0.1.0/24")
    )
    config["recoverySubnetName"] = None
    derived = _derived(nic, resources["virtualmachines/clivm2"]["id"])
    return {
        "schema": "asr-netmap/estate/1",
        "resources": [*resources.values(), *derived],
    }


def _derived(nic: Mapping[str, Any], vm: str) -> Iterator[Resource]:
    config = nic["ipConfigs"][0]
    network = nic["vMNetworkName"]
    yield {
        "id": network,
        "name": network.rsplit("/", 1)[1],
        "type": "Microsoft.Network/virtualNetworks",
        "location": "eastus",
        "tags": DERIVED,
        "properties": {
            "provisioningState": "Succeeded",
            "addressSpace": {"addressPrefixes": ["10.67.0.0/16"]},
            "subnets": [_subnet(network, config["subnetName"], "10.67.0.0/24")],
            "virtualNetworkPeerings": [],
        },
    }
    yield {
        "id": nic["sourceNicArmId"],
        "name": nic["sourceNicArmId"].rsplit("/", 1)[1],
        "type": "Microsoft.Network/networkInterfaces",
        "location": "eastus",
        "tags": DERIVED,
        "properties": {
            "provisioningState": "Succeeded",
            "virtualMachine": {"id": vm},
            "ipConfigurations": [
                {
                    "name": config["name"],
                    "id": f"{nic['sourceNicArmId']}/ipConfigurations/{config['name']}",
                    "properties": {
                        "privateIPAddress": config["staticIPAddress"],
                        "privateIPAllocationMethod": config["ipAddressType"],
                        "primary": True,
                        "subnet": {"id": f"{network}/subnets/{config['subnetName']}"},
                    },
                }
            ],
        },
    }


def _subnet(network: str, name: str, prefix: str) -> Resource:
    return {
        "name": name,
        "id": f"{network}/subnets/{name}",
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "properties": {"provisioningState": "Succeeded", "addressPrefix": prefix},
    }
