"""Which IP config of a NIC is the primary one, and what a change of that brings along.

It is changed only where a row names it, never by a rule. A NIC always has exactly one, and that
one is always selected: whoever takes over comes along at failover, and whoever gives up stays
selected, as it was, unless its row says otherwise.

ARM: no recording and no document shows what Site Recovery does with a changed ``isPrimary``; that
clients send it back as they read it is all that is known (Azure PowerShell recording, 2022). So
what comes of it is seen when it is read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from asr_netmap.errors import UsageError
from asr_netmap.models import ReplicatedIpConfig, ReplicatedNic
from asr_netmap.planning.exceptions import Exceptions
from asr_netmap.planning.nic_setting import Setting


def nic_as_named(nic: ReplicatedNic, exceptions: Exceptions) -> ReplicatedNic:
    """The NIC with the primary IP config that rows name, and with who is selected then.

    Raises UsageError where rows name two.
    """
    if exceptions.say_nothing:
        return nic
    named = exceptions.primary_of(nic)
    configs = tuple(_config_then(nic, config, named, exceptions) for config in nic.ip_configs)
    return replace(nic, ip_configs=configs)


def primary_settings(nic: ReplicatedNic, exceptions: Exceptions) -> Iterator[Setting]:
    """The settings `primary` and `selected` that rows ask for; none where nobody speaks of them.

    Raises UsageError where rows name two primary IP configs, or leave the primary one behind.
    """
    if exceptions.say_nothing:
        return
    named = exceptions.primary_of(nic)
    for now in nic.ip_configs:
        then = _config_then(nic, now, named, exceptions)
        if named is not None and then.primary != now.primary:
            why = _GIVEN if then.primary else f"{named.name} is the primary IP config instead"
            yield Setting("primary", then.primary, nic.id, now.name, why)
        given = exceptions.for_ip_config(nic, now).get("selected")
        if then.primary and now.selected and exceptions.leave_behind(nic, now):
            raise _left_behind(nic, now)
        if then.selected != now.selected:
            yield Setting("selected", then.selected, nic.id, now.name, _why(now, then, given))


_GIVEN = "set explicitly in the configuration"


def _config_then(
    nic: ReplicatedNic,
    config: ReplicatedIpConfig,
    named: ReplicatedIpConfig | None,
    exceptions: Exceptions,
) -> ReplicatedIpConfig:
    primary = config.primary if named is None else config is named
    given = exceptions.for_ip_config(nic, config).get("selected")
    selected = config.selected
    if primary != config.primary:
        selected = primary or given is not False
    elif not primary and given is not None:
        selected = given
    return replace(config, primary=primary, selected=selected)


def _left_behind(nic: ReplicatedNic, config: ReplicatedIpConfig) -> UsageError:
    return UsageError(
        f"nics.settings has `selected: false` for {nic.name}/{config.name}, the primary IP config "
        "of its NIC; that one is always selected.",
        "Leave `selected` out, or name another IP config of the NIC with `primary: true`.",
    )


def _why(now: ReplicatedIpConfig, then: ReplicatedIpConfig, given: bool | None) -> str:
    if then.primary:
        return "the primary IP config is always selected"
    if now.primary and given is None:
        return "selected as it was while it was the primary one"
    return _GIVEN
