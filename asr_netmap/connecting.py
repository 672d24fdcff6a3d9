"""Connections: to Azure, to a served sandbox, to one in this process; none of them open yet.

Importing this loads no `azure` package; connecting does.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from asr_netmap.budgets import DEFAULT_WORKERS
from asr_netmap.clock import Clock, SystemClock, VirtualClock
from asr_netmap.errors import EstateFileError, UsageError

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection  # loads azure, so only for the checker


def connect_azure(
    *,
    cloud: str = "AzureCloud",
    auth: str = "default",
    client_id: str | None = None,
    attended: bool | None = None,
    workers: int = DEFAULT_WORKERS,
    clock: Clock | None = None,
    rng: Random | None = None,
) -> Connection:
    """A connection to Azure; a context manager.

    cloud -- AzureCloud, AzureUSGovernment or AzureChinaCloud.
    auth -- default, cli, managed-identity or environment.
    client_id -- of a user-assigned managed identity.
    Raises UsageError for another cloud or kind of credential, CredentialsMissing when opened.
    """
    from asr_netmap.gateway.cloud import Cloud  # noqa: PLC0415 -- gateway imports azure
    from asr_netmap.gateway.connection import connect_azure as connect  # noqa: PLC0415 -- same
    from asr_netmap.gateway.credentials import Auth  # noqa: PLC0415 -- same

    return _writing_what_is_planned(
        connect(
            _one_of(Cloud, cloud, "--cloud"),
            _one_of(Auth, auth, "--auth"),
            client_id=client_id,
            attended=attended,
            clock=clock,
            rng=rng,
            workers=workers,
        )
    )


def connect_endpoint(
    url: str,
    *,
    ca: Path | None = None,
    auth: str = "default",
    client_id: str | None = None,
    workers: int = DEFAULT_WORKERS,
    clock: Clock | None = None,
) -> Connection:
    """A connection to a served sandbox on this machine; a context manager.

    ca -- the certificate of a sandbox that serves TLS.
    auth, client_id -- as for Azure. They count only where the environment names the sandbox itself
        as its managed identity endpoint; else its token is asked for directly. No other
        credential is ever used for a sandbox.
    Raises UsageError for a URL that isn't on the loopback interface.
    """
    from asr_netmap.gateway import connection  # noqa: PLC0415 -- gateway imports azure
    from asr_netmap.gateway.credentials import Auth  # noqa: PLC0415 -- same

    return _writing_what_is_planned(
        connection.connect_endpoint(
            url,
            ca=ca,
            auth=_one_of(Auth, auth, "--auth"),
            client_id=client_id,
            workers=workers,
            clock=clock,
        )
    )


def open_sandbox(
    estate: Path | str | Literal["demo"],
    *,
    workers: int = DEFAULT_WORKERS,
    clock: Clock | None = None,
) -> Connection:
    """A sandbox in this process; a context manager.

    estate -- an estate file, in which every accepted write is kept, or ``"demo"`` for the
        built-in estate, kept nowhere.
    clock -- what operations and waits run on; default: a virtual one, on which they cost nothing.
    Raises EstateFileError.
    """
    from asr_netmap.gateway.connection import connect_sandbox  # noqa: PLC0415 -- imports azure

    sandbox = _sandbox_of(estate)
    now = clock or VirtualClock(SystemClock().now())
    return _writing_what_is_planned(
        connect_sandbox(sandbox.handle, clock=now, workers=workers, closing=lambda: _tidy(sandbox))
    )


def _writing_what_is_planned(azure: Connection) -> Connection:
    """The connection, over which only `_carry_out` can write, and only its plan's changes."""
    azure.permits.withhold()
    return azure


def _tidy(sandbox: Any) -> None:
    """Leave one file; where that can't be written, the journal beside it tells the rest."""
    from asr_netmap.sandbox.estate import EstateError  # noqa: PLC0415 -- only sandbox runs

    with suppress(OSError, EstateError):
        sandbox.close()


def _sandbox_of(estate: Path | str) -> Any:
    from asr_netmap.sandbox.demo_estate import demo_estate  # noqa: PLC0415 -- only sandbox runs
    from asr_netmap.sandbox.estate import EstateError  # noqa: PLC0415 -- only sandbox runs
    from asr_netmap.sandbox.session import FileSandbox, MemorySandbox  # noqa: PLC0415 -- as above

    if str(estate) == "demo":
        return MemorySandbox(demo_estate())
    path = Path(estate)
    if not path.exists():
        raise EstateFileError(
            f"There is no estate file {path}.",
            f"Make one with `asr-netmap sandbox new {path}`, or use `--sandbox demo`.",
        )
    try:
        return FileSandbox(path)
    except EstateError as error:
        raise EstateFileError(
            str(error), "An estate file is what `asr-netmap snapshot` or `sandbox new` writes."
        ) from None


def _one_of(kind: Any, text: str, option: str) -> Any:
    for one in kind:
        if one.value.lower() == text.lower():
            return one
    known = ", ".join(one.value for one in kind)
    raise UsageError(f"{option} {text!r} is not known.", f"One of: {known}.")
