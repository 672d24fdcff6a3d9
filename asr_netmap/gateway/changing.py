"""The only calls that change anything in Azure: the table at the end lists them all.

Each write goes out once, through the SDK's typed client where there is one, and is followed by
asking, not by the SDK's poller. Before a PUT, which Azure takes as "create or replace", the
object is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, TypeVar

from azure.core.rest import HttpResponse

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AzureError, Busy, Missing
from asr_netmap.gateway import lists, subjects, translate
from asr_netmap.gateway.connection import GROUPS_API, Connection
from asr_netmap.gateway.enable_body import (
    CONTAINER_BODY,
    container_mapping_body,
    enable_body,
    policy_body,
)
from asr_netmap.gateway.failure import Asked, translated
from asr_netmap.gateway.following import Following
from asr_netmap.gateway.jobs import vault_of
from asr_netmap.gateway.lists import NETWORK_API
from asr_netmap.gateway.network_body import network_body
from asr_netmap.gateway.operations import FirstAnswer, operation_of
from asr_netmap.gateway.patch import patch_body
from asr_netmap.gateway.pipeline import REQUEST_ID
from asr_netmap.models import IpAddress
from asr_netmap.planning.change import (
    Action,
    Change,
    ContainerMappingState,
    FabricState,
    GroupState,
    ItemState,
    Kind,
    MappingState,
    NetworkState,
    PolicyState,
    ReplicationState,
)
from asr_netmap.planning.gateway import ListSize, Operation, Progress, Reading, Sight

T = TypeVar("T")


class AzureGateway:
    """Fulfils `planning.gateway.Gateway` over a connection; safe for threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._following = Following(connection)

    def read(self, change: Change) -> Reading:
        """Read the change's subject."""
        reading = subjects.read_subject(self._connection, change)
        if reading.item is not None:
            self._following.learn(change.subject, reading.raw)
        return reading

    def list_size(self, kind: Kind, vault: ArmId) -> ListSize | None:
        """What `read_listed` would cost, if that list was read before; sends nothing."""
        return subjects.list_size(self._connection, kind, vault)

    def read_listed(
        self, kind: Kind, vault: ArmId, wanted: Sequence[tuple[Change, Reading | None]]
    ) -> Mapping[ArmId, Reading]:
        """Read the subjects of many changes from one list of the vault."""
        return subjects.read_listed(self._connection, kind, vault, wanted)

    def look(self, vault: ArmId, following: Sequence[tuple[Operation, Sight | None]]) -> Sight:
        """List the vault's jobs: one answer for all who wait for it."""
        return self._following.look(vault, following)

    def running_job(self, change: Change, own: Container[str], sight: Sight) -> str | None:
        """What Site Recovery was doing with the subject at that sight; None: nothing."""
        return self._following.running_job(change, own, sight)

    def other_work(
        self, change: Change, own: Container[str], before: Sight, after: Sight
    ) -> str | None:
        """What somebody else had done with the subject between two sights; None: nothing."""
        return self._following.other_work(change, own, before, after)

    def address_free(self, network: ArmId, address: IpAddress) -> bool:
        """Whether Azure calls the address free in that network."""
        return _address_free(self._connection, network, address)

    def send(self, change: Change, reading: Reading, request_id: str) -> Operation | None:
        """Send the write, once; None: Azure answered that it is done."""
        write = WRITES[change.kind, change.action]
        response = write(self._connection, change, reading, request_id)
        return None if response is None else operation_of(response, change.subject, request_id)

    def ask(self, operation: Operation) -> Progress:
        """Look once at an operation. Raises AzureError if the look failed: ask again."""
        return self._following.ask(operation)

    def find_operation(
        self, change: Change, request_id: str, sight: Sight | None
    ) -> Operation | None:
        """The operation of a write whose answer was lost; None: Azure knows of none."""
        return self._following.find_operation(change, request_id, sight)


def _address_free(connection: Connection, network: ArmId, address: IpAddress) -> bool:
    """A plain call: for the typed one alone the network client is loaded, 0.3 s and 28 MB."""
    path = f"{network}/CheckIPAddressAvailability"
    try:
        answer = connection.get(path, NETWORK_API, ipAddress=str(address))
    except AzureError as error:
        # ARM: an address in no subnet is an error there, not "unavailable" (Azure fluent SDKs
        # for Java and .NET).
        if "PrivateIPAddressNotInAnySubnet" in error.message:
            return False
        raise
    return bool(answer.get("available"))


# Nothing above this line writes. A write returns its answer, or None if there was nothing to do.


