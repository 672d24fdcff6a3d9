"""YAML text -> plain Python values, each with the line it stands in.

Only the parser of PyYAML is used, event by event; nothing is ever constructed from a tag. Scalars
follow YAML 1.2's narrow idea: ``true``, ``false``, whole numbers and nothing are special, all else
is text, so a network called ``NO``, ``on``, ``007`` or ``2024-01-01`` stays what it says.

Size, depth, aliases and the number of values after their expansion are limited, so a hostile file
costs about as much as a harmless one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

MAX_BYTES = 1024 * 1024
MAX_ALIASES = 50
MAX_DEPTH = 32
MAX_VALUES = 200_000

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_SWITCHES = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_TEXT_TAG = "tag:yaml.org,2002:str"

Path = tuple[str | int, ...]
"""The way to a value from the root: keys of mappings and positions in lists."""


class Unreadable(Exception):
    """The text is no YAML that this reader takes; `line` counts from 1, None if unknown."""

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.line = line


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake that doesn't stop the reading, such as a key given twice."""

    path: Path
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """What was read.

    root -- dict, list, str, int, bool or None.
    lines -- where each path's key (or list entry) stands; below an alias only the alias.
    sizes -- how many values a path holds, aliases expanded; only of the first two levels.
    """

    root: object
    lines: Mapping[Path, int]
    sizes: Mapping[Path, int]
    faults: tuple[Fault, ...]


def read_yaml(text: str) -> Document:
    """Read one YAML document.

    Raises Unreadable at the first thing that makes the rest unintelligible.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Unreadable(f"larger than {MAX_BYTES // 1024} KiB; this is no settings file")
    try:
        return _Reader(text.removeprefix("\ufeff")).document()
    except yaml.MarkedYAMLError as error:
        raise _broken(text, error) from None
    except (yaml.YAMLError, UnicodeError) as error:
        # The reader of PyYAML complains about a character without telling its line.
        raise Unreadable(_first_line(error), _invisible_line(text)) from None


def _broken(text: str, error: yaml.MarkedYAMLError) -> Unreadable:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark is not None else None
    lines = text.splitlines()
    written = lines[line - 1] if line is not None and line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return Unreadable("indented with a tab; YAML takes blanks only", line)
    what = error.problem or _first_line(error)
    column = f" at column {mark.column + 1}" if mark is not None else ""
    context = f" ({error.context})" if error.context else ""
    return Unreadable(f"no valid YAML{column}: {what}{context}", line)


def _first_line(error: Exception) -> str:
    return f"no valid YAML: {str(error).splitlines()[0][:200]}"


def _invisible_line(text: str) -> int | None:
    found = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", text)
    return text.count("\n", 0, found.start()) + 1 if found else None


@dataclass(slots=True)
class _Anchored:
    """What an anchor names; `size` is 0 while it is still being read."""

    value: object = None
    size: int = 0


@dataclass(slots=True)
class _Reader:
    text: str
    events: Any = field(init=False)
    lines: dict[Path, int] = field(default_factory=dict)
    sizes: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    anchors: dict[str, _Anchored] = field(default_factory=dict)
    aliases: int = 0
    values: int = 0

    def __post_init__(self) -> None:
        # The C parser comes with every wheel of PyYAML; a build without it still reads, slower.
        self.events = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(self.text)

    def document(self) -> Document:
        try:
            self._next()  # the stream's start
            root = None if self._at(yaml.StreamEndEvent) else self._only_document()
        finally:
            self.events.dispose()
        return Document(root, self.lines, self.sizes, tuple(self.faults))

    def _only_document(self) -> object:
        self._next()
        root = self._node((), self._line())
        self._next()
        if not self._at(yaml.StreamEndEvent):
            raise Unreadable("a second document starts; give one per file", self._line())
        return root

    def _next(self) -> Any:
        return self.events.get_event()

    def _at(self, kind: type[yaml.Event]) -> bool:
        return bool(self.events.check_event(kind))

    def _line(self) -> int:
        return int(self.events.peek_event().start_mark.line) + 1

    def _node(self, path: Path, line: int) -> object:
        """The next value; `line` is where its key or its own beginning stands."""
        self.lines.setdefault(path, line)
        event = self._next()
        here = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), path, here)
        if len(path) > MAX_DEPTH:
            raise Unreadable(f"more than {MAX_DEPTH} levels deep", here)
        anchored = _Anchored()
        if event.anchor is not None:
            self.anchors[event.anchor] = anchored
        before = self.values
        self._count(1, here)
        anchored.value = self._content(event, path, here)
        anchored.size = self.values - before
        if len(path) <= 2:
            self.sizes[path] = anchored.size
        return anchored.value

    def _content(self, event: Any, path: Path, line: int) -> object:
        if event.tag is not None and not (
            isinstance(event, yaml.ScalarEvent) and event.tag in {_TEXT_TAG, "!"}
        ):
            raise Unreadable(f"the tag {event.tag[:80]!r}; no tags are taken here", line)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        return self._mapping(path)

    def _alias(self, name: str, path: Path, line: int) -> object:
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            raise Unreadable(f"more than {MAX_ALIASES} aliases (*name)", line)
        anchored = self.anchors.get(name)
        if anchored is None:
            raise Unreadable(f"the alias *{name[:80]} has no anchor &{name[:80]} before it", line)
        if not anchored.size:
            raise Unreadable(f"the alias *{name[:80]} stands inside of what it names", line)
        self._count(anchored.size, line)
        self.sizes[path] = anchored.size
        return anchored.value

    def _count(self, more: int, line: int) -> None:
        self.values += more
        if self.values > MAX_VALUES:
            raise Unreadable(f"more than {MAX_VALUES} values, aliases expanded", line)

    def _list(self, path: Path) -> list[object]:
        entries: list[object] = []
        while not self._at(yaml.SequenceEndEvent):
            entries.append(self._node((*path, len(entries)), self._line()))
        self._next()
        return entries

    def _mapping(self, path: Path) -> dict[str, object]:
        entries: dict[str, object] = {}
        while not self._at(yaml.MappingEndEvent):
            line = self._line()
            key = self._key(line)
            inside = (*path, key)
            if key in entries:
                text = f"given twice, first in line {self.lines[inside]}"
                self.faults.append(Fault(inside, line, text))
                self._node(inside, line)
            else:
                entries[key] = self._node(inside, line)
        self._next()
        return entries

    def _key(self, line: int) -> str:
        event = self._next()
        if not isinstance(event, yaml.ScalarEvent):
            _refuse_key(event, line)
        self._count(1, line)
        if event.value == "<<" and event.implicit[0]:
            raise Unreadable("merge keys (<<) are not taken; use defaults: and vaults:", line)
        return str(event.value)


def _refuse_key(event: Any, line: int) -> NoReturn:
    kind = "an alias" if isinstance(event, yaml.AliasEvent) else "a list or mapping"
    raise Unreadable(f"{kind} stands where a key belongs", line)


def _scalar(event: Any) -> object:
    text = str(event.value)
    plain = event.implicit[0] and event.tag is None
    if not plain:
        return text
    if text in _NOTHING:
        return None
    if text in _SWITCHES:
        return _SWITCHES[text]
    return int(text) if _WHOLE.fullmatch(text) else text
