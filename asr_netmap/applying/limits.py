"""How much, how fast and how long: every number of applying in one place."""

from __future__ import annotations

from dataclasses import dataclass

from asr_netmap.budgets import DEFAULT_WORKERS
from asr_netmap.errors import UsageError


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one run. All times are seconds.

    Where a number says no source, it is chosen: nothing published or recorded gives one.

    workers -- calls to Azure at the same time; 1 runs without threads, always in the same order.
    deadline -- from the start; nothing is started that can't be expected to finish by then.
    grace -- after the deadline, for what is still running; then it is given up as unknown.
    max_failures -- stop starting after so many; None: never. A stale change is none: among many
        VMs one always moves between review and window.
    canary -- so many VMs are enabled, and so many have their NICs set, and are read back before the
        others start.
    in_flight_at_start, max_in_flight -- writes that Azure works on at once. Site Recovery's own
        limit is not published, so it starts moderately and grows with success. The start is one
        tenth of ARM's bucket of 200 writes, so that some twenty items go out together; the
        ceiling is what uses that bucket up beside its refill of 10 a second (Microsoft Learn,
        request limits and throttling): operations of 3 s let 20 a second through.
    first_look -- at an operation, after it was accepted. 2.8 is the median of the recorded
        mapping operations (2.2 to 3.8 s; az CLI and Azure PowerShell recordings, 2022 and 2023);
        the run's own durations then replace it.
    look_every, look_growth, look_longest -- the looks after the first one.
    shared_look_every -- in place of `look_every` where one listing of jobs answers for all.
    closest_looks -- between two listings of jobs, in a small run; `pace.spacing` says more.
    longest_told_wait -- the most that a Retry-After on "still running" is followed.
    sight_lasts -- how old the listing of jobs may be that says that nothing runs on a subject when
        that subject is read; a crowd that shares one is read within about a second.
    gather, gather_scarce -- how long read-backs wait at least for others to share a list with:
        while reads are plenty, and when they are scarce. A long list is waited for until enough
        can share it; the last ones never wait.
    max_wait_for_operation -- then its outcome is unknown. Fabrics took 84 s at most (az CLI
        recordings, 2023).
    max_wait_for_odd_word -- the same for an operation whose status is a word that nobody knows:
        so long it may be a passing one.
    busy_look_every, busy_longest, max_wait_for_busy -- waiting for somebody else's job.
    throttle_wait -- the first wait after a 429 that names none; it doubles each time.
    longest_throttle_wait -- the most that a Retry-After on a 429 is followed.
    max_throttles -- per change.
    max_attempts -- sends of one write whose answers got lost.
    lost_looks, lost_look_every -- looks for the job of a write whose answer got lost.
    read_back_again -- until the second read-back: lists and reads may lag.
    """

    workers: int = DEFAULT_WORKERS
    deadline: float | None = None
    grace: float = 60.0
    max_failures: int | None = None
    canary: int | None = None
    in_flight_at_start: int = 20
    max_in_flight: int = 60
    first_look: float = 2.8
    look_every: float = 0.7
    look_growth: float = 1.3
    look_longest: float = 5.0
    shared_look_every: float = 0.25
    closest_looks: float = 0.05
    longest_told_wait: float = 10.0
    sight_lasts: float = 5.0
    gather: float = 10.0
    gather_scarce: float = 30.0
    max_wait_for_operation: float = 1800.0
    max_wait_for_odd_word: float = 120.0
    busy_look_every: float = 2.0
    busy_longest: float = 15.0
    max_wait_for_busy: float = 300.0
    throttle_wait: float = 2.0
    longest_throttle_wait: float = 300.0
    max_throttles: int = 6
    max_attempts: int = 3
    lost_looks: int = 2
    lost_look_every: float = 10.0
    read_back_again: float = 3.0

    def __post_init__(self) -> None:
        for name in ("workers", "max_in_flight", "max_failures", "canary", "deadline"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise UsageError(
                    f"The limit {name.replace('_', ' ')} is {value}, and must be more than 0.",
                    "Leave it out for no limit, or give a positive number.",
                )
