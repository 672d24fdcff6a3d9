"""Reading a vault and the networks around it, through the pipeline, over the sandbox."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from azure.core.rest import HttpRequest

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import (
    BlockedRequest,
    CredentialsMissing,
    NotFound,
    ProviderNotRegistered,
    Unreachable,
)
from asr_netmap.gateway.reading import find_vaults, read_inventory
from asr_netmap.models import Inventory, RegionPair
from asr_netmap.sandbox.demo_estate import demo_estate
from asr_netmap.sandbox.estate import Estate
from asr_netmap.sandbox.options import Options

from .scripted import SUBSCRIPTION, VAULT, Answer, World, answer, arm_error, scripted, world

REGIONS = RegionPair("eastasia", "southeastasia")
SECOND = "99999999-2222-3333-4444-555555555555"


def read(here: World, **more: Any) -> Inventory:
    return read_inventory(here.connection, vault=VAULT, regions=REGIONS, **more)


def test_the_demo_estate_is_read_whole() -> None:
    found = read(world())
    assert found.vault is not None
    assert (found.vault.id, found.vault.region) == (VAULT, "southeastasia")
    assert [f.region for f in found.fabrics] == ["eastasia", "southeastasia"]
    assert {i.vm_name for i in found.items} >= {"app1", "app2", "sql1", "web1", "new1"}
    assert [m.paired for m in found.mappings] == [True]
    assert {n.name for n in found.networks} >= {"vnet-app", "vnet-data", "vnet-data-dr"}
    assert found.not_looked_at == ()
    assert len(found.nics) >= 9
    assert len(found.vms) >= 8
    assert "eastasia" in found.regions
    assert {g.id.name for g in found.groups} >= {"rg-app", "rg-vault"}


def test_what_only_a_region_can_use_and_the_frontends_of_load_balancers_are_read() -> None:
    subscription = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-app/providers"
    subnet = f"{subscription}/Microsoft.Network/virtualNetworks/vnet-app/subnets/web"
    balancer = f"{subscription}/Microsoft.Network/loadBalancers/lb"
    estate = demo_estate()
    estate.put(
        {
            "id": balancer,
            "name": "lb",
            "type": "Microsoft.Network/loadBalancers",
            "location": "eastasia",
            "sku": {"name": "Standard"},
            "properties": {
                "frontendIPConfigurations": [
                    {
                        "name": "inside",
                        "properties": {
                            "privateIPAddress": "10.1.1.200",
                            "privateIPAllocationMethod": "Static",
                            "subnet": {"id": subnet},
                        },
                    },
                    {"name": "outside", "properties": {"publicIPAddress": {"id": balancer}}},
                ],
                "backendAddressPools": [{"id": f"{balancer}/backendAddressPools/pool"}],
            },
        }
    )
    found = read(world(estate))
    assert "nsg-web" in {r.id.name for r in found.regional}
    (read_back,) = found.load_balancers
    assert (read_back.sku, [p.name for p in read_back.pools]) == ("Standard", ["pool"])
    assert [str(f.address) for f in read_back.frontends] == ["10.1.1.200"]


def test_reading_writes_nothing() -> None:
    here = world()
    read(here)
    assert here.written == []
    assert set(here.connection.requests_by_method) == {"GET"}


@pytest.mark.parametrize("workers", [1, 3, 16])
def test_the_inventory_does_not_depend_on_the_number_of_workers(workers: int) -> None:
    assert read(world(workers=workers)) == read(world(workers=4))


def test_small_pages_are_all_read() -> None:
    small = world(options=Options(page_size=2))
    assert read(small) == read(world())
    assert small.connection.requests_sent > world().connection.requests_sent


def test_no_thread_is_left_behind() -> None:
    before = set(threading.enumerate())
    read(world())
    assert set(threading.enumerate()) == before


def test_progress_says_what_was_read() -> None:
    said: list[str] = []
    read(world(), progress=said.append)
    assert "replicated items of vault vault-dr: 8" in said
    assert f"networks of subscription {SUBSCRIPTION}: 6" in said


def with_second_subscription() -> Estate:
    """The data network's target lies in another subscription."""
    document = demo_estate().to_document()
    for row in document["resources"]:
        if str(row["id"]).lower().endswith("/virtualnetworks/vnet-data-dr"):
            row["id"] = row["id"].replace(SUBSCRIPTION, SECOND)
        properties = row.get("properties") or {}
        for owner in (properties, properties.get("providerSpecificDetails") or {}):
            for key in ("recoveryNetworkId", "selectedRecoveryAzureNetworkId"):
                if str(owner.get(key) or "").lower().endswith("vnet-data-dr"):
                    owner[key] = owner[key].replace(SUBSCRIPTION, SECOND)
    return Estate.from_document(document)


def test_subscriptions_that_mappings_and_items_name_are_read_too() -> None:
    found = read(world(with_second_subscription()))
    target = next(n for n in found.networks if n.name == "vnet-data-dr")
    assert target.id.subscription == SECOND
    assert found.not_looked_at == ()


