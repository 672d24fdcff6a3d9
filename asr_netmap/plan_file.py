"""Plans in a file: what `--out` saves for review and `apply PLAN` carries out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from asr_netmap import __version__
from asr_netmap.errors import (
    AlteredPlan,
    AsrNetmapError,
    ExpiredPlan,
    FileError,
    PlanFileError,
)
from asr_netmap.files import decoded, read_bytes, write_atomically
from asr_netmap.json_pieces import indented_pieces, rows_of
from asr_netmap.planning.document import PLAN_SCHEMA, digest_of, plan_document, plan_from_document
from asr_netmap.planning.plan import Plan

TIME_TO_LIVE = timedelta(days=7)
_MAX_BYTES = 512 * 1024 * 1024
_WHAT = "plan file"
_ANY_VERSION = re.compile(r"asr-netmap/plan/\d+")
_AGAIN = "Make the plan again with `asr-netmap plan --out`."


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """The plans of a file, one for each vault and pair of regions.

    sha256 -- of the file's bytes: what a reviewer passes on to `apply --expect-sha256`.
    """

    plans: tuple[Plan, ...]
    created: datetime
    expires: datetime
    sha256: str

    def check_age(self, now: datetime) -> None:
        """Raise ExpiredPlan if its time is over, or hasn't come."""
        if now >= self.expires:
            raise ExpiredPlan(f"The plan expired at {self.expires:%Y-%m-%d %H:%M} UTC.", _AGAIN)
        if now + timedelta(hours=1) < self.created:
            raise ExpiredPlan(f"The plan is from the future ({self.created.isoformat()}).", _AGAIN)


def save_plan(
    plans: Sequence[Plan], path: Path, *, now: datetime, ttl: timedelta = TIME_TO_LIVE
) -> str:
    """Write plans to a private file and return the SHA-256 of its bytes, in hex.

    The digest inside the file stops accidents. Against forgery only the returned one helps, kept
    where the file's writer can't reach it. Raises FileError, also for a file that is there and is
    no plan: a plan is made again, a configuration or an estate is not.
    """
    _refuse_another_file(path)
    body: dict[str, Any] = {
        "schema": PLAN_SCHEMA,
        "tool_version": __version__,
        "created": now.isoformat(timespec="seconds"),
        "expires": (now + ttl).isoformat(timespec="seconds"),
        "plans": [plan_document(plan, listed=rows_of) for plan in plans],
    }
    body["digest"] = digest_of(body)
    sha256 = hashlib.sha256()

    def text() -> Iterator[str]:
        for piece in chain(indented_pieces(body, 1), ("\n",)):
            # ASCII, and no "##": shown in a CI system's log, no name in it does anything.
            harmless = piece.replace("##", "\\u0023#")
            sha256.update(harmless.encode())
            yield harmless

    write_atomically(path, text())
    return sha256.hexdigest()


def _refuse_another_file(path: Path) -> None:
    if path.is_symlink():
        return  # the link is replaced, and what it leads to stays
    try:
        with path.open("rb") as file:
            start = file.read(200)
    except OSError:
        return  # not there, or not readable: writing it says what is wrong
    if start and not re.search(rb'"schema": "%b"' % _ANY_VERSION.pattern.encode(), start):
        raise FileError(
            f"{path} exists and is no plan file, so it is not overwritten.",
            "Give another name for the plan.",
        )


def load_plan(path: Path, *, expect_sha256: str | None = None) -> SavedPlan:
    """The plans of a file.

    expect_sha256 -- the digest that was approved.
    Raises FileError or PlanFileError for what is no plan, AlteredPlan for one that was changed.
    """
    data = read_bytes(path, _WHAT, _MAX_BYTES)  # once: what is digested is what is carried out
    sha256 = hashlib.sha256(data).hexdigest()
    if expect_sha256 is not None and sha256 != expect_sha256.strip().lower():
        raise AlteredPlan(
            f"The plan file {path} is not the one that was approved: its SHA-256 is {sha256}.",
            "Get the approved file, or have this one reviewed.",
        )
    body = _parsed(path, decoded(data, path, _WHAT))
    if body.get("digest") != _digest_of_rest(path, body):
        raise AlteredPlan(f"The plan file {path} was changed after it was saved.", _AGAIN)
    try:
        plans = tuple(plan_from_document(each) for each in body["plans"])
        created = datetime.fromisoformat(body["created"])
        expires = datetime.fromisoformat(body["expires"])
        saved = SavedPlan(plans, created, expires, sha256)
    except (AsrNetmapError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlanFileError(
            f"{path} is no plan file that can be read: {error!r}.", _AGAIN
        ) from None
    if created.tzinfo is None or expires.tzinfo is None:
        raise PlanFileError(f"{path}: its times have no time zone.", _AGAIN)
    if not plans:
        raise PlanFileError(f"{path} is a plan file without a plan.", _AGAIN)
    return saved


def _parsed(path: Path, text: str) -> Mapping[str, Any]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanFileError(f"{path} is no plan file: it is not JSON ({error}).", _AGAIN) from None
    schema = body.get("schema") if isinstance(body, dict) else None
    if schema != PLAN_SCHEMA and isinstance(schema, str) and _ANY_VERSION.fullmatch(schema):
        raise PlanFileError(
            f"{path} was saved by another version of asr-netmap: its schema is {schema!r}, and "
            f"this one reads {PLAN_SCHEMA!r}.",
            _AGAIN,
        )
    if schema != PLAN_SCHEMA:
        raise PlanFileError(
            f"{path} is no plan file: its schema is {schema!r}, not {PLAN_SCHEMA!r}.", _AGAIN
        )
    found: Mapping[str, Any] = body
    return found


def _digest_of_rest(path: Path, body: Mapping[str, Any]) -> str:
    """The digest of everything but the digest; some JSON that can be read can't be written."""
    try:
        return digest_of({key: value for key, value in body.items() if key != "digest"})
    except (ValueError, RecursionError) as error:
        raise PlanFileError(f"{path} is no plan file: {error}.", _AGAIN) from None
