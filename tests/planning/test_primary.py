"""Which IP config of a NIC is primary: changed where a row names it, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from asr_netmap.errors import SettingsError, UsageError
from asr_netmap.models import Inventory, ReplicatedIpConfig
from asr_netmap.planning.afterwards import inventory_after
from asr_netmap.planning.change import Change, ItemState, Kind
from asr_netmap.planning.document import plan_document, plan_from_document
from asr_netmap.planning.nic_table import nic_rows, table_to_exceptions
from asr_netmap.planning.plan import Plan
from asr_netmap.planning.planner import plan
from asr_netmap.planning.safety import Consent, raise_if_unsafe
from asr_netmap.planning.table_plan import plan_table, with_table
from asr_netmap.rules.effective import Outlook
from asr_netmap.settings import NicException, Settings
from tests.builders import (
    carried_out,
    codes,
    inventory,
    ip_config,
    item,
    network_id,
    nic_id,
    of_kind,
    plan_of,
    replicated_nic,
    rows,
    scope,
    settings,
    values,
    vm_id,
)

FIRST = ip_config(selected=True)
SECOND = ip_config("10.1.1.11", name="ipconfig2", primary=False)
NAMED = {"vm": "app1", "ip_config": "ipconfig2", "primary": True}


def estate(*configs: ReplicatedIpConfig) -> Inventory:
    return inventory(item("app1", *(configs or (FIRST, SECOND))))


def settled(*configs: ReplicatedIpConfig) -> Inventory:
    """An estate of which the rules ask nothing more."""
    what = estate(*configs)
    return carried_out(what, plan_of(what))


def change_of(made: Plan) -> Change:
    (change,) = of_kind(made, Kind.NIC_SETTINGS)
    return change


def reasons(made: Plan) -> dict[tuple[str, str], str]:
    """The reasons of the settings of IP configs, by IP config and setting."""
    after = change_of(made).after
    assert isinstance(after, ItemState)
    return {(s.ip_config or "", s.name): s.reason for s in after.settings}


# -- planning ----------------------------------------------------------------------------------


def test_naming_one_makes_the_other_a_secondary_one_each_with_its_reason() -> None:
    made = plan_of(settled(), rows(NAMED))
    planned = values(made, "app1")
    assert planned["primary"] is False
    assert planned["ipconfig2/primary"] is True
    why = reasons(made)
    assert why["ipconfig2", "primary"] == "set explicitly in the configuration"
    assert why["ipconfig1", "primary"] == "ipconfig2 is the primary IP config instead"


def test_who_takes_over_comes_along_and_gets_subnet_and_address_by_the_rules() -> None:
    made = plan_of(settled(), rows(NAMED))
    planned = values(made, "app1")
    assert planned["ipconfig2/selected"] is True
    assert planned["ipconfig2/subnet"] == "web"
    assert planned["ipconfig2/address"] == ip_address("10.1.1.11")
    assert reasons(made)["ipconfig2", "selected"] == "the primary IP config is always selected"
    assert "secondary-not-selected" not in codes(made)


def test_who_gives_up_stays_selected_and_its_settings_stay() -> None:
    made = plan_of(settled(), rows(NAMED))
    assert not {"selected", "subnet", "address"} & set(values(made, "app1"))
    coming = inventory_after(settled(), made.changes).items[0]
    first, _ = coming.nics[0].ip_configs
    assert (first.primary, first.selected, str(first.address)) == (False, True, "10.1.1.10")


def test_who_gives_up_is_selected_where_nothing_said_so_while_it_was_primary() -> None:
    made = plan_of(settled(ip_config(selected=False), SECOND), rows(NAMED))
    assert values(made, "app1")["selected"] is True
    assert (
        reasons(made)["ipconfig1", "selected"] == "selected as it was while it was the primary one"
    )
    assert "secondary-not-selected" not in codes(made)


def test_who_gives_up_may_be_left_behind_on_purpose() -> None:
    left = {"vm": "app1", "ip_config": "ipconfig1", "selected": False}
    fresh = plan_of(estate(), rows(NAMED, left))
    assert values(fresh, "app1")["selected"] is False
    assert not {"subnet", "address"} & set(values(fresh, "app1")), "no rule is asked for it"
    coming = inventory_after(estate(), fresh.changes)
    one = coming.items[0]
    first, second = one.nics[0].ip_configs
    outlook = Outlook(coming)
    assert not outlook.of(one, one.nics[0], first).exists
    assert outlook.of(one, one.nics[0], second).exists
    assert "secondary-not-selected" not in codes(fresh)


def test_a_rule_never_changes_it_and_neither_does_naming_the_one_that_is() -> None:
    same = {"vm": "app1", "ip_config": "ipconfig1", "primary": True}
    for declared in (settings(), settings(nics={"existing": "enforce"}), rows(same)):
        assert not any("primary" in name for name in values(plan_of(estate(), declared), "app1"))
        assert codes(plan_of(estate(), declared)) == ["secondary-not-selected"]


def test_a_plan_that_was_carried_out_asks_for_nothing_more() -> None:
    what = estate()
    done = carried_out(what, plan_of(what, rows(NAMED)))
    again = plan_of(done, rows(NAMED))
    assert (again.changes, codes(again)) == ((), [])
    without_the_row = plan_of(done)
    assert (without_the_row.changes, codes(without_the_row)) == ((), [])


def test_only_the_nic_that_is_named_is_changed() -> None:
    nics = tuple(replicated_nic(f"nic{n}", FIRST, SECOND) for n in (1, 2))
    what = inventory(item("app1", nics=nics))
    made = plan_of(what, rows({**NAMED, "nic": "nic2"}))
    after = change_of(made).after
    assert isinstance(after, ItemState)
    moved = {s.nic for s in after.settings if s.name == "primary"}
    assert moved == {nic_id("nic2")}


def test_a_row_without_a_nic_speaks_of_every_nic_that_has_such_an_ip_config() -> None:
    other = replicated_nic("nic2", ip_config(name="only"))
    what = inventory(item("app1", nics=(replicated_nic("nic1", FIRST, SECOND), other)))
    coming = inventory_after(what, plan_of(what, rows(NAMED)).changes).items[0]
    assert [[c.primary for c in nic.ip_configs] for nic in coming.nics] == [[False, True], [True]]


@pytest.mark.parametrize("selected", [True, False])
def test_whether_the_primary_one_is_selected_is_nothing_that_a_row_can_change(
    selected: bool,
) -> None:
    """Site Recovery decides that itself, so it would read back as a failure for ever."""
    made = plan_of(estate(), rows({"vm": "app1", "selected": selected}))
    assert "selected" not in values(made, "app1")


def test_the_primary_one_can_not_be_left_behind_by_its_own_name() -> None:
    left = {"vm": "app1", "ip_config": "ipconfig1", "selected": False}
    with pytest.raises(UsageError, match="ipconfig1, the primary IP config") as caught:
        plan_of(estate(), rows(left))
    assert "primary: true" in caught.value.hint
    plan_of(estate(), rows({**left, "ip_config": "ipconfig2"}))


def test_the_safety_limit_does_not_count_that_every_nic_has_one() -> None:
    bare = plan_of(estate())
    assert bare.existing_settings == 0
    raise_if_unsafe(plan_of(settled(), rows(NAMED)), Consent())


def test_a_plan_file_holds_it() -> None:
    made = plan_of(settled(), rows(NAMED))
    assert plan_from_document(plan_document(made)).changes == made.changes
    (change,) = (c for c in plan_document(made)["changes"] if c["kind"] == "nic-settings")
    before = [s for s in change["before"]["settings"] if s["setting"] == "primary"]
    assert {s["ip_config"]: s["value"] for s in before} == {"ipconfig1": True, "ipconfig2": False}


# -- rows that contradict each other -----------------------------------------------------------


def test_two_rows_of_the_file_that_name_two_are_refused_where_they_stand() -> None:
    with pytest.raises(SettingsError) as caught:
        rows(NAMED, {**NAMED, "ip_config": "ipconfig1"})
    (problem,) = caught.value.problems
    assert "nics.settings[1].primary" in problem
    assert "'ipconfig1' contradicts 'ipconfig2' in row [0]" in problem


@pytest.mark.parametrize(
    "other",
    [
        {"vm": "rg-app/app1", "ip_config": "ipconfig1"},
        {"vm": str(vm_id("app1")), "ip_config": "IPCONFIG1"},
    ],
)
def test_rows_that_spell_the_vm_in_two_ways_are_refused_with_both(other: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        plan_of(estate(), rows(NAMED, {**other, "primary": True}))
    assert "app1/ipconfig2" in caught.value.message
    assert "/".join(other.values()) in caught.value.message


def test_a_more_precise_row_beats_a_less_precise_one_as_for_every_setting() -> None:
    precise = {"vm": "app1", "nic": "app1-nic", "ip_config": "ipconfig1", "primary": True}
    for given in ((NAMED, precise), (precise, NAMED)):
        made = plan_of(estate(), rows(*given))
        assert not any("primary" in name for name in values(made, "app1"))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"primary": True}, "needs ip_config"),
        ({"ip_config": "a", "primary": False}, "primary: can't be cleared: a NIC always has"),
        ({"ip_config": "a", "primary": "maybe"}, "must be true or false"),
        ({"ip_config": "a", "primary": True, "selected": False}, "that one is always selected"),
    ],
)
def test_a_row_that_can_not_be_meant_is_refused(row: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        rows({"vm": "app1", **row})
    assert said in caught.value.problems[0]


# -- the NIC table -----------------------------------------------------------------------------


def of_table(what: Inventory, **primary: bool) -> tuple[NicException, ...]:
    """The exceptions of an export in which the cells `primary` of some IP configs were edited."""
    edited = []
    for row in nic_rows(what, settings().regions):
        given = {name: value for name, value in row.given.items() if name != "primary"}
        if primary.get(row.ip_config, "primary" in row.given):
            given["primary"] = True
        edited.append(replace(row, given=given))
    return table_to_exceptions(edited, what, settings().regions)


MOVED = {"ipconfig1": False, "ipconfig2": True}


def test_a_table_moves_it_and_nothing_else() -> None:
    what = settled()
    made = plan_table(what, settings(), scope(), of_table(what, **MOVED))
    assert values(made, "app1") == {
        "primary": False,
        "ipconfig2/primary": True,
        "ipconfig2/selected": True,
    }


def test_an_untouched_table_keeps_it_and_beats_the_file() -> None:
    what = settled()
    assert plan_table(what, settings(), scope(), of_table(what)).changes == ()
    declared: Settings = with_table(rows(NAMED), of_table(what))
    assert not any("primary" in name for name in values(plan(what, declared, scope()), "app1"))


def test_a_target_network_is_not_needed_to_move_it() -> None:
    what = inventory(item("app1", FIRST, SECOND), mappings=())
    assert what.items[0].target_network is None
    made = plan_table(what, settings(), scope(), of_table(what, **MOVED))
    assert values(made, "app1")["ipconfig2/primary"] is True
    assert network_id("vnet-app") in what.items[0].source_networks
