"""What an item's settings refer to: there, in the right place, or certainly gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, NotLookedAt, ReplicatedItem, ResourceGroup
from asr_netmap.rules.references import Problem, Reference, References, blocked_by, references_of
from tests.builders import (
    OTHER_SUBSCRIPTION,
    SOURCE,
    SUBSCRIPTION,
    existing_nic,
    network_id,
    resource,
    vm_id,
)
from tests.nic_estates import balancer, elsewhere, estate, nsg, public_ip, vm

PIP, NSG, LB = public_ip().id, nsg().id, balancer().pools[0]
THERE: dict[str, Any] = {"regional": (public_ip(), nsg()), "load_balancers": (balancer(),)}


def refers(**more: Any) -> ReplicatedItem:
    """A VM that uses one of each."""
    config = {"public_ip": PIP, "lb_pools": (LB,), **more.pop("config", {})}
    return vm(config=config, nic={"nsg": NSG, **more.pop("nic", {})}, **more)


def problems(item: ReplicatedItem, **more: Any) -> list[tuple[str, Problem]]:
    where = estate(item, **{**THERE, **more})
    return [(p.reference.setting, p.problem) for p in References(where).problems(item)]


def text(item: ReplicatedItem, **more: Any) -> str:
    (problem,) = References(estate(item, **{**THERE, **more})).problems(item)
    return problem.text


def test_references_that_are_as_they_should_be_are_no_problem() -> None:
    assert problems(refers(test="vnet-test")) == []


def test_every_reference_is_looked_at_for_failover_and_for_test_failover() -> None:
    config = {"test_public_ip": PIP, "test_lb_pools": (LB,)}
    nic = {
        "test_nsg": NSG,
        "reuse_nic": True,
        "nic_name": "old",
        "test_reuse_nic": True,
        "test_nic_name": "old-test",
    }
    settings = [r.setting for r in references_of(refers(config=config, nic=nic, test="vnet-test"))]
    sides = ("network", "nsg", "nic_name", "public_ip", "lb_pools")
    assert sorted(settings) == sorted(
        ["target_network", *sides[1:], *(f"test_{name}" for name in sides)]
    )


@pytest.mark.parametrize(
    ("item", "there", "expected"),
    [
        (refers(), {"regional": (nsg(),)}, ("public_ip", Problem.GONE)),
        (refers(), {"regional": (public_ip(),)}, ("nsg", Problem.GONE)),
        (refers(), {"load_balancers": ()}, ("lb_pools", Problem.GONE)),
        (refers(test="vnet-lost"), {}, ("test_network", Problem.GONE)),
        (refers(target="vnet-lost", config={"lb_pools": ()}), {}, ("target_network", Problem.GONE)),
    ],
)
def test_what_is_not_there_is_gone(
    item: ReplicatedItem, there: dict[str, Any], expected: tuple[str, Problem]
) -> None:
    assert problems(item, **there) == [expected]
    gone = References(estate(item, **{**THERE, **there})).gone(item)
    assert [reference.setting for reference in gone] == [expected[0]]


def test_a_pool_that_its_load_balancer_has_no_more_is_gone() -> None:
    empty = replace(balancer(), pools=())
    assert problems(refers(), load_balancers=(empty,)) == [("lb_pools", Problem.GONE)]


def test_what_could_not_be_read_is_never_called_gone() -> None:
    gap = NotLookedAt("public IPs", "no permission", ArmId(f"/subscriptions/{SUBSCRIPTION}"))
    where = estate(refers(), **{**THERE, "regional": (), "not_looked_at": (gap,)})
    found = list(References(where).problems(where.items[0]))
    assert {p.problem for p in found} == {Problem.UNSEEN}
    assert not any(p.blocks for p in found)


def test_a_subscription_that_nobody_read_says_nothing_of_what_is_in_it() -> None:
    far = elsewhere("publicIPAddresses", "pip", OTHER_SUBSCRIPTION)
    assert problems(refers(config={"public_ip": far})) == [("public_ip", Problem.UNSEEN)]


@pytest.mark.parametrize(
    ("there", "setting"),
    [
        ({"regional": (public_ip(region=SOURCE), nsg())}, "public_ip"),
        ({"regional": (public_ip(), nsg(region=SOURCE))}, "nsg"),
        ({"load_balancers": (balancer(region=SOURCE),)}, "lb_pools"),
    ],
)
def test_what_is_in_another_region_can_not_be_used(there: dict[str, Any], setting: str) -> None:
    assert problems(refers(), **there) == [(setting, Problem.REGION)]
    assert "eastasia" in text(refers(), **there)


def test_the_right_region_is_that_of_the_items_own_direction() -> None:
    """An item that replicates back needs its resources in the configured source region."""
    plain = refers(config={"lb_pools": ()}, target=None)
    back = replace(plain, source_region="southeastasia", target_region="eastasia")
    assert problems(back) == [("nsg", Problem.REGION), ("public_ip", Problem.REGION)]
    here = (public_ip(region=SOURCE), nsg(region=SOURCE))
    assert problems(back, regional=here) == []


def test_a_network_of_another_region_is_the_wrong_one() -> None:
    assert problems(vm(test="vnet-app")) == [("test_network", Problem.REGION)]


def test_a_load_balancer_has_to_have_its_frontend_in_the_network() -> None:
    other = balancer(of="vnet-dr")
    assert problems(refers(), load_balancers=(other,)) == [("lb_pools", Problem.NETWORK)]
    assert "has its frontend in vnet-dr" in text(refers(), load_balancers=(other,))
    public = balancer(of=None)
    assert "has no private frontend" in text(refers(), load_balancers=(public,))


def test_the_test_pools_need_the_test_network() -> None:
    item = vm(config={"test_lb_pools": (LB,)}, test="vnet-test")
    assert problems(item) == [("test_lb_pools", Problem.NETWORK)]
    assert problems(item, load_balancers=(balancer(of="vnet-test"),)) == []


def test_what_is_in_another_subscription_than_the_vm_can_not_be_used() -> None:
    group = ArmId.of_group(OTHER_SUBSCRIPTION, "rg-app-asr")
    expected = [("nsg", Problem.SUBSCRIPTION), ("public_ip", Problem.SUBSCRIPTION)]
    expected.append(("lb_pools", Problem.SUBSCRIPTION))
    assert problems(refers(target_group=group)) == expected
    assert problems(refers(target_group=None)) == []


@pytest.mark.parametrize(
    ("public", "private", "differ"),
    [
        ("Standard", "Basic", True),
        ("Standard", "standard", False),
        ("", "Basic", False),
        ("Standard", "", False),
    ],
)
def test_public_ip_and_load_balancer_need_one_sku(public: str, private: str, differ: bool) -> None:
    there = {
        "regional": (public_ip(sku=public), nsg()),
        "load_balancers": (balancer(sku=private),),
    }
    assert problems(refers(), **there) == [("public_ip", Problem.SKU)] * differ


@pytest.mark.parametrize("test", ["", "test_"])
def test_two_skus_are_told_of_the_setting_that_names_the_public_ip(test: str) -> None:
    """For failover and for test failover, each on its own."""
    there: dict[str, Any] = {
        "regional": (public_ip(sku="Standard"),),
        "load_balancers": (balancer(sku="Basic"),),
    }
    used = {f"{test}public_ip": PIP, f"{test}lb_pools": (LB,)}
    where = estate(vm(config=used, test="vnet-app-asr"), **there)
    (found,) = References(where).problems(where.items[0])
    nic = where.items[0].nics[0].id
    assert found.reference == Reference(f"{test}public_ip", PIP, nic, "ipconfig1")
    assert found.text == (
        "the public IP pip is Standard and the load balancer lb is Basic: both need one SKU"
    )


REUSE = {"reuse_nic": True, "nic_name": "old", "nic_group": "rg-dr"}


def old_nic(**more: Any) -> Any:
    return existing_nic("old", "10.1.1.99", group="rg-dr", **more)


@pytest.mark.parametrize(
    ("nics", "expected"),
    [
        ((old_nic(),), []),
        ((old_nic(vm=vm_id("app1", "rg-app-asr")),), []),
        ((old_nic(vm=vm_id("other")),), [("nic_name", Problem.IN_USE)]),
        ((old_nic(of="vnet-dr"),), [("nic_name", Problem.NETWORK)]),
        ((old_nic(region=SOURCE),), [("nic_name", Problem.REGION)]),
        ((), [("nic_name", Problem.NO_NIC)]),
    ],
)
def test_a_nic_to_reuse_is_free_and_in_the_network(
    nics: tuple[Any, ...], expected: list[tuple[str, Problem]]
) -> None:
    assert problems(vm(nic=REUSE), nics=nics) == expected


def test_a_nic_to_reuse_in_a_test_is_in_the_test_network() -> None:
    test = {"test_reuse_nic": True, "test_nic_name": "old", "test_nic_group": "rg-dr"}
    item = vm(nic=test, test="vnet-test")
    assert problems(item, nics=(old_nic(of="vnet-test"),)) == []
    assert problems(item, nics=(old_nic(),)) == [("test_nic_name", Problem.NETWORK)]


def test_a_nic_to_reuse_that_is_elsewhere_names_all_networks_it_is_in() -> None:
    one, two = old_nic(of="vnet-two"), old_nic(of="vnet-dr")
    spread = replace(one, addresses=(*one.addresses, *two.addresses))
    assert text(vm(nic=REUSE), nics=(spread,)) == (
        "the NIC old is in vnet-dr, vnet-two, not in vnet-app-asr"
    )


def test_a_missing_nic_to_reuse_blocks_nothing() -> None:
    item = vm(nic=REUSE)
    assert References(estate(item)).gone(item) == ()


def test_a_nic_name_without_reuse_refers_to_nothing() -> None:
    item = vm(nic={**REUSE, "reuse_nic": False})
    assert [r.setting for r in references_of(item)] == ["target_network"]


def test_a_nic_name_that_azure_could_not_have_refers_to_nothing_and_the_other_one_does() -> None:
    test = {"test_reuse_nic": True, "test_nic_name": "old-test", "test_nic_group": "rg-dr"}
    item = vm(nic={**REUSE, **test, "nic_name": "a/b"}, test="vnet-test")
    assert problems(item) == [("test_nic_name", Problem.NO_NIC)]


def test_a_nic_to_reuse_that_is_not_there_is_told_by_its_id_and_where_it_is_named() -> None:
    item = vm(nic=REUSE)
    (found,) = References(estate(item)).problems(item)
    old = resource("Microsoft.Network/networkInterfaces", "old", "rg-dr")
    assert found.text == f"there is no NIC {old} to reuse"
    assert str(found.reference) == "app1-nic: nic_name"


def test_a_reference_says_where_it_is_set() -> None:
    (at_config,) = [r for r in references_of(refers()) if r.setting == "public_ip"]
    assert (str(at_config), at_config.test) == ("app1-nic/ipconfig1: public_ip", False)
    assert str(next(references_of(refers()))) == "target_network"


def test_an_empty_inventory_calls_nothing_gone() -> None:
    found = References(Inventory()).problems(refers())
    assert {p.problem for p in found} == {Problem.UNSEEN}


def test_ids_are_compared_whatever_their_case() -> None:
    loud = ArmId(str(resource("Microsoft.Network/publicIPAddresses", "pip", "rg-dr")).upper())
    shouted = ArmId(str(loud).replace("/SUBSCRIPTIONS/", "/subscriptions/"))
    assert problems(refers(config={"public_ip": shouted})) == []


def test_subscriptions_are_the_same_in_any_case() -> None:
    lettered = "abcdefab-1111-1111-1111-abcdefabcdef"
    here, loud = (ArmId.of_group(sub, "rg-dr") for sub in (lettered, lettered.upper()))
    pip = loud.provider_child("Microsoft.Network", "publicIPAddresses", "pip")
    item = refers(config={"public_ip": pip}, target_group=here)
    there = replace(public_ip(), id=pip)
    about = References(estate(item, **{**THERE, "regional": (there, nsg())})).problems(item)
    assert ("public_ip", Problem.SUBSCRIPTION) not in [
        (p.reference.setting, p.problem) for p in about
    ]


def test_what_is_gone_is_gone_whatever_letters_the_subscription_s_id_has() -> None:
    lettered = "abcdefab-1111-1111-1111-abcdefabcdef"
    group = ResourceGroup(ArmId.of_group(lettered, "rg-dr"), "southeastasia")
    pip = elsewhere("publicIPAddresses", "pip", lettered.upper())
    item = vm(config={"public_ip": pip})
    assert problems(item, groups=(group,)) == [("public_ip", Problem.GONE)]


def test_a_network_that_is_not_there_is_told_by_its_id() -> None:
    lost = network_id("vnet-lost")
    assert text(vm(target="vnet-lost")) == f"the network {lost} does not exist"


def test_everything_that_blocks_an_item_is_named() -> None:
    item = refers()
    first, second, *_ = references_of(item)
    assert blocked_by((first, second)) == (
        f"its settings refer to what does not exist: {first.target.name} ({first}), "
        f"{second.target.name} ({second}); clear that first"
    )


def test_a_balancer_that_is_elsewhere_names_all_networks_it_is_in() -> None:
    home = balancer()
    (front,) = home.frontends
    spread = tuple(
        replace(front, subnet=network_id(name).child("subnets", "web"))
        for name in ("vnet-two", "vnet-dr")
    )
    said = text(refers(), load_balancers=(replace(home, frontends=spread),))
    assert said == (
        f"the load balancer {home.id.name} has its frontend in vnet-dr, vnet-two, "
        "and one in vnet-app-asr is needed"
    )


def test_a_pool_that_its_balancer_lacks_is_named_with_it() -> None:
    home = balancer()
    said = text(refers(), load_balancers=(replace(home, pools=()),))
    assert said == f"the pool {LB.name} of {home.id.name} does not exist"
