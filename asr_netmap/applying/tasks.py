"""What a worker can be asked to do, for one change or for many, and what it can report back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from asr_netmap.applying.comparison import Verdict
from asr_netmap.arm_id import ArmId
from asr_netmap.planning.change import Change, Kind
from asr_netmap.planning.gateway import Operation, Progress, Reading, Sight


@dataclass(frozen=True, slots=True)
class Prepare:
    """Read the subject, check that nothing ran on it, judge it, ask for its addresses.

    sight -- of the vault's jobs, from before this reading; None: the subject is in no vault.
    """

    change: Change
    sight: Sight | None = field(default=None, repr=False, compare=False)


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
    """Look for the operation of a write whose answer got lost.

    sight -- of the vault's jobs, from before the write.
    """

    change: Change
    request_id: str
    sight: Sight | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Read the subject again and compare it with what was wanted.

    reading -- the one just before the write; None if there is none.
    """

    change: Change
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class Look:
    """List a vault's jobs, once for all changes that wait for it.

    following -- operations that are asked about, each with a sight from before its write.
    closing -- changes that were read back, with the sight from before their write: whether
        somebody else worked on their subjects meanwhile.
    """

    vault: ArmId
    following: tuple[tuple[Operation, Sight | None], ...] = ()
    closing: tuple[tuple[Change, Sight], ...] = ()


@dataclass(frozen=True, slots=True)
class ReadList:
    """Read many subjects again from one list, and compare each with what was wanted.

    wanted -- the changes, each with its reading before the write.
    """

    kind: Kind
    vault: ArmId
    wanted: tuple[tuple[Change, Reading | None], ...]


OwnTask = Prepare | Send | Ask | Recover | ReadBack
"""What is done for one change."""
SharedTask = Look | ReadList
"""What is done for many."""
Task = OwnTask | SharedTask


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
class Looked:
    """The vault's jobs, and by the subjects' keys what somebody else did meanwhile."""

    sight: Sight
    others: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListRead:
    """The read-backs that the list could answer, by the subjects' keys.

    A list is believed where it says that all is as wanted; whatever else it says is read again by
    itself, since lists may lag.
    """

    compared: Mapping[str, Compared]


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
    | Looked
    | ListRead
    | Failure
    | Abandoned
)
