"""``--record`` and ``--cassette``, and the command line in one's own tests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from asr_netmap.cli.options import Access, as_typed
from asr_netmap.sandbox import MemorySandbox, demo_estate
from asr_netmap.sandbox.server import running_server
from asr_netmap.testing import CliResult, run_cli
from asr_netmap.testing.cassette import load
from asr_netmap.testing.lint import lint_file
from tests.cli.conftest import NETMAP

HERE = ("--config", "netmap.yaml")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "netmap.yaml").write_text(NETMAP)
    return tmp_path


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CliResult]:
    """The cassette of an apply on the demo estate, and what the command said."""
    folder = tmp_path_factory.mktemp("applied")
    (folder / "netmap.yaml").write_text(NETMAP)
    config = ("--config", str(folder / "netmap.yaml"))
    path = folder / "apply.yaml"
    said = run_cli(
        ["apply", "--sandbox", "demo", *config, "--yes", "--format=json", "--record", str(path)]
    )
    return path, said


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cassette of a plan: nothing but reads."""
    return recorded("plan", tmp_path_factory.mktemp("looked"), 0)


def recorded(command: str, folder: Path, code: int) -> Path:
    """The cassette of a reading command over the demo estate."""
    (folder / "netmap.yaml").write_text(NETMAP)
    path = folder / "look.yaml"
    config = ("--config", str(folder / "netmap.yaml"))
    assert run_cli([command, "--sandbox", "demo", *config, "--record", str(path)]).exit_code == code
    return path


def body(text: str) -> dict[str, object]:
    document = json.loads(text)
    assert isinstance(document, dict)
    return document


def test_a_recorded_apply_replays_with_the_same_outcomes(applied: tuple[Path, CliResult]) -> None:
    path, live = applied
    assert live.exit_code == 5, live.stderr  # one item is still in its first replication
    assert f"to {path}." in live.stderr
    assert lint_file(path) == []
    again = run_cli(["apply", "--cassette", str(path), *HERE, "--yes", "--format", "json"])
    assert again.exit_code == 5, again.stderr
    first, second = json.loads(live.stdout), json.loads(again.stdout)
    assert (first["cassette"], second["cassette"]) == (None, "apply.yaml")
    assert first["sandbox"] is second["sandbox"] is True
    for document in (first, second):  # commands name where each of them looked
        for finding in document["findings"]:
            finding.pop("command")
    for name in ("pending", "findings", "not_looked_at"):
        assert second[name] == first[name]
    told = [
        [(o["id"], o["status"], o["code"], o["seconds"]) for o in each["outcomes"]]
        for each in (first, second)
    ]
    assert told[0] == told[1]
    assert len(told[0]) > 10
    assert list(json.loads(again.stdout))[:3] == ["schema", "sandbox", "cassette"]


@pytest.mark.parametrize(
    "command",
    [
        ("plan",),
        ("discover",),
        ("nics", "list"),
        ("nics", "export"),
        ("nics", "explain", "--vm", "app1"),
    ],
    ids=" ".join,
)
def test_every_reading_command_says_that_it_is_a_recording(
    command: tuple[str, ...], looked: Path
) -> None:
    says_that_it_is_a_recording(command, looked)


def test_a_verification_reads_more_than_a_plan_and_has_a_cassette_of_its_own(
    looked: Path, tmp_path: Path
) -> None:
    missed = run_cli(["verify", "--cassette", str(looked), *HERE])
    assert missed.exit_code == 1
    assert "is not recorded" in missed.stderr
    says_that_it_is_a_recording(("verify",), recorded("verify", tmp_path, 3))


def says_that_it_is_a_recording(command: tuple[str, ...], looked: Path) -> None:
    banner = "CASSETTE look.yaml: recorded 2026-01-01 00:00 UTC on the sandbox"
    over = [*command, "--cassette", str(looked), *HERE]
    found = run_cli([*over, "--format", "json"])
    assert found.exit_code in {0, 3, 5}, found.stderr
    assert body(found.stdout)["cassette"] == "look.yaml"
    assert banner in found.stderr
    plain = run_cli(over)
    assert banner in plain.stdout + plain.stderr
    assert "SANDBOX:" not in plain.stdout + plain.stderr


