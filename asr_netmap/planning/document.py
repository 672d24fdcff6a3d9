"""The JSON form of plans: for people and programs to read, and for `apply` to carry out.

A document holds no time of its own making, so the same plan gives the same bytes; its fingerprint
is the digest of what will be done, to what, and under which settings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from ipaddress import ip_address
from typing import Any

from pydantic import TypeAdapter

from asr_netmap.arm_id import ArmId
from asr_netmap.json_pieces import canonical_pieces, list_of, rows_of
from asr_netmap.models import NotLookedAt, RegionPair
from asr_netmap.planning.basis import Basis, FromJournal, FromRules, FromTable
from asr_netmap.planning.change import (
    Action,
    AddressClaim,
    Change,
    ContainerMappingState,
    FabricState,
    GroupState,
    ItemState,
    Kind,
    MappingState,
    NetworkState,
    PolicyState,
    ProtectionContainerState,
    ReplicationState,
    State,
)
from asr_netmap.planning.nic_setting import Setting, value_from_json, value_to_json
from asr_netmap.planning.plan import Finding, Pending, Placement, Plan, Scope, Severity
from asr_netmap.rules.effective import Effective

PLAN_SCHEMA = "asr-netmap/plan/2"
_BOUND = ("scope", "settings", "basis", "changes", "pending")  # what the fingerprint is of

_STATES: Mapping[Kind, type[State]] = {
    Kind.RESOURCE_GROUP: GroupState,
    Kind.NETWORK: NetworkState,
    Kind.FABRIC: FabricState,
    Kind.PROTECTION_CONTAINER: ProtectionContainerState,
    Kind.POLICY: PolicyState,
    Kind.CONTAINER_MAPPING: ContainerMappingState,
    Kind.MAPPING: MappingState,
    Kind.REPLICATION: ReplicationState,
}


def digest_of(document: object) -> str:
    """SHA-256, in hex, of the one spelling of a document: sorted keys, no blanks, UTF-8.

    Halves of surrogate pairs, which JSON can hold and UTF-8 can't, are spelt as if it could.
    """
    digest = hashlib.sha256()
    for piece in canonical_pieces(document):
        digest.update(piece.encode(errors="surrogatepass"))
    return digest.hexdigest()


def fingerprint(plan: Plan) -> str:
    """SHA-256, in hex, of what the plan would do, and from what it was made."""
    document = plan_document(plan, with_fingerprint=False, listed=rows_of)
    return digest_of({key: document[key] for key in _BOUND})


def plan_document(
    plan: Plan,
    *,
    with_fingerprint: bool = True,
    listed: Callable[[Callable[[Any], object], Sequence[Any]], Any] = list_of,
) -> dict[str, Any]:
    """A plan as JSON.

    listed -- how the long lists are made: at once, or with `json_pieces.rows_of` while they are
        written.
    """
    document: dict[str, Any] = {
        "scope": scope_document(plan.scope),
        "settings": plan.settings,
        "basis": _basis_document(plan.basis),
        "changes": listed(change_document, plan.changes),
        "pending": listed(pending_document, plan.pending),
        "findings": listed(finding_document, plan.findings),
        "not_looked_at": [gap_document(gap) for gap in plan.not_looked_at],
        "existing_settings": plan.existing_settings,
    }
    if with_fingerprint:
        document = {"fingerprint": fingerprint(plan), **document}
    return document


def plan_from_document(document: Mapping[str, Any]) -> Plan:
    """The plan that a document holds.

    Raises ValueError, KeyError, TypeError or an AsrNetmapError for anything that isn't one.
    """
    if not isinstance(document["settings"], Mapping):
        raise ValueError("the settings are no mapping")
    if not isinstance(document["existing_settings"], int):
        raise ValueError("the number of existing settings is no number")
    return Plan(
        scope=_scope(document["scope"]),
        settings=document["settings"],
        changes=tuple(change_from_document(each) for each in document["changes"]),
        pending=tuple(
            Pending(ArmId(each["subject"]), each["title"], each["reason"])
            for each in document["pending"]
        ),
        findings=tuple(_finding(each) for each in document["findings"]),
        not_looked_at=tuple(_gap(each) for each in document["not_looked_at"]),
        existing_settings=document["existing_settings"],
        basis=_basis(document["basis"]),
    )


def change_document(change: Change) -> dict[str, Any]:
    """A change as JSON."""
    document: dict[str, Any] = {
        "id": change.id,
        "kind": change.kind.value,
        "action": change.action.value,
        "subject": str(change.subject),
        "title": change.title,
        "before": state_document(change.kind, change.before),
        "after": state_document(change.kind, change.after),
        "reason": change.reason,
        "depends_on": list(change.depends_on),
    }
    if change.claims:
        document["claims"] = [
            {"network": str(claim.network), "address": str(claim.address)}
            for claim in change.claims
        ]
    return document


def pending_document(pending: Pending) -> dict[str, Any]:
    """A pending item as JSON."""
    return {"subject": str(pending.subject), "title": pending.title, "reason": pending.reason}


def finding_document(finding: Finding) -> dict[str, Any]:
    """A finding as JSON."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "subject": str(finding.subject),
        "title": finding.title,
        "message": finding.message,
        "fix": finding.fix,
        "command": finding.command,
    }


def gap_document(gap: NotLookedAt) -> dict[str, Any]:
    """Something that was not looked at, as JSON."""
    scope = str(gap.scope) if gap.scope else None
    document = {"what": gap.what, "reason": gap.reason, "scope": scope, "hint": gap.hint}
    return {**document, "kind": gap.kind} if gap.kind else document


