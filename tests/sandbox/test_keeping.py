"""A large estate file: what changes goes into a journal beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from asr_netmap.sandbox import EstateError, FileSandbox, Options
from asr_netmap.sandbox.demo_estate import demo_estate
from asr_netmap.sandbox.estate import Estate
from asr_netmap.sandbox.keeping import EstateFile

from .test_session import send
from .world import SUB, WEB, WEB_ASR, mapping_body, mapping_path

SMALL = 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    where = tmp_path / "estate.json"
    demo_estate().save(where)
    return where


@pytest.fixture
def journal(path: Path) -> Path:
    return path.with_name("estate.json.journal")


def large(path: Path, **options: Any) -> FileSandbox:
    """A sandbox that takes the demo estate for a large one."""
    return FileSandbox(path, Options(**options), small=SMALL)


def names(sandbox: FileSandbox) -> list[str]:
    """The resource groups, as it lists them now."""
    answer = send(sandbox, "GET", f"{SUB}/resourcegroups")
    return [row["name"] for row in json.loads(answer.body)["value"]]


def put(sandbox: FileSandbox, name: str, tag: str = "") -> None:
    """Create a resource group, which takes no time."""
    path = f"{SUB}/resourcegroups/{name}"
    assert send(sandbox, "PUT", path, {"location": "eastasia", "tags": {"t": tag}}).status == 201


def test_a_write_is_in_the_journal_before_its_answer_and_the_file_stays(
    path: Path, journal: Path
) -> None:
    before = path.read_bytes()
    sandbox = large(path, operation_seconds=5.0)
    answer = send(sandbox, "PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    assert answer.status == 202
    assert path.read_bytes() == before
    assert len(journal.read_bytes().splitlines()) == 2
    assert EstateFile(path).load().to_document() == sandbox.engine.estate.to_document()


def test_another_sandbox_sees_what_is_in_the_journal_and_what_is_added(path: Path) -> None:
    one, other = large(path), large(path)
    for number in range(3):
        put(one, f"m{number}")
        assert f"m{number}" in names(other)
    put(other, "theirs")
    assert "theirs" in names(one)


def test_when_it_is_closed_one_file_tells_all(path: Path, journal: Path) -> None:
    sandbox = large(path)
    put(sandbox, "later")
    assert b'"later"' not in path.read_bytes()
    sandbox.close()
    assert not journal.exists()
    assert b'"later"' in path.read_bytes()
    assert Estate.load(path).to_document() == sandbox.engine.estate.to_document()
    before = path.stat().st_mtime_ns
    sandbox.close()
    assert path.stat().st_mtime_ns == before, "there is nothing more to do"


def test_a_journal_as_large_as_the_file_is_folded_into_it(path: Path, journal: Path) -> None:
    sandbox = large(path)
    folded = longest = 0
    for number in range(200):
        put(sandbox, f"m{number}", "x" * 5000)
        folded += not journal.exists()
        longest = max(longest, journal.stat().st_size if journal.exists() else 0)
    assert 1 <= folded < 20
    assert longest < 2 * path.stat().st_size
    assert large(path).engine.estate.to_document() == sandbox.engine.estate.to_document()


@pytest.mark.parametrize("cut", [1, 10, 100])
def test_a_line_that_a_crash_cut_off_is_as_if_it_had_not_been_written(
    path: Path, journal: Path, cut: int
) -> None:
    sandbox = large(path)
    put(sandbox, "first")
    kept = journal.stat().st_size
    put(sandbox, "second")
    os.truncate(journal, journal.stat().st_size - cut)
    again = large(path)
    assert "first" in names(again)
    assert "second" not in names(again)
    put(again, "third")
    assert b"second" not in journal.read_bytes()[kept:]
    assert {"first", "third"} <= set(names(large(path)))


def test_a_journal_of_another_file_means_nothing(path: Path, journal: Path) -> None:
    sandbox = large(path)
    put(sandbox, "web")
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document))
    again = large(path)
    assert "web" not in names(again)
    put(again, "other")
    assert "other" in names(large(path))
    assert "web" not in names(large(path))


def test_a_broken_line_is_named(path: Path, journal: Path) -> None:
    put(large(path), "web")
    with journal.open("ab") as stream:
        stream.write(b'{"resources": 7}\n')
    with pytest.raises(EstateError, match=r"estate\.json\.journal: a line is broken"):
        large(path)


def test_a_write_that_can_not_be_appended_leaves_no_trace(
    path: Path, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = large(path)
    put(sandbox, "first")
    before = journal.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            put(sandbox, "second")
    assert journal.read_bytes() == before
    assert "second" not in names(sandbox)
    put(sandbox, "third")
    assert {"first", "third"} <= set(names(large(path)))


@pytest.mark.parametrize("there", [True, False], ids=["a file", "nothing"])
@pytest.mark.parametrize("name", ["estate.json.journal", "estate.json.lock"])
def test_what_lies_beside_the_file_is_never_written_through_a_link(
    path: Path, tmp_path: Path, name: str, there: bool
) -> None:
    precious = tmp_path / "precious"
    if there:
        precious.write_text("keep")
    path.with_name(name).symlink_to(precious)
    with pytest.raises((OSError, EstateError), match=name):
        put(large(path), "rg-new")
    assert not there or precious.read_text() == "keep"
    assert precious.exists() == there


def test_a_write_to_a_large_estate_costs_what_it_changes(path: Path, journal: Path) -> None:
    sandbox = large(path)
    put(sandbox, "m0")
    first = journal.stat().st_size
    put(sandbox, "m1")
    second = journal.stat().st_size - first
    assert second < path.stat().st_size / 10
