"""Settings -> a clean netmap.yaml."""

from __future__ import annotations

import re
from typing import Any

import yaml

from asr_netmap.settings.model import Settings

# What other readers of YAML take for a number or a switch although PyYAML doesn't.
_MISREAD = re.compile(
    r"[yYnN]|<<|=|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?"
)

_HEADER = """\
# Network side of Azure-to-Azure disaster recovery, kept by asr-netmap.
# asr-netmap plan shows what would change; asr-netmap apply does it.
# For completion in an editor: asr-netmap init --schema
"""

_OF_DEFAULTS = frozenset({"nics", "copy", "safety"})
"""Sections that are the same left out and empty."""

_COMMENTS = {
    "vault": "The Recovery Services vault",
    "source_region": "Failover goes from source to target; mappings are kept both ways",
    "target_resource_group": "Where created networks and protected VMs go",
    "target_subscription": "The subscription of created networks",
    "networks": "Source networks and their targets; without a target: <source>-asr, created",
    "protect": "Machines that are to be replicated for the first time",
    "nics": "Rules for all NICs; settings are the exceptions",
    "copy": "What a created network takes over from its source",
    "tags": "Tags for what this tool creates",
    "safety": "Limits that a plan must keep",
    "freeze": "true stops every write",
}


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # -- PyYAML's C dumper has no stub
    """Quotes what any reader of YAML could take for something else than text; no aliases."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    style = "'" if _MISREAD.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump_yaml(settings: Settings, comments: bool = True) -> str:
    """A netmap.yaml that reads back as equal settings; what is default is left out."""
    document = settings.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude_none=True
    )
    parts = [_HEADER] if comments else []
    for key, value in document.items():
        if value == {} and key in _OF_DEFAULTS:
            continue
        if comments and key in _COMMENTS:
            parts.append(f"\n# {_COMMENTS[key]}\n")
        parts.append(_dumped(key, value))
    return "".join(parts)


def _dumped(key: str, value: object) -> str:
    text: str = yaml.dump(
        {key: value},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        # Short leaves stand in one line, the rest in blocks.
        default_flow_style=None if isinstance(value, dict | list) else False,
        width=100,
    )
    return text
