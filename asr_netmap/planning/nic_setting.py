"""The settings of a replicated item's NICs, one by one.

A setting is addressed by NIC, IP config and name; names are those of the models' attributes and
of the NIC table's columns. One table says for each where it lives and what type it has, so
comparing, planning, the plan file and the NIC table all speak of the same thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.models import IpAddress, ReplicatedItem

SettingValue = str | bool | ArmId | IpAddress | tuple[ArmId, ...] | None


class Level(Enum):
    """What a setting belongs to."""

    ITEM = "item"
    NIC = "nic"
    IP_CONFIG = "ip_config"


class ValueType(Enum):
    """What a setting's value is."""

    NAME = "name"
    ADDRESS = "address"
    ID = "id"
    IDS = "ids"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class SettingField:
    """Where a setting lives, what it holds, and whether it is for test failover."""

    name: str
    level: Level
    type: ValueType
    test: bool


def _fields() -> Iterator[SettingField]:
    for test in (False, True):
        prefix = "test_" if test else ""
        network = "test_network" if test else "target_network"
        yield SettingField(network, Level.ITEM, ValueType.ID, test)
        for name, level, kind in (
            ("subnet", Level.IP_CONFIG, ValueType.NAME),
            ("address", Level.IP_CONFIG, ValueType.ADDRESS),
            ("public_ip", Level.IP_CONFIG, ValueType.ID),
            ("lb_pools", Level.IP_CONFIG, ValueType.IDS),
            ("nsg", Level.NIC, ValueType.ID),
            ("accelerated", Level.NIC, ValueType.FLAG),
            ("nic_name", Level.NIC, ValueType.NAME),
            ("nic_group", Level.NIC, ValueType.NAME),
            ("reuse_nic", Level.NIC, ValueType.FLAG),
        ):
            yield SettingField(prefix + name, level, kind, test)
    yield SettingField("selected", Level.IP_CONFIG, ValueType.FLAG, False)
    yield SettingField("primary", Level.IP_CONFIG, ValueType.FLAG, False)


FIELDS: Mapping[str, SettingField] = MappingProxyType({f.name: f for f in _fields()})


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting with a value.

    nic -- the source NIC's id; None for what belongs to the whole item.
    ip_config -- the IP config's name; None for what belongs to a NIC or the item.
    value -- None (or an empty tuple, or False) is unset: Site Recovery decides.
    reason -- why it should have that value; not part of what it is.
    """

    name: str
    value: SettingValue
    nic: ArmId | None = None
    ip_config: str | None = None
    reason: str = field(default="", compare=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """What the setting is, without its value; equal whatever the letter case."""
        return (self.nic.key if self.nic else "", (self.ip_config or "").lower(), self.name)

    @property
    def place(self) -> SettingField:
        """Where it lives and what type it has."""
        return FIELDS[self.name]


def same_value(one: SettingValue, other: SettingValue) -> bool:
    """Whether two values of a setting mean the same to Azure.

    Azure's names are case-insensitive, and so are the subnets' that a NIC names; the order of
    load-balancer pools has no meaning.
    """
    if isinstance(one, tuple) and isinstance(other, tuple):
        return sorted(one) == sorted(other)
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return one == other


def same_effect(one: SettingValue, other: SettingValue) -> bool:
    """Whether two values of a setting come to the same: as `same_value`, or both mean unset.

    # ARM: null, "", [] and, for flags, false all mean unset (Azure PowerShell recording, 2022).
    """
    return (not one and not other) or same_value(one, other)


def current_value(item: ReplicatedItem, setting: Setting) -> SettingValue:
    """What `item` has where `setting` points to.

    Raises KeyError if the item has no such NIC or IP config.
    """
    if setting.place.level is Level.ITEM:
        return _attribute(item, setting.name)
    nic = item.nic(setting.nic) if setting.nic else None
    if nic is None:
        raise KeyError(f"no NIC {setting.nic}")
    if setting.place.level is Level.NIC:
        return _attribute(nic, setting.name)
    config = nic.ip_config(setting.ip_config or "")
    if config is None:
        raise KeyError(f"NIC {nic.name} has no IP config {setting.ip_config}")
    return _attribute(config, setting.name)


def _attribute(owner: object, name: str) -> SettingValue:
    value: SettingValue = getattr(owner, name)
    return value


def value_to_json(value: SettingValue) -> Any:
    """A value as JSON has it: texts, true and false, lists of texts, null."""
    if isinstance(value, tuple):
        return [str(each) for each in value]
    if value is None or isinstance(value, bool):
        return value
    return str(value)


def value_from_json(name: str, value: Any) -> SettingValue:
    """The typed value of the setting `name`. Raises ValueError, also for an unknown name."""
    if name not in FIELDS:
        raise ValueError(f"unknown setting {name!r}")
    kind = FIELDS[name].type
    if kind is ValueType.IDS:
        if not isinstance(value, list):
            raise ValueError(f"{name} is a list of ids")
        return tuple(_id(each) for each in value)
    if kind is ValueType.FLAG:
        if not isinstance(value, bool):
            raise ValueError(f"{name} is true or false")
        return value
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text")
    if kind is ValueType.ADDRESS:
        return ip_address(value)
    return _id(value) if kind is ValueType.ID else value


def _id(value: object) -> ArmId:
    if not isinstance(value, str):
        raise ValueError("an ARM id is a text")
    return ArmId(value)
