"""The NIC table: written, edited in a spreadsheet, read back, or refused with every mistake."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import SettingsError
from asr_netmap.models import Inventory, NotLookedAt
from asr_netmap.planning.nic_setting import ValueType
from asr_netmap.planning.nic_table import (
    COLUMNS,
    Row,
    items_without_rows,
    nic_rows,
    read_csv,
    read_json,
    read_table,
    stale_rows,
    table_to_exceptions,
    to_csv,
    to_json,
)
from asr_netmap.planning.nic_table.cells import CellValue, Clear, text_of
from asr_netmap.planning.nic_table.rows import EDITABLE, SEEN
from asr_netmap.settings import AddressMode
from tests.builders import (
    SOURCE,
    SUBSCRIPTION,
    inventory,
    ip_config,
    item,
    network_id,
    nic_id,
    replicated_nic,
    resource,
    settings,
    vm_id,
)

REGIONS = settings().regions
FEW = hypothesis_settings(max_examples=hypothesis_settings().max_examples // 3)  # each is large
NSG = resource("Microsoft.Network/networkSecurityGroups", "nsg-web")
PUBLIC_IP = resource("Microsoft.Network/publicIPAddresses", "pip-web")
BALANCER = resource("Microsoft.Network/loadBalancers", "lb-web")
POOLS = (BALANCER.child("backendAddressPools", "one"), BALANCER.child("backendAddressPools", "two"))

FULL = ip_config(
    to="10.1.1.10",
    subnet="web",
    selected=True,
    public_ip=PUBLIC_IP,
    lb_pools=POOLS,
    test_subnet="app",
    test_to="10.1.2.9",
)
SECOND = ip_config("10.1.1.11", name="ipconfig2", primary=False)
APP1 = item(
    "app1",
    nics=(
        replicated_nic(
            "app1-nic",
            FULL,
            SECOND,
            nsg=NSG,
            accelerated=True,
            nic_name="app1-dr",
            nic_group="rg-dr",
            reuse_nic=True,
            test_nsg=NSG,
        ),
    ),
    target="vnet-app-asr",
    test="vnet-app-asr",
)
APP2 = item("app2", ip_config("10.1.2.20", source_subnet="app"))
ESTATE = inventory(APP1, APP2)
ROWS = nic_rows(ESTATE, REGIONS)
APP2_KEYS = (str(vm_id("app2")), "app2-nic", "ipconfig1")


def written(
    *rows: tuple[str, ...],
    columns: tuple[str, ...] = ("vm_id", "nic", "ip_config", "subnet"),
    delimiter: str = ",",
    end: str = "\r\n",
) -> str:
    """A table as people make one."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerows([columns, *rows])
    return out.getvalue()


def one_cell(column: str, text: str) -> str:
    return written((*APP2_KEYS, text), columns=("vm_id", "nic", "ip_config", column))


