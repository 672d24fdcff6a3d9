"""The lint finds every canary, wherever it is planted; and nothing in what is clean."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from asr_netmap.errors import CassetteFileError
from asr_netmap.testing.cassette import Cassette, Interaction, dumps, save
from asr_netmap.testing.lint import lint_cassette, lint_file, lint_folder, lint_text
from asr_netmap.testing.patterns import SECRET_KEYS
from asr_netmap.testing.recording import scrubbed
from asr_netmap.testing.scrubbing import Scrubber
from tests.testing.canaries import ENCODINGS, JWT, PLANTED, in_json, kind_of, percent_encoded

CLEAN = Interaction(
    "GET",
    "https://management.azure.com/subscriptions?api-version=2022-12-01",
    (("accept", "application/json"),),
    b"",
    200,
    "OK",
    (("content-type", "application/json"),),
    b'{"value":[]}',
)
PLACES = {
    "request url": lambda text: replace(CLEAN, url=f"{CLEAN.url}&x={percent_encoded(text)}"),
    "request header accept": lambda text: replace(CLEAN, request_headers=(("accept", text),)),
    "response header location": lambda text: replace(CLEAN, headers=(("location", text),)),
    "request body": lambda text: replace(CLEAN, method="PUT", request_body=in_json(text).encode()),
    "response body": lambda text: replace(CLEAN, body=in_json(text).encode()),
    "response body, in gzip": lambda text: replace(CLEAN, body=gzip.compress(text.encode())),
}


def kinds(hits: object) -> set[str]:
    assert isinstance(hits, list)
    return {hit.kind for hit in hits}


def test_a_clean_cassette_is_clean(tmp_path: Path) -> None:
    save(tmp_path / "clean.yaml", Cassette((CLEAN,)))
    assert lint_folder(tmp_path) == []


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", PLANTED)
def test_every_canary_is_found_in_every_encoding(name: str, encoding: str) -> None:
    wrapped = ENCODINGS[encoding](PLANTED[name][0])
    assert kind_of(name) in kinds(lint_text(f"first line\n{wrapped}\nlast line", "notes.txt"))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", PLANTED)
def test_every_canary_is_found_in_every_place_raw_and_saved(
    name: str, place: str, tmp_path: Path
) -> None:
    kind = kind_of(name)
    text = PLANTED[name][0].replace("\n", " " if "header" in place else "\n")
    planted = Cassette((CLEAN, PLACES[place](text)))
    found = [h for h in lint_cassette(planted, "x") if h.kind == kind]
    assert {hit.interaction for hit in found} == {2}
    assert any(hit.place.startswith(place) for hit in found)
    (tmp_path / "planted.yaml").write_text(dumps(planted))
    assert kind in kinds(lint_file(tmp_path / "planted.yaml"))
    clean = Cassette(tuple(scrubbed(each, Scrubber()) for each in planted.interactions))
    assert lint_cassette(clean, "x") == []


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_shown_is_not_the_secret(name: str) -> None:
    text, secret = PLANTED[name]
    hits = lint_text(text, "notes.txt")
    assert hits
    assert all(secret not in str(hit) for hit in hits)


def test_headers_off_the_list_cookies_and_token_requests_are_found() -> None:
    planted = replace(
        CLEAN,
        url="https://login.microsoftonline.com/common/oauth2/v2.0/token",
        request_headers=(("Cookie", "a=b"), ("x-ms-client-request-id", "1")),
        headers=(("Set-Cookie", "a=b"), ("Agent-Authentication", "x"), ("server", "y")),
    )
    found = kinds(lint_cassette(Cassette((planted,)), "x"))
    assert {"token request", "cookie", "agent authentication", "header off the list"} <= found


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/msi/token?resource=x",
        "http://169.254.169.254/metadata/identity/oauth2/token",
        "https://login.chinacloudapi.cn/x/oauth2/v2.0/token",
    ],
)
def test_a_token_request_is_known_by_its_url(url: str) -> None:
    assert "token request" in kinds(lint_cassette(Cassette((replace(CLEAN, url=url),)), "x"))


def test_a_secret_beside_the_interactions_is_found() -> None:
    hits = lint_text(f"# {JWT}\n{dumps(Cassette((CLEAN,)))}", "x.yaml")
    assert [(hit.kind, hit.interaction, hit.place) for hit in hits] == [("JWT", None, "line 1")]


def test_a_secret_in_base64_that_is_wrapped_over_lines_is_found() -> None:
    coded = ENCODINGS["base64"]("x" * 90 + f" {JWT}")
    lines = [coded[at : at + 76] for at in range(0, len(coded), 76)]
    assert "JWT" in kinds(lint_text("!!binary |\n  " + "\n  ".join(lines), "x.txt"))


def test_a_packed_file_and_a_broken_cassette_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(JWT.encode()))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.yaml").write_text(f"version: 1\ninteractions: [{JWT}")
    (tmp_path / "c.bin").write_bytes(b"\xff\x00" + JWT.encode())
    found = lint_folder(tmp_path)
    assert {Path(hit.file).name for hit in found if hit.kind == "JWT"} == {
        "a.gz",
        "b.yaml",
        "c.bin",
    }


def test_a_folder_that_is_not_there_is_no_clean_folder(tmp_path: Path) -> None:
    with pytest.raises(CassetteFileError):
        lint_folder(tmp_path / "cassettes")


@pytest.mark.parametrize("key", sorted(SECRET_KEYS))
def test_every_key_that_the_scrubber_knows_is_known_to_the_lint(key: str) -> None:
    for value in ("CANARY0", 4711, ["CANARY0"], {"value": "CANARY0"}):
        body = json.dumps({"a": [{key: value}]})
        planted = replace(CLEAN, body=body.encode())
        found = lint_cassette(Cassette((planted,)), "x")
        assert ("secret value", f"response body, {key}") in {(h.kind, h.place) for h in found}
        clean = scrubbed(planted, Scrubber())
        assert b"CANARY0" not in clean.body
        assert b"4711" not in clean.body
        assert lint_cassette(Cassette((clean,)), "x") == []


@pytest.mark.parametrize(
    "body",
    [
        {"adminPassword": "", "userName": None, "disablePassword": True, "secret": "<removed>"},
        {"tags": {"owner": "tag-0123abcd", "asr-netmap:freeze": "true", "empty": ""}},
        {"sku": {"name": "Basic", "tier": "Basic Regional1"}, "key": "x", "tags": None},
        {"message": "Basic authentication is off; the password: null"},
    ],
)
def test_what_tells_nothing_is_no_find(body: object) -> None:
    planted = replace(CLEAN, body=json.dumps(body).encode())
    assert lint_cassette(Cassette((planted,)), "x") == []
    assert scrubbed(planted, Scrubber()).body == planted.body


def test_json_over_several_lines_and_a_key_that_comes_twice_are_looked_at() -> None:
    tags = json.dumps({"x": {"tags": {"owner": "Jane Doe"}}}, indent=2)
    assert kinds(lint_text(f"see\n{tags}\n", "x.txt")) == {"tag value"}
    twice = '{"adminPassword": "CANARY01", "adminPassword": ""}'
    assert "secret value" in kinds(lint_text(twice, "x.txt"))
    assert "CANARY01" not in Scrubber().body(twice.encode()).decode()


def test_the_lint_can_be_run_and_its_exit_code_tells(tmp_path: Path) -> None:
    def run(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "asr_netmap.testing", str(path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    save(tmp_path / "x.yaml", Cassette((CLEAN,)))
    assert run(tmp_path).returncode == 0
    save(tmp_path / "x.yaml", Cassette((replace(CLEAN, body=JWT.encode()),)))
    dirty = run(tmp_path)
    assert dirty.returncode == 1
    assert "interaction 1, response body: JWT" in dirty.stdout
    assert JWT not in dirty.stdout
    assert run(tmp_path / "nothing").returncode == 2


def test_the_real_recordings_show_what_the_lint_would_have_stopped(recordings: Path) -> None:
    """They were filtered by another tool, for another purpose: headers and ids are left."""
    for path in sorted(recordings.glob("*.yaml")):
        assert {"header off the list", "GUID"} <= kinds(lint_file(path)), path
