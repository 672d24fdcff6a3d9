"""The JSON Schema: checked by a small validator, since it must fit what the reader takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from asr_netmap.settings import parse_settings, settings_schema
from asr_netmap.settings.yaml_reader import read_yaml

HEAD = """\
version: 1
vault: {subscription: s, resource_group: g, name: v}
source_region: East Asia
target_region: southeastasia
"""
NETWORK = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"

GOOD = {
    "short": HEAD,
    "full": HEAD
    + f"""\
target_resource_group: rg
networks:
  - source: vnet-app
  - source: rg/vnet-data
    target: vnet-data-dr
    subnets: {{sql: zeta}}
    addresses: [{{from: 10.2.1.0/24, to: 10.20.2.0/24}}]
    test: {{network: t, address: same}}
    attach: {{web: {{nsg: {NETWORK}/networkSecurityGroups/n}}}}
nics:
  existing: keep
  settings:
    - {{vm: a, address: 10.1.1.77, nsg: none, lb_pools: none, accelerated: false}}
    - {{vm: c, target_network: none, subnet: none, test_subnet: none, address: none}}
    - {{vm: d, accelerated: none, reuse_nic: none, selected: none, test_reuse_nic: none}}
    - {{vm: b, address: dynamic, lb_pools: [{NETWORK}/loadBalancers/l/backendAddressPools/p]}}
copy: {{dns: false}}
tags: {{owner: dr, cost: 12}}
safety: {{max_changed_percent: 5, max_failures: 2}}
freeze: false
""",
    "several": """\
version: 1
defaults: {vault: {subscription: s, resource_group: g}, source_region: a1, target_region: b1}
vaults:
  - {vault: {name: one}, networks: [{source: a}]}
  - {vault: {name: two}, freeze: true}
""",
}
BAD = {
    "an unknown key": HEAD + "colour: red",
    "a Python name for a key": HEAD + "copy_: {dns: true}",
    "a number for a list": HEAD + "networks: 3",
    "a bad mode": HEAD + "nics: {address: sane}",
    "too large a share": HEAD + "safety: {max_changed_percent: 101}",
    "no failures allowed": HEAD + "safety: {max_failures: 0}",
    "an address for all": HEAD + "networks: [{source: a, address: 10.0.0.1}]",
    "an IPv6 rule": HEAD
    + "networks: [{source: a, addresses: [{from: 'fd00::/8', to: 'fe00::/8'}]}]",
    "no version": HEAD.replace("version: 1\n", ""),
    "networks as defaults": "version: 1\ndefaults: {networks: []}\nvaults: [{}]",
    "a row without a VM": HEAD + "nics: {settings: [{nic: a}]}",
    "nothing": HEAD + "networks:",
}
TYPES: Mapping[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
}


class Checker:
    """As much of JSON Schema as ours uses; an unknown keyword is an error of the test."""

    IGNORED = frozenset({"$schema", "$defs", "title", "description", "default", "format"})

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    def fits(self, value: object) -> bool:
        return self.check(self.schema, value)

    def check(self, node: dict[str, Any], value: object) -> bool:
        keywords = node.keys() - self.IGNORED
        if isinstance(value, dict):
            keywords -= {"patternProperties", "additionalProperties"}
            if not self.members(node, value):
                return False
        return all(self.keyword(word, node[word], value) for word in keywords)

    def members(self, node: dict[str, Any], value: dict[str, Any]) -> bool:
        for key, one in value.items():
            patterns = node.get("patternProperties", {})
            known = node.get("properties", {}).get(key)
            found = known or next((s for p, s in patterns.items() if re.search(p, key)), None)
            found = node.get("additionalProperties", True) if found is None else found
            if found is False or (isinstance(found, dict) and not self.check(found, one)):
                return False
        return True

    def keyword(self, word: str, rule: Any, value: Any) -> bool:  # noqa: C901, PLR0911, PLR0912 -- a validator in small
        match word:
            case "$ref":
                return self.check(self.schema["$defs"][rule.removeprefix("#/$defs/")], value)
            case "anyOf":
                return any(self.check(one, value) for one in rule)
            case "type":
                kinds = rule if isinstance(rule, list) else [rule]
                return any(self.is_kind(kind, value) for kind in kinds)
            case "enum":
                return value in rule
            case "const":
                return bool(value == rule)
            case "required":
                return not isinstance(value, dict) or set(rule) <= value.keys()
            case "items":
                return not isinstance(value, list) or all(self.check(rule, v) for v in value)
            case "propertyNames":
                return not isinstance(value, dict) or all(self.check(rule, key) for key in value)
            case "pattern":
                return not isinstance(value, str) or re.search(rule, value) is not None
            case "minimum":
                return not isinstance(value, int) or value >= rule
            case "maximum":
                return not isinstance(value, int) or value <= rule
            case "minLength" | "minItems" | "minProperties":
                return not isinstance(value, str | list | dict) or len(value) >= rule
            case "maxLength" | "maxItems" | "maxProperties":
                return not isinstance(value, str | list | dict) or len(value) <= rule
            case "properties" | "patternProperties" | "additionalProperties":
                return True  # of mappings, and those are checked in members()
        raise AssertionError(f"unknown keyword {word}")

    def is_kind(self, kind: str, value: object) -> bool:
        if isinstance(value, bool) and kind == "integer":
            return False
        return isinstance(value, TYPES[kind])


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, definition in schema["$defs"].items():
        for key, prop in definition.get("properties", {}).items():
            yield f"{name}.{key}", prop


@pytest.mark.parametrize("name", GOOD)
def test_the_schema_takes_what_the_reader_takes(name: str) -> None:
    assert parse_settings(GOOD[name], name)
    assert Checker(settings_schema()).fits(read_yaml(GOOD[name]).root)


@pytest.mark.parametrize("name", BAD)
def test_the_schema_refuses_what_is_plainly_wrong(name: str) -> None:
    assert not Checker(settings_schema()).fits(read_yaml(BAD[name]).root)


def test_every_key_is_described() -> None:
    schema = settings_schema()
    silent = []
    for place, prop in properties(schema):
        below = schema["$defs"].get(prop.get("$ref", "").removeprefix("#/$defs/"), {})
        if not prop.get("description") and not below.get("description"):
            silent.append(place)
    assert not silent


def test_the_schema_has_a_title_and_says_its_dialect() -> None:
    schema = settings_schema()
    assert schema["title"] == "netmap.yaml"
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_null_is_offered_nowhere() -> None:
    """The reader refuses empty values, so an editor must not suggest them."""
    assert "null" not in repr(settings_schema())
    assert "None" not in repr(settings_schema())


def test_the_schema_is_the_callers_own() -> None:
    settings_schema()["$defs"].clear()
    assert settings_schema()["$defs"]
