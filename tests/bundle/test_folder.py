"""The bundle's folder: whole or not there, and never over somebody's files."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path

import pytest

from asr_netmap.errors import FileError
from asr_netmap.runbook.bundle import folder as folder_module
from asr_netmap.runbook.bundle.folder import check_free, write_folder
from asr_netmap.runbook.bundle.manifest import SCHEMA


def bundle(**contents: bytes) -> dict[str, bytes]:
    files = {name.replace("__", "/"): data for name, data in contents.items()}
    named = [
        {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in files.items()
    ]
    return {**files, "manifest.json": json.dumps({"schema": SCHEMA, "files": named}).encode()}


def held(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_files_and_folders_below_are_written(tmp_path: Path) -> None:
    files = bundle(a=b"1", deep__b=b"2")
    write_folder(tmp_path / "new" / "out", files)
    assert held(tmp_path / "new" / "out") == files
    assert (tmp_path / "new" / "out").stat().st_mode & 0o777 == 0o755


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    write_folder(tmp_path, bundle(a=b"1"))
    assert held(tmp_path) == bundle(a=b"1")


def test_an_older_bundle_is_replaced_whole(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", bundle(a=b"1", gone=b"x"))
    write_folder(tmp_path / "out", bundle(a=b"2"))
    assert held(tmp_path / "out") == bundle(a=b"2")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["mine.txt", "deep/mine.txt", ".hidden"])
def test_a_folder_with_a_foreign_file_is_left_alone(tmp_path: Path, name: str) -> None:
    write_folder(tmp_path, bundle(a=b"1"))
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(FileError, match=name):
        write_folder(tmp_path, bundle(a=b"2"))
    assert mine.read_text() == "mine"
    assert (tmp_path / "a").read_bytes() == b"1"


def test_a_bundle_that_somebody_changed_is_left_alone(tmp_path: Path) -> None:
    write_folder(tmp_path, bundle(a=b"1"))
    (tmp_path / "a").write_bytes(b"edited")
    with pytest.raises(FileError, match="was changed: a"):
        check_free(tmp_path)


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"schema": "other", "files": []}'])
def test_a_manifest_that_is_none_of_ours_protects_the_folder(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(FileError, match=r"manifest\.json"):
        check_free(tmp_path)


def test_a_file_or_a_link_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name in ("file", "link"):
        with pytest.raises(FileError, match="is no folder"):
            check_free(tmp_path / name)


def test_a_full_disk_leaves_the_older_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "out", bundle(a=b"1"))

    def full(_path: Path, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder_module, "_write", full)
    with pytest.raises(FileError, match="No space left") as caught:
        write_folder(tmp_path / "out", bundle(a=b"2"))
    assert "MB free" in caught.value.hint
    assert held(tmp_path / "out") == bundle(a=b"1")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_place_below_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="can't be"):
        write_folder(tmp_path / "file" / "out", bundle(a=b"1"))
