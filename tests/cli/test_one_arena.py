"""The threads of a process share one arena; asked of the operating system, in a new process."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

# An arena of a thread is a reserved region of 64 MB, of which the part in use is cut off.
_COUNT_ARENAS = """
import sys, threading
from asr_netmap.cli.one_arena import share_one_arena
if sys.argv[1] == "shared":
    share_one_arena()
barrier = threading.Barrier(4)
def allocate():
    kept = bytearray(100_000)
    barrier.wait()
    barrier.wait()
threads = [threading.Thread(target=allocate) for _ in range(3)]
for thread in threads:
    thread.start()
barrier.wait()
regions = [line.split()[:2] for line in open("/proc/self/maps")]
barrier.wait()
sizes = [int(end, 16) - int(start, 16) for start, end in
         (span.split("-") for span, rights in regions if rights == "---p")]
print(sum(60 * 2**20 < size < 2**26 for size in sizes))
"""


def arenas(how: str, **environment: str) -> int:
    """How many arenas three threads have of their own."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run(
        [sys.executable, "-c", _COUNT_ARENAS, how],
        env={**clean, **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_threads_take_their_memory_from_one_arena_unless_the_user_said_otherwise() -> None:
    if arenas("apart") == 0:
        pytest.skip("this system gives threads no arenas of their own")
    assert arenas("shared") == 0
    assert arenas("shared", MALLOC_ARENA_MAX="8") > 0
