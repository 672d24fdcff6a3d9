"""How often a request goes out, and how long is waited: the figures of the pipeline."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from random import Random

import pytest
from azure.core import exceptions as sdk
from azure.core.rest import HttpRequest
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError

from asr_netmap.clock import VirtualClock
from asr_netmap.errors import (
    AzureError,
    Busy,
    CredentialsMissing,
    OutcomeUnknown,
    Throttled,
    Unreachable,
)
from asr_netmap.gateway.changing import AzureGateway
from asr_netmap.gateway.connection import Connection, connect_endpoint
from asr_netmap.gateway.failure import retry_after_of
from asr_netmap.gateway.pacing import LONGEST_SERVER_WAIT, Gates, backoff, retry_after
from asr_netmap.gateway.tokens import TokenCache
from asr_netmap.planning.change import Action, Change, Kind, MappingState
from asr_netmap.planning.gateway import Reading
from asr_netmap.sandbox import Response

from .scripted import MAPPING, Answer, FakeCredential, answer, arm_error, scripted

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
GONE = arm_error("NotFound")
DELETE_MAPPING = Change(Kind.MAPPING, Action.DELETE, MAPPING, "m1", None, None, "test")


def refused() -> sdk.ServiceRequestError:
    inner = NewConnectionError(HTTPConnection("127.0.0.1"), "refused")
    return sdk.ServiceRequestError("refused", error=inner)


def reset() -> sdk.ServiceResponseError:
    return sdk.ServiceResponseError("connection reset")


def time_out() -> sdk.ServiceResponseTimeoutError:
    return sdk.ServiceResponseTimeoutError("read timed out")


def cut_off() -> sdk.IncompleteReadError:
    return sdk.IncompleteReadError("cut off")


FAULTS: dict[str, Callable[[], Answer]] = {
    "400": lambda: answer(400, arm_error("BadRequest")),
    "403": lambda: answer(403, arm_error("AuthorizationFailed")),
    "404": lambda: answer(404, GONE),
    "409": lambda: answer(409, arm_error("Conflict")),
    "409 with Retry-After": lambda: answer(409, arm_error("Conflict"), {"Retry-After": "1"}),
    "408": lambda: answer(408, arm_error("Timeout")),
    "429": lambda: answer(429, arm_error("TooManyRequests")),
    "429 with Retry-After": lambda: answer(429, arm_error("Slow"), {"Retry-After": "17"}),
    "500": lambda: answer(500, arm_error("InternalError")),
    "502": lambda: answer(502, b"<html>bad gateway</html>"),
    "503 with Retry-After": lambda: answer(503, arm_error("Busy"), {"Retry-After": "3"}),
    "504": lambda: answer(504, arm_error("Timeout")),
    "reset": reset,
    "time-out": time_out,
    "cut off": cut_off,
    "refused": refused,
    "unclear": lambda: sdk.ServiceRequestError("TLS record broken"),
}
# Requests that go out for one logical call: a read, a write.
REQUESTS = {
    **dict.fromkeys(("400", "403", "404", "409", "409 with Retry-After"), (1, 1)),
    **dict.fromkeys(("408", "429", "429 with Retry-After", "500", "502", "504"), (4, 1)),
    **dict.fromkeys(("503 with Retry-After", "reset", "time-out"), (4, 1)),
    **dict.fromkeys(("cut off", "unclear"), (4, 1)),
    "refused": (4, 4),
}


def delete(connection: Connection) -> None:
    AzureGateway(connection).send(DELETE_MAPPING, Reading(None), "r1")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_read_goes_out_at_most_four_times(fault: str) -> None:
    azure = scripted(lambda _request: FAULTS[fault]())
    with pytest.raises(AzureError):
        azure.connection.get("/subscriptions/s1", "1")
    assert len(azure.transport.requests) == REQUESTS[fault][0]


def test_a_body_that_is_cut_off_is_read_again_like_a_reset() -> None:
    whole = answer(200, {"value": [{"id": "/subscriptions/s1"}]})
    half = Response(200, whole.headers, whole.body[:-5])
    azure = scripted([half, half, whole])
    assert azure.connection.get("/subscriptions/s1", "1") == {
        "value": [{"id": "/subscriptions/s1"}]
    }
    assert len(azure.transport.requests) == 3
    broken = scripted([half])
    with pytest.raises(AzureError):
        broken.connection.get("/subscriptions/s1", "1")
    assert len(broken.transport.requests) == 4


@pytest.mark.parametrize("body", [b"", b"<html>maintenance</html>"])
def test_a_body_that_is_no_json_at_all_is_no_part_of_one(body: bytes) -> None:
    azure = scripted([answer(200, body)])
    with pytest.raises(AzureError):
        azure.connection.get("/subscriptions/s1", "1")
    assert len(azure.transport.requests) == 1


def test_reads_go_out_as_the_bucket_refills_and_never_after_a_429() -> None:
    azure = scripted([answer(200, {})])
    for _ in range(250 + 50):
        azure.connection.get("/subscriptions/s1", "1")
    assert azure.clock.monotonic() == pytest.approx(50 / 25, abs=0.1)


def test_a_low_count_in_a_header_slows_reads_down_and_a_high_one_does_not() -> None:
    name = "x-ms-ratelimit-remaining-subscription-reads"
    high = scripted([answer(200, {}, {name: "11999"})])
    for _ in range(600):
        high.connection.get("/subscriptions/s1", "1")
    assert high.clock.monotonic() == 0
    low = scripted([answer(200, {}, {name: "0"})])
    for _ in range(6):
        low.connection.get("/subscriptions/s1", "1")
    assert low.clock.monotonic() == pytest.approx(5 / 25, abs=0.05)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_goes_out_once_unless_it_never_left(fault: str) -> None:
    azure = scripted(lambda _request: FAULTS[fault]())
    try:
        delete(azure.connection)
    except AzureError as error:
        outcome: type[object] = type(error)
    else:
        outcome = type(None)
    assert len(azure.transport.requests) == REQUESTS[fault][1]
    ambiguous = {"408", "500", "502", "503 with Retry-After", "504"}
    ambiguous |= {"reset", "time-out", "cut off", "unclear"}
    assert (outcome is OutcomeUnknown) == (fault in ambiguous)


def test_a_write_that_was_refused_at_first_is_sent_and_accepted_once() -> None:
    accepted = answer(202, None, {"Location": f"https://management.azure.com{MAPPING}/x/j1"})
    azure = scripted([refused(), accepted])
    operation = AzureGateway(azure.connection).send(DELETE_MAPPING, Reading(None), "r1")
    assert operation is not None
    assert azure.transport.methods == ["DELETE", "DELETE"]


def test_an_accepted_write_goes_out_exactly_once() -> None:
    accepted = answer(202, None, {"Location": f"https://management.azure.com{MAPPING}/x/j1"})
    azure = scripted([accepted])
    delete(azure.connection)
    assert len(azure.transport.requests) == 1


@pytest.mark.parametrize(
    "header",
    ["30", "Thu, 01 Jan 2026 00:00:30 GMT", "soon", "-5", "nan", "0.5", ""],
)
def test_any_retry_after_on_an_accepted_write_is_survived(header: str) -> None:
    """The SDKs raise ValueError on a date, after the write was accepted."""
    url = f"https://management.azure.com{MAPPING}/operationresults/j1"
    azure = scripted([answer(202, None, {"Location": url, "Retry-After": header})])
    operation = AzureGateway(azure.connection).send(DELETE_MAPPING, Reading(None), "r1")
    assert operation is not None
    wanted = {"30": 30.0, "Thu, 01 Jan 2026 00:00:30 GMT": 30.0, "0.5": 1.0}
    assert operation.retry_after == wanted.get(header)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17.0),
        ("0", 0.0),
        ("-3", 0.0),
        ("99999", LONGEST_SERVER_WAIT),
        ("inf", LONGEST_SERVER_WAIT),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120.0),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0.0),
        ("nan", None),
        ("tomorrow", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


def test_back_off_is_jittered_grows_and_is_capped() -> None:
    rng = Random(1)
    for attempt, ceiling in ((1, 1.0), (2, 2.0), (5, 16.0), (7, 60.0), (40, 60.0)):
        waits = [backoff(attempt, rng) for _ in range(200)]
        assert min(waits) >= 0.0
        assert ceiling * 0.8 < max(waits) <= ceiling


def test_the_servers_wait_is_kept_and_not_exceeded_much() -> None:
    limited = answer(429, arm_error("TooManyRequests"), {"Retry-After": "17"})
    azure = scripted([limited, limited, answer(200, {"tenantId": "t"})])
    assert azure.connection.tenant("s1") == "t"
    assert 34.0 <= azure.clock.monotonic() < 36.0


def test_the_servers_wait_counts_for_an_outage_too() -> None:
    down = answer(503, arm_error("ServiceUnavailable"), {"Retry-After": "40"})
    azure = scripted([down, answer(200, {"tenantId": "t"})])
    azure.connection.tenant("s1")
    assert azure.clock.slept == [40.0]


def test_a_reads_429_that_stays_is_throttled_and_says_how_long() -> None:
    azure = scripted([answer(429, arm_error("TooManyRequests"), {"Retry-After": "17"})])
    with pytest.raises(Throttled) as raised:
        azure.connection.get("/subscriptions/s1", "1")
    assert retry_after_of(raised.value) == 17.0


def test_a_writes_429_is_raised_at_once_and_closes_the_gate_for_all_writes() -> None:
    limited = answer(429, arm_error("TooManyRequests"), {"Retry-After": "20"})
    azure = scripted([limited, answer(202, None, {"Location": "https://x/y"})])
    with pytest.raises(Throttled) as first:
        delete(azure.connection)
    with pytest.raises(Throttled, match="not sent") as second:
        delete(azure.connection)
    assert len(azure.transport.requests) == 1
    assert azure.clock.slept == []
    assert retry_after_of(first.value) == retry_after_of(second.value) == 20.0
    azure.clock.sleep(20.0)
    delete(azure.connection)
    assert len(azure.transport.requests) == 2


def test_a_closed_gate_for_writes_leaves_reads_and_other_subscriptions_alone() -> None:
    gates = Gates(VirtualClock())
    gates.close("one", write=True, seconds=10)
    gates.close("one", write=True, seconds=5)
    assert gates.remaining("one", write=True) == 10
    assert gates.remaining("one", write=False) == 0
    assert gates.remaining("two", write=True) == 0


def test_a_worker_waits_at_the_gate_that_another_closed() -> None:
    limited = answer(429, arm_error("Slow"), {"Retry-After": "9"})
    azure = scripted([limited, limited, limited, limited, answer(200, {})])
    with pytest.raises(Throttled):
        azure.connection.get("/subscriptions/s1", "1")
    before = azure.clock.monotonic()
    azure.connection.get("/subscriptions/s1", "1")
    assert azure.clock.monotonic() - before == pytest.approx(9.0)


def test_after_a_401_one_fresh_token_is_tried_for_reads_and_writes() -> None:
    stale = answer(401, arm_error("ExpiredAuthenticationToken"))
    azure = scripted([stale, answer(200, {"tenantId": "t"})])
    assert azure.connection.tenant("s1") == "t"
    sent = [headers["Authorization"] for _, _, headers, _ in azure.transport.requests]
    assert sent == [f"Bearer {token}" for token in azure.credential.given]
    assert len(set(sent)) == 2
    azure = scripted([stale])
    with pytest.raises(CredentialsMissing, match="ExpiredAuthenticationToken"):
        delete(azure.connection)
    assert len(azure.transport.requests) == 2


def test_a_claims_challenge_is_passed_on() -> None:
    challenge = 'Bearer error="insufficient_claims", claims="eyJhIjoxfQ"'
    azure = scripted([answer(401, None, {"WWW-Authenticate": challenge}), answer(200, {})])
    azure.connection.get("/subscriptions/s1", "1")
    assert azure.credential.options[-1] == {"claims": '{"a":1}'}


def test_many_workers_fetch_one_token() -> None:
    credential = FakeCredential(now=NOW.timestamp)
    cache = TokenCache(credential, "scope", "advice", VirtualClock(NOW))
    threads = [threading.Thread(target=cache.token) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(credential.given) == 1
    refused_token = cache.token()
    renewed = {cache.renew(refused_token) for _ in range(16)}
    assert len(credential.given) == 2
    assert renewed == {credential.given[1]}


def test_a_token_is_renewed_five_minutes_before_its_end() -> None:
    clock = VirtualClock(NOW)
    credential = FakeCredential(now=lambda: clock.now().timestamp())
    cache = TokenCache(credential, "scope", "advice", clock)
    cache.token()
    clock.sleep(3600 - 301)
    cache.token()
    assert len(credential.given) == 1
    clock.sleep(2)
    cache.token()
    assert len(credential.given) == 2


def test_a_refused_connection_on_a_real_socket_proves_that_nothing_was_sent(
    tmp_path: Path,
) -> None:
    """The chain of exceptions is urllib3's and requests' own, not a fake's."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    connection = connect_endpoint(f"http://127.0.0.1:{port}", clock=VirtualClock(NOW))
    connection._tokens._credential = FakeCredential(now=NOW.timestamp)
    with pytest.raises(Unreachable, match="no connection"):
        delete(connection)
    assert connection.requests_by_method == {"DELETE": 4}


