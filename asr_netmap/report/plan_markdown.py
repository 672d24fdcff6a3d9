"""Plans as Markdown for a pull request: counts first, then a fold for each network.

A comment on GitHub takes 65,536 characters. What would be longer is cut, fairly among the folds,
and says what is left out and where all of it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from asr_netmap.models import NotLookedAt
from asr_netmap.planning.change import Action, Change, Kind
from asr_netmap.planning.plan import Finding, Plan, Severity
from asr_netmap.report.changes import KIND_TITLES
from asr_netmap.report.inert import markdown_text, summary_text
from asr_netmap.report.inventory_pages import not_looked_at_blocks
from asr_netmap.report.markdown import block_lines, row_line
from asr_netmap.report.network_folds import by_network
from asr_netmap.report.page import Block, Card, Cards, Table
from asr_netmap.report.plan_pages import (
    change_card,
    counted,
    finding_card,
    pending_blocks,
    placements_table,
    plan_summary,
    scope_title,
)

# GitHub refuses a longer comment: "Body is too long (maximum is 65536 characters)". What posts the
# plan may add lines of its own, so some are left.
MOST_CHARACTERS = 64_000
# Errors are not folded, up to here.
_MOST_ERRORS = 20
_EVERYTHING = (
    "asr-netmap plan with the same options shows everything, and --out keeps it in a file."
)


@dataclass(frozen=True, slots=True)
class Fold:
    """A part that opens when it is clicked.

    chunks -- what may be left out from its end, each with its line feeds.
    noun -- what a chunk is.
    lead -- what is not left out while any chunk is shown, such as the head of a table.
    """

    title: str
    noun: str
    chunks: tuple[str, ...]
    lead: str = ""

    @property
    def size(self) -> int:
        """How long its content is."""
        return len(self.lead) + sum(map(len, self.chunks))

    def text(self, room: int) -> str:
        """The fold with as much of its content as there is room for."""
        shown = self._fitting(room)
        left_out = len(self.chunks) - len(shown)
        body = (self.lead if shown else "") + "".join(shown)
        if left_out:
            body += f"\n**{counted(left_out, f'more {self.noun}')} left out.**\n"
        return f"{_opened(self.title)}\n{body}\n</details>\n\n"

    def left_out(self, room: int) -> int:
        """How many chunks there is no room for."""
        return len(self.chunks) - len(self._fitting(room))

    def _fitting(self, room: int) -> tuple[str, ...]:
        used, shown = len(self.lead), []
        for chunk in self.chunks:
            used += len(chunk)
            if used > room:
                break
            shown.append(chunk)
        return tuple(shown)


def plan_markdown(
    plans: Sequence[Plan],
    *,
    banner: str = "",
    not_looked_at: tuple[NotLookedAt, ...] = (),
    most: int = MOST_CHARACTERS,
) -> str:
    """The plans as Markdown of at most `most` characters.

    banner -- whose data it is, where that is not Azure's of now.
    not_looked_at -- what no plan could be made for.
    """
    told = f"> **{markdown_text(banner)}**\n\n" if banner else ""
    for block in not_looked_at_blocks(not_looked_at):
        told += "\n".join(block_lines(block)) + "\n\n"
    parts = [(_head(plan), tuple(_folds(plan))) for plan in plans]
    fixed = len(told) + sum(len(head) for head, _ in parts) + _CUT_NOTE
    shells = sum(_shell(fold) for _, folds in parts for fold in folds)
    if fixed + shells > most:
        return told + _heads_alone(parts, most - len(told) - _CUT_NOTE)
    folds = [fold for _, each in parts for fold in each]
    rooms = iter(_rooms([fold.size for fold in folds], most - fixed - shells))
    text, cut = told, False
    for head, each in parts:
        text += head
        for fold in each:
            room = next(rooms)
            cut = cut or bool(fold.left_out(room))
            text += fold.text(room)
    return (text + (_cut_note() if cut else "")).rstrip("\n") + "\n"


def _cut_note() -> str:
    return f"**This is cut to fit a comment.** {markdown_text(_EVERYTHING)}\n"


_CUT_NOTE = len(_cut_note()) + 2


def _shell(fold: Fold) -> int:
    """How long a fold is without its content, with the line about what is left out."""
    return len(fold.text(0)) + 16


def _rooms(sizes: Sequence[int], room: int) -> list[int]:
    """A room for each: the small ones whole, the others an equal share of the rest."""
    rooms = [0] * len(sizes)
    waiting = sorted(range(len(sizes)), key=lambda place: sizes[place])
    for done, place in enumerate(waiting):
        share = room // (len(sizes) - done)
        rooms[place] = min(sizes[place], share)
        room -= rooms[place]
    return rooms


def _heads_alone(parts: Sequence[tuple[str, tuple[Fold, ...]]], room: int) -> str:
    """So many networks that not even their names fit: the counts, and no fold."""
    text, shown = "", 0
    for head, _ in parts:
        if len(text) + len(head) > room - 200:
            break
        text += head
        shown += 1
    folds = sum(len(each) for _, each in parts)
    text += f"{counted(folds, 'part')} with all details left out"
    more = len(parts) - shown
    text += f", and {counted(more, 'more plan')}" if more else ""
    return f"{text}.\n\n{_cut_note()}"


def _head(plan: Plan) -> str:
    """Title, counts, and the errors: what nobody may have to click for."""
    lines = [f"### {markdown_text(scope_title(plan))}", ""]
    lines += [f"**{markdown_text(plan_summary(plan))}**", ""]
    if plan.changes:
        lines += [*_counts(plan.changes), ""]
    errors = [finding for finding in plan.findings if finding.is_error]
    if errors:
        cards = tuple(finding_card(each) for each in errors[:_MOST_ERRORS])
        lines += [*block_lines(Cards("", cards)), ""]
    if len(errors) > _MOST_ERRORS:
        lines += [f"{counted(len(errors) - _MOST_ERRORS, 'more error')}.", ""]
    return "\n".join(lines) + "\n"


def _counts(changes: Sequence[Change]) -> Iterator[str]:
    found = Counter((change.kind, change.action) for change in changes)
    yield row_line(("", *(action.value for action in Action)))
    yield row_line(("---", *("--:" for _ in Action)), escape=False)
    for kind in Kind:
        counts = [found[kind, action] for action in Action]
        if any(counts):
            yield row_line((KIND_TITLES[kind], *(str(count or "") for count in counts)))


def _folds(plan: Plan) -> Iterator[Fold]:
    for title, changes in by_network(plan):
        chunks = tuple(_chunk(change_card(change)) for change in changes)
        yield Fold(f"{title}: {_kinds(changes)}", "change", chunks)
    others = [finding for finding in plan.findings if not finding.is_error]
    if others:
        others.sort(key=lambda finding: finding.severity.rank)
        chunks = tuple(_chunk(finding_card(finding)) for finding in others)
        yield Fold(f"Findings: {_severities(others)}", "finding", chunks)
    yield from _of_blocks(pending_blocks(plan.pending))
    yield from _of_blocks(not_looked_at_blocks(plan.not_looked_at))
    if plan.placements:
        yield _of_table(placements_table(plan.placements))


def _of_blocks(blocks: Sequence[Block]) -> Iterator[Fold]:
    for block in blocks:
        if isinstance(block, Cards):
            title = f"{block.title} ({len(block.cards)})"
            yield Fold(title, "item", tuple(map(_chunk, block.cards)))
        elif isinstance(block, Table):
            yield _of_table(block)


def _of_table(table: Table) -> Fold:
    head = (row_line(table.columns), row_line(("---",) * len(table.columns), escape=False))
    rows = tuple(row_line(row) + "\n" for row in table.rows)
    return Fold(table.title, "row", rows, "\n".join(head) + "\n")


def _chunk(card: Card) -> str:
    return "\n".join(block_lines(Cards("", (card,)))) + "\n"


def _opened(title: str) -> str:
    # The empty line ends the HTML, so that what follows is Markdown again.
    return f"<details><summary>{summary_text(title)}</summary>\n"


def _kinds(changes: Sequence[Change]) -> str:
    found = Counter((change.action, change.kind) for change in changes)
    return ", ".join(
        f"{counted(found[action, kind], _KIND_WORDS[kind])} to {action.value}"
        for kind in Kind
        for action in Action
        if found[action, kind]
    )


_KIND_WORDS = {
    Kind.RESOURCE_GROUP: "resource group",
    Kind.NETWORK: "network",
    Kind.FABRIC: "fabric",
    Kind.PROTECTION_CONTAINER: "protection container",
    Kind.POLICY: "replication policy",
    Kind.CONTAINER_MAPPING: "protection container mapping",
    Kind.MAPPING: "mapping",
    Kind.REPLICATION: "replication",
    Kind.NIC_SETTINGS: "VM",
}


def _severities(findings: Sequence[Finding]) -> str:
    found = Counter(finding.severity for finding in findings)
    words = {Severity.WARNING: counted(found[Severity.WARNING], "warning")}
    words[Severity.INFO] = f"{found[Severity.INFO]} for information"
    return ", ".join(text for severity, text in words.items() if found[severity])
