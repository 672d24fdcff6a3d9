from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.recoveryservicessiterecovery import models as asr

from asr_netmap.sandbox import Options

from .world import (
    DATA,
    DATA_DR,
    SOURCE_FABRIC,
    TARGET_FABRIC,
    VAULT,
    WEB,
    WEB_ASR,
    World,
    error_of,
    mapping_body,
    mapping_path,
    network_id,
)

APP = network_id("rg-app", "vnet-app")
DATA_MAPPING = "vnet-data-vnet-data-dr-mapping"


def sdk_input(source: str, target: str) -> asr.CreateNetworkMappingInput:
    return asr.CreateNetworkMappingInput(
        properties=asr.CreateNetworkMappingInputProperties(
            recovery_fabric_name=TARGET_FABRIC,
            recovery_network_id=target,
            fabric_specific_details=asr.AzureToAzureCreateNetworkMappingInput(
                primary_network_id=source
            ),
        )
    )


def test_the_sdk_creates_a_mapping_and_reads_it_back_paired(world: World) -> None:
    poller = world.recovery().replication_network_mappings.begin_create(
        "rg-vault", "vault-dr", SOURCE_FABRIC, "azureNetwork", "web", sdk_input(WEB, WEB_ASR)
    )
    mapping: Any = poller.result()
    assert mapping.properties.state == "Paired"
    assert mapping.properties.primary_network_id == WEB.lower()
    assert mapping.properties.recovery_network_friendly_name == "vnet-web-asr"
    assert mapping.id.startswith("/Subscriptions/")


def test_a_mapping_comes_back_in_the_order_and_casing_of_the_service(world: World) -> None:
    world.send("PUT", mapping_path("Web-Map"), mapping_body(WEB.upper(), WEB_ASR))
    found = world.get(mapping_path("Web-Map"))
    assert list(found) == ["type", "id", "name", "properties"]
    assert found["id"].endswith("/azureNetwork/replicationNetworkMappings/Web-Map")
    assert found["properties"]["primaryNetworkId"] == WEB.lower()
    assert found["properties"]["recoveryFabricArmId"].startswith("/Subscriptions/")
    assert found["properties"]["fabricSpecificSettings"] == {
        "instanceType": "AzureToAzure",
        "primaryFabricLocation": "eastasia",
        "recoveryFabricLocation": "southeastasia",
    }


def test_an_accepted_put_answers_202_without_a_body_and_with_signed_urls(world: World) -> None:
    response = world.send(
        "PUT",
        mapping_path("web"),
        mapping_body(WEB, WEB_ASR),
        headers={"x-ms-client-request-id": "mine"},
    )
    assert (response.status, response.body) == (202, b"")
    assert response.header("Content-Length") == "0"
    assert response.header("Retry-After") == "30"
    assert response.header("x-ms-client-request-id") == "mine"
    assert response.header("x-ms-request-id") == "mine 3/3/2026 12:00:00 PM"
    status = response.header("Azure-AsyncOperation") or ""
    location = response.header("Location") or ""
    assert "/Subscriptions/" in status
    assert "/replicationOperationStatus/" in status
    assert "/replicationNetworkMappings/web/operationresults/" in location
    assert "&t=2026-03-03T12%3a00%3a00&c=" in location
    assert 2_500 < len(location) < 4_000


def test_the_polling_urls_follow_the_host_the_request_came_to(world: World) -> None:
    url = f"https://127.0.0.1:8443{mapping_path('web')}"
    response = world.send("PUT", url, mapping_body(WEB, WEB_ASR))
    assert (response.header("Azure-AsyncOperation") or "").startswith("https://127.0.0.1:8443/Sub")


def test_a_polling_url_without_its_signature_is_refused(world: World) -> None:
    response = world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    status = response.header("Azure-AsyncOperation") or ""
    assert json.loads(world.send("GET", status).body)["status"] == "Succeeded"
    assert world.send("GET", status.replace("%3a", "%3A")).status == 200
    rebuilt = world.send("GET", status.partition("&t=")[0])
    assert error_of(rebuilt)["details"][0]["code"] == "InvalidPollingSignature"
    assert world.send("GET", status.replace("&s=", "&s=x")).status == 403


