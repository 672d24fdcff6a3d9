"""Findings, the worst first, those of one code together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from asr_netmap.planning.commands import completed
from asr_netmap.planning.finding_codes import kind_of
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.report.html.markup import Child, Markup, element
from asr_netmap.report.html.wording import counted, marked

SIGNS = {Severity.ERROR: "✕", Severity.WARNING: "!", Severity.INFO: "i"}
HEADINGS = {
    Severity.ERROR: "Errors",
    Severity.WARNING: "Warnings",
    Severity.INFO: "For information",
}
AT_ONCE = 6
"""So many of one code are seen at once; the others are folded below them."""
MOST_OF_ONE_CODE = 500
"""More of one code nobody reads; how many there are is said, and each row has its codes."""


def findings(found: Sequence[Finding], options: str) -> Iterator[Child]:
    """The section's inside.

    options -- what commands need to be run as they stand.
    """
    if not found:
        yield element("p", "Nothing was found that is not as declared.", class_="nothing")
        return
    for severity, group in groupby(sorted(found, key=_order), key=lambda f: f.severity):
        own = list(group)
        yield element("h3", f"{HEADINGS[severity]} ({len(own):,})")
        for code, alike in groupby(own, key=lambda f: f.code):
            yield _of_one_code(code, list(alike), options)


def _order(finding: Finding) -> tuple[int, str]:
    return finding.severity.rank, finding.code


def _of_one_code(code: str, alike: Sequence[Finding], options: str) -> Markup:
    severity = alike[0].severity
    fixes = {(finding.fix, finding.command) for finding in alike}
    shared = fixes == {(alike[0].fix, alike[0].command)}
    shown = alike[:MOST_OF_ONE_CODE]
    return element(
        "article",
        element(
            "h4",
            element("span", SIGNS[severity], class_=f"mark {severity.value}"),
            element("span", severity.value, class_="word"),
            element("span", code, class_="code"),
            element("span", f"{len(alike):,} times", class_="soft") if len(alike) > 1 else None,
        ),
        _meaning(code),
        _listed(shown[:AT_ONCE], shared, options),
        _folded(shown[AT_ONCE:], shared, options),
        _left_out(len(alike) - len(shown), options),
        _fix(alike[0], options) if shared else None,
        class_=f"finding {severity.value}",
    )


def _meaning(code: str) -> Markup | None:
    """What the code means, and what that rests on; None: a code of another version."""
    kind = kind_of(code)
    if kind is None:
        return None
    basis = kind.basis
    rests_on: Child = str(basis)
    if basis.url:
        rests_on = element("a", str(basis), href=basis.url, rel="noreferrer")
    return element("p", marked(kind.meaning), " Rests on: ", rests_on, ".", class_="soft")


def _fix(finding: Finding, options: str) -> Iterator[Markup]:
    """What to do in words, and the command that does it."""
    if finding.fix:
        words = marked(finding.fix, options)
        yield element("p", element("b", "Fix: "), words, class_="fix")
    if finding.command:
        command = completed(finding.command, options)
        code = element("code", command, class_="copy")
        yield element("p", element("b", "Run: "), code, class_="fix")


def _listed(alike: Sequence[Finding], shared: bool, options: str) -> Markup:
    return element("ul", (_one(finding, shared, options) for finding in alike))


def _one(finding: Finding, shared: bool, options: str) -> Markup:
    own = None if shared else _fix(finding, options)
    message = finding.message.removeprefix(f"{finding.title}: ")
    message = message.removeprefix(f"{finding.title} ")
    return element("li", element("b", finding.title), ": ", marked(message), own)


def _folded(alike: Sequence[Finding], shared: bool, options: str) -> Markup | None:
    if not alike:
        return None
    summary = element("summary", f"{counted(len(alike), 'more')}".removesuffix("s"))
    return element("details", summary, _listed(alike, shared, options))


def _left_out(count: int, options: str) -> Markup | None:
    if not count:
        return None
    told = marked("`asr-netmap verify --format json`", options)
    words = f"{count:,} more are not on this page; all of them: "
    return element("p", words, told, class_="soft")
