"""A plan says where every IP config will be, once it is applied."""

from __future__ import annotations

from dataclasses import replace

from asr_netmap.planning.afterwards import inventory_after
from asr_netmap.planning.document import fingerprint, placement_document, plan_document
from asr_netmap.planning.plan import Placement, Plan
from asr_netmap.report.plan_pages import MOST_PLACEMENTS, plan_page
from asr_netmap.rules.effective import Outlook
from tests.builders import ip_config, item, plan_of, replicated_nic
from tests.nic_estates import DR, estate, vm


def of(made: Plan, name: str) -> list[Placement]:
    return [p for p in made.placements if p.vm == name]


def texts(page_of: Plan) -> str:
    return "\n".join(str(block) for block in plan_page(page_of, sandbox=False).blocks)


def test_an_address_that_the_plan_writes_is_where_the_ip_config_will_be() -> None:
    bare = vm(config={"subnet": None, "to": None, "static": True})
    (placed,) = of(plan_of(estate(bare)), "app1")
    assert (placed.nic, placed.ip_config) == ("app1-nic", "ipconfig1")
    assert (placed.failover.subnet, str(placed.failover.address)) == ("web", "10.1.1.10")
    assert not placed.failover.predicted


def test_what_stays_on_defaults_is_predicted_and_says_by_which_rule() -> None:
    bare = vm(config={"subnet": None, "to": None, "static": False})
    made = plan_of(estate(bare))
    (placed,) = of(made, "app1")
    assert placed.failover.predicted
    assert placed.failover.rule
    assert "predicted" in texts(made)


def test_every_ip_config_is_told_also_where_nothing_changes() -> None:
    second = ip_config("10.1.1.11", name="ipconfig2", primary=False)
    two = item(
        "app1",
        target="vnet-app-asr",
        nics=(
            replicated_nic("a", ip_config("10.1.1.10", subnet="web", to="10.1.1.10"), second),
            replicated_nic("b", ip_config("10.1.1.12", subnet="web", to="10.1.1.12")),
        ),
    )
    made = plan_of(estate(two, vm("app2", "10.1.1.20")))
    names = [(p.vm, p.nic, p.ip_config) for p in made.placements]
    assert names == [
        ("app1", "a", "ipconfig1"),
        ("app1", "a", "ipconfig2"),
        ("app1", "b", "ipconfig1"),
        ("app2", "app2-nic", "ipconfig1"),
    ]
    assert not of(made, "app1")[1].failover.exists


def test_an_item_that_is_left_out_or_has_no_nics_yet_has_no_placement() -> None:
    assert (
        plan_of(
            estate(item("new1", nics=(), protection_state="InitialReplicationInProgress"))
        ).placements
        == ()
    )


def test_placements_are_what_is_told_once_the_plan_is_applied() -> None:
    bare = vm(config={"subnet": None, "to": None, "static": False})
    where = estate(bare, vm("app2", "10.1.1.20"))
    made = plan_of(where)
    assert made.placements
    after = inventory_after(where, made.changes)
    outlook = Outlook(after)
    for placed in made.placements:
        one = after.item(placed.item)
        assert one is not None
        (nic,) = one.nics
        (config,) = nic.ip_configs
        assert placed.failover == outlook.of(one, nic, config)
        assert placed.test == outlook.of(one, nic, config, test=True)


def test_the_plan_file_and_the_fingerprint_do_not_hold_them() -> None:
    made = plan_of(estate(vm()))
    assert made.placements
    assert "placements" not in plan_document(made)
    assert fingerprint(replace(made, placements=())) == fingerprint(made)


def test_as_json_both_futures_are_told_in_full() -> None:
    tested = vm(test=DR.name, config={"test_subnet": "web", "test_to": "10.20.1.10"})
    (placed,) = of(plan_of(estate(tested)), "app1")
    document = placement_document(placed)
    assert document["failover"]["address"] == "10.1.1.10"
    assert document["test"]["address"] == "10.20.1.10"
    assert document["test"]["network"].endswith("/vnet-dr")
    assert set(document["failover"]) == {
        *("network", "subnet", "address", "exists", "predicted", "certain", "trouble"),
        *("text", "rule"),
    }


def test_a_long_list_is_cut_and_says_so() -> None:
    where = estate(*(vm(f"app{n}", f"10.1.1.{10 + n}") for n in range(MOST_PLACEMENTS + 2)))
    made = plan_of(where)
    assert len(made.placements) == MOST_PLACEMENTS + 2
    assert "2 more IP configs" in texts(made)
