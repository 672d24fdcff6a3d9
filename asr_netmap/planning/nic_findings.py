"""All findings about replicated NICs that planning does not make on its way to changes.

They look at what *will be*: give them the inventory with the plan's changes made, and what the
planner has said already, so that nothing is said twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, ReplicatedItem
from asr_netmap.planning.address_findings import (
    Futures,
    address_findings,
    relied_on_defaults,
    special_subnets,
)
from asr_netmap.planning.isolation_findings import (
    isolation_findings,
    overlap_findings,
    peers_of_all,
    production_networks,
)
from asr_netmap.planning.item_findings import item_finding, settings_row
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.planning.room import needs, room_findings, used_networks
from asr_netmap.planning.source_findings import source_findings
from asr_netmap.rules.references import (
    Problem,
    Reference,
    ReferenceProblem,
    References,
    blocked_by,
    references_of,
)

_ADDRESS = (
    "address-taken",
    "address-claimed-twice",
    "address-outside-subnet",
    "address-reserved",
)
_SUBNET = ("special-subnet", "subnet-unusable", "subnet-missing", "subnet-none")
_REFERENCE_CODES: Mapping[Problem, tuple[str, Severity]] = {
    Problem.GONE: ("reference-gone", Severity.ERROR),
    Problem.REGION: ("reference-wrong-region", Severity.ERROR),
    Problem.NETWORK: ("reference-wrong-network", Severity.ERROR),
    Problem.SUBSCRIPTION: ("reference-wrong-subscription", Severity.ERROR),
    Problem.SKU: ("reference-sku", Severity.ERROR),
    Problem.IN_USE: ("reuse-nic-in-use", Severity.WARNING),
    Problem.NO_NIC: ("reuse-nic-missing", Severity.WARNING),
}


def nic_findings(
    futures: Futures, items: Sequence[ReplicatedItem], known: Iterable[Finding] = ()
) -> Iterator[Finding]:
    """The findings about the NICs of `items`, in the items' order; pure.

    futures -- of the inventory as it will be; also its other items count, for what they hold and
        need.
    items -- those that the run is about, as they are in that inventory.
    known -- what the planner found: the same is not said again.
    """
    said = _Said(known)
    for finding in _all(futures, items):
        if not said.before(finding):
            yield finding


def blocked_items(inventory: Inventory, items: Iterable[ReplicatedItem]) -> Mapping[ArmId, str]:
    """Items for which nothing is sent, with the reason: they refer to what is gone.

    Sending an item means sending all its settings, so the dead reference would go along and be
    refused, or worse, be accepted until the failover. A setting that clears it unblocks the item.

    inventory, items -- as they will be, so that what the plan clears or creates counts.
    """
    references = References(inventory)
    return {item.id: blocked_by(gone) for item in items if (gone := references.gone(item))}


def _all(futures: Futures, items: Sequence[ReplicatedItem]) -> Iterator[Finding]:
    inventory = futures.inventory
    references = References(inventory)
    peers, production = peers_of_all(inventory), production_networks(inventory)
    for item in items:
        yield from isolation_findings(item, peers, production)
        for problem in references.problems(item):
            yield from _reference_finding(item, problem)
        yield from address_findings(futures, item)
        yield from special_subnets(futures, item)
        yield from relied_on_defaults(futures, item)
        yield from source_findings(inventory, item)
    yield from room_findings(needs(futures, used_networks(items)))
    targets = (item.target_network for item in items)
    yield from overlap_findings(inventory, {t for t in targets if t is not None}, peers)


def is_error(found: ReferenceProblem) -> bool:
    """Whether Azure can't use what the reference names; otherwise a failover still works."""
    return _REFERENCE_CODES.get(found.problem, ("", Severity.INFO))[1] is Severity.ERROR


def _reference_finding(item: ReplicatedItem, found: ReferenceProblem) -> Iterator[Finding]:
    """One finding; nothing for what could not be looked at, which is said once for the list."""
    if found.problem in _REFERENCE_CODES:
        code, severity = _REFERENCE_CODES[found.problem]
        message = f"{found.reference}: {found.text}"
        if found.blocks:
            message += f"; nothing is written for {item.vm_name}"
        yield item_finding(item, code, severity, message, _reference_fix(item, found))


def _reference_fix(item: ReplicatedItem, found: ReferenceProblem) -> str:
    ref = found.reference
    if ref.setting == "target_network":
        return f"Name another one: {settings_row(item, target_network='…')}"
    nic = ref.nic.name if ref.nic is not None else None
    row = settings_row(item, nic=nic, ip_config=ref.ip_config, **{ref.setting: _rest(item, ref)})
    return f"Name another one in nics.settings, or clear it: {row}"


def _rest(item: ReplicatedItem, ref: Reference) -> str:
    """The setting without the reference: the other pools, else ``none``."""
    rest = [
        str(each.target)
        for each in references_of(item)
        if replace(each, target=ref.target) == ref and each.target != ref.target
    ]
    return f"[{', '.join(rest)}]" if rest else "none"


class _Said:
    """What has been said, so that a second word on the same is left out."""

    def __init__(self, known: Iterable[Finding]) -> None:
        self._keys: set[tuple[object, ...]] = set()
        self._subnets: list[Finding] = []
        self._troubled: set[ArmId] = set()
        for finding in known:
            self._keys.update(_keys(finding))
            if finding.code in (*_ADDRESS, *_SUBNET):
                self._troubled.add(finding.subject)
            if finding.code == "subnet-full":
                self._subnets.append(finding)

    def before(self, finding: Finding) -> bool:
        """Whether the same was said, if in other words."""
        if finding.code == "no-room-for-failover":
            # Both begin with "subnet <name> of <network> ".
            start = finding.message.partition(" has not the room")[0] + " "
            return any(f.message.startswith(start) for f in self._subnets)
        if finding.code == "default-uncertain" and finding.subject in self._troubled:
            return True  # what is to be done about the trouble settles it
        return any(key in self._keys for key in _keys(finding))


def _keys(finding: Finding) -> Iterator[tuple[object, ...]]:
    where = finding.message.partition(":")[0]
    if finding.code in _ADDRESS:
        yield "address", finding.subject, where
    elif finding.code in _SUBNET:
        yield "subnet", finding.subject, where
    elif finding.code == "ipv6":
        yield "ipv6", finding.subject, where.removeprefix("test failover of ").partition(" ")[0]
    elif finding.code == "target-network-gone" or (
        finding.code == "reference-gone" and where == "target_network"
    ):
        yield "target_network", finding.subject
