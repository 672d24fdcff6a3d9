"""The sandbox engine behind a bad line: faults, other admins, and a ledger of what was accepted.

What the program sends arrives at `Azure.handle`, in process. The engine itself is the product's
own and knows nothing of this; operations settle here one by one, so that for each it is known what
it changed.
"""

from __future__ import annotations

import base64
import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Any

from azure.core import exceptions as sdk
from urllib3.exceptions import NewConnectionError

from asr_netmap.arm_id import ArmId
from asr_netmap.gateway.patch import patch_body
from asr_netmap.planning.nic_setting import Setting
from asr_netmap.sandbox import Estate, MemorySandbox, Options, Request, Response, sandbox_token
from asr_netmap.sandbox.errors import Fault as OperationFault
from asr_netmap.sandbox.operations import RUNNING, Operation
from asr_netmap.sandbox.settling import settle
from tests.simulation import faults
from tests.simulation.faults import SERVER_ERRORS, WAITS, Asked, FaultPlan, NoFaults
from tests.simulation.stage import START, Died, Stage

Json = dict[str, Any]
LONG = 4000.0  # seconds; longer than the program waits for an operation
_CLAIMS = base64.urlsafe_b64encode(b'{"access_token":{"nbf":{"value":"1"}}}').decode().rstrip("=")


