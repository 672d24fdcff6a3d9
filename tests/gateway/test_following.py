"""Operations and jobs: what became of a write, and what else runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from azure.core.rest import HttpRequest

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AzureError, Missing, Unreachable
from asr_netmap.gateway import jobs
from asr_netmap.gateway.changing import AzureGateway
from asr_netmap.gateway.operations import phase_of
from asr_netmap.planning.change import Action, Change, ItemState, Kind
from asr_netmap.planning.gateway import Operation, Phase, Sight
from asr_netmap.sandbox.options import Options

from .scripted import (
    ITEM,
    MAPPING,
    VAULT,
    Answer,
    Script,
    answer,
    arm_error,
    scripted,
    world,
)
from .test_changing import CREATE_MAPPING, CREATE_NETWORK, set_address
from .test_patch import full_item

URL = f"https://management.azure.com{VAULT}/replicationOperationStatus/j1?api-version=1&s=SIGNED"
OPERATION = Operation("j1", URL, "r-1", MAPPING)
NIC_CHANGE = Change(Kind.NIC_SETTINGS, Action.UPDATE, ITEM, "app1", None, ItemState(()), "test")


def job(name: str = "j1", state: str = "InProgress", **properties: Any) -> dict[str, Any]:
    filled = {"state": state, "startTime": "2025-12-31T23:59:00.1234567Z", **properties}
    return {"id": f"{VAULT}/replicationJobs/{name}", "name": name, "properties": filled}


def with_jobs(*rows: dict[str, Any]) -> Script:
    """Answers the list stripped, as the service does, and single jobs whole."""

    def script(request: HttpRequest) -> Answer:
        path = request.url.split("?")[0]
        if path.endswith("/replicationJobs"):
            stripped = [
                {**row, "properties": {**row["properties"], "activityId": None, "errors": []}}
                for row in rows
            ]
            return answer(200, {"value": stripped, "nextLink": None})
        for row in rows:
            if path.endswith(f"/replicationJobs/{row['name']}"):
                return answer(200, row)
        if "/replicationProtectedItems/" in path:
            return answer(200, full_item())
        return answer(404, arm_error("NotFound"))

    return script


def running_now(ours: AzureGateway, change: Change, own: frozenset[str]) -> str | None:
    """What runs on the change's subject by a listing made now."""
    return ours.running_job(change, own, ours.look(jobs.vault_of(change.subject), ()))


def gateway(*rows: dict[str, Any]) -> AzureGateway:
    return AzureGateway(scripted(with_jobs(*rows)).connection)


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("Succeeded", Phase.SUCCEEDED),
        ("succeeded", Phase.SUCCEEDED),
        ("Failed", Phase.FAILED),
        ("Canceled", Phase.FAILED),
        ("Cancelled", Phase.FAILED),
        ("NotStarted", Phase.RUNNING),
        ("InProgress", Phase.RUNNING),
        ("Suspended", Phase.RUNNING),
        ("PartiallySucceeded", Phase.RUNNING),
        ("CompletedWithErrors", Phase.RUNNING),
        ("Unheard", Phase.RUNNING),
    ],
)
def test_an_unknown_word_is_running_and_never_success(word: str, phase: Phase) -> None:
    assert phase_of(word) is phase
    azure = scripted([answer(200, {"status": word, "error": None}, {"Retry-After": "7"})])
    progress = AzureGateway(azure.connection).ask(OPERATION)
    assert (progress.phase, progress.word, progress.retry_after) == (phase, word, 7.0)
    assert azure.transport.urls[0] == URL, "the signed URL is used byte for byte"


def test_a_failed_operation_says_why_with_causes_and_advice() -> None:
    errors = [
        {
            "serviceErrorDetails": {
                "code": "28020",
                "message": "The requested operation failed.",
                "possibleCauses": "The subnet\n is gone.",
                "recommendedAction": "Choose another.",
            },
            "providerErrorDetails": {"errorCode": 7, "errorMessage": "agent says no"},
        }
    ]

    def script(request: HttpRequest) -> Answer:
        if "/replicationOperationStatus/" in request.url:
            error = {"code": "28020", "message": "short"}
            return answer(200, {"status": "Failed", "error": error})
        return answer(200, job(state="Failed", errors=errors))

    progress = AzureGateway(scripted(script).connection).ask(OPERATION)
    assert progress.phase is Phase.FAILED
    assert progress.error == (
        "28020: The requested operation failed. Possible causes: The subnet is gone. "
        "Recommended: Choose another. Provider 7: agent says no"
    )


