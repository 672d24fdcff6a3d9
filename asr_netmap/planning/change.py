"""Changes: what is to be done to one Azure object, with what it is before and after."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from asr_netmap.arm_id import ArmId
from asr_netmap.models import IpAddress, IpNetwork, Subnet
from asr_netmap.planning.nic_setting import Setting


class Kind(str, Enum):
    """What a change is made to, in the order in which changes depend on each other."""

    RESOURCE_GROUP = "resource-group"
    NETWORK = "network"
    FABRIC = "fabric"
    MAPPING = "mapping"
    NIC_SETTINGS = "nic-settings"


class Action(str, Enum):
    """What is done."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class GroupState:
    """A resource group as it should be created."""

    region: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NetworkState:
    """A virtual network as it should be created; an existing one is never written."""

    region: str
    address_space: tuple[IpNetwork, ...]
    subnets: tuple[Subnet, ...]
    dns_servers: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    ddos_plan: ArmId | None = None


@dataclass(frozen=True, slots=True)
class FabricState:
    """A fabric: Site Recovery's object for a region."""

    region: str


@dataclass(frozen=True, slots=True)
class MappingState:
    """What a mapping maps. Fabrics are given by name; the source fabric is in the mapping's id."""

    source_network: ArmId
    target_network: ArmId
    target_fabric: str


@dataclass(frozen=True, slots=True)
class ItemState:
    """The settings of a replicated item that a change touches, and no others."""

    settings: tuple[Setting, ...]


State = GroupState | NetworkState | FabricState | MappingState | ItemState


@dataclass(frozen=True, slots=True)
class AddressClaim:
    """An address that Azure must call free right before it is written."""

    network: ArmId
    address: IpAddress


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do.

    subject -- the object that is written.
    title -- the subject as people call it: ``app1``, ``vnet-app -> vnet-app-asr (forward)``.
    before, after -- None: the object does not exist before, or after.
    depends_on -- the ids of changes that must have been applied before.
    claims -- addresses to ask Azure for right before the write.
    """

    kind: Kind
    action: Action
    subject: ArmId
    title: str
    before: State | None
    after: State | None
    reason: str
    depends_on: tuple[str, ...] = ()
    claims: tuple[AddressClaim, ...] = ()

    @property
    def id(self) -> str:
        """A short name that is the same for the same change in every plan."""
        return change_id(self.kind, self.action, self.subject)


def change_id(kind: Kind, action: Action, subject: ArmId) -> str:
    """The id of the change of that kind to that object, such as ``mapping-create-1f0c9a2b77de``."""
    digest = hashlib.sha256(f"{kind.value}|{action.value}|{subject.key}".encode()).hexdigest()
    return f"{kind.value}-{action.value}-{digest[:12]}"
