"""Reads the one object that a change is about, right before and right after the write.

Single GETs go through the SDKs' typed clients, but for those of items; what is kept is the body as
it came, with Azure's names and spelling, since a replicated item is written back from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from azure.core.pipeline import PipelineResponse
from azure.core.rest import HttpRequest, HttpResponse

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AzureError, InvalidArmId, Missing, UnexpectedAnswer
from asr_netmap.gateway import translate
from asr_netmap.gateway.connection import GROUPS_API, Connection
from asr_netmap.gateway.failure import Asked, translated
from asr_netmap.gateway.lists import SITE_RECOVERY_API
from asr_netmap.gateway.network_body import network_state
from asr_netmap.models import ReplicatedItem, region_key
from asr_netmap.planning.change import (
    Change,
    ContainerMappingState,
    DiskCopy,
    FabricState,
    GroupState,
    ItemState,
    Kind,
    MappingState,
    PolicyState,
    ProtectionContainerState,
    ReplicationState,
)
from asr_netmap.planning.gateway import ListSize, Reading
from asr_netmap.planning.nic_setting import Setting, current_value

Body = Mapping[str, Any]


def read_subject(connection: Connection, change: Change) -> Reading:
    """The change's subject now. A missing one has no state; a 403 is no missing one."""
    try:
        with translated(Asked("GET", str(change.subject))):
            return _READERS[change.kind](connection, change)
    except Missing:
        return Reading(None)


def list_size(connection: Connection, kind: Kind, vault: ArmId) -> ListSize | None:
    """What the list cost that shows subjects of that kind, when it was last read; None: never."""
    segment = _LISTS.get(kind)
    size = None if segment is None else connection.list_size(f"{vault}/{segment}")
    return None if size is None else ListSize(*size)


def read_listed(
    connection: Connection,
    kind: Kind,
    vault: ArmId,
    wanted: Sequence[tuple[Change, Reading | None]],
) -> Mapping[ArmId, Reading]:
    """The subjects of many changes from one list of the vault, as far as it tells enough.

    A list may show less of an object than its GET. ARM: rows of replicated items were recorded
    for Hyper-V only, as full as a GET; those of fabrics and jobs are not (Azure PowerShell
    recording, 2021; az CLI traffic, 2023). So a row counts only if it has every field that the
    GET before the write had.
    """
    left = {change.subject: (change, before) for change, before in wanted}
    found: dict[ArmId, Reading] = {}
    for row in connection.rows(f"{vault}/{_LISTS[kind]}", SITE_RECOVERY_API):
        subject = ArmId(str(row.get("id")))
        if subject not in left:
            continue
        change, before = left.pop(subject)
        reading = _as_listed(change, before, row)
        if reading is not None:
            found[subject] = reading
        if not left:
            break
    return found


def _as_listed(change: Change, before: Reading | None, row: Body) -> Reading | None:
    if before is not None and before.raw is not None and not _has_all_of(before.raw, row):
        return None
    try:
        return replace(_FROM_BODY[change.kind](change, row), raw=None)  # nothing is written from it
    except AzureError:
        return None  # a single GET says it better


def _has_all_of(earlier: Any, row: Any) -> bool:
    """Whether a row has the fields that an earlier body had, at every level."""
    if isinstance(earlier, dict):
        return isinstance(row, dict) and all(
            name in row and _has_all_of(value, row[name]) for name, value in earlier.items()
        )
    if isinstance(earlier, list) and earlier:
        return isinstance(row, list) and all(map(_has_all_of, earlier, row))
    return True


def exists(
    get: Callable[[Connection, ArmId], Body], connection: Connection, subject: ArmId
) -> bool:
    """Whether it is there. Only a 404 says no: a 403 and all else is raised."""
    return found(get, connection, subject) is not None


def found(
    get: Callable[[Connection, ArmId], Body], connection: Connection, subject: ArmId
) -> Body | None:
    """Its body, or None if it isn't there."""
    try:
        return get(connection, subject)
    except Missing:
        return None


def group_body(connection: Connection, subject: ArmId) -> Body:
    """A resource group as Azure gives it."""
    return connection.get(str(subject), GROUPS_API)


def network_body(connection: Connection, subject: ArmId) -> Body:
    """A virtual network as Azure gives it."""
    client = connection.network(subject.subscription)
    with translated(Asked("GET", str(subject))):
        body: Body = client.virtual_networks.get(subject.group, subject.name, cls=_as_received)
    return body


def fabric_body(connection: Connection, subject: ArmId) -> Body:
    """A fabric as Azure gives it."""
    client = connection.site_recovery(subject.subscription)
    with translated(Asked("GET", str(subject))):
        body: Body = client.replication_fabrics.get(**fabric_path(subject), cls=_as_received)
    return body


def mapping_body(connection: Connection, subject: ArmId) -> Body:
    """A network mapping as Azure gives it."""
    client = connection.site_recovery(subject.subscription)
    with translated(Asked("GET", str(subject))):
        body: Body = client.replication_network_mappings.get(
            **mapping_path(subject), cls=_as_received
        )
    return body


