"""NIC tables, single settings and the way back over two vaults that are declared together.

The second vault is the first one's double in a subscription of its own: every name is there twice.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asr_netmap import api, connecting
from asr_netmap.applying import driver
from asr_netmap.clock import SystemClock
from tests.cli.conftest import NETMAP, Finished, Run, change_estate, resources_of
from tests.cli.test_cli_nics import Rows, rows_of, write_rows

FIRST = "11111111-2222-3333-4444-555555555555"
SECOND = "22222222-2222-3333-4444-555555555555"

BOTH = f"""\
version: 1
defaults: {{source_region: eastasia, target_region: southeastasia}}
vaults:
  - vault: {{subscription: {FIRST}, resource_group: rg-vault, name: vault-dr}}
  - vault: {{subscription: {SECOND}, resource_group: rg-vault, name: vault-dr}}
"""

HALF = "gone".join(BOTH.rsplit("vault-dr", 1))


@pytest.fixture
def both(run: Run, folder: Path) -> Run:
    """Runs a command on both vaults, unless it names a configuration of its own."""

    def double(document: dict[str, Any]) -> None:
        twins = json.loads(json.dumps(document["resources"]).replace(FIRST, SECOND))
        document["resources"] += twins

    change_estate(folder, double)
    (folder / "second.yaml").write_text(NETMAP.replace(FIRST, SECOND))
    (folder / "both.yaml").write_text(BOTH)

    def run_both(*arguments: str, config: tuple[str, ...] = ("both.yaml",)) -> Finished:
        files = [word for name in config for word in ("--config", name)]
        return run(*arguments, "--sandbox", "estate.json", "--workers", "2", *files)

    return run_both


@pytest.fixture
def edit(both: Run, folder: Path) -> Callable[..., Rows]:
    """Exports both vaults' table and changes the row of one VM of each subscription."""

    def edit_rows(vm: str, cells: dict[str, dict[str, str]]) -> Rows:
        assert both("nics", "export", "--out", "nics.csv").code == 0
        rows = rows_of(folder / "nics.csv")
        for subscription, given in cells.items():
            next(r for r in rows if r["vm"] == vm and subscription in r["vm_id"]).update(given)
        write_rows(folder / "nics.csv", rows)
        return rows

    return edit_rows


def addresses(both: Run, vm: str, name: str = "address") -> list[str]:
    """What is set for the VM in the first vault and in the second."""
    alone = [("netmap.yaml",), ("second.yaml",)]
    found = [both("nics", "list", "--format", "json", config=config).json for config in alone]
    return [row[name] for each in found for row in each["nics"] if row["vm"] == vm]


EDITED = {FIRST: {"address": "10.20.1.50"}, SECOND: {"address": "10.20.1.60"}}


def test_each_row_goes_to_the_vault_whose_item_it_names(
    both: Run, edit: Callable[..., Rows]
) -> None:
    assert len(edit("sql1", EDITED)) == 18
    done = both("nics", "import", "nics.csv", "--yes", "--format", "json")
    assert done.code == 0, done.err
    assert [c["title"] for c in done.json["changes"]] == ["sql1", "sql1"]
    assert [FIRST in c["vault"] for c in done.json["changes"]] == [True, False]
    assert addresses(both, "sql1") == ["10.20.1.50", "10.20.1.60"]


@pytest.mark.parametrize("config", [("both.yaml",), ("netmap.yaml", "second.yaml")])
def test_a_table_of_both_vaults_is_saved_and_applied(
    both: Run, run: Run, edit: Callable[..., Rows], folder: Path, config: tuple[str, ...]
) -> None:
    edit("sql1", EDITED)
    before = resources_of(folder)
    assert both("nics", "import", "nics.csv", "--out", "plan.json", config=config).code == 0
    assert resources_of(folder) == before
    done = run("apply", "plan.json", "--sandbox", "estate.json", "--yes", "--format", "json")
    assert done.code == 0, done.err
    assert [o["status"] for o in done.json["outcomes"]] == ["applied"] * 2
    assert addresses(both, "sql1") == ["10.20.1.50", "10.20.1.60"]


def test_a_cell_that_can_not_be_carried_out_in_one_vault_keeps_the_other_from_being_written(
    both: Run, edit: Callable[..., Rows], folder: Path
) -> None:
    edit("sql1", {FIRST: {"address": "10.20.1.50"}, SECOND: {"address": "10.20.1.1"}})
    before = resources_of(folder)
    for command in (
        ("nics", "import", "nics.csv", "--yes"),
        ("plan", "--nics", "nics.csv"),
        ("apply", "--nics", "nics.csv", "--yes"),
    ):
        done = both(*command)
        assert (done.code, done.out) == (2, ""), done.err
        assert "nics.csv: 1 mistake" in done.err
        assert "column address: 10.20.1.1 is one of the five" in done.err
    assert resources_of(folder) == before


