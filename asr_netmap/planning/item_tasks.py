"""Where every replicated item goes in a failover and in a test failover, or why it waits."""

from __future__ import annotations

from collections.abc import Iterator

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import NotFound, UsageError
from asr_netmap.models import Direction, Inventory, Network, ReplicatedItem
from asr_netmap.planning.exceptions import Exceptions, rows_by_item
from asr_netmap.planning.network_planner import NetworksPlan, PlannedPair
from asr_netmap.planning.nic_planner import ItemTask, Side
from asr_netmap.planning.nic_setting import Setting
from asr_netmap.planning.plan import Finding, Pending, Severity
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.sources import networks_of, partner_of
from asr_netmap.rules.lookup import find_network, matches
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
            planned = self._pair_of(item, direction)
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

    def _pair_of(self, item: ReplicatedItem, direction: Direction) -> PlannedPair | None:
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
        exceptions = Exceptions(item, direction, self._rows.get(item.id, ()))
        try:
            onto, reason = self._target(item, direction, planned, exceptions)
            network = self._network(onto)
            if network is None:
                self._network_gone(item, onto)
                return None
            test = self._test_side(item, direction, planned, exceptions)
        except NotFound as error:
            if not self._inventory.not_looked_at:
                raise
            self._wait(item, error.message.rstrip(".") + ", but not everything could be read")
            return None
        settings = [Setting("target_network", network.id, reason=reason)]
        sides = [self._failover_side(network, direction, planned)]
        if test is not None:
            sides.append(test)
            why = "set explicitly in the configuration"
            if "test_network" not in exceptions.for_item():
                why = "the configured test network"
            settings.append(Setting("test_network", test.network.id, reason=why))
        elif exceptions.for_item().get("test_network") == "none":
            settings.append(Setting("test_network", None, reason="cleared explicitly"))
        waits = planned.depends_on if network.id == planned.pair.ends(direction)[1] else ()
        return ItemTask(item, direction, exceptions, tuple(sides), tuple(settings), waits)

    def _target(
        self,
        item: ReplicatedItem,
        direction: Direction,
        planned: PlannedPair,
        exceptions: Exceptions,
    ) -> tuple[ArmId, str]:
        """The network that the item is to fail over into, and why."""
        maps, onto = planned.pair.ends(direction)
        text = exceptions.for_item().get("target_network")
        wanted = self._named(item, direction, text, "target network") if text else None
        if wanted is not None:
            return wanted.id, "set explicitly in the configuration"
        if item.target_network is None or item.target_network == onto:
            return onto, f"{maps.name} is mapped to it"
        if self._retarget:
            return onto, "moved along with the mapping"
        self._other_network(item, item.target_network, onto)
        return item.target_network, ""

    def _named(
        self, item: ReplicatedItem, direction: Direction, text: str, role: str
    ) -> Network | None:
        """The network that a row names; None: it means the other direction's region."""
        try:
            return find_network(text, self._inventory, item.target_region, role)
        except UsageError as error:
            if direction is Direction.FORWARD:
                raise
            self._find(
                item,
                "exception-other-direction",
                Severity.INFO,
                f"{item.vm_name} replicates back now, so {role} {text!r} is not used: "
                f"{error.message}",
                "Give the row `direction: forward`.",
            )
            return None

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
    ) -> Side | None:
        """Where test failovers go; None: nothing is said of it. Forward items only."""
        explicit = exceptions.for_item().get("test_network")
        test = planned.wanted.test if planned.wanted else None
        if direction is Direction.REVERSE or explicit == "none":
            return None
        wanted = explicit or (test.network if test else None)
        if wanted is None:
            return self._own_test_side(item, exceptions)
        network = find_network(wanted, self._inventory, item.target_region, "test network")
        mode = (planned.wanted.address if planned.wanted else None) or self._settings.nics.address
        named = test is not None and test.network and matches(test.network, network.id)
        if test is None or (explicit is not None and not named):
            return Side(True, network, {}, (), mode)
        mode = test.address or mode
        own = item.test_network
        wanted_now = explicit is not None or self._settings.nics.existing == "enforce"
        if own is None or own == network.id or wanted_now:
            return Side(True, network, test.subnets, test.addresses, mode)
        self._find(
            item,
            "set-by-hand",
            Severity.WARNING,
            f"test network {own.name} was set by somebody and is kept; the configuration names "
            f"{network.name}",
            "Use --enforce to replace it.",
        )
        kept = self._network(own)
        return Side(True, kept, {}, (), mode) if kept is not None else None

    def _own_test_side(self, item: ReplicatedItem, exceptions: Exceptions) -> Side | None:
        """The item's own test network, for what rows say of single IP configs in it."""
        if not exceptions.speak_of_test():
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

    def _find(
        self, item: ReplicatedItem, code: str, severity: Severity, message: str, fix: str = ""
    ) -> None:
        self.findings.append(Finding(code, severity, item.id, item.vm_name, message, fix))

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
            "Move it along with --retarget-items.",
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
        )
