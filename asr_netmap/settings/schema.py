"""The JSON Schema of a settings file, for editors and for naming the keys that were meant."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from asr_netmap.settings.model import Settings

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/"


class _Generator(GenerateJsonSchema):
    """Without titles that only repeat the key."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def settings_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of ``netmap.yaml``, one vault or several.

    What options or the environment may supply isn't required here.
    """
    return copy.deepcopy(_several_and_one())


def known_keys(path: tuple[str | int, ...], kind: str = "Settings") -> tuple[str, ...]:
    """The keys that the mapping at `path` takes; empty: any, or none.

    kind -- the name of the class that the path starts from.
    """
    schema = _several_and_one()
    node = schema["$defs"][kind]
    for part in path:
        node = _below(schema, node, part)
    return tuple(_resolved(schema, node).get("properties", ()))


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        found: dict[str, Any] = schema["$defs"][node["$ref"].removeprefix(_REF)]
        return found
    return node


def _below(schema: dict[str, Any], node: dict[str, Any], part: str | int) -> dict[str, Any]:
    node = _resolved(schema, node)
    if isinstance(part, int):
        found = node.get("items", {})
    else:
        found = (
            node.get("properties", {}).get(part)
            or node.get("additionalProperties")
            or next(iter(node.get("patternProperties", {}).values()), {})
        )
    return found if isinstance(found, dict) else {}


@lru_cache(maxsize=1)
def _several_and_one() -> dict[str, Any]:
    one = Settings.model_json_schema(by_alias=True, schema_generator=_Generator)
    definitions = one.pop("$defs")
    for definition in (one, *definitions.values()):
        _drop_null(definition)
    one["required"] = ["version"]
    definitions["VaultRef"].pop("required")
    for definition in definitions.values():
        definition.pop("title", None)
        # What follows the first sentence of a class is for programmers.
        definition["description"] = definition["description"].split("\n\n")[0].replace("\n", " ")
    definitions["Settings"] = {**one, "title": "One vault and one pair of regions"}
    definitions["VaultEntry"] = _entry(one, "One vault of several, laid over `defaults`.", ())
    definitions["Defaults"] = _entry(one, "What every entry of `vaults` starts from.", _OF_ENTRIES)
    definitions["SeveralVaults"] = _several(one["properties"]["version"])
    return {
        "$schema": _DIALECT,
        "title": "netmap.yaml",
        "description": "The declared network side of Azure-to-Azure disaster recovery.",
        "anyOf": [{"$ref": _REF + "Settings"}, {"$ref": _REF + "SeveralVaults"}],
        "$defs": definitions,
    }


_OF_ENTRIES = ("networks", "protect")
"""What can't be a default, since it speaks of one vault's own networks."""


def _entry(one: dict[str, Any], description: str, without: tuple[str, ...]) -> dict[str, Any]:
    left_out = {"version", *without}
    properties = {key: value for key, value in one["properties"].items() if key not in left_out}
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "properties": properties,
    }


def _several(version: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "title": "Several vaults or pairs of regions",
        "description": "Planned and applied together, with one summary and one exit code.",
        "additionalProperties": False,
        "required": ["version", "vaults"],
        "properties": {
            "version": version,
            "defaults": {"$ref": _REF + "Defaults"},
            "vaults": {
                "type": "array",
                "minItems": 1,
                "description": "One entry per vault and pair of regions.",
                "items": {"$ref": _REF + "VaultEntry"},
            },
        },
    }


def _drop_null(definition: dict[str, Any]) -> None:
    """A file leaves a key out instead of saying null, so the schema doesn't offer null."""
    for prop in definition.get("properties", {}).values():
        options = [one for one in prop.get("anyOf", ()) if one != {"type": "null"}]
        if len(options) == 1:
            del prop["anyOf"]
            prop.update({key: value for key, value in options[0].items() if key not in prop})
        elif options:
            prop["anyOf"] = options
        if prop.get("default", 0) is None or "$ref" in prop:
            prop.pop("default", None)  # a section's defaults stand in the section
