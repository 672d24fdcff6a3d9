"""What holds of every plan: the same for the same estate, done when it is done, and stable."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from asr_netmap.errors import AsrNetmapError
from asr_netmap.models import Inventory, NotLookedAt
from asr_netmap.planning.change import Kind
from asr_netmap.planning.document import (
    digest_of,
    fingerprint,
    plan_document,
    plan_from_document,
)
from asr_netmap.planning.plan import Plan
from tests.builders import (
    APP,
    APP_ASR,
    PAIRED,
    SOURCE,
    TARGET,
    address_of,
    carried_out,
    existing_nic,
    fabric,
    inventory,
    ip_config,
    item,
    mapping,
    network,
    of_kind,
    plan_of,
    settings,
    subnet,
    values,
)
from tests.planning.drawing import PLANS, estates

MIXED = inventory(
    *(item(f"app{n}", ip_config(f"10.1.1.{n + 10}")) for n in range(4)),
    item("clash", ip_config("10.1.1.10"), nics=None),
    item("app9", ip_config(to="10.1.1.11", subnet="web"), target="vnet-app-asr"),
    item("db1", ip_config("10.2.1.10"), of="vnet-data"),
    item("zone", ip_config(), goes=(SOURCE, SOURCE)),
    item("back", ip_config(), of="vnet-app-asr", goes=(TARGET, SOURCE)),
    networks=[APP, APP_ASR, network("vnet-data", subnets={"web": "10.2.1.0/24"})],
    mappings=[*PAIRED, mapping("vnet-app", "vnet-app-asr", name="twice")],
    fabrics=(fabric(SOURCE), fabric(TARGET), fabric(TARGET, "second")),
    nics=(existing_nic("a", "10.1.1.12"), existing_nic("b", "10.1.1.12")),
    not_looked_at=(NotLookedAt("b", "403"), NotLookedAt("a", "403")),
)
DECLARED = {
    "left out": settings(),
    "declared": settings(networks=[{"source": "vnet-data"}, {"source": "vnet-app"}]),
    "enforced": settings(nics={"existing": "enforce"}),
}


def shuffled(what: Inventory, rng: Random) -> Inventory:
    lists: dict[str, Any] = {}
    for name in ("networks", "nics", "vms", "fabrics", "mappings", "items", "groups"):
        rows = list(getattr(what, name))
        rng.shuffle(rows)
        lists[name] = tuple(rows)
    gaps = list(what.not_looked_at)
    rng.shuffle(gaps)
    return replace(what, not_looked_at=tuple(gaps), **lists)


@pytest.mark.parametrize("name", DECLARED)
@budget(max_examples=20)
@given(rng=st.randoms(use_true_random=False))
def test_the_order_of_what_was_read_changes_nothing(name: str, rng: Random) -> None:
    first = plan_of(MIXED, DECLARED[name])
    other = plan_of(shuffled(MIXED, rng), DECLARED[name])
    assert digest_of(plan_document(other)) == digest_of(plan_document(first))
    assert other == first
    assert fingerprint(other) == fingerprint(first)


@given(estates())
def test_what_was_carried_out_is_not_planned_again(where: Inventory) -> None:
    done = carried_out(where, plan_of(where))
    assert plan_of(done).changes == ()


@budget(max_examples=25)
@given(estates())
def test_enforcing_comes_to_an_end(where: Inventory) -> None:
    """An address that one item leaves is free for another in the next run, and so on, not in
    circles."""
    declared = DECLARED["enforced"]
    for _ in range(len(where.items) + 1):
        where = carried_out(where, plan_of(where, declared))
    assert plan_of(where, declared).changes == ()


@given(estates())
def test_no_address_is_promised_twice_or_reserved_or_taken(where: Inventory) -> None:
    made = plan_of(where)
    promised = [
        values(made, i.vm_name).get("address") for i in where.items if address_of(made, i.vm_name)
    ]
    assert len(promised) == len(set(promised))
    held = {a.address for n in where.nics for a in n.addresses}
    held |= {c.address for i in where.items for n in i.nics for c in n.ip_configs if c.address}
    web = subnet("web", "10.1.1.0/24")
    for address in promised:
        assert address not in held
        assert web.holds(ip_address(str(address)))


@given(estates(), st.integers(10, 60), st.from_regex(r"(aa|vm05b|zz)", fullmatch=True))
def test_one_more_vm_moves_nobody_who_is_set(where: Inventory, place: int, name: str) -> None:
    done = carried_out(where, plan_of(where))
    more = replace(done, items=(*done.items, item(name, ip_config(f"10.1.1.{place}"))))
    assert {c.title for c in plan_of(more).changes} <= {name}


@given(st.sets(st.integers(0, 11), min_size=1), st.integers(0, 11))
def test_one_vm_less_moves_nobody_who_is_set(numbers: set[int], gone: int) -> None:
    items = [item(f"vm{n:02}", ip_config(f"10.1.1.{n % 4 + 10}")) for n in sorted(numbers)]
    where = inventory(*items)
    done = carried_out(where, plan_of(where))
    fewer = replace(done, items=tuple(i for i in done.items if i.vm_name != f"vm{gone:02}"))
    assert plan_of(fewer).empty


def test_a_thousand_items_are_planned_in_seconds() -> None:
    wide = {"web": "10.1.0.0/18"}
    nets = [network("vnet-app", subnets=wide), network("vnet-app-asr", TARGET, subnets=wide)]
    items = [item(f"vm{n}", ip_config(f"10.1.{n // 200 + 1}.{n % 200 + 4}")) for n in range(1000)]
    made = plan_of(inventory(*items, networks=nets))
    assert len(of_kind(made, Kind.NIC_SETTINGS)) == 1000
    assert len({change.id for change in made.changes}) == 1000


# -- the JSON form -------------------------------------------------------------------------------


@budget(max_examples=40)
@given(PLANS)
def test_a_plan_reads_back_equal_from_its_document(made: Plan) -> None:
    """Reasons don't count when settings are compared, so their texts are looked at as well."""
    document = plan_document(made)
    again = plan_from_document(document)
    assert again == made
    assert digest_of(plan_document(again)) == digest_of(document)
    assert fingerprint(again) == document["fingerprint"] == fingerprint(made)
    for one, other in zip(made.changes, again.changes, strict=True):
        assert repr(one.after) == repr(other.after)


