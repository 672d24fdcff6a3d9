"""What must be true after a run, whatever went wrong in it: judged from the estate, not from talk.

Nothing here asks the program what it thinks of a body: names and rules of the wire are written out
again, so that a mistake in the program's tables shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from asr_netmap.applying.outcome import Outcome, Status
from asr_netmap.planning.change import (
    Change,
    GroupState,
    ItemState,
    MappingState,
    NetworkState,
)
from asr_netmap.planning.nic_setting import Setting
from asr_netmap.sandbox.operations import FAILED, RUNNING
from tests.role_actions import held, needed
from tests.simulation.azure import Azure, Edit, Effect, Sent
from tests.simulation.faults import JOBS, TOKEN
from tests.simulation.program import Ended
from tests.simulation.stage import START

Json = dict[str, Any]

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
VAULT = (
    f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-vault"
    "/providers/microsoft.recoveryservices/vaults/vault-dr"
)
REGIONS = frozenset({"eastasia", "southeastasia"})

# Our name of a setting -> where Azure keeps it: level, then key.
_WIRE: Mapping[str, tuple[str, str]] = {
    "target_network": ("item", "selectedRecoveryAzureNetworkId"),
    "test_network": ("item", "selectedTfoAzureNetworkId"),
    "nsg": ("nic", "recoveryNetworkSecurityGroupId"),
    "accelerated": ("nic", "enableAcceleratedNetworkingOnRecovery"),
    "nic_name": ("nic", "recoveryNicName"),
    "nic_group": ("nic", "recoveryNicResourceGroupName"),
    "reuse_nic": ("nic", "reuseExistingNic"),
    "test_nsg": ("nic", "tfoNetworkSecurityGroupId"),
    "test_accelerated": ("nic", "enableAcceleratedNetworkingOnTfo"),
    "test_nic_name": ("nic", "tfoRecoveryNicName"),
    "test_nic_group": ("nic", "tfoRecoveryNicResourceGroupName"),
    "test_reuse_nic": ("nic", "tfoReuseExistingNic"),
    "subnet": ("config", "recoverySubnetName"),
    "address": ("config", "recoveryStaticIPAddress"),
    "public_ip": ("config", "recoveryPublicIPAddressId"),
    "lb_pools": ("config", "recoveryLBBackendAddressPoolIds"),
    "selected": ("config", "isSeletedForFailover"),
    "primary": ("config", "isPrimary"),
    "test_subnet": ("config", "tfoSubnetName"),
    "test_address": ("config", "tfoStaticIPAddress"),
    "test_public_ip": ("config", "tfoPublicIPAddressId"),
    "test_lb_pools": ("config", "tfoLBBackendAddressPoolIds"),
}
# Fields that the service itself moves when a NIC is written.
_FOLLOWING = frozenset(
    {"selectionType", "recoveryVMNetworkId", "tfoVMNetworkId", "recoveryIPAddressType"}
)
_HEALTH = frozenset({"healthErrors", "failoverHealth"})

_GROUP_PATH = rf"/subscriptions/{SUBSCRIPTION}/resourcegroups/[\w.-]+"
_ALLOWED = tuple(
    (methods, re.compile(pattern + r"\Z"))
    for methods, pattern in (
        (("PUT",), _GROUP_PATH),
        (("PUT",), rf"{_GROUP_PATH}/providers/microsoft\.network/virtualnetworks/[\w.-]+"),
        (("PUT",), rf"{VAULT}/replicationfabrics/[\w.-]+"),
        (
            ("PUT", "PATCH", "DELETE"),
            rf"{VAULT}/replicationfabrics/[\w.-]+/replicationnetworks/[\w.-]+"
            r"/replicationnetworkmappings/[\w.-]+",
        ),
        (
            ("PATCH",),
            rf"{VAULT}/replicationfabrics/[\w.-]+/replicationprotectioncontainers/[\w.-]+"
            r"/replicationprotecteditems/[\w.-]+",
        ),
    )
)
_NAME = r"[^/]+"
_SUBSCRIPTION = f"/subscriptions/{SUBSCRIPTION}"
_MAPPINGS_OF = rf"{_NAME}/replicationnetworks/{_NAME}/replicationnetworkmappings/{_NAME}"
_ITEMS_OF = rf"{_NAME}/replicationprotectioncontainers/{_NAME}/replicationprotecteditems/{_NAME}"
_ZONES = "microsoft.network/privatednszones"
_READ = tuple(
    re.compile(pattern + r"\Z")
    for pattern in (
        "/msi/token",
        "/subscriptions",
        rf"{_SUBSCRIPTION}(/locations|/resourcegroups(/{_NAME})?)?",
        rf"{_SUBSCRIPTION}/providers/microsoft\.(compute/virtualmachines|authorization/locks)",
        rf"{_SUBSCRIPTION}/providers/microsoft\.network/[a-z]+",
        rf"{_SUBSCRIPTION}/providers/microsoft\.network/locations/[a-z]+/operations/{_NAME}",
        rf"{_GROUP_PATH}/providers/{_ZONES}/{_NAME}/virtualnetworklinks",
        rf"{_GROUP_PATH}/providers/microsoft\.network/virtualnetworks/{_NAME}"
        "(/checkipaddressavailability|/usages)?",
        VAULT,
        rf"{VAULT}/providers/microsoft\.authorization/permissions",
        rf"{VAULT}/replication(fabrics|policies|protectioncontainers|networkmappings)",
        rf"{VAULT}/replication(protectioncontainermappings|protecteditems|jobs)",
        rf"{VAULT}/replication(jobs|operationstatus)/{_NAME}",
        rf"{VAULT}/replicationfabrics/{_MAPPINGS_OF}",
        rf"{VAULT}/replicationfabrics/{_ITEMS_OF}",
    )
)


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken."""

    promise: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.what}"


