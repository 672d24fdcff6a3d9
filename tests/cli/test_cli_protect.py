"""``protect``: from a machine that is not replicated to its NIC settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import Forbidden, Throttled, Unreachable
from asr_netmap.gateway import reading
from asr_netmap.gateway.connection import Connection
from asr_netmap.models import ReplicatedItem
from tests.cli.conftest import (
    REGION_OPTIONS,
    VAULT_OPTIONS,
    Run,
    add_condition,
    change_estate,
    resources_of,
)

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
ON_ESTATE = (
    *("--sandbox", "estate.json", "--subscription", SUBSCRIPTION, "--workers", "1"),
    *VAULT_OPTIONS,
    *REGION_OPTIONS,
)
CACHE = ("--cache-storage", "asrcachedemo")
AS_JSON = ("--format", "json")
# A rule that gives sql3, which gets an address by itself, another one.
RULES = """\
nics:
  settings:
    - {vm: sql3, subnet: zeta, address: 10.20.2.50}
protect:
  vms: [sql3]
  cache_storage: asrcachedemo
"""


def items_of(folder: Path, vm: str) -> list[Any]:
    """The replicated items of a machine."""
    return [
        row
        for row in resources_of(folder)
        if "/replicationprotecteditems/" in row["id"].lower()
        and row["properties"]["friendlyName"] == vm
    ]


def config_of(folder: Path, vm: str) -> Any:
    """The first IP config of a machine's item."""
    (item,) = items_of(folder, vm)
    return item["properties"]["providerSpecificDetails"]["vmNics"][0]["ipConfigs"][0]


def at_the_pace_of_this_test(folder: Path, seconds: int) -> None:
    """How long the first replication takes from now on."""
    add_condition(folder, {"kind": "first-replication", "seconds": seconds})


def finish_first_replication(folder: Path) -> None:
    """Let the first replication end now: what is left of it was due in the past."""

    def hurry(document: dict[str, Any]) -> None:
        for operation in document["operations"]:
            if operation["kind"] == "replication-stage":
                operation["ends"] = "2026-01-01T00:00:00.000000+00:00"

    change_estate(folder, hurry)


def kinds(document: Any) -> list[str]:
    return [change["kind"] for change in document["changes"]]


def test_three_runs_lead_from_an_unprotected_machine_to_its_nic_settings(
    run: Run, folder: Path
) -> None:
    with (folder / "netmap.yaml").open("a") as file:
        file.write(RULES)
    at_the_pace_of_this_test(folder, 86_400)
    options = ("--sandbox", "estate.json", "--config", "netmap.yaml", "--yes", *AS_JSON)
    only = ("--only", "vm=sql3")

    first = run("apply", *options, *only)
    assert first.code == 5, "enabled, and the NIC settings are pending"
    assert [o["status"] for o in first.json["outcomes"]] == ["applied"] * 3
    assert kinds(first.json) == ["mapping", "resource-group", "replication"]
    assert [each["title"] for each in first.json["pending"]] == ["sql3"]
    (item,) = items_of(folder, "sql3")
    assert item["properties"]["protectionState"] == "InitialReplicationInProgress"

    second = run("apply", *options, *only)
    assert second.code == 5
    assert (second.json["changes"], len(second.json["pending"])) == ([], 1)
    assert "InitialReplicationInProgress" in second.json["pending"][0]["reason"]

    finish_first_replication(folder)
    third = run("apply", *options, *only)
    assert (third.code, third.json["pending"]) == (0, [])
    assert kinds(third.json) == ["nic-settings"]
    config = config_of(folder, "sql3")
    assert (config["recoverySubnetName"], config["recoveryStaticIPAddress"]) == (
        "zeta",
        "10.20.2.50",
    )
    assert run("apply", *options, *only).json["changes"] == [], "and then there is nothing to do"


def test_one_run_that_waits_does_the_same(run: Run, folder: Path) -> None:
    with (folder / "netmap.yaml").open("a") as file:
        file.write(RULES)
    options = ("--sandbox", "estate.json", "--config", "netmap.yaml")
    done = run("protect", *options, "--yes", "--wait", *AS_JSON)
    assert done.code == 0, done.err
    assert kinds(done.json) == ["mapping", "resource-group", "replication", "nic-settings"]
    assert {o["status"] for o in done.json["outcomes"]} == {"applied"}
    assert done.json["pending"] == []
    assert config_of(folder, "sql3")["recoveryStaticIPAddress"] == "10.20.2.50"
    assert "Waiting for the first replication of 1 VM(s)." in done.err


