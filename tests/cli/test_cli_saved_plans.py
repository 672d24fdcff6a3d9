"""Plans of NIC tables, single settings and journals: saved for review, and applied later."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asr_netmap.planning.document import digest_of
from tests.cli.conftest import (
    REGION_OPTIONS,
    VAULT_OPTIONS,
    Finished,
    Run,
    change_estate,
    resources_of,
)
from tests.cli.test_cli_nics import rows_of, setting, write_rows

SANDBOX = ("--sandbox", "estate.json")


@pytest.fixture
def save_table(here: Run, folder: Path) -> Callable[..., Finished]:
    """Saves the plan of a table in which the first row of each VM has these cells."""

    def save(*arguments: str, **cells: dict[str, str]) -> Finished:
        assert here("nics", "export", "--out", "nics.csv").code == 0
        rows = rows_of(folder / "nics.csv")
        for vm, given in cells.items():
            next(row for row in rows if row["vm"] == vm).update(given)
        write_rows(folder / "nics.csv", rows)
        return here("nics", "import", "nics.csv", "--out", "plan.json", *arguments)

    return save


def apply_file(run: Run, path: str, *arguments: str) -> Finished:
    return run("apply", path, *SANDBOX, "--yes", "--format", "json", *arguments)


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a plan file and make the digest inside right again."""
    body = json.loads(path.read_text())
    change(body)
    rest = {key: value for key, value in body.items() if key != "digest"}
    path.write_text(json.dumps({**rest, "digest": digest_of(rest)}))


def next_command(done: Finished) -> str:
    (line,) = [line for line in done.err.splitlines() if line.startswith("Next: asr-netmap apply")]
    return line.removeprefix("Next: asr-netmap ")


SQL = {"sql1": {"address": "10.20.1.50"}, "sql2": {"address": "10.20.2.60"}}


# Tables.


def test_import_with_out_saves_without_a_question_and_writes_nothing(
    folder: Path, save_table: Callable[..., Finished]
) -> None:
    before = resources_of(folder)
    saved = save_table("--format", "json", **SQL)
    assert saved.code == 0, saved.err
    assert [change["title"] for change in saved.json["changes"]] == ["sql1", "sql2"]
    assert "SHA-256" in saved.err
    assert resources_of(folder) == before


def test_a_saved_table_is_applied_alone_by_the_command_that_was_named(
    here: Run, run: Run, save_table: Callable[..., Finished]
) -> None:
    saved = save_table(**SQL)
    done = run(*next_command(saved).split(), "--yes", "--format", "json")
    assert done.code == 0, done.err
    assert [o["status"] for o in done.json["outcomes"]] == ["applied"] * 2
    assert setting(here, "sql1", "address") == "10.20.1.50"
    assert setting(here, "web1", "address") == "", "the rules have no say"
    again = apply_file(run, "plan.json")
    assert again.code == 0
    assert [o["code"] for o in again.json["outcomes"]] == ["already"] * 2


def test_a_change_that_is_stale_is_left_out_and_reported_and_the_others_are_made(
    here: Run, run: Run, save_table: Callable[..., Finished]
) -> None:
    save_table(**SQL)
    assert here("nics", "set", "--vm", "sql2", "--address", "10.20.2.99", "--yes").code == 0
    strict = apply_file(run, "plan.json", "--strict")
    assert (strict.code, strict.out) == (4, "")
    assert "stale" in strict.err
    done = apply_file(run, "plan.json")
    assert done.code == 5
    assert [(o["status"], o["code"]) for o in done.json["outcomes"]] == [
        ("applied", ""),
        ("failed", "stale"),
    ]
    assert setting(here, "sql1", "address") == "10.20.1.50"
    assert setting(here, "sql2", "address") == "10.20.2.99"


def test_an_item_that_was_pending_gets_what_the_table_says_and_nothing_of_the_rules(
    here: Run, run: Run, folder: Path, save_table: Callable[..., Finished]
) -> None:
    def protection(state: str) -> Callable[[dict[str, Any]], None]:
        def change(document: dict[str, Any]) -> None:
            for resource in document["resources"]:
                if resource.get("properties", {}).get("friendlyName") == "web1":
                    resource["properties"]["protectionState"] = state

        return change

    change_estate(folder, protection("InitialReplicationInProgress"))
    saved = save_table("--format", "json", web1={"nic_name": "web1-dr"})
    assert saved.json["changes"] == []
    assert [p["title"] for p in saved.json["pending"]] == ["web1"]
    change_estate(folder, protection("Protected"))
    done = apply_file(run, "plan.json")
    assert done.code == 0, done.err
    (change,) = done.json["changes"]
    assert [s["setting"] for s in change["after"]["settings"]] == ["nic_name"]
    assert setting(here, "web1", "nic_name") == "web1-dr"
    assert setting(here, "web1", "address") == ""


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda body: body.update(expires="2020-01-01T00:00:00+00:00"), "expired"),
        (
            lambda body: body["plans"][0]["scope"].update(tenant="another-tenant"),
            "another tenant: another-tenant",
        ),
        (
            lambda body: body["plans"][0]["scope"].update(source_region="westeurope"),
            "another region pair",
        ),
    ],
)
def test_an_expired_or_foreign_table_plan_is_refused(
    run: Run,
    folder: Path,
    save_table: Callable[..., Finished],
    spoil: Callable[[dict[str, Any]], object],
    said: str,
) -> None:
    save_table(**SQL)
    before = resources_of(folder)
    rewrite(folder / "plan.json", spoil)
    done = apply_file(run, "plan.json")
    assert (done.code, done.out) == (4, "")
    assert said in done.err
    assert resources_of(folder) == before


