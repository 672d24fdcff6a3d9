"""netmap.yaml -> Settings, one for each vault, with every mistake in one error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from asr_netmap.errors import SettingsError
from asr_netmap.settings.checks import kind_of
from asr_netmap.settings.mistakes import (
    HINT,
    MAX_SHOWN,
    Mistake,
    mistakes_in,
    place_of,
    settings_error,
    unknown_key,
)
from asr_netmap.settings.model import Settings
from asr_netmap.settings.overrides import Overrides, lay_over, origin_at
from asr_netmap.settings.yaml_reader import (
    MAX_BYTES,
    MAX_VALUES,
    Document,
    Path,
    Unreadable,
    read_yaml,
)

_SEVERAL_KEYS = ("version", "defaults", "vaults")
_NOTHING_GIVEN = Overrides()
_OTHERS = {
    "nic-table": "is a NIC table, not settings; `--nics` and `nics import` take it",
    "estate": "is an estate file, not settings; give it to --sandbox",
    "plan": "is a saved plan, not settings; `asr-netmap apply FILE` takes it",
}


def load_settings(
    path: FilePath | str, overrides: Overrides = _NOTHING_GIVEN
) -> tuple[Settings, ...]:
    """Read a settings file; one Settings per vault and pair of regions, in the file's order.

    Raises SettingsError: no such file, unreadable, or any number of mistakes in it.
    """
    where = str(path)
    return parse_settings(_decoded(_bytes_of(FilePath(path), where), where), where, overrides)


def parse_settings(
    text: str, where: str, overrides: Overrides = _NOTHING_GIVEN
) -> tuple[Settings, ...]:
    """Read the text of a settings file; `where` is its name for messages.

    Raises SettingsError that lists all mistakes.
    """
    try:
        document = read_yaml(text)
    except Unreadable as error:
        raise settings_error(where, [Mistake("", error.text, error.line)]) from None
    root = document.root
    if not isinstance(root, dict):
        said = "the file is empty" if root is None else f"holds {kind_of(root)}, not keys"
        raise settings_error(where, [Mistake("", f"{said}; it starts with version: 1")])
    if other := _other_file(root):
        raise settings_error(where, [Mistake("", other)])
    mistakes = [Mistake(place_of(f.path), f.text, f.line) for f in document.faults]
    mistakes += islice(_empty_values(document, overrides.places()), MAX_SHOWN + 1)
    entries = list(_entries(document, root, mistakes))
    found = [_settings_of(entry, overrides, mistakes) for entry in entries]
    mistakes += _given_twice(entries, found)
    if mistakes or not entries:
        raise settings_error(where, mistakes)
    return tuple(settings for settings in found if settings is not None)


def _other_file(root: Mapping[str, object]) -> str:
    """What a file of this program is that is no settings file; empty: it may be one."""
    schema = root.get("schema")
    if not isinstance(schema, str) or not schema.startswith("asr-netmap/"):
        return ""
    kind = schema.split("/")[1]
    return _OTHERS.get(kind, f"holds {schema}, not settings")


def _bytes_of(path: FilePath, where: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 4)  # and no more, whatever hides behind the name
    except FileNotFoundError:
        raise SettingsError(where, ["there is no such file"], HINT) from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise SettingsError(where, [f"can't be read: {said}"]) from None


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        text = "is not UTF-8; save the file as UTF-8"
        raise SettingsError(where, [f"line {line}: {text}"]) from None


@dataclass(frozen=True, slots=True)
class _Entry:
    """One vault's share of a file; `prefixes` are where its keys may stand, nearest first."""

    data: dict[str, object]
    document: Document
    prefixes: tuple[Path, ...] = ((),)
    overridden: frozenset[Path] = frozenset()

    def locate(self, path: Path, text: str) -> Mistake:
        origin = origin_at(path) if path in self.overridden else None
        if origin is not None:
            return Mistake(origin.names, text)
        for prefix in self.prefixes:
            line = self.document.lines.get((*prefix, *path))
            if line is not None:
                return Mistake(place_of((*prefix, *path)), text, line)
        # What is missing is missing in the entry itself; its line is that of what should hold it.
        whole = path if path == ("version",) else (*self.prefixes[0], *path)
        lines = (self.document.lines.get(whole[:end]) for end in range(len(whole) - 1, -1, -1))
        return Mistake(place_of(whole), text, next(filter(None, lines), None))


