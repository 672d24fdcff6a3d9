"""Replicated items: what is set on their NICs, what is kept, who waits, what is said."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest

from asr_netmap.errors import NotFound, UsageError
from asr_netmap.models import (
    Inventory,
    Nic,
    NicAddress,
    NotLookedAt,
    RegionalResource,
    ReplicatedIpConfig,
    ReplicatedItem,
    VirtualMachine,
)
from asr_netmap.planning.change import AddressClaim, ItemState, Kind
from asr_netmap.planning.plan import Plan, Severity
from asr_netmap.planning.planner import plan, plan_in_detail
from asr_netmap.planning.safety import changed_settings
from asr_netmap.settings import Settings
from tests.builders import (
    APP,
    APP_ASR,
    PAIRED,
    SOURCE,
    TARGET,
    address_of,
    carried_out,
    codes,
    existing_nic,
    inventory,
    ip_config,
    item,
    message,
    network,
    network_id,
    nic_id,
    of_kind,
    plan_of,
    replicated_nic,
    resource,
    reverse_mapping,
    rows,
    scope,
    settings,
    values,
    vm_id,
)

DR = network("vnet-dr", TARGET, "10.20.0.0/16", {"web": "10.20.1.0/24", "zeta": "10.20.9.0/24"})
TEST = network("vnet-test", TARGET, "10.30.0.0/16", {"web": "10.30.1.0/24"})
ENFORCE = {"existing": "enforce"}
NEXT_FREE = {"address": "next-free"}


def into(target: str = "vnet-dr", **more: Any) -> dict[str, Any]:
    return {"source": "vnet-app", "target": target, **more}


def one(config: ReplicatedIpConfig | None = None, **more: Any) -> Inventory:
    """An estate with one item, app1, in vnet-app."""
    nics = more.pop("existing", ())
    return inventory(item("app1", config or ip_config(), **more), nics=nics)


def pending(made: Plan) -> dict[str, str]:
    return {p.title: p.reason for p in made.pending}


# -- the documented rule, through the whole plan ------------------------------------------------


def test_a_static_nic_gets_network_subnet_and_the_same_address() -> None:
    made = plan_of(one())
    assert values(made, "app1") == {
        "target_network": APP_ASR.id,
        "subnet": "web",
        "address": IPv4Address("10.1.1.10"),
    }
    (change,) = made.changes
    assert change.claims == (AddressClaim(APP_ASR.id, IPv4Address("10.1.1.10")),)
    assert isinstance(change.after, ItemState)
    assert change.before == ItemState(tuple(replace(s, value=None) for s in change.after.settings))
    for why in ("is mapped to it", "same name, web", "same address space: the same address"):
        assert why in change.reason


def test_a_dynamic_nic_stays_dynamic() -> None:
    assert address_of(plan_of(one(ip_config(static=False))), "app1") is None
    assert values(plan_of(one(ip_config(static=False))), "app1")["subnet"] == "web"


def test_a_taken_address_gives_another_one_and_says_who_has_it() -> None:
    made = plan_of(one(existing=(existing_nic("probe", "10.1.1.10"),)))
    assert address_of(made, "app1") == "10.1.1.11"
    assert "10.1.1.10 is taken by NIC probe" in made.changes[0].reason


def test_the_address_of_an_own_left_over_nic_is_taken_again_without_asking_azure() -> None:
    """Azure calls it taken, since the item's own NIC has it."""
    mine = existing_nic("app1-nic", "10.1.1.10", group="rg-app-asr")
    made = plan_of(one(existing=(mine,)))
    assert address_of(made, "app1") == "10.1.1.10"
    assert made.changes[0].claims == ()


def test_an_address_that_another_item_has_set_or_is_promised_is_not_given_again() -> None:
    has = item("zz", ip_config("10.1.1.99", to="10.1.1.10"), target="vnet-app-asr")
    made = plan_of(inventory(item("b", ip_config()), item("a", ip_config()), has))
    assert (address_of(made, "a"), address_of(made, "b")) == ("10.1.1.11", "10.1.1.12")


def test_settings_that_are_right_are_no_change() -> None:
    right = ip_config(to="10.1.1.10", subnet="WEB")
    assert plan_of(one(right, target="VNET-app-asr")).empty


def test_a_second_nic_and_a_secondary_ip_config_are_planned_each_on_its_own() -> None:
    nics = (
        replicated_nic(
            "n1", ip_config(), ip_config("10.1.1.11", name="second", primary=False, selected=True)
        ),
        replicated_nic("n2", ip_config("10.1.2.5", source_subnet="app", name="other")),
    )
    made = plan_of(inventory(item("app1", nics=nics)))
    found = {k: str(v) for k, v in values(made, "app1").items() if "address" in k}
    assert found == {
        "address": "10.1.1.10",
        "second/address": "10.1.1.11",
        "other/address": "10.1.2.5",
    }
    assert values(made, "app1")["other/subnet"] == "app"


def test_a_source_subnet_in_another_address_space_keeps_the_place_in_the_subnet() -> None:
    where = inventory(item("app1", ip_config()), networks=[APP, DR], mappings=[])
    made = plan_of(where, settings(networks=[into()]))
    assert address_of(made, "app1") == "10.20.1.10"


def test_ipv6_is_reported_and_not_lost() -> None:
    made = plan_of(one(ip_config("fd00::10")))
    assert values(made, "app1") == {"target_network": APP_ASR.id, "subnet": "web"}
    assert "fd00::10" in message(made, "ipv6")


# -- whose value it is -------------------------------------------------------------------------


def by_hand(**more: Any) -> Inventory:
    values_set = {"to": "10.1.1.50", "subnet": "web", **more}
    return one(ip_config(**values_set), target="vnet-app-asr", by_user=True)