def problems(read: Callable[[], object]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read()
    return caught.value.problems


def mistake(text: str, what: Inventory | None = ESTATE) -> str:
    (only,) = problems(lambda: read_csv(text, "nics.csv", what))
    return only


# What is exported.


def test_every_column_of_a_full_ip_config_is_filled_in() -> None:
    row = ROWS[0]
    assert row.given == {
        "target_network": str(network_id("vnet-app-asr")),
        "subnet": "web",
        "address": FULL.address,
        "public_ip": PUBLIC_IP,
        "lb_pools": POOLS,
        "nsg": NSG,
        "accelerated": True,
        "nic_name": "app1-dr",
        "nic_group": "rg-dr",
        "reuse_nic": True,
        "selected": True,
        "primary": True,
        "test_network": str(network_id("vnet-app-asr")),
        "test_subnet": "app",
        "test_address": FULL.test_address,
        "test_nsg": NSG,
    }
    assert row.seen["source_address"] == "10.1.1.10"
    assert row.seen["effective_address"] == "10.1.1.10"
    assert row.seen["state"] == "ready"


def test_what_is_unset_is_an_empty_cell() -> None:
    (row,) = [row for row in ROWS if row.vm == "app2"]
    assert row.given == {"primary": True}, "which one is primary is never unset"


def test_a_secondary_ip_config_that_stays_behind_says_so_and_asks_for_nothing() -> None:
    (row,) = [row for row in ROWS if row.ip_config == "ipconfig2"]
    assert row.given == {**row.given, "selected": False}
    given = table_to_exceptions(ROWS, ESTATE, REGIONS)
    assert "ipconfig2" not in {
        exception.ip_config for exception in given if exception.selected is False
    }


def test_json_says_whether_the_source_address_is_static_as_true_or_false() -> None:
    listed = json.loads(to_json(ROWS))["rows"]
    assert {row["source_static"] for row in listed} == {True}
    (row, *_) = read_json(to_json(ROWS), "nics.json", ESTATE)
    assert row.seen["source_static"] == "TRUE"


def test_the_columns_are_keys_then_what_is_then_what_should_be() -> None:
    heading = to_csv(ROWS).removeprefix("\ufeff").splitlines()[0]
    assert heading == ",".join(COLUMNS)
    assert COLUMNS[:3] == ("vm_id", "nic", "ip_config")
    assert set(SEEN).isdisjoint(EDITABLE)
    assert "test_selected" not in COLUMNS


def test_an_item_that_has_to_wait_has_rows_and_one_without_nics_is_named() -> None:
    busy, fresh = replace(APP2, scenario="Reprotect"), replace(APP1, nics=())
    what = inventory(busy, fresh)
    (row,) = nic_rows(what, REGIONS)
    assert row.seen["state"] == "Site Recovery is busy with it: Reprotect"
    assert [(one.vm_name, why) for one, why in items_without_rows(what, REGIONS)] == [
        ("app1", "Site Recovery lists no network interface of it yet")
    ]


def test_items_of_other_regions_have_no_rows() -> None:
    assert nic_rows(inventory(item("zone", ip_config(), goes=(SOURCE, SOURCE))), REGIONS) == ()


def test_predictions_come_from_the_caller() -> None:
    rows = nic_rows(
        ESTATE, REGIONS, lambda *_: ("web (predicted)", "10.1.1.4 (predicted; or another)")
    )
    assert {row.seen["effective_test_subnet"] for row in rows} == {"web (predicted)"}
    assert {row.seen["effective_address"] for row in rows} == {"10.1.1.4 (predicted, or another)"}
    assert [row.given for row in rows] == [row.given for row in ROWS]


# Round trips.


@pytest.mark.parametrize(("write", "read"), [(to_csv, read_csv), (to_json, read_json)])
def test_what_is_written_reads_back(write: Any, read: Any) -> None:
    assert read(write(ROWS), "table", ESTATE) == ROWS


NAMES = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,12}", fullmatch=True).filter(
    lambda text: text.lower() != "none"
)
# What could ever stand in a cell, however odd: only blanks around it are not kept.
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), max_size=12
) | st.sampled_from(["=1+1", "+1", "-1", "@SUM(A1)", "'", "''", "'=1", '"', ",", ";", "\uff1d1"])
VALUES: dict[ValueType, st.SearchStrategy[CellValue]] = {
    ValueType.NAME: NAMES,
    ValueType.ADDRESS: st.ip_addresses() | st.sampled_from(AddressMode),
    ValueType.FLAG: st.booleans(),
}


@st.composite
def rows(draw: st.DrawFn) -> Row:
    names = draw(st.lists(st.sampled_from(EDITABLE), unique=True))
    return Row(
        draw(NAMES.map(vm_id)),
        draw(TEXTS.filter(bool)),
        draw(TEXTS.filter(bool)),
        draw(st.dictionaries(st.sampled_from(SEEN), TEXTS.filter(bool))),
        {name: draw(cell_values(name)) for name in EDITABLE if name in names},
    )