def test_a_failed_operation_without_a_job_says_what_the_status_says() -> None:
    def script(request: HttpRequest) -> Answer:
        if "/replicationOperationStatus/" in request.url:
            error = {"code": "150261", "message": "It failed."}
            return answer(200, {"status": "Failed", "error": error})
        return answer(404, arm_error("NotFound"))

    progress = AzureGateway(scripted(script).connection).ask(OPERATION)
    assert progress.error == "150261: It failed."


@pytest.mark.parametrize(
    "broken",
    [
        answer(404, arm_error("NotFound")),
        answer(200, b""),
        answer(200, b"<html>"),
        answer(200, []),
        answer(200, {"error": None}),
        answer(200, {"status": None}),
    ],
    ids=["404", "empty", "HTML", "list", "without status", "null status"],
)
def test_where_the_status_is_unusable_the_job_is_asked(broken: Answer) -> None:
    def script(request: HttpRequest) -> Answer:
        if "/replicationOperationStatus/" in request.url:
            return broken
        return answer(200, job(state="Succeeded"))

    progress = AzureGateway(scripted(script).connection).ask(OPERATION)
    assert (progress.phase, progress.word) == (Phase.SUCCEEDED, "Succeeded")


def test_a_networks_operation_has_no_job_to_fall_back_on() -> None:
    azure = scripted([answer(404, arm_error("NotFound"))])
    operation = Operation("o1", URL, "r-1", CREATE_NETWORK.subject)
    with pytest.raises(Missing):
        AzureGateway(azure.connection).ask(operation)


def test_a_look_that_fails_is_an_error_and_no_phase() -> None:
    azure = scripted([answer(503, arm_error("ServiceUnavailable"))])
    with pytest.raises(Unreachable):
        AzureGateway(azure.connection).ask(OPERATION)
    assert len(azure.transport.requests) == 4


def test_no_message_shows_the_signed_url() -> None:
    azure = scripted([answer(403, arm_error("Forbidden", f"no access to {URL}"))])
    with pytest.raises(AzureError) as raised:
        AzureGateway(azure.connection).ask(OPERATION)
    assert "SIGNED" not in str(raised.value)


# What runs on a subject.

BUSY = [
    job(targetObjectName="app1", friendlyName="Test failover"),
    job(targetObjectName="APP1", scenarioName="Failover"),
    job(targetObjectId=str(ITEM).upper()),
    job(state="NotStarted", startTime=None),
    job(state="Suspended", targetObjectName="app1"),
    job(state="Unheard", targetObjectName="app1"),
]
IDLE = [
    job(state="Succeeded", targetObjectName="app1"),
    job(state="Failed", targetObjectName="app1"),
    job(state="Cancelled"),
    job(
        state="CompletedWithInformation",
        targetObjectName="app1",
        endTime="2025-12-31T23:59:30Z",
    ),
    job(state="Odd", targetObjectName="app1", endTime="2025-12-31T23:59:30Z"),
    job(targetObjectName="app10"),
    job(targetObjectName="another", targetObjectId="some-guid"),
    job(targetObjectName="app1", startTime="2025-12-30T00:00:00Z"),
]


@pytest.mark.parametrize("row", BUSY)
def test_a_job_on_the_subject_or_on_nothing_yet_is_busy(row: dict[str, Any]) -> None:
    what = running_now(gateway(row), NIC_CHANGE, frozenset())
    assert what is not None
    assert "job j1" in what


@pytest.mark.parametrize("row", IDLE)
def test_a_job_that_ended_or_is_about_something_else_is_not(row: dict[str, Any]) -> None:
    assert running_now(gateway(row), NIC_CHANGE, frozenset()) is None


def test_own_jobs_never_count() -> None:
    shell = job("J-Own", state="NotStarted")
    assert running_now(gateway(shell), NIC_CHANGE, frozenset({"j-own"})) is None
    assert running_now(gateway(shell), NIC_CHANGE, frozenset({"j-other"})) is not None


