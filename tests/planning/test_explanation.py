"""One VM's story: it ends where the plan ends, and tells every rule in its order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from asr_netmap import api
from asr_netmap.errors import AmbiguousName, NotFound
from asr_netmap.models import Inventory, NotLookedAt, ReplicatedItem
from asr_netmap.planning.explanation import SideStory, Step, Story, Verdict, decided_by, explain
from asr_netmap.planning.item_networks import NetworkRule
from asr_netmap.planning.plan import Plan
from asr_netmap.report.story_pages import story_document, story_page
from asr_netmap.rules.subnets import SubnetRule
from asr_netmap.rules.target_network import TargetRule
from asr_netmap.settings import Settings
from tests.builders import (
    APP,
    APP_ASR,
    PAIRED,
    SOURCE,
    TARGET,
    carried_out,
    existing_nic,
    inventory,
    ip_config,
    item,
    mapping,
    network,
    plan_of,
    replicated_nic,
    reverse_mapping,
    rows,
    settings,
    subnet,
)
from tests.demo_parts import demo_settings
from tests.nic_estates import estate, vm
from tests.planning.drawing import estates

PAIR_RULES = [rule.value for rule in TargetRule]
TARGET_RULES = ["explicit", "what is set", "network mapping"]
TEST_RULES = ["explicit", "what is set", "configured test network", "left as it is"]
SUBNET_RULES = ["explicit", "what is set", *[rule.value for rule in SubnetRule][1:]]
DECIDES, PASSES = Verdict.DECIDES, Verdict.PASSES


def story_of(
    where: Inventory, name: str, declared: Settings | None = None, *, retarget: bool = False
) -> Story:
    return explain(where, plan_of(where, declared, retarget=retarget), name)


def failover(story: Story, place: int = 0) -> SideStory:
    return story.configs[place].sides[0]


def in_test(story: Story, place: int = 0) -> SideStory:
    return story.configs[place].sides[1]


def why(steps: Iterable[Step], rule: str) -> str:
    """Why that rule decided, passed, or what it came to."""
    (found,) = [step.why for step in steps if step.rule == rule]
    return found


def passed(steps: Sequence[Step]) -> list[str]:
    return [step.rule for step in steps if step.verdict is PASSES]


# -- what holds of every story ---------------------------------------------------------------------


def check_order(steps: Sequence[Step], order: Sequence[str]) -> None:
    """All rules in the documented order, one decider, and after it nothing else that was asked."""
    if [step.verdict for step in steps] == [Verdict.NOT_ASKED]:
        return
    ruling = [step for step in steps if step.verdict is not Verdict.COMES_TO]
    assert [step.rule for step in ruling] == list(order)
    assert [step.verdict for step in ruling].count(DECIDES) == 1
    at = [step.verdict for step in ruling].index(DECIDES)
    assert {step.verdict for step in ruling[:at]} <= {PASSES}
    after = {step.verdict for step in ruling[at + 1 :]}
    assert after <= {Verdict.NOT_REACHED}
    assert all(step.why for step in steps if step.verdict is not Verdict.NOT_REACHED)
    assert steps[: len(ruling)] == tuple(ruling), "what it comes to is said last"


def address_order(steps: Sequence[Step]) -> list[str]:
    """Names with prefix rules and modes in them can't be listed: their places can."""
    names = [step.rule for step in steps if step.verdict is not Verdict.COMES_TO]
    kinds = ["explicit", "what is set", "prefix rule", "mode ", "documented rule"]
    places = [next(n for n, kind in enumerate(kinds) if name.startswith(kind)) for name in names]
    assert places == sorted(places)
    assert set(places) == set(range(len(kinds)))
    return names


def check(where: Inventory, made: Plan, one: ReplicatedItem) -> None:
    """The story of one item against the plan, carried out by the tests' own hand."""
    story = explain(where, made, str(one.vm))
    done = carried_out(where, made).item(one.id)
    assert done is not None
    assert story.target_network == str(done.target_network or "")
    assert story.test_network == str(done.test_network or "")
    check_order(story.networks.pair_steps, PAIR_RULES)
    check_order(story.networks.target_steps, TARGET_RULES)
    check_order(story.networks.test_steps, TEST_RULES)
    configs = [config for nic in done.nics for config in nic.ip_configs]
    written = not story.pending
    for told, config in zip(story.configs, configs, strict=True):
        ends = [(config.subnet, config.address), (config.test_subnet, config.test_address)]
        for side, (end_subnet, end_address) in zip(told.sides, ends, strict=True):
            end = (end_subnet, str(end_address) if end_address else None)
            assert (side.planned_subnet, side.planned_address) == end
            if written:
                assert (side.ruled_subnet, side.ruled_address) == end
            check_side(side)


