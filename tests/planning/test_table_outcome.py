"""A table is carried out as it is written, or refused with every cell that can't be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import TableError
from asr_netmap.models import Inventory
from asr_netmap.planning.nic_table import Row, nic_rows, read_csv, table_to_exceptions, to_csv
from asr_netmap.planning.nic_table.cells import CellValue
from asr_netmap.planning.nic_table.wording import OPTIONS, TABLE, Wording
from asr_netmap.planning.plan import Plan
from asr_netmap.planning.planner import plan_in_detail
from asr_netmap.planning.table_outcome import unmet_cells
from asr_netmap.planning.table_plan import plan_table, with_table
from asr_netmap.settings import AddressMode
from tests.builders import (
    APP,
    APP_ASR,
    OTHER_SUBSCRIPTION,
    PAIRED,
    SOURCE,
    TARGET,
    codes,
    existing_nic,
    inventory,
    ip_config,
    item,
    network,
    replicated_nic,
    scope,
    settings,
    values,
)
from tests.nic_estates import balancer, elsewhere, nsg, peered, public_ip

REGIONS = settings().regions
SPECIAL = network("vnet-special", TARGET, subnets={"GatewaySubnet": "10.7.0.0/24"})
TEST = network("vnet-test", TARGET, subnets={"web": "10.1.1.0/24", "lab": "10.1.3.0/24"})
TINY = network("vnet-tiny", TARGET, subnets={"web": "10.8.0.0/29"})
FAR_NSG, FOREIGN = (
    nsg("nsg-far", region=SOURCE),
    elsewhere("networkSecurityGroups", "nsg-foreign", OTHER_SUBSCRIPTION),
)
NEAR_NSG, FAR_IP = nsg("nsg-near"), public_ip("ip-far", region=SOURCE)
BASIC, STANDARD = public_ip("ip-basic", sku="Basic"), balancer("lb", sku="Standard")
ELSEWHERE = balancer("lb-other", of="vnet-dr")

SET = item("app1", ip_config(to="10.1.1.10", subnet="web"), target="vnet-app-asr", by_user=True)
NEW = item("app2", ip_config("10.1.1.20"), target="vnet-app-asr")
ODD_HOME = item("app3", ip_config("10.9.9.9"), target="vnet-app-asr")
ESTATE = inventory(
    SET,
    NEW,
    ODD_HOME,
    networks=(APP, APP_ASR, SPECIAL, TEST, TINY),
    mappings=PAIRED,
    nics=(existing_nic("other", "10.1.1.66"),),
    regional=(
        FAR_NSG,
        NEAR_NSG,
        FAR_IP,
        BASIC,
        replace(nsg("x"), id=FOREIGN),
    ),
    load_balancers=(STANDARD, ELSEWHERE),
)
GONE = nsg("nsg-gone").id


def edited(what: Inventory, vm: str = "app2", **cells: CellValue) -> tuple[Row, ...]:
    """An export of which one row was edited, through a file."""
    rows = tuple(
        replace(row, given={**row.given, **cells}) if row.vm == vm else row
        for row in nic_rows(what, REGIONS)
    )
    return read_csv(to_csv(rows), "nics.csv", what)


def planned(what: Inventory, rows: tuple[Row, ...], wording: Wording = TABLE) -> Plan:
    given = table_to_exceptions(rows, what, REGIONS)
    return plan_table(what, settings(), scope(), given, rows=rows, wording=wording)


def refusals(
    what: Inventory, rows: tuple[Row, ...], wording: Wording = TABLE
) -> list[tuple[int, str, str]]:
    with pytest.raises(TableError) as caught:
        planned(what, rows, wording)
    return list(caught.value.mistakes)


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "reserved": ({"address": "10.1.1.1"}, "address", "one of the five that Azure reserves"),
    "taken by a NIC": ({"address": "10.1.1.66"}, "address", "is taken by NIC other"),
    "taken by an item": ({"address": "10.1.1.10"}, "address", "is taken by app1"),
    "outside what is ruled": (
        {"address": "10.1.2.7"},
        "address",
        "is outside web (10.1.1.0/24); it lies in app: put app into the column subnet, too",
    ),
    "outside all": ({"address": "10.3.3.3"}, "address", "no subnet of vnet-app-asr holds it"),
    "outside what is given": (
        {"subnet": "app", "address": "10.1.1.30"},
        "address",
        "is outside app",
    ),
    "no such subnet": ({"subnet": "gone"}, "subnet", "has no subnet gone; there is: web, app"),
    "a subnet for others": (
        {"target_network": "vnet-special", "subnet": "GatewaySubnet"},
        "subnet",
        "belongs to a service by its name",
    ),
    "no NSG": ({"nsg": GONE}, "nsg", "does not exist"),
    "an NSG of another region": ({"nsg": FAR_NSG.id}, "nsg", "it is in eastasia"),
    "an NSG of another subscription": ({"nsg": FOREIGN}, "nsg", "it is in subscription"),
    "no public IP": ({"public_ip": public_ip("gone").id}, "public_ip", "does not exist"),
    "a public IP of another region": ({"public_ip": FAR_IP.id}, "public_ip", "it is in eastasia"),
    "no pool": (
        {"lb_pools": (balancer("gone").pools[0],)},
        "lb_pools",
        "loadBalancers/gone does not exist",
    ),
    "a pool of another network": (
        {"lb_pools": ELSEWHERE.pools},
        "lb_pools",
        "has its frontend in vnet-dr",
    ),
    "SKUs that differ": (
        {"public_ip": BASIC.id, "lb_pools": STANDARD.pools},
        "public_ip",
        "both need one SKU",
    ),
    "no test network": (
        {"test_address": "10.1.1.20"},
        "test_address",
        "app2 has no test network: put one into the column test_network, too",
    ),
    "a reserved test address": (
        {"test_network": "vnet-test", "test_address": "10.1.1.3"},
        "test_address",
        "Azure reserves",
    ),
    "a test NSG of another region": ({"test_nsg": FAR_NSG.id}, "test_nsg", "it is in eastasia"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_cell_that_can_not_be_carried_out_is_refused_with_its_reason(name: str) -> None:
    cells, column, said = BAD[name]
    rows = edited(ESTATE, **cells)
    ((line, where, text),) = refusals(ESTATE, rows)
    assert (line, where) == (3, column)
    assert said in text


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_beside_the_rules_as_well(name: str) -> None:
    cells, column, _ = BAD[name]
    rows = edited(ESTATE, **cells)
    laid = with_table(settings(), table_to_exceptions(rows, ESTATE, REGIONS))
    made, items = plan_in_detail(ESTATE, laid, scope())
    assert [m[:2] for m in unmet_cells(rows, ESTATE, items, made.findings)] == [(3, column)]


def test_the_same_address_is_refused_where_it_is_another_one_or_nothing() -> None:
    ((_, column, text),) = refusals(ESTATE, edited(ESTATE, "app3", address=AddressMode.SAME))
    assert (column, text.partition(";")[0]) == ("address", "10.9.9.9 is outside web (10.1.1.0/24)")
    unknown = replace(ESTATE, items=(item("app3", ip_config(None), target="vnet-app-asr"),))
    ((_, column, text),) = refusals(unknown, edited(unknown, "app3", address=AddressMode.SAME))
    assert (column, text) == ("address", "the source address is not known")
    assert planned(ESTATE, edited(ESTATE, address=AddressMode.SAME)).changes != ()


def test_two_rows_that_want_one_address_are_told_who_has_it() -> None:
    rows = tuple(
        replace(row, given={"subnet": "web", "address": "10.1.1.99"}) if row.line != 2 else row
        for row in edited(ESTATE)
    )
    again = read_csv(to_csv(rows), "nics.csv", ESTATE)
    ((line, column, text),) = refusals(ESTATE, again)
    assert (line, column, text) == (4, "address", "10.1.1.99 is taken by app2 (in this plan)")


def test_a_subnet_without_room_is_refused_for_all_who_would_need_some() -> None:
    wanted = {"target_network": "vnet-tiny", "subnet": "web", "address": AddressMode.NEXT_FREE}
    crowd = inventory(
        *(item(f"app{n}", ip_config(f"10.1.1.{n + 20}"), target="vnet-app-asr") for n in range(4)),
        networks=ESTATE.networks,
    )
    rows = tuple(replace(row, given=wanted) for row in nic_rows(crowd, REGIONS))
    found = refusals(crowd, read_csv(to_csv(rows), "nics.csv", crowd))
    assert {column for _, column, _ in found} == {"subnet", "address"}
    assert all("is too small: 4 more addresses are needed and 3 are free" in t for *_, t in found)


def test_every_bad_cell_of_every_row_is_listed_in_the_order_of_the_lines() -> None:
    rows = tuple(
        replace(row, given={**row.given, "nsg": GONE, "address": "10.1.1.1"})
        for row in nic_rows(ESTATE, REGIONS)
    )
    found = refusals(ESTATE, read_csv(to_csv(rows), "nics.csv", ESTATE))
    assert [(line, column) for line, column, _ in found] == [
        (line, column) for line in (2, 3, 4) for column in ("address", "nsg")
    ]


def test_an_item_that_is_not_ready_waits_and_what_is_impossible_for_it_is_refused_still() -> None:
    waiting = replace(ESTATE, items=(replace(NEW, scenario="Reprotect"),))
    assert [p.title for p in planned(waiting, edited(waiting, address="10.1.1.77")).pending] == [
        "app2"
    ]
    ((_, column, _),) = refusals(waiting, edited(waiting, address="10.1.1.1"))
    assert column == "address"


def test_what_is_set_already_is_no_wish_however_wrong_it_is() -> None:
    bad = replicated_nic(
        "app1-nic",
        ip_config(to="10.1.1.1", subnet="web", public_ip=FAR_IP.id),
        nsg=FAR_NSG.id,
        chosen_by_user=True,
    )
    what = replace(ESTATE, items=(item("app1", nics=(bad,), target="vnet-app-asr"),))
    made = planned(what, edited(what, "nobody"))
    assert made.changes == ()
    assert {"reference-wrong-region", "address-reserved"} <= set(codes(made))
    fixed = edited(what, "app1", address="10.1.1.50")
    assert {k: str(v) for k, v in values(planned(what, fixed), "app1").items()} == {
        "address": "10.1.1.50"
    }


def test_an_address_that_is_moved_out_of_its_subnet_asks_for_the_subnet_too() -> None:
    ((_, _, text),) = refusals(ESTATE, edited(ESTATE, "app1", address="10.1.2.9"))
    assert text.endswith("it lies in app: put app into the column subnet, too")
    rows = edited(ESTATE, "app1", address="10.1.2.9")
    ((_, _, text),) = refusals(ESTATE, rows, OPTIONS)
    assert text.endswith("it lies in app: give --subnet app, too")
    moved = edited(ESTATE, "app1", address="10.1.2.9", subnet="app")
    assert {k: str(v) for k, v in values(planned(ESTATE, moved), "app1").items()} == {
        "subnet": "app",
        "address": "10.1.2.9",
    }


def test_an_item_of_no_declared_pair_is_refused_unless_another_plan_may_be_about_it() -> None:
    rows = edited(ESTATE, address="10.1.1.77")
    laid = with_table(
        settings(networks=[{"source": "vnet-other"}]), table_to_exceptions(rows, ESTATE, REGIONS)
    )
    what = replace(ESTATE, networks=(*ESTATE.networks, network("vnet-other")))
    made, items = plan_in_detail(what, laid, scope())
    assert list(unmet_cells(rows, what, items, made.findings)) == []
    ((line, column, text),) = unmet_cells(rows, what, items, made.findings, expected=lambda _: True)
    assert (line, column) == (3, "")
    assert "app2 is in none of the declared networks" in text


def test_reasons_say_where_a_value_was_given() -> None:
    rows = edited(ESTATE, "app1", address="10.1.1.77", nsg=NEAR_NSG.id)
    for wording, said in ((TABLE, "the NIC table"), (OPTIONS, "--address")):
        (change,) = planned(ESTATE, rows, wording).changes
        assert f"given by {said}" in change.reason
        assert "configuration" not in change.reason
    (change,) = planned(
        ESTATE, edited(ESTATE, "app1", address=AddressMode.DYNAMIC), OPTIONS
    ).changes
    assert change.reason == "dynamic, given by --address"


def test_the_items_that_it_speaks_of_get_their_findings_and_placements_and_no_others() -> None:
    near = tuple(peered(n, APP_ASR) if n == TEST else n for n in ESTATE.networks)
    what = replace(ESTATE, networks=near)
    rows = tuple(row for row in edited(what, test_network="vnet-test") if row.vm == "app2")
    made = planned(what, rows)
    assert "test-network-peered" in codes(made)
    assert {placement.vm for placement in made.placements} == {"app2"}
    own = tuple(row for row in edited(what, test_network="vnet-app-asr") if row.vm == "app2")
    assert "test-network-is-failover-network" in codes(planned(what, own))


def test_without_rows_nothing_is_refused_so_that_a_reviewed_plan_can_be_made_again() -> None:
    given = table_to_exceptions(edited(ESTATE, address="10.1.1.66"), ESTATE, REGIONS)
    made = plan_table(ESTATE, settings(), scope(), given)
    assert "address-taken" in codes(made)
    assert isinstance(made.scope.vault, ArmId)
