"""The table of IP configs: today, at failover, at test failover, and why."""

from __future__ import annotations

from collections.abc import Iterator

from asr_netmap.models import IpAddress
from asr_netmap.planning.picture.picture import Picture
from asr_netmap.planning.picture.prospects import Prospect
from asr_netmap.planning.plan import Placement, Severity
from asr_netmap.report.html.markup import Child, Markup, element, joined
from asr_netmap.report.html.reasons import Reasons
from asr_netmap.report.html.wording import counted

LAST = "Ready, and findings"
COLUMNS = ("VM", "NIC and IP config", "Today", "At failover", "At test failover", LAST)
# What the rows can be filtered by: the mark that a row carries, and what it means.
FACETS = {
    "r": "not ready to fail over",
    "e": "with errors",
    "w": "with warnings",
    "n": "settings can't be written now",
    "u": "address not sure",
    "x": "will not exist after failover",
    "p": "changed by the plan",
}
_SEVERITY_MARKS = {Severity.ERROR: "e", Severity.WARNING: "w", Severity.INFO: ""}
_READY = {True: ("ready", "good"), False: ("not ready", "bad"), None: ("unknown", "wait")}
_SIGNS = {Severity.ERROR: "✕", Severity.WARNING: "!", Severity.INFO: "i"}


def addresses(picture: Picture, key: str) -> Markup:
    """The section's inside: controls, the table, and the reasons that its rows refer to."""
    if not picture.prospects:
        return element("p", "No replicated item goes between these regions.", class_="nothing")
    reasons = Reasons(key)
    rows = [_row(each, reasons) for each in picture.prospects]
    caption = f"{counted(len(rows), 'row')}: every IP config of every replicated item"
    table = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", (element("th", c, scope="col") for c in COLUMNS))),
        element("tbody", rows),
        class_="cards",
        id=f"{key}rows",
        data_live=True,
    )
    return joined(_controls(picture, key), element("div", table, class_="late"), reasons.listing())


def _controls(picture: Picture, key: str) -> Markup:
    """Filter and counter; hidden until the script makes them work."""
    planned = any(each.later is not None for each in picture.prospects)
    facets = {mark: words for mark, words in FACETS.items() if mark != "p" or planned}
    return element(
        "div",
        element("label", "Filter", element("input", type="search", data_filter=f"{key}rows")),
        element(
            "label",
            "Show",
            element(
                "select",
                element("option", "all", value=""),
                (element("option", words, value=mark) for mark, words in facets.items()),
                data_facet=f"{key}rows",
            ),
        ),
        element("output", data_count=f"{key}rows", role="status"),
        class_="controls",
        hidden=True,
    )


def _row(each: Prospect, reasons: Reasons) -> Markup:
    return element(
        "tr",
        element("th", each.item.vm_name, scope="row"),
        element("td", _config(each)),
        element("td", _today(each)),
        element("td", _future(each, reasons, test=False)),
        element("td", _future(each, reasons, test=True)),
        element("td", _codes(each)),
        class_=" ".join(_marks(each)) or None,
    )


def _marks(each: Prospect) -> Iterator[str]:
    if each.worst is not None and _SEVERITY_MARKS[each.worst]:
        yield _SEVERITY_MARKS[each.worst]
    if each.readiness is not None and not each.readiness.ready:
        yield "r"
    if each.not_ready:
        yield "n"
    future = each.now.failover if each.now else None
    if future is not None and not future.exists:
        yield "x"
    elif future is None or not future.certain:
        yield "u"
    if each.later is not None:
        yield "p"


def _config(each: Prospect) -> Iterator[Child]:
    if each.nic is None:
        yield "-"
        return
    yield each.nic.name
    if each.config is not None:
        kind = "" if each.config.primary else ", secondary"
        yield _below(f"{each.config.name}{kind}")


def _today(each: Prospect) -> Iterator[Child]:
    config = each.config
    if config is None:
        yield "-"
        return
    kinds = {True: "static", False: "dynamic", None: ""}
    kind = kinds[config.source_static]
    yield _address(str(config.source_address or "-"))
    yield f" {kind}" if kind else ""
    network = each.nic.source_network if each.nic else None
    yield _below(_place(network.name if network else "", config.source_subnet or ""))


def _future(each: Prospect, reasons: Reasons, *, test: bool) -> Iterator[Child]:
    today = each.config.source_address if each.config else None
    if each.now is None:
        yield "-"
    else:
        yield _expected(each.now, reasons, today, test=test)
    if each.later is not None and _differs(each, test=test):
        told = _expected(each.later, reasons, today, test=test)
        yield element("div", element("b", "after the plan: "), told, class_="later")


def _differs(each: Prospect, *, test: bool) -> bool:
    """Whether the plan changes anything that the cell shows."""
    if each.now is None or each.later is None:
        return each.later is not None
    now = each.now.test if test else each.now.failover
    later = each.later.test if test else each.later.failover
    return now != later and (now.exists or later.exists)


def _expected(
    placement: Placement, reasons: Reasons, today: IpAddress | None, *, test: bool
) -> Markup:
    found = placement.test if test else placement.failover
    why = reasons.reference(found.text, found.rule, today, found.address)
    if not found.exists:
        return joined(_chip("will not exist", "bad"), " ", why)
    if found.network is None:
        return joined(_chip("no network", "wait" if test else "bad"), " ", why)
    if found.shortage is not None:
        shown: Child = _chip("no free address", "bad")
    elif found.address is not None:
        shown = _address(str(found.address))
    else:
        shown = "any free address" if found.static else "dynamic"
    chip = _chip(*_certainty(placement, test=test))
    return joined(
        shown, " ", chip, " ", why, _below(_place(found.network.name, found.subnet or ""))
    )


def _certainty(placement: Placement, *, test: bool) -> tuple[str, str]:
    found = placement.test if test else placement.failover
    if found.trouble:
        return found.trouble.replace("-", " "), "bad"
    if not found.predicted:
        return "set", "good"
    return ("predicted", "good") if found.certain else ("not sure", "wait")


def _codes(each: Prospect) -> Iterator[Child]:
    if each.readiness is not None:
        words, kind = _READY[each.readiness.ready]
        yield element("div", _chip(words, kind), f" {each.not_ready}" if each.not_ready else None)
    elif each.not_ready:
        yield element("div", _chip("not ready", "wait"), f" {each.not_ready}")
    if each.worst is not None:
        yield element("span", _SIGNS[each.worst], class_=f"mark {each.worst.value}")
        yield f" {', '.join(each.codes)}"
    elif not each.not_ready:
        yield element("span", "no finding", class_="soft")


def _chip(words: str, kind: str) -> Markup:
    return element("span", words, class_=f"chip {kind}")


def _address(words: str) -> Markup:
    return element("code", words)


def _place(network: str, subnet: str) -> str:
    return " / ".join(part for part in (network, subnet) if part)


def _below(*children: Child) -> Markup:
    return element("div", *children, class_="soft")