def test_an_address_that_somebody_set_is_kept_and_reported() -> None:
    made = plan_of(by_hand())
    assert made.empty
    assert "10.1.1.50 was set by somebody and is kept" in message(made, "set-by-hand")


def test_enforcing_replaces_what_somebody_set() -> None:
    made = plan_of(by_hand(), settings(nics=ENFORCE))
    assert values(made, "app1") == {"address": IPv4Address("10.1.1.10")}
    assert "set-by-hand" not in codes(made)


def test_a_subnet_that_somebody_set_is_kept_and_reported_unless_enforced() -> None:
    where = by_hand(subnet="app", to="10.1.2.50")
    made = plan_of(where)
    assert made.empty
    assert codes(made) == ["set-by-hand"]
    enforced = values(plan_of(where, settings(nics=ENFORCE)), "app1")
    assert enforced == {"subnet": "web", "address": IPv4Address("10.1.1.10")}


def test_a_subnet_that_is_not_in_the_items_network_is_replaced() -> None:
    made = plan_of(by_hand(subnet="gone", to=None))
    assert values(made, "app1")["subnet"] == "web"
    assert "gone is no subnet of vnet-app-asr" in made.changes[0].reason


@pytest.mark.parametrize("invalid", ["10.99.0.5", "10.1.1.2", "10.1.1.255"])
def test_an_address_that_azure_could_not_give_is_replaced(invalid: str) -> None:
    assert address_of(plan_of(by_hand(to=invalid)), "app1") == "10.1.1.10"


def test_an_address_that_was_set_and_is_replaced_is_named_with_what_is_wrong_with_it() -> None:
    """A rule fills what is not valid, and whoever set it hears of it."""
    for invalid, code, why in (
        ("10.1.1.1", "address-reserved", "is one of the five that Azure reserves"),
        ("10.1.2.40", "address-outside-subnet", "is outside web (10.1.1.0/24)"),
    ):
        where = one(ip_config(to=invalid, subnet="web"), target="vnet-app-asr", by_user=True)
        made = plan_of(where)
        assert address_of(made, "app1") == "10.1.1.10"
        (change,) = made.changes
        assert f"{invalid}, which was set, {why}; " in change.reason
        (finding,) = [f for f in made.findings if f.code == code]
        assert finding.severity is Severity.WARNING
        assert f"{invalid} was set, and it {why}; it is replaced by 10.1.1.10" in finding.message
        assert plan_of(carried_out(where, made)).findings == ()


def test_what_is_replaced_by_a_dynamic_address_is_named_too() -> None:
    where = one(ip_config(static=False, to="10.1.1.1", subnet="web"), target="vnet-app-asr")
    made = plan_of(where)
    assert values(made, "app1") == {"address": None}
    assert "is replaced by a dynamic one" in message(made, "address-reserved")
    assert "10.1.1.1, which was set," in made.changes[0].reason


def test_an_address_that_was_good_where_the_item_comes_from_is_no_finding() -> None:
    """The plan moves the item to another network, so its address goes with it."""
    where = inventory(
        item("app1", ip_config(to="10.1.1.10", subnet="web"), target="vnet-app-asr"),
        networks=[APP, APP_ASR, DR],
        mappings=[],
    )
    made = plan_of(where, settings(networks=[into()]), retarget=True)
    assert address_of(made, "app1") == "10.20.1.10"
    (change,) = of_kind(made, Kind.NIC_SETTINGS)
    assert "10.1.1.10, which was set, is outside web" in change.reason
    assert "address-outside-subnet" not in codes(made)


@pytest.mark.parametrize("nics", [{}, ENFORCE])
def test_an_address_is_never_moved_because_it_is_taken(nics: dict[str, Any]) -> None:
    where = one(
        ip_config(to="10.1.1.10", subnet="web"),
        target="vnet-app-asr",
        existing=(existing_nic("probe", "10.1.1.10"),),
    )
    made = plan_of(where, settings(nics=nics))
    assert made.empty
    assert "NIC probe has it" in message(made, "address-taken")


def test_of_two_items_that_claim_one_address_one_is_told_and_none_is_moved() -> None:
    two = [
        item(vm, ip_config(to="10.1.1.10", subnet="web"), target="vnet-app-asr")
        for vm in ("app2", "app1")
    ]
    said = {message(plan_of(inventory(*o)), "address-claimed-twice") for o in (two, two[::-1])}
    (text,) = said
    assert text.startswith("app2-nic/ipconfig1: address 10.1.1.10 is set, and app1")


def test_an_explicit_mode_moves_no_valid_address_because_its_first_choice_is_taken() -> None:
    where = one(
        ip_config(to="10.1.1.50", subnet="web"),
        target="vnet-app-asr",
        existing=(existing_nic("probe", "10.1.1.10"),),
    )
    assert plan_of(where, rows({"vm": "app1", "address": "asr-default"})).empty


def test_unmanaged_leaves_everything_and_says_what_azure_could_not_give() -> None:
    declared = settings(nics={"address": "unmanaged"})
    assert "address" not in values(plan_of(one(), declared), "app1")
    assert codes(plan_of(by_hand(to="10.9.9.9"), declared)) == ["address-outside-subnet"]
    assert codes(plan_of(by_hand(to="10.1.1.3"), declared)) == ["address-reserved"]
    assert codes(plan_of(by_hand(), declared)) == []


def test_the_same_address_or_an_error_and_never_another() -> None:
    declared = settings(nics={"address": "same"})
    taken = (existing_nic("probe", "10.1.1.10"),)
    made = plan_of(one(existing=taken), declared)
    assert address_of(made, "app1") is None
    (finding,) = made.findings
    assert (finding.code, finding.severity) == ("address-taken", Severity.ERROR)
    kept = plan_of(
        one(ip_config(to="10.1.1.50", subnet="web"), target="vnet-app-asr", existing=taken),
        declared,
    )
    assert kept.empty
    assert "10.1.1.50 stays" in message(kept, "address-taken")


