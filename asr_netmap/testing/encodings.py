"""Texts inside texts: base64 in both alphabets, gzip, one in the other, and JSON."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

# What a gzip stream may grow to; a few kilobytes can hold gigabytes.
MOST_UNPACKED = 64 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_STANDARD = r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{16,}={0,2}(?![A-Za-z0-9+/=])"
_URL_SAFE = r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{16,}={0,2}(?![A-Za-z0-9_=-])"
_SHORTEST = 16
# Of both alphabets: part of a piece in one of them can look like a piece in the other.
_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_CANDIDATES = (re.compile(_STANDARD), re.compile(_URL_SAFE))
_OBJECT = re.compile(r'\{\s*"')
_MOST_TRIED = 100  # what looks like an object and is none, in one text
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Inner:
    """A text that was found encoded: `again` encodes another one in its place the same way."""

    text: str
    again: Callable[[str], str]


def candidates(text: str) -> list[str]:
    """The pieces of `text` that may be base64, longest first."""
    if len(text) < _SHORTEST:
        return []
    found = {match.group() for pattern in _CANDIDATES for match in pattern.finditer(text)}
    return sorted(found, key=lambda piece: (-len(piece), piece))


def substituted(text: str, change: Callable[[str], str]) -> str:
    """`text` with every piece that may be base64 given to `change`."""

    def changed(match: re.Match[str]) -> str:
        run = match.group()
        if decoded(run) is not None:
            return change(run)
        for pattern in _CANDIDATES:
            run = pattern.sub(lambda piece: change(piece.group()), run)
        return run

    return _RUN.sub(changed, text) if len(text) >= _SHORTEST else text


def decoded(piece: str) -> Inner | None:
    """What a piece of base64 holds, unpacked where that is gzip; None: nothing that can be read."""
    url_safe = "-" in piece or "_" in piece
    bare = piece.rstrip("=")
    try:
        data = base64.b64decode(
            bare + "=" * (-len(bare) % 4), altchars=b"-_" if url_safe else None, validate=True
        )
    except (ValueError, binascii.Error):
        return None
    packed = data.startswith(_GZIP)
    text = as_text(unpacked(data) or b"\xff" if packed else data)
    if text is None:
        return None
    padded = piece.endswith("=") or len(piece) % 4 == 0

    def again(other: str) -> str:
        raw = gzip.compress(other.encode(), mtime=0) if packed else other.encode()
        coded = base64.urlsafe_b64encode(raw) if url_safe else base64.b64encode(raw)
        return coded.decode() if padded else coded.decode().rstrip("=")

    return Inner(text, again)


def unpacked(data: bytes) -> bytes | None:
    """What a gzip stream holds; None: it is none, is broken, or is larger than MOST_UNPACKED."""
    if not data.startswith(_GZIP):
        return None
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(data, MOST_UNPACKED)
    except zlib.error:
        return None
    return plain if stream.eof else None


def as_text(data: bytes) -> str | None:
    """The text that bytes are, or None."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if _UNPRINTABLE.search(text) else text


def as_json(text: str) -> Any:
    """The value of a JSON text.

    Raises ValueError; also for an object with one key twice, of which only one would be looked at.
    """
    try:
        return _JSON.decode(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def json_inside(text: str) -> Iterator[tuple[int, int, Any]]:
    """Start, end and value of every JSON object inside a text."""
    at = tried = 0
    while tried < _MOST_TRIED and (found := _OBJECT.search(text, at)):
        start = found.start()
        end, value = _object_at(text, start)
        if end > start:
            yield start, end, value
        else:
            tried += 1
        at = max(end, start + 1)


def _object_at(text: str, start: int) -> tuple[int, Any]:
    """Where the object ends, and its value; it ends where it starts if it is none."""
    try:
        value, end = _JSON.raw_decode(text, start)
    except (ValueError, RecursionError):
        return start, None
    return end, value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key comes twice")
    return value


_JSON = json.JSONDecoder(object_pairs_hook=_each_once)
