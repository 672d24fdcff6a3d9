"""Which network a source network fails over into: every branch, and which one wins."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from asr_netmap.errors import AmbiguousName, NotFound, PlanningError, UsageError
from asr_netmap.models import Inventory, Network
from asr_netmap.rules.target_network import TargetChoice, TargetRule, choose_target
from asr_netmap.settings import NetworkSettings, Settings
from tests.builders import (
    OTHER_SUBSCRIPTION,
    SOURCE,
    SUBSCRIPTION,
    TARGET,
    inventory,
    item,
    mapping,
    network,
    network_id,
    reverse_mapping,
    settings,
)

APP = network("vnet-app")
NAMED = network("vnet-named", TARGET)
FORWARD = network("vnet-forward", TARGET)
REVERSE = network("vnet-reverse", TARGET)
CHOSEN = network("vnet-chosen", TARGET)
ASR = network("rg-other/vnet-app-asr", TARGET)

# The branches in their order: what makes each of them apply, and the target that it gives.
BRANCHES: list[tuple[TargetRule, Network, dict[str, Any]]] = [
    (TargetRule.FORWARD_MAPPING, FORWARD, {"mappings": [mapping("vnet-app", "vnet-forward")]}),
    (
        TargetRule.REVERSE_MAPPING,
        REVERSE,
        {"mappings": [reverse_mapping("vnet-reverse", "vnet-app")]},
    ),
    (TargetRule.ITEMS, CHOSEN, {"items": [item("app1", target="vnet-chosen")]}),
    (TargetRule.ASR_NAME, ASR, {"networks": [ASR]}),
]


def estate(*parts: dict[str, Any]) -> Inventory:
    """All networks but the -asr one, and what the parts add."""
    found: dict[str, list[Any]] = {
        "networks": [APP, NAMED, FORWARD, REVERSE, CHOSEN],
        "mappings": [],
        "items": [],
    }
    for part in parts:
        for key, more in part.items():
            found[key] = [*found[key], *more]
    return inventory(*found["items"], networks=found["networks"], mappings=found["mappings"])


def choose(
    where: Inventory,
    wanted: str | None = None,
    declared: Settings | None = None,
    source: Network = APP,
) -> TargetChoice:
    row = NetworkSettings(source=source.name, target=wanted) if wanted else None
    return choose_target(source, row, declared or settings(), where)


@pytest.mark.parametrize("first", range(len(BRANCHES)))
def test_a_branch_wins_over_all_that_come_after_it(first: int) -> None:
    rule, target, _ = BRANCHES[first]
    choice = choose(estate(*(part for _, _, part in BRANCHES[first:])))
    assert (choice.rule, choice.target, choice.network) == (rule, target.id, target)
    assert choice.reason


@pytest.mark.parametrize("only", range(len(BRANCHES)))
def test_a_branch_applies_on_its_own(only: int) -> None:
    rule, target, part = BRANCHES[only]
    choice = choose(estate(part))
    assert (choice.rule, choice.target) == (rule, target.id)


@pytest.mark.parametrize("text", ["vnet-named", "VNET-NAMED", "rg-app/vnet-named", str(NAMED.id)])
def test_a_named_target_wins_over_everything(text: str) -> None:
    choice = choose(estate(*(part for _, _, part in BRANCHES)), text)
    assert (choice.rule, choice.network) == (TargetRule.NAMED, NAMED)
    assert choice.reason == "named as the target"


def test_without_any_sign_a_copy_is_created_in_a_group_of_its_own() -> None:
    choice = choose(estate())
    assert choice.rule is TargetRule.CREATE
    assert choice.target == network_id("vnet-app-asr", "rg-app-asr")
    assert choice.network is None
    assert "vnet-app-asr is created" in choice.reason


def test_group_and_subscription_of_a_copy_can_be_given() -> None:
    given = settings(target_resource_group="rg-dr", target_subscription=OTHER_SUBSCRIPTION)
    expected = network_id("vnet-app-asr", "rg-dr", OTHER_SUBSCRIPTION)
    assert choose(estate(), declared=given).target == expected


def test_a_copy_goes_into_the_subscription_of_its_source_by_default() -> None:
    source = replace(APP, id=network_id("vnet-app", subscription=OTHER_SUBSCRIPTION))
    assert choose(estate(), source=source).target.subscription == OTHER_SUBSCRIPTION


def test_a_mapping_of_another_pair_of_regions_says_nothing() -> None:
    elsewhere = mapping("vnet-app", "vnet-forward", (SOURCE, "westeurope"))
    back = mapping("vnet-reverse", "vnet-app", ("westeurope", SOURCE))
    assert choose(estate({"mappings": [elsewhere, back]})).rule is TargetRule.CREATE


def test_a_mapping_is_found_by_what_it_maps_not_by_its_path() -> None:
    """Terraform puts the network's name where others put a constant."""
    made = mapping("vnet-app", "vnet-forward", segment="vnet-app", name="anything")
    assert choose(estate({"mappings": [made]})).target == FORWARD.id


