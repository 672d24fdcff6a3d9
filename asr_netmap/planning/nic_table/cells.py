"""The cells of the NIC table that can be edited: from texts to typed values, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from functools import lru_cache
from ipaddress import IPv6Address
from types import MappingProxyType
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.models import IpAddress
from asr_netmap.planning.nic_setting import FIELDS, ValueType
from asr_netmap.settings import AddressMode
from asr_netmap.settings.checks import (
    address_choice,
    id_check,
    name_check,
    pool_ids,
    primary,
    reference_check,
    shown,
    switch,
)


class Clear(Enum):
    """The word for: unset it, so that Site Recovery decides."""

    CLEAR = "none"


CellValue = str | bool | ArmId | IpAddress | AddressMode | tuple[ArmId, ...] | Clear

_NETWORK = "microsoft.network/virtualnetworks"
# Ids may not be told apart by blanks alone: what stands between is whatever people put there.
_BETWEEN_IDS = re.compile(r"[\s,;|]+(?=/subscriptions/)", re.IGNORECASE)


def _address(text: str) -> CellValue:
    if ":" in text:
        try:
            return IPv6Address(text)  # Azure may have one: whether it may be given is seen later
        except ValueError:
            raise ValueError(f"{shown(text)} is no address") from None
    # Spreadsheets like to begin words with a capital.
    return address_choice(text.lower())


def _flag(text: str) -> bool:
    try:
        return switch(text)
    except ValueError:
        raise ValueError(
            f"must be TRUE or FALSE (also yes, no, on, off, in any case), not {shown(text)}"
        ) from None


def _primary(text: str) -> bool:
    return primary(_flag(text))


def _split(text: str) -> list[str]:
    return _BETWEEN_IDS.split(text.strip(" ,;|\t\r\n"))


_CHECKS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        "network": reference_check("network name", _NETWORK),
        "subnet": name_check("subnet name"),
        "address": _address,
        "public_ip": id_check("microsoft.network/publicipaddresses"),
        "lb_pools": lambda text: pool_ids(_split(text)),
        "nsg": id_check("microsoft.network/networksecuritygroups"),
        "nic_name": name_check("NIC name"),
        "nic_group": name_check("resource group name"),
        **dict.fromkeys(("accelerated", "reuse_nic", "selected"), _flag),
        "primary": _primary,
    }
)


@lru_cache(maxsize=4096)  # the cells of a column are much alike
def value_of(column: str, text: str) -> CellValue:
    """The value of a cell that is not empty. Raises ValueError with what is wrong."""
    kind = column.removeprefix("test_").removeprefix("target_")
    if text.lower() == Clear.CLEAR.value:
        return _cleared(column, kind)
    value: CellValue = _CHECKS[kind](text)
    return value


def text_of(value: CellValue) -> str:
    """The text of a cell, from which `value_of` makes an equal value."""
    if isinstance(value, bool):
        return str(value).upper()  # as spreadsheets spell it
    if isinstance(value, tuple):
        return " ".join(str(each) for each in value)
    return value.value if isinstance(value, Enum) else str(value)


def _cleared(column: str, kind: str) -> CellValue:
    if kind == "address":
        return AddressMode.DYNAMIC
    if kind == "primary":
        return primary(value=False)
    if FIELDS[column].type is ValueType.FLAG:
        return False
    return Clear.CLEAR