def test_a_mappings_job_is_known_by_the_source_network() -> None:
    row = job(targetObjectName="vnet-web", targetObjectId="vnet-web", friendlyName="Map Networks")
    what = running_now(gateway(row), CREATE_MAPPING, frozenset())
    assert what == "Map Networks on vnet-web (InProgress, job j1)"
    other = job(targetObjectName="vnet-app", targetObjectId="vnet-app")
    assert running_now(gateway(other), CREATE_MAPPING, frozenset()) is None


def test_an_items_job_is_known_by_the_id_of_its_health_errors() -> None:
    raw = full_item()
    raw["properties"]["healthErrors"] = [{"errorCode": "161011", "entityId": "guid-of-app1"}]
    running = job(targetObjectId="GUID-of-app1", targetObjectName="renamed")

    def script(request: HttpRequest) -> Answer:
        if "/replicationProtectedItems/" in request.url:
            return answer(200, raw)
        return with_jobs(running)(request)

    found = running_now(AzureGateway(scripted(script).connection), NIC_CHANGE, frozenset())
    assert found is not None


def test_networks_and_groups_have_no_jobs_and_cost_no_request() -> None:
    azure = scripted(with_jobs(job()))
    ours = AzureGateway(azure.connection)
    assert ours.running_job(CREATE_NETWORK, frozenset(), Sight(1)) is None
    assert ours.other_work(CREATE_NETWORK, frozenset(), Sight(1), Sight(2)) is None
    assert ours.find_operation(CREATE_NETWORK, "r-1", None) is None
    assert azure.transport.requests == []


def test_the_list_is_left_at_the_first_old_row() -> None:
    old = job("old", startTime="2025-12-30T00:00:00Z")
    link = "https://management.azure.com/subscriptions?page=2"
    azure = scripted([answer(200, {"value": [job("new", "Succeeded"), old], "nextLink": link})])
    assert running_now(AzureGateway(azure.connection), NIC_CHANGE, frozenset()) is None
    assert len(azure.transport.requests) == 1


def test_what_somebody_else_did_since_the_idle_check_is_told_though_it_is_over() -> None:
    """Their write may lie between our reading and our write, and shows in no reading."""
    rows = [job("before", "Succeeded", targetObjectName="app1")]

    def script(request: HttpRequest) -> Answer:
        return with_jobs(*rows)(request)

    ours = AzureGateway(scripted(script).connection)
    before = ours.look(VAULT, ())
    assert ours.running_job(NIC_CHANGE, frozenset(), before) is None
    assert ours.other_work(NIC_CHANGE, frozenset(), before, ours.look(VAULT, ())) is None
    rows[:0] = [
        job("ours", "Succeeded", targetObjectName="app1"),
        job("elsewhere", "Succeeded", targetObjectName="sql1"),
        job("nameless", "NotStarted"),
    ]
    middle = ours.look(VAULT, ())
    assert ours.other_work(NIC_CHANGE, frozenset({"ours"}), before, middle) is None
    rows.insert(0, job("THEIRS", "Succeeded", targetObjectName="app1", friendlyName="Update"))
    last = ours.look(VAULT, ())
    told = ours.other_work(NIC_CHANGE, frozenset({"ours"}), before, last)
    assert told == "Update on app1 (Succeeded, job THEIRS)"
    assert ours.other_work(NIC_CHANGE, frozenset({"ours"}), before, middle) is None
    assert ours.other_work(NIC_CHANGE, frozenset({"ours"}), last, last) is None


def test_a_job_that_says_what_it_works_on_only_later_is_known_by_then() -> None:
    rows = [job("theirs", "NotStarted", startTime=None)]

    def script(request: HttpRequest) -> Answer:
        return with_jobs(*rows)(request)

    azure = scripted(script)
    ours = AzureGateway(azure.connection)
    rows.clear()
    before = ours.look(VAULT, ())
    rows.append(job("theirs", "NotStarted", startTime=None))
    assert ours.other_work(NIC_CHANGE, frozenset(), before, ours.look(VAULT, ())) is None
    rows[0] = job("theirs", "Succeeded", targetObjectName="app1")
    after = ours.look(VAULT, ())
    told = ours.other_work(NIC_CHANGE, frozenset(), before, after)
    assert told is not None
    assert "theirs" in told


