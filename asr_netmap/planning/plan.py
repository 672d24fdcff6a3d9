"""The plan: what would change, what can't change yet, and what people should know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.models import NotLookedAt, RegionPair
from asr_netmap.planning.basis import ALL_RULES, Basis, FromRules
from asr_netmap.planning.change import Change
from asr_netmap.rules.effective import Effective


class Severity(str, Enum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a plan is bound to; it is refused anywhere else."""

    cloud: str
    tenant: str
    vault: ArmId
    regions: RegionPair


@dataclass(frozen=True, slots=True)
class Pending:
    """A replicated item whose settings can't be written yet; the next run looks again."""

    subject: ArmId
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something people should know, with what to do about it.

    code -- stable, for filters and tickets, such as ``mapping-one-way``.
    fix -- what to do, in words.
    command -- does it when run in a shell; empty: no command does.
    """

    code: str
    severity: Severity
    subject: ArmId
    title: str
    message: str
    fix: str = ""
    command: str = ""

    @property
    def is_error(self) -> bool:
        """Whether something declared can't be done at all."""
        return self.severity is Severity.ERROR


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one IP config will be after a failover and a test failover, once the plan is applied.

    item -- the replicated item's id; vm, nic, ip_config -- names.
    source_network -- the network that the NIC is in now; None: not known.
    What is not set is a prediction, and marked as one.
    """

    item: ArmId
    vm: str
    nic: str
    ip_config: str
    failover: Effective
    test: Effective
    source_network: ArmId | None = None


@dataclass(frozen=True, slots=True)
class SubnetNeed:
    """How many addresses a subnet has to have for failovers and test failovers, once applied.

    size -- how many it can have: without the five that Azure keeps in each prefix.
    failover, test -- how many items' IP configs will be in it after each; all items count.
    strangers -- how many are held by listed NICs and load balancers that belong to no item.
    own -- how many are held by listed NICs that failovers and test failovers of items made.
    """

    network: ArmId
    subnet: str
    size: int
    failover: int
    test: int
    strangers: int
    own: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All that would be done to one vault's region pair, and why.

    settings -- the settings it was made from, as JSON; apply plans again from these.
    basis -- what it was made from beside them.
    existing_settings -- how many NIC settings already have a value: what the safety limit counts
        changes against.
    placements -- where the IP configs of its items will be; shown, and not kept in a plan file.
    needs -- of the subnets that its items will be in; not kept in a plan file.
    items -- the replicated items that it is about, pending ones too; not kept in a plan file.
    """

    scope: Scope
    settings: Mapping[str, Any]
    changes: tuple[Change, ...] = ()
    pending: tuple[Pending, ...] = ()
    findings: tuple[Finding, ...] = ()
    not_looked_at: tuple[NotLookedAt, ...] = ()
    existing_settings: int = 0
    placements: tuple[Placement, ...] = field(default=(), compare=False)
    needs: tuple[SubnetNeed, ...] = field(default=(), compare=False)
    items: tuple[ArmId, ...] = field(default=(), compare=False)
    basis: Basis = ALL_RULES
    # Not taken over by dataclasses.replace: another plan has other changes.
    _by_id: dict[str, Change] = field(default_factory=dict, init=False, repr=False, compare=False)

    def change(self, change_id: str) -> Change | None:
        """The change of that id."""
        if not self._by_id:
            self._by_id.update((change.id, change) for change in self.changes)
        return self._by_id.get(change_id)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that say what of the declared can't be planned.

        A plan from a table or a journal has none: it holds what was asked for, or is refused;
        what else is wrong with the items was so before.
        """
        if not isinstance(self.basis, FromRules):
            return ()
        return tuple(finding for finding in self.findings if finding.is_error)

    @property
    def empty(self) -> bool:
        """Whether nothing can be done now."""
        return not self.changes
