"""The body of a replicated item's update keeps all that isn't ours."""

from __future__ import annotations

import copy
import json
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from azure.mgmt.recoveryservicessiterecovery import models

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import BlockedRequest, Missing
from asr_netmap.gateway import translate
from asr_netmap.gateway.nic_wire import (
    IP_CONFIG_FIELDS,
    ITEM_NETWORKS,
    ITEM_PROPERTIES,
    NEVER_SENT,
    NIC_FIELDS,
    PROVIDER_PROPERTIES,
)
from asr_netmap.gateway.patch import patch_body
from asr_netmap.planning.nic_setting import (
    FIELDS,
    Level,
    Setting,
    SettingValue,
    ValueType,
    current_value,
    same_value,
)

from .scripted import ITEM

NIC = ArmId("/subscriptions/s1/resourceGroups/g1/providers/Microsoft.Network/networkInterfaces/n1")
SECOND = ArmId(f"{NIC}-2")
OTHER = "/subscriptions/s1/resourceGroups/g1/providers/Microsoft.Network/virtualNetworks/other"
POOL = "/subscriptions/s1/resourceGroups/g1/providers/Microsoft.Network/loadBalancers/lb/x/pool"


def full_config(name: str, primary: bool) -> dict[str, Any]:
    return {
        "name": name,
        "isPrimary": primary,
        "subnetName": "web",
        "staticIPAddress": "10.1.1.4",
        "ipAddressType": "Static",
        "isSeletedForFailover": primary,
        "recoverySubnetName": "rs",
        "recoveryStaticIPAddress": "10.9.1.4",
        "recoveryIPAddressType": "Static",
        "recoveryPublicIPAddressId": f"{OTHER}-pip",
        "recoveryLBBackendAddressPoolIds": [POOL],
        "tfoSubnetName": "ts",
        "tfoStaticIPAddress": "10.8.1.4",
        "tfoPublicIPAddressId": f"{OTHER}-tpip",
        "tfoLBBackendAddressPoolIds": [f"{POOL}-t"],
    }


def full_nic(nic: ArmId) -> dict[str, Any]:
    return {
        "nicId": f"guid-of-{nic.name}",
        "replicaNicId": None,
        "sourceNicArmId": str(nic).lower(),
        "vMNetworkName": f"{OTHER}-source",
        "recoveryVMNetworkId": f"{OTHER}-target",
        "ipConfigs": [full_config("ipconfig1", True), full_config("ipconfig2", False)],
        "selectionType": "SelectedByDefault",
        "recoveryNetworkSecurityGroupId": f"{OTHER}-nsg",
        "enableAcceleratedNetworkingOnRecovery": True,
        "tfoVMNetworkId": f"{OTHER}-test",
        "tfoNetworkSecurityGroupId": f"{OTHER}-tnsg",
        "enableAcceleratedNetworkingOnTfo": True,
        "recoveryNicName": "rn",
        "recoveryNicResourceGroupName": "rg",
        "reuseExistingNic": True,
        "tfoRecoveryNicName": "tn",
        "tfoRecoveryNicResourceGroupName": "tg",
        "tfoReuseExistingNic": True,
        "targetNicName": "tgt",
    }


def full_item() -> dict[str, Any]:
    """Every field that can be written has a value of its own."""
    return {
        "id": str(ITEM),
        "name": "app1",
        "properties": {
            "friendlyName": "app1",
            "providerSpecificDetails": {
                "instanceType": "A2A",
                "fabricObjectId": f"{OTHER}-vm",
                "primaryFabricLocation": "eastasia",
                "recoveryFabricLocation": "southeastasia",
                "recoveryAzureVMName": "app1",
                "recoveryAzureVMSize": "Standard_D2s_v5",
                "recoveryAzureResourceGroupId": f"{OTHER}-rg",
                "recoveryAvailabilitySet": f"{OTHER}-avset",
                "selectedRecoveryAzureNetworkId": f"{OTHER}-target",
                "selectedTfoAzureNetworkId": f"{OTHER}-test",
                "tfoAzureVMName": "app1-test",
                "recoveryProximityPlacementGroupId": f"{OTHER}-ppg",
                "recoveryVirtualMachineScaleSetId": f"{OTHER}-vmss",
                "recoveryCapacityReservationGroupId": f"{OTHER}-crg",
                "recoveryBootDiagStorageAccountId": f"{OTHER}-diag",
                "licenseType": "WindowsServer",
                "protectedManagedDisks": [{"diskId": "d1"}],
                "vmNics": [full_nic(NIC), full_nic(SECOND)],
            },
        },
    }


