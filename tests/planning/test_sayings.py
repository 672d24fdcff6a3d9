"""What planning says to people stays as it was read and approved, word for word."""

from __future__ import annotations

import os
from pathlib import Path

from tests.planning.sayings import SITUATIONS, text

APPROVED = Path(__file__).with_name("sayings.txt")


def test_what_is_said_in_each_situation_is_what_was_approved() -> None:
    said = text()
    if os.environ.get("RENEW_SNAPSHOTS"):
        APPROVED.write_text(said, encoding="utf-8")
    assert said == APPROVED.read_text(encoding="utf-8")


def test_every_situation_says_something() -> None:
    for name, tell in SITUATIONS.items():
        assert list(tell()), name
