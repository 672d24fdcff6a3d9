"""What a job may do to a machine that this tool has just enabled: nobody set its NICs yet."""

from __future__ import annotations

import pytest

from asr_netmap.planning.planner import plan
from asr_netmap.runbook.unattended import first_time_only, nobodys_values
from tests.builders import scope, settings
from tests.planning.test_items_just_enabled import RULE, enabled, estate, written


@pytest.mark.parametrize("name", ["", "app1"], ids=["by this tool", "by others"])
def test_a_job_sets_what_site_recovery_chose_where_this_tool_enabled_it(name: str) -> None:
    here, declared = estate(enabled(name)), settings(nics={"existing": "enforce"}, **RULE)
    made = plan(here, declared, scope())
    assert "app1-nic1 address" in written(made), "it is in the plan in both cases"
    by_us = not name
    kept = settings(**RULE)
    assert ("app1-nic1 address" in written(first_time_only(made, here))) is by_us
    assert ("app1-nic1 address" in written(nobodys_values(made, kept, here))) is by_us
