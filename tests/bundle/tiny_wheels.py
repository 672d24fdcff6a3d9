"""Wheels of a few bytes, and pins for them."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from asr_netmap.runbook.bundle.fetching import Wheel
from asr_netmap.runbook.bundle.lock import Pin

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense-Expression: MIT\n"


def make_wheel(
    folder: Path,
    name: str = "tiny",
    version: str = "1.0",
    files: Mapping[str, bytes] | None = None,
    *,
    tags: str = "py3-none-any",
    licence: bool = True,
) -> Pin:
    """Write a wheel and return its pin."""
    path = folder / f"{name}-{version}-{tags}.whl"
    info = f"{name}-{version}.dist-info"
    held = dict(files if files is not None else {f"{name}/__init__.py": b"x = 1\n"})
    held[f"{info}/METADATA"] = METADATA.format(name=name, version=version).encode()
    held[f"{info}/RECORD"] = b""
    if licence:
        held[f"{info}/licenses/LICENSE"] = b"Permission is granted.\n"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, data in held.items():
            archive.writestr(inside, data)
    return Pin(name, version, "", frozenset({hashlib.sha256(path.read_bytes()).hexdigest()}))


def wheel_of(folder: Path, pin: Pin, tags: str = "py3-none-any") -> Wheel:
    """The wheel of a pin, as it was found."""
    path = folder / f"{pin.name}-{pin.version}-{tags}.whl"
    return Wheel(pin, path, next(iter(pin.hashes)), path.stat().st_size)
