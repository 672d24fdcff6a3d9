"""A plan as a comment on a pull request."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from asr_netmap.arm_id import ArmId
from asr_netmap.models import NotLookedAt
from asr_netmap.planning.change import (
    Action,
    Change,
    GroupState,
    Kind,
    MappingState,
    ReplicationState,
)
from asr_netmap.planning.plan import Finding, Pending, Plan, Severity
from asr_netmap.report.plan_markdown import MOST_CHARACTERS, plan_markdown
from tests.report.nasty_names import NASTY_NAMES
from tests.report.test_report_changes import ITEM, SCOPE, SUBSCRIPTION, VAULT, nic_change

GITHUB_LIMIT = 65_536
FOLD = re.compile(r"<details><summary>(.*?)</summary>\n\n(.*?)\n</details>", re.DOTALL)


def network(name: str) -> ArmId:
    return ArmId.of_network(SUBSCRIPTION, "rg", name)


def mapping(source: str, target: str, direction: str, title: str = "") -> Change:
    state = MappingState(network(source), network(target), "f")
    return Change(
        Kind.MAPPING,
        Action.CREATE,
        VAULT.child("replicationNetworkMappings", f"{source}-{target}"),
        title or f"{source} -> {target} ({direction})",
        None,
        state,
        f"{source} has no mapping",
    )


def group(name: str) -> Change:
    state = GroupState("southeastasia")
    subject = ArmId.of_group(SUBSCRIPTION, name)
    return Change(Kind.RESOURCE_GROUP, Action.CREATE, subject, name, None, state, "missing")


def both_ways(count: int) -> tuple[Change, ...]:
    return tuple(
        change
        for number in range(count)
        for change in (
            mapping(f"vnet-{number}", f"vnet-{number}-asr", "forward"),
            mapping(f"vnet-{number}-asr", f"vnet-{number}", "reverse"),
        )
    )


def items(count: int) -> tuple[Change, ...]:
    fabric = VAULT.child("replicationFabrics", "f")
    names = [f"vm{number}" for number in range(count)]
    return tuple(
        replace(nic_change(), subject=fabric.child("replicationProtectedItems", name), title=name)
        for name in names
    )


def folds(text: str) -> dict[str, str]:
    return dict(FOLD.findall(text))


def test_counts_come_before_everything_that_is_folded() -> None:
    text = plan_markdown([Plan(SCOPE, {}, both_ways(2))])
    head = text.partition("<details>")[0]
    assert "**4 changes: 4 to create.**" in head
    assert "| Network mappings | 4 |" in head


def test_both_directions_of_a_pair_are_one_fold_named_by_the_forward_one() -> None:
    reverse_alone = mapping("b-asr", "b", "reverse")
    text = plan_markdown([Plan(SCOPE, {}, (*both_ways(1), reverse_alone, group("rg-new")))])
    assert list(folds(text)) == [
        "Resource groups and the vault: 1 resource group to create",
        "vnet-0 -&gt; vnet-0-asr: 2 mappings to create",
        "b -&gt; b-asr: 1 mapping to create",
    ]


def enabling(vm: str, target: str) -> Change:
    machine = ArmId.of_group(SUBSCRIPTION, "rg").provider_child("Microsoft.Compute", "vms", vm)
    state = ReplicationState(machine, VAULT, VAULT, machine.group_id, network(target), None, ())
    item = VAULT.child("replicationProtectedItems", vm)
    return Change(Kind.REPLICATION, Action.CREATE, item, vm, None, state, "because")


def test_machines_that_are_enabled_stand_under_the_network_that_they_go_into() -> None:
    changes = (*both_ways(1), enabling("new1", "vnet-0-asr"), enabling("new2", "vnet-far"))
    assert list(folds(plan_markdown([Plan(SCOPE, {}, changes)]))) == [
        "vnet-0 -&gt; vnet-0-asr: 2 mappings to create, 1 replication to create",
        "vnet-far: 1 replication to create",
    ]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_change_has_a_word(kind: Kind) -> None:
    change = replace(group("x"), kind=kind)
    assert "to create" in next(iter(folds(plan_markdown([Plan(SCOPE, {}, (change,))]))))


def test_errors_are_not_folded_and_warnings_are() -> None:
    found = (
        Finding("note", Severity.INFO, VAULT, "v", "for your information"),
        Finding("odd", Severity.WARNING, VAULT, "v", "looks odd"),
        Finding("bad", Severity.ERROR, VAULT, "v", "wrong", "do this"),
    )
    text = plan_markdown([Plan(SCOPE, {}, (), (Pending(ITEM, "new1", "not yet"),), found)])
    head = text.partition("<details>")[0]
    assert "wrong" in head
    assert "do this" in head
    assert "looks odd" not in head
    inside = folds(text)
    assert "looks odd" in inside["Findings: 1 warning, 1 for information"]
    assert "not yet" in inside["Pending: the next run looks again (1)"]


def test_what_no_plan_could_be_made_for_is_said_first() -> None:
    gap = NotLookedAt("vault-x", "403", None, "ask for Reader")
    text = plan_markdown([Plan(SCOPE, {})], not_looked_at=(gap,))
    assert text.index("vault-x") < text.index("### vault")


@pytest.mark.parametrize("pairs", [1, 40, 150, 300])
@pytest.mark.parametrize("vaults", [1, 3])
def test_it_fits_a_comment_and_tells_how_much_was_left_out(pairs: int, vaults: int) -> None:
    plan = Plan(SCOPE, {}, both_ways(pairs))
    text = plan_markdown([plan] * vaults)
    assert len(text) <= MOST_CHARACTERS < GITHUB_LIMIT
    left_out = sum(int(n) for n in re.findall(r"(\d+) more changes? left out", text))
    shown = text.count("- **create**")
    if "with all details left out" in text:
        assert shown == 0
    else:
        assert shown + left_out == len(plan.changes) * vaults
    assert ("This is cut to fit a comment" in text) == (shown < len(plan.changes) * vaults)
    assert text.count("<details>") == text.count("</details>")


def test_a_cut_takes_from_the_long_folds_and_not_from_the_short_ones() -> None:
    plan = Plan(SCOPE, {}, (*both_ways(1), *items(600)))
    text = plan_markdown([plan])
    inside = folds(text)
    assert "left out" not in inside["vnet-0 -&gt; vnet-0-asr: 2 mappings to create"]
    assert "left out" in inside["Other items: 600 VMs to update"]
    assert len(text) > MOST_CHARACTERS * 0.9


def test_thousands_of_networks_leave_the_counts() -> None:
    text = plan_markdown([Plan(SCOPE, {}, both_ways(2000))])
    assert len(text) <= MOST_CHARACTERS
    assert "4000 to create" in text
    assert "2000 parts with all details left out" in text
    assert "This is cut to fit a comment" in text


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_a_name_in_a_fold_makes_nothing_but_text(name: str) -> None:
    plan = Plan(SCOPE, {}, (mapping("a", "b", "forward", title=f"{name} (forward)"), group("rg")))
    named = replace(plan.changes[1], title=name, kind=Kind.NETWORK)
    text = plan_markdown([replace(plan, changes=(plan.changes[0], named))])
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    html = "".join(token.content for token in tokens if token.type == "html_block")
    tags = re.findall(r"<[^>]*>", html)
    assert set(tags) <= {"<details>", "<summary>", "</summary>", "</details>", "<!-- -->"}
    assert not re.search(r"https?://|www\.|@\w", text)
    assert not [line for line in text.splitlines() if re.search(r"^\s*::.*::|##(vso)?\[", line)]
    assert text.count("<details>") == html.count("<details>") == html.count("</details>")
