"""The whole report: one file, which nothing else can get into and nothing gets out of."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from asr_netmap.models import NotLookedAt
from asr_netmap.planning.picture.network_map import NetworkMap
from asr_netmap.planning.picture.picture import Picture
from asr_netmap.planning.plan import Severity
from asr_netmap.report.html.addresses import addresses
from asr_netmap.report.html.changes import planned, run
from asr_netmap.report.html.findings import findings
from asr_netmap.report.html.map_drawing import map_svg
from asr_netmap.report.html.map_tables import map_tables, map_verdict
from asr_netmap.report.html.markup import Child, Markup, element, fixed, joined
from asr_netmap.report.html.script import SCRIPT
from asr_netmap.report.html.style import STYLE
from asr_netmap.report.html.wording import counted, marked
from asr_netmap.report.page import SANDBOX_BANNER
from asr_netmap.report.plan_pages import plan_summary, verify_summary

MOST_PAIRS_AT_ONCE = 12
"""On a map of more pairs, those that are mapped both ways are folded away below the others."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What the report says of itself.

    version -- of the program.
    options -- what a command needs to be run on the same vaults.
    sandbox -- the data is a sandbox's.
    cassette -- where the data is a recording: the line that says so.
    not_looked_at -- vaults that could not be read at all.
    """

    version: str
    options: str = ""
    sandbox: bool = False
    cassette: str = ""
    not_looked_at: tuple[NotLookedAt, ...] = ()

    @property
    def banner(self) -> str:
        """Whose data it is, where it is not Azure's and of now; else empty."""
        return self.cassette or (SANDBOX_BANNER if self.sandbox else "")


