"""Promise: whatever a line does to an answer, reads are repeated, writes are not, nothing hangs.

Over real sockets, so that the exceptions are those of urllib3, requests and the SDK themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from asr_netmap.clock import SystemClock, VirtualClock
from asr_netmap.errors import OutcomeUnknown, UnexpectedAnswer, Unreachable
from asr_netmap.gateway.changing import AzureGateway
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.guard import Place
from asr_netmap.gateway.tokens import TokenCache
from asr_netmap.gateway.transport import PATIENCE, Patience, requests_transport
from asr_netmap.planning.change import Action, Change, Kind
from asr_netmap.planning.gateway import Operation, Phase, Reading
from tests.gateway.scripted import MAPPING, VAULT, FakeCredential
from tests.safety.bad_line import (
    CUT,
    WHOLE,
    WRONG,
    BadLine,
    Line,
    Toxic,
    Whole,
    bad_line,
    dripping,
    length_too_short,
    nothing,
)

DELETE = Change(Kind.MAPPING, Action.DELETE, MAPPING, "m1", None, None, "test")
MOST = 4
# A line that is slow must not look dead on a busy machine; one that is dead is not waited for.
PATIENT = Patience(connect=10, read=10, body=30)
IMPATIENT = Patience(connect=10, read=0.05, body=0.1)
_PADDING = "x" * 200


@dataclass(frozen=True)
class Call:
    """A call over the line: what is answered, what is done, and what comes of it if all is well."""

    answer: Whole
    make: Callable[[Connection, str], Any]
    result: Any

    @property
    def writes(self) -> bool:
        return self.answer.status == 202


def status_url(base: str) -> str:
    return f"{base}{VAULT}/replicationOperationStatus/j?api-version=1"


def ask(connection: Connection, base: str) -> Phase:
    return AzureGateway(connection).ask(Operation("j", status_url(base), "r", MAPPING)).phase


def write(connection: Connection, _base: str) -> str:
    operation = AzureGateway(connection).send(DELETE, Reading(None), "r")
    assert operation is not None
    return operation.name


ROW = {"id": f"/{_PADDING}"}
_BODY = (
    f'{{"id": "/{_PADDING}", "status": "Succeeded", "value": [{{"id": "/{_PADDING}"}}]}}'.encode()
)
_ACCEPTED = {"Azure-AsyncOperation": status_url("http://127.0.0.1")}
CALLS = {
    "read": Call(Whole(200, _BODY), lambda c, _: c.get(str(VAULT), "1")["id"], ROW["id"]),
    "list": Call(Whole(200, _BODY), lambda c, _: list(c.rows(f"{VAULT}/f", "1")), [ROW]),
    "status": Call(Whole(200, _BODY), ask, Phase.SUCCEEDED),
    "write": Call(Whole(202, _BODY, _ACCEPTED), write, "j"),
}
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


def each(toxics: tuple[Toxic, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("toxic", toxics, ids=lambda toxic: toxic.__name__)


@contextmanager
def line(call: Call, toxic: Toxic, patience: Patience) -> Iterator[tuple[BadLine, Connection]]:
    """A server behind a line, and a connection to it whose pauses take no time."""
    clock = VirtualClock()
    with bad_line() as server:
        server.answer, server.toxic = call.answer, toxic
        transport = requests_transport(
            2, environment=False, verify=True, patience=patience, clock=SystemClock()
        )
        made = Connection(
            transport,
            TokenCache(FakeCredential(now=lambda: clock.now().timestamp()), "s", "", clock),
            server.url,
            Place.of_url(server.url),
            cloud="AzureCloud",
            workers=2,
            clock=clock,
            rng=Random(7),
        )
        with made:
            yield server, made


def most_of_one(server: BadLine) -> int:
    """Requests of the call that sent most: where a status is useless, the job is asked as well."""
    return max(Counter(server.heard).values())


@each_call
@each(WHOLE)
def test_an_answer_that_is_whole_in_the_end_is_taken(toxic: Toxic, call: Call) -> None:
    with line(call, toxic, PATIENT) as (server, connection):
        assert call.make(connection, server.url) == call.result
        assert len(server.heard) == 1


@each_call
@each(CUT)
def test_an_answer_that_breaks_off_is_asked_for_again_unless_it_is_a_writes(
    toxic: Toxic, call: Call
) -> None:
    with line(call, toxic, IMPATIENT) as (server, connection):
        with pytest.raises(OutcomeUnknown if call.writes else Unreachable):
            call.make(connection, server.url)
        assert len(server.heard) == (1 if call.writes else MOST)


@each_call
@each(WRONG)
def test_an_answer_that_is_wrong_is_believed_by_nobody(toxic: Toxic, call: Call) -> None:
    with line(call, toxic, IMPATIENT) as (server, connection):
        if call.writes:
            # What the headers of an acceptance say is enough, where they came whole.
            with suppress(OutcomeUnknown):
                assert call.make(connection, server.url) == call.result
            assert len(server.heard) == 1
        else:
            with pytest.raises((Unreachable, UnexpectedAnswer)):
                call.make(connection, server.url)
            assert most_of_one(server) <= MOST


@each((*CUT, length_too_short))
def test_once_the_line_is_good_again_the_answer_is_the_right_one(toxic: Toxic) -> None:
    """What was left on the line is no part of it, and no answer to the next request."""
    call = CALLS["list"]
    spoilt = [toxic, toxic]

    def at_first(line_: Line, answer: Whole) -> None:
        (spoilt.pop() if spoilt else nothing)(line_, answer)

    with line(call, at_first, IMPATIENT) as (server, connection):
        assert call.make(connection, server.url) == call.result
        assert call.make(connection, server.url) == call.result
        assert len(server.heard) == 4


def test_a_connection_is_used_again_after_a_whole_answer() -> None:
    with line(CALLS["read"], nothing, IMPATIENT) as (server, connection):
        for _ in range(5):
            connection.get(str(VAULT), "1")
        assert (len(server.heard), server.connections) == (5, 1)


def test_a_connection_is_dropped_after_half_an_answer() -> None:
    with line(CALLS["read"], dripping, IMPATIENT) as (server, connection):
        with pytest.raises(Unreachable):
            connection.get(str(VAULT), "1")
        server.toxic = nothing
        connection.get(str(VAULT), "1")
        assert (len(server.heard), server.connections) == (MOST + 1, MOST + 1)


def test_the_limits_of_real_runs_are_finite() -> None:
    assert (PATIENCE.connect, PATIENCE.read, PATIENCE.body) == (10, 60, 120)
