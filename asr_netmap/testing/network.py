"""No network while a cassette is played: whatever reaches for it is refused, in every thread.

Python tells its audit hooks (PEP 578) of connections and look-ups before they are made, whoever
makes them; the hook stays, and does nothing while no block is open. A socket that is given a name
looks it up before the hook hears of it, so the methods that take one are wrapped, too, until the
last block ends. Sockets that are open already, Unix sockets and other processes are left alone,
and so is waiting for somebody who connects.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

from asr_netmap.errors import NetworkBlocked, UsageError

_LOOK_UPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_SENDS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_INTERNET = frozenset({socket.AF_INET, socket.AF_INET6})
# Method of a socket -> which of its arguments the address is.
_METHODS = {"connect": 0, "connect_ex": 0, "sendto": -1, "sendmsg": 3}
_LOCALHOST = "localhost"


class NoNetwork:
    """A block within which the whole process reaches no other host; blocks may overlap.

        with NoNetwork(allow=["127.0.0.1"]):
            ...

    allow -- names and IP addresses that may be reached; a name's addresses have to be listed,
        too. Any name of this machine's loopback stands for all of them. Where several blocks are
        open, only what all of them allow is.
    refused -- what was refused so far: code that swallows the error can be told on afterwards.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self.refused: list[NetworkBlocked] = []
        self._allowed: frozenset[str] = frozenset()
        self.allow(allow)

    def allow(self, hosts: Iterable[str]) -> None:
        """Let these be reached from now on. Raises UsageError for a single text."""
        if isinstance(hosts, str):
            raise UsageError(
                f"allow_network is a list of hosts, and not {hosts!r}.", f"Write [{hosts!r}]."
            )
        self._allowed |= {_plain(host) for host in hosts}

    def __enter__(self) -> NoNetwork:
        _open(self)
        return self

    def __exit__(self, *args: object) -> None:
        _close(self)

    def check(self, host: str) -> None:
        """Raises NetworkBlocked for a host that is not allowed."""
        if _plain(host) in self._allowed:
            return
        error = NetworkBlocked(
            f"While a cassette is played there is no network; something reached for {host}.",
            "Correct what asks, or allow the host: allow_network=[...].",
        )
        self.refused.append(error)
        raise error

    def finish(self) -> None:
        """Raises NetworkBlocked if anything was refused, also where that was swallowed."""
        if self.refused:
            raise self.refused[0]


_lock = threading.Lock()
_blocks: tuple[NoNetwork, ...] = ()
_listening = False
_replaced: dict[str, Any] = {}  # method -> what the class itself had for it; None: nothing


def _open(block: NoNetwork) -> None:
    global _blocks, _listening  # noqa: PLW0603 -- the process has one network, and one hook
    with _lock:
        if not _listening:
            sys.addaudithook(_listen)
            _listening = True
        if not _blocks:
            _wrap_methods()
        _blocks = (*_blocks, block)


def _close(block: NoNetwork) -> None:
    global _blocks  # noqa: PLW0603 -- the same
    with _lock:
        _blocks = tuple(each for each in _blocks if each is not block)
        if not _blocks:
            _put_methods_back()


def _wrap_methods() -> None:
    for name, place in _METHODS.items():
        if hasattr(socket.socket, name):  # Windows has no sendmsg
            _replaced[name] = vars(socket.socket).get(name)
            setattr(socket.socket, name, _checking(getattr(socket.socket, name), place))


def _put_methods_back() -> None:
    for name, before in _replaced.items():
        if before is None:
            delattr(socket.socket, name)
        else:
            setattr(socket.socket, name, before)
    _replaced.clear()


def _checking(real: Callable[..., Any], place: int) -> Callable[..., Any]:
    def method(one: socket.socket, *arguments: Any) -> Any:
        if len(arguments) > place:
            _check_address(one, arguments[place])
        return real(one, *arguments)

    return method


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if not _blocks:
        return
    if event in _LOOK_UPS:
        _check_host(arguments[0])
    elif event in _SENDS:
        _check_address(arguments[0], arguments[1])


def _check_address(one: Any, address: Any) -> None:
    """Other kinds of sockets stay on this machine; what is no address, the socket refuses."""
    if one.family in _INTERNET and isinstance(address, tuple) and address:
        _check_host(address[0])


def _check_host(host: Any) -> None:
    if host:  # none: an address of one's own, to wait at
        for block in _blocks:
            block.check(host.decode("ascii", "replace") if isinstance(host, bytes) else str(host))


def _plain(host: str) -> str:
    """A host in one spelling; all of loopback's are one."""
    text = host.lower().strip("[]").partition("%")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return _LOCALHOST if text.endswith(f".{_LOCALHOST}") else text
    return _LOCALHOST if address.is_loopback else str(address)