TWO_VAULTS = """\
version: 1
defaults: {source_region: eastasia, target_region: southeastasia}
vaults:
- vault:
    subscription: 11111111-2222-3333-4444-555555555555
    resource_group: rg-vault
    name: vault-dr
  protect: {vms: [sql3], cache_storage: asrcachedemo}
- vault:
    subscription: 11111111-2222-3333-4444-555555555555
    resource_group: rg-vault
    name: vault-b
"""


def with_second_vault(folder: Path) -> None:
    """A vault with the same footing, and no item."""

    def add(document: dict[str, Any]) -> None:
        for row in list(document["resources"]):
            text = json.dumps(row)
            if "/vaults/vault-dr" in row["id"] and "replicationProtectedItems" not in text:
                document["resources"].append(json.loads(text.replace("vault-dr", "vault-b")))

    change_estate(folder, add)


def test_of_two_vaults_only_those_are_meant_that_declare_machines(run: Run, folder: Path) -> None:
    with_second_vault(folder)
    (folder / "two.yaml").write_text(TWO_VAULTS)
    options = ("--sandbox", "estate.json", "--config", "two.yaml", "--yes", *AS_JSON)
    typed = run("protect", "--vm", "sql3", *CACHE, *options)
    assert typed.code == 2
    assert "--vm with 2 vaults" in typed.err
    done = run("protect", *options)
    assert done.code == 5, done.err
    assert "vault-b" not in done.out
    assert len(items_of(folder, "sql3")) == 1


@pytest.mark.parametrize("command", ["protect", "apply"])
def test_a_machine_that_two_vaults_would_replicate_is_refused(
    run: Run, folder: Path, command: str
) -> None:
    with_second_vault(folder)
    (folder / "two.yaml").write_text(
        TWO_VAULTS + "  protect: {vms: [rg-data/sql3], cache_storage: asrcachedemo}\n"
    )
    before = resources_of(folder)
    done = run(command, "--sandbox", "estate.json", "--config", "two.yaml", "--yes")
    assert done.code == 4
    assert "rg-data/sql3 would be replicated by two vaults, rg-vault/vault-dr and" in done.err
    assert resources_of(folder) == before


def test_machines_and_networks_together_are_meant_and_nothing_else(run: Run, folder: Path) -> None:
    both = RULES + "  networks: [vnet-mgmt]\n"
    (folder / "netmap.yaml").write_text((folder / "netmap.yaml").read_text() + both)
    done = run("protect", "--sandbox", "estate.json", "--config", "netmap.yaml", "--yes", *AS_JSON)
    enabled = [c["title"] for c in done.json["changes"] if c["kind"] == "replication"]
    assert sorted(enabled) == ["mgmt1", "sql3"]
    assert "nic-settings" not in kinds(done.json), "app1 and others are not meant"
    touched = {c["title"] for c in done.json["changes"] if c["kind"] in {"network", "mapping"}}
    assert {title for title in touched if "app" in title.replace("-asr", "")} == set()


def test_a_network_without_machines_is_nothing_to_protect(run: Run, folder: Path) -> None:
    def strip(document: dict[str, Any]) -> None:
        rows = document["resources"]
        document["resources"] = [row for row in rows if "mgmt1" not in row["id"]]

    change_estate(folder, strip)
    done = run("protect", "--from-network", "vnet-mgmt", *CACHE, "--yes", *ON_ESTATE)
    assert done.code == 1
    assert "There is nothing to protect" in done.err


def test_on_disaster_day_a_declared_machine_waits_and_the_rest_is_answered(
    here: Run, folder: Path
) -> None:
    (folder / "netmap.yaml").write_text((folder / "netmap.yaml").read_text() + RULES)
    add_condition(folder, {"kind": "region-down", "region": "eastasia"})
    found = here("verify", *AS_JSON)
    assert found.code in {3, 5}, found.err
    assert "sql3" in {each["title"] for each in found.json["pending"]}


