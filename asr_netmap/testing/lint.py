"""Finds what must not be in a cassette: secrets, other people's ids, hosts of one machine.

A second pair of eyes, apart from the scrubber: it looks through base64 (both alphabets, also
nested), gzip and JSON first, at every place of a cassette and at the file around it. What it
shows of a find is never the whole of it.

    python -m asr_netmap.testing cassettes
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from asr_netmap.errors import AsrNetmapError, CassetteFileError
from asr_netmap.files import read_bytes
from asr_netmap.testing import guids, patterns
from asr_netmap.testing.cassette import MOST_BYTES, Cassette, Interaction, parse
from asr_netmap.testing.encodings import (
    as_json,
    as_text,
    candidates,
    decoded,
    json_inside,
    unpacked,
)
from asr_netmap.testing.patterns import Sign
from asr_netmap.testing.scrubbing import is_private_tag, keeps_of_answer, keeps_of_request

_DEEPEST = 5
_SHOWN = 6
_WRAPPED = re.compile(
    r"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{40,}[ \t]*\r?\n[ \t]*)+[A-Za-z0-9+/_-]+={0,2}"
)
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
    eyes = _Eyes()
    if folder.is_file():
        return _in_file(eyes, folder)
    if not folder.is_dir():
        raise CassetteFileError(f"There is no {folder}.", "Name a cassette, or a folder of them.")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [hit for path in files for hit in _in_file(eyes, path)]


def lint_file(path: Path) -> list[Hit]:
    """All finds in one file: a cassette, or any text, packed or not. Raises FileError."""
    return _in_file(_Eyes(), path)


def lint_text(text: str, file: str) -> list[Hit]:
    """All finds in a text; if it is a cassette, with the interaction they are in."""
    return _in_file_text(_Eyes(), text, file)


def lint_cassette(cassette: Cassette, file: str) -> list[Hit]:
    """All finds in the interactions of a cassette."""
    return _in_cassette(_Eyes(), cassette, file)


def _in_file(eyes: _Eyes, path: Path) -> list[Hit]:
    data = read_bytes(path, "file", MOST_BYTES)
    plain = unpacked(data)
    text = as_text(data if plain is None else plain)
    if text is None:
        text = (data if plain is None else plain).decode("utf-8", "backslashreplace")
    return _in_file_text(eyes, text, str(path))


def _in_file_text(eyes: _Eyes, text: str, file: str) -> list[Hit]:
    try:
        hits = _in_cassette(eyes, parse(text, file), file)
    except AsrNetmapError:  # no cassette, or none that can be read: then it is a text
        hits = [_hit(file, None, find) for find in _over_lines(eyes, text)]
    known = {(hit.kind, hit.shown) for hit in hits}
    around = dict.fromkeys(_hit(file, None, find) for find in _lines(eyes, text))
    return hits + [hit for hit in around if (hit.kind, hit.shown) not in known]


def _in_cassette(eyes: _Eyes, cassette: Cassette, file: str) -> list[Hit]:
    found: dict[Hit, None] = {}
    for number, interaction in enumerate(cassette.interactions, 1):
        for find in _in_interaction(eyes, interaction):
            found[_hit(file, number, find)] = None
    return list(found)


def _hit(file: str, number: int | None, find: _Find) -> Hit:
    return Hit(file, number, find.place, find.kind, _part_of(find.whole))


def _part_of(secret: str) -> str:
    """Enough to find it by, and never more than a third of it."""
    flat = " ".join(secret.split())
    return f"{flat[: min(_SHOWN, len(flat) // 3)]}… ({len(secret)} characters)"


def _in_interaction(eyes: _Eyes, each: Interaction) -> Iterator[_Find]:
    if patterns.TOKEN_PATHS.search(each.url):
        yield _Find("request url", "token request", each.url)
    yield from eyes.in_text("request url", each.url)
    for name, value in each.request_headers:
        kept = keeps_of_request(each.method, name.lower())
        yield from _in_header(eyes, "request", (name, value), kept)
    for name, value in each.headers:
        yield from _in_header(eyes, "response", (name, value), keeps_of_answer(name.lower()))
    for place, body in (("request body", each.request_body), ("response body", each.body)):
        plain = unpacked(body)
        inside = f"{place}, in gzip" if plain is not None else place
        text = (body if plain is None else plain).decode("utf-8", "backslashreplace")
        yield from eyes.in_text(inside, text)


def _in_header(eyes: _Eyes, side: str, header: tuple[str, str], kept: bool) -> Iterator[_Find]:
    name, value = header
    place, lower = f"{side} header {name}", name.lower()
    if lower in {"cookie", "set-cookie"}:
        yield _Find(place, "cookie", value)
    if lower == "agent-authentication":
        yield _Find(place, "agent authentication", value)
    if not kept:
        yield _Find(place, "header off the list", f"{name}: {value}")
    yield from eyes.in_text(place, value)


def _lines(eyes: _Eyes, text: str) -> Iterator[_Find]:
    """Line by line, so that a find can be found; then what goes over several lines."""
    clean: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        if line in clean:
            continue
        found = eyes.in_text(f"line {number}", line.strip())
        if not found:
            clean.add(line)
        yield from found
    for match in patterns.PRIVATE_KEY.pattern.finditer(text):
        yield _Find(_line_of(text, match.start()), "private key", match.group())
    for match in _WRAPPED.finditer(text):
        yield from eyes.in_text(_line_of(text, match.start()), "".join(match.group().split()))


def _over_lines(eyes: _Eyes, text: str) -> Iterator[_Find]:
    """What JSON holds that goes over several lines."""
    for start, _, value in json_inside(text):
        yield from eyes.in_value(_line_of(text, start), value)


def _line_of(text: str, position: int) -> str:
    return f"line {text.count(chr(10), 0, position) + 1}"


class _Eyes:
    """Look into texts, and remember the clean ones: most of them come again and again."""

    def __init__(self) -> None:
        self._clean: set[tuple[str, int]] = set()

    def in_text(self, place: str, text: str, depth: int = 0) -> list[_Find]:
        """What a text holds, in whatever encoding; `depth` is in how many it lies itself."""
        if (text, depth) in self._clean:
            return []
        found = list(self._in_new_text(place, text, depth))
        if not found:
            self._clean.add((text, depth))
        return found

    def in_value(self, place: str, value: Any, depth: int = 0) -> Iterator[_Find]:
        """What a JSON value holds, and what its keys say that it holds."""
        if isinstance(value, str):
            yield from self.in_text(place, value, depth)
        elif isinstance(value, list):
            for each in value:
                yield from self.in_value(place, each, depth)
        elif isinstance(value, Mapping):
            for key, each in value.items():
                yield from self.in_text(place, key, depth)
                yield from _in_entry(f"{place}, {key}", key, each)
                yield from self.in_value(place, each, depth)

    def _in_new_text(self, place: str, text: str, depth: int) -> Iterator[_Find]:
        if text[:1] in {"{", "["}:
            try:
                value = as_json(text)
            except ValueError:
                pass  # then it is a text, and what is whole in it is found below
            else:
                yield from self.in_value(place, value, depth)
                return
        yield from _plain_finds(place, text)
        for _, _, value in json_inside(text):
            yield from self.in_value(place, value, depth)
        if depth >= _DEEPEST:
            return
        if "%" in text and (plain := unquote(text)) != text:
            yield from self.in_text(place, plain, depth + 1)
        for piece in _pieces(text):
            inner = decoded(piece)
            if inner is not None and inner.text != text:
                yield from self.in_text(f"{place}, in base64", inner.text, depth + 1)


def _in_entry(place: str, key: str, value: Any) -> Iterator[_Find]:
    if key.lower() == "tags" and isinstance(value, Mapping):
        for name, each in value.items():
            if is_private_tag(name, each):
                yield _Find(place, "tag value", each)
    elif patterns.is_secret_key(key):
        for each in _leaves(value):
            yield _Find(place, "secret value", str(each))


def _leaves(value: Any) -> Iterator[Any]:
    """What tells something below a secret key, however deep."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif patterns.is_secret_value(value):
        yield value


