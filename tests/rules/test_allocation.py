"""Giving out addresses: never one twice, never a reserved or taken one, and explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, ip_address
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_netmap.arm_id import ArmId
from asr_netmap.models import IpAddress, Subnet
from asr_netmap.rules.allocation import (
    AddressBook,
    Grant,
    Holder,
    Trouble,
    Wish,
    address_books,
    address_trouble,
    allocate,
    capacity,
    claimant,
    is_reserved,
    misplaced,
)
from tests.builders import (
    SUBSCRIPTION,
    existing_nic,
    inventory,
    ip_config,
    item,
    network_id,
    subnet,
    vm_id,
)
from tests.nic_estates import balancer

NET = network_id("vnet-app-asr")
SMALL = subnet("web", "10.1.1.0/28")
ITEM = item("app1").id


def wish(
    vm: str, preferred: str | None = None, *, firm: bool = False, where: Subnet = SMALL
) -> Wish:
    address = IPv4Address(preferred) if preferred else None
    owner = item(vm).id
    return Wish((vm, "nic", "ipconfig1"), owner, NET, where, address, firm, "wanted", "else")


def book_of(*taken: str) -> AddressBook:
    return AddressBook({ip_address(a): Holder("NIC other") for a in taken})


def granted(wishes: Sequence[Wish], *taken: str) -> Mapping[str, Grant]:
    grants = allocate(wishes, {NET: book_of(*taken)})
    return {who[0]: grant for who, grant in grants.items()}


def addresses(wishes: Sequence[Wish], *taken: str) -> dict[str, str]:
    return {vm: str(grant.address) for vm, grant in granted(wishes, *taken).items()}


def test_azure_keeps_the_first_four_addresses_and_the_last_of_each_prefix() -> None:
    two = subnet("web", "10.1.1.0/28", "10.2.0.0/29")
    kept = [str(a) for p in two.ipv4 for a in p if is_reserved(a, two)]
    assert kept == [
        *(f"10.1.1.{n}" for n in (0, 1, 2, 3, 15)),
        *(f"10.2.0.{n}" for n in (0, 1, 2, 3, 7)),
    ]
    assert capacity(two) == 11 + 3


@pytest.mark.parametrize("prefix", ["10.0.0.0/30", "10.0.0.0/31", "10.0.0.0/32", "fd00::/64"])
def test_a_prefix_without_room_for_any_nic_has_none(prefix: str) -> None:
    tiny = subnet("tiny", prefix)
    assert capacity(tiny) == 0
    trouble = granted([wish("a", where=tiny)])["a"].trouble
    assert trouble is not None
    assert trouble.code == "subnet-full"


def test_a_free_address_that_is_preferred_is_given_with_its_reason() -> None:
    assert granted([wish("a", "10.1.1.7")]) == {"a": Grant(IPv4Address("10.1.1.7"), "wanted")}


def test_without_a_preference_the_lowest_free_address_is_given() -> None:
    assert addresses([wish("a"), wish("b")], "10.1.1.5") == {"a": "10.1.1.4", "b": "10.1.1.6"}


def test_a_taken_preference_gets_the_next_free_one_upwards_and_says_why() -> None:
    grant = granted([wish("a", "10.1.1.7")], "10.1.1.7", "10.1.1.8")["a"]
    assert str(grant.address) == "10.1.1.9"
    assert grant.reason == "else 10.1.1.7 is taken by NIC other; 10.1.1.9 is the next free one"


def test_the_search_goes_round_to_the_start_of_the_subnet() -> None:
    taken = [f"10.1.1.{n}" for n in range(12, 15)]
    assert addresses([wish("a", "10.1.1.12")], *taken) == {"a": "10.1.1.4"}


@pytest.mark.parametrize(
    ("preferred", "taken", "code"),
    [
        ("10.1.1.7", ["10.1.1.7"], "address-taken"),
        ("10.1.1.2", [], "address-reserved"),
        ("10.1.1.15", [], "address-reserved"),
        ("10.9.9.9", [], "address-outside-subnet"),
    ],
)
def test_a_firm_wish_gets_its_address_or_an_error_and_no_other(
    preferred: str, taken: list[str], code: str
) -> None:
    grant = granted([wish("a", preferred, firm=True)], *taken)["a"]
    assert grant.address is None
    assert grant.trouble is not None
    assert grant.trouble.code == code
    assert preferred in grant.trouble.text
    soft = granted([wish("a", preferred)], *taken)["a"]
    assert soft.trouble is None
    assert soft.address != IPv4Address(preferred)


def test_a_firm_wish_comes_before_an_earlier_one_that_only_prefers() -> None:
    both = [wish("a", "10.1.1.7"), wish("b", "10.1.1.7", firm=True)]
    assert addresses(both) == {"a": "10.1.1.8", "b": "10.1.1.7"}


def test_who_wants_just_any_address_never_takes_one_that_another_asks_for() -> None:
    assert addresses([wish("a"), wish("b", "10.1.1.4")]) == {"a": "10.1.1.5", "b": "10.1.1.4"}


def test_of_two_firm_wishes_for_one_address_the_second_is_told_who_has_it() -> None:
    both = granted([wish("b", "10.1.1.7", firm=True), wish("a", "10.1.1.7", firm=True)])
    assert str(both["a"].address) == "10.1.1.7"
    assert both["b"].trouble is not None
    assert "a (in this plan)" in both["b"].trouble.text


def test_a_full_subnet_is_one_error_that_names_subnet_need_and_room() -> None:
    taken = [f"10.1.1.{n}" for n in range(4, 14)]
    troubles = {g.trouble for g in granted([wish("a"), wish("b")], *taken).values()}
    (trouble,) = troubles
    assert trouble is not None
    assert trouble.code == "subnet-full"
    expected = "subnet web of vnet-app-asr is too small: 2 more addresses are needed and 1 are free"
    assert trouble.text == f"{expected} (of 11)"


def test_who_gets_the_address_he_prefers_is_not_hurt_by_a_full_subnet() -> None:
    taken = [f"10.1.1.{n}" for n in range(4, 14)]
    both = granted([wish("a", "10.1.1.14"), wish("b")], *taken)
    assert str(both["a"].address) == "10.1.1.14"
    assert both["b"].trouble is not None


def test_ipv6_addresses_take_no_room_from_ipv4() -> None:
    dual = subnet("web", "10.1.1.0/29", "fd00::/64")
    taken = ["fd00::10", "fd00::11", "fd00::12"]
    assert addresses([wish("a", where=dual)], *taken) == {"a": "10.1.1.4"}


def test_who_has_to_take_another_address_does_not_move_those_who_take_any() -> None:
    both = [wish("a", "10.1.1.7"), wish("b")]
    assert addresses(both, "10.1.1.7") == {"a": "10.1.1.8", "b": "10.1.1.4"}


def test_a_subnet_that_is_too_small_keeps_nobody_from_an_address_of_another_one() -> None:
    tiny = subnet("tiny", "10.2.0.0/30")
    both = granted([wish("a", where=tiny), wish("b")])
    assert both["a"].trouble is not None
    assert str(both["b"].address) == "10.1.1.4"


def test_several_prefixes_are_filled_one_after_the_other() -> None:
    two = subnet("web", "10.2.0.0/29", "10.1.1.0/29")
    four = [wish(vm, where=two) for vm in "abcd"]
    assert list(addresses(four).values()) == ["10.1.1.4", "10.1.1.5", "10.1.1.6", "10.2.0.4"]


def test_a_huge_subnet_costs_no_more_than_a_small_one() -> None:
    """Walking through the 16 million addresses of a /8 would take longer than all other tests."""
    huge = subnet("web", "10.0.0.0/8")
    taken = [str(IPv4Address("10.0.0.4") + n) for n in range(2000)]
    wishes = [wish(f"vm{n:04}", where=huge) for n in range(2000)]
    found = addresses(wishes, *taken)
    assert len(set(found.values())) == 2000
    assert found["vm0000"] == "10.0.7.212"
    last = addresses([wish("a", "10.255.255.254", where=huge)], "10.255.255.254")
    assert last == {"a": "10.0.0.4"}


def test_every_occupancy_of_a_small_subnet_gives_what_trying_all_addresses_gives() -> None:
    usable = [IPv4Address("10.1.1.0") + n for n in range(4, 15)]
    for mask in range(2 ** len(usable)):
        taken = {a for bit, a in enumerate(usable) if mask >> bit & 1}
        free = [a for a in usable if a not in taken]
        book = AddressBook({a: Holder("NIC other") for a in taken})
        grants = allocate([wish("a"), wish("b", "10.1.1.9")], {NET: book})
        a, b = (grants[(vm, "nic", "ipconfig1")].address for vm in "ab")
        preferred = IPv4Address("10.1.1.9")
        if not free:
            assert (a, b) == (None, None)
        elif preferred in free:
            others = [x for x in free if x != preferred]
            assert (a, b) == (others[0] if others else None, preferred)
        elif len(free) < 2:
            assert (a, b) == (None, None)
        else:
            upwards = [x for x in free if x > preferred and x != free[0]]
            downwards = [x for x in free if x != free[0]]
            assert (a, b) == (free[0], (upwards or downwards)[0])


WISHES = st.lists(st.tuples(st.none() | st.integers(0, 31), st.booleans()), max_size=30).map(
    lambda drawn: [
        wish(
            f"vm{n:02}",
            f"10.1.1.{place}" if place is not None else None,
            firm=firm and place is not None,
        )
        for n, (place, firm) in enumerate(drawn)
    ]
)
TAKEN = st.sets(st.integers(0, 20)).map(lambda numbers: [f"10.1.1.{n}" for n in numbers])


@given(WISHES, TAKEN)
def test_addresses_are_unique_inside_and_neither_reserved_nor_taken(
    wishes: list[Wish], taken: list[str]
) -> None:
    grants = granted(wishes, *taken)
    assert set(grants) == {w.claimant[0] for w in wishes}
    found = [g.address for g in grants.values() if g.address is not None]
    assert len(found) == len(set(found))
    for address in found:
        assert SMALL.holds(address)
        assert not is_reserved(address, SMALL)
        assert str(address) not in taken
    assert all((g.address is None) == (g.trouble is not None) for g in grants.values())


@given(WISHES, TAKEN, st.randoms(use_true_random=False))
def test_the_order_of_wishes_and_holders_changes_nothing(
    wishes: list[Wish], taken: list[str], rng: Random
) -> None:
    before = granted(wishes, *taken)
    rng.shuffle(wishes)
    rng.shuffle(taken)
    assert granted(wishes, *taken) == before


@given(WISHES, TAKEN)
def test_giving_out_again_what_was_given_changes_nothing(
    wishes: list[Wish], taken: list[str]
) -> None:
    first = granted(wishes, *taken)
    again = [replace(w, preferred=first[w.claimant[0]].address or w.preferred) for w in wishes]
    second = granted(again, *taken)
    for vm, grant in first.items():
        if grant.address is not None:
            assert second[vm].address == grant.address


@given(WISHES, TAKEN)
def test_all_wishes_are_met_where_there_is_room_for_all(
    wishes: list[Wish], taken: list[str]
) -> None:
    soft = [replace(w, firm=False) for w in wishes]
    book = book_of(*taken)
    room = capacity(SMALL) - book.used_in(SMALL)
    met = [g for g in granted(soft, *taken).values() if g.address is not None]
    assert (len(met) == len(soft)) == (len(soft) <= room)


@pytest.mark.parametrize(
    ("firm", "text", "code"),
    [
        (True, "10.1.1.7 is taken by NIC other", "address-taken"),
        (
            False,
            "subnet web of vnet-app-asr is too small: "
            "1 more addresses are needed and 0 are free (of 11)",
            "subnet-full",
        ),
    ],
)
def test_who_gets_none_is_told_what_was_wanted_and_why_not(
    firm: bool, text: str, code: str
) -> None:
    taken = [f"10.1.1.{n}" for n in range(4, 15)]
    found = granted([wish("a", "10.1.1.7", firm=firm)], *taken)
    assert found == {"a": Grant(None, "wanted", Trouble(text, code))}


def test_an_address_outside_a_subnet_is_told_all_its_prefixes() -> None:
    two = subnet("web", "10.1.1.0/28", "10.2.0.0/29")
    found = misplaced(IPv4Address("10.9.9.9"), two)
    assert found is not None
    assert found.text == "is outside web (10.1.1.0/28, 10.2.0.0/29)"


def test_an_address_that_is_given_is_entered_with_the_ip_config_that_has_it() -> None:
    asked, book = wish("a", "10.1.1.7"), book_of()
    allocate([asked], {NET: book})
    expected = Holder("a (in this plan)", asked.item, asked.claimant)
    assert book.holders == {IPv4Address("10.1.1.7"): expected}


def test_two_ip_configs_of_one_vm_never_get_one_address() -> None:
    first = wish("a", "10.1.1.7")
    second = replace(first, claimant=("a", "nic", "ipconfig2"))
    grants = allocate([first, second], {NET: book_of()})
    assert [str(g.address) for g in grants.values()] == ["10.1.1.7", "10.1.1.8"]


def test_an_address_that_is_promised_to_an_ip_config_is_free_for_itself() -> None:
    asked = wish("a", "10.1.1.7")
    own = Holder("a", asked.item, asked.claimant)
    promised = AddressBook({IPv4Address("10.1.1.7"): own})
    assert address_trouble(asked, promised) is None
    taken = AddressBook(
        {IPv4Address("10.1.1.7"): Holder("NIC other"), IPv4Address("10.1.1.8"): own}
    )
    (grant,) = allocate([asked], {NET: taken}).values()
    assert str(grant.address) == "10.1.1.8"


def test_wishes_are_met_in_the_order_of_names_in_lower_case() -> None:
    one = item("APP1", ip_config(name="IpConfig1"))
    nic = one.nics[0]
    assert claimant(one, nic, nic.ip_configs[0]) == ("app1", nic.id.key, "ipconfig1")


# -- who holds which address ------------------------------------------------------------------


def holder(books: Mapping[ArmId, AddressBook], address: str) -> Holder | None:
    found: dict[IpAddress, Holder] = books[NET].holders
    return found.get(ip_address(address))


def test_an_address_is_held_by_the_nic_that_uses_it_in_that_network_only() -> None:
    where = inventory(
        nics=(existing_nic("other", "10.1.1.5"), existing_nic("far", "10.1.1.6", of="vnet-x"))
    )
    books = address_books(where, [NET])
    assert holder(books, "10.1.1.5") == Holder("NIC other", None)
    assert holder(books, "10.1.1.6") is None


def test_an_address_is_held_by_the_setting_of_an_item_on_its_own_side_only() -> None:
    one = item("app1", ip_config(to="10.1.1.5", test_to="10.1.1.6"), target=NET.name, test=NET.name)
    failover = address_books(inventory(one), [NET])
    test = address_books(inventory(one), [NET], test=True)
    assert set(map(str, failover[NET].holders)) == {"10.1.1.5"}
    assert set(map(str, test[NET].holders)) == {"10.1.1.6"}


@pytest.mark.parametrize(("first", "second"), [("app1", "app2"), ("App_2", "appx")])
def test_who_claims_an_address_first_is_decided_by_name_not_by_the_order_of_lists(
    first: str, second: str
) -> None:
    two = [item(vm, ip_config(to="10.1.1.5"), target=NET.name) for vm in (first, second)]
    for order in (two, two[::-1]):
        found = holder(address_books(inventory(*order), [NET]), "10.1.1.5")
        assert found is not None
        assert found.item == item(first).id


def test_an_item_without_a_network_keeps_nobody_s_address_out_of_the_book() -> None:
    two = [
        item("a", ip_config(to="10.1.1.4")),
        item("b", ip_config(to="10.1.1.5"), target=NET.name),
    ]
    assert list(map(str, address_books(inventory(*two), [NET])[NET].holders)) == ["10.1.1.5"]


def test_an_address_of_a_load_balancer_is_held_by_it_by_name() -> None:
    where = inventory(load_balancers=(balancer(address="10.1.1.200"),))
    found = holder(address_books(where, [NET]), "10.1.1.200")
    assert found == Holder("load balancer lb (front)")


RENAMED = vm_id("renamed", "rg-dr")


@pytest.mark.parametrize("made", [{"failed_over_vm": RENAMED}, {"test_vm": RENAMED}])
def test_the_nic_of_a_vm_that_a_failover_made_is_the_item_s_own_whatever_their_names(
    made: dict[str, Any],
) -> None:
    one = item("app1", ip_config(), target=NET.name, **made)
    nic = existing_nic("any-name", "10.1.1.5", vm=RENAMED)
    found = holder(address_books(inventory(one, nics=(nic,)), [NET]), "10.1.1.5")
    assert found == Holder("NIC any-name", one.id)


ASR_GROUP = "rg-app-asr"


@pytest.mark.parametrize(
    "left_over",
    [
        existing_nic("any-name", "10.1.1.5", vm=vm_id("APP1", ASR_GROUP)),
        existing_nic("any-name", "10.1.1.5", vm=vm_id("app1-test", ASR_GROUP)),
        existing_nic("app1-nic", "10.1.1.5", group=ASR_GROUP.upper()),
        existing_nic("named", "10.1.1.5", group="rg-nics"),
        existing_nic("named-test", "10.1.1.5", group=ASR_GROUP),
    ],
)
def test_what_an_own_failover_left_behind_counts_as_the_items_own(left_over: object) -> None:
    one = item("app1", ip_config(), target=NET.name, test_vm_name="app1-test")
    named = replace(one.nics[0], nic_name="named", nic_group="rg-nics", test_nic_name="named-test")
    plain = replace(one, nics=(one.nics[0], replace(named, id=vm_id("x"))))
    where = inventory(plain, nics=(left_over,))
    found = holder(address_books(where, [NET]), "10.1.1.5")
    assert found is not None
    assert found.item == one.id


@pytest.mark.parametrize(
    "foreign",
    [
        existing_nic("app1-nic", "10.1.1.5", group="rg-elsewhere"),
        existing_nic("x", "10.1.1.5", vm=vm_id("app1", "rg-elsewhere")),
        existing_nic("app1-nic", "10.1.1.5", group=ASR_GROUP, vm=vm_id("stranger", ASR_GROUP)),
        existing_nic("app1", "10.1.1.5", group=ASR_GROUP),
    ],
)
def test_what_is_only_named_alike_is_not_the_items_own(foreign: object) -> None:
    where = inventory(item("app1", ip_config(), target=NET.name), nics=(foreign,))
    found = holder(address_books(where, [NET]), "10.1.1.5")
    assert found is not None
    assert found.item is None


def test_the_address_of_an_own_left_over_nic_is_given_to_one_ip_config_only() -> None:
    """Set on the first IP config and still on its left-over NIC, it is not free for the second."""
    one = item("app1", ip_config(to="10.1.1.4"), target=NET.name)
    where = inventory(one, nics=(existing_nic("app1-nic", "10.1.1.4", group=ASR_GROUP),))
    books = address_books(where, [NET])
    second = replace(wish("app1"), claimant=("app1", one.nics[0].id.key, "ipconfig2"), item=one.id)
    (grant,) = allocate([second], books).values()
    assert str(grant.address) == "10.1.1.5"


def test_an_item_gets_back_the_address_of_its_own_left_over_nic() -> None:
    one = item("app1", ip_config(), target=NET.name)
    where = inventory(one, nics=(existing_nic("app1-nic", "10.1.1.4", group=ASR_GROUP),))
    (grant,) = allocate([wish("app1", "10.1.1.4")], address_books(where, [NET])).values()
    assert (str(grant.address), grant.trouble) == ("10.1.1.4", None)
    (other,) = allocate([wish("app2", "10.1.1.4")], address_books(where, [NET])).values()
    assert str(other.address) == "10.1.1.5"
    assert SUBSCRIPTION in str(one.id)
