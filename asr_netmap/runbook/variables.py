"""What a job reads by name: a file where there is one, else an Automation variable."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asr_netmap.errors import AlteredPlan, NotFound
from asr_netmap.runbook.argument import INLINE

if TYPE_CHECKING:
    from asr_netmap.settings import Overrides, Settings

Variables = Callable[[str], str]
"""The text of a variable; raises NotFound."""


def automation_variable(name: str) -> str:
    """The text of a variable of the Automation account.

    The module that gives it exists in Automation's own workers and in hybrid ones, and nowhere
    else (Microsoft Learn, manage variables in Azure Automation).
    Raises NotFound where there is no such variable, or no Automation.
    """
    try:
        automationassets = import_module("automationassets")
    except ImportError:
        raise NotFound(
            f"There is no file {name!r}, and no Azure Automation here that could have a variable "
            "of that name.",
            "Give the path of a netmap.yaml, or run this as a runbook.",
        ) from None
    try:
        value: Any = automationassets.get_automation_variable(name)
    except Exception as error:
        raise NotFound(
            f"The Automation account gives no variable {name!r}: {type(error).__name__}.",
            "Make a variable of that name and type String, not in another account, that holds the "
            "netmap.yaml.",
        ) from None
    if not isinstance(value, str) or not value.strip():
        raise NotFound(f"The Automation variable {name!r} holds no text.", "Its type is String.")
    return value


def settings_from(
    name: str, overrides: Overrides, inline: str, variables: Variables
) -> tuple[Settings, ...]:
    """The settings that a configuration's name stands for. Raises SettingsError or NotFound.

    inline -- the text that stands in the job's string.
    """
    from asr_netmap.settings import load_settings, parse_settings  # noqa: PLC0415 -- pydantic

    if name == INLINE:
        return parse_settings(inline, INLINE, overrides)
    if Path(name).is_file():
        return load_settings(name, overrides)
    return parse_settings(variables(name), f"variable {name}", overrides)


def plan_file(name: str, sha256: str, folder: Path, variables: Variables) -> Path:
    """The file of an approved plan; a variable's text is put into `folder` byte for byte.

    sha256 -- of the approved file. A portal may change the ends of lines in a variable and cut the
        last one off, so of these forms the one that was approved is taken.
    Raises NotFound, or AlteredPlan if none of them was.
    """
    path = Path(name)
    if path.is_file():
        return path
    text = variables(name)
    for data in _forms(text):
        if hashlib.sha256(data).hexdigest() == sha256.strip().lower():
            found = folder / "plan.json"
            found.write_bytes(data)
            return found
    raise AlteredPlan(
        f"The plan in variable {name} is not the one that was approved: its SHA-256 differs.",
        "Put the approved file into the variable as it is, or have this one reviewed.",
    )


def _forms(text: str) -> Iterator[bytes]:
    lines = text.replace("\r\n", "\n").rstrip("\n")
    for form in (text, f"{lines}\n", lines):
        yield form.encode("utf-8", "surrogatepass")
