"""Every way in which the one string of a job may arrive, and what it means."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_netmap.errors import AsrNetmapError, UsageError
from asr_netmap.runbook import loose_json
from asr_netmap.runbook.argument import INLINE, Asked, understood
from asr_netmap.runbook.options import flags

FLAGS = flags()
VAULT = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-vault/providers"
    "/Microsoft.RecoveryServices/vaults/vault-dr"
)
VERIFY = ("verify", "--config", "netmap", "--fail-on-drift")
OBJECT = {"mode": "verify", "config": "netmap", "fail-on-drift": True}
JSON = json.dumps(OBJECT)
TWO = json.dumps({"mode": "finish", "only": "vm=a,vm=b", "source-region": "East Asia"})
TWO_WORDS = ("finish", "--only", "vm=a,vm=b", "--source-region", "East Asia")


def asked(*argv: str) -> Asked:
    return understood(argv, FLAGS)


AS_WORDS = {
    "as it is": ("verify --config netmap --fail-on-drift",),
    "blanks around": ("  verify   --config netmap\t--fail-on-drift \n",),
    "in double quotes": ('"verify --config netmap --fail-on-drift"',),
    "in single quotes": ("'verify --config netmap --fail-on-drift'",),
    "in typographic quotes": ("\u201cverify --config netmap --fail-on-drift\u201d",),
    "in escaped quotes": ('\\"verify --config netmap --fail-on-drift\\"',),
    "in doubled quotes": ('""verify --config netmap --fail-on-drift""',),
    "in quotes in quotes": ("'\"verify --config netmap --fail-on-drift\"'",),
    "in brackets": ("[verify --config netmap --fail-on-drift]",),
    "in brackets and quotes": ('["verify --config netmap --fail-on-drift"]',),
    "a list of words": ('["verify", "--config", "netmap", "--fail-on-drift"]',),
    "a list of bare words": ("[verify,--config,netmap,--fail-on-drift]",),
    "split at blanks": ("verify", "--config", "netmap", "--fail-on-drift"),
    "split in the middle": ("verify --config", "netmap --fail-on-drift"),
    "split with commas left": ("verify,", "--config,", "netmap,", "--fail-on-drift"),
    "without the mode": ("--config netmap --fail-on-drift",),
    "with the program's name": ("asr-netmap verify --config netmap --fail-on-drift",),
    "an equals sign": ("verify --config=netmap --fail-on-drift",),
    "quotes around a value": ('verify --config "netmap" --fail-on-drift',),
    "a quote without its partner": ('verify --config "netmap --fail-on-drift',),
    "long dashes": ("verify \u2014config netmap \u2013\u2013fail-on-drift",),
    "a name and options": ("netmap --fail-on-drift",),
    "the mode and a name": ("verify netmap --fail-on-drift",),
    "another letter case": ("Verify --config netmap --fail-on-drift",),
    "beside a surplus null": ("verify --config netmap --fail-on-drift", "null", ""),
}

AS_JSON = {
    "as it is": (JSON,),
    "indented": (json.dumps(OBJECT, indent=2),),
    "windows line ends": (json.dumps(OBJECT, indent=2).replace("\n", "\r\n"),),
    "blanks around": (f" \n{JSON}  ",),
    "in single quotes": (f"'{JSON}'",),
    "in double quotes": (f'"{JSON}"',),
    "a JSON string": (json.dumps(JSON),),
    "a JSON string twice": (json.dumps(json.dumps(JSON)),),
    "escaped quotes": (JSON.replace('"', '\\"'),),
    "twice escaped quotes": (JSON.replace('"', '\\\\\\"'),),
    "doubled quotes": (JSON.replace('"', '""'),),
    "doubled quotes in quotes": ('"' + JSON.replace('"', '""') + '"',),
    "single quotes": (JSON.replace('"', "'"),),
    "single quotes in double ones": ('"' + JSON.replace('"', "'") + '"',),
    "typographic quotes": (
        "{\u201cmode\u201d: \u201cverify\u201d, \u201cconfig\u201d: \u201cnetmap\u201d, "
        "\u201cfail-on-drift\u201d: true}",
    ),
    "backticks before quotes": (JSON.replace('"', '`"'),),
    "HTML quotes": (JSON.replace('"', "&quot;"),),
    "no quotes": (JSON.replace('"', ""),),
    "no quotes, no blanks": (JSON.replace('"', "").replace(" ", ""),),
    "keys without quotes": ('{mode: "verify", config: "netmap", fail-on-drift: true}',),
    "values without quotes": ('{"mode": verify, "config": netmap, "fail-on-drift": true}',),
    "in brackets": (f"[{JSON}]",),
    "in brackets, no quotes": (f"[{JSON}]".replace('"', ""),),
    "split at blanks": tuple(JSON.split(" ")),
    "split at commas": tuple(JSON.split(",")),
    "split at blanks, no quotes": tuple(JSON.replace('"', "").split(" ")),
    "split at commas, no quotes": tuple(JSON.replace('"', "").split(",")),
    "semicolons": (JSON.replace(",", ";"),),
    "a comma too many": (JSON.replace("}", ",}"),),
    "Python's words": (str(OBJECT),),
    "true as a text": ('{"mode": "verify", "config": "netmap", "fail-on-drift": "true"}',),
    "underscores": ('{"mode": "verify", "config": "netmap", "fail_on_drift": true}',),
    "camel case": ('{"mode": "verify", "config": "netmap", "failOnDrift": true}',),
    "dashes before names": ('{"mode": "verify", "config": "netmap", "--fail-on-drift": true}',),
    "without the mode": ('{"config": "netmap", "fail-on-drift": true}',),
    "beside a surplus null": (JSON, "null"),
}


@pytest.mark.parametrize("argv", AS_WORDS.values(), ids=AS_WORDS)
def test_words_are_understood_however_they_arrive(argv: tuple[str, ...]) -> None:
    assert asked(*argv).words == VERIFY


@pytest.mark.parametrize("argv", AS_JSON.values(), ids=AS_JSON)
def test_json_is_understood_however_it_arrives(argv: tuple[str, ...]) -> None:
    assert asked(*argv).words == VERIFY


@pytest.mark.parametrize(
    "argv",
    [
        (TWO,),
        (TWO.replace('"', ""),),
        (TWO.replace('"', "").replace(": ", ":").replace(", ", ","),),
        (TWO.replace('"', '\\"'),),
        (TWO.replace('"', "'"),),
        tuple(TWO.replace('"', "").split(" ")),
        ("finish --only vm=a,vm=b --source-region East Asia",),
        ('finish --only vm=a,vm=b --source-region "East Asia"',),
        ("finish", "--only", "vm=a", "vm=b", "--source-region", "East Asia"),
        ("finish", "--only", "vm=a,vm=b", "--source-region", "East", "Asia"),
    ],
)
def test_values_with_blanks_and_commas_stay_in_one_piece(argv: tuple[str, ...]) -> None:
    assert asked(*argv).words == TWO_WORDS


@pytest.mark.parametrize(
    "text",
    [
        "netmap",
        '"netmap"',
        "'netmap'",
        " netmap ",
        "[netmap]",
        '["netmap"]',
        "\u201cnetmap\u201d",
        '\\"netmap\\"',
    ],
)
def test_a_name_alone_is_a_configuration_to_verify(text: str) -> None:
    assert asked(text).words == ("verify", "--config", "netmap")


@pytest.mark.parametrize("name", ["dr config", "/etc/netmap.yaml", "C:\\netmap.yaml", "a-b_c.d"])
def test_a_name_is_taken_as_it_is(name: str) -> None:
    assert asked(name).words == ("verify", "--config", name)


@pytest.mark.parametrize("mode", ["verify", "finish", "apply", "APPLY"])
def test_a_mode_alone_is_that_mode(mode: str) -> None:
    assert asked(mode).words == (mode.lower(),)


@pytest.mark.parametrize(
    "argv", [(), ("",), ("  ",), ("null",), ("None",), ("{}",), ('""',), ("[]",)]
)
def test_nothing_is_asked_for_by_nothing(argv: tuple[str, ...]) -> None:
    assert asked(*argv).words == ()


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"mode": "verify", "vault-id": VAULT, "endpoint": "http://127.0.0.1:8480"}),
        "{mode:verify,vault-id:" + VAULT + ",endpoint:http://127.0.0.1:8480}",
        f"verify --vault-id {VAULT} --endpoint http://127.0.0.1:8480",
    ],
)
def test_ids_and_addresses_survive_without_quotes(text: str) -> None:
    expected = ("verify", "--vault-id", VAULT, "--endpoint", "http://127.0.0.1:8480")
    assert asked(text).words == expected


SETTINGS = {"version": 1, "vault": {"name": "vault-dr"}, "source_region": "eastasia"}


@pytest.mark.parametrize(
    "given",
    [
        {"mode": "apply", "settings": SETTINGS, "max-changes": 5},
        {"mode": "apply", "netmap": SETTINGS, "max-changes": 5},
        {"mode": "apply", "config": SETTINGS, "max-changes": 5},
        {"mode": "apply", **SETTINGS, "max-changes": 5},
        {
            "mode": "apply",
            **{k: v for k, v in SETTINGS.items() if k != "version"},
            "max-changes": 5,
        },
    ],
)
def test_settings_may_stand_in_the_object_itself(given: dict[str, object]) -> None:
    found = asked(json.dumps(given))
    assert json.loads(found.settings) == SETTINGS
    assert found.words == ("apply", "--max-changes", "5", "--config", INLINE)


def test_settings_in_an_object_without_quotes_are_read_too() -> None:
    text = "{mode:verify,settings:{version:1,vault:{name:vault-dr},source_region:eastasia}}"
    assert json.loads(asked(text).settings) == SETTINGS


def test_regions_beside_other_options_are_options() -> None:
    words = asked('{"vault-id": "/x", "source_region": "eastasia"}').words
    assert words == ("verify", "--vault-id", "/x", "--source-region", "eastasia")


@pytest.mark.parametrize(
    "window",
    [
        {"days": ["sat", "sun"], "from": "22:00", "to": "04:00"},
        {"days": "sat,sun", "from": "22:00", "to": "04:00", "timezone": "UTC"},
        "sat,sun 22:00-04:00",
    ],
)
def test_a_window_in_json_is_the_option_of_that_name(window: object) -> None:
    words = asked(json.dumps({"mode": "apply", "window": window})).words
    assert words == ("apply", "--window", "sat,sun 22:00-04:00")


def test_a_list_is_the_option_several_times() -> None:
    words = asked('{"mode": "apply", "window": ["01:00-02:00", "03:00-04:00"], "only": null}').words
    assert words == ("apply", "--window", "01:00-02:00", "--window", "03:00-04:00")


def test_false_is_a_flag_that_is_not_given() -> None:
    assert asked('{"mode": "verify", "fail-on-drift": false}').words == ("verify",)


@pytest.mark.parametrize(
    "text",
    [
        '{"mode": "verify"',
        '{"mode": }',
        '{"mode" "verify"}',
        '{"mode": "verify", "mode": "apply"} {',
        "{mode:verify,mode:apply}",
        '{"mode": "verify"} and more',
        '[{"mode": "verify"}, {"mode": "apply"}]',
        '{"mode": "verify", "only": {"vm": "a"}}',
        '{"fail-on-drift": "perhaps"}',
        '{"window": {"days": ["sat"], "timezone": "CET", "from": "1:00", "to": "2:00"}}',
        "true",
    ],
)
def test_what_could_mean_two_things_is_refused(text: str) -> None:
    if text == "true":  # a name as good as any other
        assert asked(text).words == ("verify", "--config", "true")
        return
    with pytest.raises(UsageError):
        asked(text)


def test_an_object_that_was_cut_off_is_refused_wherever_it_was_cut() -> None:
    for end in range(1, len(JSON)):
        with pytest.raises(UsageError):
            asked(JSON[:end])


@given(st.lists(st.text(max_size=60), max_size=4))
def test_any_text_is_understood_or_refused_in_words(argv: list[str]) -> None:
    try:
        found = asked(*argv)
    except AsrNetmapError as error:
        assert error.message
    else:
        assert all(isinstance(word, str) for word in found.words)


NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8).map(lambda name: f"k{name}")
VALUES = st.text("abcdefghijklmnopqrstuvwxyz0123456789/.-_=", min_size=1, max_size=12).map(
    "v".__add__
)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), st.data())
def test_an_object_means_the_same_whatever_its_quotes_became(
    value: dict[str, str], data: st.DataObject
) -> None:
    quote = data.draw(st.sampled_from(['"', "'", '""', '\\"', '`"', "&quot;", ""]))
    assert loose_json.parse(json.dumps(value).replace('"', quote)) == value