def _empty_values(document: Document, overridden: frozenset[Path]) -> Iterator[Mistake]:
    """A key without a value might mean anything, so it is a question back to its author.

    Unless an override fills it, or fills something in the empty section.
    """
    text = "is empty; give it a value or leave the key out"
    waiting: list[tuple[Path, object]] = [((), document.root)]
    entry = _Entry({}, document)
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*path, key), one) for key, one in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, place), one) for place, one in enumerate(value)]
        elif value is None and not _is_filled(path, overridden):
            yield entry.locate(path, text)


def _is_filled(path: Path, overridden: frozenset[Path]) -> bool:
    skipped = {"defaults": 1, "vaults": 2}.get(str(path[0]), 0) if path else 0
    own = path[skipped:]
    return bool(own) and any(place[: len(own)] == own for place in overridden)


def _entries(
    document: Document, root: dict[str, object], mistakes: list[Mistake]
) -> Iterator[_Entry]:
    if "vaults" not in root and "defaults" not in root:
        yield _Entry(root, document)
        return
    mistakes += _several_mistakes(document, root)
    defaults, vaults = root.get("defaults", {}), root.get("vaults")
    if not isinstance(defaults, dict) or not isinstance(vaults, list):
        return
    for place, own in enumerate(vaults):
        if not isinstance(own, dict):
            continue
        merged = _merged(defaults, own)
        if "version" in root:
            merged["version"] = root["version"]
        yield _Entry(merged, document, (("vaults", place), ("defaults",), ()))


def _several_mistakes(document: Document, root: dict[str, object]) -> Iterator[Mistake]:
    locate = _Entry(root, document).locate
    for key in root.keys() - set(_SEVERAL_KEYS):
        known = f"{unknown_key(key, ())} beside vaults; it belongs under defaults or a vault"
        yield locate((key,), known)
    defaults, vaults = root.get("defaults", {}), root.get("vaults")
    if not isinstance(vaults, list) or not vaults:
        yield locate(("vaults",), "must be a list of at least one vault")
        vaults = []
    if not isinstance(defaults, dict):
        yield locate(("defaults",), f"must be a mapping of keys, not {kind_of(defaults)}")
        defaults = {}
    if document.sizes.get(("defaults",), 0) * len(vaults) > MAX_VALUES:
        vaults.clear()  # not worth the memory
        yield locate(("vaults",), "too many vaults for defaults of that size")
    for section in ("networks", "protect"):
        if section in defaults:
            yield locate(("defaults", section), "belongs to each entry of vaults")
    for place, own in enumerate(vaults):
        if not isinstance(own, dict):
            yield locate(("vaults", place), f"must be a mapping of keys, not {kind_of(own)}")
        elif "version" in own:
            yield locate(("vaults", place, "version"), "belongs to the top of the file")


def _merged(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """`above` laid over `below`, key by key in mappings; all else is replaced whole."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        result[key] = _merged(_mapping(old), _mapping(value)) if both else value
    return result


def _mapping(value: object) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value


def _settings_of(entry: _Entry, overrides: Overrides, mistakes: list[Mistake]) -> Settings | None:
    """The entry's settings; None, with its mistakes added, if it has any."""
    data = lay_over(entry.data, overrides)
    located = _Entry(data, entry.document, entry.prefixes, overrides.places())
    known = {(mistake.place, mistake.line) for mistake in mistakes}
    try:
        return Settings.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        found = [located.locate(path, text) for path, text in mistakes_in(error, data)]
        # What is empty or given twice is said already, and once is enough.
        mistakes += [m for m in found if (m.place, m.line) not in known]
        return None


def _given_twice(entries: Sequence[_Entry], found: Sequence[Settings | None]) -> Iterator[Mistake]:
    first: dict[tuple[object, ...], str] = {}
    for entry, settings in zip(entries, found, strict=True):
        if settings is None:
            continue
        vault = settings.vault
        names = (vault.subscription, vault.resource_group, vault.name)
        regions = frozenset((settings.source_region, settings.target_region))
        key = (*(name.lower() for name in names), regions)
        place = place_of(entry.prefixes[0])
        earlier = first.setdefault(key, place)
        if earlier != place:
            text = f"the same vault and regions as {earlier}, which covers both directions"
            yield entry.locate((), text)
