"""Recordings of the real service, played through the installed SDKs and our gateway.

Every recorded GET that the gateway has a reader for is read, every recorded write that the
gateway makes is made and followed to its end: without a network and without waiting.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml

from asr_netmap import errors
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.pace import Pace
from asr_netmap.arm_id import ArmId
from asr_netmap.clock import VirtualClock
from asr_netmap.gateway.changing import AzureGateway
from asr_netmap.gateway.failure import Asked, from_response
from asr_netmap.gateway.following import Following
from asr_netmap.planning.change import (
    Action,
    Change,
    FabricState,
    ItemState,
    Kind,
    MappingState,
)
from asr_netmap.planning.gateway import Operation, Phase
from asr_netmap.planning.nic_setting import Setting
from tests.gateway.scripted import answer, scripted

from .conftest import Figure
from .readers import ERRORS, read_refused, reader_of
from .recordings import Exchange, Recording, recordings_in
from .replaying import NotRecorded, RecordedConnection, Replay, connected

MOST_LOOKS = 60


@dataclass
class Played:
    """What was done with a recording's exchanges."""

    replay: Replay
    clock: VirtualClock
    read: int = 0
    made: list[Change] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)


def play(recording: Recording) -> Played:
    """Read and write all that the gateway can, in the recorded order."""
    connection, replay, clock = connected(recording)
    done = Played(replay, clock)
    for number, exchange in enumerate(recording.exchanges):
        if not replay.left(exchange):
            continue
        change = recorded_change(recording, number)
        reader = reader_of(exchange)
        if change is not None:
            make(connection, replay, change, exchange)
            done.made.append(change)
        elif reader is not None and not _begins_a_write(recording, number):
            if exchange.status >= 400:
                read_refused(connection, exchange)
            else:
                reader.read(connection, exchange)
            done.read += 1
        elif reader is None:
            replay.pass_over(exchange)
            done.passed_over[exchange.method] += 1
    return done


def _begins_a_write(recording: Recording, number: int) -> bool:
    """Whether a GET is the look right before a PATCH, which making the change repeats."""
    key = recording.exchanges[number].key
    later = (e.method for e in recording.exchanges[number + 1 :] if e.key == key)
    return next(later, "") == "PATCH"


def recorded_change(recording: Recording, number: int) -> Change | None:
    """The change that a recorded write made, if it is one that the gateway makes."""
    exchange = recording.exchanges[number]
    parts = exchange.key.split("/")
    if exchange.status != 202 or len(parts) < 3:
        return None
    makers: dict[tuple[str, str], Callable[[], Change]] = {
        ("PUT", "replicationfabrics"): lambda: _fabric_change(exchange),
        ("PUT", "replicationnetworkmappings"): lambda: _mapping_change(exchange),
        ("PATCH", "replicationprotecteditems"): lambda: _item_change(recording, number),
    }
    maker = makers.get((exchange.method, parts[-2]))
    return maker() if maker else None


def _fabric_change(exchange: Exchange) -> Change:
    state = FabricState(exchange.sent["properties"]["customDetails"]["location"])
    return Change(Kind.FABRIC, Action.CREATE, ArmId(exchange.path), "fabric", None, state, "why")


def _mapping_change(exchange: Exchange) -> Change:
    sent = exchange.sent["properties"]
    state = MappingState(
        ArmId(sent["fabricSpecificDetails"]["primaryNetworkId"]),
        ArmId(sent["recoveryNetworkId"]),
        sent["recoveryFabricName"],
    )
    return Change(Kind.MAPPING, Action.CREATE, ArmId(exchange.path), "mapping", None, state, "why")


