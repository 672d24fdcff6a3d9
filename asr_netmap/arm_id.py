"""ARM resource ids as values: compared without regard to case, printed as they came.

Azure returns one id in several spellings (`/Subscriptions/` from Site Recovery, network ids in
lower case, parts in upper case from the network provider), so no code compares id texts and none
outside this module glues them together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import total_ordering
from typing import Any

from asr_netmap.errors import InvalidArmId

# Characters that would change the path, the query or the meaning of a URL; control characters, line
# separators, and halves of surrogate pairs, which no file can hold.
_FORBIDDEN_IN_NAME = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff/\\?#%<>&:*"|]')
_MAX_NAME = 260
_MAX_ID = 4096
# Nearly all ids are of nothing but these characters, and one look is enough for them; the others
# are checked part by part.
_PLAIN_SEGMENT = r"[\w()-][\w().-]{0,259}"
_PLAIN_ID = re.compile(
    rf"/subscriptions/{_PLAIN_SEGMENT}(?:/{_PLAIN_SEGMENT}/{_PLAIN_SEGMENT})*", re.A | re.I
)

# ARM: the last fixed segment of a Site Recovery mapping id; clients other than Terraform always
# send this constant (Azure CLI and PowerShell recordings, 2022 and 2023).
AZURE_NETWORK = "azureNetwork"


def check_name(name: str, what: str = "name") -> str:
    """Return `name` if it can be one segment of an ARM id.

    The SDKs quote ``/``, ``?`` and ``#`` but let ``..`` through, which then climbs to another
    resource's URL; so nothing that isn't a plain name comes near them.

    what -- the word for the message, such as "network name".
    Raises InvalidArmId.
    """
    bad = _FORBIDDEN_IN_NAME.search(name)
    if bad is not None:
        raise InvalidArmId(
            f"{what} {name!r} holds {bad.group()!r}, which no Azure name can hold.",
            "Give the plain name of the resource, or its whole ARM id where one is taken.",
        )
    if not name or name in {".", ".."} or name != name.strip() or len(name) > _MAX_NAME:
        raise InvalidArmId(
            f"{what} {name!r} can't be the name of an Azure resource.",
            "A name is 1 to 260 characters, is not '.' or '..', and has no blanks around it.",
        )
    return name


@total_ordering
class ArmId:
    """The id of one ARM resource, such as ``/subscriptions/…/virtualNetworks/vnet-app``.

    Equality, order and hash ignore case; `str()` gives the original spelling.

    text -- as it came. key -- in lower case: what equal ids have in common, for keys of
    dictionaries in JSON.
    """

    __slots__ = ("key", "text")
    text: str
    key: str

    def __init__(self, text: str) -> None:
        """Parse and check. Raises InvalidArmId."""
        if len(text) > _MAX_ID or not _PLAIN_ID.fullmatch(text):
            _check_id(text)
        key = text.lower()
        _set_text(self, text)
        _set_key(self, text if key == text else key)  # thousands are in memory at once

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"ArmId is immutable: {name}")

    def __reduce__(self) -> tuple[type[ArmId], tuple[str]]:
        return (ArmId, (self.text,))

    @staticmethod
    def of_group(subscription: str, group: str) -> ArmId:
        """The id of a resource group."""
        check_name(subscription, "subscription id")
        check_name(group, "resource group name")
        return ArmId(f"/subscriptions/{subscription}/resourceGroups/{group}")

    @staticmethod
    def of_vault(subscription: str, group: str, name: str) -> ArmId:
        """The id of a Recovery Services vault."""
        return ArmId.of_group(subscription, group).provider_child(
            "Microsoft.RecoveryServices", "vaults", name
        )

    @staticmethod
    def of_network(subscription: str, group: str, name: str) -> ArmId:
        """The id of a virtual network."""
        return ArmId.of_group(subscription, group).provider_child(
            "Microsoft.Network", "virtualNetworks", name
        )

    def provider_child(self, namespace: str, kind: str, name: str) -> ArmId:
        """A resource of a provider below this resource group."""
        check_name(name, f"{kind} name")
        return ArmId(f"{self.text}/providers/{namespace}/{kind}/{name}")

    def child(self, kind: str, name: str) -> ArmId:
        """A child resource: ``self/kind/name``."""
        check_name(name, f"{kind} name")
        return ArmId(f"{self.text}/{kind}/{name}")

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts between the slashes, spelled as they came."""
        return tuple(self.text[1:].split("/"))

    @property
    def name(self) -> str:
        """The last segment."""
        return self.text.rsplit("/", 1)[1]

    @property
    def subscription(self) -> str:
        """The subscription id."""
        return self.text.split("/", 3)[2]

    @property
    def group(self) -> str:
        """The resource group's name; empty for a subscription-level id."""
        return self.named("resourceGroups") or ""

    @property
    def group_id(self) -> ArmId:
        """The id of the resource group that holds the resource."""
        if not self.group:
            return ArmId.of_group(self.subscription, "")
        return _part_of_id(f"/subscriptions/{self.subscription}/resourceGroups/{self.group}")

    @property
    def kind(self) -> str:
        """The resource type in lower case, such as ``microsoft.network/virtualnetworks``."""
        parts = self.key[1:].split("/")
        keywords = parts[::2]
        if "providers" not in keywords:
            return keywords[-1]
        last = len(keywords) - 1 - keywords[::-1].index("providers")
        return "/".join((parts[2 * last + 1], *keywords[last + 1 :]))

    @property
    def parent(self) -> ArmId:
        """The id two segments up: the network of a subnet, the fabric of a container."""
        above = self.text.rsplit("/", 2)[0]
        return _part_of_id(above) if above else ArmId("/")

    def named(self, kind: str) -> str | None:
        """The segment after `kind` (any case), or None: ``id.named("replicationFabrics")``."""
        keywords, wanted = self.key[1:].split("/")[::2], kind.lower()
        return self.segments[2 * keywords.index(wanted) + 1] if wanted in keywords else None

    def is_under(self, scope: ArmId) -> bool:
        """Whether this id is `scope` itself or lies below it."""
        return self.key == scope.key or self.key.startswith(scope.key + "/")

    def __iter__(self) -> Iterator[str]:
        return iter(self.segments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArmId) and self.key == other.key

    def __lt__(self, other: ArmId) -> bool:
        return self.key < other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"ArmId({self.text!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        """In JSON an id is its text, and reading it back checks it."""
        from pydantic_core import core_schema  # noqa: PLC0415 -- only plan files and settings need it

        return core_schema.no_info_plain_validator_function(
            _from_json, serialization=core_schema.to_string_ser_schema()
        )


# An ArmId refuses to be written to, by its own methods too; so these go round it.
_set_text = ArmId.__dict__["text"].__set__
_set_key = ArmId.__dict__["key"].__set__


def _part_of_id(text: str) -> ArmId:
    """What a part of an id, cut between its segments, names: it was checked with the whole."""
    made = ArmId.__new__(ArmId)
    _set_text(made, text)
    _set_key(made, text.lower())
    return made


def _from_json(value: object) -> ArmId:
    if isinstance(value, ArmId):
        return value
    if not isinstance(value, str):
        raise ValueError("an ARM id is a text")  # pydantic reports ValueErrors
    try:
        return ArmId(value)
    except InvalidArmId as error:
        raise ValueError(error.message) from None


def _check_id(text: str) -> None:
    segments = text[1:].split("/")
    if not text.lower().startswith("/subscriptions/") or len(text) > _MAX_ID or len(segments) % 2:
        raise InvalidArmId(
            f"{text[:200]!r} is not an ARM resource id.",
            "An id reads /subscriptions/<id>/resourceGroups/<group>/providers/<type>/<name>; "
            "copy it from the portal's JSON view or from `az … show --query id`.",
        )
    for segment in segments:
        check_name(segment, f"in the id {text[:200]!r}, the part")
