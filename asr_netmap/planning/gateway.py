"""What applying needs of Azure, as a protocol: the gateway fulfils it, tests write fakes of it."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from typing import Any, Protocol

from asr_netmap.arm_id import ArmId
from asr_netmap.models import IpAddress, ReplicatedItem
from asr_netmap.planning.change import Change, Kind, State


@dataclass(frozen=True, slots=True)
class Reading:
    """A change's subject, read just now.

    state -- None: it does not exist. For an item, the current values of the change's settings.
    item -- the replicated item, where the subject is one.
    raw -- the body that Azure gave, for the write that follows; once that is accepted only its
        fields, without values, so that thousands in flight take little memory.
    """

    state: State | None
    item: ReplicatedItem | None = None
    raw: Any = None

    def written(self) -> Reading:
        """The same, as far as it is of use after the write."""
        return replace(self, raw=_shared(json.dumps(_fields(self.raw))))


def _fields(body: Any) -> Any:
    # Of JSON: asking for a Mapping of any kind would ask each of the SDKs' thousands of models.
    if isinstance(body, dict):
        return {name: _fields(value) for name, value in body.items()}
    return [_fields(each) for each in body] if isinstance(body, list) else None


@lru_cache(maxsize=256)
def _shared(fields: str) -> Any:
    """One object for all bodies of the same fields; nobody changes it."""
    return json.loads(fields)


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
    familiar -- whether the word is one that is known to mean RUNNING, SUCCEEDED or FAILED.
    """

    phase: Phase
    word: str
    error: str = ""
    retry_after: float | None = None
    familiar: bool = True


@dataclass(frozen=True, slots=True)
class Sight:
    """What one listing of a vault's jobs told, for all who waited for it.

    number -- a later listing has a higher one.
    progress -- where the operations that were asked about stand, by name in lower case; one that
        is missing, or that failed, has to be asked by itself.
    jobs -- what else it told; only the gateway looks into it.
    """

    number: int
    progress: Mapping[str, Progress] = field(default_factory=dict)
    jobs: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ListSize:
    """What a whole list costs: how many pages and rows it had when it was last read."""

    pages: int
    rows: int


class Gateway(Protocol):
    """The calls that applying makes. Every method may raise the errors of `AzureError`."""

    def read(self, change: Change) -> Reading:
        """Read the change's subject."""
        ...

    def list_size(self, kind: Kind, vault: ArmId) -> ListSize | None:
        """What `read_listed` would cost, as far as that is known; sends nothing.

        None: it is not known, or there is no such list.
        """
        ...

    def read_listed(
        self, kind: Kind, vault: ArmId, wanted: Sequence[tuple[Change, Reading | None]]
    ) -> Mapping[ArmId, Reading]:
        """Read the subjects of many changes from one list of the vault, by subject.

        wanted -- each with its reading before the write. One that is not in the list, or of which
            the list shows less than that reading, is left out.
        """
        ...

    def look(self, vault: ArmId, following: Sequence[tuple[Operation, Sight | None]]) -> Sight:
        """List the vault's jobs: one answer for all who wait for it.

        following -- the operations that are asked about, each with a sight from before its write.
        """
        ...

    def running_job(self, change: Change, own: Container[str], sight: Sight) -> str | None:
        """What Site Recovery was doing with the subject at that sight, in words; None: nothing.

        Asked after the subject was read, which tells what its jobs call it. A job that does not
        say yet what it works on counts as working on every subject.
        own -- names in lower case of jobs that this run started: they never count.
        """
        ...

    def other_work(
        self, change: Change, own: Container[str], before: Sight, after: Sight
    ) -> str | None:
        """What somebody else had Site Recovery do with the subject between two sights, finished
        or not, in words; None: nothing.

        own -- names in lower case of jobs that this run started: they never count.
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

    def find_operation(
        self, change: Change, request_id: str, sight: Sight | None
    ) -> Operation | None:
        """The operation of a write whose answer was lost; None: Azure knows of none.

        sight -- one from before the write.
        """
        ...
