"""JUnit XML: it fits its grammar, and says of every finding whether it failed."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from xml.etree.ElementTree import Element, fromstring

import pytest

from asr_netmap.models import NotLookedAt
from asr_netmap.planning.drill import DrillCheck
from asr_netmap.planning.plan import Finding, Pending, Plan, Severity
from asr_netmap.planning.readiness import Missing, Readiness
from asr_netmap.planning.verification import Verification
from asr_netmap.report.junit import junit_xml
from asr_netmap.rules.effective import Effective
from tests.builders import VAULT, network_id, scope, settings
from tests.report.junit_schema import faults
from tests.report.nasty_names import NASTY_NAMES

APP1 = VAULT.child("replicationProtectedItems", "app1")
EXPECTED = Effective(
    network_id("vnet-test"), "web", ip_address("10.1.1.50"), True, "10.1.1.50 is set"
)
PASSED = DrillCheck(
    APP1, "app1", "nic", "ip1", EXPECTED, subnet="web", address=ip_address("10.1.1.50")
)
GAP = NotLookedAt("NICs of subscription 1", "no permission", VAULT, "Assign the role.")


def finding(code: str, severity: Severity, title: str = "app1") -> Finding:
    return Finding(code, severity, APP1, title, f"the message of {code}", f"the fix of {code}")


def everything() -> Verification:
    """A verification with one of each."""
    plan = Plan(
        scope(),
        settings().model_dump(mode="json"),
        pending=(Pending(APP1, "new1", "not protected yet"),),
        not_looked_at=(GAP,),
    )
    return Verification(
        plan,
        (
            finding("mapping-missing", Severity.ERROR),
            finding("no-egress", Severity.WARNING),
            finding("no-egress", Severity.WARNING),
            finding("default-uncertain", Severity.INFO),
            finding("not-looked-at", Severity.WARNING),
        ),
        (
            Readiness(APP1, "app1", True),
            Readiness(APP1, "app2", False, (Missing("item-state", "not protected"),)),
            Readiness(APP1, "app3", None, (), ("NICs",)),
        ),
        drill=(PASSED, replace(PASSED, ip_config="ip2", problem="the address is another")),
    )


def xml(verification: Verification, least: Severity | None = Severity.WARNING) -> str:
    def fails(each: Finding) -> bool:
        return least is not None and each.severity.rank <= least.rank

    return junit_xml((verification,), fails, sandbox=True)


def cases(text: str) -> dict[str, Element]:
    root = fromstring(text.encode())
    return {str(each.get("name")): each for each in root.iter("testcase")}


def outcome(case: Element) -> str:
    return next((t for t in ("failure", "error", "skipped") if case.find(t) is not None), "")


def test_a_document_with_one_of_each_fits_the_grammar() -> None:
    text = xml(everything())
    assert faults(text) == []
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites')


def test_an_empty_verification_is_one_case_that_passed() -> None:
    plan = Plan(scope(), {})
    text = xml(Verification(plan, ()))
    assert faults(text) == []
    assert [outcome(case) for case in cases(text).values()] == [""]


@pytest.mark.parametrize(
    ("least", "failed"),
    [(None, 0), (Severity.ERROR, 1), (Severity.WARNING, 3), (Severity.INFO, 4)],
)
def test_the_severity_decides_which_findings_fail(least: Severity | None, failed: int) -> None:
    found = cases(xml(everything(), least))
    about_findings = [c for c in found.values() if c.get("classname") == "asr-netmap.findings"]
    assert len(about_findings) == 4, "what was not looked at is told once, as an error"
    assert sum(outcome(case) == "failure" for case in about_findings) == failed


def test_a_failure_has_severity_code_message_and_fix() -> None:
    failure = cases(xml(everything()))["mapping-missing: app1"].find("failure")
    assert failure is not None
    assert failure.get("type") == "error.mapping-missing"
    assert failure.get("message") == "the message of mapping-missing"
    assert "fix: the fix of mapping-missing" in str(failure.text)
    assert str(APP1) in str(failure.text)


def test_a_finding_that_does_not_fail_passes_with_its_text() -> None:
    case = cases(xml(everything(), None))["mapping-missing: app1"]
    assert outcome(case) == ""
    assert "the fix of mapping-missing" in str(case.findtext("system-out"))


def test_the_same_finding_twice_gets_a_number() -> None:
    assert {"no-egress: app1", "no-egress: app1 (2)"} <= set(cases(xml(everything())))


def test_findings_that_differ_in_what_is_not_shown_alone_get_numbers_too() -> None:
    titles = ("x", "x\u200b", "x (2)", "\x1b[31mx")
    found = tuple(finding("no-egress", Severity.ERROR, title) for title in titles)
    text = xml(replace(everything(), findings=found))
    assert faults(text) == []
    names = [name for name in cases(text) if name.startswith("no-egress: ")]
    assert names == [f"no-egress: x{number}" for number in ("", " (2)", " (2) (2)", " (3)")]


def test_readiness_pending_and_what_was_not_read_have_outcomes_of_their_own() -> None:
    found = {name: outcome(case) for name, case in cases(xml(everything())).items()}
    assert found["app1 can fail over to the right place"] == ""
    assert found["app2 can fail over to the right place"] == "skipped"
    assert found["app3 can fail over to the right place"] == "skipped"
    assert found["new1"] == "skipped"
    assert found[GAP.what] == "error"


def test_a_drill_is_a_case_for_each_ip_config_whatever_fails_the_findings() -> None:
    found = cases(xml(everything(), None))
    assert outcome(found["test failover of app1: nic/ip1"]) == ""
    failed = found["test failover of app1: nic/ip2"]
    assert outcome(failed) == "failure"
    assert "expected: web 10.1.1.50" in str(failed.findtext("failure"))


def test_vaults_without_a_verification_are_a_suite_of_errors() -> None:
    text = junit_xml((), lambda _each: True, sandbox=False, not_looked_at=(GAP,), cassette="v.yaml")
    assert faults(text) == []
    assert [outcome(case) for case in cases(text).values()] == ["error"]
    assert 'name="cassette" value="v.yaml"' in text


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_no_name_breaks_the_document(name: str) -> None:
    nasty = replace(finding("no-egress", Severity.ERROR, name), message=name, fix=name)
    text = xml(replace(everything(), findings=(nasty,)))
    assert faults(text) == []


@pytest.mark.parametrize(
    "broken",
    [
        "<testsuite tests='1' failures='0' errors='0'/>",
        "<testsuite name='x' tests='1' failures='0' errors='0'/>",
        "<testsuite name='x' tests='many' failures='0' errors='0'/>",
        "<testsuite name='x' tests='0' failures='0' errors='0'><case/></testsuite>",
        "<testsuite name='x' tests='0' failures='0' errors='0'>text</testsuite>",
        "<testsuite name='x' tests='1' failures='0' errors='0'><testcase name='a'/></testsuite>",
        "<testsuite name='x' tests='1' failures='1' errors='0'><testcase name='a' classname='b'>"
        "<failure/><failure/></testcase></testsuite>",
        "<testsuite name='x' tests='1' failures='1' errors='1'><testcase name='a' classname='b'>"
        "<error/><failure/></testcase></testsuite>",
        "<testsuite name='x' tests='0' failures='0' errors='0'><system-out/><properties/>"
        "</testsuite>",
        "<testsuite name='x' tests='2' failures='0' errors='0'><testcase name='a' classname='b'/>"
        "<testcase name='a' classname='b'/></testsuite>",
        "<other/>",
    ],
)
def test_the_grammar_refuses_what_is_wrong(broken: str) -> None:
    assert len(faults(broken)) >= 1
