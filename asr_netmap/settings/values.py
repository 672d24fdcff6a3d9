"""The kinds of values in a settings file, as annotated types.

A kind's own check runs before pydantic's, so that pydantic's wording is rarely seen; what the
JSON Schema says of the kind stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Direction
from asr_netmap.settings.checks import (
    CLEAR,
    MAX_TAGS,
    AddressChoice,
    AddressMode,
    address_choice,
    address_mode,
    choice_check,
    clearable_switch,
    few_tags,
    format_version,
    id_check,
    name_check,
    name_or_id_check,
    none_or,
    pool_ids,
    prefix,
    primary,
    reference_check,
    region,
    subscription,
    switch,
    tag_name,
    tag_value,
    whole_number,
)

_NETWORK = "microsoft.network/virtualnetworks"
_VM = "microsoft.compute/virtualmachines"
_STORAGE = "microsoft.storage/storageaccounts"


def _texts(pattern: str = "", **more: object) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "minLength": 1, **({"pattern": pattern} if pattern else {}), **more}
    )


def _named(what: str) -> Any:
    return BeforeValidator(name_check(what))


_NAME_SCHEMA = _texts(r"^[^/\\?#%<>&:*\"|]+$", maxLength=260)
_MODES = [mode.value for mode in AddressMode]
_OCTETS = r"[0-9]{1,3}(\.[0-9]{1,3}){3}"

SubnetName = Annotated[str, _named("subnet name"), _NAME_SCHEMA]
ClearableSubnetName = Annotated[
    str, BeforeValidator(none_or(name_check("subnet name"))), _NAME_SCHEMA
]
GroupName = Annotated[str, _named("resource group name"), _NAME_SCHEMA]
VaultName = Annotated[str, _named("vault name"), _NAME_SCHEMA]
NicName = Annotated[str, _named("NIC name"), _NAME_SCHEMA]
NicReference = Annotated[
    str,
    BeforeValidator(name_or_id_check("NIC name", "microsoft.network/networkinterfaces")),
    _texts(maxLength=4096),
]
IpConfigName = Annotated[str, _named("IP config name"), _NAME_SCHEMA]
ClearableNicName = Annotated[str, BeforeValidator(none_or(name_check("NIC name"))), _NAME_SCHEMA]
ClearableGroupName = Annotated[
    str, BeforeValidator(none_or(name_check("resource group name"))), _NAME_SCHEMA
]
NetworkReference = Annotated[
    str, BeforeValidator(reference_check("network name", _NETWORK)), _texts(maxLength=4096)
]
ClearableNetworkReference = Annotated[
    str, BeforeValidator(none_or(reference_check("network name", _NETWORK))), _texts(maxLength=4096)
]
VmReference = Annotated[
    str, BeforeValidator(reference_check("VM name", _VM)), _texts(maxLength=4096)
]
StorageReference = Annotated[
    str,
    BeforeValidator(reference_check("storage account name", _STORAGE)),
    _texts(maxLength=4096),
]
PolicyName = Annotated[str, _named("policy name"), _NAME_SCHEMA]
Zone = Annotated[str, _named("zone"), _NAME_SCHEMA]
AvailabilitySetId = Annotated[
    ArmId, BeforeValidator(id_check("microsoft.compute/availabilitysets")), _texts()
]
Region = Annotated[str, BeforeValidator(region), _texts()]
Subscription = Annotated[str, BeforeValidator(subscription), _texts()]
Prefix = Annotated[IPv4Network, BeforeValidator(prefix), _texts(rf"^{_OCTETS}/[0-9]{{1,2}}$")]
Mode = Annotated[AddressMode, BeforeValidator(address_mode), WithJsonSchema({"enum": list(_MODES)})]
ModeOrAddress = Annotated[
    AddressChoice,
    BeforeValidator(address_choice),
    WithJsonSchema({"anyOf": [{"enum": [*_MODES, CLEAR]}, {"type": "string", "format": "ipv4"}]}),
]
Way = Annotated[
    Direction,
    BeforeValidator(choice_check([way.value for way in Direction])),
    WithJsonSchema({"enum": [way.value for way in Direction]}),
]
Existing = Annotated[Literal["keep", "enforce"], BeforeValidator(choice_check(("keep", "enforce")))]
SubnetFallback = Annotated[
    Literal["first", "refuse"], BeforeValidator(choice_check(("first", "refuse")))
]
Switch = Annotated[bool, BeforeValidator(switch)]
ClearableSwitch = Annotated[
    bool,
    BeforeValidator(clearable_switch),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"const": CLEAR}]}),
]
Primary = Annotated[
    Literal[True], BeforeValidator(primary), WithJsonSchema({"type": "boolean", "const": True})
]
Count = Annotated[int, Field(ge=0), BeforeValidator(whole_number)]
OneOrMore = Annotated[int, Field(ge=1), BeforeValidator(whole_number)]
Percent = Annotated[int, Field(ge=0, le=100), BeforeValidator(whole_number)]
FormatVersion = Annotated[Literal[1], BeforeValidator(format_version)]
Tags = Annotated[
    Mapping[Annotated[str, BeforeValidator(tag_name)], Annotated[str, BeforeValidator(tag_value)]],
    AfterValidator(few_tags),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": MAX_TAGS,
            "additionalProperties": {"type": ["string", "integer", "boolean"]},
        }
    ),
]

_NSG = id_check("microsoft.network/networksecuritygroups")
NsgId = Annotated[ArmId, BeforeValidator(_NSG), _texts()]
RouteTableId = Annotated[
    ArmId, BeforeValidator(id_check("microsoft.network/routetables")), _texts()
]
NatGatewayId = Annotated[
    ArmId, BeforeValidator(id_check("microsoft.network/natgateways")), _texts()
]
ClearableNsgId = Annotated[ArmId | Literal["none"], BeforeValidator(none_or(_NSG)), _texts()]
ClearablePublicIpId = Annotated[
    ArmId | Literal["none"],
    BeforeValidator(none_or(id_check("microsoft.network/publicipaddresses"))),
    _texts(),
]
ClearablePoolIds = Annotated[
    tuple[ArmId, ...] | Literal["none"],
    BeforeValidator(none_or(pool_ids)),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
