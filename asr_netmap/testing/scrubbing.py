"""Takes out of an exchange what must not be shared, and keeps it replayable.

Pure: the same exchange always becomes the same one, in every cassette, without a list of what
stands for what; and scrubbing what is scrubbed changes nothing.

    headers                 only those on the list below stay
    tokens, keys, cookies   <removed>
    values of secret keys   <removed>, such as adminPassword's, also of JSON inside texts
    polling URLs            without their signature
    hosts of this machine   the cloud's Resource Manager
    GUIDs                   replacements (`asr_netmap.testing.guids`)
    values of tags          tag-<8 digits>, the same for the same; our own tags stay
    e-mail addresses        someone@example.com
    public IP addresses     one of 203.0.113.0/24 or 2001:db8::/112
    names                   what the caller says
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from asr_netmap.errors import UsageError
from asr_netmap.testing import guids, patterns
from asr_netmap.testing.encodings import (
    as_json,
    as_text,
    decoded,
    json_inside,
    substituted,
    unpacked,
)
from asr_netmap.testing.patterns import REMOVED, Sign

KEPT_OF_REQUESTS = frozenset({"accept", "content-type", "x-ms-client-request-id"})
KEPT_OF_ANSWERS = frozenset(
    {
        *("content-type", "azure-asyncoperation", "location", "retry-after"),
        *("x-ms-failure-cause", "x-ms-request-id", "x-ms-correlation-request-id"),
    }
)
KEPT_PREFIX = "x-ms-ratelimit-"

_DEEPEST = 7  # texts inside texts inside texts, JSON inside JSON
_OWN_TAGS = "asr-netmap"
_EMAIL = "someone@example.com"
_TAG = re.compile(r"tag-[0-9a-f]{8}")
_SHORTEST_NAME = 3
_WORD = re.compile(r"[A-Za-z_]{0,15}")  # too short for a secret, without what marks one
# What is remembered: the same names and ids come again and again.
_MOST_KNOWN, _LONGEST_KNOWN = 20_000, 2_000
_NAMESPACE = b"asr-netmap/cassette/"

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Names:
    """Names and what stands for them, wherever they occur and in whatever case.

    A name that is found as it was given becomes the other as it was given; in lower or upper case
    the other takes on that case. Raises UsageError for names that can't be told apart again.
    """

    pairs: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what could not be replaced twice, or not back."""
        others = [other.lower() for other in self.pairs.values()]
        if len(set(others)) < len(others) or len({n.lower() for n in self.pairs}) < len(others):
            raise UsageError("Two names have one replacement.", "Give each a name of its own.")
        for name, other in self.pairs.items():
            if min(len(name), len(other)) < _SHORTEST_NAME:
                raise UsageError(
                    f"The name {name!r} or its replacement {other!r} is too short: it would be "
                    "found inside other words.",
                    f"Use at least {_SHORTEST_NAME} characters.",
                )
            clash = next((n for n in self.pairs for o in others if n.lower() in o), None)
            if clash is not None:
                raise UsageError(
                    f"The name {clash!r} occurs in a replacement.", "Choose another replacement."
                )

    def replaced(self, text: str) -> str:
        """`text` with the other names."""
        return _substituted(text, self.pairs)

    def restored(self, text: str) -> str:
        """`text` with the names that were."""
        return _substituted(text, {other: name for name, other in self.pairs.items()})


