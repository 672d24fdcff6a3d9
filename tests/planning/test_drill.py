"""Test failovers against what was predicted: pass or fail for every IP config."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from asr_netmap.models import Inventory, Nic, NicAddress, ReplicatedItem
from asr_netmap.planning.drill import DrillCheck, drill_checks
from asr_netmap.planning.plan import Severity
from asr_netmap.planning.verification import verify, with_drill
from tests.builders import (
    APP,
    APP_ASR,
    TARGET,
    existing_nic,
    inventory,
    ip_config,
    item,
    network,
    network_id,
    nic_id,
    plan_of,
    replicated_nic,
    vm_id,
)

TEST = network("vnet-test", TARGET, subnets={"web": "10.1.1.0/24", "app": "10.1.2.0/24"})
TEST_VM = vm_id("app1-test", "rg-app-asr")


def drilled(*configs: Any, **more: Any) -> ReplicatedItem:
    """An item in test failover whose test settings are set."""
    configs = configs or (ip_config(to="10.1.1.10", subnet="web", test_to="10.1.1.50"),)
    state = {"test_failover_state": "WaitingForCompletion", **more}
    return item("app1", *configs, target="vnet-app-asr", test="vnet-test", by_user=True, **state)


def a_test_nic(address: str = "10.1.1.50", name: str = "app1-nic-test", **more: Any) -> Nic:
    values: dict[str, Any] = {"vm": TEST_VM, "group": "rg-app-asr", **more}
    return existing_nic(name, address, "vnet-test", **values)


def checks(what: ReplicatedItem, *nics: Nic) -> tuple[DrillCheck, ...]:
    estate = inventory(what, networks=(APP, APP_ASR, TEST), nics=nics)
    return drill_checks(estate, [what.id])


def the_check(what: ReplicatedItem, *nics: Nic) -> DrillCheck:
    (found,) = checks(what, *nics)
    return found


def test_an_address_that_is_as_set_passes() -> None:
    found = the_check(drilled(), a_test_nic())
    assert found.passed
    assert (found.where, found.subnet, str(found.address)) == (
        "app1-nic/ipconfig1",
        "web",
        "10.1.1.50",
    )
    assert found.test_nic == nic_id("app1-nic-test", "rg-app-asr")


def test_another_address_fails_and_says_both() -> None:
    found = the_check(drilled(), a_test_nic("10.1.1.51"))
    assert found.problem == "the address is 10.1.1.51, and 10.1.1.50 was expected"


def test_another_subnet_and_another_network_fail() -> None:
    moved = a_test_nic("10.1.1.50", subnet_name="app")
    assert "the subnet is app, and web was expected" in the_check(drilled(), moved).problem
    use = NicAddress(
        "ipconfig1",
        network_id("vnet-app-asr").child("subnets", "web"),
        ip_address("10.1.1.50"),
        True,
        True,
    )
    elsewhere = replace(a_test_nic(), addresses=(use,))
    problem = the_check(drilled(), elsewhere).problem
    assert problem == "the network is vnet-app-asr, and vnet-test was expected"


def test_the_test_vms_own_address_does_not_spoil_the_prediction() -> None:
    """What the test VM holds was free before it came."""
    by_default = drilled(ip_config("10.1.1.10", test_subnet="web"))
    found = the_check(by_default, a_test_nic("10.1.1.10"))
    assert str(found.expected.address) == "10.1.1.10"
    assert found.passed


def test_an_uncertain_prediction_that_fails_says_that_it_was_one() -> None:
    by_default = drilled(ip_config("10.1.1.10", test_subnet="web", static=None))
    found = the_check(by_default, a_test_nic("10.1.1.254"))
    assert not found.expected.certain
    assert found.problem == (
        "the address is 10.1.1.254, and 10.1.1.10 was expected "
        "(uncertain: the documents leave it open)"
    )


def test_an_item_that_is_in_no_test_failover_is_not_looked_at() -> None:
    assert checks(drilled(test_failover_state="None"), a_test_nic()) == ()


def test_without_a_test_nic_it_fails() -> None:
    found = the_check(drilled())
    assert found.problem == "no NIC of a test VM of app1 can be told to be its counterpart"
    assert (found.test_nic, found.address) == (None, None)


def test_the_test_vm_that_the_item_names_comes_before_the_name() -> None:
    named = vm_id("another-name", "rg-app-asr")
    found = the_check(
        drilled(test_vm=named), a_test_nic("10.1.1.50", vm=named), a_test_nic("10.1.1.9")
    )
    assert found.passed


def test_a_vm_of_that_name_at_the_source_is_no_test_vm() -> None:
    assert the_check(drilled(), a_test_nic(region="eastasia")).test_nic is None


def test_several_nics_are_told_apart_by_their_names_and_not_by_their_order() -> None:
    nics = tuple(
        replicated_nic(
            name,
            ip_config(f"10.1.1.1{n}", to=f"10.1.1.1{n}", subnet="web", test_to=f"10.1.1.5{n}"),
            chosen_by_user=True,
            test_nic_name=test_name,
        )
        for n, (name, test_name) in enumerate((("front", "front-drill"), ("back", None)))
    )
    what = drilled(nics=nics)
    there = (a_test_nic("10.1.1.51", "back-a1b2"), a_test_nic("10.1.1.50", "front-drill"))
    assert [check.problem for check in checks(what, *there)] == ["", ""]
    unknown = (a_test_nic("10.1.1.51", "x1"), a_test_nic("10.1.1.50", "x2"))
    assert [check.passed for check in checks(what, *unknown)] == [False, False]


def test_a_secondary_ip_config_that_should_not_be_there_fails_where_it_is() -> None:
    second = ip_config("10.1.1.11", name="second", primary=False)
    what = drilled(ip_config(to="10.1.1.10", subnet="web", test_to="10.1.1.50"), second)
    primary = a_test_nic()
    assert [check.passed for check in checks(what, primary)] == [True, True]
    use = replace(
        primary.addresses[0], name="second", address=ip_address("10.1.1.60"), primary=False
    )
    both = replace(primary, addresses=(*primary.addresses, use))
    assert [check.problem for check in checks(what, both)] == ["", "it is there, as 10.1.1.60"]


def test_a_renamed_primary_ip_config_is_still_the_primary_one() -> None:
    use = replace(a_test_nic().addresses[0], name="other")
    assert the_check(drilled(), replace(a_test_nic(), addresses=(use,))).passed
    lost = replace(use, primary=False)
    problem = the_check(drilled(), replace(a_test_nic(), addresses=(lost,))).problem
    assert problem == "app1-nic-test has no IP config that stands for it"


def test_a_difference_is_a_finding_of_the_verification() -> None:
    what = drilled()
    estate: Inventory = inventory(
        what, networks=(APP, APP_ASR, TEST), nics=(a_test_nic("10.1.1.9"),)
    )
    before = verify(plan_of(estate))
    after = with_drill(before, drill_checks(estate, [what.id]))
    (finding,) = [f for f in after.findings if f not in before.findings]
    assert (finding.code, finding.severity, finding.subject) == (
        "drill-differs",
        Severity.WARNING,
        what.id,
    )
    assert "app1-nic/ipconfig1" in finding.message
    assert len(after.drill) == 1
