"""What Site Recovery is expected to do by itself, and how sure that is."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest

from asr_netmap.models import Inventory, Network, ReplicatedIpConfig, ReplicatedItem
from asr_netmap.planning.effective_text import address_text
from asr_netmap.rules.allocation import AddressBook, Holder, claimant
from asr_netmap.rules.effective import Effective, Outlook
from asr_netmap.rules.frontends import frontend_holders
from asr_netmap.rules.prediction import (
    MAPPING_2026,
    STATEMENTS,
    Case,
    Occupancy,
    Prediction,
    Shortage,
    Who,
    expected_subnet,
    predict_failover,
    predict_subnet,
    predict_test_failover,
)
from tests.builders import APP, existing_nic, inventory, ip_config, item, network, subnet
from tests.nic_estates import APP_ASR, DR, TEST, balancer, estate, vm

ME = item("app1", ip_config())
WHO = Who(ME.id, claimant(ME, ME.nics[0], ME.nics[0].ip_configs[0]))


def held(*addresses: str) -> Occupancy:
    """A network in which strangers hold some addresses."""
    return Occupancy(AddressBook({IPv4Address(a): Holder("NIC probe") for a in addresses}))


def failover(
    config: ReplicatedIpConfig, target: Network = APP_ASR, occupancy: Occupancy | None = None
) -> Prediction:
    return predict_failover(config, APP.subnet("web"), target, occupancy or held(), WHO)


def in_a_test(
    config: ReplicatedIpConfig,
    target: Network = TEST,
    occupancy: Occupancy | None = None,
    **more: Any,
) -> Prediction:
    values = {"in_failover_network": False, **more}
    return predict_test_failover(config, target, occupancy or held(), WHO, **values)


def brief(found: Prediction | Effective) -> tuple[str | None, str | None, bool, bool]:
    address = str(found.address) if found.address else None
    return (found.subnet, address, found.static, found.certain)


# -- failover -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "target", "taken", "expected", "says"),
    [
        (ip_config(), APP_ASR, (), ("web", "10.1.1.10", True, True), "the same address"),
        (ip_config(), APP_ASR, ("10.1.1.10",), ("web", None, True, True), "next available"),
        (ip_config(), DR, (), ("web", None, True, True), "address spaces differ"),
        (ip_config(static=False), APP_ASR, (), ("web", None, False, False), "whatever the NIC"),
        (ip_config(static=False), APP_ASR, ("10.1.1.10",), ("web", None, False, True), "another"),
        (ip_config(static=False), DR, (), ("web", None, False, True), "any address"),
        (ip_config(static=None), APP_ASR, (), ("web", None, False, False), "not known"),
        (ip_config("fd00::5"), APP_ASR, (), ("web", None, False, False), "IPv6 is not kept"),
    ],
)
def test_every_documented_case_of_a_failover(
    config: ReplicatedIpConfig,
    target: Network,
    taken: tuple[str, ...],
    expected: tuple[object, ...],
    says: str,
) -> None:
    found = failover(config, target, held(*taken))
    assert brief(found) == expected
    assert says in found.text
    assert any(year in found.rule for year in ("2017", "2023", "2026"))


def test_a_source_subnet_that_nobody_knows_makes_no_certain_prediction() -> None:
    found = predict_failover(ip_config(), None, APP_ASR, held(), WHO)
    assert (found.address, found.certain) == (None, False)


def test_ipv6_is_told_to_be_lost_also_where_there_is_no_room() -> None:
    small = network("vnet-small", "southeastasia", subnets={"web": "10.9.0.0/29"})
    full = held("10.9.0.4", "10.9.0.5", "10.9.0.6")
    assert "IPv6 is not kept" in failover(ip_config("fd00::5"), small, full).text


def test_no_document_says_what_happens_in_a_full_subnet() -> None:
    small = network("vnet-small", "southeastasia", subnets={"web": "10.9.0.0/29"})
    full = held("10.9.0.4", "10.9.0.5", "10.9.0.6")
    found = failover(ip_config(), small, full)
    assert brief(found) == ("web", None, False, False)
    assert found.text == (
        "subnet web has the same name; no free address: web has 0 free and 1 needs one, "
        "and no document says what happens then"
    )
    assert failover(ip_config(), small, held("10.9.0.4", "10.9.0.5")).certain


TIGHT = network("vnet-tight", "southeastasia", subnets={"web": "10.9.0.0/29"})  # room for three


def crowd(count: int, **more: Any) -> Inventory:
    """So many items that will be in a subnet with room for three, at failover and in tests."""
    items = [
        item(f"vm{n}", ip_config(f"10.1.1.{n + 10}"), target="vnet-tight", test="vnet-tight")
        for n in range(count)
    ]
    return inventory(*items, networks=[APP, TIGHT], mappings=[], **more)


def futures_of(where: Inventory, *, test: bool = False) -> list[Effective]:
    outlook = Outlook(where)
    return [
        outlook.of(each, each.nics[0], each.nics[0].ip_configs[0], test=test)
        for each in where.items
    ]


@pytest.mark.parametrize("test", [False, True])
def test_a_subnet_with_less_room_than_is_needed_promises_nobody_an_address(test: bool) -> None:
    for found in futures_of(crowd(4), test=test):
        assert (found.address, found.certain, found.trouble) == (None, False, "no-room")
        assert address_text(found) == "no free address: web has 3 free and 4 need one (predicted)"
        assert "no free address: web has 3 free and 4 need one" in found.text
    assert all(found.trouble == "" for found in futures_of(crowd(3), test=test))


def test_addresses_that_others_hold_or_have_set_are_not_free() -> None:
    stranger = existing_nic("probe", "10.9.0.4", of="vnet-tight")
    (first, *_) = futures_of(crowd(3, nics=(stranger,)))
    assert str(first.shortage) == "web has 2 free and 3 need one"
    has = item("zz", ip_config("10.1.1.99", to="10.9.0.5"), target="vnet-tight")
    (first, *_) = futures_of(inventory(*crowd(3).items, has, networks=[APP, TIGHT], mappings=[]))
    assert str(first.shortage) == "web has 2 free and 3 need one"


def test_who_keeps_the_source_s_address_is_less_sure_of_it_where_others_lack_one() -> None:
    near = network("vnet-near", "southeastasia", subnets={"web": "10.1.1.0/29"})
    home = network("vnet-app", subnets={"web": "10.1.1.0/29"})
    items = [item(f"vm{n}", ip_config(f"10.1.1.{n}"), target="vnet-near") for n in (4, 5, 6)]
    extra = item("zz", ip_config("10.1.1.4"), target="vnet-near")
    where = inventory(*items, extra, networks=[home, near], mappings=[])
    keeps = futures_of(where)[0]
    assert (str(keeps.address), keeps.certain) == ("10.1.1.4", False)
    assert keeps.shortage is None
    assert keeps.text == (
        "subnet web has the same name; the same address as at the source, 10.1.1.4, static; "
        "but web has 3 free and 4 need one, and others may take it first"
    )


def test_the_items_own_left_over_nic_does_not_make_its_address_taken() -> None:
    mine = Occupancy(AddressBook({IPv4Address("10.1.1.10"): Holder("NIC app1", ME.id)}))
    assert failover(ip_config(), APP_ASR, mine).address == IPv4Address("10.1.1.10")


# -- test failover --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "taken", "together", "expected", "says"),
    [
        (ip_config(), (), False, ("web", "10.1.1.10", True, True), "free in the test network"),
        (ip_config(), ("10.1.1.10",), False, ("web", "10.1.1.254", True, False), "last free"),
        (ip_config(), (), True, ("web", "10.1.1.10", True, False), "2018"),
        (
            ip_config(),
            ("10.1.1.10", "10.1.1.254"),
            True,
            ("web", "10.1.1.253", True, False),
            "last free",
        ),
        (ip_config("10.7.0.9"), (), False, ("web", "10.1.1.254", True, False), "outside web"),
        (ip_config(static=False), (), False, ("web", "10.1.1.10", True, False), "static sources"),
        (ip_config(None), (), False, ("web", None, False, False), "not known"),
        (ip_config("fd00::5"), (), False, ("web", None, False, False), "IPv6"),
    ],
)
def test_every_documented_case_of_a_test_failover(
    config: ReplicatedIpConfig,
    taken: tuple[str, ...],
    together: bool,
    expected: tuple[object, ...],
    says: str,
) -> None:
    found = in_a_test(config, occupancy=held(*taken), in_failover_network=together)
    assert brief(found) == expected
    assert says in found.text


def test_an_address_that_azure_keeps_in_the_test_subnet_is_not_expected() -> None:
    shifted = network("vnet-shifted", "southeastasia", subnets={"web": "10.1.1.8/29"})
    assert brief(in_a_test(ip_config(), shifted)) == ("web", "10.1.1.14", True, False)


def test_a_full_test_subnet_gives_no_address() -> None:
    small = network("vnet-small", "southeastasia", subnets={"web": "10.9.0.0/29"})
    found = in_a_test(ip_config(), small, held("10.9.0.4", "10.9.0.5", "10.9.0.6"))
    assert brief(found) == ("web", None, False, False)


def test_the_end_of_several_prefixes_is_the_end_of_the_highest() -> None:
    both = network("n", subnets=[subnet("web", "10.2.0.0/24", "10.1.0.0/24")])
    taken = held(*(f"10.2.0.{n}" for n in range(4, 255)))
    assert taken.last_free(both.subnets[0]) == IPv4Address("10.1.0.254")
    assert held().last_free(both.subnets[0]) == IPv4Address("10.2.0.254")


def test_the_last_free_address_may_be_the_very_first_one() -> None:
    web = subnet("web", "10.9.0.0/29")
    assert held("10.9.0.5", "10.9.0.6").last_free(web) == IPv4Address("10.9.0.4")
    assert held("10.9.0.4", "10.9.0.5", "10.9.0.6").last_free(web) is None


def test_each_subnet_has_a_last_free_address_of_its_own_however_often_it_is_asked_for() -> None:
    one, two = subnet("web", "10.1.1.0/24"), subnet("app", "10.1.2.0/24")
    empty = held()
    found = [str(empty.last_free(each)) for each in (one, two, one)]
    assert found == ["10.1.1.254", "10.1.2.254", "10.1.1.254"]


def test_what_neighbours_and_azure_have_takes_no_room_of_a_subnet() -> None:
    below, above = ("10.9.0.4", "10.9.0.5", "10.9.0.6"), ("10.9.0.20", "10.9.0.21")
    reserved = ("10.9.0.8", "10.9.0.11", "10.9.0.15")
    book = held(*below, *above, *reserved, "10.9.0.13").book
    found = Occupancy(book, {"web": 3}).shortage(subnet("Web", "10.9.0.8/29"))
    assert found == Shortage("Web", 2, 3)


@pytest.mark.parametrize(
    ("strangers", "needed", "expected"),
    [
        (("10.9.0.5",), 2, None),
        (("10.9.0.5",), 3, Shortage("web", 2, 3)),
        (("10.9.0.5", "10.9.0.6"), 1, Shortage("web", 0, 1)),
    ],
)
def test_a_left_over_nic_counts_as_free_unless_nothing_else_is(
    strangers: tuple[str, ...], needed: int, expected: Shortage | None
) -> None:
    book = AddressBook({IPv4Address(a): Holder("NIC probe") for a in strangers})
    book.holders[IPv4Address("10.9.0.4")] = Holder("NIC app1-nic", ME.id)
    assert Occupancy(book, {"web": needed}).shortage(subnet("web", "10.9.0.0/29")) == expected


def test_an_ip_config_does_not_take_its_address_from_itself() -> None:
    address = IPv4Address("10.1.1.10")
    mine = Occupancy(AddressBook({address: Holder("app1", WHO.item, WHO.claimant)}))
    assert mine.holder(address, WHO) is None


@pytest.mark.parametrize("case", list(Case))
def test_every_case_has_a_dated_statement_that_can_be_said(case: Case) -> None:
    statement = STATEMENTS[case]
    text = statement.says.format(
        source="10.1.1.10", subnet="web", end="10.1.1.254", shortage="web has 1 free"
    )
    assert "{" not in text
    assert any(char.isdigit() for char in statement.rule)
    assert not (statement.keeps and statement.from_end)


# -- subnets --------------------------------------------------------------------------------------


SUBNETS: list[tuple[ReplicatedIpConfig, list[str], str | None, bool, str]] = [
    (ip_config(), ["alpha", "web"], "web", True, "subnet web has the same name"),
    (ip_config(), ["beta", "Alpha"], "Alpha", True, "subnet Alpha is alphabetically first"),
    (
        ip_config(),
        ["GatewaySubnet", "zeta"],
        "GatewaySubnet",
        False,
        "subnet GatewaySubnet is alphabetically first, but belongs to a service by its name",
    ),
    (ip_config(subnet="zeta"), ["web", "zeta"], "zeta", True, "subnet zeta is set"),
    (
        ip_config(subnet="gone"),
        ["web", "zeta"],
        "web",
        False,
        "gone, which is set, is not in n; subnet web has the same name",
    ),
    (
        ip_config(source_subnet=None),
        ["web"],
        "web",
        False,
        "subnet web is alphabetically first",
    ),
    (ip_config(), [], None, False, "n has no subnet"),
]


@pytest.mark.parametrize(("config", "names", "chosen", "certain", "text"), SUBNETS)
def test_the_subnet_is_what_is_set_or_the_same_name_or_the_first(
    config: ReplicatedIpConfig, names: list[str], chosen: str | None, certain: bool, text: str
) -> None:
    target = network("n", subnets=[subnet(n, f"10.1.{i}.0/24") for i, n in enumerate(names)])
    found = predict_subnet(config, target)
    name = found.subnet.name if found.subnet else None
    assert (name, found.certain, found.text) == (chosen, certain, text)
    assert expected_subnet(config.subnet, config.source_subnet, target) == found.subnet


def test_a_network_without_subnets_predicts_nothing() -> None:
    empty = network("n")
    assert brief(failover(ip_config(), empty)) == (None, None, False, False)
    assert brief(in_a_test(ip_config(), empty)) == (None, None, False, False)
    for found in (failover(ip_config(), empty), in_a_test(ip_config(), empty)):
        assert (found.text, found.rule) == ("n has no subnet", MAPPING_2026)


def test_a_test_failover_goes_by_the_subnet_that_is_set_for_it() -> None:
    config = replace(ip_config("10.9.9.9", subnet="alpha"), test_subnet="beta")
    both = network("n", subnets={"alpha": "10.1.1.0/24", "beta": "10.1.2.0/24"})
    assert failover(config, both).subnet == "alpha"
    assert in_a_test(config, both).subnet == "beta"


@pytest.mark.parametrize(("needed", "verb"), [(1, "needs"), (2, "need")])
def test_a_shortage_says_how_many_are_free_and_needed(needed: int, verb: str) -> None:
    assert str(Shortage("web", 0, needed)) == f"web has 0 free and {needed} {verb} one"


def test_a_taken_address_is_told_apart_by_where_the_test_is() -> None:
    taken = held("10.1.1.10")
    together = in_a_test(ip_config(), occupancy=taken, in_failover_network=True)
    assert together.text == (
        "subnet web has the same name; 10.1.1.10 is taken, so the last free address of web, "
        "10.1.1.254 as things are now, static"
    )
    apart = in_a_test(ip_config(), occupancy=taken)
    assert apart.text == (
        "subnet web has the same name; 10.1.1.10 is taken in the test network, so the last free "
        "address of web, 10.1.1.254 as things are now, static"
    )


def test_what_is_said_of_static_sources_only_is_told_of_a_dynamic_one_with_that() -> None:
    assert in_a_test(ip_config(static=False)).text == (
        "subnet web has the same name; 10.1.1.10, static, since it is free in the test network; "
        "the documents say this of static sources only"
    )


# -- what is set, else the prediction -------------------------------------------------------------


def effective(what: ReplicatedItem, *, test: bool = False, **more: Any) -> Effective:
    nic = what.nics[0]
    return Outlook(estate(what, **more)).of(what, nic, nic.ip_configs[-1], test=test)


def test_what_is_set_is_no_prediction() -> None:
    found = effective(vm())
    assert brief(found) == ("web", "10.1.1.10", True, True)
    assert (found.predicted, found.trouble) == (False, "")


@pytest.mark.parametrize(
    ("address", "trouble"),
    [("10.1.1.77", "taken"), ("10.1.1.2", "reserved"), ("10.9.9.9", "outside")],
)
def test_a_set_address_that_can_not_be_given_says_why(address: str, trouble: str) -> None:
    probe = existing_nic("probe", "10.1.1.77")
    found = effective(vm(config={"to": address}), nics=(probe,))
    assert (found.trouble, found.certain, found.predicted) == (trouble, False, False)
    assert (found.holder is not None) == (trouble == "taken")


def test_what_is_not_set_is_a_prediction() -> None:
    found = effective(vm(config={"to": None, "subnet": None}))
    assert brief(found) == ("web", "10.1.1.10", True, True)
    assert found.predicted


def test_a_nic_that_somebody_left_without_address_may_be_meant_dynamic() -> None:
    found = effective(vm(config={"to": None}, nic={"chosen_by_user": True}))
    assert (found.address, found.certain) == (IPv4Address("10.1.1.10"), False)
    assert "may mean dynamic" in found.text
    dynamic = {"to": None, "static": False}
    elsewhere = effective(vm(config=dynamic, nic={"chosen_by_user": True}, target="vnet-dr"))
    assert elsewhere.certain


def test_failover_and_test_failover_are_apart() -> None:
    what = vm(config={"to": None, "test_to": "10.1.2.9", "test_subnet": "app"}, test="vnet-test")
    assert brief(effective(what)) == ("web", "10.1.1.10", True, True)
    assert brief(effective(what, test=True)) == ("app", "10.1.2.9", True, True)


def test_a_test_in_the_failover_network_is_predicted_as_such() -> None:
    together = effective(vm(test="vnet-app-asr"), test=True)
    assert ("2018" in together.text, together.certain) == (True, False)
    apart = effective(vm(test="vnet-test"), test=True)
    assert ("2018" in apart.text, apart.certain) == (False, True)


def test_without_a_network_nothing_is_predicted() -> None:
    assert "no test network is set" in effective(vm(), test=True).text
    assert "no target network is set" in effective(vm(target=None)).text
    lost = effective(vm(target="vnet-lost"))
    assert ("vnet-lost does not exist" in lost.text, lost.predicted) == (True, False)


def test_a_secondary_ip_config_that_is_not_selected_will_not_exist() -> None:
    what = vm()
    second = ip_config("10.1.1.11", name="second", primary=False)
    nic = replace(what.nics[0], ip_configs=(*what.nics[0].ip_configs, second))
    found = effective(replace(what, nics=(nic,)))
    assert (found.exists, found.address) == (False, None)
    chosen = replace(nic, ip_configs=(nic.ip_configs[0], replace(second, selected=True)))
    assert effective(replace(what, nics=(chosen,))).address == IPv4Address("10.1.1.11")


# -- load balancers -------------------------------------------------------------------------------


def test_private_frontends_hold_addresses_and_public_ones_do_not() -> None:
    """Nor does a private one whose address is not known."""
    private = balancer("a", address="10.1.1.200")
    (front,) = private.frontends
    public, unknown = replace(front, subnet=None, address=None), replace(front, address=None)
    mixed = replace(private, frontends=(public, unknown, front))
    where = Inventory(load_balancers=(balancer("b", of=None), mixed))
    (frontend,) = frontend_holders(where)
    assert (frontend.network, frontend.address) == (APP_ASR.id, IPv4Address("10.1.1.200"))
    assert frontend.who == "load balancer a (front)"
