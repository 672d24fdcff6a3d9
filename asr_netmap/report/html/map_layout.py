"""Where everything of the map is: plain rules, no picture is placed by hand.

Two columns, the source region's on the left. Networks that are mapped with each other stand side
by side; every line end has a height of its own at its network, runs level as long as its label
is, and only then bends in the space between. So no box, label or level piece of a line can meet
another one; only the bends may cross.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Direction
from asr_netmap.planning.picture.network_map import MapLine, MapNetwork, MapSubnet, NetworkMap
from asr_netmap.report.inert import clean

MARGIN = 20
BOX_WIDTH = 318
GUTTER = 352
LEVEL = 150
"""How far a line runs level from its network: room for its label."""
WIDTH = 2 * MARGIN + 2 * BOX_WIDTH + GUTTER
HEADING = 54
"""The height of a column's own heading."""
BOX_HEAD = 52
SUBNET_HEIGHT = 25
BOX_FOOT = 9
GAP = 22
PORT_FIRST = 30
PORT_STEP = 42
LABEL_UP, LABEL_DOWN = 17, 17
"""How far a line's words reach above and below it."""
MOST_SUBNETS = 10
"""A box lists so many subnets; the table beside the map has all."""
_NAMELESS = "(no name)"


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle, in the units of the drawing."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Rect) -> bool:
        """Whether they have any area in common."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


@dataclass(frozen=True, slots=True)
class SubnetRow:
    """A subnet in a box; y -- of its middle."""

    subnet: MapSubnet
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """A network. left -- whether it stands in the source region's column."""

    network: MapNetwork
    area: Rect
    left: bool
    rows: tuple[SubnetRow, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Wire:
    """A line from its network's edge to the other one's; words -- the area of its label."""

    line: MapLine
    start: tuple[float, float]
    end: tuple[float, float]
    words: Rect

    @property
    def to_the_right(self) -> bool:
        """Which way it goes on paper."""
        return self.start[0] < self.end[0]

    @property
    def middle(self) -> tuple[float, float]:
        """Where the line's sign is."""
        return (self.start[0] + self.end[0]) / 2, (self.start[1] + self.end[1]) / 2


@dataclass(frozen=True, slots=True)
class Layout:
    """The finished places."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]


def laid_out(drawn: NetworkMap) -> Layout:
    """A place for every network and line of the map."""
    ends = _line_ends(drawn)
    boxes: list[Box] = []
    top: float = HEADING
    for source, target in _rows(drawn):
        height = 0.0
        for network, left in ((source, True), (target, False)):
            if network is not None:
                box = _box(network, top, len(ends[network.id]), left=left)
                boxes.append(box)
                height = max(height, box.area.height)
        top += height + GAP
    places = {box.network.id: box for box in boxes}
    wires = tuple(_wire(line, places, ends) for line in drawn.lines if _placed(line, places))
    return Layout(WIDTH, max(top, HEADING + 60), tuple(boxes), wires)


def fitted(name: str, width: float, size: float) -> str:
    """`name` made harmless, cut with an ellipsis where it is too wide at that font size.

    width -- in the units of the drawing, as `size`.
    """
    name = clean(name) or (name and _NAMELESS)
    if text_width(name, size) <= width:
        return name
    room, kept = width - size, []
    for character in name:
        room -= text_width(character, size)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def text_width(name: str, size: float) -> float:
    """An estimate on the wide side; nothing here can measure a font."""
    wide = sum(1 for each in name if unicodedata.east_asian_width(each) in "WF")
    return size * (0.6 * (len(name) - wide) + 1.05 * wide)


def _rows(drawn: NetworkMap) -> list[tuple[MapNetwork | None, MapNetwork | None]]:
    """Which networks stand side by side: those of a pair, each network once, trouble on top."""
    targets = {network.id: network for network in drawn.targets}
    mapped = defaultdict(list)
    for source, target in drawn.pairs:
        mapped[source].append(target)
    rows: list[tuple[MapNetwork | None, MapNetwork | None]] = []
    troubled = {source for source, _ in drawn.troubled}
    for network in sorted(drawn.sources, key=lambda each: each.id not in troubled):
        own = [targets.pop(each) for each in mapped[network.id] if each in targets]
        rows.append((network, own[0] if own else None))
        rows += [(None, each) for each in own[1:]]
    return [*rows, *((None, each) for each in targets.values())]


def _line_ends(drawn: NetworkMap) -> dict[ArmId, list[MapLine]]:
    """The lines at each network in the order of the rows that they lead to."""
    order: dict[ArmId, int] = {}
    for place, row in enumerate(_rows(drawn)):
        order.update((network.id, place) for network in row if network is not None)
    found: defaultdict[ArmId, list[MapLine]] = defaultdict(list)
    for line in drawn.lines:
        if line.tail in order and line.head in order:
            found[line.tail].append(line)
            found[line.head].append(line)
    for network, lines in found.items():
        lines.sort(key=lambda line: _order_at(network, line, order))
    return found


def _order_at(network: ArmId, line: MapLine, order: dict[ArmId, int]) -> tuple[int, ArmId, bool]:
    other = line.head if line.tail == network else line.tail
    return order[other], other, line.direction is Direction.REVERSE


def _box(network: MapNetwork, top: float, lines: int, *, left: bool) -> Box:
    shown: Sequence[MapSubnet] = network.subnets[:MOST_SUBNETS]
    left_out = len(network.subnets) - len(shown)
    listed = len(shown) + (1 if left_out else 0)
    for_subnets = BOX_HEAD + listed * SUBNET_HEIGHT + BOX_FOOT
    for_lines = PORT_FIRST + (lines - 1) * PORT_STEP + LABEL_DOWN + BOX_FOOT if lines else 0
    x = MARGIN if left else MARGIN + BOX_WIDTH + GUTTER
    rows = tuple(
        SubnetRow(subnet, top + BOX_HEAD + (place + 0.5) * SUBNET_HEIGHT)
        for place, subnet in enumerate(shown)
    )
    area = Rect(x, top, BOX_WIDTH, max(for_subnets, for_lines))
    return Box(network, area, left, rows, left_out)


def _placed(line: MapLine, places: dict[ArmId, Box]) -> bool:
    return line.tail in places and line.head in places


def _wire(line: MapLine, places: dict[ArmId, Box], ends: dict[ArmId, list[MapLine]]) -> Wire:
    start = _port(places[line.tail], ends[line.tail].index(line))
    end = _port(places[line.head], ends[line.head].index(line))
    x = start[0] if places[line.tail].left else start[0] - LEVEL
    return Wire(line, start, end, Rect(x, start[1] - LABEL_UP, LEVEL, LABEL_UP + LABEL_DOWN))


def _port(box: Box, place: int) -> tuple[float, float]:
    x = box.area.x + (box.area.width if box.left else 0)
    return x, box.area.y + PORT_FIRST + place * PORT_STEP