def item_body(connection: Connection, subject: ArmId) -> Body:
    """A replicated item as Azure gives it.

    Plain JSON where the others are typed: thousands are read one by one, and the model, which
    nobody looks at, is a third of what such a read costs (profile of 300 items, 1 NIC each).
    """
    item_path(subject)  # nothing but an item's id is asked for
    return connection.get(str(subject), SITE_RECOVERY_API)


def container_body(connection: Connection, subject: ArmId) -> Body:
    """A protection container as Azure gives it."""
    client = connection.site_recovery(subject.subscription)
    with translated(Asked("GET", str(subject))):
        body: Body = client.replication_protection_containers.get(
            **container_path(subject), cls=_as_received
        )
    return body


def policy_body(connection: Connection, subject: ArmId) -> Body:
    """A replication policy as Azure gives it."""
    client = connection.site_recovery(subject.subscription)
    with translated(Asked("GET", str(subject))):
        body: Body = client.replication_policies.get(**policy_path(subject), cls=_as_received)
    return body


def container_mapping_body(connection: Connection, subject: ArmId) -> Body:
    """A protection container mapping as Azure gives it."""
    client = connection.site_recovery(subject.subscription)
    with translated(Asked("GET", str(subject))):
        body: Body = client.replication_protection_container_mappings.get(
            **container_mapping_path(subject), cls=_as_received
        )
    return body


def fabric_path(subject: ArmId) -> dict[str, str]:
    """A fabric's id in the SDK's words."""
    return {**_vault_path(subject), "fabric_name": _named(subject, "replicationFabrics")}


def mapping_path(subject: ArmId) -> dict[str, str]:
    """A mapping's id in the SDK's words, with the id's own segments.

    ARM: the network segment isn't always azureNetwork: Terraform writes the network's name there.
    """
    return {
        **fabric_path(subject),
        "network_name": _named(subject, "replicationNetworks"),
        "network_mapping_name": _named(subject, "replicationNetworkMappings"),
    }


def policy_path(subject: ArmId) -> dict[str, str]:
    """A replication policy's id in the SDK's words."""
    return {**_vault_path(subject), "policy_name": _named(subject, "replicationPolicies")}


def container_path(subject: ArmId) -> dict[str, str]:
    """A protection container's id in the SDK's words."""
    name = _named(subject, "replicationProtectionContainers")
    return {**fabric_path(subject), "protection_container_name": name}


def container_mapping_path(subject: ArmId) -> dict[str, str]:
    """A protection container mapping's id in the SDK's words."""
    name = _named(subject, "replicationProtectionContainerMappings")
    return {**container_path(subject), "mapping_name": name}


def item_path(subject: ArmId) -> dict[str, str]:
    """A replicated item's id in the SDK's words."""
    return {
        **container_path(subject),
        "replicated_protected_item_name": _named(subject, "replicationProtectedItems"),
    }


def mapping_state(raw: Body) -> tuple[MappingState, bool]:
    """What a mapping maps, and whether it is paired. Raises AzureError for on-premises kinds."""
    mapping = translate.mapping(raw)
    if mapping is None:
        raise AzureError(
            f"{raw.get('id')} exists and is no mapping between Azure regions.", "Plan again."
        )
    fabric = mapping.target_fabric.name if mapping.target_fabric else ""
    return MappingState(mapping.source_network, mapping.target_network, fabric), mapping.paired


def _read_group(connection: Connection, change: Change) -> Reading:
    raw = group_body(connection, change.subject)
    return Reading(GroupState(translate.group(raw).region, dict(raw.get("tags") or {})), raw=raw)


def _read_network(connection: Connection, change: Change) -> Reading:
    raw = network_body(connection, change.subject)
    return Reading(network_state(translate.network(raw)), raw=raw)


def _read_fabric(connection: Connection, change: Change) -> Reading:
    raw = fabric_body(connection, change.subject)
    fabric = translate.fabric(raw)
    if fabric is None:
        raise AzureError(
            f"{change.subject} exists and is no fabric of an Azure region.", "Plan again."
        )
    return Reading(FabricState(fabric.region), raw=raw)


def _read_mapping(connection: Connection, change: Change) -> Reading:
    return _mapping_reading(change, mapping_body(connection, change.subject))


def _mapping_reading(change: Change, raw: Body) -> Reading:
    state, paired = mapping_state(raw)
    if state == change.after and not paired:
        word = (raw.get("properties") or {}).get("state")
        raise UnexpectedAnswer(
            f"Mapping {change.subject} is there and in state '{word}', not Paired.",
            "Look at it in the portal; if it stays so, delete it and plan again.",
        )
    return Reading(state, raw=raw)


def _read_item(connection: Connection, change: Change) -> Reading:
    return _item_reading(change, item_body(connection, change.subject))