def test_a_network_is_named_as_in_the_vault_of_its_row(
    both: Run, edit: Callable[..., Rows]
) -> None:
    """Both subscriptions have a `vnet-web-asr` in the target region."""
    cells = {"target_network": "vnet-web-asr", "subnet": "front", "address": ""}
    edit("web2", {FIRST: cells, SECOND: cells})
    assert both("nics", "import", "nics.csv", "--yes").code == 0
    networks = both("discover", "--format", "json").json["items"]
    targets = [item["target_network"] for item in networks if item["vm"] == "web2"]
    assert [FIRST in targets[0], SECOND in targets[1]] == [True, True]


def test_rows_of_a_vault_that_is_not_declared_are_all_listed_and_nothing_is_applied(
    both: Run, edit: Callable[..., Rows], folder: Path
) -> None:
    rows = edit("sql1", EDITED)
    before = resources_of(folder)
    for command in (("nics", "import", "nics.csv", "--yes"), ("plan", "--nics", "nics.csv")):
        done = both(*command, config=("netmap.yaml",))
        assert (done.code, done.out) == (2, "")
        lines = [line for line, row in enumerate(rows, start=2) if SECOND in row["vm_id"]]
        assert all(f"line {line}, column vm_id: no replicated item" in done.err for line in lines)
        assert f"{len(lines)} mistakes" in done.err
    assert resources_of(folder) == before


def test_rows_between_other_regions_than_the_declared_ones_fit_nothing(
    both: Run, edit: Callable[..., Rows], folder: Path
) -> None:
    edit("sql1", EDITED)
    text = BOTH.replace("source_region: eastasia", "source_region: westeurope")
    (folder / "elsewhere.yaml").write_text(text)
    done = both("nics", "import", "nics.csv", "--yes", config=("elsewhere.yaml",))
    assert done.code == 2
    assert "18 mistakes" in done.err


def test_rows_of_a_vault_that_could_not_be_read_say_so(
    both: Run, edit: Callable[..., Rows], folder: Path
) -> None:
    edit("sql1", EDITED)
    (folder / "half.yaml").write_text(HALF)
    done = both("nics", "import", "nics.csv", "--yes", config=("half.yaml",))
    assert done.code == 2
    assert "could not be looked at fit nothing: vault gone" in done.err


def test_a_vault_that_is_declared_twice_is_planned_once_for_a_table(
    both: Run, edit: Callable[..., Rows]
) -> None:
    edit("sql1", EDITED)
    config = ("both.yaml", "netmap.yaml")
    done = both("nics", "import", "nics.csv", "--yes", "--format", "json", config=config)
    assert [c["title"] for c in done.json["changes"]] == ["sql1", "sql1"]


@pytest.mark.parametrize("saved", [False, True])
def test_rules_and_a_table_are_planned_and_applied_in_both(
    both: Run, run: Run, edit: Callable[..., Rows], saved: bool
) -> None:
    edit("sql1", EDITED)
    yes = ("--yes", "--pending-ok", "--format", "json")
    if saved:
        assert both("plan", "--nics", "nics.csv", "--out", "plan.json").code == 0
        done = run("apply", "plan.json", "--sandbox", "estate.json", *yes)
    else:
        done = both("apply", "--nics", "nics.csv", *yes)
    assert done.code == 0, done.err
    assert {o["status"] for o in done.json["outcomes"]} == {"applied"}
    assert addresses(both, "sql1") == ["10.20.1.50", "10.20.1.60"]
    assert addresses(both, "web2") == ["10.3.1.11"] * 2


def test_set_refuses_a_name_that_both_have_and_takes_the_id(both: Run, folder: Path) -> None:
    before = resources_of(folder)
    options = ("--address", "10.20.1.70", "--yes")
    done = both("nics", "set", "--vm", "sql1", *options)
    assert done.code == 1
    assert FIRST in done.err
    assert SECOND in done.err
    assert resources_of(folder) == before
    (vm,) = {vm for vm in addresses(both, "sql1", "vm_id") if SECOND in vm}
    assert both("nics", "set", "--vm", vm, *options).code == 0
    assert addresses(both, "sql1") == ["", "10.20.1.70"]


def test_set_names_who_is_near_in_any_vault_and_what_was_not_looked_at(
    both: Run, folder: Path
) -> None:
    (folder / "half.yaml").write_text(HALF)
    done = both("nics", "set", "--vm", "sqll", "--address", "dynamic", "--yes")
    assert done.code == 1
    assert "sql1" in done.err
    half = both(
        *("nics", "set", "--vm", "sqll", "--address", "dynamic", "--yes"), config=("half.yaml",)
    )
    assert "Not looked at: vault gone" in half.err


# The way back.


@pytest.fixture(scope="module")
def applied_once() -> dict[str, str]:
    """What the run left in its journal and in the estate file, by their names."""
    return {}


@pytest.fixture
def journal(both: Run, folder: Path, applied_once: dict[str, str]) -> str:
    """Of a run that applied everything in both vaults: made once, and put back for each test."""
    if not applied_once:
        done = both("apply", "--yes", "--pending-ok", "--journal", "run.jsonl")
        assert done.code == 0, done.err
        assert addresses(both, "sql1") == ["10.20.1.10"] * 2
        for name in ("run.jsonl", "estate.json"):
            applied_once[name] = (folder / name).read_text(encoding="utf-8")
    for name, text in applied_once.items():
        (folder / name).write_text(text, encoding="utf-8")
    return "run.jsonl"