def check_side(side: SideStory) -> None:
    if side.nothing:
        assert side.subnet_steps == side.address_steps == ()
        if side.nothing.endswith("what rows clear of it is cleared"):
            assert side.ruled_subnet in (None, side.subnet)
            assert side.ruled_address in (None, side.address)
        else:
            assert (side.ruled_subnet, side.ruled_address) == (side.subnet, side.address)
        return
    check_order(side.subnet_steps, SUBNET_RULES)
    if side.address_steps[0].verdict is not Verdict.NOT_ASKED:
        check_order(side.address_steps, address_order(side.address_steps))


DECLARED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "enforced": {"nics": {"existing": "enforce"}},
    "next-free": {"nics": {"address": "next-free"}},
    "same": {"nics": {"address": "same"}},
    "dynamic": {"nics": {"address": "dynamic", "existing": "enforce"}},
    "unmanaged": {"nics": {"address": "unmanaged"}},
    "prefix rules": {
        "networks": [
            {
                "source": "vnet-app",
                "addresses": [
                    {"from": "10.1.1.16/28", "to": "10.1.2.16/28"},
                    {"from": "10.1.1.0/28", "to": "10.1.1.32/28"},
                ],
                "test": {"network": "vnet-app-asr", "subnets": {"web": "app"}},
            }
        ]
    },
    "rows": {
        "nics": {
            "settings": [
                {"vm": "vm00", "ip_config": "ipconfig1", "address": "10.1.1.20"},
                {"vm": "vm01", "ip_config": "ipconfig1", "address": "10.1.1.20"},
                {"vm": "vm02", "ip_config": "ipconfig1", "address": "asr-default"},
                {"vm": "vm03", "ip_config": "ipconfig1", "subnet": "app"},
                {"vm": "vm04", "ip_config": "ipconfig1", "subnet": "nowhere"},
                {"vm": "vm05", "target_network": "vnet-app-asr", "address": "next-free"},
            ]
        }
    },
    "cleared": {
        "nics": {
            "settings": [
                {"vm": "vm00", "subnet": "none", "address": "none"},
                {"vm": "vm01", "target_network": "none", "subnet": "none", "address": "none"},
                {"vm": "vm02", "subnet": "none"},
                {"vm": "app1", "subnet": "none", "address": "dynamic"},
                {"vm": "app2", "target_network": "none", "subnet": "none", "address": "dynamic"},
                {"vm": "away", "target_network": "none"},
                {"vm": "tested", "test_network": "none", "test_subnet": "none"},
                {"vm": "back", "target_network": "none", "test_address": "10.1.1.9"},
                {"vm": "two", "ip_config": "second", "subnet": "none", "address": "10.1.1.9"},
            ]
        }
    },
}


@pytest.mark.parametrize("name", DECLARED)
@budget(max_examples=12)
@given(where=estates(), retarget=st.booleans())
def test_the_story_of_every_item_ends_where_the_plan_does(
    name: str, where: Inventory, retarget: bool
) -> None:
    made = plan_of(where, settings(**DECLARED[name]), retarget=retarget)
    for one in where.items:
        check(where, made, one)


