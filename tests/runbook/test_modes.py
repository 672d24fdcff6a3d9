"""What each mode carries out, what it leaves, and how a job ends."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asr_netmap import api
from asr_netmap.cli.options import Access
from asr_netmap.gateway.connection import Connection
from asr_netmap.runbook.job import Surroundings, run
from asr_netmap.sandbox import Estate, Options, demo_estate
from asr_netmap.settings import parse_settings
from tests.demo_parts import part

from .jobs import NETMAP, Ran, Service

CREATING = NETMAP + "safety: {create_networks: true}\n"
ENFORCING = NETMAP + "nics: {existing: enforce}\n"
ROW = NETMAP + "nics: {settings: [{vm: sql2, subnet: alpha}]}\n"
FROZEN = NETMAP + "freeze: true\n"
RETARGET = NETMAP + "networks: [{source: vnet-data, target: vnet-web-asr}]\n"


def service(**given: Any) -> Service:
    return Service(demo_estate(), **given)


def web(**given: Any) -> Service:
    """Two VMs whose network has its copy, and no mapping."""
    return Service(part("web1", "web2", networks=["vnet-web", "vnet-web-asr"]), **given)


def forbidden(path: str, method: str = "GET") -> Service:
    """A VM whose network has its copy, and a service that refuses such requests."""
    conditions = [{"kind": "forbidden", "path": path, "method": method}]
    return Service(part("web1", networks=["vnet-web", "vnet-web-asr"], conditions=conditions))


def item_of(azure: Service, vm: str) -> dict[str, Any]:
    document = json.loads(azure.sandbox.engine.estate.to_text())
    found: dict[str, Any] = next(
        each
        for each in document["resources"]
        if each["type"].lower().endswith("replicationprotecteditems")
        and each["properties"]["friendlyName"] == vm
    )
    return found


def changed(change: Callable[[dict[str, Any]], None]) -> Estate:
    document = json.loads(demo_estate().to_text())
    change(document)
    return Estate.from_document(document)


def with_sql2_outside_its_network(document: dict[str, Any]) -> None:
    """A user's address that lies in no subnet of the network: the rules replace such a one."""
    for each in document["resources"]:
        if each["properties"].get("friendlyName") == "sql2":
            nic = each["properties"]["providerSpecificDetails"]["vmNics"][0]
            nic["ipConfigs"][0]["recoveryStaticIPAddress"] = "192.0.2.9"


# verify


def test_verify_writes_nothing_reports_drift_and_succeeds() -> None:
    azure = service()
    job = azure.job("verify --config netmap")
    assert (job.code, azure.accepted) == (0, [])
    assert "mapping-missing" in job.text
    assert job.last["findings"]["error"] == 6


def test_a_name_alone_is_verified() -> None:
    assert service().job("netmap").last["mode"] == "verify"


@pytest.mark.parametrize("told", ["--fail-on-drift", "--fail-on warning", "--fail-on error"])
def test_verify_fails_on_drift_if_it_is_told_to(told: str) -> None:
    job = service().job(f"verify --config netmap {told}")
    assert (job.code, job.last["meaning"]) == (3, "drift")


def test_a_job_that_fails_says_why_in_its_last_error_line() -> None:
    cases = [
        (service(), "verify --config netmap --fail-on-drift", "not as declared (6 errors, 12 warn"),
        (service(), "finish --config netmap --fail-on-drift", "4 left to people"),
        (service(), "apply --config netmap --fail-on-pending", "4 pending"),
        (forbidden("*/virtualNetworks"), "verify --config netmap", "1 could not be looked at"),
        (
            forbidden("*/replicationNetworkMappings/*", "PUT"),
            "apply --config netmap",
            "1 change failed",
        ),
    ]
    for azure, text, why in cases:
        *_, said, _ = azure.job(text).lines
        assert said.startswith("ERROR: This job fails: "), said
        assert why in said
    assert service().job("verify --config netmap").starting("ERROR:") == []