def test_dynamic_clears_an_address_only_where_it_is_enforced_or_given() -> None:
    assert codes(plan_of(by_hand(), settings(nics={"address": "dynamic"}))) == ["set-by-hand"]
    for declared in (
        settings(nics={"address": "dynamic", **ENFORCE}),
        rows({"vm": "app1", "address": "dynamic"}),
    ):
        assert values(plan_of(by_hand(), declared), "app1") == {"address": None}


def test_next_free_takes_the_lowest_and_keeps_what_is_valid() -> None:
    declared = settings(nics={"address": "next-free"})
    assert address_of(plan_of(one(), declared), "app1") == "10.1.1.4"
    assert plan_of(by_hand(), declared).empty


def test_prefix_rules_of_the_network_keep_the_host_part() -> None:
    rule = {"from": "10.1.1.0/24", "to": "10.20.9.0/24"}
    given = into(addresses=[rule], subnets={"web": "zeta"})
    where = inventory(item("app1", ip_config()), networks=[APP, DR], mappings=[])
    made = plan_of(where, settings(networks=[given]))
    assert address_of(made, "app1") == "10.20.9.10"
    assert values(made, "app1")["subnet"] == "zeta"


def test_a_full_subnet_is_said_once_and_nothing_is_planned_in_it() -> None:
    tiny = network("vnet-app-asr", TARGET, subnets={"web": "10.1.7.0/29"})
    three = [item(f"app{n}", ip_config(f"10.1.1.{n}0")) for n in range(1, 6)]
    made = plan_of(inventory(*three, networks=[APP, tiny]))
    assert "5 more addresses are needed and 3 are free (of 3)" in message(made, "subnet-full")
    assert values(made, "app1") == {"target_network": tiny.id}


def test_a_subnet_that_is_full_already_is_passed_over_and_the_choice_is_stable() -> None:
    target = network("vnet-app-asr", TARGET, subnets={"web": "10.1.1.0/29", "spare": "10.1.5.0/24"})
    full = tuple(existing_nic(f"p{n}", f"10.1.1.{n}") for n in (4, 5, 6))
    where = inventory(item("app1", ip_config()), networks=[APP, target], nics=full)
    for declared in (settings(), settings(nics=ENFORCE)):
        made = plan_of(where, declared)
        assert values(made, "app1")["subnet"] == "spare"
        assert "is full" in message(made, "subnet-unusable")
        assert plan_of(carried_out(where, made), declared).empty


def test_a_subnet_with_room_for_one_more_is_not_full() -> None:
    target = network("vnet-app-asr", TARGET, subnets={"web": "10.1.1.0/29", "spare": "10.1.5.0/24"})
    others = tuple(existing_nic(f"p{n}", f"10.1.1.{n}") for n in (4, 5))
    made = plan_of(inventory(item("app1", ip_config()), networks=[APP, target], nics=others))
    assert (values(made, "app1")["subnet"], address_of(made, "app1")) == ("web", "10.1.1.6")


def test_who_is_in_a_full_subnet_already_stays_in_it() -> None:
    target = network("vnet-app-asr", TARGET, subnets={"web": "10.1.1.0/29", "spare": "10.1.5.0/24"})
    others = tuple(existing_nic(f"p{n}", f"10.1.1.{n}") for n in (4, 5))
    mine = item("app1", ip_config(to="10.1.1.6", subnet="web"), target="vnet-app-asr")
    made = plan_of(inventory(mine, networks=[APP, target], nics=others))
    assert made.empty
    assert made.findings == ()


def test_refusing_the_fallback_leaves_the_subnet_to_people() -> None:
    declared = settings(nics={"subnet_fallback": "refuse"})
    made = plan_of(one(ip_config(source_subnet="sql")), declared)
    assert values(made, "app1") == {"target_network": APP_ASR.id}
    assert codes(made) == ["subnet-missing"]


def test_a_secondary_ip_config_that_is_not_selected_is_left_alone_and_reported() -> None:
    second = ip_config("10.1.1.11", name="second", primary=False)
    where = inventory(item("app1", ip_config(), second))
    for declared in (settings(), rows({"vm": "app1", "target_network": "vnet-app-asr"})):
        made = plan_of(where, declared)
        assert codes(made) == ["secondary-not-selected"]
        assert not any(key.startswith("second/") for key in values(made, "app1"))
    on = rows({"vm": "app1", "ip_config": "second", "selected": True})
    chosen = values(plan_of(where, on), "app1")
    assert (chosen["second/selected"], str(chosen["second/address"])) == (True, "10.1.1.11")
    off = plan_of(where, rows({"vm": "app1", "ip_config": "second", "selected": False}))
    assert codes(off) == []
    assert not any(key.startswith("second/") for key in values(off, "app1"))


# -- which network -----------------------------------------------------------------------------


def elsewhere(**more: Any) -> Inventory:
    selected = item("app1", ip_config(to="10.20.1.5", subnet="web"), target="vnet-dr", **more)
    return inventory(selected, networks=[APP, APP_ASR, DR])


def test_an_item_that_selects_another_network_keeps_it_and_is_listed() -> None:
    made = plan_of(elsewhere())
    assert made.empty
    assert "fails over into vnet-dr" in message(made, "item-in-other-network")


