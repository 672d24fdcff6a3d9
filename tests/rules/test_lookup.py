"""From what people type to the one thing that is meant."""

from __future__ import annotations

from typing import Any

import pytest

from asr_netmap.errors import InvalidArmId, NotFound, UsageError
from asr_netmap.models import Inventory, NotLookedAt
from asr_netmap.near_names import did_you_mean, near_names
from asr_netmap.rules.lookup import find_network, matches, maybe_unseen
from asr_netmap.rules.readiness import failover_under_way, not_ready
from tests.builders import (
    APP,
    SOURCE,
    SUBSCRIPTION,
    VAULT,
    inventory,
    ip_config,
    item,
    network,
    network_id,
)


@pytest.mark.parametrize("text", ["vnet-app", "VNET-APP", "rg-app/vnet-app", str(APP.id).upper()])
def test_a_name_a_group_and_name_and_an_id_mean_the_same(text: str) -> None:
    assert matches(text.replace("/SUBSCRIPTIONS", "/subscriptions"), APP.id)


@pytest.mark.parametrize("text", ["vnet", "vnet-app-asr", "rg-x/vnet-app", str(network_id("x"))])
def test_anything_else_means_something_else(text: str) -> None:
    assert not matches(text, APP.id)


@pytest.mark.parametrize(
    "text", ["", "a/b/c", "..", "rg/..", "/vnet-app", "rg//vnet", "a?b", "a\n"]
)
def test_a_text_that_is_none_of_the_three_is_refused(text: str) -> None:
    with pytest.raises(InvalidArmId):
        matches(text, APP.id)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "a/b/c",
            "'a/b/c' is neither a name, nor group/name, nor an ARM id.",
            "An ARM id starts with /subscriptions/.",
        ),
        (
            "rg?/vnet",
            "resource group name 'rg?' holds '?', which no Azure name can hold.",
            "Give the plain name of the resource, or its whole ARM id where one is taken.",
        ),
    ],
)
def test_a_refused_text_is_told_which_part_of_it_is_wrong(
    text: str, message: str, hint: str
) -> None:
    with pytest.raises(InvalidArmId) as caught:
        matches(text, APP.id)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_near_names_come_first_and_some_names_where_none_is_near() -> None:
    known = ["vnet-data", "vnet-app", "hub", *(f"z{n}" for n in range(9))]
    assert near_names("vnet-ap", known)[0] == "vnet-app"
    assert near_names("VNET-APP ", known)[0] == "vnet-app"
    assert near_names("qqqqqqqq", known) == ()
    assert did_you_mean("vnet-ap", known, "") == "Near: vnet-app, vnet-data."
    assert did_you_mean("qqqqqqqq", known, "").startswith("There is: hub, vnet-app, vnet-data, z0")
    assert did_you_mean("q" * 8, [f"z{n:02}" for n in range(15)], "").endswith(" and 3 more.")
    assert did_you_mean("x", [], "There is nothing.") == "There is nothing."


def test_a_hint_says_what_could_not_be_read_beside_the_names_that_are_there() -> None:
    gaps = (NotLookedAt("networks of B", "403"), NotLookedAt("networks of C", "503"))
    where = inventory(not_looked_at=gaps)
    with pytest.raises(NotFound) as caught:
        find_network("vnet-x", where, SOURCE, "source network")
    assert "vnet-app" in caught.value.hint
    assert "Not looked at: networks of B; networks of C." in caught.value.hint


def test_a_name_that_fits_networks_of_other_regions_only_is_told_all_of_these() -> None:
    far = [network(f"rg-{n}/vnet-x", region) for n, region in enumerate(("westus", "eastus"))]
    with pytest.raises(UsageError, match=r"'vnet-x' is in eastus, westus, not in eastasia\."):
        find_network("vnet-x", inventory(networks=far), SOURCE, "source network")


@pytest.mark.parametrize(
    ("text", "scope", "unseen"),
    [
        ("vnet-x", network_id("a").group_id, True),
        ("vnet-x", VAULT, False),
        ("vnet-x", None, False),
        (str(network_id("vnet-x")), network_id("a").group_id, True),
        (str(network_id("vnet-x")), network_id("a", "rg-other").group_id, False),
        (str(network_id("vnet-x")), network_id("a").group_id.parent, True),
    ],
)
def test_absent_means_absent_only_where_everything_was_read(
    text: str, scope: Any, unseen: bool
) -> None:
    gap = NotLookedAt("something", "503", scope)
    assert maybe_unseen(text, inventory(not_looked_at=(gap,))) is unseen
    assert SUBSCRIPTION in str(VAULT)


def test_where_no_vault_is_known_every_gap_may_hide_a_network() -> None:
    gap = NotLookedAt("something", "503", VAULT)
    assert maybe_unseen("vnet-x", Inventory(not_looked_at=(gap,)))


def test_an_item_is_ready_only_when_it_is_protected_and_idle() -> None:
    assert not_ready(item("app1", ip_config())) is None
    assert not_ready(item("app1", ip_config(), protection_state="PROTECTED")) is None
    assert not_ready(item("app1", ip_config(), vm_protection_state="")) is None
    assert not_ready(item("app1", ip_config(), protection_state="")) == (
        "replication is not ready yet: state unknown"
    )


def test_a_health_warning_is_no_reason_to_wait() -> None:
    """Every fresh item carries "no test failover yet"."""
    assert not_ready(item("app1", ip_config(), health_codes=("161011", "161003"))) is None


@pytest.mark.parametrize(
    ("state", "under_way"),
    [
        ({}, False),
        ({"test_failover_state": ""}, False),
        ({"test_failover_state": "NONE"}, False),
        ({"test_failover_state": "MarkedForDeletion"}, True),
        ({"active_location": "primary"}, False),
        ({"active_location": ""}, False),
        ({"active_location": "Recovery"}, True),
        ({"protection_state": "UnplannedFailoverCommitPending"}, True),
        ({"protection_state": "InitialReplicationInProgress"}, False),
    ],
)
def test_a_failover_is_under_way_from_its_start_until_reprotect_or_cleanup(
    state: dict[str, Any], under_way: bool
) -> None:
    assert (failover_under_way(item("app1", ip_config(), **state)) is not None) is under_way