def test_rules_and_not_what_site_recovery_chose_first_have_the_last_word(
    run: Run, folder: Path
) -> None:
    def make_static(document: dict[str, Any]) -> None:
        for row in document["resources"]:
            if row["name"] == "sql3-nic":
                (config,) = row["properties"]["ipConfigurations"]
                config["properties"]["privateIPAllocationMethod"] = "Static"

    change_estate(folder, make_static)
    rule = (
        "networks:\n"
        "- source: vnet-data\n"
        "  target: vnet-data-dr\n"
        "  subnets: {sql: zeta}\n"
        "  addresses: [{from: 10.2.1.0/24, to: 10.20.2.0/24}]\n"
    )
    text = (folder / "netmap.yaml").read_text() + rule + RULES.partition("protect:")[1]
    text += RULES.partition("protect:")[2]
    (folder / "rules.yaml").write_text(text)
    options = ("--sandbox", "estate.json", "--config", "rules.yaml", "--yes", *AS_JSON)
    assert run("protect", *options).code == 5
    finish_first_replication(folder)
    last = run("protect", *options)
    assert (last.code, kinds(last.json)) == (0, ["nic-settings"])
    config = config_of(folder, "sql3")
    assert (config["recoverySubnetName"], config["recoveryStaticIPAddress"]) == (
        "zeta",
        "10.20.2.12",
    )
    assert run("protect", *options).json["changes"] == []


def test_waiting_ends_at_the_deadline_and_says_what_is_pending(run: Run, folder: Path) -> None:
    at_the_pace_of_this_test(folder, 86_400)
    arguments = ("--vm", "sql3", *CACHE, "--yes", "--wait", "--deadline", "30m", *AS_JSON)
    done = run("protect", *arguments, *ON_ESTATE)
    assert done.code == 5
    assert [each["title"] for each in done.json["pending"]] == ["sql3"]
    assert {o["status"] for o in done.json["outcomes"]} == {"applied"}


def looks_that_raise(monkeypatch: pytest.MonkeyPatch, *raised: BaseException) -> None:
    """While it waits, the first looks at the items end so."""
    looks, look = iter(raised), reading.read_items

    def read_items(azure: Connection, vault: ArmId) -> tuple[ReplicatedItem, ...]:
        for error in looks:
            raise error
        return look(azure, vault)

    monkeypatch.setattr(reading, "read_items", read_items)


WAITING = ("protect", "--vm", "sql3", *CACHE, "--yes", "--wait", *AS_JSON, *ON_ESTATE)


def test_an_outage_while_it_waits_is_waited_out(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks_that_raise(monkeypatch, Unreachable("down"), Throttled("later"))
    assert run(*WAITING).code == 0
    assert len(items_of(folder, "sql3")) == 1


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted; what is pending is done by the next run"),
        (Forbidden("no more rights"), 5, "no more rights"),
    ],
    ids=["Ctrl-C", "no rights"],
)
def test_what_was_written_is_reported_when_the_waiting_ends_early(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    raised: BaseException,
    code: int,
    said: str,
) -> None:
    looks_that_raise(monkeypatch, raised)
    done = run(*WAITING, "--pending-ok")
    assert done.code == code
    assert {o["status"] for o in done.json["outcomes"]} == {"applied"}
    assert [each["title"] for each in done.json["pending"]] == ["sql3"]
    assert said in done.err


def test_what_only_enabling_needs_is_read_no_more_when_all_replicate(
    run: Run, folder: Path
) -> None:
    assert run(*WAITING).code == 0
    for path in ("*/Microsoft.Storage/*", "*/replicationPolicies", "*/providers/*/vaults"):
        add_condition(folder, {"kind": "forbidden", "path": path, "method": "GET"})
    again = run(*WAITING)
    assert (again.code, again.json["not_looked_at"]) == (0, [])


def test_it_can_be_rehearsed_on_a_snapshot(run: Run, folder: Path) -> None:
    def stop(document: dict[str, Any]) -> None:
        for row in document["resources"]:
            if row["id"].endswith("/virtualMachines/mgmt1"):
                statuses = [{"code": "ProvisioningState/x"}, {"code": "PowerState/deallocated"}]
                view = {"statuses": statuses, "computerName": "inside"}
                row["properties"]["instanceView"] = view

    change_estate(folder, stop)
    assert run("snapshot", "--out", "copy.json", *ON_ESTATE).code == 0
    assert '"inside"' not in (folder / "copy.json").read_text()
    both = ("--vm", "sql3", "--vm", "mgmt1", *CACHE, "--yes", *AS_JSON)
    done = run("protect", *both, "--sandbox", "copy.json", *ON_ESTATE[2:])
    assert [c["title"] for c in done.json["changes"] if c["kind"] == "replication"] == ["sql3"]
    assert "vm-not-running" in {f["code"] for f in done.json["findings"]}
    assert items_of(folder, "sql3") == [], "the original is untouched"


