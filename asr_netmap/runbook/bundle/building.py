"""Making a bundle: the one way through the other modules."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asr_netmap.errors import FileError
from asr_netmap.files import read_bytes
from asr_netmap.report.inert import json_text
from asr_netmap.runbook.bundle.contents import gather
from asr_netmap.runbook.bundle.deployment import deployment_files
from asr_netmap.runbook.bundle.fetching import RunPip, Wheel, download, run_pip, wheels
from asr_netmap.runbook.bundle.folder import check_free, write_folder
from asr_netmap.runbook.bundle.lock import LOCK, Pin, pins_for
from asr_netmap.runbook.bundle.manifest import NAME, manifest
from asr_netmap.runbook.bundle.target import Target
from asr_netmap.runbook.bundle.wheel_file import wheel_bytes, wheel_name

# All packages of a runtime environment together (Microsoft Learn, manage-runtime-environment,
# 2025-06-27).
LARGEST = 100 * 1000 * 1000
_MOST_OF_A_LOCK = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was written; `manifest` is its manifest."""

    folder: Path
    wheel: str
    size: int
    sha256: str
    manifest: Mapping[str, Any]


def build(
    folder: Path,
    target: Target,
    *,
    wheels_in: Path | None = None,
    say: Callable[[str], None] = lambda _text: None,
    run: RunPip = run_pip,
) -> Bundle:
    """Write the bundle for a target into a folder.

    wheels_in -- a folder that holds the locked wheels; None: pip downloads them.
    say -- is told what is going on. run -- runs pip.
    Raises FileError; then nothing was written, and an older bundle is as it was.
    """
    check_free(folder)
    pins = pins_for(target)
    if wheels_in is not None:
        return _of(wheels(pins, target, wheels_in), folder, target)
    say(f"Downloading {len(pins)} wheels for CPython {target.python}, {target.platforms[-1]} …")
    try:
        with tempfile.TemporaryDirectory(prefix="asr-netmap-wheels-") as scratch:
            return _downloaded(pins, folder, target, Path(scratch), run)
    except OSError as error:
        raise FileError(
            f"The wheels can't be kept for the moment: {error.strerror or error}.",
            "They need some 20 MB in the folder for temporary files (TMPDIR).",
        ) from error


def _downloaded(
    pins: tuple[Pin, ...], folder: Path, target: Target, scratch: Path, run: RunPip
) -> Bundle:
    download(pins, target, scratch, run)
    return _of(wheels(pins, target, scratch), folder, target)


def _of(found: tuple[Wheel, ...], folder: Path, target: Target) -> Bundle:
    contents = gather(found)
    name, data = wheel_name(target), wheel_bytes(contents, target)
    if len(data) > LARGEST:
        raise FileError(
            f"The wheel has {len(data)} bytes, and Azure Automation takes {LARGEST} at most."
        )
    files = {name: data, **deployment_files(target, name, data)}
    document = manifest(files, contents, target, read_bytes(LOCK, "lock file", _MOST_OF_A_LOCK))
    write_folder(folder, {**files, NAME: json_text(document).encode()})
    digest = next(each["sha256"] for each in document["files"] if each["path"] == name)
    return Bundle(folder, name, len(data), digest, document)
