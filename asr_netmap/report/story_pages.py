"""One VM's story: what was considered, what decided, and what will be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from asr_netmap.planning.document import change_document, finding_document, future_document
from asr_netmap.planning.effective_text import address_text
from asr_netmap.planning.explanation import (
    ConfigStory,
    SideStory,
    Step,
    Story,
    Verdict,
    decided_by,
)
from asr_netmap.report.documents import scope_document
from asr_netmap.report.page import Block, Card, Cards, Page, Table, Tone
from asr_netmap.report.plan_pages import findings_blocks, scope_title

_MARKS = {
    Verdict.DECIDES: "=>",
    Verdict.PASSES: "no",
    Verdict.NOT_REACHED: "--",
    Verdict.COMES_TO: "=>",
    Verdict.NOT_ASKED: "--",
}


def story_page(story: Story, *, sandbox: bool) -> Page:
    """The story in the order in which it was decided; the rows are its steps."""
    blocks: list[Block] = [Cards(story.item.vm_name, tuple(_head(story)))]
    blocks += [_config(config) for config in story.configs]
    blocks += findings_blocks(story.findings)
    return Page(scope_title(story.plan), tuple(blocks), sandbox, _rows(story))


def story_document(story: Story, *, sandbox: bool) -> dict[str, Any]:
    """``nics explain``: the same as JSON."""
    item = story.item
    return {
        "schema": "asr-netmap/nic-story/1",
        "sandbox": sandbox,
        "scopes": [scope_document(story.plan.scope)],
        "vm": item.vm_name,
        "vm_id": str(item.vm or ""),
        "item": str(item.id),
        "direction": {"value": story.direction.value, "reason": story.direction_reason},
        "state": story.state,
        "target_network": {
            "id": story.target_network or None,
            "rule": story.target_rule,
            "reason": story.target_reason,
            "pair": story.networks.pair or None,
            "pair_rules": _steps(story.networks.pair_steps),
            "rules": _steps(story.networks.target_steps),
            "decided_by": decided_by(story.networks.target_steps),
        },
        "test_network": story.test_network or None,
        "test_network_rules": _steps(story.networks.test_steps),
        "test_network_decided_by": decided_by(story.networks.test_steps),
        "ip_configs": [_config_document(config) for config in story.configs],
        "change": change_document(story.change) if story.change else None,
        "pending": list(story.pending),
        "findings": [finding_document(finding) for finding in story.findings],
    }


def _head(story: Story) -> Iterator[Card]:
    yield Card("", f"direction: {story.direction.value}", (story.direction_reason,))
    ready = story.state == "ready"
    yield Card("", f"state: {story.state}", tone=Tone.PLAIN if ready else Tone.WARNING)
    networks = story.networks
    if networks.pair:
        yield Card("", f"network pair: {networks.pair}", tuple(_step_lines(networks.pair_steps)))
    target = story.target_network.rpartition("/")[2] or "none"
    yield Card("", f"target network: {target}", tuple(_step_lines(networks.target_steps)))
    test = story.test_network.rpartition("/")[2] or "none"
    yield Card("", f"test network: {test}", tuple(_step_lines(networks.test_steps)))
    for reason in story.pending:
        yield Card("pending", "nothing is written for it now", (reason,), Tone.FAINT)


def _config(config: ConfigStory) -> Cards:
    notes = [] if config.selected else ["not selected: it will not exist after a failover"]
    kind = "primary" if config.primary else "secondary"
    title = f"{config.nic} {config.ip_config} ({'; '.join([kind, *notes])}), at {config.source}"
    return Cards(title, tuple(_side(side) for side in config.sides))


def _side(side: SideStory) -> Card:
    heading = "test failover" if side.test else "failover"
    return Card("", heading, tuple(_side_lines(side)), Tone.CHANGE)


def _side_lines(side: SideStory) -> Iterator[str]:
    if side.nothing:
        yield side.nothing
    for what, steps in (("subnet", side.subnet_steps), ("address", side.address_steps)):
        yield from (f"{what} {line}" for line in _step_lines(steps))
    now = f"{side.subnet or '(no subnet)'} {side.address or '(no address)'}"
    planned = f"{side.planned_subnet or '(no subnet)'} {side.planned_address or '(no address)'}"
    yield f"set now: {now}"
    if planned != now:
        yield f"set by the plan: {planned}"
    ruled = f"{side.ruled_subnet or '(no subnet)'} {side.ruled_address or '(no address)'}"
    if ruled != planned:
        yield f"set later, once it can be written: {ruled}"
    yield f"as things are: {_effective(side.now)}"
    if side.then != side.now:
        yield f"after the plan: {_effective(side.then)}"


def _step_lines(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        why = f": {step.why}" if step.why else ""
        yield f"{_MARKS[step.verdict]} {step.rule}{why}"


def _effective(found: Any) -> str:
    where = " ".join(text for text in (found.subnet, address_text(found)) if text)
    rule = f" [{found.rule}]" if found.rule and found.predicted else ""
    said = f"{where}: {found.text}" if where else found.text
    return f"{said}{rule}"


def _config_document(config: ConfigStory) -> dict[str, Any]:
    names = {False: "failover", True: "test_failover"}
    return {
        "nic": config.nic,
        "ip_config": config.ip_config,
        "primary": config.primary,
        "selected": config.selected,
        "source": config.source,
        **{names[side.test]: _side_document(side) for side in config.sides},
    }


def _side_document(side: SideStory) -> dict[str, Any]:
    return {
        "nothing": side.nothing,
        "subnet_rules": _steps(side.subnet_steps),
        "subnet_decided_by": decided_by(side.subnet_steps),
        "address_rules": _steps(side.address_steps),
        "address_decided_by": decided_by(side.address_steps),
        "set": {"subnet": side.subnet, "address": side.address},
        "ruled": {"subnet": side.ruled_subnet, "address": side.ruled_address},
        "planned": {"subnet": side.planned_subnet, "address": side.planned_address},
        "effective": _effective_document(side.now),
        "effective_after_plan": _effective_document(side.then),
    }


def _steps(steps: Iterable[Step]) -> list[dict[str, str]]:
    return [{"rule": s.rule, "verdict": s.verdict.value, "why": s.why} for s in steps]


def _effective_document(found: Any) -> dict[str, Any]:
    return {**future_document(found), "static": found.static}


def _rows(story: Story) -> Table:
    columns = ("vm", "nic", "ip_config", "side", "what", "rule", "verdict", "why")
    networks = story.networks
    rows = [
        *_rows_of(story, ("", "", "failover", "network pair"), networks.pair_steps),
        *_rows_of(story, ("", "", "failover", "network"), networks.target_steps),
        *_rows_of(story, ("", "", "test failover", "network"), networks.test_steps),
    ]
    for config in story.configs:
        for side in config.sides:
            place = (config.nic, config.ip_config, "test failover" if side.test else "failover")
            rows += _rows_of(story, (*place, "subnet"), side.subnet_steps)
            rows += _rows_of(story, (*place, "address"), side.address_steps)
    return Table("", columns, tuple(rows))


def _rows_of(
    story: Story, place: tuple[str, ...], steps: Iterable[Step]
) -> Iterator[tuple[str, ...]]:
    for step in steps:
        yield (story.item.vm_name, *place, step.rule, step.verdict.value, step.why)
