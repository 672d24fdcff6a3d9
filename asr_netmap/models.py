"""What exists, as frozen values: networks, NICs, fabrics, mappings, replicated items.

These are the words of the portal (source and target, never primary and recovery). The gateway
translates Azure's spelling into them; everything else speaks only these. An unset value is None
or an empty tuple, however Azure spells it (null, "" or []), so equal settings compare equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from asr_netmap.arm_id import ArmId

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

_REGION_NOISE = re.compile(r"[\s()_-]+")


def region_key(text: str) -> str:
    """The short name of a region: ``"East Asia"`` and ``"eastasia"`` are both ``eastasia``."""
    return _REGION_NOISE.sub("", text).lower()


class Direction(str, Enum):
    """Which way a mapping or an item goes, seen from the configured source region."""

    FORWARD = "forward"
    REVERSE = "reverse"

    @property
    def opposite(self) -> Direction:
        """The other way."""
        return Direction.REVERSE if self is Direction.FORWARD else Direction.FORWARD


@dataclass(frozen=True, slots=True)
class RegionPair:
    """The configured source and target region, as short names."""

    source: str
    target: str

    def direction_of(self, source: str, target: str) -> Direction | None:
        """The direction of something that goes from `source` to `target`; None: another pair."""
        if (source, target) == (self.source, self.target):
            return Direction.FORWARD
        if (source, target) == (self.target, self.source):
            return Direction.REVERSE
        return None


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet of a virtual network.

    default_outbound_access -- None when Azure does not return it, which means true
        (Microsoft Learn, default outbound access).
    """

    name: str
    prefixes: tuple[IpNetwork, ...]
    network_security_group: ArmId | None = None
    route_table: ArmId | None = None
    nat_gateway: ArmId | None = None
    delegations: tuple[str, ...] = ()
    service_endpoints: tuple[str, ...] = ()
    private_endpoint_policies: str | None = None
    private_link_policies: str | None = None
    default_outbound_access: bool | None = None

    @property
    def ipv4(self) -> tuple[IPv4Network, ...]:
        """The IPv4 prefixes: what Site Recovery handles."""
        return tuple(p for p in self.prefixes if isinstance(p, IPv4Network))

    def holds(self, address: IpAddress) -> bool:
        """Whether `address` lies in one of the prefixes."""
        return any(address in prefix for prefix in self.prefixes)


@dataclass(frozen=True, slots=True)
class Peering:
    """A peering of a virtual network, seen from its side.

    remote_space -- the other network's address space, which Azure tells here, too.
    remote_gateway -- whether the other network's gateway is used to reach further ones.
    """

    name: str
    remote: ArmId
    state: str
    remote_space: tuple[IpNetwork, ...] = ()
    remote_gateway: bool = False


@dataclass(frozen=True, slots=True)
class Network:
    """A virtual network."""

    id: ArmId
    region: str
    address_space: tuple[IpNetwork, ...]
    subnets: tuple[Subnet, ...]
    dns_servers: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    ddos_plan: ArmId | None = None
    peerings: tuple[Peering, ...] = ()

    @property
    def name(self) -> str:
        """The network's own name."""
        return self.id.name

    def subnet(self, name: str) -> Subnet | None:
        """The subnet of that name, in any case: Azure's names are case-insensitive."""
        wanted = name.lower()
        for subnet in self.subnets:  # asked for every IP config several times: no generator
            if subnet.name.lower() == wanted:
                return subnet
        return None


@dataclass(frozen=True, slots=True)
class NicAddress:
    """One IP configuration of a NIC that exists: where it is and what it uses."""

    name: str
    subnet: ArmId | None
    address: IpAddress | None
    static: bool
    primary: bool


@dataclass(frozen=True, slots=True)
class Nic:
    """A network interface that exists in Azure.

    dns_servers -- set on the NIC itself; empty: those of its network.
    """

    id: ArmId
    region: str
    vm: ArmId | None
    addresses: tuple[NicAddress, ...]
    network_security_group: ArmId | None = None
    application_security_groups: tuple[ArmId, ...] = ()
    ip_forwarding: bool = False
    dns_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VmDisk:
    """A disk of a virtual machine.

    id -- None: no managed disk.
    customer_key -- it is encrypted with a key of a disk encryption set.
    ephemeral -- it lives on the host and keeps nothing.
    """

    name: str
    id: ArmId | None
    customer_key: bool = False
    ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class VirtualMachine:
    """A virtual machine: only what rules and filters need.

    nics -- the ids of its NICs, the primary one's first.
    encrypted -- by Azure Disk Encryption, inside the machine.
    spot -- Azure may take it away at any time.
    size -- such as ``Standard_D2s_v3``; empty: not known.
    """

    id: ArmId
    region: str
    tags: Mapping[str, str] = field(default_factory=dict)
    disks: tuple[VmDisk, ...] = ()
    nics: tuple[ArmId, ...] = ()
    encrypted: bool = False
    spot: bool = False
    size: str = ""

    @property
    def name(self) -> str:
        """The machine's own name."""
        return self.id.name


