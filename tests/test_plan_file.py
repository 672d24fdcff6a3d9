"""Plan files: what is saved is what is applied, or nothing is."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from asr_netmap.errors import AlteredPlan, AsrNetmapError, ExpiredPlan, FileError, PlanFileError
from asr_netmap.plan_file import TIME_TO_LIVE, load_plan, save_plan
from asr_netmap.planning.basis import Basis, FromJournal, FromRules, FromTable
from asr_netmap.planning.document import PLAN_SCHEMA, digest_of, fingerprint
from tests.builders import inventory, ip_config, item, plan_of

NOW = datetime(2026, 3, 2, 6, 30, 15, 123456, tzinfo=timezone.utc)
MADE = plan_of(inventory(item("app1", ip_config())))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A saved plan."""
    file = tmp_path / "plan.json"
    save_plan([MADE], file, now=NOW)
    return file


def rewritten(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The file after somebody changed it and made the digest right again."""
    body = json.loads(path.read_text(encoding="utf-8"))
    change(body)
    rest = {key: value for key, value in body.items() if key != "digest"}
    body["digest"] = digest_of(rest)
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


def test_a_plan_is_loaded_as_it_was_saved(path: Path) -> None:
    saved = load_plan(path)
    assert saved.plans == (MADE,)
    assert saved.created == NOW.replace(microsecond=0)
    assert saved.expires - saved.created == TIME_TO_LIVE


def test_several_plans_share_a_file(tmp_path: Path) -> None:
    both = [MADE, replace(MADE, changes=())]
    save_plan(both, tmp_path / "plan.json", now=NOW)
    assert load_plan(tmp_path / "plan.json").plans == tuple(both)


BASES: list[Basis] = [
    FromRules(),
    FromRules(retarget_items=True),
    FromTable(),
    FromJournal(MADE.changes),
]


@pytest.mark.parametrize("basis", BASES, ids=lambda basis: type(basis).__name__)
def test_a_file_holds_what_its_plan_was_made_from(tmp_path: Path, basis: Basis) -> None:
    made = replace(MADE, basis=basis)
    save_plan([made], tmp_path / "plan.json", now=NOW)
    assert load_plan(tmp_path / "plan.json").plans == (made,)


def test_the_fingerprint_tells_plans_of_another_origin_apart() -> None:
    assert len({fingerprint(replace(MADE, basis=basis)) for basis in BASES}) == len(BASES)


@pytest.mark.parametrize("version", [1, 3])
def test_a_plan_of_another_version_is_refused_as_one_and_may_be_replaced(
    path: Path, version: int
) -> None:
    """An older one does not say what it was made from; a newer one may say what we don't know."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(PLAN_SCHEMA, f"asr-netmap/plan/{version}"), encoding="utf-8")
    with pytest.raises(PlanFileError, match="saved by another version of asr-netmap") as caught:
        load_plan(path)
    assert "Make the plan again" in caught.value.hint
    save_plan([MADE], path, now=NOW)
    assert load_plan(path).plans == (MADE,)


def test_the_digest_that_is_returned_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    digest = save_plan([MADE], path, now=NOW)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest() == load_plan(path).sha256
    assert load_plan(path, expect_sha256=f" {digest.upper()}\n").plans == (MADE,)


def test_another_digest_than_the_approved_one_is_refused_whatever_the_file_says(path: Path) -> None:
    approved = load_plan(path).sha256
    rewritten(path, lambda body: body["plans"][0].update(pending=[]))
    load_plan(path)
    with pytest.raises(AlteredPlan, match="not the one that was approved"):
        load_plan(path, expect_sha256=approved)


def test_a_byte_order_mark_changes_the_approved_digest(path: Path) -> None:
    approved = load_plan(path).sha256
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_plan(path).sha256 != approved
    with pytest.raises(AlteredPlan):
        load_plan(path, expect_sha256=approved)


def test_the_same_plan_at_the_same_time_gives_the_same_bytes(tmp_path: Path) -> None:
    files = [tmp_path / "one.json", tmp_path / "two.json"]
    assert len({save_plan([MADE], file, now=NOW) for file in files}) == 1


def test_every_byte_that_changes_is_refused_or_changes_nothing(path: Path) -> None:
    """A blank more or less is no other plan; everything else is refused, and says so."""
    original, saved = path.read_bytes(), load_plan(path)
    refused = 0
    with path.open("r+b", buffering=0) as file:  # one byte in place: a new file each takes longer
        for at, byte in enumerate(original):
            file.seek(at)
            file.write(bytes([byte ^ 1]))
            try:
                again = load_plan(path)
            except (AlteredPlan, FileError):
                refused += 1
            else:
                assert replace(again, sha256=saved.sha256) == saved
            file.seek(at)
            file.write(bytes([byte]))
    assert path.read_bytes() == original
    assert refused > len(original) * 0.5


@pytest.mark.parametrize("keep", [0, 1, 10, 0.5, 0.999])
def test_a_file_that_is_cut_off_is_refused(path: Path, keep: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(keep if keep >= 1 else len(data) * keep)])
    with pytest.raises(PlanFileError):
        load_plan(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "5",
        '"plan"',
        "{}",
        "not json",
        "version: 1",
        '{"schema": "asr-netmap/estate/1", "resources": []}',
        '{"schema": ["asr-netmap/plan/2"]}',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"schema": "asr-netmap/plan/2", "n": ' + "9" * 5000 + "}",
    ],
    ids=lambda text: str(text)[:20],
)
def test_what_is_no_plan_file_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PlanFileError, match=r"plan\.json") as caught:
        load_plan(path)
    assert "plan --out" in caught.value.hint


