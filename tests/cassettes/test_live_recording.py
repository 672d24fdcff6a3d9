"""Recording a real vault: rehearsed on a sandbox, since no test reaches Azure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from azure.core.rest import HttpRequest, HttpResponse

from asr_netmap import api
from asr_netmap.clock import VirtualClock
from asr_netmap.errors import BlockedRequest, UsageError
from asr_netmap.gateway.connection import Connection, connect_sandbox
from asr_netmap.sandbox import MemorySandbox, Options, demo_estate
from asr_netmap.testing import replay
from asr_netmap.testing.lint import lint_folder
from tests.cassettes.live import Fence, LiveScenario, read, record
from tests.cassettes.record import main

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
SUB = f"/subscriptions/{SUBSCRIPTION}"
VAULTS = f"{SUB}/resourceGroups/rg-vault/providers/Microsoft.RecoveryServices/vaults"
FABRIC = f"{VAULTS}/vault-dr/replicationFabrics/f"
MAPPING = f"{FABRIC}/replicationNetworks/azureNetwork/replicationNetworkMappings/m"
ITEM = f"{FABRIC}/replicationProtectionContainers/c/replicationProtectedItems"

READING = f"""\
vault: {{subscription: {SUBSCRIPTION}, resource_group: rg-vault, name: vault-dr}}
source_region: eastasia
target_region: southeastasia
out: recorded
names: {{vnet-data-dr: net-two, sql1: machine-one}}
"""
WRITING = f"""\
{READING}writes: true
networks: [{{source: rg-web/vnet-web, target: rg-web-asr/vnet-web-asr}}]
nics: [{{item: web2, vm: web2, address: 10.3.1.44}}]
"""


def network(group: str, name: str) -> str:
    return f"{SUB}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}"


def scenario_in(folder: Path, text: str) -> LiveScenario:
    path = folder / "scenario.yaml"
    path.write_text(text)
    return read(path)


def fenced(scenario: LiveScenario, sent: list[str]) -> Fence:
    class Inner:
        def send(self, request: HttpRequest, **_: object) -> HttpResponse:
            sent.append(request.method)
            raise ConnectionAbortedError

    return Fence(Inner(), scenario)  # type: ignore[arg-type]  # -- all that is used of it


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/subscriptions/{SUBSCRIPTION[:-1]}6/resourceGroups", None),
        ("GET", f"{VAULTS}/vault-other/replicationFabrics", None),
        ("GET", f"{VAULTS}", None),
        ("GET", "/tenants", None),
        ("PUT", network("rg-web-asr", "vnet-new"), {"location": "southeastasia"}),
        ("PUT", f"{SUB}/resourceGroups/rg-new", {"location": "southeastasia"}),
        ("PUT", FABRIC, {"properties": {}}),
        ("PUT", MAPPING, {"properties": {"recoveryNetworkId": network("rg-x", "vnet-x")}}),
        ("PUT", MAPPING.replace("vault-dr", "vault-other"), {"properties": {}}),
        ("PATCH", f"{ITEM}/web1", {"properties": {}}),
        ("DELETE", f"{ITEM}/web2/nothing", None),
    ],
)
def test_a_request_outside_the_scenario_is_refused(
    tmp_path: Path, method: str, path: str, body: object
) -> None:
    sent: list[str] = []
    fence = fenced(scenario_in(tmp_path, WRITING), sent)
    url = f"https://management.azure.com{path}?api-version=1"
    with pytest.raises(BlockedRequest, match="outside what the scenario names"):
        fence.send(HttpRequest(method, url, json=body))
    assert sent == []


@pytest.mark.parametrize(
    ("text", "method", "path", "passes"),
    [
        (READING, "GET", f"{VAULTS}/vault-dr", True),
        (READING, "GET", "/subscriptions", True),
        (READING, "GET", network("rg-any", "vnet-any"), True),
        (READING, "DELETE", MAPPING, False),
        (READING, "PATCH", f"{ITEM}/web2", False),
        (WRITING, "DELETE", MAPPING, True),
        (WRITING, "PATCH", f"{ITEM}/web2", True),
    ],
)
def test_writes_pass_only_where_the_scenario_says_so(
    tmp_path: Path, text: str, method: str, path: str, passes: bool
) -> None:
    sent: list[str] = []
    fence = fenced(scenario_in(tmp_path, text), sent)
    request = HttpRequest(method, f"https://management.azure.com{path}?api-version=1")
    with pytest.raises(ConnectionAbortedError if passes else BlockedRequest):
        fence.send(request)
    assert bool(sent) is passes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "no scenario"),
        (READING.replace("source_region", "source"), "unknown key 'source'"),
        (READING + "writes: perhaps\n", "'writes' is true or false"),
        (WRITING.replace("writes: true", "writes: false"), "'writes: true' is not said"),
        (WRITING.replace("rg-web/vnet-web,", "vnet-web,"), "resource-group/name"),
        (READING + "cloud: Mars\n", "Mars"),
        ("vault: {", "no scenario"),
    ],
)
def test_a_scenario_file_that_can_not_be_meant_is_refused(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        scenario_in(tmp_path, text)


def on_one_sandbox() -> Callable[[LiveScenario], Connection]:
    """Every command meets the sandbox as the one before left it, in this process."""
    sandbox, clock = MemorySandbox(demo_estate(), Options()), VirtualClock()
    return lambda _scenario: connect_sandbox(sandbox.handle, clock=clock, workers=1)


def test_a_rehearsal_records_what_the_scenario_says_and_nothing_private(
    tmp_path: Path,
) -> None:
    (tmp_path / "scenario.yaml").write_text(WRITING)
    said: list[str] = []
    assert record(tmp_path / "scenario.yaml", on_one_sandbox(), say=said.append) == 0, said
    folder = tmp_path / "recorded"
    assert {path.stem for path in folder.glob("*.yaml")} == {
        *("discover", "plan", "verify", "nics-list", "map-1", "unmap-1", "nics-set-1"),
    }
    assert lint_folder(folder) == []
    text = "".join(path.read_text() for path in folder.glob("*.yaml"))
    assert "sandbox.asr-netmap.invalid" not in text
    assert "vnet-data-dr" not in text
    assert "net-two" in text
    settings = api.settings_for_vault(
        f"{SUBSCRIPTION}/rg-vault/vault-dr", "eastasia", "southeastasia"
    )
    with replay(folder / "plan.yaml", allow_unplayed=True) as azure:
        inventory = api.read(azure, settings)
    assert "machine-one" in {item.vm_name for item in inventory.items}


def test_a_scenario_file_that_is_not_there_is_an_error_of_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--live", str(tmp_path / "none.yaml")]) == 1
    assert "can't be read" in capsys.readouterr().err