def test_what_a_run_leaves_of_a_cassette_is_said_even_if_it_is_quiet(looked: Path) -> None:
    whole = run_cli(["plan", "--cassette", str(looked), *HERE])
    assert "were not asked for" not in whole.stderr
    part = run_cli(["nics", "list", "--cassette", str(looked), *HERE, "--quiet"])
    assert part.exit_code == 0, part.stderr
    count = len(load(looked).interactions)
    assert part.stderr == (f"look.yaml: 1 of {count} recorded interactions were not asked for.\n")


def test_a_run_that_leaves_recorded_writes_is_no_replay_and_fails(
    applied: tuple[Path, CliResult],
) -> None:
    found = run_cli(["nics", "list", "--cassette", str(applied[0]), *HERE])
    assert found.exit_code == 1
    assert re.search(
        r"apply\.yaml: \d+ of \d+ recorded interactions were not asked for, \d+ of them writes:",
        found.stderr,
    )
    assert "PUT /subscriptions/" in found.stderr
    assert "GET /subscriptions/" not in found.stderr
    assert "record this, too" in found.stderr


def test_after_a_replay_no_next_command_is_proposed(
    applied: tuple[Path, CliResult], looked: Path
) -> None:
    over = ("--cassette", str(looked), *HERE)
    for command in (["plan"], ["plan", "--out", "p.json"], ["nics", "export", "--out", "n.csv"]):
        found = run_cli([*command, *over])
        assert found.exit_code == 0, found.stderr
        assert "Next:" not in found.stderr
    done = run_cli(["apply", "--cassette", str(applied[0]), *HERE, "--yes"])
    assert "pending" in done.stderr
    assert "Next:" not in done.stderr


def test_a_snapshot_can_be_taken_of_a_recorded_snapshot() -> None:
    taken = run_cli(["snapshot", "--sandbox", "demo", *HERE, "--out", "a.json", "--record", "c"])
    assert taken.exit_code == 0, taken.stderr
    again = run_cli(["snapshot", "--cassette", "c", *HERE, "--out", "b.json"])
    assert again.exit_code == 0, again.stderr
    first, second = (json.loads(Path(name).read_text()) for name in ("a.json", "b.json"))
    assert [row["id"] for row in first["resources"]] == [row["id"] for row in second["resources"]]


def test_recording_the_demo_twice_gives_the_same_file() -> None:
    for name in ("a.yaml", "b.yaml"):
        assert run_cli(["plan", "--sandbox", "demo", *HERE, "--record", name]).exit_code == 0
    assert Path("a.yaml").read_bytes() == Path("b.yaml").read_bytes()


def test_an_estate_file_and_a_served_sandbox_can_be_recorded() -> None:
    demo_estate().save(Path("estate.json"))
    with running_server(MemorySandbox(demo_estate())) as url:
        for name, where in (("a", ("--sandbox", "estate.json")), ("b", ("--endpoint", url))):
            found = run_cli(["verify", *where, *HERE, "--record", name, "--workers", "4"])
            assert found.exit_code == 3, found.stderr
    for name in ("a", "b"):
        assert lint_file(Path(name)) == []
        assert run_cli(["verify", "--cassette", name, *HERE]).exit_code == 3


def test_a_run_that_fails_is_recorded_and_fails_alike_on_its_cassette() -> None:
    wrong = ("--vault-name", "nowhere", *HERE)
    live = run_cli(["plan", "--sandbox", "demo", *wrong, "--record", "x.yaml"])
    assert live.exit_code == 1
    assert load(Path("x.yaml")).interactions
    again = run_cli(["plan", "--cassette", "x.yaml", *wrong])
    assert again.exit_code == 1
    told = [
        [line for line in r.stderr.splitlines() if "Recorded" not in line] for r in (live, again)
    ]
    assert told[0][-1] == told[1][-1]


