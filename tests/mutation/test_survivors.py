"""The figures of a run of mutants: read, counted, and listed with reasons."""

from __future__ import annotations

import json
from pathlib import Path

from tests.mutation.forked import Seen
from tests.mutation.mutate import settings
from tests.mutation.survivors import (
    NO_REASON,
    Mutant,
    percent_noticed,
    read_results,
    survivors,
    table,
    unexplained,
)

PRINTED = """
    asr_netmap.rules.subnets.x_unusable__mutmut_1: killed
    asr_netmap.rules.subnets.xǁSubnetSearchǁ_first__mutmut_12: survived
    asr_netmap.rules.lookup.x__ids__mutmut_2: timeout
    asr_netmap.rules.lookup.x__ids__mutmut_3: no tests
To apply a mutant on disk: something else
"""
MUTANTS = read_results(PRINTED)


def test_the_lines_of_mutmut_become_mutants_and_others_are_passed_over() -> None:
    assert [(m.module, m.function, m.status) for m in MUTANTS] == [
        ("asr_netmap.rules.subnets", "asr_netmap.rules.subnets.unusable", "killed"),
        ("asr_netmap.rules.subnets", "asr_netmap.rules.subnets.SubnetSearch._first", "survived"),
        ("asr_netmap.rules.lookup", "asr_netmap.rules.lookup._ids", "timeout"),
        ("asr_netmap.rules.lookup", "asr_netmap.rules.lookup._ids", "no tests"),
    ]


def test_only_what_a_test_failed_or_hung_on_counts_as_noticed() -> None:
    assert [m.noticed for m in MUTANTS] == [True, False, True, False]
    assert percent_noticed(MUTANTS) == 50.0
    assert percent_noticed(()) == 0.0


def test_the_table_has_a_line_for_each_module_and_one_for_all() -> None:
    lines = [line.split() for line in table(MUTANTS).splitlines()]
    assert lines[1:] == [
        ["asr_netmap.rules.lookup", "2", "1", "50.0"],
        ["asr_netmap.rules.subnets", "2", "1", "50.0"],
        ["all", "4", "2", "50.0"],
    ]


def test_survivors_are_counted_by_function_with_the_first_reason_that_fits() -> None:
    reasons = {"*.SubnetSearch.*": "only how it is told", "*.subnets.*": "another"}
    assert survivors(MUTANTS, reasons).splitlines() == [
        f"   1  asr_netmap.rules.lookup._ids: {NO_REASON}",
        "   1  asr_netmap.rules.subnets.SubnetSearch._first: only how it is told",
    ]
    assert unexplained(MUTANTS, reasons) == 1


def test_a_mutant_that_mutmut_names_oddly_is_still_one() -> None:
    assert Mutant("x__mutmut_1", "killed").noticed


def test_mutmut_is_told_what_to_change_and_which_tests_to_run() -> None:
    lines = settings().splitlines()
    assert lines[0] == "[mutmut]"
    assert "    asr_netmap/rules/*.py" in lines
    assert "    tests/rules" in lines


def test_of_the_tests_that_see_a_mutant_the_likeliest_to_notice_it_and_then_the_quickest_is_first(
    tmp_path: Path,
) -> None:
    function = "asr_netmap.rules.lookup.x__ids"
    found = {
        "tests_by_mangled_function_name": {function: ["t::endless", "t::slow", "t::quick"]},
        "duration_by_test": {"t::endless": 60.0, "t::slow": 0.5, "t::quick": 0.01},
    }
    file = tmp_path / "mutmut-stats.json"
    file.write_text(json.dumps(found), encoding="utf-8")
    seen = Seen.read(file)
    assert seen.by(f"{function}__mutmut_2", {}) == ["t::quick", "t::slow"]
    assert seen.by(f"{function}__mutmut_2", {"t::slow": 1}) == ["t::slow", "t::quick"]
    assert seen.by("asr_netmap.rules.lookup.x_other__mutmut_1", {}) == []
