"""What stops a plan: every limit right at its edge, and the consent that lifts it."""

from __future__ import annotations

from typing import Any

import pytest

from asr_netmap.errors import FailoverInProgress, Frozen, UnsafePlan
from asr_netmap.planning.change import Action, Change, ItemState, Kind
from asr_netmap.planning.nic_planner import existing_settings
from asr_netmap.planning.nic_setting import Setting
from asr_netmap.planning.plan import Plan
from asr_netmap.planning.planner import plan_removal
from asr_netmap.planning.safety import (
    MIN_EXISTING_SETTINGS,
    Consent,
    changed_settings,
    raise_if_unsafe,
)
from asr_netmap.settings import Settings, to_document
from tests.builders import (
    APP,
    APP_ASR,
    TARGET,
    inventory,
    ip_config,
    item,
    network,
    network_id,
    plan_of,
    replicated_nic,
    reverse_mapping,
    scope,
    settings,
)

NOBODY = Consent()


def changing(
    set_before: int, existing: int, *, unset_before: int = 0, declared: Settings | None = None
) -> Plan:
    """A plan that gives that many settings another value, of that many that have one."""
    before = [Setting("subnet", "a", network_id("n"), f"c{n}") for n in range(set_before)]
    before += [Setting("subnet", None, network_id("n"), f"u{n}") for n in range(unset_before)]
    after = tuple(Setting("subnet", "b", s.nic, s.ip_config) for s in before)
    change = Change(
        Kind.NIC_SETTINGS,
        Action.UPDATE,
        item("app1").id,
        "app1",
        ItemState(tuple(before)),
        ItemState(after),
        "why",
    )
    document = to_document(declared or settings())
    return Plan(scope(), document, (change,), existing_settings=existing)


def allowed(made: Plan, consent: Consent = NOBODY) -> bool:
    try:
        raise_if_unsafe(made, consent)
    except UnsafePlan as error:
        assert error.hint
        return False
    return True


@pytest.mark.parametrize(
    ("changed", "existing", "fine"),
    [
        (9, MIN_EXISTING_SETTINGS - 1, True),
        (10, MIN_EXISTING_SETTINGS, False),
        (3, MIN_EXISTING_SETTINGS, True),
        (4, MIN_EXISTING_SETTINGS, False),
        (30, 100, True),
        (31, 100, False),
        (300, 1000, True),
        (301, 1000, False),
    ],
)
def test_the_share_that_may_change_holds_at_its_edge(
    changed: int, existing: int, fine: bool
) -> None:
    assert allowed(changing(changed, existing)) is fine


def test_setting_what_had_no_value_does_not_count() -> None:
    made = changing(0, 100, unset_before=100)
    assert changed_settings(made) == 0
    assert allowed(made)


@pytest.mark.parametrize(("percent", "fine"), [(30, False), (31, True), (100, True), (0, False)])
def test_the_share_can_be_set_for_one_run_and_for_all(percent: int, fine: bool) -> None:
    assert allowed(changing(31, 100), Consent(max_changed_percent=percent)) is fine
    declared = settings(safety={"max_changed_percent": percent})
    assert allowed(changing(31, 100, declared=declared)) is fine


def test_what_is_said_for_one_run_wins_over_the_settings() -> None:
    declared = settings(safety={"max_changed_percent": 100, "max_changes": 5})
    made = changing(31, 100, declared=declared)
    assert not allowed(made, Consent(max_changed_percent=0))
    assert not allowed(made, Consent(max_changes=0))
    assert allowed(made, Consent(max_changes=1))


@pytest.mark.parametrize(("most", "fine"), [(0, False), (1, True), (2, True), (None, True)])
def test_the_number_of_changes_holds_at_its_edge(most: int | None, fine: bool) -> None:
    assert allowed(changing(1, 0), Consent(max_changes=most)) is fine
    if most is not None:
        declared = settings(safety={"max_changes": most})
        assert allowed(changing(1, 0, declared=declared)) is fine


