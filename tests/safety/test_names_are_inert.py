"""Promise: a name that somebody else chose does nothing, wherever the program writes it.

The whole program runs on an estate in which every such name is one of the corpus; what comes out
is then read by the parser of each format.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import subprocess
import unicodedata
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from markdown_it import MarkdownIt

from asr_netmap import api
from asr_netmap.applying.observer import Event, Observer
from asr_netmap.applying.outcome import Result
from asr_netmap.report.inert import clean
from tests.cli.conftest import Finished, Run
from tests.demo_parts import part
from tests.report.html_page import read, what_could_act
from tests.report.junit_schema import faults
from tests.report.nasty_names import NASTY_NAMES
from tests.runbook.jobs import Service
from tests.safety.nasty_estate import NAMES, SHELL_NAMES, in_ids, nasty_estate
from tests.safety.program import (
    BY_FILE,
    BY_OPTIONS,
    SUBSCRIPTION,
    Watched,
    refusal,
    watched,
)

GITHUB_COMMAND = re.compile(r"^\s*::.*::")
PIPELINE_COMMAND = re.compile(r"##(vso)?\[", re.IGNORECASE)
UNSEEN = {"Cc", "Cf", "Cs"}
# Joins letters and shapes emoji; harmless, and parts of words in several scripts.
HARMLESS = {"\u200d"}

LOOKING = {
    "discover": ("discover", *BY_FILE),
    "plan": ("plan", *BY_FILE),
    "verify": ("verify", *BY_FILE),
    "nics list": ("nics", "list", *BY_FILE),
    "explain": ("nics", "explain", "--vm", "rg-web/n3", *BY_FILE),
}
WRITING = ("apply", *BY_FILE, "--yes", "--pending-ok", "--journal", "run.jsonl")

OUR_HTML = r"</?(details|summary)>|<!-- -->|(?<=<summary>)[^<]*(<!-- -->[^<]*)*(?=</summary>)"


@pytest.fixture
def nasty(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Watched:
    azure = watched(estate=nasty_estate())
    azure.install(monkeypatch)
    return azure


@dataclass(frozen=True)
class Applied:
    """One run of `apply` over all names: what it said and kept, and what the driver told it.

    made -- every path that is new in the current folder and in the home.
    """

    azure: Watched
    said: Finished
    journal: str
    events: tuple[Event, ...]
    result: Result
    made: frozenset[str]


class Overheard:
    """Hears what the observer hears."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.events: list[Event] = []

    def on(self, event: Event) -> None:
        self.events.append(event)
        self._observer.on(event)


def apply_once(run: Run, folder: Path, home: Path) -> Applied:
    before = {*folder.rglob("*")}
    azure = watched(estate=nasty_estate())
    real, heard, results = api.apply, [], []

    def apply(*arguments: Any, observer: Observer, **options: Any) -> Result:
        heard.append(Overheard(observer))
        results.append(real(*arguments, observer=heard[-1], **options))
        return results[-1]

    with pytest.MonkeyPatch.context() as patch:
        azure.install(patch)
        patch.setattr(api, "apply", apply)
        said = run(*WRITING)
    journal = (folder / "run.jsonl").read_bytes().decode("utf-8")
    made = frozenset(path.name for path in {*folder.rglob("*"), *home.rglob("*")} - before)
    return Applied(azure, said, journal, tuple(heard[0].events), results[0], made)


@pytest.fixture(scope="module")
def applied_once() -> list[Applied]:
    return []


@pytest.fixture
def applied(
    run: Run,
    folder: Path,
    own_environment: Path,
    applied_once: list[Applied],
    monkeypatch: pytest.MonkeyPatch,
) -> Applied:
    """The run, made once: a hundred writes take long. Its journal is there, Azure is as it left."""
    if not applied_once:
        applied_once.append(apply_once(run, folder, own_environment))
    (found,) = applied_once
    (folder / "run.jsonl").write_bytes(found.journal.encode("utf-8"))
    found.azure.install(monkeypatch)
    return found