VALUES: dict[ValueType, SettingValue] = {
    ValueType.NAME: "changed",
    ValueType.ADDRESS: ip_address("10.7.7.7"),
    ValueType.ID: ArmId(f"{OTHER}-changed"),
    ValueType.IDS: (ArmId(f"{POOL}-changed"), ArmId(f"{POOL}-more")),
    ValueType.FLAG: False,
}
UNSET: dict[ValueType, SettingValue] = {
    **dict.fromkeys((ValueType.NAME, ValueType.ADDRESS, ValueType.ID), None),
    ValueType.IDS: (),
    ValueType.FLAG: False,
}


def setting(name: str, value: SettingValue) -> Setting:
    level = FIELDS[name].level
    if level is Level.ITEM:
        return Setting(name, value)
    return Setting(name, value, NIC, "ipconfig2" if level is Level.IP_CONFIG else None)


def model_names(model: type[Any]) -> set[str]:
    """The wire names that an SDK model knows."""
    model()  # the SDK collects them when the first object is made
    fields = model._attr_to_rest_field
    return {field._rest_name for field in fields.values()}


def applied(raw: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """What a later read gives if the service takes every field as it is sent, and empties those
    of a NIC or IP config that are not."""
    after = copy.deepcopy(raw)
    details = after["properties"]["providerSpecificDetails"]
    sent = body["properties"]
    for name in ("selectedRecoveryAzureNetworkId", "selectedTfoAzureNetworkId"):
        details[name] = sent.get(name, details[name])
    assert [each["nicId"] for each in sent["vmNics"]] == [n["nicId"] for n in details["vmNics"]]
    for nic, new in zip(details["vmNics"], sent["vmNics"], strict=True):
        nic.update({f.read: new.get(f.write) for f in NIC_FIELDS})
        nic["recoveryVMNetworkId"] = nic["tfoVMNetworkId"] = None
        for config, fresh in zip(nic["ipConfigs"], new["ipConfigs"], strict=True):
            config.update({f.read: fresh.get(f.write) for f in IP_CONFIG_FIELDS})
    return after


def test_with_nothing_to_change_everything_is_sent_back_as_it_was_read() -> None:
    raw = full_item()
    body = patch_body(raw, ())
    before, after = translate.item(raw), translate.item(applied(raw, body))
    assert before == after
    assert body["properties"]["vmNics"][0]["selectionType"] == "SelectedByDefault"


def test_the_item_that_was_read_is_not_touched() -> None:
    raw = full_item()
    patch_body(raw, (setting("subnet", "changed"), setting("target_network", ArmId(OTHER))))
    assert raw == full_item()


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("values", [VALUES, UNSET], ids=["changed", "cleared"])
def test_a_setting_changes_and_all_others_stay(
    name: str, values: dict[ValueType, SettingValue]
) -> None:
    raw, wanted = full_item(), values[FIELDS[name].type]
    change = setting(name, wanted)
    after = translate.item(applied(raw, patch_body(raw, (change,))))
    before = translate.item(raw)
    assert before is not None
    assert after is not None
    assert same_value(current_value(after, change), wanted)
    for other in FIELDS:
        if other != name:
            place = setting(other, None)
            assert current_value(after, place) == current_value(before, place), other
    assert after.nic(SECOND) == before.nic(SECOND)


@pytest.mark.parametrize("name", [n for n, f in FIELDS.items() if f.level is not Level.ITEM])
def test_a_cleared_setting_is_sent_as_an_empty_value_and_never_as_null(name: str) -> None:
    body = patch_body(full_item(), (setting(name, UNSET[FIELDS[name].type]),))
    text = json.dumps(body)
    assert "null" not in text
    sent = json.dumps(models.UpdateReplicationProtectedItemInput(body).as_dict())
    assert json.loads(sent) == body, "the SDK's model drops nothing of it"


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("target_network", "selectedRecoveryAzureNetworkId"),
        ("test_network", "selectedTfoAzureNetworkId"),
    ],
)
def test_a_cleared_network_is_sent_as_an_empty_text(name: str, wire: str) -> None:
    body = patch_body(full_item(), (setting(name, None),))
    assert body["properties"][wire] == ""
    sent = models.UpdateReplicationProtectedItemInput(body).as_dict()
    assert sent["properties"][wire] == ""