def report_html(pictures: Sequence[Picture], telling: Telling) -> str:
    """The page of one vault and pair of regions, or of several."""
    body = element(
        "body",
        element("a", "Skip to the report", href="#main", class_="skip"),
        element(
            "header",
            element("p", telling.banner, class_="banner") if telling.banner else None,
            element("div", _header(pictures, telling), class_="top"),
        ),
        element("nav", element("ul", _contents(pictures, telling)), aria_label="Contents"),
        element("main", _main(pictures, telling), id="main"),
        element("footer", _footer(telling)),
        fixed("script", SCRIPT),
        class_="cassette" if telling.cassette else "sandbox" if telling.sandbox else None,
    )
    page = element("html", element("head", _head(pictures, telling)), body, lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def security_policy() -> str:
    """Nothing is loaded from anywhere; our one style and our one script run, and no other."""
    return (
        f"default-src 'none'; style-src {_digest(STYLE)}; script-src {_digest(SCRIPT)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
        "trusted-types 'none'"
    )


def _digest(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _head(pictures: Sequence[Picture], telling: Telling) -> Iterator[Child]:
    yield element("meta", charset="utf-8")
    yield element("meta", http_equiv="Content-Security-Policy", content=security_policy())
    yield element("meta", name="viewport", content="width=device-width, initial-scale=1")
    yield element("meta", name="referrer", content="no-referrer")
    yield element("meta", name="generator", content=f"asr-netmap {telling.version}")
    mark = f"{telling.banner.partition(':')[0]}: " if telling.banner else ""
    yield element("title", f"{mark}{_title(pictures)}")
    yield fixed("style", STYLE)


def _title(pictures: Sequence[Picture]) -> str:
    if len(pictures) != 1:
        return f"{len(pictures)} vaults or pairs of regions"
    (picture,) = pictures
    return f"{picture.scope.vault.name}, {picture.regions.source} to {picture.regions.target}"


def _header(pictures: Sequence[Picture], telling: Telling) -> Iterator[Child]:
    yield element("p", "Failover network report", class_="kicker")
    if len(pictures) == 1:
        yield element("h1", _route(pictures[0]))
    else:
        yield element("h1", _title(pictures))
    yield _verdict(pictures, telling)
    yield element("dl", _tiles(pictures, telling), class_="tiles")
    seen = min((picture.seen for picture in pictures), default=None)
    if seen is not None:
        yield element(
            "p",
            f"Read on {seen:%Y-%m-%d at %H:%M} UTC by asr-netmap {telling.version}.",
            class_="soft",
        )


def _route(picture: Picture) -> tuple[Child, ...]:
    """Vault and regions; the arrow is read out as a word."""
    arrow = element("span", " → ", class_="arrow")
    return picture.scope.vault.name, ": ", picture.regions.source, arrow, picture.regions.target


def _verdict(pictures: Sequence[Picture], telling: Telling) -> Markup:
    severities = {finding.severity for each in pictures for finding in each.findings}
    unread = bool(telling.not_looked_at or any(each.not_looked_at for each in pictures))
    if Severity.ERROR in severities:
        kind, sign, words = "bad", "✕", "Not as declared."
    elif unread or Severity.WARNING in severities:
        kind, sign, words = "warning", "!", "No errors were found."
    else:
        kind, sign, words = "good", "✓", "As declared."
    if unread:
        words = f"{words} Not everything could be looked at."
    told = "; ".join(verify_summary(each.verification) for each in pictures)
    return element(
        "p",
        element("span", sign, class_="big", aria_hidden="true"),
        element("span", f"{words} {told}"),
        class_=f"verdict {kind}",
    )


def _tiles(pictures: Sequence[Picture], telling: Telling) -> Iterator[Markup]:
    maps = [picture.network_map for picture in pictures]
    pairs = sum(len(each.pairs) for each in maps)
    both = pairs - sum(len(each.troubled) for each in maps)
    rows = [row for picture in pictures for row in picture.prospects]
    sure = sum(
        1 for row in rows if row.now and row.now.failover.certain and row.now.failover.exists
    )
    judged = [each for picture in pictures for each in picture.verification.readiness]
    ready = sum(1 for each in judged if each.ready)
    gaps = sum(len(each.not_looked_at) for each in pictures) + len(telling.not_looked_at)
    told = "replicated VMs can fail over to the right place now"
    yield _tile(told, ready, len(judged), kind="" if ready == len(judged) else "error")
    kind = "" if both == pairs else "error"
    yield _tile("network pairs are mapped both ways", both, pairs, kind=kind)
    yield _tile("IP configs are sure of their failover address", sure, len(rows))
    for severity, words in ((Severity.ERROR, "errors"), (Severity.WARNING, "warnings")):
        count = sum(1 for each in pictures for f in each.findings if f.severity is severity)
        yield _tile(words, count, kind=severity.value if count else "")
    yield _tile("not looked at", gaps, kind="warning" if gaps else "")


def _tile(words: str, count: int, of: int | None = None, *, kind: str = "") -> Markup:
    whole = element("small", f" of {of:,}") if of is not None else None
    number = element("dd", f"{count:,}", whole, class_=kind or None)
    return element("div", element("dt", words), number)


@dataclass(frozen=True, slots=True)
class _Part:
    """A section: what the contents call it, its heading, a word about it, its inside."""

    key: str
    short: str
    heading: str
    lead: str
    inside: Child


def _parts(picture: Picture, key: str, telling: Telling) -> Iterator[_Part]:
    regions = f"{picture.regions.source} and {picture.regions.target}"
    yield _Part(
        f"{key}map",
        "Map",
        "Both regions",
        f"The virtual networks of {regions} that take part, and the mappings between them.",
        _map(picture, key, telling),
    )
    found = picture.findings
    yield _Part(
        f"{key}findings",
        f"Findings ({len(found):,})",
        f"Findings ({len(found):,})",
        "What is not as declared, or not safe, each with what to do about it.",
        findings(found, telling.options),
    )
    yield _Part(
        f"{key}addresses",
        "Addresses",
        "Where every VM will be",
        "The address of every IP config today, after a failover and in a test failover. Set is "
        "what somebody set; predicted is what Site Recovery does by itself by its documents.",
        addresses(picture, key),
    )
    yield _plan_part(picture, key, telling)
    if picture.run is not None:
        lead = "What became of each change, as the run's journal tells it."
        yield _Part(f"{key}run", "Run", "What a run of apply did", lead, run(picture.run))
    if picture.pending:
        lead = "Nothing is written for these now; the next run looks again."
        yield _Part(f"{key}pending", "Pending", "Pending", lead, _pending(picture))
    yield _Part(
        f"{key}gaps",
        "Not looked at",
        "What was not looked at",
        "",
        gaps(picture.not_looked_at),
    )


def _plan_part(picture: Picture, key: str, telling: Telling) -> _Part:
    heading = "What the plan changes"
    if picture.plan_file:
        heading = f"What the plan in {picture.plan_file} changes"
    made = "" if picture.plan_file else "What `asr-netmap apply` would do now. "
    lead = f"{made}{plan_summary(picture.plan)}"
    return _Part(
        f"{key}plan", "Plan", heading, lead, planned(picture.plan.changes, telling.options)
    )


def _main(pictures: Sequence[Picture], telling: Telling) -> Iterator[Child]:
    for place, picture in enumerate(pictures, start=1):
        if len(pictures) > 1:
            yield element("h2", _route(picture), class_="vault", id=f"v{place}")
        for part in _parts(picture, f"v{place}", telling):
            yield element(
                "section",
                element("h2", part.heading, id=f"{part.key}h"),
                element("p", marked(part.lead, telling.options), class_="lead")
                if part.lead
                else None,
                part.inside,
                id=part.key,
                aria_labelledby=f"{part.key}h",
            )
    if telling.not_looked_at:
        yield element(
            "section",
            element("h2", "Vaults that could not be read", id="vaultsh"),
            gaps(telling.not_looked_at),
            id="vaults",
            aria_labelledby="vaultsh",
        )


def _contents(pictures: Sequence[Picture], telling: Telling) -> Iterator[Markup]:
    if len(pictures) != 1:
        for place, picture in enumerate(pictures, start=1):
            link = element("a", _title([picture]), href=f"#v{place}")
            yield element("li", link)
        return
    for part in _parts(pictures[0], "v1", telling):
        yield element("li", element("a", part.short, href=f"#{part.key}"))


def _map(picture: Picture, key: str, telling: Telling) -> Markup:
    whole = picture.network_map
    return joined(
        map_verdict(whole),
        element("p", "Scroll the map sideways to see both regions.", class_="sideways"),
        _drawn(whole, key, telling),
        _legend(),
        map_tables(whole),
    )


def _drawn(whole: NetworkMap, key: str, telling: Telling) -> Iterator[Markup]:
    """The whole map; of a large one the sound pairs fold away where there are others to see."""
    troubled, sound = whole.parted()
    if len(whole.pairs) <= MOST_PAIRS_AT_ONCE or not sound.pairs or not troubled.sources:
        yield _drawing(whole, f"{key}m", telling)
        return
    yield _drawing(troubled, f"{key}m", telling)
    summary = f"{counted(len(sound.pairs), 'pair')} mapped both ways"
    yield element("details", element("summary", summary), _drawing(sound, f"{key}n", telling))


def _drawing(drawn: NetworkMap, key: str, telling: Telling) -> Markup:
    label = f"Map of {drawn.regions.source} and {drawn.regions.target}"
    picture = map_svg(drawn, key, banner=telling.banner)
    return element("div", picture, class_="scroll", tabindex=0, role="group", aria_label=label)


def _legend() -> Markup:
    entries = (
        ("g", "━▶ green, solid", "mapped and Paired"),
        ("b", "┅✕┅▶ red, dashed", "missing"),
        ("w", "┈!┈▶ amber, dotted", "not Paired, or not looked at"),
        ("i", "┅ blue, dashed box", "created by the plan"),
    )
    return element(
        "ul",
        (
            element("li", element("b", sign, class_=kind), f": {words}")
            for kind, sign, words in entries
        ),
        element("li", "3/251: addresses in use, of those a subnet has"),
        class_="legend",
    )


def _pending(picture: Picture) -> Markup:
    return element(
        "ul",
        (element("li", element("b", each.title), ": ", each.reason) for each in picture.pending),
    )


def gaps(found: Sequence[NotLookedAt]) -> Markup:
    """What could not be read, why, and what to do about it."""
    if not found:
        return element("p", "Everything that this report speaks of was read.", class_="nothing")
    return element("ul", (_gap(gap) for gap in found))


def _gap(gap: NotLookedAt) -> Markup:
    hint = f" {gap.hint}" if gap.hint else ""
    return element("li", element("b", gap.what), f": {gap.reason}", marked(hint))


def _footer(telling: Telling) -> Iterator[Child]:
    if telling.banner:
        yield element("p", element("b", telling.banner))
    yield element(
        "p",
        "This page is one file: it loads nothing and sends nothing, and only its links to the "
        "documentation lead elsewhere. Predictions follow Microsoft's public documents, which "
        "changed over time; none was tried on this estate. Addresses in use are what Azure itself "
        "counts, where VMs fail over or are tested and that could be read; elsewhere those of NICs "
        "and load balancers, without what else takes addresses, such as a gateway.",
    )
