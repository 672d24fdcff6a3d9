"""The machine that figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any


def machine() -> dict[str, Any]:
    """Cores, memory in GB, Python, and the packages that matter."""
    packages = (
        *("azure-core", "azure-identity", "azure-mgmt-network"),
        *("azure-mgmt-recoveryservicessiterecovery", "typer", "pydantic"),
    )
    return {
        "cores": os.cpu_count() or 1,
        "memory_gb": round(_memory() / 2**30, 1),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: version(name) for name in packages},
    }


def described(found: dict[str, Any]) -> str:
    """The machine in one line."""
    return (
        f"{found['cores']} cores, {found['memory_gb']} GB, {found['system']}, "
        f"Python {found['python']}, load {found['load']} at the start"
    )


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):  # not told on this system
        return 0
