"""``--only``: the same part everywhere, and an error where it takes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import REGION_OPTIONS, VAULT_OPTIONS, Run

BY_OPTIONS = ("--sandbox", "estate.json", *VAULT_OPTIONS, *REGION_OPTIONS)

COMMANDS = (
    ("plan",),
    ("apply", "--yes"),
    ("verify",),
    ("discover",),
    ("nics", "list"),
    ("nics", "export"),
    ("nics", "import", "nics.csv", "--yes"),
    ("plan", "--nics", "nics.csv"),
)


@pytest.fixture
def table(here: Run, folder: Path) -> Path:
    assert here("nics", "export", "--out", "nics.csv").code == 0
    return folder / "nics.csv"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("picked", "hint"),
    [
        ("vm=app11", "Near: app1"),
        ("network=vnet-ap", "Near: vnet-app"),
        ("group=rg-ap", "Near: rg-app"),
        ("vm=app1,network=vnet-web", "is there, but no replicated item fits all of it"),
    ],
)
def test_only_that_takes_nothing_is_an_error_that_says_what_is_near(
    here: Run, table: Path, command: tuple[str, ...], picked: str, hint: str
) -> None:
    found = here(*command, "--only", picked)
    assert found.code == 1
    assert "What --only picks is not among" in found.err
    assert hint in found.err
    assert found.out == ""


def test_only_without_a_vault_picks_networks(run: Run) -> None:
    options = ("--sandbox", "demo", *REGION_OPTIONS)
    shown = run("discover", *options, "--only", "network=vnet-app", "--format", "json").json
    assert [n["name"] for n in shown["networks"]] == ["vnet-app"]
    found = run("discover", *options, "--only", "vm=app1")
    assert found.code == 1
    assert "replicated items are known with a vault only" in found.err


def discovered(here: Run, only: str) -> tuple[set[str], set[str], int]:
    """The names of networks and VMs, and how many mappings."""
    shown: Any = here("discover", "--format", "json", "--only", only).json
    return (
        {n["name"] for n in shown["networks"]},
        {i["vm"] for i in shown["items"]},
        len(shown["mappings"]),
    )


@pytest.mark.parametrize(
    "only", ["network=vnet-data", "network=vnet-data-dr", "vm=sql1", "network=vnet-data,vm=sql1"]
)
def test_discover_shows_what_was_picked_with_its_mapping_and_the_other_side(
    here: Run, only: str
) -> None:
    networks, vms, mappings = discovered(here, only)
    assert networks == {"vnet-data", "vnet-data-dr"}
    assert vms <= {"sql1", "sql2"}
    assert ("vm=sql1" in only) is (vms == {"sql1"})
    assert mappings == 1


def test_discover_leaves_out_the_mappings_of_other_networks(here: Run) -> None:
    networks, vms, mappings = discovered(here, "vm=app1")
    assert (networks, vms, mappings) == ({"vnet-app"}, {"app1"}, 0)


def test_every_command_takes_the_same_items(here: Run, table: Path) -> None:
    for only, vms in (
        ("network=vnet-data", {"sql1", "sql2"}),
        ("vm=app1,vm=sql1", {"app1", "sql1"}),
    ):
        listed = here("nics", "list", "--format", "json", "--only", only).json["nics"]
        assert {row["vm"] for row in listed} == vms
        exported = here("nics", "export", "--format", "json", "--only", only).json["rows"]
        assert {row["vm"] for row in exported} == vms
        assert discovered(here, only)[1] == vms


@pytest.mark.parametrize("command", ["map", "unmap"])
def test_a_pair_and_only_speak_of_vms_in_it_and_not_of_other_networks(
    here: Run, run: Run, command: str
) -> None:
    pair = (command, "--source-vnet", "vnet-data", *BY_OPTIONS, "--yes")
    refused = run(*pair, "--only", "network=vnet-data")
    assert refused.code == 2
    assert "--source-vnet says which network" in refused.err
    if command == "unmap":
        here("apply", "--yes")
    nothing = run(*pair, "--only", "vm=sql11")
    assert nothing.code == 1
    assert "What --only picks is not among" in nothing.err
    assert "Near: sql1" in nothing.err


def test_map_sets_the_nics_of_the_picked_vms_only(run: Run) -> None:
    pair = ("map", "--source-vnet", "vnet-web", *BY_OPTIONS, "--yes")
    done = run(*pair, "--only", "vm=web2", "--format", "json").json
    kinds = {(change["kind"], change["title"]) for change in done["changes"]}
    assert ("nic-settings", "web2") in kinds
    assert ("nic-settings", "web1") not in kinds


def test_unmap_lists_the_items_that_stay_as_they_are_and_only_those_that_are_picked(
    here: Run, run: Run
) -> None:
    here("apply", "--yes")
    pair = ("unmap", "--source-vnet", "vnet-data", *BY_OPTIONS, "--yes", "--format", "json")
    done = run(*pair, "--only", "vm=sql2").json
    (listed,) = [f["message"] for f in done["findings"] if f["code"] == "items-keep-settings"]
    assert listed.endswith("keeps its target network and NIC settings: sql2")
    assert [change["action"] for change in done["changes"]] == ["delete", "delete"]


def test_nics_set_is_refused_for_a_vm_that_only_does_not_take(here: Run) -> None:
    setting = ("nics", "set", "--vm", "sql1", "--address", "dynamic", "--yes")
    refused = here(*setting, "--only", "vm=sql2")
    assert (refused.code, refused.out) == (1, "")
    assert "--only does not take sql1" in refused.err
    assert here(*setting, "--only", "vm=sql1,group=rg-data").code == 0