def test_what_is_not_recorded_ends_with_1_and_says_what_is_near(
    applied: tuple[Path, CliResult],
) -> None:
    path, _ = applied
    wrong = ("--vault-name", "vault-rd", *HERE)
    found = run_cli(["plan", "--cassette", str(path), *wrong])
    assert found.exit_code == 1
    assert "is not recorded" in found.stderr
    assert "vaults/vault-dr" in found.stderr
    assert found.stdout == ""


def test_the_ids_of_a_configuration_come_back() -> None:
    real = "8c9f0e1d-2b3a-4c5d-9e8f-7a6b5c4d3e2f"
    text = json.dumps(demo_estate().to_document())
    made_up = "11111111-2222-3333-4444-555555555555"
    Path("estate.json").write_text(text.replace(made_up, real))
    Path("netmap.yaml").write_text(NETMAP.replace(made_up, real))
    live = run_cli(
        ["plan", "--sandbox", "estate.json", *HERE, "--format", "json", "--record", "x.yaml"]
    )
    assert live.exit_code == 0, live.stderr
    assert real not in Path("x.yaml").read_text()
    again = run_cli(["plan", "--cassette", "x.yaml", *HERE, "--format", "json"])
    assert again.exit_code == 0, again.stderr
    assert body(again.stdout)["changes"] == body(live.stdout)["changes"]


@pytest.mark.parametrize(
    "options",
    [
        ("--cassette", "x", "--sandbox", "demo"),
        ("--cassette", "x", "--endpoint", "http://127.0.0.1:1"),
        ("--cassette", "x", "--record", "y"),
        ("--cassette", "x", "--ca", "y"),
    ],
)
def test_options_that_contradict_are_refused(options: tuple[str, ...]) -> None:
    assert run_cli(["plan", *HERE, *options]).exit_code == 2


def test_a_file_that_is_no_cassette_is_neither_played_nor_overwritten() -> None:
    before = Path("netmap.yaml").read_text()
    played = run_cli(["plan", *HERE, "--cassette", "netmap.yaml"])
    assert played.exit_code == 1
    assert "netmap.yaml:1: no cassette" in played.stderr
    recorded = run_cli(["plan", *HERE, "--sandbox", "demo", "--record", "netmap.yaml"])
    assert recorded.exit_code == 1
    assert "not overwritten" in recorded.stderr
    assert Path("netmap.yaml").read_text() == before


def test_the_next_command_does_not_record_again() -> None:
    assert "--record" not in as_typed(Access(sandbox="demo", record=Path("x.yaml")))
    assert "--cassette" not in as_typed(Access(cassette=Path("x.yaml")))
    said = run_cli(["plan", "--sandbox", "demo", *HERE, "--record", "x.yaml"])
    assert re.search(r"^Next: .*--sandbox demo", said.stderr, re.MULTILINE)
    assert "--record" not in said.stderr


def test_neither_option_can_come_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASR_NETMAP_CASSETTE", "nothing.yaml")
    monkeypatch.setenv("ASR_NETMAP_RECORD", "made.yaml")
    assert run_cli(["plan", "--sandbox", "demo", *HERE]).exit_code == 0
    assert not Path("made.yaml").exists()


def test_a_run_in_a_test_does_not_go_to_azure() -> None:
    refused = run_cli(["plan", *HERE])
    assert refused.exit_code == 2
    assert "kept from the network" in refused.stderr


def test_no_journal_is_left_of_a_run_on_a_cassette(
    applied: tuple[Path, CliResult], own_environment: Path
) -> None:
    run_cli(["apply", "--cassette", str(applied[0]), *HERE, "--yes"])
    assert list(own_environment.rglob("*.jsonl")) == []


def test_without_vcrpy_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['vcr'] = None; sys.modules['vcr.serialize'] = None\n"
        "from asr_netmap.cli import app\n"
        "for option in ('--cassette', '--record'):\n"
        "    sys.argv[1:] = ['plan', '--config', 'netmap.yaml', option, 'x.yaml']\n"
        "    try: app()\n"
        "    except SystemExit as end: print('ended with', int(end.code), file=sys.stderr)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    first, second, rest = found.stderr.split("ended with 2\n")
    assert rest == ""
    for said in (first, second):
        assert "pip install 'asr-netmap[testing]'" in said
