"""Enabling replication through the SDKs: once for each machine, and over nothing that is there."""

from __future__ import annotations

from typing import Any

import pytest

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AzureError, Busy
from asr_netmap.gateway import subjects, translate
from asr_netmap.gateway.changing import AzureGateway
from asr_netmap.planning.change import (
    Action,
    Change,
    ContainerMappingState,
    DiskCopy,
    FabricState,
    Kind,
    PolicyState,
    ProtectionContainerState,
    ReplicationState,
    State,
)

from .scripted import FABRIC, SUBSCRIPTION, VAULT, World, world

TARGET_FABRIC = VAULT.child("replicationFabrics", "asr-a2a-default-southeastasia")
CONTAINER = FABRIC.child("replicationProtectionContainers", f"{FABRIC.name}-container")
TARGET = TARGET_FABRIC.child("replicationProtectionContainers", f"{TARGET_FABRIC.name}-container")
POLICY = VAULT.child("replicationPolicies", "24-hour-retention-policy")
PAIRING = CONTAINER.child(
    "replicationProtectionContainerMappings", "eastasia-southeastasia-24-hour-retention-policy"
)
MACHINES = ("Microsoft.Compute", "virtualMachines")


def group(name: str) -> ArmId:
    return ArmId.of_group(SUBSCRIPTION, name)


def create(kind: Kind, subject: ArmId, after: State) -> Change:
    return Change(kind, Action.CREATE, subject, subject.name, None, after, "because")


def enabling(here: World, vm: str, item: str) -> Change:
    machine = group("rg-data").provider_child(*MACHINES, vm)
    raw = here.connection.get(str(machine), "2024-07-01")
    disk = ArmId(raw["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"])
    cache = group("rg-app").provider_child("Microsoft.Storage", "storageAccounts", "asrcachedemo")
    state = ReplicationState(
        machine, POLICY, TARGET, group("rg-data-dr"), None, None, (DiskCopy(disk, cache),)
    )
    return create(Kind.REPLICATION, CONTAINER.child("replicationProtectedItems", item), state)


def send(here: World, change: Change) -> Any:
    gateway = AzureGateway(here.connection)
    return gateway.send(change, gateway.read(change), "r-1")


def test_a_machine_is_never_enabled_again_under_another_name() -> None:
    here = world()
    with pytest.raises(
        AzureError, match=r"sql1 is replicated by now, as .*/sql1; it is not enabled"
    ):
        send(here, enabling(here, "sql1", "sql1-under-another-name"))
    assert here.sandbox.engine.accepted_writes == []


@pytest.mark.parametrize(
    "change",
    [
        create(Kind.FABRIC, FABRIC, FabricState("eastasia")),
        create(Kind.PROTECTION_CONTAINER, CONTAINER, ProtectionContainerState("eastasia")),
        create(Kind.POLICY, POLICY, PolicyState(60, 5, 0)),
    ],
    ids=lambda change: change.kind.value,
)
def test_what_is_there_by_now_serves_and_is_not_written(change: Change) -> None:
    here = world()
    assert send(here, change) is None
    assert here.sandbox.engine.accepted_writes == []


def test_a_pairing_that_is_there_by_now_is_not_replaced() -> None:
    here = world()
    change = create(Kind.CONTAINER_MAPPING, PAIRING, ContainerMappingState(TARGET, POLICY))
    with pytest.raises(Busy, match="it is not replaced"):
        send(here, change)
    assert here.sandbox.engine.accepted_writes == []


def test_an_item_reads_back_even_where_a_disk_has_no_cache() -> None:
    here = world()
    one = enabling(here, "sql3", "sql3-new")
    send(here, one)
    raw: Any = dict(subjects.item_body(here.connection, one.subject))
    for disk in raw["properties"]["providerSpecificDetails"]["protectedManagedDisks"]:
        disk["primaryStagingAzureStorageAccountId"] = None
    item = translate.item(raw)
    assert item is not None
    assert subjects.replication_state(raw, item).disks == ()
