from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

from asr_netmap.applying.outcome import Outcome, Result, Status
from asr_netmap.arm_id import ArmId
from asr_netmap.models import NotLookedAt, RegionPair, Subnet
from asr_netmap.planning.change import (
    Action,
    Change,
    FabricState,
    GroupState,
    ItemState,
    Kind,
    MappingState,
    NetworkState,
)
from asr_netmap.planning.nic_setting import Setting
from asr_netmap.planning.plan import Finding, Pending, Plan, Scope, Severity
from asr_netmap.planning.verification import Verification
from asr_netmap.report.changes import differences
from asr_netmap.report.markdown import markdown
from asr_netmap.report.plan_pages import (
    changes_table,
    plan_page,
    plan_summary,
    result_page,
    result_summary,
    verify_page,
    verify_summary,
)

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
VAULT = ArmId.of_vault(SUBSCRIPTION, "rg-vault", "vault-dr")
ITEM = VAULT.child("replicationFabrics", "f").child("replicationProtectedItems", "app1")
NIC = ArmId.of_group(SUBSCRIPTION, "rg-app").provider_child(
    "Microsoft.Network", "networkInterfaces", "app1-nic"
)
SOURCE = ArmId.of_network(SUBSCRIPTION, "rg-app", "vnet-app")
TARGET = ArmId.of_network(SUBSCRIPTION, "rg-app-asr", "vnet-app-asr")
SCOPE = Scope("sandbox", "t", VAULT, RegionPair("eastasia", "southeastasia"))


def nic_change() -> Change:
    return Change(
        Kind.NIC_SETTINGS,
        Action.UPDATE,
        ITEM,
        "app1",
        ItemState((Setting("address", None, NIC, "ipconfig1"), Setting("accelerated", True, NIC))),
        ItemState(
            (
                Setting("address", ip_address("10.1.1.4"), NIC, "ipconfig1", "the same address"),
                Setting("accelerated", False, NIC),
            )
        ),
        "all of it",
    )


def mapping_change() -> Change:
    old, new = (MappingState(SOURCE, target, "f") for target in (SOURCE, TARGET))
    return Change(Kind.MAPPING, Action.UPDATE, VAULT.child("m", "x"), "a -> b", old, new, "moved")


def network_change() -> Change:
    nsg = ArmId.of_group(SUBSCRIPTION, "g").provider_child(
        "Microsoft.Network", "networkSecurityGroups", "nsg-web"
    )
    subnet = Subnet(
        "web",
        (ip_network("10.1.1.0/24"),),
        network_security_group=nsg,
        service_endpoints=("Microsoft.Storage",),
    )
    state = NetworkState(
        "southeastasia", (ip_network("10.1.0.0/16"),), (subnet,), ("10.0.0.4",), {"owner": "dr"}
    )
    return Change(Kind.NETWORK, Action.CREATE, TARGET, "vnet-app-asr", None, state, "missing")


def a_plan(*changes: Change, pending: bool = False, gap: bool = False) -> Plan:
    return Plan(
        SCOPE,
        {},
        changes,
        (Pending(ITEM, "new1", "not protected yet"),) if pending else (),
        (
            Finding("note", Severity.INFO, VAULT, "v", "for your information"),
            Finding("bad", Severity.ERROR, VAULT, "v", "wrong", "do this"),
        ),
        (NotLookedAt("networks of x", "403", None, "ask for Reader"),) if gap else (),
    )


def test_a_setting_is_told_with_its_place_both_values_and_the_reason() -> None:
    lines = [difference.line for difference in differences(nic_change())]
    assert lines == [
        "app1-nic ipconfig1: address (not set) -> 10.1.1.4 (the same address)",
        "app1-nic: accelerated yes -> no",
    ]


def test_only_what_differs_of_a_mapping_is_told() -> None:
    assert [d.line for d in differences(mapping_change())] == ["onto vnet-app -> vnet-app-asr"]


def test_a_network_is_told_with_everything_that_is_written() -> None:
    assert [d.line for d in differences(network_change())] == [
        "region southeastasia",
        "address space 10.1.0.0/16",
        "subnet web 10.1.1.0/24; NSG nsg-web; service endpoint Microsoft.Storage",
        "DNS servers 10.0.0.4",
        "tag owner dr",
    ]


def test_groups_fabrics_and_deletions_are_told_too() -> None:
    group = Change(
        Kind.RESOURCE_GROUP, Action.CREATE, TARGET, "g", None, GroupState("asia", {"a": "b"}), ""
    )
    fabric = Change(Kind.FABRIC, Action.CREATE, VAULT, "f", None, FabricState("asia"), "")
    gone = Change(
        Kind.MAPPING, Action.DELETE, VAULT, "m", MappingState(SOURCE, TARGET, "f"), None, ""
    )
    assert [d.line for d in differences(group)] == ["region asia", "tag a b"]
    assert [d.line for d in differences(fabric)] == ["region asia"]
    assert [d.line for d in differences(gone)] == [
        "maps vnet-app -> (not set)",
        "onto vnet-app-asr -> (not set)",
    ]


