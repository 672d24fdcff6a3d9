"""What a terminal, a pipe and a CI log get."""

from __future__ import annotations

import io
import re
import sys
from typing import Any

import pytest

from asr_netmap.cli.console import Console
from asr_netmap.cli.drawing import plain_text
from asr_netmap.cli.writing import seconds
from asr_netmap.errors import AsrNetmapError, Declined, NotFound, UsageError
from asr_netmap.report.inert import clean
from asr_netmap.report.page import Card, Cards, Note, Page, Table, Tone
from tests.cli.streams import lines_that_command_a_ci_system, terminals
from tests.report.nasty_names import NASTY_NAMES

OUR_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(autouse=True)
def a_known_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")


def page_with(name: str) -> Page:
    return Page(
        name,
        (
            Table(name, ("column", "other"), ((name, "x"), ("y", name)), (Tone.GOOD, Tone.BAD)),
            Cards(name, (Card(name, name, (name, name), Tone.WARNING),)),
            Note((name,), Tone.FAINT),
        ),
        sandbox=True,
    )


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_on_a_terminal_a_name_makes_nothing_but_text(name: str) -> None:
    with terminals() as streams:
        console = Console()
        console.show(page_with(name))
        console.say(f"said {name}", Tone.GOOD)
        console.error(AsrNetmapError(name, name))
    for stream in streams:
        plain = OUR_COLOURS.sub("", stream.getvalue())
        assert plain != stream.getvalue()
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\u2066]", plain)
        assert lines_that_command_a_ci_system(plain) == []


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_without_a_terminal_a_name_stays_on_its_line(name: str) -> None:
    text = plain_text(page_with(name))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\u2066]", text)
    assert lines_that_command_a_ci_system(text) == []
    if clean(name):  # a line or title of nothing is left out
        assert len(text.splitlines()) == len(plain_text(page_with("plain")).splitlines())


def test_colours_are_used_on_a_terminal_and_not_with_no_color(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with terminals() as (out, err):
        Console().say("coloured", Tone.GOOD)
    assert "\x1b[32m" in err.getvalue()
    assert out.getvalue() == ""
    monkeypatch.setenv("NO_COLOR", "1")
    with terminals() as (_, err):
        Console().say("plain", Tone.GOOD)
    assert err.getvalue() == "plain\n"
    monkeypatch.delenv("NO_COLOR")
    with terminals() as (_, err):
        Console(color=False).say("plain", Tone.GOOD)
    assert err.getvalue() == "plain\n"


def test_without_a_terminal_nothing_is_cut_padded_or_coloured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    long = "a" * 500
    Console().show(Page("", (Table("t", ("one", "two"), ((long, "x"), ("y", long))),)))
    out = capsys.readouterr().out
    assert out.count(long) == 2
    assert "\x1b" not in out
    assert [line for line in out.splitlines() if line != line.rstrip()] == []


def test_columns_of_wide_characters_stay_aligned() -> None:
    table = Table("", ("name", "after"), (("\u540d\u524d", "x"), ("abcd", "y")))
    header, first, second = plain_text(Page("", (table,))).splitlines()[-3:]
    assert first.index("x") + 2 == second.index("y") == header.index("after")


def test_an_error_says_what_and_then_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    Console().error(NotFound("There is no vault x.", "There is: y.\nOr z."))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "asr-netmap: error: There is no vault x.",
        "  There is: y.",
        "  Or z.",
    ]


def test_quiet_silences_talk_but_neither_data_nor_warnings_nor_errors(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = Console(quiet=True)
    console.say("talk")
    console.banner(True)
    console.show(Page("aside", ()), aside=True)
    console.data("data\n")
    console.warn("warning")
    captured = capsys.readouterr()
    assert captured.out == "data\n"
    assert captured.err == "warning\n"


def test_details_are_said_only_if_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    Console().detail("detail")
    assert capsys.readouterr().err == ""
    Console(verbose=True).detail("detail")
    assert capsys.readouterr().err == "detail\n"


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yep\n", "no way\n"])
def test_everything_but_yes_means_no(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    with pytest.raises(Declined):
        Console().confirm("Apply?")
    assert "Apply? [y/N]" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["y\n", "YES\n", " yes \n"])
def test_yes_means_yes(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    Console().confirm("Apply?")


def code_of(console: Console, error: BaseException) -> Any:
    with pytest.raises(SystemExit) as ended, console.guard():
        raise error
    return ended.value.code


def test_what_nobody_foresaw_is_one_message_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert code_of(Console(), ValueError("odd \x1b[31m")) == 1
    err = capsys.readouterr().err
    assert "ValueError: odd" in err
    assert "--debug" in err
    assert "Traceback" not in err
    assert "\x1b" not in err


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(Console(debug=True), NotFound("gone")) == 1
    assert "Traceback" in capsys.readouterr().err
    assert code_of(Console(debug=True), ValueError("odd\n##vso[x] \x1b[31m")) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "ValueError: odd" in err
    assert "##vso[" not in err
    assert "\x1b" not in err


def test_ctrl_c_is_130_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(Console(), KeyboardInterrupt()) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "value"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), (" 30M ", 1800)]
)
def test_times_are_read_with_their_units(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "soon", "-5", "0", "5d", "1h30m"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        seconds(text)
