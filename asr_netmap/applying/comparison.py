"""What a change finds when it looks at its subject: done, ready, stale, or not ready. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from asr_netmap.models import ReplicatedItem, region_key
from asr_netmap.planning.change import (
    Action,
    AddressClaim,
    Change,
    ContainerMappingState,
    FabricState,
    GroupState,
    ItemState,
    MappingState,
    NetworkState,
    PolicyState,
    ProtectionContainerState,
    ReplicationState,
    State,
)
from asr_netmap.planning.gateway import Reading
from asr_netmap.planning.nic_setting import (
    FIELDS,
    Level,
    Setting,
    SettingValue,
    current_value,
    same_effect,
    value_to_json,
)

NotReady = Callable[[ReplicatedItem], str | None]
"""Says why a replicated item's settings can't be written now; None: they can."""

# ARM: Site Recovery decides this itself for a primary IP config, whatever is sent (Azure
# PowerShell recording, 2022), so a difference in it is no sign of another writer.
_DECIDED_BY_AZURE = frozenset({"selected"})


class Standing(Enum):
    """Where a subject stands against its change."""

    DONE = "done"
    READY = "ready"
    STALE = "stale"
    NOT_READY = "not-ready"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A standing, why, and for a replicated item the settings that are still to be written."""

    standing: Standing
    message: str = ""
    remaining: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True)
class _Difference:
    """One thing that is not as expected, in words."""

    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, found {self.found}"


def judge(change: Change, reading: Reading, not_ready: NotReady) -> Verdict:
    """What a fresh reading means for a change.

    Equal to `after` is DONE, even where nothing could be written now; equal to `before`, or
    partly already `after`, is READY; anything else is STALE, with what differs.
    """
    if isinstance(change.after, ItemState):
        return _judge_item(change, change.after, reading, not_ready)
    if change.action is Action.DELETE:
        return _judge_delete(change, reading)
    if change.action is Action.UPDATE:
        return _judge_update(change, reading)
    return _judge_create(change, reading)


def _judge_create(change: Change, reading: Reading) -> Verdict:
    if reading.state is None:
        return Verdict(Standing.READY)
    differences = _state_differences(change.after, reading.state)
    if not differences:
        return Verdict(Standing.DONE, "It exists already, as planned.")
    message = f"It exists already and is not as planned ({_listed(differences)})."
    if isinstance(change.after, NetworkState):
        message += " An existing network is never written."
    return Verdict(Standing.STALE, message)


def _judge_update(change: Change, reading: Reading) -> Verdict:
    if reading.state is None:
        return Verdict(Standing.STALE, "It is gone.")
    if not _state_differences(change.after, reading.state):
        return Verdict(Standing.DONE, "It was as planned already.")
    differences = _state_differences(change.before, reading.state)
    if differences:
        return Verdict(Standing.STALE, _moved(differences))
    if isinstance(change.after, NetworkState):
        return Verdict(Standing.STALE, "An existing network is never written.")
    return Verdict(Standing.READY)


def _judge_delete(change: Change, reading: Reading) -> Verdict:
    if reading.state is None:
        return Verdict(Standing.DONE, "It was gone already.")
    differences = _state_differences(change.before, reading.state)
    return Verdict(Standing.STALE, _moved(differences)) if differences else Verdict(Standing.READY)


def _judge_item(change: Change, after: ItemState, reading: Reading, not_ready: NotReady) -> Verdict:
    if reading.item is None:
        return Verdict(Standing.STALE, "The replicated item is gone.")
    wrong = tuple(_item_differences(after, reading.item))
    if not wrong:
        return Verdict(Standing.DONE, "The settings were as planned already.")
    reason = not_ready(reading.item)
    if reason is not None:
        return Verdict(Standing.NOT_READY, reason)
    before = change.before.settings if isinstance(change.before, ItemState) else ()
    moved = tuple(_moved_settings(before, wrong, reading.item))
    if moved:
        return Verdict(Standing.STALE, _moved(moved))
    return Verdict(Standing.READY, remaining=tuple(setting for setting, _ in wrong))


def _item_differences(
    wanted: ItemState, item: ReplicatedItem
) -> Iterator[tuple[Setting, _Difference]]:
    """The settings of `wanted` that `item` does not have, or has nowhere to hold."""
    for setting in wanted.settings:
        difference = _setting_difference(setting, item)
        if difference is not None:
            yield setting, difference


def _moved_settings(
    before: tuple[Setting, ...],
    wrong: tuple[tuple[Setting, _Difference], ...],
    item: ReplicatedItem,
) -> Iterator[_Difference]:
    """What is neither as planned nor as it was when it was planned."""
    expected = {setting.key: setting for setting in before}
    for setting, _ in wrong:
        was = expected.get(setting.key, replace(setting, value=None))
        difference = _setting_difference(was, item)
        if difference is not None:
            yield difference


def _setting_difference(setting: Setting, item: ReplicatedItem) -> _Difference | None:
    try:
        found = current_value(item, setting)
    except KeyError as gone:
        return _Difference(_place(setting), _shown(setting.value), f"nothing: {gone.args[0]}")
    if same_effect(setting.value, found):
        return None
    return _Difference(_place(setting), _shown(setting.value), _shown(found))


