"""The map: what is there, what is missing, and what nobody could see."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from asr_netmap.models import (
    Direction,
    Inventory,
    LoadBalancer,
    NicAddress,
    NotLookedAt,
    RegionPair,
)
from asr_netmap.planning.picture.network_map import (
    LineState,
    MapLine,
    NetworkMap,
    Presence,
    network_map,
)
from asr_netmap.planning.picture.subnet_use import HeldAddresses, SubnetUse
from asr_netmap.surroundings import SubnetUsage
from tests.builders import (
    APP,
    APP_ASR,
    PAIRED,
    SOURCE,
    SUBSCRIPTION,
    TARGET,
    VAULT,
    existing_nic,
    inventory,
    ip_config,
    item,
    mapping,
    network,
    network_id,
    plan_of,
    resource,
    reverse_mapping,
    settings,
)

REGIONS = RegionPair(SOURCE, TARGET)
OTHER = network("vnet-other", TARGET, "10.9.0.0/16", {"web": "10.9.1.0/24"})


def drawn(what: Inventory, *, planned: bool = False, **declared: Any) -> NetworkMap:
    changes = plan_of(what, settings(**declared)).changes if planned else ()
    return network_map(what, REGIONS, changes)


def line(of: NetworkMap, direction: Direction, tail: str, head: str) -> MapLine:
    (found,) = [
        each
        for each in of.lines
        if (each.direction, each.tail.name, each.head.name) == (direction, tail, head)
    ]
    return found


def test_a_pair_that_is_mapped_both_ways_has_two_lines_in_effect() -> None:
    what = inventory(networks=(APP, APP_ASR), mappings=PAIRED)
    found = drawn(what)
    assert [each.state for each in found.lines] == [LineState.PAIRED, LineState.PAIRED]
    assert found.troubled == ()
    assert [n.name for n in found.sources] == ["vnet-app"]
    assert [n.name for n in found.targets] == ["vnet-app-asr"]


def test_a_mapping_without_its_reverse_shows_what_is_missing() -> None:
    what = inventory(networks=(APP, APP_ASR), mappings=PAIRED[:1])
    found = drawn(what)
    back = line(found, Direction.REVERSE, "vnet-app-asr", "vnet-app")
    assert back.state is LineState.MISSING
    assert found.troubled == found.pairs


def test_a_reverse_mapping_alone_shows_that_the_way_there_is_missing() -> None:
    what = inventory(networks=(APP, APP_ASR), mappings=PAIRED[1:])
    there = line(drawn(what), Direction.FORWARD, "vnet-app", "vnet-app-asr")
    assert there.state is LineState.MISSING


def test_a_mapping_that_is_not_paired_is_not_called_so() -> None:
    what = inventory(
        networks=(APP, APP_ASR),
        mappings=(mapping("vnet-app", "vnet-app-asr", state="Unpairing"), PAIRED[1]),
    )
    found = drawn(what)
    there = line(found, Direction.FORWARD, "vnet-app", "vnet-app-asr")
    assert (there.state, there.word) == (LineState.UNSETTLED, "Unpairing")
    assert found.troubled == found.pairs


def test_mappings_that_could_not_be_read_are_unknown_and_not_missing() -> None:
    vm = item("app1", ip_config(), target="vnet-app-asr")
    gap = NotLookedAt("network mappings", "no permission", VAULT)
    found = drawn(inventory(vm, mappings=(), not_looked_at=(gap,)))
    assert {each.state for each in found.lines} == {LineState.UNSEEN}


def test_networks_that_items_go_between_unmapped_are_on_the_map() -> None:
    vm = item("app1", ip_config(), target="vnet-app-asr")
    found = drawn(inventory(vm, mappings=()))
    assert [each.state for each in found.lines] == [LineState.MISSING] * 2
    assert found.sources[0].items == 1


def test_the_plan_says_which_missing_lines_it_draws_and_which_networks_it_makes() -> None:
    vm = item("app1", ip_config())
    found = drawn(inventory(vm, networks=(APP,), mappings=()), planned=True)
    assert [each.coming for each in found.lines] == ["the plan creates it"] * 2
    (made,) = found.targets
    assert (made.name, made.presence) == ("vnet-app-asr", Presence.PLANNED)
    assert [each.use for each in made.subnets] == [None, None]


def test_a_mapping_that_the_plan_points_elsewhere_says_so_and_is_not_missed() -> None:
    vm = item("app1", ip_config(), target="vnet-app-asr")
    what = inventory(vm, networks=(APP, APP_ASR, OTHER), mappings=PAIRED)
    declared = [{"source": "vnet-app", "target": "vnet-other"}]
    found = drawn(what, planned=True, networks=declared)
    old = line(found, Direction.FORWARD, "vnet-app", "vnet-app-asr")
    assert old.coming == "the plan points it to vnet-other"
    assert line(found, Direction.REVERSE, "vnet-app-asr", "vnet-app").coming == (
        "the plan removes it"
    )
    assert line(found, Direction.FORWARD, "vnet-app", "vnet-other").coming == (
        "the plan points it here"
    )


def test_a_target_that_is_gone_is_told_from_one_that_could_not_be_seen() -> None:
    gone = drawn(inventory(networks=(APP,), mappings=PAIRED))
    assert gone.targets[0].presence is Presence.ABSENT
    gap = NotLookedAt("networks", "no permission", network_id("x").group_id)
    unseen = drawn(inventory(networks=(APP,), mappings=PAIRED, not_looked_at=(gap,)))
    assert unseen.targets[0].presence is Presence.UNSEEN


def test_networks_that_nothing_concerns_stand_aside() -> None:
    found = drawn(inventory(networks=(APP, APP_ASR, OTHER), mappings=PAIRED))
    assert [n.name for n in found.aside] == ["vnet-other"]
    assert OTHER.id not in {n.id for n in found.targets}


def test_two_sources_of_one_target_are_two_pairs_and_one_of_them_has_no_way_back() -> None:
    data = network("vnet-data", space="10.2.0.0/16")
    shared = (*PAIRED, mapping("vnet-data", "vnet-app-asr"))
    found = drawn(inventory(networks=(APP, data, APP_ASR), mappings=shared))
    assert found.troubled == found.pairs[1:]
    assert [n.name for n in found.targets] == ["vnet-app-asr"]


def test_mappings_of_other_regions_are_not_on_the_map() -> None:
    elsewhere = mapping("vnet-app", "vnet-far", (SOURCE, "japaneast"))
    found = drawn(inventory(networks=(APP, APP_ASR), mappings=(*PAIRED, elsewhere)))
    assert len(found.lines) == 2


def test_a_reversed_item_adds_no_pair_the_wrong_way_round() -> None:
    vm = item("app1", ip_config(), of="vnet-app-asr", goes=(TARGET, SOURCE), target="vnet-app")
    found = drawn(inventory(vm, networks=(APP, APP_ASR), mappings=PAIRED))
    assert found.pairs == ((APP.id, APP_ASR.id),)
    assert found.targets[0].items == 1


def test_addresses_in_use_are_counted_once_with_load_balancers() -> None:
    front = NicAddress("f", APP_ASR.id.child("subnets", "WEB"), ip_address("10.1.1.9"), True, False)
    balancer = LoadBalancer(
        resource("Microsoft.Network/loadBalancers", "lb"), TARGET, frontends=(front,)
    )
    nics = (existing_nic("a", "10.1.1.4"), existing_nic("b", "10.1.1.4"))
    what = inventory(networks=(APP_ASR,), nics=nics, load_balancers=(balancer,))
    held = HeldAddresses.of(what)
    assert held.use_of(APP_ASR, APP_ASR.subnets[0]) == SubnetUse(2, 251)
    assert held.use_of(APP_ASR, APP_ASR.subnets[1]) == SubnetUse(0, 251)


def test_azures_own_count_is_shown_where_it_is_more() -> None:
    what = inventory(networks=(APP_ASR,), nics=(existing_nic("a", "10.1.1.4"),))
    web = APP_ASR.id.child("subnets", "WEB")

    def shown(used: int) -> SubnetUse:
        return HeldAddresses.of(what, [SubnetUsage(web, used, 251)]).use_of(
            APP_ASR, APP_ASR.subnets[0]
        )

    assert shown(7) == SubnetUse(7, 251)
    assert shown(0) == SubnetUse(1, 251)


def test_a_subnet_whose_nics_could_not_be_read_is_not_called_empty() -> None:
    subscription = VAULT.group_id.parent
    assert subscription.name == SUBSCRIPTION
    gap = NotLookedAt("NICs", "no", subscription, kind="microsoft.network/networkinterfaces")
    what = inventory(networks=(APP_ASR,), not_looked_at=(gap,))
    use = HeldAddresses.of(what).use_of(APP_ASR, APP_ASR.subnets[0])
    assert (use.used, str(use), use.nearly_full) == (None, "?/251", False)


def test_little_room_is_called_nearly_full() -> None:
    assert SubnetUse(201, 251).nearly_full
    assert not SubnetUse(200, 251).nearly_full
    assert SubnetUse(300, 251).share == 1
    assert SubnetUse(0, 0).share == 0


def test_only_the_way_back_of_a_declared_pair_may_be_new() -> None:
    what = inventory(
        networks=(APP, APP_ASR), mappings=(reverse_mapping("vnet-app-asr", "vnet-app"),)
    )
    found = drawn(what, planned=True, networks=[{"source": "vnet-app"}])
    comings = {each.direction: each.coming for each in found.lines}
    assert comings == {Direction.FORWARD: "the plan creates it", Direction.REVERSE: ""}


def test_a_map_parts_what_is_troubled_from_what_is_mapped_both_ways() -> None:
    """Networks that share a target stay with the troubled one of them; a lone one is no comfort."""
    a, b, c, lone = (network(f"vnet-{name}") for name in ("a", "b", "c", "lone"))
    a_dr, b_dr = (network(f"vnet-{name}-dr", TARGET) for name in "ab")
    mappings = (
        *(mapping("vnet-a", "vnet-a-dr"), reverse_mapping("vnet-a-dr", "vnet-a")),
        *(mapping("vnet-b", "vnet-b-dr"), reverse_mapping("vnet-b-dr", "vnet-b")),
        mapping("vnet-c", "vnet-b-dr"),
    )
    app1 = item("app1", of="vnet-lone")
    found = drawn(inventory(app1, networks=(a, b, c, lone, a_dr, b_dr), mappings=mappings))
    troubled, sound = found.parted()
    assert found.troubled == ((c.id, b_dr.id),)
    assert [n.id for n in troubled.sources] == [b.id, c.id, lone.id]
    assert [n.id for n in troubled.targets] == [b_dr.id]
    assert [n.id for n in (*sound.sources, *sound.targets)] == [a.id, a_dr.id]
    assert len(troubled.lines) + len(sound.lines) == len(found.lines) == 6
