"""Every command end to end on an estate file: what comes out, what is kept, the exit code."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shlex
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import (
    REGION_OPTIONS,
    VAULT_OPTIONS,
    Run,
    add_condition,
    change_estate,
    resources_of,
)

BY_OPTIONS = ("--sandbox", "estate.json", *VAULT_OPTIONS, *REGION_OPTIONS)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_plan_shows_reasons_and_writes_nothing(here: Run, folder: Path) -> None:
    before = resources_of(folder)
    shown = here("plan")
    assert shown.code == 0
    assert resources_of(folder) == before
    for text in (
        "SANDBOX",
        "vnet-app -> vnet-app-asr (forward)",
        "(not set) -> 10.1.1.10",
        "10.3.1.10 is taken by NIC probe1-nic",
        "new1",
        "set-by-hand",
        "fix:",
        "13 changes",
    ):
        assert text in shown.out
    assert "Next: asr-netmap apply --config netmap.yaml --workers 2 --sandbox" in shown.err


def test_plan_json_has_the_promised_shape_and_nothing_else_on_standard_output(here: Run) -> None:
    document = here("plan", "--format", "json").json
    assert document["schema"] == "asr-netmap/plan/1"
    assert document["sandbox"] is True
    assert len(document["fingerprint"]) == 64
    assert len(document["changes"]) == 13
    keys = {"id", "kind", "action", "subject", "before", "after", "reason"}
    assert all(keys <= set(change) for change in document["changes"])
    assert all({"subject", "reason"} <= set(each) for each in document["pending"])
    finding = {"code", "severity", "subject", "message", "fix"}
    assert document["findings"]
    assert all(finding <= set(each) for each in document["findings"])
    assert document["not_looked_at"] == []


def test_the_same_plan_has_the_same_fingerprint(here: Run) -> None:
    first, second = (here("plan", "--format", "json").json for _ in range(2))
    assert first == second


def test_plan_as_csv_has_a_row_per_value_and_as_markdown_a_heading(here: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(here("plan", "--format", "csv").out)))
    assert {"10.1.1.10", "10.20.1.10"} <= {row["after"] for row in rows}
    assert all(row["reason"] for row in rows)
    shown = here("plan", "--format", "markdown")
    assert "### vault vault-dr" in shown.out
    assert "SANDBOX" in shown.out.splitlines()[0]


def test_detailed_exitcode_tells_changes_from_none(here: Run) -> None:
    assert here("plan", "--detailed-exitcode").code == 3
    assert here("apply", "--yes", "--pending-ok").code == 0
    assert here("plan", "--detailed-exitcode").code == 0


def test_only_narrows_the_plan(here: Run) -> None:
    document = here("plan", "--format", "json", "--only", "vm=web1").json
    nics = [c["title"] for c in document["changes"] if c["kind"] == "nic-settings"]
    assert nics == ["web1"]


def test_apply_applies_reads_back_and_leaves_only_what_is_pending(here: Run) -> None:
    done = here("apply", "--yes")
    assert done.code == 5  # one item is not ready yet
    assert "13 applied, 1 pending." in done.err
    assert "13/13" in done.err
    again = here("apply", "--yes", "--pending-ok")
    assert again.code == 0
    assert "No changes; 1 item pending." in again.out
    assert "Next: asr-netmap verify" in again.err


def test_apply_json_has_outcomes_and_the_plan_goes_to_standard_error(here: Run) -> None:
    done = here("apply", "--yes", "--format", "json")
    document = done.json
    assert document["schema"] == "asr-netmap/apply/1"
    assert document["sandbox"] is True
    assert [o["status"] for o in document["outcomes"]] == ["applied"] * 13
    assert {o["id"] for o in document["outcomes"]} == {c["id"] for c in document["changes"]}
    assert "vnet-app -> vnet-app-asr (forward)" in done.err


def test_apply_as_csv_and_markdown(here: Run) -> None:
    done = here("apply", "--yes", "--format", "csv", "--only", "network=vnet-data")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert rows
    assert {row["status"] for row in rows} == {"applied"}
    assert "# vault vault-dr" in here("apply", "--yes", "--format", "markdown").out


def test_apply_without_a_terminal_needs_yes(here: Run, folder: Path) -> None:
    before = resources_of(folder)
    refused = here("apply", answer="y\n")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert refused.out == ""
    assert resources_of(folder) == before


def test_a_quiet_apply_says_only_what_became_of_it(here: Run) -> None:
    done = here("apply", "--yes", "--quiet", "--format", "json")
    assert done.err == ""
    assert len(done.json["outcomes"]) == 13


def test_a_plan_file_is_private_bound_to_its_digest_and_applied(here: Run, folder: Path) -> None:
    saved = here("plan", "--out", "plan.json")
    assert saved.code == 0
    path = folder / "plan.json"
    assert mode_of(path) == 0o600
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest in saved.err
    assert here("apply", "plan.json", "--yes", "--expect-sha256", "0" * 64).code == 4
    done = here("apply", "plan.json", "--expect-sha256", digest, "--yes")
    assert done.code == 5
    assert "13 applied, 1 pending." in done.err


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda text: text.replace("10.1.1.10", "10.1.1.66"), 4),
        (lambda text: "{}", 1),
        (lambda text: "not json", 1),
    ],
)
def test_an_altered_plan_file_is_refused_and_nothing_is_written(
    run: Run, here: Run, folder: Path, break_it: Any, code: int
) -> None:
    here("plan", "--out", "plan.json")
    path = folder / "plan.json"
    path.write_text(break_it(path.read_text()))
    before = resources_of(folder)
    refused = run("apply", "plan.json", "--sandbox", "estate.json", "--yes")
    assert refused.code == code
    assert refused.out == ""
    assert resources_of(folder) == before


def test_a_plan_file_for_another_vault_or_configuration_is_refused(
    run: Run, here: Run, folder: Path
) -> None:
    here("plan", "--out", "plan.json")
    arguments = ("apply", "plan.json", "--sandbox", "estate.json", "--yes")
    assert run(*arguments, "--vault-name", "other").code == 4
    assert run(*arguments, "--target-region", "westeurope").code == 4
    text = (folder / "netmap.yaml").read_text()
    (folder / "other.yaml").write_text(text + "nics: {address: dynamic}\n")
    assert run(*arguments, "--config", "other.yaml").code == 4


def test_what_a_plan_file_decides_can_not_be_given_beside_it(run: Run, here: Run) -> None:
    here("plan", "--out", "plan.json")
    refused = run("apply", "plan.json", "--sandbox", "estate.json", "--yes", "--only", "vm=app1")
    assert refused.code == 2
    assert "--only" in refused.err


def test_a_stale_plan_file_applies_the_rest_and_strict_refuses_it_all(
    run: Run, here: Run, folder: Path
) -> None:
    here("plan", "--out", "plan.json")
    here("apply", "--yes", "--only", "network=vnet-web")

    def disturb(document: dict[str, Any]) -> None:
        (web1,) = [
            r
            for r in document["resources"]
            if r.get("properties", {}).get("friendlyName") == "web1"
        ]
        config = web1["properties"]["providerSpecificDetails"]["vmNics"][0]["ipConfigs"][0]
        config["recoveryStaticIPAddress"] = "10.3.1.99"

    change_estate(folder, disturb)
    before = resources_of(folder)
    arguments = ("apply", "plan.json", "--sandbox", "estate.json", "--yes", "--format", "json")
    strict = run(*arguments, "--strict")
    assert strict.code == 4
    assert resources_of(folder) == before
    done = run(*arguments)
    assert done.code == 5
    by_status = {o["status"]: o for o in done.json["outcomes"]}
    assert by_status["failed"]["code"] == "stale"
    assert "applied" in by_status


def test_a_refused_plan_is_shown_and_not_asked_about(here: Run, folder: Path) -> None:
    (folder / "netmap.yaml").write_text((folder / "netmap.yaml").read_text() + "freeze: true\n")
    before = resources_of(folder)
    refused = here("apply", "--yes")
    assert refused.code == 4
    assert "freeze" in refused.err.lower()
    assert resources_of(folder) == before


def test_more_changes_than_allowed_are_refused(here: Run, folder: Path) -> None:
    before = resources_of(folder)
    refused = here("apply", "--yes", "--max-changes", "2")
    assert refused.code == 4
    assert "--max-changes" in refused.err
    assert resources_of(folder) == before


def test_a_change_that_fails_is_reported_and_the_exit_code_is_5(here: Run, folder: Path) -> None:
    path = "*/replicationProtectedItems/*"
    failing = {"kind": "operation-fails", "path": path, "code": "150001", "message": "no luck"}
    add_condition(folder, failing)
    done = here("apply", "--yes", "--format", "json")
    assert done.code == 5
    statuses = {o["status"] for o in done.json["outcomes"]}
    assert "failed" in statuses
    assert "no luck" in done.out
    assert "Next: asr-netmap apply" in done.err


def test_without_a_terminal_the_first_failure_stops_the_rest(here: Run, folder: Path) -> None:
    path = "*/replicationNetworkMappings/*"
    failing = {"kind": "operation-fails", "path": path, "code": "150001", "message": "no luck"}
    add_condition(folder, failing)
    codes = [o["code"] for o in here("apply", "--yes", "--format", "json").json["outcomes"]]
    assert "max-failures" in codes
    assert "max-failures" not in [
        o["code"]
        for o in here("apply", "--yes", "--format", "json", "--max-failures", "99").json["outcomes"]
    ]


def test_a_journal_is_kept_where_it_was_asked_for(here: Run, folder: Path) -> None:
    here("apply", "--yes", "--journal", "run.jsonl")
    lines = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()]
    assert lines[0]["schema"] == "asr-netmap/journal/1"
    assert {"intent", "outcome", "end"} <= {line.get("event") for line in lines[1:]}
    assert mode_of(folder / "run.jsonl") == 0o600
    intents = [line for line in lines if line.get("event") == "intent"]
    assert all(line["after"] for line in intents)


def test_verify_fails_on_findings_and_says_how_to_fix_them(here: Run) -> None:
    found = here("verify")
    assert found.code == 3
    assert "mapping-one-way" in found.out
    assert "run: asr-netmap apply --config netmap.yaml" in found.out
    assert here("verify", "--fail-on", "never").code == 0


def test_verify_after_apply_fails_only_on_what_people_have_to_decide(here: Run) -> None:
    here("apply", "--yes")
    assert here("verify", "--fail-on", "error").code == 0
    document = here("verify", "--format", "json").json
    assert document["schema"] == "asr-netmap/verify/1"
    assert {f["code"] for f in document["findings"]} == {
        "default-uncertain",
        "dns-zone-not-linked",
        "no-egress",
        "nsg-wrong-region",
        "secondary-not-selected",
        "set-by-hand",
        "subnet-lacks",
    }
    assert [p["title"] for p in document["pending"]] == ["new1"]


def test_verify_as_csv_and_markdown_to_a_private_file(here: Run, folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(here("verify", "--format", "csv").out)))
    assert rows[0]["severity"] == "error"
    written = here("verify", "--format", "markdown", "--out", "drift.md")
    assert written.code == 3
    assert written.out == ""
    assert "mapping-one-way" in (folder / "drift.md").read_text()
    assert mode_of(folder / "drift.md") == 0o600


def test_what_could_not_be_read_is_said_and_no_verification_is_green(
    here: Run, folder: Path
) -> None:
    here("apply", "--yes")
    add_condition(
        folder,
        {
            "kind": "forbidden",
            "path": "*/providers/Microsoft.Network/virtualNetworks",
            "action": "Microsoft.Network/virtualNetworks/read",
            "scope": "/subscriptions/x",
        },
    )
    found = here("verify", "--fail-on", "never")
    assert found.code == 5
    assert "Not looked at" in found.out
    assert "Microsoft.Network/virtualNetworks/read" in found.out
    assert here("plan", "--format", "json").json["not_looked_at"]


def test_discover_shows_networks_mappings_fabrics_and_items(here: Run) -> None:
    shown = here("discover")
    assert shown.code == 0
    for text in ("vnet-app", "one way only", "asr-a2a-default-eastasia", "new1", "Paired"):
        assert text in shown.out
    document = here("discover", "--format", "json").json
    assert document["schema"] == "asr-netmap/discover/1"
    assert {n["name"] for n in document["networks"]} >= {"vnet-app", "vnet-data-dr"}
    assert len(document["fabrics"]) == 2
    (mapping,) = document["mappings"]
    assert set(mapping) == {"id", "direction", "source", "target", "state"}
    assert mapping["direction"] == "forward"
    assert len(document["items"]) == 8


def test_discover_without_a_vault_lists_networks(run: Run) -> None:
    shown = run("discover", "--sandbox", "demo")
    assert shown.code == 0
    assert "vnet-mgmt" in shown.out
    assert "Replicated items" not in shown.out
    rows = list(
        csv.DictReader(
            io.StringIO(
                run("discover", "--sandbox", "demo", *REGION_OPTIONS, "--format", "csv").out
            )
        )
    )
    assert {"vnet-app", "vnet-data-dr"} <= {row["network"] for row in rows}


def test_discover_shows_only_what_was_picked(here: Run) -> None:
    document = here("discover", "--format", "json", "--only", "network=vnet-data").json
    assert {n["name"] for n in document["networks"]} == {"vnet-data", "vnet-data-dr"}
    assert {i["vm"] for i in document["items"]} == {"sql1", "sql2"}


def test_nics_list_has_a_row_per_ip_config_and_one_for_what_is_not_ready(here: Run) -> None:
    shown = here("nics", "list")
    assert shown.code == 0
    assert "10.20.2.77" in shown.out
    assert "InitialReplicationInProgress" in shown.out
    rows = list(csv.DictReader(io.StringIO(here("nics", "list", "--format", "csv").out)))
    assert len(rows) == 10
    by_key = {(row["vm"], row["nic"], row["ip_config"]): row for row in rows}
    assert by_key["app1", "app1-nic", "ipconfig2"]["source_address"] == "10.1.1.11"
    assert by_key["new1", "", ""]["state"] != "ready"
    document = here("nics", "list", "--format", "json", "--only", "vm=sql2").json
    assert document["schema"] == "asr-netmap/nics/1"
    (nic,) = document["nics"]
    assert (nic["vm"], nic["address"], nic["subnet"]) == ("sql2", "10.20.2.77", "zeta")
    assert list(nic)[:3] == ["vm_id", "nic", "ip_config"]


def test_map_maps_one_pair_both_ways_and_sets_its_items(run: Run) -> None:
    done = run("map", "--source-vnet", "vnet-web", *BY_OPTIONS, "--yes", "--format", "json")
    assert done.code == 0, done.err
    kinds = [(c["kind"], c["title"]) for c in done.json["changes"]]
    assert ("mapping", "vnet-web -> vnet-web-asr (forward)") in kinds
    assert ("mapping", "vnet-web-asr -> vnet-web (reverse)") in kinds
    assert {t for k, t in kinds if k == "nic-settings"} == {"web1", "web2"}
    assert {o["status"] for o in done.json["outcomes"]} == {"applied"}
    again = run("map", "--source-vnet", "vnet-web", *BY_OPTIONS, "--yes")
    assert again.code == 0
    assert "Nothing to change" in again.out


def test_map_to_another_target_needs_consent(run: Run, folder: Path) -> None:
    before = resources_of(folder)
    arguments = ("map", "--source-vnet", "vnet-data", "--target-vnet", "vnet-web-asr", *BY_OPTIONS)
    refused = run(*arguments, "--yes")
    assert refused.code == 4
    assert "--allow-retarget" in refused.err
    assert resources_of(folder) == before


def test_map_of_an_unknown_network_says_which_there_are(run: Run) -> None:
    refused = run("map", "--source-vnet", "vnet-ap", *BY_OPTIONS, "--yes")
    assert refused.code == 1
    assert "vnet-app" in refused.err


def test_unmap_removes_both_directions_and_leaves_the_rest(run: Run, here: Run) -> None:
    here("apply", "--yes")
    done = run("unmap", "--source-vnet", "vnet-web", *BY_OPTIONS, "--yes", "--format", "json")
    assert done.code == 0, done.err
    assert [c["action"] for c in done.json["changes"]] == ["delete", "delete"]
    left = here("discover", "--format", "json").json["mappings"]
    assert not [m for m in left if m["source"].endswith(("vnet-web", "vnet-web-asr"))]
    assert len(left) == 4


def test_unmap_without_a_terminal_needs_yes(run: Run) -> None:
    assert run("unmap", "--source-vnet", "vnet-data", *BY_OPTIONS).code == 2


def test_init_writes_a_configuration_whose_plan_is_what_is_missing(run: Run, folder: Path) -> None:
    written = run("init", *BY_OPTIONS, "--out", "first.yaml")
    assert written.code == 0
    assert "vnet-data-dr" in (folder / "first.yaml").read_text()
    plan = run("plan", "--config", "first.yaml", "--sandbox", "estate.json", "--format", "json")
    assert len(plan.json["changes"]) == 13
    run("apply", "--config", "first.yaml", "--sandbox", "estate.json", "--yes")
    plan = run("plan", "--config", "first.yaml", "--sandbox", "estate.json", "--format", "json")
    assert plan.json["changes"] == []


def test_init_overwrites_only_with_force(run: Run, folder: Path) -> None:
    before = (folder / "netmap.yaml").read_text()
    refused = run("init", *BY_OPTIONS)
    assert refused.code == 1
    assert (folder / "netmap.yaml").read_text() == before
    assert run("init", *BY_OPTIONS, "--force").code == 0
    assert (folder / "netmap.yaml").read_text() != before


def test_init_prints_the_schema_of_the_file_without_anything_else(run: Run) -> None:
    assert run("init", "--schema").json["title"] == "netmap.yaml"


def test_a_snapshot_is_an_estate_to_rehearse_on(run: Run, here: Run, folder: Path) -> None:
    taken = here("snapshot", "--out", "copy.json")
    assert taken.code == 0
    assert mode_of(folder / "copy.json") == 0o600
    original = here("plan", "--format", "json").json
    rehearsed = run(
        "plan", "--config", "netmap.yaml", "--sandbox", "copy.json", "--format", "json"
    ).json
    assert [c["id"] for c in rehearsed["changes"]] == [c["id"] for c in original["changes"]]
    assert here("snapshot").json["schema"] == "asr-netmap/estate/1"


def test_sandbox_new_makes_an_estate_once(run: Run, folder: Path) -> None:
    made = run("sandbox", "new", "new.json")
    assert made.code == 0
    assert json.loads((folder / "new.json").read_text())["resources"]
    before = (folder / "new.json").read_text()
    assert run("sandbox", "new", "new.json").code == 1
    assert (folder / "new.json").read_text() == before
    assert run("sandbox", "new", "empty.json", "--empty").code == 0
    assert json.loads((folder / "empty.json").read_text())["resources"] == []
    assert run("sandbox", "new", "nowhere/new.json").code == 1


def test_a_missing_or_foreign_estate_file_is_an_error(run: Run, folder: Path) -> None:
    missing = run("discover", "--sandbox", "nothing.json")
    assert missing.code == 1
    assert "sandbox new" in missing.err
    (folder / "foreign.json").write_text("[]")
    assert run("discover", "--sandbox", "foreign.json").code == 1
    assert run("sandbox", "serve", "--estate", "nothing.json").code == 1
    assert run("sandbox", "serve", "--estate", "foreign.json").code == 1


def test_the_built_in_estate_is_kept_nowhere(run: Run) -> None:
    arguments = ("--sandbox", "demo", *VAULT_OPTIONS, *REGION_OPTIONS)
    assert run("apply", *arguments, "--yes", "--pending-ok").code == 0
    assert run("plan", *arguments, "--detailed-exitcode").code == 3


def test_demo_tells_its_story_and_ends_with_an_empty_plan(run: Run) -> None:
    told = run("demo")
    assert told.code == 0
    for text in (
        "SANDBOX",
        *(f"Act {n}" for n in range(1, 6)),
        "13 applied",
        "No changes; 1 item pending.",
        "asr-netmap sandbox new",
    ):
        assert text in told.out


SEVERAL = """\
version: 1
defaults:
  source_region: eastasia
  target_region: southeastasia
