"""What every test gets: no network but loopback, a clean environment, a home of its own."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

pytest_plugins = ["tests.finding_codes"]

# Chosen with --hypothesis-profile=thorough; the default one finds the same cases in every run.
settings.register_profile(
    "default", derandomize=True, deadline=None, max_examples=60, database=None
)
settings.register_profile("thorough", deadline=None, max_examples=2000)
# For scripts/mutate, which runs the same tests thousands of times.
settings.register_profile(
    "mutation", derandomize=True, deadline=None, max_examples=20, database=None
)
settings.load_profile("default")

# A shell ignores Ctrl-C for what it starts in the background, and a process takes that over; tests
# send it, whoever started them.
signal.signal(signal.SIGINT, signal.default_int_handler)

RECORDINGS_VARIABLE = "ASR_NETMAP_RECORDINGS"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the snapshots of terminal output anew."""
    parser.addoption(
        "--renew-snapshots", action="store_true", help="write tests/cli/snapshots anew"
    )


_FOREIGN_PREFIXES = ("AZURE_", "ASR_NETMAP_", "_ASR_NETMAP_", "ARM_", "IDENTITY_", "MSI_")
_FOREIGN_VARIABLES = {
    # Proxies and certificates that would come between a test and its loopback server.
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    # Switches of colours and widths.
    *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PY_COLORS", "GITHUB_ACTIONS"),
    *("COLUMNS", "LINES", "TERMINAL_WIDTH"),
    # Marks of other managed-identity hosts and of an installed user configuration.
    *("IMDS_ENDPOINT", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"),
}


def is_foreign(variable: str) -> bool:
    """Whether a variable of the developer's shell could change what a test sees."""
    name = variable.upper()
    if name == RECORDINGS_VARIABLE:
        return False
    return name.startswith(_FOREIGN_PREFIXES) or name in _FOREIGN_VARIABLES


@pytest.fixture(scope="session", autouse=True)
def commands_built_once() -> Iterator[None]:
    """Keep the tree of commands: to put it together takes longer than most commands run."""
    import typer.main
    import typer.testing

    built = cache(typer.main.get_command)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", built)
        patch.setattr(typer.testing, "_get_command", built)
        yield


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Names for empty homes in a folder of their own; pytest's numbering looks at all there are.

    Each has the process in it, since scripts/mutate goes on in children from here.
    """
    folder = tmp_path_factory.mktemp("homes")
    return (folder / f"{os.getpid()}-{number}" for number in count())


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, homes: Iterator[Path]) -> Path:
    """Remove what the shell brought along and give the test an empty home, which is returned."""
    for variable in list(os.environ):
        if is_foreign(variable):
            monkeypatch.delenv(variable)
    home = next(homes)
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    return home


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Return the folder with recordings of the real service, or skip the test."""
    named = os.environ.get(RECORDINGS_VARIABLE)
    if not named:
        pytest.skip(
            f"{RECORDINGS_VARIABLE} is not set: it names a folder with recordings of the real"
            " service, which are no part of this project"
        )
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"{RECORDINGS_VARIABLE}={named} is not a folder: correct it or unset it")
    return folder


class RefusedConnection(RuntimeError):
    """A test reached for a host that is not this machine."""


def is_loopback(host: object) -> bool:
    """Whether a host, as given to the socket functions, is this machine by any of its names."""
    if host in (None, "", b""):
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return text.lower() == "localhost" or text.lower().endswith(".localhost")


class LoopbackOnly:
    """Stands before the socket functions and refuses every address but loopback.

    refused -- what was refused, kept for the end of the test: code that retries on any exception
    would otherwise hide it.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []

    def check(self, host: object) -> None:
        if not is_loopback(host):
            self.refused.append(str(host))
            raise RefusedConnection(f"a test may only talk to loopback, not to {host!r}")

    def install(self, patch: pytest.MonkeyPatch) -> None:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, self._guarded(getattr(socket.socket, name)))
        real_sendto, real_getaddrinfo = socket.socket.sendto, socket.getaddrinfo

        def sendto(sock: socket.socket, data: bytes, *rest: Any) -> int:
            self._check_address(sock, rest[-1])
            return real_sendto(sock, data, *rest)

        def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
            self.check(host)
            return real_getaddrinfo(host, *args, **options)

        patch.setattr(socket.socket, "sendto", sendto)
        patch.setattr(socket, "getaddrinfo", getaddrinfo)

    def _guarded(self, real: Any) -> Any:
        def connect(sock: socket.socket, address: Any) -> Any:
            self._check_address(sock, address)
            return real(sock, address)

        return connect

    def _check_address(self, sock: socket.socket, address: Any) -> None:
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            self.check(address[0])


@pytest.fixture(scope="session", autouse=True)
def loopback_guard() -> Iterator[LoopbackOnly]:
    """Guard the whole session, the set-up of wider fixtures included."""
    guard = LoopbackOnly()
    with pytest.MonkeyPatch.context() as patch:
        guard.install(patch)
        yield guard


@pytest.fixture(autouse=True)
def loopback_only(loopback_guard: LoopbackOnly) -> Iterator[LoopbackOnly]:
    """Fail a test that reached for another host, also when its code swallowed the refusal."""
    yield loopback_guard
    refused, loopback_guard.refused = loopback_guard.refused, []
    if refused:
        pytest.fail(f"this test reached for {', '.join(refused)}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests recorded as the property ``figure``, also those of workers."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):
                if name == "figure" and getattr(report, "when", "") == "call":
                    terminalreporter.write_line(str(value))
