"""What secrets and private things look like: one table for the scrubber and for the lint."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from asr_netmap.testing.encodings import decoded

REMOVED = "<removed>"

# ARM signs polling URLs with t, c, s and h (Azure CLI recordings since August 2023); the others
# are those of storage SAS and of OAuth (Microsoft Learn; RFC 6749).
SIGNED_PARAMETERS = frozenset(
    {
        *("t", "c", "s", "h"),
        *("sig", "se", "sp", "sr", "st", "sv", "ss", "srt", "sip", "spr", "si"),
        *("skoid", "sktid", "skt", "ske", "sks", "skv", "code", "token", "state"),
        *("client_secret", "client_assertion", "assertion", "password"),
        *("access_token", "id_token", "refresh_token", "session_state"),
    }
)

# Keys of JSON objects whose values are nobody else's business: in lower case, without _ and -.
SECRET_KEYS = frozenset(
    {
        *("accesstoken", "refreshtoken", "idtoken", "token", "sastoken", "sasuri"),
        *("clientsecret", "clientassertion", "assertion", "secret", "agentauthentication"),
        *("authorization", "cookie", "setcookie", "credentials", "connectionstring", "keydata"),
        *("accountkey", "primarykey", "secondarykey", "sharedkey", "sharedaccesskey"),
        *("adminusername", "administratorlogin", "username", "computername", "macaddress"),
    }
)
_PASSWORD = "password"  # noqa: S105 -- how the keys of passwords end, adminPassword for one


@dataclass(frozen=True, slots=True)
class Sign:
    """What something private looks like.

    words -- of which one stands in every text, in lower case, that the pattern finds something
        in; looking for them first is many times as fast. None: there is no such word.
    """

    pattern: re.Pattern[str]
    words: tuple[str, ...] = ()

    def may_be_in(self, lower: str) -> bool:
        """Whether a text, in lower case, is worth a search."""
        return not self.words or any(word in lower for word in self.words)


JWT = Sign(re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"), ("eyj",))
BEARER = Sign(
    re.compile(r"\b(bearer)(\s+|%20)(?!<)([A-Za-z0-9._~+/=-]{12,})", re.IGNORECASE), ("bearer",)
)
# With its header's name; other schemes than Bearer.
AUTHORIZATION = Sign(
    re.compile(
        r"(authorization[\"'\\]*\s*[:=]\s*[\"'\\]*"
        r"(?:basic|negotiate|ntlm|sharedkey(?:lite)?|sharedaccesssignature)(?:\s+|%20))(?!<)"
        r"[^\s\"'<,;}\\]+",
        re.IGNORECASE,
    ),
    ("authorization",),
)
# Without it: then only what holds a name and a password (RFC 7617).
BASIC = Sign(re.compile(r"\b(basic(?:\s+|%20))([A-Za-z0-9+/_-]{4,}={0,2})", re.I), ("basic",))
PRIVATE_KEY = Sign(
    re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
    ),
    ("-----begin",),
)
# Up to what ends the value in JSON, in a header, in a query string.
AGENT = Sign(
    re.compile(
        r"(agent-authentication[\"'\\]*\s*[:=]\s*[\"'\\]*)(?!<)[^\s\"'<,;}\\]+", re.IGNORECASE
    ),
    ("agent-authentication",),
)
COOKIE = Sign(
    re.compile(
        r"\b((?:set-)?cookie[\"'\\]*\s*[:=]\s*[\"'\\]*)[^\s\"'<][^\r\n\"'<]*", re.IGNORECASE
    ),
    ("cookie",),
)
ACCOUNT_KEY = Sign(
    re.compile(
        r"\b((?:account|shared ?access|shared|primary|secondary)key\s*=\s*)(?!<)[^;\"'\s<&\\]+",
        re.IGNORECASE,
    ),
    ("key",),
)
CLIENT_SECRET = Sign(
    re.compile(
        r"\b((?:client_secret|client_assertion|assertion|refresh_token|access_token|id_token"
        r"|\w{0,30}password)[\"'\\]*\s*[:=]\s*[\"'\\]*)(?!<|null\b|[{\[])[^&\s\"'<,;}\\]+",
        re.IGNORECASE,
    ),
    ("secret", "assertion", "_token", _PASSWORD),
)
URL = Sign(re.compile(r"https?://[^\s\"'<>\\^`{|}]+", re.IGNORECASE), ("://",))
_NAMES = "|".join(sorted(SIGNED_PARAMETERS, key=lambda name: (-len(name), name)))
# A parameter outside what looks like a URL: escaped, or cut off from its host.
SIGNED_PARAMETER = Sign(
    re.compile(rf"(?:(?<=[?&;])|(?<=u0026))(?:{_NAMES})=[^&\s\"'<>\\]+", re.IGNORECASE), ("=",)
)
EMAIL = Sign(
    re.compile(
        r"(?<![\w.+-])[A-Za-z0-9_][\w.+-]*(?:@|%40)(?!odata\.)(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}",
    ),
    ("@", "%40"),
)
# RFC 2606 and 6761: nobody's.
HARMLESS_EMAIL = re.compile(r"(?:@|%40|\.)(?:example(?:\.(?:com|net|org))?|invalid|test)\Z", re.I)
LOOPBACK = Sign(
    re.compile(
        r"(?P<scheme>https?(?:://|%3A%2F%2F))?"
        r"(?P<host>127(?:\.\d{1,3}){3}|localhost|\[::1\]|%5B(?:::|%3A%3A)1%5D"
        r"|sandbox\.asr-netmap\.invalid)"
        r"(?P<port>(?::|%3A)\d{2,5})?(?![\w.-])",
        re.IGNORECASE,
    ),
    ("127.", "localhost", "[::1]", "%5b", "sandbox"),
)
_IPV4 = re.compile(r"(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w/-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.-])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:/.-])")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# ARM: the address of Azure's own services in every virtual network (Microsoft Learn,
# what-is-ip-address-168-63-129-16).
_EVERYBODYS = frozenset({"168.63.129.16"})
TOKEN_PATHS = re.compile(
    r"/oauth2/|/msi/token|/metadata/(?:identity|instance)|//login\.(?:microsoftonline|chinacloudapi)"
    r"|//login\.windows\.net|/token\?",
    re.IGNORECASE,
)
_KEY = re.compile(r"(?<!\\)(?P<quote>\\*[\"'])(?P<key>[\w-]{4,60})(?P=quote)\s*:\s*")
_NUMBER = re.compile(r"-?\d[\d.]*")


def is_secret_key(key: str) -> bool:
    """Whether the value of a JSON object's key is nobody else's business."""
    plain = key.lower().replace("_", "").replace("-", "")
    return plain in SECRET_KEYS or plain.endswith(_PASSWORD)


def is_secret_value(value: Any) -> bool:
    """Whether the value of such a key tells something: none, an empty one or a flag does not."""
    if isinstance(value, bool):
        return False
    return isinstance(value, (str, int, float)) and value not in {"", 0, REMOVED}


def secret_entries(text: str) -> Iterator[tuple[int, int]]:
    """Where the values of such keys stand in a text that is no JSON as a whole, escaped or not."""
    if ":" not in text:
        return
    for match in _KEY.finditer(text):
        if is_secret_key(match["key"]):
            start, end = _value_at(text, match.end(), match["quote"])
            # The text may be cut off within what stands for a value, too.
            if text[start:end] != "0" and not REMOVED.startswith(text[start:end]):
                yield start, end


def _value_at(text: str, at: int, quote: str) -> tuple[int, int]:
    """Where a value begins and ends; the latter is the end of the line if it is cut off."""
    if not text.startswith(quote, at):
        number = _NUMBER.match(text, at)
        return number.span() if number else (at, at)
    start = at + len(quote)
    end = text.find(quote, start)
    while end > start and text[end - 1] == "\\":  # a quote inside the value
        end = text.find(quote, end + 1)
    if end >= 0:
        return start, end
    line = text.find("\n", start)
    return start, line if line >= 0 else len(text)


def is_basic(match: re.Match[str]) -> bool:
    """Whether what BASIC found holds a name and a password, and is no ordinary word."""
    inner = decoded(match.group(2))
    return inner is not None and ":" in inner.text


def is_loopback_host(match: re.Match[str]) -> bool:
    """Whether what LOOPBACK found is part of an address that was called."""
    sandbox = "sandbox" in match["host"].lower()
    return sandbox or match["scheme"] is not None or match["port"] is not None


def public_addresses(text: str) -> Iterator[re.Match[str]]:
    """IP addresses that belong to somebody on the internet.

    A prefix such as 20.1.0.0/16 is an address plan, and left alone.
    """
    for pattern, mark, count in ((_IPV4, ".", 3), (_IPV6, ":", 2)):
        if text.count(mark) < count:
            continue
        for match in pattern.finditer(text):
            if is_public(match.group()):
                yield match


def is_public(address: str) -> bool:
    """Whether a text is an IP address of the internet; documentation ranges are not."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found not in _GLOBAL_UNICAST:
        return False
    return found.is_global and address not in _EVERYBODYS
