"""Help and shell completion are instant: they load no SDK and no parser of files.

Each case runs in a fresh interpreter, since this one has long imported everything.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

HEAVY = ("azure", "msal", "cryptography", "requests", "pydantic", "yaml", "vcr")

# Runs the code given as the first argument, then tells on stderr which modules it loaded.
REPORT = """
import json, sys
code = sys.argv.pop(1)
sys.argv[0] = "asr-netmap"
try:
    exec(code)
finally:
    print("\\n" + json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
MAIN = "from asr_netmap.cli import PROGRAM, app; app(prog_name=PROGRAM)"


def run(code: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", REPORT, code, *arguments],
        env={**os.environ, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def heavy_modules(finished: subprocess.CompletedProcess[str]) -> list[str]:
    loaded: list[str] = json.loads(finished.stderr.splitlines()[-1])
    return [name for name in loaded if name.partition(".")[0] in HEAVY]


def test_the_check_itself_sees_a_loaded_sdk() -> None:
    finished = run("import azure.core")
    assert "azure.core" in heavy_modules(finished)


@pytest.mark.parametrize("module", ["asr_netmap", "asr_netmap.api", "asr_netmap.cli"])
def test_importing_a_front_door_loads_no_sdk(module: str) -> None:
    finished = run(f"import {module}")
    assert finished.returncode == 0, finished.stderr
    found = heavy_modules(finished)
    if module == "asr_netmap.api":  # whoever imports the API goes on to read settings
        found = [name for name in found if name.partition(".")[0] not in {"pydantic", "yaml"}]
    assert found == []


def test_help_loads_no_sdk_and_lists_the_commands() -> None:
    finished = run(MAIN, "--help")
    assert finished.returncode == 0, finished.stderr
    assert "verify" in finished.stdout
    assert heavy_modules(finished) == []


def test_help_of_a_command_loads_no_sdk() -> None:
    finished = run(MAIN, "plan", "--help")
    assert finished.returncode == 0, finished.stderr
    assert "--detailed-exitcode" in finished.stdout
    assert heavy_modules(finished) == []


def test_shell_completion_loads_no_sdk_and_offers_the_commands() -> None:
    finished = run(
        MAIN, _ASR_NETMAP_COMPLETE="complete_bash", COMP_WORDS="asr-netmap ver", COMP_CWORD="1"
    )
    assert finished.returncode == 0, finished.stderr
    assert "verify" in finished.stdout
    assert heavy_modules(finished) == []


def test_discovery_without_a_file_loads_no_parser_of_files_and_no_client_of_the_sdk() -> None:
    vault = ("-g", "rg-vault", "--vault-name", "vault-dr")
    regions = ("--source-region", "eastasia", "--target-region", "southeastasia")
    finished = run(MAIN, "discover", "--sandbox", "demo", *vault, *regions)
    assert finished.returncode == 0, finished.stderr
    assert "vnet-app" in finished.stdout
    loaded = heavy_modules(finished)
    assert "azure.core" in loaded
    assert [name for name in loaded if name.startswith(("yaml", "azure.mgmt"))] == []


def test_the_module_form_answers_like_the_command() -> None:
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "asr_netmap", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    assert "verify" in finished.stdout
    timed = [line.rpartition("|")[2].strip() for line in finished.stderr.splitlines()]
    assert "asr_netmap.cli" in timed
    assert [name for name in timed if name.partition(".")[0] in HEAVY] == []
