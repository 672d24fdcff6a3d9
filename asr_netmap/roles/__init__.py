"""The least that an identity needs: Azure custom roles, kept as JSON beside this module.

``reader`` holds what looking needs, ``operator`` what applying needs, reading included. The names
of the actions are those of Microsoft Learn, Azure permissions (networking, management and
governance, compute); the join actions are its linked access checks. Nothing here was tried on live
Azure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

ROLES = ("reader", "operator")


def definition(role: str, scopes: Sequence[str] = ()) -> dict[str, Any]:
    """A role as `az role definition create` takes it.

    scopes -- ARM ids that it can be assigned at; none: a placeholder to fill in.
    """
    found: dict[str, Any] = json.loads(_text(role))
    return {**found, "AssignableScopes": list(scopes)} if scopes else found


def role_holding(action: str) -> str | None:
    """The smaller of the roles that holds an action; None: neither does."""
    return next((role for role in ROLES if action.lower() in _actions(role)), None)


@cache
def _actions(role: str) -> frozenset[str]:
    return frozenset(action.lower() for action in definition(role)["Actions"])


def _text(role: str) -> str:
    return (files(__name__) / f"{role}.json").read_text(encoding="utf-8")