TIGHT = [
    network("vnet-app", subnets={"web": "10.1.1.0/29"}),
    network("vnet-app-asr", TARGET, subnets={"web": "10.1.1.0/29", "app": "10.1.2.0/29"}),
]
MIXED = inventory(
    item("app1", ip_config(to="10.1.1.10", subnet="web"), target="vnet-app-asr", by_user=True),
    item("app2", ip_config(to="10.1.2.10", subnet="app"), target="vnet-app-asr", by_user=True),
    item("away", ip_config("10.1.1.12"), target="vnet-other"),
    item("gone", ip_config("10.1.1.13"), target="vnet-gone"),
    item("busy", ip_config("10.1.1.14"), scenario="Reprotect"),
    item("back", ip_config("10.1.1.15"), of="vnet-app-asr", goes=(TARGET, SOURCE)),
    item("tested", ip_config("10.1.1.16"), test="vnet-other"),
    item("v6", ip_config("fd00::5")),
    item("new", nics=()),
    item("stray", ip_config("10.9.1.10"), of="vnet-unknown"),
    item(
        "two",
        nics=(
            replicated_nic(
                "two-nic",
                ip_config("10.1.1.30"),
                ip_config("10.1.1.31", name="second", primary=False, selected=True),
                ip_config("10.1.1.32", name="third", primary=False),
            ),
        ),
    ),
    networks=[APP, APP_ASR, network("vnet-other", TARGET, subnets={"x": "10.1.1.0/24"})],
    nics=(existing_nic("taker", "10.1.1.14"), existing_nic("other", "10.1.1.30")),
)
TEST_NETWORK = {"networks": [{"source": "vnet-app", "test": {"network": "vnet-app-asr"}}]}


@pytest.mark.parametrize("retarget", [False, True])
@pytest.mark.parametrize("declared", [*DECLARED.values(), TEST_NETWORK])
@pytest.mark.parametrize("one", MIXED.items, ids=lambda i: str(i.vm_name))
def test_an_estate_of_odd_items_is_told_as_it_is_planned(
    one: ReplicatedItem, declared: dict[str, Any], retarget: bool
) -> None:
    check(MIXED, plan_of(MIXED, settings(**declared), retarget=retarget), one)


@pytest.mark.parametrize("existing", ["keep", "enforce"])
def test_the_stories_of_the_demo_estate_end_where_its_plan_does(existing: Any) -> None:
    declared = demo_settings(existing)
    with api.open_sandbox("demo") as azure:
        where = api.read(azure, declared)
        made = api.plan(azure, declared, inventory=where)
    for one in where.items:
        check(where, made, one)


def test_the_checks_above_would_notice_a_story_that_ends_elsewhere() -> None:
    made = plan_of(MIXED)
    less = replace(made, changes=tuple(c for c in made.changes if c.title != "two"))
    with pytest.raises(AssertionError):
        check(MIXED, less, next(i for i in MIXED.items if i.vm_name == "two"))
    side = failover(explain(MIXED, made, "two"))
    with pytest.raises(AssertionError):
        check_order(side.subnet_steps[::-1], SUBNET_RULES)
    with pytest.raises(AssertionError):
        check_order((*side.subnet_steps, *side.subnet_steps), SUBNET_RULES * 2)


# -- the network of the pair -----------------------------------------------------------------------

OTHER = network("vnet-other", TARGET, subnets={"web": "10.1.1.0/24"})
PLAIN: dict[str, Any] = {"networks": (APP, OTHER), "mappings": ()}
BRANCHES: list[tuple[TargetRule, dict[str, Any], dict[str, Any]]] = [
    (TargetRule.NAMED, PLAIN, {"networks": [{"source": "vnet-app", "target": "vnet-other"}]}),
    (TargetRule.FORWARD_MAPPING, {**PLAIN, "mappings": [mapping("vnet-app", "vnet-other")]}, {}),
    (
        TargetRule.REVERSE_MAPPING,
        {**PLAIN, "mappings": [reverse_mapping("vnet-other", "vnet-app")]},
        {},
    ),
    (TargetRule.ASR_NAME, {"networks": (APP, APP_ASR), "mappings": ()}, {}),
    (TargetRule.CREATE, PLAIN, {}),
]


@pytest.mark.parametrize(("rule", "where", "declared"), BRANCHES, ids=lambda b: str(b)[:20])
def test_the_pair_is_told_branch_by_branch(
    rule: TargetRule, where: dict[str, Any], declared: dict[str, Any]
) -> None:
    story = story_of(inventory(item("app1", ip_config()), **where), "app1", settings(**declared))
    steps = story.networks.pair_steps
    assert story.target_rule == decided_by(steps) == rule.value
    assert passed(steps) == PAIR_RULES[: PAIR_RULES.index(rule.value)]
    assert story.networks.pair.startswith("vnet-app -> ")
    assert why(steps, rule.value) in story.target_reason


