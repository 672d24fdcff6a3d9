"""The way back: from what a run wrote down to a plan that undoes it.

A journal's intents say for each write what it was made on, before and after. Undoing is planning
again, from the fresh inventory: what still is as that run left it goes back to `before`; what
somebody changed since is left alone and reported. Created networks, resource groups and fabrics
are never deleted: others may use them by now, so they are reported as left behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AsrNetmapError, FileError
from asr_netmap.models import Inventory, NetworkMapping, ReplicatedItem
from asr_netmap.planning.afterwards import item_with
from asr_netmap.planning.assembly import assembled
from asr_netmap.planning.basis import FromJournal
from asr_netmap.planning.change import (
    Action,
    AddressClaim,
    Change,
    FabricState,
    ItemState,
    Kind,
    MappingState,
    ReplicationState,
)
from asr_netmap.planning.commands import az
from asr_netmap.planning.document import change_from_document
from asr_netmap.planning.nic_planner import frozen_by_tag
from asr_netmap.planning.nic_setting import (
    Setting,
    SettingValue,
    current_value,
    same_effect,
    value_to_json,
)
from asr_netmap.planning.placement import placements_after
from asr_netmap.planning.plan import Finding, Pending, Plan, Scope, Severity
from asr_netmap.rules.allocation import AddressBook, address_books, claimant
from asr_netmap.rules.readiness import not_ready
from asr_netmap.settings import Settings

_REASON = "as it was before that run"
# Deletions free what re-pointing and creating then take.
_MAPPING_ORDER = (Action.DELETE, Action.UPDATE, Action.CREATE)


def written_changes(
    events: Iterable[Mapping[str, Any]], where: str = "journal"
) -> tuple[Change, ...]:
    """The writes that a journal's events tell of, each once, in their order.

    An intent counts whatever its outcome was: a failed or cut off write may have taken effect,
    and the fresh look at Azure says whether it did.

    events -- the journal's lines after its header.
    Raises FileError for an intent that can't be understood.
    """
    found: dict[str, Change] = {}
    for number, event in enumerate(events, start=2):
        if event.get("event") != "intent":
            continue
        try:
            change = _change(event)
        except (ValueError, KeyError, TypeError, AttributeError, AsrNetmapError) as error:
            raise FileError(
                f"{where}, line {number}: an intent that can't be undone: {error}",
                "The file was changed after it was written, or another version wrote it.",
            ) from error
        found.setdefault(change.id, change)
    return tuple(found.values())


def plan_undo(
    written: Sequence[Change], inventory: Inventory, settings: Settings, scope: Scope
) -> Plan:
    """What takes the writes of an earlier run back, as far as nobody changed them since.

    written -- what `written_changes` found in that run's journal.
    settings -- the declared ones: their safety limits and freeze count, their rules do not.
    Site Recovery keeps in mind that somebody set a NIC (`selectionType`); no write takes that
    back. Undoing an undo is the same: its journal says what it wrote.
    """
    undoing = _Undoing(inventory, scope)
    own = tuple(change for change in written if _concerns(change, inventory, scope))
    for change in own:
        undoing.take(change)
    changes = undoing.ordered()
    items = tuple(
        item
        for item in inventory.items
        if scope.regions.direction_of(item.source_region, item.target_region)
    )
    written_to = {change.subject for change in changes}
    made = assembled(
        inventory,
        settings,
        scope,
        changes=changes,
        pending=undoing.pending,
        findings=undoing.findings,
        items=items,
        placements=placements_after(
            inventory, changes, [item for item in items if item.id in written_to]
        ),
    )
    return replace(made, basis=FromJournal(own))


def _change(event: Mapping[str, Any]) -> Change:
    """The change that an intent was written for."""
    document = {key: event[key] for key in ("kind", "action", "subject", "before", "after")}
    unsaid = {"title": ArmId(event["subject"]).name, "reason": "", "depends_on": ()}
    return change_from_document({**document, "id": event["change"], **unsaid})


def _machine_of(change: Change) -> str:
    return change.after.vm.name if isinstance(change.after, ReplicationState) else change.title


@dataclass
class _Undoing:
    """Collects the way back, write by write."""

    inventory: Inventory
    scope: Scope
    mappings: list[Change] = field(default_factory=list)
    items: list[Change] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _books: dict[tuple[ArmId, bool], AddressBook] = field(default_factory=dict)

    def take(self, change: Change) -> None:
        """Plan the way back of one write, or report why there is none."""
        if change.kind is Kind.NIC_SETTINGS:
            self._item(change)
        elif change.kind is Kind.MAPPING:
            self._mapping(change)
        elif self._exists(change):
            self.findings.append(_left_behind(change))

    def ordered(self) -> tuple[Change, ...]:
        """All changes, each waiting for those that have to be done before."""
        mappings = _in_order(self.mappings)
        onto = {
            change.after.target_network: change.id
            for change in mappings
            if isinstance(change.after, MappingState)
        }
        return (*mappings, *(_after_mapping(change, onto) for change in self.items))

    def _find(self, change: Change, code: str, severity: Severity, message: str) -> None:
        title = change.title
        fix = "Look at it, and set it by hand or by the configuration if it is still wrong."
        self.findings.append(Finding(code, severity, change.subject, title, message, fix))

    def _stale(self, change: Change, message: str) -> None:
        self._find(change, "undo-stale", Severity.WARNING, f"{change.title}: {message}")

    def _exists(self, change: Change) -> bool:
        known: Iterable[ArmId] = {
            Kind.NETWORK: [network.id for network in self.inventory.networks],
            Kind.RESOURCE_GROUP: [group.id for group in self.inventory.groups],
            Kind.FABRIC: [fabric.id for fabric in self.inventory.fabrics],
            Kind.PROTECTION_CONTAINER: [each.id for each in self.inventory.containers],
            Kind.REPLICATION: [item.id for item in self.inventory.items],
            # Not read for an undo, and never deleted: what was made counts as there.
            Kind.POLICY: [change.subject],
            Kind.CONTAINER_MAPPING: [change.subject],
        }[change.kind]
        return change.subject in known or not self.inventory.looked_at(change.subject)

    # Mappings.

    def _mapping(self, change: Change) -> None:
        live = next((m for m in self.inventory.mappings if m.id == change.subject), None)
        found = _mapping_state(live) if live is not None else None
        before, after = change.before, change.after
        assert before is None or isinstance(before, MappingState)
        assert after is None or isinstance(after, MappingState)
        title = _title(change, self.inventory, self.scope)
        change = replace(change, title=title)
        if live is None and not self.inventory.looked_at(change.subject):
            self._stale(change, "it could not be looked at, so it is left alone")
        elif _same_mapping(found, before):
            return
        elif not _same_mapping(found, after):
            self._stale(change, f"{_words(after)} was written, now there is {_words(found)}")
        elif found is None and before is not None and self._other_mapping(before, change):
            self._stale(change, "another mapping of its source network took its place")
        else:
            action = _way_back(before, after)
            back = Change(
                Kind.MAPPING, action, change.subject, title, found and after, before, _REASON
            )
            self.mappings.append(back)

    def _other_mapping(self, before: MappingState, change: Change) -> bool:
        fabric = (change.subject.named("replicationFabrics") or "").lower()
        return any(
            mapping.source_network == before.source_network
            and mapping.source_fabric_name.lower() == fabric
            and (mapping.target_fabric or mapping.id).name.lower() == before.target_fabric.lower()
            for mapping in self.inventory.mappings
            if mapping.id not in {other.subject for other in self.mappings}
        )

    # NIC settings.

    def _item(self, change: Change) -> None:
        item = self.inventory.item(change.subject)
        if item is None:
            seen = self.inventory.looked_at(change.subject)
            lack = "is not replicated any more" if seen else "could not be read"
            self._stale(change, f"it {lack}, so its settings stay as they are")
            return
        change = replace(change, title=item.vm_name)
        assert isinstance(change.before, ItemState)
        assert isinstance(change.after, ItemState)
        pairs = zip(change.before.settings, change.after.settings, strict=True)
        back = [
            (replace(after, reason=""), replace(before, reason=_REASON))
            for before, after in pairs
            if self._goes_back(change, item, before, after)
        ]
        back = self._with_one_primary(change, item, back)
        reason = not_ready(item) or frozen_by_tag(item, self.inventory)
        if back and reason:
            self.pending.append(Pending(item.id, item.vm_name, reason))
        elif back:
            self.items.append(self._item_change(item, back))

    def _goes_back(
        self, change: Change, item: ReplicatedItem, before: Setting, after: Setting
    ) -> bool:
        try:
            live = current_value(item, after)
        except KeyError as gone:
            self._stale(change, f"{after.name} has no place to go back to: {gone.args[0]}")
            return False
        if same_effect(live, before.value):
            return False
        if same_effect(live, after.value):
            return True
        parts = (after.nic.name if after.nic else "", after.ip_config or "")
        where = "/".join(part for part in parts if part)
        self._stale(
            change,
            f"{where or 'the VM'}: {after.name} was set to {_shown(after.value)} and is "
            f"{_shown(live)} now, so somebody changed it since; it stays",
        )
        return False

    def _with_one_primary(
        self, change: Change, item: ReplicatedItem, back: list[tuple[Setting, Setting]]
    ) -> list[tuple[Setting, Setting]]:
        """Without what would leave a NIC with no primary IP config, or with two.

        And without a word on whether the one that is primary again is selected: it always is.
        """
        then = item_with(item, [new for _, new in back])
        moved = {new.nic for _, new in back if new.name == "primary"}
        primary = {
            nic.id: [c.name.lower() for c in nic.ip_configs if c.primary]
            for nic in then.nics
            if nic.id in moved
        }
        wrong = {nic for nic, names in primary.items() if len(names) != 1}
        for nic in sorted(wrong):
            self._stale(
                change,
                f"{nic.name}: somebody made another IP config the primary one since; it stays",
            )
        return [
            (old, new)
            for old, new in back
            if not (new.nic in wrong and new.name in {"primary", "selected"})
            and not (new.name == "selected" and (new.ip_config or "").lower() in _of(primary, new))
        ]

    def _item_change(self, item: ReplicatedItem, back: list[tuple[Setting, Setting]]) -> Change:
        after = tuple(new for _, new in back)
        return Change(
            Kind.NIC_SETTINGS,
            Action.UPDATE,
            item.id,
            item.vm_name,
            ItemState(tuple(old for old, _ in back)),
            ItemState(after),
            _REASON,
            claims=tuple(self._claims(item, after)),
        )

    def _claims(self, item: ReplicatedItem, after: tuple[Setting, ...]) -> Iterator[AddressClaim]:
        """The addresses to ask Azure for: all that the item does not hold itself."""
        networks = {False: item.target_network, True: item.test_network}
        for setting in after:
            if setting.name in {"target_network", "test_network"}:
                assert setting.value is None or isinstance(setting.value, ArmId)
                networks[setting.place.test] = setting.value
        for setting in after:
            network = networks[setting.place.test]
            if not isinstance(setting.value, IPv4Address) or network is None:
                continue
            book = self._book(network, test=setting.place.test)
            if self._taken(item, setting, setting.value, book):
                yield AddressClaim(network, setting.value)

    def _book(self, network: ArmId, *, test: bool) -> AddressBook:
        if (network, test) not in self._books:
            book = address_books(self.inventory, [network], test=test)[network]
            self._books[(network, test)] = book
        return self._books[(network, test)]

    def _taken(
        self, item: ReplicatedItem, setting: Setting, address: IPv4Address, book: AddressBook
    ) -> bool:
        """Whether Azure has to be asked for an address; says so if somebody else has it."""
        holder = book.holders.get(address)
        if holder is not None and holder.item == item.id:
            return False
        nic = item.nic(setting.nic) if setting.nic else None
        config = nic.ip_config(setting.ip_config or "") if nic else None
        own = claimant(item, nic, config) if nic and config else None
        other = book.other_holder(address, item.id, own)
        if other is not None:
            message = f"{item.vm_name}: {address} was given up by that run, and {other.who} has it"
            self.findings.append(
                Finding(
                    "address-taken",
                    Severity.WARNING,
                    item.id,
                    item.vm_name,
                    f"{message} now; if Azure does not give it back, nothing is written for "
                    f"{item.vm_name}",
                    "Free the address first, or set another one by hand.",
                )
            )
        return True


def _of(primary: Mapping[ArmId, Sequence[str]], setting: Setting) -> Sequence[str]:
    return primary.get(setting.nic, ()) if setting.nic is not None else ()


def _shown(value: SettingValue) -> str:
    return str(value_to_json(value)) if value else "unset"


def _mapping_state(mapping: NetworkMapping) -> MappingState:
    fabric = mapping.target_fabric.name if mapping.target_fabric else ""
    return MappingState(mapping.source_network, mapping.target_network, fabric)


def _same_mapping(one: MappingState | None, other: MappingState | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.source_network, one.target_network) == (other.source_network, other.target_network)


def _way_back(before: MappingState | None, after: MappingState | None) -> Action:
    if before is None:
        return Action.DELETE
    return Action.CREATE if after is None else Action.UPDATE


def _words(state: MappingState | None) -> str:
    if state is None:
        return "no mapping"
    return f"a mapping of {state.source_network.name} to {state.target_network.name}"


def _title(change: Change, inventory: Inventory, scope: Scope) -> str:
    """What people call the mapping; without its direction where nobody knows its regions."""
    state = change.before or change.after
    if not isinstance(state, MappingState):
        return change.title
    goes = _regions_of(change, inventory)
    direction = scope.regions.direction_of(*goes) if goes else None
    way = f" ({direction.value})" if direction else ""
    return f"{state.source_network.name} -> {state.target_network.name}{way}"


def _concerns(change: Change, inventory: Inventory, scope: Scope) -> bool:
    """Whether a write was one of this vault and pair: a run may be over several."""
    if change.kind in {Kind.RESOURCE_GROUP, Kind.NETWORK}:
        return True
    if not change.subject.is_under(scope.vault):
        return False
    if isinstance(change.after, FabricState):
        return change.after.region in {scope.regions.source, scope.regions.target}
    goes = _regions_of(change, inventory)
    return goes is None or scope.regions.direction_of(*goes) is not None


def _regions_of(change: Change, inventory: Inventory) -> tuple[str, str] | None:
    """From which region to which an item or mapping goes; None: nobody knows any more."""
    item = inventory.item(change.subject)
    if item is not None:
        return item.source_region, item.target_region
    live = next((m for m in inventory.mappings if m.id == change.subject), None)
    if live is not None:
        return live.source_region, live.target_region
    state = change.before or change.after
    if not isinstance(state, MappingState):
        return None
    fabrics = {fabric.name.lower(): fabric.region for fabric in inventory.fabrics}
    source = fabrics.get((change.subject.named("replicationFabrics") or "").lower())
    target = fabrics.get(state.target_fabric.lower())
    return (source, target) if source and target else None


def _in_order(mappings: Iterable[Change]) -> tuple[Change, ...]:
    """Deletions, then re-pointing, then creations; each waits for earlier ones of its networks."""
    done: list[Change] = []
    for change in sorted(mappings, key=lambda c: _MAPPING_ORDER.index(c.action)):
        waits = tuple(
            other.id
            for other in done
            if other.action is not change.action and _networks(other) & _networks(change)
        )
        done.append(replace(change, depends_on=waits))
    return tuple(done)


def _networks(change: Change) -> frozenset[ArmId]:
    states = (change.before, change.after)
    return frozenset(
        network
        for state in states
        if isinstance(state, MappingState)
        for network in (state.source_network, state.target_network)
    )


def _after_mapping(change: Change, onto: Mapping[ArmId, str]) -> Change:
    """An item waits for the mapping onto the network that it goes back into."""
    assert isinstance(change.after, ItemState)
    waits = tuple(
        onto[setting.value]
        for setting in change.after.settings
        if setting.name == "target_network"
        and isinstance(setting.value, ArmId)
        and setting.value in onto
    )
    return replace(change, depends_on=waits)


def _deletion(kind: Kind, what: ArmId) -> str:
    if kind is Kind.NETWORK:
        return az("network vnet delete", "--ids", what)
    if kind is Kind.RESOURCE_GROUP:
        return az("group delete", "--name", what.name, "--subscription", what.subscription)
    return ""


def _left_behind(change: Change) -> Finding:
    if change.kind is Kind.REPLICATION:
        return Finding(
            "replication-stays",
            Severity.INFO,
            change.subject,
            change.subject.name,
            f"replication of {_machine_of(change)} was enabled by that run and stays: this tool "
            "never ends a replication",
            "To end it, disable replication in the portal.",
        )
    command = _deletion(change.kind, change.subject)
    what = change.kind.value.replace("-", " ")
    return Finding(
        "left-behind",
        Severity.INFO,
        change.subject,
        change.subject.name,
        f"the {what} {change.subject.name} was created by that run and stays: others may use it",
        "Delete it if nothing uses it." if command else "",
        command,
    )
