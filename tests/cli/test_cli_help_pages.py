"""Help that reads well at any width, and refusals that say what may have been meant."""

from __future__ import annotations

import re

import pytest

from asr_netmap.cli.help_page import HelpPage
from tests.cli.conftest import Run
from tests.cli.test_cli_surface import COMMANDS, options_of

WIDTHS = (40, 80, 160)


def page_of(run: Run, path: tuple[str, ...], columns: int) -> str:
    shown = run(*path, "--help", COLUMNS=str(columns))
    assert shown.code == 0
    return shown.out


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("path", [(), *COMMANDS], ids=" ".join)
def test_no_line_is_wider_than_the_terminal(run: Run, path: tuple[str, ...], columns: int) -> None:
    lines = page_of(run, path, columns).splitlines()
    assert [line for line in lines if len(line) > columns] == []


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_word_is_broken_however_narrow_it_is(run: Run, path: tuple[str, ...]) -> None:
    """Words are those of the widest page; choices may be broken after their bars."""

    def words(columns: int) -> list[str]:
        text = re.sub(r"\|\n +", "|", page_of(run, path, columns)).replace("\\\n", "\n")
        return sorted(text.split())

    assert words(40) == words(160)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_starts_a_line_of_its_own(run: Run, path: tuple[str, ...]) -> None:
    text = page_of(run, path, 40)
    for option in options_of(COMMANDS[path]):
        assert re.search(rf"^ +(-\w, )?{option}\b", text, re.MULTILINE), option


def test_an_example_that_is_too_long_is_continued_as_a_shell_takes_it(run: Run) -> None:
    text = page_of(run, ("apply",), 40)
    example = text.partition("Examples:\n")[2].partition("\n\n")[0]
    commands = re.sub(r" \\\n +", " ", example).splitlines()
    assert commands[1].strip() == "asr-netmap apply plan.json --expect-sha256 3f6c..."
    assert "\\\n" in example


@pytest.mark.parametrize("name", ["nics", "runbook", "sandbox"])
def test_a_group_has_examples_that_its_commands_take(run: Run, name: str) -> None:
    text = page_of(run, (name,), 160)
    examples = re.findall(rf"^ +asr-netmap {name} (\w+)(.*)$", text, re.MULTILINE)
    assert examples
    for command, given in examples:
        assert set(re.findall(r"--[a-z-]+", given)) <= set(options_of(COMMANDS[name, command]))


def test_options_are_grouped_by_what_they_are_about(run: Run) -> None:
    text = page_of(run, ("apply",), 80)
    consent = text.index("What the user allows for this run:")
    assert consent < text.index("--allow-retarget") < text.index("How far a run goes:")
    assert text.index("How Azure, or a sandbox, is reached:") < text.index("--endpoint")


def test_a_page_without_room_stacks_terms_and_meanings() -> None:
    page = HelpPage(40)
    page.write_dl([("--a-long-option NAME", "what it means")])
    assert page.getvalue() == "--a-long-option NAME\n    what it means\n"


def test_removal_offers_no_consent_that_it_does_not_need(run: Run) -> None:
    options = options_of(COMMANDS[("unmap",)])
    assert {"--yes", "--during-failover", "--max-changes"} <= set(options)
    assert not {"--allow-retarget", "--max-changed-percent"} & set(options)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("plan", "--confg", "x"), "Did you mean --config?"),
        (("plan", "--format", "jsn"), "Did you mean json?"),
        (("plan", "--cloud", "AzureUSGoverment"), "Did you mean AzureUSGovernment?"),
        (("plna",), "Did you mean 'plan'?"),
        (("nics", "exprot"), "Did you mean 'export'?"),
        (("apply", "--canery", "2"), "Did you mean --canary?"),
    ],
)
def test_what_was_meant_is_offered(run: Run, typed: tuple[str, ...], meant: str) -> None:
    refused = run(*typed)
    assert refused.code == 2
    assert meant in refused.err


def test_a_value_like_nothing_gets_the_choices_and_no_guess(run: Run) -> None:
    refused = run("plan", "--format", "xqzwv")
    assert "'xqzwv' is not one of table, json, markdown, csv." in refused.err
    assert "Did you mean" not in refused.err
    assert "Value error" not in refused.err


@pytest.mark.parametrize(
    ("given", "option"),
    [
        (("--source-vnet", "a/b/c/d"), "--source-vnet: 'a/b/c/d'"),
        (("--source-vnet", "vnet-app", "--target-vnet", "vnet-app"), "--target-vnet: 'vnet-app'"),
    ],
)
def test_mistakes_in_a_pair_name_the_option_and_not_a_place_in_a_file(
    run: Run, given: tuple[str, ...], option: str
) -> None:
    regions = ("--source-region", "eastasia", "--target-region", "southeastasia")
    vault = ("-g", "rg-vault", "--vault-name", "vault-dr", "--sandbox", "demo", "--yes")
    refused = run("map", *given, *vault, *regions)
    assert refused.code == 2
    assert option in refused.err
    assert "networks[0]" not in refused.err
    assert "--config" not in refused.err