def judge_run(azure: Azure, ended: Ended) -> list[Violation]:
    """Everything that a start of the program must keep, right after it."""
    azure.settle()
    found = list(_truth(azure, ended))
    found += _exit_code(azure, ended)
    return found


def judge_all(azure: Azure, runs: list[Ended]) -> list[Violation]:
    """Everything that a run and its restarts must keep together."""
    found = [*scope_violations(azure), *_duplicates(azure), *_overlapping_writes(azure)]
    found += uncovered(azure, "operator")
    found += unowned(azure, runs)
    return found


# -- duplicates ------------------------------------------------------------------------------


def accepted(azure: Azure) -> Iterator[Sent]:
    """The writes that the engine took from the program."""
    return (sent for sent in azure.sent if sent.accepted)


def _duplicates(azure: Azure) -> Iterator[Violation]:
    """No object is written a second time unless the first write had no effect, or somebody else
    changed the object in between."""
    last: dict[str, Sent] = {}
    for sent in accepted(azure):
        path = sent.asked.path.lower()
        earlier = last.get(path)
        if earlier is not None and not _excused(azure, earlier, sent):
            yield Violation("no duplicate write", f"{sent.asked.path}: {earlier} and {sent}")
        last[path] = sent


def _excused(azure: Azure, earlier: Sent, later: Sent) -> bool:
    if any(e.path == earlier.asked.path.lower() and e.at <= later.at for e in azure.edits):
        return True
    operation = azure.estate.operation(earlier.operation)
    return operation is not None and (operation.skip or operation.state == FAILED)


def _overlapping_writes(azure: Azure) -> Iterator[Violation]:
    """Nothing is written while a write of the program to the same object still runs."""
    writes = [
        (sent, azure.estate.operation(sent.operation)) for sent in accepted(azure) if sent.operation
    ]
    for place, (sent, operation) in enumerate(writes):
        for other, running in writes[:place]:
            if operation is None or running is None or other.asked.path != sent.asked.path:
                continue
            ends = (running.ends - START).total_seconds()
            started = (operation.started - START).total_seconds()
            if started < ends - 1e-3:
                yield Violation("one write at a time", f"{sent} while {other} runs until {ends}")


# -- scope -----------------------------------------------------------------------------------


def scope_violations(azure: Azure, since: int = 0) -> Iterator[Violation]:
    """Requests to another host, another vault, with another method, or about other regions.

    since -- so many requests are known already.
    """
    for sent in azure.sent[since:]:
        asked = sent.asked
        path = asked.path.lower()
        host = asked.request.url.split("/")[2]
        if host != "sandbox.asr-netmap.invalid":
            yield Violation("only the named host", str(sent))
        if asked.method == "GET":
            if not any(rule.match(path) for rule in _READ):
                yield Violation("only what is read", str(sent))
            continue
        if not any(asked.method in methods and rule.match(path) for methods, rule in _ALLOWED):
            yield Violation("only allowed writes", str(sent))
        yield from _body_in_scope(azure, sent)


def uncovered(azure: Azure, role: str, since: int = 0) -> Iterator[Violation]:
    """Requests that an identity with a shipped role could not send.

    since -- so many requests are known already, or are others'.
    """
    actions = held(role)
    for sent in azure.sent[since:]:
        if sent.asked.kind == TOKEN:
            continue
        bodies = [sent.asked.request.body or b""] if sent.accepted else []
        lacking = needed([(sent.asked.method, sent.asked.path)], bodies) - actions
        if lacking:
            yield Violation(f"the {role} may do it", f"{sent}: {', '.join(sorted(lacking))}")


