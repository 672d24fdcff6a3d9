"""Finds what must not be in a cassette: secrets, other people's ids, hosts of one machine.

A second pair of eyes, apart from the scrubber: it looks through base64 (both alphabets, also
nested) and gzip first, at every place of a cassette and at the file around it. What it shows of
a find is never the whole of it.

    python -m asr_netmap.testing cassettes
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from asr_netmap.errors import AsrNetmapError, CassetteFileError
from asr_netmap.files import read_bytes
from asr_netmap.testing import guids, patterns
from asr_netmap.testing.cassette import MOST_BYTES, Cassette, Interaction, parse
from asr_netmap.testing.encodings import as_text, candidates, decoded, unpacked
from asr_netmap.testing.scrubbing import keeps_of_answer, keeps_of_request

_DEEPEST = 5
_SHOWN = 6
_WRAPPED = re.compile(r"(?:[A-Za-z0-9+/_-]{40,}[ \t]*\r?\n[ \t]*)+[A-Za-z0-9+/_-]+={0,2}")
_LETTERS = re.compile(r"[A-Za-z0-9]{16,}={0,2}")


@dataclass(frozen=True, slots=True)
class Hit:
    """One find. `interaction` counts from 1; None: elsewhere in the file.

    place -- such as ``response body``, with ``in base64`` where it lay deeper.
    shown -- the beginning of what was found.
    """

    file: str
    interaction: int | None
    place: str
    kind: str
    shown: str

    def __str__(self) -> str:
        where = f"interaction {self.interaction}, " if self.interaction else ""
        return f"{self.file}: {where}{self.place}: {self.kind}: {self.shown}"


@dataclass(frozen=True, slots=True)
class _Find:
    """What a text holds: where, of what kind, and all of it; it stays in this module."""

    place: str
    kind: str
    whole: str


def lint_folder(folder: Path) -> list[Hit]:
    """All finds in a file, or in every file of a folder and below it.

    Raises CassetteFileError for a path that isn't there: an empty result must mean clean.
    """
    if folder.is_file():
        return lint_file(folder)
    if not folder.is_dir():
        raise CassetteFileError(f"There is no {folder}.", "Name a cassette, or a folder of them.")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [hit for path in files for hit in lint_file(path)]


def lint_file(path: Path) -> list[Hit]:
    """All finds in one file: a cassette, or any text, packed or not. Raises FileError."""
    data = read_bytes(path, "file", MOST_BYTES)
    plain = unpacked(data)
    text = as_text(data if plain is None else plain)
    if text is None:
        text = (data if plain is None else plain).decode("utf-8", "backslashreplace")
    return lint_text(text, str(path))


def lint_text(text: str, file: str) -> list[Hit]:
    """All finds in a text; if it is a cassette, with the interaction they are in."""
    try:
        hits = lint_cassette(parse(text, file), file)
    except AsrNetmapError:  # no cassette, or none that can be read: then it is a text
        hits = []
    known = {(hit.kind, hit.shown) for hit in hits}
    around = [_hit(file, None, find) for find in _lines(text)]
    return hits + [hit for hit in around if (hit.kind, hit.shown) not in known]


def lint_cassette(cassette: Cassette, file: str) -> list[Hit]:
    """All finds in the interactions of a cassette."""
    found: dict[Hit, None] = {}
    for number, interaction in enumerate(cassette.interactions, 1):
        for find in _in_interaction(interaction):
            found[_hit(file, number, find)] = None
    return list(found)


def _hit(file: str, number: int | None, find: _Find) -> Hit:
    return Hit(file, number, find.place, find.kind, _part_of(find.whole))


def _part_of(secret: str) -> str:
    """Enough to find it by, and never more than a third of it."""
    flat = " ".join(secret.split())
    return f"{flat[: min(_SHOWN, len(flat) // 3)]}… ({len(secret)} characters)"


def _in_interaction(each: Interaction) -> Iterator[_Find]:
    if patterns.TOKEN_PATHS.search(each.url):
        yield _Find("request url", "token request", each.url)
    yield from _in_text("request url", each.url)
    for name, value in each.request_headers:
        kept = keeps_of_request(each.method, name.lower())
        yield from _in_header("request", name, value, kept)
    for name, value in each.headers:
        yield from _in_header("response", name, value, keeps_of_answer(name.lower()))
    for place, body in (("request body", each.request_body), ("response body", each.body)):
        plain = unpacked(body)
        inside = f"{place}, in gzip" if plain is not None else place
        text = (body if plain is None else plain).decode("utf-8", "backslashreplace")
        yield from _in_text(inside, text)


def _in_header(side: str, name: str, value: str, kept: bool) -> Iterator[_Find]:
    place, lower = f"{side} header {name}", name.lower()
    if lower in {"cookie", "set-cookie"}:
        yield _Find(place, "cookie", value)
    if lower == "agent-authentication":
        yield _Find(place, "agent authentication", value)
    if not kept:
        yield _Find(place, "header off the list", f"{name}: {value}")
    yield from _in_text(place, value)


def _lines(text: str) -> Iterator[_Find]:
    """Line by line, so that a find can be found; then what goes over several lines."""
    clean: set[str] = set()
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if line in clean:
            continue
        found = list(_in_text(f"line {number}", line))
        if not found:
            clean.add(line)
        yield from found
    for match in patterns.PRIVATE_KEY.finditer(text):
        yield _Find(_line_of(text, match.start()), "private key", match.group())
    for match in _WRAPPED.finditer(text):
        yield from _in_text(_line_of(text, match.start()), "".join(match.group().split()))


def _line_of(text: str, position: int) -> str:
    return f"line {text.count(chr(10), 0, position) + 1}"


def _in_text(place: str, text: str, depth: int = 0) -> Iterator[_Find]:
    for kind, find in _KINDS:
        for whole in find(text):
            yield _Find(place, kind, whole)
    if depth >= _DEEPEST:
        return
    if "%" in text and (plain := unquote(text)) != text:
        yield from _in_text(place, plain, depth + 1)
    for piece in _pieces(text):
        inner = decoded(piece)
        if inner is not None and inner.text != text:
            yield from _in_text(f"{place}, in base64", inner.text, depth + 1)


def _pieces(text: str) -> Iterable[str]:
    """What may be base64; also its parts, since paths are made of the same characters."""
    seen: dict[str, None] = {}
    for piece in candidates(text):
        seen[piece] = None
        for part in _LETTERS.findall(piece):
            seen[part] = None
    return seen


_Finder = Callable[[str], Iterable[str]]


def _all_of(pattern: re.Pattern[str]) -> _Finder:
    return lambda text: (match.group() for match in pattern.finditer(text))


def _emails(text: str) -> Iterator[str]:
    for match in patterns.EMAIL.finditer(text):
        if not patterns.HARMLESS_EMAIL.search(match.group()):
            yield match.group()


def _guids(text: str) -> Iterator[str]:
    for match in guids.GUID.finditer(text):
        if not guids.is_harmless(match.group()):
            yield match.group()


def _signed(text: str) -> Iterator[str]:
    for match in patterns.SIGNED_PARAMETER.finditer(text):
        yield match.group()


_KINDS: tuple[tuple[str, _Finder], ...] = (
    ("bearer token", _all_of(patterns.BEARER)),
    ("JWT", _all_of(patterns.JWT)),
    ("agent authentication", _all_of(patterns.AGENT)),
    ("cookie", _all_of(patterns.COOKIE)),
    ("signed URL", _signed),
    ("account key", _all_of(patterns.ACCOUNT_KEY)),
    ("client secret", _all_of(patterns.CLIENT_SECRET)),
    ("private key", _all_of(patterns.PRIVATE_KEY)),
    ("GUID", _guids),
    ("e-mail address", _emails),
    ("public IP address", lambda text: (m.group() for m in patterns.public_addresses(text))),
    ("loopback host", lambda text: (m.group() for m in patterns.loopback_hosts(text))),
)
