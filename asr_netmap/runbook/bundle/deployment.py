"""What is beside the wheel in the folder: runbook, Bicep, roles, the page of steps."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files

import asr_netmap
from asr_netmap.report.inert import json_text
from asr_netmap.roles import ROLES, definition
from asr_netmap.runbook.bundle.target import Target
from asr_netmap.runbook.bundle.wheel_file import DISTRIBUTION

RUNBOOK = "asr_netmap_runbook.py"
VARIABLE = "netmap"
NIGHTLY = f"verify --config {VARIABLE} --fail-on-drift"
FINISH = f"finish --config {VARIABLE} --client-id CLIENT-ID"

# Path in the folder -> template.
_TEMPLATES = {
    "README.md": "README.md",
    RUNBOOK: "asr_netmap_runbook.py.txt",
    "main.bicep": "main.bicep",
    "modules/roles.bicep": "roles.bicep",
    "modules/subscription_assignment.bicep": "subscription_assignment.bicep",
    "modules/group_assignment.bicep": "group_assignment.bicep",
}
_WORD = re.compile(r"@@([A-Z0-9_]+)@@")


def deployment_files(target: Target, wheel: str, data: bytes) -> dict[str, bytes]:
    """The files by their path in the folder.

    wheel, data -- name and bytes of the wheel, which is not among them.
    """
    words = _words(target, wheel, data)
    words["RUNBOOK_SHA256"] = _sha256(_filled(_TEMPLATES[RUNBOOK], words).encode())
    texts = {path: _filled(name, words) for path, name in _TEMPLATES.items()}
    texts.update({f"roles/{role}.json": json_text(definition(role)) for role in ROLES})
    return {path: text.encode() for path, text in texts.items()}


def _words(target: Target, wheel: str, data: bytes) -> dict[str, str]:
    return {
        "VERSION": asr_netmap.__version__,
        "PYTHON": target.python,
        "PYTHON_DIGITS": target.python.replace(".", ""),
        "MINOR": str(target.minor),
        "WHEEL": wheel,
        "WHEEL_SHA256": _sha256(data),
        "WHEEL_MB": f"{len(data) / 1e6:.1f}",
        "RUNBOOK": RUNBOOK,
        "DISTRIBUTION": DISTRIBUTION,
        "VARIABLE": VARIABLE,
        "ARGUMENT": NIGHTLY,
        "FINISH": FINISH,
    }


def _filled(template: str, words: Mapping[str, str]) -> str:
    text = (files(__package__) / "templates" / template).read_text(encoding="utf-8")
    return _WORD.sub(lambda found: words[found.group(1)], text)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
