"""Promise: whatever stands in a file, an option or an answer, it is read or refused with our error.

What settings files do with odd text is tested beside them (tests/settings); here are the settings
through the door that commands use, and every other parser.
"""

from __future__ import annotations

import csv
import io
import json
import math
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import cache, partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from asr_netmap import api
from asr_netmap.applying.journal import read_journal
from asr_netmap.arm_id import ArmId
from asr_netmap.cli.declared import vault_parts
from asr_netmap.cli.options import Vault
from asr_netmap.cli.writing import seconds
from asr_netmap.clock import VirtualClock
from asr_netmap.errors import AsrNetmapError
from asr_netmap.gateway.error_body import error_body
from asr_netmap.gateway.pacing import LONGEST_SERVER_WAIT, retry_after
from asr_netmap.plan_file import load_plan, save_plan
from asr_netmap.planning.document import plan_document, plan_from_document
from asr_netmap.planning.nic_table import COLUMNS, read_table, to_csv, to_json
from asr_netmap.planning.selection import Selection
from asr_netmap.runbook.argument import MODES, understood
from asr_netmap.runbook.windows import parse_windows, window_text
from asr_netmap.sandbox.estate import Estate, EstateError
from asr_netmap.settings import Settings, load_settings, parse_settings
from asr_netmap.settings.writing import dump_yaml
from tests.cli.conftest import NETMAP, Run
from tests.report.nasty_names import NASTY_NAMES
from tests.safety.program import BY_FILE, Watched

Found = TypeVar("Found")

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
VAULT_ID = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-vault/providers"
    "/Microsoft.RecoveryServices/vaults/vault-dr"
)
in_a_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

ANY_TEXT = st.one_of(st.text(), st.sampled_from(NASTY_NAMES), st.text("0123456789./:-, \n"))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=15,
)


def taken_or_refused(parse: Callable[[], Found], *ours: type[Exception]) -> Found | None:
    """What the parser makes of it; None if it says no in our own words."""
    try:
        return parse()
    except Exception as error:
        if not isinstance(error, (AsrNetmapError, *ours)):
            raise
        assert str(error).strip()
        return None


def some_bytes() -> st.SearchStrategy[bytes]:
    return st.one_of(st.binary(), ANY_TEXT.map(lambda t: t.encode("utf-8", "surrogatepass")))


# Options.


@given(ANY_TEXT)
@example("/subscriptions//resourceGroups/")
@example("/subscriptions/a/resourceGroups/..")
def test_an_arm_id(text: str) -> None:
    found = taken_or_refused(lambda: ArmId(text))
    if found is not None:
        assert ArmId(str(found)) == found
        assert str(found) == text
        assert found.subscription
        assert not {"", ".", ".."} & set(found.segments)
        assert found.kind == found.kind.lower()


NAMES = st.text(min_size=1, max_size=40).filter(
    lambda t: taken_or_refused(lambda: ArmId.of_group("s", t)) is not None
)


@given(NAMES, NAMES, NAMES)
def test_an_id_made_of_names_holds_them(subscription: str, group: str, name: str) -> None:
    made = ArmId.of_network(subscription, group, name)
    assert (made.subscription, made.group, made.name) == (subscription, group, name)
    assert ArmId(str(made)) == made
    assert ArmId(str(made).upper().replace("/SUBSCRIPTIONS", "/subscriptions")) == made or not (
        str(made).isascii()
    )


@given(st.lists(ANY_TEXT, max_size=4))
@example(["vm="])
@example(["=x", "tag=a=b=c", "vm=a,,b"])
def test_only(texts: list[str]) -> None:
    taken_or_refused(lambda: Selection.parse(texts))


@given(ANY_TEXT)
@example("1e309s")
@example("\u0663\u0660m")
@example("9" * 400)
@example("9" * 5000)
def test_deadline(text: str) -> None:
    found = taken_or_refused(lambda: seconds(text))
    if found is not None:
        assert 0 < found < math.inf


@given(st.integers(1, 10**6), st.sampled_from(["", "s", "m", "h"]))
def test_a_deadline_is_what_it_says(number: int, unit: str) -> None:
    assert seconds(f"{number}{unit}") == number * {"": 1, "s": 1, "m": 60, "h": 3600}[unit]


@given(ANY_TEXT, st.one_of(st.none(), ANY_TEXT))
@example(VAULT_ID, None)
@example("/subscriptions/s", None)
def test_a_vault_id(text: str, name: str | None) -> None:
    found = taken_or_refused(lambda: vault_parts(Vault(vault_id=text, vault_name=name)))
    if found is not None:
        subscription, group, vault = found
        assert subscription and group and vault
        assert ArmId.of_vault(subscription, group, vault) == ArmId(text)


@given(ANY_TEXT)
@example("a/b/c")
@example(VAULT_ID)
def test_a_vault_of_the_api(text: str) -> None:
    taken_or_refused(lambda: api.settings_for_vault(text, "eastasia", "southeastasia"))


