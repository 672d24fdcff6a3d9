"""Every exception of the SDKs and every error body, as one of our errors."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from azure.core import exceptions as sdk
from azure.core.rest import HttpRequest, HttpResponse

from asr_netmap import errors
from asr_netmap.gateway.error_body import error_body
from asr_netmap.gateway.failure import (
    TABLE,
    Asked,
    from_exception,
    from_response,
    never_sent,
    translated,
)
from asr_netmap.gateway.sandbox_transport import SandboxResponse

from .scripted import TOKEN, answer, arm_error

PATH = "/subscriptions/s1/resourceGroups/g1/providers/Microsoft.Network/virtualNetworks/v1"
READ, WRITE = Asked("GET", PATH), Asked("PUT", PATH)


def response(status: int, body: object = None, **headers: str) -> HttpResponse:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = HttpRequest("GET", f"https://management.azure.com{PATH}")
    request.headers["Authorization"] = f"Bearer {TOKEN}"
    return SandboxResponse(request, answer(status, body, names))


def sdk_classes() -> list[type[Exception]]:
    return [
        each
        for _, each in inspect.getmembers(sdk, inspect.isclass)
        if issubclass(each, Exception) and each.__module__ == sdk.__name__
    ]


@pytest.mark.parametrize("kind", sdk_classes(), ids=lambda kind: kind.__name__)
def test_no_exception_class_of_the_sdk_is_unmapped(kind: type) -> None:
    assert kind in TABLE


def test_the_walk_finds_the_classes_that_matter() -> None:
    found = set(sdk_classes())
    assert len(found) >= 20
    assert {sdk.HttpResponseError, sdk.ServiceRequestError, sdk.DecodeError} <= found


def made(kind: type[Exception]) -> Exception:
    """An object of that class, as bare as can be."""
    if kind is sdk.ODataV4Error:
        return sdk.ODataV4Error(response(409, arm_error("Conflict")))
    return kind.__new__(kind)


@pytest.mark.parametrize("asked", [READ, WRITE], ids=["read", "write"])
@pytest.mark.parametrize("kind", sdk_classes(), ids=lambda kind: kind.__name__)
def test_every_class_becomes_an_error_of_ours_that_names_the_call(
    kind: type[Exception], asked: Asked
) -> None:
    error = from_exception(made(kind), asked)
    assert isinstance(error, errors.AzureError)
    assert str(asked) in error.message


def test_a_class_that_nobody_has_seen_yet_is_mapped_by_its_parents() -> None:
    class Newer(sdk.ServiceResponseTimeoutError):
        pass

    assert isinstance(from_exception(Newer("x"), READ), errors.Unreachable)
    assert isinstance(from_exception(Newer("x"), WRITE), errors.OutcomeUnknown)


def test_our_own_errors_pass_unchanged() -> None:
    with pytest.raises(errors.BlockedRequest, match="as it is"), translated(READ):
        raise errors.BlockedRequest("as it is")


def test_a_body_that_is_no_json_after_success_is_unreadable_or_unknown() -> None:
    with pytest.raises(errors.UnexpectedAnswer, match="can't be read"), translated(READ):
        json.loads("<html>")
    with pytest.raises(errors.OutcomeUnknown, match="can't be read"), translated(WRITE):
        json.loads("<html>")


FORBIDDEN = (
    "The client 'me@example.com' with object id 'o1' does not have authorization to perform "
    "action 'Microsoft.Network/virtualNetworks/write' over scope '/subscriptions/s1/x' or the "
    "scope is invalid. If access was recently granted, please refresh your credentials."
)
LINKED = (
    "The client 'me' with object id 'o1' has permission to perform action "
    "'Microsoft.RecoveryServices/x/write' on scope '/subscriptions/s1/item'; however, it does not "
    "have permission to perform action(s) 'Microsoft.Network/virtualNetworks/subnets/join/action' "
    "on the linked scope(s) '/subscriptions/s1/subnet' (respectively) or the linked scope(s) are "
    "invalid."
)
POLICY_INFO = {
    "policyDefinitionDisplayName": "Subnets need an NSG",
    "policyAssignmentDisplayName": "landing zone",
    "policyAssignmentScope": "/subscriptions/s1",
}
LOCKED = (
    "The scope '/subscriptions/s1/x' cannot perform write operation because following scope(s) "
    "are locked: '/subscriptions/s1/resourceGroups/g1'. Please remove the lock and try again."
)
UNREGISTERED = (
    "The subscription is not registered to use namespace 'Microsoft.Network'. See https://aka.ms/x"
)
ANSWERS: list[tuple[int, Any, type[errors.AzureError], list[str]]] = [
    (
        403,
        arm_error("AuthorizationFailed", FORBIDDEN),
        errors.Forbidden,
        ["'Microsoft.Network/virtualNetworks/write'", "'/subscriptions/s1/x'", "role assignment"],
    ),
    (
        403,
        arm_error("LinkedAuthorizationFailed", LINKED),
        errors.Forbidden,
        ["'Microsoft.Network/virtualNetworks/subnets/join/action'", "'/subscriptions/s1/subnet'"],
    ),
    (
        403,
        arm_error(
            "RequestDisallowedByPolicy",
            "Resource 'v1' was disallowed by policy.",
            additionalInfo=[{"type": "PolicyViolation", "info": POLICY_INFO}],
        ),
        errors.PolicyDenied,
        ["'Subnets need an NSG'", "'landing zone'", "/subscriptions/s1"],
    ),
    (
        409,
        arm_error("ScopeLocked", LOCKED),
        errors.Locked,
        ["lock on /subscriptions/s1/resourceGroups/g1 stops"],
    ),
    (
        409,
        arm_error("MissingSubscriptionRegistration", UNREGISTERED),
        errors.ProviderNotRegistered,
        ["az provider register --namespace Microsoft.Network --subscription s1"],
    ),
    (401, arm_error("InvalidAuthenticationTokenTenant"), errors.CredentialsMissing, ["--cloud"]),
    (404, arm_error("ResourceNotFound"), errors.Missing, []),
    (
        400,
        arm_error("BadRequest", details=[{"code": "SubscriptionIdNotRegisteredWithSrs"}]),
        errors.Missing,
        [],
    ),
    (
        400,
        arm_error("BadRequest", details=[{"code": "FabricArmEntityMissing"}]),
        errors.Missing,
        [],
    ),
    (409, arm_error("Conflict"), errors.Busy, ["Something else works on it"]),
    (429, arm_error("TooManyRequests"), errors.Throttled, ["--workers"]),
    (500, arm_error("InternalServerError"), errors.Unreachable, ["try again later"]),
    (503, b"<html>down</html>", errors.Unreachable, ["<html>down</html>"]),
    (302, b"", errors.UnexpectedAnswer, ["in its place"]),
    (400, arm_error("InvalidParameter", "no such region"), errors.AzureError, ["no such region"]),
]


@pytest.mark.parametrize(("status", "body", "kind", "texts"), ANSWERS)
def test_an_answer_becomes_the_right_error_and_says_what_to_do(
    status: int, body: object, kind: type[errors.AzureError], texts: list[str]
) -> None:
    error = from_response(response(status, body), READ)
    assert type(error) is kind
    assert f"GET {PATH}: HTTP {status}" in error.message
    for text in texts:
        assert text in str(error)


def test_forbidden_carries_action_and_scope() -> None:
    error = from_response(response(403, arm_error("AuthorizationFailed", FORBIDDEN)), READ)
    assert isinstance(error, errors.Forbidden)
    assert error.action == "Microsoft.Network/virtualNetworks/write"
    assert error.scope == "/subscriptions/s1/x"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 200, 201])
def test_a_write_without_proof_of_refusal_is_unknown(status: int) -> None:
    error = from_response(response(status, arm_error("X")), WRITE)
    assert isinstance(error, errors.OutcomeUnknown)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 429, 307])
def test_a_write_that_was_refused_is_not_unknown(status: int) -> None:
    error = from_response(response(status, arm_error("X")), WRITE)
    assert not isinstance(error, errors.OutcomeUnknown)


def test_site_recoverys_causes_and_advice_are_kept() -> None:
    """The SDKs' exception texts lose them."""
    detail = {
        "code": "ArmResourceDoesNotExist",
        "message": "Specified resource with name 'x' does not exist.",
        "possibleCauses": "Ensure correct\n      resource name was specified.",
        "recommendedAction": "Verify ARM resource name details.",
    }
    message = "Specified resource with name 'x' does not exist."
    body = arm_error("NotFound", message, details=[detail])
    error = from_response(response(404, body, x_ms_correlation_request_id="c-1"), READ)
    assert isinstance(error, errors.Missing)
    assert error.message.count("Specified resource") == 1
    assert "NotFound/ArmResourceDoesNotExist" in error.message
    assert "Possible causes: Ensure correct resource name was specified." in error.message
    assert "Recommended: Verify ARM resource name details." in error.message
    assert "(correlation id c-1)" in error.message


