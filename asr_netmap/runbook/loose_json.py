"""JSON as it arrives: quotes stripped, doubled, escaped, curly or single, commas lost.

A parameter of a Python runbook goes through a portal, a schedule or a webhook, and a command line
behind them. Webhook data is known to arrive as ``{WebhookName:x,RequestBody:{…}}``, split at its
blanks (public samples of Python runbooks started by webhooks, 2018 to 2023); what shells do to
quotes is known anyway. What could be read in two ways, such as a text that ends too early, is
refused.
"""

from __future__ import annotations

import json
import re
from typing import Any

from asr_netmap.errors import UsageError

MOST_CHARACTERS = 512 * 1024
"""What Automation passes on as one parameter (Microsoft Learn, Automation limits)."""

_DEEPEST = 40
# Typographic quotes: double, angled and full-width ones, then single ones.
_CURLY = str.maketrans(
    "\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02\u2018\u2019\u201a\u201b", '"' * 7 + "'" * 4
)
_QUOTE = re.compile(r"""(?:\\+|`)?(?:"+|'+)""")
_PLAIN_TEXT = re.compile(r'(?:\\.|[^"\\])*', re.DOTALL)
_SEPARATORS = re.compile(r"[\s,;]*")
_KEY = re.compile(r"[\w$-][\w$.-]*")
# Longer ones are no numbers that a job is given, and Python refuses to read some of them.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,99})?")
# What ends a value without quotes: a closing bracket, the next key, or the end.
_ENDS = re.compile(
    r"""[\s,;]*[}\]]|[\s,;]+(?:(?:\\+|`)?["']*)[A-Za-z_$][\w$.-]*(?:\\+|`)?["']*\s*:(?!//)|\s*$"""
)
_ENDS_ENTRY = re.compile(r"\s*[}\],;]|\s*$")
_WORDS = {"true": True, "false": False, "null": None, "none": None}


def straight(text: str) -> str:
    """The text with straight quotes in the place of typographic ones, and of ``&quot;``."""
    return text.translate(_CURLY).replace("&quot;", '"').replace("&#34;", '"')


def read_object(text: str, start: int = 0) -> tuple[dict[str, Any], int]:
    """The object that begins with a brace at `start`, and where it ends.

    Raises UsageError with the place where it can't be read.
    """
    reader = _Reader(text, start)
    found = reader.object(0)
    return found, reader.at


def parse(text: str) -> Any:
    """The value that a text means: strict JSON if it is that, else as it can be read.

    Raises UsageError.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(
            f"The parameter has {len(text)} characters, more than {MOST_CHARACTERS}.",
            "Keep the netmap.yaml in an Automation variable, and give the variable's name.",
        )
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    reader = _Reader(straight(text), 0)
    found = reader.value(0)
    if _SEPARATORS.sub("", reader.rest()):
        raise reader.refusal("there is more after its end")
    return found


class _Reader:
    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self.at = at

    def rest(self) -> str:
        return self._text[self.at :]

    def refusal(self, why: str) -> UsageError:
        near = " ".join(self._text[max(0, self.at - 20) : self.at + 20].split())
        return UsageError(
            f"The parameter looks like JSON and can't be read: {why}, near {near!r}.",
            'Give it as {"mode": "verify", "config": "netmap"}, or as words: '
            "verify --config netmap",
        )

    def value(self, depth: int, *, entry: bool = False) -> Any:
        """Any value; `entry` of a list: then a comma ends one without quotes."""
        if depth > _DEEPEST:
            raise self.refusal("it is nested too deeply")
        self._skip(re.compile(r"\s*"))
        character = self._text[self.at : self.at + 1]
        if character == "{":
            return self.object(depth)
        if character == "[":
            return self._list(depth)
        quote = _QUOTE.match(self._text, self.at)
        if quote:
            return self._quoted(quote.group(), depth)
        return self._bare(_ENDS_ENTRY if entry else _ENDS)

    def object(self, depth: int) -> dict[str, Any]:
        self._expect("{")
        found: dict[str, Any] = {}
        while True:
            self._skip(_SEPARATORS)
            if self._text.startswith("}", self.at):
                self.at += 1
                return found
            key = self._key()
            self._skip(re.compile(r"\s*"))
            self._expect(":")
            if key in found:
                raise self.refusal(f"{key!r} is given twice")
            found[key] = self.value(depth + 1)

    def _list(self, depth: int) -> list[Any]:
        self._expect("[")
        found: list[Any] = []
        while True:
            self._skip(_SEPARATORS)
            if self._text.startswith("]", self.at):
                self.at += 1
                return found
            if self.at >= len(self._text):
                raise self.refusal("a ] is missing")
            found.append(self.value(depth + 1, entry=True))

    def _key(self) -> str:
        quote = _QUOTE.match(self._text, self.at)
        if quote:
            end = self._text.find(quote.group(), quote.end())
            name = self._text[quote.end() : end] if end > 0 else ""
            if not name or set(name) & set("{}[],"):
                raise self.refusal("a name and its quotes are expected")
            self.at = end + len(quote.group())
            return name
        key = _KEY.match(self._text, self.at)
        if key is None:
            raise self.refusal(
                "a } is missing" if not self.rest().strip() else "a name is expected"
            )
        self.at = key.end()
        return key.group()

    def _quoted(self, quote: str, depth: int) -> Any:
        begins = self.at + len(quote)
        if (
            len(quote) == 2
            and quote[0] == quote[1]
            and re.match(r"\s*(?:[,;}\]]|$)", self._text[begins:])
        ):
            self.at = begins
            return ""
        ends = self._end_of_quoted(quote, begins)
        inside = self._text[begins:ends]
        if inside[:1] in {"{", "["} and not inside.rstrip().endswith(("}", "]")):
            # Its own quotes were not escaped, so the first of them is no end.
            self.at = begins
            found = self.value(depth + 1)
            self._expect(quote)
            return found
        if ends < 0:
            raise self.refusal("a quote is missing")
        self.at = ends + len(quote)
        return _unescaped(inside) if quote == '"' else inside

    def _end_of_quoted(self, quote: str, begins: int) -> int:
        if quote != '"':
            return self._text.find(quote, begins)
        plain = _PLAIN_TEXT.match(self._text, begins)
        end = plain.end() if plain else begins
        return end if self._text.startswith('"', end) else -1

    def _bare(self, ends: re.Pattern[str]) -> Any:
        end = ends.search(self._text, self.at)
        stop = end.start() if end else len(self._text)
        word = self._text[self.at : stop].strip()
        if not word:
            raise self.refusal("a value is missing")
        self.at = stop
        if word.lower() in _WORDS:
            return _WORDS[word.lower()]
        return json.loads(word) if _NUMBER.fullmatch(word) else word

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self.at)
        self.at = found.end() if found else self.at

    def _expect(self, token: str) -> None:
        if not self._text.startswith(token, self.at):
            raise self.refusal(f"{token!r} is expected")
        self.at += len(token)


def _unescaped(text: str) -> str:
    try:
        found = json.loads(f'"{text}"', strict=False)
    except ValueError:
        found = text.replace('\\"', '"')
    return str(found)