@dataclass(slots=True)
class Sent:
    """A request of the program.

    process -- which start of the program sent it. operation -- what the engine made of it.
    status -- the engine's own answer; 0: it never arrived.
    """

    process: int
    number: int
    at: float
    asked: Asked
    fault: str | None
    status: int = 0
    operation: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the engine took it as a write."""
        return self.asked.method != "GET" and 200 <= self.status < 300

    @property
    def request_id(self) -> str:
        return self.asked.request.header("x-ms-client-request-id") or ""

    def __str__(self) -> str:
        what = f"{self.asked.method:6} {_short(self.asked.path)}"
        got = str(self.status or "-")
        fault = f"   <-- {self.fault}" if self.fault else ""
        return f"{self.process}.{self.number:<4} {self.at:9.2f} s  {what}  {got}{fault}"


@dataclass(frozen=True, slots=True)
class Effect:
    """What an operation did: its target before and after.

    process -- None: it was another admin's.
    """

    operation: Operation
    at: float
    process: int | None
    before: Json | None
    after: Json | None


@dataclass(slots=True)
class Edit:
    """What another admin wrote.

    path -- lower-cased id of the object. place -- how many requests the program had sent by then.
    """

    at: float
    place: int
    path: str
    what: str
    operation: str
    owned: bool


@dataclass
class Azure:
    """A service for one simulation; `stage` and `plan` are set for each start of the program."""

    sandbox: MemorySandbox
    rng: Random
    latency: float = 0.0
    plan: FaultPlan = field(default_factory=NoFaults)
    process: int = 0
    sent: list[Sent] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)
    failed_looks: Counter[str] = field(default_factory=Counter)
    veiled: dict[str, str] = field(default_factory=dict)
    _number: int = 0
    _stage: Stage | None = None
    _dies_next: bool = False
    _edited: int = 0
    _last_lists: dict[str, Response] = field(default_factory=dict)
    _lagged: dict[str, bool] = field(default_factory=dict)
    _words: dict[str, tuple[str, float]] = field(default_factory=dict)

    @property
    def estate(self) -> Estate:
        return self.sandbox.engine.estate

    def begin(self, stage: Stage, plan: FaultPlan) -> None:
        """A new start of the program."""
        self._stage, self.plan = stage, plan
        self.process += 1
        self._number, self._dies_next = 0, False
        self._last_lists.clear()

    @property
    def requests_of_process(self) -> int:
        return self._number

    @property
    def stage(self) -> Stage:
        assert self._stage is not None, "the program has not been started"
        return self._stage

    # the program's requests

    def handle(self, request: Request, _now: datetime, _rng: Random) -> Response:
        """Answer, or not, as the plan says."""
        if self._dies_next:
            self.stage.kill()
        self._travel()
        self._number += 1
        asked = faults.asked(request)
        fault = self.plan.choose(self._number, asked)
        entry = Sent(self.process, self._number, self.stage.elapsed, asked, fault)
        self.sent.append(entry)
        if fault is not None:
            self.injected[fault] += 1
        answer = self._answer(entry)
        self._travel()
        return answer

    def _travel(self) -> None:
        self.stage.sleep(self.rng.uniform(0, self.latency))

    def _answer(self, entry: Sent) -> Response:
        fault = entry.fault
        if fault is None:
            return self._plain(entry)
        if fault in _INSTEAD:
            return _INSTEAD[fault](self, entry)
        if fault in _BEFORE:
            _BEFORE[fault](self, entry)
        answer = self._plain(entry)
        return _AFTER[fault](self, entry, answer) if fault in _AFTER else answer

    def _plain(self, entry: Sent) -> Response:
        """The engine's answer, with the veil that an earlier fault laid over an operation."""
        answer = self._engine(entry.asked.request)
        entry.status = answer.status
        if entry.accepted:
            entry.operation = self._newest_operation(entry.request_id)
        if entry.asked.kind in (faults.STATUS, faults.JOBS):
            answer = self._veil(entry.asked, answer)
        if entry.asked.kind in (faults.LIST, faults.JOBS) and answer.status == 200:
            url = entry.asked.request.url
            if entry.fault != "list lags":
                self._last_lists[url] = answer
                self._lagged[url] = False
        return answer

    def _engine(self, request: Request) -> Response:
        now = self.now
        self.settle()
        return self.sandbox.handle(request, now, self.rng)

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.stage.elapsed)

    # operations

    def settle(self) -> None:
        """Let what is due take effect, one operation after the other."""
        while due := [o for o in self.estate.running() if o.ends <= self.now]:
            operation = min(due, key=lambda o: o.ends)
            before = copy.deepcopy(self.estate.get(operation.target))
            rest = [o for o in due if o is not operation and o.ends == operation.ends]
            for other in rest:  # of those that end together, one goes first
                self.estate.record(replace(other, ends=other.ends + timedelta(microseconds=1)))
            settle(self.estate, operation.ends)
            done = self.estate.operation(operation.name) or operation
            after = copy.deepcopy(self.estate.get(operation.target))
            self.effects.append(
                Effect(done, self.stage.elapsed, self._process_of(done), before, after)
            )

    def _process_of(self, operation: Operation) -> int | None:
        return next((s.process for s in self.sent if s.operation == operation.name), None)

    def _newest_operation(self, request_id: str) -> str:
        for operation in reversed(list(self.estate._operations.values())):
            if operation.activity.startswith(request_id) or not operation.activity:
                return operation.name
        return ""

    def _change_operation(self, name: str, change: Callable[[Operation], Operation]) -> None:
        operation = self.estate.operation(name)
        if operation is not None and operation.state == RUNNING:
            self.estate.record(change(operation))

    def _veil(self, asked: Asked, answer: Response) -> Response:
        if answer.status != 200:
            return answer
        if asked.kind == faults.JOBS:
            return _with_json(answer, lambda body: {**body, "value": list(self._rows(body))})
        word = self._word_of(asked.path.rsplit("/", 1)[1])
        return _with_json(answer, lambda body: {**body, "status": word}) if word else answer

    def _rows(self, body: Json) -> Iterator[Json]:
        for row in body["value"]:
            word = self._word_of(row["name"])
            changed = {**row["properties"], "state": word or row["properties"]["state"]}
            yield {**row, "properties": changed}

    def _word_of(self, name: str) -> str:
        word, until = self._words.get(name, ("", 0.0))
        return word if self.stage.elapsed < until else ""

    def asked_about(self, asked: Asked) -> list[str]:
        """The operation whose status a request asks for; of a list, those of ours that run."""
        if asked.kind != faults.JOBS:
            return [asked.path.rsplit("/", 1)[1]]
        own = {sent.operation for sent in self.sent if sent.process == self.process}
        return [each.name for each in self.estate.running() if each.name in own]

    # other admins

    def another_admin(self, path: str, body: Json, method: str, *, owned: bool, what: str) -> bool:
        """Write as somebody else would; whether the engine took it."""
        url = f"https://sandbox.asr-netmap.invalid{path}?api-version=2025-08-01"
        token = sandbox_token(self.now, "editor")
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "x-ms-client-request-id": f"00000000-0000-4000-8000-{self._edited:012d}",
        }
        self._edited += 1
        request = Request(method, url, headers, json.dumps(body).encode())
        answer = self._engine(request)
        if not 200 <= answer.status < 300:
            return False
        name = self._newest_operation(headers["x-ms-client-request-id"])
        self.edits.append(Edit(self.stage.elapsed, len(self.sent), path.lower(), what, name, owned))
        return True