def differences(change: Change, reading: Reading) -> tuple[str, ...]:
    """What a read-back does not show as the change wanted it, in words; empty: applied."""
    if isinstance(change.after, ItemState):
        if reading.item is None:
            return ("the replicated item is gone",)
        return tuple(str(d) for _, d in _item_differences(change.after, reading.item))
    if change.after is None:
        return () if reading.state is None else ("it still exists",)
    if reading.state is None:
        return ("it does not exist",)
    return tuple(str(d) for d in _state_differences(change.after, reading.state))


def disturbances(change: Change, earlier: Reading, later: Reading) -> tuple[str, ...]:
    """What changed between two readings of an item though this change does not touch it."""
    if earlier.item is None or later.item is None or not isinstance(change.after, ItemState):
        return ()
    ours = {setting.key for setting in change.after.settings}
    others = (s for s in _all_settings(earlier.item) if s.key not in ours)
    found = (_setting_difference(setting, later.item) for setting in others)
    return tuple(str(difference) for difference in found if difference is not None)


def busy_only(item: ReplicatedItem, not_ready: NotReady) -> bool:
    """Whether the item would be ready if nothing were running on it: then waiting may help."""
    idle = replace(item, scenario=None, scenario_job=None)
    return not_ready(item) is not None and not_ready(idle) is None


def claims_to_ask(change: Change, verdict: Verdict) -> tuple[AddressClaim, ...]:
    """The addresses that are about to be written, and no address that is there already."""
    if not isinstance(change.after, ItemState):
        return change.claims
    written = {setting.value for setting in verdict.remaining}
    return tuple(claim for claim in change.claims if claim.address in written)


def _all_settings(item: ReplicatedItem) -> Iterator[Setting]:
    """Every setting that the item has now."""
    fields = [f for f in FIELDS.values() if f.name not in _DECIDED_BY_AZURE]
    places: list[Setting] = [Setting(f.name, None) for f in fields if f.level is Level.ITEM]
    for nic in item.nics:
        places += [Setting(f.name, None, nic.id) for f in fields if f.level is Level.NIC]
        for config in nic.ip_configs:
            places += [
                Setting(f.name, None, nic.id, config.name)
                for f in fields
                if f.level is Level.IP_CONFIG
            ]
    return (replace(place, value=current_value(item, place)) for place in places)


def _state_differences(expected: State | None, found: State) -> tuple[_Difference, ...]:
    if expected is None:
        return (_Difference("the object", "absent", "present"),)
    if type(expected) is not type(found):
        return (_Difference("the object", type(expected).__name__, type(found).__name__),)
    there = _facts(found)
    return tuple(
        _Difference(what, shown, there[what][1])
        for what, (key, shown) in _facts(expected).items()
        if what in there and key != there[what][0]
    )


def _facts(state: State) -> Mapping[str, tuple[object, str]]:
    """What is compared of a state: by name, a value that can be compared and how it is shown.

    What a state does not say is not among it.
    """
    if isinstance(state, MappingState):
        fabric = state.target_fabric
        return {
            "source network": (state.source_network, str(state.source_network)),
            "target network": (state.target_network, str(state.target_network)),
            # ARM: recoveryFabricArmId is optional in the model; the networks tell a mapping.
            **({"target fabric": (fabric.lower(), fabric)} if fabric else {}),
        }
    if isinstance(state, NetworkState):
        subnets = {s.name.lower(): frozenset(s.prefixes) for s in state.subnets}
        return {
            "region": (region_key(state.region), state.region),
            "address space": (frozenset(state.address_space), _joined(state.address_space)),
            "subnets": (
                subnets,
                _joined(f"{s.name} {_joined(s.prefixes)}" for s in state.subnets),
            ),
        }
    if isinstance(state, (ReplicationState, ContainerMappingState, PolicyState)):
        return _facts_of_replication(state)
    if isinstance(state, (GroupState, FabricState, ProtectionContainerState)):
        # Tags of a group are not compared: policies add their own.
        return {"region": (region_key(state.region), state.region)}
    return {"settings": (state, "settings")}


def _facts_of_replication(
    state: ReplicationState | ContainerMappingState | PolicyState,
) -> Mapping[str, tuple[object, str]]:
    if isinstance(state, ReplicationState):
        # Network and subnet show only when the first replication has ended; then they are part of
        # the NIC settings.
        return {
            "VM": (state.vm, str(state.vm)),
            "policy": (state.policy, str(state.policy)),
            "target protection container": (state.target_container, str(state.target_container)),
            "target resource group": (state.target_group, str(state.target_group)),
        }
    if isinstance(state, ContainerMappingState):
        return {
            "target protection container": (state.target, str(state.target)),
            "policy": (state.policy, str(state.policy)),
        }
    # A policy of that name serves, whatever it says: it is never changed.
    return {}


def _joined(values: object) -> str:
    return ", ".join(str(value) for value in values) or "none"  # type: ignore[attr-defined]  # -- differences only hold iterables here


def _listed(differences: tuple[_Difference, ...]) -> str:
    return "; ".join(str(difference) for difference in differences)


def _moved(differences: tuple[_Difference, ...]) -> str:
    return f"It changed since it was planned ({_listed(differences)}). Plan again."


def _place(setting: Setting) -> str:
    nic = f"NIC {setting.nic.name} " if setting.nic else ""
    config = f"IP config {setting.ip_config} " if setting.ip_config else ""
    return f"{nic}{config}{setting.name}"


def _shown(value: SettingValue) -> str:
    plain = value_to_json(value)
    if isinstance(plain, list):
        return ", ".join(plain) or "unset"
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    return plain or "unset"
