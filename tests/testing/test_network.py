"""While a cassette is played, nothing in the process reaches another host."""

from __future__ import annotations

import _socket
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asr_netmap.errors import CassetteMismatch, NetworkBlocked, UsageError
from asr_netmap.testing import NoNetwork, replay

ELSEWHERE = "192.0.2.1"  # RFC 5737: nobody
UDP = socket.SOCK_DGRAM
BELOW = _socket.socket


@pytest.fixture
def port() -> Iterator[int]:
    """A port of this machine where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        found: int = server.getsockname()[1]
        yield found


def connects(port: int, host: str = "127.0.0.1") -> None:
    socket.create_connection((host, port), timeout=5).close()


def with_socket(
    use: Callable[[socket.socket], object], kind: socket.SocketKind = socket.SOCK_STREAM
) -> None:
    with socket.socket(type=kind) as one:
        use(one)


@pytest.mark.parametrize(
    "reach",
    [
        connects,
        lambda port: connects(port, "localhost"),
        lambda port: with_socket(lambda one: one.connect(("127.0.0.1", port))),
        lambda port: with_socket(lambda one: one.connect_ex(("127.0.0.1", port))),
        lambda port: with_socket(lambda one: one.sendto(b"x", ("127.0.0.1", port)), UDP),
        lambda port: with_socket(lambda one: one.sendto(b"x", 0, ("127.0.0.1", port)), UDP),
        lambda port: with_socket(lambda one: one.sendmsg([b"x"], (), 0, (ELSEWHERE, port)), UDP),
        # Past what tests of this project have in front of the socket module.
        lambda port: with_socket(lambda one: BELOW.connect(one, (ELSEWHERE, port))),
        lambda port: with_socket(lambda one: one.connect(("localhost", port))),
        lambda port: with_socket(lambda one: one.sendto(b"x", ("localhost", port)), UDP),
        lambda _port: _socket.getaddrinfo("management.azure.com", 443),
        lambda _port: _socket.getaddrinfo(b"management.azure.com", 443),
        lambda _port: _socket.gethostbyname("management.azure.com"),
    ],
)
def test_every_way_to_another_host_is_refused(reach: Callable[[int], object], port: int) -> None:
    with NoNetwork() as block, pytest.raises(NetworkBlocked, match="there is no network"):
        reach(port)
    assert len(block.refused) == 1


def test_it_ends_with_the_block_and_also_when_that_fails(port: int) -> None:
    before = dict(vars(socket.socket))
    with pytest.raises(ZeroDivisionError), NoNetwork():
        raise ZeroDivisionError
    assert dict(vars(socket.socket)) == before
    connects(port)


def test_a_name_that_nobody_has_is_refused_and_not_looked_up() -> None:
    """A look-up would end with its own error: there is no such name (RFC 6761)."""
    with (
        NoNetwork(),
        socket.socket() as one,
        pytest.raises(NetworkBlocked, match=r"nobody\.invalid"),
    ):
        one.connect(("nobody.invalid", 443))


def test_other_threads_are_refused_too_and_what_they_swallow_is_known(port: int) -> None:
    def work() -> None:
        with contextlib.suppress(CassetteMismatch):
            connects(port)

    with NoNetwork() as block:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(block.refused) == 8
    with pytest.raises(NetworkBlocked, match=r"127\.0\.0\.1"):
        block.finish()


@pytest.mark.parametrize("allowed", ["127.0.0.1", "localhost", "::1", "LOCALHOST"])
def test_loopback_can_be_allowed_by_any_of_its_names(allowed: str, port: int) -> None:
    with NoNetwork([allowed]) as block:
        connects(port)
        connects(port, "localhost")
        with pytest.raises(NetworkBlocked):
            _socket.getaddrinfo("management.azure.com", 443)
    assert len(block.refused) == 1


def test_what_one_of_several_blocks_forbids_is_forbidden(port: int) -> None:
    with NoNetwork(["127.0.0.1"]):
        connects(port)
        with NoNetwork(), pytest.raises(NetworkBlocked):
            connects(port)
        connects(port)


def test_blocks_that_overlap_across_threads_end_each_for_itself(port: int) -> None:
    first, second = NoNetwork(), NoNetwork()
    first.__enter__()
    second.__enter__()
    first.__exit__()
    with pytest.raises(NetworkBlocked):
        connects(port)
    second.__exit__()
    connects(port)


def test_a_server_and_a_unix_socket_of_one_s_own_are_no_network(tmp_path: Path) -> None:
    with (
        NoNetwork() as block,
        socket.create_server(("127.0.0.1", 0)),
        socket.socket(socket.AF_UNIX) as one,
        socket.socket(socket.AF_UNIX) as waiting,
    ):
        waiting.bind(str(tmp_path / "s"))
        waiting.listen()
        one.connect(str(tmp_path / "s"))
    assert block.refused == []


def test_a_single_text_is_no_list_of_hosts() -> None:
    with pytest.raises(UsageError, match="list of hosts"):
        NoNetwork("127.0.0.1")


def test_replay_blocks_it_and_tells_what_was_swallowed(
    recorded_run: tuple[Path, list[str]], port: int
) -> None:
    path, _ = recorded_run
    with (
        pytest.raises(NetworkBlocked),
        replay(path, allow_unplayed=True),
        contextlib.suppress(NetworkBlocked),
    ):
        connects(port)
    with replay(path, allow_unplayed=True, allow_network=["127.0.0.1"]):
        connects(port)
    connects(port)
