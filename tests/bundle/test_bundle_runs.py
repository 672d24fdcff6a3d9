"""The bundle alone, as Azure Automation has it: a real CPython 3.10, one wheel, the runbook file.

Nothing of the process knows that it is a test: its credential is azure-identity's own, its host
Azure's (see `azure_front`). It has no standard input, no standard error, no terminal, no home that
can be written to and no locale.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import asr_netmap
from asr_netmap.runbook.bundle.building import LARGEST
from asr_netmap.runbook.bundle.deployment import RUNBOOK
from asr_netmap.sandbox import MemorySandbox, Options, demo_estate
from tests.bundle.azure_front import HOST, Front, azure_front
from tests.bundle.many_items import many_items

VAULT = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-vault"
    "/providers/Microsoft.RecoveryServices/vaults/vault-dr"
)
WHERE = f"--vault-id {VAULT} --source-region eastasia --target-region southeastasia"
ITEMS = 2_000
MOST_MEMORY = 300 * 1000 * 1000
LIMIT_OF_A_JOB = 400 * 1000 * 1000
SMALLER_THAN = 13 * 1000 * 1000
OTHERS = {
    *("azure", "click", "msal", "pydantic", "pydantic_core", "requests", "rich", "tenacity"),
    *("typer", "urllib3", "yaml"),
}
# Starts the job and says its exit code and peak memory on standard error. A process of its own, and
# small: what the parent holds at the start counts as the child's peak, on Linux.
LAUNCHER = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, file=sys.stderr)
"""
UNWRITABLE = "/dev/null/home"  # below a device: not even root can make it
# A job's environment may hold no bytecode; here it finds none, and compiles everything.
COLD = {"PYTHONPYCACHEPREFIX": UNWRITABLE}


@dataclass(frozen=True)
class Ended:
    """A job that ended; `peak` is the most memory that it held, in bytes."""

    code: int
    out: str
    peak: int

    @property
    def last(self) -> Any:
        """The last line, which is JSON."""
        return json.loads(self.out.splitlines()[-1])


@dataclass(frozen=True)
class Runner:
    """Runs the runbook file as Azure Automation does."""

    python: Path
    runbook: Path

    def __call__(self, *arguments: str, environment: Mapping[str, str]) -> Ended:
        launch = (sys.executable, "-I", "-S", "-c", LAUNCHER)
        closed = ("/bin/sh", "-c", 'exec "$0" "$@" <&- 2>&-')
        done = subprocess.run(
            [*launch, *closed, str(self.python), str(self.runbook), *arguments],
            env={"PATH": "/usr/bin:/bin", **environment},
            cwd="/",
            capture_output=True,
            check=True,
            start_new_session=True,
        )
        code, peak = done.stderr.split()
        return Ended(int(code), done.stdout.decode(), int(peak) * 1024)


@pytest.fixture
def run(python_with_bundle: Path, bundle: Path) -> Runner:
    return Runner(python_with_bundle, bundle / RUNBOOK)


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    with azure_front(MemorySandbox(demo_estate(), Options(retry_after=0)), tmp_path) as served:
        yield served


@pytest.mark.parametrize(
    "home", [{}, {"HOME": UNWRITABLE, **COLD}], ids=["no home", "no writable home, no bytecode"]
)
def test_the_bundle_alone_sets_mappings_and_nics_and_then_nothing(
    run: Runner,
    front: Front,
    home: dict[str, str],
    record_property: Callable[[str, object], None],
) -> None:
    start = partial(
        run, f"apply {WHERE} --create-networks", environment={**front.environment, **home}
    )
    first = start()
    assert first.code == 0, first.out
    written = [url for method, url in front.writes]
    assert sum("/replicationNetworkMappings/" in url for url in written) >= 2
    assert sum("/replicationProtectedItems/" in url for url in written) >= 5
    assert set(front.tunnels) == {f"{HOST}:443"}
    if COLD.items() <= home.items():
        record_property(
            "figure", f"apply that creates a network: at most {first.peak / 1e6:.0f} MB"
        )
    assert first.peak < LIMIT_OF_A_JOB
    before = len(front.writes)
    second = start()
    assert second.code == 0, second.out
    assert len(front.writes) == before
    assert len(front.requests) > 0