def _create_group(
    connection: Connection, change: Change, _reading: Reading, request_id: str
) -> HttpResponse | None:
    """A group that exists by now is good as it is, wherever it lies."""
    state = _expect(change.after, GroupState)
    if subjects.exists(subjects.group_body, connection, change.subject):
        return None
    body: dict[str, Any] = {"location": state.region}
    if state.tags:
        body["tags"] = dict(state.tags)
    return connection.put(str(change.subject), GROUPS_API, body, request_id)


def _create_network(
    connection: Connection, change: Change, _reading: Reading, request_id: str
) -> HttpResponse:
    """ARM: a PUT over an existing network deletes the subnets that it doesn't name."""
    state, subject = _expect(change.after, NetworkState), change.subject
    if subjects.exists(subjects.network_body, connection, subject):
        raise Busy(
            f"Network {subject} exists by now; an existing network is never written.",
            "Plan again.",
        )
    from azure.mgmt.network.models import VirtualNetwork  # noqa: PLC0415 -- 0.3 s, for this only

    client, answer = connection.network(subject.subscription), FirstAnswer()
    with translated(Asked("PUT", str(subject))):
        client.virtual_networks.begin_create_or_update(
            subject.group,
            subject.name,
            VirtualNetwork(network_body(state)),
            headers={REQUEST_ID: request_id},
            polling=answer,
        )
    return answer.response


def _create_fabric(
    connection: Connection, change: Change, _reading: Reading, request_id: str
) -> HttpResponse | None:
    state, subject = _expect(change.after, FabricState), change.subject
    if subjects.exists(subjects.fabric_body, connection, subject):
        return None
    details = {"instanceType": "Azure", "location": state.region}
    client, answer = connection.site_recovery(subject.subscription), FirstAnswer()
    with translated(Asked("PUT", str(subject))):
        client.replication_fabrics.begin_create(
            **subjects.fabric_path(subject),
            input={"properties": {"customDetails": details}},
            headers={REQUEST_ID: request_id},
            polling=answer,
        )
    return answer.response


def _create_container(
    connection: Connection, change: Change, _reading: Reading, request_id: str
) -> HttpResponse | None:
    subject = change.subject
    if subjects.exists(subjects.container_body, connection, subject):
        return None
    client, answer = connection.site_recovery(subject.subscription), FirstAnswer()
    with translated(Asked("PUT", str(subject))):
        client.replication_protection_containers.begin_create(
            **subjects.container_path(subject),
            creation_input=CONTAINER_BODY,
            headers={REQUEST_ID: request_id},
            polling=answer,
        )
    return answer.response


def _create_policy(
    connection: Connection, change: Change, _reading: Reading, request_id: str
) -> HttpResponse | None:
    """A policy that exists by now serves, whatever it says; it is never changed."""
    state, subject = _expect(change.after, PolicyState), change.subject
    if subjects.exists(subjects.policy_body, connection, subject):
        return None
    client, answer = connection.site_recovery(subject.subscription), FirstAnswer()
    with translated(Asked("PUT", str(subject))):
        client.replication_policies.begin_create(
            **subjects.policy_path(subject),
            input=policy_body(state),
            headers={REQUEST_ID: request_id},
            polling=answer,
        )
    return answer.response


def _create_container_mapping(
    connection: Connection, change: Change, _reading: Reading, request_id: str
) -> HttpResponse:
    state, subject = _expect(change.after, ContainerMappingState), change.subject
    if subjects.exists(subjects.container_mapping_body, connection, subject):
        raise Busy(
            f"Protection container mapping {subject} exists by now; it is not replaced.",
            "Plan again.",
        )
    client, answer = connection.site_recovery(subject.subscription), FirstAnswer()
    with translated(Asked("PUT", str(subject))):
        client.replication_protection_container_mappings.begin_create(
            **subjects.container_mapping_path(subject),
            creation_input=container_mapping_body(state),
            headers={REQUEST_ID: request_id},
            polling=answer,
        )
    return answer.response


def _enable_replication(
    connection: Connection, change: Change, _reading: Reading, request_id: str
) -> HttpResponse:
    """Never for a machine that an item replicates already, whatever the item is called."""
    state, subject = _expect(change.after, ReplicationState), change.subject
    other = _item_of(connection, state.vm, vault_of(subject))
    if other is not None:
        # Under another name it is nobody's unfinished write of ours: waiting would not help.
        raise AzureError(
            f"{state.vm.name} is replicated by now, as {other}; it is not enabled again.",
            "Plan again.",
        )
    client, answer = connection.site_recovery(subject.subscription), FirstAnswer()
    with translated(Asked("PUT", str(subject))):
        client.replication_protected_items.begin_create(
            **subjects.item_path(subject),
            input=enable_body(state),
            headers={REQUEST_ID: request_id},
            polling=answer,
        )
    return answer.response


