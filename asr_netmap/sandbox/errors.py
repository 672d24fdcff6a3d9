"""Errors as the services spell them: ARM's own, Site Recovery's, and failed operations'."""

from __future__ import annotations

from typing import Any, NamedTuple


class ArmError(Exception):
    """An HTTP answer of 400 and up; raised by handlers, turned into a response by the engine."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        extra: dict[str, Any] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.body: dict[str, Any] = {"error": {"code": code, "message": message, **(extra or {})}}
        self.headers = headers


class Fault(NamedTuple):
    """Why an accepted operation failed, or why Site Recovery refuses one at once."""

    code: str
    message: str
    causes: str = ""
    action: str = ""


def resource_not_found(resource_type: str, names: tuple[str, ...], group: str) -> ArmError:
    """ARM: 404 of a missing Network, Compute or vault resource (az CLI traffic, 2023)."""
    namespace, *types = resource_type.split("/")
    shown = "/".join((namespace, *(f"{t}/{n}" for t, n in zip(types, names, strict=False))))
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{shown}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        headers=(("x-ms-failure-cause", "gateway"),),
    )


def group_not_found(group: str) -> ArmError:
    """ARM: 404 of an unknown resource group (Microsoft Learn, common deployment errors)."""
    return ArmError(
        404,
        "ResourceGroupNotFound",
        f"Resource group '{group}' could not be found.",
        headers=(("x-ms-failure-cause", "gateway"),),
    )


def subscription_not_found(subscription: str) -> ArmError:
    """ARM: 404 of an unknown subscription (Microsoft Learn, common deployment errors)."""
    return ArmError(
        404,
        "SubscriptionNotFound",
        f"The subscription '{subscription}' could not be found.",
        headers=(("x-ms-failure-cause", "gateway"),),
    )


def site_recovery_error(
    status: int, outer: str, fault: Fault, client_request: str, activity: str
) -> ArmError:
    """Site Recovery's error: the telling code, causes and action lie inside `details`.

    ARM: shape of the recorded 404 (az CLI traffic, 2023).
    """
    detail = {
        "code": fault.code,
        "message": fault.message,
        "possibleCauses": fault.causes,
        "recommendedAction": fault.action,
        "clientRequestId": client_request,
        "activityId": activity,
    }
    return ArmError(status, outer, fault.message, extra={"details": [detail]})


def no_such_object(name: str) -> Fault:
    """ARM: the fault of a missing Site Recovery object (az CLI traffic, 2023)."""
    return Fault(
        "ArmResourceDoesNotExist",
        f"Specified resource with name '{name}' does not exist.",
        "Ensure correct resource name was specified.",
        "Verify ARM resource name details.",
    )
