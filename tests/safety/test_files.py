"""Promise: files are whole or not there, private where they hold ids, and only where asked for."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Finished, Run
from tests.safety.nasty_estate import nasty_estate
from tests.safety.program import BY_FILE, BY_OPTIONS, Watched, watched

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Written:
    """A file that a command writes.

    arguments -- with {} for its path. again -- it may be there already, and is replaced.
    """

    arguments: tuple[str, ...]
    private: bool = True
    again: bool = True

    def typed(self, path: object) -> tuple[str, ...]:
        return tuple(each.replace("{}", str(path)) for each in self.arguments)


FILES: dict[str, Written] = {
    "plan": Written(("plan", *BY_FILE, "--out", "{}")),
    "journal": Written(
        ("apply", *BY_FILE, "--yes", "--pending-ok", "--journal", "{}"), again=False
    ),
    "table in CSV": Written(("nics", "export", *BY_FILE, "--out", "{}")),
    "table in JSON": Written(("nics", "export", *BY_FILE, "--format", "json", "--out", "{}")),
    "snapshot": Written(("snapshot", *BY_FILE, "--out", "{}"), again=False),
    "configuration": Written(("init", *BY_OPTIONS, "--out", "{}"), private=False, again=False),
    "configuration by force": Written(
        ("init", *BY_OPTIONS, "--out", "{}", "--force"), private=False
    ),
    "report": Written(("report", *BY_FILE, "--out", "{}")),
    "cassette": Written(("discover", *BY_FILE, "--record", "{}"), private=False),
    "estate": Written(("sandbox", "new", "{}"), again=False),
    "discover": Written(("discover", *BY_FILE, "--out", "{}")),
    "verify": Written(("verify", *BY_FILE, "--fail-on", "never", "--out", "{}")),
    "nics list": Written(("nics", "list", *BY_FILE, "--format", "csv", "--out", "{}")),
    "nics explain": Written(("nics", "explain", "--vm", "app1", *BY_FILE, "--out", "{}")),
}
each_file = pytest.mark.parametrize("what", FILES)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@each_file
@pytest.mark.parametrize("mask", [0o000, 0o077], ids=["open", "closed"])
def test_a_file_is_private_alone_and_not_the_masks_affair(
    azure: Watched, run: Run, folder: Path, what: str, mask: int
) -> None:
    (folder / "out").mkdir()
    before = os.umask(mask)
    try:
        done = run(*FILES[what].typed("out/file"))
    finally:
        os.umask(before)
    assert done.code == 0, done.err
    assert (folder / "out/file").stat().st_size > 50
    assert mode(folder / "out/file") == (0o600 if FILES[what].private else 0o644)
    assert tree(folder / "out") == {"file"}


@each_file
def test_a_link_is_not_followed(azure: Watched, run: Run, folder: Path, what: str) -> None:
    """Neither to a file of somebody else's, nor to where one could be made."""
    for name, target in (("link", "precious"), ("dangling", "nowhere")):
        (folder / "precious").write_text("keep")
        (folder / name).symlink_to(target)
        done = run(*FILES[what].typed(name))
        assert (folder / "precious").read_text() == "keep"
        assert not (folder / "nowhere").exists()
        # A cassette replaces nothing but a cassette.
        if FILES[what].again and (what, name) != ("cassette", "link"):
            assert done.code == 0, done.err
            assert not (folder / name).is_symlink()
        else:
            assert done.code == 1
            assert (folder / name).is_symlink()
            assert name in done.err


@each_file
def test_a_directory_in_the_way_is_said(azure: Watched, run: Run, folder: Path, what: str) -> None:
    (folder / "file").mkdir()
    assert_clear(run(*FILES[what].typed("file")), "file")
    assert tree(folder / "file") == set()
    assert azure.writes == []


@each_file
def test_a_folder_that_is_not_there_is_said_unless_it_is_a_journals(
    azure: Watched, run: Run, folder: Path, what: str
) -> None:
    done = run(*FILES[what].typed("missing/file"))
    if what == "journal":
        assert mode(folder / "missing") == 0o700
        return
    assert_clear(done, "missing/file")
    assert not (folder / "missing").exists()


@each_file
def test_a_file_where_a_folder_should_be_is_said(
    azure: Watched, run: Run, folder: Path, what: str
) -> None:
    (folder / "plain").write_text("keep")
    assert_clear(run(*FILES[what].typed("plain/file")), "plain/file")
    assert (folder / "plain").read_text() == "keep"
    assert azure.writes == []


