"""What a change finds when it looks at its subject."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from asr_netmap.applying.comparison import (
    Standing,
    busy_only,
    claims_to_ask,
    differences,
    disturbances,
    judge,
)
from asr_netmap.arm_id import ArmId
from asr_netmap.models import ReplicatedItem
from asr_netmap.planning.change import (
    Action,
    AddressClaim,
    Change,
    GroupState,
    ItemState,
    MappingState,
    State,
)
from asr_netmap.planning.gateway import Reading
from asr_netmap.planning.nic_setting import Setting
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
    nic_id,
    replicated_item,
    set_nics,
    settings,
    with_settings,
)

CHANGE = set_nics("app1")


def standing(change: Change, state: State | None) -> Standing:
    return judge(change, Reading(state), not_ready).standing


def item_standing(item: ReplicatedItem | None) -> Standing:
    return judge(CHANGE, Reading(None, item), not_ready).standing


def retarget() -> Change:
    mapping = create_mapping()
    after = replace(FORWARD, target_network=OTHER)
    return replace(mapping, action=Action.UPDATE, before=FORWARD, after=after)


def delete() -> Change:
    return replace(create_mapping(), action=Action.DELETE, before=FORWARD, after=None)


def test_what_is_to_be_created_and_is_absent_is_ready() -> None:
    for change in (create_group(), create_network(), create_fabric(), create_mapping()):
        assert standing(change, None) is Standing.READY


def test_what_is_to_be_created_and_is_there_as_planned_is_done() -> None:
    for change in (create_group(), create_network(), create_fabric(), create_mapping()):
        assert standing(change, change.after) is Standing.DONE


def test_regions_and_names_are_compared_as_azure_spells_them() -> None:
    spelled = MappingState(
        ArmId(str(SOURCE).lower()), ArmId(str(TARGET).upper()), FORWARD.target_fabric.upper()
    )
    assert standing(create_mapping(), spelled) is Standing.DONE
    assert standing(create_group(), GroupState("Southeast Asia")) is Standing.DONE
    shouted = network_state("South East Asia")
    subnet = replace(shouted.subnets[0], name="WEB")
    assert standing(create_network(), replace(shouted, subnets=(subnet,))) is Standing.DONE


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (replace(FORWARD, target_network=OTHER), "vnet-other"),
        (replace(FORWARD, source_network=OTHER), "source network"),
        (replace(FORWARD, target_fabric="another"), "target fabric"),
    ],
)
def test_a_mapping_that_maps_something_else_is_stale_and_says_what(
    found: MappingState, says: str
) -> None:
    verdict = judge(create_mapping(), Reading(found), not_ready)
    assert verdict.standing is Standing.STALE
    assert says in verdict.message


def test_a_mapping_whose_fabric_azure_does_not_name_is_known_by_its_networks() -> None:
    nameless = replace(FORWARD, target_fabric="")
    assert standing(create_mapping(), nameless) is Standing.DONE
    assert standing(delete(), nameless) is Standing.READY
    assert standing(delete(), replace(nameless, source_network=OTHER)) is Standing.STALE
    assert differences(create_mapping(), Reading(nameless)) == ()


@pytest.mark.parametrize(
    "found",
    [
        network_state("eastasia"),
        network_state(prefix="10.1.2.0/24"),
        replace(network_state(), address_space=()),
        replace(network_state(), subnets=()),
    ],
)
def test_an_existing_network_that_differs_is_stale_and_never_written(found: State) -> None:
    verdict = judge(create_network(), Reading(found), not_ready)
    assert verdict.standing is Standing.STALE
    assert "never written" in verdict.message


def test_a_network_is_never_updated() -> None:
    change = replace(create_network(), action=Action.UPDATE, before=network_state("eastasia"))
    assert standing(change, network_state("eastasia")) is Standing.STALE


def test_an_update_goes_ahead_only_from_what_was_planned() -> None:
    change = retarget()
    assert standing(change, change.before) is Standing.READY
    assert standing(change, change.after) is Standing.DONE
    assert standing(change, replace(FORWARD, source_network=OTHER)) is Standing.STALE
    assert standing(change, None) is Standing.STALE


def test_a_delete_goes_ahead_only_from_what_was_planned() -> None:
    assert standing(delete(), FORWARD) is Standing.READY
    assert standing(delete(), None) is Standing.DONE
    assert standing(delete(), replace(FORWARD, target_network=OTHER)) is Standing.STALE


def test_settings_as_they_were_when_planned_are_ready_and_all_remain() -> None:
    verdict = judge(CHANGE, Reading(None, replicated_item("app1")), not_ready)
    assert verdict.standing is Standing.READY
    assert [setting.name for setting in verdict.remaining] == ["subnet", "address"]


def test_settings_that_are_partly_written_are_ready_with_the_rest() -> None:
    verdict = judge(CHANGE, Reading(None, replicated_item("app1", "WEB")), not_ready)
    assert verdict.standing is Standing.READY
    assert [setting.name for setting in verdict.remaining] == ["address"]


def test_settings_that_are_all_written_are_done_even_where_nothing_can_be_written() -> None:
    item = replicated_item("app1", "web", "10.1.1.7")
    assert item_standing(item) is Standing.DONE
    assert item_standing(replace(item, protection_state="Unplanned")) is Standing.DONE


def test_a_setting_that_somebody_moved_is_stale_with_expected_and_found() -> None:
    verdict = judge(CHANGE, Reading(None, replicated_item("app1", "db", None)), not_ready)
    assert verdict.standing is Standing.STALE
    for word in ("app1-nic", "ipconfig1", "subnet", "expected unset", "found db"):
        assert word in verdict.message


def test_a_nic_or_ip_config_or_item_that_is_gone_is_stale() -> None:
    item = replicated_item("app1")
    renamed = replace(item.nics[0].ip_configs[0], name="ipconfig9")
    other_nic = replace(item.nics[0], id=nic_id("app9"))
    assert item_standing(None) is Standing.STALE
    assert item_standing(replace(item, nics=(other_nic,))) is Standing.STALE
    without = replace(item, nics=(replace(item.nics[0], ip_configs=(renamed,)),))
    assert item_standing(without) is Standing.STALE


@pytest.mark.parametrize(
    "field",
    [
        {"protection_state": "InitialReplicationInProgress"},
        {"vm_protection_state": "UnprotectedStatesBegin"},
        {"active_location": "Recovery"},
        {"test_failover_state": "WaitingForUserAction"},
        {"scenario": "TestFailover"},
        {"nics": ()},
    ],
)
def test_an_item_that_can_not_be_written_now_is_not_ready(field: dict[str, object]) -> None:
    item = replace(replicated_item("app1"), **field)  # type: ignore[arg-type]  # -- a field of any type
    assert item_standing(item) is Standing.NOT_READY


def test_only_an_item_that_is_just_busy_is_worth_waiting_for() -> None:
    item = replicated_item("app1")
    busy = replace(item, scenario="UpdateVmProperties")
    assert busy_only(busy, not_ready)
    assert not busy_only(item, not_ready)
    assert not busy_only(replace(busy, protection_state="Initial"), not_ready)


@pytest.mark.parametrize(
    ("name", "unset", "also_unset"),
    [("test_accelerated", False, None), ("lb_pools", (), None), ("subnet", None, "")],
)
def test_all_spellings_of_unset_are_equal(name: str, unset: object, also_unset: object) -> None:
    item = replicated_item("app1")
    config = replace(item.nics[0].ip_configs[0], subnet=None)
    nic = replace(item.nics[0], ip_configs=(config,))
    if name != "test_accelerated":
        nic = replace(nic, ip_configs=(replace(config, **{name: unset}),))  # type: ignore[arg-type]  # -- a field of any type
    ip_config = None if name == "test_accelerated" else "ipconfig1"
    setting = Setting(name, also_unset, nic.id, ip_config)  # type: ignore[arg-type]  # -- a value of any type
    change = replace(CHANGE, after=ItemState((setting,)))
    assert differences(change, Reading(None, replace(item, nics=(nic,)))) == ()


def test_a_read_back_names_each_difference() -> None:
    found = differences(CHANGE, Reading(None, replicated_item("app1", "web", "10.1.1.9")))
    assert found == ("NIC app1-nic IP config ipconfig1 address: expected 10.1.1.7, found 10.1.1.9",)
    assert differences(CHANGE, Reading(None)) == ("the replicated item is gone",)
    assert differences(create_mapping(), Reading(None)) == ("it does not exist",)
    assert differences(delete(), Reading(FORWARD)) == ("it still exists",)
    assert differences(delete(), Reading(None)) == ()


def test_a_setting_that_is_not_ours_and_changed_is_a_disturbance() -> None:
    before = replicated_item("app1")
    after = with_settings(before, ItemState(settings("app1", "web", "10.1.1.7")))
    assert disturbances(CHANGE, Reading(None, before), Reading(None, after)) == ()
    disturbed = replace(after, test_network=OTHER)
    (found,) = disturbances(CHANGE, Reading(None, before), Reading(None, disturbed))
    assert found.startswith("test_network: expected unset")


def test_what_azure_decides_itself_is_no_disturbance() -> None:
    before = replicated_item("app1")
    config = replace(before.nics[0].ip_configs[0], selected=True)
    after = replace(before, nics=(replace(before.nics[0], ip_configs=(config,)),))
    assert disturbances(CHANGE, Reading(None, before), Reading(None, after)) == ()


def test_only_addresses_that_are_about_to_be_written_are_asked_for() -> None:
    claims = (AddressClaim(TARGET, ip_address("10.1.1.7")),)
    change = set_nics("app1", claims=claims)
    fresh = judge(change, Reading(None, replicated_item("app1")), not_ready)
    assert claims_to_ask(change, fresh) == claims
    there = judge(change, Reading(None, replicated_item("app1", None, "10.1.1.7")), not_ready)
    assert claims_to_ask(change, there) == ()


def moved_primary() -> tuple[Change, ReplicatedItem]:
    """A change that makes the second IP config the primary one, and the item before it."""
    item = replicated_item("app1")
    (nic,) = item.nics
    first = nic.ip_configs[0]
    second = replace(first, name="ipconfig2", primary=False)
    item = replace(item, nics=(replace(nic, ip_configs=(first, second)),))

    def state(*primary: bool) -> ItemState:
        names = ("ipconfig1", "ipconfig2")
        flags = zip(names, primary, strict=True)
        return ItemState(tuple(Setting("primary", value, nic.id, name) for name, value in flags))

    return replace(CHANGE, before=state(True, False), after=state(False, True)), item


def primary_are(item: ReplicatedItem, *primary: bool) -> Reading:
    (nic,) = item.nics
    configs = [replace(c, primary=p) for c, p in zip(nic.ip_configs, primary, strict=True)]
    return Reading(None, replace(item, nics=(replace(nic, ip_configs=tuple(configs)),)))


def test_a_primary_ip_config_that_azure_did_not_move_is_seen_when_it_is_read_back() -> None:
    """No recording shows that Site Recovery takes a changed one, so it counts only if read back."""
    change, item = moved_primary()
    reading = primary_are(item, True, False)
    assert judge(change, reading, not_ready).standing is Standing.READY
    assert differences(change, reading) == (
        "NIC app1-nic IP config ipconfig1 primary: expected no, found yes",
        "NIC app1-nic IP config ipconfig2 primary: expected yes, found no",
    )
    there = primary_are(item, False, True)
    assert judge(change, there, not_ready).standing is Standing.DONE
    assert differences(change, there) == ()


def test_a_primary_ip_config_that_moved_beside_another_change_is_an_overlap() -> None:
    _, item = moved_primary()
    earlier, later = primary_are(item, True, False), primary_are(item, False, True)
    assert len(disturbances(CHANGE, earlier, later)) == 2
