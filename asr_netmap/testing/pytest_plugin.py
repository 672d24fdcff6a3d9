"""For tests of one's own: a fixture that replays cassettes.

    pytest_plugins = ["asr_netmap.testing.pytest_plugin"]    # in conftest.py

    def test_everything_is_mapped(netmap_cassette):
        azure = netmap_cassette("cassettes/prod.yaml")
        assert api.verify(azure, settings).findings == ()

A test fails at its end for a request that was missed and for interactions that nobody asked for.
As long as it has the fixture, nothing in the process reaches another host, loopback included: what
tries gets a NetworkBlocked, and if that is swallowed the test fails at its end. Where a test talks
to a server of its own: ``netmap_cassette("x.yaml", allow_network=["127.0.0.1"])``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from asr_netmap.clock import Clock
from asr_netmap.errors import CassetteMismatch
from asr_netmap.gateway.connection import Connection
from asr_netmap.testing.cassette import load
from asr_netmap.testing.network import NoNetwork
from asr_netmap.testing.replay import AllowUnplayed, ReplayTransport, connected


class Cassettes:
    """Opens cassettes for one test, and looks at its end whether all was played."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._open: list[tuple[ReplayTransport, AllowUnplayed]] = []
        self._block = self._stack.enter_context(NoNetwork())

    def __call__(
        self,
        path: Path | str,
        *,
        clock: Clock | None = None,
        allow_unplayed: AllowUnplayed = False,
        ids: Iterable[str] = (),
        names: Mapping[str, str] | None = None,
        allow_network: Iterable[str] = (),
    ) -> Connection:
        """A connection over a cassette; a relative path starts at the test's own folder.

        allow_network -- hosts that may be reached from here to the end of the test.
        """
        self._block.allow(allow_network)
        transport = ReplayTransport(load(self._folder / path), clock=clock, ids=ids, names=names)
        self._open.append((transport, allow_unplayed))
        return self._stack.enter_context(connected(transport))

    def finish(self) -> list[str]:
        """Close everything, and say what did not fit."""
        self._stack.close()
        blocked = [str(error) for error in self._block.refused[:1]]
        return blocked + [wrong for each in self._open if (wrong := _what_is_wrong(*each))]


def _what_is_wrong(transport: ReplayTransport, allow_unplayed: AllowUnplayed) -> str:
    try:
        transport.finish(allow_unplayed=allow_unplayed)
    except CassetteMismatch as error:
        return str(error)
    return ""


@pytest.fixture
def netmap_cassette(request: pytest.FixtureRequest) -> Iterator[Cassettes]:
    """Opens a cassette by its path: ``netmap_cassette("cassettes/prod.yaml")``.

    Takes the arguments of `asr_netmap.testing.replay` but `warn`. No network as long as it lasts.
    """
    cassettes = Cassettes(request.path.parent)
    yield cassettes
    wrong = cassettes.finish()
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)
