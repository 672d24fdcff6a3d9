"""The fixture for users' own tests, run in a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from asr_netmap import api
from asr_netmap.testing import record
from tests.testing.conftest import SETTINGS, demo

CONFTEST = 'pytest_plugins = ["asr_netmap.testing.pytest_plugin"]\n'
TESTS = """\
from asr_netmap import api

SETTINGS = api.settings_for_vault(
    "11111111-2222-3333-4444-555555555555/rg-vault/vault-dr", "eastasia", "southeastasia"
)

def test_all_of_it(netmap_cassette):
    assert api.read(netmap_cassette("read.yaml"), SETTINGS).items

def test_two_of_them(netmap_cassette):
    assert api.read(netmap_cassette("read.yaml"), SETTINGS).items
    assert api.read(netmap_cassette("read.yaml"), SETTINGS).items

def test_nothing_of_it(netmap_cassette):
    netmap_cassette("read.yaml")

def test_nothing_of_it_where_that_may_be(netmap_cassette):
    netmap_cassette("read.yaml", allow_unplayed=True)

def test_a_request_that_is_missed_and_swallowed(netmap_cassette):
    azure = netmap_cassette("read.yaml", allow_unplayed=True)
    try:
        azure.tenant("nobody")
    except Exception:
        pass
"""


def test_a_test_fails_for_what_was_missed_and_for_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_mine.py").write_text(TESTS)
    with record(tmp_path / "read.yaml", demo) as azure:
        api.read(azure, SETTINGS)
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith("ERROR test_mine.py::")]
    assert len(failed) == 2, done.stdout
    assert "test_nothing_of_it -" in failed[0]
    assert "test_a_request_that_is_missed_and_swallowed -" in failed[1]
    assert "5 passed, 2 errors" in done.stdout
    assert "recorded interactions were not asked for" in done.stdout
    assert "GET /subscriptions/nobody" in done.stdout
