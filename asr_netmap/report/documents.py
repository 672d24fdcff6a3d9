"""The JSON shapes: one document per command, with `schema` and `sandbox`.

Several vaults or pairs of regions go into one document of the same shape: lists are joined, and
`scopes` says what was looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from asr_netmap.applying.outcome import Outcome, Result
from asr_netmap.arm_id import ArmId
from asr_netmap.json_pieces import list_of
from asr_netmap.models import (
    Inventory,
    Network,
    NetworkMapping,
    NotLookedAt,
    RegionPair,
    ReplicatedItem,
    Subnet,
)
from asr_netmap.planning.change import Change
from asr_netmap.planning.document import (
    change_document,
    finding_document,
    fingerprint,
    gap_document,
    pending_document,
    placement_document,
)
from asr_netmap.planning.drill import DrillCheck
from asr_netmap.planning.nic_table.rows import Effective
from asr_netmap.planning.plan import Plan, Scope
from asr_netmap.planning.readiness import Readiness
from asr_netmap.planning.verification import Verification
from asr_netmap.report.inventory_pages import NotReady, item_direction, networks_of
from asr_netmap.report.nics_page import nic_columns, nic_rows
from asr_netmap.report.page import Later
from asr_netmap.report.plan_pages import by_severity

Json = dict[str, Any]
Listed = Callable[[Callable[[Any], object], Sequence[Any]], Any]
_Directed = TypeVar("_Directed", NetworkMapping, ReplicatedItem)


def discover_document(
    found: Sequence[tuple[Inventory, RegionPair | None]],
    not_ready: NotReady,
    *,
    sandbox: bool,
    not_looked_at: Sequence[NotLookedAt] = (),
) -> Json:
    """``discover``: networks, fabrics, mappings, items.

    not_looked_at -- here and below: what is missing beside what the values themselves say.
    """
    pairs = [(inventory, regions) for inventory, regions in found if regions is not None]
    document = _head("discover", sandbox)
    document["scopes"] = [_inventory_scope(*each) for each in found]
    networks = {n.id: n for inventory, regions in found for n in networks_of(inventory, regions)}
    document["networks"] = [_network(network) for network in networks.values()]
    document["fabrics"] = [
        {"id": str(fabric.id), "name": fabric.name, "region": fabric.region}
        for inventory in _once(found)
        for fabric in inventory.fabrics
    ]
    document["mappings"] = [
        _mapping(each, regions)
        for inventory, regions in pairs
        for each in _own(inventory.mappings, regions, len(pairs))
    ]
    document["items"] = [
        _item(each, regions, not_ready)
        for inventory, regions in pairs
        for each in _own(inventory.items, regions, len(pairs))
    ]
    gaps = [gap for inventory in _once(found) for gap in inventory.not_looked_at]
    document["not_looked_at"] = _gaps([*gaps, *not_looked_at])
    return document


def plan_document(
    plans: Sequence[Plan],
    *,
    sandbox: bool,
    not_looked_at: Sequence[NotLookedAt] = (),
    listed: Listed = list_of,
) -> Json:
    """``plan``: changes, pending items, findings, and where each IP config will be.

    listed -- here and below: how the long lists are made, at once or while they are written.
    """
    document = _with_plans(_head("plan", sandbox), plans, not_looked_at, listed)
    placements = [each for plan in plans for each in plan.placements]
    document["placements"] = listed(placement_document, placements)
    return document


def result_document(
    plans: Sequence[Plan],
    results: Sequence[Result],
    *,
    sandbox: bool,
    not_looked_at: Sequence[NotLookedAt] = (),
    listed: Listed = list_of,
) -> Json:
    """``apply``: a plan's document with what became of each change."""
    document = _with_plans(_head("apply", sandbox), plans, not_looked_at, listed)
    outcomes = [outcome for result in results for outcome in result.outcomes]
    document["outcomes"] = listed(_outcome, outcomes)
    document["interrupted"] = any(result.interrupted for result in results)
    document["notes"] = [note for result in results for note in result.notes]
    return document


