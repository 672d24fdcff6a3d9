"""Small values that the tests of applying are made of."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

from asr_netmap.arm_id import ArmId
from asr_netmap.models import ReplicatedIpConfig, ReplicatedItem, ReplicatedNic, Subnet
from asr_netmap.planning.change import (
    Action,
    AddressClaim,
    Change,
    FabricState,
    GroupState,
    ItemState,
    Kind,
    MappingState,
    NetworkState,
    State,
)
from asr_netmap.planning.nic_setting import Setting

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
VAULT = ArmId.of_vault(SUBSCRIPTION, "rg-vault", "vault-dr")
SOURCE_FABRIC = VAULT.child("replicationFabrics", "asr-a2a-default-eastasia")
TARGET_FABRIC = VAULT.child("replicationFabrics", "asr-a2a-default-southeastasia")
SOURCE = ArmId.of_network(SUBSCRIPTION, "rg-app", "vnet-app")
TARGET = ArmId.of_network(SUBSCRIPTION, "rg-app-asr", "vnet-app-asr")
OTHER = ArmId.of_network(SUBSCRIPTION, "rg-app-asr", "vnet-other")

FORWARD = MappingState(SOURCE, TARGET, TARGET_FABRIC.name)
REVERSE = MappingState(TARGET, SOURCE, SOURCE_FABRIC.name)


def mapping_id(fabric: ArmId, name: str) -> ArmId:
    """The id of a mapping under a fabric."""
    network = fabric.child("replicationNetworks", "azureNetwork")
    return network.child("replicationNetworkMappings", name)


def create_mapping(state: MappingState = FORWARD, *, name: str = "") -> Change:
    """A change that creates a mapping."""
    fabric = SOURCE_FABRIC if state.target_fabric == TARGET_FABRIC.name else TARGET_FABRIC
    subject = mapping_id(fabric, name or f"{state.source_network.name}-map")
    return Change(
        Kind.MAPPING, Action.CREATE, subject, subject.name, None, state, "the pair is missing"
    )


def item_id(name: str) -> ArmId:
    """The id of a replicated item."""
    container = SOURCE_FABRIC.child("replicationProtectionContainers", "container")
    return container.child("replicationProtectedItems", name)


def nic_id(vm: str) -> ArmId:
    """The id of a VM's NIC."""
    group = ArmId.of_group(SUBSCRIPTION, "rg-app")
    return group.provider_child("Microsoft.Network", "networkInterfaces", f"{vm}-nic")


def replicated_item(
    vm: str, subnet: str | None = None, address: str | None = None
) -> ReplicatedItem:
    """A protected, idle item with one NIC and one IP config."""
    config = ReplicatedIpConfig(
        name="ipconfig1",
        primary=True,
        subnet=subnet,
        address=ip_address(address) if address else None,
        test_subnet="test-was-set",
    )
    return ReplicatedItem(
        id=item_id(vm),
        vm_name=vm,
        vm=ArmId.of_group(SUBSCRIPTION, "rg-app").provider_child(
            "Microsoft.Compute", "virtualMachines", vm
        ),
        source_region="eastasia",
        target_region="southeastasia",
        protection_state="Protected",
        vm_protection_state="Protected",
        active_location="Primary",
        test_failover_state="None",
        target_network=TARGET,
        nics=(ReplicatedNic(id=nic_id(vm), ip_configs=(config,)),),
    )


def settings(vm: str, subnet: str | None, address: str | None) -> tuple[Setting, ...]:
    """Subnet and address of a VM's one IP config."""
    nic = nic_id(vm)
    return (
        Setting("subnet", subnet, nic, "ipconfig1"),
        Setting("address", ip_address(address) if address else None, nic, "ipconfig1"),
    )


def set_nics(
    vm: str,
    address: str = "10.1.1.7",
    *,
    depends_on: tuple[str, ...] = (),
    claims: tuple[AddressClaim, ...] = (),
) -> Change:
    """A change that sets subnet and address, both unset before."""
    return Change(
        Kind.NIC_SETTINGS,
        Action.UPDATE,
        item_id(vm),
        vm,
        ItemState(settings(vm, None, None)),
        ItemState(settings(vm, "web", address)),
        "the documented default",
        depends_on,
        claims,
    )


def with_settings(item: ReplicatedItem, state: ItemState) -> ReplicatedItem:
    """The item with the IP config settings of `state`."""
    nics = []
    for nic in item.nics:
        configs = []
        for config in nic.ip_configs:
            ours = [s for s in state.settings if s.nic == nic.id and s.ip_config == config.name]
            changed = {s.name: s.value for s in ours}
            configs.append(replace(config, **changed))  # type: ignore[arg-type]  # -- field names and values are the callers'
        nics.append(replace(nic, ip_configs=tuple(configs)))
    return replace(item, nics=tuple(nics))


def network_state(region: str = "southeastasia", prefix: str = "10.1.1.0/24") -> NetworkState:
    """A network with one subnet."""
    subnet = Subnet("web", (ip_network(prefix),))
    return NetworkState(region, (ip_network("10.1.0.0/16"),), (subnet,))


def create(kind: Kind, subject: ArmId, after: State, *depends_on: str) -> Change:
    """A change that creates something."""
    return Change(kind, Action.CREATE, subject, subject.name, None, after, "missing", depends_on)


def create_network() -> Change:
    """A change that creates the target network."""
    return create(Kind.NETWORK, TARGET, network_state())


def create_group() -> Change:
    """A change that creates the target resource group."""
    return create(Kind.RESOURCE_GROUP, TARGET.group_id, GroupState("southeastasia"))


def create_fabric() -> Change:
    """A change that creates a fabric."""
    return create(Kind.FABRIC, TARGET_FABRIC, FabricState("southeastasia"))
