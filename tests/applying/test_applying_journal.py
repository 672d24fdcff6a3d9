"""The journal: what is on disk, for whom, and what can be read of it after a crash."""

from __future__ import annotations

import json
import os
import stat
from datetime import datetime, timezone
from pathlib import Path
from random import Random
from typing import Any

import pytest

from asr_netmap.applying.driver import run
from asr_netmap.applying.journal import (
    SCHEMA,
    FileJournal,
    Header,
    default_journal_path,
    read_journal,
)
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.outcome import Outcome, Status
from asr_netmap.clock import VirtualClock
from asr_netmap.errors import FileError
from asr_netmap.planning.change import ItemState, State
from asr_netmap.planning.nic_setting import value_to_json
from asr_netmap.rules.readiness import not_ready

from .estate import replicated_item, set_nics
from .fake_azure import FakeAzure

NOW = datetime(2026, 3, 4, 5, 6, 7, 891, tzinfo=timezone.utc)
SCOPE = {
    "cloud": "AzureCloud",
    "tenant": "t",
    "vault": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/v",
    "source_region": "eastasia",
    "target_region": "southeastasia",
}
HEADER = Header("run-1", {"plans": [SCOPE]}, "f" * 64, "1.2.3", NOW)
CHANGE = set_nics("app0")


def to_json(state: State | None) -> Any:
    if not isinstance(state, ItemState):
        return None
    return {setting.name: value_to_json(setting.value) for setting in state.settings}


def journal_of_a_run(path: Path) -> None:
    azure = FakeAzure(VirtualClock(), {CHANGE.subject: replicated_item("app0")})
    with FileJournal.create(path, HEADER, to_json) as journal:
        run(
            (CHANGE,),
            azure,
            limits=Limits(workers=1),
            clock=azure.clock,
            not_ready=not_ready,
            rng=Random(1),
            journal=journal,
        )


def test_a_run_leaves_its_header_intent_acceptance_outcome_and_end(tmp_path: Path) -> None:
    path = tmp_path / "state" / "run.jsonl"
    journal_of_a_run(path)
    record = read_journal(path)
    assert record.header["schema"] == SCHEMA == "asr-netmap/journal/1"
    assert record.header["run"] == "run-1"
    assert record.header["scope"] == {"plans": [SCOPE]}
    assert record.header["started"] == "2026-03-04T05:06:07.000891+00:00"
    assert [line["event"] for line in record.events] == ["intent", "accepted", "outcome", "end"]
    (intent,) = record.of("intent")
    assert intent["before"] == {"subnet": None, "address": None}
    assert intent["after"] == {"subnet": "web", "address": "10.1.1.7"}
    (outcome,) = record.of("outcome")
    assert outcome["request_id"] == intent["request_id"]
    assert outcome["status"] == "applied"
    assert record.ended
    assert not record.torn
    assert record.unfinished == ()


def test_no_signed_url_is_written_down(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    journal_of_a_run(path)
    text = path.read_text()
    assert "job-0" in text
    assert "signed" not in text
    assert "https:" not in text


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.jsonl"
    FileJournal.create(path, HEADER, to_json).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_existing_file_is_never_written(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("somebody's")
    with pytest.raises(FileError, match=r"run\.jsonl"):
        FileJournal.create(path, HEADER, to_json)
    assert path.read_text() == "somebody's"


@pytest.mark.skipif(os.name == "nt", reason="making links needs rights on Windows")
def test_a_link_is_never_followed(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileError):
        FileJournal.create(path, HEADER, to_json)
    assert not (tmp_path / "elsewhere").exists()


def test_a_line_is_in_the_file_when_the_call_returns(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    journal = FileJournal.create(path, HEADER, to_json)
    journal.intent(CHANGE, "r-1")
    assert read_journal(path).unfinished[0]["request_id"] == "r-1"
    journal.outcome(Outcome(CHANGE.id, Status.UNKNOWN))
    assert read_journal(path).unfinished == ()
    journal.close()


def test_each_line_is_forced_to_the_disk_before_the_call_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.jsonl"
    journal = FileJournal.create(path, HEADER, to_json)
    forced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _: forced.append(path.read_bytes()))
    journal.intent(CHANGE, "r-1")
    journal.outcome(Outcome(CHANGE.id, Status.APPLIED))
    journal.close()
    assert [data.count(b"\n") for data in forced] == [2, 3]


def test_a_closed_journal_says_so_with_our_error(tmp_path: Path) -> None:
    journal = FileJournal.create(tmp_path / "run.jsonl", HEADER, to_json)
    journal.close()
    journal.close()
    with pytest.raises(FileError, match=r"run\.jsonl"):
        journal.intent(CHANGE, "r-1")


def test_a_torn_last_line_is_left_out_wherever_it_is_torn(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    journal_of_a_run(path)
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(last + 1, len(whole)):
        path.write_bytes(whole[:cut])
        record = read_journal(path)
        assert record.torn
        assert not record.ended
        assert len(record.events) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json\n",
        '{"schema":"another/1"}\n',
        json.dumps({"schema": SCHEMA}),
        json.dumps({"schema": SCHEMA}) + "\nbroken\n{}\n",
        json.dumps({"schema": SCHEMA}) + "\n[1]\n",
    ],
)
def test_what_is_no_journal_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(text)
    with pytest.raises(FileError, match=r"run\.jsonl"):
        read_journal(path)


def test_a_journal_that_is_not_there_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        read_journal(tmp_path / "none.jsonl")
    assert caught.value.hint


def test_hostile_names_stay_on_their_line(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    journal = FileJournal.create(path, HEADER, to_json)
    message = "a\nb\r\u2028\x1b[31m\ud800"
    journal.outcome(Outcome("x", Status.FAILED, "error", message))
    journal.close()
    (line,) = read_journal(path).of("outcome")
    assert line["message"] == message
    assert path.read_bytes().count(b"\n") == 2
    assert path.read_bytes().isascii()


def test_the_default_place_is_the_users_state_directory() -> None:
    path = default_journal_path(NOW, "abcdef0123456789", {"XDG_STATE_HOME": "/var/state"})
    assert path == Path("/var/state/asr-netmap/20260304T050607.000891Z-abcdef012345.jsonl")
    home = default_journal_path(NOW, "ab", {"HOME": "/home/u", "XDG_STATE_HOME": "relative"})
    assert home.parent == Path("/home/u/.local/state/asr-netmap")
    assert default_journal_path(NOW, "ab", {"HOME": "/h"}, "r9").name.endswith("-ab-r9.jsonl")