def test_the_fingerprint_tells_what_is_done_under_which_settings_and_where_apart() -> None:
    made = plan_of(MIXED)
    different = [
        made,
        replace(made, changes=made.changes[1:]),
        replace(made, changes=(replace(made.changes[0], reason="x"), *made.changes[1:])),
        replace(made, settings={**made.settings, "freeze": True}),
        replace(made, scope=replace(made.scope, tenant="other")),
        replace(made, pending=()) if made.pending else replace(made, changes=()),
    ]
    assert len({fingerprint(each) for each in different}) == len(different)
    assert fingerprint(replace(made, findings=())) == fingerprint(made)


def altered(**more: Any) -> dict[str, Any]:
    document = plan_document(plan_of(MIXED))
    return {**document, **more}


@pytest.mark.parametrize(
    "bad",
    [
        {"settings": []},
        {"settings": None},
        {"existing_settings": "5"},
        {"changes": [{}]},
        {"changes": None},
        {"pending": [{"subject": "x", "title": "", "reason": ""}]},
        {"scope": {}},
    ],
)
def test_a_document_that_is_no_plan_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AsrNetmapError)):
        plan_from_document(altered(**bad))


def change_with(**more: Any) -> dict[str, Any]:
    document = plan_document(plan_of(MIXED))
    (first, *_) = [c for c in document["changes"] if c["kind"] == "nic-settings"]
    return altered(changes=[{**first, **more}])


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "nic-settings-update-000000000000"},
        {"before": None},
        {"before": {"settings": []}},
        {"after": None},
        {"after": {"settings": [{"setting": "licence", "value": "x"}]}},
        {"kind": "vault"},
        {"action": "failover"},
        {"subject": "/subscriptions/s/resourceGroups/.."},
    ],
)
def test_a_change_that_contradicts_itself_is_refused(bad: dict[str, Any]) -> None:
    assert plan_from_document(change_with()).changes
    with pytest.raises((ValueError, KeyError, TypeError, AsrNetmapError)):
        plan_from_document(change_with(**bad))


def test_a_change_is_found_by_its_id_also_after_the_plan_was_cut() -> None:
    made = plan_of(MIXED)
    first, *rest = made.changes
    assert made.change(first.id) == first
    assert made.change("none") is None
    assert replace(made, changes=tuple(rest)).change(first.id) is None