vaults:
  - vault:
      subscription: 11111111-2222-3333-4444-555555555555
      resource_group: rg-vault
      name: vault-dr
  - vault:
      subscription: 11111111-2222-3333-4444-555555555555
      resource_group: rg-vault
      name: gone
"""


def test_of_several_vaults_one_that_fails_keeps_no_other_from_being_looked_at(
    run: Run, folder: Path
) -> None:
    (folder / "several.yaml").write_text(SEVERAL)
    arguments = ("--config", "several.yaml", "--sandbox", "estate.json")
    plan = run("plan", *arguments, "--format", "json")
    assert plan.code == 1
    assert "gone" in plan.err
    assert len(plan.json["changes"]) == 13
    assert "gone" in plan.json["not_looked_at"][0]["what"]
    done = run("apply", *arguments, "--yes", "--pending-ok")
    assert done.code == 5
    assert "13 applied" in done.err


def test_two_configurations_make_one_summary(run: Run, folder: Path) -> None:
    text = (folder / "netmap.yaml").read_text()
    (folder / "back.yaml").write_text(
        text.replace("source_region: eastasia", "source_region: westeurope").replace(
            "target_region: southeastasia", "target_region: northeurope"
        )
    )
    arguments = ("--config", "netmap.yaml", "--config", "back.yaml", "--sandbox", "estate.json")
    document = run("plan", *arguments, "--format", "json").json
    assert [s["source_region"] for s in document["scopes"]] == ["eastasia", "westeurope"]
    assert len(document["changes"]) == 13
    table = run("plan", *arguments).out
    assert "westeurope -> northeurope" in table


@pytest.mark.parametrize("command", ["plan", "verify"])
def test_only_that_takes_nothing_is_an_error_with_names_that_are_near(
    here: Run, command: str
) -> None:
    found = here(command, "--only", "vm=app11")
    assert found.code == 1
    assert "Near: app1" in found.err


def test_the_next_command_after_a_plan_file_runs_as_it_stands(here: Run, run: Run) -> None:
    here("plan", "--out", "plan.json")
    done = run("apply", "plan.json", "--sandbox", "estate.json", "--yes", "--pending-ok")
    assert done.code == 0
    (following,) = [line for line in done.err.splitlines() if line.startswith("Next: ")]
    program, *arguments = shlex.split(following.removeprefix("Next: "))
    assert (program, arguments[0]) == ("asr-netmap", "verify")
    assert run(*arguments, "--fail-on", "error").code == 0
