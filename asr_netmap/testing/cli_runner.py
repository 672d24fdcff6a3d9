"""The command line in this process, kept from the network: for tests of what it prints."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CliResult:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str


def run_cli(arguments: Sequence[str]) -> CliResult:
    """Run ``asr-netmap`` with these arguments, without a terminal.

    It may work on ``--cassette``, on ``--sandbox`` or on ``--endpoint``, and ends with exit code 2
    where it would go to Azure.
    """
    from asr_netmap.cli import PROGRAM, app  # noqa: PLC0415 -- the command line imports this part
    from asr_netmap.cli.connecting import offline  # noqa: PLC0415 -- the same

    out, err = io.StringIO(), io.StringIO()
    code = 0
    with redirect_stdout(out), redirect_stderr(err), offline():
        try:
            app(list(arguments), prog_name=PROGRAM)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return CliResult(code, out.getvalue(), err.getvalue())
