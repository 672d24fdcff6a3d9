"""Writing a wheel: a zip with a RECORD, the same bytes for the same contents.

Times are fixed and paths sorted. Where zlib differs (it decides how the bytes are packed) the file
differs, too, and what it holds does not.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping

import asr_netmap
from asr_netmap.runbook.bundle.contents import Contents
from asr_netmap.runbook.bundle.target import Target

DISTRIBUTION = "asr_netmap_runbook"
_OLDEST = (1980, 1, 1, 0, 0, 0)  # what a zip can hold
_REGULAR_FILE = 0o100644 << 16
_UNIX = 3


def wheel_name(target: Target) -> str:
    """The file's name; Azure Automation reads version and platform from it."""
    return f"{DISTRIBUTION}-{asr_netmap.__version__}-{target.tag}.whl"


def wheel_bytes(contents: Contents, target: Target) -> bytes:
    """The wheel; it needs no other."""
    info = f"{DISTRIBUTION}-{asr_netmap.__version__}.dist-info"
    licences = {f"{info}/licenses/{name}": data for name, data in contents.licences.items()}
    files = {
        **contents.files,
        **licences,
        f"{info}/METADATA": _metadata(contents, target).encode(),
        f"{info}/WHEEL": _wheel(target).encode(),
    }
    record = f"{info}/RECORD"
    files[record] = _record(files, record).encode()
    return _zipped(files, last=record)


def _zipped(files: Mapping[str, bytes], last: str) -> bytes:
    """The files by path, but the record at the end, as the wheel format recommends."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in (*sorted(files.keys() - {last}), last):
            member = zipfile.ZipInfo(path, _OLDEST)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = _REGULAR_FILE
            member.create_system = _UNIX
            archive.writestr(member, files[path])
    return packed.getvalue()


def _metadata(contents: Contents, target: Target) -> str:
    """The core metadata; of version 2.1, which every pip since 2018 reads."""
    listed = "\n".join(
        f"- {package.name} {package.version} ({package.licence})" for package in contents.packages
    )
    return (
        "Metadata-Version: 2.1\n"
        f"Name: {DISTRIBUTION.replace('_', '-')}\n"
        f"Version: {asr_netmap.__version__}\n"
        "Summary: asr-netmap and all it needs at run time, for Azure Automation\n"
        "License: MIT; each package that is contained has its own, see the folder licenses\n"
        f"Requires-Python: =={target.python}.*\n"
        "Description-Content-Type: text/markdown\n"
        "\n"
        "Made by `asr-netmap runbook bundle`. Contains, unaltered but for what its manifest lists "
        f"as left out:\n\n{listed}\n\n"
        "Install it into an environment of its own: it holds packages that others bring, too.\n"
    )


def _wheel(target: Target) -> str:
    python, abi, platforms = target.tag.split("-")
    tags = "".join(f"Tag: {python}-{abi}-{platform}\n" for platform in platforms.split("."))
    return (
        f"Wheel-Version: 1.0\nGenerator: asr-netmap {asr_netmap.__version__}\n"
        f"Root-Is-Purelib: false\n{tags}"
    )


def _record(files: Mapping[str, bytes], record: str) -> str:
    lines = [f"{_quoted(path)},{_digest(files[path])},{len(files[path])}" for path in sorted(files)]
    return "\n".join([*lines, f"{record},,"]) + "\n"


def _digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return f"sha256={digest}"


def _quoted(path: str) -> str:
    """A path as a cell of the record, which is CSV."""
    return f'"{path}"' if "," in path else path
