"""Conditions of an estate: failures, and a pace, that a user wants to rehearse.

Each is a small object with a `kind`. Paths are glob patterns over the request's path, compared
without case; `*` also crosses slashes. `times`, where given, counts down and is kept with the
estate, so that a condition can end by itself.

| kind | keys | effect |
|---|---|---|
| forbidden | path, method?, action?, scope? | 403 AuthorizationFailed |
| policy-denies | path, policy? | 403 RequestDisallowedByPolicy on PUT and PATCH |
| region-down | region | 503 for what lies in that region, and for subscription-wide lists |
| throttled | times, path?, method?, retry_after? | 429 |
| busy | path, times? | 409 for a write of a Site Recovery object: something else works on it |
| operation-fails | path, code, message | the write is accepted and fails later |
| not-applied | path | the write is accepted, succeeds, and changes nothing |
| never-used | vault | 400 on reads of Site Recovery objects while the vault has none |
| missing-registration | namespace? | 409 until the provider is registered |
| first-replication | seconds | how long the first replication of a machine takes |
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from asr_netmap.sandbox import ids, regions
from asr_netmap.sandbox.errors import ArmError, Fault, site_recovery_error

if TYPE_CHECKING:  # the estate checks its conditions on loading
    from asr_netmap.sandbox.estate import Estate

Json = dict[str, Any]

_KEYS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "forbidden": (frozenset({"path"}), frozenset({"method", "action", "scope", "times"})),
    "policy-denies": (frozenset({"path"}), frozenset({"policy", "times"})),
    "region-down": (frozenset({"region"}), frozenset({"times"})),
    "throttled": (frozenset({"times"}), frozenset({"path", "method", "retry_after"})),
    "busy": (frozenset({"path"}), frozenset({"times"})),
    "operation-fails": (frozenset({"path"}), frozenset({"code", "message", "times"})),
    "not-applied": (frozenset({"path"}), frozenset({"times"})),
    "never-used": (frozenset({"vault"}), frozenset()),
    "missing-registration": (frozenset(), frozenset({"namespace"})),
    "first-replication": (frozenset({"seconds"}), frozenset()),
}
_NUMBERS = ("times", "retry_after", "seconds")
KINDS = tuple(_KEYS)


@dataclass(frozen=True, slots=True)
class Subject:
    """The request that conditions are held against."""

    method: str
    path: str
    location: str
    principal: str
    client_request: str
    activity: str

    @property
    def writes(self) -> bool:
        """Tell whether the request asks for a change."""
        return self.method not in ("GET", "HEAD")


def checked(condition: object) -> Json:
    """Return the condition if it can be used; raises ValueError saying what is wrong."""
    if not isinstance(condition, dict):
        raise ValueError("not an object")
    kind = condition.get("kind")
    if not isinstance(kind, str) or kind not in _KEYS:
        raise ValueError(f"unknown kind {kind!r}; known: {', '.join(KINDS)}")
    required, optional = _KEYS[kind]
    given = set(condition) - {"kind"}
    if missing := sorted(required - given):
        raise ValueError(f"{kind} without {missing[0]!r}")
    if unknown := sorted(given - required - optional):
        raise ValueError(f"{kind} with unknown key {unknown[0]!r}")
    for name in given:
        _check_value(kind, name, condition[name])
    return condition


def _check_value(kind: str, name: str, value: object) -> None:
    if name in _NUMBERS:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(f"{kind}: {name} must be a whole number, 0 or more, not {value!r}")
    elif not isinstance(value, str) or not value:
        raise ValueError(f"{kind}: {name} must be a text, not {value!r}")


def refuse(estate: Estate, subject: Subject) -> None:
    """Raise the ArmError of the first condition that stops this request, if one does."""
    for condition in _active(estate):
        refusal = _REFUSALS.get(condition["kind"], _never)(estate, condition, subject)
        if refusal is not None:
            spend(estate, condition)
            raise refusal


def fate(estate: Estate, path: str) -> tuple[bool, Fault | None]:
    """Return whether an accepted write goes unapplied, and the fault that it is to end with."""
    for condition in _active(estate):
        if condition["kind"] == "operation-fails" and _fits(condition, path):
            spend(estate, condition)
            code = condition.get("code", "28020")
            return False, Fault(code, condition.get("message", "The requested operation failed."))
        if condition["kind"] == "not-applied" and _fits(condition, path):
            spend(estate, condition)
            return True, None
    return False, None


def register(estate: Estate, namespace: str) -> None:
    """End the missing registration of a provider."""
    kept = [
        condition
        for condition in estate.conditions
        if condition["kind"] != "missing-registration" or not _names(condition, namespace)
    ]
    if len(kept) != len(estate.conditions):
        estate.conditions[:] = kept
        estate.revision += 1


def unregistered(estate: Estate, namespace: str) -> bool:
    """Tell whether a condition says that this provider is not registered."""
    return any(
        condition["kind"] == "missing-registration" and _names(condition, namespace)
        for condition in _active(estate)
    )


def spend(estate: Estate, condition: Json) -> None:
    """Count a condition that has struck down by one."""
    if "times" in condition:
        condition["times"] -= 1
        estate.revision += 1


def _active(estate: Estate) -> Iterator[Json]:
    return (condition for condition in estate.conditions if condition.get("times", 1) > 0)


def _fits(condition: Json, path: str) -> bool:
    return fnmatchcase(path.lower(), str(condition.get("path", "*")).lower())


def _is_method(condition: Json, subject: Subject) -> bool:
    return str(condition.get("method", subject.method)).upper() == subject.method


def _never(estate: Estate, condition: Json, subject: Subject) -> ArmError | None:
    return None


def _forbidden(estate: Estate, condition: Json, subject: Subject) -> ArmError | None:
    if not _is_method(condition, subject) or not _fits(condition, subject.path):
        return None
    action = condition.get("action") or action_of(subject.method, subject.path)
    scope = condition.get("scope") or subject.path
    # ARM: the sentence of a 403 (Microsoft Learn, troubleshoot Azure RBAC).
    return ArmError(
        403,
        "AuthorizationFailed",
        f"The client '{subject.principal}' with object id '{subject.principal}' does not have "
        f"authorization to perform action '{action}' over scope '{scope}' or the scope is "
        "invalid. If access was recently granted, please refresh your credentials.",
        headers=(("x-ms-failure-cause", "gateway"),),
    )


def _policy_denies(estate: Estate, condition: Json, subject: Subject) -> ArmError | None:
    if subject.method not in ("PUT", "PATCH") or not _fits(condition, subject.path):
        return None
    name = condition.get("policy", "sandbox-deny")
    scope = "/".join(subject.path.split("/")[:3])
    definition = f"{scope}/providers/Microsoft.Authorization/policyDefinitions/{name}"
    assignment = f"{scope}/providers/Microsoft.Authorization/policyAssignments/{name}"
    identifiers = [
        {
            "policyAssignment": {"name": name, "id": assignment},
            "policyDefinition": {"name": name, "id": definition},
        }
    ]
    target = ids.last_name(subject.path)
    info = {
        "policyDefinitionDisplayName": name,
        "policyDefinitionId": definition,
        "policyDefinitionName": name,
        "policyDefinitionEffect": "deny",
        "policyAssignmentId": assignment,
        "policyAssignmentName": name,
        "policyAssignmentDisplayName": name,
        "policyAssignmentScope": scope,
        "policyAssignmentParameters": {},
    }
    # ARM: shape of a policy denial (Microsoft Learn, RequestDisallowedByPolicy).
    return ArmError(
        403,
        "RequestDisallowedByPolicy",
        f"Resource '{target}' was disallowed by policy. Policy identifiers: "
        f"'{json.dumps(identifiers)}'.",
        extra={"target": target, "additionalInfo": [{"type": "PolicyViolation", "info": info}]},
    )


def _region_down(estate: Estate, condition: Json, subject: Subject) -> ArmError | None:
    region = regions.short_name(condition["region"])
    if not _in_region(estate, region, subject):
        return None
    # invented: region-down
    return ArmError(
        503,
        "ServiceUnavailable",
        f"SANDBOX: the region '{region}' is down. The service is temporarily unavailable.",
    )


def _in_region(estate: Estate, region: str, subject: Subject) -> bool:
    if subject.location and regions.short_name(subject.location) == region:
        return True
    parts = subject.path.strip("/").split("/")
    lowered = [part.lower() for part in parts]
    if "providers" not in lowered:
        return False
    at = lowered.index("providers")
    if len(parts) == at + 3:
        return _list_touches(estate, region, parts, at)
    resource = estate.get("/" + "/".join(parts[: at + 4]))
    return resource is not None and _location(resource) == region


def _list_touches(estate: Estate, region: str, parts: list[str], at: int) -> bool:
    namespace = parts[at + 1].lower()
    if namespace not in ("microsoft.network", "microsoft.compute"):
        return False
    # ARM: private DNS zones are of no region (Microsoft Learn, what is Azure Private DNS).
    if parts[at + 2].lower() == "privatednszones":
        return False
    if at == 2:
        return True
    scope = "/" + "/".join(parts[:at])
    rows = estate.under(scope, "/".join(parts[at + 1 :]))
    return any(_location(row) == region for row in rows)


def _location(resource: Json) -> str:
    return regions.short_name(str(resource.get("location") or ""))


def _throttled(estate: Estate, condition: Json, subject: Subject) -> ArmError | None:
    if not _is_method(condition, subject) or not _fits(condition, subject.path):
        return None
    # invented: condition-throttled
    return ArmError(
        429,
        "TooManyRequests",
        "SANDBOX: too many requests, as a condition of this estate asks. Retry after the time "
        "in the Retry-After header.",
        headers=(("Retry-After", str(condition.get("retry_after", 5))),),
    )


def _busy(estate: Estate, condition: Json, subject: Subject) -> ArmError | None:
    if not subject.writes or not _fits(condition, subject.path):
        return None
    # invented: condition-busy
    fault = Fault(
        "AnotherOperationInProgress",
        f"SANDBOX: another operation is running on '{ids.last_name(subject.path)}'.",
        "A job runs on this object.",
        "Wait for the job to finish.",
    )
    return site_recovery_error(409, "Conflict", fault, subject.client_request, subject.activity)


def _never_used(estate: Estate, condition: Json, subject: Subject) -> ArmError | None:
    wanted = str(condition["vault"]).lower()
    parts = subject.path.strip("/").split("/")
    # ARM: lists of such a vault answer 200 and nothing (az CLI traffic, 2023).
    if subject.method != "GET" or len(parts) < 10 or len(parts) % 2:
        return None
    vault = "/" + "/".join(parts[:8])
    if wanted not in (parts[7].lower(), ids.key(vault)):
        return None
    if not any(part.lower() in _SITE_RECOVERY_OBJECTS for part in parts[8::2]):
        return None
    if estate.under(vault, "Microsoft.RecoveryServices/vaults/replicationFabrics"):
        return None
    # ARM: terraform-provider-azurerm issue 6026, azure-rest-api-specs issue 12759.
    fault = Fault(
        "SubscriptionIdNotRegisteredWithSrs",
        "The subscription is not registered with Site Recovery.",  # invented: never-used-text
    )
    return site_recovery_error(400, "BadRequest", fault, subject.client_request, subject.activity)


_SITE_RECOVERY_OBJECTS = {
    "replicationfabrics",
    "replicationnetworkmappings",
    "replicationpolicies",
    "replicationprotecteditems",
}


def _missing_registration(estate: Estate, condition: Json, subject: Subject) -> ArmError | None:
    parts = subject.path.strip("/").split("/")
    lowered = [part.lower() for part in parts]
    # Reading or registering the provider itself is /subscriptions/{s}/providers/{namespace}[/...].
    if "providers" not in lowered or len(parts) < 5 or subject.path.lower().endswith("/register"):
        return None
    namespace = parts[lowered.index("providers") + 1]
    if not _names(condition, namespace):
        return None
    message = (
        f"The subscription is not registered to use namespace '{namespace}'. See "
        "https://aka.ms/rps-not-found for how to register subscriptions."
    )
    code = "MissingSubscriptionRegistration"
    details = [{"code": code, "target": namespace, "message": message}]
    # ARM: Microsoft Learn, error register resource provider.
    return ArmError(409, code, message, extra={"details": details})


def _names(condition: Json, namespace: str) -> bool:
    wanted = condition.get("namespace")
    return wanted is None or str(wanted).lower() == namespace.lower()


def action_of(method: str, path: str) -> str:
    """Return the RBAC action of a request: the type's path and read, write, delete or action."""
    verb = {"GET": "read", "HEAD": "read", "DELETE": "delete", "POST": "action"}.get(
        method, "write"
    )
    parts = path.strip("/").split("/")
    lowered = [part.lower() for part in parts]
    if "providers" not in lowered:
        part = "resourceGroups" if "resourcegroups" in lowered else ""
        return "/".join(filter(None, ("Microsoft.Resources/subscriptions", part, verb)))
    tail = parts[len(lowered) - lowered[::-1].index("providers") :]
    return "/".join((tail[0], *tail[1::2], verb))


_REFUSALS = {
    "forbidden": _forbidden,
    "policy-denies": _policy_denies,
    "region-down": _region_down,
    "throttled": _throttled,
    "busy": _busy,
    "never-used": _never_used,
    "missing-registration": _missing_registration,
}