def test_unsigned_urls_are_short_and_accepted() -> None:
    world = World(options=Options(signed_urls=False))
    response = world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    status = response.header("Azure-AsyncOperation") or ""
    assert "&" not in status
    assert world.send("GET", status).status == 200


def test_a_status_body_has_eight_keys_and_two_kinds_of_time() -> None:
    world = World(options=Options(operation_seconds=3))
    response = world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    url = response.header("Azure-AsyncOperation") or ""
    world.clock.advance(2.5)
    running = json.loads(world.send("GET", url).body)
    assert list(running) == [
        "error",
        "id",
        "name",
        "properties",
        "status",
        "startTime",
        "endTime",
        "percentComplete",
    ]
    assert running["status"] == "InProgress"
    assert running["startTime"] == "2026-03-03T12:00:00.0000000Z"
    assert running["endTime"] is None
    world.clock.advance(1)
    done = json.loads(world.send("GET", url).body)
    assert (done["status"], done["endTime"]) == ("Succeeded", "2026-03-03T12:00:03.0000000Z")


def test_a_mapping_appears_only_when_its_operation_completes() -> None:
    world = World(options=Options(operation_seconds=3))
    world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    world.clock.advance(2)
    assert world.send("GET", mapping_path("web")).status == 404
    world.clock.advance(1)
    assert world.get(mapping_path("web"))["properties"]["state"] == "Paired"


def test_operation_results_answer_202_while_running_and_the_resource_afterwards() -> None:
    world = World(options=Options(operation_seconds=3))
    response = world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    location = response.header("Location") or ""
    running = world.send("GET", location)
    assert (running.status, running.header("Location"), running.body) == (202, location, b"")
    world.clock.advance(3)
    assert json.loads(world.send("GET", location).body)["name"] == "web"


def test_put_without_a_recovery_fabric_name_is_the_services_unhandled_exception(
    world: World,
) -> None:
    response = world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR, None))
    assert response.status == 400
    error = error_of(response)
    assert error["code"] == "BadRequest"
    assert error["details"][0]["code"] == "UnhandledException"
    assert error["message"] == (
        "Primary key property ArmResourceName is null in entity LookupByArmResourceNameInVault."
    )
    assert world.engine.accepted_count == 0


def test_putting_the_same_networks_again_is_accepted_and_changes_nothing(world: World) -> None:
    before = world.get(mapping_path(DATA_MAPPING))
    body: dict[str, Any] = {
        "properties": {**before["properties"], **mapping_body(DATA, DATA_DR)["properties"]}
    }
    assert world.send("PUT", mapping_path(DATA_MAPPING), body).status == 202
    assert world.get(mapping_path(DATA_MAPPING)) == before


def test_put_is_an_upsert_without_a_guard(world: World) -> None:
    """The service has no create-only PUT: another network silently replaces the target."""
    world.send("PUT", mapping_path(DATA_MAPPING.upper()), mapping_body(DATA, WEB_ASR))
    found = world.get(mapping_path(DATA_MAPPING))
    assert found["properties"]["recoveryNetworkFriendlyName"] == "vnet-web-asr"
    assert found["name"] == DATA_MAPPING


def test_the_sdk_updates_a_mapping_and_what_it_leaves_out_stays(world: World) -> None:
    update = asr.UpdateNetworkMappingInput(
        properties=asr.UpdateNetworkMappingInputProperties(recovery_network_id=WEB_ASR)
    )
    result: Any = (
        world.recovery()
        .replication_network_mappings.begin_update(
            "rg-vault", "vault-dr", SOURCE_FABRIC, "azureNetwork", DATA_MAPPING, update
        )
        .result()
    )
    assert result.properties.recovery_network_id == WEB_ASR.lower()
    assert result.properties.primary_network_id == DATA.lower()


def test_patching_a_missing_mapping_is_site_recoverys_404(world: World) -> None:
    response = world.send("PATCH", mapping_path("none"), mapping_body(WEB, WEB_ASR))
    assert response.status == 404
    error = error_of(response)
    assert error["code"] == "NotFound"
    assert list(error["details"][0]) == [
        "code",
        "message",
        "possibleCauses",
        "recommendedAction",
        "clientRequestId",
        "activityId",
    ]
    assert error["details"][0]["code"] == "ArmResourceDoesNotExist"


