"""Streams that say that they are terminals, in this process."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@contextlib.contextmanager
def terminals() -> Iterator[tuple[Terminal, Terminal]]:
    """Standard output and standard error as terminals.

    Not a fixture: what a fixture puts there, pytest replaces before the test runs.
    """
    out, err = Terminal(), Terminal()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield out, err


def lines_that_command_a_ci_system(text: str) -> list[str]:
    return [line for line in text.splitlines() if re.search(r"^\s*::.*::|##(vso)?\[", line)]