def _body_in_scope(azure: Azure, sent: Sent) -> Iterator[Violation]:
    body = json.loads(sent.asked.request.body or b"{}")
    for identifier in _ids_in(body):
        if f"/subscriptions/{SUBSCRIPTION}/" not in identifier.lower():
            yield Violation("only ids of the subscription", f"{sent}: {identifier}")
        network = azure.estate.get(identifier)
        region = network.get("location") if network is not None else None
        if region is not None and region not in REGIONS:
            yield Violation("only the two regions", f"{sent}: {identifier}")
    if body.get("location") and body["location"] not in REGIONS:
        yield Violation("only the two regions", str(sent))
    if "/replicationnetworkmappings/" in sent.asked.path.lower() and body:
        yield from _mapping_in_scope(azure, sent, body["properties"])


def _mapping_in_scope(azure: Azure, sent: Sent, properties: Json) -> Iterator[Violation]:
    """Source network in the fabric's region, target in the other."""
    home = "southeastasia" if "default-southeastasia/" in sent.asked.path.lower() else "eastasia"
    (away,) = REGIONS - {home}
    source = properties["fabricSpecificDetails"]["primaryNetworkId"]
    for identifier, region in ((source, home), (properties["recoveryNetworkId"], away)):
        network = azure.estate.get(identifier)
        if network is None or network["location"] != region:
            yield Violation("networks in their regions", f"{sent}: {identifier} not in {region}")


def _ids_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _ids_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from _ids_in(each)
    elif isinstance(value, str) and value.lower().startswith("/subscriptions/"):
        yield value


# -- truth -----------------------------------------------------------------------------------


def _truth(azure: Azure, ended: Ended) -> Iterator[Violation]:
    for plan, result in ended.applied:
        for outcome in result.outcomes:
            change = plan.change(outcome.change_id)
            assert change is not None
            why = _lie(azure, ended, change, outcome)
            if why:
                yield Violation("outcomes tell the truth", f"{_told(change, outcome)}: {why}")


def _told(change: Change, outcome: Outcome) -> str:
    return f"{change.title} {outcome.status.value} {outcome.code} ({outcome.message[:300]})"


def _lie(azure: Azure, ended: Ended, change: Change, outcome: Outcome) -> str:
    """What is wrong with an outcome; empty: nothing."""
    wrong = tuple(wrongs(azure, change))
    edited = any(e.path == change.subject.key for e in azure.edits)
    if outcome.status is Status.APPLIED:
        return "" if edited or not wrong else f"the estate says otherwise: {'; '.join(wrong)}"
    mine = [s for s in accepted(azure) if _is_of(s, ended, change)]
    operations = [o for s in mine if (o := azure.estate.operation(s.operation)) is not None]
    running = [o for o in operations if o.state == RUNNING]
    took_effect = [
        s
        for s in mine
        if (o := azure.estate.operation(s.operation)) is None
        or (o.state not in (FAILED, RUNNING) and not o.skip)
    ]
    if outcome.status is Status.UNKNOWN:
        # A fault of anything may take the time that a look would have had.
        late = outcome.code == "deadline" and any(
            s.fault for s in azure.sent if s.process == ended.process
        )
        return "" if late else _needlessly_unknown(azure, ended, change, bool(running), bool(mine))
    if running:
        return "Azure still works on it"
    if took_effect and not wrong and not edited:
        return "it was written and took effect"
    return ""


def _is_of(sent: Sent, ended: Ended, change: Change) -> bool:
    return sent.process == ended.process and sent.asked.path.lower() == change.subject.key


def _needlessly_unknown(
    azure: Azure, ended: Ended, change: Change, running: bool, written: bool
) -> str:
    """Unknown is for what can't be found out: nothing of it was answered, or it still runs."""
    if running:
        return ""
    own = [s for s in azure.sent if s.process == ended.process]
    names = {s.operation for s in own if s.accepted and _is_of(s, ended, change)}
    if names & set(azure.veiled):
        return ""
    if any(s.fault for s in own if _about(s, change, names)):
        return ""
    return f"nothing hid it (written: {written})"


# Of jobs, and of what is read back.
_TOLD_BY_LISTS = (
    "/replicationjobs",
    "/replicationprotecteditems",
    "/replicationnetworkmappings",
)


def _about(sent: Sent, change: Change, operations: set[str]) -> bool:
    path = sent.asked.path.lower()
    return (
        path == change.subject.key
        or path.rsplit("/", 1)[1] in operations
        or path.endswith(_TOLD_BY_LISTS)
    )


