"""What can be typed: options, variables, help, usage errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from asr_netmap import __version__
from asr_netmap.cli import Commands, app
from asr_netmap.cli.options import Auth
from asr_netmap.cli.program import Listed
from asr_netmap.gateway import credentials
from asr_netmap.settings import ORIGINS
from tests.cli.conftest import REGION_OPTIONS, VAULT_OPTIONS, Run

NEVER_FROM_THE_ENVIRONMENT = {
    "--sandbox",
    "--endpoint",
    "--cassette",
    "--record",
    "--yes",
    "--allow-retarget",
    "--allow-shared-target",
    "--max-changed-percent",
    "--max-changes",
    "--during-failover",
    "--enforce",
    "--retarget-items",
    "--force",
    "--pending-ok",
}
FROM_THE_ENVIRONMENT = {
    "--config",
    "--subscription",
    "--resource-group",
    "--vault-name",
    "--vault-id",
    "--source-region",
    "--target-region",
    "--cloud",
    "--auth",
    "--format",
    "--workers",
    "--deadline",
}


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, child in getattr(command, "commands", {}).items():
        yield from leaves(child, (*path, name))
    if not hasattr(command, "commands"):
        yield path, command


COMMANDS = dict(leaves(get_command(app)))


def options_of(command: Any) -> dict[str, Any]:
    return {text: each for each in command.params for text in each.opts if text.startswith("--")}


def test_the_commands_are_those_of_the_design() -> None:
    assert {" ".join(path) for path in COMMANDS} == {
        "init",
        "discover",
        "plan",
        "apply",
        "verify",
        "map",
        "unmap",
        "protect",
        "nics list",
        "nics export",
        "nics import",
        "nics set",
        "nics explain",
        "report",
        "snapshot",
        "roles",
        "runbook bundle",
        "sandbox new",
        "sandbox serve",
        "demo",
    }


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_that_names_it(
    run: Run, path: tuple[str, ...]
) -> None:
    shown = run(*path, "--help")
    assert shown.code == 0
    assert f"\n    asr-netmap {' '.join(path)}" in shown.out
    assert "Example" in shown.out
    for text, option in options_of(COMMANDS[path]).items():
        assert option.help, f"{text} has no help"


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_what_fakes_a_green_run_or_gives_consent_has_no_variable(path: tuple[str, ...]) -> None:
    for text, option in options_of(COMMANDS[path]).items():
        if text in NEVER_FROM_THE_ENVIRONMENT:
            assert not option.envvar, text
        # The report's formats are its own; the variable says what the others write.
        if text in FROM_THE_ENVIRONMENT and (text, path) != ("--format", ("report",)):
            assert option.envvar == "ASR_NETMAP_" + text[2:].upper().replace("-", "_")


@pytest.mark.parametrize("name", ["discover", "plan", "apply", "verify"])
def test_every_command_that_reads_a_vault_has_the_common_options(name: str) -> None:
    common = FROM_THE_ENVIRONMENT - {"--deadline"} | {"--sandbox", "--endpoint", "--only"}
    common |= {"--cassette", "--record"}
    assert common <= set(options_of(COMMANDS[(name,)]))
    assert {"--quiet", "--verbose", "--debug"} <= set(options_of(COMMANDS[(name,)]))


@pytest.mark.parametrize("name", ["apply", "map"])
def test_every_command_that_writes_has_the_consent_flags_and_limits(name: str) -> None:
    wanted = {
        *("--yes", "--allow-retarget", "--allow-shared-target", "--max-changed-percent"),
        *("--during-failover", "--enforce", "--retarget-items", "--canary", "--max-failures"),
        *("--max-changes", "--deadline", "--pending-ok"),
    }
    assert wanted <= set(options_of(COMMANDS[(name,)]))


def test_settings_and_options_speak_of_the_same_variables() -> None:
    """Messages about missing settings name options and variables: they have to exist."""
    options = options_of(COMMANDS[("plan",)])
    for name in ("subscription", "resource_group", "vault_name", "source_region", "target_region"):
        origin = ORIGINS[name]
        assert options[origin.option.rpartition("/")[2]].envvar == origin.variable


def test_the_kinds_of_credentials_are_those_of_the_gateway() -> None:
    assert [each.value for each in Auth] == [each.value for each in credentials.Auth]


def test_version_and_help_without_a_command(run: Run) -> None:
    assert run("--version").out == f"asr-netmap {__version__}\n"
    assert run("--help").code == 0
    assert run().code == 2


def test_an_unknown_command_is_refused_with_the_nearest_one(run: Run) -> None:
    refused = run("verfy")
    assert refused.code == 2
    assert "verify" in refused.err
    assert refused.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("discover", "--format", "xml"),
        ("plan", "--workers", "0"),
        ("plan", "--cloud", "Moon"),
        (
            "plan",
            "--sandbox",
            "demo",
            "--endpoint",
            "http://127.0.0.1:1",
            "--config",
            "netmap.yaml",
        ),
        ("plan", "--ca", "x.pem", "--config", "netmap.yaml"),
        ("plan", "--sandbox", "demo", "--config", "netmap.yaml", "--only", "color=red"),
        ("plan", "--sandbox", "demo"),
        ("plan", "--sandbox", "demo", "--config", "nothing.yaml"),
        ("plan", "--endpoint", "http://example.com", "--config", "netmap.yaml"),
        ("discover", "--sandbox", "demo", "--source-region", "eastasia"),
        ("discover", "--sandbox", "demo", "--vault-id", "/subscriptions/x"),
        ("apply", "--yes", "--strict", "--sandbox", "demo", "--config", "netmap.yaml"),
        ("apply", "--yes", "--deadline", "soon", "--sandbox", "demo", "--config", "netmap.yaml"),
        ("map", "--yes", "--sandbox", "demo", *VAULT_OPTIONS, *REGION_OPTIONS),
        ("sandbox", "serve", "--estate", "estate.json", "--tls-key", "key.pem"),
    ],
)
def test_what_can_not_be_right_ends_with_2_and_nothing_on_standard_output(
    run: Run, arguments: tuple[str, ...]
) -> None:
    refused = run(*arguments)
    assert refused.code == 2
    assert refused.out == ""
    assert "rror" in refused.err


def test_all_missing_options_are_named_at_once_and_a_file_that_is_there(run: Run) -> None:
    refused = run("plan", "--sandbox", "demo")
    for text in ("--vault-name", "ASR_NETMAP_SOURCE_REGION", "vault.resource_group"):
        assert text in refused.err
    assert "add --config netmap.yaml" in refused.err


def test_regions_may_be_written_as_the_portal_does(run: Run) -> None:
    regions = ("--source-region", "East Asia", "--target-region", "Southeast Asia")
    found = run("plan", "--sandbox", "demo", *VAULT_OPTIONS, *regions, "--format", "json")
    assert found.code == 0
    assert found.json["scopes"][0]["source_region"] == "eastasia"


def test_options_may_come_from_variables_and_the_command_line_wins(run: Run) -> None:
    variables = {
        "ASR_NETMAP_RESOURCE_GROUP": "rg-vault",
        "ASR_NETMAP_VAULT_NAME": "vault-nowhere",
        "ASR_NETMAP_SOURCE_REGION": "eastasia",
        "ASR_NETMAP_TARGET_REGION": "southeastasia",
        "ASR_NETMAP_FORMAT": "json",
    }
    missing = run("plan", "--sandbox", "demo", **variables)
    assert missing.code == 1
    assert "vault-nowhere" in missing.err
    assert missing.out == ""
    found = run("plan", "--sandbox", "demo", "--vault-name", "vault-dr", **variables)
    assert found.code == 0
    assert found.json["changes"]


def test_variables_win_over_the_file(here: Run) -> None:
    assert here("plan", ASR_NETMAP_VAULT_NAME="vault-nowhere").code == 1


def test_a_configuration_may_be_named_by_variable_blanks_and_all(run: Run, folder: Any) -> None:
    (folder / "my config.yaml").write_text((folder / "netmap.yaml").read_text())
    found = run("plan", "--sandbox", "demo", ASR_NETMAP_CONFIG="my config.yaml")
    assert found.code == 0, found.err


def test_the_sandbox_can_not_be_chosen_by_a_variable(run: Run) -> None:
    refused = run(
        "plan",
        "--endpoint",
        "http://example.com",
        "--config",
        "netmap.yaml",
        ASR_NETMAP_SANDBOX="demo",
    )
    assert refused.code == 2


VAULT_ID = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-vault"
    "/providers/Microsoft.RecoveryServices/vaults/vault-dr"
)


def test_the_vault_may_be_named_by_its_id(run: Run) -> None:
    found = run("plan", "--sandbox", "demo", "--vault-id", VAULT_ID, *REGION_OPTIONS)
    assert found.code == 0


def test_two_different_vaults_are_refused_but_the_environment_gives_way(run: Run) -> None:
    arguments = ("plan", "--sandbox", "demo", "--vault-id", VAULT_ID, *REGION_OPTIONS)
    refused = run(*arguments, "--vault-name", "other")
    assert refused.code == 2
    assert "other" in refused.err
    assert run(*arguments, ASR_NETMAP_VAULT_NAME="other").code == 0


def test_the_subscription_comes_from_azure_s_variable_where_nothing_else_says_it(run: Run) -> None:
    arguments = ("plan", "--sandbox", "demo", *VAULT_OPTIONS, *REGION_OPTIONS)
    nowhere = "99999999-2222-3333-4444-555555555555"
    assert run(*arguments, AZURE_SUBSCRIPTION_ID=nowhere).code == 1
    assert run("plan", "--sandbox", "demo", "--config", "netmap.yaml").code == 0
    assert (
        run("plan", "--sandbox", "demo", "--config", "netmap.yaml", AZURE_SUBSCRIPTION_ID=nowhere)
    ).code == 0


def test_every_mistake_of_a_configuration_is_reported_at_once(run: Run, folder: Any) -> None:
    (folder / "netmap.yaml").write_text("version: 1\nsource_regoin: x\nvault: {name: 7.5}\n")
    refused = run("plan", "--sandbox", "demo", "--config", "netmap.yaml")
    assert refused.code == 2
    assert "source_regoin" in refused.err
    assert "target_region" in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.parametrize("head", Commands.listed, ids=[each.name for each in Commands.listed])
def test_the_list_of_commands_says_what_each_command_says_of_itself(head: Listed) -> None:
    """The list is written out, so that help imports no command."""
    program: Any = get_command(app)
    command = program.commands[head.name]
    assert command.name == head.name
    assert command.help.strip().splitlines()[0] == head.help