LOOSE = st.one_of(ANY_TEXT, st.text("{}[]:,;\"'`\\ -=$azAZ09\u201c\u2019"), JSON.map(json.dumps))


@given(st.lists(LOOSE, max_size=3))
@example(["{" * 100_000])
@example(["[ " * 100_000])
@example(['"' * 20_000])
@example(["\\" * 20_000])
@example(["'" + " a" * 20_000])
@example(['{"deadline": 1e999}'])
@example(['{"a": ' + "9" * 5000 + "}"])
@example(["{a: \u0663\u0660}"])
def test_the_parameters_of_a_runbooks_job(texts: list[str]) -> None:
    found = taken_or_refused(lambda: understood(texts, frozenset({"--fail-on-drift"})))
    assert found is None or found.mode in {"", *MODES}


@given(st.one_of(ANY_TEXT, st.text("MonTueSat 0123456789:,-/")), JSON)
def test_the_windows_of_a_job(text: str, value: Any) -> None:
    taken_or_refused(lambda: parse_windows([text]))
    taken_or_refused(lambda: window_text(value))


# Answers.


@given(ANY_TEXT)
@example("Wed, 21 Oct 2015 07:28:00 GMT")
@example("Wed, 21 Oct 99999 07:28:00 GMT")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
@example("nan")
@example("-1")
@example("1e400")
@example("-inf")
@example("9" * 5000)
@example("0x10")
def test_retry_after(text: str) -> None:
    found = retry_after(text, NOW)
    assert found is None or 0 <= found <= LONGEST_SERVER_WAIT


@given(st.one_of(ANY_TEXT, JSON.map(json.dumps)))
@example('{"error": {"details": [[]], "additionalInfo": {}, "code": []}}')
@example("[" * 100_000)
@example('{"error": ' + '{"details": [' * 3000)
@example("9" * 5000)
def test_an_error_body(text: str) -> None:
    body = error_body(text)
    for part in (body.message, body.causes, body.advice, body.denied_action, *body.policies):
        assert not [c for c in part if unicodedata.category(c) == "Cc"]


# Addresses in settings.

PREFIXES = st.one_of(
    ANY_TEXT,
    st.builds(
        lambda n, p: str(ip_network((n, p), strict=False)),
        st.integers(0, 2**32 - 1),
        st.integers(0, 32),
    ),
    st.builds(lambda n, p: f"{n}/{p}", st.integers(), st.integers()),
)


@given(PREFIXES)
@example("10.0.0.0/8 ")
@example("10.0.0.1/8")
@example("fd00::/8")
@example("0.0.0.0/0")
def test_a_prefix_in_the_settings(text: str) -> None:
    rule = json.dumps({"from": text, "to": "10.9.0.0/24"})
    yaml = f"{NETMAP}networks: [{{source: a, addresses: [{rule}]}}]\n"
    found = taken_or_refused(lambda: parse_settings(yaml, "x"))
    if found is not None:
        assert parse_settings(dump_yaml(found[0]), "x") == found


@in_a_folder
@given(some_bytes())
@example(b"a: &a [*a, *a]")
@example(b"version: 1\nversion: 1\n")
@example(b"x: " + b"[" * 50_000)
@example(b"\xff\xfe")
@example(b"a: !!python/object/apply:os.system [echo]")
def test_a_settings_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "netmap.yaml"
    for content in (data, NETMAP.encode() + data):
        path.write_bytes(content)
        found = taken_or_refused(lambda: load_settings(path))
        assert found is None or all(isinstance(one, Settings) for one in found)


# Files.


@cache
def a_plan() -> Any:
    with api.open_sandbox("demo", clock=VirtualClock(NOW)) as azure:
        one = parse_settings(NETMAP, "x")[0]
        return api.plan(azure, one)


@cache
def a_plan_text(folder: Path) -> str:
    path = folder / "kept.json"
    save_plan([a_plan()], path, now=NOW)
    return path.read_text()


def mutated(document: Any, path: list[int], value: Any) -> Any:
    """The document with the value at some place in it, found by walking along numbers."""
    if not path or not isinstance(document, (dict, list)) or not document:
        return value
    keys = list(document) if isinstance(document, dict) else list(range(len(document)))
    key = keys[path[0] % len(keys)]
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[key] = mutated(document[key], path[1:], value)
    return copy


def test_a_plan_reads_back_as_it_was(tmp_path: Path) -> None:
    document = plan_document(a_plan())
    assert plan_from_document(json.loads(json.dumps(document))) == a_plan()
    save_plan([a_plan()], tmp_path / "plan.json", now=NOW)
    assert load_plan(tmp_path / "plan.json").plans == (a_plan(),)


@in_a_folder
@given(st.lists(st.integers(0, 40), max_size=8), JSON)
def test_a_plan_with_anything_anywhere(path: list[int], value: Any) -> None:
    document = json.loads(json.dumps(plan_document(a_plan())))
    changed = mutated(document, path, value)
    # `load_plan` turns these into one of ours.
    odd = (KeyError, TypeError, ValueError, AttributeError)
    found = taken_or_refused(lambda: plan_from_document(changed), *odd)
    if found is not None:
        plan_document(found)


