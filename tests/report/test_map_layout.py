"""The map's plain rules: whatever has to be drawn, nothing covers anything else."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from asr_netmap.models import RegionPair
from asr_netmap.planning.picture.network_map import NetworkMap, network_map
from asr_netmap.report.html.map_drawing import map_svg
from asr_netmap.report.html.map_layout import (
    GUTTER,
    LEVEL,
    MOST_SUBNETS,
    WIDTH,
    Layout,
    Rect,
    fitted,
    laid_out,
    text_width,
)
from tests.builders import (
    SOURCE,
    TARGET,
    inventory,
    mapping,
    network,
    reverse_mapping,
    subnet,
)

REGIONS = RegionPair(SOURCE, TARGET)


def example(sizes: list[int], links: list[tuple[int, int, bool, bool]]) -> NetworkMap:
    """Networks of so many subnets on each side, and mappings there and back between them."""
    sides = {
        region: [
            network(
                f"{region}-{place}",
                region,
                subnets=[subnet(f"s{n}", f"10.1.{n}.0/24") for n in range(size)],
            )
            for place, size in enumerate(sizes)
        ]
        for region in (SOURCE, TARGET)
    }
    there, back = {}, {}
    for source, target, forward, reverse in links:
        a, b = sides[SOURCE][source % len(sizes)], sides[TARGET][target % len(sizes)]
        if forward:
            there[a.id, b.id] = mapping(a.id, b.id)
        if reverse:
            back[b.id, a.id] = reverse_mapping(b.id, a.id)
    networks = (*sides[SOURCE], *sides[TARGET])
    what = inventory(networks=networks, mappings=(*there.values(), *back.values()))
    return network_map(what, REGIONS)


estates = st.builds(
    example,
    st.lists(st.integers(0, MOST_SUBNETS + 4), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans(), st.booleans())),
)


def levels(layout: Layout) -> list[Rect]:
    """The level pieces at both ends of every line, as thin rectangles."""
    return [
        Rect(x if right == leaves else x - LEVEL, y - 1, LEVEL, 2)
        for wire in layout.wires
        for right in (wire.to_the_right,)
        for (x, y), leaves in ((wire.start, True), (wire.end, False))
    ]


@given(estates)
@settings(max_examples=150, deadline=None)
def test_no_network_label_or_level_piece_of_a_line_meets_another(drawn: NetworkMap) -> None:
    layout = laid_out(drawn)
    boxes = [box.area for box in layout.boxes]
    words = [wire.words for wire in layout.wires]
    for pieces in (boxes, words, levels(layout)):
        assert not [pair for pair in combinations(pieces, 2) if pair[0].meets(pair[1])]
    assert not [1 for box in boxes for piece in (*words, *levels(layout)) if box.meets(piece)]


@given(estates)
@settings(max_examples=100, deadline=None)
def test_everything_lies_inside_the_picture_and_inside_its_network(drawn: NetworkMap) -> None:
    layout = laid_out(drawn)
    for box in layout.boxes:
        area = box.area
        assert area.x >= 0
        assert area.x + area.width <= WIDTH == layout.width
        assert area.y + area.height <= layout.height
        assert all(area.y < row.y < area.y + area.height for row in box.rows)
    for wire in layout.wires:
        owners = [box for box in layout.boxes if box.network.id == wire.line.tail]
        assert owners[0].area.y < wire.start[1] < owners[0].area.y + owners[0].area.height
        assert abs(wire.start[0] - wire.end[0]) == GUTTER


@given(estates)
@settings(max_examples=100, deadline=None)
def test_every_network_and_line_has_one_place(drawn: NetworkMap) -> None:
    layout = laid_out(drawn)
    networks = [*drawn.sources, *drawn.targets]
    assert sorted(box.network.id for box in layout.boxes) == sorted(n.id for n in networks)
    assert [wire.line for wire in layout.wires] == list(drawn.lines)


def test_a_pair_stands_side_by_side_and_its_lines_are_level() -> None:
    layout = laid_out(example([2, 1], [(0, 1, True, True), (1, 0, True, True)]))
    tops = {box.network.name: box.area.y for box in layout.boxes}
    assert tops[f"{SOURCE}-0"] == tops[f"{TARGET}-1"]
    assert tops[f"{SOURCE}-1"] == tops[f"{TARGET}-0"]
    assert all(wire.start[1] == wire.end[1] for wire in layout.wires)


def test_the_same_map_is_always_drawn_the_same() -> None:
    drawn = example([3, 12], [(0, 0, True, False), (1, 0, False, True)])
    assert map_svg(drawn, "a") == map_svg(drawn, "a")


def test_more_subnets_than_fit_are_counted_in_words() -> None:
    (box,) = [b for b in laid_out(example([12], [(0, 0, True, True)])).boxes if b.left]
    assert (len(box.rows), box.left_out) == (MOST_SUBNETS, 2)
    assert "and 2 more subnets" in map_svg(example([12], [(0, 0, True, True)]), "a")


def test_a_missing_mapping_is_told_by_form_sign_and_words() -> None:
    svg = map_svg(example([1], [(0, 0, True, False)]), "a")
    assert 'class="wire missing"' in svg
    assert "✕" in svg
    assert "reverse: missing" in svg
    assert "0 of 1 pairs are mapped both ways, 1 mappings are missing" in svg


def test_a_name_is_cut_to_its_room() -> None:
    assert fitted("web", 100, 12) == "web"
    for name in ("x" * 300, "名前" * 40, "a-rather-long-network-name-of-somebody"):
        cut = fitted(name, 100, 12)
        assert cut.endswith("…")
        assert text_width(cut, 12) <= 100
    assert fitted("\u200b", 100, 12) == "(no name)"
    assert fitted("", 100, 12) == ""