def wrongs(azure: Azure, change: Change) -> Iterator[str]:
    """What of a change's wish the estate does not hold, in words."""
    found = azure.estate.get(str(change.subject))
    after = change.after
    if after is None or found is None:
        if (found is None) != (after is None):
            yield "it is still there" if after is None else "it is not there"
    elif isinstance(after, ItemState):
        yield from _wrong_settings(found, after.settings)
    elif isinstance(after, MappingState):
        yield from _wrong_mapping(found["properties"], after)
    elif isinstance(after, NetworkState):
        prefixes = found["properties"]["addressSpace"]["addressPrefixes"]
        if sorted(prefixes) != sorted(str(each) for each in after.address_space):
            yield f"its address space is {prefixes}"
    elif isinstance(after, GroupState) and found["location"] != after.region:
        yield f"it is in {found['location']}"


def _wrong_mapping(properties: Json, after: MappingState) -> Iterator[str]:
    for key, wanted in (
        ("recoveryNetworkId", str(after.target_network)),
        ("primaryNetworkId", str(after.source_network)),
        ("state", "Paired"),
    ):
        if properties[key].lower() != wanted.lower():
            yield f"{key} is {properties[key]}"


def _wrong_settings(item: Json, settings: tuple[Setting, ...]) -> Iterator[str]:
    for setting in settings:
        holder = _holder(item, setting)
        key = _WIRE[setting.name][1]
        if holder is None:
            yield f"no place for {setting.name}"
        elif _plain(holder.get(key)) != _plain(setting.value):
            yield f"{key} is {holder.get(key)!r}, wanted {setting.value!s}"


def _holder(item: Json, setting: Setting) -> Json | None:
    details: Json = item["properties"]["providerSpecificDetails"]
    level = _WIRE[setting.name][0]
    if level == "item":
        return details
    for nic in details.get("vmNics") or []:
        if nic["sourceNicArmId"].lower() != str(setting.nic).lower():
            continue
        if level == "nic":
            return dict(nic)
        for config in nic["ipConfigs"]:
            if config["name"].lower() == (setting.ip_config or "").lower():
                return dict(config)
    return None


def _plain(value: Any) -> Any:
    """A value without what makes no difference to Azure."""
    if value in (None, "", False, [], ()):
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, (list, tuple)):
        return sorted(str(each).lower() for each in value)
    try:
        return str(ip_address(str(value)))
    except ValueError:
        return str(value).lower()


# -- exit codes ------------------------------------------------------------------------------


def _exit_code(azure: Azure, ended: Ended) -> Iterator[Violation]:
    if ended.crash is not None:
        yield Violation("no traceback", repr(ended.crash))
        return
    if ended.code is None:
        return
    wrote = [s for s in accepted(azure) if s.process == ended.process]
    if not ended.applied:
        if wrote:
            yield Violation("exit code", f"{ended.code} without results, and {wrote[0]} was sent")
        if ended.code not in (1, 4, 5):
            yield Violation("exit code", f"{ended.code} where nothing was applied: {ended.err}")
        return
    expected = _code_of(ended)
    if ended.code != expected:
        yield Violation("exit code", f"{ended.code} where the outcomes ask for {expected}")
    told = {row["id"]: row["status"] for row in ended.json["outcomes"]}
    known = {o.change_id: o.status.value for _, r in ended.applied for o in r.outcomes}
    if told != known:
        yield Violation("JSON says the outcomes", f"{told} != {known}")


def _code_of(ended: Ended) -> int:
    statuses = {o.status for _, result in ended.applied for o in result.outcomes}
    if Status.UNKNOWN in statuses:
        return 6
    pending = Status.PENDING in statuses or any(plan.pending for plan, _ in ended.applied)
    unplanned = any(plan.errors or plan.not_looked_at for plan, _ in ended.applied)
    return 5 if Status.FAILED in statuses or pending or unplanned else 0


# -- what is not ours ------------------------------------------------------------------------


def unowned(azure: Azure, runs: list[Ended], since: int = 0) -> Iterator[Violation]:
    """A write of ours changes what its plan names, and nothing that somebody else set.

    What another admin wrote between our read and our write is lost, for there are no ETags; but
    never silently.

    since -- so many effects are known already.
    """
    for effect in azure.effects[since:]:
        if effect.process is None:
            continue
        ended = next(run for run in runs if run.process == effect.process)
        changed = unwanted(azure, effect, ended)
        if not changed:
            continue
        others = overwritten(azure, effect) is not None
        if not others or (could_tell(azure, ended, effect) and not told_of(ended, effect)):
            yield Violation("nothing unowned changes", f"{effect.operation.target}: {changed}")


