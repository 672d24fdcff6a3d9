"""Protecting a machine, killed at every write and while it waits: the next run ends the work.

The vault has nothing that replication stands on, so that every kind of write comes up; enabling
takes long, and the item shows up only when that has ended, so that only its job tells the next
run that it is under way.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from asr_netmap.gateway.changing import AzureGateway
from asr_netmap.sandbox import Options, demo_estate, ids
from asr_netmap.sandbox.estate import Estate
from tests.simulation.azure import Azure, make_azure
from tests.simulation.faults import DEATHS, Scripted
from tests.simulation.oracle import accepted
from tests.simulation.program import Ended, start

SLOW = Options(operation_seconds=20.0, replication_seconds=120.0, conflicts=False)
CONFIG = """\
version: 1
vault:
  subscription: 11111111-2222-3333-4444-555555555555
  resource_group: rg-vault
  name: vault-dr
source_region: eastasia
target_region: southeastasia
nics:
  settings:
    - {vm: mgmt1, address: 10.9.1.77}
protect:
  vms: [mgmt1]
  cache_storage: asrcachedemo
  create_missing: true
"""
PROTECT = ("protect", "--yes", "--wait", "--format", "json", "--max-failures", "1000")
# A group, a network, two fabrics, two containers, a policy, two pairings, two mappings, the
# machine, its NIC settings.
WRITES = 13
_RESTARTS = 3


def azure_without_footing() -> Azure:
    """The demo estate with a vault that nobody has used."""
    document = demo_estate().to_document()
    document["resources"] = [
        row for row in document["resources"] if "/replication" not in ids.key(row["id"])
    ]
    return make_azure(Estate.from_document(document), SLOW, Random(3), 0.05)


def run(azure: Azure, plan: Scripted | None = None, after: float = 1.0) -> Ended:
    return start(azure, PROTECT, CONFIG, Random(5), plan=plan, after=after)


def address_of(azure: Azure) -> str:
    """The failover address of the machine, once it has one."""
    azure.settle()
    found = [
        config["recoveryStaticIPAddress"]
        for item in azure.estate.to_document()["resources"]
        if "/replicationprotecteditems/" in ids.key(item["id"])
        for nic in item["properties"]["providerSpecificDetails"]["vmNics"]
        for config in nic["ipConfigs"]
    ]
    return ",".join(found)


@pytest.fixture(scope="module")
def clean() -> Azure:
    """A run that nothing disturbs."""
    azure = azure_without_footing()
    ended = run(azure)
    assert ended.code == 0, ended.err
    assert address_of(azure) == "10.9.1.77"
    return azure


def written(azure: Azure) -> Counter[str]:
    """How often each object was written."""
    return Counter(f"{sent.asked.method} {sent.asked.path.lower()}" for sent in accepted(azure))


def test_one_run_goes_the_whole_way(clean: Azure) -> None:
    writes = written(clean)
    assert len(writes) == WRITES
    assert list(writes)[WRITES - 2].startswith("PUT /subscriptions/")
    assert "/replicationprotecteditems/" in list(writes)[WRITES - 2]
    assert set(writes.values()) == {1}


def test_without_the_idle_check_a_second_write_would_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The item is not there before its job has ended, so only the job tells of it."""
    monkeypatch.setattr(AzureGateway, "running_job", lambda *_: None)
    careless, azure = azure_without_footing(), azure_without_footing()
    run(careless)
    enabling = moments(careless)[WRITES - 2]
    run(azure, Scripted(enabling, "dies with no answer"))
    run(azure, after=0.0)
    assert max(written(azure).values()) > 1


def moments(azure: Azure) -> list[int]:
    """The requests at which a run is killed: every write, and a look while it waits."""
    writes = [sent.number for sent in azure.sent if sent.accepted]
    waiting = (writes[-2] + writes[-1]) // 2
    return [*writes, waiting]


def places() -> list[tuple[int, str]]:
    """Every write and the wait with one death in turn; the enabling itself with each of them."""
    turns = [(place, DEATHS[place % len(DEATHS)]) for place in range(WRITES + 1)]
    return list(dict.fromkeys([*turns, *((WRITES - 2, death) for death in DEATHS)]))


@pytest.mark.parametrize(("place", "death"), places())
def test_a_kill_at_any_step_converges_without_a_second_write(
    clean: Azure, place: int, death: str
) -> None:
    azure = azure_without_footing()
    first = run(azure, Scripted(moments(clean)[place], death))
    assert first.code is None, "it was killed"
    for number in range(_RESTARTS):
        again = run(azure, after=0.0 if number == 0 else 10.0)
        if again.code == 0:
            break
    assert again.code == 0, again.err
    assert address_of(azure) == "10.9.1.77"
    assert written(azure) == written(clean), "nothing twice, nothing missing"
