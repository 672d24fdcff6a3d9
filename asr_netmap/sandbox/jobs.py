"""Site Recovery jobs: the service's own record of each accepted write.

ARM: shapes of job GET, list row and empty shell are those of the Azure PowerShell recording of
2022 and of az CLI traffic of 2023. A list row is stripped of its tasks, errors, details and
activity id even where the GET has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from asr_netmap.sandbox import ids, moments, odata
from asr_netmap.sandbox.call import Answer, Call, paged
from asr_netmap.sandbox.estate import Estate, Json, properties_of
from asr_netmap.sandbox.operations import FAILED, RUNNING, SUCCEEDED, Operation

JOB_TYPE = "Microsoft.RecoveryServices/vaults/replicationJobs"

_STATES = {
    RUNNING: ("InProgress", "InProgress"),
    SUCCEEDED: ("Succeeded", "Completed"),
    FAILED: ("Failed", "Failed"),  # invented: failed-job
}


def template(
    scenario: str,
    friendly: str,
    target: tuple[str, str, str],
    affected: dict[str, str],
    tasks: list[Json],
    *,
    cancelable: bool = False,
) -> Json:
    """Return the fixed part of a job; `target` is its id, name and type."""
    return {
        "scenarioName": scenario,
        "friendlyName": friendly,
        "target": list(target),
        "affected": affected,
        "tasks": tasks,
        "cancelable": cancelable,
    }


def task(identifier: str, name: str, friendly: str) -> Json:
    """Return a task that does the job's work."""
    return {"taskId": identifier, "name": name, "friendlyName": friendly}


def skipped_group(identifier: str, name: str, friendly: str) -> Json:
    """Return a group of tasks that finds nothing to do."""
    return {**task(identifier, name, friendly), "group": True}


def job_id(operation: Operation) -> str:
    """Return the ARM id of an operation's job."""
    return f"{operation.scope}/replicationJobs/{operation.name}"


def body(operation: Operation, call: Call) -> Json:
    """Return the job as a GET shows it."""
    shell = operation.nascent(call.now)
    job = operation.job
    state, description = ("NotStarted",) * 2 if shell else _STATES[operation.state]
    running = operation.state == RUNNING
    times = {} if shell else {"startTime": moments.trimmed(operation.started)}
    if not running:
        times["endTime"] = moments.whole(operation.ends)
    identifier, name, kind = job["target"]
    properties: Json = {
        "activityId": operation.activity,
        "scenarioName": None if shell else job["scenarioName"],
        "friendlyName": None if shell else job["friendlyName"],
        "state": state,
        "stateDescription": description,
        "tasks": [] if shell else [_task(operation, row) for row in job["tasks"]],
        "errors": _errors(operation),
        **times,
        "allowedActions": ["Cancel"] if running and not shell and job["cancelable"] else [],
        "targetObjectId": None if shell else identifier,
        "targetObjectName": None if shell else name,
        "targetInstanceType": kind,
        "customDetails": {
            "instanceType": "AsrJobDetails",
            "affectedObjectDetails": {} if shell else dict(job["affected"]),
        },
    }
    return {
        "id": job_id(operation),
        "name": operation.name,
        "type": JOB_TYPE,
        "properties": properties,
    }


def _task(operation: Operation, row: Json) -> Json:
    group = bool(row.get("group"))
    state, description = _STATES[operation.state]
    start, end = moments.trimmed(operation.started), moments.UNSTARTED
    if operation.state != RUNNING:
        end = moments.trimmed(operation.ends)
    if group:
        start = end = moments.UNSTARTED
        finished = operation.state != RUNNING
        state, description = ("Other", "Skipped") if finished else ("NotStarted", "NotStarted")
    details = {"instanceType": "GroupTaskDetails", "childTasks": []} if group else None
    return {
        "taskId": row["taskId"],
        "name": row["name"],
        "startTime": start,
        "endTime": end,
        "allowedActions": [],
        "friendlyName": row["friendlyName"],
        "state": state,
        "stateDescription": description,
        "taskType": "GroupTaskDetails" if group else "TaskDetails",
        "customDetails": None if group else {"instanceType": "TaskDetails"},
        "groupTaskCustomDetails": details,
        "errors": [] if group else _errors(operation),
    }


def _errors(operation: Operation) -> list[Json]:
    fault = operation.fault
    if fault is None:
        return []
    # invented: failed-job
    return [
        {
            "serviceErrorDetails": {
                "code": fault.code,
                "message": fault.message,
                "possibleCauses": fault.causes,
                "recommendedAction": fault.action,
                "activityId": operation.activity,
            },
            "providerErrorDetails": None,
            "errorLevel": "Error",
            "creationTime": moments.trimmed(operation.ends),
            "taskId": operation.job["tasks"][0]["taskId"],
        }
    ]


def stripped(job: Json) -> Json:
    """Return a job as a list shows it."""
    properties = {**properties_of(job), "activityId": None, "customDetails": None}
    properties["tasks"], properties["errors"] = [], []
    return {**job, "properties": properties}


def listing(call: Call, vault: str) -> Answer:
    """Answer the vault's jobs, newest first."""
    rows = _jobs_of(call.estate, vault)
    terms = odata.terms(call.query.get("$filter", ""), set(_FILTERS))
    if terms:
        rows = [row for row in rows if all(_fits(row, term, call) for term in terms)]
    page, link = paged(call, rows, _job_name)
    shown = [stripped(_job_body(row, call)) for row in page]
    return Answer(body={"value": shown, "nextLink": link or None})


def find(call: Call, vault: str, name: str) -> Json | None:
    """Return a job of the vault by its name, or None."""
    operation = call.estate.operation(name)
    if operation is not None and ids.same(operation.scope, vault):
        return body(operation, call)
    return call.estate.get(f"{vault}/replicationJobs/{name}")


def _jobs_of(estate: Estate, vault: str) -> Sequence[Operation | Json]:
    """The jobs of operations, and those that came with the estate."""
    if not estate.under(vault, JOB_TYPE):
        return estate.operations_in(vault)
    return list(_merged(estate, vault))


def _merged(estate: Estate, vault: str) -> Iterator[Operation | Json]:
    kept = sorted(estate.under(vault, JOB_TYPE), key=_start_of, reverse=True)
    for operation in estate.operations_in(vault):
        while kept and _start_of(kept[0]) > moments.trimmed(operation.started):
            yield kept.pop(0)
        yield operation
    yield from kept


def _start_of(job: Json) -> str:
    return str((job.get("properties") or {}).get("startTime") or "")


def _job_body(row: Operation | Json, call: Call) -> Json:
    return body(row, call) if isinstance(row, Operation) else row


def _job_name(row: Operation | Json) -> str:
    return row.name if isinstance(row, Operation) else str(row["name"])


_FILTERS: dict[str, str] = {
    "jobname": "name",
    "jobstatus": "state",
    "starttime": "startTime",
    "endtime": "endTime",
    "affectedobjecttypes": "targetInstanceType",
}


def _fits(row: Operation | Json, term: odata.Term, call: Call) -> bool:
    job = _job_body(row, call)
    found: Any = (
        job["name"] if term.name == "jobname" else properties_of(job).get(_FILTERS[term.name], "")
    )
    return term.fits(str(found or ""))
