"""Where every replicated item goes in a failover and in a test failover, or why it waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import NotFound, UsageError
from asr_netmap.models import Direction, Inventory, Network, ReplicatedItem
from asr_netmap.planning.commands import apply_to
from asr_netmap.planning.exceptions import Exceptions, rows_by_item
from asr_netmap.planning.item_findings import item_finding
from asr_netmap.planning.item_networks import (
    Named,
    NetworkRule,
    branches_for_target_network,
    branches_for_test_network,
    named_network,
)
from asr_netmap.planning.network_planner import NetworksPlan, PlannedPair
from asr_netmap.planning.nic_planner import ItemTask
from asr_netmap.planning.nic_setting import Setting
from asr_netmap.planning.plan import Finding, Pending, Severity
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.sources import networks_of, partner_of
from asr_netmap.planning.spot import Side
from asr_netmap.rules.branches import Answer, Branch, decide
from asr_netmap.rules.lookup import matches
from asr_netmap.rules.readiness import not_ready
from asr_netmap.settings import AddressMode, Settings


class ItemTasks:
    """Finds for every replicated item where it goes."""

    def __init__(
        self,
        inventory: Inventory,
        settings: Settings,
        networks: NetworksPlan,
        selection: Selection,
        *,
        retarget: bool,
    ) -> None:
        self._inventory = inventory
        self._settings = settings
        self._rows = rows_by_item(settings, inventory.items)
        self._selection = selection
        self._retarget = retarget
        self._unseen = networks.unseen
        self._unread_kinds = [gap for gap in inventory.not_looked_at if gap.kind]
        self._pairs: dict[tuple[Direction, ArmId], PlannedPair] = {}
        # Of several sources that share a target, the one that is mapped back has the way back.
        for planned in sorted(networks.pairs, key=lambda p: not p.mapped_back):
            for direction in Direction:
                self._pairs.setdefault((direction, planned.pair.ends(direction)[0]), planned)
        self._planned = {p.target.id: p.target for p in networks.pairs if p.target is not None}
        self.in_scope: list[ReplicatedItem] = []
        self.pending: list[Pending] = []
        self.findings: list[Finding] = []

    def tasks(self) -> Iterator[ItemTask]:
        """One task for every item that can be planned; pending items and findings on the way."""
        for item in sorted(self._inventory.items, key=lambda i: (i.vm_name.lower(), i.id)):
            direction = self._settings.regions.direction_of(item.source_region, item.target_region)
            if direction is None:
                self._out_of_scope(item)
                continue
            planned = self.pair_of(item, direction)
            if planned is None:
                self._without_pair(item)
                continue
            self.in_scope.append(item)
            if planned.blocked:
                self._wait(item, planned.blocked)
                continue
            task = self._task(item, direction, planned)
            if task is not None:
                yield task

    def pair_of(self, item: ReplicatedItem, direction: Direction) -> PlannedPair | None:
        """The pair of networks that is the item's; None: none is, or it is not selected."""
        for network in networks_of(item, self._inventory):
            planned = self._pairs.get((direction, network))
            if planned is not None and self._selection.takes_item(
                item, planned.pair.source, self._inventory
            ):
                return planned
        return None

    def _without_pair(self, item: ReplicatedItem) -> None:
        """An item waits, rather than not being there, while its networks can't be seen."""
        if not self._selection.takes_vm(item, self._inventory):
            return
        networks = networks_of(item, self._inventory)
        if not networks and not self._selection.networks:
            self._wait(item, not_ready(item) or "the networks of its NICs are not known")
        partners = (partner_of(n, self._settings.regions, self._inventory) for n in networks)
        concerned = (*networks, *(p for p in partners if p is not None))
        if not any(self._selection.takes_network(n) for n in concerned):
            return
        for network in concerned:
            if network in self._unseen:
                self._wait(item, self._unseen[network])
                return
            seen = self._inventory.network(network) or self._inventory.looked_at(network)
            if not seen and any(self._declared(n) for n in concerned):
                self._wait(item, f"its network {network} could not be read")
                return

    def _declared(self, network: ArmId) -> bool:
        declared = self._settings.networks
        return declared is None or any(
            matches(text, network) for n in declared for text in (n.source, n.target) if text
        )

    def _task(
        self, item: ReplicatedItem, direction: Direction, planned: PlannedPair
    ) -> ItemTask | None:
        exceptions = self.exceptions_of(item, direction)
        try:
            onto, reason = self._target(item, direction, planned, exceptions)
            network = self._network(onto) if onto is not None else None
            if onto is not None and network is None:
                self._network_gone(item, onto)
                return None
            word, answer = decide(self.test_branches(item, direction, planned, exceptions))
        except NotFound as error:
            if not self._inventory.not_looked_at:
                raise
            self._wait(item, error.message.rstrip(".") + ", but not everything could be read")
            return None
        settings = [Setting("target_network", network.id if network else None, reason=reason)]
        sides = [self._failover_side(network, direction, planned)] if network else []
        test = self._test_side(item, direction, planned, exceptions, NetworkRule(word), answer)
        if test is not None:
            sides.append(test)
            settings.append(Setting("test_network", test.network.id, reason=answer.why))
        elif answer.outcome is None and word == NetworkRule.EXPLICIT.value:
            settings.append(Setting("test_network", None, reason=answer.why))
        unread = self._unread_neighbours(sides)
        if unread is not None:
            self._wait(item, f"{unread} could not be read, and may hold the addresses")
            return None
        mapped = network is not None and network.id == planned.pair.ends(direction)[1]
        waits = planned.depends_on if mapped else ()
        return ItemTask(item, direction, exceptions, tuple(sides), tuple(settings), waits)

    def _unread_neighbours(self, sides: Iterable[Side]) -> str | None:
        """The list of NICs that may hold addresses in the target networks, if it is missing."""
        for side in sides if self._unread_kinds else ():
            group = side.network.id.group_id
            anyone = group.provider_child("Microsoft.Network", "networkInterfaces", "any")
            for gap in self._unread_kinds:
                if gap.covers(anyone):
                    return gap.what
        return None

    def exceptions_of(self, item: ReplicatedItem, direction: Direction) -> Exceptions:
        """What rows say of the item in that direction."""
        return Exceptions(item, direction, self._rows.get(item.id, ()))

    def target_branches(
        self,
        item: ReplicatedItem,
        direction: Direction,
        planned: PlannedPair,
        exceptions: Exceptions,
    ) -> tuple[Branch[ArmId], ...]:
        """How the network that the item is to fail over into is decided on."""
        named = self._named(item, direction, exceptions, "target_network")
        return branches_for_target_network(
            item, direction, planned.pair, named, retarget=self._retarget
        )

    def test_branches(
        self,
        item: ReplicatedItem,
        direction: Direction,
        planned: PlannedPair,
        exceptions: Exceptions,
    ) -> tuple[Branch[ArmId], ...]:
        """How the network for its test failovers is decided on."""
        test = planned.wanted.test if planned.wanted else None
        return branches_for_test_network(
            item,
            direction,
            self._named(item, direction, exceptions, "test_network"),
            test.network if test else None,
            self._inventory,
            enforce=self._settings.nics.existing == "enforce",
        )

    def _named(
        self, item: ReplicatedItem, direction: Direction, exceptions: Exceptions, name: str
    ) -> Named:
        """What rows say of ``target_network`` or ``test_network``."""
        if exceptions.say_nothing:
            return None
        text = exceptions.for_item().get(name)
        return named_network(item, direction, text, name.replace("_", " "), self._inventory)

    def _target(
        self,
        item: ReplicatedItem,
        direction: Direction,
        planned: PlannedPair,
        exceptions: Exceptions,
    ) -> tuple[ArmId | None, str]:
        """The network that the item is to fail over into, None for none, and why."""
        named = self._named(item, direction, exceptions, "target_network")
        if isinstance(named, UsageError):
            self._other_direction(item, exceptions, "target_network", named)
        word, answer = decide(
            branches_for_target_network(
                item, direction, planned.pair, named, retarget=self._retarget
            )
        )
        if word == NetworkRule.WHAT_IS_SET.value:
            assert answer.outcome is not None, "what is set is a network"
            self._other_network(item, answer.outcome, planned.pair.ends(direction)[1])
        return answer.outcome, answer.why

    def _network(self, network: ArmId) -> Network | None:
        return self._inventory.network(network) or self._planned.get(network)

    def _failover_side(self, network: Network, direction: Direction, planned: PlannedPair) -> Side:
        wanted, default = planned.wanted, self._settings.nics.address
        mode = (wanted.address if wanted else None) or default
        if wanted is None or network.id != planned.pair.ends(direction)[1]:
            # Subnet maps and prefix rules are about the pair's own networks.
            return Side(False, network, {}, (), mode)
        subnets, rules = dict(wanted.subnets), wanted.addresses
        if direction is Direction.REVERSE:
            subnets = {target: source for source, target in subnets.items()}
            rules = tuple(rule.inverted() for rule in rules)
        return Side(False, network, subnets, rules, mode)

    def _test_side(
        self,
        item: ReplicatedItem,
        direction: Direction,
        planned: PlannedPair,
        exceptions: Exceptions,
        rule: NetworkRule,
        answer: Answer[ArmId],
    ) -> Side | None:
        """What is asked of its IP configs for test failover; None: nothing is.

        Of an item that goes back, only rows speak: a network's `test:` is for the way there.
        rule, answer -- whose word counts for its test network, and what it is.
        """
        test = planned.wanted.test if planned.wanted else None
        if direction is Direction.REVERSE:
            test = None
        if rule is NetworkRule.AS_IT_IS:
            return self._own_test_side(item, direction, exceptions)
        if rule is NetworkRule.WHAT_IS_SET:
            self._find(
                item,
                "set-by-hand",
                Severity.WARNING,
                f"test network {answer.why}",
                "Let the rule replace it, if it should not stay.",
                apply_to(item, "--enforce"),
            )
        network = self._network(answer.outcome) if answer.outcome is not None else None
        if network is None:
            return None
        mode = (planned.wanted.address if planned.wanted else None) or self._settings.nics.address
        if test is None or not test.network:
            return Side(True, network, {}, (), mode)
        named = matches(test.network, network.id)
        if rule is NetworkRule.EXPLICIT and not named:
            return Side(True, network, {}, (), mode)
        mode = test.address or mode
        if rule is NetworkRule.WHAT_IS_SET:
            return Side(True, network, {}, (), mode)
        return Side(True, network, test.subnets, test.addresses, mode)

    def _own_test_side(
        self, item: ReplicatedItem, direction: Direction, exceptions: Exceptions
    ) -> Side | None:
        """The item's own test network, for what rows say of single IP configs in it."""
        meant = self._named(item, direction, exceptions, "test_network")
        other_way = isinstance(meant, UsageError)
        if isinstance(meant, UsageError):
            self._other_direction(item, exceptions, "test_network", meant)
        if not exceptions.speak_of_test(this_way=other_way):
            return None
        network = self._network(item.test_network) if item.test_network else None
        if network is None:
            self._find(
                item,
                "test-network-missing",
                Severity.ERROR,
                f"{item.vm_name} has no test network, so the test subnets and addresses that "
                "nics.settings gives it can't be set",
                "Give it a `test_network`, or its network a `test: {network: …}`.",
            )
            return None
        return Side(True, network, {}, (), AddressMode.UNMANAGED, explicit_only=True)

    def _wait(self, item: ReplicatedItem, reason: str) -> None:
        self.pending.append(Pending(item.id, item.vm_name, reason))

    def _find(self, item: ReplicatedItem, code: str, severity: Severity, *said: str) -> None:
        """Take a finding in. said -- its message, fix and command."""
        self.findings.append(item_finding(item, code, severity, *said))

    def _out_of_scope(self, item: ReplicatedItem) -> None:
        if self._selection.vms or self._selection.groups or self._selection.tags:
            return
        zone = item.source_region == item.target_region
        what = "replicates from zone to zone" if zone else "belongs to another pair of regions"
        self._find(
            item,
            "item-out-of-scope",
            Severity.INFO,
            f"{item.vm_name} {what} ({item.source_region} -> {item.target_region})",
        )

    def _other_network(self, item: ReplicatedItem, selected: ArmId, onto: ArmId) -> None:
        self._find(
            item,
            "item-in-other-network",
            Severity.WARNING,
            f"{item.vm_name} fails over into {selected.name}, although its network is mapped to "
            f"{onto.name}: changing a mapping does not move items that replicate already",
            "Move it along with --retarget-items, unless it is there on purpose.",
            apply_to(item, "--retarget-items"),
        )

    def _other_direction(
        self, item: ReplicatedItem, exceptions: Exceptions, name: str, error: UsageError
    ) -> None:
        text = exceptions.for_item()[name]
        self._find(
            item,
            "exception-other-direction",
            Severity.INFO,
            f"{item.vm_name} replicates back now, so {name.replace('_', ' ')} {text!r} is not "
            f"used: {error.message}",
            "Give the row `direction: forward`.",
        )

    def _network_gone(self, item: ReplicatedItem, network: ArmId) -> None:
        if not self._inventory.looked_at(network):
            self._wait(item, f"its target network {network} could not be read")
            return
        self._find(
            item,
            "target-network-gone",
            Severity.ERROR,
            f"{item.vm_name} is to fail over into {network}, which does not exist; "
            "nothing is written for it",
            "Create that network again, or move the item with --retarget-items.",
            apply_to(item, "--retarget-items"),
        )