def _item_change(recording: Recording, number: int) -> Change:
    """What the recorded client set on the item's NIC, found by its id in the look before."""
    exchange = recording.exchanges[number]
    before = next(
        e.body for e in reversed(recording.exchanges[:number]) if e.read and e.key == exchange.key
    )
    sources = {
        nic["nicId"]: ArmId(nic["sourceNicArmId"])
        for nic in before["properties"]["providerSpecificDetails"]["vmNics"]
    }
    settings = tuple(
        Setting(name, nic[written], sources[nic["nicId"]])
        for nic in exchange.sent["properties"]["vmNics"]
        for written, name in (
            ("recoveryNicName", "nic_name"),
            ("recoveryNicResourceGroupName", "nic_group"),
            ("reuseExistingNic", "reuse_nic"),
        )
    )
    unset = tuple(replace(each, value=None) for each in settings)
    return Change(
        Kind.NIC_SETTINGS,
        Action.UPDATE,
        ArmId(exchange.path),
        "item",
        ItemState(unset),
        ItemState(settings),
        "why",
    )


def make(
    connection: RecordedConnection, replay: Replay, change: Change, exchange: Exchange
) -> None:
    """Send the change, follow it as applying does, and read it back where that was recorded."""
    gateway = AzureGateway(connection)
    reading = gateway.read(change)
    operation = gateway.send(change, reading, "r-1")
    assert operation is not None
    assert operation.name.lower() == exchange.operation
    if not replay.still_shows(f"{_vault_of(exchange)}/replicationoperationstatus/{operation.name}"):
        operation = replace(operation, url="")  # this recorder's client asked for the job
    follow(gateway, operation, change, connection.clock)
    if replay.still_shows(exchange.key):
        assert gateway.read(change).state == change.after


def follow(gateway: AzureGateway, operation: Operation, change: Change, clock: Any) -> None:
    """Look at the pace of applying until the operation has ended, on the given clock."""
    pace = Pace(Limits())
    clock.sleep(pace.first_look(change))
    for looks in range(1, MOST_LOOKS):
        progress = gateway.ask(operation)
        if progress.phase is not Phase.RUNNING:
            assert progress.phase is Phase.SUCCEEDED, progress
            return
        clock.sleep(pace.next_look(looks, progress.retry_after))
    raise AssertionError(f"{operation.name} never ends")


def _vault_of(exchange: Exchange) -> str:
    return "/".join(exchange.key.split("/")[:9])


# The recordings as they are.


def test_every_recorded_get_is_read_and_every_recorded_write_of_ours_is_made(
    recorded: tuple[Recording, ...], figure: Figure
) -> None:
    """Each exchange is played exactly once, or passed over since nothing here asks for it."""
    everything = [play(recording) for recording in recorded]
    read = sum(done.read for done in everything)
    made = Counter(c.kind.value for done in everything for c in done.made)
    passed = sum((done.passed_over for done in everything), Counter[str]())
    in_all = sum(len(recording.exchanges) for recording in recorded)
    played = sum(len(done.replay.played) for done in everything)
    line = (
        f"replay: {in_all} recorded, {played} played through the SDKs and the gateway"
        f" ({read} read, {dict(made)} made and followed), {passed.total()} passed over"
        f" ({dict(passed)})"
    )
    assert played + passed.total() == in_all
    assert not any(thread.name.startswith("LROPoller") for thread in threading.enumerate())
    figure(line, recorded)


def test_what_is_passed_over_nothing_here_reads(recorded: tuple[Recording, ...]) -> None:
    for recording in recorded:
        for exchange in recording.exchanges:
            if exchange.read and reader_of(exchange) is None:
                assert _nothing_reads(exchange), exchange


def _nothing_reads(exchange: Exchange) -> bool:
    """Kinds of objects that are no part of an inventory, nor of an estate."""
    kinds = exchange.key.split("/providers/")[-1].split("/")[1::2]
    others = {"storageaccounts", "operationstatus"}
    unread = {
        *("replicationrecoveryplans", "replicationpolicies"),
        *("replicationprotectioncontainermappings", "replicationalertsettings"),
        *("replicationevents", "replicationvaulthealth", "replicationsupportedoperatingsystems"),
        *("replicationappliances", "replicationmigrationitems", "replicationnetworks"),
        *("replicationrecoveryservicesproviders", "replicationstorageclassifications"),
        *("replicationstorageclassificationmappings", "replicationvcenters"),
    }
    return kinds[-1] in others | unread


