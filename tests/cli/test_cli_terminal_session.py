"""A session at a terminal: progress while operations run, and what Ctrl-C does to them.

The sandbox is served from this process by a clock that stands still until a test moves it, so
operations end when the test wants it and not before.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from asr_netmap.gateway.transport import PATIENCE
from asr_netmap.sandbox import FileSandbox, Options
from asr_netmap.sandbox.server import running_server
from tests.cli.terminal import CTRL_C, PATIENCE_SECONDS, at_a_terminal

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="pseudo terminals are what is tested"
)

OPERATION_SECONDS = 3600.0


class Held:
    """A served sandbox whose operations go on until they are let go."""

    def __init__(self, estate: Path) -> None:
        options = Options(operation_seconds=OPERATION_SECONDS, retry_after=0)
        self.sandbox = FileSandbox(estate, options)
        self._now = datetime(2030, 1, 1, tzinfo=timezone.utc)
        self._answers = threading.Event()
        self._answers.set()
        self._asked = threading.Event()
        self.url = ""

    def clock(self) -> datetime:
        return self._now

    def let_go(self) -> None:
        """End all operations that have been accepted."""
        self._now += timedelta(seconds=OPERATION_SECONDS + 1)

    def before_an_answer(self, _: float) -> None:
        if not self._answers.is_set():
            self._asked.set()
        self._answers.wait()

    def stop_answering(self) -> None:
        """Leave the next question, which is waited for, without an answer."""
        self._answers.clear()
        assert self._asked.wait(PATIENCE_SECONDS)

    def answer_again(self) -> None:
        self._answers.set()

    @property
    def apply(self) -> tuple[str, ...]:
        """Two mappings in one stage, and the NICs of two VMs in the next."""
        where = ("--endpoint", self.url, "--config", "netmap.yaml")
        return ("apply", *where, "--only", "network=vnet-web", "--yes")


@pytest.fixture
def held(folder: Path) -> Iterator[Held]:
    held = Held(folder / "estate.json")
    with running_server(
        held.sandbox, clock=held.clock, sleep=held.before_an_answer, latency=1.0
    ) as held.url:
        yield held
        held.answer_again()


def test_progress_shows_each_stage_what_is_in_flight_and_the_end(held: Held, folder: Path) -> None:
    with at_a_terminal(*held.apply, cwd=folder) as screen:
        screen.wait_for(r"Network mappings .*0/2 +2 in flight")
        screen.wait_for(r"NIC settings .*0/2")
        screen.wait_for(r"\d+ s so far")
        held.let_go()
        screen.wait_for(r"Network mappings .*2/2")
        screen.wait_for(r"NIC settings .*0/2 +2 in flight")
        held.let_go()
        assert screen.end() == 0, screen.text
    assert "4 applied." in screen.text
    assert "Next: asr-netmap verify" in screen.text


def test_ctrl_c_waits_for_what_is_in_flight_and_says_what_is_left(held: Held, folder: Path) -> None:
    with at_a_terminal(*held.apply, cwd=folder) as screen:
        screen.wait_for("2 in flight")
        screen.type(CTRL_C)
        screen.wait_for("interrupted: nothing new is started; waiting for 2 writes in flight")
        screen.wait_for("Ctrl-C again leaves at once")
        held.let_go()
        assert screen.end() == 130, screen.text
    assert "2 applied, 2 pending; interrupted." in screen.text
    assert "Next: asr-netmap apply" in screen.text
    assert "Traceback" not in screen.text


def test_a_second_ctrl_c_leaves_at_once_and_names_what_is_unknown(held: Held, folder: Path) -> None:
    with at_a_terminal(*held.apply, cwd=folder) as screen:
        screen.wait_for("2 in flight")
        screen.type(CTRL_C)
        screen.wait_for("waiting for 2 writes in flight")
        screen.type(CTRL_C)
        # The operations are never let go: an end means that nobody waited for them.
        assert screen.end() == 6, screen.text
    assert "interrupted again: leaving now, 2 writes left in flight" in screen.text
    assert re.search(r"unknown +create vnet-web -> vnet-web-asr \(forward\)", screen.text)
    assert "2 unknown" in screen.text
    assert "Traceback" not in screen.text


def test_a_second_ctrl_c_waits_for_no_answer_either(held: Held, folder: Path) -> None:
    with at_a_terminal(*held.apply, cwd=folder) as screen:
        screen.wait_for("2 in flight")
        held.stop_answering()
        screen.type(CTRL_C)
        screen.wait_for("waiting for 2 writes in flight")
        screen.type(CTRL_C)
        # Nothing is answered any more: an end before the time-out means that nobody waits for it.
        assert screen.end(within=PATIENCE.read / 2) == 6, screen.text
    assert "2 unknown" in screen.text


def test_ctrl_c_at_the_question_writes_nothing(held: Held, folder: Path) -> None:
    arguments = [each for each in held.apply if each != "--yes"]
    with at_a_terminal(*arguments, cwd=folder) as screen:
        screen.wait_for(r"\[y/N\]")
        screen.type(CTRL_C)
        assert screen.end() == 130
    assert "interrupted" in screen.text
    assert "Traceback" not in screen.text
