"""What became of each change, and of the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Status(str, Enum):
    """Where a change ended."""

    APPLIED = "applied"
    """Read back, and equal to what was planned."""
    FAILED = "failed"
    """Tried, and known not to be as planned."""
    PENDING = "pending"
    """Not written, for a reason that may be gone by the next run."""
    UNKNOWN = "unknown"
    """Written, or perhaps written, and nobody can say whether it took effect."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change.

    code -- a stable word: ``""`` (applied by this run), ``already`` (it was as planned before
        anything was written), ``overlap`` (applied, but something else changed meanwhile),
        ``stale``, ``address-taken``, ``read-back``, ``operation-failed``, ``operation-timeout``,
        ``no-answer``, ``journal``, ``error``, ``not-ready``, ``busy``, ``throttled``,
        ``dependency``, ``deadline``, ``max-failures``, ``canary``, ``interrupted``, or one of
        `asr_netmap.applying.failure.code_of`.
    message -- for people; empty where there is nothing to say.
    seconds -- from the first look at the subject to the end; 0 if it never started.
    request_id -- the client request id of the last write; empty if none was sent.
    job -- the name of the operation; for Site Recovery the name of its job.
    """

    change_id: str
    status: Status
    code: str = ""
    message: str = ""
    seconds: float = 0.0
    request_id: str = ""
    job: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a run.

    outcomes -- one per change, in the order of the changes.
    interrupted -- somebody asked to stop before it was finished.
    seconds -- how long it took.
    notes -- what went wrong beside the changes, such as a journal that could not be written.
    most_in_flight -- how many writes Azure worked on at once, at most.
    """

    outcomes: tuple[Outcome, ...]
    interrupted: bool = False
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    most_in_flight: int = 0

    def of(self, status: Status) -> Iterator[Outcome]:
        """The outcomes of that status."""
        return (outcome for outcome in self.outcomes if outcome.status is status)

    def count(self, status: Status) -> int:
        """How many changes ended so."""
        return sum(1 for _ in self.of(status))

    @property
    def applied(self) -> int:
        """How many changes are in effect."""
        return self.count(Status.APPLIED)

    @property
    def failed(self) -> int:
        """How many changes failed."""
        return self.count(Status.FAILED)

    @property
    def pending(self) -> int:
        """How many changes wait for another run."""
        return self.count(Status.PENDING)

    @property
    def unknown(self) -> int:
        """How many changes nobody can speak for."""
        return self.count(Status.UNKNOWN)
