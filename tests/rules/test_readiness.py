"""Whether an item is on its way to its first protected state."""

from __future__ import annotations

import pytest

from asr_netmap.rules.readiness import first_replication_under_way
from tests.builders import item


@pytest.mark.parametrize(
    ("state", "waiting"),
    [
        ("InitialReplicationInProgress", True),
        ("initialreplicationRecoveryCompletionPending", True),
        ("Protected", False),
        ("UnplannedFailoverCommitted", False),
        ("", False),
    ],
)
def test_waiting_helps_while_the_first_replication_is_under_way(state: str, waiting: bool) -> None:
    assert first_replication_under_way(item("app1", protection_state=state)) is waiting
