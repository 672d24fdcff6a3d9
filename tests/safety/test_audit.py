"""Promise: a pinned package with a known vulnerability fails the checks; no network does not."""

from __future__ import annotations

import importlib.util
import json
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def script() -> ModuleType:
    loader = SourceFileLoader("audit", str(ROOT / "scripts" / "audit"))
    spec = importlib.util.spec_from_loader("audit", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


def saying(code: str) -> list[str]:
    return [sys.executable, "-c", code]


REPORT = {
    "dependencies": [
        {"name": "good", "version": "1.0", "vulns": []},
        {"name": "bad", "version": "2.0", "vulns": [{"id": "X-1", "fix_versions": ["2.1"]}]},
    ]
}


def test_a_vulnerability_fails_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    run = saying(f"import sys; print({json.dumps(json.dumps(REPORT))}); sys.exit(1)")
    assert script().audit(run) == 1
    assert capsys.readouterr().out == "bad 2.0: X-1, fixed in 2.1\n"


def test_no_vulnerability_passes_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert script().audit(saying("""print('{"dependencies": [{"name": "a"}]}')""")) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.exit('ConnectionError: no route')", "ConnectionError: no route"),
        ("import time; time.sleep(30)", "did not answer within 0.5 seconds"),
        ("import nothing_of_that_name", "No module named"),
    ],
)
def test_no_network_passes_and_says_why(
    capsys: pytest.CaptureFixture[str], code: str, reason: str
) -> None:
    assert script().audit(saying(code), 0.5 if "sleep" in code else 30) == 0
    said = capsys.readouterr().out
    assert said.startswith("not audited: ")
    assert reason in said


def test_the_lock_is_audited_whole_and_nothing_is_resolved() -> None:
    run = script().command(ROOT / "requirements.lock")
    assert {"--require-hashes", "--disable-pip"} <= set(run)
    text = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    assert "\npip-audit==" in text
    assert '"$bin/python" scripts/audit' in (ROOT / "scripts" / "test").read_text(encoding="utf-8")
