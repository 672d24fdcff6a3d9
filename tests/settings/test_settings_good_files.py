"""Files that are fine, and what they mean."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from pydantic import ValidationError

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import UsageError
from asr_netmap.models import Direction, RegionPair
from asr_netmap.settings import (
    AddressMode,
    AddressRule,
    NicException,
    Settings,
    VaultRef,
    load_settings,
    parse_settings,
)

GUID = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{GUID}/resourceGroups/rg-app"
NSG = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg-web"
POOL = f"{GROUP}/providers/Microsoft.Network/loadBalancers/lb/backendAddressPools/pool"

BASE = f"""\
version: 1
vault: {{subscription: {GUID}, resource_group: rg-vault, name: vault-dr}}
source_region: East Asia
target_region: southeastasia
"""

FULL = f"""\
{BASE}
target_resource_group: rg-app-asr
target_subscription: Pay-As-You-Go Dev/Test
networks:
  - source: vnet-app
  - source: rg-data/vnet-data
    target: {GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-data-dr
    subnets: {{sql: zeta}}
    addresses:
      - {{from: 10.2.1.0/24, to: 10.20.2.0/24}}
    address: next-free
    test: {{network: vnet-data-test, subnets: {{sql: lab}}, address: dynamic}}
    attach:
      zeta: {{nsg: {NSG}}}
nics:
  address: same
  existing: enforce
  subnet_fallback: refuse
  settings:
    - {{vm: app1, nic: app1-nic, ip_config: ipconfig1, subnet: web, address: 10.1.1.77}}
    - {{vm: rg/app2, direction: reverse, nsg: none, lb_pools: [{POOL}], test_network: none}}
copy: {{dns: no, tags: true}}
tags: {{owner: dr, cost: 123, critical: true}}
safety: {{create_networks: false, max_changed_percent: 0, max_changes: 10, max_failures: 1}}
freeze: true
"""


def only(text: str) -> Settings:
    (settings,) = parse_settings(text, "netmap.yaml")
    return settings


def test_a_short_file_gets_every_documented_default() -> None:
    settings = only(BASE)
    assert settings.networks is None
    assert settings.nics.address is AddressMode.ASR_DEFAULT
    assert (settings.nics.existing, settings.nics.subnet_fallback) == ("keep", "first")
    assert settings.copy_.model_dump() == {
        "dns": True,
        "service_endpoints": True,
        "policies": True,
        "delegations": True,
        "tags": False,
        "ddos": False,
    }
    assert settings.safety.model_dump() == {
        "create_networks": True,
        "max_changed_percent": 30,
        "allow_retarget": False,
        "allow_shared_target": False,
        "max_changes": None,
        "max_failures": None,
    }
    assert settings.freeze is False


def test_regions_are_read_in_either_spelling() -> None:
    assert only(BASE).regions == RegionPair("eastasia", "southeastasia")


def test_every_section_of_a_full_file_arrives() -> None:
    settings = only(FULL)
    assert settings.networks is not None
    app, data = settings.networks
    assert (app.source, app.target, app.subnets, app.test) == ("vnet-app", None, {}, None)
    assert data.subnets == {"sql": "zeta"}
    assert data.address is AddressMode.NEXT_FREE
    assert data.attach["zeta"].nsg == ArmId(NSG)
    assert data.test is not None
    assert (data.test.network, data.test.address) == ("vnet-data-test", AddressMode.DYNAMIC)
    assert settings.target_subscription == "Pay-As-You-Go Dev/Test"
    assert settings.tags == {"owner": "dr", "cost": "123", "critical": "true"}
    assert settings.copy_.dns is False
    assert settings.safety.max_changes == 10
    assert settings.freeze is True


def test_a_nic_exception_knows_what_was_given_and_what_not() -> None:
    first, second = only(FULL).nics.settings
    assert first.address == IPv4Address("10.1.1.77")
    assert first.model_fields_set == {"vm", "nic", "ip_config", "subnet", "address"}
    assert (second.direction, second.nsg, second.test_network) == (
        Direction.REVERSE,
        "none",
        "none",
    )
    assert second.lb_pools == (ArmId(POOL),)
    assert "address" not in second.model_fields_set


def test_none_from_python_means_not_given() -> None:
    row = NicException(vm="app1", subnet=None, accelerated=False)
    assert row.model_fields_set == {"vm", "accelerated"}


@pytest.mark.parametrize(
    "name", ["NO", "on", "yes", "y", "007", "123", "2024-01-01", "1e3", "0o17"]
)
def test_a_name_that_yaml_might_misread_is_taken_as_it_is_written(name: str) -> None:
    settings = only(f"{BASE}networks: [{{source: {name}, target: vnet}}]")
    assert settings.networks is not None
    assert settings.networks[0].source == name


def test_a_byte_order_mark_and_windows_line_ends_are_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "netmap.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode())
    assert load_settings(path) == (only(BASE),)
    assert load_settings(str(path)) == (only(BASE),)


def test_json_is_yaml_enough() -> None:
    text = (
        '{"version": 1, "vault": {"subscription": "s", "resource_group": "g", "name": "v"},'
        ' "source_region": "eastasia", "target_region": "southeastasia"}'
    )
    assert only(text).vault.name == "v"


def test_an_anchor_and_an_alias_share_a_value() -> None:
    text = f"{BASE}networks:\n- {{source: a, subnets: &s {{x: y}}}}\n- {{source: b, subnets: *s}}\n"
    networks = only(text).networks
    assert networks is not None
    assert [network.subnets for network in networks] == [{"x": "y"}, {"x": "y"}]


SEVERAL = f"""\
version: 1
defaults:
  vault: {{subscription: {GUID}, resource_group: rg-vault}}
  source_region: eastasia
  target_region: southeastasia
  safety: {{max_changes: 5, allow_retarget: true}}
vaults:
  - vault: {{name: vault-a}}
    networks: [{{source: vnet-a}}]
  - vault: {{name: vault-b, resource_group: rg-other}}
    target_region: koreacentral
    safety: {{allow_retarget: false}}
"""


def test_each_of_several_vaults_is_laid_over_the_defaults_key_by_key() -> None:
    one, two = parse_settings(SEVERAL, "netmap.yaml")
    assert (one.vault.resource_group, one.vault.name) == ("rg-vault", "vault-a")
    assert (two.vault.resource_group, two.vault.name) == ("rg-other", "vault-b")
    assert (one.target_region, two.target_region) == ("southeastasia", "koreacentral")
    assert (one.safety.max_changes, one.safety.allow_retarget) == (5, True)
    assert (two.safety.max_changes, two.safety.allow_retarget) == (5, False)
    assert two.networks is None


def test_one_vault_may_stand_in_the_file_with_two_pairs_of_regions() -> None:
    text = SEVERAL.replace("name: vault-b, resource_group: rg-other", "name: vault-a")
    assert [s.vault.name for s in parse_settings(text, "x")] == ["vault-a", "vault-a"]


def test_a_vault_reference_has_an_id_once_its_subscription_is_a_guid() -> None:
    assert only(BASE).vault.id == ArmId.of_vault(GUID, "rg-vault", "vault-dr")
    with pytest.raises(UsageError, match=r"vault\.subscription 'Production' is a name"):
        _ = VaultRef(subscription="Production", resource_group="g", name="v").id


def test_an_address_rule_keeps_the_host_part_and_can_be_turned_round() -> None:
    rule = AddressRule(from_=IPv4Network("10.2.1.0/24"), to=IPv4Network("10.20.2.0/24"))
    assert rule.translate(IPv4Address("10.2.1.77")) == IPv4Address("10.20.2.77")
    assert rule.translate(IPv4Address("10.2.2.77")) is None
    assert rule.inverted().translate(IPv4Address("10.20.2.77")) == IPv4Address("10.2.1.77")
    assert rule.inverted().inverted() == rule


def test_settings_can_not_be_changed_after_the_check() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        only(BASE).safety.max_changed_percent = 100
