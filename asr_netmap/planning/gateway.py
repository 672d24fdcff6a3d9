"""What applying needs of Azure, as a protocol: the gateway fulfils it, tests write fakes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from asr_netmap.arm_id import ArmId
from asr_netmap.models import IpAddress, ReplicatedItem
from asr_netmap.planning.change import Change, State


@dataclass(frozen=True, slots=True)
class Reading:
    """A change's subject, read just now.

    state -- None: it does not exist. For an item, the current values of the change's settings.
    item -- the replicated item, where the subject is one.
    raw -- the body that Azure gave, for the write that follows; nobody else looks into it.
    """

    state: State | None
    item: ReplicatedItem | None = None
    raw: Any = None


@dataclass(frozen=True, slots=True)
class Operation:
    """A write that Azure accepted and carries out on its own.

    name -- for Site Recovery the name of its job.
    url -- where to ask; signed by ARM, so used byte for byte and never shown.
    request_id -- the client request id that the write was sent with.
    retry_after -- seconds that Azure asked to wait in its last answer; None: it did not say.
    """

    name: str
    url: str = field(repr=False)
    request_id: str
    subject: ArmId
    retry_after: float | None = None


class Phase(Enum):
    """Where an operation stands. A word that nobody knows is RUNNING, never SUCCEEDED."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """The answer to one look at an operation.

    word -- Azure's own word for the state.
    error -- what Azure says went wrong, with its code, causes and recommendation.
    """

    phase: Phase
    word: str
    error: str = ""
    retry_after: float | None = None


class Gateway(Protocol):
    """The calls that applying makes. Every method may raise the errors of `AzureError`."""

    def read(self, change: Change) -> Reading:
        """Read the change's subject."""
        ...

    def running_job(self, change: Change, own: frozenset[str]) -> str | None:
        """What Site Recovery is doing with the subject now, in words; None: nothing.

        A job that does not say yet what it works on counts as working on every subject.
        own -- names of jobs that this run started: they never count.
        """
        ...

    def other_work(self, change: Change, own: frozenset[str]) -> str | None:
        """What somebody else had Site Recovery do with the subject since `running_job` was last
        asked for it, finished or not, in words; None: nothing.

        own -- names of jobs that this run started: they never count.
        """
        ...

    def address_free(self, network: ArmId, address: IpAddress) -> bool:
        """Whether Azure calls the address free in that network."""
        ...

    def send(self, change: Change, reading: Reading, request_id: str) -> Operation | None:
        """Send the write, once.

        Returns the operation to follow, or None if Azure answered that it is done.
        Raises OutcomeUnknown if no answer says whether it was accepted; Busy, Throttled and all
        other AzureErrors say that it was not.
        """
        ...

    def ask(self, operation: Operation) -> Progress:
        """Look once at an operation. Raises AzureError if the look failed: ask again."""
        ...

    def find_operation(self, change: Change, request_id: str) -> Operation | None:
        """The operation of a write whose answer was lost; None: Azure knows of none."""
        ...
