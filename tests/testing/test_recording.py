"""What a recording holds, and what never gets into it."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from asr_netmap import api
from asr_netmap.clock import VirtualClock
from asr_netmap.errors import CassetteFileError, UsageError
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.connection import Connection, connect_over
from asr_netmap.gateway.tapping import Exchange, TappedTransport
from asr_netmap.sandbox import MemorySandbox, demo_estate
from asr_netmap.sandbox.server import running_server
from asr_netmap.testing import record, replay
from asr_netmap.testing.cassette import Cassette, dumps, load
from asr_netmap.testing.lint import lint_cassette, lint_file, lint_text
from asr_netmap.testing.recording import as_interaction
from tests.gateway.scripted import Answer, ScriptedTransport, answer
from tests.testing.canaries import ENCODINGS, GUID, JWT, PLANTED, kind_of
from tests.testing.conftest import SETTINGS, demo, whole_run


def test_a_recording_is_clean_complete_and_the_same_every_time(
    recorded_run: tuple[Path, list[str]], tmp_path: Path
) -> None:
    path, told = recorded_run
    assert lint_file(path) == []
    with record(tmp_path / "again.yaml", demo) as azure:
        assert whole_run(azure) == told
        sent = azure.requests_sent
    assert (tmp_path / "again.yaml").read_bytes() == path.read_bytes()
    assert len(load(path).interactions) == sent


def test_it_says_where_it_comes_from(recorded_run: tuple[Path, list[str]]) -> None:
    recorded = load(recorded_run[0]).recorded
    assert recorded is not None
    assert (recorded.origin, recorded.cloud) == ("sandbox", "AzureCloud")
    assert recorded.time == VirtualClock().now()
    assert recorded.tool.startswith("asr-netmap ")
    assert {"azure-core", "vcrpy"} <= set(recorded.packages)


def test_a_served_sandbox_is_recorded_without_its_host_port_and_token(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    with (
        running_server(MemorySandbox(demo_estate())) as url,
        record(path, lambda: api.connect_endpoint(url)) as azure,
    ):
        live = api.read(azure, SETTINGS)
        assert azure.workers == 1
    text = path.read_text()
    assert "127.0.0.1" not in text
    assert "msi" not in text
    assert lint_file(path) == []
    with replay(path) as azure:
        again = api.read(azure, SETTINGS)
    assert (len(again.items), len(again.networks)) == (len(live.items), len(live.networks))
    assert [item.id for item in again.items] == [item.id for item in live.items]


class Talkative:
    """A credential whose token must never be seen again."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken(JWT, 4_000_000_000)


def leaking() -> ScriptedTransport:
    """An Azure that puts every canary in every place of its answers."""
    secrets = [text for text, _ in PLANTED.values()]
    row = {
        "subscriptionId": GUID,
        "displayName": "production",
        "tenantId": GUID,
        "texts": secrets,
        "wrapped": [wrap(text) for wrap in ENCODINGS.values() for text in secrets],
        "tags": {"owner": "canary"},
    }
    headers = {
        "Set-Cookie": "session=CANARYcookie0123",
        "Location": PLANTED["signed URL"][0],
        "Agent-Authentication": "CANARYhmac0123456789abcdef",
        "x-ms-request-id": GUID,
        "WWW-Authenticate": f'Bearer authorization_uri="https://login.windows.net/{GUID}"',
    }
    return ScriptedTransport(lambda _request: answer(200, {"value": [row]}, headers))


def connection(transport: Any) -> Connection:
    clock = VirtualClock()
    return connect_over(
        transport, Cloud.PUBLIC, token_source=Talkative(), clock=clock, rng=Random(1)
    )


