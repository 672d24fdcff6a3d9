"""Recording: a cassette of what a connection says, scrubbed before anything is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import metadata
from pathlib import Path

from asr_netmap import __version__
from asr_netmap.clock import Clock
from asr_netmap.errors import CassetteFileError, UsageError
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.tapping import Exchange, TappedTransport
from asr_netmap.testing import lint
from asr_netmap.testing.cassette import Cassette, Interaction, Recorded, load, need_vcrpy, save
from asr_netmap.testing.patterns import TOKEN_PATHS
from asr_netmap.testing.scrubbing import Names, Scrubber, keeps_of_answer, keeps_of_request

_PACKAGES = (
    "azure-core",
    "azure-mgmt-network",
    "azure-mgmt-recoveryservicessiterecovery",
    "vcrpy",
)

Say = Callable[[str], None]


@contextmanager
def record(
    path: Path | str,
    connection: Connection | Callable[[], Connection],
    *,
    names: Mapping[str, str] | None = None,
    say: Say | None = None,
    warn: Say | None = None,
) -> Iterator[Connection]:
    """A connection whose exchanges are in the file when the block ends, also if it fails.

    connection -- not opened yet: to Azure, to a served sandbox, or to one in this process. It is
        opened and closed here, and used by one worker, so that the order is always the same.
    names -- real name -> what stands for it in the file.
    say -- told how much was recorded. warn -- told what in the file still looks private.
    Raises CassetteFileError for an existing file that is no cassette, UsageError without vcrpy.
    """
    need_vcrpy()
    path = Path(path)
    _refuse_to_overwrite(path)
    live = connection() if callable(connection) else connection
    if live.cassette is not None:
        raise UsageError("A cassette is no source for another one.", "Record the service itself.")
    origin = "sandbox" if live.sandbox else "azure"
    cloud = Cloud.PUBLIC if live.sandbox else Cloud(live.cloud)
    recorder = Recorder(Scrubber(cloud.host, Names(dict(names or {}))), live.clock)
    about = Recorded(origin, cloud.value, live.clock.now(), f"asr-netmap {__version__}", versions())
    try:
        with live.through(lambda inner: TappedTransport(inner, recorder.take), workers=1) as azure:
            yield azure
    finally:
        _finish(path, Cassette(recorder.interactions(), about, path.name), say, warn)


class Recorder:
    """Takes exchanges, scrubs them at once and keeps what is left; safe for threads.

    Token requests are not taken at all.
    """

    def __init__(self, scrubber: Scrubber, clock: Clock) -> None:
        self._scrubber = scrubber
        self._clock = clock
        self._began = clock.monotonic()
        self._lock = threading.Lock()
        self._kept: list[Interaction] = []

    def take(self, exchange: Exchange) -> None:
        """Keep one exchange."""
        if TOKEN_PATHS.search(exchange.url):
            return
        seconds = self._clock.monotonic() - self._began
        interaction = scrubbed(as_interaction(exchange, seconds), self._scrubber)
        with self._lock:
            self._kept.append(interaction)

    def interactions(self) -> tuple[Interaction, ...]:
        """What was kept so far."""
        with self._lock:
            return tuple(self._kept)


def as_interaction(exchange: Exchange, seconds: float | None = None) -> Interaction:
    """An exchange as it was, with everything in it."""
    return Interaction(
        exchange.method,
        exchange.url,
        exchange.request_headers,
        exchange.request_body,
        exchange.status,
        exchange.reason,
        exchange.headers,
        exchange.body,
        seconds,
    )


def scrubbed(raw: Interaction, scrubber: Scrubber) -> Interaction:
    """An interaction without what must not be shared."""
    return Interaction(
        raw.method,
        scrubber.url(raw.url),
        scrubber.headers(raw.request_headers, partial(keeps_of_request, raw.method)),
        scrubber.body(raw.request_body),
        raw.status,
        scrubber.text(raw.reason),
        scrubber.headers(raw.headers, keeps_of_answer),
        scrubber.body(raw.body),
        raw.seconds,
    )


def _refuse_to_overwrite(path: Path) -> None:
    if not path.exists():
        if not path.parent.is_dir():
            raise CassetteFileError(
                f"{path} can't be written: there is no folder {path.parent}.", "Make it first."
            )
        return
    try:
        load(path)
    except CassetteFileError as error:
        raise CassetteFileError(
            f"{path} exists and is no cassette, so it is not overwritten: {error.message}",
            "Give another name.",
        ) from None


def _finish(path: Path, cassette: Cassette, say: Say | None, warn: Say | None) -> None:
    """Write what was recorded; a run that asked for nothing leaves no file behind."""
    if not cassette.interactions:
        return
    save(path, cassette)
    if say is not None:
        say(f"Recorded {len(cassette.interactions)} interactions to {path}.")
    if warn is not None:
        for hit in lint.lint_cassette(cassette, str(path)):
            warn(f"Look before you share it: {hit}")


def versions() -> dict[str, str]:
    """What sends the requests: package -> version."""
    return {name: metadata.version(name) for name in _PACKAGES}
