"""``netmap.yaml``: what is declared for a vault, a pair of regions and its networks.

    text ──yaml_reader──► values with lines ──loading, overrides──► Settings
      ▲                                            │ mistakes: every one, with its line
      └───────────────── writing ◄─────────────────┘

`model`, `network_sections` and `nic_sections` hold the sections as frozen classes, `values` and
`checks` what single values may be, `schema` the JSON Schema that editors use. Importing this
package loads pydantic; the command line does so only in commands that need settings.
"""

from __future__ import annotations

from asr_netmap.settings.checks import CLEAR, AddressChoice, AddressMode
from asr_netmap.settings.loading import (
    checked,
    from_document,
    load_settings,
    parse_settings,
    settings_from_options,
)
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
from asr_netmap.settings.schema import settings_schema
from asr_netmap.settings.writing import dump_yaml, to_document

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