def full(*_arguments: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@each_file
def test_a_full_disk_is_said_and_the_old_file_stays(
    azure: Watched, run: Run, folder: Path, what: str
) -> None:
    if FILES[what].again:
        assert run(*FILES[what].typed("out.file")).code == 0
    before = tree(folder)
    old = (folder / "out.file").read_bytes() if FILES[what].again else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", full)
        done = run(*FILES[what].typed("out.file"))
    assert_clear(done, "out.file")
    assert "No space left" in done.err
    assert azure.writes == []
    if what == "journal":  # it was made, and holds what it could
        before.add("out.file")
    assert tree(folder) == before
    assert old is None or (folder / "out.file").read_bytes() == old


def assert_clear(done: Finished, path: str) -> None:
    """What is wrong, with which file, and what to do; no traceback, and no other code."""
    assert done.code == 1, done.err
    first, *more = [line for line in done.err.splitlines() if "error: " in line or line[:2] == "  "]
    assert path in first
    assert more
    assert "should not have happened" not in done.err
    assert "Traceback" not in done.err


# A disk that fills up while the run goes on: the run stops, and what was written is told.


def test_a_journal_that_can_no_longer_be_written_stops_the_run_before_the_next_write(
    azure: Watched, run: Run, folder: Path
) -> None:
    real, calls = os.fsync, [0]

    def fills_up(descriptor: int) -> None:
        calls[0] += 1
        if calls[0] > 6:
            full()
        real(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fills_up)
        done = run("apply", *BY_FILE, "--yes", "--journal", "run.jsonl", "--workers", "1")
    accepted = azure.sandbox.engine.accepted_count
    assert done.code in {5, 6}
    assert "No space left" in done.out + done.err
    assert 0 < accepted <= 4
    lines = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()]
    intents = [line for line in lines if line.get("event") == "intent"]
    assert len(intents) >= accepted
    again = run("apply", *BY_FILE, "--yes", "--pending-ok")
    assert again.code == 0, again.err


def test_a_real_limit_of_the_system_is_said_in_a_process_of_its_own(folder: Path) -> None:
    """The write itself fails, half way: the system lets no file grow beyond 2,000 bytes."""
    whats = ("plan", "table in CSV", "snapshot")
    typed = [[*FILES[what].typed(f"big.{n}"), "--sandbox", "demo"] for n, what in enumerate(whats)]
    program = (
        "import json, resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "from asr_netmap.cli import app\n"
        "for typed in json.loads(sys.argv[1]):\n"
        "    sys.argv[:] = ['asr-netmap', *typed]\n"
        "    try: app()\n"
        "    except SystemExit as end: print('ended with', int(end.code), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, json.dumps(typed)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    *said, rest = done.stderr.split("ended with 1\n")
    assert (len(said), rest) == (len(whats), ""), done.stderr
    for number, err in enumerate(said):
        assert_clear(Finished(1, "", err), f"big.{number}")
        assert "File too large" in err
    assert not list(folder.glob("big.*"))
    assert not list(folder.glob(".*"))


# Only where asked for.


# The journal of a run over the same names is looked at where they are applied, beside what it says.
@pytest.mark.parametrize("what", [what for what in FILES if what != "journal"])
def test_no_name_from_azure_gets_into_a_file_name(
    run: Run,
    folder: Path,
    own_environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    azure = watched(estate=nasty_estate())
    azure.install(monkeypatch)
    before = tree(folder)
    run(*FILES[what].typed("file"))
    assert tree(folder) - before <= {"file"}
    assert tree(own_environment) == set()


def test_the_default_journal_is_in_the_users_state_and_named_by_time_and_digest(
    run: Run, own_environment: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    azure = watched(estate=nasty_estate())
    azure.install(monkeypatch)
    before = tree(folder)
    run("apply", *BY_FILE, "--yes", "--pending-ok")
    (journal,) = (path for path in own_environment.rglob("*") if path.is_file())
    assert journal.parent == own_environment / "state" / "asr-netmap"
    assert set(journal.name) <= set("0123456789abcdefTZ.-jsonl")
    assert mode(journal) == 0o600
    assert tree(folder) == before


@pytest.mark.parametrize(
    "read",
    [
        lambda path: ("apply", path, "--yes"),
        lambda path: ("plan", *BY_FILE, "--undo", path),
        lambda path: ("plan", *BY_FILE, "--nics", path),
        lambda path: ("nics", "import", path, *BY_FILE, "--yes"),
        lambda path: ("plan", "--config", path),
        lambda path: ("discover", "--sandbox", path),
    ],
    ids=["plan", "journal", "table", "imported table", "configuration", "estate"],
)
def test_what_is_read_and_is_no_file_is_said(
    azure: Watched, run: Run, folder: Path, read: Callable[[str], tuple[str, ...]]
) -> None:
    (folder / "directory").mkdir()
    (folder / "binary").write_bytes(b"\xff\xfe\x00\x01" * 50)
    for name in ("gone", "directory", "binary"):
        done = run(*read(name))
        assert done.code in {1, 2}
        assert name in done.err
        assert "should not have happened" not in done.err
    assert azure.writes == []
