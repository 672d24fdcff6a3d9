"""Reading and planning an estate, in process and without waiting, beside the SDKs' own lists:

    python -m tests.bench.reading program|sdk ITEMS

Prints seconds of CPU time. The answers were made before, so neither pays for the sandbox. What
the SDKs do is only to make their models of the same lists; nothing is planned. They have no
client for virtual machines here, so of those they take the plain JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from azure.core.rest import HttpRequest

from asr_netmap import api
from asr_netmap.clock import VirtualClock
from asr_netmap.gateway.connection import connect_sandbox
from asr_netmap.sandbox import MemorySandbox
from asr_netmap.sandbox.demo_estate import SUBSCRIPTION
from asr_netmap.settings import parse_settings
from tests.bench.estates import estate, settings
from tests.bench.in_process import START, URL, VAULT, Replaying, sdk_clients

NICS = 2
VMS = f"{URL}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines"


def program(handle: Replaying) -> Callable[[], int]:
    """The program reads and plans; gives the number of items that have something to change."""
    (declared,) = parse_settings(settings(), "bench")

    def work() -> int:
        with connect_sandbox(handle, clock=VirtualClock(START)) as azure:
            inventory = api.read(azure, declared)
            made = api.plan(azure, declared, inventory=inventory)
        return len(made.changes) - 2

    return work


def sdk(handle: Replaying) -> Callable[[], int]:
    """The SDKs list; gives the number of items."""
    recovery, network = sdk_clients(handle, VirtualClock(START))

    def work() -> int:
        items = list(recovery.replication_protected_items.list(**VAULT))
        others = [
            list(recovery.replication_network_mappings.list(**VAULT)),
            list(recovery.replication_fabrics.list(**VAULT)),
            list(recovery.replication_protection_containers.list(**VAULT)),
            list(network.virtual_networks.list_all()),
            list(network.network_interfaces.list_all()),
            list(network.network_security_groups.list_all()),
        ]
        url: str | None = f"{VMS}?api-version=2024-07-01"
        while url:
            page = recovery.send_request(HttpRequest("GET", url)).json()
            others.append(page["value"])
            url = page.get("nextLink")
        return len(items)

    return work


def main() -> None:
    """Measure one of them; the first run, which is not measured, is what fills the answers."""
    which, items = sys.argv[1], int(sys.argv[2])
    handle = Replaying(MemorySandbox(estate(items, nics=NICS)).handle)
    work = {"program": program, "sdk": sdk}[which](handle)
    assert work() == items
    started = time.process_time()
    assert work() == items
    print(json.dumps({"cpu": time.process_time() - started}))


if __name__ == "__main__":
    main()