def test_both_vaults_go_back(both: Run, journal: str) -> None:
    done = both("apply", "--undo", journal, "--yes", "--format", "json")
    assert done.code == 0, done.err
    assert {o["status"] for o in done.json["outcomes"]} == {"applied"}
    assert addresses(both, "sql1") == ["", ""]
    left = [f["subject"] for f in done.json["findings"] if f["code"] == "left-behind"]
    assert sorted(left) == sorted(set(left)), "each is named once"
    assert any(FIRST in subject for subject in left)
    assert any(SECOND in subject for subject in left)


def test_the_way_back_of_both_is_saved_and_applied(both: Run, run: Run, journal: str) -> None:
    saved = both("plan", "--undo", journal, "--out", "back.json")
    assert saved.code == 0, saved.err
    (command,) = [line for line in saved.err.splitlines() if line.startswith("Next: ")]
    _, *words = shlex.split(command.removeprefix("Next: "))
    assert run(*words, "--yes").code == 0
    assert addresses(both, "sql1") == ["", ""]


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
@pytest.mark.parametrize(("declared", "other"), [("netmap.yaml", SECOND), ("second.yaml", FIRST)])
def test_a_vault_of_the_run_that_is_not_declared_is_refused_by_its_name(
    both: Run, folder: Path, journal: str, command: tuple[str, ...], declared: str, other: str
) -> None:
    before = resources_of(folder)
    done = both(*command, "--undo", journal, config=(declared,))
    assert (done.code, done.out) == (4, "")
    assert f"is of a run on /subscriptions/{other}/".lower() in done.err.lower()
    assert resources_of(folder) == before


def test_of_two_declared_vaults_the_one_of_the_run_goes_back(both: Run) -> None:
    for config in ("netmap.yaml", "second.yaml"):
        options = ("--yes", "--pending-ok", "--journal", f"{config}.jsonl")
        assert both("apply", *options, config=(config,)).code == 0
    done = both("apply", "--undo", "second.yaml.jsonl", "--yes", "--format", "json")
    assert done.code == 0, done.err
    assert [SECOND in scope["vault"] for scope in done.json["scopes"]] == [True]
    assert addresses(both, "sql1") == ["10.20.1.10", ""]


def test_two_pairs_of_regions_of_one_vault_each_take_back_their_own(
    both: Run, folder: Path
) -> None:
    """The run was over both pairs, and nothing of it is between the other regions."""
    other = NETMAP.replace("eastasia", "westeurope").replace("southwesteurope", "northeurope")
    (folder / "other.yaml").write_text(other)
    config = ("netmap.yaml", "other.yaml")
    done = both("apply", "--yes", "--pending-ok", "--journal", "run.jsonl", config=config)
    assert done.code == 0, done.err
    shown = both("plan", "--undo", "run.jsonl", "--format", "json", config=config).json
    ids = [change["id"] for change in shown["changes"]]
    assert sorted(ids) == sorted(set(ids)), "each write is taken back once"
    assert len(shown["scopes"]) == 2
    text = both("plan", "--undo", "run.jsonl", config=config).out
    assert text.count("the network vnet-app-asr was created by that run") == 1
    assert both("apply", "--undo", "run.jsonl", "--yes", config=config).code == 0
    assert addresses(both, "sql1") == ["", ""]


def test_both_vaults_are_applied_at_once_and_told_in_their_order(
    both: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the machine's own clock: a virtual one tells the time of one run only."""
    real, runs = connecting.open_sandbox, []
    at_once = driver.run_at_once

    def on_system_clock(*given: Any, **more: Any) -> Any:
        return real(*given, **{**more, "clock": SystemClock()})

    def spied(works: Any, around: Any) -> Any:
        runs.append([changes[0].subject.subscription for changes, _ in works])
        return at_once(works, around)

    monkeypatch.setattr(connecting, "open_sandbox", on_system_clock)
    monkeypatch.setattr(api, "run_at_once", spied)
    done = both("apply", "--yes", "--format", "json", "--max-failures", "100")
    assert runs == [[FIRST, SECOND]]
    told = [change["subject"] for change in done.json["changes"]]
    places = [FIRST in subject for subject in told]
    assert places == sorted(places, reverse=True), "the first vault's changes come first"
    assert {o["status"] for o in done.json["outcomes"]} <= {"applied", "pending"}
    assert sum(o["status"] == "applied" for o in done.json["outcomes"]) % 2 == 0


def test_with_one_worker_the_vaults_are_applied_one_after_the_other(
    both: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []
    at_once = driver.run_at_once

    def spied(works: Any, around: Any) -> Any:
        runs.append(len(works))
        return at_once(works, around)

    monkeypatch.setattr(api, "run_at_once", spied)
    both("apply", "--yes", "--workers", "1")
    assert runs == [1, 1]