def test_items_that_agree_on_a_network_decide_and_those_that_do_not_are_named() -> None:
    agreed = inventory(item("app1", ip_config(), target="vnet-other"), **PLAIN)
    assert story_of(agreed, "app1").target_rule == "selected by the items"
    more = item("app2", ip_config("10.1.1.11"), target="vnet-app-asr")
    apart = replace(agreed, items=(*agreed.items, more), networks=(APP, OTHER, APP_ASR))
    said = why(story_of(apart, "app1").networks.pair_steps, "selected by the items")
    assert said == "the replicated items of vnet-app do not agree: vnet-app-asr, vnet-other"


def test_an_item_without_a_pair_says_so_and_asks_nothing() -> None:
    story = explain(MIXED, plan_of(MIXED), "stray")
    assert [step.verdict for step in story.networks.pair_steps] == [Verdict.NOT_ASKED]
    assert story.target_reason == "no pair of networks is that of its NICs"
    assert failover(story).nothing == "no rule is asked: the item can't be planned now"


# -- the item's own networks -----------------------------------------------------------------------


def test_the_network_that_an_item_selects_is_kept_unless_items_are_moved() -> None:
    kept = story_of(MIXED, "away")
    assert decided_by(kept.networks.target_steps) == "what is set"
    assert "changing a mapping does not move items" in kept.target_reason
    assert kept.target_network.endswith("/vnet-other")
    moved = story_of(MIXED, "away", retarget=True)
    assert decided_by(moved.networks.target_steps) == "network mapping"
    assert "--retarget-items moves it" in why(moved.networks.target_steps, "what is set")
    assert moved.target_network.endswith("/vnet-app-asr")


def test_a_row_for_the_network_beats_what_is_set() -> None:
    declared = rows({"vm": "away", "target_network": "vnet-app-asr"})
    story = story_of(MIXED, "away", declared)
    assert decided_by(story.networks.target_steps) == "explicit"
    assert story.target_network.endswith("/vnet-app-asr")


def test_a_row_that_means_the_other_direction_is_passed_over_and_that_is_said() -> None:
    declared = rows({"vm": "back", "target_network": "vnet-app-asr"})
    story = story_of(MIXED, "back", declared)
    assert "replicates back now" in why(story.networks.target_steps, "explicit")
    assert "turned round" in story.direction_reason


TESTS: list[tuple[str, dict[str, Any], NetworkRule, str]] = [
    ("app1", {}, NetworkRule.AS_IT_IS, ""),
    ("app1", TEST_NETWORK, NetworkRule.CONFIGURED, "vnet-app-asr"),
    ("tested", {}, NetworkRule.AS_IT_IS, "vnet-other"),
    ("tested", TEST_NETWORK, NetworkRule.WHAT_IS_SET, "vnet-other"),
    (
        "tested",
        {**TEST_NETWORK, "nics": {"existing": "enforce"}},
        NetworkRule.CONFIGURED,
        "vnet-app-asr",
    ),
    (
        "tested",
        {"nics": {"settings": [{"vm": "tested", "test_network": "none"}]}},
        NetworkRule.EXPLICIT,
        "",
    ),
    (
        "tested",
        {"nics": {"settings": [{"vm": "tested", "test_network": "vnet-app-asr"}]}},
        NetworkRule.EXPLICIT,
        "vnet-app-asr",
    ),
    ("back", TEST_NETWORK, NetworkRule.AS_IT_IS, ""),
]


@pytest.mark.parametrize(("name", "declared", "rule", "ends"), TESTS)
def test_whose_word_counts_for_the_test_network_is_told(
    name: str, declared: dict[str, Any], rule: NetworkRule, ends: str
) -> None:
    story = story_of(MIXED, name, settings(**declared))
    assert decided_by(story.networks.test_steps) == rule.value
    assert story.test_network.rpartition("/")[2] == ends