def assert_inert_lines(text: str) -> None:
    text.encode("utf-8")
    for line in text.split("\n"):
        unseen = {c for c in line if unicodedata.category(c) in UNSEEN} - HARMLESS
        assert not unseen, (unseen, line)
        assert not GITHUB_COMMAND.search(line), line
        assert not PIPELINE_COMMAND.search(line), line


def test_the_corpus_has_the_dangers_of_every_sink() -> None:
    assert len(set(NAMES)) >= 80
    assert set(NASTY_NAMES) < set(NAMES)


@pytest.mark.parametrize("command", LOOKING)
@pytest.mark.parametrize("loud", [(), ("--verbose", "--debug")], ids=["plain", "loud"])
def test_tables_and_talk(nasty: Watched, run: Run, command: str, loud: tuple[str, ...]) -> None:
    done = run(*LOOKING[command], *loud)
    assert done.code in {0, 3}, done.err
    assert len(done.out.splitlines()) > 10
    assert_inert_lines(done.out)
    assert_inert_lines(done.err)


@pytest.mark.parametrize("command", LOOKING)
def test_csv_keeps_its_cells_and_has_no_formula(nasty: Watched, run: Run, command: str) -> None:
    text = run(*LOOKING[command], "--format", "csv").out
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not [cell for row in rows for cell in row if re.match("[=+\\-@\t\r\uff1d]", cell)]
    assert_inert_lines(text.replace("\r\n", "\n"))


@pytest.mark.parametrize("command", LOOKING)
def test_json_reads_back_and_is_plain_ascii(nasty: Watched, run: Run, command: str) -> None:
    text = run(*LOOKING[command], "--format", "json").out
    assert json.loads(text)["schema"].startswith("asr-netmap/")
    assert all(c == "\n" or " " <= c <= "~" for c in text)
    assert_inert_lines(text)


@pytest.mark.parametrize("more", [(), ("plan.json",), ("--journal", "run.jsonl")], ids=len)
def test_a_report_holds_names_as_texts(
    applied: Applied, nasty: Watched, run: Run, more: tuple[str, ...]
) -> None:
    assert run("plan", *BY_FILE, "--out", "plan.json").code == 0
    done = run("report", *BY_FILE, *more)
    assert done.code == 0, done.err
    assert_inert_lines(done.out)
    assert_inert_lines(done.err)
    assert what_could_act(done.out) == []
    said = "".join(read(done.out).text)
    assert all(clean(name) in said for name in NAMES if len(name) < 40)


@pytest.mark.parametrize("command", [*LOOKING, "report"])
def test_markdown_has_no_markup_but_our_own(nasty: Watched, run: Run, command: str) -> None:
    text = run(*{**LOOKING, "report": ("report", *BY_FILE)}[command], "--format", "markdown").out
    assert_inert_lines(text)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    assert len(inline) > 20
    allowed = {"text", "softbreak", "strong_open", "strong_close", "html_inline", "code_inline"}
    assert {child.type for child in inline} <= allowed
    # Within code nothing is markup, a link or a mention; only commands are code.
    code = [child.content for child in inline if child.type == "code_inline"]
    assert all(each.startswith(("az ", "asr-netmap ")) for each in code)
    assert {c.content for c in inline if c.type == "html_inline"} <= {"<!-- -->"}
    blocks = {token.type.removesuffix("_open").removesuffix("_close") for token in tokens}
    assert blocks <= {
        *("heading", "paragraph", "inline", "table", "thead", "tbody", "tr", "th", "td"),
        *("bullet_list", "list_item", "html_block"),
    }
    html = "".join(token.content for token in tokens if token.type == "html_block")
    assert not re.sub(OUR_HTML, "", html).strip()
    said = reduce(lambda rest, each: rest.replace(each, ""), code, text)
    assert not re.search(r"https?://|www\.|@\w", said)


def test_junit_holds_names_as_texts(nasty: Watched, run: Run) -> None:
    text = run("verify", *BY_FILE, "--drill", "--fail-on", "never", "--format", "junit").out
    assert_inert_lines(text)
    assert faults(text) == []
    elements = list(ET.fromstring(text).iter())
    said = "\n".join(part for e in elements for part in (*e.attrib.values(), e.text or ""))
    assert all(clean(name) in said for name in NAMES if len(name) < 40)