def test_a_job_that_told_nothing_and_was_not_listed_again_is_asked_what_it_worked_on() -> None:
    """Listings end at what is known, so this one is never listed a second time."""
    theirs = job("theirs", "NotStarted", startTime=None)
    pages = [[job("known", "Succeeded")]]
    azure = scripted(paged(pages, []))
    ours = AzureGateway(azure.connection)
    before = ours.look(VAULT, ())
    pages[:0] = [[job("next", "Succeeded"), theirs]]
    ours.look(VAULT, ())
    pages[:1] = [[job("last", "Succeeded"), job("next", "Succeeded")], [theirs]]
    theirs["properties"] |= {"state": "Succeeded", "targetObjectName": "app1"}
    after = ours.look(VAULT, ())
    told = ours.other_work(NIC_CHANGE, frozenset(), before, after)
    assert told is not None
    assert "theirs" in told
    asked = len(azure.transport.requests)
    assert ours.other_work(NIC_CHANGE, frozenset(), before, after) == told
    assert len(azure.transport.requests) == asked, "once is enough"


@pytest.mark.parametrize(
    ("status", "told", "requests"), [(404, None, 1), (200, None, 1), (403, "could not be asked", 2)]
)
def test_a_job_that_still_tells_nothing_is_asked_once_and_a_failed_look_is_a_doubt(
    status: int, told: str | None, requests: int
) -> None:
    silent = job("theirs", "NotStarted", startTime=None)
    pages = [[job("known", "Succeeded")]]
    listed = paged(pages, [])

    def script(request: HttpRequest) -> Answer:
        if "/replicationJobs/theirs" in request.url:
            return answer(status, silent if status == 200 else {"error": {"code": "x"}})
        return listed(request)

    azure = scripted(script)
    ours = AzureGateway(azure.connection)
    before = ours.look(VAULT, ())
    pages[:0] = [[job("next", "Succeeded"), silent]]
    ours.look(VAULT, ())
    pages[:1] = [[job("last", "Succeeded"), job("next", "Succeeded")], [silent]]
    after = ours.look(VAULT, ())
    for _ in range(2):
        found = ours.other_work(NIC_CHANGE, frozenset(), before, after)
        assert (found is None) == (told is None)
        assert (told or "") in (found or "")
    asked = [url for url in azure.transport.urls if "/replicationJobs/theirs" in url]
    assert len(asked) == requests


def paged(pages: list[list[dict[str, Any]]], read: list[int]) -> Script:
    """Lists of jobs in pages; `read` gets the number of each page that is asked for."""

    def script(request: HttpRequest) -> Answer:
        path, _, query = request.url.partition("?")
        if not path.endswith("/replicationJobs"):
            rows = [row for page in pages for row in page]
            return with_jobs(*rows)(request)
        number = int(query.partition("page=")[2] or 0)
        read.append(number)
        link = f"https://management.azure.com{VAULT}/replicationJobs?page={number + 1}"
        more = number + 1 < len(pages)
        return answer(200, {"value": pages[number], "nextLink": link if more else None})

    return script


def test_a_later_listing_ends_with_the_page_that_leads_back_to_what_is_known() -> None:
    pages = [[job("c"), job("b")], [job("a", "Succeeded")], [job("z", "Succeeded")]]
    read: list[int] = []
    ours = AzureGateway(scripted(paged(pages, read)).connection)
    ours.look(VAULT, ())
    assert read == [0, 1, 2]
    pages[0:1] = [[job("e"), job("d")], [job("c", "Succeeded"), job("b")]]
    read.clear()
    sight = ours.look(VAULT, ())
    assert read == [0, 1]
    assert [row["name"] for row in sight.jobs.running] == ["e", "d", "b"]


def test_a_listing_goes_on_to_the_jobs_that_are_asked_about_but_not_beyond_their_time() -> None:
    pages = [[job("b")], [job("a", "Succeeded")]]
    read: list[int] = []
    ours = AzureGateway(scripted(paged(pages, read)).connection)
    first = ours.look(VAULT, ())
    pages[:0] = [[job("mine"), job("x")]]
    ours.look(VAULT, ())
    pages[:0] = [[job("y"), job("w")]]
    ours.look(VAULT, ())
    read.clear()
    mine, gone = (Operation(name, "", "r", ITEM) for name in ("Mine", "gone"))
    sight = ours.look(VAULT, [(mine, first)])
    assert sight.progress["mine"].phase is Phase.RUNNING
    assert read == [0, 1]
    read.clear()
    sight = ours.look(VAULT, [(mine, first), (gone, first)])
    assert set(sight.progress) == {"mine"}
    assert read == [0, 1, 2], "what was known before its write is older than it"