def test_a_table_plan_is_refused_if_it_is_not_the_approved_one(
    run: Run, folder: Path, save_table: Callable[..., Finished]
) -> None:
    save_table(**SQL)
    approved = hashlib.sha256((folder / "plan.json").read_bytes()).hexdigest()
    text = (folder / "plan.json").read_text()
    (folder / "plan.json").write_text(text.replace("10.20.1.50", "10.20.1.51"))
    assert apply_file(run, "plan.json").code == 4, "the digest inside is wrong"
    rewrite(folder / "plan.json", lambda _: None)
    assert apply_file(run, "plan.json", "--expect-sha256", approved).code == 4
    (folder / "plan.json").write_text(text)
    assert apply_file(run, "plan.json", "--expect-sha256", approved).code == 0


def test_a_change_that_the_rows_of_the_file_do_not_ask_for_is_not_made(
    here: Run, run: Run, folder: Path, save_table: Callable[..., Finished]
) -> None:
    def forge(body: dict[str, Any]) -> None:
        (change, _) = body["plans"][0]["changes"]
        change["after"]["settings"][0]["value"] = "10.20.1.66"

    save_table(**SQL)
    rewrite(folder / "plan.json", forge)
    done = apply_file(run, "plan.json")
    assert done.code == 5
    assert done.json["outcomes"][0]["code"] == "stale"
    assert setting(here, "sql1", "address") == ""


def test_a_table_plan_may_be_applied_with_the_configuration_it_was_made_with(
    here: Run, folder: Path, save_table: Callable[..., Finished]
) -> None:
    save_table(**SQL)
    with (folder / "netmap.yaml").open("a") as file:
        file.write("freeze: true\n")
    assert here("apply", "plan.json", "--yes").code == 4
    text = (folder / "netmap.yaml").read_text()
    (folder / "netmap.yaml").write_text(text.replace("freeze: true\n", ""))
    assert here("apply", "plan.json", "--yes").code == 0


def test_a_single_setting_is_saved_and_applied(here: Run, run: Run, folder: Path) -> None:
    before = resources_of(folder)
    arguments = ("--vm", "sql1", "--address", "10.20.1.70", "--out", "plan.json")
    saved = here("nics", "set", *arguments)
    assert saved.code == 0, saved.err
    assert resources_of(folder) == before
    assert run(*next_command(saved).split(), "--yes").code == 0
    assert setting(here, "sql1", "address") == "10.20.1.70"


def test_what_is_no_plan_is_not_overwritten(here: Run, folder: Path) -> None:
    arguments = ("--vm", "sql1", "--address", "10.20.1.70", "--out", "netmap.yaml")
    assert here("nics", "set", *arguments).code == 1
    assert "source_region" in (folder / "netmap.yaml").read_text()


# Rules.


def test_a_plan_that_moves_items_is_made_again_with_its_option(
    run: Run, folder: Path, here: Run
) -> None:
    with (folder / "netmap.yaml").open("a") as file:
        file.write("networks: [{source: vnet-data, target: vnet-web-asr}]\n")
    assert here("plan", "--retarget-items", "--out", "plan.json").code == 0
    consent = ("--allow-retarget", "--max-changed-percent", "100")
    done = apply_file(run, "plan.json", *consent)
    assert {o["status"] for o in done.json["outcomes"]} == {"applied"}, done.err
    network = here("discover", "--format", "json").json["items"]
    (sql1,) = [item for item in network if item["vm"] == "sql1"]
    assert sql1["target_network"].endswith("/vnet-web-asr")


# Journals.


@pytest.fixture
def journal(here: Run) -> str:
    """Of a run that applied everything."""
    assert here("apply", "--yes", "--pending-ok", "--journal", "run.jsonl").code == 0
    return "run.jsonl"


def test_plan_shows_the_way_back_and_writes_nothing(here: Run, folder: Path, journal: str) -> None:
    before = resources_of(folder)
    shown = here("plan", "--undo", journal, "--format", "json")
    assert shown.code == 0, shown.err
    titles = {(c["action"], c["title"]) for c in shown.json["changes"] if c["kind"] == "mapping"}
    assert ("delete", "vnet-app -> vnet-app-asr (forward)") in titles
    assert ("delete", "vnet-app-asr -> vnet-app (reverse)") in titles
    assert f"apply --undo {journal} --config" in shown.err
    assert resources_of(folder) == before
    assert here("plan", "--undo", journal, "--detailed-exitcode").code == 3


