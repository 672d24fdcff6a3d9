"""The one place where a command gets its connection: Azure, one of two sandboxes, or a recording.

Any of the live ones can be recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asr_netmap.cli.console import Console
from asr_netmap.cli.one_arena import share_one_arena
from asr_netmap.cli.options import Access
from asr_netmap.errors import FileError, UsageError
from asr_netmap.files import read_text

if TYPE_CHECKING:
    from asr_netmap.clock import Clock
    from asr_netmap.gateway.cloud import Cloud
    from asr_netmap.gateway.connection import Connection

_INSTEAD: ContextVar[Callable[[Cloud], Connection] | None] = ContextVar("instead", default=None)
_OFFLINE: ContextVar[bool] = ContextVar("offline", default=False)
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MOST_READ = 64 * 1024 * 1024


@contextmanager
def connect(console: Console, access: Access, *, writes: bool = False) -> Iterator[Connection]:
    """The connection that the options ask for, opened.

    writes -- something will most likely be written, so what that takes is made ready.

    Raises UsageError for contradicting options or a missing extra, EstateFileError,
    CassetteFileError, or CredentialsMissing; at the end of a cassette Unplayed for writes.
    """
    _refuse_contradictions(access)
    with console.telling_pauses(), _chosen(console, access) as azure:
        if writes:
            azure.expect_writes()
        yield azure


@contextmanager
def _chosen(console: Console, access: Access) -> Iterator[Connection]:
    if access.cassette is not None:
        replay = _testing().replay
        ids = _ids_given(console)
        # A bigger cassette may be looked into; a recorded write that this run leaves out is
        # no replay of it, whatever the run says.
        with replay(access.cassette, allow_unplayed="reads", ids=ids, warn=console.warn) as azure:
            console.cassette = azure.cassette
            yield azure
    elif access.record is not None:
        record = _testing().record
        with record(
            access.record, lambda: _live(console, access), say=console.say, warn=console.warn
        ) as azure:
            yield azure
    else:
        with _live(console, access) as azure:
            console.cassette = azure.cassette
            yield azure


@contextmanager
def offline() -> Iterator[None]:
    """Inside this block no command goes to Azure."""
    before = _OFFLINE.set(True)
    try:
        yield
    finally:
        _OFFLINE.reset(before)


@contextmanager
def instead_of_azure(connection: Callable[[Cloud], Connection]) -> Iterator[None]:
    """Inside this block commands get what `connection` makes, where they would go to a cloud."""
    before = _INSTEAD.set(connection)
    try:
        yield
    finally:
        _INSTEAD.reset(before)


def read_progress(console: Console) -> Callable[[str], None] | None:
    """Where reading says what it does; only ``--verbose`` wants to know."""
    return console.detail if console.verbose else None


def _live(console: Console, access: Access) -> Connection:
    from asr_netmap import connecting  # noqa: PLC0415 -- help needs none of it

    workers = 1 if access.record is not None else access.workers
    if access.sandbox == "demo":
        return connecting.open_sandbox("demo", workers=workers, clock=_clock_of_demo(access))
    if access.sandbox is not None:
        return connecting.open_sandbox(Path(access.sandbox), workers=workers)
    if workers > 1:
        share_one_arena()
    if access.endpoint is not None:
        return connecting.connect_endpoint(
            access.endpoint,
            ca=access.ca,
            auth=access.auth.value,
            client_id=access.client_id,
            workers=workers,
        )
    instead = _INSTEAD.get()
    if instead is not None:
        return instead(access.cloud)
    if _OFFLINE.get():
        raise UsageError(
            "This run is kept from the network, and would have gone to Azure.",
            "Give it --cassette or --sandbox.",
        )
    return connecting.connect_azure(
        cloud=access.cloud.value,
        auth=access.auth.value,
        client_id=access.client_id,
        attended=console.attended,
        workers=workers,
    )


def _clock_of_demo(access: Access) -> Clock | None:
    """Recorded, the demo always plays at the same time, so that its cassette is always the same."""
    from asr_netmap.clock import VirtualClock  # noqa: PLC0415 -- only this needs it

    return VirtualClock() if access.record is not None else None


def _refuse_contradictions(access: Access) -> None:
    if access.sandbox is not None and access.endpoint is not None:
        raise UsageError(
            "--sandbox and --endpoint are two ways to two sandboxes.", "Give only one of them."
        )
    if access.ca is not None and access.endpoint is None:
        raise UsageError("--ca is for an --endpoint that speaks https.", "Leave it out.")
    for option, given in (
        ("--sandbox", access.sandbox),
        ("--endpoint", access.endpoint),
        ("--record", access.record),
    ):
        if access.cassette is not None and given is not None:
            raise UsageError(
                f"--cassette answers from a recording, so {option} has nothing to do.",
                "Give only one of them.",
            )


def _testing() -> Any:
    """The testing part. Raises UsageError that names the extra, if that is not installed."""
    from asr_netmap import testing  # noqa: PLC0415 -- loads azure, and what an extra installs

    return testing


def _ids_given(console: Console) -> set[str]:
    """The GUIDs that were typed, and those in the files that were named.

    A cassette holds replacements for them, and shows them again where it is told what they were.
    """
    texts = [str(each) for each in console.given]
    for each in console.given:
        if isinstance(each, Path) and each.is_file():
            try:
                texts.append(read_text(each, "file", _MOST_READ))
            except FileError:  # whoever needs the file says what is wrong with it
                continue
    return {match.group().lower() for text in texts for match in _GUID.finditer(text)}