def placement_document(placement: Placement) -> dict[str, Any]:
    """Where an IP config will be, as JSON; a plan file holds none of it."""
    return {
        "item": str(placement.item),
        "vm": placement.vm,
        "nic": placement.nic,
        "ip_config": placement.ip_config,
        "failover": _in_network(placement.failover),
        "test": _in_network(placement.test),
    }


def _in_network(found: Effective) -> dict[str, Any]:
    network = str(found.network) if found.network else None
    return {"network": network, **future_document(found)}


def future_document(found: Effective) -> dict[str, Any]:
    """Where in its network an IP config will be, as JSON.

    `address` is null where it can't be told, `text` says why and by which rule; `certain` is
    whether the document that the prediction rests on leaves no doubt.
    """
    return {
        "subnet": found.subnet,
        "address": str(found.address) if found.address is not None else None,
        "exists": found.exists,
        "predicted": found.predicted,
        "certain": found.certain,
        "trouble": found.trouble,
        "text": found.text,
        "rule": found.rule,
    }


def state_document(kind: Kind, state: State | None) -> dict[str, Any] | None:
    """A state as JSON; NIC settings as a list of settings."""
    if state is None:
        return None
    if isinstance(state, ItemState):
        return {"settings": [_setting_document(setting) for setting in state.settings]}
    dumped: dict[str, Any] = _adapter(kind).dump_python(state, mode="json")
    return dumped


def kind_of_state(state: State) -> Kind:
    """The kind of change that a state belongs to."""
    return next((k for k, of in _STATES.items() if isinstance(state, of)), Kind.NIC_SETTINGS)


def _setting_document(setting: Setting) -> dict[str, Any]:
    document: dict[str, Any] = {"setting": setting.name, "value": value_to_json(setting.value)}
    if setting.nic is not None:
        document["nic"] = str(setting.nic)
    if setting.ip_config is not None:
        document["ip_config"] = setting.ip_config
    if setting.reason:
        document["reason"] = setting.reason
    return document


@cache
def _adapter(kind: Kind) -> TypeAdapter[Any]:
    return TypeAdapter(_STATES[kind])


def _basis_document(basis: Basis) -> dict[str, Any]:
    if isinstance(basis, FromTable):
        return {"from": "nic-table"}
    if isinstance(basis, FromJournal):
        return {"from": "journal", "written": [change_document(each) for each in basis.written]}
    return {"from": "rules", "retarget_items": basis.retarget_items}


def _basis(document: Mapping[str, Any]) -> Basis:
    if document["from"] == "nic-table":
        return FromTable()
    if document["from"] == "journal":
        return FromJournal(tuple(change_from_document(each) for each in document["written"]))
    if document["from"] != "rules" or not isinstance(document["retarget_items"], bool):
        raise ValueError(f"no plan is made from {document['from']!r} like that")
    return FromRules(document["retarget_items"])


def scope_document(scope: Scope) -> dict[str, str]:
    """What a plan is bound to, as JSON."""
    return {
        "cloud": scope.cloud,
        "tenant": scope.tenant,
        "vault": str(scope.vault),
        "source_region": scope.regions.source,
        "target_region": scope.regions.target,
    }


def _scope(document: Mapping[str, Any]) -> Scope:
    regions = RegionPair(document["source_region"], document["target_region"])
    return Scope(document["cloud"], document["tenant"], ArmId(document["vault"]), regions)


def change_from_document(document: Mapping[str, Any]) -> Change:
    """The change that a document holds.

    Raises ValueError, KeyError, TypeError or an AsrNetmapError for anything that isn't one.
    """
    kind = Kind(document["kind"])
    change = Change(
        kind,
        Action(document["action"]),
        ArmId(document["subject"]),
        document["title"],
        _state(kind, document["before"]),
        _state(kind, document["after"]),
        document["reason"],
        tuple(document["depends_on"]),
        tuple(_claim(each) for each in document.get("claims", ())),
    )
    if change.id != document["id"]:
        raise ValueError(f"the change {document['id']} is not the one that its content makes it")
    if kind is Kind.NIC_SETTINGS and _keys(change.before) != _keys(change.after):
        raise ValueError(f"the change {document['id']} has other settings before than after")
    return change


def _keys(state: State | None) -> list[tuple[str, str, str]]:
    if not isinstance(state, ItemState):
        raise ValueError("NIC settings have a state before and one after")
    return [setting.key for setting in state.settings]


def _claim(document: Mapping[str, Any]) -> AddressClaim:
    return AddressClaim(ArmId(document["network"]), ip_address(document["address"]))


def _state(kind: Kind, document: Mapping[str, Any] | None) -> State | None:
    if document is None:
        return None
    if kind is Kind.NIC_SETTINGS:
        return ItemState(tuple(_setting(each) for each in document["settings"]))
    state: State = _adapter(kind).validate_python(document)
    return state


def _setting(document: Mapping[str, Any]) -> Setting:
    nic = document.get("nic")
    return Setting(
        document["setting"],
        value_from_json(document["setting"], document["value"]),
        ArmId(nic) if nic is not None else None,
        document.get("ip_config"),
        document.get("reason", ""),
    )


def _finding(document: Mapping[str, Any]) -> Finding:
    return Finding(
        document["code"],
        Severity(document["severity"]),
        ArmId(document["subject"]),
        document["title"],
        document["message"],
        document["fix"],
        document.get("command", ""),
    )


def _gap(document: Mapping[str, Any]) -> NotLookedAt:
    scope = document["scope"]
    return NotLookedAt(
        document["what"],
        document["reason"],
        ArmId(scope) if scope is not None else None,
        document["hint"],
        document.get("kind", ""),
    )
