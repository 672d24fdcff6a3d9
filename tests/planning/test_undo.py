"""Undoing a run: back to before, but for what somebody changed since and what others may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asr_netmap import api
from asr_netmap.applying.journal import FileJournal, Header, JournalRecord, read_journal
from asr_netmap.arm_id import ArmId
from asr_netmap.errors import FileError, ForeignPlan, UnsafePlan
from asr_netmap.models import Inventory, NotLookedAt, RegionPair, ReplicatedIpConfig
from asr_netmap.planning.basis import FromJournal
from asr_netmap.planning.change import Action, Change, ItemState, Kind
from asr_netmap.planning.document import change_document, state_document
from asr_netmap.planning.journal_scope import doubts_about, raise_if_foreign, settings_of
from asr_netmap.planning.plan import Plan, Severity
from asr_netmap.planning.safety import Consent, raise_if_unsafe
from asr_netmap.planning.undo import plan_undo, written_changes
from asr_netmap.sandbox.demo_estate import SUBSCRIPTION
from asr_netmap.settings import Settings
from tests.builders import (
    APP,
    APP_ASR,
    PAIRED,
    SCOPE_TENANT,
    SOURCE,
    TARGET,
    VAULT,
    carried_out,
    codes,
    existing_nic,
    inventory,
    ip_config,
    item,
    mapping,
    message,
    network,
    network_id,
    of_kind,
    plan_of,
    reverse_mapping,
    rows,
    scope,
    settings,
    values,
    with_settings,
)
from tests.demo_parts import demo_settings


def events_of(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """What a journal says of writes that were all applied."""
    lines = []
    for change in changes:
        document = change_document(change)
        kept = {key: document[key] for key in ("kind", "action", "subject", "before", "after")}
        lines.append({"event": "intent", "change": change.id, "request_id": "r", **kept})
        lines.append({"event": "outcome", "change": change.id, "status": "applied"})
    return lines


def undo(what: Inventory, *changes: Change) -> Plan:
    return plan_undo(written_changes(events_of(changes)), what, settings(), scope())


def estate() -> Inventory:
    """Nothing mapped yet, one VM, and a target network that is there."""
    return inventory(item("app1", ip_config()), mappings=())


# By hand.


def test_undoing_a_first_run_removes_its_mappings_and_clears_its_settings() -> None:
    before = estate()
    made = plan_of(before)
    after = carried_out(before, made)
    back = undo(after, *made.changes)
    assert [change.action for change in of_kind(back, Kind.MAPPING)] == [Action.DELETE] * 2
    assert values(back, "app1") == {"target_network": None, "subnet": None, "address": None}
    undone = carried_out(after, back)
    assert undone.mappings == ()
    assert bare(undone) == bare(before)


def test_mappings_are_called_by_their_direction_as_in_every_other_plan() -> None:
    before = estate()
    made = plan_of(before)
    after = carried_out(before, made)
    back = undo(after, *made.changes)
    titles = {change.title for change in of_kind(back, Kind.MAPPING)}
    assert titles == {change.title for change in of_kind(made, Kind.MAPPING)}
    assert titles == {"vnet-app -> vnet-app-asr (forward)", "vnet-app-asr -> vnet-app (reverse)"}
    again = undo(carried_out(after, back), *back.changes)
    assert {change.title for change in of_kind(again, Kind.MAPPING)} == titles, "gone, too"


def test_the_plan_holds_the_writes_that_it_was_made_from_and_makes_itself_again() -> None:
    before = estate()
    made = plan_of(before)
    after = carried_out(before, made)
    back = undo(after, *made.changes)
    assert isinstance(back.basis, FromJournal)
    assert plan_undo(back.basis.written, after, settings(), scope()) == back


def test_the_way_back_needs_no_more_consent_than_asking_for_it_but_keeps_given_limits() -> None:
    many = [item(f"app{n}", ip_config(f"10.1.1.{n + 10}")) for n in range(6)]
    before = inventory(*many, mappings=())
    made = plan_of(before)
    back = undo(carried_out(before, made), *made.changes)
    raise_if_unsafe(back, Consent())
    with pytest.raises(UnsafePlan, match="more than 10 %"):
        raise_if_unsafe(back, Consent(max_changed_percent=10))


def test_writes_between_other_regions_of_the_vault_are_passed() -> None:
    """A run over two pairs of regions of one vault: each way back is of its own pair."""
    before = estate()
    made = plan_of(before)
    after = carried_out(before, made)
    elsewhere = replace(scope(), regions=RegionPair("westeurope", "northeurope"))
    written = written_changes(events_of(made.changes))
    back = plan_undo(written, after, settings(), elsewhere)
    assert back.changes == ()
    assert "undo-stale" not in codes(back)
    assert back.basis == FromJournal(())


def test_undoing_an_undo_brings_the_run_back() -> None:
    before = estate()
    made = plan_of(before)
    after = carried_out(before, made)
    back = undo(after, *made.changes)
    again = undo(carried_out(after, back), *back.changes)
    restored = carried_out(carried_out(after, back), again)
    assert bare(restored) == bare(after)
    assert set(restored.mappings) == set(after.mappings)


def test_undoing_twice_has_nothing_left_to_do() -> None:
    before = estate()
    made = plan_of(before)
    after = carried_out(before, made)
    undone = carried_out(after, undo(after, *made.changes))
    assert undo(undone, *made.changes).changes == ()
    assert codes(undo(undone, *made.changes)) == []


def two_configs(*more: ReplicatedIpConfig) -> tuple[Inventory, Plan]:
    """An estate that is settled, and a plan that makes its secondary IP config the primary one."""
    first, second = ip_config(selected=True), ip_config("10.1.1.11", name="second", primary=False)
    what = inventory(item("app1", first, second, *more))
    what = carried_out(what, plan_of(what))
    return what, plan_of(what, rows({"vm": "app1", "ip_config": "second", "primary": True}))


def test_the_primary_ip_config_goes_back_and_the_other_is_not_selected_any_more() -> None:
    before, made = two_configs()
    after = carried_out(before, made)
    back = undo(after, *made.changes)
    assert values(back, "app1")["primary"] is True
    assert values(back, "app1")["second/primary"] is False
    assert values(back, "app1")["second/selected"] is False
    assert bare(carried_out(after, back)) == bare(before)


def test_nobody_says_again_whether_the_primary_ip_config_is_selected() -> None:
    """Site Recovery decides that itself, so it would read back as a failure."""
    first = ip_config(selected=False)
    what = inventory(item("app1", first, ip_config("10.1.1.11", name="second", primary=False)))
    made = plan_of(what, rows({"vm": "app1", "ip_config": "second", "primary": True}))
    assert values(made, "app1")["selected"] is True
    back = values(undo(carried_out(what, made), *made.changes), "app1")
    assert "selected" not in back
    assert (back["primary"], back["second/selected"]) == (True, False)


def test_a_nic_is_never_left_without_exactly_one_primary_ip_config() -> None:
    """Somebody made a third one primary since: giving it back to the first would make two."""
    third = ip_config("10.1.1.12", name="third", primary=False, selected=True)
    before, made = two_configs(third)
    after = carried_out(before, made)
    (one,) = after.items
    (nic,) = one.nics
    configs = tuple(replace(c, primary=c.name == "third") for c in nic.ip_configs)
    moved = replace(one, nics=(replace(nic, ip_configs=configs),))
    back = undo(replace(after, items=(moved,)), *made.changes)
    assert not {"primary", "second/primary", "second/selected"} & set(values(back, "app1"))
    assert "somebody made another IP config the primary one since" in message(back, "undo-stale")


def bare(what: Inventory) -> list[Any]:
    """The items without the memory that somebody set them, which no write takes back."""
    return [
        replace(
            one,
            health_codes=(),
            nics=tuple(
                replace(nic, chosen_by_user=False, chosen_at_enabling=False) for nic in one.nics
            ),
        )
        for one in what.items
    ]


def test_a_setting_that_somebody_changed_since_stays_and_is_reported() -> None:
    before = inventory(item("app1", ip_config()))
    made = plan_of(before)
    after = carried_out(before, made)
    (change,) = of_kind(made, Kind.NIC_SETTINGS)
    assert isinstance(change.after, ItemState)
    moved = replace(
        change.after.settings[-1], name="address", value=ip_config(to="10.1.1.99").address
    )
    by_hand = (with_settings(after.items[0], ItemState((moved,))),)
    back = undo(replace(after, items=by_hand), *made.changes)
    assert values(back, "app1") == {"target_network": None, "subnet": None}
    assert message(back, "undo-stale") == (
        "app1: app1-nic/ipconfig1: address was set to 10.1.1.10 and is 10.1.1.99 now, so somebody "
        "changed it since; it stays"
    )


def test_a_value_that_is_back_already_is_no_finding() -> None:
    before = inventory(item("app1", ip_config()))
    made = plan_of(before)
    assert undo(before, *made.changes).changes == ()
    assert codes(undo(before, *made.changes)) == []


def test_a_created_network_group_and_fabric_stay_and_are_named() -> None:
    before = inventory(item("app1", ip_config()), networks=(APP,), mappings=(), fabrics=())
    made = plan_of(before)
    after = carried_out(before, made)
    back = undo(after, *made.changes)
    assert {change.kind for change in back.changes} == {Kind.MAPPING, Kind.NIC_SETTINGS}
    left = [finding for finding in back.findings if finding.code == "left-behind"]
    assert {finding.title for finding in left} == {
        "vnet-app-asr",
        "rg-app-asr",
        "asr-a2a-default-eastasia",
        "asr-a2a-default-southeastasia",
    }
    network_finding = next(finding for finding in left if finding.title == "vnet-app-asr")
    assert network_finding.command == f"az network vnet delete --ids {network_finding.subject}"


def test_what_was_created_and_is_gone_is_not_named() -> None:
    before = inventory(item("app1", ip_config()), networks=(APP,), mappings=())
    made = plan_of(before)
    assert "left-behind" not in codes(undo(before, *made.changes))


def test_a_retarget_goes_back_in_the_order_that_the_rule_asks_for() -> None:
    """Delete the new reverse, point forward back, create the old reverse: each waits."""
    other = network("vnet-other", TARGET, subnets={"web": "10.1.1.0/24"})
    before = inventory(
        item("app1", ip_config(), target="vnet-app-asr"),
        networks=(APP, APP_ASR, other),
        mappings=PAIRED,
    )
    declared = settings(networks=[{"source": "vnet-app", "target": "vnet-other"}])
    made = plan_of(before, declared, retarget=True)
    after = carried_out(before, made)
    assert {m.target_network for m in after.mappings} == {other.id, APP.id}

    back = undo(after, *made.changes)
    deleted, pointed, created = of_kind(back, Kind.MAPPING)
    actions = [deleted.action, pointed.action, created.action]
    assert actions == [Action.DELETE, Action.UPDATE, Action.CREATE]
    assert pointed.depends_on == (deleted.id,)
    assert set(created.depends_on) == {deleted.id, pointed.id}
    (nics,) = of_kind(back, Kind.NIC_SETTINGS)
    assert nics.depends_on == (pointed.id,), "the item goes back once its mapping is back"
    undone = carried_out(after, back)
    assert {(m.id, m.target_network) for m in undone.mappings} == {
        (m.id, m.target_network) for m in before.mappings
    }


def test_deleted_mappings_come_back_under_their_names() -> None:
    both = PAIRED
    gone = inventory(mappings=())
    deletions = [Change(Kind.MAPPING, Action.DELETE, m.id, "t", _state(m), None, "") for m in both]
    back = undo(gone, *deletions)
    assert [change.action for change in back.changes] == [Action.CREATE] * 2
    assert {change.subject for change in back.changes} == {m.id for m in both}


def _state(one: Any) -> Any:
    from asr_netmap.planning.change import MappingState

    return MappingState(one.source_network, one.target_network, one.target_fabric.name)


@pytest.mark.parametrize(
    ("live", "said"),
    [
        ((), ""),
        (
            (mapping("vnet-app", "vnet-b", name="map-vnet-app-vnet-app-asr"),),
            "now there is a mapping of vnet-app to vnet-b",
        ),
    ],
)
def test_a_created_mapping_is_deleted_only_while_it_maps_what_was_written(
    live: tuple[Any, ...], said: str
) -> None:
    one = mapping("vnet-app", "vnet-app-asr")
    back = undo(
        inventory(mappings=live),
        Change(Kind.MAPPING, Action.CREATE, one.id, "t", None, _state(one), ""),
    )
    assert back.changes == ()
    assert [f.message.partition("written, ")[2] for f in back.findings if said] == [said] * bool(
        said
    )


def test_a_deleted_mapping_does_not_come_back_beside_another_one_of_its_network() -> None:
    one = mapping("vnet-app", "vnet-app-asr")
    back = undo(
        inventory(mappings=(mapping("vnet-app", "vnet-b", name="another"),)),
        Change(Kind.MAPPING, Action.DELETE, one.id, "t", _state(one), None, ""),
    )
    assert back.changes == ()
    assert "took its place" in message(back, "undo-stale")


def test_an_item_that_can_not_be_written_waits() -> None:
    before = inventory(item("app1", ip_config()))
    made = plan_of(before)
    after = carried_out(before, made)
    busy = replace(after, items=(replace(after.items[0], scenario="Reprotect"),))
    back = undo(busy, *made.changes)
    assert back.changes == ()
    assert [pending.title for pending in back.pending] == ["app1"]


def test_an_item_nic_or_ip_config_that_is_gone_is_reported() -> None:
    before = inventory(item("app1", ip_config()))
    made = plan_of(before)
    assert "not replicated any more" in message(undo(inventory(), *made.changes), "undo-stale")
    other = inventory(item("app1", ip_config(name="renamed"), target="vnet-app-asr"))
    back = undo(other, *made.changes)
    assert values(back, "app1") == {"target_network": None}
    assert codes(back).count("undo-stale") == 2


def test_what_could_not_be_read_is_left_alone() -> None:
    before = inventory(item("app1", ip_config()), mappings=())
    made = plan_of(before)
    unread = inventory(mappings=(), not_looked_at=(NotLookedAt("the vault", "403", VAULT),))
    back = undo(unread, *made.changes)
    assert back.changes == ()
    assert codes(back).count("undo-stale") == 3


SET = inventory(
    item("app1", ip_config(to="10.1.1.50", subnet="web"), target="vnet-app-asr", by_user=True)
)


def moved() -> tuple[Plan, Inventory]:
    """A run that gave up 10.1.1.50, and the estate after it."""
    made = plan_of(SET, rows({"vm": "app1", "address": "10.1.1.60"}))
    return made, carried_out(SET, made)


def test_azure_is_asked_for_an_address_that_goes_back() -> None:
    made, after = moved()
    (change,) = undo(after, *made.changes).changes
    assert [(str(c.address), c.network) for c in change.claims] == [
        ("10.1.1.50", network_id("vnet-app-asr"))
    ]


def test_an_address_that_somebody_took_since_is_said_before_anything_is_written() -> None:
    made, after = moved()
    taken = replace(after, nics=(existing_nic("other", "10.1.1.50"),))
    back = undo(taken, *made.changes)
    assert "NIC other has it now" in message(back, "address-taken")
    assert len(back.changes[0].claims) == 1


def test_azure_is_not_asked_for_an_address_that_the_item_has_itself() -> None:
    """Its own left-over NIC would be the one that keeps it from having it."""
    made, after = moved()
    own = existing_nic("app1-nic", "10.1.1.50", group="rg-app-asr")
    (change,) = undo(replace(after, nics=(own,)), *made.changes).changes
    assert change.claims == ()


# Journals.


def test_a_write_that_was_sent_twice_counts_once() -> None:
    before = estate()
    made = plan_of(before)
    twice = [*events_of(made.changes), *events_of(made.changes)]
    assert written_changes(twice) == written_changes(events_of(made.changes))
    assert len(written_changes(twice)) == len(made.changes)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line.pop("before"),
        lambda line: line.update(kind="planet"),
        lambda line: line.update(subject="/nowhere"),
        lambda line: line.update(change="mapping-create-000000000000"),
        lambda line: line["after"].update(source_network="x"),
    ],
)
def test_a_spoilt_intent_is_named_with_its_line(spoil: Callable[[dict[str, Any]], object]) -> None:
    events = events_of(plan_of(estate()).changes)
    spoil(events[0])
    with pytest.raises(FileError, match=r"j\.jsonl, line 2: an intent that can't be undone"):
        written_changes(events, "j.jsonl")


HEADER = {
    "cloud": "AzureCloud",
    "tenant": SCOPE_TENANT,
    "vault": str(VAULT).upper().replace("/SUBSCRIPTIONS", "/subscriptions"),
    "source_region": SOURCE,
    "target_region": TARGET,
}


def test_a_journal_of_this_vault_is_taken() -> None:
    raise_if_foreign({"scope": {"plans": [{**HEADER, "vault": "/other"}, HEADER]}}, scope())


@pytest.mark.parametrize("key", list(HEADER))
def test_a_journal_of_another_vault_or_pair_is_refused(key: str) -> None:
    with pytest.raises(ForeignPlan, match="is of a run on") as caught:
        raise_if_foreign({"scope": {"plans": [{**HEADER, key: "other"}]}}, scope())
    assert "other" in caught.value.message, "what the journal says"
    assert str(HEADER[key]).lower() in caught.value.message.lower(), "and what is here"


@pytest.mark.parametrize("unsaid", [("tenant",), ("tenant", "cloud")])
def test_a_journal_that_names_no_tenant_is_taken_with_a_warning(unsaid: tuple[str, ...]) -> None:
    """As earlier versions wrote them."""
    header = {"scope": {"plans": [{k: v for k, v in HEADER.items() if k not in unsaid}]}}
    raise_if_foreign(header, scope())
    (finding,) = doubts_about(header, scope(), "run.jsonl")
    assert (finding.code, finding.severity) == ("journal-without-tenant", Severity.WARNING)
    assert all(f"no {what}" in finding.message for what in unsaid)
    assert doubts_about({"scope": {"plans": [HEADER]}}, scope()) == ()


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"scope": None},
        {"scope": {"plans": None}},
        {"scope": {"plans": ["x"]}},
        {"scope": {"plans": [{**HEADER, "vault": 5}]}},
        {"scope": {"plans": [{**HEADER, "tenant": ["t"]}]}},
        {"scope": {"plans": [{"vault": str(VAULT)}]}},
    ],
)
def test_a_header_that_says_nothing_is_no_journal_and_no_traceback(header: dict[str, Any]) -> None:
    with pytest.raises(FileError, match=r"j\.jsonl, line 1"):
        raise_if_foreign(header, scope(), "j.jsonl")


def test_of_the_declared_vaults_those_of_the_run_are_taken_each_once() -> None:
    other = settings(vault={**vault_document(), "name": "vault-two"})
    header = {"scope": {"plans": [HEADER]}}
    assert settings_of(header, [other, settings(), settings()]) == (settings(),)


def test_a_run_on_a_vault_that_is_not_declared_is_refused_by_its_name() -> None:
    """The way back of a part of a run is none."""
    beside = {**HEADER, "vault": str(VAULT).replace("vault-dr", "vault-two")}
    with pytest.raises(ForeignPlan, match="vault-two") as caught:
        settings_of({"scope": {"plans": [HEADER, beside]}}, [settings()])
    assert "is of a run on" in caught.value.message
    with pytest.raises(ForeignPlan, match="no vault at all"):
        settings_of({"scope": {"plans": []}}, [settings()])


def vault_document() -> dict[str, str]:
    return {"subscription": SUBSCRIPTION, "resource_group": VAULT.group, "name": VAULT.name}


def test_writes_of_another_vault_in_the_journal_are_passed() -> None:
    other = replace(scope(), vault=ArmId.of_vault(SUBSCRIPTION, "rg-vault", "other"))
    before = estate()
    made = plan_of(before)
    after = carried_out(before, made)
    back = plan_undo(written_changes(events_of(made.changes)), after, settings(), other)
    assert back.changes == ()


# The whole way, over the demo estate.


@pytest.fixture
def demo() -> Iterator[tuple[Any, Settings]]:
    declared = demo_settings()
    with api.open_sandbox("demo") as azure:
        yield azure, declared


def run(azure: Any, made: Plan, path: Path) -> JournalRecord:
    """Apply a plan with a journal on disk, and read that back."""
    header = Header("run", {"plans": []}, "", "0", azure.clock.now())
    kinds = {type(c.before or c.after): c.kind for c in made.changes}
    with FileJournal.create(
        path, header, lambda state: state_document(kinds[type(state)], state) if state else None
    ) as journal:
        everything = Consent(unmap=True, max_changed_percent=100)
        result = api.apply(azure, made, consent=everything, journal=journal)
    assert result.applied == len(made.changes), result.outcomes
    return read_journal(path)


def test_the_demo_estate_is_applied_undone_and_applied_again_by_undoing_that(
    demo: tuple[Any, Settings], tmp_path: Path
) -> None:
    azure, declared = demo
    start = api.read(azure, declared)
    made = api.plan(azure, declared, inventory=start)
    record = run(azure, made, tmp_path / "one.jsonl")
    finished = api.read(azure, declared)

    back = plan_undo(written_changes(record.events), finished, declared, made.scope)
    record = run(azure, back, tmp_path / "two.jsonl")
    undone = api.read(azure, declared)
    assert bare(undone) == bare(start)
    assert undone.mappings == start.mappings
    assert undone.nics == start.nics
    left = {f.subject for f in back.findings if f.code == "left-behind"}
    assert {n.id for n in undone.networks} - {n.id for n in start.networks} <= left
    assert {g.id for g in undone.groups} - {g.id for g in start.groups} <= left
    assert left, "something was created"

    again = plan_undo(written_changes(record.events), undone, declared, made.scope)
    run(azure, again, tmp_path / "three.jsonl")
    restored = api.read(azure, declared)
    assert bare(restored) == bare(finished)
    assert set(restored.mappings) == set(finished.mappings)


def test_reversed_regions_are_another_pair() -> None:
    turned = replace(scope(), regions=RegionPair(TARGET, SOURCE))
    with pytest.raises(ForeignPlan):
        raise_if_foreign({"scope": {"plans": [HEADER]}}, turned)
    assert reverse_mapping("a", "b").source_region == TARGET