def test_both_recorded_mappings_are_created_and_paired(recorded: tuple[Recording, ...]) -> None:
    """Each direction: look, PUT, one look at the operation, one at the mapping."""
    (az_cli,) = [each for each in recorded if each.name == "A2A.yaml"]
    done = play(az_cli)
    mappings = [change for change in done.made if change.kind is Kind.MAPPING]
    assert len(mappings) == 2
    states = [change.after for change in mappings]
    assert all(isinstance(state, MappingState) for state in states)
    one, other = [
        (s.source_network, s.target_network) for s in states if isinstance(s, MappingState)
    ]
    assert one == tuple(reversed(other))
    of_mappings = [e for e in done.replay.played if "replicationnetworkmappings" in e.key]
    assert [e.method for e in of_mappings] == ["PUT", "GET", "PUT", "GET"]
    paired = [e.body["properties"]["state"] for e in of_mappings if e.read]
    assert paired == ["Paired", "Paired"]
    assert done.clock.slept, "waited, on the virtual clock"


def test_the_recorded_update_of_an_item_is_made_and_reads_back(
    recorded: tuple[Recording, ...],
) -> None:
    (session,) = [each for each in recorded if each.name.startswith("powershell")]
    done = play(session)
    assert [change.kind for change in done.made] == [Kind.MAPPING, Kind.NIC_SETTINGS]
    subject = done.made[1].subject
    items = [e for e in done.replay.played if e.key == subject.key]
    assert [e.method for e in items] == ["GET", "PATCH", "GET"]


# Recorded errors.