def test_rules_for_the_pairs_networks_are_not_used_in_another_network() -> None:
    """The rule's addresses and the map's subnet lie in the pair's target, not in vnet-dr."""
    rule = {"from": "10.1.1.0/24", "to": "10.1.2.0/24"}
    given = into("vnet-app-asr", addresses=[rule], subnets={"web": "app"})
    where = inventory(item("app1", ip_config(), target="vnet-dr"), networks=[APP, APP_ASR, DR])
    made = plan_of(where, settings(networks=[given]))
    assert values(made, "app1") == {"subnet": "web", "address": IPv4Address("10.20.1.10")}
    assert codes(made) == ["item-in-other-network"]


def test_retargeting_items_takes_them_along() -> None:
    made = plan_of(elsewhere(), retarget=True)
    assert values(made, "app1") == {
        "target_network": APP_ASR.id,
        "address": IPv4Address("10.1.1.10"),
    }
    assert "moved along with the mapping" in made.changes[0].reason


def test_nobody_is_moved_unless_that_is_asked_for() -> None:
    here = elsewhere(), settings(), scope()
    for made in (plan(*here), plan_in_detail(*here)[0]):
        assert codes(made) == ["item-in-other-network"]


def test_an_item_whose_network_is_gone_gets_an_error_and_no_write() -> None:
    made = plan_of(one(target="vnet-gone"))
    assert made.empty
    assert "target-network-gone" in codes(made)
    assert pending(made) == {}


def test_an_item_whose_network_could_not_be_read_waits() -> None:
    gone = network_id("vnet-gone", "rg-other")
    gap = NotLookedAt("group rg-other", "403", gone.group_id)
    where = replace(one(), items=(item("app1", ip_config(), target="rg-other/vnet-gone"),))
    made = plan_of(replace(where, not_looked_at=(gap,)))
    assert "target-network-gone" not in codes(made)
    assert "could not be read" in pending(made)["app1"]


def test_an_item_waits_for_its_network_and_mappings_but_not_for_those_it_does_not_use() -> None:
    where = inventory(item("app1", ip_config()), networks=[APP], mappings=[])
    made = plan_of(where)
    (settings_change,) = of_kind(made, Kind.NIC_SETTINGS)
    others = {c.id for c in made.changes if c.kind in (Kind.NETWORK, Kind.MAPPING)}
    assert set(settings_change.depends_on) == others
    kept = inventory(
        item("app1", ip_config(), target="vnet-dr"), networks=[APP, APP_ASR, DR], mappings=[]
    )
    alone = plan_of(kept, settings(networks=[into("vnet-app-asr")]))
    assert of_kind(alone, Kind.NIC_SETTINGS)[0].depends_on == ()


# -- readiness ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"protection_state": "InitialReplicationInProgress"}, "InitialReplicationInProgress"),
        ({"vm_protection_state": "UnprotectedStatesBegin"}, "UnprotectedStatesBegin"),
        ({"scenario": "TestFailover"}, "busy"),
        ({"test_failover_state": "WaitingForCompletion"}, "test failover is not cleaned up"),
        ({"active_location": "Recovery"}, "failed over"),
        ({"protection_state": "UnplannedFailoverCommitPending"}, "not ready"),
    ],
)
def test_an_item_that_is_not_ready_waits_with_the_reason(
    state: dict[str, Any], reason: str
) -> None:
    made = plan_of(one(**state))
    assert made.empty
    assert reason in pending(made)["app1"]


def test_an_item_without_nics_waits_by_the_networks_of_its_vm() -> None:
    use = NicAddress(
        "ipconfig1", APP.id.child("subnets", "web"), IPv4Address("10.1.1.10"), True, True
    )
    own = Nic(nic_id("app1-nic"), SOURCE, vm_id("app1"), (use,))
    fresh = item("app1", nics=(), protection_state="InitialReplicationInProgress")
    made = plan_of(inventory(fresh, nics=(own,)))
    assert "not ready yet" in pending(made)["app1"]


def test_an_item_of_which_no_network_is_known_waits_too() -> None:
    made = plan_of(inventory(item("app1", nics=())))
    assert "lists no network interface" in pending(made)["app1"]


def test_an_item_that_is_not_ready_and_needs_nothing_does_not_wait() -> None:
    right = ip_config(to="10.1.1.10", subnet="web")
    assert pending(plan_of(one(right, target="vnet-app-asr", scenario="x"))) == {}


def test_the_addresses_of_waiting_items_are_promised_to_nobody_else() -> None:
    waits = item("app1", ip_config(), scenario="Reprotect")
    made = plan_of(inventory(waits, item("app2", ip_config())))
    assert address_of(made, "app2") == "10.1.1.11"


def test_a_tag_on_the_vm_stops_every_write_to_it() -> None:
    vms = (VirtualMachine(vm_id("app1"), SOURCE, {"ASR-netmap:Freeze": ""}),)
    made = plan_of(replace(one(), vms=vms))
    assert made.empty
    assert "asr-netmap:freeze" in pending(made)["app1"]


@pytest.mark.parametrize("goes", [(SOURCE, SOURCE), (SOURCE, "westeurope"), (TARGET, "westeurope")])
def test_items_of_other_pairs_are_out_of_scope_and_listed_as_such(goes: tuple[str, str]) -> None:
    made = plan_of(one(goes=goes))
    assert made.empty
    assert codes(made) == ["item-out-of-scope"]


def test_a_failover_of_any_item_of_the_regions_is_found_also_in_a_part_of_the_estate() -> None:
    failed = item("app2", ip_config(), active_location="Recovery")
    far = item("far", ip_config(), goes=(SOURCE, "westeurope"), active_location="Recovery")
    made = plan_of(inventory(item("app1", ip_config()), failed, far), None, "vm=app1")
    assert [f.title for f in made.findings if f.code == "failover-in-progress"] == ["app2"]


