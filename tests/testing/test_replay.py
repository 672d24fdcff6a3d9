"""Replay: what is played, what is refused, and how a team's own ids work."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from azure.core.rest import HttpRequest

from asr_netmap import api
from asr_netmap.arm_id import ArmId
from asr_netmap.clock import VirtualClock
from asr_netmap.errors import (
    AzureError,
    BlockedRequest,
    CassetteMismatch,
    NotRecorded,
    Unplayed,
)
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.sandbox import Estate, MemorySandbox, demo_estate
from asr_netmap.settings import parse_settings
from asr_netmap.testing import ReplayTransport, guids, record, replay
from asr_netmap.testing.cassette import Cassette, Interaction, Recorded, load, save
from asr_netmap.testing.replay import cloud_of, connected
from tests.testing.conftest import SETTINGS, whole_run

BASE = "https://management.azure.com"
REAL = "8c9f0e1d-2b3a-4c5d-9e8f-7a6b5c4d3e2f"
OTHER = "0f1e2d3c-4b5a-4978-8a9b-acbdcedfe0f1"


def one(
    method: str = "GET",
    path: str = "/subscriptions?api-version=1",
    body: Any = None,
    answer: Any = None,
    **more: Any,
) -> Interaction:
    sent = b"" if body is None else json.dumps(body).encode()
    came = json.dumps({} if answer is None else answer).encode()
    given = Interaction(method, BASE + path, (), sent, 200, "OK", (), came)
    return replace(given, **more)


def transport(*interactions: Interaction, **options: Any) -> ReplayTransport:
    return ReplayTransport(Cassette(interactions, name="x.yaml"), **options)


def ask(
    over: ReplayTransport, method: str, path: str, body: Any = None, **headers: str
) -> dict[str, Any]:
    request = HttpRequest(method, path if "://" in path else BASE + path, json=body)
    request.headers.update({name.replace("_", "-"): text for name, text in headers.items()})
    found = over.send(request).json()
    assert isinstance(found, dict)
    return found


def test_a_whole_run_replays_without_network_and_without_waiting(
    recorded_run: tuple[Path, list[str]],
) -> None:
    path, told = recorded_run
    with replay(path) as azure:
        assert whole_run(azure) == told
        assert isinstance(azure.clock, VirtualClock)
        assert azure.clock.now() > VirtualClock().now()
        assert azure.sandbox
        assert azure.cassette is not None
        assert azure.cassette.banner == (
            "CASSETTE run.yaml: recorded 2026-01-01 00:00 UTC on the sandbox, nothing here is live"
        )


def test_each_is_played_once_and_equal_ones_in_their_order() -> None:
    over = transport(one(answer={"n": 1}), one(path="/x"), one(answer={"n": 2}))
    assert ask(over, "GET", "/subscriptions?api-version=1") == {"n": 1}
    assert ask(over, "GET", "/subscriptions?api-version=1") == {"n": 2}
    with pytest.raises(NotRecorded, match="recorded 2 times, and was played already"):
        ask(over, "GET", "/subscriptions?api-version=1")


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        ("/Subscriptions/A?api-version=1", "/subscriptions/a?api-version=1"),
        ("/x?api-version=1&%24filter=a", "/x?$filter=a&api-version=1"),
        ("/x?api-version=1&t=1&c=2&s=3&h=4", "/x?api-version=1"),
        ("/x?api-version=1", "/x?api-version=1&t=9&c=8&s=7&h=6"),
        ("/a%20b?api-version=1", "/a%20b?api-version=1"),
    ],
)
def test_spelling_does_not_matter(recorded: str, asked: str) -> None:
    ask(transport(one(path=recorded)), "GET", asked)


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("DELETE", "/a?api-version=1", None, "method PUT"),
        ("PUT", "/a?api-version=2", {"b": 1}, "query api-version=1, not 2"),
        ("PUT", "/a?api-version=1&x=", {"b": 1}, "query x=(absent)"),
        ("PUT", "/a?api-version=1", {"b": 2}, "body b: 1, not 2"),
        ("PUT", "/a?api-version=1", {"B": 1}, "body B: null, not 1"),
        ("PUT", "/a?api-version=1", None, "body"),
        ("PUT", "http://management.azure.com/a?api-version=1", {"b": 1}, "host https:"),
        ("PUT", "https://westus.management.azure.com/a?api-version=1", {"b": 1}, "host https:"),
    ],
)
def test_what_differs_is_not_played_and_the_difference_is_said(
    method: str, path: str, body: Any, said: str
) -> None:
    over = transport(one("PUT", "/a?api-version=1", {"b": 1}))
    with pytest.raises(NotRecorded) as missed:
        ask(over, method, path, body)
    assert said in missed.value.message
    assert len(over.unplayed) == 1


def test_a_body_is_compared_by_value() -> None:
    over = transport(one("PUT", "/a", {"b": 1, "a": [1, {"c": None}]}))
    ask(over, "PUT", "/a", {"a": [1, {"c": None}], "b": 1})


def test_a_message_shows_no_signature() -> None:
    with pytest.raises(NotRecorded) as missed:
        ask(transport(), "GET", "/a?api-version=1&s=SECRETSECRET")
    assert "SECRET" not in str(missed.value)


def test_what_was_not_played_is_an_error_that_lists_it(tmp_path: Path) -> None:
    first = one(path="/subscriptions?api-version=2022-12-01", answer={"value": []})
    save(tmp_path / "x.yaml", Cassette((first, one(path="/left?x=1"))))
    with (
        pytest.raises(Unplayed, match=r"1 of 2 .*\n  GET /left"),
        replay(tmp_path / "x.yaml") as azure,
    ):
        azure.subscriptions()
    with replay(tmp_path / "x.yaml", allow_unplayed=True):
        pass


def test_an_error_inside_the_block_is_the_one_that_is_raised(tmp_path: Path) -> None:
    save(tmp_path / "x.yaml", Cassette((one(),)))
    with pytest.raises(ZeroDivisionError), replay(tmp_path / "x.yaml"):
        raise ZeroDivisionError


def test_a_missing_request_is_no_error_of_azure_and_no_outcome() -> None:
    """Whoever collects errors of Azure, or outcomes of changes, must not collect it."""
    assert not issubclass(CassetteMismatch, AzureError)


def _without(path: Path, tmp_path: Path, drop: Callable[[Interaction], bool]) -> Path:
    cassette = load(path)
    kept = [each for each in cassette.interactions if not drop(each)]
    assert len(kept) < len(cassette.interactions)
    save(tmp_path / "cut.yaml", replace(cassette, interactions=tuple(kept)))
    return tmp_path / "cut.yaml"


@pytest.mark.parametrize("workers", [1, 4])
def test_a_write_that_is_not_recorded_ends_the_run_and_is_no_failed_change(
    recorded_run: tuple[Path, list[str]], tmp_path: Path, workers: int
) -> None:
    cut = _without(recorded_run[0], tmp_path, lambda each: each.method == "PATCH")
    with (
        pytest.raises(NotRecorded, match="PATCH"),
        connected(ReplayTransport(load(cut)), workers=workers) as azure,
    ):
        api.apply(azure, api.plan(azure, SETTINGS))


def test_a_list_that_is_not_recorded_is_no_gap_in_the_inventory(
    recorded_run: tuple[Path, list[str]], tmp_path: Path
) -> None:
    cut = _without(recorded_run[0], tmp_path, lambda each: "replicationFabrics?" in each.url)
    with pytest.raises(NotRecorded, match="replicationfabrics"), replay(cut) as azure:
        api.read(azure, SETTINGS)


def test_a_missed_request_that_is_swallowed_is_raised_at_the_end(tmp_path: Path) -> None:
    save(tmp_path / "x.yaml", Cassette((one(answer={"value": []}),)))
    with pytest.raises(NotRecorded), replay(tmp_path / "x.yaml") as azure:
        with pytest.raises(NotRecorded):
            azure.tenant("1")
        with pytest.raises(NotRecorded):
            azure.subscriptions()


def test_no_request_goes_to_another_place(recorded_run: tuple[Path, list[str]]) -> None:
    with (
        replay(recorded_run[0], allow_unplayed=True) as azure,
        pytest.raises(BlockedRequest),
    ):
        azure.follow("https://example.com/subscriptions")


def test_the_clock_moves_to_where_each_answer_was() -> None:
    start = datetime(2026, 5, 6, tzinfo=timezone.utc)
    recorded = Recorded("azure", "AzureCloud", start)
    answers = (one(seconds=0.5), one(seconds=31.0), one(seconds=None))
    over = ReplayTransport(Cassette(answers, recorded))
    moments = []
    for _ in answers:
        ask(over, "GET", "/subscriptions?api-version=1")
        moments.append((over.clock.now() - start).total_seconds())
    assert moments == [0.5, 31.0, 31.0]


def test_a_clock_of_one_s_own_is_used() -> None:
    clock = VirtualClock()
    over = transport(one(seconds=7.0), clock=clock)
    ask(over, "GET", "/subscriptions?api-version=1")
    assert clock.monotonic() == 7.0


def test_many_threads_get_every_answer_once() -> None:
    count, workers = 200, 8
    over = transport(*(one(answer={"n": n}) for n in range(count)))
    found: list[int] = []

    def work() -> None:
        path = "/subscriptions?api-version=1"
        found.extend(ask(over, "GET", path)["n"] for _ in range(count // workers))

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(count))
    assert over.unplayed == ()


def test_real_ids_are_matched_and_come_back_in_the_answers() -> None:
    fake = guids.replacement(REAL)
    other = guids.replacement(OTHER)
    answer = {"id": f"/Subscriptions/{fake.upper()}/x", "tenantId": other}
    over = transport(
        one(path=f"/subscriptions/{fake}?api-version=1", answer=answer),
        one("PUT", "/x", {"id": fake}, answer=answer),
    )
    first = ask(over, "GET", f"/subscriptions/{REAL}?api-version=1")
    assert first == {"id": f"/Subscriptions/{REAL}/x", "tenantId": other}
    assert ask(over, "PUT", "/x", {"id": REAL})["tenantId"] == other


def test_ids_that_no_request_names_first_can_be_given() -> None:
    fake = guids.replacement(OTHER)
    over = transport(one(answer={"tenantId": fake, "tag": "x"}), ids=[OTHER])
    assert ask(over, "GET", "/subscriptions?api-version=1")["tenantId"] == OTHER


def test_the_replacements_can_be_used_as_well() -> None:
    fake = guids.replacement(REAL)
    over = transport(one(path=f"/subscriptions/{fake}", answer={"id": fake}))
    assert ask(over, "GET", f"/subscriptions/{fake}") == {"id": fake}


def test_values_of_tags_that_a_run_writes_come_back() -> None:
    body = {"location": "x", "tags": {"owner": "Jane Doe"}}
    from asr_netmap.testing.scrubbing import Scrubber

    clean = Scrubber().value(body)
    assert "Jane" not in json.dumps(clean)
    over = transport(one("PUT", "/x", clean, answer=clean))
    assert ask(over, "PUT", "/x", body) == body


def test_a_job_carries_the_request_id_of_this_run() -> None:
    recorded, here = guids.replacement(REAL), OTHER
    over = transport(
        one("PUT", "/x", request_headers=(("x-ms-client-request-id", recorded),)),
        one(path="/job", answer={"activityId": f"{recorded} ActivityId: 1"}),
    )
    ask(over, "PUT", "/x", x_ms_client_request_id=here)
    assert ask(over, "GET", "/job")["activityId"].startswith(here)


def real_estate() -> Estate:
    """The demo estate under a subscription that could be somebody's."""
    made_up = "11111111-2222-3333-4444-555555555555"
    text = json.dumps(demo_estate().to_document()).replace(made_up, REAL)
    return Estate.from_document(json.loads(text))


