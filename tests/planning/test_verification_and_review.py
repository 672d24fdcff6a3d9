"""Planning again: as the findings of verify, and as the judge of an approved plan."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as budget

from asr_netmap.errors import InvalidArmId
from asr_netmap.models import NotLookedAt
from asr_netmap.planning.change import Change, ItemState, Kind
from asr_netmap.planning.nic_setting import (
    FIELDS,
    Level,
    Setting,
    current_value,
    same_value,
    value_from_json,
    value_to_json,
)
from asr_netmap.planning.plan import Plan, Severity
from asr_netmap.planning.review import review, without_missing
from asr_netmap.planning.verification import Verification, verify
from tests.builders import (
    APP,
    APP_ASR,
    PAIRED,
    TARGET,
    VAULT,
    inventory,
    ip_config,
    item,
    network,
    network_id,
    of_kind,
    plan_of,
    replicated_nic,
    reverse_mapping,
    settings,
)
from tests.planning.drawing import PLANS

ONE = settings(networks=[{"source": "vnet-app"}])


def found(made: Plan) -> dict[str, Severity]:
    return {f.code: f.severity for f in verify(made).findings}


# -- verify ---------------------------------------------------------------------------------------


def test_an_estate_as_declared_has_no_findings() -> None:
    right = item("app1", ip_config(to="10.1.1.10", subnet="web"), target="vnet-app-asr")
    assert verify(plan_of(inventory(right), ONE)).findings == ()


def test_both_mappings_missing_is_told_from_one_missing() -> None:
    assert found(plan_of(inventory(mappings=[]), ONE)) == {"mapping-missing": Severity.ERROR}
    for made in PAIRED:
        assert found(plan_of(inventory(mappings=[made]), ONE)) == {
            "mapping-one-way": Severity.ERROR
        }


def test_a_missing_network_and_fabrics_are_errors_and_its_group_is_said_with_it() -> None:
    made = plan_of(inventory(networks=[APP], mappings=[], fabrics=()), ONE)
    assert of_kind(made, Kind.RESOURCE_GROUP)
    assert found(made) == {
        "target-network-missing": Severity.ERROR,
        "fabric-missing": Severity.ERROR,
        "mapping-missing": Severity.ERROR,
    }


def test_a_mapping_to_another_network_is_an_error_and_so_is_the_reverse_in_the_way() -> None:
    dr = network("vnet-dr", TARGET)
    declared = settings(networks=[{"source": "vnet-app", "target": "vnet-dr"}])
    made = plan_of(inventory(networks=[APP, APP_ASR, dr]), declared)
    assert found(made) == {
        "mapping-in-the-way": Severity.ERROR,
        "mapping-wrong-target": Severity.ERROR,
        "mapping-one-way": Severity.ERROR,
    }


def test_what_differs_on_several_nics_of_a_vm_names_the_nic_each_time() -> None:
    nics = tuple(replicated_nic(name, ip_config(f"10.1.1.1{n}")) for n, name in enumerate("ab"))
    fresh = plan_of(inventory(item("app1", nics=nics)), ONE)
    (finding,) = (f for f in verify(fresh).findings if f.code == "nic-settings-missing")
    for part in (
        "app1: target network is",
        "a/ipconfig1: subnet is not set, should be web",
        "b/ipconfig1: address is not set, should be 10.1.1.11",
    ):
        assert part in finding.message


def test_nic_settings_that_are_missing_are_told_from_such_that_differ() -> None:
    fresh = plan_of(inventory(item("app1", ip_config())), ONE)
    assert found(fresh) == {"nic-settings-missing": Severity.WARNING}
    moved = item("app1", ip_config(to="10.9.9.9", subnet="web"), target="vnet-app-asr")
    by_code = {f.code: f for f in verify(plan_of(inventory(moved), ONE)).findings}
    assert set(by_code) == {"address-outside-subnet", "nic-settings-differ"}
    assert "is replaced by 10.1.1.10" in by_code["address-outside-subnet"].message
    finding = by_code["nic-settings-differ"]
    assert finding.message == "app1-nic/ipconfig1: address is 10.9.9.9, should be 10.1.1.10"
    assert finding.command == "asr-netmap apply"


def test_what_could_not_be_read_is_a_finding_so_nobody_calls_it_green() -> None:
    gap = NotLookedAt("virtual machines", "403", None, "Ask for read access.")
    verified = verify(plan_of(inventory(not_looked_at=(gap,)), ONE))
    (finding,) = verified.findings
    assert (finding.code, finding.severity) == ("not-looked-at", Severity.WARNING)
    assert (finding.subject, finding.fix) == (VAULT, gap.hint)
    assert verified.not_looked_at == (gap,)


def test_items_that_wait_are_no_findings() -> None:
    waits = item("app1", ip_config(), scenario="Reprotect")
    verified = verify(plan_of(inventory(waits), ONE))
    assert verified.findings == ()
    assert [p.title for p in verified.pending] == ["app1"]


def test_findings_are_picked_by_severity_the_worst_first() -> None:
    info = item("zone", ip_config(), goes=(TARGET, TARGET))
    made = plan_of(inventory(item("app1", ip_config()), info, mappings=[]), ONE)
    verified: Verification = verify(made)
    assert [f.severity for f in verified.findings] == sorted(
        (f.severity for f in verified.findings), key=lambda s: s.rank
    )
    assert {f.severity for f in verified.at_least(Severity.ERROR)} == {Severity.ERROR}
    assert {f.severity for f in verified.at_least(Severity.WARNING)} == {
        Severity.ERROR,
        Severity.WARNING,
    }
    assert verified.at_least(Severity.INFO) == verified.findings


@budget(max_examples=15)
@given(PLANS)
def test_without_changes_only_what_the_plan_says_is_found(made: Plan) -> None:
    bare = replace(made, changes=())
    expected = len(bare.findings) + len(bare.not_looked_at)
    assert len(verify(bare).findings) == expected


# -- review ---------------------------------------------------------------------------------------

TWO = inventory(item("app1", ip_config()), item("app2", ip_config("10.1.1.20")))


def titles(changes: tuple[Change, ...]) -> list[str]:
    return [change.title for change in changes]


def test_what_a_fresh_plan_holds_as_well_goes_ahead() -> None:
    approved = plan_of(inventory(*TWO.items, networks=[APP], mappings=[]), ONE)
    reviewed = review(approved, plan_of(inventory(*TWO.items, networks=[APP], mappings=[]), ONE))
    assert reviewed.agreed == approved.changes
    assert reviewed.disputed == ()


def test_what_was_done_or_has_moved_is_disputed_and_the_rest_goes_ahead() -> None:
    approved = plan_of(TWO, ONE)
    done = item("app1", ip_config(to="10.1.1.10", subnet="web"), target="vnet-app-asr")
    moved = item("app1", ip_config("10.1.1.30"))
    for changed in (done, moved):
        reviewed = review(approved, plan_of(replace(TWO, items=(changed, TWO.items[1])), ONE))
        assert titles(reviewed.agreed) == ["app2"]
        assert titles(reviewed.disputed) == ["app1"]


def test_another_value_before_is_disputed_although_the_value_after_is_the_same() -> None:
    """Somebody set it since: people approved replacing nothing, not this."""
    declared = settings(networks=[{"source": "vnet-app"}], nics={"existing": "enforce"})
    before = item("app1", ip_config(to="10.1.1.40", subnet="web"), target="vnet-app-asr")
    since = item("app1", ip_config(to="10.1.1.50", subnet="web"), target="vnet-app-asr")
    approved = plan_of(inventory(before), declared)
    assert titles(review(approved, plan_of(inventory(since), declared)).disputed) == ["app1"]


def test_an_item_that_had_to_wait_is_finished_by_the_approved_plan() -> None:
    waits = replace(TWO, items=(replace(TWO.items[0], scenario="Reprotect"), TWO.items[1]))
    reviewed = review(plan_of(waits, ONE), plan_of(TWO, ONE))
    assert sorted(titles(reviewed.agreed)) == ["app1", "app2"]
    assert reviewed.disputed == ()


def test_an_item_that_nobody_reviewed_is_not_touched() -> None:
    approved = plan_of(replace(TWO, items=TWO.items[:1]), ONE)
    assert titles(review(approved, plan_of(TWO, ONE)).agreed) == ["app1"]


@budget(max_examples=25)
@given(PLANS)
def test_a_forged_change_is_never_agreed_to(forged: Plan) -> None:
    fresh = plan_of(TWO, ONE)
    reviewed = review(replace(forged, settings=fresh.settings), fresh)
    assert set(titles(reviewed.agreed)) <= {"app1", "app2"}
    assert all(any(change is other for other in fresh.changes) for change in reviewed.agreed)
    assert reviewed.disputed == forged.changes


@pytest.mark.parametrize("forge", ["address", "depends", "claims"])
def test_a_change_that_was_altered_is_never_carried_out_as_altered(forge: str) -> None:
    fresh = plan_of(TWO, ONE)
    first, *rest = fresh.changes
    assert isinstance(first.after, ItemState)
    settings_after = tuple(
        replace(s, value=ip_address("10.1.1.99")) if s.name == "address" else s
        for s in first.after.settings
    )
    altered = {
        "address": replace(first, after=ItemState(settings_after)),
        "depends": replace(first, depends_on=("nothing",)),
        "claims": replace(first, claims=()),
    }[forge]
    reviewed = review(replace(fresh, changes=(altered, *rest)), fresh)
    assert altered not in reviewed.agreed
    assert (first in reviewed.agreed) is (forge != "address")


def test_changes_wait_no_more_for_what_is_done() -> None:
    made = plan_of(inventory(*TWO.items, networks=[APP], mappings=[]), ONE)
    done = frozenset(c.id for c in made.changes if c.kind in (Kind.NETWORK, Kind.RESOURCE_GROUP))
    left = without_missing([c for c in made.changes if c.id not in done], done)
    waiting = {needed for change in left for needed in change.depends_on}
    assert waiting == {c.id for c in made.changes if c.kind is Kind.MAPPING}


def test_a_plan_that_was_finished_by_others_is_disputed_as_a_whole() -> None:
    approved = plan_of(inventory(mappings=[reverse_mapping("vnet-app-asr", "vnet-app")]), ONE)
    reviewed = review(approved, plan_of(inventory(), ONE))
    assert (reviewed.agreed, reviewed.disputed) == ((), approved.changes)


# -- single settings -----------------------------------------------------------------------------


def test_every_setting_is_an_attribute_of_its_level_and_reads_back_from_json() -> None:
    whole = item("app1", ip_config(to="10.1.1.5"), target="vnet-dr")
    nic = whole.nics[0]
    for name, place in FIELDS.items():
        setting = Setting(
            name,
            None,
            nic.id if place.level is not Level.ITEM else None,
            "IPCONFIG1" if place.level is Level.IP_CONFIG else None,
        )
        value = current_value(whole, setting)
        assert value_from_json(name, value_to_json(value)) == value
        assert place.test is name.startswith("test_")


@pytest.mark.parametrize(
    "setting",
    [
        Setting("subnet", "web", network_id("gone"), "ipconfig1"),
        Setting("subnet", "web", item("app1").nics[0].id, "gone"),
        Setting("nsg", None, network_id("gone")),
        Setting("subnet", "web"),
    ],
)
def test_a_setting_that_has_no_place_any_more_is_said_to_have_none(setting: Setting) -> None:
    with pytest.raises(KeyError, match="no"):
        current_value(item("app1", ip_config()), setting)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Web", "wEB", True),
        ("web", None, False),
        ((network_id("a"), network_id("b")), (network_id("B"), network_id("A")), True),
        ((network_id("a"),), (), False),
        (network_id("a"), network_id("A"), True),
        (ip_address("10.0.0.1"), ip_address("10.0.0.2"), False),
        (True, False, False),
    ],
)
def test_values_that_azure_takes_for_one_are_one(one: Any, other: Any, same: bool) -> None:
    assert same_value(one, other) is same


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("licence", "x"),
        ("subnet", 5),
        ("address", "10.0.0"),
        ("address", True),
        ("nsg", "nsg-web"),
        ("lb_pools", "pool"),
        ("lb_pools", [5]),
        ("accelerated", "yes"),
        ("accelerated", None),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(name: str, value: object) -> None:
    with pytest.raises((ValueError, InvalidArmId)):
        value_from_json(name, value)