def test_a_second_subscription_that_cant_be_read_is_a_gap_and_the_rest_is_there() -> None:
    hidden = {"kind": "forbidden", "path": f"/subscriptions/{SECOND}/*"}
    found = read(world(with_second_subscription(), conditions=(hidden,)))
    assert {n.name for n in found.networks} >= {"vnet-app", "vnet-data"}
    whats = {gap.what for gap in found.not_looked_at}
    assert f"networks of subscription {SECOND}" in whats
    network = ArmId.of_network(SECOND, "rg-data-dr", "vnet-data-dr")
    assert not found.looked_at(network)
    assert found.looked_at(ArmId.of_network(SUBSCRIPTION, "rg-app", "vnet-app"))


def test_a_list_without_permission_is_a_gap_that_names_action_and_scope() -> None:
    hidden = {
        "kind": "forbidden",
        "path": "*/Microsoft.Network/virtualNetworks",
        "action": "Microsoft.Network/virtualNetworks/read",
        "scope": f"/subscriptions/{SUBSCRIPTION}",
    }
    found = read(world(conditions=(hidden,)))
    assert found.networks == ()
    (gap,) = found.not_looked_at
    assert gap.what == f"networks of subscription {SUBSCRIPTION}"
    assert "Microsoft.Network/virtualNetworks/read" in gap.reason
    assert "role" in gap.hint
    assert not found.looked_at(ArmId.of_network(SUBSCRIPTION, "rg-app", "vnet-app"))


def test_hidden_machines_do_not_cast_doubt_on_networks() -> None:
    hidden = {"kind": "forbidden", "path": "*/Microsoft.Compute/virtualMachines"}
    found = read(world(conditions=(hidden,)))
    assert [gap.what for gap in found.not_looked_at] == [
        f"virtual machines of subscription {SUBSCRIPTION}"
    ]
    assert found.looked_at(ArmId.of_network(SUBSCRIPTION, "rg-app", "vnet-app"))


def test_a_region_that_is_down_is_not_looked_at_and_items_are_still_there() -> None:
    here = world(conditions=({"kind": "region-down", "region": "eastasia"},))
    found = read(here)
    assert len(found.items) == 8
    assert found.networks == ()
    assert {gap.what for gap in found.not_looked_at} >= {f"networks of subscription {SUBSCRIPTION}"}
    assert not found.looked_at(ArmId.of_network(SUBSCRIPTION, "rg-app", "vnet-app"))


def test_a_vault_that_cant_be_seen_is_a_gap_too() -> None:
    hidden = {"kind": "forbidden", "path": str(VAULT)}
    found = read(world(conditions=(hidden,)))
    assert found.vault is None
    assert [gap.what for gap in found.not_looked_at] == ["vault vault-dr"]
    assert len(found.items) == 8


def never_used() -> Estate:
    document = demo_estate().to_document()
    document["resources"] = [
        row for row in document["resources"] if "/replication" not in str(row["id"])
    ]
    return Estate.from_document(document)


def test_a_provider_that_is_not_registered_is_an_error_that_says_how_to_register_it() -> None:
    missing = {"kind": "missing-registration", "namespace": "Microsoft.RecoveryServices"}
    here = world(conditions=(missing,))
    with pytest.raises(ProviderNotRegistered) as raised:
        read(here)
    assert "az provider register --namespace Microsoft.RecoveryServices" in raised.value.hint
    assert set(here.connection.requests_by_method) == {"GET"}


def test_a_vault_that_was_never_used_has_empty_lists() -> None:
    here = world(never_used(), conditions=({"kind": "never-used", "vault": "vault-dr"},))
    found = read(here)
    assert (found.fabrics, found.mappings, found.items) == ((), (), ())
    assert found.vault is not None
    assert found.not_looked_at == ()


@pytest.mark.parametrize("code", ["SubscriptionIdNotRegisteredWithSrs", "FabricArmEntityMissing"])
def test_bad_request_on_a_list_of_an_existing_vault_means_empty(code: str) -> None:
    def script(request: HttpRequest) -> Answer:
        if "/replication" in request.url:
            return answer(400, arm_error("BadRequest", details=[{"code": code}]))
        if request.url.split("?")[0].endswith("/vault-dr"):
            return answer(200, {"id": str(VAULT), "location": "southeastasia"})
        return answer(200, {"value": []})

    azure = scripted(script)
    found = read_inventory(azure.connection, vault=VAULT, regions=None)
    assert found.fabrics == ()
    assert found.not_looked_at == ()


def test_a_missing_vault_is_named_with_near_ones() -> None:
    wrong = ArmId.of_vault(SUBSCRIPTION, "rg-vault", "vault-rd")
    with pytest.raises(NotFound, match="Near: rg-vault/vault-dr") as raised:
        read_inventory(world().connection, vault=wrong, regions=None)
    assert "--vault-name" in raised.value.hint