def test_a_freeze_in_the_settings_counts_also_when_the_vault_could_not_be_read() -> None:
    assert "frozen" in codes(plan_of(replace(one(), vault=None), settings(freeze=True)))
    assert "frozen" not in codes(plan_of(one()))


# -- reversed items -----------------------------------------------------------------------------


def reversed_item(vm: str = "app1", of: str = "vnet-dr", **more: Any) -> ReplicatedItem:
    config = more.pop("config", ip_config("10.20.1.10", source_subnet="web"))
    return item(vm, config, of=of, goes=(TARGET, SOURCE), **more)


def reversed_estate(*items: ReplicatedItem) -> Inventory:
    return inventory(*(items or (reversed_item(),)), networks=[APP, DR], mappings=[])


def test_a_reversed_item_goes_back_to_the_other_side_of_its_pair() -> None:
    made = plan_of(reversed_estate(), settings(networks=[into()]))
    assert values(made, "app1")["target_network"] == APP.id
    assert address_of(made, "app1") == "10.1.1.10"


def test_subnet_maps_and_prefix_rules_are_inverted_for_reversed_items() -> None:
    rule = {"from": "10.1.2.0/24", "to": "10.20.9.0/24"}
    given = into(addresses=[rule], subnets={"app": "zeta"})
    back = reversed_item(config=ip_config("10.20.9.33", source_subnet="zeta", static=False))
    made = plan_of(reversed_estate(back), settings(networks=[given]))
    assert values(made, "app1")["subnet"] == "app"
    assert address_of(made, "app1") == "10.1.2.33"


def test_without_mappings_the_partner_of_a_reversed_item_is_found_by_the_suffix() -> None:
    back = reversed_item(of="vnet-app-asr", config=ip_config())
    made = plan_of(inventory(back, mappings=[]))
    assert values(made, "app1")["target_network"] == APP.id
    assert len(of_kind(made, Kind.MAPPING)) == 2


def test_a_reversed_item_without_a_partner_is_an_error_that_says_what_to_declare() -> None:
    made = plan_of(reversed_estate())
    (finding,) = made.findings
    assert finding.code == "network-without-partner"
    assert "target vnet-dr" in finding.fix


def test_an_exception_with_a_direction_speaks_of_items_that_go_that_way_only() -> None:
    row = {"vm": "app1", "address": "10.1.1.77", "direction": "reverse"}
    given = settings(networks=[into()], nics={"settings": [row]})
    assert address_of(plan_of(reversed_estate(), given), "app1") == "10.1.1.77"
    forward = inventory(item("app1", ip_config()), networks=[APP, DR], mappings=[])
    assert address_of(plan_of(forward, given), "app1") == "10.20.1.10"


def test_a_row_with_a_direction_beats_one_without() -> None:
    both = [
        {"vm": "app1", "address": "10.1.1.77", "direction": "forward"},
        {"vm": "app1", "address": "10.1.1.88"},
    ]
    assert address_of(plan_of(one(), rows(*both)), "app1") == "10.1.1.77"


def test_a_network_that_a_row_names_for_the_way_out_does_not_stop_the_way_back() -> None:
    row = {"vm": "app1", "target_network": "vnet-dr"}
    given = settings(networks=[into()], nics={"settings": [row]})
    made = plan_of(reversed_estate(), given)
    assert values(made, "app1")["target_network"] == APP.id
    assert "replicates back now" in message(made, "exception-other-direction")


def test_test_failover_is_not_planned_for_reversed_items() -> None:
    given = into(test={"network": "vnet-test"})
    where = inventory(reversed_item(), networks=[APP, DR, TEST], mappings=[])
    found = values(plan_of(where, settings(networks=[given])), "app1")
    assert not any(key.startswith("test_") for key in found)


TEST_BACK = network("vnet-test-back", SOURCE, "10.31.0.0/16", {"front": "10.31.1.0/24"})


def test_what_rows_say_of_a_reversed_item_counts_for_test_failover_too() -> None:
    """A network's `test:` speaks of the way there; a row speaks of the item as it goes now."""
    row = {
        "vm": "app1",
        "direction": "reverse",
        "test_network": "vnet-test-back",
        "test_subnet": "front",
        "test_address": "10.31.1.99",
        "test_nic_name": "probe-nic",
        "address": "10.1.1.77",
    }
    given = into(test={"network": "vnet-test", "subnets": {"web": "web"}})
    declared = settings(networks=[given], nics={"settings": [row]})
    where = inventory(reversed_item(), networks=[APP, DR, TEST, TEST_BACK], mappings=[])
    found = values(plan_of(where, declared), "app1")
    assert found["test_network"] == TEST_BACK.id
    assert (found["test_subnet"], str(found["test_address"])) == ("front", "10.31.1.99")
    assert found["test_nic_name"] == "probe-nic"
    assert str(found["address"]) == "10.1.1.77"


def test_a_reversed_item_keeps_its_own_test_network_for_what_rows_say_of_it() -> None:
    row = {"vm": "app1", "test_address": "10.31.1.99", "test_subnet": "front"}
    back = reversed_item(test="vnet-test-back")
    where = inventory(back, networks=[APP, DR, TEST_BACK], mappings=[])
    found = values(plan_of(where, settings(networks=[into()], nics={"settings": [row]})), "app1")
    assert str(found["test_address"]) == "10.31.1.99"
    assert "test_network" not in found


def test_a_test_network_that_a_row_names_for_the_way_out_does_not_stop_the_way_back() -> None:
    row = {"vm": "app1", "test_network": "vnet-test", "test_subnet": "web"}
    where = inventory(reversed_item(), networks=[APP, DR, TEST], mappings=[])
    made = plan_of(where, settings(networks=[into()], nics={"settings": [row]}))
    assert "test network 'vnet-test' is not used" in message(made, "exception-other-direction")
    assert not any(key.startswith("test_") for key in values(made, "app1"))
    assert Severity.ERROR not in {f.severity for f in made.findings}


