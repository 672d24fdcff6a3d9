"""Settings written as YAML and as a document, and read back."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from asr_netmap.errors import SettingsError
from asr_netmap.settings import (
    Settings,
    checked,
    dump_yaml,
    from_document,
    parse_settings,
    to_document,
)

GROUP = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg"
NSG = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/Nsg-Web"

TRICKY_WORDS = """
    NO no on y n null Null ~none true 123 007 1e3 0x1f 0o17 1_000 2024-01-01 .5 = - -- é 日本
"""
TRICKY = st.sampled_from(TRICKY_WORDS.split())
NAMES = st.one_of(TRICKY, st.text("abcXYZ019._-()[]{}!'@,;$^é", min_size=1, max_size=12)).filter(
    lambda name: name not in {".", ".."} and name.lower() != "none"
)
LABELS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn", "Cf"]),
    max_size=20,
)
MODES = st.sampled_from(["asr-default", "same", "next-free", "dynamic", "unmanaged"])
PREFIXES = st.integers(0, 2**24 - 1).map(lambda n: str(IPv4Network((n << 8, 24))))
ADDRESSES = st.integers(0, 2**32 - 1).map(lambda n: str(IPv4Address(n)))
RULES = st.lists(st.fixed_dictionaries({"from": PREFIXES, "to": PREFIXES}), max_size=2)


def by_lower_case(entries: dict[str, Any]) -> dict[str, Any]:
    return dict({key.lower(): (key, value) for key, value in entries.items()}.values())


SUBNETS = st.dictionaries(NAMES, NAMES, max_size=2).map(by_lower_case)
TAGS = st.dictionaries(NAMES.filter(lambda n: n.strip() != ""), LABELS, max_size=3).map(
    by_lower_case
)
TEST = st.fixed_dictionaries(
    {}, optional={"network": NAMES, "subnets": SUBNETS, "addresses": RULES, "address": MODES}
)
NETWORKS = st.lists(
    st.fixed_dictionaries(
        {"source": NAMES},
        optional={
            "target": NAMES.map(lambda name: f"rg-dr/{name}"),
            "subnets": SUBNETS,
            "addresses": RULES,
            "address": MODES,
            "test": TEST,
            "attach": st.fixed_dictionaries({"web": st.just({"nsg": NSG})}),
        },
    ),
    max_size=3,
    unique_by=lambda network: str(network["source"]).lower(),
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"vm": NAMES},
        optional={
            "nic": NAMES,
            "direction": st.sampled_from(["forward", "reverse"]),
            "address": st.one_of(MODES, ADDRESSES),
            "nsg": st.sampled_from(["none", NSG]),
            "accelerated": st.booleans(),
            "nic_name": NAMES,
            "test_nic_name": st.just("none"),
            "lb_pools": st.just("none"),
        },
    ),
    max_size=3,
    unique_by=lambda row: str(row["vm"]).lower(),
)
WHOLE = st.fixed_dictionaries(
    {
        "version": st.just(1),
        "vault": st.fixed_dictionaries(
            {"subscription": NAMES, "resource_group": NAMES, "name": NAMES}
        ),
        "source_region": st.just("eastasia"),
        "target_region": st.sampled_from(["South East Asia", "on", "no"]),
    },
    optional={
        "target_resource_group": NAMES,
        "networks": NETWORKS,
        "nics": st.fixed_dictionaries({}, optional={"address": MODES, "settings": ROWS}),
        "copy": st.fixed_dictionaries({}, optional={"dns": st.booleans(), "tags": st.booleans()}),
        "tags": TAGS,
        "safety": st.fixed_dictionaries({}, optional={"max_changes": st.integers(0, 9)}),
        "freeze": st.booleans(),
    },
)

PLAIN = {
    "version": 1,
    "vault": {"subscription": "s", "resource_group": "NO", "name": "123"},
    "source_region": "eastasia",
    "target_region": "southeastasia",
}


def settings_of(**more: object) -> Settings:
    return checked(Settings, {**PLAIN, **more}, "test")


@hypothesis_settings(max_examples=120, deadline=None)
@given(WHOLE, st.booleans())
def test_what_is_written_reads_back_as_the_same(values: dict[str, Any], comments: bool) -> None:
    settings = checked(Settings, values, "test")
    (again,) = parse_settings(dump_yaml(settings, comments), "written")
    assert again == settings
    assert [row.model_fields_set for row in again.nics.settings] == [
        row.model_fields_set for row in settings.nics.settings
    ]


@hypothesis_settings(max_examples=60, deadline=None)
@given(WHOLE)
def test_a_document_survives_json_and_reads_back_as_the_same(values: dict[str, Any]) -> None:
    settings = checked(Settings, values, "test")
    again = from_document(json.loads(json.dumps(to_document(settings))))
    assert again == settings
    assert to_document(again) == to_document(settings)


def test_the_written_file_leaves_defaults_out() -> None:
    settings = settings_of(safety={"max_changed_percent": 30}, networks=[{"source": "a"}])
    text = dump_yaml(settings, comments=False)
    assert text == (
        "version: 1\n"
        "vault:\n"
        "  subscription: s\n"
        "  resource_group: 'NO'\n"
        "  name: '123'\n"
        "source_region: eastasia\n"
        "target_region: southeastasia\n"
        "networks:\n"
        "- {source: a}\n"
    )


def test_an_empty_list_of_networks_is_not_the_same_as_none_given() -> None:
    text = dump_yaml(settings_of(networks=[]))
    assert "networks: []" in text
    assert parse_settings(text, "x")[0].networks == ()


def test_an_empty_section_for_machines_is_not_the_same_as_none() -> None:
    settings = settings_of(protect={})
    assert parse_settings(dump_yaml(settings), "x") == (settings,)


def test_every_section_of_a_commented_file_is_explained() -> None:
    text = dump_yaml(settings_of(freeze=True, tags={"a": "b"}))
    lines = text.splitlines()
    for key in ("vault:", "source_region:", "tags:", "freeze:"):
        place = next(n for n, line in enumerate(lines) if line.startswith(key))
        assert lines[place - 1].startswith("# "), key


@pytest.mark.parametrize("name", ["NO", "off", "y", "N", "123", "1_0", "2024-01-01", "0o17", "1e3"])
def test_other_readers_of_yaml_see_a_text_where_we_wrote_one(name: str) -> None:
    text = dump_yaml(settings_of(networks=[{"source": name, "target": "x"}]))
    assert yaml.safe_load(text)["networks"][0]["source"] == name
    assert f"'{name}'" in text


def test_equal_settings_have_one_document_however_they_were_written() -> None:
    short = settings_of(tags={"a": "1", "b": "2"})
    long = settings_of(
        tags={"b": 2, "a": 1}, source_region="East Asia", nics={"address": "asr-default"}
    )
    assert json.dumps(to_document(short)) == json.dumps(to_document(long))


def test_the_document_holds_the_defaults_in_force() -> None:
    """A plan that is read next year must mean what it meant when it was made."""
    document = to_document(settings_of())
    assert document["safety"]["max_changed_percent"] == 30
    assert document["nics"]["address"] == "asr-default"
    assert document["copy"]["dns"] is True


def test_a_document_that_was_tampered_with_is_refused() -> None:
    document = {**to_document(settings_of()), "extra": 1}
    with pytest.raises(SettingsError, match="plan settings: 1 mistake\n  extra: unknown key"):
        from_document(document, "plan settings")
