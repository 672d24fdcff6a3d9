"""How fast the NIC table is; run by ``scripts/bench_nic_table``.

Prints seconds of our own time, rows a second, and the ratio to what `csv.reader` alone takes for
the same text.
"""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import TypeVar

from asr_netmap.models import Inventory
from asr_netmap.planning import nic_table
from asr_netmap.planning.table_plan import plan_table, with_table
from tests.builders import (
    APP,
    PAIRED,
    TARGET,
    inventory,
    ip_config,
    item,
    network,
    plan_of,
    resource,
    scope,
    settings,
)

T = TypeVar("T")


def estate(rows: int) -> Inventory:
    """An estate of so many VMs, each with one NIC on which much is set."""
    nsg = resource("Microsoft.Network/networkSecurityGroups", "nsg-web")
    items = []
    for number in range(rows):
        address = str(IPv4Address("10.1.0.10") + number)
        config = ip_config(address, to=address, subnet="web")
        made = item(f"app{number:05}", config, target="vnet-app-asr", by_user=True)
        items.append(replace(made, nics=tuple(replace(n, nsg=nsg) for n in made.nics)))
    copy = network("vnet-app-asr", TARGET, subnets={"web": "10.1.0.0/17"})
    return inventory(*items, networks=(APP, copy), mappings=PAIRED)


def main(rows: int) -> None:
    """Measure and print."""
    what, declared = estate(rows), settings()
    regions = declared.regions

    def timed(title: str, work: Callable[[], T], beside: float = 0.0) -> tuple[T, float]:
        started = time.process_time()
        result = work()
        took = time.process_time() - started
        ratio = f"{took / beside:9.1f}" if beside else "        -"
        print(f"{title:34} {took:8.3f} s {rows / took:10.0f} rows/s {ratio}")
        return result, took

    print(f"{'':34} {'':8}   {'':10}        x csv.reader")
    made, _ = timed("rows of the inventory", lambda: nic_table.nic_rows(what, regions))
    text = nic_table.to_csv(made)
    _, plain = timed("csv.reader alone", lambda: list(csv.reader(io.StringIO(text))))
    timed("to_csv", lambda: nic_table.to_csv(made), plain)
    read, one = timed("read_csv", lambda: nic_table.read_csv(text, "bench"), plain)
    timed("read_csv against the inventory", lambda: nic_table.read_csv(text, "bench", what), plain)
    document, _ = timed("to_json", lambda: nic_table.to_json(made), plain)
    timed("read_json", lambda: nic_table.read_json(document, "bench"), plain)
    rules, two = timed(
        "table_to_exceptions", lambda: nic_table.table_to_exceptions(read, what, regions), plain
    )
    alone, three = timed(
        "plan_table", lambda: plan_table(what, declared, scope(), rules).changes, plain
    )
    assert alone == (), "an unedited table changes nothing"
    print(f"{'read, check, plan the table alone':34} {one + two + three:8.3f} s")
    timed("plan with rules, without table", lambda: plan_of(what, declared), plain)
    timed("plan with rules and table", lambda: plan_of(what, with_table(declared, rules)), plain)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
