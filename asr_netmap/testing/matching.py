"""When is a request a recorded one: by what it means, not by how it is spelled."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from asr_netmap.gateway.foreign_text import one_line
from asr_netmap.testing import patterns
from asr_netmap.testing.encodings import as_text
from asr_netmap.testing.scrubbing import Scrubber

# The end of a mapping's name is made from the ids of its networks; replaced ids make another.
_HASHED = re.compile(r"([\w.-]+-to-[\w.-]+-)([0-9a-f]{8})(?![0-9a-z-])", re.IGNORECASE)
_MOST_DIFFERENCES = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request is matched on.

    path -- decoded, in lower case: ARM's are not case-sensitive. query -- sorted, without what
    signs it. body -- JSON as canonical text, other text as it is.
    """

    method: str
    scheme: str
    host: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: str

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return one_line(f"{self.method} {self.path}{f'?{query}' if query else ''}", 600)

    @property
    def unhashed(self) -> Wanted:
        """The same without the ends of mappings' names."""
        path, body = (_HASHED.sub(r"\1#", text) for text in (self.path, self.body))
        return Wanted(self.method, self.scheme, self.host, path, self.query, body)


def wanted(method: str, url: str, body: bytes, scrubber: Scrubber) -> Wanted:
    """What a request means, scrubbed as recorded ones are."""
    parts = urlsplit(scrubber.url(url))
    query = parse_qsl(parts.query, keep_blank_values=True)
    return Wanted(
        method.upper(),
        parts.scheme.lower(),
        parts.netloc.lower(),
        unquote(parts.path).rstrip("/").lower(),
        tuple(sorted(q for q in query if q[0].lower() not in patterns.SIGNED_PARAMETERS)),
        _meaning(scrubber.body(body)) if body else "",
    )


def hashed_names(text: str) -> dict[str, str]:
    """Name without its end -> name, of mappings that are named in a text; in lower case."""
    return {m.group(1).lower(): m.group().lower() for m in _HASHED.finditer(text)}


def _meaning(body: bytes) -> str:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return as_text(body) or repr(body)
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def likeness(one: Wanted, other: Wanted) -> float:
    """How near two requests are; 2 and more: only query or body differ."""
    score = SequenceMatcher(None, one.path, other.path, autojunk=False).ratio()
    score += one.method == other.method
    score += 0.5 * (one.query == other.query)
    return score


def differences(asked: Wanted, recorded: Wanted) -> list[str]:
    """In what a request differs from a recorded one, in words."""
    found = []
    if asked.method != recorded.method:
        found.append(f"method {recorded.method}")
    if (asked.scheme, asked.host) != (recorded.scheme, recorded.host):
        found.append(f"host {recorded.scheme}://{recorded.host}")
    if asked.path != recorded.path:
        found.append(f"path {one_line(recorded.path, 400)}")
    here, there = dict(asked.query), dict(recorded.query)
    found += [
        f"query {name}={there.get(name, '(absent)')}, not {here.get(name, '(absent)')}"
        for name in sorted({*here, *there})
        if here.get(name) != there.get(name)
    ]
    return [*found, *_body_differences(asked.body, recorded.body)]


def _body_differences(asked: str, recorded: str) -> list[str]:
    if asked == recorded:
        return []
    try:
        pairs = list(_value_differences("", json.loads(asked), json.loads(recorded)))
    except ValueError:
        return ["body" if asked and recorded else f"body {'absent' if asked else 'present'}"]
    shown = [f"body {path or '(all)'}: {there}, not {here}" for path, here, there in pairs]
    more = len(shown) - _MOST_DIFFERENCES
    return shown[:_MOST_DIFFERENCES] + ([f"and {more} more in the body"] if more > 0 else [])


def _value_differences(path: str, here: Any, there: Any) -> list[tuple[str, str, str]]:
    """Path, value here, value there."""
    if isinstance(here, dict) and isinstance(there, dict):
        keys = sorted({*here, *there})
        return [
            each
            for key in keys
            for each in _value_differences(
                f"{path}.{key}" if path else key, here.get(key), there.get(key)
            )
        ]
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        return [
            each
            for place, (one, other) in enumerate(zip(here, there, strict=True))
            for each in _value_differences(f"{path}[{place}]", one, other)
        ]
    if here == there:
        return []
    return [(path, one_line(json.dumps(here), 80), one_line(json.dumps(there), 80))]
