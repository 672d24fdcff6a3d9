"""A pytest plugin: every finding that the program makes has a code of the registry, and each code
of the registry is found by some test.

The first is checked wherever a finding is made. The second can only be said when all tests have
run, in however many processes: then a code that none of them met fails the run.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from asr_netmap.planning.finding_codes import FINDING_KINDS
from asr_netmap.planning.plan import Finding

_PACKAGE = "asr_netmap."
_FROM_FILES = "asr_netmap.planning.document"
_KEY = "finding_codes"

found: set[str] = set()
"""The codes that the program's own modules made findings with, in this process and its workers."""

_plain_init = Finding.__init__


def _init(self: Finding, code: str, *rest: Any, **named: Any) -> None:
    maker = sys._getframe(1).f_globals.get("__name__", "")
    if maker.startswith(_PACKAGE) and maker != _FROM_FILES:
        assert code in FINDING_KINDS, f"{maker} makes a finding of the unknown code {code!r}"
        severity = rest[0] if rest else named["severity"]
        kind = FINDING_KINDS[code]
        assert severity in kind.severities, f"{maker}: {code} does not come as {severity.value}"
        found.add(code)
    _plain_init(self, code, *rest, **named)


def pytest_configure() -> None:
    """Watch from now on."""
    setattr(Finding, "__init__", _init)  # noqa: B010 -- an assignment is none that mypy allows


def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker met."""
    found.update(getattr(node, "workeroutput", {}).get(_KEY, ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Pass on what was met; at the end of a whole run, fail for a code that nobody met."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_KEY] = sorted(found)
    elif _whole(session) and session.exitstatus == pytest.ExitCode.OK and never_found():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which codes no test met."""
    config = terminalreporter.config
    if asked_for_all(config) and never_found():
        names = ", ".join(never_found())
        terminalreporter.write_line(f"No test makes the program find: {names}", red=True)


def never_found() -> list[str]:
    """The codes of the registry that no test has met so far."""
    return sorted(set(FINDING_KINDS) - found)


def _whole(session: pytest.Session) -> bool:
    return asked_for_all(session.config) and not session.shouldstop


def asked_for_all(config: pytest.Config) -> bool:
    """Whether nothing was picked: no path, no expression, no earlier failures."""
    option = config.option
    narrowed = (
        option.keyword or option.markexpr or option.collectonly or getattr(option, "lf", False)
    )
    everything = [str(path) for path in config.getini("testpaths")]
    named = [argument.rstrip("/") for argument in config.invocation_params.args]
    paths = [text for text in named if not text.startswith("-") and "::" not in text]
    folders = [text for text in paths if (config.rootpath / text).is_dir()]
    files = [text for text in named if text.endswith(".py") or "::" in text]
    return not narrowed and not files and set(folders) <= set(everything)
