"""How the threads of this process share memory."""

from __future__ import annotations

import os
import sys

_M_ARENA_MAX = -8  # malloc.h of glibc
_SET_BY_USER = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")


def share_one_arena() -> None:
    """Have all threads take their memory from one place, where the C library lets us.

    glibc gives each thread an arena of its own, which keeps the size of the largest page that was
    ever read there: with ten workers 30 MB of nothing. Only one thread at a time runs Python, so
    there is next to no waiting for the one arena. What the user's environment says stays.
    """
    if not sys.platform.startswith("linux") or any(name in os.environ for name in _SET_BY_USER):
        return
    import ctypes  # noqa: PLC0415 -- only runs with several workers need it

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
