"""A job as a process of its own, with as little around it as Automation gives, or less."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from asr_netmap.sandbox.server import running_server
from asr_netmap.sandbox.session import MemorySandbox
from tests.demo_parts import part

from .jobs import NETMAP, Ran

ROOT = Path(__file__).parents[2]
# Standard error is closed before anything is imported, as it may be for a runbook.
MAIN = """\
import os, sys
os.close(2)
sys.stderr = None
sys.path.insert(0, sys.argv.pop(1))
from asr_netmap.runbook import main
sys.exit(main(sys.argv[1:]))
"""
MODULE = """\
def get_automation_variable(name):
    if name != "netmap":
        raise KeyError(name)
    with open({path!r}) as file:
        return file.read()
"""

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="closed streams and file modes of POSIX are what is tested"
)


def started(folder: Path, url: str, *argv: str) -> Ran:
    """A job without home, locale, terminal, standard input and standard error."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    home.chmod(0o500)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(folder / "service"),
        "PYTHONIOENCODING": "ascii",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "IDENTITY_ENDPOINT": f"{url}/msi/token",
        "IDENTITY_HEADER": "x",
    }
    done = subprocess.run(
        [sys.executable, "-c", MAIN, str(ROOT), *argv],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode("ascii"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with Automation's module in it, which knows the variable netmap."""
    (tmp_path / "service").mkdir()
    (tmp_path / "netmap").write_text(NETMAP)
    module = MODULE.format(path=str(tmp_path / "netmap"))
    (tmp_path / "service" / "automationassets.py").write_text(module)
    return tmp_path


def test_two_jobs_with_nothing_around_them_do_it_and_find_it_done(folder: Path) -> None:
    sandbox = MemorySandbox(part("web1", networks=["vnet-web", "vnet-web-asr"]))
    with running_server(sandbox) as url:
        given = json.dumps({"mode": "apply", "config": "netmap", "endpoint": url})
        first = started(folder, url, given.replace('"', ""))
        second = started(folder, url, *given.replace('"', '\\"').split(" "))
    assert (first.code, first.changes) == (0, {"applied": 3})
    assert (second.code, second.changes) == (0, {})


def test_a_variable_that_is_not_there_is_named(folder: Path) -> None:
    job = started(folder, "http://127.0.0.1:9", "apply --config netmpa")
    assert job.code == 1
    assert any("'netmpa'" in line for line in job.starting("ERROR:"))


def test_without_automation_a_name_can_only_be_a_file(folder: Path) -> None:
    (folder / "service" / "automationassets.py").unlink()
    job = started(folder, "http://127.0.0.1:9", "netmap")
    assert job.code == 1
    assert any("no Azure Automation here" in line for line in job.starting("ERROR:"))


def test_a_job_loads_no_terminal_and_starts_no_process(folder: Path) -> None:
    """What Automation has none of is not imported until somebody types."""
    script = (
        "import sys\n"
        "from asr_netmap.runbook import main\n"
        "code = main(['verify --sandbox demo -g rg-vault --vault-name vault-dr "
        "--source-region eastasia --target-region southeastasia'])\n"
        "assert code == 0, code\n"
        "print(*sorted(sys.modules), sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "AZURE_SUBSCRIPTION_ID": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    loaded = set(done.stdout.splitlines())
    assert "asr_netmap.runbook.modes" in loaded
    assert loaded & {"curses", "readline", "vcr", "pytest", "rich.live", "rich.progress"} == set()
