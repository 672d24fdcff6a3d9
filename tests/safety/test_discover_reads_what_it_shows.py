"""Promise: `discover` asks for no more than it shows, so it needs no rights for more."""

from __future__ import annotations

import pytest

from asr_netmap.cli.exit_codes import ExitCode
from tests.cli.conftest import Run
from tests.safety.program import READING, watched


def kinds_read(
    run: Run, patch: pytest.MonkeyPatch, *options: str, code: ExitCode = ExitCode.DONE
) -> set[str]:
    """The last segments of the paths of what is read."""
    azure = watched()
    azure.install(patch)
    done = run(*READING["discover"], *options)
    assert done.code == code, done.err
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


def test_machines_are_read_where_their_tags_pick(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    none_has_it = kinds_read(run, monkeypatch, "--only", "tag=app=web", code=ExitCode.ERROR)
    assert none_has_it == {*IN_VAULT, "locations", "virtualnetworks", "virtualmachines"}
