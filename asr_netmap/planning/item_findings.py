"""How findings about one item are written: where they are, and the line that puts them right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from asr_netmap.models import ReplicatedIpConfig, ReplicatedItem, ReplicatedNic
from asr_netmap.planning.plan import Finding, Severity


@dataclass(frozen=True, slots=True)
class Place:
    """One IP config of an item, for failover or for test failover."""

    item: ReplicatedItem
    nic: ReplicatedNic
    config: ReplicatedIpConfig
    test: bool = False

    def __str__(self) -> str:
        where = "test failover of " if self.test else ""
        return f"{where}{self.nic.name}/{self.config.name}"

    def setting(self, name: str) -> str:
        """The setting's name for that kind of failover."""
        return f"test_{name}" if self.test else name

    def row(self, **values: Any) -> str:
        """The line of ``nics.settings`` that gives this IP config other values."""
        given = {self.setting(name): value for name, value in values.items()}
        return settings_row(self.item, nic=self.nic.name, ip_config=self.config.name, **given)


def places(item: ReplicatedItem, *, test: bool) -> Iterator[Place]:
    """Every IP config of the item."""
    for nic in item.nics:
        for config in nic.ip_configs:
            yield Place(item, nic, config, test)


def settings_row(item: ReplicatedItem, **values: Any) -> str:
    """A line of ``nics.settings``: ``- {vm: rg-app/app1, test_network: none}``."""
    vm = f"{item.vm.group}/{item.vm.name}" if item.vm is not None else item.vm_name
    pairs = {"vm": vm, **{name: value for name, value in values.items() if value}}
    inside = ", ".join(f"{name}: {value}" for name, value in pairs.items())
    return f"- {{{inside}}}"


def nic_after(item: ReplicatedItem, nic: ReplicatedNic, *, name: str = "-n") -> tuple[str, ...]:
    """How az is told the NIC that a failover makes; empty: its group is not known.

    name -- the option that takes its name.
    """
    group = item.target_group
    if group is None:
        return ()
    where = ("--subscription", group.subscription, "-g", nic.nic_group or group.group)
    return (*where, name, nic.nic_name or nic.name)


def item_finding(
    item: ReplicatedItem,
    code: str,
    severity: Severity,
    message: str,
    fix: str = "",
    command: str = "",
) -> Finding:
    """A finding whose subject is the item."""
    return Finding(code, severity, item.id, item.vm_name, message, fix, command)
