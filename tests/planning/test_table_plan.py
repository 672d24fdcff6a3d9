"""What a NIC table plans: nothing if nobody edited it, else what was edited and no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from asr_netmap import api
from asr_netmap.arm_id import ArmId
from asr_netmap.errors import SettingsError
from asr_netmap.models import Inventory, NotLookedAt, RegionalResource, ReplicatedItem
from asr_netmap.planning.basis import FromTable
from asr_netmap.planning.change import ItemState, Kind
from asr_netmap.planning.nic_setting import SettingValue
from asr_netmap.planning.nic_table import (
    Row,
    nic_rows,
    read_csv,
    table_to_exceptions,
    to_csv,
)
from asr_netmap.planning.nic_table.cells import Clear
from asr_netmap.planning.plan import Plan
from asr_netmap.planning.planner import plan
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.table_plan import only_table, plan_table, with_table
from asr_netmap.sandbox.demo_estate import SUBSCRIPTION
from asr_netmap.settings import AddressMode, NicException, Settings, from_document
from tests.builders import (
    APP,
    APP_ASR,
    OTHER_SUBSCRIPTION,
    SOURCE,
    TARGET,
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
    rows,
    scope,
    settings,
    values,
)
from tests.demo_parts import demo_settings
from tests.planning.drawing import estates

REGIONS = settings().regions
FEW = hypothesis_settings(max_examples=hypothesis_settings().max_examples // 3)  # each is large
NSG = resource("Microsoft.Network/networkSecurityGroups", "nsg-web")
TEST = network("vnet-test", TARGET, subnets={"web": "10.1.1.0/24", "lab": "10.1.3.0/24"})
NETWORKS = (APP, APP_ASR, TEST)


def untouched(what: Inventory) -> tuple[NicException, ...]:
    """What an export asks for that went through a file and was not edited."""
    table = to_csv(nic_rows(what, REGIONS)).encode()
    return table_to_exceptions(read_csv(table, "nics.csv", what), what, REGIONS)


def edited(what: Inventory, vm: str, ip_config: str = "ipconfig1", **cells: Any) -> tuple[Row, ...]:
    """An export of which the cells of one row were edited; None empties one."""
    table = nic_rows(what, REGIONS)
    return tuple(
        replace(row, given={k: v for k, v in {**row.given, **cells}.items() if v is not None})
        if (row.vm, row.ip_config) == (vm, ip_config)
        else row
        for row in table
    )


def table_plan(what: Inventory, table: tuple[Row, ...], *only: str) -> Plan:
    given = table_to_exceptions(table, what, REGIONS)
    return plan_table(what, settings(), scope(), given, Selection.parse(only))


# Untouched.


def kept(made: Plan, what: Inventory) -> bool:
    """Whether the plan leaves every setting alone that has a value now."""
    return not any(
        setting.value and setting.name != "selected"
        for change in of_kind(made, Kind.NIC_SETTINGS)
        if isinstance(change.before, ItemState)
        for setting in change.before.settings
    )


@FEW
@given(estates())
def test_an_untouched_export_alone_plans_nothing(what: Inventory) -> None:
    assert plan_table(what, settings(), scope(), untouched(what)).changes == ()


@FEW
@given(estates())
def test_an_untouched_export_beside_the_rules_keeps_everything_that_is_set(
    what: Inventory,
) -> None:
    for declared in (settings(), settings(nics={"existing": "enforce"})):
        made = plan(what, with_table(declared, untouched(what)), scope())
        assert kept(made, what)


@FEW
@given(estates())
def test_an_untouched_export_of_a_finished_estate_plans_nothing_beside_the_rules(
    what: Inventory,
) -> None:
    for _ in range(2):
        what = carried_out(what, plan_of(what))
    # Items that wait keep what they have, so they need no look here.
    assert not plan(what, with_table(settings(), untouched(what)), scope()).changes


ODD = {
    "an address outside its subnet": item(
        "odd", ip_config(to="10.9.9.9", subnet="web"), target="vnet-app-asr"
    ),
    "a reserved address": item(
        "odd", ip_config(to="10.1.1.1", subnet="web"), target="vnet-app-asr"
    ),
    "an address without a subnet": item("odd", ip_config(to="10.1.1.9"), target="vnet-app-asr"),
    "a subnet that is gone": item("odd", ip_config(subnet="gone"), target="vnet-app-asr"),
    "a network that is gone": item("odd", ip_config(subnet="web"), target="vnet-gone"),
    "a test network that is gone": item(
        "odd", ip_config(test_subnet="web", test_to="10.1.1.9"), test="vnet-gone"
    ),
    "test settings without a test network": item("odd", ip_config(test_subnet="web")),
    "a network of another region": item("odd", ip_config(subnet="web"), target="vnet-app"),
    "an IPv6 address": item("odd", ip_config(to="fd00::9", subnet="web"), target="vnet-app-asr"),
    "a secondary that is not selected": item(
        "odd",
        ip_config(selected=True),
        ip_config("10.1.1.11", name="b", primary=False, subnet="app", to="10.1.2.9"),
        target="vnet-app-asr",
    ),
    "an item that fails back": item(
        "odd",
        ip_config(subnet="web", to="10.1.1.9"),
        of="vnet-app-asr",
        goes=(TARGET, SOURCE),
        target="vnet-app",
    ),
    "an item whose VM is not known": item(
        "odd", ip_config(subnet="web"), target="vnet-app-asr", vm=None
    ),
    "settings of the whole NIC": item(
        "odd",
        nics=(
            replicated_nic("odd-nic", ip_config(), nsg=NSG, nic_name="x", test_accelerated=True),
        ),
        test="vnet-test",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_an_untouched_export_of_an_odd_item_plans_nothing(name: str) -> None:
    what = inventory(ODD[name], networks=NETWORKS)
    assert plan_table(what, settings(), scope(), untouched(what)).changes == ()


@dataclass
class Demo:
    azure: Any
    settings: Settings


@pytest.fixture
def demo() -> Iterator[Demo]:
    declared = demo_settings()
    with api.open_sandbox("demo") as azure:
        yield Demo(azure, declared)


def test_an_untouched_export_of_the_demo_estate_adds_nothing_before_and_after(demo: Demo) -> None:
    before = api.read(demo.azure, demo.settings)
    made = api.plan(demo.azure, demo.settings, inventory=before)
    laid = with_table(demo.settings, untouched(before))
    assert api.plan(demo.azure, laid, inventory=before).changes == made.changes
    assert plan_table(before, demo.settings, made.scope, untouched(before)).changes == ()

    assert api.apply(demo.azure, made).failed == 0
    after = api.read(demo.azure, demo.settings)
    given = untouched(after)
    assert any(row.address for row in given)
    assert plan_table(after, demo.settings, made.scope, given).changes == ()
    assert api.plan(demo.azure, with_table(demo.settings, given), inventory=after).changes == ()


# Edited.

SET = item("app1", ip_config(to="10.1.1.10", subnet="web"), target="vnet-app-asr", by_user=True)
NEW = item("app2", ip_config("10.1.1.20"), target="vnet-app-asr")
ESTATE = inventory(SET, NEW, networks=NETWORKS, regional=(RegionalResource(NSG, TARGET),))


@pytest.mark.parametrize(
    ("vm", "cells", "planned"),
    [
        ("app1", {"address": "10.1.1.77"}, {"address": "10.1.1.77"}),
        ("app1", {"address": AddressMode.DYNAMIC}, {"address": "None"}),
        ("app1", {"address": None}, {}),
        ("app1", {"address": AddressMode.UNMANAGED}, {}),
        (
            "app1",
            {"subnet": "app", "address": "10.1.2.7"},
            {"subnet": "app", "address": "10.1.2.7"},
        ),
        ("app1", {"nsg": NSG}, {"nsg": str(NSG)}),
        ("app1", {"nsg": Clear.CLEAR}, {}),
        ("app1", {"reuse_nic": True, "nic_name": "x"}, {"reuse_nic": "True", "nic_name": "x"}),
        ("app2", {"address": AddressMode.DYNAMIC}, {}),
        ("app2", {"address": "10.1.1.7"}, {"subnet": "web", "address": "10.1.1.7"}),
        ("app2", {"test_network": "vnet-test"}, {"test_network": str(TEST.id)}),
        (
            "app2",
            {"test_network": "vnet-test", "test_subnet": "lab", "test_address": "10.1.3.9"},
            {"test_network": str(TEST.id), "test_subnet": "lab", "test_address": "10.1.3.9"},
        ),
        (
            "app1",
            {"target_network": "vnet-test", "subnet": "lab", "address": None},
            {"target_network": str(TEST.id), "subnet": "lab"},
        ),
    ],
)
def test_exactly_what_was_edited_is_planned(
    vm: str, cells: dict[str, Any], planned: dict[str, str]
) -> None:
    read = read_csv(to_csv(edited(ESTATE, vm, **cells)), "nics.csv", ESTATE)
    made = table_plan(ESTATE, read)
    assert {name: str(value) for name, value in values(made, vm).items()} == planned
    assert len(made.changes) == (1 if planned else 0)


def test_an_edited_table_is_done_when_it_is_done() -> None:
    table = edited(ESTATE, "app2", address="10.1.2.7", nsg=NSG)
    text = to_csv(table)
    after = carried_out(ESTATE, table_plan(ESTATE, read_csv(text, "t", ESTATE)))
    assert table_plan(after, read_csv(text, "t", after)).changes == ()
    enforced = settings(nics={"existing": "enforce", "address": "dynamic"})
    given = table_to_exceptions(read_csv(text, "t", after), after, REGIONS)
    assert values(plan(after, with_table(enforced, given), scope()), "app2") == {}


def test_clearing_clears() -> None:
    one = replicated_nic("app1-nic", ip_config(to="10.1.1.9", subnet="web"), nsg=NSG, nic_name="x")
    what = inventory(
        item("app1", nics=(one,), target="vnet-app-asr", test="vnet-test"), networks=NETWORKS
    )
    cells: dict[str, Any] = dict.fromkeys(("nsg", "nic_name", "test_network"), Clear.CLEAR)
    made = table_plan(what, edited(what, "app1", accelerated=False, **cells))
    assert values(made, "app1") == {"nsg": None, "nic_name": None, "test_network": None}


def test_the_table_alone_touches_no_network_and_no_mapping_and_asks_no_rule() -> None:
    what = inventory(SET, NEW, networks=(APP, APP_ASR), mappings=())
    made = table_plan(what, edited(what, "app1", nic_name="x"))
    assert [change.kind for change in made.changes] == [Kind.NIC_SETTINGS]
    assert values(made, "app1") == {"nic_name": "x"}
    assert plan_of(what).changes != (), "the rules would do more"


def test_an_item_that_can_not_be_written_waits() -> None:
    what = inventory(replace(SET, scenario="Reprotect"))
    made = table_plan(what, edited(what, "app1", nic_name="x"))
    assert made.changes == ()
    assert [pending.title for pending in made.pending] == ["app1"]


def test_a_selection_narrows_the_table() -> None:
    table = edited(ESTATE, "app1", nic_name="x")
    assert table_plan(ESTATE, table, "vm=app2").changes == ()
    assert len(table_plan(ESTATE, table, "vm=app1").changes) == 1


def test_an_address_that_somebody_has_is_a_finding_and_not_written() -> None:
    what = replace(ESTATE, nics=(existing_nic("other", "10.1.1.77"),))
    made = table_plan(what, edited(what, "app2", address="10.1.1.77", subnet="web"))
    assert "address" not in values(made, "app2")
    assert "10.1.1.77 is taken by NIC other" in message(made, "address-taken")


def test_test_settings_without_a_test_network_are_a_finding() -> None:
    made = table_plan(ESTATE, edited(ESTATE, "app1", test_subnet="web"))
    assert made.changes == ()
    assert "test-network-missing" in codes(made)


def test_an_address_in_a_network_that_is_gone_is_a_finding() -> None:
    what = inventory(item("app1", ip_config(), target="vnet-gone"))
    made = table_plan(what, edited(what, "app1", address="10.1.1.9"))
    assert made.changes == ()
    assert "that does not exist" in message(made, "target-network-missing")


def test_a_network_that_could_not_be_looked_at_lets_the_item_wait() -> None:
    gap = NotLookedAt("networks", "403", ArmId.of_group(SUBSCRIPTION, "rg-far"))
    what = replace(ESTATE, not_looked_at=(gap,))
    made = table_plan(what, edited(what, "app1", test_network="vnet-far"))
    assert made.changes == ()
    assert "could not be looked at" in made.pending[0].reason


# Beside the settings of a file.


def test_the_table_beats_the_rows_of_the_file_field_by_field() -> None:
    declared = rows(
        {"vm": "app2", "address": "10.1.1.50", "nsg": str(NSG)},
        {
            "vm": "app2",
            "nic": "app2-nic",
            "ip_config": "ipconfig1",
            "direction": "forward",
            "address": "10.1.1.51",
            "subnet": "web",
        },
    )
    given = table_to_exceptions(edited(ESTATE, "app2", address="10.1.1.77"), ESTATE, REGIONS)
    found = values(plan(ESTATE, with_table(declared, given), scope()), "app2")
    assert str(found["address"]) == "10.1.1.77"
    assert found["subnet"] == "web"
    assert found["nsg"] == NSG


def test_the_same_row_in_file_and_table_becomes_one() -> None:
    (row,) = table_to_exceptions(
        tuple(r for r in edited(ESTATE, "app2", address="10.1.1.77") if r.vm == "app2"),
        ESTATE,
        REGIONS,
    )
    declared = rows(
        {
            "vm": row.vm,
            "nic": "APP2-NIC",
            "ip_config": "ipconfig1",
            "direction": "forward",
            "nic_name": "x",
            "address": "10.1.1.5",
        }
    )
    (merged,) = with_table(declared, (row,)).nics.settings
    assert (str(merged.address), merged.nic_name) == ("10.1.1.77", "x")


def test_alone_the_rows_of_the_file_do_not_count() -> None:
    declared = rows({"vm": "app2", "nsg": str(NSG)}, existing="enforce", address="next-free")
    alone = only_table(declared, ()).nics
    assert (alone.settings, alone.existing, alone.address) == ((), "keep", AddressMode.UNMANAGED)
    assert plan_table(ESTATE, declared, scope(), ()).changes == ()


def test_an_exception_is_for_the_direction_in_which_the_vm_replicates_now() -> None:
    back = ODD["an item that fails back"]
    (exception,) = untouched(inventory(back))
    assert exception.direction is not None
    assert exception.direction.value == "reverse"


def test_two_nics_of_one_name_are_never_mixed_up() -> None:
    """While exceptions can name a NIC by its name only, such a table is refused."""
    one = replicated_nic("nic", ip_config("10.1.1.10"))
    other = replace(replicated_nic("nic", ip_config("10.1.1.11")), id=nic_id("nic", "rg-b"))
    what = inventory(item("twins", nics=(one, other), target="vnet-app-asr"))
    table = tuple(
        replace(row, given={"nic_name": "x"}) if row.nic == str(other.id) else row
        for row in nic_rows(what, REGIONS)
    )
    planned: dict[ArmId | None, SettingValue] = {}
    try:
        (change,) = table_plan(what, table).changes
        assert isinstance(change.after, ItemState)
        planned = {setting.nic: setting.value for setting in change.after.settings}
    except SettingsError as error:
        assert "NIC name" in str(error)
    assert planned in ({}, {other.id: "x"}, {other.id: "x", None: network_id("vnet-app-asr")})


# Made again from what a plan file holds.


def made_again(made: Plan, what: Inventory) -> Plan:
    """The plan from the settings of a saved one, and nothing else."""
    declared = from_document(made.settings)
    return plan_table(what, declared, scope(), declared.nics.settings)


@FEW
@given(estates())
def test_the_plan_of_any_table_makes_itself_again(what: Inventory) -> None:
    cells: dict[str, Any] = {"subnet": "web", "address": AddressMode.NEXT_FREE, "nsg": NSG}
    table = tuple(replace(row, given={**row.given, **cells}) for row in nic_rows(what, REGIONS))
    made = plan_table(what, settings(), scope(), table_to_exceptions(table, what, REGIONS))
    assert made.basis == FromTable()
    assert made_again(made, what) == made


def test_a_narrowed_table_makes_itself_again_without_the_rows_that_were_left_out() -> None:
    """The next free address of one VM must not become another one because of the others."""
    both = [item(name, ip_config(), target="vnet-app-asr") for name in ("app1", "app2")]
    what = inventory(*both, networks=NETWORKS)
    table = tuple(
        replace(row, given={"subnet": "web", "address": AddressMode.NEXT_FREE})
        for row in nic_rows(what, REGIONS)
    )
    made = table_plan(what, table, "vm=app2")
    assert len(made.changes) == 1
    everything = table_plan(what, table)
    assert values(made, "app2") != values(everything, "app2"), "else this tells nothing"
    assert made_again(made, what).changes == made.changes


def test_a_row_is_checked_beside_the_vault_that_has_its_item() -> None:
    """A name means a network of the vault's own, and both may have one of that name."""
    here = inventory(SET, networks=NETWORKS)
    there = elsewhere(inventory(SET, networks=(*NETWORKS, network("vnet-lab", TARGET))))
    (row, other) = (*nic_rows(here, REGIONS), *nic_rows(there, REGIONS))
    own = {"target_network": "vnet-test", "test_network": "vnet-lab"}
    table = to_csv([replace(row, given={"target_network": "vnet-test"}), replace(other, given=own)])
    assert len(read_csv(table, "nics.csv", [here, there])) == 2
    swapped = to_csv([replace(row, given=own), replace(other, given=own)])
    with pytest.raises(SettingsError, match=r"1 mistake\n  line 2, column test_network"):
        read_csv(swapped, "nics.csv", [here, there])
    with pytest.raises(SettingsError, match=r"line 3, column vm_id: no replicated item"):
        read_csv(table, "nics.csv", [here])


