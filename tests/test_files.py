"""Files are written whole or not at all, and only their owner may read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from asr_netmap.errors import FileError
from asr_netmap.files import read_bytes, read_text, write_atomically


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_reads_back_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_atomically(path, "one\n")
    write_atomically(path, "zwei: ü\n")
    assert path.read_bytes() == "zwei: ü\n".encode()
    assert read_text(path, "plan file", 100) == "zwei: ü\n"
    assert names_in(tmp_path) == ["plan.json"]


def test_a_file_is_private_unless_it_may_be_public(tmp_path: Path) -> None:
    write_atomically(tmp_path / "private", "x")
    write_atomically(tmp_path / "public", "x", private=False)
    assert mode(tmp_path / "private") == 0o600
    assert mode(tmp_path / "public") == 0o644


def test_a_file_that_was_open_to_all_is_private_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old")
    path.chmod(0o666)
    write_atomically(path, "new")
    assert mode(path) == 0o600


def test_a_link_is_replaced_and_what_it_points_to_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep")
    link = tmp_path / "plan.json"
    link.symlink_to(precious)
    write_atomically(link, "plan")
    assert precious.read_text() == "keep"
    assert not link.is_symlink()
    assert link.read_text() == "plan"


def test_a_link_to_nowhere_is_replaced(tmp_path: Path) -> None:
    link = tmp_path / "plan.json"
    link.symlink_to(tmp_path / "gone")
    write_atomically(link, "plan")
    assert not (tmp_path / "gone").exists()
    assert link.read_text() == "plan"


def test_neither_a_directory_nor_a_pipe_nor_a_link_to_one_is_replaced(tmp_path: Path) -> None:
    """As root, writing to /dev/stdout would otherwise put a file into the place of the device."""
    folder, pipe, link = tmp_path / "folder", tmp_path / "pipe", tmp_path / "link"
    folder.mkdir()
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (folder, pipe, link):
        with pytest.raises(FileError, match="no regular file"):
            write_atomically(path, "x")
    assert names_in(tmp_path) == ["folder", "link", "pipe"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert link.is_symlink()


@pytest.mark.parametrize("name", ["missing/plan.json", "nul\0plan.json", "file/plan.json"])
def test_a_place_that_cannot_be_written_is_said_with_its_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileError, match=r"plan\.json") as caught:
        write_atomically(tmp_path / name, "x")
    assert caught.value.hint


def test_the_old_content_stays_when_the_new_one_cannot_be_encoded(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old")
    with pytest.raises(FileError):
        write_atomically(path, "half a pair: \ud800")
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["plan.json"]


def test_a_name_may_be_as_long_as_the_file_system_takes(tmp_path: Path) -> None:
    path = tmp_path / ("p" * 250 + ".json")
    write_atomically(path, "x")
    assert path.read_text() == "x"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(b"\xef\xbb\xbfx")
    assert read_text(path, "plan file", 10) == "x"
    assert read_bytes(path, "plan file", 10) == b"\xef\xbb\xbfx"


def test_a_file_of_just_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(b"12345")
    assert read_text(path, "plan file", 5) == "12345"
    with pytest.raises(FileError, match="larger than 4 bytes"):
        read_text(path, "plan file", 4)


def test_what_cannot_be_read_is_said_with_what_it_should_have_been(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "missing", tmp_path, binary, tmp_path / "nul\0"):
        with pytest.raises(FileError, match="plan file") as caught:
            read_text(path, "plan file", 100)
        assert caught.value.hint
