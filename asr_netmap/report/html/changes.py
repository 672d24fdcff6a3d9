"""What a plan would change, and what became of a run: before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from asr_netmap.planning.change import Change, Kind
from asr_netmap.planning.picture.past_run import PastRun, RunStep
from asr_netmap.report.changes import KIND_TITLES, NOT_SET, Difference, differences
from asr_netmap.report.html.markup import Child, Markup, element
from asr_netmap.report.html.wording import counted, marked

MOST_OF_ONE_KIND = 200
"""More changes of one kind nobody reads; the table of addresses has what they do."""
MOST_STEPS = 500
"""The same for the steps of a run; those that were not applied come first."""
_STATUS_KINDS = {"applied": "good", "pending": "wait", "failed": "bad", "unknown": "bad"}


def planned(changes: Sequence[Change], options: str) -> Iterator[Child]:
    """The changes, by what they are made to, in the order in which they are made."""
    if not changes:
        yield element("p", "The plan changes nothing.", class_="nothing")
    for kind in Kind:
        own = [change for change in changes if change.kind is kind]
        if own:
            yield element("h3", f"{KIND_TITLES[kind]} ({len(own):,})")
            yield _table(f"{KIND_TITLES[kind]}: before and after", own[:MOST_OF_ONE_KIND])
        if len(own) > MOST_OF_ONE_KIND:
            left = f"{len(own) - MOST_OF_ONE_KIND:,} more are not on this page; all of them: "
            command = marked("`asr-netmap plan --format json`", options)
            yield element("p", left, command, class_="soft")


def run(past: PastRun) -> Iterator[Child]:
    """What a journal tells: every change with its end."""
    counts = Counter(step.status for step in past.steps)
    told = ", ".join(f"{count:,} {status}" for status, count in counts.items()) or "no change"
    end = "" if past.ended else " The journal stops before the run's end."
    yield element("p", f"Begun {past.started}: {told}.{end} From {past.journal}.")
    steps = sorted(past.steps, key=lambda step: step.status == "applied")
    if not steps:
        return
    yield element(
        "div",
        element(
            "table",
            element("caption", "Every change of the run; those that were not applied come first"),
            _head("Ended", "Change", "Before and after", "What was said"),
            element("tbody", (_step(step) for step in steps[:MOST_STEPS])),
            class_="cards run",
        ),
        class_="late",
    )
    if len(steps) > MOST_STEPS:
        left = len(steps) - MOST_STEPS
        words = f"{counted(left, 'more step')} are not on this page; the journal has all."
        yield element("p", words, class_="soft")


def _table(caption: str, changes: Sequence[Change]) -> Markup:
    table = element(
        "table",
        element("caption", caption),
        _head("What", "Before and after", "Why"),
        element("tbody", (_change(change) for change in changes)),
        class_="cards plan",
    )
    return element("div", table, class_="late")


def _head(*columns: str) -> Markup:
    return element("thead", element("tr", (element("th", c, scope="col") for c in columns)))


def _change(change: Change) -> Markup:
    return element(
        "tr",
        element("th", _action(change), " ", change.title, scope="row"),
        element("td", _differences(change)),
        element("td", marked(change.reason)),
    )


def _action(change: Change) -> Markup:
    kind = {"create": "good", "update": "wait", "delete": "bad"}[change.action.value]
    return element("span", change.action.value, class_=f"chip {kind}")


def _differences(change: Change) -> Markup:
    return element("ul", (_difference(each) for each in differences(change)), class_="plain")


def _difference(each: Difference) -> Markup:
    """Before in words, too: a line through it alone would be form without meaning."""
    where = f"{each.where}: " if each.where else ""
    before: Child = (element("del", each.before), " → ") if each.before else None
    after = element("ins", each.after or NOT_SET)
    return element("li", element("span", f"{where}{each.what} ", class_="soft"), before, after)


def _step(step: RunStep) -> Markup:
    said = ": ".join(part for part in (step.code, step.message) if part)
    kind = _STATUS_KINDS.get(step.status, "bad")
    change = step.change
    return element(
        "tr",
        element("td", element("span", step.status, class_=f"chip {kind}")),
        element("th", _action(change), " ", change.title, scope="row")
        if change
        else element("th", step.change_id, scope="row"),
        element("td", _differences(change) if change else "nothing was written"),
        element("td", said or "-"),
    )
