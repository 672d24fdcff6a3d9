"""NICs as enabling by this tool left them: the rules decide, for nobody else did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from asr_netmap.models import Inventory, ReplicatedItem, VirtualMachine
from asr_netmap.planning.afterwards import inventory_after
from asr_netmap.planning.change import ItemState
from asr_netmap.planning.enabled import item_id
from asr_netmap.planning.plan import Plan
from asr_netmap.planning.planner import plan
from tests.builders import (
    SOURCE,
    TARGET,
    inventory,
    ip_config,
    item,
    mapping,
    network,
    nic_id,
    replicated_nic,
    scope,
    settings,
    vm_id,
)

SUBNETS = {"web": "10.1.1.0/24", "app": "10.1.2.0/24"}
RULE: Any = {
    "networks": [
        {
            "source": "vnet-app",
            "target": "vnet-far",
            "addresses": [{"from": "10.1.1.0/24", "to": "10.9.1.0/24"}],
        }
    ]
}


def enabled(name: str = "", **fields: Any) -> ReplicatedItem:
    """A machine with two NICs that fails over into vnet-far, all of it in the first one's subnet.

    name -- of its item; empty: the one that this tool gives.
    """
    nics = tuple(
        replicated_nic(
            f"app1-nic{number}",
            ip_config(
                f"10.{place}.10",
                source_subnet=subnet,
                to=f"10.9.1.{number + 3}",
                subnet="web",
            ),
            chosen_by_user=True,
            chosen_at_enabling=True,
        )
        for number, place, subnet in ((1, "1.1", "web"), (2, "1.2", "app"))
    )
    made = item("app1", nics=nics, target="vnet-far")
    container = made.id.parent
    own = item_id(container, vm_id("app1"))
    other = container.child("replicationProtectedItems", name) if name else own
    return replace(made, id=other, **fields)


def estate(one: ReplicatedItem) -> Inventory:
    here = inventory(
        networks=(
            network("vnet-app", SOURCE, subnets=SUBNETS),
            network(
                "vnet-far", TARGET, "10.9.0.0/16", {"web": "10.9.1.0/24", "app": "10.9.2.0/24"}
            ),
        ),
        mappings=(
            mapping("vnet-app", "vnet-far"),
            mapping("vnet-far", "vnet-app", (TARGET, SOURCE)),
        ),
    )
    cards = (nic_id("app1-nic1"), nic_id("app1-nic2"))
    return replace(here, items=(one,), vms=(VirtualMachine(vm_id("app1"), SOURCE, nics=cards),))


def written(made: Plan) -> dict[str, str]:
    """What is set, by NIC and setting."""
    return {
        f"{setting.nic.name} {setting.name}": str(setting.value)
        for change in made.changes
        if isinstance(change.after, ItemState)
        for setting in change.after.settings
        if setting.nic is not None
    }


def codes(made: Plan) -> list[str]:
    return [finding.code for finding in made.findings]


def test_rules_set_what_site_recovery_chose_when_this_tool_enabled_it() -> None:
    made = plan(estate(enabled()), settings(**RULE), scope())
    assert written(made) == {
        "app1-nic1 address": "10.9.1.10",
        "app1-nic2 subnet": "app",
        "app1-nic2 address": "10.9.2.10",
    }
    assert "set-by-hand" not in codes(made)


def test_once_they_are_set_they_are_as_declared() -> None:
    here = estate(enabled())
    made = plan(here, settings(**RULE), scope())
    after = inventory_after(here, made.changes)
    assert plan(after, settings(**RULE), scope()).changes == ()


@pytest.mark.parametrize("name", ["app1", "f3a1c9d2-0000-0000-0000-000000000000"])
def test_what_others_enabled_with_a_network_is_kept(name: str) -> None:
    made = plan(estate(enabled(name)), settings(**RULE), scope())
    assert written(made) == {}
    assert "set-by-hand" in codes(made)


def test_an_update_by_anybody_ends_it() -> None:
    one = enabled()
    nics = tuple(replace(nic, chosen_at_enabling=False) for nic in one.nics)
    made = plan(estate(replace(one, nics=nics)), settings(**RULE), scope())
    assert written(made) == {}
    assert "set-by-hand" in codes(made)


def test_the_subnet_that_was_asked_for_stays_and_is_declared_where_a_row_names_it() -> None:
    one = enabled()
    first = replace(one.nics[0], ip_configs=(replace(one.nics[0].ip_configs[0], subnet="app"),))
    here = estate(replace(one, nics=(first, one.nics[1])))
    undeclared = plan(here, settings(**RULE), scope())
    assert "app1-nic1 subnet" not in written(undeclared)
    assert "set-by-hand" in codes(undeclared)
    said = {"vms": ["app1"], "cache_storage": "c", "settings": [{"vm": "app1", "subnet": "app"}]}
    assert "set-by-hand" not in codes(plan(here, settings(protect=said, **RULE), scope()))
