"""Small situations that bring out what planning says to people, and their text.

RENEW_SNAPSHOTS=1 pytest tests/planning/test_sayings.py     writes sayings.txt anew
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address, ip_network
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AsrNetmapError
from asr_netmap.models import (
    NotLookedAt,
    Peering,
    PowerState,
    RegionalResource,
    ReplicatedElsewhere,
    ResourceGroup,
    VirtualMachine,
    VmDisk,
)
from asr_netmap.planning.change import Kind
from asr_netmap.planning.explanation import explain
from asr_netmap.planning.plan import Plan
from asr_netmap.planning.planner import plan_removal
from asr_netmap.planning.selection import Selection
from asr_netmap.rules.addresses import AddressSearch
from asr_netmap.rules.branches import Branch
from asr_netmap.rules.lookup import find_network
from asr_netmap.rules.protectable import obstacles
from asr_netmap.rules.subnets import SubnetSearch
from asr_netmap.rules.target_network import target_branches
from asr_netmap.settings import AddressMode, AddressRule
from tests.builders import (
    APP,
    APP_ASR,
    PAIRED,
    SOURCE,
    SUBSCRIPTION,
    TARGET,
    VAULT,
    existing_nic,
    inventory,
    ip_config,
    item,
    mapping,
    network,
    network_id,
    nic_id,
    plan_of,
    replicated_nic,
    resource,
    reverse_mapping,
    rows,
    scope,
    settings,
    subnet,
    vm_id,
)

Lines = Iterator[str]
Situation = Callable[[], Lines]

SITUATIONS: dict[str, Situation] = {}


def situation(of: Situation) -> Situation:
    """Take it into the list, named by its function."""
    SITUATIONS[of.__name__.replace("_", " ")] = of
    return of


def text() -> str:
    """All situations with what is said in each."""
    parts = []
    for name, tell in SITUATIONS.items():
        parts.append("\n".join([f"## {name}", *(f"  {line}".rstrip() for line in tell())]))
    whole = "\n\n".join(parts) + "\n"
    for long, short in _SHORT:
        whole = whole.replace(long, short)
    return whole


def told(made: Plan) -> Lines:
    """Everything that a plan says in words."""
    for change in made.changes:
        yield f"{change.kind.value} {change.action.value} {change.title}: {change.reason}"
    for waiting in made.pending:
        yield f"pending {waiting.title}: {waiting.reason}"
    for found in made.findings:
        yield f"{found.severity.value} {found.code} on {found.subject}: {found.message}"
        yield f"    -> {found.fix}"
        if found.command:
            yield f"    $ {found.command}"


def asked(branches: tuple[Branch[Any], ...]) -> Lines:
    """What each branch of a rule answers, up to the one that decides."""
    for branch in branches:
        answer = branch.ask()
        yield f"{branch.name}: {answer.why} => {'decides' if answer.decides else 'passes'}"
        if answer.outcome is not None:
            yield f"    {getattr(answer.outcome, 'target', answer.outcome)}"
        if answer.decides:
            return


def found_or_refused(call: Callable[[], object]) -> Lines:
    """What is found, or what the error says."""
    try:
        yield f"{call()}"
    except AsrNetmapError as error:
        yield f"{type(error).__name__}: {error.message}"
        yield f"    -> {error.hint}"


ONE = {"source": "vnet-app"}
NOWHERE = subnet("nowhere", "10.9.9.0/24")
TEN = "10.1.1.10"
# Ids are the most of the text; who reads it needs their ends.
_SHORT = (
    (f"{VAULT}/replicationFabrics", "~fabrics"),
    (f"/subscriptions/{SUBSCRIPTION}/resourceGroups", "~"),
    ("/providers/Microsoft.Network/virtualNetworks/", "/~vnet/"),
)
TWO = network("vnet-two", subnets={"web": "10.3.1.0/24"}, space="10.3.0.0/16")
BARE: dict[str, Any] = {"networks": [APP], "mappings": [], "fabrics": ()}
ZETA, ALPHA = subnet("zeta", "10.1.1.0/24"), subnet("Alpha", "10.1.2.0/24")
DR = network("vnet-dr", TARGET, subnets=[ZETA, ALPHA])
BACK = (TARGET, SOURCE)
HUB = network("vnet-hub", TARGET, subnets={"GatewaySubnet": "10.1.0.0/27"})


@situation
def everything_is_created() -> Lines:
    yield from told(plan_of(inventory(item("app1", ip_config()), **BARE), settings(networks=[ONE])))


@situation
def networks_are_created_by_others() -> Lines:
    two = subnet("two", "10.1.3.0/24", "10.1.4.0/24")
    wide = replace(
        APP, subnets=(*APP.subnets, two), address_space=(*APP.address_space, *TWO.address_space)
    )
    made = settings(networks=[ONE], safety={"create_networks": False})
    yield from told(plan_of(inventory(**{**BARE, "networks": [wide]}), made))


@situation
def two_sources_share_a_target() -> Lines:
    where = inventory(
        networks=[APP, TWO, APP_ASR], mappings=[*PAIRED, mapping("vnet-two", "vnet-app-asr")]
    )
    both = [
        {"source": "vnet-app", "target": "vnet-app-asr"},
        {"source": "vnet-two", "target": "vnet-app-asr"},
    ]
    made = settings(networks=both, safety={"allow_shared_target": True})
    yield from told(plan_of(where, made))
    yield from found_or_refused(lambda: plan_of(where, settings(networks=both)))


@situation
def the_copy_lacks_what_the_source_has() -> Lines:
    nsg = resource("Microsoft.Network/networkSecurityGroups", "nsg-web")
    twins = [
        resource("Microsoft.Network/networkSecurityGroups", name)
        for name in ("nsg-web-asr", "nsg-web")
    ]
    table = resource("Microsoft.Network/routeTables", "rt-app")
    gateway = resource("Microsoft.Network/natGateways", "nat-app")
    web = subnet("web", "10.1.1.0/24", network_security_group=nsg)
    app = subnet("app", "10.1.2.0/24", route_table=table, nat_gateway=gateway)
    far = Peering("to-hub", network_id("vnet-hub"), "Connected")
    source = network("vnet-app", subnets=[web, app], peerings=(far,))
    copied = resource("Microsoft.Network/networkSecurityGroups", "nsg-web", "rg-app-asr")
    regional = tuple(RegionalResource(twin, TARGET) for twin in (*twins, copied))
    for networks, mappings in (([source, APP_ASR], PAIRED), ([source], ())):
        where = inventory(networks=networks, mappings=mappings, regional=regional)
        yield from told(plan_of(where, settings(networks=[ONE])))


@situation
def a_pair_is_removed() -> Lines:
    for vms in ((), ("app1",), ("zeta", "App2", "app1")):
        where = inventory(*(item(vm, ip_config()) for vm in vms))
        yield from told(plan_removal(where, settings(networks=[ONE]), scope()))
    where = inventory(item("app1", ip_config()))
    nobody = Selection.parse(["vm=app9"])
    yield from told(plan_removal(where, settings(networks=[ONE]), scope(), nobody))
    one = Selection.parse(["vm=app1"])
    yield from told(plan_removal(where, settings(networks=[ONE]), scope(), one))
    tagged = VirtualMachine(vm_id("app1"), SOURCE, tags={"env": "prod"})
    home = item("web1", ip_config(), of="vnet-app-asr", goes=BACK)
    both = replace(inventory(*where.items, home), vms=(tagged,))
    yield from told(plan_removal(both, settings(networks=[ONE]), scope()))
    production = Selection.parse(["tag=env:prod"])
    yield from told(plan_removal(both, settings(networks=[ONE]), scope(), production))


@situation
def two_pairs_are_removed() -> Lines:
    pair = (*PAIRED, mapping("vnet-two", "vnet-dr"), mapping("vnet-dr", "vnet-two", BACK))
    vms = (item("app1", ip_config()), item("two1", ip_config("10.3.1.9"), of="vnet-two"))
    where = inventory(*vms, networks=[APP, APP_ASR, TWO, DR], mappings=pair)
    both = settings(networks=[ONE, {"source": "vnet-two"}])
    yield from told(plan_removal(where, both, scope()))
    yield from told(plan_removal(where, both, scope(), Selection.parse(["vm=app1"])))


@situation
def something_is_attached_to_a_subnet_that_will_not_be_there() -> Lines:
    nsg = str(resource("Microsoft.Network/networkSecurityGroups", "nsg-dr", "rg-dr"))
    made = settings(networks=[{**ONE, "attach": {"WEB": {"nsg": nsg}, "typo": {"nsg": nsg}}}])
    yield from told(plan_of(inventory(**BARE), made))


@situation
def a_target_is_changed() -> Lines:
    where = inventory(networks=[APP, APP_ASR, DR])
    made = settings(networks=[{**ONE, "target": "vnet-dr"}], safety={"allow_retarget": True})
    vm = item("app1", ip_config(), target="vnet-app-asr")
    yield from told(plan_of(replace(where, items=(vm,)), made))
    yield from told(plan_of(replace(where, items=(vm,)), made, retarget=True))


@situation
def nothing_is_selected() -> Lines:
    where = inventory(item("app1", ip_config()))
    for only in ("vm=app9", "network=vnet-typo", "group=rg-none"):
        yield from told(plan_of(where, settings(networks=[ONE]), only))


@situation
def a_network_without_items_is_selected() -> Lines:
    yield from told(plan_of(inventory(mappings=()), settings(networks=[ONE]), "network=vnet-app"))


@situation
def an_address_that_is_left_alone_is_wrong() -> Lines:
    for address in ("10.1.2.9", "10.1.1.1", "10.1.1.9"):
        config = ip_config(to=address, subnet="web")
        yield from told(
            plan_of(inventory(item("app1", config)), settings(nics={"address": "unmanaged"}))
        )
    wide = subnet("web", "10.1.1.0/24", "10.1.5.0/24")
    where = inventory(
        item("app1", ip_config(to="10.1.2.9", subnet="web")),
        networks=[APP, network("vnet-app-asr", TARGET, subnets=[wide])],
    )
    yield from told(plan_of(where, settings(nics={"address": "unmanaged"})))


@situation
def secondary_ip_configs() -> Lines:
    first, second = ip_config(), ip_config("10.1.1.11", name="ipconfig2", primary=False)
    for chosen in (False, True):
        nic = replicated_nic("app1-nic", first, replace(second, selected=chosen))
        yield from told(plan_of(inventory(item("app1", nics=(nic,)))))


@situation
def subnets_that_can_not_be_used() -> Lines:
    gateway = network("vnet-app-asr", TARGET, subnets={"GatewaySubnet": "10.1.0.0/27"})
    empty = network("vnet-app-asr", TARGET)
    mixed = network(
        "vnet-app-asr", TARGET, subnets={"GatewaySubnet": "10.1.0.0/27", "z": "10.1.9.0/24"}
    )
    vm = item("app1", ip_config())
    for target in (gateway, empty, mixed):
        where = inventory(vm, networks=[APP, target])
        yield from told(plan_of(where))
        yield from told(plan_of(where, settings(nics={"subnet_fallback": "refuse"})))
        yield from told(plan_of(where, rows({"vm": "app1", "subnet": "gatewaysubnet"})))
        yield from told(plan_of(where, rows({"vm": "app1", "subnet": "nowhere"})))


@situation
def a_subnet_is_full() -> Lines:
    small = network("vnet-app-asr", TARGET, subnets={"web": "10.1.1.0/29"})
    vms = [item(f"app{n}", ip_config(f"10.1.1.{n}")) for n in range(10, 16)]
    there = existing_nic("other", "10.1.1.4")
    for count in (3, 4):
        where = inventory(*vms[:count], networks=[APP, small], nics=(there,))
        yield from told(plan_of(where, settings(nics={"address": "next-free"})))


@situation
def what_each_branch_of_the_subnet_rule_says() -> Lines:
    everywhere = {"zeta": "alpha", "sql": "nowhere"}
    nothing_full: list[dict[str, Any]] = [
        {"source_subnet": "ZETA", "target": DR},
        {"source_subnet": "sql", "target": DR},
        {"source_subnet": None, "target": DR},
        {"source_subnet": "zeta", "target": DR, "explicit": "alpha"},
        {"source_subnet": "zeta", "target": DR, "explicit": "nowhere"},
        {"source_subnet": "zeta", "target": DR, "explicit": "none"},
        {"source_subnet": "zeta", "target": DR, "mapped": everywhere},
        {"source_subnet": "sql", "target": DR, "mapped": everywhere},
        {"source_subnet": "sql", "target": DR, "refuse_fallback": True},
        {"source_subnet": "zeta", "target": DR, "refuse_fallback": True},
        {"source_subnet": "web", "target": HUB},
        {"source_subnet": "web", "target": HUB, "explicit": "gatewaysubnet"},
        {"source_subnet": "web", "target": network("vnet-empty", TARGET)},
        {"source_subnet": "web", "target": network("vnet-empty", TARGET), "explicit": "x"},
    ]
    for given in nothing_full:
        for full in (None, ALPHA, ZETA):
            search = SubnetSearch(**given, full=(full or NOWHERE).__eq__)
            shown = {k: getattr(v, "name", v) for k, v in given.items()}
            yield f"{shown}, full: {full.name if full else 'none'}"
            yield from (f"  {line}" for line in asked(search.branches()))


@situation
def what_each_branch_of_the_address_rule_says() -> Lines:
    home, same = subnet("web", "10.1.1.0/24"), subnet("web", "10.1.1.0/24")
    other = subnet("web", "10.20.1.0/28")
    rule = AddressRule.model_validate({"from": "10.1.1.0/24", "to": "10.20.1.0/24"})
    short = AddressRule.model_validate({"from": "10.9.1.0/24", "to": "10.20.1.0/24"})
    for mode in AddressMode:
        for source, static in ((TEN, True), ("10.1.1.200", True), (TEN, False), (None, True)):
            config = ip_config(source, static=static)
            for target in (same, other):
                search = AddressSearch(config, None, [], mode, home, target)
                yield f"{mode.value} {source} static: {static} into {target.ipv4[0]}"
                yield from (f"  {line}" for line in asked(search.branches()))
    for source in (TEN, "10.1.1.200", None):
        for rules in ([short], [rule]):
            for given in (None, AddressMode.DYNAMIC, IPv4Address("10.20.1.7")):
                config = ip_config(source)
                search = AddressSearch(config, given, rules, AddressMode.ASR_DEFAULT, home, other)
                wanted = getattr(given, "value", given)
                yield f"{source} with {rules[0].from_} -> {rules[0].to}, {wanted}"
                yield from (f"  {line}" for line in asked(search.branches()))


@situation
def a_network_is_looked_for_by_its_name() -> Lines:
    twin = replace(APP, id=network_id("vnet-app", "rg-other"))
    far = network("vnet-far", "westeurope")
    many = [network(f"vnet-b{n}", space="10.1.0.0/16") for n in (3, 1, 2, 7, 6, 5, 4)]
    unread = NotLookedAt("the networks of rg-x", "403", VAULT.group_id)
    for networks, gaps in (
        ([APP, twin, far, APP_ASR], ()),
        ([APP, far], ()),
        ([far], ()),
        ([*many, APP], ()),
        (many[:6], ()),
        (many[:1], (unread,)),
    ):
        where = inventory(networks=networks, mappings=(), not_looked_at=gaps)
        for name in ("vnet-app", "rg-app/vnet-ap", "vnet-B", "vnet-far", "VNET-APP-ASR"):
            yield f"{name} among {len(networks)}:"
            yield from found_or_refused(lambda: find_network(name, where, SOURCE, "source").id)  # noqa: B023 -- called at once


@situation
def what_keeps_a_vm_from_replicating() -> Lines:
    def disk(name: str, **more: Any) -> VmDisk:
        return VmDisk(name, resource("Microsoft.Compute/disks", name), **more)

    good: dict[str, Any] = {"region": SOURCE, "disks": (disk("os"),), "nics": (nic_id("nic"),)}
    ill: dict[str, dict[str, Any]] = {
        "nothing": {},
        "region": {"region": "westeurope"},
        "no disks": {"disks": ()},
        "unmanaged": {"disks": (VmDisk("os", None), VmDisk("data", None), disk("more"))},
        "ephemeral": {"disks": (VmDisk("os", None, ephemeral=True), disk("data"))},
        "two ephemeral": {"disks": (disk("os", ephemeral=True), disk("tmp", ephemeral=True))},
        "keys": {"disks": (disk("os", customer_key=True), disk("d", customer_key=True))},
        "encrypted": {"encrypted": True},
        "no NIC": {"nics": ()},
        "unseen NIC": {"nics": (nic_id("nic"), nic_id("unseen"))},
        "spot": {"spot": True},
        "two networks": {"nics": (nic_id("nic"), nic_id("second"))},
        "one network": {"nics": (nic_id("nic"), nic_id("third"))},
    }
    of = {"nic": "vnet-two", "second": "vnet-app", "third": "vnet-two"}
    nics = tuple(existing_nic(name, TEN, net, group="rg-app") for name, net in of.items())
    on = PowerState(vm_id("app9"), "running")
    here = replace(inventory(nics=nics), power_states=(on,))
    for what, changes in ill.items():
        yield f"{what}:"
        yield from _obstacles(VirtualMachine(vm_id("app9"), **{**good, **changes}), here)
    fine = VirtualMachine(vm_id("app9"), **good)
    vault = ArmId.of_vault(SUBSCRIPTION, "rg-b", "vault-b")
    other = ReplicatedElsewhere(vm_id("app9"), vault.child("replicationFabrics", "x"))
    foreign = replace(other, vm=vm_id("app8"))
    for what, where in (
        ("deallocated", replace(here, power_states=(replace(on, state="deallocated"),))),
        ("another runs", replace(here, power_states=(replace(on, vm=vm_id("app8")),))),
        ("elsewhere", replace(here, elsewhere=(foreign, other))),
    ):
        yield f"{what}:"
        yield from _obstacles(fine, where)


def _obstacles(vm: VirtualMachine, where: Any) -> Lines:
    for found in obstacles(vm, SOURCE, where):
        yield f"{found.code}{' (unseen)' if found.unseen else ''}: {found.text}"
        yield f"    -> {found.fix}"


@situation
def what_each_branch_of_the_target_rule_says() -> Lines:
    far = network("rg-other/vnet-app-asr", TARGET)
    back = [reverse_mapping("vnet-dr", "vnet-app"), reverse_mapping("vnet-hub", "vnet-app")]
    there = [mapping("vnet-app", "vnet-dr"), mapping("vnet-app", "vnet-hub")]
    plain = network("vnet-plain", TARGET)
    turned = network("vnet-plain-asr", space="10.8.0.0/16")
    cases: list[tuple[Any, list[Any], list[Any], list[Any]]] = [
        (APP, [], [], []),
        (APP, [DR], there[:1], []),
        (APP, [DR, HUB], there, []),
        (APP, [DR], back[:1], []),
        (APP, [DR, HUB], back, []),
        (APP, [DR], [], [item("app1", target="vnet-dr")]),
        (APP, [DR, HUB], [], [item("app1", target="vnet-dr"), item("app2", target="vnet-hub")]),
        (APP, [far], [], []),
        (APP, [far, replace(far, id=network_id("VNET-app-asr", "rg-x"))], [], []),
        (turned, [], [], []),
        (turned, [plain], [], []),
        (turned, [plain, replace(plain, id=network_id("vnet-plain", "rg-x"))], [], []),
        (network("v" * 61), [], [], []),
        (network(f"{'g' * 87}/vnet"), [], [], []),
    ]
    for source, networks, mappings, items in cases:
        where = inventory(*items, networks=[source, *networks], mappings=mappings)
        shown = f"{[str(n.id) for n in networks]}, {len(mappings)} mappings, {len(items)} items"
        yield f"{source.name} beside {shown}"
        yield from found_or_refused(
            lambda: "\n    ".join(asked(target_branches(source, None, settings(), where)))  # noqa: B023 -- called at once
        )


@situation
def a_target_is_gone_or_was_not_looked_at() -> Lines:
    gone = (mapping("vnet-app", "vnet-gone"), reverse_mapping("vnet-gone", "vnet-app"))
    where = inventory(networks=[APP], mappings=gone)
    yield from told(plan_of(where, settings(networks=[ONE])))
    unseen = NotLookedAt("the networks of rg-app", "403", network_id("vnet-gone").group_id)
    yield from told(plan_of(replace(where, not_looked_at=(unseen,)), settings(networks=[ONE])))


@situation
def a_copy_overlaps_others() -> Lines:
    both = network("vnet-both", TARGET, space="10.1.0.0/17")
    both = replace(
        both, address_space=(*both.address_space, *APP.address_space, ip_network("fd00::/48"))
    )
    six = replace(APP, address_space=(*APP.address_space, ip_network("fd00::/40")))
    where = inventory(**{**BARE, "networks": [six, both, TWO]})
    yield from told(plan_of(where, settings(networks=[ONE])))


@situation
def the_name_of_a_new_mapping_is_taken() -> Lines:
    here = inventory(networks=[APP, APP_ASR], mappings=())
    declared = settings(networks=[ONE])
    (change, *_) = (c for c in plan_of(here, declared).changes if c.kind is Kind.MAPPING)
    yield str(change.subject)
    taken = replace(mapping("vnet-two", "vnet-dr"), id=change.subject)
    where = replace(here, networks=(APP, APP_ASR, TWO, DR), mappings=(taken,))
    yield from found_or_refused(lambda: plan_of(where, declared))


@situation
def somebody_set_what_a_rule_would_set_otherwise() -> Lines:
    moved = item("app1", ip_config(to="10.1.2.9", subnet="app"), by_user=True)
    yield from told(plan_of(inventory(moved)))
    taken = item("app1", ip_config(to="10.1.1.9", subnet="web"), by_user=True)
    there = existing_nic("other", "10.1.1.9")
    yield from told(plan_of(inventory(taken, nics=(there,))))
    yield from told(plan_of(inventory(taken), settings(nics={"address": "dynamic"})))
    yield from told(plan_of(inventory(taken)))
    reserved = item("app1", ip_config(to="10.1.1.1", subnet="web"), by_user=True)
    yield from told(plan_of(inventory(reserved)))


@situation
def somebody_set_what_a_rule_would_set_otherwise_in_test_failovers() -> Lines:
    test = network("vnet-test", TARGET, subnets=APP.subnets)
    made = settings(networks=[{**ONE, "test": {"network": "vnet-test"}}])
    for address, name in (("10.1.2.9", "app"), ("10.1.1.9", "web"), ("10.1.1.1", "web")):
        config = ip_config(to=TEN, subnet="web", test_to=address, test_subnet=name)
        vm = item("app1", config, target="vnet-app-asr", test="vnet-test", by_user=True)
        yield from told(plan_of(inventory(vm, networks=[APP, APP_ASR, test]), made))


@situation
def an_ipv6_address_is_not_kept() -> Lines:
    for now, given in ((None, None), ("10.1.1.9", None), ("10.1.1.9", "10.1.1.9"), (None, TEN)):
        config = ip_config("fd00::10", to=now, subnet="web")
        vm = item("app1", config, target="vnet-app-asr", by_user=True)
        row = [{"vm": "app1", "address": given}] if given else []
        yield f"{now} is set, {given} is given"
        yield from told(plan_of(inventory(vm), rows(*row)))


@situation
def no_address_is_asked_for() -> Lines:
    bare = network("vnet-app-asr", TARGET)
    for target, address in ((APP_ASR, "fd00::10"), (bare, TEN)):
        where = inventory(item("app1", ip_config(address)), networks=[APP, target])
        for side in explain(where, plan_of(where), "app1").configs[0].sides:
            yield from (f"{step.rule}: {step.why}" for step in side.address_steps)


@situation
def a_mapping_is_not_paired() -> Lines:
    back = reverse_mapping("vnet-app-asr", "vnet-app", state="")
    mapped = (mapping("vnet-app", "vnet-app-asr", state="PairingFailed"), back)
    yield from told(plan_of(inventory(mappings=mapped), settings(networks=[ONE])))


@situation
def a_target_is_not_where_it_should_be() -> Lines:
    far = network("vnet-far", "westeurope")
    mapped = (mapping("vnet-app", "vnet-far"),)
    where = inventory(networks=[APP, far], mappings=mapped)
    yield from found_or_refused(lambda: list(told(plan_of(where, settings(networks=[ONE])))))
    unread = NotLookedAt("the networks of rg-dr", "403", network_id("x", "rg-dr").group_id)
    vm = item("app1", ip_config())
    unseen = inventory(vm, networks=[APP], mappings=(), not_looked_at=(unread,))
    named = settings(networks=[{**ONE, "target": "rg-dr/vnet-dr"}])
    yield from found_or_refused(lambda: "\n    ".join(told(plan_of(unseen, named))))
    seen = inventory(vm, networks=[APP, APP_ASR])
    yield from found_or_refused(lambda: "\n    ".join(told(plan_of(seen, named))))


@situation
def items_of_other_networks_go_into_a_target() -> Lines:
    others = [item(f"two{n}", ip_config(), of="vnet-two", target="vnet-app-asr") for n in range(7)]
    elsewhere = item("dr1", ip_config(), of="vnet-two", target="vnet-dr")
    zonal = item("zone1", of="vnet-hub", goes=(TARGET, TARGET), target="vnet-app-asr")
    where = inventory(elsewhere, zonal, *others, networks=[APP, APP_ASR, TWO, DR, HUB])
    yield from told(plan_of(where, settings(networks=[ONE])))


@situation
def settings_refer_to_what_is_gone() -> Lines:
    gone = resource("Microsoft.Network/publicIPAddresses", "pip-gone", "rg-dr")
    config = replace(ip_config(), public_ip=gone)
    where = inventory(item("app1", config))
    group = ResourceGroup(gone.group_id, TARGET)
    yield from told(plan_of(replace(where, groups=(*where.groups, group))))