@dataclass(frozen=True, slots=True)
class PowerState:
    """Whether a virtual machine runs: ``running``, ``deallocated`` or another word of Azure's."""

    vm: ArmId
    state: str

    @property
    def running(self) -> bool:
        """Whether it does."""
        return self.state.lower() == "running"


@dataclass(frozen=True, slots=True)
class StorageAccount:
    """A storage account."""

    id: ArmId
    region: str
    sku: str = ""


@dataclass(frozen=True, slots=True)
class ResourceGroup:
    """A resource group."""

    id: ArmId
    region: str


@dataclass(frozen=True, slots=True)
class RegionalResource:
    """What only its own region can use: an NSG, route table, NAT gateway or public IP.

    sku -- such as ``Standard``; empty where Azure gives none.
    """

    id: ArmId
    region: str
    sku: str = ""


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer: its backend pools, and the addresses that its frontends hold.

    outbound_pools -- those that an outbound rule gives a way out.
    """

    id: ArmId
    region: str
    sku: str = ""
    pools: tuple[ArmId, ...] = ()
    frontends: tuple[NicAddress, ...] = ()
    outbound_pools: tuple[ArmId, ...] = ()


@dataclass(frozen=True, slots=True)
class Vault:
    """A Recovery Services vault.

    private_endpoints -- Site Recovery reaches it through private endpoints alone.
    identity -- it has a managed identity of its own.
    """

    id: ArmId
    region: str
    tags: Mapping[str, str] = field(default_factory=dict)
    private_endpoints: bool = False
    identity: bool = False


@dataclass(frozen=True, slots=True)
class Fabric:
    """Site Recovery's object for an Azure region in a vault."""

    id: ArmId
    region: str

    @property
    def name(self) -> str:
        """The fabric's own name, such as ``asr-a2a-default-eastasia``."""
        return self.id.name


@dataclass(frozen=True, slots=True)
class ProtectionContainer:
    """The part of a fabric that holds replicated items."""

    id: ArmId

    @property
    def fabric(self) -> ArmId:
        """The fabric that it is a part of."""
        return self.id.parent


@dataclass(frozen=True, slots=True)
class ReplicationPolicy:
    """How long recovery points are kept, and how often they are made."""

    id: ArmId

    @property
    def name(self) -> str:
        """The policy's own name."""
        return self.id.name


@dataclass(frozen=True, slots=True)
class ContainerMapping:
    """Two protection containers that are paired under a policy: what replication stands on."""

    id: ArmId
    target: ArmId
    policy: ArmId

    @property
    def source(self) -> ArmId:
        """The protection container that it goes from."""
        return self.id.parent


@dataclass(frozen=True, slots=True)
class ReplicatedElsewhere:
    """A virtual machine that an item of another vault replicates."""

    vm: ArmId
    item: ArmId


@dataclass(frozen=True, slots=True)
class NetworkMapping:
    """A network mapping: VMs of the source network fail over into the target network.

    source_region, target_region -- of the mapping itself, not of the configured pair: a reverse
        mapping's source region is the configured target region.
    state -- Azure's word; a mapping counts only when it is ``Paired``.
    """

    id: ArmId
    source_network: ArmId
    target_network: ArmId
    source_region: str
    target_region: str
    target_fabric: ArmId | None
    state: str

    @property
    def source_fabric_name(self) -> str:
        """The name of the fabric that the mapping lies under."""
        return self.id.named("replicationFabrics") or ""

    @property
    def paired(self) -> bool:
        """Whether it is in effect."""
        return self.state.lower() == "paired"


