"""The whole way on resources of the real service, from the command line, checked in the file.

The resources are real, the service behind them is the sandbox: what these tests prove is that
real shapes and spellings are read, planned on and written back rightly, not what Azure answers.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from asr_netmap.cli import PROGRAM, app
from tests.real_input.recorded_estate import recorded_estate

_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
_SOURCE = "CliTerraformVMRG-vnet"
_TARGET = "cli-test-vnet-A2A-2"
_VAULT = (
    *("--subscription", _SUBSCRIPTION),
    *("-g", "CliTeraformVaultRG"),
    *("--vault-name", "CliTerraformVault"),
    *("--source-region", "eastus"),
    *("--target-region", "East US 2"),
)
_PAIR = ("--source-vnet", _SOURCE, "--target-vnet", _TARGET)


@pytest.fixture
def estate(recordings: Path, tmp_path: Path) -> Path:
    file = tmp_path / "estate.json"
    file.write_text(json.dumps(recorded_estate(recordings)), encoding="utf-8")
    return file


def asr_netmap(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the program as its user would, but in this process."""
    given = [str(each) for each in arguments]
    result = CliRunner().invoke(app, given, prog_name=PROGRAM, catch_exceptions=False)
    return subprocess.CompletedProcess(given, result.exit_code, result.stdout, result.stderr)


def resources(estate: Path, kind: str) -> list[dict[str, Any]]:
    """The estate's resources of a kind, by the last but one segment of their ids."""
    document = json.loads(estate.read_text(encoding="utf-8"))
    found = document["resources"]
    return [r for r in found if r["id"].split("/")[-2].lower() == kind.lower()]


def test_map_pairs_both_directions_and_puts_the_nic_into_the_subnet_of_the_same_name(
    estate: Path,
) -> None:
    before = resources(estate, "replicationProtectedItems")[0]

    done = asr_netmap("map", "--sandbox", estate, *_VAULT, *_PAIR, "--yes")

    assert done.returncode == 0, done.stderr
    mappings = [m["properties"] for m in resources(estate, "replicationNetworkMappings")]
    assert {m["state"] for m in mappings} == {"Paired"}
    ends = {
        (
            m["primaryNetworkId"].rsplit("/", 1)[1],
            m["recoveryNetworkId"].rsplit("/", 1)[1],
            m["fabricSpecificSettings"]["primaryFabricLocation"],
            m["fabricSpecificSettings"]["recoveryFabricLocation"],
        )
        for m in mappings
    }
    assert ends == {
        (_SOURCE.lower(), _TARGET.lower(), "eastus", "eastus2"),
        (_TARGET.lower(), _SOURCE.lower(), "eastus2", "eastus"),
    }
    after = resources(estate, "replicationProtectedItems")[0]
    config = _ip_config(after)
    assert config["recoverySubnetName"] == "default"
    assert config["recoveryStaticIPAddress"] == ""
    _assert_only_the_nic_moved(before, after)


def test_the_same_command_again_changes_nothing(estate: Path) -> None:
    assert asr_netmap("map", "--sandbox", estate, *_VAULT, *_PAIR, "--yes").returncode == 0
    written = estate.read_text(encoding="utf-8")

    again = asr_netmap("map", "--sandbox", estate, *_VAULT, *_PAIR, "--yes")

    assert again.returncode == 0, again.stderr
    assert estate.read_text(encoding="utf-8") == written


def test_plan_says_3_before_and_0_after_and_verify_says_0(estate: Path, tmp_path: Path) -> None:
    config = tmp_path / "netmap.yaml"
    config.write_text(
        f"""version: 1
vault:
  subscription: {_SUBSCRIPTION}
  resource_group: CliTeraformVaultRG
  name: CliTerraformVault
source_region: eastus
target_region: eastus2
networks:
  - {{source: {_SOURCE}, target: {_TARGET}}}
""",
        encoding="utf-8",
    )
    plan = ("plan", "--config", config, "--sandbox", estate, "--detailed-exitcode")
    verify = ("verify", "--config", config, "--sandbox", estate)

    assert asr_netmap(*plan).returncode == 3
    assert asr_netmap(*verify).returncode == 3
    applied = asr_netmap("apply", "--config", config, "--sandbox", estate, "--yes")
    assert applied.returncode == 0, applied.stderr
    assert asr_netmap(*plan).returncode == 0
    verified = asr_netmap(*verify)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def _ip_config(item: dict[str, Any]) -> dict[str, Any]:
    nic = item["properties"]["providerSpecificDetails"]["vmNics"][0]
    config: dict[str, Any] = nic["ipConfigs"][0]
    return config


def _assert_only_the_nic_moved(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Everything beside the NICs is as it was; of the NIC only what a client may write."""
    one, other = before["properties"], after["properties"]
    for key in one.keys() - {"providerSpecificDetails"}:
        assert other[key] == one[key], key
    details, now = one["providerSpecificDetails"], other["providerSpecificDetails"]
    for key in details.keys() - {"vmNics"}:
        assert now[key] == details[key] or _both_unset(now[key], details[key]), key
    for key in ("nicId", "sourceNicArmId", "vMNetworkName", "recoveryVMNetworkId"):
        assert now["vmNics"][0][key] == details["vmNics"][0][key]


def _both_unset(one: object, other: object) -> bool:
    return not one and not other
