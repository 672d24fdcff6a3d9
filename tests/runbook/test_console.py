"""What a job's console says, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from asr_netmap.applying.observer import Finished, Throttled
from asr_netmap.applying.outcome import Outcome, Status
from asr_netmap.arm_id import ArmId
from asr_netmap.cli.progress import Counts
from asr_netmap.planning.change import Action, Change, Kind, MappingState
from asr_netmap.report.page import Tone

from .test_modes import service, web

NETWORK = ArmId("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n")
CHANGE = Change(
    Kind.MAPPING, Action.CREATE, NETWORK, "n -> m", None, MappingState(NETWORK, NETWORK, "f"), "why"
)


class Said:
    """A console that remembers."""

    verbose = False

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        self.lines.append(text)


def ended(status: Status, message: str = "") -> Finished:
    return Finished(CHANGE, Outcome(CHANGE.id, status, message=message))


def test_progress_is_a_line_at_intervals_and_one_at_the_end() -> None:
    said, now = Said(), [0.0]
    counts = Counts(said, 100, 30.0, lambda: now[0])  # type: ignore[arg-type]  # -- all that it uses
    for _ in range(100):
        now[0] += 1.0
        counts.on(ended(Status.APPLIED))
    assert said.lines == [
        "   30.0 s  30/100 ended: 30 applied",
        "   60.0 s  60/100 ended: 60 applied",
        "   90.0 s  90/100 ended: 90 applied",
        "  100.0 s  100/100 ended: 100 applied",
    ]


def test_what_went_wrong_is_said_at_once() -> None:
    said = Said()
    counts = Counts(said, 9, 30.0, lambda: 0.0)  # type: ignore[arg-type]  # -- all that it uses
    counts.on(ended(Status.FAILED, "no room"))
    counts.on(Throttled(CHANGE, 12.0, 4))
    assert [line.strip().partition("s  ")[2] for line in said.lines] == [
        "failed   create n -> m: no room",
        "Azure asks to slow down: nothing new for 12 s",
    ]


def test_a_quiet_job_gives_its_report_and_its_warnings() -> None:
    loud = service().job("finish --config netmap")
    quiet = service().job("finish --config netmap --quiet")
    assert quiet.starting("WARNING:")
    assert set(quiet.starting("WARNING:")) <= set(loud.starting("WARNING:"))
    assert "Outcomes" in quiet.text


def test_a_verbose_job_says_more_in_a_stream_of_its_own() -> None:
    assert web().job("verify --config netmap --verbose").starting("VERBOSE:")
    assert web().job("verify --config netmap").starting("VERBOSE:") == []


def test_a_debugging_job_has_a_line_for_each_exchange_and_no_token() -> None:
    job = web().job("verify --config netmap --debug")
    assert any("GET" in line for line in job.starting("DEBUG:"))
    assert "Bearer ey" not in job.text


@pytest.mark.parametrize("form", ["table", "json"])
def test_the_whole_report_can_go_to_a_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / "report"
    job = web().job(f"verify --config netmap --format {form} --out {path}")
    assert "mapping-missing" in path.read_text()
    assert "mapping-missing" not in job.text
