"""Every IP config of the replicated items: today, at failover and at test failover."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from asr_netmap.arm_id import ArmId
from asr_netmap.models import ReplicatedIpConfig, ReplicatedItem, ReplicatedNic
from asr_netmap.planning.plan import Finding, Placement, Severity
from asr_netmap.planning.readiness import Readiness
from asr_netmap.rules.readiness import not_ready

Key = tuple[ArmId, str, str]
"""Item, NIC name and IP config name; NICs of one VM in two groups may share their name."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """One IP config, and what will become of it.

    nic, config -- None: Site Recovery lists no NIC of the item yet.
    not_ready -- why its settings can't be written now; empty: they can.
    now -- where it will be as things are; None: it can't be told yet.
    later -- where it will be once the plan is applied; None: the same.
    codes -- of the findings about its item, the worst first.
    worst -- the worst severity of those; None: there is no finding.
    readiness -- whether the item can fail over to the right place; None: it was not judged.
    """

    item: ReplicatedItem
    nic: ReplicatedNic | None
    config: ReplicatedIpConfig | None
    not_ready: str
    now: Placement | None
    later: Placement | None
    codes: tuple[str, ...] = ()
    worst: Severity | None = None
    readiness: Readiness | None = None


def prospects(
    items: Iterable[ReplicatedItem],
    now: Iterable[Placement],
    later: Iterable[Placement],
    findings: Iterable[Finding],
    readiness: Iterable[Readiness] = (),
) -> Iterator[Prospect]:
    """A prospect per IP config in the order of `items`; one for an item that lists none yet."""
    present, coming = _by_key(now), _by_key(later)
    judged = {each.item: each for each in readiness}
    about: defaultdict[ArmId, list[Finding]] = defaultdict(list)
    for finding in findings:
        about[finding.subject].append(finding)
    for item in items:
        own = sorted(about.get(item.id, ()), key=lambda finding: finding.severity.rank)
        codes = tuple(dict.fromkeys(finding.code for finding in own))
        worst = own[0].severity if own else None
        reason = not_ready(item) or ""
        for nic, config in item.ip_configs():
            key = (item.id, nic.name, config.name) if nic and config else None
            here = present[key].popleft() if key and present[key] else None
            there = coming[key].popleft() if key and coming[key] else None
            changed = there if there is not None and not _same(here, there) else None
            ready = judged.get(item.id)
            yield Prospect(item, nic, config, reason, here, changed, codes, worst, ready)


def _by_key(placements: Iterable[Placement]) -> Mapping[Key, deque[Placement]]:
    found: defaultdict[Key, deque[Placement]] = defaultdict(deque)
    for each in placements:
        found[each.item, each.nic, each.ip_config].append(each)
    return found


def _same(here: Placement | None, there: Placement) -> bool:
    return here is not None and (here.failover, here.test) == (there.failover, there.test)
