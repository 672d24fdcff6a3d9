"""Which networks one item fails over into: its own, a named one, or that of its pair.

A mapping only says where items go that start to replicate; those that do already have a network
of their own, and it counts (Microsoft Learn, network mapping for Azure to Azure, 2026-02-12).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import UsageError
from asr_netmap.models import Direction, Inventory, Network, ReplicatedItem
from asr_netmap.rules.branches import Answer, Branch, decides, passes
from asr_netmap.rules.lookup import find_network
from asr_netmap.rules.mapping_pair import NetworkPair
from asr_netmap.settings import CLEAR

_GIVEN = "set explicitly in the configuration"
_ONLY_FORWARD = "it replicates back now, and a network's `test:` is for the way there"
_CLEARED = "cleared explicitly: Site Recovery decides"


class NetworkRule(Enum):
    """Whose word counts, for either network of an item; strongest first."""

    EXPLICIT = "explicit"
    WHAT_IS_SET = "what is set"
    MAPPING = "network mapping"
    CONFIGURED = "configured test network"
    AS_IT_IS = "left as it is"


Named = Network | UsageError | Literal["none"] | None
"""The network that a row names for an item; None: none does; ``none``: it is cleared.

An error as a value: the row means the other direction's region, and the item replicates back now.
"""


def named_network(
    item: ReplicatedItem, direction: Direction, text: str | None, role: str, inventory: Inventory
) -> Named:
    """The network that a row names for the item.

    text -- name, group/name or ARM id; ``none`` clears it. role -- for messages.
    Raises NotFound or AmbiguousName, and UsageError for an item that goes forward.
    """
    if not text:
        return None
    if text == CLEAR:
        return CLEAR
    try:
        return find_network(text, inventory, item.target_region, role)
    except UsageError as error:
        if direction is Direction.FORWARD:
            raise
        return error


def branches_for_target_network(
    item: ReplicatedItem,
    direction: Direction,
    pair: NetworkPair,
    named: Named,
    *,
    retarget: bool,
) -> tuple[Branch[ArmId], ...]:
    """Where the item is to fail over: the branches in their order.

    An outcome of None: no network is to be set.
    named -- as `named_network` found it. retarget -- items follow their pair.
    """
    maps, onto = pair.ends(direction)
    own = item.target_network

    def what_is_set() -> Answer[ArmId]:
        if own is None:
            return passes("it selects none")
        if own == onto:
            return passes(f"it selects {own.name}, which its network is mapped to")
        if retarget:
            return passes(f"it selects {own.name}, and --retarget-items moves it")
        return decides(
            own,
            f"it selects {own.name}, and that is kept: changing a mapping does not move items "
            "that replicate already",
        )

    def mapping() -> Answer[ArmId]:
        moved = own is not None and own != onto
        return decides(
            onto, "moved along with the mapping" if moved else f"{maps.name} is mapped to it"
        )

    return (
        Branch(NetworkRule.EXPLICIT.value, lambda: _explicit(named)),
        Branch(NetworkRule.WHAT_IS_SET.value, what_is_set),
        Branch(NetworkRule.MAPPING.value, mapping),
    )


def branches_for_test_network(
    item: ReplicatedItem,
    direction: Direction,
    named: Named,
    configured: str | None,
    inventory: Inventory,
    *,
    enforce: bool,
) -> tuple[Branch[ArmId], ...]:
    """Where test failovers of the item are to go: the branches in their order.

    An outcome of None: none is to be set.
    named -- as `named_network` found it.
    configured -- what the pair's `test:` names, which counts for items that go forward.
    enforce -- it replaces what somebody set.
    Asking one raises NotFound, AmbiguousName or UsageError for a network that can't be meant.
    """
    search = _ForTestFailover(item, direction, configured, inventory, enforce)
    return (
        Branch(NetworkRule.EXPLICIT.value, lambda: _explicit(named)),
        Branch(NetworkRule.WHAT_IS_SET.value, search.what_is_set),
        Branch(NetworkRule.CONFIGURED.value, search.configured_one),
        Branch(NetworkRule.AS_IT_IS.value, search.as_it_is),
    )


def _explicit(named: Named) -> Answer[ArmId]:
    if named is None:
        return passes("no row of nics.settings names one")
    if isinstance(named, UsageError):
        return passes(f"it replicates back now: {named.message}")
    if isinstance(named, str):
        return decides(None, _CLEARED)
    return decides(named.id, _GIVEN)


@dataclass(frozen=True, slots=True)
class _ForTestFailover:
    """What the branches for the test network look at; a method for each."""

    item: ReplicatedItem
    direction: Direction
    configured: str | None
    inventory: Inventory
    enforce: bool

    def what_is_set(self) -> Answer[ArmId]:
        own = self.item.test_network
        if own is None:
            return passes("it has none")
        if self._back or self.configured is None:
            return passes(f"it has {own.name}, and no other one is configured")
        wanted = self._find(self.configured)
        if own == wanted:
            return passes(f"it has {own.name}, which is the configured one")
        if self.enforce:
            return passes(f"it has {own.name}, and `existing: enforce` replaces it")
        kept = f"{own.name} was set by somebody and is kept"
        return decides(own, f"{kept}; the configuration names {wanted.name}")

    def configured_one(self) -> Answer[ArmId]:
        if self._back:
            return passes(_ONLY_FORWARD)
        if self.configured is None:
            return passes("its network has no `test: {network: …}`")
        return decides(self._find(self.configured), "the configured test network")

    def as_it_is(self) -> Answer[ArmId]:
        return decides(self.item.test_network, "nothing is said of it")

    @property
    def _back(self) -> bool:
        return self.direction is Direction.REVERSE

    def _find(self, text: str) -> ArmId:
        return find_network(text, self.inventory, self.item.target_region, "test network").id