@in_a_folder
@given(some_bytes(), st.integers(0, 10**6))
def test_a_plan_file(tmp_path: Path, data: bytes, place: int) -> None:
    path = tmp_path / "plan.json"
    whole = a_plan_text(tmp_path.parent).encode()
    place %= len(whole)
    for content in (data, whole[:place] + data + whole[place:], whole[:place]):
        path.write_bytes(content)
        found = taken_or_refused(lambda: load_plan(path))
        assert found is None or content == whole


CELLS = st.one_of(
    ANY_TEXT,
    st.sampled_from(["dynamic", "none", "TRUE", "10.1.1.10", "next-free", VAULT_ID, "=1+1", "'x"]),
)


@given(some_bytes())
@example(b"\xef\xbb\xbfvm_id,nic,ip_config\n")
@example(b"sep=;\nvm_id;nic\n")
@example(b'"')
@example(b"{" * 100_000)
@example(b'{"rows": [{"vm_id": ' + b"9" * 5000 + b"}]}")
def test_a_nic_table_of_any_bytes(data: bytes) -> None:
    taken_or_refused(lambda: read_table(data, "x"))


@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), CELLS, max_size=8), max_size=4))
def test_a_nic_table_of_any_cells(rows: list[Mapping[str, str]]) -> None:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    # Python 3.10's csv writes no NUL.
    assume(not any("\0" in cell for row in rows for cell in row.values()))
    for row in rows:
        writer.writerow({"vm_id": VAULT_ID, "nic": "n", "ip_config": "c", **row})
    texts = (out.getvalue(), json.dumps([{"vm_id": VAULT_ID, "nic": "n", **r} for r in rows]))
    for text in texts:
        found = taken_or_refused(partial(read_table, text, "x"))
        if found:
            assert read_table(to_csv(found), "x") == found
            assert read_table(to_json(found), "x") == found


@in_a_folder
@given(st.one_of(some_bytes(), JSON.map(lambda v: json.dumps(v).encode())))
@example(b'{"schema": "asr-netmap/estate/1", "resources": [{"id": "/"}]}')
@example(b'{"schema": "asr-netmap/estate/1", "resources": [], "operations": [{}]}')
@example(b'{"schema": "asr-netmap/estate/1", "resources": [], "conditions": [{"kind": []}]}')
@example(b"[" * 100_000)
@example(b"9" * 5000)
def test_an_estate_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "estate.json"
    path.write_bytes(data)
    found = taken_or_refused(lambda: Estate.load(path), EstateError)
    if isinstance(found, Estate):
        found.save(path)
        assert Estate.load(path).to_document() == found.to_document()


@cache
def an_estate() -> Any:
    from asr_netmap.sandbox import demo_estate

    return demo_estate().to_document()


@in_a_folder
@given(st.lists(st.integers(0, 60), max_size=7), JSON)
def test_an_estate_with_anything_anywhere_is_refused_or_served(
    tmp_path: Path, path: list[int], value: Any
) -> None:
    """What a snapshot holds is as odd as what Azure answers; reading it ends with our words."""
    file = tmp_path / "estate.json"
    changed = mutated(an_estate(), [1, *path], value)
    file.write_text(json.dumps(changed))

    def read() -> object:
        with api.open_sandbox(file, workers=1) as azure:
            return api.plan(azure, parse_settings(NETMAP, "x")[0])

    taken_or_refused(read)


def journal_of(run: Run, folder: Path) -> bytes:
    run("apply", *BY_FILE, "--yes", "--journal", "run.jsonl")
    return (folder / "run.jsonl").read_bytes()


@pytest.fixture
def journal(azure: Watched, run: Run, folder: Path) -> bytes:
    return journal_of(run, folder)


@in_a_folder
@given(data=some_bytes(), place=st.integers(0, 10**6))
def test_a_journal(tmp_path: Path, journal: bytes, data: bytes, place: int) -> None:
    path = tmp_path / "odd.jsonl"
    place %= len(journal)
    contents = (data, journal[:place] + data + journal[place:], journal[:place])
    for content in contents:
        path.write_bytes(content)
        taken_or_refused(lambda: undone(path))


def undone(path: Path) -> object:
    read_journal(path)
    azure, declared = a_place()
    return api.settings_to_undo(azure, declared, path)


@cache
def a_place() -> Any:
    return api.open_sandbox("demo", clock=VirtualClock(NOW)), parse_settings(NETMAP, "x")


@in_a_folder
@given(line=st.integers(0, 40), path=st.lists(st.integers(0, 20), max_size=6), value=JSON)
def test_a_journal_with_anything_anywhere(
    tmp_path: Path, journal: bytes, line: int, path: list[int], value: Any
) -> None:
    lines = [json.loads(each) for each in journal.splitlines()]
    line %= len(lines)
    lines[line] = mutated(lines[line], path, value)
    file = tmp_path / "odd.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in lines))
    taken_or_refused(lambda: undone(file))
