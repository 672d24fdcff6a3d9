"""From what pydantic found to what a person reads: place, line, message.

A message names the place as the file spells it, says what is wrong in the file's words, and never
shows the value of something that looks like a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from asr_netmap.errors import SettingsError
from asr_netmap.settings.checks import NO_CREDENTIALS, kind_of, suggestion
from asr_netmap.settings.overrides import VAULT_NAMES, origin_at
from asr_netmap.settings.repeats import row_given_twice, source_given_twice, two_primaries
from asr_netmap.settings.schema import known_keys
from asr_netmap.settings.yaml_reader import Path

MAX_SHOWN = 200

_SECRET = re.compile(
    r"secret|passw|pwd|token|credential|certificate|connection_?string"
    r"|(api|access|account|client|private|sas|shared|storage|subscription|vault)_?key|^(key|keys|sas)$",
    re.IGNORECASE,
)
_PLAIN_KEY = re.compile(r"[\w-]+")

HINT = "asr-netmap init writes a file to start from; init --schema, a JSON Schema for editors."


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake and where it stands; line None: in no line of a file."""

    place: str
    text: str
    line: int | None = None

    def __str__(self) -> str:
        at = f"line {self.line}: " if self.line is not None else ""
        return f"{at}{self.place}: {self.text}" if self.place else f"{at}{self.text}"


def place_of(path: Path) -> str:
    """A path as people write it: ``networks[1].addresses[0].to``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}"
        else:
            text += f"[{part[:60]!r}]"
    return text.removeprefix(".")


def refusal(
    error: ValidationError,
    kind: str,
    values: Mapping[str, Any],
    where: str,
    spelled: Mapping[Path, str] | None,
) -> SettingsError:
    """One error of everything that is wrong with values that stand in no file.

    kind -- the name of the class that the values are for.
    spelled -- the values are options: what the user gave for those places that are none of the
        options of a whole run. None: they are none.
    """

    def located(path: Path, text: str) -> Mistake:
        origin = None if spelled is None else origin_at(path)
        place = (spelled or {}).get(path) or (origin.names if origin else place_of(path))
        return Mistake(place, text)

    mistakes = [located(path, text) for path, text in mistakes_in(error, values, kind)]
    return settings_error(where, mistakes, hint="")


def settings_error(where: str, mistakes: Iterable[Mistake], hint: str = HINT) -> SettingsError:
    """One error of all mistakes, each once, in the order of their lines."""
    ordered = sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.line or 0)
    lines = [str(mistake) for mistake in ordered[:MAX_SHOWN]]
    if len(ordered) > MAX_SHOWN:
        lines.append("… and more")
    return SettingsError(where, lines, hint)


def unknown_key(name: str, known: Iterable[str]) -> str:
    """What to say about a key that has no meaning where it stands."""
    if _SECRET.search(name.replace("-", "_")):
        return NO_CREDENTIALS
    return f"unknown key{suggestion(name, known)}"


def mistakes_in(
    error: ValidationError, data: Mapping[str, Any], kind: str = "Settings"
) -> Iterator[tuple[Path, str]]:
    """Every mistake that pydantic found in `data`, and what it could not look at after those.

    kind -- the name of the class that `data` is for.
    """
    for one in error.errors(include_url=False)[: MAX_SHOWN + 1]:
        path = tuple(part for part in one["loc"] if part != "[key]")
        if one["type"] == "several_mistakes":
            for place, text in one["ctx"]["mistakes"]:
                yield (*path, *place), text
        else:
            yield path, _text(one, path, kind)
    # Pydantic compares rows only when each row is fine; people want to hear of both at once.
    yield from _rows_twice(data)


def _rows_twice(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    networks = data.get("networks")
    if isinstance(networks, list | tuple):
        for place, text in source_given_twice(networks):
            yield ("networks", *place), text
    nics = data.get("nics")
    rows = nics.get("settings") if isinstance(nics, Mapping) else None
    if isinstance(rows, list | tuple):
        for place, text in (*row_given_twice(rows), *two_primaries(rows)):
            yield ("nics", "settings", *place), text


def _text(error: Any, path: Path, kind: str) -> str:
    match error["type"]:
        case "value_error":
            text = str(error["ctx"]["error"])
        case "extra_forbidden":
            text = unknown_key(str(path[-1]), known_keys(path[:-1], kind))
        case "missing":
            text = f"missing{_instead(path)}"
        case "model_type" | "mapping_type" | "dict_type":
            text = f"must be a mapping of keys, not {kind_of(error['input'])}"
        case "tuple_type":
            text = f"must be a list, not {kind_of(error['input'])}"
        case "greater_than_equal":
            text = f"must be {error['ctx']['ge']} or more"
        case "less_than_equal":
            text = f"must be {error['ctx']['le']} or less"
        case _:
            text = str(error["msg"])
    return text


def _instead(path: Path) -> str:
    if path == ("vault",):
        return f"; write subscription, resource_group and name here or give {VAULT_NAMES}"
    origin = origin_at(path)
    return f"; write it here or give {origin.names}" if origin else ""
