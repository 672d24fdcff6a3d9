"""Which wheels a bundle is made of: the lock, its markers, and the tags that fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from asr_netmap.errors import FileError, UsageError
from asr_netmap.runbook.bundle.lock import LOCK, marker_holds, parse_lock, pins_for
from asr_netmap.runbook.bundle.target import (
    DEFAULT_PLATFORM,
    DEFAULT_PYTHON,
    Target,
    parse_target,
)

ROOT = Path(__file__).resolve().parents[2]
AUTOMATION = parse_target(DEFAULT_PYTHON, DEFAULT_PLATFORM)


def test_the_packaged_lock_is_the_project_s_own() -> None:
    assert LOCK.read_bytes() == (ROOT / "requirements.lock").read_bytes()


def test_every_direct_dependency_is_pinned_for_the_target_once() -> None:
    names = [pin.name for pin in pins_for(AUTOMATION)]
    assert len(names) == len(set(names))
    wanted = {"azure-core", "azure-identity", "azure-mgmt-network", "pydantic", "pyyaml", "typer"}
    assert wanted <= set(names)


def test_what_only_development_needs_is_not_among_them() -> None:
    names = {pin.name for pin in pins_for(AUTOMATION)}
    assert not names & {"pytest", "ruff", "mypy", "hypothesis", "vcrpy", "coverage", "hatchling"}


def test_a_windows_worker_gets_what_windows_needs() -> None:
    windows = {pin.name for pin in pins_for(parse_target("3.10", "win_amd64"))}
    assert windows - {pin.name for pin in pins_for(AUTOMATION)} == {"colorama"}


def test_another_python_gets_other_versions() -> None:
    older = {pin.title for pin in pins_for(AUTOMATION)}
    newer = {pin.title for pin in pins_for(parse_target("3.12", DEFAULT_PLATFORM))}
    assert any(title.startswith("typer ") for title in older - newer)


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("python_full_version < '3.11'", True),
        ("python_full_version >= '3.11'", False),
        ("python_full_version >= '3.9'", True),
        ("python_version == '3.10'", True),
        ("python_full_version == '3.10'", True),
        ("'3.10' <= python_full_version", True),
        ("sys_platform == 'win32'", False),
        ("implementation_name != 'PyPy' and platform_python_implementation != 'PyPy'", True),
        ("sys_platform == 'win32' or os_name == 'posix'", True),
        ("(sys_platform == 'win32' or os_name == 'posix') and python_version < '3.10'", False),
    ],
)
def test_markers_are_judged_for_the_target(marker: str, holds: bool) -> None:
    assert marker_holds(marker, AUTOMATION.markers, LOCK) is holds


@pytest.mark.parametrize(
    "marker",
    ["extra == 'x'", "python_version ~= '3.10'", "python_version in '3.10'", "True", "f()", "'3."],
)
def test_a_marker_that_is_not_understood_is_an_error_and_no_guess(marker: str) -> None:
    with pytest.raises(FileError, match="not understood"):
        marker_holds(marker, AUTOMATION.markers, LOCK)


@pytest.mark.parametrize("text", ["tiny==1.0\n", "tiny>=1 \\\n  --hash=sha256:" + "0" * 64 + "\n"])
def test_a_pin_without_hash_or_version_is_refused(text: str) -> None:
    with pytest.raises(FileError, match="tiny"):
        parse_lock(text, LOCK)


@pytest.mark.parametrize(
    ("tags", "fits"),
    [
        ("py3-none-any", True),
        ("py2.py3-none-any", True),
        ("py310-none-any", True),
        ("py311-none-any", False),
        ("py2-none-any", False),
        ("cp310-cp310-manylinux2014_x86_64", True),
        ("cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64", True),
        ("cp310-cp310-manylinux_2_28_x86_64", False),
        ("cp310-cp310-manylinux_2_12_x86_64.manylinux2010_x86_64", True),
        ("cp310-cp310-manylinux2014_aarch64", False),
        ("cp310-cp310-musllinux_1_2_x86_64", False),
        ("cp310-cp310-win_amd64", False),
        ("cp311-cp311-manylinux2014_x86_64", False),
        ("cp39-abi3-manylinux2014_x86_64", True),
        ("cp311-abi3-manylinux2014_x86_64", False),
        ("cp39-cp39-manylinux2014_x86_64", False),
        ("pp310-pypy310_pp73-manylinux2014_x86_64", False),
    ],
)
def test_a_wheel_fits_by_its_tags(tags: str, fits: bool) -> None:
    assert (AUTOMATION.rank(tags) is not None) is fits


def test_a_compiled_wheel_beats_a_pure_one() -> None:
    compiled = AUTOMATION.rank("cp310-cp310-manylinux2014_x86_64")
    stable = AUTOMATION.rank("cp39-abi3-manylinux2014_x86_64")
    pure = AUTOMATION.rank("py3-none-any")
    assert compiled is not None and stable is not None and pure is not None
    assert compiled < stable < pure


def test_the_wheel_s_own_tag_is_the_form_of_microsoft_s_example() -> None:
    assert AUTOMATION.tag == "cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64"


@pytest.mark.parametrize(
    ("python", "platform", "target"),
    [
        ("3.12", "manylinux_2_28_x86_64", Target(12, 28, "x86_64")),
        ("3.10", "manylinux2014_aarch64", Target(10, 17, "aarch64")),
        ("3.13", "win_amd64", Target(13, None, "amd64")),
    ],
)
def test_other_targets_can_be_named(python: str, platform: str, target: Target) -> None:
    assert parse_target(python, platform) == target


@pytest.mark.parametrize(
    ("python", "platform"),
    [
        ("3.9", DEFAULT_PLATFORM),
        ("3.14", DEFAULT_PLATFORM),
        ("310", DEFAULT_PLATFORM),
        ("3.10.1", DEFAULT_PLATFORM),
        ("3.10", "linux_x86_64"),
        ("3.10", "manylinux2015_x86_64"),
        ("3.10", "manylinux2014_s390x"),
        ("3.10", "macosx_11_0_arm64"),
        ("3.10", ""),
    ],
)
def test_a_target_that_can_not_be_is_refused(python: str, platform: str) -> None:
    with pytest.raises(UsageError):
        parse_target(python, platform)
