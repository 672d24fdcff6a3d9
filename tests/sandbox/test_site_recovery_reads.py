from __future__ import annotations

import json
from typing import Any

import pytest

from asr_netmap.sandbox import Estate, Options, demo_estate

from .world import (
    DATA,
    SOURCE_CONTAINER,
    SOURCE_FABRIC,
    SUB,
    VAULT,
    World,
    error_of,
    item_path,
    mapping_path,
)

CONTAINER = f"{VAULT}/replicationFabrics/{SOURCE_FABRIC}/replicationProtectionContainers"
EMPTY_VAULT = {
    "id": f"{SUB}/resourceGroups/rg-vault/providers/Microsoft.RecoveryServices/vaults/empty",
    "name": "empty",
    "type": "Microsoft.RecoveryServices/vaults",
    "location": "southeastasia",
}


def test_the_sdk_lists_everything_of_the_vault(world: World) -> None:
    client: Any = world.recovery()
    where = ("rg-vault", "vault-dr")
    fabrics = list(client.replication_fabrics.list(*where))
    assert [fabric.properties.friendly_name for fabric in fabrics] == [
        "East Asia",
        "Southeast Asia",
    ]
    containers = list(client.replication_protection_containers.list(*where))
    assert len(containers) == 2
    mapped = list(client.replication_protection_container_mappings.list(*where))
    assert {row.properties.state for row in mapped} == {"Paired"}
    assert [p.name for p in client.replication_policies.list(*where)] == [
        "24-hour-retention-policy"
    ]
    assert len(list(client.replication_network_mappings.list(*where))) == 1
    names = [item.name for item in client.replication_protected_items.list(*where)]
    assert names == ["app1", "app2", "app3", "sql1", "sql2", "web1", "web2", "new1"]
    assert list(client.replication_jobs.list(*where)) == []


def test_a_fabrics_list_row_lacks_what_its_get_has(world: World) -> None:
    row = world.get(f"{VAULT}/replicationFabrics")["value"][0]
    whole = world.get(f"{VAULT}/replicationFabrics/{SOURCE_FABRIC}")
    details = whole["properties"]["customDetails"]
    assert row["properties"]["customDetails"] == {
        "instanceType": "Azure",
        "location": "eastasia",
        "containerIds": None,
    }
    assert details["zones"] == []
    assert len(details["containerIds"]) == 1


def test_an_empty_list_is_exactly_the_services_28_bytes(world: World) -> None:
    response = world.send("GET", f"{VAULT}/replicationJobs")
    assert response.body == b'{"value":[],"nextLink":null}'
    other = mapping_path("x").rpartition("/")[0].replace("azureNetwork", "vnet-data")
    assert world.send("GET", other).body == b'{"value":[],"nextLink":null}'


def test_mappings_are_listed_under_their_network_segment(world: World) -> None:
    (row,) = world.get(mapping_path("x").rpartition("/")[0])["value"]
    assert row["properties"]["primaryNetworkId"] == DATA.lower()


def test_items_are_listed_whole_per_vault_and_per_container(world: World) -> None:
    rows = world.get(f"{VAULT}/replicationProtectedItems")["value"]
    assert rows == world.get(f"{CONTAINER}/{SOURCE_CONTAINER}/replicationProtectedItems")["value"]
    assert rows[0] == world.get(item_path("app1"))


def test_the_items_list_filters_as_the_services_sample_does(world: World) -> None:
    sample = (
        f"SourceFabricName eq '{SOURCE_FABRIC}' and SourceFabricLocation eq 'East Asia' "
        "and InstanceType eq 'A2A'"
    )
    items = world.recovery().replication_protected_items
    assert len(list(items.list("rg-vault", "vault-dr", filter=sample))) == 8
    none = sample.replace("East Asia", "East US")
    assert list(items.list("rg-vault", "vault-dr", filter=none)) == []


def test_container_mappings_also_list_those_that_lead_here(world: World) -> None:
    path = f"{CONTAINER}/{SOURCE_CONTAINER}/replicationProtectionContainerMappings"
    rows = world.get(path)["value"]
    owners = [row["id"].split("/")[10] for row in rows]
    assert owners == [SOURCE_FABRIC, "asr-a2a-default-southeastasia"]
    own = f"{path}/{rows[0]['name']}"
    assert world.get(own) == rows[0]


