"""The one string that a job is given, as the words of a command.

A Python runbook's parameters have no names, only an order that may be scrambled (Microsoft Learn,
runbook input parameters), so there is one, in any of these forms:

    verify --config netmap --fail-on-drift      words, as on a command line
    {"mode": "verify", "config": "netmap"}      JSON with the same names
    {"mode": "finish", "settings": {…}}         JSON with a netmap.yaml inside, as JSON
    netmap                                      the name of an Automation variable or a file that
                                                holds a netmap.yaml; the mode is then verify

Quotes that were stripped, doubled, escaped or made typographic on the way, blanks around, and a
string that was split into several parameters are all understood. No word of a job stands for
itself but the mode, so ``--source-region East Asia`` needs no quotes either.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from asr_netmap.errors import UsageError
from asr_netmap.runbook import loose_json
from asr_netmap.runbook.context import Context, taken_out
from asr_netmap.runbook.windows import window_text

MODES = ("verify", "finish", "apply")
"""From the one that may least."""

INLINE = "the parameter"
"""What `--config` is given as where the settings are in the string itself."""

_NOTHING = {"", "null", "none", "{}", "[]", "()", '""', "''"}
_DASHES = re.compile(r"^(?=-?[\u2012-\u2015\u2212])[-\u2012-\u2015\u2212]{1,3}(?=[A-Za-z])")
# Each system on the way may quote once more; more than these are no quotes.
_MOST_QUOTINGS = 20
_QUOTED = re.compile(r"""((?:\\{1,31}|`)?(?:"{1,9}|'{1,9}))(.*)\1""", re.DOTALL)
_ONLY_IN_SETTINGS = {
    *("version", "vault", "vaults", "defaults", "networks", "nics", "copy", "tags", "safety"),
    *("freeze", "target_subscription"),
}
_IN_BOTH = {"source_region", "target_region", "target_resource_group"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job is asked to do.

    words -- of the command, the mode first; empty: nothing is asked.
    settings -- the text of a netmap.yaml that stands in the string itself; empty: none does.
    notes -- what else there is to say of how the job was started.
    """

    words: tuple[str, ...] = ()
    settings: str = ""
    notes: tuple[str, ...] = ()

    @property
    def mode(self) -> str:
        """The mode; empty where nothing is asked."""
        return self.words[0] if self.words else ""


def understood(argv: Sequence[str], flags: frozenset[str]) -> Asked:
    """What the parameters of a job ask for.

    flags -- the options without a value, such as ``--fail-on-drift``.
    Raises UsageError for what can't be read.
    """
    parts = [part for part in (str(each).strip() for each in argv) if part.lower() not in _NOTHING]
    text, context = taken_out(" ".join(parts))
    if context.notes:
        parts = [text] if text else []
    if not text or text.lower() in _NOTHING:
        return Asked(notes=context.notes)
    asked = replace(_asked(text, parts, flags), notes=context.notes)
    return asked if context.body is None else _narrowed(asked, context)


def _asked(text: str, parts: Sequence[str], flags: frozenset[str]) -> Asked:
    plain = _unwrapped(text)
    if plain.startswith(("{", "[")):
        return _of_value(loose_json.parse(plain), flags)
    if plain != text or len(parts) == 1:
        parts = [plain]
    return Asked(_with_mode(_joined([w for part in parts for w in _words(part)], flags)))


def _unwrapped(text: str) -> str:
    """The text without the quotes around all of it."""
    for _ in range(_MOST_QUOTINGS):
        before = text = text.strip()
        plain = loose_json.straight(text)
        found = _QUOTED.fullmatch(plain)
        inner = _json_text(plain)
        if inner:
            text = inner
        elif found and not _ends_inside(found[1], found[2]):
            text = found[2]
        elif plain.startswith(("{", "[", '"{', '"[')) and not text.startswith(("{", "[")):
            text = plain
        if text == before:
            break
    return text


def _ends_inside(quote: str, inside: str) -> bool:
    """Whether the first quote is not the partner of the last one: ``"a" b "c"``."""
    return quote in {'"', "'"} and not inside.lstrip().startswith(("{", "[")) and quote in inside


def _json_text(text: str) -> str:
    """What a text is that is a JSON string itself; empty if it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


def _of_value(value: Any, flags: frozenset[str]) -> Asked:
    if isinstance(value, str):
        return _asked(value, [value], flags)
    if isinstance(value, list):
        if len(value) == 1:
            return _of_value(value[0], flags)
        if not all(isinstance(each, (str, int, float)) for each in value):
            raise UsageError(
                "The parameter is a list of more than words.",
                'Give an object: {"mode": "verify", "config": "netmap"}',
            )
        words = [str(each) for each in value]
        return Asked(_with_mode(_joined([w for each in words for w in _words(each)], flags)))
    if not isinstance(value, Mapping):
        raise UsageError(
            f"The parameter is {value!r}, which says nothing.", "See what a job without one says."
        )
    return _of_object(value, flags)


def _of_object(given: Mapping[str, Any], flags: frozenset[str]) -> Asked:
    options = {_option_name(key): value for key, value in given.items()}
    mode = str(options.pop("mode", MODES[0])).strip().lower()
    settings = _settings_in(given, options)
    words = [word for name, value in options.items() for word in _as_words(name, value, flags)]
    if settings is not None:
        words += ["--config", INLINE]
    text = "" if settings is None else json.dumps(settings, ensure_ascii=False)
    return Asked((mode, *words), text)


def _settings_in(given: Mapping[str, Any], options: dict[str, Any]) -> Any:
    """The settings inside an object, taken out of its options; None: there are none."""
    for name in ("settings", "netmap", "config"):
        if isinstance(options.get(name), Mapping):
            return options.pop(name)
    own = {key: value for key, value in given.items() if key in _ONLY_IN_SETTINGS}
    if not own:
        return None
    own.update((key, given[key]) for key in _IN_BOTH if key in given)
    for key in own:
        options.pop(_option_name(key), None)
    return {"version": 1, **own}


def _option_name(key: str) -> str:
    """``vaultId``, ``vault_id`` and ``--vault-id`` are all ``vault-id``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", key.strip().lstrip("-"))
    return words.replace("_", "-").lower()


def _as_words(name: str, value: Any, flags: frozenset[str]) -> Iterator[str]:
    option = f"--{name}"
    if option in flags and isinstance(value, (bool, str, int)):
        said = str(value).strip().lower()
        if said not in {"true", "false", "1", "0", "yes", "no", ""}:
            raise UsageError(f"{name} is {value!r}, and must be true or false.")
        if said in {"true", "1", "yes"}:
            yield option
        return
    for each in value if isinstance(value, list) else [value]:
        if each is None:
            continue
        text = window_text(each) if name == "window" else each
        if isinstance(text, (Mapping, list)):
            raise UsageError(f"{name} is {text!r}, and must be one value or a list of them.")
        yield from (option, str(text))


def _words(part: str) -> list[str]:
    """The words of one parameter; one that is no command is a single word."""
    plain = loose_json.straight(part)
    first = plain.split(maxsplit=1)[0].lower() if plain.split() else ""
    if not (plain.startswith("-") or _DASHES.match(plain) or first in {*MODES, "asr-netmap"}):
        found = [_bare(plain)] if len(plain.split()) == 1 or not re.search(r"\s-", plain) else None
        if found is not None:
            return found
    try:
        words = shlex.split(plain.replace("\\", "\\\\"))
    except ValueError:  # a quote without its partner
        words = re.sub(r"""["']""", "", plain).split()
    return [_bare(word) for word in words]


def _bare(word: str) -> str:
    """A word without what is left of quotes, commas and typographic dashes around it."""
    return _DASHES.sub("--", word.strip("\\`\"' ,;"))


