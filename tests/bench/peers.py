"""What people would write with the SDKs alone, as processes of their own:

    python -m tests.bench.peers WAY URL OPERATION_SECONDS

The work is the same for each: list, create both mappings, set one NIC of every item, list again
and compare. WAY is ``one-by-one`` and ``threads`` (8 of them), which ask every second whether an
operation is done, ``at-once``, which starts all and asks every half second, or ``limit``: the
imports, 8 requests and the time of two operations, and no work. Nothing of the program is
imported here.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.request import Request, urlopen

from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.rest import HttpRequest
from azure.identity import DefaultAzureCredential  # noqa: F401 -- everybody who signs in needs it
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
VAULT = {"resource_group_name": "rg-vault", "resource_name": "vault-dr"}
SOURCE_FABRIC, TARGET_FABRIC = "asr-a2a-default-eastasia", "asr-a2a-default-southeastasia"
GROUPS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"
SOURCE = f"{GROUPS}/rg-bench/providers/Microsoft.Network/virtualNetworks/vnet-bench"
TARGET = f"{GROUPS}/rg-bench-dr/providers/Microsoft.Network/virtualNetworks/vnet-bench-dr"
THREADS = 8
REQUESTS_AT_LEAST = 8

Wait = Callable[[Iterable[Callable[[], Any]]], None]


class _Bearer(SansIOHTTPPolicy[Any, Any]):
    """A sandbox's token on every request; the SDKs' own policy refuses plain http."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def on_request(self, request: Any) -> None:
        """Add the header."""
        request.http_request.headers["Authorization"] = f"Bearer {self._token}"


class _Credential:
    """For the constructors, which insist on one."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """Never called."""
        raise AssertionError("the policy has the token")


def clients(url: str, seconds: float) -> tuple[SiteRecoveryManagementClient, Any]:
    """Both clients; `seconds` is the polling interval."""
    asked = Request(f"{url}/msi/token?resource=x&api-version=2019-08-01")
    asked.add_header("X-IDENTITY-HEADER", "sandbox")
    with urlopen(asked) as answer:
        token = json.load(answer)["access_token"]
    options: dict[str, Any] = {
        "credential": _Credential(),
        "subscription_id": SUBSCRIPTION,
        "base_url": url,
        "authentication_policy": _Bearer(token),
        "polling_interval": seconds,
    }
    return SiteRecoveryManagementClient(**options), NetworkManagementClient(**options)


def one_by_one(operations: Iterable[Callable[[], Any]]) -> None:
    """Start one, wait for it, start the next."""
    for begin in operations:
        begin().result()


def in_threads(operations: Iterable[Callable[[], Any]]) -> None:
    """The same in eight threads."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda begin: begin().result(), operations))


def at_once(operations: Iterable[Callable[[], Any]]) -> None:
    """Start all, then wait for all."""
    for poller in [begin() for begin in operations]:
        poller.result()


WAYS: dict[str, tuple[Wait, float]] = {
    "one-by-one": (one_by_one, 1.0),
    "threads": (in_threads, 1.0),
    "at-once": (at_once, 0.5),
}


def work(client: Any, wait: Wait) -> None:
    """The whole job. Raises AssertionError if it is not done in the end."""
    items = list(client.replication_protected_items.list(**VAULT))
    mappings = list(client.replication_network_mappings.list(**VAULT))
    assert not mappings, "the estate is new"
    wait(
        [
            lambda: _begin_mapping(client, SOURCE_FABRIC, SOURCE, TARGET_FABRIC, TARGET),
            lambda: _begin_mapping(client, TARGET_FABRIC, TARGET, SOURCE_FABRIC, SOURCE),
        ]
    )
    wait([partial(_begin_item, client, item) for item in items])
    mappings = list(client.replication_network_mappings.list(**VAULT))
    assert [each.properties.state for each in mappings] == ["Paired", "Paired"]
    for item in client.replication_protected_items.list(**VAULT):
        for nic in item.properties.provider_specific_details.vm_nics:
            for config in nic.ip_configs:
                assert config.recovery_static_ip_address == config.static_ip_address
                assert config.recovery_subnet_name == config.subnet_name


def _begin_mapping(
    client: SiteRecoveryManagementClient, fabric: str, network: str, to_fabric: str, to: str
) -> Any:
    details = {"instanceType": "AzureToAzure", "primaryNetworkId": network}
    properties = {
        "recoveryFabricName": to_fabric,
        "recoveryNetworkId": to,
        "fabricSpecificDetails": details,
    }
    return client.replication_network_mappings.begin_create(
        **VAULT,
        fabric_name=fabric,
        network_name="azureNetwork",
        network_mapping_name=f"{network.rpartition('/')[2]}-mapping",
        input={"properties": properties},
    )


def _begin_item(client: SiteRecoveryManagementClient, item: Any) -> Any:
    parts = item.id.split("/")
    details = item.properties.provider_specific_details
    properties = {
        "recoveryAzureVMName": details.recovery_azure_vm_name,
        "selectedRecoveryAzureNetworkId": TARGET,
        "vmNics": [_nic(nic) for nic in details.vm_nics],
        "providerSpecificDetails": {"instanceType": "A2A"},
    }
    return client.replication_protected_items.begin_update(
        **VAULT,
        fabric_name=parts[parts.index("replicationFabrics") + 1],
        protection_container_name=parts[parts.index("replicationProtectionContainers") + 1],
        replicated_protected_item_name=parts[-1],
        update_protection_input={"properties": properties},
    )


def _nic(nic: Any) -> dict[str, Any]:
    configs = [
        {
            "ipConfigName": config.name,
            "isPrimary": config.is_primary,
            "isSeletedForFailover": True,
            "recoverySubnetName": config.subnet_name,
            "recoveryStaticIPAddress": config.static_ip_address,
        }
        for config in nic.ip_configs
    ]
    return {"nicId": nic.nic_id, "ipConfigs": configs, "selectionType": "SelectedByUser"}


def limit(client: SiteRecoveryManagementClient, url: str, operation: float) -> None:
    """What nobody can do without: requests one after another, and two operations."""
    group = f"{GROUPS}/rg-vault?api-version=2021-04-01"
    for _ in range(REQUESTS_AT_LEAST):
        answer = client.send_request(HttpRequest("GET", url + group))
        assert answer.status_code == 200
    time.sleep(2 * operation)


def main() -> None:
    """Do the work the way that is asked for."""
    way, url, operation = sys.argv[1], sys.argv[2], float(sys.argv[3])
    wait, interval = WAYS.get(way, (one_by_one, 1.0))
    client, _network = clients(url, interval)
    if way == "limit":
        limit(client, url, operation)
    else:
        work(client, wait)


if __name__ == "__main__":
    main()
