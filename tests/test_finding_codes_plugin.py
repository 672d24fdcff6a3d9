"""The watch over finding codes knows when all tests ran, and only then misses a code."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from asr_netmap.planning.finding_codes import FINDING_KINDS
from tests import finding_codes

ROOT = Path(__file__).parent.parent


def config(*arguments: str, **options: Any) -> Any:
    values = {"keyword": "", "markexpr": "", "collectonly": False, "lf": False, **options}
    return SimpleNamespace(
        option=SimpleNamespace(**values),
        rootpath=ROOT,
        invocation_params=SimpleNamespace(args=arguments),
        getini=lambda _name: ["tests"],
    )


@pytest.mark.parametrize(
    "arguments", [(), ("tests",), ("tests/",), ("-q", "-n", "2", "--dist", "worksteal", "tests")]
)
def test_a_run_of_everything_is_known(arguments: tuple[str, ...]) -> None:
    assert finding_codes.asked_for_all(config(*arguments))


@pytest.mark.parametrize(
    "narrowed",
    [
        config("tests/planning"),
        config("tests/test_layout.py"),
        config("tests/test_layout.py::test_x"),
        config("tests", keyword="drill"),
        config(markexpr="slow"),
        config(lf=True),
        config(collectonly=True),
    ],
)
def test_a_part_of_it_is_not_taken_for_everything(narrowed: Any) -> None:
    assert not finding_codes.asked_for_all(narrowed)


def test_what_no_test_met_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding_codes, "found", set(FINDING_KINDS) - {"no-egress"})
    assert finding_codes.never_found() == ["no-egress"]


def test_what_workers_met_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding_codes, "found", set())
    finding_codes.pytest_testnodedown(
        SimpleNamespace(workeroutput={"finding_codes": ["no-egress"]})
    )
    finding_codes.pytest_testnodedown(SimpleNamespace())
    assert finding_codes.found == {"no-egress"}
