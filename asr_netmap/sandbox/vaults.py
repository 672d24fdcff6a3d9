"""The vault a Site Recovery request is about, and how that service answers: lists, 404s, 202s."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from asr_netmap.sandbox import conditions, ids, implied, jobs, moments, operations
from asr_netmap.sandbox.call import Answer, Call, paged
from asr_netmap.sandbox.errors import (
    ArmError,
    Fault,
    no_such_object,
    resource_not_found,
    site_recovery_error,
)
from asr_netmap.sandbox.estate import Json
from asr_netmap.sandbox.operations import Operation

VAULT = (
    "/subscriptions/{subscription}/resourcegroups/{group}/providers"
    "/microsoft.recoveryservices/vaults/{vault}"
)
FABRIC = VAULT + "/replicationfabrics/{fabric}"
CONTAINER = FABRIC + "/replicationprotectioncontainers/{container}"


def vault_id(call: Call) -> str:
    """Return the vault's id as Site Recovery writes it; raises ArmError 404 for an unknown one.

    ARM: ids on the vault's side start with `/Subscriptions/` (az CLI traffic, 2023).
    """
    scope = f"{call.group_scope}/providers/{implied.VAULT_TYPE}/{call.params['vault']}"
    vault = call.estate.get(scope)
    if vault is None:
        raise resource_not_found(implied.VAULT_TYPE, (call.params["vault"],), call.params["group"])
    return "/Subscriptions/" + str(vault["id"]).split("/", 2)[2]


def found(call: Call, path: str) -> Json:
    """Return the Site Recovery object at a path below the vault; raises ArmError 404."""
    identifier = f"{vault_id(call)}/{path}"
    resource = call.estate.get(identifier)
    if resource is None:
        raise missing(call, ids.last_name(identifier))
    return resource


def fabric(call: Call) -> Json:
    """Return the fabric that the route names; raises ArmError 404."""
    return found(call, f"replicationFabrics/{call.params['fabric']}")


def missing(call: Call, name: str) -> ArmError:
    """Return Site Recovery's 404 (az CLI traffic, 2023)."""
    return refusal(call, 404, "NotFound", no_such_object(name))


def refusal(call: Call, status: int, outer: str, fault: Fault) -> ArmError:
    """Return an error in Site Recovery's shape, carrying this request's ids."""
    return site_recovery_error(status, outer, fault, call.client_request, call.correlation)


def object_request_id(call: Call) -> tuple[str, ...]:
    """ARM: `<client request id> <American date>` (Azure PowerShell recording, 2022)."""
    return (f"{call.client_request} {moments.american(call.now)}",)


def listing(
    call: Call, rows: Sequence[Json], text_of: Callable[[Json], str] | None = None
) -> Answer:
    """Answer a list; ARM: `nextLink` is always there, null on the last page (az CLI, 2023)."""
    shown = text_of or (lambda row: call.estate.text(row["id"]))
    page, link = paged(call, rows, lambda row: ids.key(row["id"]))
    tail = f'"{link}"' if link else "null"
    return Answer(text='{"value":[' + ",".join(map(shown, page)) + f'],"nextLink":{tail}}}')


def accept(
    call: Call,
    kind: str,
    target: str,
    job: Json,
    request: Mapping[str, Any],
    *,
    names_job: bool = False,
) -> Answer:
    """Record an accepted write and answer 202.

    ARM: empty body, Azure-AsyncOperation, Location, Retry-After; an item's PATCH names the job
    twice in x-ms-request-id, other writes give the client's id and a date (Azure PowerShell
    recording, 2022).
    """
    skip, forced = conditions.fate(call.estate, call.path)
    vault = vault_id(call)
    operation = Operation(
        name=call.guid(),
        kind=kind,
        scope=vault,
        target=target,
        started=moments.utc(call.now),
        ends=moments.utc(call.now) + timedelta(seconds=call.options.operation_seconds),
        # ARM: the activity id holds the client's request id (Azure PowerShell recording, 2022).
        activity=f"{call.client_request} ActivityId: {call.correlation}",
        request=request,
        job=job,
        skip=skip,
        forced=forced,
    )
    call.estate.record(operation)
    job_name = (jobs.job_id(operation),) * 2
    return Answer(
        status=202,
        text="",
        headers=_following(call, operation, target),
        request_ids=job_name if names_job else object_request_id(call),
        accepted=True,
    )


def _following(call: Call, operation: Operation, target: str) -> tuple[tuple[str, str], ...]:
    status = f"{operation.scope}/replicationOperationStatus/{operation.name}"
    result = f"{target}/operationresults/{operation.name}"
    version, signed = call.api_version, call.options.signed_urls
    return (
        (
            "Azure-AsyncOperation",
            operations.polling_url(call.base, status, version, operation, signed),
        ),
        ("Location", operations.polling_url(call.base, result, version, operation, signed)),
        ("Retry-After", str(call.options.retry_after)),
    )


def followed(call: Call) -> Operation:
    """Return the operation that a polling URL names; raises ArmError 404, or 403 when unsigned."""
    name = call.params["operation"]
    operation = call.estate.operation(name)
    if operation is None or not ids.same(operation.scope, vault_id(call)):
        raise missing(call, name)
    if call.options.signed_urls and not operations.signature_fits(operation, call.query):
        # invented: unsigned-polling
        raise refusal(
            call,
            403,
            "Forbidden",
            Fault(
                "InvalidPollingSignature",
                "SANDBOX: this polling URL lacks the signature it was given out with.",
                "The URL was rebuilt, or cut short.",
                "Follow the header's URL byte for byte, or read the job of the same name.",
            ),
        )
    return operation
