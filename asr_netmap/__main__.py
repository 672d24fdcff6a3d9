"""The program: ``asr-netmap``, and ``python -m asr_netmap``."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command that was typed, and end the process with its exit code."""
    _open_closed_streams()
    collect_seldom()
    from asr_netmap.cli import PROGRAM, app  # noqa: PLC0415 -- modules are such objects
    from asr_netmap.cli.leaving import leaving_at_once  # noqa: PLC0415 -- so are these

    with leaving_at_once():
        app(prog_name=PROGRAM)


def collect_seldom() -> None:
    """Look seldom for what can be thrown away.

    Modules, and the items of a large vault, live as long as the process: looking through them each
    time that 700 more objects exist finds nothing.
    """
    gc.set_threshold(50_000, 20, 50)


def _open_closed_streams() -> None:
    """Give what is written nowhere a place to go: Python has no stream for one that was closed.

    Daemons and cron close them, and an exit code must not depend on that.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 -- for good


if __name__ == "__main__":
    main()
