"""The whole of what is declared for one vault and one pair of regions."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from asr_netmap.models import RegionPair
from asr_netmap.settings.network_sections import NetworkSettings, Section, VaultRef
from asr_netmap.settings.nic_sections import NicRules
from asr_netmap.settings.protect_section import Protect
from asr_netmap.settings.repeats import raise_mistakes, source_given_twice
from asr_netmap.settings.values import (
    Count,
    FormatVersion,
    GroupName,
    OneOrMore,
    Percent,
    Region,
    Subscription,
    Switch,
    Tags,
)

# A section that is left out, made of its defaults by the whole's own check: an instance here would
# have each section's check built apart, before the whole's.
_OF_DEFAULTS: Any = {}


class CopySettings(Section):
    """What a created network takes over from its source, beside address space and subnets."""

    dns: Switch = Field(default=True, description="DNS servers.")
    service_endpoints: Switch = Field(
        default=True, description="Service endpoints, without locations."
    )
    policies: Switch = Field(
        default=True, description="Private endpoint and private link policies."
    )
    delegations: Switch = Field(default=True, description="Subnet delegations.")
    tags: Switch = Field(default=False, description="Tags; they may steer policies.")
    ddos: Switch = Field(
        default=False, description="DDoS protection plan; needs rights of its own."
    )


class Safety(Section):
    """Limits that a plan must keep."""

    create_networks: Switch = Field(
        default=True,
        description="Whether missing target networks are created; false: only reported.",
    )
    max_changed_percent: Percent = Field(
        default=30,
        description="Largest share of existing objects that a plan may change.",
    )
    allow_retarget: Switch = Field(
        default=False, description="Whether an existing mapping may get another target."
    )
    allow_shared_target: Switch = Field(
        default=False, description="Whether two source networks may share one target network."
    )
    max_changes: Count | None = Field(default=None, description="Largest number of changes.")
    max_failures: OneOrMore | None = Field(
        default=None, description="Failed changes after which nothing more is started."
    )


class Settings(Section):
    """What is declared for one vault and one pair of regions."""

    version: FormatVersion = Field(description="Version of this format: 1.")
    vault: VaultRef = Field(description="The Recovery Services vault.")
    source_region: Region = Field(description='Region that is protected: eastasia or "East Asia".')
    target_region: Region = Field(description="Region that VMs fail over to.")
    target_resource_group: GroupName | None = Field(
        default=None,
        description="Where created networks and protected VMs go; "
        "default: <source resource group>-asr.",
    )
    target_subscription: Subscription | None = Field(
        default=None,
        description="Subscription of created networks, GUID or name; "
        "default: the source network's.",
    )
    networks: tuple[NetworkSettings, ...] | None = Field(
        default=None,
        description="The networks; left out: every one in the source region that a replicated "
        "item uses.",
    )
    protect: Protect | None = Field(
        default=None, description="Machines that are to be replicated for the first time."
    )
    nics: NicRules = Field(
        default=_OF_DEFAULTS, validate_default=True, description="Rules and exceptions for NICs."
    )
    copy_: CopySettings = Field(
        default=_OF_DEFAULTS,
        validate_default=True,
        validation_alias="copy",
        serialization_alias="copy",
        description="What a created network takes over from its source.",
    )
    tags: Tags = Field(default_factory=dict, description="Tags for what this tool creates.")
    safety: Safety = Field(
        default=_OF_DEFAULTS, validate_default=True, description="Limits that a plan must keep."
    )
    freeze: Switch = Field(default=False, description="true stops every write.")

    @field_validator("target_region")
    @classmethod
    def _two_regions(cls, target: str, info: ValidationInfo) -> str:
        if target == info.data.get("source_region"):
            raise ValueError(f"{target!r} is the source region, too")
        return target

    @field_validator("networks")
    @classmethod
    def _sources_once(
        cls, networks: tuple[NetworkSettings, ...] | None
    ) -> tuple[NetworkSettings, ...] | None:
        raise_mistakes(source_given_twice([{"source": n.source} for n in networks or ()]))
        return networks

    @property
    def regions(self) -> RegionPair:
        """Source and target region."""
        return RegionPair(self.source_region, self.target_region)