def test_a_job_remembered_as_running_is_asked_before_it_keeps_anybody_waiting() -> None:
    old = job("old", targetObjectName="app1")
    pages = [[job("b", "Succeeded")], [old]]
    ours = AzureGateway(scripted(paged(pages, [])).connection)
    assert running_now(ours, NIC_CHANGE, frozenset()) is not None
    assert running_now(ours, NIC_CHANGE, frozenset()) is not None, "it still runs"
    old["properties"] |= {"state": "Succeeded", "endTime": "2025-12-31T23:59:30Z"}
    assert running_now(ours, NIC_CHANGE, frozenset()) is None
    pages[1] = []
    assert running_now(ours, NIC_CHANGE, frozenset()) is None


def test_a_job_that_ended_in_an_unusual_word_stays_ended_and_its_words_are_told() -> None:
    ended = {"endTime": "2025-12-31T23:59:30Z", "targetObjectName": "app1"}
    odd = job("odd", "PartiallySucceeded", friendlyName="Update the VM", **ended)
    pages: list[list[dict[str, Any]]] = [[]]
    ours = AzureGateway(scripted(paged(pages, [])).connection)
    before = ours.look(VAULT, ())
    pages[0] = [odd]
    assert running_now(ours, NIC_CHANGE, frozenset()) is None
    other = ours.other_work(NIC_CHANGE, frozenset(), before, ours.look(VAULT, ()))
    assert other == "Update the VM on app1 (PartiallySucceeded, job odd)"


def test_where_an_operation_stands_is_read_off_the_list_of_jobs() -> None:
    rows = [
        job("done", "Succeeded", targetObjectName="app1"),
        job("failed", "Failed", targetObjectName="app1"),
        job("going", targetObjectName="app1"),
        job("odd", "Unheard", targetObjectName="app1"),
    ]
    following = [(Operation(name, "", "r", ITEM), None) for name in ("done", "failed")]
    following += [(Operation(name, "", "r", ITEM), None) for name in ("going", "odd", "none")]
    azure = scripted(with_jobs(*rows))
    progress = AzureGateway(azure.connection).look(VAULT, following).progress
    phases = {name: each.phase for name, each in progress.items()}
    assert phases == {
        "done": Phase.SUCCEEDED,
        "failed": Phase.FAILED,
        "going": Phase.RUNNING,
        "odd": Phase.RUNNING,
    }
    assert [name for name, each in progress.items() if not each.familiar] == ["odd"]
    assert len(azure.transport.requests) == 1


# A write whose answer was lost.


def test_a_lost_write_is_found_by_the_request_id_that_its_job_carries() -> None:
    rows = (
        job("other", activityId="r-2 ActivityId: x", targetObjectName="app1"),
        job("mine", activityId="R-1 ActivityId: y", targetObjectName="app1"),
    )
    found = gateway(*rows).find_operation(NIC_CHANGE, "r-1", None)
    assert found == Operation("mine", "", "r-1", ITEM)
    assert gateway(*rows).find_operation(NIC_CHANGE, "r-3", None) is None
    assert gateway(*rows).find_operation(NIC_CHANGE, "r", None) is None


def test_likely_jobs_are_looked_at_before_others() -> None:
    rows = (
        job("a", targetObjectName="another", activityId="r-9 ActivityId: x"),
        job("b", targetObjectName="app1", activityId="r-1 ActivityId: x"),
    )
    azure = scripted(with_jobs(*rows))
    assert AzureGateway(azure.connection).find_operation(NIC_CHANGE, "r-1", None) is not None
    assert not any("/replicationJobs/a?" in url for url in azure.transport.urls)


def test_a_found_operation_is_followed_by_its_job() -> None:
    here = gateway(job("mine", "Succeeded", activityId="r-1 ActivityId: y"))
    found = here.find_operation(NIC_CHANGE, "r-1", None)
    assert found is not None
    assert here.ask(found).phase is Phase.SUCCEEDED