def test_the_nightly_job_only_reads_and_tells_drift_by_its_exit_code(
    run: Runner, front: Front
) -> None:
    ended = run(f"verify {WHERE} --fail-on-drift", environment=front.environment)
    assert ended.code == 3, ended.out
    assert ended.last["exit_code"] == 3
    assert ended.last["mode"] == "verify"
    assert front.requests
    assert front.writes == []


def test_without_a_parameter_it_explains_itself(run: Runner) -> None:
    ended = run(environment={})
    assert ended.code == 2
    assert "verify --config" in ended.out
    assert "ERROR: " in ended.out


def test_without_an_identity_it_says_what_to_switch_on(run: Runner, front: Front) -> None:
    bare = {name: value for name, value in front.environment.items() if "IDENTITY" not in name}
    ended = run(f"verify {WHERE} --auth managed-identity", environment=bare)
    assert ended.code == 1
    assert "ERROR: " in ended.out
    assert "Identity" in ended.out
    assert front.requests == []


def test_two_thousand_items_fit_into_the_memory_of_a_job(
    run: Runner, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    sandbox = MemorySandbox(many_items(ITEMS), Options(retry_after=0))
    with azure_front(sandbox, tmp_path) as front:
        some = "--only vm=many0001,vm=many0002,vm=many0003"
        ended = run(f"apply {WHERE} {some}", environment={**front.environment, **COLD})
    assert ended.code == 0, ended.out[-2000:]
    assert ended.last["changes"]["applied"] == 5  # both mappings, and the NICs of three VMs
    record_property("figure", f"apply, {ITEMS} items: at most {ended.peak / 1e6:.0f} MB")
    assert ended.peak < MOST_MEMORY


def test_the_wheel_is_small_and_installed_as_the_only_one(
    wheel: Path, python_with_bundle: Path
) -> None:
    assert wheel.stat().st_size < SMALLER_THAN < LARGEST
    ask = (
        "import importlib.metadata as m, sys;"
        "print([d.metadata['Name'] for d in m.distributions()], sys.version_info[:2])"
    )
    assert said(python_with_bundle, ask) == "['asr-netmap-runbook'] (3, 10)"


def test_every_module_that_is_imported_anywhere_can_be_imported(python_with_bundle: Path) -> None:
    """What the program imports of other packages, in any function, is in the wheel."""
    root = Path(asr_netmap.__file__).parent
    own = [path for path in root.rglob("*.py") if "testing" not in path.relative_to(root).parts]
    names = {name for path in own for name in imported(path.read_text(encoding="utf-8"))}
    assert {"azure.mgmt.network", "azure.mgmt.network.models", "azure.identity", "yaml"} <= names
    ask = (
        f"import importlib; print(*(importlib.import_module(n).__name__ for n in {sorted(names)}))"
    )
    assert said(python_with_bundle, ask).split() == sorted(names)


def test_every_module_of_the_program_can_be_imported(python_with_bundle: Path) -> None:
    """But for the help for users' own tests, which is an extra, and those of another platform."""
    ask = (
        "import importlib, pkgutil, asr_netmap; names = [m.name for m in"
        " pkgutil.walk_packages(asr_netmap.__path__, 'asr_netmap.', onerror=print)"
        " if '.testing' not in m.name and not m.name.endswith('__main__')];"
        "[importlib.import_module(n) for n in names]; print(len(names) > 150)"
    )
    assert said(python_with_bundle, ask) == "True"


def said(python: Path, code: str) -> str:
    done = subprocess.run(
        [python, "-I", "-c", code], capture_output=True, text=True, check=False, env={}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def imported(source: str) -> Iterator[str]:
    """The modules of other packages that a source imports, type checkers' ones left out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found = [node.module or ""]
        else:
            continue
        yield from (name for name in found if name.partition(".")[0] in OTHERS)
