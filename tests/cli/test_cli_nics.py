"""The NIC commands, on an estate file: tables, single settings, the way back, explanations."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, resources_of

Rows = list[dict[str, str]]


def rows_of(path: Path) -> Rows:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def write_rows(path: Path, rows: Rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def edit(here: Run, folder: Path) -> Callable[..., None]:
    """Exports nics.csv and changes the row of one VM's first IP config."""

    def edit_row(vm: str, **cells: str) -> None:
        assert here("nics", "export", "--out", "nics.csv").code == 0
        rows = rows_of(folder / "nics.csv")
        next(row for row in rows if row["vm"] == vm).update(cells)
        write_rows(folder / "nics.csv", rows)

    return edit_row


def setting(here: Run, vm: str, name: str) -> Any:
    """What `nics list` says of the VM's first IP config."""
    return here("nics", "list", "--format", "json", "--only", f"vm={vm}").json["nics"][0][name]


def test_export_has_a_row_per_ip_config_and_names_who_has_none(here: Run, folder: Path) -> None:
    done = here("nics", "export", "--out", "nics.csv")
    assert done.code == 0
    assert done.out == ""
    assert "new1" in done.err
    rows = {(r["vm"], r["nic"], r["ip_config"]): r for r in rows_of(folder / "nics.csv")}
    assert len(rows) == 9
    sql1 = rows["sql1", "sql1-nic", "ipconfig1"]
    assert sql1["effective_address"] == "any free address (predicted)"
    assert rows["sql2", "sql2-nic", "ipconfig1"]["effective_address"] == "10.20.2.77"


def test_export_as_json_is_one_document_that_says_sandbox(here: Run) -> None:
    document = here("nics", "export", "--format", "json", "--only", "vm=app3").json
    assert document["sandbox"] is True
    assert [row["nic"] for row in document["rows"]] == ["app3-nic", "app3-nic2"]


def test_export_to_a_pipe_has_no_byte_order_mark(here: Run) -> None:
    assert here("nics", "export").out.startswith("vm_id,")


def test_a_table_is_no_markdown_but_a_variable_for_other_commands_does_no_harm(here: Run) -> None:
    assert here("nics", "export", "--format", "markdown").code == 2
    assert here("nics", "export", ASR_NETMAP_FORMAT="markdown").out.startswith("vm_id,")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_untouched_table_changes_nothing(here: Run, folder: Path, form: str) -> None:
    assert here("nics", "export", "--format", form, "--out", "nics.txt").code == 0
    before = resources_of(folder)
    done = here("nics", "import", "nics.txt", "--yes", "--format", "json")
    assert (done.code, done.json["changes"]) == (0, [])
    assert resources_of(folder) == before


def test_import_applies_what_the_table_asks_for_and_nothing_else(
    here: Run, edit: Callable[..., None]
) -> None:
    edit("sql1", subnet="zeta", address="10.20.2.50")
    done = here("nics", "import", "nics.csv", "--yes", "--format", "json")
    assert done.code == 0, done.err
    assert [c["title"] for c in done.json["changes"]] == ["sql1"]
    assert setting(here, "sql1", "address") == "10.20.2.50"
    assert setting(here, "web1", "address") == ""


def test_import_without_a_terminal_and_without_yes_is_refused(
    here: Run, edit: Callable[..., None]
) -> None:
    edit("sql1", address="10.20.1.50")
    assert here("nics", "import", "nics.csv").code == 2
    assert setting(here, "sql1", "address") == ""


def test_every_mistake_is_named_with_line_and_column_and_nothing_is_applied(
    here: Run, folder: Path, edit: Callable[..., None]
) -> None:
    edit("sql1", address="10.20.1.50")
    rows = rows_of(folder / "nics.csv")
    rows[0]["address"] = "10.1.1.999"
    rows[-1]["nic"] = "nothing-like-it"
    write_rows(folder / "nics.csv", rows)
    for command in (("nics", "import", "nics.csv", "--yes"), ("plan", "--nics", "nics.csv")):
        done = here(*command)
        assert done.code == 2
        assert "line 2, column address" in done.err
        assert f"line {len(rows) + 1}, column nic" in done.err
    assert setting(here, "sql1", "address") == ""


def test_a_row_made_for_another_source_is_a_finding(here: Run, edit: Callable[..., None]) -> None:
    edit("sql1", address="10.20.1.50", source_address="10.2.1.99")
    for command in (("plan", "--nics", "nics.csv"), ("nics", "import", "nics.csv", "--yes")):
        findings = here(*command, "--format", "json").json["findings"]
        assert "table-row-stale" in {finding["code"] for finding in findings}


