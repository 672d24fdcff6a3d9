"""Commands that people copy into a shell: quoted, and with the options that theirs had."""

from __future__ import annotations

import pytest

from asr_netmap.planning.commands import apply_to, az, completed, in_turn, ours
from tests.builders import item


def test_every_foreign_word_is_quoted() -> None:
    assert az("vm start", "--ids", "/a b", "$(x)") == "az vm start --ids '/a b' '$(x)'"
    assert ours("nics set", "--vm", "a;b") == "asr-netmap nics set --vm 'a;b'"
    assert in_turn("az a", "az b") == "az a && az b"


@pytest.mark.parametrize(
    ("command", "options", "whole"),
    [
        ("asr-netmap apply", "", "asr-netmap apply"),
        ("asr-netmap apply", "--config 'a b.yaml'", "asr-netmap apply --config 'a b.yaml'"),
        ("az vm list", "--config a.yaml", "az vm list"),
        ("asr-netmap protect --vault-id /x", "--config a.yaml", "asr-netmap protect --vault-id /x"),
    ],
)
def test_only_a_command_of_ours_gets_the_options_that_it_lacks(
    command: str, options: str, whole: str
) -> None:
    assert completed(command, options) == whole


def test_a_command_for_one_item_stays_with_that_item() -> None:
    one = apply_to(item("app1"), "--enforce")
    assert one == "asr-netmap apply --only vm=rg-app/app1 --enforce"
    given = "--config a.yaml --only network=vnet-app --only vm=app2 --sandbox demo"
    assert completed(one, given) == f"{one} --config a.yaml --sandbox demo"
