"""Whatever stands in a file, it is read or refused with our own error, and quickly."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from asr_netmap.errors import AsrNetmapError, SettingsError
from asr_netmap.settings import Settings, parse_settings
from asr_netmap.settings.yaml_reader import MAX_ALIASES, MAX_DEPTH, read_yaml

BASE = """\
version: 1
vault: {subscription: s, resource_group: g, name: v}
source_region: eastasia
target_region: southeastasia
"""

WORDS_OF_THE_FILE = """
    version vault vaults defaults subscription resource_group name source_region target_region
    networks source target subnets addresses from to address test network attach nsg nics
    settings vm nic ip_config direction lb_pools public_ip selected copy dns tags safety freeze
    max_changes none same 10.0.0.0/24 10.0.0.5 fd00::/8 /subscriptions/s ../x forward
"""
WORDS = st.sampled_from(WORDS_OF_THE_FILE.split())
SCALARS = st.one_of(WORDS, st.none(), st.booleans(), st.integers(), st.floats(), st.text())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(WORDS, st.text(max_size=5)), inner, max_size=5),
    ),
    max_leaves=25,
)
TOP = st.dictionaries(WORDS, VALUES, max_size=8)


def read_or_refuse(text: str) -> None:
    try:
        found = parse_settings(text, "fuzz")
    except AsrNetmapError as error:
        assert isinstance(error, SettingsError)
        assert error.problems
    else:
        assert found
        assert all(isinstance(one, Settings) for one in found)


@hypothesis_settings(max_examples=200, deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refuse(text)


@hypothesis_settings(max_examples=200, deadline=None)
@given(st.text(alphabet="[]{}:,-?&*!|>'\"%@`#<~ \n\t\\0aé\x07\ud800\ufeff"))
def test_any_heap_of_yaml_signs_behind_a_good_file_is_read_or_refused(text: str) -> None:
    read_or_refuse(BASE + text)


@hypothesis_settings(max_examples=90, deadline=None)
@given(TOP)
def test_any_values_at_known_keys_are_read_or_refused(values: dict[str, object]) -> None:
    dumped = yaml.dump(values, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper))
    read_or_refuse(dumped)
    read_or_refuse(BASE + (dumped if values else ""))


def laughs(width: int, levels: int) -> str:
    lines = [f"a0: &a0 [{', '.join('x' * width)}]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels + 1)]
    return BASE + "\n".join(lines)


BOMBS = {
    "wide laughs": (laughs(9, 5), "values, aliases expanded"),
    "tall laughs": (laughs(2, 24), "values, aliases expanded"),
    "too many aliases": (
        f"a: &a x\nb: [{', '.join(['*a'] * (MAX_ALIASES + 1))}]",
        f"more than {MAX_ALIASES} aliases",
    ),
    "an alias of itself": ("a: &a [*a]", "the alias *a stands inside of what it names"),
    "a deep list": ("[" * 500_000, f"more than {MAX_DEPTH} levels deep"),
    "a deep mapping": ("{a: " * 200_000, f"more than {MAX_DEPTH} levels deep"),
    "deep dashes": ("- " * 400_000, f"more than {MAX_DEPTH} levels deep"),
    "questions": ("? " * 400_000, "where a key belongs"),
    "an endless quote": ('"' + "a" * 900_000, "no valid YAML"),
    "many values": (BASE + "a: [" + "x," * 210_000 + "]", "values, aliases expanded"),
    "large defaults for many vaults": (
        "version: 1\ndefaults: {tags: {"
        + ",".join(f"a{n}: b" for n in range(2000))
        + "}}\nvaults:\n"
        + "- {}\n" * 2000,
        "too many vaults for defaults of that size",
    ),
    "large": ("#" * (1024 * 1024) + "\n", "larger than 1024 KiB"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_grows(name: str) -> None:
    text, sentence = BOMBS[name]
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, "bomb")
    assert sentence in str(caught.value)


def test_fifty_aliases_are_allowed() -> None:
    text = f"a: &a x\nb: [{', '.join(['*a'] * MAX_ALIASES)}]"
    assert read_yaml(text).root == {"a": "x", "b": ["x"] * MAX_ALIASES}


def test_thousands_of_mistakes_are_told_in_a_few_lines() -> None:
    text = BASE + "".join(f"k{n}: 1\n" for n in range(5000))
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, "x")
    assert len(caught.value.problems) == 201
    assert caught.value.problems[-1] == "… and more"


def test_the_slower_parser_of_a_build_without_libyaml_reads_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = BASE + "networks: [{source: NO}, {source: &x b}]\ntags: {a: *x, c: 'true'}\n"
    fast = read_yaml(text)
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    slow = read_yaml(text)
    assert (slow.root, slow.lines) == (fast.root, fast.lines)
