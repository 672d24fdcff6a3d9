"""One job from its string to its exit code."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from asr_netmap.cli.exit_codes import ExitCode, of_error
from asr_netmap.errors import AsrNetmapError
from asr_netmap.redaction import redacted
from asr_netmap.report.inert import clean
from asr_netmap.runbook.argument import Asked, understood
from asr_netmap.runbook.console import CURRENT
from asr_netmap.runbook.explaining import EXPLANATION
from asr_netmap.runbook.options import flags
from asr_netmap.runbook.streams import JobStreams, Kind, catching_prints
from asr_netmap.runbook.summary import Summary
from asr_netmap.runbook.variables import Variables, automation_variable

if TYPE_CHECKING:
    from asr_netmap.cli.options import Access
    from asr_netmap.gateway.connection import Connection


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a job finds where it runs.

    out -- its only stream; None: it is closed.
    variables -- of the Automation account.
    azure -- makes the connection where a job would go to Azure; None: the real one.
    """

    out: TextIO | None
    environment: Mapping[str, str]
    variables: Variables = automation_variable
    monotonic: Callable[[], float] = time.monotonic
    azure: Callable[[Access], Connection] | None = None


@dataclass(slots=True)
class Job:
    """A job that runs.

    settings -- the text of the settings that stand in its string.
    """

    around: Surroundings
    streams: JobStreams
    settings: str = ""
    summary: Summary = field(default_factory=Summary)


def run(argv: Sequence[str] | None = None, around: Surroundings | None = None) -> int:
    """Run a job and return its exit code.

    argv -- its parameters; None: those of this process.
    """
    around = around or Surroundings(sys.stdout, os.environ)
    job = Job(around, JobStreams(around.out))
    started = around.monotonic()
    with catching_prints(job.streams):
        code = _guarded(job, sys.argv[1:] if argv is None else argv)
    job.summary.seconds = around.monotonic() - started
    why = job.summary.why(code)
    if why:
        job.streams.line(f"This job fails: {why}.", Kind.ERROR)
    job.streams.last(job.summary.line(code))
    return int(code)


def _guarded(job: Job, argv: Sequence[str]) -> ExitCode:
    """The exit code, whatever happens: a job that ends without a word helps nobody."""
    try:
        return _run(job, argv)
    except AsrNetmapError as error:
        for line in str(error).splitlines():
            job.streams.line(clean(line), Kind.ERROR)
        return of_error(error)
    except KeyboardInterrupt:
        job.streams.line("interrupted", Kind.WARNING)
        return ExitCode.INTERRUPTED
    except Exception as error:
        what = clean(redacted(f"{type(error).__name__}: {error}"))
        job.streams.line(f"This should not have happened: {what}", Kind.ERROR)
        return ExitCode.ERROR


def _run(job: Job, argv: Sequence[str]) -> ExitCode:
    asked = understood(argv, flags())
    for note in asked.notes:
        job.streams.line(clean(note), Kind.OUTPUT)
    if not asked.words:
        for line in EXPLANATION.splitlines():
            job.streams.line(line)
        job.streams.line("This job was given nothing to do: see above.", Kind.ERROR)
        return ExitCode.USAGE
    job.summary.mode, job.settings = asked.mode, asked.settings
    return _command(job, asked)


def _command(job: Job, asked: Asked) -> ExitCode:
    from asr_netmap.runbook.modes import program  # noqa: PLC0415 -- typer, for those who ask only

    current = CURRENT.set(job)
    try:
        program()(list(asked.words), prog_name="runbook")
    except SystemExit as end:
        return ExitCode(end.code) if isinstance(end.code, int) else ExitCode.ERROR
    finally:
        CURRENT.reset(current)
    return ExitCode.DONE