def _item_reading(change: Change, raw: Body) -> Reading:
    item = translate.item(raw)
    if item is None:
        raise Missing(f"{change.subject} is no item of Azure-to-Azure replication.", "Plan again.")
    declared = change.after if isinstance(change.after, ItemState) else change.before
    settings = declared.settings if isinstance(declared, ItemState) else ()
    now = tuple(each for s in settings for each in _current(item, s))
    return Reading(ItemState(now), item, raw)


def _read_container(connection: Connection, change: Change) -> Reading:
    raw = container_body(connection, change.subject)
    shown = (raw.get("properties") or {}).get("fabricFriendlyName")
    return Reading(ProtectionContainerState(region_key(str(shown or ""))), raw=raw)


def _read_policy(connection: Connection, change: Change) -> Reading:
    raw = policy_body(connection, change.subject)
    if translate.policy(raw) is None:
        raise AzureError(
            f"{change.subject} exists and is no policy of Azure-to-Azure replication.",
            "Name another policy.",
        )
    return Reading(policy_state(raw), raw=raw)


def _read_container_mapping(connection: Connection, change: Change) -> Reading:
    raw = container_mapping_body(connection, change.subject)
    mapping = translate.container_mapping(raw)
    if mapping is None:
        raise AzureError(
            f"{change.subject} exists and is no mapping between Azure regions.", "Plan again."
        )
    return Reading(ContainerMappingState(mapping.target, mapping.policy), raw=raw)


def _read_replication(connection: Connection, change: Change) -> Reading:
    raw = item_body(connection, change.subject)
    item = translate.item(raw)
    if item is None or item.vm is None:
        raise AzureError(
            f"{change.subject} exists and is no item of Azure-to-Azure replication.", "Plan again."
        )
    return Reading(replication_state(raw, item), item, raw)


def policy_state(raw: Body) -> PolicyState:
    """What a policy says, in minutes."""
    details = (raw.get("properties") or {}).get("providerSpecificDetails") or {}
    return PolicyState(
        retention=int(details.get("recoveryPointHistory") or 0),
        crash_consistent=int(details.get("crashConsistentFrequencyInMinutes") or 0),
        app_consistent=int(details.get("appConsistentFrequencyInMinutes") or 0),
        multi_vm=str(details.get("multiVmSyncStatus")).lower() == "enabled",
    )


def replication_state(raw: Body, item: ReplicatedItem) -> ReplicationState:
    """How a machine is replicated, as far as its item tells."""
    properties = raw.get("properties") or {}
    details = properties.get("providerSpecificDetails") or {}
    copies = (
        (each.get("diskId"), each.get("primaryStagingAzureStorageAccountId"))
        for each in details.get("protectedManagedDisks") or ()
    )
    disks = tuple(DiskCopy(ArmId(disk), ArmId(cache)) for disk, cache in copies if disk and cache)
    assert item.vm is not None, "only asked for items with a machine"
    return ReplicationState(
        vm=item.vm,
        policy=ArmId(properties["policyId"]),
        target_container=ArmId(properties["recoveryContainerId"]),
        target_group=ArmId(details["recoveryAzureResourceGroupId"]),
        network=item.target_network,
        subnet=None,
        disks=disks,
    )


def _current(item: ReplicatedItem, setting: Setting) -> tuple[Setting, ...]:
    """The setting with the item's value; none if its NIC or IP config is gone."""
    try:
        value = current_value(item, setting)
    except KeyError:
        return ()
    return (Setting(setting.name, value, setting.nic, setting.ip_config),)


_READERS: Mapping[Kind, Callable[[Connection, Change], Reading]] = {
    Kind.RESOURCE_GROUP: _read_group,
    Kind.NETWORK: _read_network,
    Kind.FABRIC: _read_fabric,
    Kind.PROTECTION_CONTAINER: _read_container,
    Kind.POLICY: _read_policy,
    Kind.CONTAINER_MAPPING: _read_container_mapping,
    Kind.MAPPING: _read_mapping,
    Kind.REPLICATION: _read_replication,
    Kind.NIC_SETTINGS: _read_item,
}

_LISTS = {
    Kind.MAPPING: "replicationNetworkMappings",
    Kind.NIC_SETTINGS: "replicationProtectedItems",
}
_FROM_BODY: Mapping[Kind, Callable[[Change, Body], Reading]] = {
    Kind.MAPPING: _mapping_reading,
    Kind.NIC_SETTINGS: _item_reading,
}


def _as_received(
    answer: PipelineResponse[HttpRequest, HttpResponse], _model: Any, _headers: Any
) -> Any:
    """What the SDK's `cls` hook is for: the body itself in place of the model."""
    return answer.http_response.json()


def _vault_path(subject: ArmId) -> dict[str, str]:
    return {"resource_group_name": subject.group, "resource_name": _named(subject, "vaults")}


def _named(subject: ArmId, kind: str) -> str:
    name = subject.named(kind)
    if name is None:
        raise InvalidArmId(f"{subject} holds no {kind}.", "Plan again.")
    return name