def test_a_change_that_failed_is_an_error_line_with_action_scope_and_role_file() -> None:
    job = forbidden("*/replicationNetworkMappings/*", "PUT").job("apply --config netmap")
    (said,) = [line for line in job.starting("ERROR:") if "failed " in line]
    action = "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationNetworks"
    assert f"{action}/replicationNetworkMappings/write' at scope '/subscriptions/" in said
    assert "roles/operator.json" in said
    assert not [line for line in job.starting("ERROR:") if "pending " in line]


def test_json_with_the_settings_inside_needs_no_variable() -> None:
    settings = {
        "vault": {
            "subscription": "11111111-2222-3333-4444-555555555555",
            "resource_group": "rg-vault",
            "name": "vault-dr",
        },
        "source_region": "eastasia",
        "target_region": "southeastasia",
    }
    given = {"mode": "verify", "settings": {"version": 1, **settings}, "fail-on-drift": True}
    assert service(variables={}).job(json.dumps(given)).code == 3


def test_mistakes_in_a_variable_are_named_with_the_variable() -> None:
    job = service(variables={"netmap": NETMAP + "nisc: {}\n"}).job("verify --config netmap")
    assert job.code == 2
    assert job.starting("ERROR: variable netmap: 1 mistake")
    assert any("nisc" in line for line in job.starting("ERROR:"))


def test_what_could_not_be_read_makes_a_verification_incomplete() -> None:
    job = forbidden("*/virtualNetworks").job("verify --config netmap")
    assert job.code == 5
    assert job.last["not_looked_at"] > 0


# finish


def test_finish_sets_what_has_no_value_and_nothing_else() -> None:
    azure = service()
    job = azure.job("finish --config netmap")
    written = [path.rpartition("/")[2] for _, path in azure.accepted]
    assert (job.code, len(written)) == (0, 3)
    assert {method for method, _ in azure.accepted} == {"PATCH"}
    assert all("replicationprotecteditems" in path for _, path in azure.accepted)
    assert job.changes == {"applied": 3, "pending": 4}


def test_finish_leaves_mappings_and_networks_to_people_and_says_so() -> None:
    job = service().job("finish --config netmap")
    assert job.last["left_to_people"] == 4  # three mappings and a network
    assert any("vnet-data-dr has no mapping" in line for line in job.starting("WARNING:"))


def test_finish_fails_on_what_it_leaves_if_it_is_told_to() -> None:
    assert service().job("finish --config netmap --fail-on-drift").code == 3


def test_finish_goes_on_with_what_became_ready_since() -> None:
    azure = web()
    azure.job("finish --config netmap --only vm=web1")
    job = azure.job("finish --config netmap")
    assert job.changes == {"applied": 1}
    assert azure.job("finish --config netmap").changes == {}


def test_finish_replaces_no_value_even_where_the_configuration_would() -> None:
    azure = service(variables={"netmap": ENFORCING})
    before = item_of(azure, "sql2")["properties"]
    job = azure.job("finish --config netmap")
    assert item_of(azure, "sql2")["properties"] == before
    assert any(line.startswith("WARNING: sql2: left:") for line in job.lines)


def test_a_subnet_that_site_recovery_chose_by_itself_is_nobodys_value_yet() -> None:
    netmap = NETMAP + "networks: [{source: vnet-data, subnets: {sql: zeta}}]\n"
    azure = service(variables={"netmap": netmap})
    before = item_of(azure, "sql1")["properties"]["providerSpecificDetails"]["vmNics"][0]
    assert before["selectionType"] == "SelectedByDefault"
    assert before["ipConfigs"][0]["recoverySubnetName"] == "alpha"
    assert azure.job("finish --config netmap").changes["applied"] == 1
    after = item_of(azure, "sql1")["properties"]["providerSpecificDetails"]["vmNics"][0]
    assert after["ipConfigs"][0]["recoverySubnetName"] == "zeta"