def test_all_limits_that_are_exceeded_are_named_at_once() -> None:
    with pytest.raises(
        UnsafePlan, match=r"100 of 100 NIC settings.*at most 0 are allowed"
    ) as caught:
        raise_if_unsafe(changing(100, 100), Consent(max_changes=0))
    assert "--max-changed-percent" in caught.value.hint
    assert "--max-changes" in caught.value.hint


def test_every_kind_of_value_counts_but_what_site_recovery_selects_itself() -> None:
    """The limit is a share: both sides of it have to count the same things."""
    full = ip_config(to="10.1.1.5", subnet="web", test_to="10.1.1.6", selected=True)
    assert existing_settings([item("a", full, target="vnet-dr")]) == 4
    assert existing_settings([item("b", ip_config(selected=True))]) == 0
    assert existing_settings([item("c", ip_config(public_ip=network_id("pip")))]) == 1
    guarded = replicated_nic("d-nic", ip_config(subnet="web"), nsg=network_id("nsg"))
    assert existing_settings([item("d", nics=(guarded,), target="vnet-dr")]) == 3
    assert existing_settings([]) == 0


# -- mappings ------------------------------------------------------------------------------------

DR = network("vnet-dr", TARGET)


def retargeting(**safety: Any) -> Plan:
    declared = settings(networks=[{"source": "vnet-app", "target": "vnet-dr"}], safety=safety)
    return plan_of(inventory(networks=[APP, APP_ASR, DR]), declared)


def test_pointing_a_mapping_elsewhere_needs_consent() -> None:
    with pytest.raises(UnsafePlan, match="2 existing mapping") as caught:
        raise_if_unsafe(retargeting(), NOBODY)
    assert "--allow-retarget" in caught.value.hint
    assert "vnet-app -> vnet-dr (forward)" in caught.value.message
    assert allowed(retargeting(), Consent(allow_retarget=True))
    assert allowed(retargeting(allow_retarget=True))


def test_creating_mappings_needs_no_consent() -> None:
    assert allowed(plan_of(inventory(mappings=[]), settings(networks=[{"source": "vnet-app"}])))


def test_correcting_a_stale_reverse_mapping_needs_consent() -> None:
    stale = reverse_mapping("vnet-app-asr", "vnet-other")
    made = plan_of(inventory(mappings=[stale]), settings(networks=[{"source": "vnet-app"}]))
    assert not allowed(made)


def test_removing_mappings_needs_the_consent_that_unmap_is() -> None:
    made = plan_removal(inventory(), settings(networks=[{"source": "vnet-app"}]), scope())
    assert not allowed(made)
    assert allowed(made, Consent(unmap=True))


# -- freeze and failover -------------------------------------------------------------------------


def test_a_freeze_stops_everything_and_no_consent_lifts_it() -> None:
    made = plan_of(inventory(item("app1", ip_config())), settings(freeze=True))
    assert made.changes
    everything = Consent(True, 100, 1000, True, True)
    with pytest.raises(Frozen, match="freeze: true"):
        raise_if_unsafe(made, everything)


def test_a_failover_under_way_stops_everything_until_it_is_allowed() -> None:
    failed = item("app2", ip_config("10.1.1.20"), active_location="Recovery")
    made = plan_of(inventory(item("app1", ip_config()), failed))
    with pytest.raises(FailoverInProgress, match="app2") as caught:
        raise_if_unsafe(made, NOBODY)
    assert "--during-failover" in caught.value.hint
    raise_if_unsafe(made, Consent(during_failover=True))


def test_a_failover_under_way_stops_unmapping_too() -> None:
    failed = item("app2", ip_config(), test_failover_state="WaitingForCompletion")
    made = plan_removal(inventory(failed), settings(), scope())
    with pytest.raises(FailoverInProgress):
        raise_if_unsafe(made, Consent(unmap=True))


def test_a_plan_without_changes_is_always_safe() -> None:
    failed = item("app2", ip_config(), active_location="Recovery")
    made = plan_of(inventory(failed), settings(freeze=True))
    assert made.empty
    raise_if_unsafe(made, Consent(max_changes=0))
