"""What other clients' updates wipe, side by side with what an update of ours keeps.

Both clients write one address of the same VM of the same estate, on the sandbox, which answers a
PATCH as the recorded service does: what is not sent within a NIC is lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from random import Random
from typing import Any

import pytest

from asr_netmap.sandbox import FileSandbox, Request, Response, demo_estate, sandbox_token
from tests.cli.conftest import REGION_OPTIONS, VAULT_OPTIONS, Run

SUB = "/subscriptions/11111111-2222-3333-4444-555555555555"
DR = f"{SUB}/resourceGroups/rg-web-asr/providers/Microsoft.Network"
TEST_NETWORK = f"{DR}/virtualNetworks/vnet-web-test"
PUBLIC_IP, TEST_PUBLIC_IP = f"{DR}/publicIPAddresses/pip", f"{DR}/publicIPAddresses/pip-test"
POOL = f"{DR}/loadBalancers/lb/backendAddressPools/pool"
TEST_POOL = f"{DR}/loadBalancers/lb-test/backendAddressPools/pool"
NSG, TEST_NSG = f"{DR}/networkSecurityGroups/nsg", f"{DR}/networkSecurityGroups/nsg-test"

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=timezone.utc)

OF_CONFIG = {
    "recoveryPublicIPAddressId": PUBLIC_IP,
    "recoveryLBBackendAddressPoolIds": [POOL],
    "tfoSubnetName": "front",
    "tfoStaticIPAddress": "10.3.1.40",
    "tfoPublicIPAddressId": TEST_PUBLIC_IP,
    "tfoLBBackendAddressPoolIds": [TEST_POOL],
}
OF_NIC = {
    "recoveryNetworkSecurityGroupId": NSG,
    "tfoNetworkSecurityGroupId": TEST_NSG,
    "enableAcceleratedNetworkingOnRecovery": True,
    "enableAcceleratedNetworkingOnTfo": True,
    "recoveryNicName": "web2-nic-dr",
    "recoveryNicResourceGroupName": "rg-web-asr",
    "tfoRecoveryNicName": "web2-nic-test",
    "tfoRecoveryNicResourceGroupName": "rg-web-asr",
}


def _resource(identifier: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    kind, name = identifier.split("/")[-2:]
    return {
        "id": identifier,
        "name": name,
        "type": f"Microsoft.Network/{kind}",
        "location": "southeastasia",
        "properties": {"provisioningState": "Succeeded", **properties},
    }


def _balancer(pool: str) -> dict[str, Any]:
    balancer = pool.rpartition("/backendAddressPools/")[0]
    return _resource(balancer, {"backendAddressPools": [{"id": pool, "name": "pool"}]})


def _details(estate: Mapping[str, Any]) -> Any:
    (item,) = [
        resource
        for resource in estate["resources"]
        if resource["id"].lower().endswith("/replicationprotecteditems/web2")
    ]
    return item["properties"]["providerSpecificDetails"]


def _settled_estate() -> dict[str, Any]:
    """The demo estate, in which somebody has set every setting of web2's NIC."""
    estate: dict[str, Any] = json.loads(demo_estate().to_text())
    prefix = {"name": "front", "properties": {"addressPrefix": "10.3.1.0/24"}}
    estate["resources"] += [
        _resource(
            TEST_NETWORK,
            {"addressSpace": {"addressPrefixes": ["10.3.0.0/16"]}, "subnets": [prefix]},
        ),
        *(_resource(each, {}) for each in (PUBLIC_IP, TEST_PUBLIC_IP, NSG, TEST_NSG)),
        _balancer(POOL),
        _balancer(TEST_POOL),
    ]
    details = _details(estate)
    details["selectedTfoAzureNetworkId"] = TEST_NETWORK
    (nic,) = details["vmNics"]
    nic.update(OF_NIC, tfoVMNetworkId=TEST_NETWORK, selectionType="SelectedByUser")
    nic["ipConfigs"][0].update(OF_CONFIG)
    return estate


def _nic(path: Path) -> Any:
    (nic,) = _details(json.loads(path.read_text()))["vmNics"]
    return nic


@pytest.fixture
def estate(folder: Path) -> Path:
    path = folder / "settled.json"
    path.write_text(json.dumps(_settled_estate()))
    return path


def _partial_update(estate: Path, address: str) -> None:
    """An update as scripts write it: the NIC and the address that is meant, and no more."""
    item = (
        f"{SUB}/resourceGroups/rg-vault/providers/Microsoft.RecoveryServices/vaults/vault-dr"
        "/replicationFabrics/asr-a2a-default-eastasia/replicationProtectionContainers"
        "/asr-a2a-default-eastasia-container/replicationProtectedItems/web2"
    )
    before = _nic(estate)
    config = before["ipConfigs"][0]
    body = {
        "properties": {
            "vmNics": [
                {
                    "nicId": before["nicId"],
                    "selectionType": "SelectedByUser",
                    "ipConfigs": [
                        {
                            "ipConfigName": config["name"],
                            "isPrimary": True,
                            "recoverySubnetName": config["recoverySubnetName"],
                            "recoveryStaticIPAddress": address,
                        }
                    ],
                }
            ],
            "providerSpecificDetails": {"instanceType": "A2A"},
        }
    }
    sandbox, host = FileSandbox(estate), "https://management.azure.com"

    def send(method: str, url: str, content: bytes = b"") -> Response:
        headers = {"Authorization": f"Bearer {sandbox_token(NOW, host)}"}
        return sandbox.handle(Request(method, url, headers, content), NOW, Random(0))

    answer = send("PATCH", f"{host}{item}?api-version=2025-08-01", json.dumps(body).encode())
    assert answer.status == 202
    ended = send("GET", answer.header("Azure-AsyncOperation") or "")
    assert json.loads(ended.body)["status"] == "Succeeded"


def test_a_partial_update_wipes_what_it_does_not_name(estate: Path) -> None:
    _partial_update(estate, "10.3.1.44")
    after = _nic(estate)
    config = after["ipConfigs"][0]
    assert config["recoveryStaticIPAddress"] == "10.3.1.44"
    assert {name: config[name] for name in OF_CONFIG} == {
        name: [] if isinstance(value, list) else "" for name, value in OF_CONFIG.items()
    }
    assert not any(after[name] for name in OF_NIC)


def test_an_update_of_ours_changes_the_address_and_nothing_else(run: Run, estate: Path) -> None:
    before = _nic(estate)
    where = (*VAULT_OPTIONS, *REGION_OPTIONS, "--sandbox", str(estate))
    done = run("nics", "set", "--vm", "web2", "--address", "10.3.1.44", "--yes", *where)
    assert done.code == 0, done.err
    expected = json.loads(json.dumps(before))
    expected["ipConfigs"][0].update(
        recoveryStaticIPAddress="10.3.1.44", recoveryIPAddressType="Static"
    )
    assert _nic(estate) == expected


def test_clearing_one_setting_leaves_the_others(run: Run, estate: Path) -> None:
    before = _nic(estate)
    where = (*VAULT_OPTIONS, *REGION_OPTIONS, "--sandbox", str(estate))
    done = run("nics", "set", "--vm", "web2", "--public-ip", "none", "--yes", *where)
    assert done.code == 0, done.err
    expected = json.loads(json.dumps(before))
    expected["ipConfigs"][0]["recoveryPublicIPAddressId"] = ""
    assert _nic(estate) == expected
