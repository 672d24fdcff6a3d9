"""The program in a folder of its own, believing that it talks to Azure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import folder, run
from tests.safety.program import Watched, watched

__all__ = ["azure", "folder", "run"]


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Watched:
    """A sandbox with the demo estate in Azure's place."""
    place = watched()
    place.install(monkeypatch)
    return place
