"""How fast planning is; run by ``scripts/bench_planning``.

The estate has two NICs per item, all of it as ARM's JSON: what Site Recovery and the network
provider would list. Printed are milliseconds of CPU time per item for reading the lists with
`json.loads` alone, for making models of them, for planning (all findings and placements
included), and the ratio of each to `json.loads`.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any, TypeVar

from asr_netmap.gateway import translate
from asr_netmap.models import Inventory
from asr_netmap.planning.change import Kind
from asr_netmap.planning.planner import plan
from tests.builders import (
    SOURCE,
    SUBSCRIPTION,
    TARGET,
    VAULT,
    fabric,
    inventory,
    mapping,
    network_id,
    nic_id,
    of_kind,
    reverse_mapping,
    scope,
    settings,
    vm_id,
)

T = TypeVar("T")
Body = Mapping[str, Any]

SIZES = (1_000, 10_000)
PER_NETWORK = 500
"""How many VMs one source network holds."""
_SUBNETS = {"web": "10.1.0.0/17", "app": "10.1.128.0/17"}
_LISTS: Mapping[str, tuple[Callable[[Body], object], str]] = {
    "items": (translate.item, "replicated item"),
    "networks": (translate.network, "network"),
    "nics": (translate.nic, "NIC"),
    "vms": (translate.vm, "virtual machine"),
}


def lists(count: int) -> dict[str, str]:
    """The lists of an estate of so many replicated VMs, as the texts that ARM would send."""
    names = [f"app{number:05}" for number in range(count)]
    homes = [f"vnet-{number // PER_NETWORK:03}" for number in range(count)]
    places = list(zip(range(count), names, homes, strict=True))
    return {
        "items": _page(_item(*place) for place in places),
        "networks": _page(_networks(sorted(set(homes)))),
        "nics": _page(nic for place in places for nic in _nics(*place)),
        "vms": _page(_row(str(vm_id(name)), SOURCE, {}) for name in names),
    }


def _page(rows: Iterator[Body]) -> str:
    return json.dumps({"value": list(rows)})


def _row(own: str, region: str, properties: Body) -> Body:
    name = own.rpartition("/")[2]
    return {"id": own, "name": name, "location": region, "tags": {}, "properties": properties}


def _networks(homes: list[str]) -> Iterator[Body]:
    for home in homes:
        for name, region in ((home, SOURCE), (f"{home}-asr", TARGET)):
            own = str(network_id(name))
            subnets = [
                {"name": n, "id": f"{own}/subnets/{n}", "properties": {"addressPrefix": prefix}}
                for n, prefix in _SUBNETS.items()
            ]
            space = {"addressPrefixes": ["10.1.0.0/16"]}
            yield _row(own, region, {"addressSpace": space, "subnets": subnets})


def _addresses(number: int) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """Subnet, address and allocation of both NICs: one static, one dynamic."""
    place = 10 + number % PER_NETWORK
    return (
        ("web", str(IPv4Address("10.1.0.0") + place), "Static"),
        ("app", str(IPv4Address("10.1.128.0") + place), "Dynamic"),
    )


def _nics(number: int, name: str, home: str) -> Iterator[Body]:
    for index, (subnet, address, kind) in enumerate(_addresses(number)):
        own = str(nic_id(f"{name}-nic{index}"))
        config = {
            "name": "ipconfig1",
            "properties": {
                "privateIPAddress": address,
                "privateIPAllocationMethod": kind,
                "primary": True,
                "subnet": {"id": f"{network_id(home)}/subnets/{subnet}"},
            },
        }
        machine = {"id": str(vm_id(name))}
        yield _row(own, SOURCE, {"virtualMachine": machine, "ipConfigurations": [config]})


def _item(number: int, name: str, home: str) -> Body:
    container = fabric(SOURCE).id.child("replicationProtectionContainers", "container")
    own = str(container.child("replicationProtectedItems", name))
    target = str(network_id(f"{home}-asr"))
    details = {
        "instanceType": "A2A",
        "fabricObjectId": str(vm_id(name)),
        "primaryFabricLocation": SOURCE,
        "recoveryFabricLocation": TARGET,
        "vmProtectionState": "Protected",
        "recoveryAzureVMName": name,
        "recoveryAzureResourceGroupId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-asr",
        "selectedRecoveryAzureNetworkId": target,
        "vmNics": [
            _replicated_nic(f"{name}-nic{index}", home, *where)
            for index, where in enumerate(_addresses(number))
        ],
    }
    properties = {
        "friendlyName": name,
        "protectionState": "Protected",
        "activeLocation": "Primary",
        "testFailoverState": "None",
        "currentScenario": {"scenarioName": "None"},
        "healthErrors": [],
        "providerSpecificDetails": details,
    }
    return _row(own, "", properties)


def _replicated_nic(name: str, home: str, subnet: str, address: str, kind: str) -> Body:
    return {
        "nicId": name,
        "sourceNicArmId": str(nic_id(name)),
        "vMNetworkName": str(network_id(home)),
        "recoveryVMNetworkId": str(network_id(f"{home}-asr")),
        "selectionType": "SelectedByDefault",
        "ipConfigs": [
            {
                "name": "ipconfig1",
                "isPrimary": True,
                "isSeletedForFailover": True,
                "subnetName": subnet,
                "staticIPAddress": address,
                "ipAddressType": kind,
                "recoverySubnetName": subnet,
                "recoveryStaticIPAddress": "",
                "recoveryLBBackendAddressPoolIds": [],
                "tfoLBBackendAddressPoolIds": [],
            }
        ],
    }


def models(bodies: Mapping[str, Body]) -> Inventory:
    """What reading makes of the lists, with a mapping each way between every pair of networks."""
    found: dict[str, tuple[Any, ...]] = {}
    for name, (translated, words) in _LISTS.items():
        rows, gaps = translate.translated_rows(bodies[name]["value"], translated, words)
        assert gaps == [], "every row is understood"
        found[name] = tuple(rows)
    homes = [n.name for n in found["networks"] if n.region == SOURCE]
    there = [mapping(home, f"{home}-asr") for home in homes]
    back = [reverse_mapping(f"{home}-asr", home) for home in homes]
    values = {name: found[name] for name in ("networks", "nics", "vms")}
    return replace(inventory(mappings=(*there, *back), **values), items=found["items"])


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` returns, and the seconds of CPU time that it took."""
    gc.collect()
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def measure(count: int) -> None:
    """Measure and print one size."""
    texts = lists(count)
    bodies, plain = timed(lambda: {name: json.loads(text) for name, text in texts.items()})
    what, making = timed(lambda: models(bodies))
    declared = settings()
    made, planning = timed(lambda: plan(what, declared, scope()))
    assert len(of_kind(made, Kind.NIC_SETTINGS)) == count, "every item has something to change"
    assert len(made.placements) == 2 * count, "every NIC is told where it will be"
    for title, took in (
        ("json.loads of the lists", plain),
        ("models of them", making),
        ("plan with findings and placements", planning),
        ("models and plan", making + planning),
    ):
        per_item = 1000 * took / count
        print(f"{count:7,} items  {title:34} {took:8.3f} s {per_item:8.3f} {took / plain:11.1f}")


def main(sizes: tuple[int, ...]) -> None:
    """Measure every size and print a table."""
    print(f"{VAULT.name + ', 2 NICs per item':49} {'CPU':>8}   {'ms/item':>8} {'x json.loads':>12}")
    for size in sizes:
        measure(size)


if __name__ == "__main__":
    main(tuple(int(text) for text in sys.argv[1:]) or SIZES)
