"""The bundle, built once for all workers, and a Python 3.10 that has it and nothing else."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asr_netmap.errors import FileError
from asr_netmap.runbook.bundle.building import build
from asr_netmap.runbook.bundle.fetching import download, run_pip, wheels
from asr_netmap.runbook.bundle.lock import LOCK, pins_for
from asr_netmap.runbook.bundle.target import parse_target
from tests.cli.conftest import folder, run  # noqa: F401 -- fixtures, taken over as they are

AUTOMATION = parse_target("3.10", "manylinux2014_x86_64")


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Keep the other workers of the test run out until this one is done."""
    with place.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run see."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def locked_wheels(pytestconfig: pytest.Config) -> Path:
    """The wheels of the lock, kept from run to run; a package index is needed for the first."""
    assert pytestconfig.cache is not None
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    kept = pytestconfig.cache.mkdir("bundle-wheels") / digest
    pins = pins_for(AUTOMATION)
    with alone(kept):
        kept.mkdir(exist_ok=True)
        try:
            wheels(pins, AUTOMATION, kept)
        except FileError:
            try:
                download(pins, AUTOMATION, kept, run_pip)
            except FileError as error:
                pytest.skip(f"no package index to build the bundle from: {error.message}")
    return kept


@pytest.fixture(scope="session")
def bundle(shared_folder: Path, locked_wheels: Path) -> Path:
    """The folder that `asr-netmap runbook bundle` makes."""
    made = shared_folder / "bundle"
    with alone(made):
        if not made.exists():
            build(made, AUTOMATION, wheels_in=locked_wheels)
    return made


@pytest.fixture(scope="session")
def wheel(bundle: Path) -> Path:
    (found,) = bundle.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def python_with_bundle(shared_folder: Path, wheel: Path) -> Path:
    """A CPython 3.10 in whose environment the bundle's wheel is installed, and not even pip."""
    environment = shared_folder / "automation"
    interpreter = environment / "bin" / "python"
    with alone(environment):
        if not environment.exists():
            base = _python310()
            make = ("-I", "-m", "venv", "--without-pip", str(environment))
            subprocess.run([base, *make], check=True)
            install = ("install", "--quiet", "--no-index", "--no-deps", "--no-compile")
            pip = (sys.executable, "-m", "pip", "--python", str(interpreter), *install)
            subprocess.run([*pip, str(wheel)], check=True, stdin=subprocess.DEVNULL)
    return interpreter


def _python310() -> str:
    """A real CPython 3.10, wherever people keep one."""
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    candidates = [
        getattr(sys, "_base_executable", sys.executable),
        shutil.which("python3.10"),
        *(str(path) for path in sorted(pyenv.glob("3.10*/bin/python3.10"))),
    ]
    ask = "import sys; print(sys.implementation.name, *sys.version_info[:2])"
    for candidate in filter(None, candidates):
        done = subprocess.run(
            [candidate, "-I", "-c", ask], capture_output=True, text=True, check=False
        )
        if done.stdout.split() == ["cpython", "3", "10"]:
            return str(candidate)
    pytest.skip("no CPython 3.10 was found, the one that Azure Automation has")
