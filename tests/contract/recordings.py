"""Recorded exchanges of the real service, whatever recorder wrote them, in one form.

Every ``*.yaml`` of the recordings folder is a cassette of vcrpy; a ``*.json`` with ``entries`` is
a session record of Azure PowerShell. A file that is dropped in is picked up by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml

Json = dict[str, Any]


@dataclass(frozen=True)
class Exchange:
    """One recorded request with its answer.

    where -- file and number, for messages. headers -- of the answer, by lower-cased name.
    sent, body -- parsed JSON; None: there was none.
    complete -- whether the recorder kept all headers.
    """

    where: str
    method: str
    url: str
    sent: Any = field(repr=False)
    status: int
    headers: Mapping[str, tuple[str, ...]] = field(repr=False)
    body: Any = field(repr=False)
    complete: bool

    @cached_property
    def path(self) -> str:
        """The URL's path, decoded."""
        return unquote(urlsplit(self.url).path)

    @cached_property
    def key(self) -> str:
        """The path without regard to case."""
        return self.path.rstrip("/").lower()

    @cached_property
    def version(self) -> str:
        """The api-version."""
        return dict(parse_qsl(urlsplit(self.url).query)).get("api-version", "")

    @cached_property
    def operation(self) -> str:
        """The name of the operation that an accepted write was answered with; '' if none."""
        url = self.header("azure-asyncoperation")
        return urlsplit(url).path.rsplit("/", 1)[-1].lower()

    @property
    def read(self) -> bool:
        """Whether it only looked."""
        return self.method == "GET"

    def header(self, name: str) -> str:
        """The last value of a header of the answer; '' if it has none."""
        return self.headers.get(name, ("",))[-1]

    def resources(self) -> list[Json]:
        """The resources that the answer shows: one, or the rows of a list."""
        if self.status >= 300 or not isinstance(self.body, dict):
            return []
        rows = self.body.get("value", [self.body])
        rows = rows if isinstance(rows, list) else []
        return [r for r in rows if isinstance(r, dict) and r.get("id") and r.get("type")]


@dataclass(frozen=True)
class Recording:
    """One file's exchanges in the order in which they took place; `began`: with the first."""

    name: str
    exchanges: tuple[Exchange, ...]
    began: datetime


def recordings_in(folder: Path) -> tuple[Recording, ...]:
    """All that the folder holds. A file that is no recording of either kind is left out."""
    found = [_cassette(path) for path in sorted(folder.glob("*.yaml"))]
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(document, dict) and "entries" in document:
            found.append(_session_record(path, document["entries"]))
    return tuple(found)


def _cassette(path: Path) -> Recording:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    exchanges = []
    for number, each in enumerate(document["interactions"]):
        request, response = each["request"], each["response"]
        exchanges.append(
            Exchange(
                where=f"{path.name} {number}",
                method=request["method"],
                url=request["uri"],
                sent=_parsed(request.get("body")),
                status=response["status"]["code"],
                headers=_headers(response["headers"]),
                body=_parsed((response.get("body") or {}).get("string")),
                complete=False,
            )
        )
    began = parsedate_to_datetime(exchanges[0].header("date"))
    return Recording(path.name, tuple(exchanges), began)


def _session_record(path: Path, entries: Iterable[Mapping[str, Any]]) -> Recording:
    """The recorder groups by URL; the routing id holds the true time."""
    timed = sorted(entries, key=lambda e: _routed_at(e["response"]["headers"]))
    exchanges = tuple(
        Exchange(
            where=f"{path.name} {number}",
            method=each["request"]["method"],
            url=each["request"]["uri"],
            sent=each["request"].get("body"),
            status=each["response"]["status"],
            headers=_headers(each["response"]["headers"]),
            body=each["response"]["body"] or None,
            complete=True,
        )
        for number, each in enumerate(timed)
    )
    return Recording(path.name, exchanges, _routed_at(timed[0]["response"]["headers"]))


def _routed_at(headers: Mapping[str, str]) -> datetime:
    text = headers["x-ms-routing-request-id"].split(":")[1]
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)


def _headers(given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        name.lower(): tuple(value) if isinstance(value, list) else (str(value),)
        for name, value in given.items()
    }


def _parsed(text: str | bytes | None) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
