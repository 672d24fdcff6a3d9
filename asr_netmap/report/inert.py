"""Texts that others wrote, made harmless for a terminal, a CI log, Markdown or a spreadsheet.

Names of NICs, subnets and IP configs, tags and Azure's own error texts are not ours: they may hold
escape sequences, markup, formulas or a CI system's commands. All texts of a page are treated so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

_ESCAPE_SEQUENCE = re.compile(
    r"\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC: titles, links, the clipboard
    r"|\x1b[PX^_][^\x1b\x9c]*(?:\x1b\\|\x9c)?"  # DCS and other strings
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|\x1b[ -/]*[0-~]?"
)
_BREAK = re.compile(r"[^\S ]+|[\x1c-\x1f\x85\u2028\u2029]+")
# Controls, marks that reorder or hide text, tag characters, and halves of characters.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)
# GitHub Actions takes "::name ...::text" at the start of a line, blanks before it or not; Azure
# Pipelines and older GitHub runners take "##vso[" and "##[" anywhere in one (actions/runner and
# microsoft/azure-pipelines-agent, sources of their command parsers).
_GITHUB_COMMAND = re.compile(r"^(\s*):(?=:.*::)")
_PIPELINE_COMMAND = re.compile(r"#(?=#(?:vso)?\[)", re.IGNORECASE)

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&])")
_LINE_START = re.compile(r"^(\d*)([-+#=]|[.)](?=\s|$))")
_LINKED = re.compile(r"(?i)(@|www(?=\.)|:(?=//))")
_FORMULA = re.compile(r"^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")


def clean(text: str) -> str:
    """`text` as one line that shows what it says: no controls, no commands to a CI system."""
    plain = _ESCAPE_SEQUENCE.sub("", text)
    plain = _UNSEEN.sub("", _BREAK.sub(" ", plain)).strip()
    return _PIPELINE_COMMAND.sub("# ", clean_line(plain))


def clean_line(line: str) -> str:
    """A line put together from clean texts: together, too, they command nobody."""
    return _GITHUB_COMMAND.sub(r"\1: ", line)


def markdown_text(text: str) -> str:
    """`text` for the middle of a Markdown line or table cell: no markup, no links, no mentions."""
    escaped = _MARKDOWN.sub(r"\\\1", clean(text))
    escaped = _LINE_START.sub(r"\1\\\2", escaped)
    # GitHub links addresses and @names by itself; an empty comment breaks them without a trace.
    return _LINKED.sub(r"\1<!-- -->", escaped)


def code_span(text: str) -> str:
    """`text` as code in Markdown, where nothing in it means anything, and nothing is changed."""
    inside = clean(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", inside)), default=0))
    return f"{fence} {inside} {fence}" if "`" in inside else f"`{inside}`"


def summary_text(text: str) -> str:
    """`text` for the inside of an HTML element within Markdown: no markup, links or mentions."""
    import html  # noqa: PLC0415 -- loads the names of all characters, and few pages need it

    return _LINKED.sub(r"\1<!-- -->", html.escape(clean(text)))


def csv_text(text: str) -> str:
    """`text` for a CSV cell: what a spreadsheet would run as a formula starts with ``'``."""
    plain = clean(text)
    return f"'{plain}" if _FORMULA.match(plain) else plain


def csv_cells(row: Iterable[str]) -> list[str]:
    """The cells of a CSV row, which together command no CI system either."""
    cells = [csv_text(cell) for cell in row]
    if cells and _GITHUB_COMMAND.match(",".join(cells)):
        cells[0] = f"'{cells[0]}"
    return cells


def json_text(document: Any) -> str:
    """A JSON document as ASCII text, indented; equal documents give equal texts."""
    return "".join(json_lines(document))


def json_lines(document: Any) -> Iterator[str]:
    """The same in pieces, for documents whose rows are made while they are written."""
    from asr_netmap.json_pieces import indented_pieces  # noqa: PLC0415 -- most output is no JSON

    for piece in indented_pieces(document, 2):
        yield _PIPELINE_COMMAND.sub(r"\\u0023", piece)
    yield "\n"
