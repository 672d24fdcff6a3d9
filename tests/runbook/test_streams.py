"""What a job says: flushed lines, each in its stream, and all of them below what is shown."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from asr_netmap.runbook.streams import MOST_BYTES, JobStreams, Kind, catching_prints

from .jobs import Service
from .large import vault_with


class Recording(io.StringIO):
    """Remembers what had been written whenever it was flushed."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed: list[str] = []

    def flush(self) -> None:
        self.flushed.append(self.getvalue())


def test_every_line_is_flushed_when_it_is_said() -> None:
    out = Recording()
    streams = JobStreams(out)
    streams.line("one")
    streams.line("two", Kind.WARNING)
    streams.last("{}")
    assert out.flushed == ["one\n", "one\nWARNING: two\n", "one\nWARNING: two\n{}\n"]


@pytest.mark.parametrize("kind", Kind)
def test_a_line_begins_with_the_word_of_its_stream(kind: Kind) -> None:
    out = io.StringIO()
    JobStreams(out).line("text", kind)
    assert out.getvalue() == f"{kind.value}text\n"


@pytest.mark.parametrize("name", ["ERROR: no", "warning: no", "Debug: no", "VERBOSE: no"])
def test_no_name_in_the_output_opens_another_stream(name: str) -> None:
    out = io.StringIO()
    streams = JobStreams(out)
    streams.line(name)
    streams.report(f"{name}\n")
    assert out.getvalue() == f" {name}\n" * 2


def test_a_report_that_is_too_long_is_cut_between_lines_and_says_by_how_much() -> None:
    out = io.StringIO()
    streams = JobStreams(out)
    streams.report("".join(f"line {number:6} {'x' * 88}\n" for number in range(5000)))
    streams.end_report()
    lines = out.getvalue().splitlines()
    shown = len(lines) - 1
    assert all(len(line) == 100 for line in lines[:-1])
    assert lines[-1].startswith(
        f"WARNING: … {5000 - shown} more lines ({(5000 - shown) * 101} bytes)"
    )
    assert "--out" in lines[-1]


def test_a_report_that_fits_says_nothing_of_the_kind() -> None:
    out = io.StringIO()
    streams = JobStreams(out)
    streams.report("one\ntwo\n")
    streams.end_report()
    assert out.getvalue() == "one\ntwo\n"


def test_errors_and_the_last_line_have_room_after_anything() -> None:
    out = io.StringIO()
    streams = JobStreams(out)
    for _ in range(3000):
        streams.line("x" * 200)
    streams.report("y" * 300_000)
    streams.line("what went wrong", Kind.ERROR)
    streams.last("{}")
    said = out.getvalue()
    assert said.endswith("ERROR: what went wrong\n{}\n")
    assert len(said.encode()) <= MOST_BYTES


def test_a_job_over_many_vms_stays_below_what_the_portal_shows() -> None:
    azure = Service(vault_with(items=800))
    job = azure.job("verify --config netmap --format json")
    assert job.code == 0
    assert 100_000 < len(job.text.encode()) <= MOST_BYTES
    assert any("more lines" in line for line in job.starting("WARNING:"))
    assert job.last["findings"]["warning"] >= 800


def test_what_a_library_prints_is_a_line_like_any_other() -> None:
    out = io.StringIO()
    with catching_prints(JobStreams(out)):
        print("one\ntwo")
        print("careful \x1b[31m", file=sys.stderr)
        sys.stderr.write("without an end")
    assert out.getvalue().splitlines() == [
        "one",
        "two",
        *("WARNING: careful", "WARNING: without an end"),
    ]


class Closed(io.StringIO):
    """A reader that went away."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("out", [None, Closed()])
def test_a_job_runs_without_anybody_who_listens(out: Any) -> None:
    streams = JobStreams(out)
    streams.line("one")
    streams.report("two")
    streams.last("{}")


def test_a_name_that_the_locale_cannot_write_is_shown_escaped() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    JobStreams(out).line("vnet-\u00fc")
    assert raw.getvalue() == b"vnet-\\xfc\n"
