"""The output of a command in the format that was asked for, to the place that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from asr_netmap.cli.console import Console
from asr_netmap.cli.drawing import plain_text
from asr_netmap.cli.options import Format
from asr_netmap.files import write_atomically
from asr_netmap.report.csv_rows import csv_rows
from asr_netmap.report.inert import json_lines
from asr_netmap.report.markdown import markdown
from asr_netmap.report.page import Page

Document = Callable[[], dict[str, Any]]
"""Makes the JSON document, if that is asked for."""


def emit(
    console: Console,
    form: Format,
    page: Page,
    document: Document,
    out: Path | None = None,
    *,
    as_markdown: Callable[[Page], str] = markdown,
) -> None:
    """Write a page to standard output, or to a private file.

    as_markdown -- how it is written for a pull request, where that is not as any page.
    Raises FileError for a file that can't be written.
    """
    page = console.marked(page)

    def marked() -> Any:
        return marked_document(console, document())

    if out is not None:
        write_atomically(out, _pieces(form, page, marked, as_markdown))
        console.say(f"Written to {out}.")
    elif form is Format.TABLE:
        console.show(page)
    else:
        console.banner(page.sandbox)
        console.data(_pieces(form, page, marked, as_markdown))


def emit_text(console: Console, text: str, sandbox: bool, out: Path | None = None) -> None:
    """Write a finished document to standard output, or to a private file.

    Raises FileError for a file that can't be written.
    """
    if out is not None:
        write_atomically(out, text)
        console.say(f"Written to {out}.")
    else:
        console.banner(sandbox)
        console.data(text)


def marked_document(console: Console, document: dict[str, Any]) -> dict[str, Any]:
    """The document with `cassette` in its head: the recording's file name, or null."""
    name = console.cassette.name if console.cassette else None
    head: dict[str, Any] = {key: document.get(key) for key in ("schema", "sandbox")}
    return {**head, "cassette": name, **document}


def _pieces(
    form: Format, page: Page, document: Document, as_markdown: Callable[[Page], str]
) -> Iterable[str]:
    if form is Format.JSON:
        return json_lines(document())
    if form is Format.MARKDOWN:
        return (as_markdown(page),)
    if form is Format.CSV:
        return (csv_rows(page.rows),)
    return (plain_text(page),)