REAL_YAML = f"""\
version: 1
vault: {{subscription: {REAL}, resource_group: rg-vault, name: vault-dr}}
source_region: eastasia
target_region: southeastasia
tags: {{owner: Jane Doe}}
"""


def test_a_team_s_own_settings_work_on_its_own_cassette_and_the_replaced_ones_do_too(
    tmp_path: Path,
) -> None:
    """The names of new mappings are made from ids, so they differ where the ids do."""
    from asr_netmap.gateway.connection import connect_sandbox

    path, sandbox = tmp_path / "x.yaml", MemorySandbox(real_estate())
    (own,) = parse_settings(REAL_YAML, "x")
    (shared,) = parse_settings(REAL_YAML.replace(REAL, guids.replacement(REAL)), "x")
    with record(path, connect_sandbox(sandbox.handle, clock=VirtualClock(), workers=1)) as azure:
        told = whole_run(azure, own)
    assert REAL not in path.read_text()
    assert "Jane" not in path.read_text()
    with replay(path) as azure:
        assert whole_run(azure, own) == told
    with replay(path) as azure:
        again = whole_run(azure, shared)
    assert [line.split()[1:] for line in again] == [line.split()[1:] for line in told]


def test_the_cloud_is_the_recorded_one() -> None:
    china = Recorded("azure", "AzureChinaCloud", datetime(2026, 1, 1, tzinfo=timezone.utc))
    assert cloud_of(Cassette((), china)) is Cloud.CHINA
    government = replace(one(), url="https://management.usgovcloudapi.net/x")
    assert cloud_of(Cassette((government,))) is Cloud.US_GOVERNMENT
    assert cloud_of(Cassette(())) is Cloud.PUBLIC
    with connected(ReplayTransport(Cassette((), china))) as azure:
        assert azure.cloud == "AzureChinaCloud"
        assert not azure.sandbox


def test_a_plan_made_on_a_sandbox_s_cassette_is_bound_to_the_sandbox(
    recorded_run: tuple[Path, list[str]],
) -> None:
    with replay(recorded_run[0], allow_unplayed=True) as azure:
        assert api.plan(azure, SETTINGS).scope.cloud == "sandbox"


def test_a_real_recording_s_mapping_can_be_read(recordings: Path) -> None:
    cassette = load(recordings / "A2A.yaml")
    mapped = [
        each
        for each in cassette.interactions
        if each.method == "GET" and "/replicationNetworkMappings/" in each.url
    ]
    assert mapped
    version = mapped[0].url.partition("api-version=")[2]
    path = mapped[0].url.partition("?")[0].partition(".com")[2]
    azure = connected(ReplayTransport(cassette))
    with azure:
        body = azure.get(path, version)
    assert ArmId(str(body["id"])) == ArmId(path)