def primary(config: str, value: bool) -> Setting:
    return Setting("primary", value, NIC, config)


def flags(body: dict[str, Any], nic: int = 0) -> list[bool]:
    return [config["isPrimary"] for config in body["properties"]["vmNics"][nic]["ipConfigs"]]


def test_which_ip_config_is_primary_is_sent_as_wanted_and_else_as_read() -> None:
    body = patch_body(full_item(), (primary("ipconfig1", False), primary("ipconfig2", True)))
    assert flags(body) == [False, True]
    assert flags(body, nic=1) == [True, False]


@pytest.mark.parametrize(
    "wanted",
    [
        (primary("ipconfig2", True),),
        (primary("ipconfig1", False),),
        (primary("ipconfig1", False), primary("ipconfig2", False)),
    ],
)
def test_a_nic_without_exactly_one_primary_ip_config_is_never_sent(
    wanted: tuple[Setting, ...],
) -> None:
    """As when somebody moved it between the plan and the write."""
    with pytest.raises(BlockedRequest, match="exactly one"):
        patch_body(full_item(), wanted)


def test_what_was_odd_before_and_is_not_ours_stops_no_other_change() -> None:
    raw = full_item()
    for config in raw["properties"]["providerSpecificDetails"]["vmNics"][1]["ipConfigs"]:
        config["isPrimary"] = None
    body = patch_body(raw, (primary("ipconfig1", False), primary("ipconfig2", True)))
    assert flags(body) == [False, True]


def test_only_nics_that_change_are_marked_as_chosen_by_somebody() -> None:
    body = patch_body(full_item(), (setting("address", ip_address("10.7.7.7")),))
    kinds = [nic["selectionType"] for nic in body["properties"]["vmNics"]]
    assert kinds == ["SelectedByUser", "SelectedByDefault"]


def test_a_null_that_stays_is_left_out() -> None:
    raw = full_item()
    raw["properties"]["providerSpecificDetails"]["vmNics"][0]["targetNicName"] = None
    raw["properties"]["providerSpecificDetails"]["recoveryAvailabilitySet"] = None
    body = patch_body(raw, ())
    assert "targetNicName" not in body["properties"]["vmNics"][0]
    assert "recoveryAvailabilitySetId" not in body["properties"]


def test_both_networks_are_sent_even_if_only_the_nics_name_them() -> None:
    raw = full_item()
    details = raw["properties"]["providerSpecificDetails"]
    details["selectedRecoveryAzureNetworkId"] = details["selectedTfoAzureNetworkId"] = None
    properties = patch_body(raw, ())["properties"]
    assert properties["selectedRecoveryAzureNetworkId"] == f"{OTHER}-target"
    assert properties["selectedTfoAzureNetworkId"] == f"{OTHER}-test"


def test_size_licence_disks_and_the_like_are_never_sent() -> None:
    text = json.dumps(patch_body(full_item(), (setting("subnet", "changed"),)))
    for name in (*NEVER_SENT, "recoveryAzureResourceGroupId", "protectedManagedDisks"):
        assert f'"{name}"' not in text


