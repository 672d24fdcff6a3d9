"""Long pages are cut for people, and say by how much."""

from __future__ import annotations

from asr_netmap.report.markdown import markdown
from asr_netmap.report.page import Card, Cards, Later, Note, Page, Table, Tone, later
from asr_netmap.report.shortened import shortened


def page_of(rows: int, cards: int) -> Page:
    table = Table(
        "NICs",
        ("VM",),
        tuple((f"vm{number}",) for number in range(rows)),
        (Tone.PLAIN,) * rows,
    )
    listed = later(lambda number: Card("update", f"vm{number}"), range(cards))
    return Page("vault", (table, Cards("NIC settings", listed)), False, table)


def test_a_page_that_fits_stays_as_it_is() -> None:
    page = page_of(3, 2)
    assert shortened(page, 3, 2) == page


def test_what_is_left_out_is_counted_and_how_to_see_it_is_said() -> None:
    table, rest, cards, more = shortened(page_of(1_003, 5_002), 3, 2).blocks
    assert isinstance(table, Table)
    assert isinstance(cards, Cards)
    assert isinstance(rest, Note)
    assert isinstance(more, Note)
    assert [row[0] for row in table.rows] == ["vm0", "vm1", "vm2"]
    assert len(table.tones) == 3
    assert [card.heading for card in cards.cards] == ["vm0", "vm1"]
    assert "1,000 more rows" in rest.lines[0]
    assert "5,000 more of NIC settings" in more.lines[0]
    for way in ("--all", "--format json", "--only"):
        assert way in rest.lines[0]


def test_rows_for_programs_are_never_cut() -> None:
    assert len(shortened(page_of(1_003, 0), 3, 2).rows.rows) == 1_003


def test_cards_are_made_only_when_somebody_looks() -> None:
    made: list[int] = []

    def card(number: int) -> Card:
        made.append(number)
        return Card("update", f"vm{number}")

    page = Page("vault", (Cards("NIC settings", later(card, range(10_000))),))
    short = shortened(page, 3, 2)
    assert made == [0, 1]
    assert "vm1" in markdown(short)


def test_parts_made_later_are_a_sequence_like_any_other() -> None:
    counted = Later(lambda: (str(number) for number in range(5)))
    assert len(counted) == 5
    assert counted[1] == "1"
    assert counted[:2] == ("0", "1")
    assert counted[-2:] == ("3", "4")
    assert list(counted) == list(counted)
