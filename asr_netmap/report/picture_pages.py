"""A vault's picture as a page of plain blocks: the report as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from asr_netmap.models import Direction
from asr_netmap.planning.effective_text import where_text
from asr_netmap.planning.picture.network_map import LineState, MapLine, MapNetwork, NetworkMap
from asr_netmap.planning.picture.past_run import PastRun
from asr_netmap.planning.picture.picture import Picture
from asr_netmap.planning.picture.prospects import Prospect
from asr_netmap.report.inventory_pages import not_looked_at_blocks
from asr_netmap.report.page import Block, Note, Page, Table, Tone
from asr_netmap.report.plan_pages import (
    changes_blocks,
    findings_blocks,
    pending_blocks,
    plan_summary,
    scope_title,
    verify_summary,
)

_WORDS = {LineState.MISSING: "MISSING", LineState.UNSEEN: "not looked at"}


def picture_page(picture: Picture, *, sandbox: bool) -> Page:
    """The same as the HTML page, without the drawing: its tables say what it shows."""
    drawn = picture.network_map
    table = prospects_table(picture)
    blocks: list[Block] = [
        Note((verify_summary(picture.verification),)),
        pairs_table(drawn),
        networks_table(drawn),
        *findings_blocks(picture.findings),
        table,
        Note((f"Plan: {plan_summary(picture.plan)}",), Tone.CHANGE),
        *changes_blocks(picture.plan.changes),
        *_run_blocks(picture.run),
        *pending_blocks(picture.pending),
        *not_looked_at_blocks(picture.not_looked_at),
    ]
    return Page(scope_title(picture.plan), tuple(blocks), sandbox, table)


def pairs_table(drawn: NetworkMap) -> Table:
    """Both directions of every pair."""
    rows = []
    for pair in drawn.pairs:
        lines = {line.direction: line for line in drawn.lines if line.pair == pair}
        rows.append((pair[0].name, pair[1].name, *(_state(lines.get(each)) for each in Direction)))
    troubled = set(drawn.troubled)
    tones = tuple(Tone.BAD if pair in troubled else Tone.PLAIN for pair in drawn.pairs)
    columns = ("source network", "target network", "forward", "reverse")
    return Table("Network mappings", columns, tuple(rows), tones)


def networks_table(drawn: NetworkMap) -> Table:
    """Every network with its subnets and how full they are."""
    networks = (*drawn.sources, *drawn.targets, *drawn.aside)
    rows = tuple(
        (
            network.region,
            network.name,
            network.id.group,
            network.presence.value,
            ", ".join(network.address_space) or "-",
            _subnets(network),
            str(network.items),
        )
        for network in networks
    )
    columns = ("region", "network", "resource group", "is", "address space", "subnets", "VMs")
    return Table("Networks, and how many addresses of each subnet are in use", columns, rows)


def prospects_table(picture: Picture) -> Table:
    """A row per IP config: today, at failover, at test failover."""
    planned = any(each.later for each in picture.prospects)
    more = ("failover after the plan", "test after the plan") if planned else ()
    columns = ("VM", "NIC", "IP config", "today", "failover", "test failover", *more, "findings")
    rows = tuple(tuple(_row(each, planned=planned)) for each in picture.prospects)
    return Table("Where every VM will be", columns, rows)


def _row(each: Prospect, *, planned: bool) -> Iterator[str]:
    yield each.item.vm_name
    yield each.nic.name if each.nic else "-"
    yield each.config.name if each.config else each.not_ready or "-"
    yield _today(each)
    for placement in (each.now, *((each.later,) if planned else ())):
        yield where_text(placement.failover) if placement else "-"
        yield where_text(placement.test) if placement else "-"
    yield ", ".join(each.codes) or "-"


def _today(each: Prospect) -> str:
    if each.config is None:
        return "-"
    kind = {True: "static", False: "dynamic", None: ""}[each.config.source_static]
    parts = (each.config.source_subnet, each.config.source_address, kind)
    return " ".join(str(part) for part in parts if part) or "-"


def _state(line: MapLine | None) -> str:
    if line is None:
        return "-"
    return "; ".join(word for word in (_WORDS.get(line.state, line.word), line.coming) if word)


def _subnets(network: MapNetwork) -> str:
    return "; ".join(
        f"{subnet.name} {', '.join(subnet.prefixes)}" + (f" ({subnet.use})" if subnet.use else "")
        for subnet in network.subnets
    )


def _run_blocks(run: PastRun | None) -> Iterator[Block]:
    if run is None:
        return
    rows = tuple(
        (step.status, step.change.title if step.change else step.change_id, step.code, step.message)
        for step in run.steps
    )
    title = f"The run of {run.started}" + ("" if run.ended else ", whose journal has no end")
    yield Table(title, ("status", "change", "code", "message"), rows)