@pytest.mark.parametrize("mode", ["finish", "apply"])
def test_an_address_is_somebodys_value_even_where_the_nic_is_not_marked(mode: str) -> None:
    def unmarked(document: dict[str, Any]) -> None:
        with_sql2_outside_its_network(document)
        for each in document["resources"]:
            if each["properties"].get("friendlyName") == "sql2":
                nic = each["properties"]["providerSpecificDetails"]["vmNics"][0]
                nic["selectionType"] = "SelectedByDefault"

    azure = Service(changed(unmarked))
    before = item_of(azure, "sql2")["properties"]
    job = azure.job(f"{mode} --config netmap")
    assert item_of(azure, "sql2")["properties"] == before
    assert job.starting("WARNING: sql2: left:")


def test_finish_sets_no_network_that_a_mapping_would_first_have_to_be_pointed_at() -> None:
    azure = service(variables={"netmap": RETARGET})
    job = azure.job("finish --config netmap --retarget-items --allow-retarget")
    assert azure.accepted == []
    assert job.last["left_to_people"] > 0


# apply


def test_apply_creates_mappings_and_sets_nics_and_a_second_run_changes_nothing() -> None:
    azure = web()
    first = azure.job("apply --config netmap")
    assert (first.code, first.changes) == (0, {"applied": 4})
    assert sorted(method for method, _ in azure.accepted) == ["PATCH", "PATCH", "PUT", "PUT"]
    second = azure.job("apply --config netmap")
    assert (second.code, second.changes, len(azure.accepted)) == (0, {}, 4)


@pytest.mark.parametrize(
    ("netmap", "options", "created"),
    [
        (NETMAP, "", 0),
        (NETMAP + "safety: {create_networks: false}\n", "", 0),
        (NETMAP + "safety: {max_changed_percent: 50}\n", "", 0),
        (CREATING, "", 1),
        (NETMAP, "--create-networks", 1),
    ],
)
def test_apply_creates_networks_only_where_that_is_said(
    netmap: str, options: str, created: int
) -> None:
    azure = service(variables={"netmap": netmap})
    job = azure.job(f"apply --config netmap {options}")
    networks = [path for _, path in azure.accepted if "microsoft.network" in path]
    assert (job.code, len(networks)) == (0, created)
    assert ("--create-networks" in job.text) is not created


@pytest.mark.parametrize(
    ("netmap", "text", "loaded"),
    [
        (CREATING, "apply --config netmap", True),
        (NETMAP, "apply --config netmap --create-networks", True),
        (NETMAP, "apply --config netmap", False),
        (CREATING, "finish --config netmap", False),
    ],
)
def test_what_creating_a_network_needs_is_loaded_before_anything_is_read_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, netmap: str, text: str, loaded: bool
) -> None:
    """Compiling the network SDK takes as much memory as everything else of a large job."""
    azure, moments = service(variables={"netmap": netmap}), []
    monkeypatch.setattr(
        Connection, "expect_networks", lambda self: moments.append(self.requests_sent)
    )
    azure.job(text)
    assert moments == ([0] if loaded else [])


def test_apply_re_points_nothing_unless_the_configuration_allows_it() -> None:
    azure = service(variables={"netmap": RETARGET})
    job = azure.job("apply --config netmap")
    assert (job.code, azure.accepted) == (4, [])
    assert any("--allow-retarget" in line for line in job.starting("ERROR:"))
    allowed = service(variables={"netmap": RETARGET + "safety: {allow_retarget: true}\n"})
    assert allowed.job("apply --config netmap").changes["applied"] > 0


@pytest.mark.parametrize(("netmap", "replaced"), [(NETMAP, False), (ENFORCING, True), (ROW, True)])
def test_apply_replaces_what_somebody_set_only_where_the_configuration_says_so(
    netmap: str, replaced: bool
) -> None:
    azure = Service(changed(with_sql2_outside_its_network), variables={"netmap": netmap})
    before = item_of(azure, "sql2")["properties"]["providerSpecificDetails"]["vmNics"]
    job = azure.job("apply --config netmap")
    after = item_of(azure, "sql2")["properties"]["providerSpecificDetails"]["vmNics"]
    assert (before != after) is replaced
    assert bool(job.starting("WARNING: sql2: left:")) is not replaced