def test_what_a_runbooks_job_says() -> None:
    job = Service(nasty_estate()).job("verify --config netmap --verbose --debug")
    assert_inert_lines(job.text)
    assert len(job.lines) > 100
    assert job.last["schema"].startswith("asr-netmap/")


def test_what_apply_says_and_keeps(applied: Applied, run: Run) -> None:
    assert len(applied.azure.writes) > 50
    assert_inert_lines(applied.said.out)
    assert_inert_lines(applied.said.err)
    lines = applied.journal.splitlines()
    assert len(lines) > 20
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert_inert_lines(applied.journal)
    back = run("plan", *BY_FILE, "--undo", "run.jsonl")
    assert back.code == 0, back.err
    assert_inert_lines(back.out)


def test_apply_makes_no_file_but_its_journal(applied: Applied) -> None:
    assert applied.made == {"run.jsonl"}


@pytest.mark.parametrize("form", ["json", "csv", "markdown"])
def test_what_apply_says_in_other_formats(
    applied: Applied, nasty: Watched, run: Run, folder: Path, form: str
) -> None:
    """The same events and the same result are told again, in another format."""
    (folder / "run.jsonl").unlink()

    def again(*_arguments: object, observer: Observer, **_options: object) -> Result:
        for event in applied.events:
            observer.on(event)
        return applied.result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "apply", again)
        done = run(*WRITING, "--format", form)
    assert done.code == applied.said.code, done.err
    assert len(done.out.splitlines()) > 50
    assert_inert_lines(done.out.replace("\r\n", "\n"))
    assert_inert_lines(done.err)


def test_a_plan_file_reads_back_and_is_applied(nasty: Watched, run: Run, folder: Path) -> None:
    saved = run("plan", *BY_FILE, "--out", "plan.json")
    assert saved.code == 0, saved.err
    text = (folder / "plan.json").read_text(encoding="utf-8")
    assert len(json.loads(text)["plans"][0]["changes"]) > 10
    assert_inert_lines(text)
    assert run("apply", "plan.json", "--yes", "--pending-ok").code in {0, 5}
    assert nasty.writes


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_nic_table_reads_back_as_it_was(
    nasty: Watched, run: Run, folder: Path, form: str
) -> None:
    table = f"nics.{form}"
    assert run("nics", "export", *BY_FILE, "--format", form, "--out", table).code == 0
    text = (folder / table).read_text(encoding="utf-8-sig")
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        assert not [c for row in rows for c in row.values() if re.match("[=+\\-@\t\r\uff1d]", c)]
    else:
        rows = json.loads(text)["rows"]
    assert len(rows) > 30
    done = run("nics", "import", table, *BY_FILE, "--yes")
    assert done.code == 0, done.err
    assert nasty.writes == []


def test_a_nic_table_on_the_terminal(nasty: Watched, run: Run) -> None:
    for form in ("csv", "json"):
        assert_inert_lines(
            run("nics", "export", *BY_FILE, "--format", form).out.replace("\r\n", "\n")
        )


def test_a_snapshot_and_a_first_configuration(nasty: Watched, run: Run, folder: Path) -> None:
    assert run("snapshot", *BY_FILE, "--out", "copy.json").code == 0
    assert_inert_lines((folder / "copy.json").read_text())
    shown = run("plan", *BY_FILE, "--sandbox", "copy.json")
    assert shown.code == 0, shown.err
    assert run("init", *BY_OPTIONS, "--out", "first.yaml").code == 0
    text = (folder / "first.yaml").read_text()
    assert_inert_lines(text)
    assert yaml.safe_load(text)["version"] == 1


