"""One VM's story: what was considered, what decided, and what will be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asr_netmap.planning.document import change_document, finding_document
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
        },
        "test_network": story.test_network or None,
        "ip_configs": [_config_document(config) for config in story.configs],
        "change": change_document(story.change) if story.change else None,
        "pending": list(story.pending),
        "findings": [finding_document(finding) for finding in story.findings],
    }


def _head(story: Story) -> Iterator[Card]:
    yield Card("", f"direction: {story.direction.value}", (story.direction_reason,))
    ready = story.state == "ready"
    yield Card("", f"state: {story.state}", tone=Tone.PLAIN if ready else Tone.WARNING)
    rule = f" ({story.target_rule})" if story.target_rule else ""
    target = story.target_network.rpartition("/")[2] or "none"
    yield Card("", f"target network: {target}{rule}", (story.target_reason,))
    yield Card("", f"test network: {story.test_network.rpartition('/')[2] or 'none'}")
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
        for step in steps:
            why = f": {step.why}" if step.why else ""
            yield f"{what} {_MARKS[step.verdict]} {step.rule}{why}"
    now = f"{side.subnet or '(no subnet)'} {side.address or '(no address)'}"
    planned = f"{side.planned_subnet or '(no subnet)'} {side.planned_address or '(no address)'}"
    yield f"set now: {now}"
    if planned != now:
        yield f"set by the plan: {planned}"
    yield f"as things are: {_effective(side.now)}"
    if side.then != side.now:
        yield f"after the plan: {_effective(side.then)}"


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
        "subnet_rules": [_step(step) for step in side.subnet_steps],
        "subnet_decided_by": decided_by(side.subnet_steps),
        "address_rules": [_step(step) for step in side.address_steps],
        "address_decided_by": decided_by(side.address_steps),
        "set": {"subnet": side.subnet, "address": side.address},
        "planned": {"subnet": side.planned_subnet, "address": side.planned_address},
        "effective": _effective_document(side.now),
        "effective_after_plan": _effective_document(side.then),
    }


def _step(step: Step) -> dict[str, str]:
    return {"rule": step.rule, "verdict": step.verdict.value, "why": step.why}


def _effective_document(found: Any) -> dict[str, Any]:
    return {
        "subnet": found.subnet,
        "address": str(found.address) if found.address else None,
        "static": found.static,
        "exists": found.exists,
        "predicted": found.predicted,
        "certain": found.certain,
        "trouble": found.trouble,
        "text": found.text,
        "rule": found.rule,
    }


def _rows(story: Story) -> Table:
    columns = ("vm", "nic", "ip_config", "side", "what", "rule", "verdict", "why")
    rows = tuple(
        (
            story.item.vm_name,
            config.nic,
            config.ip_config,
            "test failover" if side.test else "failover",
            what,
            step.rule,
            step.verdict.value,
            step.why,
        )
        for config in story.configs
        for side in config.sides
        for what, steps in (("subnet", side.subnet_steps), ("address", side.address_steps))
        for step in steps
    )
    return Table("", columns, rows)
