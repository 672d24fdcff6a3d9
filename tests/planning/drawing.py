"""Plans and estates as hypothesis draws them."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Any

from hypothesis import strategies as st

from asr_netmap.models import Inventory, NotLookedAt, Subnet
from asr_netmap.planning.change import (
    Action,
    AddressClaim,
    Change,
    ContainerMappingState,
    DiskCopy,
    FabricState,
    GroupState,
    ItemState,
    Kind,
    MappingState,
    NetworkState,
    PolicyState,
    ProtectionContainerState,
    ReplicationState,
    State,
)
from asr_netmap.planning.nic_setting import FIELDS, Level, Setting, SettingValue, ValueType
from asr_netmap.planning.plan import Finding, Pending, Plan, Severity
from asr_netmap.settings import to_document
from tests.builders import existing_nic, inventory, ip_config, item, network_id, scope, settings

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20
)
NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_-]{0,12}", fullmatch=True)
IDS = NAMES.map(network_id)
IPV4 = st.ip_addresses(v=4)
PREFIXES: Any = st.ip_addresses(v=4).map(
    lambda a: IPv4Network((int(a) >> 8 << 8, 24))
) | st.ip_addresses(v=6).map(lambda a: IPv6Network((int(a) >> 64 << 64, 64)))
TAGS = st.dictionaries(TEXTS, TEXTS, max_size=3)

SUBNETS = st.builds(
    Subnet,
    NAMES,
    st.lists(PREFIXES, max_size=3).map(tuple),
    st.none() | IDS,
    st.none() | IDS,
    st.none() | IDS,
    st.lists(TEXTS, max_size=2).map(tuple),
    st.lists(TEXTS, max_size=2).map(tuple),
    st.none() | TEXTS,
    st.none() | TEXTS,
    st.none() | st.booleans(),
)
VALUES: dict[ValueType, st.SearchStrategy[SettingValue]] = {
    ValueType.NAME: st.none() | TEXTS,
    ValueType.ADDRESS: st.none() | st.ip_addresses(),
    ValueType.ID: st.none() | IDS,
    ValueType.IDS: st.lists(IDS, max_size=3).map(tuple),
    ValueType.FLAG: st.booleans(),
}


@st.composite
def nic_states(draw: st.DrawFn) -> tuple[ItemState, ItemState]:
    before, after = [], []
    for name in draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=5, unique=True)):
        place = FIELDS[name]
        nic = draw(IDS) if place.level is not Level.ITEM else None
        config = draw(NAMES) if place.level is Level.IP_CONFIG else None
        value = VALUES[place.type]
        before.append(Setting(name, draw(value), nic, config))
        after.append(Setting(name, draw(value), nic, config, draw(TEXTS)))
    return ItemState(tuple(before)), ItemState(tuple(after))


_MINUTES = st.integers(0, 100_000)

STATES: dict[Kind, st.SearchStrategy[State]] = {
    Kind.RESOURCE_GROUP: st.builds(GroupState, NAMES, TAGS),
    Kind.NETWORK: st.builds(
        NetworkState,
        NAMES,
        st.lists(PREFIXES, max_size=3).map(tuple),
        st.lists(SUBNETS, max_size=3).map(tuple),
        st.lists(IPV4.map(str), max_size=2).map(tuple),
        TAGS,
        st.none() | IDS,
    ),
    Kind.FABRIC: st.builds(FabricState, NAMES),
    Kind.PROTECTION_CONTAINER: st.builds(ProtectionContainerState, NAMES),
    Kind.POLICY: st.builds(PolicyState, _MINUTES, _MINUTES, _MINUTES, st.booleans()),
    Kind.CONTAINER_MAPPING: st.builds(ContainerMappingState, IDS, IDS),
    Kind.MAPPING: st.builds(MappingState, IDS, IDS, NAMES),
    Kind.REPLICATION: st.builds(
        ReplicationState,
        *(IDS, IDS, IDS, IDS),
        st.none() | IDS,
        st.none() | NAMES,
        st.lists(st.builds(DiskCopy, IDS, IDS), max_size=3).map(tuple),
        st.none() | IDS,
        st.none() | NAMES,
    ),
}


@st.composite
def changes(draw: st.DrawFn) -> Change:
    kind = draw(st.sampled_from(Kind))
    before: State | None
    after: State | None
    if kind is Kind.NIC_SETTINGS:
        before, after = draw(nic_states())
    else:
        before, after = draw(st.none() | STATES[kind]), draw(st.none() | STATES[kind])
    return Change(
        kind,
        draw(st.sampled_from(Action)),
        draw(IDS),
        draw(TEXTS),
        before,
        after,
        draw(TEXTS),
        tuple(draw(st.lists(NAMES, max_size=2))),
        tuple(draw(st.lists(st.builds(AddressClaim, IDS, st.ip_addresses()), max_size=2))),
    )


PLANS = st.builds(
    Plan,
    st.just(scope()),
    st.just(to_document(settings())),
    st.lists(changes(), max_size=4).map(tuple),
    st.lists(st.builds(Pending, IDS, TEXTS, TEXTS), max_size=2).map(tuple),
    st.lists(
        st.builds(Finding, NAMES, st.sampled_from(Severity), IDS, TEXTS, TEXTS, TEXTS), max_size=2
    ).map(tuple),
    st.lists(st.builds(NotLookedAt, TEXTS, TEXTS, st.none() | IDS, TEXTS), max_size=2).map(tuple),
    st.integers(0, 1000),
)

_PLACES = st.integers(4, 60)


@st.composite
def estates(draw: st.DrawFn) -> Inventory:
    """Up to twelve items in a paired network; some addresses set, some taken at the target."""
    drawn = draw(
        st.lists(
            st.tuples(st.booleans(), st.none() | _PLACES, st.booleans(), st.booleans()), max_size=12
        )
    )
    items = []
    for number, (static, place, by_user, ready) in enumerate(drawn):
        config = ip_config(
            f"10.1.1.{10 + number}",
            static=static,
            to=f"10.1.1.{place}" if place else None,
            subnet="web" if place else None,
        )
        items.append(
            item(
                f"vm{number:02}",
                config,
                target="vnet-app-asr" if place else None,
                by_user=by_user,
                scenario=None if ready else "Reprotect",
            )
        )
    taken = draw(st.sets(_PLACES, max_size=10))
    nics = tuple(existing_nic(f"other{n}", f"10.1.1.{n}") for n in sorted(taken))
    return inventory(*items, nics=nics)
