"""A change of target looks for locks first, for half of it is worse than nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from asr_netmap.arm_id import ArmId
from asr_netmap.models import ManagementLock
from asr_netmap.sandbox import Estate
from tests.cli.conftest import REGION_OPTIONS, VAULT_OPTIONS, Run
from tests.demo_parts import SUB, VAULT, lock, part

FABRICS = f"{VAULT}/replicationFabrics"
RETARGET = (
    *("map", "--source-vnet", "vnet-data", "--target-vnet", "vnet-web-asr"),
    *("--allow-retarget", "--yes", *VAULT_OPTIONS, *REGION_OPTIONS),
)
REMOVAL = (*("unmap", "--source-vnet", "vnet-data", "--yes", *VAULT_OPTIONS, *REGION_OPTIONS),)


def estate_with(folder: Path, *resources: Mapping[str, Any], **more: Any) -> str:
    path = folder / "locked.json"
    found = part(networks=("vnet-data", "vnet-data-dr", "vnet-web-asr"), **more)
    document = found.to_document()
    document["resources"] = [*document["resources"], *resources]
    Estate.from_document(document).save(path)
    return str(path)


def mappings_in(path: str) -> list[str]:
    resources = json.loads(Path(path).read_text())["resources"]
    return [r["id"] for r in resources if r["type"].endswith("replicationNetworkMappings")]


@pytest.mark.parametrize("scope", [SUB, f"{SUB}/resourceGroups/RG-VAULT", VAULT, FABRICS])
@pytest.mark.parametrize("command", [RETARGET, REMOVAL], ids=["map", "unmap"])
def test_a_lock_on_anything_above_the_mapping_refuses_the_change_before_it_begins(
    run: Run, folder: Path, scope: str, command: tuple[str, ...]
) -> None:
    scope = f"{FABRICS}/asr-a2a-default-eastasia" if scope == FABRICS else scope
    estate = estate_with(folder, lock(scope, "keep", "ReadOnly"))
    before = mappings_in(estate)
    done = run(*command, "--sandbox", estate)
    assert done.code == 4, done.err
    assert "would stop in the middle" in done.err
    assert "the ReadOnly lock 'keep'" in done.err
    assert mappings_in(estate) == before


def test_a_lock_against_deleting_leaves_a_mapping_that_is_only_pointed_elsewhere(
    run: Run, folder: Path
) -> None:
    """There is no way back yet, so nothing of it is deleted."""
    estate = estate_with(folder, lock(VAULT, "keep", "CanNotDelete"))
    done = run(*RETARGET, "--sandbox", estate)
    assert done.code == 0, done.err
    assert run(*REMOVAL, "--sandbox", estate).code == 4


def test_a_lock_elsewhere_stops_nothing(run: Run, folder: Path) -> None:
    elsewhere = f"{SUB}/resourceGroups/rg-vault-2"
    done = run(*RETARGET, "--sandbox", estate_with(folder, lock(elsewhere, "keep", "ReadOnly")))
    assert done.code == 0, done.err


def test_locks_that_can_not_be_read_are_said_not_to_be_looked_at(run: Run, folder: Path) -> None:
    forbidden = {"kind": "forbidden", "path": "*/Microsoft.Authorization/locks"}
    done = run(*RETARGET, "--sandbox", estate_with(folder, conditions=[forbidden]))
    assert done.code == 5, "applied, and yet not green"
    assert "2 applied." in done.err
    assert "locks of subscription" in done.out
    assert "Microsoft.Authorization/locks/read" in done.out


def test_locks_are_not_read_where_nothing_is_deleted_or_pointed_elsewhere(
    run: Run, folder: Path
) -> None:
    forbidden = {"kind": "forbidden", "path": "*/Microsoft.Authorization/locks"}
    done = run(
        *("plan", *VAULT_OPTIONS, *REGION_OPTIONS),
        *("--sandbox", estate_with(folder, conditions=[forbidden])),
    )
    assert "locks" not in done.out


@pytest.mark.parametrize(
    ("level", "deleting", "forbids"),
    [
        ("ReadOnly", False, True),
        ("readonly", True, True),
        ("CanNotDelete", True, True),
        ("CanNotDelete", False, False),
        ("NotSpecified", True, False),
    ],
)
def test_what_a_lock_forbids_follows_from_its_level(
    level: str, deleting: bool, forbids: bool
) -> None:
    found = ManagementLock(ArmId(VAULT), "keep", level)
    mapping = ArmId(f"{VAULT}/replicationFabrics/f")
    assert found.forbids(mapping, deleting=deleting) is forbids
    assert not found.forbids(ArmId(f"{VAULT}-2"), deleting=True)
