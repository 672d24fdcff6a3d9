"""Mappings come in pairs: what is missing, wrong, in the way, or not ours to overwrite."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from asr_netmap.errors import SharedTarget
from asr_netmap.models import Direction, NetworkMapping
from asr_netmap.rules.mapping_pair import (
    MappingStep,
    NetworkPair,
    StepAction,
    fabric_id,
    mapping_from,
    new_mapping_id,
    pair_steps,
    refuse_shared_targets,
    removal_steps,
)
from tests.builders import (
    PAIRED,
    SOURCE,
    TARGET,
    VAULT,
    fabric,
    inventory,
    mapping,
    network_id,
    reverse_mapping,
    settings,
)

REGIONS = settings().regions
PAIR = NetworkPair(network_id("vnet-app"), network_id("vnet-app-asr"))
FORWARD, REVERSE = PAIRED


def steps(
    made: Iterable[NetworkMapping], pair: NetworkPair = PAIR, *, reverse: bool = True
) -> list[MappingStep]:
    where = inventory(mappings=made)
    return list(pair_steps(pair, VAULT, REGIONS, where, reverse=reverse))


def shown(found: Iterable[MappingStep]) -> list[str]:
    return [f"{s.action.value} {s.maps.name} -> {s.onto.name} ({s.direction.value})" for s in found]


CREATE_FORWARD = "create vnet-app -> vnet-app-asr (forward)"
CREATE_REVERSE = "create vnet-app-asr -> vnet-app (reverse)"


def test_a_missing_pair_is_created_in_both_directions() -> None:
    found = steps([])
    assert shown(found) == [CREATE_FORWARD, CREATE_REVERSE]
    assert found[0].mapping.is_under(fabric(SOURCE).id)
    assert found[1].mapping.is_under(fabric(TARGET).id)
    assert all("need both" in step.reason for step in found)


def test_the_direction_that_is_missing_is_created_and_the_other_left_alone() -> None:
    assert shown(steps([FORWARD])) == [CREATE_REVERSE]
    assert shown(steps([REVERSE])) == [CREATE_FORWARD]


def test_a_pair_that_is_right_needs_nothing() -> None:
    assert steps(PAIRED) == []


@pytest.mark.parametrize("segment", ["azureNetwork", "vnet-app", "AZURENETWORK"])
def test_a_pair_is_right_whatever_its_names_and_path_segments(segment: str) -> None:
    made = [
        mapping("vnet-app", "vnet-app-asr", name="x", segment=segment),
        reverse_mapping("VNET-APP-ASR", "VNET-app", name="x", segment=segment),
    ]
    assert steps(made) == []


def test_a_change_of_target_deletes_the_old_reverse_first_then_updates_then_creates() -> None:
    made = [mapping("vnet-app", "vnet-old"), reverse_mapping("vnet-old", "vnet-app")]
    found = steps(made)
    assert shown(found) == [
        "delete vnet-old -> vnet-app (reverse)",
        "update vnet-app -> vnet-app-asr (forward)",
        CREATE_REVERSE,
    ]
    assert [s.mapping for s in found[:2]] == [made[1].id, made[0].id]
    assert found[1].onto_before == network_id("vnet-old")


def test_the_reverse_mapping_of_somebody_else_is_not_deleted() -> None:
    made = [mapping("vnet-app", "vnet-old"), reverse_mapping("vnet-old", "vnet-other")]
    assert shown(steps(made)) == ["update vnet-app -> vnet-app-asr (forward)", CREATE_REVERSE]


def test_a_stale_reverse_mapping_is_pointed_back() -> None:
    stale = reverse_mapping("vnet-app-asr", "vnet-other")
    found = steps([FORWARD, stale])
    assert shown(found) == ["update vnet-app-asr -> vnet-app (reverse)"]
    assert (found[0].mapping, found[0].onto_before) == (stale.id, network_id("vnet-other"))


def test_a_mapping_that_another_pair_deletes_is_made_anew_instead_of_updated() -> None:
    going = reverse_mapping("vnet-app-asr", "vnet-other")
    where = inventory(mappings=[FORWARD, going])
    found = pair_steps(PAIR, VAULT, REGIONS, where, reverse=True, going=[going.id])
    assert shown(found) == [CREATE_REVERSE]
    assert found[0].mapping != going.id


def test_a_source_that_is_not_mapped_back_gets_its_forward_mapping_only() -> None:
    assert shown(steps([], reverse=False)) == [CREATE_FORWARD]


def test_mappings_of_other_regions_are_no_part_of_the_pair() -> None:
    far = mapping("vnet-app", "vnet-app-asr", (SOURCE, "westeurope"))
    assert shown(steps([far])) == [CREATE_FORWARD, CREATE_REVERSE]


def test_of_mappings_made_twice_the_right_one_counts_in_any_order() -> None:
    twice = [mapping("vnet-app", "vnet-a-wrong", name="a"), FORWARD, REVERSE]
    for order in (twice, twice[::-1]):
        assert steps(order) == []
        found = mapping_from(
            PAIR.source, Direction.FORWARD, REGIONS, inventory(mappings=order), onto=None
        )
        assert found == twice[0]


def test_of_forward_mappings_made_twice_the_wrong_one_s_reverse_is_not_in_the_way() -> None:
    wrong = mapping("vnet-app", "vnet-a-wrong", name="a")
    assert steps([wrong, FORWARD, REVERSE, reverse_mapping("vnet-a-wrong", "vnet-app")]) == []


def test_of_reverse_mappings_made_twice_the_one_that_maps_back_is_in_the_way() -> None:
    mine = reverse_mapping("vnet-old", "vnet-app", name="b")
    others = reverse_mapping("vnet-old", "vnet-other", name="a")
    found = steps([mapping("vnet-app", "vnet-old"), others, mine])
    assert [s.mapping for s in found if s.action is StepAction.DELETE] == [mine.id]


def test_a_new_mapping_is_named_after_both_networks_and_always_the_same() -> None:
    (one, _), (two, _) = steps([]), steps([])
    assert one.mapping == two.mapping
    prefix, _, digest = one.mapping.name.rpartition("-")
    assert prefix == "vnet-app-to-vnet-app-asr"
    assert len(digest) == 8
    assert int(digest, 16) >= 0


def test_networks_of_one_name_in_two_groups_get_mappings_of_different_names() -> None:
    other = NetworkPair(network_id("vnet-app", "rg-2"), network_id("vnet-app-asr"))
    assert steps([], other)[0].mapping.name != steps([])[0].mapping.name


def test_very_long_names_are_cut_but_stay_apart() -> None:
    names = ["v" * 60 + "1", "v" * 60 + "2"]
    made = [
        steps([], NetworkPair(network_id(n), network_id("t" * 64)))[0].mapping.name for n in names
    ]
    assert max(map(len, made)) <= 96
    assert len(set(made)) == 2


@pytest.mark.parametrize("segment", ["azureNetwork", "vnet-elsewhere"])
def test_a_name_that_other_networks_have_is_refused_before_it_is_written_over(segment: str) -> None:
    """A PUT has no guard: it would re-point the mapping that has the name."""
    name = steps([])[0].mapping.name.upper()
    with pytest.raises(SharedTarget, match="vnet-x to vnet-y") as caught:
        steps([mapping("vnet-x", "vnet-y", name=name, segment=segment)])
    assert caught.value.hint


def test_the_same_name_under_the_other_fabric_is_no_obstacle() -> None:
    where = inventory(mappings=[])
    own = new_mapping_id(fabric(SOURCE).id, PAIR.source, PAIR.target, where)
    other = reverse_mapping("vnet-y", "vnet-x", name=own.name)
    assert steps([other])[0].mapping == own


def test_a_fabric_has_the_portals_name_unless_there_is_one() -> None:
    expected = VAULT.child("replicationFabrics", "asr-a2a-default-eastasia")
    assert str(fabric_id(VAULT, SOURCE, inventory(fabrics=()))) == str(expected)
    own = fabric(SOURCE, "our-fabric")
    assert fabric_id(VAULT, SOURCE, inventory(fabrics=(own,))) == own.id


def test_of_several_fabrics_of_a_region_the_choice_does_not_depend_on_their_order() -> None:
    two = (fabric(SOURCE, "b"), fabric(SOURCE, "a"))
    assert fabric_id(VAULT, SOURCE, inventory(fabrics=two)) == two[1].id
    assert fabric_id(VAULT, SOURCE, inventory(fabrics=two[::-1])) == two[1].id


def test_removal_takes_the_reverse_first_and_leaves_other_pairs_alone() -> None:
    others = [mapping("vnet-data", "vnet-data-dr"), reverse_mapping("vnet-data-dr", "vnet-data")]
    found = removal_steps(PAIR, REGIONS, inventory(mappings=[*PAIRED, *others]))
    assert shown(found) == [
        "delete vnet-app-asr -> vnet-app (reverse)",
        "delete vnet-app -> vnet-app-asr (forward)",
    ]


def test_removal_takes_what_is_there_and_not_what_maps_elsewhere() -> None:
    assert removal_steps(PAIR, REGIONS, inventory(mappings=[])) == ()
    elsewhere = [mapping("vnet-app", "vnet-old"), REVERSE]
    found = removal_steps(PAIR, REGIONS, inventory(mappings=elsewhere))
    assert shown(found) == ["delete vnet-app-asr -> vnet-app (reverse)"]


def test_removal_takes_a_mapping_that_was_made_twice_as_well() -> None:
    again = mapping("vnet-app", "vnet-app-asr", name="again", segment="vnet-app")
    found = removal_steps(PAIR, REGIONS, inventory(mappings=[*PAIRED, again]))
    assert {s.mapping for s in found} == {FORWARD.id, REVERSE.id, again.id}


def test_two_sources_of_one_target_are_refused_naming_both_unless_allowed() -> None:
    twins = [PAIR, NetworkPair(network_id("vnet-app", "rg-2"), PAIR.target)]
    with pytest.raises(SharedTarget, match=r"rg-app/vnet-app and rg-2/vnet-app") as caught:
        refuse_shared_targets(twins, allowed=False)
    assert "--allow-shared-target" in caught.value.hint
    refuse_shared_targets(twins, allowed=True)
    refuse_shared_targets([PAIR, PAIR], allowed=False)
