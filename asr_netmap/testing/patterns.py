"""What secrets and private things look like: one table for the scrubber and for the lint."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

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

# Keys of JSON objects whose values are nobody else's business, in lower case.
SECRET_KEYS = frozenset(
    {
        *("access_token", "accesstoken", "refresh_token", "refreshtoken", "id_token", "idtoken"),
        *("token", "sastoken", "sasuri", "client_secret", "clientsecret", "client_assertion"),
        *("assertion", "password", "adminpassword", "secret", "agent-authentication"),
        *("authorization", "cookie", "set-cookie", "accountkey", "primarykey", "secondarykey"),
        *("connectionstring", "sharedaccesskey", "adminusername", "administratorlogin"),
        *("username", "computername", "macaddress", "credentials", "keydata"),
    }
)

JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?")
BEARER = re.compile(r"\b(bearer)(\s+|%20)(?!<)([A-Za-z0-9._~+/=-]{12,})", re.IGNORECASE)
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
# Up to what ends the value in JSON, in a header, in a query string.
AGENT = re.compile(
    r"(agent-authentication[\"'\\]*\s*[:=]\s*[\"'\\]*)(?!<)[^\s\"'<,;}\\]+", re.IGNORECASE
)
COOKIE = re.compile(
    r"\b((?:set-)?cookie[\"'\\]*\s*[:=]\s*[\"'\\]*)[^\s\"'<][^\r\n\"'<]*", re.IGNORECASE
)
ACCOUNT_KEY = re.compile(
    r"\b((?:account|shared ?access|shared|primary|secondary)key\s*=\s*)(?!<)[^;\"'\s<&\\]+",
    re.IGNORECASE,
)
CLIENT_SECRET = re.compile(
    r"\b((?:client_secret|client_assertion|assertion|refresh_token|access_token|id_token|password)"
    r"[\"'\\]*\s*[:=]\s*[\"'\\]*)(?!<|null\b)[^&\s\"'<,;}\\]+",
    re.IGNORECASE,
)
URL = re.compile(r"https?://[^\s\"'<>\\^`{|}]+", re.IGNORECASE)
_NAMES = "|".join(sorted(SIGNED_PARAMETERS, key=lambda name: (-len(name), name)))
# A parameter outside what looks like a URL: escaped, or cut off from its host.
SIGNED_PARAMETER = re.compile(
    rf"(?:(?<=[?&;])|(?<=u0026))(?:{_NAMES})=[^&\s\"'<>\\]+", re.IGNORECASE
)
EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9_][\w.+-]*(?:@|%40)(?!odata\.)(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}",
)
# RFC 2606 and 6761: nobody's.
HARMLESS_EMAIL = re.compile(r"(?:@|%40|\.)(?:example(?:\.(?:com|net|org))?|invalid|test)\Z", re.I)
LOOPBACK = re.compile(
    r"(?P<scheme>https?(?:://|%3A%2F%2F))?"
    r"(?P<host>127(?:\.\d{1,3}){3}|localhost|\[::1\]|%5B(?:::|%3A%3A)1%5D"
    r"|sandbox\.asr-netmap\.invalid)"
    r"(?P<port>(?::|%3A)\d{2,5})?(?![\w.-])",
    re.IGNORECASE,
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


def loopback_hosts(text: str) -> Iterator[re.Match[str]]:
    """Hosts of this machine, with a scheme or a port; a bare 127.0.0.1 may be a DNS server."""
    for match in LOOPBACK.finditer(text):
        if is_loopback_host(match):
            yield match


def is_loopback_host(match: re.Match[str]) -> bool:
    """Whether what LOOPBACK found is part of an address that was called."""
    sandbox = "sandbox" in match["host"].lower()
    return sandbox or match["scheme"] is not None or match["port"] is not None


def public_addresses(text: str) -> Iterator[re.Match[str]]:
    """IP addresses that belong to somebody on the internet.

    A prefix such as 20.1.0.0/16 is an address plan, and left alone.
    """
    for pattern in (_IPV4, _IPV6):
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
