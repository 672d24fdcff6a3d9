"""Files with mistakes, and the sentences that people read about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from asr_netmap.errors import SettingsError
from asr_netmap.settings import NicException, checked, load_settings, parse_settings

BASE = """\
version: 1
vault: {subscription: s, resource_group: g, name: v}
source_region: eastasia
target_region: southeastasia
"""
ROUTES = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/r"


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, "netmap.yaml")
    return caught.value.problems


# What is put behind the base file, and the beginning of the one sentence that must come.
BAD = [
    ("networks: [{sourec: a, source: b}]", "line 5: networks[0].sourec: unknown key; did you mean"),
    ("colour: red", "line 5: colour: unknown key"),
    ("copy_: {}", "line 5: copy_: unknown key; did you mean 'copy'?"),
    ("client_secret: s3cr3t", "line 5: client_secret: credentials never go into this file"),
    ("safety: {api-key: s3cr3t}", "line 5: safety.api-key: credentials never go into this file"),
    ("tags: {password: s3cr3t}", "line 5: tags.password: credentials never go into this file"),
    ("networks:", "line 5: networks: is empty; give it a value or leave the key out"),
    ("networks: [{source: a},]\nfreeze: ~", "line 6: freeze: is empty"),
    ("networks: {source: a}", "line 5: networks: must be a list, not a mapping of keys"),
    ("networks: vnet", "line 5: networks: must be a list, not a text"),
    ("networks: [vnet]", "line 5: networks[0]: must be a mapping of keys, not a text"),
    ("networks: [{target: a}]", "line 5: networks[0].source: missing"),
    ("networks: [{source: [a]}]", "line 5: networks[0].source: must be a text, not a list"),
    ("networks: [{source: true}]", "line 5: networks[0].source: true is no text here; if it is"),
    ("networks: [{source: ..}]", "line 5: networks[0].source: network name '..' can't be"),
    ("networks: [{source: a/../b}]", "line 5: networks[0].source: 'a/../b' is none of name,"),
    ("networks: [{source: rg/..}]", "line 5: networks[0].source: network name '..' can't be"),
    ("networks: [{source: a, target: A}]", "line 5: networks[0].target: 'A' is the source, too"),
    (
        "networks:\n  - source: a\n  - source: b\n  - source: A",
        "line 8: networks[2].source: 'A' is given twice, first in networks[0]",
    ),
    (
        f"networks: [{{source: {ROUTES}}}]",
        "line 5: networks[0].source: is the id of microsoft.network/routetables, not of "
        "microsoft.network/virtualnetworks",
    ),
    (
        "networks: [{source: /subscriptions/s}]",
        "line 5: networks[0].source: is the id of subscriptions, not of",
    ),
    ("networks: [{source: /a}]", "line 5: networks[0].source: '/a' is not an ARM resource id"),
    (
        "networks: [{source: a, subnets: {x: a/b}}]",
        "line 5: networks[0].subnets.x: subnet name 'a/b' holds '/'",
    ),
    (
        "networks: [{source: a, subnets: {x/y: b}}]",
        "line 5: networks[0].subnets['x/y']: subnet name 'x/y' holds '/'",
    ),
    (
        "networks: [{source: a, subnets: {sql: b, SQL: c}}]",
        "line 5: networks[0].subnets: 'sql' and 'SQL' are one name to Azure",
    ),
    (
        "networks:\n- source: a\n  addresses:\n  - from: 10.2.1.5/24\n    to: 10.3.0.0/24",
        "line 8: networks[0].addresses[0].from: '10.2.1.5/24' has host bits set; the prefix is "
        "10.2.1.0/24",
    ),
    (
        "networks:\n- source: a\n  addresses:\n  - from: 10.2.1.0/24\n    to: 10.3.0.0/25",
        "line 9: networks[0].addresses[0].to: /25 is not as long as from, /24",
    ),
    (
        "networks: [{source: a, addresses: [{from: 'fd00::/64', to: 10.0.0.0/8}]}]",
        "line 5: networks[0].addresses[0].from: 'fd00::/64': Site Recovery handles IPv4 only",
    ),
    (
        "networks: [{source: a, addresses: [{from: 10.0.0.0, to: 10.0.0.0/8}]}]",
        "line 5: networks[0].addresses[0].from: '10.0.0.0' has no prefix length",
    ),
    (
        "networks: [{source: a, addresses: [{from: 10.0.0/8, to: 10.0.0.0/8}]}]",
        "line 5: networks[0].addresses[0].from: '10.0.0/8' is no IPv4 prefix",
    ),
    (
        "networks: [{source: a, addresses: [{from_: 10.0.0.0/8, to: 10.0.0.0/8}]}]",
        "line 5: networks[0].addresses[0].from: missing",
    ),
    (
        "networks: [{source: a, address: 10.0.0.9}]",
        "line 5: networks[0].address: '10.0.0.9': one address for many NICs is impossible",
    ),
    (
        f"networks: [{{source: a, attach: {{x: {{nsg: {ROUTES}}}}}}}]",
        "line 5: networks[0].attach.x.nsg: is the id of microsoft.network/routetables",
    ),
    (
        "nics: {address: asr_default}",
        "line 5: nics.address: 'asr_default' is none of asr-default, same, next-free, dynamic, "
        "unmanaged; did you mean 'asr-default'?",
    ),
    (
        "nics: {address: offset}",
        "line 5: nics.address: offset is no mode; it is written as rules of",
    ),
    (
        "nics: {settings: [{vm: a, address: offset}]}",
        "line 5: nics.settings[0].address: offset is no mode; it is written as rules of a network: "
        "networks: [{source: …, addresses: [{from: ",
    ),
    ("nics: {existing: force}", "line 5: nics.existing: 'force' is none of keep, enforce; did"),
    (
        "nics: {settings: [{vm: a, address: dynmic}]}",
        "line 5: nics.settings[0].address: 'dynmic' is neither an IPv4 address nor one of",
    ),
    (
        "nics: {settings: [{vm: a, address: 10.0.0.256}]}",
        "line 5: nics.settings[0].address: '10.0.0.256' is neither an IPv4 address nor one of",
    ),
    (
        "nics: {settings: [{vm: a, test_address: 'fd00::1'}]}",
        "line 5: nics.settings[0].test_address: 'fd00::1': Site Recovery handles IPv4 only",
    ),
    (
        "nics: {settings: [{vm: a, test_selected: true}]}",
        "line 5: nics.settings[0].test_selected: unknown key; did you mean",
    ),
    (
        "nics: {settings: [{vm: a, direction: backward}]}",
        "line 5: nics.settings[0].direction: 'backward' is none of forward, reverse",
    ),
    (
        "nics: {settings: [{vm: a, accelerated: maybe}]}",
        "line 5: nics.settings[0].accelerated: must be true or false, not 'maybe'",
    ),
    (
        "nics:\n  settings:\n  - {vm: a, ip_config: i, primary: no}",
        "line 7: nics.settings[0].primary: can't be cleared: a NIC always has exactly one primary",
    ),
    (
        "nics:\n  settings:\n  - {vm: a, primary: true}",
        "line 7: nics.settings[0]: primary needs ip_config",
    ),
    (
        "nics:\n  settings:\n  - {vm: a, ip_config: i, primary: true, selected: false}",
        "line 7: nics.settings[0]: selected can't be false beside primary",
    ),
    (
        "nics:\n  settings:\n  - {vm: a, ip_config: i, primary: true}\n"
        "  - {vm: A, ip_config: j, primary: yes}",
        "line 8: nics.settings[1].primary: 'j' contradicts 'i' in row [0]",
    ),
    (
        "nics:\n  settings:\n  - {vm: a, nic: n, subnet: x}\n  - {vm: A, nic: N, subnet: y}",
        "line 8: nics.settings[1]: is for the same VM, NIC, IP config and direction as row [0]",
    ),
    ("safety: {max_changed_percent: 101}", "line 5: safety.max_changed_percent: must be 100 or"),
    ("safety: {max_changed_percent: '9'}", "line 5: safety.max_changed_percent: must be a whole"),
    ("safety: {max_failures: 0}", "line 5: safety.max_failures: must be 1 or more"),
    ("safety: {max_changes: true}", "line 5: safety.max_changes: must be a whole number"),
    ("tags: {a?: b}", "line 5: tags['a?']: 'a?' can't be the name of a tag"),
    ("networks: true", "line 5: networks: must be a list, not true or false"),
    (f"tags: {{a: {'b' * 257}}}", "line 5: tags.a: is longer than the 256 characters"),
    (
        f"tags: {{{', '.join(f't{n}: x' for n in range(51))}}}",
        "line 5: tags: 51 tags; a resource takes 50",
    ),
    ('target_subscription: " "', "line 5: target_subscription: ' ' is neither a GUID nor the"),
    ("target_subscription: /subscriptions/x", "line 5: target_subscription: give the subscription"),
    ("target_resource_group: a#b", "line 5: target_resource_group: resource group name 'a#b' hol"),
    ('target_resource_group: "a\\u0007"', "line 5: target_resource_group: 'a\\x07' holds a char"),
    ("freeze: true\nfreeze: false", "line 6: freeze: given twice, first in line 5"),
]


@pytest.mark.parametrize(("addition", "sentence"), BAD)
def test_a_mistake_is_told_with_its_line_its_place_and_a_way_out(
    addition: str, sentence: str
) -> None:
    told = problems(BASE + addition)
    assert [one for one in told if one.startswith(sentence)], told


@pytest.mark.parametrize(("addition", "sentence"), BAD)
def test_a_mistake_is_told_once(addition: str, sentence: str) -> None:
    told = problems(BASE + addition)
    assert len([one for one in told if one.startswith(sentence)]) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the file is empty"),
        ("# nothing but a comment\n", "the file is empty"),
        ("- a\n- b\n", "holds a list, not keys"),
        ("just words", "holds a text, not keys"),
        ("{}", "line 1: version: missing"),
        (BASE.replace("version: 1", "version: 2"), "line 1: version: must be 1, the only version"),
        (BASE.replace("version: 1", "version: true"), "line 1: version: must be 1, the only"),
        (
            "version: 1\nsource_region: a1\ntarget_region: b1",
            "line 1: vault: missing; write subscription, resource_group and name here or give "
            "--subscription -g/--resource-group --vault-name",
        ),
        (BASE.replace("vault:", "vualt:"), "line 2: vualt: unknown key; did you mean 'vault'?"),
        (BASE.replace("name: v", "nmae: v"), "line 2: vault.nmae: unknown key; did you mean 'name"),
        (BASE.replace("eastasia\nt", "East Asia!\nt"), "line 3: source_region: 'East Asia!' is no"),
        (BASE.replace("southeastasia", "East Asia"), "line 4: target_region: 'eastasia' is the so"),
        (BASE + "a: [", "line 6: no valid YAML"),
        (BASE + "networks:\n\t- source: a", "line 6: indented with a tab; YAML takes blanks only"),
        (BASE + "--- \nversion: 1", "line 5: a second document starts"),
        (BASE + "a: &x {b: c}\nd: {<<: *x}", "line 6: merge keys (<<) are not taken"),
        (BASE + "? [a]\n: b", "line 5: a list or mapping stands where a key belongs"),
        (BASE + "tags: !!python/object/apply:os.getcwd []", "line 5: the tag"),
        (BASE + "tags: !mine {a: b}", "line 5: the tag '!mine'"),
        (BASE + "tags: {a: \x07}", "line 5: no valid YAML"),
        (BASE + "tags: *nowhere", "line 5: the alias *nowhere has no anchor &nowhere before it"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_says_why(text: str, sentence: str) -> None:
    told = problems(text)
    assert [one for one in told if one.startswith(sentence)], told


def test_what_a_missing_key_could_be_given_by_instead_is_named() -> None:
    told = problems("version: 1\nvault: {subscription: s, resource_group: g}\n")
    assert told == (
        "line 1: source_region: missing; write it here or give --source-region or "
        "ASR_NETMAP_SOURCE_REGION",
        "line 1: target_region: missing; write it here or give --target-region or "
        "ASR_NETMAP_TARGET_REGION",
        "line 2: vault.name: missing; write it here or give --vault-name or ASR_NETMAP_VAULT_NAME",
    )


def test_all_mistakes_come_in_one_message_in_the_order_of_lines() -> None:
    text = BASE + (
        "networks:\n"
        "  - {source: a, tagret: b}\n"
        "  - source: A\n"
        "    source: c\n"
        "  - {source: d, addresses: [{from: 10.0.0.1/8, to: 10.0.0.0/9}]}\n"
        "safety: {max_changed_percent: -1}\n"
        "token: x\n"
    )
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, "my.yaml")
    begins = [
        "line 6: networks[0].tagret: unknown key",
        "line 7: networks[1].source: 'A' is given twice, first in networks[0]",
        "line 8: networks[1].source: given twice, first in line 7",
        "line 9: networks[2].addresses[0].from: '10.0.0.1/8' has host bits set",
        "line 10: safety.max_changed_percent: must be 0 or more",
        "line 11: token: credentials never go into this file",
    ]
    told = caught.value.problems
    assert len(told) == len(begins)
    assert all(one.startswith(begin) for one, begin in zip(told, begins, strict=True)), told
    assert caught.value.message.startswith("my.yaml: 6 mistakes\n  line 6:")
    assert "asr-netmap init" in caught.value.hint


def test_a_secret_is_never_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(BASE + "password: s3cr3t\ntags: {client_secret: s3cr3t}\n", "x")
    assert "s3cr3t" not in str(caught.value)


def test_a_long_value_is_repeated_in_short() -> None:
    (told,) = problems(BASE + f"nics: {{address: {'x' * 5000}}}")
    assert len(told) < 300


SEVERAL = """\
version: 1
defaults: {vault: {subscription: s, resource_group: g}, source_region: a1, target_region: b1}
vaults:
  - vault: {name: one}
  - vault: {name: two}
