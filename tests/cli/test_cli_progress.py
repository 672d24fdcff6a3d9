"""Progress while plans are applied: what is counted, and what a terminal and a CI log get."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from rich.console import Console as RichConsole

from asr_netmap.applying.observer import (
    Accepted,
    Event,
    Finished,
    Interrupted,
    Stage,
    Started,
    Throttled,
    Waiting,
)
from asr_netmap.applying.outcome import Outcome, Status
from asr_netmap.arm_id import ArmId
from asr_netmap.cli.console import Console
from asr_netmap.cli.live import Live
from asr_netmap.cli.progress import Silent, observing
from asr_netmap.cli.tally import WINDOW_SECONDS, Tally
from asr_netmap.cli.telling import duration, pace, standing
from asr_netmap.cli.timed_lines import MOST_LINES, SAID_EVERY, Lines
from asr_netmap.planning.change import Action, Change, Kind
from tests.cli.streams import lines_that_command_a_ci_system, terminals
from tests.report.nasty_names import NASTY_NAMES

LIVE_DRAWING = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[lh]|[0-9]*[ABCDK]|2K)|\r")


@pytest.fixture(autouse=True)
def a_known_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")


class Watch:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def a_change(title: str = "app1", kind: Kind = Kind.NIC_SETTINGS) -> Change:
    vault = ArmId.of_vault("11111111-2222-3333-4444-555555555555", "rg", "vault")
    subject = vault.child("things", re.sub(r"\W", "", title)[:50] or "x")
    return Change(kind, Action.UPDATE, subject, title, None, None, "")


def many(count: int) -> list[Change]:
    return [a_change(f"vm{number}") for number in range(count)]


def ended(change: Change, status: Status = Status.APPLIED, message: str = "") -> Finished:
    return Finished(change, Outcome(change.id, status, message=message))


def every_event(title: str) -> list[Event]:
    change, other = a_change(title), a_change("other")
    return [
        Stage(Kind.NIC_SETTINGS, 2),
        Started(change),
        Waiting(change, title, 2.0),
        Accepted(change, "job-1"),
        Throttled(change, 7.0, 4),
        Interrupted(1, False),
        ended(change),
        ended(other, Status.FAILED, title),
    ]


def lines_of(console: Console, changes: list[Change], now: Callable[[], float]) -> Lines:
    return Lines(console, Tally(changes, now()), now)


# what is counted


def test_a_stage_counts_what_is_checked_what_is_in_flight_and_what_ended() -> None:
    network, one, two = a_change("net", Kind.NETWORK), a_change("one"), a_change("two")
    tally = Tally([network, one, two], 0.0)
    for event in (Started(network), ended(network), Started(one), Accepted(one, "j"), Started(two)):
        tally.take(event, 1.0)
    counts = [(s.kind, s.done, s.total, s.in_flight, s.checking) for s in tally.stages]
    assert counts == [(Kind.NETWORK, 1, 1, 0, 0), (Kind.NIC_SETTINGS, 0, 2, 1, 1)]
    assert (tally.ended, tally.total, tally.in_flight) == (1, 3, 1)


def test_what_is_planned_after_waiting_comes_on_top() -> None:
    enabled, later = a_change("app9", Kind.REPLICATION), a_change("app9")
    tally = Tally([enabled], 0.0)
    for event in (Stage(Kind.REPLICATION, 1), ended(enabled), Stage(Kind.NIC_SETTINGS, 1)):
        tally.take(event, 1.0)
    assert (tally.ended, tally.total) == (1, 2)
    tally.take(ended(later), 2.0)
    assert (tally.ended, tally.total) == (2, 2)


def test_what_is_left_for_another_run_fills_no_bar() -> None:
    one, two = many(2)
    tally = Tally([one, two], 0.0)
    for event in (ended(one), ended(two, Status.PENDING)):
        tally.take(event, 1.0)
    (stage,) = tally.stages
    assert (stage.done, stage.pending, stage.total) == (1, 1, 2)
    assert standing(tally, 1.0) == "2 of 2, 1 pending"


def test_time_left_follows_the_measured_rate() -> None:
    changes = many(10)
    tally = Tally(changes, 0.0)
    for number, change in enumerate(changes[:2]):
        tally.take(ended(change), number + 1.0)
    assert tally.rate(2.0) is None
    assert tally.seconds_left(2.0) is None
    tally.take(ended(changes[2]), 6.0)
    assert tally.rate(6.0) == pytest.approx(0.5)
    assert tally.seconds_left(6.0) == pytest.approx(14.0)
    assert pace(tally, 6.0) == ["30/min", "about 14 s left"]


def test_the_rate_forgets_what_ended_long_ago() -> None:
    changes = many(10)
    tally = Tally(changes, 0.0)
    for change in changes[:6]:
        tally.take(ended(change), 1.0)
    assert tally.rate(WINDOW_SECONDS) == pytest.approx(6 / WINDOW_SECONDS)
    assert tally.rate(WINDOW_SECONDS + 2) is None


def test_what_was_never_tried_is_no_measure_of_the_rate() -> None:
    changes = many(10)
    tally = Tally(changes, 0.0)
    for change in changes[:9]:
        tally.take(ended(change, Status.PENDING), 1.0)
    assert tally.rate(1.0) is None


def test_after_an_interrupt_no_time_is_promised() -> None:
    changes = many(10)
    tally = Tally(changes, 0.0)
    for change in changes[:5]:
        tally.take(ended(change), 5.0)
    tally.take(Interrupted(2, False), 5.0)
    assert tally.seconds_left(5.0) is None
    assert pace(tally, 5.0)[-1] == "stopping"


def test_a_throttle_is_shown_until_it_is_over() -> None:
    change = a_change()
    tally = Tally([change], 0.0)
    tally.take(Throttled(change, 30.0, 4), 10.0)
    assert pace(tally, 15.0) == ["throttled: nothing new for 25 s"]
    assert pace(tally, 41.0) == []


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.2, "1 s"), (99, "99 s"), (100, "2 min"), (3600, "60 min"), (7500, "2 h 05 min")],
)
def test_durations_read_well(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


# where there is no terminal


def test_without_a_terminal_each_end_of_a_short_run_is_a_timed_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    watch = Watch()
    lines = lines_of(Console(), many(2), watch)
    for event in every_event("app1"):
        watch.now += 0.5
        lines.on(event)
    said = capsys.readouterr().err.splitlines()
    assert [line.strip() for line in said] == [
        "2.5 s  Azure asks to slow down: nothing new for 7 s",
        "3.0 s  interrupted: nothing new is started; waiting for 1 write in flight. "
        "Ctrl-C again leaves at once, and nobody knows then whether they took effect",
        "3.5 s  1/2 applied  update app1",
        "4.0 s  2/2 failed   update other: app1",
    ]


def test_a_long_run_says_how_far_it_is_at_intervals_and_what_went_wrong_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    watch, changes = Watch(), many(MOST_LINES + 10)
    lines = lines_of(Console(), changes, watch)
    lines.on(Stage(Kind.NIC_SETTINGS, len(changes)))
    for change in changes[:-1]:
        watch.now += 1.0
        status = Status.FAILED if change.title == "vm25" else Status.APPLIED
        lines.on(ended(change, status))
    said = [line.strip() for line in capsys.readouterr().err.splitlines()]
    assert said[0] == "0.0 s  NIC settings: 60"
    assert said[1] == "10.0 s  10 of 60, 60/min, about 50 s left"
    assert said[3] == "26.0 s  26/60 failed   update vm25"
    assert said[4] == "36.0 s  36 of 60, 1 went wrong, 60/min, about 24 s left"
    assert len(said) < len(changes) / SAID_EVERY + 4


def test_a_run_in_which_nothing_happens_still_says_how_far_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    watch, changes = Watch(), many(3)
    lines = lines_of(Console(), changes, watch)
    lines.on(Started(changes[0]))
    lines.on(Accepted(changes[0], "job"))
    watch.now += 30.0
    lines.look()
    assert capsys.readouterr().err == "   30.0 s  0 of 3, 1 in flight\n"


def test_verbose_shows_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(Console(verbose=True), many(2), lambda: 0.0)
    for event in every_event("app1"):
        lines.on(event)
    assert len(capsys.readouterr().err.splitlines()) == len(every_event("app1"))


def test_quiet_shows_no_progress() -> None:
    with observing(Console(quiet=True), many(2)) as observer:
        assert isinstance(observer, Silent)
        for event in every_event("app1"):
            observer.on(event)


# at a terminal


def drawn(live: Live, screen: RichConsole) -> list[str]:
    """What the live lines are now."""
    with screen.capture() as capture:
        screen.print(live)
    return [LIVE_DRAWING.sub("", line).rstrip() for line in capture.get().splitlines()]


@pytest.mark.parametrize("width", [40, 60, 80, 160])
def test_live_lines_never_leave_the_width_and_keep_the_counts(width: int) -> None:
    screen = RichConsole(file=io.StringIO(), width=width, force_terminal=True)
    watch, changes = Watch(), [a_change("a" * 300), *many(1200)]
    live = Live(screen, Tally(changes, watch()), watch)
    for change in changes[:20]:
        watch.now += 0.25
        live.on(Started(change))
        live.on(ended(change))
    for change in changes[20:25]:
        live.on(Started(change))
        live.on(Accepted(change, "j"))
    live.on(Throttled(changes[0], 12.0, 3))
    lines = drawn(live, screen)
    assert max(map(len, lines)) <= width
    assert "20/1201" in lines[0]
    assert "5 in flight" in lines[0]
    assert "240/min" in lines[1]
    if width >= 80:
        assert "about 5 min left" in lines[1]
        assert "throttled: nothing new for 12 s" in lines[1]


@pytest.mark.parametrize(
    ("event", "kept"),
    [
        (ended(a_change(), Status.FAILED, "refused"), "failed   update app1: refused"),
        (ended(a_change(), Status.UNKNOWN), "unknown  update app1"),
        (Throttled(a_change(), 9.0, 1), "nothing new for 9 s"),
        (Interrupted(3, False), "waiting for 3 writes in flight"),
        (Interrupted(3, True), "leaving now, 3 writes left in flight, outcome unknown"),
        (Interrupted(0, False), "nothing is in flight"),
    ],
)
def test_what_must_not_be_missed_stays_on_the_terminal(event: Event, kept: str) -> None:
    stream = io.StringIO()
    screen = RichConsole(file=stream, width=200, force_terminal=True)
    Live(screen, Tally([a_change()], 0.0), lambda: 0.0).on(event)
    assert kept in LIVE_DRAWING.sub("", stream.getvalue())


def test_what_is_only_pending_fills_no_terminal() -> None:
    stream = io.StringIO()
    screen = RichConsole(file=stream, width=80, force_terminal=True)
    live = Live(screen, Tally([a_change()], 0.0), lambda: 0.0)
    live.on(ended(a_change(), Status.PENDING, "interrupted"))
    assert stream.getvalue() == ""


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_progress_on_a_terminal_shows_names_as_text(name: str) -> None:
    with terminals() as (_, err), observing(Console(), many(2)) as observer:
        assert isinstance(observer, Live)
        for event in every_event(name):
            observer.on(event)
    plain = LIVE_DRAWING.sub("", err.getvalue())
    assert "\x1b" not in plain
    assert lines_that_command_a_ci_system(plain) == []


def test_a_standing_counts_what_went_wrong() -> None:
    changes = many(4)
    tally = Tally(changes, 0.0)
    tally.take(ended(changes[0], Status.FAILED), 1.0)
    tally.take(ended(changes[1], Status.UNKNOWN), 1.0)
    tally.take(ended(changes[2], Status.PENDING), 1.0)
    assert standing(tally, 1.0) == "3 of 4, 2 went wrong, 1 pending"
