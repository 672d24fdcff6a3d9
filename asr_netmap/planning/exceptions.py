"""What ``nics.settings`` says about one NIC or IP config: explicit words that beat every rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import UsageError
from asr_netmap.models import Direction, ReplicatedIpConfig, ReplicatedItem, ReplicatedNic
from asr_netmap.planning.nic_setting import FIELDS, Level, Setting, SettingValue
from asr_netmap.rules.lookup import matches
from asr_netmap.settings import NicException, Settings

# Decided by rules of their own, with the explicit word as one of their inputs.
_RULED = {
    "subnet",
    "address",
    "test_subnet",
    "test_address",
    "target_network",
    "test_network",
    "primary",
    "selected",
}
_KEYS = {"vm", "nic", "ip_config", "direction"}


class Exceptions:
    """The rows that speak of one item, for asking what is given for its parts."""

    def __init__(
        self, item: ReplicatedItem, direction: Direction, rows: Iterable[NicException]
    ) -> None:
        self._rows = sorted(
            (row for row in rows if row.direction in (None, direction)),
            key=_precision,
        )

    @property
    def say_nothing(self) -> bool:
        """Whether no row speaks of the item: so it is for nearly all."""
        return not self._rows

    def for_item(self) -> Mapping[str, Any]:
        """What is given for the whole VM: ``target_network`` and ``test_network``."""
        given: dict[str, Any] = {}
        for row in self._rows:
            given.update(_given(row))
        return {k: v for k, v in given.items() if k in {"target_network", "test_network"}}

    def speak_of_test(self, *, this_way: bool = False) -> bool:
        """Whether any row gives a subnet or address for test failover.

        this_way -- count only rows for just the direction that the item goes.
        """
        return any(
            {"test_subnet", "test_address"} & set(_given(row))
            for row in self._rows
            if row.direction is not None or not this_way
        )

    def for_ip_config(self, nic: ReplicatedNic, config: ReplicatedIpConfig) -> Mapping[str, Any]:
        """What is given for an IP config; a more precise row wins, then a later one."""
        given: dict[str, Any] = {}
        for row in self._rows:
            if _is_nic(row.nic, nic) and _fits(row.ip_config, config.name):
                given.update(_given(row))
        return given

    def leave_behind(self, nic: ReplicatedNic, config: ReplicatedIpConfig) -> bool:
        """Whether a row that names just this IP config says that it is not selected."""
        return any(
            row.selected is False and row.ip_config is not None
            for row in self._rows
            if _is_nic(row.nic, nic) and _fits(row.ip_config, config.name)
        )

    def primary_of(self, nic: ReplicatedNic) -> ReplicatedIpConfig | None:
        """The IP config that is to be the NIC's primary one; None: nobody names one.

        A more precise row wins. Raises UsageError for two equally precise rows that name two.
        """
        named: tuple[NicException, ReplicatedIpConfig] | None = None
        for row in self._rows:
            config = nic.ip_config(row.ip_config or "") if row.primary else None
            if config is None or not _is_nic(row.nic, nic):
                continue
            if named and named[1] != config and _precision(named[0]) == _precision(row):
                raise UsageError(
                    f"Two rows of nics.settings name a primary IP config of {nic.name}, and a NIC "
                    f"has exactly one: {_in_words(named[0])} and {_in_words(row)}.",
                    "Keep one of the two.",
                )
            named = (row, config)
        return named[1] if named else None

    def direct_settings(self, nic: ReplicatedNic) -> Iterator[Setting]:
        """The settings that no rule has a say in: as given, for the NIC and its IP configs."""
        of_nic: dict[str, Any] = {}
        for config in nic.ip_configs:
            given = self.for_ip_config(nic, config)
            for name, value in given.items():
                if name in _RULED or name not in FIELDS:
                    continue
                if FIELDS[name].level is Level.NIC:
                    of_nic[name] = value
                else:
                    yield Setting(name, _cleared(name, value), nic.id, config.name, _REASON)
        for name, value in of_nic.items():
            yield Setting(name, _cleared(name, value), nic.id, None, _REASON)


_REASON = "set explicitly in the configuration"


def fitting_nothing(
    settings: Settings, items: tuple[ReplicatedItem, ...]
) -> Iterator[NicException]:
    """The rows whose VM is known and has no such NIC or IP config."""
    for row, named in _with_items(settings, items):
        if (row.nic is None and row.ip_config is None) or not all(item.nics for item in named):
            continue  # while Site Recovery lists no NICs, nobody knows
        if named and not any(
            _is_nic(row.nic, nic) and _fits(row.ip_config, config.name)
            for item in named
            for nic in item.nics
            for config in nic.ip_configs
        ):
            yield row


def unmatched(settings: Settings, items: tuple[ReplicatedItem, ...]) -> Iterator[NicException]:
    """The rows whose VM no replicated item is: most likely a misspelt name."""
    return (row for row, named in _with_items(settings, items) if not named)


def rows_by_item(
    settings: Settings, items: Iterable[ReplicatedItem]
) -> Mapping[ArmId, tuple[NicException, ...]]:
    """The rows that speak of each item, in their order; found once for all items."""
    found: dict[ArmId, tuple[NicException, ...]] = {}
    for row, named in _with_items(settings, items):
        for item in named:
            found[item.id] = (*found.get(item.id, ()), row)
    return found


def _with_items(
    settings: Settings, items: Iterable[ReplicatedItem]
) -> Iterator[tuple[NicException, tuple[ReplicatedItem, ...]]]:
    """Every row with the items that it names. A NIC table has as many rows as there are items."""
    by_name: dict[str, dict[ArmId, ReplicatedItem]] = {}
    for item in items if settings.nics.settings else ():
        for name in (item.vm_name, item.vm.name if item.vm is not None else item.vm_name):
            by_name.setdefault(name.lower(), {})[item.id] = item
    for row in settings.nics.settings:
        alike = by_name.get(row.vm.rpartition("/")[2].lower(), {}).values()
        yield row, tuple(item for item in alike if _names(row, item))


def _given(row: NicException) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in row.model_fields_set if name not in _KEYS}


def _cleared(name: str, value: Any) -> SettingValue:
    if value == "none":
        return () if name.endswith("lb_pools") else None
    cleared: SettingValue = value
    return cleared


def _precision(row: NicException) -> tuple[int, bool]:
    return (row.nic is not None) + (row.ip_config is not None), row.direction is not None


def _in_words(row: NicException) -> str:
    keys = (row.vm, row.nic, row.ip_config)
    return "/".join(key for key in keys if key) + (
        f" ({row.direction.value})" if row.direction else ""
    )


def _fits(wanted: str | None, name: str) -> bool:
    return wanted is None or wanted.lower() == name.lower()


def _is_nic(wanted: str | None, nic: ReplicatedNic) -> bool:
    """Whether a row means the NIC: by name, or by ARM id where the VM has two of that name."""
    return wanted is None or wanted.lower() in {nic.name.lower(), nic.id.key}


def _names(row: NicException, item: ReplicatedItem) -> bool:
    if item.vm is not None and matches(row.vm, item.vm):
        return True
    return row.vm.lower() == item.vm_name.lower()
