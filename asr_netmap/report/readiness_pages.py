"""Which items can fail over, and what test failovers did, as blocks of a page."""

from __future__ import annotations

from collections.abc import Sequence

from asr_netmap.planning.drill import DrillCheck
from asr_netmap.planning.effective_text import where_text
from asr_netmap.planning.finding_codes import kind_of
from asr_netmap.planning.readiness import Readiness
from asr_netmap.report.page import Block, Note, Table, Tone

# What people still read; the JSON document has all.
MOST_ITEMS = 200

_WORDS = {True: "ready", False: "not ready", None: "unknown"}
_TONES = {True: Tone.GOOD, False: Tone.BAD, None: Tone.WARNING}


def readiness_blocks(readiness: Sequence[Readiness]) -> tuple[Block, ...]:
    """A row per item that is not ready, the others counted; nothing if there are no items."""
    if not readiness:
        return ()
    waiting = [each for each in readiness if not each.ready]
    ready = len(readiness) - len(waiting)
    told = f"{ready} of {len(readiness)} items can fail over to the right place now"
    note = Note((told,), Tone.WARNING if waiting else Tone.GOOD)
    if not waiting:
        return (note,)
    shown = waiting[:MOST_ITEMS]
    table = Table(
        "Can it fail over to the right place?",
        ("VM", "ready", "what is missing"),
        tuple((each.vm, _WORDS[each.ready], _missing(each)) for each in shown),
        tuple(_TONES[each.ready] for each in shown),
    )
    more = len(waiting) - len(shown)
    rest = (Note((f"{more} more: see the JSON document",), Tone.FAINT),) if more else ()
    return (table, *rest, note)


def drill_blocks(checks: Sequence[DrillCheck]) -> tuple[Block, ...]:
    """A row per IP config in test failover; nothing if no drill was looked at."""
    if not checks:
        return ()
    table = Table(
        "Test failovers, against what was predicted",
        ("VM", "NIC", "IP config", "verdict", "expected", "found", "why"),
        tuple(_drill_row(check) for check in checks),
        tuple(Tone.GOOD if check.passed else Tone.BAD for check in checks),
    )
    passed = sum(1 for check in checks if check.passed)
    told = f"{passed} of {len(checks)} IP configs are where they were predicted to be"
    return (table, Note((told,), Tone.GOOD if passed == len(checks) else Tone.BAD))


def _missing(readiness: Readiness) -> str:
    """The codes of findings, which tell the rest above, and everything else in words."""
    texts = [
        each.message if kind_of(each.code) is None else each.code for each in readiness.missing
    ]
    texts = list(dict.fromkeys(texts))
    texts += [f"not looked at: {each}" for each in readiness.unseen]
    return "; ".join(texts)


def _drill_row(check: DrillCheck) -> tuple[str, ...]:
    found = " ".join(str(part) for part in (check.subnet, check.address) if part) or "-"
    verdict = "pass" if check.passed else "fail"
    why = check.problem or check.expected.text
    return (check.vm, check.nic, check.ip_config, verdict, where_text(check.expected), found, why)
