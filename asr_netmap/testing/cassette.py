"""Cassettes: recorded exchanges in vcrpy's YAML format, written so that people can read them.

    recorded:               what stock vcrpy ignores: origin, cloud, time, tool, packages
    interactions:
    - request: {method, uri, body, headers}
      response: {status, headers, body: {string}}
      seconds: 31.5         since the start of the recording, when the answer was there
    version: 1

JSON bodies are indented and stand in literal blocks. The same exchanges give the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import yaml

from asr_netmap.errors import CassetteFileError, FileError, UsageError
from asr_netmap.files import read_text, write_atomically
from asr_netmap.testing.encodings import as_text, unpacked

# libyaml's loader where PyYAML has it: ten times as fast, and the same.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# As for writing; only characters that no name in Azure has are escaped by one and not the other.
_PlainDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

MOST_BYTES = 64 * 1024 * 1024
_DEEPEST = 30
FORMAT = 1  # vcrpy's, since its version 1.0

Headers = tuple[tuple[str, str], ...]

# In a literal block these would be read back as something else, or can't stand there at all.
_NOT_LITERAL = re.compile("[^\x20-\x7e\xa1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
# Describe how a body was sent; here it is as it was meant.
_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Interaction:
    """A request and its answer. Bodies are as they were meant: unpacked, empty for none.

    seconds -- from the start of the recording to the answer; None: it doesn't say.
    """

    method: str
    url: str
    request_headers: Headers
    request_body: bytes
    status: int
    reason: str
    headers: Headers
    body: bytes
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a cassette comes from.

    origin -- ``azure`` or ``sandbox``. cloud -- by az CLI's name. tool -- what recorded it.
    packages -- name -> version of what sent the requests.
    """

    origin: str
    cloud: str
    time: datetime
    tool: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cassette:
    """Interactions in the order they happened; `recorded` is None where the file doesn't say."""

    interactions: tuple[Interaction, ...]
    recorded: Recorded | None = None
    name: str = ""

    @property
    def time(self) -> datetime | None:
        """When it was recorded: as it says, or by the first answer's date."""
        if self.recorded is not None:
            return self.recorded.time
        dates = (v for i in self.interactions for n, v in i.headers if n.lower() == "date")
        return _http_date(next(dates, ""))


def load(path: Path) -> Cassette:
    """Read a cassette. Raises CassetteFileError with the line of what is wrong."""
    need_vcrpy()
    try:
        text = read_text(path, "cassette", MOST_BYTES)
    except FileError as error:
        raise CassetteFileError(error.message, error.hint) from None
    return parse(text, str(path))


def parse(text: str, where: str) -> Cassette:
    """Read a cassette from text; `where` is for messages. Raises CassetteFileError."""
    data, lines = _document(text, where)
    version, listed = data.get("version"), data.get("interactions")
    if version != FORMAT or not isinstance(listed, list):
        raise _broken(where, 1, f"no cassette of vcrpy's format {FORMAT} (version: {version!r})")
    found = []
    for number, (each, line) in enumerate(zip(listed, lines, strict=True), 1):
        with _named(where, line, f"interaction {number}"):
            found.append(_interaction(each))
    with _named(where, 1, "'recorded'"):
        recorded = _recorded(data.get("recorded"))
    return Cassette(tuple(found), recorded, Path(where).name)


