"""Enabling replication, planned: which machines, on what they stand, where they go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AmbiguousName, NotFound, SettingsError, UsageError
from asr_netmap.models import (
    ContainerMapping,
    Inventory,
    Nic,
    NicAddress,
    NotLookedAt,
    PowerState,
    ProtectionContainer,
    ReplicatedElsewhere,
    ReplicationPolicy,
    ResourceGroup,
    StorageAccount,
    Vault,
    VirtualMachine,
    VmDisk,
)
from asr_netmap.planning.change import Change, Kind, MappingState, ReplicationState
from asr_netmap.planning.enabled import item_id
from asr_netmap.planning.plan import Finding, Plan
from asr_netmap.planning.planner import plan
from asr_netmap.planning.rights_findings import Permission, needed_rights, rights_findings
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.verification import verify
from tests.builders import (
    SOURCE,
    SUBSCRIPTION,
    TARGET,
    VAULT,
    fabric,
    inventory,
    ip_config,
    item,
    mapping,
    network,
    nic_id,
    resource,
    scope,
    settings,
    vm_id,
)

CACHE = resource("Microsoft.Storage/storageAccounts", "cache")
POLICY = VAULT.child("replicationPolicies", "daily")


def container(region: str) -> ArmId:
    return fabric(region).id.child("replicationProtectionContainers", f"{region}-container")


def pairing(start: str, end: str, policy: ArmId = POLICY) -> ContainerMapping:
    name = f"{start}-{end}-{policy.name}"
    own = container(start).child("replicationProtectionContainerMappings", name)
    return ContainerMapping(own, container(end), policy)


def machine(name: str = "app9", **more: Any) -> VirtualMachine:
    disk = VmDisk(f"{name}-os", resource("Microsoft.Compute/disks", f"{name}-os"))
    given = {"region": SOURCE, "disks": (disk,), "nics": (nic_id(f"{name}-nic"),), **more}
    return VirtualMachine(vm_id(name), **given)


def card(name: str = "app9", net: str = "vnet-app", subnet: str = "web") -> Nic:
    home = network(net).id.child("subnets", subnet)
    address = NicAddress("ipconfig1", home, None, static=False, primary=True)
    return Nic(nic_id(f"{name}-nic"), SOURCE, vm_id(name), (address,))


def estate(**changes: Any) -> Inventory:
    """A paired network, a footing, a storage account, and a machine that is not replicated."""
    here = inventory(
        networks=(
            network("vnet-app", SOURCE, subnets={"web": "10.1.1.0/24", "app": "10.1.2.0/24"}),
            network("vnet-app-asr", TARGET, subnets={"web": "10.1.1.0/24", "app": "10.1.2.0/24"}),
            network("vnet-other", TARGET, "10.7.0.0/16", {"any": "10.7.1.0/24"}),
        ),
        mappings=(
            mapping("vnet-app", "vnet-app-asr"),
            mapping("vnet-app-asr", "vnet-app", (TARGET, SOURCE)),
        ),
    )
    groups = (
        ResourceGroup(ArmId.of_group(SUBSCRIPTION, "rg-app"), SOURCE),
        ResourceGroup(ArmId.of_group(SUBSCRIPTION, "rg-app-asr"), TARGET),
    )
    given: dict[str, Any] = {
        "vms": (machine(),),
        "nics": (card(),),
        "groups": groups,
        "fabrics": (fabric(SOURCE), fabric(TARGET)),
        "containers": tuple(ProtectionContainer(container(r)) for r in (SOURCE, TARGET)),
        "policies": (ReplicationPolicy(POLICY),),
        "container_mappings": (pairing(SOURCE, TARGET), pairing(TARGET, SOURCE)),
        "storage_accounts": (StorageAccount(CACHE, SOURCE),),
        "power_states": (PowerState(vm_id("app9"), "running"),),
    }
    return replace(here, **{**given, **changes})


def planned(here: Inventory, selection: Selection | None = None, **protect: Any) -> Plan:
    said = {"vms": ["app9"], "cache_storage": "cache", **protect}
    return plan(here, settings(protect=said), scope(), selection)


def enabling(made: Plan) -> list[Change]:
    return [change for change in made.changes if change.kind is Kind.REPLICATION]


def state_of(made: Plan) -> ReplicationState:
    (change,) = enabling(made)
    assert isinstance(change.after, ReplicationState)
    return change.after


def errors(made: Plan) -> list[str]:
    return [finding.code for finding in made.errors]


def found(made: Plan, code: str) -> Finding:
    (finding,) = [each for each in made.findings if each.code == code]
    return finding


def test_a_machine_goes_where_its_network_is_mapped_to() -> None:
    made = planned(estate())
    state = state_of(made)
    assert (state.network, state.subnet) == (network("vnet-app-asr").id, "web")
    assert (state.policy, state.target_container) == (POLICY, container(TARGET))
    assert state.target_group.name == "rg-app-asr"
    assert [(copy.disk.name, copy.cache) for copy in state.disks] == [("app9-os", CACHE)]
    assert [change.kind for change in made.changes] == [Kind.REPLICATION]
    (waiting,) = made.pending
    assert waiting.subject == enabling(made)[0].subject
    assert errors(made) == []


def test_without_the_section_nothing_is_enabled() -> None:
    assert plan(estate(), settings(), scope()).changes == ()


def test_a_machine_that_is_replicated_is_left_as_it_is() -> None:
    there = item("app9", ip_config())
    made = planned(replace(estate(), items=(there,)))
    assert enabling(made) == []


def test_an_item_is_named_for_its_machine_and_the_same_in_every_run() -> None:
    other = ArmId(str(vm_id("app9")).replace("rg-app", "rg-b"))
    one = item_id(container(SOURCE), vm_id("app9"))
    assert one == item_id(
        container(SOURCE), ArmId(str(vm_id("app9")).upper()[:0] + str(vm_id("app9")))
    )
    assert one.name.startswith("app9-")
    assert one != item_id(container(SOURCE), other), "two machines of one name"


@pytest.mark.parametrize(
    ("vm", "code"),
    [
        (machine(region=TARGET), "vm-other-region"),
        (machine(disks=()), "vm-unmanaged-disk"),
        (machine(disks=(VmDisk("d", None),)), "vm-unmanaged-disk"),
        (
            machine(disks=(VmDisk("d", CACHE), VmDisk("e", None, ephemeral=True))),
            "vm-ephemeral-disk",
        ),
        (machine(disks=(VmDisk("d", CACHE, customer_key=True),)), "vm-encrypted"),
        (machine(encrypted=True), "vm-encrypted"),
        (machine(spot=True), "vm-spot"),
        (machine(nics=()), "vm-without-nic"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_keeps_a_machine_from_being_replicated_is_an_error(
    vm: VirtualMachine, code: str
) -> None:
    made = planned(estate(vms=(vm,)))
    assert errors(made) == [code]
    assert made.changes == ()
    assert found(made, code).fix


def test_a_machine_in_several_networks_has_no_single_target() -> None:
    second = replace(card(net="vnet-far"), id=nic_id("app9-nic2"))
    nics = (nic_id("app9-nic"), nic_id("app9-nic2"))
    made = planned(estate(vms=(machine(nics=nics),), nics=(card(), second)))
    assert errors(made) == ["vm-several-networks"]


def test_verification_names_each_part_that_is_still_to_be_made() -> None:
    here = estate(container_mappings=(), policies=(), containers=())
    codes = {each.code for each in verify(planned(here, create_missing=True)).findings}
    assert codes >= {
        "protection-container-missing",
        "protection-container-mapping-missing",
        "replication-policy-missing",
        "vm-not-replicated",
    }


def test_a_machine_that_does_not_run_is_an_error_with_the_command_that_starts_it() -> None:
    made = planned(estate(power_states=(PowerState(vm_id("app9"), "deallocated"),)))
    assert errors(made) == ["vm-not-running"]
    assert found(made, "vm-not-running").command == f"az vm start --ids {vm_id('app9')}"


def test_what_could_not_be_looked_at_is_pending_and_no_error() -> None:
    for here in (estate(power_states=()), estate(nics=())):
        made = planned(here)
        assert (made.changes, errors(made)) == ((), [])
        assert [each.title for each in made.pending] == ["app9"]


def test_a_vault_that_could_not_be_read_makes_every_machine_wait() -> None:
    gap = NotLookedAt("replicated items of vault vault-dr", "no permission", VAULT)
    made = planned(estate(not_looked_at=(gap,)))
    assert made.changes == ()
    assert "could not be read" in made.pending[0].reason


def test_a_machine_of_another_vault_is_left_there() -> None:
    other = ArmId(str(VAULT).replace("vault-dr", "vault-two"))
    elsewhere = ReplicatedElsewhere(vm_id("app9"), other.child("replicationProtectedItems", "x"))
    made = planned(estate(elsewhere=(elsewhere,)))
    assert errors(made) == ["vm-replicated-elsewhere"]
    assert "vault-two" in found(made, "vm-replicated-elsewhere").message


def test_the_tag_that_stops_writes_stops_this_one() -> None:
    made = planned(estate(vms=(machine(tags={"asr-netmap:freeze": "1"}),)))
    assert made.changes == ()
    assert "asr-netmap:freeze" in made.pending[0].reason


def test_a_private_endpoint_vault_needs_the_target_network_before() -> None:
    without = Vault(VAULT, TARGET, private_endpoints=True)
    assert errors(planned(estate(vault=without))) == ["vault-without-identity"]
    vault = replace(without, identity=True)
    there = planned(estate(vault=vault))
    assert errors(there) == []
    assert found(there, "private-endpoint-not-looked-at").severity.value == "warning"
    lonely = network("vnet-lonely", SOURCE, "10.5.0.0/16", {"web": "10.5.1.0/24"})
    here = estate(vault=vault, nics=(card(net="vnet-lonely"),))
    made = planned(replace(here, networks=(*here.networks, lonely)))
    assert errors(made) == ["private-endpoint-network-missing"]
    assert enabling(made) == []
    assert made.changes[0].kind in {Kind.RESOURCE_GROUP, Kind.NETWORK}


def test_the_cache_has_to_be_named_and_the_error_lists_what_there_is() -> None:
    made = planned(estate(), cache_storage=None)
    assert errors(made) == ["cache-storage-not-named"]
    assert "cache" in found(made, "cache-storage-not-named").fix
    assert made.changes == ()


def test_a_cache_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(NotFound, match="No storage account 'cash'"):
        planned(estate(), cache_storage="cash")
    with pytest.raises(UsageError, match="not in the source region"):
        planned(estate(storage_accounts=(StorageAccount(CACHE, TARGET),)))
    twice = StorageAccount(resource("Microsoft.Storage/storageAccounts", "cache", "rg-b"), SOURCE)
    with pytest.raises(AmbiguousName, match="fits 2"):
        planned(estate(storage_accounts=(StorageAccount(CACHE, SOURCE), twice)))


def test_a_name_that_no_machine_has_is_refused() -> None:
    with pytest.raises(NotFound, match="no VM 'app8'"):
        planned(estate(), vms=["app8"])


NO_MACHINES_READ = NotLookedAt(
    "virtual machines of subscription 1", "HTTP 503", kind="microsoft.compute/virtualmachines"
)


def test_a_machine_that_may_be_unseen_waits_and_is_not_called_absent() -> None:
    here = estate(vms=(), not_looked_at=(NO_MACHINES_READ,))
    made = planned(here)
    assert (made.changes, errors(made)) == ((), [])
    assert [(each.title, each.reason) for each in made.pending] == [
        ("app9", "virtual machines of subscription 1 could not be read")
    ]
    alone = planned(here, Selection(vms=("app9",)))
    assert (alone.pending, alone.findings) == (made.pending, ()), "who waits is not misspelt"
    rows = [{"vm": "app8", "subnet": "app"}]
    assert len(planned(here, settings=rows).pending) == 1, "a row is about no machine, then"


def test_a_network_that_may_be_unseen_makes_its_machines_wait() -> None:
    gap = NotLookedAt("networks of subscription 1", "HTTP 503", ArmId(f"/subscriptions/{SOURCE}"))
    made = planned(estate(networks=(), not_looked_at=(gap,)), vms=[], networks=["vnet-far"])
    assert [each.title for each in made.pending] == ["vnet-far"]


def test_what_another_selection_leaves_out_does_not_wait() -> None:
    here = estate(vms=(), not_looked_at=(NO_MACHINES_READ,), items=(item("app1", ip_config()),))
    assert planned(here, Selection(vms=("app1",))).pending == ()


# After a failover there are two machines of one name; the first reprotect deletes the one at the
# source (Microsoft Learn, azure-to-azure-how-to-reprotect, 2023-07).
AT_TARGET = VirtualMachine(
    ArmId(str(vm_id("app9")).replace("rg-app", "rg-app-asr")), TARGET, nics=()
)


@pytest.mark.parametrize("name", ["app9", "rg-app/app9", str(vm_id("app9"))])
def test_a_machine_that_failed_over_is_replicated_already(name: str) -> None:
    there = item("app9", ip_config())
    made = planned(estate(vms=(machine(), AT_TARGET), items=(there,)), vms=[name])
    assert (enabling(made), errors(made)) == ([], [])


@pytest.mark.parametrize("kept", [(machine(),), ()], ids=["kept", "deleted"])
@pytest.mark.parametrize("name", ["app9", "rg-app/app9", str(vm_id("app9"))])
def test_a_machine_that_was_reprotected_is_replicated_already(
    name: str, kept: tuple[VirtualMachine, ...]
) -> None:
    home = ArmId.of_group(SUBSCRIPTION, "rg-app")
    back = item(
        "app9",
        ip_config(),
        of="vnet-app-asr",
        goes=(TARGET, SOURCE),
        vm=AT_TARGET.id,
        target_group=home,
    )
    off = (PowerState(vm_id("app9"), "deallocated"),)
    here = estate(vms=(*kept, AT_TARGET), items=(back,), power_states=off)
    made = planned(here, vms=[name])
    assert (enabling(made), errors(made)) == ([], [])


def test_a_cache_that_may_be_unseen_makes_machines_wait() -> None:
    kind = "microsoft.storage/storageaccounts"
    gap = NotLookedAt(
        "storage accounts of subscription 1", "no permission", CACHE.group_id, "", kind
    )
    for name in ("cache", str(CACHE)):
        here = estate(storage_accounts=(), not_looked_at=(gap,))
        made = planned(here, cache_storage=name)
        assert made.changes == ()
        assert [each.reason for each in made.pending] == [f"{gap.what} could not be read"]


# What it stands on.


def test_what_is_missing_is_an_error_with_the_command_unless_it_may_be_created() -> None:
    here = estate(container_mappings=(), policies=(), containers=())
    made = planned(here)
    assert errors(made) == ["replication-footing-missing"]
    message = found(made, "replication-footing-missing").message
    for words, count in (
        ("container mapping", 2),
        ("protection container ", 4),
        ("replication policy", 1),
    ):
        assert message.count(words) == count, (words, message)
    command = made.errors[0].command
    assert command == (
        "asr-netmap protect --vm rg-app/app9 --cache-storage cache --vault-id "
        f"{VAULT} --source-region {SOURCE} --target-region {TARGET} --create-missing"
    )
    assert made.changes == ()
    created = planned(here, create_missing=True)
    kinds = [change.kind for change in created.changes]
    assert kinds.count(Kind.PROTECTION_CONTAINER) == 2
    assert kinds.count(Kind.POLICY) == 1
    assert kinds.count(Kind.CONTAINER_MAPPING) == 2
    assert errors(created) == []


def test_a_missing_way_back_is_a_warning_and_no_obstacle() -> None:
    made = planned(estate(container_mappings=(pairing(SOURCE, TARGET),)))
    assert errors(made) == []
    assert len(enabling(made)) == 1
    assert found(made, "no-way-back").severity.value == "warning"
    assert [c.kind for c in made.changes].count(Kind.CONTAINER_MAPPING) == 0


def test_each_change_waits_for_what_it_stands_on() -> None:
    here = estate(
        container_mappings=(), policies=(), containers=(), fabrics=(), mappings=(), groups=()
    )
    made = planned(here, create_missing=True)
    order = {change.id: place for place, change in enumerate(made.changes)}
    for change in made.changes:
        assert set(change.depends_on) <= set(order), change.title
    (enable,) = enabling(made)
    kinds = {made.change(each).kind for each in enable.depends_on}  # type: ignore[union-attr]  # -- all are there
    assert kinds == {Kind.RESOURCE_GROUP, Kind.CONTAINER_MAPPING, Kind.MAPPING}
    ids = [change.id for change in made.changes]
    assert len(ids) == len(set(ids)), "a fabric is created once, for mappings and for this"


def test_an_existing_pairing_is_used_whoever_made_it() -> None:
    odd = VAULT.child("replicationPolicies", "weekly")
    here = estate(container_mappings=(pairing(SOURCE, TARGET, odd), pairing(TARGET, SOURCE, odd)))
    assert state_of(planned(here)).policy == odd


def test_several_policies_in_use_have_to_be_told_apart() -> None:
    odd = VAULT.child("replicationPolicies", "weekly")
    both = (pairing(SOURCE, TARGET), pairing(SOURCE, TARGET, odd), pairing(TARGET, SOURCE))
    policies = (ReplicationPolicy(POLICY), ReplicationPolicy(odd))
    here = estate(container_mappings=both, policies=policies)
    made = planned(here)
    assert errors(made) == ["policy-not-named"]
    assert "daily, weekly" in found(made, "policy-not-named").message
    assert state_of(planned(here, policy="weekly")).policy == odd


def test_a_zone_to_zone_pairing_is_none() -> None:
    own = pairing(SOURCE, SOURCE)
    made = planned(estate(container_mappings=(own,)))
    assert "replication-footing-missing" in errors(made)


# Where it goes.


def test_another_network_than_the_mapped_one_is_refused_with_the_way_to_change_it() -> None:
    made = planned(estate(), target_network="vnet-other")
    assert errors(made) == ["other-network-refused"]
    assert found(made, "other-network-refused").command == (
        "asr-netmap map --source-vnet rg-app/vnet-app --target-vnet rg-app/vnet-other "
        "--allow-retarget"
    )
    assert made.changes == ()
    one_way = estate(mappings=(mapping("vnet-app", "vnet-app-asr"),))
    assert planned(one_way, target_network="vnet-other").changes == (), "no mapping either"


def test_another_network_is_allowed_on_request_and_said() -> None:
    made = planned(estate(), target_network="vnet-other", allow_other_network=True)
    assert state_of(made).network == network("vnet-other").id
    assert found(made, "vm-in-other-network").severity.value == "warning"
    assert not [c for c in made.changes if c.kind is Kind.MAPPING], "the mapping stays"


def test_a_network_that_is_not_mapped_yet_gets_the_one_that_is_named() -> None:
    made = planned(estate(mappings=()), target_network="vnet-other")
    assert state_of(made).network == network("vnet-other").id
    assert [c.kind for c in made.changes] == [Kind.MAPPING, Kind.MAPPING, Kind.REPLICATION]
    assert errors(made) == []


def test_the_network_that_is_named_is_that_of_machines_that_replicate_already_too() -> None:
    there = item("app9", ip_config())
    made = planned(replace(estate(mappings=()), items=(there,)), target_network="vnet-other")
    targets = [
        c.after.target_network.name for c in made.changes if isinstance(c.after, MappingState)
    ]
    assert targets == ["vnet-other", "vnet-app"]


def test_a_declared_network_without_a_target_gets_the_one_that_is_named() -> None:
    said = {"vms": ["app9"], "cache_storage": "cache", "target_network": "vnet-other"}
    declared = settings(protect=said, networks=[{"source": "vnet-app"}])
    made = plan(estate(mappings=()), declared, scope())
    assert state_of(made).network == network("vnet-other").id
    named = settings(protect=said, networks=[{"source": "vnet-app", "target": "vnet-app-asr"}])
    refused = plan(estate(mappings=()), named, scope())
    message = found(refused, "other-network-refused").message
    assert "vnet-app is to be mapped to vnet-app-asr, and vnet-other is asked for" in message


def test_another_network_that_may_be_unseen_makes_the_machine_wait() -> None:
    gap = NotLookedAt("networks of subscription 2", "HTTP 503", ArmId("/subscriptions/2"))
    made = planned(
        estate(not_looked_at=(gap,)), target_network="vnet-far", allow_other_network=True
    )
    assert (made.changes, errors(made)) == ((), [])
    assert "'vnet-far' could not be looked at" in made.pending[0].reason


def test_one_machine_can_go_elsewhere_by_a_row_of_its_own() -> None:
    row = {"vm": "app9", "subnet": "app", "target_resource_group": "rg-own", "zone": "2"}
    state = state_of(planned(estate(), settings=[row]))
    assert (state.subnet, state.target_group.name, state.zone) == ("app", "rg-own", "2")


def test_what_is_said_of_one_machine_does_not_contradict_itself() -> None:
    group = resource("Microsoft.Compute/availabilitySets", "as")
    with pytest.raises(SettingsError, match="availability_set and zone exclude each other"):
        planned(estate(), settings=[{"vm": "app9", "zone": "1", "availability_set": str(group)}])
    with pytest.raises(SettingsError, match=r"'APP9' has row \[0\] already"):
        planned(estate(), settings=[{"vm": "app9", "zone": "1"}, {"vm": "APP9"}])
    with pytest.raises(UsageError, match="'app9' and 'rg-app/app9' are one VM"):
        planned(estate(), settings=[{"vm": "app9", "zone": "1"}, {"vm": "rg-app/app9"}])


def test_a_group_of_the_source_region_is_no_target() -> None:
    made = planned(estate(), target_resource_group="rg-app")
    assert errors(made) == ["target-group-in-source-region"]


def test_a_missing_group_is_created_once_for_all_machines() -> None:
    here = estate(
        vms=(machine(), machine("app8")),
        nics=(card(), card("app8")),
        power_states=tuple(PowerState(vm_id(name), "running") for name in ("app8", "app9")),
        groups=(),
    )
    made = planned(here, vms=["app8", "app9"])
    groups = [change for change in made.changes if change.kind is Kind.RESOURCE_GROUP]
    assert len(groups) == 1
    assert all(groups[0].id in change.depends_on for change in enabling(made))


def test_a_subnet_without_room_is_said() -> None:
    here = estate()
    small = network("vnet-app-asr", TARGET, subnets={"web": "10.1.1.0/29"})
    others = tuple(n for n in here.networks if n.name != small.name)
    taken = [
        replace(
            card(f"other{n}"),
            region=TARGET,
            addresses=(replace(card().addresses[0], subnet=small.id.child("subnets", "web")),),
        )
        for n in range(3)
    ]
    made = planned(replace(here, networks=(*others, small), nics=(card(), *taken)))
    assert "1 addresses are needed in web" in found(made, "subnet-too-small").message


def test_all_machines_of_a_network_are_those_with_a_nic_in_it() -> None:
    here = estate(
        vms=(machine(), machine("app8"), machine("far")),
        nics=(card(), card("app8", subnet="app"), card("far", net="vnet-far")),
        power_states=tuple(PowerState(vm_id(n), "running") for n in ("app8", "app9", "far")),
    )
    made = planned(here, vms=[], networks=["vnet-app"])
    assert sorted(change.title for change in enabling(made)) == ["app8", "app9"]


def test_a_selection_takes_just_its_machine() -> None:
    here = estate(
        vms=(machine(), machine("app8")),
        nics=(card(), card("app8")),
        power_states=tuple(PowerState(vm_id(name), "running") for name in ("app8", "app9")),
    )
    made = planned(here, Selection(vms=("app8",)), vms=["app8", "app9"])
    assert [change.title for change in enabling(made)] == ["app8"]
    assert not [finding for finding in made.findings if finding.code == "selection-empty"]


def test_the_same_input_gives_the_same_plan_in_whatever_order_it_was_read() -> None:
    here = estate(
        vms=(machine(), machine("app8")),
        nics=(card(), card("app8")),
        power_states=tuple(PowerState(vm_id(name), "running") for name in ("app8", "app9")),
    )
    turned = replace(
        here,
        vms=here.vms[::-1],
        nics=here.nics[::-1],
        container_mappings=here.container_mappings[::-1],
        containers=here.containers[::-1],
    )
    vms = ["app9", "app8"]
    assert planned(here, vms=vms) == planned(turned, vms=vms)


ALL = Permission(("*",))
NO_STORAGE = Permission(("*",), ("Microsoft.Storage/*",))
NO_MACHINES = Permission(("Microsoft.Network/*", "Microsoft.RecoveryServices/*"))


@pytest.mark.parametrize(
    ("held", "lacking"),
    [
        ((ALL,), []),
        ((NO_STORAGE,), ["listKeys"]),
        ((NO_STORAGE, ALL), []),
        ((NO_MACHINES,), ["virtualMachines/write", "listKeys"]),
        ((), ["virtualMachines/write", "listKeys"]),
    ],
)
def test_rights_that_enabling_asks_for_are_looked_for(
    held: tuple[Permission, ...], lacking: list[str]
) -> None:
    needed = needed_rights(planned(estate()).changes)
    group = ArmId.of_group(SUBSCRIPTION, "rg-app")
    assert set(needed) == {VAULT.group_id, group, ArmId.of_group(SUBSCRIPTION, "rg-app-asr")}
    said = " ".join(f.message for f in rights_findings(needed, {group: held}))
    assert [each for each in ("virtualMachines/write", "listKeys") if each in said] == lacking


def test_rights_in_a_group_that_is_to_come_are_not_asked_for() -> None:
    made = planned(estate(groups=()))
    assert ArmId.of_group(SUBSCRIPTION, "rg-app-asr") not in needed_rights(made.changes)


def test_what_counts_against_limits_is_said() -> None:
    other = ReplicatedElsewhere(vm_id("app7"), VAULT.child("replicationProtectedItems", "x"))
    vms = (machine(size="Standard_D2s_v3"), machine("app7"))
    made = planned(estate(vms=vms, elsewhere=(other,)))
    message = found(made, "protect-counts").message
    assert "1 VM(s) with 1 disk(s) are to replicate, beside 1 with 1" in message
    assert f"{TARGET} needs room for 1 Standard_D2s_v3" in message
    many = tuple(VmDisk(f"d{n}", resource("Microsoft.Compute/disks", f"d{n}")) for n in range(3001))
    over = planned(estate(vms=(machine(disks=many),)))
    assert found(over, "protect-counts").severity.value == "warning"


def two_of_one_name() -> Inventory:
    """A machine of the same name in another group."""
    other = ArmId(str(vm_id("app9")).replace("rg-app", "rg-b"))
    nic = replace(card(), id=ArmId(str(nic_id("app9-nic")).replace("rg-app", "rg-b")), vm=other)
    return estate(
        vms=(machine(), replace(machine(nics=(nic.id,)), id=other)),
        nics=(card(), nic),
        power_states=tuple(PowerState(each, "running") for each in (vm_id("app9"), other)),
    )


def test_two_machines_of_one_name_are_told_apart() -> None:
    made = planned(two_of_one_name(), vms=["rg-app/app9", "rg-b/app9"])
    assert [each.title for each in enabling(made)] == ["rg-app/app9", "rg-b/app9"]
    assert len({each.subject for each in enabling(made)}) == 2


def test_two_machines_of_one_name_cannot_fail_over_into_one_group() -> None:
    into: dict[str, Any] = {"target_resource_group": "rg-app-asr"}
    made = planned(two_of_one_name(), vms=["rg-app/app9", "rg-b/app9"], **into)
    assert errors(made) == ["vm-name-taken", "vm-name-taken"]
    assert made.changes == ()
    there = item("app9", ip_config(), vm=vm_id("app9"))
    beside = replace(two_of_one_name(), items=(there,))
    assert errors(planned(beside, vms=["rg-b/app9"], **into)) == ["vm-name-taken"]


def test_a_machine_of_the_name_in_the_target_group_is_a_warning() -> None:
    made = planned(estate(vms=(machine(), AT_TARGET)))
    assert found(made, "vm-name-taken").severity.value == "warning"
    assert len(enabling(made)) == 1


def test_the_command_that_creates_what_is_missing_leads_where_this_one_would() -> None:
    bare = estate(container_mappings=(), policies=(), containers=(), mappings=())
    more: dict[str, Any] = {"target_network": "vnet-other", "target_resource_group": "rg-x"}
    made = planned(bare, policy="weekly", allow_other_network=True, **more)
    command = made.errors[0].command
    for words in (
        "--target-vnet vnet-other",
        "--target-resource-group rg-x",
        "--policy weekly",
        "--allow-other-network",
    ):
        assert words in command
    rows = planned(bare, settings=[{"vm": "app9", "subnet": "app"}])
    assert rows.errors[0].command == ""
    assert "create_missing" in rows.errors[0].fix


def test_a_machine_says_itself_which_nics_it_has() -> None:
    alone = replace(card(), vm=None)
    made = planned(estate(nics=(alone,), mappings=()), target_network="vnet-other")
    assert errors(made) == []
    assert state_of(made).network == network("vnet-other").id


GOES_ON = item("app9", ip_config(), target="vnet-app-asr")


def elsewhere(here: Inventory, **protect: Any) -> list[str]:
    made = planned(replace(here, items=(GOES_ON,)), **protect)
    return [each.message for each in made.findings if each.code == "replicates-already"]


def test_a_machine_that_replicates_already_to_elsewhere_than_is_asked_for_is_said() -> None:
    (said,) = elsewhere(estate(), target_network="vnet-other")
    assert "app9 replicates already and fails over into vnet-app-asr, not into vnet-other" in said
    assert elsewhere(estate(), settings=[{"vm": "app9", "target_network": "rg-app/vnet-other"}])
    assert elsewhere(estate(), target_network="vnet-that-is-gone")
    assert elsewhere(estate()) == []
    assert elsewhere(estate(), target_network="VNET-APP-ASR") == []


def test_a_network_that_may_be_unseen_is_not_called_another_one() -> None:
    gap = NotLookedAt("networks of subscription 2", "HTTP 503", ArmId("/subscriptions/2"))
    assert elsewhere(estate(not_looked_at=(gap,)), target_network="vnet-far") == []


def test_a_machine_that_this_plan_moves_to_where_it_is_asked_for_is_not_said() -> None:
    said = {"vms": ["app9"], "cache_storage": "cache", "target_network": "vnet-other"}
    row = {"vm": "app9", "target_network": "vnet-other"}
    declared = settings(protect=said, nics={"settings": [row]})
    made = plan(replace(estate(), items=(GOES_ON,)), declared, scope())
    assert [change.kind for change in made.changes] == [Kind.NIC_SETTINGS]
    assert "replicates-already" not in {finding.code for finding in made.findings}


def test_a_row_for_a_machine_that_is_not_declared_has_no_effect_and_is_said() -> None:
    here = estate(vms=(machine(), machine("app8")), nics=(card(), card("app8")))
    rows = [{"vm": "app8", "zone": "1"}, {"vm": "app9", "zone": "2"}]
    made = planned(here, settings=rows)
    assert state_of(made).zone == "2"
    assert found(made, "protect-setting-unused").subject == vm_id("app8")
    only = planned(here, Selection(vms=("app9",)), settings=rows)
    assert "protect-setting-unused" not in {finding.code for finding in only.findings}
    both = planned(here, vms=["app8", "app9"], settings=rows)
    assert "protect-setting-unused" not in {finding.code for finding in both.findings}


def test_a_row_is_not_called_without_effect_while_something_could_not_be_read() -> None:
    gap = NotLookedAt("NICs of subscription 2", "HTTP 503", ArmId("/subscriptions/2"))
    here = estate(vms=(machine(), machine("app8")), nics=(card(),), not_looked_at=(gap,))
    made = planned(here, networks=["vnet-app"], settings=[{"vm": "app8", "zone": "1"}])
    assert "protect-setting-unused" not in {finding.code for finding in made.findings}
