"""Hand-made inventories for the tests of rules and planning: small, and readable in one line.

Everything lies in one subscription and, unless said otherwise, in resource group ``rg-app``;
networks are named by their short names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

from asr_netmap.arm_id import AZURE_NETWORK, ArmId
from asr_netmap.models import (
    Fabric,
    Inventory,
    Network,
    NetworkMapping,
    Nic,
    NicAddress,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
    ResourceGroup,
    Subnet,
    Vault,
    VirtualMachine,
)
from asr_netmap.planning.change import Change, ItemState, Kind, MappingState, NetworkState
from asr_netmap.planning.nic_setting import Level, SettingValue
from asr_netmap.planning.plan import Plan, Scope
from asr_netmap.planning.planner import plan
from asr_netmap.planning.selection import Selection
from asr_netmap.settings import Settings, from_document

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
OTHER_SUBSCRIPTION = "99999999-2222-3333-4444-555555555555"
SOURCE, TARGET = "eastasia", "southeastasia"
VAULT = ArmId.of_vault(SUBSCRIPTION, "rg-vault", "vault-dr")
SCOPE_TENANT = "tenant"


def network_id(name: str, group: str = "rg-app", subscription: str = SUBSCRIPTION) -> ArmId:
    """The id of a network; ``group/name`` puts it into another group."""
    if "/" in name:
        group, name = name.split("/")
    return ArmId.of_network(subscription, group, name)


def resource(kind: str, name: str, group: str = "rg-app") -> ArmId:
    """The id of a resource such as ``Microsoft.Network/networkInterfaces``."""
    namespace, type_ = kind.split("/")
    return ArmId.of_group(SUBSCRIPTION, group).provider_child(namespace, type_, name)


def nic_id(name: str, group: str = "rg-app") -> ArmId:
    return resource("Microsoft.Network/networkInterfaces", name, group)


def vm_id(name: str, group: str = "rg-app") -> ArmId:
    return resource("Microsoft.Compute/virtualMachines", name, group)


def subnet(name: str, *prefixes: str, **more: Any) -> Subnet:
    return Subnet(name, tuple(ip_network(p) for p in prefixes), **more)


def network(
    name: str,
    region: str = SOURCE,
    space: str = "10.1.0.0/16",
    subnets: Mapping[str, str] | Iterable[Subnet] = (),
    **more: Any,
) -> Network:
    """A network; `subnets` as ``{"web": "10.1.1.0/24"}`` or as values."""
    if isinstance(subnets, Mapping):
        subnets = [subnet(key, prefix) for key, prefix in subnets.items()]
    return Network(network_id(name), region, (ip_network(space),), tuple(subnets), **more)


def fabric(region: str, name: str = "") -> Fabric:
    return Fabric(VAULT.child("replicationFabrics", name or f"asr-a2a-default-{region}"), region)


def mapping(
    source: str | ArmId,
    target: str | ArmId,
    goes: tuple[str, str] = (SOURCE, TARGET),
    *,
    name: str = "",
    segment: str = AZURE_NETWORK,
    state: str = "Paired",
    fabrics: tuple[Fabric, Fabric] | None = None,
) -> NetworkMapping:
    """A mapping between two networks; `segment` is the part of its path before the last two."""
    of, onto = fabrics or (fabric(goes[0]), fabric(goes[1]))
    source = network_id(source) if isinstance(source, str) else source
    target = network_id(target) if isinstance(target, str) else target
    scope = of.id.child("replicationNetworks", segment)
    own = scope.child("replicationNetworkMappings", name or f"map-{source.name}-{target.name}")
    return NetworkMapping(own, source, target, goes[0], goes[1], onto.id, state)


def reverse_mapping(source: str | ArmId, target: str | ArmId, **more: Any) -> NetworkMapping:
    """A mapping from a network of the target region to one of the source region."""
    return mapping(source, target, (TARGET, SOURCE), **more)


def ip_config(
    address: str | None = "10.1.1.10",
    *,
    static: bool | None = True,
    source_subnet: str | None = "web",
    name: str = "ipconfig1",
    primary: bool = True,
    to: str | None = None,
    test_to: str | None = None,
    **more: Any,
) -> ReplicatedIpConfig:
    """An IP config; `to` and `test_to` are the addresses that are set."""
    return ReplicatedIpConfig(
        name,
        primary,
        source_subnet,
        ip_address(address) if address else None,
        static,
        address=ip_address(to) if to else None,
        test_address=ip_address(test_to) if test_to else None,
        **more,
    )


def replicated_nic(
    name: str, *configs: ReplicatedIpConfig, of: str | None = "vnet-app", **more: Any
) -> ReplicatedNic:
    return ReplicatedNic(
        nic_id(name), configs, source_network=network_id(of) if of else None, **more
    )


def item(
    vm_name: str,
    *configs: ReplicatedIpConfig,
    of: str = "vnet-app",
    goes: tuple[str, str] = (SOURCE, TARGET),
    target: str | None = None,
    test: str | None = None,
    by_user: bool = False,
    nics: tuple[ReplicatedNic, ...] | None = None,
    **more: Any,
) -> ReplicatedItem:
    """A protected, idle item with one NIC ``<vm>-nic``, in network `of`."""
    if nics is None:
        nics = (replicated_nic(f"{vm_name}-nic", *configs, of=of, chosen_by_user=by_user),)
    scope = fabric(goes[0]).id.child("replicationProtectionContainers", "container")
    values: dict[str, Any] = {
        "id": scope.child("replicationProtectedItems", vm_name),
        "vm_name": vm_name,
        "vm": vm_id(vm_name),
        "source_region": goes[0],
        "target_region": goes[1],
        "protection_state": "Protected",
        "vm_protection_state": "Protected",
        "active_location": "Primary",
        "test_failover_state": "None",
        "target_network": network_id(target) if target else None,
        "test_network": network_id(test) if test else None,
        "target_vm_name": vm_name,
        "target_group": ArmId.of_group(SUBSCRIPTION, "rg-app-asr"),
        "nics": nics,
    }
    return ReplicatedItem(**{**values, **more})


def existing_nic(
    name: str,
    address: str,
    of: str = "vnet-app-asr",
    *,
    group: str = "rg-elsewhere",
    vm: ArmId | None = None,
    region: str = TARGET,
    subnet_name: str = "web",
) -> Nic:
    """A NIC that exists in Azure and uses an address of a network."""
    where = network_id(of).child("subnets", subnet_name)
    use = NicAddress("ipconfig1", where, ip_address(address), True, True)
    return Nic(nic_id(name, group), region, vm, (use,))


APP = network("vnet-app", subnets={"web": "10.1.1.0/24", "app": "10.1.2.0/24"})
APP_ASR = network("vnet-app-asr", TARGET, subnets={"web": "10.1.1.0/24", "app": "10.1.2.0/24"})
"""The copy of APP, in the same resource group to keep names short."""

PAIRED = (mapping("vnet-app", "vnet-app-asr"), reverse_mapping("vnet-app-asr", "vnet-app"))


def inventory(
    *items: ReplicatedItem,
    networks: Iterable[Network] = (APP, APP_ASR),
    mappings: Iterable[NetworkMapping] = PAIRED,
    **more: Any,
) -> Inventory:
    """An inventory with vault, both fabrics, the groups of all networks and a VM per item."""
    networks = tuple(networks)
    values: dict[str, Any] = {
        "vault": Vault(VAULT, TARGET),
        "fabrics": (fabric(SOURCE), fabric(TARGET)),
        "networks": networks,
        "groups": tuple(ResourceGroup(n.id.group_id, n.region) for n in networks),
        "mappings": tuple(mappings),
        "items": items,
        "vms": tuple(VirtualMachine(i.vm, i.source_region) for i in items if i.vm is not None),
    }
    return Inventory(**{**values, **more})


def settings(**sections: Any) -> Settings:
    """Settings for the pair East Asia, Southeast Asia; sections as in a netmap.yaml."""
    return from_document(
        {
            "version": 1,
            "vault": {
                "subscription": SUBSCRIPTION,
                "resource_group": "rg-vault",
                "name": "vault-dr",
            },
            "source_region": SOURCE,
            "target_region": TARGET,
            **sections,
        }
    )


def rows(*given: Mapping[str, Any], **nics: Any) -> Settings:
    """Settings with rows of ``nics.settings`` and, beside them, other keys of ``nics``."""
    return settings(nics={**nics, "settings": list(given)})


def scope() -> Scope:
    return Scope("AzureCloud", SCOPE_TENANT, VAULT, settings().regions)


def plan_of(
    what: Inventory, declared: Settings | None = None, *only: str, retarget: bool = False
) -> Plan:
    """A plan; `only` are the values of ``--only``."""
    selection = Selection.parse(only)
    return plan(what, declared or settings(), scope(), selection, retarget_items=retarget)


def of_kind(made: Plan, kind: Kind) -> list[Change]:
    return [change for change in made.changes if change.kind is kind]


def codes(made: Plan) -> list[str]:
    return [finding.code for finding in made.findings]


def message(made: Plan, code: str) -> str:
    """The one message of the findings of that code."""
    (found,) = [finding.message for finding in made.findings if finding.code == code]
    return found


def values(made: Plan, vm: str) -> dict[str, SettingValue]:
    """What the plan sets for the VM, by ``setting`` or, on secondary ones, ``config/setting``."""
    found: dict[str, SettingValue] = {}
    for change in of_kind(made, Kind.NIC_SETTINGS):
        if change.title != vm:
            continue
        assert isinstance(change.after, ItemState)
        for setting in change.after.settings:
            plain = setting.ip_config in (None, "ipconfig1")
            found[setting.name if plain else f"{setting.ip_config}/{setting.name}"] = setting.value
    return found


def address_of(made: Plan, vm: str, key: str = "address") -> str | None:
    """The address that the plan sets for the VM, as text; None: it sets none."""
    value = values(made, vm).get(key)
    return str(value) if value is not None else None


def carried_out(what: Inventory, made: Plan) -> Inventory:
    """The inventory after every change of the plan, as Azure would show it."""
    for change in made.changes:
        what = _after(what, change)
    return what


def _after(what: Inventory, change: Change) -> Inventory:
    state = change.after
    if isinstance(state, NetworkState):
        made = Network(change.subject, state.region, state.address_space, state.subnets)
        return replace(what, networks=(*what.networks, made))
    if isinstance(state, ItemState):
        changed = tuple(
            with_settings(i, state) if i.id == change.subject else i for i in what.items
        )
        return replace(what, items=changed)
    if change.kind is Kind.MAPPING:
        others = tuple(m for m in what.mappings if m.id != change.subject)
        if not isinstance(state, MappingState):
            return replace(what, mappings=others)
        return replace(what, mappings=(*others, _mapping_after(what, change.subject, state)))
    if change.kind is Kind.RESOURCE_GROUP:
        return replace(what, groups=(*what.groups, ResourceGroup(change.subject, TARGET)))
    region = TARGET if change.subject.name.endswith(TARGET) else SOURCE
    return replace(what, fabrics=(*what.fabrics, Fabric(change.subject, region)))


def _mapping_after(what: Inventory, own: ArmId, state: MappingState) -> NetworkMapping:
    regions = {f.name: f.region for f in what.fabrics}
    goes = (regions[own.named("replicationFabrics") or ""], regions[state.target_fabric])
    onto = VAULT.child("replicationFabrics", state.target_fabric)
    return NetworkMapping(own, state.source_network, state.target_network, *goes, onto, "Paired")


def with_settings(what: ReplicatedItem, state: ItemState) -> ReplicatedItem:
    """The item as it is after its settings were written; a written NIC is the user's."""
    for setting in state.settings:
        new: dict[str, Any] = {setting.name: setting.value}
        if setting.place.level is Level.ITEM:
            what = replace(what, **new)
            continue
        nics = []
        for old in what.nics:
            nic = old
            if nic.id == setting.nic and setting.place.level is Level.NIC:
                nic = replace(nic, chosen_by_user=True, **new)
            elif nic.id == setting.nic:
                configs = tuple(
                    replace(c, **new) if c.name == setting.ip_config else c for c in nic.ip_configs
                )
                nic = replace(nic, chosen_by_user=True, ip_configs=configs)
            nics.append(nic)
        what = replace(what, nics=tuple(nics))
    return what
