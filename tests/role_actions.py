"""What Azure asks of an identity for a request: its action, and the joins of what it refers to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from asr_netmap.roles import definition

_VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
# What an id in a write's body asks for, by the type that it is of.
_JOINS = {
    "virtualnetworks": "Microsoft.Network/virtualNetworks/subnets/join/action",
    "virtualnetworks/subnets": "Microsoft.Network/virtualNetworks/subnets/join/action",
    "networksecuritygroups": "Microsoft.Network/networkSecurityGroups/join/action",
    "routetables": "Microsoft.Network/routeTables/join/action",
    "natgateways": "Microsoft.Network/natGateways/join/action",
    "publicipaddresses": "Microsoft.Network/publicIPAddresses/join/action",
    "ddosprotectionplans": "Microsoft.Network/ddosProtectionPlans/join/action",
    "loadbalancers/backendaddresspools": (
        "Microsoft.Network/loadBalancers/backendAddressPools/join/action"
    ),
}


def action_of(method: str, path: str) -> str | None:
    """Azure's action for a request, in lower case; None: it needs none."""
    parts = path.strip("/").lower().split("/")
    if parts == ["subscriptions"]:
        return None  # shows what the identity can see
    if "providers" not in parts:
        words = ["microsoft.resources", *parts[::2]]
        return "/".join((*words, _VERBS[method]))
    tail = parts[parts.index("providers") + 1 :]
    return "/".join((tail[0], *tail[1::2], _VERBS[method]))


def joins_of(body: bytes) -> Iterator[str]:
    """The join actions for what a body refers to, in lower case."""
    for text in _texts_in(json.loads(body) if body else None):
        for rest in re.findall(r"(?i)/providers/microsoft\.network/(.+)", text):
            yield _JOINS["/".join(rest.lower().split("/")[::2])].lower()


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_in(inner)


def needed(requests: Iterable[tuple[str, str]], bodies: Iterable[bytes]) -> set[str]:
    """The actions, in lower case, for requests by method and path, and for the bodies of writes."""
    asked = {action_of(method, path) for method, path in requests}
    return {each for each in asked if each} | {each for body in bodies for each in joins_of(body)}


@cache
def held(role: str) -> frozenset[str]:
    """The actions of a role that is shipped, in lower case."""
    return frozenset(action.lower() for action in definition(role)["Actions"])