def test_all_machines_of_a_network_are_meant_by_it(run: Run, folder: Path) -> None:
    arguments = ("--from-network", "vnet-mgmt", *CACHE, "--yes", *AS_JSON)
    done = run("protect", *arguments, *ON_ESTATE)
    assert [c["title"] for c in done.json["changes"] if c["kind"] == "replication"] == ["mgmt1"]
    assert kinds(done.json) == ["resource-group", "network", "mapping", "mapping", "replication"]
    assert len(items_of(folder, "mgmt1")) == 1


def test_a_plan_file_holds_it_and_the_next_apply_of_it_goes_on(run: Run, folder: Path) -> None:
    with (folder / "netmap.yaml").open("a") as file:
        file.write(RULES)
    given = ("--sandbox", "estate.json")
    made = run("plan", *given, "--config", "netmap.yaml", "--only", "vm=sql3", "--out", "p.json")
    assert made.code == 0, made.err
    first = run("apply", "p.json", *given, "--yes", *AS_JSON)
    assert first.code == 5
    finish_first_replication(folder)
    second = run("apply", "p.json", *given, "--yes", *AS_JSON)
    assert second.code == 0, second.err
    assert config_of(folder, "sql3")["recoveryStaticIPAddress"] == "10.20.2.50"
    assert len(items_of(folder, "sql3")) == 1


def test_undoing_it_leaves_the_replication_and_says_so(run: Run, folder: Path) -> None:
    done = run("protect", "--vm", "sql3", *CACHE, "--yes", "--journal", "j.jsonl", *ON_ESTATE)
    assert done.code == 5
    back = run("apply", "--undo", "j.jsonl", "--yes", *AS_JSON, *ON_ESTATE)
    assert back.code == 0, back.err
    assert kinds(back.json) == ["mapping"]
    assert {f["code"] for f in back.json["findings"]} == {"replication-stays", "left-behind"}
    assert len(items_of(folder, "sql3")) == 1


