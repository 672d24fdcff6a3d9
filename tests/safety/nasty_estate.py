"""An estate in which everything that others may name is named to do harm."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from asr_netmap.sandbox import demo_estate
from asr_netmap.sandbox.estate import Estate
from tests.report.nasty_names import NASTY_NAMES

# What a shell would run, if a command that is suggested held it bare.
SHELL_NAMES = (
    "x; touch ran",
    "$(touch ran)",
    "`touch ran`",
    "a && touch ran",
    "it's",
    'two "words"',
    "-rf",
    "~",
)
NAMES = (*NASTY_NAMES, *SHELL_NAMES)
_NOT_IN_IDS = set('/\\?#%<>&:*"|')


def in_ids(name: str) -> bool:
    """Whether ARM ids that hold the name are ids at all."""
    return bool(name.strip()) and name == name.strip() and not _NOT_IN_IDS & set(name)


def nasty_estate(names: Sequence[str] = NAMES) -> Estate:
    """The demo estate; a VM, its NIC and its replicated item for each name; named networks."""
    document = demo_estate().to_document()
    rows = {row["id"].lower(): row for row in document["resources"]}
    one = {row["type"]: row for row in rows.values() if row["name"] in {"web1", "web1-nic"}}
    for number, name in enumerate(names):
        document["resources"] += [
            _named(json.loads(json.dumps(row).replace("web1", f"n{number}")), name)
            for row in one.values()
        ]
    networks = [r for r in rows.values() if r["type"] == "Microsoft.Network/virtualNetworks"]
    for network in networks:
        network["tags"] = {name: name for name in NAMES}
    web = next(network for network in networks if network["name"] == "vnet-web")
    web["properties"]["subnets"] += _subnets(web)
    copy = next(network for network in networks if network["name"] == "vnet-web-asr")
    remote = {"remoteVirtualNetwork": {"id": web["id"]}, "peeringState": "Connected"}
    copy["properties"]["virtualNetworkPeerings"] = [
        {
            "name": "x; touch ran",
            "id": f"{copy['id']}/virtualNetworkPeerings/p",
            "properties": remote,
        }
    ]
    return Estate.from_document(document)


def _named(row: dict[str, Any], name: str) -> dict[str, Any]:
    if "replicationProtectedItems" in row["type"]:
        return _item(row, name)
    row["tags"] = {name: name, "owner": name}
    for config in row["properties"].get("ipConfigurations", ()):
        config["name"] = name
        group = row["id"].partition("/providers/")[0]
        asg = f"{group}/providers/Microsoft.Network/applicationSecurityGroups/asg"
        config["properties"]["applicationSecurityGroups"] = [{"id": asg}]
        if in_ids(name):
            config["id"] = f"{row['id']}/ipConfigurations/{name}"
    return row


def _item(row: dict[str, Any], name: str) -> dict[str, Any]:
    properties = row["properties"]
    for key in ("friendlyName", "protectionStateDescription", "policyFriendlyName"):
        properties[key] = name
    for error in properties["healthErrors"]:
        error |= {"errorMessage": name, "possibleCauses": name, "recommendedAction": name}
    details = properties["providerSpecificDetails"]
    for nic in details["vmNics"]:
        nic["recoveryNicName"] = name
        nic["tfoRecoveryNicName"] = name
        for config in nic["ipConfigs"]:
            config["name"] = name
            config["subnetName"] = name
            config["recoverySubnetName"] = name
    return row


def _subnets(network: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for number, name in enumerate(filter(in_ids, NAMES)):
        yield {
            "name": name,
            "id": f"{network['id']}/subnets/{name}",
            "properties": {"addressPrefix": f"10.3.{100 + number}.0/28"},
        }
