"""The engine is a function of estate, request, time and randomness; and nothing makes it fall."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from asr_netmap.sandbox import Engine, Options, Request, Response, demo_estate, sandbox_token

from .world import (
    BASE,
    DATA,
    SOURCE_FABRIC,
    START,
    SUB,
    VAULT,
    WEB,
    WEB_ASR,
    Clock,
    item_path,
    mapping_body,
    mapping_path,
    network_id,
)

FEW = max(settings().max_examples // 2, 20)
"""Each example plays a whole story."""
TOKEN = {"Authorization": f"Bearer {sandbox_token(START, BASE)}"}
NEW = network_id("rg-dr", "vnet-new")
WRITES = [
    ("PUT", mapping_path("a"), mapping_body(WEB, WEB_ASR)),
    ("PUT", mapping_path("b"), mapping_body(DATA, WEB_ASR)),
    ("DELETE", mapping_path("vnet-data-vnet-data-dr-mapping"), None),
    ("PATCH", item_path("web1"), {"properties": {"recoveryAzureVMName": "n"}}),
    ("PATCH", item_path("new1"), {"properties": {"recoveryAzureVMName": "n"}}),
    ("PUT", f"{SUB}/resourcegroups/rg-new", {"location": "eastasia"}),
    (
        "PUT",
        NEW,
        {
            "location": "southeastasia",
            "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}},
        },
    ),
]
READS: list[tuple[str, str, Any]] = [
    ("GET", f"{VAULT}/replicationJobs", None),
    ("GET", f"{VAULT}/replicationProtectedItems", None),
    ("GET", f"{VAULT}/replicationNetworkMappings", None),
    ("GET", f"{SUB}/providers/Microsoft.Network/virtualNetworks", None),
    ("GET", NEW, None),
]
STEPS = st.lists(
    st.tuples(st.sampled_from(WRITES + READS), st.sampled_from([0.0, 0.5, 3.0])),
    max_size=12,
)


def request(method: str, path: str, body: Any) -> Request:
    data = b"" if body is None else json.dumps(body).encode()
    return Request(method, f"{BASE}{path}?api-version=2025-08-01", TOKEN, data)


def play(steps: Any, seed: int, options: Options) -> tuple[list[Response], str]:
    engine, clock, rng = Engine(demo_estate(), options), Clock(), Random(seed)
    answers = []
    for (method, path, body), pause in steps:
        clock.advance(pause)
        answers.append(engine.handle(request(method, path, body), clock(), rng))
    return answers, engine.estate.to_text()


@settings(max_examples=FEW)
@given(STEPS, st.integers(0, 5), st.sampled_from([0.0, 2.0]))
def test_the_same_inputs_give_the_same_answers_and_estate(
    steps: Any, seed: int, seconds: float
) -> None:
    options = Options(operation_seconds=seconds)
    assert play(steps, seed, options) == play(steps, seed, options)


@settings(max_examples=FEW)
@given(STEPS)
def test_an_accepted_operation_is_a_job_until_the_end_of_time(steps: Any) -> None:
    answers, _ = play([*steps, (READS[0], 60.0)], 1, Options(operation_seconds=2))
    rows = json.loads(answers[-1].body)["value"]
    assert len(rows) == sum(answer.status == 202 for answer in answers)
    assert all(row["properties"]["state"] in ("Succeeded", "Failed") for row in rows)


@settings(max_examples=FEW)
@given(STEPS, st.integers(0, 11))
def test_an_estate_that_was_saved_and_loaded_goes_on_the_same(steps: Any, cut: int) -> None:
    from asr_netmap.sandbox import Estate

    options = Options(operation_seconds=2)
    plain, _ = play(steps, 1, options)
    engine, clock, rng = Engine(demo_estate(), options), Clock(), Random(1)
    for index, ((method, path, body), pause) in enumerate(steps):
        if index == cut:
            document = json.loads(engine.estate.to_text())
            engine = Engine(Estate.from_document(document), options)
        clock.advance(pause)
        assert engine.handle(request(method, path, body), clock(), rng) == plain[index]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=4)
    | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
WORDS = {
    "properties",
    "location",
    "tags",
    "addressSpace",
    "addressPrefixes",
    "addressPrefix",
    "subnets",
    "name",
    "networkSecurityGroup",
    "serviceEndpoints",
    "delegations",
    "customDetails",
    "instanceType",
    "recoveryFabricName",
    "recoveryNetworkId",
    "fabricSpecificDetails",
    "primaryNetworkId",
    "vmNics",
    "nicId",
    "ipConfigs",
    "ipConfigName",
    "recoverySubnetName",
    "recoveryStaticIPAddress",
    "selectedRecoveryAzureNetworkId",
    "providerSpecificDetails",
    "recoveryAzureVMName",
}
VALUES = st.sampled_from(
    [
        "",
        "x",
        "Azure",
        "AzureToAzure",
        "A2A",
        "eastasia",
        "10.9.0.0/16",
        WEB,
        WEB_ASR,
        SOURCE_FABRIC,
    ]
)
KNOWN = st.recursive(
    VALUES | JSON,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(sorted(WORDS)), inner, max_size=5)
    ),
    max_leaves=25,
)
TARGETS = st.sampled_from(
    [
        ("PUT", mapping_path("m")),
        ("PATCH", mapping_path("vnet-data-vnet-data-dr-mapping")),
        ("PATCH", item_path("web2")),
        ("PUT", f"{VAULT}/replicationFabrics/f"),
        ("PUT", NEW),
        ("PUT", WEB),
        ("PUT", f"{SUB}/resourcegroups/rg-new"),
    ]
)


@settings(max_examples=FEW)
@given(TARGETS, KNOWN, st.booleans())
def test_no_body_makes_the_engine_fall(target: Any, body: Any, wrapped: bool) -> None:
    engine = Engine(demo_estate())
    method, path = target
    sent = {"location": "southeastasia", "properties": body} if wrapped else body
    for _ in range(2):
        answer = engine.handle(request(method, path, sent), START, Random(1))
        assert answer.status < 500
    for read in READS:
        assert engine.handle(request(*read), START, Random(1)).status in (200, 404)
    json.loads(engine.estate.to_text())


@settings(max_examples=FEW)
@given(st.text(max_size=40), st.sampled_from(["GET", "PUT", "PATCH", "DELETE", "POST", "HEAD"]))
def test_no_path_makes_the_engine_fall(text: str, method: str) -> None:
    from urllib.parse import quote

    engine = Engine(demo_estate())
    for start in ("/", f"{SUB}/", f"{VAULT}/replicationFabrics/"):
        for path in (start + quote(text), start + quote(text, safe="")):
            body = {"location": "eastasia", "properties": {}} if method == "PUT" else None
            answer = engine.handle(request(method, path, body), START, Random(1))
            assert 200 <= answer.status < 500


@given(st.binary(max_size=60))
def test_no_bytes_make_the_engine_fall(data: bytes) -> None:
    engine = Engine(demo_estate())
    url = f"{BASE}{mapping_path('m')}?api-version=1"
    answer = engine.handle(Request("PUT", url, TOKEN, data), START, Random(1))
    assert answer.status == 400