def test_the_sdk_deletes_a_mapping(world: World) -> None:
    client = world.recovery().replication_network_mappings
    where = ("rg-vault", "vault-dr", SOURCE_FABRIC, "azureNetwork", DATA_MAPPING)
    client.begin_delete(*where).result()
    with pytest.raises(ResourceNotFoundError):
        client.get(*where)
    assert list(client.list("rg-vault", "vault-dr")) == []


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        (network_id("rg-web", "nothing"), WEB_ASR, "900101"),
        (WEB, network_id("rg-web-asr", "nothing"), "900101"),
        (WEB, APP, "900102"),
        (DATA_DR, WEB_ASR, "900102"),
    ],
)
def test_a_missing_network_or_one_of_another_region_fails_the_job(
    world: World, source: str, target: str, code: str
) -> None:
    response = world.send("PUT", mapping_path("web"), mapping_body(source, target))
    job = world.job_of(response)
    assert job["properties"]["state"] == "Failed"
    assert job["properties"]["errors"][0]["serviceErrorDetails"]["code"] == code
    status = json.loads(world.send("GET", response.header("Azure-AsyncOperation") or "").body)
    assert (status["status"], status["error"]["code"]) == ("Failed", code)
    assert world.send("GET", mapping_path("web")).status == 404


def test_the_sdk_raises_when_a_mappings_operation_fails(world: World) -> None:
    gone = network_id("rg-web", "nothing")
    poller = world.recovery().replication_network_mappings.begin_create(
        "rg-vault", "vault-dr", SOURCE_FABRIC, "azureNetwork", "web", sdk_input(gone, WEB_ASR)
    )
    with pytest.raises(HttpResponseError, match="900101"):
        poller.result()


def test_an_unknown_recovery_fabric_or_own_fabric_is_a_404(world: World) -> None:
    body = mapping_body(WEB, WEB_ASR, "nothing")
    assert "'nothing'" in error_of(world.send("PUT", mapping_path("web"), body))["message"]
    path = mapping_path("web", fabric="nowhere")
    assert world.send("PUT", path, mapping_body(WEB, WEB_ASR)).status == 404


def test_a_source_network_has_one_mapping_per_recovery_fabric(world: World) -> None:
    response = world.send("PUT", mapping_path("other-name"), mapping_body(DATA, WEB_ASR))
    assert response.status == 409
    assert error_of(response)["details"][0]["code"] == "NetworkAlreadyMapped"


def test_two_puts_in_flight_for_one_source_leave_one_mapping() -> None:
    world = World(options=Options(operation_seconds=3))
    world.send("PUT", mapping_path("first"), mapping_body(WEB, WEB_ASR))
    second = world.send("PUT", mapping_path("second"), mapping_body(WEB, WEB_ASR))
    world.clock.advance(5)
    job = world.job_of(second)
    code = job["properties"]["errors"][0]["serviceErrorDetails"]["code"]
    assert code == "NetworkAlreadyMapped"
    assert world.send("GET", mapping_path("first")).status == 200


def test_a_target_changes_only_after_its_reverse_is_deleted(world: World) -> None:
    reverse = mapping_path("back", fabric=TARGET_FABRIC)
    world.send("PUT", reverse, mapping_body(DATA_DR, DATA, SOURCE_FABRIC))
    change = mapping_body(DATA, WEB_ASR)
    refused = world.send("PUT", mapping_path(DATA_MAPPING), change)
    assert refused.status == 409
    assert error_of(refused)["details"][0]["code"] == "ReverseMappingExists"
    assert world.send("DELETE", reverse).status == 202
    assert world.send("PUT", mapping_path(DATA_MAPPING), change).status == 202


def test_a_mapping_may_be_deleted_while_its_reverse_exists(world: World) -> None:
    reverse = mapping_path("back", fabric=TARGET_FABRIC)
    world.send("PUT", reverse, mapping_body(DATA_DR, DATA, SOURCE_FABRIC))
    assert world.send("DELETE", mapping_path(DATA_MAPPING)).status == 202
    assert world.get(reverse)["name"] == "back"