def test_apply_stops_at_the_first_failure() -> None:
    azure = Service(
        part(
            "web1",
            "web2",
            "sql1",
            networks=["vnet-web", "vnet-web-asr", "vnet-data", "vnet-data-dr"],
            conditions=[{"kind": "operation-fails", "path": "*MappingS/vnet-*", "times": 1}],
        )
    )
    job = azure.job("apply --config netmap")
    assert job.code == 5
    assert job.last["changes"]["failed"] == 1
    assert job.last["pending_because"]["max-failures"] > 0


def test_a_freeze_stops_every_write() -> None:
    azure = service(variables={"netmap": FROZEN})
    job = azure.job("apply --config netmap")
    assert (job.code, azure.accepted) == (4, [])


def test_more_changes_than_allowed_are_refused() -> None:
    azure = web()
    job = azure.job("apply --config netmap --max-changes 3")
    assert (job.code, azure.accepted) == (4, [])
    assert azure.job("apply --config netmap --max-changes 4").code == 0


def test_pending_alone_is_no_failure_unless_it_is_told_to_be() -> None:
    assert service().job("apply --config netmap").code == 0
    assert service().job("apply --config netmap --fail-on-pending").code == 5


# an approved plan


def approved(
    azure: Service, folder: Path, netmap: str = CREATING, only: tuple[str, ...] = ()
) -> tuple[Path, str]:
    """A plan of everything, as a person saves it, and its digest."""
    path = folder / "plan.json"
    with azure.connection(Access(workers=1)) as connection:
        plans = [
            api.plan(connection, one, selection=api.Selection.parse(only))
            for one in parse_settings(netmap, "netmap")
        ]
        return path, api.save_plan(plans, path, now=azure.clock.now())


def finished(azure: Service, name: str, digest: str, more: str = "") -> Ran:
    return azure.job(f"finish --plan {name} --expect-sha256 {digest} {more}")


def test_an_approved_plan_is_carried_out_whole(tmp_path: Path) -> None:
    azure = service()
    path, digest = approved(azure, tmp_path)
    job = finished(azure, str(path), digest)
    assert job.code == 0
    assert any("virtualnetworks/vnet-app-asr" in path for _, path in azure.accepted)
    assert azure.job("apply --config netmap").changes == {"pending": 1}


@pytest.mark.parametrize("ends", ["\n", "", "\r\n"])
def test_an_approved_plan_may_stand_in_a_variable(tmp_path: Path, ends: str) -> None:
    azure = web()
    path, digest = approved(azure, tmp_path)
    text = path.read_text().rstrip("\n")
    azure.variables["approved"] = (text.replace("\n", ends) if ends == "\r\n" else text) + ends
    assert finished(azure, "approved", digest).changes == {"applied": 4}


def test_another_plan_than_the_approved_one_is_refused(tmp_path: Path) -> None:
    azure = web()
    path, _ = approved(azure, tmp_path)
    azure.variables["approved"] = path.read_text()
    for name in (str(path), "approved"):
        job = finished(azure, name, "0" * 64)
        assert (job.code, azure.accepted) == (4, [])


def test_a_plan_needs_its_digest_and_is_for_finish_alone(tmp_path: Path) -> None:
    azure = web()
    path, digest = approved(azure, tmp_path)
    assert azure.job(f"finish --plan {path}").code == 2
    assert azure.job(f"apply --config netmap --plan {path} --expect-sha256 {digest}").code == 2
    assert azure.accepted == []


def test_an_approved_plan_and_first_time_sets_go_together(tmp_path: Path) -> None:
    azure = service()
    path, digest = approved(service(), tmp_path, NETMAP, ("vm=web1",))
    job = finished(azure, str(path), digest, "--config netmap")
    assert job.code == 0
    written = [path for _, path in azure.accepted]
    assert sum("networkmappings" in path for path in written) == 2  # those of the plan
    assert sum("protecteditems" in path for path in written) == 3  # web1, and sql1 and web2


