"""The manifest: what a bundle holds, whence it comes, and what was left out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import asr_netmap
from asr_netmap.runbook.bundle.contents import Contents, Package
from asr_netmap.runbook.bundle.target import Target

NAME = "manifest.json"
SCHEMA = "asr-netmap/bundle/1"


def manifest(
    files: Mapping[str, bytes], contents: Contents, target: Target, lock: bytes
) -> dict[str, Any]:
    """The manifest of a folder with these files.

    lock -- the lock that the wheels were checked against. Sizes are bytes, of packages unpacked;
    hashes are SHA-256. No time is in it: the same input gives the same folder.
    """
    return {
        "schema": SCHEMA,
        "version": asr_netmap.__version__,
        "python": target.python,
        "tag": target.tag,
        "lock_sha256": _digest(lock),
        "files": [
            {"path": path, "size": len(files[path]), "sha256": _digest(files[path])}
            for path in sorted(files)
        ],
        "packages": [_package(package) for package in contents.packages],
        "left_out": [
            {
                "what": left.cut.what,
                "why": left.cut.why,
                "patterns": list(left.cut.patterns),
                "files": left.files,
                "size": left.size,
            }
            for left in contents.left_out
        ],
    }


def _package(package: Package) -> dict[str, Any]:
    return {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "licence_files": list(package.licences),
        "wheel": package.file or None,
        "wheel_sha256": package.sha256 or None,
        "files": package.files,
        "size": package.size,
    }


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
