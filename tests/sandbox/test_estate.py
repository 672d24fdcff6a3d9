from __future__ import annotations

import json
import os
import stat
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from asr_netmap.sandbox import Estate, EstateError, Options, demo_estate
from asr_netmap.sandbox.operations import Operation

from .world import SUB, WEB, WEB_ASR, World, item_path, mapping_body, mapping_path

SCHEMA = "asr-netmap/estate/1"
GROUP = {"id": f"{SUB}/resourceGroups/rg", "name": "rg", "location": "eastasia"}


def document(*resources: Any, **more: Any) -> dict[str, Any]:
    return {"schema": SCHEMA, "resources": list(resources), **more}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "schema is None"),
        ('{"schema": "asr-netmap/plan/1"}', "asr-netmap/plan/1"),
        (json.dumps({"schema": SCHEMA}), "'resources' is not a list"),
        (json.dumps(document(resource=1)), "unknown key 'resource'"),
        (json.dumps(document("x")), "resources[0]: not an object"),
        (json.dumps(document({"name": "x"})), "resources[0]: resource without an id"),
        (json.dumps(document({"id": "rg"})), "malformed id 'rg'"),
        (json.dumps(document({"id": "/subscriptions/s/x"})), "/providers/ is missing"),
        (json.dumps(document({"id": "/subscriptions/s/../x"})), "'..' segment"),
        (json.dumps(document({"id": f"{WEB}/subnets"})), "do not come in pairs"),
        (json.dumps(document({"id": f"{WEB}\n"})), "cannot be printed"),
        (json.dumps(document(GROUP, {"id": GROUP["id"].upper()})), "duplicate id"),
        (json.dumps(document({**GROUP, "properties": 1})), "properties of"),
        (json.dumps(document(operations=[{}])), "operations[0]: operation without 'name'"),
        (json.dumps(document(operations=[1])), "operations[0]: not an object"),
        (json.dumps(document(conditions=[{"kind": "rain"}])), "unknown kind 'rain'"),
        (json.dumps(document(conditions=[{"kind": "forbidden"}])), "forbidden without 'path'"),
        (
            json.dumps(document(conditions=[{"kind": "throttled", "times": "3"}])),
            "times must be a whole number",
        ),
        (
            json.dumps(document(conditions=[{"kind": "not-applied", "path": "*", "x": 1}])),
            "unknown key 'x'",
        ),
    ],
)
def test_an_unusable_file_is_refused_with_its_name_and_the_reason(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "estate.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EstateError) as refusal:
        Estate.load(path)
    assert str(path) in str(refusal.value)
    assert message in str(refusal.value)


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(EstateError, match=r"gone\.json: cannot be read"):
        Estate.load(tmp_path / "gone.json")


def test_resources_keep_exactly_the_json_they_came_with() -> None:
    odd = {**GROUP, "extra": {"ö": [None, 1.5, "\ud800"]}, "properties": {}}
    written = Estate.from_document(document(odd)).to_text()
    assert json.loads(written) == document(odd)


def test_operations_and_conditions_are_left_out_while_there_are_none() -> None:
    assert list(Estate.from_document(document(GROUP)).to_document()) == ["schema", "resources"]


def test_lookup_disregards_case_and_a_trailing_slash() -> None:
    estate = Estate.from_document(document(GROUP))
    assert estate.get(str(GROUP["id"]).upper() + "/") == GROUP


def test_a_saved_estate_reads_back_the_same_with_its_operations(tmp_path: Path) -> None:
    world = World(options=Options(operation_seconds=10))
    world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    world.send("PATCH", item_path("new1"), {"properties": {"recoveryAzureVMName": "x"}})
    path = tmp_path / "estate.json"
    world.estate.save(path)
    again = Estate.load(path)
    assert again.to_document() == world.estate.to_document()
    assert len(again.running()) == 2


def test_pending_operations_take_effect_after_a_reload(tmp_path: Path) -> None:
    world = World(options=Options(operation_seconds=10))
    put = world.send("PUT", mapping_path("web"), mapping_body(WEB, WEB_ASR))
    patch = world.send("PATCH", item_path("new1"), {"properties": {"recoveryAzureVMName": "x"}})
    path = tmp_path / "estate.json"
    world.estate.save(path)
    other = World(Estate.load(path))
    other.clock.advance(10)
    assert other.get(mapping_path("web"))["properties"]["state"] == "Paired"
    assert other.job_of(put)["properties"]["state"] == "Succeeded"
    failed = other.job_of(patch)["properties"]
    assert failed["errors"][0]["serviceErrorDetails"]["code"] == "900201"
    assert Estate.from_document(other.estate.to_document()).running() == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permission bits")
def test_an_estate_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "estate.json"
    demo_estate().save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_save_that_fails_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "estate.json"
    Estate.from_document(document(GROUP)).save(path)
    before = path.read_bytes()

    def broken(self: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        demo_estate().save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_bytes_are_on_disk_before_the_name_points_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "estate.json"
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def noted_sync(handle: int) -> None:
        steps.append("sync")
        sync(handle)

    def noted_replace(self: Path, target: Path) -> Path:
        steps.append("replace")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    demo_estate().save(path)
    assert steps[:2] == ["sync", "replace"]


def test_saving_through_a_symbolic_link_writes_where_it_points(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    Estate.from_document(document(GROUP)).save(real)
    link.symlink_to(real)
    demo_estate().save(link)
    assert link.is_symlink()
    assert len(Estate.load(real)) == len(demo_estate())


def test_a_resource_takes_one_line_of_the_file() -> None:
    lines = demo_estate().to_text().splitlines()
    assert sum(line.startswith(('{"id"', '{"name"')) for line in lines) > 20
    assert max(map(len, lines)) < 20_000


def test_an_operation_whose_name_is_drawn_again_is_listed_where_it_belongs_now() -> None:
    """A run with the same seed draws the same names as the one before."""
    began = datetime(2026, 1, 1, tzinfo=timezone.utc)
    vault = "/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v"
    first = Operation("n1", "mapping", vault, f"{vault}/x", began, began)
    estate = Estate([], [first])
    estate.record(Operation("n1", "network-put", "southeastasia", "/subscriptions/s", began, began))
    assert list(estate.operations_in(vault)) == []
    assert [each.kind for each in estate.operations_in("southeastasia")] == ["network-put"]
