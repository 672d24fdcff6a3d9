"""The map as SVG. What a line means is said by its form, a sign and words; colour comes on top."""

from __future__ import annotations

from collections.abc import Iterator

from asr_netmap.planning.picture.network_map import LineState, MapNetwork, NetworkMap, Presence
from asr_netmap.planning.picture.subnet_use import SubnetUse
from asr_netmap.report.html.map_layout import (
    BOX_WIDTH,
    GUTTER,
    HEADING,
    LEVEL,
    MARGIN,
    Box,
    Layout,
    SubnetRow,
    Wire,
    fitted,
    laid_out,
    text_width,
)
from asr_netmap.report.html.markup import Child, Markup, element

_BAR = 38
_AROUND = 10
"""How far a region's ground reaches beyond its networks."""
_NAME_WIDTH = 84
"""What a subnet's name has before its prefix begins."""
_BESIDE = 16
"""How far a line's words are from its network."""
_ARROW = 9
_SIGNS = {LineState.MISSING: "✕", LineState.UNSETTLED: "!", LineState.UNSEEN: "?"}
_SHORT = {LineState.MISSING: "missing", LineState.UNSEEN: "unknown"}
PRESENCE = {
    Presence.THERE: "",
    Presence.PLANNED: "the plan creates it",
    Presence.UNSEEN: "could not be looked at",
    Presence.ABSENT: "does not exist",
}


def map_svg(drawn: NetworkMap, key: str, *, banner: str = "") -> Markup:
    """The map.

    key -- makes the ids of title and description unique in the page.
    banner -- whose data it is, where it is not Azure's; it stands in the picture, too.
    """
    places = laid_out(drawn)
    return element(
        "svg",
        element("title", f"Map of {drawn.regions.source} and {drawn.regions.target}", id=f"{key}t"),
        element("desc", description(drawn), id=f"{key}d"),
        _columns(drawn, places, banner),
        [_box(box) for box in places.boxes],
        [_wire(wire) for wire in places.wires],
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {places.width:g} {places.height:g}",
        width=places.width,
        height=places.height,
        class_="map",
        role="img",
        aria_labelledby=f"{key}t {key}d",
    )


def description(drawn: NetworkMap) -> str:
    """What the picture says, in one sentence for those who don't see it."""
    both = len(drawn.pairs) - len(drawn.troubled)
    missing = sum(1 for line in drawn.lines if line.state is LineState.MISSING)
    return (
        f"{len(drawn.sources)} networks in {drawn.regions.source}, {len(drawn.targets)} in "
        f"{drawn.regions.target}; {both} of {len(drawn.pairs)} pairs are mapped both ways, "
        f"{missing} mappings are missing. The tables below the picture say the same."
    )


def line_words(state: LineState, word: str) -> str:
    """The state of a mapping in words."""
    return {
        LineState.PAIRED: word,
        LineState.MISSING: "missing",
        LineState.UNSETTLED: word,
        LineState.UNSEEN: "not looked at",
    }[state]


def _columns(drawn: NetworkMap, places: Layout, banner: str) -> Iterator[Child]:
    right = MARGIN + BOX_WIDTH + GUTTER
    for x, region, role in (
        (MARGIN, drawn.regions.source, "source region"),
        (right, drawn.regions.target, "target region"),
    ):
        yield element(
            "rect",
            x=x - _AROUND,
            y=4,
            width=BOX_WIDTH + 2 * _AROUND,
            height=places.height - 8,
            rx=14,
            class_="region",
        )
        yield _text(fitted(region, BOX_WIDTH - 120, 17), x, 34, "region-name")
        yield _text(role, x + BOX_WIDTH, 34, "region-role end")
    if banner:
        word = banner.partition(":")[0]
        yield _text(fitted(word, GUTTER - 40, 14), MARGIN + BOX_WIDTH + GUTTER / 2, 34, "sandbox")
    for x, networks in ((MARGIN, drawn.sources), (right, drawn.targets)):
        if not networks:
            yield _text("no network was seen here", x + BOX_WIDTH / 2, HEADING + 24, "none")


def _box(box: Box) -> Markup:
    area, network = box.area, box.network
    return element(
        "g",
        element("title", _box_title(network)),
        element("rect", x=area.x, y=area.y, width=area.width, height=area.height, rx=8),
        _text(fitted(network.name, area.width - 100, 15), area.x + 14, area.y + 23, "name"),
        _text(_items(network), area.x + area.width - 14, area.y + 23, "items end"),
        _text(
            fitted(", ".join(network.address_space), area.width - 150, 12),
            area.x + 14,
            area.y + 42,
            "mono",
        ),
        _text(PRESENCE[network.presence], area.x + area.width - 14, area.y + 42, "presence end"),
        [_subnet(row, box) for row in box.rows],
        _left_out(box),
        class_=f"network {network.presence.value}",
    )


