"""Which subnet a NIC goes into."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from asr_netmap.rules.subnets import (
    SERVICE_SUBNETS,
    SubnetRule,
    SubnetSearch,
    alphabetically_first,
    choose_subnet,
    unusable,
)
from tests.builders import TARGET, network, subnet

ZETA, ALPHA = subnet("zeta", "10.1.1.0/24"), subnet("Alpha", "10.1.2.0/24")
DR = network("vnet-dr", TARGET, subnets=[ZETA, ALPHA])


def test_the_subnet_of_the_same_name_is_taken_in_any_case() -> None:
    choice = choose_subnet("ZETA", DR)
    assert (choice.subnet, choice.rule, choice.problem) == (ZETA, SubnetRule.SAME_NAME, "")


@pytest.mark.parametrize("order", list(permutations([ZETA, ALPHA])))
def test_without_one_the_alphabetically_first_is_taken_whatever_the_order(order: Any) -> None:
    choice = choose_subnet("sql", network("vnet-dr", TARGET, subnets=order))
    assert (choice.subnet, choice.rule) == (ALPHA, SubnetRule.FIRST)
    assert "no subnet named sql" in choice.reason


def test_an_unknown_source_subnet_takes_the_alphabetically_first() -> None:
    choice = choose_subnet(None, DR)
    assert (choice.subnet, choice.rule) == (ALPHA, SubnetRule.FIRST)
    assert "not known" in choice.reason


def test_a_subnet_map_beats_the_same_name() -> None:
    choice = choose_subnet("ZETA", DR, mapped={"zeta": "alpha"})
    assert (choice.subnet, choice.rule) == (ALPHA, SubnetRule.MAPPED)


def test_a_subnet_map_says_nothing_of_other_subnets() -> None:
    assert choose_subnet("zeta", DR, mapped={"sql": "alpha"}).rule is SubnetRule.SAME_NAME


def test_an_explicit_subnet_beats_the_map_and_the_same_name() -> None:
    choice = choose_subnet("alpha", DR, explicit="Zeta", mapped={"alpha": "alpha"})
    assert (choice.subnet, choice.rule) == (ZETA, SubnetRule.EXPLICIT)


@pytest.mark.parametrize("how", [{"explicit": "web"}, {"mapped": {"zeta": "web"}}])
def test_a_named_subnet_that_is_not_there_is_no_choice_but_a_problem(how: dict[str, Any]) -> None:
    choice = choose_subnet("zeta", DR, **how)
    assert choice.subnet is None
    assert choice.problem == "vnet-dr has no subnet web; there is: zeta, Alpha"


def test_a_named_subnet_is_taken_although_no_vm_can_be_in_it_and_that_is_said() -> None:
    hub = network("vnet-hub", TARGET, subnets={"GatewaySubnet": "10.1.0.0/27"})
    choice = choose_subnet("web", hub, explicit="gatewaysubnet")
    assert choice.subnet is hub.subnets[0]
    assert "belongs to a service" in choice.problem


def test_refusing_leaves_a_missing_subnet_to_people() -> None:
    choice = choose_subnet("sql", DR, refuse_fallback=True)
    assert (choice.subnet, choice.rule) == (None, SubnetRule.REFUSED)
    assert choice.problem
    assert choose_subnet("zeta", DR, refuse_fallback=True).subnet == ZETA


BLOCKED = [
    *(subnet(name, "10.1.0.0/24") for name in sorted(SERVICE_SUBNETS)),
    subnet("AzureBastionSubnet", "10.1.0.0/24"),
    subnet("apps", "10.1.0.0/24", delegations=("Microsoft.Web/serverFarms",)),
    subnet("a6", "fd00::/64"),
]


@pytest.mark.parametrize("blocked", BLOCKED, ids=lambda s: str(s.name))
def test_a_subnet_where_no_vm_can_be_is_passed_over_and_that_is_said(blocked: Any) -> None:
    target = network("vnet-dr", TARGET, subnets=[blocked, ZETA])
    choice = choose_subnet("sql", target)
    assert (choice.subnet, choice.rule) == (ZETA, SubnetRule.FIRST_USABLE)
    assert "Site Recovery might still choose it" in choice.problem
    same = choose_subnet(target.subnets[0].name, target)
    assert (same.subnet, same.rule) == (ZETA, SubnetRule.FIRST_USABLE)


def test_a_full_subnet_is_passed_over_and_that_is_said() -> None:
    choice = choose_subnet("zeta", DR, full=lambda s: s is ZETA)
    assert (choice.subnet, choice.rule) == (ALPHA, SubnetRule.FIRST_USABLE)
    assert "zeta, which has the same name, is full" in choice.problem


def test_the_first_usable_is_the_alphabetically_first_of_those() -> None:
    target = network(
        "v",
        TARGET,
        subnets={"GatewaySubnet": "10.1.0.0/27", "z": "10.1.2.0/24", "m": "10.1.3.0/24"},
    )
    chosen = choose_subnet("sql", target).subnet
    assert chosen is not None
    assert chosen.name == "m"


def test_without_any_usable_subnet_there_is_no_choice() -> None:
    hub = network("vnet-hub", TARGET, subnets={"GatewaySubnet": "10.1.0.0/27"})
    choice = choose_subnet("web", hub)
    assert (choice.subnet, choice.rule) == (None, SubnetRule.NONE)
    assert "no other subnet is usable" in choice.problem


def test_a_network_without_subnets_gives_no_choice() -> None:
    choice = choose_subnet("web", network("vnet-empty", TARGET))
    assert (choice.subnet, choice.rule) == (None, SubnetRule.NONE)
    assert choice.problem == "vnet-empty has no subnet at all"


def test_an_ordinary_subnet_is_usable() -> None:
    assert unusable(ZETA) is None


@pytest.mark.parametrize(
    ("blocked", "why"),
    [
        (
            subnet("a", "10.1.0.0/24", delegations=("A.B/c", "D.E/f")),
            "is delegated to A.B/c, D.E/f",
        ),
        (subnet("a", "fd00::/64"), "has no IPv4 prefix"),
    ],
)
def test_why_no_vm_can_be_in_a_subnet_is_said(blocked: Any, why: str) -> None:
    assert unusable(blocked) == why


def test_a_subnet_map_that_does_not_apply_says_why() -> None:
    def said(source: str | None) -> str:
        branches = SubnetSearch(source, DR, mapped={"sql": "alpha"}).branches()
        (why,) = [b.ask().why for b in branches if b.name == SubnetRule.MAPPED.value]
        return why

    assert said(None) == "the source subnet is not known"
    assert said("zeta") == "the configuration maps zeta to none"


@pytest.mark.parametrize(
    ("names", "first"), [(["beta", "Alpha"], "Alpha"), (["ab", "A_B"], "A_B"), ([], None)]
)
def test_alphabetical_is_the_order_of_names_in_lower_case(
    names: list[str], first: str | None
) -> None:
    found = alphabetically_first([subnet(name) for name in names])
    assert (found.name if found else None) == first
