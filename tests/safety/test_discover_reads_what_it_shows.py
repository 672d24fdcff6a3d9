"""Promise: `discover` asks for no more than it shows, so it needs no rights for more."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from tests.safety.program import BY_FILE, READING, watched


def kinds_read(run: Run, patch: pytest.MonkeyPatch) -> set[str]:
    """The last segments of the paths of what is read."""
    azure = watched()
    azure.install(patch)
    done = run(*READING["discover"])
    assert done.code == 0, done.err
    return {path.rpartition("/")[2].lower() for _method, path in azure.seen}


IN_VAULT = {
    "vault-dr",
    "replicationfabrics",
    "replicationprotectioncontainers",
    "replicationnetworkmappings",
    "replicationprotecteditems",
}


def test_only_networks_are_read_beside_the_vault(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds_read(run, monkeypatch) == {*IN_VAULT, "locations", "virtualnetworks"}


@pytest.mark.parametrize("picked", ["vm=new1", "network=vnet-app"])
def test_a_part_is_found_by_machines_and_their_nics(run: Run, picked: str) -> None:
    """The first replication of new1 has not ended, so only its NIC says where it is."""
    done = run("discover", *BY_FILE, "--sandbox", "estate.json", "--only", picked)
    assert done.code == 0, done.err
    rows = [line.split()[:1] for line in done.out.splitlines()]
    assert ["new1"] in rows
    assert "vnet-app " in done.out
