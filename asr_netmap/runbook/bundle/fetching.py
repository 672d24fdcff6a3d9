"""Getting the wheels: with pip, or from a folder that holds them; hashes are checked either way."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from asr_netmap.errors import FileError
from asr_netmap.runbook.bundle.lock import Pin
from asr_netmap.runbook.bundle.target import Target

_CHUNK = 1024 * 1024
_SHOWN_OF_PIP = 600

# The arguments of pip -> its exit code and what it said.
RunPip = Callable[[Sequence[str]], tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel file whose hash is one of its pin's."""

    pin: Pin
    path: Path
    sha256: str
    size: int

    @property
    def file(self) -> str:
        """The file's name."""
        return self.path.name


def run_pip(arguments: Sequence[str]) -> tuple[int, str]:
    """Run this interpreter's pip; it takes index, proxy and certificates from its configuration.

    Raises FileError if there is no pip, as in an environment that uv made.
    """
    if importlib.util.find_spec("pip") is None:
        raise FileError(
            f"The Python that runs asr-netmap ({sys.executable}) has no pip to download with.",
            "Give it one (python -m ensurepip, uv pip install pip, uv tool install --with pip), or "
            "download the wheels elsewhere and name their folder with --wheels.",
        )
    try:
        done = subprocess.run(  # noqa: S603 -- our own interpreter and arguments made here
            [sys.executable, "-m", "pip", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise FileError(f"pip can't be started: {error.strerror or error}.") from error
    return done.returncode, done.stdout


def download(pins: Sequence[Pin], target: Target, folder: Path, run: RunPip = run_pip) -> None:
    """Fill an empty folder with wheels that fit the target. Raises FileError."""
    wanted = folder / "requirements.txt"
    wanted.write_text("\n".join(pin.requirement for pin in pins) + "\n", encoding="utf-8")
    code, said = run(pip_arguments(target, wanted, folder))
    if code:
        raise _pip_failed(said)


def pip_arguments(target: Target, requirements: Path, folder: Path) -> list[str]:
    """How pip is called; ``--no-deps``, since the lock is complete and pip can't know for whom."""
    return [
        *("download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"),
        *("--only-binary", ":all:", "--require-hashes", "--python-version", target.python),
        *("--implementation", "cp"),
        *(word for abi in target.abis for word in ("--abi", abi)),
        *(word for platform in target.platforms for word in ("--platform", platform)),
        *("--dest", str(folder), "--requirement", str(requirements)),
    ]


def wheels(pins: Iterable[Pin], target: Target, folder: Path) -> tuple[Wheel, ...]:
    """For each pin the wheel in a folder that fits best.

    Raises FileError: one is missing, made for another platform, or not the locked file.
    """
    by_package: dict[tuple[str, str], list[Path]] = {}
    try:
        for path in sorted(folder.glob("*.whl")):
            name, version, *_ = path.name.split("-")
            by_package.setdefault((_normal(name), version), []).append(path)
        return tuple(
            _best(pin, by_package.get((_normal(pin.name), pin.version), []), target, folder)
            for pin in pins
        )
    except (OSError, ValueError) as error:
        raise FileError(f"The folder {folder} can't be read: {error}.", "Check it.") from error


def _best(pin: Pin, found: Sequence[Path], target: Target, folder: Path) -> Wheel:
    if not found:
        raise FileError(
            f"There is no wheel of {pin.title} in {folder}.",
            "Put every locked wheel there, or leave out --wheels to download them.",
        )
    ranked = [(rank, path) for path in found if (rank := target.rank(_tags(path))) is not None]
    if not ranked:
        raise FileError(
            f"None of the wheels of {pin.title} fits {target.tag}: "
            f"{', '.join(path.name for path in found)}.",
            "Download it for that Python and platform, or choose others "
            "(--python, --platform manylinux_2_28_x86_64).",
        )
    path = min(ranked)[1]
    digest = sha256_of(path)
    if digest not in pin.hashes:
        raise FileError(
            f"{path} is not the file that the lock means: its SHA-256 is {digest}.",
            "It was altered, or comes from another index than the lock. Delete it and download "
            "it again; don't use it.",
        )
    return Wheel(pin, path, digest, path.stat().st_size)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _tags(path: Path) -> str:
    return "-".join(path.stem.split("-")[-3:])


def _normal(name: str) -> str:
    """A package's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _pip_failed(said: str) -> FileError:
    if "DO NOT MATCH THE HASHES" in said:
        return FileError(
            f"A downloaded wheel is not the file that the lock means: {_gist(said)}",
            "Nothing was written. The index served another file under that name; find out why "
            "before you go on.",
        )
    return FileError(
        f"pip could not download the wheels: {_gist(said)}",
        "Check the network, and pip's index, proxy and certificates (pip config list). Without a "
        "network: download the wheels elsewhere and name their folder with --wheels.",
    )


def _gist(said: str) -> str:
    """What pip calls errors, else the end of what it said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.partition("ERROR: ")[2] for line in lines if line.startswith("ERROR: ")]
    return " ".join(errors or lines[-3:])[:_SHOWN_OF_PIP] or "it said nothing."
