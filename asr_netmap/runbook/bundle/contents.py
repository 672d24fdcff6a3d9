"""What the bundle's wheel holds: the files of this program and of the locked wheels, merged."""

from __future__ import annotations

import importlib.metadata
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

import asr_netmap
from asr_netmap.errors import FileError
from asr_netmap.runbook.bundle.fetching import Wheel
from asr_netmap.runbook.bundle.trimming import CUTS, Cut, cut_of

PROJECT = "asr-netmap"
# Where a licence, or the list of compiled parts, stands in a wheel's own folder.
_LEGAL = re.compile(r"(?i)(?:licenses?/|sboms?/|(?:licen[cs]e|copying|notice|authors)[^/]*$)")
_MOST_OF_A_FILE = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Package:
    """A package in the bundle.

    licence -- as its metadata says it. file, sha256 -- of its wheel; empty for this program.
    files, size -- of it in the bundle, unpacked. licences -- paths below the licences' folder.
    """

    name: str
    version: str
    licence: str
    file: str
    sha256: str
    files: int
    size: int
    licences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """What one cut left out, in files and bytes, unpacked."""

    cut: Cut
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Contents:
    """Files by their path in the environment, and licences by their path in a folder of theirs."""

    files: Mapping[str, bytes]
    licences: Mapping[str, bytes]
    packages: tuple[Package, ...]
    left_out: tuple[Left, ...]


@dataclass(slots=True)
class _Gathering:
    files: dict[str, bytes] = field(default_factory=dict)
    licences: dict[str, bytes] = field(default_factory=dict)
    packages: list[Package] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    left_size: Counter[str] = field(default_factory=Counter)

    def take(self, path: str, data: bytes, of: str) -> bool:
        """Add a file and return true, unless it is cut. Raises FileError."""
        cut = cut_of(path)
        if cut is not None:
            self.left[cut.what] += 1
            self.left_size[cut.what] += len(data)
            return False
        if self.files.setdefault(path, data) != data:
            raise FileError(
                f"Two packages bring different files {path}; one is {of}.",
                "They can't be bundled into one wheel; the lock has to change.",
            )
        return True


def gather(wheels: Iterable[Wheel]) -> Contents:
    """The contents of the bundle. Raises FileError."""
    found = _Gathering()
    _take_program(found)
    for wheel in wheels:
        _take_wheel(wheel, found)
    left = (Left(cut, found.left[cut.what], found.left_size[cut.what]) for cut in CUTS)
    return Contents(
        found.files,
        found.licences,
        tuple(found.packages),
        tuple(each for each in left if each.files),
    )


def _take_program(found: _Gathering) -> None:
    """This program as it is installed, or as it lies in a checkout."""
    root = Path(asr_netmap.__file__).parent
    files, size = 0, 0
    for path in sorted(root.rglob("*")):
        inside = f"{root.name}/{path.relative_to(root).as_posix()}"
        if path.is_file() and not inside.endswith(".pyc"):
            try:
                data = path.read_bytes()
            except OSError as error:
                raise FileError(f"{path} can't be read: {error.strerror or error}.") from error
            if found.take(inside, data, PROJECT):
                files, size = files + 1, size + len(data)
    licence, text = _own_licence()
    name = f"{PROJECT}-{asr_netmap.__version__}/LICENSE"
    found.licences[name] = text
    found.packages.append(
        Package(
            name=PROJECT,
            version=asr_netmap.__version__,
            licence=licence,
            file="",
            sha256="",
            files=files,
            size=size,
            licences=(name,),
        )
    )


def _own_licence() -> tuple[str, bytes]:
    """What the licence of this program is, and its text."""
    try:
        installed = importlib.metadata.distribution(PROJECT)
        text = installed.read_text("licenses/LICENSE")
    except importlib.metadata.PackageNotFoundError:
        text = None
    if not text:
        raise FileError(
            "The licence of asr-netmap was not installed with it, and the bundle has to carry it.",
            "Install asr-netmap with pip, pipx or uv, then bundle again.",
        )
    return _licence_of(installed.read_text("METADATA") or ""), text.encode()


def _take_wheel(wheel: Wheel, found: _Gathering) -> None:
    folder = f"{wheel.pin.name}-{wheel.pin.version}"
    licences: dict[str, bytes] = {}
    files, size, metadata = 0, 0, ""
    for path, data in _members(wheel.path):
        head, _, rest = path.partition("/")
        if head.endswith(".dist-info"):
            if rest == "METADATA":
                metadata = data.decode("utf-8", "replace")
            elif _LEGAL.match(rest):
                licences[f"{folder}/{rest.removeprefix('licenses/')}"] = data
            continue
        inside = _installed_path(head, rest, path)
        if inside is not None and found.take(inside, data, wheel.file):
            files, size = files + 1, size + len(data)
    if not files:
        return  # all of it is cut: the bundle owes it nothing
    if not licences:
        raise FileError(f"{wheel.path} brings no licence text, and the bundle has to carry it.")
    found.licences.update(licences)
    found.packages.append(
        Package(
            name=wheel.pin.name,
            version=wheel.pin.version,
            licence=_licence_of(metadata),
            file=wheel.file,
            sha256=wheel.sha256,
            files=files,
            size=size,
            licences=tuple(sorted(licences)),
        )
    )


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a wheel. Raises FileError for one that is damaged or reaches outside."""
    try:
        with zipfile.ZipFile(path) as archive:
            for member in sorted(archive.infolist(), key=lambda each: each.filename):
                if member.is_dir():
                    continue
                name = PurePosixPath(member.filename)
                if name.is_absolute() or ".." in name.parts or "\\" in member.filename:
                    raise FileError(f"{path} holds a path that leads outside: {name}.")
                if member.file_size > _MOST_OF_A_FILE:
                    raise FileError(f"{path} holds a file of {member.file_size} bytes: {name}.")
                yield str(name), archive.read(member)
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise FileError(
            f"The wheel {path} can't be read: {error}.", "Delete it and download it again."
        ) from error


def _installed_path(head: str, rest: str, path: str) -> str | None:
    """Where pip would put a file; None: outside the packages (scripts, headers, data)."""
    if not head.endswith(".data"):
        return path
    kind, _, inside = rest.partition("/")
    return inside if kind in {"purelib", "platlib"} else None


def _licence_of(metadata: str) -> str:
    """What a package says its licence is, in the order of how well programs understand it."""
    fields = HeaderParser().parsestr(metadata)
    expression = fields.get("License-Expression")
    if expression:
        return str(expression)
    classifiers = [
        str(each).rpartition(" :: ")[2]
        for each in fields.get_all("Classifier") or ()
        if str(each).startswith("License :: ")
    ]
    named = str(fields.get("License") or "").strip().splitlines()
    return ", ".join(classifiers) or (named[0] if named else "see its licence file")