def _substituted(text: str, pairs: Mapping[str, str]) -> str:
    if not pairs:
        return text
    by_key = {name.lower(): (name, other) for name, other in pairs.items()}
    longest_first = sorted(pairs, key=lambda name: (-len(name), name))
    found = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def styled(match: re.Match[str]) -> str:
        text, (name, other) = match.group(), by_key[match.group().lower()]
        if text == name:
            return other
        if text.islower():
            return other.lower()
        return other.upper() if text.isupper() else other

    return found.sub(styled, text)


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Scrubs texts, JSON values, URLs and headers.

    host -- of Resource Manager, in place of hosts of this machine.
    """

    host: str = "management.azure.com"
    names: Names = field(default_factory=Names)
    _known: dict[tuple[str, int], str] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def url(self, url: str) -> str:
        """A URL without its signature; what its parameters hold is scrubbed decoded."""
        head, mark, query = url.partition("?")
        if not mark:
            return self._text(head)
        separator = "&amp;" if "&amp;" in query else "&"
        kept = [
            self._parameter(each)
            for each in query.split(separator)
            if each.partition("=")[0].lower() not in patterns.SIGNED_PARAMETERS
        ]
        return self._text(head) + (mark + separator.join(kept) if kept else "")

    def text(self, text: str) -> str:
        """Any text: a header's value, a message, a body that is no JSON."""
        return self._text(text)

    def body(self, data: bytes) -> bytes:
        """A body, unpacked if it is gzip; JSON by structure, other text as text.

        What is neither is taken for somebody's secret.
        """
        plain = unpacked(data)
        text = as_text(data if plain is None else plain)
        if text is None:
            return REMOVED.encode()
        return self._json_or_text(text, 0).encode()

    def value(self, value: Any) -> Any:
        """A JSON value: also what keys say of their values counts."""
        return self._value(value, 0)

    def headers(self, headers: Headers, kept: Callable[[str], bool]) -> Headers:
        """The headers that are kept, under names in lower case, sorted."""
        return tuple(
            sorted((name.lower(), self._text(text)) for name, text in headers if kept(name.lower()))
        )

    # From here on `depth` counts how many encodings the text lies in.

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            return {self._text(key, depth): self._entry(key, v, depth) for key, v in value.items()}
        if isinstance(value, list):
            return [self._value(each, depth) for each in value]
        return self._json_or_text(value, depth) if isinstance(value, str) else value

    def _entry(self, key: str, value: Any, depth: int) -> Any:
        if key.lower() == "tags" and isinstance(value, Mapping):
            return {self._text(k, depth): self._tag(k, v, depth) for k, v in value.items()}
        if patterns.is_secret_key(key):
            return self._value(_without_values(value), depth)
        return self._value(value, depth)

    def _tag(self, key: str, value: Any, depth: int) -> Any:
        return tag_replacement(value) if is_private_tag(key, value) else self._value(value, depth)

    def _json_or_text(self, text: str, depth: int) -> str:
        if depth < _DEEPEST and text[:1] in {"{", "["}:
            try:
                value = as_json(text)
            except ValueError:
                return self._text(text, depth)
            clean = self._value(value, depth + 1)
            return text if clean == value else json.dumps(clean, separators=(",", ":"))
        return self._text(text, depth)

    def _text(self, text: str, depth: int = 0) -> str:
        if _WORD.fullmatch(text):  # most of what a body holds
            return self.names.replaced(text)
        clean = self._known.get((text, depth))
        if clean is None:
            clean = self._looked_through(text, depth)
            if len(text) <= _LONGEST_KNOWN and len(self._known) < _MOST_KNOWN:
                self._known[text, depth] = clean
        return clean

    def _looked_through(self, text: str, depth: int) -> str:
        if depth < _DEEPEST:
            text = substituted(
                self._with_clean_json(text, depth), partial(self._encoded, depth=depth)
            )
        text = _without_secrets(_substitute(patterns.URL, self._found_url, text))
        text = _substitute(patterns.LOOPBACK, self._other_host, text)
        text = guids.replaced(self.names.replaced(text))
        return _other_addresses(_substitute(patterns.EMAIL, _other_email, text))

    def _with_clean_json(self, text: str, depth: int) -> str:
        """JSON inside a text by structure; what keys say of their values counts there, too."""
        for start, end, value in reversed(list(json_inside(text))):
            clean = self._value(value, depth + 1)
            if clean != value:
                text = text[:start] + json.dumps(clean, separators=(",", ":")) + text[end:]
        return text

    def _encoded(self, piece: str, depth: int) -> str:
        inner = decoded(piece)
        if inner is None:
            return piece
        clean = self._json_or_text(inner.text, depth + 1)
        return piece if clean == inner.text else inner.again(clean)

    def _found_url(self, match: re.Match[str]) -> str:
        head, mark, query = match.group().partition("?")
        if not mark:
            return head
        kept = [
            each
            for each in re.split(r"&(?:amp;)?", query)
            if each.partition("=")[0].lower() not in patterns.SIGNED_PARAMETERS
        ]
        separator = "&amp;" if "&amp;" in query else "&"
        return head + (mark + separator.join(kept) if kept else "")

    def _parameter(self, text: str) -> str:
        name, mark, value = text.partition("=")
        plain = unquote(value)
        clean = self._text(plain)
        return f"{name}{mark}{value if clean == plain else quote(clean, safe='')}"

    def _other_host(self, match: re.Match[str]) -> str:
        if not patterns.is_loopback_host(match):
            return match.group()
        scheme = match["scheme"] or ""
        if scheme:
            scheme = "https%3A%2F%2F" if "%" in scheme else "https://"
        return scheme + self.host


