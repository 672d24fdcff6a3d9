"""What stands around the networks: ways out, security rules, drift, names, peers, stages, locks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from ipaddress import ip_network
from typing import Any

import pytest

from asr_netmap.arm_id import ArmId
from asr_netmap.models import (
    Inventory,
    LoadBalancer,
    ManagementLock,
    Network,
    Nic,
    NotLookedAt,
    Peering,
    ReplicatedItem,
)
from asr_netmap.planning.plan import Finding, Severity, SubnetNeed
from asr_netmap.planning.room import recounted
from asr_netmap.planning.verification import Verification, verify_estate
from asr_netmap.surroundings import (
    DnsZoneLink,
    NetworkSecurityGroup,
    Route,
    RouteTable,
    SecurityRule,
    SubnetUsage,
    Surroundings,
)
from tests.builders import (
    APP,
    OTHER_SUBSCRIPTION,
    SOURCE,
    SUBSCRIPTION,
    TARGET,
    VAULT,
    existing_nic,
    inventory,
    ip_config,
    item,
    network,
    network_id,
    plan_of,
    replicated_nic,
    resource,
    settings,
    subnet,
)

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=timezone.utc)
ONE = settings(networks=[{"source": "vnet-app"}])
NSG = resource("Microsoft.Network/networkSecurityGroups", "nsg-dr")
ROUTES = resource("Microsoft.Network/routeTables", "routes-dr")
NAT = resource("Microsoft.Network/natGateways", "nat-dr")


def app1(**more: Any) -> ReplicatedItem:
    """A VM whose settings are as declared."""
    config = ip_config(to="10.1.1.10", subnet="web", **more.pop("config", {}))
    return item("app1", config, target="vnet-app-asr", **more)


def dr(web: dict[str, Any] | None = None, **more: Any) -> Network:
    """The copy of APP; `web` is what its subnet of that name has."""
    subnets = (subnet("web", "10.1.1.0/24", **(web or {})), subnet("app", "10.1.2.0/24"))
    return network("vnet-app-asr", TARGET, subnets=subnets, **more)


def verified(
    *items: ReplicatedItem,
    source: Network = APP,
    target: Network | None = None,
    around: Surroundings | None = None,
    **more: Any,
) -> Verification:
    others = more.pop("networks", ())
    items = items or (app1(),)
    what = inventory(*items, networks=(source, target or dr(), *others), **more)
    return of_inventory(what, around)


def of_inventory(what: Inventory, around: Surroundings | None = None) -> Verification:
    everywhere = Surroundings(subscriptions=(SUBSCRIPTION,))
    return verify_estate(plan_of(what, ONE), what, around or everywhere, NOW)


def the_one(verification: Verification, code: str) -> Finding:
    (found,) = [f for f in verification.findings if f.code == code]
    return found


def codes(verification: Verification) -> list[str]:
    return [f.code for f in verification.findings]


def test_an_estate_as_declared_has_nothing_around_it() -> None:
    assert verified().findings == ()


# -- ways out -------------------------------------------------------------------------------------

PRIVATE = {"default_outbound_access": False}


def test_a_private_subnet_without_a_way_out_is_found_with_who_goes_there() -> None:
    found = the_one(verified(target=dr(PRIVATE)), "no-egress")
    assert (found.severity, found.subject) == (Severity.WARNING, network_id("vnet-app-asr"))
    assert "subnet web of vnet-app-asr" in found.message
    assert "app1" in found.message
    made, nat, attached = found.command.split(" && ")
    assert made.endswith("-g rg-app -l southeastasia -n pip-nat-vnet-app-asr --sku Standard")
    assert nat.endswith("-n nat-vnet-app-asr --public-ip-addresses pip-nat-vnet-app-asr")
    assert attached == (
        f"az network vnet subnet update --ids {network_id('vnet-app-asr')}/subnets/web "
        "--nat-gateway nat-vnet-app-asr"
    )


def test_a_subnet_where_nobody_goes_is_not_looked_at() -> None:
    target = network(
        "vnet-app-asr",
        TARGET,
        subnets=(subnet("web", "10.1.1.0/24"), subnet("app", "10.1.2.0/24", **PRIVATE)),
    )
    assert "no-egress" not in codes(verified(target=target))


@pytest.mark.parametrize("hop", ["VirtualAppliance", "VirtualNetworkGateway"])
def test_a_default_route_to_an_appliance_or_gateway_is_a_way_out(hop: str) -> None:
    table = RouteTable(ROUTES, TARGET, routes=(Route("all", "0.0.0.0/0", hop),))
    target = dr({**PRIVATE, "route_table": ROUTES})
    assert codes(verified(target=target, regional=(table,))) == []


@pytest.mark.parametrize(
    "routes",
    [
        (),
        (Route("some", "10.0.0.0/8", "VirtualAppliance"),),
        (Route("all", "0.0.0.0/0", "Internet"),),
        (Route("tag", "AzureCloud", "VirtualAppliance"),),
    ],
)
def test_other_routes_are_no_way_out_of_a_private_subnet(routes: tuple[Route, ...]) -> None:
    table = RouteTable(ROUTES, TARGET, routes=routes)
    target = dr({**PRIVATE, "route_table": ROUTES})
    assert codes(verified(target=target, regional=(table,))) == ["no-egress"]


def test_a_route_table_that_could_not_be_seen_is_no_reason_for_a_finding() -> None:
    assert "no-egress" not in codes(verified(target=dr({**PRIVATE, "route_table": ROUTES})))


def test_a_route_that_drops_everything_is_found_in_any_subnet() -> None:
    table = RouteTable(ROUTES, TARGET, routes=(Route("all", "0.0.0.0/0", "None"),))
    found = verified(target=dr({"route_table": ROUTES}), regional=(table,))
    assert codes(found) == ["egress-dropped"]
    assert "routes-dr" in found.findings[0].message


def test_a_nat_gateway_and_an_address_of_its_own_are_ways_out() -> None:
    assert "no-egress" not in codes(verified(target=dr({**PRIVATE, "nat_gateway": NAT})))
    pip = resource("Microsoft.Network/publicIPAddresses", "pip")
    public = app1(config={"public_ip": pip})
    assert "no-egress" not in codes(verified(public, target=dr(PRIVATE)))


@pytest.mark.parametrize(("outbound", "stuck"), [(True, False), (False, True)])
def test_a_pool_is_a_way_out_only_with_an_outbound_rule(outbound: bool, stuck: bool) -> None:
    balancer = resource("Microsoft.Network/loadBalancers", "lb")
    pool = balancer.child("backendAddressPools", "pool")
    rules = (pool,) if outbound else ()
    there = LoadBalancer(balancer, TARGET, "Standard", (pool,), (), rules)
    member = app1(config={"lb_pools": (pool,)})
    found = verified(member, target=dr(PRIVATE), load_balancers=(there,))
    assert ("no-egress" in codes(found)) is stuck


# -- security rules -------------------------------------------------------------------------------


def out(priority: int, tag: str, *, allows: bool = True, **more: Any) -> SecurityRule:
    values: dict[str, Any] = {"sources": ("*",), "ports": ("443",), "protocol": "Tcp", **more}
    return SecurityRule(f"rule{priority}", priority, True, allows, destinations=(tag,), **values)


NO_INTERNET = out(4000, "Internet", allows=False, ports=("*",), protocol="*")
RIGHT = (
    out(100, "Storage.SoutheastAsia"),
    out(110, "EventHub.EastAsia"),
    out(120, "AzureActiveDirectory"),
    out(130, "AzureSiteRecovery"),
)


def with_rules(*rules: SecurityRule) -> Verification:
    group = NetworkSecurityGroup(NSG, TARGET, rules=rules)
    return verified(target=dr({"network_security_group": NSG}), regional=(group,))


def test_rules_for_the_regions_as_they_are_after_a_failover_are_right() -> None:
    assert codes(with_rules(*RIGHT, NO_INTERNET)) == []


def test_without_a_rule_that_denies_everything_gets_out() -> None:
    assert codes(with_rules()) == []
    assert codes(with_rules(out(100, "Storage.EastAsia"))) == []


def test_rules_copied_from_the_source_name_the_wrong_regions() -> None:
    copied = (out(100, "Storage.EastAsia"), out(110, "EventHub.SoutheastAsia"), *RIGHT[2:])
    found = the_one(with_rules(*copied, NO_INTERNET), "nsg-wrong-region")
    assert "Storage.EastAsia and not Storage.southeastasia" in found.message
    assert "EventHub.SoutheastAsia and not EventHub.eastasia" in found.message
    assert found.subject == NSG
    assert "Storage.southeastasia, EventHub.eastasia" in found.fix


def test_rules_are_offered_one_for_each_tag_before_all_that_denies() -> None:
    def commands(*rules: SecurityRule) -> list[str]:
        (found,) = with_rules(*rules).findings
        return found.command.split(" && ") if found.command else []

    first, second, *_ = commands(*RIGHT[2:], replace(NO_INTERNET, priority=104))
    assert "-n allow-site-recovery-storage-southeastasia --priority 100 " in first
    assert "-n allow-site-recovery-eventhub-eastasia --priority 101 " in second
    assert first.endswith(
        "--direction Outbound --access Allow --protocol Tcp "
        "--destination-address-prefixes Storage.southeastasia --destination-port-ranges 443"
    )
    assert commands(*RIGHT[2:], replace(NO_INTERNET, priority=103)) == [], "there is no room"


def test_a_missing_rule_is_named() -> None:
    found = the_one(with_rules(*RIGHT[:3], NO_INTERNET), "nsg-stops-site-recovery")
    assert found.message.startswith("the network security group nsg-dr stops AzureSiteRecovery:")


@pytest.mark.parametrize(
    "rule",
    [
        out(100, "*"),
        out(100, "AzureCloud"),
        out(100, "Internet", ports=("400-500",)),
        out(100, "0.0.0.0/0", sources=("10.1.0.0/16",), protocol="*", ports=("*",)),
        out(100, "*", sources=("VirtualNetwork",)),
    ],
)
def test_a_wider_rule_lets_it_out(rule: SecurityRule) -> None:
    assert codes(with_rules(rule, NO_INTERNET)) == []


@pytest.mark.parametrize(
    "rule",
    [
        out(5000, "*"),
        out(100, "*", ports=("80",)),
        out(100, "*", protocol="Udp"),
        out(100, "*", sources=("10.9.0.0/16",)),
        out(100, "*", allows=False),
        replace(out(100, "*"), outbound=False),
        out(100, "*", sources=("not a prefix",)),
    ],
)
def test_a_rule_that_does_not_fit_changes_nothing(rule: SecurityRule) -> None:
    assert codes(with_rules(rule, NO_INTERNET)) == ["nsg-stops-site-recovery"]


def test_a_denial_of_single_addresses_is_not_taken_for_one_of_a_service() -> None:
    assert codes(with_rules(out(100, "20.1.2.0/24", allows=False))) == []


def test_the_group_of_the_nic_is_judged_as_well() -> None:
    group = NetworkSecurityGroup(NSG, TARGET, rules=(NO_INTERNET,))
    nics = (
        replicated_nic(
            "app1-nic", ip_config(to="10.1.1.10", subnet="web"), nsg=NSG, chosen_by_user=True
        ),
    )
    found = verified(item("app1", target="vnet-app-asr", nics=nics), regional=(group,))
    assert "nsg-stops-site-recovery" in codes(found)


def source_nic(**more: Any) -> Nic:
    made = existing_nic("app1-nic", "10.1.1.10", "vnet-app", region=SOURCE, group="rg-app")
    return replace(made, vm=app1().vm, **more)


def test_the_group_of_a_source_nic_is_lost_where_nothing_takes_its_place() -> None:
    own = resource("Microsoft.Network/networkSecurityGroups", "nsg-app1")
    nic = source_nic(network_security_group=own)
    found = the_one(verified(nics=(nic,)), "nic-nsg-lost")
    assert "nsg-app1" in found.message
    group = NetworkSecurityGroup(NSG, TARGET)
    covered = verified(target=dr({"network_security_group": NSG}), nics=(nic,), regional=(group,))
    assert "nic-nsg-lost" not in codes(covered)


# -- drift ----------------------------------------------------------------------------------------


def test_a_subnet_that_was_added_to_the_source_is_missing_in_the_copy() -> None:
    more = network(
        "vnet-app",
        subnets={"web": "10.1.1.0/24", "app": "10.1.2.0/24", "new": "10.1.9.0/24"},
    )
    found = the_one(verified(source=more), "copy-lacks-subnet")
    assert found.severity is Severity.INFO
    assert found.command == (
        f"az network vnet subnet create --subscription {SUBSCRIPTION} -g rg-app "
        "--vnet-name vnet-app-asr -n new --address-prefixes 10.1.9.0/24"
    )


def test_a_missing_subnet_that_vms_are_in_is_worse() -> None:
    fewer = network("vnet-app-asr", TARGET, subnets={"app": "10.1.2.0/24"})
    config = ip_config(to="10.1.2.10", subnet="app")
    found = verified(item("app1", config, target="vnet-app-asr", by_user=True), target=fewer)
    missing = the_one(found, "copy-lacks-subnet")
    assert missing.severity is Severity.WARNING
    assert "app1 will be in app instead" in missing.message


def test_a_subnet_of_the_gateway_may_be_missing() -> None:
    more = network(
        "vnet-app",
        subnets={"web": "10.1.1.0/24", "app": "10.1.2.0/24", "GatewaySubnet": "10.1.255.0/27"},
    )
    assert codes(verified(source=more)) == []


def test_another_prefix_in_the_copy_is_found() -> None:
    wider = network("vnet-app-asr", TARGET, subnets={"web": "10.1.0.0/23", "app": "10.1.2.0/24"})
    found = the_one(verified(target=wider), "copy-prefix-differs")
    assert "10.1.1.0/24 in vnet-app and 10.1.0.0/23" in found.message
    assert found.severity is Severity.WARNING


def test_a_missing_part_of_the_address_space_and_a_missing_endpoint_are_told() -> None:
    source = replace(
        APP,
        address_space=(*APP.address_space, ip_network("10.77.0.0/16")),
        subnets=(
            subnet("web", "10.1.1.0/24", service_endpoints=("Microsoft.Storage",)),
            subnet("app", "10.1.2.0/24"),
        ),
    )
    found = verified(source=source)
    assert codes(found) == ["copy-lacks-endpoint", "copy-space-differs"]
    assert the_one(found, "copy-space-differs").command == (
        f"az network vnet update --ids {network_id('vnet-app-asr')} "
        "--address-prefixes 10.1.0.0/16 10.77.0.0/16"
    )
    assert the_one(found, "copy-lacks-endpoint").command.endswith(
        "/subnets/web --service-endpoints Microsoft.Storage"
    )


def test_a_network_of_other_addresses_and_name_is_no_copy() -> None:
    other = network("dr", TARGET, "10.50.0.0/16", subnets={"web": "10.50.1.0/24"})
    config = ip_config(to="10.50.1.10", subnet="web")
    moved = item("app1", config, target="dr", by_user=True)
    declared = settings(networks=[{"source": "vnet-app", "target": "dr"}])
    what = inventory(moved, networks=(APP, other))
    found = verify_estate(plan_of(what, declared), what, Surroundings(), NOW)
    assert not [code for code in codes(found) if code.startswith("copy-")]


# -- names ----------------------------------------------------------------------------------------


def links(*pairs: tuple[str, str]) -> Surroundings:
    found = tuple(
        DnsZoneLink(resource("Microsoft.Network/privateDnsZones", zone), network_id(name))
        for zone, name in pairs
    )
    return Surroundings(found, (), (SUBSCRIPTION,))


def test_a_zone_that_only_the_source_is_linked_to_is_found() -> None:
    around = links(("a.internal", "vnet-app"), ("b.internal", "vnet-app"), ("b.internal", "other"))
    found = the_one(verified(around=around), "dns-zone-not-linked")
    assert found.message.startswith("2 private DNS zones are linked to vnet-app")
    assert "a.internal, b.internal" in found.message
    first, second = found.command.split(" && ")
    assert first == (
        f"az network private-dns link vnet create --subscription {SUBSCRIPTION} -g rg-app "
        f"-z a.internal -n vnet-app-asr -v {network_id('vnet-app-asr')} -e false"
    )
    assert "-z b.internal" in second
    both = links(("A.internal", "vnet-app"), ("a.internal", "vnet-app-asr"))
    assert codes(verified(around=both)) == []


def test_a_zone_may_be_resolved_by_the_networks_own_servers() -> None:
    source, target = replace(APP, dns_servers=("10.1.2.4",)), dr(dns_servers=("10.1.2.4",))
    around = links(("a.internal", "vnet-app"))
    found = the_one(verified(source=source, target=target, around=around), "dns-zone-not-linked")
    assert found.severity is Severity.INFO


def test_dns_servers_that_only_the_source_has_are_found() -> None:
    source = replace(APP, dns_servers=("10.1.2.4", "10.1.2.5"))
    found = the_one(verified(source=source), "dns-servers-missing")
    assert found.command == (
        f"az network vnet update --ids {network_id('vnet-app-asr')} --dns-servers 10.1.2.4 10.1.2.5"
    )


HUB = network("hub", TARGET, "10.200.0.0/16", {"dns": "10.200.1.0/24"})


def peered(to: Network, **more: Any) -> tuple[Peering, ...]:
    return (Peering("to-" + to.name, to.id, **{"state": "Connected", **more}),)


def test_a_dns_server_must_be_in_a_network_that_can_be_reached() -> None:
    servers = ("10.200.1.4",)
    far = verified(target=dr(dns_servers=servers), networks=(HUB,))
    assert "10.200.1.4" in the_one(far, "dns-server-unreachable").message
    near = verified(target=dr(dns_servers=servers, peerings=peered(HUB)), networks=(HUB,))
    assert codes(near) == []
    unseen = peered(HUB, remote_space=HUB.address_space)
    assert codes(verified(target=dr(dns_servers=servers, peerings=unseen))) == []
    ended = peered(HUB, state="Disconnected")
    cut = verified(target=dr(dns_servers=servers, peerings=ended), networks=(HUB,))
    assert codes(cut) == ["dns-server-unreachable"]


@pytest.mark.parametrize("server", ["8.8.8.8", "168.63.129.16", "10.1.2.4", "no address"])
def test_a_public_server_and_one_of_the_network_are_not_judged(server: str) -> None:
    assert codes(verified(target=dr(dns_servers=(server,)))) == []


def test_behind_a_gateway_anything_may_be() -> None:
    servers = ("192.168.1.1",)
    behind = peered(HUB, remote_gateway=True)
    assert codes(verified(target=dr(dns_servers=servers, peerings=behind), networks=(HUB,))) == []


def test_zones_in_the_subscription_of_a_peer_that_was_not_read_are_said_to_be_unseen() -> None:
    away = network_id("hub", subscription=OTHER_SUBSCRIPTION)
    source = replace(APP, peerings=(Peering("hub", away, "Connected"),))
    found = the_one(verified(source=source), "dns-zones-unseen")
    assert OTHER_SUBSCRIPTION in found.message
    assert found.severity is Severity.INFO


# -- peers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", [True, False])
def test_a_target_that_overlaps_a_peer_of_its_source_is_found(read: bool) -> None:
    other = network("shared", SOURCE, "10.50.0.0/16")
    target = network("dr", TARGET, "10.50.0.0/16", {"web": "10.50.1.0/24"})
    space = () if read else other.address_space
    source = replace(APP, peerings=peered(other, remote_space=space))
    config = ip_config(to="10.50.1.10", subnet="web")
    moved = item("app1", config, target="dr", by_user=True)
    declared = settings(networks=[{"source": "vnet-app", "target": "dr"}])
    what = inventory(moved, networks=(source, target, *([other] if read else [])))
    found = verify_estate(plan_of(what, declared), what, Surroundings(), NOW)
    assert "10.50.0.0/16 and 10.50.0.0/16" in the_one(found, "target-overlaps-source-peer").message


def test_a_copy_does_not_overlap_what_its_source_is_peered_with() -> None:
    source = replace(APP, peerings=peered(HUB))
    assert "target-overlaps-source-peer" not in codes(verified(source=source, networks=(HUB,)))


# -- settings that are lost -----------------------------------------------------------------------


def test_ip_forwarding_and_dns_servers_of_a_nic_are_lost() -> None:
    nic = source_nic(ip_forwarding=True, dns_servers=("10.1.2.4",))
    found = verified(nics=(nic,))
    assert codes(found) == ["ip-forwarding-lost", "nic-dns-lost"]
    to_be = f"az network nic update --subscription {SUBSCRIPTION} -g rg-app-asr -n app1-nic"
    assert the_one(found, "ip-forwarding-lost").command == f"{to_be} --ip-forwarding true"
    assert the_one(found, "nic-dns-lost").command == f"{to_be} --dns-servers 10.1.2.4"


def test_a_nic_of_another_vm_tells_nothing() -> None:
    other = replace(source_nic(ip_forwarding=True), vm=None)
    assert "ip-forwarding-lost" not in codes(verified(nics=(other,)))


# -- stages ---------------------------------------------------------------------------------------

AWAY = {"active_location": "Recovery", "protection_state": "UnplannedFailoverCommitted"}


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"test_failover_state": "WaitingForCompletion"}, "drill-not-cleaned-up"),
        ({**AWAY, "allowed_operations": ("Commit", "ChangePit")}, "failover-not-committed"),
        ({**AWAY, "protection_state": "UnplannedFailoverCompleted"}, "failover-not-committed"),
        ({**AWAY, "allowed_operations": ("ReverseReplicate",)}, "not-reprotected"),
        (AWAY, "not-reprotected"),
    ],
)
def test_a_stage_is_told_by_what_is_offered_and_by_the_states(
    state: dict[str, Any], code: str
) -> None:
    found = verified(app1(**state))
    assert the_one(found, code).severity is Severity.WARNING
    assert "its age is unknown" in the_one(found, code).message
    assert "failover-in-progress" not in codes(found), "it would say the same again"


def test_a_failover_that_runs_is_only_told_to_be_under_way() -> None:
    found = verified(app1(protection_state="PlannedFailoverInProgress", scenario="Failover"))
    assert codes(found) == ["failover-in-progress"]


def test_a_stage_has_its_age_where_the_item_tells_it() -> None:
    tested = datetime(2026, 3, 7, 11, 0, tzinfo=timezone.utc)
    drill = app1(test_failover_state="WaitingForCompletion", tested_at=tested)
    found = the_one(verified(drill), "drill-not-cleaned-up")
    assert found.message.endswith("the last test failover was on 2026-03-07 11:00 UTC, 3 days ago")
    assert f"{drill.id}/testFailoverCleanup?api-version=" in found.command
    over = app1(**AWAY, failed_over_at=datetime(2026, 3, 9, 11, 0, tzinfo=timezone.utc))
    assert the_one(verified(over), "not-reprotected").message.endswith("1 day ago")
    ahead = app1(**AWAY, failed_over_at=datetime(2026, 3, 11, tzinfo=timezone.utc))
    assert "ago" not in the_one(verified(ahead), "not-reprotected").message


# -- locks ----------------------------------------------------------------------------------------

DR_GROUP = ArmId.of_group(SUBSCRIPTION, "rg-app-asr")


@pytest.mark.parametrize(
    ("scope", "level", "expected"),
    [
        (VAULT, "ReadOnly", {"vault-locked": Severity.ERROR}),
        (VAULT, "CanNotDelete", {}),
        (DR_GROUP, "ReadOnly", {"target-locked": Severity.ERROR}),
        (DR_GROUP, "CanNotDelete", {"cleanup-locked": Severity.WARNING}),
        (network_id("vnet-app-asr"), "ReadOnly", {"target-locked": Severity.ERROR}),
        (app1().vm, "CanNotDelete", {"reprotect-locked": Severity.WARNING}),
        (ArmId.of_group(SUBSCRIPTION, "rg-elsewhere"), "ReadOnly", {}),
    ],
)
def test_a_lock_is_told_with_what_it_would_stop(
    scope: ArmId, level: str, expected: dict[str, Severity]
) -> None:
    around = Surroundings((), (ManagementLock(scope, "keep", level),), (SUBSCRIPTION,))
    found = verified(around=around)
    assert {f.code: f.severity for f in found.findings} == expected
    lifting = f"az lock delete --ids {scope}/providers/Microsoft.Authorization/locks/keep"
    assert {f.command for f in found.findings} <= {lifting}


# -- readiness ------------------------------------------------------------------------------------


def test_an_item_that_is_as_declared_is_ready() -> None:
    (ready,) = verified().readiness
    assert (ready.vm, ready.ready, ready.missing, ready.unseen) == ("app1", True, (), ())


def test_warnings_about_the_surroundings_do_not_make_it_unready() -> None:
    found = verified(target=dr(PRIVATE))
    assert codes(found) == ["no-egress"]
    assert [each.ready for each in found.readiness] == [True]


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (lambda: verified(item("app1", ip_config())), "nic-settings-missing"),
        (lambda: verified(app1(protection_state="InitialReplication", nics=())), "item-state"),
        (lambda: verified(app1(test_failover_state="WaitingForCompletion")), "item-state"),
        (
            lambda: verified(
                around=Surroundings(locks=(ManagementLock(DR_GROUP, "keep", "ReadOnly"),))
            ),
            "target-locked",
        ),
        (
            lambda: verified(
                nics=(existing_nic("other", "10.1.1.10"),),
            ),
            "address-taken",
        ),
    ],
)
def test_what_is_missing_is_named(broken: Callable[[], Verification], code: str) -> None:
    (unready,) = broken().readiness
    assert unready.ready is False
    assert code in [each.code for each in unready.missing]
    assert all(each.message for each in unready.missing)


def test_an_item_without_a_target_network_that_nothing_sets_is_not_ready() -> None:
    waits = item("app1", ip_config(), protection_state="Protected", scenario="Busy")
    (unready,) = verified(waits).readiness
    assert [each.code for each in unready.missing] == ["item-state"]


def test_what_could_not_be_read_leaves_it_unknown() -> None:
    scope = ArmId(f"/subscriptions/{SUBSCRIPTION}")
    gap = NotLookedAt("NICs", "403", scope, kind="microsoft.network/networkinterfaces")
    (unknown,) = verified(not_looked_at=(gap,)).readiness
    assert (unknown.ready, unknown.unseen) == (None, ("NICs",))
    other = NotLookedAt("route tables", "403", scope, kind="microsoft.network/routetables")
    assert [each.ready for each in verified(not_looked_at=(other,)).readiness] == [True]


def test_what_surroundings_lack_is_a_finding_and_a_gap() -> None:
    gap = NotLookedAt("locks", "403", VAULT)
    found = verified(around=Surroundings(not_looked_at=(gap,)))
    assert codes(found) == ["not-looked-at"]
    assert found.not_looked_at == (gap,)


def test_every_item_of_the_pair_is_told_of_once() -> None:
    waiting = item("new1", protection_state="InitialReplicationInProgress", nics=())
    found = verified(app1(), waiting)
    assert [(each.vm, each.ready) for each in found.readiness] == [("app1", True), ("new1", False)]


# -- room, by Azure's own count -------------------------------------------------------------------

SMALL_DR = network("vnet-app-asr", TARGET, "10.1.0.0/16", {"Web": "10.1.1.8/29"})
"""Its subnet gives three addresses to NICs."""


def dynamic(name: str, **more: Any) -> ReplicatedItem:
    """A VM that needs some address of the target's subnet, and has it set so."""
    config = ip_config("10.1.1.10", subnet="web", static=False)
    return item(name, config, target="vnet-app-asr", **more)


