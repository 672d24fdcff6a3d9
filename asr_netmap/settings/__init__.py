"""``netmap.yaml``: what is declared for a vault, a pair of regions and its networks.

    text ──yaml_reader──► values with lines ──loading, overrides──► Settings ◄──checking── options
      ▲                                            │ mistakes: every one, with its line
      └───────────────── writing ◄─────────────────┘

`model`, `network_sections` and `nic_sections` hold the sections as frozen classes, `values` and
`checks` what single values may be, `schema` the JSON Schema that editors use. Importing this
package loads pydantic; the command line does so only in commands that need settings. What reads and
writes files is loaded when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from asr_netmap.settings.checking import (
    checked,
    from_document,
    settings_from_options,
    to_document,
)
from asr_netmap.settings.checks import CLEAR, AddressChoice, AddressMode
from asr_netmap.settings.model import CopySettings, Safety, Settings
from asr_netmap.settings.network_sections import (
    AddressRule,
    Attach,
    NetworkSettings,
    TestNetwork,
    VaultRef,
)
from asr_netmap.settings.nic_sections import NicException, NicRules
from asr_netmap.settings.overrides import ORIGINS, Origin, Overrides
from asr_netmap.settings.protect_section import Protect, ProtectException

if TYPE_CHECKING:
    from asr_netmap.settings.loading import load_settings, parse_settings
    from asr_netmap.settings.schema import settings_schema
    from asr_netmap.settings.writing import dump_yaml

__all__ = [
    "CLEAR",
    "ORIGINS",
    "AddressChoice",
    "AddressMode",
    "AddressRule",
    "Attach",
    "CopySettings",
    "NetworkSettings",
    "NicException",
    "NicRules",
    "Origin",
    "Overrides",
    "Protect",
    "ProtectException",
    "Safety",
    "Settings",
    "TestNetwork",
    "VaultRef",
    "checked",
    "dump_yaml",
    "from_document",
    "load_settings",
    "parse_settings",
    "settings_from_options",
    "settings_schema",
    "to_document",
]

_OF_FILES = {
    "load_settings": "loading",
    "parse_settings": "loading",
    "settings_schema": "schema",
    "dump_yaml": "writing",
}


def __getattr__(name: str) -> Any:
    """What only files need, from its module."""
    if name not in _OF_FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_OF_FILES[name]}"), name)
