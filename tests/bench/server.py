"""A served sandbox that counts what it is asked: ``python -m tests.bench.server --items 20 ...``.

It is the sandbox's own engine and server with the estate in memory, so that no disk is measured.
Two paths of its own say what was asked and what is unfinished; they wait for nothing and count
for nothing.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from datetime import datetime
from random import Random
from typing import Any

from asr_netmap.sandbox import MemorySandbox, Options, Request, Response
from asr_netmap.sandbox.server import serve
from tests.bench.estates import estate, unfinished

ASKED, UNFINISHED = "/bench/asked", "/bench/unfinished"


class CountingSandbox:
    """A sandbox that keeps count of methods and of the 429 that it gave."""

    def __init__(self, sandbox: MemorySandbox, nics: int) -> None:
        self._sandbox = sandbox
        self._nics = nics
        self._counts: Counter[str] = Counter()

    def handle(self, request: Request, now: datetime, rng: Random) -> Response:
        """Answer one request."""
        path = request.url.partition("://")[2].partition("/")[2].partition("?")[0]
        if f"/{path}" == ASKED:
            return _json(dict(self._counts))
        if f"/{path}" == UNFINISHED:
            return _json(unfinished(self._sandbox.engine.estate, nics=self._nics)[:10])
        response = self._sandbox.handle(request, now, rng)
        if not path.startswith(("metadata", "msi")):  # tokens are not counted
            self._counts["requests"] += 1
            self._counts[request.method] += 1
            self._counts["429"] += response.status == 429
        return response


def _json(value: Any) -> Response:
    body = json.dumps(value).encode()
    return Response(200, (("Content-Length", str(len(body))),), body)


def main() -> None:
    """Serve until the process is ended; the first line of output is the URL."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--nics", type=int, default=1)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--operation-seconds", type=float, default=0.0)
    parser.add_argument("--retry-after", type=int, default=30)
    parser.add_argument("--throttle", action="store_true")
    given = parser.parse_args()
    options = Options(
        operation_seconds=given.operation_seconds,
        retry_after=given.retry_after,
        throttle=given.throttle,
    )
    sandbox = MemorySandbox(estate(given.items, nics=given.nics), options)
    server = serve(CountingSandbox(sandbox, given.nics), latency=given.latency)
    print(server.url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