def test_a_nasty_text_from_elsewhere_is_one_plain_line_without_secrets() -> None:
    nasty = f"\x1b]8;;http://evil\x07\n::error::\u202e Bearer {TOKEN} https://x/y?sig=abc&s=SIGNED"
    error = from_response(response(400, arm_error("Bad", nasty)), READ)
    assert not any(ord(each) < 32 or each == "\u202e" for each in error.message)
    for secret in ("CANARY", "sig=abc", "SIGNED"):
        assert secret not in str(error)


def test_no_message_or_cause_shows_the_token() -> None:
    failure = sdk.HttpResponseError(response=response(403, arm_error("X", f"got {TOKEN}")))
    with pytest.raises(errors.Forbidden) as raised, translated(READ):
        raise failure
    assert "CANARY" not in f"{raised.value!r} {raised.value}"


@pytest.mark.parametrize("text", ["", "null", "[]", "3", '"text"', "{", '{"error":"plain"}'])
def test_an_odd_error_body_is_still_a_message(text: str) -> None:
    body = error_body(text)
    assert body.codes == ()
    error = from_response(response(400, text.encode()), READ)
    assert f"HTTP 400: {body.message or 'no text'}" in error.message


def test_a_connect_time_out_was_never_sent_and_a_read_time_out_may_have_been() -> None:
    assert never_sent(sdk.ServiceRequestTimeoutError("connect"))
    assert not never_sent(sdk.ServiceResponseTimeoutError("read"))
    assert not never_sent(sdk.ServiceRequestError("TLS record broken"))


def test_the_recorded_error_bodies_are_understood(recordings: Path) -> None:
    cases = json.loads((recordings / "errors.json").read_text())
    kinds = {404: errors.Missing, 409: errors.Busy}
    checked = 0
    for case in cases:
        if case["kind"] == "http" and "body" in case:
            error = from_response(response(case["status"], case["body"]), READ)
            assert type(error) is kinds[case["status"]]
            assert case["body"]["error"]["code"] in error.message
            checked += 1
    assert checked == 3
