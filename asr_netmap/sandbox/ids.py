"""ARM ids as the sandbox needs them: taken apart, compared without case, put together again."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID, uuid5

_NAMESPACE = UUID("9d3b1f6e-2a34-5c70-8d51-0f6f3f0a7c11")


class ArmPath(NamedTuple):
    """An ARM id in its parts; names keep the casing they came in."""

    subscription: str
    group: str | None
    namespace: str | None
    types: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def resource_type(self) -> str:
        """`Microsoft.Network/virtualNetworks` and the like."""
        if self.namespace is None:
            part = "subscriptions" if self.group is None else "resourceGroups"
            return f"Microsoft.Resources/{part}"
        return "/".join((self.namespace, *self.types))

    @property
    def name(self) -> str:
        """The last name of the id."""
        if self.names:
            return self.names[-1]
        return self.group if self.group is not None else self.subscription


def parse_id(text: str) -> ArmPath:
    """Take an ARM id apart; raises ValueError saying what is wrong with it."""
    if not text.startswith("/"):
        raise ValueError("it does not start with '/'")
    if not text.isprintable():
        raise ValueError("it has a character that cannot be printed")
    parts = text[1:].split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError("it has an empty, '.' or '..' segment")
    if len(parts) < 2 or parts[0].lower() != "subscriptions":
        raise ValueError("it does not start with /subscriptions/<id>")
    subscription, rest = parts[1], parts[2:]
    group: str | None = None
    if rest and rest[0].lower() == "resourcegroups":
        if len(rest) < 2:
            raise ValueError("its resource group has no name")
        group, rest = rest[1], rest[2:]
    return _with_provider(subscription, group, rest)


def _with_provider(subscription: str, group: str | None, rest: list[str]) -> ArmPath:
    if not rest:
        return ArmPath(subscription, group, None, (), ())
    # An extension resource (a lock) carries a second /providers/ part: the last one is its own.
    last = max((i for i, part in enumerate(rest) if part.lower() == "providers"), default=-1)
    if last < 0 or rest[0].lower() != "providers":
        raise ValueError("/providers/ is missing after its scope")
    tail = rest[last + 1 :]
    if len(tail) < 3 or len(tail) % 2 == 0:
        raise ValueError("its types and names do not come in pairs")
    return ArmPath(subscription, group, tail[0], tuple(tail[1::2]), tuple(tail[2::2]))


def key(text: str) -> str:
    """Return the form under which two spellings of one id are equal."""
    return text.rstrip("/").lower()


def same(left: str | None, right: str | None) -> bool:
    """Tell whether two ids name the same thing; None and '' name nothing."""
    return bool(left) and bool(right) and key(left or "") == key(right or "")


def last_name(text: str) -> str:
    """Return what follows the last slash."""
    return text.rstrip("/").rsplit("/", 1)[-1]


def stable_guid(*parts: str) -> str:
    """Return a GUID that depends only on the parts.

    ARM: identifiers of fabrics, containers and VMs are version 5 GUIDs (az CLI traffic, 2023).
    """
    return str(uuid5(_NAMESPACE, "\n".join(part.lower() for part in parts)))
