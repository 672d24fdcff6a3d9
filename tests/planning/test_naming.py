"""From what people type to one replicated item, NIC and IP config."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asr_netmap.errors import AmbiguousName, NotFound
from asr_netmap.models import NotLookedAt
from asr_netmap.planning.naming import find_ip_config, find_item, find_nic
from tests.builders import (
    SOURCE,
    inventory,
    ip_config,
    item,
    nic_id,
    replicated_nic,
    settings,
    vm_id,
)

REGIONS = settings().regions
APP1 = item("app1", ip_config())
OTHER = replace(APP1, id=APP1.id.parent.child("replicationProtectedItems", "other"))
OTHER_GROUP = replace(OTHER, vm=vm_id("app1", "rg-other"))
TWO_NICS = item(
    "app2",
    nics=(
        replicated_nic("one", ip_config(), ip_config("10.1.1.11", name="second", primary=False)),
        replicated_nic("two", ip_config("10.1.1.12")),
    ),
)


@pytest.mark.parametrize("text", ["app1", "APP1", "rg-app/app1", "RG-APP/App1", str(vm_id("app1"))])
def test_an_item_is_found_by_name_group_and_name_or_id_in_any_case(text: str) -> None:
    assert find_item(text, inventory(APP1, TWO_NICS), REGIONS) is APP1


def test_an_item_whose_vm_is_not_known_is_found_by_its_name() -> None:
    lonely = replace(APP1, vm=None)
    assert find_item("App1", inventory(lonely), REGIONS) is lonely


def test_a_name_that_two_vms_have_is_refused_with_both_and_group_and_name_tells_them_apart() -> (
    None
):
    both = inventory(APP1, OTHER_GROUP)
    with pytest.raises(AmbiguousName, match="fits 2 replicated items") as caught:
        find_item("app1", both, REGIONS)
    assert str(vm_id("app1", "rg-other")) in caught.value.message
    assert find_item("rg-other/app1", both, REGIONS) is OTHER_GROUP


def test_a_misspelt_vm_is_refused_with_what_is_near() -> None:
    with pytest.raises(NotFound) as caught:
        find_item("rg-app/ap1", inventory(APP1), REGIONS)
    assert "app1" in caught.value.hint


def test_what_could_not_be_read_is_named_since_the_vm_may_be_there() -> None:
    unread = inventory(APP1, not_looked_at=(NotLookedAt("items of the vault", "403"),))
    with pytest.raises(NotFound) as caught:
        find_item("db1", unread, REGIONS)
    assert "Not looked at: items of the vault." in caught.value.hint


def test_an_item_of_another_pair_of_regions_is_not_meant() -> None:
    zone = item("zone", ip_config(), goes=(SOURCE, SOURCE))
    with pytest.raises(NotFound):
        find_item("zone", inventory(zone), REGIONS)


def test_the_only_nic_and_ip_config_need_no_name() -> None:
    nic = find_nic(None, APP1)
    assert nic is APP1.nics[0]
    assert find_ip_config(None, APP1, nic) is nic.ip_configs[0]


@pytest.mark.parametrize("text", ["two", "TWO", str(nic_id("two"))])
def test_one_of_several_nics_is_found_by_name_or_id(text: str) -> None:
    assert find_nic(text, TWO_NICS) is TWO_NICS.nics[1]


def test_one_of_several_nics_has_to_be_named() -> None:
    with pytest.raises(AmbiguousName, match=r"2 NICs: one, two\.") as caught:
        find_nic(None, TWO_NICS)
    assert caught.value.hint == "Say which with --nic."


def test_nics_of_one_name_are_told_apart_by_their_ids() -> None:
    alike = replicated_nic("one", ip_config("10.1.1.12"))
    alike = replace(alike, id=nic_id("one", "rg-other"))
    twins = replace(TWO_NICS, nics=(TWO_NICS.nics[0], alike))
    with pytest.raises(AmbiguousName, match="rg-other"):
        find_nic("one", twins)
    assert find_nic(str(alike.id), twins) is alike


def test_a_nic_that_is_not_there_is_refused_with_what_is_near() -> None:
    with pytest.raises(NotFound, match="has no NIC 'tow'") as caught:
        find_nic("tow", TWO_NICS)
    assert "two" in caught.value.hint


def test_an_item_without_nics_says_that_its_first_replication_is_not_done() -> None:
    with pytest.raises(NotFound, match="lists no network interface") as caught:
        find_nic(None, item("new", nics=()))
    assert "first replication" in caught.value.hint


def test_one_of_several_ip_configs_has_to_be_named_and_is_found_in_any_case() -> None:
    nic = TWO_NICS.nics[0]
    with pytest.raises(AmbiguousName, match=r"2 IP configs: ipconfig1, second\.") as caught:
        find_ip_config(None, TWO_NICS, nic)
    assert caught.value.hint == "Say which with --ip-config."
    assert find_ip_config("SECOND", TWO_NICS, nic) is nic.ip_configs[1]
    with pytest.raises(NotFound, match="no IP config 'third'"):
        find_ip_config("third", TWO_NICS, nic)
