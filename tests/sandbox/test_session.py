from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from random import Random
from typing import Any

import pytest

from asr_netmap.sandbox import (
    Estate,
    EstateError,
    FileSandbox,
    MemorySandbox,
    Options,
    Request,
    Response,
    Sandbox,
    demo_estate,
    sandbox_token,
)

from .world import (
    BASE,
    START,
    SUB,
    VAULT,
    WEB,
    WEB_ASR,
    Clock,
    item_path,
    mapping_body,
    mapping_path,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    where = tmp_path / "estate.json"
    demo_estate().save(where)
    return where


def send(
    sandbox: Sandbox, method: str, path: str, body: Any = None, clock: Clock | None = None
) -> Response:
    now = (clock or Clock())()
    url = f"{BASE}{path}?api-version=2025-08-01"
    headers = {"Authorization": f"Bearer {sandbox_token(START, BASE)}"}
    data = b"" if body is None else json.dumps(body).encode()
    return sandbox.handle(Request(method, url, headers, data), now, Random(os.urandom(8)))


def test_an_accepted_write_is_on_disk_before_its_answer(path: Path) -> None:
    sandbox = FileSandbox(path)
    send(sandbox, "PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    (operation,) = Estate.load(path).running()
    assert operation.kind == "mapping-put"


def test_settled_operations_are_saved_by_the_request_that_settles_them(path: Path) -> None:
    sandbox = FileSandbox(path, Options(operation_seconds=5))
    clock = Clock()
    send(sandbox, "PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR), clock)
    clock.advance(5)
    send(sandbox, "GET", SUB, clock=clock)
    assert Estate.load(path).running() == []
    assert Estate.load(path).get(mapping_path("web")) is not None


def test_a_read_does_not_write_the_file(path: Path) -> None:
    before = path.stat()
    sandbox = FileSandbox(path)
    send(sandbox, "GET", item_path("web2"))
    send(sandbox, "PATCH", item_path("nothing"), {"properties": {}})
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_what_another_sandbox_wrote_is_seen_at_once(path: Path) -> None:
    first, second = FileSandbox(path), FileSandbox(path)
    send(first, "PATCH", item_path("web2"), {"properties": {"recoveryAzureVMName": "a"}})
    send(second, "PATCH", item_path("web1"), {"properties": {"recoveryAzureVMName": "b"}})
    for sandbox in (first, second):
        rows = json.loads(send(sandbox, "GET", f"{VAULT}/replicationJobs").body)["value"]
        assert len(rows) == 2


def test_a_hand_edit_is_seen_and_a_broken_one_is_named(path: Path) -> None:
    sandbox = FileSandbox(path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("vnet-mgmt", "vnet-more"), encoding="utf-8")
    more = WEB.replace("rg-web", "rg-mgmt").replace("vnet-web", "vnet-more")
    assert send(sandbox, "GET", more).status == 200
    path.write_text("{", encoding="utf-8")
    with pytest.raises(EstateError, match="not JSON"):
        send(sandbox, "GET", more)
    path.write_text(text, encoding="utf-8")
    assert send(sandbox, "GET", more).status == 404


def test_a_missing_file_is_refused_at_the_start_and_later(path: Path) -> None:
    sandbox = FileSandbox(path)
    path.unlink()
    with pytest.raises(EstateError, match="cannot be read"):
        send(sandbox, "GET", SUB)
    with pytest.raises(EstateError, match="cannot be read"):
        FileSandbox(path)


def test_a_write_that_cannot_be_saved_leaves_no_trace(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = FileSandbox(path)

    def broken(self: Estate, target: Path) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(Estate, "save", broken)
        with pytest.raises(OSError, match="disk full"):
            send(sandbox, "PATCH", item_path("web2"), {"properties": {}})
    rows = json.loads(send(sandbox, "GET", f"{VAULT}/replicationJobs").body)["value"]
    assert rows == []


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_threads_do_not_lose_writes(path: Path, kind: str) -> None:
    options = Options(conflicts=False)
    sandbox: Sandbox = (
        FileSandbox(path, options) if kind == "file" else MemorySandbox(demo_estate(), options)
    )
    answers: list[int] = []

    def work() -> None:
        for _ in range(10):
            response = send(sandbox, "PATCH", item_path("web2"), {"properties": {}})
            answers.append(response.status)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [202] * 40
    rows = json.loads(send(sandbox, "GET", f"{VAULT}/replicationJobs").body)["value"]
    assert len({row["name"] for row in rows}) == 40


WRITER = """
import json, random, sys
from datetime import datetime, timezone
from asr_netmap.sandbox import FileSandbox, Options, Request, sandbox_token
path, url, rounds, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
now = datetime(2026, 3, 3, 12, tzinfo=timezone.utc)
headers = {"Authorization": "Bearer " + sandbox_token(now, "x")}
sandbox, rng = FileSandbox(path, Options(conflicts=False)), random.Random(seed)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(rounds):
    body = json.dumps({"properties": {}}).encode()
    assert sandbox.handle(Request("PATCH", url, headers, body), now, rng).status == 202
"""


def test_two_processes_share_one_file_without_losing_a_write(path: Path) -> None:
    url = f"{BASE}{item_path('web2')}?api-version=2025-08-01"
    rounds = 25
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), url, str(rounds), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in (1, 2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=30)
        assert process.returncode == 0
    operations = list(Estate.load(path).operations_in(VAULT))
    assert len(operations) == 2 * rounds
