"""GUIDs that stand for real ones: always the same for the same, and no way back.

A replacement is a version-5 GUID of a fixed namespace whose first group is a mark. So nobody
takes one for real, replacing twice changes nothing, and no list of who is who is kept anywhere.
"""

from __future__ import annotations

import re
import uuid

MARK = "a5a5a5a5"
_NAMESPACE = uuid.UUID("a5a5a5a5-0000-5000-8000-000000000000")

# With dashes, or as 32 digits in a row.
GUID = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])"
    r"|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])",
    re.IGNORECASE,
)
_GROUPS = (8, 4, 4, 4, 12)


def replacement(guid: str) -> str:
    """What stands for a GUID; itself if it is a replacement, or made up already.

    Dashes and upper case are kept.
    """
    if is_harmless(guid):
        return guid
    plain = guid.replace("-", "").lower()
    fake = MARK + uuid.uuid5(_NAMESPACE, plain).hex[len(MARK) :]
    text = "-".join(_groups(fake)) if "-" in guid else fake
    return text.upper() if guid == guid.upper() else text


def is_harmless(guid: str) -> bool:
    """Whether a GUID is a replacement, or one that nobody is: each group one repeated digit."""
    plain = guid.replace("-", "").lower()
    if plain.startswith(MARK) and plain[12] == "5":
        return True
    return all(len(set(group)) == 1 for group in _groups(plain))


def replaced(text: str) -> str:
    """`text` with a replacement for each GUID in it."""
    return GUID.sub(lambda match: replacement(match.group()), text)


def _groups(plain: str) -> list[str]:
    found, at = [], 0
    for length in _GROUPS:
        found.append(plain[at : at + length])
        at += length
    return found
