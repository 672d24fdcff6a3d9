from __future__ import annotations

import csv
import io
import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from asr_netmap.report.csv_rows import csv_rows
from asr_netmap.report.inert import clean, clean_line, csv_text, json_text, markdown_text
from asr_netmap.report.markdown import markdown
from asr_netmap.report.page import RUN, Card, Cards, Note, Page, Table, joined
from tests.report.nasty_names import NASTY_NAMES

PIPELINE_COMMAND = re.compile(r"##(vso)?\[")
GITHUB_COMMAND = re.compile(r"^\s*::.*::")
DANGEROUS = {"Cc", "Cs"}
TURNING = set("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def assert_inert_line(text: str) -> None:
    assert not [c for c in text if unicodedata.category(c) in DANGEROUS or c in TURNING]
    assert not PIPELINE_COMMAND.search(text)
    assert not GITHUB_COMMAND.search(text)
    text.encode("utf-8")


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_a_cleaned_name_has_no_control_and_commands_nobody(name: str) -> None:
    assert_inert_line(clean(name))


@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_text_is_clean_after_cleaning_and_stays_so(text: str) -> None:
    once = clean(text)
    assert_inert_line(once)
    assert clean(once) == once


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("vnet-app", "vnet-app"),
        ("name with  two blanks", "name with  two blanks"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil.invalid\x07link\x1b]8;;\x07", "link"),
        ("line\nfeed", "line feed"),
        ("::1", "::1"),
        ("fe80::1::x", "fe80::1::x"),
        ("::error::broken", ": :error::broken"),
        ("x ##vso[task.complete]", "x # #vso[task.complete]"),
        ("[red]x[/red]", "[red]x[/red]"),
        ("\u540d\u524d", "\u540d\u524d"),
    ],
)
def test_cleaning_keeps_what_the_name_says(name: str, shown: str) -> None:
    assert clean(name) == shown


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_a_name_in_markdown_makes_nothing_but_text(name: str) -> None:
    page = Page(
        name,
        (
            Table(name, ("column", name), ((name, "after"), ("plain", name))),
            Cards(name, (Card(name, name, (name,)),)),
            Note((name, name)),
        ),
    )
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown(page))
    flat = [child for token in tokens for child in (token, *(token.children or ()))]
    allowed = {"text", "softbreak", "strong_open", "strong_close", "html_inline"}
    inline = {child.type for token in tokens for child in token.children or ()}
    assert inline <= allowed, inline - allowed
    # The one piece of HTML is our own empty comment, which breaks automatic links.
    assert {t.content for t in flat if t.type in {"html_inline", "html_block"}} <= {"<!-- -->"}
    assert [t.type for t in tokens].count("tr_open") == 3
    cells = [t.type for t in tokens].count("td_open") + [t.type for t in tokens].count("th_open")
    assert cells == 6
    assert [t.type for t in tokens].count("list_item_open") == 2


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_a_name_in_markdown_links_and_calls_nobody_on_github(name: str) -> None:
    shown = markdown_text(name)
    assert not re.search(r"https?://|www\.|@\w", shown)


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_a_command_in_markdown_is_code_and_nothing_else(name: str) -> None:
    command = f"az x -n '{name}' @me"
    page = Page("page", (Cards("", (Card("error", "heading", (f"{RUN}{command}",)),)),))
    (line,) = [
        token
        for token in MarkdownIt("commonmark").parse(markdown(page))
        if token.type == "inline" and "run:" in token.content
    ]
    told = [(token.type, token.content) for token in line.children or ()]
    assert told == [("text", "run: "), ("code_inline", clean(command))]


def test_addresses_stay_readable_in_markdown() -> None:
    assert markdown_text("10.1.0.0/16") == "10.1.0.0/16"
    assert markdown_text("1. item") == "1\\. item"


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_a_name_in_csv_stays_one_cell_and_is_no_formula(name: str) -> None:
    text = csv_rows(Table("", ("a", "b", "c"), (("left", name, "right"),)))
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 2
    assert rows[1][0] == "left"
    assert rows[1][2] == "right"
    assert not re.match("[=+\\-@\t\r\uff1d]", rows[1][1])
    assert_inert_line(rows[1][1])
    first = csv_rows(Table("", ("a", "b"), ((name, name),)))
    assert not [line for line in first.splitlines() if GITHUB_COMMAND.search(line)]


def test_cells_that_are_harmless_alone_make_no_command_together() -> None:
    text = csv_rows(Table("", ("a", "b"), (("::error", "x::y"),)))
    assert not [line for line in text.splitlines() if GITHUB_COMMAND.search(line)]
    assert not GITHUB_COMMAND.search(clean_line("  ::error  x::y"))
    assert clean_line("  ::1  10.1.1.4") == "  ::1  10.1.1.4"


def test_csv_keeps_plain_values_as_they_are() -> None:
    assert csv_text("10.1.1.4") == "10.1.1.4"
    assert csv_text("=1+1") == "'=1+1"


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_a_name_in_json_reads_back_and_is_printable_ascii(name: str) -> None:
    text = json_text({"name": name})
    assert json.loads(text) == {"name": name}
    assert all(c == "\n" or " " <= c <= "~" for c in text)
    assert not PIPELINE_COMMAND.search(text)
    assert not [line for line in text.splitlines() if GITHUB_COMMAND.search(line)]


def test_the_sandbox_banner_is_in_markdown() -> None:
    page = Page("title", (), sandbox=True)
    assert "SANDBOX" in markdown(page)
    assert "SANDBOX" not in markdown(Page("title", ()))


def test_a_table_without_rows_says_so() -> None:
    page = Page("title", (Table("Fabrics", ("a",), (), nothing="none at all"),))
    assert "none at all" in markdown(page)


def test_joined_pages_keep_every_row_and_the_banner() -> None:
    one = Page("one", (Note(("first",)),), False, Table("", ("a",), (("1",),)))
    two = Page("two", (Note(("second",)),), True, Table("", ("a",), (("2",),)))
    both = joined((one, two))
    assert tuple(both.rows.rows) == (("1",), ("2",))
    assert both.sandbox
    text = markdown(both)
    assert text.index("one") < text.index("first") < text.index("two") < text.index("second")
    assert joined((one,)) is one
