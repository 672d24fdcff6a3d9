"""Every cassette is current, replays to the last interaction, and shows its user the same."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from asr_netmap.cli.connecting import instead_of_azure
from asr_netmap.testing import ReplayTransport, run_cli
from asr_netmap.testing.cassette import dumps, load
from asr_netmap.testing.lint import lint_folder
from asr_netmap.testing.replay import connected
from tests.cassettes import page
from tests.cassettes.record import faults_of
from tests.cassettes.recording import FOLDER, path_of, recorded, same, working_in
from tests.cassettes.scenarios import COMMANDS, FAULTS, SCENARIOS, Scenario

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)


@each_scenario
def test_a_cassette_is_current_and_shows_its_user_what_the_recording_showed(
    scenario: Scenario, tmp_path: Path
) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    first.mkdir()
    again.mkdir()
    made = recorded(scenario, first)
    said = made.result.stdout + made.result.stderr
    assert faults_of(scenario, made.result.exit_code, said) == []
    if scenario in FAULTS:
        assert page.block(scenario, made.result) in page.PATH.read_text(encoding="utf-8")
    kept = load(path_of(scenario))
    assert same(kept, made.cassette), "run ./scripts/record_cassettes and look at what changed"

    transport = ReplayTransport(kept)
    with (
        connected(transport) as azure,
        working_in(scenario, again),
        instead_of_azure(lambda _cloud: azure),
    ):
        result = run_cli(scenario.command)
    transport.finish()  # everything was asked for, and nothing else
    assert result.exit_code == made.result.exit_code
    assert page.comparable(result.stdout) == page.comparable(made.result.stdout)
    assert page.comparable(result.stderr) == page.comparable(made.result.stderr)
    assert not [t for t in threading.enumerate() if t.name.startswith("LROPoller")]


@pytest.mark.parametrize("name", ["discover", "write-throttled", "us-government"])
def test_the_same_works_with_the_option(name: str, tmp_path: Path) -> None:
    (scenario,) = [each for each in SCENARIOS if each.name == name]
    with working_in(scenario, tmp_path):
        result = run_cli([*scenario.command, "--cassette", str(path_of(scenario))])
    assert result.exit_code == scenario.code
    assert f"CASSETTE {name}.yaml" in result.stdout
    assert all(text in result.stdout + result.stderr for text in scenario.says)


def test_recording_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    (scenario,) = [each for each in SCENARIOS if each.name == "apply-both-directions"]
    one, other = (tmp_path / name for name in ("one", "other"))
    one.mkdir()
    other.mkdir()
    texts = [dumps(recorded(scenario, folder).cassette) for folder in (one, other)]
    assert texts[0] == texts[1]


def test_waiting_as_long_as_azure_says_takes_no_time_in_a_replay() -> None:
    (scenario,) = [each for each in FAULTS if each.name == "read-throttled"]
    transport = ReplayTransport(load(path_of(scenario)))
    with connected(transport) as azure, instead_of_azure(lambda _cloud: azure):
        assert run_cli(scenario.command).exit_code == 0
    waited = transport.clock.monotonic()
    assert waited >= 2 * 17


def test_nothing_private_is_in_the_folder() -> None:
    assert lint_folder(FOLDER) == []


def test_every_file_belongs_to_a_scenario_and_the_page_is_current() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {each.name for each in SCENARIOS}
    assert page.is_current()


def test_every_command_that_talks_to_azure_has_a_cassette() -> None:
    import typer

    from asr_netmap.cli import build

    found = set(_taking(typer.main.get_command(build()), "--cassette"))
    told = {" ".join(each.command) for each in COMMANDS}
    missing = [name for name in found if not any(text.startswith(name) for text in told)]
    assert found
    assert missing == []


def _taking(command: object, option: str, prefix: str = "") -> list[str]:
    below = getattr(command, "commands", None)
    if below:
        return [
            name for key, sub in below.items() for name in _taking(sub, option, f"{prefix} {key}")
        ]
    options = [name for each in getattr(command, "params", ()) for name in each.opts]
    return [prefix.strip()] if option in options else []
