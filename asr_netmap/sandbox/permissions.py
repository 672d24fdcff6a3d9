"""What the caller may do: everything, but for the actions that a condition forbids by name."""

from __future__ import annotations

from asr_netmap.sandbox.call import Answer, Call
from asr_netmap.sandbox.routing import Route


def _list(call: Call) -> Answer:
    # invented: permissions
    forbidden = [
        condition["action"]
        for condition in call.estate.conditions
        if condition["kind"] == "forbidden" and "action" in condition
    ]
    return Answer(body={"value": [{"actions": ["*"], "notActions": forbidden}]})


_GROUP = "/subscriptions/{subscription}/resourcegroups/{group}"

ROUTES = (Route("GET", _GROUP + "/providers/microsoft.authorization/permissions", _list),)