def test_a_row_clears_the_test_network_of_a_reversed_item() -> None:
    back = reversed_item(test="vnet-test-back")
    where = inventory(back, networks=[APP, DR, TEST_BACK], mappings=[])
    row = {"vm": "app1", "test_network": "None"}
    made = plan_of(where, settings(networks=[into()], nics={"settings": [row]}))
    assert values(made, "app1")["test_network"] is None


# -- exceptions ---------------------------------------------------------------------------------


def test_in_a_subnet_that_is_too_small_nobody_is_expected_to_get_an_address() -> None:
    tight = network("vnet-app-asr", TARGET, subnets={"web": "10.20.1.0/29"})  # room for three
    items = [item(f"vm{n}", ip_config(f"10.1.1.{n + 10}")) for n in range(6)]
    made = plan_of(inventory(*items, networks=[APP, tight]), settings(nics=NEXT_FREE))
    assert "subnet-full" in codes(made)
    after = [placement.failover for placement in made.placements]
    assert not [found for found in after if found.certain]
    for finding in made.findings:
        assert "10.1.1.1" not in finding.fix, "outside the subnet, so it is not advised"


def said(made: Plan, code: str) -> tuple[str, Severity]:
    """Message and severity of the one finding of that code."""
    (found,) = [f for f in made.findings if f.code == code]
    return found.message, found.severity


WHOLE = {"subnet": "web", "to": "10.1.1.10", "test_subnet": "web", "test_to": "10.30.1.10"}


def set_up() -> Inventory:
    networks = [APP, APP_ASR, TEST]
    two = ip_config(**WHOLE)  # type: ignore[arg-type]  # -- one dictionary for all its keywords
    only = item("app1", two, target="vnet-app-asr", test="vnet-test", by_user=True)
    return inventory(only, networks=networks)


@pytest.mark.parametrize("word", ["none", "None", "NONE"])
@pytest.mark.parametrize("name", ["subnet", "test_subnet"])
def test_a_row_clears_a_subnet_and_that_is_said(name: str, word: str) -> None:
    address = name.replace("subnet", "address")
    given = rows({"vm": "app1", name: word, address: word})
    made = plan_of(set_up(), given)
    assert values(made, "app1") == {name: None, address: None}
    text, severity = said(made, "subnet-cleared")
    assert "Site Recovery decides" in text
    assert severity is Severity.WARNING
    done = carried_out(set_up(), made)
    again = plan_of(done, given)
    assert again.empty
    assert said(again, "subnet-cleared")[1] is Severity.INFO


def test_a_row_clears_the_target_network_and_everything_in_it() -> None:
    row = {"vm": "app1", "target_network": "none", "subnet": "none", "address": "none"}
    made = plan_of(set_up(), rows(row))
    assert values(made, "app1") == {"target_network": None, "subnet": None, "address": None}
    text, severity = said(made, "target-network-cleared")
    assert ("Site Recovery decides" in text, severity) == (True, Severity.WARNING)
    assert plan_of(carried_out(set_up(), made), rows(row)).empty


def test_clearing_counts_as_changing_what_is_set() -> None:
    row = {"vm": "app1", "target_network": "none", "subnet": "none", "address": "none"}
    assert changed_settings(plan_of(set_up(), rows(row))) == 3


@pytest.mark.parametrize("more", [{}, {"target_network": "none"}])
def test_no_subnet_is_cleared_under_an_address_that_stays(more: dict[str, str]) -> None:
    """Nobody knows what Site Recovery does with an address without a subnet."""
    made = plan_of(set_up(), rows({"vm": "app1", "subnet": "none", **more}))
    assert "subnet" not in values(made, "app1")
    text, severity = said(made, "address-without-subnet")
    assert "can't be cleared while address 10.1.1.10 is set" in text
    assert severity is Severity.ERROR


def test_what_is_given_in_a_network_or_subnet_that_is_cleared_is_an_error() -> None:
    row = {"vm": "app1", "target_network": "none", "address": "10.1.1.77"}
    made = plan_of(set_up(), rows(row))
    assert values(made, "app1") == {"target_network": None}
    assert said(made, "target-network-missing")[1] is Severity.ERROR
    bare = one(ip_config(subnet="web"), target="vnet-app-asr")
    made = plan_of(bare, rows({"vm": "app1", "subnet": "none", "address": "10.1.1.77"}))
    assert values(made, "app1") == {"subnet": None}
    assert said(made, "address-without-subnet")[1] is Severity.ERROR


def test_a_switch_is_unset_by_none() -> None:
    nic = replicated_nic(
        "app1-nic",
        ip_config(to="10.1.1.10", subnet="web"),
        accelerated=True,
        test_reuse_nic=True,
        chosen_by_user=True,
    )
    where = inventory(item("app1", nics=(nic,), target="vnet-app-asr"))
    row = {"vm": "app1", "accelerated": "none", "test_reuse_nic": "None"}
    assert values(plan_of(where, rows(row)), "app1") == {
        "accelerated": False,
        "test_reuse_nic": False,
    }


@pytest.mark.parametrize(
    ("row", "config", "code"),
    [
        ({"subnet": "GatewaySubnet"}, ip_config(), "subnet-unusable"),
        ({"subnet": "nowhere"}, ip_config(), "subnet-missing"),
        ({"address": "same"}, ip_config(None), "same-impossible"),
        ({"address": "10.1.1.77"}, ip_config("fd00::4"), "ipv6"),
    ],
)
def test_a_row_that_can_not_be_honoured_is_an_error(
    row: dict[str, str], config: ReplicatedIpConfig, code: str
) -> None:
    gateway = {"web": "10.1.1.0/24", "GatewaySubnet": "10.1.3.0/24"}
    onto = network("vnet-app-asr", TARGET, subnets=gateway)
    where = inventory(item("app1", config), networks=[APP, onto])
    made = plan_of(where, rows({"vm": "app1", **row}))
    assert Severity.ERROR in {f.severity for f in made.findings if f.code == code}