def test_an_expired_plan_is_refused(tmp_path: Path) -> None:
    azure = web()
    path, digest = approved(azure, tmp_path)
    azure.clock.sleep(8 * 24 * 3600)
    assert finished(azure, str(path), digest).code == 4


# time


@pytest.mark.parametrize("mode", ["finish", "apply"])
def test_outside_the_time_window_nothing_is_started(mode: str) -> None:
    azure = web()  # a Saturday, 23:00 UTC
    job = azure.job(f"{mode} --config netmap --window Sun 22:00-04:00")
    assert (job.code, azure.accepted) == (0, [])
    assert job.last["pending_because"]["window"] > 0
    assert azure.job(f"{mode} --config netmap --window Sat 22:00-04:00").changes["applied"] > 0


def test_the_deadline_ends_a_job_in_time_and_the_next_one_finishes() -> None:
    azure = service(options=Options(operation_seconds=600))
    start = azure.clock.monotonic()
    job = azure.job("apply --config netmap --deadline 15m --fail-on-pending")
    assert azure.clock.monotonic() - start < 15 * 60
    assert job.code == 5
    assert job.last["deadline"] == {"seconds": 900.0, "reached": True}
    assert job.last["pending_because"]["deadline"] > 0
    assert job.last["changes"]["applied"] > 0
    assert job.last["changes"]["unknown"] == 0
    second = azure.job("apply --config netmap")
    assert second.code == 0
    assert azure.job("apply --config netmap").last["changes"]["applied"] == 0
    assert len(azure.accepted) == len(set(azure.accepted)) == 6


def test_a_closing_window_is_a_deadline() -> None:
    azure = service(options=Options(operation_seconds=600))
    job = azure.job("apply --config netmap --window 22:00-23:15")
    assert job.last["pending_because"]["deadline"] > 0
    assert azure.clock.monotonic() < 15 * 60


def test_two_hours_and_three_quarters_are_the_default() -> None:
    assert web().job("apply --config netmap").last["deadline"]["seconds"] == 9900


# words


@pytest.mark.parametrize("argv", [(), ("",), ("null",)])
def test_a_job_without_a_parameter_explains_itself_and_fails(argv: tuple[str, ...]) -> None:
    out = io.StringIO()
    job = Ran(run(argv, Surroundings(out, {})), out.getvalue())
    assert (job.code, job.last["exit_code"]) == (2, 2)
    assert "finish --config netmap" in job.text
    assert job.starting("ERROR:")


@pytest.mark.parametrize(
    "text",
    ["verify --confg netmap", '{"mode": "destroy"}', "apply --config netmap --deadline soon"],
)
def test_a_wrong_word_is_an_error_line_and_exit_code_2(text: str) -> None:
    job = web().job(text)
    assert job.code == 2
    assert job.starting("ERROR:")
    assert job.last["meaning"] == "usage"


def test_help_lists_all_options() -> None:
    job = web().job("--help")
    assert (job.code, "--expect-sha256" in job.text) == (0, True)


@pytest.mark.parametrize("form", ["table", "json", "markdown", "csv"])
def test_the_last_line_is_json_whatever_the_format(form: str) -> None:
    for mode in ("verify", "finish"):
        job = web().job(f"{mode} --config netmap --format {form}")
        assert job.last["schema"] == "asr-netmap/runbook/1"
        assert set(job.last) == {
            *("schema", "version", "mode", "sandbox", "exit_code", "meaning", "changes"),
            *("pending_because", "left_to_people", "findings", "not_looked_at", "seconds"),
            "deadline",
        }


def test_no_line_of_a_job_moves_a_cursor() -> None:
    for mode in ("verify", "apply", "--help"):
        assert "\x1b" not in service().job(f"{mode} --config netmap").text