def verify_document(
    verifications: Sequence[Verification],
    *,
    sandbox: bool,
    not_looked_at: Sequence[NotLookedAt] = (),
) -> Json:
    """``verify``: findings, readiness of each item, pending items, what was not looked at.

    `ready` of an item is true, false, or ``"unknown"`` where something that decides could not be
    read. `drill` has the test failovers, if they were asked for.
    """
    document = _head("verify", sandbox)
    document["scopes"] = [scope_document(each.plan.scope) for each in verifications]
    findings = by_severity(f for each in verifications for f in each.findings)
    document["findings"] = [finding_document(finding) for finding in findings]
    document["readiness"] = [_readiness(r) for each in verifications for r in each.readiness]
    document["drill"] = [_drill_check(c) for each in verifications for c in each.drill]
    document["pending"] = [pending_document(p) for each in verifications for p in each.pending]
    gaps = [gap for each in verifications for gap in each.not_looked_at]
    document["not_looked_at"] = _gaps([*gaps, *not_looked_at])
    return document


def _readiness(readiness: Readiness) -> Json:
    return {
        "item": str(readiness.item),
        "vm": readiness.vm,
        "ready": "unknown" if readiness.ready is None else readiness.ready,
        "missing": [
            {
                "code": each.code,
                "message": each.message,
                "fix": each.fix,
                "command": each.command,
            }
            for each in readiness.missing
        ],
        "unseen": list(readiness.unseen),
    }


def _drill_check(check: DrillCheck) -> Json:
    expected = check.expected
    return {
        "item": str(check.item),
        "vm": check.vm,
        "nic": check.nic,
        "ip_config": check.ip_config,
        "passed": check.passed,
        "problem": check.problem,
        "expected": {
            "network": _id(expected.network),
            "subnet": expected.subnet,
            "address": str(expected.address) if expected.address is not None else None,
            "certain": expected.certain,
            "why": expected.text,
        },
        "found": {
            "nic": _id(check.test_nic),
            "network": _id(check.network),
            "subnet": check.subnet,
            "address": str(check.address) if check.address is not None else None,
        },
    }


def nics_document(
    found: Sequence[tuple[Inventory, RegionPair, Effective]],
    not_ready: NotReady,
    *,
    sandbox: bool,
    not_looked_at: Sequence[NotLookedAt] = (),
    listed: Listed = list_of,
) -> Json:
    """``nics list``: the NIC table; every value is a text, empty where nothing is set."""
    document = _head("nics", sandbox)
    document["scopes"] = [_inventory_scope(inventory, pair) for inventory, pair, _ in found]
    columns = tuple(nic_columns())
    rows = Later(
        lambda: (
            row
            for inventory, pair, effective in found
            for row in nic_rows(_own(inventory.items, pair, len(found)), not_ready, effective)
        )
    )
    document["nics"] = listed(lambda row: {name: row[name] for name in columns}, rows)
    read = [(inventory, pair) for inventory, pair, _ in found]
    gaps = [gap for inventory in _once(read) for gap in inventory.not_looked_at]
    document["not_looked_at"] = _gaps([*gaps, *not_looked_at])
    return document


def fingerprint_of(plans: Sequence[Plan]) -> str:
    """The fingerprint of one plan, or one that stands for several."""
    return _one_for([fingerprint(plan) for plan in plans])


def _change_of_vault(change_and_vault: tuple[Change, str]) -> Json:
    change, vault = change_and_vault
    return {**change_document(change), "vault": vault}


def _one_for(prints: Sequence[str]) -> str:
    return prints[0] if len(prints) == 1 else hashlib.sha256("\n".join(prints).encode()).hexdigest()


def _head(what: str, sandbox: bool) -> Json:
    return {"schema": f"asr-netmap/{what}/1", "sandbox": sandbox}


