"""A run of apply, as its journal tells it: what was written, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from asr_netmap.errors import FileError
from asr_netmap.planning.change import Change, MappingState
from asr_netmap.planning.plan import Scope

NO_END = "no end"


@dataclass(frozen=True, slots=True)
class RunStep:
    """What a journal says of one change.

    change -- None: the run never came to write it, so the journal does not hold it.
    status -- ``applied``, ``failed``, ``pending``, ``unknown``, or NO_END: none was written.
    """

    change_id: str
    change: Change | None
    status: str
    code: str = ""
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of apply, as its journal tells it.

    started -- in UTC, to the minute.
    ended -- False: the journal stops before the run's end.
    """

    journal: str
    started: str
    ended: bool
    steps: tuple[RunStep, ...]


def past_run(
    journal: str,
    header: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    written: Iterable[Change],
    scope: Scope,
) -> PastRun:
    """What became of the changes of a run.

    journal -- its name, for people. header, events -- its lines.
    written -- the changes that the events tell of, as `planning.undo` reads them.
    scope -- of the picture: in a run over several vaults, changes of others are left out.
    Raises FileError for an outcome that can't be understood.
    """
    changes = {change.id: _titled(change) for change in written}
    outcomes = {str(e.get("change")): e for e in events if e.get("event") == "outcome"}
    ids = dict.fromkeys([*changes, *outcomes])
    steps = tuple(
        _step(journal, each, changes.get(each), outcomes.get(each))
        for each in ids
        if each not in changes or _concerns(changes[each], scope, header)
    )
    ended = any(event.get("event") == "end" for event in events)
    return PastRun(journal, _moment(str(header.get("started") or "")), ended, steps)


def _titled(change: Change) -> Change:
    """A mapping is known by its networks; a journal has only its own name."""
    state = change.after if change.after is not None else change.before
    if not isinstance(state, MappingState):
        return change
    title = f"{state.source_network.name} -> {state.target_network.name}"
    return replace(change, title=title)


def _moment(text: str) -> str:
    """A moment for people, to the minute; a text that is none stays as it is."""
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return text


def _concerns(change: Change, scope: Scope, header: Mapping[str, Any]) -> bool:
    """Whether a change is of that vault; what lies in no vault counts for every one."""
    several = len(header.get("scope", {}).get("plans", ())) > 1
    vaults = "microsoft.recoveryservices/vaults"
    return not (several and change.subject.kind.startswith(vaults)) or change.subject.is_under(
        scope.vault
    )


def _step(
    journal: str, change_id: str, change: Change | None, outcome: Mapping[str, Any] | None
) -> RunStep:
    if outcome is None:
        return RunStep(change_id, change, NO_END, message="the journal tells no end of it")
    try:
        return RunStep(
            change_id,
            change,
            str(outcome["status"]),
            str(outcome.get("code") or ""),
            str(outcome.get("message") or ""),
            float(outcome.get("seconds") or 0.0),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(
            f"{journal}: the outcome of {change_id} can't be understood ({error!r}).",
            "The file was changed after it was written, or another version wrote it.",
        ) from None
