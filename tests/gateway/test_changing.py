"""The few calls that change anything, through the SDKs, over the sandbox."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Network, ip_address
from typing import Any

import pytest
from azure.core.rest import HttpRequest

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import (
    AzureError,
    Busy,
    Forbidden,
    Locked,
    OutcomeUnknown,
    PolicyDenied,
    UnexpectedAnswer,
)
from asr_netmap.gateway.changing import WRITES, AzureGateway
from asr_netmap.gateway.jobs import vault_of
from asr_netmap.gateway.network_body import network_body
from asr_netmap.gateway.reading import read_inventory
from asr_netmap.models import Inventory, ReplicatedItem, Subnet
from asr_netmap.planning.change import (
    Action,
    Change,
    FabricState,
    GroupState,
    ItemState,
    Kind,
    MappingState,
    NetworkState,
    State,
)
from asr_netmap.planning.gateway import Gateway, Phase, Reading
from asr_netmap.planning.nic_setting import Setting
from asr_netmap.sandbox.options import Options

from .scripted import (
    MAPPING,
    SUBSCRIPTION,
    VAULT,
    Answer,
    World,
    answer,
    arm_error,
    scripted,
    world,
)

COPY = ArmId.of_network(SUBSCRIPTION, "rg-app-asr", "vnet-app-asr")
SOURCE = ArmId.of_network(SUBSCRIPTION, "rg-app", "vnet-app")
WEB, WEB_COPY = (
    ArmId.of_network(SUBSCRIPTION, "rg-web", "vnet-web"),
    ArmId.of_network(SUBSCRIPTION, "rg-web-asr", "vnet-web-asr"),
)
FABRIC = VAULT.child("replicationFabrics", "asr-a2a-default-eastasia")
WEB_MAPPING = FABRIC.child("replicationNetworks", "azureNetwork").child(
    "replicationNetworkMappings", "vnet-web-to-vnet-web-asr-1234abcd"
)
TARGET_FABRIC = "asr-a2a-default-southeastasia"
PAIR = MappingState(WEB, WEB_COPY, TARGET_FABRIC)


def change(
    kind: Kind, action: Action, subject: ArmId, before: State | None, after: State | None
) -> Change:
    return Change(kind, action, subject, subject.name, before, after, "because")


CREATE_MAPPING = change(Kind.MAPPING, Action.CREATE, WEB_MAPPING, None, PAIR)


def applied(here: World, one: Change, request_id: str = "r-1") -> AzureGateway:
    """Read, send, follow to the end: what applying does."""
    gateway = AzureGateway(here.connection)
    operation = gateway.send(one, gateway.read(one), request_id)
    if operation is not None:
        assert gateway.ask(operation).phase is Phase.SUCCEEDED
    return gateway


def inventory(here: World) -> Inventory:
    return read_inventory(here.connection, vault=VAULT, regions=None)


def item(here: World, vm: str) -> ReplicatedItem:
    return next(each for each in inventory(here).items if each.vm_name == vm)


def sent_body(here: World) -> Mapping[str, Any]:
    body: Mapping[str, Any] = json.loads(here.sandbox.engine.accepted_writes[-1].body)
    return body


def test_the_gateway_fulfils_the_protocol() -> None:
    gateway: Gateway = AzureGateway(world().connection)
    sight = gateway.look(vault_of(CREATE_MAPPING.subject), ())
    assert gateway.running_job(CREATE_MAPPING, frozenset(), sight) is None


def test_there_are_eleven_writes_and_no_others() -> None:
    assert set(WRITES) == {
        (Kind.RESOURCE_GROUP, Action.CREATE),
        (Kind.NETWORK, Action.CREATE),
        (Kind.FABRIC, Action.CREATE),
        (Kind.PROTECTION_CONTAINER, Action.CREATE),
        (Kind.POLICY, Action.CREATE),
        (Kind.CONTAINER_MAPPING, Action.CREATE),
        (Kind.REPLICATION, Action.CREATE),
        (Kind.MAPPING, Action.CREATE),
        (Kind.MAPPING, Action.UPDATE),
        (Kind.MAPPING, Action.DELETE),
        (Kind.NIC_SETTINGS, Action.UPDATE),
    }


# Resource groups.


def test_a_missing_group_is_created_and_reads_back() -> None:
    here = world()
    one = change(
        Kind.RESOURCE_GROUP,
        Action.CREATE,
        ArmId.of_group(SUBSCRIPTION, "rg-new"),
        None,
        GroupState("southeastasia", {"owner": "dr"}),
    )
    assert AzureGateway(here.connection).read(one).state is None
    assert applied(here, one).read(one).state == one.after
    assert here.written == [("PUT", str(one.subject))]


def test_a_group_that_exists_is_not_touched() -> None:
    here = world()
    group = ArmId.of_group(SUBSCRIPTION, "rg-app")
    one = change(Kind.RESOURCE_GROUP, Action.CREATE, group, None, GroupState("southeastasia"))
    assert AzureGateway(here.connection).send(one, Reading(None), "r-1") is None
    assert here.written == []


# Networks.


def network_state() -> NetworkState:
    return NetworkState(
        "southeastasia",
        (IPv4Network("10.1.0.0/16"),),
        (
            Subnet("web", (IPv4Network("10.1.1.0/24"),), service_endpoints=("Microsoft.Sql",)),
            Subnet("app", (IPv4Network("10.1.2.0/24"),), default_outbound_access=False),
        ),
        dns_servers=("10.1.0.4",),
        tags={"owner": "dr"},
    )


CREATE_NETWORK = change(Kind.NETWORK, Action.CREATE, COPY, None, network_state())
CREATE_GROUP = change(
    Kind.RESOURCE_GROUP, Action.CREATE, COPY.group_id, None, GroupState("southeastasia")
)


def test_a_missing_network_is_created_and_reads_back() -> None:
    here = world()
    applied(here, CREATE_GROUP)
    gateway = applied(here, CREATE_NETWORK)
    assert sent_body(here) == network_body(network_state()), "the SDK's model drops nothing"
    state = gateway.read(CREATE_NETWORK).state
    assert isinstance(state, NetworkState)
    assert (state.address_space, state.dns_servers, state.tags) == (
        network_state().address_space,
        ("10.1.0.4",),
        {"owner": "dr"},
    )
    assert [(s.name, s.default_outbound_access) for s in state.subnets] == [
        ("web", True),
        ("app", False),
    ]
    assert state.subnets[0].service_endpoints == ("Microsoft.Sql",)


def test_a_network_body_says_all_that_the_state_holds() -> None:
    nsg, table, gateway = (
        ArmId(f"/subscriptions/s1/resourceGroups/g/providers/Microsoft.Network/{kind}/x")
        for kind in ("networkSecurityGroups", "routeTables", "natGateways")
    )
    subnet = Subnet(
        "web",
        (IPv4Network("10.1.1.0/24"), IPv4Network("10.1.3.0/24")),
        network_security_group=nsg,
        route_table=table,
        nat_gateway=gateway,
        delegations=("Microsoft.Web/serverFarms",),
        service_endpoints=("Microsoft.Storage",),
        private_endpoint_policies="Disabled",
        private_link_policies="Enabled",
    )
    plan = ArmId("/subscriptions/s1/resourceGroups/g/providers/Microsoft.Network/ddos/x")
    body = network_body(replace(network_state(), subnets=(subnet,), ddos_plan=plan))
    assert body["properties"]["enableDdosProtection"] is True
    assert body["properties"]["ddosProtectionPlan"] == {"id": str(plan)}
    assert body["properties"]["subnets"] == [
        {
            "name": "web",
            "properties": {
                "addressPrefixes": ["10.1.1.0/24", "10.1.3.0/24"],
                "defaultOutboundAccess": True,
                "serviceEndpoints": [{"service": "Microsoft.Storage"}],
                "delegations": [
                    {
                        "name": "Microsoft.Web.serverFarms",
                        "properties": {"serviceName": "Microsoft.Web/serverFarms"},
                    }
                ],
                "networkSecurityGroup": {"id": str(nsg)},
                "routeTable": {"id": str(table)},
                "natGateway": {"id": str(gateway)},
                "privateEndpointNetworkPolicies": "Disabled",
                "privateLinkServiceNetworkPolicies": "Enabled",
            },
        }
    ]


def test_an_existing_network_is_never_put() -> None:
    here = world()
    one = change(Kind.NETWORK, Action.CREATE, SOURCE, None, network_state())
    with pytest.raises(Busy, match="exists by now"):
        AzureGateway(here.connection).send(one, Reading(None), "r-1")
    assert here.written == []


def test_a_network_that_may_not_be_seen_is_never_put() -> None:
    """403 is no 404: it may well be there."""
    here = world(conditions=({"kind": "forbidden", "path": f"*{COPY.name}", "method": "GET"},))
    applied(here, CREATE_GROUP)
    with pytest.raises(Forbidden):
        AzureGateway(here.connection).send(CREATE_NETWORK, Reading(None), "r-1")
    assert here.written == [("PUT", str(COPY.group_id))]


def test_a_policy_that_denies_and_a_lock_are_named() -> None:
    here = world(conditions=({"kind": "policy-denies", "path": f"*{COPY.name}"},))
    applied(here, CREATE_GROUP)
    with pytest.raises(PolicyDenied, match="sandbox-deny"):
        AzureGateway(here.connection).send(CREATE_NETWORK, Reading(None), "r-1")


# Fabrics and mappings.


def test_a_fabric_is_created_and_reads_back() -> None:
    here = world()
    subject = VAULT.child("replicationFabrics", "asr-a2a-default-japaneast")
    one = change(Kind.FABRIC, Action.CREATE, subject, None, FabricState("japaneast"))
    assert applied(here, one).read(one).state == FabricState("japaneast")


def test_a_fabric_that_exists_is_not_touched() -> None:
    here = world()
    one = change(Kind.FABRIC, Action.CREATE, FABRIC, None, FabricState("eastasia"))
    assert AzureGateway(here.connection).send(one, Reading(None), "r-1") is None
    assert here.written == []


def test_a_mapping_is_created_updated_and_deleted() -> None:
    here = world()
    gateway = applied(here, CREATE_MAPPING)
    assert gateway.read(CREATE_MAPPING).state == PAIR
    elsewhere = ArmId.of_network(SUBSCRIPTION, "rg-data-dr", "vnet-data-dr")
    other = replace(PAIR, target_network=elsewhere)
    update = change(Kind.MAPPING, Action.UPDATE, WEB_MAPPING, PAIR, other)
    assert applied(here, update).read(update).state == other
    delete = change(Kind.MAPPING, Action.DELETE, WEB_MAPPING, other, None)
    assert applied(here, delete).read(delete).state is None
    assert [method for method, _ in here.written] == ["PUT", "PATCH", "DELETE"]


def test_an_update_of_a_mapping_sends_all_three_properties() -> None:
    here = world()
    applied(here, CREATE_MAPPING)
    applied(here, change(Kind.MAPPING, Action.UPDATE, WEB_MAPPING, PAIR, PAIR))
    assert here.written[-1][0] == "PATCH"
    assert sent_body(here) == {
        "properties": {
            "recoveryFabricName": TARGET_FABRIC,
            "recoveryNetworkId": str(WEB_COPY),
            "fabricSpecificDetails": {
                "instanceType": "AzureToAzure",
                "primaryNetworkId": str(WEB),
            },
        }
    }


def test_a_mapping_of_that_name_for_other_networks_is_not_replaced() -> None:
    here = world()
    applied(here, CREATE_MAPPING)
    other = replace(PAIR, source_network=SOURCE)
    one = change(Kind.MAPPING, Action.CREATE, WEB_MAPPING, None, other)
    with pytest.raises(Busy, match="for other networks"):
        AzureGateway(here.connection).send(one, Reading(None), "r-2")
    assert len(here.written) == 1


def test_deleting_a_mapping_that_is_gone_is_done() -> None:
    here = world()
    one = change(Kind.MAPPING, Action.DELETE, WEB_MAPPING, PAIR, None)
    assert AzureGateway(here.connection).send(one, Reading(None), "r-1") is None


def test_a_mapping_under_terraforms_network_segment_is_reached_by_its_own_id() -> None:
    odd = FABRIC.child("replicationNetworks", "vnet-web").child("replicationNetworkMappings", "tf")
    azure = scripted([answer(204)])
    one = change(Kind.MAPPING, Action.DELETE, odd, PAIR, None)
    AzureGateway(azure.connection).send(one, Reading(None), "r-1")
    assert "/replicationNetworks/vnet-web/replicationNetworkMappings/tf?" in azure.transport.urls[0]


def test_a_mapping_that_is_not_paired_does_not_read_back_as_applied() -> None:
    body = {
        "id": str(WEB_MAPPING),
        "properties": {
            "state": "PairingFailed",
            "primaryNetworkId": str(WEB),
            "recoveryNetworkId": str(WEB_COPY),
            "recoveryFabricArmId": str(VAULT.child("replicationFabrics", TARGET_FABRIC)),
            "fabricSpecificSettings": {"instanceType": "AzureToAzure"},
        },
    }
    gateway = AzureGateway(scripted([answer(200, body)]).connection)
    with pytest.raises(UnexpectedAnswer, match="'PairingFailed', not Paired"):
        gateway.read(CREATE_MAPPING)
    delete = change(Kind.MAPPING, Action.DELETE, WEB_MAPPING, PAIR, None)
    assert gateway.read(delete).state == PAIR


# Replicated items.


def set_address(here: World, vm: str = "web2", address: str = "10.3.1.99") -> Change:
    subject = item(here, vm)
    nic = subject.nics[0]
    setting = Setting("address", ip_address(address), nic.id, nic.ip_configs[0].name)
    before = ItemState((replace(setting, value=None),))
    return change(Kind.NIC_SETTINGS, Action.UPDATE, subject.id, before, ItemState((setting,)))


def test_an_items_setting_is_written_and_all_else_stays() -> None:
    here = world()
    before = item(here, "web2")
    one = set_address(here)
    assert AzureGateway(here.connection).read(one).state == one.before
    assert applied(here, one).read(one).state == one.after
    after = item(here, "web2")
    (old,), (new,) = before.nics, after.nics
    assert new.ip_configs[0].address == ip_address("10.3.1.99")
    kept = replace(new.ip_configs[0], address=old.ip_configs[0].address)
    chosen: Any = {"chosen_by_user": True, "chosen_at_enabling": False}
    same_nic = replace(new, ip_configs=(kept, *new.ip_configs[1:]), **chosen)
    assert replace(after, nics=(same_nic,)) == replace(before, nics=(replace(old, **chosen),))


def test_every_nic_and_ip_config_is_sent() -> None:
    here = world()
    subject = item(here, "app3")
    one = change(
        Kind.NIC_SETTINGS,
        Action.UPDATE,
        subject.id,
        ItemState(()),
        ItemState((Setting("nic_name", "failed-over", subject.nics[1].id),)),
    )
    applied(here, one)
    nics = sent_body(here)["properties"]["vmNics"]
    assert len(nics) == len(subject.nics) == 2
    assert [len(n["ipConfigs"]) for n in nics] == [len(n.ip_configs) for n in subject.nics]


def test_an_item_is_read_with_its_model_and_settings() -> None:
    here = world()
    reading = AzureGateway(here.connection).read(set_address(here))
    assert reading.item == item(here, "web2")
    gone = change(
        Kind.NIC_SETTINGS,
        Action.UPDATE,
        ArmId(f"{item(here, 'web2').id}-gone"),
        ItemState(()),
        ItemState(()),
    )
    assert AzureGateway(here.connection).read(gone) == Reading(None)


def test_a_setting_of_a_nic_that_is_gone_is_left_out_of_the_state() -> None:
    here = world()
    one = set_address(here)
    lost = Setting("nic_name", "x", ArmId(f"{WEB}-no-nic"))
    state = AzureGateway(here.connection).read(replace(one, after=ItemState((lost,)))).state
    assert state == ItemState(())


@pytest.mark.parametrize("status", [401, 403, 500])
def test_what_may_not_be_read_is_not_absent(status: int) -> None:
    gateway = AzureGateway(scripted([answer(status, arm_error("X"))]).connection)
    for kind, subject in (
        (Kind.RESOURCE_GROUP, COPY.group_id),
        (Kind.NETWORK, COPY),
        (Kind.FABRIC, FABRIC),
        (Kind.MAPPING, MAPPING),
    ):
        with pytest.raises(AzureError):
            gateway.read(change(kind, Action.CREATE, subject, None, None))


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[]", b'{"id": 3}', b""])
def test_an_answer_that_is_no_resource_is_an_error_and_not_absence(body: bytes) -> None:
    gateway = AzureGateway(scripted([answer(200, body)]).connection)
    with pytest.raises(AzureError, match=r"can't be read|exists and is no"):
        gateway.read(change(Kind.FABRIC, Action.CREATE, FABRIC, None, FabricState("x")))


# Accepted, done, or nobody knows.


@pytest.mark.parametrize("status", [200, 202])
def test_both_answers_of_the_published_examples_are_understood(status: int) -> None:
    """200 with the body is done; 202 names the operation."""
    url = f"https://management.azure.com{VAULT}/replicationOperationStatus/j1?t=1&c=2"
    headers = {"Azure-AsyncOperation": url, "Retry-After": "30"} if status == 202 else {}

    def script(request: HttpRequest) -> Answer:
        if request.method == "GET":
            return answer(404, arm_error("NotFound"))
        return answer(status, {"id": str(WEB_MAPPING)} if status == 200 else None, headers)

    operation = AzureGateway(scripted(script).connection).send(CREATE_MAPPING, Reading(None), "r-1")
    if status == 200:
        assert operation is None
    else:
        assert operation is not None
        assert (operation.name, operation.url) == ("j1", url)
        assert (operation.request_id, operation.retry_after) == ("r-1", 30.0)


@pytest.mark.parametrize("status", [201, 202])
def test_an_acceptance_that_names_no_operation_is_unknown(status: int) -> None:
    def script(request: HttpRequest) -> Answer:
        return answer(404 if request.method == "GET" else status, arm_error("NotFound"))

    with pytest.raises(OutcomeUnknown):
        AzureGateway(scripted(script).connection).send(CREATE_MAPPING, Reading(None), "r-1")


def test_a_lock_stops_a_write_and_is_named() -> None:
    message = "following scope(s) are locked: '/subscriptions/s1'. Please remove the lock."

    def script(request: HttpRequest) -> Answer:
        if request.method == "GET":
            return answer(404, arm_error("NotFound"))
        return answer(409, arm_error("ScopeLocked", message))

    with pytest.raises(Locked, match="lock on /subscriptions/s1"):
        AzureGateway(scripted(script).connection).send(CREATE_MAPPING, Reading(None), "r-1")


def test_no_thread_survives_a_change() -> None:
    here = world()
    one = set_address(here)
    before = set(threading.enumerate())
    applied(here, one)
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize(
    ("address", "free"), [("10.3.1.200", True), ("10.3.1.10", False), ("192.168.7.7", False)]
)
def test_azure_is_asked_whether_an_address_is_free(address: str, free: bool) -> None:
    gateway = AzureGateway(world().connection)
    assert gateway.address_free(WEB_COPY, ip_address(address)) is free


def test_an_availability_call_that_fails_is_no_answer() -> None:
    gateway = AzureGateway(scripted([answer(403, arm_error("AuthorizationFailed"))]).connection)
    with pytest.raises(Forbidden):
        gateway.address_free(WEB_COPY, ip_address("10.3.1.200"))


def test_many_items_are_read_back_from_one_list_that_counts_as_much_as_a_get() -> None:
    here = world()
    one, other = set_address(here), set_address(here, "app1")
    ours = AzureGateway(here.connection)
    vault = vault_of(one.subject)
    before = [(change, ours.read(change)) for change in (one, other)]
    sent = here.connection.requests_sent
    found = ours.read_listed(Kind.NIC_SETTINGS, vault, before)
    assert here.connection.requests_sent == sent + 1
    for change, reading in before:
        assert found[change.subject].state == reading.state
        assert found[change.subject].item == reading.item


def test_a_row_that_shows_less_than_the_get_before_is_left_out() -> None:
    here = world()
    one = set_address(here)
    ours = AzureGateway(here.connection)
    reading = ours.read(one)
    fuller = json.loads(json.dumps(reading.raw))
    nic = fuller["properties"]["providerSpecificDetails"]["vmNics"][0]
    nic["ipConfigs"][0]["somethingNew"] = None
    wanted = [(one, replace(reading, raw=fuller))]
    assert ours.read_listed(Kind.NIC_SETTINGS, vault_of(one.subject), wanted) == {}
    gone = replace(one, subject=ArmId(f"{one.subject}-gone"))
    assert ours.read_listed(Kind.NIC_SETTINGS, vault_of(one.subject), [(gone, None)]) == {}


def test_what_a_list_costs_is_known_once_it_was_read() -> None:
    here = world(options=Options(page_size=2))
    ours = AzureGateway(here.connection)
    vault = vault_of(set_address(here).subject)
    size = ours.list_size(Kind.NIC_SETTINGS, vault)
    assert size is not None, "the inventory read it"
    assert size.pages == -(-size.rows // 2)
    assert ours.list_size(Kind.NETWORK, vault) is None
    fresh = world()
    assert AzureGateway(fresh.connection).list_size(Kind.NIC_SETTINGS, vault) is None