def cell_values(name: str) -> st.SearchStrategy[CellValue]:
    kind = name.removeprefix("test_")
    if kind == "lb_pools":
        pools = NAMES.map(lambda n: BALANCER.child("backendAddressPools", n))
        return st.lists(pools, min_size=1, max_size=3).map(tuple) | st.just(Clear.CLEAR)
    if kind in {"public_ip", "nsg"}:
        found = {"public_ip": "publicIPAddresses", "nsg": "networkSecurityGroups"}[kind]
        return NAMES.map(lambda n: resource(f"Microsoft.Network/{found}", n)) | st.just(Clear.CLEAR)
    if kind in {"network", "target_network"}:
        return NAMES | NAMES.map(network_id).map(str)
    if kind == "primary":
        return st.just(True)
    if kind in {"accelerated", "reuse_nic", "selected"}:
        return VALUES[ValueType.FLAG]
    return VALUES[ValueType.ADDRESS if kind == "address" else ValueType.NAME]


@FEW
@given(st.lists(rows(), max_size=1))
def test_any_row_survives_csv_and_json(drawn: list[Row]) -> None:
    assert list(read_csv(to_csv(drawn).encode(), "table")) == drawn
    assert list(read_json(to_json(drawn), "table")) == drawn


@FEW
@given(st.lists(rows(), max_size=1), st.sampled_from([";", "\t"]), st.randoms())
def test_the_order_of_columns_and_the_delimiter_mean_nothing(
    drawn: list[Row], delimiter: str, rng: Any
) -> None:
    records = list(csv.reader(io.StringIO(to_csv(drawn).removeprefix("\ufeff"), newline="")))
    order = list(range(len(COLUMNS)))
    rng.shuffle(order)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([[r[n] for n in order] for r in records])
    assert list(read_csv(out.getvalue(), "table")) == drawn


@given(TEXTS)
def test_no_cell_is_a_formula_to_a_spreadsheet(text: str) -> None:
    table = to_csv([Row(vm_id("app1"), "nic", "ipconfig1", {"state": text} if text else {})])
    for record in csv.reader(io.StringIO(table.removeprefix("\ufeff"), newline="")):
        assert not any(
            cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d")) for cell in record
        )


def test_an_address_of_azure_that_no_table_could_give_is_no_mistake() -> None:
    six = item("six", ip_config(to="fd00::5", subnet="web"), target="vnet-app-asr")
    what = inventory(six)
    read = read_csv(to_csv(nic_rows(what, REGIONS)), "table", what)
    (exception,) = table_to_exceptions(read, what, REGIONS)
    assert exception.address is None
    assert exception.subnet == "web"


# What spreadsheets make of it.


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(lambda t: t.encode(), id="UTF-8 with mark"),
        pytest.param(lambda t: t.removeprefix("\ufeff").encode(), id="UTF-8 without"),
        pytest.param(
            lambda t: codecs.BOM_UTF16_LE + t.removeprefix("\ufeff").encode("utf-16-le"),
            id="UTF-16 little endian",
        ),
        pytest.param(
            lambda t: codecs.BOM_UTF16_BE + t.removeprefix("\ufeff").encode("utf-16-be"),
            id="UTF-16 big endian",
        ),
        pytest.param(lambda t: t.replace("\r\n", "\n").encode(), id="line feeds"),
        pytest.param(lambda t: t.replace("\r\n", "\r").encode(), id="carriage returns"),
        pytest.param(lambda t: (t + "\r\n,,,\r\n\r\n").encode(), id="empty rows at the end"),
        pytest.param(lambda t: t.replace("\r\n", ",,\r\n").encode(), id="empty columns at the end"),
        pytest.param(
            lambda t: ("sep=,\r\n" + t.removeprefix("\ufeff")).encode(), id="named delimiter"
        ),
        pytest.param(
            lambda t: t.replace(f",{NSG},TRUE", f",{NSG},True").encode(), id="another TRUE"
        ),
        pytest.param(lambda t: t.replace("address", "ADDRESS", 1).encode(), id="capital heading"),
        pytest.param(lambda t: t.replace(",web,", ", web ,").encode(), id="blanks around"),
    ],
)
def test_what_spreadsheets_write_is_read(encoded: Callable[[str], bytes]) -> None:
    assert read_table(encoded(to_csv(ROWS)), "nics.csv", ESTATE) == ROWS


