"""Cassette files: what is read, what is refused, and what they look like."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
import vcr
import yaml
from hypothesis import given
from hypothesis import strategies as st

from asr_netmap.errors import CassetteFileError
from asr_netmap.testing import cassette as files
from asr_netmap.testing.cassette import Cassette, Interaction, Recorded, dumps, load, parse, save

BODY = {"value": [{"id": "/x", "täg": "  ", "lines": "a\nb", "n": 1.5}], "nextLink": None}
ONE = Interaction(
    "PUT",
    "https://management.azure.com/subscriptions/1?api-version=1",
    (("content-type", "application/json"),),
    b'{"location":"eastasia"}',
    202,
    "Accepted",
    (("location", "https://management.azure.com/1"), ("retry-after", "30")),
    json.dumps(BODY).encode(),
    1.25,
)
RECORDED = Recorded(
    "azure", "AzureCloud", datetime(2026, 5, 6, 7, 8, 9, tzinfo=timezone.utc), "us", {"b": "2"}
)


def test_what_is_saved_is_read_again_by_value(tmp_path: Path) -> None:
    save(tmp_path / "x.yaml", Cassette((ONE, ONE), RECORDED))
    found = load(tmp_path / "x.yaml")
    assert found.recorded == RECORDED
    assert found.name == "x.yaml"
    again = found.interactions[1]
    assert json.loads(again.body) == BODY
    assert json.loads(again.request_body) == {"location": "eastasia"}
    assert (again.method, again.url, again.status, again.seconds) == (
        ONE.method,
        ONE.url,
        202,
        1.25,
    )
    assert again.headers == ONE.headers
    assert list(tmp_path.iterdir()) == [tmp_path / "x.yaml"]


def test_the_same_interactions_give_the_same_bytes_and_reading_does_not_change_them() -> None:
    text = dumps(Cassette((ONE,), RECORDED))
    assert dumps(Cassette((ONE,), RECORDED)) == text
    assert dumps(parse(text, "x")) == text


def test_a_person_can_read_a_body() -> None:
    lines = dumps(Cassette((ONE,))).splitlines()
    assert '          "lines": "a\\nb",' in [line[2:] for line in lines] or any(
        line.strip() == '"lines": "a\\nb",' for line in lines
    )
    assert any("täg" in line for line in lines)


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.floats(allow_nan=False), st.integers())))
def test_any_json_body_survives(value: dict[str, object]) -> None:
    one = Interaction("GET", "https://x/", (), b"", 200, "", (), json.dumps(value).encode())
    (found,) = parse(dumps(Cassette((one,))), "x").interactions
    assert json.loads(found.body) == value


@given(st.binary(max_size=60))
def test_any_other_body_survives(data: bytes) -> None:
    one = Interaction("GET", "https://x/", (), b"", 200, "", (), data)
    (found,) = parse(dumps(Cassette((one,))), "x").interactions
    assert found.body == data or json.loads(found.body) == json.loads(data)


def test_stock_vcrpy_reads_what_we_write(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    save(path, Cassette((ONE,), RECORDED))
    with vcr.VCR(record_mode=vcr.mode.NONE).use_cassette(str(path)) as read:
        assert len(read) == 1
        (request,) = read.requests
        (response,) = read.responses
    assert (request.method, request.uri) == (ONE.method, ONE.url)
    assert json.loads(response["body"]["string"]) == BODY
    assert response["headers"]["retry-after"] == ["30"]


def test_what_vcrpy_writes_is_read_packed_bodies_too() -> None:
    row = {
        "request": {"method": "GET", "uri": "https://x/", "body": None, "headers": {"A": ["b"]}},
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"Content-Encoding": ["gzip"], "Date": ["Mon, 16 Jan 2023 08:48:29 GMT"]},
            "body": {"string": gzip.compress(b'{"a": 1}')},
        },
    }
    found = parse(yaml.safe_dump({"version": 1, "interactions": [row]}), "x")
    (one,) = found.interactions
    assert one.body == b'{"a": 1}'
    assert one.request_headers == (("A", "b"),)
    assert [name for name, _ in one.headers] == ["Date"]
    assert found.recorded is None
    assert found.time == datetime(2023, 1, 16, 8, 48, 29, tzinfo=timezone.utc)


def test_real_recordings_are_read(recordings: Path) -> None:
    for path in sorted(recordings.glob("*.yaml")):
        assert load(path).interactions


def good() -> str:
    return dumps(Cassette((ONE, ONE), RECORDED))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x.yaml:1: no YAML mapping"),
        ("- 1", "x.yaml:1: no YAML mapping"),
        ("version: 2\ninteractions: []", "version: 2"),
        ("interactions: []", "version: None"),
        ("version: 1\ninteractions: {}", "no cassette"),
        ("version: 1\ninteractions:\n- 1", "x.yaml:3: interaction 1"),
        ("version: 1\ninteractions:\n- {request: {}, response: {}}", "x.yaml:3: interaction 1"),
        ("version: 1\ninteractions: [\n\n", "x.yaml:"),
        ("version: 1\ninteractions: []\nrecorded: {origin: azure}", "'recorded'"),
        ("version: 1\ninteractions: []\nrecorded: 7", "'recorded'"),
        ("version: 1\nx: \x07\n", "no YAML"),
        (good().replace("code: 202", "code: many"), "interaction 1"),
        (good().replace("method: PUT", "verb: PUT"), "interaction 1"),
        (good().replace("seconds: 1.25", "seconds: [1]"), "interaction 1"),
    ],
)
def test_what_is_broken_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(CassetteFileError) as refused:
        parse(text, "x.yaml")
    assert said in refused.value.message
    assert refused.value.message.startswith("x.yaml:")


def test_a_python_object_in_a_cassette_is_refused_and_not_made(tmp_path: Path) -> None:
    made = tmp_path / "made"
    text = f"version: 1\ninteractions:\n- !!python/object/apply:pathlib.Path.touch [{made}]\n"
    with pytest.raises(CassetteFileError, match=r"x\.yaml:3"):
        parse(text, "x.yaml")
    assert not made.exists()


def test_deep_nesting_and_many_anchors_are_refused() -> None:
    with pytest.raises(CassetteFileError):
        parse("version: 1\ninteractions: " + "[" * 100_000, "x.yaml")
    layers = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    text = "\n".join(["a0: &a0 [x]", *layers, "version: 1", "interactions: [*a29]"])
    with pytest.raises(CassetteFileError):
        parse(text, "x.yaml")


def test_a_file_that_is_too_large_or_missing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CassetteFileError, match="can't be read"):
        load(tmp_path / "x.yaml")
    monkeypatch.setattr(files, "MOST_BYTES", 100)
    (tmp_path / "x.yaml").write_text(good())
    with pytest.raises(CassetteFileError, match="larger than 100"):
        load(tmp_path / "x.yaml")


@given(st.text(max_size=200))
def test_any_other_text_is_refused_with_our_error(text: str) -> None:
    try:
        parse(text, "x.yaml")
    except CassetteFileError:
        return
    raise AssertionError("a random text was taken for a cassette")
