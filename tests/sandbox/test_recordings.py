"""The sandbox's bodies beside recorded ones of the service: same keys, same nesting, same types.

The recordings are no part of this project. Where a folder with them is named in the environment,
these tests read it; elsewhere they are skipped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from asr_netmap.sandbox import Options

from .world import (
    SOURCE_CONTAINER,
    SOURCE_FABRIC,
    VAULT,
    WEB,
    WEB_ASR,
    World,
    item_path,
    mapping_body,
    mapping_path,
    network_id,
)

FREE_MAPS = ("tags", "affectedObjectDetails")
"""Objects whose keys are data."""

WAIVED_HEADERS = {
    # Only browsers act on it, and on a developer's own host it would do harm.
    "strict-transport-security",
    # Of the compression and framing of the recorded hop.
    "transfer-encoding",
    "vary",
}


class Recordings:
    """The recorded interactions, by the name and number they have in their files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cassettes: dict[str, list[Any]] = {}

    def cassette(self, name: str, number: int) -> Any:
        if name not in self._cassettes:
            text = (self._folder / name).read_text(encoding="utf-8")
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            self._cassettes[name] = yaml.load(text, Loader=loader)["interactions"]
        return self._cassettes[name][number]["response"]

    def body(self, name: str, number: int) -> Any:
        return json.loads(self.cassette(name, number)["body"]["string"])

    def headers(self, name: str, number: int) -> set[str]:
        return {header.lower() for header in self.cassette(name, number)["headers"]}

    def powershell(self, method: str, part: str) -> list[Any]:
        text = (self._folder / "powershell_nic_config.json").read_text(encoding="utf-8")
        return [
            entry
            for entry in json.loads(text)["entries"]
            if entry["request"]["method"] == method and part in entry["request"]["uri"]
        ]


@pytest.fixture(scope="module")
def recorded(recordings: Path) -> Recordings:
    return Recordings(recordings)


def differences(ours: Any, theirs: Any, where: str = "$") -> list[str]:
    """Name every place where two bodies differ in keys, their order, or kinds of value."""
    if ours is None or theirs is None:
        return []
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return _object_differences(ours, theirs, where)
    if isinstance(theirs, list) and isinstance(ours, list):
        if not ours or not theirs:
            return []
        return differences(ours[0], theirs[0], where + "[]")
    kinds = {type(value) if not isinstance(value, float) else int for value in (ours, theirs)}
    return [] if len(kinds) == 1 else [f"{where}: {ours!r} beside {theirs!r}"]


def _object_differences(ours: Any, theirs: Any, where: str) -> list[str]:
    if where.rpartition(".")[2] in FREE_MAPS:
        return []
    found = []
    if list(ours) != list(theirs):
        missing = [key for key in theirs if key not in ours]
        extra = [key for key in ours if key not in theirs]
        found.append(f"{where}: missing {missing}, extra {extra}, order {list(ours)}")
    for key in theirs:
        if key in ours:
            found += differences(ours[key], theirs[key], f"{where}.{key}")
    return found


def test_a_planted_difference_is_found() -> None:
    theirs = {"a": 1, "b": {"c": ["x"]}}
    assert differences({"a": 2, "b": {"c": ["y"]}}, theirs) == []
    assert differences({"b": {"c": ["y"]}, "a": 2}, theirs)
    assert differences({"a": "2", "b": {"c": ["y"]}}, theirs)
    assert differences({"a": 2, "b": {"c": [1]}}, theirs)
    assert differences({"a": 2, "b": {}}, theirs)


CONTAINERS = f"{VAULT}/replicationFabrics/{SOURCE_FABRIC}/replicationProtectionContainers"
CONTAINER_MAPPING = (
    f"{CONTAINERS}/{SOURCE_CONTAINER}/replicationProtectionContainerMappings"
    "/eastasia-southeastasia-24-hour-retention-policy"
)