def test_a_semicolon_table_with_its_delimiter_named_is_read() -> None:
    text = "sep=;\r\n" + written((*APP2_KEYS, "web"), delimiter=";")
    (row,) = read_csv(text, "nics.csv", ESTATE)
    assert row.given == {"subnet": "web"}
    assert row.line == 3


def test_line_breaks_inside_a_cell_do_not_move_the_lines_after_it() -> None:
    text = written(
        (*APP2_KEYS, "web", "a\nb\nc"),
        (str(vm_id("gone")), "n", "i", "", ""),
        columns=("vm_id", "nic", "ip_config", "subnet", "state"),
    )
    assert mistake(text).startswith("line 5, column vm_id: ")


def test_pools_are_told_apart_whatever_stands_between() -> None:
    for between in (" ", "\n", ", ", ";", " | "):
        (row,) = read_csv(one_cell("lb_pools", between.join(map(str, POOLS))), "t", ESTATE)
        assert row.given["lb_pools"] == POOLS


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("address", "Dynamic", AddressMode.DYNAMIC),
        ("address", "none", AddressMode.DYNAMIC),
        ("address", "next-free", AddressMode.NEXT_FREE),
        ("nsg", "None", Clear.CLEAR),
        ("lb_pools", "none", Clear.CLEAR),
        ("subnet", "none", Clear.CLEAR),
        ("test_subnet", "NONE", Clear.CLEAR),
        ("target_network", "None", Clear.CLEAR),
        ("accelerated", "none", False),
        ("test_reuse_nic", "None", False),
        ("test_network", "none", Clear.CLEAR),
        ("accelerated", "none", False),
        ("accelerated", "FALSE", False),
        ("test_reuse_nic", "yes", True),
        ("primary", "Yes", True),
    ],
)
def test_words_for_values(column: str, text: str, value: CellValue) -> None:
    (row,) = read_csv(one_cell(column, text), "nics.csv", ESTATE)
    assert row.given == {column: value}
    assert text_of(value)