def test_the_plan_page_has_changes_by_kind_pending_findings_worst_first_and_gaps() -> None:
    text = markdown(plan_page(a_plan(nic_change(), pending=True, gap=True), sandbox=False))
    order = ["NIC settings", "new1", "**error**", "**info**", "networks of x", "1 change"]
    places = [text.index(each) for each in order]
    assert places == sorted(places)
    assert "do this" in text


def test_csv_of_a_plan_has_a_row_per_value_with_its_own_reason() -> None:
    table = changes_table((nic_change(), network_change()))
    assert len(table.rows) == 2 + 5
    assert table.rows[0][-1] == "the same address"
    assert table.rows[1][-1] == "all of it"
    assert {row[0] for row in table.rows} == {nic_change().id, network_change().id}


def test_a_plan_is_summed_up_in_one_line() -> None:
    assert plan_summary(a_plan(nic_change(), network_change(), pending=True)) == (
        "2 changes: 1 to create, 1 to update; 1 item pending; 1 error: see the findings."
    )
    assert plan_summary(a_plan()) == "Nothing to change; 1 error: see the findings."
    assert plan_summary(replace(a_plan(), findings=())) == "Nothing to change."
    assert plan_summary(replace(a_plan(gap=True), findings=())) == "Nothing to change so far."


def test_a_long_plan_begins_and_ends_with_its_counts() -> None:
    changes = [
        replace(nic_change(), subject=nic_change().subject.child("n", str(n))) for n in range(50)
    ]
    short, long = a_plan(*changes), a_plan(network_change(), *changes)
    said = plan_summary(long)
    assert said.startswith("51 changes")
    pages = [markdown(plan_page(plan, sandbox=False)) for plan in (short, long)]
    assert [page.count(said) for page in pages] == [0, 2]
    assert "Virtual networks: 1" in pages[1]
    assert "NIC settings: 50" in pages[1]


def test_a_verification_says_all_is_well_only_when_everything_was_looked_at() -> None:
    plain = Plan(SCOPE, {})
    assert "as declared" in verify_summary(Verification(plain, ()))
    unread = Plan(SCOPE, {}, not_looked_at=(NotLookedAt("x", "403"),))
    assert verify_summary(Verification(unread, ())) == "1 not looked at."
    worse = verify_summary(Verification(plain, a_plan().findings))
    assert worse == "1 error, 1 for information."


def test_the_verify_page_has_each_finding_with_its_fix() -> None:
    page = verify_page(Verification(a_plan(pending=True), a_plan().findings), sandbox=True)
    assert "fix: do this" in markdown(page)
    assert [row[:2] for row in page.rows.rows] == [("error", "bad"), ("info", "note")]


def test_the_result_page_tells_what_went_wrong_with_its_job_and_the_notes() -> None:
    plan = a_plan(nic_change(), network_change())
    outcomes = (
        Outcome(nic_change().id, Status.FAILED, "stale", "somebody changed it", job="job-1"),
        Outcome(network_change().id, Status.APPLIED),
    )
    result = Result(outcomes, notes=("the journal is full",))
    text = markdown(result_page(plan, result, sandbox=False))
    for each in ("somebody changed it", "job: job-1", "the journal is full", "vnet-app-asr"):
        assert each in text
    assert result_summary([(plan, result)]) == "1 applied, 1 failed, 1 error: see the findings."


def test_an_outcome_of_an_unknown_change_is_still_shown() -> None:
    result = Result((Outcome("mapping-create-12345678", Status.UNKNOWN, "no-answer", "lost"),))
    text = markdown(result_page(a_plan(), result, sandbox=False))
    assert "mapping-create-12345678" in text
    assert result_summary([(a_plan(), result)]) == "1 unknown, 1 error: see the findings."


def test_nothing_to_do_is_said_plainly() -> None:
    """And not that all is as declared while there is something that people should know."""
    nothing = replace(a_plan(), changes=(), pending=(), findings=(), not_looked_at=())
    assert "everything is as declared" in result_summary([(nothing, Result(()))])
    doubt = Finding("set-by-hand", Severity.WARNING, nothing.scope.vault, "app1", "kept")
    warned = replace(nothing, findings=(doubt,))
    assert "see the findings" in result_summary([(warned, Result(()))])
    wrong = replace(nothing, findings=(replace(doubt, severity=Severity.ERROR),))
    said = result_summary([(wrong, Result(()))])
    assert said == "Nothing to change, 1 error: see the findings."


def test_what_was_as_planned_already_is_not_claimed_as_work() -> None:
    outcomes = (Outcome("a", Status.APPLIED, "already"), Outcome("b", Status.APPLIED))
    plan = replace(a_plan(), pending=())
    assert "2 applied (1 of them as planned already)" in result_summary([(plan, Result(outcomes))])
