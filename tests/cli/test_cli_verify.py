"""``verify``: readiness, what stands around the networks, drills, and every format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asr_netmap import api
from tests.cli.conftest import Run, change_estate
from tests.report.junit_schema import faults

AROUND = {"dns-zone-not-linked", "no-egress", "nsg-wrong-region"}


def readiness(document: Any) -> dict[str, Any]:
    return {each["vm"]: each for each in document["readiness"]}


def test_the_demo_shows_what_stands_around_its_networks(here: Run) -> None:
    done = here("verify", "--format", "json")
    assert done.code == 3
    assert {f["code"] for f in done.json["findings"]} >= AROUND


def test_readiness_is_told_for_every_item(here: Run) -> None:
    found = readiness(here("verify", "--format", "json").json)
    assert {vm: each["ready"] for vm, each in found.items()} == {
        **dict.fromkeys(("app1", "app2", "app3", "new1", "sql1", "web1", "web2"), False),
        "sql2": True,
    }
    assert [each["code"] for each in found["new1"]["missing"]] == ["item-state"]
    assert [each["code"] for each in found["sql1"]["missing"]] == ["nic-settings-missing"]
    assert found["sql2"]["missing"] == []
    assert all(each["item"].lower().endswith(f"/{vm}") for vm, each in found.items())


def test_after_an_apply_all_are_ready_but_the_one_that_is_not_protected(here: Run) -> None:
    assert here("apply", "--yes", "--pending-ok").code == 0
    done = here("verify", "--format", "json", "--fail-on", "error")
    assert done.code == 0
    unready = [vm for vm, each in readiness(done.json).items() if each["ready"] is not True]
    assert unready == ["new1"]


def test_a_table_says_what_is_missing_by_code(here: Run) -> None:
    done = here("verify")
    assert "Can it fail over to the right place?" in done.out
    assert "1 of 8 items can fail over to the right place now" in done.out


def test_the_same_fix_is_said_once_with_a_command_that_runs_as_it_stands(here: Run) -> None:
    told = here("verify").out
    assert told.count("fix: the same for these 4: ") == 1
    assert told.count("[mapping-missing]") == 4
    command = "asr-netmap apply --config netmap.yaml --workers 2 --sandbox estate.json"
    assert told.count(f"run: {command}\n") == 4
    by_json = here("verify", "--format", "json").json
    assert {f["command"] for f in by_json["findings"] if f["code"] == "mapping-missing"} == {
        command
    }
    missing = [m for each in by_json["readiness"] for m in each["missing"]]
    assert {m["command"] for m in missing if m["code"] == "nic-settings-missing"} == {command}


def test_what_may_not_be_read_is_said_and_leaves_readiness_unknown(here: Run, folder: Path) -> None:
    def forbid(document: dict[str, Any]) -> None:
        document["conditions"] = [
            {"kind": "forbidden", "path": "*/networkInterfaces"},
            {"kind": "forbidden", "path": "*/privateDnsZones"},
            {"kind": "forbidden", "path": "*/usages"},
        ]

    change_estate(folder, forbid)
    done = here("verify", "--format", "json", "--fail-on", "never")
    assert done.code == 5
    gaps = {gap["what"].partition(" of ")[0] for gap in done.json["not_looked_at"]}
    assert gaps == {"NICs", "private DNS zones", "usage"}
    assert readiness(done.json)["sql2"]["ready"] == "unknown"
    assert readiness(done.json)["sql2"]["unseen"]


# -- JUnit ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fail_on", "code"), [("never", 0), ("error", 3), ("warning", 3)])
def test_junit_fits_its_grammar_and_fails_as_the_exit_code_does(
    here: Run, fail_on: str, code: int
) -> None:
    done = here("verify", "--format", "junit", "--fail-on", fail_on)
    assert done.code == code
    assert faults(done.out) == []
    assert ("<failure" in done.out) is (code == 3)
    assert 'name="sandbox" value="true"' in done.out


def test_junit_goes_into_a_file(here: Run, folder: Path) -> None:
    done = here("verify", "--format", "junit", "--out", "verify.xml")
    assert done.out == ""
    assert faults((folder / "verify.xml").read_text(encoding="utf-8")) == []


def test_only_verify_speaks_junit(here: Run) -> None:
    assert here("plan", "--format", "junit").code == 2


# -- drills ---------------------------------------------------------------------------------------


def drilled(folder: Path, address: str) -> None:
    """sql2 is in a test failover, with a test VM that has that address."""

    def change(document: dict[str, Any]) -> None:
        rows = document["resources"]
        by_end = {str(row["id"]).lower().rpartition("/")[2]: row for row in rows}
        item = next(
            row for row in rows if str(row["id"]).endswith("/replicationProtectedItems/sql2")
        )
        network = (
            next(row["id"] for row in rows if str(row["id"]).endswith("/virtualNetworks/vnet-mgmt"))
            .replace("vnet-mgmt", "vnet-drill")
            .replace("rg-mgmt", "rg-dr")
        )
        source = by_end["sql2-nic"]
        properties = item["properties"]
        properties["testFailoverState"] = "WaitingForCompletion"
        properties["lastSuccessfulTestFailoverTime"] = "2026-03-02T06:30:00.0000000Z"
        details = properties["providerSpecificDetails"]
        details["selectedTfoAzureNetworkId"] = network
        config = details["vmNics"][0]["ipConfigs"][0]
        config.update({"tfoSubnetName": "sql", "tfoStaticIPAddress": "10.2.1.50"})
        vm = source["properties"]["virtualMachine"]["id"].replace("sql2", "sql2-test")
        vm = vm.replace("/rg-data/", "/rg-data-dr/")
        test = {
            **source,
            "id": source["id"].replace("/rg-data/", "/rg-data-dr/") + "-test",
            "name": "sql2-nic-test",
            "location": "southeastasia",
            "properties": {
                **source["properties"],
                "virtualMachine": {"id": vm},
                "ipConfigurations": [
                    {
                        "name": "ipconfig1",
                        "properties": {
                            "privateIPAddress": address,
                            "privateIPAllocationMethod": "Static",
                            "subnet": {"id": f"{network}/subnets/sql"},
                            "primary": True,
                        },
                    }
                ],
            },
        }
        template = by_end["vnet-mgmt"]
        there = {
            **template,
            "id": network,
            "name": "vnet-drill",
            "location": "southeastasia",
            "properties": {
                **template["properties"],
                "addressSpace": {"addressPrefixes": ["10.2.0.0/16"]},
                "subnets": [
                    {
                        "name": "sql",
                        "id": f"{network}/subnets/sql",
                        "properties": {"addressPrefix": "10.2.1.0/24"},
                    }
                ],
            },
        }
        rows += [test, there]

    change_estate(folder, change)


def test_a_drill_that_went_as_predicted_passes(here: Run, folder: Path) -> None:
    drilled(folder, "10.2.1.50")
    done = here("verify", "--drill", "--fail-on", "never", "--format", "json")
    assert done.code == 0, done.err
    (check,) = done.json["drill"]
    assert (check["vm"], check["passed"], check["problem"]) == ("sql2", True, "")
    assert check["expected"]["address"] == check["found"]["address"] == "10.2.1.50"
    assert "drill-not-cleaned-up" in {f["code"] for f in done.json["findings"]}
    message = next(
        f["message"] for f in done.json["findings"] if f["code"] == "drill-not-cleaned-up"
    )
    assert "the last test failover was on 2026-03-02 06:30 UTC" in message


def test_a_drill_that_went_elsewhere_fails_whatever_the_findings_do(
    here: Run, folder: Path
) -> None:
    drilled(folder, "10.2.1.51")
    done = here("verify", "--drill", "--fail-on", "never")
    assert done.code == 3
    assert "fail" in done.out
    assert "the address is 10.2.1.51, and 10.2.1.50 was expected" in done.out
    for form in ("json", "markdown", "csv", "junit"):
        other = here("verify", "--drill", "--fail-on", "never", "--format", form)
        assert other.code == 3
        assert "10.2.1.51" in other.out, form
    assert faults(other.out) == []
    assert other.out.count("<failure") == 1


def test_without_the_option_no_drill_is_looked_at(here: Run, folder: Path) -> None:
    drilled(folder, "10.2.1.51")
    assert here("verify", "--format", "json", "--fail-on", "never").json["drill"] == []


def test_without_a_test_failover_there_is_nothing_to_compare(here: Run) -> None:
    done = here("verify", "--drill", "--fail-on", "never")
    assert done.code == 0
    assert "No item is in a test failover" in done.err


# -- copies ---------------------------------------------------------------------------------------


def test_a_snapshot_holds_what_verify_looks_at(here: Run, run: Run) -> None:
    assert here("snapshot", "--out", "copy.json").code == 0
    arguments = ("verify", "--config", "netmap.yaml", "--format", "json", "--sandbox")
    original, copied = (run(*arguments, name).out for name in ("estate.json", "copy.json"))
    assert {f["code"] for f in json.loads(copied)["findings"]} >= AROUND
    assert copied.replace("--sandbox copy.json", "--sandbox estate.json") == original


def test_only_a_verification_asks_for_what_stands_around() -> None:
    settings = api.settings_for_vault(
        "11111111-2222-3333-4444-555555555555/rg-vault/vault-dr", "eastasia", "southeastasia"
    )
    with api.open_sandbox("demo") as azure:
        inventory = api.read(azure, settings)
        before = azure.requests_sent
        api.plan(azure, settings, inventory=inventory)
        planned = azure.requests_sent - before
        api.verify(azure, settings, inventory=inventory)
        # Locks and zones of the one subscription, the links of the one zone, and the usage of
        # the two networks that its VMs go into.
        assert azure.requests_sent - before - planned == planned + 5
        around = api.read_surroundings(azure, inventory)
    networks = {each.subnet.parent.name for each in around.usages}
    assert networks == {"vnet-data-dr", "vnet-web-asr"}, "without a word those of all items"
