"""How fast: looks at operations, places for writes, and what a large run costs."""

from __future__ import annotations

import heapq
from random import Random

from asr_netmap.applying.comparison import Standing, Verdict
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.outcome import Status
from asr_netmap.applying.pace import Pace, Window
from asr_netmap.applying.scheduler import Scheduler
from asr_netmap.applying.tasks import (
    Ask,
    Asked,
    Compared,
    Prepare,
    Prepared,
    ReadBack,
    Report,
    Send,
    Sent,
    Task,
)
from asr_netmap.planning.gateway import Operation, Phase, Progress, Reading

from .estate import create_fabric, create_mapping, set_nics

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


class Simulation:
    """A run against a service whose calls and operations take time, without any thread."""

    def __init__(self, items: int, limits: Limits, latency: float, random: Random) -> None:
        changes = [set_nics(f"app{n}") for n in range(items)]
        self.scheduler = Scheduler(changes, limits, "seed")
        self.latency = latency
        self.random = random
        self.ends: dict[str, float] = {}
        self.sends: list[float] = []
        self.asks = 0

    def run(self) -> float:
        """Seconds until everything has ended."""
        now, serial = 0.0, 0
        queue: list[tuple[float, int, Task]] = []
        while True:
            decision = self.scheduler.decide(now)
            if decision.finished:
                return now
            for task in decision.start:
                serial += 1
                heapq.heappush(queue, (now + self.cost(task), serial, task))
            if queue and (decision.wake_at is None or queue[0][0] <= decision.wake_at):
                now, _, task = heapq.heappop(queue)
                self.scheduler.report(task, self.answer(task, now), now)
            else:
                assert decision.wake_at is not None
                now = decision.wake_at

    def cost(self, task: Task) -> float:
        return self.latency * (2 if isinstance(task, Prepare) else 1)

    def answer(self, task: Task, now: float) -> Report:
        name = task.change.id
        if isinstance(task, Prepare):
            return Prepared(Verdict(Standing.READY), Reading(None))
        if isinstance(task, Send):
            self.sends.append(now)
            self.ends[name] = now + self.random.uniform(2.2, 3.8)
            return Sent(Operation("job", "url", task.request_id, task.change.subject))
        if isinstance(task, Ask):
            self.asks += 1
            over = self.ends[name] <= now
            return Asked(Progress(Phase.SUCCEEDED if over else Phase.RUNNING, ""))
        assert isinstance(task, ReadBack)
        return Compared()


def test_three_hundred_items_take_about_a_minute_and_few_looks_each() -> None:
    """Operations of the recorded 2.2 to 3.8 s, calls of 0.2 s, sixteen workers."""
    simulation = Simulation(300, Limits(workers=16), 0.2, Random(5))
    seconds = simulation.run()
    outcomes = simulation.scheduler.outcomes()
    assert all(outcome.status is Status.APPLIED for outcome in outcomes)
    assert simulation.scheduler.most_in_flight == 40
    print(f"300 items: {seconds:.0f} s, {simulation.asks / 300:.2f} looks each")
    assert seconds < 60
    assert simulation.asks < 1.5 * 300


def test_a_run_twice_as_large_takes_about_twice_as_long() -> None:
    """It sits on the places for writes, however many changes wait."""
    small, large = (Simulation(n, Limits(workers=16), 0.2, Random(5)).run() for n in (150, 300))
    assert 1.5 < large / small < 2.1
