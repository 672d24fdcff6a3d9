"""The page of inventions and the marks in the code tell the same story."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import asr_netmap.sandbox

FOLDER = Path(asr_netmap.sandbox.__file__).parent
MARK = re.compile(r"invented: ([a-z0-9][a-z0-9-]*)")


def marks() -> Iterator[str]:
    for path in sorted(FOLDER.glob("*.py")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "#" in line:
                yield from MARK.findall(line.partition("#")[2])


def rows() -> list[list[str]]:
    text = (FOLDER / "INVENTED.md").read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_every_mark_has_a_row_and_every_row_has_a_mark() -> None:
    slugs = [row[0] for row in rows()]
    assert set(marks()) == set(slugs)
    assert len(slugs) > 40


def test_every_row_says_what_was_chosen_and_why_and_stands_once_in_order() -> None:
    assert all(len(row) == 3 and all(row) for row in rows())
    slugs = [row[0] for row in rows()]
    assert slugs == sorted(set(slugs))


def test_every_arm_mark_names_a_source() -> None:
    """A fact about the service without a source is an invention."""
    sources = re.compile(
        r"az CLI|PowerShell|Microsoft Learn|issue|terraform|\.NET network SDK|error text|recording"
    )
    for path in sorted(FOLDER.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(r"ARM: ", text):
            block = text[found.start() : found.start() + 400].split("\n\n")[0]
            assert sources.search(block), (path.name, block[:120])


def test_the_sandbox_imports_the_standard_library_and_itself_only() -> None:
    pattern = re.compile(r"^\s*(?:from|import) ([\w.]+)", re.MULTILINE)
    import sys

    for path in sorted(FOLDER.glob("*.py")):
        for name in pattern.findall(path.read_text(encoding="utf-8")):
            own = name.startswith("asr_netmap.sandbox")
            assert own or name.split(".")[0] in sys.stdlib_module_names, (path.name, name)
