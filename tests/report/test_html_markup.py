"""Markup from values: texts come in escaped, and what could act can't be made at all."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from asr_netmap.report.html.markup import Markup, element, fixed, text
from asr_netmap.report.html.wording import marked
from asr_netmap.report.inert import clean
from tests.safety.nasty_estate import NAMES


class Seen(HTMLParser):
    """What a parser makes of markup."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.data = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.data += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def parsed(markup: str) -> Seen:
    seen = Seen()
    seen.feed(markup)
    seen.close()
    return seen


@pytest.mark.parametrize("name", NAMES)
def test_a_nasty_name_is_a_text_and_nothing_else(name: str) -> None:
    seen = parsed(element("p", name))
    assert seen.tags == ["p"]
    assert seen.data.strip() == clean(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_nasty_name_in_an_attribute_stays_in_it(name: str) -> None:
    seen = parsed(element("p", "x", aria_label=name))
    assert seen.tags == ["p"]
    assert seen.attributes == [("aria-label", clean(name))]


@pytest.mark.parametrize("name", NAMES)
def test_a_nasty_name_in_a_sentence_makes_no_link_and_no_command(name: str) -> None:
    seen = parsed(element("p", marked(f"{name}: see {name}", "--config x")))
    assert set(seen.tags) <= {"p", "code"}
    assert ("class", "copy") not in seen.attributes


def test_a_blank_beside_another_piece_stays() -> None:
    assert element("p", "a ", element("b", "x<"), " c") == "<p>a <b>x&lt;</b> c</p>"
    assert text("a -> b") == "a -&gt; b"


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("script", {}),
        ("iframe", {}),
        ("img", {"src": "x"}),
        ("p onclick=x", {}),
        ("p", {"onclick": "x"}),
        ("p", {"style": "x"}),
        ("a", {"href": "javascript:alert(1)"}),
        ("a", {"href": "https://evil.invalid/"}),
        ("a", {"href": "https://learn.microsoft.com.evil.invalid/"}),
        ("a", {"xlink_href": "x"}),
        ("input", {"formaction": "x"}),
    ],
)
def test_what_could_run_load_or_send_is_refused(name: str, attributes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no "):
        element(name, **attributes)


@pytest.mark.parametrize("content", ["a</style>", "a<!--b", "</script"])
def test_a_fixed_text_can_not_end_its_element(content: str) -> None:
    with pytest.raises(ValueError, match="can't stand"):
        fixed("style", content)


def test_commands_settings_and_documents_are_marked_in_a_sentence() -> None:
    said = element(
        "p",
        marked(
            "Run `asr-netmap apply` or set - {vm: a} (azure-to-azure-network-mapping, 2026).",
            "--config netmap.yaml",
        ),
    )
    assert isinstance(said, Markup)
    assert '<code class="copy">asr-netmap apply --config netmap.yaml</code>' in said
    assert '<code class="copy">- {vm: a}</code>' in said
    assert 'href="https://learn.microsoft.com/azure/site-recovery/azure-to-azure-network' in said


@pytest.mark.parametrize("given", ["asr-netmap apply; rm -rf", "rm -rf /", "asr-netmap $(x)"])
def test_a_command_that_is_not_ours_alone_is_not_offered_for_copying(given: str) -> None:
    assert 'class="copy"' not in element("p", marked(f"Run `{given}`.", "--config x"))
