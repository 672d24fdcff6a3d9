"""The registry of finding codes: complete, stable in form, and each with a basis."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import asr_netmap
from asr_netmap.arm_id import ArmId
from asr_netmap.planning import plan as plan_module
from asr_netmap.planning.finding_codes import FINDING_KINDS, FindingKind, kind_of
from asr_netmap.planning.item_findings import item_finding
from asr_netmap.planning.plan import Severity
from tests.builders import item

PACKAGE = Path(asr_netmap.__file__).parent
each_kind = pytest.mark.parametrize("kind", FINDING_KINDS.values(), ids=list(FINDING_KINDS))


@each_kind
def test_a_code_says_what_it_means_what_to_do_and_what_it_rests_on(kind: FindingKind) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", kind.code)
    assert kind.severities
    for text in (kind.meaning, kind.fix):
        assert re.fullmatch(r"[A-Z`].*\.", text), text
        assert "|" not in text, "it would break the table"
    assert kind.basis.name
    assert not kind.basis.url or kind.basis.url.startswith("https://learn.microsoft.com/")


@each_kind
def test_a_code_is_made_by_some_module(kind: FindingKind) -> None:
    """A code that nothing makes any more leaves the registry."""
    sources = (
        path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*.py")
        if "finding_codes" not in path.parts
    )
    assert any(f'"{kind.code}"' in source for source in sources)


def test_what_hinders_can_be_more_than_information() -> None:
    hindering = [kind for kind in FINDING_KINDS.values() if kind.hinders]
    assert len(hindering) > 20
    for kind in hindering:
        assert kind.severities != (Severity.INFO,), kind.code


def test_a_code_of_another_version_is_not_known() -> None:
    assert kind_of("no-such-code") is None
    assert kind_of("no-egress") is FINDING_KINDS["no-egress"]


def test_the_program_can_make_no_finding_of_an_unknown_code() -> None:
    """What the watch over all tests rests on: it sees who makes a finding."""
    with pytest.raises(AssertionError, match="unknown code 'invented'"):
        item_finding(item("app1"), "invented", Severity.ERROR, "text")
    with pytest.raises(AssertionError, match="does not come as info"):
        item_finding(item("app1"), "no-egress", Severity.INFO, "text")
    made = plan_module.Finding("mine", Severity.ERROR, ArmId("/subscriptions/1"), "t", "m")
    assert made.code == "mine", "tests may make what they like"
