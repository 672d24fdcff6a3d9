"""The command line's console, in a job: nobody to ask, no terminal, one stream of lines."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

from asr_netmap.cli.console import Console
from asr_netmap.cli.drawing import Line, plain_text
from asr_netmap.report.inert import clean
from asr_netmap.report.page import Page, Tone
from asr_netmap.runbook.streams import Kind, line_writer

if TYPE_CHECKING:
    from asr_netmap.errors import AsrNetmapError
    from asr_netmap.runbook.job import Job

CURRENT: ContextVar[Job] = ContextVar("job")
"""The job that a console is made for; the command line makes consoles from options alone."""

_KINDS = {Tone.WARNING: Kind.WARNING, Tone.BAD: Kind.ERROR}


class JobConsole(Console):
    """What a command says inside a job."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.job = CURRENT.get()
        self._streams = self.job.streams

    @property
    def attended(self) -> bool:
        """Nobody is there."""
        return False

    @property
    def live(self) -> bool:
        """There is no terminal."""
        return False

    @property
    def log(self) -> TextIO:
        """The lines of ``--debug`` have a stream of their own."""
        return line_writer(self._streams, Kind.DEBUG)

    def data(self, text: str | Iterable[str]) -> None:
        """The report, as far as there is room for it."""
        self._streams.report(text if isinstance(text, str) else "".join(text))
        self._streams.end_report()

    def show(self, page: Page, *, aside: bool = False) -> None:
        """A page as plain lines; beside a report in another format only with ``--verbose``."""
        if not aside or self.verbose:
            self.data(plain_text(self.marked(self.fitting(page))))

    def next(self, command: str) -> None:
        """Nobody reads it who could type it."""

    def say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """A line of talk; a warning is one, whatever ``--quiet`` says."""
        kind = _KINDS.get(tone, Kind.OUTPUT)
        if not self.quiet or kind is not Kind.OUTPUT:
            self._streams.line(clean(text), kind)

    def detail(self, text: str) -> None:
        """A line that Automation keeps only where verbose records are switched on."""
        if self.verbose:
            self._streams.line(clean(text), Kind.VERBOSE)

    def warn(self, text: str) -> None:
        """A warning."""
        self._streams.line(clean(text), Kind.WARNING)

    def error(self, error: AsrNetmapError) -> None:
        """What, where, what to do: each line an error, so that an alert shows all of it."""
        for line in (*error.message.splitlines(), *error.hint.splitlines()):
            self._streams.line(clean(line), Kind.ERROR)

    def confirm(self, question: str) -> None:
        """Whoever made the job agreed."""

    def need_somebody_to_ask(self, yes: bool) -> None:
        """Whoever made the job agreed."""

    def _line(self, line: Line, end: str = "\n") -> None:
        self._streams.line(line.text, Kind.DEBUG)
