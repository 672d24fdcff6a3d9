"""What is recorded: one command on one small estate, and what its user must see.

The table is the source of the cassettes, of the tests that replay them and of the page about them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from asr_netmap.gateway.cloud import Cloud
from asr_netmap.sandbox import Estate, Options
from tests.cli.conftest import NETMAP, REGION_OPTIONS, VAULT_OPTIONS
from tests.demo_parts import VAULT, lock, part

WHERE = (*VAULT_OPTIONS, *REGION_OPTIONS)
# As the service answers: an operation takes some seconds, and says to come back after 30.
AS_RECORDED = Options(operation_seconds=2.8, retry_after=30)

DATA = ("vnet-data", "vnet-data-dr")
WEB = ("vnet-web", "vnet-web-asr")

TABLE = """\
vm_id,nic,ip_config,address
/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-data/providers/\
Microsoft.Compute/virtualMachines/sql1,sql1-nic,ipconfig1,10.20.1.99
"""


PROTECTED = """\
nics:
  settings:
    - {vm: sql3, subnet: zeta, address: 10.20.2.50}
protect:
  vms: [sql3]
  cache_storage: asrcachedemo
"""


@dataclass(frozen=True)
class Scenario:
    """One cassette.

    command -- as typed, without what says where the answers come from.
    shows -- what the cassette is there for, in one line.
    code -- the exit code. says -- what standard output and error must hold, word for word.
    files -- what lies in the current folder.
    """

    name: str
    shows: str
    command: tuple[str, ...]
    estate: Callable[[], Estate]
    code: int = 0
    says: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    options: Options = AS_RECORDED
    cloud: Cloud = Cloud.PUBLIC


def _data(**more: object) -> Callable[[], Estate]:
    return lambda: part("sql1", networks=DATA, **more)  # type: ignore[arg-type]  # -- passed on


def _web(**more: object) -> Callable[[], Estate]:
    return lambda: part("web2", networks=WEB, **more)  # type: ignore[arg-type]  # -- passed on


def _unmapped(*conditions: Mapping[str, object]) -> Callable[[], Estate]:
    return lambda: part(networks=("vnet-mgmt",), mapped=False, conditions=conditions)


def _fault(kind: str, **more: object) -> dict[str, object]:
    return {"kind": kind, **more}


_NEVER_USED = _fault("never-used", vault=VAULT)
MAPPINGS = "*/replicationNetworkMappings/*"
ITEMS = "*/replicationProtectedItems/*"
_ITEM_FAILS = _fault(
    "operation-fails", path=ITEMS, code="28020", message="The requested operation failed."
)

COMMANDS = (
    Scenario(
        "discover",
        "networks of both regions, their subnets, the mapping that is there, and the items",
        ("discover", *WHERE),
        _data(),
        says=("vnet-data", "mapped to vnet-data-dr, one way only", "sql1"),
    ),
    Scenario(
        "discover-without-vault",
        "virtual networks alone, of all regions",
        ("discover",),
        _data(),
        says=("vnet-data-dr",),
    ),
    Scenario(
        "init",
        "a configuration from what exists",
        ("init", "--out", "netmap.yaml", *WHERE),
        _data(),
        says=("netmap.yaml",),
    ),
    Scenario(
        "plan",
        "a plan from options: the missing direction, and the address that is still to be set",
        ("plan", *WHERE),
        _data(),
        says=("vnet-data-dr -> vnet-data (reverse)", "10.20.1.10", "2 changes"),
    ),
    Scenario(
        "plan-from-file",
        "the same from a configuration file, as JSON",
        ("plan", "--config", "netmap.yaml", "--format", "json", "--detailed-exitcode"),
        _data(),
        code=3,
        says=('"kind": "mapping"',),
        files={"netmap.yaml": NETMAP},
    ),
    Scenario(
        "apply-both-directions",
        "the second direction is mapped, then the item's NIC gets its address",
        ("apply", "--yes", *WHERE),
        _data(),
        says=("2 applied",),
    ),
    Scenario(
        "verify",
        "findings after the fact: a mapping without its way back",
        ("verify", *WHERE),
        _data(),
        code=3,
        says=("mapping-one-way",),
    ),
    Scenario(
        "report",
        "one page with the map, the findings and every address",
        ("report", *WHERE),
        _data(),
        says=('class="wire missing"', "mapping-one-way"),
    ),
    Scenario(
        "map-with-new-network",
        "first mapping: resource group and -asr network are created, both directions mapped",
        ("map", "--source-vnet", "vnet-mgmt", "--yes", *WHERE),
        _unmapped(),
        says=("vnet-mgmt-asr", "4 applied"),
    ),
    Scenario(
        "map-another-target",
        "change of target: the way back is removed, the mapping updated, the new way back made",
        (
            *("map", "--source-vnet", "vnet-data", "--target-vnet", "vnet-web-asr"),
            *("--allow-retarget", "--yes", *WHERE),
        ),
        lambda: part("sql1", networks=(*DATA, "vnet-web-asr")),
        says=("vnet-web-asr",),
    ),
    Scenario(
        "unmap",
        "removal of what is mapped; networks and NIC settings stay",
        (
            *("unmap", "--source-vnet", "vnet-data", "--target-vnet", "vnet-data-dr"),
            *("--yes", *WHERE),
        ),
        _data(),
        says=("1 applied",),
    ),
    Scenario(
        "nics-list",
        "every IP config with its address today and after a failover",
        ("nics", "list", *WHERE),
        _data(),
        says=("sql1-nic", "predicted"),
    ),
    Scenario(
        "nics-export",
        "the NIC table for people to edit",
        ("nics", "export", "--format", "csv", *WHERE),
        _data(),
        says=("vm_id", "sql1-nic"),
    ),
    Scenario(
        "nics-import",
        "an address from a table",
        ("nics", "import", "table.csv", "--yes", *WHERE),
        _data(),
        says=("1 applied",),
        files={"table.csv": TABLE},
    ),
    Scenario(
        "nics-set",
        "update of one NIC: all NICs with all their fields are sent, and read back",
        ("nics", "set", "--vm", "web2", "--address", "10.3.1.44", "--yes", *WHERE),
        _web(),
        says=("10.3.1.44", "1 applied"),
    ),
    Scenario(
        "nics-explain",
        "one VM's story",
        ("nics", "explain", "--vm", "sql1", *WHERE),
        _data(),
        says=("sql1-nic", "alphabetically first"),
    ),
    Scenario(
        "snapshot",
        "a copy of the estate, read only",
        ("snapshot", "--out", "estate.json", *WHERE),
        _data(),
        says=("estate.json",),
    ),
    Scenario(
        "paging",
        "lists in pages of one row",
        ("discover", *WHERE),
        lambda: part("web1", "web2", networks=WEB),
        options=Options(page_size=1),
        says=("web1", "web2"),
    ),
    Scenario(
        "protect",
        "a VM that is not replicated yet: its group, the missing direction, replication; its NIC "
        "settings are pending",
        ("protect", "--vm", "sql3", "--cache-storage", "asrcachedemo", "--yes", *WHERE),
        lambda: part("sql3", networks=DATA),
        code=5,
        says=("3 applied, 1 pending.", "its NIC settings follow its first replication"),
    ),
    Scenario(
        "protect-and-wait",
        "the same in one run that stays until the VM is protected, and sets its NIC then",
        ("protect", "--config", "netmap.yaml", "--wait", "--yes"),
        lambda: part("sql3", networks=DATA),
        says=("Waiting for the first replication of 1 VM(s).", "4 applied."),
        files={"netmap.yaml": NETMAP + PROTECTED},
        options=Options(operation_seconds=2.8, replication_seconds=90.0, retry_after=30),
    ),
    Scenario(
        "us-government",
        "the hosts of another cloud",
        ("discover", "--cloud", "AzureUSGovernment", *WHERE),
        _data(),
        cloud=Cloud.US_GOVERNMENT,
        says=("vnet-data",),
    ),
)

FAULTS = (
    Scenario(
        "item-not-ready",
        "a VM that is still replicating for the first time is pending",
        ("apply", "--yes", *WHERE),
        lambda: part("new1", networks=("vnet-app",), mapped=False),
        code=5,
        says=("replication is not ready yet: InitialReplicationInProgress",),
    ),
    Scenario(
        "protect-without-footing",
        "a vault without protection containers: what is missing, and the command that makes it",
        ("protect", "--vm", "mgmt1", "--cache-storage", "asrcachedemo", "--yes", *WHERE),
        lambda: part("mgmt1", networks=("vnet-mgmt",), mapped=False, footing=False),
        code=5,
        says=("replication can't be enabled: the vault has no", "--create-missing"),
    ),
    Scenario(
        "protect-fails",
        "enabling is accepted and fails later: its job, and what is left for the next run",
        ("protect", "--vm", "sql3", "--cache-storage", "asrcachedemo", "--yes", *WHERE),
        lambda: part("sql3", networks=DATA, conditions=[_ITEM_FAILS]),
        code=5,
        says=("2 applied, 1 failed, 1 pending.", "28020"),
    ),
    Scenario(
        "protect-another-network",
        "another network than the mapped one is asked for: refused, with the way to change it",
        (
            *("protect", "--vm", "sql3", "--cache-storage", "asrcachedemo"),
            *("--target-vnet", "vnet-web-asr", "--yes", *WHERE),
        ),
        lambda: part("sql3", networks=(*DATA, *WEB), mapped=True),
        code=5,
        says=("vnet-data is mapped to vnet-data-dr", "--allow-other-network", "--allow-retarget"),
    ),
    Scenario(
        "read-throttled",
        "429 on a read: waited for as long as Azure says, and asked again",
        ("discover", *WHERE),
        _data(
            conditions=[_fault("throttled", times=2, path="*/replicationFabrics", retry_after=17)]
        ),
        says=("Azure asks to slow down: nothing is read for 17 s (429).",),
    ),
    Scenario(
        "write-throttled",
        "429 on a write: looked at again, then sent once more",
        ("apply", "--yes", *WHERE),
        _data(conditions=[_fault("throttled", times=1, method="PATCH", retry_after=11)]),
        says=("Azure asks to slow down: nothing new for 11 s", "2 applied."),
    ),
    Scenario(
        "write-busy",
        "409 on a write: something else works on the item, so it is looked at again",
        ("nics", "set", "--vm", "web2", "--address", "10.3.1.44", "--yes", *WHERE),
        _web(conditions=[_fault("busy", times=1, path=ITEMS)]),
        says=("1 applied",),
    ),
    Scenario(
        "write-forbidden",
        "403 on the mapping: nothing else is tried that depends on it",
        ("apply", "--yes", *WHERE),
        _data(conditions=[_fault("forbidden", path=MAPPINGS, method="PUT")]),
        code=5,
        says=(
            "HTTP 403 AuthorizationFailed",
            "Give the identity a role that holds",
            "`asr-netmap roles operator` prints one",
        ),
    ),
    Scenario(
        "read-forbidden",
        "403 on a list: what it would have told is not looked at, and never taken for absent",
        ("plan", *WHERE),
        _data(conditions=[_fault("forbidden", path="*/Microsoft.Network/virtualNetworks")]),
        says=("no permission: Microsoft.Network/virtualNetworks/read", "could not be read"),
    ),
    Scenario(
        "vault-absent",
        "404: there is no such vault",
        ("discover", "-g", "rg-vault", "--vault-name", "vault-of-old", *WHERE[4:]),
        _data(),
        code=1,
        says=("No vault 'rg-vault/vault-of-old'", "Near: rg-vault/vault-dr."),
    ),
    Scenario(
        "vault-never-used",
        "400 where Site Recovery was never used in the vault: taken for nothing there",
        ("map", "--source-vnet", "vnet-web", "--target-vnet", "vnet-web-asr", "--yes", *WHERE),
        lambda: part(networks=WEB, mapped=False, conditions=[_NEVER_USED]),
        says=("applied",),
    ),
    Scenario(
        "operation-failed",
        "an accepted update that fails later, with Azure's own words",
        ("nics", "set", "--vm", "web2", "--address", "10.3.1.44", "--yes", *WHERE),
        _web(conditions=[_ITEM_FAILS]),
        code=5,
        says=("28020", "The requested operation failed."),
    ),
    Scenario(
        "success-without-effect",
        "a job that succeeded and changed nothing: read back, and reported",
        ("nics", "set", "--vm", "web2", "--address", "10.3.1.44", "--yes", *WHERE),
        _web(conditions=[_fault("not-applied", path=ITEMS)]),
        code=5,
        says=("Azure reported success, but reads back", "expected 10.3.1.44, found unset"),
    ),
    Scenario(
        "locked",
        "409 by a management lock, which is named",
        ("apply", "--yes", *WHERE),
        _data(locks=[lock(VAULT, "freeze-dr")]),
        code=5,
        says=("HTTP 409 ScopeLocked", "stops it; whoever set it can lift it."),
    ),
    Scenario(
        "policy-denies",
        "403 by a policy, which is named",
        ("map", "--source-vnet", "vnet-mgmt", "--yes", *WHERE),
        _unmapped(_fault("policy-denies", path="*/virtualNetworks/*", policy="deny-naked-subnets")),
        code=5,
        says=("Azure Policy forbids it: policy 'deny-naked-subnets'",),
    ),
    Scenario(
        "not-registered",
        "409 on a read: the provider is not registered, and no tool may do that on the way",
        ("plan", *WHERE),
        _data(conditions=[_fault("missing-registration", namespace="Microsoft.RecoveryServices")]),
        code=1,
        says=("This tool registers nothing. Run: az provider register",),
    ),
    Scenario(
        "region-down",
        "503 for what lies in the source region: not looked at, and the rest goes on",
        ("verify", *WHERE),
        _data(conditions=[_fault("region-down", region="eastasia")]),
        code=3,
        says=("Azure has a problem there; try again later.", "8 not looked at"),
    ),
)


SCENARIOS = (*COMMANDS, *FAULTS)