def counted(
    used: int, limit: int, *items: ReplicatedItem, subnet_name: str = "WEB", **more: Any
) -> Verification:
    """What is found where Azure counts so many addresses of the small subnet."""
    usage = SubnetUsage(network_id("vnet-app-asr").child("subnets", subnet_name), used, limit)
    around = Surroundings(subscriptions=(SUBSCRIPTION,), usages=(usage,))
    return verified(*(items or (dynamic("app1"),)), target=SMALL_DR, around=around, **more)


def room_of(verification: Verification) -> list[Finding]:
    return [f for f in verification.findings if f.code.startswith("no-room")]


def test_what_only_azure_counts_takes_room_and_keeps_an_item_from_its_place() -> None:
    full = counted(3, 3)
    (found,) = room_of(full)
    assert (found.code, found.subject) == ("no-room-for-failover", network_id("vnet-app-asr"))
    assert found.message.endswith("0 are free of 3 (3 held by others), by Azure's own count")
    assert [each.code for each in full.readiness[0].missing] == ["no-room-for-failover"]
    assert room_of(counted(2, 3)) == []
    assert "0 are free of 2" in room_of(counted(2, 2))[0].message, "its limit counts, too"
    assert room_of(counted(3, 3, subnet_name="app")) == [], "that is another subnet"


