"""What address an IP config should have: the documented table, the modes, and what beats what."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_netmap.models import Subnet
from asr_netmap.rules.addresses import AddressSearch, Demand, keep_host_part
from asr_netmap.rules.branches import decide
from asr_netmap.settings import AddressMode, AddressRule
from tests.builders import ip_config, subnet

HOME = subnet("web", "10.1.1.0/24")
SAME_SPACE = subnet("web", "10.1.1.0/24")
OTHER_SPACE = subnet("web", "10.20.1.0/24")


def demand(
    mode: AddressMode = AddressMode.ASR_DEFAULT,
    target: Subnet = SAME_SPACE,
    *,
    static: bool | None = True,
    source: str | None = "10.1.1.10",
    explicit: AddressMode | IPv4Address | None = None,
    rules: list[AddressRule] | None = None,
    home: Subnet | None = HOME,
) -> Demand | None:
    config = ip_config(source, static=static)
    search = AddressSearch(config, explicit, rules or [], mode, home, target)
    _, answer = decide(search.branches())
    return answer.outcome


def wanted(found: Demand | None) -> tuple[str | None, bool, bool]:
    """Preferred address, and whether it is strict and firm."""
    assert found is not None
    assert found.reason
    return str(found.preferred) if found.preferred else None, found.strict, found.firm


@pytest.mark.parametrize(
    ("static", "target", "expected"),
    [
        (True, SAME_SPACE, ("10.1.1.10", True, False)),
        (True, OTHER_SPACE, ("10.20.1.10", False, False)),
        (False, SAME_SPACE, (None, True, False)),
        (False, OTHER_SPACE, (None, True, False)),
    ],
)
def test_the_documented_table(
    static: bool, target: Subnet, expected: tuple[str | None, bool, bool]
) -> None:
    """Static and same space: the same, else another; different space: any; dynamic: dynamic."""
    assert wanted(demand(static=static, target=target)) == expected


def test_same_address_space_means_the_same_prefixes_in_any_order() -> None:
    home = subnet("web", "10.1.1.0/24", "10.9.0.0/24", "fd00::/64")
    target = subnet("web", "10.9.0.0/24", "10.1.1.0/24")
    assert wanted(demand(home=home, target=target)) == ("10.1.1.10", True, False)
    larger = subnet("web", "10.1.0.0/16")
    assert wanted(demand(target=larger))[1:] == (False, False)


def test_the_reason_says_why_another_address_had_to_be_taken() -> None:
    found = demand()
    assert found is not None
    assert found.otherwise.endswith(", but")


def test_an_unknown_source_subnet_wants_any_address() -> None:
    assert wanted(demand(home=None)) == (None, False, False)


def test_a_place_that_azure_reserves_at_the_target_is_not_preferred() -> None:
    """10.1.1.10 is the tenth address at home; in a /28 from .8 it would be the reserved third."""
    target = subnet("web", "10.20.1.0/29")
    assert wanted(demand(target=target, source="10.1.1.7")) == (None, False, False)


@pytest.mark.parametrize("static", [True, False, None])
def test_without_a_rule_the_modes_say_the_same_of_static_and_dynamic(static: bool | None) -> None:
    assert demand(AddressMode.UNMANAGED, static=static) is None
    assert wanted(demand(AddressMode.DYNAMIC, static=static)) == (None, True, False)
    assert wanted(demand(AddressMode.NEXT_FREE, static=static)) == (None, False, False)
    assert wanted(demand(AddressMode.SAME, static=static)) == ("10.1.1.10", True, True)


def test_nothing_is_decided_of_what_azure_does_not_say() -> None:
    assert demand(static=None) is None
    assert demand(source=None) is None
    assert demand(AddressMode.SAME, source=None) is None
    assert demand(source="fd00::10") is None


RULES = [
    AddressRule.model_validate({"from": "10.1.1.0/25", "to": "10.30.1.0/25"}),
    AddressRule.model_validate({"from": "10.1.0.0/16", "to": "10.40.0.0/16"}),
]


@pytest.mark.parametrize(
    ("source", "expected"), [("10.1.1.10", "10.30.1.10"), ("10.1.1.200", "10.40.1.200")]
)
def test_the_first_prefix_rule_that_fits_keeps_the_host_part(source: str, expected: str) -> None:
    assert wanted(demand(source=source, rules=RULES)) == (expected, True, True)


@pytest.mark.parametrize("mode", list(AddressMode))
def test_a_prefix_rule_beats_every_mode_also_for_dynamic_addresses(mode: AddressMode) -> None:
    assert wanted(demand(mode, rules=RULES, static=False)) == ("10.30.1.10", True, True)


def test_where_no_prefix_rule_fits_the_mode_decides() -> None:
    assert wanted(demand(source="10.2.0.5", rules=RULES, mode=AddressMode.SAME))[0] == "10.2.0.5"


def test_an_explicit_address_beats_rules_and_modes() -> None:
    found = demand(AddressMode.UNMANAGED, rules=RULES, explicit=IPv4Address("10.1.1.77"))
    assert wanted(found) == ("10.1.1.77", True, True)


@pytest.mark.parametrize("mode", list(AddressMode))
def test_an_explicit_mode_beats_rules_and_the_general_mode(mode: AddressMode) -> None:
    found = demand(AddressMode.SAME, OTHER_SPACE, rules=RULES, explicit=mode)
    assert found == demand(mode, OTHER_SPACE)


@given(
    st.integers(min_value=8, max_value=30),
    st.integers(min_value=0, max_value=2**32 - 1),
    st.integers(min_value=0, max_value=2**32 - 1),
    st.integers(min_value=0, max_value=2**32 - 1),
)
def test_a_prefix_rule_and_its_inversion_lead_back(
    length: int, one: int, two: int, host: int
) -> None:
    mask = (2**32 - 1) << (32 - length) & (2**32 - 1)
    texts = [f"{IPv4Address(number & mask)}/{length}" for number in (one, two)]
    rule = AddressRule.model_validate({"from": texts[0], "to": texts[1]})
    address = IPv4Address(one & mask | host & ~mask)
    moved = rule.translate(address)
    assert moved is not None
    assert moved in rule.to
    assert int(moved) & ~mask == int(address) & ~mask
    assert rule.inverted().translate(moved) == address


def test_the_place_in_the_subnet_is_kept_also_with_several_prefixes() -> None:
    home = subnet("web", "10.1.1.0/24", "10.1.9.0/24")
    address = IPv4Address("10.1.9.200")
    assert keep_host_part(address, home, subnet("t", "10.2.0.0/25", "10.3.0.0/24")) == IPv4Address(
        "10.3.0.200"
    )
    assert keep_host_part(address, home, subnet("t", "10.2.0.0/25")) is None
    first_outside = IPv4Address("10.1.9.128")
    assert keep_host_part(first_outside, home, subnet("t", "10.2.0.0/25")) is None
    assert keep_host_part(IPv4Address("10.5.0.1"), home, SAME_SPACE) is None
    assert keep_host_part(address, None, SAME_SPACE) is None


def said(branch: str, *, explicit: AddressMode | None, mode: AddressMode = AddressMode.SAME) -> str:
    """Why a branch of the rule does not apply."""
    search = AddressSearch(ip_config(), explicit, RULES[:1], mode, HOME, SAME_SPACE)
    (answer,) = [b.ask() for b in search.branches() if b.name.startswith(branch)]
    assert not answer.decides
    return answer.why


def test_a_branch_that_something_stronger_overrules_says_what_is_given() -> None:
    assert said("mode", explicit=AddressMode.DYNAMIC) == "dynamic is given for it"
    assert said("prefix rule", explicit=AddressMode.DYNAMIC) == "dynamic is given for it"


def test_who_asks_for_the_documented_rule_is_told_so() -> None:
    assert said("explicit", explicit=AddressMode.ASR_DEFAULT) == (
        "asr-default is given for it: asks for the documented rule"
    )
