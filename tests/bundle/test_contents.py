"""What the bundle's wheel holds, and that its bytes are a wheel and always the same."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from pathlib import Path

import pytest

import asr_netmap
from asr_netmap.errors import FileError
from asr_netmap.runbook.bundle.contents import Contents, gather
from asr_netmap.runbook.bundle.lock import Pin
from asr_netmap.runbook.bundle.target import parse_target
from asr_netmap.runbook.bundle.trimming import CUTS, cut_of
from asr_netmap.runbook.bundle.wheel_file import wheel_bytes, wheel_name
from tests.bundle.tiny_wheels import make_wheel, wheel_of

AUTOMATION = parse_target("3.10", "manylinux2014_x86_64")
INFO = f"asr_netmap_runbook-{asr_netmap.__version__}.dist-info"


@pytest.fixture(scope="module")
def alone() -> Contents:
    """This program and nothing else."""
    return gather(())


def opened(contents: Contents) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(wheel_bytes(contents, AUTOMATION)))


def test_the_program_is_in_it_without_bytecode(alone: Contents) -> None:
    assert {"asr_netmap/__init__.py", "asr_netmap/runbook/__init__.py"} <= set(alone.files)
    assert "asr_netmap/roles/reader.json" in alone.files
    assert not [path for path in alone.files if "__pycache__" in path or path.endswith(".pyc")]


def test_files_of_wheels_are_merged(tmp_path: Path) -> None:
    shared = {"space/__init__.py": b"", "space/a.py": b"a"}
    one = make_wheel(tmp_path, "one", files=shared)
    two = make_wheel(tmp_path, "two", files={"space/__init__.py": b"", "space/b.py": b"b"})
    found = gather([wheel_of(tmp_path, one), wheel_of(tmp_path, two)])
    assert {"space/a.py", "space/b.py"} <= set(found.files)


def test_two_packages_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    one = make_wheel(tmp_path, "one", files={"same.py": b"1"})
    two = make_wheel(tmp_path, "two", files={"same.py": b"2"})
    with pytest.raises(FileError, match=r"different files same\.py"):
        gather([wheel_of(tmp_path, one), wheel_of(tmp_path, two)])


def test_licences_and_lists_of_compiled_parts_are_kept(tmp_path: Path) -> None:
    pin = make_wheel(
        tmp_path,
        files={
            "tiny.py": b"",
            "tiny-1.0.dist-info/NOTICE": b"n",
            "tiny-1.0.dist-info/LICENSE.md": b"l",
            "tiny-1.0.dist-info/sboms/tiny.json": b"{}",
            "tiny-1.0.dist-info/entry_points.txt": b"",
        },
    )
    found = gather([wheel_of(tmp_path, pin)])
    kept = {path for path in found.licences if path.startswith("tiny-1.0/")}
    assert kept == {
        f"tiny-1.0/{each}" for each in ("LICENSE", "LICENSE.md", "NOTICE", "sboms/tiny.json")
    }
    assert not [path for path in found.files if "dist-info" in path]
    assert found.packages[-1].licence == "MIT"


def test_a_package_without_a_licence_text_is_refused(tmp_path: Path) -> None:
    pin = make_wheel(tmp_path, licence=False)
    with pytest.raises(FileError, match="licence"):
        gather([wheel_of(tmp_path, pin)])


def test_a_package_that_is_cut_whole_is_not_listed(tmp_path: Path) -> None:
    pin = make_wheel(tmp_path, "pygments", files={"pygments/lexers/lisp.py": b"x" * 10})
    found = gather([wheel_of(tmp_path, pin)])
    assert [package.name for package in found.packages] == ["asr-netmap"]
    assert not [path for path in found.licences if path.startswith("pygments")]
    assert ("pygments, markdown-it-py, mdurl", 1, 10) in [
        (left.cut.what, left.files, left.size) for left in found.left_out
    ]


def test_data_folders_are_laid_out_as_pip_would(tmp_path: Path) -> None:
    pin = make_wheel(
        tmp_path,
        files={
            "tiny-1.0.data/purelib/tiny.py": b"p",
            "tiny-1.0.data/platlib/tiny_c.py": b"c",
            "tiny-1.0.data/scripts/tiny": b"s",
        },
    )
    found = gather([wheel_of(tmp_path, pin)])
    assert {"tiny.py", "tiny_c.py"} <= set(found.files)
    assert not [path for path in found.files if "scripts" in path and "tiny" in path]


@pytest.mark.parametrize("name", ["../evil.py", "/etc/evil", "a/../../evil.py", "..\\evil.py"])
def test_a_wheel_that_reaches_outside_is_refused(tmp_path: Path, name: str) -> None:
    pin = make_wheel(tmp_path, files={name: b""})
    with pytest.raises(FileError, match="outside"):
        gather([wheel_of(tmp_path, pin)])


def test_a_damaged_wheel_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tiny-1.0-py3-none-any.whl"
    path.write_bytes(b"PK no zip")
    pin = Pin("tiny", "1.0", "", frozenset({"0" * 64}))
    with pytest.raises(FileError, match=r"tiny-1\.0-py3-none-any\.whl can't be read"):
        gather([wheel_of(tmp_path, pin)])


@pytest.mark.parametrize(
    ("path", "stays"),
    [
        ("azure/mgmt/network/aio/_client.py", False),
        ("azure/mgmt/network/models/_models.py", True),
        ("azure/identity/aio/__init__.py", False),
        ("azure/core/pipeline/_base_async.py", True),
        ("azure/core/polling/async_base_polling.py", True),
        ("cffi/api.py", False),
        ("_cffi_backend.cpython-310-x86_64-linux-gnu.so", True),
        ("certifi/cacert.pem", True),
        ("certifi/tests/test.py", False),
        ("pydantic/v1/main.py", False),
        ("pydantic/main.py", True),
        ("cryptography/hazmat/bindings/_rust/x509.pyi", False),
        ("asr_netmap/testing/__init__.py", True),
        ("a/__pycache__/b.cpython-310.pyc", False),
    ],
)
def test_what_is_left_out(path: str, stays: bool) -> None:
    assert (cut_of(path) is None) is stays


def test_no_cut_takes_a_file_of_this_program(alone: Contents) -> None:
    assert alone.left_out == ()
    assert all(cut.why for cut in CUTS)


def test_the_record_names_every_file_with_its_hash_and_size(alone: Contents) -> None:
    with opened(alone) as archive:
        record = f"{INFO}/RECORD"
        rows = list(csv.reader(io.StringIO(archive.read(record).decode())))
        assert [row[0] for row in rows if row[0] == record] == [record]
        assert {row[0] for row in rows} == set(archive.namelist())
        for path, digest, size in rows:
            if path == record:
                continue
            data = archive.read(path)
            raw = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            assert (digest, size) == (f"sha256={raw}", str(len(data)))


def test_metadata_and_tags_say_what_it_is(alone: Contents) -> None:
    with opened(alone) as archive:
        metadata = archive.read(f"{INFO}/METADATA").decode()
        wheel = archive.read(f"{INFO}/WHEEL").decode()
    assert f"Name: asr-netmap-runbook\nVersion: {asr_netmap.__version__}\n" in metadata
    assert "Requires-Dist" not in metadata
    assert "Requires-Python: ==3.10.*\n" in metadata
    assert "Tag: cp310-cp310-manylinux2014_x86_64\n" in wheel
    assert "Tag: cp310-cp310-manylinux_2_17_x86_64\n" in wheel
    assert wheel_name(AUTOMATION).startswith(f"asr_netmap_runbook-{asr_netmap.__version__}-cp310-")


def test_the_same_contents_give_the_same_bytes_in_any_order(alone: Contents) -> None:
    turned = Contents(
        dict(reversed(list(alone.files.items()))), alone.licences, alone.packages, alone.left_out
    )
    assert wheel_bytes(turned, AUTOMATION) == wheel_bytes(alone, AUTOMATION)


def test_nothing_in_it_tells_when_or_where_it_was_made(alone: Contents) -> None:
    with opened(alone) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100644}
        assert archive.namelist()[-1] == f"{INFO}/RECORD"
