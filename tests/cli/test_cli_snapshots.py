"""What people see at terminals of 80 and 160 columns, kept as text files.

`pytest tests/cli/test_cli_snapshots.py --renew-snapshots` writes them anew: read the difference.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asr_netmap.cli import PROGRAM, app
from tests.cli.streams import terminals

SNAPSHOTS = Path(__file__).parent / "snapshots"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
SECONDS = re.compile(r"^(  applied .*?)\d+\.\d$", re.MULTILINE)
# How often operations are looked at depends on how long they take.
REQUESTS = re.compile(r"^\d+ requests;", re.MULTILINE)
# Wrapped by the terminal and not by the program, so that each is copied as one line.
COPIED = re.compile(r"^ *(run: |fix: .*\{|asr-netmap )|^(Next: |SANDBOX)|^ *- \{")

ESTATE = (
    *("--sandbox", "demo", "-g", "rg-vault", "--vault-name", "vault-dr"),
    *("--source-region", "eastasia", "--target-region", "southeastasia"),
)
COMMANDS: dict[str, tuple[str, ...]] = {
    "help": ("--help",),
    "apply-help": ("apply", "--help"),
    "discover": ("discover", *ESTATE),
    "plan": ("plan", *ESTATE),
    "apply": ("apply", *ESTATE, "--yes", "--quiet"),
    "verify": ("verify", *ESTATE),
    "nics-list": ("nics", "list", *ESTATE),
    "nics-explain": ("nics", "explain", *ESTATE, "--vm", "sql1"),
    "demo": ("demo",),
}
WIDTHS = (80, 160)


def shown_at(columns: int, arguments: tuple[str, ...], patch: pytest.MonkeyPatch) -> str:
    """Standard output at a terminal of that width, without its colours."""
    patch.setenv("COLUMNS", str(columns))
    patch.setenv("TERM", "xterm-256color")
    with terminals() as (out, _), pytest.raises(SystemExit):
        app(list(arguments), prog_name=PROGRAM)
    text = SECONDS.sub(r"\g<1>0.0", COLOURS.sub("", out.getvalue()))
    return REQUESTS.sub("99 requests;", text)


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", COMMANDS)
def test_it_looks_as_it_did(
    name: str, columns: int, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    text = shown_at(columns, COMMANDS[name], monkeypatch)
    kept = SNAPSHOTS / f"{name}-{columns}.txt"
    if pytestconfig.getoption("renew_snapshots"):
        SNAPSHOTS.mkdir(exist_ok=True)
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_but_what_is_copied_is_wider_than_the_terminal(name: str, columns: int) -> None:
    text = (SNAPSHOTS / f"{name}-{columns}.txt").read_text(encoding="utf-8")
    wide = [line for line in text.splitlines() if len(line) > columns]
    assert [line for line in wide if not COPIED.search(line)] == []


def test_there_is_no_snapshot_that_no_test_makes() -> None:
    made = {f"{name}-{columns}.txt" for name in COMMANDS for columns in WIDTHS}
    assert {path.name for path in SNAPSHOTS.iterdir()} == made
