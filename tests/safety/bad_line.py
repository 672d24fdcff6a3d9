"""A server on loopback whose line is bad: it takes requests, and its answers arrive spoilt.

What toxiproxy calls toxics, in the server itself: every answer is right, and what the line makes
of its bytes is a function on the socket.
"""

from __future__ import annotations

import gzip
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

PIECE = 0.002
"""Seconds between two pieces of an answer that comes in pieces."""


@dataclass
class Line:
    """One connection: its socket, and when the server is to end."""

    socket: socket.socket
    over: threading.Event

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def wait(self, seconds: float) -> None:
        self.over.wait(seconds)

    def reset(self) -> None:
        """Close so that the other side gets an RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def hang(self) -> None:
        """Say nothing until the other side gives up."""
        self.socket.settimeout(30)
        with suppress(OSError):
            while self.socket.recv(65536):
                pass


@dataclass(frozen=True)
class Whole:
    """An answer as it should arrive."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)

    def head(self, length: int | str | None = None, **more: str) -> bytes:
        """Status line and headers; with another length, or none where it is empty."""
        told = len(self.body) if length is None else length
        headers = {"Content-Type": "application/json", **self.headers}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        if told != "":
            headers["Content-Length"] = str(told)
        lines = [f"HTTP/1.1 {self.status} X", *(f"{n}: {value}" for n, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    @property
    def wire(self) -> bytes:
        return self.head() + self.body

    @property
    def half(self) -> bytes:
        """Half of the body."""
        return self.body[: len(self.body) // 2]


Toxic = Callable[[Line, Whole], None]
"""What a line makes of an answer."""


def nothing(line: Line, answer: Whole) -> None:
    line.send(answer.wire)


# -- odd or slow, and whole in the end -------------------------------------------------------


def delay(line: Line, answer: Whole) -> None:
    line.wait(0.05)
    line.send(answer.wire)


def slicer(line: Line, answer: Whole) -> None:
    """Byte by byte, so that every header and value is torn somewhere."""
    line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in answer.wire:
        line.send(bytes([byte]))


def slow(line: Line, answer: Whole) -> None:
    data = answer.wire
    for start in range(0, len(data), 40):
        line.send(data[start : start + 40])
        line.wait(PIECE)


def chunked(line: Line, answer: Whole) -> None:
    line.send(answer.head("", Transfer_Encoding="chunked"))
    for start in range(0, len(answer.body), 7):
        piece = answer.body[start : start + 7]
        line.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    line.send(b"0\r\n\r\n")


def told_to_go_on(line: Line, answer: Whole) -> None:
    line.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    line.send(answer.wire)


def zipped(line: Line, answer: Whole) -> None:
    packed = gzip.compress(answer.body)
    line.send(answer.head(len(packed), Content_Encoding="gzip") + packed)


def another_charset(line: Line, answer: Whole) -> None:
    line.send(answer.head(None, Content_Type="application/json; charset=x-none") + answer.body)


# -- no whole answer -------------------------------------------------------------------------


def silence(line: Line, answer: Whole) -> None:
    line.hang()


def reset(line: Line, answer: Whole) -> None:
    line.reset()


def closed(line: Line, answer: Whole) -> None:
    line.socket.close()


def half_closed(line: Line, answer: Whole) -> None:
    line.socket.shutdown(socket.SHUT_WR)
    line.hang()


def reset_in_the_head(line: Line, answer: Whole) -> None:
    line.send(answer.wire[:30])
    line.wait(PIECE * 10)
    line.reset()


def closed_in_the_head(line: Line, answer: Whole) -> None:
    line.send(answer.wire[:30])
    line.socket.close()


def reset_in_the_body(line: Line, answer: Whole) -> None:
    line.send(answer.head(len(answer.body) + 10) + answer.half)
    line.wait(PIECE * 10)
    line.reset()


def closed_in_the_body(line: Line, answer: Whole) -> None:
    line.send(answer.head(len(answer.body) + 10) + answer.half)
    line.socket.close()


def silent_in_the_body(line: Line, answer: Whole) -> None:
    line.send(answer.head(len(answer.body) + 10) + answer.half)
    line.hang()


def dripping(line: Line, answer: Whole) -> None:
    """A byte now and then, each in time, and no end."""
    line.send(answer.head(10**9))
    with suppress(OSError):
        while not line.over.wait(0.05):
            line.send(b" ")


def chunks_cut(line: Line, answer: Whole) -> None:
    line.send(answer.head("", Transfer_Encoding="chunked"))
    line.send(f"{len(answer.body) + 10:x}\r\n".encode() + answer.half)
    line.socket.close()


# -- whole, and wrong ------------------------------------------------------------------------


def limited(line: Line, answer: Whole) -> None:
    """JSON that is cut off, with a length that is right for the part."""
    line.send(answer.head(len(answer.half)) + answer.half)


def length_too_short(line: Line, answer: Whole) -> None:
    """What is left over looks like the answer to the next request."""
    forged = Whole(answer.status, b'{"value": [{"id": "forged"}], "status": "Succeeded"}')
    line.send(answer.head(len(answer.half)) + answer.half + forged.wire)


def length_too_long(line: Line, answer: Whole) -> None:
    line.send(answer.head(len(answer.body) + 10) + answer.body)
    line.hang()


def length_of_words(line: Line, answer: Whole) -> None:
    line.send(answer.head("many") + answer.body)
    line.socket.close()


def two_lengths(line: Line, answer: Whole) -> None:
    line.send(answer.head(None, content_length="1") + answer.body)


def gzip_garbage(line: Line, answer: Whole) -> None:
    line.send(answer.head(None, Content_Encoding="gzip") + answer.body)


def gzip_cut(line: Line, answer: Whole) -> None:
    packed = gzip.compress(answer.body * 20)[:-12]
    line.send(answer.head(len(packed), Content_Encoding="gzip") + packed)


def chunks_of_nonsense(line: Line, answer: Whole) -> None:
    line.send(answer.head("", Transfer_Encoding="chunked") + b"zz\r\n" + answer.body)
    line.socket.close()


def no_http(line: Line, answer: Whole) -> None:
    line.send(b"SSH-2.0-OpenSSH_9.6\r\n")
    line.socket.close()


def too_many_headers(line: Line, answer: Whole) -> None:
    line.send(answer.head(None, **{f"X_{n}": "x" for n in range(300)}) + answer.body)


def a_header_without_end(line: Line, answer: Whole) -> None:
    line.send(answer.head(None, X="x" * 100_000) + answer.body)


def no_text(line: Line, answer: Whole) -> None:
    line.send(replace(answer, body=answer.half + b"\xff\xfe").wire)


WHOLE: tuple[Toxic, ...] = (
    *(delay, slicer, slow, chunked, told_to_go_on, zipped, another_charset),
)
CUT: tuple[Toxic, ...] = (
    *(silence, reset, closed, half_closed, reset_in_the_head),
    *(reset_in_the_body, closed_in_the_body, silent_in_the_body, dripping, chunks_cut),
)
WRONG: tuple[Toxic, ...] = (
    closed_in_the_head,
    *(limited, length_too_short, length_too_long, length_of_words, two_lengths),
    *(gzip_garbage, gzip_cut, chunks_of_nonsense, no_http, too_many_headers),
    *(a_header_without_end, no_text),
)


@dataclass
class BadLine:
    """The server.

    answer -- the same to every request. toxic -- what becomes of it.
    heard -- method and path of every request that arrived whole. connections -- how many were made.
    """

    listener: socket.socket
    answer: Whole = field(default_factory=Whole)
    toxic: Toxic = nothing
    heard: list[str] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self) -> None:
        while not self.over.is_set():
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        line = Line(peer, self.over)
        with suppress(OSError), peer:
            while request := _read_request(peer):
                self.heard.append(request)
                self.toxic(line, self.answer)


def _read_request(peer: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = peer.recv(65536)
        if not piece:
            return ""
        data += piece
    top, _, body = data.partition(b"\r\n\r\n")
    first, *headers = top.decode("latin-1").split("\r\n")
    lengths = [h.partition(":")[2] for h in headers if h.lower().startswith("content-length:")]
    missing = int(lengths[0] if lengths else 0) - len(body)
    while missing > 0:
        missing -= len(peer.recv(65536))
    return first.rpartition(" ")[0]


@contextmanager
def bad_line() -> Iterator[BadLine]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = BadLine(listener)
        thread = threading.Thread(target=server.accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
