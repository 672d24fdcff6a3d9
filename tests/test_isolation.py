"""The walls around the tests hold: what conftest.py promises."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import settings

from tests.conftest import (
    RECORDINGS_VARIABLE,
    LoopbackOnly,
    RefusedConnection,
    is_foreign,
    is_loopback,
)

# TEST-NET-1 (RFC 5737): nobody's address, should the guard ever fail.
NOBODY = "192.0.2.1"


def test_a_connection_to_another_host_is_refused(loopback_only: LoopbackOnly) -> None:
    with socket.socket() as sock, pytest.raises(RefusedConnection, match="loopback"):
        sock.connect((NOBODY, 443))
    with socket.socket() as sock, pytest.raises(RefusedConnection):
        sock.connect_ex((NOBODY, 443))
    assert loopback_only.refused == [NOBODY, NOBODY]
    loopback_only.refused.clear()


def test_a_datagram_to_another_host_is_refused(loopback_only: LoopbackOnly) -> None:
    kind = socket.SOCK_DGRAM
    with socket.socket(type=kind) as sock, pytest.raises(RefusedConnection):
        sock.sendto(b"", (NOBODY, 53))
    loopback_only.refused.clear()


def test_no_name_server_is_asked(loopback_only: LoopbackOnly) -> None:
    with pytest.raises(RefusedConnection):
        socket.create_connection(("management.azure.com", 443), timeout=1)
    assert loopback_only.refused == ["management.azure.com"]
    loopback_only.refused.clear()


def test_a_loopback_server_can_be_talked_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept_and_close() -> None:
            server.accept()[0].close()

        answer = threading.Thread(target=accept_and_close)
        answer.start()
        with socket.create_connection(("localhost", server.getsockname()[1]), timeout=5) as client:
            assert client.recv(1) == b""
        answer.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "LOCALHOST", "a.localhost", ""])
def test_loopback_is_recognised(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "0.0.0.0", "::2", "localhost.example", b"azure.com"])
def test_other_hosts_are_not_taken_for_loopback(host: object) -> None:
    assert not is_loopback(host)


def test_the_shell_leaves_nothing_behind_but_the_recordings() -> None:
    assert [name for name in os.environ if is_foreign(name)] == []
    assert is_foreign("AZURE_SUBSCRIPTION_ID")
    assert is_foreign("https_proxy")
    assert not is_foreign(RECORDINGS_VARIABLE)


def test_every_test_has_a_home_of_its_own(own_environment: Path) -> None:
    assert Path.home() == own_environment
    assert list(own_environment.iterdir()) == []


def test_property_tests_find_the_same_cases_in_every_run(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--hypothesis-profile") is not None:
        pytest.skip("another hypothesis profile was chosen on the command line")
    assert settings.default is not None
    assert settings.default.derandomize
    assert settings.default.deadline is None