def make_azure(estate: Estate, options: Options, rng: Random, latency: float = 0.0) -> Azure:
    """A service over an estate."""
    return Azure(MemorySandbox(estate, options), rng, latency)


# -- in place of the engine's answer ---------------------------------------------------------


def _refused(azure: Azure, entry: Sent) -> Response:
    cause = NewConnectionError(None, "refused")  # type: ignore[arg-type]  # -- there is no connection
    raise sdk.ServiceRequestError("connection refused", error=cause)


def _lost(azure: Azure, entry: Sent) -> Response:
    raise sdk.ServiceResponseError("Connection aborted.", error=ConnectionResetError(104))


def _plain_error(status: int, code: str, *, waits: bool) -> Callable[[Azure, Sent], Response]:
    def answer(azure: Azure, entry: Sent) -> Response:
        return _error(azure, status, code, waits=waits)

    return answer


def _error(azure: Azure, status: int, code: str, *, waits: bool) -> Response:
    body = json.dumps({"error": {"code": code, "message": "as the simulation wants"}}).encode()
    headers = [("Content-Type", "application/json")]
    if waits:
        named = azure.rng.choice(WAITS)
        date = format_datetime(azure.now + timedelta(seconds=20), usegmt=True)
        headers += [] if named is None else [("Retry-After", named.replace("{date}", date))]
    return Response(status, tuple(headers), body)


def _unauthorized(azure: Azure, entry: Sent) -> Response:
    challenge = 'Bearer authorization_uri="https://login.invalid", error="invalid_token"'
    if entry.fault == "401 with claims":
        challenge = f'Bearer error="insufficient_claims", claims="{_CLAIMS}"'
    answer = _error(azure, 401, "ExpiredAuthenticationToken", waits=False)
    return Response(401, (*answer.headers, ("WWW-Authenticate", challenge)), answer.body)


def _lagging(azure: Azure, entry: Sent) -> Response:
    """The list as it was last time; never twice in a row, for then it would be no lag."""
    url = entry.asked.request.url
    earlier = azure._last_lists.get(url)
    if earlier is None or azure._lagged.get(url):
        return azure._plain(entry)
    azure._lagged[url] = True
    entry.status = 200
    return earlier


def _dies_before(azure: Azure, entry: Sent) -> Response:
    azure.stage.kill()
    raise Died


def _dies_unanswered(azure: Azure, entry: Sent) -> Response:
    azure._plain(entry)
    azure.stage.kill()
    raise Died


_INSTEAD: Mapping[str, Callable[[Azure, Sent], Response]] = {
    "refused before it was sent": _refused,
    "lost on the way": _lost,
    "429 before": _plain_error(429, "TooManyRequests", waits=True),
    "409 busy": _plain_error(409, "AnotherOperationInProgress", waits=False),
    "401": _unauthorized,
    "401 with claims": _unauthorized,
    "status 404": _plain_error(404, "NotFound", waits=False),
    "list lags": _lagging,
    "dies before it is sent": _dies_before,
    "dies with no answer": _dies_unanswered,
}


# -- before the engine sees it ---------------------------------------------------------------


def _edit_item(azure: Azure, entry: Sent) -> None:
    item = azure.estate.get(entry.asked.path)
    if item is None:
        return
    details = item["properties"]["providerSpecificDetails"]
    nics = details.get("vmNics") or []
    if not nics:
        return
    nic = azure.rng.choice(nics)
    source = ArmId(nic["sourceNicArmId"])
    if "unowned" in (entry.fault or ""):
        word = f"by-hand-{azure._edited}"
        settings: tuple[Setting, ...] = (Setting("nic_name", word, source),)
        what = f"nic_name={word}"
    else:
        config = nic["ipConfigs"][0]["name"]
        settings = (
            Setting("address", None, source, config),
            Setting("subnet", "b", source, config),
        )
        what = "address= subnet=b"
    body = patch_body(item, settings)
    owned = "unowned" not in (entry.fault or "")
    azure.another_admin(item["id"], body, "PATCH", owned=owned, what=what)


