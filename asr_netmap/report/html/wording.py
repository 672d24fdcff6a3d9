"""Texts with what they hold marked up: commands and settings as code, documents as links."""

from __future__ import annotations

import re
from collections.abc import Iterator

from asr_netmap.planning.commands import completed
from asr_netmap.report.html.markup import Child, Markup, element

_DOCUMENTATION = "https://learn.microsoft.com/azure/site-recovery/"
_PAGES = (
    "azure-to-azure-network-mapping",
    "azure-to-azure-customize-networking",
    "azure-to-azure-support-matrix",
)
# A command in backticks, a line of nics.settings, or a page of the documentation.
_PIECE = re.compile(rf"`([^`]*)`|(- \{{[^{{}}]*\}})|\b({'|'.join(_PAGES)})\b")
_OUR_COMMAND = re.compile(r"asr-netmap [a-z][a-z -]*")


def marked(sentence: str, options: str = "") -> tuple[Child, ...]:
    """A sentence of ours, which may hold foreign names, in pieces for `markup.element`.

    options -- what a command in it needs to be run as it stands.
    """
    return tuple(_pieces(sentence, options))


def _pieces(sentence: str, options: str) -> Iterator[Child]:
    done = 0
    for found in _PIECE.finditer(sentence):
        yield sentence[done : found.start()]
        command, row, page = found.groups()
        if page is not None:
            yield element("a", page, href=f"{_DOCUMENTATION}{page}", rel="noreferrer")
        elif row is not None:
            yield element("code", row, class_="copy")
        else:
            yield _command(command, options)
        done = found.end()
    yield sentence[done:]


def _command(command: str, options: str) -> Markup:
    # Only plain words of ours are offered for copying into a shell, never a name that looks so.
    if not _OUR_COMMAND.fullmatch(command):
        return element("code", command)
    return element("code", completed(command, options), class_="copy")


def counted(count: int, noun: str, plural: str = "") -> str:
    """``1 error``, ``1,200 errors``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
