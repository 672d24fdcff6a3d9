"""Plans, what became of them, and what a verification found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from asr_netmap.applying.outcome import Outcome, Result, Status
from asr_netmap.planning.change import Action, Change, Kind
from asr_netmap.planning.effective_text import where_text
from asr_netmap.planning.plan import Finding, Pending, Placement, Plan, Severity
from asr_netmap.planning.verification import Verification
from asr_netmap.report.changes import KIND_TITLES, differences
from asr_netmap.report.inventory_pages import not_looked_at_blocks
from asr_netmap.report.page import (
    FIX,
    RUN,
    Block,
    Card,
    Cards,
    Later,
    Note,
    Page,
    Table,
    Tone,
    later,
)
from asr_netmap.report.readiness_pages import drill_blocks, readiness_blocks

# What people still read; the JSON document has all.
MOST_PLACEMENTS = 200
# What people see at once; a longer plan begins with its counts.
MOST_CHANGES_AT_ONCE = 50

_ACTION_TONES = {Action.CREATE: Tone.GOOD, Action.UPDATE: Tone.CHANGE, Action.DELETE: Tone.BAD}
_SEVERITY_TONES = {
    Severity.ERROR: Tone.BAD,
    Severity.WARNING: Tone.WARNING,
    Severity.INFO: Tone.PLAIN,
}
_STATUS_TONES = {
    Status.APPLIED: Tone.GOOD,
    Status.FAILED: Tone.BAD,
    Status.PENDING: Tone.WARNING,
    Status.UNKNOWN: Tone.BAD,
}


def plan_page(plan: Plan, *, sandbox: bool) -> Page:
    """All that would change and why, what can't change yet, and what people should know."""
    blocks: list[Block] = [
        *overview_blocks(plan),
        *changes_blocks(plan.changes),
        *placement_blocks(plan.placements),
        *pending_blocks(plan.pending),
        *findings_blocks(plan.findings),
        *not_looked_at_blocks(plan.not_looked_at),
        Note((plan_summary(plan),), _tone(plan)),
    ]
    return Page(scope_title(plan), tuple(blocks), sandbox, changes_table(plan.changes))


def verify_page(verification: Verification, *, sandbox: bool) -> Page:
    """What is not as declared, each with its fix, and which items are ready."""
    found = verification.findings
    blocks: list[Block] = [
        *findings_blocks(found),
        *readiness_blocks(verification.readiness),
        *drill_blocks(verification.drill),
        *pending_blocks(verification.pending),
        *not_looked_at_blocks(verification.not_looked_at),
        Note((verify_summary(verification),), _verdict(found)),
    ]
    return Page(scope_title(verification.plan), tuple(blocks), sandbox, findings_table(found))


def result_page(plan: Plan, result: Result, *, sandbox: bool) -> Page:
    """What became of each change, and what remains."""
    table = outcomes_table(plan, result)
    wrong = [o for o in result.outcomes if o.status is not Status.APPLIED or o.code == "overlap"]
    short = tuple(row[1:-1] for row in table.rows)
    blocks: list[Block] = [Table("Outcomes", table.columns[1:-1], short, table.tones)]
    if wrong:
        blocks.append(Cards("What went wrong or waits", tuple(_outcome(plan, o) for o in wrong)))
    blocks += pending_blocks(plan.pending)
    blocks += [Note((note,), Tone.WARNING) for note in result.notes]
    return Page(scope_title(plan), tuple(blocks), sandbox, table)


def scope_title(plan: Plan) -> str:
    """What a plan is for, in one line."""
    scope = plan.scope
    return f"vault {scope.vault.name}, {scope.regions.source} -> {scope.regions.target}"


def plan_summary(plan: Plan) -> str:
    """One line that counts."""
    wrong = f"{counted(len(plan.errors), 'error')}: see the findings" if plan.errors else ""
    if not plan.changes and not plan.pending:
        so_far = " so far" if plan.not_looked_at else ""
        return f"Nothing to change{so_far}{wrong and f'; {wrong}'}."
    by_action = ", ".join(
        f"{count} to {action.value}"
        for action in Action
        if (count := sum(1 for change in plan.changes if change.action is action))
    )
    changes = f"{counted(len(plan.changes), 'change')}: {by_action}" if by_action else "No changes"
    pending = f"; {counted(len(plan.pending), 'item')} pending" if plan.pending else ""
    return f"{changes}{pending}{wrong and f'; {wrong}'}."


