"""The section about machines that are to be replicated for the first time."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from asr_netmap.settings.network_sections import Section
from asr_netmap.settings.repeats import machine_given_twice, raise_mistakes
from asr_netmap.settings.values import (
    AvailabilitySetId,
    GroupName,
    NetworkReference,
    PolicyName,
    StorageReference,
    SubnetName,
    Switch,
    VmReference,
    Zone,
)


class ProtectException(Section):
    """One row of ``protect.settings``: what one machine gets, whatever is said for all."""

    vm: VmReference = Field(description="VM: name, resource-group/name or ARM id.")
    target_network: NetworkReference | None = Field(
        default=None,
        description="Network that it fails over into: name, resource-group/name or ARM id.",
    )
    subnet: SubnetName | None = Field(default=None, description="Subnet of that network.")
    target_resource_group: GroupName | None = Field(
        default=None, description="Resource group that it fails over into."
    )
    availability_set: AvailabilitySetId | None = Field(
        default=None, description="ARM id of an availability set of the target region."
    )
    zone: Zone | None = Field(default=None, description="Availability zone of the target region.")

    @model_validator(mode="after")
    def _set_or_zone(self) -> ProtectException:
        """ARM: a machine is in an availability set or in a zone (Microsoft Learn, availability
        options for Azure Virtual Machines)."""
        if self.availability_set is not None and self.zone is not None:
            raise ValueError("availability_set and zone exclude each other: name one of them")
        return self


class Protect(Section):
    """Machines that replication is enabled for, and where they go.

    Those that replicate already are left as they are.
    """

    vms: tuple[VmReference, ...] = Field(
        default=(), description="VMs: name, resource-group/name or ARM id."
    )
    networks: tuple[NetworkReference, ...] = Field(
        default=(), description="Source networks of which all VMs are meant."
    )
    cache_storage: StorageReference | None = Field(
        default=None,
        description="Storage account of the source region that takes what VMs write: name, "
        "resource-group/name or ARM id.",
    )
    policy: PolicyName | None = Field(
        default=None,
        description="Replication policy of the vault; left out: the one that is in use between "
        "the two regions.",
    )
    target_network: NetworkReference | None = Field(
        default=None,
        description="Network that they fail over into; left out: the one that theirs is mapped "
        "to, else <source>-asr, created.",
    )
    target_resource_group: GroupName | None = Field(
        default=None,
        description="Resource group that they fail over into; "
        "left out: target_resource_group, else <source resource group>-asr, created.",
    )
    create_missing: Switch = Field(
        default=False,
        description="Whether missing fabrics, protection containers, policy and protection "
        "container mappings are created; false: only reported.",
    )
    allow_other_network: Switch = Field(
        default=False,
        description="Whether a VM may fail over into another network than its own is mapped to.",
    )
    settings: tuple[ProtectException, ...] = Field(
        default=(), description="Exceptions, machine by machine."
    )

    @field_validator("settings")
    @classmethod
    def _rows_once(cls, rows: tuple[ProtectException, ...]) -> tuple[ProtectException, ...]:
        raise_mistakes(machine_given_twice([row.model_dump(mode="json") for row in rows]))
        return rows
