"""How fast: looks at operations, places for writes, and what a large run costs."""

from __future__ import annotations

import cProfile
import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from random import Random

import pytest

from asr_netmap.applying.comparison import Standing, Verdict
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.outcome import Status
from asr_netmap.applying.pace import Pace, Window, spacing
from asr_netmap.applying.scheduler import Scheduler
from asr_netmap.applying.tasks import (
    Compared,
    Failure,
    ListRead,
    Look,
    Looked,
    Prepare,
    Prepared,
    ReadBack,
    ReadList,
    Report,
    Send,
    Sent,
    Task,
)
from asr_netmap.budgets import Budgets, Operations
from asr_netmap.planning.change import AddressClaim
from asr_netmap.planning.gateway import ListSize, Operation, Phase, Progress, Reading, Sight
from asr_netmap.sandbox import throttle
from asr_netmap.sandbox.errors import ArmError

from .estate import SUBSCRIPTION, TARGET, create_fabric, create_mapping, set_nics
from .fake_azure import TooMany

START = datetime(2026, 3, 3, 12, 0, tzinfo=timezone.utc)
NICS = set_nics("app1")


def test_the_first_look_settles_just_above_what_operations_take() -> None:
    pace = Pace(Limits())
    random = Random(3)
    late_enough = []
    for _ in range(1000):
        took = random.uniform(1.4, 1.6)
        first = pace.first_look(NICS)
        late_enough.append(first >= took)
        if first >= took:
            pace.learn(NICS, first, looks=1)
        else:
            pace.learn(NICS, first + 0.7, looks=2)
    settled = late_enough[200:]
    assert 1.4 < pace.first_look(NICS) < 1.8
    assert 0.8 < sum(settled) / len(settled) < 0.95


def test_what_is_learned_of_one_kind_says_nothing_of_another() -> None:
    pace = Pace(Limits())
    pace.learn(create_mapping(), 80.0, 12)
    assert pace.first_look(NICS) == 2.8
    assert pace.first_look(create_mapping()) > 40


def test_the_expected_time_of_a_change_follows_what_was_learned() -> None:
    pace = Pace(Limits())
    assert pace.expected(create_mapping()) < 10
    assert pace.expected(create_fabric()) > 80, "what was recorded, before anything is learned"
    pace.learn(create_mapping(), 80.0, 12)
    assert pace.expected(create_mapping()) > 80


def test_the_window_stays_between_one_and_its_ceiling() -> None:
    window = Window(8, 10)
    for _ in range(5):
        window.grow()
    assert window.size == 10
    for moment in range(1, 9):
        window.shrink(sent_at=float(moment), now=float(moment))
    assert window.size == 1


Steps = Iterator[Callable[[float], "float | Report"]]


class Service:
    """What a run is up against: calls and operations that take time, and ARM's limits.

    The limits are the sandbox's, which shares no code with the program's own.
    """

    def __init__(self, latency: float, random: Random) -> None:
        self.latency = latency
        self.random = random
        self.limits = throttle.Buckets()
        self.ends: dict[str, float] = {}
        self.jobs = 0
        self.asked: Counter[str] = Counter()
        self.refused = 0

    def takes(self, method: str, moment: float) -> int | None:
        """Take one request; what is left, or None: it is refused."""
        self.asked[method] += 1
        at = START + timedelta(seconds=moment)
        try:
            return self.limits.take("s", method, False, at)
        except ArmError:
            self.refused += 1
            return None


