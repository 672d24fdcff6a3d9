"""Checks of single values, whose messages speak the user's language.

Every check takes whatever YAML, JSON or Python gave, returns the value as the models hold it, or
raises ValueError, which pydantic gathers with its place. No check repeats more than a short piece
of what it was given.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Network, ip_network
from typing import Any, Final

from asr_netmap.arm_id import ArmId, check_name
from asr_netmap.errors import InvalidArmId
from asr_netmap.models import region_key

# Control characters, lone surrogates and byte order marks: invisible, and never meant.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_REGION = re.compile(r"[a-z][a-z0-9]{1,39}")
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
# ARM: the characters that a tag name can't hold, and both lengths (Microsoft Learn, "Use tags to
# organize your Azure resources and management hierarchy", limitations).
_FORBIDDEN_IN_TAG = re.compile(r"[<>%&\\?/]")
_MAX_TAG_NAME = 512
_MAX_TAG_VALUE = 256
MAX_TAGS = 50
_SECRET_TAG = re.compile(
    r"(client|app|shared)?[_-]?(secret|password|passwd|pwd)|(sas|access|bearer)?[_-]?token"
    r"|(access|account|api)[_-]?key|connection[_-]?string",
    re.IGNORECASE,
)

NO_CREDENTIALS = (
    "credentials never go into this file; sign in with `az login`, a managed identity or "
    "the environment instead"
)


class AddressMode(str, Enum):
    """How the address of an IP config in the target network is chosen.

    ASR_DEFAULT -- as Site Recovery documents it: dynamic stays dynamic, a static address is kept
        where it fits, else the next free one is taken.
    SAME -- the source's address, or an error. NEXT_FREE -- the lowest free address.
    DYNAMIC -- no fixed address. UNMANAGED -- whatever is set now stays.
    """

    ASR_DEFAULT = "asr-default"
    SAME = "same"
    NEXT_FREE = "next-free"
    DYNAMIC = "dynamic"
    UNMANAGED = "unmanaged"


CLEAR: Final = "none"
"""The word that unsets a setting, in any letter case, so that Site Recovery decides."""

AddressChoice = AddressMode | IPv4Address
"""A mode, or one address: the latter only for one IP config in ``nics.settings``."""


def shown(value: object) -> str:
    """A short, printable form of what was given."""
    text = repr(value.value if isinstance(value, Enum) else value)
    return text if len(text) <= 80 else text[:77] + "..."


def kind_of(value: object) -> str:
    """What a value is, in the words of YAML."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, Mapping):
        return "a mapping of keys"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str):
        return "a text"
    return "empty" if value is None else f"a {type(value).__name__}"


_NEAR = 0.7
"""How much of a name must be there: less, and what is offered has nothing to do with it."""