def test_a_missing_table_is_an_error_that_names_it(here: Run) -> None:
    done = here("nics", "import", "nowhere.csv", "--yes")
    assert done.code == 1
    assert "nowhere.csv" in done.err


def test_a_table_beats_the_rules_in_plan_and_the_saved_plan_holds_it(
    here: Run, run: Run, edit: Callable[..., None]
) -> None:
    edit("sql1", address="10.20.1.77")
    assert here("plan", "--nics", "nics.csv", "--out", "plan.json").code == 0
    done = run("apply", "plan.json", "--sandbox", "estate.json", "--yes", "--format", "json")
    assert done.code == 5, done.err  # new1 is pending
    assert {o["status"] for o in done.json["outcomes"]} == {"applied"}
    assert setting(here, "sql1", "address") == "10.20.1.77"
    assert setting(here, "web2", "address") == "10.3.1.11"


def test_apply_takes_a_table_but_not_beside_a_plan_file(
    here: Run, run: Run, edit: Callable[..., None]
) -> None:
    edit("sql1", address="10.20.1.78")
    assert here("plan", "--out", "plan.json").code == 0
    sandbox = ("--sandbox", "estate.json", "--yes")
    assert run("apply", "plan.json", "--nics", "nics.csv", *sandbox).code == 2
    assert here("apply", "--nics", "nics.csv", "--yes", "--pending-ok").code == 0
    assert setting(here, "sql1", "address") == "10.20.1.78"