def unwanted(azure: Azure, effect: Effect, ended: Ended) -> str:
    """What a write of ours changed that its plan doesn't name, or that it did not know of."""
    before, after = effect.before, effect.after
    if effect.operation.kind == "item-patch" and before is not None and after is not None:
        allowed = _allowed_places(ended, effect.operation.target)
        changed = [c for c in _changed(before, after) if not _is_allowed(c, allowed)]
        lost = overwritten(azure, effect)
        if lost is not None and lost.owned and before != after:
            changed += [(("", "", "another admin's"), lost.what, "overwritten")]
        return "; ".join(f"{place[2]} {was!r} -> {now!r}" for place, was, now in changed)
    lost = overwritten(azure, effect)
    if effect.operation.kind.startswith("mapping-") and lost is not None and before is not None:
        was = before["properties"]["recoveryNetworkId"]
        now = after["properties"]["recoveryNetworkId"] if after else None
        return f"recoveryNetworkId {was!r} -> {now!r}" if was != now else ""
    return ""


Place = tuple[str, str, str]


def _allowed_places(ended: Ended, subject: str) -> frozenset[Place]:
    """NIC, IP config and key of what the plan changes."""
    for plan in ended.begun:
        for change in plan.changes:
            if change.subject.key == subject.lower() and isinstance(change.after, ItemState):
                return frozenset(
                    (str(s.nic or "").lower(), (s.ip_config or "").lower(), _WIRE[s.name][1])
                    for s in change.after.settings
                )
    return frozenset()


def _changed(before: Json, after: Json) -> Iterator[tuple[Place, Any, Any]]:
    """Every leaf of an item that is not as it was, as its NIC, IP config and key."""
    one, other = before["properties"], after["properties"]
    for key in sorted({*one, *other} - {"providerSpecificDetails"} - _HEALTH):
        if one.get(key) != other.get(key) and key != "currentScenario":
            yield ("", "", key), one.get(key), other.get(key)
    one, other = one["providerSpecificDetails"], other["providerSpecificDetails"]
    for key in sorted({*one, *other} - {"vmNics"}):
        if one.get(key) != other.get(key):
            yield ("", "", key), one.get(key), other.get(key)
    for was, now in zip(one.get("vmNics") or [], other.get("vmNics") or [], strict=True):
        nic = was["sourceNicArmId"].lower()
        for key in sorted({*was, *now} - {"ipConfigs"}):
            yield (nic, "", key), was.get(key), now.get(key)
        for a, b in zip(was["ipConfigs"], now["ipConfigs"], strict=True):
            for key in sorted({*a, *b}):
                yield (nic, a["name"].lower(), key), a.get(key), b.get(key)


def _is_allowed(change: tuple[Place, Any, Any], allowed: frozenset[Place]) -> bool:
    place, was, now = change
    return _plain(was) == _plain(now) or place[2] in _FOLLOWING or place in allowed


def overwritten(azure: Azure, effect: Effect) -> Edit | None:
    """The edit of another admin that came after the reading which our write was made from."""
    path = effect.operation.target.lower()
    own = [
        (place, sent)
        for place, sent in enumerate(azure.sent, 1)
        if sent.asked.path.lower() == path and sent.process == effect.process
    ]
    written = next((p for p, sent in own if sent.operation == effect.operation.name), 0)
    read = max((p for p, s in own if p < written and s.asked.method == "GET"), default=0)
    edits = [e for e in azure.edits if e.path == path and e.place > read and e.at <= effect.at]
    return edits[-1] if edits else None


def _jobs_lagged(azure: Azure, effect: Effect) -> bool:
    """Whether the list of jobs, the only witness, was behind when it was asked."""
    started = (effect.operation.started - START).total_seconds()
    return any(
        sent.fault == "list lags" and sent.asked.kind == JOBS and sent.at >= started
        for sent in azure.sent
        if sent.process == effect.process
    )


def could_tell(azure: Azure, ended: Ended, effect: Effect) -> bool:
    """Whether the run lived to tell of a write, and had a witness of somebody else's."""
    return ended.code is not None and not _jobs_lagged(azure, effect)


def told_of(ended: Ended, effect: Effect) -> bool:
    """Whether the run said that its write crossed somebody else's work."""
    for plan, result in ended.applied:
        for outcome in result.outcomes:
            change = plan.change(outcome.change_id)
            if change is not None and change.subject.key == effect.operation.target.lower():
                told = outcome.code == "overlap" or "overlap" in outcome.message.lower()
                return told or outcome.status is not Status.APPLIED
    return False