@pytest.mark.parametrize("vm", ["app1", "APP1", "rg-app/app1", str(vm_id("app1"))])
def test_a_row_names_its_vm_by_name_group_or_id(vm: str) -> None:
    assert (
        address_of(plan_of(one(), rows({"vm": vm, "address": "10.1.1.77"})), "app1") == "10.1.1.77"
    )


def test_a_row_for_another_group_is_not_about_this_vm() -> None:
    made = plan_of(one(), rows({"vm": "rg-x/app1", "address": "10.1.1.77"}))
    assert address_of(made, "app1") == "10.1.1.10"
    assert codes(made) == ["exception-without-item"]


def test_a_more_precise_row_wins_and_the_others_still_give_what_it_does_not() -> None:
    given = rows(
        {"vm": "app1", "nic": "app1-nic", "ip_config": "ipconfig1", "address": "10.1.2.77"},
        {"vm": "app1", "nic": "APP1-nic", "address": "10.1.2.88", "subnet": "app"},
        {"vm": "app1", "address": "10.1.1.99", "subnet": "web"},
    )
    found = values(plan_of(one(), given), "app1")
    assert (found["subnet"], str(found["address"])) == ("app", "10.1.2.77")


def test_an_explicit_address_is_set_although_somebody_set_another() -> None:
    made = plan_of(by_hand(), rows({"vm": "app1", "address": "10.1.1.77"}))
    assert values(made, "app1") == {"address": IPv4Address("10.1.1.77")}


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.1.1.20", "address-taken"),
        ("10.1.1.1", "address-reserved"),
        ("10.9.9.9", "address-outside-subnet"),
    ],
)
def test_an_explicit_address_that_cannot_be_had_is_an_error(address: str, code: str) -> None:
    where = one(existing=(existing_nic("probe", "10.1.1.20"),))
    made = plan_of(where, rows({"vm": "app1", "address": address}))
    assert codes(made) == [code]
    assert address_of(made, "app1") is None


def test_settings_without_a_rule_are_set_as_given_and_none_clears_them() -> None:
    nsg = resource("Microsoft.Network/networkSecurityGroups", "nsg", "rg-app-asr")
    pip = resource("Microsoft.Network/publicIPAddresses", "pip", "rg-app-asr")
    right = ip_config(to="10.1.1.10", subnet="web", public_ip=pip)
    there = (RegionalResource(nsg, TARGET), RegionalResource(pip, TARGET))
    where = replace(one(right, target="vnet-app-asr"), regional=there)
    row = {"vm": "app1", "nsg": str(nsg), "public_ip": "none", "accelerated": True}
    made = plan_of(where, rows(row))
    assert values(made, "app1") == {"nsg": nsg, "public_ip": None, "accelerated": True}
    assert plan_of(carried_out(where, made), rows(row)).empty


def test_an_explicit_network_is_used_for_the_whole_vm() -> None:
    where = inventory(item("app1", ip_config()), networks=[APP, APP_ASR, DR])
    found = values(plan_of(where, rows({"vm": "app1", "target_network": "vnet-dr"})), "app1")
    assert found["target_network"] == DR.id
    assert str(found["address"]) == "10.20.1.10"


def test_an_explicit_network_that_does_not_exist_or_lies_elsewhere_is_refused() -> None:
    with pytest.raises(NotFound):
        plan_of(one(), rows({"vm": "app1", "target_network": "vnet-typo"}))
    with pytest.raises(UsageError):
        plan_of(one(), rows({"vm": "app1", "target_network": "vnet-app"}))


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"vm": "ap1"}, "exception-without-item"),
        ({"vm": "app1", "nic": "typo"}, "exception-without-nic"),
        ({"vm": "app1", "nic": "app1-nic", "ip_config": "typo"}, "exception-without-nic"),
    ],
)
def test_a_row_that_fits_nothing_is_reported(row: dict[str, str], code: str) -> None:
    assert codes(plan_of(one(), rows({**row, "selected": True}))) == [code]


# -- test failover ------------------------------------------------------------------------------


def with_test(**test: Any) -> Settings:
    return settings(networks=[into("vnet-app-asr", test={"network": "vnet-test", **test})])


def estate_with_test(config: ReplicatedIpConfig | None = None, **more: Any) -> Inventory:
    whole = item(
        "app1", config or ip_config(to="10.1.1.10", subnet="web"), target="vnet-app-asr", **more
    )
    return inventory(whole, networks=[APP, APP_ASR, TEST])


def test_test_failover_is_a_second_set_with_its_own_network_and_addresses() -> None:
    made = plan_of(estate_with_test(), with_test())
    assert values(made, "app1") == {
        "test_network": TEST.id,
        "test_subnet": "web",
        "test_address": IPv4Address("10.30.1.10"),
    }
    assert made.changes[0].claims == (AddressClaim(TEST.id, IPv4Address("10.30.1.10")),)


def test_test_failover_has_rules_and_a_mode_of_its_own() -> None:
    assert address_of(
        plan_of(estate_with_test(), with_test(address="next-free")), "app1", "test_address"
    ) == ("10.30.1.4")
    rule = {"from": "10.1.1.0/24", "to": "10.30.1.0/24"}
    dynamic = ip_config(static=False, subnet="web")
    made = plan_of(estate_with_test(dynamic), with_test(addresses=[rule]))
    assert address_of(made, "app1", "test_address") == "10.30.1.10"