def test_verify_finds_a_declared_machine_that_does_not_replicate(here: Run, folder: Path) -> None:
    with (folder / "netmap.yaml").open("a") as file:
        file.write(RULES)
    found = here("verify", *AS_JSON)
    assert found.code == 3
    assert "vm-not-replicated" in {finding["code"] for finding in found.json["findings"]}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--vm", "sql3", "--from-network", "vnet-data", *CACHE), 2, "Give only one"),
        (CACHE, 2, "--vm or --from-network"),
        (("--vm", "sqll3", *CACHE), 1, "sql3"),
        (("--vm", "sql3", "--cache-storage", "asrcache"), 1, "asrcachedemo"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    run: Run, folder: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    before = resources_of(folder)
    done = run("protect", *arguments, "--yes", *ON_ESTATE)
    assert done.code == code
    assert said in done.err
    assert resources_of(folder) == before


def test_without_a_terminal_and_consent_nothing_is_written(run: Run, folder: Path) -> None:
    before = resources_of(folder)
    assert run("protect", "--vm", "sql3", *CACHE, *ON_ESTATE).code == 2
    assert resources_of(folder) == before


def without_footing(folder: Path) -> None:
    """A vault that nobody has used."""

    def strip(document: dict[str, Any]) -> None:
        document["resources"] = [
            row for row in document["resources"] if "/replication" not in row["id"].lower()
        ]

    change_estate(folder, strip)


def test_what_replication_stands_on_is_created_on_request_only(run: Run, folder: Path) -> None:
    without_footing(folder)
    arguments = ("--vm", "mgmt1", *CACHE, "--yes", *AS_JSON)
    refused = run("protect", *arguments, *ON_ESTATE)
    assert (refused.code, refused.json["changes"]) == (5, [])
    (error,) = [f for f in refused.json["findings"] if f["code"] == "replication-footing-missing"]
    for missing in ("fabric asr-a2a-default-eastasia", "protection container ", "policy 24-hour"):
        assert missing in error["message"]
    command = error["command"]
    assert command.startswith("asr-netmap protect --vm rg-mgmt/mgmt1 --cache-storage asrcachedemo")
    done = run(*command.split()[1:], "--yes", *AS_JSON, "--sandbox", "estate.json")
    assert done.code == 5, done.err
    assert {o["status"] for o in done.json["outcomes"]} == {"applied"}
    assert sorted(set(kinds(done.json))) == [
        "fabric",
        "mapping",
        "network",
        "protection-container",
        "protection-container-mapping",
        "replication",
        "replication-policy",
        "resource-group",
    ]
    assert kinds(done.json).count("protection-container-mapping") == 2


def test_another_network_than_the_mapped_one_needs_a_word(run: Run, folder: Path) -> None:
    arguments = ("--vm", "sql3", *CACHE, "--target-vnet", "vnet-web-asr", "--yes", *AS_JSON)
    refused = run("protect", *arguments, *ON_ESTATE)
    assert refused.code == 5
    (error,) = [f for f in refused.json["findings"] if f["severity"] == "error"]
    assert error["code"] == "other-network-refused"
    assert error["command"].startswith("asr-netmap map --source-vnet rg-data/vnet-data ")
    assert items_of(folder, "sql3") == []
    done = run("protect", *arguments, "--allow-other-network", *ON_ESTATE)
    assert "vm-in-other-network" in {f["code"] for f in done.json["findings"]}
    (write,) = [c for c in done.json["changes"] if c["kind"] == "replication"]
    assert write["after"]["network"].endswith("/vnet-web-asr")
    assert "mapping-wrong-target" not in json.dumps(done.json)


def test_a_machine_that_is_off_is_an_error_and_the_others_go_ahead(run: Run, folder: Path) -> None:
    def stop(document: dict[str, Any]) -> None:
        for row in document["resources"]:
            if row["id"].endswith("/virtualMachines/mgmt1"):
                statuses = [{"code": "PowerState/deallocated"}]
                row["properties"]["instanceView"] = {"statuses": statuses}

    change_estate(folder, stop)
    arguments = ("--vm", "mgmt1", "--vm", "sql3", *CACHE, "--yes", *AS_JSON)
    done = run("protect", *arguments, *ON_ESTATE)
    assert done.code == 5
    assert [c["title"] for c in done.json["changes"] if c["kind"] == "replication"] == ["sql3"]
    (error,) = [f for f in done.json["findings"] if f["severity"] == "error"]
    assert (error["code"], error["title"]) == ("vm-not-running", "mgmt1")


def test_an_enabling_that_fails_in_azure_is_reported_and_tried_again(
    run: Run, folder: Path
) -> None:
    path = "*/replicationProtectedItems/*"
    add_condition(folder, {"kind": "operation-fails", "path": path, "times": 1})
    arguments = ("--vm", "sql3", *CACHE, "--yes", *AS_JSON, *ON_ESTATE)
    failed = run("protect", *arguments)
    assert failed.code == 5
    (outcome,) = [o for o in failed.json["outcomes"] if o["status"] == "failed"]
    assert outcome["code"] == "operation-failed"
    again = run("protect", *arguments)
    assert {o["status"] for o in again.json["outcomes"]} == {"applied"}
    assert len(items_of(folder, "sql3")) == 1


def test_a_right_that_is_missing_is_said_before_anything_is_written(run: Run, folder: Path) -> None:
    action = "Microsoft.Storage/storageAccounts/listKeys/action"
    add_condition(folder, {"kind": "forbidden", "path": "/none", "action": action})
    (folder / "netmap.yaml").write_text((folder / "netmap.yaml").read_text() + RULES)
    made = run("plan", "--config", "netmap.yaml", "--sandbox", "estate.json", *AS_JSON)
    (finding,) = [f for f in made.json["findings"] if f["code"] == "rights-missing"]
    assert action in finding["message"]
    assert finding["severity"] == "warning"


def test_wait_is_for_a_plan_that_is_made_now(run: Run) -> None:
    done = run("apply", "p.json", "--wait", "--yes", "--sandbox", "estate.json")
    assert done.code == 2
    assert "--wait" in done.err
