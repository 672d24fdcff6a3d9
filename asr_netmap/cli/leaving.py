"""The end of the process: nothing that was given up is waited for, and nothing is taken apart."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def leaving_at_once() -> Iterator[None]:
    """End the process with the exit code that is raised inside, whatever threads still do.

    The interpreter waits for every worker of a pool, a daemon or not, one that was given up by a
    second Ctrl-C included: for a minute, if that one waits for an answer of Azure's. And it takes
    all modules apart, one by one, which is a fifth of the time that a short command takes. Whatever
    has to be closed is closed by then, in the block that opened it.
    """
    try:
        yield
    except SystemExit as ended:
        if isinstance(ended.code, int):
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
            os._exit(ended.code)
        raise
