"""The part of an estate that a selection takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asr_netmap.models import Inventory, VirtualMachine
from asr_netmap.planning.part import part_of
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.table_plan import plan_table
from tests.builders import (
    APP,
    APP_ASR,
    PAIRED,
    SOURCE,
    TARGET,
    codes,
    inventory,
    ip_config,
    item,
    mapping,
    network,
    plan_of,
    replicated_nic,
    scope,
    settings,
    vm_id,
)

REGIONS = settings().regions
DATA = network("vnet-data", subnets={"sql": "10.2.1.0/24"})
DATA_DR = network("vnet-data-dr", TARGET, subnets={"sql": "10.2.1.0/24"})
TEST = network("vnet-test", TARGET)
LONELY = network("vnet-lonely")
ESTATE = inventory(
    item("app1", ip_config(), target="vnet-app-asr", test="vnet-test"),
    item("sql1", ip_config(), of="vnet-data"),
    item("back1", ip_config(), of="vnet-app-asr", goes=(TARGET, SOURCE)),
    networks=(APP, APP_ASR, DATA, DATA_DR, TEST, LONELY),
    mappings=(*PAIRED, mapping("vnet-data", "vnet-data-dr")),
)
APP_SIDE = {"vnet-app", "vnet-app-asr", "vnet-test"}
DATA_SIDE = {"vnet-data", "vnet-data-dr"}


def part(only: str, what: Inventory = ESTATE) -> Inventory:
    return part_of(what, Selection.parse([only]), REGIONS)


def names(found: Inventory) -> tuple[set[str], set[str]]:
    return {n.name for n in found.networks}, {i.vm_name for i in found.items}


@pytest.mark.parametrize(
    ("only", "networks", "vms"),
    [
        ("network=vnet-app", APP_SIDE, {"app1", "back1"}),
        ("network=rg-app/vnet-data", DATA_SIDE, {"sql1"}),
        ("network=vnet-data-dr", DATA_SIDE, set()),
        ("network=vnet-lonely", {"vnet-lonely"}, set()),
        ("network=vnet-lonely,vnet-data", {"vnet-lonely", *DATA_SIDE}, {"sql1"}),
        ("vm=app1", APP_SIDE, {"app1"}),
        ("vm=back1", {"vnet-app", "vnet-app-asr"}, {"back1"}),
        ("vm=sql1,network=vnet-data", DATA_SIDE, {"sql1"}),
        ("vm=sql1,network=vnet-app", set(), set()),
        ("vm=nope", set(), set()),
        ("group=rg-app", APP_SIDE | DATA_SIDE, {"app1", "sql1", "back1"}),
        ("tag=tier", set(), set()),
    ],
)
def test_a_part_has_the_items_and_the_networks_around_them(
    only: str, networks: set[str], vms: set[str]
) -> None:
    assert names(part(only)) == (networks, vms)


def test_a_tag_of_a_vm_takes_it_with_its_networks() -> None:
    vms = (VirtualMachine(vm_id("sql1"), SOURCE, {"tier": "db"}),)
    assert names(part("tag=tier:db", replace(ESTATE, vms=vms))) == (DATA_SIDE, {"sql1"})


def test_the_mappings_are_those_of_the_networks() -> None:
    assert {m.source_network.name for m in part("vm=sql1").mappings} == {"vnet-data"}
    assert len(part("network=vnet-app").mappings) == 2
    assert part("network=vnet-lonely").mappings == ()


def test_nothing_picked_is_everything() -> None:
    assert part_of(ESTATE, Selection(), REGIONS) is ESTATE


def test_an_item_without_nics_is_in_the_network_of_its_vm() -> None:
    fresh = replace(ESTATE, items=(item("new1", nics=(replicated_nic("new1-nic", of=None),)),))
    assert part("network=vnet-app", fresh).items == ()
    assert len(part("vm=new1", fresh).items) == 1


@pytest.mark.parametrize("only", ["network=vnet-app", "vm=app1", "group=rg-app"])
def test_planning_takes_the_same_items(only: str) -> None:
    picked = Selection.parse([only])
    taken = {i.vm_name for i in part(only).items}
    for made in (
        plan_of(ESTATE, settings(), only),
        plan_table(ESTATE, settings(), scope(), (), picked),
    ):
        assert {placement.vm for placement in made.placements} <= taken
        assert "selection-empty" not in codes(made)
    assert {p.vm for p in plan_of(ESTATE, settings(), only).placements} == taken


@pytest.mark.parametrize("only", ["network=nope", "vm=nope", "tag=nope", "group=nope"])
def test_planning_says_that_a_selection_takes_nothing(only: str) -> None:
    picked = Selection.parse([only])
    made = plan_table(ESTATE, settings(), scope(), (), picked)
    assert (made.changes, codes(made)) == ((), ["selection-empty"])
    assert "selection-empty" in codes(plan_of(ESTATE, settings(), only))


@pytest.mark.parametrize(
    ("only", "hint"),
    [
        ("vm=rg-app/app11", "Near: app1."),
        ("vm=app1,network=vnet-dat", "Near: vnet-data, vnet-data-dr"),
        ("group=rg-ap", "Near: rg-app."),
        ("tag=tir:db", "Near: tier."),
        ("vm=sql1,network=vnet-app", "What is picked is there, but no replicated item fits"),
    ],
)
def test_the_hint_is_about_what_was_picked_in_vain(only: str, hint: str) -> None:
    vms = (VirtualMachine(vm_id("sql1"), SOURCE, {"tier": "db"}),)
    assert Selection.parse([only]).why_nothing(replace(ESTATE, vms=vms)).startswith(hint)
