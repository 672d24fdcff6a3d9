"""What stands beside the wheel: the runbook, the Bicep files, the roles, the page of steps."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import asr_netmap
from asr_netmap.roles import definition
from asr_netmap.runbook.argument import understood
from asr_netmap.runbook.bundle.deployment import (
    FINISH,
    NIGHTLY,
    RUNBOOK,
    VARIABLE,
    deployment_files,
)
from asr_netmap.runbook.bundle.manifest import SCHEMA
from asr_netmap.runbook.bundle.target import parse_target
from asr_netmap.runbook.options import flags
from tests.bundle.bicep_check import PROPERTIES, faults
from tests.cli.conftest import Run

AUTOMATION = parse_target("3.10", "manylinux2014_x86_64")
WHEEL = "asr_netmap_runbook-1-cp310.whl"
FILES = {
    path: data.decode() for path, data in deployment_files(AUTOMATION, WHEEL, b"wheel").items()
}
BICEP = {path: text for path, text in FILES.items() if path.endswith(".bicep")}
MAIN = BICEP["main.bicep"]


def test_every_placeholder_is_filled() -> None:
    assert [path for path, text in FILES.items() if "@@" in text] == []


@pytest.mark.parametrize("path", BICEP)
def test_the_bicep_files_hold_together(path: str) -> None:
    assert faults(BICEP[path], BICEP) == []


def test_everything_that_is_asked_for_is_deployed() -> None:
    deployed = set(re.findall(r"^resource \w+ '([^']+)'", "\n".join(BICEP.values()), re.MULTILINE))
    assert deployed == set(PROPERTIES)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("runtimeEnvironments/packages@2024-10-23", "packages@2024-10-23", "no type"),
        ("    runbookType: ", "    runbookKind: ", "properties.runbookKind"),
        ("  parent: runtime\n", "  parents: runtime\n", "no property parents"),
        ("uri: packageUri", "uri: packageUrl", "packageUrl is not declared"),
        ("'${writerIdentity.id}': {}", "'${writerIdentty.id}': {}", "writerIdentty"),
        ("uri: runbookUri\n", "uri: runbookUri }\n", "closes nothing"),
        ("modules/roles.bicep", "modules/role.bicep", "no file modules/role.bicep"),
        ("    suffix: accountName\n", "    prefix: accountName\n", "needs suffix"),
        ("roles.outputs.readerId", "roles.outputs.readersId", "gives no readersId"),
        ("param accountName string", "param account_name string", "accountName is not declared"),
    ],
)
def test_the_check_of_bicep_finds_a_planted_fault(old: str, new: str, fault: str) -> None:
    assert old in MAIN
    broken = {**BICEP, "main.bicep": MAIN.replace(old, new)}
    found = faults(broken["main.bicep"], broken)
    assert any(fault in each for each in found), found


def test_a_string_without_end_is_found() -> None:
    assert "1: a string has no end" in faults("var a = 'b\n")


def test_names_are_those_that_azure_takes() -> None:
    """Runbooks and runtime environments: a letter, then letters, digits, dashes, underscores."""
    for name in re.findall(r"^var (?:runtimeName|runbookName) = '([^']+)'", MAIN, re.MULTILINE):
        assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_-]*", name)
    (short,) = re.findall(r"groupShortName: '([^']+)'", MAIN)
    assert len(short) <= 12


def test_the_nightly_job_may_only_look() -> None:
    asked = understood([NIGHTLY], flags())
    assert asked.mode == "verify"
    assert "--fail-on-drift" in asked.words
    assert f"param argument string = '{NIGHTLY}'" in MAIN
    assert f"var variableName = '{VARIABLE}'" in MAIN
    assert understood([FINISH], flags()).mode == "finish"


def test_the_reader_gets_no_writing_role() -> None:
    block = MAIN[MAIN.index("module writerAssignments") :]
    assert MAIN.count("roles.outputs.operatorId") == 1
    assert "roles.outputs.operatorId" in block
    assert "principalId: writerIdentity.properties.principalId" in block


def test_links_that_let_one_download_are_kept_out_of_the_deployment_s_history() -> None:
    for name in ("packageUri", "runbookUri"):
        assert f"@secure()\nparam {name} string\n" in MAIN


def test_the_roles_are_those_that_the_program_prints() -> None:
    for role in ("reader", "operator"):
        assert json.loads(FILES[f"roles/{role}.json"]) == definition(role)
        assert f"loadJsonContent('../roles/{role}.json')" in BICEP["modules/roles.bicep"]


def test_the_hashes_of_wheel_and_runbook_are_the_deployment_s_defaults() -> None:
    runbook_file = FILES[RUNBOOK].encode()
    assert f"param packageSha256 string = '{hashlib.sha256(b'wheel').hexdigest()}'" in MAIN
    assert f"param runbookSha256 string = '{hashlib.sha256(runbook_file).hexdigest()}'" in MAIN
    for name in ("package", "runbook"):
        assert f"contentHash: empty({name}Sha256) ? null : {name}Hash" in MAIN


def test_a_role_can_be_assigned_where_it_is_made() -> None:
    scopes = BICEP["modules/roles.bicep"].split("var scopes = ")[1]
    assert scopes.startswith("union([\n  subscription().id\n], others)")


def test_the_steps_name_every_file_and_do_not_claim_to_have_been_tried() -> None:
    page = FILES["README.md"]
    for name in (WHEEL, RUNBOOK, "main.bicep", "manifest.json", "netmap.yaml"):
        assert name in page
    assert "never deployed" in page
    assert NIGHTLY in page


def runbook(folder: Path, *arguments: str, **packages: str) -> subprocess.CompletedProcess[str]:
    """Run the runbook file with packages of these sources instead of the real ones."""
    path = folder / RUNBOOK
    minor = f"PYTHON = (3, {sys.version_info.minor})"
    path.write_text(FILES[RUNBOOK].replace("PYTHON = (3, 10)", minor))
    for name, source in packages.items():
        inside = folder.joinpath(*name.split("__"))
        inside.mkdir(parents=True)
        (inside / "__init__.py").write_text(source)
    return subprocess.run(
        [sys.executable, "-S", "-s", path, *arguments], capture_output=True, text=True, check=False
    )


def test_the_runbook_passes_its_string_on_and_ends_with_the_job_s_code(tmp_path: Path) -> None:
    done = runbook(
        tmp_path,
        "verify --config netmap",
        asr_netmap=f"__version__ = {asr_netmap.__version__!r}\n",
        asr_netmap__runbook="def main(argv):\n    print(argv)\n    return 3\n",
    )
    assert (done.returncode, done.stdout) == (3, "['verify --config netmap']\n"), done.stderr


def test_the_runbook_says_that_the_package_is_missing(tmp_path: Path) -> None:
    done = runbook(tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("ERROR: The package asr_netmap_runbook can't be loaded")
    assert "No module named 'asr_netmap'" in done.stdout
    assert done.stderr == ""


def test_the_runbook_refuses_a_package_of_another_version(tmp_path: Path) -> None:
    done = runbook(
        tmp_path,
        asr_netmap="__version__ = '0.0.1'\n",
        asr_netmap__runbook="def main(argv):\n    raise AssertionError\n",
    )
    assert done.returncode == 1
    assert "holds 0.0.1" in done.stdout


def test_the_runbook_says_which_python_it_needs(tmp_path: Path) -> None:
    path = tmp_path / RUNBOOK
    path.write_text(FILES[RUNBOOK].replace("PYTHON = (3, 10)", "PYTHON = (3, 2)"))
    done = subprocess.run(
        [sys.executable, "-S", "-s", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout.startswith("ERROR: This is Python 3.")
    assert f"--python 3.{sys.version_info.minor}" in done.stdout


def test_an_old_python_can_read_the_runbook_and_say_so() -> None:
    ast.parse(FILES[RUNBOOK], feature_version=(3, 4))
    assert not re.search(r"""(?<!\w)f["']""", FILES[RUNBOOK])