def _edit_mapping(azure: Azure, entry: Sent) -> None:
    """Point the mapping to a spare network of the same region, or create it so."""
    sent = json.loads(entry.asked.request.body or b"{}")
    mapping = azure.estate.get(entry.asked.path)
    if not sent and mapping is None:
        return
    spare = f"spare-{_region_of_fabric(entry.asked.path, other=True)}"
    rows = azure.estate.of_type("Microsoft.Network/virtualNetworks")
    network = next((row["id"] for row in rows if row["name"] == spare), None)
    if network is None:
        return
    if mapping is None:
        body = copy.deepcopy(sent)
        body["properties"]["recoveryNetworkId"] = network
        method = "PUT"
    else:
        properties = mapping["properties"]
        body = {
            "properties": {
                "recoveryFabricName": properties["recoveryFabricArmId"].rsplit("/", 1)[1],
                "recoveryNetworkId": network,
                "fabricSpecificDetails": {
                    "instanceType": "AzureToAzure",
                    "primaryNetworkId": properties["primaryNetworkId"],
                },
            }
        }
        method = "PATCH"
    azure.another_admin(entry.asked.path, body, method, owned=True, what=f"target={spare}")


def _region_of_fabric(path: str, *, other: bool) -> str:
    target = "asr-a2a-default-southeastasia" in path.lower()
    return "southeastasia" if target != other else "eastasia"


_BEFORE: Mapping[str, Callable[[Azure, Sent], None]] = {
    "another admin, an owned field": _edit_item,
    "another admin, an unowned field": _edit_item,
    "another admin, a mapping": _edit_mapping,
}


# -- after the engine did it -----------------------------------------------------------------


def _reset(azure: Azure, entry: Sent, answer: Response) -> Response:
    kind = azure.rng.choice((sdk.ServiceResponseError, sdk.ServiceRequestError))
    raise kind("Connection aborted.", error=ConnectionResetError(104))


def _timed_out(azure: Azure, entry: Sent, answer: Response) -> Response:
    azure.stage.sleep(60)
    raise sdk.ServiceResponseTimeoutError("Read timed out.")


def _server_error(azure: Azure, entry: Sent, answer: Response) -> Response:
    return _error(azure, azure.rng.choice(SERVER_ERRORS), "InternalServerError", waits=True)


def _request_timeout(azure: Azure, entry: Sent, answer: Response) -> Response:
    return _error(azure, 408, "RequestTimeout", waits=True)


def _throttled_after(azure: Azure, entry: Sent, answer: Response) -> Response:
    return _error(azure, 429, "TooManyRequests", waits=True)


def _cut_off(azure: Azure, entry: Sent, answer: Response) -> Response:
    if azure.rng.random() < 0.5:
        raise sdk.IncompleteReadError("cut off", error=EOFError())
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def _html(azure: Azure, entry: Sent, answer: Response) -> Response:
    return Response(200, (("Content-Type", "text/html"),), b"<html>Sign in to the proxy</html>")


def _empty(azure: Azure, entry: Sent, answer: Response) -> Response:
    return Response(200, (("Content-Length", "0"),), b"")


def _no_place(azure: Azure, entry: Sent, answer: Response) -> Response:
    if answer.status != 202:
        return answer
    kept = [h for h in answer.headers if h[0] not in ("Azure-AsyncOperation", "Location")]
    return replace(answer, headers=tuple(kept))


def _another_order(azure: Azure, entry: Sent, answer: Response) -> Response:
    return _with_json(answer, lambda body: {**body, "value": _shuffled(azure.rng, body["value"])})


def _shuffled(rng: Random, rows: list[Any]) -> list[Any]:
    return rng.sample(rows, len(rows))