class Simulation:
    """A run against such a service, without any thread: so many workers, each call in its turn."""

    def __init__(
        self,
        items: int,
        limits: Limits,
        latency: float,
        random: Random,
        *,
        claims: int = 0,
        listed: bool = True,
    ) -> None:
        claim = AddressClaim(TARGET, ip_address("10.1.1.7"))
        self.changes = [set_nics(f"app{n}", claims=(claim,) * claims) for n in range(items)]
        self.pages = -(-items // 100)
        self.budgets = Budgets()
        self.service = Service(latency, random)
        self.scheduler = Scheduler(
            self.changes,
            limits,
            "seed",
            budgets=self.budgets,
            sizes=(lambda *_: ListSize(self.pages, items)) if listed else None,
        )
        self.calls: Counter[str] = Counter()
        self.decisions = 0

    def run(self) -> float:
        """Seconds until everything has ended."""
        now, serial = 0.0, 0
        queue: list[tuple[float, int, Task, Steps]] = []
        while True:
            self.decisions += 1
            decision = self.scheduler.decide(now)
            if decision.finished:
                return now
            for task in decision.start:
                self.calls[type(task).__name__] += 1
                serial += 1
                heapq.heappush(queue, (now, serial, task, self.steps(task)))
            while queue and (decision.wake_at is None or queue[0][0] <= decision.wake_at):
                now, _, task, steps = heapq.heappop(queue)
                found = next(steps)(now)
                if isinstance(found, float):
                    serial += 1
                    heapq.heappush(queue, (found, serial, task, steps))
                    continue
                self.scheduler.report(task, found, now)
                break
            else:
                assert decision.wake_at is not None
                now = decision.wake_at

    def steps(self, task: Task) -> Steps:
        """What is done for a task: each step gives the moment of the next, the last a report."""
        if isinstance(task, Send):
            yield lambda now: now + self.service.latency
            yield lambda now: self.send(task, now)
            return
        reads = 1
        if isinstance(task, Prepare):
            reads = 1 + len(task.change.claims)
        elif isinstance(task, ReadList):
            reads = self.pages
        for _ in range(reads):
            yield from self.read()
        yield lambda now: self.answer(task, now)

    def read(self) -> Steps:
        """One GET, when the budget lets it go; again after a 429."""
        left: list[int | None] = []

        def take(now: float) -> float:
            wait = self.budgets.take(SUBSCRIPTION, Operations.READS, now)
            left[:] = [] if wait else [None]
            return now + (wait or self.service.latency)

        def arrive(now: float) -> float:
            left[:] = [self.service.takes("GET", now)]
            self.budgets.answered(SUBSCRIPTION, Operations.READS, now, left[0])
            if left[0] is None:
                self.budgets.refused(SUBSCRIPTION, Operations.READS, now, 1.0)
            return now

        while left in ([], [None]):
            left.clear()
            while not left:
                yield take
            yield arrive

    def send(self, task: Send, now: float) -> Report:
        left = self.service.takes("PATCH", now)
        self.budgets.answered(SUBSCRIPTION, Operations.WRITES, now, left)
        if left is None:
            self.budgets.refused(SUBSCRIPTION, Operations.WRITES, now, 1.0)
            return Failure(TooMany(1))
        self.service.jobs += 1
        name = f"job-{self.service.jobs}"
        self.service.ends[name] = now + self.service.random.uniform(2.2, 3.8)
        return Sent(Operation(name, "url", task.request_id, task.change.subject))

    def answer(self, task: Task, now: float) -> Report:
        ends = self.service.ends
        if isinstance(task, Look):
            over = {op.name: ends[op.name] <= now for op, _ in task.following}
            progress = {
                name: Progress(Phase.SUCCEEDED if each else Phase.RUNNING, "")
                for name, each in over.items()
            }
            return Looked(Sight(self.calls["Look"], progress))
        if isinstance(task, ReadList):
            return ListRead({change.subject.key: Compared() for change, _ in task.wanted})
        if isinstance(task, Prepare):
            return Prepared(Verdict(Standing.READY), Reading(None))
        assert isinstance(task, ReadBack)
        return Compared()

    @property
    def per_item(self) -> float:
        """Requests for an item."""
        return sum(self.service.asked.values()) / len(self.changes)


def least_seconds(items: int, claims: int) -> float:
    """Below this ARM's buckets let nobody apply so many (writes 200 + 10/s, reads 250 + 25/s)."""
    return max((items - 200) / 10, (items * (1 + claims) - 250) / 25, 3.8)


@pytest.mark.parametrize("claims", [0, 1])
@pytest.mark.parametrize("items", [20, 1000, 3000])
def test_a_run_sits_on_the_limit_that_azure_sets(items: int, claims: int) -> None:
    """Operations of the recorded 2.2 to 3.8 s, calls of 50 ms, eight workers."""
    simulation = Simulation(items, Limits(), 0.05, Random(5), claims=claims)
    seconds = simulation.run()
    outcomes = simulation.scheduler.outcomes()
    assert all(outcome.status is Status.APPLIED for outcome in outcomes)
    least = least_seconds(items, claims)
    print(
        f"{items} items, {claims} addresses: {seconds:.1f} s of {least:.1f}, "
        f"{simulation.per_item:.2f} requests each {dict(simulation.calls)}, "
        f"{simulation.service.refused} refused, {simulation.decisions} decisions"
    )
    assert seconds < 1.15 * least + 2.5
    assert simulation.service.refused <= sum(simulation.service.asked.values()) / 100
    assert simulation.per_item <= 3.5 + 10 / items


def test_long_lists_are_read_for_as_many_as_make_them_worth_it() -> None:
    """A list of 3,000 rows takes as much as some 230 single reads, so it waits for as many."""
    simulation = Simulation(3000, Limits(), 0.05, Random(5), claims=1)
    simulation.run()
    lists, single = simulation.calls["ReadList"], simulation.calls["ReadBack"]
    assert lists <= 3000 / 200, dict(simulation.calls)
    assert single <= 3000 / 10, dict(simulation.calls)


@pytest.mark.parametrize(
    ("reads", "writes", "changes", "seconds"),
    [
        (250, 200, 1000, 0.25),
        (250, 9, 1000, 0.5),
        (250, 9, 1001, 1.0),
        (250, 9, 20, 0.05),
        (120, 200, 1000, 0.5),
        (39, 200, 1000, 1.0),
        (39, 9, 20, 1.0),
        (250, 200, 20, 0.05),
    ],
)
def test_jobs_are_listed_as_often_as_reads_allow_and_writes_need(
    reads: float, writes: float, changes: int, seconds: float
) -> None:
    assert spacing(reads, writes, changes, closest=0.05) == seconds


def test_what_a_decision_costs_does_not_depend_on_how_many_changes_there_are() -> None:
    """Counted in function calls, which no busy machine changes."""
    costs = {}
    for items in (300, 1200):
        simulation = Simulation(items, Limits(), 0.05, Random(5), listed=False)
        profile = cProfile.Profile()
        profile.runcall(simulation.run)
        costs[items] = sum(entry.callcount for entry in profile.getstats()) / items
    assert costs[1200] < 1.5 * costs[300]