@contextmanager
def _named(where: str, line: int, what: str) -> Iterator[None]:
    """Say of an entry that has another shape which one it is."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise _broken(where, line, f"{what} has another shape ({reason})") from None


def _document(text: str, where: str) -> tuple[Mapping[str, Any], list[int]]:
    """The YAML document, and the line of each interaction."""
    loader = _Loader(text)
    try:
        _refuse_deep(text)
        node = loader.get_single_node()
        data = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _broken(where, line, str(error.problem or error.context)) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _broken(where, 1, f"no YAML: {type(error).__name__}: {error}") from None
    finally:
        loader.dispose()
    if not isinstance(data, Mapping) or not isinstance(node, yaml.MappingNode):
        raise _broken(where, 1, "no YAML mapping")
    lists = [value for key, value in node.value if key.value == "interactions"]
    rows = lists[0].value if lists and isinstance(lists[0], yaml.SequenceNode) else []
    return data, [row.start_mark.line + 1 for row in rows]


def _refuse_deep(text: str) -> None:
    """Raise ValueError for a nesting that no cassette has: libyaml's own stack ends the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise ValueError(f"nested deeper than {_DEEPEST}")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Given:
    """A serializer for vcrpy that has the document already."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def deserialize(self, _text: str) -> Any:
        """The document."""
        return self._data


def _interaction(row: Any) -> Interaction:
    deserialize = _vcrpy()
    requests, responses = deserialize("", _Given({"interactions": [row]}))[:2]
    request, response = requests[0], responses[0]
    headers = _answer_headers(response["headers"])
    seconds = row.get("seconds")
    return Interaction(
        str(request.method),
        str(request.uri),
        tuple((str(name), str(value)) for name, value in request.headers.items()),
        _plain(_as_bytes(request.body)),
        int(response["status"]["code"]),
        str(response["status"].get("message") or ""),
        tuple((name, text) for name, text in headers if name.lower() not in _OF_THE_WIRE),
        _plain(_as_bytes(response["body"]["string"])),
        None if seconds is None else float(seconds),
    )


def _vcrpy() -> Any:
    try:
        from vcr.serialize import deserialize  # noqa: PLC0415 -- an extra that may be missing
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "vcr":
            raise
        raise UsageError(
            "Cassettes need the package vcrpy, which is not installed.",
            "Install it with: pip install 'asr-netmap[testing]'",
        ) from None
    return deserialize


def need_vcrpy() -> None:
    """Raise UsageError that names the extra, unless vcrpy is there."""
    _vcrpy()


def _answer_headers(headers: Any) -> Headers:
    """vcrpy lists the values of a header; older files have a single text."""
    return tuple(
        (str(name), str(value))
        for name, values in headers.items()
        for value in (values if isinstance(values, list) else [values])
    )


def _as_bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if not isinstance(body, bytes):
        raise TypeError(f"a body is text, not {type(body).__name__}")
    return body


def _plain(body: bytes) -> bytes:
    plain = unpacked(body)
    return body if plain is None else plain


def _recorded(row: Any) -> Recorded | None:
    if row is None:
        return None
    time = row["time"]
    moment = time if isinstance(time, datetime) else datetime.fromisoformat(_iso(str(time)))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return Recorded(
        str(row["origin"]),
        str(row["cloud"]),
        moment.astimezone(timezone.utc),
        str(row.get("tool") or ""),
        {str(name): str(version) for name, version in (row.get("packages") or {}).items()},
    )


def _iso(text: str) -> str:
    """Python 3.10 does not read the Z."""
    return text[:-1] + "+00:00" if text.endswith("Z") else text


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(timezone.utc)
    except (TypeError, ValueError):
        return None


def _broken(where: str, line: int, what: str) -> CassetteFileError:
    return CassetteFileError(
        f"{where}:{line}: {what}", "A cassette is what --record or vcrpy writes."
    )


# Writing.


def save(path: Path, cassette: Cassette) -> None:
    """Write a cassette, whole or not at all. Raises FileError."""
    write_atomically(path, dumps(cassette), private=False)


def dumps(cassette: Cassette) -> str:
    """A cassette as text."""
    document: dict[str, Any] = {}
    if cassette.recorded is not None:
        document["recorded"] = _recorded_row(cassette.recorded)
    document["interactions"] = [_row(each) for each in cassette.interactions]
    document["version"] = FORMAT
    text: str = yaml.dump(
        document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100_000
    )
    return text


class _Dumper(_PlainDumper):  # type: ignore[misc]  # -- PyYAML's C dumper has no stub
    """Texts of several lines in literal blocks; no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Everything is written out."""
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
    return node


_Dumper.add_representer(str, _represent_text)


def _recorded_row(recorded: Recorded) -> dict[str, Any]:
    time = recorded.time.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None)
    return {
        "origin": recorded.origin,
        "cloud": recorded.cloud,
        "time": f"{time.isoformat()}Z",
        "tool": recorded.tool,
        "packages": dict(sorted(recorded.packages.items())),
    }


def _row(interaction: Interaction) -> dict[str, Any]:
    row: dict[str, Any] = {
        "request": {
            "method": interaction.method,
            "uri": interaction.url,
            "body": _body(interaction.request_body) or None,
            "headers": _grouped(interaction.request_headers),
        },
        "response": {
            "status": {"code": interaction.status, "message": interaction.reason},
            "headers": _grouped(interaction.headers),
            "body": {"string": _body(interaction.body)},
        },
    }
    if interaction.seconds is not None:
        row["seconds"] = round(interaction.seconds, 3)
    return row


def _grouped(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name, []).append(value)
    return grouped


def _body(data: bytes) -> str | bytes:
    """A body for people: JSON on many lines; bytes only where it is no text."""
    text = as_text(data)
    return data if text is None else _indented(text)


def _indented(text: str) -> str:
    if text[:1] not in {"{", "["}:
        return text
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return _NOT_LITERAL.sub(_escaped, json.dumps(value, indent=2, ensure_ascii=False))


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    return character if character == "\n" else json.dumps(character)[1:-1]