def test_a_recording_of_traffic_full_of_secrets_is_clean_and_its_raw_form_is_not(
    tmp_path: Path,
) -> None:
    raw: list[Exchange] = []
    with connection(TappedTransport(leaking(), raw.append)) as azure:
        azure.subscriptions()
    planted = Cassette(tuple(map(as_interaction, raw)))
    found = {hit.kind for hit in lint_cassette(planted, "raw")}
    planted_kinds = set(map(kind_of, PLANTED))
    assert planted_kinds <= found
    assert planted_kinds <= {hit.kind for hit in lint_text(dumps(planted), "raw")}

    warnings: list[str] = []
    path = tmp_path / "x.yaml"
    with record(path, lambda: connection(leaking()), warn=warnings.append) as azure:
        azure.subscriptions()
    assert lint_file(path) == []
    assert warnings == []
    text = path.read_text()
    for kind, (_, secret) in PLANTED.items():
        assert secret not in text, kind
    assert "CANARY" not in text.upper().replace("CANARY.PERSON", "")


def test_what_still_looks_private_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from asr_netmap.testing import recording

    monkeypatch.setattr(recording, "scrubbed", lambda raw, _scrubber: raw)
    warnings: list[str] = []
    with record(tmp_path / "x.yaml", lambda: connection(leaking()), warn=warnings.append) as azure:
        azure.subscriptions()
    assert any("JWT" in each for each in warnings)
    assert all(JWT not in each for each in warnings)


def test_a_run_that_fails_is_recorded_as_far_as_it_came(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    with pytest.raises(ZeroDivisionError), record(path, demo) as azure:
        azure.subscriptions()
        raise ZeroDivisionError
    assert len(load(path).interactions) == 1


def test_a_request_without_an_answer_is_not_in_the_recording(tmp_path: Path) -> None:
    from azure.core.exceptions import ServiceResponseError

    lost_and_found: list[Answer] = [ServiceResponseError("reset"), answer(200, {"value": []})]
    answers = iter(lost_and_found)
    path = tmp_path / "x.yaml"
    with record(
        path, lambda: connection(ScriptedTransport(lambda _request: next(answers)))
    ) as azure:
        azure.subscriptions()
    assert len(load(path).interactions) == 1


def test_names_are_replaced_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    names = {"vnet-app": "network-1", "rg-vault": "group-1", "vault-dr": "safe-1"}
    with record(path, demo, names=names) as azure:
        told = whole_run(azure)
    text = path.read_text().lower()
    assert not [name for name in names if name in text]
    with replay(path, names=names) as azure:
        assert whole_run(azure) == told


@pytest.mark.parametrize("content", ["hello", "a: 1", ""])
def test_a_file_that_is_no_cassette_is_not_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "netmap.yaml"
    path.write_text(content)
    with pytest.raises(CassetteFileError, match="not overwritten"), record(path, demo):
        raise AssertionError("not reached")
    assert path.read_text() == content


def test_a_cassette_is_overwritten_and_a_run_without_requests_leaves_it(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    for _ in range(2):
        with record(path, demo) as azure:
            azure.subscriptions()
    before = path.read_bytes()
    with record(path, demo):
        pass
    assert path.read_bytes() == before


def test_a_folder_that_is_missing_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(CassetteFileError, match="no folder"), record(tmp_path / "a/b.yaml", demo):
        raise AssertionError("not reached")


def test_a_cassette_is_not_recorded_from_a_cassette(
    recorded_run: tuple[Path, list[str]], tmp_path: Path
) -> None:
    with (
        replay(recorded_run[0], allow_unplayed=True) as azure,
        pytest.raises(UsageError),
        record(tmp_path / "x.yaml", azure),
    ):
        raise AssertionError("not reached")


def test_only_a_write_keeps_its_request_id(recorded_run: tuple[Path, list[str]]) -> None:
    kept = {
        each.method: {name for name, _ in each.request_headers}
        for each in load(recorded_run[0]).interactions
    }
    assert "x-ms-client-request-id" not in kept["GET"]
    assert "x-ms-client-request-id" in kept["PUT"]
    assert {name for names in kept.values() for name in names} <= {
        "accept",
        "content-type",
        "x-ms-client-request-id",
    }


def test_bodies_are_json_that_a_person_can_read(recorded_run: tuple[Path, list[str]]) -> None:
    text = recorded_run[0].read_text()
    assert "string: |-\n        {\n          " in text
    first = load(recorded_run[0]).interactions[0]
    assert json.loads(first.body)["name"] == "vault-dr"