@pytest.mark.parametrize(
    ("path", "number"),
    [
        (f"{VAULT}/replicationFabrics/{SOURCE_FABRIC}", 4),
        (f"{VAULT}/replicationPolicies/24-hour-retention-policy", 12),
        (f"{CONTAINERS}/{SOURCE_CONTAINER}", 16),
        (CONTAINER_MAPPING, 26),
        (mapping_path("vnet-data-vnet-data-dr-mapping"), 42),
        (item_path("new1"), 68),
        (item_path("web2"), 73),
    ],
)
def test_a_demo_objects_body_has_the_recorded_shape(
    recorded: Recordings, world: World, path: str, number: int
) -> None:
    assert differences(world.get(path), recorded.body("A2A.yaml", number)) == []


def test_written_objects_have_the_recorded_shape(recorded: Recordings, world: World) -> None:
    fabric = {"properties": {"customDetails": {"instanceType": "Azure", "location": "eastus"}}}
    world.send("PUT", f"{VAULT}/replicationFabrics/new", fabric)
    world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    new = world.get(f"{VAULT}/replicationFabrics/new")
    theirs = recorded.body("A2A.yaml", 4)
    assert differences(new, theirs) == []
    assert new["properties"]["friendlyName"] == theirs["properties"]["friendlyName"]
    assert differences(world.get(mapping_path("web")), recorded.body("A2A.yaml", 42)) == []


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_a_status_body_is_the_recorded_one_but_for_its_values(
    recorded: Recordings, seconds: float
) -> None:
    world = World(options=Options(operation_seconds=seconds))
    response = world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    status = json.loads(world.send("GET", response.header("Azure-AsyncOperation") or "").body)
    theirs = recorded.body("A2A.yaml", 1 if seconds else 3)
    assert differences(status, theirs) == []
    assert status["status"] == theirs["status"]
    for name in ("startTime", "endTime"):
        assert len(str(status[name])) == len(str(theirs[name]))


def test_a_virtual_networks_put_has_the_recorded_shape(recorded: Recordings, world: World) -> None:
    subnet = {"name": "MySubnet", "properties": {"addressPrefix": "10.0.0.0/24"}}
    properties = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
    response = world.send(
        "PUT",
        network_id("rg-dr", "vnet-new"),
        {"location": "southeastasia", "properties": properties},
        version="2022-01-01",
    )
    theirs = recorded.body("A2A.yaml", 35)
    assert differences(json.loads(response.body), theirs) == []
    assert theirs["properties"]["provisioningState"] == "Updating"
    ours = {name.lower() for name, _ in response.headers}
    assert recorded.headers("A2A.yaml", 35) - ours <= WAIVED_HEADERS
    status = world.send("GET", response.header("Azure-AsyncOperation") or "")
    assert json.loads(status.body) == recorded.body("A2A.yaml", 36)


def test_an_accepted_mapping_has_the_recorded_headers(recorded: Recordings, world: World) -> None:
    response = world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    ours = {name.lower() for name, _ in response.headers}
    assert recorded.cassette("A2A.yaml", 40)["status"]["code"] == response.status
    assert recorded.headers("A2A.yaml", 40) - ours <= WAIVED_HEADERS
    (entry,) = recorded.powershell("PUT", "replicationNetworkMappings")
    theirs = {name.lower() for name in entry["response"]["headers"]}
    assert theirs - ours <= WAIVED_HEADERS
    assert entry["response"]["headers"]["Retry-After"] == response.header("Retry-After")


def test_an_accepted_patch_names_its_job_as_often_as_recorded(
    recorded: Recordings, world: World
) -> None:
    (entry,) = recorded.powershell("PATCH", "replicationProtectedItems")
    headers = entry["response"]["headers"]
    response = world.send("PATCH", item_path("web2"), {"properties": {}})
    named = response.header_values("x-ms-request-id")
    assert len(named) == len(headers["x-ms-request-id"]) == 2
    assert named[0].rpartition("/")[0].endswith("/replicationJobs")
    assert {name.lower() for name in headers} - {n.lower() for n, _ in response.headers} <= (
        WAIVED_HEADERS
    )


