"""What the contract tests share: the recordings, read once, and where their figures are quoted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from .recordings import Recording, recordings_in

PAGE = Path(__file__).resolve().parent.parent.parent / "cassettes" / "README.md"
# The recordings whose figures the page quotes; somebody may have more.
QUOTED = {"A2A.yaml", "vault.yaml", "powershell_nic_config.json"}


@pytest.fixture(scope="session")
def recorded(recordings: Path) -> tuple[Recording, ...]:
    """All recordings of the folder that the environment names."""
    found = recordings_in(recordings)
    assert found, f"there is no recording in {recordings}"
    return found


Figure = Callable[..., None]


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Shows a line at the end of the run, and fails if the page quotes another one."""

    def shown(line: str, of: Sequence[Recording] | None = None) -> None:
        record_property("figure", line)
        if of is None or {recording.name for recording in of} == QUOTED:
            assert f"- {line}\n" in PAGE.read_text(encoding="utf-8"), f"{PAGE.name} quotes another"

    return shown
