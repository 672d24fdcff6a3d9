"""Estates drawn from a seed, with the configuration that declares what they should become.

Built with the demo estate's own builders, so every body looks like the recorded ones. Networks
come new, unmapped, mapped one way or both ways, or mapped to a network that they should leave;
items come with static and dynamic addresses, several NICs and IP configs, values set before, not
ready, and failed over.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from asr_netmap.sandbox import Estate, implied
from asr_netmap.sandbox.demo_estate import (
    SOURCE,
    SUBSCRIPTION,
    TARGET,
    VAULT_GROUP,
    VAULT_NAME,
    _Address,
    _Card,
    _item,
    _Machine,
    _network_mapping,
    _nic,
    _recovery,
    _virtual_machine,
)
from asr_netmap.sandbox.demo_estate import _network as _demo_network
from asr_netmap.sandbox.recovery import MAPPING_TYPE

Json = dict[str, Any]

NEW, UNMAPPED, ONE_WAY, BOTH_WAYS, RETARGET = (
    *("new", "unmapped", "one way", "both ways"),
    "retarget",
)
CASES = (NEW, UNMAPPED, ONE_WAY, BOTH_WAYS, RETARGET)


@dataclass(frozen=True, slots=True)
class Net:
    """A source network; `target` is the one that it should end up with, `old` one to leave."""

    number: int
    case: str

    @property
    def name(self) -> str:
        return f"vnet-{self.number}"

    @property
    def group(self) -> str:
        return f"rg-{self.number}"

    @property
    def target(self) -> str:
        return f"{self.name}-asr" if self.case in (NEW, UNMAPPED) else f"{self.name}-dr"

    @property
    def target_group(self) -> str:
        return f"{self.group}-asr" if self.case in (NEW, UNMAPPED) else f"{self.group}-dr"

    @property
    def old(self) -> str:
        return f"{self.name}-old"

    @property
    def present_target(self) -> str | None:
        """The target that its items have now, if they have one."""
        return {ONE_WAY: self.target, BOTH_WAYS: self.target, RETARGET: self.old}.get(self.case)


@dataclass(frozen=True, slots=True)
class Setup:
    """An estate, its configuration, and the command that is to be run on it."""

    estate: Estate
    config: str
    command: tuple[str, ...]
    nets: tuple[Net, ...]


def draw_setup(rng: Random) -> Setup:
    """Two or three networks with four to ten items."""
    nets = tuple(Net(n, rng.choice(CASES)) for n in range(rng.choice((2, 2, 3))))
    if rng.random() < 0.6 and all(net.case in (BOTH_WAYS, ONE_WAY) for net in nets):
        nets = (Net(0, NEW), *nets[1:])
    rows = [*_groups(nets), *_networks(nets), *_spares(), *_vault_rows()]
    for net in nets:
        rows += _mappings(net, rng)
    for number in range(rng.randint(4, 10)):
        rows += _machine_rows(rng, rng.choice(nets), number)
    rows += _squatters(rng, nets)
    mapped = [net for net in nets if net.case in (ONE_WAY, BOTH_WAYS)]
    command: tuple[str, ...] = ("apply",)
    if mapped and rng.random() < 0.2:
        command = ("unmap", "--source-vnet", rng.choice(mapped).name)
    return Setup(Estate(rows), _config(rng, nets), command, nets)


def fixed_setup(machines: int = 8) -> Setup:
    """Two mappings to create and some VMs to set: for counting crash points."""
    nets = (Net(0, UNMAPPED),)
    rows = [*_groups(nets), *_networks(nets), *_spares(), *_vault_rows()]
    for number in range(machines):
        card = _Card(f"vm{number}-nic", (_Address("ab"[number % 2], _address(nets[0], number)),))
        machine = _Machine(f"vm{number}", nets[0].group, nets[0].name, (card,))
        rows += _rows_of(machine)
    return Setup(Estate(rows), _config(Random(0), nets, plain=True), ("apply",), nets)


# -- configuration ---------------------------------------------------------------------------


def _config(rng: Random, nets: tuple[Net, ...], *, plain: bool = False) -> str:
    document: Json = {
        "version": 1,
        "vault": {
            "subscription": SUBSCRIPTION,
            "resource_group": VAULT_GROUP,
            "name": VAULT_NAME,
        },
        "source_region": SOURCE,
        "target_region": TARGET,
        "networks": [_declared(net) for net in nets],
    }
    if not plain:
        document["nics"] = {
            "address": rng.choice(("asr-default", "asr-default", "next-free", "dynamic")),
            "existing": rng.choice(("keep", "enforce")),
        }
    return json.dumps(document, indent=2) + "\n"


def _declared(net: Net) -> Json:
    if net.case in (NEW, UNMAPPED):
        return {"source": net.name}
    return {"source": net.name, "target": net.target}


# -- rows ------------------------------------------------------------------------------------


def _groups(nets: tuple[Net, ...]) -> list[Json]:
    names = {VAULT_GROUP: TARGET, "rg-dr": TARGET, "rg-spare": SOURCE}
    for net in nets:
        names[net.group] = SOURCE
        names[f"{net.group}-old"] = TARGET
        if net.case != NEW:
            names[net.target_group] = TARGET
    return [implied.resource_group(SUBSCRIPTION, n, region) for n, region in names.items()]


def _network(group: str, name: str, region: str, second: int) -> Json:
    """A network 10.`second`.0.0/16 with two subnets."""
    subnets: dict[str, tuple[str, Json]] = {
        "a": (f"10.{second}.1.0/24", {}),
        "b": (f"10.{second}.2.0/24", {}),
    }
    return _demo_network(group, name, region, f"10.{second}.0.0/16", subnets)


def _networks(nets: tuple[Net, ...]) -> list[Json]:
    rows = []
    for net in nets:
        rows.append(_network(net.group, net.name, SOURCE, net.number))
        if net.case != NEW:
            second = net.number if net.case == UNMAPPED else 100 + net.number
            rows.append(_network(net.target_group, net.target, TARGET, second))
        if net.case == RETARGET:
            rows.append(_network(f"{net.group}-old", net.old, TARGET, 200 + net.number))
    return rows


def _spares() -> list[Json]:
    """Networks that only another admin maps to."""
    return [
        _network("rg-spare", f"spare-{region}", region, second)
        for region, second in ((SOURCE, 90), (TARGET, 91))
    ]


def _vault_rows() -> list[Json]:
    return [row for row in _recovery() if row["type"] != MAPPING_TYPE]


def _mappings(net: Net, rng: Random) -> list[Json]:
    if net.present_target is None:
        return []
    rows = [_mapping(net, forward=True)]
    if net.case == BOTH_WAYS or (net.case == RETARGET and rng.random() < 0.7):
        rows.append(_mapping(net, forward=False))
    return rows


def _mapping(net: Net, *, forward: bool) -> Json:
    target = str(net.present_target)
    group = f"{net.group}-old" if target == net.old else net.target_group
    text = json.dumps(_network_mapping())
    for old, new in (
        ("vnet-data-vnet-data-dr-mapping", f"{net.name}-{target}-mapping"),
        ("rg-data-dr", group.lower()),
        ("rg-data", net.group.lower()),
        ("vnet-data-dr", target.lower()),
        ("vnet-data", net.name.lower()),
    ):
        text = text.replace(old, new)
    row: Json = json.loads(text)
    if forward:
        return row
    back = _regions_swapped(row)
    properties = back["properties"]
    for one, other in (
        ("primaryNetworkId", "recoveryNetworkId"),
        ("primaryNetworkFriendlyName", "recoveryNetworkFriendlyName"),
    ):
        properties[one], properties[other] = properties[other], properties[one]
    name = f"{target}-{net.name}-mapping"
    back["id"], back["name"] = back["id"].rsplit("/", 1)[0] + f"/{name}", name
    return back


def _regions_swapped(row: Json) -> Json:
    text = json.dumps(row)
    for one, other in ((TARGET, SOURCE), ("Southeast Asia", "East Asia")):
        text = text.replace(one, "\0").replace(other, one).replace("\0", other)
    swapped: Json = json.loads(text)
    return swapped


# -- machines --------------------------------------------------------------------------------


def _address(net: Net, number: int, *, second: int = 0, extra: int = 0) -> str:
    subnet = 1 + number % 2
    return f"10.{second or net.number}.{subnet}.{10 + number + extra}"


def _machine_rows(rng: Random, net: Net, number: int) -> list[Json]:
    reversed_ = net.case == BOTH_WAYS and rng.random() < 0.25
    second = 100 + net.number if reversed_ else net.number
    present = net.name if reversed_ else net.present_target
    set_before = present is not None and rng.random() < 0.6
    machine = _Machine(
        f"vm{number}",
        net.target_group if reversed_ else net.group,
        net.target if reversed_ else net.name,
        tuple(
            _card(rng, number, place, second, set_before, present, net)
            for place in range(rng.choice((1, 1, 1, 2)))
        ),
        target_network=present if set_before else None,
        target_group=_present_group(net, reversed_),
        selection=rng.choice(("SelectedByDefault", "SelectedByUser", "SelectedByUserOverride")),
        ready=rng.random() < 0.9,
    )
    return _rows_of(machine, reversed_=reversed_)


def _present_group(net: Net, reversed_: bool) -> str:
    if reversed_:
        return net.group
    return f"{net.group}-old" if net.case == RETARGET else net.target_group


def _card(
    rng: Random,
    number: int,
    place: int,
    second: int,
    set_before: bool,
    present: str | None,
    net: Net,
) -> _Card:
    subnet, third = "ab"[number % 2], 1 + number % 2
    addresses = []
    for config in range(rng.choice((1, 1, 1, 2))):
        host = 10 + number + 40 * place + 80 * config
        static = rng.random() < 0.7
        recovery = ""
        if set_before and static and rng.random() < 0.5:
            there = {net.old: 200 + net.number, net.name: net.number}
            to = there.get(str(present), 100 + net.number)
            recovery = f"10.{to}.{third}.{host}"
        addresses.append(
            _Address(
                subnet,
                f"10.{second}.{third}.{host}",
                static=static,
                name=f"ipconfig{config + 1}",
                primary=config == 0,
                recovery_subnet=subnet if set_before else None,
                recovery_address=recovery,
            )
        )
    return _Card(f"vm{number}-nic{place}", tuple(addresses))


def machine_rows(rng: Random, net: Net, number: int) -> list[Json]:
    """A VM with its NICs, replicated."""
    return _machine_rows(rng, net, number)


def config_of(rng: Random, nets: tuple[Net, ...]) -> str:
    """A configuration that declares the networks."""
    return _config(rng, nets)


def _rows_of(machine: _Machine, *, reversed_: bool = False) -> list[Json]:
    item = _item(machine)
    if reversed_:
        item = _regions_swapped(item)
    region = TARGET if reversed_ else SOURCE
    cards = [_nic(machine, card, region) for card in machine.cards]
    return [*cards, _virtual_machine(machine, region), item]


def _squatters(rng: Random, nets: tuple[Net, ...]) -> list[Json]:
    """Machines of the target region that hold addresses which items would like to have."""
    rows: list[Json] = []
    for net in nets:
        if net.case == UNMAPPED and rng.random() < 0.5:
            host = 10 + rng.randrange(10)
            subnet = rng.choice((1, 2))
            card = _Card(
                f"probe{net.number}-nic",
                (_Address("ab"[subnet - 1], f"10.{net.number}.{subnet}.{host}"),),
            )
            machine = _Machine(f"probe{net.number}", net.target_group, net.target, (card,))
            rows += [
                _nic(machine, card, TARGET),
                _virtual_machine(machine, TARGET),
            ]
    return rows
