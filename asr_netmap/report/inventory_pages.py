"""What was discovered: networks, fabrics, mappings and replicated items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from asr_netmap.arm_id import ArmId
from asr_netmap.models import (
    Direction,
    Inventory,
    Network,
    NetworkMapping,
    NotLookedAt,
    RegionPair,
    ReplicatedItem,
)
from asr_netmap.report.page import Block, Page, Table, Tone

NotReady = Callable[[ReplicatedItem], str | None]
"""Why an item's settings can't be written now; None: they can."""


def discover_page(
    inventory: Inventory, regions: RegionPair | None, not_ready: NotReady, *, sandbox: bool
) -> Page:
    """Everything that was read, for people.

    regions -- None: networks of all regions, and no vault.
    """
    blocks: list[Block] = [networks_table(inventory, regions)]
    if inventory.vault is not None and regions is not None:
        blocks += [
            fabrics_table(inventory),
            mappings_table(inventory, regions),
            items_table(inventory.items, regions, not_ready),
        ]
    blocks += not_looked_at_blocks(inventory.not_looked_at)
    return Page(
        inventory_title(inventory, regions),
        tuple(blocks),
        sandbox,
        subnets_table(inventory, regions),
    )


def networks_table(inventory: Inventory, regions: RegionPair | None) -> Table:
    """A row per network, to read."""
    rows = [
        (
            network.region,
            network.name,
            network.id.group,
            _joined(network.address_space),
            _joined(f"{subnet.name} {_joined(subnet.prefixes)}" for subnet in network.subnets),
            _mapping_state(network, inventory, regions),
        )
        for network in networks_of(inventory, regions)
    ]
    columns = ("region", "network", "resource group", "address space", "subnets", "mapping")
    return Table("Virtual networks", columns, tuple(rows), nothing="none in these regions")


def subnets_table(inventory: Inventory, regions: RegionPair | None) -> Table:
    """A row per subnet, for CSV; the network's own columns are repeated."""
    rows = [
        (
            str(network.id),
            network.region,
            network.name,
            network.id.group,
            _joined(network.address_space),
            subnet.name if subnet else "",
            _joined(subnet.prefixes) if subnet else "",
            _mapping_state(network, inventory, regions),
        )
        for network in networks_of(inventory, regions)
        for subnet in (network.subnets or (None,))
    ]
    columns = ("network_id", "region", "network", "resource_group", "address_space")
    return Table("", (*columns, "subnet", "prefixes", "mapping"), tuple(rows))


def networks_of(inventory: Inventory, regions: RegionPair | None) -> Iterator[Network]:
    """The networks of both regions, the source region's first; None: of all regions."""
    names = (
        sorted({network.region for network in inventory.networks})
        if regions is None
        else (regions.source, regions.target)
    )
    for name in names:
        yield from inventory.networks_in(name)


def _mapping_state(network: Network, inventory: Inventory, regions: RegionPair | None) -> str:
    return mapped_words(network, inventory, regions) if inventory.vault and regions else ""


def mapped_words(network: Network, inventory: Inventory, regions: RegionPair) -> str:
    """Whether a network is mapped, and which way, in words."""
    out = [m for m in _of_pair(inventory, regions) if m.source_network == network.id]
    back = {m.source_network for m in inventory.mappings if m.target_network == network.id}
    if not out:
        names = ", ".join(sorted(each.name for each in back))
        return f"mapped from {names}, not back" if names else "not mapped"
    return "; ".join(
        f"mapped to {m.target_network.name}"
        + (", both ways" if m.target_network in back else ", one way only")
        + ("" if m.paired else f" ({m.state or 'state unknown'})")
        for m in out
    )


def fabrics_table(inventory: Inventory) -> Table:
    """The vault's fabrics."""
    rows = tuple((fabric.name, fabric.region) for fabric in inventory.fabrics)
    return Table("Fabrics", ("fabric", "region"), rows)


def mappings_table(inventory: Inventory, regions: RegionPair) -> Table:
    """The network mappings of the pair of regions, and of others."""
    mappings = sorted(inventory.mappings, key=lambda m: (m.source_network, m.target_network))
    rows = tuple(
        (
            _direction(mapping, regions),
            mapping.source_network.name,
            mapping.target_network.name,
            mapping.state or "unknown",
            mapping.id.name,
        )
        for mapping in mappings
    )
    tones = tuple(Tone.PLAIN if mapping.paired else Tone.WARNING for mapping in mappings)
    columns = ("direction", "source", "target", "state", "name")
    return Table("Network mappings", columns, rows, tones)


def items_table(items: Iterable[ReplicatedItem], regions: RegionPair, not_ready: NotReady) -> Table:
    """Replicated items with the networks that they select."""
    shown = tuple(items)
    rows = tuple(
        (
            item.vm_name,
            item_direction(item, regions),
            _joined(sorted({each.name for each in item.source_networks})) or "-",
            _name(item.target_network) or "-",
            _name(item.test_network) or "-",
            str(len(item.nics)),
            not_ready(item) or "ready",
        )
        for item in shown
    )
    columns = (
        "VM",
        "direction",
        "source network",
        "target network",
        "test network",
        "NICs",
        "state",
    )
    tones = tuple(Tone.FAINT if not_ready(item) else Tone.PLAIN for item in shown)
    return Table("Replicated items", columns, rows, tones)


def item_direction(item: ReplicatedItem, regions: RegionPair) -> str:
    """``forward`` or ``reverse``, or the item's own pair of regions if it is another one."""
    direction = regions.direction_of(item.source_region, item.target_region)
    return direction.value if direction else f"{item.source_region} -> {item.target_region}"


def not_looked_at_blocks(gaps: tuple[NotLookedAt, ...]) -> tuple[Block, ...]:
    """What could not be read; nothing is said if everything was."""
    if not gaps:
        return ()
    rows = tuple((gap.what, gap.reason, gap.hint) for gap in gaps)
    columns = ("not looked at", "why", "what to do")
    return (Table("Not looked at", columns, rows, tuple(Tone.WARNING for _ in rows)),)


def inventory_title(inventory: Inventory, regions: RegionPair | None) -> str:
    """Which vault or subscription and which regions a page is about."""
    pair = f"{regions.source} -> {regions.target}" if regions else "all regions"
    return f"vault {inventory.vault.id.name}, {pair}" if inventory.vault else f"Networks, {pair}"


def _of_pair(inventory: Inventory, regions: RegionPair) -> Iterator[NetworkMapping]:
    ways = {(regions.source, regions.target), (regions.target, regions.source)}
    return (m for m in inventory.mappings if (m.source_region, m.target_region) in ways)


def _direction(mapping: NetworkMapping, regions: RegionPair) -> str:
    found: Direction | None = regions.direction_of(mapping.source_region, mapping.target_region)
    return found.value if found else f"{mapping.source_region} -> {mapping.target_region}"


def _name(resource: ArmId | None) -> str:
    return resource.name if resource else ""


def _joined(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values)
