"""Writing the bundle's folder: whole or not at all, and over nothing but an older bundle."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from asr_netmap.errors import FileError
from asr_netmap.runbook.bundle.fetching import sha256_of
from asr_netmap.runbook.bundle.manifest import NAME, SCHEMA

_MOST_OF_A_MANIFEST = 4 * 1024 * 1024


def check_free(folder: Path) -> None:
    """Raise FileError if `folder` is there and is neither empty nor an older bundle.

    An older bundle is one whose files are still those that its manifest names.
    """
    try:
        if not folder.exists() and not folder.is_symlink():
            return
        if folder.is_symlink() or not folder.is_dir():
            raise FileError(f"{folder} is no folder.", "Give --out the name of a new one.")
        found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
        foreign = sorted(found - _own_files(folder)) if found else []
    except OSError as error:
        raise FileError(f"{folder} can't be read: {error.strerror or error}.") from error
    if foreign:
        raise FileError(
            f"{folder} holds what is not a bundle's, or was changed: {', '.join(foreign[:5])}.",
            "Give --out the name of a new folder, or move these files away.",
        )


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by their paths into `folder`, which is replaced in one step at the end.

    Raises FileError, and leaves what was there.
    """
    check_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name[:40]}."))
    except OSError as error:
        raise _not_written(folder, error) from error
    try:
        for path, data in files.items():
            _write(fresh / path, data)
        fresh.chmod(0o755)
        _put_in_place(fresh, folder)
    except OSError as error:
        raise _not_written(folder, error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _put_in_place(fresh: Path, folder: Path) -> None:
    if not folder.exists():
        fresh.rename(folder)
        return
    old = fresh.with_name(fresh.name + ".old")
    folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _own_files(folder: Path) -> set[str]:
    """The files that are as a bundle's manifest says, itself included; empty: there is none."""
    try:
        with (folder / NAME).open("rb") as file:
            document = json.loads(file.read(_MOST_OF_A_MANIFEST))
        if document["schema"] != SCHEMA:
            return set()
        named = {str(each["path"]): str(each["sha256"]) for each in document["files"]}
        same = {path for path, digest in named.items() if sha256_of(folder / path) == digest}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {NAME, *same}


def _not_written(folder: Path, error: OSError) -> FileError:
    return FileError(
        f"{folder} can't be written: {error.strerror or error}.",
        "Choose a place that you can write to and that has some 30 MB free; what was there is "
        "as it was.",
    )