def test_over_the_sandbox_a_slow_write_is_busy_found_and_done() -> None:
    here = world(options=Options(operation_seconds=5.0))
    one = set_address(here)
    ours = AzureGateway(here.connection)
    operation = ours.send(one, ours.read(one), "r-77")
    assert operation is not None
    assert ours.ask(operation).phase is Phase.RUNNING
    assert running_now(ours, one, frozenset()) is not None
    assert running_now(ours, one, frozenset({operation.name})) is None
    found = ours.find_operation(one, "r-77", None)
    assert found is not None
    assert found.name == operation.name
    here.clock.sleep(2.0)
    what = running_now(ours, one, frozenset())
    assert what is not None
    assert "web2" in what
    reading = ours.read(one)
    assert reading.item is not None
    assert reading.item.scenario is not None
    here.clock.sleep(4.0)
    assert ours.ask(operation).phase is Phase.SUCCEEDED
    assert ours.ask(found).phase is Phase.SUCCEEDED
    assert running_now(ours, one, frozenset()) is None
    assert ours.read(one).state == one.after


def test_over_the_sandbox_a_failing_operation_says_why() -> None:
    condition = {
        "kind": "operation-fails",
        "path": "*/replicationProtectedItems/*",
        "code": "28020",
        "message": "The requested operation failed.",
    }
    here = world(conditions=(condition,))
    one = set_address(here)
    ours = AzureGateway(here.connection)
    operation = ours.send(one, ours.read(one), "r-1")
    assert operation is not None
    progress = ours.ask(operation)
    assert progress.phase is Phase.FAILED
    assert "28020" in progress.error
    assert "The requested operation failed." in progress.error
    assert ours.read(one).state == one.before


def test_over_the_sandbox_success_without_effect_shows_in_the_reading() -> None:
    here = world(conditions=({"kind": "not-applied", "path": "*/replicationProtectedItems/*"},))
    one = set_address(here)
    ours = AzureGateway(here.connection)
    operation = ours.send(one, ours.read(one), "r-1")
    assert operation is not None
    assert ours.ask(operation).phase is Phase.SUCCEEDED
    assert ours.read(one).state == one.before


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2022-10-11T18:11:42.71187Z", 2022),
        ("2023-08-29T01:12:02.4054199Z", 2023),
        ("2023-08-29T01:12:05Z", 2023),
        ("0001-01-01T00:00:00", None),
        ("soon", None),
        (None, None),
    ],
)
def test_a_jobs_start_is_read_in_every_spelling(text: str | None, year: int | None) -> None:
    moment = jobs.started(job(startTime=text))
    assert (moment.year if moment else None) == year
    assert moment is None or moment.tzinfo is not None


def test_the_recorded_jobs_are_understood(recordings: Path) -> None:
    entries = json.loads((recordings / "powershell_nic_config.json").read_text())["entries"]
    shell, done = entries[7]["response"]["body"], entries[9]["response"]["body"]
    sent = entries[6]["response"]["headers"]["x-ms-client-request-id"]
    assert jobs.running(shell)
    assert not jobs.running(done)
    assert jobs.target_of(shell) == frozenset()
    assert "a2avm330" in jobs.target_of(done)
    assert jobs.belongs_to(shell, sent)
    assert jobs.belongs_to(done, sent)
    assert not jobs.belongs_to(done, sent[:-1])
    item = entries[5]["response"]["body"]
    change = Change(
        Kind.NIC_SETTINGS, Action.UPDATE, ArmId(item["id"]), "vm", None, ItemState(()), "test"
    )
    busy = {**done, "properties": {**done["properties"], "state": "InProgress", "endTime": None}}
    busy["properties"]["startTime"] = "2025-12-31T23:59:00Z"

    def script(request: HttpRequest) -> Answer:
        body = item if "/replicationProtectedItems/" in request.url else {"value": [busy]}
        return answer(200, body)

    found = running_now(AzureGateway(scripted(script).connection), change, frozenset())
    assert found is not None
    assert "Update the virtual machine" in found


@pytest.mark.parametrize(
    ("word", "ended", "still"),
    [
        ("InProgress", None, True),
        ("Cancelled", None, False),
        ("PartiallySucceeded", None, True),
        ("CompletedWithErrors", None, True),
        ("CompletedWithErrors", "2023-08-29T01:12:05Z", False),
    ],
)
def test_a_job_runs_until_it_says_a_plain_end_or_a_time_of_it(
    word: str, ended: str | None, still: bool
) -> None:
    assert jobs.running(job(state=word, endTime=ended)) is still
