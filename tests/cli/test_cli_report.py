"""``report``: what it is told, where it goes, and how it ends."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import REGION_OPTIONS, VAULT_OPTIONS, Run, add_condition
from tests.report.html_page import what_could_act


def test_a_page_goes_into_a_private_file(here: Run, folder: Path) -> None:
    done = here("report", "--out", "report.html")
    assert done.code == 0
    assert done.out == ""
    assert "open it in a browser" in done.err
    assert "SANDBOX" in done.err
    page = folder / "report.html"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert what_could_act(page.read_text(encoding="utf-8")) == []


def test_without_a_file_the_page_is_standard_output(here: Run) -> None:
    done = here("report", "--quiet")
    assert done.out.startswith("<!DOCTYPE html>\n")
    assert done.out.endswith("</html>\n")


def test_commands_on_the_page_run_as_they_stand(here: Run) -> None:
    told = here("report").out
    assert "asr-netmap apply --config netmap.yaml --workers 2 --sandbox estate.json" in told


def test_markdown(here: Run) -> None:
    done = here("report", "--format", "markdown")
    assert done.code == 0
    assert done.out.startswith("# vault vault-dr, eastasia -\\> southeastasia\n")


def test_a_file_that_ends_in_md_is_markdown_unless_something_else_is_asked_for(
    here: Run, folder: Path
) -> None:
    assert here("report", "--out", "report.md").code == 0
    assert (folder / "report.md").read_text(encoding="utf-8").startswith("# vault vault-dr")
    assert here("report", "--format", "html", "--out", "report.md").code == 0
    assert (folder / "report.md").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_saved_plan_is_shown_instead_of_a_new_one(here: Run, run: Run) -> None:
    assert here("plan", "--only", "network=vnet-data", "--out", "plan.json").code == 0
    done = run("report", "plan.json", "--sandbox", "estate.json")
    assert done.code == 0
    assert "What the plan in plan.json changes" in done.out
    assert "2 changes" in done.out


def test_a_plan_of_a_vault_that_is_not_declared_is_refused(here: Run, folder: Path) -> None:
    assert here("plan", "--out", "plan.json").code == 0
    text = (folder / "netmap.yaml").read_text().replace("vault-dr", "another")
    (folder / "netmap.yaml").write_text(text)
    done = here("report", "plan.json")
    assert done.code == 4
    assert "--config does not declare" in done.err


def test_a_run_is_told_from_its_journal(here: Run) -> None:
    assert here("apply", "--yes", "--journal", "run.jsonl").code == 5
    told = here("report", "--journal", "run.jsonl").out
    part = told[told.index('id="v1run"') : told.index('id="v1pending"')]
    assert part.count(">applied<") == 13
    assert "vnet-data-dr -&gt; vnet-data" in part
    assert re.search(r"Begun \d{4}-\d\d-\d\d \d\d:\d\d UTC: 13 applied\.", part)
    assert "The plan changes nothing." in told


def test_a_journal_that_ends_in_the_middle_says_so(here: Run, folder: Path) -> None:
    assert here("apply", "--yes", "--journal", "run.jsonl").code == 5
    lines = (folder / "run.jsonl").read_text().splitlines(keepends=True)
    cut = [line for line in lines if '"event":"outcome"' not in line or "mapping" not in line]
    (folder / "run.jsonl").write_text("".join(cut[:-1]))
    told = here("report", "--journal", "run.jsonl").out
    assert "The journal stops before the run&#x27;s end." in told.replace("'", "&#x27;")
    assert told.count(">no end<") == 5


def test_a_journal_of_another_vault_is_refused(here: Run, folder: Path) -> None:
    assert here("apply", "--yes", "--journal", "run.jsonl").code == 5
    text = (folder / "run.jsonl").read_text().replace("vaults/vault-dr", "vaults/another")
    (folder / "run.jsonl").write_text(text)
    assert here("report", "--journal", "run.jsonl").code == 4


def test_findings_fail_it_only_if_asked(here: Run) -> None:
    assert here("report").code == 0
    assert here("report", "--fail-on", "error").code == 3


def test_what_was_not_looked_at_is_told_and_counts(here: Run, folder: Path) -> None:
    add_condition(folder, {"kind": "forbidden", "path": "*/networkInterfaces"})
    done = here("report")
    assert done.code == 5
    assert "Not everything could be looked at" in done.out
    assert "?/251" in done.out


@pytest.mark.parametrize("only", ["network=vnet-data", "vm=sql1"])
def test_a_part_is_shown_alone(here: Run, only: str) -> None:
    told = here("report", "--only", only).out
    assert ">vnet-data<" in told
    assert ">vnet-web<" not in told


def test_a_part_that_is_nothing_is_an_error(here: Run) -> None:
    assert here("report", "--only", "vm=nobody").code == 1


def test_two_pairs_of_regions_are_one_page(run: Run, folder: Path) -> None:
    other = (folder / "netmap.yaml").read_text().replace(": eastasia", ": japaneast")
    (folder / "other.yaml").write_text(other)
    files = ("--config", "netmap.yaml", "--config", "other.yaml", "--sandbox", "estate.json")
    told = run("report", *files).out
    assert "2 vaults or pairs of regions" in told
    assert told.count("<svg") == 2


def test_options_are_enough(run: Run) -> None:
    done = run("report", "--sandbox", "demo", *VAULT_OPTIONS, *REGION_OPTIONS)
    assert done.code == 0
    assert "--vault-name vault-dr" in done.out
