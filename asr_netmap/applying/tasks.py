"""What a worker can be asked to do for one change, and what it can report back."""

from __future__ import annotations

from dataclasses import dataclass

from asr_netmap.applying.comparison import Verdict
from asr_netmap.planning.change import Change
from asr_netmap.planning.gateway import Operation, Progress, Reading


@dataclass(frozen=True, slots=True)
class Prepare:
    """Check that nothing runs on the subject, read it, judge it, ask for its addresses."""

    change: Change


@dataclass(frozen=True, slots=True)
class Send:
    """Write down the intent, then send the write, once."""

    change: Change
    reading: Reading
    request_id: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Look once at the operation."""

    change: Change
    operation: Operation


@dataclass(frozen=True, slots=True)
class Recover:
    """Look for the operation of a write whose answer got lost."""

    change: Change
    request_id: str


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Read the subject again and compare it with what was wanted.

    reading -- the one just before the write; None if there is none.
    """

    change: Change
    reading: Reading | None


Task = Prepare | Send | Ask | Recover | ReadBack


@dataclass(frozen=True, slots=True)
class Prepared:
    """The subject was read and judged.

    idle -- nothing was running on it, so what was read is final.
    """

    verdict: Verdict
    reading: Reading
    idle: bool = True


@dataclass(frozen=True, slots=True)
class SubjectBusy:
    """Somebody else's job runs on the subject."""

    what: str


@dataclass(frozen=True, slots=True)
class AddressTaken:
    """An address that would be written is in use."""

    message: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Azure accepted the write; without an operation it is done already."""

    operation: Operation | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the operation stands."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class Recovered:
    """The operation of a write whose answer got lost, or None where Azure knows of none."""

    operation: Operation | None


@dataclass(frozen=True, slots=True)
class Compared:
    """The read-back: what is not as wanted, and what points to another writer."""

    differences: tuple[str, ...] = ()
    overlap: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """The task raised."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The task was torn off in the middle; nobody knows how far it got."""


Report = (
    Prepared
    | SubjectBusy
    | AddressTaken
    | Sent
    | Asked
    | Recovered
    | Compared
    | Failure
    | Abandoned
)
