"""The two consoles: data goes to standard output, talk to standard error.

All foreign text is made harmless here (`asr_netmap.report.inert`), whatever the format. Where
there is no terminal, lines are plain and as long as they need to be.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from asr_netmap.cli.drawing import Line, draw_line, draw_page, line_of, plain_text
from asr_netmap.cli.exit_codes import ExitCode, of_error
from asr_netmap.errors import AsrNetmapError, Declined, UsageError
from asr_netmap.redaction import redacted
from asr_netmap.report.inert import clean
from asr_netmap.report.page import Page, Tone
from asr_netmap.report.shortened import shortened

if TYPE_CHECKING:
    import logging

    from rich.console import Console as RichConsole

    from asr_netmap.gateway.connection import Replayed


class Console:
    """What a command says, and to whom.

    quiet -- only data and errors. verbose -- more about what is going on.
    debug -- tracebacks, and a line per HTTP exchange.
    color -- whether a terminal may get colours; where ``NO_COLOR`` is set, it gets none anyway.
    everything -- tables of any length are shown whole.
    given -- the texts and paths that were typed.
    cassette -- where the data is a recording; every output says so.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        verbose: bool = False,
        debug: bool = False,
        color: bool = True,
        everything: bool = False,
        given: tuple[str | Path, ...] = (),
    ) -> None:
        self.given = given
        self.cassette: Replayed | None = None
        self.quiet = quiet
        self.verbose = verbose or debug
        self.debug = debug
        self.color = color
        self.everything = everything
        for stream in (sys.stdout, sys.stderr):
            _never_fail_on_a_character(stream)

    @property
    def attended(self) -> bool:
        """Whether somebody is there who can be asked."""
        return sys.stdin is not None and sys.stdin.isatty()

    @property
    def live(self) -> bool:
        """Whether standard error is a terminal on which lines can be drawn over."""
        return not self.quiet and self.talk.is_terminal and not self.talk.is_dumb_terminal

    @property
    def log(self) -> TextIO:
        """Where the lines of ``--debug`` go."""
        return sys.stderr

    @property
    def talk(self) -> RichConsole:
        """Standard error as it is now."""
        return _rich(sys.stderr, self.color)

    def data(self, text: str | Iterable[str]) -> None:
        """Write finished text, whole or in pieces, to standard output.

        A reader that went away is no error.
        """
        try:
            sys.stdout.writelines([text] if isinstance(text, str) else text)
            sys.stdout.flush()
        except BrokenPipeError:
            _forget_standard_output()

    def show(self, page: Page, *, aside: bool = False) -> None:
        """Print a page; `aside`: to standard error, since standard output is taken."""
        if aside and self.quiet:
            return
        page = self.marked(self.fitting(page))
        stream = sys.stderr if aside else sys.stdout
        try:
            if stream.isatty():
                draw_page(_rich(stream, self.color), page)
            else:
                stream.write(plain_text(page))
                stream.flush()
        except BrokenPipeError:
            _forget_standard_output()

    def fitting(self, page: Page) -> Page:
        """The page with no longer tables than people read, unless everything was asked for."""
        return page if self.everything else shortened(page)

    def marked(self, page: Page) -> Page:
        """The page with the recording's banner, if the data is one."""
        return replace(page, cassette=self.cassette.banner) if self.cassette else page

    def say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """A line of talk."""
        if not self.quiet:
            self._line(line_of(text, tone))

    def next(self, command: str) -> None:
        """The command that comes next. After a recording there is none: it would need Azure."""
        if self.cassette is None:
            self.say(f"Next: {command}".rstrip())

    def detail(self, text: str) -> None:
        """A line of talk that only ``--verbose`` shows."""
        if self.verbose:
            self.say(text, Tone.FAINT)

    def warn(self, text: str) -> None:
        """A line that ``--quiet`` does not silence."""
        self._line(line_of(text, Tone.WARNING))

    def banner(self, sandbox: bool) -> None:
        """Say whose data it is, where it is not Azure's."""
        line = self.marked(Page("", (), sandbox)).banner
        if line:
            self.say(line, Tone.WARNING)

    def error(self, error: AsrNetmapError) -> None:
        """An error: what, where, what to do."""
        first, *more = error.message.splitlines() or [""]
        self._line(line_of(f"asr-netmap: error: {clean(first)}", Tone.BAD))
        for line in (*more, *error.hint.splitlines()):
            self._line(line_of(f"  {clean(line)}"))

    def confirm(self, question: str) -> None:
        """Ask; raises Declined unless the answer is yes."""
        self._line(Line(f"{clean(question)} [y/N] "), end="")
        try:
            answer = sys.stdin.readline()
        except (OSError, ValueError):
            answer = ""
        if not answer.endswith("\n"):
            self._line(Line(""))
        if answer.strip().lower() not in {"y", "yes"}:
            raise Declined("You said no; nothing was written.")

    def need_somebody_to_ask(self, yes: bool) -> None:
        """Raises UsageError if a question will come up and nobody is there to answer it."""
        if not yes and not self.attended:
            raise UsageError(
                "There is no terminal to ask at, and --yes is not given; nothing was written.",
                "Look at the plan first, then add --yes.",
            )

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Turn what a command raises into a message and an exit code (as SystemExit)."""
        try:
            with self._debug_log():
                yield
        except AsrNetmapError as error:
            if self.debug:
                self._traceback()
            self.error(error)
            raise SystemExit(of_error(error)) from None
        except KeyboardInterrupt:
            self.warn("asr-netmap: interrupted")
            raise SystemExit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            _forget_standard_output()
            raise SystemExit(ExitCode.ERROR) from None
        except Exception as error:
            if self.debug:
                self._traceback()
            self.error(_unforeseen(error))
            raise SystemExit(ExitCode.ERROR) from None

    def _traceback(self) -> None:
        """The traceback; what others say in it is made harmless line by line."""
        for line in redacted(traceback.format_exc()).splitlines():
            words = line.lstrip(" ")
            self._line(Line(" " * (len(line) - len(words)) + clean(words)))

    def _line(self, line: Line, end: str = "\n") -> None:
        with contextlib.suppress(BrokenPipeError):  # nobody listens; that stops no run
            if sys.stderr.isatty():
                draw_line(self.talk, line, end)
            else:
                sys.stderr.write(line.text + end)
                sys.stderr.flush()

    @contextlib.contextmanager
    def telling_pauses(self) -> Iterator[None]:
        """Say so whenever Azure asks for a pause, so that nobody thinks that nothing goes on."""
        import logging  # noqa: PLC0415 -- help needs none of it

        say = self.say

        class Teller(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                say(record.getMessage(), Tone.WARNING)

        with _listening("asr_netmap.pauses", logging.INFO, Teller()):
            yield

    @contextlib.contextmanager
    def _debug_log(self) -> Iterator[None]:
        if not self.debug:
            yield
            return
        import logging  # noqa: PLC0415 -- only --debug needs it

        from asr_netmap.gateway.foreign_text import RedactingFilter  # noqa: PLC0415 -- the same

        handler = logging.StreamHandler(self.log)
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        handler.addFilter(RedactingFilter())
        with _listening("asr_netmap", logging.DEBUG, handler):
            yield


@contextlib.contextmanager
def _listening(name: str, level: int, handler: logging.Handler) -> Iterator[None]:
    """Inside, `handler` gets what the logger says at that level and above."""
    import logging  # noqa: PLC0415 -- help needs none of it

    logger = logging.getLogger(name)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def _unforeseen(error: Exception) -> AsrNetmapError:
    what = redacted(f"{type(error).__name__}: {error}")
    return AsrNetmapError(
        f"This should not have happened: {what}",
        "Run it again with --debug and report the traceback; look at what was written before "
        "with `asr-netmap verify`.",
    )


def _rich(stream: TextIO, color: bool) -> RichConsole:
    from rich.console import Console as RichConsole  # noqa: PLC0415 -- help needs no rich

    return RichConsole(
        file=stream,
        force_terminal=stream.isatty(),  # FORCE_COLOR does not turn a pipe into a terminal
        no_color=None if color else True,  # None: NO_COLOR decides
        highlight=False,
        markup=False,
        emoji=False,
    )


def _never_fail_on_a_character(stream: TextIO) -> None:
    """A name that the terminal's encoding does not know is shown escaped."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _forget_standard_output() -> None:
    """Nobody reads any more: later writes, the interpreter's last flush included, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
