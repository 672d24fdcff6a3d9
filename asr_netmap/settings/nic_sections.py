"""The section about NICs: rules for all of them, and the exceptions row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator, model_validator

from asr_netmap.settings.checks import AddressMode
from asr_netmap.settings.network_sections import Section
from asr_netmap.settings.repeats import raise_mistakes, row_given_twice, two_primaries
from asr_netmap.settings.values import (
    ClearableGroupName,
    ClearableNetworkReference,
    ClearableNicName,
    ClearableNsgId,
    ClearablePoolIds,
    ClearablePublicIpId,
    ClearableSubnetName,
    ClearableSwitch,
    Existing,
    IpConfigName,
    Mode,
    ModeOrAddress,
    NicReference,
    Primary,
    SubnetFallback,
    VmReference,
    Way,
)


class NicException(Section):
    """One row of ``nics.settings``: what one VM, NIC or IP config gets, whatever the rules say.

    Only what is given counts: `model_fields_set` holds the names of the given fields, and every
    field that isn't among them is None. ``none``, in any letter case, clears a setting: a network
    that is really called so is given as ``group/none``, a subnet by the network's map of subnets.
    """

    vm: VmReference = Field(description="VM: name, resource-group/name or ARM id.")
    nic: NicReference | None = Field(
        default=None,
        description="Source NIC: name, or ARM id where the VM has two of that name; "
        "left out: every NIC.",
    )
    ip_config: IpConfigName | None = Field(
        default=None, description="Name of the IP config; left out: every one of the NIC."
    )
    direction: Way | None = Field(
        default=None, description="Only while the VM replicates this way; left out: both ways."
    )
    target_network: ClearableNetworkReference | None = Field(
        default=None,
        description="Failover network of the whole VM: name, resource-group/name or ARM id; none "
        "clears it, and Site Recovery decides (a network that is called none: "
        "resource-group/none).",
    )
    test_network: ClearableNetworkReference | None = Field(
        default=None,
        description="Test failover network of the whole VM: name, resource-group/name or ARM id; "
        "none clears it.",
    )
    selected: ClearableSwitch | None = Field(
        default=None,
        description="Whether a secondary IP config is created at failover; none: false.",
    )
    primary: Primary | None = Field(
        default=None,
        description="true makes this IP config the primary one of its NIC after failover, and the "
        "one that was a secondary one; needs ip_config. Left out: as it is.",
    )
    subnet: ClearableSubnetName | None = Field(
        default=None,
        description="Failover subnet; none clears it, and Site Recovery decides (a subnet that is "
        "called none: the network's `subnets`).",
    )
    address: ModeOrAddress | None = Field(
        default=None, description="Failover address: an IPv4 address or a mode; dynamic clears it."
    )
    public_ip: ClearablePublicIpId | None = Field(
        default=None, description="Failover public IP: ARM id, or none."
    )
    lb_pools: ClearablePoolIds | None = Field(
        default=None, description="Failover load balancer backend pools: ARM ids, or none."
    )
    nsg: ClearableNsgId | None = Field(
        default=None, description="Failover network security group: ARM id, or none."
    )
    accelerated: ClearableSwitch | None = Field(
        default=None, description="Accelerated networking after failover; none: false."
    )
    nic_name: ClearableNicName | None = Field(
        default=None,
        description="Name of the NIC after failover, or none to let Site Recovery name it.",
    )
    nic_group: ClearableGroupName | None = Field(
        default=None, description="Resource group of the NIC after failover, or none."
    )
    reuse_nic: ClearableSwitch | None = Field(
        default=None,
        description="Whether failover may use an existing NIC of that name; none: false.",
    )
    test_subnet: ClearableSubnetName | None = Field(
        default=None,
        description="Test failover subnet; none clears it, and Site Recovery decides (a subnet "
        "that is called none: the network's `test.subnets`).",
    )
    test_address: ModeOrAddress | None = Field(
        default=None,
        description="Test failover address: an IPv4 address or a mode; dynamic clears it.",
    )
    test_public_ip: ClearablePublicIpId | None = Field(
        default=None, description="Test failover public IP: ARM id, or none."
    )
    test_lb_pools: ClearablePoolIds | None = Field(
        default=None, description="Test failover load balancer backend pools: ARM ids, or none."
    )
    test_nsg: ClearableNsgId | None = Field(
        default=None, description="Test failover network security group: ARM id, or none."
    )
    test_accelerated: ClearableSwitch | None = Field(
        default=None, description="Accelerated networking in a test failover; none: false."
    )
    test_nic_name: ClearableNicName | None = Field(
        default=None, description="Name of the NIC in a test failover, or none."
    )
    test_nic_group: ClearableGroupName | None = Field(
        default=None, description="Resource group of the NIC in a test failover, or none."
    )
    test_reuse_nic: ClearableSwitch | None = Field(
        default=None,
        description="Whether a test failover may use an existing NIC of that name; none: false.",
    )

    @model_validator(mode="before")
    @classmethod
    def _none_is_not_given(cls, values: Any) -> Any:
        """None from Python means absent; in a file an empty value is refused before."""
        if not isinstance(values, Mapping):
            return values
        return {name: value for name, value in values.items() if value is not None}

    @model_validator(mode="after")
    def _one_primary(self) -> NicException:
        if self.primary and self.ip_config is None:
            raise ValueError("primary needs ip_config: a NIC has exactly one primary IP config")
        if self.primary and self.selected is False:
            raise ValueError("selected can't be false beside primary: that one is always selected")
        return self


class NicRules(Section):
    """How the NICs of all networks are set."""

    address: Mode = Field(
        default=AddressMode.ASR_DEFAULT,
        description="How addresses are chosen where nothing else says it.",
    )
    existing: Existing = Field(
        default="keep",
        description="What to do with a value that somebody set and a rule would change: keep it "
        "and report it, or enforce the rule.",
    )
    subnet_fallback: SubnetFallback = Field(
        default="first",
        description="Without a subnet of the same name: take the first one, as Site Recovery "
        "does, or refuse and let people decide.",
    )
    settings: tuple[NicException, ...] = Field(
        default=(), description="Exceptions, row by row; they beat every rule."
    )

    @field_validator("settings")
    @classmethod
    def _rows_once(cls, rows: tuple[NicException, ...]) -> tuple[NicException, ...]:
        dumped = [row.model_dump(mode="json") for row in rows]
        raise_mistakes((*row_given_twice(dumped), *two_primaries(dumped)))
        return rows