def test_a_mappings_job_is_named_after_the_source_network(world: World) -> None:
    response = world.send(
        "PUT",
        mapping_path("web"),
        mapping_body(WEB, WEB_ASR),
        headers={"x-ms-client-request-id": "crid"},
    )
    job = world.job_of(response)["properties"]
    correlation = response.header("x-ms-correlation-request-id")
    assert job["activityId"] == f"crid ActivityId: {correlation}"
    assert (job["scenarioName"], job["friendlyName"]) == ("NetworkPairing", "Map Networks")
    assert (job["targetObjectName"], job["targetInstanceType"]) == ("vnet-web", "Network")
    skipped = job["tasks"][1]
    assert (skipped["state"], skipped["stateDescription"]) == ("Other", "Skipped")
    assert skipped["endTime"] == "0001-01-01T00:00:00"
    assert job["customDetails"]["affectedObjectDetails"]["recoveryNetworkId"] == WEB_ASR.lower()


def test_a_new_job_is_an_empty_shell_for_a_second() -> None:
    world = World(options=Options(operation_seconds=3))
    response = world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    world.clock.advance(0.5)
    shell = world.job_of(response)["properties"]
    assert (shell["state"], shell["scenarioName"], shell["targetObjectId"]) == (
        "NotStarted",
        None,
        None,
    )
    assert "startTime" not in shell
    world.clock.advance(1)
    running = world.job_of(response)["properties"]
    assert (running["state"], running["allowedActions"]) == ("InProgress", ["Cancel"])
    assert "endTime" not in running


def test_the_jobs_list_is_stripped_and_newest_first(world: World) -> None:
    for _ in range(2):
        world.clock.advance(10)
        world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    rows = world.get(f"{VAULT}/replicationJobs")["value"]
    times = [row["properties"]["startTime"] for row in rows]
    assert times == ["2026-03-03T12:00:20Z", "2026-03-03T12:00:10Z"]
    for row in rows:
        stripped = {row["properties"][name] for name in ("activityId", "customDetails")}
        assert stripped == {None}
        assert (row["properties"]["tasks"], row["properties"]["errors"]) == ([], [])


def test_the_jobs_list_filters_by_state_and_refuses_what_it_does_not_play(world: World) -> None:
    world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    world.send("PUT", mapping_path("bad"), mapping_body(network_id("rg-x", "y"), WEB_ASR))
    failed = world.get(f"{VAULT}/replicationJobs?$filter=jobStatus%20eq%20'Failed'")["value"]
    assert [row["properties"]["state"] for row in failed] == ["Failed"]
    refused = world.send("GET", f"{VAULT}/replicationJobs?$filter=colour%20eq%20'red'")
    assert "SANDBOX" in error_of(refused)["message"]


def test_a_new_fabric_carries_the_regions_name_and_no_containers(world: World) -> None:
    client = world.recovery().replication_fabrics
    fabric: Any = client.begin_create(
        "rg-vault",
        "vault-dr",
        "asr-a2a-default-japaneast",
        asr.FabricCreationInput(
            properties=asr.FabricCreationInputProperties(
                custom_details=asr.AzureFabricCreationInput(location="japaneast")
            )
        ),
    ).result()
    assert fabric.properties.friendly_name == "Japan East"
    found = world.get(f"{VAULT}/replicationFabrics/asr-a2a-default-japaneast")
    assert list(found) == ["name", "type", "id", "properties"]
    assert found["properties"]["customDetails"] == {
        "instanceType": "Azure",
        "location": "japaneast",
        "containerIds": [],
        "zones": [],
    }


def test_a_fabric_does_not_move_to_another_region(world: World) -> None:
    body = {"properties": {"customDetails": {"instanceType": "Azure", "location": "japaneast"}}}
    assert world.send("PUT", f"{VAULT}/replicationFabrics/{SOURCE_FABRIC}", body).status == 409
    body["properties"]["customDetails"]["location"] = "East Asia"
    assert world.send("PUT", f"{VAULT}/replicationFabrics/{SOURCE_FABRIC}", body).status == 202
    assert world.get(f"{VAULT}/replicationFabrics/{SOURCE_FABRIC}")["properties"]["customDetails"][
        "containerIds"
    ]
