"""What is kept of a subject's body once its write is accepted."""

from __future__ import annotations

from asr_netmap.planning.gateway import Reading


def test_after_the_write_only_the_fields_are_kept_one_object_for_all_of_a_shape() -> None:
    one = Reading(None, raw={"name": "a", "nics": [{"id": 1}], "tags": {}}).written()
    other = Reading(None, raw={"name": "b", "nics": [{"id": 2}], "tags": {}}).written()
    assert one.raw == {"name": None, "nics": [{"id": None}], "tags": {}}
    assert one.raw is other.raw
    assert Reading(None).written().raw is None