@pytest.mark.parametrize("size", [1, 3, 8, 100])
def test_lists_page_without_losing_or_repeating_a_row(size: int) -> None:
    world = World(options=Options(page_size=size))
    items = list(world.recovery().replication_protected_items.list("rg-vault", "vault-dr"))
    assert len({item.id for item in items}) == len(items) == 8
    pages = sum(path.endswith("ProtectedItems") for _, path in world.engine.requests)
    assert pages == -(-8 // size)


def test_the_next_link_carries_a_skip_token_and_the_host_asked() -> None:
    world = World(options=Options(page_size=5))
    url = f"https://localhost:9{VAULT}/replicationProtectedItems"
    first = json.loads(world.send("GET", url).body)
    assert first["nextLink"].startswith(f"{url}?api-version=2025-08-01&$skipToken=")
    second = json.loads(world.send("GET", first["nextLink"]).body)
    assert (len(second["value"]), second["nextLink"]) == (3, None)


def test_a_page_follows_its_last_row_when_rows_go_away_between_pages() -> None:
    world = World(options=Options(page_size=3))
    first = world.get(f"{VAULT}/replicationProtectedItems")
    world.estate.remove(item_path("app1"))
    rest: list[str] = []
    link = first["nextLink"]
    while link:
        page = json.loads(world.send("GET", link).body)
        rest += [row["name"] for row in page["value"]]
        link = page["nextLink"]
    assert rest == ["sql1", "sql2", "web1", "web2", "new1"]


def test_a_foreign_skip_token_is_refused(world: World) -> None:
    response = world.send("GET", f"{VAULT}/replicationProtectedItems?$skipToken=FabricId")
    assert error_of(response)["code"] == "InvalidSkipToken"


@pytest.mark.parametrize(
    "path",
    [
        f"{VAULT}/replicationFabrics/nothing",
        f"{CONTAINER}/nothing",
        f"{VAULT}/replicationPolicies/nothing",
        f"{VAULT}/replicationJobs/nothing",
        mapping_path("nothing"),
        item_path("nothing"),
    ],
)
def test_a_missing_object_is_site_recoverys_404(world: World, path: str) -> None:
    response = world.send("GET", path, headers={"x-ms-client-request-id": "mine"})
    assert response.status == 404
    error = error_of(response)
    message = "Specified resource with name 'nothing' does not exist."
    assert error["code"] == "NotFound"
    assert error["message"] == message
    assert error["details"] == [
        {
            "code": "ArmResourceDoesNotExist",
            "message": message,
            "possibleCauses": "Ensure correct resource name was specified.",
            "recommendedAction": "Verify ARM resource name details.",
            "clientRequestId": "mine",
            "activityId": response.header("x-ms-correlation-request-id"),
        }
    ]


def test_a_missing_vault_is_arms_404(world: World) -> None:
    response = world.send("GET", VAULT.replace("vault-dr", "other") + "/replicationFabrics")
    assert response.status == 404
    assert error_of(response) == {
        "code": "ResourceNotFound",
        "message": "The Resource 'Microsoft.RecoveryServices/vaults/other' under resource group "
        "'rg-vault' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
    }
    assert response.header("x-ms-failure-cause") == "gateway"


def test_a_new_vault_lists_nothing_and_says_so(world: World) -> None:
    world.estate.put(dict(EMPTY_VAULT))
    for name in ("replicationFabrics", "replicationNetworks", "replicationAppliances"):
        assert world.get(f"{EMPTY_VAULT['id']}/{name}") == {"value": [], "nextLink": None}


def test_paths_are_read_without_regard_to_case(world: World) -> None:
    path = item_path("app1")
    shouted = path.upper().replace(SUB.upper(), SUB)
    assert world.get(shouted) == world.get(path)


def test_implied_parents_answer_although_the_estate_leaves_them_out() -> None:
    document = demo_estate().to_document()
    kept = [
        row
        for row in document["resources"]
        if "/replicationProtectedItems/" in row["id"] or "NetworkMappings/" in row["id"]
    ]
    world = World(Estate.from_document({**document, "resources": kept}))
    fabrics = world.get(f"{VAULT}/replicationFabrics")["value"]
    regions = {row["name"]: row["properties"]["customDetails"]["location"] for row in fabrics}
    assert regions == {
        "asr-a2a-default-eastasia": "eastasia",
        "asr-a2a-default-southeastasia": "southeastasia",
    }
    assert world.get(f"{CONTAINER}/{SOURCE_CONTAINER}")["name"] == SOURCE_CONTAINER
    assert world.get(VAULT)["name"] == "vault-dr"
    assert [g["name"] for g in world.get(f"{SUB}/resourcegroups")["value"]] == ["rg-vault"]


def test_implied_parents_stay_when_what_implied_them_is_deleted() -> None:
    mapping = next(
        row for row in demo_estate().to_document()["resources"] if "NetworkMappings/" in row["id"]
    )
    world = World(Estate([mapping]))
    world.send("DELETE", mapping["id"])
    again = World(Estate.from_document(json.loads(world.estate.to_text())))
    again.clock.advance(1)
    assert len(again.get(f"{VAULT}/replicationFabrics")["value"]) == 2
