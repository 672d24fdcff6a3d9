"""Where the wheels come from: pip, or a folder; only the locked files will do."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from asr_netmap.errors import FileError
from asr_netmap.runbook.bundle.building import build
from asr_netmap.runbook.bundle.fetching import download, run_pip, wheels
from asr_netmap.runbook.bundle.lock import Pin
from asr_netmap.runbook.bundle.target import parse_target
from tests.bundle.tiny_wheels import make_wheel

AUTOMATION = parse_target("3.10", "manylinux2014_x86_64")
PIN = Pin("tiny", "1.0", "", frozenset({"0" * 64}))


class Pip:
    """Says what it is told to, and keeps what it was asked."""

    def __init__(self, code: int = 0, said: str = "") -> None:
        self.answer = code, said
        self.asked: list[list[str]] = []
        self.requirements = ""

    def __call__(self, arguments: Sequence[str]) -> tuple[int, str]:
        self.asked.append(list(arguments))
        self.requirements = Path(arguments[-1]).read_text()
        return self.answer


def values(arguments: Sequence[str], option: str) -> list[str]:
    return [after for before, after in itertools.pairwise(arguments) if before == option]


def test_pip_is_asked_for_wheels_of_the_target_with_hashes_and_nothing_else(tmp_path: Path) -> None:
    pip = Pip()
    download([PIN], AUTOMATION, tmp_path, pip)
    (asked,) = pip.asked
    assert asked[0] == "download"
    assert {"--no-deps", "--require-hashes"} <= set(asked)
    assert values(asked, "--only-binary") == [":all:"]
    assert values(asked, "--python-version") == ["3.10"]
    assert values(asked, "--implementation") == ["cp"]
    assert values(asked, "--abi") == ["cp310", "abi3", "none"]
    assert {"manylinux2014_x86_64", "manylinux_2_17_x86_64"} <= set(values(asked, "--platform"))
    assert pip.requirements == f"tiny==1.0 \\\n    --hash=sha256:{'0' * 64}\n"


def test_the_wheel_that_fits_best_is_taken(tmp_path: Path) -> None:
    pure = make_wheel(tmp_path)
    compiled = make_wheel(tmp_path, tags="cp310-cp310-manylinux2014_x86_64")
    make_wheel(tmp_path, tags="cp311-cp311-manylinux2014_x86_64")
    pin = Pin("tiny", "1.0", "", pure.hashes | compiled.hashes)
    (found,) = wheels([pin], AUTOMATION, tmp_path)
    assert found.file == "tiny-1.0-cp310-cp310-manylinux2014_x86_64.whl"
    assert found.sha256 in compiled.hashes


def test_names_are_compared_as_an_index_does(tmp_path: Path) -> None:
    pin = make_wheel(tmp_path, "Tiny_Thing")
    (found,) = wheels([Pin("tiny-thing", "1.0", "", pin.hashes)], AUTOMATION, tmp_path)
    assert found.file.startswith("Tiny_Thing-")


def test_a_file_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    make_wheel(tmp_path)
    with pytest.raises(FileError, match="not the file that the lock means"):
        wheels([PIN], AUTOMATION, tmp_path)


def test_a_missing_wheel_is_named(tmp_path: Path) -> None:
    make_wheel(tmp_path, version="1.1")
    with pytest.raises(FileError, match=r"no wheel of tiny 1\.0"):
        wheels([PIN], AUTOMATION, tmp_path)


def test_a_wheel_for_another_machine_is_named(tmp_path: Path) -> None:
    make_wheel(tmp_path, tags="cp310-cp310-win_amd64")
    with pytest.raises(FileError, match=r"tiny-1\.0-cp310-cp310-win_amd64\.whl"):
        wheels([PIN], AUTOMATION, tmp_path)


def test_a_folder_with_other_files_is_read_past_them(tmp_path: Path) -> None:
    (tmp_path / "odd.whl").write_bytes(b"")
    with pytest.raises(FileError):
        wheels([PIN], AUTOMATION, tmp_path)


def test_another_file_under_a_locked_name_is_no_network_fault() -> None:
    said = "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."
    error = failed(Pip(1, said))
    assert "not the file that the lock means" in error.message
    assert "find out why" in error.hint


def test_no_network_is_told_with_what_can_be_done() -> None:
    said = "WARNING: Retrying\nERROR: No matching distribution found for tiny==1.0\n"
    error = failed(Pip(1, said))
    assert error.message.endswith("No matching distribution found for tiny==1.0")
    assert "--wheels" in error.hint
    assert "pip config list" in error.hint


def test_a_silent_pip_leaves_an_error_too() -> None:
    assert "it said nothing" in failed(Pip(2)).message


def failed(pip: Pip) -> FileError:
    target = Path("never-made")
    with pytest.raises(FileError) as caught:
        build(target, AUTOMATION, run=pip)
    assert not target.exists()
    return caught.value


def test_without_pip_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(FileError) as caught:
        run_pip(["download"])
    assert "uv pip install pip" in caught.value.hint
    assert "--wheels" in caught.value.hint


def test_pip_is_this_interpreter_s_own() -> None:
    code, said = run_pip(["--version"])
    assert code == 0
    assert said.startswith("pip ")
