"""What the contract tests share: the recordings, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from .recordings import Recording, recordings_in


@pytest.fixture(scope="session")
def recorded(recordings: Path) -> tuple[Recording, ...]:
    """All recordings of the folder that the environment names."""
    found = recordings_in(recordings)
    assert found, f"there is no recording in {recordings}"
    return found