def test_every_field_of_the_write_models_is_sent_or_left_out_on_purpose() -> None:
    properties = {f.write for f in ITEM_PROPERTIES} | {"vmNics", "providerSpecificDetails"}
    properties |= {of_item for of_item, _ in ITEM_NETWORKS.values()}
    provider = {f.write for f in PROVIDER_PROPERTIES} | {"instanceType"}
    for model, sent in (
        (models.IPConfigInputDetails, {f.write for f in IP_CONFIG_FIELDS}),
        (models.VMNicInputDetails, {f.write for f in NIC_FIELDS} | {"ipConfigs"}),
        (models.UpdateReplicationProtectedItemInputProperties, properties),
        (models.A2AUpdateReplicationProtectedItemInput, provider),
    ):
        known = model_names(model)
        assert sent <= known
        assert known - sent <= NEVER_SENT


def test_every_field_that_is_read_is_known_to_the_read_models() -> None:
    for model, read in (
        (models.IPConfigDetails, {f.read for f in IP_CONFIG_FIELDS}),
        (
            models.VMNicDetails,
            {f.read for f in NIC_FIELDS} | {n for _, n in ITEM_NETWORKS.values()},
        ),
        (
            models.A2AReplicationDetails,
            {f.read for f in (*ITEM_PROPERTIES, *PROVIDER_PROPERTIES)},
        ),
    ):
        assert read <= model_names(model)


def test_letter_case_of_ids_and_names_does_not_matter() -> None:
    shouting = ArmId(str(NIC).upper().replace("/SUBSCRIPTIONS", "/subscriptions", 1))
    body = patch_body(full_item(), (Setting("subnet", "x", shouting, "IPCONFIG2"),))
    configs = body["properties"]["vmNics"][0]["ipConfigs"]
    assert [config["recoverySubnetName"] for config in configs] == ["rs", "x"]


@pytest.mark.parametrize(
    "gone",
    [
        Setting("subnet", "x", ArmId(f"{NIC}-gone"), "ipconfig1"),
        Setting("nsg", None, ArmId(f"{NIC}-gone")),
        Setting("subnet", "x", NIC, "ipconfig9"),
        Setting("subnet", "x", None, "ipconfig1"),
    ],
)
def test_a_setting_of_a_nic_that_is_gone_is_refused(gone: Setting) -> None:
    with pytest.raises(Missing, match="any more"):
        patch_body(full_item(), (gone,))


def test_the_recorded_item_keeps_what_the_recorded_client_kept(recordings: Path) -> None:
    """The one public A2A update: our body for the same change holds all that theirs held."""
    entries = json.loads((recordings / "powershell_nic_config.json").read_text())["entries"]
    before, request = entries[5]["response"]["body"], entries[6]["request"]["body"]
    nic = ArmId(before["properties"]["providerSpecificDetails"]["vmNics"][0]["sourceNicArmId"])
    theirs = request["properties"]
    (their_nic,) = theirs["vmNics"]
    change = (
        Setting("nic_name", their_nic["recoveryNicName"], nic),
        Setting("nic_group", their_nic["recoveryNicResourceGroupName"], nic),
        Setting("reuse_nic", True, nic),
    )
    ours = patch_body(before, change)["properties"]
    (our_nic,) = ours["vmNics"]
    (their_config,), (our_config,) = their_nic.pop("ipConfigs"), our_nic.pop("ipConfigs")
    # Theirs sends false for the primary, which the service ignores; ours sends what was read.
    assert their_config.pop("isSeletedForFailover") is False
    assert our_config.pop("isSeletedForFailover") is True
    assert their_config.items() <= our_config.items()
    # Theirs names false where nothing was read.
    assert their_nic.pop("enableAcceleratedNetworkingOnTfo") is False
    assert their_nic.items() <= our_nic.items()
    assert ours["recoveryAzureVMName"] == theirs["recoveryAzureVMName"]
    networks = [each["selectedRecoveryAzureNetworkId"].lower() for each in (ours, theirs)]
    assert networks[0] == networks[1]
    assert "licenseType" in theirs
    assert "licenseType" not in ours