@dataclass(frozen=True, slots=True)
class ReplicatedIpConfig:
    """One IP config of a replicated NIC: what its source has, and what failover will use.

    source_address -- the source's address now; Azure gives it for dynamic ones, too.
    source_static -- None when Azure does not say.
    primary -- exactly one of a NIC is; it is always selected. A setting, like the fields from
        `selected` on. ``test_`` ones are for test failover. An unset `address` lets Site Recovery
        choose.
    """

    name: str
    primary: bool
    source_subnet: str | None = None
    source_address: IpAddress | None = None
    source_static: bool | None = None
    selected: bool = False
    subnet: str | None = None
    address: IpAddress | None = None
    public_ip: ArmId | None = None
    lb_pools: tuple[ArmId, ...] = ()
    test_subnet: str | None = None
    test_address: IpAddress | None = None
    test_public_ip: ArmId | None = None
    test_lb_pools: tuple[ArmId, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplicatedNic:
    """A NIC of a replicated item.

    id -- of the source NIC: stable, unlike Site Recovery's own id of it.
    chosen_by_user -- somebody set it; a rule keeps its values.
    chosen_at_enabling -- and that was when replication was enabled.
    The fields from `nsg` on are settings that can be changed.
    """

    id: ArmId
    ip_configs: tuple[ReplicatedIpConfig, ...]
    source_network: ArmId | None = None
    chosen_by_user: bool = False
    chosen_at_enabling: bool = False
    nsg: ArmId | None = None
    accelerated: bool = False
    nic_name: str | None = None
    nic_group: str | None = None
    reuse_nic: bool = False
    test_nsg: ArmId | None = None
    test_accelerated: bool = False
    test_nic_name: str | None = None
    test_nic_group: str | None = None
    test_reuse_nic: bool = False

    @property
    def name(self) -> str:
        """The source NIC's name."""
        return self.id.name

    def ip_config(self, name: str) -> ReplicatedIpConfig | None:
        """The IP config of that name, in any case."""
        wanted = name.lower()
        for config in self.ip_configs:
            if config.name.lower() == wanted:
                return config
        return None


@dataclass(frozen=True, slots=True)
class ReplicatedItem:
    """A virtual machine that Site Recovery replicates.

    source_region, target_region -- where it runs now and where it would fail over to; after a
        failover and reprotect they are the other way round than configured.
    scenario -- what Site Recovery is doing with it; None: nothing.
    allowed_operations -- what Site Recovery offers to do with it next, such as ``Commit``.
    failed_over_at, tested_at -- when it last failed over, and was last tested, with success.
    failed_over_vm, test_vm -- the virtual machine that a failover, or a test failover, has made.
    """

    id: ArmId
    vm_name: str
    vm: ArmId | None
    source_region: str
    target_region: str
    protection_state: str
    vm_protection_state: str
    active_location: str
    test_failover_state: str
    scenario: str | None = None
    scenario_job: ArmId | None = None
    health_codes: tuple[str, ...] = ()
    target_network: ArmId | None = None
    test_network: ArmId | None = None
    target_vm_name: str | None = None
    target_group: ArmId | None = None
    test_vm_name: str | None = None
    nics: tuple[ReplicatedNic, ...] = ()
    allowed_operations: tuple[str, ...] = ()
    failed_over_at: datetime | None = None
    tested_at: datetime | None = None
    failed_over_vm: ArmId | None = None
    test_vm: ArmId | None = None

    def nic(self, nic_id: ArmId) -> ReplicatedNic | None:
        """The NIC whose source has that id."""
        for nic in self.nics:
            if nic.id.key == nic_id.key:
                return nic
        return None

    def ip_configs(
        self,
    ) -> Iterator[tuple[ReplicatedNic | None, ReplicatedIpConfig | None]]:
        """Every IP config with its NIC; None where a NIC has none, or the item no NIC yet."""
        if not self.nics:
            yield None, None
        for nic in self.nics:
            for config in nic.ip_configs or (None,):
                yield nic, config

    @property
    def source_networks(self) -> frozenset[ArmId]:
        """The networks that its NICs are in at the source."""
        return frozenset(n.source_network for n in self.nics if n.source_network is not None)


@dataclass(frozen=True, slots=True)
class NotLookedAt:
    """Something that could not be read, so nobody may conclude that it is absent.

    what -- in the user's words, such as "networks of subscription 1111…".
    scope -- the ARM scope that it covers; None if it has none.
    kind -- the resource type, in lower case, that it is about; empty: everything in the scope.
    """

    what: str
    reason: str
    scope: ArmId | None = None
    hint: str = ""
    kind: str = ""

    def covers(self, resource: ArmId) -> bool:
        """Whether `resource` may be there unseen."""
        if self.scope is None or not resource.kind.startswith(self.kind):
            return False
        return resource.is_under(self.scope) or self.scope.is_under(resource)


@dataclass(frozen=True, slots=True)
class ManagementLock:
    """A lock on a subscription, a resource group or a resource, and on everything below it.

    level -- ``CanNotDelete`` stops deletes, ``ReadOnly`` every change (Microsoft Learn, lock
        resources).
    """

    scope: ArmId
    name: str
    level: str

    def forbids(self, resource: ArmId, *, deleting: bool) -> bool:
        """Whether it stops a change, or a deletion, of `resource`."""
        level = self.level.lower()
        if level != "readonly" and not (level == "cannotdelete" and deleting):
            return False
        return f"{resource.key}/".startswith(f"{self.scope.key}/")


@dataclass(frozen=True)
class Inventory:
    """All that was read of one vault and the networks around it, at one time.

    policies, container_mappings, power_states, storage_accounts, elsewhere -- read only where
        virtual machines are to be protected.
    """

    vault: Vault | None = None
    regions: tuple[str, ...] = ()
    groups: tuple[ResourceGroup, ...] = ()
    networks: tuple[Network, ...] = ()
    nics: tuple[Nic, ...] = ()
    regional: tuple[RegionalResource, ...] = ()
    load_balancers: tuple[LoadBalancer, ...] = ()
    vms: tuple[VirtualMachine, ...] = ()
    fabrics: tuple[Fabric, ...] = ()
    containers: tuple[ProtectionContainer, ...] = ()
    mappings: tuple[NetworkMapping, ...] = ()
    items: tuple[ReplicatedItem, ...] = ()
    policies: tuple[ReplicationPolicy, ...] = ()
    container_mappings: tuple[ContainerMapping, ...] = ()
    power_states: tuple[PowerState, ...] = ()
    storage_accounts: tuple[StorageAccount, ...] = ()
    elsewhere: tuple[ReplicatedElsewhere, ...] = ()
    not_looked_at: tuple[NotLookedAt, ...] = ()

    @cached_property
    def _networks_by_id(self) -> Mapping[ArmId, Network]:
        return {network.id: network for network in self.networks}

    @cached_property
    def _items_by_id(self) -> Mapping[ArmId, ReplicatedItem]:
        return {item.id: item for item in self.items}

    @cached_property
    def _vms_by_id(self) -> Mapping[ArmId, VirtualMachine]:
        return {vm.id: vm for vm in self.vms}

    @cached_property
    def _nics_by_id(self) -> Mapping[ArmId, Nic]:
        return {nic.id: nic for nic in self.nics}

    @cached_property
    def _nics_by_vm(self) -> Mapping[ArmId, tuple[Nic, ...]]:
        found: dict[ArmId, tuple[Nic, ...]] = {}
        for nic in self.nics:
            if nic.vm is not None:
                found[nic.vm] = (*found.get(nic.vm, ()), nic)
        return found

    @cached_property
    def _power_by_vm(self) -> Mapping[ArmId, PowerState]:
        return {power.vm: power for power in self.power_states}

    @cached_property
    def _items_by_vm(self) -> Mapping[ArmId, ReplicatedItem]:
        return {item.vm: item for item in self.items if item.vm is not None}

    def power_of(self, vm: ArmId) -> PowerState | None:
        """Whether a virtual machine runs; None: not looked at."""
        return self._power_by_vm.get(vm)

    def item_of(self, vm: ArmId) -> ReplicatedItem | None:
        """The replicated item of a virtual machine."""
        return self._items_by_vm.get(vm)

    def nics_of(self, vm: ArmId) -> tuple[Nic, ...]:
        """The NICs that exist and belong to a virtual machine."""
        return self._nics_by_vm.get(vm, ())

    def network(self, network_id: ArmId) -> Network | None:
        """The network of that id; None: not there, or not looked at."""
        return self._networks_by_id.get(network_id)

    def item(self, item_id: ArmId) -> ReplicatedItem | None:
        """The replicated item of that id."""
        return self._items_by_id.get(item_id)

    def vm(self, vm_id: ArmId) -> VirtualMachine | None:
        """The virtual machine of that id."""
        return self._vms_by_id.get(vm_id)

    def vm_of(self, item: ReplicatedItem) -> VirtualMachine | None:
        """The virtual machine that an item replicates; None: not known, or not looked at."""
        return self.vm(item.vm) if item.vm is not None else None

    def nic(self, nic_id: ArmId) -> Nic | None:
        """The NIC of that id."""
        return self._nics_by_id.get(nic_id)

    def fabric_in(self, region: str) -> Fabric | None:
        """The vault's fabric of a region; the documentation allows one."""
        return next((f for f in self.fabrics if f.region == region), None)

    def networks_in(self, region: str) -> Iterator[Network]:
        """The networks of a region, in the order of their ids."""
        return iter(sorted((n for n in self.networks if n.region == region), key=lambda n: n.id))

    def looked_at(self, resource: ArmId) -> bool:
        """Whether everything that covers `resource` was read: then absent means absent."""
        return not any(gap.covers(resource) for gap in self.not_looked_at)