def _box_title(network: MapNetwork) -> str:
    return f"{network.name} in {network.id.group}: {', '.join(network.address_space) or '-'}"


def _items(network: MapNetwork) -> str:
    if not network.items:
        return ""
    return "1 VM" if network.items == 1 else f"{network.items:,} VMs"


def _left_out(box: Box) -> Markup | None:
    if not box.left_out:
        return None
    words = f"and {box.left_out} more subnets: see the table"
    return _text(words, box.area.x + 14, box.area.y + box.area.height - 14, "soft")


def _subnet(row: SubnetRow, box: Box) -> Markup:
    subnet, x, right = row.subnet, box.area.x + 14, box.area.x + box.area.width - 14
    prefixes, use = ", ".join(subnet.prefixes), subnet.use
    said = f"{subnet.name} {prefixes}"
    if use is not None:
        said += f": {use} addresses in use" + (", nearly full" if use.nearly_full else "")
    used, bar = (_short(use), _bar(use, right - _BAR, row.y)) if use is not None else ("", None)
    room = right - _BAR - 6 - x - _NAME_WIDTH - text_width(used, 12)
    return element(
        "g",
        element("title", said),
        _text(fitted(subnet.name, _NAME_WIDTH - 4, 12.5), x, row.y + 4, "subnet-name"),
        _text(fitted(prefixes, room, 11.5), x + _NAME_WIDTH, row.y + 4, "mono"),
        bar,
        _text(used, right - _BAR - 6, row.y + 4, "fill end"),
        class_="subnet full" if use is not None and use.nearly_full else "subnet",
    )


def _short(use: SubnetUse) -> str:
    """How full it is, in few characters: thousands of addresses are rounded."""
    used, size = (
        f"{count / 1000:.0f}k" if count >= 10_000 else str(count)
        for count in (use.used or 0, use.size)
    )
    sign = "! " if use.nearly_full else ""
    return f"{sign}{'?' if use.used is None else used}/{size}"


def _bar(use: SubnetUse, x: float, y: float) -> Iterator[Markup]:
    yield element("rect", x=x, y=y - 4, width=_BAR, height=8, rx=4, class_="bar")
    if use.used:
        width = max(3.0, _BAR * use.share)
        yield element("rect", x=x, y=y - 4, width=round(width, 1), height=8, rx=4, class_="used")


def _wire(wire: Wire) -> Markup:
    line, (x0, y0), (x1, y1) = wire.line, wire.start, wire.end
    way = 1 if wire.to_the_right else -1
    level, bend = way * LEVEL, way * (GUTTER / 2 - LEVEL)
    tip = x1 - way * 2
    path = (
        f"M{x0:g} {y0:g}h{level}C{x0 + level + bend:g} {y0:g} {x1 - level - bend:g} {y1:g} "
        f"{x1 - level:g} {y1:g}H{tip - way * _ARROW:g}"
    )
    head = f"M{tip:g} {y1:g}l{-way * _ARROW:g} -5v10z"
    words = f"{line.direction.value}: {line_words(line.state, line.word)}"
    short = f"{line.direction.value}: {_SHORT.get(line.state, line.word)}"
    said = f"{line.tail.name} to {line.head.name}, {words}"
    return element(
        "g",
        element("title", f"{said}; {line.coming}" if line.coming else said),
        element("path", d=path, class_="line"),
        element("path", d=head, class_="head"),
        _sign(wire),
        _label(wire, short, y0 - 7, "label"),
        _label(wire, _coming(line.coming), y0 + 15, "coming"),
        class_=f"wire {line.state.value}",
    )


def _label(wire: Wire, words: str, y: float, kind: str) -> Markup | None:
    if not words:
        return None
    to_the_right = wire.to_the_right
    x = wire.start[0] + (_BESIDE if to_the_right else -_BESIDE)
    return _text(
        fitted(words, LEVEL - _BESIDE, 11.5), x, y, kind if to_the_right else f"{kind} end"
    )


def _coming(words: str) -> str:
    return f"+ {words.removeprefix('the ')}" if words else ""


def _sign(wire: Wire) -> Iterator[Child]:
    sign = _SIGNS.get(wire.line.state)
    if sign is not None:
        x, y = wire.middle
        yield element("circle", cx=x, cy=y, r=10, class_="disc")
        yield _text(sign, x, y + 4.5, "sign")


def _text(words: str, x: float, y: float, kind: str) -> Markup | None:
    return element("text", words, x=x, y=y, class_=kind) if words else None