def _joined(words: Sequence[str], flags: frozenset[str]) -> list[str]:
    """The words with values in one piece: nothing but the mode stands for itself."""
    found: list[str] = []
    values: list[str] = []
    option = ""
    for word in (*filter(None, words), "--"):
        if word == "-" or not word.startswith("-"):
            values.append(word)
            continue
        whole = option and option not in flags
        found += [("," if option == "--only" else " ").join(values)] if whole and values else values
        option, equals, value = word.partition("=")
        values = [value] if equals else []
        found += [option] if word != "--" else []
    return found


def _with_mode(words: Sequence[str]) -> tuple[str, ...]:
    """The words, the mode first; a name in its place, or behind it, is that of a configuration."""
    rest = list(words)
    if rest and rest[0].lower() == "asr-netmap":
        rest.pop(0)
    mode = rest.pop(0).lower() if rest and rest[0].lower() in MODES else MODES[0]
    if rest and not rest[0].startswith("-"):
        rest.insert(0, "--config")
    return (mode, *rest)


def _texts(value: Any) -> list[str]:
    """One text or several; what is anything else is none."""
    several = value if isinstance(value, list) else [value]
    return [each for each in several if isinstance(each, str) and each.strip()]


def _narrowed(asked: Asked, context: Context) -> Asked:
    """What is asked for, less what the caller of a webhook wants less of."""
    words, notes = list(asked.words), list(asked.notes)
    for key, value in (context.body or {}).items():
        name = _option_name(str(key))
        said = str(value).strip().lower()
        if name == "mode" and said in MODES and MODES.index(said) <= MODES.index(asked.mode):
            words[0] = said
        elif name == "only" and "--only" not in words and _texts(value):
            words += [f"--only={text}" for text in _texts(value)]
        elif name == "fail-on-drift" and said in {"true", "1", "yes"}:
            words.append("--fail-on-drift")
        else:
            notes.append(f"The webhook's caller may not say {name[:40]!r}: it is left out.")
    return replace(asked, words=tuple(words), notes=tuple(notes))
