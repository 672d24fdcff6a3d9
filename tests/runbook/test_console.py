"""What a job's console says, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from .test_modes import service, web


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