def test_a_reset_on_a_real_socket_is_an_unknown_outcome() -> None:
    """The server reads the request and hangs up, as it may after accepting it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def hang_up() -> None:
            peer, _ = listener.accept()
            peer.recv(65536)
            peer.close()

        server = threading.Thread(target=hang_up)
        server.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        connection = connect_endpoint(url, clock=VirtualClock(NOW))
        connection._tokens._credential = FakeCredential(now=NOW.timestamp)
        with pytest.raises(OutcomeUnknown, match="no answer came back"):
            delete(connection)
        server.join()
    assert connection.requests_by_method == {"DELETE": 1}


def test_requests_are_counted_by_method_each_try_included() -> None:
    azure = scripted([answer(503, None), answer(200, {}), answer(409, arm_error("Conflict"))])
    azure.connection.get("/subscriptions/s1", "1")
    with pytest.raises(Busy):
        delete(azure.connection)
    assert azure.connection.requests_by_method == {"GET": 2, "DELETE": 1}
    assert azure.connection.requests_sent == 3


def test_every_request_says_who_asks_and_carries_an_id_of_its_own() -> None:
    azure = scripted(lambda _request: answer(200, {"value": []}))
    for _ in range(3):
        list(azure.connection.rows("/subscriptions", "1"))
    headers = [headers for _, _, headers, _ in azure.transport.requests]
    assert all(each["User-Agent"].startswith("asr-netmap/") for each in headers)
    assert len({each["x-ms-client-request-id"] for each in headers}) == 3


def test_a_write_carries_the_request_id_that_it_was_given() -> None:
    azure = scripted([answer(204)])
    AzureGateway(azure.connection).send(DELETE_MAPPING, Reading(None), "my-own-id")
    ((_, _, headers, _),) = azure.transport.requests
    assert headers["x-ms-client-request-id"] == "my-own-id"


def test_no_thread_is_started_by_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDKs' pollers start one for each; it would end soon, so starting is what is watched."""
    url = f"https://management.azure.com{MAPPING}/operationresults/j1"
    started: list[threading.Thread] = []

    def script(request: HttpRequest) -> Answer:
        if request.method == "GET":
            return answer(404, GONE)
        return answer(202, None, {"Location": url, "Azure-AsyncOperation": url})

    azure = scripted(script)
    monkeypatch.setattr(threading.Thread, "start", started.append)
    state = MappingState(MAPPING, MAPPING, "f")
    gateway = AzureGateway(azure.connection)
    for action in Action:
        change = Change(Kind.MAPPING, action, MAPPING, "m1", state, state, "test")
        assert gateway.send(change, Reading(None), "r1") is not None
    assert started == []
