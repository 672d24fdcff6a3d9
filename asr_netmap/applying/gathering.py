"""Read-backs that wait for others, since one list may answer many of them at once."""

from __future__ import annotations

from dataclasses import dataclass

from asr_netmap.applying.course import Course
from asr_netmap.applying.tasks import ReadList
from asr_netmap.arm_id import ArmId
from asr_netmap.budgets import BUCKETS, Operations
from asr_netmap.planning.change import Kind
from asr_netmap.planning.gateway import ListSize

# A row of a list costs 0.3 ms of CPU, a single read 4 ms and more (measured: 1,000 replicated
# items with 2 NICs, 2 cores, Python 3.11).
_ROWS_PER_READ = 15
# So many times what a list costs, nobody need wait for more; where reads are scarce, only once the
# list adds next to nothing.
_WORTH, _WORTH_SAVING = 2, 20
# No more than that are written in a second, so no more come to be read back.
_COMING = BUCKETS[Operations.WRITES][1]
# They come in lumps, one for each listing of jobs: waiting just until the list would be worth it
# often ends a few short of that, and then all are read by themselves.
_LUMPS = 1.1


@dataclass(frozen=True, slots=True)
class Readers:
    """A list on its way: for whom it was begun, with their tickets."""

    waiting: tuple[tuple[Course, int], ...]


class Gathering:
    """The read-backs of one kind in one vault.

    size -- what the list costs; None: there is none, or nobody knows.
    """

    def __init__(self, kind: Kind, vault: ArmId, size: ListSize | None) -> None:
        self._kind = kind
        self._vault = vault
        self._size = size
        self._waiting: list[tuple[Course, int]] = []
        self._since = 0.0
        self._urgent = False

    def put(self, course: Course, now: float, *, urgent: bool) -> None:
        """A course wants to be read back; an urgent one keeps others from starting."""
        if not self._waiting:
            self._since, self._urgent = now, False
        self._waiting.append((course, course.ticket))
        self._urgent = self._urgent or urgent

    def next_moment(self, patience: float, *, last: bool, saving: bool) -> float | None:
        """When what is gathered should be read; None: nobody waits.

        patience -- how long others are waited for at least; a long list is worth it only for many,
        and they take their time to come. last -- no others will come. saving -- reads are scarce.
        """
        if not self._waiting:
            return None
        enough = (_WORTH_SAVING if saving else _WORTH) * self._cost(saving)
        at_once = last or self._urgent or len(self._waiting) >= enough
        if at_once:
            return self._since
        return self._since + max(patience, _LUMPS * self._cost(saving=False) / _COMING)

    def _cost(self, saving: bool) -> float:
        """What the list costs, in single reads: by the requests where these are scarce."""
        if self._size is None:
            return 0.0
        return self._size.pages + (0.0 if saving else self._size.rows / _ROWS_PER_READ)

    def take(self, *, saving: bool) -> tuple[ReadList | None, Readers]:
        """All that wait, and the task that reads them if one list costs less than they do."""
        waiting, self._waiting = tuple(self._waiting), []
        waiting = tuple((c, t) for c, t in waiting if c.ticket == t and c.outcome is None)
        readers = Readers(waiting)
        if self._size is None or len(waiting) <= 1 or len(waiting) < self._cost(saving):
            return None, readers
        wanted = tuple((course.change, course.reading) for course, _ in waiting)
        return ReadList(self._kind, self._vault, wanted), readers
