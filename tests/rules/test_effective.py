"""Where an IP config will be: in full, with its words, and who is counted in a subnet."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address, ip_address
from typing import Any

import pytest

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, ReplicatedItem
from asr_netmap.rules.effective import Effective, Held, Outlook
from asr_netmap.rules.prediction import CUSTOMIZE_2021
from tests.builders import (
    APP,
    TARGET,
    existing_nic,
    inventory,
    ip_config,
    item,
    network,
    network_id,
    subnet,
    vm_id,
)
from tests.nic_estates import APP_ASR, TEST, balancer, estate, vm

TIGHT = network(
    "vnet-tight", TARGET, "10.9.0.0/16", {"a": "10.9.0.0/29", "b": "10.9.1.0/29"}
)  # room for three in each


def effective(what: ReplicatedItem, *, test: bool = False, **more: Any) -> Effective:
    nic = what.nics[0]
    return Outlook(estate(what, **more)).of(what, nic, nic.ip_configs[-1], test=test)


def crowd(*configs: dict[str, Any], **more: Any) -> Inventory:
    """An item for each IP config, all of them in a network with little room, also in tests."""
    values = {"target": "vnet-tight", "test": "vnet-tight", **more}
    items = [
        item(f"vm{n}", ip_config(**{"address": f"10.1.1.{n + 10}", **each}), **values)
        for n, each in enumerate(configs)
    ]
    return inventory(*items, networks=[APP, TIGHT], mappings=[])


def shortages(where: Inventory, *, test: bool) -> set[str]:
    """What is short for any of the items; empty: there is room for all."""
    outlook = Outlook(where)
    found = (outlook.of(i, i.nics[0], i.nics[0].ip_configs[0], test=test) for i in where.items)
    return {str(each.shortage) for each in found if each.shortage is not None}


# -- what is told of one IP config ----------------------------------------------------------------


@pytest.mark.parametrize(("test", "where"), [(False, APP_ASR.id), (True, TEST.id)])
def test_of_a_secondary_ip_config_that_is_not_selected_it_is_certain_that_it_will_not_exist(
    test: bool, where: ArmId
) -> None:
    what = vm(config={"primary": False}, test="vnet-test")
    text = "a secondary IP config that is not selected: it will not exist"
    expected = Effective(where, None, None, False, text, exists=False, certain=True)
    assert effective(what, test=test) == expected


SET = {"subnet": "web", "to": "10.1.1.11", "test_subnet": "app", "test_to": "10.1.2.12"}


@pytest.mark.parametrize(
    ("test", "name", "address"), [(False, "web", "10.1.1.11"), (True, "app", "10.1.2.12")]
)
def test_in_a_network_that_is_not_there_an_ip_config_has_what_is_set(
    test: bool, name: str, address: str
) -> None:
    lost = network_id("vnet-lost")
    text = "vnet-lost does not exist, or could not be looked at"
    found = effective(vm(config=SET, target="vnet-lost", test="vnet-lost"), test=test)
    assert found == Effective(lost, name, ip_address(address), True, text, predicted=False)


@pytest.mark.parametrize(
    ("test", "text"),
    [
        (False, "no target network is set: it can't fail over"),
        (True, "no test network is set: whoever starts a test failover chooses one"),
    ],
)
def test_where_no_network_is_selected_nothing_is_expected_and_it_is_said_why(
    test: bool, text: str
) -> None:
    unset = vm(config={"subnet": None, "to": None}, target=None)
    assert effective(unset, test=test) == Effective(None, None, None, False, text)


@pytest.mark.parametrize(
    ("address", "text", "trouble"),
    [
        ("10.1.1.20", "10.1.1.20 is set", ""),
        (
            "10.9.9.9",
            "10.9.9.9 is set, but it is outside web (10.1.1.0/24, 10.7.0.0/24)",
            "outside",
        ),
        ("10.1.1.2", "10.1.1.2 is set, but Azure reserves it in web", "reserved"),
        (
            "10.1.1.77",
            "10.1.1.77 is set, but NIC probe has it: another one may be used",
            "taken",
        ),
    ],
)
def test_a_set_address_is_told_with_what_is_against_it(
    address: str, text: str, trouble: str
) -> None:
    two = network("vnet-app-asr", TARGET, subnets=[subnet("web", "10.1.1.0/24", "10.7.0.0/24")])
    strangers = tuple(existing_nic("probe", a) for a in ("10.9.9.9", "10.1.1.2", "10.1.1.77"))
    found = effective(vm(config={"to": address}), networks=[APP, two], nics=strangers)
    assert (found.text, found.rule, found.trouble) == (text, CUSTOMIZE_2021, trouble)
    assert (found.holder is not None) == (trouble == "taken")


def test_a_set_address_stays_told_in_a_network_without_subnets() -> None:
    bare = network("vnet-app-asr", TARGET)
    found = effective(vm(), networks=[APP, bare])
    assert (found.subnet, found.address) == (None, IPv4Address("10.1.1.10"))


def test_of_an_item_that_the_inventory_does_not_list_it_is_told_all_the_same() -> None:
    what = vm(config={"to": None})
    nic = what.nics[0]
    found = Outlook(inventory()).of(what, nic, nic.ip_configs[0])
    assert (found.subnet, found.address) == ("web", IPv4Address("10.1.1.10"))


# -- who needs an address, and who has one --------------------------------------------------------


def test_the_subnet_that_is_set_for_tests_is_short_in_tests_only() -> None:
    four = crowd(*[{"subnet": "a", "test_subnet": "b"}] * 4)
    assert shortages(four, test=False) == {"a has 3 free and 4 need one"}
    assert shortages(four, test=True) == {"b has 3 free and 4 need one"}


@pytest.mark.parametrize("test", [False, True])
def test_who_is_set_into_another_subnet_needs_no_room_in_this_one(test: bool) -> None:
    key = "test_subnet" if test else "subnet"
    assert shortages(crowd({}, {}, {key: "b"}, {key: "b"}), test=test) == set()


@pytest.mark.parametrize("test", [False, True])
def test_who_is_in_a_subnet_of_that_name_at_the_source_needs_room_there(test: bool) -> None:
    four = crowd(*[{"source_subnet": "b"}] * 4)
    assert shortages(four, test=test) == {"b has 3 free and 4 need one"}


def test_who_has_an_address_for_tests_needs_one_at_failover_only() -> None:
    four = crowd({}, {}, {}, {"test_to": "10.9.1.4"})
    assert shortages(four, test=False) == {"a has 3 free and 4 need one"}
    assert shortages(four, test=True) == set()


def test_who_has_no_target_network_needs_an_address_in_tests_all_the_same() -> None:
    assert shortages(crowd({}, {}, {}, {}, target=None), test=True) == {
        "a has 3 free and 4 need one"
    }


@pytest.mark.parametrize("test", [False, True])
def test_ipv6_needs_no_room(test: bool) -> None:
    assert shortages(crowd({}, {}, {}, {"address": "fd00::5"}), test=test) == set()


STRANGER = existing_nic("probe", "10.1.1.77", of="vnet-test")
OWN = existing_nic("any", "10.1.1.78", of="vnet-test", vm=vm_id("app1", "rg-app-asr"))


@pytest.mark.parametrize(
    "of", [vm(target="vnet-test"), vm(target=None, test="vnet-test")], ids=["failover", "test"]
)
def test_what_is_held_is_counted_by_subnet_for_strangers_and_for_items(of: ReplicatedItem) -> None:
    """Also in a network that items select for tests only."""
    outside = existing_nic("lost", "10.99.0.1", of="vnet-test")
    front = balancer(of="vnet-test", address="10.1.2.9")
    outlook = Outlook(estate(of, nics=(STRANGER, OWN, outside), load_balancers=(front,)))
    assert outlook.held(TEST) == Held(Counter(web=1, app=1), Counter(web=1))


def test_of_a_network_that_no_item_selects_nothing_is_counted() -> None:
    assert Outlook(estate(vm(), nics=(STRANGER,))).held(TEST) == Held()
