"""A whole run in process on a virtual clock, throttled, beside the SDKs making the same calls:

    python -m tests.bench.virtual program ITEMS
    python -m tests.bench.virtual sdk ITEMS CALLS      (CALLS: the JSON that the first one printed)

Prints seconds of CPU time, and for the program virtual seconds and how often it called what. The
sandbox's own time is in both, and both collect garbage as seldom as the program does.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from random import Random
from typing import Any

from azure.core.rest import HttpRequest

from asr_netmap import api
from asr_netmap.__main__ import collect_seldom
from asr_netmap.applying.outcome import Status
from asr_netmap.clock import VirtualClock
from asr_netmap.gateway.connection import connect_sandbox
from asr_netmap.gateway.sandbox_transport import Handle
from asr_netmap.sandbox import MemorySandbox, Options, Request, Response
from asr_netmap.settings import parse_settings
from tests.bench.estates import TARGET_NETWORK_ID, estate, settings, unfinished
from tests.bench.in_process import START, URL, VAULT, sdk_clients

OPERATION_SECONDS = 2.8
_KINDS = (
    ("items, page", r"GET .*/replicationProtectedItems$"),
    ("item", r"GET .*/replicationProtectedItems/[^/]+$"),
    ("item, update", r"PATCH .*/replicationProtectedItems/[^/]+$"),
    ("mappings, page", r"GET .*/replicationNetworkMappings$"),
    ("mapping", r"GET .*/replicationNetworkMappings/[^/]+$"),
    ("mapping, create", r"PUT .*/replicationNetworkMappings/[^/]+$"),
    ("jobs, page", r"GET .*/replicationJobs$"),
    ("job", r"GET .*/replicationJobs/[^/]+$"),
    ("NICs, page", r"GET .*/providers/Microsoft.Network/networkInterfaces$"),
    ("networks, page", r"GET .*/providers/Microsoft.Network/virtualNetworks$"),
    ("address", r"GET .*/CheckIPAddressAvailability$"),
    ("other", r".*"),
)


class Counting:
    """Answers as the sandbox does, and keeps count of what is called, 429 included."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.calls: Counter[str] = Counter()
        self.throttled = 0

    def __call__(self, request: Request, now: datetime, rng: Random) -> Response:
        """One exchange."""
        path = request.url.removeprefix(URL).partition("?")[0]
        if not path.startswith("/msi/"):
            self.calls[kind_of(f"{request.method} {path}")] += 1
        response = self._handle(request, now, rng)
        self.throttled += response.status == 429
        return response


def kind_of(call: str) -> str:
    """What a method and path are, in the words of the count."""
    return next(kind for kind, pattern in _KINDS if re.fullmatch(pattern, call, re.IGNORECASE))


def program(items: int) -> dict[str, Any]:
    """The program plans and applies; everything must be done in the end."""
    options = Options(operation_seconds=OPERATION_SECONDS, throttle=True)
    sandbox = MemorySandbox(estate(items), options)
    counting, clock = Counting(sandbox.handle), VirtualClock(START)
    (declared,) = parse_settings(settings(), "bench")
    started = time.process_time()
    with connect_sandbox(counting, clock=clock, rng=Random(0), workers=8) as azure:
        begun = clock.monotonic()
        result = api.apply(azure, api.plan(azure, declared))
    cpu, seconds = time.process_time() - started, clock.monotonic() - begun
    assert all(outcome.status is Status.APPLIED for outcome in result.outcomes), "all is applied"
    assert unfinished(sandbox.engine.estate) == [], "and all of it is so"
    return {
        "cpu": cpu,
        "seconds": seconds,
        "throttled": counting.throttled,
        "calls": dict(counting.calls),
    }


def sdk(items: int, calls: dict[str, int]) -> dict[str, Any]:
    """The SDKs make as many calls of each kind, in the way of their documentation."""
    sandbox = MemorySandbox(estate(items), Options(operation_seconds=OPERATION_SECONDS))
    recovery, network = sdk_clients(sandbox.handle, VirtualClock(START))
    left = Counter(calls)
    protected, mappings = (
        recovery.replication_protected_items,
        recovery.replication_network_mappings,
    )
    found: list[Any] = []
    started = time.process_time()
    _pages(lambda: protected.list(**VAULT), left["items, page"], found)
    _pages(lambda: mappings.list(**VAULT), left["mappings, page"])
    _pages(network.network_interfaces.list_all, left["NICs, page"])
    _pages(network.virtual_networks.list_all, left["networks, page"])
    paths = [_path(item.id) for item in found[:items]]
    for number in range(left["item, update"]):
        row, path = found[number % items], paths[number % items]
        protected.begin_update(**path, update_protection_input=_update(row), polling=False)
    for number in range(left["item"]):
        protected.get(**paths[number % items])
    _pages(lambda: recovery.replication_jobs.list(**VAULT), left["jobs, page"])
    jobs = [each.name for each in next(recovery.replication_jobs.list(**VAULT).by_page())]
    for number in range(left["job"]):
        recovery.replication_jobs.get(**VAULT, job_name=str(jobs[number % len(jobs)]))
    for _ in range(left["address"]):
        parts = TARGET_NETWORK_ID.split("/")
        network.virtual_networks.check_ip_address_availability(
            parts[4], parts[-1], ip_address="10.1.0.10"
        )
    for _ in range(left["other"]):
        asked = HttpRequest("GET", f"{URL}{recovery_vault()}?api-version=2024-04-01")
        recovery.send_request(asked).json()
    return {"cpu": time.process_time() - started}


def recovery_vault() -> str:
    """The vault's path: the smallest body there is stands for what is not counted by name."""
    parts = TARGET_NETWORK_ID.split("/")
    group, name = VAULT["resource_group_name"], VAULT["resource_name"]
    return "/".join((*parts[:4], group, "providers", "Microsoft.RecoveryServices", "vaults", name))


def _pages(listed: Callable[[], Any], pages: int, keep: list[Any] | None = None) -> None:
    """So many pages, beginning anew where a list ends."""
    while pages > 0:
        for page in listed().by_page():
            rows = list(page)
            if keep is not None:
                keep.extend(rows)
            pages -= 1
            if pages <= 0:
                break


def _path(item: str) -> dict[str, str]:
    parts = item.split("/")
    return {
        **VAULT,
        "fabric_name": parts[parts.index("replicationFabrics") + 1],
        "protection_container_name": parts[parts.index("replicationProtectionContainers") + 1],
        "replicated_protected_item_name": parts[-1],
    }


def _update(item: Any) -> dict[str, Any]:
    details = item.properties.provider_specific_details
    nics = [
        {"nicId": nic.nic_id, "ipConfigs": list(_configs(nic.ip_configs))}
        for nic in details.vm_nics
    ]
    properties = {
        "recoveryAzureVMName": details.recovery_azure_vm_name,
        "selectedRecoveryAzureNetworkId": TARGET_NETWORK_ID,
        "vmNics": nics,
        "providerSpecificDetails": {"instanceType": "A2A"},
    }
    return {"properties": properties}


def _configs(configs: Iterable[Any]) -> Iterable[dict[str, Any]]:
    for config in configs:
        yield {
            "ipConfigName": config.name,
            "isPrimary": config.is_primary,
            "isSeletedForFailover": True,
            "recoverySubnetName": config.subnet_name,
            "recoveryStaticIPAddress": config.static_ip_address,
        }


def main() -> None:
    """Measure one of them."""
    collect_seldom()
    which, items = sys.argv[1], int(sys.argv[2])
    found = program(items) if which == "program" else sdk(items, json.loads(sys.argv[3]))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