def _with_plans(
    document: Json, plans: Sequence[Plan], not_looked_at: Sequence[NotLookedAt], listed: Listed
) -> Json:
    prints = [fingerprint(plan) for plan in plans]
    document["fingerprint"] = _one_for(prints)
    document["scopes"] = [
        {**scope_document(plan.scope), "fingerprint": own}
        for plan, own in zip(plans, prints, strict=True)
    ]
    changes = [(change, str(plan.scope.vault)) for plan in plans for change in plan.changes]
    document["changes"] = listed(_change_of_vault, changes)
    document["pending"] = [pending_document(each) for plan in plans for each in plan.pending]
    findings = by_severity(finding for plan in plans for finding in plan.findings)
    document["findings"] = listed(finding_document, findings)
    gaps = [gap for plan in plans for gap in plan.not_looked_at]
    document["not_looked_at"] = _gaps([*gaps, *not_looked_at])
    return document


def scope_document(scope: Scope) -> Json:
    """What a plan is bound to."""
    return {
        "cloud": scope.cloud,
        "vault": str(scope.vault),
        "source_region": scope.regions.source,
        "target_region": scope.regions.target,
    }


def _outcome(outcome: Outcome) -> Json:
    return {
        "id": outcome.change_id,
        "status": outcome.status.value,
        "code": outcome.code,
        "message": outcome.message,
        "seconds": round(outcome.seconds, 3),
        "request_id": outcome.request_id,
        "job": outcome.job,
    }


def _gaps(gaps: Iterable[NotLookedAt]) -> list[Json]:
    return [gap_document(gap) for gap in gaps]


def _own(found: Iterable[_Directed], regions: RegionPair, pairs: int) -> Iterator[_Directed]:
    """Those of the pair of regions where there are several pairs, so that none comes twice."""
    for each in found:
        if pairs == 1 or regions.direction_of(each.source_region, each.target_region):
            yield each


def _inventory_scope(inventory: Inventory, regions: RegionPair | None) -> Json:
    return {
        "vault": _id(inventory.vault.id if inventory.vault else None),
        "source_region": regions.source if regions else None,
        "target_region": regions.target if regions else None,
    }


def _network(network: Network) -> Json:
    return {
        "id": str(network.id),
        "name": network.name,
        "resource_group": network.id.group,
        "region": network.region,
        "address_space": [str(prefix) for prefix in network.address_space],
        "dns_servers": list(network.dns_servers),
        "subnets": [_subnet(subnet) for subnet in network.subnets],
    }


def _subnet(subnet: Subnet) -> Json:
    return {
        "name": subnet.name,
        "prefixes": [str(prefix) for prefix in subnet.prefixes],
        "nsg": _id(subnet.network_security_group),
        "route_table": _id(subnet.route_table),
        "nat_gateway": _id(subnet.nat_gateway),
        "delegations": list(subnet.delegations),
        "service_endpoints": list(subnet.service_endpoints),
    }


def _mapping(mapping: NetworkMapping, regions: RegionPair) -> Json:
    direction = regions.direction_of(mapping.source_region, mapping.target_region)
    return {
        "id": str(mapping.id),
        "direction": direction.value if direction else None,
        "source": str(mapping.source_network),
        "target": str(mapping.target_network),
        "state": mapping.state,
    }


def _item(item: ReplicatedItem, regions: RegionPair, not_ready: NotReady) -> Json:
    return {
        "id": str(item.id),
        "vm": item.vm_name,
        "vm_id": _id(item.vm),
        "direction": item_direction(item, regions),
        "source_region": item.source_region,
        "target_region": item.target_region,
        "protection_state": item.protection_state,
        "not_ready": not_ready(item),
        "source_networks": sorted(str(each) for each in item.source_networks),
        "target_network": _id(item.target_network),
        "test_network": _id(item.test_network),
        "health_codes": list(item.health_codes),
        "nics": [str(nic.id) for nic in item.nics],
    }


def _id(resource: ArmId | None) -> str | None:
    return str(resource) if resource else None


def _once(found: Sequence[tuple[Inventory, RegionPair | None]]) -> list[Inventory]:
    """Each vault's inventory once: a vault may be listed with several pairs of regions."""
    by_vault = {i.vault.id if i.vault else None: i for i, _ in found}
    return list(by_vault.values())
