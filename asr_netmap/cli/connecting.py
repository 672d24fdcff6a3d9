"""The one place where a command gets its connection: Azure, or one of two ways to a sandbox."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from asr_netmap.cli.console import Console
from asr_netmap.cli.options import Access
from asr_netmap.errors import UsageError

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection


def connect(console: Console, access: Access) -> Connection:
    """The connection that the options ask for; a context manager.

    Raises UsageError for contradicting options, EstateFileError, or CredentialsMissing on entry.
    """
    if access.sandbox is not None and access.endpoint is not None:
        raise UsageError(
            "--sandbox and --endpoint are two ways to two sandboxes.", "Give only one of them."
        )
    if access.ca is not None and access.endpoint is None:
        raise UsageError("--ca is for an --endpoint that speaks https.", "Leave it out.")
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    if access.sandbox is not None:
        estate = "demo" if access.sandbox == "demo" else Path(access.sandbox)
        return api.open_sandbox(estate, workers=access.workers)
    if access.endpoint is not None:
        return api.connect_endpoint(access.endpoint, ca=access.ca, workers=access.workers)
    return api.connect_azure(
        cloud=access.cloud.value,
        auth=access.auth.value,
        attended=console.attended,
        workers=access.workers,
    )


def read_progress(console: Console) -> Callable[[str], None] | None:
    """Where reading says what it does; only ``--verbose`` wants to know."""
    return console.detail if console.verbose else None