def test_a_saved_way_back_is_applied_without_the_journal(
    here: Run, run: Run, folder: Path, journal: str
) -> None:
    saved = here("plan", "--undo", journal, "--out", "back.json")
    assert saved.code == 0, saved.err
    (folder / journal).unlink()
    done = run(*next_command(saved).split(), "--yes", "--format", "json")
    assert done.code == 0, done.err
    assert {o["status"] for o in done.json["outcomes"]} == {"applied"}
    assert "Next: asr-netmap nics list" in done.err, "by the rules all of this is drift"
    assert setting(here, "sql1", "address") == ""
    mappings = here("discover", "--format", "json").json["mappings"]
    assert [m["direction"] for m in mappings] == ["forward"]
    again = apply_file(run, "back.json")
    assert {o["code"] for o in again.json["outcomes"]} == {"already"}


def test_what_somebody_changed_after_the_way_back_was_saved_stays_and_is_reported(
    here: Run, run: Run, journal: str
) -> None:
    assert here("plan", "--undo", journal, "--out", "back.json").code == 0
    assert here("nics", "set", "--vm", "sql1", "--address", "10.20.1.99", "--yes").code == 0
    done = apply_file(run, "back.json")
    assert done.code == 5
    stale = [o for o in done.json["outcomes"] if o["status"] != "applied"]
    assert [o["code"] for o in stale] == ["stale"]
    assert setting(here, "sql1", "address") == "10.20.1.99"
    assert setting(here, "web1", "address") == ""


def test_a_saved_way_back_can_not_be_made_to_take_back_more(
    run: Run, folder: Path, here: Run, journal: str
) -> None:
    assert here("plan", "--undo", journal, "--out", "back.json").code == 0
    before = resources_of(folder)

    def forget(body: dict[str, Any]) -> None:
        body["plans"][0]["basis"]["written"] = []

    rewrite(folder / "back.json", forget)
    done = apply_file(run, "back.json")
    assert done.code == 5
    assert {o["code"] for o in done.json["outcomes"]} == {"stale"}
    assert resources_of(folder) == before


@pytest.mark.parametrize(
    "beside", [("--nics", "nics.csv"), ("--only", "vm=sql1"), ("--enforce",), ("--retarget-items",)]
)
def test_planning_the_way_back_stands_alone(here: Run, beside: tuple[str, ...]) -> None:
    done = here("plan", *beside, "--undo", "run.jsonl")
    assert (done.code, done.out) == (2, "")
    assert beside[0] in done.err


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
def test_a_journal_of_another_tenant_is_refused_naming_both(
    here: Run, folder: Path, journal: str, command: tuple[str, ...]
) -> None:
    first, rest = (folder / journal).read_text().split("\n", 1)
    header = json.loads(first)
    (plan,) = header["scope"]["plans"]
    tenant = plan["tenant"]
    plan["tenant"] = "another-tenant"
    (folder / journal).write_text(f"{json.dumps(header)}\n{rest}")
    before = resources_of(folder)
    done = here(*command, "--undo", journal)
    assert (done.code, done.out) == (4, "")
    assert "another-tenant" in done.err
    assert tenant in done.err
    assert resources_of(folder) == before


def test_an_older_journal_is_taken_with_a_warning(here: Run, folder: Path, journal: str) -> None:
    first, rest = (folder / journal).read_text().split("\n", 1)
    header = json.loads(first)
    for plan in header["scope"]["plans"]:
        del plan["tenant"]
    (folder / journal).write_text(f"{json.dumps(header)}\n{rest}")
    shown = here("plan", "--undo", journal, "--out", "back.json", "--format", "json").json
    (finding,) = [f for f in shown["findings"] if f["code"] == "journal-without-tenant"]
    assert finding["severity"] == "warning"
    assert here("apply", "--undo", journal, "--yes").code == 0
    assert setting(here, "sql1", "address") == ""


def test_the_journal_says_in_which_cloud_and_tenant_it_was_written(
    folder: Path, journal: str
) -> None:
    (plan,) = json.loads((folder / journal).read_text().split("\n", 1)[0])["scope"]["plans"]
    assert set(plan) == {"cloud", "tenant", "vault", "source_region", "target_region"}
    assert all(plan.values())


def test_what_a_plan_of_a_pair_suggests_can_be_run_as_it_stands(run: Run) -> None:
    vault = (*VAULT_OPTIONS, *REGION_OPTIONS, *SANDBOX)
    done = run("map", "--source-vnet", "vnet-data", "--yes", *vault)
    assert done.code == 0, done.err
    (command,) = [line.partition("run: ")[2] for line in done.out.splitlines() if "run: a" in line]
    assert command.startswith("asr-netmap apply --only vm=rg-data/sql2 --enforce")
    again = run("map", "--source-vnet", "vnet-data", "--yes", "--format", "json", *vault)
    assert command in [finding.get("command") for finding in again.json["findings"]]
    assert command.endswith("--sandbox estate.json")
    assert run(*shlex.split(command)[1:], "--yes").code == 0