def suggestion(given: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` when something known is close to what was given, else nothing."""
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(given[:80].lower(), list(by_lower), n=1, cutoff=_NEAR)
    return f"; did you mean {by_lower[close[0]]!r}?" if close else ""


def is_guid(text: str) -> bool:
    """Whether a text is a GUID, as subscription ids are."""
    return _GUID.fullmatch(text) is not None


def text_of(value: object) -> str:
    """A text as it was written; a whole number is taken as the text it looks like."""
    if isinstance(value, bool):
        word = str(value).lower()
        raise ValueError(f'{word} is no text here; if it is a name, quote it: "{word}"')
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f"must be a text, not {kind_of(value)}")
    text = value.value if isinstance(value, Enum) else value
    if _INVISIBLE.search(text):
        raise ValueError(f"{shown(text)} holds a character that can't be seen")
    return str(text)


def name_check(what: str) -> Callable[[object], str]:
    """A check for the plain name of a resource; `what` is its word for the message."""

    def check(value: object) -> str:
        text = text_of(value)
        _arm_checked(lambda: check_name(text, what))
        return text

    return check


def _arm_checked(check: Callable[[], Any]) -> Any:
    try:
        return check()
    except InvalidArmId as error:
        raise ValueError(f"{error.message} {error.hint}") from None


def arm_id_of(text: str, kinds: tuple[str, ...]) -> ArmId:
    """The ARM id in `text`, which must be of one of the resource types `kinds` (lower case)."""
    found: ArmId = _arm_checked(lambda: ArmId(text))
    if found.kind not in kinds:
        raise ValueError(f"is the id of {found.kind or 'something else'}, not of {kinds[0]}")
    return found


def reference_check(what: str, kind: str) -> Callable[[object], str]:
    """A check for a name, ``resource-group/name``, or an ARM id of one resource type."""

    def check(value: object) -> str:
        text = text_of(value)
        if text.startswith("/"):
            return arm_id_of(text, (kind,)).text
        if text.count("/") > 1:
            raise ValueError(
                f"{shown(text)} is none of name, resource-group/name, or ARM id "
                "(which starts with /subscriptions/)"
            )
        for part in text.split("/"):
            name_check(what)(part)
        return text

    return check


def name_or_id_check(what: str, kind: str) -> Callable[[object], str]:
    """A check for a plain name, or an ARM id of one resource type."""

    def check(value: object) -> str:
        text = text_of(value)
        if text.startswith("/"):
            return arm_id_of(text, (kind,)).text
        return name_check(what)(text)

    return check


def none_or(check: Callable[[object], Any]) -> Callable[[object], Any]:
    """The same check, but the word ``none`` passes."""

    def checked(value: object) -> Any:
        if _clears(value):
            return CLEAR
        return check(value)

    return checked


def _clears(value: object) -> bool:
    return isinstance(value, str) and value.lower() == CLEAR


def id_check(*kinds: str) -> Callable[[object], ArmId]:
    """A check for an ARM id of one of some resource types (lower case)."""

    def check(value: object) -> ArmId:
        return arm_id_of(value.text if isinstance(value, ArmId) else text_of(value), kinds)

    return check


def pool_ids(value: object) -> tuple[ArmId, ...]:
    """One id or a list of them."""
    many = value if isinstance(value, list | tuple) else (value,)
    check = id_check("microsoft.network/loadbalancers/backendaddresspools")
    return tuple(check(one) for one in many)


def region(value: object) -> str:
    """The short name of a region, however it was spelled."""
    key = region_key(text_of(value))
    if not _REGION.fullmatch(key):
        raise ValueError(f'{shown(value)} is no Azure region, such as eastasia or "East Asia"')
    return key


def subscription(value: object) -> str:
    """A subscription's GUID or name."""
    text = text_of(value)
    if text.lower().startswith("/subscriptions/"):
        raise ValueError("give the subscription's GUID or name only, without /subscriptions/")
    if not text.strip() or text != text.strip():
        raise ValueError(f"{shown(text)} is neither a GUID nor the name of a subscription")
    return text


def prefix(value: object) -> IPv4Network:
    """An IPv4 prefix without host bits."""
    if isinstance(value, IPv4Network):
        return value
    if isinstance(value, IPv6Network) or (isinstance(value, str) and ":" in value):
        raise ValueError(f"{shown(str(value))}: Site Recovery handles IPv4 only")
    text = text_of(value)
    if "/" not in text:
        raise ValueError(f"{shown(text)} has no prefix length; write it like 10.2.1.0/24")
    try:
        loose = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{shown(text)} is no IPv4 prefix such as 10.2.1.0/24") from None
    assert isinstance(loose, IPv4Network)  # a text without a colon
    if text.split("/", 1)[0] != str(loose.network_address):
        raise ValueError(f"{shown(text)} has host bits set; the prefix is {loose}")
    return loose


def _no_offset(value: object) -> None:
    """Offsets are rules of a network, not a mode; people look for them among the modes."""
    if isinstance(value, str) and value.lower() == "offset":
        raise ValueError(
            "offset is no mode; it is written as rules of a network: "
            "networks: [{source: …, addresses: [{from: 10.1.0.0/16, to: 10.20.0.0/16}]}]"
        )


def address_choice(value: object) -> AddressChoice:
    """A mode or an IPv4 address; ``none`` is dynamic. Raises ValueError."""
    if isinstance(value, IPv4Address):
        return value
    text = text_of(value)
    if _clears(text):
        return AddressMode.DYNAMIC
    _no_offset(text)
    if text in {mode.value for mode in AddressMode}:
        return AddressMode(text)
    if ":" in text:
        raise ValueError(f"{shown(text)}: Site Recovery handles IPv4 only")
    try:
        return IPv4Address(text)
    except AddressValueError:
        modes = [mode.value for mode in AddressMode]
        raise ValueError(
            f"{shown(text)} is neither an IPv4 address nor one of "
            f"{', '.join(modes)}{suggestion(text, modes)}"
        ) from None


def address_mode(value: object) -> AddressMode:
    """One of the modes; an address belongs to one IP config only."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+){3}", value):
        raise ValueError(
            f"{shown(value)}: one address for many NICs is impossible; "
            "give it to one IP config in nics.settings"
        )
    _no_offset(value)
    return AddressMode(choice_check([mode.value for mode in AddressMode])(value))


def choice_check(words: Iterable[str]) -> Callable[[object], str]:
    """A check for one of some words."""
    known = tuple(words)

    def check(value: object) -> str:
        text = text_of(value)
        if text not in known:
            raise ValueError(
                f"{shown(text)} is none of {', '.join(known)}{suggestion(text, known)}"
            )
        return text

    return check


def switch(value: object) -> bool:
    """true or false, in one of the spellings that YAML had for them."""
    # YAML 1.1 reads yes, no, on and off as switches, YAML 1.2 as texts; both readers are content.
    # A NIC table holds texts only, so true and false in quotes are taken, too.
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError(f"must be true or false, not {shown(value)}")


def clearable_switch(value: object) -> bool:
    """The same, or the word ``none``: unset is false."""
    return False if _clears(value) else switch(value)


def primary(value: object) -> bool:
    """true: what is primary can only be taken over, so nothing can say that it is not."""
    if not switch(value):
        raise ValueError(
            "can't be cleared: a NIC always has exactly one primary IP config; "
            "make another one of its IP configs primary instead"
        )
    return True


def whole_number(value: object) -> int:
    """A whole number, and no switch."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"must be a whole number, not {shown(value)}")
    return value


def format_version(value: object) -> int:
    """The only version that there is."""
    if isinstance(value, bool) or value != 1:
        raise ValueError(f"must be 1, the only version of this format, not {shown(value)}")
    return 1


def tag_name(value: object) -> str:
    """A name that Azure takes for a tag, and that promises no secret."""
    text = text_of(value)
    if _SECRET_TAG.fullmatch(text):
        raise ValueError(NO_CREDENTIALS)
    if not text.strip() or len(text) > _MAX_TAG_NAME or _FORBIDDEN_IN_TAG.search(text):
        raise ValueError(
            f"{shown(text)} can't be the name of a tag: 1 to {_MAX_TAG_NAME} characters, "
            "none of < > % & \\ ? /"
        )
    return text


def tag_value(value: object) -> str:
    """A value that Azure takes for a tag."""
    if isinstance(value, bool):
        return str(value).lower()  # a tag's value is a text anyway, so nothing is lost
    text = text_of(value)
    if len(text) > _MAX_TAG_VALUE:
        raise ValueError(f"is longer than the {_MAX_TAG_VALUE} characters of a tag's value")
    return text


def few_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """Return `tags` if a resource can carry so many, and each once."""
    if len(tags) > MAX_TAGS:
        raise ValueError(f"{len(tags)} tags; a resource takes {MAX_TAGS}")
    return case_unique(tags)


def case_unique(named: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `named` if no two keys differ only in case, as Azure's names don't."""
    seen: dict[str, str] = {}
    for name in named:
        first = seen.setdefault(name.lower(), name)
        if first != name:
            raise ValueError(f"{first!r} and {name!r} are one name to Azure, given twice")
    return named