def test_without_a_configured_test_network_test_settings_are_left_alone() -> None:
    assert plan_of(
        estate_with_test(ip_config(to="10.1.1.10", subnet="web"), test="vnet-test")
    ).empty


def test_what_is_taken_for_failover_is_free_for_test_failover_and_the_other_way_round() -> None:
    other = item(
        "zz",
        ip_config(
            "10.1.1.99", to="10.1.1.99", subnet="web", test_to="10.30.1.10", test_subnet="web"
        ),
        target="vnet-app-asr",
        test="vnet-test",
    )
    where = estate_with_test()
    made = plan_of(replace(where, items=(*where.items, other)), with_test())
    assert address_of(made, "app1", "test_address") == "10.30.1.11"


def test_a_test_network_that_somebody_chose_is_kept_unless_enforced() -> None:
    other = network("vnet-other", TARGET, subnets={"web": "10.40.1.0/24"})
    where = estate_with_test(test="vnet-other")
    where = replace(where, networks=(*where.networks, other))
    made = plan_of(where, with_test())
    assert values(made, "app1") == {"test_subnet": "web", "test_address": IPv4Address("10.40.1.10")}
    assert "set-by-hand" in codes(made)
    enforced = settings(
        networks=[into("vnet-app-asr", test={"network": "vnet-test"})], nics=ENFORCE
    )
    assert values(plan_of(where, enforced), "app1")["test_network"] == TEST.id


def test_a_row_can_name_or_clear_the_test_network_of_one_vm() -> None:
    named = rows({"vm": "app1", "test_network": "vnet-test"})
    assert values(plan_of(estate_with_test(), named), "app1")["test_network"] == TEST.id
    cleared = rows({"vm": "app1", "test_network": "none"})
    assert values(plan_of(estate_with_test(test="vnet-test"), cleared), "app1") == {
        "test_network": None
    }


def test_a_test_address_of_one_row_is_set_in_the_test_network_the_item_has() -> None:
    given = rows({"vm": "app1", "test_address": "10.30.1.77", "test_subnet": "web"})
    assert values(plan_of(estate_with_test(test="vnet-test"), given), "app1") == {
        "test_subnet": "web",
        "test_address": IPv4Address("10.30.1.77"),
    }
    without = plan_of(estate_with_test(), given)
    assert without.empty
    assert codes(without) == ["test-network-missing"]


# -- a part of the estate -----------------------------------------------------------------------

TWO_NETWORKS = inventory(
    item("app1", ip_config()),
    item("app2", ip_config("10.1.1.20"), vm=vm_id("app2", "rg-two")),
    item("db1", ip_config("10.2.1.10"), of="vnet-data"),
    networks=[APP, APP_ASR, network("vnet-data", subnets={"web": "10.2.1.0/24"})],
    vms=(VirtualMachine(vm_id("db1"), SOURCE, {"Env": "prod"}),),
)


@pytest.mark.parametrize(
    ("only", "vms", "copies"),
    [
        ([], {"app1", "app2", "db1"}, 1),
        (["vm=app1"], {"app1"}, 0),
        (["vm=APP1,db1"], {"app1", "db1"}, 1),
        (["vm=rg-two/app2"], {"app2"}, 0),
        (["network=vnet-data"], {"db1"}, 1),
        (["group=RG-TWO"], {"app2"}, 0),
        (["tag=env:prod"], {"db1"}, 1),
        (["tag=env"], {"db1"}, 1),
        (["tag=env:test"], set(), 0),
        (["network=vnet-app", "vm=db1"], set(), 0),
        (["network=vnet-app,group=rg-app"], {"app1"}, 0),
    ],
)
def test_a_run_can_be_about_a_part(only: list[str], vms: set[str], copies: int) -> None:
    """Only the networks of what was picked are touched."""
    made = plan_of(TWO_NETWORKS, None, *only)
    assert {c.title for c in of_kind(made, Kind.NIC_SETTINGS)} == vms
    assert len(of_kind(made, Kind.NETWORK)) == copies


@pytest.mark.parametrize("only", ["vm=app1", "group=rg-app", "tag=env", "network=vnet-app"])
def test_a_part_with_reversed_items_touches_the_networks_of_their_pairs_only(only: str) -> None:
    back = item("app1", ip_config(), of="vnet-app-asr", goes=(TARGET, SOURCE))
    data = network("vnet-data", subnets={"web": "10.2.1.0/24"})
    given = settings(networks=[into("vnet-app-asr"), {"source": "vnet-data"}])
    where = inventory(
        back,
        networks=[APP, APP_ASR, data],
        mappings=[],
        vms=(VirtualMachine(vm_id("app1"), TARGET, {"env": "prod"}),),
    )
    made = plan_of(where, given, only)
    assert {c.title for c in of_kind(made, Kind.NIC_SETTINGS)} == {"app1"}
    assert of_kind(made, Kind.NETWORK) == []
    assert len(of_kind(made, Kind.MAPPING)) == 2


@pytest.mark.parametrize("text", ["", "app1", "vm=", "name=app1", "vm=app1,colour=red", "vm"])
def test_a_selection_that_is_not_understood_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(UsageError, match="--only") as caught:
        plan_of(one(), None, text)
    assert "vm=NAME" in caught.value.hint


def test_a_selection_by_garbage_is_refused() -> None:
    with pytest.raises(UsageError):
        plan_of(one(), None, "vm=a/b/c")


def test_existing_mappings_of_another_source_do_not_stop_a_part() -> None:
    extra = reverse_mapping("vnet-x-asr", "vnet-x")
    where = replace(one(), mappings=(*PAIRED, extra))
    assert {c.title for c in plan_of(where, None, "vm=app1").changes} == {"app1"}