def test_set_writes_one_setting_and_keeps_the_others(here: Run) -> None:
    assert here("nics", "set", "--vm", "sql2", "--address", "10.20.2.60", "--yes").code == 0
    assert setting(here, "sql2", "address") == "10.20.2.60"
    assert setting(here, "sql2", "subnet") == "zeta"
    assert here("nics", "set", "--vm", "SQL2", "--address", "dynamic", "--yes").code == 0
    assert setting(here, "sql2", "address") == ""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--vm", "sqll", "--address", "dynamic"), 1, "sql1"),
        (("--vm", "sql1", "--nic", "sql-nic", "--address", "dynamic"), 1, "sql1-nic"),
        (("--vm", "sql1", "--ip-config", "ipconfig9", "--address", "dynamic"), 1, "ipconfig1"),
        (("--vm", "app3", "--address", "dynamic"), 1, "--nic"),
        (("--vm", "app1", "--address", "dynamic"), 1, "--ip-config"),
        (
            (
                "--vm",
                "sql1",
            ),
            2,
            "--address",
        ),
        (("--vm", "sql1", "--address", "10.20.1.999", "--nsg", "x"), 2, "--nsg"),
    ],
)
def test_set_says_what_it_cannot_mean(
    here: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = here("nics", "set", *arguments, "--yes")
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def primaries(here: Run, vm: str) -> dict[str, bool]:
    """Which IP configs the NIC table says are primary."""
    rows = here("nics", "export", "--format", "json", "--only", f"vm={vm}").json["rows"]
    return {f"{row['nic']}/{row['ip_config']}": bool(row["primary"]) for row in rows}


def test_another_ip_config_is_made_primary_read_back_and_undone(here: Run, folder: Path) -> None:
    before = primaries(here, "app1")
    assert before == {"app1-nic/ipconfig1": True, "app1-nic/ipconfig2": False}
    chosen = ("--vm", "app1", "--ip-config", "ipconfig2", "--primary")
    done = here("nics", "set", *chosen, "--yes", "--journal", "j.jsonl", "--format", "json")
    assert done.code == 0, done.err
    (change,) = done.json["changes"]
    moved = {
        (s["ip_config"], s["value"])
        for s in change["after"]["settings"]
        if s["setting"] == "primary"
    }
    assert moved == {("ipconfig1", False), ("ipconfig2", True)}
    assert primaries(here, "app1") == {"app1-nic/ipconfig1": False, "app1-nic/ipconfig2": True}
    assert here("apply", "--undo", "j.jsonl", "--yes").code == 0
    assert primaries(here, "app1") == before


def test_set_asks_for_the_primary_ip_config_again_as_it_was_typed(here: Run) -> None:
    refused = here("nics", "set", "--vm", "app1", "--ip-config", "ipconfig2", "--primary")
    assert refused.code == 2
    assert here("nics", "set", "--vm", "app1", "--primary", "--yes").code != 0, "which one?"


def test_a_table_that_names_two_primary_ip_configs_is_refused_with_both(
    here: Run, folder: Path
) -> None:
    assert here("nics", "export", "--only", "vm=app1", "--out", "nics.csv").code == 0
    rows = rows_of(folder / "nics.csv")
    assert [row["primary"] for row in rows] == ["TRUE", ""]
    rows[1]["primary"] = "yes"
    write_rows(folder / "nics.csv", rows)
    done = here("nics", "import", "nics.csv", "--yes")
    assert done.code == 2
    assert "'ipconfig2' contradicts 'ipconfig1' in line 2" in done.err
    rows[0]["primary"] = ""
    write_rows(folder / "nics.csv", rows)
    assert here("nics", "import", "nics.csv", "--yes").code == 0
    assert primaries(here, "app1") == {"app1-nic/ipconfig1": False, "app1-nic/ipconfig2": True}


def test_undo_takes_back_what_a_run_wrote(here: Run, folder: Path) -> None:
    assert here("apply", "--yes", "--pending-ok", "--journal", "run.jsonl").code == 0
    assert setting(here, "sql1", "address") == "10.20.1.10"
    done = here("apply", "--undo", "run.jsonl", "--yes", "--journal", "back.jsonl")
    assert done.code == 0, done.err
    assert setting(here, "sql1", "address") == ""
    mappings = here("discover", "--format", "json").json["mappings"]
    assert [m["direction"] for m in mappings] == ["forward"]
    assert json.loads((folder / "back.jsonl").read_text().splitlines()[0])


@pytest.mark.parametrize(
    "beside", [("plan.json",), ("--nics", "nics.csv"), ("--only", "vm=sql1"), ("--strict",)]
)
def test_undo_stands_alone(here: Run, beside: tuple[str, ...]) -> None:
    assert here("apply", *beside, "--undo", "run.jsonl", "--yes").code == 2


def test_undo_of_what_is_no_journal_is_an_error(here: Run) -> None:
    assert here("apply", "--undo", "netmap.yaml", "--yes").code == 1
    assert here("apply", "--undo", "nowhere.jsonl", "--yes").code == 1


def test_explain_tells_which_rule_decided_and_why_the_others_did_not(here: Run) -> None:
    story = here("nics", "explain", "--vm", "sql1", "--format", "json").json
    assert story["sandbox"] is True
    assert story["target_network"]["rule"] == "forward mapping"
    side = story["ip_configs"][0]["failover"]
    assert side["subnet_decided_by"] == "alphabetically first"
    assert side["address_decided_by"] == "documented rule (2017, 2026)"
    passed = {step["rule"]: step["why"] for step in side["subnet_rules"]}
    assert "no subnet named sql" in passed["same name"]
    assert side["planned"]["address"] == "10.20.1.10"
    assert side["effective"]["predicted"] is True
    assert side["effective"]["rule"].endswith("2026-02-12")
    assert side["effective_after_plan"]["predicted"] is False


@pytest.mark.parametrize("vm", ["app1", "app2", "app3", "sql1", "sql2", "web1", "web2", "new1"])
def test_explain_comes_to_what_the_plan_comes_to(here: Run, vm: str) -> None:
    """The subnet that the last deciding rule names is the one that the plan sets or leaves."""
    story = here("nics", "explain", "--vm", vm, "--format", "json").json
    for config in story["ip_configs"]:
        side = config["failover"]
        steps = [s for s in side["subnet_rules"] if s["verdict"] == "decides"]
        assert bool(steps) == (side["nothing"] == "")
        if steps:
            assert side["planned"]["subnet"] in steps[-1]["why"]
    assert bool(story["pending"]) == (vm == "new1")


@pytest.mark.parametrize("vm", ["app1", "sql1", "new1"])
def test_explain_tells_how_the_networks_came_about_branch_by_branch(here: Run, vm: str) -> None:
    story = here("nics", "explain", "--vm", vm, "--format", "json").json
    for rules in (
        story["target_network"]["pair_rules"],
        story["target_network"]["rules"],
        story["test_network_rules"],
    ):
        verdicts = [step["verdict"] for step in rules]
        assert verdicts.count("decides") == 1
        assert set(verdicts[verdicts.index("decides") + 1 :]) <= {"not reached"}
    (first, *_) = story["target_network"]["pair_rules"]
    assert first["rule"] == "named"
    assert story["target_network"]["decided_by"] == "network mapping"
    assert story["test_network_decided_by"] == "left as it is"


def test_explain_with_enforce_is_the_story_of_the_enforced_plan(here: Run) -> None:
    (config,) = here("nics", "explain", "--vm", "sql2", "--enforce", "--format", "json").json[
        "ip_configs"
    ]
    side = config["failover"]
    assert side["subnet_decided_by"] == "alphabetically first"
    assert side["set"]["subnet"] == "zeta"
    assert side["planned"] == side["ruled"]
    assert side["planned"]["subnet"] == "alpha"


def test_explain_with_a_table_takes_its_cells_as_explicit(
    here: Run, edit: Callable[..., None]
) -> None:
    edit("sql2", address="10.20.2.90")
    (config,) = here(
        "nics", "explain", "--vm", "sql2", "--nics", "nics.csv", "--format", "json"
    ).json["ip_configs"]
    side = config["failover"]
    assert side["address_decided_by"] == "explicit"
    assert side["planned"] == {"subnet": "zeta", "address": "10.20.2.90"}
    wrong = here("nics", "explain", "--vm", "sql2", "--nics", "nowhere.csv")
    assert wrong.code == 1


@pytest.mark.parametrize("form", ["table", "markdown", "csv"])
def test_explain_speaks_every_format(here: Run, form: str) -> None:
    done = here("nics", "explain", "--vm", "sql2", "--format", form)
    assert done.code == 0
    assert "was set by somebody and stays" in done.out


def test_explain_of_nobody_names_who_is_near(here: Run) -> None:
    done = here("nics", "explain", "--vm", "web3")
    assert done.code == 1
    assert "web1" in done.err


def test_nics_list_marks_what_is_predicted(here: Run) -> None:
    assert "10.20.2.77 (predicted" not in here("nics", "list").out
    assert setting(here, "web2", "effective_address") == "10.3.1.11 (predicted, uncertain)"
    assert setting(here, "web2", "address") == ""


DECLARED = """
networks:
  - source: vnet-data
    target: vnet-data-dr
    subnets: {sql: zeta}
    addresses: [{from: 10.9.0.0/24, to: 10.20.2.0/24}, {from: 10.2.1.0/24, to: 10.20.2.0/24}]
    test: {network: vnet-data-dr}
nics:
  settings: [{vm: sql2, nic: sql2-nic, ip_config: ipconfig1, address: 10.20.2.90}]
"""


def test_explain_tells_of_maps_prefix_rules_exceptions_and_test_failover(
    here: Run, folder: Path
) -> None:
    with (folder / "netmap.yaml").open("a") as file:
        file.write(DECLARED)
    (config,) = here("nics", "explain", "--vm", "sql1", "--format", "json").json["ip_configs"]
    failover = config["failover"]
    assert failover["subnet_decided_by"] == "subnet map"
    verdicts = [(s["rule"], s["verdict"]) for s in failover["address_rules"]]
    assert verdicts[:5] == [
        ("explicit", "passes"),
        ("what is set", "passes"),
        ("prefix rule 10.9.0.0/24 -> 10.20.2.0/24", "passes"),
        ("prefix rule 10.2.1.0/24 -> 10.20.2.0/24", "decides"),
        ("mode asr-default", "not reached"),
    ]
    assert failover["planned"] == {"subnet": "zeta", "address": "10.20.2.10"}
    assert config["test_failover"]["subnet_decided_by"] == "alphabetically first"
    (config,) = here("nics", "explain", "--vm", "sql2", "--format", "json").json["ip_configs"]
    assert config["failover"]["address_decided_by"] == "explicit"
    assert config["failover"]["planned"]["address"] == "10.20.2.90"


def test_none_clears_where_a_vm_goes_says_so_and_undo_brings_it_back(here: Run) -> None:
    clear = ("--target-network", "none", "--subnet", "None", "--address", "none")
    done = here(
        "nics", "set", "--vm", "sql2", *clear, "--yes", "--journal", "j", "--format", "json"
    )
    assert done.code == 0, done.err
    (change,) = done.json["changes"]
    after = {s["setting"]: s["value"] for s in change["after"]["settings"]}
    assert after == {"target_network": None, "subnet": None, "address": None}
    assert "target-network-cleared" in {f["code"] for f in done.json["findings"]}
    listed = here("nics", "list", "--only", "vm=sql2", "--format", "json").json["nics"]
    assert [row["target_network"] for row in listed] == [""]
    assert here("apply", "--undo", "j", "--yes").code == 0
    (back,) = here("nics", "list", "--only", "vm=sql2", "--format", "json").json["nics"]
    assert back["subnet"] == "zeta"


def test_a_subnet_is_not_cleared_under_an_address_that_stays(here: Run) -> None:
    refused = here("nics", "set", "--vm", "sql2", "--subnet", "none", "--yes")
    assert refused.code == 2
    assert "can't be cleared while address" in refused.err
