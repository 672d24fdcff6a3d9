"""A plan file that was altered is refused, or does nothing that the plan as reviewed would not.

With the configuration beside it: what it says of its own settings is then no longer believed.
Without, a digest stops accidents, and against a forger `--expect-sha256` helps.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from asr_netmap import api
from asr_netmap.clock import VirtualClock
from asr_netmap.errors import AlteredPlan, AsrNetmapError, PlanFileError
from asr_netmap.gateway.connection import Connection, connect_sandbox
from asr_netmap.sandbox import MemorySandbox, Options, Request, Response
from asr_netmap.settings import NetworkSettings, Settings
from tests.demo_parts import part
from tests.safety.forgeries import Forgery, forgeries

VAULT = "11111111-2222-3333-4444-555555555555/rg-vault/vault-dr"
# What a plan is bound to: of its scope every word, of its changes these.
BOUND_OF_CHANGES = {"before", "subject", "id", "kind", "action"}
# What a plan says it was made from: believed unless the configuration lies beside it.
ITS_WORD = {"settings", "basis"}


@dataclass(frozen=True)
class Sent:
    """One accepted write."""

    method: str
    path: str
    body: str


class Place:
    """A fresh copy of the same small estate for every attempt, and what was written to it."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.writes: set[Sent] = set()
        self._sandbox = MemorySandbox(
            part("sql1", networks=("vnet-data", "vnet-data-dr", "vnet-web-asr", "vnet-web")),
            Options(),
        )

    def connect(self) -> Connection:
        return connect_sandbox(self._handle, clock=self.clock, workers=1)

    def _handle(self, request: Request, now: object, rng: Random) -> Response:
        answer = self._sandbox.handle(request, self.clock.now(), rng)
        if request.method not in {"GET", "POST"} and answer.status < 400:
            path = request.url.partition("?")[0].lower()
            self.writes.add(Sent(request.method, path, request.body.decode()))
        return answer


def settings() -> Settings:
    return api.settings_for_vault(VAULT, "eastasia", "southeastasia")


def saved_plan(path: Path) -> dict[str, object]:
    place = Place()
    with place.connect() as azure:
        made = api.plan(azure, settings())
        api.save_plan([made], path, now=azure.clock.now())
    assert len(made.changes) == 2
    document: dict[str, object] = json.loads(path.read_text())
    return document


def written_by(path: Path, declared: list[Settings] | None) -> tuple[set[Sent], bool]:
    """What applying a plan file writes, and whether it was refused."""
    place = Place()
    with place.connect() as azure:
        try:
            api.apply_saved(azure, api.load_plan(path), declared=declared)
        except AsrNetmapError:
            return place.writes, True
    return place.writes, False


def faults(
    path: Path, honest: set[Sent], forgery: Forgery, declared: list[Settings] | None
) -> list[str]:
    """What an altered file achieved that it must not."""
    path.write_text(forgery.text)
    writes, refused = written_by(path, declared)
    if refused and writes:
        return [f"{forgery.name}: refused after {len(writes)} writes"]
    if writes and is_bound(forgery.where):
        return [f"{forgery.name}: carried out all the same"]
    return [f"{forgery.name}: wrote {sent}" for sent in writes - honest]


def is_bound(where: tuple[str | int, ...]) -> bool:
    """Whether a place of a plan file is one that must be as Azure, or its plan, has it."""
    part, word = where[2:3], where[4:5]
    return part == ("scope",) or (part == ("changes",) and bool(BOUND_OF_CHANGES & set(word)))


def test_what_an_altered_file_writes_the_reviewed_one_writes_too(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    found = list(forgeries(saved_plan(path)))
    honest, refused = written_by(path, [settings()])
    assert len(honest) == 2
    assert not refused
    assert len(found) > 200
    assert len([forgery for forgery in found if is_bound(forgery.where)]) > 50
    wrong = [each for f in found for each in faults(path, honest, f, [settings()])]
    assert wrong == []


def test_without_the_configuration_only_what_a_plan_was_made_from_is_believed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "plan.json"
    found = list(forgeries(saved_plan(path)))
    honest, _ = written_by(path, None)
    believed = [f for f in found if ITS_WORD & set(f.where)]
    # With the configuration all of them were tried; a third shows that it makes no difference.
    others = [f for f in found if not ITS_WORD & set(f.where)][::3]
    assert [each for f in others for each in faults(path, honest, f, None)] == []
    # The comparison sees a forgery that works.
    assert believed
    assert faults(path, honest, _elsewhere(path), None)


def _elsewhere(path: Path) -> Forgery:
    """A plan whose settings name another target, with the changes that these make."""
    place = Place()
    with place.connect() as azure:
        other = settings().model_copy(
            update={"networks": (NetworkSettings(source="vnet-data", target="vnet-web-asr"),)}
        )
        other = other.model_copy(
            update={"safety": other.safety.model_copy(update={"allow_retarget": True})}
        )
        made = api.plan(azure, other)
        api.save_plan([made], path, now=azure.clock.now())
    return Forgery(("settings",), "another target", json.loads(path.read_text()))


def test_any_altered_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    saved_plan(path)
    data = path.read_bytes()
    positions = Random(7).sample(range(len(data)), 400)
    for at in positions:
        other = (data[at] + 1) % 256
        path.write_bytes(data[:at] + bytes([other]) + data[at + 1 :])
        if json_equal(data, path.read_bytes()):
            continue  # another blank between two values
        with pytest.raises((AlteredPlan, PlanFileError)):
            api.load_plan(path)


def json_equal(one: bytes, other: bytes) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


def test_the_approved_digest_stops_even_a_blank(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    place = Place()
    with place.connect() as azure:
        made = api.plan(azure, settings())
        digest = api.save_plan([made], path, now=azure.clock.now())
    assert api.load_plan(path, expect_sha256=digest).plans == (made,)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(AlteredPlan, match="not the one that was approved"):
        api.load_plan(path, expect_sha256=digest)
