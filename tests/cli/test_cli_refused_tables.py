"""What can't be carried out as it is written is refused whole, and errors never end in 0."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, change_estate, resources_of
from tests.cli.test_cli_nics import rows_of, write_rows

NETWORK = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/{}/providers/{}"
NO_NSG = NETWORK.format("rg-dr", "Microsoft.Network/networkSecurityGroups/nsg-nowhere")
Table = Callable[..., dict[str, int]]


@pytest.fixture
def table(here: Run, folder: Path) -> Table:
    """Exports nics.csv, changes rows by VM, and gives the line of each VM's first row."""

    def edited(cells: dict[str, dict[str, str]]) -> dict[str, int]:
        assert here("nics", "export", "--out", "nics.csv").code == 0
        rows = rows_of(folder / "nics.csv")
        lines: dict[str, int] = {}
        for line, row in enumerate(rows, start=2):
            if row["vm"] not in lines:
                row.update(cells.get(row["vm"], {}))
            lines.setdefault(row["vm"], line)
        write_rows(folder / "nics.csv", rows)
        return lines

    return edited


def test_one_bad_cell_refuses_the_whole_table_wherever_it_is_read(
    here: Run, folder: Path, table: Table
) -> None:
    lines = table(
        {
            "sql1": {"subnet": "zeta", "address": "10.20.2.50"},
            "sql2": {"address": "10.20.2.1"},
            "web1": {"test_address": "10.3.1.77"},
            "web2": {"nsg": NO_NSG},
            "app1": {"address": "10.1.1.999"},
        }
    )
    before = resources_of(folder)
    for command in (
        ("nics", "import", "nics.csv", "--yes"),
        ("nics", "import", "nics.csv", "--out", "plan.json"),
        ("plan", "--nics", "nics.csv"),
        ("plan", "--nics", "nics.csv", "--out", "plan.json"),
        ("apply", "--nics", "nics.csv", "--yes"),
    ):
        done = here(*command)
        assert (done.code, done.out) == (2, ""), command
        assert "nics.csv: 4 mistakes" in done.err
        for vm, column, said in (
            ("sql2", "address", "one of the five that Azure reserves"),
            ("web1", "test_address", "web1 has no test network"),
            ("web2", "nsg", "nsg-nowhere does not exist"),
            ("app1", "address", "10.1.1.999"),
        ):
            assert f"line {lines[vm]}, column {column}: " in done.err
            assert said in done.err
    assert resources_of(folder) == before
    assert not (folder / "plan.json").exists()


def test_a_good_table_is_applied_as_before(here: Run, table: Table) -> None:
    table({"sql1": {"subnet": "zeta", "address": "10.20.2.50"}})
    done = here("nics", "import", "nics.csv", "--yes", "--format", "json")
    assert done.code == 0, done.err
    assert [outcome["status"] for outcome in done.json["outcomes"]] == ["applied"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--address", "10.20.1.77"), "--address: 10.20.1.77 is outside zeta (10.20.2.0/24); it "),
        (("--address", "10.20.1.77"), "give --subnet alpha, too"),
        (("--subnet", "gone"), "--subnet: vnet-data-dr has no subnet gone"),
        (("--nsg", NO_NSG), "nsg-nowhere does not exist\n"),
        (
            ("--test-address", "10.20.2.9"),
            "--test-address: sql2 has no test network: give --test-n",
        ),
        (("--address", "10.20.2.1", "--nsg", NO_NSG), "nics set: 2 mistakes"),
    ],
)
def test_set_refuses_what_it_can_not_do_in_the_words_of_its_options(
    here: Run, folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    before = resources_of(folder)
    for more in (("--yes",), ("--out", "plan.json")):
        done = here("nics", "set", "--vm", "sql2", *arguments, *more)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
        assert "NIC table" not in done.err
        assert "column" not in done.err
    assert resources_of(folder) == before
    assert not (folder / "plan.json").exists()


def test_set_shows_its_own_vm_and_its_own_words(here: Run) -> None:
    done = here("nics", "set", "--vm", "sql2", "--address", "10.20.2.60", "--yes")
    assert done.code == 0
    assert "(given by --address)" in done.out
    placed = here(
        "nics",
        "set",
        "--vm",
        "sql2",
        "--address",
        "10.20.2.61",
        "--out",
        "p.json",
        "--format",
        "json",
    ).json["placements"]
    assert {one["vm"] for one in placed} == {"sql2"}


def test_set_tells_of_a_test_network_that_is_the_failover_network(here: Run) -> None:
    chosen = ("--vm", "sql2", "--test-network", "vnet-data-dr", "--yes", "--format", "json")
    done = here("nics", "set", *chosen)
    assert done.code == 0
    assert "test-network-is-failover-network" in {f["code"] for f in done.json["findings"]}


def without_room(document: dict[str, Any]) -> None:
    """sql1 and sql2 fail over into a network without any subnet for them."""
    for one in document["resources"]:
        if one["name"] == "vnet-data-dr":
            one["properties"]["subnets"] = []


def test_what_can_not_be_planned_is_never_a_success(here: Run, folder: Path) -> None:
    change_estate(folder, without_room)
    done = here("apply", "--yes", "--pending-ok", "--format", "json")
    errors = [f for f in done.json["findings"] if f["severity"] == "error"]
    assert errors
    assert done.code == 5
    assert f"{len(errors)} error" in done.err
    again = here("plan", "--detailed-exitcode")
    assert "Nothing to change" in again.out or "No changes" in again.out
    assert again.code == 5
    assert here("apply", "--yes", "--pending-ok").code == 5


def test_a_reviewed_plan_with_errors_is_no_success_either(
    here: Run, run: Run, folder: Path
) -> None:
    change_estate(folder, without_room)
    chosen = ("--only", "vm=sql1,web1", "--out", "plan.json")
    assert here("plan", *chosen).code == 0
    done = run("apply", "plan.json", "--sandbox", "estate.json", "--yes", "--pending-ok")
    assert done.code == 5
    assert "error" in done.err
    assert "see the findings" in done.err


def test_what_is_no_journal_is_called_that(here: Run) -> None:
    done = here("apply", "--undo", "estate.json", "--yes")
    assert done.code == 1
    assert "estate.json is no journal" in done.err
    assert "changed after" not in done.err


def test_the_json_table_has_switches_for_switches(here: Run) -> None:
    rows = here("nics", "export", "--format", "json").json["rows"]
    assert {type(row["source_static"]) for row in rows} == {bool}
    behind = next(row for row in rows if (row["vm"], row["ip_config"]) == ("app1", "ipconfig2"))
    assert behind["selected"] is False
    assert json.dumps(behind)