def test_a_drill_beside_a_failover_needs_room_that_azure_counts() -> None:
    both = dynamic("app1", test="vnet-app-asr")
    assert [f.code for f in room_of(counted(2, 3, both))] == ["no-room-for-both"]
    assert room_of(counted(1, 3, both)) == []


def test_what_a_failover_of_an_item_made_is_not_counted_against_it() -> None:
    own = existing_nic("app1-nic", "10.1.1.12", group="rg-app-asr")
    assert room_of(counted(3, 3, nics=(own,))) == []
    stranger = existing_nic("probe", "10.1.1.12", group="rg-app-asr")
    assert [f.code for f in room_of(counted(3, 3, nics=(stranger,)))] == ["no-room-for-failover"]


def test_azures_count_takes_the_place_of_what_the_plan_said_by_the_lists() -> None:
    two, probe = (dynamic("app1"), dynamic("app2")), existing_nic("probe", "10.1.1.12")
    nics = (probe, existing_nic("probe2", "10.1.1.13"))
    (found,) = room_of(counted(3, 3, *two, nics=nics))
    assert "0 are free of 3 (3 held by others), by Azure's own count" in found.message


def test_an_address_that_a_list_shows_is_held_whatever_azure_counts() -> None:
    nics = tuple(existing_nic(f"probe{n}", f"10.1.1.{n}") for n in (12, 13, 14))
    for items in ((dynamic("app1"),), (dynamic("app1"), dynamic("app2"))):
        (found,) = room_of(counted(2, 3, *items, nics=nics))
        assert "0 are free of 3 (3 held by others), by the lists of" in found.message


def test_what_the_plan_left_unsaid_of_a_subnet_stays_so() -> None:
    need = SubnetNeed(network_id("vnet-app-asr"), "web", 3, failover=4, test=0, strangers=0, own=0)
    usage = SubnetUsage(need.network.child("subnets", "web"), 3, 3)
    assert recounted([], [need], [usage]) == []


def test_usage_that_could_not_be_read_is_said_and_the_lists_decide() -> None:
    kind = "microsoft.network/virtualnetworks/usages"
    gap = NotLookedAt("usage of the network vnet-app-asr", "403", SMALL_DR.id, kind=kind)
    around = Surroundings(subscriptions=(SUBSCRIPTION,), not_looked_at=(gap,))
    unseen = verified(dynamic("app1"), target=SMALL_DR, around=around)
    assert [f.title for f in unseen.findings if f.code == "not-looked-at"] == [gap.what]
    assert [each.ready for each in unseen.readiness] == [True]
    nics = tuple(existing_nic(f"probe{n}", f"10.1.1.{n}") for n in (12, 13, 14))
    (found,) = room_of(verified(dynamic("app1"), target=SMALL_DR, around=around, nics=nics))
    assert found.message.endswith("by the lists of NICs and load balancers")