def test_the_target_of_a_mapping_counts_even_if_it_is_gone() -> None:
    choice = choose(estate({"mappings": [mapping("vnet-app", "vnet-gone")]}))
    assert choice.rule is TargetRule.FORWARD_MAPPING
    assert choice.network is None
    assert choice.target == network_id("vnet-gone")


def test_items_that_select_different_networks_decide_nothing() -> None:
    two = [item("app1", target="vnet-chosen"), item("app2", target="vnet-named")]
    assert choose(estate({"items": two})).rule is TargetRule.CREATE


def test_an_item_that_selects_nothing_yet_does_not_disturb_the_others() -> None:
    some = [item("app1", target="vnet-chosen"), item("app2")]
    assert choose(estate({"items": some})).target == CHOSEN.id


def test_items_of_another_network_or_pair_of_regions_decide_nothing() -> None:
    others = [
        item("db1", of="vnet-data", target="vnet-chosen"),
        item("app3", goes=(SOURCE, "westeurope"), target="vnet-chosen"),
    ]
    assert choose(estate({"items": others})).rule is TargetRule.CREATE


def test_a_network_of_the_right_name_in_another_region_is_no_asr_network() -> None:
    elsewhere = network("rg-other/vnet-app-asr", "westeurope")
    assert choose(estate({"networks": [elsewhere]})).rule is TargetRule.CREATE


def test_several_asr_networks_are_ambiguous_and_all_named_in_any_order() -> None:
    twins = [ASR, network("rg-third/VNET-APP-ASR", TARGET)]
    said = set()
    for order in permutations(twins):
        with pytest.raises(AmbiguousName) as caught:
            choose(estate({"networks": order}))
        said.add(caught.value.message)
    (message,) = said
    assert all(str(twin.id) in message for twin in twins)


def test_of_several_asr_networks_the_one_that_would_be_created_is_meant() -> None:
    """So a run that stopped between the creation and the mappings can be finished."""
    own = network("rg-app-asr/vnet-app-asr", TARGET)
    choice = choose(estate({"networks": [ASR, own]}))
    assert (choice.rule, choice.network) == (TargetRule.ASR_NAME, own)


@pytest.mark.parametrize(
    "made",
    [
        [mapping("vnet-app", "vnet-forward"), mapping("vnet-app", "vnet-named")],
        [reverse_mapping("vnet-reverse", "vnet-app"), reverse_mapping("vnet-named", "vnet-app")],
    ],
)
def test_several_mappings_to_different_networks_are_ambiguous(made: list[Any]) -> None:
    with pytest.raises(AmbiguousName, match="vnet-named"):
        choose(estate({"mappings": made}))


def test_an_asr_network_that_fails_over_gets_no_second_suffix() -> None:
    """With the regions swapped, the copy is the source and the original its other side."""
    copy, original = network("vnet-app-asr"), network("vnet-app", TARGET)
    where = inventory(networks=[copy, original], mappings=[])
    choice = choose(where, source=copy)
    assert (choice.rule, choice.network) == (TargetRule.PLAIN_NAME, original)


def test_a_network_that_is_named_like_the_source_without_its_last_letters_is_no_original() -> None:
    where = inventory(networks=[APP, network("vnet", TARGET)], mappings=[])
    assert choose(where).rule is TargetRule.CREATE


def test_a_name_that_happens_to_end_like_a_copy_is_copied_like_any_other() -> None:
    lonely = network("vnet-lonely-asr")
    choice = choose(inventory(networks=[lonely], mappings=[]), source=lonely)
    assert (choice.rule, choice.target.name) == (TargetRule.CREATE, "vnet-lonely-asr-asr")


def test_a_named_target_in_the_wrong_region_is_refused_with_its_region() -> None:
    with pytest.raises(UsageError, match=f"is in {SOURCE}, not in {TARGET}"):
        choose(estate({"networks": [network("vnet-near")]}), "vnet-near")


def test_a_name_that_fits_several_networks_is_refused_with_all_of_them() -> None:
    with pytest.raises(AmbiguousName, match=r"rg-app/.*rg-other/") as caught:
        choose(estate({"networks": [network("rg-other/vnet-named", TARGET)]}), "vnet-named")
    assert "group/name" in caught.value.hint
    assert SUBSCRIPTION in caught.value.message


def test_a_misspelt_target_is_refused_with_the_names_that_are_near() -> None:
    with pytest.raises(NotFound, match="'vnet-nmaed'") as caught:
        choose(estate(), "vnet-nmaed")
    assert "vnet-named" in caught.value.hint
    assert "vnet-app" not in caught.value.hint.replace("vnet-app-asr", "")


def test_a_name_that_would_get_too_long_with_the_suffix_is_refused() -> None:
    long = network("v" * 61)
    with pytest.raises(PlanningError, match="longer than the 64 characters"):
        choose(inventory(networks=[long], mappings=[]), source=long)
    short = network("v" * 60)
    assert choose(inventory(networks=[short], mappings=[]), source=short).target.name.endswith(
        "-asr"
    )