def _item_of(connection: Connection, vm: ArmId, vault: ArmId) -> ArmId | None:
    """The item that replicates a machine now, whatever it is called; None: none does."""
    listing = lists.items_of(vault)
    try:
        rows = list(connection.rows(listing.path, listing.api_version))
    except Missing:
        return None  # a vault that was never used has no such list
    items = (translate.item(row) for row in rows)
    return next((item.id for item in items if item is not None and item.vm == vm), None)


def _create_mapping(
    connection: Connection, change: Change, _reading: Reading, request_id: str
) -> HttpResponse:
    """ARM: the PUT is an upsert without a guard (Azure CLI recording, August 2023)."""
    state, subject = _expect(change.after, MappingState), change.subject
    there = subjects.found(subjects.mapping_body, connection, subject)
    if there is not None and subjects.mapping_state(there)[0] != state:
        raise Busy(
            f"Mapping {subject} exists by now, for other networks; it is not replaced.",
            "Plan again.",
        )
    client, answer = connection.site_recovery(subject.subscription), FirstAnswer()
    with translated(Asked("PUT", str(subject))):
        client.replication_network_mappings.begin_create(
            **subjects.mapping_path(subject),
            input=_mapping_input(state),
            headers={REQUEST_ID: request_id},
            polling=answer,
        )
    return answer.response


def _update_mapping(
    connection: Connection, change: Change, _reading: Reading, request_id: str
) -> HttpResponse:
    state, subject = _expect(change.after, MappingState), change.subject
    client, answer = connection.site_recovery(subject.subscription), FirstAnswer()
    with translated(Asked("PATCH", str(subject))):
        client.replication_network_mappings.begin_update(
            **subjects.mapping_path(subject),
            input=_mapping_input(state),
            headers={REQUEST_ID: request_id},
            polling=answer,
        )
    return answer.response


def _delete_mapping(
    connection: Connection, change: Change, _reading: Reading, request_id: str
) -> HttpResponse | None:
    subject = change.subject
    client, answer = connection.site_recovery(subject.subscription), FirstAnswer()
    try:
        with translated(Asked("DELETE", str(subject))):
            client.replication_network_mappings.begin_delete(
                **subjects.mapping_path(subject),
                headers={REQUEST_ID: request_id},
                polling=answer,
            )
    except Missing:
        return None
    return answer.response


def _update_item(
    connection: Connection, change: Change, reading: Reading, request_id: str
) -> HttpResponse:
    """Written back from `reading.raw`, so everything that isn't ours stays as it was read.

    What Site Recovery answers to a changed ``isPrimary`` was never recorded: see `patch_body`.
    """
    state, subject = _expect(change.after, ItemState), change.subject
    body = patch_body(_expect(reading.raw, dict), state.settings)
    client, answer = connection.site_recovery(subject.subscription), FirstAnswer()
    with translated(Asked("PATCH", str(subject))):
        client.replication_protected_items.begin_update(
            **subjects.item_path(subject),
            update_protection_input=body,
            headers={REQUEST_ID: request_id},
            polling=answer,
        )
    return answer.response


def _mapping_input(state: MappingState) -> dict[str, Any]:
    """The same for PUT and PATCH.

    ARM: recoveryFabricName is optional in the model and required in practice (bicep issue 12888);
    it is the fabric's name, not its region.
    """
    return {
        "properties": {
            "recoveryFabricName": state.target_fabric,
            "recoveryNetworkId": str(state.target_network),
            "fabricSpecificDetails": {
                "instanceType": "AzureToAzure",
                "primaryNetworkId": str(state.source_network),
            },
        }
    }


def _expect(value: object, kind: type[T]) -> T:
    """`value`, which is of that kind in every change that planning makes."""
    if not isinstance(value, kind):
        raise TypeError(f"a change needs a {kind.__name__}, not {type(value).__name__}")
    return value


# Every write there is; a pair that isn't here can't be sent.
WRITES: Mapping[
    tuple[Kind, Action], Callable[[Connection, Change, Reading, str], HttpResponse | None]
] = {
    (Kind.RESOURCE_GROUP, Action.CREATE): _create_group,
    (Kind.NETWORK, Action.CREATE): _create_network,
    (Kind.FABRIC, Action.CREATE): _create_fabric,
    (Kind.PROTECTION_CONTAINER, Action.CREATE): _create_container,
    (Kind.POLICY, Action.CREATE): _create_policy,
    (Kind.CONTAINER_MAPPING, Action.CREATE): _create_container_mapping,
    (Kind.REPLICATION, Action.CREATE): _enable_replication,
    (Kind.MAPPING, Action.CREATE): _create_mapping,
    (Kind.MAPPING, Action.UPDATE): _update_mapping,
    (Kind.MAPPING, Action.DELETE): _delete_mapping,
    (Kind.NIC_SETTINGS, Action.UPDATE): _update_item,
}