def test_nothing_contradicts_the_test_network_of_an_item_that_goes_back() -> None:
    back = item(
        "back", ip_config("10.1.1.15"), of="vnet-app-asr", goes=(TARGET, SOURCE), test="vnet-back"
    )
    own = network("vnet-back", SOURCE, subnets={"front": "10.3.1.0/24"})
    where = inventory(back, networks=[APP, APP_ASR, own])
    story = story_of(where, "back", settings(**TEST_NETWORK))
    assert story.test_network.endswith("/vnet-back")
    assert why(story.networks.test_steps, "configured test network").startswith("it replicates ba")
    assert in_test(story).nothing == "no rule is asked: nothing is said of it in test failovers"
    row = {"vm": "back", "test_subnet": "front", "test_address": "10.3.1.99"}
    side = in_test(story_of(where, "back", rows(row)))
    assert (side.planned_subnet, side.planned_address) == ("front", "10.3.1.99")


def test_a_cleared_network_is_told_as_such() -> None:
    story = story_of(MIXED, "away", rows({"vm": "away", "target_network": "none"}))
    assert decided_by(story.networks.target_steps) == "explicit"
    assert "Site Recovery decides" in why(story.networks.target_steps, "explicit")
    assert story.target_network == ""
    assert failover(story).nothing == "no rule is asked: no target network is set for it"


def test_a_test_network_that_could_not_be_seen_is_not_asked_for_and_nothing_breaks() -> None:
    where = replace(
        inventory(item("app1", ip_config())), not_looked_at=(NotLookedAt("rg-far", "403"),)
    )
    declared = rows({"vm": "app1", "test_network": "vnet-far"})
    story = story_of(where, "app1", declared)
    (step,) = story.networks.test_steps
    assert (step.verdict, "vnet-far" in step.why) == (Verdict.NOT_ASKED, True)
    assert story.pending


# -- subnets and addresses -------------------------------------------------------------------------


def test_what_somebody_set_stands_above_every_rule_but_the_explicit_one() -> None:
    side = failover(story_of(MIXED, "app2"))
    assert decided_by(side.subnet_steps) == "what is set"
    assert "the rules give web" in why(side.subnet_steps, "what is set")
    enforced = failover(story_of(MIXED, "app2", settings(nics={"existing": "enforce"})))
    assert decided_by(enforced.subnet_steps) == "same name"
    assert "`existing: enforce` replaces it" in why(enforced.subnet_steps, "what is set")
    named = rows({"vm": "app2", "nic": "app2-nic", "ip_config": "ipconfig1", "subnet": "web"})
    assert decided_by(failover(story_of(MIXED, "app2", named)).subnet_steps) == "explicit"


def test_an_address_that_the_rules_would_have_otherwise_stays_and_that_is_said() -> None:
    where = estate(vm(config={"to": "10.1.1.50"}, nic={"chosen_by_user": True}), mappings=PAIRED)
    side = failover(story_of(where, "app1"))
    assert decided_by(side.address_steps) == "what is set"
    assert "the rules give 10.1.1.10" in why(side.address_steps, "what is set")
    assert side.planned_address == "10.1.1.50"
    enforced = failover(story_of(where, "app1", settings(nics={"existing": "enforce"})))
    assert decided_by(enforced.address_steps) == "documented rule (2017, 2026)"
    assert why(enforced.address_steps, "given out").startswith("10.1.1.10: ")


def test_an_address_that_suits_a_rule_without_a_wish_of_its_own_stays_by_that_rule() -> None:
    where = estate(vm(config={"to": "10.1.1.50"}), mappings=PAIRED)
    side = failover(story_of(where, "app1", settings(nics={"address": "next-free"})))
    assert decided_by(side.address_steps) == "mode next-free"
    assert why(side.address_steps, "as it is set").startswith("10.1.1.50: ")


def test_a_taken_explicit_address_comes_to_nothing_with_the_holder_named() -> None:
    where = estate(vm(config={"to": None}), mappings=PAIRED)
    where = replace(where, nics=(*where.nics, existing_nic("taker", "10.1.1.77")))
    declared = rows({"vm": "app1", "ip_config": "ipconfig1", "address": "10.1.1.77"})
    side = failover(story_of(where, "app1", declared))
    assert decided_by(side.address_steps) == "explicit"
    said = why(side.address_steps, "given out")
    assert "NIC taker" in said
    assert said.endswith("so it stays as it is: no address")
    assert side.ruled_address is None