@pytest.mark.parametrize("extra", ['"\\ud800"', "[" * 900 + "]" * 900, "NaN", "1e999"])
def test_json_that_can_be_read_but_hardly_written_is_refused(tmp_path: Path, extra: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(f'{{"schema": "{PLAN_SCHEMA}", "x": {extra}}}', encoding="utf-8")
    with pytest.raises((PlanFileError, AlteredPlan)):
        load_plan(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.pop("plans"),
        lambda body: body.update(plans=[]),
        lambda body: body.update(plans=None),
        lambda body: body.update(plans={"a": 1}),
        lambda body: body.update(plans=[[]]),
        lambda body: body.pop("created"),
        lambda body: body.update(created=5),
        lambda body: body.update(created="yesterday"),
        lambda body: body.update(expires="2026-03-09T06:30:15"),
        lambda body: body["plans"][0].update(existing_settings=float("inf")),
        lambda body: body["plans"][0].update(settings=[]),
        lambda body: body["plans"][0]["changes"][0].update(before=None),
        lambda body: body["plans"][0]["changes"][0]["after"]["settings"].pop(),
        lambda body: body["plans"][0]["scope"].update(vault="vault-dr"),
        lambda body: body["plans"][0].pop("basis"),
        lambda body: body["plans"][0].update(basis="rules"),
        lambda body: body["plans"][0].update(basis={"from": "nowhere"}),
        lambda body: body["plans"][0].update(basis={"from": "rules"}),
        lambda body: body["plans"][0].update(basis={"from": "rules", "retarget_items": "no"}),
        lambda body: body["plans"][0].update(basis={"from": "journal"}),
        lambda body: body["plans"][0].update(basis={"from": "journal", "written": [{}]}),
    ],
)
def test_a_file_with_a_right_digest_and_wrong_content_is_refused(
    path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    with pytest.raises(PlanFileError):
        load_plan(rewritten(path, change))


def test_a_plan_may_be_applied_until_it_expires_and_not_a_second_longer(path: Path) -> None:
    saved = load_plan(path)
    saved.check_age(saved.created)
    saved.check_age(saved.expires - timedelta(seconds=1))
    with pytest.raises(ExpiredPlan, match="expired at 2026-03-09 06:30 UTC"):
        saved.check_age(saved.expires)


def test_a_plan_from_the_future_is_refused_but_for_clocks_that_differ_a_little(path: Path) -> None:
    saved = load_plan(path)
    saved.check_age(saved.created - timedelta(minutes=59))
    with pytest.raises(ExpiredPlan, match="future"):
        saved.check_age(saved.created - timedelta(minutes=61))
    earliest = replace(saved, created=datetime.min.replace(tzinfo=timezone.utc))
    earliest.check_age(NOW)


def test_the_time_to_live_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    save_plan([MADE], path, now=NOW, ttl=timedelta(hours=1))
    with pytest.raises(ExpiredPlan):
        load_plan(path).check_age(NOW + timedelta(hours=1))


def test_a_plan_file_is_private_and_replaces_a_link_instead_of_following_it(tmp_path: Path) -> None:
    precious, link = tmp_path / "precious", tmp_path / "plan.json"
    precious.write_text("keep", encoding="utf-8")
    link.symlink_to(precious)
    save_plan([MADE], link, now=NOW)
    assert precious.read_text(encoding="utf-8") == "keep"
    assert stat.S_IMODE(link.lstat().st_mode) == 0o600
    assert load_plan(link).plans == (MADE,)


def test_a_file_that_is_not_there_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"plan file .*gone\.json") as caught:
        load_plan(tmp_path / "gone.json")
    assert isinstance(caught.value, AsrNetmapError)


def test_a_file_that_is_no_plan_is_never_overwritten_by_one(tmp_path: Path) -> None:
    path = tmp_path / "netmap.yaml"
    path.write_text("version: 1\n", encoding="utf-8")
    with pytest.raises(FileError, match="is no plan file, so it is not overwritten"):
        save_plan([MADE], path, now=NOW)
    assert path.read_text(encoding="utf-8") == "version: 1\n"
    again = tmp_path / "plan.json"
    assert save_plan([MADE], again, now=NOW) == save_plan([MADE], again, now=NOW)