def verify_summary(verification: Verification) -> str:
    """One line that counts, and says that all is well only when everything was looked at."""
    findings, pending = verification.findings, verification.pending
    not_looked_at = verification.not_looked_at
    counts = [
        counted(count, severity.value)
        for severity in Severity
        if (count := sum(1 for finding in findings if finding.severity is severity))
        and severity is not Severity.INFO
    ]
    infos = sum(1 for finding in findings if finding.severity is Severity.INFO)
    parts = [*counts, *((f"{infos} for information",) if infos else ())]
    parts += [f"{len(pending)} pending"] if pending else []
    parts += [f"{len(not_looked_at)} not looked at"] if not_looked_at else []
    if verification.readiness:
        ready = sum(1 for each in verification.readiness if each.ready)
        told = f"{ready} of {counted(len(verification.readiness), 'item')} ready to fail over"
        parts += [told] if parts or ready < len(verification.readiness) else []
    if parts:
        return f"{', '.join(parts)}."
    return "Everything was looked at, and everything is as declared."


def result_summary(done: Sequence[tuple[Plan, Result]]) -> str:
    """One line that counts what became of everything."""
    results = [result for _, result in done]
    outcomes = [outcome for result in results for outcome in result.outcomes]
    waiting = sum(len(plan.pending) for plan, _ in done)
    errors = len({finding for plan, _ in done for finding in plan.errors})
    wrong = f"{counted(errors, 'error')}: see the findings" if errors else ""
    if not outcomes and not waiting:
        if wrong:
            return f"Nothing to change, {wrong}."
        doubts = any(f.severity is not Severity.INFO for plan, _ in done for f in plan.findings)
        doubts = doubts or any(plan.not_looked_at for plan, _ in done)
        rest = "but see the findings" if doubts else "everything is as declared"
        return f"Nothing to change: {rest}."
    counts = {status: sum(1 for o in outcomes if o.status is status) for status in Status}
    counts[Status.PENDING] += waiting
    parts = [f"{count} {status.value}" for status, count in counts.items() if count]
    before = sum(1 for o in outcomes if o.code == "already")
    if before:
        parts[0] += f" ({before} of them as planned already)"
    interrupted = "; interrupted" if any(result.interrupted for result in results) else ""
    return f"{', '.join([*parts, *([wrong] if wrong else [])])}{interrupted}."


def counted(count: int, noun: str) -> str:
    """``1 change``, ``2 changes``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def overview_blocks(plan: Plan) -> tuple[Block, ...]:
    """What a long plan begins with: its counts, as a whole and by kind; nothing for a short one."""
    if len(plan.changes) <= MOST_CHANGES_AT_ONCE:
        return ()
    kinds = Counter(change.kind for change in plan.changes)
    lines = [f"{KIND_TITLES[kind]}: {kinds[kind]}" for kind in Kind if kinds[kind]]
    lines += [f"  into {name}: {counted(count, 'VM')}" for name, count in _targets(plan).items()]
    return (Note((plan_summary(plan), *lines), _tone(plan)),)


def _targets(plan: Plan) -> Counter[str]:
    """How many VMs whose settings change will fail over into each network, by its name."""
    changed = {change.subject for change in plan.changes if change.kind is Kind.NIC_SETTINGS}
    into = {p.item: p.failover.network for p in plan.placements if p.item in changed}
    return Counter(network.name for network in into.values() if network is not None)


def changes_blocks(changes: Iterable[Change]) -> Iterator[Cards]:
    """The changes, grouped by kind in the order in which they are applied."""
    of_kind: dict[Kind, list[Change]] = {kind: [] for kind in Kind}
    for change in changes:
        of_kind[change.kind].append(change)
    for kind, listed in of_kind.items():
        if listed:
            yield Cards(KIND_TITLES[kind], later(change_card, listed))


def placement_blocks(placements: Sequence[Placement]) -> tuple[Block, ...]:
    """Where every IP config will be once the plan is applied; predictions say that they are."""
    if not placements:
        return ()
    table = placements_table(placements[:MOST_PLACEMENTS])
    left_out = len(placements) - len(table.rows)
    if not left_out:
        return (table,)
    more = f"{counted(left_out, 'more IP config')}: see `nics list`, or this plan as JSON"
    return (table, Note((more,), Tone.FAINT))


def placements_table(placements: Sequence[Placement]) -> Table:
    """A row for each placement."""
    rows = tuple(
        (p.vm, p.nic, p.ip_config, *(where_text(future) for future in (p.failover, p.test)))
        for p in placements
    )
    columns = ("VM", "NIC", "IP config", "failover", "test failover")
    return Table("Where each IP config will be, once this is applied", columns, rows)


def pending_blocks(pending: Sequence[Pending]) -> tuple[Block, ...]:
    """What can't be done yet; nothing is said if there is none."""
    cards = later(lambda p: Card("pending", p.title, (p.reason,), Tone.FAINT), pending)
    return (Cards("Pending: the next run looks again", cards),) if pending else ()


