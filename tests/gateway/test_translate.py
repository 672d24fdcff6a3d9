"""Azure's bodies as models: quirks one by one, and the recorded bodies field by field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure.core.rest import HttpRequest

from asr_netmap.arm_id import ArmId
from asr_netmap.gateway import translate
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.lists import SITE_RECOVERY_API
from asr_netmap.models import NotLookedAt, ReplicatedItem

from .scripted import ITEM, MAPPING, SUBSCRIPTION, VAULT, Answer, answer, scripted
from .test_patch import NIC, OTHER, full_item

NETWORK = "/subscriptions/s1/resourceGroups/g1/providers/Microsoft.Network/virtualNetworks/v1"


def network(**properties: Any) -> dict[str, Any]:
    return {"id": NETWORK, "name": "v1", "location": "East Asia", "properties": properties}


def test_a_network_is_translated_with_all_that_a_copy_needs() -> None:
    subnet = {
        "name": "web",
        "properties": {
            "addressPrefix": "10.1.1.0/24",
            "networkSecurityGroup": {"id": f"{OTHER}-nsg"},
            "routeTable": {"id": f"{OTHER}-rt"},
            "natGateway": {"id": f"{OTHER}-nat"},
            "delegations": [{"name": "d", "properties": {"serviceName": "Microsoft.Web/farms"}}],
            "serviceEndpoints": [{"service": "Microsoft.Storage", "locations": ["eastasia"]}],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
            "defaultOutboundAccess": False,
        },
    }
    peering = {
        "name": "hub",
        "properties": {"remoteVirtualNetwork": {"id": OTHER}, "peeringState": "Connected"},
    }
    body = network(
        addressSpace={"addressPrefixes": ["10.1.0.0/16", "fd00::/48"]},
        subnets=[subnet],
        dhcpOptions={"dnsServers": ["10.0.0.4"]},
        ddosProtectionPlan={"id": f"{OTHER}-ddos"},
        virtualNetworkPeerings=[peering],
    )
    found = translate.network({**body, "tags": {"a": "b"}})
    assert found.id == ArmId(NETWORK)
    assert found.region == "eastasia"
    assert found.address_space == (IPv4Network("10.1.0.0/16"), IPv6Network("fd00::/48"))
    assert (found.dns_servers, found.tags) == (("10.0.0.4",), {"a": "b"})
    assert found.ddos_plan == ArmId(f"{OTHER}-ddos")
    assert [(p.name, p.remote, p.state) for p in found.peerings] == [
        ("hub", ArmId(OTHER), "Connected")
    ]
    (web,) = found.subnets
    assert web.prefixes == (IPv4Network("10.1.1.0/24"),)
    assert web.network_security_group == ArmId(f"{OTHER}-nsg")
    assert web.route_table == ArmId(f"{OTHER}-rt")
    assert web.nat_gateway == ArmId(f"{OTHER}-nat")
    assert web.delegations == ("Microsoft.Web/farms",)
    assert web.service_endpoints == ("Microsoft.Storage",)
    assert (web.private_endpoint_policies, web.private_link_policies) == ("Disabled", "Enabled")
    assert web.default_outbound_access is False


@pytest.mark.parametrize(
    "empty", [{}, {"addressSpace": None, "subnets": None, "dhcpOptions": None}]
)
def test_null_and_absent_are_the_same(empty: Mapping[str, Any]) -> None:
    found = translate.network(network(**empty))
    assert (found.address_space, found.subnets, found.dns_servers) == ((), (), ())
    assert translate.network({**network(), "tags": None}).tags == {}


def test_a_subnet_may_have_one_prefix_or_a_list() -> None:
    one = {"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}
    many = {"name": "b", "properties": {"addressPrefixes": ["10.0.1.0/24", "fd00::/64"]}}
    found = translate.network(network(subnets=[one, many])).subnets
    assert [len(each.prefixes) for each in found] == [1, 2]
    assert found[0].default_outbound_access is None


def test_a_nic_is_translated() -> None:
    config = {
        "name": "ipconfig1",
        "properties": {
            "privateIPAddress": "10.1.1.4",
            "privateIPAllocationMethod": "Static",
            "primary": True,
            "subnet": {"id": f"{NETWORK}/subnets/web"},
            "applicationSecurityGroups": [{"id": f"{OTHER}-asg"}],
        },
    }
    bare = {"name": "ipconfig2", "properties": {"privateIPAllocationMethod": "Dynamic"}}
    body = {
        "id": str(NIC),
        "location": "eastasia",
        "properties": {
            "ipConfigurations": [config, bare],
            "virtualMachine": {"id": f"{OTHER}-vm"},
            "networkSecurityGroup": None,
        },
    }
    found = translate.nic(body)
    assert found.vm == ArmId(f"{OTHER}-vm")
    assert found.network_security_group is None
    assert found.application_security_groups == (ArmId(f"{OTHER}-asg"),)
    first, second = found.addresses
    assert (first.address, first.static, first.primary) == (IPv4Address("10.1.1.4"), True, True)
    assert first.subnet == ArmId(f"{NETWORK}/subnets/web")
    assert (second.address, second.static, second.primary) == (None, False, False)


def test_null_empty_text_and_empty_list_mean_unset() -> None:
    readings = []
    for nothing, nothings in ((None, None), ("", [])):
        raw = full_item()
        nic = raw["properties"]["providerSpecificDetails"]["vmNics"][0]
        for key in ("recoveryNetworkSecurityGroupId", "recoveryNicName", "vMNetworkName"):
            nic[key] = nothing
        for key in ("recoverySubnetName", "recoveryStaticIPAddress", "tfoPublicIPAddressId"):
            nic["ipConfigs"][0][key] = nothing
        nic["ipConfigs"][0]["recoveryLBBackendAddressPoolIds"] = nothings
        nic["enableAcceleratedNetworkingOnTfo"] = None if nothing is None else False
        readings.append(translate.item(raw))
    assert readings[0] == readings[1]
    assert readings[0] is not None
    nic_read = readings[0].nics[0]
    assert (nic_read.nsg, nic_read.nic_name, nic_read.test_accelerated) == (None, None, False)
    assert (nic_read.ip_configs[0].subnet, nic_read.ip_configs[0].lb_pools) == (None, ())


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        ("SelectedByUser", True),
        ("SelectedByUserOverride", True),
        ("selectedbyuser", True),
        ("SelectedByDefault", False),
        ("NotSelected", False),
        (None, False),
        ("Unheard", False),
    ],
)
def test_who_chose_is_read_from_the_selection_type(selection: str | None, chosen: bool) -> None:
    raw = full_item()
    raw["properties"]["providerSpecificDetails"]["vmNics"][0]["selectionType"] = selection
    found = translate.item(raw)
    assert found is not None
    assert found.nics[0].chosen_by_user is chosen
    assert found.nics[0].chosen_at_enabling is (selection == "SelectedByUserOverride")


def test_an_idle_items_scenario_is_none_and_a_busy_ones_has_its_job() -> None:
    raw = full_item()
    job = f"{VAULT}/replicationJobs/j1"
    for name, expected in (("None", None), (None, None), ("TestFailover", "TestFailover")):
        raw["properties"]["currentScenario"] = {"scenarioName": name, "jobId": job}
        found = translate.item(raw)
        assert found is not None
        assert found.scenario == expected
        assert found.scenario_job == (ArmId(job) if expected else None)


def test_an_items_network_is_its_own_selection_else_a_nics() -> None:
    raw = full_item()
    details = raw["properties"]["providerSpecificDetails"]
    details["selectedRecoveryAzureNetworkId"] = ""
    details["selectedTfoAzureNetworkId"] = f"{OTHER}-elsewhere"
    found = translate.item(raw)
    assert found is not None
    assert found.target_network == ArmId(f"{OTHER}-target")
    assert found.test_network == ArmId(f"{OTHER}-elsewhere")


def test_after_a_reprotect_nameless_ip_configs_are_read() -> None:
    raw = full_item()
    nic = raw["properties"]["providerSpecificDetails"]["vmNics"][0]
    nic["vMNetworkName"] = None
    nic["ipConfigs"][0].update({"name": None, "subnetName": None})
    found = translate.item(raw)
    assert found is not None
    assert found.nics[0].source_network is None
    assert found.nics[0].ip_configs[0].name == ""


def test_other_scenarios_of_site_recovery_are_not_ours() -> None:
    details = {"instanceType": "HyperVReplicaAzure"}
    assert (
        translate.item({"id": str(ITEM), "properties": {"providerSpecificDetails": details}})
        is None
    )
    settings = {"instanceType": "VmmToAzure"}
    body = {"id": str(MAPPING), "properties": {"fabricSpecificSettings": settings}}
    assert translate.mapping(body) is None
    vmm = {"id": str(MAPPING.parent), "properties": {"customDetails": {"instanceType": "VMM"}}}
    assert translate.fabric(vmm) is None


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"id": None},
        {"id": "no id", "location": "x"},
        {"id": NETWORK, "properties": []},
        {"id": NETWORK, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/99"]}}},
        {"id": NETWORK, "properties": {"subnets": [{"properties": {}}]}},
        {"id": f"{NETWORK}/..", "properties": {}},
    ],
)
def test_an_odd_row_is_a_gap_and_the_others_are_read(odd: Mapping[str, Any]) -> None:
    good, gaps = translate.translated_rows([odd, network()], translate.network, "network")
    assert [each.id for each in good] == [ArmId(NETWORK)]
    (gap,) = gaps
    assert isinstance(gap, NotLookedAt)
    assert gap.what.startswith("network ")
    assert "can't be read" in gap.reason
    if odd.get("id") == NETWORK:
        assert gap.scope == ArmId(NETWORK)


# The recorded bodies, through the installed SDKs.


@pytest.fixture(scope="module")
def recorded(recordings: Path) -> dict[int, dict[str, Any]]:
    text = (recordings / "A2A.yaml").read_text()
    loaded = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    wanted = (4, 42, 73)
    return {n: json.loads(loaded["interactions"][n]["response"]["body"]["string"]) for n in wanted}


def connected(body: object) -> Connection:
    def script(_request: HttpRequest) -> Answer:
        return answer(200, body)

    return scripted(script).connection


def test_the_recorded_fabric_reads_through_the_sdk(recorded: dict[int, dict[str, Any]]) -> None:
    client = connected(recorded[4]).site_recovery(SUBSCRIPTION)
    found = translate.fabric(client.replication_fabrics.get("g", "v", "f").as_dict())
    assert found is not None
    assert (found.name, found.region) == ("cli-test-fabric-A2A-1", "eastus")
    assert found == translate.fabric(recorded[4])


def test_the_recorded_mapping_reads_through_the_sdk(recorded: dict[int, dict[str, Any]]) -> None:
    client = connected(recorded[42]).site_recovery(SUBSCRIPTION)
    model = client.replication_network_mappings.get("g", "v", "f", "azureNetwork", "m")
    found = translate.mapping(model.as_dict())
    assert found is not None
    assert found == translate.mapping(recorded[42])
    assert found.id.name == "cli-test-network-mapping-A2A-1"
    assert found.source_network.name == "cliterraformvmrg-vnet"
    assert found.target_network.name == "cli-test-vnet-a2a-2"
    assert (found.source_region, found.target_region) == ("eastus", "eastus2")
    assert found.target_fabric is not None
    assert found.target_fabric.name == "cli-test-fabric-A2A-2"
    assert found.source_fabric_name == "cli-test-fabric-A2A-1"
    assert found.paired


def test_the_recorded_item_reads_through_the_sdk(recorded: dict[int, dict[str, Any]]) -> None:
    client = connected(recorded[73]).site_recovery(SUBSCRIPTION)
    model = client.replication_protected_items.get("g", "v", "f", "c", "i")
    found = translate.item(model.as_dict())
    assert found is not None
    assert found == translate.item(recorded[73])
    assert (found.vm_name, found.target_vm_name) == ("CliVM2", "CliVM2")
    assert found.vm is not None
    assert found.vm.name == "clivm2"
    assert (found.source_region, found.target_region) == ("eastus", "eastus2")
    assert (found.protection_state, found.vm_protection_state) == ("Protected", "Protected")
    assert (found.active_location, found.test_failover_state) == ("Primary", "None")
    assert (found.scenario, found.scenario_job) == (None, None)
    assert found.health_codes == ("161011",)
    assert found.target_network is not None
    assert found.target_network.name == "cli-test-vnet-A2A-2"
    assert found.test_network is None
    (nic,) = found.nics
    assert (nic.name, nic.chosen_by_user, nic.accelerated) == ("CliVM2VMNic", True, False)
    assert nic.source_network is not None
    assert nic.source_network.name == "CliTerraformVMRG-vnet"
    (config,) = nic.ip_configs
    assert (config.name, config.primary, config.selected) == ("ipconfigCliVM2", True, True)
    assert (config.source_subnet, config.source_address) == ("default", IPv4Address("10.67.0.5"))
    assert config.source_static is False
    assert (config.subnet, config.address, config.public_ip) == ("MySubnet", None, None)
    assert (config.test_subnet, config.test_address, config.lb_pools) == (None, None, ())


def test_the_recorded_item_before_and_after_its_update(recordings: Path) -> None:
    entries = json.loads((recordings / "powershell_nic_config.json").read_text())["entries"]
    before = translate.item(entries[5]["response"]["body"])
    after = translate.item(entries[10]["response"]["body"])
    assert before is not None
    assert after is not None
    assert before.target_network == after.target_network
    assert str(before.target_network) == str(after.target_network).lower()
    old, new = before.nics[0], after.nics[0]
    assert (old.chosen_by_user, new.chosen_by_user) == (False, True)
    assert (old.nic_name, new.nic_name) == (None, "A2ArecNICName330")
    assert (old.reuse_nic, new.reuse_nic) == (False, True)
    assert old.ip_configs == new.ip_configs, "null before and empty after are the same"
    assert (old.nsg, new.nsg, old.test_accelerated, new.test_accelerated) == (
        None,
        None,
        False,
        False,
    )
    assert isinstance(after, ReplicatedItem)
    assert after.test_vm_name == "a2aVM330-test"


def test_the_recorded_empty_lists_are_empty(recordings: Path) -> None:
    text = (recordings / "vault.yaml").read_text()
    loaded = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    lists = {8: "replicationNetworkMappings", 9: "replicationProtectedItems"}
    lists[10] = "replicationProtectionContainers"
    for number, kind in lists.items():
        interaction = loaded["interactions"][number]
        assert kind in interaction["request"]["uri"]
        body = json.loads(interaction["response"]["body"]["string"])
        assert list(connected(body).rows(f"{VAULT}/{kind}", "1")) == []


def test_lists_and_typed_calls_speak_the_same_version() -> None:
    client = connected({}).site_recovery(SUBSCRIPTION)
    assert client._config.api_version == SITE_RECOVERY_API