def _plain_finds(place: str, text: str) -> Iterator[_Find]:
    lower = text.lower()
    for kind, sign, is_private in _KINDS:
        if sign.may_be_in(lower):
            for match in sign.pattern.finditer(text):
                if is_private(match):
                    yield _Find(place, kind, match.group())
    for start, end in patterns.secret_entries(text):
        yield _Find(place, "secret value", text[start:end])
    for match in patterns.public_addresses(text):
        yield _Find(place, "public IP address", match.group())


def _pieces(text: str) -> Iterable[str]:
    """What may be base64; also its parts, since paths are made of the same characters."""
    seen: dict[str, None] = {}
    for piece in candidates(text):
        seen[piece] = None
        for part in _LETTERS.findall(piece):
            seen[part] = None
    return seen


_IsPrivate = Callable[[re.Match[str]], bool]


def _always(_match: re.Match[str]) -> bool:
    return True


def _of_somebody(match: re.Match[str]) -> bool:
    return not patterns.HARMLESS_EMAIL.search(match.group())


def _of_something(match: re.Match[str]) -> bool:
    return not guids.is_harmless(match.group())


_KINDS: tuple[tuple[str, Sign, _IsPrivate], ...] = (
    ("bearer token", patterns.BEARER, _always),
    ("basic authentication", patterns.AUTHORIZATION, _always),
    ("basic authentication", patterns.BASIC, patterns.is_basic),
    ("JWT", patterns.JWT, _always),
    ("agent authentication", patterns.AGENT, _always),
    ("cookie", patterns.COOKIE, _always),
    ("signed URL", patterns.SIGNED_PARAMETER, _always),
    ("account key", patterns.ACCOUNT_KEY, _always),
    ("client secret", patterns.CLIENT_SECRET, _always),
    ("private key", patterns.PRIVATE_KEY, _always),
    ("GUID", Sign(guids.GUID), _of_something),
    ("e-mail address", patterns.EMAIL, _of_somebody),
    ("loopback host", patterns.LOOPBACK, patterns.is_loopback_host),
)
