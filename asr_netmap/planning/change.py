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
    PROTECTION_CONTAINER = "protection-container"
    POLICY = "replication-policy"
    CONTAINER_MAPPING = "protection-container-mapping"
    MAPPING = "mapping"
    REPLICATION = "replication"
    NIC_SETTINGS = "nic-settings"

    @property
    def in_vault(self) -> bool:
        """Whether Site Recovery keeps it, in a vault: then a job tells of each write."""
        return self not in {Kind.RESOURCE_GROUP, Kind.NETWORK}


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


@dataclass(frozen=True, slots=True)
class ProtectionContainerState:
    """A protection container: the part of a fabric that holds replicated items."""

    region: str


@dataclass(frozen=True, slots=True)
class PolicyState:
    """A replication policy.

    retention, crash_consistent, app_consistent -- minutes: how long recovery points are kept, and
        how often they are made; 0: none of that kind.
    multi_vm -- whether VMs can be kept consistent with each other.
    """

    retention: int
    crash_consistent: int
    app_consistent: int
    multi_vm: bool = True


@dataclass(frozen=True, slots=True)
class ContainerMappingState:
    """What a protection container is paired with; itself it is the parent in the mapping's id."""

    target: ArmId
    policy: ArmId


@dataclass(frozen=True, slots=True)
class DiskCopy:
    """A managed disk that is replicated, and the storage account that takes what is written."""

    disk: ArmId
    cache: ArmId


@dataclass(frozen=True, slots=True)
class ReplicationState:
    """A virtual machine that is replicated.

    network, subnet -- where it fails over to, as given when replication is enabled; what becomes
        of its NICs after that is in the NIC settings. None: not known, or left to Site Recovery.
    """

    vm: ArmId
    policy: ArmId
    target_container: ArmId
    target_group: ArmId
    network: ArmId | None
    subnet: str | None
    disks: tuple[DiskCopy, ...]
    availability_set: ArmId | None = None
    zone: str | None = None


State = (
    GroupState
    | NetworkState
    | FabricState
    | ProtectionContainerState
    | PolicyState
    | ContainerMappingState
    | MappingState
    | ReplicationState
    | ItemState
)


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