def test_the_command_makes_the_folder_and_says_what_is_next(
    run: Run, folder: Path, locked_wheels: Path
) -> None:
    done = run("runbook", "bundle", "--out", "bundle", "--wheels", str(locked_wheels))
    assert (done.code, done.out) == (0, "")
    assert "packages in one" in done.err
    manifest = json.loads((folder / "bundle" / "manifest.json").read_text())
    assert manifest["schema"] == SCHEMA
    files = {
        path.relative_to(folder / "bundle").as_posix() for path in (folder / "bundle").rglob("*")
    }
    for each in manifest["files"]:
        data = (folder / "bundle" / each["path"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (each["size"], each["sha256"])
        files.remove(each["path"])
    assert files == {"manifest.json", "modules", "roles"}
    assert all(package["licence_files"] for package in manifest["packages"])
    assert {package["name"] for package in manifest["packages"]} >= {"asr-netmap", "azure-core"}
    assert sum(left["size"] for left in manifest["left_out"]) > 10_000_000


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--python", "3.9"), 2, "no Python that asr-netmap runs on"),
        (("--platform", "plan9"), 2, "is not understood"),
        (("--wheels", "nowhere"), 1, "There is no wheel of"),
    ],
)
def test_what_can_not_be_made_is_refused_before_anything_is_written(
    run: Run, folder: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = run("runbook", "bundle", "--out", "bundle", *arguments)
    assert done.code == code
    assert said in done.err
    assert not (folder / "bundle").exists()