def test_what_azure_says_of_a_failure(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words of a 403 and of a failed operation come from elsewhere, too."""
    small = part("web1", networks=("vnet-web", "vnet-web-asr"))
    for name in (name for name in NAMES if clean(name) != name):
        azure = watched(
            [
                {"kind": "operation-fails", "path": "*Mappings/*", "message": name or "x"},
                {"kind": "forbidden", "path": "*/networkInterfaces", "action": name or "x"},
            ],
            estate=small,
        )
        azure.install(monkeypatch)
        done = run("apply", *BY_FILE, "--yes", "--only", "network=vnet-web", "--debug")
        assert done.code in {1, 4, 5}
        assert_inert_lines(done.out)
        assert_inert_lines(done.err)


# Commands that are suggested.


def suggested(text: str) -> list[str]:
    """What a reader could copy into a shell: "Next:" lines and az commands."""
    found = re.findall(r"Next: (?:edit it, then )?(asr-netmap .*)", text)
    return found + re.findall(r"(az (?:network|group|provider) .*)", text)


def suggested_fixes(findings: list[dict[str, str]]) -> list[str]:
    return [each["command"] for each in findings if each["command"]]


def assert_run_nothing_else(commands: list[str], folder: Path) -> None:
    """A shell itself reads them, with the programs replaced by what does nothing."""
    lines = ["asr_netmap() { :; }", "az() { :; }"]
    lines += [re.sub(r"\Aasr-netmap", "asr_netmap", command) for command in commands]
    script = "\n".join(lines).replace("\0", "").encode("utf-8", "replace")
    shell = subprocess.run(
        ["/bin/sh", "-eu"], input=script, cwd=folder, capture_output=True, check=False
    )
    assert not (folder / "ran").exists(), commands
    assert shell.returncode == 0, (commands, shell.stderr)
    assert all(shlex.split(command) for command in commands)


@pytest.mark.parametrize("name", SHELL_NAMES)
def test_a_file_with_an_odd_name_is_quoted_in_the_next_command(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    watched(estate=nasty_estate([name])).install(monkeypatch)
    said = ""
    commands_typed: list[tuple[str, ...]] = [
        ("init", *BY_OPTIONS, "--out", f"./{name}.yaml"),
        ("snapshot", *BY_FILE, "--out", f"./{name}.copy"),
        ("plan", *BY_FILE, "--out", f"./{name}.plan"),
        ("nics", "export", *BY_FILE, "--out", f"./{name}.csv"),
        ("sandbox", "new", f"./{name}.estate"),
    ]
    if in_ids(name):
        commands_typed.append(("plan", *BY_FILE, "--only", f"vm={name},vm=web1"))
    for arguments in commands_typed:
        done = run(*arguments)
        assert done.code == 0, done.err
        said += done.err
    commands = suggested(said)
    assert len(commands) == len(commands_typed)
    assert_run_nothing_else(commands, folder)


def test_a_command_that_a_finding_suggests_is_quoted(
    nasty: Watched, run: Run, folder: Path
) -> None:
    findings = run("verify", *BY_FILE, "--format", "json").json["findings"]
    commands = suggested_fixes(findings)
    programs = {" ".join(command.split()[:3]).partition(" --")[0] for command in commands}
    assert programs == {
        "asr-netmap apply",
        "az network asg",
        "az network nsg",
        "az network private-dns",
        "az network public-ip",
        "az network vnet",
    }
    assert len(commands) > 50
    assert len([command for command in commands if "touch ran" in command]) > 4
    assert_run_nothing_else(commands, folder)


def test_a_command_that_an_undo_suggests_is_quoted(
    applied: Applied, run: Run, folder: Path
) -> None:
    assert applied.said.code in {0, 5}
    findings = run("plan", *BY_FILE, "--undo", "run.jsonl", "--format", "json").json["findings"]
    commands = suggested_fixes(findings)
    assert commands
    assert_run_nothing_else(commands, folder)


def test_the_namespace_that_an_answer_names_is_no_shell_text(
    azure: Watched, run: Run, folder: Path
) -> None:
    words = "not registered to use namespace 'Microsoft.Network; touch ran'."
    answer = refusal(409, "MissingSubscriptionRegistration", words)
    azure.meddle = lambda _request, _response: answer
    commands = suggested(run("verify", *BY_FILE).err)
    assert commands == [
        f"az provider register --namespace <namespace> --subscription {SUBSCRIPTION}"
    ]