"""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (SEVERAL + "source_region: c1", "line 6: source_region: unknown key beside vaults"),
        (SEVERAL + "password: c1", "line 6: password: credentials never go into this file"),
        (SEVERAL + "  - {version: 1}", "line 6: vaults[2].version: belongs to the top"),
        (SEVERAL + "  - seven", "line 6: vaults[2]: must be a mapping of keys, not a text"),
        (SEVERAL + "  - {target_region: x1}", "line 6: vaults[2].vault.name: missing"),
        (
            SEVERAL + "  - vault: {name: ONE}",
            "line 6: vaults[2]: the same vault and regions as vaults[0]",
        ),
        (
            SEVERAL + "  - {vault: {name: one}, source_region: b1, target_region: a1}",
            "line 6: vaults[2]: the same vault and regions as vaults[0], which covers both",
        ),
        (SEVERAL.replace("b1", "a1"), "line 2: defaults.target_region: 'a1' is the source region"),
        (SEVERAL.replace("target_r", "target_rr"), "line 2: defaults.target_rregion: unknown key"),
        (SEVERAL.replace("version: 1\n", ""), "line 1: version: missing"),
        ("version: 1\nvaults: []", "line 2: vaults: must be a list of at least one vault"),
        ("version: 1\nvaults: {a: b}", "line 2: vaults: must be a list of at least one vault"),
        ("version: 1\ndefaults: {}", "line 1: vaults: must be a list of at least one vault"),
        ("version: 1\ndefaults: []\nvaults: [{}]", "line 2: defaults: must be a mapping of keys"),
        (
            "version: 1\ndefaults: {networks: []}\nvaults: [{}]",
            "line 2: defaults.networks: belongs to each entry of vaults",
        ),
    ],
)
def test_a_file_for_several_vaults_names_the_place_where_the_mistake_stands(
    text: str, sentence: str
) -> None:
    told = problems(text)
    assert [one for one in told if one.startswith(sentence)], told


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"version: 1\nname: caf\xe9\n", "line 2: is not UTF-8"),
        (BASE.encode("utf-16"), "line 1: is not UTF-8"),
        (b"#" * (1024 * 1024 + 1), "larger than 1024 KiB"),
    ],
)
def test_a_file_that_is_no_text_says_so(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "netmap.yaml"
    path.write_bytes(data)
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert caught.value.problems[0].startswith(sentence)


def test_a_missing_file_and_a_directory_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such file"):
        load_settings(tmp_path / "absent.yaml")
    with pytest.raises(SettingsError, match="can't be read: "):
        load_settings(tmp_path)


def test_values_from_elsewhere_are_checked_with_the_same_words() -> None:
    row = checked(NicException, {"vm": "a", "accelerated": "true", "nsg": "NONE"}, "row 1")
    assert (row.accelerated, row.nsg) == (True, "none")
    with pytest.raises(SettingsError, match="row 2: 2 mistakes") as caught:
        checked(NicException, {"vm": "a", "address": "10.0.0", "subnett": "x"}, "row 2")
    assert caught.value.problems[1] == "subnett: unknown key; did you mean 'subnet'?"


@pytest.mark.parametrize("key", ["existing", "mode", "enforce"])
def test_a_key_that_is_near_to_none_is_given_no_wrong_advice(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(BASE + f"nics: {{settings: [{{vm: a, {key}: x}}]}}\n", "my.yaml")
    (problem,) = caught.value.problems
    assert problem.endswith(f"nics.settings[0].{key}: unknown key")


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("asr-netmap/estate/1", "is an estate file, not settings; give it to --sandbox"),
        ("asr-netmap/plan/2", "is a saved plan, not settings; `asr-netmap apply FILE` takes it"),
        ("asr-netmap/nic-table/1", "is a NIC table, not settings; `--nics` and `nics import` take"),
        ("asr-netmap/bundle/1", "holds asr-netmap/bundle/1, not settings"),
    ],
)
def test_another_file_of_this_program_is_named_and_not_taken_apart(schema: str, said: str) -> None:
    (problem,) = problems(f'{{"schema": "{schema}", "resources": [1, 2], "plans": []}}')
    assert problem.startswith(said)
