"""Management locks, read before a change that must not stop in the middle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asr_netmap.arm_id import ArmId, check_name
from asr_netmap.gateway.connection import Connection
from asr_netmap.models import ManagementLock

LOCKS_API = "2020-05-01"
LOCKS_TYPE = "Microsoft.Authorization/locks"
_SUFFIX = f"/providers/{LOCKS_TYPE}/".lower()


def locks_path(subscription: str) -> str:
    """The list of all locks of a subscription, at whatever scope below it they are."""
    check_name(subscription, "subscription id")
    return f"/subscriptions/{subscription}/providers/{LOCKS_TYPE}"


def read_locks(connection: Connection, subscription: str) -> tuple[ManagementLock, ...]:
    """All locks of a subscription. Raises AzureErrors."""
    rows = connection.rows(locks_path(subscription), LOCKS_API)
    return tuple(lock for row in rows if (lock := _lock(row)) is not None)


def _lock(row: Mapping[str, Any]) -> ManagementLock | None:
    identifier = str(row.get("id") or "")
    at = identifier.lower().rfind(_SUFFIX)
    properties = row.get("properties")
    if at < 1 or not isinstance(properties, Mapping):
        return None
    name = identifier[at + len(_SUFFIX) :]
    return ManagementLock(ArmId(identifier[:at]), name, str(properties.get("level") or ""))
