"""The demo estate with one of everything around its networks that would fail a failover."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

ROOT = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups"
HUB = "/subscriptions/99999999-8888-7777-6666-555555555555/resourceGroups/rg-hub"
NETWORK = "providers/Microsoft.Network"
LAST = {
    "lastSuccessfulFailoverTime": "2026-03-01T08:00:00.0000000Z",
    "lastSuccessfulTestFailoverTime": "2026-02-20T08:00:00.0000000Z",
}


def trouble(document: Json) -> None:
    """Change an estate file's document."""
    rows: list[Json] = document["resources"]
    by_name = {(row["type"].rpartition("/")[2].lower(), row["name"]): row for row in rows}

    def properties(kind: str, name: str) -> Json:
        found: Json = by_name[kind, name]["properties"]
        return found

    networks = {name: properties("virtualnetworks", name) for name in _NETWORKS}
    _subnets_drift(networks)
    _peers_overlap(networks)
    _names_are_lost(networks)
    rows += _routes(networks)
    _nics_have_what_is_lost(lambda name: properties("networkinterfaces", name))
    rows += _strangers(by_name["networkinterfaces", "probe1-nic"])
    _tested_where_it_fails_over(properties("replicationprotecteditems", "sql2"))
    for name, changed in _STAGES.items():
        properties("replicationprotecteditems", name).update(changed)
    rows += [_lock(scope, level) for scope, level in _LOCKS]


_NETWORKS = ("vnet-web", "vnet-web-asr", "vnet-data", "vnet-data-dr")
_STAGES: dict[str, Json] = {
    "web1": {"testFailoverState": "WaitingForCompletion", **LAST},
    "web2": {
        "protectionState": "UnplannedFailoverCompleted",
        "activeLocation": "Recovery",
        "allowedOperations": ["Commit", "ChangePit"],
        **LAST,
    },
    "sql1": {
        "protectionState": "UnplannedFailoverCommitted",
        "activeLocation": "Recovery",
        "allowedOperations": ["ReverseReplicate"],
        **LAST,
    },
}
_LOCKS = (
    (f"{ROOT}/rg-vault/providers/Microsoft.RecoveryServices/vaults/vault-dr", "ReadOnly"),
    (f"{ROOT}/rg-web-asr", "ReadOnly"),
    (f"{ROOT}/rg-data-dr", "CanNotDelete"),
    (f"{ROOT}/rg-app", "CanNotDelete"),
)


def _subnets_drift(networks: dict[str, Json]) -> None:
    """A subnet more at the source; the copy's own is smaller than what would come into it."""
    (front,) = networks["vnet-web"]["subnets"]
    for key, kind, name in (
        ("networkSecurityGroup", "networkSecurityGroups", "nsg-front"),
        ("routeTable", "routeTables", "rt-front"),
    ):
        front["properties"][key] = {"id": f"{ROOT}/rg-web/{NETWORK}/{kind}/{name}"}
    networks["vnet-web"]["subnets"].append(
        {**front, "name": "new", "properties": {"addressPrefix": "10.3.9.0/24"}}
    )
    networks["vnet-web-asr"]["subnets"][0]["properties"]["addressPrefix"] = "10.3.1.8/29"
    networks["vnet-web"]["addressSpace"]["addressPrefixes"].append("10.33.0.0/16")


def _peers_overlap(networks: dict[str, Json]) -> None:
    networks["vnet-data"]["virtualNetworkPeerings"] = [
        {
            "name": "to-hub",
            "properties": {
                "peeringState": "Connected",
                "remoteVirtualNetwork": {"id": f"{HUB}/{NETWORK}/virtualNetworks/hub"},
                "remoteAddressSpace": {"addressPrefixes": ["10.20.128.0/17"]},
            },
        }
    ]


def _names_are_lost(networks: dict[str, Json]) -> None:
    networks["vnet-web"]["dhcpOptions"] = {"dnsServers": ["10.3.1.4"]}
    networks["vnet-data-dr"]["dhcpOptions"] = {"dnsServers": ["10.99.0.4"]}


def _routes(networks: dict[str, Json]) -> list[Json]:
    """What the subnets are given, and a table of the target region that drops everything."""
    table = f"{ROOT}/rg-data-dr/{NETWORK}/routeTables/rt-drop"
    for subnet in networks["vnet-data-dr"]["subnets"]:
        if subnet["name"] == "zeta":
            subnet["properties"]["addressPrefix"] = "10.20.2.72/29"
            subnet["properties"]["routeTable"] = {"id": table}
    drop = {"addressPrefix": "0.0.0.0/0", "nextHopType": "None"}
    rules: Json = {"securityRules": []}
    return [
        _regional(table, "southeastasia", {"routes": [{"name": "drop", "properties": drop}]}),
        _regional(f"{ROOT}/rg-web/{NETWORK}/routeTables/rt-front", "eastasia", {"routes": []}),
        _regional(f"{ROOT}/rg-web/{NETWORK}/networkSecurityGroups/nsg-front", "eastasia", rules),
    ]


def _regional(identifier: str, region: str, properties: Json) -> Json:
    kind, name = identifier.split("/")[-2:]
    return {
        "id": identifier,
        "name": name,
        "type": f"Microsoft.Network/{kind}",
        "location": region,
        "properties": {"provisioningState": "Succeeded", **properties},
    }


def _nics_have_what_is_lost(nic: Any) -> None:
    app1 = nic("app1-nic")
    app1["enableIPForwarding"] = True
    app1["dnsSettings"] = {"dnsServers": ["10.1.1.4"]}
    group = {"id": f"{ROOT}/rg-app/{NETWORK}/applicationSecurityGroups/asg-app"}
    app1["ipConfigurations"][0]["properties"]["applicationSecurityGroups"] = [group]
    group = {"id": f"{ROOT}/rg-app/{NETWORK}/networkSecurityGroups/nsg-web"}
    nic("web1-nic")["networkSecurityGroup"] = group


def _strangers(template: Json) -> list[Json]:
    """Two NICs in a subnet with room for three, into which one VM fails over and is tested."""
    return [_stranger(template, f"10.20.2.{last}") for last in (76, 78)]


def _stranger(template: Json, address: str) -> Json:
    name = f"stranger-{address.replace('.', '-')}"
    subnet = f"{ROOT}/rg-data-dr/{NETWORK}/virtualNetworks/vnet-data-dr/subnets/zeta"
    where = {"privateIPAddress": address, "subnet": {"id": subnet}, "primary": True}
    configs = [{"name": "ipconfig1", "properties": where}]
    return {
        **template,
        "id": f"{ROOT}/rg-data-dr/{NETWORK}/networkInterfaces/{name}",
        "name": name,
        "properties": {"provisioningState": "Succeeded", "ipConfigurations": configs},
    }


def _tested_where_it_fails_over(item: Json) -> None:
    details = item["providerSpecificDetails"]
    details["selectedTfoAzureNetworkId"] = details["selectedRecoveryAzureNetworkId"]
    details["vmNics"][0]["ipConfigs"][0]["tfoSubnetName"] = "zeta"


def _lock(scope: str, level: str) -> Json:
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/locks/keep",
        "name": "keep",
        "type": "Microsoft.Authorization/locks",
        "properties": {"level": level},
    }
