"""The program as its own process: terminals, signals, pipes, and a served sandbox."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import REGION_OPTIONS, VAULT_OPTIONS, resources_of

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "asr_netmap")
LOCAL = ("--sandbox", "estate.json", "--config", "netmap.yaml", "--workers", "2")

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="pseudo terminals and POSIX signals are what is tested"
)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}


def finished(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def at_a_terminal(*arguments: str, cwd: Path, answer: str) -> tuple[int, str]:
    """Exit code and everything shown, when somebody types `answer` after the question."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=cwd,
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, answered = b"", False
    try:
        while select.select([ours], [], [], 60)[0]:
            with contextlib.suppress(OSError):  # Linux: the other side was closed
                if chunk := os.read(ours, 65536):
                    shown += chunk
                    if not answered and b"[y/N]" in shown:
                        os.write(ours, answer.encode())
                        answered = True
                    continue
            break
        return process.wait(60), shown.decode()
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_at_a_terminal_no_means_that_nothing_is_written(folder: Path) -> None:
    before = resources_of(folder)
    code, shown = at_a_terminal("apply", *LOCAL, cwd=folder, answer="n\n")
    assert code == 4
    assert "You said no" in shown
    assert resources_of(folder) == before


def test_at_a_terminal_yes_means_go(folder: Path) -> None:
    code, shown = at_a_terminal(
        "apply", *LOCAL, "--only", "network=vnet-web", "--pending-ok", cwd=folder, answer="y\n"
    )
    assert code == 0, shown
    assert "applied" in shown
    assert "SANDBOX" in shown
    assert "\x1b[" in shown


def test_in_a_pipe_nobody_is_asked(folder: Path) -> None:
    refused = finished("apply", *LOCAL, cwd=folder)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert "Traceback" not in refused.stderr


def test_a_reader_that_goes_away_is_no_crash(folder: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "discover", *LOCAL],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) in {0, 1}
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


@pytest.mark.parametrize("closed", ["1", "2"])
def test_a_closed_stream_does_not_change_the_exit_code(folder: Path, closed: str) -> None:
    """As cron and daemons close them; then Python has none at all."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}>&-', "sh", *PROGRAM, "verify", *LOCAL, "--quiet"],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3


def test_names_that_the_encoding_does_not_know_do_not_stop_the_output(folder: Path) -> None:
    text = (folder / "estate.json").read_text().replace("nsg-web", "nsg-\u540d")
    (folder / "estate.json").write_text(text)
    process = subprocess.run(
        [*PROGRAM, "plan", *LOCAL],
        cwd=folder,
        env={**environment(), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert b"nsg-\\u540d" in process.stdout


@contextlib.contextmanager
def served(folder: Path, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [*PROGRAM, "sandbox", "serve", "--estate", "estate.json", *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate()


def test_a_served_sandbox_says_its_url_first_is_written_to_and_ends_with_ctrl_c(
    folder: Path,
) -> None:
    with served(folder, "--port", "0", "--retry-after", "0") as (url, process):
        assert url.startswith("http://127.0.0.1:")
        done = finished(
            *("unmap", "--source-vnet", "vnet-data", "--endpoint", url, "--yes"),
            *("--format", "json", *VAULT_OPTIONS, *REGION_OPTIONS),
            cwd=folder,
        )
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document["sandbox"] is True
        assert {o["status"] for o in document["outcomes"]} == {"applied"}
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Stopped." in err
        assert "Traceback" not in err
        assert out == ""


def test_a_port_that_is_taken_is_an_error_and_no_traceback(folder: Path) -> None:
    with served(folder) as (url, _):
        refused = finished(
            "sandbox",
            "serve",
            "--estate",
            "estate.json",
            "--port",
            url.rpartition(":")[2],
            cwd=folder,
        )
        assert refused.returncode == 1
        assert refused.stdout == ""
        assert "another port" in refused.stderr


def test_debug_logs_exchanges_but_neither_tokens_nor_queries(folder: Path) -> None:
    shown = finished("discover", *LOCAL, "--debug", cwd=folder)
    assert shown.returncode == 0
    assert "GET" in shown.stderr
    assert "api-version" not in shown.stderr
    assert "eyJ" not in shown.stderr
    assert "Bearer" not in shown.stderr
