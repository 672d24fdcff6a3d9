"""The fixture for users' own tests, run in a pytest of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from asr_netmap import api
from asr_netmap.testing import record, run_cli
from tests.cli.conftest import NETMAP
from tests.demo_parts import part
from tests.testing.conftest import SETTINGS, demo

PAGE = Path(__file__).parent.parent.parent / "cassettes" / "README.md"
CONFTEST = 'pytest_plugins = ["asr_netmap.testing.pytest_plugin"]\n'
TESTS = """\
import contextlib
import socket

import pytest

from asr_netmap import api
from asr_netmap.errors import NetworkBlocked

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

@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]

def test_the_network(netmap_cassette, port):
    with contextlib.suppress(NetworkBlocked):
        socket.create_connection(("127.0.0.1", port))

def test_the_network_where_that_may_be(netmap_cassette, port):
    netmap_cassette("read.yaml", allow_unplayed=True, allow_network=["127.0.0.1"])
    socket.create_connection(("127.0.0.1", port)).close()

def test_the_network_without_the_fixture(port):
    socket.create_connection(("127.0.0.1", port)).close()
"""


def run_pytest(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider"]
    return subprocess.run(
        command,
        cwd=folder,
        # Plugins of this environment, such as xdist and hypothesis, are not what is tested.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_test_fails_for_what_was_missed_and_for_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_mine.py").write_text(TESTS)
    with record(tmp_path / "read.yaml", demo) as azure:
        api.read(azure, SETTINGS)
    done = run_pytest(tmp_path)
    failed = [line for line in done.stdout.splitlines() if line.startswith("ERROR test_mine.py::")]
    assert len(failed) == 3, done.stdout
    assert "test_nothing_of_it -" in failed[0]
    assert "test_a_request_that_is_missed_and_swallowed -" in failed[1]
    assert "test_the_network -" in failed[2]
    assert "reached for 127.0.0.1" in done.stdout
    assert "8 passed, 3 errors" in done.stdout
    assert "recorded interactions were not asked for" in done.stdout
    assert "GET /subscriptions/nobody" in done.stdout


def test_the_example_of_the_page_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands there, on a cassette of a vault that was brought in order before."""
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    _, *files = re.split(r"^# (\w+\.py)\n", block, flags=re.MULTILINE)
    assert files[::2] == ["conftest.py", "test_ours.py"]
    for name, text in zip(files[::2], files[1::2], strict=True):
        (tmp_path / name).write_text(text)
    # A vault as it is declared: one mapped network, and nothing that is replicated yet.
    (tmp_path / "netmap.yaml").write_text(NETMAP)
    part("web2", networks=("vnet-web", "vnet-web-asr")).save(tmp_path / "estate.json")
    over = ("--config", "netmap.yaml", "--sandbox", "estate.json")
    assert run_cli(["apply", *over, "--yes"]).exit_code == 0
    recorded = run_cli(["verify", *over, "--record", "our-vault.yaml"])
    assert recorded.exit_code == 0, recorded.stdout
    done = run_pytest(tmp_path)
    assert "1 passed" in done.stdout, done.stdout