def test_jobs_have_the_recorded_shapes_from_shell_to_end(recorded: Recordings) -> None:
    """Each recorded state of an item's job, beside ours of about the same age."""
    world = World(options=Options(operation_seconds=3))
    accepted = world.send("PATCH", item_path("web2"), {"properties": {}})
    (patch,) = recorded.powershell("PATCH", "replicationProtectedItems")
    job = patch["response"]["headers"]["Azure-AsyncOperation"].split("/")[-1].split("?")[0]
    shell, running, done = [
        entry["response"]["body"] for entry in recorded.powershell("GET", f"replicationJobs/{job}")
    ]
    for seconds, theirs in ((0.5, shell), (1.0, running), (3.0, done)):
        world.clock.advance(seconds)
        ours = world.job_of(accepted)
        assert differences(ours, theirs) == []
        same = ("scenarioName", "friendlyName", "state", "stateDescription", "allowedActions")
        for name in same:
            assert ours["properties"][name] == theirs["properties"][name], name
    affected = [
        body["properties"]["customDetails"]["affectedObjectDetails"] for body in (ours, done)
    ]
    assert list(affected[0]) == list(affected[1])


def test_a_mappings_job_has_the_recorded_shape(recorded: Recordings) -> None:
    world = World(options=Options(operation_seconds=4))
    accepted = world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    (put,) = recorded.powershell("PUT", "replicationNetworkMappings")
    job = put["response"]["headers"]["Azure-AsyncOperation"].split("/")[-1].split("?")[0]
    running, done = [
        entry["response"]["body"] for entry in recorded.powershell("GET", f"replicationJobs/{job}")
    ]
    for theirs in (running, done):
        world.clock.advance(2)
        ours = world.job_of(accepted)
        assert differences(ours, theirs) == []
        pairs = zip(ours["properties"]["tasks"], theirs["properties"]["tasks"], strict=True)
        for mine, yours in pairs:
            assert differences(mine, yours) == []
            for name in ("name", "friendlyName", "state", "stateDescription", "taskType"):
                assert mine[name] == yours[name]
        for name in ("targetInstanceType", "allowedActions", "state"):
            assert ours["properties"][name] == theirs["properties"][name]


def test_a_jobs_list_row_has_the_recorded_shape(recorded: Recordings, world: World) -> None:
    world.send("PATCH", item_path("web2"), {"properties": {}})
    theirs = recorded.body("vault.yaml", 27)
    ours = world.get(f"{VAULT}/replicationJobs")
    assert differences(ours, theirs) == []
    empty = ("activityId", "tasks", "errors", "customDetails")
    for name in empty:
        assert ours["value"][0]["properties"][name] == theirs["value"][0]["properties"][name]


def test_an_empty_list_and_a_missing_vault_are_the_recorded_bytes(
    recorded: Recordings, world: World
) -> None:
    text = recorded.cassette("vault.yaml", 8)["body"]["string"]
    assert world.send("GET", f"{VAULT}/replicationJobs").body.decode() == text
    missing = world.send("GET", VAULT.replace("vault-dr", "vault000002"))
    theirs = recorded.cassette("vault.yaml", 0)["body"]["string"]
    group = "clitest.rg.siterecovery.vault.000001"
    assert missing.body.decode() == theirs.replace(group, "rg-vault")
    assert missing.status == 404


def test_the_recorded_patch_has_the_recorded_effect(recorded: Recordings, world: World) -> None:
    """The item before the PATCH goes into an estate; the item after it must come out."""
    before, after = [
        entry["response"]["body"]
        for entry in recorded.powershell("GET", "/replicationProtectedItems/a2aVM330?")
    ]
    if before["properties"]["providerSpecificDetails"]["vmNics"][0]["recoveryNicName"]:
        before, after = after, before
    (patch,) = recorded.powershell("PATCH", "replicationProtectedItems")
    network = patch["request"]["body"]["properties"]["selectedRecoveryAzureNetworkId"]
    world.estate.put(before)
    world.estate.put(
        {
            "id": network,
            "name": "target",
            "location": "westcentralus",
            "properties": {
                "subnets": [
                    {"name": "frontendSubnet", "properties": {"addressPrefix": "10.0.0.0/24"}}
                ]
            },
        }
    )
    assert world.send("PATCH", before["id"], patch["request"]["body"]).status == 202
    ours = world.get(before["id"])["properties"]["providerSpecificDetails"]
    theirs = after["properties"]["providerSpecificDetails"]
    moving = ("lastHeartbeat", "rpoInSeconds", "lastRpoCalculatedTime", "protectedManagedDisks")
    for name in theirs:
        if name not in (*moving, "monitoringPercentageCompletion"):
            assert ours[name] == theirs[name], name
