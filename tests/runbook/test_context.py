"""Webhooks and recovery plans: read leniently, never needed, never trusted with more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from asr_netmap.runbook.argument import Asked, understood
from asr_netmap.runbook.options import flags

from .jobs import Service
from .test_modes import web

FIXED = "finish --config netmap"
WORDS = ("finish", "--config", "netmap")
PLAN = {
    "RecoveryPlanName": "rp-app",
    "FailoverType": "Test",
    "FailoverDirection": "PrimaryToSecondary",
    "GroupId": "1",
    "VmMap": {"7a1069c6-c1d6-49c5-8c5d-33bfce8dd183": {"CloudServiceName": "", "RoleName": "x"}},
}


def webhook(body: Any) -> dict[str, Any]:
    return {
        "WebhookName": "nightly",
        "RequestBody": body if isinstance(body, str) else json.dumps(body),
        "RequestHeader": {"Host": "example.invalid", "x-ms-request-id": "1"},
    }


def asked(*argv: str) -> Asked:
    return understood(argv, flags())


def as_automation_sends_it(data: dict[str, Any]) -> tuple[str, ...]:
    """Without quotes but in the body, split at blanks, as public samples find it."""
    body, name = data["RequestBody"], data["WebhookName"]
    text = f"{{WebhookName:{name},RequestBody:{body},RequestHeader:{{Host:example.invalid}}}}"
    return tuple(text.split(" "))


BODY = {"only": "vm=web1", "note": "hello you"}
SHAPES = {
    "behind the string": (FIXED, json.dumps(webhook(BODY))),
    "before the string": (json.dumps(webhook(BODY)), FIXED),
    "behind JSON": ('{"mode":"finish","config":"netmap"}', json.dumps(webhook(BODY))),
    "as Automation sends it": (FIXED, *as_automation_sends_it(webhook(BODY))),
    "with single quotes": (FIXED, json.dumps(webhook(BODY)).replace('"', "'")),
    "in quotes": (FIXED, f"'{json.dumps(webhook(BODY))}'"),
    "wrapped": (FIXED, json.dumps({"WebhookData": webhook(BODY)})),
    "wrapped as a text": (FIXED, json.dumps({"WebhookData": json.dumps(webhook(BODY))})),
    "a body without its quotes": (
        FIXED,
        "{WebhookName:nightly,RequestBody:{only:vm=web1,note:hello you},RequestHeader:{Host:x}}",
    ),
}


@pytest.mark.parametrize("argv", SHAPES.values(), ids=SHAPES)
def test_a_webhook_is_recognised_in_any_shape(argv: tuple[str, ...]) -> None:
    found = asked(*argv)
    assert found.words == (*WORDS, "--only=vm=web1")
    assert found.notes[0] == "Started by webhook nightly."
    assert "'note'" in found.notes[1]


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "apply"},
        {"config": "another"},
        {"vault-id": "/subscriptions/x"},
        {"settings": {"version": 1}},
        {"create-networks": True},
        {"allow_retarget": True},
        {"allowRetarget": True},
        {"enforce": True},
        {"max-changes": 9999},
        {"deadline": "9h"},
        {"plan": "forged", "expect-sha256": "0" * 64},
        {"endpoint": "http://127.0.0.1:1"},
        {"sandbox": "demo"},
        {"--yes": True},
        {"only=": "x"},
        {"only": {"vm": "web1"}},
        {"only": 7},
    ],
)
def test_the_caller_of_a_webhook_can_ask_for_nothing_more(body: dict[str, Any]) -> None:
    found = asked(FIXED, json.dumps(webhook(body)))
    assert found.words == WORDS
    assert len(found.notes) == 1 + len(body)


def test_the_caller_of_a_webhook_can_ask_for_less() -> None:
    found = asked(FIXED, json.dumps(webhook({"mode": "verify", "failOnDrift": True})))
    assert found.words == ("verify", "--config", "netmap", "--fail-on-drift")


def test_what_a_caller_picks_is_a_value_and_never_an_option() -> None:
    found = asked(FIXED, json.dumps(webhook({"only": ["vm=web1", "--create-networks"]})))
    assert found.words == (*WORDS, "--only=vm=web1", "--only=--create-networks")


def test_the_caller_of_a_webhook_cannot_pick_beside_what_is_picked() -> None:
    found = asked(f"{FIXED} --only vm=web2", json.dumps(webhook({"only": "vm=web1"})))
    assert found.words == (*WORDS, "--only", "vm=web2")


def test_a_caller_who_wants_another_mode_of_a_verifying_job_gets_it_verified() -> None:
    azure = web()
    job = azure.job("verify --config netmap", json.dumps(webhook({"mode": "apply"})))
    assert (job.code, azure.accepted, job.last["mode"]) == (0, [], "verify")


def test_a_webhook_alone_says_nothing_to_do() -> None:
    azure = web()
    job = azure.job(json.dumps(webhook({"mode": "apply", "config": "netmap"})))
    assert (job.code, azure.accepted) == (2, [])


@pytest.mark.parametrize("wrap", [lambda p: p, lambda p: {"RecoveryPlanContext": p}])
def test_a_recovery_plan_is_told_and_changes_nothing(wrap: Any) -> None:
    found = asked(FIXED, json.dumps(wrap(PLAN)))
    assert found.words == WORDS
    assert found.notes == (
        "Started by recovery plan rp-app: failover type Test, direction PrimaryToSecondary.",
    )


@pytest.mark.parametrize(
    "broken",
    [
        "{WebhookName:x,RequestBody:{",
        "WebhookName:x,RequestBody:{}",
        '{"RequestBody": "{\\"mode\\": \\"apply\\""}',
        '{"WebhookData": 7}',
        '{"RecoveryPlanName": }',
    ],
)
def test_a_context_that_cannot_be_read_is_left_out(broken: str) -> None:
    assert asked(FIXED, broken).words == WORDS


def test_names_in_a_context_are_inert() -> None:
    data = {**webhook({}), "WebhookName": "a\nERROR: b\x1b[2J"}
    job = Service(web().estate).job("verify --config netmap", json.dumps(data))
    assert "\x1b" not in job.text
    assert not any(line.startswith("ERROR: b") for line in job.lines)
