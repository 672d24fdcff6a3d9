"""The inventory as it will be once a plan's changes are made: what predictions look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, Network, ReplicatedItem, ReplicatedNic
from asr_netmap.planning.change import Change, ItemState, Kind, NetworkState
from asr_netmap.planning.nic_setting import Level, Setting


def inventory_after(inventory: Inventory, changes: Iterable[Change]) -> Inventory:
    """`inventory` with the networks that `changes` create and the settings that they write.

    Groups, fabrics and mappings stay as they are: no NIC's future depends on them.
    """
    states: dict[ArmId, ItemState] = {}
    networks = list(inventory.networks)
    for change in changes:
        if isinstance(change.after, ItemState):
            states[change.subject] = change.after
        elif isinstance(change.after, NetworkState) and change.kind is Kind.NETWORK:
            networks.append(_network(change.subject, change.after))
    items = tuple(
        item_with(item, states[item.id].settings) if item.id in states else item
        for item in inventory.items
    )
    return replace(inventory, networks=tuple(networks), items=items)


def item_with(item: ReplicatedItem, settings: Iterable[Setting]) -> ReplicatedItem:
    """`item` with other settings; a NIC that is written counts as chosen by the user.

    A setting of a NIC or IP config that the item doesn't have is left out.
    """
    of_item: dict[str, Any] = {}
    by_nic: dict[ArmId, list[Setting]] = {}
    for setting in settings:
        if setting.place.level is Level.ITEM:
            of_item[setting.name] = setting.value
        elif setting.nic is not None:
            by_nic.setdefault(setting.nic, []).append(setting)
    nics = tuple(_nic_with(nic, by_nic[nic.id]) if nic.id in by_nic else nic for nic in item.nics)
    return replace(item, nics=nics, **of_item)


def _nic_with(nic: ReplicatedNic, settings: Iterable[Setting]) -> ReplicatedNic:
    of_nic: dict[str, Any] = {}
    by_config: dict[str, dict[str, Any]] = {}
    for setting in settings:
        if setting.ip_config is None:
            of_nic[setting.name] = setting.value
        else:
            by_config.setdefault(setting.ip_config.lower(), {})[setting.name] = setting.value
    configs = tuple(replace(c, **by_config.get(c.name.lower(), {})) for c in nic.ip_configs)
    of_nic |= {"chosen_by_user": True, "chosen_at_enabling": False}
    return replace(nic, ip_configs=configs, **of_nic)


def _network(network: ArmId, state: NetworkState) -> Network:
    return Network(
        network,
        state.region,
        state.address_space,
        state.subnets,
        state.dns_servers,
        state.tags,
        state.ddos_plan,
    )