# Mistakes.


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("subnt", "web", "line 1, column 'subnt': is unknown; did you mean 'subnet'?"),
        ("test_selected", "TRUE", "is unknown; did you mean 'selected'?"),
        ("address", "10.1.1.256", "line 2, column address: '10.1.1.256' is neither an IPv4"),
        ("address", "dynmic", "did you mean 'dynamic'?"),
        ("address", "fd00::zz", "'fd00::zz' is no address"),
        ("address", "fd00::1", "Site Recovery handles IPv4 only"),
        ("accelerated", "WAHR", "must be TRUE or FALSE (also yes, no, on, off, in any case)"),
        ("subnet", "a/b", "which no Azure name can hold"),
        ("target_network", "vnet-ap-asr", "No target network 'vnet-ap-asr' in southeastasia"),
        ("test_network", "vnet-app", "is in eastasia, not in southeastasia"),
        ("nsg", "nsg-web", "column nsg: 'nsg-web' is not an ARM resource id"),
        ("nsg", str(PUBLIC_IP), "is the id of microsoft.network/publicipaddresses, not of"),
        ("public_ip", str(NSG), "column public_ip: is the id of"),
        ("lb_pools", f"{POOLS[0]} {BALANCER}", "column lb_pools: is the id of"),
        ("nic_group", "a?b", "column nic_group: resource group name 'a?b' holds"),
        ("selected", "FALSE", "the primary IP config is always selected"),
        ("primary", "FALSE", "line 2, column primary: can't be cleared: a NIC always has exactly"),
        ("primary", "none", "make another one of its IP configs primary instead"),
        ("primary", "WAHR", "must be TRUE or FALSE"),
    ],
)
def test_a_wrong_cell_is_named_with_line_and_column(column: str, text: str, said: str) -> None:
    assert said in mistake(one_cell(column, text))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("", "app2-nic", "ipconfig1"), "line 2, column vm_id: is empty"),
        ((APP2_KEYS[0], "", "ipconfig1"), "line 2, column nic: is empty"),
        (("app2", "app2-nic", "ipconfig1"), "line 2, column vm_id: 'app2' is not an ARM"),
        ((str(vm_id("ap2")), "app2-nic", "ipconfig1"), "; there is app2, app1"),
        (
            (str(vm_id("app2", "rg-other")), "app2-nic", "ipconfig1"),
            f"; there is {vm_id('app2')}",
        ),
        ((APP2_KEYS[0], "app-nic", "ipconfig1"), "app2 has no NIC 'app-nic'; there is app2-nic"),
        ((*APP2_KEYS[:2], "ipconfig"), "has no IP config 'ipconfig'; there is ipconfig1"),
    ],
)
def test_a_row_about_nothing_is_named_with_what_there_is(keys: tuple[str, ...], said: str) -> None:
    assert said in mistake(written((*keys, "web")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; its first line names the columns"),
        (" \r\n,,\r\n", "is empty; its first line names the columns"),
        (
            written(APP2_KEYS, columns=("vm_id", "nic", "subnet")),
            "line 1, column ip_config: is missing",
        ),
        (
            written(
                (*APP2_KEYS, "web", "app"), columns=("vm_id", "nic", "ip_config", "subnet") * 1
            ),
            "line 2: cell 5 has a value and its column has no name",
        ),
        (
            written((*APP2_KEYS, "a", "b"), columns=("vm_id", "nic", "ip_config", "nsg", "NSG")),
            "line 1, column nsg: is there twice",
        ),
        ('vm_id,nic,ip_config\r\n"a,b,c', "line 2: is no CSV: unexpected end of data"),
        ('vm_id,nic,ip_config\r\n"a"b,c,d', "line 2: is no CSV: ',' expected after '\"'"),
        ("vm_id,nic\0,ip_config", "line 1: holds NUL characters"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_line(text: str, said: str) -> None:
    assert said in "\n".join(problems(lambda: read_csv(text.encode(), "nics.csv", ESTATE)))


def test_another_encoding_is_refused_with_the_line_and_what_to_do() -> None:
    data = written((*APP2_KEYS, "büro")).encode("cp1252")
    assert mistake_of(data) == (
        "line 2: is not UTF-8; save it as CSV UTF-8 (Excel has that file type)"
    )


def test_half_a_utf_16_character_is_refused() -> None:
    assert "is not UTF-16-LE" in mistake_of(codecs.BOM_UTF16_LE + b"v\0m")


def mistake_of(data: bytes) -> str:
    (only,) = problems(lambda: read_table(data, "nics.csv"))
    return only


def test_a_row_given_twice_is_refused_whatever_the_letter_case() -> None:
    text = written((*APP2_KEYS, "web"), (APP2_KEYS[0].upper(), "APP2-NIC", "IpConfig1", "app"))
    text = text.replace("/SUBSCRIPTIONS", "/subscriptions")
    assert "line 3: is about the same IP config as line 2" in mistake(text)


@pytest.mark.parametrize(
    ("column", "one", "other", "whole"),
    [
        ("nsg", str(NSG), str(PUBLIC_IP).replace("publicIPAddresses", "networkSecurityGroups"), ""),
        ("nic_name", "a", "b", "NIC"),
        ("accelerated", "TRUE", "FALSE", "NIC"),
        ("target_network", "vnet-app-asr", str(network_id("vnet-app-asr")), "VM"),
        ("test_network", "none", "vnet-app-asr", "VM"),
    ],
)
def test_rows_of_one_nic_or_vm_may_not_contradict_each_other(
    column: str, one: str, other: str, whole: str
) -> None:
    keys = [(str(vm_id("app1")), "app1-nic", name) for name in ("ipconfig1", "ipconfig2")]
    columns = ("vm_id", "nic", "ip_config", column)
    text = written((*keys[0], one), (*keys[1], other), columns=columns)
    said = mistake(text)
    assert said.startswith(f"line 3, column {column}: ")
    assert "contradicts" in said
    assert whole in said
    agreeing = written((*keys[0], one), (*keys[1], ""), columns=columns)
    assert len(read_csv(agreeing, "nics.csv", ESTATE)) == 2


PRIMARY_COLUMNS = ("vm_id", "nic", "ip_config", "primary", "selected")
CONFIGS = [(str(vm_id("app1")), "app1-nic", name) for name in ("ipconfig1", "ipconfig2")]


def test_two_primary_ip_configs_of_one_nic_are_refused_with_both_lines() -> None:
    text = written((*CONFIGS[0], "TRUE", ""), (*CONFIGS[1], "yes", ""), columns=PRIMARY_COLUMNS)
    said = (
        "line 3, column primary: 'ipconfig2' contradicts 'ipconfig1' in line 2: "
        "a NIC has exactly one primary IP config"
    )
    for what in (ESTATE, None):
        assert mistake(text, what).startswith(said)


def test_who_gives_up_being_primary_may_be_left_behind_and_who_takes_over_may_not() -> None:
    text = written((*CONFIGS[0], "", "FALSE"), (*CONFIGS[1], "TRUE", ""), columns=PRIMARY_COLUMNS)
    assert len(read_csv(text, "nics.csv", ESTATE)) == 2
    text = written((*CONFIGS[0], "", ""), (*CONFIGS[1], "TRUE", "FALSE"), columns=PRIMARY_COLUMNS)
    assert len(read_csv(text, "nics.csv", ESTATE)) == 2, "FALSE is what it has, and no wish"
    (nic,) = APP1.nics
    both = replace(nic, ip_configs=(FULL, replace(SECOND, selected=True)))
    what = inventory(replace(APP1, nics=(both,)), APP2)
    said = "line 3, column selected: the primary IP config is always selected"
    assert said in mistake(text, what)


def test_every_mistake_is_reported_at_once_in_the_order_of_the_lines() -> None:
    text = written(
        (*APP2_KEYS, "a/b", "x"),
        (str(vm_id("gone")), "n", "i", "", "10.1.1.999"),
        ("", "n", "i", "", ""),
        columns=("vm_id", "nic", "ip_config", "subnet", "address"),
    )
    found = problems(lambda: read_csv(text, "nics.csv", ESTATE))
    assert [one.split(":")[0] for one in found] == [
        "line 2, column subnet",
        "line 2, column address",
        "line 3, column address",
        "line 3, column vm_id",
        "line 4, column vm_id",
    ]


def test_a_thousand_mistakes_end_in_a_count() -> None:
    text = written(*((str(vm_id(f"no{n}")), "n", "i", "") for n in range(1000)))
    found = problems(lambda: read_csv(text, "nics.csv", ESTATE))
    assert found[-1] == "… and 800 more"
    assert len(found) == 201


def test_a_network_that_could_not_be_looked_at_is_no_mistake() -> None:
    gap = NotLookedAt("networks", "403", ArmId.of_group(SUBSCRIPTION, "rg-far"))
    what = replace(ESTATE, not_looked_at=(gap,))
    (row,) = read_csv(one_cell("test_network", "vnet-far"), "nics.csv", what)
    assert row.given == {"test_network": "vnet-far"}


def test_nothing_but_key_columns_is_fine_and_asks_for_nothing() -> None:
    text = written(APP2_KEYS, columns=("vm_id", "nic", "ip_config"))
    assert table_to_exceptions(read_csv(text, "t", ESTATE), ESTATE, REGIONS) == ()


# JSON.


def json_table(**cells: Any) -> str:
    keys = dict(zip(("vm_id", "nic", "ip_config"), APP2_KEYS, strict=True))
    return json.dumps([{**keys, **cells}], indent=1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1: is no JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"rows": 5}', "column rows: must be a list, not a number"),
        ('{"schema": "asr-netmap/plan/1", "rows": []}', "its schema is 'asr-netmap/plan/1'"),
        ('{"rows": [], "row": []}', "column 'row': is unknown"),
        ('{"rows": [5]}', "entry 1 of rows must be an object"),
        (json_table(subnt="web"), "line 2, column 'subnt': is unknown; did you mean 'subnet'?"),
        (json_table(address=5), "line 2, column address: must be a text, not a number"),
        (json_table(accelerated="WAHR"), "line 2, column accelerated: must be TRUE or FALSE"),
        (json_table(lb_pools=[]), "line 2, column lb_pools: must be a list of ids"),
        (json_table(nic=None), "line 2, column nic: is empty"),
        (json_table(nic=5), "line 2, column nic: must be a text"),
        ('[\n\n{"vm_id": "a", "vm_id": "b"}]', "line 3, column vm_id: is there twice"),
    ],
)
def test_a_mistake_in_json_is_named_with_its_line(text: str, said: str) -> None:
    assert said in "\n".join(problems(lambda: read_table(text, "nics.json", ESTATE)))


def test_json_has_no_word_for_giving_up_being_primary() -> None:
    (row,) = read_json(json_table(primary=True), "nics.json", ESTATE)
    assert row.given["primary"] is True
    (said,) = problems(lambda: read_json(json_table(primary=False), "nics.json", ESTATE))
    assert "column primary: can't be cleared" in said


def test_json_takes_null_and_lists_and_switches() -> None:
    text = json_table(subnet=None, lb_pools=[str(p) for p in POOLS], accelerated=False, nsg="none")
    (row,) = read_table(text, "nics.json", ESTATE)
    assert row.given == {"lb_pools": POOLS, "accelerated": False, "nsg": Clear.CLEAR}


# NICs of one name, and rows that were made for another state.


def twins() -> Inventory:
    """A VM whose two NICs have one name, in two resource groups."""
    one = replicated_nic("nic", ip_config("10.1.1.10"))
    other = replace(replicated_nic("nic", ip_config("10.1.1.11")), id=nic_id("nic", "rg-b"))
    return inventory(item("twins", nics=(one, other), target="vnet-app-asr"))


def test_two_nics_of_one_name_are_told_apart_by_their_ids() -> None:
    what = twins()
    table = nic_rows(what, REGIONS)
    assert [row.nic for row in table] == [str(nic_id("nic")), str(nic_id("nic", "rg-b"))]
    assert read_csv(to_csv(table), "nics.csv", what) == table


def test_a_name_that_two_nics_have_is_refused_with_both_ids() -> None:
    text = written((str(vm_id("twins")), "nic", "ipconfig1", "web"))
    said = mistake(text, twins())
    assert "has 2 NICs of that name" in said
    assert str(nic_id("nic", "rg-b")) in said


def test_a_row_made_for_another_source_address_is_reported() -> None:
    what = inventory(item("app2", ip_config("10.1.2.99", source_subnet="app")))
    edited = tuple(replace(r, given={"subnet": "web"}) for r in ROWS if r.vm == "app2")
    (finding,) = stale_rows(edited, what)
    assert finding.code == "table-row-stale"
    assert "source address was 10.1.2.20 and is 10.1.2.99" in finding.message
    assert stale_rows(edited, ESTATE) == ()
    assert stale_rows([replace(edited[0], given={})], what) == (), "a row that asks for nothing"
    assert stale_rows([replace(edited[0], seen={})], what) == (), "columns that are left out"


@pytest.mark.parametrize("name", ["subnet", "test_subnet"])
def test_a_subnet_that_is_called_none_is_no_cell_since_the_word_clears(name: str) -> None:
    odd: dict[str, Any] = {name: "none"}
    what = inventory(item("app1", ip_config(**odd), target="vnet-app-asr"))
    (row,) = nic_rows(what, REGIONS)
    assert name not in row.given
