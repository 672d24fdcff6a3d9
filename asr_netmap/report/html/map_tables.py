"""The map as tables: the same for whoever does not see the picture, and what it has no room for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Direction
from asr_netmap.planning.picture.network_map import MapLine, MapNetwork, MapSubnet, NetworkMap
from asr_netmap.report.html.map_drawing import PRESENCE, line_words
from asr_netmap.report.html.markup import Child, Markup, element
from asr_netmap.report.html.wording import counted

MOST_TROUBLED = 20
"""So many pairs are named above the map; the tables below it have all."""


def map_tables(drawn: NetworkMap) -> Markup:
    """Mappings, networks that take part, and those that stand aside."""
    networks = (*drawn.sources, *drawn.targets)
    return element(
        "details",
        element("summary", "The same as tables, with every network and subnet"),
        _table(
            "Network mappings, both directions of every pair",
            ("Source network", "Target network", "Forward", "Reverse"),
            (_pair(drawn, pair) for pair in drawn.pairs),
            "pairs",
        ),
        _table(
            "Networks that take part",
            ("Network", "Region", "Address space", "VMs", "Subnets: addresses in use"),
            (_network(network) for network in networks),
            "networks",
        ),
        _table(
            "Networks that no mapping, replicated VM or change concerns",
            ("Network", "Region", "Address space", "VMs", "Subnets: addresses in use"),
            (_network(network) for network in drawn.aside),
            "networks",
        )
        if drawn.aside
        else None,
    )


def map_verdict(drawn: NetworkMap) -> Markup | None:
    """In words what people look at the map for: which pairs have no way there, or no way back."""
    if not drawn.pairs:
        return None
    lines: defaultdict[tuple[ArmId, ArmId], list[MapLine]] = defaultdict(list)
    for line in drawn.lines:
        lines[line.pair].append(line)
    troubled = drawn.troubled
    if not troubled:
        words = f"✓ {counted(len(drawn.pairs), 'pair')} of networks, mapped both ways"
        return element("p", words, class_="ways good")
    head = f"✕ {len(troubled):,} of {counted(len(drawn.pairs), 'pair')} not mapped both ways"
    rest = len(troubled) - MOST_TROUBLED
    return element(
        "div",
        element("p", head, class_="ways bad"),
        element(
            "ul",
            (_troubled(pair, lines[pair]) for pair in troubled[:MOST_TROUBLED]),
            element("li", f"and {rest:,} more: see the tables below") if rest > 0 else None,
        ),
    )


def _troubled(pair: tuple[ArmId, ArmId], lines: Sequence[MapLine]) -> Markup:
    source, target = pair
    ways = {line.direction: line for line in lines}
    said = ", ".join(
        f"{way.value} {line_words(ways[way].state, ways[way].word)}"
        for way in Direction
        if way in ways
    )
    return element("li", element("b", f"{source.name} ⇄ {target.name}"), f": {said}")


def _table(caption: str, columns: tuple[str, ...], rows: Iterator[Markup], kind: str) -> Markup:
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", (element("th", each, scope="col") for each in columns))),
        element("tbody", rows),
        class_=f"cards {kind}",
    )


def _pair(drawn: NetworkMap, pair: tuple[ArmId, ArmId]) -> Markup:
    own = {line.direction: line for line in drawn.lines if line.pair == pair}
    source, target = pair
    return element(
        "tr",
        element("th", source.name, scope="row"),
        element("td", target.name),
        (element("td", _state(own.get(direction))) for direction in Direction),
    )


def _state(line: MapLine | None) -> str:
    if line is None:
        return "-"
    coming = f"; {line.coming}" if line.coming else ""
    return f"{line_words(line.state, line.word)}{coming}"


def _network(network: MapNetwork) -> Markup:
    return element(
        "tr",
        element("th", network.name, _below(network), scope="row"),
        element("td", network.region),
        element("td", ", ".join(network.address_space) or "-"),
        element("td", str(network.items)),
        element("td", _subnets(network)),
    )


def _below(network: MapNetwork) -> Iterator[Child]:
    presence = PRESENCE[network.presence]
    words = f"{network.id.group}; {presence}" if presence else network.id.group
    yield element("div", words, class_="soft")


def _subnets(network: MapNetwork) -> Child:
    if not network.subnets:
        return "-"
    return element("ul", (element("li", _subnet(each)) for each in network.subnets), class_="plain")


def _subnet(subnet: MapSubnet) -> str:
    use = f": {subnet.use}" if subnet.use is not None else ""
    full = ", nearly full" if subnet.use is not None and subnet.use.nearly_full else ""
    return f"{subnet.name} {', '.join(subnet.prefixes)}{use}{full}"