def keeps_of_request(method: str, name: str) -> bool:
    """Whether a request's header is kept. Only a write's own id means something later."""
    if name == "x-ms-client-request-id":
        return method not in {"GET", "HEAD"}
    return name in KEPT_OF_REQUESTS


def keeps_of_answer(name: str) -> bool:
    """Whether an answer's header is kept."""
    return name in KEPT_OF_ANSWERS or name.startswith(KEPT_PREFIX)


def tag_replacement(value: str) -> str:
    """What stands for the value of a tag. The same values stay the same, so some can be guessed."""
    if not value or value == REMOVED or _TAG.fullmatch(value):
        return value
    return f"tag-{hashlib.sha256(_NAMESPACE + value.encode()).hexdigest()[:8]}"


def is_private_tag(key: str, value: Any) -> bool:
    """Whether a tag's value has to be replaced: it is not yet, and the tag is none of ours."""
    return (
        isinstance(value, str)
        and not key.lower().startswith(_OWN_TAGS)
        and tag_replacement(value) != value
    )


def real_of(texts: Iterable[str]) -> dict[str, str]:
    """Replacement -> what it stands for, of every GUID in `texts`, in lower case."""
    found = [match.group().lower() for text in texts for match in guids.GUID.finditer(text)]
    real = [guid for guid in found if not guids.is_harmless(guid)]
    return {guids.replacement(guid): guid for guid in real}


def _without_values(value: Any) -> Any:
    """A secret key's value with nothing but its form, which may matter."""
    if isinstance(value, Mapping):
        return {key: _without_values(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_values(each) for each in value]
    return REMOVED if patterns.is_secret_value(value) else value


def _substitute(sign: Sign, change: Callable[[re.Match[str]], str] | str, text: str) -> str:
    return sign.pattern.sub(change, text) if sign.may_be_in(text.lower()) else text


def _without_secrets(text: str) -> str:
    lower = text.lower()
    for sign, replacement in _SECRETS:
        if sign.may_be_in(lower):
            text = sign.pattern.sub(replacement, text)
    for start, end in reversed(list(patterns.secret_entries(text))):
        text = text[:start] + REMOVED + text[end:]
    return text


def _other_basic(match: re.Match[str]) -> str:
    return f"{match.group(1)}{REMOVED}" if patterns.is_basic(match) else match.group()


def _other_email(match: re.Match[str]) -> str:
    return match.group() if patterns.HARMLESS_EMAIL.search(match.group()) else _EMAIL


def _other_addresses(text: str) -> str:
    found = sorted(patterns.public_addresses(text), key=lambda m: m.start(), reverse=True)
    for match in found:
        text = text[: match.start()] + _other_address(match.group()) + text[match.end() :]
    return text


def _other_address(address: str) -> str:
    digest = hashlib.sha256(_NAMESPACE + ipaddress.ip_address(address).packed).digest()
    if ":" in address:
        return f"2001:db8::{int.from_bytes(digest[:2], 'big'):x}"
    return f"203.0.113.{1 + digest[0] % 254}"


# What is replaced wherever it stands.
_SECRETS: tuple[tuple[Sign, str | Callable[[re.Match[str]], str]], ...] = (
    (patterns.PRIVATE_KEY, REMOVED),
    (patterns.JWT, REMOVED),
    (patterns.BEARER, rf"\1\2{REMOVED}"),
    (patterns.AUTHORIZATION, rf"\1{REMOVED}"),
    (patterns.BASIC, _other_basic),
    (patterns.AGENT, rf"\1{REMOVED}"),
    (patterns.COOKIE, rf"\1{REMOVED}"),
    (patterns.ACCOUNT_KEY, rf"\1{REMOVED}"),
    (patterns.CLIENT_SECRET, rf"\1{REMOVED}"),
    (patterns.SIGNED_PARAMETER, ""),
)
