"""The sections about one vault and one network: where they are and what becomes of addresses.

An attribute that would be a Python keyword or hide a method ends in an underscore (`from_`); the
file spells it without.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import UsageError
from asr_netmap.settings.checks import case_unique, is_guid
from asr_netmap.settings.values import (
    GroupName,
    Mode,
    NatGatewayId,
    NetworkReference,
    NsgId,
    Prefix,
    RouteTableId,
    SubnetName,
    Subscription,
    VaultName,
)

SubnetMap = Annotated[Mapping[SubnetName, SubnetName], AfterValidator(case_unique)]


class Section(BaseModel):
    """A part of the file: frozen, and every key known."""

    # Built when something is first checked, and then once, as a part of the whole: a fifth of what
    # every command takes to start.
    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, defer_build=True)


class VaultRef(Section):
    """Which Recovery Services vault is meant."""

    subscription: Subscription = Field(description="The vault's subscription: its GUID or name.")
    resource_group: GroupName = Field(description="The vault's resource group.")
    name: VaultName = Field(description="The vault's name.")

    @property
    def id(self) -> ArmId:
        """The vault's ARM id.

        Raises UsageError while the subscription is only a name, which no id can hold.
        """
        if not is_guid(self.subscription):
            raise UsageError(
                f"vault.subscription {self.subscription!r} is a name; an ARM id needs the GUID.",
                "Give the GUID that `az account show --query id` prints.",
            )
        return ArmId.of_vault(self.subscription, self.resource_group, self.name)


class AddressRule(Section):
    """Addresses of one prefix move into another of the same length; the host part is kept."""

    from_: Prefix = Field(
        validation_alias="from",
        serialization_alias="from",
        description="IPv4 prefix at the source, such as 10.2.1.0/24.",
    )
    to: Prefix = Field(description="IPv4 prefix at the target, of the same length.")

    @field_validator("to")
    @classmethod
    def _same_length(cls, to: Prefix, info: ValidationInfo) -> Prefix:
        source = info.data.get("from_")
        if source is not None and source.prefixlen != to.prefixlen:
            raise ValueError(
                f"/{to.prefixlen} is not as long as from, /{source.prefixlen}; the host part of "
                "an address is kept, so both need one length"
            )
        return to

    def translate(self, address: IPv4Address) -> IPv4Address | None:
        """The address at the same place in `to`; None if `address` isn't in `from`."""
        if address not in self.from_:
            return None
        return self.to[int(address) - int(self.from_.network_address)]

    def inverted(self) -> AddressRule:
        """The rule for the way back."""
        return AddressRule(from_=self.to, to=self.from_)


class Attach(Section):
    """Resources of the target region that go into the same write as a created subnet."""

    nsg: NsgId | None = Field(default=None, description="ARM id of a network security group.")
    route_table: RouteTableId | None = Field(default=None, description="ARM id of a route table.")
    nat_gateway: NatGatewayId | None = Field(default=None, description="ARM id of a NAT gateway.")


class TestNetwork(Section):
    """Where the NICs of one source network go in a test failover."""

    __test__: ClassVar[bool] = False  # the name looks like a test to pytest

    network: NetworkReference | None = Field(
        default=None, description="Test network: name, resource-group/name or ARM id."
    )
    subnets: SubnetMap = Field(
        default_factory=dict, description="Source subnet name to test subnet name."
    )
    addresses: tuple[AddressRule, ...] = Field(
        default=(), description="Prefix rules for test addresses; the first match wins."
    )
    address: Mode | None = Field(
        default=None, description="How test addresses are chosen; default: as for failover."
    )


class NetworkSettings(Section):
    """One source network and its counterpart."""

    source: NetworkReference = Field(
        description="Network in the source region: name, resource-group/name or ARM id."
    )
    target: NetworkReference | None = Field(
        default=None,
        description="Network in the target region: name, resource-group/name or ARM id; left out: "
        "the one in use, else <source>-asr, created.",
    )
    subnets: SubnetMap = Field(
        default_factory=dict,
        description="Source subnet name to target subnet name, where the same name isn't meant.",
    )
    addresses: tuple[AddressRule, ...] = Field(
        default=(), description="Prefix rules that keep the host part; the first match wins."
    )
    address: Mode | None = Field(
        default=None,
        description="How addresses of this network's NICs are chosen; default: nics.address.",
    )
    test: TestNetwork | None = Field(default=None, description="Settings for test failover.")
    attach: Annotated[Mapping[SubnetName, Attach], AfterValidator(case_unique)] = Field(
        default_factory=dict,
        description="Subnet name to resources of the target region that a created subnet gets.",
    )

    @field_validator("target")
    @classmethod
    def _not_itself(cls, target: str | None, info: ValidationInfo) -> str | None:
        source = info.data.get("source")
        if target is not None and source is not None and target.lower() == source.lower():
            raise ValueError(
                f"{target!r} is the source, too; if two networks share the name, "
                "write resource-group/name or the ARM id for both"
            )
        return target
