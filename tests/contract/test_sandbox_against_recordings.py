"""The sandbox, in the state of a recording, answers each recorded request as it was answered.

Same status, same header names, same form of the JSON; what may differ stands in `waivers`, with
reasons. The recordings are no part of this project: see `recordings` in tests/conftest.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from asr_netmap.sandbox import (
    Engine,
    Request,
    Response,
    implied,
    jobs,
    mappings,
    operations,
    vaults,
)
from asr_netmap.sandbox.errors import Fault

from .conftest import Figure
from .recordings import Exchange, Recording
from .same_state import Compared, SameState
from .shapes import Difference, body_differences
from .waivers import OUT_OF_SCOPE, WAIVERS, OutOfScope, Verdict, Waiver, verdict


def compared(recorded: Iterable[Recording]) -> list[Compared]:
    return [each for recording in recorded for each in SameState(recording).compare()]


def judged(recorded: Iterable[Recording]) -> Verdict:
    return verdict(compared(recorded))


def test_every_recorded_request_is_answered_in_the_recorded_shape(
    recorded: tuple[Recording, ...], figure: Figure
) -> None:
    found = judged(recorded)
    print(found.line(), found.reasons(), sep="\n")
    assert not found.faults, "\n".join(found.faults)
    assert found.own > 100, "most answers are made by the sandbox, not only shown"
    figure(found.line(), recorded)


def test_every_recorded_write_that_is_played_was_accepted(
    recorded: tuple[Recording, ...],
) -> None:
    """A refusal on both sides would match, too, and prove nothing of the state."""
    writes = [each for each in compared(recorded) if each.kind and not each.exchange.read]
    assert {each.exchange.method for each in writes} == {"PUT", "PATCH"}
    assert {each.exchange.status for each in writes} <= {200, 201, 202}


# Planted faults: the comparison has to find each of them.


Plant = Callable[[pytest.MonkeyPatch], None]


def _changed_mapping(change: Callable[[dict[str, Any]], object]) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        real = mappings._mapping

        def wrong(wish: mappings.Wish) -> dict[str, Any]:
            made = real(wish)
            change(made["properties"])
            return made

        patch.setattr(mappings, "_mapping", wrong)

    return plant


def _status_without(name: str) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        real = operations.status_body

        def wrong(operation: operations.Operation) -> dict[str, Any]:
            return {k: v for k, v in real(operation).items() if k != name}

        patch.setattr("asr_netmap.sandbox.recovery.status_body", wrong)

    return plant


def _fabric_as(**properties: object) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        real = implied.fabric

        def wrong(identifier: str, region: str | None) -> dict[str, Any]:
            made = real(identifier, region)
            return {**made, "properties": {**made["properties"], **properties}}

        patch.setattr(implied, "fabric", wrong)

    return plant


def _unsuccessful(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(mappings, "_network_fault", lambda *_: Fault("1", "no such network"))


def _answer_as(change: Callable[[Response], Response]) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        real = Engine.handle

        def wrong(self: Engine, request: Request, *rest: Any) -> Response:
            return change(real(self, request, *rest))

        patch.setattr(Engine, "handle", wrong)

    return plant


def _without_header(name: str) -> Plant:
    def change(answer: Response) -> Response:
        kept = tuple(h for h in answer.headers if h[0].lower() != name)
        return replace(answer, headers=kept)

    return _answer_as(change)


def _whole_row(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(jobs, "stripped", lambda job: job)


def _capital_location(patch: pytest.MonkeyPatch) -> None:
    real = vaults.vault_id
    patch.setattr(vaults, "vault_id", lambda call: real(call).replace("/Subscr", "/subscr"))


PLANTED: dict[str, tuple[Plant, str]] = {
    "a name in its first casing": (
        _changed_mapping(lambda p: p.update(primaryNetworkId=p["primaryNetworkId"].upper())),
        "$.properties.primaryNetworkId: spelling",
    ),
    "a key too few": (_changed_mapping(lambda p: p.pop("state")), "$.properties.state: missing"),
    "a key too many": (_changed_mapping(lambda p: p.update(etag="x")), "$.properties.etag: extra"),
    "null for a text": (
        _changed_mapping(lambda p: p.update(recoveryFabricArmId=None)),
        "$.properties.recoveryFabricArmId: null",
    ),
    "a number for a text": (
        _changed_mapping(lambda p: p.update(state=1)),
        "$.properties.state: type",
    ),
    "another word": (
        _changed_mapping(lambda p: p.update(state="paired")),
        "$.properties.state: spelling",
    ),
    "no list": (_fabric_as(healthErrorDetails=None), "$.properties.healthErrorDetails: null"),
    "a status without a null": (_status_without("percentComplete"), "$.percentComplete: missing"),
    "an operation that fails": (_unsuccessful, "$.status: value"),
    "a whole job in a list": (_whole_row, "$.value[].properties.activityId: null"),
    "a polling URL in another casing": (_capital_location, "header location: spelling"),
    "a header too few": (_without_header("azure-asyncoperation"), "header azure-asyncoperation"),
    "another status": (_answer_as(lambda a: replace(a, status=a.status + 1)), "status: value"),
    "no body": (_answer_as(lambda a: replace(a, body=b"")), "$: null"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(
    name: str, recorded: tuple[Recording, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, expected = PLANTED[name]
    plant(monkeypatch)
    faults = judged(recorded).faults
    assert any(expected in fault for fault in faults), faults[:20]


def test_no_waiver_stands_for_what_another_covers(recorded: tuple[Recording, ...]) -> None:
    """Taking any one of them out would fail the comparison."""
    rows = compared(recorded)
    alone = [_covering(row, difference) for row in rows for difference in row.differences]
    assert {each[0] for each in alone if len(each) == 1} == set(WAIVERS)
    rules = [[r for r in OUT_OF_SCOPE if r.covers(row.exchange)] for row in rows if not row.kind]
    assert {each[0] for each in rules if len(each) == 1} == set(OUT_OF_SCOPE)
    assert len(verdict(rows, waivers=(), out_of_scope=()).faults) > len(rows)


def _covering(row: Compared, difference: Difference) -> list[Waiver]:
    return [waiver for waiver in WAIVERS if waiver.covers(row, difference)]


def test_a_waiver_that_fits_nothing_any_more_is_a_fault(recorded: tuple[Recording, ...]) -> None:
    rows = compared(recorded)
    stale = Waiver("GET *", "$.properties.gone", "missing", "was once so")
    assert any("gone" in f for f in verdict(rows, (*WAIVERS, stale)).faults)
    beside = OutOfScope("^POST .*/nothing$", "was once so")
    assert any("nothing" in f for f in verdict(rows, out_of_scope=(*OUT_OF_SCOPE, beside)).faults)


def test_reasons_are_given_and_rows_stand_once() -> None:
    assert len({*WAIVERS, *OUT_OF_SCOPE}) == len(WAIVERS) + len(OUT_OF_SCOPE)
    reasons = [*(each.reason for each in WAIVERS), *(each.reason for each in OUT_OF_SCOPE)]
    assert all(len(reason.split()) > 2 for reason in reasons)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ({"a": 1}, {"a": 1.5}, "$.a: value"),
        ({"a": 1}, {"a": True}, "$.a: type"),
        ({"b": 1, "a": 1}, {"a": 1, "b": 1}, "$: order"),
        ([{"a": 1}, {"a": None}], [{"a": 1}, {"a": 1}], "$[].a: null"),
        ([], [1], "$: length"),
        ({}, [], "$: type"),
        ("/Subscriptions/s", "/subscriptions/s", "$: spelling"),
        ("2026-01-01T00:00:00Z", "2023-01-01T00:00:00.1234567Z", "$: value"),
        ("2026-01-01T00:00:00Z", "2023-01-01T00:00:00", "$: value"),
        ("0001-01-01T00:00:00", "2023-01-01T00:00:00", "$: value"),
    ],
)
def test_each_kind_of_difference_has_its_name(ours: Any, theirs: Any, expected: str) -> None:
    found = [str(each) for each in body_differences(ours, theirs)]
    assert any(each.startswith(expected) for each in found), found


def test_what_each_side_makes_up_is_no_difference() -> None:
    one = {"id": "11111111-2222-3333-4444-555555555555", "at": "2023-01-01T00:00:00.12Z", "n": 1}
    other = {"id": "99999999-aaaa-bbbb-cccc-dddddddddddd", "at": "2026-09-09T12:34:56.1Z", "n": 1.0}
    assert list(body_differences(one, other)) == []


def test_a_waiver_covers_its_own_place_only() -> None:
    exchange = Exchange("f 0", "GET", "https://h/x", None, 200, {}, None, complete=True)
    row = Compared(exchange, "GET /x/replicationjobs/{job}", True, ())
    waiver = Waiver("GET */{job}", "$.tasks[].state", "value", "some reason given")
    assert waiver.covers(row, Difference("$.tasks[].state", "value"))
    assert not waiver.covers(row, Difference("$.tasks[].stateDescription", "value"))
    assert not waiver.covers(row, Difference("$.tasks.state", "value"))
    assert not waiver.covers(row, Difference("$.tasks[].state", "null"))
    assert not waiver.covers(replace(row, kind="GET /x"), Difference("$.tasks[].state", "value"))
    filtered = replace(waiver, filtered=True)
    assert not filtered.covers(row, Difference("$.tasks[].state", "value"))