def findings_blocks(findings: Iterable[Finding]) -> tuple[Block, ...]:
    """Findings, the worst first."""
    listed = by_severity(findings)
    if not listed:
        return ()
    cards = Cards("Findings", Later(lambda: _finding_cards(listed), len(listed)))
    if len(listed) <= MOST_CHANGES_AT_ONCE:
        return (cards,)
    codes = Counter((finding.severity.value, finding.code) for finding in listed)
    counts = tuple(f"{severity} [{code}]: {count}" for (severity, code), count in codes.items())
    return (Note((f"{len(listed)} findings", *counts), _SEVERITY_TONES[listed[0].severity]), cards)


def _finding_cards(listed: Sequence[Finding]) -> Iterator[Card]:
    """A card each; what several in a row have to be done about them is said once, with the last."""
    for _, group in groupby(listed, key=lambda f: (f.severity, f.code, f.fix, f.command)):
        alike = list(group)
        for finding in alike[:-1]:
            yield finding_card(replace(finding, fix="", command=""))
        card = finding_card(alike[-1])
        if len(alike) > 1:
            all_of_them = f"the same for these {len(alike)}: "
            lines = tuple(
                f"{FIX}{all_of_them}{line.removeprefix(FIX)}" if line.startswith(FIX) else line
                for line in card.lines
            )
            card = replace(card, lines=lines)
        yield card


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Findings, the worst first, else in their own order."""
    return sorted(findings, key=lambda finding: finding.severity.rank)


def changes_table(changes: Iterable[Change]) -> Table:
    """A row per value that changes, for CSV."""
    columns = ("id", "kind", "action", "subject", "title", "where", "what", "before", "after")
    listed = tuple(changes)
    rows = Later(lambda: (row for change in listed for row in _rows_of(change)))
    return Table("", (*columns, "reason"), rows)


def _rows_of(change: Change) -> Iterator[tuple[str, ...]]:
    for d in differences(change) or (None,):
        yield (
            change.id,
            change.kind.value,
            change.action.value,
            str(change.subject),
            change.title,
            *((d.where, d.what, d.before, d.after) if d else ("", "", "", "")),
            (d.reason if d else "") or change.reason,
        )


def findings_table(findings: Iterable[Finding]) -> Table:
    """A row per finding, for CSV."""
    columns = ("severity", "code", "subject", "title", "message", "fix", "command")
    rows = tuple(
        (f.severity.value, f.code, str(f.subject), f.title, f.message, f.fix, f.command)
        for f in by_severity(findings)
    )
    return Table("", columns, rows)


def outcomes_table(plan: Plan, result: Result) -> Table:
    """A row per change, with its id first and what is said about it last."""
    columns = ("id", "status", "kind", "action", "what", "seconds", "code", "message")
    rows = []
    for outcome in result.outcomes:
        change = plan.change(outcome.change_id)
        about = (change.kind.value, change.action.value, change.title) if change else ("", "", "")
        said = (f"{outcome.seconds:.1f}", outcome.code, outcome.message)
        rows.append((outcome.change_id, outcome.status.value, *about, *said))
    tones = tuple(_STATUS_TONES[outcome.status] for outcome in result.outcomes)
    return Table("", columns, tuple(rows), tones)


def change_card(change: Change) -> Card:
    """A change with every value that it sets, and why."""
    found = differences(change)
    lines = tuple(difference.line for difference in found)
    told = any(difference.reason for difference in found)
    why = (f"why: {change.reason}",) if change.reason and not told else ()
    return Card(change.action.value, change.title, (*lines, *why), _ACTION_TONES[change.action])


def finding_card(finding: Finding) -> Card:
    """A finding with its fix."""
    fix = (f"{FIX}{finding.fix}",) if finding.fix else ()
    command = (f"{RUN}{finding.command}",) if finding.command else ()
    heading = f"{finding.title} [{finding.code}]"
    tone = _SEVERITY_TONES[finding.severity]
    return Card(finding.severity.value, heading, (finding.message, *fix, *command), tone)


def _outcome(plan: Plan, outcome: Outcome) -> Card:
    change = plan.change(outcome.change_id)
    heading = f"{change.action.value} {change.title}" if change else outcome.change_id
    code = f" [{outcome.code}]" if outcome.code else ""
    lines = (outcome.message,) if outcome.message else ()
    if outcome.job:
        lines = (*lines, f"job: {outcome.job}")
    return Card(outcome.status.value, heading + code, lines, _STATUS_TONES[outcome.status])


def _tone(plan: Plan) -> Tone:
    if plan.errors:
        return Tone.BAD
    return Tone.CHANGE if plan.changes else Tone.GOOD


def _verdict(findings: Sequence[Finding]) -> Tone:
    worst = min((finding.severity.rank for finding in findings), default=Severity.INFO.rank)
    return (Tone.BAD, Tone.WARNING, Tone.GOOD)[worst]
