"""What a comparison says to people, word for word: it stands in reports and is acted upon."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asr_netmap.applying.comparison import busy_only, differences, disturbances, judge
from asr_netmap.arm_id import ArmId
from asr_netmap.models import ReplicatedItem
from asr_netmap.planning.change import (
    Action,
    Change,
    ContainerMappingState,
    FabricState,
    GroupState,
    ItemState,
    Kind,
    PolicyState,
    ReplicationState,
    State,
)
from asr_netmap.planning.gateway import Reading
from asr_netmap.planning.nic_setting import Setting, SettingValue
from asr_netmap.rules.readiness import not_ready

from .estate import (
    FORWARD,
    OTHER,
    SOURCE,
    TARGET,
    create_fabric,
    create_group,
    create_mapping,
    create_network,
    network_state,
    replicated_item,
    set_nics,
)

CHANGE = set_nics("app1")
UPDATE = replace(create_mapping(), action=Action.UPDATE, before=FORWARD)
DELETE = replace(create_mapping(), action=Action.DELETE, before=FORWARD, after=None)


def says(change: Change, state: State | None) -> str:
    return judge(change, Reading(state), not_ready).message


def says_of_item(item: ReplicatedItem | None, change: Change = CHANGE) -> str:
    return judge(change, Reading(None, item), not_ready).message


def test_what_is_ready_says_nothing() -> None:
    assert says(create_mapping(), None) == ""
    assert says(replace(UPDATE, after=replace(FORWARD, target_network=OTHER)), FORWARD) == ""
    assert says(DELETE, FORWARD) == ""
    assert says_of_item(replicated_item("app1")) == ""


def test_what_is_done_already_says_so() -> None:
    assert says(create_mapping(), FORWARD) == "It exists already, as planned."
    assert says(UPDATE, FORWARD) == "It was as planned already."
    assert says(DELETE, None) == "It was gone already."
    done = replicated_item("app1", "web", "10.1.1.7")
    assert says_of_item(done) == "The settings were as planned already."


def test_what_is_gone_says_so() -> None:
    assert says(UPDATE, None) == "It is gone."
    assert says_of_item(None) == "The replicated item is gone."


def test_what_can_not_be_written_now_says_why() -> None:
    item = replace(replicated_item("app1"), protection_state="InitialReplicationInProgress")
    assert says_of_item(item) == not_ready(item)
    assert says_of_item(item)


def test_a_mapping_that_exists_for_others_names_both_networks_and_fabrics() -> None:
    found = replace(FORWARD, target_network=OTHER, target_fabric="fabric-b")
    assert says(create_mapping(), found) == (
        "It exists already and is not as planned ("
        f"target network: expected {TARGET}, found {OTHER}; "
        "target fabric: expected asr-a2a-default-southeastasia, found fabric-b)."
    )


def test_a_mapping_that_moved_asks_for_a_new_plan() -> None:
    moved = replace(FORWARD, source_network=OTHER)
    message = (
        "It changed since it was planned (source network: "
        f"expected {SOURCE}, found {OTHER}). Plan again."
    )
    after = replace(FORWARD, target_network=OTHER)
    assert says(replace(UPDATE, after=after), moved) == message
    assert says(DELETE, moved) == message


def test_an_update_without_a_known_beginning_says_what_it_expected() -> None:
    update = replace(UPDATE, before=None, after=replace(FORWARD, target_network=OTHER))
    assert says(update, FORWARD) == (
        "It changed since it was planned (the object: expected absent, found present). Plan again."
    )


def test_another_kind_of_object_is_told_by_its_kind() -> None:
    assert says(create_mapping(), FabricState("eastasia")) == (
        "It exists already and is not as planned "
        "(the object: expected MappingState, found FabricState)."
    )


def test_an_existing_network_lists_all_that_differs() -> None:
    found = replace(network_state("East Asia", "10.2.1.0/24"), address_space=())
    assert says(create_network(), found) == (
        "It exists already and is not as planned ("
        "region: expected southeastasia, found East Asia; "
        "address space: expected 10.1.0.0/16, found none; "
        "subnets: expected web 10.1.1.0/24, found web 10.2.1.0/24)."
        " An existing network is never written."
    )
    assert says(create_network(), replace(network_state(), subnets=())).endswith(
        "(subnets: expected web 10.1.1.0/24, found none). An existing network is never written."
    )


def test_several_subnets_are_listed_with_commas() -> None:
    (web,) = network_state().subnets
    wanted = replace(network_state(), subnets=(web, replace(web, name="db")))
    assert says(replace(create_network(), after=wanted), network_state()).endswith(
        "(subnets: expected web 10.1.1.0/24, db 10.1.1.0/24, found web 10.1.1.0/24)."
        " An existing network is never written."
    )


def test_a_network_is_not_updated_and_the_message_says_why() -> None:
    before = network_state("eastasia")
    change = replace(create_network(), action=Action.UPDATE, before=before)
    assert says(change, before) == "An existing network is never written."


@pytest.mark.parametrize(
    ("change", "found", "expected"),
    [
        (create_group(), GroupState("westeurope"), "southeastasia"),
        (create_fabric(), FabricState("westeurope"), "southeastasia"),
    ],
)
def test_an_object_in_another_region_says_both_regions(
    change: Change, found: State, expected: str
) -> None:
    assert says(change, found) == (
        f"It exists already and is not as planned (region: expected {expected}, found westeurope)."
    )


def test_what_replication_stands_on_is_compared_fact_by_fact_and_told_by_its_names() -> None:
    one, other = (ArmId(f"{SOURCE.parent}/things/{name}") for name in ("one", "other"))
    enabled = ReplicationState(one, one, one, one, None, None, ())
    moved = ReplicationState(other, other, other, other, None, None, ())
    change = replace(create_mapping(), kind=Kind.REPLICATION, after=enabled)
    assert says(change, enabled) == "It exists already, as planned."
    assert says(change, moved) == (
        "It exists already and is not as planned ("
        f"VM: expected {one}, found {other}; "
        f"policy: expected {one}, found {other}; "
        f"target protection container: expected {one}, found {other}; "
        f"target resource group: expected {one}, found {other})."
    )
    pairing = ContainerMappingState(one, one)
    change = replace(create_mapping(), kind=Kind.CONTAINER_MAPPING, after=pairing)
    assert says(change, pairing) == "It exists already, as planned."
    assert says(change, ContainerMappingState(other, other)) == (
        "It exists already and is not as planned ("
        f"target protection container: expected {one}, found {other}; "
        f"policy: expected {one}, found {other})."
    )


def test_a_policy_of_the_name_serves_whatever_it_says() -> None:
    change = replace(create_mapping(), kind=Kind.POLICY, after=PolicyState(60, 5, 5, False))
    assert says(change, PolicyState(1440, 1, 1, True)) == "It exists already, as planned."


def read_back(name: str, wanted: SettingValue, **found: object) -> tuple[str, ...]:
    """What a read-back says of one setting of an IP config that was to be `wanted`."""
    item = replicated_item("app1")
    config = replace(item.nics[0].ip_configs[0], **found)  # type: ignore[arg-type]  # -- a field of any type
    nic = replace(item.nics[0], ip_configs=(config,))
    setting = Setting(name, wanted, nic.id, "ipconfig1")
    change = replace(CHANGE, after=ItemState((setting,)))
    return differences(change, Reading(None, replace(item, nics=(nic,))))


POOLS = tuple(
    ArmId(f"/subscriptions/s1/resourceGroups/g1/providers/Microsoft.Network/loadBalancers/{name}")
    for name in ("lb1", "lb2")
)


def test_lists_flags_and_texts_are_shown_as_people_write_them() -> None:
    place = "NIC app1-nic IP config ipconfig1"
    assert read_back("lb_pools", POOLS, lb_pools=()) == (
        f"{place} lb_pools: expected {POOLS[0]}, {POOLS[1]}, found unset",
    )
    assert read_back("lb_pools", (), lb_pools=POOLS[:1]) == (
        f"{place} lb_pools: expected unset, found {POOLS[0]}",
    )
    assert read_back("selected", True, selected=False) == (
        f"{place} selected: expected yes, found no",
    )
    assert read_back("subnet", "web", subnet=None) == (
        f"{place} subnet: expected web, found unset",
    )


def test_a_setting_whose_place_is_gone_names_the_place_and_what_is_missing() -> None:
    item = replicated_item("app1")
    renamed = replace(item.nics[0].ip_configs[0], name="ipconfig9")
    without = replace(item, nics=(replace(item.nics[0], ip_configs=(renamed,)),))
    assert differences(CHANGE, Reading(None, without)) == (
        "NIC app1-nic IP config ipconfig1 subnet: expected web, "
        "found nothing: NIC app1-nic has no IP config ipconfig1",
        "NIC app1-nic IP config ipconfig1 address: expected 10.1.1.7, "
        "found nothing: NIC app1-nic has no IP config ipconfig1",
    )


def test_a_mapping_read_back_differently_says_what() -> None:
    found = replace(FORWARD, target_network=OTHER)
    assert differences(create_mapping(), Reading(found)) == (
        f"target network: expected {TARGET}, found {OTHER}",
    )


def test_a_setting_that_the_plan_knows_no_beginning_of_was_unset() -> None:
    """So a value that is there now came from somebody else."""
    change = replace(CHANGE, before=ItemState(()))
    assert says_of_item(replicated_item("app1"), change) == ""
    assert says_of_item(replicated_item("app1", "db"), change) == (
        "It changed since it was planned (NIC app1-nic IP config ipconfig1 subnet: "
        "expected unset, found db). Plan again."
    )
    no_beginning = replace(CHANGE, before=None)
    assert says_of_item(replicated_item("app1"), no_beginning) == ""


def test_without_both_readings_of_an_item_nothing_is_called_a_disturbance() -> None:
    item = replicated_item("app1")
    moved = replace(item, test_network=OTHER)
    assert disturbances(CHANGE, Reading(None), Reading(None, item)) == ()
    assert disturbances(CHANGE, Reading(None, item), Reading(None)) == ()
    assert disturbances(create_mapping(), Reading(FORWARD, item), Reading(FORWARD, moved)) == ()


def test_an_item_that_is_busy_with_a_named_job_is_worth_waiting_for() -> None:
    job = ArmId("/subscriptions/s1/resourceGroups/g1/providers/p/vaults/v/replicationJobs/j1")
    item = replace(replicated_item("app1"), scenario="UpdateVmProperties", scenario_job=job)
    assert busy_only(item, lambda each: "busy" if each.scenario_job or each.scenario else None)
