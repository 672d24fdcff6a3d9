"""Networks, groups, fabrics and mappings: the changes, their order, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest

from asr_netmap.errors import NotFound, SharedTarget, UsageError
from asr_netmap.models import Direction, Inventory, NotLookedAt, Peering, RegionalResource, Vault
from asr_netmap.planning.change import (
    Action,
    Change,
    FabricState,
    GroupState,
    ItemState,
    Kind,
    MappingState,
    NetworkState,
)
from asr_netmap.planning.plan import Plan, Severity
from asr_netmap.planning.planner import plan_removal
from asr_netmap.planning.sources import partner_of
from asr_netmap.settings import Settings
from tests.builders import (
    APP,
    APP_ASR,
    PAIRED,
    SOURCE,
    SUBSCRIPTION,
    TARGET,
    VAULT,
    carried_out,
    codes,
    existing_nic,
    fabric,
    inventory,
    ip_config,
    item,
    mapping,
    message,
    network,
    network_id,
    of_kind,
    plan_of,
    replicated_nic,
    resource,
    reverse_mapping,
    scope,
    settings,
    subnet,
    values,
)

ONE = {"source": "vnet-app"}


def declared(*networks: dict[str, Any], **more: Any) -> Settings:
    return settings(networks=list(networks), **more)


def bare(**more: Any) -> Inventory:
    """A source network and nothing else: no target, no fabrics, no mappings."""
    return inventory(**{"networks": [APP], "mappings": [], "fabrics": (), **more})


def shown(made: Plan) -> list[str]:
    return [f"{c.kind.value} {c.action.value} {c.title}" for c in made.changes]


def the(made: Plan, kind: Kind, action: Action, title: str = "") -> Change:
    (found,) = [c for c in of_kind(made, kind) if c.action is action and title in c.title]
    return found


def test_from_nothing_everything_is_created_in_the_order_of_its_dependencies() -> None:
    made = plan_of(bare(), declared(ONE, tags={"owner": "us"}))
    assert shown(made) == [
        "resource-group create rg-app-asr",
        "network create vnet-app -> vnet-app-asr",
        "fabric create asr-a2a-default-eastasia",
        "fabric create asr-a2a-default-southeastasia",
        "mapping create vnet-app -> vnet-app-asr (forward)",
        "mapping create vnet-app-asr -> vnet-app (reverse)",
    ]
    group, net, *fabrics, forward, reverse = made.changes
    assert group.depends_on == ()
    assert net.depends_on == (group.id,)
    expected = {net.id, *(f.id for f in fabrics)}
    assert set(forward.depends_on) == set(reverse.depends_on) == expected
    assert group.after == GroupState(TARGET, {"owner": "us"})
    assert [f.after for f in fabrics] == [FabricState(SOURCE), FabricState(TARGET)]
    assert isinstance(net.after, NetworkState)
    assert (net.after.region, net.after.address_space) == (TARGET, APP.address_space)
    assert forward.after == MappingState(APP.id, net.subject, "asr-a2a-default-southeastasia")
    assert reverse.after == MappingState(net.subject, APP.id, "asr-a2a-default-eastasia")
    assert all(c.before is None and c.reason for c in made.changes)


def test_the_plan_of_a_copy_holds_all_that_the_copy_takes_over() -> None:
    ddos = resource("Microsoft.Network/ddosProtectionPlans", "ddos")
    more: dict[str, Any] = {"dns_servers": ("10.1.0.4",), "tags": {"env": "prod"}}
    source = replace(APP, ddos_plan=ddos, **more)
    everything = declared(ONE, copy={"ddos": True, "tags": True})
    after = the(plan_of(bare(networks=[source]), everything), Kind.NETWORK, Action.CREATE).after
    assert isinstance(after, NetworkState)
    assert (after.ddos_plan, after.dns_servers, after.tags) == (ddos, *more.values())


def test_removing_goes_by_the_declared_target() -> None:
    mapped = [mapping("vnet-app", "vnet-dr"), reverse_mapping("vnet-dr", "vnet-app")]
    dr = network("vnet-dr", TARGET)
    there = inventory(networks=[APP, APP_ASR, dr], mappings=[*mapped, *PAIRED])
    made = plan_removal(there, declared({**ONE, "target": "vnet-dr"}), scope())
    assert [c.title for c in made.changes] == [
        "vnet-dr -> vnet-app (reverse)",
        "vnet-app -> vnet-dr (forward)",
    ]


def test_carrying_out_the_plan_leaves_nothing_to_plan() -> None:
    first = bare()
    for given in (declared(ONE), declared({**ONE, "target": "vnet-dr"})):
        dr = network("vnet-dr", TARGET)
        where = (
            first
            if given.networks and given.networks[0].target is None
            else bare(networks=[APP, dr])
        )
        made = plan_of(where, given)
        assert made.changes
        assert plan_of(carried_out(where, made), given).empty


def test_an_existing_group_is_not_created_again() -> None:
    made = plan_of(bare(), declared(ONE, target_resource_group="RG-APP"))
    assert not of_kind(made, Kind.RESOURCE_GROUP)
    assert the(made, Kind.NETWORK, Action.CREATE).depends_on == ()


def test_two_copies_share_the_group_and_the_fabrics_that_are_created() -> None:
    made = plan_of(bare(networks=[APP, network("vnet-two")]), declared(ONE, {"source": "vnet-two"}))
    assert len(of_kind(made, Kind.RESOURCE_GROUP)) == 1
    assert len(of_kind(made, Kind.FABRIC)) == 2
    assert len(of_kind(made, Kind.MAPPING)) == 4


def test_an_existing_network_is_never_written() -> None:
    made = plan_of(inventory(mappings=[]), declared(ONE))
    assert not of_kind(made, Kind.NETWORK)
    assert len(of_kind(made, Kind.MAPPING)) == 2


def test_without_permission_to_create_networks_the_exact_shape_is_reported() -> None:
    made = plan_of(bare(), declared(ONE, safety={"create_networks": False}))
    assert made.empty
    (finding,) = [f for f in made.findings if f.code == "network-missing"]
    assert finding.severity is Severity.ERROR
    assert str(network_id("vnet-app-asr", "rg-app-asr")) in finding.message
    for part in (TARGET, "10.1.0.0/16", "web 10.1.1.0/24", "app 10.1.2.0/24"):
        assert part in finding.fix


def test_items_wait_while_others_have_to_create_their_network() -> None:
    made = plan_of(
        bare(items=(item("app1", ip_config()),)),
        declared(ONE, safety={"create_networks": False}),
    )
    assert [p.title for p in made.pending] == ["app1"]
    assert made.empty


def test_a_mapped_target_that_is_gone_is_an_error_and_nothing_is_created_for_it() -> None:
    made = plan_of(inventory(networks=[APP], mappings=PAIRED), declared(ONE))
    assert made.empty
    assert "vnet-app-asr, does not exist" in message(made, "target-network-gone").replace(
        str(APP_ASR.id), "vnet-app-asr"
    )


# -- not copied, overlap, attach -------------------------------------------------------------


def test_what_a_copy_lacks_is_reported_a_subnets_lack_as_a_warning() -> None:
    web = subnet("web", "10.1.1.0/24", route_table=resource("Microsoft.Network/routeTables", "rt"))
    source = network(
        "vnet-app", subnets=[web], peerings=(Peering("hub", network_id("vnet-hub"), "Connected"),)
    )
    made = plan_of(bare(networks=[source]), declared(ONE))
    found = {f.message: f.severity for f in made.findings if f.code == "not-copied"}
    (subnets,) = [m for m in found if "subnet web" in m]
    assert "route table rt" in subnets
    assert "reprotect may depend on it" in subnets
    assert found[subnets] is Severity.WARNING
    assert [found[m] for m in found if "peering" in m] == [Severity.INFO]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (network("vnet-x", TARGET, "10.1.128.0/17"), True),
        (network("vnet-x", TARGET, "10.2.0.0/16"), False),
        (network("vnet-x", "westeurope", "10.1.0.0/16"), False),
        (network("vnet-x", TARGET, "fd00::/48"), False),
    ],
)
def test_an_overlap_with_what_it_may_be_peered_with_is_said(other: Any, said: bool) -> None:
    made = plan_of(bare(networks=[APP, other]), declared(ONE))
    assert ("address-space-overlap" in codes(made)) is said


def test_an_overlap_with_a_peer_of_the_source_is_said_wherever_it_is() -> None:
    hub = network("vnet-hub", "westeurope", "10.1.0.0/24")
    source = network("vnet-app", peerings=(Peering("hub", hub.id, "Connected"),))
    made = plan_of(bare(networks=[source, hub]), declared(ONE))
    assert "vnet-hub" in message(made, "address-space-overlap")


def test_attaching_to_a_subnet_that_the_copy_will_not_have_is_said() -> None:
    nsg = str(resource("Microsoft.Network/networkSecurityGroups", "nsg"))
    made = plan_of(bare(), declared({**ONE, "attach": {"wbe": {"nsg": nsg}}}))
    assert "'wbe'" in message(made, "attach-without-subnet")
    fine = plan_of(bare(), declared({**ONE, "attach": {"WEB": {"nsg": nsg}}}))
    assert "attach-without-subnet" not in codes(fine)


# -- order of a change of target ---------------------------------------------------------------

DR = network("vnet-dr", TARGET)
TO_DR = {**ONE, "target": "vnet-dr"}


def test_a_change_of_target_is_done_one_after_the_other() -> None:
    made = plan_of(inventory(networks=[APP, APP_ASR, DR]), declared(TO_DR))
    delete, update, create = of_kind(made, Kind.MAPPING)
    assert [c.action for c in (delete, update, create)] == [
        Action.DELETE,
        Action.UPDATE,
        Action.CREATE,
    ]
    assert update.depends_on == (delete.id,)
    assert create.depends_on == (update.id,)
    assert delete.after is None
    assert isinstance(update.before, MappingState)
    assert isinstance(update.after, MappingState)
    assert update.before.target_network == APP_ASR.id
    assert update.after.target_network == DR.id
    assert plan_of(carried_out(inventory(networks=[APP, APP_ASR, DR]), made), declared(TO_DR)).empty


def test_two_sources_that_swap_targets_are_planned_without_a_clash() -> None:
    """Each reverse mapping that one pair deletes is the one that the other pair needs."""
    data, data_dr = network("vnet-data"), network("vnet-data-dr", TARGET)
    made = [
        *PAIRED,
        mapping("vnet-data", "vnet-data-dr"),
        reverse_mapping("vnet-data-dr", "vnet-data"),
    ]
    where = inventory(networks=[APP, APP_ASR, data, data_dr], mappings=made)
    given = declared(
        {**ONE, "target": "vnet-data-dr"}, {"source": "vnet-data", "target": "vnet-app-asr"}
    )
    planned = plan_of(where, given)
    changes = {c.id: c for c in planned.changes}
    assert len({c.subject for c in planned.changes}) == len(planned.changes) == 6
    for change in planned.changes:
        assert all(needed in changes for needed in change.depends_on)
        if change.action is Action.CREATE:
            (gone,) = [
                c.id
                for c in planned.changes
                if c.action is Action.DELETE
                and isinstance(c.before, MappingState)
                and isinstance(change.after, MappingState)
                and c.before.source_network == change.after.source_network
            ]
            assert gone in change.depends_on
    assert plan_of(carried_out(where, planned), given).empty


def test_a_mapping_is_described_by_its_own_fabrics_whatever_their_names() -> None:
    """With a fabric spelt otherwise, or a second one of the region, direction and state hold."""
    fabrics = (fabric(SOURCE, "src-fabric"), fabric(TARGET, "DST-fabric"))
    more = fabric(TARGET, "another-fabric")
    upper = fabric(SOURCE, "SRC-FABRIC")
    made = [mapping("vnet-app", "vnet-app-asr", fabrics=(upper, fabrics[1]))]
    where = inventory(networks=[APP, APP_ASR, DR], mappings=made, fabrics=(*fabrics, more))
    update = the(plan_of(where, declared(TO_DR)), Kind.MAPPING, Action.UPDATE)
    assert update.before == MappingState(APP.id, APP_ASR.id, "DST-fabric")
    assert update.after == MappingState(APP.id, DR.id, "DST-fabric")


def test_the_same_source_may_have_a_target_in_another_region_too() -> None:
    far = mapping("vnet-app", "vnet-far", (SOURCE, "westeurope"))
    made = plan_of(inventory(mappings=[*PAIRED, far]), declared(ONE))
    assert made.empty


def test_a_mapping_that_is_not_paired_is_an_error_that_names_its_state() -> None:
    odd = mapping("vnet-app", "vnet-app-asr", state="Pairing")
    made = plan_of(inventory(mappings=[odd, PAIRED[1]]), declared(ONE))
    assert made.empty
    assert "its state is Pairing" in message(made, "mapping-not-paired")


# -- shared targets ------------------------------------------------------------------------------

TWO = network("vnet-two")
BOTH = ({**ONE, "target": "vnet-app-asr"}, {"source": "vnet-two", "target": "vnet-app-asr"})
ALLOWED = {"allow_shared_target": True}


def test_a_shared_target_is_refused_and_with_consent_the_missing_reverse_is_reported() -> None:
    where = inventory(networks=[APP, TWO, APP_ASR], mappings=[])
    with pytest.raises(SharedTarget):
        plan_of(where, declared(*BOTH))
    made = plan_of(where, declared(*BOTH, safety=ALLOWED))
    assert [c.title for c in of_kind(made, Kind.MAPPING)] == [
        "vnet-app -> vnet-app-asr (forward)",
        "vnet-app-asr -> vnet-app (reverse)",
        "vnet-two -> vnet-app-asr (forward)",
    ]
    assert "vnet-two has no reverse mapping" in message(made, "shared-target")


def test_the_reverse_mapping_that_is_there_stays_with_its_source() -> None:
    back = reverse_mapping("vnet-app-asr", "vnet-two")
    where = inventory(networks=[APP, TWO, APP_ASR], mappings=[back])
    made = plan_of(where, declared(*BOTH, safety=ALLOWED))
    assert {c.title for c in of_kind(made, Kind.MAPPING)} == {
        "vnet-app -> vnet-app-asr (forward)",
        "vnet-two -> vnet-app-asr (forward)",
    }
    assert "vnet-app has no reverse mapping" in message(made, "shared-target")


def test_a_target_that_an_undeclared_network_is_mapped_to_is_shared_as_well() -> None:
    made = [
        mapping("vnet-two", "vnet-app-asr"),
        reverse_mapping("vnet-app-asr", "vnet-two"),
    ]
    where = inventory(networks=[APP, TWO, APP_ASR], mappings=made)
    with pytest.raises(SharedTarget, match="vnet-two"):
        plan_of(where, declared(BOTH[0]))
    allowed = plan_of(where, declared(BOTH[0], safety=ALLOWED))
    assert shown(allowed) == ["mapping create vnet-app -> vnet-app-asr (forward)"]
    assert "vnet-app has no reverse mapping" in message(allowed, "shared-target")


def test_two_networks_of_one_name_that_resolve_to_one_copy_are_refused() -> None:
    twins = [network("rg-1/vnet-app"), network("rg-2/vnet-app")]
    rows = [{"source": "rg-1/vnet-app"}, {"source": "rg-2/vnet-app"}]
    with pytest.raises(SharedTarget, match=r"rg-1/vnet-app and rg-2/vnet-app"):
        plan_of(bare(networks=twins), declared(*rows, target_resource_group="rg-dr"))
    assert len(of_kind(plan_of(bare(networks=twins), declared(*rows)), Kind.NETWORK)) == 2


def test_reversed_items_of_a_shared_target_go_home_to_the_network_it_is_mapped_back_to() -> None:
    where = inventory(
        item("app1", ip_config(), of="vnet-app-asr", goes=(TARGET, SOURCE)),
        networks=[APP, TWO, APP_ASR],
        mappings=[*PAIRED, mapping("vnet-two", "vnet-app-asr")],
    )
    made = plan_of(where, declared(*BOTH, safety=ALLOWED))
    change = the(made, Kind.NIC_SETTINGS, Action.UPDATE)
    assert "vnet-app-asr is mapped to it" in change.reason
    assert change.after is not None
    assert "rg-app/providers/Microsoft.Network/virtualNetworks/vnet-app'" in repr(change.after)


# -- sources --------------------------------------------------------------------------------------


def test_left_out_networks_means_every_one_that_an_item_of_the_pair_uses() -> None:
    items = (
        item("app1", ip_config()),
        item("far", ip_config(), of="vnet-far", goes=(SOURCE, "westeurope")),
        item("zone", ip_config(), of="vnet-zone", goes=(SOURCE, SOURCE)),
    )
    nets = [APP, network("vnet-unused"), network("vnet-far"), network("vnet-zone")]
    made = plan_of(bare(networks=nets, items=items))
    assert [c.title for c in of_kind(made, Kind.NETWORK)] == ["vnet-app -> vnet-app-asr"]


def test_a_source_that_is_declared_twice_by_different_texts_is_refused_with_both() -> None:
    with pytest.raises(UsageError, match=r"'vnet-app' and 'rg-app/VNET-APP' are one network"):
        plan_of(inventory(), declared(ONE, {"source": "rg-app/VNET-APP"}))


def test_a_source_in_the_target_region_is_refused_with_its_region() -> None:
    with pytest.raises(UsageError, match=f"is in {TARGET}, not in {SOURCE}"):
        plan_of(inventory(), declared({"source": "vnet-app-asr"}))


def test_a_misspelt_source_is_refused_with_near_names() -> None:
    with pytest.raises(NotFound) as caught:
        plan_of(inventory(), declared({"source": "vnet-ap"}))
    assert "vnet-app" in caught.value.hint


def test_the_partner_of_a_network_is_known_by_its_mappings_before_its_name() -> None:
    regions = settings().regions
    nets = [APP, TWO, APP_ASR]

    def partner(*made: Any, networks: Any = nets) -> str | None:
        where = inventory(networks=networks, mappings=made)
        found = partner_of(APP_ASR.id, regions, where)
        return found.name if found else None

    back, forth = reverse_mapping("vnet-app-asr", "vnet-two"), mapping("vnet-two", "vnet-app-asr")
    assert partner(back, PAIRED[0]) == "vnet-two"
    assert partner(forth) == "vnet-two"
    assert partner() == "vnet-app"
    assert partner(networks=[TWO, APP_ASR]) is None
    assert partner(networks=[APP, network("rg-2/vnet-app"), APP_ASR]) is None


# -- what could not be read ----------------------------------------------------------------------


def gap(scope_id: Any, what: str = "networks of subscription 1111") -> NotLookedAt:
    return NotLookedAt(what, "503", scope_id)


SUBSCRIPTION_GAP = gap(network_id("x").group_id.parent)


def test_a_declared_source_that_could_not_be_read_is_no_error_and_its_items_wait() -> None:
    where = inventory(
        item("app1", ip_config(), target="vnet-app-asr"),
        networks=[APP_ASR],
        not_looked_at=(SUBSCRIPTION_GAP,),
    )
    for given in (declared(ONE), settings()):
        made = plan_of(where, given)
        assert made.empty
        assert "network-not-looked-at" in codes(made)
        (pending,) = made.pending
        assert (pending.title, "could not be read" in pending.reason) == ("app1", True)


def test_the_items_of_undeclared_networks_do_not_wait() -> None:
    where = inventory(
        item("db1", ip_config(), of="vnet-data"),
        networks=[],
        not_looked_at=(SUBSCRIPTION_GAP,),
    )
    assert plan_of(where, declared(ONE)).pending == ()


def test_a_named_target_that_could_not_be_read_makes_its_items_wait_and_the_rest_goes_on() -> None:
    two_dr = network("vnet-two-dr", TARGET)
    where = inventory(
        item("app1", ip_config()),
        networks=[APP, TWO, two_dr],
        mappings=[],
        not_looked_at=(SUBSCRIPTION_GAP,),
    )
    made = plan_of(where, declared(TO_DR, {"source": "vnet-two", "target": "vnet-two-dr"}))
    assert [p.title for p in made.pending] == ["app1"]
    assert {c.title for c in made.changes} == {
        "vnet-two -> vnet-two-dr (forward)",
        "vnet-two-dr -> vnet-two (reverse)",
    }


def test_a_reversed_item_waits_while_its_home_network_cannot_be_read() -> None:
    where = inventory(
        item("app1", ip_config(), of="vnet-app-asr", goes=(TARGET, SOURCE)),
        networks=[APP_ASR],
        not_looked_at=(SUBSCRIPTION_GAP,),
    )
    assert [p.title for p in plan_of(where, declared(ONE)).pending] == ["app1"]
    assert [p.title for p in plan_of(where).pending] == ["app1"]


def test_a_network_is_not_created_where_nobody_could_look() -> None:
    there = gap(network_id("vnet-app-asr", "rg-app-asr").group_id, "group rg-app-asr")
    made = plan_of(bare(not_looked_at=(there,), items=(item("app1", ip_config()),)), declared(ONE))
    assert made.empty
    assert "network-not-looked-at" in codes(made)
    assert [p.title for p in made.pending] == ["app1"]
    assert made.not_looked_at == (there,)


@pytest.mark.parametrize("scope_id", [VAULT, PAIRED[0].id])
def test_while_mappings_could_not_be_read_none_is_made_and_items_wait(scope_id: Any) -> None:
    """A mapping that nobody saw would be made a second time."""
    where = bare(
        items=(item("app1", ip_config()),), not_looked_at=(gap(scope_id, "network mappings"),)
    )
    made = plan_of(where, declared(ONE))
    assert made.empty
    assert [p.reason for p in made.pending] == ["network mappings could not be read"]


def test_a_name_that_is_wrong_is_still_an_error_when_only_the_vault_has_gaps() -> None:
    with pytest.raises(NotFound):
        plan_of(bare(not_looked_at=(gap(VAULT),)), declared({"source": "vnet-typo"}))


# -- removal, vault ------------------------------------------------------------------------------


def test_unmapping_deletes_the_reverse_then_the_forward_mapping() -> None:
    made = plan_removal(inventory(), declared(ONE), scope())
    reverse, forward = made.changes
    assert [c.title for c in (reverse, forward)] == [
        "vnet-app-asr -> vnet-app (reverse)",
        "vnet-app -> vnet-app-asr (forward)",
    ]
    assert (reverse.depends_on, forward.depends_on) == ((), (reverse.id,))
    assert reverse.after is None
    assert reverse.before == MappingState(APP_ASR.id, APP.id, fabric(SOURCE).name)
    assert forward.before == MappingState(APP.id, APP_ASR.id, fabric(TARGET).name)
    assert plan_removal(carried_out(inventory(), made), declared(ONE), scope()).empty


def test_a_mapping_that_names_no_fabric_goes_too_and_is_described_by_that_of_its_region() -> None:
    nameless = replace(PAIRED[0], target_fabric=None)
    for fabrics, name in (((fabric(TARGET, "own"),), "own"), ((), fabric(TARGET).name)):
        where = inventory(mappings=[nameless], fabrics=fabrics)
        (change,) = plan_removal(where, declared(ONE), scope()).changes
        assert change.before == MappingState(APP.id, APP_ASR.id, name)


def test_unmapping_creates_nothing_and_does_not_mind_a_shared_target() -> None:
    assert plan_removal(bare(), declared(ONE), scope()).empty
    where = inventory(
        networks=[APP, TWO, APP_ASR], mappings=[*PAIRED, mapping("vnet-two", "vnet-app-asr")]
    )
    made = plan_removal(where, declared({"source": "vnet-two"}), scope())
    assert [c.title for c in made.changes] == ["vnet-two -> vnet-app-asr (forward)"]


def test_a_vault_in_the_source_region_is_a_warning() -> None:
    made = plan_of(inventory(vault=Vault(VAULT, SOURCE)), declared(ONE))
    (finding,) = [f for f in made.findings if f.code == "vault-in-source-region"]
    assert finding.severity is Severity.WARNING
    assert "vault-in-source-region" not in codes(plan_of(inventory(), declared(ONE)))
    assert Direction.FORWARD.opposite is Direction.REVERSE
    assert SUBSCRIPTION in str(finding.subject)


def test_what_an_existing_target_lacks_is_reported_with_what_could_take_its_place() -> None:
    nsg = resource("Microsoft.Network/networkSecurityGroups", "nsg-web")
    twin = resource("Microsoft.Network/networkSecurityGroups", "nsg-web-asr")
    web = subnet("web", "10.1.1.0/24", network_security_group=nsg)
    made = plan_of(
        inventory(
            networks=[network("vnet-app", subnets=[web]), APP_ASR],
            mappings=PAIRED,
            regional=(RegionalResource(twin, TARGET),),
        ),
        declared(ONE),
    )
    (found,) = [f for f in made.findings if f.code == "subnet-lacks"]
    assert "nsg-web, and that of vnet-app-asr has none" in found.message
    assert str(twin) in found.fix
    assert found.severity is Severity.WARNING


def test_a_selection_that_takes_nothing_does_not_look_like_success() -> None:
    here = inventory(item("app1", ip_config()))
    made = plan_of(here, declared(ONE), "vm=app11")
    assert made.empty
    (found,) = [f for f in made.findings if f.code == "selection-empty"]
    assert "app1" in found.fix
    assert "selection-empty" not in codes(plan_of(here, declared(ONE), "vm=app1"))


def test_settings_stand_in_the_order_of_nics_and_ip_configs() -> None:
    first = replicated_nic("one", ip_config("10.1.1.10"), ip_config("10.1.1.11", name="second"))
    other = replicated_nic("two", ip_config("10.1.1.12"))
    public = resource("Microsoft.Network/publicIPAddresses", "pip")
    nsg = resource("Microsoft.Network/networkSecurityGroups", "nsg")
    rows = [
        {"vm": "app1", "public_ip": str(public), "test_public_ip": str(public)},
        {"vm": "app1", "nic": "two", "nsg": str(nsg)},
        {"vm": "app1", "ip_config": "second", "selected": True},
    ]
    regional = tuple(RegionalResource(each, TARGET) for each in (public, nsg))
    here = inventory(item("app1", nics=(first, other)), regional=regional)
    made = plan_of(here, declared(ONE, nics={"settings": rows}))
    (change,) = of_kind(made, Kind.NIC_SETTINGS)
    assert isinstance(change.after, ItemState)
    settings_of = change.after.settings
    places = [(s.nic.name if s.nic else "", s.ip_config or "", s.place.test) for s in settings_of]
    assert [place for place, _ in groupby(places)] == [
        ("", "", False),
        ("one", "ipconfig1", False),
        ("one", "ipconfig1", True),
        ("one", "second", False),
        ("one", "second", True),
        ("two", "", False),
        ("two", "ipconfig1", False),
        ("two", "ipconfig1", True),
    ]


def test_items_of_another_network_that_select_the_target_are_told_of() -> None:
    other = network("vnet-other", space="10.5.0.0/16", subnets={"web": "10.5.1.0/24"})
    foreign = item("web1", ip_config("10.5.1.10"), of="vnet-other", target="vnet-app-asr")
    here = inventory(foreign, networks=[APP, APP_ASR, other])
    assert "web1" in message(plan_of(here, declared(ONE)), "target-selected-by-others")
    own = inventory(item("app1", ip_config(), target="vnet-app-asr"))
    assert "target-selected-by-others" not in codes(plan_of(own, declared(ONE)))


def test_what_is_planned_for_a_few_is_what_is_planned_for_them_among_all() -> None:
    """The first one's own address is taken; the next one up belongs to the second one."""
    taken = existing_nic("probe", "10.1.1.10")
    here = inventory(
        item("app1", ip_config("10.1.1.10")), item("app2", ip_config("10.1.1.11")), nics=(taken,)
    )
    everything, alone = plan_of(here), plan_of(here, None, "vm=app1")
    assert [c.title for c in of_kind(alone, Kind.NIC_SETTINGS)] == ["app1"]
    assert values(alone, "app1")["address"] == values(everything, "app1")["address"]
    assert str(values(alone, "app1")["address"]) == "10.1.1.12"


def test_the_address_of_an_item_that_is_moved_along_is_promised_to_no_other() -> None:
    """Whoever is picked: the first one's move, and so its address, is part of what is declared."""
    two = [item(vm, ip_config(), target="vnet-dr") for vm in ("app1", "app2")]
    here = inventory(*two, networks=[APP, APP_ASR, DR])
    given = settings(nics={"address": "next-free"})
    for only in ((), ("vm=app2",)):
        made = plan_of(here, given, *only, retarget=True)
        assert str(values(made, "app2")["address"]) == "10.1.1.5"
