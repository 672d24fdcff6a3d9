"""Management locks: listed at any scope, and enforced on everything below theirs."""

from __future__ import annotations

from asr_netmap.sandbox import ids
from asr_netmap.sandbox.call import Answer, Call
from asr_netmap.sandbox.errors import ArmError
from asr_netmap.sandbox.estate import Estate, Json
from asr_netmap.sandbox.routing import Route

LOCK_TYPE = "Microsoft.Authorization/locks"
_SUFFIX = "/providers/microsoft.authorization/locks"


def enforce(estate: Estate, method: str, path: str) -> None:
    """Raise ArmError 409 when a lock forbids this write.

    ARM: CanNotDelete stops deletes, ReadOnly every change; both work on everything below their
    scope (Microsoft Learn, lock resources).
    """
    verb = {"PUT": "write", "PATCH": "write", "DELETE": "delete"}.get(method)
    if verb is None:
        return
    target = ids.key(path) + "/"
    scopes = [
        lock_scope(lock)
        for lock in estate.of_type(LOCK_TYPE)
        if target.startswith(ids.key(lock_scope(lock)) + "/") and _forbids(lock, verb)
    ]
    if not scopes:
        return
    shown = ",".join(f"'{scope}'" for scope in scopes)
    # ARM: the code is known from azure-docs issue 32050, the sentence from Microsoft Learn.
    raise ArmError(
        409,
        "ScopeLocked",
        f"The scope '{path}' cannot perform {verb} operation because following scope(s) are "
        f"locked: {shown}. Please remove the lock and try again.",
    )


def lock_scope(lock: Json) -> str:
    """Return the id of what a lock is on."""
    identifier = str(lock["id"])
    return identifier[: identifier.lower().rindex(_SUFFIX)]


def _forbids(lock: Json, verb: str) -> bool:
    level = str((lock.get("properties") or {}).get("level", "")).lower()
    return level == "readonly" or (level == "cannotdelete" and verb == "delete")


def _list(call: Call) -> Answer:
    scope = ids.key(call.path)[: -len(_SUFFIX)]
    only_here = "atscope" in call.query.get("$filter", "").lower()
    # invented: lock-lists
    rows = [
        lock
        for lock in call.estate.of_type(LOCK_TYPE)
        if (scope + "/").startswith(ids.key(lock_scope(lock)) + "/")
        or (not only_here and ids.key(lock_scope(lock)).startswith(scope + "/"))
    ]
    return Answer(body={"value": rows})


_GROUP = "/subscriptions/{subscription}/resourcegroups/{group}"

ROUTES = (
    Route("GET", "/subscriptions/{subscription}" + _SUFFIX, _list),
    Route("GET", _GROUP + _SUFFIX, _list),
    Route("GET", _GROUP + "/providers/{namespace}/{type}/{name}" + _SUFFIX, _list),
    Route("GET", _GROUP + "/providers/{namespace}/{type}/{name}/{type2}/{name2}" + _SUFFIX, _list),
)