def test_a_vm_of_two_vaults_is_named_by_its_item() -> None:
    here = inventory(SET, networks=NETWORKS)
    twin = replace(SET, id=ArmId(str(SET.id).replace("vault-dr", "vault-two")))
    there = replace(here, items=(twin,))
    (row,) = nic_rows(here, REGIONS)
    with pytest.raises(SettingsError, match="is replicated by several vaults") as caught:
        read_csv(to_csv([row]), "nics.csv", [here, there])
    assert str(SET.id) in str(caught.value)
    assert str(twin.id) in str(caught.value)
    named = read_csv(to_csv([replace(row, vm_id=twin.id)]), "nics.csv", [here, there])
    assert [each.vm_id for each in named] == [twin.id]
    assert len(read_csv(to_csv([row]), "nics.csv", [here, here])) == 1


def elsewhere(what: Inventory) -> Inventory:
    """The same items and networks in another subscription."""

    def moved(here: ArmId) -> ArmId:
        return ArmId(str(here).replace(SUBSCRIPTION, OTHER_SUBSCRIPTION))

    def moved_item(one: ReplicatedItem) -> ReplicatedItem:
        assert one.vm is not None
        assert one.target_network is not None
        nics = tuple(replace(nic, id=moved(nic.id)) for nic in one.nics)
        target = moved(one.target_network)
        return replace(one, id=moved(one.id), vm=moved(one.vm), nics=nics, target_network=target)

    return inventory(
        *map(moved_item, what.items),
        networks=tuple(replace(each, id=moved(each.id)) for each in what.networks),
    )