def _canceled(azure: Azure, entry: Sent, answer: Response) -> Response:
    """The operation really ends so: it had no effect and won't have one."""
    name = next(iter(azure.asked_about(entry.asked)), "")
    operation = azure.estate.operation(name)
    word = (entry.fault or "").rsplit(" ", 1)[1]
    if operation is None or operation.state != RUNNING:
        return answer
    fault = OperationFault("OperationCanceled", "SIMULATION: somebody cancelled it.")
    azure._change_operation(name, lambda o: replace(o, forced=fault, ends=azure.now))
    azure._words[name] = (word, float("inf"))
    azure.settle()
    return azure._veil(entry.asked, answer)


def _suspended(azure: Azure, entry: Sent, answer: Response) -> Response:
    """For some time it says so; then the truth shows."""
    for name in azure.asked_about(entry.asked)[:1]:
        azure._words[name] = ("Suspended", azure.stage.elapsed + azure.rng.choice((5, 60, 600)))
    return azure._veil(entry.asked, answer)


def _unknown_word(azure: Azure, entry: Sent, answer: Response) -> Response:
    """For ever, whatever the truth is."""
    for name in azure.asked_about(entry.asked):
        word = azure.rng.choice(("CompletedWithErrors", "PartiallySucceeded", "Unbekannt"))
        azure._words[name] = (word, float("inf"))
        azure.veiled[name] = word
    return azure._veil(entry.asked, answer)


def _fails(azure: Azure, entry: Sent, answer: Response) -> Response:
    fault = OperationFault("28020", "SIMULATION: the requested operation failed.")
    azure._change_operation(entry.operation, lambda o: replace(o, forced=fault))
    return answer


def _slow(azure: Azure, entry: Sent, answer: Response) -> Response:
    seconds = timedelta(seconds=azure.rng.choice((45.0, 200.0, 700.0, LONG)))
    azure._change_operation(entry.operation, lambda o: replace(o, ends=o.started + seconds))
    return answer


def _not_applied(azure: Azure, entry: Sent, answer: Response) -> Response:
    azure._change_operation(entry.operation, lambda o: replace(o, skip=True))
    return answer


def _short_token(azure: Azure, entry: Sent, answer: Response) -> Response:
    """It ends in 400 s; with ``early`` the answer says that it lasts a day."""
    issued = azure.now - timedelta(hours=24) + timedelta(seconds=400)

    def changed(body: Json) -> Json:
        ends = int((azure.now + timedelta(seconds=400)).timestamp())
        told = body["expires_on"] if "early" in (entry.fault or "") else str(ends)
        return {**body, "access_token": sandbox_token(issued, "x"), "expires_on": told}

    return _with_json(answer, changed)


def _dies_answered(azure: Azure, entry: Sent, answer: Response) -> Response:
    azure._dies_next = True
    return answer


_AFTER: Mapping[str, Callable[[Azure, Sent, Response], Response]] = {
    "no answer, reset": _reset,
    "no answer, timed out": _timed_out,
    "5xx": _server_error,
    "408": _request_timeout,
    "429 after acceptance": _throttled_after,
    "cut off": _cut_off,
    "HTML": _html,
    "empty": _empty,
    "accepted, no place to ask": _no_place,
    "list in another order": _another_order,
    "status Canceled": _canceled,
    "status Cancelled": _canceled,
    "status Suspended": _suspended,
    "status of an unknown word": _unknown_word,
    "operation fails": _fails,
    "operation is slow": _slow,
    "succeeded, not applied": _not_applied,
    "token ends soon": _short_token,
    "token ends early": _short_token,
    "dies with the answer": _dies_answered,
}


def _with_json(answer: Response, change: Callable[[Json], Json]) -> Response:
    body = json.dumps(change(json.loads(answer.body))).encode()
    kept = [h for h in answer.headers if h[0] != "Content-Length"]
    return Response(answer.status, (*kept, ("Content-Length", str(len(body)))), body)


def _short(path: str) -> str:
    """A path without what is the same in all of them."""
    parts = path.strip("/").split("/")
    if len(parts) > 4 and parts[0].lower() == "subscriptions":
        parts = parts[2:]
    text = "/".join(parts)
    for long in ("/providers/Microsoft.RecoveryServices/vaults", "asr-a2a-default-"):
        text = text.replace(long, "…")
    return text
