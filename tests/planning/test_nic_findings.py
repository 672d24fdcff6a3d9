"""The findings about replicated NICs: each appears where it should, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, NotLookedAt
from asr_netmap.planning.address_findings import Futures
from asr_netmap.planning.afterwards import inventory_after, item_with
from asr_netmap.planning.nic_findings import blocked_items, nic_findings
from asr_netmap.planning.nic_setting import Setting
from asr_netmap.planning.plan import Finding, Plan, Severity
from asr_netmap.settings import Settings, parse_settings
from tests.builders import (
    SOURCE,
    SUBSCRIPTION,
    TARGET,
    carried_out,
    existing_nic,
    fabric,
    inventory,
    ip_config,
    mapping,
    network,
    network_id,
    plan_of,
    replicated_nic,
    resource,
    settings,
    subnet,
    vm_id,
)
from tests.builders import item as plain_item
from tests.nic_estates import (
    APP,
    APP_ASR,
    DR,
    NETWORKS,
    TEST,
    as_recorded,
    balancer,
    codes_in,
    estate,
    found,
    live_nic,
    nsg,
    only,
    peered,
    public_ip,
    vm,
)

PIP, NSG, LB = public_ip().id, nsg().id, balancer().pools[0]


def swapped(*networks: Any) -> dict[str, Any]:
    """The networks of the estate, some of them replaced or added."""
    by_id = {n.id: n for n in (*NETWORKS, *networks)}
    return {"networks": tuple(by_id.values())}


def test_an_estate_that_is_all_right_has_no_finding() -> None:
    settled = vm(test="vnet-test", config={"test_to": "10.1.1.10", "test_subnet": "web"})
    assert found(estate(settled, vm("app2", "10.1.1.11"))) == []


# -- test networks --------------------------------------------------------------------------------


def test_a_test_in_the_failover_network_is_told() -> None:
    finding = only(estate(vm(test="vnet-app-asr")), "test-network-is-failover-network")
    assert (finding.severity, finding.title) == (Severity.WARNING, "app1")
    assert "test_network: …" in finding.fix
    assert "test-network-is-failover-network" not in codes_in(estate(vm(test="vnet-test")))


@pytest.mark.parametrize(
    ("networks", "who"),
    [
        ((peered(TEST, APP),), "vnet-app"),
        ((peered(APP, TEST),), "vnet-app"),
        ((peered(TEST, APP_ASR),), "vnet-app-asr"),
    ],
)
def test_a_test_network_that_is_peered_with_production_is_told(
    networks: tuple[Any, ...], who: str
) -> None:
    where = estate(vm(test="vnet-test"), **swapped(*networks))
    assert f"is peered with {who}, " in only(where, "test-network-peered").message


@pytest.mark.parametrize(
    "networks",
    [(), (peered(TEST, DR),), (peered(TEST, APP, state="Disconnected"),), (peered(DR, APP),)],
)
def test_a_test_network_that_is_apart_from_production_is_not_told(
    networks: tuple[Any, ...],
) -> None:
    where = estate(vm(test="vnet-test"), **swapped(*networks))
    assert "test-network-peered" not in codes_in(where)


def test_a_test_network_in_which_replicated_vms_run_is_told() -> None:
    """One that replicates back runs in what others use for their tests."""
    back = vm("app9", target="vnet-app", config={"to": None, "subnet": None})
    nics = (replace(back.nics[0], source_network=TEST.id),)
    back = replace(back, nics=nics, source_region=TARGET, target_region=SOURCE)
    where = estate(vm(test="vnet-test"), back)
    assert "vnet-test, in which" in only(where, "test-network-is-production").message
    assert "test-network-is-production" not in codes_in(estate(vm(test="vnet-test")))


# -- references -----------------------------------------------------------------------------------


REFERRING = vm(config={"public_ip": PIP, "lb_pools": (LB,)}, nic={"nsg": NSG})
THERE: dict[str, Any] = {"regional": (public_ip(), nsg()), "load_balancers": (balancer(),)}


def test_references_that_are_there_are_no_finding() -> None:
    where = estate(REFERRING, **THERE)
    assert found(where) == []
    assert blocked_items(where, where.items) == {}


def test_a_reference_that_is_gone_is_named_with_the_line_that_clears_it() -> None:
    where = estate(REFERRING, **{**THERE, "regional": (nsg(),)})
    finding = only(where, "reference-gone")
    assert finding.severity is Severity.ERROR
    assert str(PIP) in finding.message
    assert (
        "- {vm: rg-app/app1, nic: app1-nic, ip_config: ipconfig1, public_ip: none}" in finding.fix
    )


def test_of_several_pools_only_the_dead_one_is_cleared() -> None:
    dead = balancer("old").pools[0]
    config = {"lb_pools": (dead, LB)}
    finding = only(estate(vm(config=config), **THERE), "reference-gone")
    assert f"lb_pools: [{LB}]" in finding.fix


def test_an_item_that_refers_to_what_is_gone_is_blocked_until_that_is_cleared() -> None:
    where = estate(REFERRING, vm("app2", "10.1.1.11"), **{**THERE, "regional": (nsg(),)})
    blocked = blocked_items(where, where.items)
    assert list(blocked) == [REFERRING.id]
    assert "pip (app1-nic/ipconfig1: public_ip)" in blocked[REFERRING.id]
    clear = Setting("public_ip", None, REFERRING.nics[0].id, "ipconfig1")
    assert blocked_items(where, [item_with(REFERRING, [clear])]) == {}


def test_what_could_not_be_looked_at_blocks_nobody() -> None:
    gap = NotLookedAt("public IPs", "no permission", ArmId(f"/subscriptions/{SUBSCRIPTION}"))
    where = estate(REFERRING, not_looked_at=(gap,))
    assert blocked_items(where, where.items) == {}
    assert not any(code.startswith("reference") for code in codes_in(where))


@pytest.mark.parametrize(
    ("there", "code"),
    [
        ({"regional": (public_ip(region=SOURCE), nsg())}, "reference-wrong-region"),
        ({"load_balancers": (balancer(of="vnet-dr"),)}, "reference-wrong-network"),
        (
            {
                "regional": (public_ip(sku="Standard"), nsg()),
                "load_balancers": (balancer(sku="Basic"),),
            },
            "reference-sku",
        ),
    ],
)
def test_a_reference_that_azure_can_not_use_there_is_an_error(
    there: dict[str, Any], code: str
) -> None:
    where = estate(REFERRING, **{**THERE, **there})
    assert [(f.code, f.severity) for f in found(where)] == [(code, Severity.ERROR)]
    assert blocked_items(where, where.items) == {}


def test_a_reference_into_another_subscription_is_an_error() -> None:
    group = ArmId.of_group("99999999-2222-3333-4444-555555555555", "rg-app-asr")
    where = estate(vm(nic={"nsg": NSG}, target_group=group), **THERE)
    assert codes_in(where) == ["reference-wrong-subscription"]


@pytest.mark.parametrize(
    ("owner", "codes"),
    [("other", ["reuse-nic-in-use"]), (None, []), ("-", ["reuse-nic-missing"])],
)
def test_a_nic_to_reuse_that_is_not_free_is_a_warning(owner: str | None, codes: list[str]) -> None:
    item = vm(nic={"reuse_nic": True, "nic_name": "old", "nic_group": "rg-dr"})
    of = vm_id(owner) if owner else None
    old = (existing_nic("old", "10.1.1.99", group="rg-dr", vm=of),) if owner != "-" else ()
    where = estate(item, nics=(as_recorded(item), *old))
    assert [(f.code, f.severity) for f in found(where)] == [(c, Severity.WARNING) for c in codes]


# -- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.1.1.77", "address-taken"),
        ("10.1.1.2", "address-reserved"),
        ("10.9.9.9", "address-outside-subnet"),
        ("10.1.1.20", None),
    ],
)
@pytest.mark.parametrize("test", [False, True])
def test_a_set_address_that_can_not_be_had_is_told(
    address: str, code: str | None, test: bool
) -> None:
    config = {"test_to": address, "test_subnet": "web"} if test else {"to": address}
    item = vm(config=config, test="vnet-test" if test else None)
    probe = existing_nic("probe", "10.1.1.77", of="vnet-test" if test else "vnet-app-asr")
    where = estate(item, nics=(as_recorded(item), probe))
    if code is None:
        assert found(where) == []
        return
    finding = only(where, code)
    start = "test failover of app1-nic" if test else "app1-nic"
    assert finding.message.startswith(start)
    assert address in finding.message
    assert ("test_address: …" if test else " address: …") in finding.fix


def test_of_two_that_have_one_address_set_one_is_told() -> None:
    two = [vm("app1"), vm("app2", config={"to": "10.1.1.10"})]
    finding = only(estate(*two), "address-claimed-twice")
    assert finding.title == "app2"
    assert "app1 (app1-nic/ipconfig1) has it" in finding.message


def test_two_that_would_keep_one_address_by_default_are_both_told() -> None:
    nothing: dict[str, Any] = {"config": {"to": None, "subnet": None}}
    other = replace(APP, id=network_id("vnet-twin"))
    two = [vm("app1", **nothing), vm("app2", **nothing)]
    second = replace(two[1], nics=(replace(two[1].nics[0], source_network=other.id),))
    where = estate(two[0], second, **swapped(other))
    told = [f for f in found(where) if f.code == "address-claimed-twice"]
    assert [f.title for f in told] == ["app1", "app2"]
    assert "app2 (app2-nic/ipconfig1)" in told[0].message
    assert found(estate(two[0], vm("app2", "10.1.1.11", **nothing))) == []


def test_the_last_free_address_is_promised_to_nobody_so_it_is_no_claim() -> None:
    nothing: dict[str, Any] = {"config": {"to": None, "subnet": None}, "test": "vnet-test"}
    one, other = vm("app1", "10.1.1.254", **nothing), vm("app2", "10.1.1.10", **nothing)
    probe = existing_nic("probe", "10.1.1.10", of="vnet-test")
    where = estate(one, other, nics=(as_recorded(one), as_recorded(other), probe))
    assert "address-claimed-twice" not in codes_in(where)


def test_ipv6_is_told_once() -> None:
    item = vm(address="fd00::5", config={"to": None}, test="vnet-test")
    assert codes_in(estate(item)) == ["ipv6"]


# -- room -----------------------------------------------------------------------------------------

# A /29 gives three addresses to NICs.
SMALL = network("vnet-small", TARGET, "10.9.0.0/16", {"web": "10.9.0.0/29"})


def crowd(count: int, **more: Any) -> Inventory:
    config = {"to": None, "static": False, **more.pop("config", {})}
    nics = more.pop("nics", None)
    load_balancers = more.pop("load_balancers", ())
    items = [vm(f"app{n}", f"10.1.1.{n + 10}", config=config, **more) for n in range(count)]
    return estate(*items, nics=nics, load_balancers=load_balancers, **swapped(SMALL))


def room_codes(where: Inventory) -> list[str]:
    return [code for code in codes_in(where) if code.startswith("no-room")]


def test_dynamic_ones_need_room_too() -> None:
    assert room_codes(crowd(3, target="vnet-small")) == []
    finding = only(crowd(4, target="vnet-small"), "no-room-for-failover")
    assert finding.severity is Severity.ERROR
    assert "4 for failover are needed" in finding.message
    assert "3 are free of 3" in finding.message


def test_what_strangers_hold_is_no_room() -> None:
    where = crowd(3, target="vnet-small", nics=(existing_nic("probe", "10.9.0.4", "vnet-small"),))
    finding = only(where, "no-room-for-failover")
    assert finding.message.endswith(
        "2 are free of 3 (1 held by others), by the lists of NICs and load balancers"
    )


def test_a_left_over_nic_of_an_item_takes_no_room_from_it() -> None:
    own = existing_nic("app0-nic", "10.9.0.4", "vnet-small", group="rg-app-asr")
    assert room_codes(crowd(3, target="vnet-small", nics=(own,))) == []


def test_failover_and_test_failover_need_room_at_the_same_time() -> None:
    both = crowd(2, target="vnet-small", test="vnet-small")
    finding = only(both, "no-room-for-both")
    assert "2 for failover and 2 for test failover" in finding.message
    assert room_codes(crowd(1, target="vnet-small", test="vnet-small")) == []
    assert room_codes(crowd(2, target="vnet-small", test="vnet-test")) == []


def test_a_test_network_that_is_too_small_is_told() -> None:
    assert room_codes(crowd(4, target="vnet-dr", test="vnet-small")) == ["no-room-for-test"]
    assert room_codes(crowd(3, target="vnet-dr", test="vnet-small")) == []


def test_only_the_networks_of_the_given_items_are_told() -> None:
    where = estate(*crowd(4, target="vnet-small").items, vm("other"), **swapped(SMALL))
    assert [f.code for f in nic_findings(Futures.of(where), where.items[-1:])] == []


# -- subnets --------------------------------------------------------------------------------------

GATEWAY_FIRST = network(
    "vnet-gw",
    TARGET,
    subnets=[
        subnet("AzureBastionSubnet", "10.1.8.0/26"),
        subnet("zeta", "10.1.9.0/24"),
        subnet("web", "10.1.1.0/24", delegations=("Microsoft.Web/serverFarms",)),
    ],
)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"subnet": None, "source_subnet": "none"}, "is what Site Recovery may take, as the alph"),
        ({"subnet": "AzureBastionSubnet", "source_subnet": "none"}, "was set by Site Recovery it"),
        ({"subnet": None}, "web of vnet-gw has the same name as the source subnet, and it is del"),
    ],
)
def test_a_subnet_of_a_service_is_told(more: dict[str, Any], says: str) -> None:
    item = vm(target="vnet-gw", config={"to": None, **more})
    finding = only(estate(item, **swapped(GATEWAY_FIRST)), "special-subnet")
    assert says in finding.message
    assert "subnet: zeta" in finding.fix


def test_a_subnet_of_a_service_that_somebody_set_is_told_as_such() -> None:
    config = {"to": None, "subnet": "AzureBastionSubnet"}
    item = vm(target="vnet-gw", config=config, nic={"chosen_by_user": True})
    where = estate(item, **swapped(GATEWAY_FIRST))
    assert "AzureBastionSubnet of vnet-gw was set, and" in only(where, "special-subnet").message


def test_a_network_with_no_subnet_for_vms_needs_one() -> None:
    bare = replace(GATEWAY_FIRST, subnets=GATEWAY_FIRST.subnets[:1])
    item = vm(target="vnet-gw", config={"to": None, "subnet": None})
    assert only(estate(item, **swapped(bare)), "special-subnet").fix.startswith("Create a subnet")


def test_a_plain_subnet_is_not_told() -> None:
    item = vm(target="vnet-gw", config={"to": "10.1.9.7", "subnet": "zeta"})
    assert "special-subnet" not in codes_in(estate(item, **swapped(GATEWAY_FIRST)))


# -- defaults that are not certain ----------------------------------------------------------------


def test_what_relies_on_a_default_that_changed_over_time_is_told_once_per_item() -> None:
    item = vm(config={"to": None, "static": False}, test="vnet-app-asr")
    finding = only(estate(item), "default-uncertain")
    assert finding.severity is Severity.INFO
    assert finding.message.startswith("2 IP configs rely")
    assert "2017-11-21" in finding.message
    assert "address: 10.1.1.10" in finding.fix


@pytest.mark.parametrize(
    ("source", "taken"),
    [("10.1.1.2", ""), ("10.7.0.9", ""), ("10.1.1.10", "10.1.1.10")],
    ids=["reserved", "outside", "taken"],
)
def test_an_address_that_can_not_be_given_is_never_advised(source: str, taken: str) -> None:
    where = estate(vm("app1", source, config={"to": None, "static": False}, test="vnet-app-asr"))
    if taken:
        where = replace(where, nics=(*where.nics, existing_nic("probe", taken)))
    finding = only(where, "default-uncertain")
    assert source not in finding.fix
    assert "Choose an address that is free in web" in finding.fix
    assert "address: …" in finding.fix


def test_what_is_set_or_certain_relies_on_no_such_default() -> None:
    certain = vm(config={"to": None, "subnet": None})
    assert codes_in(estate(certain)) == []
    settled = vm(config={"static": False})
    assert codes_in(estate(settled)) == []


# -- the source -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("live", "code", "says"),
    [
        (live_nic(address="10.1.1.99"), "source-address-moved", "was 10.1.1.10 and is 10.1.1.99"),
        (live_nic(subnet="app"), "source-subnet-moved", "was vnet-app/web and is vnet-app/app"),
        (live_nic(network_name="vnet-b"), "source-subnet-moved", "is vnet-b/web now"),
        (live_nic(static=False), "source-allocation-changed", "was static and is dynamic now"),
        (live_nic(of_vm=None, address="10.1.1.99"), None, ""),
        (live_nic(subnet="WEB"), None, ""),
        (live_nic(), None, ""),
    ],
)
def test_a_source_that_moved_since_is_told(live: Any, code: str | None, says: str) -> None:
    codes = [c for c in codes_in(estate(vm(), nics=(live,))) if c.startswith("source")]
    assert codes == ([code] if code else [])
    if code:
        finding = only(estate(vm(), nics=(live,)), code)
        assert says in finding.message
        assert "10.1.1.10 is set for failover" in finding.message
        assert finding.severity is Severity.WARNING


def test_a_dynamic_source_may_move() -> None:
    item = vm(config={"static": False})
    where = estate(item, nics=(live_nic(address="10.1.1.99", static=False),))
    assert only(where, "source-address-moved").severity is Severity.INFO


def test_a_nic_that_the_vm_got_since_is_told() -> None:
    where = estate(vm(), nics=(live_nic(), live_nic("extra", "10.1.1.44")))
    message = only(where, "nic-added").message
    assert message.startswith("app1 has 2 NICs and 1 are replicated: extra")
    other = estate(vm(), nics=(live_nic(), live_nic("extra", "10.1.1.44", of_vm="app2")))
    assert codes_in(other) == []


@pytest.mark.parametrize(
    ("lost", "how"),
    [(None, "does not exist any more"), ("app9", "belongs to the VM app9"), ("", "to no VM now")],
)
def test_a_nic_that_the_vm_has_lost_since_is_told(lost: str | None, how: str) -> None:
    item = vm()
    second = replicated_nic("second", ip_config("10.1.1.12", to="10.1.1.12", subnet="web"))
    item = replace(item, nics=(*item.nics, second))
    gone = () if lost is None else (live_nic("second", "10.1.1.12", of_vm=lost or None),)
    where = estate(item, nics=(live_nic(), *gone))
    assert how in only(where, "nic-removed").message
    assert codes_in(estate(item)) == []


def test_ip_configs_that_came_or_went_are_told() -> None:
    where = estate(vm(), nics=(live_nic(config="renamed"),))
    said = {f.message for f in found(where) if f.code == "ip-configs-changed"}
    assert said == {
        "app1-nic/ipconfig1 is replicated, and the NIC has it no more",
        "app1-nic/renamed (10.1.1.10) is at the VM and not replicated: it will not exist after a "
        "failover",
    }


def test_an_ipv6_config_that_is_not_replicated_is_told_as_ipv6() -> None:
    live = live_nic()
    six = replace(live_nic(address="fd00::5").addresses[0], name="six")
    where = estate(vm(), nics=(replace(live, addresses=(*live.addresses, six)),))
    assert codes_in(where) == ["ipv6"]


def test_ip_configs_that_site_recovery_names_not_are_not_compared() -> None:
    """Right after a reprotect their names are empty."""
    assert codes_in(estate(vm(config={"name": ""}), nics=(live_nic(),))) == []


def test_a_vm_that_is_out_of_sight_has_lost_nothing() -> None:
    assert codes_in(estate(vm(), nics=())) == []


def test_a_nic_that_could_not_be_looked_at_is_not_lost() -> None:
    second = replicated_nic("second", ip_config("10.1.1.12", to="10.1.1.12", subnet="web"))
    item = replace(vm(), nics=(*vm().nics, second))
    gap = NotLookedAt("NIC second", "unreadable", second.id)
    assert codes_in(estate(item, nics=(live_nic(),), not_looked_at=(gap,))) == []
    assert codes_in(estate(item, nics=(live_nic(),))) == ["nic-removed"]


def test_a_vm_in_failover_is_not_compared_with_its_source() -> None:
    away = vm(active_location="Recovery")
    assert codes_in(estate(away, nics=(live_nic(address="10.1.1.99"),))) == []


def test_application_security_groups_will_be_lost() -> None:
    groups = (resource("Microsoft.Network/applicationSecurityGroups", "asg-web"),)
    finding = only(estate(vm(), nics=(live_nic(application_security_groups=groups),)), "asg-lost")
    assert "asg-web" in finding.message
    where = f"--subscription {SUBSCRIPTION} -g rg-app-asr"
    assert finding.command == (
        f"az network asg create {where} -l {TARGET} -n asg-web && "
        f"az network nic ip-config update {where} --nic-name app1-nic -n ipconfig1 "
        "--application-security-groups asg-web"
    )
    assert codes_in(estate(vm(), nics=(live_nic(),))) == []


# -- overlaps -------------------------------------------------------------------------------------

HUB = network("vnet-hub", TARGET, "10.50.0.0/16")
FAR = network("vnet-far", TARGET, "10.1.0.0/20")


@pytest.mark.parametrize(
    ("networks", "says"),
    [
        ((peered(APP_ASR, FAR), FAR), "is peered with vnet-far, and"),
        ((APP_ASR, peered(FAR, APP_ASR)), "is peered with vnet-far, and"),
        ((peered(APP_ASR, HUB), peered(HUB, FAR), FAR), "through vnet-hub with vnet-far"),
        ((peered(APP_ASR, HUB), HUB, FAR), None),
        ((peered(APP_ASR, HUB, state="Disconnected"), peered(HUB, FAR), FAR), None),
    ],
)
def test_a_target_that_overlaps_what_it_is_peered_with_is_told(
    networks: tuple[Any, ...], says: str | None
) -> None:
    where = estate(vm(), **swapped(*networks))
    if says is None:
        assert found(where) == []
        return
    finding = only(where, "target-overlaps-peer")
    assert says in finding.message
    assert "10.1.0.0/16 and 10.1.0.0/20" in finding.message
    assert finding.command.endswith(("-n to-vnet-far", "-n to-vnet-hub", "--output table"))


# -- together with the planner --------------------------------------------------------------------


def together(where: Inventory, declared: Settings | None = None) -> tuple[Plan, list[Finding]]:
    """The findings of a plan, and those about what will be that it has not made itself."""
    made = plan_of(where, declared)
    after = inventory_after(where, made.changes)
    more = nic_findings(Futures.of(after), after.items, made.findings)
    return made, list(dict.fromkeys((*made.findings, *more)))


def about(findings: list[Finding], *codes: str) -> list[str]:
    return [finding.code for finding in findings if finding.code in codes]


ADDRESS = ("address-taken", "address-claimed-twice", "address-outside-subnet", "address-reserved")


@pytest.mark.parametrize(
    ("to", "nics"),
    [
        ("10.1.1.77", {}),
        ("10.9.9.9", {"address": "unmanaged"}),
        ("10.1.1.2", {"address": "unmanaged"}),
    ],
)
def test_what_the_planner_says_of_an_address_is_not_said_again(
    to: str, nics: Mapping[str, str]
) -> None:
    item = vm(config={"to": to}, nic={"chosen_by_user": True})
    where = estate(item, nics=(as_recorded(item), existing_nic("probe", "10.1.1.77")))
    _, findings = together(where, settings(nics=dict(nics)))
    assert len(about(findings, *ADDRESS)) == 1


def test_who_has_to_set_another_address_anyway_is_not_told_of_defaults() -> None:
    """Without the trouble with the explicit address, the empty one would be uncertain."""
    probe = existing_nic("probe", "10.1.1.77")
    item = vm(config={"to": None}, nic={"chosen_by_user": True})
    where = estate(item, nics=(as_recorded(item), probe))
    assert about(found(where), "default-uncertain") == ["default-uncertain"]
    wanted = settings(nics={"settings": [{"vm": "app1", "address": "10.1.1.77"}]})
    _, findings = together(where, wanted)
    assert about(findings, "default-uncertain", *ADDRESS) == ["address-taken"]


def test_two_items_that_claim_one_address_are_told_once() -> None:
    where = estate(vm("app1"), vm("app2", config={"to": "10.1.1.10"}))
    _, findings = together(where)
    assert len(about(findings, *ADDRESS)) == 1


def test_a_test_address_that_nothing_declares_is_still_looked_at() -> None:
    """The planner looks only at test networks that are declared."""
    item = vm(config={"test_to": "10.9.9.9", "test_subnet": "web"}, test="vnet-test")
    made, findings = together(estate(item))
    assert made.empty
    assert about(findings, *ADDRESS) == ["address-outside-subnet"]


def test_a_full_subnet_is_told_once() -> None:
    items = [
        plain_item(f"app{n}", ip_config(f"10.1.1.{n + 10}"), target="vnet-small") for n in range(4)
    ]
    where = inventory(*items, **swapped(SMALL))
    made, findings = together(where)
    assert [f.code for f in made.findings].count("subnet-full") == 1
    assert about(findings, "subnet-full", "no-room-for-failover") == ["subnet-full"]


def test_a_subnet_of_a_service_that_the_plan_avoids_is_not_told_of_what_will_be() -> None:
    item = plain_item("app1", ip_config(source_subnet="none"), target="vnet-gw")
    _, findings = together(estate(item, **swapped(GATEWAY_FIRST)))
    assert about(findings, "special-subnet", "subnet-unusable") == ["subnet-unusable"]


def test_a_subnet_of_a_service_that_is_declared_is_told_once() -> None:
    item = plain_item("app1", ip_config(source_subnet="none"), target="vnet-gw")
    row = {"vm": "app1", "subnet": "AzureBastionSubnet"}
    declared = settings(nics={"settings": [row]})
    _, findings = together(estate(item, **swapped(GATEWAY_FIRST)), declared)
    assert about(findings, "special-subnet", "subnet-unusable") == ["subnet-unusable"]


def test_ipv6_and_a_lost_target_are_told_once() -> None:
    six = plain_item("app1", ip_config("fd00::5"), target="vnet-app-asr")
    assert about(together(estate(six))[1], "ipv6") == ["ipv6"]
    lost = plain_item("app1", ip_config(), target="vnet-lost")
    _, findings = together(estate(lost))
    assert about(findings, "target-network-gone", "reference-gone") == ["target-network-gone"]


def test_the_inventory_afterwards_is_what_azure_would_show() -> None:
    """With a network that the plan creates, and addresses in it."""
    where = inventory(plain_item("app1", ip_config()), networks=[APP], mappings=[])
    made = plan_of(where)
    after, shown = inventory_after(where, made.changes), carried_out(where, made)
    assert after.items == shown.items
    assert {n.id for n in after.networks} == {n.id for n in shown.networks}
    (config,) = after.items[0].nics[0].ip_configs
    assert config.address == IPv4Address("10.1.1.10")
    assert list(nic_findings(Futures.of(after), after.items)) == []


def test_the_other_direction_is_looked_at_like_the_first() -> None:
    back = plain_item(
        "app1", ip_config(), of="vnet-app-asr", goes=(TARGET, SOURCE), target="vnet-app"
    )
    taken = existing_nic("probe", "10.1.1.10", of="vnet-app", region=SOURCE)
    set_twice = replace(
        back,
        nics=(replace(back.nics[0], ip_configs=(ip_config(to="10.1.1.10", subnet="web"),)),),
    )
    where = inventory(set_twice, networks=NETWORKS, nics=(taken,))
    assert "address-taken" in codes_in(where)


def test_the_findings_depend_on_no_order() -> None:
    items = [vm(f"app{n}", config={"to": "10.1.1.10"}, test="vnet-app-asr") for n in range(4)]
    nics = [as_recorded(i) for i in items]
    one, other = estate(*items, nics=nics), estate(*items[::-1], nics=nics[::-1])
    assert set(found(one)) == set(found(other))
    assert found(one)


def test_a_fix_is_a_line_that_the_settings_file_takes() -> None:
    where = estate(REFERRING, **{**THERE, "regional": (nsg(),)})
    line = only(where, "reference-gone").fix.partition("it: ")[2]
    text = (
        f"version: 1\nvault: {{subscription: {SUBSCRIPTION}, resource_group: rg-vault, "
        f"name: vault-dr}}\nsource_region: eastasia\ntarget_region: southeastasia\n"
        f"nics:\n  settings:\n    {line}\n"
    )
    (row,) = parse_settings(text, "netmap.yaml")[0].nics.settings
    assert (row.vm, row.public_ip) == ("rg-app/app1", "none")


def test_mappings_and_fabrics_are_left_as_they_are_afterwards() -> None:
    where = estate(vm(), mappings=(mapping("vnet-app", "vnet-app-asr"),))
    after = inventory_after(where, plan_of(where).changes)
    assert after.mappings == where.mappings
    assert after.fabrics == (fabric(SOURCE), fabric(TARGET))
