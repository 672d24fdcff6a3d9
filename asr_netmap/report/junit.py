"""Verifications as JUnit XML, the report that CI systems show by themselves.

Elements and attributes are those that the Ant task writes and Jenkins reads (Ant manual,
JUnitReport; Jenkins xUnit plugin, junit-10 schema): suites of cases, each with at most one failure,
error or skip. A suite for each vault and pair of regions; a case for each finding, each item's
readiness and each IP config of a drill. What could not be looked at is an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from asr_netmap.models import NotLookedAt
from asr_netmap.planning.drill import DrillCheck
from asr_netmap.planning.effective_text import where_text
from asr_netmap.planning.plan import Finding, Pending, Scope
from asr_netmap.planning.readiness import Readiness
from asr_netmap.planning.verification import Verification
from asr_netmap.report.inert import clean
from asr_netmap.report.plan_pages import by_severity

Fails = Callable[[Finding], bool]
"""Whether a finding counts as a failure, by its severity."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One test case; outcome -- ``failure``, ``error``, ``skipped``, or empty: it passed."""

    group: str
    name: str
    outcome: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""


def junit_xml(
    verifications: Sequence[Verification],
    fails: Fails,
    *,
    sandbox: bool,
    cassette: str = "",
    not_looked_at: Sequence[NotLookedAt] = (),
) -> str:
    """The XML document, in UTF-8 when it is written, with a line's end at its end.

    fails -- which findings are failures; the others pass, with their text as output.
    cassette -- the recording that the data is from, if it is.
    not_looked_at -- vaults that have no verification.
    """
    facts = {"sandbox": str(sandbox).lower(), **({"cassette": cassette} if cassette else {})}
    root = Element("testsuites", name="asr-netmap verify")
    for verification in verifications:
        cases = tuple(_cases(verification, fails))
        _suite(root, _title(verification.plan.scope), cases, facts)
    if not_looked_at:
        _suite(root, "not looked at", tuple(map(_unread, not_looked_at)), facts)
    indent(root)
    body = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _cases(verification: Verification, fails: Fails) -> Iterator[_Case]:
    for finding in by_severity(verification.findings):
        if finding.code not in {"not-looked-at", "drill-differs"}:
            yield _finding(finding, failed=fails(finding))
    yield from map(_readiness, verification.readiness)
    yield from map(_drill, verification.drill)
    yield from map(_pending, verification.pending)
    yield from map(_unread, verification.not_looked_at)
    # A suite without any case is taken for a broken run.
    yield _Case("verify", "everything was read and compared")


def _finding(finding: Finding, *, failed: bool) -> _Case:
    lines = [finding.message, str(finding.subject)]
    lines += [f"fix: {finding.fix}"] if finding.fix else []
    lines += [f"run: {finding.command}"] if finding.command else []
    name = f"{finding.code}: {finding.title}"
    outcome = "failure" if failed else ""
    kind = f"{finding.severity.value}.{finding.code}"
    return _Case("findings", name, outcome, kind, finding.message, "\n".join(lines))


def _readiness(each: Readiness) -> _Case:
    """A VM that is not ready is told by its findings, which fail or not; so it is skipped here."""
    name = f"{each.vm} can fail over to the right place"
    if each.ready:
        return _Case("readiness", name)
    reasons = [missing.message for missing in each.missing]
    reasons += [f"not looked at: {what}" for what in each.unseen]
    message = "not ready" if each.ready is False else "unknown"
    return _Case("readiness", name, "skipped", message, f"{message}: {'; '.join(reasons)}")


def _drill(check: DrillCheck) -> _Case:
    name = f"test failover of {check.vm}: {check.where}"
    found = " ".join(str(part) for part in (check.subnet, check.address) if part) or "-"
    text = f"expected: {where_text(check.expected)} ({check.expected.text})\nfound: {found}"
    if check.passed:
        return _Case("drill", name, text=text)
    return _Case("drill", name, "failure", "drill-differs", check.problem, text)


def _pending(each: Pending) -> _Case:
    return _Case("pending", each.title, "skipped", "pending", each.reason)


def _unread(gap: NotLookedAt) -> _Case:
    return _Case("not looked at", gap.what, "error", "not-looked-at", gap.reason, gap.hint)


def _suite(root: Element, title: str, cases: Sequence[_Case], facts: Mapping[str, str]) -> None:
    outcomes = Counter(case.outcome for case in cases)
    suite = SubElement(
        root,
        "testsuite",
        name=_plain(title),
        tests=str(len(cases)),
        failures=str(outcomes["failure"]),
        errors=str(outcomes["error"]),
        skipped=str(outcomes["skipped"]),
        time="0",
    )
    properties = SubElement(suite, "properties")
    for name, value in facts.items():
        SubElement(properties, "property", name=name, value=_plain(value))
    for case in _distinct(cases):
        _case(suite, case)


def _distinct(cases: Iterable[_Case]) -> Iterator[_Case]:
    """Cases of the same name are one history to a CI system, so the later ones get a number."""
    taken: set[tuple[str, str]] = set()
    again: Counter[tuple[str, str]] = Counter()
    for case in cases:
        name = shown = _plain(case.name)
        while (case.group, name) in taken:
            again[case.group, shown] += 1
            name = f"{shown} ({again[case.group, shown] + 1})"
        taken.add((case.group, name))
        yield replace(case, name=name)


def _case(suite: Element, case: _Case) -> None:
    group = f"asr-netmap.{case.group.replace(' ', '-')}"
    element = SubElement(suite, "testcase", classname=group, name=case.name, time="0")
    if case.outcome == "skipped":
        SubElement(element, "skipped", message=_plain(case.message))
    elif case.outcome:
        below = SubElement(
            element, case.outcome, type=_plain(case.kind), message=_plain(case.message)
        )
        below.text = _text(case.text)
    elif case.text:
        SubElement(element, "system-out").text = _text(case.text)


def _title(scope: Scope) -> str:
    return f"vault {scope.vault.name}, {scope.regions.source} -> {scope.regions.target}"


def _plain(text: str) -> str:
    """Foreign text on one line; what XML can't hold is not in a clean text either."""
    return clean(text)


def _text(text: str) -> str:
    return "\n".join(_plain(line) for line in text.split("\n"))
