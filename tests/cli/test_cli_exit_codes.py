from __future__ import annotations

import pytest

from asr_netmap import errors
from asr_netmap.applying.outcome import Outcome, Result, Status
from asr_netmap.arm_id import ArmId
from asr_netmap.cli.exit_codes import (
    ExitCode,
    incomplete_plan,
    of_error,
    of_findings,
    of_result,
    worst,
)
from asr_netmap.errors import AsrNetmapError, SettingsError
from asr_netmap.models import NotLookedAt
from asr_netmap.planning.basis import FromTable
from asr_netmap.planning.plan import Finding, Pending, Plan, Severity
from tests.builders import scope

VAULT = ArmId.of_vault("11111111-2222-3333-4444-555555555555", "rg", "vault")

EXPECTED = {
    "AsrNetmapError": 1,
    "UsageError": 2,
    "InvalidArmId": 2,
    "SettingsError": 2,
    "TableError": 2,
    "NotFound": 1,
    "AmbiguousName": 1,
    "PlanningError": 1,
    "SharedTarget": 4,
    "FileError": 1,
    "EstateFileError": 1,
    "PlanFileError": 1,
    "CassetteFileError": 1,
    "CassetteMismatch": 1,
    "NetworkBlocked": 1,
    "NotRecorded": 1,
    "Unplayed": 1,
    "Refused": 4,
    "AlteredPlan": 4,
    "ForeignPlan": 4,
    "ExpiredPlan": 4,
    "StalePlan": 4,
    "UnsafePlan": 4,
    "Frozen": 4,
    "FailoverInProgress": 4,
    "Declined": 4,
    "AzureError": 1,
    "CredentialsMissing": 1,
    "Forbidden": 1,
    "PolicyDenied": 1,
    "Locked": 1,
    "ProviderNotRegistered": 1,
    "Missing": 1,
    "Busy": 1,
    "Throttled": 1,
    "Unreachable": 1,
    "BlockedRequest": 1,
    "UnexpectedAnswer": 1,
    "OperationFailed": 1,
    "OutcomeUnknown": 6,
}


def tree(root: type[AsrNetmapError]) -> list[type[AsrNetmapError]]:
    return [root, *(each for child in root.__subclasses__() for each in tree(child))]


def test_every_exception_of_the_tree_has_the_exit_code_that_the_design_gives_it() -> None:
    found = {
        kind.__name__: int(
            of_error(kind("f", ["x"]) if issubclass(kind, SettingsError) else kind("x"))
        )
        for kind in tree(AsrNetmapError)
        if kind.__module__ == errors.__name__
    }
    assert found == EXPECTED


def result(*statuses: Status, interrupted: bool = False) -> Result:
    outcomes = tuple(Outcome(str(n), status) for n, status in enumerate(statuses))
    return Result(outcomes, interrupted=interrupted)


@pytest.mark.parametrize(
    ("given", "pending", "pending_ok", "code"),
    [
        (result(), False, False, 0),
        (result(Status.APPLIED), False, False, 0),
        (result(Status.APPLIED, Status.FAILED), False, False, 5),
        (result(Status.APPLIED, Status.FAILED), False, True, 5),
        (result(Status.PENDING), False, False, 5),
        (result(Status.PENDING), False, True, 0),
        (result(Status.APPLIED), True, False, 5),
        (result(Status.APPLIED), True, True, 0),
        (result(Status.FAILED, Status.UNKNOWN), True, True, 6),
        (result(Status.APPLIED, interrupted=True), False, False, 130),
        (result(Status.UNKNOWN, interrupted=True), False, False, 6),
    ],
)
def test_the_outcomes_of_a_run_give_its_exit_code(
    given: Result, pending: bool, pending_ok: bool, code: int
) -> None:
    waiting = [Pending(VAULT, "vm", "not yet")] if pending else []
    assert of_result(given, waiting, pending_ok=pending_ok) == code


ERROR = Finding("code", Severity.ERROR, VAULT, "vm", "message")
WARNING = Finding("code", Severity.WARNING, VAULT, "vm", "message")


@pytest.mark.parametrize(
    ("plan", "incomplete"),
    [
        (Plan(scope(), {}), False),
        (Plan(scope(), {}, findings=(WARNING,)), False),
        (Plan(scope(), {}, findings=(ERROR,)), True),
        (Plan(scope(), {}, findings=(ERROR,), basis=FromTable()), False),
        (Plan(scope(), {}, not_looked_at=(NotLookedAt("networks", "403"),)), True),
        (Plan(scope(), {}, not_looked_at=(NotLookedAt("nics", "403"),), basis=FromTable()), True),
    ],
)
def test_what_was_not_seen_or_can_not_be_planned_leaves_a_run_incomplete_whatever_may_wait(
    plan: Plan, incomplete: bool
) -> None:
    assert incomplete_plan(plan) is incomplete
    code = 5 if incomplete else 0
    for outcomes in (result(Status.APPLIED), result()):
        assert of_result(outcomes, (), incomplete=incomplete_plan(plan), pending_ok=True) == code


@pytest.mark.parametrize(
    ("severity", "fail_on", "code"),
    [
        (Severity.ERROR, Severity.ERROR, 3),
        (Severity.WARNING, Severity.ERROR, 0),
        (Severity.WARNING, Severity.WARNING, 3),
        (Severity.INFO, Severity.WARNING, 0),
        (Severity.INFO, Severity.INFO, 3),
        (Severity.ERROR, None, 0),
    ],
)
def test_findings_at_or_above_the_limit_fail_a_verification(
    severity: Severity, fail_on: Severity | None, code: int
) -> None:
    assert of_findings([Finding("c", severity, VAULT, "t", "m")], [], fail_on) == code


def test_a_verification_that_could_not_look_at_everything_is_never_green() -> None:
    assert of_findings([], [NotLookedAt("x", "403")], None) == ExitCode.INCOMPLETE


def test_of_several_runs_the_worst_one_counts() -> None:
    assert worst([ExitCode.DONE, ExitCode.REFUSED, ExitCode.UNKNOWN]) == 6
    assert worst([ExitCode.CHANGES, ExitCode.DONE]) == 3
    assert worst([]) == 0
