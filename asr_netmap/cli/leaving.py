"""The end of the process: what was given up is not waited for."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def leaving_at_once() -> Iterator[None]:
    """End the process with the exit code that is raised inside, whatever threads still do.

    The interpreter waits for every worker of a pool, a daemon or not, one that was given up by a
    second Ctrl-C included: for a minute, if that one waits for an answer of Azure's.
    """
    try:
        yield
    except SystemExit as ended:
        if threading.active_count() > 1 and isinstance(ended.code, int):
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
            os._exit(ended.code)
        raise