def test_a_missing_group_is_named_with_near_ones() -> None:
    wrong = ArmId.of_vault(SUBSCRIPTION, "rg-valut", "vault-dr")
    with pytest.raises(NotFound, match=r"No resource group 'rg-valut'.*Near: .*rg-vault"):
        read_inventory(world().connection, vault=wrong, regions=None)


def test_a_missing_subscription_is_named_with_what_is_visible() -> None:
    wrong = ArmId.of_vault(SUBSCRIPTION.replace("1111", "1112", 1), "rg-vault", "vault-dr")
    with pytest.raises(NotFound, match=rf"No subscription.*{SUBSCRIPTION}"):
        read_inventory(world().connection, vault=wrong, regions=None)


def test_an_unknown_region_is_named_with_near_ones() -> None:
    pair = RegionPair("eastasai", "southeastasia")
    with pytest.raises(NotFound, match=r"source region 'eastasai'.*eastasia") as raised:
        read_inventory(world().connection, vault=VAULT, regions=pair)
    assert "--source-region" in raised.value.hint


def test_without_a_vault_only_networks_and_regions_are_read() -> None:
    here = world()
    found = read_inventory(
        here.connection, vault=None, regions=REGIONS, subscriptions=[SUBSCRIPTION]
    )
    assert len(found.networks) == 6
    assert (found.vault, found.items, found.nics) == (None, (), ())
    assert here.connection.requests_sent == 2


def test_an_outage_of_everything_is_an_error_not_an_empty_inventory() -> None:
    azure = scripted(lambda _request: answer(503, arm_error("ServiceUnavailable")), workers=3)
    with pytest.raises(Unreachable, match="503"):
        read_inventory(azure.connection, vault=VAULT, regions=None)


def test_a_login_that_is_not_taken_is_an_error_not_a_gap() -> None:
    azure = scripted(lambda _request: answer(401, arm_error("InvalidAuthenticationToken")))
    with pytest.raises(CredentialsMissing):
        read_inventory(azure.connection, vault=VAULT, regions=None)


def test_a_next_page_elsewhere_stops_reading_though_the_rest_could_be_read() -> None:
    def script(request: HttpRequest) -> Answer:
        if "/replicationFabrics" in request.url:
            return answer(200, {"value": [], "nextLink": "https://evil.example/x"})
        return answer(200, {"value": [], "id": str(VAULT)})

    azure = scripted(script)
    with pytest.raises(BlockedRequest):
        read_inventory(azure.connection, vault=VAULT, regions=None)
    assert not any("evil" in url for url in azure.transport.urls)


def test_pages_may_be_empty_and_their_links_are_used_byte_for_byte() -> None:
    link = f"https://management.azure.com{VAULT}/replicationJobs?api-version=2022-08-01&$skipToken=A%3ab"
    azure = scripted(
        [answer(200, {"value": [], "nextLink": link}), answer(200, {"value": [{"n": 1}]})]
    )
    assert list(azure.connection.rows(f"{VAULT}/replicationJobs", "1")) == [{"n": 1}]
    assert azure.transport.urls[1] == link


def test_pages_that_go_round_in_circles_end_with_an_error() -> None:
    page = answer(200, {"value": [], "nextLink": "https://management.azure.com/subscriptions?p=2"})
    azure = scripted([page])
    with pytest.raises(Exception, match="circles"):
        list(azure.connection.rows("/subscriptions", "1"))
    assert len(azure.transport.requests) == 2


def test_an_odd_row_is_a_gap_and_the_others_are_read() -> None:
    document = demo_estate().to_document()
    for row in document["resources"]:
        if str(row["id"]).endswith("/vnet-mgmt"):
            row["properties"]["addressSpace"] = {"addressPrefixes": ["not a prefix"]}
    found = read(world(Estate.from_document(document)))
    assert len(found.networks) == 5
    (gap,) = found.not_looked_at
    assert gap.what.startswith("network /subscriptions/")
    assert gap.scope is not None
    assert gap.scope.name == "vnet-mgmt"


def test_vaults_can_be_listed_for_choosing() -> None:
    assert [v.id for v in find_vaults(world().connection, SUBSCRIPTION)] == [VAULT]


def test_public_ips_that_cant_be_read_cast_doubt_on_public_ips_only() -> None:
    denied = {
        "kind": "forbidden",
        "path": "*/Microsoft.Network/publicIPAddresses",
        "action": "Microsoft.Network/publicIPAddresses/read",
        "scope": f"/subscriptions/{SUBSCRIPTION}",
    }
    found = read(world(conditions=(denied,)))
    (gap,) = found.not_looked_at
    assert "public IPs" in gap.what
    group = ArmId.of_group(SUBSCRIPTION, "rg-new")
    assert not found.looked_at(group.provider_child("Microsoft.Network", "publicIPAddresses", "x"))
    assert found.looked_at(group.provider_child("Microsoft.Network", "virtualNetworks", "x"))
