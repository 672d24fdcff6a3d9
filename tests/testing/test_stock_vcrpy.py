"""One look at the way around us: stock vcrpy over the real requests path, on loopback."""

from __future__ import annotations

from pathlib import Path

import vcr

from asr_netmap import api
from asr_netmap.sandbox import MemorySandbox, demo_estate
from asr_netmap.sandbox.server import running_server
from asr_netmap.testing.cassette import load
from tests.testing.conftest import SETTINGS


def test_what_stock_vcrpy_records_it_plays_when_the_server_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "stock.yaml"
    match_on = ["method", "scheme", "host", "port", "path", "query", "body"]
    with running_server(MemorySandbox(demo_estate())) as url:
        recorder = vcr.VCR(record_mode=vcr.mode.ALL, match_on=match_on)
        with (
            recorder.use_cassette(str(path)),
            api.connect_endpoint(url, workers=1) as azure,
        ):
            live = api.read(azure, SETTINGS)
            sent = azure.requests_sent
    player = vcr.VCR(record_mode=vcr.mode.NONE, match_on=match_on)
    with (
        player.use_cassette(str(path)) as played,
        api.connect_endpoint(url, workers=1) as azure,
    ):
        again = api.read(azure, SETTINGS)
    assert again == live
    assert played.all_played
    assert len(load(path).interactions) == sent + 1  # it records the token request, too