def test_a_subnet_that_is_too_small_for_all_is_given_to_none() -> None:
    items = [item(f"vm{n}", ip_config(f"10.1.1.{n}")) for n in range(4, 12)]
    where = inventory(*items, networks=TIGHT)
    side = failover(story_of(where, "vm4", settings(nics={"address": "next-free"})))
    assert decided_by(side.subnet_steps) == "same name"
    assert "no room" in why(side.subnet_steps, "given out")
    assert "too small" in why(side.address_steps, "given out")
    assert (side.ruled_subnet, side.ruled_address) == (None, None)


def test_ipv6_and_a_missing_subnet_leave_nothing_to_ask_for_an_address() -> None:
    (step,) = failover(story_of(MIXED, "v6")).address_steps
    assert (step.verdict, "IPv6" in step.why) == (Verdict.NOT_ASKED, True)
    declared = settings(nics={"subnet_fallback": "refuse"})
    bare = network("vnet-app-asr", TARGET, subnets=[subnet("other", "10.1.9.0/24")])
    where = inventory(item("app1", ip_config()), networks=[APP, bare])
    side = failover(story_of(where, "app1", declared))
    assert decided_by(side.subnet_steps) == "left to people"
    (step,) = side.address_steps
    assert (step.verdict, step.why) == (Verdict.NOT_ASKED, "no subnet, so no address")


def test_a_secondary_ip_config_that_is_not_selected_is_asked_nothing() -> None:
    story = story_of(MIXED, "two")
    assert [config.selected for config in story.configs] == [True, True, False]
    assert "not selected" in failover(story, 2).nothing
    assert failover(story, 1).nothing == ""


def test_what_rows_say_of_single_ip_configs_in_the_item_s_own_test_network_is_explicit() -> None:
    declared = rows({"vm": "tested", "ip_config": "ipconfig1", "test_subnet": "x"})
    side = in_test(story_of(MIXED, "tested", declared))
    assert decided_by(side.subnet_steps) == "explicit"
    assert decided_by(side.address_steps) == "mode unmanaged"
    other = rows({"vm": "tested", "ip_config": "nope", "test_subnet": "x"})
    assert "nothing is said" in in_test(story_of(MIXED, "tested", other)).nothing


def test_a_pending_item_is_told_what_it_gets_later() -> None:
    story = story_of(MIXED, "busy")
    side = failover(story)
    assert story.pending
    assert story.change is None
    assert (side.planned_subnet, side.planned_address) == (None, None)
    assert side.ruled_subnet == "web"
    assert side.ruled_address == "10.1.1.15"  # 10.1.1.14 is taken


def test_a_story_needs_a_vm_that_is_there_and_only_one() -> None:
    with pytest.raises(NotFound):
        story_of(MIXED, "app9")
    twin = replace(MIXED.items[0], id=MIXED.items[1].id.parent.child("x", "twin"))
    with pytest.raises(AmbiguousName):
        story_of(replace(MIXED, items=(*MIXED.items, twin)), "app1")


# -- the other forms -------------------------------------------------------------------------------


@pytest.mark.parametrize("one", MIXED.items, ids=lambda i: str(i.vm_name))
def test_the_document_and_the_rows_tell_the_same_steps(one: ReplicatedItem) -> None:
    story = explain(MIXED, plan_of(MIXED, settings(**TEST_NETWORK)), one.vm_name)
    document = story_document(story, sandbox=False)
    told = [
        *document["target_network"]["pair_rules"],
        *document["target_network"]["rules"],
        *document["test_network_rules"],
    ]
    for config in document["ip_configs"]:
        for side in (config["failover"], config["test_failover"]):
            told += [*side["subnet_rules"], *side["address_rules"]]
    table = story_page(story, sandbox=False).rows
    assert table is not None
    assert [row[-3:] for row in table.rows] == [tuple(step.values()) for step in told]


def test_the_document_keeps_the_keys_that_it_had() -> None:
    document = story_document(story_of(MIXED, "app2"), sandbox=True)
    assert document["schema"] == "asr-netmap/nic-story/1"
    assert {"id", "rule", "reason"} <= set(document["target_network"])
    assert document["test_network"] is None
    side = document["ip_configs"][0]["failover"]
    assert {"nothing", "subnet_rules", "address_rules", "set", "planned"} <= set(side)
    assert side["subnet_decided_by"] == "what is set"