def recorded_errors(recordings: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((recordings / "errors.json").read_text("utf-8"))
    return found


def test_every_recorded_error_becomes_our_error_with_its_message(recordings: Path) -> None:
    """Of those that were only told of, what is known is put into the recorded form."""
    checked = Counter[str]()
    for case in recorded_errors(recordings):
        kind = case["kind"]
        if kind == "http":
            _check_answer(case)
        elif kind == "async failure":
            _check_failed_operation(case)
        elif kind in {"deployment error", "arm lock"}:
            _check_told(case)
        else:
            # Health errors are no refusals, the others have no body.
            assert kind in {"healthError", "portal text", "silent no-op"}, kind
            continue
        checked[kind] += 1
    assert set(checked) == {"http", "async failure", "deployment error", "arm lock"}
    assert checked["http"] >= 5


def _check_answer(case: dict[str, Any]) -> None:
    if case.get("code") == "PrivateIPAddressNotInAnySubnet":
        refused = {"error": {"code": case["code"], "message": "text"}}
        gateway = AzureGateway(scripted([answer(400, refused)]).connection)
        network = ArmId.of_network("s1", "g", "n")
        assert gateway.address_free(network, ip_address("10.0.0.1")) is False
        return
    status = case["status"]
    expected = ERRORS.get(status, errors.Missing)
    body: dict[str, Any] = case["body"] if "body" in case else _told_body(case)
    error = _refusal(status, body)
    assert type(error) is expected, error
    assert body["error"]["message"] in error.message
    for detail in body["error"].get("details", ()):
        assert detail["code"] in error.message
        for name in ("possibleCauses", "recommendedAction"):
            assert detail.get(name, "") in error.message
        assert error.hint == detail.get("recommendedAction", "")


def _told_body(case: dict[str, Any]) -> dict[str, Any]:
    detail = {"code": case["details0_code"], "message": "text"}
    return {"error": {"code": "BadRequest", "message": "text", "details": [detail]}}


def _check_failed_operation(case: dict[str, Any]) -> None:
    failed = {"status": "Failed", "error": {"code": case["code"], "message": case["message"]}}
    azure = scripted([answer(200, failed), answer(404, failed)])
    url = "https://management.azure.com/subscriptions/s1/operations/1"
    subject = ArmId.of_network("s1", "g", "n")
    progress = Following(azure.connection).ask(Operation("1", url, "r", subject))
    assert progress.phase is Phase.FAILED
    assert case["code"] in progress.error
    assert case["message"] in progress.error


def _check_told(case: dict[str, Any]) -> None:
    inner = case.get("inner") or case["code"]
    message = case.get("message") or "The scope '/subscriptions/s1' is locked: '/subscriptions/s1'."
    detail = {"code": inner, "message": message}
    outer = case["outer"]
    error = _refusal(400 if outer == "BadRequest" else 409, {"error": {**detail, "target": outer}})
    assert type(error) is (errors.Locked if inner == "ScopeLocked" else errors.AzureError)
    assert inner in error.message
    assert message in error.message


def _refusal(status: int, body: dict[str, Any]) -> errors.AzureError:
    azure = scripted([answer(status, body)])
    path = "/subscriptions/s1/resourcegroups"
    url = f"https://management.azure.com{path}?api-version=1"
    return from_response(azure.connection.follow(url), Asked("GET", path))


# Planted faults: what is not as recorded is noticed.


def _altered(recording: Recording, at: Callable[[Exchange], bool], **changes: Any) -> Recording:
    exchanges = [replace(e, **changes) if at(e) else e for e in recording.exchanges]
    assert exchanges != list(recording.exchanges)
    return replace(recording, exchanges=tuple(exchanges))


@pytest.fixture
def az_cli(recorded: tuple[Recording, ...]) -> Recording:
    (found,) = [each for each in recorded if each.name == "A2A.yaml"]
    return found


def _is_mapping_put(exchange: Exchange) -> bool:
    return exchange.method == "PUT" and "replicationnetworkmappings" in exchange.key


def test_a_body_that_was_not_recorded_is_noticed(
    az_cli: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asr_netmap.gateway import changing

    real = changing._mapping_input
    wrong = {"recoveryFabricName": "another"}
    monkeypatch.setattr(
        changing, "_mapping_input", lambda s: {"properties": {**real(s)["properties"], **wrong}}
    )
    with pytest.raises(NotRecorded, match=r"PUT .*another"):
        play(az_cli)


def test_an_operation_that_fails_or_never_ends_is_noticed(az_cli: Recording) -> None:
    names = {e.operation for e in az_cli.exchanges if _is_mapping_put(e)}

    def looks(exchange: Exchange) -> bool:
        return exchange.key.rsplit("/", 1)[-1] in names

    status = next(e.body for e in az_cli.exchanges if looks(e))
    failed = _altered(az_cli, looks, body={**status, "status": "Failed"})
    running = _altered(az_cli, looks, body={**status, "status": "InProgress"})
    for wrong in (failed, running):
        with pytest.raises(AssertionError):
            play(wrong)


def test_a_mapping_that_reads_back_for_other_networks_is_noticed(az_cli: Recording) -> None:
    def shows(exchange: Exchange) -> bool:
        return exchange.read and "replicationnetworkmappings" in exchange.key

    first = next(e.body for e in az_cli.exchanges if shows(e))
    with pytest.raises(AssertionError):
        play(_altered(az_cli, shows, body=first))


def test_an_api_version_that_was_not_recorded_is_noticed(
    az_cli: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RecordedConnection, "_client_options", _without_version)
    with pytest.raises(NotRecorded):
        play(az_cli)


def _without_version(self: RecordedConnection, subscription: str) -> dict[str, Any]:
    return super(RecordedConnection, self)._client_options(subscription)


def test_a_recording_that_is_dropped_into_the_folder_is_picked_up(tmp_path: Path) -> None:
    group = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/g1"
    body = {"id": group, "name": "g1", "type": "x", "location": "eastus"}
    interaction = {
        "request": {
            "method": "GET",
            "uri": f"https://management.azure.com{group}?api-version=2022-09-01",
            "body": None,
            "headers": {},
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"date": ["Mon, 16 Jan 2023 08:58:03 GMT"]},
            "body": {"string": json.dumps(body)},
        },
    }
    cassette = {"version": 1, "interactions": [interaction]}
    (tmp_path / "another.yaml").write_text(yaml.safe_dump(cassette), encoding="utf-8")
    (tmp_path / "no_recording.json").write_text("[]", encoding="utf-8")
    (found,) = recordings_in(tmp_path)
    done = play(found)
    assert (found.name, done.read, len(done.replay.played)) == ("another.yaml", 1, 1)
